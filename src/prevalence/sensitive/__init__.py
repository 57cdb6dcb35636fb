"""Sensitive questions: list experiments and randomised response."""

from __future__ import annotations

from .list_regression import list_prevalence, list_regression

__all__ = [
    "list_prevalence",
    "list_regression",
]
