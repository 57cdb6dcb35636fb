"""The moves of the sampler of the Poisson-lognormal model, all chains and respondents at once.

The rates ``eta = delta_i + rho_k + covariates + b_ik`` are moved cell by cell. Given them, everything
else is Gaussian: scales and correlations move by Hamiltonian steps on the sums of squares of eta with
degrees integrated out, and levels, slopes and degrees are drawn exactly. A second pass moves the same
quantities with the standardised b_ik held fixed, which mixes where answers say little about single
cells. A respondent's weight multiplies all that the respondent adds to the log posterior, b and delta
included; the weights sum to n, so that the Gaussian integrals are those without weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ... import mcmc
from . import lkj
from .lognormal_state import Priors, Reports, State
from .lognormal_targets import Scales, Standardised, bias_prior, degree_prior

Array = NDArray[np.float64]

PASSES = 4  # through cells, degrees and deviations in one sweep
LEAPS = 5  # Hamiltonian steps of one proposal


Target = Callable[[Array], tuple[Array, Array]]


@dataclass(kw_only=True)
class Moves:
    """One sweep of the sampler, with the scales of its proposals."""

    data: Reports
    priors: Priors
    state: State
    rng: np.random.Generator
    walks: dict[str, mcmc.Proposals] = field(default_factory=dict)
    learning: bool = True

    def __post_init__(self) -> None:
        state, n = self.state, self.data.weights.size
        chains, groups = state.log_variance.shape
        self.powers = lkj.exponents(groups, self.priors.correlation_shape)
        self.likelihood = self.data.log_likelihood(self.eta())
        shapes = {"cells": state.bias.shape, "delta": state.delta.shape, "bias": (chains, groups)}
        shapes |= {f"slope {q}": (chains, groups) for q in range(state.slopes.shape[1])}
        shapes |= {f"common {p}": (chains,) for p in range(state.common.shape[1])}
        for name, shape in (shapes | {"degree": (chains,)}).items():
            self.walks.setdefault(name, mcmc.Proposals(shape))
        start = 0.5 / np.sqrt(n)
        self.walks.setdefault("standard", mcmc.Proposals((chains,), 0.3, 0.8))
        self.walks.setdefault("scales", mcmc.Proposals((chains,), start, 0.8))

    def sweep(self) -> None:
        """Move every quantity once or more."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for _ in range(PASSES):
                self.cells()
                self.degrees()
                self.deviations()
            self.given_rates()
            self.columns()
            self.standardised()
            self.levels()

    def fixed(self) -> Array:
        """Return what rho and the covariates add to eta: (chains, n, K), or one row without them."""
        state = self.state
        if state.slopes.shape[1] == 1 and not state.common.shape[1]:
            return state.slopes
        total = np.einsum("nkq,cqk->cnk", self.data.group_covariates, state.slopes)
        if state.common.shape[1]:
            total += (state.common @ self.data.covariates.T)[:, :, None]
        return np.asarray(total)

    def eta(self) -> Array:
        """Return the log rates."""
        return self.rest() + self.state.bias

    def rest(self) -> Array:
        """Return the log rates without b."""
        return np.asarray(self.fixed() + self.state.delta[:, :, None])

    def _learn(self, name: str, taken: NDArray[np.bool_] | Array) -> None:
        if self.learning:
            self.walks[name].learn(taken)

    # ---- cells

    def cells(self) -> None:
        """Move b cell by cell given its mean and covariance, by random walks."""
        state, weights = self.state, self.data.weights[:, None]
        rest = self.rest()
        residual = state.bias + state.variance[:, None] / 2
        step = self.walks["cells"].step(self.rng)
        proposed = self.data.log_likelihood(rest + state.bias + step)
        if not state.partial.shape[1]:
            change = step * (2 * residual + step) / (2 * state.variance[:, None])
            ratio = weights * (proposed - self.likelihood - change)
            taken = mcmc.accepted(ratio, self.rng)
        else:
            taken = self._cells_in_turn(residual, step, weights * (proposed - self.likelihood))
        state.bias = np.where(taken, state.bias + step, state.bias)
        self.likelihood = np.where(taken, proposed, self.likelihood)
        self._learn("cells", taken)

    def _cells_in_turn(self, residual: Array, step: Array, gain: Array) -> NDArray[np.bool_]:
        """Accept group after group: the correlated cells of a respondent depend on each other."""
        precision, weights = self.state.precision(), self.data.weights
        taken = np.zeros(step.shape, dtype=bool)
        limit = -self.rng.standard_exponential(step.shape)
        for k in range(step.shape[2]):
            pull = (residual @ precision[:, :, k, None])[:, :, 0]
            walk = step[:, :, k]
            change = walk * (pull + walk * precision[:, k, k, None] / 2)
            taken[:, :, k] = gain[:, :, k] - weights * change > limit[:, :, k]
            residual[:, :, k] += np.where(taken[:, :, k], walk, 0.0)
        return taken

    # ---- everything else given the rates

    def given_rates(self) -> None:
        """Move scales, correlations, levels, slopes and degrees with eta fixed."""
        state, eta = self.state, self.eta()
        level = state.slopes[:, 0] - state.variance / 2
        fixed = self.fixed() - state.variance[:, None] / 2
        residual = eta - fixed
        squares = np.swapaxes(residual, 1, 2) @ (self.data.weights[:, None] * residual)
        self._scales(squares, level)
        state.slopes[:, 0] = level + state.variance / 2
        precision = state.precision()
        ones = precision.sum(axis=2)
        share = 1 / (np.exp(-2 * state.log_sigma) + ones.sum(axis=1))
        collapsed = precision - share[:, None, None] * ones[:, :, None] * ones[:, None, :]
        residual = self._slopes(residual, level, collapsed)
        if state.common.shape[1]:
            residual = self._common(residual, collapsed.sum(axis=(1, 2)), collapsed)
        mean = share[:, None] * (residual @ ones[:, :, None])[:, :, 0]
        state.delta = mcmc.normal_mean(mean, share[:, None], self.data.weights, self.rng)
        state.bias = residual - state.delta[:, :, None] - state.variance[:, None] / 2

    def _scales(self, squares: Array, level: Array) -> None:
        """Move variances, sigma_delta and correlations together by Hamiltonian steps."""
        state = self.state
        groups, count = state.log_variance.shape[1], self.data.weights.size
        target = Scales(squares=squares, level=level, count=count, priors=self.priors, state=state)
        place = np.concatenate(
            [state.log_variance, state.log_sigma[:, None], state.partial], axis=1
        )
        place = self._hamiltonian("scales", target, place, 1.0)[1]
        state.log_variance, state.partial = place[:, :groups], place[:, groups + 1 :]
        state.log_sigma = place[:, groups]

    def _slopes(self, residual: Array, level: Array, precision: Array) -> Array:
        """Draw levels and slopes of the groups given eta, degrees integrated out."""
        state, design, weights = self.state, self.data.group_covariates, self.data.weights
        old = np.concatenate([level[:, None], state.slopes[:, 1:]], axis=1)
        working = residual + np.einsum("nkq,cqk->cnk", design, old)
        moments = np.einsum("n,nkq,nlr->kqlr", weights, design, design, optimize=True)
        chains, q, groups = old.shape
        matrix = np.einsum("ckl,kqlr->ckqlr", precision, moments)
        right = np.einsum("n,nkq,cnk->ckq", weights, design, working @ precision, optimize=True)
        prior = np.full((chains, groups, q), self.priors.slope_sd**-2.0)
        prior[:, :, 0] = state.sigma[:, None] ** -2.0
        right[:, :, 0] += prior[:, :, 0] * (state.mu[:, None] - state.variance / 2)
        size = groups * q
        matrix = matrix.reshape(chains, size, size)
        matrix[:, np.arange(size), np.arange(size)] += prior.reshape(chains, size)
        drawn = self._gaussian(matrix, right.reshape(chains, size)).reshape(chains, groups, q)
        new = np.swapaxes(drawn, 1, 2)
        state.slopes = new.copy()
        state.slopes[:, 0] += state.variance / 2
        return np.asarray(working - np.einsum("nkq,cqk->cnk", design, new))

    def _common(self, residual: Array, total: Array, precision: Array) -> Array:
        """Draw the slopes common to all groups given eta, degrees integrated out."""
        state, design, weights = self.state, self.data.covariates, self.data.weights
        working = residual + (state.common @ design.T)[:, :, None]
        matrix = total[:, None, None] * (design.T @ (weights[:, None] * design))
        matrix = matrix + np.eye(design.shape[1]) * self.priors.slope_sd**-2.0
        right = (working @ precision.sum(axis=2)[:, :, None])[:, :, 0] @ (weights[:, None] * design)
        state.common = self._gaussian(matrix, right)
        return working - (state.common @ design.T)[:, :, None]

    def _gaussian(self, precision: Array, right: Array) -> Array:
        """Draw from the normal distribution with density exp(-x' P x / 2 + x' r)."""
        cholesky = np.linalg.cholesky(precision)
        noise = self.rng.standard_normal(right.shape)[:, :, None]
        half = np.linalg.solve(cholesky, right[:, :, None]) + noise
        return np.asarray(np.linalg.solve(np.swapaxes(cholesky, 1, 2), half)[:, :, 0])

    # ---- the same again with standardised b fixed

    def degrees(self) -> None:
        """Move each delta with b fixed."""
        state, weights = self.state, self.data.weights
        step = self.walks["delta"].step(self.rng)
        proposed = self.data.log_likelihood(self.eta() + step[:, :, None])
        change = step * (2 * state.delta + step) * np.exp(-2 * state.log_sigma[:, None]) / 2
        gain = (proposed - self.likelihood).sum(axis=2) - change
        taken = mcmc.accepted(weights * gain, self.rng)
        state.delta = np.where(taken, state.delta + step, state.delta)
        self.likelihood = np.where(taken[:, :, None], proposed, self.likelihood)
        self._learn("delta", taken)

    def columns(self) -> None:
        """Move rho and the slopes with b fixed."""
        state, weights = self.state, self.data.weights
        for q in range(state.slopes.shape[1]):
            step = self.walks[f"slope {q}"].step(self.rng)
            shift = step[:, None] * self.data.group_covariates[:, :, q]
            proposed = self.data.log_likelihood(self.eta() + shift)
            gain = np.einsum("n,cnk->ck", weights, proposed - self.likelihood)
            centre = state.mu[:, None] if q == 0 else 0.0
            spread = state.sigma[:, None] if q == 0 else self.priors.slope_sd
            gain -= step * (2 * (state.slopes[:, q] - centre) + step) / (2 * spread**2)
            taken = mcmc.accepted(gain, self.rng)
            state.slopes[:, q] += np.where(taken, step, 0.0)
            self.likelihood = np.where(taken[:, None], proposed, self.likelihood)
            self._learn(f"slope {q}", taken)
        for p in range(state.common.shape[1]):
            step = self.walks[f"common {p}"].step(self.rng)
            shift = step[:, None] * self.data.covariates[:, p]
            proposed = self.data.log_likelihood(self.eta() + shift[:, :, None])
            gain = np.einsum("n,cnk->c", weights, proposed - self.likelihood)
            gain -= step * (2 * state.common[:, p] + step) / (2 * self.priors.slope_sd**2)
            taken = mcmc.accepted(gain, self.rng)
            state.common[:, p] += np.where(taken, step, 0.0)
            self.likelihood = np.where(taken[:, None, None], proposed, self.likelihood)
            self._learn(f"common {p}", taken)

    def deviations(self) -> None:
        """Move the variances of b and of delta with standardised b and delta fixed."""
        state, weights, rest = self.state, self.data.weights, self.rest()
        step = self.walks["bias"].step(self.rng)
        score = (state.bias + state.variance[:, None] / 2) * np.exp(-state.log_variance / 2)[
            :, None
        ]
        log_variance = state.log_variance + step
        variance = np.exp(log_variance)[:, None]
        bias = np.sqrt(variance) * score - variance / 2
        proposed = self.data.log_likelihood(rest + bias)
        gain = np.einsum("n,cnk->ck", weights, proposed - self.likelihood)
        gain += bias_prior(log_variance, self.priors)[0]
        gain -= bias_prior(state.log_variance, self.priors)[0]
        taken = mcmc.accepted(gain, self.rng)
        state.log_variance = np.where(taken, log_variance, state.log_variance)
        state.bias = np.where(taken[:, None], bias, state.bias)
        self.likelihood = np.where(taken[:, None], proposed, self.likelihood)
        self._learn("bias", taken)
        self._degree_deviation()

    def _degree_deviation(self) -> None:
        state, weights = self.state, self.data.weights
        step = self.walks["degree"].step(self.rng)
        delta = state.delta * np.exp(step)[:, None]
        proposed = self.data.log_likelihood(self.eta() + (delta - state.delta)[:, :, None])
        gain = np.einsum("n,cnk->c", weights, proposed - self.likelihood)
        gain += degree_prior(state.log_sigma + step, self.priors)[0]
        gain -= degree_prior(state.log_sigma, self.priors)[0]
        taken = mcmc.accepted(gain, self.rng)
        state.log_sigma = np.where(taken, state.log_sigma + step, state.log_sigma)
        state.delta = np.where(taken[:, None], delta, state.delta)
        self.likelihood = np.where(taken[:, None, None], proposed, self.likelihood)
        self._learn("degree", taken)

    def standardised(self) -> None:
        """Move scales and correlations together, by Hamiltonian steps with standardised b fixed."""
        state = self.state
        groups = state.log_variance.shape[1]
        here = np.concatenate([state.log_variance, state.log_sigma[:, None], state.partial], axis=1)
        metric = np.full(here.shape, 0.3)
        metric[:, :groups] = self.walks["bias"].scale / 2.4
        metric[:, groups] = self.walks["degree"].scale / 2.4
        target = Standardised(data=self.data, priors=self.priors, state=state, fixed=self.fixed())
        taken, here = self._hamiltonian("standard", target, here, metric)
        if not taken.any():
            return
        state.log_variance = np.where(taken, here[:, :groups], state.log_variance)
        delta, bias = target.parts(here)
        keep = taken[:, :, None]
        state.delta = np.where(taken, delta, state.delta)
        state.bias = np.where(keep, bias, state.bias)
        state.log_sigma, state.partial = here[:, groups], here[:, groups + 1 :]
        self.likelihood = self.data.log_likelihood(self.eta())

    def _hamiltonian(
        self, name: str, target: Target, here: Array, metric: Array | float
    ) -> tuple[NDArray[np.bool_], Array]:
        """Return which chains accept a Hamiltonian proposal, (chains, 1), and where they are."""
        momentum = self.rng.standard_normal(here.shape)
        size = (self.walks[name].scale * self.rng.uniform(0.7, 1.3, here.shape[0]))[
            :, None
        ] * metric
        value, slope = target(here)
        energy = value - (momentum**2).sum(axis=1) / 2
        moved = here
        for _ in range(LEAPS):
            momentum = momentum + size / 2 * slope
            moved = moved + size * momentum
            value, slope = target(moved)
            momentum = momentum + size / 2 * slope
        ratio = value - (momentum**2).sum(axis=1) / 2 - energy
        taken = mcmc.accepted(ratio, self.rng)[:, None]
        self._learn(name, np.exp(np.minimum(np.where(np.isnan(ratio), -np.inf, ratio), 0)))
        return taken, np.where(taken, moved, here)

    def levels(self) -> None:
        """Draw the mean and the spread of rho: from their flat conditionals, taken by the prior."""
        state, priors, rho = self.state, self.priors, self.state.slopes[:, 0]
        groups = rho.shape[1]
        low, high = priors.level_bounds
        mean = rho.mean(axis=1)
        mu = mcmc.normal_mean(mean, state.sigma**2, groups, self.rng, low, high)
        ratio = (state.mu**2 - mu**2) / (2 * priors.level_sd**2)
        state.mu = np.where(mcmc.accepted(ratio, self.rng), mu, state.mu)
        squares = ((rho - state.mu[:, None]) ** 2).sum(axis=1)
        low, high = (bound**2 for bound in priors.spread_bounds)
        square = mcmc.scale_squared(squares, groups - 1, self.rng, low, high)
        scale = priors.spread_scale**2
        ratio = np.log1p(state.sigma**2 / scale) - np.log1p(square / scale)
        state.sigma = np.where(mcmc.accepted(ratio, self.rng), np.sqrt(square), state.sigma)
