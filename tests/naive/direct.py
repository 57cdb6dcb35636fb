"""Slow, obvious versions of quantiles and standardised means: one domain and one row at a time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pairs = list[tuple[float, int]]  # values with whole weights, sorted


def sorted_pairs(x: Array, w: Array) -> Pairs:
    order = sorted(range(len(x)), key=lambda i: (x[i], i))
    return [(float(x[i]), int(w[i])) for i in order if w[i] > 0]


def inverse(pairs: Pairs, p: Fraction) -> tuple[float, bool, int]:
    """Return the smallest value with F >= p, whether F meets p, and the place of that value."""
    total, so_far = sum(w for _, w in pairs), 0
    for place, (x, w) in enumerate(pairs):
        so_far += w
        if Fraction(so_far, total) >= p:
            return x, Fraction(so_far, total) == p, place
    raise AssertionError("the distribution function reaches one")


def middle(pairs: Pairs, p: Fraction) -> float:
    x, meets, place = inverse(pairs, p)
    return (x + pairs[min(place + 1, len(pairs) - 1)][0]) / 2 if meets else x


def even(pairs: Pairs, p: Fraction) -> float:
    values = sorted({x for x, _ in pairs})
    merged = [(v, sum(w for x, w in pairs if x == v)) for v in values]
    x, meets, place = inverse(merged, p)
    return values[min(place + 1, len(values) - 1)] if meets and place % 2 == 0 else x


def line(below: Fraction, beyond: Fraction) -> Callable[[Pairs, Fraction], float]:
    """Join plotting positions by lines, flat beyond them: Hyndman and Fan's with weights.

    A position is the cumulated weight less a part of the row's own, over the total and a part of
    the last row's.
    """

    def read(pairs: Pairs, p: Fraction) -> float:
        size, so_far, points = sum(w for _, w in pairs) + beyond * pairs[-1][1], 0, []
        for x, w in pairs:
            so_far += w
            points.append(((so_far - below * w) / size, x))
        if p <= points[0][0]:
            return points[0][1]
        for (left, a), (right, b) in pairwise(points):
            if left <= p <= right:
                return a + float((p - left) / (right - left)) * (b - a)
        return points[-1][1]

    return read


def normed(pairs: Pairs, p: Fraction) -> float:
    total, n, so_far, out = sum(w for _, w in pairs), len(pairs), Fraction(0), pairs[0][0]
    for x, w in pairs:
        own = Fraction(w * n, total)
        so_far += own
        if (so_far + Fraction(1, 2) - own / 2) / (n + 1) <= p:
            out = x
    return out


RULES: dict[str, Callable[[Pairs, Fraction], float]] = {
    "math": lambda pairs, p: inverse(pairs, p)[0],
    "hf1": lambda pairs, p: inverse(pairs, p)[0],
    "school": middle,
    "hf2": middle,
    "hf3": even,
    "shahvaish-normed": normed,
    "hf4": line(Fraction(0), Fraction(0)),
    "hf5": line(Fraction(1, 2), Fraction(0)),
    "hf6": line(Fraction(0), Fraction(1)),
    "hf7": line(Fraction(1), Fraction(-1)),
    "hf8": line(Fraction(1, 3), Fraction(1, 3)),
    "hf9": line(Fraction(3, 8), Fraction(1, 4)),
}


def score_interval(
    x: Array, q: float, share: Callable[[float], tuple[float, float]], t: float
) -> tuple[float, float]:
    """Scan all values: the first whose test exceeds -t, and the first whose test exceeds t."""
    first = last = None
    for value in sorted(set(x.tolist())):
        p, se = share(value)
        test = np.inf * np.sign(p - q) if se < 1e-12 else (p - q) / se
        first = value if first is None and test > -t else first
        last = value if last is None and test > t else last
    assert first is not None
    assert last is not None
    return first, last


def standardised(y: Array, w: Array, cell: Array, population: dict[Any, float]) -> float:
    total = sum(population.values())
    return sum(
        size / total * float((w * y)[cell == c].sum() / w[cell == c].sum())
        for c, size in population.items()
    )
