"""Slow, obvious list experiments, masked answers and latent classes: a row at a time."""

from __future__ import annotations

from itertools import product
from math import comb, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def expit(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x, dtype=float)))


def binomial(k: int, n: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k) if 0 <= k <= n else 0.0


def list_row(
    y: int, long: bool, items: int, p0: float, p1: float, pi: float, floor: float, ceiling: float
) -> float:
    """Chance of a count: over the trait, the control items, and whether the trait is hidden."""
    chance = 0.0
    for z, control in product((0, 1), range(items + 1)):
        here = (pi if z else 1 - pi) * binomial(control, items, p1 if z else p0)
        hides = floor * (control == 0) + ceiling * (control == items)
        if long and z:
            chance += here * ((1 - hides) * (y == control + 1) + hides * (y == control))
        else:
            chance += here * (y == control)
    return chance


def list_log_likelihood(
    b: Array,
    x: Array,
    y: Array,
    long: Array,
    items: int,
    w: Array,
    *,
    constrained: bool = True,
    floor: float = 0.0,
    ceiling: float = 0.0,
) -> float:
    parts = np.split(b, 2 if constrained else 3)
    g0, d = parts[0], parts[-1]
    g1 = g0 if constrained else parts[1]
    total = 0.0
    for i in range(len(y)):
        p0, p1, pi = (float(expit(x[i] @ c)) for c in (g0, g1, d))
        total += w[i] * log(list_row(int(y[i]), bool(long[i]), items, p0, p1, pi, floor, ceiling))
    return total


def squares(g: Array, d: Array, x: Array, y: Array, long: Array, items: int, w: Array) -> Any:
    """Sums of squares of controls in g, and of the treated in d given g."""
    one = two = 0.0
    for i in range(len(y)):
        mean = items * float(expit(x[i] @ g))
        if long[i]:
            two += w[i] * (y[i] - mean - float(expit(x[i] @ d))) ** 2
        else:
            one += w[i] * (y[i] - mean) ** 2
    return one, two


def imai_sandwich(g: Array, d: Array, x: Array, y: Array, long: Array, items: int) -> Array:
    """Variance of (g, d) by least squares in two steps, of independent rows."""
    p = g.size
    bread, meat = np.zeros((2 * p, 2 * p)), np.zeros((2 * p, 2 * p))
    for i in range(len(y)):
        control, share = float(expit(x[i] @ g)), float(expit(x[i] @ d))
        rise, slope = items * control * (1 - control), share * (1 - share)
        score = np.zeros(2 * p)
        if long[i]:
            score[p:] = (y[i] - items * control - share) * slope * x[i]
            bread[p:, :p] += slope * rise * np.outer(x[i], x[i])
            bread[p:, p:] += slope**2 * np.outer(x[i], x[i])
        else:
            score[:p] = (y[i] - items * control) * rise * x[i]
            bread[:p, :p] += rise**2 * np.outer(x[i], x[i])
        meat += np.outer(score, score)
    inverse = np.linalg.inv(bread)
    return inverse @ meat @ inverse.T


def masked_log_likelihood(b: Array, x: Array, y: Array, w: Array, slope: float, a: float) -> float:
    total = 0.0
    for i in range(len(y)):
        mu = a + slope * float(expit(x[i] @ b))
        total += w[i] * log(mu if y[i] == 1 else 1 - mu)
    return total


def masked_score(b: Array, x: Array, y: Array, slope: float, a: float) -> Array:
    """Sum of the scores, 0 at the maximum."""
    total = np.zeros(b.size)
    for i in range(len(y)):
        p = float(expit(x[i] @ b))
        mu = a + slope * p
        total += x[i] * slope * p * (1 - p) * (y[i] - mu) / (mu * (1 - mu))
    return total


def masked_outer_products(b: Array, x: Array, y: Array, slope: float, a: float) -> Array:
    """Inverse of the sum of outer products of the scores."""
    total = np.zeros((b.size, b.size))
    for i in range(len(y)):
        p = float(expit(x[i] @ b))
        mu = a + slope * p
        score = x[i] * slope * p * (1 - p) * (y[i] - mu) / (mu * (1 - mu))
        total += np.outer(score, score)
    return np.linalg.inv(total)


def class_row(y: Array, share: float, one: Array, none: Array) -> tuple[float, float]:
    """Chance of a pattern with each class."""
    first, second = share, 1 - share
    for k in range(y.size):
        first *= one[k] if y[k] == 1 else 1 - one[k]
        second *= none[k] if y[k] == 1 else 1 - none[k]
    return first, second


def class_log_likelihood(y: Array, w: Array, share: float, one: Array, none: Array) -> float:
    return float(sum(w[i] * log(sum(class_row(y[i], share, one, none))) for i in range(len(y))))


def class_em(y: Array, w: Array, steps: int) -> tuple[float, Array, Array]:
    """Expectation and maximisation, a row at a time, from items split by how often they are yes."""
    k = y.shape[1]
    share, one, none = 0.3, np.full(k, 0.7), np.full(k, 0.2)
    for _ in range(steps):
        chance = np.empty(len(y))
        for i in range(len(y)):
            first, second = class_row(y[i], share, one, none)
            chance[i] = first / (first + second)
        m, rest = w * chance, w * (1 - chance)
        share, one, none = m.sum() / w.sum(), m @ y / m.sum(), rest @ y / rest.sum()
    return share, one, none


def gradient(f: Any, b: Array, step: float = 1e-5) -> Array:
    """Central differences."""
    out = np.empty(b.size)
    for k in range(b.size):
        moved = np.zeros(b.size)
        moved[k] = step
        out[k] = (f(b + moved) - f(b - moved)) / (2 * step)
    return out
