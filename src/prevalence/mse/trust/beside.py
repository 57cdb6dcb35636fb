"""What stands beside every number of lists: other models, thin data, the luck of the draws."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from ...lists import Lists
from ...presentation import plain_name
from ..choice.hierarchies import hierarchical_models, interactions
from ..histories import BoolArray, FloatArray, all_histories
from ..loglinear import loglinear_fit
from ..near import CLOSE, close
from ..terms import chosen, together

FEW_TRIPLES = 3
ODDS = (0.5, 2.0)  # of two lists, whose models leave nothing to compare
EVERY, ALL = 4, 5  # lists of which each hierarchical model, or each model of pairs, is fitted
MOST = 1_500  # models at most that are fitted of more lists
Term = tuple[int, ...]
Terms = Sequence[Term]


def other_models(lists: Lists, terms: Terms | None = None) -> dict[str, Any]:
    """Return the range of sizes over other models of the lists, and of what it is the range.

    It goes over the log-linear models within 6 BIC units of the best, whatever the
    estimator; with two lists, over odds ratios of 1/2 to 2. `terms` are those of the estimate's own
    model, if it is log-linear: one that fits worse than the others by more is said to.
    """
    if len(lists.names) == 2:
        first, second, both = lists.counts  # on one alone, on the other, on both
        dark = first * second / both if both else np.inf
        low, high = (float(lists.seen + odds * dark) for odds in ODDS)
        names = " and ".join(plain_name(name) for name in lists.names)
        return {"range": (low, high), "range of": f"odds ratios of {names} from 1/2 to 2"}
    _, total, bic = close_fits(lists)
    if not total.size:
        return {"no range": "no log-linear model of pairs of these lists has an estimate"}
    about = "log-linear models of these lists within 6 BIC units of the best"
    if terms is not None:
        own = float(loglinear_fit(lists.histories, lists.counts, list(terms)).bic[0])
        about = f"models that fit {'better' if own > bic[0] + CLOSE else 'about as well'}"
    return {"range": (float(total.min()), float(total.max())), "range of": about}


def close_fits(lists: Lists, every: int = EVERY) -> tuple[list[list[Term]], FloatArray, FloatArray]:
    """Return the models within 6 BIC units of the best, best first: their terms, sizes and BIC.

    Of up to `every` lists each hierarchical model is fitted, of five each model of pairs. Of more,
    those reached from independence by one pair in or out, through the best so far and models within
    6 units of it.
    """
    return _close_fits(len(lists.names), lists.counts.astype(np.float64).tobytes(), every)


@lru_cache(maxsize=64)
def _close_fits(
    lists: int, counts: bytes, every: int
) -> tuple[list[list[Term]], FloatArray, FloatArray]:
    histories, column = all_histories(lists), np.frombuffer(counts)
    terms = interactions(lists, lists if lists <= every else 2)
    whole = hierarchical_models(terms) if lists <= ALL else None
    fresh = np.zeros((len(terms), 1), dtype=bool) if whole is None else whole
    models, total, bic = np.zeros((len(terms), 0), dtype=bool), np.zeros(0), np.zeros(0)
    open_ = np.zeros(0, dtype=bool)
    while fresh.shape[1]:
        fit = loglinear_fit(histories, column, terms, included=fresh)
        fine = np.isfinite(fit.bic) & np.isfinite(fit.total)
        bic = np.append(bic, np.where(fine, fit.bic, np.inf))
        total, models = np.append(total, fit.total), np.hstack([models, fresh])
        open_ = np.append(open_, np.ones(fresh.shape[1], dtype=bool))
        if lists <= ALL or not np.isfinite(bic).any() or models.shape[1] >= MOST:
            break
        near = open_ & (bic <= bic.min() + CLOSE)
        open_ &= ~near
        fresh = _unknown(models[:, near], models)
    near = close(bic)
    return [chosen(terms, models[:, m]) for m in near], total[near], bic[near]


def _unknown(near: BoolArray, models: BoolArray) -> BoolArray:
    """Return the models that have one pair more or fewer than these and were not fitted yet."""
    width = len(models)
    stepped = (near[:, :, None] ^ np.eye(width, dtype=bool)[:, None, :]).reshape(width, -1)
    known = {model.tobytes() for model in models.T}
    found = {model.tobytes(): model for model in stepped.T}
    fresh = [model for key, model in found.items() if key not in known]
    return np.array(fresh, dtype=bool).reshape(-1, width).T


def thin(lists: Lists, terms: Terms | None = None, told: Sequence[str] = ()) -> list[str]:
    """Say where overlaps are too few to tell models apart, and which terms are at the boundary.

    What was `told` of the boundary already is not said again.
    """
    said = []
    size = len(lists.names)
    shared = {
        pair: lists.counts[lists.histories[:, pair].all(axis=1)].sum() > 0
        for pair in combinations(range(size), 2)
    }
    triples = list(combinations(range(size), 3))
    full = sum(all(shared[p] for p in combinations(t, 2)) for t in triples)
    if full < min(FEW_TRIPLES, len(triples)):
        said.append(
            f"in {full} of {len(triples)} groups of three lists does each pair share persons: there "
            "is little to tell models apart"
        )
    edge = [
        together(lists, term)
        for term in terms or ()
        if len(term) > 1 and not lists.counts[lists.histories[:, list(term)].all(axis=1)].sum()
    ]
    if edge and not any("boundary" in text for text in told):
        said.append(f"terms at the boundary, since nobody is on both: {', '.join(edge)}")
    return said


def drawn_error(draws: FloatArray, effective: float, level: float = 0.95) -> str:
    """Say how far other draws of a posterior would move its limits, in words."""
    ends = []
    for at in ((1 - level) / 2, (1 + level) / 2):
        step = np.sqrt(at * (1 - at) / max(effective, 1.0))
        low, high = np.quantile(draws, [max(at - step, 0.0), min(at + step, 1.0)])
        ends.append(
            f"{(high - low) / 2:,.2g}" if (high - low) / 2 < 100 else f"{(high - low) / 2:,.0f}"
        )
    return (
        f"other draws would move the {100 * level:g} % limits by about {ends[0]} and {ends[1]} "
        f"({effective:,.0f} effective draws)"
    )
