"""Doubly robust estimation from capture histories and covariates, on arrays.

With J a set of lists and y the histories that are zero outside J, ``s_y`` is 1 for an odd and -1 for
an even number of captures, and ``r(x) = d prod_y q_y(x)^{s_y}`` is the number unseen per person seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ConvergenceError
from .multinomial import fit, probabilities

__all__ = ["Cells", "Summands", "cells", "cross_fit", "summands", "supported", "targeted", "totals"]

Array = NDArray[Any]
Learner = Callable[[Array, Array, Array, Array], Array]
LEAST = 1e-9  # of a chance in a numerator: its ratio to itself must stand
PER_COEFFICIENT = 10  # persons that a history seen by other lists has for each coefficient
TILTS = 200
SETTLED = 1e-4  # standard errors


@dataclass(frozen=True)
class Cells:
    """Persons by kind and by fold: which kind and fold, and how many."""

    kind: Array
    fold: Array
    count: Array


@dataclass(frozen=True)
class Summands:
    """What each cell adds to the size: ``1 + r`` and the one-step value, and where q was held back."""

    plug_in: Array
    one_step: Array
    smallest: Array  # the least q in a denominator, before it is held back
    held: Array


def supported(on: Array, among: Array) -> tuple[Array, Array, Array]:
    """Return for each kind its history within J (-1 when another list saw it), codes and signs.

    Histories within J are numbered by the bits of their lists, less one.
    """
    bits = 1 << np.arange(among.size)
    code = on[:, among] @ bits - 1
    outside = np.delete(on, among, axis=1).any(axis=1)
    every = np.arange(1, 1 << among.size)
    captures = np.array([int(c).bit_count() for c in every])
    return np.where(outside, -1, code), every, np.where(captures % 2, 1, -1)


def cells(history: Array, count: Array, folds: int, seed: int) -> Cells:
    """Return persons dealt at random to folds of equal size, history by history."""
    persons = np.repeat(np.arange(count.size), count.astype(np.int64))
    shuffled = np.random.default_rng(seed).permutation(persons.size)
    order = np.lexsort((shuffled, history[persons]))
    fold = np.empty(persons.size, dtype=np.int64)
    fold[order] = np.arange(persons.size) % folds
    table = np.bincount(persons * folds + fold, minlength=count.size * folds)
    kept = np.flatnonzero(table)
    return Cells(kept // folds, kept % folds, table[kept].astype(float))


def categories(history: Array, on: Array, count: Array, size: int, width: int) -> tuple[Array, int]:
    """Return the categories whose chances are modelled: J's histories, then the common others."""
    other = on @ (1 << np.arange(on.shape[1]))
    codes, place = np.unique(other, return_inverse=True)
    persons = np.bincount(place, np.where(history < 0, count, 0.0))
    common = np.flatnonzero(persons >= PER_COEFFICIENT * width)
    number = np.full(codes.size, size + common.size)
    number[common] = size + np.arange(common.size)
    out = np.where(history >= 0, history, number[place])
    return out, size + common.size + 1


def cross_fit(
    x: Array, category: Array, cell: Cells, size: int, *, folds: int, ridge: float
) -> Array:
    """Return the chances (cells, size) of each cell from a fit to the persons of the other folds."""
    z = np.c_[np.ones(x.shape[0]), x]
    held = np.zeros((x.shape[0], folds))
    held[cell.kind, cell.fold] = cell.count
    total = held.sum(axis=1)
    some = np.flatnonzero(total)
    start = np.zeros((z.shape[1], size))
    start = fit(z[some], category[some], total[some], size, ridge=ridge, start=start)
    out = np.empty((cell.kind.size, size))
    for f in range(folds):
        b = start
        if folds > 1:
            left = total - held[:, f]
            used = np.flatnonzero(left)
            b = fit(z[used], category[used], left[used], size, ridge=ridge, start=start)
        at = cell.fold == f
        out[at] = probabilities(z[cell.kind[at]], b)
    return out


def learned(
    learner: Learner, x: Array, code: Array, cell: Cells, *, folds: int, size: int
) -> Array:
    """Return the chances of all histories (cells, size) from a function of the caller."""
    out = np.empty((cell.kind.size, size))
    for f in range(folds):
        at = cell.fold == f
        train = ~at if folds > 1 else at
        kind = cell.kind[train]
        found = np.asarray(
            learner(x[kind], code[kind], cell.count[train], x[cell.kind[at]]), dtype=float
        )
        if found.shape != (int(at.sum()), size):
            raise ValueError(
                f"nuisance must return one row per person and one column per history: found "
                f"{found.shape} for {(int(at.sum()), size)}. Return the chance of each history, in "
                "the order of lists.histories."
            )
        bad = ~np.isfinite(found) | (found < 0)
        if bad.any() or (found.sum(axis=1) > 1 + 1e-6).any():
            raise ValueError(
                f"nuisance must return chances: {int(bad.any(axis=1).sum()):,} rows have one that is "
                f"negative or not finite, {int((found.sum(axis=1) > 1 + 1e-6).sum()):,} add to more "
                "than 1. Return P(history | seen, covariates)."
            )
        out[at] = found
    return out


