"""Speed against svy 0.35 in one run: ``make bench``. Figures are medians of CPU seconds.

The two are timed in turn on the same data, each with its sample object made beforehand, and each
must give the same numbers. The bars are ratios of medians; beside them stand the time in which this
machine does the least that the task needs (``one pass``: every byte of its columns read once, or
the one product of matrices), and R's survey where it is installed. The exit status is 1 if a bar is
missed. ``python -m benchmarks quick`` leaves out what takes longest.
"""

from __future__ import annotations

import sys

import svy

from . import estimation, network, raking, replicates
from .timing import timed, title


def main() -> int:
    """Run every bench and return 1 if a bar is missed."""
    print(title(f"svy {svy.__version__}"), flush=True)
    quick = "quick" in sys.argv
    met = [timed(line) for line in estimation.lines() if not quick or line.bar < 50]
    met += [estimation.growth(), estimation.frames(), network.network()]
    if not quick:
        met += [estimation.memory(), raking.raking(runs=1)]
        met += [timed(line) for line in replicates.lines()]
        met.append(replicates.memory())
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
