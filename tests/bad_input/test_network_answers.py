"""One row per bad input of `pv.Answers` and of a plan: which message comes back, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import prevalence as pv
from prevalence.simulate import answers as simulated
from tests.bad_input.cases import Bad, refused, unchanged

Ask = Callable[[Any], Any]
INF = np.inf


def rows() -> dict[str, Any]:
    """Twelve respondents."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "hidden": np.array([1.0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0]),
        "police": np.array([3.0, 1, 2, 4, 0, 1, 2, 2, 1, 0, 3, 1]),
        "nurses": np.array([5.0, 2, 1, 6, 2, 3, 3, 1, 1, 2, 4, 2]),
        "ticked": np.array(["none", "some", "many"] * 4, dtype=object),
    }


def at(name: str, row: int, value: Any, dtype: Any = float) -> dict[str, Any]:
    column = rows()[name].astype(dtype)
    column[row] = value
    return {**rows(), name: column}


def asked(**how: Any) -> Ask:
    arguments: dict[str, Any] = {"known": {"police": 2_000, "nurses": 3_000}, "hidden": "hidden"}
    return lambda data: pv.Answers(pv.Survey(data, weights="w"), **{**arguments, **how})


def known(**groups: Any) -> Ask:
    return asked(known=groups)


def in_bins(bins: Any) -> Ask:
    return asked(known={"police": 2_000, "ticked": 900}, bins=bins)


TICKED = {"ticked": {"none": (0, 0), "some": (1, 5), "many": (6, INF)}}
Group = pv.nsum.Group

ANSWERS = {
    "not a whole number": Bad(
        at("police", 4, 1.5),
        asked(),
        ValueError,
        r"known must be whole numbers in 'police': 1 of 12 rows is not \(first: row 4, 1.5\). "
        r"Correct them, or pass fractional=True",
    ),
    "a negative answer": Bad(
        at("hidden", 3, -9),
        asked(),
        ValueError,
        r"hidden must be numbers of at least 0 in 'hidden': 1 of 12 rows is not "
        r"\(first: row 3, -9\). Name codes for missing answers in codes=",
    ),
    "an infinite answer": Bad(
        at("police", 3, INF), asked(), ValueError, r"numbers of at least 0 in 'police'.*row 3, inf"
    ),
    "text among the answers": Bad(
        at("police", 2, "ten", object),
        asked(),
        TypeError,
        r"known must be numbers: column 'police' holds text \(first: row 2\)",
    ),
    "more than yes or no": Bad(
        rows(),
        asked(yes_no=["nurses"]),
        ValueError,
        r"known must be 0 or 1 in 'nurses', asked as yes or no: 9 of 12 rows are not "
        r"\(first: row 0, 5\). Recode them\.",
    ),
    "an answer in no bin": Bad(
        at("ticked", 7, "sone", object),
        in_bins(TICKED),
        ValueError,
        r"bins must hold every answer of 'ticked': 1 of 12 are in none \(first: row 7\). "
        r"Did you mean 'some'\? Add them with",
    ),
}

SIZES = {
    "size 0": Bad(rows(), known(police=0), ValueError, r"positive sizes: 'police' has 0\. Give"),
    "size nan": Bad(rows(), known(police=np.nan), ValueError, r"positive sizes: 'police' has nan"),
    "size negative": Bad(rows(), known(police=-5), ValueError, r"positive sizes: 'police' has -5"),
    "size infinite": Bad(
        rows(), known(police=INF), ValueError, r"positive sizes: 'police' has inf"
    ),
    "size missing": Bad(
        rows(),
        known(police=Group(source="report")),
        ValueError,
        r"known must hold positive sizes: 'police' has none\. Give the number of people\.",
    ),
    "size as text": Bad(
        rows(),
        known(police="2,000"),
        TypeError,
        r"known\['police'\] must be a number: found '2,000'",
    ),
    "size above the population": Bad(
        rows(),
        asked(population=2_500),
        ValueError,
        r"known groups must be smaller than the population: 'nurses' has 3,000 of 2,500\. Check the "
        r"size and its units \(people, not thousands\)\.",
    ),
    "an estimate of several rows": Bad(
        rows(),
        lambda data: known(police=pv.direct.mean(pv.Survey(data), ["police", "nurses"]))(data),
        TypeError,
        r"known\['police'\] must be a number: found .*Write one",
    ),
    "std_error negative": Bad(
        rows(),
        known(police=Group(size=2_000, std_error=-1)),
        ValueError,
        r"std_error must be at least 0: that of 'police' is -1\. Correct it, or leave it out\.",
    ),
    "std_error beside an estimate": Bad(
        rows(),
        known(police=Group(size=pv.uncertain(2_000, std_error=10), std_error=90)),
        ValueError,
        r"std_error must be given with a size that is a number: 'police' has an estimate with the "
        r"standard error 10, and 90\. Leave std_error out\.",
    ),
    "a year that is none": Bad(
        rows(),
        known(police=Group(size=2_000, year="last")),  # type: ignore[arg-type]
        ValueError,
        r"known must hold years as whole numbers: 'police' has 'last'\. Write the year",
    ),
    "population 0": Bad(
        rows(), asked(population=0), ValueError, r"population must be a positive number: found 0\."
    ),
    "population negative": Bad(rows(), asked(population=-1), ValueError, r"positive .*found -1\."),
    "population nan": Bad(rows(), asked(population=np.nan), ValueError, r"positive .*found nan\."),
    "population as text": Bad(
        rows(), asked(population="all"), TypeError, r"population must be a number: found 'all'"
    ),
}

