"""Existence and identifiability of the extended maximum likelihood estimate.

Which cells are zero decides both, not how large the others are; so every question is asked once for
each pattern of zeros and model, and only where a converged fit is no proof already.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..errors import ConvergenceError
from .histories import BoolArray, FloatArray, IntArray

EXISTS, NO_MAXIMUM, NOT_IDENTIFIABLE, NEITHER = 0, 1, 2, 3
ZERO = 1e-9  # of a unit vector through a matrix of 0 and 1: rounding is about 1e-15
REMEMBERED = 4096  # patterns of zeros: sparse tables repeat them


def has_maximum(design: FloatArray, observed: BoolArray) -> bool:
    """Whether the Poisson likelihood of a log-linear model has its maximum at finite parameters.

    It has one if and only if no direction ``d`` of the parameters lowers some cells without
    raising any and without touching an observed one (Fienberg and Rinaldo 2012). Mostly the observed
    cells leave one direction or none, which is looked at. Else a linear program maximises the sum
    of ``z = X d`` with ``0 <= z <= 1`` in the empty cells and ``z = 0`` in the observed ones. A
    direction can be scaled until one cell reaches its bound, so the optimum is 0 or at least 1 and
    needs no tolerance.

    Parameters
    ----------
    design : ndarray, shape (cells, parameters)
        Rows of the cells that the model keeps.
    observed : ndarray of bool, shape (cells,)
        Cells with a positive count.

    References
    ----------
    Fienberg, S. E. and Rinaldo, A. (2012). Maximum likelihood estimation in log-linear models.
    Annals of Statistics 40, 996-1023. https://doi.org/10.1214/12-AOS986
    """
    empty, touched = design[~observed], design[observed]
    if not len(empty) or not design.shape[1]:
        return True
    directions = _untouched(touched)
    if len(directions) > 1:
        return _no_direction(empty, touched)
    moved = empty @ directions.T
    return not (np.abs(moved).max(initial=0.0) > ZERO and _one_way(moved))


def _untouched(touched: FloatArray) -> FloatArray:
    """Directions of the parameters, one a row, that leave every observed cell as it is."""
    if not len(touched):
        return np.eye(touched.shape[1])
    _, values, vectors = np.linalg.svd(touched)
    return np.asarray(vectors[int((values > ZERO).sum()) :])


def _one_way(moved: FloatArray) -> bool:
    return bool((moved > -ZERO).all() or (moved < ZERO).all())


def _no_direction(empty: FloatArray, touched: FloatArray) -> bool:
    """Ask the linear program."""
    from scipy.optimize import linprog

    answer = linprog(
        -empty.sum(axis=0),
        A_ub=np.vstack([empty, -empty]),
        b_ub=np.concatenate([np.ones(len(empty)), np.zeros(len(empty))]),
        A_eq=touched if len(touched) else None,
        b_eq=np.zeros(len(touched)) if len(touched) else None,
        bounds=(None, None),
        method="highs",
    )
    if answer.fun is None:
        raise ConvergenceError(
            f"the linear program for existence of the estimate failed: {answer.message} "
            "Check the table of counts."
        )
    return bool(-answer.fun < 0.5)


def existence_codes(
    design: FloatArray, observed: BoolArray, active: BoolArray, kept: BoolArray
) -> IntArray:
    """Codes by linear program and rank: 0 fine, 1 no maximum, 2 not identifiable, 3 both.

    Parameters
    ----------
    design : ndarray, shape (C, P)
        One row a capture history, one column a parameter.
    observed : ndarray of bool, shape (C, B)
        Cells with a positive count.
    active : ndarray of bool, shape (P, B)
        Parameters of the model that are not at their boundary.
    kept : ndarray of bool, shape (C, B)
        Cells that the boundary terms leave in the fit.

    Returns
    -------
    ndarray of int, shape (B,)
    """
    patterns, column = np.unique(np.vstack([observed, active, kept]), axis=1, return_inverse=True)
    cells, parameters = design.shape
    seen, used, left = np.split(patterns, [cells, cells + parameters])
    codes = np.empty(patterns.shape[1], dtype=np.int64)
    for b in range(codes.size):
        block = design[np.ix_(left[:, b], used[:, b])]
        codes[b] = _code(block.tobytes(), block.shape, seen[left[:, b], b].tobytes())
    result: IntArray = codes[column.ravel()]
    return result


@lru_cache(maxsize=REMEMBERED)
def _code(block: bytes, shape: tuple[int, int], observed: bytes) -> int:
    design = np.frombuffer(block).reshape(shape)
    deficient = rank(design) < shape[1]
    return (not has_maximum(design, np.frombuffer(observed, dtype=bool))) + 2 * deficient


def rank(block: FloatArray) -> int:
    """Column rank of a 0/1 matrix, 0 when it has no rows or no columns."""
    return int(np.linalg.matrix_rank(block)) if block.size else 0
