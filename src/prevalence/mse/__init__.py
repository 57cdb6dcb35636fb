"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .closed_models import closed
from .forward import stepwise
from .hierarchical import loglinear
from .linkage import linked
from .linkage_draws import over_linkages
from .linkage_pair import linked_pair
from .one_inflated import one_inflation
from .reliability import Reliability, reliability
from .sensitivity import Sensitivity, sensitivity
from .strata import stratified
from .two_lists import chapman, lincoln_petersen

__all__ = [
    "Reliability",
    "Sensitivity",
    "chapman",
    "closed",
    "lincoln_petersen",
    "linked",
    "linked_pair",
    "loglinear",
    "lower_bound",
    "one_inflation",
    "over_linkages",
    "reliability",
    "sensitivity",
    "stepwise",
    "stratified",
]
