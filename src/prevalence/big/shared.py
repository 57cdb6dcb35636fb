"""Amounts under many columns of weights: each person of a cell is shared between limits.

The mean of an amount in a cell is another under each replicate's weights. With its least value l and
its largest h in the cell, a person with y counts ``(y - l) / (h - l)`` times at h and the rest at l:
the total of y, and the number of persons, are then exact under all weights. Of q amounts each has a
row of its own, at ``l + q (h - l)``, so that no share is negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..merged import Merged
from .asked import Asked

__all__ = ["at_limits"]

Array = NDArray[Any]
ROUNDING = 1e-13  # of a cell's weight: a share below it is no share


def at_limits(
    asked: Asked, frame: pd.DataFrame, columns: dict[str, Any], merged: Merged
) -> tuple[dict[str, Any], Merged]:
    """Return columns and facts of the rows that cells become: one, and one for each amount."""
    names = [asked.weights, *asked.replicates]
    total = np.stack([np.asarray(columns[name], dtype=float) for name in names])
    count = len(asked.amounts)
    shares = np.zeros((count, *total.shape))
    low, size = np.zeros((2, count, total.shape[1]))
    for i in range(count):
        known = ~frame[f"f{i}"].to_numpy(dtype=bool)
        low[i] = np.where(known, frame[f"low{i}"].to_numpy(dtype=float, na_value=np.nan), 0.0)
        high = np.where(known, frame[f"high{i}"].to_numpy(dtype=float, na_value=np.nan), 0.0)
        size[i] = count * (high - low[i])
        sums = [f"s{i}", *(f"s{i}_{r}" for r in range(len(asked.replicates)))]
        totals = np.where(known, frame[sums].to_numpy(dtype=float, na_value=np.nan).T, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (totals - low[i] * total) / size[i]
        none = (size[i] == 0) | (np.abs(found[0]) <= ROUNDING * total[0])
        shares[i] = np.where(none, 0.0, found)
    weights = np.concatenate([(total - shares.sum(axis=0))[None], shares])  # (1 + q, 1 + R, cells)
    weights[0, :, np.abs(weights[0, 0]) <= ROUNDING * total[0]] = 0.0
    rows = np.flatnonzero((weights[:, 0] != 0).T | (np.arange(1 + count) == 0))
    cell, place = np.divmod(rows, 1 + count)
    out = {name: _taken(column, cell) for name, column in columns.items()}
    for k, name in enumerate(names):
        out[name] = weights[place, k, cell]
    for i, name in enumerate(asked.amounts):
        value = low[i, cell] + np.where(place == i + 1, size[i, cell], 0.0)
        out[name] = np.where(np.isnan(out[name]), np.nan, value)
    return out, _facts(asked, merged, columns, out, cell, total[0])


def _taken(column: Any, rows: Array) -> Any:
    if isinstance(column, pd.Series):
        return column.take(rows).reset_index(drop=True)
    return np.asarray(column)[rows]


def _facts(
    asked: Asked,
    merged: Merged,
    columns: dict[str, Any],
    out: dict[str, Any],
    cell: Array,
    total: Array,
) -> Merged:
    """Share persons and squares of weights by weight, and keep second moments of a cell as they are."""
    w, of_cell = out[asked.weights], np.where(total > 0, total, 1.0)
    share = w / of_cell[cell]
    with np.errstate(divide="ignore", invalid="ignore"):
        inequality = np.where(w != 0, merged.inequality[cell] / share, 0.0)
    within = {}
    for (one, two), inside in merged.within.items():
        means = np.asarray(columns[one]) * np.asarray(columns[two])
        products = np.bincount(cell, share * out[one] * out[two], total.size)
        spread = inside + means - products
        within[one, two] = np.where(np.isfinite(spread), spread, 0.0)[cell]
    persons = merged.persons[cell] * share
    return Merged(merged.rows, persons, inequality, within)
