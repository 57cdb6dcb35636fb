"""Composite link by expectation and maximisation, and by a general optimiser: slow and obvious."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

Array = NDArray[Any]


def log_likelihood(
    design: Array, collapse: Array, counts: Array, beta: Array, offset: Any = 0.0
) -> float:
    expected = collapse @ np.exp(design @ beta) + offset
    return float((counts * np.log(expected) - expected - gammaln(counts + 1)).sum())


def by_optimiser(
    design: Array, collapse: Array, counts: Array, start: Array, offset: Any = 0.0
) -> Array:
    """Coefficients at the maximum, found from derivatives of the likelihood alone."""
    design, collapse = np.asarray(design, float), np.asarray(collapse, float)

    def loss(beta: Array) -> tuple[float, Array]:
        means = np.exp(design @ beta)
        expected = collapse @ means + offset
        slope = (collapse * means) @ design
        value = (counts * np.log(expected) - expected).sum()
        return -value, -slope.T @ (counts / expected - 1)

    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 5000})
    return np.asarray(found.x)


def poisson_regression(design: Array, counts: Array) -> Array:
    """Log-linear Poisson regression by iterated weighted least squares."""
    beta = np.linalg.lstsq(design, np.log(counts + 0.5), rcond=None)[0]
    for _ in range(200):
        means = np.exp(design @ beta)
        step = np.linalg.solve(design.T @ (means[:, None] * design), design.T @ (counts - means))
        beta = beta + step
        if np.abs(step).max() < 1e-13:
            return np.asarray(beta)
    raise AssertionError("the regression did not converge")


def by_expectation(
    design: Array, collapse: Array, counts: Array, passes: int = 20_000
) -> tuple[Array, int]:
    """EM: split each observed count over its cells by their means, then fit the whole table.

    Every observable cell must be in the same number of observed rows with weight one. Returns the
    coefficients and the number of steps.
    """
    design, collapse = np.asarray(design, float), np.asarray(collapse, float)
    observable = collapse.sum(axis=0) > 0
    inside = collapse[:, observable]
    x = design[observable]
    split = inside.T @ (counts / inside.sum(axis=1))
    beta = poisson_regression(x, split)
    for step in range(passes):
        means = np.exp(x @ beta)
        split = means * (inside.T @ (counts / (inside @ means)))
        new = poisson_regression(x, split)
        if np.abs(new - beta).max() < 1e-12:
            return new, step
        beta = new
    raise AssertionError("EM did not converge")
