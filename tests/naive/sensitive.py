"""Slow, obvious versions of the estimators of sensitive questions: one respondent at a time."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def mean(values: list[float], weights: list[float]) -> float:
    return sum(w * y for w, y in zip(weights, values, strict=True)) / sum(weights)


def difference(count: Array, treated: Array, w: Array) -> float:
    """Return the mean count of the long list minus that of the short one."""
    long = [i for i in range(len(count)) if treated[i] == 1]
    short = [i for i in range(len(count)) if treated[i] == 0]
    means = [
        mean([float(count[i]) for i in rows], [float(w[i]) for i in rows]) for rows in (long, short)
    ]
    return means[0] - means[1]


def double(first: Array, second: Array, treated: Array, w: Array) -> float:
    return (difference(first, treated, w) + difference(second, 1 - treated, w)) / 2


def combined(count: Array, treated: Array, direct: Array, w: Array) -> float:
    """Return the share that says yes, and among those who say no the list difference."""
    yes = mean([float(z) for z in direct], [float(x) for x in w])
    no = direct == 0
    return yes + (1 - yes) * difference(count[no], treated[no], w[no])


def masked(rng: np.random.Generator, trait: Array, design: str, **p: Any) -> Array:
    """Play a device, one respondent at a time, and return the answers of 0 and 1."""
    return np.array([_played(rng, bool(one), design, p) for one in trait], dtype=float)


def _played(rng: np.random.Generator, trait: bool, design: str, p: dict[str, Any]) -> bool:
    if rng.random() < p.get("random_answers", 0.0):
        return bool(rng.random() < 0.5)
    draw = rng.random()
    if design == "warner":  # "I have the trait" with probability p, else "I do not have it"
        return trait if draw < p["p"] else not trait
    if design == "crosswise":  # are both answers the same?
        return trait == bool(draw < p["p"])
    if design == "forced":
        if draw < p["p_yes"]:
            return True
        return trait if draw < 1 - p["p_no"] else False
    if design == "unrelated":
        return trait if draw < p["p"] else bool(rng.random() < p["q"])
    return bool(draw < p["p"][0 if trait else 1])


def kinds(count: Array, treated: Array, w: Array, items: int) -> tuple[list[float], list[float]]:
    """Return the shares of those with and without the trait who say yes to 0, .., J others."""

    def below(group: int, k: int) -> float:
        rows = [i for i in range(len(count)) if treated[i] == group]
        return mean([float(count[i] <= k) for i in rows], [float(w[i]) for i in rows])

    with_trait = [below(0, k) - below(1, k) for k in range(items + 1)]
    without = [below(1, k) - below(0, k - 1) for k in range(items + 1)]
    return with_trait, without


def nearest(x: Array, covariance: Array) -> tuple[float, int]:
    """Return the squared distance of x from the positive orthant and how many coordinates bind.

    Every choice of binding coordinates is tried, and the nearest feasible point kept.
    """
    metric = np.linalg.inv(covariance)
    found: list[tuple[float, int]] = []
    for bound in product([True, False], repeat=len(x)):
        point = np.zeros(len(x))
        free = [i for i, zero in enumerate(bound) if not zero]
        held = [i for i, zero in enumerate(bound) if zero]
        if free:
            cross = metric[np.ix_(free, held)] @ x[held]
            point[free] = x[free] + np.linalg.solve(metric[np.ix_(free, free)], cross)
        if (point >= 0).all():
            found.append((float((x - point) @ metric @ (x - point)), len(held)))
    return min(found)


def distances(rng: np.random.Generator, covariance: Array, draws: int) -> Array:
    """Return squared distances of normal draws from the positive orthant."""
    x = rng.multivariate_normal(np.zeros(len(covariance)), covariance, draws)
    return np.array([nearest(row, covariance)[0] for row in x])
