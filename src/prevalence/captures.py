"""Case lists as they come in: rows of persons or of captures, read into kinds of persons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import check_rows, mapping, nearest, note, text
from .frames import Table, as_float, factorise, names_of
from .patterns import Patterns

__all__ = ["Read", "from_captures", "from_persons"]

Array = NDArray[Any]
ISO_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(?!\d).*)?)?")
MISSING = "(missing)"
OWN, UNKNOWN = -1, -2  # where a list number would stand


@dataclass(frozen=True, eq=False)
class Read:
    """What was read: names of the lists, kinds of persons, their strata, and what was said."""

    names: tuple[str, ...]
    patterns: Patterns
    strata_names: tuple[str, ...] = ()
    strata: tuple[tuple[str, ...], ...] = ((),)
    referrals: tuple[tuple[str, str, int], ...] = ()
    notes: tuple[str, ...] = ()
    plain: bool = True
    window: tuple[str, str] | None = None
    said: list[str] = field(default_factory=list)


def from_persons(
    table: Table,
    names: Sequence[str],
    counts: str | None,
    strata: str | Sequence[str],
    covariates: str | Sequence[str],
    referred_by: Mapping[str, str] | None,
    own: str | None,
) -> Read:
    """Read one row per person, or per kind of person with its number."""
    on = np.stack([_zero_one(table, name) for name in names], axis=1)
    count = np.ones(table.n) if counts is None else table.numeric(counts, "counts")
    whole = np.isfinite(count) & (count >= 0) & (count == np.round(count))
    check_rows("counts", "whole numbers of at least 0", count, ~whole, "Correct them.")
    on_none = ~on.any(axis=1) & (count > 0)
    if on_none.any():
        raise ValueError(
            f"lists must hold every row: {int(on_none.sum()):,} of {table.n:,} rows are on none "
            f"(first: row {int(np.flatnonzero(on_none)[0])}). Drop them; persons on no list "
            "are what is estimated."
        )
    source = np.where(on == 1, OWN, UNKNOWN - 1)
    edges: Counter[tuple[str, str]] = Counter()
    _check_own(own)
    given: Any = {} if referred_by is None else referred_by
    senders: dict[Any, Any] = mapping("referred_by", given, "Write {'shelter': 'sent_by'}.")
    for name, column in senders.items():
        if name not in names:
            raise KeyError(
                f"referred_by must name lists: {name!r} is not one.{nearest(name, names)}"
            )
        j = list(names).index(name)
        words = _words(table, column)
        here = on[:, j] == 1
        source[here, j] = [_sender(words[i], names, name, own) for i in np.flatnonzero(here)]
        for i in np.flatnonzero(here):
            if words[i] and words[i] != own:
                edges[words[i], name] += int(count[i])
    codes, labels = _strata(table, names_of("strata", strata))
    known = _covariates(table, names_of("covariates", covariates))
    patterns = Patterns(
        source == OWN,
        np.where(source >= 0, np.int64(1) << np.maximum(source, 0), 0),
        source == UNKNOWN,
        codes,
        count,
        known,
    )
    used = on.any(axis=1) & (count > 0)
    plain = not (known or senders or labels != ((),))
    return Read(
        tuple(names),
        patterns.take(used),
        tuple(names_of("strata", strata)),
        labels,
        tuple((s, r, n) for (s, r), n in sorted(edges.items())),
        plain=plain,
    )


def from_captures(
    table: Table,
    *,
    person: str,
    list_: str,
    date: str | None,
    referred_by: str | None,
    own: str | None,
    window: tuple[str, str] | None,
    strata: str | Sequence[str],
    covariates: str | Sequence[str],
) -> Read:
    """Read one row per capture."""
    _check_own(own)
    said: list[str] = []
    who, where = table.labels(person, "person"), table.labels(list_, "list")
    keep = np.ones(table.n, dtype=bool)
    if window is not None:
        if date is None:
            raise ValueError("window needs date=: found no column of dates. Name it.")
        keep = within(table.labels(date, "date"), window)
        if not keep.all():
            note(said, f"{int((~keep).sum()):,} of {table.n:,} captures lie outside the window.")
    names = sorted(set(where[keep].tolist()))
    persons, row = np.unique(who[keep].astype(str), return_inverse=True)
    place = np.array([names.index(x) for x in where[keep]])
    words = np.full(place.size, "", object)
    if referred_by is not None:
        words = _words(table, referred_by)[keep]
    marker = None if referred_by is None else own
    sender = np.array(
        [_sender(w, names, names[j], marker) for w, j in zip(words, place, strict=True)]
    )
    shape = (persons.size, len(names))
    is_own, unknown = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    senders = np.zeros(shape, dtype=np.int64)
    is_own[row[sender == OWN], place[sender == OWN]] = True
    unknown[row[sender == UNKNOWN], place[sender == UNKNOWN]] = True
    sent = sender >= 0
    np.bitwise_or.at(senders, (row[sent], place[sent]), np.int64(1) << sender[sent])
    unknown &= ~is_own & (senders == 0)  # another record tells the source
    first = np.flatnonzero(keep)[np.unique(row, return_index=True)[1]]
    codes, labels = _strata(
        _by_person(table, names_of("strata", strata), keep, row, first, "strata", said),
        names_of("strata", strata),
    )
    known = _covariates(
        _by_person(table, names_of("covariates", covariates), keep, row, first, "covariates", said),
        names_of("covariates", covariates),
    )
    edges = Counter((w, names[j]) for w, j in zip(words, place, strict=True) if w and w != marker)
    patterns = Patterns(is_own, senders, unknown, codes, np.ones(persons.size), known)
    return Read(
        tuple(names),
        patterns,
        tuple(names_of("strata", strata)),
        labels,
        tuple((s, r, edges[s, r]) for s, r in sorted(edges)),
        tuple(said),
        plain=not (known or referred_by is not None or labels != ((),)),
        window=window,
    )


def _check_own(own: Any) -> None:
    if own is not None:
        text("own", own, "Write the word that marks a capture by the list's own route.")


def _sender(word: str, names: Sequence[str], receiver: str, own: str | None) -> int:
    """Return the number of the sending list; a body that is no list, or itself, is a way of its own."""
    if not word:
        return OWN if own is None else UNKNOWN
    return names.index(word) if word in names and word not in (receiver, own) else OWN


def _zero_one(table: Table, name: str) -> Array:
    x = table.numeric(name, "lists")
    check_rows("lists", f"0 or 1 in {name!r}", x, ~np.isin(x, (0.0, 1.0)), "Code them so.")
    return x.astype(np.int64)


def _words(table: Table, column: str) -> Array:
    """Return a column as text, empty where missing."""
    import pandas as pd

    raw = pd.Series(table.raw(column, "referred_by"))
    known = raw.notna().to_numpy()
    out = np.full(table.n, "", dtype=object)
    if known.any():
        codes, names = factorise(raw[known], column, "referred_by")
        out[known] = np.array([str(x) for x in names], dtype=object)[codes]
    return out


def _strata(table: Table, names: Sequence[str]) -> tuple[Array, tuple[tuple[str, ...], ...]]:
    """Return the stratum of each row and the labels of the strata; missing is a label of its own."""
    import pandas as pd

    if not names:
        return np.zeros(table.n, dtype=np.int64), ((),)
    columns = []
    for name in names:
        raw = pd.Series(table.raw(name, "strata"))
        known = raw.notna().to_numpy()
        labels = np.full(table.n, MISSING, dtype=object)
        if known.any():
            complete = Table({name: raw[known].reset_index(drop=True)}, int(known.sum()))
            codes, found = complete.codes([name], "strata")
            labels[known] = np.array([label[0] for label in found], dtype=object)[codes]
            order = [label[0] for label in found]
        else:
            order = []
        rank = {label: i for i, label in enumerate([*order, MISSING])}
        columns.append([(rank[x], x) for x in labels])
    rows = list(zip(*columns, strict=True))
    distinct = sorted(set(rows))
    place = {key: i for i, key in enumerate(distinct)}
    return (
        np.array([place[key] for key in rows], dtype=np.int64),
        tuple(tuple(label for _, label in key) for key in distinct),
    )


def _covariates(table: Table, names: Sequence[str]) -> dict[str, Array]:
    """Return columns as numbers, nan where missing, or as text, None where missing."""
    import pandas as pd

    out = {}
    for name in names:
        raw = table.raw(name, "covariates")
        try:
            out[name] = as_float(raw, name, "covariates")
        except TypeError:
            text = pd.Series(raw)
            known = text.notna().to_numpy()
            column = np.full(table.n, None, dtype=object)
            column[known] = [str(x) for x in text[known]]
            out[name] = column
    return out


def _by_person(
    table: Table,
    names: Sequence[str],
    keep: Array,
    row: Array,
    first: Array,
    argument: str,
    said: list[str],
) -> Table:
    """Return one row per person: the first value known among the captures, told where they differ."""
    import pandas as pd

    columns = {}
    for name in names:
        raw = pd.Series(table.raw(name, argument)).reset_index(drop=True)[keep]
        known = raw.notna().to_numpy()
        by = raw[known].astype(object).groupby(row[known])
        values = by.nunique()
        differing = int((values > 1).sum())
        if differing:
            note(
                said,
                f"{argument}: {differing:,} of {first.size:,} persons have more than one value of "
                f"{name!r}; their first is taken.",
            )
        columns[name] = by.first().reindex(range(first.size))
    return Table(columns, first.size)


def within(when: Array, window: tuple[str, str]) -> Array:
    """Return which dates lie in the window; dates are compared as text, so their form is checked."""
    ends = [str(x) for x in window] if isinstance(window, (tuple, list)) else []
    if len(ends) != 2 or not all(ISO_DATE.fullmatch(x) for x in ends):
        raise ValueError(
            f"window must be two dates, months or years: found {window!r}. Write ('2019-01', "
            "'2023-12')."
        )
    first, last = ends
    exact = min(max(len(first), len(last)), 10)
    bad = np.array([ISO_DATE.fullmatch(d) is None or len(d) < exact for d in when])
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"date must hold ISO dates, as exact as the window: {int(bad.sum()):,} of {bad.size:,} "
            f"rows do not (first: row {row}, {when[row]!r}). Write them as 2023-12-31."
        )
    keep = np.array([first <= d and d[: len(last)] <= last for d in when])
    if not keep.any():
        raise ValueError(
            f"window must hold captures: none of {keep.size:,} lies between {first} and {last}. "
            "Widen the window."
        )
    return keep
