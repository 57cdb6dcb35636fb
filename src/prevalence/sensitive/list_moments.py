"""Two-step least squares of a list experiment: controls first, then what the treated add to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..glm import expit
from ..vglm import Maximum, RowTerms, maximise

__all__ = ["TwoStep"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Minus half the squared error of ``y - before - size * m(eta)``, m logistic or the identity."""

    y: Array  # (rows, 1)
    size: float
    straight: bool
    before: Array | None = None  # (rows, columns)

    def mean(self, eta: Array) -> tuple[Array, Array, Array]:
        """Return the mean and its first two derivatives."""
        if self.straight:
            return eta, np.ones_like(eta), np.zeros_like(eta)
        p = expit(eta)
        slope = p * (1 - p)
        return self.size * p, self.size * slope, self.size * slope * (1 - 2 * p)

    def __call__(self, eta: Sequence[Array], columns: Array) -> RowTerms:
        """Return values and derivatives of the rows."""
        mean, slope, bend = self.mean(eta[0])
        left = self.y - mean if self.before is None else self.y - self.before[:, columns] - mean
        return RowTerms(-(left**2) / 2, [left * slope], {(0, 0): left * bend - slope**2})


@dataclass(frozen=True, eq=False)
class TwoStep:
    """Counts of controls ``J expit(x'g)``, of the treated ``J expit(x'g) + expit(x'd)``.

    With `straight` the means are the linear predictors themselves. Coefficients are (g, d), in the
    coordinates of the design.
    """

    y: Array
    treated: Array  # bool
    design: Array  # (rows, p)
    items: int
    straight: bool

    def solve(self, weights: Array, start: Array) -> Maximum:
        """Return coefficients (2 p, columns) for weights (rows, columns), nan where there are none."""
        first, then = np.split(np.asarray(start, dtype=float), 2)
        y, x, t = self.y[:, None], self.design, self.treated
        controls = LeastSquares(y[~t], float(self.items), self.straight)
        base = maximise(controls, [x[~t]], weights[~t], first)
        with np.errstate(invalid="ignore"):
            before = controls.mean(x[t] @ base.at)[0]
        treated = LeastSquares(y[t], 1.0, self.straight, before)
        w = np.where(np.isfinite(base.at).all(axis=0), weights[t], np.nan)
        added = maximise(treated, [x[t]], w, then)
        return Maximum(
            np.concatenate([base.at, added.at]),
            base.value + added.value,
            np.concatenate([base.last, added.last]),
            added.edge,
        )

    def equations(self, at: Array, weights: Array) -> tuple[Array, Array, Array]:
        """Return the rows of both equations (rows, 2 p), minus their derivative and its mean part.

        The derivatives (2 p, 2 p) are weighted; the mean part leaves out what has expectation 0.
        """
        x, t = self.design, self.treated.astype(float)
        g, d = np.split(at, 2)
        mean, rise, bend = LeastSquares(self.y, float(self.items), self.straight).mean(x @ g)
        p, slope, turn = LeastSquares(self.y, 1.0, self.straight).mean(x @ d)
        left, right = (1 - t) * (self.y - mean), t * (self.y - mean - p)
        rows = np.concatenate([x * (left * rise)[:, None], x * (right * slope)[:, None]], axis=1)
        corner = np.zeros((g.size, g.size))
        crossed = (x.T * (weights * t * rise * slope)) @ x

        def derivative(first: Array, second: Array) -> Array:
            return np.block(
                [[(x.T * (weights * first)) @ x, corner], [crossed, (x.T * (weights * second)) @ x]]
            )

        expected = (1 - t) * rise**2, t * slope**2
        observed = derivative(expected[0] - left * bend, expected[1] - right * turn)
        return rows, observed, derivative(*expected)
