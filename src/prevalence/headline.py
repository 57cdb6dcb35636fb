"""The number of an estimate and its interval in words: what stands first wherever it is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .estimate import Estimate
from .intervals import PROPORTION_RULES
from .rounding import shown

__all__ = ["facts_of", "headlines", "is_bound", "is_floor"]

Array = NDArray[Any]
POSSIBLE = {"proportion": (0.0, 1.0), "count": (0.0, np.inf)}


def headlines(e: Estimate, table: pd.DataFrame, level: float = 0.95) -> list[tuple[str, str]]:
    """Return the number and its interval in words, of every row of an estimate's table.

    The number of a floor is its lower limit: "at least" is not said of a middle. That of a share
    without a case is its one-sided upper limit: "at most".
    """
    out, interval = [], f"{100 * level:g} % {_kind(e)}"
    unit = "proportion" if e.method == "validated" else e.unit
    rows = zip(
        table["estimate"], table["conf_low"], table["conf_high"], _ceilings(e, level), strict=True
    )
    for value, low, high, ceiling in rows:
        if np.isfinite(value) and np.isfinite(ceiling):
            number = shown(ceiling, 0.0, ceiling, e.unit)[0]
            kind = "" if _kind(e) == "interval" else f" {_kind(e)}"
            out.append((f"at most {number}", f"one-sided {100 * level:g} %{kind}"))
            continue
        number, below, above = shown(value, low, high, unit)
        if unit in POSSIBLE and np.isfinite(value):
            below, above = _within(unit, (low, high), (below, above))
            if not POSSIBLE[unit][0] <= value <= POSSIBLE[unit][1]:
                limits = f"{below} to {above}"
                out.append(_outside(number, value, unit, (low, high), (interval, limits)))
                continue
        words = (
            f"{interval} {below} to {above}" if np.isfinite([low, high]).any() else "no interval"
        )
        if is_floor(e) and np.isfinite([value, low]).all():
            kind = "lower bound" if is_bound(e) else "estimate"
            number, words = f"at least about {below}", f"{kind} {number}, {words}"
        out.append((number, words))
    return out


def _within(unit: str, limits: tuple[float, float], texts: tuple[str, str]) -> tuple[str, str]:
    """Return the limits of an interval in words, none of them below what is possible or above it."""
    (least, most), (low, high) = POSSIBLE[unit], limits
    return "0" if low < least else texts[0], "100" if high > most else texts[1]


def _outside(
    computed: str, value: float, unit: str, limits: tuple[float, float], words: tuple[str, str]
) -> tuple[str, str]:
    """Return the nearest possible number to a value that is none, and what was computed.

    An instrument that errs and a question that is masked leave such values, which tables keep.
    """
    (least, most), (low, high) = POSSIBLE[unit], limits
    sign = " %" if unit == "proportion" else ""
    end = f"{0 if value < least else 100}{sign}"
    interval = " ".join(words)
    if not np.isfinite(limits).any():
        interval = "no interval"
    elif high <= least or low >= most:
        interval = f"its {words[0]} holds nothing {'above' if value < least else 'below'} {end}"
    return end, f"computed as {computed}, {interval}"


def _kind(e: Estimate) -> str:
    """Name the interval; a posterior one holds what its model takes for granted."""
    if e.interval_rule != "posterior":
        return "interval"
    model = e.provenance.get("model")
    return f"posterior interval of the {model} model" if model else "posterior interval"


def _ceilings(e: Estimate, level: float) -> Array:
    """Return one-sided upper limits of shares and counts of a survey without a case, else nan.

    A posterior without a report is what its prior and the sample leave open: an upper limit too.
    """
    told = "deff" if e.interval_rule in PROPORTION_RULES else "one_report"
    none = (e.value == 0) & (told in e.constants)
    if e.interval_rule == "posterior":
        none = facts_of(e, "cases") == 0
    if not none.any() or level <= 0.5 or e.unit not in ("proportion", "count"):
        return np.full(len(e), np.nan)
    return np.where(none, e.at_most(level), np.nan)


def is_floor(e: Estimate) -> bool:
    """Tell whether the estimate is a lower bound under its assumption."""
    return bool(e.provenance.get("floor"))


def is_bound(e: Estimate) -> bool:
    """Tell whether the method itself gives a lower bound and no estimate."""
    return bool(e.provenance.get("lower bound"))


def facts_of(e: Estimate, name: str) -> Array:
    """Return a fact of every row as numbers, nan where it is not told."""
    fact = e.facts.get(name)
    found = np.full(len(e), np.nan) if fact is None else np.asarray(fact, dtype=float)
    return np.broadcast_to(found, (len(e),))
