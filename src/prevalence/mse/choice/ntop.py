"""How far the interval depends on the number of models that compete in the resamples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arguments import explained
from ...errors import level_in_range, one_of, shown
from ...lists import Lists
from ..histories import FloatArray, IntArray
from ..resampling import resample
from .chosen import Choice, choice, require_model

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NtopTable", "vary_ntop"]

INTERVALS = ("bca", "percentile")
NTOP = (1, 5, 10, 20, 50, 100)


@explained
@dataclass(frozen=True, eq=False, repr=False)
class NtopTable:
    """Intervals of `select` for several numbers of models that compete.

    Parameters
    ----------
    ntop : tuple of int
        Models that compete in replicates, the best so many of the data.
    estimate : float
        Population size by the best model: the same for all.
    share : ndarray of shape (K,)
        Share of replicates whose best model of all is among the first `ntop`.
    levels : tuple of float
        Confidence levels.
    limits, error : ndarray of shape (K, levels, 2)
        Ends of the intervals and their Monte Carlo standard errors.

    See Also
    --------
    vary_ntop : Make the table.

    Notes
    -----
    A limit that still moves at the last `ntop` is that of a few far models.

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4])
    >>> pv.mse.vary_ntop(lists, ntop=(1, 8), replicates=200, rng=1).to_frame().shape
    (4, 8)
    """

    ntop: tuple[int, ...]
    estimate: float
    share: FloatArray
    levels: tuple[float, ...]
    limits: FloatArray
    error: FloatArray

    def __repr__(self) -> str:
        low, high = self.limits[-1, -1]
        return (
            f"<NtopTable: {self.estimate:,.0f}; {100 * self.levels[-1]:g} % interval with all "
            f"{self.ntop[-1]:,} models {low:,.0f} to {high:,.0f}>"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the intervals as a frame.

        Returns
        -------
        pandas.DataFrame
            One row per number of models and level; the columns are ntop, level, estimate, conf_low, conf_high,
            low_error, high_error (Monte Carlo standard errors of the ends) and share.
        """
        import pandas as pd

        rows = [
            (k, level, self.estimate, *self.limits[i, j], *self.error[i, j], self.share[i])
            for i, k in enumerate(self.ntop)
            for j, level in enumerate(self.levels)
        ]
        named = ["ntop", "level", "estimate", "conf_low", "conf_high", "low_error", "high_error"]
        return pd.DataFrame(rows, columns=[*named, "share"])


@explained
def vary_ntop(
    lists: Lists,
    *,
    ntop: Sequence[int] = NTOP,
    levels: Sequence[float] = (0.8, 0.95),
    criterion: str = "bic",
    order: int = 2,
    ranking: str = "bic",
    penalty: str = "persons",
    interval: str = "bca",
    replicates: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> NtopTable:
    """Estimate the intervals of `select` for many numbers of competing models at once.

    Ranked by the data, the best of the first k models of a replicate is that of the first k - 1 or
    the k-th: one pass over all models gives every k.

    Parameters
    ----------
    lists : Lists
        The case lists; a bootstrap they already carry is used.
    ntop : sequence of int
        Numbers of models; that of all is added.
    levels : sequence of float
        Confidence levels.
    criterion : str
        As in `select`, like the next five.
    order : int
        Largest number of lists in a term.
    ranking : str
        Order that `ntop` counts in.
    penalty : str
        The n in the BIC.
    interval : str
        How limits are read from the replicates.
    replicates : int
        Multinomial resamples.
    rng : int, numpy Generator or None
        Seed of the resamples.

    Returns
    -------
    NtopTable
        Limits for every number of models, with `to_frame()`.

    Raises
    ------
    ValueError
        When the lists do not overlap, there are too many models to fit them all, or `replicates`
        is below 2.

    Notes
    -----
    The interval for k is that of ``N_r = n_r + exp(b0_r)``, each replicate r by its model of least
    BIC among the best k of the data. It assumes and fails where `select` does.

    References
    ----------
    Silverman, B. W., Chan, L. and Vincent, K. (2024). Bootstrapping multiple systems estimates to
    account for model selection. Statistics and Computing 34, 44. doi:10.1007/s11222-023-10346-9

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4])
    >>> pv.mse.vary_ntop(lists, ntop=(1, 3), replicates=200, rng=1).ntop
    (1, 3, 8)
    """
    one_of("interval", interval, INTERVALS)
    rule = choice(lists, order, None, ranking, criterion, penalty)
    steps = _steps(rule, ntop)
    require_model(rule.table)
    if isinstance(levels, (str, bytes)) or not isinstance(levels, Iterable):
        raise TypeError(
            f"levels must be a list of confidence levels: found {shown(levels)}. Write (0.8, 0.95)."
        )
    chosen = tuple(level_in_range(level) for level in levels)
    scheme = lists.scheme or lists.bootstrap(replicates, rng=rng).scheme
    draws = np.asarray(scheme.factors if scheme else ())
    best: list[IntArray] = []

    def procedure(counts: FloatArray) -> FloatArray:
        winners = rule.winners(counts)
        best.append(winners.best()[0])
        return np.stack([winners.best(k)[1] for k in steps])

    found = resample(procedure, lists.counts, draws)
    rank = best[0][-draws.shape[1] :]
    return NtopTable(
        ntop=steps,
        estimate=float(found.value[0]),
        share=np.array([(rank[rank >= 0] < k).mean() for k in steps]),
        levels=chosen,
        limits=np.stack([found.interval(interval, level) for level in chosen], axis=1),
        error=np.stack([found.monte_carlo_error(interval, level) for level in chosen], axis=1),
    )


def _steps(rule: Choice, ntop: Sequence[int]) -> tuple[int, ...]:
    if rule.included is None:
        raise ValueError(
            "order must leave few enough models to fit them all: downhill search has no ntop. "
            "Choose a smaller order, or merge lists."
        )
    if isinstance(ntop, (str, bytes)) or not isinstance(ntop, Iterable):
        raise TypeError(
            f"ntop must be a list of whole numbers: found {shown(ntop)}. Write for example (1, 5, 10)."
        )
    wrong = [k for k in ntop if not isinstance(k, (int, np.integer)) or k < 1]
    if wrong:
        raise ValueError(
            f"ntop must be whole numbers of at least 1: {len(wrong)} of {len(ntop)} are not "
            f"(first: {wrong[0]!r}). Write for example (1, 5, 10)."
        )
    every = len(rule.table)
    return tuple(sorted({int(k) for k in ntop if k < every} | {every}))
