"""What the estimate would be if the assumption that identifies it failed by a given odds ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import level_in_range, shown
from ...lists import Lists
from ..assemble import require_lists, require_overlap
from ..histories import FloatArray
from ..terms import pair_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sensitivity", "sensitivity"]

Array = NDArray[Any]
LARGEST_ODDS = 1e6
POINTS = 9  # odds ratios of a range


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """Population sizes by the odds ratio that the data cannot tell.

    Made by `sensitivity`.

    Parameters
    ----------
    term : str
        What the odds ratio is of, in words.
    odds_ratio : ndarray, shape (K,)
        The values taken, 1 being the assumption of other estimators.
    total, low, high : ndarray, shape (K,)
        Population size, and the limits of its log-normal interval; nan where the odds ratio
        contradicts the persons seen.
    seen : int
        Persons on the lists.
    assumed : float
        Population size at an odds ratio of 1.
    doubling, halving : float
        Odds ratio at which the size is twice, and half, that at 1; nan where none is.
    least : float
        Smallest odds ratio that leaves room for the persons seen.
    level : float
        Confidence level of the limits.

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> table = pv.mse.sensitivity(lists, odds_ratio=(1, 2, 4))
    >>> round(table.doubling, 2)
    2.67
    """

    term: str
    odds_ratio: Array
    total: Array
    low: Array
    high: Array
    seen: int
    assumed: float
    doubling: float
    halving: float
    least: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row an odds ratio.

        Returns
        -------
        pandas.DataFrame
            Columns odds_ratio, estimate, conf_low, conf_high.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
        >>> pv.mse.sensitivity(lists, odds_ratio=(1, 2, 4)).to_frame()["estimate"].tolist()
        [200.0, 320.0, 560.0]
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "odds_ratio": self.odds_ratio,
                "estimate": self.total,
                "conf_low": self.low,
                "conf_high": self.high,
            }
        )

    def __repr__(self) -> str:
        rows = [
            f"{ratio:>10.3g} {total:>12,.0f} {low:>12,.0f} {high:>12,.0f}"
            if np.isfinite(total)
            else f"{ratio:>10.3g}  contradicts the {self.seen:,} persons seen"
            for ratio, total, low, high in zip(
                self.odds_ratio, self.total, self.low, self.high, strict=True
            )
        ]
        half = (
            f"half it at {self.halving:.3g}"
            if np.isfinite(self.halving)
            else f"none halves it, as {self.seen:,} persons were seen"
        )
        head = f"{'odds ratio':>10} {'estimate':>12} {'conf_low':>12} {'conf_high':>12}"
        last = (
            f"The estimate is {self.assumed:,.0f} at 1, twice that at {self.doubling:.3g}; {half}."
        )
        if self.least > 1:
            last = (
                f"An odds ratio of 1 contradicts the {self.seen:,} persons seen; it is at least "
                f"{self.least:.3g}."
            )
        title = f"Population size by {self.term}; the data cannot tell it."
        return "\n".join([title, head, *rows, last])


def highest_order_odds(histories: Array, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Dark figure without an interaction of highest order, and the variance of its log, (B,).

    ``r = prod N_w (w with an odd number of captures) / prod N_w (even, at least 2)``; the dark
    figure is ``delta r`` when ``delta`` is the odds ratio of highest order. Infinite or 0 where a
    cell is empty.
    """
    odd = histories.sum(axis=1) % 2 == 1
    with np.errstate(all="ignore"):
        logs = np.log(counts)
        ratio = np.exp(logs[odd].sum(axis=0) - logs[~odd].sum(axis=0))
        return ratio, (1 / counts).sum(axis=0)


