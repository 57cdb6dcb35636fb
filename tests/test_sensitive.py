"""Sensitive questions: estimators against slow versions, and what the tests and devices promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv
from prevalence.sensitive.devices import device
from prevalence.sensitive.orthants import chi_bar_weights, distance, orthant
from tests.naive import sensitive as naive

Array = NDArray[Any]
ROUNDING = 1e-10
DEVICES: dict[str, dict[str, Any]] = {
    "warner": {"p": 0.7},
    "crosswise": {"p": 0.15},
    "forced": {"p_yes": 0.2, "p_no": 0.1},
    "unrelated": {"p": 0.6, "q": 0.3},
    "kuk": {"p": (0.8, 0.25)},
}


def respondents(seed: int, n: int = 400, *, psus: int = 20, share: float = 0.4) -> dict[str, Any]:
    """Return respondents of clusters who differ, with two lists, a direct answer and the trait."""
    rng = np.random.default_rng(seed)
    psu = rng.permutation(np.arange(n) % psus)
    likely = np.clip(share + rng.normal(0, 0.1, psus)[psu], 0.02, 0.98)
    trait, treated = rng.random(n) < likely, rng.random(n) < 0.5
    return {
        "psu": psu,
        "area": psu % 4,
        "w": rng.uniform(1, 3, n),
        "y": (rng.binomial(3, 0.4, n) + (trait & treated)).astype(float),
        "z": (rng.binomial(3, 0.5, n) + (trait & ~treated)).astype(float),
        "treated": treated.astype(float),
        "direct": (trait & (rng.random(n) < 0.5)).astype(float),
        "trait": trait.astype(float),
    }


def survey(data: dict[str, Any]) -> pv.Survey:
    return pv.Survey(data, weights="w", psu="psu")


# ------------------------------------------------------------------ against the slow versions
@pytest.mark.parametrize("seed", range(3))
def test_list_estimates_are_those_of_one_respondent_at_a_time(seed: int) -> None:
    d = respondents(seed, 600, share=0.5)
    s, t = survey(d), d["treated"]
    found = [
        pv.sensitive.list_difference(s, "y", treatment="treated", by="area"),
        pv.sensitive.double_list(s, ("y", "z"), treatment="treated", by="area"),
        pv.sensitive.list_combined(s, "y", treatment="treated", direct="direct", by="area"),
    ]
    for k in range(4):
        at = d["area"] == k
        y, z, tr, w = (d[name][at] for name in ("y", "z", "treated", "w"))
        wanted = [
            naive.difference(y, tr, w),
            naive.double(y, z, tr, w),
            naive.combined(y, tr, d["direct"][at], w),
        ]
        np.testing.assert_allclose([e.value[k] for e in found], wanted, rtol=ROUNDING)
        assert found[0].facts["long"][k] == t[at].sum()
        assert found[0].facts["short"][k] == (1 - t[at]).sum()
    test = pv.sensitive.list_design_test(s, "y", treatment="treated", items=3)
    shares = np.concatenate(naive.kinds(d["y"], t, d["w"], 3))
    np.testing.assert_allclose(test.to_frame()["share"], shares, atol=ROUNDING)
    assert shares[:4].sum() == pytest.approx(naive.difference(d["y"], t, d["w"]), abs=ROUNDING)


@pytest.mark.parametrize("design", DEVICES)
@pytest.mark.parametrize("coin", [0.0, 0.2])
def test_a_device_makes_the_share_of_answers_that_it_says(design: str, coin: float) -> None:
    p = {**DEVICES[design], "random_answers": coin}
    shape = device(design, **p)
    rng = np.random.default_rng(7)
    for pi in (0.0, 0.3, 1.0):
        trait = rng.random(20_000) < pi
        told = naive.masked(rng, trait, design, **p).mean()
        # four Monte Carlo standard errors of a share of 20,000
        assert abs(told - (shape.a + shape.b * trait.mean())) < 4 * 0.5 / np.sqrt(20_000)
    low, high = shape.limits
    assert 0 <= low < high <= 1


@settings(max_examples=30)
@given(st.sampled_from(sorted(DEVICES)), st.integers(0, 40), st.floats(0, 0.5))
def test_masked_answers_are_solved_for_the_trait(design: str, yes: int, coin: float) -> None:
    d = {"said": np.r_[np.ones(50 + yes), np.zeros(50 + 40 - yes)]}
    p = {**DEVICES[design], "random_answers": coin}
    shape = device(design, **p)
    inside = shape.limits[0] <= d["said"].mean() <= shape.limits[1]
    if not inside:
        with pytest.warns(pv.PrevalenceWarning, match="possible non-compliance"):
            pv.sensitive.randomized_response(pv.Survey(d), "said", design=design, **p)
        return
    e = pv.sensitive.randomized_response(pv.Survey(d), "said", design=design, **p)
    seen = pv.direct.prevalence(pv.Survey(d), "said")
    assert shape.a + shape.b * e.value[0] == pytest.approx(seen.value[0], abs=1e-12)
    assert e.std_error[0] == pytest.approx(seen.std_error[0] / abs(shape.b), rel=1e-12)
    limits = np.sort((seen.interval()[0] - shape.a) / shape.b)
    np.testing.assert_allclose(e.interval()[0], limits, rtol=1e-12)


# ------------------------------------------------------------------ one survey
def test_direct_list_and_masked_answers_of_one_survey_have_their_covariance() -> None:
    d = respondents(3, 2_000)
    rng = np.random.default_rng(5)
    s = survey({**d, "said": naive.masked(rng, d["trait"] == 1, "forced", p_yes=0.1, p_no=0.1)})
    for sample in (s, s.jackknife()):
        items = [
            pv.sensitive.list_difference(sample, "y", treatment="treated", items=3),
            pv.sensitive.randomized_response(
                sample, "said", design="forced", p_yes=0.1, p_no=0.1, interval="wald"
            ),
            pv.direct.prevalence(sample, "trait"),
        ]
        listed, masked, direct = (e.describe(outcome="trait") for e in items)
        apart = masked - direct
        independent = np.hypot(masked.std_error[0], direct.std_error[0])
        assert apart.std_error[0] < 0.9 * independent
        assert len((listed - direct).columns) == 1


def test_linearised_and_jackknife_standard_errors_agree() -> None:
    s = survey(respondents(4, 2_000, psus=100))
    estimators: tuple[Callable[[pv.Survey], pv.Estimate], ...] = (
        lambda x: pv.sensitive.list_difference(x, "y", treatment="treated"),
        lambda x: pv.sensitive.double_list(x, ("y", "z"), treatment="treated"),
        lambda x: pv.sensitive.list_combined(x, "y", treatment="treated", direct="direct"),
    )
    for estimate in estimators:
        one, two = estimate(s), estimate(s.jackknife())
        # of the order of 1 / primary units of either list
        assert two.std_error[0] == pytest.approx(one.std_error[0], rel=0.02)


def test_a_number_of_people_comes_from_the_share() -> None:
    e = pv.sensitive.list_difference(survey(respondents(1)), "y", treatment="treated", items=3)
    assert e.count(1_000).value[0] == pytest.approx(1_000 * e.value[0])


# ------------------------------------------------------------------ what is said
def test_lists_that_contradict_each_other_are_named() -> None:
    d = respondents(2, 3_000, share=0.8)
    some = (d["treated"] == 0) & (np.arange(3_000) % 2 == 0)
    d["z"] = np.where(some, np.maximum(d["z"] - 1, 0), d["z"])  # one item taken away
    with pytest.warns(pv.PrevalenceWarning, match="the two lists differ by more than chance"):
        e = pv.sensitive.double_list(survey(d), ("y", "z"), treatment="treated", items=3)
    assert e.facts["first"][0] - e.facts["second"][0] > 0.3


def test_direct_answers_moved_by_the_list_are_named() -> None:
    d = respondents(2, 2_000)
    some = (d["treated"] == 1) & (np.arange(2_000) % 3 == 0)
    d["direct"] = np.where(some, 0.0, d["direct"])
    with pytest.warns(pv.PrevalenceWarning, match="should not change the direct answer, and does"):
        e = pv.sensitive.list_combined(
            survey(d), "y", treatment="treated", direct="direct", items=3
        )
    assert "0 expected (p = 0.001)" in e.provenance["placebo tests"]
    assert e.facts["p_placebo_2"][0] < 1e-3


def test_liars_are_seen_by_the_first_placebo_test() -> None:
    d = respondents(6, 3_000)
    lying = (d["direct"] == 1) & (d["treated"] == 1)
    d["y"] = np.where(lying, d["y"] - 1, d["y"]).clip(0)
    tests = pv.sensitive.list_placebos(
        survey(d), "y", treatment="treated", direct="direct", items=3
    )
    assert tests.p_value[0] < 1e-6
    assert "1 expected, p = 0.0000" in repr(tests)


def test_placebo_tests_of_domains_are_counted() -> None:
    arguments: dict[str, Any] = {"treatment": "treated", "direct": "direct", "by": "area"}
    s = survey(respondents(3, 1_000))
    tests = pv.sensitive.list_placebos(s, "y", **arguments)
    assert len(tests.to_frame()) == 8
    assert "2 tests in 4 domains" in repr(tests)
    e = pv.sensitive.list_combined(s, "y", **arguments)
    assert "in 0 of 4 domains" in e.provenance["placebo tests"]


@pytest.mark.parametrize("design", [{}, {"by": "area"}])
def test_a_share_of_answers_below_the_device_is_named(design: dict[str, Any]) -> None:
    data = {"said": np.r_[np.ones(10), np.zeros(190)], "area": np.arange(200) % 2}
    with pytest.warns(pv.PrevalenceWarning, match=r"between 0\.1667 and 0\.8333.*non-compliance"):
        e = pv.sensitive.randomized_response(
            pv.Survey(data), "said", design="forced", p_yes=1 / 6, p_no=1 / 6, **design
        )
    assert (e.value < 0).all()
    assert any("non-compliance" in text for text in e.warnings)


def test_a_negative_list_difference_is_left_and_named() -> None:
    data = {"y": [2.0, 2, 3, 1, 1, 0, 1, 2], "t": [0, 0, 0, 0, 1, 1, 1, 1]}
    with pytest.warns(pv.PrevalenceWarning, match="a difference of two lists must lie between 0"):
        e = pv.sensitive.list_difference(pv.Survey(data), "y", treatment="t", items=3)
    assert e.value[0] == -1.0


def test_the_length_of_the_list_is_said_where_it_is_not_told() -> None:
    s = survey(respondents(1))
    e = pv.sensitive.list_difference(s, "y", treatment="treated")
    assert "The short list has 3 items, the fewest that fit." in e.assumptions
    told = pv.sensitive.list_difference(s, "y", treatment="treated", items=3)
    assert not any("fewest" in text for text in told.assumptions)


def test_rows_outside_a_condition_may_hold_anything() -> None:
    d = respondents(1)
    asked = np.arange(400) < 300
    d["y"], d["treated"] = np.where(asked, d["y"], 99.0), np.where(asked, d["treated"], np.nan)
    d["asked"] = asked.astype(float)
    e = pv.sensitive.list_difference(
        survey(d), "y", treatment="treated", items=3, where="asked == 1"
    )
    y, t, w = (d[name][asked] for name in ("y", "treated", "w"))
    assert e.value[0] == pytest.approx(naive.difference(y, t, w), rel=ROUNDING)


def test_dropped_answers_are_counted() -> None:
    d = respondents(1)
    d["y"][[0, 5]], d["treated"][7] = np.nan, np.nan
    e = pv.sensitive.list_difference(survey(d), "y", treatment="treated", missing="drop")
    assert (e.facts["n"][0], e.facts["missing"][0]) == (397, 3)
    kept = np.isfinite(d["y"]) & np.isfinite(d["treated"])
    y, t, w = (d[name][kept] for name in ("y", "treated", "w"))
    assert e.value[0] == pytest.approx(naive.difference(y, t, w), rel=ROUNDING)


def test_a_list_of_one_primary_unit_in_a_domain_has_no_standard_error() -> None:
    d = respondents(1, 800, share=0.5)
    first = np.flatnonzero((d["area"] == 0) & (d["treated"] == 1))
    away = first[d["psu"][first] != d["psu"][first[0]]]
    d["treated"][away], d["y"][away] = 0.0, np.minimum(d["y"][away], 3)
    with pytest.warns(pv.PrevalenceWarning, match="1 of 4 estimates have a group of respondents"):
        e = pv.sensitive.list_difference(survey(d), "y", treatment="treated", items=3, by="area")
    assert np.isnan(e.std_error[0])
    assert np.isfinite(e.value).all()
    assert np.isfinite(e.std_error[1:]).all()


# ------------------------------------------------------------------ the design test
def covariance(seed: int, q: int) -> Array:
    a = np.random.default_rng(seed).normal(size=(q, q + 2))
    return a @ a.T


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("r", [0.0, 0.5, 0.9])
def test_orthant_probabilities_of_equal_correlations(n: int, r: float) -> None:
    from scipy.integrate import quad
    from scipy.special import ndtr

    def inner(x: float) -> float:
        return float(np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr(x * np.sqrt(r / (1 - r))) ** n)

    wanted = quad(inner, -9, 9, epsabs=1e-13, limit=200, points=[0.0])[0]
    matrix = np.full((n, n), r) + (1 - r) * np.eye(n)
    assert float(orthant(4.0 * matrix)) == pytest.approx(wanted, abs=1e-10)  # of either quadrature


def test_orthant_probabilities_of_other_correlations() -> None:
    from scipy.stats import multivariate_normal

    for n in (4, 5):
        matrix = covariance(n, n)
        wanted = multivariate_normal(cov=matrix).cdf(np.zeros(n), rng=np.random.default_rng(1))
        assert float(orthant(matrix)) == pytest.approx(wanted, abs=2e-5)  # scipy's lattice rule


@pytest.mark.parametrize("q", [1, 2, 3, 4])
def test_weights_of_the_mixture_are_shares_of_draws(q: int) -> None:
    matrix, draws = covariance(q, q), 1_000
    weights = chi_bar_weights(matrix)
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    assert weights[::2].sum() == pytest.approx(0.5, abs=1e-9)  # Shapiro's identity
    x = np.random.default_rng(1).multivariate_normal(np.zeros(q), matrix, draws)
    found = [naive.nearest(row, matrix) for row in x]
    for row, (wanted, _) in zip(x[:50], found, strict=False):
        assert distance(row, matrix) == pytest.approx(wanted, abs=1e-9)
    bound = np.bincount([k for _, k in found], minlength=q + 1) / draws
    assert np.abs(bound - weights).max() < 4 * 0.5 / np.sqrt(draws)  # four Monte Carlo errors


def test_a_design_effect_is_found_and_its_p_value_is_that_of_draws() -> None:
    from prevalence.sensitive.design_test import _tail

    d = respondents(8, 1_500, psus=1_500, share=0.1)
    rng = np.random.default_rng(2)
    away = (d["treated"] == 1) & (rng.random(1_500) < 0.4)
    d["y"] = np.where(away, np.maximum(d["y"] - 1, 0), d["y"])
    test = pv.sensitive.list_design_test(survey(d), "y", treatment="treated", items=3)
    assert test.p_value < 0.01
    assert "is contradicted" in test.sentence()
    shares = test.estimate.take(np.arange(3))
    limit = 3.0
    drawn = naive.distances(rng, shares.covariance, 2_000) >= limit
    error = np.sqrt(drawn.mean() * (1 - drawn.mean()) / drawn.size)
    assert abs(_tail(limit, shares.covariance, np.inf) - drawn.mean()) < 4 * error


def test_the_design_test_rarely_rejects_where_it_is_hardest() -> None:
    """Nobody has the trait: all shares with it are 0, and the test is at its level."""
    rejected = 0
    for seed in range(200):
        d = respondents(1_000 + seed, 600, psus=60, share=0.0)
        rng = np.random.default_rng(seed)
        d["y"] = rng.binomial(3, 0.4, 600).astype(float)
        test = pv.sensitive.list_design_test(survey(d), "y", treatment="treated", items=3)
        rejected += test.p_value < 0.1
    # at most 0.1 in the long run: 20 of 200, plus three Monte Carlo errors of 4.2
    assert 2 <= rejected <= 33


def test_answers_that_nobody_gives_leave_the_design_test() -> None:
    d = respondents(1)
    d["y"] = np.clip(d["y"], 1, 3)  # nobody says 0, of either list
    test = pv.sensitive.list_design_test(survey(d), "y", treatment="treated", items=5)
    assert test.p_value == 1.0
    assert test.to_frame()["share"].to_numpy()[0] == 0.0


def test_without_selection_the_design_test_is_no_more_powerful() -> None:
    d = respondents(8, 400, psus=400, share=0.1)
    away = (d["treated"] == 1) & (np.random.default_rng(2).random(400) < 0.25)
    d["y"] = np.where(away, np.maximum(d["y"] - 1, 0), d["y"])
    p = [
        pv.sensitive.list_design_test(
            survey(d), "y", treatment="treated", items=3, selection=chosen
        ).p_value
        for chosen in (True, False)
    ]
    assert 0 < p[0] <= p[1] < 1
