"""What is written in a cell, and which choices are no answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prevalence.readers import relevance
from prevalence.readers.answers import as_dates, as_numbers, missing_choices, tokens
from prevalence.readers.multiples import ticks
from prevalence.readers.sheets import column

YES_NO = {"1": {"en": "Yes", "fr": "Oui"}, "2": {"en": "No", "fr": "Non"}}


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("Don't know", "don't know"),
        ("Don\u2019t know / not sure", "don't know"),
        ("Do not know.", "don't know"),
        ("NE SAIT PAS", "don't know"),
        ("Je ne sais pas", "don't know"),
        ("DK", "don't know"),
        ("Refused", "refused"),
        ("Refused to answer", "refused"),
        ("Refus", "refused"),
        ("Prefer not to say", "refused"),
        ("Préfère ne pas répondre", "refused"),
        ("No answer", "no answer"),
        ("Pas de réponse", "no answer"),
        ("N/A", "not applicable"),
        ("Not applicable (no work)", "not applicable"),
        ("Non applicable", "not applicable"),
        ("Refused to pay my wages", ""),
        ("Refugee", ""),
        ("Never", ""),
        ("None of these", ""),
        ("Other", ""),
        ("I do not know the employer", ""),
        ("Missing", ""),
        ("Namibia", ""),
    ],
)
def test_labels_that_say_there_is_no_answer(label: str, reason: str) -> None:
    found = missing_choices({**YES_NO, "3": {"en": label}})
    assert found == ({"3": reason} if reason else {})


def test_names_count_only_where_there_are_no_labels() -> None:
    plain: dict[str, dict[str, str]] = {
        name: {} for name in ("yes", "no", "dont_know", "refused", "na")
    }
    wanted = {"dont_know": "don't know", "refused": "refused", "na": "not applicable"}
    assert missing_choices(plain) == wanted
    assert missing_choices({**YES_NO, "na": {"en": "Namibia"}}) == {}


def test_results_of_a_visit_and_consent_are_answers() -> None:
    visit = {"1": {"en": "Completed"}, "2": {"en": "Refused"}, "3": {"en": "Nobody at home"}}
    assert missing_choices(visit) == {}
    assert missing_choices({"1": {"en": "Accepted"}, "2": {"en": "Refused"}}) == {}
    school = {"1": {"en": "None"}, "2": {"en": "Completed"}, "99": {"en": "Refused"}}
    assert missing_choices(school) == {"99": "refused"}
    assert missing_choices({"1": {"en": "Yes"}, "98": {"en": "Don't know"}}) == {"98": "don't know"}


def test_numbers_as_they_are_written() -> None:
    values, bad = as_numbers(
        column(["4", 5.0, "-1.5", "3,5", "12 h", "", "n/a", None, "1e3", " 7 "])
    )
    wanted = [4, 5, -1.5, np.nan, np.nan, np.nan, np.nan, np.nan, 1000, 7]
    np.testing.assert_array_equal(values, wanted)
    assert np.flatnonzero(bad).tolist() == [3, 4]


def test_dates_by_the_clock_of_the_interview() -> None:
    written = [
        "2024-03-05T23:30:00.000-05:00",
        dt.date(2024, 3, 6),
        "Mar 7, 2024 1:02:03 PM",
        "soon",
    ]
    dates, bad = as_dates(column(written))
    days = [pd.Timestamp("2024-03-05 23:30"), pd.Timestamp("2024-03-06")]
    assert dates.tolist()[:3] == [*days, pd.Timestamp("2024-03-07 13:02:03")]
    assert bad.tolist() == [False, False, False, True]


def test_choices_in_one_cell() -> None:
    options = {"a": {"en": "Farm work"}, "b": {"en": "Farm"}, "c": {"en": "Shop, or market"}}
    assert tokens("a c", options) == ("a", "c")
    assert tokens("Farm Farm work", options) == ("b", "a")
    assert tokens("Shop, or market Farm work", options) == ("c", "a")
    assert tokens("Farm, Shop, or market", options) == ("b", "c")
    assert tokens("a, c", options) == ("a", "c")
    assert tokens("Farm moon", options) is None


def test_boxes_left_blank_are_no_answer_and_zeros_are() -> None:
    boxes = [("a", column([1, 0, "", "True"])), ("b", column([0, 0, "", "False"]))]
    found = ticks(None, boxes, {}, 4)
    assert found.answered.tolist() == [True, True, False, True]
    assert found.chosen["a"].tolist() == [True, False, False, True]
    assert found.text(["a", "b"]).tolist() == ["a", "", "", "a"]


@pytest.mark.parametrize(
    ("condition", "slow"),
    [
        ("${age} >= 5", lambda r: r.age is not None and r.age >= 5),
        (
            "${age} < 5 or ${work} = 'yes'",
            lambda r: (r.age is not None and r.age < 5) or r.work == "yes",
        ),
        (
            "${work}='yes' and not(${age} > 9)",
            lambda r: r.work == "yes" and not (r.age is not None and r.age > 9),
        ),
        ("${work} != ''", lambda r: r.work != ""),
        ("${age} != ''", lambda r: r.age is not None),
        ("${age} = ''", lambda r: r.age is None),
        ("${work} != 'no'", lambda r: r.work != "no"),
        ("selected(${tasks}, 'sea')", lambda r: "sea" in r.tasks.split()),
        ("not(selected(${tasks}, 'se'))", lambda r: "se" not in r.tasks.split()),
        ("count-selected(${tasks}) > 1", lambda r: len(r.tasks.split()) > 1),
        ("(${age} + 2) * 2 >= 20 - 1", lambda r: r.age is not None and (r.age + 2) * 2 >= 19),
        ("${age} mod 2 = 0", lambda r: r.age is not None and r.age % 2 == 0),
        ("${age} div 2 <= 3", lambda r: r.age is not None and r.age / 2 <= 3),
        ("${age} = '7' or true() and ${age}=9", lambda r: r.age in (7, 9)),
        ("${age}", lambda r: r.age is not None and r.age != 0),
    ],
)
def test_conditions_of_a_form_as_a_slow_version_reads_them(
    condition: str, slow: Callable[..., bool]
) -> None:
    ages, works = [None, 0, 4, 5, 7, 9, 12], ["", "yes", "no"]
    rows: list[dict[str, Any]] = [
        {"age": age, "work": work, "tasks": tasks}
        for age in ages
        for work in works
        for tasks in ("", "sea", "sea farm", "seal")
    ]
    frame = pd.DataFrame(rows)
    frame["age"] = frame["age"].astype(float)
    for name in ("work", "tasks"):
        frame[name] = frame[name].where(frame[name] != "")
    found = relevance.holds(condition, lambda name: frame[name], len(frame))
    assert found.tolist() == [bool(slow(SimpleNamespace(**row))) for row in rows]


@pytest.mark.parametrize(
    "text", ["regex(${a}, '1')", "${a} >", "${a} = 1 )", "a = 1", "once(1)", ". > 3"]
)
def test_conditions_beyond_what_is_read_say_so(text: str) -> None:
    with pytest.raises(relevance.Unsupported):
        relevance.holds(text, lambda _: pd.Series([1.0]), 1)
