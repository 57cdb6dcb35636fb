"""Slow, obvious: what few reports leave of the degrees of freedom, and their clustering elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[Any]


def excess(psu: Array, z: Array) -> float:
    """What the fourth moment of the units' totals adds to one over the degrees of freedom."""
    totals = [float(z[psu == unit].sum()) for unit in np.unique(psu)]
    second, fourth = sum(t**2 for t in totals), sum(t**4 for t in totals)
    return max(fourth / (2 * second**2) - 1.5 / len(totals), 0.0)


def limits(value: float, error: float, df: float, more: float, level: float = 0.95) -> Array:
    """Log-symmetric limits with the degrees of freedom that few reports leave, 5 at least."""
    df = min(df, max(1 / (1 / df + more), 5.0))
    half = stats.t.ppf((1 + level) / 2, df) * error / value
    return np.array([value * np.exp(-half), value * np.exp(half)])


def unit_size(psu: Array, w: Array) -> float:
    """Effective number of respondents in a primary unit."""
    return float(sum(w[psu == unit].sum() ** 2 for unit in np.unique(psu)) / (w**2).sum())


def correlation(value: float, error: float, one_report: float, df: float, size: float) -> float:
    """Correlation within clusters to take to a domain without a report, from all reports."""
    if value == 0:
        return 0.1
    x = value / one_report
    own = (error / value) ** 2 * x
    freedom = 1 / (1 / df + 1 / (2 * x))
    upper = own * freedom / stats.chi2.ppf(0.05, freedom)
    borrowed = max(min(1 + 0.1 * (size - 1), upper), 1.0)
    largest = max(own, borrowed)
    used = own + (largest - own) / (1 + (x / largest / 10) ** 2)
    return min(max((used - 1) / (size - 1), 0.0), 1.0)
