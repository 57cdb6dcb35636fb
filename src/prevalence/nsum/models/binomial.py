"""Likelihood of answers given degrees: binomial or beta-binomial, exact counts or intervals of them.

Arrays over all chains at once: degrees (chains, respondents), prevalences (chains, groups). Degrees
are real numbers: the binomial coefficient is continued to them, ``d (d - 1) ... (d - y + 1) / y!``,
and a respondent knows at least as many people as the largest of the answers, and at most 100 million.

Data sets of one shape can be laid side by side (fits): either all chains have the same answers, or each
chain its own. Respondent i of fit f is then row ``f n + i``, and group k column ``f K + k``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .asked import answered

__all__ = ["Cells", "cells_of", "columns", "exposure", "rows"]

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
NEARLY_ALL = 1 - 1e-8  # a complement closer to 1 than this has lost the digits of what is left
TINY = 1e-280
MOST = 1e8  # nobody knows more people; beyond it differences of log-gammas have no digits


@dataclass(frozen=True)
class Factors:
    """The factors ``d_i - j`` of a respondent's binomial coefficients, equal ones counted once."""

    row: Whole
    level: Array
    times: Array
    start: Whole
    filled: Whole


@dataclass(frozen=True)
class Intervals:
    """The cells whose answer allows several counts."""

    row: Whole
    column: Whole
    low: Array
    high: Array


@dataclass(frozen=True)
class Cells:
    """Answers of n respondents about K groups, sorted by what they say.

    Attributes
    ----------
    counts, exact : ndarray, (fits, K, n)
        Counts of the cells answered by one number (0 elsewhere), and 1 in those cells.
    whole : ndarray, (fits, K, n)
        The counts as whole numbers.
    least : ndarray, (fits, n)
        Smallest degree that the answers of a respondent allow.
    factors, intervals : Factors, Intervals
        Factors of the binomial coefficients; cells that allow several counts.
    """

    counts: Array
    exact: Array
    whole: Whole
    least: Array
    factors: Factors
    intervals: Intervals


def cells_of(low: Array, high: Array) -> Cells:
    """Sort the cells of answers between `low` and `high`, (n, K) or (fits, n, K).

    Parameters
    ----------
    low, high : ndarray
        Equal for a count; (0, inf) is a missing answer.
    """
    low, high = low.reshape(-1, *low.shape[-2:]), high.reshape(-1, *high.shape[-2:])
    fits, n, groups = low.shape
    point = low == high
    fit, row, column = np.nonzero(~point & answered(low, high))
    limits = low[fit, row, column], high[fit, row, column]
    counts = np.where(point, low, 0.0)
    by_group = np.ascontiguousarray(counts.swapaxes(1, 2))
    exact = np.ascontiguousarray(point.swapaxes(1, 2).astype(float))
    return Cells(
        counts=by_group,
        exact=exact,
        whole=by_group.astype(np.intp),
        least=low.max(axis=2),
        factors=_factors(counts.reshape(fits * n, groups)),
        intervals=Intervals(fit * n + row, fit * groups + column, *limits),
    )


def _factors(counts: Array) -> Factors:
    row, column = np.nonzero(counts)
    times = counts[row, column].astype(np.intp)
    first = np.cumsum(times) - times
    level = np.arange(int(times.sum())) - np.repeat(first, times)
    width = int(times.max(initial=0)) + 1
    code, number = np.unique(np.repeat(row, times) * width + level, return_counts=True)
    place = code // width
    filled, start = np.unique(place, return_index=True)
    return Factors(place, (code % width).astype(float), number.astype(float), start, filled)


