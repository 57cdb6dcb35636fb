"""An estimate says by which definition its outcome was coded, and a validation study what it found."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.estimand import Coded

STRICT = Coded("strict, version 1", "a1", "12 months", "children 5 to 17", "age >= 5")
BROAD = Coded("broad, version 2", "b2", "lifetime", "children 5 to 17", "age >= 5")


def survey() -> pv.Survey:
    rows = {"psu": np.repeat(np.arange(10), 4), "age": np.arange(40) % 13 + 4}
    made = pv.Survey(rows, psu="psu").describe(window="ever", definition="in words")
    columns = {"a": np.arange(40) % 7 == 0, "b": np.arange(40) % 3 == 0}
    columns = {name: column.astype(float) for name, column in columns.items()}
    return made._with_columns(columns, {"a": STRICT, "b": BROAD})


def test_an_estimate_carries_the_definition_of_its_outcome() -> None:
    about = pv.direct.prevalence(survey(), "a", icc=0.1).estimand
    assert about == pv.Estimand(
        outcome="a",
        definition="strict, version 1",
        definition_hash="a1",
        window="12 months",
        denominator="children 5 to 17",
    )


def test_a_joint_estimate_carries_the_definition_of_every_row(tmp_path: Any) -> None:
    both = pv.direct.mean(survey(), ["a", "b"])
    assert both.to_frame()["definition"].tolist() == ["strict, version 1", "broad, version 2"]
    assert both.estimand is not None
    assert both.estimand.definition_hash == "a1; b2"
    assert "Definition: broad, version 2." in both["b"].sentence()
    both.save(tmp_path / "both.npz")
    again = pv.load(tmp_path / "both.npz")
    assert again.to_frame()["definition"].tolist() == both.to_frame()["definition"].tolist()


def test_other_columns_keep_the_words_of_the_survey() -> None:
    about = pv.direct.mean(survey(), "age").estimand
    assert about is not None
    assert (about.definition, about.window) == ("in words", "ever")


def test_attached_rows_are_not_coded_by_what_coded_the_others() -> None:
    households = survey()
    kids = {"psu": [0, 0, 1], "a": [1, 0, 0]}
    unique = pv.Survey({"psu": np.arange(10)}, psu="psu")._with_columns(
        {"a": np.zeros(10)}, {"a": STRICT}
    )
    assert households.coded
    assert unique.attach(kids, on="psu").coded == {}


class Signed:
    """What `describe` asks of a definition."""

    def coded(self) -> Coded:
        return STRICT


def test_words_may_come_from_a_definition() -> None:
    described = survey().describe(definition=Signed(), window="a year").about
    assert (described.definition, described.definition_hash) == ("strict, version 1", "a1")
    assert (described.window, described.denominator) == ("a year", "children 5 to 17")
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [20, 30, 10])
    named = lists.describe(definition=Signed())
    found = pv.mse.chapman(named, between=("list 1", "list 2"))
    assert found.estimand is not None
    assert found.estimand.definition_hash == "a1"


def test_a_validation_study_is_a_source_of_its_own() -> None:
    found = pv.validated(correct=66, tested=80)
    np.testing.assert_allclose(found.value, 0.825)
    np.testing.assert_allclose(found.std_error, np.sqrt(0.825 * 0.175 / 80))
    assert (found - pv.validated(correct=66, tested=80)).std_error > 0
    one = pv.validated(correct=66, tested=80, name="pilot")
    assert (one - one).std_error == 0


@pytest.mark.parametrize(("correct", "tested"), [(0, 12), (12, 12)])
def test_a_perfect_validation_study_has_a_spread(correct: int, tested: int) -> None:
    found = pv.validated(correct=correct, tested=tested)
    p = (correct + 1) / (tested + 2)
    np.testing.assert_allclose(found.std_error, np.sqrt(p * (1 - p) / (tested + 2)))
    assert "one more right and one more wrong" in found.warnings[0]
    # Clopper and Pearson's limit of 12 of 12: the twelfth root of 2.5 %.
    limits = found.interval()[0]
    np.testing.assert_allclose(
        limits.max() if correct == 0 else 1 - limits.min(), 1 - 0.025 ** (1 / 12)
    )


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"correct": 5, "tested": 4}, "correct must be at most tested: found 5 of 4."),
        ({"correct": 0, "tested": 0}, "tested must be a whole number of at least 1: found 0."),
        (
            {"correct": 0.9, "tested": 10},
            "correct must be a whole number of at least 0: found 0.9.",
        ),
    ],
)
def test_impossible_counts_are_refused(counts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        pv.validated(**counts)


def test_a_missing_outcome_names_the_denominator_of_its_definition() -> None:
    coded = survey()._with_columns({"a": np.where(np.arange(40) % 2, np.nan, 1.0)}, {"a": STRICT})
    with pytest.raises(ValueError, match=re.escape("rows with where='age >= 5': pass that")):
        pv.direct.prevalence(coded, "a")


@pytest.mark.parametrize("by", [(), "town"])
def test_joint_shares_have_the_facts_of_each_outcome_by_itself(by: str) -> None:
    rng = np.random.default_rng(3)
    data = {name: 1.0 * (rng.random(400) < p) for name, p in {"common": 0.3, "rare": 0.03}.items()}
    places = {"town": np.arange(400) % 2, "ea": np.arange(400) // 10}
    survey = pv.Survey({**data, **places}, psu="ea")
    joint = pv.direct.prevalence(survey, ["common", "rare"], by=by).to_frame()
    each = [pv.direct.prevalence(survey, x, by=by).to_frame() for x in ("common", "rare")]
    pd.testing.assert_frame_equal(joint, pd.concat(each, ignore_index=True))


def test_every_outcome_of_joint_shares_must_be_0_or_1() -> None:
    survey = pv.Survey({"case": [0, 1] * 5, "hours": [0, 7] * 5})
    with pytest.raises(ValueError, match=r"outcome must be 0 or 1 in 'hours': 5 of 10 rows"):
        pv.direct.prevalence(survey, ["case", "hours"])
