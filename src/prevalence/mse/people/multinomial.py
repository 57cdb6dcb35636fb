"""Multinomial logit regression with counts, by Newton's method, and its probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ConvergenceError
from ..ascent import Ahead, ascend

__all__ = ["fit", "probabilities"]

Array = NDArray[Any]
STEPS = 100
SLACK = 1e-12  # share of a likelihood by which rounding may lower it
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
    climb = _Climb(z, own, count, free, ridge, b.shape)
    found, arrived = ascend(climb, b.reshape(-1, 1), STEPS, SLACK)
    if not arrived[0]:
        raise ConvergenceError(
            f"the multinomial logit of the histories did not converge in {STEPS} steps (gain left "
            f"{climb.gain:.2g}). Leave out a covariate, or scale one with few far values."
        )
    return found.reshape(b.shape)


class _Climb:
    """The penalised likelihood of one table of coefficients, as a column."""

    def __init__(
        self, z: Array, own: Array, count: Array, free: Array, ridge: float, shape: tuple[int, ...]
    ) -> None:
        self.z, self.own, self.count, self.free, self.shape = z, own, count, free, shape
        self.penalty = np.r_[0.0, np.full(z.shape[1] - 1, ridge)]
        self.pairs = _pairs(z)
        self.p = np.empty(0)
        self.height, self.gain = -np.inf, np.inf

    def value(self, at: Array) -> Array:
        b = at.reshape(self.shape)
        self.p = probabilities(self.z, b)
        seen = np.maximum(self.p[np.arange(self.own.size), self.own], 1e-300)
        loss = (self.penalty[:, None] * b * b).sum() / 2
        self.height = float(self.count @ np.log(seen) - loss)
        return np.array([self.height])

    def ahead(self, at: Array, _better: Array) -> Ahead:
        b, free = at.reshape(self.shape), self.free
        residual = -self.count[:, None] * self.p
        residual[np.arange(self.own.size), self.own] += self.count
        score = (self.z.T @ residual - self.penalty[:, None] * b)[:, free]
        matrix = _information(self.pairs, self.p[:, free], self.count, self.penalty)
        move = np.zeros(self.shape)
        move[:, free] = np.linalg.solve(matrix, score.T.ravel()).reshape(free.size, -1).T
        self.gain = float((score * move[:, free]).sum())
        # The error left is the square of the gain.
        done = self.gain <= 1e-16 * (1 + abs(self.height))
        return Ahead(move.reshape(-1, 1), np.array([done]))

    def keep(self, stay: Array) -> None:
        """There is one column."""


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
