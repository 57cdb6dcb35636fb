"""The XLSForm behind an export: questions with their groups and repeats, choices, languages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import nearest
from .sheets import Sheet, read_sheets, tidy

__all__ = ["Form", "Question", "language_of", "read_form"]

Labels = Mapping[str, str]
DEFAULT = "default"
SELECT = re.compile(
    r"(?:add )?(select|rank)[ _]?(one|1|multiple|all that apply)?"
    r"(?:[ _]from[ _]file|[ _]external| from)?\s+(\S+?)(\s+or[ _]other|\s+or specify other)?$",
    re.IGNORECASE,
)
BRACKETS = re.compile(r"\(\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)\s*\)\s*$")
LANGUAGES = {
    "english": "en",
    "anglais": "en",
    "french": "fr",
    "français": "fr",
    "francais": "fr",
    "spanish": "es",
    "español": "es",
    "espanol": "es",
    "portuguese": "pt",
    "português": "pt",
    "arabic": "ar",
    "العربية": "ar",
}
KINDS = {
    "int": "integer",
    "string": "text",
    "datetime": "datetime",
    "calculation": "calculate",
    "photo": "image",
    "gps": "geopoint",
    "location": "geopoint",
    "trigger": "acknowledge",
}


@dataclass(frozen=True)
class Question:
    """One question of a form: where it is, what it takes, its labels, when it is asked."""

    path: tuple[str, ...]
    kind: str
    repeat: str = ""
    labels: Labels = field(default_factory=dict)
    group_labels: tuple[Labels, ...] = ()
    relevant: str = ""
    choices: str = ""

    @property
    def name(self) -> str:
        """Its name without groups."""
        return self.path[-1]


@dataclass(frozen=True)
class Form:
    """Questions in order, choices by list, the path and parent of each repeat."""

    questions: tuple[Question, ...]
    choices: Mapping[str, Mapping[str, Labels]]
    repeats: Mapping[str, tuple[tuple[str, ...], str]]
    languages: tuple[str, ...]
    title: str = ""

    def of(self, repeat: str) -> list[Question]:
        """Return the questions of one table: a repeat, or "" for the submission."""
        return [question for question in self.questions if question.repeat == repeat]


def read_form(path: str | Path) -> Form:
    """Read an XLSForm."""
    sheets = {sheet.name.strip().lower(): sheet for sheet in read_sheets(path, "form", [])}
    survey = sheets.get("survey")
    if survey is None or not {"type", "name"} <= {name.lower() for name in survey.header}:
        found = ", ".join(sheets) or "no sheet"
        raise ValueError(
            "form must be an XLSForm, with a sheet survey that has columns type and name: found "
            f"{found}. Download the form itself, as XLS."
        )
    settings = _rows(sheets["settings"])[:1] if "settings" in sheets else []
    default = language_of(settings[0].get("default_language", "")) if settings else ""
    reading = _Reading(default or DEFAULT)
    for row in _rows(survey):
        reading.row(row)
    choices = _choices(sheets.get("choices"), default or DEFAULT)
    for name in reading.with_other:
        choices.setdefault(name, {}).setdefault("other", {})
    questions = reading.questions
    languages = _languages(questions, choices, default)
    title = settings[0].get("form_title", "") if settings else ""
    return Form(tuple(questions), choices, reading.repeats, languages, title)


def language_of(text: str) -> str:
    """Return the code of a language: in brackets as in "English (en)", or that of a common name."""
    found, name = BRACKETS.search(text), tidy(text)
    return found[1].lower() if found else LANGUAGES.get(name.lower(), name)


def chosen_languages(form: Form, languages: Sequence[str] | None) -> tuple[str, ...]:
    """Return the languages whose labels are kept, in order: all of the form's unless given."""
    if languages is None:
        return form.languages
    wanted = [languages] if isinstance(languages, str) else list(languages)
    codes = tuple(language_of(lang) for lang in wanted)
    for lang in codes:
        if lang not in form.languages:
            raise ValueError(
                f"languages must be languages of the form: {lang!r} is not."
                f"{nearest(lang, form.languages)}"
            )
    return codes


