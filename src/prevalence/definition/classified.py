"""Rows through a definition: outcome, bounds, indicators, and the data with the outcome in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import check_rows, one_of, warn
from ..frames import Table, read
from ..grammar import Truth, columns_of, three_valued
from ..survey import Survey
from .audit import audited
from .columns import read_columns
from .rules import AnyOf, combined
from .windows import contradictory, implied, judge

if TYPE_CHECKING:
    from .definition import Definition
    from .indicator import Indicator

__all__ = ["Classified", "classify"]

Array = NDArray[Any]
CHILD = 18  # the age from which means are required of everybody
CONTRADICTIONS = ("error", "keep", "imply")


@dataclass(frozen=True, eq=False, repr=False)
class Classified:
    """Who counts as a case under a definition, row by row, with what is not known.

    Parameters
    ----------
    definition : Definition
        What was applied.
    window : str or None
        The window of time.
    outcome : ndarray of shape (rows,)
        1 for a case, 0 for none, nan where undecided or outside the denominator.
    low, high : ndarray of shape (rows,)
        Bounds of the outcome over all that missing answers can be; nan outside the denominator.
    eligible : ndarray of bool
        Rows of the denominator.
    fired : DataFrame
        Each indicator by row: 1, 0, nan.
    audit : DataFrame
        One row per indicator and, last, one for the outcome, over eligible rows with weight: how
        many were asked, fired, are missing, were not asked; the weighted share among rows with a
        known value, and the lowest and highest that it could be with all of them known.
    contradictions : DataFrame
        Pairs of windows with a yes in the narrower and a no in the wider: counts, first row.
    source : Survey or table
        What was classified.

    Examples
    --------
    >>> import prevalence as pv
    >>> definition = pv.Definition(
    ...     "Debt", "1", indicators={"debt": pv.Indicator("q2 == 1")}, rule="debt",
    ...     missing="bounds")
    >>> found = definition.classify({"age": [9, 12, 17], "q2": [1, 0, None]})
    >>> found
    <Classified: Debt, version 1: 1 case, 1 undecided among 3 eligible of 3 rows>
    >>> found.data[["debt_v1", "debt_v1_low", "debt_v1_high"]]
       debt_v1  debt_v1_low  debt_v1_high
    0      1.0          1.0           1.0
    1      0.0          0.0           0.0
    2      NaN          0.0           1.0
    """

    definition: Definition
    window: str | None
    outcome: Array
    low: Array
    high: Array
    eligible: NDArray[np.bool_]
    fired: pd.DataFrame
    audit: pd.DataFrame
    contradictions: pd.DataFrame
    source: Any = field(default=None, repr=False)

    def __repr__(self) -> str:
        d, rows = self.definition, self.eligible.sum()
        cases, undecided = int((self.outcome == 1).sum()), int((self.low != self.high)[self.eligible].sum())
        at = f" at {self.window}" if self.window else ""
        return (
            f"<Classified: {d.name}, version {d.version}{at}: {cases:,} "
            f"case{'' if cases == 1 else 's'}, {undecided:,} undecided among {rows:,} eligible of "
            f"{self.eligible.size:,} rows>"
        )

    @property
    def columns(self) -> dict[str, Array]:
        """The columns that the data get: the outcome, and its bounds where the definition asks."""
        name = self.definition.outcome(self.window)
        out = {name: self.outcome}
        if self.definition.missing == "bounds":
            out |= {f"{name}_low": self.low, f"{name}_high": self.high}
        return out

    @cached_property
    def data(self) -> pd.DataFrame:
        """The data as a pandas frame with the columns of the outcome."""
        source = self.source
        if isinstance(source, pd.DataFrame):
            frame = source.copy(deep=False)
        else:
            table = source.table if isinstance(source, Survey) else read(source)
            frame = pd.DataFrame({name: table.columns[name] for name in table.names})
        return frame.assign(**self.columns)

    @cached_property
    def survey(self) -> Survey:
        """The survey with the columns of the outcome; estimates of them carry the definition."""
        if not isinstance(self.source, Survey):
            raise TypeError(
                f"survey is there where a Survey was classified: found "
                f"{type(self.source).__name__}. Make one with pv.Survey(found.data, weights=...), or "
                "classify the survey."
            )
        from ..estimand import Coded

        d = self.definition
        about = Coded(
            definition=f"{d.name}, version {d.version}",
            definition_hash=d.hash,
            window=self.window or "",
            denominator=d.denominator,
            where=d.where,
        )
        return self.source._with_columns(self.columns, dict.fromkeys(self.columns, about))


def classify(
    d: Definition, data: Any, *, window: str | None, weights: Any, contradictions: str
) -> Classified:
    """Return the classification of rows: read once, unknown where missing, then the rule."""
    one_of("contradictions", contradictions, CONTRADICTIONS)
    _check_filled(d)
    at = d.at(window)
    table = data.table if isinstance(data, Survey) else read(data)
    w = _weights(data, table, weights)
    _check_new(d, at, table)
    several = {name: _windows(d, indicator, at, table) for name, indicator in d.indicators.items()}
    columns = read_columns(table, _wanted(d, several, at), d.missing_codes)
    eligible = _eligible(d, columns, table.n)
    answers: dict[str, Truth] = {}
    by_window: dict[str, dict[str, Truth]] = {}
    not_asked: dict[str, Array] = {}
    for name, indicator in d.indicators.items():
        asked = _asked(indicator, columns, table.n)
        not_asked[name] = ~asked.may
        found = {
            one: _answered(name, indicator, three_valued(indicator.at(one), columns), asked, eligible)
            for one in several[name]
        }
        answers[name] = found[at if at in found else several[name][0]]
        by_window[name] = {str(one): answer for one, answer in found.items()}
    conflicts = contradictory(by_window, d.windows, eligible & (w != 0))
    judge(conflicts, table.n, contradictions)
    if contradictions == "imply" and at is not None:
        for name in {*conflicts["indicator"]}:
            answers[name] = implied(by_window[name], at, list(d.windows))
    result = _outcome(d, answers, columns)
    low, high = (np.where(eligible, side, np.nan) for side in (result.must, result.may))
    undecided = low if d.missing == "as_negative" else np.where(low == high, low, np.nan)
    index = data.index if isinstance(data, pd.DataFrame) else pd.RangeIndex(table.n)
    fired = pd.DataFrame({name: _numbers(answer) for name, answer in answers.items()}, index=index)
    return Classified(
        d,
        at,
        undecided,
        low,
        high,
        eligible,
        fired,
        audited(d, answers, result, not_asked, eligible, w),
        conflicts,
        data,
    )


def _check_filled(d: Definition) -> None:
    if d.holes:
        name, words = next(iter(d.holes.items()))
        more = f" ({len(d.holes) - 1:,} more: {', '.join(list(d.holes)[1:])})" * (len(d.holes) > 1)
        raise ValueError(
            f"a definition must be complete before it classifies: {name!r} of {d.name!r} is not "
            f"filled{more}. Confirm it ({words}) and write definition.fill({name}=...)."
        )


def _weights(data: Any, table: Table, weights: Any) -> Array:
    """Return the weights that the audit's shares are made with."""
    if isinstance(data, Survey):
        if weights is not None:
            raise TypeError("weights are the survey's own: found others. Leave the argument out.")
        return data.final_weights
    if weights is None:
        return np.ones(table.n)
    if isinstance(weights, str):
        w = table.numeric(weights, "weights")
    else:
        w = np.asarray(weights, dtype=float)
        if w.shape != (table.n,):
            raise ValueError(
                f"weights must be one number for each row: found shape {w.shape} for {table.n:,} "
                "rows. Give a column, or as many numbers."
            )
    check_rows("weights", "finite", w, ~np.isfinite(w), "Correct them.")
    check_rows("weights", "positive", w, w < 0, "Correct them.")
    return w


