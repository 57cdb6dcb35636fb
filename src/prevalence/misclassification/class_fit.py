"""The latent class model of each domain fitted to the weights of a sample, with its pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvergenceError
from ..glm import expit
from .two_classes import BEYOND, TwoClasses, patterns_of

__all__ = ["ClassFit", "ClassFits", "fitted_classes"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ClassFit:
    """One domain: the shares of the model, then what pairs of items have beyond the model."""

    model: TwoClasses
    rows: Array  # positions among the rows that take part
    pattern: Array  # of each of them
    weights: Array  # of each of them
    b: Array  # coordinates, log-odds
    log_likelihood: float  # of weights with mean 1
    residuals: bool

    @cached_property
    def counts(self) -> Array:
        """Weighted counts of the patterns."""
        return np.bincount(self.pattern, self.weights, len(self.model.patterns))

    @cached_property
    def inverse(self) -> Array:
        """Minus the inverse second derivative of the log-likelihood under the weights."""
        return np.linalg.inv(-self.model.see(self.b[:, None], self.counts[:, None])[2][:, :, 0])

    @property
    def at(self) -> Array:
        """Shares, and residuals of pairs."""
        return np.asarray(self._told(self.b[:, None], self.counts[:, None])[:, 0])

    @property
    def step(self) -> Array:
        """What the weighted equations move them."""
        p = expit(self.b)
        shares = (p * (1 - p))[:, None] * self.inverse
        if not self.residuals:
            return np.asarray(shares)
        _, _, slope = self.model.pairs(self.b)
        known = np.eye(len(slope)) / self.counts.sum()
        corner = np.zeros((len(shares), len(slope)))
        return np.block([[shares, corner], [-slope @ self.inverse, known]])

    @property
    def equations(self) -> Array:
        """Rows of the equations (equations, rows) of the rows of the domain."""
        score = self.model.slopes(self.b[:, None])[2][:, :, 0]
        if self.residuals:
            both = self._both()
            mean = both @ self.counts / self.counts.sum()
            score = np.concatenate([score, both - mean[:, None]])
        return np.asarray(score[:, self.pattern])

    def refit(self, weights: Array) -> Array:
        """Return shares, 0 or 1 where they go there, and residuals under other weights."""
        order = np.argsort(self.pattern, kind="stable")
        starts = np.searchsorted(self.pattern[order], np.arange(len(self.model.patterns)))
        counts = np.add.reduceat(weights[order], starts, axis=0)
        return self._told(self.model.climb(counts, self.b).limit, counts)

    @property
    def model_std_error(self) -> Array:
        """Standard errors of the shares were the rows drawn at random, from the information."""
        p = expit(self.b)
        scale = self.weights.size / self.weights.sum()
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(np.diag(self.inverse) / scale) * p * (1 - p))

    def _both(self) -> Array:
        y = self.model.patterns
        pairs = self.model.pairs(self.b)[0]
        return np.stack([y[:, i] * y[:, j] for i, j in pairs])

    def _told(self, b: Array, counts: Array) -> Array:
        if not self.residuals:
            return expit(b)
        seen = self._both() @ counts / counts.sum(axis=0)
        told = [self.model.pairs(column)[1] for column in b.T]
        return np.concatenate([expit(b), seen - np.stack(told, axis=1)])


class ClassFits:
    """The fits of all domains as one regression: outcome by outcome, domain by domain."""

    def __init__(self, fits: list[ClassFit | None], n: int, rows: Array, outcomes: int):
        self.fits, self.n, self.positions, self.outcomes = fits, n, rows, outcomes
        self.at: Array = self._in_order([None if f is None else f.at[:, None] for f in fits])[:, 0]
        self.scores: list[Array] = []
        steps = []
        for fit in fits:
            steps.append(np.zeros((outcomes, 0)) if fit is None else fit.step)
            if fit is not None:
                spread = np.zeros((outcomes, n))
                spread[:, rows[fit.rows]] = fit.equations
                self.scores += list(spread)
        self.step: Array = self._spread(steps)

    def refit(self, weights: Array) -> Array:
        """Return all rows under other weights."""
        parts = [None if f is None else f.refit(weights[f.rows]) for f in self.fits]
        return self._in_order(parts, weights.shape[1])

    def _in_order(self, parts: list[Array | None], columns: int = 1) -> Array:
        none = np.full((self.outcomes, columns), np.nan)
        held = np.stack([none if part is None else part for part in parts], axis=1)
        return held.reshape(-1, columns)

    def _spread(self, steps: list[Array]) -> Array:
        count, width = len(steps), sum(step.shape[1] for step in steps)
        out, first = np.zeros((self.outcomes, count, width)), 0
        for d, step in enumerate(steps):
            out[:, d, first : first + step.shape[1]] = step
            first += step.shape[1]
        return out.reshape(self.outcomes * count, width)


def fitted_classes(
    items: Array,
    names: list[str],
    weights: Array,
    rows: Array,
    how: tuple[int, np.random.Generator],
    where: str,
) -> ClassFit:
    """Fit two classes to 0/1 items of some rows, or say why there is no maximum within."""
    number, rng = how
    patterns, pattern = patterns_of(items)
    model = TwoClasses(patterns)
    counts = np.bincount(pattern, weights, len(patterns)) * (weights.size / weights.sum())
    b, value, within = model.best(counts, model.starts(counts, number, rng))
    if not within:
        raise ConvergenceError(_none(model, b, names, len(patterns), where))
    k = len(names)
    return ClassFit(model, rows, pattern, weights, b, value, residuals=k > 3)


def _none(model: TwoClasses, b: Array, names: list[str], patterns: int, where: str) -> str:
    k = model.items
    b = model.labelled(b)
    said = [
        f"{what} of {names[i]!r} goes to {int(b[at + i] > 0)}"
        for what, at in (("the sensitivity", 1), ("the false-positive rate", 1 + k))
        for i in range(k)
        if abs(b[at + i]) > BEYOND - 4
    ]
    if abs(b[0]) > BEYOND - 4:
        said = [f"the prevalence goes to {int(b[0] > 0)}"]
    found = "; ".join(said[:3]) or "several sets of classes fit equally well"
    return (
        f"two classes must have a maximum of the likelihood within{where}: {found} (from {patterns:,} "
        "patterns of answers). Leave out or join the item, take more rows, or use items that fewer "
        "people answer alike."
    )
