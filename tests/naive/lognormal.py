"""Slow, obvious Poisson-lognormal model: its log posterior one answer at a time, and draws from its prior."""

from __future__ import annotations

from math import exp, inf, isinf, lgamma, log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def log_poisson(count: float, rate: float) -> float:
    return count * log(rate) - rate - lgamma(count + 1)


def log_answer(low: float, high: float, log_rate: float) -> float:
    """Log probability of an answer between low and high, count by count."""
    rate = exp(log_rate)
    if isinf(high):
        below = sum(exp(log_poisson(y, rate)) for y in range(int(low)))
        return log(1 - below)
    return log(sum(exp(log_poisson(y, rate)) for y in range(int(low), int(high) + 1)))


def log_normal(x: Array, mean: Array, covariance: Array) -> float:
    residual = x - mean
    form = float(residual @ np.linalg.solve(covariance, residual))
    return -(form + float(np.linalg.slogdet(2 * pi * covariance)[1])) / 2


def correlation(partial: Array) -> Array:
    """Correlation matrix of partial correlations given row by row (lower triangle), by its factor."""
    groups = partial.shape[0]
    factor = np.zeros((groups, groups))
    for i in range(groups):
        left = 1.0
        for j in range(i):
            factor[i, j] = partial[i, j] * left**0.5
            left -= factor[i, j] ** 2
        factor[i, i] = left**0.5
    return factor @ factor.T


def log_half_cauchy(x: float, scale: float) -> float:
    return log(2 / (pi * scale * (1 + (x / scale) ** 2))) if x > 0 else -inf


def log_posterior(where: dict[str, Any], data: dict[str, Any], **priors: float) -> float:
    """Log density of (eta, delta, rho, alpha, beta, tau, Omega, sigma_delta, mu, sigma), one by one.

    `where` holds the log rates `eta` in place of the errors b, and `Omega` as a matrix; its prior is
    that on matrices, ``|Omega|^(shape - 1)``.
    """
    total = 0.0
    tau, rho, omega = where["tau"], where["rho"], where["omega"]
    variance = np.array([log(1 + t**2) for t in tau])
    covariance = np.outer(variance**0.5, variance**0.5) * omega
    n, groups = data["low"].shape
    for i in range(n):
        row = 0.0
        mean = np.empty(groups)
        for k in range(groups):
            mean[k] = where["delta"][i] + rho[k] - variance[k] / 2
            mean[k] += data["x"][i, k] * where["alpha"][k]
            mean[k] += float(data["z"][i] @ where["beta"])
            if not (data["low"][i, k] == 0 and isinf(data["high"][i, k])):
                row += log_answer(data["low"][i, k], data["high"][i, k], where["eta"][i, k])
        row += log_normal(where["eta"][i], mean, covariance)
        row += log_normal(
            where["delta"][i : i + 1], np.zeros(1), np.eye(1) * where["sigma_delta"] ** 2
        )
        total += data["w"][i] * row
    for k in range(groups):
        total += log_half_cauchy(tau[k], priors["bias_scale"])
        total -= (rho[k] - where["mu"]) ** 2 / (2 * where["sigma"] ** 2) + log(where["sigma"])
        total -= where["alpha"][k] ** 2 / (2 * priors["slope_sd"] ** 2)
    total -= float(where["beta"] @ where["beta"]) / (2 * priors["slope_sd"] ** 2)
    total += log_half_cauchy(where["sigma_delta"], priors["degree_scale"])
    return total + (priors["correlation_shape"] - 1) * float(np.linalg.slogdet(omega)[1])
