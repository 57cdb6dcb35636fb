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
FURTHEST = 6.5  # standard deviations of the normal scale: a tail of 4e-11
COARSEST, FINEST = 0.5, 0.06  # steps of the rule
AT_ONCE = 2_000_000  # numbers held in one pass


class Instrument(NamedTuple):
    """Sensitivity and specificity with the people they were found on; infinite if known."""

    sensitivity: Array
    n_sensitivity: Array
    specificity: Array
    n_specificity: Array

    def rows(self, some: Any) -> Instrument:
        """Return the instruments of some rows."""
        return Instrument(*(np.asarray(x)[some] for x in self))


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

    def between(self, low: Array, high: Array) -> Array:
        """Return the probability between two points of a beta, exact in both tails."""
        from scipy.special import betainc

        a, b = self.a[:, None, None], self.b[:, None, None]
        low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
        left = betainc(a, b, low)
        right = betainc(b, a, 1 - low) - betainc(b, a, 1 - high)
        return np.where(left > 0.5, right, betainc(a, b, high) - left)

    @property
    def spread(self) -> Array:
        """Standard deviation."""
        if self.gamma:
            return np.asarray(np.sqrt(self.a) / self.b)
        return np.asarray(np.sqrt(self.a * self.b / (self.a + self.b + 1)) / (self.a + self.b))


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
    return np.asarray(np.clip(np.stack([g + shift - half, g + shift + half], axis=-1), 0.0, 1.0))


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
    """Return the quantiles of the true share, some rows at a time.

    `more_f` and `more_h` are added to the counts of false positives and of others cleared, of cases
    found and of those missed.
    """
    z_f, z_h = _points(law, of)
    step = max(1, AT_ONCE // (z_f.size * z_h.size))
    out = np.empty(law.a.size)
    for start in range(0, out.size, step):
        some = slice(start, start + step)
        part = of.rows(some)
        f = _at(1 - part.specificity, part.n_specificity, more_f, z_f)[:, :, None]
        h = _at(part.sensitivity, part.n_sensitivity, more_h, z_h)[:, None, :]
        weight = _weights(z_f)[:, None] * _weights(z_h)
        found = curve(Law(law.a[some], law.b[some], law.gamma), f, h, weight)
        out[some] = _root(found, tail, f.shape[0])
    return out


def _points(law: Law, of: Instrument) -> tuple[Array, Array]:
    """Return the points of the normal scale for f and for h, one where it is known.

    What is integrated rises within ``r = sd(p) / sd(f)`` standard deviations, and the rule's error
    is about ``exp(-2 pi^2 r^2 / ((1 + r^2) step^2))``.
    """
    spread = law.spread
    known = np.where(spread > 0, spread, np.inf)
    wide_f, wide_h = (
        np.sqrt((s * (1 - s) + 1 / m) / m)
        for s, n in ((of.specificity, of.n_specificity), (of.sensitivity, of.n_sensitivity))
        for m in (np.where(np.isinf(n), 1e300, n + 2),)
    )
    p = law.a / (law.b if law.gamma else law.a + law.b)
    g = np.clip(corrected(p, of.sensitivity, of.specificity), 0.0, 1.0)
    shift = np.minimum(g + 4 * np.hypot(spread, wide_f) / (of.sensitivity + of.specificity - 1), 1)
    return tuple(_scale(known, wide) for wide in (wide_f, shift * wide_h))  # type: ignore[return-value]  # two of them


def _scale(spread: Array, wide: Array) -> Array:
    if not (wide > 1e-100).any():
        return np.zeros(1)
    with np.errstate(all="ignore"):
        r = np.nanmin(np.where(wide > 0, spread / wide, np.inf))
    step = np.clip(1.2 * (r / np.sqrt(1 + r**2) if np.isfinite(r) else 1.0), FINEST, COARSEST)
    half = int(np.ceil(FURTHEST / step))
    return np.linspace(-FURTHEST, FURTHEST, 2 * half + 1)


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
    whole = (law.between(f, f + width) / width * weight).sum(axis=(1, 2))
    whole = np.where(whole > 0, whole, 1.0)

    def curve(t: Array) -> tuple[Array, Array]:
        point = f + t[:, None, None] * width
        below = (law.between(f, point) / width * weight).sum(axis=(1, 2)) / whole
        return below, (law.below(point)[1] * weight).sum(axis=(1, 2)) / whole

    return curve


def _root(curve: Curve, tail: float, rows: int) -> Array:
    """Return where a distribution function on 0 to 1 reaches `tail`: Newton within a bracket."""
    low, high = np.zeros(rows), np.ones(rows)
    at_zero, at_one = (curve(end)[0] for end in (low, high))
    t = np.full(rows, 0.05)
    for _ in range(100):
        found, slope = curve(t)
        short = found < tail
        low, high = np.where(short, t, low), np.where(short, high, t)
        with np.errstate(all="ignore"):
            step = t - (found - tail) / slope
        inside = (step > low) & (step < high)
        new = np.where(inside, step, (low + high) / 2)
        moved = np.abs(new - t).max(initial=0.0)
        t = new
        if moved < 1e-13:
            break
    return np.where(at_zero >= tail, 0.0, np.where(at_one < tail, 1.0, t))
