"""Small synthetic samples for the tests of the engine; every number in them is made up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def households(seed: int = 1, psus: int = 18, per_psu: int = 6) -> dict[str, Array]:
    """Households of a stratified cluster sample with nonresponse, two margins and outcomes."""
    rng = np.random.default_rng(seed)
    n = psus * per_psu
    psu = np.repeat(np.arange(psus), per_psu)
    effect = rng.normal(0, 0.6, psus)[psu]
    sex, age = rng.integers(0, 2, n), rng.integers(0, 3, n)
    income = np.exp(1 + 0.4 * effect + 0.3 * rng.normal(size=n))
    hours = 8 + 3 * effect + 2 * age + rng.normal(0, 2, n)
    # Response must not follow any class exactly, or a propensity would have no maximum.
    responded = (rng.random(n) < 0.62 + 0.12 * sex + 0.04 * age).astype(float)
    case = (rng.random(n) < 1 / (1 + np.exp(1.2 - 0.5 * age - effect))).astype(float)
    return {
        "id": np.arange(n),
        "stratum": psu // (psus // 3),
        "psu": psu,
        "w": rng.gamma(4.0, 5.0, n),
        "sex": sex,
        "age": age,
        "class": rng.integers(0, 4, n),
        "region": rng.integers(0, 3, n),
        "income": income,
        "hours": hours,
        "case": case,
        "responded": responded,
    }


def children_of(parents: dict[str, Array], seed: int = 2) -> dict[str, Array]:
    """Up to three children for each household, in mixed order; some households have none."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(parents["id"].size), rng.integers(0, 4, parents["id"].size))
    rng.shuffle(rows)
    return {
        "id": parents["id"][rows],
        "child_sex": rng.integers(0, 2, rows.size),
        "work": rng.gamma(2.0, 3.0, rows.size) + 0.2 * parents["hours"][rows],
        "case": (rng.random(rows.size) < 0.2 + 0.2 * parents["case"][rows]).astype(float),
        "one": np.ones(rows.size),
        "row": rows,
    }


def targets(code: Array, w: Array, factors: tuple[float, ...], total: float) -> Array:
    """Known totals of the categories: the sample's own, moved by factors, of a given sum."""
    own = np.bincount(code, weights=w) * np.array(factors)
    return np.asarray(own * (total / own.sum()))


def as_totals(values: Array) -> dict[int, float]:
    return {i: float(v) for i, v in enumerate(values)}
