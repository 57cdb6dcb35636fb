"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..groups import Group
from .adjustments import sensitivity
from .blending import blend
from .contacts import degree_ratio, game_of_contacts
from .degrees import degree
from .enriched import generalized
from .rates import network_rates
from .sizes import scale_up

__all__ = [
    "Group",
    "blend",
    "degree",
    "degree_ratio",
    "game_of_contacts",
    "generalized",
    "network_rates",
    "scale_up",
    "sensitivity",
]
