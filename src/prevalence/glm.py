"""Roots of regression equations with real weights, for many columns of weights at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import NEWTON_STEPS, solve

__all__ = ["expit", "logistic"]

Array = NDArray[Any]
BLOCK = 4_000_000  # entries of a block of products of columns


def expit(eta: Array) -> Array:
    """Return ``1 / (1 + exp(-eta))`` without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(eta, -700, 700))))


def logistic(x: Array, y: Array, w: Array) -> Array:
    """Return weighted logistic regressions of y (n,) on x (n, q), one for each column of weights.

    Newton's method with halving on all columns together; `w` is (n,) or (n, columns), the result
    (q,) or (q, columns), and nan in a column whose likelihood has no maximum.
    """
    with np.errstate(all="ignore"):  # what is beyond floats has no maximum
        return _newton(x, y, w)


def _newton(x: Array, y: Array, w: Array) -> Array:
    columns = w.reshape(w.shape[0], -1)
    beta = np.zeros((x.shape[1], columns.shape[1]))
    beta[:, ~np.isfinite(columns).all(axis=0)] = np.nan
    live = np.flatnonzero(np.isfinite(beta[0]))
    score = _score(x, y, columns[:, live], beta[:, live])
    for _ in range(NEWTON_STEPS):
        if not live.size:
            break
        v = columns if live.size == columns.shape[1] else columns[:, live]
        b = beta[:, live]
        step = solve(_information(x, v, b), score)
        b, score, moved = _halved(x, y, v, b, score, step)
        size = np.abs(step).max(axis=0) / (1 + np.abs(b).max(axis=0))
        b[:, ~moved & ~(size <= 1e-8)] = np.nan  # nothing improves, far from a root; or no step
        beta[:, live] = b
        keep = moved & (size > 1e-13)
        live, score = live[keep], score[:, keep]
    beta[:, live] = np.nan
    return beta.reshape(x.shape[1], *w.shape[1:])


def _score(x: Array, y: Array, w: Array, beta: Array) -> Array:
    return np.asarray(x.T @ (w * (y[:, None] - expit(x @ beta))))


def _halved(
    x: Array, y: Array, w: Array, b: Array, score: Array, step: Array
) -> tuple[Array, Array, Array]:
    """Return coefficients and scores after the longest step that does not make the score larger."""
    size = np.abs(score).max(axis=0)
    scale = np.where(np.isfinite(step).all(axis=0), 1.0, 0.0)
    step = np.where(scale > 0, step, 0.0)
    after, moved = score.copy(), np.zeros(scale.size, dtype=bool)
    todo = np.flatnonzero(scale > 0)
    while todo.size:
        trial = _score(x, y, w[:, todo], b[:, todo] + scale[todo] * step[:, todo])
        good = np.isfinite(trial).all(axis=0) & (np.abs(trial).max(axis=0) <= size[todo])
        after[:, todo[good]], moved[todo[good]] = trial[:, good], True
        todo = todo[~good]
        scale[todo] /= 2
        scale[todo[scale[todo] <= 1e-10]] = 0.0
        todo = todo[scale[todo] > 0]
    return b + scale * step, after, moved


def _information(x: Array, w: Array, beta: Array) -> Array:
    """Return ``sum w p (1-p) x x'`` of every column, (q, q, columns), by products of columns of x."""
    n, q = x.shape
    row, column = np.triu_indices(q)
    flat = np.zeros((row.size, w.shape[1]))
    step = max(1, BLOCK // max(row.size, w.shape[1]))
    for start in range(0, n, step):
        part = x[start : start + step]
        p = expit(part @ beta)
        flat += (part[:, row] * part[:, column]).T @ (w[start : start + step] * p * (1 - p))
    out = np.empty((q, q, w.shape[1]))
    out[row, column] = out[column, row] = flat
    return out
