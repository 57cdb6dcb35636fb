"""Slow, obvious replicate schemes: explicit loops over strata, units and replicates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Statistic = Callable[[Array], Array]


def covariance(
    w: Array, columns: Array, scale: Array, statistic: Statistic, *, mse: bool = True
) -> Array:
    """Covariance of a statistic from replicate weights (rows, replicates)."""
    full = statistic(w)
    values = [statistic(column) for column in columns.T]
    centre = full if mse else np.mean(values, axis=0)
    return np.asarray(
        sum(
            c * np.outer(v - centre, v - centre)
            for v, c in zip(values, np.broadcast_to(scale, len(values)), strict=True)
        )
    )


def delete_group(stratum: Array, group: Array, groups: int, f: Array) -> Array:
    """Factors of primary units when one random group after the other is left out.

    Within a stratum, deviations from one are shrunk so that the variance has the right expectation.
    """
    out = np.ones((stratum.size, groups))
    for h in np.unique(stratum):
        inside = np.flatnonzero(stratum == h)
        n = inside.size
        held = [int((group[inside] == r).sum()) for r in range(groups)]
        too_much = (groups - 1) / groups * sum(n * m / (n - m) for m in held)
        t = np.sqrt((1 - f[h]) * n / too_much)
        for r, m in enumerate(held):
            for j in inside:
                plain = 0.0 if group[j] == r else n / (n - m)
                out[j, r] = 1 + t * (plain - 1)
    return out


def delete_each(
    stratum: Array, stages: Sequence[Array], fractions: Sequence[Array]
) -> Iterator[tuple[Array, float]]:
    """Factors of rows and scale for each unit of each stage deleted within its parent."""
    parent, earlier = stratum, np.ones(stratum.size)
    for units, f in zip(stages, fractions, strict=True):
        for p in dict.fromkeys(parent.tolist()):
            siblings = list(dict.fromkeys(units[parent == p].tolist()))
            n, first = len(siblings), int(np.flatnonzero(parent == p)[0])
            for j in siblings:
                factor = np.where(parent == p, n / (n - 1), 1.0)
                factor[(parent == p) & (units == j)] = 0.0
                yield factor, earlier[first] * (1 - f[first]) * (n - 1) / n
        earlier = earlier * f
        parent = np.array([f"{a}/{b}" for a, b in zip(parent, units, strict=True)])


def preston_columns(inside: Mapping[int, int], f1: float, f2: float) -> list[Array]:
    """All equally likely factors of one stratum: primary units with so many second-stage units.

    Half of the primary units are kept, and half of the units inside each of them. A unit alone
    inside its own is always kept, and adds nothing.
    """
    units = list(inside)
    n, half = len(units), len(units) // 2
    first = np.sqrt(half * (1 - f1) / (n - half))
    out = []
    for kept in itertools.combinations(units, half):
        for halves in itertools.product(
            *(itertools.combinations(range(inside[u]), max(inside[u] // 2, 1)) for u in units)
        ):
            column = []
            for u, chosen in zip(units, halves, strict=True):
                d = n / half if u in kept else 0.0
                m, low = inside[u], max(inside[u] // 2, 1)
                second = np.sqrt(low * f1 * (1 - f2) / (m - low)) if m > 1 else 0.0
                for k in range(m):
                    e = m / low if k in chosen else 0.0
                    column.append(1 + first * (d - 1) + second * np.sqrt(d) * (e - 1))
            out.append(np.array(column))
    return out
