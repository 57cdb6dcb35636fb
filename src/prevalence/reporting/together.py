"""Tables of one page that tell each other's small cells, as areas and the regions that they make up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..disclosure import (
    FEWEST_CASES,
    FEWEST_ROWS,
    FEWEST_UNITS,
    MARK,
    column_of,
    complement,
    masked,
    reasons_of,
)
from ..errors import warn

Array = NDArray[Any]
ACROSS = f"{MARK}: to protect a row of another table"
FEWEST = {"minimum_n": FEWEST_ROWS, "minimum_cases": FEWEST_CASES}
COUNTED = ("n", "missing", "cases", "psus", "psus_with_cases")  # in this order
CLOSE = 1e-6  # of coefficients that are 0 or simple fractions
ALL_SETS = 14  # rows of which every set is tried


class Whole(NamedTuple):
    """A published row of another table, and the rows that make it up."""

    parts: Array  # one truth value per row
    table: str
    row: int


class Fine(NamedTuple):
    """The domains of one outcome in a table: where they stand, and which are suppressed."""

    table: str
    at: Array
    frame: pd.DataFrame
    secret: Array

    def sizes(self) -> tuple[Array, float]:
        """Return cases of each row, or rows where nobody is known to be a case, and their minimum."""
        cases = column_of(self.frame, "cases")
        if np.isnan(cases).all():
            return np.nan_to_num(column_of(self.frame, "n")), FEWEST["minimum_n"]
        return np.nan_to_num(cases), FEWEST["minimum_cases"]

    def smallest(self, among: Array) -> tuple[str, int] | None:
        """Return the smallest of some rows; None of none."""
        rows = np.flatnonzero(among)
        least = rows[np.argmin(self.sizes()[0][rows])] if rows.size else None
        return None if least is None else (self.table, int(self.at[least]))


def suppress_together(
    frames: Mapping[str, pd.DataFrame], *, tell: bool = True
) -> dict[str, pd.DataFrame]:
    """Return tables as `suppress` does, and with more rows suppressed where tables tell each other's.

    A region less its other areas is the area that is suppressed. Which rows make up a row of another
    table is read from their counts: of at most 14 rows of one outcome every set is tried, of more
    only rows that follow one another.
    """
    reasons = {
        name: reasons_of(frame, FEWEST_ROWS, FEWEST_CASES, FEWEST_UNITS, "")
        for name, frame in frames.items()
    }
    for name, frame in frames.items():
        complement(frame, reasons[name], **FEWEST)
    before = {name: sum(1 for why in reason if why) for name, reason in reasons.items()}
    while (told := _told(frames, reasons)) is not None:
        name, row = told
        reasons[name][row] = ACROSS
        complement(frames[name], reasons[name], **FEWEST)
    more: dict[str, int] = {
        name: sum(1 for why in reason if why) - before[name] for name, reason in reasons.items()
    }
    count = sum(more.values(), 0)
    if tell and count:
        first = next(name for name, here in more.items() if here)
        warn(
            f"tables of one publication must not tell each other's small cells: {count:,} "
            f"rows more are suppressed, which one table less another would tell (first: of {first!r}). "
            "Publish one of the tables, or merge domains."
        )
    return {name: masked(frame, reasons[name], "") for name, frame in frames.items()}


def _told(
    frames: Mapping[str, pd.DataFrame], reasons: Mapping[str, list[str]]
) -> tuple[str, int] | None:
    """Return a row to suppress so that one table less another tells less; None if all is well."""
    for name, frame in frames.items():
        secret = np.array([bool(r) and "an estimate below" not in r for r in reasons[name]])
        for at in _groups(frame):
            if not secret[at].any():
                continue
            fine = Fine(name, at, frame.iloc[at], secret[at])
            wholes = [
                whole
                for other, coarse in frames.items()
                if other != name
                for whole in _wholes(fine.frame, coarse, other, reasons[other])
            ]
            if found := _by_one(fine, wholes) or _by_several(fine, wholes):
                return found
    return None


def _groups(frame: pd.DataFrame) -> Iterator[Array]:
    """Yield the positions of the domains of each outcome."""
    outcome, domain = frame["outcome"].astype(str), frame["domain"].astype(str)
    for _, group in outcome[domain != "all"].groupby(outcome, sort=False):
        yield frame.index.get_indexer(group.index)


def _by_one(fine: Fine, wholes: list[Whole]) -> tuple[str, int] | None:
    """Find a row of another table whose suppressed part is one row, or too few."""
    size, least = fine.sizes()
    for whole in wholes:
        hidden = whole.parts & fine.secret
        if hidden.any() and (hidden.sum() == 1 or size[hidden].sum() < least):
            return fine.smallest(whole.parts & ~fine.secret) or (whole.table, whole.row)
    return None


def _by_several(fine: Fine, wholes: list[Whole]) -> tuple[str, int] | None:
    """Find a suppressed row that several rows of other tables tell by sums and differences."""
    if not wholes:
        return None
    size, count = fine.sizes()[0], len(fine.secret)
    shown = np.flatnonzero(~fine.secret)
    known = [np.ones(count), *(whole.parts for whole in wholes), *np.eye(count)[shown]]
    span = np.array(known, dtype=float).T
    for row in np.flatnonzero(fine.secret):
        wanted = np.eye(count)[row]
        share = np.linalg.lstsq(span, wanted, rcond=None)[0]
        if np.abs(span @ share - wanted).max() > CLOSE:
            continue
        used = np.abs(share) > CLOSE
        among = np.zeros(count, dtype=bool)
        among[shown] = used[1 + len(wholes) :]
        by = [whole for whole, u in zip(wholes, used[1:], strict=False) if u]
        if by:
            least = min(by, key=lambda whole: float(size[whole.parts].sum()))
            return fine.smallest(among) or (least.table, least.row)
    return None


def _wholes(
    fine: pd.DataFrame, coarse: pd.DataFrame, table: str, published: list[str]
) -> Iterator[Whole]:
    """Yield published rows of another table that rows of this one make up."""
    counts = np.nan_to_num(np.array([column_of(fine, name) for name in COUNTED]).T)
    wanted = np.array([column_of(coarse, name) for name in COUNTED]).T
    sets = _sets(len(fine))
    sums = sets @ counts
    for row, (why, domain) in enumerate(zip(published, coarse["domain"], strict=True)):
        if why or not np.isfinite(wanted[row, 0]):
            continue
        people, units = np.nan_to_num(wanted[row, :3]), np.nan_to_num(wanted[row, 3:])
        same = (sums[:, :3] == people).all(axis=1)
        found = same & (sums[:, 3:] == units).all(axis=1)
        if not found.any() and len(fine) <= ALL_SETS // 2:  # units with rows of several domains
            found = same & (sums[:, 3:] >= units).all(axis=1)
        if domain == "all":  # the total over all rows is taken for known as it is
            found &= ~sets.all(axis=1)
        yield from (Whole(sets[k], table, row) for k in np.flatnonzero(found))


@cache
def _sets(count: int) -> Array:
    """Return sets of rows: all of a few, of many those that follow one another."""
    if count <= ALL_SETS:
        return (np.arange(1, 2**count)[:, None] >> np.arange(count) & 1).astype(bool)
    first, last = np.triu_indices(count)
    row = np.arange(count)
    return (row >= first[:, None]) & (row <= last[:, None])
