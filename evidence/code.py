"""Which lines, branches and messages of the package the tests reach.

``python -m evidence.code`` runs the tests of ``make test``, but those of its own tables, once under coverage and writes
`docs/evidence/code.csv` (each room: statements, lines and branches that ran), `code-missed.csv` (what
did not) and `messages.csv` (each room: errors and warnings it can issue, and how many of them a test
brought about). A message counts when its statement ran; words handed to a shared helper count when
an error with these words came through that very call.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import coverage

from .claims import DOCS, ROOT, Claim, put
from .messages import Message, messages, shared
from .said import FOLDER, PACKAGE, gathered

COMMAND = "python -m evidence.code"
LINES, BRANCHES = 97.0, 95.0
SETTINGS = f"[run]\nbranch = True\nsource = {PACKAGE.name}\n"
ROOMS = ("room", "statements", "lines that ran, %", "branches", "branches that ran, %")
MISSED = ("file", "line", "what did not run")
TOLD = ("room", "errors and warnings", "brought about by a test")


def main(options: list[str]) -> int:
    """Run the tests, or with ``--from FOLDER`` read what an earlier run left there."""
    if options[:1] == ["--from"]:
        return report(Path(options[1]), None)
    with tempfile.TemporaryDirectory() as folder:
        return report(Path(folder), run(Path(folder)))


def run(folder: Path) -> int:
    """Run the tests under coverage, with the files of the run in a folder."""
    (folder / "settings").write_text(
        SETTINGS + f"data_file = {folder / 'data'}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    command += ["--ignore=tests/test_evidence_code.py"]  # it reads the tables that this run writes
    command += ["--no-loadscope-reorder", "-p", "no:cacheprovider", "-p", "evidence.said"]
    command += ["--cov", "--cov-report=", f"--cov-config={folder / 'settings'}"]
    environment = {**os.environ, FOLDER: str(folder), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def report(folder: Path, status: int | None) -> int:
    """Write the tables of a run and its claims."""
    measured = coverage.Coverage(
        data_file=str(folder / "data"), config_file=str(folder / "settings")
    )
    measured.load()
    measured.json_report(outfile=str(folder / "coverage.json"), ignore_errors=True)
    files = json.loads((folder / "coverage.json").read_text(encoding="utf-8"))["files"]
    found = {name: one for path, one in files.items() if (name := in_package(path))}
    executed = {name: executed_lines(measured, PACKAGE / name) for name in found}
    made = messages(PACKAGE)
    through = {line for said in gathered(folder) for line in said.lines}
    silent = [one for one in made if not reached(one, executed, through)]
    totals = summed(one["summary"] for one in found.values())
    write("code.csv", ROOMS, rooms(found, totals))
    write("code-missed.csv", MISSED, missed(found))
    write("messages.csv", TOLD, by_room(made, silent))
    write("messages-silent.csv", ("file", "line", "kind", "text"),
          [(m.file, str(m.line), m.kind, m.text) for m in silent])  # fmt: skip
    alike = shared(made)
    write("messages-alike.csv", ("text", "where"),
          [(t, ", ".join(f"{m.file}:{m.line}" for m in ms)) for t, ms in alike.items()])  # fmt: skip
    return put(COMMAND, claims(status, totals, len(made), len(silent), len(alike)))


def in_package(path: str) -> str | None:
    whole = (ROOT / path).resolve()
    return whole.relative_to(PACKAGE).as_posix() if PACKAGE in whole.parents else None


def executed_lines(measured: coverage.Coverage, path: Path) -> set[int]:
    return set(measured.get_data().lines(str(path)) or ())


def reached(
    message: Message, executed: Mapping[str, set[int]], through: Collection[tuple[str, int]]
) -> bool:
    """Tell whether a test brought a message about, from the lines that ran or that errors came through."""
    lines = range(message.line, message.end + 1)
    if message.kind.startswith("refused by"):
        return any((message.file, line) in through for line in lines)
    return any(line in executed.get(message.file, ()) for line in lines)


def summed(summaries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Add up what coverage counts of files."""
    names = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    out = dict.fromkeys(names, 0)
    for summary in summaries:
        for name in names:
            out[name] += summary[name]
    return out


def room(file: str) -> str:
    return file.partition("/")[0].removesuffix(".py")


def row(name: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    return (
        name,
        f"{counts['num_statements']:,}",
        percent(counts["covered_lines"], counts["num_statements"]),
        f"{counts['num_branches']:,}",
        percent(counts["covered_branches"], counts["num_branches"]),
    )


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


def rooms(found: Mapping[str, Any], totals: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Return a row for each room and one for all."""
    by_name: dict[str, list[Mapping[str, int]]] = defaultdict(list)
    for file, one in found.items():
        by_name[room(file)].append(one["summary"])
    return [row("all rooms", totals), *(row(n, summed(s)) for n, s in sorted(by_name.items()))]


def missed(found: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return lines and branches that did not run."""
    out = []
    for file, one in sorted(found.items()):
        source = (PACKAGE / file).read_text(encoding="utf-8").splitlines()
        gone = set(one["missing_lines"])
        out += [(file, line, source[line - 1].strip()) for line in sorted(gone)]
        for start, end in one["missing_branches"]:
            if start not in gone:
                out.append(
                    (
                        file,
                        start,
                        f"never to {end if end > 0 else 'the end'}: {source[start - 1].strip()}",
                    )
                )
    return [(file, str(line), text) for file, line, text in out]


def by_room(made: list[Message], silent: list[Message]) -> list[tuple[str, str, str]]:
    """Return how many messages each room has, and how many were brought about."""
    count: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for message in made:
        count[room(message.file)][0] += 1
        count[room(message.file)][1] += message not in silent
    rows = [(name, str(all_), str(seen)) for name, (all_, seen) in sorted(count.items())]
    return [("all rooms", str(len(made)), str(len(made) - len(silent))), *rows]


def claims(
    status: int | None, totals: Mapping[str, int], made: int, silent: int, alike: int
) -> list[Claim]:
    """Return what is promised of the tests' reach; nothing of a run that was read from a folder."""
    lines = 100 * totals["covered_lines"] / totals["num_statements"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    page = "code-coverage"
    found = [
        Claim("lines that the tests of make test reach", f"{LINES:g} %", f"{lines:.2f} %", lines >= LINES, page),
        Claim("branches that they reach", f"{BRANCHES:g} %", f"{branches:.2f} %", branches >= BRANCHES, page),
        Claim("errors and warnings that a test brings about", f"{made:,} of {made:,}",
              f"{made - silent:,} of {made:,}", silent == 0, page),
        Claim("texts of messages that two statements word alike", "none", str(alike), alike == 0, page),
    ]  # fmt: skip
    if status is not None:
        passed = f"exit {status}"
        found.append(Claim("the tests pass under coverage", "exit 0", passed, status == 0, page))
    return found


def write(name: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write one table of the evidence."""
    with (DOCS / name).open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file, lineterminator="\n")
        written.writerow(head)
        written.writerows(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
