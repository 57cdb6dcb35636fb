"""What generators share: kinds of columns, chances, names, age groups, and the table of truths."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Labels = NDArray[np.object_]

#: First and last age of each age group of the tables.
MOST = 20.0  # of a standard deviation of logarithms: a factor of 5e8
AGE_GROUPS = {"5-11": (5, 11), "12-14": (12, 14), "15-17": (15, 17)}
#: Columns of truth.csv.
COLUMNS = (
    "id",
    "outcome",
    "form",
    "window",
    "denominator",
    "by",
    "domain",
    "value",
    "unit",
    "note",
)
Row = tuple[str, str, str, str, str, str, str, float, str, str]


def check_chances(
    chances: Mapping[str, float], strict: bool = False, below_one: bool = False
) -> None:
    """Raise ValueError unless every chance lies in [0, 1], in (0, 1) or in [0, 1)."""
    wrong = [
        f"{name} = {p:g}"
        for name, p in chances.items()
        if not 0 <= p <= 1 or (strict and p in (0, 1)) or (below_one and p == 1)
    ]
    if wrong:
        bounds = "strictly between 0 and 1" if strict else "between 0 and 1"
        bounds = "at least 0 and below 1" if below_one else bounds
        raise ValueError(
            f"chances must be {bounds}: {len(wrong)} of {len(chances)} are not (first: {wrong[0]}). "
            "Correct them."
        )


def expit(x: Floats) -> Floats:
    """Return the chance of each log odds."""
    out = np.array(x, dtype=np.float64)
    np.exp(np.negative(out, out=out), out=out)
    out += 1.0
    return np.divide(1.0, out, out=out)


def intercept(logit: Floats, mean: float) -> float:
    """Solve mean(expit(b + logit)) = mean for b: Newton on the log of both sides."""
    b = float(np.log(mean / (1 - mean)))
    moved = np.empty_like(logit, dtype=np.float64)
    for _ in range(50):
        chance = expit(np.add(logit, b, out=moved))
        current = float(chance.mean())
        spread = np.subtract(1, chance, out=moved)
        spread *= chance
        step = np.log(mean / current) * current / float(spread.mean())
        b += float(step)
        if abs(step) < 1e-10:
            break
    return b


def check_spread(argument: str, sd: float) -> None:
    """Refuse a standard deviation that is none."""
    if not 0 <= sd < MOST:
        raise ValueError(
            f"{argument} must be from 0 to {MOST:g}: found {sd:g}. 0 is no spread at all."
        )


def gamma(number: int, mean: float, cv: float, rng: np.random.Generator) -> Floats:
    """Draw from the gamma distribution with this mean and coefficient of variation."""
    return rng.gamma(1 / cv**2, mean * cv**2, number)


def lognormal(number: int, sd: float, rng: np.random.Generator) -> Floats:
    """Draw from the lognormal distribution with mean 1 and this standard deviation of the log."""
    return np.exp(-0.5 * sd**2 + sd * rng.standard_normal(number))


def labels(letter: str, number: Ints, digits: int) -> Labels:
    """Return identifiers such as H000123."""
    return np.array([f"{letter}{int(i):0{digits}d}" for i in number], dtype=object)


def sex(girl: Bools) -> Labels:
    """Return 'girl' or 'boy'."""
    return np.where(girl, "girl", "boy").astype(object)


def age_group(age: NDArray[np.int_]) -> NDArray[np.object_]:
    """Return the label of the age group of each age from 5 to 17."""
    return np.array(list(AGE_GROUPS), dtype=object)[age_group_code(age)]


def age_group_code(age: NDArray[np.int_]) -> NDArray[np.intp]:
    """Return the position of the age group of each age."""
    first = np.array([low for low, _ in AGE_GROUPS.values()])
    ages = np.arange(int(age.max(initial=0)) + 1)
    return (np.searchsorted(first, ages, side="right") - 1)[age]
