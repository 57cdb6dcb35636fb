"""Population sizes from a log-linear model that forward steps choose."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import explained
from ..errors import number, one_of, whole
from ..estimate import Estimate
from ..lists import Lists
from ..registry import estimator
from .assemble import (
    CHOSEN,
    CSV,
    EFRON,
    EQUAL,
    SKIPS,
    assemble,
    example,
    require_overlap,
)
from .replicated import INTERVALS, parametric, resampled
from .stepwise import StepwiseFit, stepwise_fit
from .terms import chosen, chosen_model

__all__ = ["stepwise"]

RESAMPLES = ("histories", "model")


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=CSV,
    example=example(replicates=20, rng=1),
    skips=SKIPS | CHOSEN,
)
@explained
def stepwise(
    lists: Lists,
    *,
    threshold: float = 0.02,
    replicates: int = 1000,
    interval: str = "bca",
    resamples: str = "histories",
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the population size by a log-linear model whose pairs are chosen by forward steps.

    From independence on, the pair of lists whose overlap is least likely under the present model
    enters while its one-sided Poisson probability is below `threshold`. Each bootstrap replicate
    repeats the whole selection.

    Parameters
    ----------
    lists : Lists
        The case lists; a bootstrap they already carry is used.
    threshold : float
        Largest probability at which a pair enters; 0 is independence.
    replicates : int
        Number of resamples; 0 gives the point with the chosen model's own standard error.
    interval : {"bca", "percentile", "jackknife"}
        Percentiles of the replicates corrected for bias and skewness (the published procedure), or
        as they are; or a log-normal interval with the jackknife's standard error, without resamples.
    resamples : {"histories", "model"}
        Multinomial resamples of the histories seen, or tables drawn from the chosen model.
    rng : int, numpy Generator or None
        Seed of the resamples.

    Returns
    -------
    Estimate
        One row, persons. Its notes say how far other draws would move the limits, and whether a
        limit is at the extreme replicate.

    Raises
    ------
    ValueError
        When the lists do not overlap, even independence has no estimate, or no model fits in over
        5 % of the resamples (fewer are left out and counted).

    Notes
    -----
    With b0 the intercept of the last model it is ``n + exp(b0)``. Assumes that dependence shows as
    an unlikely overlap of two lists and that all persons are equally likely to be on a list. It
    fails with few overlaps: the replicates then fall into clusters, one per model, and the
    interval's ends are those of the extreme models.

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical
    Association 82, 171-185. doi:10.1080/01621459.1987.10478410

    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data. Journal of the American Statistical Association 116, 1297-1306.
    doi:10.1080/01621459.2019.1708748

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.stepwise(lists, replicates=0)), 6)
    200.0
    """
    require_overlap(lists)
    number("threshold", threshold)
    found = stepwise_fit(lists.histories, lists.counts, threshold=threshold)
    if not np.isfinite(found.total[0]):
        raise ValueError(
            "lists must have an estimate under independence: no maximum of the likelihood exists. "
            "Leave out empty lists, or merge two lists."
        )
    one_of("interval", interval, INTERVALS)
    one_of("resamples", resamples, RESAMPLES)
    lists = _with_replicates(lists, found, (replicates, interval, resamples), rng)
    how: dict[str, Any] = {"std_error": float(found.fit.std_error[0])}
    if lists.scheme is not None or interval == "jackknife":
        how = resampled(
            lists, lambda n: stepwise_fit(lists.histories, n, threshold=threshold).total, interval
        )
    terms = chosen(found.pairs, found.selected[:, 0])
    return assemble(
        lists,
        float(found.total[0]),
        method="mse.stepwise",
        identifies=chosen_model(lists, terms),
        assumptions=[EQUAL],
        citations=[CSV, EFRON] if interval == "bca" else [CSV],
        terms=terms,
        **how,
    )


def _with_replicates(
    lists: Lists,
    found: StepwiseFit,
    asked: tuple[int, str, str],
    rng: int | np.random.Generator | None,
) -> Lists:
    """Return the lists with a bootstrap of the kind asked for, unless they carry one."""
    replicates, interval, resamples = asked
    if lists.scheme is not None:
        if resamples == "model":
            raise ValueError(
                "resamples must not be 'model' for lists with a bootstrap: their replicates are "
                f"{lists.scheme.scale.size:,} resamples of histories. Take the lists before "
                ".bootstrap(...)."
            )
        return lists
    none = isinstance(replicates, (int, np.integer)) and replicates == 0
    if none or interval == "jackknife":
        return lists
    whole("replicates", replicates, 2, "Pass for example replicates=1000, or 0 for none.")
    if resamples == "model":
        fit = found.fit
        return parametric(lists, fit.fitted[:, 0], float(fit.dark[0]), replicates, rng)
    return lists.bootstrap(replicates, rng=rng)
