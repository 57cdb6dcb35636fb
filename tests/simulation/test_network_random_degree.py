"""The random-degree and barrier samplers draw from the posteriors they claim, and a wrong one is seen.

Answers are counts, missing, yes or no, in bins and top-coded, so that every part of the likelihood is in
the test. Priors are those of the model with narrower bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gammaln

from prevalence import mcmc
from prevalence.nsum.models import binomial, random_degree
from prevalence.nsum.models.random_degree import DegreePriors, Sampler, State
from tests.simulation import calibration

Array = NDArray[Any]
Values = dict[str, Array]
Answered = tuple[Array, Array]

POPULATION = 1e6
SIZES = np.array([9_000.0, 15_000.0, 6_000.0, 20_000.0, np.nan, np.nan])
HIDDEN = np.isnan(SIZES)
BOUNDS = (3_000.0, 20_000.0)
PRIORS = DegreePriors(mu=(3.8, 5.2), sigma=(0.3, 0.9), size=BOUNDS, dispersion=(0.01, 0.15))


def prior(n: int, barrier: bool) -> Callable[[int, np.random.Generator], Values]:
    """Return draws of all parameters from their priors."""

    def draw(fits: int, rng: np.random.Generator) -> Values:
        mu, sigma = rng.uniform(*PRIORS.mu, fits), rng.uniform(*PRIORS.sigma, fits)
        least, most = np.log(BOUNDS)
        hidden = rng.uniform(least, most, (fits, int(HIDDEN.sum())))
        values = {
            "mu": mu,
            "sigma": sigma,
            "log_hidden": hidden - np.log(POPULATION),
            "log_degree": mu[:, None] + sigma[:, None] * rng.standard_normal((fits, n)),
        }
        if barrier:
            values["dispersion"] = rng.uniform(*PRIORS.dispersion, (fits, len(SIZES)))
        return values

    return draw


def _prevalence(values: Values) -> Array:
    m = np.tile(SIZES / POPULATION, (len(values["mu"]), 1))
    m[:, HIDDEN] = np.exp(values["log_hidden"])
    return m


def simulate(values: Values, rng: np.random.Generator) -> Answered:
    """Return the limits of answers drawn by inversion, one probability after the other."""
    shape = (*values["log_degree"].shape, len(SIZES))
    d = np.broadcast_to(np.exp(values["log_degree"])[:, :, None], shape).ravel()
    m = np.broadcast_to(_prevalence(values)[:, None, :], shape).ravel()
    if "dispersion" in values:
        rho = np.broadcast_to(values["dispersion"][:, None, :], shape).ravel()
        total = 1 / rho - 1
        a, b = m * total, (1 - m) * total
        term = np.exp(gammaln(b + d) - gammaln(b) - gammaln(total + d) + gammaln(total))
    else:
        a, b = m, 1 - m
        term = (1 - m) ** d
    y, left, above = np.zeros(d.size), np.arange(d.size), rng.random(d.size)
    count = 0
    while left.size:
        above = above - term  # what of the uniform number lies above the probabilities so far
        more = (above > 0) & (count + 1 <= d)
        left, above, term, d, a, b = (x[more] for x in (left, above, term, d, a, b))
        odds = (a + count) / (b + d - count - 1) if "dispersion" in values else a / b
        term = term * (d - count) / (count + 1) * odds
        count += 1
        y[left] = count
    y = y.reshape(shape)
    return reported(y)


def reported(y: Array) -> Answered:
    """Return the limits of answers of which some are missing, yes or no, in bins or top-coded."""
    low, high = y.copy(), y.copy()
    kind = np.add.outer(np.arange(y.shape[1]), 2 * np.arange(y.shape[2])) % 9
    low[:, kind == 0], high[:, kind == 0] = 0.0, np.inf
    yes = (kind == 1) & (y > 0)
    low[yes], high[yes] = 1.0, np.inf
    bins = (kind == 2) & (y > 1)
    low[bins], high[bins] = np.where(y[bins] > 4, 5.0, 2.0), np.where(y[bins] > 4, np.inf, 4.0)
    capped = (kind == 3) & (y > 3)
    low[capped], high[capped] = 3.0, np.inf
    return low, high


def named(values: Values) -> Values:
    """Return the draws of `random_degree` under the names of the prior, three degrees of them."""
    kept: Values = {name: values[name] for name in ("mu", "sigma", "dispersion") if name in values}
    kept["log_hidden"] = values["log_prevalence"][..., HIDDEN]
    return kept | {"log_degree": values["log_degree"][..., :3]}


def sampler(model: str, warmup: int, draws: int, thin: int) -> Callable[..., Values]:
    """Return what draws from the posterior of every data set, one chain for each."""

    def sample(answers: Answered, rng: np.random.Generator) -> Values:
        low, high = answers
        fit = random_degree.random_degree(
            low,
            high,
            sizes=SIZES,
            population=POPULATION,
            model=model,
            priors=PRIORS,
            chains=len(low),
            warmup=warmup,
            draws=draws * thin,
            rng=rng,
        )
        return named({name: value[:, thin - 1 :: thin] for name, value in fit.items()})

    return sample


def ranks(model: str, *, fits: int, warmup: int, draws: int, thin: int, rng: int) -> Values:
    start = prior(60, model == "barrier")

    def truth(count: int, random: np.random.Generator) -> Values:
        return start(count, random)

    def shortened(values: Values, random: np.random.Generator) -> Answered:
        answers = simulate(values, random)
        values["log_degree"] = values["log_degree"][:, :3]  # the degrees whose ranks are taken
        return answers

    sample = sampler(model, warmup, draws, thin)
    return calibration.sbc(truth, shortened, sample, fits=fits, rng=rng)


def sweep(values: Values, answers: Answered, rng: np.random.Generator) -> Values:
    """Move the chains once from the parameters, with proposals that do not adapt."""
    limits = np.log(np.where(HIDDEN, np.array(BOUNDS)[:, None], SIZES) / POPULATION)
    state = State(
        values["log_degree"],
        values["mu"],
        values["sigma"],
        np.log(_prevalence(values)),
        values.get("dispersion"),
    )
    n = values["log_degree"].shape[1]
    chains = Sampler(binomial.cells_of(*answers), np.ones(n), limits, PRIORS, state, rng)
    chains.sweep()
    moved = {"mu": state.mu, "sigma": state.sigma, "log_degree": state.log_degree}
    moved["log_hidden"] = state.log_prevalence[:, HIDDEN]
    return moved if state.dispersion is None else moved | {"dispersion": state.dispersion}


def joint(model: str, *, fits: int, rounds: int, rng: int, n: int = 24) -> float:
    """Return the p-value of Geweke's joint test."""
    start = prior(n, model == "barrier")
    after, fresh = calibration.geweke(start, simulate, sweep, fits=fits, rounds=rounds, rng=rng)
    return calibration.sameness(with_scores(after), with_scores(fresh))


