"""Multinomial logit regression with counts, by Newton's method, and its probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ConvergenceError

__all__ = ["fit", "probabilities"]

Array = NDArray[Any]
STEPS = 60
ENTRIES = 4_000_000  # rows x pairs of categories worked on at once


def probabilities(z: Array, coefficients: Array) -> Array:
    """Return the chances (rows, categories) at the rows of the design z."""
    eta = z @ coefficients
    eta -= eta.max(axis=1, keepdims=True)
    np.exp(eta, out=eta)
    eta /= eta.sum(axis=1, keepdims=True)
    return eta


def fit(
    z: Array, category: Array, count: Array, categories: int, *, ridge: float, start: Array
) -> Array:
    """Return coefficients (p, categories) of ``P(category c | z) ~ exp(z b_c)``.

    The first column of z is the constant; `ridge` times half the square of every other coefficient
    is taken off the log-likelihood, so that it has a maximum where categories are separated. The
    commonest category has coefficients 0, and a category that nobody is in has chance 0.
    """
    total = np.bincount(category, count, minlength=categories)
    present = np.flatnonzero(total > 0)
    place = np.zeros(categories, dtype=np.int64)
    place[present] = np.arange(present.size)
    reference = int(np.argmax(total[present]))
    own, free = place[category], np.delete(np.arange(present.size), reference)
    b = start[:, present] - start[:, present[[reference]]]
    if not np.isfinite(b).all():
        b = np.zeros_like(b)
    if free.size:
        b = _maximise(z, own, count, b, free, ridge)
    out = np.full((z.shape[1], categories), 0.0)
    out[0] = -np.inf
    out[:, present] = b
    return out


def _maximise(z: Array, own: Array, count: Array, b: Array, free: Array, ridge: float) -> Array:
    penalty = np.r_[0.0, np.full(z.shape[1] - 1, ridge)]
    pairs = _pairs(z)
    p, value = _fitted(z, own, count, b, penalty)
    for _ in range(STEPS):
        residual = -count[:, None] * p
        residual[np.arange(own.size), own] += count
        score = (z.T @ residual - penalty[:, None] * b)[:, free]
        step = np.linalg.solve(
            _information(pairs, p[:, free], count, penalty), score.T.ravel()
        ).reshape(free.size, -1)
        gain = float((score.T * step).sum())
        scale, move = 1.0, np.zeros_like(b)
        move[:, free] = step.T
        while True:
            p, after = _fitted(z, own, count, b + scale * move, penalty)
            if after >= value - 1e-12 * abs(value) or scale < 1e-8:
                break
            scale /= 2
        b, value = b + scale * move, after
        if gain <= 1e-16 * (1 + abs(value)):  # the error left is its square
            return b
    raise ConvergenceError(
        f"the multinomial logit of the histories did not converge in {STEPS} steps (gain left "
        f"{gain:.2g}). Leave out a covariate, or scale one with few far values."
    )


def _fitted(z: Array, own: Array, count: Array, b: Array, penalty: Array) -> tuple[Array, float]:
    p = probabilities(z, b)
    seen = np.maximum(p[np.arange(own.size), own], 1e-300)
    return p, float(count @ np.log(seen) - (penalty[:, None] * b * b).sum() / 2)


def _pairs(z: Array) -> Array:
    at, beside = np.triu_indices(z.shape[1])
    return np.ascontiguousarray((z[:, at] * z[:, beside]).T)


def _information(pairs: Array, p: Array, count: Array, penalty: Array) -> Array:
    """Return the information (categories x p, categories x p) of the free coefficients."""
    size, width = p.shape[1], penalty.size
    first, second = np.triu_indices(size)
    sums = np.zeros((pairs.shape[0], first.size))
    step = max(1, ENTRIES // first.size)
    for start in range(0, p.shape[0], step):
        some = slice(start, start + step)
        part, w = p[some], count[some, None]
        products = -(w * part[:, first]) * part[:, second]
        products[:, first == second] += w * part
        sums += pairs[:, some] @ products
    at, beside = np.triu_indices(width)
    out = np.empty((size, width, size, width))
    blocks = np.empty((width, width, first.size))
    blocks[at, beside] = blocks[beside, at] = sums
    out[first, :, second, :] = out[second, :, first, :] = np.moveaxis(blocks, -1, 0)
    flat = out.reshape(size * width, size * width)
    flat[np.diag_indices_from(flat)] += np.tile(penalty, size)
    return flat
