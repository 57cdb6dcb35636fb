"""Sums of many positive smooth functions over the whole numbers, near and far, and their quantiles.

Whole numbers are taken one by one while they are few; beyond, panels of them hold the functions at
Chebyshev points, halved until the polynomial through the points is exact to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from ..histories import FloatArray, IntArray

Rows = IntArray | slice
Density = Callable[[FloatArray, Rows], FloatArray]
EVERY = slice(None)

NODES = 16
SINGLE = 64.0  # whole numbers below are taken one by one
DIRECT = 4096  # panels of more numbers are summed by Euler and Maclaurin's formula
NEGLIGIBLE = 45.0  # exp(-45): functions this far below the sum are not refined
UNTIL = 1e-13  # share of the sum that may lie beyond the last panel
FARTHEST = 1e290


@lru_cache(maxsize=1)
def _transform() -> FloatArray:
    """From values at the Chebyshev points to coefficients, shape (NODES, NODES)."""
    angle = np.pi * (np.arange(NODES) + 0.5) / NODES
    out: FloatArray = np.cos(np.outer(np.arange(NODES), angle)) * (2 / NODES)
    out[0] /= 2
    return out


def _points(start: float, count: float) -> FloatArray:
    """Chebyshev points, descending, over ``start, .., start + count - 1`` and half a step beyond."""
    angle = np.pi * (np.arange(NODES) + 0.5) / NODES
    out: FloatArray = start - 0.5 + count * (1 + np.cos(angle)) / 2
    return out


def _running(coefficients: FloatArray, count: float, upto: FloatArray) -> FloatArray:
    """Sum of a Chebyshev series over the first `upto` of `count` numbers, spread over (-1, 1)."""
    from numpy.polynomial import chebyshev

    step = 2 / count
    ends = np.stack([np.full_like(upto, -1.0), -1 + step * upto])
    total = chebyshev.chebval(ends, chebyshev.chebint(coefficients)) / step
    first = chebyshev.chebval(ends, chebyshev.chebder(coefficients)) * (-step / 24)
    third = chebyshev.chebval(ends, chebyshev.chebder(coefficients, 3)) * (7 * step**3 / 5760)
    both = total + first + third
    out: FloatArray = both[1] - both[0]
    return out


def _at_numbers(count: int) -> FloatArray:
    """Chebyshev polynomials at all numbers of a panel, shape (count, NODES)."""
    from numpy.polynomial import chebyshev

    return np.asarray(chebyshev.chebvander((2 * np.arange(count) + 1) / count - 1, NODES - 1))


@lru_cache(maxsize=4096)
def _weights(count: float) -> FloatArray:
    """Weights of the values at the points in the sum over the `count` numbers of a panel."""
    if count <= DIRECT:
        moments = _at_numbers(int(count)).sum(axis=0)
    else:
        every = np.array([count])
        moments = np.array([_running(row, count, every)[0] for row in np.eye(NODES)])
    out: FloatArray = moments @ _transform()
    return out


@dataclass(frozen=True)
class Piece:
    """Consecutive whole numbers: each with its value (`single`), or a panel with its points."""

    start: float
    count: float
    single: bool
    values: FloatArray

    @property
    def points(self) -> FloatArray:
        """Where the values are."""
        if self.single:
            return self.start + np.arange(self.count)
        return _points(self.start, self.count)

    @property
    def weights(self) -> FloatArray:
        """Weights of the values in the sum over the numbers."""
        return np.ones(int(self.count)) if self.single else _weights(self.count)

    def each(self) -> FloatArray:
        """Value of every number of a panel that is not long."""
        if self.single:
            return self.values
        return np.asarray(_at_numbers(int(self.count)) @ (_transform() @ self.values))

    def position(self, mass: FloatArray) -> FloatArray:
        """First number up to which the sum is at least `mass`."""
        if self.single or self.count <= DIRECT:
            index = np.searchsorted(np.cumsum(self.each()), mass)
            return self.start + np.minimum(index, self.count - 1)
        coefficients = _transform() @ self.values
        low, high = np.zeros_like(mass), np.full_like(mass, self.count)
        while ((high - low > 1) & (high - low > 4e-16 * (self.start + high))).any():
            middle = np.floor((low + high) / 2)
            enough = _running(coefficients, self.count, middle) >= mass
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return self.start + high - 1

    def peak(self) -> tuple[float, float]:
        """Largest value, and its number."""
        if self.single or self.count <= 2**16:
            every = self.each()
            return float(every.max()), self.start + float(every.argmax())
        return float(self.values.max()), float(np.round(self.points[self.values.argmax()]))


@dataclass(frozen=True, eq=False)
class Lattice:
    """A distribution over whole numbers: the sum of positive functions, scaled to 1.

    Attributes
    ----------
    pieces : tuple of Piece
        Values of the sum, in order.
    row_weights : ndarray
        Share of every function in the sum.
    log_total : float
        Log of the sum before scaling.
    """

    pieces: tuple[Piece, ...]
    row_weights: FloatArray
    log_total: float

    @cached_property
    def cumulative(self) -> FloatArray:
        """Probability up to the end of each piece."""
        out: FloatArray = np.cumsum([piece.weights @ piece.values for piece in self.pieces])
        return out

    @property
    def end(self) -> float:
        """Last number."""
        return self.pieces[-1].start + self.pieces[-1].count - 1

    def quantile(self, levels: FloatArray) -> FloatArray:
        """Smallest number with at least this probability up to it."""
        wanted = np.minimum(levels, self.cumulative[-1])
        where = np.searchsorted(self.cumulative, wanted)
        out: FloatArray = np.empty(wanted.shape)
        for k in np.unique(where):
            before = self.cumulative[k - 1] if k else 0.0
            out[where == k] = self.pieces[k].position(wanted[where == k] - before)
        return out

    def moment(self, function: Callable[[FloatArray], FloatArray]) -> float:
        """Mean of a smooth function of the number."""
        parts = [piece.weights @ (piece.values * function(piece.points)) for piece in self.pieces]
        return float(np.sum(parts))

    def mode(self) -> float:
        """Most probable number, the first of equals."""
        best = max(self.pieces, key=lambda piece: float(piece.values.max()))
        at = self.pieces.index(best)
        around = [piece.peak() for piece in self.pieces[max(at - 1, 0) : at + 2]]
        return max(around, key=lambda pair: (pair[0], -pair[1]))[1]


def lattice(
    density: Density, tail: FloatArray, *, first: float, last: float | None, tolerance: float
) -> Lattice:
    """Sum positive functions over the whole numbers from `first` on.

    Parameters
    ----------
    density : callable
        From numbers (K,) and rows to the logs of the functions, shape (rows, K).
    tail : ndarray
        The functions fall as ``number ** -tail``; without `last` each must exceed 1.
    first, last : float
        First and last number; without `last` the sum goes on until `UNTIL` of it is left.
    tolerance : float
        Error allowed in the sum of a function, relative to its size.
    """
    scale, mass, edges = _survey(density, tail, first, last)
    top = float(scale.max())
    heavy = np.flatnonzero(scale > top - NEGLIGIBLE)
    weights = np.where(scale > top - NEGLIGIBLE, 0.0, np.exp(mass - top))
    pieces = []
    for start, stop in pairwise(edges):
        for piece, masses in _refined(density, heavy, scale[heavy], start, stop - start, tolerance):
            pieces.append(piece)
            weights[heavy] += masses
    total = float(np.sum([piece.weights @ piece.values for piece in pieces]))
    scaled = tuple(Piece(p.start, p.count, p.single, p.values / total) for p in pieces)
    return Lattice(scaled, weights / weights.sum(), top + float(np.log(total)))


def _refined(
    density: Density,
    rows: IntArray,
    scale: FloatArray,
    start: float,
    count: float,
    tolerance: float,
) -> list[tuple[Piece, FloatArray]]:
    """Pieces of a panel, halved until exact, and the sum of every function over each.

    Values are relative to the exponential of the largest scale.
    """
    share = np.exp(scale - scale.max())
    if count <= 2 * NODES or start < SINGLE:
        values = np.exp(density(start + np.arange(count), rows) - scale.max())
        return [(Piece(start, count, True, values.sum(axis=0)), values.sum(axis=1))]
    relative = np.exp(density(_points(start, count), rows) - scale[:, None])
    if np.abs(relative @ _transform()[-2:].T).max() * count > tolerance:
        half = np.floor(count / 2)
        sides = (start, half), (start + half, count - half)
        return [
            x for at, size in sides for x in _refined(density, rows, scale, at, size, tolerance)
        ]
    return [(Piece(start, count, False, share @ relative), share * (relative @ _weights(count)))]


def _survey(
    density: Density, tail: FloatArray, first: float, last: float | None
) -> tuple[FloatArray, FloatArray, list[float]]:
    """Scale (log of the peak of number times function), rough log sum, and the ends of the panels."""
    ends = np.inf if last is None else last + 1.0
    edges = [first, min(max(SINGLE, first + 1), ends)]
    numbers = np.arange(first, edges[1])
    logs = density(numbers, EVERY)
    scale = (logs + np.log(np.maximum(numbers, 1))).max(axis=1)
    mass = _log_sum(logs)
    share = _weights(2.0**40) / 2.0**40
    while edges[-1] < ends:
        start = edges[-1]
        edges.append(min(2 * start, ends))
        points = _points(start, edges[-1] - start)
        logs = density(points, EVERY)
        scale = np.maximum(scale, _summit(np.log(points), logs + np.log(points)))
        mass = np.logaddexp(mass, _log_sum(logs + np.log(share * (edges[-1] - start))))
        if last is None and _ended(logs, points, tail, float(_log_sum(mass))):
            break
        if edges[-1] > FARTHEST:
            raise ValueError(
                "prior must give a posterior that ends: beyond 1e290 persons more than 1e-13 of it "
                "is left. Give largest=, or leave the saturated graph out."
            )
    return scale, mass, edges


def _log_sum(logs: FloatArray) -> FloatArray:
    top = logs.max(axis=-1, keepdims=True)
    out: FloatArray = top[..., 0] + np.log(np.exp(logs - top).sum(axis=-1))
    return out


def _ended(logs: FloatArray, points: FloatArray, tail: FloatArray, total: float) -> bool:
    """Tell whether what lies beyond the first (largest) point is negligible."""
    slope = (logs[:, 0] - logs[:, 1]) / np.log(points[0] / points[1])
    if (slope > -1 - (tail - 1) / 2).any():
        return False
    beyond = logs[:, 0] + np.log(points[0]) - np.log(np.minimum(tail, -slope) - 1)
    return bool(_log_sum(beyond) - total < np.log(UNTIL))


def _summit(x: FloatArray, y: FloatArray) -> FloatArray:
    """Largest value of each row: of a parabola through the largest of its points and two beside."""
    middle = np.clip(y.argmax(axis=1), 1, NODES - 2)[:, None]
    x0, x1, x2 = (x[middle[:, 0] + k] for k in (-1, 0, 1))
    y0, y1, y2 = (np.take_along_axis(y, middle + k, axis=1)[:, 0] for k in (-1, 0, 1))
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    bend = (right - left) / (x2 - x0)
    slope = (left * (x2 - x1) + right * (x1 - x0)) / (x2 - x0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(bend < 0, slope**2 / (-4 * bend), 0.0)
    inside = np.abs(slope) <= np.abs(bend * (x2 - x0))
    out: FloatArray = np.maximum(y.max(axis=1), np.where(inside, y1 + gain, -np.inf))
    return out
