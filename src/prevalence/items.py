"""One question about people known: its answers as intervals of counts, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import check_rows, nearest, note, number
from .frames import Table

__all__ = ["Item", "check_bins", "check_codes", "read_item"]

Array = NDArray[Any]
MOST = 1e9  # more people than anybody knows
SUSPECT = (97.0, 98.0, 99.0, 998.0, 999.0)


@dataclass(frozen=True, eq=False)
class Item:
    """The answers to one question: the counts that each allows, and why some are missing."""

    column: str
    kind: str  # count, top-coded, yes or no, binned
    low: Array
    high: Array
    lost: Mapping[str, Array]  # rows of missing answers, by the words of their code
    cap: float = np.inf
    remark: str = ""  # what is to be said of the answers

    @property
    def missing(self) -> int:
        """Return the number of missing answers."""
        return sum(rows.size for rows in self.lost.values())

    @property
    def reasons(self) -> dict[str, int]:
        """Return the number of missing answers by the words of their code."""
        return {words: rows.size for words, rows in self.lost.items()}

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
    yes_no: bool = False,
    bins: Mapping[Any, tuple[float, float]] | None = None,
    top_code: float | None = None,
    fractional: bool = False,
    said: list[str] | None = None,
) -> Item:
    """Read a column as intervals of counts; missing answers are from 0 to infinity.

    With `said` a remark on the answers is warned of and added to it at once.
    """
    if bins is not None:
        return _binned(table, column, argument, bins, codes)
    y = table.numeric(column, argument)
    blank = np.isnan(y)
    lost: dict[str, Array] = {}
    for code, words in codes.items():
        hit = np.flatnonzero(y == code)
        if hit.size:
            lost[words] = np.sort(np.r_[lost.get(words, hit[:0]), hit])
    if lost:
        y = y.copy()
        y[np.concatenate(list(lost.values()))] = np.nan
    if blank.any():
        lost["blank"] = np.sort(np.r_[lost.get("blank", []), np.flatnonzero(blank)]).astype(int)
    gone = np.isnan(y)
    bad = np.isinf(y) | (y < 0)
    remedy = "Name codes for missing answers in codes=, and correct the others."
    check_rows(argument, f"numbers of at least 0 in {column!r}", y, bad, remedy)
    with np.errstate(invalid="ignore"):
        check_rows(argument, f"numbers of people known in {column!r}", y, y >= MOST, remedy)
    if not fractional:
        with np.errstate(invalid="ignore"):
            broken = ~gone & (y != np.floor(y))
        remedy = "Correct them, or pass fractional=True to pv.Answers."
        check_rows(argument, f"whole numbers in {column!r}", y, broken, remedy)
    remark = ""
    if yes_no:
        wrong = ~gone & (y != 0) & (y != 1)
        check_rows(argument, f"0 or 1 in {column!r}, asked as yes or no", y, wrong, "Recode them.")
        kind, low, high = "yes or no", y, np.where(y == 1, np.inf, y)
    elif top_code is not None:
        over = y >= top_code
        remark = _suspect(y[y > top_code], column)
        kind, low, high = "top-coded", np.where(over, top_code, y), np.where(over, np.inf, y)
    else:
        remark = _suspect(y, column)
        kind, low, high = "count", y, y
    if gone.any():
        low, high = np.where(gone, 0.0, low), np.where(gone, np.inf, high)
    cap = top_code if kind == "top-coded" and top_code is not None else np.inf
    if remark and said is not None:
        note(said, remark)
    return Item(column, kind, low, high, lost, cap, remark)


def _suspect(y: Array, column: str) -> str:
    """Return a remark where the largest numbers look like codes for missing.

    One alone does where it stands far apart: all other answers are below half of it.
    """
    codes = np.isin(y, SUSPECT)
    count = int(codes.sum())
    if not count or float(np.nanmax(y)) not in SUSPECT:
        return ""
    if count == 1 and np.sort(np.nan_to_num(y))[-2:][0] >= np.nanmax(y) / 2:
        return ""
    words = "1 answer" if count == 1 else f"{count} answers"
    looks = "looks like a code" if count == 1 else "look like codes"
    return (
        f"{column!r} holds {words} of 97, 98, 99, 998 or 999, which {looks} for missing. Name "
        f"{'it' if count == 1 else 'them'} in codes= if {'it is' if count == 1 else 'they are'}."
    )


def check_codes(codes: Any, binned: bool) -> None:
    """Check that codes of missing answers are numbers with words, or text of binned answers."""
    if not isinstance(codes, Mapping):
        raise TypeError(
            'codes must map codes of missing answers to words, as in {98: "don\'t know"}: found '
            f"{type(codes).__name__}. Give each code its words."
        )
    for code, words in codes.items():
        if not isinstance(words, str) or not words:
            raise TypeError(
                f"codes must map codes to words: {code!r} has {words!r}. Say why the answer is "
                'missing, as in {98: "don\'t know"}.'
            )
        if isinstance(code, str) and (not binned or _is_number(code)):
            hint = "Write it without quotes." if _is_number(code) else "Recode the answers."
            raise TypeError(f"codes must be numbers: found the text {code!r}. {hint}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def check_bins(bins: Any) -> None:
    """Check that binned columns have bins."""
    example = "as in {'police': {'none': (0, 0), 'some': (1, inf)}}"
    if not isinstance(bins, Mapping):
        raise TypeError(
            f"bins must map columns to their bins, {example}: found {type(bins).__name__}. Write "
            "them out."
        )
    for column, of in bins.items():
        if not isinstance(of, Mapping) or not of:
            found = "none" if isinstance(of, Mapping) else type(of).__name__
            raise TypeError(
                f"bins must map answers to their smallest and largest number, {example}: {column!r} "
                f"has {found}. Write them out."
            )


def _limits(ticked: Any, pair: Any, column: str) -> tuple[float, float]:
    try:
        least, most = pair
    except (TypeError, ValueError):
        raise TypeError(
            f"bins must be pairs of a smallest and a largest number: {ticked!r} of {column!r} has "
            f"{pair!r}. Write for example (1, 5)."
        ) from None
    least, most = number("bins", least), number("bins", most)
    if not 0 <= least <= most or least == np.inf:
        raise ValueError(
            f"bins must run from a number of at least 0 to one not smaller: {ticked!r} of "
            f"{column!r} has {least:g} and {most:g}. Correct them."
        )
    return least, most


def _binned(
    table: Table,
    column: str,
    argument: str,
    bins: Mapping[Any, tuple[float, float]],
    codes: Mapping[float, str],
) -> Item:
    limits = {_key(ticked): _limits(ticked, pair, column) for ticked, pair in bins.items()}
    words = {_key(code): text for code, text in codes.items()}
    code, ticks = pd.factorize(pd.Series(table.raw(column, argument)).astype(object))
    keys = [_key(tick) for tick in ticks.tolist()]
    where = np.array([key in limits or key in words for key in keys] + [True], dtype=bool)
    if not where[code].all():
        row = int(np.flatnonzero(~where[code])[0])
        raise ValueError(
            f"bins must hold every answer of {column!r}: {int((~where[code]).sum()):,} of "
            f"{table.n:,} are in none (first: row {row}).{nearest(keys[code[row]], limits)} Add them "
            "with their smallest and largest number."
        )
    nothing = (0.0, np.inf)
    pairs = [nothing if key in words else limits[key] for key in keys] + [nothing]
    low, high = np.array(pairs, dtype=float)[code].T
    lost = {}
    reasons = np.array([words.get(key, "") for key in keys] + ["blank"], dtype=object)
    for text in dict.fromkeys(reasons[reasons != ""]):
        if (rows := np.flatnonzero(reasons[code] == text)).size:
            lost[str(text)] = rows
    return Item(column, "binned", np.ascontiguousarray(low), np.ascontiguousarray(high), lost)


def _key(ticked: Any) -> str:
    """Return what was ticked as text, whole numbers without a decimal point."""
    if isinstance(ticked, (int, float, np.integer, np.floating)) and float(ticked).is_integer():
        return str(int(ticked))
    return str(ticked).strip()
