"""How well the chains of a fit know each parameter, and which of them they know least."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import convergence

__all__ = ["LEVEL", "PREVALENCE", "REGIONAL", "diagnose", "worst"]

Array = NDArray[Any]
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
    return convergence.diagnostics(names, np.stack(columns, axis=2))


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
    fixed = table["parameter"].isin([f"{PREVALENCE}[{name}]" for name in known])
    return convergence.worst(table, summarised, fixed)
