"""Convergence diagnostics against slow versions, and the exact conditionals against their distributions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from prevalence import mcmc
from tests.naive import overdispersed as naive

Array = NDArray[np.float64]


def chains(shape: tuple[int, int], seed: int) -> Array:
    """Return draws of five quantities: free, sticky, antithetic, with ties, and a chain elsewhere."""
    rng = np.random.default_rng(seed)
    draws = rng.standard_normal((*shape, 5))
    for t in range(1, shape[1]):
        draws[:, t] += np.array([0, 0.9, -0.7, 0.3, 0.3]) * draws[:, t - 1]
    draws[..., 3] = np.round(draws[..., 3])
    draws[0, :, 4] += 2
    return draws


@pytest.mark.parametrize("shape", [(4, 200), (2, 13), (3, 101)])
def test_diagnostics_equal_slow_versions(shape: tuple[int, int]) -> None:
    draws = chains(shape, 3)
    each = [draws[..., j] for j in range(5)]
    # sums in another order: relative rounding errors of some hundred units in the last place
    np.testing.assert_allclose(mcmc.rhat(draws), [naive.rhat(x) for x in each], rtol=1e-12)
    for kind in ("bulk", "tail", "mean"):
        slow = [naive.ess(x, kind) for x in each]
        np.testing.assert_allclose(mcmc.ess(draws, kind), slow, rtol=1e-9)
    slow = [x.std(ddof=1) / np.sqrt(naive.ess(x, "mean")) for x in each]
    np.testing.assert_allclose(mcmc.mcse(draws), slow, rtol=1e-9)


def test_shapes_and_constants() -> None:
    draws = np.random.default_rng(1).standard_normal((2, 50, 70, 2))
    draws[..., 3, 1] = 7.0
    for values in (mcmc.rhat(draws), mcmc.ess(draws), mcmc.ess(draws, "tail"), mcmc.mcse(draws)):
        assert values.shape == (70, 2)
        assert np.isnan(values[3, 1])
        assert np.isnan(values).sum() == 1


def test_chains_stuck_in_different_places_have_no_finite_rhat() -> None:
    draws = np.repeat(np.array([[1.0], [2.0]]), 10, axis=1)
    assert mcmc.rhat(draws) == np.inf


@pytest.mark.parametrize(("mean", "low", "high"), [(5, 3, 8), (1, 3, 8), (12, 3, 8), (0, 3, 3.001)])
def test_truncated_mean(mean: float, low: float, high: float) -> None:
    drawn = mcmc.normal_mean(np.full(4000, mean), 2.0, 4, np.random.default_rng(2), low, high)
    sd = np.sqrt(0.5)
    law = stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)
    assert stats.kstest(drawn, law.cdf).pvalue > 0.001


@pytest.mark.parametrize(
    ("squares", "low", "high"),
    [
        (50, 0.06, 4),
        (500, 0.06, 4),
        (0.05, 0.06, 4),
        (50, 0, 4),
        (50, 0.06, np.inf),
        (50, 0, np.inf),
    ],
)
def test_truncated_variance(squares: float, low: float, high: float) -> None:
    drawn = mcmc.scale_squared(np.full(4000, squares), 40, np.random.default_rng(2), low, high)
    assert drawn.min() >= low
    assert drawn.max() <= high
    law = stats.gamma(20, scale=2 / squares)  # of 1 / s^2

    def beyond(value: Array | float) -> Array:  # P(1 / s^2 > value), in the tail that has digits
        return np.asarray(law.sf(value))

    ends = [1 / high, 1 / low if low else np.inf]
    if law.mean() > ends[0]:
        share = (law.cdf(1 / drawn) - law.cdf(ends[0])) / (law.cdf(ends[1]) - law.cdf(ends[0]))
    else:
        share = (beyond(1 / drawn) - beyond(ends[1])) / (beyond(ends[0]) - beyond(ends[1]))
    assert stats.kstest(share, "uniform").pvalue > 0.001


def test_overflow_is_refused() -> None:
    ratio = np.array([np.nan, np.inf, -np.inf, 50.0])
    assert mcmc.accepted(ratio, np.random.default_rng(1)).tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("draws", "message"),
    [
        (np.zeros((4, 3)), r"at least 4 draws of each: found an array of shape \(4, 3\)"),
        (np.array([[1.0, np.nan, 3, 4]]), r"1 of 4 are not \(first: \(0, 1\)\)"),
    ],
)
def test_refused(draws: Array, message: str) -> None:
    for diagnostic in (mcmc.rhat, mcmc.ess, mcmc.mcse):
        with pytest.raises(ValueError, match=message):
            diagnostic(draws)


def test_proposals_start_at_the_scale_that_is_asked_for() -> None:
    np.testing.assert_allclose(mcmc.Proposals((3,)).scale, 0.5, rtol=1e-15)
    walk = mcmc.Proposals((2,), start=2.0, target=0.3)
    walk.learn(np.array([True, False]))
    wanted = 2.0 * np.exp(np.array([0.7, -0.3]) / np.sqrt(10))
    np.testing.assert_allclose(walk.scale, wanted, rtol=1e-12)


def test_a_variance_without_a_lower_limit_goes_down_to_zero() -> None:
    rng = np.random.default_rng(5)
    found = mcmc.scale_squared(np.full(20_000, 0.02), 4, rng)
    # 0.02 / chi2(4): below 0.01 with the probability of a chi2(4) above 2.
    assert (found < 0.01).mean() == pytest.approx(0.7358, abs=4 * 0.0032)
    assert (found > 0).all()
