"""Repeats that an export wrote side by side (age_1, age_2, ...), taken apart into tables of rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .answers import as_numbers
from .headers import question_keys
from .linking import Table
from .sheets import Column, Sheet, column
from .xlsform import Form

__all__ = ["taken_apart"]

Array = NDArray[Any]
Place = tuple[int, ...]
Cell = tuple[int, Place]  # the row of the submission, and the numbers of the repeats


class Beside(NamedTuple):
    """One column of a repeat: where it is, its header without numbers, the numbers."""

    at: int
    title: str
    place: Place


def taken_apart(found: Sequence[Table], form: Form) -> list[Table]:
    """Return the tables with repeats that stand side by side in the first as tables of their own."""
    root = found[0]
    here = {table.repeat for table in found}
    keys = root.column("KEY") or root.column("instanceID")
    beside = {name: _columns(root.sheet, form, name) for name in form.repeats if name not in here}
    beside = {name: columns for name, columns in beside.items() if columns}
    if not beside or keys is None:
        return list(found)
    cells: dict[str, set[Cell]] = {}
    for name in reversed(beside):
        rows = cells.setdefault(name, set())
        rows |= _filled(root.sheet, name, beside[name])
        parent = form.repeats[name][1]
        if parent in beside:
            cells.setdefault(parent, set()).update((i, place[:-1]) for i, place in rows)
    ids = keys.mapped(str, "")
    added = [
        Table(
            name,
            _sheet(root.sheet, beside[name], cells[name], ids, _path(form, name)),
            name,
            is_child=True,
        )
        for name in beside
    ]
    used = {one.at for columns in beside.values() for one in columns}
    left = [at for at in range(len(root.sheet.header)) if at not in used]
    titles = [root.sheet.header[at] for at in left]
    columns = [root.sheet.columns[at] for at in left]
    if "KEY" not in titles:
        titles, columns = [*titles, "KEY"], [*columns, keys]
    own = Sheet(root.sheet.name, tuple(titles), tuple(columns), root.sheet.n)
    return [Table(root.name, own), *found[1:], *added]


def _path(form: Form, repeat: str) -> list[str]:
    """Return the repeats that a repeat is in, itself last."""
    out: list[str] = []
    while repeat:
        out.insert(0, repeat)
        repeat = form.repeats[repeat][1]
    return out


def _columns(sheet: Sheet, form: Form, repeat: str) -> list[Beside]:
    """Return the columns of a repeat."""
    pattern = re.compile(r"(.+?)" + r"_(\d+)" * len(_path(form, repeat)))
    above, inside = question_keys(form, ""), question_keys(form, repeat)
    out = []
    for at, title in enumerate(sheet.header):
        found = pattern.fullmatch(title)
        if found and title not in above and found[1] in inside:
            out.append(Beside(at, found[1], tuple(map(int, found.groups()[1:]))))
    return out


def _filled(sheet: Sheet, repeat: str, columns: list[Beside]) -> set[Cell]:
    """Return the rows of a repeat: what is filled anywhere, and what its count says there are."""
    rows = {
        (int(i), place)
        for at, _, place in columns
        for i in np.flatnonzero(~sheet.columns[at].blank)
    }
    title = f"{repeat}_count"
    if title in sheet.header and len(columns[0].place) == 1:
        counts, _ = as_numbers(sheet.columns[sheet.header.index(title)])
        for place in {one.place for one in columns}:
            rows |= {(int(i), place) for i in np.flatnonzero(counts >= place[0])}
    return rows


def _sheet(
    sheet: Sheet, columns: list[Beside], cells: set[Cell], ids: Array, path: list[str]
) -> Sheet:
    """Return the rows of one repeat, in the order of submissions and of the repeat."""
    rows = sorted(cells)
    where = {cell: i for i, cell in enumerate(rows)}
    titles = dict.fromkeys(one.title for one in columns)
    values = {title: np.full(len(rows), None, dtype=object) for title in titles}
    for at, title, place in columns:
        one = sheet.columns[at]
        filled = np.flatnonzero(~one.blank)
        into = [where[int(i), place] for i in filled]
        values[title][into] = one.mapped(lambda value: value, None)[filled]
    for title, drop in (("PARENT_KEY", 1), ("KEY", 0)):
        keys = [_key(ids[i], path, place[: len(place) - drop]) for i, place in rows]
        values[title] = np.array(keys, dtype=object)
    made: list[Column] = [column(list(answers)) for answers in values.values()]
    return Sheet(path[-1], tuple(values), tuple(made), len(rows))


def _key(submission: str, path: list[str], place: Place) -> str:
    """Return the key of a row, as ODK writes it."""
    parts = (f"/{name}[{number}]" for name, number in zip(path, place, strict=False))
    return submission + "".join(parts)
