"""What a prevalence refuses of what it is told to borrow, with the reason; inputs stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.intervals import PROPORTION_RULES


def rows() -> pd.DataFrame:
    n = 120
    return pd.DataFrame(
        {
            "rare": np.zeros(n),
            "common": (np.arange(n) // 6 % 4 == 0).astype(float),
            "hours": np.linspace(0, 9, n),
            "gaps": np.where(np.arange(n) % 7 == 0, np.nan, 1.0),
            "ea": np.arange(n) // 6,
            "sex": np.where(np.arange(n) % 2, "F", "M"),
        }
    )


def prevalence(frame: pd.DataFrame, **how: Any) -> pv.Estimate:
    return pv.direct.prevalence(pv.Survey(frame, psu="ea"), "rare", **how)


def by_sex(frame: pd.DataFrame) -> pv.Estimate:
    return pv.direct.prevalence(pv.Survey(frame, psu="ea"), "common", by="sex")


BAD: dict[str, tuple[Callable[[pd.DataFrame], Any], type[Exception], str]] = {
    "both": (
        lambda f: prevalence(f, deff=2.0, icc=0.1),
        ValueError,
        r"deff and icc must not both be given: found 2.0 and 0.1\. Give the",
    ),
    "correlation above one": (
        lambda f: prevalence(f, icc=1.5),
        ValueError,
        r"icc must be a number from 0 to below 1: found 1.5\. Give one such as 0.05",
    ),
    "negative correlation": (lambda f: prevalence(f, icc=-0.1), ValueError, "found -0.1"),
    "correlation not a number": (lambda f: prevalence(f, icc=np.nan), ValueError, "found nan"),
    "correlation as text": (lambda f: prevalence(f, icc="5 %"), ValueError, "found '5 %'"),
    "design effect of zero": (
        lambda f: prevalence(f, deff=0),
        ValueError,
        r"deff must be a positive number, the name of a column .*: found 0\. Give a design effect",
    ),
    "design effect infinite": (lambda f: prevalence(f, deff=np.inf), ValueError, "found inf"),
    "design effect true": (lambda f: prevalence(f, deff=True), ValueError, "found True"),
    "unknown column": (lambda f: prevalence(f, deff="comon"), KeyError, "comon.*common"),
    "column of other numbers": (
        lambda f: prevalence(f, deff="hours"),
        ValueError,
        r"deff must be 0 or 1 in 'hours': 1\d\d of 120 rows are not \(first: row 1, 0.07",
    ),
    "column with gaps": (
        lambda f: prevalence(f, deff="gaps"),
        ValueError,
        "'gaps' is missing in 18",
    ),
    "estimate of other domains": (
        lambda f: prevalence(f, deff=by_sex(f)),
        ValueError,
        r"one row or of the same domains: found one of 2 rows for 1 domains\. Choose its row",
    ),
    "estimate without a design effect": (
        lambda f: prevalence(f, deff=pv.uncertain(0.2, std_error=0.1)),
        ValueError,
        r"deff must be an estimate with a design effect: 1 of 1 rows have none\. Give the share",
    ),
    "one-sided level of a half": (
        lambda f: prevalence(f).at_most(0.5),
        ValueError,
        r"level of a one-sided limit must lie between 0.5 and 1: found 0.5\. Write 0.95",
    ),
    "one-sided level in per cent": (lambda f: prevalence(f).at_most(95), ValueError, "found 95"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_borrowed_is_refused(name: str) -> None:
    call, kind, message = BAD[name]
    frame = rows()
    before = frame.copy()
    with pytest.raises(kind, match=message):
        call(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.filterwarnings("ignore:.* lie in one primary unit alone")
@pytest.mark.parametrize("rule", PROPORTION_RULES)
def test_rows_without_degrees_of_freedom_have_no_limits_and_say_so(rule: str) -> None:
    frame = rows().assign(place=lambda f: np.where(f["ea"] == 3, "lonely", "rest"))
    e = pv.direct.prevalence(pv.Survey(frame, psu="ea"), "common", by="place", interval=rule)
    assert np.isnan(e["lonely"].interval()).all()
    assert np.isfinite(e["rest"].interval()).all()
    assert "one primary unit alone" in e.warnings[0]


def test_one_unit_in_each_stratum_leaves_no_interval_and_says_so() -> None:
    frame = rows().assign(half=lambda f: f["ea"] % 2)
    survey = pv.Survey(frame.query("ea < 2"), psu="ea", strata="half", single_psu="adjust")
    with pytest.warns(
        pv.PrevalenceWarning, match=r"1 of 1 domains have no interval: .* \(0 degrees"
    ):
        e = pv.direct.prevalence(survey, "common")
    assert np.isnan(e.interval()).all()


@pytest.mark.parametrize("cases", [0, 1, 119, 120])
def test_no_case_and_all_cases_have_an_interval_by_every_rule(cases: int) -> None:
    frame = rows().assign(rare=(np.arange(120) < cases).astype(float))
    for rule in PROPORTION_RULES:
        e = prevalence(frame, interval=rule, icc=0.05)
        low, high = e.interval()[0]
        assert low < high
        if cases in (0, 120):
            assert np.isnan(e.std_error[0])
            assert e.facts["deff_source"][0] == "given icc"
            assert (low == 0) == (cases == 0)
            assert (high == 1) == (cases == 120)


def test_what_is_missing_in_the_commoner_outcome_may_be_dropped() -> None:
    e = prevalence(
        rows().assign(gaps=lambda f: f["gaps"] * f["common"]), deff="gaps", missing="drop"
    )
    assert e.facts["deff_source"].tolist() == ["borrowed from gaps"]
    assert e.facts["n"].tolist() == [120]


def test_a_condition_leaves_out_rows_that_were_not_asked() -> None:
    """Rows outside of `where` may be missing: nothing is borrowed from them."""
    frame = rows().assign(rare=lambda f: np.where(f["hours"] > 6, np.nan, f["rare"]))
    e = prevalence(frame, by="sex", where="hours <= 6")
    assert np.isfinite(e.interval()).all()
    assert e.facts["missing"].tolist() == [0, 0]
