"""Models of several linear predictors, fitted to many columns of weights at once.

What is made largest is a weighted sum over rows of a function of the row's linear predictors: a
log-likelihood (a mixture, say), or minus a sum of squares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Maximum", "RowTerms", "climb", "curvature", "maximise", "score_rows"]

Array = NDArray[Any]
STEPS = 120
NEAR = 1e-9  # a Newton step this small leaves an error of its square
FLAT = 1e-8  # information per unit of weight below which a maximum is none
STILL = 1e-7  # score per unit of weight that goes with it
LONGEST = 4.0  # of a step, in coordinates that are about 1 in size
SMALLEST_PART = 1e-10  # of a step
RISE = 1e-4  # share of the promised gain that a step must bring
ROUNDING = 1e-11  # of a value
ENTRIES = 1_000_000  # rows x columns worked on at once
PAIRS = 20_000_000  # rows x pairs of coefficients that are kept


class RowTerms(NamedTuple):
    """Values of the rows (rows, columns), with first and second derivatives in the predictors.

    A pair of predictors ``(k, l)``, k <= l, that is left out has no second derivative.
    """

    value: Array
    slope: Sequence[Array]
    bend: Mapping[tuple[int, int], Array]


class Maximum(NamedTuple):
    """Coefficients (p, columns), nan where there is no maximum within, and the values reached.

    `last` is where the climb ended, and `edge` tells where it did so because nothing more is gained
    on the way to infinity: the means at `last` are then those of the limit.
    """

    at: Array
    value: Array
    last: Array
    edge: Array

    @property
    def limit(self) -> Array:
        """Coefficients at the maximum, or far out on the way to a limit; nan where there is neither."""
        return np.where(self.edge, self.last, self.at)


Objective = Callable[[Sequence[Array], Array], RowTerms]
See = Callable[[Array, Array], tuple[Array, Array, Array]]


def maximise(
    objective: Objective, designs: Sequence[Array], weights: Array, start: Array
) -> Maximum:
    """Climb from `start` (p,) or (p, columns) for weights (rows, columns), all columns at once.

    `objective` takes the linear predictors and the numbers of the columns; the designs have about
    orthonormal columns.
    """
    cuts = np.cumsum([x.shape[1] for x in designs])[:-1]
    products: dict[tuple[int, int], Array] = {}

    def see(b: Array, columns: Array) -> tuple[Array, Array, Array]:
        eta = [x @ part for x, part in zip(designs, np.split(b, cuts), strict=True)]
        w = weights if columns.size == weights.shape[1] else weights[:, columns]
        terms = objective(eta, columns)
        slopes = zip(designs, terms.slope, strict=True)
        score = np.concatenate([x.T @ (w * s) for x, s in slopes])
        value = np.einsum("nc,nc->c", w, np.where(w == 0, 0.0, terms.value))
        return value, score, curvature(terms.bend, designs, w, products)

    total = np.abs(weights).sum(axis=0)
    return climb(see, total, start, max(1, ENTRIES // max(len(weights), 1)))


def climb(see: See, total: Array, start: Array, together: int) -> Maximum:
    """Climb in every column by Newton's method, the curvature made positive and steps halved.

    `see` takes coefficients (p, columns) and the numbers of the columns, and returns value, score
    and second derivatives; `total` are the sums of their weights. `together` columns go at once.
    """
    columns = total.size
    b = np.array(np.broadcast_to(np.reshape(start, (len(start), -1)), (len(start), columns)))
    with np.errstate(all="ignore"):  # what is beyond floats has no maximum
        parts = [
            _Climb(see, total, np.arange(columns)[k : k + together]).from_start(
                b[:, k : k + together]
            )
            for k in range(0, columns, together)
        ]
    return Maximum(*(np.concatenate(part, axis=-1) for part in zip(*parts, strict=True)))


def score_rows(slope: Sequence[Array], designs: Sequence[Array]) -> Array:
    """Return the scores of the rows (rows, p) from slopes (rows, 1) by predictor."""
    return np.concatenate([x * s for x, s in zip(designs, slope, strict=True)], axis=1)


def curvature(
    bend: Mapping[tuple[int, int], Array],
    designs: Sequence[Array],
    weights: Array,
    products: dict[tuple[int, int], Array] | None = None,
) -> Array:
    """Return the weighted second derivatives in the coefficients (p, p, columns)."""
    cuts = [0, *np.cumsum([x.shape[1] for x in designs]).tolist()]
    at = [slice(*pair) for pair in pairwise(cuts)]
    out = np.zeros((cuts[-1], cuts[-1], weights.shape[1]))
    for (k, j), values in bend.items():
        block = _crossed(designs[k], designs[j], weights * values, products)
        out[at[k], at[j]] = block
        if k != j:
            out[at[j], at[k]] = block.swapaxes(0, 1)
    return out


def _crossed(x: Array, z: Array, v: Array, products: dict[tuple[int, int], Array] | None) -> Array:
    """Return ``x' diag(v) z`` for every column of v: (p, q, columns)."""
    p, q = x.shape[1], z.shape[1]
    if products is None or v.shape[1] == 1 or p * q * len(x) > PAIRS:
        return np.stack([(x.T * v[:, r]) @ z for r in range(v.shape[1])], axis=-1)
    key = id(x), id(z)
    if key not in products:
        products[key] = np.ascontiguousarray((x[:, :, None] * z[:, None, :]).reshape(len(x), -1).T)
    return np.asarray((products[key] @ v).reshape(p, q, -1))


