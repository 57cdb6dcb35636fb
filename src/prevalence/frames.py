"""Any frame in, once: pandas, polars, pyarrow or a mapping, read by column into NumPy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast
from unicodedata import normalize

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .design import digest
from .errors import nearest, no_column, warn
from .grammar import columns_of, condition
from .microdata import Microdata

__all__ = ["Table", "names_of", "read"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length by name; never changed."""

    columns: Mapping[str, Any]
    n: int
    kept: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    above: frozenset[str] = frozenset()  # columns of the rows that these were attached to
    averaged: frozenset[str] = frozenset()  # columns of means, where rows are cells of a file

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)

    def raw(self, name: str, argument: str, *, linear: bool = False) -> Any:
        """Return a column as it came, or say which name was meant.

        `linear` tells that its values are only added up, for which the means of cells do.
        """
        if not isinstance(name, str):
            raise TypeError(
                f"{argument} must be the name of a column: found {type(name).__name__}. "
                "Put the values into a column of the data and name it."
            )
        if name not in self.columns:
            hint = nearest(name, self.columns)
            if name in self.above:
                hint = " The rows attached to have it: merge it into the table before attach."
            raise no_column(argument, name, hint)
        if name in self.averaged and not linear:
            raise ValueError(
                f"{argument} must be a column whose values are kept: {name!r} was read as an amount, "
                "for totals, means and ratios. Name it in columns= of Survey.from_parquet, or a "
                "condition on it in conditions=."
            )
        return self.columns[name]

    def digest(self) -> str:
        """Return a name for what the rows hold, whatever their order."""
        hashes = []
        for name in sorted(self.columns):
            column = np.asarray(self.columns[name])
            labels = column if column.dtype.kind in "biuf" else column.astype(str).astype(object)
            hashes.append(pd.util.hash_array(np.ascontiguousarray(labels), categorize=False))
        return digest(*hashes)

    def numeric(self, name: str, argument: str, *, linear: bool = False) -> Array:
        """Return a column as float64, nan where missing; converted once."""
        raw = self.raw(name, argument, linear=linear)
        if ("number", name) not in self.kept:
            self.kept["number", name] = as_float(raw, name, argument)
        return np.asarray(self.kept["number", name])

    def is_finite(self, name: str, argument: str, *, linear: bool = False) -> bool:
        """Tell whether a column is complete and without infinities; looked at once."""
        values = self.numeric(name, argument, linear=linear)
        if ("finite", name) not in self.kept:
            self.kept["finite", name] = bool(np.isfinite(values.sum()))
        return bool(self.kept["finite", name])

    def factor(self, name: str, argument: str) -> tuple[Array, list[str]]:
        """Return codes of a complete column and its labels, in order of appearance."""
        return factorise(self.raw(name, argument), name, argument)

    def similar(self, name: str, argument: str, labels: list[str] | None = None) -> str | None:
        """Warn of labels that differ only in case or spaces, once, and return the words."""
        if ("similar", name) not in self.kept:
            labels = self._sorted(name, argument)[1] if labels is None else labels
            number = (
                getattr(getattr(self.raw(name, argument), "dtype", None), "kind", "O") in "biuf"
            )
            text = None if number else similar_labels(labels)
            if text:
                text = (
                    f"{argument} should spell each label one way: in {name!r} {text}. They count "
                    "as different; recode the column if they are one."
                )
                warn(text)
            self.kept["similar", name] = text
        return cast("str | None", self.kept["similar", name])

    def unused(self, name: str, argument: str) -> str | None:
        """Warn of declared categories without rows, once, and return the words."""
        if ("unused", name) not in self.kept:
            declared = _categories(self.raw(name, argument)) or []
            present = set(self._sorted(name, argument)[1])
            absent = [label for label in map(label_of, declared) if label not in present]
            text = None
            if absent:
                text = (
                    f"{argument} leaves out categories without rows: {len(absent):,} of "
                    f"{len(declared):,} in {name!r} (first: {absent[0]!r}). Nothing is said of them."
                )
                warn(text)
            self.kept["unused", name] = text
        return cast("str | None", self.kept["unused", name])

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
            self.similar(name, argument)
            code = code * len(found) + this if levels else this
            levels.append(found)
        if len(levels) == 1:
            return code, [(label,) for label in levels[0]]
        used, out = distinct(code, math.prod(len(found) for found in levels))
        return out, [_crossed(int(k), levels) for k in used]

    def _sorted(self, name: str, argument: str) -> tuple[Array, list[str]]:
        """Return codes of a complete column and its labels, sorted; coded once."""
        raw = self.raw(name, argument)
        if ("codes", name) not in self.kept:
            made = _whole_numbers(raw) or _ordered(raw, *factorise(raw, name, argument))
            self.kept["codes", name] = made
        codes, found = self.kept["codes", name]
        return codes, list(found)

    def meets(self, where: str, w: Array, copies: Array | None = None) -> Array:
        """Return which rows meet a condition; its columns must be known where w is not zero.

        `copies` are the persons that each row stands for, where rows are cells of a file.
        """
        each = np.ones(self.n) if copies is None else copies
        columns = {c: self._for_condition(c) for c in columns_of(where)}
        for name, column in columns.items():
            gone = (column != column) & (w != 0)  # noqa: PLR0124 - nan differs from itself
            if gone.any():
                first = f" (first: row {int(np.flatnonzero(gone)[0])})" if copies is None else ""
                raise ValueError(
                    f"where must be known for every row: {name!r} is missing in "
                    f"{int(each[gone].sum()):,} of {int(each.sum()):,} rows{first}. Code missing as "
                    "a value of its own, or make a column of 0 and 1."
                )
        inside = np.asarray(condition(where, columns))
        if not (inside & (w != 0)).any():
            met, rows = int(each[inside].sum()), int(each.sum())
            found = f"{met:,} of {rows:,} meet {where!r} and they have no weight"
            raise ValueError(
                "where must leave rows with weight: "
                f"{found if met else f'none of {rows:,} meets {where!r}'}. Check the condition."
            )
        return inside

    def _for_condition(self, name: str) -> Array:
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
    used, codes = distinct(codes, high - low + 1)
    return codes, [str(k + low) for k in used.tolist()]


