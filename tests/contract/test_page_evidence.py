"""The page of contracts shows every registered estimator, and every reason, as they are now."""

from __future__ import annotations

import csv
from pathlib import Path

from evidence.contracts import HEAD, PROMISES, REASONS, TABLE, not_asked
from prevalence.registry import registered
from tests.contract.checks import CONTRACTS, applies

ENTRIES = registered(variants=True)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence"


def table(name: str) -> list[list[str]]:
    with (PAGE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_table_is_that_of_the_registry_and_every_contract_is_met() -> None:
    head, *rows = table(TABLE)
    assert head == list(HEAD)
    wanted = [
        [name, *("-" if applies(entry, c) else "met" for c in CONTRACTS)]
        for name, entry in ENTRIES.items()
    ]
    assert rows == wanted, "run python -m evidence.contracts"


def test_reasons_and_promises_are_those_of_the_code() -> None:
    assert [tuple(row) for row in table(REASONS)[1:]] == not_asked(ENTRIES)
    assert table(PROMISES)[1:] == [[name, c.promise] for name, c in CONTRACTS.items()]
