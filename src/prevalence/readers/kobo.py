"""Exports of KoBoToolbox, ODK Central and SurveyCTO, with the XLSForm behind them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..arguments import explained
from ..errors import note
from ..microdata import Microdata, Variable
from . import linking, relevance
from .columns import Reading, read_table
from .sheets import Sheet, read_sheets
from .unanswered import CODES, check_declared
from .wide import taken_apart
from .xlsform import chosen_languages, read_form

__all__ = ["read_kobo"]

SUSPECTS = frozenset(itertools.chain(*CODES))


@explained
def read_kobo(
    path: str | Path,
    *,
    form: str | Path | None = None,
    missing_codes: Mapping[Any, Any] | Sequence[Any] | None = None,
    languages: Sequence[str] | None = None,
    main: str | None = None,
) -> Microdata:
    r"""Tables of an export of KoBoToolbox, ODK Central or SurveyCTO, linked, with their labels.

    The submissions are one table and each repeat is another, linked by `_parent_index` and `_index`
    or by `PARENT_KEY` and `KEY`. Columns have the names of their questions without groups
    (`household/size` is `size`), or the whole path where several questions of a table have one
    name. A select_multiple is its text of codes and one column of 0 and 1 for each choice, named
    `question/choice`. Choices such as "Don't know" or "Refused" are missing, with their reason;
    so is n/a; and a question whose condition in the form was not met is "not asked".

    Parameters
    ----------
    path : path
        XLSX with a sheet for each repeat, CSV, a folder of CSV, or a zip of CSV.
    form : path, optional
        The XLSForm. It gives labels, types, conditions and codes for labels; without it choices
        are not known and 97, 98, 99 of coded questions have to be named in `missing_codes`.
    missing_codes : Mapping or Sequence, optional
        Codes that are no values, with their reasons, as in {98: "don't know"}; or by question, as
        in {"hours": {999: "refused"}}. What is given for a question by name replaces what its
        labels say; {} says that it has none.
    languages : Sequence[str], optional
        Languages of the labels to keep, the first one the default, as "fr" or "Français (fr)".
    main : str, optional
        Name for the table of submissions; that of its sheet unless given.

    Returns
    -------
    Microdata
        Tables by name: that of submissions first, then a table for each repeat of the form, also
        where it has no rows.

    Raises
    ------
    ValueError
        If the file cannot be read or is encrypted, a submission is there twice, a child row has no
        parent, the tables are of different exports, or the form is of another questionnaire.
    KeyError, TypeError
        If missing codes are declared for a question that is not there, or are no codes.

    Warns
    -----
    PrevalenceWarning
        If numbers look like codes of missing answers, or no repeat of the form is in the export.

    Notes
    -----
    Numbers such as 97, 98 and 99 in questions that take a number are kept, with a warning, until
    `missing_codes` says what they are. Dates and times are those of the clock of the interview.
    What else was met (blank rows, columns of older versions of the form) is in `notes`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import prevalence as pv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder, "visits.csv")
    ...     _ = place.write_text("home/size,home/ea,_id\n4,N1,11\n2,n/a,12\n", encoding="utf-8")
    ...     visits = pv.read_kobo(place)
    >>> visits
    Microdata: visits (2 rows, 3 columns)
    >>> visits.data["size"].tolist()
    [4.0, 2.0]
    >>> visits.reasons()["ea"].tolist()
    ['', 'blank']
    """
    notes: list[str] = []
    sheets = _export(path, notes)
    known = read_form(form) if form is not None else None
    kept = chosen_languages(known, languages) if known is not None else ()
    found = linking.tables(sheets, known, main, notes)
    if known is not None:
        found = taken_apart(found, known)
    joins = linking.links(found, known)
    readings = [read_table(table, known, missing_codes, notes) for table in found]
    _check_form(readings, notes)
    if known is not None:
        empty, more = linking.without_rows(found, known)
        joins |= more
        readings += [read_table(table, known, missing_codes, notes) for table in empty]
        _say_absent([table.name for table in empty], alone=len(found) == 1, notes=notes)
    check_declared(missing_codes, [v.name for one in readings for v in one.variables])
    _say_suspects(readings, missing_codes, notes)
    why = _reasons(readings, joins, notes)
    return Microdata.from_codes(
        {reading.name: reading.frame for reading in readings},
        [_in_languages(one, kept) for reading in readings for one in reading.variables],
        why=why,
        links=joins,
        languages=kept,
        notes=notes,
    )


def _in_languages(variable: Variable, kept: Sequence[str]) -> Variable:
    """Return a variable with its labels in some languages."""
    labels = {lang: variable.labels[lang] for lang in kept if lang in variable.labels}
    codes = {
        code: {lang: texts[lang] for lang in kept if lang in texts}
        for code, texts in variable.codes.items()
    }
    return replace(variable, labels=labels, codes=codes)


def _export(path: str | Path, notes: list[str]) -> list[Sheet]:
    """Read the sheets of an export; a form in its place is said to be one."""
    sheets = [sheet for sheet in read_sheets(path, "path", notes) if sheet.header]
    names = {sheet.name.strip().lower() for sheet in sheets}
    if {"survey", "choices"} <= names:
        raise ValueError(
            "path must be an export of answers: found an XLSForm, with sheets survey and choices. "
            "Give it as form=, and the export as path."
        )
    if not any(sheet.n for sheet in sheets):
        raise ValueError(
            f"path must hold answers: {len(sheets):,} sheets of {Path(path).name!r} have none. "
            "Export it anew."
        )
    return sheets


def _check_form(readings: Sequence[Reading], notes: list[str]) -> None:
    """Refuse a form of another questionnaire; keep columns that it does not know, and say so."""
    strangers = [(title, reading.name) for reading in readings for title in reading.strangers]
    known = sum(reading.known for reading in readings)
    if not strangers:
        return
    title, table = strangers[0]
    count = len(strangers)
    if count > known:
        raise ValueError(
            f"form must be that of the export: {count:,} of {count + known:,} columns are no "
            f"questions of it (first: {title!r} in {table!r}). Give the form of this export."
        )
    notes.append(
        f"{count:,} of {count + known:,} columns are no questions of the form (first: {title!r} in "
        f"{table!r}); they are kept as they are."
    )


def _say_absent(names: Sequence[str], *, alone: bool, notes: list[str]) -> None:
    """Say which repeats of the form have no sheet; warn where no repeat has: one file of several."""
    if not names:
        return
    found = f"{len(names):,} repeats of the form (first: {names[0]!r}) are not in the export"
    if alone:
        note(
            notes,
            f"{found}, which is one table alone: theirs are empty. Where somebody answered them, "
            "export XLSX, or give the folder or zip with the CSV files of all.",
        )
    else:
        notes.append(f"{found}: their tables are empty.")


def _say_suspects(readings: Sequence[Reading], missing_codes: Any, notes: list[str]) -> None:
    """Warn of numbers that are often codes of missing answers and that nobody declared."""
    found = []
    codes: set[int] = set()
    for reading in readings:
        for variable in reading.variables:
            column = reading.columns[variable.name]
            if _is_declared(variable, column, missing_codes):
                continue
            values = column.to_numpy()
            said = {code for code, labels in variable.codes.items() if any(labels.values())}
            rows = np.isin(values, list(SUSPECTS - said - set(variable.missing)))
            known = values[~np.isnan(values)]
            if rows.any() and not (len(known) > 20 and len(np.unique(known)) == len(known)):
                codes |= set(values[rows].astype(int).tolist())
                found.append(f"{variable.name!r} in {reading.name!r} ({int(rows.sum()):,} rows)")
    if found:
        more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
        note(
            notes,
            f"missing_codes should say what {', '.join(map(str, sorted(codes)))} are: they are "
            f"taken as numbers in {', '.join(found[:3])}{more}. Write for example "
            f"missing_codes={{{max(codes)}: 'refused'}}, or {{}} if they are numbers.",
        )


def _is_declared(variable: Variable, values: pd.Series[Any], missing_codes: Any) -> bool:
    """Tell whether numbers of a variable need no question: they are none, or its codes are given."""
    asked = variable.kind in ("number", "choice") and values.dtype.kind == "f"
    if not asked or "/" in variable.name:
        return True
    if not isinstance(missing_codes, Mapping) or not missing_codes:
        return missing_codes is not None
    flat = any(isinstance(reason, str) for reason in missing_codes.values())
    return flat or variable.name in missing_codes


def _reasons(
    readings: Sequence[Reading], joins: Mapping[str, Any], notes: list[str]
) -> dict[tuple[str, str], Any]:
    """Return why values are missing, with "not asked" where the condition of a question fails."""
    frames = {reading.name: reading.frame for reading in readings}
    whole = Microdata(frames, links=joins)
    out: dict[tuple[str, str], Any] = {}
    unread: set[str] = set()
    for reading in readings:
        done: dict[str, Any] = {}
        for variable in reading.variables:
            why = reading.why.get(variable.name)
            if why is not None:
                out[reading.name, variable.name] = why
            if not variable.relevant or not len(frames[reading.name]):
                continue
            if variable.relevant not in done:
                done[variable.relevant] = _asked(whole, reading.name, variable.relevant)
            asked = done[variable.relevant]
            if asked is None:
                unread.add(variable.relevant)
                continue
            blank = frames[reading.name][variable.name].isna().to_numpy()
            before = np.where(blank, "blank", "").astype(object) if why is None else why
            skipped = (before == "blank") & ~asked
            out[reading.name, variable.name] = np.where(skipped, "not asked", before)
    if unread:
        notes.append(
            f"{len(unread):,} conditions of the form are not read (first: {min(unread)[:100]!r}); what "
            "they skip is blank."
        )
    return out


def _asked(whole: Microdata, table: str, condition: str) -> Any:
    """Return in which rows a condition holds, None where it is beyond what is read."""

    def read(name: str) -> Any:
        at, rows = table, np.arange(len(whole.tables[table]))
        while name not in whole.tables[at].columns:
            if at not in whole.links:
                raise relevance.Unsupported(name)
            rows = whole.parent_rows(at)[rows]
            at = whole.links[at].parent
        return whole.tables[at][name].take(rows).reset_index(drop=True)

    try:
        return relevance.holds(condition, read, len(whole.tables[table]))
    except (relevance.Unsupported, RecursionError):
        return None