def _check_new(d: Definition, window: str | None, table: Table) -> None:
    name = d.outcome(window)
    if name in table.columns:
        raise ValueError(
            f"the outcome must be a new column: {name!r} is in the data already. Drop it, or give "
            "the definition another version."
        )


def _windows(d: Definition, indicator: Indicator, at: str | None, table: Table) -> list[str | None]:
    """Return the windows of an indicator to evaluate: the one asked for, and those in the data."""
    if not indicator.windows:
        return [at]
    return [
        w
        for w in d.windows
        if w in indicator.windows and (w == at or all(c in table.columns for c in indicator.columns(w)))
    ]


def _wanted(d: Definition, several: Mapping[str, list[str | None]], at: str | None) -> dict[str, str]:
    """Return the columns to read, with what asks for each."""
    wanted: dict[str, str] = {}
    for name, indicator in d.indicators.items():
        for window in sorted(several[name], key=lambda w: w != at):
            for column in columns_of(indicator.at(window)):
                wanted.setdefault(column, f"expr of {name!r}")
        for column in columns_of(indicator.asked) if indicator.asked is not None else ():
            wanted.setdefault(column, f"asked of {name!r}")
    for column in columns_of(d.eligible) if d.eligible is not None else ():
        wanted.setdefault(column, "eligible")
    if d.needs_age:
        wanted.setdefault(d.age_column, "age_column")
    return wanted


