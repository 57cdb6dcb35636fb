"""Run every test that compares with a reference value, ask the witnesses, and write the dossier.

``python -m evidence.dossier`` runs the tests, the long ones too, and the witnesses, and writes
``docs/evidence/dossier.csv``, ``dossier-summary.csv`` and ``dossier-digits.csv``. With ``quick`` it
leaves out the long tests, and writes nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..claims import DOCS, ROOT, Claim, put
from .digits import digits
from .stored import ORACLE, cases
from .table import joined, noted, summary, written

COMPARING = (
    "tests/reference",
    "tests/engine/test_supplied_replicates.py",
    "tests/engine/test_recorder.py",
    "tests/engine/test_adjoints.py",
    "tests/network/test_scale_up.py",
    "tests/notebooks/test_real_data.py",
    "tests/test_mse_peers.py",
)
WITH_R = "tests/crosscheck/survey.py"  # asks R itself, where R is installed
PAGE = "dossier"


def main(words: list[str]) -> int:
    """Make the dossier."""
    if not ORACLE.is_dir():
        print("no ../shared/oracle beside the clone: the dossier cannot be made")
        return 2
    quick = "quick" in words
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with ThreadPoolExecutor(1) as beside:  # else a core is idle while they run
            asked = beside.submit(witnesses, folder)
            failed = tests(folder, quick) + asked.result()
        rows = joined(noted(folder))
    for row in rows:
        row["values"] = int(row["values"])
    if not quick:
        path = written("dossier.csv", rows)
        written("dossier-summary.csv", summary(rows))
        print(f"{path.relative_to(ROOT)}: {len(rows):,} lines, {path.stat().st_size:,} bytes")
    told = digits()
    if quick:
        return 1 if failed else 0
    written("dossier-digits.csv", told)
    return put("python -m evidence.dossier", claims(rows, told, failed))


def tests(folder: Path, quick: bool) -> int:
    """Run the tests that compare; return how many commands failed."""
    marks = ["-m", "not proof" if quick else ""]
    # Some tests take minutes: the worker that is done takes over what the other has left.
    spread = ["-n", "2", "--dist", "worksteal"]
    command = ["pytest", "-q", "-p", "no:cacheprovider", *spread, *marks, *COMPARING]
    command += [WITH_R] if shutil.which("Rscript") else []
    settings = {
        **os.environ,
        "PREVALENCE_DOSSIER": str(folder),
        "PREVALENCE_REQUIRE_ORACLE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    run = [sys.executable, "-m", *command]
    return int(subprocess.run(run, cwd=ROOT, env=settings, check=False).returncode != 0)


def witnesses(folder: Path) -> int:
    """Ask the witnesses in their own environment; return how many commands failed."""
    bench = ROOT / ".venv-bench" / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = [str(bench), "-m", "evidence.dossier.witnesses", str(folder)]
    settings = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return int(subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode != 0)


def claims(rows: list[dict[str, Any]], told: list[dict[str, Any]], failed: int) -> list[Claim]:
    """Return what the dossier promises and found."""
    values: Counter[str] = Counter()
    for row in rows:
        values[row["status"]] += row["values"]
    status: dict[str, set[str]] = {" > ".join(one.place): set() for one in cases()}
    for row in rows:
        if row["case"] in status:
            status[row["case"]].add(row["status"])
    compared = sum(bool(s & {"agrees", "explained", "stated difference"}) for s in status.values())
    waiting = sum(s == {"waits"} for s in status.values())
    silent = [row["case"] for row in rows if row["why"].startswith("NOT COMPARED")]
    worst = max(float(row["share"]) for row in rows if row["share"] != "")
    held = [row for row in rows if row["source"].startswith(("svy", "samplics"))]
    least = min(float(row["ours"]) for row in told if row["set"] != "Filip")
    lower = min(float(row["ours"]) for row in told if row["level"] == "lower")
    behind = [row["set"] for row in told if row["behind"] == "yes"]
    return [
        Claim(
            "Every reference value agrees with ours within its stated tolerance",
            "all",
            f"{values['agrees']:,} values agree, {values['explained']:,} by the peer's own rule; "
            f"{values['stated difference']:,} differ for stated reasons; the nearest uses "
            f"{worst:.0%} of its tolerance",
            not failed and worst <= 1,
            PAGE,
        ),
        Claim(
            "No stored result of a peer is passed over",
            "each compared, or named with its reason",
            f"{compared:,} compared, {waiting:,} wait for what is not built, "
            f"{len(status) - compared - waiting - len(silent):,} left out with a reason; "
            f"{len(silent)} without one",
            not silent,
            PAGE,
        ),
        Claim(
            "svy and samplics agree on estimates and standard errors",
            "all, or the reason of the difference",
            f"{sum(row['values'] for row in held):,} values agree",
            bool(held) and all(row["status"] == "agrees" for row in held),
            PAGE,
        ),
        Claim(
            "Coefficients have the digits that NIST certifies",
            "10 at least, 13 of the sets of lower difficulty, never fewer than R nor than the data",
            f"{least:.1f} at least, {lower:.1f} of the sets of lower difficulty; Filip holds 7.9 in "
            f"double precision, all of them found; behind R: {', '.join(behind) or 'none'}",
            least >= 10 and lower >= 13 and not behind,
            PAGE,
        ),
    ]


if __name__ == "__main__":
    print(DOCS.relative_to(ROOT))
    sys.exit(main(sys.argv[1:]))
