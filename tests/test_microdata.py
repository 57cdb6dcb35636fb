"""Tables with labels, reasons why values are missing, and links."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

import prevalence as pv
from prevalence.microdata import Link
from prevalence.missing_codes import declared_missing


def study() -> pv.Microdata:
    homes = pd.DataFrame({"key": [3, 1, 2], "age": [40, 50, 60], "w": [1.0, 2.0, 3.0]})
    children = pd.DataFrame(
        {
            "home": [1, 1, 2],
            "age": [5, 9, 99],
            "work": ["yes", "dk", "odd"],
            "task": ["a b", "b", "a"],
        }
    )
    jobs = pd.DataFrame({"child": [2, 0], "pay": [1.5, 2.5]})
    children["row"] = [0, 1, 2]
    variables = [
        pv.Variable("age", "child", "number", {"en": "Age", "fr": "Âge"}, missing={99: "refused"}),
        pv.Variable(
            "work",
            "child",
            "choice",
            {"en": "Works?"},
            {"no": {"en": "No"}, "yes": {"en": "Yes"}, "dk": {"en": "Yes"}},
            {"dk": "don't know"},
        ),
    ]
    return pv.Microdata.from_codes(
        {"home": homes, "child": children, "job": jobs},
        variables,
        links={"child": Link("home", "home", "key"), "job": Link("child", "child", "row")},
    )


def test_codes_become_reasons_and_the_tables_given_stay_as_they_are() -> None:
    frame = pd.DataFrame({"age": [5, 99]})
    before = frame.copy()
    m = pv.Microdata.from_codes(
        {"t": frame}, [pv.Variable("age", "t", "number", missing={"99": "refused"})]
    )
    pd.testing.assert_frame_equal(frame, before)
    assert m.reasons()["age"].tolist() == ["", "refused"]
    rows = m.data
    rows["age"] = 0
    assert m.data["age"].isna().tolist() == [False, True]


def test_reasons_known_before_are_kept() -> None:
    why = {("t", "a"): np.array(["", "not asked", ""], dtype=object)}
    m = pv.Microdata.from_codes(
        {"t": pd.DataFrame({"a": [1.0, np.nan, 9.0], "b": [1.0, np.nan, 2.0]})},
        [pv.Variable("a", "t", "number", missing={9: "don't know"})],
        why=why,
    )
    assert m.reasons()["a"].tolist() == ["", "not asked", "don't know"]
    assert m.reasons()["b"].tolist() == ["", "blank", ""]


def test_labels_that_stand_twice_and_codes_without_labels_stay_apart() -> None:
    work = study().labelled("child")["work"]
    assert work.cat.categories.tolist() == ["No", "Yes (yes)", "odd"]
    assert work.astype(object).where(work.notna(), None).tolist() == ["Yes (yes)", None, "odd"]


def test_rows_get_the_columns_of_their_parents() -> None:
    m = study()
    near = m.link("child", "home")
    assert near.columns.tolist() == ["home", "age", "work", "task", "row", "key", "home/age", "w"]
    assert near["home/age"].tolist() == [50, 50, 60]
    far = m.link("job", "home", ["w"])
    assert far["w"].tolist() == [3.0, 2.0]
    assert m.link("job", "job", ["pay"])["job/pay"].tolist() == [1.5, 2.5]


def test_it_is_a_mapping_that_can_be_copied() -> None:
    m = study()
    assert list(m) == ["home", "child", "job"]
    assert dict(m)["job"]["pay"].tolist() == [1.5, 2.5]
    assert "child" in m
    assert "nobody" not in m
    assert repr(m).startswith(
        "Microdata: home (3 rows, 3 columns); child (3 rows, 5 columns, in home)"
    )
    for again in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))):  # noqa: S301 - our own bytes
        assert again.languages == ("en", "fr")
        assert again.codebook().equals(m.codebook())


def test_a_survey_takes_one_table() -> None:
    one = pv.Microdata({"home": study()["home"]})
    assert pv.Survey(one, weights="w").n == pv.Survey(pl.DataFrame(one.data), weights="w").n
    with pytest.raises(ValueError, match=r"several: home, child, job"):
        pv.Survey(study(), weights="w")


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (lambda m: m["kid"], KeyError, r"there is no table 'kid'"),
        (lambda m: m.label("wrok"), KeyError, r"there is no column 'wrok'\. Did you mean 'work'"),
        (lambda m: m.label("age"), ValueError, r"'age' is in home, child\. Say which"),
        (lambda m: m.label("work", "es"), ValueError, r"lang must be one of en, fr: found 'es'"),
        (
            lambda m: m.link("home", "child"),
            ValueError,
            r"a table that 'home' is in: 'child' is not",
        ),
        (lambda m: m.link("child", "home", ["x"]), KeyError, r"columns of 'home': 'x' is not"),
    ],
)
def test_what_is_not_there_is_said(ask: object, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        ask(study())  # type: ignore[operator]  # one of the functions above


def test_children_must_have_a_parent_and_parents_one_key() -> None:
    homes, child = pd.DataFrame({"key": [1, 2]}), pd.DataFrame({"home": [1.0, np.nan, 7.0]})
    link = {"child": Link("home", "home", "key")}
    with pytest.raises(ValueError, match=r"row in 'home': 2 of 3 have none \(first: row 1\)"):
        pv.Microdata({"home": homes, "child": child}, links=link)
    twice = pd.DataFrame({"key": [1, 1]})
    with pytest.raises(ValueError, match=r"keys of a table must differ: 1 of 2 rows of 'home'"):
        pv.Microdata({"home": twice, "child": child}, links=link)


def test_missing_codes_for_all_columns_and_for_one() -> None:
    codes = {98: "don't know", "hours": {999: "refused"}}
    assert declared_missing("hours", codes) == {999: "refused"}
    assert declared_missing("age", codes) == {98: "don't know"}
    assert declared_missing("age", [97, 98]) == {97: "missing code", 98: "missing code"}
    assert declared_missing("age", None) == {}
