"""Population sizes averaged over decomposable graphs of the lists."""

from __future__ import annotations

import numpy as np

from ...arguments import explained
from ...errors import generator, note
from ...estimate import Estimate
from ...lists import Lists
from ...registry import estimator
from ..assemble import EQUAL, POSTERIOR, example, from_posterior
from ..trust.stated import covered
from .averaging import graph_posterior
from .posterior import GraphPosterior

__all__ = ["decomposable"]

MADIGAN = "Madigan and York (1997) doi:10.1093/biomet/84.1.19"
DAWID = "Dawid and Lauritzen (1993) doi:10.1214/aos/1176349260"
SURE = 0.95  # posterior probability that two lists are joined from which it counts as so
STEPS = 4000  # quantiles kept: with 4,001 of them those of the usual intervals are exact


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=MADIGAN,
    example=example(saturated=False),
    skips=POSTERIOR,
)
@explained
def decomposable(
    lists: Lists,
    *,
    delta: float | None = None,
    prior: str = "1/N",
    saturated: bool = True,
    largest: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the population size by its posterior over all decomposable graphs of the lists.

    The probability of (graph, number unseen) has a closed form: Dirichlet integrals of the cliques
    of the graph over those of its separators, times the multinomial coefficient and the prior. The
    value is the posterior median, summed exactly; the same at other prior weights stands beside it.

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
        Largest number of persons on no list; by default the sum goes on until nothing is left.
    rng : int, numpy Generator or None
        Seed of the order in which the quantiles are kept as draws; no number depends on it.

    Returns
    -------
    Estimate
        One row, persons; exact posterior median and central interval. The draws kept are 4,001
        quantiles, and the standard error is theirs. `mse.graph_posterior` has the weights of
        graphs.

    Raises
    ------
    TypeError, ValueError
        When there are more than six lists, they do not overlap, an option is out of range, or the
        posterior is improper.

    Warns
    -----
    PrevalenceWarning
        When the posterior is delta-dominated: at another prior weight (a quarter of to four times
        ``2**-L``, 0.5 or 1) the median lies outside the 95 % interval or differs by a factor of
        1.3, or the upper limit by a factor of 2. When `largest` cuts the posterior off.

    Notes
    -----
    Assumes that lists depend on each other only as some decomposable graph says, each as likely as
    any other beforehand, and that all persons are equally likely to be on a list. It fails with
    unequal visibility, which joins all lists, and where the prior weight decides. With the
    saturated graph and the default weight the tail falls as ``N**-(2 - 2**-L)``: there is a median
    but no mean.

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
    >>> estimate = pv.mse.decomposable(lists)
    >>> estimate.value, estimate.interval()
    (array([471.]), array([[387., 605.]]))
    """
    random = generator(0 if rng is None else rng)
    posterior = graph_posterior(
        lists, delta=delta, prior=prior, saturated=saturated, largest=largest
    )
    levels = np.arange(STEPS + 1) / STEPS
    levels[[0, -1]] = [0.25 / STEPS, 1 - 0.25 / STEPS]  # the ends themselves may be infinite
    draws = random.permutation(posterior.quantile(levels))
    said: list[str] = []
    if posterior.delta_dominated:
        note(said, posterior.verdict)
    if largest is not None and posterior.quantile(0.99) - lists.seen > 0.9 * largest:
        note(
            said,
            f"largest={largest:,} decides the upper limit: over 1 % of the posterior lies in the "
            "last tenth of the numbers it allows. Give a larger one, or leave it out.",
        )
    identifies = (
        "Lists depend on each other only as some decomposable graph says, all graphs equally likely "
        f"beforehand, and the prior is worth {_worth(posterior)}"
    )
    sweep = posterior.sweep_in_words()
    return from_posterior(
        lists,
        draws,
        method="mse.decomposable",
        identifies=f"{identifies}.",
        citations=[MADIGAN, DAWID],
        assumptions=[EQUAL],
        handled=covered(lists, _joined(posterior)),
        said=said,
        point="median",
        provenance={
            "model": "decomposable-graph",
            "range": posterior.span(),
            "range of": "graphs that fit about as well",
            "Monte Carlo error": "none: the posterior is added up, not drawn",
            "identified by": f"{identifies}; by prior weight {sweep}",
            "delta sweep": sweep,
            "graphs": _graphs(posterior),
        },
    )


def _joined(posterior: GraphPosterior) -> list[tuple[int, int]]:
    """Return the pairs of lists that nearly every graph joins."""
    pairs = posterior.pairs
    near = pairs[pairs["probability"] > SURE]
    index = posterior.lists.index
    return [(index(a), index(b)) for a, b in zip(near["list"], near["other"], strict=True)]


def _worth(posterior: GraphPosterior) -> str:
    persons = posterior.delta * 2 ** len(posterior.lists.names)
    return f"{persons:.3g} person{'' if persons == 1 else 's'} (delta = {posterior.delta:.4g})"


def _graphs(posterior: GraphPosterior) -> str:
    """Return the three graphs of largest weight in words."""
    best = posterior.graphs.head(3)
    parts = [f"{g} {w:.3g}" for g, w in zip(best["graph"], best["weight"], strict=True)]
    return f"{posterior.weights.size:,} decomposable; posterior weights {', '.join(parts)}"
