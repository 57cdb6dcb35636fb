"""Limits of a distribution function at a quantile, and the values where a score test turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..intervals import Rule, arcsine, beta, logit, t_quantile
from .distribution import Distribution

__all__ = ["PROBABILITIES", "score_limits"]

Array = NDArray[Any]
# Share at or below the quantile, its standard error, df, rows, level: limits (..., 2).
Limits = Callable[[Array, Array, Array, Array, float], Array]


def _mean(share: Array, error: Array, df: Array, n: Array, level: float) -> Array:
    """Share -/+ t se; nothing where that leaves 0 to 1."""
    del n
    half = t_quantile(df, level) * error
    out = np.stack([share - half, share + half], axis=-1)
    return np.where((out >= 0) & (out <= 1), out, np.nan)


def _as_share(rule: Rule) -> Limits:
    """Return limits by a rule for proportions, on the share's own design effect."""

    def limits(share: Array, error: Array, df: Array, n: Array, level: float) -> Array:
        deff = n * error**2 / (share * (1 - share))
        known = {"value": share, "std_error": error, "n": n, "deff": deff}
        return rule(known, df, level)

    return limits


PROBABILITIES: dict[str, Limits] = {
    "mean": _mean,
    "beta": _as_share(beta),
    "logit": _as_share(logit),
    "arcsine": _as_share(arcsine),
}


def score_limits(
    test: Callable[[Array], Array], held: list[Distribution], critical: Array
) -> Array:
    """Return between which values a score test does not reject (rows, domains, 2), by halving.

    `test` gives (F(x) - p) / se at values x (2 x rows, domains), of the lower limits and then the
    upper ones; `held` has the distinct values of every row, `critical` is (rows, domains).
    """
    first = np.array([d.first[:-1] for d in held] * 2)
    low, high = np.full(first.shape, -1), np.array([d.count for d in held] * 2) - 1
    bound = np.concatenate([-critical, critical])
    while (high - low > 1).any():
        middle = np.maximum((low + high) // 2, 0)
        with np.errstate(invalid="ignore"):
            above = test(_at(held, first, middle)) > bound
        open_ = high - low > 1
        high = np.where(open_ & above, middle, high)
        low = np.where(open_ & ~above, middle, low)
    found = _at(held, first, high)
    rows = len(held)
    return np.stack([found[:rows], found[rows:]], axis=-1)


def _at(held: list[Distribution], first: Array, position: Array) -> Array:
    """Return the values at a position of every (row, domain); nan where there is none."""
    out = np.full(first.shape, np.nan)
    for k in range(first.shape[0]):
        values = held[k % len(held)]
        filled = (position[k] >= 0) & (position[k] < values.count)
        out[k, filled] = values.x[(first[k] + position[k])[filled]]
    return out
