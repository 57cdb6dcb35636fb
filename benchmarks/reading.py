"""Speed of reading what was collected: a KoBoToolbox export with its form, tables linked."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pandas as pd

import prevalence as pv

from . import kobo_export
from .table import Peer, Table

BAR = 5.0


def kobo(table: Table, *, quick: bool = False) -> None:
    """Time 10,000 households and 40,000 children, about 25 columns each, from files to one table."""
    with tempfile.TemporaryDirectory() as folder:
        export, form = kobo_export.write(Path(folder))
        tables = kobo_export.write_csv(Path(folder))

        def linked(place: Path) -> pd.DataFrame:
            return pv.read_kobo(place, form=form, main="home").link("child", "home")

        cells = Peer(
            "pandas", pd.__version__, lambda: pd.read_excel(export, sheet_name=None),
            note="its cells by openpyxl, not linked, codes as they stand",
        )  # fmt: skip
        found = []
        for name, place in (("XLSX", export), ("CSV", tables)):
            taken = table.measure(
                f"KoBo export read and linked, {name}",
                partial(linked, place),
                *([] if quick or name == "CSV" else [cells]),
                bar=BAR,
                runs=3,
                note="10,000 households, 40,000 children",
            )
            found.append(_as_text(taken.found))
        table.checked(
            "XLSX and CSV, every cell", "prevalence", pv.__version__, found[0].equals(found[1])
        )


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as text, since the dates and categories of two formats need not be alike."""
    return frame.astype(object).where(frame.notna(), "").astype(str)
