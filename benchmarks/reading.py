"""Speed of reading what was collected: a KoBoToolbox export with its form, tables linked."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import prevalence as pv

from . import kobo_export
from .timing import Sheet

BAR = 5.0


def kobo(sheet: Sheet, *, runs: int = 3) -> None:
    """Time 10,000 households and 40,000 children, about 25 columns each, from XLSX to one table."""
    with tempfile.TemporaryDirectory() as folder:
        export, form = kobo_export.write(Path(folder))
        spent = []
        for _ in range(runs):
            began = time.perf_counter()
            data = pv.read_kobo(export, form=form, main="home")
            rows = data.link("child", "home")
            spent.append(time.perf_counter() - began)
    figure = statistics.median(spent)
    note = f"{len(data['home']):,} households, {len(rows):,} children, {rows.shape[1]} columns"
    sheet.at_most("KoBo export read and linked", figure, "s", BAR, note)
