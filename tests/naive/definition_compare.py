"""Slow, obvious version of shares of several outcomes and of their covariance, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


def shares(data: pd.DataFrame, outcomes: list[str]) -> tuple[Array, Array]:
    """Return weighted shares and their covariance: strata, primary units with replacement.

    A row that misses an outcome takes no part in that outcome's share.
    """
    values, residuals = [], []
    for name in outcomes:
        top = bottom = 0.0
        for _, row in data.iterrows():
            if not np.isnan(row[name]):
                top += row["w"] * row[name]
                bottom += row["w"]
        share = top / bottom
        values.append(share)
        residuals.append(
            [
                0.0 if np.isnan(row[name]) else row["w"] * (row[name] - share) / bottom
                for _, row in data.iterrows()
            ]
        )
    totals: dict[Any, dict[Any, Array]] = {}
    for k, (_, row) in enumerate(data.iterrows()):
        units = totals.setdefault(row["stratum"], {})
        zero = np.zeros(len(outcomes))
        units[row["psu"]] = units.get(row["psu"], zero) + np.array([r[k] for r in residuals])
    covariance = np.zeros((len(outcomes), len(outcomes)))
    for units in totals.values():
        centred = [z - sum(units.values()) / len(units) for z in units.values()]
        for z in centred:
            covariance += len(units) / (len(units) - 1) * np.outer(z, z)
    return np.array(values), covariance
