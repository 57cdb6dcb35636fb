"""Models of the numbers known, their samplers and their likelihoods; `fit` calls them by name."""

from .table import MODELS, Asked, Model

__all__ = ["MODELS", "Asked", "Model"]