GROUPS = {
    "no known group": Bad(
        rows(),
        asked(known={}),
        ValueError,
        r"known must map columns .* found none\. Write at least",
    ),
    "known as a list": Bad(
        rows(), asked(known=["police"]), ValueError, r"known must map .* list\."
    ),
    "known as text": Bad(rows(), asked(known="police"), ValueError, r"known must map .* str\."),
    "a column that is not there": Bad(
        rows(),
        known(polise=2_000),
        KeyError,
        r"known must be a column of the data: 'polise' is not\. Did you mean 'police'",
    ),
    "a hidden column that is not there": Bad(
        rows(), asked(hidden="hiden"), KeyError, r"hidden must be a column .* Did you mean 'hidden'"
    ),
    "two known groups of one column": Bad(
        rows(),
        known(police=2_000, officers=Group(column="police", size=1_900)),
        ValueError,
        r"known must use each column once: 'police' stands 2 times\. Leave one\.",
    ),
    "two hidden groups of one column": Bad(
        rows(),
        asked(hidden={"one": "hidden", "two": "hidden"}),
        ValueError,
        r"hidden must use each column once: 'hidden' stands 2 times\. Leave one\.",
    ),
    "a hidden column twice": Bad(
        rows(), asked(hidden=["hidden", "hidden"]), ValueError, r"hidden must name each column once"
    ),
    "one name for two columns": Bad(
        rows(),
        asked(hidden={"police": "hidden"}),
        ValueError,
        r"hidden groups must have names of their own: 'police' is the name of a known group too, of "
        r"column 'police'\. Rename one\.",
    ),
    "a hidden group with a size": Bad(
        rows(),
        asked(hidden={"forced labour": Group(column="hidden", size=900)}),
        ValueError,
        r"hidden groups must have no size: 'forced labour' has 900\. Give it under known=\.",
    ),
    "a hidden group of numbers": Bad(
        rows(),
        asked(hidden={"forced labour": 3}),
        TypeError,
        r"hidden must map names to columns: 'forced labour' has int\. Name one column\.",
    ),
    "a known column that is no name": Bad(
        rows(),
        known(police=Group(column=3, size=100)),  # type: ignore[arg-type]
        TypeError,
        r"known must map names to columns: 'police' has int\. Name one column\.",
    ),
    "a table with a group twice": Bad(
        rows(),
        asked(known=pd.DataFrame({"group": ["police", "police"], "size": [1, 2]})),
        ValueError,
        r"known must name each group once: 'police' stands 2 times\. Leave one\.",
    ),
    "a table with another column": Bad(
        rows(),
        asked(known=pl.DataFrame({"group": ["police"], "sise": [1]})),
        KeyError,
        r"known must have columns group, size, .*: found 'sise'\. Did you mean 'size'",
    ),
    "a table without a size": Bad(
        rows(),
        asked(known=pd.DataFrame({"group": ["police", "nurses"], "size": [900, None]})),
        ValueError,
        r"known must hold positive sizes: 'nurses' has none",
    ),
    "a table without groups": Bad(
        rows(),
        asked(known=pd.DataFrame({"size": [900]})),
        KeyError,
        r"known must be a column .*'group'",
    ),
    "rows that are no survey": Bad(
        rows(),
        lambda data: pv.Answers(data, known={"police": 2_000}, hidden="hidden"),
        TypeError,
        r"survey must be a Survey: found dict\. Make one with pv\.Survey",
    ),
}

