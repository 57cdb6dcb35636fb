"""What random calls of the measurement estimators brought up: no standard error from nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.grammar import condition

FLAT = "answers that do not vary between units"


def alike(**more: Any) -> pd.DataFrame:
    """Sixteen rows in eight units of two strata: who was read one list gives one answer."""
    unit = np.tile(np.arange(8), 2)
    treated = np.repeat([0.0, 1.0], 8)
    rows = {"psu": unit, "stratum": unit // 4, "size": np.where(unit < 4, 4, 9), "long": treated}
    return pd.DataFrame(
        {**rows, "y": 1 + treated, "z": 2 - treated, "says": 0.0, "one": 1.0, **more}
    )


def survey(data: pd.DataFrame, **how: Any) -> pv.Survey:
    return pv.Survey(data, strata="stratum", psu="psu", **how)


def lists(estimator: Any, count: Any = "y", **how: Any) -> Callable[[pv.Survey], Any]:
    return lambda s: estimator(s, count, treatment="long", items=3, **how)


CALLS: dict[str, Callable[[pv.Survey], Any]] = {
    "difference": lists(pv.sensitive.list_difference),
    "two lists": lists(pv.sensitive.double_list, ("y", "z")),
    "combined": lists(pv.sensitive.list_combined, direct="says"),
    "linear": lists(pv.sensitive.list_prevalence, predictors=[], method="linear"),
    "two groups": lambda s: pv.sensitive.randomized_response(
        s, "one", design="unrelated", p=(0.2, 0.7), group="long"
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_answers_that_do_not_vary_tell_no_standard_error(name: str) -> None:
    with pytest.warns(pv.PrevalenceWarning, match=FLAT):
        e = CALLS[name](survey(alike()))
    assert np.isfinite(e.value).all()
    assert np.isnan(e.std_error).all()
    assert np.isnan(e.interval()).all()


@pytest.mark.parametrize("made", [lambda s: s, lambda s: s.jackknife()])
def test_a_domain_that_is_no_sample_has_a_standard_error_of_zero(made: Any) -> None:
    whole = made(survey(alike(), fpc="size"))
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 estimates rest on " + FLAT):
        e = pv.sensitive.list_difference(whole, "y", treatment="long", items=3, by="stratum")
    np.testing.assert_array_equal(e.std_error, [0.0, np.nan])


def test_placebos_that_cannot_be_tested_are_said() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="2 of 2 placebo tests cannot be made"):
        tests = lists(pv.sensitive.list_placebos, direct="says")(
            survey(alike(says=np.tile([0.0, 1.0], 8)))
        )
    assert np.isnan(tests.p_value).all()
    assert np.isnan(tests.estimate.std_error).all()


def test_reports_that_do_not_vary_tell_no_standard_error() -> None:
    reports = {"psu": [0, 1, 2, 3, 4, 5, 6, 7], "m": [2.0] * 8}
    one = pv.Survey(alike().head(8), psu="psu")
    with pytest.warns(pv.PrevalenceWarning, match=FLAT):
        e = pv.direct.multiplicity(one, reports, on="psu", reporters="m")
    assert e.value[0] == 4
    assert np.isnan(e.std_error[0])


def test_reports_in_one_unit_have_no_interval_and_say_so() -> None:
    data = alike(key=np.arange(16), g=["a", *["b"] * 15])
    reports = {"key": [0, 5], "m": [1.0, 2.0]}
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 domains have no interval"):
        e = pv.direct.multiplicity(pv.Survey(data), reports, on="key", reporters="m", by="g")
    assert np.isnan(e.interval()[0]).all()


def test_nobody_and_one_child_told_of() -> None:
    data = alike(children=[1.0] + [0.0] * 15, cases=0.0)
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 domains have a report about one child"):
        e = pv.direct.neighbourhood(survey(data), "cases", "children")
    assert np.isnan(e.interval()).all()
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 domains have no estimate"):
        assert np.isnan(pv.direct.neighbourhood(survey(data), "cases", "cases").interval()).all()


def test_more_predictors_than_people_of_one_list() -> None:
    data = alike(x=np.arange(16.0) ** 2, v=np.arange(16.0) % 5, u=np.arange(16.0) % 3)
    data = data[(data["long"] == 0) | (data["psu"] < 2)]
    with pytest.raises(
        ValueError, match=r"fewer than the rows that were read the long list: found"
    ):
        pv.sensitive.list_regression(
            pv.Survey(data), "y", ["x", "v", "u"], treatment="long", items=3
        )


def test_classes_that_fit_in_no_domain() -> None:
    rng = np.random.default_rng(3)
    data = {f"y{k}": (rng.random(12) < 0.5).astype(float) for k in range(3)}
    one = pv.Survey({**data, "g": ["a", "b"] * 6})
    with (
        pytest.warns(pv.PrevalenceWarning, match="must have a maximum"),
        pytest.raises(pv.ConvergenceError, match="two classes must fit in some domain: found none"),
    ):
        pv.misclassification.latent_class(one, list(data), by="g", rng=1)


def test_items_that_nobody_answers_all_of() -> None:
    items = {"a": [1.0, 0.0, np.nan], "b": [np.nan, 1.0, 0.0], "c": [0.0, np.nan, 1.0]}
    with pytest.raises(ValueError, match="each of 3 that take part misses one"):
        pv.misclassification.latent_class(pv.Survey(items), list(items), missing="drop")


def test_truths_of_one_length_and_words_that_are_none() -> None:
    columns = {"x": np.array([1.0, 0.0]), "word": np.array(["a", "b"])}
    assert condition("x or 0", columns).tolist() == [True, False]
    assert condition("x and 1", columns).tolist() == [True, False]
    for text in ("'a' or word", "not word"):
        with pytest.raises(ValueError, match="must combine truths with and, or, not: found text"):
            condition(text, columns)


def test_a_share_of_nobody_without_degrees_of_freedom_is_said() -> None:
    data = alike(g=np.where(np.tile(np.arange(8), 2) % 4 == 0, "two strata", "others"))
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 domains have no interval"):
        e = pv.direct.neighbourhood(survey(data), "says", "one", by="g")
    assert np.isnan(e.interval()).all(axis=1).tolist() == [False, True]
