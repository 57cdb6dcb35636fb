"""Questions people will not answer: list experiments and randomised response."""

from __future__ import annotations

from .list_regression import list_prevalence, list_regression
from .randomized_regression import randomized_response_regression

__all__ = [
    "list_prevalence",
    "list_regression",
    "randomized_response_regression",
]
