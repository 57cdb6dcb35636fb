"""How a survivor reads: `readings.csv` beside this file, written by hand, one line each."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from .faults import Fault

FILE = Path(__file__).with_name("readings.csv")


def reading(fault: Fault) -> str:
    """Return what was found when this survivor was read, or an empty string."""
    return _all().get(fault.key, "")


@cache
def _all() -> dict[tuple[str, ...], str]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {
            tuple(r[name] for name in ("module", "function", "kind", "before", "after", "turn")): r[
                "reading"
            ]
            for r in rows
        }
