"""Sensitive questions: list experiments and randomised response."""

from __future__ import annotations

from .combined import Placebos, list_combined, list_placebos
from .difference import list_difference
from .double import double_list
from .randomized import randomized_response

__all__ = [
    "Placebos",
    "double_list",
    "list_combined",
    "list_difference",
    "list_placebos",
    "randomized_response",
]
