"""What random calls brought up: errors that say what is wrong, and no standard error from nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv

Data = dict[str, Any]


def data() -> Data:
    """Forty rows in ten units of two strata."""
    rng = np.random.default_rng(1)
    n = 40
    return {
        "w": rng.uniform(1, 3, n),
        "psu": np.arange(n) // 4,
        "stratum": np.arange(n) // 20,
        "y": rng.normal(3, 1, n),
        "none": np.zeros(n),
        "all": np.ones(n),
        "case": (np.arange(n) % 4 == 0).astype(float),
        "g": np.array(["a", "b"])[np.arange(n) % 2],
        "h": np.array(["u", "v", "v"])[np.arange(n) % 3],
        "N": np.full(n, 5.0),
    }


def survey(found: Data, **how: Any) -> pv.Survey:
    return pv.Survey(found, weights="w", psu="psu", **how)


REFUSED: dict[str, tuple[Callable[[Data], Any], type[Exception], str]] = {
    "refusals as a number": (
        lambda d: survey(d).nonresponse(None, within="g", refusals=3),  # type: ignore[arg-type]
        TypeError,
        "refusals must map classes to counts, or name a column: found int",
    ),
    "refusals as an array": (
        lambda d: survey(d).nonresponse(None, refusals=np.ones(3)),  # type: ignore[arg-type]
        TypeError,
        "refusals must map classes to counts, or name a column: found ndarray",
    ),
    "one bound": (
        lambda d: survey(d).calibrate({"y": 250.0}, bounds=(0.5,)),  # type: ignore[arg-type]
        TypeError,
        r"bounds must be two numbers: found \(0.5,\)",
    ),
    "a number as bounds": (
        lambda d: survey(d).calibrate({"y": 250.0}, bounds=3),  # type: ignore[arg-type]
        TypeError,
        "bounds must be two numbers: found 3",
    ),
    "a cap in words": (
        lambda d: survey(d).trim(upper="2"),  # type: ignore[arg-type]
        TypeError,
        "upper must be a number: found '2'",
    ),
    "a lower cap in words": (
        lambda d: survey(d).trim(2, lower="1"),  # type: ignore[arg-type]
        TypeError,
        "lower must be a number: found '1'",
    ),
    "a ratio in words": (
        lambda d: survey(d).trim("2"),  # type: ignore[arg-type]
        TypeError,
        "max_ratio must be a number: found '2'",
    ),
    "a row beyond the estimate's": (
        lambda d: pv.direct.wald_test(pv.direct.mean(survey(d), "y"), rows=[1]),
        ValueError,
        "rows must be positions below the number of rows, 1: found 1",
    ),
    "a test of a census": (
        lambda d: pv.direct.chi_square(
            survey(d, strata="stratum", fpc="N"), "g", "h", statistic="chi-square"
        ),
        ValueError,
        "the table must have a sampling variance: found none, as in a census",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(name: str) -> None:
    call, kind, message = REFUSED[name]
    given, kept = data(), data()
    with pytest.raises(kind, match=message):
        call(given)
    assert all((given[column] == kept[column]).all() for column in kept)


@pytest.mark.parametrize("rule", ["certainty", "remove"])
@pytest.mark.parametrize("scheme", ["jackknife", "brr"])
def test_lone_units_alone_tell_no_standard_error_under_replicates_either(
    rule: str, scheme: str
) -> None:
    lone = pv.Survey(data(), weights="w", strata="psu", psu="psu", single_psu=rule)
    made = getattr(lone, scheme)()
    with pytest.warns(pv.PrevalenceWarning, match="the sample tells no standard error"):
        mean = pv.direct.mean(made, "y")
    assert np.isnan(mean.std_error).all()
    assert np.isfinite(mean.value).all()


def test_a_census_has_standard_errors_of_zero_under_replicates() -> None:
    made = survey(data(), strata="stratum", fpc="N").jackknife()
    assert pv.direct.mean(made, "y").std_error.tolist() == [0.0]


@pytest.mark.parametrize("scheme", ["groups", "brr"])
def test_a_domain_in_one_unit_has_no_standard_error_under_replicates_that_keep_it(
    scheme: str,
) -> None:
    found = data()
    found["stratum"] = found["psu"] // 2
    made = survey(found, strata="stratum")
    made = made.jackknife(groups=5, rng=1) if scheme == "groups" else made.brr(fay=0.3)
    with pytest.warns(pv.PrevalenceWarning, match="lie in one primary unit alone"):
        ratio = pv.direct.ratio(made, "y", "w", where="psu == 3")
    assert np.isnan(ratio.std_error).all()


def test_a_total_of_zero_is_told() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="'none' is 0 in all rows of the sample"):
        total = pv.direct.total(survey(data()), "none")
    assert total.std_error.tolist() == [0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pv.direct.total(survey(data()), "y").std_error[0] > 0


def test_predictors_that_determine_the_outcome_are_told() -> None:
    found = data()
    found["x"] = 2 * found["y"] + 1
    with pytest.warns(pv.PrevalenceWarning, match="the predictors determine 'y' exactly"):
        fitted = pv.direct.regression(survey(found), "y", "x")
    assert "determine" in fitted.warnings[0]


def test_a_share_of_only_cases_is_flagged() -> None:
    flags = pv.direct.prevalence(survey(data()), "all").to_frame()["flag"]
    assert "only cases" in flags[0]
    assert "only cases" not in pv.direct.prevalence(survey(data()), "case").to_frame()["flag"][0]


def test_a_score_interval_with_an_empty_domain_at_the_end() -> None:
    found = data()
    found["y"][found["g"] == "b"] = np.nan
    made = survey(found).jackknife()
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 domains have no estimate"):
        quantiles = pv.direct.quantile(made, "y", by="g", missing="drop", interval="score")
    assert np.isfinite(quantiles.interval()[0]).all()
    assert np.isnan(quantiles.interval()[1]).all()


def test_a_quantile_of_a_census_under_replicates() -> None:
    made = survey(data(), strata="stratum", fpc="N").brr()
    with pytest.warns(pv.PrevalenceWarning, match="standard error of 0"):
        median = pv.direct.quantile(made, "y", interval="replicates")
    assert np.isfinite(median.value).all()


def test_numbers_near_the_end_of_floats_bring_no_warning_of_numpy() -> None:
    found = data()
    found["y"] = found["y"] * 1e200
    found["w"] = found["w"] * 1e-200
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        warnings.simplefilter("error", RuntimeWarning)
        made = survey(found)
        assert made.nonresponse("case", within="h").weight_flow()["cv"].notna().all()
        assert np.isnan(pv.direct.variance(made, "y").value).all()
        pv.direct.ratio(made, "y", "w", where="psu == 3")
        with pytest.raises(pv.ConvergenceError, match="must have a maximum"):
            made.nonresponse("case", propensity=["y", "w"])
        with pytest.raises(pv.ConvergenceError, match="must reach its targets"):
            survey(data()).calibrate({"y": 1e9}, distance="logit", bounds=(0, 10))
