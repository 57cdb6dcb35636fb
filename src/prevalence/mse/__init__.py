"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .forward import stepwise
from .hierarchical import loglinear
from .latent import LatentClassFit, latent_class, latent_class_fit
from .strata import stratified
from .two_lists import chapman

__all__ = [
    "LatentClassFit",
    "chapman",
    "latent_class",
    "latent_class_fit",
    "loglinear",
    "lower_bound",
    "stepwise",
    "stratified",
]
