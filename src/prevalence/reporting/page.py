"""A comparison on its way to the page: its tables protected first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from ..disclosure import is_suppressed, switched_on
from ..errors import DisclosureError
from ..estimate import Estimate
from ..presentation import plain_name
from .together import suppress_together


class Compared(Protocol):
    """What `prevalence.compare` returns."""

    @property
    def estimates(self) -> Mapping[str, Estimate]: ...

    @property
    def side_by_side(self) -> bool: ...

    def to_frame(self, level: float = 0.95) -> pd.DataFrame: ...


@dataclass
class Page:
    """A comparison on its way to the page: protected tables, and figures counted as drawn."""

    comparison: Compared
    tables: dict[str, pd.DataFrame]
    rows: pd.DataFrame
    disclosure: str
    synthetic: bool
    figures: int = field(default=0)

    @property
    def protected(self) -> bool:
        """Whether small cells are kept out."""
        return switched_on(self.disclosure)


#: The example in a warning, which may be of a suppressed row: "(2 of 14 rows; first: A, 0.1)".
EXAMPLE = re.compile(r" \(first: [^()]*\)|; first: [^()]*(?=\))")


def page_of(comparison: Compared, disclosure: str, synthetic: bool, level: float = 0.95) -> Page:
    """Protect the tables of a comparison, and refuse if none of their rows is safe."""
    if not comparison.estimates:
        raise ValueError("comparison must have an estimate: found none. Compare at least one.")
    protected = switched_on(disclosure)
    tables = {
        name: e.to_frame(level).assign(name=name, unit=e.unit)
        for name, e in comparison.estimates.items()
    }
    if protected:
        tables = suppress_together(tables)
    if protected and all(is_suppressed(t).all() for t in tables.values()):
        first = next(iter(tables.values()))["flag"].iloc[0]
        raise DisclosureError(
            f"what is published must have an estimate that is safe: none of {len(tables)} has one "
            f"(first: {first}). Use a larger sample or coarser domains."
        )
    return Page(comparison, tables, _rows(comparison, tables, level), disclosure, synthetic)


def _rows(comparison: Compared, tables: Mapping[str, pd.DataFrame], level: float) -> pd.DataFrame:
    """Return the comparison's table with the protected numbers in place of its own."""
    keys = ["name", "outcome", "domain"]
    numbers = ["estimate", "std_error", "conf_low", "conf_high"]
    safe = pd.concat([t[[*keys, *numbers, "flag"]] for t in tables.values()], ignore_index=True)
    given = comparison.to_frame(level).drop(columns=[*numbers, "flag"], errors="ignore")
    rows = given.merge(safe, on=keys, how="left", validate="many_to_one")
    rows["flag"] = rows["flag"].fillna("suppressed: not among the checked rows")
    hidden = is_suppressed(rows)
    for name in ("truth", "covers"):
        if name not in rows:
            rows[name] = np.nan
        rows[name] = rows[name].mask(hidden)
    return rows


def title_of(name: str) -> str:
    """Return a name as the title of a part of the page."""
    words = plain_name(name)
    return words[:1].upper() + words[1:]
