"""The sampler of the Poisson-lognormal model draws from its posterior; with a wrong conditional it does not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prevalence import mcmc
from prevalence.nsum.models import lkj
from prevalence.nsum.models.lognormal import read_reports, run, start
from prevalence.nsum.models.lognormal_moves import Moves
from prevalence.nsum.models.lognormal_state import Priors, Reports, State
from tests.simulation.calibration import geweke, sameness, sbc, uniformity

Array = NDArray[np.float64]
Parameters = dict[str, Array]

PRIORS = Priors(
    slope_sd=0.3,
    degree_scale=0.5,
    bias_scale=0.8,
    level_bounds=(0.0, 2.0),
    spread_bounds=(0.2, 1.5),
    degree_bounds=(0.1, 1.5),
    bias_bounds=(0.1, 3.0),
)
TOP = ("rho", "alpha", "beta", "common", "tau", "correlation", "sigma_delta", "mu", "sigma")


def half_cauchy(
    scale: float, bounds: tuple[float, float], size: tuple[int, ...], rng: np.random.Generator
) -> Array:
    low, high = np.arctan(np.array(bounds) / scale)
    return np.asarray(scale * np.tan(rng.uniform(low, high, size)))


class Study:
    """A questionnaire: its covariates, weights, and which answers are missing or in bins."""

    def __init__(
        self, n: int, groups: int, *, covariates: bool, bins: bool, correlated: bool
    ) -> None:
        rng = np.random.default_rng(11)
        self.n, self.groups, self.bins, self.correlated = n, groups, bins, correlated
        self.x, self.z = rng.normal(size=(n, groups)), rng.normal(size=(n, 1))
        self.covariates = covariates
        weights = rng.gamma(3, 1, n) if covariates else np.ones(n)
        self.weights = weights * n / weights.sum()
        self.missing = rng.random((n, groups)) < 0.15
        self.missing[0] = False

    def prior(self, fits: int, rng: np.random.Generator) -> Parameters:
        mu, sigma = (
            rng.uniform(*PRIORS.level_bounds, fits),
            rng.uniform(*PRIORS.spread_bounds, fits),
        )
        rho = mu[:, None] + sigma[:, None] * rng.standard_normal((fits, self.groups))
        tau = half_cauchy(PRIORS.bias_scale, PRIORS.bias_bounds, (fits, self.groups), rng)
        sigma_delta = half_cauchy(PRIORS.degree_scale, PRIORS.degree_bounds, (fits,), rng)
        found = {"mu": mu, "sigma": sigma, "rho": rho, "tau": tau, "sigma_delta": sigma_delta}
        if self.covariates:
            for name, count in (("alpha", self.groups), ("beta", self.groups), ("common", 1)):
                found[name] = PRIORS.slope_sd * rng.standard_normal((fits, count))
        factor = np.broadcast_to(np.eye(self.groups), (fits, self.groups, self.groups))
        if self.correlated:
            powers = lkj.exponents(self.groups, PRIORS.correlation_shape)
            found["partial"] = lkj.draw((fits,), powers, rng)
            factor = lkj.factor(found["partial"], self.groups)[0]
            matrix = factor @ np.swapaxes(factor, 1, 2)
            found["correlation"] = matrix[:, *lkj.places(self.groups)]
        variance = np.log1p(tau**2)[:, None]
        spread = np.sqrt(self.weights)
        noise = rng.standard_normal((fits, self.n, self.groups)) @ np.swapaxes(factor, 1, 2)
        found["bias"] = np.sqrt(variance) * noise / spread[:, None] - variance / 2
        found["delta"] = sigma_delta[:, None] * rng.standard_normal((fits, self.n)) / spread
        return found

    def reports(self, low: Array, high: Array) -> Reports:
        x, z = (self.x, self.z) if self.covariates else (None, None)
        return read_reports(low, high, self.weights, x, z, "both" if self.covariates else "common")

    def state(self, where: Parameters) -> State:
        fits = where["mu"].size
        slopes = [where[name] for name in ("rho", "alpha", "beta") if name in where]
        return State(
            bias=where["bias"].copy(),
            delta=where["delta"].copy(),
            slopes=np.stack(slopes, axis=1),
            common=where.get("common", np.zeros((fits, 0))).copy(),
            log_variance=np.log(np.log1p(where["tau"] ** 2)),
            partial=where.get("partial", np.zeros((fits, 0))).copy(),
            log_sigma=np.log(where["sigma_delta"]),
            mu=where["mu"].copy(),
            sigma=where["sigma"].copy(),
        )

    def named(self, state: State) -> Parameters:
        found = {"mu": state.mu, "sigma": state.sigma, "rho": state.slopes[:, 0]}
        found |= {"tau": np.sqrt(np.expm1(state.variance)), "sigma_delta": np.exp(state.log_sigma)}
        if self.covariates:
            found |= {
                "alpha": state.slopes[:, 1],
                "beta": state.slopes[:, 2],
                "common": state.common,
            }
        if self.correlated:
            factor = state.cholesky()
            matrix = factor @ np.swapaxes(factor, 1, 2)
            found |= {"partial": state.partial, "correlation": matrix[:, *lkj.places(self.groups)]}
        return found | {"bias": state.bias, "delta": state.delta}

    def simulate(self, where: Parameters, rng: np.random.Generator) -> Reports:
        """Answers; a count of weight w is a Poisson variable of mean w times its own, over w.

        Its log density is then w times that of a count, the term of the pseudo-posterior.
        """
        zeros = np.zeros((where["mu"].size, self.n, self.groups))
        moves = Moves(
            data=self.reports(zeros, zeros), priors=PRIORS, state=self.state(where), rng=rng
        )
        weights = self.weights[:, None]
        count = rng.poisson(weights * np.exp(moves.eta())).astype(float)
        low, high = count.copy(), count.copy()
        if self.bins:  # 0, 1 or more in the first group; 0, 1-4, 5-9, 10 or more in the second
            low[..., 0], high[..., 0] = np.minimum(count[..., 0], 1), np.inf
            high[..., 0] = np.where(count[..., 0] == 0, 0, np.inf)
            edges = np.array([0.0, 1, 5, 10, np.inf])
            place = np.searchsorted(edges, count[..., 1], side="right") - 1
            low[..., 1], high[..., 1] = edges[place], edges[place + 1] - 1
        low[:, self.missing], high[:, self.missing] = 0.0, np.inf
        if self.bins:
            return self.reports(low, high)
        read = self.reports(np.where(np.isinf(high), 0, np.round(low)), np.round(high))
        exact = np.where(np.isinf(high), 0.0, 1.0)
        return Reports(**{**asdict(read), "count": exact * count / weights, "exact": exact})

    def sweep(self, where: Parameters, data: Reports, rng: np.random.Generator) -> Parameters:
        moves = Moves(data=data, priors=PRIORS, state=self.state(where), rng=rng, learning=False)
        for name, scale in (("degree", 0.3), ("cells", 0.8), ("scales", 0.1), ("standard", 0.2)):
            moves.walks[name] = mcmc.Proposals(moves.walks[name].scale.shape, scale)
        moves.sweep()
        return self.named(moves.state)


def top(parameters: Parameters) -> Parameters:
    """Return the parameters at the top, and what the respondents' own come to."""
    found = {name: parameters[name] for name in TOP if name in parameters}
    found["bias"] = np.square(parameters["bias"]).mean(axis=1)
    found["delta"] = np.square(parameters["delta"]).mean(axis=1)
    found["level"] = (found["rho"].mean(axis=1) - found["mu"]) / found["sigma"]
    found["total"] = parameters["bias"].mean(axis=(1, 2)) + parameters["delta"].mean(axis=1)
    return found


