"""What the sampler of the Poisson-lognormal model works on: priors, answers, and where the chains are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from . import lkj

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Priors:
    """Priors of the Poisson-lognormal model; the defaults are those of the programs without covariates.

    Parameters
    ----------
    level_sd : float
        Standard deviation of the normal prior of ``mu_rho``; infinite for a flat one.
    spread_scale : float
        Scale of the half-Cauchy prior of ``sigma_rho``; infinite for a flat one.
    degree_scale, bias_scale : float
        Scales of the half-Cauchy priors of ``sigma_delta`` and of each ``tau_N``.
    slope_sd : float
        Standard deviation of the normal priors of the slopes.
    correlation_shape : float
        Shape of the LKJ prior; 1 is uniform over correlation matrices.
    level_bounds, spread_bounds, degree_bounds, bias_bounds : tuple of float
        Limits of ``mu_rho``, ``sigma_rho``, ``sigma_delta`` and ``tau_N``.

    Examples
    --------
    >>> from prevalence.nsum.models.lognormal import Priors
    >>> Priors(level_sd=10, spread_scale=2.5).correlation_shape  # those with covariates
    2.0
    """

    level_sd: float = np.inf
    spread_scale: float = np.inf
    degree_scale: float = 2.5
    bias_scale: float = 2.5
    slope_sd: float = 10.0
    correlation_shape: float = 2.0
    level_bounds: tuple[float, float] = (-np.inf, np.inf)
    spread_bounds: tuple[float, float] = (0.0, np.inf)
    degree_bounds: tuple[float, float] = (0.0, np.inf)
    bias_bounds: tuple[float, float] = (0.0, np.inf)


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Answers (chains or 1, n, K), their weights (n,), and covariates about their weighted means."""

    count: Array  # 0 where the answer is missing or an interval
    exact: Array  # 1 for counts, 0 for missing and intervals
    rows: NDArray[np.intp]  # of the intervals
    columns: NDArray[np.intp]
    low: Array  # (chains or 1, intervals)
    high: Array
    weights: Array
    group_covariates: Array  # (n, K, q), the first of them 1
    covariates: Array  # (n, p)

    @cached_property
    def complete(self) -> bool:
        """Whether every answer is a count."""
        return bool(self.exact.all())

    def log_likelihood(self, eta: Array) -> Array:
        """Return the log likelihood of every cell, up to a constant, 0 for missing answers."""
        result = self.count * eta
        rate = np.exp(eta)
        result -= rate if self.complete else self.exact * rate
        if self.rows.size:
            rate = np.exp(eta[:, self.rows, self.columns])
            result[:, self.rows, self.columns] = interval_mass(self.low, self.high, rate)
        return np.asarray(result)

    def slope(self, eta: Array) -> Array:
        """Return the derivative of the log likelihood of every cell."""
        result = self.count - self.exact * np.exp(eta)
        if self.rows.size:
            log_rate = eta[:, self.rows, self.columns]
            mass = interval_mass(self.low, self.high, np.exp(log_rate))
            result[:, self.rows, self.columns] = interval_slope(self.low, self.high, log_rate, mass)
        return np.asarray(result)


def interval_slope(low: Array, high: Array, log_rate: Array, mass: Array) -> Array:
    """Return the derivative of `interval_mass` by the log rate."""
    from scipy.special import gammaln

    def term(count: Array) -> Array:  # count p(count) / mass
        least = np.maximum(count, 1.0)
        logs = least * log_rate - np.exp(log_rate) - gammaln(least) - mass
        return np.where(count > 0, np.exp(logs), 0.0)

    return np.asarray(
        term(low) - np.where(np.isinf(high), 0, term(np.where(np.isinf(high), 0, high + 1)))
    )


def interval_mass(low: Array, high: Array, rate: Array) -> Array:
    """Return ``log P(low <= Y <= high)`` of a Poisson variable, from the tail that keeps digits."""
    from scipy.special import gammainc, gammaincc

    least = np.maximum(low, 1.0)
    most = np.where(np.isinf(high), 1.0, high + 1.0)
    above = np.where(low > 0, gammainc(least, rate), 1.0)
    beyond = np.where(np.isinf(high), 0.0, gammainc(most, rate))
    below = np.where(low > 0, gammaincc(least, rate), 0.0)
    within = np.where(np.isinf(high), 1.0, gammaincc(most, rate))
    mass = np.where(rate > low, within - below, above - beyond)
    return np.asarray(np.log(np.maximum(mass, 1e-300)))


@dataclass(kw_only=True)
class State:
    """Where the chains are; every array has the chains in rows."""

    bias: Array  # b, (chains, n, K)
    delta: Array  # (chains, n)
    slopes: Array  # (chains, q, K), the first of them rho
    common: Array  # slopes of the covariates that act on all groups, (chains, p)
    log_variance: Array  # of b: log t^2, (chains, K)
    partial: Array  # see lkj, (chains, K (K - 1) / 2); no columns without correlation
    log_sigma: Array  # log sigma_delta, (chains,)
    mu: Array  # mean of rho, (chains,)
    sigma: Array  # standard deviation of rho, (chains,)

    @property
    def variance(self) -> Array:
        return np.exp(self.log_variance)

    def cholesky(self) -> Array:
        """Return the Cholesky factor of the correlation of b."""
        groups = self.log_variance.shape[1]
        if not self.partial.shape[1]:
            return np.broadcast_to(np.eye(groups), (self.mu.size, groups, groups))
        return lkj.factor(self.partial, groups)[0]

    def precision(self) -> Array:
        """Return the inverse covariance of b, (chains, K, K)."""
        deviation = np.exp(self.log_variance / 2)
        inverse = np.linalg.inv(deviation[:, :, None] * self.cholesky())
        return np.asarray(np.swapaxes(inverse, 1, 2) @ inverse)
