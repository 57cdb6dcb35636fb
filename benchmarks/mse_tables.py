"""Case lists for the bench of multiple-systems estimation: published tables beside the clone, or made up.

The published tables are read in place from ``../shared``; where that is absent, made-up tables of the
same size stand in, and what is known of the published ones alone is not checked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories

ORACLE = Path(__file__).resolve().parents[2] / "shared" / "oracle" / "mse"
SIZES = {"uk5": (5, 2_744), "uk6": (6, 2_744), "neworleans8_185": (8, 185), "kosovo": (4, 4_400)}


class Table(NamedTuple):
    """Case lists, what they are called in print, and whether they are the published ones."""

    lists: pv.Lists
    name: str
    published: bool


def table(name: str) -> Table:
    """Return a published table, or made-up lists as many and with about as many persons."""
    file = ORACLE / f"{name}.csv"
    if not file.exists():
        return Table(made_up(*SIZES[name]), f"made-up table for {name}", False)
    frame = pd.read_csv(file)
    names = [column for column in frame.columns if column != "count"]
    return Table(pv.Lists(frame, names, counts="count"), name, True)


def recorded(file: str) -> Any:
    """Return values that R packages gave in another run, None where they are absent."""
    found = ORACLE / file
    return json.loads(found.read_text()) if found.exists() else None


def made_up(lists: int, seen: int, *, dependent: bool = True) -> pv.Lists:
    """Return lists that each catch 2 to 12 % of a population, some pairs of them together."""
    rng = np.random.default_rng(lists)
    histories = all_histories(lists)
    log_mean: NDArray[np.float64] = histories.astype(np.float64) @ np.log(
        rng.uniform(0.02, 0.12, lists)
    )
    for first in range(0, lists - 1, 2 if dependent else lists):
        both = histories[:, first] * histories[:, first + 1]
        log_mean += both * rng.normal(0.8, 0.3)
    share = np.exp(log_mean)
    return pv.Lists.from_counts(histories, rng.multinomial(seen, share / share.sum()))


def people(seen: int, covariates: int = 3) -> pd.DataFrame:
    """Return persons on one or both of two lists whose capture depends on covariates."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3 * seen, covariates))
    chance = [(-0.6, (0.5, -0.3, 0.0)), (-0.8, (0.4, 0.0, 0.4))]
    on = np.stack(
        [rng.random(3 * seen) < 1 / (1 + np.exp(-(a + x @ np.array(b)))) for a, b in chance], axis=1
    )
    rows = np.flatnonzero(on.any(axis=1))[:seen]
    columns = {f"x{k}": x[rows, k] for k in range(covariates)}
    return pd.DataFrame({"police": on[rows, 0] * 1, "shelter": on[rows, 1] * 1, **columns})


def asked(frame: pd.DataFrame) -> pv.Lists:
    """Return the lists of `people`."""
    return pv.Lists(frame, ["police", "shelter"], covariates=[c for c in frame if str(c)[0] == "x"])
