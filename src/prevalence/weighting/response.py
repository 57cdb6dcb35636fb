"""Steps for unknown eligibility and nonresponse: by class, by counts of refusals, by propensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvergenceError
from ..glm import expit, logistic
from .steps import Adjoint, cell_sums, diagonal

__all__ = ["ClassResponse", "Propensity", "Refusals"]

Array = NDArray[Any]


def _like(values: Array, w: Array) -> Array:
    """Shape values of the rows to multiply weights."""
    return values if w.ndim == 1 else values[:, None]


@dataclass(frozen=True, eq=False)
class ClassResponse:
    """Within classes, rows with r = 1 carry the weight of all that count: ``w r S / R``.

    Rows that do not count (the ineligible) keep their weight.
    """

    code: Array
    labels: tuple[str, ...]
    responded: Array  # 1 or 0; 0 where the row does not count
    counted: Array  # 1 or 0
    name: str
    order: int = 1
    holder: str = "nonresponse classes must hold a respondent each"

    def apply(self, w: Array, *, strict: bool) -> Array:
        count = len(self.labels)
        r, e = _like(self.responded, w), _like(self.counted, w)
        everyone = cell_sums(self.code, count, w * e)
        answered = cell_sums(self.code, count, w * r)
        empty = (answered <= 0) & (everyone > 0)
        if strict and empty.any():
            c = int(np.flatnonzero(empty.reshape(count, -1).any(axis=1))[0])
            raise ValueError(
                f"{self.holder}: {int(empty.sum())} of {count} do not (first: {self.labels[c]}). "
                "Merge classes in within=."
            )
        with np.errstate(all="ignore"):
            factor = np.where(answered > 0, everyone / answered, np.where(empty, np.nan, 1.0))
        out = np.asarray(w * (r * factor[self.code] + (1 - e)))
        if empty.any():
            out[:, empty.any(axis=0)] = np.nan
        return out

    def adjoint(self, w: Array) -> Adjoint:
        count = len(self.labels)
        s = cell_sums(self.code, count, w * self.counted)
        r = cell_sums(self.code, count, w * self.responded)
        r = np.where(r > 0, r, 1.0)
        factor = self.responded * (s / r)[self.code]
        h = (factor - self.counted) / r[self.code]
        one = np.eye(count)
        f = factor + (1 - self.counted)
        return Adjoint(f, h, w * self.responded, self.code, one, one)


@dataclass(frozen=True, eq=False)
class Refusals:
    """Rows carry refusals that have no rows: weights times a constant of the class."""

    factor: Array
    name: str
    order: ClassVar[int] = 1

    def apply(self, w: Array, *, strict: bool) -> Array:
        del strict
        return np.asarray(w * _like(self.factor, w))

    def adjoint(self, w: Array) -> Adjoint:
        del w
        return diagonal(self.factor)


@dataclass(frozen=True, eq=False)
class Propensity:
    """Nonresponse by a fitted logistic response propensity: ``w r / p(x)``.

    Rows that do not count (the ineligible) keep their weight and are not fitted.
    """

    x: Array  # (rows, q)
    responded: Array  # 1 or 0; 0 where the row does not count
    counted: Array
    name: str
    order: ClassVar[int] = 1

    def _fit(self, w: Array, *, strict: bool) -> Array:
        """Return the coefficients (q,) or (q, columns), kept for the weights fitted last."""
        held = self.__dict__.get("_fitted")
        if held is not None and held[0] is w:
            return np.asarray(held[1])
        beta = logistic(self.x, self.responded, w * _like(self.counted, w))
        if strict and np.isnan(beta).any():
            raise ConvergenceError(
                "the response propensity must have a maximum: Newton's method found none. Drop "
                "collinear predictors or merge rare categories."
            )
        if w.ndim == 1:
            self.__dict__["_fitted"] = (w, beta)
        return beta

    def apply(self, w: Array, *, strict: bool) -> Array:
        p = expit(self.x @ self._fit(w, strict=strict))
        return np.asarray(w * (_like(self.responded, w) / p + (1 - _like(self.counted, w))))

    def adjoint(self, w: Array) -> Adjoint:
        p = expit(self.x @ self._fit(w, strict=True))
        counted = w * self.counted
        information = (self.x * (counted * p * (1 - p))[:, None]).T @ self.x
        factor = self.responded / p
        k = w * factor * (1 - p)
        rows = np.arange(w.size)
        h = self.responded - p * self.counted
        return Adjoint(factor + (1 - self.counted), h, k, rows, self.x, np.linalg.inv(information))
