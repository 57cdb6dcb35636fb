"""One table of an export as a data frame, with what is known of each of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import note
from ..microdata import Kind, Variable
from ..missing_codes import BLANK, Code, declared_missing
from .answers import (
    WHOLE,
    as_dates,
    as_numbers,
    as_text,
    code_table,
    is_numeric,
    missing_choices,
    text_of,
)
from .headers import Answer, is_system, match, plain
from .linking import Table
from .multiples import Ticks, ticks
from .sheets import Column
from .xlsform import Form, Question

__all__ = ["Reading", "read_table"]

Array = NDArray[Any]
Labels = Mapping[str, str]
NUMBERS = ("integer", "decimal", "range")
DATES = ("date", "datetime", "today", "start", "end")
FEW = 30
KEYS = ("KEY", "PARENT_KEY", "instanceID")


@dataclass
class Reading:
    """What has been read of one table so far."""

    table: Table
    form: Form | None
    missing_codes: Any
    notes: list[str]
    columns: dict[str, pd.Series[Any]] = field(default_factory=dict)
    variables: list[Variable] = field(default_factory=list)
    why: dict[str, Array] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    known: int = 0

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    @property
    def frame(self) -> pd.DataFrame:
        """The columns as a data frame."""
        return pd.DataFrame(self.columns, index=pd.RangeIndex(self.table.sheet.n))

    def add(
        self,
        name: str,
        values: pd.Series[Any],
        kind: Kind,
        question: Question | None = None,
        *,
        labels: Labels | None = None,
        codes: Mapping[Any, Labels] | None = None,
        missing: Mapping[Any, str] | None = None,
    ) -> None:
        """Add a column and what is known of it."""
        if name in self.columns:
            raise ValueError(
                f"columns must have names of their own: two of {self.name!r} are {name!r}. Rename "
                "one in the export."
            )
        labels = labels if labels is not None else question.labels if question else {}
        relevant = question.relevant if question else ""
        self.columns[name] = values
        self.variables.append(
            Variable(name, self.name, kind, labels, codes or {}, missing or {}, relevant)
        )

    def say(self, name: str, bad: Array, rule: str, remedy: str) -> None:
        """Warn of answers that break a rule, with their count."""
        first = int(np.flatnonzero(bad)[0])
        note(
            self.notes,
            f"answers to {name!r} in {self.name!r} should be {rule}: {int(bad.sum()):,} of "
            f"{bad.size:,} rows are not (first: row {first}). {remedy}",
        )


def read_table(table: Table, form: Form | None, missing_codes: Any, notes: list[str]) -> Reading:
    """Read the columns of one table."""
    reading = Reading(table, form, missing_codes, notes)
    in_form = form is not None and (table.repeat or not table.is_child)
    if form is None or not in_form:
        separators = ("-", ":") if "KEY" in table.sheet.header else ("/",)
        answers = plain(table.sheet, ("/", *separators))
        if form is not None:
            reading.strangers = [one.name for one in answers if not is_system(one.name)]
    else:
        answers, reading.strangers = match(table.sheet, form, table.repeat)
    whole: dict[str, list[Answer]] = {}
    for answer in answers:
        own = answer.question.path if answer.question else ()
        whole.setdefault("/".join(own) or f"\0{answer.column}", []).append(answer)
    for group in whole.values():
        question = group[0].question
        if question is None:
            _unknown(reading, group[0])
        else:
            reading.known += 1
            _question(reading, question, group)
    return reading


def _unknown(reading: Reading, answer: Answer) -> None:
    """Take a column that no question is known for as what its values are."""
    column = reading.table.sheet.columns[answer.column]
    _inferred(reading, answer.name, column, None)


def _inferred(reading: Reading, name: str, column: Column, question: Question | None) -> None:
    own = question is not None or not is_system(name)
    plain_text = name.lower().endswith("uuid") or name in KEYS or not column.distinct
    if not plain_text and is_numeric(column):
        values, _ = as_numbers(column)
        missing = _declared(reading, name, text=False) if own else {}
        reading.add(
            name, pd.Series(values), "number" if own else "other", question, missing=missing
        )
        return
    if not plain_text:
        dates, bad = as_dates(column)
        if not bad.any():
            reading.add(name, dates, "date", question)
            return
    words: Mapping[Any, str] = {}
    if own:
        words = _missing_words(reading, name, column, in_form=question is not None)
    reading.add(name, as_text(column), "text" if own else "other", question, missing=words)


def _missing_words(reading: Reading, name: str, column: Column, *, in_form: bool) -> dict[str, str]:
    """Return what is no answer in a column of a few words, of which no form says what they are."""
    words = [text_of(value) for value in column.distinct]
    if in_form or len(words) > FEW:
        return {str(c): why for c, why in _declared(reading, name, text=True).items()}
    named = _missing(reading, name, {word: {} for word in words})
    found = _missing(reading, name, {word: {"": word} for word in words}, say=False) | named
    here = [word for word in words if word in found]
    if here:
        reading.notes.append(
            f"{name!r} of {reading.name!r} has {', '.join(map(repr, here))} as missing; without a "
            "form only the words say so."
        )
    return found


def _question(reading: Reading, question: Question, group: list[Answer]) -> None:
    """Read the columns of one question: its own, and those of its options."""
    sheet = reading.table.sheet
    own = [answer for answer in group if answer.option is None]
    ticked = [answer for answer in group if answer.option is not None]
    name = own[0].name if own else ticked[0].name.rpartition("/")[0]
    column = _together(reading, name, [sheet.columns[answer.column] for answer in own])
    if question.kind == "multiple":
        options = [(str(answer.option), sheet.columns[answer.column]) for answer in ticked]
        _multiple(reading, name, question, column, options)
    elif column is None or (question.kind == "note" and not column.distinct):
        return
    elif question.kind == "one" and question.choices:
        _choice(reading, name, question, column)
    elif question.kind in NUMBERS:
        _numbers(reading, name, question, column)
    elif question.kind in DATES:
        dates, bad = as_dates(column)
        if bad.any():
            reading.say(name, bad, "dates", "They are missing; correct them in the export.")
            reading.why[name] = np.where(bad, "not a date", np.where(column.blank, BLANK, ""))
        reading.add(name, dates, "date", question)
    elif question.kind in ("calculate", "hidden"):
        _inferred(reading, name, column, question)
    else:
        kind: Kind = "text" if question.kind in ("text", "one", "rank", "barcode") else "other"
        missing = _declared(reading, name, text=True)
        reading.add(name, as_text(column), kind, question, missing=missing)


def _together(reading: Reading, name: str, columns: list[Column]) -> Column | None:
    """Return columns of one question, from several versions of the form, as one."""
    if len(columns) < 2:
        return columns[0] if columns else None
    values = columns[0].mapped(lambda value: value, None)
    for other in columns[1:]:
        both = ~other.blank & np.array([value is not None for value in values])
        more = other.mapped(lambda value: value, None)
        differ = both & (values != more)
        if differ.any():
            raise ValueError(
                f"columns of one question must agree: {len(columns):,} columns hold {name!r} of "
                f"{reading.name!r} and differ in {int(differ.sum()):,} rows (first: row "
                f"{int(np.flatnonzero(differ)[0])}). Rename or drop the wrong one."
            )
        values = np.where(other.blank, values, more)
    codes, found = pd.factorize(values)
    reading.notes.append(f"{len(columns):,} columns of {reading.name!r} are one, {name!r}.")
    return Column(codes, tuple(found))


def _declared(reading: Reading, name: str, *, text: bool) -> dict[Code, str]:
    """Return the missing codes that the user declared, as text or as numbers."""
    declared = declared_missing(name, reading.missing_codes)
    if text:
        return {text_of(code): reason for code, reason in declared.items()}
    return {code: reason for code, reason in declared.items() if _is_number(code)}


def _is_number(code: Code) -> bool:
    return not isinstance(code, str) or WHOLE.fullmatch(code) is not None


def _numbers(reading: Reading, name: str, question: Question, column: Column) -> None:
    values, bad = as_numbers(column)
    if bad.any():
        reading.say(name, bad, "numbers", "They are missing; correct them in the export.")
        reading.why[name] = np.where(bad, "not a number", np.where(column.blank, BLANK, ""))
    missing = _declared(reading, name, text=False)
    reading.add(name, pd.Series(values), "number", question, missing=missing)


def _missing(
    reading: Reading, name: str, options: Mapping[str, Labels], *, say: bool = True
) -> dict[str, str]:
    """Return the choices that are no answers: by their labels, and as declared."""
    declared = {str(c): why for c, why in _declared(reading, name, text=True).items()}
    codes = reading.missing_codes
    if isinstance(codes, Mapping) and name in codes and not isinstance(codes[name], str):
        return declared
    found = missing_choices(options)
    for code in declared.keys() & options.keys() - found.keys():
        if say and any(options[code].values()):
            note(
                reading.notes,
                f"missing_codes takes a choice of {name!r} in {reading.name!r} as missing that is "
                f"labelled {next(iter(options[code].values()))!r}. If it is an answer, give the "
                f"codes of this question by its name, as in {{{name!r}: {{}}}}.",
            )
    return found | declared


def _choice(reading: Reading, name: str, question: Question, column: Column) -> None:
    """Read a select_one: codes, or labels turned to codes; numbers where all codes are."""
    options = _options(reading, question)
    codes, rest = code_table(column.distinct, options, repr(name))
    strange = column.mapped(lambda value: value in set(rest), False, bool)
    if rest and not codes and options:
        raise ValueError(
            f"form must be that of the export: none of {int((~column.blank).sum()):,} answers to "
            f"{name!r} in {reading.name!r} is one of its {len(options):,} choices. Give the form of "
            "this export."
        )
    if rest:
        reading.say(
            name,
            strange,
            "choices of the form",
            "They are kept as written; give the form with all versions' choices, or correct them.",
        )
    missing = _missing(reading, name, options)
    written = {value: text_of(value) for value in rest} | codes
    whole = bool(options) and all(WHOLE.fullmatch(code) for code in (*options, *written.values()))
    if whole:
        values = pd.Series(column.mapped(lambda value: float(written[value]), np.nan, float))
        labels: Mapping[Any, Labels] = {int(code): texts for code, texts in options.items()}
        gone: Mapping[Any, str] = {int(c): why for c, why in missing.items() if WHOLE.fullmatch(c)}
    else:
        values = pd.Series(column.mapped(written.__getitem__, None), dtype="str")
        labels, gone = options, missing
    reading.add(name, values, "choice", question, codes=labels, missing=gone)


def _options(reading: Reading, question: Question) -> Mapping[str, Labels]:
    form = reading.form
    return form.choices.get(question.choices, {}) if form is not None else {}


def _multiple(
    reading: Reading,
    name: str,
    question: Question,
    column: Column | None,
    boxes: list[tuple[str, Column]],
) -> None:
    """Read a select_multiple: text of codes, and 0 or 1 for each choice that is an answer."""
    options = dict(_options(reading, question))
    missing = _missing(reading, name, options)
    found = ticks(column, boxes, options, reading.table.sheet.n)
    if found.strange.any():
        reading.say(
            name,
            found.strange,
            "choices of the form",
            "What is none of them is left out; give the form with all versions' choices.",
        )
    gone, contradicts = found.without_answer(missing)
    if contradicts.any():
        reading.say(
            name,
            contradicts,
            "either choices or that there is no answer",
            "The choices are kept.",
        )
    blank = np.where(found.answered, "", BLANK).astype(object)
    why = np.where(gone != "", gone, blank)
    reading.why[name] = why
    real = [code for code in found.chosen if code not in missing]
    text = found.text(real)
    codes = {code: options.get(code, {}) for code in found.chosen}
    summary = pd.Series(text, dtype="str").mask(why != "")
    reading.add(name, summary, "multiple", question, codes=codes, missing=missing)
    for code in real:
        _option(reading, name, question, code, found, why)


def _option(
    reading: Reading, name: str, question: Question, code: str, found: Ticks, why: Array
) -> None:
    """Add the column of one choice: 1 where it is ticked, 0 where it is not."""
    form = reading.form
    texts = _options(reading, question).get(code, {})
    labels = {
        lang: f"{question.labels.get(lang, name)}: {texts.get(lang, code)}"
        for lang in (form.languages if form is not None else ())
    }
    values = np.where(why == "", found.chosen[code].astype(float), np.nan)
    full = f"{name}/{code}"
    reading.add(full, pd.Series(values), "number", question, labels=labels)
    reading.why[full] = why
