"""The best of many models on many tables, without fitting most of them.

A model inside a larger one fits no better. So the deviance of a few large models, those that lack
one or two terms and have all else, bounds that of all models inside them from below; a model whose
bound and penalty exceed the best so far cannot win that table and is not fitted. The answer is that
of fitting all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from ... import parallel
from ..existence import EXISTS
from ..histories import BoolArray, FloatArray, IntArray
from ..model import Model
from ..newton import solve
from .hierarchies import without

TIE = 1e-9  # criteria closer than this, relatively, are equal: the model that ranks first is taken
SLACK = 1e-6  # a bound is a converged deviance, good to far more digits than this
MARGIN, SETTLED = 1e-2, 1e-6  # an unproven fit that meets its margins this well has lost by so much
FEW = 64  # candidates that are fitted to every table without bounds
RANKS = 32  # models between two updates of the best so far; more where so few fits are left
BATCH = 2000
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

    @classmethod
    def warm(cls, model: Model, included: BoolArray, counts: FloatArray) -> Candidates:
        """Models that start from their fit to one table (C,), nan where it proves nothing."""
        tables = np.broadcast_to(counts[:, None], (len(counts), included.shape[1]))
        found = solve(model, tables, with_main_effects(model, included), certify=False)
        return cls(model, included, np.where(found.converged, found.coefficients, np.nan))


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


def with_main_effects(model: Model, included: BoolArray) -> BoolArray:
    """Add rows for the intercept and the main effects, (P, K)."""
    always = np.ones((len(model.terms) - len(included), included.shape[1]), dtype=bool)
    return np.vstack([always, included])


def cheapest(
    candidates: Candidates, counts: FloatArray, penalty: FloatArray, n_jobs: int | None = None
) -> Winners:
    """Find the model of least ``deviance + penalty x parameters`` for every table.

    Parameters
    ----------
    candidates : Candidates
        In the order of their ranks.
    counts : ndarray, shape (C, B)
    penalty : ndarray, shape (B,)
        Of one parameter; those at the boundary count.
    n_jobs : int, optional
        Workers for blocks of tables, whose ends do not depend on their number.

    Returns
    -------
    Winners
    """
    tables, copies = np.unique(np.vstack([counts, penalty]), axis=1, return_inverse=True)
    width = max(1, ROOM // max(candidates.included.shape[1], 1))
    parts = [(k, tables[:, k : k + width]) for k in range(0, tables.shape[1], width)]
    blocks = parallel.run(partial(_numbered, candidates), parts, n_jobs=n_jobs)
    found = [winner for block in blocks for winner in block]
    rank, table, total = (np.concatenate(x) for x in zip(*found, strict=True))
    order = np.argsort(rank, kind="stable")
    return Winners(rank[order], table[order], total[order], copies.ravel())


def _numbered(
    candidates: Candidates, part: tuple[int, FloatArray]
) -> list[tuple[IntArray, IntArray, FloatArray]]:
    """Winners of a block of tables, numbered from its first; the last row is their penalty."""
    first, tables = part
    won = _block(candidates, tables[:-1], tables[-1])
    return [(rank, table + first, total) for rank, table, total in won]


def _block(
    candidates: Candidates, counts: FloatArray, penalty: FloatArray
) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Ranks, tables and totals that are better than all of smaller rank, rank after rank."""
    number, width = candidates.included.shape[1], counts.shape[1]
    always = len(candidates.model.terms) - len(candidates.included)
    cost = (always + candidates.included.sum(axis=0))[:, None] * penalty
    lower = None if number <= FEW else _bounds(candidates, counts)
    least = np.full(width, np.inf)
    first, step = 0, RANKS
    while first < number:
        rows = np.arange(first, min(first + step, number))
        first += step
        bound = cost[rows] + (0.0 if lower is None else lower[rows])
        row, table = np.nonzero(bound < least + SLACK)
        step = step if row.size > BATCH else 2 * step
        value, size, open_ = _values(candidates, counts, rows, row, table, cost[rows])
        before = np.minimum.accumulate(np.vstack([least, value]), axis=0)[:-1]
        row, table = np.nonzero(open_ < before + MARGIN)
        if row.size:
            deviance, total = fit_pairs(candidates, counts, rows[row], table, certify=True)
            found = np.where(np.isnan(total), np.inf, deviance + cost[rows[row], table])
            value[row, table], size[row, table] = found, total
        before = np.minimum.accumulate(np.vstack([least, value]), axis=0)
        edge = before - TIE * (1 + np.where(np.isfinite(before), before, 0.0))
        row, table = np.nonzero(value < edge[:-1])
        least = before[-1]
        yield rows[row], table, size[row, table]


