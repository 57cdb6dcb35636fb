"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .choice.information import select
from .choice.model_table import ModelTable, models
from .choice.ntop import NtopTable, vary_ntop
from .closed_population.models import closed
from .closed_population.one_inflated import one_inflation
from .forward import stepwise
from .graphs.averaging import graph_posterior
from .graphs.decomposable import decomposable
from .graphs.posterior import GraphPosterior
from .hierarchical import loglinear
from .latent.classes import LatentClassFit, latent_class, latent_class_fit
from .linkage.draws import over_linkages
from .linkage.linked import linked
from .linkage.pair import linked_pair
from .people.doubly_robust import Pairs, doubly_robust, doubly_robust_pairs
from .people.huggins import huggins
from .referral.aware import referral_aware
from .referral.bracket import ReferralBracket, referral_bracket
from .strata.stratified import stratified
from .threshold import thresholded
from .trust.influence import Influence, influence
from .trust.reliability import Reliability, reliability
from .trust.sensitivity import Sensitivity, sensitivity
from .two_lists import chapman, lincoln_petersen

__all__ = [
    "GraphPosterior",
    "Influence",
    "LatentClassFit",
    "ModelTable",
    "NtopTable",
    "Pairs",
    "ReferralBracket",
    "Reliability",
    "Sensitivity",
    "chapman",
    "closed",
    "decomposable",
    "doubly_robust",
    "doubly_robust_pairs",
    "graph_posterior",
    "huggins",
    "influence",
    "latent_class",
    "latent_class_fit",
    "lincoln_petersen",
    "linked",
    "linked_pair",
    "loglinear",
    "lower_bound",
    "models",
    "one_inflation",
    "over_linkages",
    "referral_aware",
    "referral_bracket",
    "reliability",
    "select",
    "sensitivity",
    "stepwise",
    "stratified",
    "thresholded",
    "vary_ntop",
]
