"""Slow, obvious estimators from enriched network data: one respondent and one unit at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Data = Mapping[str, Array]
SIZES = {"police": 300.0, "nurses": 450.0, "teachers": 200.0}


def respondents(seed: int, n: int = 48, psus: int = 8, ties: float = 1.0) -> dict[str, Array]:
    """Made-up answers, some of them missing: ties, those aware, hidden people, traits, keys."""
    rng = np.random.default_rng(seed)
    psu = np.repeat(np.arange(psus), n // psus)
    data = {
        "psu": psu,
        "stratum": psu // (psus // 2),
        "w": rng.gamma(4.0, 5.0, n),
        "id": np.array([f"r{i}" for i in range(n)]),
        "sex": rng.choice(["F", "M"], n),
        "age": rng.choice(["15-34", "35+"], n),
        "hidden": rng.poisson(0.7, n).astype(float),
    }
    for name, mean in (("police", 3.0), ("nurses", 4.0), ("teachers", 2.0)):
        known = rng.poisson(mean * ties, n)
        data[name] = known.astype(float)
        data[f"{name}_aware"] = rng.binomial(known, 0.6).astype(float)
    for name, share in (("police", 0.15), ("nurses_aware", 0.1), ("hidden", 0.05)):
        data[name][rng.random(n) < share] = np.nan
    for name in SIZES:
        data[name][7] = data[f"{name}_aware"][7] = np.nan
    return data


def reported_alters(data: Data, seed: int, count: int = 90) -> dict[str, Array]:
    """Made-up alters, each with the key of a respondent."""
    rng = np.random.default_rng(seed)
    return {
        "id": rng.choice(data["id"], count),
        "sex": rng.choice(["F", "M"], count),
        "age": rng.choice(["15-34", "35+"], count),
    }


def per_member(data: Data, i: int, suffix: str = "") -> float | None:
    """Alters over members of the groups that one respondent answered; None without an answer."""
    names = [name for name in SIZES if not isnan(data[f"{name}{suffix}"][i])]
    if not names:
        return None
    alters = sum(float(data[f"{name}{suffix}"][i]) for name in names)
    return alters / sum(SIZES[name] for name in names)


def mean_per_member(data: Data, w: Array, suffix: str = "") -> float:
    """Weighted mean over the respondents who answered."""
    above = below = 0.0
    for i, weight in enumerate(w.tolist()):
        rate = per_member(data, i, suffix)
        if rate is not None:
            above += weight * rate
            below += weight
    return above / below


def transmission(data: Data, w: Array) -> float:
    """Aware alters over alters, group by group and respondent by respondent."""
    above = below = 0.0
    for i, weight in enumerate(w.tolist()):
        for name in SIZES:
            met, told = float(data[name][i]), float(data[f"{name}_aware"][i])
            if not (isnan(met) or isnan(told)):
                above += weight * told
                below += weight * met
    return above / below


def reports(data: Data, w: Array) -> float:
    """All reports of the frame; those who did not answer are taken to report like the others."""
    above = below = 0.0
    for y, weight in zip(data["hidden"].tolist(), w.tolist(), strict=True):
        if not isnan(y):
            above += weight * y
            below += weight
    return above / below * float(w.sum())


def rate(
    data: Data,
    w: Array,
    alters: Data,
    cell: dict[str, str],
    match: list[str],
    people: float,
    frame: bool,
) -> float:
    """Rate of one cell: by the frame's size (`frame`), or by that of the cell."""
    events = ties = standing = everybody = 0.0
    for i, weight in enumerate(w.tolist()):
        near = per_member(data, i)
        if near is None:
            continue
        everybody += weight
        for row in range(alters["id"].size):
            mine = alters["id"][row] == data["id"][i]
            if mine and all(alters[trait][row] == label for trait, label in cell.items()):
                events += weight
        if all(data[trait][i] == cell[trait] for trait in match):
            ties += weight * near
            standing += weight
    if frame:
        return events / ties / people
    return events / everybody / (ties / standing) / people


def delete_one(data: Data, w: Array, theta: Callable[[Array], float]) -> float:
    """Standard error by leaving out one primary unit at a time, about the full value."""
    total, full = 0.0, theta(w)
    for j in np.unique(data["psu"]):
        here = data["stratum"] == data["stratum"][data["psu"] == j][0]
        n = np.unique(data["psu"][here]).size
        moved = np.where(here, w * n / (n - 1), w)
        moved[data["psu"] == j] = 0.0
        total += (n - 1) / n * (theta(moved) - full) ** 2
    return float(total**0.5)


def blended(x: Array, y: Array, c: Array, one: float, two: float) -> tuple[float, float, float]:
    """Weight, value and variance of the blend from joint columns with coefficients c."""
    v1 = v2 = cov = 0.0
    for a, b, k in zip(x.tolist(), y.tolist(), c.tolist(), strict=True):
        v1, v2, cov = v1 + k * a * a, v2 + k * b * b, cov + k * a * b
    weight = (v2 - cov) / (v1 + v2 - 2 * cov)
    variance = (v1 * v2 - cov * cov) / (v1 + v2 - 2 * cov)
    return weight, weight * one + (1 - weight) * two, variance
