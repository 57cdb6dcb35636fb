"""Decomposable graphs of lists: every labelled chordal graph, with its cliques and separators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..histories import BoolArray, IntArray, list_pairs

LARGEST = 6  # 18,154 graphs; 617,675 with seven lists


@dataclass(frozen=True, eq=False)
class ChordalGraphs:
    """All chordal graphs of some lists.

    Attributes
    ----------
    edges : ndarray of bool, shape (graphs, pairs)
        Pairs of lists joined, in the order 12, 13, .., 1L, 23, ..
    sign : ndarray of int, shape (graphs, 2**lists - 1)
        For the set of lists with bit mask j + 1: 1 where it is a clique, minus the number of times
        that it is a separator.
    """

    edges: BoolArray
    sign: IntArray

    def cliques(self, graph: int) -> tuple[tuple[int, ...], ...]:
        """Cliques of one graph, as positions of lists."""
        found = [_members(int(j) + 1) for j in np.flatnonzero(self.sign[graph] > 0)]
        return tuple(sorted(found))


def _members(mask: int) -> tuple[int, ...]:
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


@lru_cache(maxsize=LARGEST)
def chordal_graphs(lists: int) -> ChordalGraphs:
    """Every labelled chordal graph on up to six lists.

    A graph is chordal when vertices whose neighbours are all joined can be removed one after
    another until none is left. A vertex v removed with neighbours S factorises the distribution by
    p(v, S) / p(S); over the whole order what does not cancel is cliques over separators.

    Parameters
    ----------
    lists : int
        Number of lists, 2 to 6.

    Returns
    -------
    ChordalGraphs
        In the order of the binary numbers that their edges spell.

    Examples
    --------
    >>> [len(chordal_graphs(lists).edges) for lists in (2, 3, 4, 5, 6)]
    [2, 8, 61, 822, 18154]
    """
    pairs = [tuple(sorted(pair)) for pair in list_pairs(lists)]
    code = np.arange(1 << len(pairs), dtype=np.int64)
    edges = (code[:, None] >> np.arange(len(pairs)) & 1).astype(bool)
    neighbours = np.zeros((len(code), lists), dtype=np.int64)
    for column, (i, j) in enumerate(pairs):
        neighbours[:, i] |= edges[:, column].astype(np.int64) << j
        neighbours[:, j] |= edges[:, column].astype(np.int64) << i
    sign = np.zeros((len(code), 1 << lists), dtype=np.int64)
    alive = np.full(len(code), (1 << lists) - 1)
    for _ in range(lists):
        vertex = _simplicial(neighbours, alive)
        rows = np.flatnonzero(vertex >= 0)
        around = neighbours[rows, vertex[rows]] & alive[rows]
        sign[rows, around | (1 << vertex[rows])] += 1
        sign[rows, around] -= 1
        alive[rows] &= ~(1 << vertex[rows])
    chordal = alive == 0
    return ChordalGraphs(edges[chordal], sign[chordal, 1:])


def _simplicial(neighbours: IntArray, alive: IntArray) -> IntArray:
    """A vertex still there whose remaining neighbours are all joined; -1 where there is none."""
    lists = neighbours.shape[1]
    found = np.full(len(alive), -1, dtype=np.int64)
    for v in range(lists):
        around = neighbours[:, v] & alive
        joined = (alive >> v & 1).astype(bool)
        for u in range(lists):
            others = around & ~(1 << u)
            joined &= (around >> u & 1 == 0) | (others & ~neighbours[:, u] == 0)
        found[joined] = v
    return found
