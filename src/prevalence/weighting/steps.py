"""What a weighting step is, the form of its adjoint, and rows that belong to other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Adjoint", "Attach", "Step", "carry", "cell_sums"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Adjoint:
    """``a_in = f a_out - h X inverse X' (k a_out)`` with ``X = matrix[cell]``.

    This is the derivative by the weight of a row. Another copy of a row is as much as its weight
    again in every step but trimming, whose caps hold for each copy: such a step has an `h_copy`
    for the derivative by the number of copies, whose f is the ratio of the weights out and in.
    """

    f: Array
    h: Array
    k: Array
    cell: Array
    matrix: Array
    inverse: Array
    h_copy: Array | None = None


def diagonal(f: Array) -> Adjoint:
    """Return the adjoint of weights times constants, which has no columns."""
    return Adjoint(f, f, f, f, np.zeros((1, 0)), np.zeros((0, 0)))


class Step(Protocol):
    """A weighting step: weights (rows, columns) in, weights out; a failed column is nan."""

    @property
    def name(self) -> str: ...

    @property
    def order(self) -> int: ...

    def apply(self, w: Array, /, *, strict: bool) -> Array: ...

    def adjoint(self, w: Array, /) -> Adjoint: ...


def cell_sums(cell: Array, n_cells: int, w: Array) -> Array:
    """Sum rows (n, columns) by cell."""
    if w.ndim == 1:
        return np.bincount(cell, weights=w, minlength=n_cells)
    if w.shape[1] <= 4:
        return np.stack([np.bincount(cell, weights=c, minlength=n_cells) for c in w.T], axis=1)
    from scipy.sparse import csr_array

    one = np.ones(cell.size)
    return np.asarray(csr_array((one, (cell, np.arange(cell.size))), (n_cells, cell.size)) @ w)


@dataclass(frozen=True, eq=False)
class Attach:
    """Rows of another table that belong to rows of this one: ``w[rows] * factor``."""

    rows: Array
    factor: Array
    name: str
    order: ClassVar[int] = 0

    def apply(self, w: Array, *, strict: bool) -> Array:
        del strict
        factor = self.factor if w.ndim == 1 else self.factor[:, None]
        return np.asarray(w[self.rows] * factor)


def carry(steps: tuple[Step | Attach, ...], base: Array, factors: Array, *, strict: bool) -> Array:
    """Apply the steps in order to replicates: weights (rows,) times factors (rows, columns).

    A factor stands for so many copies of a row, and what a step does to each copy it is told.
    """
    w = base[:, None] * factors
    for step in steps:
        if isinstance(step, Attach):
            factors = factors[step.rows]
        copies = getattr(step, "apply_to_copies", None)
        w = step.apply(w, strict=strict) if copies is None else copies(w, factors, strict=strict)
    return w
