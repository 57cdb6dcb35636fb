"""Weighting: what is given, which message comes back, and that nothing is changed or lost."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

import prevalence as pv

Rows = dict[str, Any]
SEXES = {"F": 14.0, "M": 16.0}


def rows(**changes: Any) -> Rows:
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "sex": np.array(["F", "M"] * 6),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "age": np.arange(12.0) + 3.0,
        "known": np.r_[np.ones(10), np.zeros(2)],
        "answered": np.array([1.0, 1.0, 0.0] * 4),
        "eligible": np.array([1.0, 1.0, 1.0, 0.0] * 3),
        "refused": np.array([2.0] * 6 + [3.0] * 6),
        "household": np.repeat(np.arange(6), 2),
        "id": np.arange(12),
        **changes,
    }


def survey(data: Rows) -> pv.Survey:
    return pv.Survey(data, weights="w")


def equal_pairs() -> Rows:
    """Rows of a household share their weight."""
    return rows(w=np.repeat([2.0, 3.0, 1.0, 4.0, 2.0, 5.0], 2))


@dataclass(frozen=True)
class Bad:
    data: Rows
    call: Callable[[pv.Survey], Any]
    kind: type[Exception]
    message: str


CASES: dict[str, Bad] = {
    "known that is 2": Bad(
        rows(known=np.r_[np.ones(11), 2.0]),
        lambda s: s.eligibility("known"),
        ValueError,
        r"known must be 0 or 1: 1 of 12 rows is not \(first: row 11, 2\)\. Code known",
    ),
    "class with no known row": Bad(
        rows(known=np.where(rows()["region"] == "S", 0.0, 1.0)),
        lambda s: s.eligibility("known", within="region"),
        ValueError,
        r"eligibility classes must hold a row of known eligibility each: 1 of 2 do not \(first: S\)",
    ),
    "class with no known row, of little weight": Bad(
        rows(w=rows()["w"] / 100, known=np.where(rows()["region"] == "S", 0.0, 1.0)),
        lambda s: s.eligibility("known", within="region"),
        ValueError,
        r"eligibility classes must hold a row of known eligibility each: 1 of 2 do not \(first: S\)",
    ),
    "eligible that is missing": Bad(
        rows(eligible=np.r_[np.nan, np.ones(11)]),
        lambda s: s.nonresponse("answered", eligible="eligible"),
        ValueError,
        r"eligible must be 0 or 1: 1 of 12 rows is not \(first: row 0, nan\)\. Code the eligible",
    ),
    "neither responded nor refusals": Bad(
        rows(),
        lambda s: s.nonresponse(None),
        ValueError,
        "nonresponse takes responded or refusals: found neither",
    ),
    "responded and refusals": Bad(
        rows(),
        lambda s: s.nonresponse("answered", refusals="refused"),
        ValueError,
        "nonresponse takes responded or refusals: found both",
    ),
    "propensity with classes": Bad(
        rows(),
        lambda s: s.nonresponse("answered", propensity=["age"], within="sex"),
        ValueError,
        "propensity must stand alone: found it with within",
    ),
    "predictor with a gap": Bad(
        rows(age=np.r_[np.nan, np.arange(11.0)]),
        lambda s: s.nonresponse("answered", propensity=["age"]),
        ValueError,
        r"propensity must be complete in 'age': 1 of 12 rows is not \(first: row 0",
    ),
    "refusals that differ in a class": Bad(
        rows(),
        lambda s: s.nonresponse(None, refusals="refused"),
        ValueError,
        r"refusals must be one number in each class: 'refused' has 2 and 3 in class 'all rows' "
        r"\(row 0\)",
    ),
    "negative refusals": Bad(
        rows(),
        lambda s: s.nonresponse(None, within="region", refusals={"N": 1, "S": -2}),
        ValueError,
        r"refusals must be counts of at least 0: 1 of 2 classes have none \(first: S, -2\)",
    ),
    "refusals of an unknown class": Bad(
        rows(),
        lambda s: s.nonresponse(None, within="region", refusals={"N": 1, "S": 2, "West": 4}),
        ValueError,
        "refusals must be of classes with a responding row: 'West' has none",
    ),
    "a class without its refusals": Bad(
        rows(),
        lambda s: s.nonresponse(None, within="region", refusals={"N": 1}),
        ValueError,
        "refusals must cover every class: 'S' has no count",
    ),
    "bounds that exclude 1 with linear": Bad(
        rows(),
        lambda s: s.calibrate({"sex": SEXES}, bounds=(1.2, 2)),
        ValueError,
        "bounds must enclose 1",
    ),
    "unreachable within bounds": Bad(
        rows(),
        lambda s: s.calibrate({"sex": {"F": 60.0, "M": 17.0}}, bounds=(0.5, 2)),
        pv.ConvergenceError,
        r"calibrate \(linear\) on sex must reach its targets: the worst is sex = F, 22 reached of 60 "
        r"\(38 too few, 0\.63 of it\) after \d+ iterations\. The bounds bind: 0 of 12 ratios of "
        r"weights are at 0\.5 and 6 at 2\. .*widen bounds=",
    ),
    "unreachable by positive weights": Bad(
        rows(),
        lambda s: s.calibrate({"sex": SEXES, "age": 30.0 * 20}, distance="sinh"),
        pv.ConvergenceError,
        r"calibrate \(sinh\) on sex, age must reach its targets: the worst is .*iterations",
    ),
    "totals that contradict each other": Bad(
        rows(double=2 * rows()["age"]),
        lambda s: s.calibrate({"age": 200.0, "double": 500.0}),
        ValueError,
        "totals must not contradict each other: double is determined by the columns before it, "
        "whose totals make 400, and has 500",
    ),
    "margins of different totals in calibrate": Bad(
        rows(),
        lambda s: s.calibrate({"sex": SEXES, "region": {"N": 10.0, "S": 25.0}}),
        ValueError,
        r"totals must not contradict each other: region = S .* make 20, and has 25",
    ),
    "no totals": Bad(
        rows(), lambda s: s.calibrate({}), ValueError, "totals must map columns to totals"
    ),
    "total that is nan": Bad(
        rows(), lambda s: s.calibrate({"age": np.nan}), ValueError, "totals must be finite: 'age'"
    ),
    "column with a gap": Bad(
        rows(age=np.r_[np.nan, np.arange(11.0)]),
        lambda s: s.calibrate({"age": 200.0}),
        ValueError,
        r"totals must be complete and finite in 'age': 1 of 12 rows is not \(first: row 0",
    ),
    "clusters whose rows differ": Bad(
        rows(),
        lambda s: s.calibrate({"sex": SEXES}, constant="household"),
        ValueError,
        r"constant must name clusters whose rows share a weight: 5 of 6 do not \(first: 0, 2 to 3\)",
    ),
    "where that nobody meets": Bad(
        rows(),
        lambda s: s.rake({"sex": SEXES}, where="age > 90"),
        ValueError,
        "where must leave rows with weight: none of 12 meets 'age > 90'",
    ),
    "where on a missing value": Bad(
        rows(age=np.r_[np.nan, np.arange(11.0)]),
        lambda s: s.poststratify("sex", SEXES, where="age > 3"),
        ValueError,
        r"where must be known for every row: 'age' is missing in 1 of 12 rows \(first: row 0\)",
    ),
    "category outside where": Bad(
        rows(),
        lambda s: s.rake({"region": {"N": 10.0, "S": 20.0}}, where="age < 9"),
        ValueError,
        "'region' has a total for 'S', which no row with weight has",
    ),
    "partial with a missing total": Bad(
        rows(),
        lambda s: s.poststratify("sex", {"F": 10.0, "X": 2.0}, partial=True),
        ValueError,
        "margins must cover every category in the data: 'sex' has no total for 'M'",
    ),
    "totals that are not a mapping": Bad(
        rows(),
        lambda s: s.poststratify("sex", cast(Any, [1.0, 2.0])),
        TypeError,
        "margins must map categories to totals: found list for 'sex'",
    ),
    "an unknown form of residuals": Bad(
        rows(),
        lambda s: s.calibrate({"sex": SEXES}, residuals="sweep"),
        ValueError,
        "residuals must be one of exact, initial: found 'sweep'",
    ),
    "an unknown on_fail": Bad(
        rows(),
        lambda s: s.rake({"sex": SEXES}, on_fail="ignore"),
        ValueError,
        "on_fail must be one of error, warn: found 'ignore'",
    ),
    "an unknown distance": Bad(
        rows(),
        lambda s: s.calibrate({"sex": SEXES}, distance="logistic"),
        ValueError,
        "distance must be one of linear, raking, logit, sinh: found 'logistic'. Did you mean 'logit'",
    ),
    "calibrating again what never was": Bad(
        rows(),
        lambda s: s.trim(2, then="calibrate"),
        ValueError,
        "then='calibrate' needs a calibration to do again",
    ),
    "an unknown then": Bad(
        rows(),
        lambda s: s.rake({"sex": SEXES}).trim(2, then="rake"),
        ValueError,
        "then must be one of calibrate: found 'rake'",
    ),
    "no links": Bad(
        rows(),
        lambda s: s.attach({"id": [1, 2], "links": [1, 0]}, on="id", links="links"),
        ValueError,
        r"links must be a count of at least 1: 1 of 2 rows is not \(first: row 1, 0\)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_weighting_is_refused_with_its_reason(name: str) -> None:
    case = CASES[name]
    data = copy.deepcopy(case.data)
    made = survey(data)
    before = made.final_weights
    with pytest.raises(case.kind, match=case.message):
        case.call(made)
    np.testing.assert_array_equal(made.final_weights, before)
    assert not made.steps
    for column, values in case.data.items():
        np.testing.assert_array_equal(data[column], values)


def test_targets_that_cannot_be_met_stand_with_a_warning_when_asked_for() -> None:
    made = survey(rows())
    with pytest.warns(pv.PrevalenceWarning, match=r"did not reach its targets: .* off by 0\.63"):
        raked = made.calibrate({"sex": {"F": 60.0, "M": 17.0}}, bounds=(0.5, 2), on_fail="warn")
    assert raked.weight_flow()["worst_margin_gap"].iloc[-1] == pytest.approx(38 / 60)
    assert np.isfinite(pv.direct.mean(raked, "age").std_error).all()


def test_margins_in_conflict_stand_with_a_warning_when_asked_for() -> None:
    data = rows(region=np.where(rows()["sex"] == "F", "N", "S"))
    with pytest.warns(pv.PrevalenceWarning, match="rake on sex, region did not reach its targets"):
        raked = survey(data).rake({"sex": SEXES, "region": {"N": 10.0, "S": 20.0}}, on_fail="warn")
    assert np.isfinite(raked.final_weights).all()


def test_columns_that_others_determine_are_named_and_change_nothing() -> None:
    data = rows(double=2 * rows()["age"], one=np.ones(12))
    plain = survey(data).calibrate({"age": 230.0, "sex": SEXES})
    with pytest.warns(pv.PrevalenceWarning, match="1 of 4 columns of the totals are .*: double"):
        same = survey(data).calibrate({"age": 230.0, "double": 460.0, "sex": SEXES})
    np.testing.assert_allclose(same.final_weights, plain.final_weights, rtol=1e-9)
    a, b = (pv.direct.mean(s, "known").std_error for s in (plain, same))
    np.testing.assert_allclose(a, b, rtol=1e-9)
    # The last category of a second margin is always determined, and nobody need be told.
    two = survey(data).calibrate({"sex": SEXES, "region": {"N": 12.0, "S": 18.0}})
    assert two.final_weights.sum() == pytest.approx(30.0, rel=1e-12)


def test_categories_that_no_row_has_are_left_out_with_a_warning() -> None:
    with pytest.warns(pv.PrevalenceWarning, match=r"1 of 3 categories of 'sex' .*'X'.* 5 less"):
        made = survey(rows()).poststratify("sex", {**SEXES, "X": 5.0}, partial=True)
    assert made.final_weights.sum() == pytest.approx(30.0)


def test_steps_that_change_the_share_of_a_household_must_come_after_its_calibration() -> None:
    made = survey(equal_pairs())
    x = float((rows()["age"] * made.final_weights).sum())
    fixed = made.calibrate({"age": 1.05 * x}, constant="household", distance="raking")
    assert np.ptp(fixed.final_weights.reshape(6, 2), axis=1).max() < 1e-12
    assert rows()["age"] @ fixed.final_weights == pytest.approx(1.05 * x, rel=1e-12)
