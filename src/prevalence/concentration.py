"""How far few primary units carry a variance, and what that takes from its degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evaluate import Domains
from .survey import Survey

__all__ = ["WeightedTotals", "excess"]

Array = NDArray[Any]


def excess(survey: Survey, domains: Domains, off: Sequence[Array] | Array) -> Array:
    """Return what few clusters that carry most of a variance add to one over its degrees of freedom.

    `off` are reports less what is expected of each row, (outcomes, rows). With z their weighted
    totals by primary unit it is ``sum z^4 / (2 (sum z^2)^2) - 3 / (2 n)``, at least 0: Satterthwaite's
    degrees of freedom with the fourth moment that is seen instead of the normal one. Of k reports,
    one in each of k among many units, it leaves 2 k degrees of freedom.
    """
    totals = WeightedTotals(survey, domains)
    return totals.excess(np.array([totals.of(row) for row in off]))


class WeightedTotals:
    """Weighted totals of rows by (domain, primary unit), of the units that are there."""

    def __init__(self, survey: Survey, domains: Domains):
        self.sums, self.count = domains.sums(survey), domains.count
        self.here = np.flatnonzero(self.sums.counts > 0)
        weights, design = survey.chain.weights, survey.design
        scale = np.abs(weights).max(initial=0.0) or 1.0  # fourth powers stay in range
        self.weights = self.sums.take(weights / scale)
        psus = design.stages[0].parent.size
        key = self.sums.pair_domain[self.here] * psus
        key = key + design.psu_of_unit[self.sums.pair_unit[self.here]]
        keys, self.place = np.unique(key, return_inverse=True)
        self.domain = keys // psus

    def of(self, row: Array) -> Array:
        """Return the totals of a row."""
        by_pair = self.sums.by_pair(self.sums.take(row) * self.weights)[self.here]
        return np.bincount(self.place, by_pair, minlength=self.domain.size)

    def excess(self, z: Array) -> Array:
        """Return the excess of outcomes (rows of z) in every domain, as one value per row."""
        top = np.abs(z).max(axis=1, initial=0.0, keepdims=True)
        squares = (z / np.where(top > 0, top, 1.0)) ** 2
        n = np.bincount(self.domain, minlength=self.count)
        sums = [
            [np.bincount(self.domain, row**power, minlength=self.count) for row in squares]
            for power in (1, 2)
        ]
        second, fourth = np.array(sums)
        with np.errstate(all="ignore"):
            out = fourth / (2 * second**2) - 1.5 / n
        out = np.nan_to_num(out, nan=0.0, posinf=0.0, neginf=0.0)
        return np.asarray(np.maximum(out, 0.0)).reshape(-1)