def pair_odds(on: Array, counts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Persons on neither of two independent lists, variance of the log, and those of them seen.

    `on` (C, 2) tells which of the two lists a history has: ``n10 n01 / n11`` on neither, of whom
    ``n00`` are on another list.
    """
    both = on.prod(axis=1) @ counts
    first, second = (on[:, 0] > on[:, 1]) @ counts, (on[:, 1] > on[:, 0]) @ counts
    neither = (~on.any(axis=1)) @ counts
    with np.errstate(all="ignore"):
        return first * second / both, 1 / first + 1 / second + 1 / both, neither


@explained
def sensitivity(
    lists: Lists,
    *,
    pair: tuple[str, str] | None = None,
    odds_ratio: Sequence[float] = (0.25, 4.0),
    level: float = 0.95,
) -> Sensitivity:
    """Estimate the population size for each odds ratio that the lists cannot identify.

    Without `pair` it is the odds ratio ``delta`` of highest order, of all lists together:
    ``n0 = delta * prod N_w (odd captures) / prod N_w (even captures)``, with 1 "no interaction of
    highest order". With `pair` it is that of two lists, ``n = theta * n10 n01 / n11`` on neither of
    the two, whoever else has them; with 1 the two are independent.

    Parameters
    ----------
    lists : Lists
        The case lists.
    pair : pair of str, optional
        Two lists whose dependence is varied. With two lists in all it is those.
    odds_ratio : sequence of float
        Two numbers are a range, of which nine values are taken evenly on the log scale; more, or
        one, are the values themselves.
    level : float
        Confidence level of each row's interval.

    Returns
    -------
    Sensitivity
        Prints as a table; `to_frame()` gives its rows.

    Raises
    ------
    KeyError, ValueError
        When a list is unknown, an odds ratio is not positive, or the counts do not identify a size
        even with the odds ratio known: an empty cell, or nobody on both lists.

    Notes
    -----
    Intervals are log-normal on the dark figure and take the odds ratio as known: they fail (too
    short) as statements about a size whose odds ratio is not. Positive
    dependence (referral, visibility that lists share) has an odds ratio above 1 for two lists. With
    `h` the log-linear term of all L lists together, ``delta = exp(h)`` for an even number of lists
    and ``exp(-h)`` for an odd one.

    References
    ----------
    Bishop, Y. M. M., Fienberg, S. E. and Holland, P. W. (1975). Discrete Multivariate Analysis:
    Theory and Practice. MIT Press. doi:10.1007/978-0-387-72806-3

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> pv.mse.sensitivity(lists, odds_ratio=(1, 2, 4))
    Population size by the odds ratio of A and B; the data cannot tell it.
    odds ratio     estimate     conf_low    conf_high
             1          200          136          339
             2          320          192          593
             4          560          305        1,102
    The estimate is 200 at 1, twice that at 2.67; half it at 0.167.
    """
    require_lists(lists)
    level_in_range(level)
    ratios = odds_ratios(odds_ratio)
    if ratios.size == 2:
        ratios = np.geomspace(float(ratios[0]), float(ratios[1]), POINTS)
    counts = lists.counts[:, None].astype(np.float64)
    if pair is None and len(lists.names) == 2:
        pair = (lists.names[0], lists.names[1])
    if pair is None:
        require_overlap(lists)
        empty = int((counts == 0).sum())
        if empty:
            raise ValueError(
                f"lists must have persons in every history for the odds ratio of highest order: "
                f"{empty} of {len(counts)} have none, so the size is not identified even with it "
                "known. Give pair=, leave out or merge lists."
            )
        dark, spread = highest_order_odds(lists.histories, counts)
        term, beyond = "the odds ratio of highest order", 0.0
    else:
        on = lists.histories[:, pair_of(lists, "pair", pair)]
        term = f"the odds ratio of {pair[0]} and {pair[1]}"
        dark, spread, neither = pair_odds(on, counts)
        beyond = float(neither[0])
        if dark[0] == 0:
            raise ValueError(
                f"pair must be lists of which neither lies inside the other: all persons of {pair[0]} "
                f"or of {pair[1]} are on both, so the size is not identified even with the odds ratio "
                f"known; the {lists.seen:,} seen are a lower bound. Choose other lists."
            )
        if not np.isfinite(dark[0]):
            raise ValueError(
                f"lists must overlap: nobody is on both {pair[0]} and {pair[1]}, so the size is not "
                f"identified even with the odds ratio known; the {lists.seen:,} seen are a lower "
                "bound. Choose other lists or widen the window."
            )
    return _table(lists.seen, term, float(dark[0]), float(spread[0]), beyond, ratios, level)


def _table(
    seen: int,
    term: str,
    dark: float,
    spread: float,
    beyond: float,
    ratios: Array,
    level: float,
) -> Sensitivity:
    """Rows of the table; `beyond` persons outside the lists of the term were seen by others."""
    from ...intervals import dark_figure

    base = seen - beyond
    unseen = ratios * dark
    room = unseen >= beyond
    total = np.where(room, base + unseen, np.nan)
    constants = {
        "value": total,
        "seen": np.full(ratios.shape, base),
        "std_error": np.sqrt(unseen + unseen**2 * spread),
    }
    limits = np.maximum(dark_figure(constants, np.full(ratios.shape, np.inf), level), seen)
    limits[~room] = np.nan
    assumed = base + dark
    least = beyond / dark
    doubling = (2 * assumed - base) / dark
    halving = (assumed / 2 - base) / dark
    return Sensitivity(
        term,
        ratios,
        total,
        limits[:, 0],
        limits[:, 1],
        seen,
        assumed,
        doubling,
        halving if halving > least else np.nan,
        least,
        level,
    )


def odds_ratios(given: Any) -> Array:
    """Return odds ratios as an array, each of a size that has a meaning."""
    try:
        values = np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        raise TypeError(
            f"odds_ratio must hold numbers: found {shown(given)}. Write a range such as (0.25, 4)."
        ) from None
    bad = ~((values >= 1 / LARGEST_ODDS) & (values <= LARGEST_ODDS))
    if values.ndim != 1 or not values.size or bad.any():
        first = f" (first: {values[bad][0]:g})" if bad.any() else ""
        raise ValueError(
            f"odds_ratio must hold positive numbers: {int(bad.sum())} of {values.size} are not"
            f"{first}. Write a range such as (0.25, 4), within {1 / LARGEST_ODDS:g} and {LARGEST_ODDS:,.0f}."
        )
    return values
