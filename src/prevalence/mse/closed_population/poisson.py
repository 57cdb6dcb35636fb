"""Poisson maximum likelihood of any log-linear design, for many columns of margins at once.

The likelihood depends on the counts through the margins ``t = X' y`` only, so that a correction of
the counts is a shift of the margins. Coefficients may have a floor of 0; every column has its own
parameters and cells in use.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..ascent import Ahead, ascend
from ..histories import BoolArray, FloatArray, IntArray

PASSES = 200
STEP = 1e-7  # largest last change of any log mean: Newton squares it
ROUNDING = 1e-10  # share of a likelihood by which rounding may lower it
SLACK = 1e-9  # of the persons: a gradient that counts as positive
SINGULAR = 1e-13  # least eigenvalue of an information scaled to diagonal 1
FURTHEST = 60.0  # largest change of a log mean in one step
BLOCK = 2**20  # numbers in one block of Hessians


@dataclass(frozen=True, eq=False)
class Maximum:
    """Coefficients (P, B), 0 where not in use; fitted means (C, B); what is in use; convergence."""

    coefficients: FloatArray
    fitted: FloatArray
    active: BoolArray
    converged: BoolArray


def maximise(
    design: FloatArray,
    margins: FloatArray,
    kept: BoolArray,
    active: BoolArray,
    start: FloatArray | None = None,
) -> Maximum:
    """Maximise ``t' b - sum(exp(X b))`` over the parameters in use, for every column.

    Parameters
    ----------
    design : ndarray, shape (C, P)
        The first column is 1.
    margins : ndarray, shape (P, B)
        ``t``, the sufficient statistics.
    kept : ndarray of bool, shape (C, B)
        Cells in the sum.
    active : ndarray of bool, shape (P, B)
        Parameters in use; the others stay 0.
    start : ndarray, shape (P, B), optional
        Coefficients to begin with, 0 where not in use. Without: equal means.
    """
    cells, parameters = design.shape
    columns = margins.shape[1]
    beta = np.zeros((parameters, columns))
    if start is None:
        beta[0] = np.log(np.maximum(margins[0], 1e-300) / np.maximum(kept.sum(axis=0), 1))
    else:
        beta[:] = start
    converged = np.zeros(columns, dtype=bool)
    products = (design[:, :, None] * design[:, None, :]).reshape(cells, -1)
    width = max(1, BLOCK // parameters**2)
    for first in range(0, columns, width):
        block = slice(first, first + width)
        beta[:, block], converged[block] = _newton(
            design, products, margins[:, block], kept[:, block], active[:, block], beta[:, block]
        )
    fitted = np.exp(np.minimum(design @ beta, 300)) * kept
    converged &= _full_rank(information(design, fitted), active)
    return Maximum(beta, fitted, active, converged)


def _full_rank(matrix: FloatArray, active: BoolArray) -> BoolArray:
    """Whether each information (B, P, P) is regular: it is not where a parameter runs away."""
    full, _ = _scaled(matrix, active)
    finite = np.isfinite(full).all(axis=(1, 2))
    full[~finite] = 0.0
    return np.asarray(finite & (np.linalg.eigvalsh(full)[:, 0] > SINGULAR))


def _scaled(matrix: FloatArray, active: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Matrices over the active parameters with diagonal 1, and the scales (B, P)."""
    both = active.T[:, :, None] & active.T[:, None, :]
    full = np.where(both, matrix, np.eye(len(active)))
    scale = 1 / np.sqrt(np.maximum(np.einsum("bpp->bp", full), 1e-300))
    return full * scale[:, :, None] * scale[:, None, :], scale


def _newton(
    design: FloatArray,
    products: FloatArray,
    margins: FloatArray,
    kept: BoolArray,
    active: BoolArray,
    start: FloatArray,
) -> tuple[FloatArray, BoolArray]:
    result = start.copy()
    converged = np.zeros(margins.shape[1], dtype=bool)
    some = np.flatnonzero(margins[0] > 0)
    columns = _Columns(design, products, margins[:, some], kept[:, some], active[:, some])
    result[:, some], converged[some] = ascend(columns, result[:, some], PASSES, ROUNDING)
    return result, converged


