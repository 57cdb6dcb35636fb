"""Least squares to the last digits: scores in twice the working precision, and Newton's steps.

Nearly collinear columns cost an ordinary solution as many digits as their condition number has,
and large residuals as many again. The score at given coefficients, summed in twice the precision,
shows what is missing (Ogita, Rump and Oishi 2005, doi:10.1137/030601818).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLOSE", "refined"]

Array = NDArray[Any]
Pair = tuple[Array, Array]  # a number as the sum of two floats
CLOSE = 1e-2  # share of a column's size that the others leave, below which digits are lost
STEPS = 6
SPLIT = 2.0**27 + 1.0


def refined(x: Array, y: Array, w: Array, back: Array, inverse: Array, start: Array) -> Array:
    """Return the coefficients of a weighted least-squares fit, to all digits that the data hold.

    `back` leads from orthogonal coordinates to coefficients, and `inverse` is that of the
    information there; both may be rounded, since they only say how far to go.
    """
    b = start
    last = np.inf
    for _ in range(STEPS):
        move = back @ (inverse @ (back.T @ _score(x, y, w, b)))
        size = float(np.abs(move / np.where(b == 0, 1.0, b)).max())
        if not size < last:  # rounding is all that is left
            break
        b, last = b + move, size
    return b


def _score(x: Array, y: Array, w: Array, b: Array) -> Array:
    """Return ``x' w (y - x b)`` as if in twice the working precision."""
    residual = y, np.zeros_like(y)
    for column, slope in zip(x.T, b, strict=True):
        residual = _plus(residual, _product(column, -slope))
    high, low = residual
    out = np.empty(b.size)
    for j, column in enumerate(x.T):
        weighted, rest = _product(column, w)
        whole, error = _product(weighted, high)
        out[j] = _sum(whole, error + (rest * high + weighted * low))
    return out


def _two_sum(a: Array, b: Array) -> Pair:
    """Return a sum and what its rounding leaves out."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _product(a: Array, b: Any) -> Pair:
    """Return a product and what its rounding leaves out."""
    total = a * b
    first, second = _halves(a), _halves(np.asarray(b))
    error = first[0] * second[0] - total
    error = error + first[0] * second[1] + first[1] * second[0]
    return total, error + first[1] * second[1]


def _halves(a: Array) -> Pair:
    """Return a number as two of half its digits."""
    scaled = SPLIT * a
    high = scaled - (scaled - a)
    return high, a - high


def _plus(one: Pair, other: Pair) -> Pair:
    total, error = _two_sum(one[0], other[0])
    return _two_sum(total, error + (one[1] + other[1]))


def _sum(values: Array, rest: Array) -> float:
    """Return the sum of numbers given in two parts, by halves."""
    while values.size > 1:
        half = values.size // 2
        odd = values[2 * half :], rest[2 * half :]
        values, error = _two_sum(values[:half], values[half : 2 * half])
        rest = rest[:half] + rest[half : 2 * half] + error
        values, rest = np.concatenate([values, odd[0]]), np.concatenate([rest, odd[1]])
    return float(values[0] + rest[0])
