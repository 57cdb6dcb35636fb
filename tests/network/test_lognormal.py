"""The parts of the sampler of the Poisson-lognormal model, against slow versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prevalence.nsum.models import lkj
from prevalence.nsum.models.lognormal import poisson_lognormal, read_reports, start
from prevalence.nsum.models.lognormal_moves import Moves
from prevalence.nsum.models.lognormal_state import (
    Priors,
    Reports,
    State,
    interval_mass,
    interval_slope,
)
from prevalence.nsum.models.lognormal_targets import Scales, Standardised, bias_prior, degree_prior
from tests.naive import lognormal as naive

Array = NDArray[np.float64]

PRIORS = Priors(level_sd=10, spread_scale=2.5, bias_scale=1.5, degree_scale=0.8, slope_sd=2.0)


def answers(n: int = 5, groups: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    low = rng.poisson(4, (n, groups)).astype(float)
    high = low.copy()
    low[0, 1], high[0, 1] = 0, np.inf
    low[1, 0], high[1, 0] = 1, np.inf
    low[2, 2], high[2, 2] = 5, 10
    low[3, 1], high[3, 1] = 0, 2
    weights = rng.gamma(4, 1, n)
    data = {"low": low, "high": high, "w": weights * n / weights.sum()}
    x, z = rng.normal(size=(n, groups)), rng.normal(size=(n, 2))
    for name, values in (("x", x), ("z", z)):
        data[name] = values - data["w"] @ values / n
    return data


def reports(data: dict[str, Any]) -> Reports:
    return read_reports(data["low"], data["high"], data["w"], data["x"], data["z"])


def moved(data: dict[str, Any], correlated: bool = True, sweeps: int = 5) -> Moves:
    """A state that is not special."""
    rng = np.random.default_rng(4)
    read = reports(data)
    moves = Moves(
        data=read, priors=PRIORS, state=start(read, 3, correlated=correlated, rng=rng), rng=rng
    )
    for _ in range(sweeps):
        moves.sweep()
    return moves


def place(state: State, eta: Array, chain: int) -> dict[str, Any]:
    factor = state.cholesky()[chain]
    return {
        "eta": eta[chain],
        "delta": state.delta[chain],
        "rho": state.slopes[chain, 0],
        "alpha": state.slopes[chain, 1],
        "beta": state.common[chain],
        "tau": np.sqrt(np.expm1(state.variance[chain])),
        "omega": factor @ factor.T,
        "sigma_delta": float(np.exp(state.log_sigma[chain])),
        "mu": float(state.mu[chain]),
        "sigma": float(state.sigma[chain]),
    }


def jacobian(state: State, chain: int, correlated: bool) -> float:
    """Log derivative of (tau, sigma_delta, Omega) by what the sampler moves, up to a constant."""
    variance = state.variance[chain]
    tau = np.sqrt(np.expm1(variance))
    total = float(np.log(np.exp(variance) / tau * variance).sum() + state.log_sigma[chain])
    if not correlated:
        return total
    groups = variance.size
    z = np.tanh(state.partial[chain])
    powers = (groups - 2 - lkj.places(groups)[1]) / 2
    return total + float((np.log(1 - z**2) * (powers + 1)).sum())


def test_likelihood_of_counts_intervals_and_missing_answers() -> None:
    data = answers()
    eta = np.random.default_rng(1).normal(1, 1, (2, 5, 3))
    got = reports(data).log_likelihood(eta)
    base = reports(data).log_likelihood(np.zeros_like(eta))
    for c, i, k in np.ndindex(eta.shape):
        low, high = data["low"][i, k], data["high"][i, k]
        if low == 0 and np.isinf(high):
            assert got[c, i, k] == 0
            continue
        expected = naive.log_answer(low, high, float(eta[c, i, k]))
        expected -= naive.log_answer(low, high, 0.0)
        assert got[c, i, k] - base[c, i, k] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_correlation_from_partial_correlations_and_its_prior() -> None:
    y = np.random.default_rng(2).normal(0, 0.7, (3, 6))
    factor, partial, length = lkj.factor(y, 4)
    for one, other in zip(partial, factor @ np.swapaxes(factor, 1, 2), strict=True):
        np.testing.assert_allclose(other, naive.correlation(one), atol=1e-14)
    np.testing.assert_allclose((factor**2).sum(axis=2), 1)
    powers = lkj.exponents(4, 2.0)
    np.testing.assert_allclose(
        lkj.log_prior(y, powers), (np.log(1 - np.tanh(y) ** 2) * powers).sum(axis=1), rtol=1e-12
    )
    slope = np.tril(np.random.default_rng(5).normal(size=(3, 4, 4)))
    pulled = lkj.pull_back(slope, factor, partial, length)
    for j in range(6):
        step = np.zeros(6)
        step[j] = 1e-6
        change = lkj.factor(y + step, 4)[0] - lkj.factor(y - step, 4)[0]
        # central difference: error of order step^2
        np.testing.assert_allclose(
            (slope * change).sum(axis=(1, 2)) / 2e-6, pulled[:, j], rtol=1e-7
        )


def test_lkj_draws_have_the_variance_of_a_correlation() -> None:
    """Under LKJ(shape) each correlation is a Beta(shape - 1 + K/2) on (-1, 1): variance 1/(2 a + 1)."""
    drawn = lkj.draw((40_000,), lkj.exponents(4, 2.0), np.random.default_rng(1))
    factor = lkj.factor(drawn, 4)[0]
    matrices = factor @ np.swapaxes(factor, 1, 2)
    variances = matrices[:, *lkj.places(4)].var(axis=0)
    # 1/7, each with a Monte Carlo error below 0.001
    np.testing.assert_allclose(variances, 1 / 7, atol=0.004)


@pytest.mark.parametrize("prior", [bias_prior, degree_prior])
def test_derivatives_of_the_priors_of_scales(prior: Any) -> None:
    where = np.linspace(-8, 4, 25)
    change = prior(where + 1e-5, PRIORS)[0] - prior(where - 1e-5, PRIORS)[0]
    # central difference: its rounding error is about 1e-10 of the values
    np.testing.assert_allclose(prior(where, PRIORS)[1], change / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("correlated", [True, False])
def test_density_of_scales_is_that_of_the_slow_version_without_degrees(correlated: bool) -> None:
    data = answers()
    moves = moved(data, correlated)
    state, eta = moves.state, moves.eta()
    level = state.slopes[:, 0] - state.variance / 2
    residual = eta - moves.fixed() + state.variance[:, None] / 2
    squares = np.swapaxes(residual, 1, 2) @ (data["w"][:, None] * residual)
    target = Scales(squares=squares, level=level, count=5, priors=PRIORS, state=state)
    here = np.concatenate([state.log_variance, state.log_sigma[:, None], state.partial], axis=1)
    there = here + np.random.default_rng(8).normal(0, 0.3, here.shape)
    expected = []
    for position in (here, there):
        values = []
        for chain in range(3):
            other = replace(
                state,
                log_variance=position[:, :3],
                log_sigma=position[:, 3],
                partial=position[:, 4:],
                slopes=state.slopes.copy(),
            )
            other.slopes[:, 0] = level + other.variance / 2
            values.append(_without_degrees(other, eta, data, chain, correlated))
        expected.append(np.array(values))
    # the integral over each delta is a sum over a fine grid: exact to rounding for a Gaussian
    np.testing.assert_allclose(
        target(there)[0] - target(here)[0], expected[1] - expected[0], rtol=1e-8, atol=1e-8
    )
    check_gradient(target, there)


def check_gradient(target: Scales | Standardised, there: Array) -> None:
    value, gradient = target(there)
    assert value.shape == (3,)
    for j in range(there.shape[1]):
        step = np.zeros(there.shape[1])
        step[j] = 1e-5
        change = target(there + step)[0] - target(there - step)[0]
        # central difference: error of order step^2
        np.testing.assert_allclose(gradient[:, j], change / 2e-5, rtol=1e-6, atol=1e-6)


def _without_degrees(
    state: State, eta: Array, data: dict[str, Any], chain: int, correlated: bool
) -> float:
    """Slow log posterior with each delta summed over a grid."""
    chosen = {"bias_scale": 1.5, "degree_scale": 0.8, "slope_sd": 2.0, "correlation_shape": 2.0}
    where = place(state, eta, chain)
    total = naive.log_posterior(where, data, **chosen)
    variance = state.variance[chain]
    covariance = np.outer(variance**0.5, variance**0.5) * where["omega"]
    prior = np.eye(1) * where["sigma_delta"] ** 2
    mean = where["rho"] - variance / 2 + data["x"] * where["alpha"]
    mean = mean + (data["z"] @ where["beta"])[:, None]
    for i in range(5):
        ones = np.linalg.solve(covariance, np.ones(3))
        spread = (1 / (1 / prior[0, 0] + ones.sum())) ** 0.5
        centre = spread**2 * float(ones @ (eta[chain, i] - mean[i]))
        grid = centre + spread * np.linspace(-20, 20, 161)

        def at(d: float, i: int = i) -> float:
            row = naive.log_normal(eta[chain, i], mean[i] + d, covariance)
            return float(data["w"][i]) * (row + naive.log_normal(np.array([d]), np.zeros(1), prior))

        logs = np.array([at(float(d)) for d in grid])
        total += logs.max() + np.log(np.exp(logs - logs.max()).sum() * (grid[1] - grid[0]))
        total -= at(float(where["delta"][i]))
    return total + jacobian(state, chain, correlated)


@pytest.mark.parametrize("correlated", [True, False])
def test_density_of_scales_with_standardised_errors_is_that_of_the_slow_version(
    correlated: bool,
) -> None:
    data = answers()
    moves = moved(data, correlated)
    state, fixed = moves.state, moves.fixed()
    target = Standardised(data=moves.data, priors=PRIORS, state=state, fixed=fixed)
    here = np.concatenate([state.log_variance, state.log_sigma[:, None], state.partial], axis=1)
    there = here + np.random.default_rng(8).normal(0, 0.3, here.shape)
    np.testing.assert_allclose(target.parts(here)[1], state.bias, rtol=1e-10, atol=1e-12)
    chosen = {"bias_scale": 1.5, "degree_scale": 0.8, "slope_sd": 2.0, "correlation_shape": 2.0}
    expected = []
    for position in (here, there):
        delta, bias = target.parts(position)
        other = replace(
            state,
            log_variance=position[:, :3],
            log_sigma=position[:, 3],
            partial=position[:, 4:],
            delta=delta,
            bias=bias,
        )
        eta = fixed + delta[:, :, None] + bias
        values = []
        for chain in range(3):
            total = naive.log_posterior(place(other, eta, chain), data, **chosen)
            factor = np.exp(other.log_variance[chain] / 2)[:, None] * other.cholesky()[chain]
            total += 5 * float(np.log(np.diag(factor)).sum() + other.log_sigma[chain])
            values.append(total + jacobian(other, chain, correlated))
        expected.append(np.array(values))
    np.testing.assert_allclose(
        target(there)[0] - target(here)[0], expected[1] - expected[0], rtol=1e-9, atol=1e-9
    )
    check_gradient(target, there)


def test_slope_of_an_interval() -> None:
    low, high = np.array([1.0, 5, 0, 7]), np.array([np.inf, 10, 2, 7])
    for log_rate in (-2.0, 0.5, 2.0, 3.5):
        at = np.full(4, log_rate)
        step = 1e-5
        change = [interval_mass(low, high, np.exp(at + s)) for s in (step, -step)]
        slope = interval_slope(low, high, at, interval_mass(low, high, np.exp(at)))
        # central difference
        np.testing.assert_allclose(slope, (change[0] - change[1]) / 2e-5, rtol=1e-5, atol=1e-6)


def test_cached_likelihood_is_that_of_the_state() -> None:
    """A cache that a move forgot would make every later acceptance wrong."""
    for correlated in (True, False):
        moves = moved(answers(), correlated, sweeps=20)
        expected = moves.data.log_likelihood(moves.eta())
        # rounding of 20 sweeps
        np.testing.assert_allclose(moves.likelihood, expected, rtol=1e-9, atol=1e-9)


def test_what_comes_back_and_that_a_seed_repeats_it() -> None:
    data = answers(12)
    rng = np.random.default_rng(7)
    x, z = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    how: dict[str, Any] = {
        "sizes": np.array([2e4, 1e4, np.nan]),
        "population": 1e6,
        "correlated": True,
        "weights": data["w"],
        "group_covariate": x,
        "covariates": z,
        "effects": "both",
        "warmup": 3,
        "draws": 4,
        "chains": 2,
    }
    before = data["low"].copy(), x.copy()
    drawn = poisson_lognormal(data["low"], data["high"], rng=1, **how)
    again = poisson_lognormal(data["low"], data["high"], rng=1, **how)
    shapes = {name: values.shape[2:] for name, values in drawn.items()}
    assert shapes == {
        "log_degree": (12,),
        "log_prevalence": (3,),
        "rho": (3,),
        "tau": (3,),
        "sigma_delta": (),
        "mu_rho": (),
        "sigma_rho": (),
        "correlation": (3, 3),
        "alpha": (3,),
        "beta_common": (2,),
        "beta_group": (2, 3),
    }
    for name, values in drawn.items():
        assert values.shape[:2] == (2, 4)
        np.testing.assert_array_equal(values, again[name])
    np.testing.assert_array_equal(data["low"], before[0])
    np.testing.assert_array_equal(x, before[1])
