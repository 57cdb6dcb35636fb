"""Slow, obvious readings of answers: one cell, one number, one respondent at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import comb, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def interval(
    answer: Any,
    *,
    codes: Sequence[Any] = (),
    yes_no: bool = False,
    bins: Mapping[str, tuple[float, float]] | None = None,
    top_code: float | None = None,
) -> tuple[float, float]:
    """Return the smallest and the largest count that one answer allows."""
    if answer is None or (isinstance(answer, float) and isnan(answer)) or answer in codes:
        return 0.0, np.inf
    if bins is not None:
        return bins[answer]
    y = float(answer)
    if yes_no and y == 1:
        return 1.0, np.inf
    if not yes_no and top_code is not None and y >= top_code:
        return top_code, np.inf
    return y, y


def near(columns: Sequence[Sequence[float]], point: int) -> tuple[int, int, int]:
    """Return how many answers are one less than a number, at it, and one more."""
    found = [0, 0, 0]
    for column in columns:
        for y in column:
            for k in (-1, 0, 1):
                found[k + 1] += int(y == point + k)
    return found[0], found[1], found[2]


def third_or_more(at: int, total: int) -> float:
    """Return the chance of `at` or more of `total` where each has the chance 1/3."""
    ways = sum(comb(total, k) << (total - k) for k in range(at, total + 1))
    return float(Fraction(ways, 3**total))


def filled(y: Sequence[float], degree: Sequence[float], w: Sequence[float], m: float) -> float:
    """Return the ratio of sums with missing answers at m times the ratio of the others."""
    told = [i for i, x in enumerate(y) if not isnan(x)]
    ratio = sum(w[i] * y[i] for i in told) / sum(w[i] * degree[i] for i in told)
    taken = [y[i] if i in told else m * ratio * degree[i] for i in range(len(y))]
    total = sum(wi * di for wi, di in zip(w, degree, strict=True))
    return sum(wi * yi for wi, yi in zip(w, taken, strict=True)) / total
