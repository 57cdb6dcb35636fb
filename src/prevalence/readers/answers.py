"""From what is written in a column to numbers, codes, options ticked and dates."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .no_answer import reason_of
from .sheets import Column, tidy

__all__ = ["as_dates", "as_numbers", "as_text", "code_table", "missing_choices", "tokens"]

Array = NDArray[Any]
Labels = Mapping[str, str]
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"-?(0|[1-9]\d*)")
MOMENTS = ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y")
RESULT = re.compile(
    r".*\b(nobody|no one|not (at )?home|absente?|vacant|dwelling|interview|entretien|logement|"
    r"postponed|report[ée]e?)\b.*|(partly |partially |fully )?complet(ed?|é|ée)"
)
NOT_A_CHOICE = {"", "missing"}  # a child may be missing


def missing_choices(options: Mapping[str, Labels]) -> dict[str, str]:
    """Return the choices of a list that are no answers, each with its reason.

    "Refused" among results of a visit (completed, nobody at home) is an answer, unless its code
    stands apart as 99 does; and where but one other choice is left (accepted, refused) it is too.
    """
    found = {code: missing_reason(code, labels) for code, labels in options.items()}
    gone = {code: reason for code, reason in found.items() if reason}
    real = [code for code in options if code not in gone]
    labels = [_plain(text) for code in real for text in options[code].values()]
    if len(real) < 2 or any(RESULT.fullmatch(text) for text in labels):
        often = ("refused", "no answer")
        gone = {c: why for c, why in gone.items() if why not in often or _stands_apart(c, real)}
    return gone


def _stands_apart(code: str, real: Sequence[str]) -> bool:
    """Tell whether a number is far from those of answers, as 99 is from 1 to 5."""
    numbers = [int(other) for other in real if WHOLE.fullmatch(other)]
    if not WHOLE.fullmatch(code):
        return False
    return int(code) < 0 or int(code) > max(numbers, default=0) + 1


def missing_reason(code: str, labels: Labels) -> str:
    """Return why a choice is no answer ("don't know", "refused"), or "" where it is one.

    Its labels tell; without any, its code.
    """
    texts = [text for text in labels.values() if text] or [code]
    reasons = [reason for text in texts if (reason := reason_of(text)) not in NOT_A_CHOICE]
    return reasons[0] if reasons else ""


def _plain(text: str) -> str:
    """Return a label in small letters, without marks at its ends and without brackets."""
    text = tidy(text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()
    text = re.sub(r"\(.*?\)|\[.*?\]", "", text)
    parts = [part.strip(" .:;-–—!?*") for part in re.split(r"\s*/\s*(?=\w{2})|;", text)]
    return next((part for part in parts if part), "")


def as_numbers(column: Column) -> tuple[Array, Array]:
    """Return numbers, and which rows hold something else."""
    values = column.mapped(number, np.nan, float)
    return values, np.isnan(values) & ~column.blank


def number(value: Any) -> float:
    """Return a value as a number, nan if it is none."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else np.nan
    if isinstance(value, (int, float)):
        return float(value)
    return np.nan


def is_numeric(column: Column) -> bool:
    """Tell whether a column holds numbers only; 007 and numbers of 16 digits or more are text."""
    found = [value for value in column.distinct if isinstance(value, str)]
    names = any(re.match(r"[+-]?0\d|\+|\d{16}", text) for text in found)
    return not names and all(not np.isnan(number(value)) for value in column.distinct)


