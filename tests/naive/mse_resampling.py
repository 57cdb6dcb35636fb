"""Bootstrap and jackknife intervals written as their definitions, one person at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Array = NDArray[Any]


def quantile(values: Array, at: float) -> float:
    """Hyndman and Fan's type 8: position (R + 1/3) q + 1/3 among the sorted values."""
    x = sorted(values)
    position = (len(x) + 1 / 3) * at + 1 / 3
    below = min(max(math.floor(position + 1e-12), 1), len(x))
    above = min(below + 1, len(x))
    share = min(max(position - below, 0.0), 1.0)
    return float(x[below - 1] + share * (x[above - 1] - x[below - 1]))


def percentile(values: Array, level: float) -> tuple[float, float]:
    return quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)


def person_by_person(counts: Array, estimate: Callable[[Array], float]) -> list[float]:
    """The estimate without each person in turn, everyone on a row of their own."""
    out = []
    for cell, persons in enumerate(counts):
        for _ in range(int(persons)):
            fewer = np.array(counts, dtype=float)
            fewer[cell] -= 1
            out.append(estimate(fewer))
    return out


def acceleration(without: list[float]) -> float:
    mean = sum(without) / len(without)
    squares = sum((mean - x) ** 2 for x in without)
    cubes = sum((mean - x) ** 3 for x in without)
    return float(cubes / (6 * squares**1.5))


def std_error(without: list[float]) -> float:
    n = len(without)
    mean = sum(without) / n
    return math.sqrt((n - 1) / n * sum((x - mean) ** 2 for x in without))


def bca(values: Array, estimate: float, a: float, level: float) -> tuple[float, float]:
    z0 = norm.ppf(sum(x < estimate for x in values) / len(values))
    limits = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        s = z0 + norm.ppf(tail)
        limits.append(quantile(values, norm.cdf(z0 + s / (1 - a * s))))
    return limits[0], limits[1]
