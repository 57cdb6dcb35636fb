"""Any frame in, once: pandas, polars, pyarrow or a mapping, read by column into NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import nearest

__all__ = ["Table", "read"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length by name; never changed."""

    columns: Mapping[str, Any]
    n: int
    kept: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)

    def raw(self, name: str, argument: str) -> Any:
        """Return a column as it came, or say which name was meant."""
        if not isinstance(name, str):
            raise TypeError(
                f"{argument} must be the name of a column: found {type(name).__name__}. "
                "Put the values into a column of the data and name it."
            )
        if name not in self.columns:
            raise KeyError(
                f"{argument} must be a column of the data: {name!r} is not."
                f"{nearest(name, self.columns)}"
            )
        return self.columns[name]

    def digest(self) -> str:
        """Return a name for what the rows hold, whatever their order."""
        mixed = np.zeros(self.n, dtype=np.uint64)
        for name in sorted(self.columns):
            column = np.asarray(self.columns[name])
            labels = column if column.dtype.kind in "biuf" else column.astype(str).astype(object)
            hashed = pd.util.hash_array(np.ascontiguousarray(labels), categorize=False)
            mixed = (mixed ^ hashed) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        return f"{int(mixed.sum(dtype=np.uint64)):016x}"

    def numeric(self, name: str, argument: str) -> Array:
        """Return a column as float64, nan where missing; converted once."""
        raw = self.raw(name, argument)
        if ("number", name) not in self.kept:
            self.kept["number", name] = as_float(raw, name, argument)
        return np.asarray(self.kept["number", name])

    def is_finite(self, name: str, argument: str) -> bool:
        """Tell whether a column is complete and without infinities; looked at once."""
        values = self.numeric(name, argument)
        if ("finite", name) not in self.kept:
            self.kept["finite", name] = bool(np.isfinite(values.sum()))
        return bool(self.kept["finite", name])

    def factor(self, name: str, argument: str) -> tuple[Array, list[str]]:
        """Return codes of a complete column and its labels, in order of appearance."""
        return factorise(self.raw(name, argument), name, argument)

    def labels(self, name: str, argument: str) -> Array:
        """Return a column as an array of str, complete."""
        codes, found = self.factor(name, argument)
        return np.array(found, dtype=object)[codes]

    def codes(self, names: Iterable[str], argument: str) -> tuple[Array, list[tuple[str, ...]]]:
        """Return codes and sorted labels of the crossing of columns."""
        code: Array = np.zeros(self.n, dtype=np.int64)
        levels: list[list[str]] = []
        for name in names:
            this, found = self._sorted(name, argument)
            code = code * len(found) + this if levels else this
            levels.append(found)
        if len(levels) == 1:
            return code, [(label,) for label in levels[0]]
        used, out = _distinct(code, math.prod(len(found) for found in levels))
        return out, [_crossed(int(k), levels) for k in used]

    def _sorted(self, name: str, argument: str) -> tuple[Array, list[str]]:
        """Return codes of a complete column and its labels, sorted; coded once."""
        raw = self.raw(name, argument)
        if ("codes", name) not in self.kept:
            made = _whole_numbers(raw) or _ordered(raw, *factorise(raw, name, argument))
            self.kept["codes", name] = made
        codes, found = self.kept["codes", name]
        return codes, list(found)

    def for_condition(self, name: str) -> Array:
        """Return a column for a condition: numbers as float64, anything else as text."""
        raw = self.raw(name, "where")
        try:
            return as_float(raw, name, "where")
        except TypeError:
            return self.labels(name, "where")


def _whole_numbers(raw: Any) -> tuple[Array, list[str]] | None:
    """Code a column of whole numbers of a small range by counting; None for any other column."""
    if getattr(getattr(raw, "dtype", None), "kind", "O") not in "iu":
        return None
    values = raw.to_numpy() if isinstance(raw, pd.Series) else np.asarray(raw)
    if values.dtype.kind not in "iu" or not values.size:
        return None
    low, high = int(values.min()), int(values.max())
    if high - low > 65_535 or max(-low, high) >= 2**53:
        return None
    codes = values.astype(np.int64, copy=False)
    codes = codes - low if low else codes
    used, codes = _distinct(codes, high - low + 1)
    return codes, [str(k + low) for k in used.tolist()]


def _distinct(codes: Array, size: int) -> tuple[Array, Array]:
    """Return the codes in use, sorted, and the place of each row's among them."""
    if size > 4 * codes.size + 65_536:
        return np.unique(codes, return_inverse=True)
    seen = np.bincount(codes, minlength=size) > 0
    used = np.flatnonzero(seen)
    return used, codes if used.size == size else (np.cumsum(seen) - 1)[codes]


def _crossed(key: int, levels: list[list[str]]) -> tuple[str, ...]:
    out = []
    for found in reversed(levels):
        key, at = divmod(key, len(found))
        out.append(found[at])
    return tuple(reversed(out))


def _ordered(raw: Any, codes: Array, names: list[str]) -> tuple[Array, list[str]]:
    """Put labels in a sensible order: the categories', the numbers', else alphabetical."""
    wanted = getattr(getattr(raw, "dtype", None), "categories", None)
    if wanted is not None and not hasattr(wanted, "to_list"):
        wanted = None
    if wanted is not None:
        place = {str(x): i for i, x in enumerate(wanted.to_list())}
        order = sorted(range(len(names)), key=lambda i: place.get(names[i], len(place)))
    else:
        order = sorted(range(len(names)), key=lambda i: _natural(names[i]))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes], [names[i] for i in order]


