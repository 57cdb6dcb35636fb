"""The posterior over decomposable graphs for lists: checks, one prior weight, and the sweep of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...arguments import explained
from ...errors import number, one_of, shown, whole
from ...lists import Lists
from ..assemble import require_overlap
from .chordal import LARGEST, ChordalGraphs, chordal_graphs
from .hyper_dirichlet import PRIORS, graph_likelihood
from .lattice import lattice
from .posterior import GraphPosterior, SweepRow

__all__ = ["graph_posterior"]

HEAVIEST = 1e6  # persons of prior weight a history
SLOWEST = 1.05  # a posterior that falls no faster than N ** -SLOWEST has no end to sum to


@explained
def graph_posterior(
    lists: Lists,
    *,
    delta: float | None = None,
    prior: str = "1/N",
    saturated: bool = True,
    largest: int | None = None,
) -> GraphPosterior:
    """Posterior of the population size over all decomposable graphs of the lists, exactly.

    Within a graph the probabilities of the histories have the hyper-Dirichlet prior of weight
    ``delta`` a history; all graphs are equally likely beforehand. Graph and number unseen then have
    a probability in closed form, which is summed over all whole numbers.

    Parameters
    ----------
    lists : Lists
        Two to six case lists; a bootstrap they carry is not used.
    delta : float, optional
        Prior weight of a history, ``2**-L`` by default: a prior worth one person.
    prior : str
        Prior of the population size N: ``"1/N"``; ``"1/missing"``, one over the number unseen; or
        ``"uniform"``. At least one person is unseen.
    saturated : bool
        Whether the graph that joins all lists is among them; the data say nothing of N under it.
    largest : int, optional
        Largest number of persons on no list; by default the sum goes on until the tail is below
        1e-13 of it.

    Returns
    -------
    GraphPosterior
        Exact quantiles, weights of graphs, and the same at other prior weights.

    Raises
    ------
    TypeError, ValueError
        When there are more than six lists, they do not overlap, an option is out of range, or the
        posterior is improper.

    Notes
    -----
    ``p(g, n0) = p(n0) (n + n0)! / n0! prod_C D(C) / prod_S D(S)`` up to a constant, over the
    cliques C and separators S of graph g, D the Dirichlet integral of their table (n0 in its cell
    of no list) over that of no persons. Assumes that lists depend on each other only as some
    decomposable graph says. It fails with dependence between all lists (such as unequal
    visibility), and where the prior weight decides.

    References
    ----------
    Madigan, D. and York, J. C. (1997). Bayesian methods for estimation of the size of a closed
    population. Biometrika 84, 19-31. doi:10.1093/biomet/84.1.19

    Dawid, A. P. and Lauritzen, S. L. (1993). Hyper Markov laws in the statistical analysis of
    decomposable graphical models. Annals of Statistics 21, 1272-1317. doi:10.1214/aos/1176349260

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(rows, [60, 74, 48, 21, 9, 12, 4])
    >>> posterior = pv.mse.graph_posterior(lists)
    >>> posterior.median, posterior.graphs["graph"][0]
    (471.0, '[list 1][list 2][list 3]')
    """
    require_overlap(lists)
    count = len(lists.names)
    if count > LARGEST:
        raise ValueError(
            f"lists must be at most {LARGEST} for all decomposable graphs: found {count}. Merge "
            "some with lists.merge(...), leave some out with lists.without(...), or use mse.select."
        )
    one_of("prior", prior, PRIORS)
    weight = 2.0**-count if delta is None else number("delta", delta)
    if not 0 < weight <= HEAVIEST:
        raise ValueError(
            f"delta must be a positive number: found {weight:g}. Leave it out for 2**-L, or give one "
            f"up to {HEAVIEST:,.0f}."
        )
    if largest is not None:
        whole("largest", largest, 1, "It is the largest number of persons on no list.")
    if not isinstance(saturated, (bool, np.bool_)):
        raise TypeError(
            f"saturated must be True or False: found {shown(saturated)}. Leave it out for True."
        )
    setting = Setting(lists, prior, bool(saturated), largest)
    main = setting.posterior(weight)
    if main is None:
        raise ValueError(setting.improper(weight))
    unit = 2.0**-count
    deltas = sorted({unit / 4, unit, 4 * unit, 0.5, 1.0, weight})
    found = [main if one == weight else setting.posterior(one) for one in deltas]
    rows = [_row(one, posterior) for one, posterior in zip(deltas, found, strict=True)]
    return replace(main, sweep=tuple(rows))


@dataclass(frozen=True)
class Setting:
    """What the posteriors of a sweep share."""

    lists: Lists
    prior: str
    saturated: bool
    largest: int | None

    @cached_property
    def graphs(self) -> ChordalGraphs:
        every = chordal_graphs(len(self.lists.names))
        kept = ~every.edges.all(axis=1) | self.saturated
        return ChordalGraphs(every.edges[kept], every.sign[kept])

    def posterior(self, delta: float) -> GraphPosterior | None:
        """The posterior at one prior weight; None where it is improper."""
        lists = self.lists
        density = graph_likelihood(self.graphs, lists.histories, lists.counts, delta, self.prior)
        if self.largest is None and density.tail.min() <= SLOWEST:
            return None
        unseen = lattice(
            density,
            density.tail,
            first=1.0,
            last=self.largest,
            tolerance=1e-11 + 1e-14 * lists.seen,  # rounding of logs that grow with the persons
        )
        return GraphPosterior(
            lists,
            delta,
            self.prior,
            self.saturated,
            self.largest,
            unseen.row_weights,
            (),
            self.graphs,
            density,
            unseen,
        )

    def improper(self, delta: float) -> str:
        """What to say of a posterior that has no end."""
        lists = self.lists
        density = graph_likelihood(self.graphs, lists.histories, lists.counts, delta, self.prior)
        slow = density.tail <= SLOWEST
        worst = self.graphs.cliques(int(density.tail.argmin()))
        graph = "".join(f"[{', '.join(lists.names[i] for i in clique)}]" for clique in worst)
        return (
            f"prior must give a proper posterior: with {self.prior} and delta = {delta:.3g} it falls "
            f"no faster than N ** -{SLOWEST} under {int(slow.sum()):,} of {slow.size:,} graphs (first: "
            f"{graph}, N ** -{density.tail.min():.3g}). Use prior='1/N', a larger delta, "
            "saturated=False, or give the largest= number unseen."
        )


def _row(delta: float, posterior: GraphPosterior | None) -> SweepRow:
    """One row of the sweep; without end where the posterior is improper."""
    if posterior is None:
        return SweepRow(delta, np.inf, np.inf, np.inf, np.nan, np.nan)
    low, middle, high = posterior.quantile([0.025, 0.5, 0.975])
    complete = posterior.enumeration.edges.all(axis=1)
    return SweepRow(
        delta,
        float(middle),
        float(low),
        float(high),
        posterior.unseen.log_total - float(np.log(posterior.weights.size)),
        float(posterior.weights[complete].sum()),
    )
