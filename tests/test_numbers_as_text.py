"""Numbers as text: an estimate and its limits rounded together, and what is flagged at which limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.reliability import flags
from prevalence.rounding import shown

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("numbers", "unit", "texts"),
    [
        # counts: three digits of the largest number, two of the estimate
        ((1234.4, 1000.2, 1500.7), "count", ("1,230", "1,000", "1,500")),
        ((123_456.0, 99_400.0, 151_900.0), "count", ("123,000", "99,000", "152,000")),
        ((12.0, 1.0, 54_321.0), "count", ("12", "1", "54,321")),
        ((123.0, 1.0, 54_321.0), "count", ("120", "0", "54,320")),
        ((0.0, 0.0, 54_321.0), "count", ("0", "0", "54,300")),
        ((NAN, 1234.0, 5678.0), "count", ("-", "1,230", "5,680")),
        ((5.0, 2.0, INF), "count", ("5", "2", "-")),
        ((4.44, 3.33, 9.0), "count", ("4", "3", "9")),
        ((NAN, NAN, NAN), "count", ("-", "-", "-")),
        # totals: like counts from 100 on
        ((4.44, 3.33, 100.0), "total", ("4", "3", "100")),
        ((4.44, 3.33, 99.99), "total", ("4.4", "3.3", "100.0")),
        ((-1234.0, -2346.0, -123.0), "total", ("-1,230", "-2,350", "-120")),
        # shares: per cent, at least one decimal
        ((0.25, 0.136, 0.401), "proportion", ("25.0 %", "13.6", "40.1")),
        ((0.25, 0.00012, 0.4), "proportion", ("25.00 %", "0.01", "40.00")),
        ((0.25, 1e-8, 0.4), "proportion", ("25.000 %", "0.000", "40.000")),
        ((0.25, 0.2499, 0.2501), "proportion", ("25.00 %", "24.99", "25.01")),
        ((0.00012, 0.0001, 0.0002), "proportion", ("0.012 %", "0.010", "0.020")),
        ((NAN, 0.1, 0.2), "proportion", ("-", "10.0", "20.0")),
        ((0.0, 0.0, 0.012), "proportion", ("0 %", "0", "1.2")),
        # others: two digits of the estimate, a digit of the limits and of their distance
        ((12.3456, 11.0, 14.0), "mean", ("12", "11", "14")),
        ((1.23456, 1.1, 1.4), "mean", ("1.2", "1.1", "1.4")),
        ((123.4, 0.04, 300.0), "mean", ("123.40", "0.04", "300.00")),
        ((123.4, 123.37, 123.43), "mean", ("123.40", "123.37", "123.43")),
        ((1.5, 0.0, 3.0), "mean", ("1.5", "0", "3.0")),
        ((1.5, 1.0, INF), "mean", ("1.5", "1.0", "-")),
        ((1234.5, 1000.0, 2000.0), "mean", ("1,234", "1,000", "2,000")),
        ((2.0, -0.0004, 4.0), "mean", ("2.000", "0.000", "4.000")),
        ((2.0, -0.004, 4.0), "mean", ("2.000", "-0.004", "4.000")),
        ((0.0, -3.0, 3.2), "difference", ("0", "-3.0", "3.2")),
        ((0.0, -300.0, 320.0), "difference", ("0", "-300", "320")),
        ((1.0, 0.0, 200.0), "mean", ("1.0", "0", "200.0")),
        ((NAN, NAN, NAN), "mean", ("-", "-", "-")),
    ],
)  # fmt: skip
def test_an_estimate_and_its_limits_have_the_digits_that_tell(
    numbers: tuple[float, float, float], unit: str, texts: tuple[str, str, str]
) -> None:
    assert shown(*numbers, unit) == texts


# A row that needs no flag, and what is changed in it
ROW = {
    "value": 0.3,
    "cases": 50.0,
    "n": 200.0,
    "cv": 0.1,
    "df": 30.0,
    "n_eff": 100.0,
    "width": 0.1,
    "low": 0.0,
}
FEW = "unreliable: effective sample below 30"
WIDE = "unreliable: interval wider than 30 points"
SHARE = "unreliable: interval wider than 130 % of the share"
NUMBER = "unreliable: interval wider than 160 % of the number"
ROWS = "unreliable: fewer than 10 rows"
CV = "cv above 30 %"


def flagged(
    changed: Mapping[str, float], unit: str = "proportion", method: str = "direct.any"
) -> str:
    row = {**ROW, **changed}
    facts: dict[str, Any] = {name: np.array([row[name]]) for name in ("rhat", "ess") if name in row}
    e = pv.Estimate(np.array([row["value"]]), (), unit=unit, method=method, facts=facts)
    columns: dict[str, Any] = {x: np.array([row[x]]) for x in ("cases", "n", "cv", "df", "n_eff")}
    (said,) = flags(e, columns, np.array([[row["low"], row["low"] + row["width"]]]))
    return said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"value": 0.0, "cases": 0.0, "width": 0.04}, "no cases"),
        ({"value": 1.0, "cases": 200.0, "width": 0.04}, "only cases"),
        ({"value": 1.0, "cases": 199.0, "width": 0.04}, ""),
        ({"cases": 200.0}, ""),
        ({"cases": 4.0}, "fewer than 5 cases"),
        ({"cases": 1.0}, "fewer than 5 cases"),
        ({"cases": 5.0}, ""),
        ({"cases": NAN}, ""),
        ({"cv": 0.3}, ""),
        ({"cv": 0.301}, CV),
        ({"df": 8.0}, ""),
        ({"df": 7.9}, "df below 8"),
        ({"value": -0.01, "width": 0.04}, "computed below 0"),
        ({"value": 1.01, "width": 0.04}, "computed above 100 %"),
        ({"rhat": 1.01, "ess": 400.0}, ""),
        ({"rhat": 1.011, "ess": 400.0}, "R-hat above 1.01"),
        ({"rhat": 1.01, "ess": 399.0}, "fewer than 400 effective draws"),
        ({"n_eff": 30.0}, ""),
        ({"n_eff": 29.9}, FEW),
        ({"n": 29.0}, FEW),
        ({"n_eff": NAN, "width": 0.9}, ""),
        ({"n_eff": 29.9, "width": 0.9}, FEW),
        ({"width": 0.299}, ""),
        ({"width": 0.3}, WIDE),
        ({"low": 0.25, "width": 0.1}, ""),
        ({"value": 0.1, "width": 0.129}, ""),
        ({"value": 0.1, "width": 0.131}, SHARE),
        ({"value": 0.1, "width": 0.4}, WIDE),
        ({"value": 0.01, "width": 0.05}, ""),
        ({"value": 0.01, "width": 0.051}, SHARE),
        ({"value": 0.95, "width": 0.064}, ""),
        ({"value": 0.95, "width": 0.066}, "complement unreliable"),
        ({"value": 0.95, "width": 0.31}, WIDE),
        ({"cases": 3.0, "cv": 0.5, "df": 2.0}, f"fewer than 5 cases; {CV}; df below 8"),
    ],
)
def test_flags_of_a_share_begin_at_their_limits(changed: dict[str, float], said: str) -> None:
    assert flagged(changed) == said


@pytest.mark.parametrize(
    ("unit", "method", "changed", "said"),
    [
        ("count", "direct.counts", {"width": 160.0}, ""),
        ("count", "direct.counts", {"width": 161.0}, NUMBER),
        ("total", "direct.total", {"value": -100.0, "width": 161.0}, NUMBER),
        ("count", "direct.counts", {"n": 10.0, "width": 161.0}, NUMBER),
        ("count", "direct.counts", {"n": 9.0, "width": 161.0}, ROWS),
        ("total", "direct.total", {"n": 9.0, "width": 1.0}, ROWS),
        ("count", "nsum.scale_up", {"n": 9.0, "width": 161.0}, ""),
        ("mean", "direct.mean", {"n": 9.0, "n_eff": 9.0, "width": 161.0}, ""),
        ("mean", "direct.mean", {"cv": 0.301}, CV),
        ("mean", "direct.mean", {"value": -3.0}, ""),
        ("mean", "direct.mean", {"value": 1.0, "cases": 200.0}, ""),
        ("ratio", "direct.ratio", {"cv": 0.301}, CV),
        ("log ratio", "", {"cv": 0.301}, ""),
        ("difference", "", {"cv": 0.301}, ""),
        ("coefficient", "", {"cv": 0.301}, ""),
        ("exponentiated coefficient", "", {"cv": 0.301}, ""),
        ("marginal effect", "", {"cv": 0.301}, ""),
        ("variance", "", {"cv": 0.301}, ""),
        ("sqrt variance", "", {"cv": 0.301}, ""),
    ],
)
def test_flags_of_other_units_begin_at_theirs(
    unit: str, method: str, changed: dict[str, float], said: str
) -> None:
    assert flagged({"value": 100.0, "width": 1.0, **changed}, unit, method) == said
