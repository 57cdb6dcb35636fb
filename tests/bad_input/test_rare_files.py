"""Messages of files, figures and reports that only unusual input brings about."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import prevalence as pv
from prevalence import storage
from prevalence.plot.answers import _split
from prevalence.readers import kobo, relevance, spss
from prevalence.readers.columns import Reading
from prevalence.reporting.given import notes_of
from prevalence.reporting.page import page_of
from prevalence.sensitive import design_test
from tests.bad_input.cases import rows, survey


def no_column(name: str) -> Any:
    raise KeyError(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [("(1 = 1", r"\)"), ("today(1)", "today"), ("${day} = 1", "a date")],
)
def test_conditions_beyond_what_is_read_are_unsupported(text: str, words: str) -> None:
    days = pd.Series(pd.to_datetime(["2024-01-01"]))
    with pytest.raises(relevance.Unsupported, match=words):
        relevance.holds(text, lambda _: days, 1)


def test_a_condition_on_a_question_of_another_form_is_not_read() -> None:
    tables: Mapping[str, Any] = {"s": pd.DataFrame({"age": [1.0, 2.0]})}
    whole: Any = SimpleNamespace(tables=tables, links={})
    assert kobo._asked(whole, "s", "${agee} > 1") is None
    assert kobo._asked(whole, "s", "${age} > 1").tolist() == [False, True]


def test_two_columns_of_one_name_are_refused() -> None:
    reading = Reading(SimpleNamespace(name="s"), None, None, [])  # type: ignore[arg-type]
    reading.columns["a"] = pd.Series([1.0])
    with pytest.raises(
        ValueError, match="columns must have names of their own: two of 's' are 'a'"
    ):
        reading.add("a", pd.Series([2.0]), "number")


def test_a_file_that_csv_cannot_split_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise csv.Error("field larger than field limit (134217728)")

    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    monkeypatch.setattr(csv, "reader", broken)
    with pytest.raises(ValueError, match=r"must be readable as CSV: 'a' is not\."):
        pv.read_kobo(tmp_path / "a.csv")


def test_names_of_spss_that_are_none_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = pd.DataFrame(np.ones((1, 2)), columns=["a", "a"])
    reader = SimpleNamespace(
        read_sav=lambda *_, **__: (found, None), ReadstatError=OSError, PyreadstatError=OSError
    )
    monkeypatch.setattr(spss, "package", lambda *_: reader)
    (tmp_path / "a.sav").write_bytes(b"$FL2")
    with pytest.raises(ValueError, match="path must be"):
        pv.read_spss(tmp_path / "a.sav")


def test_saved_estimates_that_unfold_too_far_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = pv.direct.mean(survey(rows()), "age")
    found.save(tmp_path / "e.pve")
    assert float(pv.load(tmp_path / "e.pve")) == float(found)
    monkeypatch.setattr(storage, "LARGEST", 10)
    with pytest.raises(ValueError, match="BadZipFile"):
        pv.load(tmp_path / "e.pve")


def test_what_no_file_holds_is_not_written_and_an_unknown_tag_not_read() -> None:
    with pytest.raises(TypeError, match="complex128"):
        storage.encode(np.array([1j]), "facts", {})
    with pytest.raises(KeyError, match="pickle"):
        storage.decode({"pickle": "gone"}, {})


def test_axes_without_a_figure_are_refused() -> None:
    ax = Figure().subplots()
    ax.remove()
    with pytest.raises(ValueError, match="ax must belong to a figure: it was removed from it"):
        _split(ax)


def test_a_report_of_nothing_is_refused() -> None:
    nothing: Any = SimpleNamespace(estimates={})
    with pytest.raises(ValueError, match="comparison must have an estimate: found none"):
        page_of(nothing, "on", synthetic=False)


def test_a_list_too_long_to_test_is_told() -> None:
    rng = np.random.default_rng(1)
    names = [f"x{i}" for i in range(9)]
    data = {name: rng.normal(-0.02 if name == "x0" else 0.0, 1, 400) for name in names}
    shares = pv.direct.mean(pv.Survey(data), names)
    with pytest.raises(ValueError, match="items must leave at most 7 shares near 0 to be tested"):
        design_test._set_test(shares, 5.0)


def test_predictors_that_use_up_the_degrees_of_freedom_are_told() -> None:
    rng = np.random.default_rng(2)
    n = 1_200
    data = {
        "psu": np.arange(n) // 400,
        "treated": np.arange(n) % 2,
        "count": rng.binomial(3, 0.4, n) + rng.binomial(1, 0.3, n) * (np.arange(n) % 2),
        **{f"x{i}": rng.normal(size=n) for i in range(3)},
    }
    with pytest.warns(pv.PrevalenceWarning, match="predictors leave no degrees of freedom of the"):
        pv.sensitive.list_prevalence(
            pv.Survey(data, psu="psu"), "count", ["x0", "x1", "x2"], treatment="treated", items=3
        )


def test_a_language_that_is_a_number_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1.0]}).to_stata(tmp_path / "a.dta")
    with pytest.raises(TypeError, match=r"language must be a text: found 3\. Write 'en' or 'fr'"):
        pv.read_stata(tmp_path / "a.dta", language=3)  # type: ignore[arg-type]


def test_a_sentence_of_a_report_that_is_a_number_is_refused() -> None:
    with pytest.raises(TypeError, match=r"must be a text: found 3\. Write a sentence"):
        notes_of({"name": 3})
