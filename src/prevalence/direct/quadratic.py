"""Tail of a weighted sum of chi-squares, over an independent chi-square."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["exact_tail", "saddlepoint_tail"]

Array = NDArray[Any]


def exact_tail(x: float, weights: Array, ddf: float = np.inf) -> float:
    """Return ``P(sum a_i chi2_1 / (chi2_ddf / ddf) > x)`` by inversion of the transform.

    The Bromwich integral of ``exp(K(s)) / s`` runs through the saddlepoint, where it does not
    oscillate, so that small probabilities keep their digits.
    """
    from scipy.integrate import quad
    from scipy.special import chdtrc, fdtrc

    a = weights[weights > 1e-12 * weights.max()]
    if x <= 0:
        return 1.0
    if a.max() - a.min() <= 1e-9 * a.max():  # one chi-square of a.size
        mean = float(a.mean())
        return float(
            chdtrc(a.size, x / mean) if np.isinf(ddf) else fdtrc(a.size, ddf, x / mean / a.size)
        )
    k = _cumulant(x, a, ddf)
    at, side = _saddle(x, a, ddf)
    width = _curvature(at, x, a, ddf) ** -0.5

    def density(u: float) -> float:
        s = at + 1j * u * width
        return float((np.exp(k(s) - k(at + 0j)) / s).real * width)

    ends = [0.0, 2.0, 8.0, 40.0, np.inf]
    parts = [
        quad(density, low, high, epsabs=1e-14, epsrel=1e-10, limit=500)[0]
        for low, high in pairwise(ends)
    ]
    tail = float(np.exp(k(at + 0j).real) * sum(parts) / np.pi)
    return tail if side > 0 else 1 + tail


def _cumulant(x: float, a: Array, ddf: float) -> Any:
    """Return the cumulant function of ``sum a_i chi2_1 - x chi2_ddf / ddf`` for complex s."""

    def k(s: Any) -> Any:
        out = -0.5 * np.log(1 - 2 * a * s).sum()
        return out - s * x if np.isinf(ddf) else out - ddf / 2 * np.log(1 + 2 * x / ddf * s)

    return k


def _slope(s: float, x: float, a: Array, ddf: float) -> float:
    last = x if np.isinf(ddf) else x / (1 + 2 * x / ddf * s)
    return float((a / (1 - 2 * a * s)).sum() - last)


def _curvature(s: float, x: float, a: Array, ddf: float) -> float:
    last = 0.0 if np.isinf(ddf) else 2 * x**2 / ddf / (1 + 2 * x / ddf * s) ** 2
    return float(2 * (a**2 / (1 - 2 * a * s) ** 2).sum() + last)


def _saddle(x: float, a: Array, ddf: float) -> tuple[float, int]:
    """Return a place on the real axis near the saddlepoint, away from the pole at 0, and its side."""
    from scipy.optimize import brentq

    high = 1 / (2 * a.max())
    low = -ddf / (2 * x) if np.isfinite(ddf) else -(a.size + 2.0) / (2 * x) - 1 / a.min()
    inside = 1 - 1e-9
    at = float(brentq(_slope, low * inside, high * inside, args=(x, a, ddf), xtol=1e-14))
    if abs(at) < 0.02 * high:
        at = 0.02 * high if at >= 0 else max(-0.02 * high, low / 2)
    return at, 1 if at > 0 else -1


def saddlepoint_tail(x: float, weights: Array, ddf: float) -> float:
    """Return the same by the saddlepoint approximation (Kuonen 1999, doi:10.1093/biomet/86.4.929).

    As in R, the denominator's chi-square has whole degrees of freedom, rounded down.
    """
    from scipy.optimize import brentq
    from scipy.special import fdtrc, ndtr

    a = weights[weights > 1e-12 * weights.max()]
    if x <= 0:
        return 1.0
    b, whole = x / ddf, float(np.floor(ddf + 1e-6))

    def slope(s: float) -> float:
        return float((a / (1 - 2 * a * s)).sum() - whole * b / (1 + 2 * b * s))

    inside = 1 - 1e-9
    s = float(brentq(slope, -inside / (2 * b), inside / (2 * a.max()), xtol=1e-15, rtol=1e-14))
    if abs(s) * a.max() < 1e-4:  # too near the mean for the formula: Satterthwaite's
        size = float(a.sum() ** 2 / (a**2).sum())
        return float(fdtrc(size, ddf, x / a.sum()))
    cumulant = -0.5 * np.log1p(-2 * a * s).sum() - whole / 2 * np.log1p(2 * b * s)
    curvature = 2 * ((a / (1 - 2 * a * s)) ** 2).sum() + 2 * whole * (b / (1 + 2 * b * s)) ** 2
    w = float(np.sign(s) * np.sqrt(-2 * cumulant))
    v = s * np.sqrt(curvature)
    return float(ndtr(-(w + np.log(v / w) / w)))