def ratio(q: Array, sign: Array, clamp: float, odds_ratio: float) -> tuple[Array, Array, Array]:
    """Return r, the q it is made of, and where q or r was held back at its bound."""
    even = sign < 0
    safe = np.where(even, np.maximum(q, clamp), np.maximum(q, LEAST))
    logs = np.log(safe) @ sign
    most = 1 / clamp - 1
    with np.errstate(over="ignore"):
        r = odds_ratio * np.exp(logs)
    held = (q[:, even] < clamp).any(axis=1) | (r > most)
    return np.minimum(r, most), safe, held


def summands(q: Array, history: Array, sign: Array, *, clamp: float, odds_ratio: float) -> Summands:
    """Return ``1 + r`` and ``1 + r s_y / q_y`` (y the history of the cell) for chances q (cells, y)."""
    r, safe, held = ratio(q, sign, clamp, odds_ratio)
    inside = history >= 0
    at = np.where(inside, history, 0)
    step = np.where(inside, sign[at] / safe[np.arange(at.size), at], 0.0)
    return Summands(1 + r, 1 + r * step, q[:, sign < 0].min(axis=1), held)


def targeted(
    q: Array, history: Array, count: Array, sign: Array, *, clamp: float, odds_ratio: float
) -> Array:
    """Return chances tilted until the plug-in of them is also their one-step estimate.

    Along ``q_y exp(e v_y)`` the likelihood moves in the direction of the influence function v; the
    best e is taken, v computed again, and so on (targeted maximum likelihood).
    """
    now = _whole(q, sign, clamp)
    inside = history >= 0
    own = np.where(inside, history, q.shape[1])
    rows = np.arange(own.size)
    part, before = 1.0, 0.0
    for _ in range(TILTS):
        r, safe, _ = ratio(now[:, :-1], sign, clamp, odds_ratio)
        v = np.c_[r[:, None] * sign / safe, np.zeros(own.size)]
        gap = float(count @ (v[rows, own] - r))
        step = v[rows, own]
        if abs(gap) <= SETTLED * np.sqrt(count @ (step - np.average(step, weights=count)) ** 2):
            return now[:, :-1]
        if gap * before < 0 and abs(gap) > abs(before) / 2:  # it swings about the solution
            part /= 2
        before = gap
        centred = v - (now * v).sum(axis=1, keepdims=True)
        spread = float(count @ (now * centred**2).sum(axis=1))
        e = part * gap / spread
        e *= min(1.0, 1 / (abs(e) * np.abs(centred).max()))  # at most e-fold for any history
        tilted = now * np.exp(e * centred)
        now = _whole((tilted / tilted.sum(axis=1, keepdims=True))[:, :-1], sign, clamp)
    raise ConvergenceError(
        f"the targeted chances did not settle in {TILTS} steps (gap {gap:.2g} persons): too many are "
        "held at the clamp. Use method='one-step', or a larger clamp."
    )


def _whole(q: Array, sign: Array, clamp: float) -> Array:
    """Return chances that add to 1, with those of denominators no less than the clamp."""
    safe = np.where(sign < 0, np.maximum(q, clamp), np.maximum(q, LEAST))
    full = np.c_[safe, np.maximum(1 - safe.sum(axis=1), 0.0)]
    out: Array = full / full.sum(axis=1, keepdims=True)
    return out


def totals(
    size: Array, one_step: Array, count: Array, group: Array, groups: int
) -> tuple[Array, Array, Array]:
    """Return the sizes of groups, their variances, and the persons seen in each.

    ``N = sum size``; ``Var = n Var(v) + N (N / n - 1)``, with v the one-step summand: the spread of v
    among those seen, and that of who is seen.
    """
    seen = np.bincount(group, count, minlength=groups)
    value = np.bincount(group, count * size, minlength=groups)
    first = np.bincount(group, count * one_step, minlength=groups)
    second = np.bincount(group, count * one_step**2, minlength=groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = second - first**2 / seen + np.maximum(value * (value / seen - 1), 0.0)
    return value, variance, seen
