"""Posterior predictive check: how answers that were given differ from answers drawn from a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["discrepancies"]

Array = NDArray[Any]
STATISTICS = ("share of zeros", "mean", "maximum")


def discrepancies(
    groups: Sequence[str], low: Array, high: Array, replicates: Iterable[Array]
) -> pd.DataFrame:
    """Return observed and replicated statistics of the answers to each question."""
    asked = ~((low == 0) & np.isinf(high))
    zeros = asked & ((high == 0) | (low > 0))  # whether nobody is known can be told
    capped = np.isinf(high) & (low > 1)
    cap = np.where(capped, low, np.inf).min(axis=0, initial=np.inf)
    exact = (low == high) | capped
    observed = _statistics(low, zeros, exact)
    drawn = np.stack([_statistics(np.minimum(y, cap), zeros, exact) for y in replicates])
    above = (drawn > observed).mean(axis=0) + (drawn == observed).mean(axis=0) / 2
    limits = np.quantile(drawn, [0.025, 0.975], axis=0)
    gone = np.isnan(observed)
    return pd.DataFrame(
        {
            "group": np.repeat(list(groups), len(STATISTICS)),
            "statistic": np.tile(STATISTICS, len(groups)),
            "observed": observed.T.reshape(-1),
            "predicted": drawn.mean(axis=0).T.reshape(-1),
            "low": limits[0].T.reshape(-1),
            "high": limits[1].T.reshape(-1),
            "p": np.where(gone, np.nan, above).T.reshape(-1),
        }
    )


def _statistics(y: Array, zeros: Array, exact: Array) -> Array:
    """Return share of zeros, mean and maximum (statistics, groups) of the answers that tell them."""
    with np.errstate(invalid="ignore"):
        share = ((y == 0) & zeros).sum(axis=0) / zeros.sum(axis=0)
        mean = np.where(exact, y, 0).sum(axis=0) / exact.sum(axis=0)
    top = np.where(exact, y, -1).max(axis=0).astype(float)
    return np.stack([share, mean, np.where(top < 0, np.nan, top)])
