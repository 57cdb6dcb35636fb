"""Codes that are no values: those whose label says so, and numbers that look like some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import nearest, shown, warn
from .no_answer import reason_of

__all__: list[str] = []

CODES = (
    *((97, 98, 99), (997, 998, 999), (9997, 9998, 9999)),
    *((-7, -8, -9), (-77, -88, -97, -98, -99), (-777, -888, -997, -998, -999)),
)


def labelled_missing(codes: Mapping[Any, str]) -> dict[Any, str]:
    """Return the codes whose label says that there is no answer, each with the label."""
    return {code: label for code, label in codes.items() if reason_of(label)}


def check_declared(missing_codes: Any, names: Iterable[str]) -> None:
    """Check that columns which missing codes are declared for are there."""
    if missing_codes is None:
        return
    if isinstance(missing_codes, (str, bytes)) or not isinstance(missing_codes, Iterable):
        raise TypeError(
            f"missing_codes must be codes with their reasons: found {shown(missing_codes)}. Write "
            'for example {98: "don\'t know"}, or {"age": {98: "don\'t know"}} for one column.'
        )
    if isinstance(missing_codes, Mapping):
        known = list(names)
        for name, inside in missing_codes.items():
            if not isinstance(inside, str) and name not in known:
                raise KeyError(
                    f"missing_codes must name columns of the file: {name!r} is not."
                    f"{nearest(name, known)}"
                )


def warn_of_codes(
    frame: pd.DataFrame, names: Iterable[str], labels: Mapping[str, Mapping[Any, str]]
) -> list[str]:
    """Warn of columns that hold what looks like codes for missing answers, without a label."""
    found = [(name, *codes_in(frame[name], labels.get(name, {}))) for name in names]
    some = [(name, codes, rows) for name, codes, rows in found if rows]
    if not some:
        return []
    name, codes, rows = some[0]
    text = (
        "numbers should not hold codes for missing answers: "
        f"{len(some):,} of {frame.shape[1]:,} columns hold numbers such as 98 or 99 apart from "
        f"their other values (first: {name!r}, {', '.join(f'{c:g}' for c in codes)} in {rows:,} "
        f"rows). They are kept as numbers: declare them, as in missing_codes={{{name!r}: {{"
        f'{codes[0]:g}: "don\'t know"}}}}, or pass missing_codes={{}} if they are values.'
    )
    warn(text)
    return [text]


def codes_in(column: pd.Series[Any], labels: Mapping[Any, str]) -> tuple[list[float], int]:
    """Return what looks like codes without label in a column of numbers, and in how many rows."""
    if column.dtype.kind not in "iuf":
        return [], 0
    values = column.to_numpy(dtype=float)
    distinct = np.unique(values[np.isfinite(values)])
    for codes in CODES:
        bare = [code for code in codes if code not in labels]
        held = np.isin(distinct, bare)
        rest = distinct[~np.isin(distinct, codes)]
        if not held.any() or not rest.size:
            continue
        apart = rest.max() < codes[0] - 7 if codes[0] > 0 else rest.min() >= 0
        if apart and (rest == np.round(rest)).all():
            return distinct[held].tolist(), int(np.isin(values, bare).sum())
    return [], 0
