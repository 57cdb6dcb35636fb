"""Slow, obvious variances: explicit loops over strata, units, rows and replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Statistic = Callable[[Array], Array]  # weights of all rows to estimates (k,)


def multistage(
    z: Array, stratum: Array, stages: Sequence[Array], fractions: Sequence[Array | None]
) -> float:
    """Variance of the sum of weighted scores z (rows,) under sampling in stages.

    `stages` holds the label of each row's unit by stage, `fractions` the sampling fraction that
    applied to each row's unit by stage (None: with replacement).
    """
    return sum(
        within(z, np.flatnonzero(stratum == h), stages, fractions) for h in np.unique(stratum)
    )


def within(
    z: Array, rows: Array, stages: Sequence[Array], fractions: Sequence[Array | None]
) -> float:
    """Variance of the units drawn together, and f times that of the stages inside each of them."""
    if not stages:
        return 0.0
    units = [rows[stages[0][rows] == u] for u in np.unique(stages[0][rows])]
    f = 0.0 if fractions[0] is None else float(fractions[0][rows[0]])
    n = len(units)
    sums = [float(z[unit].sum()) for unit in units]
    out = 0.0
    if f < 1:
        out = (1 - f) * n / (n - 1) * sum((s - sum(sums) / n) ** 2 for s in sums)
    if f > 0:
        out += f * sum(within(z, unit, stages[1:], fractions[1:]) for unit in units)
    return out


def columns(z: Array, stratum: Array, psu: Array) -> tuple[Array, Array]:
    """Centred sums of z by primary unit, and n / (n - 1), in the order of the first rows."""
    order = list(dict.fromkeys(zip(stratum.tolist(), psu.tolist(), strict=True)))
    sums = np.array([z[(stratum == h) & (psu == j)].sum() for h, j in order])
    out, coefficient = np.empty(len(order)), np.empty(len(order))
    for k, (h, _) in enumerate(order):
        same = [i for i, (g, _) in enumerate(order) if g == h]
        out[k] = sums[k] - sums[same].mean()
        coefficient[k] = len(same) / (len(same) - 1)
    return out, coefficient


def jackknife(
    w: Array,
    stratum: Array,
    psu: Array,
    statistic: Statistic,
    fraction: Array | None = None,
    *,
    mse: bool = True,
) -> Array:
    """Covariance (k, k) by deleting the rows of one primary unit at a time.

    `statistic` is called with the weights of all rows: 0 for the deleted, those of the same
    stratum times n / (n - 1).
    """
    full = statistic(w)
    replicates, scale = [], []
    for h in np.unique(stratum):
        units = np.unique(psu[stratum == h])
        f = 0.0 if fraction is None else float(fraction[stratum == h][0])
        for j in units:
            moved = w.copy()
            moved[stratum == h] *= units.size / (units.size - 1)
            moved[(stratum == h) & (psu == j)] = 0.0
            replicates.append(statistic(moved))
            scale.append((units.size - 1) / units.size * (1 - f))
    centre = full if mse else np.mean(replicates, axis=0)
    out = np.zeros((full.size, full.size))
    for value, c in zip(replicates, scale, strict=True):
        out += c * np.outer(value - centre, value - centre)
    return out


def rao_wu(
    w: Array,
    stratum: Array,
    psu: Array,
    statistic: Statistic,
    draws: Sequence[dict[Any, dict[Any, int]]],
    fraction: dict[Any, float] | None = None,
) -> Array:
    """Covariance over given draws: for each replicate and stratum, how often each unit came."""
    full = statistic(w)
    out = np.zeros((full.size, full.size))
    for draw in draws:
        moved = w.copy()
        for h, times in draw.items():
            n = len(times)
            root = np.sqrt(1 - (0.0 if fraction is None else fraction[h]))
            for j, count in times.items():
                rows = (stratum == h) & (psu == j)
                moved[rows] *= 1 - root + root * n / (n - 1) * count
        out += np.outer(statistic(moved) - full, statistic(moved) - full) / len(draws)
    return out