def rows(cells: Cells, degree: Array, prevalence: Array, dispersion: Array | None) -> Array:
    """Return each respondent's log-likelihood (chains, n), without terms of the answers alone.

    Parameters
    ----------
    cells : Cells
        Answers.
    degree, prevalence : ndarray, (chains, n) and (chains, K)
        Degrees and shares of the groups in the population.
    dispersion : ndarray, (chains, K), or None
        rho of the beta-binomial; None is the binomial.
    """
    least = np.tile(cells.least, (len(degree) // len(cells.least), 1))
    possible = (degree >= least) & (degree <= MOST)
    degree = np.where(possible, degree, least + 1.0)
    value = _log_choose(cells, degree)
    if dispersion is None:
        complement = np.log1p(-prevalence)
        value += degree * _times(complement, cells.exact)
        value += _times(np.log(prevalence) - complement, cells.counts)
    else:
        value += _beta_cells(cells, degree, prevalence, dispersion).sum(axis=1)
    _add(value, cells.intervals.row, _masses(cells, degree, prevalence, dispersion))
    value[~possible] = -np.inf
    return value


def columns(
    cells: Cells, degree: Array, prevalence: Array, dispersion: Array | None, weights: Array
) -> Array:
    """Return each group's weighted log-likelihood (chains, K), without terms of degrees alone.

    Parameters
    ----------
    cells, degree, prevalence, dispersion
        As in `rows`.
    weights : ndarray, (n,)
        Weights of the respondents.
    """
    if dispersion is None:
        reports = np.tile(cells.counts @ weights, (len(degree) // len(cells.counts), 1))
        complement = np.log1p(-prevalence)
        value = reports * (np.log(prevalence) - complement)
        value += exposure(cells, degree * weights) * complement
    else:
        value = _beta_cells(cells, degree, prevalence, dispersion) @ weights
    masses = _masses(cells, degree, prevalence, dispersion)
    masses *= weights[cells.intervals.row % len(weights)]
    _add(value, cells.intervals.column, masses)
    return np.asarray(value)


def exposure(cells: Cells, degree: Array) -> Array:
    """Return the sums of degrees over the respondents who gave a count (chains, K).

    Parameters
    ----------
    cells : Cells
        Answers.
    degree : ndarray, (chains, n)
        Degrees, weighted or not.
    """
    return _times(degree, cells.exact.swapaxes(1, 2))


def _times(left: Array, right: Array) -> Array:
    """Return the product of (chains, p) with the (fits, p, q) of each chain's answers."""
    fits = len(right)
    by_fit = left.reshape(-1, fits, left.shape[1]).swapaxes(0, 1) @ right
    return np.asarray(by_fit.swapaxes(0, 1).reshape(len(left), right.shape[2]), dtype=float)


def _side_by_side(values: Array, cells: Cells) -> Array:
    """Return (chains, p) as one row of all fits for each chain that they share."""
    return values.reshape(-1, len(cells.least) * values.shape[1])


def _log_choose(cells: Cells, degree: Array) -> Array:
    factors = cells.factors
    flat = _side_by_side(degree, cells)
    value = np.zeros(flat.shape)
    if factors.filled.size:
        terms = np.log(flat[:, factors.row] - factors.level)
        terms *= factors.times
        value[:, factors.filled] = np.add.reduceat(terms, factors.start, axis=1)
    return value.reshape(degree.shape)


def _add(value: Array, place: Whole, terms: Array) -> None:
    """Add the terms of the interval cells at their rows or columns."""
    if place.size:
        width = value.size // len(terms)
        index = (np.arange(len(terms))[:, None] * width + place).ravel()
        value += np.bincount(index, terms.ravel(), minlength=value.size).reshape(value.shape)


def _beta_cells(cells: Cells, degree: Array, prevalence: Array, dispersion: Array) -> Array:
    """Return log B(a + y, b + d - y) / B(a, b) of the cells with one count (chains, K, n)."""
    from scipy.special import gammaln

    total = 1 / dispersion - 1
    a, b = prevalence * total, (1 - prevalence) * total
    shape = (-1, *cells.counts.shape)
    ties = np.broadcast_to(degree[:, None, :], (*b.shape, degree.shape[1]))
    value = ties.reshape(shape) - cells.counts
    value += b.reshape(*shape[:-1], 1)
    gammaln(value, out=value)
    ends = ties + total[:, :, None]
    value = value.reshape(ends.shape)
    value -= gammaln(ends, out=ends)
    value += (gammaln(total) - gammaln(b))[:, :, None]
    levels = np.arange(int(cells.whole.max(initial=0)))
    rising = np.zeros((*a.shape, levels.size + 1))
    np.cumsum(np.log(a[:, :, None] + levels), axis=2, out=rising[:, :, 1:])
    by_fit = rising.reshape(*shape[:-1], levels.size + 1)
    value += np.take_along_axis(by_fit, cells.whole[None], axis=3).reshape(value.shape)
    exact = value.reshape(shape)
    exact *= cells.exact
    return value


def _masses(cells: Cells, degree: Array, prevalence: Array, dispersion: Array | None) -> Array:
    """Return the log probability of each interval (chains that share them, cells)."""
    place = cells.intervals
    flat = _side_by_side(degree, cells)
    if not place.row.size:
        return np.zeros((len(flat), 0))
    d, m = flat[:, place.row], _side_by_side(prevalence, cells)[:, place.column]
    if dispersion is None:
        return binomial_mass(place.low, place.high, d, m)
    rho = _side_by_side(dispersion, cells)[:, place.column]
    return beta_binomial_mass(place.low, place.high, d, m, rho)


def binomial_mass(low: Array, high: Array, degree: Array, prevalence: Array) -> Array:
    """Return log P(low <= y <= high) of a binomial with a real number of trials, at least `low`.

    ``P(y >= c) = I_m(c, d - c + 1)``, the incomplete beta function; a count above d is impossible.
    The difference is taken in the tail in which both parts are small.
    """
    low, high = (np.broadcast_to(limit, degree.shape) for limit in (low, high))
    closed = degree > high
    left = closed & (degree * prevalence > high)
    mass = np.ones(degree.shape)
    right = ~left
    mass[right] = _at_least(low[right], degree[right], prevalence[right])
    end = closed & right
    mass[end] -= _at_least(high[end] + 1, degree[end], prevalence[end])
    d, m = degree[left], prevalence[left]
    mass[left] = _at_most(high[left], d, m) - _at_most(low[left] - 1, d, m)
    value = np.log(np.fmax(mass, TINY))
    small = mass <= TINY
    limit = np.where(left, high, low)[small]
    value[small] = _end_term(limit, degree[small], prevalence[small])
    return value


def _at_least(count: Array, degree: Array, prevalence: Array) -> Array:
    """Return P(y >= count)."""
    from scipy.special import betainc

    value = np.where(count > 0, -np.expm1(degree * np.log1p(-prevalence)), 1.0)
    more = count > 1
    c = count[more]
    value[more] = betainc(c, degree[more] - c + 1, prevalence[more])
    return value


def _at_most(count: Array, degree: Array, prevalence: Array) -> Array:
    """Return P(y <= count)."""
    from scipy.special import betainc

    value = np.zeros(degree.shape)
    some = count >= 0
    c = count[some]
    value[some] = betainc(degree[some] - c, c + 1, 1 - prevalence[some])
    return value


def _end_term(y: Array, degree: Array, prevalence: Array) -> Array:
    """Return the log of the largest term of a probability too small for a number."""
    from scipy.special import gammaln

    choose = gammaln(degree + 1) - gammaln(y + 1) - gammaln(degree - y + 1)
    return np.asarray(choose + y * np.log(prevalence) + (degree - y) * np.log1p(-prevalence))


def beta_binomial_mass(
    low: Array, high: Array, degree: Array, prevalence: Array, dispersion: Array
) -> Array:
    """Return log P(low <= y <= high) of a beta-binomial with a real number of trials, at least `low`.

    The sum of the terms, or, where the interval has no end below d, what the terms below it leave.
    """
    total = 1 / dispersion - 1
    a, b = prevalence * total, (1 - prevalence) * total
    open_above = degree <= high
    term = _first_term(degree, b, total)
    within, below = np.zeros(term.shape), np.zeros(term.shape)
    last = np.where(open_above, low - 1, high)
    for y in range(int(last.max(initial=0)) + 1):
        mass = np.exp(term)
        within += np.where(y >= low, mass, 0.0) * (y <= last)
        below += np.where(y < low, mass, 0.0)
        more = y < last
        ratio = (degree - y) * (a + y) / ((y + 1) * np.where(more, b + degree - y - 1, 1.0))
        term += np.log(np.where(more, ratio, 1.0))
    left = 1 - below
    far = open_above & (below > NEARLY_ALL)
    if far.any():
        left[far] = _tail(np.broadcast_to(low, far.shape)[far], degree[far], a[far], b[far])
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.where(open_above, left, within)))


def _first_term(degree: Array, b: Array, total: Array) -> Array:
    from scipy.special import gammaln

    none = gammaln(b + degree) - gammaln(b) - gammaln(total + degree) + gammaln(total)
    return np.asarray(none)


def _tail(low: Array, degree: Array, a: Array, b: Array) -> Array:
    """Return P(y >= low) by its terms up to the degree, for tails that a complement cannot give."""
    from scipy.special import betaln, gammaln

    choose = gammaln(degree + 1) - gammaln(low + 1) - gammaln(degree - low + 1)
    term = np.exp(choose + betaln(a + low, b + degree - low) - betaln(a, b))
    total, y = term.copy(), low.copy()
    while np.any(term > 1e-12 * total):
        more = y + 1 <= degree
        ratio = (degree - y) * (a + y) / ((y + 1) * np.where(more, b + degree - y - 1, 1.0))
        term = np.where(more, term * ratio, 0.0)
        total += term
        y += 1
    return np.asarray(total)
