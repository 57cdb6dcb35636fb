"""Which question each column of an export answers: by path, by name, by label, by option."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .sheets import Sheet, tidy
from .xlsform import Form, Question

__all__ = ["Answer", "is_system", "match", "plain", "question_keys"]

SEPARATORS = ("/", "-", ".", ":", "_")
SYSTEM = re.compile(
    r"_.*|.*__version__|.*meta/.*|meta-.*|formhub/uuid|formdef_version|KEY|PARENT_KEY|set-?of[-_].*"
    r"|(instance|device|subscriber|case|submitter)_?id|(instance|submitter)_?name|sim_?(id|serial)"
    r"|(submission|completion)_?date|phone_?number|user_?name|review_.*|status|attachments.*"
    r"|edits|form_?version|reviewstate|isvalidated|comments?|start|end|today|audit",
    re.IGNORECASE,
)
PLACE = re.compile(r".*[_-](latitude|longitude|altitude|precision|accuracy|url)$", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What a column holds: a question, one option of it, or neither (question None)."""

    column: int
    name: str
    question: Question | None = None
    option: str | None = None


def match(sheet: Sheet, form: Form, repeat: str) -> tuple[list[Answer], list[str]]:
    """Return what each column holds by the form, and the columns that the form does not know."""
    questions = form.of(repeat)
    names = _short([question.path for question in questions])
    own = dict(zip((question.path for question in questions), names, strict=True))
    keys = _keys(questions, form)
    seen: Counter[str] = Counter()
    answers, strangers = [], []
    for at, title in enumerate(sheet.header):
        found = keys.get(title) or keys.get(title.casefold()) or []
        question, option = None, None
        if found:
            question, option = _one_of(title, found, sheet, seen)
        elif not is_system(title):
            question, option = _moved(title, keys)
        if question is None:
            answers.append(Answer(at, title))
            if not is_system(title) and not PLACE.fullmatch(title):
                strangers.append(title)
            continue
        name = own[question.path]
        answers.append(Answer(at, f"{name}/{option}" if option else name, question, option))
    return _renamed(answers), strangers


def _one_of(
    title: str, found: list[tuple[Question, str | None]], sheet: Sheet, seen: Counter[str]
) -> tuple[Question, str | None]:
    """Return the question of a header; where several share it, in the order of the form."""
    times = sheet.header.count(title)
    if len(found) > 1 and times != len(found):
        raise ValueError(
            f"columns must say which question they answer: {title!r} stands for {len(found):,} "
            f"questions of the form and {times:,} columns of {sheet.name!r}. Export with XML "
            "values and headers and the groups in the headers."
        )
    seen[title] += 1
    return found[min(seen[title], len(found)) - 1]


def is_system(title: str) -> bool:
    """Tell whether a column is written by the server and not by a respondent."""
    return SYSTEM.fullmatch(title) is not None


def plain(sheet: Sheet, separators: Sequence[str]) -> list[Answer]:
    """Return names for the columns of a sheet without a form: without their groups."""
    titles = list(sheet.header)
    paths = [tuple(_split(title, separators)) for title in titles]
    split = set(titles) | _ticked(sheet, titles, paths)
    short: list[tuple[str, ...]] = []
    for title, path in zip(titles, paths, strict=True):
        if is_system(title) or len(path) == 1:
            short.append((title,))
        elif any(mark.join(path[:-1]) in split for mark in separators):
            short.append((*path[:-2], f"{path[-2]}/{path[-1]}"))
        else:
            short.append(path)
    return _renamed([Answer(at, name) for at, name in enumerate(_short(short))])


def _ticked(sheet: Sheet, titles: list[str], paths: list[tuple[str, ...]]) -> set[str]:
    """Return the groups of columns that hold nothing but 0 and 1, as options ticked or not do."""
    groups: dict[str, list[int]] = {}
    for at, (title, path) in enumerate(zip(titles, paths, strict=True)):
        if len(path) > 1 and not is_system(title):
            groups.setdefault(title[: -len(path[-1]) - 1], []).append(at)
    marks = {0, 1, "0", "1", "True", "False"}
    return {
        group
        for group, columns in groups.items()
        if len(columns) > 1 and all(marks.issuperset(sheet.columns[at].distinct) for at in columns)
    }


def _split(title: str, separators: Sequence[str]) -> list[str]:
    for mark in separators:
        if mark in title:
            return title.split(mark)
    return [title]


def _short(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the last part of each path, or all of it where that stands for several."""
    last = Counter(path[-1] for path in paths)
    return [path[-1] if last[path[-1]] == 1 else "/".join(path) for path in paths]


def _renamed(answers: list[Answer]) -> list[Answer]:
    """Tell columns that no question is known for and that share a name apart by a number."""
    seen: Counter[str] = Counter()
    taken = {answer.name for answer in answers}
    out = []
    for answer in answers:
        seen[answer.name] += 1
        name, number = answer.name, seen[answer.name]
        if answer.question is None and number > 1:
            while name in taken:
                name, number = f"{answer.name} ({number})", number + 1
            taken.add(name)
        out.append(Answer(answer.column, name, answer.question, answer.option))
    return out


Keys = dict[str, list[tuple[Question, str | None]]]


def question_keys(form: Form, repeat: str) -> Keys:
    """Return the headers under which the questions of one table may stand."""
    return _keys(form.of(repeat), form)


def _keys(questions: list[Question], form: Form) -> Keys:
    """Return every header under which a question or an option may stand; the surest come first."""
    ranks: list[Keys] = [{}, {}, {}, {}]
    for question in questions:
        options = form.choices.get(question.choices, {}) if question.kind == "multiple" else {}
        for rank, titles in enumerate(_titles(question, form)):
            for title in titles:
                ranks[rank].setdefault(title, []).append((question, None))
                for option, texts in options.items():
                    for at, end in _endings(option, texts.values()):
                        held = ranks[max(rank, at)].setdefault(title + end, [])
                        if (question, option) not in held:
                            held.append((question, option))
    keys: Keys = {}
    for found in ranks:
        keys = found | keys
    folded: Keys = {}
    for title, places in keys.items():
        folded.setdefault(title.casefold(), places)
    return folded | keys


def _titles(question: Question, form: Form) -> list[list[str]]:
    """Return the headers of a question by rank: path, name, other separators, labels."""
    full = question.path
    inside = full[len(form.repeats[question.repeat][0]) :] if question.repeat else full
    first, name = ["/".join(full)], [question.name, "/".join(inside)]
    other = [mark.join(path) for mark in SEPARATORS for path in (full, inside)]
    labels = []
    for lang, label in question.labels.items():
        above = [texts.get(lang, "") for texts in question.group_labels]
        parts = [tidy(part) for part in above if part]
        labels += [tidy(label), *(mark.join([*parts, tidy(label)]) for mark in SEPARATORS)]
    return [list(dict.fromkeys(titles)) for titles in (first, name, other, labels)]


def _endings(option: str, texts: Iterable[str]) -> list[tuple[int, str]]:
    """Return what follows the header of a question in that of its option, each with its rank."""
    words = [(0, f"/{option}"), (3, f"_{option}"), (3, f"_{option.replace('-', '_')}")]
    return list(dict.fromkeys(words + [(3, f"/{tidy(text)}") for text in texts]))


def _moved(title: str, keys: Keys) -> tuple[Question | None, str | None]:
    """Return the question of a column that stood in another group in an earlier version."""
    parts = title.split("/")
    for start in range(1, len(parts)):
        found = keys.get("/".join(parts[start:]), [])
        if len(found) == 1:
            return found[0]
    return None, None
