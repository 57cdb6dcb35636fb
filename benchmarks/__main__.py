"""Speed against svy 0.35 and the peers of network scale-up in one run: ``make bench``.

Figures are medians of CPU seconds, of two packages in turn on the same data, each with its sample
object made beforehand, and each must give the same numbers or be listed with the reason. Beside the
ratios to svy stand the time in which this machine does the least that the task needs (``one pass``:
every byte of its columns read once, or the one product of matrices), and R's survey where it is
installed. The exit status is 1 if a bar is missed or a number differs. ``python -m benchmarks quick``
leaves out what takes longest; ``python -m benchmarks network`` runs network scale-up alone and writes
its table in `docs/`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import svy

from . import estimation, network, network_samplers, raking, replicates
from .timing import Sheet, timed, title

TABLE = Path(__file__).resolve().parents[1] / "docs" / "network-speed.csv"


def main() -> int:
    """Run every bench and return 1 if a bar is missed."""
    sheet, quick = Sheet(), "quick" in sys.argv
    met = [] if "network" in sys.argv else _surveys(quick)
    network.network(sheet)
    if not quick:
        network_samplers.models(sheet)
    if "network" in sys.argv:
        pd.DataFrame(sheet.rows).to_csv(TABLE, index=False)
    return 0 if all([*met, sheet.met]) else 1


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
