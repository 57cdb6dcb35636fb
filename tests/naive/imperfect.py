"""Limits of a share under an instrument that errs, one row at a time, as their definitions say."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, gamma

Array = NDArray[np.float64]
POINTS = 100  # equal-probability points of each of the three shares


def middles(count: int = POINTS) -> Array:
    return (np.arange(count) + 0.5) / count


def points_of(a: float, b: float, count: int = POINTS) -> Array:
    """Return equal-probability points of a beta, all 0 or 1 where one parameter is 0."""
    if a <= 0 or b <= 0:
        return np.full(count, float(a > 0))
    return np.asarray(beta.ppf(middles(count), a, b))


def share(p: Array, f: Array, h: Array) -> Array:
    """Return (p - f) / (h - f), 0 for p below f and 1 for p above h, of all triples."""
    p, f, h = p[:, None, None], f[None, :, None], h[None, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        g = (p - f) / (h - f)
    g = np.where(h > f, np.clip(g, 0, 1), (p > f).astype(float))
    return g.ravel()


def quantile(p: Array, f: Array, h: Array, tail: float) -> float:
    return float(np.quantile(share(p, f, h), tail))


def auto(
    e: float, p: float, cases: tuple[int, int], others: tuple[int, int], level: float, c: float
) -> tuple[float, float]:
    """Return central limits with three betas of prior c; `cases` and `others` are right, tested."""
    of_p = points_of(e * p + c, e * (1 - p) + c)
    f = points_of(others[1] - others[0] + c, others[0] + c)
    h = points_of(cases[0] + c, cases[1] - cases[0] + c)
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = (quantile(of_p, f, h, tail) for tail in tails)
    return low, high


def melding(
    e: float, p: float, cases: tuple[int, int], others: tuple[int, int], level: float, poisson: bool
) -> tuple[float, float]:
    """Return Bayer, Fay and Graubard's limits."""
    x, wrong, found = e * p, others[1] - others[0], cases[0]
    if poisson:
        low_p = gamma.ppf(middles(), x, scale=1 / e) if x else np.zeros(POINTS)
        high_p = gamma.ppf(middles(), x + 1, scale=1 / e)
    else:
        low_p, high_p = points_of(x, e - x + 1), points_of(x + 1, e - x)
    low = quantile(
        low_p,
        points_of(wrong + 1, others[0]),
        points_of(found + 1, cases[1] - found),
        (1 - level) / 2,
    )
    high = quantile(
        high_p,
        points_of(wrong, others[0] + 1),
        points_of(found, cases[1] - found + 1),
        (1 + level) / 2,
    )
    return low, high


def posterior(
    k: int,
    n: int,
    cases: tuple[int, int],
    others: tuple[int, int],
    tails: tuple[float, ...],
    counts: tuple[int, int] = (POINTS, POINTS),
) -> tuple[list[float], float]:
    """Return quantiles and the mean of the posterior: a grid of the share, uniform priors."""
    h = points_of(cases[0] + 1, cases[1] - cases[0] + 1, counts[0])[:, None]
    f = points_of(others[1] - others[0] + 1, others[0] + 1, counts[1])[None, :]
    top = max(8 * math.sqrt((k + 1) / n**2) + 2 * k / n, 0.02)
    grid = np.linspace(0, min(top, 1.0), 3_001)
    density = np.empty(grid.size)
    for i, g in enumerate(grid):
        q = g * h + (1 - g) * f
        density[i] = np.mean(np.exp(k * np.log(q * n / (k + 1)) + (n - k) * np.log1p(-q)))
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    mass /= mass[-1]
    mean = float(np.average(grid, weights=density))
    return [float(np.interp(tail, mass, grid)) for tail in tails], mean


def lang_reiczigel(
    p: float, n: float, cases: tuple[int, int], others: tuple[int, int], z: float
) -> tuple[float, float]:
    """Return Lang and Reiczigel's limits, equation by equation."""
    n_ = n + z * z
    p_ = (n * p + z * z / 2) / n_
    n_se, n_sp = cases[1] + 2, others[1] + 2
    se, sp = (cases[0] + 1) / n_se, (others[0] + 1) / n_sp
    g = (p_ + sp - 1) / (se + sp - 1)
    d = 2 * z * z * (g * se * (1 - se) / n_se - (1 - g) * sp * (1 - sp) / n_sp)
    v = p_ * (1 - p_) / n_ + g**2 * se * (1 - se) / n_se + (1 - g) ** 2 * sp * (1 - sp) / n_sp
    half = z * math.sqrt(v) / (se + sp - 1)
    return max(g + d - half, 0.0), min(g + d + half, 1.0)


def below_zero(
    k: int, n: int, cases: tuple[int, int], others: tuple[int, int], level: float, c: float
) -> float:
    """Return the upper limit of a share more likely below 0: between the quantile and the posterior's."""
    p = points_of(k + c, n - k + c)
    f = points_of(others[1] - others[0] + c, others[0] + c)
    h = points_of(cases[0] + c, cases[1] - cases[0] + c)
    g, tail = share(p, f, h), (1 + level) / 2
    moved = (float(np.mean(g == 0)) - 0.5) / (tail - 0.5)
    (high,), _ = posterior(k, n, cases, others, (tail,), (10, 2_000))  # far in the tail of f
    own = float(np.quantile(g, tail))
    return own + min(max(moved, 0.0), 1.0) * max(high - own, 0.0)
