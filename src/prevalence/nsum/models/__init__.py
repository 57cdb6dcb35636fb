"""Models of the numbers known, their samplers and their likelihoods; `fit` calls them by name."""

from .asked import Asked
from .table import MODELS, WEIGHTED, Model

__all__ = ["MODELS", "WEIGHTED", "Asked", "Model"]
