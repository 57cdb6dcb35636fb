"""The committed tables of scale fulfil what is claimed, and a short form of the measurement runs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evidence.scale import backends, files, made, one

DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"


def table(name: str) -> list[dict[str, Any]]:
    with (DOCS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_committed_tables_fulfil_the_claims() -> None:
    rows = table("scale.csv")
    largest = [r for r in rows if int(r["rows"]) == 10_000_000]
    assert {r["way"] for r in largest} == {"duckdb", "pyarrow"}
    assert max(float(r["peak memory, MB"]) for r in largest) <= 2_000
    gaps = [float(r["largest relative difference"]) for r in table("scale-agreement.csv")]
    assert len(gaps) == 7
    assert max(gaps) <= 1e-10
    assert len({r["hash of all bits"] for r in table("scale-backends.csv")}) == 1
    claims = table("claims/scale.csv")
    assert len(claims) == 5
    assert {claim["met"] for claim in claims} == {"yes"}


@pytest.mark.parametrize("stored", [0, 20])
def test_a_small_file_gives_the_numbers_of_its_rows(
    stored: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "GROUP", 7_000)
    path = str(made.write(tmp_path / "rows.parquet", 20_000, stored))
    found = {way: one.numbers(one.survey_of(path, way, stored), stored) for way in files.WAYS}
    for way in ("duckdb", "pyarrow"):
        np.testing.assert_allclose(found[way], found["memory"], rtol=1e-10)


def test_a_study_in_shards_has_the_bits_of_a_loop() -> None:
    seeds = range(1, 4)
    assert backends.bits(backends.on("three shards in files", seeds)) == backends.bits(
        backends.on("one loop", seeds)
    )
