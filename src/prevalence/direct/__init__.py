"""Direct survey estimators, by domain."""

from __future__ import annotations

from .association import chi_square
from .hypotheses import Test, t_test, wald_test
from .levels import counts, proportions
from .means import mean, ratio, total
from .moments import variance
from .multiplicity import multiplicity
from .neighbourhood import neighbourhood
from .quantiles import quantile
from .regression import marginal_effects, regression
from .shares import prevalence
from .standardised import standardised

__all__ = [
    "Test",
    "chi_square",
    "counts",
    "marginal_effects",
    "mean",
    "multiplicity",
    "neighbourhood",
    "prevalence",
    "proportions",
    "quantile",
    "ratio",
    "regression",
    "standardised",
    "t_test",
    "total",
    "variance",
    "wald_test",
]
