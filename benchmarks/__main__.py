"""Speed against svy 0.35 and the peers of network scale-up in one run: ``make bench``.

Figures are medians of CPU seconds, of two packages in turn on the same data, each with its sample
object made beforehand, and each must give the same numbers or be listed with the reason. Beside the
ratios to svy stand the time in which this machine does the least that the task needs (``one pass``:
every byte of its columns read once, or the one product of matrices), and R's survey where it is
installed. The exit status is 1 if a bar is missed or a number differs. ``python -m benchmarks quick``
leaves out what takes longest; ``python -m benchmarks network`` runs network scale-up alone,
``python -m benchmarks mse`` multiple-systems estimation, ``python -m benchmarks measurement`` sensitive
questions, imperfect instruments, definitions and exports, and each writes its table in `docs/evidence/`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import svy

from . import estimation, measurement, mse, network, network_samplers, raking, replicates
from .timing import Sheet, timed, title

DOCS = Path(__file__).resolve().parents[1] / "docs" / "evidence"


def main() -> int:
    """Run every bench and return 1 if a bar is missed."""
    quick = "quick" in sys.argv
    alone = [part for part in PARTS if part in sys.argv]
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        print("CPU seconds count threads that wait: set OPENBLAS_NUM_THREADS=1, as make bench does")
    met = [] if alone else _surveys(quick)
    for part in alone or PARTS:
        sheet = Sheet()
        PARTS[part](sheet, quick=quick)
        if alone:
            pd.DataFrame(sheet.rows).to_csv(DOCS / f"{part}-speed.csv", index=False)
        met.append(sheet.met)
    return 0 if all(met) else 1


def _networks(sheet: Sheet, *, quick: bool) -> None:
    """Run the benches of network scale-up."""
    network.network(sheet)
    if not quick:
        network_samplers.models(sheet)


PARTS = {"network": _networks, "mse": mse.mse, "measurement": measurement.measurement}


def _surveys(quick: bool) -> list[bool]:
    """Run the benches of surveys and weights."""
    print(title(f"svy {svy.__version__}"), flush=True)
    met = [timed(line) for line in estimation.lines() if not quick or line.bar < 50]
    met += [estimation.growth(), estimation.frames()]
    if not quick:
        met += [estimation.memory(), raking.raking(runs=1)]
        met += [timed(line) for line in replicates.lines()]
        met.append(replicates.memory())
    return met


if __name__ == "__main__":
    sys.exit(main())
