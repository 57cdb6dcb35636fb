"""Correlation matrices through partial correlations, and the LKJ prior on them.

A matrix of K groups is held as K (K - 1) / 2 numbers y in the order (1, 0), (2, 0), (2, 1), ...; their
hyperbolic tangents are the canonical partial correlations (Lewandowski, Kurowicka and Joe, 2009,
doi:10.1016/j.jmva.2009.04.008), from which row i of the Cholesky factor is
``L_ij = z_ij prod_{l < j} sqrt(1 - z_il^2)``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@cache
def places(groups: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the numbers below the diagonal."""
    return np.tril_indices(groups, -1)


def factor(y: Array, groups: int) -> tuple[Array, Array, Array]:
    """Return the Cholesky factor, the partial correlations and the remaining lengths (..., K, K)."""
    partial = np.zeros((*y.shape[:-1], groups, groups))
    rows, columns = places(groups)
    partial[..., rows, columns] = np.tanh(y)
    length = np.ones_like(partial)
    length[..., 1:] = np.cumprod(np.sqrt(1 - partial[..., :-1] ** 2), axis=-1)
    cholesky = partial * length
    diagonal = np.arange(groups)
    cholesky[..., diagonal, diagonal] = length[..., diagonal, diagonal]
    return cholesky, partial, length


def pull_back(slope: Array, cholesky: Array, partial: Array, length: Array) -> Array:
    """Return the gradient by y of what has the gradient `slope` by the Cholesky factor."""
    groups = cholesky.shape[-1]
    product = slope * cholesky
    beyond = product.sum(axis=-1, keepdims=True) - np.cumsum(product, axis=-1)
    gradient = slope * length * (1 - partial**2) - partial * beyond
    rows, columns = places(groups)
    return np.asarray(gradient[..., rows, columns])


def exponents(groups: int, shape: float) -> Array:
    """Return the powers a of ``(1 - z^2)^a``, the density of y under LKJ(shape)."""
    return np.asarray(shape + (groups - 2 - places(groups)[1]) / 2)


def log_prior(y: Array, powers: Array) -> Array:
    """Return the log density of y under the LKJ prior, up to a constant."""
    size = np.abs(y)
    # log(1 - tanh(y)^2), without the cancellation
    return np.asarray(
        (powers * (2 * (np.log(2) - size - np.log1p(np.exp(-2 * size))))).sum(axis=-1)
    )


def draw(size: tuple[int, ...], powers: Array, rng: np.random.Generator) -> Array:
    """Draw y from the LKJ prior."""
    return np.arctanh(2 * rng.beta(powers, powers, (*size, powers.size)) - 1)
