"""Columns for conditions with missing values: declared codes out, suspicious ones named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import check_rows, nearest, shown
from ..frames import Table, as_float, label_of

__all__ = ["Codes", "check_codes", "codes_of", "read_columns"]

Array = NDArray[Any]
Codes = tuple[Any, ...] | dict[str, tuple[Any, ...]] | None
SUSPECT = tuple(sign * code for code in (97, 98, 99, 997, 998, 999) for sign in (1, -1))


def check_codes(codes: Any, columns: Sequence[str]) -> Codes:
    """Return declared missing codes: for all columns, or by column; each once, sorted."""
    if codes is None:
        return None
    if isinstance(codes, Mapping):
        for column in codes:
            if column not in columns:
                raise ValueError(
                    f"missing_codes must name columns of the definition: {column!r} is in no "
                    f"condition.{nearest(column, columns)}"
                )
        return {str(column): _codes(found) for column, found in codes.items()} or None
    return _codes(codes)


def _codes(codes: Any) -> tuple[Any, ...]:
    found = [codes] if isinstance(codes, (str, int, float)) else list(codes)
    out = []
    for code in [code.item() if isinstance(code, np.generic) else code for code in found]:
        if isinstance(code, bool) or not isinstance(code, (int, float, str)) or code != code:  # noqa: PLR0124 - nan differs from itself
            raise TypeError(
                f"missing_codes must be numbers or text: found {shown(code)}. Missing cells need no "
                "code."
            )
        out.append(int(code) if isinstance(code, float) and code == int(code) else code)
    return tuple(sorted(set(out), key=lambda code: (isinstance(code, str), code)))


def codes_of(column: str, codes: Codes) -> tuple[tuple[Any, ...], bool]:
    """Return the missing codes of a column, and whether all of its codes are told."""
    if isinstance(codes, dict):
        return codes.get(column, ()), column in codes
    return codes or (), codes == ()


def read_columns(table: Table, wanted: Mapping[str, str], codes: Codes) -> dict[str, Array]:
    """Return columns with nan or None where missing; `wanted` has the argument that asks for each."""
    out = {}
    for name, argument in wanted.items():
        declared, told = codes_of(name, codes)
        suspects = () if told else SUSPECT
        out[name] = _without(table.raw(name, argument), name, argument, declared, suspects)
    return out


def _without(
    raw: Any, name: str, argument: str, codes: tuple[Any, ...], suspects: tuple[int, ...]
) -> Array:
    """Return numbers with nan, or text with None, for the missing and for the declared codes."""
    kind = getattr(getattr(raw, "dtype", None), "kind", "O")
    if kind not in "OUST":
        values = as_float(raw, name, argument)
        gone = np.isin(values, [code for code in codes if not isinstance(code, str)])
        values = np.where(gone, np.nan, values) if gone.any() else values
        remedy = "Correct them."
        check_rows(argument, f"finite in {name!r}", values, np.isinf(values), remedy)
        if suspects and (np.abs(values) >= min(map(abs, suspects))).any():
            for code in suspects:
                _check_suspect(values == code, code, name)
        return values
    return _of_objects(raw, name, argument, {label_of(code) for code in codes}, suspects)


def _of_objects(
    raw: Any, name: str, argument: str, codes: set[str], suspects: tuple[int, ...]
) -> Array:
    """Return a column of objects: numbers where all that is left is numbers, else text."""
    values = raw.to_numpy(dtype=object) if isinstance(raw, pd.Series) else np.asarray(raw, object)
    try:
        place, found = pd.factorize(values)
    except TypeError:
        found = np.array([[]], dtype=object)
    if any(not isinstance(x, (str, bytes, bool, int, float, Decimal, np.generic)) for x in found):
        raise TypeError(
            f"{argument} must be numbers or text: column {name!r} holds neither. Compute a column "
            "of codes from it beforehand."
        )
    labels = [label_of(x) for x in found]
    for code in suspects:
        if str(code) in labels and str(code) not in codes:
            at = [k for k, label in enumerate(labels) if label == str(code)]
            _check_suspect(np.isin(place, at), code, name)
    gone = np.array([label in codes or not label.strip() for label in labels] + [True])
    left = [x for x, out in zip(found, gone[:-1], strict=True) if not out]
    if not any(isinstance(x, (str, bytes)) for x in left):
        numbers = [np.nan if out else float(x) for x, out in zip(found, gone[:-1], strict=True)]
        return np.asarray(np.array([*numbers, np.nan])[place])
    words = np.array([*labels, None], dtype=object)
    words[gone] = None
    return np.asarray(words[place])


def _check_suspect(rows: Array, code: int, name: str) -> None:
    """Refuse numbers that look like codes for missing answers and that nobody declared."""
    if rows.any():
        raise ValueError(
            f"missing_codes must say what {code} is: column {name!r} holds it in "
            f"{int(rows.sum()):,} of {rows.size:,} rows (first: row {int(np.argmax(rows))}). Pass "
            f"for example missing_codes=[{code}] where it stands for no answer, or "
            f"missing_codes={{{name!r}: []}} where all of the column's codes are values."
        )
