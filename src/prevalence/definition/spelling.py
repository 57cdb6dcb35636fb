"""Texts in conditions that a column spells otherwise: `sex == 'Girl'` where rows hold girl."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from ..errors import warn
from ..grammar import compared

__all__ = ["say_spelled_otherwise"]

Array = NDArray[Any]


def say_spelled_otherwise(conditions: Iterable[str], columns: Mapping[str, Array]) -> None:
    """Warn of texts that no row holds, where rows hold them in other letters or with spaces."""
    odd: list[tuple[str, str, str]] = []
    for column, texts in _texts(conditions).items():
        if columns[column].dtype.kind != "O":
            continue
        held = [x for x in pd.unique(columns[column]) if isinstance(x, str)]
        like = {_plain(x): x for x in held}
        odd += [
            (text, column, like[_plain(text)])
            for text in sorted(texts - {*held})
            if _plain(text) in like
        ]
    if odd:
        text, column, there = odd[0]
        more = f" ({len(odd) - 1:,} more like it)" if len(odd) > 1 else ""
        warn(
            f"texts in conditions should be those of the column: {text!r} is in no row of {column!r}, "
            f"which has {there!r}{more}. It holds for nobody; write it as the column does."
        )


def _texts(conditions: Iterable[str]) -> dict[str, set[str]]:
    """Return the texts that each column is compared with."""
    out: dict[str, set[str]] = {}
    for condition in dict.fromkeys(conditions):
        found = compared(condition)
        for column, values in found.constants.items() if found else ():
            out.setdefault(column, set()).update(x for x in values if isinstance(x, str))
    return out


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
