"""Speed, memory and growth beside the peers in one run, and the pages' tables: ``make bench``.

Figures are medians of CPU seconds, of packages in turn on the same data, each with its sample object
made beforehand, and each must give the same numbers or be listed with the reason. Beside them stands
the time in which this machine does the least that the task needs (`one pass`). Everything goes to
`docs/evidence/speed.json`, from which the tables of the pages and the figure of growth are made.
The exit status is 1 if a bar is missed or a number differs.

``python -m benchmarks network`` runs one family alone and leaves the others as they stand; ``python -m
benchmarks pages`` makes tables and figure from the JSON; ``python -m benchmarks quick`` is short and
writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from . import estimation, growth, measurement, memory, mse, network, raking, replicates, results
from . import network_samplers as samplers
from .table import Table


def main(words: list[str]) -> int:
    """Run the families asked for, all of them by default, and write what was found."""
    unknown = sorted(set(words) - {*FAMILIES, "growth", "quick", "pages"})
    if unknown:
        print(f"no family {unknown[0]!r}: choose among {', '.join([*FAMILIES, 'growth', 'quick'])}")
        return 2
    quick, chosen = "quick" in words, [name for name in words if name not in ("quick", "pages")]
    fine = True
    for name in [] if words == ["pages"] else chosen or [*FAMILIES, "growth"]:
        print(f"\n== {name}", flush=True)
        if name == "growth":
            slopes = growth.growth(quick=quick)
            if not quick:
                results.put("growth", slopes)
            continue
        table = Table(name)
        FAMILIES[name](table, quick)
        fine &= table.met
        if not quick:
            results.put(name, table.as_json())
    return int(not fine) if quick else results.publish()


def _surveys(table: Table, quick: bool) -> None:
    """Run surveys and weights, and compare memory."""
    estimation.estimation(table, quick=quick)
    if not quick:
        raking.raking(table)
        replicates.replicates(table)
    memory.memory(table, quick=quick)


def _networks(table: Table, quick: bool) -> None:
    """Run network scale-up."""
    network.network(table)
    if not quick:
        samplers.models(table)


FAMILIES: dict[str, Callable[[Table, bool], None]] = {
    "surveys": _surveys,
    "network": _networks,
    "mse": lambda table, quick: mse.mse(table, quick=quick),
    "measurement": lambda table, quick: measurement.measurement(table, quick=quick),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
