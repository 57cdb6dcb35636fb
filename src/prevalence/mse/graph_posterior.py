"""`GraphPosterior`: the exact posterior of the population size over decomposable graphs of lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from ..errors import level_in_range, number, one_of
from ..lists import Lists
from .assemble import require_overlap
from .graphs import LARGEST, ChordalGraphs, chordal_graphs
from .histories import FloatArray
from .hyper_dirichlet import PRIORS, GraphLikelihood, graph_likelihood
from .lattice import Lattice, lattice

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GraphPosterior", "graph_posterior"]

SLOWEST = 1.05  # a posterior that falls no faster than N ** -SLOWEST has no end to sum to
MOVED, ENDED = 1.3, 2.0  # factors by which median and upper limit may move over delta
CLOSE = 3.0  # half of 6 BIC units: graphs of exp(-3) times the largest weight fit about as well


@dataclass(frozen=True)
class SweepRow:
    """What one prior weight gives: median and 95 % interval, evidence, share of the saturated graph."""

    delta: float
    median: float
    low: float
    high: float
    log_evidence: float
    saturated: float


@dataclass(frozen=True, eq=False, repr=False)
class GraphPosterior:
    """Posterior of the population size over decomposable graphs, made by `mse.graph_posterior`.

    Parameters
    ----------
    lists : Lists
        The case lists.
    delta : float
        Prior weight of a history: the prior is worth ``2**L delta`` persons.
    prior : str
        Prior of the population size, ``"1/N"``, ``"1/missing"`` or ``"uniform"``.
    saturated : bool
        Whether the graph that joins all lists is among them.
    largest : int or None
        Largest number of persons on no list that the prior allows.
    weights : ndarray
        Posterior probability of every graph, in the order of the enumeration.
    sweep : tuple of SweepRow
        The same posterior at other prior weights.
    enumeration : ChordalGraphs
        The graphs: pairs joined, cliques and separators.
    likelihood : GraphLikelihood
        Log density of (graph, number unseen).
    unseen : Lattice
        Distribution of the number unseen.

    Notes
    -----
    Assumes that within a graph lists not joined are independent given those between them, and that
    all persons are equally likely to be on a list. It fails where lists depend in a way that the
    persons seen cannot show, and where the prior weight decides: see `sweep`.

    References
    ----------
    Madigan, D. and York, J. C. (1997). Bayesian methods for estimation of the size of a closed
    population. Biometrika 84, 19-31. doi:10.1093/biomet/84.1.19

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> posterior = pv.mse.graph_posterior(lists, saturated=False)
    >>> posterior.quantile([0.025, 0.5, 0.975])
    array([132., 193., 334.])
    """

    lists: Lists
    delta: float
    prior: str
    saturated: bool
    largest: int | None
    weights: FloatArray
    sweep: tuple[SweepRow, ...]
    enumeration: ChordalGraphs
    likelihood: GraphLikelihood
    unseen: Lattice

    @overload
    def quantile(self, level: float) -> float: ...

    @overload
    def quantile(self, level: ArrayLike) -> Any: ...

    def quantile(self, level: ArrayLike) -> Any:
        """Return the smallest population size with at least this probability up to it.

        Parameters
        ----------
        level : float or array of float
            Probabilities between 0 and 1.

        Returns
        -------
        float or ndarray
            Whole numbers of persons, exact.

        Raises
        ------
        ValueError
            When a level does not lie between 0 and 1.
        """
        wanted = np.asarray(level, dtype=float)
        for one in wanted.flat:
            level_in_range(float(one))
        found = self.lists.seen + self.unseen.quantile(wanted.reshape(-1)).reshape(wanted.shape)
        return float(found) if wanted.ndim == 0 else found

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the central posterior interval.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        tuple of float
            Lower and upper limit, whole numbers of persons.
        """
        tail = (1 - level_in_range(level)) / 2
        low, high = self.quantile([tail, 1 - tail])
        return float(low), float(high)

    @property
    def median(self) -> float:
        """Posterior median of the population size."""
        return self.quantile(0.5)

    @property
    def mode(self) -> float:
        """Most probable population size."""
        return self.lists.seen + self.unseen.mode()

    @cached_property
    def tail(self) -> float:
        """Exponent t of the tail, ``N ** -t``: no mean up to 2, no variance up to 3."""
        return float(self.likelihood.tail.min())

    @property
    def mean(self) -> float:
        """Posterior mean; infinite where the tail has none and `largest` does not end it."""
        if self.largest is None and self.tail <= 2:
            return float(np.inf)
        return self.lists.seen + self.unseen.moment(lambda x: x)

    @property
    def std_error(self) -> float:
        """Posterior standard deviation; infinite where the tail has none."""
        if self.largest is None and self.tail <= 3:
            return float(np.inf)
        centre = self.unseen.moment(lambda x: x)
        return float(np.sqrt(self.unseen.moment(lambda x: (x - centre) ** 2)))

    @property
    def beyond(self) -> float:
        """Posterior probability of the largest number unseen that was looked at."""
        last = self.unseen.pieces[-1]
        return float(last.each()[-1]) if last.count <= 2**16 else float(last.values.min())

    @cached_property
    def graphs(self) -> pd.DataFrame:
        """Graphs by falling weight: weight, cliques by names of lists, and the graph in words."""
        import pandas as pd

        order = np.argsort(-self.weights, kind="stable")
        names = self.lists.names
        cliques = [
            tuple(tuple(names[i] for i in clique) for clique in self.enumeration.cliques(int(g)))
            for g in order
        ]
        words = ["".join(f"[{', '.join(clique)}]" for clique in graph) for graph in cliques]
        return pd.DataFrame({"weight": self.weights[order], "cliques": cliques, "graph": words})

    @property
    def pairs(self) -> pd.DataFrame:
        """Posterior probability that two lists are joined, for every pair."""
        import pandas as pd

        first, second = zip(*combinations(self.lists.names, 2), strict=True)
        joined = self.weights @ self.enumeration.edges
        return pd.DataFrame({"list": first, "other": second, "probability": joined})

    def to_frame(self) -> pd.DataFrame:
        """Return the posterior at every prior weight of the sweep.

        Returns
        -------
        pandas.DataFrame
            One row a prior weight: delta, prior_persons (``2**L delta``), median, low, high (95 %
            interval), log_evidence (log probability of the data, up to one constant), saturated
            (weight of the graph that joins all lists) and chosen.
        """
        import pandas as pd

        frame = pd.DataFrame([vars(row) for row in self.sweep])
        frame.insert(1, "prior_persons", frame["delta"] * 2 ** len(self.lists.names))
        return frame.assign(chosen=frame["delta"] == self.delta)

    @property
    def delta_dominated(self) -> bool:
        """Whether another prior weight of the sweep gives another answer.

        So it is when a median of the sweep lies outside the 95 % interval or differs from the
        median by a factor of 1.3, or an upper limit by a factor of 2.
        """
        return bool(self._far(self.sweep))

    def _far(self, rows: tuple[SweepRow, ...]) -> list[SweepRow]:
        low, high = self.interval()
        middle = self.median
        return [
            row
            for row in rows
            if not low <= row.median <= high
            or not 1 / MOVED < row.median / middle < MOVED
            or not 1 / ENDED < row.high / high < ENDED
        ]

    @property
    def verdict(self) -> str:
        """What the sweep says of the prior weight, in one sentence."""
        spread = sorted(row.median for row in self.sweep)
        said = f"{_people(self.median)} at delta = {self.delta:.4g}, {_people(spread[0])} to "
        said += f"{_people(spread[-1])} over delta {self.sweep[0].delta:.3g} to {self.sweep[-1].delta:.3g}"
        if not self.delta_dominated:
            return f"The prior weight hardly matters: the posterior median is {said}."
        unit = 2.0 ** -len(self.lists.names)
        weak = tuple(row for row in self.sweep if row.delta <= 4 * unit)
        least = (
            "Even priors worth 1/4 to 4 persons move it so"
            if self._far(weak)
            else "Priors worth 1/4 to 4 persons agree; heavier ones, which suppose that each list "
            "catches half of everyone, do not"
        )
        return f"Delta-dominated posterior: its median is {said}. {least}."

    def sweep_in_words(self) -> str:
        """Return the sweep on one line.

        Returns
        -------
        str
            Median and 95 % interval at every prior weight.
        """
        return "; ".join(
            f"delta {row.delta:.4g}: {_people(row.median)} ({_people(row.low)} to {_people(row.high)})"
            for row in self.sweep
        )

    def span(self) -> tuple[float, float]:
        """Return the range of posterior medians over the graphs that fit about as well as the best.

        Returns
        -------
        tuple of float
            Smallest and largest median of the graphs of at least exp(-3) times the largest weight,
            which is within 6 BIC units; to about a thousandth.
        """
        rows = np.flatnonzero(self.weights >= self.weights.max() * np.exp(-CLOSE))
        ends = self.unseen.quantile(np.array([1e-4, 1 - 1e-4]))
        grid = np.geomspace(ends[0], max(ends[1], ends[0] + 1), 2000)
        density = self.likelihood(grid, rows) + np.log(grid)
        share = np.exp(density - density.max(axis=1, keepdims=True)).cumsum(axis=1)
        at = (share < share[:, -1:] / 2).sum(axis=1)
        return float(self.lists.seen + grid[at.min()]), float(self.lists.seen + grid[at.max()])

    def __repr__(self) -> str:
        low, high = self.interval()
        best = self.graphs.iloc[0]
        return (
            f"<GraphPosterior: {self.lists.seen:,} persons on {len(self.lists.names)} lists, "
            f"{self.weights.size:,} decomposable graphs>\n"
            f"median {_people(self.median)}, 95 % interval {_people(low)} to {_people(high)} at "
            f"delta = {self.delta:.4g}, prior {self.prior}\n"
            f"graph of largest weight ({best['weight']:.2f}): {best['graph']}\n"
            f"{self.sweep_in_words()}\n{self.verdict}"
        )


def _people(x: float) -> str:
    return f"{x:,.0f}" if np.isfinite(x) else "no end"


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
    Assumes that lists depend on each other only as some decomposable graph says. It fails with
    dependence between all lists (such as unequal visibility), and where the prior weight decides.

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
    if not (np.isfinite(weight) and weight > 0):
        raise ValueError(
            f"delta must be a positive number: found {weight:g}. Leave it out for 2**-L."
        )
    if largest is not None and (largest != int(largest) or largest < 1):
        raise ValueError(
            f"largest must be a whole number of at least 1: found {largest!r}. It is the largest "
            "number of persons on no list."
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
            lists, delta, self.prior, self.saturated, self.largest,
            unseen.row_weights, (), self.graphs, density, unseen,
        )  # fmt: skip

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
