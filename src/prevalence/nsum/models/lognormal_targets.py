"""Log densities of scales and correlations in the Poisson-lognormal model, with their gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import lkj
from .lognormal_state import Priors, Reports, State

Array = NDArray[np.float64]

FAR = 14.0  # no Hamiltonian step lands beyond: t or sigma_delta of 1e-3 or 1e3, correlation of 1


@dataclass(frozen=True, kw_only=True)
class Scales:
    """Log density of (log t^2, log sigma_delta, y of lkj) given eta and m = rho - t^2 / 2."""

    squares: Array
    level: Array
    count: int
    priors: Priors
    state: State

    def __call__(self, place: Array) -> tuple[Array, Array]:
        """Return the log density of every chain, and its gradient."""
        groups, chains = self.level.shape[1], place.shape[0]
        log_variance, log_sigma, y = place[:, :groups], place[:, groups], place[:, groups + 1 :]
        good = np.abs(place).max(axis=1) < FAR
        log_variance = np.where(good[:, None], log_variance, 0.0)
        log_sigma, y = np.where(good, log_sigma, 0.0), np.where(good[:, None], y, 0.0)
        deviation = np.exp(log_variance / 2)
        cholesky, partial, length = _factor(y, groups)
        scaled = deviation[:, :, None] * cholesky
        own = scaled @ np.swapaxes(scaled, 1, 2)
        value, slope = self._normal(scaled, np.exp(2 * log_sigma))
        degree, degree_slope = degree_prior(log_sigma, self.priors)
        bias, bias_slope = bias_prior(log_variance, self.priors)
        variance = deviation**2
        distance = (self.level + variance / 2 - self.state.mu[:, None]) / self.state.sigma[:, None]
        value += degree + bias.sum(axis=1) - (distance**2).sum(axis=1) / 2
        gradient = np.empty((chains, place.shape[1]))
        gradient[:, :groups] = (slope * own).sum(axis=2) + bias_slope
        gradient[:, :groups] -= distance / self.state.sigma[:, None] * variance / 2
        gradient[:, groups] = 2 * np.exp(2 * log_sigma) * slope.sum(axis=(1, 2)) + degree_slope
        if y.shape[1]:
            powers = lkj.exponents(groups, self.priors.correlation_shape)
            value += lkj.log_prior(y, powers)
            by_factor = 2 * deviation[:, :, None] * (slope @ scaled)
            pulled = lkj.pull_back(by_factor, cholesky, partial, length)
            gradient[:, groups + 1 :] = pulled - 2 * powers * np.tanh(y)
        return np.where(good, value, -np.inf), gradient

    def _normal(self, scaled: Array, common: Array) -> tuple[Array, Array]:
        """Return the Gaussian log density of the sums of squares, and its slope by the covariance.

        The covariance is ``F F' + common`` with F the factor `scaled`.
        """
        half = np.linalg.inv(scaled)
        inverse = np.swapaxes(half, 1, 2) @ half
        ones = inverse.sum(axis=2)
        inflation = 1 + common * ones.sum(axis=1)
        inverse -= (common / inflation)[:, None, None] * ones[:, :, None] * ones[:, None, :]
        diagonal = np.diagonal(scaled, axis1=1, axis2=2)
        log_determinant = 2 * np.log(diagonal).sum(axis=1) + np.log(inflation)
        product = inverse @ self.squares
        value = -(self.count * log_determinant + np.trace(product, axis1=1, axis2=2)) / 2
        return value, (product @ inverse - self.count * inverse) / 2


@dataclass(kw_only=True)
class Standardised:
    """Log density of (log t^2, log sigma_delta, y of lkj) given standardised b and delta."""

    data: Reports
    priors: Priors
    state: State
    fixed: Array

    def __post_init__(self) -> None:
        state = self.state
        inverse = np.linalg.inv(np.exp(state.log_variance / 2)[:, :, None] * state.cholesky())
        centred = state.bias + state.variance[:, None] / 2
        self.noise = centred @ np.swapaxes(inverse, 1, 2)
        self.effect = state.delta * np.exp(-state.log_sigma)[:, None]

    def parts(self, place: Array) -> tuple[Array, Array]:
        """Return delta and b at a place."""
        groups = self.fixed.shape[2]
        log_variance, y = place[:, :groups], place[:, groups + 1 :]
        scaled = np.exp(log_variance / 2)[:, :, None] * _factor(y, groups)[0]
        bias = self.noise @ np.swapaxes(scaled, 1, 2) - np.exp(log_variance)[:, None] / 2
        return self.effect * np.exp(place[:, groups])[:, None], bias

    def __call__(self, place: Array) -> tuple[Array, Array]:
        """Return the log density of every chain, and its gradient."""
        groups = self.fixed.shape[2]
        good = np.abs(place).max(axis=1) < FAR
        place = np.where(good[:, None], place, 0.0)
        log_variance, log_sigma, y = place[:, :groups], place[:, groups], place[:, groups + 1 :]
        deviation = np.exp(log_variance / 2)
        cholesky, partial, length = _factor(y, groups)
        scaled = deviation[:, :, None] * cholesky
        centred = self.noise @ np.swapaxes(scaled, 1, 2)
        delta = self.effect * np.exp(log_sigma)[:, None]
        eta = self.fixed + centred - deviation[:, None] ** 2 / 2 + delta[:, :, None]
        weights = self.data.weights
        value = self.data.log_likelihood(eta).sum(axis=2) @ weights
        force = weights[:, None] * self.data.slope(eta)
        degree, degree_slope = degree_prior(log_sigma, self.priors)
        bias, bias_slope = bias_prior(log_variance, self.priors)
        value += degree + bias.sum(axis=1)
        gradient = np.empty(place.shape)
        by_variance = (force * (centred - deviation[:, None] ** 2)).sum(axis=1) / 2
        gradient[:, :groups] = by_variance + bias_slope
        gradient[:, groups] = (force.sum(axis=2) * delta).sum(axis=1) + degree_slope
        if y.shape[1]:
            powers = lkj.exponents(groups, self.priors.correlation_shape)
            value += lkj.log_prior(y, powers)
            by_factor = deviation[:, :, None] * (np.swapaxes(force, 1, 2) @ self.noise)
            pulled = lkj.pull_back(by_factor * (cholesky != 0), cholesky, partial, length)
            gradient[:, groups + 1 :] = pulled - 2 * powers * np.tanh(y)
        return np.where(good, value, -np.inf), gradient


def _factor(y: Array, groups: int) -> tuple[Array, Array, Array]:
    """Return `lkj.factor`, or the unit matrix if there is no correlation."""
    return lkj.factor(y, groups) if y.shape[1] else (np.eye(groups),) * 3


def bias_prior(log_variance: Array, priors: Priors) -> tuple[Array, Array]:
    """Return the log density of ``log t^2``, tau_N being half-Cauchy, and its derivative."""
    variance = np.exp(log_variance)
    rest = -np.expm1(-variance)
    log_square = variance + np.log(rest)  # of tau_N = sqrt(exp(t^2) - 1)
    odds = log_square - 2 * np.log(priors.bias_scale)
    value = -np.logaddexp(0, odds) + log_square / 2 + log_variance - np.log(rest)
    low, high = (2 * _log(bound) for bound in priors.bias_bounds)
    slope = variance / rest * (0.5 - 1 / (1 + np.exp(-odds))) + 1
    slope = slope - variance * np.exp(-variance) / rest
    return np.where((log_square >= low) & (log_square <= high), value, -np.inf), slope


def degree_prior(log_sigma: Array, priors: Priors) -> tuple[Array, Array]:
    """Return the log density of ``log sigma_delta``, half-Cauchy, and its derivative."""
    odds = 2 * (log_sigma - np.log(priors.degree_scale))
    value = log_sigma - np.logaddexp(0, odds)
    low, high = (_log(bound) for bound in priors.degree_bounds)
    inside = (log_sigma >= low) & (log_sigma <= high)
    return np.where(inside, value, -np.inf), 1 - 2 / (1 + np.exp(-odds))


def _log(bound: float) -> float:
    return float(np.log(bound)) if bound > 0 else -np.inf