def distinct(codes: Array, size: int) -> tuple[Array, Array]:
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
    wanted = _categories(raw)
    if wanted is not None:
        place = {label_of(x): i for i, x in enumerate(wanted)}
        order = sorted(range(len(names)), key=lambda i: place.get(names[i], len(place)))
    else:
        order = sorted(range(len(names)), key=lambda i: _natural(names[i]))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes], [names[i] for i in order]


def _categories(raw: Any) -> list[Any] | None:
    """Return the declared categories of a column, in their order, or None."""
    found: Any = getattr(getattr(raw, "dtype", None), "categories", None)
    return list(found.to_list()) if hasattr(found, "to_list") else None


def _natural(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def names_of(argument: str, names: str | Iterable[str]) -> list[str]:
    """Return the names of one column or several as a list, each of them once."""
    found: Any = names
    one = (
        not isinstance(found, Iterable)
        or isinstance(found, (str, pd.Series, pd.DataFrame, Mapping))
        or getattr(found, "ndim", 1) == 0
    )
    out: list[Any] = [found] if one else list(found)
    wrong = [name for name in out if not isinstance(name, str)]
    if wrong:
        raise TypeError(
            f"{argument} must be the name of a column, or a list of names: found "
            f"{type(wrong[0]).__name__}. Put the values into a column of the data and name it."
        )
    twice = [name for name in out if out.count(name) > 1]
    if twice:
        raise ValueError(
            f"{argument} must name each column once: {twice[0]!r} stands {out.count(twice[0])} "
            "times. Leave one."
        )
    return out


def read(data: Any, argument: str = "data") -> Table:
    """Read any supported frame."""
    if isinstance(data, Table):
        return data
    if isinstance(data, Microdata):
        data = data.data
    if isinstance(data, Mapping):
        _check_names(list(data), argument)
        columns = {str(name): _one_dimension(column, str(name)) for name, column in data.items()}
    else:
        import narwhals.stable.v2 as nw

        if hasattr(data, "collect"):
            raise TypeError(
                f"{argument} must be a table in memory: found {type(data).__name__}. Collect it "
                "with .collect()."
            )
        names = getattr(data, "column_names", None)  # pyarrow's; its `columns` are the values
        _check_names(list(getattr(data, "columns", ()) if names is None else names), argument)
        try:
            frame = nw.from_native(data, eager_only=True)
        except TypeError:
            raise TypeError(
                f"{argument} must be a pandas, polars or pyarrow table, or a mapping of names to "
                f"columns: found {type(data).__name__}. Convert it, for example with "
                "pandas.DataFrame(...)."
            ) from None
        columns = {str(name): _native(frame.get_column(name), nw.Enum) for name in frame.columns}
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
    """Refuse columns of one name; numbers as names count as their text."""
    text = [str(name) for name in names]
    repeated = [name for name in text if text.count(name) > 1] if len(set(text)) < len(text) else []
    if repeated:
        raise ValueError(
            f"{argument} must have columns of different names: {repeated[0]!r} stands "
            f"{text.count(repeated[0])} times. Rename one."
        )


def _native(column: Any, enum: type) -> Any:
    """Return a column of a frame as a pandas Series or an array of one dimension."""
    native = column.to_native()
    if isinstance(native, pd.Series):
        return native
    if column.dtype == enum:
        categories = column.cat.get_categories().to_list()
        return pd.Series(pd.Categorical(column.to_list(), categories=categories))
    array = column.to_numpy()
    if array.ndim != 1 or array.dtype.kind == "V":  # refused when it is used, not before
        array = np.empty(len(column), dtype=object)
        array[:] = column.to_list()
    return array


def _one_dimension(column: Any, name: str) -> Any:
    """Return a column of a mapping as a copy, which later changes of the caller's do not reach."""
    if isinstance(column, pd.Series):
        return column.copy(deep=False)
    if isinstance(column, (pd.Index, pd.api.extensions.ExtensionArray)):
        return pd.Series(column).copy()
    if isinstance(column, np.ma.MaskedArray):
        masked: Any = column.astype(object)
        column = masked.filled(None)
    try:
        array = np.array(column)
    except ValueError:
        array = None
    if array is None or array.ndim != 1:
        found = "rows of several lengths" if array is None else f"shape {array.shape}"
        raise ValueError(
            f"column {name!r} must be one-dimensional: found {found}. Give one value for each row."
        )
    return array


def as_float(raw: Any, name: str, argument: str) -> Array:
    """Convert a column to float64, merging every kind of missing into nan."""
    dtype = getattr(raw, "dtype", None)
    kind = getattr(dtype, "kind", "O")
    if kind in "mMcV":
        raise _no_numbers(name, argument, str(dtype))
    if isinstance(raw, pd.Series):
        if raw.dtype == np.float64:
            return np.asarray(raw.to_numpy())
        if kind in "biuf" and not isinstance(raw.dtype, pd.CategoricalDtype):
            return np.asarray(raw.to_numpy(dtype=float, na_value=np.nan))
        raw, kind = (
            raw.to_numpy(dtype=object),
            "O",
        )  # text is text, also where it looks like a number
    if kind in "US":
        raise _no_numbers(name, argument, "text", 0)
    if kind != "O":
        return np.asarray(raw, dtype=float)
    return np.array([_number(x, i, name, argument) for i, x in enumerate(raw)], dtype=float)


def _number(x: Any, row: int, name: str, argument: str) -> float:
    """Return one value of a column of objects."""
    if x is None or x is pd.NA or x is pd.NaT:
        return np.nan
    try:
        if not isinstance(x, (str, bytes, np.ndarray, complex, np.complexfloating)):
            return float(x)
    except OverflowError:
        raise ValueError(
            f"{argument} must be within the range of floating-point numbers: column {name!r} is not "
            f"(first: row {row}). Correct it, or change its unit."
        ) from None
    except (TypeError, ValueError):
        pass
    what = "text" if isinstance(x, (str, bytes)) else type(x).__name__
    comma = isinstance(x, str) and re.fullmatch(r"\s*-?\d+,\d+\s*", x)
    raise _no_numbers(name, argument, "decimal commas" if comma else what, row)


def _no_numbers(name: str, argument: str, found: str, row: int | None = None) -> TypeError:
    """Return the error of a column that holds no numbers."""
    remedy = "Compute a number from it beforehand."
    if found == "text":
        remedy = "Code it as numbers, for example yes as 1 and no as 0."
        if argument == "outcome":
            remedy += " For the shares of its categories use direct.proportions."
    if found == "decimal commas":
        remedy = "Read the file with decimal=',', as in pandas.read_csv(..., decimal=',')."
    first = "" if row is None else f" (first: row {row})"
    return TypeError(f"{argument} must be numbers: column {name!r} holds {found}{first}. {remedy}")


def factorise(raw: Any, name: str, argument: str) -> tuple[Array, list[str]]:
    """Return codes and text labels: 1, 1.0 and "1" are one label; missing is an error."""
    values = raw.to_numpy() if isinstance(raw, pd.Series) else np.asarray(raw)
    if values.dtype.kind == "f":
        _check_complete(np.isnan(values), name, argument)
        if not (np.isfinite(values) & (values == np.round(values))).all():
            raise _fractional(name, argument)
        if (np.abs(values) < 2**53).all():
            values = values.astype(np.int64)
    elif not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    try:
        codes, found = pd.factorize(values)
    except TypeError:
        raise TypeError(
            f"{argument} must be labels: column {name!r} holds lists. Split it into columns."
        ) from None
    _check_complete(codes < 0, name, argument)
    if found.dtype.kind == "O" and any(_is_fraction(x) for x in found):
        raise _fractional(name, argument)
    whole = found.dtype.kind in "iu"
    names = [str(x) for x in found.tolist()] if whole else [label_of(x) for x in found]
    if len(set(names)) < len(names):
        again, distinct = pd.factorize(np.array(names, dtype=object))
        codes, names = again[codes], [str(x) for x in distinct]
    return codes, names


def _is_fraction(x: Any) -> bool:
    return isinstance(x, (float, np.floating, Decimal)) and (not math.isfinite(x) or x != int(x))


def _fractional(name: str, argument: str) -> ValueError:
    return ValueError(
        f"{argument} must be labels: column {name!r} holds fractional or infinite numbers. "
        "Cut it into classes first."
    )


def similar_labels(labels: list[str]) -> str | None:
    """Return words on labels that are the same but for case, spaces and forms of letters."""
    seen: dict[str, str] = {}
    pairs = []
    for label in labels:
        key = " ".join((label if label.isascii() else normalize("NFKC", label)).split()).casefold()
        if seen.setdefault(key, label) != label:
            pairs.append((seen[key], label))
    if not pairs:
        return None
    one, two = pairs[0]
    more = f", and {len(pairs) - 1:,} more" if len(pairs) > 1 else ""
    return f"{one!r} and {two!r} differ only in case, spaces or forms of letters{more}"


def _check_complete(missing: Array, name: str, argument: str) -> None:
    if missing.any():
        raise ValueError(
            f"{argument} must be complete: column {name!r} is missing in {int(missing.sum()):,} of "
            f"{missing.size:,} rows (first: row {int(np.flatnonzero(missing)[0])}). Fill it with a "
            "category of its own, or drop these rows before weighting."
        )


def category(key: Any) -> tuple[str, ...]:
    """Return the labels of one category, or of a tuple of crossed ones, as text."""
    return tuple(label_of(part) for part in (key if isinstance(key, tuple) else (key,)))


def label_of(x: Any) -> str:
    """Return the text label of one value: whole numbers without a decimal point."""
    if isinstance(x, bytes):
        return x.decode(errors="replace")
    whole = isinstance(x, (float, np.floating, Decimal)) and math.isfinite(x) and x == int(x)
    return str(int(x)) if whole else str(x)
