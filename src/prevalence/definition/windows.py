"""Windows of time: their order, and answers that are yes within one and no in a wider one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import warn
from ..grammar import Truth

__all__ = ["check_order", "contradictory", "implied", "judge"]

DAYS = {"d": 1.0, "w": 7.0, "m": 30.5, "y": 366.0}
LENGTH = re.compile(r"(\d+)\s*([dwmy])[a-z]*")


def check_order(windows: Any) -> tuple[str, ...]:
    """Return the names of windows, which go from the widest to the narrowest."""
    out = (windows,) if isinstance(windows, str) else tuple(windows)
    if any(not isinstance(name, str) or not name for name in out) or len(set(out)) < len(out):
        raise ValueError(
            f"windows must be different names: found {list(out)}. Write for example "
            '("lifetime", "12m", "current").'
        )
    known = [(name, days) for name in out for days in [_days(name)] if days is not None]
    for (wide, one), (narrow, two) in pairwise(known):
        if one <= two:
            raise ValueError(
                f"windows must go from the widest to the narrowest: {narrow!r} stands after "
                f"{wide!r}. Put the wider one first."
            )
    return out


def _days(name: str) -> float | None:
    """Return the length of a window that its name tells."""
    found = LENGTH.fullmatch(name.casefold())
    if found:
        return int(found[1]) * DAYS[found[2]]
    return {"lifetime": np.inf, "ever": np.inf, "current": 0.0}.get(name.casefold())


def contradictory(
    answers: Mapping[str, Mapping[str | None, Truth]],
    windows: Sequence[str],
    rows: NDArray[np.bool_],
) -> pd.DataFrame:
    """Return how many rows say yes within a window and no in a wider one, by indicator."""
    found = []
    for name, by_window in answers.items():
        for wide, narrow in combinations([w for w in windows if w in by_window], 2):
            hit = np.flatnonzero(by_window[narrow].must & ~by_window[wide].may & rows)
            if hit.size:
                found.append((name, narrow, wide, hit.size, int(hit[0])))
    return pd.DataFrame(found, columns=["indicator", "narrower", "wider", "n", "first_row"])


def judge(found: pd.DataFrame, rows: int, contradictions: str) -> None:
    """Refuse contradictions between windows, or say what became of them."""
    if found.empty:
        return
    first = found.iloc[0]
    more = f", and {len(found) - 1:,} more pairs" if len(found) > 1 else ""
    words = (
        f"answers must be no within a window where they are no in a wider one: {first['n']:,} of "
        f"{rows:,} rows of {first['indicator']!r} say yes to {first['narrower']!r} and no to "
        f"{first['wider']!r} (first: row {first['first_row']}{more})."
    )
    if contradictions == "error":
        raise ValueError(
            f'{words} Correct them, or pass contradictions="keep" to classify each window by its '
            'own answers, or "imply" to count a yes within as a yes in the wider window.'
        )
    done = "count as answered" if contradictions == "keep" else "count as yes in the wider window"
    warn(f"{words} They {done}.")


def implied(answers: Mapping[str | None, Truth], window: str | None) -> Truth:
    """Return the answers at a window, yes also where a narrower one, given too, says yes."""
    own = answers[window]
    yes = np.logical_or.reduce([answer.must for answer in answers.values()])
    return Truth(yes, own.may | yes)
