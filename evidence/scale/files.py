"""Cost and memory of files of growing size, by DuckDB, by pyarrow and in memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..claims import ROOT
from .made import write

SIZES = (100_000, 1_000_000, 10_000_000)
QUICK = (10_000, 100_000)
IN_MEMORY = 1_000_000  # rows up to which the file is read into memory too
WITH_REPLICATES = 1_000_000
LIMIT = 2_000_000_000
WAYS = ("duckdb", "pyarrow", "memory")


def measured(quick: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row for each file and way, and how far the ways differ."""
    sizes = QUICK if quick else SIZES
    many = 20_000 if quick else WITH_REPLICATES
    rows: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        for size, stored in [*((size, 0) for size in sizes), (many, 200)]:
            name = "replicates" if stored else "rows"
            path = write(Path(folder) / f"{name}-{size}.parquet", size, stored)
            found = {
                way: one(path, way, size) for way in WAYS if way != "memory" or size <= IN_MEMORY
            }
            for way, told in found.items():
                rows.append(_row(size, stored, way, told, path.stat().st_size))
            last = "memory" if "memory" in found else "pyarrow"
            gaps += [_gap(size, stored, way, last, found) for way in found if way != last]
            path.unlink()
    return pd.DataFrame(rows), pd.DataFrame(gaps)


def one(path: Path, way: str, size: int) -> dict[str, Any]:
    """Run one way in a process of its own; merged files must do with two gigabytes of data."""
    limit = 0 if way == "memory" else LIMIT
    done = subprocess.run(
        [sys.executable, "-m", "evidence.scale.one", str(path), way, str(limit)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{way} of {size:,} rows failed: {done.stderr[-500:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _row(size: int, stored: int, way: str, told: dict[str, Any], on_disk: int) -> dict[str, Any]:
    return {
        "rows": size,
        "replicate weights": stored,
        "file, MB": round(on_disk / 1e6),
        "way": way,
        "rows of the survey": told["cells"],
        "CPU s": round(told["cpu"], 2),
        "of which reading": round(told["read"], 2),
        "wall s": round(told["wall"], 2),
        "peak memory, MB": round(told["peak"] / 1e6),
    }


def _gap(
    size: int, stored: int, way: str, against: str, found: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Hold numbers against those in memory, or where none are, against the other reader's."""
    one, two = (np.array(found[name]["numbers"]) for name in (way, against))
    gap = np.abs(one - two) / np.maximum(np.abs(two), 1e-300)
    return {
        "rows": size,
        "replicate weights": stored,
        "way": way,
        "against": against,
        "numbers": one.size,
        "largest relative difference": float(f"{gap.max():.1e}"),
    }


def slope(table: pd.DataFrame, way: str) -> float:
    """Return the slope of log CPU seconds of reading on log rows, between the two largest files."""
    part = table[(table["way"] == way) & (table["replicate weights"] == 0)].nlargest(2, "rows")
    return float(np.polyfit(np.log(part["rows"]), np.log(part["of which reading"]), 1)[0])
