"""Sizes of several groups at once, each scaled by known groups of its own choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine import Weights
from ..facts import relative
from .degrees import RULES

__all__ = ["HeldOut"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Sizes of T groups, ``N sum w y / sum w d`` or ``N sum w y/d / sum w``, row by row.

    `reports` are the numbers known in the groups, (T, n); `known` those in the K known groups of
    sizes `sizes`, (K, n); `use` tells which known groups make up the degrees behind each size,
    (T, K). Degrees are per person of the population, so that its size cancels; `given` are such
    degrees from another question.
    """

    reports: Array
    known: Array
    sizes: Array
    use: Array
    degree: str = "ratio-of-sums"
    size: str = "ratio-of-sums"
    given: Array | None = None

    @cached_property
    def answered(self) -> Array:
        """Which known groups were answered, (K, n), as numbers."""
        return (~np.isnan(self.known)).astype(float)

    @cached_property
    def _filled(self) -> Array:
        return np.nan_to_num(self.known)

    @cached_property
    def asked(self) -> Array:
        """People, or groups with `degree` of mean-of-ratios, behind each degree, (T, n)."""
        if self.given is not None:
            return np.tile(~np.isnan(self.given), (len(self.use), 1)).astype(float)
        weight = self.sizes if self.degree == RULES[0] else np.ones(self.sizes.size)
        if self.answered.all():
            whole = (self.use * weight).sum(axis=1, keepdims=True)
            return np.broadcast_to(whole, (len(self.use), self.known.shape[1]))
        return np.asarray((self.use * weight) @ self.answered)

    @cached_property
    def degrees(self) -> Array:
        """Ties of each respondent per person of the population, (T, n); 0 where unknown."""
        if self.given is not None:
            return np.tile(np.nan_to_num(self.given), (len(self.use), 1))
        weight = np.ones(self.sizes.size) if self.degree == RULES[0] else 1 / self.sizes
        ties: Array = (self.use * weight) @ self._filled
        return np.asarray(np.divide(ties, self.asked, out=ties, where=self.asked > 0))

    @cached_property
    def takes_part(self) -> Array:
        """Which respondents each size rests on, (T, n)."""
        return np.asarray(~np.isnan(self.reports) & (self.asked > 0))

    @cached_property
    def rows(self) -> tuple[Array, Array]:
        """Numerators and denominators whose weighted totals make the sizes, (T, n) each."""
        y, d = np.nan_to_num(self.reports) * self.takes_part, self.degrees * self.takes_part
        if self.size == RULES[0]:
            return y, d
        tied = d > 0
        return np.divide(y, d, out=np.zeros_like(y), where=tied), tied.astype(float)

    @cached_property
    def _stacked(self) -> list[Array]:
        return [*self.rows[0], *self.rows[1]]

    def theta(self, w: Weights) -> Array:
        """Return the sizes under any weights, (T, columns)."""
        totals = self._stacked @ w
        return np.asarray(totals[: len(self.use)] / totals[len(self.use) :])

    def values(self, w: Array) -> Array:
        """Return the sizes under one column of weights, (T,)."""
        y, d = (part @ w for part in self.rows)
        with np.errstate(all="ignore"):
            return np.asarray(np.where(d > 0, y / d, np.nan))

    def of_each(self, reports: Array, w: Array) -> Array:
        """Return sizes (groups, T) of other groups, each scaled in all T ways: two matrix products."""
        answered, w = (~np.isnan(reports)).astype(float), relative(w)
        above, below = (self.asked > 0).astype(float), self.degrees
        if self.size == RULES[1]:
            tied = below > 0
            above = np.divide(1.0, below, out=np.zeros(below.shape), where=tied)
            below = tied.astype(float)
        y, d = (np.nan_to_num(reports) * w) @ above.T, (answered * w) @ below.T
        with np.errstate(all="ignore"):
            return np.asarray(np.where(d > 0, y / d, np.nan))

    def slopes(self, w: Array) -> Array:
        """Return the derivatives of the sizes by the known sizes, (T, K)."""
        if self.given is not None:
            return np.zeros(self.use.shape)
        (y, d), w = self.rows, relative(w)
        one = np.where(self.asked > 0, self.asked, 1.0)
        with np.errstate(all="ignore"):  # no slope where there is no size
            if self.size == RULES[0]:
                per_tie = (self.values(w) / (d @ w))[:, None] * self.takes_part
            else:
                tied = self.degrees > 0
                per_tie = np.divide(y, self.degrees, out=np.zeros_like(y), where=tied)
                per_tie = per_tie / (d @ w)[:, None]
            if self.degree == RULES[0]:
                out = (w * per_tie * self.degrees / one) @ self.answered.T
            else:
                out = (w * per_tie / one) @ (self._filled / self.sizes[:, None] ** 2).T
        return np.asarray(self.use * out)

    def without_each(self, reports: Array, keep: Array, w: Array) -> Array:
        """Return the relative change of sizes (groups, K) when each group kept leaves; 0 for others."""
        if self.given is not None:
            return np.zeros((len(reports), keep.size))
        use = np.r_[np.tile(keep, (keep.size, 1)) & ~np.eye(keep.size, dtype=bool), keep[None, :]]
        sizes = replace(self, use=use.astype(float)).of_each(reports, w)
        with np.errstate(all="ignore"):
            changed = sizes[:, :-1] / sizes[:, -1:] - 1
        return np.where(keep, changed, 0.0)

    def one_report(self, w: Array) -> Array:
        """Return the sizes that one report of average weight gives, by Kish's design effect."""
        w = relative(w)
        takes, below = self.takes_part, self.degrees
        with np.errstate(all="ignore"):
            if self.size == RULES[0]:
                return np.asarray((takes @ w**2) / (takes @ w) / ((below * takes) @ w))
            tied = takes & (below > 0)
            each = np.divide(1.0, below, out=np.zeros(below.shape), where=tied)
            return np.asarray((each @ w**2) / (tied @ w) ** 2)
