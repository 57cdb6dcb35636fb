"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .forward import stepwise
from .hierarchical import loglinear
from .influence import Influence, influence
from .linkage import linked
from .linkage_draws import over_linkages
from .linkage_pair import linked_pair
from .referral import referral_aware
from .referral_bracket import ReferralBracket, referral_bracket
from .reliability import Reliability, reliability
from .strata import stratified
from .two_lists import chapman

__all__ = [
    "Influence",
    "ReferralBracket",
    "Reliability",
    "chapman",
    "influence",
    "linked",
    "linked_pair",
    "loglinear",
    "lower_bound",
    "over_linkages",
    "referral_aware",
    "referral_bracket",
    "reliability",
    "stepwise",
    "stratified",
]
