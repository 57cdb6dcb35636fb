"""Messages of readers and of counts that nothing else provokes, one row each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.readers import exports
from tests.test_htcds import cases

Rows = list[list[Any]]


def kobo(
    tables: dict[str, Rows], survey: Rows | None = None, choices: Rows | None = None, **how: Any
) -> Callable[[Path], Any]:
    """Read tables as a folder of CSV, with a form where its sheets are given."""

    def ask(folder: Path) -> Any:
        (folder / "all").mkdir()
        for name, rows in tables.items():
            exports.write_csv(folder / "all" / f"{name}.csv", rows)
        changes = {} if choices is None else {"choices": choices}
        form = exports.form(folder, survey=survey, **changes) if survey is not None else None
        return pv.read_kobo(folder / "all", form=form, **how)

    return ask


def htcds(**how: Any) -> Callable[[Path], Any]:
    data = how.pop("data", cases())
    return lambda _: pv.read_htcds(data, **{"person": "key", "lists": "org", **how})


def sheet(folder: Path) -> Any:
    pd.DataFrame(cases()).to_excel(folder / "c.xlsx", sheet_name="Cases", index=False)
    return pv.read_htcds(folder / "c.xlsx", person="key", lists="org", sheet="Case")


HOME: Rows = [["a", "_id", "_index"], [1, 1, 1]]
SURVEY: Rows = [["type", "name", "label"], ["begin group", "x", ""], ["integer", "a", "Age"]]
SURVEY += [["end group", "", ""], ["begin group", "y", ""], ["integer", "a", "Age"]]
SURVEY += [["end group", "", ""]]
ONE: Rows = [["type", "name", "label"], ["select_one l", "q", "Question"]]
ALIKE: Rows = [
    ["list_name", "name", "label"],
    ["l", "a", "Yes"],
    ["l", "b", "Yes"],
    ["l", "c", "No"],
]

REFUSED: dict[str, tuple[Callable[[Path], Any], type[Exception], str]] = {
    "one header for two questions": (
        kobo({"e": [["a", "_id"], [1, 1]]}, SURVEY),
        ValueError,
        r"which question they answer: 'a' stands for 2 questions of the form and 1 columns of 'e'",
    ),
    "labels that two choices have": (
        kobo({"e": [["q", "_id"], ["Yes", 1], ["No", 2]]}, ONE, ALIKE),
        ValueError,
        r"labels must tell the choices of a list apart: 2 choices of 'q' have one label",
    ),
    "the name of a repeat for the submissions": (
        kobo({"home": HOME, "child": [["b", "_parent_index"], [1, 1]]}, main="child"),
        ValueError,
        r"tables must have names of their own: 'child' stands 2 times",
    ),
    "no KEY": (
        kobo({"home": HOME, "child": [["b", "PARENT_KEY"], [1, "uuid:1"]]}),
        ValueError,
        r"'home' must have the column 'KEY', which rows of 'child' point to",
    ),
    "no submission": (
        kobo({"home": HOME, "child": [["b", "_submission__id", "_parent_index"], [1, "", ""]]}),
        ValueError,
        r"rows of 'child' must say which submission they belong to: found no '_parent_index'",
    ),
    "two columns for one field": (
        htcds(data=cases(Gender=["F"] * 7, prs_Gender=["F"] * 7)),
        ValueError,
        r"one column must hold Gender: found 2 \(.*Gender.*\)\. Say which, as in columns=",
    ),
    "a field in no column": (
        htcds(columns={"Gender": "gendre"}),
        KeyError,
        r"columns must name columns of the file: 'gendre' is not",
    ),
    "an unknown sheet": (sheet, ValueError, r"sheet must be one of the workbook's: found 'Case'"),
    "more correct than tested": (
        lambda _: pv.validated(correct=5, tested=4),
        ValueError,
        r"correct must be at most tested: found 5 of 4\. Correct the counts",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_told_in_words(tmp_path: Path, name: str) -> None:
    ask, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        ask(tmp_path)


def stata_dates(folder: Path) -> Any:
    frame = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", "2020-01-02"])})
    frame.to_stata(folder / "x.dta", write_index=False, convert_dates={"d": "td"})
    data = (folder / "x.dta").read_bytes()
    day = np.array([21_915.0]).astype("<f8").tobytes()  # 2020-01-01 in days since 1960
    assert data.count(day) == 1
    (folder / "x.dta").write_bytes(data.replace(day, np.array([9e9]).astype("<f8").tobytes()))
    return pv.read_stata(folder / "x.dta")


CHOSEN: Rows = [
    ["list_name", "name", "label"],
    ["l", "1", "Yes"],
    ["l", "2", "No"],
    ["l", "3", "Both"],
]
SAID: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a choice that is declared missing": (
        kobo({"e": [["q", "_id"], [1, 1], [3, 2]]}, ONE, CHOSEN, missing_codes={3: "refused"}),
        r"missing_codes takes a choice of 'q' in 'e' as missing that is labelled 'Both'",
    ),
    "dates beyond time": (stata_dates, r"dates must lie within a few thousand years: 1 of 2 rows"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_kept_is_said(tmp_path: Path, name: str) -> None:
    ask, message = SAID[name]
    with pytest.warns(pv.PrevalenceWarning, match=message):
        ask(tmp_path)


def test_a_table_without_a_link_is_noted(tmp_path: Path) -> None:
    m = kobo({"home": HOME, "other": [["z"], [1]]})(tmp_path)
    assert "'other' is linked to no other table." in m.notes


def test_imputations_without_a_value_in_some_are_said() -> None:
    sample = pv.Survey({"y": [1.0, 2, 3, 4], "g": ["a", "a", "b", "b"], "z": [1.0, 1, 0, 0]})
    with pytest.warns(pv.PrevalenceWarning, match="have no estimate"):
        whole = pv.direct.ratio(sample, "y", "z", by="g")
    with pytest.warns(pv.PrevalenceWarning, match="rows have no value in some imputation"):
        pv.combine_imputations([whole, whole])


def test_reports_that_differ_in_who_could_make_them_are_said() -> None:
    sample = pv.Survey({"key": [1, 2, 3, 4], "w": [2.0, 2, 2, 2]}, weights="w")
    told = {"key": [1, 2], "m": [2.0, 3.0], "person": ["a", "a"], "sick": [1.0, 1]}
    with pytest.warns(pv.PrevalenceWarning, match="reports that differ in how many households"):
        pv.direct.multiplicity(
            sample, told, on="key", reporters="m", case="sick", identity="person"
        )


def test_a_workbook_needs_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = exports.workbook(tmp_path / "e.xlsx", {"home": HOME})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(
        ImportError, match=r"reading one needs python-calamine: it is not installed"
    ):
        pv.read_kobo(path)


def test_a_rate_of_several_rows_and_too_many_items_are_refused() -> None:
    data = {f"q{k}": np.arange(60.0) % 2 for k in range(40)} | {"g": ["a", "b", "c"] * 20}
    sample = pv.Survey(data)
    share = pv.direct.prevalence(sample, "q0", by="g")
    with pytest.raises(ValueError, match="sensitivity must be an estimate of one row: found 3"):
        pv.misclassification.what_if(share["a"], sensitivity=share, false_report=(0.0, 0.1))
    with pytest.raises(ValueError, match=r"items must be at most \d+: found 40"):
        pv.misclassification.latent_class(sample, [f"q{k}" for k in range(40)], rng=1)