def _values(
    candidates: Candidates,
    counts: FloatArray,
    rows: IntArray,
    row: IntArray,
    table: IntArray,
    cost: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Criterion and size of the pairs that are proven, and the criterion of those still open."""
    value, size, still = (np.full(cost.shape, x) for x in (np.inf, np.nan, np.inf))
    deviance, total = fit_pairs(candidates, counts, rows[row], table)
    found = deviance + cost[row, table]
    proven = ~np.isnan(total)
    value[row[proven], table[proven]] = found[proven]
    size[row, table] = total
    still[row[~proven], table[~proven]] = found[~proven]
    return value, size, still


def _bounds(candidates: Candidates, counts: FloatArray) -> FloatArray:
    """Lower bounds of the deviance, (K, B), from models that lack one term or two."""
    included = candidates.included
    lower = np.zeros((included.shape[1], counts.shape[1]))
    large = _large(candidates, counts.mean(axis=1, keepdims=True))
    columns = np.arange(counts.shape[1])
    for row in range(large.included.shape[1]):
        deviance, total = fit_pairs(large, counts, np.full(columns.size, row), columns)
        inside = np.flatnonzero(included[~large.included[:, row]].sum(axis=0) == 0)
        proven = np.where(np.isnan(total), 0.0, deviance)
        lower[inside] = np.maximum(lower[inside], proven)
    return lower


def _large(candidates: Candidates, mean: FloatArray) -> Candidates:
    """Return models that lack one term or two and have an estimate for the mean of the tables."""
    model = candidates.model
    terms = model.terms[len(model.terms) - len(candidates.included) :]
    pairs = [*combinations(terms, 1), *combinations(terms, 2)]
    large = np.unique(np.stack([without(terms, out) for out in pairs], axis=1), axis=1)
    tables = np.broadcast_to(mean, (len(mean), large.shape[1]))
    found = solve(model, tables, with_main_effects(model, large), certify=False)
    use = found.converged
    return Candidates(model, large[:, use], found.coefficients[:, use])


def fit_pairs(
    candidates: Candidates,
    counts: FloatArray,
    which: IntArray,
    table: IntArray,
    *,
    certify: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Deviance and population size of pairs of model and table.

    The size is nan where there is no estimate, or none that is proven; the deviance is then that of
    a fit that meets its margins, or 0.
    """
    deviance, total = np.empty(which.size), np.empty(which.size)
    often = np.bincount(which, minlength=candidates.included.shape[1]) >= ALONE
    warm = np.isfinite(candidates.start).sum(axis=0) == len(candidates.start)
    group = np.where(often[which], which, -1 - warm[which].astype(np.int64))
    for key in np.unique(group):
        here = np.flatnonzero(group == key)
        deviance[here], total[here] = _fit(candidates, counts, which[here], table[here], certify)
    return deviance, total


def _fit(
    candidates: Candidates, counts: FloatArray, which: IntArray, table: IntArray, certify: bool
) -> tuple[FloatArray, FloatArray]:
    from scipy.special import xlogy

    model, tables = candidates.model, counts[:, table]
    start: FloatArray | None = candidates.start[:, which]
    if start is not None and np.isnan(start).any():
        start = None
    member = with_main_effects(model, candidates.included[:, which])
    found = solve(model, tables, member, start, certify=certify)
    margins = model.design.T @ tables
    kernel = (margins * found.coefficients).sum(axis=0) - found.fitted.sum(axis=0)
    saturated = (xlogy(counts, counts) - counts).sum(axis=0)[table]
    deviance = np.maximum(2 * (saturated - kernel), 0.0)
    proven = (found.code == EXISTS) & found.converged
    settled = np.abs(model.design.T @ (tables - found.fitted) * found.active).max(axis=0) < SETTLED
    total = tables.sum(axis=0) + np.exp(np.minimum(found.coefficients[0], 700))
    return np.where(proven | settled, deviance, 0.0), np.where(proven, total, np.nan)
