"""Weighted distribution functions by domain, and the rules that read a quantile from one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RULES", "Distribution"]

Array = NDArray[Any]
STEPS = ("math", "school", "hf1", "hf2", "hf3", "shahvaish", "shahvaish-normed")
LINES = ("hf4", "hf5", "hf6", "hf7", "hf8", "hf9")
RULES = (*STEPS[:2], *STEPS[5:], *STEPS[2:5], *LINES)
# Plotting positions (cumulated weight less `below` of the row's own) / (total + `beyond` of the
# last row's own), as Hyndman and Fan's with weights in place of counts.
POSITIONS = {"hf4": (0.0, 0.0), "hf5": (0.5, 0.0), "hf6": (0.0, 1.0), "hf7": (1.0, -1.0),
             "hf8": (1 / 3, 1 / 3), "hf9": (3 / 8, 1 / 4)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values and weights sorted by domain and value; domain d has the rows first[d]:first[d + 1]."""

    x: Array
    w: Array
    first: Array
    rows: Array  # of the sample, in this order

    @classmethod
    def of(cls, x: Array, w: Array, code: Array | None, domains: int) -> Distribution:
        """Sort the rows with weight inside a domain (code -1 is outside), ties as they come."""
        rows = np.flatnonzero(w != 0 if code is None else (w != 0) & (code >= 0))
        rows = rows[np.argsort(x[rows], kind="stable")]
        if code is None:
            return cls(x[rows], w[rows], np.array([0, rows.size]), rows)
        small = code[rows].astype(np.uint16 if domains < 2**16 else np.int64)
        rows = rows[np.argsort(small, kind="stable")]
        count = np.bincount(code[rows], minlength=domains)
        return cls(x[rows], w[rows], np.r_[0, np.cumsum(count)], rows)

    def reweighted(self, w: Array) -> Distribution:
        """Return the same rows under other weights of the sample; rows without weight leave."""
        taken = w[self.rows]
        kept = taken != 0
        position = np.r_[0, np.cumsum(kept)]
        return Distribution(self.x[kept], taken[kept], position[self.first], self.rows[kept])

    @cached_property
    def count(self) -> Array:
        """Rows by domain."""
        return np.diff(self.first)

    @cached_property
    def _cumulated(self) -> tuple[Array, Array]:
        """Cumulated weight within the domain, and the domain's total, of every row.

        Summed in extended precision, so that shares of equal weights meet probabilities exactly.
        """
        cumulated = np.r_[0, np.cumsum(self.w, dtype=np.longdouble)]
        before, after = cumulated[self.first[:-1]], cumulated[self.first[1:]]
        within = cumulated[1:] - np.repeat(before, self.count)
        return within.astype(float), np.repeat((after - before).astype(float), self.count)

    def knots(self, rule: str) -> Array:
        """Return the probability that a rule gives to every row; for steps, times the total."""
        within, total = self._cumulated
        if rule not in POSITIONS and not rule.startswith("shahvaish"):
            return self._rising(within)
        if rule in POSITIONS:
            below, beyond = POSITIONS[rule]
            last = np.repeat(self.w[self.first[1:][self.count > 0] - 1], self.count[self.count > 0])
            size = total + beyond * last
            found = np.divide(
                within - below * self.w, size, out=np.zeros(size.size), where=size > 0
            )
        else:
            n = np.repeat(self.count, self.count)
            own = self.w if rule == "shahvaish" else self.w * n / total
            found = (within * n / total + 0.5 - own / 2) / (n + 1)
            if rule == "shahvaish":
                return np.asarray(found)
        return self._rising(np.asarray(found))

    def _rising(self, knots: Array) -> Array:
        """Make positions that fall, as negative weights do, the largest rising ones below them."""
        if knots.size < 2 or bool((self.w > 0).all() and (np.diff(knots) >= 0).all()):
            return knots
        out = knots.copy()
        for start, stop in zip(self.first[:-1], self.first[1:], strict=True):
            out[start:stop] = np.minimum.accumulate(knots[start:stop][::-1])[::-1]
        return out

    @cached_property
    def distinct(self) -> Distribution:
        """The distribution with the rows of one value put together."""
        new = np.r_[True, self.x[1:] != self.x[:-1]] if self.x.size else np.zeros(0, dtype=bool)
        new[self.first[:-1][self.count > 0]] = True
        starts = np.flatnonzero(new)
        w = np.add.reduceat(self.w, starts) if starts.size else self.w
        first = np.searchsorted(starts, self.first)
        return Distribution(self.x[starts], w, first, self.rows[starts])

    def quantiles(self, p: Array, rule: str) -> Array:
        """Return the quantiles at probabilities p (domains, any), nan where p or the domain is void.

        ``math`` and ``hf1`` are the left-continuous inverse of the distribution function.
        """
        held = self.distinct if rule == "hf3" else self
        knots, out = held.knots(rule), np.full(p.shape, np.nan)
        for d in np.flatnonzero(held.count > 0):
            rows = slice(held.first[d], held.first[d + 1])
            known = (p[d] >= 0) & (p[d] <= 1)
            at, x = p[d, known], held.x[rows]
            if rule in LINES:
                out[d, known] = np.interp(at, knots[rows], x)
            elif rule.startswith("shahvaish"):
                out[d, known] = _passed(knots[rows], x, at)
            else:
                out[d, known] = _steps(knots[rows], x, at, rule)
        return out


def _passed(knots: Array, x: Array, p: Array) -> Array:
    """Return the value at the last position that p reaches; R's positions may fall."""
    order = np.argsort(knots, kind="stable")
    passed = np.searchsorted(knots[order], p, side="right")
    return np.asarray(x[order[np.maximum(passed - 1, 0)]])


def _steps(cumulated: Array, x: Array, p: Array, rule: str) -> Array:
    passed = np.searchsorted(cumulated, p * cumulated[-1], side="right")
    at, after = np.maximum(passed - 1, 0), np.minimum(passed, x.size - 1)
    meets = cumulated[at] / cumulated[-1] == p
    if rule in ("school", "hf2"):
        return np.asarray(np.where(meets, (x[at] + x[after]) / 2, x[after]))
    if rule == "hf3":
        meets &= passed % 2 == 0
    return np.asarray(np.where(meets, x[at], x[after]))
