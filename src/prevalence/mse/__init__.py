"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .averaging import graph_posterior
from .bounds import lower_bound
from .decomposable import decomposable
from .forward import stepwise
from .graph_posterior import GraphPosterior
from .hierarchical import loglinear
from .linkage import linked
from .linkage_draws import over_linkages
from .linkage_pair import linked_pair
from .referral import referral_aware
from .referral_bracket import ReferralBracket, referral_bracket
from .reliability import Reliability, reliability
from .strata import stratified
from .threshold import thresholded
from .two_lists import chapman

__all__ = [
    "GraphPosterior",
    "ReferralBracket",
    "Reliability",
    "chapman",
    "decomposable",
    "graph_posterior",
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
    "thresholded",
]
