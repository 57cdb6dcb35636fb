"""Slow, obvious variances of designs: every pair of units or rows, one at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def pairs(method: str, chance: Array) -> Array:
    """Joint inclusion probabilities in one stratum, as Overton or Hartley and Rao take them."""
    n = chance.size
    out = np.diag(chance)
    for i, j in itertools.permutations(range(n), 2):
        if method == "overton":
            below = n - (chance[i] + chance[j]) / 2
        else:
            below = n - chance[i] - chance[j] + chance.sum() / n
        out[i, j] = (n - 1) * chance[i] * chance[j] / below
    return out


def unequal(z: Array, stratum: Array, chance: Array, method: str, form: str) -> float:
    """Variance of the sum of the weighted unit sums z, by stratum."""
    total = 0.0
    for h in np.unique(stratum):
        at = stratum == h
        if method == "brewer":
            n = int(at.sum())
            total += sum(
                (1 - c) * n / (n - 1) * (v - z[at].mean()) ** 2
                for v, c in zip(z[at], chance[at], strict=True)
            )
        else:
            total += of_pairs(z[at], pairs(method, chance[at]), form)
    return float(total)


def of_pairs(z: Array, joint: Array, form: str) -> float:
    """Horvitz-Thompson's or Yates and Grundy's estimator of the variance."""
    out = 0.0
    for i, j in itertools.product(range(z.size), repeat=2):
        d = 1 - joint[i, i] * joint[j, j] / joint[i, j] if i != j else 1 - joint[i, i]
        if form == "horvitz-thompson":
            out += d * z[i] * z[j]
        elif i != j:
            out -= d * (z[i] - z[j]) ** 2 / 2
    return float(out)


def cluster_form(stratum: Array, psu: Array, fraction: Array) -> Array:
    """Table S of rows by rows with z'Sz the variance of one stage of selection."""
    n = stratum.size
    out = np.zeros((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        if stratum[i] == stratum[j]:
            m = np.unique(psu[stratum == stratum[i]]).size
            same = 1.0 if psu[i] == psu[j] else 0.0
            out[i, j] = (1 - fraction[i]) * m / (m - 1) * (same - 1 / m)
    return out


def two_phases(u: Array, form: Array, chance: Array, joint: Array) -> float:
    """Variance of the sum of doubly weighted u: `form` of the first phase, pairs of the second."""
    out = 0.0
    for i, j in itertools.product(range(u.size), repeat=2):
        both = joint[i, j] if i != j else chance[i]
        expand = chance[i] * chance[j] / both
        out += (form[i, j] * expand + 1 - expand) * u[i] * u[j]
    return float(out)


def second_phase_pairs(group: Array, total: dict[Any, int]) -> tuple[Array, Array]:
    """Chances and joint chances of drawn rows under simple random sampling in groups."""
    drawn = {g: int((group == g).sum()) for g in total}
    chance = np.array([drawn[g] / total[g] for g in group])
    joint = np.outer(chance, chance)
    for i, j in itertools.permutations(range(group.size), 2):
        g = group[i]
        if g == group[j]:
            joint[i, j] = drawn[g] * (drawn[g] - 1) / (total[g] * (total[g] - 1))
    return chance, joint


def conditional_poisson(odds: Array, n: int) -> tuple[list[tuple[tuple[int, ...], float]], Array]:
    """All samples of n units with their probabilities, and the joint probabilities of pairs."""
    samples = list(itertools.combinations(range(odds.size), n))
    size = np.array([odds[list(s)].prod() for s in samples])
    made = list(zip(samples, (size / size.sum()).tolist(), strict=True))
    joint = np.zeros((odds.size, odds.size))
    for s, p in made:
        joint[np.ix_(s, s)] += p
    return made, joint


def draws_within(rows: Array, group: Array, size: dict[Any, int]) -> Iterator[list[int]]:
    """All ways of drawing the stated number of rows from each group."""
    choices = [itertools.combinations(rows[group[rows] == g].tolist(), k) for g, k in size.items()]
    for parts in itertools.product(*choices):
        yield [row for part in parts for row in part]
