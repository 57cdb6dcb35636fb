"""The algebra of estimates: what holds for every sample, in values, standard errors and covariances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
# A sample and several estimates in each example: a quarter of the profile's number of them.
quarter = settings(max_examples=settings().max_examples // 4)
SEEDS = st.integers(0, 2**32 - 1)
SCHEMES = st.sampled_from(["linearised", "jackknife", "bootstrap"])
NUMBERS = st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3)


def survey(seed: int, scheme: str = "linearised") -> pv.Survey:
    rng = np.random.default_rng(seed)
    n = 48
    effect = np.repeat(rng.normal(size=12), 4)
    data = {
        "w": rng.uniform(1, 5, n),
        "stratum": np.arange(n) // 24,
        "psu": np.arange(n) // 4,
        "d": rng.permutation(np.arange(n) % 3),
        "y": rng.normal(20, 3, n) + effect,
        "x": rng.normal(10, 1, n) + effect,
        "case": (rng.random(n) < 0.3).astype(float),
    }
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    if scheme == "linearised":
        return made
    return made.jackknife() if scheme == "jackknife" else made.bootstrap(25, rng=seed)


def means(made: pv.Survey, **how: Any) -> tuple[pv.Estimate, pv.Estimate]:
    y, x = (pv.direct.mean(made, name, **how).describe(outcome="") for name in ("y", "x"))
    return y, x


@quarter
@given(SEEDS, SCHEMES)
def test_adding_and_taking_away_gives_the_estimate_back(seed: int, scheme: str) -> None:
    a, b = means(survey(seed, scheme), by="d")
    back = (a + b) - b
    np.testing.assert_allclose(back.value, a.value, rtol=1e-14)
    np.testing.assert_allclose(back.std_error, a.std_error, rtol=1e-10)
    np.testing.assert_allclose(back.covariance, a.covariance, rtol=1e-9, atol=1e-12)
    again = (a * b) / b
    np.testing.assert_allclose(again.value, a.value, rtol=1e-14)
    np.testing.assert_allclose(again.std_error, a.std_error, rtol=1e-9)
    assert np.abs((a - a).std_error).max() == 0
    assert np.abs((a / a).std_error).max() < 1e-14


@quarter
@given(SEEDS, SCHEMES)
def test_the_variance_of_a_difference_has_the_covariance(seed: int, scheme: str) -> None:
    made = survey(seed, scheme)
    a, b = means(made)
    joint = pv.direct.mean(made, ["y", "x"]).covariance
    wanted = joint[0, 0] + joint[1, 1] - 2 * joint[0, 1]
    assert (a - b).std_error[0] ** 2 == pytest.approx(wanted, rel=1e-8)
    assert (a + b).std_error[0] ** 2 == pytest.approx(wanted + 4 * joint[0, 1], rel=1e-8)
    plane = a.std_error[0] ** 2 + b.std_error[0] ** 2
    assert (a - b).std_error[0] ** 2 + (a + b).std_error[0] ** 2 == pytest.approx(
        2 * plane, rel=1e-8
    )


@quarter
@given(SEEDS, NUMBERS, NUMBERS)
def test_a_linear_map_scales_the_standard_error_and_moves_the_interval(
    seed: int, slope: float, shift: float
) -> None:
    a = pv.direct.prevalence(survey(seed), "case", by="d")
    moved = slope * a + shift
    np.testing.assert_allclose(moved.std_error, abs(slope) * a.std_error, rtol=1e-12)
    limits = np.sort(slope * a.interval() + shift, axis=1)
    np.testing.assert_allclose(
        moved.interval(), limits, rtol=1e-12, atol=1e-12 * (abs(slope) + abs(shift))
    )
    np.testing.assert_array_equal(moved.df, a.df)


@quarter
@pytest.mark.filterwarnings("ignore:'case' is 0 in all rows")
@given(SEEDS)
def test_every_covariance_is_positive_semidefinite(seed: int) -> None:
    found = pv.direct.total(survey(seed), ["y", "x", "case"], by="d")
    matrix = found.covariance
    np.testing.assert_allclose(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9 * np.trace(matrix)
    np.testing.assert_allclose(np.sqrt(np.diag(matrix)), found.std_error, rtol=1e-12)


@quarter
@given(SEEDS, SCHEMES)
def test_totals_of_domains_add_up_to_the_whole(seed: int, scheme: str) -> None:
    made = survey(seed, scheme)
    parts, whole = pv.direct.total(made, "y", by="d"), pv.direct.total(made, "y")
    summed = parts[0] + parts[1] + parts[2]
    assert summed.value[0] == pytest.approx(whole.value[0], rel=1e-13)
    assert summed.std_error[0] == pytest.approx(whole.std_error[0], rel=1e-9)


@quarter
@given(SEEDS, st.floats(0.01, 100))
def test_means_and_their_standard_errors_do_not_depend_on_the_scale_of_weights(
    seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    data = {"w": rng.uniform(1, 3, 30), "y": rng.normal(size=30), "psu": np.arange(30) // 3}
    one = pv.direct.mean(pv.Survey(data, weights="w", psu="psu"), "y")
    two = pv.direct.mean(pv.Survey({**data, "w": data["w"] * scale}, weights="w", psu="psu"), "y")
    np.testing.assert_allclose(two.value, one.value, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(two.std_error, one.std_error, rtol=1e-11)


@quarter
@given(SEEDS, st.floats(0.5, 0.999))
def test_intervals_hold_the_estimate_and_widen_with_the_level(seed: int, level: float) -> None:
    made = survey(seed)
    for rule in ("auto", "logit", "korn-graubard", "wald"):
        found = pv.direct.prevalence(made, "case", interval=rule)
        low, high = found.interval(level)[0]
        wide = found.interval((1 + level) / 2)[0]
        assert wide[0] <= low <= found.value[0] <= high <= wide[1]
        if rule != "wald":
            assert wide[0] >= 0
            assert wide[1] <= 1


@quarter
@given(SEEDS, st.floats(0.05, 0.95), st.floats(0.01, 0.2))
def test_an_uncertain_number_of_one_name_cancels_and_others_add(
    seed: int, value: float, spread: float
) -> None:
    a, _ = means(survey(seed))
    rate = pv.uncertain(value, std_error=spread, name="rate")
    np.testing.assert_allclose(((a * rate) / rate).std_error, a.std_error, rtol=1e-9)
    other = pv.uncertain(value, std_error=spread, name="another")
    assert (rate - other).std_error[0] == pytest.approx(spread * np.sqrt(2), rel=1e-12)
    product = (a * rate).std_error[0]
    wanted = np.hypot(a.std_error[0] * value, spread * a.value[0])
    assert product == pytest.approx(wanted, rel=1e-12)


@quarter
@given(SEEDS)
def test_log_and_exp_undo_each_other(seed: int) -> None:
    a, b = means(survey(seed), by="d")
    back = np.exp(np.log(a))
    np.testing.assert_allclose(back.std_error, a.std_error, rtol=1e-12)
    np.testing.assert_allclose(back.interval(), a.interval(), rtol=1e-12)
    ratio, difference = a / b, np.exp(np.log(a) - np.log(b).describe(outcome=""))
    np.testing.assert_allclose(difference.value, ratio.value, rtol=1e-12)
    np.testing.assert_allclose(difference.std_error, ratio.std_error, rtol=1e-9)
