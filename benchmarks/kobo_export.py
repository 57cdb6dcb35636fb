"""A large export in the shape KoBoToolbox writes: households, their children, and the form behind them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

YES_NO = [("yes", "Yes", "Oui"), ("no", "No", "Non"), ("dk", "Don't know", "Ne sait pas")]
TASKS = ["farming", "fishing", "mining", "selling", "domestic", "other"]
SURVEY_SHEET = ["type", "name", "label::English (en)", "label::Français (fr)", "relevant"]
SHEET = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="http://schemas.'
    'openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def write(folder: Path, *, households: int = 10_000, children: int = 40_000) -> tuple[Path, Path]:
    """Write export.xlsx and form.xlsx into a folder and return their paths."""
    export, form = folder / "export.xlsx", folder / "form.xlsx"
    workbook(export, _sheets(households, children))
    workbook(form, {"survey": _survey(), "choices": _choices(), "settings": [["form_title"]]})
    return export, form


def write_csv(folder: Path, *, households: int = 10_000, children: int = 40_000) -> Path:
    """Write the same sheets as one CSV file each into a folder of their own, and return it."""
    out = folder / "csv"
    out.mkdir()
    for name, rows in _sheets(households, children).items():
        with (out / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return out


def _sheets(households: int, children: int) -> dict[str, Iterable[Sequence[Any]]]:
    rng = np.random.default_rng(6)
    parent = np.sort(rng.integers(0, households, children))
    return {"Work of children": _households(households, rng), "child": _children(parent, rng)}


def _households(n: int, rng: np.random.Generator) -> Iterable[Sequence[Any]]:
    questions = [f"home/asset_{k}" for k in range(1, 13)]
    tasks = [f"home/work/{task}" for task in TASKS]
    first: list[Any] = ["start", "home/ea", "home/size", "home/head_age"]
    last: list[Any] = ["_id", "_uuid"]
    yield [*first, *questions, "home/work", *tasks, *last, "_submission_time", "_index"]
    answers = rng.choice(["yes", "no", "dk"], (n, len(questions)), p=[0.4, 0.58, 0.02])
    chosen = rng.random((n, len(TASKS))) < 0.3
    size, age = rng.integers(1, 9, n), rng.integers(18, 90, n)
    for i in range(n):
        picked = [task for task, one in zip(TASKS, chosen[i], strict=True) if one]
        first = ["2024-03-05T10:00:00.000-05:00", f"EA{i // 20:04d}", int(size[i]), int(age[i])]
        work = [" ".join(picked), *map(int, chosen[i])]
        last = [i + 1_000, f"uuid-{i:06d}", "2024-03-05T15:00:00", i + 1]
        yield [*first, *answers[i].tolist(), *work, *last]


def _children(parent: np.ndarray, rng: np.random.Generator) -> Iterable[Sequence[Any]]:
    questions = [f"child/item_{k}" for k in range(1, 17)]
    first: list[Any] = ["child/name", "child/sex", "child/age", "child/hours"]
    last: list[Any] = ["_index", "_parent_table_name", "_parent_index"]
    yield [*first, *questions, *last, "_submission__id", "_submission__uuid"]
    n = len(parent)
    answers = rng.choice(["yes", "no", "dk"], (n, len(questions)), p=[0.05, 0.93, 0.02])
    sex, age = rng.choice(["f", "m"], n), rng.integers(5, 18, n)
    hours = rng.integers(0, 60, n)
    for i, p in enumerate(parent.tolist()):
        first = [f"Child {i}", str(sex[i]), int(age[i]), int(hours[i]) if i % 3 else ""]
        last = [i + 1, "Work of children", p + 1, p + 1_000, f"uuid-{p:06d}"]
        yield [*first, *answers[i].tolist(), *last]


def _survey() -> Iterable[Sequence[Any]]:
    yield SURVEY_SHEET
    yield ["start", "start", "", "", ""]
    yield ["begin_group", "home", "Home", "Ménage", ""]
    yield ["text", "ea", "Enumeration area", "Grappe", ""]
    yield ["integer", "size", "Persons", "Personnes", ""]
    yield ["integer", "head_age", "Age of the head", "Âge du chef", ""]
    for k in range(1, 13):
        yield ["select_one yes_no", f"asset_{k}", f"Asset {k}?", f"Bien {k} ?", ""]
    yield ["select_multiple task", "work", "Work in the household", "Travail du ménage", ""]
    yield ["end_group", "", "", "", ""]
    yield ["begin_repeat", "child", "Child", "Enfant", ""]
    yield ["text", "name", "Name", "Nom", ""]
    yield ["select_one sex", "sex", "Sex", "Sexe", ""]
    yield ["integer", "age", "Age", "Âge", ""]
    yield ["integer", "hours", "Hours worked", "Heures de travail", "${age} >= 5"]
    for k in range(1, 17):
        yield ["select_one yes_no", f"item_{k}", f"Item {k}?", f"Question {k} ?", "${age} >= 5"]
    yield ["end_repeat", "", "", "", ""]


def _choices() -> Iterable[Sequence[Any]]:
    yield ["list_name", "name", "label::English (en)", "label::Français (fr)"]
    for row in YES_NO:
        yield ["yes_no", *row]
    yield from (["sex", "f", "Girl", "Fille"], ["sex", "m", "Boy", "Garçon"])
    for task in TASKS:
        yield ["task", task, task.capitalize(), f"{task} (fr)"]


def workbook(path: Path, sheets: dict[str, Iterable[Sequence[Any]]]) -> None:
    """Write sheets of rows as XLSX, text inline, as KoBoToolbox's writer does."""
    numbers = range(1, len(sheets) + 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{k}.xml" ContentType="{MAIN}.worksheet+xml"/>'
            for k in numbers
        )
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName='
            f'"/xl/workbook.xml" ContentType="{MAIN}.sheet.main+xml"/>{parts}</Types>',
        )
        book.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            _relations([("worksheet", f"worksheets/sheet{k}.xml") for k in numbers]),
        )
        listed = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{k}" r:id="rId{k}"/>'
            for k, name in zip(numbers, sheets, strict=True)
        )
        book.writestr(
            "xl/workbook.xml",
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
        for k, rows in zip(numbers, sheets.values(), strict=True):
            body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            book.writestr(f"xl/worksheets/sheet{k}.xml", f"{SHEET}{body}</sheetData></worksheet>")


def _relations(parts: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{k}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for k, (kind, target) in enumerate(parts, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    if value == "":
        return "<c/>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
