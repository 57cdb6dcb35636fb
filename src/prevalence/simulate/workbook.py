"""Tables to a workbook: the same tables give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prevalence.storage import WRITTEN, timeless

__all__ = ["as_cells", "write_workbook"]


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
