"""Bootstrap and jackknife of a procedure: slow versions, edges, and Monte Carlo error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prevalence.intervals import RULES, bca_levels
from prevalence.mse.histories import bootstrap_counts
from prevalence.mse.resampling import Jackknife, Resampled, parametric_counts, resample
from tests.naive import mse_resampling as naive

Array = NDArray[Any]
COUNTS = [14, 9, 5]
NOBODY = Jackknife(np.arange(2), np.array([3.0, 4.0]), np.array([[5.0, 5.0]]))


def chapman(n: Array) -> Array:
    return np.asarray((n[0] + n[2] + 1) * (n[1] + n[2] + 1) / (n[2] + 1) - 1)


def of(draws: list[float], value: float, jackknife: Jackknife = NOBODY) -> Resampled:
    return Resampled(np.array([value]), np.array([draws]), jackknife)


@settings(max_examples=settings().max_examples // 4)
@given(
    counts=st.lists(st.integers(1, 12), min_size=3, max_size=3),
    seed=st.integers(0, 2**31),
    level=st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]),
)
def test_as_the_definitions_say(counts: list[int], seed: int, level: float) -> None:
    found = resample(chapman, counts, bootstrap_counts(counts, 50, seed))
    without = naive.person_by_person(np.array(counts), lambda n: float(chapman(n)))
    assert found.jackknife.std_error[0] == pytest.approx(naive.std_error(without), rel=1e-9)
    a = naive.acceleration(without)
    # Cubes of differences of numbers near 100: relative rounding 1e-14 of their third power.
    assert found.jackknife.acceleration[0] == pytest.approx(a, abs=1e-9)
    values, point = found.draws[0], float(found.value[0])
    below = (values < point).mean()
    if 0 < below < 1:
        wanted = naive.bca(values, point, a, level)
    else:
        wanted = naive.percentile(values, level)
    # Interpolation between replicates that differ by whole persons; levels agree to 1e-12.
    assert found.interval("bca", level)[0] == pytest.approx(wanted, rel=1e-8)


def test_without_bias_and_skewness_bca_is_the_percentile_interval() -> None:
    found = of([float(x) for x in range(100)], 49.5)
    assert found.bias[0] == 0
    assert found.jackknife.acceleration[0] == 0
    assert found.interval("bca") == pytest.approx(found.interval("percentile"), rel=1e-12)


@pytest.mark.parametrize("value", [-1.0, 200.0])
def test_all_replicates_on_one_side(value: float) -> None:
    found = of([float(x) for x in range(100)], value)
    assert np.isinf(found.bias[0])
    assert found.interval("bca") == pytest.approx(found.interval("percentile"), rel=1e-12)
    assert any("one side of the estimate" in said for said in found.warnings("bca"))
    assert found.warnings("percentile") == []


def test_beyond_the_pole_of_the_acceleration_the_limit_is_an_end() -> None:
    assert bca_levels(0.5, 0.6, 0.95)[1] == 1
    assert bca_levels(0.5, -0.6, 0.95)[0] == 0
    almost = 1 / 1.959963984540054 - 1e-12
    assert bca_levels(0.5, almost, 0.95)[1] == pytest.approx(1)


def test_replicates_without_a_model_are_left_out_and_counted() -> None:
    values = [float(x) for x in range(100)]
    found = of([*values, float("nan"), float("nan")], 40.0)
    assert found.failed == 2
    whole = of(values, 40.0)
    assert found.interval("bca").tolist() == whole.interval("bca").tolist()
    assert found.at_extreme().tolist() == whole.at_extreme().tolist()
    nothing = of([float("nan")] * 3, 40.0)
    assert np.isnan(RULES["bca"](nothing.constants, np.full(1, np.inf), 0.95)).all()


def test_a_deletion_without_an_estimate_is_said() -> None:
    lost = Jackknife(np.array([0, 4, 5]), np.array([5.0, 1.0, 6.0]), np.array([[1.0, np.nan, 2.0]]))
    found = of([float(x) for x in range(1000)], 499.5, lost)
    said = [text for text in found.warnings() if "no model fits" in text]
    assert len(said) == 1
    assert "1 of 3 histories (first: row 4)" in said[0]
    assert np.isnan(lost.std_error).all()
    assert np.isfinite(lost.acceleration).all()


def test_many_rows_at_once_are_each_alone() -> None:
    draws = bootstrap_counts(COUNTS, 200, 3)
    both = resample(lambda n: np.stack([chapman(n), n[0] + 0.5 * n[1]]), COUNTS, draws)
    alone = resample(chapman, COUNTS, draws)
    assert both.interval()[0].tolist() == alone.interval()[0].tolist()
    assert both.monte_carlo_error()[0].tolist() == alone.monte_carlo_error()[0].tolist()
    assert both.jackknife.std_error[:1].tolist() == alone.jackknife.std_error.tolist()


@pytest.mark.parametrize("rule", ["bca", "percentile"])
def test_monte_carlo_error_is_the_spread_over_draws(rule: str) -> None:
    """400 sets of 400 replicates: the sd of an end is known to 3.5 %, the mean error of 80 to 4 %."""
    counts = [140, 90, 35, 60, 20, 10, 15]

    def procedure(n: Array) -> Array:
        both = n[0] * n[1] / np.maximum(n[2], 1) + n[3] ** 2 / (n[4] + 1)
        return np.asarray(n.sum(axis=0) + both)

    draws = procedure(bootstrap_counts(counts, 400 * 400, 11)).reshape(400, 1, 400)
    base = resample(procedure, counts)
    sets = [Resampled(base.value, row, base.jackknife) for row in draws]
    ends = np.array([s.interval(rule)[0] for s in sets])
    errors = np.array([s.monte_carlo_error(rule)[0] for s in sets[:80]])
    # Resampled quantiles of 400 are discrete: 10 % besides 3.6 Monte Carlo errors of both.
    assert np.sqrt((errors**2).mean(axis=0)) == pytest.approx(ends.std(axis=0), rel=0.1 + 0.19)


def test_parametric_tables_have_the_moments_of_the_model() -> None:
    fitted, dark = np.array([40.0, 30.0, 10.0]), 120.0
    tables = parametric_counts(fitted, dark, 20_000, rng=5)
    error = np.sqrt(fitted * (1 - fitted / 200) / 20_000)
    assert (np.abs(tables.mean(axis=1) - fitted) < 4 * error).all()
    seen = tables.sum(axis=0)
    # The variance of a binomial is known here to sqrt(2 / 20,000) = 1 %.
    assert seen.var() == pytest.approx(200 * 0.4 * 0.6, rel=0.04)
    with pytest.raises(ValueError, match="dark must be a finite number"):
        parametric_counts(fitted, float("nan"), 10, rng=1)
