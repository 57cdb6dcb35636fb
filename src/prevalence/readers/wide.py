"""Repeats that an export wrote side by side (age_1, age_2, ...), taken apart into tables of rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .headers import question_keys
from .linking import Table, renamed
from .sheets import Column, Sheet, column
from .xlsform import Form

__all__ = ["taken_apart"]

Array = NDArray[Any]
Place = tuple[int, ...]


def taken_apart(found: Sequence[Table], form: Form) -> list[Table]:
    """Return the tables with repeats that stand side by side in the first as tables of their own."""
    root = found[0]
    missing = [repeat for repeat in form.repeats if repeat not in {table.repeat for table in found}]
    keys = root.column("KEY") or root.column("instanceID")
    if not missing or keys is None:
        return list(found)
    columns = {repeat: _columns(root.sheet, form, repeat) for repeat in missing}
    missing = [repeat for repeat in missing if columns[repeat]]
    if not missing:
        return list(found)
    cells: dict[str, set[tuple[int, Place]]] = {}
    for repeat in reversed(missing):
        rows = cells.setdefault(repeat, set())
        for at, _, place in columns[repeat]:
            rows |= {(int(i), place) for i in np.flatnonzero(~root.sheet.columns[at].blank)}
        parent = form.repeats[repeat][1]
        if parent:
            cells.setdefault(parent, set()).update((i, place[:-1]) for i, place in rows)
    names = keys.mapped(str, "")
    used = {at for repeat in missing for at, _, _ in columns[repeat]}
    left = [at for at in range(len(root.sheet.header)) if at not in used]
    own = Sheet(
        root.sheet.name,
        (
            *(root.sheet.header[at] for at in left),
            *(() if "KEY" in root.sheet.header else ("KEY",)),
        ),
        (
            *(root.sheet.columns[at] for at in left),
            *(() if "KEY" in root.sheet.header else (keys,)),
        ),
        root.sheet.n,
    )
    added = [
        Table(
            repeat,
            _sheet(repeat, root.sheet, columns[repeat], cells[repeat], names, form),
            repeat,
            is_child=True,
        )
        for repeat in missing
    ]
    return [renamed(root, own), *found[1:], *added]


def _columns(sheet: Sheet, form: Form, repeat: str) -> list[tuple[int, str, Place]]:
    """Return the columns of a repeat: where each is, its header without numbers, the numbers."""
    depth = 1
    parent = form.repeats[repeat][1]
    while parent:
        depth, parent = depth + 1, form.repeats[parent][1]
    pattern = re.compile(r"(.+?)" + r"_(\d+)" * depth)
    above, inside = question_keys(form, ""), question_keys(form, repeat)
    out = []
    for at, title in enumerate(sheet.header):
        found = pattern.fullmatch(title)
        if found and title not in above and found[1] in inside:
            out.append((at, found[1], tuple(int(part) for part in found.groups()[1:])))
    return out


def _sheet(
    repeat: str,
    sheet: Sheet,
    columns: list[tuple[int, str, Place]],
    cells: set[tuple[int, Place]],
    names: Array,
    form: Form,
) -> Sheet:
    """Return the rows of one repeat, in the order of submissions and of the repeat."""
    rows = sorted(cells)
    where = {cell: i for i, cell in enumerate(rows)}
    titles = list(dict.fromkeys(title for _, title, _ in columns))
    values = {title: np.full(len(rows), None, dtype=object) for title in titles}
    for at, title, place in columns:
        one = sheet.columns[at]
        filled = np.flatnonzero(~one.blank)
        into = [where[int(i), place] for i in filled]
        values[title][into] = one.mapped(lambda value: value, None)[filled]
    path, at_repeat = [], repeat
    while at_repeat:
        path.append(at_repeat)
        at_repeat = form.repeats[at_repeat][1]
    path.reverse()

    def key(i: int, place: Place) -> str:
        parts = [f"/{name}[{k}]" for name, k in zip(path, place, strict=False)]
        return str(names[i]) + "".join(parts)

    values["PARENT_KEY"] = np.array([key(i, place[:-1]) for i, place in rows], dtype=object)
    values["KEY"] = np.array([key(i, place) for i, place in rows], dtype=object)
    made: list[Column] = [column(list(cells_)) for cells_ in values.values()]
    return Sheet(repeat, tuple(values), tuple(made), len(rows))
