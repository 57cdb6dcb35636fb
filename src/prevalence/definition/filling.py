"""A definition with its holes filled: in conditions, in who was asked, and in thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import nearest
from .holes import filled, literal
from .rules import refilled

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["filled_parts"]


def filled_parts(d: Definition, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a definition that change when holes are filled."""
    for name in values:
        if name not in d.holes:
            raise TypeError(
                f"fill takes the holes of the definition: found {name!r}."
                f"{nearest(name, d.holes) or ' There are none left.'}"
            )
    texts = {name: literal(name, value) for name, value in values.items()}

    def put(condition: Any) -> Any:
        if isinstance(condition, Mapping):
            return {window: put(text) for window, text in condition.items()}
        return filled(condition, texts) if isinstance(condition, str) else condition

    return {
        "indicators": {
            name: replace(indicator, expr=put(indicator.expr), asked=put(indicator.asked))
            for name, indicator in d.indicators.items()
        },
        "rule": refilled(d.rule, values),
        "child_override": d.child_override and refilled(d.child_override, values),
        "eligible": put(d.eligible),
        "holes": {name: words for name, words in d.holes.items() if name not in values},
    }
