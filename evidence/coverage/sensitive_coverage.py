"""How often intervals of hidden answers hold the truth: ``python -m evidence.coverage.sensitive_coverage``.

List experiments and randomised response in clustered samples of `evidence.coverage.sensitive_answers`, and
instruments that err, reports about others and imputed answers in those of
`evidence.coverage.measured_samples`, each estimated by the library. Many samples are one survey of which
each sample is a domain with strata of its own: the same numbers as one survey at a time. With its
2,000 samples a cell the study writes `docs/evidence/sensitive-coverage.csv` and what is beside it; ``--quick``
draws 200 and writes nothing.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv

from . import sensitive_answers as asked
from .many import each
from .sensitive_cells import CELLS, By, Cell, Estimator

Array = NDArray[Any]
Found = tuple[Array, Array, Array]  # values, standard errors and limits
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SAMPLES, QUICK, SEED, BATCH = 2_000, 200, 20_261_124, 10
SAMPLE = "sample"


# ---------------------------------------------------------------------- many samples
def lines(cell: Cell, samples: int, seed: list[int]) -> Iterator[dict[str, Any]]:
    """Yield one line per estimator; the seed depends on nothing else."""
    rng, made = np.random.default_rng([SEED, *seed]), cell.made
    found: dict[str, list[Found]] = {name: [] for name in cell.estimators}
    plain: dict[str, list[Found]] = {name: [] for name in cell.estimators}
    for first in range(0, samples, BATCH):
        data = made.drawn(min(BATCH, samples - first), rng)
        for kept, clustered in ((found, True), (plain, False)):
            if clustered or cell.beside:
                for survey, by in surveys(data, cell.single, clustered):
                    for name, estimator in cell.estimators.items():
                        kept[name].append(one(estimator, survey, by))
    about = {
        "part": cell.part,
        "cell": cell.name,
        "n": made.units * made.people,
        "units": made.units,
    }
    for name, runs in found.items():
        without = joined(plain[name]) if plain[name] else None
        yield about | line(name, made.truth, joined(runs), without)


def surveys(
    data: dict[str, Array], single: bool, clustered: bool
) -> Iterator[tuple[pv.Survey, By]]:
    """Yield one survey of all samples with what tells them apart, or each sample by itself."""
    if not single:
        yield asked.survey(data, clustered=clustered), SAMPLE
        return
    starts = np.flatnonzero(np.r_[True, np.diff(data[SAMPLE]) > 0, True])
    for first, last in pairwise(starts):
        rows = {name: column[first:last] for name, column in data.items()}
        yield asked.survey(rows, clustered=clustered), ()


def one(estimator: Estimator, survey: pv.Survey, by: By) -> Found:
    """Return values, standard errors and limits; nan where a model has no maximum within 0 and 1."""
    try:
        e = estimator(survey, by)
    except pv.ConvergenceError:
        return np.full(1, np.nan), np.full(1, np.nan), np.full((1, 2), np.nan)
    return e.value, e.std_error, e.interval()


def joined(found: list[Found]) -> Found:
    """Return what several batches found as one."""
    value, error, limits = zip(*found, strict=True)
    return np.concatenate(value), np.concatenate(error), np.concatenate(limits)


def line(
    name: str,
    truth: float,
    found: Found,
    plain: Found | None = None,
) -> dict[str, Any]:
    """Return how often intervals hold the truth, how far off and how spread the estimates are."""
    value, error, limits = found
    some, spread = np.isfinite(limits).all(axis=1), np.isfinite(error)
    low, high = limits[some].T
    held = (low <= truth) & (truth <= high)
    sd = float(value[some].std(ddof=1))
    return {
        "estimator": name,
        "samples": value.size,
        "none": 100 * float(1 - some.mean()),
        "truth": 100 * truth,
        "bias": 100 * float(value[some].mean() - truth),
        "sd": 100 * sd,
        "se_ratio": float(np.sqrt(np.mean(error[spread] ** 2))) / sd,
        "coverage": 100 * float(held.mean()),
        "mc_se": 100 * float(np.sqrt(max(held.mean() * (1 - held.mean()), 1e-4) / held.size)),
        "too_high": 100 * float((low > truth).mean()),
        "too_low": 100 * float((high < truth).mean()),
        "unclustered": float("nan") if plain is None else _coverage(plain[2], truth),
    }


def _coverage(limits: Array, truth: float) -> float:
    low, high = limits[np.isfinite(limits).all(axis=1)].T
    return 100 * float(((low <= truth) & (truth <= high)).mean())


def study(samples: int) -> pd.DataFrame:
    """Return one line per cell and estimator."""
    return pd.DataFrame(
        [line for some in each(at, [(i, samples) for i in range(len(CELLS))]) for line in some]
    )


def at(place: int, samples: int) -> list[dict[str, Any]]:
    """Return the lines of a cell; what estimators warn of is beside the point here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        return list(lines(CELLS[place], samples, [0, place]))


DIGITS = {
    **dict.fromkeys(("none", "truth", "coverage", "too_high", "too_low", "unclustered"), 1),
    **dict.fromkeys(("bias", "sd", "se_ratio", "mc_se"), 2),
}


SHORT = ("cell", "estimator", "truth", "bias", "sd", "se_ratio", "coverage", "mc_se", "unclustered")


def tables(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of the page by the end of their names; the last one has every column."""
    closed = table["part"].isin(["grid", "few units", "lists by primary unit"])
    breaks = table["part"] == "breaks"
    wide = table[closed].pivot_table(
        index=["cell", "n", "units"], columns="estimator", values="coverage", sort=False
    )
    wide.columns = [name.replace("randomized_response, ", "") for name in wide.columns]
    return {
        "": wide.reset_index(),
        "-measured": table.loc[~closed & ~breaks, list(SHORT)].reset_index(drop=True),
        "-breaks": table.loc[breaks, list(SHORT)].reset_index(drop=True),
        "-details": table,
    }


def main() -> None:
    """Run the study, print its table, and write what the page shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 samples a cell; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else SAMPLES).round(DIGITS).replace(-0.0, 0.0)
    print(table.to_string(index=False))
    if not quick:
        for end, one_table in tables(table).items():
            one_table.to_csv(DOCS / f"sensitive-coverage{end}.csv", index=False)


if __name__ == "__main__":
    main()
