"""Reports about others: against loops, attached rows and expanded rows, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import validated as naive

Array = NDArray[Any]
EXACT = 1e-12  # the same sums in another order


def households(seed: int = 5) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    psu = np.repeat(np.arange(18), 8)
    own, near = rng.poisson(1.5, psu.size), rng.poisson(5.0, psu.size)
    return {
        "stratum": psu // 6,
        "psu": psu,
        "id": np.array([f"h{k}" for k in range(psu.size)]),
        "w": rng.uniform(1, 6, psu.size),
        "area": np.array(["north", "south"])[psu % 2],
        "own": own.astype(float),
        "near": near.astype(float),
        "own_cases": rng.binomial(own, 0.06).astype(float),
        "near_cases": rng.binomial(near, 0.06).astype(float),
    }


def reports(data: dict[str, Any], seed: int = 6) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    who = np.repeat(data["id"], rng.poisson(0.4, data["id"].size))
    return {
        "id": who,
        "households": rng.integers(1, 6, who.size),
        "case": rng.integers(0, 3, who.size).astype(float),
        "person": np.array([f"p{k}" for k in range(who.size)]),
    }


DATA = households()
REPORTS = reports(DATA)


def survey(data: Any = DATA) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def counted(made: pv.Survey, told: Any = REPORTS, **how: Any) -> pv.Estimate:
    return pv.direct.multiplicity(made, told, on="id", reporters="households", **how)


# Multiplicity


def test_the_number_equals_loops_over_reports() -> None:
    ones = np.ones(REPORTS["id"].size)
    columns = (DATA["w"], DATA["id"], REPORTS["id"])
    wanted = naive.reported(*columns, ones, REPORTS["households"])
    assert counted(survey()).value[0] == pytest.approx(wanted, rel=EXACT)
    wanted = naive.reported(*columns, REPORTS["case"], REPORTS["households"])
    assert counted(survey(), case="case").value[0] == pytest.approx(wanted, rel=EXACT)


@pytest.mark.parametrize("scheme", ["linearised", "jackknife"])
def test_it_is_the_total_of_reports_attached_by_their_links(scheme: str) -> None:
    made = survey() if scheme == "linearised" else survey().jackknife()
    attached = made.attach(
        {**REPORTS, "one": np.ones(REPORTS["id"].size)}, on="id", links="households"
    )
    one, two = counted(made), pv.direct.total(attached, "one")
    np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-10)


def test_informants_without_a_report_are_zeros_of_the_sample() -> None:
    u = np.zeros(DATA["id"].size)
    for name, m in zip(REPORTS["id"], REPORTS["households"], strict=True):
        u[DATA["id"] == name] += 1 / m
    made = survey({**DATA, "u": u})
    one, two = counted(made, by="area"), pv.direct.total(made, "u", by="area")
    np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-10)
    np.testing.assert_array_equal(one.facts["n"], two.facts["n"])
    np.testing.assert_allclose(one.facts["deff"], two.facts["deff"], rtol=1e-10)
    naive_errors = one.std_error / np.sqrt(one.facts["deff"])
    np.testing.assert_allclose(one.facts["naive_std_error"], naive_errors, rtol=EXACT)
    assert one.facts["cases"].sum() == REPORTS["id"].size


def test_a_domain_without_reports_is_a_row_with_an_upper_limit() -> None:
    keep = np.isin(REPORTS["id"], DATA["id"][DATA["area"] == "north"])
    told = {name: column[~keep] for name, column in REPORTS.items()}
    e = counted(survey(), told, by="area")
    assert e["north"].value[0] == 0
    assert np.isnan(e["north"].std_error[0])
    low, high = e["north"].interval()[0]
    inside = DATA["area"] == "north"
    assert low == 0
    assert high > 3.68 * DATA["w"][inside].mean()  # 3.7 effective reports, at the least


def test_reports_that_differ_in_their_numbers_are_said() -> None:
    ids = DATA["id"][[0, 9, 20]]
    told = {"id": ids, "households": [3, 4, 2], "person": ["a", "a", "b"]}
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 cases have reports that differ"):
        e = counted(survey(), told, identity="person")
    assert e.value[0] == pytest.approx((DATA["w"][[0, 9, 20]] / [3, 4, 2]).sum(), rel=EXACT)


def test_order_of_reports_and_their_frame_change_nothing() -> None:
    base = counted(survey())
    shuffled = pd.DataFrame(REPORTS).sample(frac=1, random_state=1)
    again = counted(survey(), shuffled, identity="person")
    np.testing.assert_allclose(again.value, base.value, rtol=EXACT)
    np.testing.assert_allclose(again.std_error, base.std_error, rtol=1e-10)


# Neighbourhood


def told_of(made: pv.Survey, **how: Any) -> pv.Estimate:
    return pv.direct.neighbourhood(made, ["own_cases", "near_cases"], ["own", "near"], **how)


def expanded() -> tuple[pv.Survey, str]:
    """One row per child told of, attached to the informant."""
    y = DATA["own_cases"] + DATA["near_cases"]
    m = DATA["own"] + DATA["near"]
    rows = np.repeat(np.arange(y.size), m.astype(int))
    place = np.concatenate([np.arange(int(k)) for k in m])
    children = {
        "id": DATA["id"][rows],
        "case": (place < y[rows]).astype(float),
        "area": DATA["area"][rows],
    }
    return survey().attach(children, on="id"), "case"


@pytest.mark.parametrize("by", [(), "area"])
def test_it_is_the_prevalence_among_children_as_rows(by: Any) -> None:
    made, case = expanded()
    one, two = told_of(survey(), by=by), pv.direct.prevalence(made, case, by=by)
    np.testing.assert_allclose(one.value, two.value, rtol=EXACT)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-10)
    np.testing.assert_allclose(one.facts["deff"], two.facts["deff"], rtol=1e-10)
    np.testing.assert_allclose(one.facts["icc"], two.facts["icc"], rtol=1e-9)
    np.testing.assert_allclose(one.interval(), two.interval(), rtol=1e-9)
    for name in ("cases", "psus_with_cases"):
        np.testing.assert_array_equal(one.facts[name], two.facts[name])
    np.testing.assert_array_equal(one.facts["children"], two.facts["n"])


def test_the_naive_error_is_that_of_as_many_independent_children() -> None:
    e = told_of(survey(), interval="logit")
    p, n = e.value[0], (DATA["own"] + DATA["near"]).sum()
    assert e.facts["naive_std_error"][0] == pytest.approx(np.sqrt(p * (1 - p) / n), rel=EXACT)
    ratio = (e.std_error[0] / e.facts["naive_std_error"][0]) ** 2
    assert e.facts["deff"][0] == pytest.approx(ratio, rel=1e-10)


def test_no_case_borrows_a_design_effect() -> None:
    none = {**DATA, "own_cases": 0 * DATA["own"], "near_cases": 0 * DATA["own"]}
    e = told_of(survey(none))
    assert e.value[0] == 0
    assert np.isnan(e.std_error[0])
    assert 3 / e.facts["children"][0] < e.at_most()[0] < 1


def test_a_row_that_misses_a_number_leaves_with_its_count() -> None:
    near = DATA["near"].copy()
    near[[3, 40]] = np.nan
    e = told_of(survey({**DATA, "near": near}), missing="drop", where="area == 'north'")
    gone = DATA["area"][[3, 40]] == "north"
    assert e.facts["missing"][0] == gone.sum()
    kept = (DATA["area"] == "north") & np.isfinite(near)
    w, m = DATA["w"][kept], (DATA["own"] + near)[kept]
    y = (DATA["own_cases"] + DATA["near_cases"])[kept]
    assert e.value[0] == pytest.approx((w @ y) / (w @ m), rel=EXACT)