def with_scores(values: Values) -> Values:
    """Add what links mu and sigma to the degrees: squared mean and mean square of the standardised."""
    score = (values["log_degree"] - values["mu"][:, None]) / values["sigma"][:, None]
    return values | {"mean_score": score.mean(axis=1) ** 2, "square_score": (score**2).mean(axis=1)}


def _half_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant the defect of a peer: mu drawn with variance s^2 / 2 instead of s^2 / n."""

    def wrong(mean: Array, variance: Array, _n: int, rng: Any, *bounds: float) -> Array:
        return mcmc.normal_mean(mean, variance, 2, rng, *bounds)

    monkeypatch.setattr(random_degree, "normal_mean", wrong)


def _small_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant another: the sum of squares about mu shrunk by (n - 1) / n."""

    def wrong(squares: Array, freedom: int, rng: Any, *bounds: float) -> Array:
        return mcmc.scale_squared(squares * freedom / (freedom + 1), freedom, rng, *bounds)

    monkeypatch.setattr(random_degree, "scale_squared", wrong)


@pytest.mark.parametrize("model", ["random-degree", "barrier"])
def test_joint_distribution_of_parameters_and_answers(model: str) -> None:
    """A p-value below 0.001 would come once in a thousand seeds."""
    assert joint(model, fits=200, rounds=5, rng=1) > 0.001


@pytest.mark.parametrize("model", ["random-degree", "barrier"])
def test_a_wrong_conditional_fails_the_joint_test(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _half_variance(monkeypatch)
    assert joint(model, fits=200, rounds=5, rng=1) < 1e-6


@pytest.mark.proof
@pytest.mark.parametrize("model", ["random-degree", "barrier"])
def test_a_small_scale_fails_in_many_chains(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the right one the same chains have a p-value in evidence/coverage/calibration.py."""
    _small_scale(monkeypatch)
    assert joint(model, fits=2000, rounds=20, rng=2, n=8) < 1e-4


@pytest.mark.proof
@pytest.mark.parametrize("model", ["random-degree", "barrier"])
def test_ranks_find_a_wrong_conditional(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 data sets; with the right one they are uniform in evidence/coverage/calibration.py."""
    _half_variance(monkeypatch)
    shares = ranks(model, fits=300, warmup=200, draws=19, thin=5, rng=3)
    assert calibration.uniformity(shares) < 1e-6
