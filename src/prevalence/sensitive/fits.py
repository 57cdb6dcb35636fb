"""What regressions of answers to sensitive questions share: their design, equations and averages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..direct.models import check_count, coordinates
from ..direct.terms import Terms, check_weights
from ..glm import expit
from ..survey import Survey
from ..vglm import Maximum

__all__ = ["Design", "Fitted", "Shares", "design_of", "runs_away"]

Array = NDArray[Any]
BEYOND = 7.0  # log-odds: a share below 1 in 1,000
RUNNING = 4.0  # log-odds that one standard deviation of a column moves where it separates


@dataclass(frozen=True, eq=False)
class Design:
    """Predictors of the rows that take part, in columns orthonormal under the weights."""

    terms: Terms
    n: int
    x: Array  # (rows, p) as named
    q: Array  # (rows, p), orthonormal
    back: Array  # (p, p), from orthonormal coordinates to coefficients
    weights: Array  # with mean 1
    scale: float  # from the sample's weights to these

    def level(self, share: float) -> Array:
        """Return the coordinates at which every row has about the log-odds of a share."""
        return np.asarray(self.q.T @ self.weights / len(self.q) * np.log(share / (1 - share)))

    def averaged(self, values: Array, rows: Array) -> float:
        """Return the weighted mean of some rows."""
        return float(np.average(values[rows], weights=self.weights[rows]))


def design_of(survey: Survey, terms: Terms) -> Design:
    """Check weights and predictors, and return the design of a regression."""
    weights, n = survey.chain.weights, survey.n
    kept = np.ones(n, dtype=bool)
    if terms.rows is not None:
        kept = np.zeros(n, dtype=bool)
        kept[terms.rows] = True
    check_weights(weights, kept)
    w, x = weights[kept], terms.matrix()
    scale = 1 / float(w.mean())
    check_count(x)
    q, back = coordinates(x, w * scale, terms.names)
    return Design(terms, n, x, q, back, w * scale, scale)


@dataclass(frozen=True, eq=False)
class Fitted:
    """Coefficients fitted to the weights of a sample, which can be fitted to others.

    `solved` are coordinates in which the equations `rows` were solved, `lift` takes them to
    coefficients; the last of them are those of the sensitive trait.
    """

    design: Design
    names: list[str]
    lift: Array  # (coefficients, coordinates)
    solved: Array
    inverse: Array  # minus the inverse derivative of the equations, for weights with mean 1
    rows: Array  # (rows, coordinates)
    solve: Callable[[Array], Maximum]  # weights (rows, columns) with mean 1 to coordinates
    model_covariance: Array  # of the coordinates, were rows drawn at random
    straight: bool = False
    log_likelihood: float = np.nan

    @property
    def at(self) -> Array:
        """Coefficients."""
        return np.asarray(self.lift @ self.solved)

    @property
    def step(self) -> Array:
        """What one weighted equation moves the coefficients."""
        return np.asarray(self.lift @ self.inverse) * self.design.scale

    @cached_property
    def scores(self) -> list[Array]:
        """Equations over the whole table."""
        return self.design.terms.spread(self.rows, self.design.n)

    def refit(self, weights: Array) -> Array:
        """Return coefficients (p, columns) under other weights."""
        return np.asarray(self.lift @ self.resolved(weights).at)

    def resolved(self, weights: Array) -> Maximum:
        """Return the coordinates solved under other weights."""
        with np.errstate(all="ignore"):
            return self.solve(weights / np.abs(weights).mean(axis=0))

    @property
    def model_std_error(self) -> Array:
        """Standard errors of the coefficients that know no design."""
        return _roots(self.lift @ self.model_covariance @ self.lift.T)


def _roots(covariance: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(np.diag(covariance), 0.0)))


class Shares:
    """Mean of the modelled share of the trait in each domain, as equations of their own."""

    def __init__(self, fitted: Fitted, code: Array | None, count: int):
        self.fitted, self.count = fitted, count
        design = fitted.design
        self.order = None if code is None else np.argsort(code, kind="stable")
        sizes = np.array([len(design.q)]) if code is None else np.bincount(code, minlength=count)
        self.filled = np.flatnonzero(sizes)
        self.starts = (np.cumsum(sizes) - sizes)[self.filled]
        p, slope = self._share(fitted.solved)
        w = design.weights
        total = self._sums(w[:, None])[:, 0]
        with np.errstate(invalid="ignore"):
            self.at: Array = self._sums((w * p)[:, None])[:, 0] / total
            moved = self._sums((w * slope)[:, None] * design.q) / total[:, None]
            known = np.diag(1 / total)
        p_trait = design.q.shape[1]
        self.moved: Array = moved @ fitted.inverse[-p_trait:]
        self.step: Array = np.concatenate([self.moved, known], axis=1) * design.scale
        inside = np.zeros((len(p), count))
        inside[np.arange(len(p)), 0 if code is None else code] = 1.0
        centred = inside * (p[:, None] - np.nan_to_num(self.at))
        self.scores = [*fitted.scores, *design.terms.spread(centred, design.n)]
        self.slope = moved

    def _share(self, solved: Array) -> tuple[Array, Array]:
        eta = self.fitted.design.q @ solved[-self.fitted.design.q.shape[1] :]
        if self.fitted.straight:
            return eta, np.ones_like(eta)
        p = expit(eta)
        return p, p * (1 - p)

    def _sums(self, values: Array) -> Array:
        """Sum rows (rows, k) by domain, nan where a domain has none."""
        held = values if self.order is None else values[self.order]
        out = np.full((self.count, values.shape[1]), np.nan)
        out[self.filled] = np.add.reduceat(held, self.starts, axis=0)
        return out

    def refit(self, weights: Array) -> Array:
        """Return the means (domains, columns) under other weights, 0 or 1 where they go there."""
        p = self._share(self.fitted.resolved(weights).limit)[0]
        with np.errstate(all="ignore"):
            return np.asarray(self._sums(p * weights) / self._sums(weights))

    @property
    def model_std_error(self) -> Array:
        """Standard errors that know no design, given the predictors of the rows."""
        k = self.fitted.design.q.shape[1]
        return _roots(self.slope @ self.fitted.model_covariance[-k:, -k:] @ self.slope.T)


def runs_away(design: Design, last: Array) -> str:
    """Say where the modelled share of a fit that did not come to rest was going, or nothing."""
    eta = design.q @ last[-design.q.shape[1] :]
    if eta.max() < -BEYOND:
        return "as the share with the trait goes to 0"
    if eta.min() > BEYOND:
        return "as the share with the trait goes to 1"
    coefficients = design.back @ last[-design.q.shape[1] :]
    far = np.abs(coefficients) * design.x.std(axis=0) > RUNNING
    names = [repr(name) for name, out in zip(design.terms.names, far.tolist(), strict=True) if out]
    return f"as the coefficient of {', '.join(names[:4])} grows without end" if names else ""
