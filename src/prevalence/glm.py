"""Roots of regression equations with real weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import newton

__all__ = ["logistic"]

Array = NDArray[Any]


def logistic(x: Array, y: Array, w: Array) -> Array:
    """Return the weighted logistic regression of y (n,) on x (n, q), or nan without a maximum."""

    def score(b: Array) -> Array:
        return np.asarray(x.T @ (w * (y - _expit(x @ b))))

    def information(b: Array) -> Array:
        p = _expit(x @ b)
        return np.asarray((x * (w * p * (1 - p))[:, None]).T @ x)

    if not np.isfinite(w).all():
        return np.full(x.shape[1], np.nan)
    return newton(score, information, np.zeros(x.shape[1]))


def _expit(eta: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(eta, -700, 700))))
