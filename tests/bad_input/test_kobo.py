"""Bad exports and forms: one row each, what is given and which message comes back."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prevalence as pv
from tests.readers import exports

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
Write = Callable[[Path], Path]
HOMES: exports.Rows = [["home/ea", "home/size", "_id", "_index"], ["A", 3, 11, 1], ["B", 4, 12, 2]]
CHILDREN: exports.Rows = [
    ["roster/child/age", "_index", "_parent_table_name", "_parent_index", "_submission__id"],
    [7, 1, "homes", 1, 11],
    [9, 2, "homes", 2, 12],
]


def spoiled(sheet: str, row: int, column: int, value: Any) -> Write:
    """Return two linked sheets with one cell changed."""
    sheets = {"homes": [list(r) for r in HOMES], "child": [list(r) for r in CHILDREN]}
    sheets[sheet][row][column] = value
    return lambda folder: exports.workbook(folder / "e.xlsx", sheets)


def raw(data: bytes, name: str = "e.xlsx") -> Write:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def table(*rows: list[Any]) -> Write:
    return lambda folder: exports.write_csv(folder / "s.csv", rows)


def zipped(name: str, encrypted: bool = False) -> Write:
    def write(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "e.zip", "w") as file:
            file.writestr(name, "a,_id\n1,1\n")
        data = bytearray((folder / "e.zip").read_bytes())
        if encrypted:  # the mark in the local header and in the directory
            data[6] |= 1
            data[data.rindex(b"PK\x01\x02") + 8] |= 1
        (folder / "e.zip").write_bytes(bytes(data))
        return folder / "e.zip"

    return write


def files(tables: dict[str, exports.Rows]) -> Write:
    def write(folder: Path) -> Path:
        (folder / "all").mkdir()
        for name, rows in tables.items():
            exports.write_csv(folder / "all" / f"{name}.csv", rows)
        return folder / "all"

    return write


def two_indexes(folder: Path) -> Path:
    children = [row[:4] for row in CHILDREN]
    sheets = {"homes": [*HOMES, ["C", 1, 13, 2]], "child": children}
    return exports.workbook(folder / "e.xlsx", sheets)


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


BAD: dict[str, tuple[Write, str]] = {
    "child of nobody": (
        spoiled("child", 2, 3, 7),
        r"every row of 'child' must have its row in 'homes': 1 of 2 have none \(first: row 1\)",
    ),
    "child without parent": (spoiled("child", 1, 3, ""), r"1 of 2 have none \(first: row 0\)"),
    "another submission": (
        spoiled("child", 2, 4, 11),
        r"rows of 'child' must belong to one submission: 1 of 2 .* \(first: row 1\)",
    ),
    "submission twice": (
        spoiled("homes", 2, 2, 11),
        r"submission ids must differ: 1 of 2 rows of 'homes' .*'_id'.* \(first: row 0\)",
    ),
    "index twice": (two_indexes, r"keys of a table must differ: 1 of 3 rows of 'homes'"),
    "two parents": (spoiled("child", 2, 2, "visits"), r"must have one parent table: found 2 in"),
    "children alone": (
        lambda folder: exports.workbook(folder / "e.xlsx", {"child": CHILDREN}),
        r"must hold the table of submissions: each of 1 sheets",
    ),
    "no index": (
        lambda folder: exports.workbook(
            folder / "e.xlsx", {"homes": [row[:3] for row in HOMES], "child": CHILDREN}
        ),
        r"'homes' must have the column '_index'",
    ),
    "key of nobody": (
        files(
            {
                "svy": [["home-ea", "KEY"], ["A", "uuid:1"]],
                "svy-child": [["age", "PARENT_KEY", "KEY"], [3, "uuid:9", "uuid:9/child[1]"]],
            }
        ),
        r"every row of 'child' must have its row in 'svy': 1 of 1",
    ),
    "another questionnaire": (
        table(["price", "market", "home/ea", "_id"], [1, 2, 3, 4]),
        r"form must be that of the export: 2 of 3 columns are no questions of it \(first: 'price'",
    ),
    "other choices": (
        table(["home/poor", "home/size", "_id"], ["1", 2, 1], ["0", 3, 2]),
        r"form must be that of the export: none of 2 answers to 'poor' in 's' is one of its 3",
    ),
    "versions that differ": (
        table(["home/size", "old/size", "_id"], [1, 2, 1]),
        r"columns of one question must agree: 2 columns hold 'size' of 's' and differ in 1 rows",
    ),
    "a form as export": (
        exports.form,
        r"path must be an export of answers: found an XLSForm",
    ),
    "encrypted workbook": (
        raw(OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")),
        r"path must not be encrypted: 'e.xlsx' is protected with a password",
    ),
    "encrypted zip": (zipped("s.csv", encrypted=True), r"path must not be encrypted: 'e.zip'"),
    "zip of something else": (zipped("s.json"), r"'e.zip' is a zip without CSV"),
    "cut off": (
        raw(b"PK\x03\x04 cut off"),
        r"must be a readable XLSX, CSV or zip of CSV: 'e.xlsx'",
    ),
    "an old shell": (raw(OLE + b"\0" * 600), r"must be a readable XLSX"),
    "bytes": (raw(bytes(range(256))), r"must be a readable XLSX.*It may be cut off or encrypted"),
    "a web page": (raw(b"<html><body>Log in</body></html>", "e.csv"), r"holds a web page or XML"),
    "json": (raw(b'{"count": 3}', "e.json"), r"holds JSON"),
    "of Stata": (raw(b"<stata_dta><header>", "e.dta"), r"'e.dta' is a file for pv.read_stata"),
    "of SPSS": (raw(b"$FL2@(#) SPSS", "e.sav"), r"'e.sav' is a file for pv.read_spss"),
    "nothing": (raw(b"", "e.csv"), r"'e.csv' is empty"),
    "no rows": (
        raw(b"home/ea,_id\n", "e.csv"),
        r"must hold answers: 1 sheets of 'e.csv' have none",
    ),
    "no file": (lambda folder: folder / "gone.xlsx", r"'gone.xlsx' does not"),
    "no csv": (_empty, r"the folder 'empty' holds none"),
    "too many cells": (
        raw(b"home/ea,_id\nA,1,2\n", "e.csv"),
        r"as many cells in a row as in its header: 1 of 1 rows of 'e' have more \(first: row 0\)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_export_is_refused_and_left_as_it_is(tmp_path: Path, case: str) -> None:
    write, message = BAD[case]
    form = exports.form(tmp_path)
    path = write(tmp_path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        pv.read_kobo(path, form=form)
    assert "  " not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


FORMS: dict[str, tuple[exports.Rows, str]] = {
    "no types": ([["name", "label"], ["a", "A"]], r"form must be an XLSForm, with a sheet survey"),
    "an end too many": (
        [["type", "name"], ["end group", ""]],
        r"form must end groups that it began: found 'end group' without one",
    ),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_bad_form_is_refused(tmp_path: Path, case: str) -> None:
    survey, message = FORMS[case]
    form = exports.form(tmp_path, survey=survey)
    with pytest.raises(ValueError, match=message):
        pv.read_kobo(table(["a", "_id"], [1, 1])(tmp_path), form=form)


def test_an_export_as_form_is_refused(tmp_path: Path) -> None:
    path = spoiled("child", 1, 0, 7)(tmp_path)
    with pytest.raises(ValueError, match=r"form must be an XLSForm.*found homes, child"):
        pv.read_kobo(path, form=path)


def test_options_are_checked(tmp_path: Path) -> None:
    form, path = exports.form(tmp_path), table(["home/ea", "_id"], ["A", 1])(tmp_path)
    with pytest.raises(ValueError, match=r"languages must be languages of the form: 'es' is not"):
        pv.read_kobo(path, form=form, languages=["es"])
    with pytest.raises(TypeError, match=r"missing_codes must be codes with their reasons"):
        pv.read_kobo(table(["home/size", "_id"], [1, 1])(tmp_path), form=form, missing_codes="99")
    with pytest.raises(TypeError, match=r"main must be a name for the table"):
        pv.read_kobo(path, form=form, main="")


SAID: dict[str, tuple[Write, str]] = {
    "text in a number": (
        table(["home/size", "home/ea", "_id"], ["five", "A", 1], [4, "B", 2]),
        r"answers to 'size' in 's' should be numbers: 1 of 2 rows are not \(first: row 0\)",
    ),
    "text in a date": (
        table(["start", "home/ea", "_id"], ["someday", "A", 1], ["2024-05-01", "B", 2]),
        r"answers to 'start' in 's' should be dates: 1 of 2 rows are not \(first: row 0\)",
    ),
    "no choice": (
        table(["home/poor", "_id"], ["yes", 1], ["maybe", 2]),
        r"answers to 'poor' in 's' should be choices of the form: 1 of 2 .*first: row 1",
    ),
    "no option": (
        table(["home/work", "_id"], ["farm", 1], ["farm moon", 2]),
        r"answers to 'work' in 's' should be choices of the form: 1 of 2 .*first: row 1",
    ),
    "an answer and none": (
        table(["home/work", "_id"], ["farm 98", 1]),
        r"answers to 'work' in 's' should be either choices or that there is no answer: 1 of 1",
    ),
    "codes in numbers": (
        table(["home/size", "_id"], [99, 1], [4, 2]),
        r"missing_codes should say what 99 are: .*'size' in 's' \(1 rows\)",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_kept_with_a_warning_is_counted(tmp_path: Path, case: str) -> None:
    write, message = SAID[case]
    form = exports.form(tmp_path, survey=exports.HOMES_ALONE)
    with pytest.warns(pv.PrevalenceWarning, match=message):
        m = pv.read_kobo(write(tmp_path), form=form)
    assert any("of" in said or "missing_codes" in said for said in m.notes)
