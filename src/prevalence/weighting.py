"""Weighting steps: each is a function from weights to weights, and its adjoint.

The adjoint carries influence values ``a = d theta / d w`` from the output of a step to its input.
Every adjoint has the form ``a_in = f a_out - h X C`` with ``C = inverse X' (k a_out)``: a diagonal,
and the few columns X of the step, kept as cells and a small matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import ConvergenceError

__all__ = [
    "Adjoint",
    "Attach",
    "Calibration",
    "ClassResponse",
    "Propensity",
    "Step",
    "Trim",
    "carry",
]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Adjoint:
    """``a_in = f a_out - h X inverse X' (k a_out)`` with ``X = matrix[cell]``; `out`: new weights."""

    out: Array
    f: Array
    h: Array
    k: Array
    cell: Array
    matrix: Array
    inverse: Array


class Step(Protocol):
    """A weighting step: weights (rows, columns) in, weights out; a failed column is nan."""

    @property
    def name(self) -> str: ...

    @property
    def order(self) -> int: ...

    def apply(self, w: Array, /, *, strict: bool) -> Array: ...

    def adjoint(self, w: Array, /) -> Adjoint: ...

    def gap(self, w: Array, /) -> float: ...


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
class ClassResponse:
    """Nonresponse within classes: respondents carry the weight of all, ``w r S / R``."""

    code: Array
    labels: tuple[str, ...]
    responded: Array
    name: str
    order: ClassVar[int] = 1

    def apply(self, w: Array, *, strict: bool) -> Array:
        everyone = cell_sums(self.code, len(self.labels), w)
        answered = cell_sums(self.code, len(self.labels), w * self._r(w))
        empty = (answered <= 0) & (everyone > 0)
        if strict and empty.any():
            c = int(np.flatnonzero(empty.reshape(len(self.labels), -1).any(axis=1))[0])
            raise ValueError(
                f"nonresponse classes must hold a respondent each: {int(empty.sum())} of "
                f"{len(self.labels)} do not (first: {self.labels[c]}). Merge classes in within=."
            )
        with np.errstate(all="ignore"):
            factor = np.where(answered > 0, everyone / answered, np.where(empty, np.nan, 1.0))
        out = np.asarray(w * self._r(w) * factor[self.code])
        if empty.any():
            out[:, empty.any(axis=0)] = np.nan
        return out

    def _r(self, w: Array) -> Array:
        return self.responded if w.ndim == 1 else self.responded[:, None]

    def adjoint(self, w: Array) -> Adjoint:
        self.apply(w, strict=True)
        count = len(self.labels)
        s = np.bincount(self.code, weights=w, minlength=count)
        r = np.bincount(self.code, weights=w * self.responded, minlength=count)
        r = np.where(r > 0, r, 1.0)
        factor = self.responded * (s / r)[self.code]
        h = -(1 / r)[self.code] + factor / r[self.code]
        one = np.eye(count)
        return Adjoint(w * factor, factor, h, w * self.responded, self.code, one, one)

    def gap(self, w: Array) -> float:
        del w
        return float("nan")


@dataclass(frozen=True, eq=False)
class Propensity:
    """Nonresponse by a fitted logistic response propensity: ``w r / p(x)``."""

    x: Array  # (rows, q)
    responded: Array
    name: str
    order: ClassVar[int] = 1

    def _fit(self, w: Array) -> Array:
        from .glm import logistic

        return logistic(self.x, self.responded, w)

    def _no_maximum(self) -> None:
        raise ConvergenceError(
            "the response propensity must have a maximum: Newton's method found none. Drop collinear "
            "predictors or merge rare categories."
        )

    def apply(self, w: Array, *, strict: bool) -> Array:
        columns = w.reshape(w.shape[0], -1)
        out = np.empty_like(columns, dtype=float)
        for c, one in enumerate(columns.T):
            beta = self._fit(one)
            if strict and np.isnan(beta).any():
                self._no_maximum()
            p = 1 / (1 + np.exp(-self.x @ beta))
            out[:, c] = one * self.responded / p
        return out.reshape(w.shape)

    def adjoint(self, w: Array) -> Adjoint:
        beta = self._fit(w)
        if np.isnan(beta).any():
            self._no_maximum()
        p = 1 / (1 + np.exp(-self.x @ beta))
        information = (self.x * (w * p * (1 - p))[:, None]).T @ self.x
        factor = self.responded / p
        k = w * factor * (1 - p)
        rows = np.arange(w.size)
        inverse = np.linalg.inv(information)
        return Adjoint(w * factor, factor, self.responded - p, k, rows, self.x, inverse)

    def gap(self, w: Array) -> float:
        del w
        return float("nan")


