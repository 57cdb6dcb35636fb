"""An imperfect instrument: screened prevalence corrected for sensitivity and specificity."""

from __future__ import annotations

from .latent_class import latent_class, local_dependence

__all__ = [
    "latent_class",
    "local_dependence",
]
