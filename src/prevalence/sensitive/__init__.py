"""Questions people will not answer: list experiments and randomised response."""

from __future__ import annotations

from .combined import list_combined
from .design_test import DesignTest, list_design_test
from .difference import list_difference
from .double import double_list
from .efficiency import relative_variance
from .list_regression import list_prevalence, list_regression
from .placebos import Placebos, list_placebos
from .randomized import randomized_response
from .randomized_regression import randomized_response_regression

__all__ = [
    "DesignTest",
    "Placebos",
    "double_list",
    "list_combined",
    "list_design_test",
    "list_difference",
    "list_placebos",
    "list_prevalence",
    "list_regression",
    "randomized_response",
    "randomized_response_regression",
    "relative_variance",
]
