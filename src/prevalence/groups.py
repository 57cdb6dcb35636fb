"""Groups that respondents are asked about: what is known of each, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from .arguments import explained
from .errors import nearest, number
from .estimate import Estimate
from .frames import names_of, read
from .known import uncertain

__all__ = [
    "Group",
    "check_columns",
    "hidden_groups",
    "known_groups",
    "positive_population",
    "remarks",
]

MOST = 1e11  # more people than there are
TABLE = ("group", "size", "std_error", "source", "year", "alters", "column")


@explained
@dataclass(frozen=True, kw_only=True)
class Group:
    """A group that respondents are asked about: how many of its members they know.

    Parameters
    ----------
    column : str, optional
        Column of the answers; without it, the name that the group is given under.
    size : float or Estimate, optional
        Number of its members N_k, for a known group.
    std_error : float, optional
        Standard error of a size that is a number.
    source, year : str, int
        Where the size comes from, and the year it refers to.
    alters : str, optional
        Whom the group is made of, such as ``"children"``; without it, those of the `Answers`.
    form, sex, age : str
        For a hidden group: form of exploitation, sex and age band of its members.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.nsum.Group(size=12_500, source="annual report", year=2023).year
    2023
    """

    column: str | None = None
    size: float | Estimate | None = None
    std_error: float | None = None
    source: str = ""
    year: int | None = None
    alters: str | None = None
    form: str = ""
    sex: str = ""
    age: str = ""


def positive_population(population: float | None) -> float | None:
    """Check the number of people that degrees refer to and return it."""
    if population is None:
        return None
    size = number("population", population)
    if not (np.isfinite(size) and size > 0):
        raise ValueError(
            f"population must be a positive number: found {size:g}. Give the number of people that "
            "degrees refer to."
        )
    if size > MOST:
        raise ValueError(
            f"population must be a number of people: found {size:g}, more than there are. Give the "
            "number of people that degrees refer to."
        )
    return size


def known_groups(
    known: Any, alters: str, population: float | None, argument: str = "known"
) -> dict[str, Group]:
    """Return groups of known size from a mapping or a table, each with its column and its alters."""
    found = (
        _table_of_groups(known, argument)
        if isinstance(known, pd.DataFrame) or _is_table(known)
        else known
    )
    if isinstance(found, pd.Series):
        found = dict(found.items())
    if not isinstance(found, Mapping) or not found:
        raise ValueError(
            f"{argument} must map columns to sizes of groups, as in {{'police': 12_500}}: found "
            f"{'none' if isinstance(found, Mapping) else type(found).__name__}. Write at least one "
            "group."
        )
    return {
        str(name): _sized(argument, str(name), group, alters, population)
        for name, group in found.items()
    }


def _is_table(known: Any) -> bool:
    if isinstance(known, Mapping):
        return {"group", "size"} <= set(known) and not np.isscalar(known["size"])
    return hasattr(known, "columns")


def _table_of_groups(known: Any, argument: str) -> dict[str, Group]:
    table = read(known, argument)
    for name in table.names:
        if name not in TABLE:
            raise KeyError(
                f"{argument} must have columns {', '.join(TABLE)}: found {name!r}.{nearest(name, TABLE)}"
            )
    names = table.labels("group", argument).tolist()
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"{argument} must name each group once: {twice[0]!r} stands {names.count(twice[0])} times. "
            "Leave one."
        )
    frame = pd.DataFrame({name: table.raw(name, argument) for name in table.names})
    return {
        name: Group(**{str(key): x for key, x in row.items() if key != "group" and _given(x)})
        for name, row in zip(names, frame.to_dict("records"), strict=True)
    }


def _given(cell: Any) -> bool:
    return isinstance(cell, Estimate) or not pd.isna(cell)


def _year(argument: str, name: str, year: Any) -> int | None:
    """Return a year as a whole number, also where a table has it as 2023.0 or as text."""
    if year is None:
        return None
    try:
        found = float(year)
    except (TypeError, ValueError):
        found = np.nan
    if found != np.floor(found):
        raise ValueError(
            f"{argument} must hold years as whole numbers: {name!r} has {year!r}. Write the year that the "
            "size refers to, or leave it out."
        )
    return int(found)


def _sized(argument: str, name: str, given: Any, alters: str, population: float | None) -> Group:
    group = given if isinstance(given, Group) else Group(size=given)
    if group.size is None:
        raise ValueError(
            f"{argument} must hold positive sizes: {name!r} has none. Give the number of people."
        )
    size = number(f"{argument}[{name!r}]", group.size)
    if not (np.isfinite(size) and size > 0):
        raise ValueError(
            f"{argument} must hold positive sizes: {name!r} has {size:g}. Give the number of people."
        )
    if size > MOST:
        raise ValueError(
            f"{argument} must hold sizes in people: {name!r} has {size:g}, more than there are. Give the "
            "number of people."
        )
    if population is not None and size > population:
        raise ValueError(
            f"{argument} groups must be smaller than the population: {name!r} has {size:,.0f} of "
            f"{population:,.0f}. Check the size and its units (people, not thousands)."
        )
    value: float | Estimate = group.size if isinstance(group.size, Estimate) else size
    if group.std_error is not None:
        error = number(f"std_error of {name!r}", group.std_error)
        if isinstance(value, Estimate) and not np.isclose(value.std_error[0], error):
            raise ValueError(
                f"std_error must be given with a size that is a number: {name!r} has an estimate with "
                f"the standard error {value.std_error[0]:g}, and {error:g}. Leave std_error out."
            )
        if not isinstance(value, Estimate) and not (np.isfinite(error) and error >= 0):
            raise ValueError(
                f"std_error must be at least 0: that of {name!r} is {error:g}. Correct it, or leave it "
                "out."
            )
        if not isinstance(value, Estimate) and error > 0:
            value = uncertain(size, std_error=error, name=f"size of {name}: {size:,.0f}")
    return replace(
        group,
        size=value,
        column=_column(argument, name, group.column),
        alters=group.alters or alters,
        year=_year(argument, name, group.year),
    )


def _column(argument: str, name: str, column: Any) -> str:
    if column is not None and not isinstance(column, str):
        raise TypeError(
            f"{argument} must map names to columns: {name!r} has {type(column).__name__}. Name "
            "one column."
        )
    return column or name


def hidden_groups(hidden: Any, alters: str | None = None) -> dict[str, Group]:
    """Return hidden groups from names, or from a mapping of names to columns or groups."""
    found = hidden if isinstance(hidden, Mapping) else dict.fromkeys(names_of("hidden", hidden))
    out = {}
    for name, group in found.items():
        made = group if isinstance(group, Group) else Group(column=group)
        if made.size is not None:
            raise ValueError(
                f"hidden groups must have no size: {name!r} has {float(made.size):,.0f}. Give it under "
                "known=."
            )
        column = _column("hidden", str(name), made.column)
        out[str(name)] = replace(made, column=column, alters=made.alters or alters)
    return out


def check_columns(known: Mapping[str, Group], hidden: Mapping[str, Group]) -> None:
    """Refuse a column that stands for two groups, and a name that stands for two columns."""
    for argument, groups in (("known", known), ("hidden", hidden)):
        columns = [group.column for group in groups.values()]
        twice = [column for column in columns if columns.count(column) > 1]
        if twice:
            raise ValueError(
                f"{argument} must use each column once: {twice[0]!r} stands {columns.count(twice[0])} "
                "times. Leave one."
            )
    for name in known:
        if name in hidden and known[name].column != hidden[name].column:
            raise ValueError(
                f"hidden groups must have names of their own: {name!r} is the name of a known group "
                f"too, of column {known[name].column!r}. Rename one."
            )


def remarks(known: Mapping[str, Group], hidden: Mapping[str, Group], alters: str) -> list[str]:
    """Return what is to be said of the groups: own yardsticks, sizes of several years, units."""
    said = []
    both = {g.column for g in known.values()} & {g.column for g in hidden.values()}
    if both:
        said.append(
            f"a hidden group should not be its own yardstick: {min(map(str, both))!r} is given as "
            "known and as hidden. Leave it out of one of them."
        )
    years = sorted({group.year for group in known.values() if group.year is not None})
    if len(years) > 1:
        said.append(
            f"sizes of known groups are of different years ({', '.join(map(str, years))}): bring them "
            "to one year, or check how much they have changed."
        )
    about = list(dict.fromkeys(group.alters or alters for group in hidden.values()))
    other = [name for name, group in known.items() if [group.alters] != about]
    if other and about:
        words = " and ".join(about)
        said.append(
            f"hidden groups are of {words} and {len(other)} of {len(known)} known groups are of "
            f"others (first: {other[0]!r}, of {known[other[0]].alters}): the estimate assumes that "
            f"respondents know {words} and {known[other[0]].alters} in the same proportion to their "
            "numbers."
        )
    return said
