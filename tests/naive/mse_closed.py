"""Slow, obvious versions of the closed-population models: one table at a time."""

from __future__ import annotations

from math import comb, exp, lgamma, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq, minimize, minimize_scalar

Array = NDArray[Any]


def columns_of(histories: Array, model: str, heterogeneity: str | None) -> Array:
    """Design of M0, Mt, Mh, Mth, written out cell by cell."""
    lists = histories.shape[1]
    rows = []
    for history in histories:
        k = int(history.sum())
        row = [1.0, *([float(x) for x in history] if "t" in model else [float(k)])]
        if heterogeneity == "chao":
            row += [float(max(k - j + 1, 0)) for j in range(3, lists + 1)]
        elif heterogeneity == "poisson":
            row.append(2.0**k - 1)
        elif heterogeneity == "darroch":
            row.append(k * k / 2)
        elif heterogeneity == "gamma":
            row.append(log(3.5) - log(3.5 + k))
        rows.append(row)
    return np.array(rows)


def glm(design: Array, counts: Array) -> tuple[Array, Array]:
    """Iteratively reweighted least squares: coefficients and their covariance."""
    means, before = counts + 0.1, np.inf
    beta = np.zeros(design.shape[1])
    for _ in range(200):
        scale = np.sqrt(means)
        working = np.log(means) + (counts - means) / means
        beta = np.linalg.lstsq(design * scale[:, None], working * scale, rcond=None)[0]
        means = np.exp(design @ beta)
        if np.abs(beta - before).max() < 1e-13:
            break
        before = beta
    return beta, np.linalg.inv(design.T @ (means[:, None] * design))


def total(design: Array, counts: Array) -> tuple[float, float]:
    beta, covariance = glm(design, counts)
    dark = exp(beta[0])
    return counts.sum() + dark, sqrt(dark + dark**2 * covariance[0, 0])


def bounded(design: Array, counts: Array, floored: Array) -> float:
    """Total with the coefficients `floored` at least 0, by trying every set of those at 0."""
    best = (-np.inf, np.nan)
    places = np.flatnonzero(floored)
    for code in range(2**places.size):
        out = [place for bit, place in enumerate(places) if code >> bit & 1]
        use = [j for j in range(design.shape[1]) if j not in out]
        with np.errstate(all="ignore"):
            try:
                beta, _ = glm(design[:, use], counts)
            except np.linalg.LinAlgError:
                continue
        full = np.zeros(design.shape[1])
        full[use] = beta
        value = float(counts @ (design @ full) - np.exp(design @ full).sum())
        if (full[places] >= 0).all() and value > best[0]:
            best = value, counts.sum() + exp(full[0])
    return best[1]


def removal(firsts: Array) -> float:
    """Total from first captures ``u`` that fall by a factor: the truncated geometric law.

    The chance ``p`` maximises ``sum u_i log(p q^i / (1 - q^T))``.
    """
    runs, seen = len(firsts), firsts.sum()

    def loss(p: float) -> float:
        q = 1 - p
        value = sum(u * (log(p) + i * log(q)) for i, u in enumerate(firsts))
        return float(seen * log(1 - q**runs) - value)

    p = minimize_scalar(loss, bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-12}).x
    return float(seen / (1 - (1 - p) ** runs))


def profile(design: Array, counts: Array, dark: float) -> float:
    """Multinomial log-likelihood with `dark` persons in the empty history, the rest refitted."""
    empty = np.eye(1, design.shape[1])
    x, y = np.vstack([empty, design]), np.append(dark, counts)
    beta, _ = glm(x, y)
    share = np.exp(x @ beta) / y.sum()
    return float(lgamma(y.sum() + 1) - lgamma(dark + 1) + y @ np.log(share))


def profile_limits(design: Array, counts: Array, fall: float) -> tuple[float, float, float]:
    """Total at the maximum and where the profile has fallen by `fall` on either side."""
    begin = exp(glm(design, counts)[0][0])
    top = minimize_scalar(
        lambda x: -profile(design, counts, exp(x)),
        bracket=(log(begin) - 0.1, log(begin) + 0.1),
        tol=1e-10,
    )

    def over(x: float) -> float:
        return -top.fun - profile(design, counts, exp(x)) - fall

    low = brentq(over, top.x - 3, top.x, xtol=1e-12)
    high = brentq(over, top.x, top.x + 3, xtol=1e-12)
    seen = float(counts.sum())
    return seen + exp(top.x), seen + exp(low), seen + exp(high)


def normal_probability(captures: int, lists: int, odds: float, spread: float) -> float:
    """Probability of one history with so many captures, by adaptive integration over the normal."""

    def at(z: float) -> float:
        p = 1 / (1 + exp(-(odds + spread * z)))
        return p**captures * (1 - p) ** (lists - captures) * exp(-z * z / 2) / sqrt(2 * np.pi)

    return float(quad(at, -12, 12, epsabs=1e-14, epsrel=1e-10)[0])


def normal_total(frequencies: Array) -> tuple[float, float]:
    """Total and variance of log odds that maximise the likelihood of the capture frequencies."""
    lists = len(frequencies)

    def chances(theta: Array) -> list[float]:
        return [
            comb(lists, k) * normal_probability(k, lists, theta[0], exp(theta[1]))
            for k in range(lists + 1)
        ]

    def loss(theta: Array) -> float:
        p = chances(theta)
        return -float(sum(f * log(p[k] / (1 - p[0])) for k, f in enumerate(frequencies, start=1)))

    found = minimize(
        loss, [-2.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10}
    )
    return float(frequencies.sum() / (1 - chances(found.x)[0])), float(exp(2 * found.x[1]))


def inflated(frequencies: Array, mechanism: str) -> float:
    """Total under a one-inflated binomial law, both of its parameters by direct maximisation."""
    lists = len(frequencies)

    def law(theta: Array) -> tuple[list[float], float]:
        p, share = (1 / (1 + exp(-x)) for x in theta)
        return [comb(lists, k) * p**k * (1 - p) ** (lists - k) for k in range(lists + 1)], share

    def seen(theta: Array) -> tuple[list[float], float]:
        chance, share = law(theta)
        if mechanism == "before":
            mixed = [(1 - share) * c for c in chance]
            mixed[1] += share
            return [m / (1 - mixed[0]) for m in mixed[1:]], mixed[0]
        inner = [(1 - share) * c / (1 - chance[0]) for c in chance[1:]]
        inner[0] += share
        return inner, chance[0]

    def loss(theta: Array) -> float:
        return -float(sum(f * log(q) for f, q in zip(frequencies, seen(theta)[0], strict=True)))

    found = minimize(
        loss, [-1.5, -1.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-11}
    )
    return float(frequencies.sum() / (1 - seen(found.x)[1]))


def highest_order(histories: Array, counts: Array) -> float:
    """Product of cells with an odd number of captures over that of cells with an even one."""
    out = 1.0
    for history, count in zip(histories, counts, strict=True):
        out *= count if history.sum() % 2 else 1 / count
    return out
