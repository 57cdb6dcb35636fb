"""Shares under an instrument that errs: limits of (p - f) / (h - f), by quadrature and formula.

Throughout, p is the share that the instrument calls cases, ``h`` its sensitivity, ``f`` one minus
its specificity, and the true share ``g = (p - f) / (h - f)``, 0 for p below f and 1 for p above h.
Each of the three has a distribution: g's is their integral. Over h and f it is a trapezoidal rule on
the normal scale, whose error falls exponentially; over p it is exact. Arrays have one entry per row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Instrument", "Law", "bayes", "corrected", "lang_reiczigel", "limits", "melding"]

Array = NDArray[Any]
Curve = Callable[[Array], tuple[Array, Array]]  # a distribution function and its slope
FURTHEST = 5.2  # standard deviations of the normal scale: a tail of 1e-7
COARSEST, MOST_HALVINGS = 0.9, 4  # steps of the rule
ZERO = np.zeros(1)
CLOSE = 1e-9  # of a limit
AT_ONCE = 2_000_000  # numbers held in one pass


class Instrument(NamedTuple):
    """Sensitivity and specificity with the people they were found on; infinite if known."""

    sensitivity: Array
    n_sensitivity: Array
    specificity: Array
    n_specificity: Array


class Law(NamedTuple):
    """Distribution of the apparent share: a beta (a, b), or a gamma of shape a and rate b."""

    a: Array
    b: Array
    gamma: bool = False

    def below(self, x: Array) -> tuple[Array, Array]:
        """Return the distribution function and the density at x; a or b of 0 is a point."""
        from scipy.special import betainc, betaln, gammainc, gammaln, xlog1py, xlogy

        a, b = (np.where(c > 0, c, 1.0)[:, None, None] for c in (self.a, self.b))
        with np.errstate(divide="ignore"):
            if self.gamma:
                below = gammainc(a, b * x)
                slope = np.exp(xlogy(a, b) + xlogy(a - 1, x) - b * x - gammaln(a))
            else:
                x = np.clip(x, 0.0, 1.0)
                below = betainc(a, b, x)
                slope = np.exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))
        nothing, all_ = (c[:, None, None] <= 0 for c in (self.a, self.b))
        below = np.where(nothing, 1.0, np.where(all_, x >= 1, below))
        return below, np.where(nothing | all_ | ~np.isfinite(slope), 0.0, slope)

    def from_(self, low: Array) -> Callable[[Array], Array]:
        """Return the probability of a beta from a point on, to as many digits in either tail."""
        from scipy.special import betainc

        a, b = self.a[:, None, None], self.b[:, None, None]
        low = np.clip(low, 0.0, 1.0)
        left, right = betainc(a, b, low), betainc(b, a, 1 - low)
        upper = left > 0.5
        a, b = np.where(upper, b, a), np.where(upper, a, b)
        start = np.where(upper, -right, left)

        def until(high: Array) -> Array:
            high = np.clip(high, 0.0, 1.0)
            found = betainc(a, b, np.where(upper, 1 - high, high))
            return np.asarray(np.where(upper, -found, found) - start)

        return until

    @property
    def spread(self) -> Array:
        """Standard deviation."""
        if self.gamma:
            return np.asarray(np.sqrt(self.a) / self.b)
        total = self.a + self.b
        return np.asarray(np.sqrt(self.a * self.b / (total + 1)) / total)


def corrected(p: Array, sensitivity: Array, specificity: Array) -> Array:
    """Return Rogan and Gladen's share, which may lie outside of 0 to 1."""
    return np.asarray((p + specificity - 1) / (sensitivity + specificity - 1))


def limits(law: Law, of: Instrument, level: float, *, prior: float) -> Array:
    """Return the central limits of g, all three distributions betas of one prior parameter."""
    tails = ((1 - level) / 2, (1 + level) / 2)
    both = [_solved(law, of, tail, (prior, prior), (prior, prior), _share) for tail in tails]
    return np.stack(both, axis=-1)


