"""Base weights from the record of a selection: one factor for each thing that was done."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import check_rows
from .frames import Table
from .stages import group_range

__all__ = ["BASE", "area_factors", "product", "venue_factors", "with_weights"]

Array = NDArray[Any]
Factors = tuple[tuple[str, Array], ...]
BASE = "base weight from the selection"


def area_factors(
    table: Table,
    ea_probability: str,
    segments: str | None,
    listed: str | None,
    selected: str | None,
    area: tuple[str | None, str | None],
) -> Factors:
    """Return 1 / probability of the area, the segments, and listed / selected households."""
    inclusion = _probability(table, ea_probability, "ea_probability")
    out = [("1 / probability of the area", 1 / inclusion)]
    columns = {"ea_probability": inclusion}
    if segments is not None:
        found = _count(table, segments, "segments")
        out.append(("segments", found))
        columns["segments"] = found
    ratio = _ratio(table, (listed, "listed"), (selected, "selected"))
    if ratio is not None:
        out.append(("listed / selected", ratio[0] / ratio[1]))
        columns |= {"listed": ratio[0], "selected": ratio[1]}
    _check_constant(table, columns, area)
    return tuple(out)


def venue_factors(
    table: Table,
    probability: str,
    counted: str | None,
    intercepted: str | None,
    visits: str,
    venue: tuple[str | None, str | None],
) -> Factors:
    """Return 1 / probability of the venue-day-time, counted / intercepted, and 1 / visits."""
    inclusion = _probability(table, probability, "probability")
    out = [("1 / probability of the venue-day-time", 1 / inclusion)]
    columns = {"probability": inclusion}
    ratio = _ratio(table, (counted, "counted"), (intercepted, "intercepted"))
    if ratio is not None:
        out.append(("counted / intercepted", ratio[0] / ratio[1]))
        columns |= {"counted": ratio[0], "intercepted": ratio[1]}
    times = _complete(table, visits, "visits")
    remedy = "Who was met at a venue was there at least once: correct the count of visits."
    check_rows("visits", "positive and finite", times, ~((times > 0) & np.isfinite(times)), remedy)
    out.append(("1 / visits", 1 / times))
    _check_constant(table, columns, venue)
    return tuple(out)


def product(factors: Factors) -> Array:
    """Return the product of the factors."""
    return np.asarray(np.prod([values for _, values in factors], axis=0))


def with_weights(table: Table, factors: Factors) -> Table:
    """Return the table with the product of the factors as a column."""
    if BASE in table.columns:
        raise ValueError(
            f"data must not hold a column {BASE!r}, which is made here: found one. Rename it."
        )
    return Table({**table.columns, BASE: product(factors)}, table.n)


def _complete(table: Table, name: str, argument: str) -> Array:
    x = table.numeric(name, argument)
    check_rows(argument, "complete", x, np.isnan(x), "Fill it in from the selection file.")
    return x


def _probability(table: Table, name: str, argument: str) -> Array:
    x = _complete(table, name, argument)
    bad = ~((x > 0) & (x <= 1))
    check_rows(argument, "above 0 and at most 1", x, bad, "Give a probability, not a weight.")
    return x


def _count(table: Table, name: str, argument: str) -> Array:
    x = _complete(table, name, argument)
    bad = ~(np.isfinite(x) & (x >= 1) & (x == np.round(x)))
    check_rows(argument, "whole numbers of at least 1", x, bad, "Correct the count.")
    return x


def _ratio(
    table: Table, top: tuple[str | None, str], bottom: tuple[str | None, str]
) -> tuple[Array, Array] | None:
    """Return two counts, the second at most the first, or None where neither is given."""
    names = {what: name for name, what in (top, bottom)}
    if None in names.values():
        if set(names.values()) == {None}:
            return None
        there, missing = sorted(names, key=lambda what: names[what] is None)
        raise ValueError(
            f"{top[1]} and {bottom[1]} must be given together: found {there} alone. Name the "
            f"column of {missing} too, or leave both out."
        )
    large, small = (_count(table, str(name), what) for name, what in (top, bottom))
    remedy = f"Correct {top[1]} or {bottom[1]}: not more can be reached than there are."
    check_rows(bottom[1], f"at most {top[1]}", small, small > large, remedy)
    return large, small


def _check_constant(
    table: Table, columns: dict[str, Array], where: tuple[str | None, str | None]
) -> None:
    """Check that what belongs to a primary unit does not change within it."""
    names = [name for name in where if name is not None]
    if where[1] is None:
        return
    code, _ = table.codes(names, "psu")
    for argument, values in columns.items():
        low, high = group_range(values, code, int(code.max()) + 1)
        if (low != high).any():
            bad = int((low != high).sum())
            first = int(np.flatnonzero((low != high)[code])[0])
            raise ValueError(
                f"{argument} must be constant within {where[1]!r}: it varies in {bad:,} of "
                f"{low.size:,} (first: row {first}). Give each row the value of its unit."
            )
