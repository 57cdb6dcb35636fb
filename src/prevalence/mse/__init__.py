"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .closed_models import closed
from .forward import stepwise
from .hierarchical import loglinear
from .one_inflated import one_inflation
from .sensitivity import Sensitivity, sensitivity
from .two_lists import chapman, lincoln_petersen

__all__ = [
    "Sensitivity",
    "chapman",
    "closed",
    "lincoln_petersen",
    "loglinear",
    "lower_bound",
    "one_inflation",
    "sensitivity",
    "stepwise",
]
