"""A mixture of two classes of independent yes/no items, fitted to weighted patterns of answers.

Coordinates are log-odds: of class 1, of each item in class 1, of each item in class 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..glm import expit
from ..vglm import Maximum, climb

__all__ = ["BEYOND", "TwoClasses", "patterns_of"]

Array = NDArray[Any]
BEYOND = 12.0  # log-odds of an item that is (nearly) always or never answered yes
EM_STEPS = 60  # before Newton's method, from every start
ENTRIES = 4_000_000  # patterns x coordinates x columns worked on at once
TIED = 1e-7  # of log-likelihoods


def patterns_of(items: Array) -> tuple[Array, Array]:
    """Return the distinct rows of 0/1 items (patterns, items), and the pattern of each row."""
    code = items.astype(np.int64) @ (1 << np.arange(items.shape[1], dtype=np.int64))
    _, first, pattern = np.unique(code, return_index=True, return_inverse=True)
    return items[first], pattern


@dataclass(frozen=True, eq=False)
class TwoClasses:
    """The model of patterns (patterns, items) with any counts of them (patterns, columns)."""

    patterns: Array

    @property
    def items(self) -> int:
        """Number of items."""
        return int(self.patterns.shape[1])

    def split(self, b: Array) -> tuple[Array, Array, Array]:
        """Return the share of class 1 (columns,) and the items' shares in both (items, columns)."""
        p = expit(b)
        return p[0], p[1 : self.items + 1], p[self.items + 1 :]

    def posterior(self, b: Array) -> tuple[Array, Array]:
        """Return log-likelihood and chance of class 1 of each pattern (patterns, columns)."""
        y, k = self.patterns, self.items
        inside = b[0] - _softplus(b[0])
        one = y @ b[1 : k + 1] - _softplus(b[1 : k + 1]).sum(axis=0) + inside
        none = y @ b[k + 1 :] - _softplus(b[k + 1 :]).sum(axis=0) - _softplus(b[0])
        gap = one - none
        return none + _softplus(gap), expit(gap)

    def slopes(self, b: Array) -> tuple[Array, Array, Array]:
        """Return log-likelihood, chance of class 1 and score of each pattern.

        The score is (coordinates, patterns, columns).
        """
        value, r = self.posterior(b)
        share, one, none = self.split(b)
        y = self.patterns.T[:, :, None]
        rows = [(r - share)[None], r * (y - one[:, None]), (1 - r) * (y - none[:, None])]
        return value, r, np.concatenate(rows)

    def see(self, b: Array, counts: Array) -> tuple[Array, Array, Array]:
        """Return value, score and second derivatives for counts (patterns, columns)."""
        value, r, slopes = self.slopes(b)
        score = np.einsum("ipc,pc->ic", slopes, counts)
        share, one, none = self.split(b)
        y = self.patterns.T[:, :, None]
        apart = np.concatenate([np.ones((1, *r.shape)), y - one[:, None], none[:, None] - y])
        shared = np.moveaxis(apart, 2, 0)  # (columns, coordinates, patterns)
        weighted = shared * np.moveaxis(r * (1 - r) * counts, 1, 0)[:, None]
        curve = np.moveaxis(weighted @ shared.swapaxes(1, 2), 0, 2)
        n, m = counts.sum(axis=0), (r * counts).sum(axis=0)
        lost = np.concatenate(
            [(share * (1 - share) * n)[None], one * (1 - one) * m, none * (1 - none) * (n - m)]
        )
        place = np.arange(len(lost))
        curve[place, place] -= lost
        return np.einsum("pc,pc->c", counts, value), score, curve

    def climb(self, counts: Array, start: Array) -> Maximum:
        """Climb for every column of counts, of which the sizes do not matter."""
        together = max(1, ENTRIES // (len(self.patterns) * (2 * self.items + 1)))
        return climb(
            lambda b, columns: self.see(b, counts[:, columns]), counts.sum(axis=0), start, together
        )

    def expectation(self, counts: Array, b: Array) -> Array:
        """Take some steps of the EM algorithm from coordinates (coordinates, starts)."""
        n, y = counts[:, None], self.patterns.T
        least = 0.5 / counts.sum()
        for _ in range(EM_STEPS):
            r = self.posterior(b)[1]
            m, rest = (r * n).sum(axis=0), ((1 - r) * n).sum(axis=0)
            with np.errstate(all="ignore"):
                one, none = (y @ (r * n)) / m, (y @ ((1 - r) * n)) / rest
            p = np.concatenate([(m / (m + rest))[None], one, none])
            p = np.clip(np.nan_to_num(p, nan=0.5), least, 1 - least)
            b = np.log(p / (1 - p))
        return b

    def best(self, counts: Array, starts: Array) -> tuple[Array, float, bool]:
        """Return the highest point found from several starts, its value, and whether it is within."""
        begun = self.expectation(counts, starts)
        repeated = np.repeat(counts[:, None], starts.shape[1], axis=1)
        found = self.climb(repeated, begun)
        value = np.where(np.isnan(found.value), -np.inf, found.value)
        high = value >= value.max() - TIED
        within = high & np.isfinite(found.at[0])
        within &= np.abs(found.last).max(axis=0) < BEYOND
        if not within.any():
            top = int(np.argmax(value))
            return found.last[:, top], float(value[top]), False
        first = int(np.argmax(within))
        return self.labelled(found.at[:, first]), float(value[first]), True

    def labelled(self, b: Array) -> Array:
        """Return coordinates whose class 1 has the higher mean share of yes."""
        k = self.items
        _, one, none = self.split(b)
        if one.sum() >= none.sum():
            return b
        return np.concatenate([-b[:1], b[k + 1 :], b[1 : k + 1]])

    def starts(self, counts: Array, number: int, rng: np.random.Generator) -> Array:
        """Return coordinates to start from: split by the number of items, then at random."""
        k = self.items
        p = counts @ self.patterns / counts.sum()
        p = np.clip(p, 0.01, 0.99)[:, None]
        share = rng.uniform(0.05, 0.6, number)
        up = rng.uniform(0.2, 0.95, (k, number))
        up[:, 0], share[0] = 0.6, 0.15
        one = p + (1 - p) * up
        none = p * rng.uniform(0.05, 0.95, (k, number))
        found = np.concatenate([share[None], one, none])
        return np.asarray(np.log(found / (1 - found)))

    def pairs(self, b: Array) -> tuple[list[tuple[int, int]], Array, Array]:
        """Return pairs of items, the share that says yes to both, and its derivatives in b."""
        share, one, none = self.split(b)
        pairs = list(combinations(range(self.items), 2))
        k = self.items
        both = np.empty(len(pairs))
        slope = np.zeros((len(pairs), 2 * k + 1))
        for row, (i, j) in enumerate(pairs):
            both[row] = share * one[i] * one[j] + (1 - share) * none[i] * none[j]
            slope[row, 0] = share * (1 - share) * (one[i] * one[j] - none[i] * none[j])
            for here, other in ((i, j), (j, i)):
                slope[row, 1 + here] = share * one[here] * (1 - one[here]) * one[other]
                slope[row, 1 + k + here] = (1 - share) * none[here] * (1 - none[here]) * none[other]
        return pairs, both, slope


def _softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))
