"""Codes that stand for no value, such as 98 for "don't know": taken out of columns, with their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import shown

__all__ = ["BLANK", "Code", "as_missing", "declared_missing", "is_code"]

Array = NDArray[Any]
Code = str | int | float
BLANK = "blank"


def as_missing(column: pd.Series[Any], missing: Mapping[Code, str]) -> tuple[pd.Series[Any], Array]:
    """Return a column whose missing codes are nan, and why each value is missing.

    A code of a column of numbers is compared as a number, of any other as text.

    Parameters
    ----------
    column : pandas.Series
        Values as they were read.
    missing : Mapping[code, str]
        Codes that are no values, and what each says.

    Returns
    -------
    column : pandas.Series
        nan in place of codes.
    why : array of str
        The reason of each missing value, "blank" where it was missing already, else "".
    """
    why = np.where(column.isna().to_numpy(), BLANK, "").astype(object)
    numeric = column.dtype.kind in "biuf"
    values = column.to_numpy() if numeric else column.astype(object).to_numpy()
    for code, reason in missing.items():
        found = values == (_number(code) if numeric else code)
        why[np.asarray(found, dtype=bool)] = reason
    gone = (why != "") & (why != BLANK)
    return (column.mask(gone) if gone.any() else column), why


def declared_missing(name: str, missing_codes: Any) -> dict[Code, str]:
    """Return the codes that a user declared missing for a column, each with its reason.

    Parameters
    ----------
    name : str
        Name of the column.
    missing_codes : Mapping or Sequence
        Codes with their reasons, or names of columns with codes and reasons, or a list of codes.

    Returns
    -------
    dict
        Reasons by code.
    """
    if missing_codes is None:
        return {}
    if not isinstance(missing_codes, Mapping):
        if isinstance(missing_codes, (str, bytes)) or not isinstance(missing_codes, Sequence):
            raise TypeError(
                "missing_codes must be codes with their reasons: found "
                f'{shown(missing_codes)}. Write for example {{98: "don\'t know"}}.'
            )
        wrong = [code for code in missing_codes if not is_code(code)]
        if wrong:
            raise TypeError(
                f"missing_codes must be codes: found {shown(wrong[0])} among them. Write for example "
                "[98, 99], or {'age': [98, 99]} for one column."
            )
        return dict.fromkeys(missing_codes, "missing code")
    out: dict[Code, str] = {}
    for code, reason in missing_codes.items():
        if not isinstance(reason, str) and code == name:
            return declared_missing(name, reason)
        if isinstance(reason, str):
            out[code] = reason
    return out


def is_code(value: object) -> bool:
    """Return whether a value can be a code or a name: a tuple of a list cannot."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _number(code: Code) -> float:
    try:
        return float(code)
    except ValueError:
        return np.nan
