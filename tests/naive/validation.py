"""Slow, obvious validation of known groups: one group held out, one respondent at a time."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.naive import network

Array = NDArray[Any]
KNOWN = {"police": 900.0, "nurses": 2_500.0, "teachers": 7_000.0, "priests": 300.0, "anna": 4_000.0}


def respondents(seed: int, strata: int = 2, psus: int = 5, per_psu: int = 8) -> dict[str, Array]:
    """Answers of made-up respondents about five known groups and a hidden one, some missing."""
    rng = np.random.default_rng(seed)
    n = strata * psus * per_psu
    psu = np.repeat(np.arange(strata * psus), per_psu)
    degree = rng.gamma(3.0, 120.0, n) * np.exp(rng.normal(0, 0.3, strata * psus))[psu]
    data = {
        "psu": psu,
        "stratum": psu // psus,
        "w": rng.gamma(4.0, 5.0, n),
        "age": rng.integers(18, 70, n).astype(float),
        "family": rng.poisson(0.1 * degree).astype(float),
        "others": rng.poisson(0.9 * degree).astype(float),
    }
    for name, size in {**KNOWN, "hidden": 1_500.0}.items():
        data[name] = rng.poisson(degree * 0.004 * (size / 1_000) ** 0.7).astype(float)
    return data


def some_missing(data: dict[str, Array]) -> dict[str, Array]:
    """Leave out answers, among them all of one respondent and all but one of another."""
    rng = np.random.default_rng(99)
    out = {name: x.copy() for name, x in data.items()}
    for name in [*KNOWN, "hidden"]:
        out[name][rng.random(out[name].size) < 0.12] = np.nan
        out[name][7] = np.nan
        if name != "nurses":
            out[name][11] = np.nan
    out["nurses"][11] = 3.0
    return out


def size_of(
    data: dict[str, Array],
    w: Array,
    name: str,
    known: dict[str, float],
    degree_rule: str = "ratio-of-sums",
    size_rule: str = "ratio-of-sums",
) -> float:
    """Size of one group from those given, by either rule of degrees and of sizes."""
    return network.size_of(data, w, name, known, degree_rule, size_rule, people=1.0)


def held_out(
    data: dict[str, Array], w: Array, known: dict[str, float], kept: Any = None, **rules: str
) -> Array:
    """Sizes of all groups, each from the groups kept other than itself."""
    kept = list(known) if kept is None else list(kept)
    return np.array([
        size_of(data, w, name, {k: known[k] for k in kept if k != name}, **rules) for name in known
    ])  # fmt: skip


def influence(
    data: dict[str, Array], w: Array, hidden: str, known: dict[str, float], **rules: str
) -> Array:
    """Relative change of a hidden size when each known group leaves."""
    own = {k: v for k, v in known.items() if k != hidden}
    whole = size_of(data, w, hidden, own, **rules)
    out = []
    for name in known:
        rest = {k: v for k, v in own.items() if k != name}
        out.append(size_of(data, w, hidden, rest, **rules) / whole - 1)
    return np.array(out)


def recursive(
    data: dict[str, Array], w: Array, known: dict[str, float], low: float, high: float
) -> list[str]:
    """Names left by taking out the worst group, one at a time."""
    left = dict(known)
    while True:
        far = {}
        for name, size in left.items():
            rest = {k: v for k, v in left.items() if k != name}
            ratio = size_of(data, w, name, rest) / size
            if not low <= ratio <= high:
                far[name] = abs(log(ratio)) if ratio > 0 else float("inf")
        if not far:
            return list(left)
        del left[max(far, key=lambda name: far[name])]


def recall_adjusted(
    estimates: Array, sizes: Array, hidden: float
) -> tuple[float, float, float, float]:
    """Adjusted size and the standard error of its log, with the line, from normal equations."""
    x = np.c_[np.ones(sizes.size), np.log(sizes)]
    y = np.log(estimates)
    inverse = np.linalg.inv(x.T @ x)
    a, s = inverse @ x.T @ y
    residuals = y - x @ [a, s]
    s2 = float(residuals @ residuals) / (sizes.size - 2)
    size = exp((log(hidden) - a) / s)
    at = np.array([1.0, log(size)])
    return size, sqrt(s2 * (1 + at @ inverse @ at)) / s, float(a), float(s)


def recalled(size: float, c1: float, c2: float) -> float:
    """Recalled size of one group, by the product as it is printed."""
    if size <= c1:
        return size
    return float(size * ((c1 / size) * exp((1 / c2) * (1 - (c1 / size) ** c2))) ** 0.5)


def dissimilarity(pool: dict[Any, float], population: dict[Any, float]) -> float:
    """Half the sum of absolute differences of shares, cell by cell."""
    all_pool, all_people = sum(pool.values()), sum(population.values())
    return 0.5 * sum(abs(pool[c] / all_pool - population[c] / all_people) for c in population)
