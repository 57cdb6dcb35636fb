"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .forward import stepwise
from .hierarchical import loglinear
from .person_chances import huggins
from .person_robust import Pairs, doubly_robust, doubly_robust_pairs
from .reliability import Reliability, reliability
from .strata import stratified
from .two_lists import chapman

__all__ = [
    "Pairs",
    "Reliability",
    "chapman",
    "doubly_robust",
    "doubly_robust_pairs",
    "huggins",
    "loglinear",
    "lower_bound",
    "reliability",
    "stepwise",
    "stratified",
]
