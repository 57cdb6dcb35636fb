"""The best of many models on many tables, without fitting most of them.

A model inside a larger one fits no better. So the deviance of a few large models, those that lack
one or two terms and have all else, bounds that of all models inside them from below; a model whose
bound and penalty exceed the best so far cannot win that table and is not fitted. The answer is that
of fitting all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .existence import EXISTS
from .histories import BoolArray, FloatArray, IntArray
from .model import Model
from .models import without
from .newton import solve

TIE = 1e-9  # criteria closer than this, relatively, are equal: the model that ranks first is taken
SLACK = 1e-6  # a bound is a converged deviance, good to far more digits than this
FEW = 64  # candidates that are fitted to every table without bounds
RANKS = 32  # models between two updates of the best so far
ALONE = 256  # tables from which on a model is worth a batch of its own
ROOM = 2**22  # numbers in one table of bounds


@dataclass(frozen=True, eq=False)
class Candidates:
    """Hierarchical models that compete, best first.

    Attributes
    ----------
    model : Model
        All terms that any of them has.
    included : ndarray of bool, shape (T, K)
        Terms beyond the main effects of each model.
    start : ndarray, shape (P, K)
        Coefficients to start from.
    """

    model: Model
    included: BoolArray
    start: FloatArray

    @property
    def member(self) -> BoolArray:
        """Terms of each model, intercept and main effects too, (P, K)."""
        return with_main_effects(self.model, self.included)

    def first(self, most: int | None) -> Candidates:
        """Return those of the best ranks."""
        return Candidates(self.model, self.included[:, :most], self.start[:, :most])


@dataclass(frozen=True, eq=False)
class Winners:
    """Which model is the best of the first few, whatever their number, on each table.

    Attributes
    ----------
    rank, table : ndarray of int, shape (E,)
        A model, by rank from 0, that is better on a table than all of smaller rank.
    total : ndarray, shape (E,)
        Its population size.
    copies : ndarray of int, shape (B,)
        Table of each column.
    """

    rank: IntArray
    table: IntArray
    total: FloatArray
    copies: IntArray

    def best(self, ntop: int | None = None) -> tuple[IntArray, FloatArray]:
        """Rank and population size of the best of the first `ntop`, each (B,); -1 and nan if none."""
        stop = self.rank.size if ntop is None else int(np.searchsorted(self.rank, ntop))
        tables = int(self.copies.max(initial=-1)) + 1
        rank, total = np.full(tables, -1, dtype=np.int64), np.full(tables, np.nan)
        rank[self.table[:stop]], total[self.table[:stop]] = self.rank[:stop], self.total[:stop]
        return rank[self.copies], total[self.copies]

    def changes(self) -> IntArray:
        """Every `ntop` at which some table changes its model."""
        steps: IntArray = np.unique(self.rank) + 1
        return steps


def with_main_effects(model: Model, included: BoolArray) -> BoolArray:
    """Add rows for the intercept and the main effects, (P, K)."""
    always = np.ones((len(model.terms) - len(included), included.shape[1]), dtype=bool)
    return np.vstack([always, included])


def cheapest(candidates: Candidates, counts: FloatArray, penalty: FloatArray) -> Winners:
    """Find the model of least ``deviance + penalty x parameters`` for every table.

    Parameters
    ----------
    candidates : Candidates
        In the order of their ranks.
    counts : ndarray, shape (C, B)
    penalty : ndarray, shape (B,)
        Of one parameter; those at the boundary count.

    Returns
    -------
    Winners
    """
    tables, copies = np.unique(np.vstack([counts, penalty]), axis=1, return_inverse=True)
    width = max(1, ROOM // max(candidates.included.shape[1], 1))
    found = []
    for first in range(0, tables.shape[1], width):
        part = tables[:, first : first + width]
        for rank, table, total in _block(candidates, part[:-1], part[-1]):
            found.append((rank, table + first, total))
    rank, table, total = (np.concatenate(x) for x in zip(*found, strict=True))
    order = np.argsort(rank, kind="stable")
    return Winners(rank[order], table[order], total[order], copies.ravel())


def _block(
    candidates: Candidates, counts: FloatArray, penalty: FloatArray
) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Ranks, tables and totals that are better than all of smaller rank, rank after rank."""
    member = candidates.member
    number, width = member.shape[1], counts.shape[1]
    cost = member.sum(axis=0)[:, None] * penalty
    lower = None if number <= FEW else _bounds(candidates, counts)
    least = np.full(width, np.inf)
    for first in range(0, number, RANKS):
        rows = np.arange(first, min(first + RANKS, number))
        bound = cost[rows] + (0.0 if lower is None else lower[rows])
        row, table = np.nonzero(bound < least + SLACK)
        deviance, total = fit_pairs(candidates, counts, rows[row], table)
        value = np.full(bound.shape, np.inf)
        size = np.full(bound.shape, np.nan)
        value[row, table] = np.where(np.isnan(deviance), np.inf, deviance + cost[rows[row], table])
        size[row, table] = total
        before = np.minimum.accumulate(np.vstack([least, value]), axis=0)
        edge = before - TIE * (1 + np.where(np.isfinite(before), before, 0.0))
        row, table = np.nonzero(value < edge[:-1])
        least = before[-1]
        yield rows[row], table, size[row, table]


