"""Slow, obvious choice among hierarchical log-linear models: all subsets, one fit at a time."""

from __future__ import annotations

from itertools import chain, combinations
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.naive.mse import NaiveFit, fit

Array = NDArray[Any]
Terms = tuple[tuple[int, ...], ...]


def possible(lists: int, order: int) -> list[tuple[int, ...]]:
    sizes = range(2, min(order, lists - 1) + 1)
    return [term for size in sizes for term in combinations(range(lists), size)]


def hierarchical(terms: Terms) -> bool:
    """Whether all pairs and larger terms inside every term are there."""
    return all(
        part in terms
        for term in terms
        for size in range(2, len(term))
        for part in combinations(term, size)
    )


def models(lists: int, order: int) -> list[Terms]:
    every = possible(lists, order)
    subsets = chain.from_iterable(combinations(every, k) for k in range(len(every) + 1))
    return [subset for subset in subsets if hierarchical(subset)]


def generators(lists: int, terms: Terms) -> list[tuple[int, ...]]:
    everything = [*terms, *((i,) for i in range(lists))]
    return [t for t in everything if not any(set(t) < set(other) for other in everything)]


def criterion(histories: Array, counts: Array, terms: Terms, penalty: float) -> tuple[float, float]:
    """Penalised deviance up to a constant, and total: infinite and nan without an estimate."""
    found = fit(histories, counts, terms)
    if not isinstance(found, NaiveFit):
        return float("inf"), float("nan")
    parameters = 1 + histories.shape[1] + len(terms)
    return parameters * penalty - 2 * found.log_likelihood, found.total


def best(found: list[tuple[float, float]]) -> tuple[int, float]:
    """Place and total of the first of least criterion; -1 and nan when all are infinite."""
    place, least, size = -1, float("inf"), float("nan")
    for k, (value, total) in enumerate(found):
        if value < least - 1e-9 * (1 + abs(value)):
            place, least, size = k, value, total
    return place, size


def beside(lists: int, order: int, terms: Terms) -> list[Terms]:
    """Models with one term more or one less."""
    out = []
    for term in possible(lists, order):
        other = tuple(t for t in terms if t != term) if term in terms else (*terms, term)
        if hierarchical(other):
            out.append(tuple(sorted(other, key=lambda t: (len(t), t))))
    return out


def degree_two(lists: int, order: int, ranked: list[Terms]) -> list[Terms]:
    """Order by the best rank among each model and its neighbours, then by its own."""
    rank = {frozenset(terms): k for k, terms in enumerate(ranked)}
    best_near = [
        min([k, *(rank.get(frozenset(o), len(rank)) for o in beside(lists, order, terms))])
        for k, terms in enumerate(ranked)
    ]
    return [ranked[k] for k in sorted(range(len(ranked)), key=lambda k: (best_near[k], k))]


def downhill(histories: Array, counts: Array, order: int) -> tuple[Terms, float]:
    """From independence to the best neighbour while one is better."""
    lists, cost = histories.shape[1], log(counts.sum())
    here: Terms = ()
    value, total = criterion(histories, counts, here, cost)
    while True:
        around = [(*criterion(histories, counts, o, cost), o) for o in beside(lists, order, here)]
        least = min(around, key=lambda found: found[0])
        if not least[0] < value - 1e-9 * (1 + (abs(value) if np.isfinite(value) else 0.0)):
            return here, total
        value, total, here = least
