"""Bounds over what missing answers can be, where one answer feeds several conditions.

Kleene's logic takes each condition that is unknown for free of the others. Two that ask the same
column are not: here every answer of such a column is tried, at all sides of the constants that it
is compared with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..grammar import Truth, columns_of, compared
from .points import points_of

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["completed"]

Array = NDArray[Any]
MOST_TRIED = 256  # answers tried for one row
MOST_ROWS = 1_000_000  # rows times answers


def completed(
    d: Definition,
    texts: Iterable[str],
    columns: Mapping[str, Array],
    rows: NDArray[np.bool_],
    result: Truth,
    evaluate: Callable[[Mapping[str, Array]], Truth],
) -> Truth:
    """Return the bounds of a result, narrower where missing answers of shared columns decide it."""
    points = _shared(d, texts)
    if not points:
        return result
    gone = np.stack([_missing(columns[column]) for column in points])
    sizes = np.array([len(values) for values in points.values()], dtype=float)
    copies = np.where(gone, sizes[:, None], 1.0).prod(axis=0)
    tried = rows & (result.must != result.may) & (copies > 1) & (copies <= MOST_TRIED)
    place = np.flatnonzero(tried)
    place = place[np.cumsum(copies[place]) <= MOST_ROWS]
    if not place.size:
        return result
    each = copies[place].astype(np.int64)
    starts = np.cumsum(each) - each
    found = evaluate(_expanded(points, columns, gone, np.repeat(place, each), starts, each))
    must, may = result.must.copy(), result.may.copy()
    must[place] |= np.logical_and.reduceat(found.must, starts)
    may[place] &= np.logical_or.reduceat(found.may, starts)
    return Truth(must, may)


def _shared(d: Definition, texts: Iterable[str]) -> dict[str, list[Any]]:
    """Return the values to try of columns that are used twice, and compared with constants alone."""
    uses: Counter[str] = Counter()
    computed: set[str] = set()
    found = []
    for text in texts:
        each = compared(text)
        found.append(each)
        if each is None:
            computed |= set(columns_of(text))
        else:
            uses += each.uses
    return {
        column: values
        for column, values in points_of(d, found).items()
        if uses[column] > 1 and column not in computed and values
    }


def _expanded(
    points: Mapping[str, list[Any]],
    columns: Mapping[str, Array],
    gone: NDArray[np.bool_],
    rows: Array,
    starts: Array,
    each: Array,
) -> dict[str, Array]:
    """Return columns with each row as often as there are answers to try, and these in them."""
    out = {name: column[rows] for name, column in columns.items()}
    left = np.arange(rows.size) - np.repeat(starts, each)
    for k, (name, values) in enumerate(points.items()):
        here = gone[k][rows]
        column = out[name].astype(object) if isinstance(values[0], str) else out[name]
        column[here] = np.array(values, dtype=column.dtype)[left[here] % len(values)]
        left = np.where(here, left // len(values), left)
        out[name] = column
    return out


def _missing(column: Array) -> NDArray[np.bool_]:
    if column.dtype.kind == "O":
        return np.asarray(column == None, dtype=bool)
    return np.isnan(column)