def _natural(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def read(data: Any, argument: str = "data") -> Table:
    """Read any supported frame."""
    if isinstance(data, Table):
        return data
    if isinstance(data, Mapping):
        columns = {str(name): _one_dimension(column, str(name)) for name, column in data.items()}
    else:
        import narwhals.stable.v2 as nw

        _check_names(list(getattr(data, "columns", ())), argument)
        try:
            frame = nw.from_native(data, eager_only=True)
        except TypeError:
            raise TypeError(
                f"{argument} must be a pandas, polars or pyarrow table, or a mapping of names to "
                f"columns: found {type(data).__name__}. Convert it, for example with "
                "pandas.DataFrame(...)."
            ) from None
        columns = {name: _native(frame.get_column(name)) for name in frame.columns}
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        longest = max(sizes, key=lambda name: sizes[name])
        shortest = min(sizes, key=lambda name: sizes[name])
        raise ValueError(
            f"{argument} must have columns of one length: {longest!r} has {sizes[longest]:,} rows "
            f"and {shortest!r} {sizes[shortest]:,}. Correct them."
        )
    n = next(iter(sizes.values()), 0)
    if n == 0:
        raise ValueError(f"{argument} must have rows: found zero rows. Check the file or filter.")
    return Table(columns, n)


def _check_names(names: list[Any], argument: str) -> None:
    repeated = [name for name in names if isinstance(name, str) and names.count(name) > 1]
    if repeated:
        raise ValueError(
            f"{argument} must have columns of different names: {repeated[0]!r} stands "
            f"{names.count(repeated[0])} times. Rename one."
        )


def _native(column: Any) -> Any:
    native = column.to_native()
    return native if isinstance(native, pd.Series) else column.to_numpy()


def _one_dimension(column: Any, name: str) -> Any:
    if isinstance(column, pd.Series):
        return column.copy(deep=False)
    array = np.array(column)  # a copy: what the caller changes later does not reach the sample
    if array.ndim != 1:
        raise ValueError(
            f"column {name!r} must be one-dimensional: found shape {array.shape}. Split it."
        )
    return array


def as_float(raw: Any, name: str, argument: str) -> Array:
    """Convert a column to float64, merging every kind of missing into nan."""
    kind = getattr(getattr(raw, "dtype", None), "kind", "O")
    if kind in "mMc":
        raise TypeError(
            f"{argument} must be numbers: column {name!r} holds {raw.dtype}. Compute a number from "
            "it beforehand."
        )
    try:
        if isinstance(raw, pd.Series):
            if isinstance(raw.dtype, pd.CategoricalDtype):
                raw = raw.astype(object)
            if raw.dtype == np.float64:
                return np.asarray(raw.to_numpy())
            if raw.dtype.kind in "biuf":
                return np.asarray(raw.to_numpy(dtype=float, na_value=np.nan))
            raw, kind = (
                raw.to_numpy(dtype=object),
                "O",
            )  # text is text, also where it looks like a number
        if kind == "O":
            raw = [np.nan if x is None or x is pd.NA else float(_no_text(x)) for x in raw]
        elif kind in "US":
            raise ValueError
        return np.asarray(raw, dtype=float)
    except (TypeError, ValueError):
        row = _first_text(raw)
        raise TypeError(
            f"{argument} must be numbers: column {name!r} holds text (first: row {row}). Code it "
            "as numbers, for example yes as 1 and no as 0."
        ) from None


def _no_text(x: Any) -> Any:
    if isinstance(x, str):
        raise TypeError
    return x


def _first_text(raw: Any) -> int:
    for i, x in enumerate(raw):
        if isinstance(x, str):
            return i
    return 0


def factorise(raw: Any, name: str, argument: str) -> tuple[Array, list[str]]:
    """Return codes and text labels: 1, 1.0 and "1" are one label; missing is an error."""
    values = raw.to_numpy() if isinstance(raw, pd.Series) else np.asarray(raw)
    if values.dtype.kind == "f":
        _check_complete(np.isnan(values), name, argument)
        if not (np.isfinite(values) & (values == np.round(values))).all():
            raise ValueError(
                f"{argument} must be labels: column {name!r} holds fractional or infinite numbers. "
                "Cut it into classes first."
            )
        values = values.astype(np.int64)
    codes, found = pd.factorize(values)
    _check_complete(codes < 0, name, argument)
    whole = found.dtype.kind in "iu"
    names = [str(x) for x in found.tolist()] if whole else [label_of(x) for x in found]
    if len(set(names)) < len(names):
        again, distinct = pd.factorize(np.array(names, dtype=object))
        codes, names = again[codes], [str(x) for x in distinct]
    return codes, names


def _check_complete(missing: Array, name: str, argument: str) -> None:
    if missing.any():
        raise ValueError(
            f"{argument} must be complete: column {name!r} is missing in {int(missing.sum()):,} of "
            f"{missing.size:,} rows (first: row {int(np.flatnonzero(missing)[0])}). Fill it with a "
            "category of its own, or drop these rows before weighting."
        )


def label_of(x: Any) -> str:
    """Return the text label of one value: whole numbers without a decimal point."""
    whole = isinstance(x, (float, np.floating)) and float(x).is_integer()
    return str(int(x)) if whole else str(x)