STUDIES = {
    "counts": {"covariates": False, "bins": False, "correlated": False},
    "weights and covariates": {"covariates": True, "bins": False, "correlated": True},
    "bins": {"covariates": False, "bins": True, "correlated": True},
}


def joint(how: dict[str, Any], fits: int, rounds: int, groups: int = 3) -> float:
    study = Study(8, groups, **how)
    one, other = geweke(study.prior, study.simulate, study.sweep, fits=fits, rounds=rounds, rng=1)
    return sameness(top(one), top(other))


def halved(mean: Any, variance: Any, n: Any, rng: np.random.Generator, *bounds: float) -> Array:
    """The defect of a peer: the variance of a mean of n effects taken as that of a mean of two."""
    return mcmc_normal_mean(mean, np.asarray(variance) * np.asarray(n) / 2, n, rng, *bounds)


mcmc_normal_mean = mcmc.normal_mean


@pytest.mark.parametrize("name", STUDIES)
def test_joint_distribution(name: str) -> None:
    """A p-value below 0.001 in none of the three (all parameters together, Bonferroni)."""
    assert joint(STUDIES[name], 300, 10) > 0.001


def test_joint_distribution_finds_a_wrong_conditional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcmc, "normal_mean", halved)
    assert joint(STUDIES["counts"], 400, 8, groups=12) < 1e-6


@pytest.mark.proof
@pytest.mark.parametrize("name", ["counts", "bins"])
def test_joint_distribution_at_length(name: str) -> None:
    assert joint(STUDIES[name], 2_000, 20) > 0.001


def calibrated(
    fits: int, n: int, groups: int, warmup: int, draws: int, thin: int, correlated: bool = True
) -> Parameters:
    """Ranks of the truth among draws of as many data sets at once, one chain each."""
    study = Study(n, groups, covariates=False, bins=False, correlated=correlated)

    def sample(data: Reports, rng: np.random.Generator) -> Parameters:
        state = start(data, fits, correlated=correlated, rng=rng)
        moves = Moves(data=data, priors=PRIORS, state=inside(state), rng=rng)
        kept = run(moves, warmup, draws)
        found = {
            "rho": kept["slopes"][:, ::thin, 0],
            "tau": kept["tau"][:, ::thin],
            "sigma_delta": kept["sigma_delta"][:, ::thin],
            "mu": kept["mu_rho"][:, ::thin],
            "sigma": kept["sigma_rho"][:, ::thin],
        }
        if correlated:
            found["correlation"] = kept["correlation"][:, ::thin][..., *lkj.places(groups)]
        return found | {"delta": kept["log_degree"][:, ::thin, :2]}

    def prior(count: int, rng: np.random.Generator) -> Parameters:
        return study.prior(count, rng)

    def simulate(where: Parameters, rng: np.random.Generator) -> Reports:
        data = study.simulate(where, rng)
        where["delta"] = where["delta"][:, :2]
        return data

    return sbc(prior, simulate, sample, fits=fits, rng=5)


def inside(state: State) -> State:
    """Start within the bounds of the priors."""
    state.mu = np.clip(state.mu, 0.1, 1.9)
    state.sigma = np.clip(state.sigma, 0.3, 1.4)
    state.log_sigma = np.clip(state.log_sigma, np.log(0.15), np.log(1.4))
    return state


def test_simulation_based_calibration_in_short() -> None:
    assert uniformity(calibrated(30, 8, 3, 50, 100, 15)) > 0.001


# 300 data sets of 60 respondents and 6 groups: evidence/coverage/calibration.py
@pytest.mark.proof
def test_calibration_finds_a_wrong_conditional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcmc, "normal_mean", halved)
    assert uniformity(calibrated(300, 8, 10, 100, 400, 40, correlated=False)) < 1e-6
