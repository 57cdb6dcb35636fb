"""Slow, obvious regressions, marginal effects, tests of tables and tails of quadratic forms."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import chi2

Array = NDArray[Any]


def mean(eta: float, family: str) -> float:
    of = {"gaussian": eta, "binomial": 1 / (1 + np.exp(-eta)), "poisson": np.exp(eta)}
    return float(of[family])


def slope(eta: float, family: str) -> float:
    p = mean(eta, family)
    return {"gaussian": 1.0, "binomial": p * (1 - p), "poisson": p}[family]


def coefficients(x: Array, y: Array, w: Array, family: str) -> Array:
    """Newton's method on the weighted score, a row at a time."""
    b = np.zeros(x.shape[1])
    for _ in range(100):
        score, information = np.zeros(b.size), np.zeros((b.size, b.size))
        for i in range(y.size):
            eta = float(x[i] @ b)
            score += w[i] * x[i] * (y[i] - mean(eta, family))
            information += w[i] * slope(eta, family) * np.outer(x[i], x[i])
        move = np.linalg.solve(information, score)
        b = b + move
        if np.abs(move).max() < 1e-14:
            break
    return b


def number_effect(x: Array, derivative: Array, w: Array, b: Array, family: str) -> float:
    """Average over rows of slope times the derivative of the linear predictor."""
    parts = [slope(float(x[i] @ b), family) * float(derivative[i] @ b) for i in range(len(x))]
    return float(np.average(parts, weights=w))


def level_effect(there: Array, first: Array, w: Array, b: Array, family: str) -> float:
    """Average over rows of the mean at one level minus the mean at the first."""
    parts = [
        mean(float(there[i] @ b), family) - mean(float(first[i] @ b), family)
        for i in range(len(there))
    ]
    return float(np.average(parts, weights=w))


def design_effects(p: Array, v: Array, n: int) -> Array:
    """Eigenvalues of Rao and Scott (1984): interactions of the log-linear model given its margins.

    X1 holds the margins, X2 the interactions; Delta = (X2' P X2)^-1 (X2' n V X2) with X2 made
    orthogonal to X1 under P = D - pp', on the scale of D^-1.
    """
    r, c = p.shape
    flat = p.ravel()
    cells = list(product(range(r), range(c)))
    margins = np.array([[i == k for k in range(r)] + [j == k for k in range(c)] for i, j in cells])
    basis = np.linalg.svd(margins.astype(float))[0][:, r + c - 1 :]
    inverse = np.diag(1 / flat)
    simple = basis.T @ inverse @ basis
    design = basis.T @ inverse @ (n * v) @ inverse @ basis
    return np.sort(np.linalg.eigvals(np.linalg.inv(simple) @ design).real)[::-1]


def tail(x: float, weights: Array, ddf: float) -> float:
    """P(a chi2_1 + b chi2_1 > x chi2_ddf / ddf): two integrals, one inside the other."""
    a, b = weights

    def sum_above(limit: float) -> float:
        # over u of the angle: (a cos^2 + b sin^2) r^2 > limit with r^2 a chi-square of 2
        inside = quad(
            lambda t: np.exp(-limit / (2 * (a * np.cos(t) ** 2 + b * np.sin(t) ** 2))),
            0,
            np.pi / 2,
            epsabs=0,
            epsrel=1e-11,
        )[0]
        return float(inside / (np.pi / 2))

    mode = max(ddf - 2, 1.0)
    width = np.sqrt(2 * ddf)
    edges = [0, max(mode - 6 * width, mode / 50), mode, mode + 6 * width, mode + 40 * width]
    return sum(
        quad(lambda s: chi2.pdf(s, ddf) * sum_above(x * s / ddf), low, high, epsabs=0)[0]
        for low, high in pairwise(edges)
    )
