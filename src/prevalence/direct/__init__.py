"""Direct survey estimators, by domain.

Estimators: `means`, `shares`, `levels` (of categories), `moments`, `quantiles`, `standardised` and
`regression`; tests: `hypotheses` and `association`. Beneath them: `outcomes` reads columns,
`borrowing` makes the design effects of shares, `distribution` and `woodruff` the quantiles and
their limits, `terms` and `models` the regressions, `quadratic` the tails of quadratic forms.
"""

from __future__ import annotations

from .association import chi_square
from .hypotheses import Test, t_test, wald_test
from .levels import counts, proportions
from .means import mean, ratio, total
from .moments import variance
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
