"""Models that fit about as well as another: the range of what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..lists import Lists
from .histories import BoolArray, IntArray, Term, list_pairs
from .loglinear import loglinear_fit

CLOSE = 6.0  # units of BIC: posterior odds of about 20 to 1


def one_pair_off(pairs: Sequence[Term], terms: Sequence[tuple[int, ...]]) -> BoolArray:
    """Return a model of pairs and all that differ from it by one, (T, T + 1)."""
    own = np.array([tuple(sorted(pair)) in terms for pair in pairs])
    other = np.c_[np.zeros(len(pairs), dtype=bool), np.eye(len(pairs), dtype=bool)]
    return np.asarray(own[:, None] ^ other)


def close(bic: npt.ArrayLike) -> IntArray:
    """Return which models are within `CLOSE` of the least BIC, best first."""
    known = np.asarray(bic, dtype=np.float64)
    known = np.where(np.isfinite(known), known, np.inf)
    order = np.argsort(known, kind="stable")
    last = known[order[0]] + CLOSE
    return np.asarray([row for row in order if known[row] <= last < np.inf], dtype=np.int64)


def spread(total: npt.ArrayLike, bic: npt.ArrayLike) -> tuple[float, float] | None:
    """Return the range of the sizes over models that fit about as well as the best of them."""
    near = np.asarray(total, dtype=np.float64)[close(bic)]
    return (float(near.min()), float(near.max())) if near.size else None


def neighbours(lists: Lists, terms: Sequence[tuple[int, ...]]) -> tuple[float, float] | None:
    """Range of the estimate over models that differ by one pair, within 6 BIC units of the best."""
    if any(len(term) > 2 for term in terms):
        return None
    pairs = list_pairs(len(lists.names))
    included = one_pair_off(pairs, terms)
    fit = loglinear_fit(lists.histories, lists.counts, pairs, included=included)
    return spread(fit.total, fit.bic)
