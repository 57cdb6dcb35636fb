"""Tables to files: the same tables give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["tables_of", "write_tables"]


def write_tables(tables: Mapping[str, pd.DataFrame], folder: str | PathLike[str]) -> list[str]:
    """Write each table to ``folder/name.csv`` in UTF-8 with line feeds and 10 digits."""
    target = Path(folder)
    for part in (target, *target.parents):
        if part.exists() and not part.is_dir():
            raise NotADirectoryError(
                f"folder must be a folder: {part.name!r} is a file. Choose another folder."
            )
    target.mkdir(parents=True, exist_ok=True)
    names = []
    for name in sorted(tables):
        table = tables[name].apply(_whole)
        text = table.to_csv(index=False, float_format="%.10g", lineterminator="\n")
        (target / f"{name}.csv").write_bytes(text.encode("utf-8"))
        names.append(f"{name}.csv")
    return names


def tables_of(study: Any) -> dict[str, pd.DataFrame]:
    """Return the tables among the fields of a study, by name."""
    held = {field.name: getattr(study, field.name) for field in fields(study)}
    return {name: part for name, part in held.items() if isinstance(part, pd.DataFrame)}


def _whole(column: pd.Series[Any]) -> pd.Series[Any]:
    """Turn a column of whole numbers with gaps into integers with gaps."""
    if column.dtype.kind != "f":
        return column
    values = column.to_numpy()
    present = values[~np.isnan(values)]
    return column.astype("Int64") if np.all(present == np.rint(present)) else column
