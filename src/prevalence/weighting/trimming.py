"""Trimming: weights capped at constants, the excess spread over the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .steps import Adjoint, diagonal

__all__ = ["Trim"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trim:
    """Cap weights at constants and spread the excess equally over the untrimmed."""

    lower: float
    upper: float
    strict: bool
    name: str
    exact: bool = True  # or the ratio of trimmed to untrimmed weights taken as a constant
    order: ClassVar[int] = 3

    def apply(self, w: Array, *, strict: bool) -> Array:
        out = np.array(w, dtype=float)
        kept = w != 0
        failed = np.zeros(w.shape[1:], dtype=bool)
        for _ in range(1000 if self.strict else 1):
            over = kept & ((out > self.upper) | (out < self.lower))
            if not over.any():
                break
            free = kept & ~over
            failed |= over.any(axis=0) & ~free.any(axis=0)
            capped = np.where(over, np.clip(out, self.lower, self.upper), out)
            with np.errstate(all="ignore"):
                share = (out - capped).sum(axis=0) / free.sum(axis=0)
            out = np.where(free, capped + share, capped)
            kept = free
        if strict and failed.any():
            raise ValueError(
                f"trim must leave weights that take the excess: all lie outside {self.lower:g} to "
                f"{self.upper:g}. Widen the caps."
            )
        out[..., failed] = np.nan
        return out

    def adjoint(self, w: Array) -> Adjoint:
        out = self.apply(w, strict=True)
        used = w != 0
        if not self.exact:
            return diagonal(np.divide(out, w, out=np.zeros_like(out), where=used))
        if self.strict:
            trimmed = used & ((out == self.upper) | (out == self.lower))
        else:
            trimmed = used & ((w > self.upper) | (w < self.lower))
        free = (used & ~trimmed).astype(float)
        one = np.ones((1, 1))
        cell = np.zeros(w.size, dtype=np.intp)
        f = np.where(trimmed, 0.0, 1.0)
        return Adjoint(f, -trimmed.astype(float), free / max(free.sum(), 1.0), cell, one, one)

    def gap(self, w: Array) -> float:
        del w
        return float("nan")
