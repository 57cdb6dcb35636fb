"""How estimates did against the truth over many samples, with Monte Carlo errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["performance"]

Floats = NDArray[np.float64]
Figure = tuple[float, float]  # with its Monte Carlo error


def performance(rows: Sequence[dict[str, Any]], samples: int) -> pd.DataFrame:
    """Return one row per estimator and domain, from the rows of all samples."""
    import pandas as pd

    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    failed: dict[str, list[str]] = {}
    for row in rows:
        if "reason" in row:
            failed.setdefault(row["estimator"], []).append(row["reason"])
        else:
            groups.setdefault((row["estimator"], row["domain"]), []).append(row)
    for name, reasons in failed.items():
        if len(reasons) == samples:
            raise ValueError(
                f"estimate must exist in some sample: {name!r} had none in {samples:,} samples "
                f"(first reason: {reasons[0]}). Change the design, or the estimators."
            )
    table = [_line(name, domain, part, samples) for (name, domain), part in groups.items()]
    return pd.DataFrame(table)


def _line(name: str, domain: str, part: list[dict[str, Any]], samples: int) -> dict[str, Any]:
    value, spread, low, high, truth = (
        np.array([row[key] for row in part], dtype=float)
        for key in ("estimate", "std_error", "low", "high", "truth")
    )
    told = np.isfinite(value) & np.isfinite(low) & np.isfinite(high)
    value, spread, low, high, truth = (x[told] for x in (value, spread, low, high, truth))
    scale = float(truth.mean()) or math.nan
    below, above = high < truth, low > truth
    figures = {
        "bias": _mean((value - truth) / scale),
        "rmse": _root(((value - truth) / scale) ** 2),
        "se_ratio": _ratio(value, spread),
        "coverage": _share(~below & ~above),
        "too_low": _share(below),
        "too_high": _share(above),
        "width": _median(high - low),
    }
    line: dict[str, Any] = {
        "estimator": name,
        "domain": domain,
        "truth": float(truth.mean()),
        "samples": samples,
        "none": 1 - int(told.sum()) / samples,
        "mean": float(value.mean()),
    }
    for key, (found, error) in figures.items():
        line |= {key: found, f"{key}_mc": error}
    return line | {"noted": float(np.mean([row["noted"] for row in part]))}


def _mean(x: Floats) -> Figure:
    return float(x.mean()), float(x.std(ddof=1)) / math.sqrt(x.size)


def _root(square: Floats) -> Figure:
    found, error = _mean(square)
    return math.sqrt(found), error / (2 * math.sqrt(found))


def _ratio(value: Floats, spread: Floats) -> Figure:
    """Mean standard error over the standard deviation; the error is of its linearised form."""
    told = np.isfinite(spread)
    value, spread = value[told], spread[told]
    sd, mean = float(value.std(ddof=1)), float(spread.mean())
    influence = (spread - mean) / mean - (((value - value.mean()) / sd) ** 2 - 1) / 2
    return mean / sd, mean / sd * float(influence.std(ddof=1)) / math.sqrt(value.size)


def _share(which: NDArray[np.bool_]) -> Figure:
    """Return a share; of none or all the error is that of one sample."""
    share, n = float(which.mean()), which.size
    p = min(max(share, 1 / n), 1 - 1 / n)
    return share, math.sqrt(p * (1 - p) / n)


def _median(x: Floats) -> Figure:
    """Return the median; the error is half the distance of the order statistics one sd away."""
    ordered, n = np.sort(x), x.size
    step = math.sqrt(n) / 2
    low, high = max(round(n / 2 - step) - 1, 0), min(round(n / 2 + step), n - 1)
    return float(np.median(x)), float(ordered[high] - ordered[low]) / 2
