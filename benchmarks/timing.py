"""How the benches are timed: two calls in turn, CPU seconds, medians, and the limit of the machine."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

WIDTH = 44


class Line(NamedTuple):
    """One bench: ours against theirs, the ratio it must reach, and what it is held against.

    `limit` does the least that the task needs on this machine, as a rule reading every byte of its
    columns once; `other` is the CPU seconds of R survey, where it is installed.
    """

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    bar: float
    runs: int
    limit: Callable[[], Any] | None = None
    other: float | None = None


@dataclass
class Sheet:
    """Figures that are printed as they are found, each beside its bar, and kept for a table."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def at_most(
        self, task: str, figure: float, unit: str, bar: float | None = None, note: str = ""
    ) -> None:
        """Take a figure that must not be above its bar."""
        self._take(task, figure, unit, bar, bar is None or figure <= bar, note)

    def at_least(
        self, task: str, figure: float, unit: str, bar: float | None = None, note: str = ""
    ) -> None:
        """Take a figure, such as a ratio to another package, that must reach its bar."""
        self._take(task, figure, unit, bar, bar is None or figure >= bar, note)

    def checked(
        self,
        task: str,
        equal: bool,
        note: str = "",
        *,
        how: str = "the same numbers",
        listed: str = "",
    ) -> None:
        """Take whether another package gives the same; if not, it fails unless the reason is listed."""
        found = how if equal else listed or "OTHER NUMBERS"
        self._tell(f"{task:{WIDTH}} {'; '.join(filter(None, (found, note)))}")
        met = "yes" if equal else "listed" if listed else "no"
        self.rows.append({"task": task, "met": met, "beside": f"{found}; {note}".strip("; ")})

    @property
    def met(self) -> bool:
        """Whether every bar is met and every number agrees."""
        return all(row["met"] != "no" for row in self.rows)

    def _take(
        self, task: str, figure: float, unit: str, bar: float | None, met: bool, note: str
    ) -> None:
        told = "" if bar is None else f"  (bar {bar:g}: {'met' if met else 'MISSED'})"
        beside = f"  {note}" if note else ""
        self._tell(f"{task:{WIDTH}} {figure:10.4g} {unit}{told}{beside}")
        written = f"{figure:.0f}" if figure >= 100 else f"{figure:.3g}"
        row = {"task": task, "figure": written, "unit": unit, "bar": bar}
        told = "" if bar is None else "yes" if met else "no"
        self.rows.append({**row, "met": told, "beside": note})

    @staticmethod
    def _tell(line: str) -> None:
        print(line, flush=True)


def cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds of one call, and what it returned; the other's threads come to rest first."""
    gc.collect()
    time.sleep(0.2)
    began = time.process_time()
    result = call()
    return time.process_time() - began, result


def in_turn(*calls: Callable[[], Any], runs: int = 9) -> list[float]:
    """Return medians of the CPU seconds of calls that are made in turn, after one call of each."""
    for call in calls:
        call()
    spent = [[cpu(call)[0] for call in calls] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*spent, strict=True)]


def reading(*columns: Any) -> Callable[[], Any]:
    """Return a call that reads every byte of some columns once."""
    arrays = [np.ascontiguousarray(column) for column in columns]
    return lambda: [np.add.reduce(array, axis=None) for array in arrays]


def title(theirs: str) -> str:
    """Return the head of the table."""
    return (
        f"{'CPU seconds':{WIDTH}} {'prevalence':>10} {theirs:>11} {'ratio':>8}  {'one pass':>8} "
        f"{'R survey':>9}"
    )


def timed(line: Line) -> bool:
    """Time two calls in turn, print medians, ratio and limit, and say whether the bar is met.

    Ours, which is short, is timed three times for each run of theirs, and so is the limit.
    """
    a, b, least = [], [], []
    for _ in range(line.runs):
        a += [cpu(line.ours)[0] for _ in range(3)]
        b.append(cpu(line.theirs)[0])
        if line.limit is not None:
            least += [cpu(line.limit)[0] for _ in range(3)]
    one, two = statistics.median(a), statistics.median(b)
    met = two / one >= line.bar
    limit = f"{statistics.median(least):.3f} s" if least else ""
    other = "" if line.other is None else f"{line.other:.2f} s"
    print(
        f"{line.name:{WIDTH}} {one:8.3f} s {two:9.3f} s {two / one:7.1f}x  {limit:>8} {other:>9}  "
        f"(bar {line.bar:g}x: {'met' if met else 'MISSED'})",
        flush=True,
    )
    return met
