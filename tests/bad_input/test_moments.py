"""One row per bad input of quantiles, levels, variances and standardised means."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import prevalence as pv


def rows(**columns: Any) -> dict[str, Any]:
    """Twelve persons in six primary units of two strata."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "ea": np.repeat(np.arange(6), 2),
        "age": np.array([5.0, 9, 12, 17, 8, 7, 14, 15, 6, 11, 10, 13]),
        "sex": np.array(["F", "M"] * 6),
        "same": np.full(12, 3.0),
        "many": np.array([0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]),
        "job": np.array(["farm", "shop", "farm", None, "farm", "shop"] * 2, dtype=object),
        **columns,
    }


def survey(data: Any) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="region", psu="ea")


def quantile(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.direct.quantile(survey(data), "age", **how)


def standardised(**how: Any) -> Callable[[Any], Any]:
    given = {"over": "sex", "population": {"F": 1.0, "M": 1.0}, **how}
    return lambda data: pv.direct.standardised(survey(data), "age", **given)


class Bad(NamedTuple):
    ask: Callable[[Any], Any]
    kind: type[Exception]
    message: str
    data: dict[str, Any] = rows()


HOLE = rows(age=np.where(np.arange(12) == 4, np.nan, rows()["age"]))
CASES = {
    "q of 1": Bad(quantile(q=1), ValueError, r"^q must lie between 0 and 1: found 1\. Write a"),
    "q in per cent": Bad(
        quantile(q=[0.5, 25]), ValueError, r"found 25\. Write a share such as 0.5"
    ),
    "q of nan": Bad(quantile(q=np.nan), ValueError, r"^q must lie between 0 and 1: found nan\."),
    "no q": Bad(quantile(q=[]), ValueError, r"^q must lie between 0 and 1: found none\."),
    "q as text": Bad(quantile(q="0.5"), TypeError, r"^q must be a number: found '0.5'\."),
    "unknown rule": Bad(
        quantile(rule="type7"), ValueError, r"^rule must be one of math, .*'type7'"
    ),
    "R's name of an interval": Bad(
        quantile(interval="xlogit"), ValueError, r"^interval must be one of mean, .*'logit'"
    ),
    "level of 95": Bad(quantile(level=95), ValueError, r"^level must lie .*: found 95. Write 0.95"),
    "level of nearly nothing": Bad(
        quantile(level=0.001), ValueError, r"^level must be at least 0\.01: found 0.001\. Of a"
    ),
    "level not kept": Bad(
        lambda data: quantile(q=0.4, interval="logit")(data).interval(0.97),
        ValueError,
        r"0\.97 is not among 0\.5, .*\. Call pv\.direct\.quantile\(\.\.\., level=0\.97\)\.",
    ),
    "missing outcome": Bad(
        quantile(), ValueError, r"'age' is missing in 1 of 12 .*\(first: row 4\)", HOLE
    ),
    "replicates of none": Bad(
        quantile(interval="replicates"), ValueError, r"needs replicates: the sample has none\. Call"
    ),
    "replicates of a jackknife": Bad(
        lambda data: pv.direct.quantile(survey(data).jackknife(), "age", interval="replicates"),
        ValueError,
        r"must not be jackknifed: its jackknife variance is inconsistent\. Use \.bootstrap",
    ),
    "missing label": Bad(
        lambda data: pv.direct.proportions(survey(data), "job"),
        ValueError,
        r"^outcome must be complete: 'job' is missing in 2 of 12 rows with weight \(first: row 3\)",
    ),
    "labels that are measures": Bad(
        lambda data: pv.direct.counts(survey(data), "w"),
        ValueError,
        r"^outcome must be labels: column 'w' holds fractional",
        rows(w=rows()["w"] + 0.5),
    ),
    "no label at all": Bad(
        lambda data: pv.direct.counts(survey(data), "job", missing="drop"),
        ValueError,
        r"^outcome must have labels: 'job' is missing in every row with weight\. Check it\.",
        rows(job=np.array([None] * 12, dtype=object)),
    ),
    "too many levels": Bad(
        lambda data: pv.direct.proportions(pv.Survey(data), "id"),
        ValueError,
        r"^outcome must be a category of at most 500 levels: 'id' has 501\. Group them",
        {"id": np.arange(501)},
    ),
    "cell that the population lacks": Bad(
        standardised(population={"F": 1.0}),
        ValueError,
        r"^population must have every cell of the sample: 1 of 2 are missing \(first: M\)\.",
    ),
    "cell without rows": Bad(
        standardised(population={"F": 1.0, "M": 1.0, "X": 2.0}),
        ValueError,
        r"^population must have cells with rows: 1 of 3 have none \(first: X\)\. Merge it",
    ),
    "negative population": Bad(
        standardised(population={"F": 1.0, "M": -1.0}),
        ValueError,
        r"^population must be numbers of 0 or more: M has -1\. Give the size",
    ),
    "empty population": Bad(
        standardised(population={"F": 0, "M": 0}),
        ValueError,
        r"^population must be numbers of 0 or more: all are 0\.",
    ),
    "population as a list": Bad(
        standardised(population=[1.0, 1.0]),
        TypeError,
        r"^population must map cells to numbers: found list\. Write for example",
    ),
    "population as text": Bad(
        standardised(population={"F": "1", "M": 1}), TypeError, r"^population must be a number"
    ),
    "over nothing": Bad(
        standardised(over=[]), ValueError, r"^over must name columns: found none\."
    ),
    "every domain lacks a cell": Bad(
        standardised(by="sex"),
        ValueError,
        r"^over must have rows in every cell of some domain: 2 cells have none \(first: M in F\)\.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_its_reason(name: str) -> None:
    case = CASES[name]
    data = copy.deepcopy(case.data)
    with pytest.raises(case.kind, match=case.message) as caught:
        case.ask(data)
    assert type(caught.value) is case.kind
    for column, values in case.data.items():
        pd.testing.assert_series_equal(pd.Series(values), pd.Series(data[column]))
    message = str(caught.value)
    assert "  " not in message
    assert not message.endswith(" ")


WARNED: dict[str, tuple[Callable[[pv.Survey], pv.Estimate], str]] = {
    "an outcome that does not vary": (
        lambda s: pv.direct.quantile(s, "same"),
        "1 of 1 quantiles have no standard error: all rows lie on one side",
    ),
    "an extreme quantile": (
        lambda s: pv.direct.quantile(s, "age", 0.99),
        "1 of 1 quantiles have no standard error: all rows lie on one side",
    ),
    "limits outside 0 to 1": (
        lambda s: pv.direct.quantile(s, "age", 0.05),
        "1 of 1 quantiles lack a limit and a standard error: .* Pass interval='logit' or 'beta'",
    ),
    "one primary unit": (
        lambda s: pv.direct.quantile(s, "age", where="ea == 1"),
        "1 of 1 quantiles have no standard error: .* too few rows or primary units",
    ),
    "a variance of one row": (
        lambda s: pv.direct.variance(s, "age", where="age == 17"),
        "1 of 1 variances have no standard error: .* or there is one row",
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_no_standard_error_from_nothing_and_none_without_a_word(name: str) -> None:
    ask, message = WARNED[name]
    with pytest.warns(pv.PrevalenceWarning) as caught:
        e = ask(survey(rows()))
    assert any(re.match(message, str(w.message)) for w in caught)
    assert np.isnan(e.std_error[0])
    low, high = e.interval()[0]
    assert np.isnan(low)
    assert np.isnan(high) or (name == "limits outside 0 to 1" and high > e.value[0])
    assert {str(w.message) for w in caught} <= set(e.warnings)


def test_limits_in_one_tie_are_said_to_be() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 quantiles have a standard error of 0"):
        e = pv.direct.quantile(survey(rows()), "many", interval="score")
    assert e.interval().tolist() == [[0.0, 0.0]]


def test_a_variance_of_an_outcome_that_does_not_vary_is_0_without_standard_error() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="3 of 3 variances"):
        e = pv.direct.variance(survey(rows()), ["same", "many"], where="many == 0")
    assert e.value.tolist() == [0.0] * 4
    assert np.isnan(e.std_error).all()


def test_rs_rule_that_depends_on_the_scale_of_weights_is_said_to() -> None:
    with pytest.warns(pv.PrevalenceWarning, match=r"mean of 1: theirs is 2\.33333"):
        theirs = pv.direct.quantile(survey(rows()), "age", rule="shahvaish", interval="logit")
    ours = pv.direct.quantile(survey(rows()), "age", rule="shahvaish-normed", interval="logit")
    assert theirs.value[0] > ours.value[0]


def test_cells_that_are_empty_or_thin_are_named() -> None:
    data = rows(sex=np.array(["F", "M", "F", "M", "F", "M", "F", "F", "F", "F", "F", "F"]))
    with pytest.warns(pv.PrevalenceWarning) as caught:
        e = standardised(by="region")(data)
    assert "1 of 4 cells have no row, and their domain no estimate (first: M in S)." in e.warnings
    assert {str(w.message) for w in caught} <= set(e.warnings)
    assert np.isfinite(e.std_error[0])
    assert np.isnan([e.value[1], e.std_error[1]]).all()
    data["sex"][[1, 3]] = "F"
    with pytest.warns(
        pv.PrevalenceWarning, match=r"1 of 2 cells have one row, .*\(first: M in the"
    ):
        standardised()(data)


def test_dropped_labels_and_values_are_counted() -> None:
    s = survey(rows(age=HOLE["age"]))
    shares = pv.direct.proportions(s, "job", by="region", missing="drop")
    assert shares.facts["missing"].tolist() == [1, 1, 1, 1]
    assert shares.facts["n"].tolist() == [5, 5, 5, 5]
    median = pv.direct.quantile(s, "age", missing="drop", interval="logit")
    assert (median.facts["n"][0], median.facts["missing"][0]) == (11, 1)


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_an_empty_domain_keeps_its_row() -> None:
    data = rows(w=np.where(rows()["sex"] == "F", rows()["w"], 0.0))
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 domains have no estimate"):
        e = pv.direct.quantile(survey(data), "age", by="sex", interval="logit")
    assert np.isnan([e.value[1], e.std_error[1]]).all()
    assert e.facts["n"].tolist() == [6, 0]
