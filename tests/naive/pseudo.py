"""Slow versions: a respondent's likelihood on a fine grid, its derivatives by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[Any]
Law = Callable[[Array, float, float], Any]  # log degrees and two parameters to distributions


def negative_binomial(a: Array, log_share: float, log_excess: float) -> Any:
    mean, v = np.exp(a + log_share), np.exp(log_excess)
    return stats.nbinom(mean / v, 1 / (1 + v))


def log_likelihood(law: Law, theta: Array, low: Array, high: Array, weight: float) -> float:
    """Log of the integral over the degree of one respondent's weighted likelihood, on a fine grid."""
    groups = low.size
    first, second, (mean, log_sd) = theta[:groups], theta[groups : 2 * groups], theta[-2:]
    sd = np.exp(log_sd)
    a = np.linspace(mean - 9 * sd, mean + 9 * sd, 161)
    total = weight * stats.norm(mean, sd).logpdf(a)
    for k in range(groups):
        made = law(a, float(first[k]), float(second[k]))
        above = made.sf(low[k] - 1) if low[k] > 0 else 1.0
        beyond = made.sf(high[k]) if np.isfinite(high[k]) else 0.0
        p = made.pmf(low[k]) if low[k] == high[k] else above - beyond
        total = total + weight * np.log(p)
    return float(np.log(np.exp(total).sum() * (a[1] - a[0])))


def derivatives(
    function: Callable[[Array], float], theta: Array, step: float
) -> tuple[Array, Array]:
    """Gradient and second derivatives by central differences."""
    p = theta.size
    e = np.eye(p) * step
    gradient = np.array([(function(theta + d) - function(theta - d)) / (2 * step) for d in e])
    second = np.empty((p, p))
    for i in range(p):
        for j in range(p):
            second[i, j] = (
                function(theta + e[i] + e[j])
                - function(theta + e[i] - e[j])
                - function(theta - e[i] + e[j])
                + function(theta - e[i] - e[j])
            ) / (4 * step**2)
    return gradient, second


def sandwich(information: Array, score_variance: Array) -> Array:
    """The covariance of the design where the prior adds nothing."""
    inverse = np.linalg.inv(information)
    return np.asarray(inverse @ score_variance @ inverse)


def score_variance(scores: Array, stratum: Array, psu: Array) -> Array:
    """The design variance of the total of scores: deviations of primary units, stratum by stratum."""
    out = np.zeros((scores.shape[1], scores.shape[1]))
    for s in np.unique(stratum):
        units = np.unique(psu[stratum == s])
        totals = np.stack([scores[(stratum == s) & (psu == u)].sum(axis=0) for u in units])
        off = totals - totals.mean(axis=0)
        out += units.size / (units.size - 1) * off.T @ off
    return out
