"""An imperfect instrument: screened prevalence corrected for sensitivity and specificity."""

from __future__ import annotations

from .validation import validation_subsample

__all__ = ["validation_subsample"]
