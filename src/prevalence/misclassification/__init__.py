"""An imperfect instrument: screened prevalence corrected for sensitivity and specificity."""

from __future__ import annotations

from .rogan_gladen import rogan_gladen

__all__ = ["rogan_gladen"]
