"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..groups import Group
from .adjustments import sensitivity
from .blending import blend
from .degrees import degree
from .enriched import generalized
from .estimated_adjustments import degree_ratio, game_of_contacts
from .fitting import fit
from .planning import Plan, precision, sample_size
from .posterior import Posterior
from .profile import ScaledDown, scaled_down
from .rates import network_rates
from .recall_adjustment import recall_adjusted
from .recall_curve import Recall, recalled_size
from .sizes import scale_up
from .validation import Validation, validate

__all__ = [
    "Group",
    "Plan",
    "Posterior",
    "Recall",
    "ScaledDown",
    "Validation",
    "blend",
    "degree",
    "degree_ratio",
    "fit",
    "game_of_contacts",
    "generalized",
    "network_rates",
    "precision",
    "recall_adjusted",
    "recalled_size",
    "sample_size",
    "scale_up",
    "scaled_down",
    "sensitivity",
    "validate",
]