@dataclass(eq=False)
class _Columns:
    """The likelihood of a block of columns."""

    design: FloatArray
    products: FloatArray
    margins: FloatArray
    kept: BoolArray
    active: BoolArray
    means: FloatArray = field(init=False)

    def value(self, at: FloatArray) -> FloatArray:
        self.means = np.exp(np.minimum(self.design @ at, 300)) * self.kept
        value: FloatArray = np.einsum("pb,pb->b", self.margins, at) - self.means.sum(axis=0)
        return value

    def ahead(self, _at: FloatArray, _better: BoolArray) -> Ahead:
        score = self.margins - self.design.T @ self.means
        step = _solved(self.products, self.means, self.active, score)
        move = np.abs((self.design @ step) * self.kept).max(axis=0)
        finite = np.isfinite(move)
        shorter = np.minimum(1, FURTHEST / np.maximum(move, 1e-300))
        return Ahead(step * shorter, finite & (move <= STEP), ~finite)

    def keep(self, stay: BoolArray) -> None:
        self.margins, self.kept = self.margins[:, stay], self.kept[:, stay]
        self.active = self.active[:, stay]


def information(design: FloatArray, means: FloatArray) -> FloatArray:
    """Fisher information ``X' diag(mu) X`` of every column of means: (B, P, P)."""
    parameters = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    return (products.T @ means).T.reshape(-1, parameters, parameters)


def _solved(
    products: FloatArray, means: FloatArray, active: BoolArray, right: FloatArray
) -> FloatArray:
    """Newton steps (P, B), nan where the information is singular."""
    size = len(active)
    matrix = (products.T @ means).T.reshape(-1, size, size)
    return solve_active(matrix, active, right)


def solve_active(matrix: FloatArray, active: BoolArray, right: FloatArray) -> FloatArray:
    """Solve (B, P, P) systems over the active parameters, 0 elsewhere, nan where singular."""
    full, scale = _scaled(matrix, active)
    target = np.where(active, right, 0.0).T * scale
    with np.errstate(over="ignore"):  # next to singular
        solution: FloatArray = (_each(full, target) * scale).T
    return np.where(np.isfinite(solution), solution, np.nan)


def _each(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve every system; where some are singular, one by one."""
    try:
        return np.asarray(np.linalg.solve(matrix, right[:, :, None])[:, :, 0], dtype=np.float64)
    except np.linalg.LinAlgError:
        if len(matrix) == 1:
            return np.full(right.shape, np.nan)
        halves = np.array_split(np.arange(len(matrix)), 2)
        return np.concatenate([_each(matrix[half], right[half]) for half in halves])


def maximise_above(
    design: FloatArray,
    margins: FloatArray,
    kept: BoolArray,
    active: BoolArray,
    floored: BoolArray,
) -> Maximum:
    """Maximise with the coefficients `floored` (P,) not below 0: the active-set method.

    Begins with all of them at 0. The one with the largest gradient enters; where the new maximum
    has a coefficient below 0, the way to it is cut at the first 0, and that one leaves again. Each
    step raises the concave likelihood, so it ends.
    """
    use = active & ~floored[:, None]
    found = maximise(design, margins, kept, use)
    beta, converged = found.coefficients.copy(), found.converged.copy()
    persons = np.maximum(margins[0], 1.0)
    for _ in range(4 * int(floored.sum()) ** 2 + 1):
        means = np.exp(np.minimum(design @ beta, 300)) * kept
        gradient = np.where(
            floored[:, None] & active & ~use, (margins - design.T @ means) / persons, -np.inf
        )
        entering = gradient.argmax(axis=0)
        open_columns = np.flatnonzero((gradient.max(axis=0) > SLACK) & converged)
        if not open_columns.size:
            break
        use[entering[open_columns], open_columns] = True
        _move(design, margins, kept, use, floored, open_columns, beta, converged)
    fitted = np.exp(np.minimum(design @ beta, 300)) * kept
    return Maximum(beta, fitted, use, converged)


def _move(
    design: FloatArray,
    margins: FloatArray,
    kept: BoolArray,
    use: BoolArray,
    floored: BoolArray,
    columns: IntArray,
    beta: FloatArray,
    converged: BoolArray,
) -> None:
    """Go to the maximum over the parameters in use, dropping those that would fall below 0."""
    while columns.size:
        found = maximise(design, margins[:, columns], kept[:, columns], use[:, columns])
        old, new = beta[:, columns], found.coefficients
        below = floored[:, None] & use[:, columns] & (new <= 0)
        part = np.where(below, old / np.where(below, old - new, 1.0), np.inf)
        share = np.minimum(part.min(axis=0), 1.0)
        beta[:, columns] = np.where(share < 1, old + share * (new - old), new)
        leaving = below & (part <= share)
        beta[:, columns] = np.where(leaving, 0.0, beta[:, columns])
        use[:, columns] &= ~leaving
        converged[columns] = found.converged
        columns = columns[leaving.any(axis=0)]
