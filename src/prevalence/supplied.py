"""Replicate weights that came with the data: read, checked, and kept as factors of the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import check_rows, nearest, number, warn
from .frames import Table
from .replication import Replicates, rank

__all__: list[str] = []

Array = NDArray[np.float64]
CHUNK = 2_048  # rows turned from columns at once
FAR = 3.0  # a replicate's weights add up to within this factor of the base weights


def supplied(
    table: Table,
    base: Array,
    source: str,
    columns: str | Sequence[str],
    *,
    scale: float,
    rscales: float | Sequence[float] | None,
    combined: bool,
    mse: bool,
    df: float | None,
) -> Replicates:
    """Return the replicates that columns of a table hold, with one coefficient each."""
    names = _names(table, columns)
    coefficients = _coefficients(scale, rscales, len(names))
    given = [table.numeric(name, "columns") for name in names]
    _check_values(names, given, base if combined else np.ones(base.size))
    _check_kind(given, base, combined)
    factors = _factors(given, base, combined)
    mark = int(
        sum(int(c.view(np.uint64).sum(dtype=np.uint64)) * (r + 1) for r, c in enumerate(given))
    )
    free = rank(factors, np.flatnonzero(base != 0)) - 1.0 if df is None else number("df", df)
    if not (np.isfinite(free) and free > 0):
        raise ValueError(
            f"df must be a positive number: found {free:g}. Give the degrees of freedom that the "
            "documentation of the replicate weights states."
        )
    even = bool((coefficients == coefficients[0]).all())
    return Replicates(
        factors,
        coefficients,
        source,
        f"given replicates R={len(names)} draw={mark % 2**64:016x} mse={mse}",
        (),
        mse,
        "row",
        independent=even and 0.5 < coefficients.sum() < 1.5,
        df=free,
    )


def _names(table: Table, columns: str | Sequence[str]) -> list[str]:
    """Return the columns named, or those of a prefix in the order of their numbers."""
    if not isinstance(columns, str):
        names = list(columns)
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError(
                f"columns must name two or more different columns: found {len(names)}, "
                f"{len(set(names))} of them different. Name each replicate weight once."
            )
        return names
    pattern = re.compile(re.escape(columns) + r"(\d+)")
    found = {int(m[1]): name for name in table.names if (m := pattern.fullmatch(name))}
    if len(found) < 2:
        raise KeyError(
            f"columns must be a list of columns, or a prefix such as 'rep' of rep1, rep2, ...: "
            f"{columns!r} begins {len(found)} numbered columns.{nearest(columns + '1', table.names)}"
        )
    order = sorted(found)
    gaps = sorted(set(range(order[0], order[-1] + 1)) - set(order))
    if gaps:
        raise KeyError(
            f"columns must be numbered without gaps: {len(gaps):,} are not in the data (first: "
            f"{columns}{gaps[0]}). Name the columns in a list if they are not wanted."
        )
    return [found[k] for k in order]


def _coefficients(scale: float, rscales: float | Sequence[float] | None, count: int) -> Array:
    overall = number("scale", scale)
    if not (np.isfinite(overall) and overall > 0):
        raise ValueError(
            f"scale must be a positive number: found {overall:g}. The documentation of the weights "
            "states it: 1/R for a bootstrap or BRR, (R-1)/R for JK1, 1 with rscales for JKn."
        )
    each = np.ones(1) if rscales is None else np.asarray(rscales, dtype=float).reshape(-1)
    if each.size not in (1, count):
        raise ValueError(
            f"rscales must hold one number per replicate: found {each.size:,} for {count:,} columns. "
            "Give as many, in the order of the columns."
        )
    bad = ~(np.isfinite(each) & (each >= 0))
    check_rows("rscales", "finite and not negative", each, bad, "Correct them.")
    return np.broadcast_to(overall * each, count).copy()


def _check_values(names: list[str], given: list[Array], base: Array) -> None:
    """Refuse missing and infinite values, and weight where the base weight is zero."""
    below, columns_below = 0, []
    for name, column in zip(names, given, strict=True):
        if not np.isfinite(column.sum()):
            bad = np.isnan(column)
            remedy = "Fill it in (0 where a replicate leaves the row out), or drop these rows."
            check_rows(f"replicate weight {name!r}", "given", column, bad, remedy)
            check_rows(
                f"replicate weight {name!r}", "finite", column, np.isinf(column), "Correct it."
            )
        if column.min() < 0:
            below += int((column < 0).sum())
            columns_below.append(name)
        lost = (base == 0) & (column != 0)
        if lost.any():
            remedy = "Give the weight that belongs to these rows, or drop them."
            check_rows(
                f"replicate weight {name!r}", "0 where the weight is 0", column, lost, remedy
            )
    if below:
        warn(
            f"{below:,} replicate weights are negative, in {len(columns_below):,} of {len(names):,} "
            f"columns (first: {columns_below[0]!r}). Calibrated replicates may be; where yours should "
            "not be, check the columns."
        )


def _check_kind(given: list[Array], base: Array, combined: bool) -> None:
    """Refuse weights given as factors and factors given as weights, as their sums tell them."""
    total = float(base.sum())
    mean = float(np.mean([column.sum() if combined else column @ base for column in given]))
    if total / FAR < mean < total * FAR:
        return
    what = "weights" if combined else "factors times weights"
    other = "factors" if combined else "final weights"
    raise ValueError(
        f"replicate {what} must add up to about the sum of the weights, {total:,.6g}: the "
        f"{len(given):,} columns add up to {mean:,.6g} on average. If the columns are {other}, pass "
        f"combined={not combined}; else name the weights that they belong to."
    )


def _factors(given: list[Array], base: Array, combined: bool) -> Array:
    """Return one table (rows, replicates), the rows' factors to multiply the base weight."""
    out = np.empty((base.size, len(given)))
    with np.errstate(divide="ignore"):
        inverse = np.where(base != 0, 1 / base, 0.0) if combined else np.ones(base.size)
    for start in range(0, base.size, CHUNK):
        rows = slice(start, start + CHUNK)
        np.stack([column[rows] for column in given], axis=1, out=out[rows])
        if combined:
            out[rows] *= inverse[rows, None]
    return out
