"""What rows answer to the indicators of a definition, at one window and in others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import warn
from ..frames import Table
from ..grammar import Truth, columns_of, three_valued
from .columns import read_columns
from .spelling import say_spelled_otherwise
from .windows import contradictory, implied, judge

if TYPE_CHECKING:
    from .definition import Definition
    from .indicator import Indicator

__all__ = ["Answered", "answered", "answers_at", "windows_used"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Answered:
    """Indicators by row, who was not asked, who is eligible, and the columns that were read."""

    columns: Mapping[str, Array]
    eligible: NDArray[np.bool_]
    answers: Mapping[str, Truth]
    not_asked: Mapping[str, NDArray[np.bool_]]
    contradictions: pd.DataFrame


def answered(
    d: Definition, table: Table, at: str | None, part: NDArray[np.bool_], contradictions: str
) -> Answered:
    """Read the columns of a definition and evaluate its indicators; `part` are rows with weight."""
    several = {name: _windows(i, d.windows, at, table) for name, i in d.indicators.items()}
    columns = read_columns(table, _wanted(d, several), d.missing_codes)
    say_spelled_otherwise(_conditions(d, several), columns)
    eligible = _eligible(d, columns, part)
    asked = {name: _asked(i, columns) for name, i in d.indicators.items()}
    not_asked = {name: ~who.may for name, who in asked.items()}
    _say_odd(d, columns, at, {name: rows & eligible & part for name, rows in not_asked.items()})
    windowed = {
        name: {w: _answer(i, w, columns, asked[name]) for w in several[name]}
        for name, i in d.indicators.items()
        if i.windows
    }
    conflicts = contradictory(windowed, d.windows, eligible & part)
    judge(conflicts, table.n, contradictions)
    answers = answers_at(d, columns, at, contradictions)
    return Answered(columns, eligible, answers, not_asked, conflicts)


def answers_at(
    d: Definition, columns: Mapping[str, Array], at: str | None, contradictions: str
) -> dict[str, Truth]:
    """Return what rows say of each indicator at a window."""
    out = {}
    for name, indicator in d.indicators.items():
        asked = _asked(indicator, columns)
        several = windows_used(d, indicator, columns, at, contradictions)
        found = {w: _answer(indicator, w, columns, asked) for w in several}
        out[name] = implied(found, at)
    return out


def windows_used(
    d: Definition,
    indicator: Indicator,
    columns: Mapping[str, Array],
    at: str | None,
    contradictions: str,
) -> list[str | None]:
    """Return the windows whose answers decide: the one asked for, and narrower ones that imply it."""
    if contradictions != "imply" or not indicator.windows:
        return [at]
    narrower = d.windows[list(d.windows).index(str(at)) + 1 :]
    there = [w for w in narrower if w in indicator.windows]
    return [at, *(w for w in there if {*columns_of(indicator.at(w))} <= {*columns})]


def _windows(indicator: Indicator, windows: Any, at: str | None, table: Table) -> list[str | None]:
    """Return the windows of an indicator to evaluate: the one asked for, and those in the data."""
    others = [
        w
        for w in windows
        if w != at and w in indicator.windows and {*indicator.columns(w)} <= {*table.columns}
    ]
    return [at, *others]


def _wanted(d: Definition, several: Mapping[str, list[str | None]]) -> dict[str, str]:
    """Return the columns to read, with what asks for each."""
    wanted: dict[str, str] = {}
    for name, indicator in d.indicators.items():
        for window in several[name]:
            for column in columns_of(indicator.at(window)):
                wanted.setdefault(column, f"expr of {name!r}")
        for column in columns_of(indicator.asked) if indicator.asked is not None else ():
            wanted.setdefault(column, f"asked of {name!r}")
    for column in columns_of(d.eligible) if d.eligible is not None else ():
        wanted.setdefault(column, "eligible")
    if d.needs_age:
        wanted.setdefault(d.age_column, "age_column")
    return wanted


def _conditions(d: Definition, several: Mapping[str, list[str | None]]) -> list[str]:
    """Return all conditions on the columns that are read."""
    at = [i.at(window) for name, i in d.indicators.items() for window in several[name]]
    asked = [i.asked for i in d.indicators.values()]
    return [condition for condition in (*at, *asked, d.eligible) if condition is not None]


def _eligible(
    d: Definition, columns: Mapping[str, Array], part: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the rows of the denominator, which must be known of every row with weight."""
    known = three_valued(d.where, columns) if d.where else _everybody(part.size)
    lost = (known.must != known.may) & part
    if lost.any():
        raise ValueError(
            f"eligibility must be known of every row: {d.where!r} is not of {int(lost.sum()):,} of "
            f"{part.size:,} rows (first: row {int(np.flatnonzero(lost)[0])}), where a value is "
            "missing. Fill it in, or drop these rows before weighting."
        )
    if not (known.must & part).any():
        raise ValueError(
            f"rows must be eligible: none of {part.size:,} meets {d.where!r} and has weight. Check "
            "the ages and the condition."
        )
    return known.must


def _everybody(n: int) -> Truth:
    return Truth(np.ones(n, dtype=bool), np.ones(n, dtype=bool))


def _asked(indicator: Indicator, columns: Mapping[str, Array]) -> Truth:
    """Return who was asked."""
    if indicator.asked is None:
        return _everybody(next(iter(columns.values())).size)
    return three_valued(indicator.asked, columns)


def _answer(
    indicator: Indicator, window: str | None, columns: Mapping[str, Array], asked: Truth
) -> Truth:
    """Return an answer as the definition counts it where the question was not asked."""
    answer = three_valued(indicator.at(window), columns)
    if indicator.not_asked == "negative":
        return Truth(answer.must & asked.must, answer.may & asked.may)
    return Truth(answer.must & asked.must, answer.may | ~asked.must)


def _say_odd(
    d: Definition, columns: Mapping[str, Array], at: str | None, not_asked: Mapping[str, Array]
) -> None:
    """Say of which indicators rows say yes that should not have been asked."""
    odd = {
        name: three_valued(d.indicators[name].at(at), columns).must & rows
        for name, rows in not_asked.items()
        if rows.any()
    }
    names = [name for name, rows in odd.items() if rows.any()]
    if not names:
        return
    rows = odd[names[0]]
    more = f"; {len(names) - 1:,} more indicators have such rows" if len(names) > 1 else ""
    warn(
        f"those not asked should not have answered: {int(rows.sum()):,} of {rows.size:,} rows say "
        f"yes to {names[0]!r} (first: row {int(np.flatnonzero(rows)[0])}{more}). They count as not "
        "asked; correct the answers or the condition of who was asked."
    )