def _bounds(candidates: Candidates, counts: FloatArray) -> FloatArray:
    """Lower bounds of the deviance, (K, B), from models that lack one term or two."""
    model, included = candidates.model, candidates.included
    terms = model.terms[len(model.terms) - len(included) :]
    lower = np.zeros((included.shape[1], counts.shape[1]))
    pairs = [*combinations(terms, 1), *combinations(terms, 2)]
    large = np.unique(np.stack([without(terms, out) for out in pairs], axis=1), axis=1)
    start = np.full((len(model.terms), large.shape[1]), np.nan)
    outer = Candidates(model, large, start)
    columns = np.arange(counts.shape[1])
    for column in range(large.shape[1]):
        deviance, _ = fit_pairs(outer, counts, np.full(columns.size, column), columns)
        inside = ~(included & ~large[:, [column]]).any(axis=0)
        lower[inside] = np.maximum(lower[inside], np.nan_to_num(deviance))
    return lower


def fit_pairs(
    candidates: Candidates, counts: FloatArray, which: IntArray, table: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Deviance and population size of pairs of model and table; nan where there is no estimate."""
    deviance, total = np.empty(which.size), np.empty(which.size)
    often = np.bincount(which, minlength=1) >= ALONE
    for column in np.flatnonzero(often):
        here = np.flatnonzero(which == column)
        deviance[here], total[here] = _fit(candidates, counts, which[here], table[here])
    warm = ~np.isnan(candidates.start).any(axis=0)
    for kind in (True, False):
        here = np.flatnonzero(~often[which] & (warm[which] == kind))
        if here.size:
            deviance[here], total[here] = _fit(candidates, counts, which[here], table[here])
    return deviance, total


def _fit(
    candidates: Candidates, counts: FloatArray, which: IntArray, table: IntArray
) -> tuple[FloatArray, FloatArray]:
    from scipy.special import xlogy

    model, tables = candidates.model, counts[:, table]
    start: FloatArray | None = candidates.start[:, which]
    member = candidates.member[:, which]
    if start is not None and np.isnan(start).any():
        start = None
    found = solve(model, tables, member, start)
    margins = model.design.T @ tables
    kernel = (margins * found.coefficients).sum(axis=0) - found.fitted.sum(axis=0)
    saturated = (xlogy(counts, counts) - counts).sum(axis=0)[table]
    bad = (found.code != EXISTS) | ~found.converged
    total = tables.sum(axis=0) + np.exp(np.minimum(found.coefficients[0], 700))
    deviance = np.maximum(2 * (saturated - kernel), 0.0)
    return np.where(bad, np.nan, deviance), np.where(bad, np.nan, total)