class _Climb:
    """Some columns on their way: where they are, what they see there and the step they try."""

    def __init__(self, see: See, total: Array, columns: Array):
        self.see, self.columns, self.total = see, columns, total[columns]

    def from_start(self, b: Array) -> Maximum:
        """Climb until every column has come to rest."""
        self.b, self.move, self.scale = b.copy(), np.zeros_like(b), np.ones(b.shape[1])
        self.gain, self.done = np.zeros(b.shape[1]), np.full(b.shape, np.nan)
        self.value, self.edge = np.full(b.shape[1], -np.inf), np.zeros(b.shape[1], dtype=bool)
        active = np.flatnonzero(np.isfinite(self.total) & (self.total > 0))
        for _ in range(STEPS):
            if not active.size:
                break
            active = self._tried(active)
        return Maximum(self.done, self.value, self.b, self.edge)

    def _tried(self, a: Array) -> Array:
        """Try the step of each active column, and return the columns still on their way."""
        trial = self.b[:, a] + self.scale[a] * self.move[:, a]
        value, score, curve = self.see(trial, self.columns[a])
        least = self.value[a] + RISE * self.scale[a] * self.gain[a]
        slack = ROUNDING * (1 + np.abs(value))
        good = np.isfinite(value) & (value >= least - slack)
        self.scale[a[~good]] /= 2
        going = self.scale[a] >= SMALLEST_PART
        here = a[good]
        if here.size:
            self.b[:, here], self.value[here] = trial[:, good], value[good]
            going[good] = self._aimed(here, score[:, good], curve[..., good])
        return np.asarray(a[going])

    def _aimed(self, here: Array, score: Array, curve: Array) -> Array:
        """Set the next step of columns that moved, and tell which of them go on."""
        score, information = score / self.total[here], -curve / self.total[here]
        lost = ~np.isfinite(information).all(axis=(0, 1))
        information[..., lost] = 0.0
        size, axes = np.linalg.eigh(np.moveaxis(information, -1, 0))
        held = np.maximum(np.abs(size), FLAT * np.abs(size).max(axis=1, keepdims=True))
        along = np.einsum("cij,ic->cj", axes, score) / held
        move = np.einsum("cij,cj->ic", axes, along)
        length = np.abs(move).max(axis=0)
        near = length <= NEAR * (1 + np.abs(self.b[:, here]).max(axis=0))
        flat = size[:, 0] < FLAT
        found, none = near & ~flat, lost | (flat & (np.abs(score).max(axis=0) < STILL))
        self.edge[here] = none & ~lost & ~found
        self.done[:, here[found]] = (self.b[:, here] + move)[:, found]
        move = move * np.minimum(1.0, LONGEST / np.maximum(length, 1e-300))
        self.move[:, here], self.scale[here] = move, 1.0
        self.gain[here] = (score * move).sum(axis=0) * self.total[here]
        return np.asarray(~(found | none))
