"""Normal orthant probabilities, and the chi-bar-square law of a distance to an orthant."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["chi_bar_weights", "distance", "orthant"]

Array = NDArray[Any]
NODES = 24  # of Gauss and Legendre on an analytic integrand: 1e-10 for correlations up to 0.95


def orthant(covariance: Array) -> Array:
    """Return P(all X > 0) for X normal with mean 0 and each covariance (..., n, n).

    To n = 3 the closed forms; above, the integral of Plackett's derivative from independence to the
    correlations, ``dP / d r_ij = P(the others > 0 | x_i = x_j = 0) / (2 pi sqrt(1 - r_ij**2))``.
    """
    matrix = np.asarray(covariance, dtype=float)
    n = matrix.shape[-1]
    if n < 2:
        return np.full(matrix.shape[:-2], 0.5**n)
    size = np.sqrt(np.diagonal(matrix, axis1=-2, axis2=-1))
    r = np.clip(matrix / size[..., :, None] / size[..., None, :], -1.0, 1.0)
    if n < 4:
        upper = np.arcsin(r[(..., *np.triu_indices(n, 1))]).sum(axis=-1)
        return np.asarray(0.5**n + upper / (2.0 ** (n - 1) * np.pi))
    node, weight = np.polynomial.legendre.leggauss(NODES)
    angle = np.pi / 4 * (node + 1)  # t = sin(angle) takes away the pole of a correlation near 1
    t, weight = np.sin(angle), np.pi / 4 * weight * np.cos(angle)
    path = r[..., None, :, :] * t[:, None, None]
    path[..., np.arange(n), np.arange(n)] = 1.0
    out = np.full(r.shape[:-2], 0.5**n)
    for i, j in combinations(range(n), 2):
        rest = [k for k in range(n) if k not in (i, j)]
        slope = r[..., i, j, None] / (2 * np.pi * np.sqrt(1 - (r[..., i, j, None] * t) ** 2))
        out += (slope * orthant(conditional(path, rest, [i, j])) * weight).sum(axis=-1)
    return out


def conditional(matrix: Array, kept: list[int], given: list[int]) -> Array:
    """Return the covariances (..., kept, kept) of some variables given the values of others."""
    inner = matrix[..., kept, :][..., :, kept]
    if not given:
        return inner
    cross = matrix[..., kept, :][..., :, given]
    solved = np.linalg.solve(matrix[..., given, :][..., :, given], np.swapaxes(cross, -1, -2))
    return np.asarray(inner - cross @ solved)


def chi_bar_weights(covariance: Array) -> Array:
    """Return the probabilities that k = 0, .., q coordinates of X bind, X normal with mean 0.

    They bind where the point of the orthant nearest to X, in the metric of the inverse covariance,
    has a 0. Kudo's formula: the sum over sets S of k coordinates of the orthant probability of the
    others given X_S = 0 times that of the inverse of the covariance of X_S.
    """
    q = covariance.shape[0]
    out = np.zeros(q + 1)
    for k in range(q + 1):
        for chosen in combinations(range(q), k):
            bound = list(chosen)
            free = [i for i in range(q) if i not in chosen]
            inverse = np.linalg.inv(covariance[np.ix_(bound, bound)])
            out[k] += float(orthant(conditional(covariance, free, bound)) * orthant(inverse))
    return out


def distance(x: Array, covariance: Array) -> float:
    """Return the least ``(x - m)' V^-1 (x - m)`` over m >= 0."""
    from scipy.optimize import nnls

    if (x >= 0).all():
        return 0.0
    size = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(size, size))
    inverse = np.linalg.inv(root)
    return float(nnls(inverse, inverse @ (x / size))[1] ** 2)
