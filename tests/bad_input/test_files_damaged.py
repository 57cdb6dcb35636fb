"""Files that were cut off, altered or made to harm: each is read or refused, nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

import prevalence as pv
from prevalence.readers import packed
from prevalence.readers.answers import tokens
from tests.readers import exports
from tests.test_htcds import cases

HIDDEN = "Zz9-who"  # stands in cells alone, so that no message may hold it
Read = Callable[[Path], Any]


def homes(n: int = 30) -> exports.Rows:
    return [["home/size", "home/ea", "_id"], *([i, f"{HIDDEN}{i}", i] for i in range(n))]


def written(folder: Path) -> dict[str, Read]:
    """Write one sound file of every kind and return what reads it."""
    frame = pd.DataFrame({"work": [1.0, 2, 1, np.nan] * 5, "name": [HIDDEN, "b", "c", "d"] * 5})
    exports.workbook(folder / "e.xlsx", {"homes": homes()})
    exports.write_csv(folder / "e.csv", homes())
    with zipfile.ZipFile(folder / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "e.csv", "e.csv")
    frame.to_stata(folder / "f.dta", write_index=False, value_labels={"work": {1: "yes", 2: "no"}})
    labels = {"work": {1.0: "yes", 2.0: "no"}}
    pyreadstat.write_sav(frame, str(folder / "f.sav"), variable_value_labels=labels)
    pd.DataFrame(cases()).to_csv(folder / "c.csv", index=False)
    pd.DataFrame(cases()).to_excel(folder / "c.xlsx", index=False)
    exports.form(folder)

    def cased(path: Path) -> Any:
        return pv.read_htcds(path, person="key", lists="org")

    def formed(path: Path) -> Any:
        return pv.read_kobo(folder / "e.csv", form=path)

    return {
        "e.xlsx": pv.read_kobo,
        "e.csv": pv.read_kobo,
        "e.zip": pv.read_kobo,
        "f.dta": pv.read_stata,
        "f.sav": pv.read_spss,
        "c.csv": cased,
        "c.xlsx": cased,
        "form.xlsx": formed,
    }


def read_or_refused(read: Read, path: Path) -> None:
    """Check that a file is read, or refused in words of the library, without what is in cells."""
    before = path.read_bytes()
    try:
        read(path)
    except (ValueError, KeyError) as error:
        message = str(error)
        assert HIDDEN not in message
        assert str(path.parent) not in message
        assert len(message) < 600
        assert " " in message, message
    assert path.read_bytes() == before
    assert {p.suffix for p in path.parent.iterdir()} <= {".xlsx", ".csv", ".zip", ".dta", ".sav"}


@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
@pytest.mark.parametrize("name", ["e.xlsx", "e.zip", "f.dta", "f.sav", "c.xlsx", "form.xlsx"])
def test_files_that_are_cut_off_are_read_or_refused(tmp_path: Path, name: str) -> None:
    read = written(tmp_path)[name]
    content = (tmp_path / name).read_bytes()
    path = tmp_path / f"cut{Path(name).suffix}"
    for at in np.linspace(0, len(content) - 1, 12).astype(int):
        path.write_bytes(content[:at])
        read_or_refused(read, path)


@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
@pytest.mark.parametrize("name", ["e.xlsx", "e.csv", "e.zip", "c.csv", "c.xlsx", "form.xlsx"])
def test_files_with_altered_bytes_are_read_or_refused(tmp_path: Path, name: str) -> None:
    read = written(tmp_path)[name]
    rng = np.random.default_rng(20_240_607)
    content = (tmp_path / name).read_bytes()
    path = tmp_path / f"altered{Path(name).suffix}"
    for count in (1, 1, 2, 3, 5, 8, 8, 20, 20, 40):
        data = bytearray(content)
        for at in rng.integers(len(data), size=count):
            data[at] = rng.integers(256)
        path.write_bytes(bytes(data))
        read_or_refused(read, path)


@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
def test_a_stata_file_with_altered_bytes_is_read_or_refused(tmp_path: Path) -> None:
    read = written(tmp_path)["f.dta"]
    content = (tmp_path / "f.dta").read_bytes()
    rng = np.random.default_rng(4)
    for _ in range(30):
        data = bytearray(content)
        at = rng.integers(len(data) - 8, size=3)  # not the count of rows, which asks for memory
        for place in at[at > 300]:
            data[place] = rng.integers(256)
        (tmp_path / "x.dta").write_bytes(bytes(data))
        read_or_refused(read, tmp_path / "x.dta")


# ---------------------------------------------------------------------- workbooks
def book(path: Path, **cells: Any) -> Path:
    """Write a workbook of three rows, some of its cells replaced."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in homes(2):
        sheet.append(row)
    for place, value in cells.items():
        sheet[place] = value
    made.save(path)
    return path


READERS: dict[str, Read] = {
    "kobo": pv.read_kobo,
    "cases": lambda path: pv.read_htcds(path, person="_id", lists="home/ea"),
}


def test_formulas_without_a_value_are_counted(tmp_path: Path) -> None:
    path = book(tmp_path / "e.xlsx", A2="=1+2", A3="=HYPERLINK(1)")
    message = r"cells of 'e.xlsx' should hold values: 2 hold a formula that was never computed"
    with pytest.warns(pv.PrevalenceWarning, match=message):
        m = pv.read_kobo(path)
    assert m.data["size"].isna().all()


