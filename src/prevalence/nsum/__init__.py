"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..groups import Group
from .adjustments import sensitivity
from .degrees import degree
from .planning import Plan, precision, sample_size
from .sizes import scale_up

__all__ = ["Group", "Plan", "degree", "precision", "sample_size", "scale_up", "sensitivity"]
