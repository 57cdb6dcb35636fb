"""Run every measurement and write `docs/evidence/`: ``make proof``, or ``python -m evidence NAME ...``.

Each step is a command of its own, so that a reviewer can run just the line of interest. Steps run
one after another: those that take long use both cores themselves, and those that time need a quiet
machine. ``python -m evidence index`` only joins the tables of claims.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from typing import NamedTuple

from .claims import DOCS, ROOT, gathered


class Step(NamedTuple):
    """One command of the proof, and the environment whose Python runs it."""

    name: str
    command: str
    environment: str = ".venv"
    extended: bool = False  # many more examples of every property


STEPS = (
    Step("contracts", "evidence.contracts"),
    Step("bad input", "evidence.bad_input"),
    Step("code", "evidence.code"),
    Step("random calls", "evidence.fuzz"),
    Step("reference dossier", "evidence.dossier"),
    Step("determinism", "evidence.determinism .venv-other"),
    Step("scale", "evidence.scale"),
    Step("rare events", "evidence.coverage.rare_events"),
    Step("weighting steps", "evidence.coverage.chain"),
    Step("scale-up", "evidence.coverage.network_coverage"),
    Step("scale-up estimators", "evidence.coverage.network_estimators"),
    Step("scale-up bias", "evidence.coverage.network_bias"),
    Step("scale-up posteriors", "evidence.coverage.network_posteriors"),
    Step("lists", "evidence.coverage.mse_coverage"),
    Step("instruments", "evidence.coverage.instrument_coverage"),
    Step("sensitive questions", "evidence.coverage.sensitive_coverage"),
    Step("direct estimators", "evidence.coverage.direct"),
    Step("other estimators", "evidence.coverage.estimators"),
    Step("calibration of samplers", "evidence.coverage.calibration"),
    Step("whole studies", "evidence.coverage.studies"),
    Step("every estimator", "evidence.coverage"),
    Step("speed", "benchmarks", ".venv-bench"),
    # Last, since they read the tables that the steps above write. The dossier has run the references.
    Step(
        "tests",
        "pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m proof --ignore=tests/reference",
    ),
    Step("properties", "pytest -q -n 2 --dist loadfile tests/properties", extended=True),
)


def main(names: list[str]) -> int:
    """Run the steps asked for, all of them by default, and join the claims."""
    unknown = sorted(set(names) - {step.name for step in STEPS} - {"index"})
    if unknown:
        print(f"no step {unknown[0]!r}: choose among {', '.join(step.name for step in STEPS)}")
        return 2
    chosen = [step for step in STEPS if not names or step.name in names]
    rows: list[dict[str, str]] = []
    for step in chosen:
        rows.append(run(step))
        if not names:  # of the whole proof alone, also where it is cut short
            write("steps.csv", rows)
    claims = gathered()
    write("claims.csv", [shown(claim) for claim in claims])
    failed = [row["step"] for row in rows if row["exit"] != "0"]
    failed += [row["claim"] for row in claims if row["met"] != "yes"]
    minutes = sum(float(row["minutes"]) for row in rows)
    print(
        f"\n{len(rows)} steps in {minutes:.0f} minutes, {len(claims)} claims; {len(failed)} failed"
    )
    for name in failed:
        print(f"  {name}")
    return 1 if failed else 0


def run(step: Step) -> dict[str, str]:
    """Run one step and return a row of the table of steps."""
    folder = "Scripts" if os.name == "nt" else "bin"
    python = ROOT / step.environment / folder / "python"
    print(f"\n== {step.name}: python -m {step.command}", flush=True)
    settings = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    settings["PREVALENCE_EXTENDED_TESTS"] = str(int(step.extended))
    began = time.perf_counter()
    done = subprocess.run(
        [str(python), "-m", *step.command.split()], cwd=ROOT, env=settings, check=False
    )
    minutes = (time.perf_counter() - began) / 60
    return {
        "step": step.name,
        "command": f"python -m {step.command}",
        "exit": str(done.returncode),
        "minutes": f"{minutes:.1f}",
    }


def shown(claim: dict[str, str]) -> dict[str, str]:
    """Return a row of the evidence page: the claim beside its command, with a link to its page."""
    page = claim["page"]
    more = f"[{page}]({page}.md)" if page else ""
    order = ("claim", "promised", "found", "met")
    return {**{key: claim[key] for key in order}, "command": f"`{claim['command']}`", "more": more}


def write(name: str, rows: list[dict[str, str]]) -> None:
    """Write one table of the evidence page."""
    with (DOCS / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]) if rows else ["step"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
