"""Regressions fitted to the weights of a sample, and the average marginal effects of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvergenceError
from ..glm import Family, first_coefficients, fit, information
from ..survey import Survey
from .refined import CLOSE, refined
from .terms import INTERCEPT, Terms

__all__ = ["Effects", "Model", "check_count", "coordinates", "fitted"]

Array = NDArray[Any]
COLLINEAR = 1e-7  # share of a column's size that the columns before it leave unexplained


@dataclass(eq=False)
class Model:
    """A regression fitted to the sample's weights, in orthogonal coordinates of its columns."""

    terms: Terms
    family: Family
    n: int
    q: Array  # (rows, p), orthonormal under the weights
    back: Array  # (p, p), from orthogonal coordinates to coefficients
    weights: Array  # with mean 1
    c: Array  # solution in orthogonal coordinates
    scale: float = 1.0  # from the sample's weights to those with mean 1
    close: bool = False  # whether columns are so close to collinear that digits are lost

    @cached_property
    def at(self) -> Array:
        """Coefficients."""
        b = np.asarray(self.back @ self.c)
        if not (self.close and self.family.straight):
            return b
        return refined(self.terms.matrix(), self.terms.y, self.weights, self.back, self.inverse, b)

    @cached_property
    def lost(self) -> Array:
        """What the way back from orthogonal coordinates leaves of the coefficients, (p, 1)."""
        return np.asarray(self.at - self.back @ self.c)[:, None]

    @cached_property
    def inverse(self) -> Array:
        """Inverse information in orthogonal coordinates."""
        v = self.weights * self.family.slope(self.q @ self.c)
        return np.linalg.inv(information(self.q, v[:, None], None)[:, :, 0])

    @cached_property
    def step(self) -> Array:
        """What one weighted score moves the coefficients, for weights with mean 1."""
        return np.asarray(self.back @ self.inverse) * self.scale

    @cached_property
    def rows(self) -> Array:
        """Scores (rows, p) in orthogonal coordinates."""
        residual = self.terms.y - self.family.mean(self.q @ self.c)
        return np.asarray(self.q * residual[:, None])

    @cached_property
    def scores(self) -> list[Array]:
        """Scores over the whole table."""
        return self.terms.spread(self.rows, self.n)

    def refit(self, weights: Array) -> Array:
        """Return coefficients (p, columns) under other weights."""
        return np.asarray(self.back @ self.orthogonal(weights) + self.lost)

    def orthogonal(self, weights: Array) -> Array:
        """Return the solutions under other weights in orthogonal coordinates."""
        size = np.abs(weights).mean(axis=0)
        return fit(self.family, self.q, self.terms.y, weights / size, self.c)


def fitted(survey: Survey, terms: Terms, family: Family) -> Model:
    """Fit a regression to the sample's weights, or say which column has no solution."""
    x = terms.matrix()
    check_count(x)
    _check_outcome(terms, family)
    weights = survey.chain.weights
    w = weights if terms.rows is None else weights[terms.rows]
    scale = 1 / float(w.mean())
    w = w * scale
    q, back, left = _orthogonal(x, w, terms.names, "that take part")
    start = first_coefficients(family, q, terms.y, w)
    c = fit(family, q, terms.y, w[:, None], start)[:, 0]
    if not np.isfinite(c).all():
        raise ConvergenceError(_no_maximum(terms, x, family))
    return Model(terms, family, survey.n, q, back, w, c, scale, close=left < CLOSE)


def check_count(x: Array, among: str = "") -> None:
    """Check that there are as many rows as coefficients."""
    m, p = x.shape
    if m < p:
        raise ValueError(
            f"predictors must be fewer than the rows{among}: found {p:,} coefficients for {m:,} rows. "
            "Leave out predictors, or join categories."
        )


def coordinates(
    x: Array, w: Array, names: list[str], among: str = "that take part"
) -> tuple[Array, Array]:
    """Return columns orthonormal under the weights and the way back; name a collinear column."""
    return _orthogonal(x, w, names, among)[:2]


def _orthogonal(x: Array, w: Array, names: list[str], among: str) -> tuple[Array, Array, float]:
    """Return coordinates, and the least share of a column that those before it do not explain."""
    root = np.sqrt(w)[:, None]
    size = np.sqrt((w[:, None] * x * x).sum(axis=0))
    if (size == 0).any():
        name = names[int(np.argmax(size == 0))]
        raise ValueError(
            f"predictors must vary: the column {name!r} is 0 in all {len(x):,} rows {among}. "
            "Leave it out."
        )
    _, triangle = np.linalg.qr(root * x / size)
    left = np.abs(np.diag(triangle))
    if (left < COLLINEAR).any():
        first = int(np.argmax(left < COLLINEAR))
        raise ValueError(_collinear(root * x / size, names, first, among))
    back = np.linalg.inv(triangle) / size[:, None] * np.sqrt(len(x))
    return x @ back, back, float(left.min())


def _collinear(x: Array, names: list[str], j: int, among: str) -> str:
    others = np.linalg.lstsq(x[:, :j], x[:, j], rcond=None)[0]
    held = [repr(names[i]) for i in np.flatnonzero(np.abs(others) > 1e-6)]
    if held == [repr(INTERCEPT)]:
        return (
            f"predictors must vary: {names[j]!r} is the same in all {len(x):,} rows {among}. "
            "Leave it out."
        )
    return (
        f"predictors must not be collinear: {names[j]!r} is made of {', '.join(held)} in the "
        f"{len(x):,} rows {among}. Leave one of them out."
    )


