"""Speed of reading what was collected: a KoBoToolbox export with its form, tables linked."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import prevalence as pv

from . import kobo_export
from .timing import Sheet

BAR = 5.0


def kobo(sheet: Sheet, *, quick: bool = False, runs: int = 3) -> None:
    """Time 10,000 households and 40,000 children, about 25 columns each, from files to one table."""
    with tempfile.TemporaryDirectory() as folder:
        export, form = kobo_export.write(Path(folder))
        tables = kobo_export.write_csv(Path(folder))

        def linked(place: Path) -> tuple[int, pd.DataFrame]:
            data = pv.read_kobo(place, form=form, main="home")
            return len(data["home"]), data.link("child", "home")

        found = []
        for name, place in (("XLSX", export), ("CSV", tables)):
            seconds, own, (households, rows) = _wall(lambda place=place: linked(place), runs)
            size = f"{households:,} households, {len(rows):,} children, {rows.shape[1]} columns"
            note = f"{seconds:.1f} s by the clock; {size}"
            sheet.at_most(f"KoBo export read and linked, {name}", own, "s", BAR, note)
            found.append(rows)
        same = _as_text(found[0]).equals(_as_text(found[1]))
        sheet.checked("XLSX and CSV, every cell", same)
        if not quick:
            seconds, own, _ = _wall(lambda: pd.read_excel(export, sheet_name=None), 1)
            note = f"{seconds:.1f} s by the clock; not linked, codes as they stand"
            sheet.at_most("its cells by pandas and openpyxl", own, "s", None, note)


def _wall(call: Callable[[], Any], runs: int) -> tuple[float, float, Any]:
    """Return medians of the seconds of the clock and of the CPU, and what came back."""
    spent = []
    for _ in range(runs):
        began = time.perf_counter(), time.process_time()
        found = call()
        spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    clock, own = (statistics.median(column) for column in zip(*spent, strict=True))
    return clock, own, found


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as text, since the dates and categories of two formats need not be alike."""
    return frame.astype(object).where(frame.notna(), "").astype(str)
