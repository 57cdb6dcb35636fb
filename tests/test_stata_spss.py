"""Stata and SPSS files, written by the tests: values, labels, reasons, dates and accents come back."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import prevalence as pv

ANSWERS: dict[Any, str] = {1: "Oui", 2: "Non", "a": "Refusé", "b": "Ne sait pas"}


@pytest.fixture
def stata(tmp_path: Path) -> Path:
    """Four children; `work` has two extended missing values with labels, `hours` one without."""
    rows = pd.DataFrame(
        {
            "work": [1, 2, "a", "b"],
            "hours": pd.Series([10, "c", 40, 3], dtype=object),
            "name": ["Zoë", "Aïcha", "", "œuf"],
            "born": pd.to_datetime(["2010-02-28", "1959-12-31", "2012-02-29", "2011-01-01"]).date,
        }
    )
    path = tmp_path / "child.dta"
    pyreadstat.write_dta(
        rows,
        str(path),
        version=15,
        missing_user_values={"work": ["a", "b"], "hours": ["c"]},
        variable_value_labels={"work": ANSWERS},
        column_labels={"work": "A travaillé l'été"},
    )
    return path


def test_extended_missing_values_of_stata_are_nan_with_their_label_as_reason(stata: Path) -> None:
    m = pv.read_stata(stata, language="fr")
    np.testing.assert_array_equal(m["child"]["work"], [1, 2, np.nan, np.nan])
    np.testing.assert_array_equal(m["child"]["hours"], [10, np.nan, 40, 3])
    reasons = m.reasons()
    assert reasons["work"].tolist() == ["", "", "Refusé", "Ne sait pas"]
    assert reasons["hours"].tolist() == ["", ".c", "", ""]
    assert reasons["name"].tolist() == ["", "", "blank", ""]
    assert m.codes("work") == {1: "Oui", 2: "Non", ".a": "Refusé", ".b": "Ne sait pas"}
    assert m.label("work", "fr") == "A travaillé l'été"
    assert list(m.labelled()["work"].cat.categories) == ["Oui", "Non"]
    assert m["child"]["born"].dt.strftime("%Y-%m-%d").tolist()[1:3] == ["1959-12-31", "2012-02-29"]
    assert m["child"]["name"].tolist()[0] == "Zoë"


def test_a_file_of_stata_makes_a_survey(stata: Path) -> None:
    m = pv.read_stata(stata)
    e = pv.direct.mean(pv.Survey(m), "work", missing="drop")
    assert e.value[0] == 1.5
    assert e.facts["missing"][0] == 2


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_versions_of_stata_are_read(tmp_path: Path, version: Any) -> None:
    path = tmp_path / "x.dta"
    rows = pd.DataFrame({"code": np.array([1, 2, 9], np.int8), "who": ["été", "b", "ça"]})
    labels: Any = {"code": {1: "Oui", 2: "Non", 9: "Ne sait pas"}}
    rows.to_stata(path, version=version, value_labels=labels, write_index=False)
    m = pv.read_stata(path)
    assert m.data["who"].tolist() == ["été", "b", "ça"]
    assert m.reasons()["code"].tolist() == ["", "", "Ne sait pas"]


@pytest.mark.parametrize(
    ("written", "encoding"), [("utf-8", None), ("cp1252", None), ("mac_roman", "mac_roman")]
)
def test_accents_before_stata_14_are_in_the_encoding_of_the_writer(
    tmp_path: Path, written: str, encoding: str | None
) -> None:
    path = tmp_path / "old.dta"
    pd.DataFrame({"who": ["1234567", "b"]}).to_stata(path, version=114, write_index=False)
    spelled = "œil ’é".encode(written)
    content = path.read_bytes().replace(b"1234567", (spelled + b"\0" * 7)[:7])
    path.write_bytes(content)
    kept = spelled[:7].decode(written, errors="ignore")
    found = pv.read_stata(path, encoding=encoding).data["who"].tolist()
    assert found[0] == kept  # the last character of the UTF-8 text is cut in two


def test_dates_of_every_unit_of_stata(tmp_path: Path) -> None:
    path = tmp_path / "dates.dta"
    day = pd.to_datetime(["2023-11-17 10:30:00", "1959-04-01 00:00:00"])
    units = {"td": "2023-11-17", "tm": "2023-11-01", "tq": "2023-10-01", "th": "2023-07-01"}
    rows = pd.DataFrame(dict.fromkeys([*units, "tc", "tw"], day))
    formats: Any = {name: f"%{name}" for name in rows}
    rows.to_stata(path, convert_dates=formats, write_index=False)
    m = pv.read_stata(path)
    for name, first in units.items():
        assert m.data[name].dt.strftime("%Y-%m-%d").tolist()[0] == first
    assert m.data["tc"].tolist() == day.tolist()
    native = pd.read_stata(path)
    pd.testing.assert_series_equal(m.data["tw"], native["tw"], check_dtype=False)
    assert {v.kind for v in m.variables.values()} == {"date"}


def with_characteristics(path: Path, declared: dict[str, str]) -> None:
    """Add characteristics of the data set, as `svyset` does, to a file of format 118 or 114."""
    data = path.read_bytes()
    wide = 129 if data.startswith(b"<stata_dta>") else 33
    records = []
    for name, text in declared.items():
        record = b"_dta".ljust(wide, b"\0") + name.encode().ljust(wide, b"\0")
        records.append(record + text.encode() + b"\0")
    if wide == 33:
        added = b"".join(struct.pack("<bi", 1, len(r)) + r for r in records)
        labels = data.index(b"Weight of the child")
        at = labels + 81 + 81 + 81
        path.write_bytes(data[:at] + added + data[at:])
        return
    added = b"".join(b"<ch>" + struct.pack("<I", len(r)) + r + b"</ch>" for r in records)
    at = data.index(b"<characteristics>") + len(b"<characteristics>")
    start = data.index(b"<map>") + 5
    offsets = struct.unpack_from("<14q", data, start)
    moved = [o + len(added) if o > offsets[8] else o for o in offsets]
    data = data[:start] + struct.pack("<14q", *moved) + data[start + 14 * 8 :]
    path.write_bytes(data[:at] + added + data[at:])


@pytest.mark.parametrize("version", [114, 118])
def test_what_svyset_declared_is_told_with_the_call(tmp_path: Path, version: Any) -> None:
    path = tmp_path / "design.dta"
    rows = pd.DataFrame({"w": [1.5, 2.0], "region": [1, 2], "ea": [11, 12]})
    labels = {"w": "Weight of the child"}
    rows.to_stata(path, version=version, write_index=False, variable_labels=labels)
    assert pv.read_stata(path).notes == ()
    declared = {"_svy_su1": "ea", "_svy_strata1": "region", "_svy_wvar": "w"}
    with_characteristics(path, {**declared, "_svy_wtype": "pweight", "note1": "x"})
    m = pv.read_stata(path)
    assert m.notes == (
        "The file is svyset: pv.Survey(m, weights='w', strata='region', psu='ea', nest=True).",
    )
    assert m.data["ea"].tolist() == [11, 12]


# ---------------------------------------------------------------------- SPSS
@pytest.fixture
def spss(tmp_path: Path) -> Path:
    """Six children; codes and ranges that are user-missing, in numbers and in text."""
    born = ["2010-02-28", "1959-12-31", None, *["2012-02-29"] * 3]
    rows = pd.DataFrame(
        {
            "work": [1.0, 2, 98, 99, np.nan, -5],
            "age": [5.0, 7, 997, 998, 9, np.nan],
            "school": ["A", "B", "NA", "", "A", "B"],
            "born": pd.to_datetime(pd.Series(born)).dt.date,
        }
    )
    path = tmp_path / "child.sav"
    labels: Any = {
        "work": {1: "Oui", 2: "Non", 98: "Ne sait pas", 99: "Refus"},
        "school": {"A": "École A", "NA": "Sans objet"},
    }
    pyreadstat.write_sav(
        rows,
        str(path),
        column_labels={"work": "A travaillé"},
        variable_value_labels=labels,
        missing_ranges={
            "work": [98, {"lo": -10, "hi": -1}],
            "age": [{"lo": 997, "hi": 999}],
            "school": ["NA"],
        },
    )
    return path


def test_user_missing_codes_and_ranges_of_spss_are_nan_with_their_label_as_reason(
    spss: Path,
) -> None:
    m = pv.read_spss(spss, language="fr")
    np.testing.assert_array_equal(m["child"]["work"], [1, 2] + [np.nan] * 4)
    np.testing.assert_array_equal(m["child"]["age"], [5, 7, np.nan, np.nan, 9, np.nan])
    reasons = m.reasons()
    # 99 is missing by its label alone: the file does not declare it
    assert reasons["work"].tolist() == ["", "", "Ne sait pas", "Refus", "blank", "code -5"]
    assert reasons["age"].tolist() == ["", "", "code 997", "code 998", "", "blank"]
    assert reasons["school"].tolist() == ["", "", "Sans objet", "blank", "", ""]
    assert m["child"]["school"].tolist()[:2] == ["A", "B"]
    assert m["child"]["born"].dt.strftime("%Y-%m-%d").tolist()[:2] == ["2010-02-28", "1959-12-31"]
    assert m.label("work", "fr") == "A travaillé"
    assert m.variables["child", "age"].kind == "number"
    assert m.variables["child", "work"].kind == "choice"


def test_compressed_files_of_spss_are_read(spss: Path, tmp_path: Path) -> None:
    frame, about = pyreadstat.read_sav(str(spss), user_missing=True)
    path = tmp_path / "child.zsav"
    pyreadstat.write_sav(
        frame[["work"]], str(path), compress=True, missing_ranges={"work": [98, 99]}
    )
    m = pv.read_spss(path, missing_codes={"work": {-5: "interrupted"}})
    assert m.reasons()["work"].tolist()[2:] == ["code 98", "code 99", "blank", "interrupted"]
    assert about.number_rows == 6


# ---------------------------------------------------------------------- codes that are no values
def file_of(folder: Path, **columns: Any) -> Path:
    path = folder / "codes.dta"
    pd.DataFrame(columns).to_stata(path, write_index=False)
    return path


def test_numbers_that_look_like_codes_are_told_and_kept(tmp_path: Path) -> None:
    path = file_of(tmp_path, hours=[3, 10, 99, 98, 40], age=[5, 97, 98, 88, 96])
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 columns .* 'hours', 98, 99 in 2 rows"):
        m = pv.read_stata(path)
    assert m.data["hours"].tolist() == [3, 10, 99, 98, 40]
    assert len(m.notes) == 1
    m = pv.read_stata(path, missing_codes={"hours": {98: "don't know", 99: "refused"}})
    assert m.reasons()["hours"].tolist() == ["", "", "refused", "don't know", ""]
    assert m.data["age"].tolist() == [5, 97, 98, 88, 96]
    assert pv.read_stata(path, missing_codes={}).data["hours"].tolist() == [3, 10, 99, 98, 40]


def test_a_code_without_a_label_among_labelled_answers_is_told(tmp_path: Path) -> None:
    path = tmp_path / "labels.dta"
    labels: Any = {"q": {1: "Yes", 2: "No", 97: "Other"}}
    rows = pd.DataFrame({"q": [1, 2, 97, 99, 99]})
    rows.to_stata(path, value_labels=labels, write_index=False)
    with pytest.warns(pv.PrevalenceWarning, match="first: 'q', 99 in 2 rows"):
        assert pv.read_stata(path).data["q"].tolist() == [1, 2, 97, 99, 99]


@pytest.mark.parametrize(
    ("label", "missing"),
    [
        ("Don\u2019t know", True),
        ("DON'T KNOW / Refused", True),
        ("Ne sait pas", True),
        ("REFUS DE RÉPONDRE", True),
        ("N/A", True),
        ("Not applicable (no work)", True),
        ("Refused to pay wages", False),
        ("Knows", False),
        ("None", False),
        ("No", False),
        ("Missing person", False),
    ],
)
def test_whole_labels_tell_what_is_no_answer(tmp_path: Path, label: str, missing: bool) -> None:
    path = tmp_path / "label.dta"
    rows = pd.DataFrame({"q": [1, 2, 8]})
    labels: Any = {"q": {1: "Yes", 8: label}}
    rows.to_stata(path, value_labels=labels, write_index=False, version=118)
    assert bool(np.isnan(pv.read_stata(path).data["q"].iloc[2])) == missing
