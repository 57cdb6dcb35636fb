"""What many samples tell of an estimator: bias, errors and coverage, each with its Monte Carlo error.

A study is a list of cells. Each cell draws with the random numbers of its own name, so that its
lines do not depend on how many processes share the work, nor on the other cells.
"""

from __future__ import annotations

import argparse
import importlib
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv

__all__ = ["DOCS", "Cell", "Found", "command", "each", "measured", "shortened", "study", "summary"]

Array = NDArray[Any]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SAMPLES, JOBS = 2_000, 2
HOLDS = "yes"


class Found(NamedTuple):
    """Estimates of one sample or of several: values, standard errors, limits and what is true.

    `line` names the row of the table after its cell, `holds` what the cell says of this line alone.
    """

    estimator: str
    line: str
    truth: Array
    value: Array
    error: Array
    limits: Array
    holds: str = ""


def measured(
    estimator: str, line: str, truth: Any, estimate: pv.Estimate, holds: str = ""
) -> Found:
    """Return all rows of an estimate as so many samples of one line."""
    shape = estimate.value.shape
    true = np.broadcast_to(np.asarray(truth, dtype=float), shape)
    return Found(
        estimator, line, true, estimate.value, estimate.std_error, estimate.interval(), holds
    )


def nothing(estimator: str, line: str, holds: str = "") -> Found:
    """Return a sample that has no estimate."""
    none = np.full(1, np.nan)
    return Found(estimator, line, none, none, none, np.full((1, 2), np.nan), holds)


@dataclass(frozen=True)
class Cell:
    """A population with a design, and what estimates each batch of its samples.

    `holds` is "yes" where what the estimators assume is so, else it says what is not, after the
    kind: "violation: ...", "approximate: ..." and so on. `batch` is the number of samples that one
    call of `draw` makes, `samples` how many there are in place of the study's.
    """

    name: str
    draw: Callable[[np.random.Generator, int], Iterator[Found]]
    holds: str = HOLDS
    batch: int = 1
    samples: int = SAMPLES


# ---------------------------------------------------------------------- one line
def share(which: Array) -> tuple[float, float]:
    """Return a share in per cent and its Monte Carlo error, that of one sample at 0 and 100."""
    n = max(which.size, 2)
    p = float(which.mean()) if which.size else float("nan")
    q = min(max(p, 1 / n), 1 - 1 / n)
    return 100 * p, 100 * float(np.sqrt(q * (1 - q) / n))


def spread(values: Array) -> float:
    """Return the standard deviation, nan of one value."""
    return float(values.std(ddof=1)) if values.size > 1 else float("nan")


def summary(truth: Array, value: Array, error: Array, limits: Array) -> dict[str, float]:
    """Return bias and root mean square error (per cent of the truth), the ratio of standard errors
    to the spread, and coverage; `left` and `right` are where of missing intervals the truth lies.

    Where the truth is 0, errors are in units of a hundredth.
    """
    some = np.isfinite(value) & np.isfinite(limits[:, 0]) & ~np.isnan(limits[:, 1])
    out: dict[str, float] = {"samples": value.size, "none": 100 * float(1 - some.mean())}
    truth, value, error, (low, high) = truth[some], value[some], error[some], limits[some].T
    n, scale = max(value.size, 2), abs(float(truth.mean())) or 1.0
    off = (value - truth) / scale
    out |= {"bias": 100 * off.mean(), "bias_mc": 100 * spread(off) / np.sqrt(n)}
    rmse = np.sqrt((off**2).mean())
    out |= {"rmse": 100 * rmse, "rmse_mc": 100 * spread(off**2) / (2 * rmse * np.sqrt(n))}
    out |= ratio(off, error / scale)
    for name, which in (
        ("coverage", (low <= truth) & (truth <= high)),
        ("left", low > truth),
        ("right", high < truth),
    ):
        out[name], out[f"{name}_mc"] = share(which)
    return out


def ratio(off: Array, error: Array) -> dict[str, float]:
    """Return the root mean square of standard errors over the spread of the estimates."""
    usable = np.isfinite(error)
    if usable.sum() < 2:
        return {"se_ratio": float("nan"), "se_ratio_mc": float("nan")}
    away, squares = off[usable] - off[usable].mean(), error[usable] ** 2
    spread = away.var(ddof=1)
    found = float(np.sqrt(squares.mean() / spread))
    influence = (squares / squares.mean() - away**2 / spread) / 2
    return {"se_ratio": found, "se_ratio_mc": found * influence.std() / np.sqrt(usable.sum())}


