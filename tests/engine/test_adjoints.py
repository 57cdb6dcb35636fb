"""Influence carried back through weighting steps equals the derivative of a naive recipe.

The naive recipe is a complex-safe function of the base weights; one complex step per row gives its
derivative to rounding.  Both sides are exact up to the rounding of a few hundred operations and of
the solved equations (margins are met to 1e-14 of themselves), which the derivative multiplies by the
condition of the step, about 10: they are compared to 1e-13 of the largest influence.  What is seen
is 1e-15 to 1e-14.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.glm import logistic
from prevalence.weighting import Subsample
from tests.agreement import Within, agrees
from tests.naive import samples, variance
from tests.naive import weighting as naive

Array = NDArray[Any]
Recipe = Callable[[Array], Array]
EXACT = 1e-13
HOUSEHOLDS = samples.households()
W = HOUSEHOLDS["w"]
FEMALE = samples.targets(HOUSEHOLDS["sex"], W, (1.0, 1.3), 2_000.0)
AGES = samples.targets(HOUSEHOLDS["age"], W, (0.8, 1.0, 1.2), 2_000.0)
ONE_HOT = np.eye(3)[HOUSEHOLDS["age"]]
X = np.c_[ONE_HOT, HOUSEHOLDS["income"]]
X_TOTALS = (X * W[:, None]).sum(axis=0) * np.array([1.1, 0.95, 1.05, 1.08])
PREDICTORS = np.c_[np.ones(W.size), HOUSEHOLDS["sex"], HOUSEHOLDS["income"]]
R = HOUSEHOLDS["responded"]


def survey() -> pv.Survey:
    return pv.Survey(HOUSEHOLDS, weights="w", strata="stratum", psu="psu")


def margins() -> dict[str, dict[int, float]]:
    return {"sex": samples.as_totals(FEMALE), "age": samples.as_totals(AGES)}


def naive_rake(w: Array) -> Array:
    return naive.rake(w, [(HOUSEHOLDS["sex"], FEMALE), (HOUSEHOLDS["age"], AGES)])


def calibration_totals() -> dict[str, Any]:
    return {"age": samples.as_totals(X_TOTALS[:3]), "income": float(X_TOTALS[3])}


KNOWN = (np.arange(W.size) % 9 > 0).astype(float)
ELIGIBLE = (np.arange(W.size) % 7 > 0).astype(float)
REFUSED = np.array([3.0, 0.0, 5.0, 2.0])
EXTENDED = {
    **HOUSEHOLDS,
    "known": KNOWN,
    "eligible": ELIGIBLE,
    "refused": REFUSED[HOUSEHOLDS["class"]],
}
# All rows of a primary unit share a weight, and are calibrated with one factor.
CONSTANT = {**HOUSEHOLDS, "w": W[HOUSEHOLDS["psu"]]}
MEANS = np.stack([X[HOUSEHOLDS["psu"] == g].mean(axis=0) for g in HOUSEHOLDS["psu"]])
MEAN_TOTALS = (X * CONSTANT["w"][:, None]).sum(axis=0) * np.array([1.02, 0.99, 1.01, 1.03])


def extended() -> pv.Survey:
    return pv.Survey(EXTENDED, weights="w", strata="stratum", psu="psu")


def calibrated(distance: str, bounds: tuple[float, float] | None = None) -> pv.Survey:
    return survey().calibrate(calibration_totals(), distance=distance, bounds=bounds)


def answered_totals() -> Array:
    """Totals of the eligible respondents alone."""
    moved = naive.response_classes(W, HOUSEHOLDS["class"], R, ELIGIBLE) * R * ELIGIBLE
    return np.asarray((X * moved[:, None]).sum(axis=0) * np.array([1.1, 0.95, 1.05, 1.04]))


def cascade() -> pv.Survey:
    totals = answered_totals()
    return (
        extended()
        .eligibility("known", within="class")
        .nonresponse("responded", within="class", eligible="eligible")
        .calibrate(
            {"age": samples.as_totals(totals[:3]), "income": float(totals[3])},
            distance="raking",
            where="responded == 1 and eligible == 1 and known == 1",
        )
    )


def naive_cascade(w: Array) -> Array:
    known = naive.response_classes(w, HOUSEHOLDS["class"], KNOWN)
    # An unknown row has no weight left, whatever its answer.
    moved = naive.response_classes(known, HOUSEHOLDS["class"], R * KNOWN, ELIGIBLE)
    inside = R * ELIGIBLE * KNOWN
    return naive.calibrate(moved, X * inside[:, None], answered_totals(), "raking")


def copies(w: Array) -> Array:
    """How many copies of itself each row stands for, when its base weight is moved to w."""
    return w / naive.along_rows(W, w)


def subsampled(made: pv.Survey, *, weighted: bool) -> pv.Survey:
    """Validated rows carry those whose screen is known."""
    labels = tuple(str(c) for c in range(4))
    step = Subsample(HOUSEHOLDS["class"], labels, R * KNOWN, KNOWN, weighted, "subsample")
    return made._step(step, ordered=False)


CAPS = (5.0, 26.0)
CUT = (0.75, 1.35)
RECIPES: dict[str, tuple[Callable[[], pv.Survey], Recipe]] = {
    "base weights": (survey, lambda w: w),
    "response classes": (
        lambda: survey().nonresponse("responded", within="class"),
        lambda w: naive.response_classes(w, HOUSEHOLDS["class"], R),
    ),
    "raking": (lambda: survey().rake(margins()), naive_rake),
    "poststratification": (
        lambda: survey().poststratify("age", samples.as_totals(AGES)),
        lambda w: naive.poststratify(w, HOUSEHOLDS["age"], AGES),
    ),
    "linear calibration": (
        lambda: survey().calibrate(calibration_totals()),
        lambda w: naive.calibrate(w, X, X_TOTALS),
    ),
    "raking calibration": (
        lambda: survey().calibrate(calibration_totals(), distance="raking"),
        lambda w: naive.calibrate(w, X, X_TOTALS, "raking"),
    ),
    "logit calibration": (
        lambda: survey().calibrate(calibration_totals(), distance="logit", bounds=(0.5, 2.0)),
        lambda w: naive.calibrate(w, X, X_TOTALS, "logit", (0.5, 2.0)),
    ),
    "truncated linear calibration": (
        lambda: calibrated("linear", CUT),
        lambda w: naive.calibrate(w, X, X_TOTALS, "cut linear", CUT),
    ),
    "truncated raking calibration": (
        lambda: calibrated("raking", CUT),
        lambda w: naive.calibrate(w, X, X_TOTALS, "cut raking", CUT),
    ),
    "sinh calibration": (
        lambda: calibrated("sinh"),
        lambda w: naive.calibrate(w, X, X_TOTALS, "sinh"),
    ),
    "truncated sinh calibration": (
        lambda: calibrated("sinh", CUT),
        lambda w: naive.calibrate(w, X, X_TOTALS, "cut sinh", CUT),
    ),
    "eligibility, nonresponse of the eligible, calibration of respondents": (
        cascade,
        naive_cascade,
    ),
    "counts of refusals by class": (
        lambda: extended().nonresponse(None, within="class", refusals="refused"),
        lambda w: naive.refusals(w, HOUSEHOLDS["class"], REFUSED),
    ),
    "fitted propensity of the eligible": (
        lambda: extended().nonresponse(
            "responded", propensity=["sex", "income"], eligible="eligible"
        ),
        lambda w: naive.propensity(w, PREDICTORS, R, ELIGIBLE),
    ),
    "raking, trimming, raking again": (
        lambda: survey().rake(margins()).trim(lower=8.0, upper=32.0, then="calibrate"),
        lambda w: naive_rake(naive.trim(naive_rake(w), 8.0, 32.0, copies(w))),
    ),
    "raking, then a subsample by counts of rows": (
        lambda: subsampled(survey().rake(margins()), weighted=False),
        lambda w: naive.subsample(naive_rake(w), HOUSEHOLDS["class"], R, KNOWN, copies(w)),
    ),
    "a subsample by weights": (
        lambda: subsampled(survey(), weighted=True),
        lambda w: naive.subsample(w, HOUSEHOLDS["class"], R, KNOWN, w),
    ),
    "fitted propensity": (
        lambda: survey().nonresponse("responded", propensity=["sex", "income"]),
        lambda w: naive.propensity(w, PREDICTORS, R),
    ),
    "trimming": (
        lambda: survey().trim(lower=CAPS[0], upper=CAPS[1]),
        lambda w: naive.trim(w, *CAPS, copies(w)),
    ),
    "strict trimming": (
        lambda: survey().trim(lower=CAPS[0], upper=CAPS[1], strict=True),
        lambda w: naive.trim(w, *CAPS, copies(w), strict=True),
    ),
    "classes, raking, trimming": (
        lambda: (
            survey()
            .nonresponse("responded", within="class")
            .rake(margins())
            .trim(lower=10.0, upper=38.0)
        ),
        lambda w: naive.trim(
            naive_rake(naive.response_classes(w, HOUSEHOLDS["class"], R)), 10.0, 38.0, copies(w)
        ),
    ),
    "propensity, logit, strict trimming": (
        lambda: (
            survey()
            .nonresponse("responded", propensity=["sex", "income"])
            .calibrate(calibration_totals(), distance="logit", bounds=(0.3, 3.0))
            .trim(lower=10.0, upper=40.0, strict=True)
        ),
        lambda w: naive.trim(
            naive.calibrate(naive.propensity(w, PREDICTORS, R), X, X_TOTALS, "logit", (0.3, 3.0)),
            10.0,
            40.0,
            copies(w),
            strict=True,
        ),
    ),
}


def expected_columns(derivative: Array) -> Array:
    """Centred sums of w d theta / d w by primary unit."""
    z = W * derivative
    return variance.columns(z, HOUSEHOLDS["stratum"], HOUSEHOLDS["psu"])[0]


def columns_of(estimate: pv.Estimate) -> Array:
    ((columns, _),) = estimate.columns.values()
    return columns


def close(found: Array, wanted: Array, tolerance: float = EXACT) -> bool:
    return float(np.abs(found - wanted).max()) <= tolerance * float(np.abs(wanted).max())


@pytest.mark.parametrize("name", RECIPES)
def test_influence_through_a_recipe_is_the_complex_step_derivative(name: str) -> None:
    made, recipe = RECIPES[name]
    found = made()
    weights = recipe(W)
    np.testing.assert_allclose(found.final_weights, weights, rtol=EXACT, atol=EXACT)

    def theta(w: Array) -> Array:
        return naive.ratio(recipe(w), HOUSEHOLDS["hours"], HOUSEHOLDS["income"])

    estimate = pv.direct.ratio(found, "hours", "income")
    assert close(estimate.value, theta(W))
    assert close(columns_of(estimate)[0], expected_columns(naive.derivative(theta, W)))


@pytest.mark.parametrize("name", RECIPES)
def test_every_step_is_done_again_in_every_replicate(name: str) -> None:
    made, recipe = RECIPES[name]
    columns = made().jackknife().replicate_columns(slice(0, 4))
    six = 6 / 5  # six units in each stratum, of which one is left out
    units = HOUSEHOLDS["psu"][:, None]
    factors = np.where(units == np.arange(4), 0.0, np.where(units < 6, six, 1.0))
    np.testing.assert_allclose(columns, recipe(W[:, None] * factors), rtol=1e-11, atol=1e-12)


def test_influence_through_a_calibration_that_is_constant_within_clusters() -> None:
    # Compared by primary unit, since the step is defined for weights that clusters share alone.
    totals = {"age": samples.as_totals(MEAN_TOTALS[:3]), "income": float(MEAN_TOTALS[3])}
    w = CONSTANT["w"]

    def theta(v: Array) -> Array:
        made = naive.calibrate(v, MEANS, MEAN_TOTALS, "raking")
        return naive.ratio(made, HOUSEHOLDS["hours"], HOUSEHOLDS["income"])

    found = pv.Survey(CONSTANT, weights="w", strata="stratum", psu="psu").calibrate(
        totals, distance="raking", constant="psu"
    )
    made = found.final_weights
    np.testing.assert_allclose((X * made[:, None]).sum(axis=0), MEAN_TOTALS, rtol=EXACT)
    ratio = made / w
    assert all(np.ptp(ratio[HOUSEHOLDS["psu"] == g]) < 1e-14 for g in range(18))
    z = w * naive.derivative(theta, w)
    wanted = variance.columns(z, HOUSEHOLDS["stratum"], HOUSEHOLDS["psu"])[0]
    assert close(columns_of(pv.direct.ratio(found, "hours", "income"))[0], wanted)


@pytest.mark.parametrize(
    "name", ["classes, raking, trimming", "propensity, logit, strict trimming"]
)
def test_influence_in_several_domains_and_outcomes(name: str) -> None:
    made, recipe = RECIPES[name]
    estimate = pv.direct.mean(made(), ["hours", "income"], by="region")
    one, region = np.ones(W.size), HOUSEHOLDS["region"]

    def theta(w: Array) -> Array:
        final = recipe(w)
        outcomes = (HOUSEHOLDS["hours"], HOUSEHOLDS["income"])
        return np.stack(
            [naive.ratio(final, y, one, region == d) for y in outcomes for d in range(3)]
        )

    for found, derivative in zip(columns_of(estimate), naive.derivative(theta, W), strict=True):
        assert close(found, expected_columns(derivative))


@pytest.mark.parametrize("after", ["calibration", "raking and trimming"])
def test_influence_through_attached_rows_with_steps_before_and_after(after: str) -> None:
    children = samples.children_of(HOUSEHOLDS)
    before = survey().nonresponse("responded", within="class").rake(margins())
    kids = before.attach(children, on="id")
    here = naive.attach(
        naive_rake(naive.response_classes(W, HOUSEHOLDS["class"], R)),
        children["row"],
        children["one"],
    )
    sexes = samples.targets(children["child_sex"], here, (1.0, 1.15), 2_500.0)
    x = np.c_[np.ones(here.size), children["work"]]
    x_totals = (x * here[:, None]).sum(axis=0) * np.array([1.02, 1.06])
    if after == "calibration":
        kids = kids.calibrate({"one": x_totals[0], "work": x_totals[1]})
    else:
        kids = kids.rake({"child_sex": samples.as_totals(sexes)}).trim(upper=40.0)

    def recipe(w: Array) -> Array:
        parents = naive_rake(naive.response_classes(w, HOUSEHOLDS["class"], R))
        moved = naive.attach(parents, children["row"], children["one"])
        if after == "calibration":
            return naive.calibrate(moved, x, x_totals)
        return naive.trim(
            naive.rake(moved, [(children["child_sex"], sexes)]),
            0.0,
            40.0,
            copies(w)[children["row"]],
        )

    def theta(w: Array) -> Array:
        return naive.ratio(recipe(w), children["case"], children["one"])

    estimate = pv.direct.prevalence(kids, "case")
    np.testing.assert_allclose(kids.final_weights, recipe(W), rtol=EXACT, atol=EXACT)
    assert close(columns_of(estimate)[0], expected_columns(naive.derivative(theta, W)))


def test_halved_steps_of_some_columns_leave_the_others_alone() -> None:
    rng = np.random.default_rng(1)  # in 12 steps some columns go a part of the way, and others all
    x = np.c_[np.ones(12), rng.standard_t(0.7, (12, 2))]
    y = (rng.random(12) < 0.5).astype(float)
    weights = rng.gamma(0.3, size=(12, 30))
    together = logistic(x, y, weights)
    alone = np.concatenate([logistic(x, y, weights[:, [c]]) for c in range(30)], axis=1)
    np.testing.assert_allclose(together, alone, rtol=1e-8)


def test_a_weight_that_equals_a_cap_takes_its_part_of_the_excess() -> None:
    low, high = (float(cap) for cap in np.sort(W)[[8, -8]])

    def theta(w: Array) -> Array:
        trimmed = naive.trim(w, low, high, copies(w))
        return naive.ratio(trimmed, HOUSEHOLDS["hours"], HOUSEHOLDS["income"])

    estimate = pv.direct.ratio(survey().trim(lower=low, upper=high), "hours", "income")
    assert close(columns_of(estimate)[0], expected_columns(naive.derivative(theta, W)))


@pytest.mark.parametrize("off", [0.0, 1e-13, -1e-13])
def test_a_weight_equal_to_a_cap_but_for_rounding_is_not_beyond_it(off: float) -> None:
    """Five children where the median is two: 2.5 times as much, on one processor and the next."""
    w = np.array([2.0, 2.0, 2.0, 5.0 * (1 + off), 9.0, 1.0 * (1 + off)])
    made = pv.Survey({"w": w, "y": np.arange(6.0)}, weights="w").trim(2.5)
    np.testing.assert_allclose(made.final_weights, [2.8, 2.8, 2.8, 5.8, 5.0, 1.8], rtol=1e-12)
    low = pv.Survey({"w": w, "y": np.arange(6.0)}, weights="w").trim(lower=1.0, upper=20.0)
    np.testing.assert_array_equal(low.final_weights, w)
    plain = pv.Survey({"w": np.round(w), "y": np.arange(6.0)}, weights="w").trim(2.5)
    found, wanted = (pv.direct.total(x, "y").std_error[0] for x in (made, plain))
    assert found == pytest.approx(wanted, rel=1e-9)


def test_trimming_that_bites_and_steps_that_move_weights() -> None:
    # The recipes above would prove nothing if their steps left the weights alone.
    for name, (made, _) in RECIPES.items():
        if name != "base weights":
            assert np.abs(made().final_weights / W - 1).max() > 0.05, name
    once = RECIPES["trimming"][0]().final_weights
    again = RECIPES["strict trimming"][0]().final_weights
    assert (once > CAPS[1]).any()
    assert again.max() == pytest.approx(CAPS[1], rel=1e-15)
    assert once.sum() == pytest.approx(again.sum(), rel=1e-14)


def test_many_propensities_are_fitted_at_once_and_a_failing_one_is_nan() -> None:
    rng = np.random.default_rng(8)
    columns = W[:, None] * rng.uniform(0.5, 2.0, (W.size, 6))
    columns[:, 2] *= R  # everyone with weight answered: no maximum
    columns[0, 4] = np.nan
    found = logistic(PREDICTORS, R, columns)
    good = [0, 1, 3, 5]
    np.testing.assert_allclose(
        found[:, good], naive.logistic(columns[:, good], PREDICTORS, R), rtol=1e-11
    )
    assert np.isnan(found[:, [2, 4]]).all()
    assert np.isfinite(found[:, good]).all()
    np.testing.assert_allclose(logistic(PREDICTORS, R, columns[:, 3]), found[:, 3], rtol=1e-12)


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_a_propensity_taken_as_known_overstates_the_standard_error() -> None:
    # Response and outcome follow the same predictor, so that fitting the propensity takes most of
    # the variation of response out of the estimate.
    rng = np.random.default_rng(5)
    n = 600
    x = rng.normal(size=n)
    data = {
        "w": np.full(n, 10.0),
        "x": x,
        "y": x + rng.normal(size=n),
        "r": (rng.random(n) < 1 / (1 + np.exp(-0.4 - 0.5 * x))).astype(float),
    }
    fitted = pv.Survey(data, weights="w").nonresponse("r", propensity=["x"])
    known = pv.Survey({**data, "fixed": fitted.final_weights}, weights="fixed")
    exact, naive_se = (pv.direct.mean(s, "y").std_error[0] for s in (fitted, known))
    assert pv.direct.mean(fitted, "y").value[0] == pv.direct.mean(known, "y").value[0]
    assert naive_se / exact == pytest.approx(
        1.153, abs=1e-3
    )  # 15 % here; 32 % with y = 4 x + noise


@pytest.fixture(scope="module")
def apiclus1(oracle: Path) -> pd.DataFrame:
    return pd.read_csv(oracle / "survey" / "apiclus1.csv")


def test_raking_is_exact_and_the_form_of_r_differs_by_half_a_percent(
    apiclus1: pd.DataFrame,
) -> None:
    # R's survey linearises raking with the weights before the step: 1.904618376460 for ell.
    design = pv.Survey(apiclus1, weights="pw", psu="dnum", fpc="fpc")
    types = {"E": 4421.0, "H": 755.0, "M": 1018.0}
    wide = {"No": 1072.0, "Yes": 5122.0}
    known: dict[Any, dict[Any, float]] = {"stype": types, "sch.wide": wide}
    exact = pv.direct.mean(design.rake(known), "ell")
    initial = pv.direct.mean(design.rake(known, residuals="initial"), "ell")
    near, source = Within("R's raking stops at 1e-12", 1e-10), ("R survey 4.5", "rake(dclus1, ...)")
    case = "apiclus1: error of the mean of ell after raking"
    agrees(initial.std_error[0], 1.9046183764596, near, case=case, source=source)
    assert 1 - exact.std_error[0] / initial.std_error[0] == pytest.approx(0.0061, abs=1e-4)

    codes = [
        (
            np.searchsorted(list(total), apiclus1[name].to_numpy(dtype=str)),
            np.array(list(total.values())),
        )
        for name, total in known.items()
    ]
    w, y = apiclus1["pw"].to_numpy(), apiclus1["ell"].to_numpy(dtype=float)
    derivative = naive.derivative(
        lambda v: naive.ratio(naive.rake(v, codes, 100), y, np.ones(y.size)), w
    )
    sums = np.array(
        [(w * derivative)[apiclus1["dnum"] == d].sum() for d in apiclus1["dnum"].unique()]
    )
    f = sums.size / 757
    wanted = np.sqrt((1 - f) * sums.size / (sums.size - 1) * ((sums - sums.mean()) ** 2).sum())
    assert exact.std_error[0] == pytest.approx(wanted, rel=1e-12)
