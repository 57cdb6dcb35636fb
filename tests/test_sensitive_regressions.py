"""Regressions of list experiments and masked answers: derivatives, design variance, limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.sensitive.list_likelihood import list_likelihood
from prevalence.sensitive.list_moments import TwoStep
from prevalence.sensitive.response_likelihood import ResponseLikelihood, UnrelatedLikelihood
from prevalence.vglm import climb, curvature, maximise, score_rows
from tests.naive import hidden

Array = NDArray[Any]
COLUMN = np.zeros(1, dtype=int)
# Central differences of step 1e-5 leave 1e-10 of the third derivative and 1e-16 / 1e-5 of the value.
DIFFERENCE = 1e-6


def people(n: int = 400, psus: int = 20, seed: int = 4) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    trait = rng.random(n) < hidden.expit(-0.5 + 0.8 * x)
    long = rng.integers(0, 2, n)
    control = rng.binomial(3, hidden.expit(0.3 * x - 0.2))
    told = rng.random(n)
    return {
        "psu": np.arange(n) % psus,
        "stratum": (np.arange(n) % psus) // (psus // 2),
        "w": rng.gamma(4.0, 0.25, n),
        "x": x,
        "long": long.astype(float),
        "count": (control + long * trait).astype(float),
        "said": np.where(told < 0.1, 1.0, np.where(told < 0.25, 0.0, trait)),
        "sex": np.where(rng.random(n) < 0.5, "F", "M"),
    }


def sample(data: dict[str, Any]) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def design(data: dict[str, Any]) -> Array:
    return np.column_stack([np.ones(data["x"].size), data["x"]])


def derivatives(likelihood: Any, designs: list[Array], b: Array, w: Array) -> tuple[Array, Array]:
    parts = np.split(b, np.cumsum([x.shape[1] for x in designs])[:-1])
    eta = [(x @ part)[:, None] for x, part in zip(designs, parts, strict=True)]
    terms = likelihood(eta, COLUMN)
    return score_rows(terms.slope, designs).T @ w, curvature(terms.bend, designs, w[:, None])[
        ..., 0
    ]


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize(("floor", "ceiling"), [(0.0, 0.0), (0.2, 0.35)])
def test_likelihood_of_a_list_and_its_derivatives(
    constrained: bool, floor: float, ceiling: float
) -> None:
    data = people(60)
    x, y, long, w = design(data), data["count"], data["long"] == 1, data["w"]
    how: dict[str, Any] = {"constrained": constrained, "floor": floor, "ceiling": ceiling}
    likelihood = list_likelihood(y, long, 3, **how)
    designs = [x] * (2 if constrained else 3)
    b = np.linspace(-0.7, 0.6, 2 * len(designs))

    def slow(at: Array) -> float:
        return hidden.list_log_likelihood(at, x, y, long, 3, w, **how)

    eta = [(x @ part)[:, None] for part in np.split(b, len(designs))]
    assert likelihood(eta, COLUMN).value[:, 0] @ w == pytest.approx(slow(b), rel=1e-13)
    score, bend = derivatives(likelihood, designs, b, w)
    np.testing.assert_allclose(score, hidden.gradient(slow, b), atol=DIFFERENCE)
    moved = hidden.gradient(lambda at: derivatives(likelihood, designs, at, w)[0] @ b, b)
    np.testing.assert_allclose(bend @ b, moved, atol=DIFFERENCE)


def test_likelihoods_of_masked_answers_and_their_derivatives() -> None:
    data = people(60)
    x, y, w = design(data), data["said"], data["w"]
    b = np.array([-0.4, 0.7])

    def slow(at: Array) -> float:
        return hidden.masked_log_likelihood(at, x, y, w, 0.75, 0.1)

    likelihood = ResponseLikelihood(y[:, None], 0.1, 0.75)
    assert likelihood([(x @ b)[:, None]], COLUMN).value[:, 0] @ w == pytest.approx(slow(b))
    score, bend = derivatives(likelihood, [x], b, w)
    np.testing.assert_allclose(score, hidden.gradient(slow, b), atol=DIFFERENCE)
    moved = hidden.gradient(lambda at: derivatives(likelihood, [x], at, w)[0] @ b, b)
    np.testing.assert_allclose(bend @ b, moved, atol=DIFFERENCE)
    asked = np.where(np.arange(60) % 2 == 0, 0.75, 0.25)[:, None]
    two = UnrelatedLikelihood(y[:, None], asked, 0.1)
    designs, at = [np.ones((60, 1)), x], np.array([0.3, -0.4, 0.7])

    def value(c: Array) -> float:
        eta = [np.full((60, 1), c[0]), (x @ c[1:])[:, None]]
        return float(two(eta, COLUMN).value[:, 0] @ w)

    score, bend = derivatives(two, designs, at, w)
    np.testing.assert_allclose(score, hidden.gradient(value, at), atol=DIFFERENCE)
    moved = hidden.gradient(lambda c: derivatives(two, designs, c, w)[0] @ at, at)
    np.testing.assert_allclose(bend @ at, moved, atol=DIFFERENCE)


def test_two_steps_of_least_squares() -> None:
    data = people()
    x, y, long, w = design(data), data["count"], data["long"] == 1, data["w"]
    steps = TwoStep(y, long, x, 3, straight=False)
    b = steps.solve(w[:, None], np.zeros(4)).at[:, 0]

    def controls(g: Array) -> float:
        return float(hidden.squares(g, b[2:], x, y, long, 3, w)[0])

    def treated(d: Array) -> float:
        return float(hidden.squares(b[:2], d, x, y, long, 3, w)[1])

    np.testing.assert_allclose(hidden.gradient(controls, b[:2]), 0, atol=DIFFERENCE)
    np.testing.assert_allclose(hidden.gradient(treated, b[2:]), 0, atol=DIFFERENCE)
    plain = pv.sensitive.list_regression(
        pv.Survey(data), "count", "x", treatment="long", items=3, method="nls"
    )
    wanted = np.sqrt(np.diag(hidden.imai_sandwich(plain.value[2:], plain.value[:2], x, y, long, 3)))
    errors = plain.facts["model_std_error"]
    np.testing.assert_allclose(np.r_[errors[2:], errors[:2]], wanted, rtol=1e-9)


def test_a_climb_ends_where_the_slow_likelihood_is_flat() -> None:
    data = people()
    x, y, long, w = design(data), data["count"], data["long"] == 1, data["w"]
    found = pv.sensitive.list_regression(sample(data), "count", "x", treatment="long", items=3)
    b = np.r_[found.value[2:], found.value[:2]]
    slope = hidden.gradient(lambda at: hidden.list_log_likelihood(at, x, y, long, 3, w), b)
    np.testing.assert_allclose(slope, 0, atol=DIFFERENCE)
    level = hidden.list_log_likelihood(b, x, y, long, 3, w / w.mean())
    assert found.provenance["log_likelihood"] == pytest.approx(level, rel=1e-12)


@pytest.mark.parametrize(
    "how", [{}, {"constrained": False}, {"method": "nls"}, {"method": "linear"}, {"ceiling": 0.2}]
)
def test_linearised_errors_are_near_those_of_the_jackknife(how: dict[str, Any]) -> None:
    survey = sample(people(1_500, 50))
    one, two = (
        pv.sensitive.list_regression(s, "count", "x", treatment="long", items=3, **how)
        for s in (survey, survey.jackknife())
    )
    # with 25 primary units a stratum the two differ by the curvature of the estimates
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=0.08)
    shares = [
        pv.sensitive.list_prevalence(
            s, "count", ["x", "sex"], treatment="long", items=3, by="sex", **how
        )
        for s in (survey, survey.jackknife())
    ]
    near = 0.1 * shares[0].covariance.max()
    np.testing.assert_allclose(shares[0].covariance, shares[1].covariance, atol=near)


def test_masked_answers_linearised_and_by_the_jackknife() -> None:
    survey = sample(people(1_200, 60))
    how: dict[str, Any] = {"design": "forced", "p_yes": 0.1, "p_no": 0.15}
    one, two = (
        pv.sensitive.randomized_response_regression(s, "said", ["x", "sex"], **how)
        for s in (survey, survey.jackknife())
    )
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=0.03)


def test_two_groups_tell_the_share_of_the_unrelated_question() -> None:
    data = people(2_000)
    rng = np.random.default_rng(6)
    box = np.where(np.arange(2_000) % 2 == 0, "a", "b")
    asked = rng.random(2_000) < np.where(box == "a", 0.75, 0.25)
    data |= {"box": box, "said": np.where(asked, rng.random(2_000) < 0.3, rng.random(2_000) < 0.6)}
    data["said"] = data["said"].astype(float)
    how: dict[str, Any] = {"design": "unrelated", "p": (0.75, 0.25), "group": "box"}
    plain = pv.sensitive.randomized_response(sample(data), "said", **how)
    found = pv.sensitive.randomized_response_regression(sample(data), "said", [], **how)
    # without predictors the likelihood is saturated: the moments of both groups
    shares = [plain.value[0], plain.facts["unrelated_share"][0]]
    np.testing.assert_allclose(hidden.expit(found.value), shares, rtol=1e-9)
    spread = found.std_error[0] * shares[0] * (1 - shares[0])
    assert spread == pytest.approx(plain.std_error[0], rel=1e-8)
    with_x = pv.sensitive.randomized_response_regression(sample(data), "said", "x", **how)
    assert with_x.outcomes == ("(intercept)", "x", "unrelated question")


def test_without_predictors_a_share_is_the_difference_of_means() -> None:
    data = people()
    w, long, y = data["w"], data["long"], data["count"]
    wanted = np.average(y, weights=w * long) - np.average(y, weights=w * (1 - long))
    for method in ("nls", "linear"):
        found = pv.sensitive.list_prevalence(
            sample(data), "count", [], treatment="long", items=3, method=method
        )
        assert found.value[0] == pytest.approx(wanted, rel=1e-9)
        difference = sample(data).estimate(
            lambda w: (y * long) @ w / (long @ w) - (y * (1 - long)) @ w / ((1 - long) @ w)
        )
        np.testing.assert_allclose(found.std_error, difference.std_error, rtol=1e-8)


def test_shares_by_domain_add_up_to_the_whole() -> None:
    data = people()
    how: dict[str, Any] = {"treatment": "long", "items": 3}
    parts = pv.sensitive.list_prevalence(sample(data), "count", ["x"], by="sex", **how)
    whole = pv.sensitive.list_prevalence(sample(data), "count", ["x"], **how)
    sizes = [data["w"][data["sex"] == sex].sum() for sex in ("F", "M")]
    assert np.average(parts.value, weights=sizes) == pytest.approx(whole.value[0], rel=1e-12)
    assert parts.facts["n"].sum() == whole.facts["n"].sum() == 400
    assert [label[0] for label in parts.labels] == ["F", "M"]


def test_missing_rows_are_left_out_and_counted() -> None:
    data = people()
    data["x"] = np.where(np.arange(400) < 3, np.nan, data["x"])
    data["count"] = np.where(np.arange(400) == 9, np.nan, data["count"])
    how: dict[str, Any] = {"treatment": "long", "items": 3}
    found = pv.sensitive.list_prevalence(
        sample(data), "count", "x", by="sex", missing="drop", **how
    )
    kept = {name: column[~np.isin(np.arange(400), [0, 1, 2, 9])] for name, column in data.items()}
    wanted = pv.sensitive.list_prevalence(sample(kept), "count", "x", by="sex", **how)
    np.testing.assert_allclose(found.value, wanted.value, rtol=1e-10)
    assert found.facts["missing"].sum() == 4
    assert found.facts["n"].sum() == 396


def test_where_is_a_domain_of_the_design() -> None:
    survey = sample(people())
    one = pv.sensitive.list_regression(
        survey, "count", "x", treatment="long", items=3, where="sex == 'F'"
    )
    inside = {k: v[people()["sex"] == "F"] for k, v in people().items()}
    two = pv.sensitive.list_regression(sample(inside), "count", "x", treatment="long", items=3)
    np.testing.assert_allclose(one.value, two.value, rtol=1e-9)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-9)


def test_the_share_of_those_who_hide_brings_the_truth_back() -> None:
    rng = np.random.default_rng(9)
    n = 6_000
    trait, long, control = rng.random(n) < 0.4, rng.random(n) < 0.5, rng.binomial(3, 0.7, n)
    hides = (rng.random(n) < 0.5) & (control == 3)
    rows = {"count": control + (trait & long & ~hides), "long": long.astype(float)}
    plain, told = (
        pv.sensitive.list_prevalence(
            pv.Survey(rows), "count", [], treatment="long", items=3, ceiling=ceiling
        )
        for ceiling in (0.0, 0.5)
    )
    # within three standard errors of the truth of this sample, which the plain estimate misses
    assert abs(told.value[0] - trait.mean()) < 3 * told.std_error[0]
    assert plain.value[0] < trait.mean() - 3 * plain.std_error[0]


def test_list_and_direct_answers_of_one_survey_have_their_covariance() -> None:
    data = people()
    survey = sample(data)
    indirect = pv.sensitive.list_prevalence(survey, "count", "x", treatment="long", items=3)
    direct = pv.direct.prevalence(survey, "said").describe(outcome="count")
    gap = indirect - direct
    apart = np.hypot(indirect.std_error, direct.std_error)
    assert gap.std_error[0] != pytest.approx(apart[0], rel=1e-6)


def test_replicates_of_a_share_near_nothing_keep_their_limit() -> None:
    data = people()
    rng = np.random.default_rng(12)
    data["count"] = rng.binomial(3, 0.4, 400) + data["long"] * (rng.random(400) < 0.12)
    survey = sample(data).bootstrap(40, rng=2)
    found = pv.sensitive.list_prevalence(survey, "count", [], treatment="long", items=3)
    ((deviations, _),) = found.columns.values()
    shares = found.value[0] + deviations[0]
    assert (shares < 1e-6).any()
    assert np.isfinite(shares).all()


def test_a_climb_without_a_curvature_has_no_maximum_and_no_limit() -> None:
    def see(b: Array, columns: Array) -> tuple[Array, Array, Array]:
        bend = np.where(columns == 1, np.nan, -2.0)
        return -np.square(b[0]), -2 * b, bend[None, None]

    found = climb(see, np.ones(3), np.ones(1), 3)
    np.testing.assert_allclose(found.limit[0], [0.0, np.nan, 0.0], atol=1e-12)
    assert not found.edge.any()


def test_columns_of_a_climb_do_not_see_each_other() -> None:
    data = people()
    x, y, long = design(data), data["count"], data["long"] == 1
    likelihood = list_likelihood(y, long, 3)
    weights = np.random.default_rng(1).gamma(2.0, 1.0, (400, 5))
    weights[:, 3] = np.nan
    start = np.array([0.0, 0.0, -0.5, 0.0])
    together = maximise(likelihood, [x, x], weights, start).at
    for k in (0, 1, 2, 4):
        alone = maximise(likelihood, [x, x], weights[:, [k]], start).at[:, 0]
        np.testing.assert_allclose(together[:, k], alone, rtol=1e-10, atol=1e-12)
    assert np.isnan(together[:, 3]).all()


# ------------------------------------------------------------------ spread of the short list
SPREAD = "spread of the short list's counts over the model's"
PROBABILITIES: dict[
    str, Callable[[Array], Array]
] = {  # of four items, for people of a normal level
    "one, each by itself": lambda level: np.full((4, level.size), 0.4),
    "unequal": lambda level: np.repeat([[0.1], [0.3], [0.5], [0.7]], level.size, axis=1),
    "together": lambda level: np.repeat(hidden.expit(-0.4 + level)[None], 4, axis=0),
}


def counted(kind: str, seed: int, n: int = 1_500) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    long = rng.random(n) < 0.5
    p = PROBABILITIES[kind](rng.normal(size=n))
    count = (rng.random(p.shape) < p).sum(axis=0) + (long & (rng.random(n) < 0.4))
    return {"y": count.astype(float), "long": long.astype(float), "psu": np.arange(n) % 60}


@pytest.mark.filterwarnings("ignore:the counts of the short list spread")
@pytest.mark.parametrize(
    ("kind", "warned"), [("one, each by itself", 0), ("unequal", 8), ("together", 8)]
)
def test_counts_that_spread_otherwise_than_the_likelihood_are_said(kind: str, warned: int) -> None:
    """8 samples; by chance one in 400 is said, and the ratio of either kind is 5 errors from 1."""
    told = 0
    for seed in range(8):
        survey = pv.Survey(counted(kind, seed), psu="psu")
        try:
            e = pv.sensitive.list_prevalence(survey, "y", [], treatment="long", items=4)
        except pv.ConvergenceError:  # unequal items can leave no room for the trait
            told += 1
            continue
        told += any("method='nls'" in text for text in e.warnings)
        assert SPREAD in e.provenance
    assert abs(told - warned) <= 1


@pytest.mark.filterwarnings("ignore:the counts of the short list spread")
def test_the_spread_is_that_of_squared_deviations_about_the_model() -> None:
    d = counted("together", 3)
    fit = pv.sensitive.list_regression(pv.Survey(d, psu="psu"), "y", [], treatment="long", items=4)
    mean = hidden.expit(fit.value[fit.outcomes.index("control: (intercept)")])
    y = d["y"][d["long"] == 0]
    ratio = np.mean((y - 4 * mean) ** 2) / (4 * mean * (1 - mean))
    assert fit.provenance[SPREAD] == f"{ratio:.2f}"
    assert ratio > 1.2
    assert "too high" in " ".join(fit.warnings)


@pytest.mark.parametrize("how", [{"method": "nls"}, {"constrained": False}, {"ceiling": 0.1}])
def test_a_model_that_has_no_one_spread_is_not_checked(how: dict[str, Any]) -> None:
    survey = pv.Survey(counted("one, each by itself", 1), psu="psu")
    e = pv.sensitive.list_prevalence(survey, "y", [], treatment="long", items=4, **how)
    assert SPREAD not in e.provenance


@pytest.mark.filterwarnings("ignore:the counts of the short list spread")
def test_replicates_tell_the_same_spread() -> None:
    survey = pv.Survey(counted("together", 2), psu="psu")
    found = [
        pv.sensitive.list_prevalence(s, "y", [], treatment="long", items=4)
        for s in (survey, survey.jackknife())
    ]
    assert found[0].provenance[SPREAD] == found[1].provenance[SPREAD]
    assert [bool(e.warnings) for e in found] == [True, True]
