"""Tables to a workbook: the same tables give the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["WRITTEN", "as_cells", "timeless", "write_workbook"]

#: The only time in the file, in place of the time of writing.
WRITTEN = dt.datetime(2024, 2, 16)


def write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write each table to a sheet; text stays text, and a missing value is an empty cell."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.created = WRITTEN
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append([str(column) for column in table.columns])
        for row in zip(*(as_cells(table[column]) for column in table.columns), strict=True):
            sheet.append(row)
    held = io.BytesIO()
    book.save(held)
    path.write_bytes(timeless(held.getvalue()))


def as_cells(column: pd.Series[Any]) -> list[Any]:
    """Return what a cell holds: whole numbers without a point, text, or nothing."""
    if column.dtype.kind == "f":
        values = column.to_numpy()
        whole = np.isnan(values) | (values == np.rint(values))
        if whole.all():
            return [None if np.isnan(v) else int(v) for v in values]
        return [None if np.isnan(v) else float(f"{v:.10g}") for v in values]
    if column.dtype.kind in "iub":
        return [int(v) for v in column]
    return [None if pd.isna(v) or v == "" else str(v) for v in column]


def timeless(content: bytes) -> bytes:
    """Return the same workbook or document without the time of writing."""
    moment = WRITTEN.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w") as new:
        for name in sorted(old.namelist()):
            part = old.read(name)
            if name == "docProps/core.xml":
                start = part.index(b">", part.index(b"<dcterms:modified")) + 1
                part = part[:start] + moment + part[part.index(b"</dcterms:modified") :]
            info = zipfile.ZipInfo(name, date_time=WRITTEN.timetuple()[:6])
            info.external_attr = 0o644 << 16
            info.create_system = 3
            new.writestr(info, part, zipfile.ZIP_DEFLATED, 9)
    return held.getvalue()
