"""Rows of a subsample carry the rows that they were drawn from, within classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .steps import Adjoint, cell_sums

__all__ = ["Subsample"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Subsample:
    """Within classes, drawn rows carry all rows that count: ``w r N / M``, the others nothing.

    N and M are numbers of rows (counted and drawn), or with `weighted` their sums of weights. In a
    replicate a row stands for some number of copies of itself, each of which is counted.
    """

    code: Array
    labels: tuple[str, ...]
    drawn: Array  # 1 or 0; 0 where the row does not count
    counted: Array  # 1 or 0
    weighted: bool
    name: str
    order: ClassVar[int] = 1

    def apply(self, w: Array, *, strict: bool) -> Array:
        return self.apply_to_copies(w, np.ones_like(w, dtype=float), strict=strict)

    def apply_to_copies(self, w: Array, copies: Array, *, strict: bool) -> Array:
        """Expand the weights of drawn rows; `w` is that of all copies of a row together."""
        size = w if self.weighted else np.where(w != 0, copies, 0.0)
        everyone, drawn = self._sums(size, self.counted), self._sums(size, self.drawn)
        empty = (drawn <= 0) & (everyone > 0)
        if strict and empty.any():
            c = int(np.flatnonzero(empty)[0])
            raise ValueError(
                f"classes must hold a drawn row with weight each: {int(empty.sum())} of "
                f"{empty.size} do not (first: {self.labels[c]}). Merge classes."
            )
        with np.errstate(all="ignore"):
            factor = np.where(drawn > 0, everyone / drawn, np.where(empty, np.nan, 0.0))
        out, rows = np.zeros(w.shape), np.flatnonzero(self.drawn)
        out[rows] = w[rows] * factor[self.code[rows]]
        if empty.any():
            out[:, empty.any(axis=0)] = np.nan
        return out

    def adjoint(self, w: Array) -> Adjoint:
        size = w if self.weighted else (w != 0).astype(float)
        everyone, drawn = self._sums(size, self.counted), self._sums(size, self.drawn)
        drawn = np.where(drawn > 0, drawn, 1.0)
        f = self.drawn * (everyone / drawn)[self.code]
        h = (f - self.counted) / drawn[self.code]
        one = np.eye(len(self.labels))
        if self.weighted:
            return Adjoint(f, h, w * self.drawn, self.code, one, one)
        by_copy = np.divide(h, w, out=np.zeros(w.shape), where=w != 0)
        return Adjoint(f, np.zeros(w.shape), w * self.drawn, self.code, one, one, by_copy)

    def _sums(self, size: Array, among: Array) -> Array:
        """Sum the sizes of rows that are 1 in `among`, by class."""
        rows = np.flatnonzero(among)
        return cell_sums(self.code[rows], len(self.labels), size[rows])
