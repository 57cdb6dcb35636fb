"""How calls are timed: in turn, CPU seconds and seconds of the clock, beside what the machine can do.

A machine that others use is slower by the CPU second too: caches and cores are shared. So every call
that must stay below a bar in seconds is timed in turn with a `yardstick`, fixed work of the kinds that
the library does. Its seconds then are divided by how much slower the yardstick was than on the quiet
machine on which the bars were set.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

SHORT, LONG = (
    0.5,
    1.0,
)  # CPU seconds: repeated in a round below; above, the first call is no warm-up
REPEATS = 3
REST = 0.02  # seconds before a call, in which threads of the one before end
# CPU seconds of the yardstick on the quiet machine: the lowest tenth of many, so that no bar is loose.
QUIET = 2.75e-3


class Spent(NamedTuple):
    """What one call took, and what it returned; a peer in a process of its own returns it itself."""

    cpu: float
    wall: float
    found: Any = None
    peak_mb: float | None = None


class Taken(NamedTuple):
    """What some calls of one kind took, and what the first of them returned."""

    cpu: list[float]
    wall: list[float]
    found: Any = None

    @property
    def median(self) -> float:
        """Return the median of CPU seconds."""
        return statistics.median(self.cpu)

    def quartiles(self) -> tuple[float, float]:
        """Return the lower and the upper quartile of CPU seconds."""
        if len(self.cpu) == 1:
            return self.cpu[0], self.cpu[0]
        low, _, high = statistics.quantiles(self.cpu, n=4, method="inclusive")
        return low, high


def spent(call: Callable[[], Any]) -> Spent:
    """Time one call; the threads of the one before come to rest first."""
    gc.collect()
    time.sleep(REST)
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    took = Spent(time.process_time() - cpu, time.perf_counter() - wall, found)
    return found if isinstance(found, Spent) else took


def cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds of one call, and what it returned."""
    return spent(call)[::2]


def in_turn(
    calls: Mapping[str, Callable[[], Any]], *, runs: int = 5, seconds: float = 4.0
) -> dict[str, Taken]:
    """Time calls in turn, `runs` rounds of all, but none for more than about so many seconds.

    The first call of each is a warm-up if it is short, and counts if it takes more than a second.
    In each round a short call is timed three times.
    """
    gc.collect()
    gc.freeze()  # what exists is no garbage of a call, and need not be looked through before each
    first = {name: spent(call) for name, call in calls.items()}
    taken = {name: Taken([], [], one.found) for name, one in first.items()}
    rounds = {}
    for name, one in first.items():
        if math.isnan(one.cpu):  # a peer that did not run
            rounds[name] = 0
            _keep(taken[name], one)
            continue
        rounds[name] = min(runs, max(1, math.ceil(seconds / max(one.cpu, one.wall, 1e-9))))
        if one.cpu > LONG:
            rounds[name] -= 1
            _keep(taken[name], one)
    for turn in range(max(1, *rounds.values())):
        for name, call in calls.items():
            if turn < rounds[name] or not taken[name].cpu:
                for _ in range(REPEATS if first[name].cpu < SHORT else 1):
                    _keep(taken[name], spent(call))
    gc.unfreeze()
    return taken


def _keep(taken: Taken, one: Spent) -> None:
    taken.cpu.append(one.cpu)
    taken.wall.append(one.wall)


def reading(*columns: Any) -> Callable[[], Any]:
    """Return a call that reads every byte of some columns once."""
    arrays = [np.ascontiguousarray(column) for column in columns]
    return lambda: [np.add.reduce(array, axis=None) for array in arrays]


def yardstick() -> Callable[[], Any]:
    """Return the fixed work that bars in seconds are measured with: the parts take like times.

    Reading memory, exponentials, random numbers, sums by group, calls of short arrays, and Python's
    own steps.
    """
    rng = np.random.default_rng(1)
    long, middle, short = rng.normal(size=1_000_000), rng.normal(size=50_000), rng.normal(size=32)
    codes, weights, out = rng.integers(0, 2_000, 100_000), rng.random(100_000), np.empty(50_000)

    def work() -> None:
        for _ in range(3):
            np.add.reduce(long)
        for _ in range(12):
            np.exp(middle, out=out)
        rng.standard_gamma(0.7, 10_000)
        for _ in range(3):
            np.bincount(codes, weights, 2_000)
        for _ in range(500):
            np.multiply(short, 2.0)
        sum(i * i for i in range(15_000))

    return work