FORMS = {
    "yes_no of no group": Bad(
        rows(),
        asked(yes_no=["polise"]),
        KeyError,
        r"yes_no must name columns of groups: 'polise' is not one\. Did you mean 'police'",
    ),
    "yes_no as text, of no group": Bad(
        rows(), asked(yes_no="w"), KeyError, r"yes_no must name columns of groups: 'w' is not one"
    ),
    "a column in two forms": Bad(
        rows(),
        asked(yes_no=["police"], bins={"police": {"none": (0, 0)}}),
        ValueError,
        r"bins must name other columns than yes_no: 'police' is in both\. Leave it in the one",
    ),
    "a top code of yes or no": Bad(
        rows(),
        asked(yes_no=["police"], top_code={"police": 30}),
        ValueError,
        r"top_code must name other columns than yes_no: 'police' is in both\.",
    ),
    "bins as a list": Bad(
        rows(),
        in_bins(["ticked"]),
        TypeError,
        r"bins must map columns to their bins, .*found list\.",
    ),
    "bins without limits": Bad(
        rows(),
        in_bins({"ticked": ["none", "some"]}),
        TypeError,
        r"bins must map answers to their smallest and largest number, .* 'ticked' has list\.",
    ),
    "bins that are none": Bad(
        rows(), in_bins({"ticked": {}}), TypeError, r"bins must map answers .*'ticked' has none\."
    ),
    "a bin of one number": Bad(
        rows(),
        in_bins({"ticked": {**TICKED["ticked"], "some": 3}}),
        TypeError,
        r"bins must be pairs of a smallest and a largest number: 'some' of 'ticked' has 3\. Write",
    ),
    "a bin that runs backwards": Bad(
        rows(),
        in_bins({"ticked": {**TICKED["ticked"], "some": (5, 1)}}),
        ValueError,
        r"bins must run from a number of at least 0 to one not smaller: 'some' of 'ticked' has 5 "
        r"and 1\. Correct them\.",
    ),
    "a bin of nan": Bad(
        rows(),
        in_bins({"ticked": {**TICKED["ticked"], "some": (np.nan, 5)}}),
        ValueError,
        r"bins must run from .* has nan and 5\.",
    ),
    "a bin that starts at infinity": Bad(
        rows(),
        in_bins({"ticked": {**TICKED["ticked"], "many": (INF, INF)}}),
        ValueError,
        r"bins must run from .* 'many' of 'ticked' has inf and inf\.",
    ),
    "a bin of text": Bad(
        rows(),
        in_bins({"ticked": {**TICKED["ticked"], "some": ("1", "5")}}),
        TypeError,
        r"bins must be a number: found '1'",
    ),
    "bins of no group": Bad(
        rows(), in_bins({"tickd": TICKED["ticked"]}), KeyError, r"bins must name .* mean 'ticked'"
    ),
    "top code 0": Bad(
        rows(),
        asked(top_code=0),
        ValueError,
        r"top_code must be a number of at least 1: 'police' has 0\. Give the largest number",
    ),
    "top code nan": Bad(rows(), asked(top_code=np.nan), ValueError, r"top_code must .* has nan\."),
    "top code as text": Bad(rows(), asked(top_code="30"), TypeError, r"top_code must be a number"),
    "top code of no group": Bad(
        rows(), asked(top_code={"polise": 30}), KeyError, r"top_code must name columns of groups"
    ),
    "codes as a list": Bad(
        rows(), asked(codes=[98, 99]), TypeError, r"codes must map codes .* found list\. Give each"
    ),
    "codes without words": Bad(
        rows(), asked(codes={98: None}), TypeError, r"codes must map codes to words: 98 has None\."
    ),
    "codes as text": Bad(
        rows(),
        asked(codes={"98": "don't know"}),
        TypeError,
        r"codes must be numbers: found the text '98'\. Write it without quotes\.",
    ),
    "codes as words": Bad(
        rows(), asked(codes={"DK": "don't know"}), TypeError, r"codes must .* 'DK'\. Recode the"
    ),
}

Of = dict[str, Any]
STUDY: Of = {"degree": 180, "known": [20_000] * 5, "size": 5_000, "population": 1_000_000}
PRECISE = pv.nsum.precision
ENOUGH = pv.nsum.sample_size


def plan(n: Any = 1_000, **how: Any) -> Ask:
    return lambda data: PRECISE(n, **{**data, **how})


def size(cv: Any = 0.1, **how: Any) -> Ask:
    return lambda data: ENOUGH(cv, **{**data, **how})


