"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..groups import Group
from .adjustments import sensitivity
from .blending import blend
from .contacts import degree_ratio, game_of_contacts
from .degrees import degree
from .enriched import generalized
from .planning import Plan, precision, sample_size
from .profile import ScaledDown, scaled_down
from .rates import network_rates
from .recall import recall_adjusted
from .recall_curve import Recall, recalled_size
from .sizes import scale_up
from .validation import Validation, validate

__all__ = [
    "Group",
    "Plan",
    "Recall",
    "ScaledDown",
    "Validation",
    "blend",
    "degree",
    "degree_ratio",
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
