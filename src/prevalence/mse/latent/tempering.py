"""Parallel tempering over tables: chains of ever fewer persons, exchanged between neighbours.

The posterior of a smaller table of the same shape is flatter, so that chains cross there from one mode
to another. Every level is the same model with whole counts and sampled by the same sweeps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mcmc import accepted

__all__ = ["Ladder"]

Array = NDArray[Any]
GOLDEN = 0.6180339887498949
FEWEST = 50  # persons in the smallest table


class Ladder:
    """Levels of tables, of which the first is the whole one, and which chain is at which.

    Parameters
    ----------
    counts : ndarray of int, (C,)
        Persons with each history.
    levels : int
        Number of tables.
    ladders : int
        Number of chains at each level; chains are exchanged within a ladder.

    Attributes
    ----------
    tables : ndarray of int, (C, levels)
        The tables.
    level : ndarray, (ladders * levels,)
        Level of each chain.

    References
    ----------
    Syed, S., Bouchard-Côté, A., Deligiannidis, G. and Doucet, A. (2022). Non-reversible parallel
    tempering: a scalable highly parallel MCMC scheme. Journal of the Royal Statistical Society B,
    84(2), 321-350. doi:10.1111/rssb.12464
    """

    def __init__(self, counts: Array, levels: int, ladders: int) -> None:
        self._counts = counts
        least = min(1.0, FEWEST / max(int(counts.sum()), 1))
        self._log_shares = np.linspace(0.0, np.log(least), levels)
        self.level = np.tile(np.arange(levels), ladders)
        self._slots = np.arange(ladders * levels).reshape(ladders, levels)
        self._row = np.arange(levels) * levels * ladders  # place of a level in the flat values
        self.tables = self._shrunk()
        self._refused = np.zeros(levels - 1)
        self._tried = 0

    def _shrunk(self) -> Array:
        """Return tables whose counts are rounded at places spread evenly, so that few vanish at once."""
        place = (np.argsort(np.argsort(self._counts, kind="stable")) * GOLDEN + 0.3) % 1
        share = np.exp(self._log_shares)
        tables = np.floor(np.multiply.outer(self._counts, share) + place[:, None])
        tables[:, 0] = self._counts
        return np.asarray(tables, dtype=np.int64)

    @property
    def whole(self) -> Array:
        """Chains that hold the whole table now, one of each ladder."""
        return np.flatnonzero(self.level == 0)

    @property
    def refused(self) -> Array:
        """Share of exchanges between neighbouring levels that were refused since the last respacing."""
        return self._refused / max(self._tried, 1)

    def exchange(self, values: Array, rng: np.random.Generator) -> None:
        """Exchange neighbours given the log likelihood (levels, chains) of each chain at every level."""
        levels, slots = len(values), self._slots  # the chain at each level of each ladder
        if levels == 1:
            return
        self._tried += 1
        at = values.ravel().take
        for first in (0, 1):
            low, high = slice(first, levels - 1, 2), slice(first + 1, levels, 2)
            one, two = slots[:, low], slots[:, high]
            here, there = self._row[low], self._row[high]
            ratio = at(two + here) + at(one + there) - at(one + here) - at(two + there)
            take = accepted(ratio, rng)
            taken = np.add.reduce(np.exp(np.minimum(ratio, 0.0)), axis=0)
            self._refused[low] += 1 - taken / len(slots)
            slots[:, low], slots[:, high] = np.where(take, two, one), np.where(take, one, two)
        self.level = np.empty(slots.size, dtype=np.intp)
        self.level[slots] = np.arange(levels)

    def respace(self) -> None:
        """Move the levels so that exchanges between all neighbours are refused equally often."""
        barrier = np.concatenate([[0.0], np.cumsum(self.refused + 1e-3)])
        aims = np.linspace(0.0, barrier[-1], barrier.size)
        self._log_shares = np.interp(aims, barrier, self._log_shares)
        self.tables = self._shrunk()
        self._refused[:], self._tried = 0.0, 0
