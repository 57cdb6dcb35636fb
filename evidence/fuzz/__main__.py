"""Call every public name at random, and count what comes of it.

``python -m evidence.fuzz [calls] [--seed S] [--one NUMBER]``: 100,000 calls in two processes, or the
call of one number alone, with its traceback. Writes `docs/evidence/fuzz.csv` and the claims.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from evidence.claims import DOCS, Claim, put

from .run import ROUNDS, Outcome, batch, bounded, schedule, tried
from .surface import SURFACE

HEAD = ("name", "kind", "calls", "results", "documented", "errors", "other", "ms")
BATCH = 250
LEAST = 10_000  # calls of a run whose table is kept


def main() -> int:
    """Run the calls and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m evidence.fuzz")
    parser.add_argument("calls", nargs="?", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", type=int, default=None, help="the number of one call")
    given = parser.parse_args()
    names = schedule(given.calls)
    with tempfile.TemporaryDirectory() as folder:
        if given.one is not None:
            os.chdir(folder)  # a call may write files
            print(tried(given.one, names[given.one], given.seed, Path(folder), raising=True))
            return 0
        began = time.perf_counter()
        found = both(names, given.seed, folder)
    minutes = (time.perf_counter() - began) / 60
    print(f"{len(found):,} calls in {minutes:.1f} minutes")
    if given.calls < LEAST:
        return int(any(each.fault for each in found))
    write(found)
    return claims(found)


def both(names: list[str], seed: int, folder: str) -> list[Outcome]:
    """Return what came of all calls, made by two processes a batch at a time."""
    os.environ["MPLBACKEND"] = "agg"
    batches = [range(k, min(k + BATCH, len(names))) for k in range(0, len(names), BATCH)]
    jobs = [
        ([(n, names[n]) for n in batch], seed, f"{folder}/{k}") for k, batch in enumerate(batches)
    ]
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawned, initializer=bounded) as pool:  # it tells of a lost process
        found = []
        for part in pool.map(batch, jobs):
            for each in part:
                if each.fault:
                    print(f"{each.number} {each.name}: {each.fault}: {each.said}", flush=True)
            found += part
            if len(found) % 10_000 == 0:
                print(f"{len(found):,} calls", flush=True)
        return found


def rows(found: list[Outcome]) -> list[tuple[Any, ...]]:
    """Return one row for each public name."""
    made = []
    for name, callee in SURFACE.items():
        own = [each for each in found if each.name == name]
        kinds = Counter(each.kind for each in own if not each.fault and each.kind != "result")
        results = sum(each.kind == "result" and not each.fault for each in own)
        words = "; ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))
        spent = 1000 * sum(each.seconds for each in own) / max(len(own), 1)
        faults = sum(bool(each.fault) for each in own)
        made.append(
            (
                name,
                callee.kind,
                len(own),
                results,
                sum(kinds.values()),
                words,
                faults,
                f"{spent:.2g}",
            )
        )
    return made


def write(found: list[Outcome]) -> None:
    """Write the table of the page."""
    with (DOCS / "fuzz.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEAD)
        table.writerows(rows(found))


def claims(found: list[Outcome]) -> int:
    """Write what was promised and found, and return the exit status."""
    table = rows(found)
    faults = Counter(each.fault for each in found if each.fault)
    results = sum(row[3] for row in table) / len(found)
    functions = [row for row in table if row[1] == "function"]
    rest = [row for row in table if row[1] != "function"]
    least = min(functions, key=lambda row: row[2])
    barren = min(table, key=lambda row: row[3] / row[2])
    shares = sorted(row[3] / row[2] for row in table)
    return put(
        "python -m evidence.fuzz",
        [
            Claim(
                "Random public calls end in a result or in an error of ours",
                "100,000 calls, 0 that end otherwise",
                f"{len(found):,} calls, {sum(faults.values())} that end otherwise"
                + "".join(f"; {kind}: {n}" for kind, n in faults.most_common()),
                len(found) >= 100_000 and not faults,
                "fuzz",
            ),
            Claim(
                "Half of the random calls return a result",
                "at least 50 %",
                f"{100 * results:.1f} %; for nine names in ten at least {100 * shares[len(shares) // 10]:.0f} %, "
                f"least for {barren[0]} ({barren[3]} of {barren[2]})",
                results >= 0.5,
                "fuzz",
            ),
            Claim(
                "Every public function is called often",
                f"every function at least {ROUNDS} times, every other public name at least 100",
                f"{len(functions)} functions at least {least[2]} times; {len(rest)} classes, methods and "
                f"properties at least {min(row[2] for row in rest)}",
                least[2] >= ROUNDS and min(row[2] for row in rest) >= 100,
                "fuzz",
            ),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
