"""Cells of parquet files by DuckDB: one query, within a limit of memory, spilling to disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd

from .asked import NESTED, NUMBER, OTHER, TEXT, Asked
from .sql import compiled, quoted

__all__ = ["Duck"]

NUMBERS = ("INT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN", "REAL")
TEXTS = ("VARCHAR", "ENUM", "UUID")


class Duck:
    """Parquet files as DuckDB sees them."""

    def __init__(self, files: Sequence[str], memory: str, threads: int):
        self.files, self.memory, self.threads = list(files), memory, threads
        self.types = self._types()

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """Open a database in memory that touches nothing but these files and a folder to spill to."""
        import duckdb

        with tempfile.TemporaryDirectory() as folder:
            settings: dict[str, Any] = {
                "memory_limit": self.memory,
                "threads": self.threads,
                "temp_directory": folder,
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            }
            with duckdb.connect(":memory:", config=settings) as opened:
                opened.execute("SET enable_progress_bar = false")
                # A parquet file's limits leave NaN out; DuckDB 2.0 concludes from them that isnan is
                # false everywhere.
                opened.execute("SET disabled_optimizers = 'statistics_propagation'")
                yield opened

    def _types(self) -> dict[str, str]:
        with self._opened() as opened:
            text = f"DESCRIBE SELECT * FROM {_FILES}"  # noqa: S608 - a fixed text
            rows = opened.execute(text, {"files": self.files})
            return {str(name): str(kind) for name, kind, *_ in rows.fetchall()}

    def kinds(self) -> dict[str, str]:
        """Return what kind of values each column holds."""
        return {name: _kind(kind) for name, kind in self.types.items()}

    def cells(self, asked: Asked, most: int) -> pd.DataFrame:
        """Return sums by cell, at most one more than `most` of them."""
        bound: dict[str, Any] = {}
        inner = self._columns(asked, bound)
        sums = _sums(asked)
        keys = [name for name in inner if name[0] in "kfq"]
        chosen = ", ".join(f"{made} AS {name}" for name, made in inner.items())
        outer = ", ".join([*keys, *(f"{made} AS {name}" for name, made in sums.items())])
        grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
        place, files = "file_row_number", _FILES
        if len(self.files) > 1:
            place = f"(list_position($files, filename) * {2**40} + file_row_number)"
            files = files.replace(")", ", filename = true)")
        text = f"SELECT {outer} FROM (SELECT {chosen}, {place} AS place FROM {files}){grouped}"  # noqa: S608
        with self._opened() as opened:
            found = opened.execute(f"{text} LIMIT {most + 1}", {**bound, "files": self.files})
            frame: pd.DataFrame = found.df()
        return frame.sort_values("first", ignore_index=True)

    def faults(self, name: str, tests: Mapping[str, str]) -> dict[str, int]:
        """Count the rows in which a column is missing, infinite or below 0."""
        column = f"CAST({quoted(name)} AS DOUBLE)"
        parts = ", ".join(
            f"count(*) FILTER (WHERE {test.format(x=column)})" for test in tests.values()
        )
        with self._opened() as opened:
            text = f"SELECT {parts} FROM {_FILES}"  # noqa: S608 - a quoted name and fixed tests
            (counts,) = opened.execute(text, {"files": self.files}).fetchall()
        return dict(zip(tests, map(int, counts), strict=True))

    def _columns(self, asked: Asked, bound: dict[str, Any]) -> dict[str, str]:
        """Return what is taken of a row, by its name in the query."""
        out = {f"k{i}": self._key(name) for i, name in enumerate(asked.keys)}
        for i, name in enumerate(asked.amounts):
            column = self._number(name)
            out[f"f{i}"], out[f"a{i}"] = f"({column} IS NULL)", column
        for i, text in enumerate(asked.conditions.values()):
            out[f"q{i}"] = f"CAST({compiled(text, self._key, bound)} AS DOUBLE)"
        out["weight"] = f"CAST({quoted(asked.weights)} AS DOUBLE)"
        out |= {f"r{i}": f"CAST({quoted(n)} AS DOUBLE)" for i, n in enumerate(asked.replicates)}
        return out

    def _key(self, name: str) -> str:
        """Return a column as it is compared and grouped: fractions with NaN as missing."""
        kind = self.types[name]
        if kind in ("FLOAT", "DOUBLE", "REAL") or kind.startswith("DECIMAL"):
            return self._number(name)
        return quoted(name) if not kind.startswith("ENUM") else f"CAST({quoted(name)} AS VARCHAR)"

    def _number(self, name: str) -> str:
        column = f"CAST({quoted(name)} AS DOUBLE)"
        fraction = self.types[name] in ("FLOAT", "DOUBLE", "REAL")
        return f"CASE WHEN isnan({column}) THEN NULL ELSE {column} END" if fraction else column


_FILES = "read_parquet($files, file_row_number = true, hive_partitioning = false)"


def _kind(name: str) -> str:
    if any(mark in name for mark in ("[", "STRUCT", "MAP", "LIST", "UNION")):
        return NESTED
    if any(mark in name for mark in NUMBERS) and "INTERVAL" not in name:
        return NUMBER
    return TEXT if name.startswith(TEXTS) else OTHER


def _sums(asked: Asked) -> dict[str, str]:
    """Return the sums of a cell by name."""
    out = {
        "rows": "count(*)",
        "persons": "count(*) FILTER (WHERE weight > 0)",
        "known": "count(weight)",
        "total": "sum(weight)",
        "squares": "sum(weight * weight)",
        "least": "min(weight)",
        "first": "min(place)",
    }
    for i in range(len(asked.amounts)):
        out[f"s{i}"] = f"sum(weight * a{i})"
        out[f"low{i}"], out[f"high{i}"] = f"min(a{i})", f"max(a{i})"
        out[f"fraction{i}"] = f"count(*) FILTER (WHERE a{i} NOT IN (0, 1))"
        for r in range(len(asked.replicates)):
            out[f"s{i}_{r}"] = f"sum(r{r} * a{i})"
    for i, j in asked.pairs:
        out[f"p{i}_{j}"] = f"sum(weight * a{i} * a{j})"
    for r in range(len(asked.replicates)):
        out[f"r{r}"], out[f"n{r}"] = f"sum(r{r})", f"count(r{r})"
    return out
