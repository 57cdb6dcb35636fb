"""From sums by cell to a `Survey` whose rows are the cells of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..design import digest
from ..errors import note, one_of, shown, whole
from ..frames import Table, names_of
from ..merged import Merged
from .asked import Asked, files_of, numbered
from .shared import at_limits

if TYPE_CHECKING:
    from ..survey import Survey
    from .arrow import Arrow
    from .duck import Duck

__all__ = ["Reader", "from_parquet"]

Array = NDArray[Any]
TESTS = {
    "given": "{x} IS NULL OR isnan({x})",
    "finite": "isinf({x})",
    "positive": "{x} < 0",
}
REMEDIES = {
    "given": "Fill them in when the file is written.",
    "finite": "Correct them.",
    "positive": "Drop or correct them.",
}


@dataclass(frozen=True)
class Reader:
    """What reads a file, within which memory, by how many threads and into how many cells."""

    engine: str
    memory: str
    threads: int
    most: int

    def opened(self, files: list[str]) -> Arrow | Duck:
        """Open files by DuckDB, or by pyarrow where that is not installed."""
        one_of("engine", self.engine, ["auto", "duckdb", "pyarrow"])
        threads = whole("threads", self.threads, 1, "Write threads=1.")
        if not re.fullmatch(r"[0-9.]+ ?[KMGT]i?B", str(self.memory)):
            raise ValueError(
                f"memory must be a size: found {shown(self.memory)}. Write for example '2GB'."
            )
        if self.engine == "duckdb" or (self.engine == "auto" and find_spec("duckdb")):
            from .duck import Duck

            return Duck(files, self.memory, threads)
        from .arrow import Arrow

        return Arrow(files)


def from_parquet(
    path: Any,
    *,
    weights: str,
    columns: str | Sequence[str],
    amounts: str | Sequence[str],
    conditions: Mapping[str, str] | None,
    replicates: str | Sequence[str],
    reader: Reader,
    design: Mapping[str, Any],
) -> Survey:
    """Return the survey whose rows are the cells of parquet files; see `Survey.from_parquet`."""
    source = reader.opened(files_of(path))
    kinds = source.kinds()
    asked = Asked(
        weights=names_of("weights", weights)[0],
        design=_design_columns(design),
        columns=tuple(names_of("columns", columns)),
        conditions=dict(conditions or {}),
        amounts=tuple(names_of("amounts", amounts)),
        replicates=numbered(replicates, "replicates", list(kinds)),
    )
    asked.check(kinds)
    _check_units(asked, design)
    most = whole("most", reader.most, 1, "Write most=5_000_000.")
    frame = source.cells(asked, most)
    if not int(frame["rows"].sum()):
        raise ValueError("path must hold rows: found zero rows. Check how the file was written.")
    _check_sums(source, asked, frame)
    if len(frame) > most:
        raise ValueError(
            f"columns must merge the rows into at most {most:,} cells: found more. Keep fewer columns "
            "or coarser ones, turn numbers into conditions, or raise most=."
        )
    return _survey(asked, frame, design)


def _design_columns(design: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that declare the design: strata, units of all stages and fractions."""
    out: list[str] = []
    for argument in ("strata", "psu", "stages", "fpc"):
        given = design.get(argument)
        out += [] if given is None else names_of(argument, given)
    return tuple(dict.fromkeys(out))


def _check_units(asked: Asked, design: Mapping[str, Any]) -> None:
    if not asked.replicates and not design.get("psu") and not design.get("stages"):
        raise ValueError(
            "psu must name the primary units, whose totals tell the variance: found none, and no "
            "replicate weights. Name psu=, stages= or replicates=."
        )
    if "joint" in design:
        raise ValueError(
            "joint must not be given: joint probabilities are of rows in memory. Choose pps='brewer'."
        )


# ---------------------------------------------------------------------- checks
def _check_sums(source: Arrow | Duck, asked: Asked, frame: pd.DataFrame) -> None:
    """Refuse missing, infinite and negative numbers, which the sums tell, with their count."""
    rows = int(frame["rows"].sum())
    for name in asked.design:
        k = asked.keys.index(name)
        gone = int(frame.loc[frame[f"k{k}"].isna(), "rows"].sum())
        if gone:
            raise ValueError(
                f"the design must be known for every row: column {name!r} is missing in {gone:,} of "
                f"{rows:,} rows. Fill it in when the file is written."
            )
    total = frame["total"].to_numpy(dtype=float, na_value=np.nan)
    least = frame["least"].to_numpy(dtype=float, na_value=np.nan)
    if int(frame["known"].sum()) < rows or not np.isfinite(total).all() or least.min() < 0:
        _refuse_numbers(source, "weights", asked.weights, rows, tuple(TESTS))
    if not total.any():
        raise ValueError(
            f"weights must not all be zero: they are in all {rows:,} rows of the file. Name their column."
        )
    for i, name in enumerate(asked.amounts):
        limits = frame[[f"low{i}", f"high{i}"]].to_numpy(dtype=float, na_value=np.nan)
        if np.isinf(limits).any():
            _refuse_numbers(source, "amounts", name, rows, ("finite",))
        known = ~frame[f"f{i}"].to_numpy(dtype=bool)
        if known.any() and not frame.loc[known, f"fraction{i}"].any():
            raise ValueError(
                f"amounts must be of more values than 0 and 1: {name!r} has none. Name it in columns=, "
                "which counts its cases."
            )
    for r, name in enumerate(asked.replicates):
        sums = frame[f"r{r}"].to_numpy(dtype=float, na_value=np.nan)
        if int(frame[f"n{r}"].sum()) < rows or not np.isfinite(sums).all():
            _refuse_numbers(source, "replicates", name, rows, ("given", "finite"))
    _check_range(frame)


