"""The incomplete table of lists by strata: designs, and what of each stratum is observed.

Cells are strata times histories, the dark history first. Three things collapse them: the dark
history is never observed; a list that does not operate in a stratum leaves its captures untold
there; a case whose covariates are not all known may come from several strata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..histories import BoolArray, FloatArray, IntArray, all_histories

Term = tuple[int, ...]
Label = tuple[str, ...]
Group = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class Strata:
    """Strata that are fully told, and the groups in which persons are observed.

    Attributes
    ----------
    labels : tuple of tuple of str
        The S strata.
    operating : ndarray of bool, shape (S, L)
        Whether a list operates in a stratum.
    groups : tuple of tuple of str
        Labels of the G observed groups; a missing label is None.
    """

    labels: tuple[Label, ...]
    operating: BoolArray
    groups: tuple[Group, ...]

    @property
    def histories(self) -> IntArray:
        """All histories (cells of one stratum, L), the dark one first."""
        lists = self.operating.shape[1]
        return np.vstack([np.zeros((1, lists), dtype=np.int64), all_histories(lists)])

    @property
    def kinds(self) -> list[tuple[bool, ...]]:
        """Which labels are told, for each way that occurs."""
        return list(dict.fromkeys(_told(group) for group in self.groups))


def _told(group: Group) -> tuple[bool, ...]:
    return tuple(x is not None for x in group)


def _as_told(label: Group, kind: tuple[bool, ...]) -> Group:
    return tuple(x if tell else None for x, tell in zip(label, kind, strict=True))


def told_strata(
    labels: Sequence[Label],
    names: Sequence[str],
    absent: Mapping[Label, Sequence[str]],
    missing: str,
) -> Strata:
    """Strata whose labels are all known, and the groups with a missing label beside them."""
    groups = tuple(tuple(None if x == missing else x for x in label) for label in labels)
    known = tuple(label for label in labels if missing not in label)
    if not known:
        raise ValueError(
            f"strata must be known for some persons: all {len(labels)} groups have a missing "
            "label. Leave out the column that is not filled in."
        )
    nowhere = [g for g in groups if not any(_as_told(s, _told(g)) == g for s in known)]
    if nowhere:
        first = ", ".join(missing if x is None else x for x in nowhere[0])
        raise ValueError(
            f"strata must hold every person: {len(nowhere)} of {len(labels)} groups have labels "
            f"that no complete stratum has (first: {first}). Combine labels."
        )
    operating = np.array([[name not in absent.get(s, ()) for name in names] for s in known])
    return Strata(known, operating, groups)


@dataclass(frozen=True, eq=False)
class Observed:
    """What is observed: `collapse` (rows, cells) and where each group's history goes (C, G)."""

    collapse: FloatArray
    row: IntArray


def observed(strata: Strata, counts: FloatArray) -> Observed:
    """Rows of the incomplete table and how cells fall into them.

    A case with a missing label stays with its history: the share of cases that are told is a known
    weight by history, which leaves the likelihood of everything else unchanged as long as being
    told depends on the history and on what is told, not on the missing label.

    Parameters
    ----------
    strata : Strata
    counts : ndarray, shape (C, G)
        Persons by history (none on no list) and group of labels.
    """
    histories = strata.histories
    cells, lists = histories.shape
    codes = histories @ (np.int64(1) << np.arange(lists, dtype=np.int64))
    bits = (strata.operating.astype(np.int64) << np.arange(lists, dtype=np.int64)).sum(axis=1)
    place = {int(code): c for c, code in enumerate(codes)}
    share = _shares(strata, counts)
    keys: dict[tuple[Group, int], int] = {}
    entries = []
    for k, kind in enumerate(strata.kinds):
        for s, label in enumerate(strata.labels):
            for c in range(cells):
                seen = int(codes[c] & bits[s])
                if seen:
                    row = keys.setdefault((_as_told(label, kind), seen), len(keys))
                    entries.append((row, s * cells + c, share[place[seen] - 1, k]))
    collapse = np.zeros((len(keys), len(strata.labels) * cells))
    for row, cell, weight in entries:
        collapse[row, cell] = weight
    rows = [[keys.get((group, int(code)), -1) for group in strata.groups] for code in codes[1:]]
    return Observed(collapse, np.array(rows))


