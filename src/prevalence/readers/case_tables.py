"""Tables of text from CSV files and Excel workbooks."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from .opened import damaged, existing, kind_of, package

__all__: list[str] = []

WORKBOOK = "a zip archive or an Excel workbook"


def table_of(source: Any, sheet: str | int = 0) -> pd.DataFrame:
    """Return the rows of a file or a frame, every column as it came."""
    if not isinstance(source, (str, Path)):
        return _frame(source)
    path = existing(source)
    with path.open("rb") as file:
        kind = kind_of(file.read(512))
    if kind == WORKBOOK:
        return _workbook(path, sheet)
    if kind:
        raise ValueError(
            f"path must be a CSV file or an Excel workbook: {path.name!r} is {kind}. Check which "
            "file it is, and export it anew without a password."
        )
    return _csv(path)


def _frame(source: Any) -> pd.DataFrame:
    from ..frames import read

    table = read(source)
    return pd.DataFrame({name: pd.Series(column) for name, column in table.columns.items()})


def _workbook(path: Path, sheet: str | int) -> pd.DataFrame:
    package("python_calamine", "a reader of Excel workbooks")
    import python_calamine

    try:
        return pd.read_excel(path, sheet_name=sheet, engine="calamine", dtype=object)
    except (python_calamine.CalamineError, zipfile.BadZipFile, KeyError) as problem:
        raise damaged(path, "an Excel workbook", problem) from problem
    except ValueError:
        names = pd.ExcelFile(path, engine="calamine").sheet_names
        raise ValueError(
            f"sheet must be one of the workbook's: found {sheet!r}. There are: "
            f"{', '.join(map(str, names))}."
        ) from None


def _csv(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if not text.strip() or "\0" in text:
        raise ValueError(
            f"path must be a CSV file or an Excel workbook: {path.name!r} is "
            f"{'binary' if text.strip() else 'empty'}. Check which file it is, and export it anew."
        )
    first = text.lstrip("\n").split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(text.splitlines(keepends=True), delimiter=mark) if any(row)]
    width = len(rows[0])
    odd = [i for i, row in enumerate(rows[1:]) if len(row) != width]
    if odd:
        raise ValueError(
            f"rows of a CSV file must be as long as its first, {width}: {len(odd):,} of "
            f"{len(rows) - 1:,} are not (first: row {odd[0]}, {len(rows[odd[0] + 1])}). Export it anew."
        )
    return pd.DataFrame(rows[1:], columns=rows[0], dtype=object)
