"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .forward import stepwise
from .hierarchical import loglinear
from .strata import stratified
from .two_lists import chapman

__all__ = ["chapman", "loglinear", "lower_bound", "stepwise", "stratified"]
