"""Holes in a definition: cut-offs that the user must confirm before it can be used."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import shown

__all__ = ["filled", "literal", "names_in", "plugged"]

# Names in backticks and texts in quotes are left alone.
HOLE = re.compile(r"""`[^`]*`|'[^']*'|"[^"]*"|\{\s*([^\W\d]\w*)\s*\}""")


def names_in(text: str) -> list[str]:
    """Return the names of the holes in a text, in order, each once."""
    return list(dict.fromkeys(found[1] for found in HOLE.finditer(text) if found[1]))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put texts into the holes that are named."""

    def put(found: re.Match[str]) -> str:
        return values.get(found[1], found[0]) if found[1] else found[0]

    return HOLE.sub(put, text)


def plugged(text: str) -> tuple[str, set[str]]:
    """Return a text with a name in place of each hole, and these names."""
    stand_ins = {name: f"_hole_{name}" for name in names_in(text)}
    return filled(text, stand_ins), set(stand_ins.values())


def literal(name: str, value: Any) -> str:
    """Return a number, a text or a list of them as the grammar writes it."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (list, tuple)) and value:
        return f"[{', '.join(literal(name, item) for item in value)}]"
    number = isinstance(value, (int, float)) and math.isfinite(value)
    if number or isinstance(value, str):
        return repr(value)
    raise TypeError(
        f"{name} must be filled with a number, a text or a list of them: found {shown(value)}. "
        "Write the cut-off of the standard that you follow."
    )
