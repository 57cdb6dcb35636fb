"""Direct survey estimators, by domain."""

from __future__ import annotations

from .means import mean, ratio, total
from .regression import marginal_effects, regression
from .shares import prevalence

__all__ = ["marginal_effects", "mean", "prevalence", "ratio", "regression", "total"]
