"""The table of bad inputs, asked row by row, with the message that really comes back.

``python -m evidence.bad_input`` asks every case of `tests/bad_input/table.py`, row 43 with 10,000,000
rows, and writes `docs/evidence/bad-input.csv`. Then it runs the other tests of that folder and writes
every message that they see to `bad-input-others.csv`.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bad_input.asked import Answer, Case, answered
from tests.bad_input.table import WAITING, table

from .claims import DOCS, ROOT, Claim, put
from .said import FOLDER, Said, gathered

COMMAND = "python -m evidence.bad_input"
HUGE = 10_000_000
HEAD = ("row", "input", "wanted", "case", "what came back", "in words")
OTHERS = ("table", "input", "what came back", "in words")


def main() -> int:
    """Ask every row, and say which did not get what is wanted."""
    rows, failed, seconds = [], 0, []
    for row in table(HUGE):
        for name, case in row.cases.items():
            began = time.process_time()
            back = outcome(case)
            seconds += [time.process_time() - began] if row.number == "43" else []
            failed += back.kind == "NOT AS WANTED"
            rows.append((row.number, row.given, row.wanted, name, *back))
    rows += [(str(n), why, "waits", "", "", "") for n, why in WAITING.items()]
    rows.sort(key=lambda row: int(row[0]))
    write("bad-input.csv", HEAD, rows)
    status, others = of_other_tables()
    write("bad-input-others.csv", OTHERS, others)
    return put(COMMAND, claims(rows, failed, seconds, status, others))


def outcome(case: Case) -> Answer:
    """Return what came back, or what is wrong with it."""
    try:
        return answered(case)
    except AssertionError as wrong:
        print(f"  not as wanted: {wrong}")
        return Answer("NOT AS WANTED", str(wrong))


def of_other_tables() -> tuple[int, list[tuple[str, str, str, str]]]:
    """Run the other tests of bad input; return their exit status and every message they saw."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "evidence.said",
        ]
        done = subprocess.run(
            [*command, "-m", "not proof and not slow", "tests/bad_input"],
            cwd=ROOT, env={**os.environ, FOLDER: folder}, check=False,
        )  # fmt: skip
        found = {row_of(said) for said in gathered(Path(folder))}
    return done.returncode, sorted(row for row in found if row[0] != "table")


def row_of(said: Said) -> tuple[str, str, str, str]:
    """Return table, input, kind and text of a message; several lines become one."""
    file, _, test = said.test.partition("::")
    name = test.partition("[")[2].rpartition("]")[0] or test.removeprefix("test_").replace("_", " ")
    text = " ".join(said.text.split())
    return Path(file).stem.removeprefix("test_").replace("_", " "), name, said.kind, shortened(text)


def shortened(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:399]}…"


def claims(
    rows: Sequence[tuple[str, ...]],
    failed: int,
    seconds: list[float],
    status: int,
    others: Sequence[tuple[str, ...]],
) -> list[Claim]:
    """Return what is promised of bad input."""
    numbers = {row[0] for row in rows if row[2] != "waits"}
    bad = {row[0] for row in rows if row[4] == "NOT AS WANTED"}
    page = "bad-input"
    slow = f"{max(seconds):.0f} CPU seconds at most"
    return [
        Claim(
            "rows of the table of bad input that get the answer wanted, inputs unchanged",
            "43 of 43 (row 42 waits)", f"{len(numbers - bad)} of 43", len(numbers - bad) == 43, page,
        ),
        Claim(
            f"{HUGE:,} rows in 5,000 strata, and 2,000,000 in 1,000,000: a mean and its standard error",
            "under 60 CPU seconds", slow, max(seconds) < 60, page,
        ),
        Claim(
            "cases of the table, each with a message in four parts or the right answer",
            "all", f"{len(rows) - 1 - failed} of {len(rows) - 1}", failed == 0, page,
        ),
        Claim(
            "messages that the tables of the other tests of bad input saw, each as expected",
            "all tests pass", f"{len(others):,} messages, exit {status}", status == 0, page,
        ),
    ]  # fmt: skip


def write(name: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write one table of the evidence."""
    with (DOCS / name).open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file, lineterminator="\n")
        written.writerow(head)
        written.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
