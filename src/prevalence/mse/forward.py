"""Population sizes from a log-linear model that forward steps choose."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import number
from ..estimate import Estimate
from ..lists import Lists
from ..registry import estimator
from .assemble import (
    CSV,
    EQUAL,
    SKIPS,
    assemble,
    example,
    require_overlap,
)
from .hierarchical import neighbours
from .stepwise import stepwise_fit

__all__ = ["stepwise"]

Array = NDArray[Any]


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=CSV,
    example=example(replicates=20, rng=1),
    skips=SKIPS,
)
def stepwise(
    lists: Lists,
    *,
    threshold: float = 0.02,
    replicates: int = 1000,
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
        Multinomial resamples; 0 gives the point with the chosen model's own standard error.
    rng : int, numpy Generator or None
        Seed of the resamples.

    Returns
    -------
    Estimate
        One row, persons; percentile interval of the replicates.

    Raises
    ------
    ValueError
        When the lists do not overlap or even independence has no estimate.

    Notes
    -----
    Assumes that dependence shows as an unlikely overlap of two lists and that all persons are
    equally likely to be on a list. It fails with few overlaps: the replicates then fall into
    clusters, one per model, and the interval's ends are those of the extreme models.

    References
    ----------
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
    if lists.scheme is None and replicates:
        lists = lists.bootstrap(replicates, rng=rng)
    replicated = None
    if lists.scheme is not None:
        replicated = stepwise_fit(lists.histories, lists.scheme.factors, threshold=threshold).total
    chosen = [
        " and ".join(lists.names[i] for i in sorted(pair)).replace("_", " ")
        for pair, use in zip(found.pairs, found.selected[:, 0], strict=True)
        if use
    ]
    assumption = f"The chosen model holds: dependence only between {'; '.join(chosen) or 'none'}."
    terms = [
        tuple(sorted(p)) for p, use in zip(found.pairs, found.selected[:, 0], strict=True) if use
    ]
    return assemble(
        lists,
        float(found.total[0]),
        float(found.fit.std_error[0]),
        method="mse.stepwise",
        identifies=assumption,
        assumptions=[EQUAL],
        citations=[CSV],
        replicated=replicated,
        terms=terms,
        span=neighbours(lists, terms),
    )
