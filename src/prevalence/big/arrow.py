"""Cells of parquet files by pyarrow: batch by batch, each added to the cells found before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..grammar import columns_of, three_valued
from .asked import NESTED, NUMBER, OTHER, TEXT, Asked

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Arrow"]

BATCH = 2**23  # numbers at once
MERGE = 2**25  # numbers of partial sums that wait to be added up


class Arrow:
    """Parquet files as pyarrow reads them, one batch after the other."""

    def __init__(self, files: Sequence[str]):
        import pyarrow.dataset as ds

        self.data = ds.dataset(list(files), format="parquet")

    def kinds(self) -> dict[str, str]:
        """Return what kind of values each column holds."""
        return {field.name: _kind(field.type) for field in self.data.schema}

    def _batches(self, names: Sequence[str], numbers: int) -> Any:
        """Return rows in batches, each row of as many numbers."""
        return self.data.to_batches(
            columns=list(names),
            batch_size=max(1, BATCH // max(numbers, 32)),
            batch_readahead=1,
            fragment_readahead=1,
            use_threads=False,
        )

    def cells(self, asked: Asked, most: int) -> pd.DataFrame:
        """Return sums by cell, at most one more than `most` of them."""
        import pyarrow as pa

        used = [c for text in asked.conditions.values() for c in columns_of(text)]
        names = [*asked.keys, *asked.amounts, asked.weights, *asked.replicates, *used]
        parts: list[pa.Table] = []
        waiting = place = 0
        width = len(asked.keys) + len(asked.sums)
        for batch in self._batches(list(dict.fromkeys(names)), width):
            if batch.num_rows == 0:
                continue
            parts.append(_added(_row_values(batch, asked, place)))
            place += batch.num_rows
            waiting += parts[-1].num_rows
            if waiting * width > MERGE:
                parts = [_added(pa.concat_tables(parts))]
                waiting = 0
                if parts[0].num_rows > most:
                    break
        frame: pd.DataFrame = _added(pa.concat_tables(parts)).to_pandas() if parts else _nothing()
        return frame.iloc[: most + 1].sort_values("first", ignore_index=True)

    def faults(self, name: str, tests: Mapping[str, str]) -> dict[str, int]:
        """Count the rows in which a column is missing, infinite or below 0."""
        out = dict.fromkeys(tests, 0)
        for batch in self._batches([name], 1):
            values = _float(batch.column(0))
            is_nan = np.isnan(values)
            found = {
                "given": is_nan,
                "finite": np.isinf(values),
                "positive": ~is_nan & (values < 0),
            }
            for test in out:
                out[test] += int(found[test].sum())
        return out


def _kind(kind: pa.DataType) -> str:
    import pyarrow.types as t

    if t.is_dictionary(kind):
        return _kind(kind.value_type)
    if t.is_nested(kind):
        return NESTED
    if t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind) or t.is_boolean(kind):
        return NUMBER
    return TEXT if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind) else OTHER


def _float(column: Any) -> Any:
    """Return a column as float64 with nan where missing."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _for_condition(column: Any) -> Any:
    if _kind(column.type) == NUMBER:
        return _float(column)
    return column.to_numpy(zero_copy_only=False).astype(object)


def _key(column: Any) -> Any:
    """Return a column as it is grouped: fractions with NaN as missing."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.array(_float(column), from_pandas=True)
    return column


def _row_values(batch: Any, asked: Asked, place: int) -> dict[str, Any]:
    """Return keys and addends of the rows of a batch, by name."""
    import pyarrow as pa

    out = {f"k{i}": _key(batch.column(name)) for i, name in enumerate(asked.keys)}
    weight = _float(batch.column(asked.weights))
    amounts = [_float(batch.column(name)) for name in asked.amounts]
    for i, a in enumerate(amounts):
        out[f"f{i}"] = np.isnan(a)
    for i, text in enumerate(asked.conditions.values()):
        seen = {c: _for_condition(batch.column(c)) for c in columns_of(text)}
        truth = three_valued(text, seen)
        answer = np.where(truth.must, 1.0, np.where(truth.may, np.nan, 0.0))
        out[f"q{i}"] = pa.array(answer, from_pandas=True)
    known = ~np.isnan(weight)
    w = np.where(known, weight, 0.0)
    out |= {
        "rows": np.ones(w.size, dtype=np.int64),
        "persons": (w > 0).astype(np.int64),
        "known": known.astype(np.int64),
        "total": w,
        "squares": w * w,
        "least": w,
        "first": place + np.arange(w.size),
    }
    told = [np.where(np.isnan(a), 0.0, a) for a in amounts]
    with np.errstate(invalid="ignore", over="ignore"):
        for i, a in enumerate(told):
            out[f"s{i}"] = w * a
            out[f"low{i}"] = out[f"high{i}"] = a
            out[f"fraction{i}"] = (~np.isin(a, (0.0, 1.0))).astype(np.int64)
        for i, j in asked.pairs:
            out[f"p{i}_{j}"] = w * told[i] * told[j]
        for r, name in enumerate(asked.replicates):
            weight = _float(batch.column(name))
            out[f"n{r}"] = (~np.isnan(weight)).astype(np.int64)
            out[f"r{r}"] = np.where(np.isnan(weight), 0.0, weight)
            for i, a in enumerate(told):
                out[f"s{i}_{r}"] = out[f"r{r}"] * a
    return out


def _added(rows: Any) -> pa.Table:
    """Add up rows of one cell: sums, but of the least, the first and the limits."""
    import pyarrow as pa

    table = rows if isinstance(rows, pa.Table) else pa.table(rows)
    keys = [name for name in table.column_names if name[0] in "kfq" and name[1:].isdigit()]
    asked = [(name, _how(name)) for name in table.column_names if name not in keys]
    found = table.group_by(keys, use_threads=False).aggregate(asked)
    return found.rename_columns([_plain(name) for name in found.column_names]).select(
        table.column_names
    )


def _how(name: str) -> str:
    if name in ("least", "first") or name.startswith("low"):
        return "min"
    return "max" if name.startswith("high") else "sum"


def _plain(name: str) -> str:
    for end in ("_sum", "_min", "_max"):
        name = name.removesuffix(end)
    return name


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"first": [], "rows": []})
