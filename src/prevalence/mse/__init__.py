"""Multiple-systems estimation: how many people are on none of several overlapping lists."""

from __future__ import annotations

from .bounds import lower_bound
from .decomposable import decomposable
from .forward import stepwise
from .graph_posterior import GraphPosterior, graph_posterior
from .hierarchical import loglinear
from .threshold import thresholded
from .two_lists import chapman

__all__ = [
    "GraphPosterior",
    "chapman",
    "decomposable",
    "graph_posterior",
    "loglinear",
    "lower_bound",
    "stepwise",
    "thresholded",
]