def melding(low: Law, high: Law, of: Instrument, level: float) -> Array:
    """Return the limits of Bayer, Fay and Graubard (2023) from the two laws of the apparent share.

    Each limit takes, of the three shares, those Clopper-Pearson distributions that move it outwards.
    """
    tails = ((1 - level) / 2, (1 + level) / 2)
    below = _solved(low, of, tails[0], (1.0, 0.0), (1.0, 0.0), _share)
    above = _solved(high, of, tails[1], (0.0, 1.0), (0.0, 1.0), _share)
    return np.stack([below, above], axis=-1)


def bayes(law: Law, of: Instrument, level: float) -> Array:
    """Return central limits of the posterior of the share, uniform priors on all three."""
    tails = ((1 - level) / 2, (1 + level) / 2)
    both = [_solved(law, of, tail, (1.0, 1.0), (1.0, 1.0), _posterior) for tail in tails]
    return np.stack(both, axis=-1)


def lang_reiczigel(p: Array, n: Array, of: Instrument, z: Array) -> Array:
    """Return the limits of Lang and Reiczigel (2014), cut to 0 and 1; z is the normal quantile."""
    p_ = (n * p + z**2 / 2) / (n + z**2)
    se, per_se = _one_more(of.sensitivity, of.n_sensitivity)
    sp, per_sp = _one_more(of.specificity, of.n_specificity)
    g = corrected(p_, se, sp)
    of_se, of_sp = se * (1 - se) * per_se, sp * (1 - sp) * per_sp
    shift = 2 * z**2 * (g * of_se - (1 - g) * of_sp)
    variance = p_ * (1 - p_) / (n + z**2) + g**2 * of_se + (1 - g) ** 2 * of_sp
    half = z * np.sqrt(variance) / (se + sp - 1)
    both = np.stack([g + shift - half, g + shift + half], axis=-1)
    return np.asarray(np.clip(both, 0.0, 1.0))


def _one_more(share: Array, n: Array) -> tuple[Array, Array]:
    """Return a share with one more right and one more wrong, and one over its sample."""
    known = np.isinf(n)
    m = np.where(known, 1.0, n)
    return np.where(known, share, (m * share + 1) / (m + 2)), np.where(known, 0.0, 1 / (m + 2))


