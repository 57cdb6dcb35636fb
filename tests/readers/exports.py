"""Interviews as nested answers, and the files in which KoBoToolbox, ODK and SurveyCTO would export them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl

Interview = dict[str, Any]
Rows = list[list[Any]]
LANGUAGES = ("English (en)", "Français (fr)")
CHOICES = {
    "yes_no": [("yes", "Yes", "Oui"), ("no", "No", "Non"), ("dk", "Don't know", "Ne sait pas")],
    "sex": [("1", "Girl", "Fille"), ("2", "Boy", "Garçon"), ("99", "Refused", "Refus")],
    "task": [
        ("farm", "Farm work", "Travail agricole"),
        ("sea", "Fishing", "Pêche"),
        ("shop", "Shop, or market", "Boutique ou marché"),
        ("98", "Don't know", "Ne sait pas"),
    ],
}
SURVEY: Rows = [
    ["type", "name", "label::English (en)", "label::Français (fr)", "relevant"],
    ["start", "start", "", "", ""],
    ["begin_group", "home", "Home", "Ménage", ""],
    ["text", "ea", "Area", "Grappe", ""],
    ["integer ", "size", "How many live here?", "Combien vivent ici ?", ""],
    ["select_multiple task", "work", "Work of the household", "Travail du ménage", ""],
    ["select one yes_no", "poor", "Poor?", "Pauvre ?", ""],
    ["end group", "", "", "", ""],
    ["begin group", "roster", "Roster", "Liste", ""],
    ["begin_repeat", "child", "Child", "Enfant", ""],
    ["text", "name", "Name", "Nom", ""],
    ["integer", "age", "Age", "Âge", ""],
    ["select_one sex", "sex", "Sex", "Sexe", ""],
    ["select_one yes_no", "works", "Works?", "Travaille ?", "${age} >= 5 and ${size} > 0"],
    ["decimal", "hours", "Hours", "Heures", "${works} = 'yes'"],
    ["begin repeat", "job", "Job", "Travail", ""],
    ["select_one task", "kind", "Kind", "Genre", ""],
    ["end repeat", "", "", "", ""],
    ["end_repeat", "", "", "", ""],
    ["end_group", "", "", "", ""],
    ["note", "thanks", "Thank you", "Merci", ""],
]
HOME = ["start", "ea", "size", "work", "poor"]
CHILD = ["name", "age", "sex", "works", "hours"]
GROUPS = {"ea": "home", "size": "home", "work": "home", "poor": "home"}
LISTS = {"work": "task", "poor": "yes_no", "sex": "sex", "works": "yes_no", "kind": "task"}


def interviews(n: int, seed: int) -> list[Interview]:
    """Return interviews with everything that may be missing missing somewhere."""
    rng = np.random.default_rng(seed)

    def maybe(value: Any, share: float = 0.15) -> Any:
        return None if rng.random() < share else value

    def child(i: int) -> Interview:
        age = int(rng.integers(2, 18))
        works = maybe(str(rng.choice(["yes", "no", "dk"], p=[0.5, 0.3, 0.2]))) if age >= 5 else None
        hours = maybe(float(rng.integers(1, 100)) / 2) if works == "yes" else None
        jobs = [{"kind": maybe(str(rng.choice(["farm", "sea", "98"])))} for _ in range(i % 3)]
        jobs = [job for job in jobs if job["kind"] is not None]
        sex = maybe(str(rng.choice(["1", "2", "99"])))
        return {
            "name": f"Child {rng.integers(1000)}",
            "age": age,
            "sex": sex,
            "works": works,
            "hours": hours,
            "job": jobs,
        }

    def home(i: int) -> Interview:
        tasks = [task for task in ("farm", "sea", "shop") if rng.random() < 0.4] or ["98"]
        return {
            "start": f"2024-03-0{1 + i % 9}T10:00:00.000-05:00",
            "ea": maybe(f"EA {i // 3:03d}"),
            "size": int(rng.integers(1, 9)),
            "work": maybe(tasks),
            "poor": maybe(str(rng.choice(["yes", "no", "dk"]))),
            "child": [child(k) for k in range(int(rng.integers(0, 4)))],
        }

    return [home(i) for i in range(n)]


def form(folder: Path, **changes: Rows) -> Path:
    """Write the XLSForm."""
    choices: Rows = [["list_name", "name", *(f"label::{lang}" for lang in LANGUAGES)]]
    for name, options in CHOICES.items():
        choices += [[name, *option] for option in options] + [[]]
    sheets = {"survey": SURVEY, "choices": choices, "settings": [["form_title"], ["A survey"]]}
    return workbook(folder / "form.xlsx", {**sheets, **changes})


def workbook(path: Path, sheets: dict[str, Rows]) -> Path:
    """Write sheets of rows as XLSX."""
    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([None if value == "" else value for value in row])
    book.save(path)
    book.close()
    return path


def cells(answers: Interview, names: Sequence[str], *, boxes: bool, lang: int | None) -> list[Any]:
    """Return answers as a server writes them: codes, or labels of a language."""
    out: list[Any] = []
    for name in names:
        value = answers[name]
        options = CHOICES.get(LISTS.get(name, ""), [])
        words = {o[0]: o[0] if lang is None else o[1 + lang] for o in options}
        if name == "work":
            out.append("" if value is None else " ".join(words[code] for code in value))
            if boxes:
                out += ["" if value is None else int(o[0] in value) for o in options]
        else:
            out.append("" if value is None else words.get(value, value))
    return out


def headers(names: Sequence[str], *, boxes: bool, lang: int | None, groups: bool) -> list[str]:
    """Return headers as a server writes them."""
    labels = {row[1]: row[2 + (lang or 0)] for row in SURVEY}
    out = []
    for name in names:
        group = f"{GROUPS.get(name, '')}/" if name in GROUPS else "roster/child/"
        group = "" if not groups or name == "start" else group
        title = f"{group}{name}" if lang is None else labels[name] or name
        out.append(title)
        if name == "work" and boxes:
            out += [f"{title}/{o[0] if lang is None else o[1 + lang]}" for o in CHOICES["task"]]
    return out


def kobo(
    path: Path,
    found: list[Interview],
    *,
    lang: int | None = None,
    boxes: bool = True,
    groups: bool = True,
    title: str = "A survey",
    blank: str = "",
) -> Path:
    """Write XLSX with a sheet for each repeat."""
    how: dict[str, Any] = {"boxes": boxes, "lang": lang}
    top = [*headers(HOME, **how, groups=groups), "_id", "_uuid", "__version__", "_index"]
    links = ["_index", "_parent_table_name", "_parent_index", "_submission__id"]
    kind = "kind" if lang is None else str(SURVEY[16][2 + lang])
    sheets: dict[str, Rows] = {
        title: [top],
        "child": [[*headers(CHILD, **how, groups=groups), *links]],
        "job": [[f"roster/child/job/{kind}" if groups and lang is None else kind, *links[1:]]],
    }
    for i, one in enumerate(found, 1):
        ids = [1000 + i, f"uuid-{i}", "v1", i]
        sheets[title].append([*cells(one, HOME, **how), *ids])
        for child in one["child"]:
            at = len(sheets["child"])
            sheets["child"].append([*cells(child, CHILD, **how), at, title, i, 1000 + i])
            for job in child["job"]:
                row = [*cells(job, ["kind"], **how), "child", at, 1000 + i]
                sheets["job"].append(row)
    return workbook(
        path,
        {
            name: [[blank if cell == "" else cell for cell in row] for row in rows]
            for name, rows in sheets.items()
        },
    )


def odk(folder: Path, found: list[Interview], *, zipped: bool = False) -> Path:
    """Write a CSV file for each repeat, with keys, groups before a hyphen."""
    tables: dict[str, Rows] = {
        "svy": [["SubmissionDate", "start", *(f"home-{name}" for name in HOME[1:]), "KEY"]],
        "svy-child": [[*CHILD, "PARENT_KEY", "KEY"]],
        "svy-job": [["kind", "PARENT_KEY", "KEY"]],
    }
    for i, one in enumerate(found):
        key = f"uuid:{i:04d}"
        row = cells(one, HOME, boxes=False, lang=None)
        tables["svy"].append(["2024-03-09T10:00:00Z", *row, key])
        for k, child in enumerate(one["child"], 1):
            own = f"{key}/roster/child[{k}]"
            row = cells(child, CHILD, boxes=False, lang=None)
            tables["svy-child"].append([*row, key, own])
            for j, job in enumerate(child["job"], 1):
                tables["svy-job"].append([job["kind"], own, f"{own}/job[{j}]"])
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        write_csv(folder / f"{name}.csv", rows)
    if not zipped:
        return folder
    archive = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in tables:
            file.write(folder / f"{name}.csv", f"{name}.csv")
        file.writestr("media/photo.jpg", b"...")
    return archive


def wide(path: Path, found: list[Interview]) -> Path:
    """Write one CSV with repeats side by side."""
    most = max(len(one["child"]) for one in found)
    jobs = max((len(child["job"]) for one in found for child in one["child"]), default=0)
    header = ["SubmissionDate", *headers(HOME, boxes=True, lang=None, groups=False), "child_count"]
    header = [title.replace("/", "_") for title in header]
    for k in range(1, most + 1):
        header += [f"{name}_{k}" for name in CHILD]
        header += [f"kind_{k}_{j}" for j in range(1, jobs + 1)]
    rows: Rows = [[*header, "instanceID", "KEY"]]
    for i, one in enumerate(found):
        row = ["Mar 9, 2024 10:00:00 AM", *cells(one, HOME, boxes=True, lang=None)]
        row.append(len(one["child"]))
        for k in range(most):
            child = one["child"][k] if k < len(one["child"]) else None
            row += cells(child, CHILD, boxes=False, lang=None) if child else [""] * len(CHILD)
            kinds = [job["kind"] for job in child["job"]] if child else []
            row += kinds + [""] * (jobs - len(kinds))
        rows.append([*row, f"uuid:{i:04d}", f"uuid:{i:04d}"])
    return write_csv(path, rows)


def write_csv(path: Path, rows: Iterable[Any], mark: str = ",") -> Path:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark).writerows(rows)
    return path
