"""One row per bad input of a regression or a test: which message comes back, nothing changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.test_models import rows, sample


def given(**columns: Any) -> dict[str, Any]:
    return {**rows(), **columns}


def fit(outcome: str, predictors: Any, **how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.direct.regression(sample(data), outcome, predictors, **how)


def logit(predictors: Any, outcome: str = "case") -> Callable[[Any], Any]:
    return fit(outcome, predictors, family="binomial")


def at(name: str, value: Any, *where: int) -> dict[str, Any]:
    column = rows()[name].astype(object if isinstance(value, (str, type(None))) else float)
    column[list(where)] = value
    return given(**{name: column})


def calibrated(data: Any) -> Any:
    made = sample(data).calibrate({"x": 400.0})
    return pv.direct.regression(made, "z", "urban")


def table(row: str, column: str, **how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.direct.chi_square(sample(data), row, column, **how)


CASES: dict[str, tuple[Any, Callable[[Any], Any], type[Exception], str]] = {
    "separated number": (
        given(age=rows()["case"] * 10 + 1),
        logit("age"),
        pv.ConvergenceError,
        r"regression must have a maximum: 'age' separates rows .* Join categories or leave",
    ),
    "level without a case": (
        given(case=np.where(rows()["group"] == "c", 0.0, rows()["case"])),
        logit(["x", "group"]),
        pv.ConvergenceError,
        r"must have a maximum: 'group = c' separates rows whose outcome is always the same",
    ),
    "level of zero counts": (
        given(jobs=np.where(rows()["group"] == "b", 0.0, rows()["jobs"])),
        fit("jobs", ["x", "group"], family="poisson"),
        pv.ConvergenceError,
        r"the poisson regression must have a maximum: 'group = b' separates",
    ),
    "collinear": (
        given(double=2 * rows()["x"] + rows()["urban"]),
        fit("z", ["x", "urban", "double"]),
        ValueError,
        r"must not be collinear: 'double' is made of 'x', 'urban' in the 120 rows",
    ),
    "collinear levels": (
        given(again=np.where(rows()["sex"] == "F", "girl", "boy")),
        fit("z", ["sex", "again"]),
        ValueError,
        r"must not be collinear: 'again = girl' is made of '\(intercept\)', 'sex = M'",
    ),
    "constant number": (
        given(one=np.full(120, 4.0)),
        fit("z", ["x", "one"]),
        ValueError,
        r"predictors must vary: 'one' is the same in all 120 rows",
    ),
    "constant category": (
        given(group=np.full(120, "a")),
        fit("z", "group"),
        ValueError,
        r"predictors must vary: 'group' is 'a' in all 120 rows",
    ),
    "constant outcome": (
        given(case=np.ones(120)),
        logit("x"),
        ValueError,
        r"outcome must vary: it is 1 in all 120 rows",
    ),
    "more columns than rows": (
        rows(),
        fit("z", ["x", "group"], where="psu == 5 and x > 0.3"),
        ValueError,
        r"predictors must be fewer than the rows: found \d coefficients for \d rows",
    ),
    "outcome not 0 to 1": (
        at("case", 2.0, 7, 9),
        logit("x"),
        ValueError,
        r"outcome must be 0 to 1 with family='binomial': 2 of 120 rows are not \(first: row 7, 2\)",
    ),
    "negative counts": (
        at("jobs", -1.0, 5),
        fit("jobs", "x", family="poisson"),
        ValueError,
        r"outcome must be 0 or more with family='poisson': 1 of 120 rows .* row 5, -1",
    ),
    "text outcome": (rows(), fit("sex", "x"), TypeError, r"outcome must be numbers: column 'sex'"),
    "missing predictor": (
        at("x", np.nan, 4, 8),
        fit("z", "x"),
        ValueError,
        r"predictors must be complete: 'x' is missing in 2 of 120 .* row 4\). Pass missing='drop'",
    ),
    "missing category": (
        at("group", None, 11),
        fit("z", "group"),
        ValueError,
        r"predictors must be complete: 'group' is missing in 1 of 120 rows",
    ),
    "infinite predictor": (
        at("x", np.inf, 2),
        fit("z", "x"),
        ValueError,
        r"predictors must be finite in 'x': 1 of 120 rows is not \(first: row 2, inf\)",
    ),
    "all missing": (
        given(x=np.full(120, np.nan)),
        fit("z", "x", missing="drop"),
        ValueError,
        r"predictors must leave rows: all 120 rows with weight miss",
    ),
    "unknown predictor": (
        rows(),
        fit("z", "grup"),
        KeyError,
        r"predictors must be a column of the data: 'grup' is not. Did you mean 'group'",
    ),
    "interaction alone": (
        rows(),
        fit("z", ["x", "x:sex"]),
        ValueError,
        r"must name the parts of an interaction: 'x:sex' stands without 'sex'",
    ),
    "repeated": (
        rows(),
        fit("z", ["x", "sex", "x"]),
        ValueError,
        r"predictors must be named once each: 'x' repeats one",
    ),
    "nothing": (
        rows(),
        fit("z", [], intercept=False),
        ValueError,
        r"predictors must name a column: found none, and no intercept",
    ),
    "categorical elsewhere": (
        rows(),
        fit("z", "x", categorical="urban"),
        ValueError,
        r"categorical must name predictors: 'urban' is not one",
    ),
    "family": (
        rows(),
        fit("z", "x", family="gamma"),
        ValueError,
        r"family must be one of gaussian, binomial, poisson: found 'gamma'",
    ),
    "negative weights": (
        rows(),
        calibrated,
        ValueError,
        r"weights must be positive in a regression: \d+ of 120 rows are negative after calibration",
    ),
    "three groups": (
        rows(),
        lambda data: pv.direct.t_test(sample(data), "z", "group"),
        ValueError,
        r"group must have two values: 'group' has 3",
    ),
    "no such row": (
        rows(),
        lambda data: pv.direct.wald_test(fit("z", ["x", "group"])(data), "grup"),
        KeyError,
        r"rows must be some of the estimate's: 'grup' is not. Did you mean 'group'",
    ),
    "dependent rows": (
        rows(),
        lambda data: pv.direct.wald_test(
            pv.direct.mean(sample({**data, "non": 1 - data["case"]}), ["case", "non"])
        ),
        ValueError,
        r"rows must not depend on each other: the covariance of case, non is singular",
    ),
    "too many rows": (
        rows(),
        lambda data: pv.direct.wald_test(
            fit("z", ["x", "urban", "group", "sex", "jobs"])(data), rows=[0, 1, 2, 3], adjusted=True
        ),
        ValueError,
        r"rows must be fewer than the degrees of freedom: found 4 for 3",
    ),
    "same column": (
        rows(),
        table("sex", "sex"),
        ValueError,
        r"column must be another one than row: found 'sex' twice",
    ),
    "one row in a table": (
        given(sex=np.full(120, "F")),
        table("sex", "group"),
        ValueError,
        r"predictors must vary: 'sex' is 'F' in all 120 rows",
    ),
    "statistic": (
        rows(),
        table("sex", "group", statistic="wold"),
        ValueError,
        r"statistic must be one of F, .*: found 'wold'. Did you mean 'wald'",
    ),
    "influence of too many": (
        rows(),
        lambda data: sample(data).influence(lambda w: np.ones((6000, 120)) @ w),
        ValueError,
        r"influence must have at most 5,000 values .* found 6,000 values of 120 rows",
    ),
}


@pytest.mark.filterwarnings("ignore:.*weights are negative after calibrate")
@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_words(name: str) -> None:
    data, ask, kind, message = CASES[name]
    before = copy.deepcopy(data)
    with pytest.raises(kind, match=message):
        ask(data)
    for column in before:
        np.testing.assert_array_equal(data[column], before[column])