@dataclass(frozen=True, eq=False)
class Distance:
    """A calibration function F with F(0) = F'(0) = 1, and its derivative."""

    name: str
    lower: float = -np.inf
    upper: float = np.inf

    def f(self, u: Array) -> tuple[Array, Array]:
        if self.name == "linear":
            return 1 + u, np.ones_like(u)
        if self.name == "raking":
            g = np.exp(np.minimum(u, 50.0))
            return g, g
        low, up = self.lower, self.upper
        e = np.exp(np.clip((up - low) / ((1 - low) * (up - 1)) * u, -500, 500))
        bottom = (up - 1) + (1 - low) * e
        slope = (up - low) ** 2 * e / bottom**2
        return (low * (up - 1) + up * (1 - low) * e) / bottom, slope


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibration to totals, ``w F(x'l)``: poststratification and raking are special cases."""

    cell: Array
    matrix: Array  # (cells, q)
    targets: Array
    names: tuple[str, ...]
    margins: tuple[Array, ...]  # raking margins as codes of the cells; () where x is numeric
    distance: Distance
    name: str
    exact: bool = True
    estimated: tuple[tuple[int, Any], ...] = ()  # targets that are estimates, by position
    order: ClassVar[int] = 2

    def apply(self, w: Array, *, strict: bool) -> Array:
        columns = w.reshape(w.shape[0], -1)
        lam, failed = self._solve(cell_sums(self.cell, self.matrix.shape[0], columns), strict)
        g, _ = self.distance.f(self.matrix @ lam)
        out = np.asarray(columns * g[self.cell])
        out[:, failed] = np.nan
        return out.reshape(w.shape)

    def _solve(self, table: Array, strict: bool) -> tuple[Array, Array]:
        """Return the multipliers of every column of cell sums, and which columns have none."""
        lam = np.zeros((self.targets.size, table.shape[1]))
        if self.margins and self.distance.name == "raking":
            lam = self._sweep(table, lam)
        lam, failed = self._newton(table, lam)
        if strict and failed.any():
            self._unreachable(table[:, 0], lam[:, 0])
        return lam, failed

    def _sweep(self, table: Array, lam: Array) -> Array:
        """Proportional fitting on the table of cells, a good start for Newton's method."""
        t = table.copy()
        for _ in range(200):
            worst, q = 0.0, 0
            for code in self.margins:
                levels = int(code.max()) + 1
                target = self.targets[q : q + levels, None]
                now = cell_sums(code, levels, t)
                with np.errstate(all="ignore"):
                    ratio = np.where(now > 0, target / now, 1.0)
                    worst = max(worst, float(np.nanmax(np.abs(ratio - 1))))
                    lam[q : q + levels] += np.log(np.maximum(ratio, 1e-300))
                t *= ratio[code]
                q += levels
            if worst < 1e-9:
                break
        return lam

    def _newton(self, table: Array, lam: Array) -> tuple[Array, Array]:
        size = np.maximum(np.abs(self.targets), 1e-300 + np.abs(self.targets).max() * 1e-9)
        gap, slope = self._residual(table, lam)
        error = np.abs(gap / size[:, None]).max(axis=0)
        live = np.flatnonzero(np.isfinite(error) & (error > 1e-14))
        for _ in range(60):
            if not live.size:
                break
            step = self._step(table[:, live] * slope[:, live], gap[:, live])
            scale = np.ones(live.size)
            for _ in range(30):
                trial = lam[:, live] + scale * step
                moved, bent = self._residual(table[:, live], trial)
                reached = np.abs(moved / size[:, None]).max(axis=0)
                better = reached < error[live]
                if better.all():
                    break
                scale = np.where(better, scale, scale / 2)
            live = live[better]  # a column that no step improves is solved or has no solution
            lam[:, live], gap[:, live], slope[:, live] = (
                v[:, better] for v in (trial, moved, bent)
            )
            error[live] = reached[better]
            live = live[error[live] > 1e-14]
        return lam, ~(error < 1e-10)

    def _residual(self, table: Array, lam: Array) -> tuple[Array, Array]:
        with np.errstate(all="ignore"):
            g, slope = self.distance.f(self.matrix @ lam)
            return self.targets[:, None] - self.matrix.T @ (table * g), slope

    def _step(self, weight: Array, gap: Array) -> Array:
        out = np.empty_like(gap)
        for c in range(gap.shape[1]):
            out[:, c] = self._pinv(weight[:, c]) @ gap[:, c]
        return out

    def _pinv(self, weight: Array) -> Array:
        gram = (self.matrix * weight[:, None]).T @ self.matrix
        size = np.sqrt(np.maximum(np.abs(np.diag(gram)), 1e-300))
        inverse = np.linalg.pinv(gram / np.outer(size, size), rcond=1e-11, hermitian=True)
        return np.asarray(inverse / np.outer(size, size))

    def _unreachable(self, table: Array, lam: Array) -> None:
        gap, _ = self._residual(table[:, None], lam[:, None])
        relative = np.abs(gap[:, 0]) / np.maximum(np.abs(self.targets), 1e-300)
        q = int(np.nanargmax(relative))
        raise ConvergenceError(
            f"{self.name} must reach its targets: the worst is {self.names[q]}, "
            f"{self.targets[q] - gap[q, 0]:,.6g} reached of {self.targets[q]:,.6g}. "
            "Merge its categories, check the totals, or widen bounds=."
        )

    def adjoint(self, w: Array) -> Adjoint:
        table = cell_sums(self.cell, self.matrix.shape[0], w)
        lam, _ = self._solve(table[:, None], strict=True)
        g, slope = self.distance.f(self.matrix @ lam[:, 0])
        slope = slope if self.exact else np.ones_like(slope)
        f, inverse = g[self.cell], self._pinv(table * slope)
        return Adjoint(w * f, f, f, w * slope[self.cell], self.cell, self.matrix, inverse)

    def gap(self, w: Array) -> float:
        """Return the largest relative difference between a reached margin and its target."""
        reached = self.matrix.T @ cell_sums(self.cell, self.matrix.shape[0], w)
        scale = np.maximum(np.abs(self.targets), 1e-300)
        return float(np.max(np.abs(reached - self.targets) / scale))


@dataclass(frozen=True, eq=False)
class Trim:
    """Cap weights at constants and spread the excess equally over the untrimmed."""

    lower: float
    upper: float
    strict: bool
    name: str
    order: ClassVar[int] = 3

    def _trimmed(self, w: Array) -> Array:
        return np.asarray((w > self.upper) | ((w < self.lower) & (w != 0)))

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
        if self.strict:
            trimmed = used & ((out == self.upper) | (out == self.lower))
        else:
            trimmed = self._trimmed(w)
        free = (used & ~trimmed).astype(float)
        count = max(free.sum(), 1.0)
        one = np.ones((1, 1))
        cell = np.zeros(w.size, dtype=np.intp)
        return Adjoint(
            out, np.where(trimmed, 0.0, 1.0), -trimmed.astype(float), free / count, cell, one, one
        )

    def gap(self, w: Array) -> float:
        del w
        return float("nan")


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


def carry(steps: tuple[Step | Attach, ...], w: Array, *, strict: bool) -> Array:
    """Apply the steps in order to weights (rows, columns)."""
    for step in steps:
        w = step.apply(w, strict=strict)
    return w
