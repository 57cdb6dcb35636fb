"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from __future__ import annotations

from ..answers import Group
from .fitting import fit
from .posterior import Posterior
from .sizes import scale_up

__all__ = ["Group", "Posterior", "fit", "scale_up"]
