"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..answers import Group
from .sizes import scale_up

__all__ = ["Group", "scale_up"]
