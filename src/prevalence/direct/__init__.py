"""Direct survey estimators, by domain."""

from __future__ import annotations

from .means import mean, ratio, total
from .shares import prevalence

__all__ = ["mean", "prevalence", "ratio", "total"]
