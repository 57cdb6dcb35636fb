"""How well the chains of a fit know each parameter, and which of them they know least."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import mcmc

__all__ = ["LEVEL", "MAX_RHAT", "MIN_ESS", "PREVALENCE", "REGIONAL", "diagnose", "told", "worst"]

Array = NDArray[Any]
# Beyond these a fit is not summarised; above 1.01 and below 400 it is flagged.
MAX_RHAT, MIN_ESS = 1.05, 100
LEVEL, PREVALENCE, REGIONAL = "log_degree", "log_prevalence", "log_region_prevalence"


def diagnose(draws: Mapping[str, Array], axes: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    """Return one row per parameter; degrees by their mean and spread over respondents.

    `axes` are the labels that an axis of their length has, the last ones first.
    """
    degrees = draws[LEVEL]
    every = {name: array for name, array in draws.items() if name != LEVEL}
    every |= {
        f"mean {LEVEL}": degrees.mean(axis=2, dtype=float),
        f"sd {LEVEL}": degrees.std(axis=2),
    }
    names: list[str] = []
    columns = []
    labels = {len(labels): labels for labels in axes}
    for name, array in every.items():
        for place in _places(name, array):
            words = [
                labels.get(size, tuple(map(str, range(size))))[i]
                for i, size in zip(place, array.shape[2:], strict=True)
            ]
            names.append(f"{name}[{', '.join(words)}]" if words else name)
            at: Any = (slice(None), slice(None), *place)
            columns.append(array[at])
    stacked = np.stack(columns, axis=2)
    return pd.DataFrame(
        {
            "parameter": names,
            "mean": stacked.mean(axis=(0, 1)),
            "sd": stacked.std(axis=(0, 1), ddof=1),
            "mcse": mcmc.mcse(stacked),
            "ess_bulk": mcmc.ess(stacked),
            "ess_tail": mcmc.ess(stacked, "tail"),
            "rhat": mcmc.rhat(stacked),
        }
    )


def _places(name: str, draws: Array) -> list[tuple[int, ...]]:
    """Return the places of a parameter's quantities; a correlation matrix tells each pair once."""
    places = list(itertools.product(*map(range, draws.shape[2:])))
    return [(i, j) for i, j in places if i < j] if name == "correlation" else places


def worst(table: pd.DataFrame, known: Sequence[str] = ()) -> pd.Series[Any] | None:
    """Return the row of the parameter known least, None where all are known well enough.

    Every R-hat counts, and so does what never moved, but for shares of known groups, which known
    sizes may fix; effective draws count for what is summarised, shares and degrees.
    """
    summarised = table["parameter"].str.contains(f"{PREVALENCE}|{REGIONAL}|{LEVEL}")
    few = (table[["ess_bulk", "ess_tail"]].min(axis=1) < MIN_ESS) & summarised
    fixed = table["parameter"].isin([f"{PREVALENCE}[{name}]" for name in known])
    stuck = table["rhat"].isna() & ~fixed
    bad = table[stuck | (table["rhat"] > MAX_RHAT) | few]
    return None if bad.empty else bad.iloc[int(np.argmax(bad["rhat"].fillna(np.inf).to_numpy()))]


def told(row: pd.Series[Any]) -> str:
    """Say of a parameter what it misses: movement, agreement of its chains, effective draws."""
    name, draws = row["parameter"], min(row["ess_bulk"], row["ess_tail"])
    if np.isnan(row["rhat"]):
        return f"{name!r} never moved"
    if row["rhat"] > MAX_RHAT:
        return f"R-hat of {name!r} is {row['rhat']:.3f} (at most {MAX_RHAT})"
    return (
        f"the draws of {name!r} are worth {draws:.0f} independent ones (at least {MIN_ESS}), with an "
        f"R-hat of {row['rhat']:.3f}"
    )
