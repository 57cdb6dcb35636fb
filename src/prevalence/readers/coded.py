"""From a table with value labels to `Microdata`: what Stata and SPSS files have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import text
from ..microdata import Kind, Microdata, Variable
from ..missing_codes import declared_missing
from .unanswered import check_declared, labelled_missing, warn_of_codes

__all__: list[str] = []

Array = NDArray[Any]


def coded(
    table: str,
    frame: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    codes: Mapping[str, Mapping[Any, str]],
    missing: Mapping[str, Mapping[Any, str]],
    dates: Sequence[str],
    why: Mapping[str, Array],
    missing_codes: Any,
    language: str,
    notes: Sequence[str],
) -> Microdata:
    """Return a table whose missing codes are nan: declared in the file, by label, or by the user."""
    text("language", language, "Write 'en' or 'fr'.")
    check_declared(missing_codes, frame.columns)
    variables, plain = [], []
    for name in map(str, frame.columns):
        known = codes.get(name, {})
        gone = {**labelled_missing(known), **missing.get(name, {})}
        gone |= declared_missing(name, missing_codes)
        kind = _kind(frame[name], name in dates, bool(set(known) - set(gone)))
        if kind == "choice" or (kind == "number" and not gone):
            plain.append(name)
        variables.append(
            Variable(
                name,
                table,
                kind,
                {language: labels[name]} if labels.get(name) else {},
                {code: {language: label} for code, label in known.items()},
                gone,
            )
        )
    said = [*notes, *(warn_of_codes(frame, plain, codes) if missing_codes is None else [])]
    reasons = {(table, name): reason for name, reason in why.items()}
    return Microdata.from_codes(
        {table: frame}, variables, why=reasons, languages=(language,), notes=said
    )


def _kind(column: pd.Series[Any], date: bool, labelled: bool) -> Kind:
    if date:
        return "date"
    if labelled:
        return "choice"
    if column.dtype.kind in "biuf":
        return "number"
    return "text" if pd.api.types.is_string_dtype(column) or _texts(column) else "other"


def _texts(column: pd.Series[Any]) -> bool:
    return all(isinstance(x, str) for x in column.dropna())


def blank_texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of text in which the empty text is missing."""
    empty = (column == "").fillna(False).to_numpy(dtype=bool)
    return column.mask(empty) if empty.any() else column


def as_codes(labels: Mapping[Any, str]) -> dict[Any, str]:
    """Return labels by code, whole numbers as int."""
    out: dict[Any, str] = {}
    for code, label in labels.items():
        number = isinstance(code, (int, float, np.integer, np.floating))
        whole = number and float(code).is_integer()
        out[int(code) if whole else (float(code) if number else code)] = str(label).strip()
    return out