VAGUE = pv.uncertain(0.6, 0.3, 0.9, kind="beta")
PLANS = {
    "no respondents": Bad(STUDY, plan(0), ValueError, r"n must be at least 1: found 0\."),
    "half a respondent": Bad(
        STUDY, plan(10.5), ValueError, r"n must be a whole number: found 10.5"
    ),
    "n as text": Bad(STUDY, plan("many"), TypeError, r"n must be a number: found 'many'"),
    "degree 0": Bad(STUDY, plan(degree=0), ValueError, r"degree must be above 0: found 0\."),
    "degree nan": Bad(STUDY, plan(degree=np.nan), ValueError, r"degree must .*: found nan\."),
    "no population": Bad(STUDY, plan(population=0), ValueError, r"population must be above 0"),
    "hidden above the population": Bad(
        STUDY, plan(size=2e6), ValueError, r"size must be above 0 and at most the population: found"
    ),
    "no known group": Bad(
        STUDY, plan(known=[]), ValueError, r"known must hold sizes .* found none"
    ),
    "a known group of 0": Bad(
        STUDY,
        plan(known={"a": 100, "b": 0}),
        ValueError,
        r"known must hold sizes above 0 and at most the population: 1 of 2 are not \(first: 0 of "
        r"1,000,000\)",
    ),
    "a known group without size": Bad(
        STUDY, plan(known={"a": Group()}), ValueError, r"known must hold sizes .* one without"
    ),
    "design effect 0": Bad(STUDY, plan(deff=0), ValueError, r"deff must be above 0: found 0\."),
    "underdispersed": Bad(
        STUDY, plan(overdispersion=0.5), ValueError, r"overdispersion must be at least 1: found 0.5"
    ),
    "overdispersions of other groups": Bad(
        STUDY,
        plan(known_overdispersion=[1, 2]),
        ValueError,
        r"known_overdispersion must be one number or one per known group: found 2 for 5\. Give 5\.",
    ),
    "transmission 0": Bad(
        STUDY,
        plan(transmission=0),
        ValueError,
        r"transmission must be above 0 and at most 1: found 0",
    ),
    "transmission above 1": Bad(
        STUDY, plan(transmission=1.2), ValueError, r"transmission must be above 0 and at most 1"
    ),
    "degree ratio 0": Bad(STUDY, plan(degree_ratio=0), ValueError, r"degree_ratio must be above 0"),
    "cv 0": Bad(STUDY, size(0), ValueError, r"cv must be above 0 and at most 10: found 0\."),
    "cv below the floor": Bad(
        STUDY,
        size(0.1, transmission=VAGUE),
        ValueError,
        r"cv must be above 0.263, which uncertain adjustments and known sizes leave at any number "
        r"of respondents: found 0.1\. Ask for less, or learn more of them first",
    ),
}

SIMULATED = {
    "precision 0": Bad({}, lambda _: simulated(10, clusters=2, precision=0), ValueError, "above 0"),
    "no such known groups": Bad(
        {}, lambda _: simulated(10, clusters=2, known="adults"), ValueError, "known must be one of"
    ),
    "forms that are not all": Bad(
        {},
        lambda _: simulated(10, clusters=2, forms={"labour": (0.5, 0.8), "sexual": (0.4, 0.3)}),
        ValueError,
        "forms must share out all trafficked children: their shares add up to 0.9, not 1.",
    ),
    "a form's chance above 1": Bad(
        {},
        lambda _: simulated(10, clusters=2, forms={"labour": (1, 1.2)}),
        ValueError,
        "transmission of labour",
    ),
    "the sum of forms in bins": Bad(
        {},
        lambda _: simulated(
            10, clusters=2, forms={"labour": (1, 0.8)}, binned=["n_children_trafficked"]
        ),
        KeyError,
        "binned must name columns of answers",
    ),
    "more regions than clusters": Bad(
        {},
        lambda _: simulated(10, clusters=3, regions=2),
        ValueError,
        "regions must have two clusters each: found 2 for 3 clusters",
    ),
    "underdispersed": Bad(
        {}, lambda _: simulated(10, clusters=2, overdispersion=0.5), ValueError, "at least 1, a var"
    ),
    "all answers missing and more": Bad(
        {},
        lambda _: simulated(10, clusters=2, missing=0.6, dont_know=0.6),
        ValueError,
        r"first: missing \+ dont_know = 1.2",
    ),
    "top code 0": Bad(
        {},
        lambda _: simulated(10, clusters=2, top_code=0),
        ValueError,
        "top_code must be at least 1",
    ),
    "recall threshold 0": Bad(
        {},
        lambda _: simulated(10, clusters=2, recall_threshold=0),
        ValueError,
        "recall_threshold must be above 0: found 0",
    ),
    "yes or no of no column": Bad(
        {}, lambda _: simulated(10, clusters=2, yes_no=["n_group"]), KeyError, "yes_no must name"
    ),
    "two forms of a column": Bad(
        {},
        lambda _: simulated(10, clusters=2, yes_no=["n_group_1"], binned=["n_group_1"]),
        ValueError,
        "yes_no and binned must name different columns: 'n_group_1' is in both",
    ),
}

