"""Capture histories: their canonical order, margins, frequencies and resamples.

Shapes in this package: ``C`` cells (capture histories), ``L`` lists, ``T`` terms, ``B`` columns
(replicates). The column axis is always the last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..errors import generator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Term = frozenset[int]


def all_histories(lists: int) -> IntArray:
    """All non-empty capture histories: by number of captures, then in the order of the lists.

    Parameters
    ----------
    lists : int
        Number of lists, at least 1.

    Returns
    -------
    ndarray of int, shape (2**lists - 1, lists)
        1 where the list has the person.

    Examples
    --------
    >>> all_histories(2).tolist()
    [[1, 0], [0, 1], [1, 1]]
    """
    if lists < 1:
        raise ValueError(f"lists must be at least 1: got {lists}. Give the number of lists.")
    rows = [members for size in range(1, lists + 1) for members in combinations(range(lists), size)]
    histories = np.zeros((len(rows), lists), dtype=np.int64)
    for row, members in enumerate(rows):
        histories[row, list(members)] = 1
    return histories


def list_pairs(lists: int) -> tuple[Term, ...]:
    """All pairs of lists in the order 12, 13, .., 1L, 23, .. (as indices from 0)."""
    return tuple(frozenset(pair) for pair in combinations(range(lists), 2))


def as_term(members: Iterable[int]) -> Term:
    """A term as the set of its list indices."""
    return frozenset(int(member) for member in members)


def as_columns(counts: npt.ArrayLike) -> FloatArray:
    """Counts as ``(C, B)``, one column for one table; negative or missing counts are refused."""
    columns = np.asarray(counts, dtype=np.float64)
    if columns.ndim == 1:
        columns = columns[:, None]
    if columns.ndim != 2:
        raise ValueError(
            f"counts must have one or two axes (cells, columns): got {columns.ndim}. "
            "Give one count a capture history, or one column a replicate."
        )
    bad = ~(np.isfinite(columns) & (columns >= 0))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"counts must be non-negative numbers: {int(bad.sum())} of {bad.size} are not "
            f"(first: cell {row}, {columns[row, column]}). Drop or correct them."
        )
    return columns


def as_histories(histories: npt.ArrayLike) -> IntArray:
    """Histories as a 0/1 integer array ``(C, L)`` without an empty row."""
    table = np.asarray(histories)
    if table.ndim != 2:
        raise ValueError(
            f"histories must have two axes (cells, lists): got {table.ndim}. "
            "Give one row a capture history."
        )
    bad = ~np.isin(table, (0, 1)).all(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"histories must contain 0 and 1 only: {int(bad.sum())} of {len(table)} rows do not "
            f"(first: row {first}, {table[first].tolist()}). Write 1 where the list has the person."
        )
    empty = ~table.any(axis=1)
    if empty.any():
        raise ValueError(
            f"histories must have at least one capture: {int(empty.sum())} of {len(table)} rows "
            f"have none (first: row {int(np.flatnonzero(empty)[0])}). Drop them: persons on no list "
            "are what is estimated."
        )
    return table.astype(np.int64)


def cell_codes(histories: IntArray) -> IntArray:
    """Each history as one integer, bit ``i`` for list ``i``."""
    codes: IntArray = histories @ (np.int64(1) << np.arange(histories.shape[1], dtype=np.int64))
    return codes


def cell_places(lists: int) -> IntArray:
    """Row among all histories of each of `cell_codes`, (2**lists,); -1 for no capture."""
    table = all_histories(lists)
    places = np.full(len(table) + 1, -1, dtype=np.int64)
    places[cell_codes(table)] = np.arange(len(table))
    return places


def complete_table(histories: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[IntArray, FloatArray]:
    """All ``2**L - 1`` cells in order: repeated rows are summed, histories not given count 0.

    Parameters
    ----------
    histories : array_like of 0/1, shape (rows, L)
    counts : array_like, shape (rows,) or (rows, B)

    Returns
    -------
    histories : ndarray of int, shape (C, L)
    counts : ndarray of float, shape (C, B)

    Examples
    --------
    >>> histories, counts = complete_table([[0, 1], [1, 0], [0, 1]], [3, 4, 5])
    >>> counts[:, 0].tolist()
    [4.0, 8.0, 0.0]
    """
    rows, columns = as_histories(histories), as_columns(counts)
    check_length(rows, columns)
    table = all_histories(rows.shape[1])
    full = np.zeros((len(table), columns.shape[1]))
    np.add.at(full, cell_places(rows.shape[1])[cell_codes(rows)], columns)
    return table, full


def check_length(histories: IntArray | FloatArray, counts: FloatArray) -> None:
    """Refuse counts that are not one row a capture history."""
    if len(counts) != len(histories):
        raise ValueError(
            f"counts must have one row a history: got {len(counts)} for {len(histories)} histories. "
            "Give both in the same order."
        )


def capture_frequencies(histories: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
    """Number of persons captured exactly 1, 2, .., L times, shape (L, B)."""
    rows, columns = as_histories(histories), as_columns(counts)
    captures = rows.sum(axis=1)
    times = np.arange(1, rows.shape[1] + 1)
    frequencies: FloatArray = (captures == times[:, None]).astype(np.float64) @ columns
    return frequencies


def bootstrap_counts(
    counts: npt.ArrayLike, replicates: int, rng: int | np.random.Generator | None = None
) -> FloatArray:
    """Multinomial resamples of a table of capture histories: ``Multinomial(n, counts / n)``.

    Parameters
    ----------
    counts : array_like of whole numbers, shape (C,)
    replicates : int
        Number of columns.
    rng : int, Generator or None
        Seed or generator.

    Returns
    -------
    ndarray of float, shape (C, replicates)
        Each column sums to ``n``; a cell that was 0 stays 0.

    Examples
    --------
    >>> bootstrap_counts([5, 3, 2], 4, rng=1).sum(axis=0).tolist()
    [10.0, 10.0, 10.0, 10.0]
    """
    column = as_columns(counts)
    if column.shape[1] != 1:
        raise ValueError(
            f"counts must be one table: got {column.shape[1]} columns. "
            "Resample one table at a time."
        )
    cells = column[:, 0]
    fractional = cells != np.round(cells)
    if fractional.any():
        first = int(np.flatnonzero(fractional)[0])
        raise ValueError(
            f"counts must be whole numbers: {int(fractional.sum())} of {cells.size} are not "
            f"(first: cell {first}, {cells[first]}). Persons are resampled, not weights."
        )
    if replicates < 0:
        raise ValueError(
            f"replicates must not be negative: got {replicates}. Use 0 for the point alone."
        )
    size = int(cells.sum())
    if size == 0:
        raise ValueError("counts must not all be 0: got 0 persons. Check the window and the lists.")
    return generator(rng).multinomial(size, cells / size, size=replicates).T.astype(np.float64)
