"""Files of any number of rows, written group by group: a synthetic census sample of clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PSUS, STRATA, PARISHES = 2_000, 50, 14
GROUP = 250_000


def write(path: Path, rows: int, replicates: int = 0) -> Path:
    """Write rows in an order that has nothing to do with the design."""
    counts = np.random.default_rng(9).poisson(1, (replicates, PSUS)).astype(np.float32)
    writer: Any = None
    for start in range(0, rows, GROUP):
        table = pa.table(_group(min(GROUP, rows - start), start, counts))
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=GROUP)
    writer.close()
    return path


def _group(rows: int, start: int, counts: Any) -> dict[str, Any]:
    rng = np.random.default_rng([start, 1])
    psu = rng.integers(0, PSUS, rows, dtype=np.int32)
    share = 0.01 + 0.03 * np.random.default_rng(5).random(PSUS)
    weight = np.round(rng.gamma(4, 5, rows), 2) + 1
    out: dict[str, Any] = {
        "psu": psu,
        "stratum": (psu % STRATA).astype(np.int16),
        "parish": (psu % STRATA % PARISHES).astype(np.int8),
        "weight": weight,
        "sex": np.where(rng.random(rows) < 0.5, "F", "M"),
        "age": rng.integers(5, 18, rows, dtype=np.int8),
        "case": (rng.random(rows) < share[psu]).astype(np.int8),
        "hours": np.where(rng.random(rows) < 0.02, np.nan, rng.gamma(2, 9, rows)),
    }
    for r, count in enumerate(counts):
        out[f"rep{r + 1}"] = (weight * count[psu]).astype(np.float32)
    return out
