"""Claims: what is promised, what was found, and the command that finds it again.

A measurement calls `put` once, with all its claims. `docs/evidence/claims/` then has one small table
for each command, which `python -m evidence index` joins into the table that the evidence page shows.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["DOCS", "Claim", "gathered", "put"]

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "evidence"
CLAIMS = DOCS / "claims"
HEAD = ("claim", "promised", "found", "met", "page")


class Claim(NamedTuple):
    """One promise with the number promised, the number found, and the page that shows more.

    `met` is False where the promise does not hold: then the command that measures it exits with 1.
    `page` is a file of `docs/evidence/` without its ending.
    """

    claim: str
    promised: str
    found: str
    met: bool
    page: str = ""


def put(command: str, claims: Sequence[Claim]) -> int:
    """Write the claims that a command measures, print them, and return its exit status."""
    CLAIMS.mkdir(parents=True, exist_ok=True)
    with file_of(command).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow((*HEAD, "command"))
        for claim in claims:
            rows.writerow((*claim[:3], "yes" if claim.met else "NO", claim.page, command))
            print(f"{'met' if claim.met else 'NOT MET':8} {claim.claim}: {claim.found}", flush=True)
    return 0 if claims and all(claim.met for claim in claims) else 1


def file_of(command: str) -> Path:
    """Return the file of a command's claims: its last dotted word."""
    words = command.removeprefix("python -m ").split()
    return CLAIMS / f"{words[0].removeprefix('evidence.').replace('.', '-')}.csv"


def gathered() -> list[dict[str, str]]:
    """Return the claims of every command, in the order of their files."""
    rows = []
    for path in sorted(CLAIMS.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows
