"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..groups import Group
from .adjustments import sensitivity
from .degrees import degree
from .sizes import scale_up

__all__ = ["Group", "degree", "scale_up", "sensitivity"]
