"""Too many persons captured once: the law of captures is read from those captured more often.

Singletons are left out of the fit, so that their number may be anything; the independence model of
the histories with two captures or more gives the dark figure and the singletons it expects.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from ..existence import EXISTS, existence_codes
from ..histories import (
    BoolArray,
    FloatArray,
    IntArray,
    as_columns,
    as_histories,
    capture_frequencies,
)
from .poisson import information, maximise, solve_active

MECHANISMS = ("before", "after", "duplicates")
LAWS = ("unequal", "equal")


@dataclass(frozen=True, eq=False)
class InflatedFit:
    """A one-inflated model fitted to each column of counts; nan where there is no estimate.

    Attributes
    ----------
    total, std_error : ndarray, shape (B,)
        Population size under the mechanism.
    dark : ndarray, shape (B,)
        Persons not seen under the law of those seen twice or more.
    expected_once : ndarray, shape (B,)
        Singletons that this law expects.
    inflated : ndarray of bool, shape (B,)
        Whether more persons than expected were captured once; if not, the ordinary model is fitted.
    code : ndarray of int, shape (B,)
        0 the maximum exists, 1 no maximum, 2 not identifiable, 3 both.
    """

    total: FloatArray
    std_error: FloatArray
    dark: FloatArray
    expected_once: FloatArray
    inflated: BoolArray
    code: IntArray


def one_inflated_fit(
    histories: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    mechanism: str = "before",
    law: str = "unequal",
) -> InflatedFit:
    """Population size when too many persons are captured once, for every column of counts.

    With ``n0`` the dark figure and ``m1`` the singletons expected by the independence model fitted
    to the histories with two captures or more, ``n`` the persons seen and ``f1`` those seen once:
    ``n + n0`` when singletons are added before anybody is missed ("before"), ``n / (1 - p0)`` with
    ``p0 = n0 / (n0 + m1 + m2)`` when the first capture prevents others ("after"),
    ``n - f1 + m1 + n0`` when the excess are unlinked records ("duplicates").

    Parameters
    ----------
    histories : array_like of 0/1, shape (C, L)
        Each of the ``2**L - 1`` capture histories once; ``L`` at least 3.
    counts : array_like, shape (C,) or (C, B)
    mechanism : {"before", "after", "duplicates"}
    law : {"unequal", "equal"}
        Whether lists catch at rates of their own.
    """
    rows, columns = as_histories(histories), as_columns(counts)
    captures = rows.sum(axis=1)
    parts = rows if law == "unequal" else captures[:, None]
    design = np.column_stack([np.ones(len(rows)), parts]).astype(np.float64)
    repeated = np.broadcast_to((captures >= 2)[:, None], columns.shape)
    fit = _solved(design, columns, repeated, law == "unequal")
    once = columns[captures == 1].sum(axis=0)
    with np.errstate(all="ignore"):
        inflated = ~(once < fit.once)
    plain = np.flatnonzero(~inflated)
    if plain.size:
        ordinary = np.ones((len(rows), plain.size), dtype=bool)
        fit = fit.replaced(plain, _solved(design, columns[:, plain], ordinary, law == "unequal"))
    total, variance = _total(fit, columns, once, inflated, mechanism)
    return InflatedFit(total, np.sqrt(variance), fit.dark, fit.once, inflated, fit.code)


@dataclass(frozen=True, eq=False)
class _Law:
    """Expected persons never, once and more often captured (B,), gradients (P, B), covariance."""

    dark: FloatArray
    once: FloatArray
    more: FloatArray
    once_gradient: FloatArray
    more_gradient: FloatArray
    matrix: FloatArray
    active: BoolArray
    code: IntArray

    def replaced(self, which: IntArray, other: _Law) -> _Law:
        """Return the law with some columns taken from another."""
        out = {}
        for name in self.__dataclass_fields__:
            values = getattr(self, name).copy()
            if name == "matrix":
                values[which] = getattr(other, name)
            else:
                values[..., which] = getattr(other, name)
            out[name] = values
        return _Law(**out)

    def variance(self, gradient: FloatArray) -> FloatArray:
        """Variance of a function of the coefficients from its gradient (P, B)."""
        wanted = np.where(self.active & np.isfinite(gradient), gradient, 0.0)
        solved = solve_active(self.matrix, self.active, wanted)
        return np.asarray(np.einsum("pb,pb->b", wanted, solved))


def _solved(design: FloatArray, counts: FloatArray, cells: BoolArray, unequal: bool) -> _Law:
    listed = np.zeros(design.shape[1], dtype=bool)
    listed[1:] = unequal
    absent = listed[:, None] & (design.T @ (counts * cells) <= 0)
    kept = cells & (design @ absent.astype(np.float64) == 0)
    found = maximise(design, design.T @ (counts * kept), kept, ~absent)
    code = np.zeros(counts.shape[1], dtype=np.int64)
    doubtful = np.flatnonzero(~found.converged)
    if doubtful.size:
        code[doubtful] = existence_codes(
            design, counts[:, doubtful] > 0, ~absent[:, doubtful], kept[:, doubtful]
        )
    good = found.converged & (code == EXISTS)
    blank = np.where(good, 0.0, np.nan)
    everywhere = np.exp(np.minimum(design @ found.coefficients, 300))
    everywhere *= design @ absent.astype(np.float64) == 0
    times = design[:, 1:].sum(axis=1)
    single = (times == 1)[:, None] * everywhere
    several = (times >= 2)[:, None] * everywhere
    return _Law(
        dark=np.exp(np.minimum(found.coefficients[0], 700)) + blank,
        once=single.sum(axis=0) + blank,
        more=several.sum(axis=0) + blank,
        once_gradient=design.T @ single,
        more_gradient=design.T @ several,
        matrix=information(design, found.fitted),
        active=~absent,
        code=code,
    )


def _total(
    fit: _Law, counts: FloatArray, once: FloatArray, inflated: BoolArray, mechanism: str
) -> tuple[FloatArray, FloatArray]:
    """Total and variance under the mechanism; without inflation all are the ordinary model's.

    Gradients are in the coefficients; that of the dark figure is itself in the intercept. The
    variances are those under the multinomial law, the total being fixed.
    """
    seen = counts.sum(axis=0)
    unit = np.zeros(fit.active.shape)
    unit[0] = 1.0
    with np.errstate(all="ignore"):
        plain = seen + fit.dark, fit.dark + fit.dark**2 * fit.variance(unit)
        if mechanism == "before":
            return plain
        if mechanism == "duplicates":
            total = seen - once + fit.once + fit.dark
            gradient = fit.dark * unit + fit.once_gradient + fit.more_gradient
            other = total, fit.variance(gradient) - total
        else:
            caught = fit.once + fit.more
            ratio = fit.dark / caught
            slope = ratio * (unit - (fit.once_gradient + fit.more_gradient) / caught)
            total = seen * (1 + ratio)
            other = total, seen * ratio * (1 + ratio) + seen**2 * fit.variance(slope)
    return (
        np.where(inflated, other[0], plain[0]),
        np.where(inflated, np.maximum(other[1], 0.0), plain[1]),
    )


def modified_chao_bound(
    histories: npt.ArrayLike, counts: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Lower bound of the population size from persons on two and on three lists, and its variance.

    With ``c = C(L, 3)^2 / C(L, 2)^3`` the dark figure is
    ``n0 = c f2 (f2 - 1)(f2 - 2) / ((f3 + 1)(f3 + 2))``: for ``L`` lists that catch equally,
    ``c E(f2)^3 / E(f3)^2`` is at most the dark figure, whatever the visibility of persons and
    however many were captured once. As in Chao's bound, the variance replaces ``E(n0)^2`` by its
    estimate from factorial moments, ``c^2 f2 .. (f2 - 5) / ((f3 + 1) .. (f3 + 4))``.

    Parameters
    ----------
    histories : array_like of 0/1, shape (C, L)
        ``L`` at least 3.
    counts : array_like, shape (C,) or (C, B)

    Returns
    -------
    total, variance : ndarray, shape (B,)

    Examples
    --------
    >>> rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> total, _ = modified_chao_bound(rows, [60, 74, 48, 21, 9, 12, 4])
    >>> round(float(total[0]), 1)
    313.0
    """
    frequencies = capture_frequencies(histories, counts)
    lists = len(frequencies)
    if lists < 3:
        raise ValueError(
            f"lists must be at least 3 for a bound without singletons: got {lists}. "
            "Use chao_lower_bound."
        )
    factor = comb(lists, 3) ** 2 / comb(lists, 2) ** 3
    twice, thrice = frequencies[1], frequencies[2]
    below = [np.maximum(twice - i, 0.0) for i in range(6)]
    above = [thrice + i for i in range(1, 5)]
    dark = factor * np.prod(below[:3], axis=0) / np.prod(above[:2], axis=0)
    square = factor**2 * np.prod(below, axis=0) / np.prod(above, axis=0)
    variance = dark + np.maximum(dark**2 - square, 0.0)
    return frequencies.sum(axis=0) + dark, variance