# ---------------------------------------------------------------------- many cells
def seeded(name: str, seed: int) -> np.random.Generator:
    """Return the random numbers of a cell: they depend on its name and on the study's seed alone."""
    return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))


def lines(cell: Cell, seed: int, samples: int) -> list[dict[str, Any]]:
    """Return the lines of one cell; what estimators warn of is beside the point here."""
    rng, held = seeded(cell.name, seed), dict[tuple[str, str, str], list[Found]]()
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        left = max(2, round(samples * cell.samples / SAMPLES))
        while left > 0:
            taken = min(cell.batch, left)
            for found in cell.draw(rng, taken):
                held.setdefault((found.estimator, found.line, found.holds), []).append(found)
            left -= taken
    seconds = (time.process_time() - began) / len(held)  # of a line: its part of the cell's
    return [
        {"estimator": estimator, "cell": f"{cell.name}{', ' if line else ''}{line}"}
        | {"holds": holds or cell.holds}
        | summary(*(np.concatenate(part) for part in list(zip(*all_, strict=True))[2:6]))
        | {"seconds": seconds}
        for (estimator, line, holds), all_ in held.items()
    ]


def each(
    function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], jobs: int = JOBS
) -> list[Any]:
    """Return the results of calls in their order, made by processes side by side."""
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=jobs)(delayed(function)(*given) for given in arguments))


DIGITS = {"se_ratio": 3, "se_ratio_mc": 3, "seconds": 1}


def study(
    cells: Sequence[Cell], seed: int, samples: int = SAMPLES, jobs: int = JOBS
) -> pd.DataFrame:
    """Return one line per cell and estimator."""
    every = each(lines, [(cell, seed, samples) for cell in cells], jobs)
    return rounded(pd.DataFrame([line for some in every for line in some]))


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with as many digits as its Monte Carlo errors leave."""
    numbers = [name for name in table.columns if table[name].dtype == float]
    return table.round({name: DIGITS.get(name, 2) for name in numbers}).replace(-0.0, 0.0)


def shortened(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with three digits of numbers above a million: such a mean has no more."""
    numbers = [name for name in table.columns if table[name].dtype == float]
    short = table[numbers].map(lambda x: float(f"{x:.3g}") if abs(x) > 1e6 else x)
    return table.assign(**{name: short[name] for name in numbers})


def command(module: str, file: str, quick: int = 100) -> pd.DataFrame:
    """Run the study of a module from the command line: its `cells()`, with its `SEED`.

    The module is imported by its name, so that other processes find its functions.
    """
    made = importlib.import_module(module)
    parser = argparse.ArgumentParser(description=made.__doc__)
    parser.add_argument(
        "--quick", action="store_true", help=f"{quick} samples a cell; write nothing"
    )
    parser.add_argument("--samples", type=int, default=SAMPLES, help="of a cell, in place of 2,000")
    parser.add_argument("--only", default="", help="cells whose name holds this; the others stay")
    given = parser.parse_args()
    every = made.cells()
    cells = [cell for cell in every if given.only in cell.name]
    table = study(cells, made.SEED, quick if given.quick else given.samples)
    with pd.option_context("display.width", 250, "display.max_rows", None):
        print(table.drop(columns=["bias_mc", "rmse_mc", "se_ratio_mc"]).to_string(index=False))
    print(f"{table['seconds'].sum():.0f} CPU seconds")
    if not given.quick:
        write(table, DOCS / file, [cell.name for cell in every])
    return table


def write(table: pd.DataFrame, file: Path, names: Sequence[str]) -> None:
    """Write the lines of a study in the order of its cells; cells not drawn keep their lines."""
    table = table.assign(of=[name_of(cell, names) for cell in table["cell"]])
    if file.exists():
        kept = pd.read_csv(file)
        kept["of"] = [name_of(cell, names) for cell in kept["cell"]]
        kept = kept[~kept["of"].isin({*table["of"], ""})]
        table = pd.concat([table, kept])
    order = table["of"].map({name: k for k, name in enumerate(names)})
    table = table.iloc[np.argsort(order.to_numpy(), kind="stable")]
    table.drop(columns=["of", "seconds"]).to_csv(file, index=False)


def name_of(cell: str, names: Sequence[str]) -> str:
    """Return the name of the cell that a line is of, the longest that it begins with, or nothing."""
    return max((name for name in names if cell.startswith(name)), key=len, default="")
