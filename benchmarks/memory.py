"""Peak memory, in a process of its own for every package: ``python -m benchmarks.memory NAME FILE``.

The columns are read from a file, memory is noted, and then the task runs once. What it takes more at its
peak, with the input itself, is given as a multiple of the input: the promise is at most three.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from . import estimation, replicates
from . import survey_peers as peers
from .estimation import NAMES, survey_of, targets
from .machine import installed, r_versions, version
from .table import OURS, Row, Table

TIMES = 3.0  # of the input, at the peak of an estimate by design
UNITS_BAR = 2_000.0  # MB in all, a million units of one row
STATUS = Path("/proc/self/status")


def arrays(frame: pd.DataFrame) -> Any:
    """Return the columns of a table by their names."""
    return {str(name): frame[name].to_numpy() for name in frame}


def memory(table: Table, *, quick: bool = False) -> None:
    """Compare the memory of ten means, and hold ours against the input for every kind of estimate."""
    rows = estimation.SMALL if quick else estimation.N
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "columns.npz"
        frame = estimation.data(rows)
        np.savez(file, **arrays(frame))
        for name in TASKS:
            _ours(table, name, file, rows)
            if name == "10 means":
                _peers(table, file, frame, f"memory: {name}")
        if not quick:
            own = estimation.data(rows, own_psu=True)
            np.savez(file, **arrays(own))
            _units(table, file, rows)


def _ours(table: Table, name: str, file: Path, rows: int) -> None:
    told, note = _told(OURS, name, file), f"n = {rows:,}"
    _take(table, f"memory: {name}", OURS, pv.__version__, told, bar=TIMES, note=note)


def _units(table: Table, file: Path, rows: int) -> None:
    """Let every row be a unit of its own: influence is as large as the data."""
    told = _told(OURS, "10 means", file)
    note = f"{told['all']:,.0f} MB in all, Python too; n = {rows:,}"
    task = "memory: 10 means, every row a unit"
    _take(table, task, OURS, pv.__version__, told, bar=UNITS_BAR, unit="MB in all", note=note)


def _peers(table: Table, file: Path, frame: pd.DataFrame, task: str) -> None:
    """Take the same ten means by the peers, each in its own process."""
    if installed("svy"):
        _take(table, task, "svy", version("svy"), _told("svy", "10 means", file))
    matrices, sizes = [frame[[*estimation.DESIGN, *NAMES]]], [len(frame), len(NAMES)]
    session = peers.survey_r(peers.LINEAR, "survey", matrices, sizes)
    if session is not None:
        with session:
            took = session.task("mean")()
        size = 8.0 * len(frame) * (len(NAMES) + 3) / 1e6
        told = {"cpu": took.cpu, "wall": took.wall, "peak": took.peak_mb, "input": size}
        _take(table, task, "R survey", r_versions()["survey"], told)


def _take(
    table: Table,
    task: str,
    package: str,
    release: str,
    told: dict[str, Any],
    *,
    bar: float | None = None,
    unit: str = "times the input",
    note: str = "",
) -> None:
    """Take a row whose bar is a multiple of the input, or what is taken in all."""
    times = (told["input"] + told["peak"]) / told["input"]
    words = f"{times:.2f} times the input of {told['input']:.0f} MB"
    first = next((row.cpu for row in table.rows if row.task == task), None)
    table.take(
        Row(
            table.family, task, package, release, cpu=told["cpu"], wall=told["wall"], runs=1,
            peak_mb=told["input"] + told["peak"], ratio=first and told["cpu"] / first, bar=bar,
            unit=unit if bar else "",
            met="" if bar is None else "yes" if (told["all"] if "all" in unit else times) <= bar else "NO",
            note="; ".join(filter(None, (words, note))),
        )
    )  # fmt: skip


def _told(package: str, name: str, file: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.memory", package, name, str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return told


# ---------------------------------------------------------------------- in the process of its own
def _means(frame: pd.DataFrame) -> Callable[[], Any]:
    return lambda: pv.direct.mean(survey_of(frame), NAMES).std_error


def _domains(frame: pd.DataFrame) -> Callable[[], Any]:
    return lambda: pv.direct.mean(survey_of(frame), NAMES, by="domain").std_error


def _raked(frame: pd.DataFrame) -> Callable[[], Any]:
    wanted = targets(frame)
    return lambda: pv.direct.mean(survey_of(frame).rake(wanted), NAMES, by="domain").std_error


def _replicated(frame: pd.DataFrame) -> Callable[[], Any]:
    def call() -> Any:
        survey = survey_of(frame).bootstrap(replicates.DRAWN, rng=1)
        return pv.direct.mean(survey, NAMES).std_error

    return call


TASKS: dict[str, Callable[[pd.DataFrame], Callable[[], Any]]] = {
    "10 means": _means,
    "10 means by 50 domains": _domains,
    "10 means by 50 domains after raking": _raked,
    f"10 means, {replicates.DRAWN} Rao-Wu replicates": _replicated,
}


def _svy(frame: pd.DataFrame) -> Callable[[], Any]:
    sample = peers.svy_sample(frame)
    return lambda: peers.svy_made(sample.estimation.mean, NAMES)


def main(package: str, name: str, file: str) -> None:
    """Read the columns, run the task once, and tell what it took."""
    made = {"svy": _svy, OURS: TASKS[name]}[package]
    few = ["stratum", "psu", "w", *NAMES]
    more = ["domain"] if "domains" in name else []
    more += [f"m{k}" for k in range(len(estimation.MARGINS))] if "raking" in name else []
    with np.load(file) as columns:
        frame = pd.DataFrame({column: columns[column] for column in few + more}, copy=False)
    call = made(frame)
    size = float(frame.memory_usage(index=False).sum()) / 1e6
    warm_up()
    before = _resident("VmRSS")
    _forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    told = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    peak = _resident("VmHWM")
    print(json.dumps({**told, "peak": peak - before, "input": size, "all": peak}))


def warm_up() -> None:
    """Load the modules that a first call loads, which are no part of what its data take."""
    frame = estimation.data(2 * estimation.STRATA * estimation.PSUS)
    for make in TASKS.values():
        make(frame)()


def _resident(key: str) -> float:
    """Return MB of memory in use (VmRSS) or at its peak (VmHWM)."""
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(key)) * 1024 / 1e6


def _forget_peak() -> None:
    """Let the peak be counted from now on."""
    with Path("/proc/self/clear_refs").open("w", encoding="utf-8") as file:
        file.write("5")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main(*sys.argv[1:])
