"""Random rows with a design, outcomes, amounts that are sometimes missing, and replicate weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import prevalence as pv

REPLICATES = 30
ENGINES = ("duckdb", "pyarrow")


def rows(seed: int, n: int = 3_000, psus: int = 40) -> pd.DataFrame:
    """Return rows in no order; amounts are missing in 3 % of them, ages too."""
    rng = np.random.default_rng(seed)
    psu = rng.integers(0, psus, n)
    weight = rng.gamma(2, 3, n) * (rng.random(n) > 0.05)
    frame = pd.DataFrame(
        {
            "psu": [f"unit {k}" for k in psu],
            "stratum": psu // 10,
            "w": weight,
            "case": (rng.random(n) < 0.05 + 0.1 * (psu % 3 == 0)) * 1,
            "sex": np.where(rng.random(n) < 0.5, "F", "M"),
            "area": np.where(rng.random(n) < 0.3, "town", "country"),
            "age": np.where(rng.random(n) < 0.03, np.nan, rng.integers(5, 18, n)),
            "hours": np.where(rng.random(n) < 0.03, np.nan, rng.gamma(2, 9, n)),
            "pay": rng.gamma(2, 3, n),
        }
    )
    counts = rng.poisson(1, (REPLICATES, psus))
    columns = {f"rep{r + 1}": weight * counts[r, psu] for r in range(REPLICATES)}
    return pd.concat([frame, pd.DataFrame(columns)], axis=1)


def written(frame: pd.DataFrame, path: Path) -> Path:
    """Write rows to a parquet file of several row groups; missing hours are NaN, other values null.

    DuckDB 2.0 takes no value of a column for NaN whose limits are written, unless told otherwise.
    """
    columns = {
        name: pa.array(column, from_pandas=name != "hours") for name, column in frame.items()
    }
    pq.write_table(pa.table(columns), path, row_group_size=max(1, len(frame) // 4))
    return path


def same(found: pv.Estimate, wanted: pv.Estimate, tolerance: float = 1e-10) -> None:
    """Hold every column of two tables of results against each other, and covariances too."""
    one, two = found.to_frame(), wanted.to_frame()
    assert list(one.columns) == list(two.columns)
    for name in one.columns:
        if pd.api.types.is_numeric_dtype(one[name]):
            np.testing.assert_allclose(
                one[name].to_numpy(float), two[name].to_numpy(float), rtol=tolerance, err_msg=name
            )
        else:
            assert one[name].astype(str).tolist() == two[name].astype(str).tolist(), name
    np.testing.assert_allclose(
        found.covariance,
        wanted.covariance,
        rtol=1e-8,
        atol=1e-10 * np.nanmax(wanted.std_error) ** 2,
    )  # sums of products of both signs: relative to the largest


def read(path: Any, engine: str, **more: Any) -> pv.Survey:
    """Read the file of `rows` with all that the tests ask for."""
    how: dict[str, Any] = {
        "weights": "w",
        "strata": "stratum",
        "psu": "psu",
        "columns": ["case", "sex", "area"],
        "amounts": ["hours", "pay"],
    }
    return pv.Survey.from_parquet(path, engine=engine, **{**how, **more})
