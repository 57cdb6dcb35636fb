"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .forward import stepwise
from .hierarchical import loglinear
from .information import select
from .model_table import ModelTable, models
from .ntop import NtopTable, vary_ntop
from .strata import stratified
from .two_lists import chapman

__all__ = [
    "ModelTable",
    "NtopTable",
    "chapman",
    "loglinear",
    "lower_bound",
    "models",
    "select",
    "stepwise",
    "stratified",
    "vary_ntop",
]
