"""How cost grows with rows, replicates, units, lists, persons and groups: log-log slopes.

Every call is made for each size, sizes in turn, and the least of its times counts: what a host adds
where it hands over memory is never negative, and most where columns are large. The slope is that of
log CPU seconds on log size by least squares, with its standard error; `top` is the slope from the third largest size to the largest,
where fixed costs weigh least. Where cost is promised to be linear, both must be at most 1.1.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import prevalence as pv
from prevalence.nsum.models.overdispersed import overdispersed_draws

from . import estimation, network, replicates
from . import network_samplers as samplers
from .mse_tables import asked, made_up, people
from .mse_tables import table as published
from .timing import in_turn

LINEAR, FLAT = 1.1, 0.2
ROWS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
VARIABLES = ["y0", "y1"]
UNITS = (2_000, 6_000, 20_000, 60_000, 200_000)
DRAWN = (50, 200, 500, 1_000, 2_000)
RESPONDENTS, GROUPS = (1_000, 3_000, 10_000, 30_000, 100_000), (5, 10, 20, 40, 80, 160)
LISTS, REPLICATES = (3, 4, 5, 6, 7, 8), (250, 1_000, 4_000, 16_000)
PERSONS, SEEN = (3_500, 14_000, 56_000, 224_000), (1_000, 10_000, 100_000, 1_000_000)
LENGTHS, LEVELS = (250, 500, 1_000, 2_000, 4_000), (2.5, 3.5, 4.5, 5.5, 6.5, 7.5)
SWEPT, STEPS = (6, 11, 21, 41, 81), 60


class Series(NamedTuple):
    """What is timed over growing sizes, and the most that its slopes may be."""

    family: str
    task: str
    over: str
    sizes: Sequence[int]
    calls: Sequence[Callable[[], Any]]
    bar: float | None = None


def growth(*, quick: bool = False) -> list[dict[str, Any]]:
    """Time every series, print its slope, and return the rows of the table."""
    rows = []
    with warnings.catch_warnings():
        # of few overlaps and of respondents who know nobody
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        for series in every():
            if quick and series.sizes[-1] > 500_000:
                continue
            rows.append(row_of(series, runs=1 if quick else 3))
    return rows


def every() -> Iterator[Series]:
    """Yield the series, each made when its turn comes, since the largest need much memory."""
    yield from _surveys()
    yield from _networks()
    yield from _lists()


def row_of(series: Series, *, runs: int = 3) -> dict[str, Any]:
    """Time the sizes of a series in turn and return its row."""
    calls = {str(k): call for k, call in enumerate(series.calls)}
    taken = in_turn(calls, runs=runs, seconds=6)
    seconds = [min(one.cpu) for one in taken.values()]
    slope, error, top = slopes(series.sizes, seconds)
    held = series.bar is not None
    met = ("yes" if max(slope, top) <= series.bar else "NO") if series.bar is not None else ""
    print(
        f"{series.task[:44]:44} over {series.over:24} slope {slope:6.2f} ({error:.2f}), top {top:5.2f}  "
        f"{f'bar {series.bar:g}: {met}' if held else ''}",
        flush=True,
    )
    return {
        "family": series.family,
        "task": series.task,
        "over": series.over,
        "sizes": [int(size) for size in series.sizes],
        "seconds": [float(f"{value:.4g}") for value in seconds],
        "slope": round(slope, 3),
        "error": round(error, 3),
        "top": round(top, 3),
        "bar": series.bar,
        "met": met,
    }


def slopes(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """Return the log-log slope, its standard error, and the slope from the third largest size up."""
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(seconds, float))
    about = x - x.mean()
    slope = float(about @ y / (about @ about))
    rest = y - y.mean() - slope * about
    error = float(np.sqrt(rest @ rest / max(x.size - 2, 1) / (about @ about)))
    return slope, error, float((y[-1] - y[-3]) / (x[-1] - x[-3]))


# ---------------------------------------------------------------------- surveys and weights
def _surveys() -> Iterator[Series]:
    whole = estimation.data(ROWS[-1] // 10)
    parts = {rows: estimation.data(rows) for rows in ROWS[:3]} | {len(whole): whole}
    columns = ["stratum", "psu", "w", *VARIABLES]
    means = [parts[rows][columns] for rows in ROWS[:4]]
    # the largest has every row ten times, in the order of their units as the others
    means.append(pd.DataFrame({name: np.repeat(whole[name].to_numpy(), 10) for name in columns}))
    yield Series(
        "surveys",
        "2 means of a new sample",
        "rows",
        ROWS,
        [_means(frame) for frame in means],
        LINEAR,
    )
    del means
    raked = [_raked(parts[rows]) for rows in ROWS[:4]]
    yield Series("surveys", "raking a new sample", "rows", ROWS[:4], raked, LINEAR)
    frame = replicates.data()
    survey = estimation.survey_of(frame)
    drawn = [_bootstrap(survey, count) for count in DRAWN]
    yield Series("surveys", "10 means, n = 200,000", "replicates drawn", DRAWN, drawn, LINEAR)
    units = [_means(_in_units(frame, count)) for count in UNITS]
    yield Series("surveys", "2 means, n = 200,000", "primary units", UNITS, units, LINEAR)


def _means(frame: pd.DataFrame) -> Callable[[], Any]:
    return lambda: pv.direct.mean(estimation.survey_of(frame), VARIABLES).std_error


def _raked(frame: pd.DataFrame) -> Callable[[], Any]:
    wanted = estimation.targets(frame)
    return lambda: estimation.survey_of(frame).rake(wanted).final_weights


def _bootstrap(survey: pv.Survey, count: int) -> Callable[[], Any]:
    return lambda: pv.direct.mean(survey.bootstrap(count, rng=1), replicates.NAMES).std_error


def _in_units(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows in so many primary units, four to a stratum."""
    psu = np.arange(len(frame)) * count // len(frame)
    return frame.assign(psu=psu, stratum=psu // 4)


# ---------------------------------------------------------------------- network scale-up
def _networks() -> Iterator[Series]:
    rows = [_scale_up(*network.data(count)) for count in RESPONDENTS]
    yield Series("network", "scale_up, 21 hidden groups", "respondents", RESPONDENTS, rows, LINEAR)
    groups = [_scale_up(*network.data(10_000, count)) for count in GROUPS]
    yield Series("network", "scale_up, n = 10,000", "hidden groups", GROUPS, groups, LINEAR)
    for over, every_size in (
        ("answers, by respondents", [samplers.data(count) for count in LENGTHS]),
        ("answers, by groups", [samplers.data(500, count) for count in SWEPT]),
        ("answers above 0, of 21,000", [samplers.data(1_000, log_degree=at) for at in LEVELS]),
    ):
        cells = [int((y > 0).sum()) if "above" in over else y.size for y, _ in every_size]
        sweeps = [_sweeps(y, sizes) for y, sizes in every_size]
        yield Series("network", "a sweep of a sampler", over, cells, sweeps, LINEAR)


def _scale_up(frame: pd.DataFrame, sizes: dict[str, float]) -> Callable[[], Any]:
    hidden = [name for name in sizes if name.startswith("hidden")]
    known = {name: sizes[name] for name in network.KNOWN}
    answers = network.asked(network.survey_of(frame), known, hidden)
    return lambda: pv.nsum.scale_up(answers, transmission=1).std_error


def _sweeps(y: Any, sizes: Any) -> Callable[[], Any]:
    """Return a call that says what one sweep more takes."""
    return lambda: samplers.one_step(overdispersed_draws, y, sizes, STEPS)


# ---------------------------------------------------------------------- lists
def _lists() -> Iterator[Series]:
    def stepwise(lists: pv.Lists, count: int = 1_000) -> Callable[[], Any]:
        return lambda: pv.mse.stepwise(lists, replicates=count, rng=1)

    def select(count: int) -> Callable[[], Any]:
        return lambda: pv.mse.select(five, replicates=count, rng=1)

    def models(lists: pv.Lists) -> Callable[[], Any]:
        return lambda: pv.mse.models(lists)

    def robust(lists: pv.Lists) -> Callable[[], Any]:
        return lambda: pv.mse.doubly_robust(lists, rng=1)

    five = published("uk5").lists
    task = "stepwise, 1,000 bootstraps"
    made = [stepwise(made_up(lists, 2_000)) for lists in LISTS]
    yield Series("mse", task, "histories, 3 to 8 lists", [2**n - 1 for n in LISTS], made)
    seen = [stepwise(made_up(5, persons, dependent=False)) for persons in SEEN]
    yield Series("mse", task, "persons", SEEN, seen, FLAT)
    draws = [stepwise(five, count) for count in REPLICATES]
    yield Series("mse", "stepwise, 5 lists", "bootstraps", REPLICATES, draws, LINEAR)
    chosen = [select(count) for count in REPLICATES[:3]]
    yield Series("mse", "choice by BIC, 5 lists", "bootstraps", REPLICATES[:3], chosen, LINEAR)
    few = (4, 5, 6)
    count = [2 ** (n * (n - 1) // 2) for n in few]
    every_model = [models(made_up(n, 2_000)) for n in few]
    yield Series("mse", "all models of pairs", "models, 4 to 6 lists", count, every_model)
    persons = [robust(asked(people(n))) for n in PERSONS]
    yield Series("mse", "doubly robust", "persons", PERSONS, persons, LINEAR)
