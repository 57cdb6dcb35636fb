"""Intervals of one proportion at a time, written as their definitions; limits by bisection."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import beta, binom, t


def root(f: Callable[[float], float], low: float, high: float) -> float:
    """Return where f, which changes its sign once between low and high, is 0."""
    below = f(low) > 0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (f(middle) > 0) == below else (low, middle)
    return (low + high) / 2


def deviance(p: float, q: float, n: float) -> float:
    """Return twice the log-likelihood lost by taking q for p."""
    case = p * math.log(p / q) if p > 0 else 0.0
    none = (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0
    return 2 * n * (case + none)


def likelihood(p: float, n: float, deff: float, df: float, level: float) -> tuple[float, float]:
    """Return where the deviance over the design effect is the squared Student quantile."""
    e, bound = n / deff * (n - 1) / n, t.ppf((1 + level) / 2, df) ** 2
    low = root(lambda q: deviance(p, q, e) - bound, 1e-300, p) if p > 0 else 0.0
    high = root(lambda q: deviance(p, q, e) - bound, p, 1 - 1e-16) if p < 1 else 1.0
    return low, high


def score(p: float, e: float, df: float, level: float) -> tuple[float, float]:
    """Return the shares q that a score test of p, with variance q (1 - q) / e, does not reject."""
    bound = t.ppf((1 + level) / 2, df)

    def away(q: float) -> float:
        return (p - q) ** 2 * e - bound**2 * q * (1 - q)

    low = root(away, 0.0, p) if p > 0 else 0.0
    high = root(away, max(p, 1e-12), 1.0) if p < 1 else 1.0
    return low, high


def clopper_pearson(k: int, n: int, level: float) -> tuple[float, float]:
    """Return the shares under which k or more, and k or fewer, cases have the tail's probability."""
    tail = (1 - level) / 2
    low = root(lambda q: binom.sf(k - 1, n, q) - tail, 0.0, 1.0) if k > 0 else 0.0
    high = root(lambda q: binom.cdf(k, n, q) - tail, 0.0, 1.0) if k < n else 1.0
    return low, high


def design_effect_of(icc: float, weights: np.ndarray, cluster: np.ndarray) -> float:
    """Return n V / (p (1 - p)) when rows of one cluster correlate by icc, pair by pair."""
    total = 0.0
    for i, w in enumerate(weights):
        for j, v in enumerate(weights):
            same = 1.0 if i == j else icc if cluster[i] == cluster[j] else 0.0
            total += w * v * same
    return float(weights.size * total / weights.sum() ** 2)


def beta_posterior(k: float, n: float, prior: float, level: float) -> tuple[float, float]:
    """Return the central interval of a beta posterior that encloses k / n."""
    tail = (1 - level) / 2
    low, high = (beta.ppf(x, k + prior, n - k + prior) for x in (tail, 1 - tail))
    return min(float(low), k / n), max(float(high), k / n)