def _shares(strata: Strata, counts: FloatArray) -> FloatArray:
    """Share of each history's persons of whom each kind of labels is told, (C, kinds)."""
    kinds = strata.kinds
    by_kind = np.zeros((len(counts), len(kinds)))
    for g, group in enumerate(strata.groups):
        by_kind[:, kinds.index(_told(group))] += counts[:, g]
    whole = by_kind.sum(axis=1, keepdims=True)
    overall = by_kind.sum(axis=0) / by_kind.sum()
    shares: FloatArray = np.where(whole > 0, by_kind / np.where(whole > 0, whole, 1.0), overall)
    return shares


def table_counts(seen: Observed, counts: FloatArray) -> FloatArray:
    """Counts (C, G, B) in the rows of the incomplete table, (rows, B)."""
    out = np.zeros((len(seen.collapse), counts.shape[2]))
    np.add.at(
        out, np.where(seen.row >= 0, seen.row, 0), np.where(seen.row[..., None] >= 0, counts, 0.0)
    )
    return out


def impossible(seen: Observed, counts: FloatArray) -> FloatArray:
    """Persons (G,) whose history holds a capture by a list that does not operate there."""
    persons: FloatArray = np.where(seen.row < 0, counts, 0.0).sum(axis=0)
    return persons


@dataclass(frozen=True, eq=False)
class StrataDesign:
    """Design (cells, P) with what each column is: lists of the term, and level (-1: all strata)."""

    matrix: FloatArray
    columns: tuple[tuple[Term, int], ...]


def strata_design(
    strata: Strata, terms: Sequence[Term], levels: Mapping[Any, IntArray], captured: FloatArray
) -> StrataDesign:
    """One column a stratum, and one a term or, for terms in `levels`, one a level of the strata.

    A term that differs by level and whose lists do not all operate in a stratum has no parameter
    there; its mean over the other levels stands in. That changes nothing unless the absent list
    is in other terms too.

    Parameters
    ----------
    strata : Strata
    terms : sequence of tuple of int
        Lists and groups of lists, from 0.
    levels : mapping of term to ndarray of int, shape (S,)
        Level of each stratum, for terms that differ.
    captured : ndarray, shape (L, S)
        Persons of each stratum on each list.
    """
    histories = strata.histories
    cells, size = len(histories), len(strata.labels)
    blocks: list[FloatArray] = []
    columns: list[tuple[Term, int]] = []

    def add(term: Term, level: int, weights: FloatArray) -> None:
        inside = histories[:, list(term)].all(axis=1).astype(np.float64)
        blocks.append((weights[:, None] * inside).reshape(size * cells))
        columns.append((term, level))

    for s in range(size):
        add((), s, np.eye(size)[s])
    for term in terms:
        if term not in levels:
            add(term, -1, np.ones(size))
            continue
        here = strata.operating[:, list(term)].all(axis=1)
        level = levels[term]
        present = np.unique(level[here])
        lone = ~np.isin(level, present)
        full = [v for v in present if captured[list(term)][:, level == v].sum(axis=1).all()]
        for v in present:
            weights = (level == v).astype(np.float64)
            weights[lone] = (v in full) / max(len(full), 1)
            add(term, int(v), weights)
    return StrataDesign(np.array(blocks).T, tuple(columns))


def wanted_cells(strata: Strata) -> FloatArray:
    """Total of all cells, then of each stratum when there are several: 0/1, (K, cells)."""
    size, cells = len(strata.labels), len(strata.histories)
    each = np.repeat(np.eye(size), cells, axis=1)
    return np.vstack([np.ones((1, size * cells)), each]) if size > 1 else each
