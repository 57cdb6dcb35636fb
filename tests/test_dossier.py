"""The committed dossier names what the tests compare, and every stored result of a peer."""

from __future__ import annotations

import ast
import csv
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.dossier.__main__ import COMPARING, WITH_R
from evidence.dossier.stored import UNCOMPARED, cases, uncompared
from evidence.dossier.table import COLUMNS, summary
from tests.agreement import EXACTLY, Within, agrees, differs, placed

Rows = list[dict[str, str]]
WRITES = {"agrees", "differs", "left"}
STATUSES = {"agrees", "explained", "stated difference", "not compared", "waits"}


def table(root: Path, name: str) -> Rows:
    with (root / "docs" / "evidence" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def dossier(root: Path) -> Rows:
    return table(root, "dossier.csv")


def names_called(function: ast.AST) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def comparing(source: Path) -> set[str]:
    """Return the tests of a file that write down a comparison, themselves or by a function of it."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    calls = {
        node.name: names_called(node) for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    writing, before = set(WRITES), set[str]()
    while writing != before:
        before = set(writing)
        writing |= {name for name, called in calls.items() if called & writing}
    return {name for name in writing if name.startswith("test_")}


def test_every_line_names_a_test_and_every_comparing_test_has_a_line(
    root: Path, dossier: Rows
) -> None:
    run = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", *COMPARING, WITH_R]
    found = subprocess.run(run, cwd=root, capture_output=True, text=True, check=True).stdout
    there = {line.removeprefix("tests/") for line in found.splitlines() if "::" in line}
    named = {row["our call"] for row in dossier if "::" in row["our call"]}
    assert not named - there, "lines of tests that are no more: run python -m evidence.dossier"
    of_file: dict[str, set[str]] = {}
    for line in named:
        file, _, test = line.partition("::")
        of_file.setdefault(file, set()).add(test.partition("[")[0])
    for path in COMPARING:
        for source in sorted(root.glob(f"{path}/test_*.py" if not path.endswith(".py") else path)):
            file = source.relative_to(root / "tests").as_posix()
            wanted = comparing(source)
            missing = wanted - of_file.get(file, set())
            assert not missing, f"{file} compares, yet has no line: run python -m evidence.dossier"


def test_no_other_test_compares_unseen(root: Path) -> None:
    read = {
        p for path in COMPARING for p in root.glob(f"{path}/**/*.py" if "." not in path else path)
    }
    for source in (root / "tests").rglob("test_*.py"):
        if source not in read and source.name != "test_dossier.py":
            assert not comparing(source), f"{source.name} compares: add it to COMPARING"


def test_every_stored_result_has_a_line(oracle: Path, dossier: Rows) -> None:
    assert oracle.is_dir()
    lines = {row["case"] for row in dossier}
    stored = [" > ".join(one.place) for one in cases()]
    assert len(stored) > 1_000
    assert not [case for case in stored if case not in lines]
    left = [one.place for one in cases() if uncompared(one.place)]
    assert len(left) < 0.12 * len(stored)
    for pattern in UNCOMPARED:
        assert any(row["status"] in ("waits", "not compared") for row in dossier), pattern


def test_lines_are_within_their_tolerance_and_say_why(dossier: Rows) -> None:
    assert tuple(dossier[0]) == COLUMNS
    assert {row["status"] for row in dossier} == STATUSES
    for row in dossier:
        assert row["why"], row
        assert row["source"], row
        if row["status"] in ("agrees", "explained"):
            assert float(row["share"]) <= 1, row
            assert row["tolerance"], row


def test_differences_are_those_of_the_two_numbers(dossier: Rows) -> None:
    seen = 0
    for row in dossier:
        try:
            theirs, ours = float(row["theirs"]), float(row["ours"])
        except ValueError:
            continue
        if row["status"] == "agrees":
            # Both are printed with 15 digits, their difference with two.
            rounding = 1.1e-14 * max(abs(theirs), abs(ours)) + 0.06 * float(row["absolute"])
            assert abs(abs(ours - theirs) - float(row["absolute"])) <= rounding, row
            seen += 1
    assert seen > 2_000


def test_the_summary_is_that_of_the_lines(root: Path, dossier: Rows) -> None:
    wanted = [{k: str(v) for k, v in row.items()} for row in summary([dict(r) for r in dossier])]
    assert table(root, "dossier-summary.csv") == wanted


def test_coefficients_have_the_digits_promised(root: Path) -> None:
    for row in table(root, "dossier-digits.csv"):
        assert row["behind"] == "no", row
        least = 13 if row["level"] == "lower" else 10
        assert float(row["ours"]) >= min(least, float(row["held by the data"])), row


def test_a_comparison_fails_where_it_should() -> None:
    near = Within("a reason", 1e-3)
    agrees(1.0005, 1.0, near, case="here")
    agrees([1.0, float("nan")], [1.0, float("nan")], near, case="here")
    agrees({"a"}, {"a"}, EXACTLY, case="here")
    for found, wanted, within in [
        (1.002, 1.0, near),
        (float("nan"), 1.0, near),
        (1.0, float("nan"), near),
        ([1.0, 2.0], [1.0, 2.1], near),
        ("a", "b", EXACTLY),
        (1e-9, 0.0, near),
    ]:
        with pytest.raises(AssertionError):
            agrees(found, wanted, within, case="here")
    with pytest.raises(AssertionError, match=r"\(2,\) values for \(3,\)|for"):
        agrees([1.0, 2.0], [1.0, 2.0, 3.0], near, case="here")
    with pytest.raises(AssertionError, match="say where the reference value is from"):
        agrees(1.0, 1.0, near)
    with pytest.raises(AssertionError, match="is what the reference says"):
        differs(1.0, 1.0, "a reason", case="here")


def test_a_stored_number_knows_its_place() -> None:
    held = placed({"a": {"b": [1, 2.5, "x", None, True]}}, ("room/file.json",))
    assert held["a"]["b"][1].place == ("room/file.json", "a", "b", "1")
    assert held["a"]["b"][1] == 2.5
    assert held["a"]["b"][3] is None
