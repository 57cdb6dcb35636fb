"""Two error rates of proxies: the Rogan-Gladen estimator said in other words, and its what-if table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv


def told(by: Any = ()) -> pv.Estimate:
    rng = np.random.default_rng(2)
    rows = {
        "psu": np.repeat(np.arange(40), 20),
        "says": (rng.random(800) < 0.1).astype(float),
        "area": np.where(np.arange(800) % 3 > 0, "north", "south"),
    }
    return pv.direct.prevalence(pv.Survey(rows, psu="psu", source="parents"), "says", by=by)


RATES: dict[str, Any] = {
    "sensitivity": pv.validated(correct=33, tested=50, name="s"),
    "false_report": pv.validated(correct=4, tested=200, name="f"),
}


@pytest.mark.parametrize("by", [(), "area"])
@pytest.mark.parametrize("interval", ["auto", "delta", "lang-reiczigel", "melding", "bayes"])
def test_it_is_rogan_gladen_with_the_specificity_of_no_false_report(by: Any, interval: str) -> None:
    p = told(by)
    one = pv.misclassification.proxy(p, **RATES, interval=interval)
    clear = pv.validated(correct=196, tested=200, name="f")
    two = pv.misclassification.rogan_gladen(
        p, sensitivity=RATES["sensitivity"], specificity=clear, interval=interval
    )
    np.testing.assert_allclose(one.value, two.value, rtol=1e-13)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-13)
    np.testing.assert_allclose(one.interval(), two.interval(), rtol=1e-12)
    assert one.labels == p.labels


def test_the_variance_is_that_of_the_delta_method() -> None:
    p, (s, f) = told(), RATES.values()
    e = pv.misclassification.proxy(p, **RATES)
    j = s.value - f.value
    x = (p.value - f.value) / j
    errors = p.std_error**2 + (x * s.std_error) ** 2 + ((1 - x) * f.std_error) ** 2
    np.testing.assert_allclose(e.value, x, rtol=1e-13)
    np.testing.assert_allclose(e.std_error, np.sqrt(errors) / j, rtol=1e-12)
    assert e.facts["zero_at_false_report"] == p.value


def test_no_false_report_in_the_validation_study_still_has_its_uncertainty() -> None:
    none = pv.validated(correct=0, tested=100, name="none")
    e = pv.misclassification.proxy(told(), sensitivity=0.7, false_report=none)
    low, high = e.interval()[0]
    known = pv.misclassification.proxy(told(), sensitivity=0.7, false_report=0.0)
    np.testing.assert_allclose(e.value, known.value, rtol=1e-13)
    assert low < known.interval()[0, 0]
    assert high <= known.interval()[0, 1] + 0.01


def test_an_assumption_tells_both_rates() -> None:
    e = pv.misclassification.proxy(told(), sensitivity=0.7, false_report=RATES["false_report"])
    text = " ".join(e.assumptions)
    assert "Proxies report 0.7 of true cases, taken as known." in text
    assert "Proxies report 0.02 of others as cases, estimated." in text
    assert "specificity" not in text
    assert e.method == "misclassification.proxy"


def test_the_grid_has_every_pair_and_the_tornado_the_ends() -> None:
    p = told("area")
    table = pv.misclassification.what_if(
        p, sensitivity=[0.5, 0.7, 0.9], false_report=[0.0, 0.02, 0.15]
    )
    grid = table.to_frame()
    assert len(grid) == 2 * 9
    rows: list[dict[str, Any]] = grid.to_dict("records")  # type: ignore[assignment]  # keys are names
    at = {(r["domain"], r["sensitivity"], r["false_report"]): r["estimate"] for r in rows}
    for row in rows:
        s, f = row["sensitivity"], row["false_report"]
        if row["possible"]:
            known = {"sensitivity": s, "specificity": 1 - f}  # the same numbers one by one
            e = pv.misclassification.rogan_gladen(p[row["domain"]], **known)
            limits = (row["conf_low"], row["conf_high"])
            assert row["estimate"] == pytest.approx(e.value[0], rel=1e-12)
            assert limits == pytest.approx(tuple(e.interval()[0]), rel=1e-9, abs=1e-12)
        else:
            assert row["estimate"] < 0
    for name in ("north", "south"):
        bars = table.tornado[table.tornado["domain"] == name]
        assert sorted(bars["varied"]) == ["apparent", "false_report", "sensitivity"]
        assert bars["swing"].is_monotonic_decreasing
        bar = bars[bars["varied"] == "sensitivity"].iloc[0]
        assert bar["estimate_at_low"] == pytest.approx(at[name, 0.5, 0.02])
        assert bar["estimate_at_high"] == pytest.approx(at[name, 0.9, 0.02])
    assert repr(table).startswith("<WhatIf: 18 rows")
    pd.testing.assert_frame_equal(grid, table.grid)


def test_a_rate_that_is_an_estimate_stands_for_its_limits() -> None:
    s, f = RATES["sensitivity"], RATES["false_report"]
    table = pv.misclassification.what_if(told(), sensitivity=s, false_report=f, level=0.9)
    low, high = s.interval(0.9)[0]
    assert table.grid["sensitivity"].unique() == pytest.approx([low, s.value[0], high])
