"""Instruments that err: screens, proxies, validation subsamples and latent classes of indicators."""

from __future__ import annotations

from .latent_class import latent_class, local_dependence
from .proxy import proxy
from .rogan_gladen import rogan_gladen
from .validation import validation_subsample
from .what_if import WhatIf, what_if

__all__ = [
    "WhatIf",
    "latent_class",
    "local_dependence",
    "proxy",
    "rogan_gladen",
    "validation_subsample",
    "what_if",
]
