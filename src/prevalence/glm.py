"""Generalised linear models with real weights, fitted to many columns of weights at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import NEWTON_STEPS, solve

__all__ = ["FAMILIES", "Family", "expit", "fit", "logistic"]

Array = NDArray[Any]
Curve = Callable[[Array], Array]
NEAR = 1e-8  # a step this small leaves an error of its square
SMALLEST_PART = 1e-10  # of a step
ENTRIES = 2_000_000  # rows x columns worked on at once
PAIRS = 20_000_000  # rows x pairs of coefficients that are kept


@dataclass(frozen=True)
class Family:
    """A family with its canonical link, as functions of the linear predictor eta."""

    name: str
    mean: Curve
    slope: Curve  # of the mean in eta, which is the variance function
    bend: Curve  # second derivative of the mean
    first_mean: Curve  # where the fit begins, from the outcome
    link: Curve
    straight: bool = False


def expit(eta: Array) -> Array:
    """Return ``1 / (1 + exp(-eta))`` without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(eta, -700, 700))))


def _exp(eta: Array) -> Array:
    return np.asarray(np.exp(np.minimum(eta, 700)))


def _spread(eta: Array) -> Array:
    p = expit(eta)
    return np.asarray(p * (1 - p))


def _tilt(eta: Array) -> Array:
    p = expit(eta)
    return np.asarray(p * (1 - p) * (1 - 2 * p))


FAMILIES = {
    "gaussian": Family(
        "gaussian",
        np.asarray,
        np.ones_like,
        np.zeros_like,
        np.asarray,
        np.asarray,
        straight=True,
    ),
    "binomial": Family(
        "binomial",
        expit,
        _spread,
        _tilt,
        lambda y: (y + 0.5) / 2,
        lambda mu: np.log(mu / (1 - mu)),
    ),
    "poisson": Family("poisson", _exp, _exp, _exp, lambda y: y + 0.1, np.log),
}


def first_coefficients(family: Family, x: Array, y: Array, w: Array) -> Array:
    """Return coefficients from one weighted least-squares fit of the linked outcome."""
    mu = family.first_mean(y)
    eta = np.asarray(family.link(mu))
    v = w * family.slope(eta)
    target = eta + (y - mu) / family.slope(eta)
    out: Array = solve(((x.T * v) @ x)[:, :, None], (x.T @ (v * target))[:, None])[:, 0]
    return out


def fit(family: Family, x: Array, y: Array, weights: Array, start: Array) -> Array:
    """Return coefficients (p, columns) for weights (rows, columns), nan where there are none.

    Newton's method with halving on all columns at once: scores and information are products of
    matrices.
    """
    rows, columns = weights.shape
    p = x.shape[1]
    at, beside = np.triu_indices(p)
    pairs = None
    if columns > 1 and at.size * rows <= PAIRS:
        pairs = np.ascontiguousarray((x[:, at] * x[:, beside]).T)
    step = max(1, ENTRIES // max(rows, 1))
    with np.errstate(all="ignore"):  # what is beyond floats has no maximum
        parts = [
            _fit(family, x, y, weights[:, first : first + step], start, pairs)
            for first in range(0, columns, step)
        ]
    return np.concatenate(parts, axis=1)


def _fit(
    family: Family, x: Array, y: Array, weights: Array, start: Array, pairs: Array | None
) -> Array:
    b = np.repeat(start[:, None], weights.shape[1], axis=1)
    done = np.full(b.shape, np.nan)
    active = np.flatnonzero(np.isfinite(weights).all(axis=0))
    b, w = b[:, active], weights[:, active]
    eta = x @ b
    score = x.T @ (w * (y[:, None] - family.mean(eta)))
    for _ in range(NEWTON_STEPS):
        if not active.size:
            break
        move = solve(information(x, w * family.slope(eta), pairs), score)
        change = x @ move
        scale, score = _halved(family, x, y, w, eta, change, score)
        b, eta = b + scale * move, eta + scale * change
        size = np.abs(change).max(axis=0)
        with np.errstate(invalid="ignore"):
            over = size <= (np.inf if family.straight else NEAR * (1 + np.abs(eta).max(axis=0)))
        done[:, active[over]] = b[:, over]
        going = (scale > 0) & ~over  # where no part of a step improves there is no root
        if not going.all():
            active, b, eta, w, score = active[going], *(v[:, going] for v in (b, eta, w, score))
    return done


def _halved(
    family: Family, x: Array, y: Array, w: Array, eta: Array, change: Array, score: Array
) -> tuple[Array, Array]:
    """Return the part of each column's step that does not make the score larger, and the score."""
    size, after = np.abs(score).max(axis=0), score.copy()
    todo = np.isfinite(change).all(axis=0)
    scale = np.where(todo, 1.0, 0.0)
    while todo.any():
        every = bool(todo.all())
        part = [v if every else v[:, todo] for v in (eta, change, w)]
        residual = part[2] * (y[:, None] - family.mean(part[0] + scale[todo] * part[1]))
        trial = x.T @ residual
        good = np.isfinite(trial).all(axis=0) & (np.abs(trial).max(axis=0) <= size[todo])
        places = np.flatnonzero(todo)
        after[:, places[good]] = trial[:, good]
        scale[places[~good]] /= 2
        scale[scale < SMALLEST_PART] = 0.0
        todo = todo & (scale > 0)
        todo[places[good]] = False
    return scale, after


def information(x: Array, v: Array, pairs: Array | None) -> Array:
    """Return ``x' diag(v) x`` for every column of v (rows, columns): (p, p, columns)."""
    p = x.shape[1]
    if pairs is None:
        return np.stack([(x.T * v[:, r]) @ x for r in range(v.shape[1])], axis=-1)
    at, beside = np.triu_indices(p)
    out = np.empty((p, p, v.shape[1]))
    out[at, beside] = out[beside, at] = pairs @ v
    return out


def logistic(x: Array, y: Array, w: Array) -> Array:
    """Return logistic regressions (q,) or (q, columns) for weights (n,) or (n, columns)."""
    columns = w.reshape(w.shape[0], -1)
    found = fit(FAMILIES["binomial"], x, y, columns, np.zeros(x.shape[1]))
    return found.reshape(x.shape[1], *w.shape[1:])
