"""Coverage of weighted posteriors: an informative sample of clusters, counts fitted as Poisson."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.nsum import pseudo_posterior

Array = NDArray[Any]
PSUS, CLUSTERS, MEMBERS = 40, 2_000, 12


def population(rng: np.random.Generator) -> tuple[Array, Array]:
    """Counts of two groups (clusters, members, 2), overdispersed between and within clusters."""
    effect = rng.normal(0, 0.5, CLUSTERS)
    own = rng.gamma(1.0, 1.0, (CLUSTERS, MEMBERS))
    rate = np.exp(effect)[:, None] * own
    return rng.poisson(rate[..., None] * np.array([2.0, 5.0])), effect


def covered(samples: int, seed: int) -> Array:
    """Return how often 95 % intervals of the two log rates hold the truth: raw and rescaled."""
    rng = np.random.default_rng(seed)
    counts, effect = population(rng)
    truth = np.log(counts.mean(axis=(0, 1)))
    size = np.exp(0.8 * effect)  # clusters where more are known are drawn more often
    chance = PSUS * size / size.sum()
    held = np.zeros((2, 2))
    for _ in range(samples):
        psu = rng.choice(CLUSTERS, PSUS, p=size / size.sum())
        y = counts[psu].reshape(-1, 2)
        w = np.repeat(1 / chance[psu], MEMBERS)
        survey = pv.Survey(
            {"w": w, "psu": np.repeat(np.arange(PSUS), MEMBERS)}, weights="w", psu="psu"
        )
        w = w * (w.size / w.sum())
        total = (w[:, None] * y).sum(axis=0)
        draws = np.log(rng.gamma(total, size=(2_000, 2)) / w.sum())
        rate = np.exp(draws.mean(axis=0))
        scores = w[:, None] * (y - rate)
        information = np.diag(w.sum() * rate)
        moved = pseudo_posterior.rescaled(draws, information, scores, survey, np.arange(w.size))
        for i, made in enumerate((draws, moved)):
            low, high = np.quantile(made, [0.025, 0.975], axis=0)
            held[i] += (low <= truth) & (truth <= high)
    return held / samples


def test_few_samples_show_what_the_rescaling_is_for() -> None:
    raw, moved = covered(60, seed=1)
    assert (raw < 0.7).all()  # 0.4 to 0.5 expected, Monte Carlo error 0.064
    assert (moved > 0.84).all()  # 0.94 expected, Monte Carlo error 0.031


@pytest.mark.proof
def test_weighted_posteriors_cover_once_rescaled(record_property: Any) -> None:
    samples = 1_000
    raw, moved = covered(samples, seed=2)
    error = np.sqrt(0.95 * 0.05 / samples)  # 0.7 points
    record_property("table", f"raw {raw}, rescaled {moved}, Monte Carlo error {error:.4f}")
    assert (raw < 0.6).all()
    assert (moved > 0.93 - 2 * error).all()
    assert (moved < 0.97 + 2 * error).all()
