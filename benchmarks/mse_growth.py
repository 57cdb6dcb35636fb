"""How the cost of multiple-systems estimation grows with lists, replicates, models and persons."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import prevalence as pv

from .mse_tables import asked, made_up, people, table
from .timing import Sheet, cpu

LISTS, REPLICATES = (3, 4, 5, 6, 7, 8), (250, 1_000, 4_000, 16_000)
PERSONS, SEEN = (3_500, 14_000, 56_000, 224_000), (1_000, 10_000, 100_000, 1_000_000)
SLOPE_BAR = 1.1  # no worse than in proportion, but for the noise of a clock


def growth(sheet: Sheet) -> None:
    """Print log-log slopes of CPU seconds."""
    five = table("uk5").lists

    def stepwise(lists: pv.Lists, replicates: int = 1_000) -> Callable[[], Any]:
        return lambda: pv.mse.stepwise(lists, replicates=replicates, rng=1)

    made = [made_up(lists, 2_000) for lists in LISTS]
    histories = [2**lists - 1 for lists in LISTS]
    _take(sheet, "stepwise with histories", histories, [stepwise(lists) for lists in made])
    seen = [stepwise(made_up(5, persons, dependent=False)) for persons in SEEN]
    _take(sheet, "stepwise with persons", SEEN, seen, bar=0.2)
    draws = [stepwise(five, replicates) for replicates in REPLICATES]
    _take(sheet, "stepwise with replicates", REPLICATES, draws, bar=SLOPE_BAR)

    def select(replicates: int) -> Callable[[], Any]:
        return lambda: pv.mse.select(five, replicates=replicates, rng=1)

    draws = [select(replicates) for replicates in REPLICATES[:3]]
    _take(sheet, "choice by BIC with replicates", REPLICATES[:3], draws, bar=SLOPE_BAR)
    tables = [made_up(lists, 2_000) for lists in (4, 5, 6)]
    models = [2 ** (lists * (lists - 1) // 2) for lists in (4, 5, 6)]
    _take(sheet, "all models of pairs", models, [_models(lists) for lists in tables])
    persons = [asked(people(n)) for n in PERSONS]
    robust = [_robust(lists) for lists in persons]
    _take(sheet, "doubly robust with persons", PERSONS, robust, bar=SLOPE_BAR)


def _models(lists: pv.Lists) -> Callable[[], Any]:
    return lambda: pv.mse.models(lists)


def _robust(lists: pv.Lists) -> Callable[[], Any]:
    return lambda: pv.mse.doubly_robust(lists, rng=1)


def _take(
    sheet: Sheet,
    task: str,
    sizes: Sequence[int],
    calls: Sequence[Callable[[], Any]],
    *,
    bar: float | None = None,
) -> None:
    """Take the log-log slope of the median of three calls each."""
    times = []
    for call in calls:
        call()
        times.append(statistics.median(cpu(call)[0] for _ in range(3)))
    slope = float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
    note = f"{times[0]:.3f} to {times[-1]:.3f} s for {sizes[0]:,} to {sizes[-1]:,}"
    sheet.at_most(f"growth: {task}", slope, "log-log slope", bar, note)
