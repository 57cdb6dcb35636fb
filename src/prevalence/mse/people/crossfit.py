"""One doubly robust estimate of the persons on lists: folds, chances, sizes, and what they rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import robust
from .records import People

__all__ = ["Found", "Plan", "estimated"]

Array = NDArray[Any]
RIDGE = 1.0  # of slopes per standard deviation: that of a standard normal prior


@dataclass(frozen=True)
class Plan:
    """How the chances of the histories are fitted and used."""

    among: Array
    folds: int
    nuisance: str | Callable[..., Any]
    method: str
    clamp: float
    odds_ratio: float
    seed: int


@dataclass(frozen=True)
class Found:
    """Sizes of the groups with their variances, and what the whole rests on.

    `least` is the least chance in a denominator, `held` the share of the estimate from persons
    whose chance was held at the clamp, `behind` the persons that the standard error rests on:
    ``(sum d^2)^2 / sum d^4``, d the deviation of a summand from its mean.
    """

    value: Array
    variance: Array
    seen: Array
    least: float
    held: float
    behind: float


def lacking(who: People, among: Array, count: Array) -> Array:
    """Return the histories (0 and 1 by list of `among`), zero elsewhere, that nobody has."""
    history, codes, _ = robust.supported(who.on, among)
    inside = history >= 0
    persons = np.bincount(history[inside], count[inside], minlength=codes.size)
    bits = (codes[:, None] >> np.arange(among.size)) & 1
    return np.asarray(bits[persons == 0])


def estimated(who: People, count: Array, plan: Plan) -> Found:
    """Return the sizes for these numbers of persons of each kind."""
    history, _, sign = robust.supported(who.on, plan.among)
    own = who.on @ (1 << np.arange(who.on.shape[1])) - 1
    cell = robust.cells(own, count, plan.folds, plan.seed)
    q = _chances(who, history, count, cell, plan, sign.size)
    at = history[cell.kind]
    how = {"clamp": plan.clamp, "odds_ratio": plan.odds_ratio}
    raw = robust.summands(q, at, sign, **how)
    if plan.method == "tmle":
        q = robust.targeted(q, at, cell.count, sign, **how)
    part = robust.summands(q, at, sign, **how)
    size = part.one_step if plan.method == "one-step" else part.plug_in
    group = who.group[cell.kind]
    totals = robust.totals(size, part.one_step, cell.count, group, len(who.labels))
    squares = (part.one_step - np.average(part.one_step, weights=cell.count)) ** 2
    fourth = float(cell.count @ squares**2)
    held = float((cell.count * raw.held) @ raw.plug_in / (cell.count @ raw.plug_in))
    behind = float((cell.count @ squares) ** 2 / fourth) if fourth > 0 else float(count.sum())
    return Found(*totals, float(raw.smallest.min()), held, behind)


def _chances(
    who: People, history: Array, count: Array, cell: robust.Cells, plan: Plan, size: int
) -> Array:
    """Return the chances (cells, histories within J) of each cell."""
    lists = who.on.shape[1]
    if callable(plan.nuisance):
        code = _places(who.on)
        every = robust.learned(
            plan.nuisance, who.x, code, cell, folds=plan.folds, size=2**lists - 1
        )
        wanted = (np.arange(1, size + 1)[:, None] >> np.arange(plan.among.size)) & 1
        rows = np.zeros((size, lists), dtype=np.int64)
        rows[:, plan.among] = wanted
        return every[:, _places(rows)]
    x = who.scaled(count)
    if plan.nuisance == "quadratic":
        x = _squared(x, count)
    category, number = robust.categories(history, who.on, count, size, 1 + x.shape[1])
    found = robust.cross_fit(x, category, cell, number, folds=plan.folds, ridge=RIDGE)
    return found[:, :size]


def _places(on: Array) -> Array:
    """Return the position of each row among all histories, in the order of `Lists.histories`."""
    from ..histories import all_histories

    lists = on.shape[1]
    bits = 1 << np.arange(lists)
    place = np.empty(2**lists, dtype=np.int64)
    place[all_histories(lists) @ bits] = np.arange(2**lists - 1)
    return np.asarray(place[on @ bits])


def _squared(x: Array, count: Array) -> Array:
    """Return the covariates with their squares and products, but no column twice or constant."""
    at, beside = np.triu_indices(x.shape[1])
    share = count / count.sum()
    out = x
    for product in (x[:, at] * x[:, beside]).T:
        column = product - share @ product
        rest = (
            column
            - out
            @ np.linalg.lstsq(out * np.sqrt(count)[:, None], column * np.sqrt(count), rcond=None)[0]
        )
        if share @ rest**2 > 1e-10 * (share @ column**2 + 1e-300):
            out = np.c_[out, column / np.sqrt(share @ column**2)]
    return out
