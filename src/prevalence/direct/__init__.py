"""Direct survey estimators, by domain."""

from __future__ import annotations

from .hypotheses import Test, chi_square, t_test, wald_test
from .means import mean, ratio, total
from .regression import marginal_effects, regression
from .shares import prevalence

__all__ = [
    "Test",
    "chi_square",
    "marginal_effects",
    "mean",
    "prevalence",
    "ratio",
    "regression",
    "t_test",
    "total",
    "wald_test",
]
