"""Bugs that were found and fixed, one test each."""

from __future__ import annotations

import numpy as np
import pytest

import prevalence as pv

ROWS = {
    "sex": ["F", "F", "M", "M", "F", "M"],
    "area": [1, 2, 1, 2, 1, 2],
    "size": [1.0, 3.0, 2.0, 5.0, 4.0, 1.0],
}
CELLS = {("F", 1): 20.0, ("F", 2): 12.0, ("M", 1): 11.0, ("M", 2): 19.0}


@pytest.mark.parametrize("distance", ["linear", "raking"])
def test_calibration_to_crossed_categories_is_poststratification(distance: str) -> None:
    survey = pv.Survey(ROWS)
    crossed = survey.calibrate({("sex", "area"): CELLS}, distance=distance)
    wanted = survey.poststratify(["sex", "area"], CELLS)
    np.testing.assert_allclose(crossed.final_weights, wanted.final_weights, rtol=1e-12)
    a, b = pv.direct.total(crossed, "size"), pv.direct.total(wanted, "size")
    np.testing.assert_allclose(a.std_error, b.std_error, rtol=1e-10)
    assert crossed.steps[-1].name == f"calibrate ({distance}) on sex x area"


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, np.int8, int, str])
def test_totals_of_whole_numbered_categories_may_have_any_kind_of_key(kind: type) -> None:
    survey = pv.Survey(ROWS).poststratify("area", {kind(1): 40.0, kind(2): 20.0})
    assert survey.final_weights.sum() == pytest.approx(60.0)


@pytest.mark.parametrize("key", [float("nan"), float("inf")])
def test_a_total_of_a_category_that_is_no_number_is_named(key: float) -> None:
    with pytest.raises(ValueError, match=f"'area' has a total for '{key}', which no row"):
        pv.Survey(ROWS).poststratify("area", {1: 40.0, 2: 20.0, key: 3.0})


def test_where_is_refused_on_missing_values_and_takes_a_column_of_truths() -> None:
    data = {"y": [1.0, 2.0, 3.0, 4.0], "x": [1.0, np.nan, 0.0, 2.0], "b": [True, False, True, True]}
    survey = pv.Survey(data)
    with pytest.raises(ValueError, match=r"where must be known for every row: 'x' is missing in 1"):
        pv.direct.mean(survey, "y", where="not x == 1")
    assert float(pv.direct.mean(survey, "y", where="b")) == pytest.approx(8 / 3)


def test_domains_that_no_row_of_where_has_are_not_listed() -> None:
    data = {"y": [1.0, 2.0, 3.0, 4.0], "g": ["a", "a", "b", "b"]}
    e = pv.direct.mean(pv.Survey(data), "y", by="g", where="g == 'b'")
    assert e.labels == (("b",),)
    assert float(e) == 3.5


def test_psu_and_stages_are_not_both_taken() -> None:
    data = {"y": [1.0, 2.0], "a": [1, 2], "b": [1, 2]}
    with pytest.raises(ValueError, match="psu and stages must not both be given"):
        pv.Survey(data, psu="a", stages=["a", "b"])


def test_a_jackknife_of_very_many_units_is_refused() -> None:
    survey = pv.Survey({"y": np.arange(10_001.0)})
    with pytest.raises(ValueError, match=r"a jackknife must have at most 10,000 units"):
        survey.jackknife()
    assert pv.Survey({"y": np.arange(10_000.0)}).jackknife(groups=10, rng=1).scheme is not None


def test_balanced_replication_of_very_many_strata_is_refused() -> None:
    rows = np.arange(20_002)
    survey = pv.Survey({"y": rows * 1.0, "pair": rows // 2}, strata="pair")
    with pytest.raises(
        ValueError, match=r"replication must have at most 10,000 strata: found 10,001"
    ):
        survey.brr()


@pytest.mark.filterwarnings("ignore:1 of 1 domains have no estimate")
def test_an_infinite_estimate_is_none() -> None:
    survey = pv.Survey({"y": [1.0, 2.0], "x": [0.0, 0.0]})
    e = pv.direct.ratio(survey, "y", "x")
    assert np.isnan(e.value[0])
    assert np.isnan(e.std_error[0])


def test_a_calibration_that_makes_weights_negative_says_so() -> None:
    survey = pv.Survey({"x": [0.0, 1.0, 10.0], "one": [1.0, 1.0, 1.0]})
    with pytest.warns(pv.PrevalenceWarning, match="1 of 3 weights are negative after calibrate"):
        survey.calibrate({"x": 0.5, "one": 3.0})


@pytest.mark.parametrize("statistic", ["F", "chi-square", "lincom", "saddlepoint"])
def test_a_table_with_rows_in_its_diagonal_alone_has_no_test(statistic: str) -> None:
    survey = pv.Survey({"a": ["x", "y", "x", "y"], "b": ["u", "v", "u", "v"]})
    with pytest.raises(ValueError, match="2 of 4 cells are empty and all design effects are 0"):
        pv.direct.chi_square(survey, "a", "b", statistic=statistic)


def test_the_design_effect_of_a_total_leaves_out_rows_without_an_answer() -> None:
    y = np.array([2.0, 5.0, np.nan, 1.0, 7.0, 4.0])
    w = np.array([3.0, 4.0, 2.0, 5.0, 3.0, 6.0])
    answered = ~np.isnan(y)
    survey = pv.Survey({"y": y, "w": w, "g": ["a", "a", "a", "b", "a", "a"]}, weights="w")
    e = pv.direct.total(survey, "y", where="g == 'a'", missing="drop")
    kept = answered & (survey.table.raw("g", "by") == "a")
    z, v, n, people = y[kept], w[kept], kept.sum(), w[kept].sum()
    spread = v @ (z - v @ z / people) ** 2 / people * n / (n - 1)
    srs = people**2 * spread / n * (1 - n / people)
    np.testing.assert_allclose(e.facts["deff"], e.std_error**2 / srs, rtol=1e-12)
