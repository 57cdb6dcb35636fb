"""The audit of a classification: what each indicator found, and what is not known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..grammar import Truth

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["audited"]

Array = NDArray[Any]


def audited(
    d: Definition,
    answers: Mapping[str, Truth],
    outcome: Truth,
    not_asked: Mapping[str, Array],
    eligible: NDArray[np.bool_],
    w: Array,
) -> pd.DataFrame:
    """Return one row per indicator and one for the outcome, over eligible rows with weight."""
    rows = np.flatnonzero(eligible & (w != 0))
    share = w[rows] / w[rows].sum() if rows.size else w[rows]
    table = [
        {
            "indicator": name,
            "domain": indicator.domain,
            "strength": indicator.strength,
            **_counted(answers[name], not_asked[name], rows, share),
        }
        for name, indicator in d.indicators.items()
    ]
    none = np.zeros(w.size, dtype=bool)
    last = {"indicator": "outcome", "domain": "", "strength": ""}
    table.append({**last, **_counted(outcome, none, rows, share)})
    if d.missing == "as_negative":
        table[-1]["share"] = table[-1]["lowest"]
    return pd.DataFrame(table)


def _counted(answer: Truth, not_asked: Array, rows: Array, share: Array) -> dict[str, Any]:
    """Return counts, and weighted shares of yes among the known and at their bounds."""
    must, may, skipped = answer.must[rows], answer.may[rows], not_asked[rows]
    known = must == may
    people = float(share[known].sum())
    return {
        "asked": int(rows.size - skipped.sum()),
        "fired": int(must.sum()),
        "share": float(share[must].sum()) / people if people > 0 else np.nan,
        "lowest": float(share[must].sum()) if rows.size else np.nan,
        "highest": float(share[may].sum()) if rows.size else np.nan,
        "missing": int((~known & ~skipped).sum()),
        "not_asked": int(skipped.sum()),
    }
