"""Direct survey estimators, by domain."""

from __future__ import annotations

from .levels import counts, proportions
from .means import mean, ratio, total
from .moments import variance
from .quantiles import quantile
from .shares import prevalence
from .standardised import standardised

__all__ = [
    "counts",
    "mean",
    "prevalence",
    "proportions",
    "quantile",
    "ratio",
    "standardised",
    "total",
    "variance",
]
