"""Slow, obvious versions of multiple-systems estimation: one table and one model at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import exp, factorial, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Array = NDArray[Any]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Kept:
    """Design matrix and counts that the boundary rule leaves, and the code of the model."""

    design: Array
    counts: Array
    names: list[tuple[int, ...]]
    code: int


@dataclass(frozen=True)
class NaiveFit:
    total: float
    std_error: float
    std_error_r: float
    deviance: float
    log_likelihood: float
    aic: float
    bic: float
    means: Array


def on_all(history: Iterable[int], term: Iterable[int]) -> bool:
    row = list(history)
    return all(row[i] == 1 for i in term)


def extended(histories: Array, counts: Array, terms: Iterable[tuple[int, ...]]) -> Kept:
    """Drop the cells of every term that nobody has, then the term."""
    lists = histories.shape[1]
    everything: list[tuple[int, ...]] = [(i,) for i in range(lists)] + list(terms)
    cells = list(range(len(counts)))
    names: list[tuple[int, ...]] = [()]
    for term in everything:
        if sum(counts[c] for c in range(len(counts)) if on_all(histories[c], term)) == 0:
            cells = [c for c in cells if not on_all(histories[c], term)]
        else:
            names.append(term)
    design = np.array([[float(on_all(histories[c], term)) for term in names] for c in cells])
    design = design.reshape(len(cells), len(names))
    kept = np.asarray(counts, dtype=float)[cells]
    full_rank = bool(cells) and int(np.linalg.matrix_rank(design)) == len(names)
    return Kept(design, kept, names, int(not exists(design, kept)) + 2 * int(not full_rank))


def exists(design: Array, counts: Array) -> bool:
    """Fienberg and Rinaldo (2012): maximise s with X't x = X't y and x >= s >= 0 in every cell."""
    cells, parameters = design.shape
    if cells == 0:
        return True
    answer = linprog(
        np.append(np.zeros(cells), -1.0),
        A_eq=np.hstack([design.T, np.zeros((parameters, 1))]),
        b_eq=design.T @ counts,
        A_ub=np.hstack([-np.eye(cells), np.ones((cells, 1))]),
        b_ub=np.zeros(cells),
        bounds=[(0, None)] * (cells + 1),
        method="highs",
    )
    assert answer.fun is not None
    return bool(answer.fun < -1e-6)


def fit(histories: Array, counts: Array, terms: Iterable[tuple[int, ...]]) -> NaiveFit | int:
    """Iteratively reweighted least squares of one model, or its code when it has no estimate."""
    beyond = list(terms)
    kept = extended(histories, counts, beyond)
    if kept.code:
        return kept.code
    x, y = kept.design, kept.counts
    means, weights, before = y + 0.1, y + 0.1, np.inf
    peer: Array = np.empty(0)
    for _ in range(500):
        weights = means
        working = np.log(means) + (y - means) / means
        scale = np.sqrt(weights)
        beta = np.linalg.lstsq(x * scale[:, None], working * scale, rcond=None)[0]
        means = np.exp(x @ beta)
        deviance = deviance_of(y, means)
        if peer.size == 0 and abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
            # Where R's glm stops. Its covariance has the weights that the last step began with.
            peer = np.linalg.inv(x.T @ (weights[:, None] * x))
        if np.abs(x.T @ (y - means)).max() <= 1e-11 * y.sum():
            break
        before = deviance
    variance = np.linalg.inv(x.T @ (means[:, None] * x))[0, 0]
    dark = exp(beta[0])
    persons = float(y.sum())
    likelihood = sum(
        count * log(mean) - mean - log_factorial(count)
        for count, mean in zip(y, means, strict=True)
    )
    parameters = 1 + histories.shape[1] + len(beyond)
    peer_variance = peer[0, 0] if peer.size else variance
    return NaiveFit(
        total=persons + dark,
        std_error=sqrt(dark + dark**2 * variance),
        std_error_r=sqrt(dark + dark**2 * peer_variance),
        deviance=deviance_of(y, means),
        log_likelihood=likelihood,
        aic=2 * parameters - 2 * likelihood,
        bic=log(persons) * parameters - 2 * likelihood,
        means=means,
    )


def deviance_of(counts: Array, means: Array) -> float:
    total = 0.0
    for count, mean in zip(counts, means, strict=True):
        total += 2 * ((count * log(count / mean) if count > 0 else 0.0) - (count - mean))
    return total


def log_factorial(count: float) -> float:
    return log(factorial(int(count)))


def overlap_means(histories: Array, counts: Array, pairs: list[Pair], means: Array) -> Array:
    """Fitted number of persons on both lists of every pair."""
    dropped = [
        (i,) for i in range(histories.shape[1]) if counts[histories[:, i] == 1].sum() == 0
    ] + [pair for pair in pairs if counts[(histories[:, pair] == 1).all(axis=1)].sum() == 0]
    cells = [c for c in range(len(counts)) if not any(on_all(histories[c], t) for t in dropped)]
    return np.array(
        [
            sum(m for c, m in zip(cells, means, strict=True) if on_all(histories[c], pair))
            for pair in combinations(range(histories.shape[1]), 2)
        ]
    )


def poisson_tail(observed: int, expected: float) -> float:
    """Smaller tail by adding up probabilities."""
    below = (
        sum(exp(-expected + k * log(expected) - log_factorial(k)) for k in range(observed))
        if (expected > 0)
        else float(observed > 0)
    )
    at = (
        exp(-expected + observed * log(expected) - log_factorial(observed))
        if expected > 0
        else float(observed == 0)
    )
    return min(below + at, 1 - below)


def stepwise(histories: Array, counts: Array, threshold: float) -> tuple[float, list[Pair]]:
    """Forward selection: the total and the pairs in the order in which they entered."""
    every = list(combinations(range(histories.shape[1]), 2))
    chosen: list[Pair] = []
    present = fit(histories, counts, chosen)
    while isinstance(present, NaiveFit):
        expected = overlap_means(histories, counts, chosen, present.means)
        best: tuple[float, Pair] | None = None
        for pair, nu in zip(every, expected, strict=True):
            if pair in chosen or extended(histories, counts, [*chosen, pair]).code:
                continue
            observed = int(counts[(histories[:, pair] == 1).all(axis=1)].sum())
            p = poisson_tail(observed, nu)
            if p < threshold and (best is None or p < best[0] * (1 - 1e-9)):
                best = (p, pair)
        if best is None:
            return present.total, chosen
        chosen.append(best[1])
        present = fit(histories, counts, chosen)
    return float("nan"), chosen
