"""Values on all sides of the constants that columns are compared with: one for each way to answer."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..grammar import Compared
from .columns import codes_of

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["points_of"]


def points_of(d: Definition, found: Iterable[Compared | None]) -> dict[str, list[Any]]:
    """Return values by column; none for a column that is compared with numbers and with text."""
    constants: dict[str, set[Any]] = {}
    truths: set[str] = set()
    for each in found:
        if each is not None:
            truths |= each.truths
            for column, values in each.constants.items():
                constants.setdefault(column, set()).update(values)
    return {
        column: [0.0, 1.0] if column in truths else _points(d, column, values)
        for column, values in constants.items()
    }


def _points(d: Definition, column: str, constants: set[Any]) -> list[Any]:
    codes = codes_of(column, d.missing_codes)[0]
    if all(isinstance(value, str) for value in constants):
        named = sorted(constants - {str(code) for code in codes})
        return [*named, "".join(sorted(constants)) + "?"]  # and a word that is none of them
    if any(isinstance(value, str) for value in constants):
        return []
    sides = sorted(float(value) for value in constants)
    between = [(one + two) / 2 for one, two in pairwise(sides)]
    low, high = -np.inf, np.inf
    if column == d.age_column and d.age is not None:
        low, high = d.age[0], d.age[1] + 1
    values = {*sides, *between, sides[0] - 1, sides[-1] + 1, low, (low + high) / 2}
    inside = [value for value in values if np.isfinite(value) and low <= value < high]
    return sorted(value for value in inside if value not in codes)
