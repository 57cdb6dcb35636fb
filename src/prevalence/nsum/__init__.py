"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..groups import Group
from .adjustments import sensitivity
from .degrees import degree
from .fitting import fit
from .posterior import Posterior
from .sizes import scale_up

__all__ = ["Group", "Posterior", "degree", "fit", "scale_up", "sensitivity"]
