"""The rows of the dossier: comparisons that tests wrote down, with their peers' calls."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..claims import DOCS
from .stored import ORACLE, cases, content, source_and_call, uncompared

__all__ = ["COLUMNS", "joined", "summary", "written"]

Row = dict[str, Any]
COLUMNS = (
    "family",
    "source",
    "case",
    "quantity",
    "status",
    "values",
    "theirs",
    "ours",
    "absolute",
    "relative",
    "tolerance",
    "share",
    "why",
    "their call",
    "our call",
)
FAMILIES = (  # the first word that a test's name holds
    ("witnesses", "witnesses"),
    ("crosscheck", "witnesses"),
    ("strd", "regression"),
    ("survey", "surveys"),
    ("test_designs", "surveys"),
    ("engine/", "surveys"),
    ("network", "scale-up"),
    ("real_data", "scale-up"),
    ("mse", "lists"),
    ("test_lists", "lists"),
    ("sensitive", "sensitive questions"),
    ("plan", "planning"),
    ("", "measurement"),
)
ROOMS = (  # of results that no test reads
    ("rds/", "recruitment"),
    ("_sae", "small areas"),
    ("_pool", "pooling"),
    ("_plan", "planning"),
    ("mse/", "lists"),
    ("nsum/", "scale-up"),
    ("survey/", "surveys"),
    ("", "measurement"),
)
DEPTH = {"survey": 3, "nsum": 3, "mse": 3, "frontier": 2, "rds": 2}  # of a case in its file
DEPTHS = {"expected_msepackage.json": 2}


def joined(noted: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of the dossier, sorted, those of one result and one reason as one row."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for told in noted:
        row = read(told)
        key = (row["our call"], row["source"], row["case"], row["why"], row["status"])
        place = key if row["family"] == "surveys" else (*key, row["quantity"], row["tolerance"])
        groups.setdefault(place, []).append(row)
    rows = [one(group) for group in groups.values()]
    rows += list(unread(rows))
    rows = [{name: row.get(name, "") for name in COLUMNS} for row in rows]
    return sorted(rows, key=lambda row: tuple(str(row[name]) for name in SORTED))


SORTED = ("family", "case", "quantity", "source", "our call", "why", "theirs")


def read(told: Mapping[str, Any]) -> Row:
    """Return one comparison as a row."""
    place, source, call = tuple(told["place"]), told["source"], told["call"]
    room, _, name = (place[0] if place else "").partition("/")
    case: tuple[str, ...] = place
    rest: tuple[str, ...] = ()
    if room in DEPTH and name.endswith(".json"):
        source, call = source_and_call(place)
        depth = DEPTHS.get(name, DEPTH[room])
        depth = depth if name.startswith("expected") else 1
        case, rest = place[:depth], named(place, depth)
    elif room in DEPTH and name:
        source, call = source_and_call(place)
        case, rest = place[:1], place[1:]
    test = told["test"].removeprefix("tests/")
    return {
        **{name: told[name] for name in ("status", "values", "theirs", "ours", "tolerance", "why")},
        **{name: told[name] for name in ("absolute", "relative", "share")},
        "family": next(family for word, family in FAMILIES if word in test),
        "source": source,
        "case": " > ".join(case),
        "quantity": " > ".join(rest),
        "their call": call,
        "our call": test,
    }


def named(place: tuple[str, ...], depth: int) -> tuple[str, ...]:
    """Return what follows the case, with the name of a parameter for its number in a summary."""
    rest = place[depth:]
    if "summary" in rest and rest[-1].isdigit():
        item = content(place[0])["cases"][place[2]]["summary"]
        return (str(item["parameter"][int(rest[-1])]), *rest[1:-1])
    return rest


def one(group: list[Row]) -> Row:
    """Return several quantities of one result as one row: the one nearest to its tolerance."""
    worst = max(group, key=lambda row: row["share"] if row["share"] != "" else -1.0)
    names = list(dict.fromkeys(row["quantity"] for row in group if row["quantity"]))
    made = {**worst, "values": sum(row["values"] for row in group)}
    if len(names) > 1:
        made["quantity"] = f"{worst['quantity']} (of {', '.join(names)})"
    for name in ("absolute", "relative", "share"):
        made[name] = f"{worst[name]:.2g}" if worst[name] != "" else ""
    return made


def unread(rows: list[Row]) -> Iterator[Row]:
    """Give a row for every stored result that no comparison names, with the reason."""
    read = {row["case"] for row in rows}
    for stored in cases() if ORACLE.is_dir() else ():
        case = " > ".join(stored.place)
        if case in read:
            continue
        why = uncompared(stored.place) or "NOT COMPARED, AND NO REASON IS GIVEN"
        yield {
            "family": next(family for word, family in ROOMS if word in case),
            "source": stored.source,
            "case": case,
            "status": "waits" if why.startswith("waits") else "not compared",
            "values": stored.values,
            "why": why.removeprefix("waits: "),
            "their call": stored.call,
        }


def summary(rows: list[Row]) -> list[Row]:
    """Return one line by family and source: lines, values, and the worst share of a tolerance."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["family"], row["source"]), []).append(row)
    return [counted(*key, group) for key, group in sorted(groups.items())]


def counted(family: str, source: str, group: list[Row]) -> Row:
    """Return one line of the summary."""
    values: Counter[str] = Counter()
    for row in group:
        values[row["status"]] += int(row["values"])
    held = [row for row in group if row["status"] in ("agrees", "explained")]
    worst = max(held, key=lambda row: float(row["share"]), default=None)
    return {
        "family": family,
        "source": source,
        "lines": len(group),
        "values that agree": values["agrees"],
        "explained": values["explained"],
        "stated differences": values["stated difference"],
        "not compared": values["not compared"],
        "waiting": values["waits"],
        "worst share of a tolerance": worst["share"] if worst else "",
        "in": worst["case"] if worst else "",
    }


def written(name: str, rows: list[Row]) -> Path:
    """Write one table of the evidence page."""
    path = DOCS / name
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return path


def noted(folder: Path) -> Iterator[Row]:
    """Return what all processes of the tests have written."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
