"""Population sizes from two lists."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..errors import note
from ..estimate import Estimate
from ..lists import Lists
from ..registry import estimator
from .assemble import (
    CHAO,
    CORRECTED,
    SEBER,
    SKIPS,
    assemble,
    example,
    require_lists,
)
from .closed import chapman as chapman_formula
from .closed import lincoln_petersen as lincoln_petersen_formula
from .terms import pair_of

__all__ = ["chapman", "lincoln_petersen"]

Array = NDArray[Any]
NONE_EXPECTED = 2.995732273553991  # mean of a Poisson count that is 0 in 5 % of samples


@estimator(
    unit="count",
    smooth=True,
    degree=None,
    citation=SEBER,
    example=example(between=("list 1", "list 2")),
    skips=SKIPS | CORRECTED,
)
@explained
def chapman(lists: Lists, *, between: tuple[str, str]) -> Estimate:
    """Estimate the population size from two lists, ``(n1 + 1)(n2 + 1) / (m + 1) - 1``.

    Parameters
    ----------
    lists : Lists
        The case lists; with `.bootstrap(...)` the standard error is the bootstrap's.
    between : pair of str
        The two lists: n1 and n2 persons, m on both.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    KeyError, ValueError
        When a list is unknown or the two lists share nobody.

    Notes
    -----
    Assumes that the two lists are independent for every person and that all are equally likely to
    be on one of them. It fails (too low) under positive dependence (referral) and unequal
    visibility: it is then a lower bound.

    References
    ----------
    Seber, G. A. F. (1982). The Estimation of Animal Abundance and Related Parameters, 2nd ed.
    Griffin, p. 60. Interval: Chao, A. (1987). Biometrics 43, 783-791. doi:10.2307/2531532

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.chapman(lists, between=("A", "B"))), 1)
    189.1
    """
    columns = _columns(lists, between)
    n1, n2, m = _sizes(columns, lists.counts, between)
    value, variance = chapman_formula(n1, n2, m)
    replicated = None
    if lists.scheme is not None:
        replicated = chapman_formula(*_parts(columns, lists.scheme.factors))[0]
    said: list[str] = []
    _tell_below(lists, float(value), said)
    return assemble(
        lists,
        float(value),
        float(np.sqrt(variance)),
        said=said,
        method="mse.chapman",
        identifies=_independent(between),
        citations=[SEBER, CHAO],
        replicated=replicated,
        seen=int(n1 + n2 - m),
    )


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=SEBER,
    example=example(between=("list 1", "list 2")),
    skips=SKIPS,
)
@explained
def lincoln_petersen(lists: Lists, *, between: tuple[str, str]) -> Estimate:
    """Estimate the population size from two lists, ``n1 n2 / m``.

    Parameters
    ----------
    lists : Lists
        The case lists; with `.bootstrap(...)` the standard error is the bootstrap's.
    between : pair of str
        The two lists: n1 and n2 persons, m on both.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    KeyError, ValueError
        When a list is unknown or the two lists share nobody: the estimate is infinite, and the
        message names the bound that the data do give.

    Notes
    -----
    Assumes that the two lists are independent for every person and that all are equally likely to
    be on one of them. It fails (too low) under positive dependence (referral) and unequal
    visibility: it is then a lower bound, and `sensitivity` shows by how much. It is too high by
    about ``1 / m`` of itself where m is small; `chapman` corrects for that.

    References
    ----------
    Seber, G. A. F. (1982). The Estimation of Animal Abundance and Related Parameters, 2nd ed.
    Griffin, p. 60. Interval: Chao, A. (1987). Biometrics 43, 783-791. doi:10.2307/2531532

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.lincoln_petersen(lists, between=("A", "B"))), 6)
    200.0
    """
    columns = _columns(lists, between)
    n1, n2, m = _sizes(columns, lists.counts, between)
    value, variance = lincoln_petersen_formula(n1, n2, m)
    replicated = None
    if lists.scheme is not None:
        found = lincoln_petersen_formula(*_parts(columns, lists.scheme.factors))[0]
        replicated = np.where(np.isfinite(found), found, np.nan)
    said: list[str] = []
    _tell_below(lists, float(value), said)
    return assemble(
        lists,
        float(value),
        float(np.sqrt(variance)),
        said=said,
        method="mse.lincoln_petersen",
        identifies=_independent(between),
        citations=[SEBER, CHAO],
        replicated=replicated,
        seen=int(n1 + n2 - m),
    )


def _columns(lists: Lists, between: tuple[str, str]) -> Array:
    require_lists(lists)
    return lists.histories[:, pair_of(lists, "between", between)]


def _parts(columns: Array, counts: Array) -> tuple[Array, Array, Array]:
    return columns[:, 0] @ counts, columns[:, 1] @ counts, columns.prod(axis=1) @ counts


def _sizes(columns: Array, counts: Array, between: tuple[str, str]) -> tuple[Array, Array, Array]:
    """Persons on each list and on both; without a person on both there is a bound only."""
    n1, n2, m = _parts(columns, counts)
    if m == 0:
        least = max(n1 * n2 / NONE_EXPECTED, n1 + n2)
        raise ValueError(
            f"lists must overlap: nobody is on both {between[0]} ({n1:,.0f}) and {between[1]} "
            f"({n2:,.0f}), so the size is not identified: n1 n2 / m is infinite. If the two lists "
            f"were independent it would be at least {least:,.0f} (95 % lower bound); without that, "
            f"at least the {n1 + n2:,.0f} seen. Choose other lists or widen the window."
        )
    if m == min(n1, n2):
        inner, outer = between if n1 <= n2 else (between[1], between[0])
        raise ValueError(
            f"lists must differ both ways: all {m:,.0f} persons of {inner} are also on {outer}, so "
            f"the formula gives the {max(n1, n2):,.0f} seen with no error at all, and the size is "
            f"not identified; it is at least {max(n1, n2):,.0f}. A list that lies inside another "
            "was often made from it: choose other lists."
        )
    return n1, n2, m


def _tell_below(lists: Lists, value: float, said: list[str]) -> None:
    """Say where the other lists hold more persons than the two lead to expect."""
    if value < lists.seen:
        note(
            said,
            f"the estimate of {value:,.0f} is below the {lists.seen:,} persons on any of the lists: the "
            "two depend on each other, or see only a part of the population. Choose other lists.",
        )


def _independent(between: tuple[str, str]) -> str:
    return f"{between[0]} and {between[1]} catch independently, and everyone equally."
