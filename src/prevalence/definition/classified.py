"""Rows through a definition: outcome, bounds, indicators, and the data with the outcome in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import check_rows, one_of, shown
from ..estimand import Coded
from ..frames import Table, read
from ..grammar import Truth, three_valued
from ..survey import Survey
from .answered import Answered, answered, answers_at, windows_used
from .audit import audited
from .completion import completed
from .logic import combined
from .rules import AnyOf

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
        known value, and the lowest and highest that it could be with all of them known. To
        publish it, use `prevalence.disclosure.protect_audit`.
    contradictions : DataFrame
        Pairs of windows with a yes in the narrower and a no in the wider: counts, first row.
    source : Survey or table
        What was classified.

    Examples
    --------
    >>> import prevalence as pv
    >>> definition = pv.Definition(
    ...     "Debt", "1", indicators={"debt": pv.Indicator("q2 == 1")}, rule="debt", missing="bounds"
    ... )
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
        cases, undecided = (
            int((self.outcome == 1).sum()),
            int((self.low != self.high)[self.eligible].sum()),
        )
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
            raw = {name: table.columns[name] for name in table.names}
            frame = pd.DataFrame(
                {k: v.array if isinstance(v, pd.Series) else v for k, v in raw.items()}
            )
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
        about = self.definition.coded(self.window)
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
    _check_new(d, at, table, data.coded if isinstance(data, Survey) else {})
    found = answered(d, table, at, w != 0, contradictions)
    result = _outcome(d, found, at, contradictions)
    low, high = (np.where(found.eligible, side, np.nan) for side in (result.must, result.may))
    index = data.index if isinstance(data, pd.DataFrame) else pd.RangeIndex(table.n)
    return Classified(
        d,
        at,
        outcome=low if d.missing == "as_negative" else np.where(low == high, low, np.nan),
        low=low,
        high=high,
        eligible=found.eligible,
        fired=pd.DataFrame({k: _numbers(v) for k, v in found.answers.items()}, index=index),
        audit=audited(d, found.answers, result, found.not_asked, found.eligible, w),
        contradictions=found.contradictions,
        source=data,
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
        try:
            w = np.asarray(weights, dtype=float)
        except (TypeError, ValueError):
            raise TypeError(
                f"weights must be a column or numbers: found {shown(weights)}. Give the name of a "
                "column, or one number for each row."
            ) from None
        if w.shape != (table.n,):
            raise ValueError(
                f"weights must be one number for each row: found shape {w.shape} for {table.n:,} "
                "rows. Give a column, or as many numbers."
            )
    check_rows("weights", "finite", w, ~np.isfinite(w), "Correct them.")
    check_rows("weights", "positive", w, w < 0, "Correct them.")
    return w


def _check_new(d: Definition, window: str | None, table: Table, coded: Mapping[str, Coded]) -> None:
    """Refuse a column that is there already, unless this definition made it."""
    name = d.outcome(window)
    if name in table.columns and (name not in coded or coded[name].definition_hash != d.hash):
        raise ValueError(
            f"the outcome must be a new column: {name!r} is in the data already. Drop it, or give "
            "the definition another version."
        )


def _outcome(d: Definition, found: Answered, at: str | None, contradictions: str) -> Truth:
    """Return the bounds of the outcome over all that missing answers can be."""
    texts = [
        condition
        for i in d.indicators.values()
        for condition in _conditions(d, i, found, at, contradictions)
    ]
    if d.child_override is not None:
        texts.append(_child(d))

    def evaluate(columns: Mapping[str, Array]) -> Truth:
        return _by_rule(d, answers_at(d, columns, at, contradictions), columns)

    result = _by_rule(d, found.answers, found.columns)
    return completed(d, texts, found.columns, found.eligible, result, evaluate)


def _conditions(
    d: Definition, indicator: Indicator, found: Answered, at: str | None, contradictions: str
) -> list[str]:
    """Return the conditions that decide an indicator at a window."""
    several = windows_used(d, indicator, found.columns, at, contradictions)
    asked = [] if indicator.asked is None else [indicator.asked]
    return [indicator.at(w) for w in several] + asked


def _child(d: Definition) -> str:
    return f"`{d.age_column}` < {CHILD}"


def _by_rule(d: Definition, answers: Mapping[str, Truth], columns: Mapping[str, Array]) -> Truth:
    """Return where the rule holds, or that for children where the row is of one."""
    if d.child_override is None:
        return combined(d.rule, d.indicators, answers)
    child = three_valued(_child(d), columns)
    adults = combined(d.rule, d.indicators, answers)
    children = combined(AnyOf(d.rule, d.child_override), d.indicators, answers)
    return Truth(
        np.where(child.must, children.must, adults.must),
        np.where(child.may, children.may, adults.may),
    )


def _numbers(answer: Truth) -> Array:
    return np.where(answer.must, 1.0, np.where(answer.may, np.nan, 0.0))
