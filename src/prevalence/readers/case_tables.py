"""Case data as a table: a workbook, a CSV file or a frame, every cell as it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import warn
from .opened import check_kind, existing, kind_of
from .sheets import Sheet, read_sheets

__all__: list[str] = []

OTHER = ("a Stata file", "an SPSS file", "an SPSS portable file", "an encrypted SPSS file")


def table_of(source: Any, sheet: str | int = 0) -> pd.DataFrame:
    """Return the rows of a file or a frame, every column as it came."""
    if not isinstance(source, (str, Path)):
        return _frame(source)
    path = existing(source)
    with path.open("rb") as file:
        if kind_of(file.read(512)) in OTHER:
            check_kind(path, "a CSV file or an Excel workbook")
    said: list[str] = []
    one = _chosen(read_sheets(path, "path", said), sheet)
    for text in said:
        warn(text)
    twice = [name for name in one.header if one.header.count(name) > 1]
    if twice:
        raise ValueError(
            f"path must have columns of different names: {twice[0]!r} stands "
            f"{one.header.count(twice[0])} times in {path.name!r}. Rename them."
        )
    cells = [column.mapped(lambda value: value, None) for column in one.columns]
    return pd.DataFrame(dict(zip(one.header, cells, strict=True)), dtype=object)


def _frame(source: Any) -> pd.DataFrame:
    from ..frames import read

    table = read(source)
    return pd.DataFrame({name: pd.Series(column) for name, column in table.columns.items()})


def _chosen(sheets: list[Sheet], sheet: str | int) -> Sheet:
    """Return one of the sheets, by name or by place."""
    names = [one.name for one in sheets]
    if isinstance(sheet, str) and sheet in names:
        return sheets[names.index(sheet)]
    if isinstance(sheet, int) and 0 <= sheet < len(sheets):
        return sheets[sheet]
    raise ValueError(
        f"sheet must be one of the workbook's: found {sheet!r}. There are: {', '.join(names)}."
    )
