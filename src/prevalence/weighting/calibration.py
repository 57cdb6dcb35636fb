"""Calibration to totals, of which poststratification and raking are special cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvergenceError
from .distances import Distance
from .steps import Adjoint, cell_sums

__all__ = ["Calibration"]

Array = NDArray[Any]
REACHED = 1e-10  # relative gap of a margin that counts as met
ROUNDING = 1e-14
SWEEPS, NEWTON = 200, 100
R_SWEEPS = 10  # of R's survey, in its variance of raking


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibration to totals, ``w F(x'l)``, x by cell; rows outside are a cell of zeros."""

    cell: Array
    matrix: Array  # (cells, q)
    targets: Array
    names: tuple[str, ...]
    margins: tuple[tuple[Array, int], ...]  # codes of the cells and levels; () where x is numeric
    distance: Distance
    name: str
    residuals: str = "exact"
    estimated: tuple[tuple[int, Any], ...] = ()  # targets that are estimates, by position
    tolerant: bool = False  # weights that miss their targets are kept
    order: ClassVar[int] = 2

    def apply(self, w: Array, *, strict: bool) -> Array:
        columns = w.reshape(w.shape[0], -1)
        lam, failed = self._solve(cell_sums(self.cell, self.matrix.shape[0], columns), strict)
        if w.ndim == 1:
            self.__dict__["_solved"] = (w, lam)  # for the adjoint at the same weights
        with np.errstate(all="ignore"):  # of a column that has failed
            g, _ = self.distance.f(self.matrix @ lam)
        out = g[self.cell] if w.ndim > 1 else g[:, 0][self.cell]
        out *= w
        if failed.any() and not self.tolerant:
            out[..., failed] = np.nan
        return np.asarray(out)

    def _solve(self, table: Array, strict: bool) -> tuple[Array, Array]:
        """Return the multipliers of every column of cell sums, and which columns have none."""
        lam = np.zeros((self.targets.size, table.shape[1]))
        if self.margins and self.distance.name == "raking" and not self.distance.bounded:
            lam = self._sweep(table, lam)
        with np.errstate(all="ignore"):  # a trial beyond floats is no improvement
            lam, failed, iterations = self._newton(table, lam)
        if strict and failed.any() and not self.tolerant:
            self._unreachable(table[:, 0], lam[:, 0], iterations)
        return lam, failed

    def _sweep(self, table: Array, lam: Array) -> Array:
        """Proportional fitting on the table of cells, a good start for Newton's method."""
        t, before = table.copy(), np.inf
        for sweep in range(SWEEPS):
            worst, q = 0.0, 0
            for code, levels in self.margins:
                target = self.targets[q : q + levels, None]
                now = cell_sums(code, levels + 1, t)
                ratio = np.ones_like(now)
                np.divide(target, now[:levels], out=ratio[:levels], where=now[:levels] > 0)
                worst = max(worst, float(np.nanmax(np.abs(ratio - 1), initial=0.0)))
                lam[q : q + levels] += np.log(np.maximum(ratio[:levels], 1e-300))
                t *= ratio[code]
                q += levels
            if worst < 1e-9 or (sweep > 5 and worst > 0.3 * before):
                break
            before = worst
        return lam

    def _newton(self, table: Array, lam: Array) -> tuple[Array, Array, int]:
        """Newton's method with halving: a step must lessen the gap, or go up the concave dual."""
        size = np.maximum(np.abs(self.targets), 1e-300 + np.abs(self.targets).max() * 1e-9)
        gap, slope = self._residual(table, lam)
        error = np.abs(gap / size[:, None]).max(axis=0)
        live = np.flatnonzero(np.isfinite(error) & (error > ROUNDING))
        done = 0
        while live.size and done < NEWTON:
            done += 1
            flat = np.maximum(slope[:, live], 1e-4) if self.distance.cut else slope[:, live]
            step = self._step(table[:, live] * flat, gap[:, live])
            rise = (gap[:, live] * step).sum(axis=0)
            scale = np.ones(live.size)
            for _ in range(30):
                trial = lam[:, live] + scale * step
                moved, bent = self._residual(table[:, live], trial)
                reached = np.abs(moved / size[:, None]).max(axis=0)
                still = (moved * step).sum(axis=0)
                up = (still >= 0) & (still < 0.999 * rise) & (error[live] > 1e-11)
                better = (reached < error[live]) | up
                if better.all():
                    break
                scale = np.where(better, scale, scale / 2)
            live = live[better]  # a column that no step improves is solved or has no solution
            lam[:, live], gap[:, live], slope[:, live] = (
                v[:, better] for v in (trial, moved, bent)
            )
            error[live] = reached[better]
            live = live[error[live] > ROUNDING]
        return lam, ~(error < REACHED), done

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

    def _unreachable(self, table: Array, lam: Array, iterations: int) -> None:
        gap, _ = self._residual(table[:, None], lam[:, None])
        relative = np.abs(gap[:, 0]) / np.maximum(np.abs(self.targets), 1e-300)
        q = int(np.nanargmax(relative))
        short = gap[q, 0]
        raise ConvergenceError(
            f"{self.name} must reach its targets: the worst is {self.names[q]}, "
            f"{self.targets[q] - short:,.6g} reached of {self.targets[q]:,.6g} "
            f"({abs(short):,.3g} too {'few' if short > 0 else 'many'}, {relative[q]:.2g} of it) "
            f"after {iterations} iterations."
            f"{self._binding(lam)} Merge its categories, check the totals, or widen bounds=."
        )

    def _binding(self, lam: Array) -> str:
        """Say how many rows lie at the bounds."""
        if not self.distance.bounded:
            return ""
        g = self.distance.f(self.matrix @ lam)[0][self.cell]
        low, up = self.distance.lower, self.distance.upper
        at = [int((g <= low + 1e-6 * (1 - low)).sum()), int((g >= up - 1e-6 * (up - 1)).sum())]
        return (
            f" The bounds bind: {at[0]:,} of {g.size:,} ratios of weights are at {low:g} and "
            f"{at[1]:,} at {up:g}."
        )

    def adjoint(self, w: Array) -> Adjoint:
        table = cell_sums(self.cell, self.matrix.shape[0], w)
        held = self.__dict__.get("_solved")
        if held is not None and held[0] is w:
            lam = held[1]
        else:
            lam, _ = self._solve(table[:, None], strict=True)
        g, slope = self.distance.f(self.matrix @ lam[:, 0])
        f = g[self.cell]
        if self.residuals == "sweep":
            return self._swept(w, f)
        slope = slope if self.residuals == "exact" else np.ones_like(slope)
        return Adjoint(
            f, f, w * slope[self.cell], self.cell, self.matrix, self._pinv(table * slope)
        )

    def _swept(self, w: Array, f: Array) -> Adjoint:
        """Unweighted residuals by margins in turn, ten times, as linear maps of sums by category."""
        used = (w != 0).astype(float)
        counts = cell_sums(self.cell, self.matrix.shape[0], used)
        gram = (self.matrix * counts[:, None]).T @ self.matrix
        size, q = self.targets.size, 0
        taken = np.zeros((size, size))
        for _ in range(R_SWEEPS):
            q = 0
            for _, levels in self.margins:
                at = slice(q, q + levels)
                left = np.eye(size)[at] - gram[at] @ taken
                taken[at] += left / np.maximum(np.diag(gram)[at], 1.0)[:, None]
                q += levels
        return Adjoint(f, f, used, self.cell, self.matrix, taken)

    def gap(self, w: Array) -> float:
        """Return the largest relative difference between a reached margin and its target."""
        reached = self.matrix.T @ cell_sums(self.cell, self.matrix.shape[0], w)
        scale = np.maximum(np.abs(self.targets), 1e-300)
        return float(np.max(np.abs(reached - self.targets) / scale))
