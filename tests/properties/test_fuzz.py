"""Random calls of every public name, the short form: a result, or an error of ours."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evidence.claims import DOCS
from evidence.fuzz import chance
from evidence.fuzz.entries import ENTRIES
from evidence.fuzz.run import ROUNDS, tried
from evidence.fuzz.surface import SURFACE

#: Words of names whose calls take long: once each here, as often as the others in `make proof`.
SLOW = (
    "Estimate.assume_independent", "mse.reliability", "mse.vary_ntop", "nsum.Posterior", "nsum.fit", "plot.", "report", "simulate.",
    "to_excel", "to_word",
)  # fmt: skip


def test_every_public_name_has_an_entry() -> None:
    assert sorted(ENTRIES) == sorted(SURFACE)


def test_random_calls_end_in_a_result_or_in_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(chance, "POOL", 5)
    found = []
    for place, name in enumerate(SURFACE):
        for k in range(1 if any(word in name for word in SLOW) else 5):
            found.append(tried(100 * place + k, name, 8, tmp_path))
    assert [each for each in found if each.fault] == []
    assert sum(each.kind == "result" for each in found) >= len(found) / 2
    assert len(found) > 1_500


def test_a_call_is_made_again_by_its_number(tmp_path: Path) -> None:
    one, two = (tried(77, "direct.mean", 3, tmp_path) for _ in range(2))
    assert (one.kind, one.fault, one.said) == (two.kind, two.fault, two.said)


def test_the_committed_table_is_of_this_surface_and_has_no_other_ends() -> None:
    with (DOCS / "fuzz.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} == set(SURFACE)
    assert [row["name"] for row in rows if row["other"] != "0"] == []
    calls, results = (sum(int(row[name]) for row in rows) for name in ("calls", "results"))
    assert results >= calls / 2
    assert calls >= 100_000
    assert [
        row["name"] for row in rows if row["kind"] == "function" and int(row["calls"]) < ROUNDS
    ] == []