def test_formulas_in_case_data_are_counted(tmp_path: Path) -> None:
    frame = pd.DataFrame(cases())
    frame["note"] = "=1+1"
    frame.to_excel(tmp_path / "c.xlsx", index=False)
    with pytest.warns(pv.PrevalenceWarning) as caught:
        pv.read_htcds(tmp_path / "c.xlsx", person="key", lists="org")
    assert any("7 hold a formula that was never" in str(said.message) for said in caught)


def test_errors_in_cells_are_counted(tmp_path: Path) -> None:
    path = book(tmp_path / "e.xlsx", A2="#DIV/0!", B3="#N/A")
    with pytest.warns(pv.PrevalenceWarning, match=r"2 hold an error such as #DIV/0!, and are bl"):
        m = pv.read_kobo(path)
    assert m.reasons()["ea"].tolist() == ["", "blank"]


@pytest.mark.parametrize("reader", READERS)
def test_cells_far_from_the_table_are_refused_before_they_fill_the_memory(
    tmp_path: Path, reader: str
) -> None:
    path = book(tmp_path / "e.xlsx", XFD1048576=" ")
    with pytest.raises(
        ValueError, match=r"'e.xlsx' reaches to cell XFD1048576\. Delete what stands"
    ):
        READERS[reader](path)


@pytest.mark.parametrize("name", ["e.xlsx", "e.zip"])
def test_archives_that_unpack_to_too_much_are_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.setattr(packed, "LARGEST", 100)
    with pytest.raises(ValueError, match=rf"path must unpack to files .* one in '{name}' has 0\.0"):
        pv.read_kobo(tmp_path / name)


# ---------------------------------------------------------------------- forms
def test_conditions_of_a_form_that_nest_without_end_are_said_to_be_unread(tmp_path: Path) -> None:
    survey = [list(row) for row in exports.HOMES_ALONE]
    survey[4][4] = "(" * 3000 + "1" + ")" * 3000
    form = exports.form(tmp_path, survey=survey)
    m = pv.read_kobo(exports.write_csv(tmp_path / "e.csv", homes(3)), form=form)
    assert any("1 conditions of the form are not read" in said for said in m.notes)
    assert m.reasons("e")["size"].tolist() == ["", "", ""]
    assert max(map(len, m.notes)) < 300


def test_labels_are_split_without_trying_a_place_twice() -> None:
    options = {"1": {"en": "a"}, "2": {"en": "a a"}, "3": {"en": "a a a"}}
    assert tokens("a " * 400 + "!", options) is None  # years, if every way were tried
    assert tokens("a, a a; a", options) == ("1", "2", "1")
    assert tokens("b " * 5000, {"1": {"en": "b"}, "2": {"en": "b c"}}) == ("1",) * 5000


# ---------------------------------------------------------------------- definitions
NESTED = '{"name": "x", "version": "1", "indicators": {"a": {"expr": "q == 1"}}, "rule": '
BOMBS: dict[str, tuple[Callable[[], Any], str]] = {
    "json": (lambda: pv.Definition.from_json('{"a":' * 100_000), "nested as deeply"),
    "toml": (lambda: pv.Definition.from_toml("a = " + "[" * 100_000 + "\n"), "nested as deeply"),
    "rules in json": (
        lambda: pv.Definition.from_json(NESTED + '{"not":' * 200 + '"a"' + "}" * 201),
        "a rule must have at most 50 levels",
    ),
    "digits": (
        lambda: pv.Definition.from_json('{"format": ' + "9" * 5000 + "}"),
        "written in JSON",
    ),
    "a name that grows": (
        lambda: pv.Definition.from_toml(".".join(["x"] * 2000) + " = 1\n"),
        "known keys: 'x' is none",
    ),
    "twice in TOML": (lambda: pv.Definition.from_toml('name = "a"\nname = "b"\n'), "in TOML"),
    "an include": (
        lambda: pv.Definition.from_toml('include = "/etc/passwd"\n'),
        "known keys: 'include' is none",
    ),
    "a class": (
        lambda: pv.Definition.from_json('{"__class__": "os.system", "name": "x"}'),
        "known keys: '__class__' is none",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_texts_of_definitions_made_to_harm_are_refused(name: str) -> None:
    ask, message = BOMBS[name]
    with pytest.raises(ValueError, match=message) as caught:
        ask()
    assert len(str(caught.value)) < 600


def defined(rule: Any) -> pv.Definition:
    indicators = {"a": pv.Indicator("q == 1"), "b": pv.Indicator("r == 1")}
    return pv.Definition("x", "1", indicators=indicators, rule=rule, age=None)


def test_rules_nested_without_end_are_refused() -> None:
    deep: Any = "a"
    for _ in range(3000):
        deep = pv.Not(deep)
    wide: Any = pv.AnyOf("a", "b")
    for _ in range(40):
        wide = pv.AllOf(wide, wide)
    with pytest.raises(ValueError, match="rule must have at most 50 levels of one rule inside"):
        defined(deep)
    with pytest.raises(ValueError, match="rule must have at most 10,000 parts"):
        defined(wide)
    level: Any = "a"
    for _ in range(50):
        level = pv.Not(level)
    assert defined(level).classify(pd.DataFrame({"q": [1, 0], "r": [0, 0]})).outcome.tolist() == [
        1,
        0,
    ]
