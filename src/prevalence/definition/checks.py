"""Checks of the parts of a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import mapping, nearest, shown, text
from .holes import names_in
from .indicator import Indicator
from .rules import thresholds

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["check_holes", "check_windows", "checked_ages", "checked_indicators", "checked_texts"]


def checked_indicators(indicators: Any) -> dict[str, Indicator]:
    """Return indicators by name, at least one."""
    found = mapping(
        "indicators", indicators, 'Write for example {"debt": pv.Indicator("q2 == 1")}.'
    )
    if not found:
        raise ValueError("indicators must not be empty: found none. Give at least one.")
    for name, indicator in found.items():
        text("indicators", name, "Write names as text.")
        if not name or not isinstance(indicator, Indicator):
            raise TypeError(
                f"indicators must be Indicators by name: {name!r} is {shown(indicator)}. Write "
                'pv.Indicator("q2 == 1").'
            )
    return {str(name): i for name, i in found.items() if isinstance(i, Indicator)}


def checked_texts(argument: str, given: Any) -> dict[str, str]:
    """Return texts by name."""
    found = mapping(argument, given, "Write one text for each name.")
    for name, words in found.items():
        text(argument, name, "Write names as text.")
        text(argument, words, "Write in words what must be confirmed, and where to look.")
    return {str(name): str(words) for name, words in found.items()}


def checked_ages(age: Any) -> tuple[float, float] | None:
    """Return the lowest and the highest age, whole numbers as such."""
    if age is None:
        return None
    try:
        low, high = (float(x) for x in age)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if not 0 <= low <= high < float("inf"):
        raise ValueError(
            f"age must be the lowest and the highest age: found {shown(age)}. Write for example "
            "(5, 17), or None for any age."
        )
    ends = [int(x) if x == int(x) else x for x in (low, high)]
    return ends[0], ends[1]


def check_windows(d: Definition) -> None:
    """Check that windows of indicators exist, and that the one that is meant can be classified."""
    for name, indicator in d.indicators.items():
        for window in indicator.windows:
            if window not in d.windows:
                raise ValueError(
                    f"windows must name all that indicators have: {window!r} of {name!r} is not "
                    f"among them.{nearest(window, d.windows)}"
                )
    if d.window is not None:
        text("window", d.window, "Write one of the windows.")
        d.at(d.window)


def check_holes(d: Definition) -> None:
    """Check that the holes in use are those that are declared."""
    conditions = [
        condition
        for i in d.indicators.values()
        for condition in ([i.expr] if isinstance(i.expr, str) else [*i.expr.values()])
    ]
    conditions += [i.asked for i in d.indicators.values() if i.asked is not None]
    conditions += [d.eligible] if d.eligible is not None else []
    found = {name for condition in conditions for name in names_in(condition)}
    found |= {name for rule in (d.rule, d.child_override) if rule for name in thresholds(rule)}
    for name in sorted(found ^ set(d.holes)):
        what = "is not used" if name in d.holes else "has no words"
        hint = nearest(name, found - set(d.holes) if name in d.holes else set(d.holes) - found)
        raise ValueError(
            f"holes must say of each hole in use what must be confirmed: {name!r} {what}."
            f"{hint or ' Correct it.'}"
        )