def _refuse_numbers(
    source: Arrow | Duck, argument: str, name: str, rows: int, tests: Sequence[str]
) -> None:
    for rule, count in source.faults(name, {test: TESTS[test] for test in tests}).items():
        if count:
            verb = "is" if count == 1 else "are"
            raise ValueError(
                f"{argument} must be {rule}: {count:,} of {rows:,} rows {verb} not (column {name!r} of "
                f"the file). {REMEDIES[rule]}"
            )


def _check_range(frame: pd.DataFrame) -> None:
    squares = frame["squares"].to_numpy(dtype=float, na_value=np.nan)
    total = frame["total"].to_numpy(dtype=float)
    bad = ~np.isfinite(squares) | ((total > 0) & (squares <= 0))
    if bad.any():
        raise ValueError(
            f"weights must have squares within floating point: {int(bad.sum()):,} of {bad.size:,} "
            "cells have none. Divide all weights by one number when the file is written."
        )


# ---------------------------------------------------------------------- the survey
def _survey(asked: Asked, frame: pd.DataFrame, design: Mapping[str, Any]) -> Survey:
    from ..survey import Survey

    total = frame["total"].to_numpy(dtype=float)
    kept: dict[str, Any] = {name: frame[f"k{i}"] for i, name in enumerate(asked.keys)}
    kept |= {name: frame[f"q{i}"] for i, name in enumerate(asked.conditions)}
    means, within = _amounts(asked, frame, total)
    with np.errstate(divide="ignore", invalid="ignore"):
        inequality = np.where(total > 0, frame["squares"].to_numpy(dtype=float) / total**2, 0.0)
    columns = {**kept, **means}
    columns |= {
        name: frame[f"r{r}"].to_numpy(dtype=float) for r, name in enumerate(asked.replicates)
    }
    rows = int(frame["rows"].sum())
    merged = Merged(rows, frame["persons"].to_numpy(dtype=float), inequality, within)
    columns[asked.weights] = total
    if asked.amounts and asked.replicates:
        columns, merged = at_limits(asked, frame, columns, merged)
    table = Table(columns, columns[asked.weights].size, averaged=frozenset(asked.amounts))
    given = {"source": _source(asked, frame), **design}
    survey = Survey(table, **given)
    zero = rows - int(frame["persons"].sum())
    said = list(survey.notes)
    if zero:
        note(
            said,
            f"weights are zero in {zero:,} of {rows:,} rows: they keep their place in the design and "
            "enter no estimate. Give a weight to those that stand for somebody.",
        )
    return survey._replace(
        base=columns[asked.weights], weights=asked.weights, merged=merged, notes=tuple(said)
    )


def _amounts(
    asked: Asked, frame: pd.DataFrame, total: Array
) -> tuple[dict[str, Array], dict[tuple[str, str], Array]]:
    """Return weighted means by cell (nan where missing), and their covariances within cells."""
    means: dict[str, Array] = {}
    within: dict[tuple[str, str], Array] = {}
    some = np.where(total > 0, total, 1.0)
    for i, name in enumerate(asked.amounts):
        gone = frame[f"f{i}"].to_numpy(dtype=bool)
        sums = frame[f"s{i}"].to_numpy(dtype=float, na_value=np.nan)
        means[name] = np.where(gone, np.nan, sums / some)
    for i, j in asked.pairs:
        one, two = asked.amounts[i], asked.amounts[j]
        products = frame[f"p{i}_{j}"].to_numpy(dtype=float, na_value=np.nan) / some
        found = products - means[one] * means[two]
        within[one, two] = np.where(np.isfinite(found), found, 0.0)
    return means, within


def _source(asked: Asked, frame: pd.DataFrame) -> str:
    """Return the name of a design: the same however the rows of a file are merged."""
    keys = [f"k{asked.keys.index(name)}" for name in asked.design]
    if keys:
        table = frame.groupby(keys, sort=False)["rows"].sum().reset_index()
    else:
        table = pd.DataFrame({"rows": [frame["rows"].sum()]})
    hashes = pd.util.hash_pandas_object(table.astype(str), index=False)
    return f"file:{digest(hashes.to_numpy())}"