def text_of(value: Any) -> str:
    """Return a value as text: whole numbers without a decimal point."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)


def as_text(column: Column) -> pd.Series[Any]:
    """Return text, nan where blank."""
    return pd.Series(column.mapped(text_of, None), dtype="str")


def as_dates(column: Column) -> tuple[pd.Series[Any], Array]:
    """Return dates as written by the clock of the interview, and which rows hold something else."""
    found = column.mapped(_moment, np.datetime64("NaT", "us"), "datetime64[us]")
    return pd.Series(found), np.isnat(found) & ~column.blank


def _moment(value: Any) -> np.datetime64:
    """Return one date or time of a date; what a clock in another zone would show is left aside."""
    if isinstance(value, dt.datetime):
        return np.datetime64(value.replace(tzinfo=None), "us")
    if isinstance(value, dt.date):
        return np.datetime64(value, "us")
    for form in ("", *MOMENTS):
        try:
            text = str(value)
            read = dt.datetime
            moment = read.strptime(text, form) if form else read.fromisoformat(text)
        except ValueError:
            continue
        return np.datetime64(moment.replace(tzinfo=None), "us")
    return np.datetime64("NaT", "us")


def code_table(
    distinct: Iterable[Any], options: Mapping[str, Labels], where: str
) -> tuple[dict[Any, str], list[Any]]:
    """Return the code of each distinct value, be it written as code or as label, and the rest.

    A column is taken as codes if all its values are; labels are looked up for what is no code.
    """
    values = list(distinct)
    out = {value: text_of(value) for value in values if text_of(value) in options}
    rest = [value for value in values if value not in out]
    labels: dict[str, set[str]] = {}
    for code, texts in options.items():
        for text in (*texts.values(), code):
            labels.setdefault(tidy(text).casefold(), set()).add(code)
    if rest and any(_code_of(value, labels, where) for value in rest):
        as_labels = {value: _code_of(value, labels, where) for value in values}
        if all(as_labels.values()):  # as in an export with labels, where a code may be one too
            out = {value: str(code) for value, code in as_labels.items()}
    found = {value: _code_of(value, labels, where) for value in values if value not in out}
    out |= {value: code for value, code in found.items() if code}
    return out, [value for value in values if value not in out]


def _code_of(value: Any, labels: Mapping[str, set[str]], where: str) -> str:
    """Return the code with a label, "" if none has it."""
    codes = labels.get(tidy(text_of(value)).casefold(), set())
    if len(codes) > 1:
        raise ValueError(
            f"labels must tell the choices of a list apart: {len(codes):,} choices of {where} have "
            "one label that is written in the export. Export with XML values, or give the choices "
            "labels of their own."
        )
    return next(iter(codes), "")


def tokens(value: Any, options: Mapping[str, Labels]) -> tuple[str, ...] | None:
    """Return the options in one answer to a select_multiple, or None where it cannot be split.

    Codes have spaces between them; labels are taken the longest first.
    """
    text = tidy(text_of(value))
    parts = text.split(" ")
    if all(part in options for part in parts):
        return tuple(dict.fromkeys(parts))
    words = sorted(
        (
            (tidy(word), code)
            for code, labels in options.items()
            for word in (code, *labels.values())
        ),
        key=lambda pair: -len(pair[0]),
    )
    return _split_labels(text, words)


def _split_labels(text: str, words: list[tuple[str, str]]) -> tuple[str, ...] | None:
    """Split a row of labels with spaces or commas between them; no place is tried twice."""
    path: list[tuple[int, int]] = []  # where each label begins, and which it is
    failed: set[int] = set()
    at, first = _begin(text, 0), 0
    while at < len(text):
        fits = (k for k in range(first, len(words)) if _stands(text, at, words[k][0]))
        found = next(fits, None) if at not in failed else None
        if found is not None:
            path.append((at, found))
            at, first = _begin(text, at + len(words[found][0])), 0
        elif path:
            failed.add(at)
            at, first = path[-1][0], path.pop()[1] + 1
        else:
            return None
    return tuple(words[k][1] for _, k in path)


def _begin(text: str, at: int) -> int:
    """Return where the next label begins."""
    while text[at : at + 1] in (" ", ",", ";"):
        at += 1
    return at


def _stands(text: str, at: int, label: str) -> bool:
    """Tell whether a whole label stands at a place."""
    end = at + len(label)
    return bool(label) and text.startswith(label, at) and text[end : end + 1] in ("", *" ,;")
