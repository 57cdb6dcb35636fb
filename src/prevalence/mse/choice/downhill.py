"""Downhill search among hierarchical models that are too many to enumerate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..histories import BoolArray, FloatArray, IntArray, Term
from ..model import Model
from ..newton import solve
from .hierarchies import movable
from .selection import TIE, Candidates, fit_pairs, with_main_effects

PAIRS = 2**21  # numbers of fitted cells in one batch of neighbours


@dataclass(frozen=True, eq=False)
class Descent:
    """Where the search ended on each table.

    Attributes
    ----------
    included : ndarray of bool, shape (T, B)
        Terms beyond the main effects.
    total, value : ndarray, shape (B,)
        Population size and criterion; nan and inf where no model on the way has an estimate.
    steps : ndarray of int, shape (B,)
    """

    included: BoolArray
    total: FloatArray
    value: FloatArray
    steps: IntArray


def descend(
    model: Model, terms: Sequence[Term], counts: FloatArray, penalty: FloatArray
) -> Descent:
    """Go from the main effects to the best neighbour as long as one is better.

    Neighbours of a model have one term more or one generator less. The model found is better than
    all its neighbours, which need not make it the best of all.

    Parameters
    ----------
    model : Model
        With all of `terms`.
    terms : sequence of sets of int
    counts : ndarray, shape (C, B)
    penalty : ndarray, shape (B,)
        Of one parameter.

    Returns
    -------
    Descent
    """
    tables, copies = np.unique(np.vstack([counts, penalty]), axis=1, return_inverse=True)
    found = _descend(model, terms, tables[:-1], tables[-1])
    every = copies.ravel()
    return Descent(
        found.included[:, every], found.total[every], found.value[every], found.steps[every]
    )


def _descend(
    model: Model, terms: Sequence[Term], counts: FloatArray, penalty: FloatArray
) -> Descent:
    width = counts.shape[1]
    included = np.zeros((len(terms), width), dtype=bool)
    beta = np.zeros((len(model.terms), width))
    value, total = np.full(width, np.inf), np.full(width, np.nan)
    steps = np.zeros(width, dtype=np.int64)
    live = np.arange(width)
    deviance, size = fit_pairs(
        Candidates(model, included, np.full(beta.shape, np.nan)), counts, live, live, certify=True
    )
    good = ~np.isnan(size)
    value[good] = (deviance + (len(model.terms) - len(terms)) * penalty)[good]
    total[good] = size[good]
    beta = solve(model, counts, with_main_effects(model, included), certify=False).coefficients
    while live.size:
        move, best, size = _steepest(model, terms, counts, penalty, included, beta, live)
        margin = TIE * (1 + np.where(np.isfinite(value[live]), np.abs(value[live]), 0.0))
        better = best < value[live] - margin
        live, move = live[better], move[better]
        included[move, live] ^= True
        value[live], total[live] = best[better], size[better]
        steps[live] += 1
        if live.size:
            member = with_main_effects(model, included[:, live])
            beta[:, live] = solve(model, counts[:, live], member, certify=False).coefficients
    return Descent(included, total, value, steps)


def _steepest(
    model: Model,
    terms: Sequence[Term],
    counts: FloatArray,
    penalty: FloatArray,
    included: BoolArray,
    beta: FloatArray,
    live: IntArray,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Best neighbour of each live table: the term that moves, its criterion and size."""
    best, size = np.full((len(terms), live.size), np.inf), np.full((len(terms), live.size), np.nan)
    row, here = np.nonzero(movable(terms, included[:, live]))
    length = max(1, PAIRS // len(counts))
    for first in range(0, row.size, length):
        term, at = row[first : first + length], here[first : first + length]
        table, each = live[at], np.arange(at.size)
        trial = included[:, table]
        trial[term, each] ^= True
        start = beta[:, table] * with_main_effects(model, trial)
        deviance, total = fit_pairs(
            Candidates(model, trial, start), counts, each, table, certify=False
        )
        parameters = len(model.terms) - len(terms) + trial.sum(axis=0)
        value = deviance + parameters * penalty[table]
        value, total = _certified(model, trial, counts, table, value, total, parameters, penalty)
        best[term, at], size[term, at] = value, total
    move = best.argmin(axis=0)
    column = np.arange(live.size)
    return move, best[move, column], size[move, column]


def _certified(
    model: Model,
    trial: BoolArray,
    counts: FloatArray,
    table: IntArray,
    value: FloatArray,
    total: FloatArray,
    parameters: IntArray,
    penalty: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Settle by linear programme the neighbours that are no proof but could be the best."""
    unproven = np.isnan(total)
    least = np.full(counts.shape[1], np.inf)
    np.minimum.at(least, table[~unproven], value[~unproven])
    hard = np.flatnonzero(unproven & (value < least[table]))
    value, total = np.where(unproven, np.inf, value), total.copy()
    if hard.size:
        start = np.full((len(model.terms), hard.size), np.nan)
        each = np.arange(hard.size)
        deviance, found = fit_pairs(
            Candidates(model, trial[:, hard], start), counts, each, table[hard], certify=True
        )
        total[hard] = found
        cost = parameters[hard] * penalty[table[hard]]
        value[hard] = np.where(np.isnan(found), np.inf, deviance + cost)
    return value, total