def _eligible(d: Definition, columns: Mapping[str, Array], n: int) -> NDArray[np.bool_]:
    """Return the rows of the denominator, which must be known of every row."""
    known = Truth(np.ones(n, dtype=bool), np.ones(n, dtype=bool))
    if d.where:
        known = three_valued(d.where, columns)
    lost = known.must != known.may
    if lost.any():
        raise ValueError(
            f"eligibility must be known of every row: {d.where!r} is not of {int(lost.sum()):,} of "
            f"{n:,} rows (first: row {int(np.flatnonzero(lost)[0])}), where a value is missing. "
            "Fill it in, or drop these rows before weighting."
        )
    if not known.must.any():
        raise ValueError(
            f"rows must be eligible: none of {n:,} meets {d.where!r}. Check the ages and the condition."
        )
    return known.must


def _asked(indicator: Indicator, columns: Mapping[str, Array], n: int) -> Truth:
    if indicator.asked is None:
        return Truth(np.ones(n, dtype=bool), np.ones(n, dtype=bool))
    return three_valued(indicator.asked, columns)


def _answered(
    name: str, indicator: Indicator, answer: Truth, asked: Truth, rows: NDArray[np.bool_]
) -> Truth:
    """Return an answer as the definition counts it where the question was not asked."""
    odd = answer.must & ~asked.may & rows
    if odd.any():
        warn(
            f"those not asked should not have answered: {int(odd.sum()):,} of {odd.size:,} rows of "
            f"{name!r} say yes (first: row {int(np.flatnonzero(odd)[0])}). They count as not asked."
        )
    if indicator.not_asked == "negative":
        return Truth(answer.must & asked.must, answer.may & asked.may)
    return Truth(answer.must & asked.must, answer.may | ~asked.must)


def _outcome(d: Definition, answers: Mapping[str, Truth], columns: Mapping[str, Array]) -> Truth:
    """Return where the rule holds, or that for children where the row is of one."""
    if d.child_override is None:
        return combined(d.rule, d.indicators, answers)
    child = three_valued(f"`{d.age_column}` < {CHILD}", columns)
    adults = combined(d.rule, d.indicators, answers)
    children = combined(AnyOf(d.rule, d.child_override), d.indicators, answers)
    return Truth(
        np.where(child.must, children.must, adults.must),
        np.where(child.may, children.may, adults.may),
    )


def _numbers(answer: Truth) -> Array:
    return np.where(answer.must, 1.0, np.where(answer.may, np.nan, 0.0))
