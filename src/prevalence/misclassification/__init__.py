"""Prevalence measured with error: validation subsamples and proxy reports."""

from __future__ import annotations

from .validation import validation_subsample

__all__ = ["validation_subsample"]
