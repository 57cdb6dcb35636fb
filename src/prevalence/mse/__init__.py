"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .averaging import graph_posterior
from .bounds import lower_bound
from .closed_models import closed
from .decomposable import decomposable
from .forward import stepwise
from .graph_posterior import GraphPosterior
from .hierarchical import loglinear
from .influence import Influence, influence
from .information import select
from .latent import LatentClassFit, latent_class, latent_class_fit
from .linkage import linked
from .linkage_draws import over_linkages
from .linkage_pair import linked_pair
from .model_table import ModelTable, models
from .ntop import NtopTable, vary_ntop
from .one_inflated import one_inflation
from .person_chances import huggins
from .person_robust import Pairs, doubly_robust, doubly_robust_pairs
from .referral import referral_aware
from .referral_bracket import ReferralBracket, referral_bracket
from .reliability import Reliability, reliability
from .sensitivity import Sensitivity, sensitivity
from .strata import stratified
from .threshold import thresholded
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
