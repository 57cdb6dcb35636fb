"""Which sheet is which table of an export, and how its rows find their parents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import shown
from ..microdata import Link
from .headers import match
from .sheets import Column, Sheet, tidy
from .xlsform import Form

__all__ = ["Table", "links", "tables", "without_rows"]

SUBMISSION = ("_id", "_uuid", "KEY", "instanceID", "meta/instanceID", "meta-instanceID")
PARENT = ("_parent_index", "PARENT_KEY", "_submission__id", "_submission__uuid")


@dataclass(frozen=True)
class Table:
    """One table: its name, its sheet, and the repeat of the form it holds ("" the submission)."""

    name: str
    sheet: Sheet
    repeat: str = ""
    is_child: bool = False

    def column(self, title: str) -> Column | None:
        """Return the column under a header, None without one that is filled."""
        if title not in self.sheet.header:
            return None
        found = self.sheet.columns[self.sheet.header.index(title)]
        return None if found.blank.all() and self.sheet.n else found


def tables(
    sheets: Sequence[Sheet], form: Form | None, main: str | None, notes: list[str]
) -> list[Table]:
    """Return the tables of an export, the submissions first."""
    children = [any(title in sheet.header for title in PARENT) for sheet in sheets]
    roots = [sheet for sheet, child in zip(sheets, children, strict=True) if not child]
    if not roots:
        raise ValueError(
            f"path must hold the table of submissions: each of {len(sheets):,} sheets is one of "
            "repeats. Export all sheets, or give the folder with all CSV files."
        )
    root = next((sheet for sheet in roots if _has_ids(sheet)), roots[0])
    stem = f"{root.name}-" if len(sheets) > 1 else ""
    found = [Table(_main_name(main, root), root)]
    for sheet, child in zip(sheets, children, strict=True):
        if sheet is root:
            continue
        name = sheet.name.removeprefix(stem)
        if child:
            repeat = _repeat(name, sheet, form) if form else ""
            found.append(Table(repeat or name, sheet, repeat, is_child=True))
        else:
            found.append(Table(name, sheet))
            notes.append(f"{name!r} is linked to no other table.")
    names = [table.name for table in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"tables must have names of their own: {twice[0]!r} stands {names.count(twice[0])} "
            "times. Rename the sheet, or name the table of submissions with main=."
        )
    return found


def _main_name(main: str | None, root: Sheet) -> str:
    if main is None:
        return root.name
    if not isinstance(main, str) or not main:
        raise TypeError(
            f"main must be a name for the table of submissions: found {shown(main)}. Write for "
            "example main='household'."
        )
    return main


def _has_ids(sheet: Sheet) -> bool:
    return any(title in sheet.header for title in (*SUBMISSION, "_index"))


def _repeat(name: str, sheet: Sheet, form: Form) -> str:
    """Return the repeat of the form that a sheet holds: by its name, cut or not, or its columns."""
    if name in form.repeats:
        return name
    short = re.sub(r"(\.\.\.|~\d+|\(\d+\))+$", "", name).rstrip()
    close = [
        repeat
        for repeat in form.repeats
        if repeat.rpartition("/")[2] == short
        or _cleaned(repeat) == _cleaned(name)
        or (len(name) >= 25 and _cleaned(repeat).startswith(_cleaned(short)))
    ]
    if len(close) == 1:
        return close[0]
    known = {
        repeat: sum(answer.question is not None for answer in match(sheet, form, repeat)[0])
        for repeat in (close or form.repeats)
    }
    best = max(known, key=lambda repeat: known[repeat], default="")
    return best if known.get(best) else ""


def _cleaned(name: str) -> str:
    return re.sub(r"[\[\]:*?/\\\s]", "_", tidy(name)).casefold()


def links(found: Sequence[Table], form: Form | None) -> dict[str, Link]:
    """Return how each table of a repeat finds its parent; refuse what contradicts itself."""
    root = found[0]
    _check_ids(root)
    out = {}
    for table in found:
        if not table.is_child:
            continue
        if table.column("_parent_index") is not None:
            parent = _named_parent(table, found, form)
            out[table.name] = Link("_parent_index", parent.name, "_index")
        elif table.column("PARENT_KEY") is not None:
            parent = _keyed_parent(table, found)
            out[table.name] = Link("PARENT_KEY", parent.name, "KEY")
        elif table.sheet.n:
            parent, key, parent_key = _by_submission(table, root)
            out[table.name] = Link(key, parent.name, parent_key)
    return out


def _check_ids(root: Table) -> None:
    """Refuse submissions that are in the export twice."""
    for title in SUBMISSION:
        ids = root.column(title)
        if ids is None:
            continue
        counts = np.bincount(ids.codes[~ids.blank], minlength=len(ids.distinct))
        again = ~ids.blank & (counts[ids.codes] > 1)
        extra = int((counts[counts > 1] - 1).sum())
        if extra:
            raise ValueError(
                f"submission ids must differ: {extra:,} of {root.sheet.n:,} rows of {root.name!r} "
                f"have an id in {title!r} that another row has (first: row "
                f"{int(np.flatnonzero(again)[0])}). Drop the copies from the export, or export "
                "anew in one go."
            )


def _named_parent(table: Table, found: Sequence[Table], form: Form | None) -> Table:
    """Return the parent that the sheet names, or the form does; the submissions otherwise."""
    named = table.column("_parent_table_name")
    names = set(map(str, named.distinct)) if named is not None else set()
    if len(names) > 1:
        raise ValueError(
            f"rows of {table.name!r} must have one parent table: found {len(names):,} in "
            "'_parent_table_name'. Export anew in one go."
        )
    wanted = next(iter(names), "")
    others = [other for other in found if other is not table]
    parent = None
    for other in others:
        if wanted and wanted in (other.name, other.sheet.name, other.repeat):
            parent = other
    cut = [o for o in others if wanted and _is_cut(o.sheet.name, wanted)]
    if parent is None and len(cut) == 1:
        parent = cut[0]
    if parent is None and form and table.repeat:
        above = form.repeats[table.repeat][1]
        parent = next((other for other in found if above and other.repeat == above), None)
    parent = parent or found[0]
    if parent.column("_index") is None:
        raise ValueError(
            f"{parent.name!r} must have the column '_index', which rows of {table.name!r} point "
            "to: it has not. Export all columns."
        )
    _check_same_submission(table, parent)
    return parent


def _is_cut(sheet: str, name: str) -> bool:
    short = _cleaned(re.sub(r"(\.\.\.|\(\d+\))+$", "", sheet).rstrip())
    return len(sheet) >= 25 and _cleaned(name).startswith(short)


def _check_same_submission(table: Table, parent: Table) -> None:
    """Refuse rows whose index and submission id point to different submissions."""
    for mine, theirs in (("_submission__id", "_id"), ("_submission__uuid", "_uuid")):
        other = parent.column(mine) or parent.column(theirs)
        own, index = table.column(mine), table.column("_parent_index")
        keys = parent.column("_index")
        if own is None or other is None or index is None or keys is None:
            continue
        ids = dict(zip(keys.mapped(str, ""), other.mapped(str, ""), strict=True))
        pairs = zip(index.mapped(str, ""), own.mapped(str, ""), strict=True)
        wrong = [i for i, (key, id_) in enumerate(pairs) if id_ and ids.get(key, id_) != id_]
        if wrong:
            raise ValueError(
                f"rows of {table.name!r} must belong to one submission: {len(wrong):,} of "
                f"{table.sheet.n:,} have another in '_parent_index' than in {mine!r} (first: row "
                f"{wrong[0]}). The tables are of different exports; export anew in one go."
            )


def _keyed_parent(table: Table, found: Sequence[Table]) -> Table:
    """Return the table whose KEY holds most of the keys that a table points to."""
    own = table.column("PARENT_KEY")
    wanted = set(own.distinct) if own is not None else set()
    best, most = found[0], -1
    for other in found:
        keys = other.column("KEY")
        if other is table or keys is None:
            continue
        hits = len(wanted & set(keys.distinct))
        if hits > most:
            best, most = other, hits
    if best.column("KEY") is None:
        raise ValueError(
            f"{best.name!r} must have the column 'KEY', which rows of {table.name!r} point to: it "
            "has not. Export all columns."
        )
    return best


def _by_submission(table: Table, root: Table) -> tuple[Table, str, str]:
    for mine, theirs in (("_submission__id", "_id"), ("_submission__uuid", "_uuid")):
        if table.column(mine) is not None and root.column(theirs) is not None:
            return root, mine, theirs
    raise ValueError(
        f"rows of {table.name!r} must say which submission they belong to: found no '_parent_index', "
        "'PARENT_KEY' or '_submission__id'. Export all columns."
    )


def without_rows(found: Sequence[Table], form: Form) -> tuple[list[Table], dict[str, Link]]:
    """Return empty tables of repeats that have no sheet, as where nobody answered them."""
    tables_of = {table.repeat: table for table in reversed(found) if table.repeat} | {"": found[0]}
    out, joins = [], {}
    by_key = "KEY" in found[0].sheet.header
    key, parent_key = ("PARENT_KEY", "KEY") if by_key else ("_parent_index", "_index")
    for repeat, (_, above) in form.repeats.items():
        if repeat in tables_of:
            continue
        titles = (*(question.name for question in form.of(repeat)), key, parent_key)
        empty = tuple(Column(np.zeros(0, dtype=np.int64), ()) for _ in titles)
        parent = tables_of[above]
        tables_of[repeat] = Table(repeat, Sheet(repeat, titles, empty, 0), repeat, is_child=True)
        out.append(tables_of[repeat])
        if parent_key in parent.sheet.header:
            joins[repeat] = Link(key, parent.name, parent_key)
    return out, joins
