"""Questions people will not answer: list experiments and randomised response."""

from __future__ import annotations

from .combined import list_combined
from .design_test import DesignTest, list_design_test
from .difference import list_difference
from .double import double_list
from .efficiency import relative_variance
from .placebos import Placebos, list_placebos
from .randomized import randomized_response

__all__ = [
    "DesignTest",
    "Placebos",
    "double_list",
    "list_combined",
    "list_design_test",
    "list_difference",
    "list_placebos",
    "randomized_response",
    "relative_variance",
]
