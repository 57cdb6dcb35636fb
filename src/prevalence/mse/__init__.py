"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .estimators import chapman, loglinear, lower_bound, stepwise

__all__ = ["chapman", "loglinear", "lower_bound", "stepwise"]
