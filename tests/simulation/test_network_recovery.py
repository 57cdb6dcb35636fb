"""Intervals of every model hold a fixed truth as often as they say, data set after data set.

Calibration draws the truth from the prior; here it is one, such as a study meets: 150 respondents,
six known groups and a hidden one of 3,000 in a million, answers with the model's own noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prevalence.nsum.models.lognormal import poisson_lognormal
from prevalence.nsum.models.overdispersed import overdispersed_draws
from prevalence.nsum.models.random_degree import random_degree

Array = NDArray[np.float64]

N, POPULATION, HIDDEN = 150, 1e6, 3_000.0
KNOWN = np.array([2_000.0, 4_000, 5_000, 8_000, 12_000, 20_000])
SIZES = np.r_[KNOWN, np.nan]
SHARES = np.r_[KNOWN, HIDDEN] / POPULATION


def degrees(fits: int, rng: np.random.Generator) -> Array:
    return np.asarray(rng.lognormal(5.5, 0.6, (fits, N, 1)))


def overdispersed(fits: int, rng: np.random.Generator) -> Array:
    excess = np.array([0.5, 1, 2, 1, 3, 2, 1.5])
    return rng.poisson(rng.gamma(degrees(fits, rng) * SHARES / excess, excess)).astype(float)


def binomial(fits: int, rng: np.random.Generator) -> Array:
    return rng.binomial(degrees(fits, rng).round().astype(int), SHARES).astype(float)


def barrier(fits: int, rng: np.random.Generator) -> Array:
    total = 1 / 0.01 - 1
    share = rng.beta(SHARES * total, (1 - SHARES) * total, (fits, N, 7))
    return rng.binomial(degrees(fits, rng).round().astype(int), share).astype(float)


def lognormal(fits: int, rng: np.random.Generator) -> Array:
    log_variance = np.log1p(np.array([0.5, 0.8, 0.6, 1.0, 0.5, 0.7, 0.8]) ** 2)
    noise = rng.normal(-log_variance / 2, np.sqrt(log_variance), (fits, N, 7))
    return np.asarray(rng.poisson(degrees(fits, rng) * SHARES * np.exp(noise)).astype(float))


def hidden_size(model: str, y: Array, steps: int) -> Array:
    """Return draws (data sets, draws) of the hidden size: one chain for each data set."""
    how: dict[str, Any] = {
        "sizes": SIZES,
        "population": POPULATION,
        "warmup": steps // 2,
        "draws": steps,
        "rng": 2,
    }
    if model == "overdispersed":
        found = overdispersed_draws(y, y, chains=1, **how)["log_prevalence"][:, 0]
    elif model == "lognormal":
        found = poisson_lognormal(y, y, chains=len(y), **how)["log_prevalence"]
    else:
        found = random_degree(y, y, model=model, chains=len(y), **how)["log_prevalence"]
    return np.asarray(POPULATION * np.exp(found[..., -1]))


ANSWERS = {
    "overdispersed": overdispersed,
    "random-degree": binomial,
    "barrier": barrier,
    "lognormal": lognormal,
}


@pytest.mark.proof
@pytest.mark.parametrize("model", ANSWERS)
def test_intervals_hold_a_fixed_truth(model: str, record_property: Callable[..., None]) -> None:
    fits = 100
    draws = hidden_size(model, ANSWERS[model](fits, np.random.default_rng(1)), steps=1_000)
    low, high = np.quantile(draws, [0.025, 0.975], axis=1)
    covered = ((low <= HIDDEN) & (high >= HIDDEN)).mean()
    ratio = np.median(draws, axis=1) / HIDDEN
    error = np.sqrt(0.95 * 0.05 / fits)  # 2.2 points
    table = f"{model}: covers {covered:.2f}, median over truth {ratio.mean():.3f}"
    record_property("table", f"{table} +- {ratio.std() / np.sqrt(fits):.3f}")
    assert abs(covered - 0.95) < 3 * error, table
    # the prior of the groups draws a hidden one a little towards the known: a tenth of its spread
    assert abs(ratio.mean() - 1) < 0.05 + 3 * ratio.std() / np.sqrt(fits), table
