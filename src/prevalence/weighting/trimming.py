"""Trimming: weights capped at constants, the excess spread over the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .steps import Adjoint, diagonal

__all__ = ["Trim"]

Array = NDArray[Any]
TIE = 1e-9  # of a cap: weights equal to it but for rounding are not beyond it, on any machine


@dataclass(frozen=True, eq=False)
class Trim:
    """Cap weights at constants and spread the excess equally over the untrimmed.

    In a replicate a row stands for some number of copies of itself. The caps hold for each copy:
    a unit drawn three times has three capped rows, not one row at the cap of three. A replicate
    whose mean weight lies beyond a cap leaves none to take the excess, and all share it: its
    weights go on as they do on the way there, when all near the cap.
    """

    lower: float
    upper: float
    strict: bool
    name: str
    exact: bool = True  # or the ratio of trimmed to untrimmed weights taken as a constant
    order: ClassVar[int] = 3

    def apply(self, w: Array, *, strict: bool) -> Array:
        return self.apply_to_copies(w, np.ones_like(w, dtype=float), strict=strict)

    def apply_to_copies(self, w: Array, copies: Array, *, strict: bool) -> Array:
        """Trim the weight of each copy of a row; `w` is that of all copies together."""
        kept = w != 0
        each = np.divide(w, copies, out=np.zeros(w.shape), where=kept)
        if not (kept & self._beyond(each)).any():
            return np.array(w, dtype=float)
        out, used = each, kept
        for _ in range(1000 if self.strict else 1):
            over = kept & self._beyond(out)
            if not over.any():
                break
            free = kept & ~over
            none = over.any(axis=0) & ~free.any(axis=0)
            if strict and none.any():
                raise ValueError(
                    f"trim must leave weights that take the excess: all lie outside {self.lower:g} to "
                    f"{self.upper:g}. Widen the caps."
                )
            capped = np.where(over, np.clip(out, self.lower, self.upper), out)
            taking = np.where(none, used, free)
            with np.errstate(all="ignore"):
                share = ((out - capped) * copies).sum(axis=0) / (taking * copies).sum(axis=0)
            out = np.where(taking, capped + share, capped)
            kept = free
        return out * copies

    def _beyond(self, w: Array) -> Array:
        return (w > self.upper * (1 + TIE)) | (w < self.lower * (1 - TIE))

    def adjoint(self, w: Array) -> Adjoint:
        out = self.apply(w, strict=True)
        used = w != 0
        if not self.exact:
            return diagonal(np.divide(out, w, out=np.zeros_like(out), where=used))
        if self.strict:
            trimmed = used & ((out == self.upper) | (out == self.lower))
        else:
            trimmed = used & self._beyond(w)
        free = (used & ~trimmed).astype(float)
        one = np.ones((1, 1))
        cell = np.zeros(w.size, dtype=np.intp)
        f = np.where(trimmed, 0.0, 1.0)
        mean = free / max(free.sum(), 1.0)
        ratio = np.divide(out, w, out=np.zeros_like(out), where=used)
        # A copy of a row adds its trimmed weight, and its own excess to what the others share.
        apart = np.where(used, ratio - 1, 0.0)
        return Adjoint(f, -trimmed.astype(float), mean, cell, one, one, apart)