def _check_outcome(terms: Terms, family: Family) -> None:
    y = terms.y
    rule = {"binomial": "0 to 1", "poisson": "0 or more"}.get(family.name)
    bad = (y < 0) | ((y > 1) if family.name == "binomial" else False)
    if rule is not None and bad.any():
        first = int(np.flatnonzero(bad)[0])
        row = first if terms.rows is None else int(terms.rows[first])
        raise ValueError(
            f"outcome must be {rule} with family={family.name!r}: {int(bad.sum()):,} of "
            f"{y.size:,} rows are not (first: row {row}, {y[first]:g}). Code it so, or choose "
            "another family."
        )
    if (y == y[0]).all():
        raise ValueError(
            f"outcome must vary: it is {y[0]:g} in all {y.size:,} rows that take part. There is "
            "nothing to explain: estimate its mean, or widen `where`."
        )


def _no_maximum(terms: Terms, x: Array, family: Family) -> str:
    """Say which columns separate the outcome, by a linear programme."""
    names = _separating(terms, x, family)
    if not names:
        return (
            f"the {family.name} regression must have a maximum: Newton's method did not reach "
            "one. Rescale or leave out predictors with extreme values."
        )
    shown = ", ".join(repr(name) for name in names[:4])
    return (
        f"the {family.name} regression must have a maximum: {shown} "
        f"{'separates' if len(names) == 1 else 'separate'} rows whose outcome is always the same, "
        "so that the likelihood grows without end. Join categories or leave the predictor out."
    )


def _separating(terms: Terms, x: Array, family: Family) -> list[str]:
    """Return the columns of a direction along which no row's likelihood falls."""
    from scipy.optimize import linprog

    if family.straight:
        return []
    size = np.abs(x).max(axis=0)
    rows = np.unique(np.column_stack([x / size, terms.y]), axis=0)
    z, y = rows[:, :-1], rows[:, -1]
    low, high = y == 0, (y == 1) & (family.name == "binomial")
    signed = np.where(low[:, None], -z, z)
    edge, inner = signed[low | high], z[~(low | high)]
    found = linprog(
        -edge.sum(axis=0),
        A_ub=-edge,
        b_ub=np.zeros(len(edge)),
        A_eq=inner if inner.size else None,
        b_eq=np.zeros(len(inner)) if inner.size else None,
        bounds=(-1, 1),
    )
    if found.x is None or edge.sum(axis=0) @ found.x < 1e-7:
        return []
    names = [n for n, d in zip(terms.names, found.x.tolist(), strict=True) if abs(d) > 1e-7]
    return [n for n in names if n != INTERCEPT] or names


class Effects:
    """Average marginal effects as a regression of their own: equations of b and of the averages."""

    def __init__(self, model: Model):
        self.model = model
        self.names: list[str] = []
        self.pieces: list[tuple[Array, Array | None]] = []  # design of a level and of the first
        for name, variable in model.terms.variables.items():
            self.names += variable.contrasts
            if not variable.levels:
                self.pieces.append((model.terms.derivative(name) @ model.back, None))
                continue
            first = model.terms.matrix(**{name: variable.constant(0)}) @ model.back
            for level in range(1, len(variable.levels)):
                there = model.terms.matrix(**{name: variable.constant(level)}) @ model.back
                self.pieces.append((there, first))
        w = model.weights
        of_row = np.stack([self.rows(k, model.c[:, None])[:, 0] for k in range(len(self.names))])
        self.at: Array = of_row @ w / w.sum()
        slope = np.stack([self.slope(k) for k in range(len(self.names))]) @ model.inverse
        self.step: Array = (
            np.concatenate([slope, np.eye(len(self.names))], axis=1) * model.scale / w.sum()
        )
        centred = (of_row - self.at[:, None]).T
        self.scores = [*model.scores, *model.terms.spread(centred, model.n)]

    def rows(self, k: int, c: Array) -> Array:
        """Return the effect k in every row (rows, columns) at solutions c (p, columns)."""
        family, (there, first) = self.model.family, self.pieces[k]
        if first is None:
            return np.asarray(family.slope(self.model.q @ c) * (there @ c))
        return np.asarray(family.mean(there @ c) - family.mean(first @ c))

    def slope(self, k: int) -> Array:
        """Return the weighted sum of the derivative of effect k in c, (p,)."""
        model, (there, first) = self.model, self.pieces[k]
        family, c, w = model.family, model.c, model.weights
        if first is None:
            eta = model.q @ c
            bent = family.bend(eta) * (there @ c)
            return np.asarray((w * bent) @ model.q + (w * family.slope(eta)) @ there)
        return np.asarray(
            (w * family.slope(there @ c)) @ there - (w * family.slope(first @ c)) @ first
        )

    def refit(self, weights: Array) -> Array:
        """Return the effects (effects, columns) under other weights."""
        c = self.model.orthogonal(weights)
        total = weights.sum(axis=0)
        return np.stack(
            [(self.rows(k, c) * weights).sum(axis=0) / total for k in range(len(self.names))]
        )