class _Reading:
    """Rows of the sheet survey in order, within the groups and repeats they stand in."""

    def __init__(self, default: str) -> None:
        self.default = default
        self.questions: list[Question] = []
        self.repeats: dict[str, tuple[tuple[str, ...], str]] = {}
        self.with_other: set[str] = set()
        self.open: list[tuple[str, str, Labels, str]] = []  # name, repeat, labels, relevant

    def row(self, row: dict[str, str]) -> None:
        """Take in one row: a question, or the begin or end of a group or repeat."""
        kind = tidy(row.get("type", "")).replace("_", " ").lower()
        if not kind or row.get("disabled", "").lower() in ("yes", "true", "1"):
            return
        labels, relevant = _labels(row, self.default), row.get("relevant", "")
        relevant = relevant or row.get("relevance", "")
        if kind in ("begin group", "begin repeat"):
            self._begin(row.get("name", ""), kind == "begin repeat", labels, relevant)
        elif kind in ("end group", "end repeat"):
            if not self.open:
                raise ValueError(
                    f"form must end groups that it began: found {kind!r} without one. Correct the "
                    "sheet survey."
                )
            self.open.pop()
        elif row.get("name"):
            self._question(row["name"], tidy(row["type"]), labels, relevant)

    def _begin(self, name: str, is_repeat: bool, labels: Labels, relevant: str) -> None:
        repeat = self._repeat()
        if is_repeat:
            path = (*(part[0] for part in self.open), name)
            parent, repeat = repeat, name if name not in self.repeats else "/".join(path)
            self.repeats[repeat] = (path, parent)
        self.open.append((name, repeat, labels, relevant))

    def _repeat(self) -> str:
        return self.open[-1][1] if self.open else ""

    def _question(self, name: str, kind: str, labels: Labels, relevant: str) -> None:
        groups = tuple(part[0] for part in self.open)
        conditions = [part[3] for part in self.open if part[3]] + ([relevant] if relevant else [])
        together = conditions[0] if len(conditions) == 1 else ""
        if len(conditions) > 1:
            together = " and ".join(f"({text})" for text in conditions)
        question = Question(
            (*groups, name),
            kind.lower(),
            self._repeat(),
            labels,
            tuple(part[2] for part in self.open),
            together,
        )
        found = SELECT.match(kind)
        if not found:
            plain = kind.lower().replace(" ", "_")
            self.questions.append(replace(question, kind=KINDS.get(plain, plain)))
            return
        many = found[1].lower() == "select" and (found[2] or "one").lower() not in ("one", "1")
        type_ = "rank" if found[1].lower() == "rank" else "multiple" if many else "one"
        from_file = re.search(r"from[ _]file|external", kind, re.IGNORECASE)
        self.questions.append(replace(question, kind=type_, choices="" if from_file else found[3]))
        if found[4]:
            self.with_other.add(found[3])
            path = (*groups, f"{name}_other")
            self.questions.append(replace(question, path=path, kind="text", labels={}))


def _rows(sheet: Sheet) -> list[dict[str, str]]:
    """Return the rows of a sheet as text by header, headers without regard to case."""
    cells = [one.mapped(_text, "") for one in sheet.columns]
    names = [_header(name) for name in sheet.header]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def _header(name: str) -> str:
    first, mark, rest = name.partition("::") if "::" in name else name.partition(":")
    first = first.strip().lower().replace(" ", "_")
    return f"{first}::{rest.strip()}" if mark else first


def _text(value: Any) -> str:
    return tidy(str(value))


def _labels(row: dict[str, str], default: str) -> Labels:
    """Return labels by language; a label without language is in the default one."""
    out = {}
    for name, text in row.items():
        if name.startswith("label::") and text:
            out[language_of(name.removeprefix("label::"))] = text
    if row.get("label"):
        out = {default: row["label"]} | out
    return out


def _choices(sheet: Sheet | None, default: str) -> dict[str, dict[str, Labels]]:
    """Return the choices of each list, in order."""
    out: dict[str, dict[str, Labels]] = {}
    for row in _rows(sheet) if sheet is not None else []:
        name, code = row.get("list_name") or row.get("list", ""), row.get("name", "")
        code = code or row.get("value", "")
        if name and code:
            out.setdefault(name, {}).setdefault(code, _labels(row, default))
    return out


def _languages(
    questions: Sequence[Question], choices: Mapping[str, Mapping[str, Labels]], default: str
) -> tuple[str, ...]:
    """Return the languages of all labels, the default one first."""
    found: dict[str, None] = {}
    for question in questions:
        found.update(dict.fromkeys(question.labels))
    for options in choices.values():
        for labels in options.values():
            found.update(dict.fromkeys(labels))
    return tuple(sorted(found, key=lambda lang: lang != default))