# ---------------------------------------------------------------------- quadrature
def _solved(
    law: Law,
    of: Instrument,
    tail: float,
    more_f: tuple[float, float],
    more_h: tuple[float, float],
    curve: Callable[..., Curve],
) -> Array:
    """Return the quantiles of the true share, rows with as many points together.

    `more_f` and `more_h` are added to the counts of false positives and of others cleared, of cases
    found and of those missed.
    """
    points, guess = _points(law, of, tail)
    out = np.empty(law.a.size)
    for pair in np.unique(points, axis=0):
        z_f, z_h = (
            np.linspace(-FURTHEST, FURTHEST, count) if count > 1 else ZERO for count in pair
        )
        weight = _weights(z_f)[:, None] * _weights(z_h)
        rows = np.flatnonzero((points == pair).all(axis=1))
        for some in np.array_split(rows, 1 + rows.size * weight.size // AT_ONCE):
            se, n_se, sp, n_sp = (np.asarray(x)[some] for x in of)
            f = _at(1 - sp, n_sp, more_f, z_f)[:, :, None]
            h = _at(se, n_se, more_h, z_h)[:, None, :]
            found = curve(Law(law.a[some], law.b[some], law.gamma), f, h, weight)
            out[some] = _root(found, tail, guess[some])
    return out


def _points(law: Law, of: Instrument, tail: float) -> tuple[Array, Array]:
    """Return how many points each row has for f and for h (1 if known), and a first guess.

    What is integrated rises within ``r = sd(p) / sd(f)`` standard deviations, and the rule's error
    is about ``exp(-2 pi^2 r^2 / ((1 + r^2) step^2))``.
    """
    from scipy.special import ndtri

    spread, j = law.spread, of.sensitivity + of.specificity - 1
    wide_f, wide_h = (
        _wide(of.specificity, of.n_specificity),
        _wide(of.sensitivity, of.n_sensitivity),
    )
    p = law.a / (law.b if law.gamma else law.a + law.b)
    g = np.clip(corrected(p, of.sensitivity, of.specificity), 0.0, 1.0)
    error = np.sqrt(spread**2 + ((1 - g) * wide_f) ** 2 + (g * wide_h) ** 2) / j
    moved = np.minimum(g + 4 * error, 1.0) * wide_h
    points = np.stack([_count(spread, wide_f), _count(spread, moved)], axis=-1)
    return points, g + ndtri(tail) * error


def _wide(share: Array, n: Array) -> Array:
    """Return a standard deviation that is not 0 for a share of 0 or 1; 0 for one that is known."""
    known = np.isinf(n)
    m = np.where(known, 1.0, n) + 2
    return np.where(known, 0.0, np.sqrt((share * (1 - share) + 1 / m) / m))


def _count(spread: Array, wide: Array) -> Array:
    """Return the odd number of points: steps of COARSEST halved as often as the rise needs."""
    with np.errstate(all="ignore"):
        r = np.where(wide > 0, spread / wide, np.inf)
        need = COARSEST / np.where(r < np.inf, 1.2 * r / np.sqrt(1 + r**2), np.inf)
    halvings = np.clip(np.ceil(2 * np.log2(np.maximum(need, 1.0))) / 2, 0, MOST_HALVINGS)
    half = np.ceil(FURTHEST / COARSEST * 2**halvings).astype(int)
    return np.where(wide > 0, 2 * half + 1, 1)


def _weights(z: Array) -> Array:
    density = np.exp(-0.5 * z**2)
    return np.asarray(density / density.sum())


def _at(share: Array, n: Array, more: tuple[float, float], z: Array) -> Array:
    """Return a beta share (rows, points) at points of the normal scale."""
    from scipy.special import betaincinv, ndtr

    known = np.isinf(n)
    m = np.where(known, 1.0, n)
    a, b = m * share + more[0], m * (1 - share) + more[1]
    some = ~known & (a > 0) & (b > 0)
    out = np.repeat(np.where(known, share, np.where(a > 0, 1.0, 0.0))[:, None], z.size, axis=1)
    if some.any():
        out[some] = betaincinv(a[some, None], b[some, None], ndtr(z))
    return out


def _share(law: Law, f: Array, h: Array, weight: Array) -> Curve:
    """Return the distribution of g as a function of the true share."""
    width = np.maximum(h - f, 0.0)

    def curve(t: Array) -> tuple[Array, Array]:
        below, slope = law.below(f + t[:, None, None] * width)
        return (below * weight).sum(axis=(1, 2)), (slope * width * weight).sum(axis=(1, 2))

    return curve


def _posterior(law: Law, f: Array, h: Array, weight: Array) -> Curve:
    """Return the posterior of the true share: its likelihood is integrated in closed form."""
    width = h - f
    width = np.where(np.abs(width) < 1e-9, 1e-9, width)
    until = law.from_(np.broadcast_to(f, width.shape))
    whole = (until(f + width) / width * weight).sum(axis=(1, 2))
    whole = np.where(whole > 0, whole, 1.0)

    def curve(t: Array) -> tuple[Array, Array]:
        point = f + t[:, None, None] * width
        below = (until(point) / width * weight).sum(axis=(1, 2)) / whole
        return below, (law.below(point)[1] * weight).sum(axis=(1, 2)) / whole

    return curve


def _root(curve: Curve, tail: float, start: Array) -> Array:
    """Return where a distribution function on 0 to 1 reaches `tail`.

    Newton's steps within a bracket, on the normal scale, on which the function is nearly straight.
    """
    from scipy.special import ndtri

    low, high = np.zeros(start.size), np.ones(start.size)
    at_zero, at_one = (curve(end)[0] for end in (low, high))
    t = np.clip(start, 0.001, 0.999)
    for _ in range(100):
        found, slope = curve(t)
        short = found < tail
        low, high = np.where(short, t, low), np.where(short, high, t)
        z = ndtri(np.clip(found, 1e-300, 1 - 1e-16))
        with np.errstate(all="ignore"):
            step = t - (z - ndtri(tail)) * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) / slope
        inside = (step >= low) & (step <= high)
        new = np.where(inside, step, (low + high) / 2)
        settled = (np.abs(new - t) < CLOSE * (new + 1e-3)) | (at_zero >= tail) | (at_one < tail)
        t = new
        if settled.all():
            break
    return np.where(at_zero >= tail, 0.0, np.where(at_one < tail, 1.0, t))
