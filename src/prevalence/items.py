"""One question about people known: its answers as intervals of counts, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import check_rows, nearest, note
from .frames import Table

__all__ = ["Item", "read_item"]

Array = NDArray[Any]
SUSPECT = (97.0, 98.0, 99.0, 998.0, 999.0)


@dataclass(frozen=True, eq=False)
class Item:
    """The answers to one question: the counts that each allows, and why some are missing."""

    column: str
    kind: str  # count, top-coded, yes or no, binned
    low: Array
    high: Array
    reasons: Mapping[str, int]  # of missing answers: their number by the code's words
    cap: float = np.inf

    @cached_property
    def counts(self) -> Array:
        """Return exact counts, top-coded ones at their cap, nan where missing."""
        return np.where((self.low == 0) & np.isinf(self.high), np.nan, self.low)


def read_item(
    table: Table,
    column: str,
    argument: str,
    *,
    codes: Mapping[float, str],
    yes_no: bool,
    bins: Mapping[Any, tuple[float, float]] | None,
    top_code: float | None,
    fractional: bool,
    said: list[str],
) -> Item:
    """Read a column as intervals of counts; missing answers are from 0 to infinity."""
    if bins is not None:
        return _binned(table, column, argument, bins, codes)
    y = table.numeric(column, argument)
    reasons: dict[str, int] = {}
    for code, words in codes.items():
        hit = y == code
        if hit.any():
            reasons[words] = reasons.get(words, 0) + int(hit.sum())
            y = np.where(hit, np.nan, y)
    gone = np.isnan(y)
    if blank := int(gone.sum()) - sum(reasons.values()):
        reasons["blank"] = blank
    bad = np.isinf(y) | (y < 0)
    check_rows(argument, f"numbers of at least 0 in {column!r}", y, bad, "Recode them.")
    if not fractional:
        with np.errstate(invalid="ignore"):
            broken = ~gone & (y != np.floor(y))
        remedy = "Correct them, or pass fractional=True to pv.Answers."
        check_rows(argument, f"whole numbers in {column!r}", y, broken, remedy)
    if yes_no:
        wrong = ~gone & (y != 0) & (y != 1)
        check_rows(argument, f"0 or 1 in {column!r}, asked as yes or no", y, wrong, "Recode them.")
        kind, low, high = "yes or no", y, np.where(y == 1, np.inf, y)
    elif top_code is not None:
        over = y >= top_code
        kind, low, high = "top-coded", np.where(over, top_code, y), np.where(over, np.inf, y)
    else:
        _suspect(y, column, said)
        kind, low, high = "count", y, y
    low, high = np.where(gone, 0.0, low), np.where(gone, np.inf, high)
    return Item(column, kind, low, high, reasons, np.inf if top_code is None else top_code)


def _suspect(y: Array, column: str, said: list[str]) -> None:
    """Warn where the largest numbers look like codes for missing."""
    codes = np.isin(y, SUSPECT)
    if codes.sum() > 1 and float(np.nanmax(y)) in SUSPECT:
        note(
            said,
            f"{column!r} holds {int(codes.sum())} answers of 97, 98, 99, 998 or 999, which look "
            "like codes for missing. Recode them as missing if they are.",
        )


def _binned(
    table: Table,
    column: str,
    argument: str,
    bins: Mapping[Any, tuple[float, float]],
    codes: Mapping[float, str],
) -> Item:
    limits = {}
    for ticked, pair in bins.items():
        least, most = (float(x) for x in pair)
        if not 0 <= least <= most or least == np.inf:
            raise ValueError(
                f"bins must run from a number of at least 0 to one not smaller: {ticked!r} of "
                f"{column!r} has {least:g} and {most:g}. Correct them."
            )
        limits[_key(ticked)] = (least, most)
    words = {_key(code): text for code, text in codes.items()}
    raw = pd.Series(table.raw(column, argument)).reset_index(drop=True)
    gone = raw.isna().to_numpy(dtype=bool)
    low, high, reasons = np.zeros(table.n), np.full(table.n, np.inf), Counter[str]()
    for row, answer in enumerate(raw.tolist()):
        key = "" if gone[row] else _key(answer)
        if gone[row] or key in words:
            reasons[words.get(key, "blank")] += 1
        elif key in limits:
            low[row], high[row] = limits[key]
        else:
            raise ValueError(
                f"bins must hold every answer of {column!r}: row {row} has one that is in none."
                f"{nearest(key, limits)} Add it with its smallest and largest number."
            )
    return Item(column, "binned", low, high, dict(reasons))


def _key(ticked: Any) -> str:
    """Return what was ticked as text, whole numbers without a decimal point."""
    if isinstance(ticked, (int, float, np.integer, np.floating)) and float(ticked).is_integer():
        return str(int(ticked))
    return str(ticked).strip()
