"""Calibration functions: the ratio of new to old weights as a function of x'l."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DISTANCES", "Distance"]

Array = NDArray[Any]
DISTANCES = ("linear", "raking", "logit", "sinh")


@dataclass(frozen=True, eq=False)
class Distance:
    """A calibration function F with F(0) = F'(0) = 1, and its derivative.

    Bounds are part of the logit function; the values of the others are cut off at them.
    """

    name: str
    lower: float = -np.inf
    upper: float = np.inf

    @property
    def bounded(self) -> bool:
        """Tell whether the ratios have limits."""
        return bool(np.isfinite(self.lower) or np.isfinite(self.upper))

    @property
    def cut(self) -> bool:
        """Tell whether the function has flat ends."""
        return self.bounded and self.name != "logit"

    def f(self, u: Array) -> tuple[Array, Array]:
        """Return F(u) and F'(u)."""
        if self.name == "logit":
            return self._logit(u)
        if self.name == "linear":
            g, slope = 1 + u, np.ones_like(u)
        elif self.name == "raking":
            g = np.exp(np.minimum(u, 50.0))
            slope = g
        else:
            s = np.arcsinh(2 * u)
            root = np.hypot(s, 2.0)
            g = np.where(s < 0, 2 / (root - s), (s + root) / 2)
            slope = 2 * g / (root * np.hypot(1.0, 2 * u))
        if not self.cut:
            return g, slope
        inside = (g > self.lower) & (g < self.upper)
        return np.clip(g, self.lower, self.upper), np.where(inside, slope, 0.0)

    def _logit(self, u: Array) -> tuple[Array, Array]:
        low, up = self.lower, self.upper
        e = np.exp(np.clip((up - low) / ((1 - low) * (up - 1)) * u, -500, 500))
        bottom = (up - 1) + (1 - low) * e
        slope = (up - low) / bottom * ((up - low) * (e / bottom))  # a square would overflow
        return (low * (up - 1) + up * (1 - low) * e) / bottom, slope