CASES = {
    f"{what}: {name}": case
    for what, cases in (
        ("answers", ANSWERS),
        ("sizes", SIZES),
        ("groups", GROUPS),
        ("forms", FORMS),
        ("plan", PLANS),
        ("simulated", SIMULATED),
    )
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_words(name: str) -> None:
    refused(CASES[name])


SAID = {
    "codes for missing": (
        {**rows(), "police": np.array([1.0, 98, 99, 2, 1, 0, 98, 1, 2, 3, 1, 1])},
        asked(),
        r"'police' holds 3 answers of 97, 98, 99, 998 or 999, .* Name them in codes= if they are\.",
    ),
    "codes for missing above a top code": (
        {**rows(), "police": np.array([1.0, 98, 99, 2, 1, 0, 98, 1, 2, 3, 1, 1])},
        asked(top_code=30),
        r"'police' holds 3 answers of 97, 98, 99, 998 or 999",
    ),
    "a known group that nobody knows": (
        {**rows(), "police": np.zeros(12)},
        asked(),
        r"nobody knows anyone in the known group 'police': it adds its size and no ties",
    ),
    "a known group that nobody answered": (
        {**rows(), "police": np.full(12, np.nan)},
        asked(),
        r"nobody answered about the known group 'police': it plays no part\. Check the column",
    ),
    "respondents who know nobody": (
        {**rows(), "police": np.r_[0, 0, rows()["police"][2:]], "nurses": np.r_[0, 0, [1.0] * 10]},
        asked(),
        r"2 of 12 respondents know nobody in any known group \(first: row 0\): their degree is 0",
    ),
    "known and hidden": (
        rows(),
        asked(hidden=["hidden", "police"]),
        r"a hidden group should not be its own yardstick: 'police' is given as known and as hidden",
    ),
    "sizes of several years": (
        rows(),
        known(police=Group(size=2_000, year=2013), nurses=Group(size=3_000, year=2021)),
        r"sizes of known groups are of different years \(2013, 2021\): bring them to one year",
    ),
    "known groups of other people": (
        rows(),
        asked(alters="children", known={"police": Group(size=2_000, alters="persons")}),
        r"of children and 1 of 1 known groups are of others \(first: 'police', of persons\)",
    ),
    "few reports planned": (
        STUDY,
        plan(10),
        r"a plan should expect 10 reports or more: 10 respondents are expected to make 9",
    ),
}


@pytest.mark.filterwarnings("ignore:.* know nobody in any known group")
@pytest.mark.parametrize("name", SAID)
def test_what_stands_but_must_be_known_is_said(name: str) -> None:
    data, ask, message = SAID[name]
    before = {key: np.copy(x) if isinstance(x, np.ndarray) else x for key, x in data.items()}
    with pytest.warns(pv.PrevalenceWarning, match=message):
        out = ask(data)
    unchanged(before, data)
    notes = getattr(out, "notes", ())
    assert not notes or len(notes) == len(set(notes))


def test_what_was_said_of_answers_is_said_of_every_estimate() -> None:
    data, ask, message = SAID["sizes of several years"]
    with pytest.warns(pv.PrevalenceWarning, match=message):
        answers = ask(data)
    e = pv.nsum.scale_up(answers, transmission=1)
    assert any("different years (2013, 2021)" in words for words in e.warnings)


def test_respondents_who_answered_nothing_take_no_part_and_are_counted() -> None:
    nothing = {**rows()}
    for name in ("hidden", "police", "nurses"):
        nothing[name] = np.r_[np.nan, nothing[name][1:]]
    answers = asked()(nothing)
    with pytest.raises(ValueError, match=r"answers must be complete"):
        pv.nsum.scale_up(answers, transmission=1)
    frame = pv.nsum.scale_up(answers, transmission=1, missing="complete").to_frame()
    assert frame["missing"].tolist() == [1]
    assert frame["n"].tolist() == [11]
    assert answers.outliers()["check"].tolist() == ["no known group answered"]


def test_fractional_answers_are_taken_when_it_is_said() -> None:
    answers = asked(fractional=True)(at("police", 4, 1.5))
    assert answers.counts(["police"])[0, 4] == 1.5


def test_messages_name_rows_and_no_answers_of_others() -> None:
    data = {**at("ticked", 7, "Mary of Kingston", object)}
    with pytest.raises(ValueError, match="row 7") as caught:
        in_bins(TICKED)(data)
    assert "Mary" not in str(caught.value)
