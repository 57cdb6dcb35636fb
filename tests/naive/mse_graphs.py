"""Slow, obvious versions: chordal graphs by their definition, their posterior number by number, a chain."""

from __future__ import annotations

from itertools import combinations
from math import lgamma, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Graph = frozenset[frozenset[int]]


def is_chordal(lists: int, edges: Graph) -> bool:
    """No four or more vertices form a cycle without a chord."""
    for size in range(4, lists + 1):
        for some in combinations(range(lists), size):
            inside = {edge for edge in edges if edge <= set(some)}
            degrees = [sum(v in edge for edge in inside) for v in some]
            if degrees == [2] * size and _connected(some, inside):
                return False
    return True


def _connected(some: tuple[int, ...], edges: set[frozenset[int]]) -> bool:
    reached = {some[0]}
    for _ in some:
        reached |= {v for edge in edges if edge & reached for v in edge}
    return reached == set(some)


def chordal_graphs(lists: int) -> list[Graph]:
    """All chordal graphs among all graphs."""
    pairs = [frozenset(pair) for pair in combinations(range(lists), 2)]
    every = (
        frozenset(pair for bit, pair in enumerate(pairs) if code >> bit & 1)
        for code in range(1 << len(pairs))
    )
    return [graph for graph in every if is_chordal(lists, graph)]


def cliques(lists: int, edges: Graph) -> list[frozenset[int]]:
    """Largest sets of vertices that are all joined."""
    joined = [
        frozenset(some)
        for size in range(1, lists + 1)
        for some in combinations(range(lists), size)
        if all(frozenset(pair) in edges for pair in combinations(some, 2))
    ]
    return [c for c in joined if not any(c < other for other in joined)]


def separators(found: list[frozenset[int]]) -> list[frozenset[int]]:
    """Intersections along a spanning tree of the cliques whose intersections are largest."""
    links = sorted(
        combinations(range(len(found)), 2), key=lambda p: -len(found[p[0]] & found[p[1]])
    )
    part = list(range(len(found)))
    out = []
    for a, b in links:
        if part[a] != part[b]:
            out.append(found[a] & found[b])
            part = [part[a] if x == part[b] else x for x in part]
    return out


def log_density(
    histories: Array, counts: Array, edges: Graph, delta: float, unseen: int, prior: str
) -> float:
    """Log probability of a table, a graph and a number unseen, by cliques over separators."""
    lists, n = histories.shape[1], int(counts.sum())
    total = n + unseen
    found = cliques(lists, edges)
    between = [s for s in separators(found) if s]

    def part(members: frozenset[int]) -> float:
        a = delta * 2.0 ** (lists - len(members))
        margin: dict[tuple[int, ...], float] = {}
        for row, count in zip(histories, counts, strict=True):
            key = tuple(int(row[i]) for i in sorted(members))
            margin[key] = margin.get(key, 0) + count
        empty = (0,) * len(members)
        margin[empty] = margin.get(empty, 0) + unseen
        cells = sum(lgamma(float(y) + a) for y in margin.values())
        absent = 2.0 ** len(members) - len(margin)
        return cells + (absent - 2.0 ** len(members)) * lgamma(a)

    whole = lgamma(2**lists * delta) - lgamma(total + 2**lists * delta)
    value = sum(map(part, found)) - sum(map(part, between))
    value += (len(found) - len(between)) * whole
    value += lgamma(total + 1) - lgamma(unseen + 1) - sum(lgamma(x + 1) for x in counts)
    return float(value - {"1/N": log(total), "1/missing": log(unseen), "uniform": 0.0}[prior])


def posterior(
    histories: Array, counts: Array, delta: float, largest: int, prior: str = "1/N"
) -> tuple[list[Graph], Array]:
    """Graphs, and probabilities (graphs, numbers unseen 1 to largest)."""
    graphs = chordal_graphs(histories.shape[1])
    logs = np.array(
        [
            [log_density(histories, counts, g, delta, k, prior) for k in range(1, largest + 1)]
            for g in graphs
        ]
    )
    share = np.exp(logs - logs.max())
    return graphs, share / share.sum()


def metropolis(
    design: Array, counts: Array, precision: Array, *, steps: int, burn: int, chains: int, seed: int
) -> Array:
    """Draws (steps, terms, chains) of Poisson log-linear coefficients by a random walk.

    Proposals are 1.1 times the inverse curvature at the mode, as in MCMCpack.
    """
    rng = np.random.default_rng(seed)
    beta = np.linalg.lstsq(design, np.log(counts + 0.5), rcond=None)[0]
    for _ in range(50):
        means = np.exp(design @ beta)
        curvature = (design.T * means) @ design + np.diag(precision)
        beta = beta + np.linalg.solve(curvature, design.T @ (counts - means) - precision * beta)
    root = np.linalg.cholesky(np.linalg.inv(curvature)) * 1.1

    def height(at: Array) -> Array:
        eta = design @ at
        return np.asarray(counts @ eta - np.exp(eta).sum(axis=0) - 0.5 * precision @ at**2)

    at = np.repeat(beta[:, None], chains, axis=1)
    now = height(at)
    out = np.empty((steps, beta.size, chains))
    for i in range(burn + steps):
        new = at + root @ rng.standard_normal(at.shape)
        there = height(new)
        take = np.log(rng.random(chains)) < there - now
        at, now = np.where(take, new, at), np.where(take, there, now)
        if i >= burn:
            out[i - burn] = at
    return out
