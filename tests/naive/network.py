"""Slow, obvious network scale-up: one respondent at a time, one replicate at a time."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.naive import variance

Array = NDArray[Any]


def respondents(seed: int, strata: int = 3, psus: int = 5, per_psu: int = 7) -> dict[str, Array]:
    """Answers of made-up respondents, some of them missing, with domains that cross the units."""
    rng = np.random.default_rng(seed)
    n = strata * psus * per_psu
    psu = np.repeat(np.arange(strata * psus), per_psu)
    ties = rng.gamma(3.0, 30.0, n) * np.exp(rng.normal(0, 0.3, strata * psus))[psu]
    data = {
        "psu": psu,
        "stratum": psu // psus,
        "w": rng.gamma(4.0, 5.0, n),
        "region": rng.choice(["east", "west"], n),
        "age": rng.integers(18, 70, n).astype(float),
        "hidden": rng.poisson(0.010 * ties).astype(float),
        "other": rng.poisson(0.006 * ties).astype(float),
        "police": rng.poisson(0.020 * ties).astype(float),
        "nurses": rng.poisson(0.030 * ties).astype(float),
        "teachers": rng.poisson(0.015 * ties).astype(float),
    }
    for name, share in (("police", 0.2), ("nurses", 0.15), ("teachers", 0.1), ("hidden", 0.05)):
        data[name][rng.random(n) < share] = np.nan
    data["police"][4] = data["nurses"][4] = data["teachers"][4] = np.nan
    return data


KNOWN = {"police": 2_000.0, "nurses": 3_100.0, "teachers": 1_450.0}


def complete(data: dict[str, Array]) -> dict[str, Array]:
    """The same answers, with 0 for what is missing."""
    return {name: np.nan_to_num(x) if x.dtype.kind == "f" else x.copy() for name, x in data.items()}


def one(
    data: dict[str, Array], i: int, hidden: str, known: dict[str, float]
) -> tuple[float, float]:
    """Reports and ties, per person of the population, of one respondent; 0, 0 if not taking part."""
    answered = [name for name in known if not isnan(data[name][i])]
    if isnan(data[hidden][i]) or not answered:
        return 0.0, 0.0
    friends = sum(float(data[name][i]) for name in answered)
    return float(data[hidden][i]), friends / sum(known[name] for name in answered)


def scale_up(
    data: dict[str, Array], w: Array, hidden: str, known: dict[str, float], tau: float = 1.0
) -> float:
    """Ratio of weighted sums, over the rows with weight."""
    reports = ties = 0.0
    for i, weight in enumerate(w):
        y, d = one(data, i, hidden, known)
        reports += float(weight) * y
        ties += float(weight) * d
    return reports / ties / tau


def scores(
    data: dict[str, Array], w: Array, hidden: str, known: dict[str, float], tau: float = 1.0
) -> Array:
    """Weighted linearised values w (y - N d) / sum w d of all respondents."""
    pairs = np.array([one(data, i, hidden, known) for i in range(w.size)])
    ties = float((w * pairs[:, 1]).sum())
    size = scale_up(data, w, hidden, known)
    return np.asarray(w * (pairs[:, 0] - size * pairs[:, 1]) / ties / tau)


def linearised(data: dict[str, Array], z: Array) -> float:
    """Standard error of the sum of z over strata and units, units without a member included."""
    return float(np.sqrt(variance.multistage(z, data["stratum"], [data["psu"]], [None])))


def delete_one(
    data: dict[str, Array], w: Array, hidden: str, known: dict[str, float], tau: float = 1.0
) -> tuple[Array, Array]:
    """Values without one primary unit at a time, and their coefficients (n - 1) / n."""
    values, coefficients = [], []
    for j in dict.fromkeys(data["psu"].tolist()):
        here = data["stratum"] == data["stratum"][data["psu"] == j][0]
        n = np.unique(data["psu"][here]).size
        moved = np.where(here, w * n / (n - 1), w)
        moved[data["psu"] == j] = 0.0
        values.append(scale_up(data, moved, hidden, known, tau))
        coefficients.append((n - 1) / n)
    return np.array(values), np.array(coefficients)


def rescaled(
    data: dict[str, Array], w: Array, hidden: str, known: dict[str, float], factors: Array
) -> Array:
    """Values under given factors (rows, replicates) of the weights."""
    return np.array([scale_up(data, w * column, hidden, known) for column in factors.T])


# ------------------------------------------------------------------ the rules, one respondent at a time
RULES = ("ratio-of-sums", "mean-of-ratios")
PEOPLE = 150_000.0


def degree_of(
    data: dict[str, Array], i: int, known: dict[str, float], rule: Any, people: float = PEOPLE
) -> float | None:
    """Degree of one respondent, or None where it is unknown."""
    if rule not in RULES:  # types of relation, all of which must be answered
        found = [float(data[name][i]) for name in rule]
        return None if any(isnan(x) for x in found) else sum(found)
    answered = [name for name in known if not isnan(data[name][i])]
    if not answered:
        return None
    if rule == "ratio-of-sums":
        friends = sum(float(data[name][i]) for name in answered)
        return people * friends / sum(known[name] for name in answered)
    shares = [float(data[name][i]) / known[name] for name in answered]
    return people * sum(shares) / len(shares)


def size_of(
    data: dict[str, Array],
    w: Array,
    hidden: str,
    known: dict[str, float],
    degree: Any = "ratio-of-sums",
    size: str = "ratio-of-sums",
    people: float = PEOPLE,
) -> float:
    """Size of a hidden group by any rule of degrees and any rule of sizes."""
    above = below = 0.0
    for i, weight in enumerate(w.tolist()):
        y, d = float(data[hidden][i]), degree_of(data, i, known, degree, people)
        if isnan(y) or d is None:
            continue
        if size == "ratio-of-sums":
            above, below = above + weight * y, below + weight * d
        elif d > 0:
            above, below = above + weight * y / d, below + weight
    return people * above / below


def mean_degree(
    data: dict[str, Array], w: Array, known: dict[str, float], degree: Any, people: float = PEOPLE
) -> float:
    """Weighted mean of the degrees that are known."""
    above = below = 0.0
    for i, weight in enumerate(w.tolist()):
        d = degree_of(data, i, known, degree, people)
        if d is not None:
            above, below = above + weight * d, below + weight
    return above / below


def slopes_of(value: Any, w: Array) -> Array:
    """Derivative of a function of the weights by each, times the weight: central differences."""
    out = np.zeros(w.size)
    for i in np.flatnonzero(w).tolist():
        h = 1e-4 * w[i]
        step = h * (np.arange(w.size) == i)
        out[i] = (value(w + step) - value(w - step)) / (2 * h) * w[i]
    return out
