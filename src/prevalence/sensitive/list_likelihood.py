"""The likelihood of a list experiment: counts that are mixtures over an answer nobody gives.

``Z`` has the log-odds ``d``; the control items are Binomial(J, expit(g1)) among Z = 1 and
Binomial(J, expit(g0)) among Z = 0, with g1 = g0 = g where constrained. A control reports the count
of control items, a treated person that count plus Z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from ..vglm import RowTerms

__all__ = ["ListLikelihood", "list_likelihood", "softplus"]

Array = NDArray[Any]


def softplus(x: Array) -> Array:
    """Return ``log(1 + exp(x))`` without overflow."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


@dataclass(frozen=True, eq=False)
class ListLikelihood:
    """Log-likelihood of the counts in the predictors (g, d), or (g0, g1, d) unconstrained.

    A count can come about in three ways: Z = 1 and added, Z = 1 and not added (a control, or one
    who hides it), Z = 0. `logs` are the logarithms of their constants, minus infinity where a
    count cannot come about so.
    """

    y: Array  # (rows, 1)
    items: int
    logs: tuple[Array, Array, Array]  # each (rows, 1)
    constrained: bool

    def __call__(self, eta: Sequence[Array], columns: Array) -> RowTerms:
        """Return values and derivatives of the rows."""
        del columns  # every column of weights has the same counts
        return self._one(*eta) if self.constrained else self._two(*eta)

    def _posterior(self, g0: Array, g1: Array, d: Array) -> tuple[Array, Array, Array]:
        """Return the log-likelihood, and the chances of "Z = 1 and added" and of Z = 1."""
        y, j = self.y, self.items
        among = j * softplus(g1)
        no = softplus(d)
        yes = no - d
        ways = (
            self.logs[0] - yes + (y - 1) * g1 - among,
            self.logs[1] - yes + y * g1 - among,
            self.logs[2] - no + y * g0 - (among if g0 is g1 else j * softplus(g0)),
        )
        top = np.maximum(np.maximum(ways[0], ways[1]), ways[2])
        added, hidden, without = (np.exp(way - top) for way in ways)
        total = added + hidden + without
        return top + np.log(total), added / total, (added + hidden) / total

    def _one(self, g: Array, d: Array) -> RowTerms:
        value, added, z = self._posterior(g, g, d)
        p, mu = 1 / (1 + np.exp(-d)), 1 / (1 + np.exp(-g))
        bend = {
            (0, 0): added * (1 - added) - self.items * mu * (1 - mu),
            (0, 1): -added * (1 - z),
            (1, 1): z * (1 - z) - p * (1 - p),
        }
        return RowTerms(value, [self.y - added - self.items * mu, z - p], bend)

    def _two(self, g0: Array, g1: Array, d: Array) -> RowTerms:
        value, added, z = self._posterior(g0, g1, d)
        p, mu0, mu1 = (1 / (1 + np.exp(-x)) for x in (d, g0, g1))
        y, j = self.y, self.items
        left0, left1 = y - j * mu0, y - j * mu1
        slope0, slope1 = (1 - z) * left0, z * left1 - added
        square1 = added * (left1 - 1) ** 2 + (z - added) * left1**2
        bend = {
            (0, 0): (1 - z) * (left0**2 - j * mu0 * (1 - mu0)) - slope0**2,
            (0, 1): -slope0 * slope1,
            (1, 1): square1 - z * j * mu1 * (1 - mu1) - slope1**2,
            (0, 2): -slope0 * z,
            (1, 2): slope1 * (1 - z),
            (2, 2): z * (1 - z) - p * (1 - p),
        }
        return RowTerms(value, [slope0, slope1, z - p], bend)


def list_likelihood(
    y: Array,
    treated: Array,
    items: int,
    *,
    constrained: bool = True,
    floor: float = 0.0,
    ceiling: float = 0.0,
) -> ListLikelihood:
    """Return the likelihood of counts y of `items` control items, plus one for the treated.

    `floor` and `ceiling` are the shares of those with Z = 1 and no, or all, control items who do
    not add it.
    """
    hides = floor * (y == 0) + ceiling * (y == items)  # by the count of control items
    hid_before = floor * (y == 1) + ceiling * (y == items + 1)
    added = np.where(treated, 1 - hid_before, 0.0)
    kept = np.where(treated, hides, 1.0)
    with np.errstate(divide="ignore"):
        logs = (
            np.log(added) + _log_choose(items, y - 1),
            np.log(kept) + _log_choose(items, y),
            _log_choose(items, y),
        )
    first, second, third = (log[:, None] for log in logs)
    return ListLikelihood(y[:, None], items, (first, second, third), constrained)


def _log_choose(n: int, k: Array) -> Array:
    """Return the logarithm of the binomial coefficient, minus infinity outside 0 to n."""
    inside = (k >= 0) & (k <= n)
    k = np.where(inside, k, 0)
    found = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.where(inside, found, -np.inf))
