"""Replicates are columns of weights: factors of the sampled units, times the base weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import Regression, RowFunction, RowSums, Weights, newton, weighted_system
from .errors import warn

__all__ = ["Replicates"]

Array = NDArray[Any]
MAX_FAILED = 0.05


@dataclass(frozen=True, eq=False)
class Replicates:
    """A set of replicate factors over units, and how their values make a variance.

    `factors` is (units, replicates), `scale` one coefficient per replicate: the variance of a
    value is the sum of ``scale * (replicate - centre)**2``. The units are those of a `level`:
    ``"psu"`` primary units, ``"unit"`` the finest sampled units, ``"row"`` rows of the base table.
    Failed replicates may be left out where they are independent draws. `df` is what the replicates
    allow at most, None where only the design limits the degrees of freedom.
    """

    factors: Array
    scale: Array
    source: str
    kind: str
    unit_names: tuple[str, ...]
    mse: bool = True
    level: str = "psu"
    independent: bool = True
    df: float | None = None
    fay: float | None = None  # of balanced repeated replication

    @property
    def coefficients(self) -> Array:
        """One coefficient per column."""
        return self.scale

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each column."""
        names = self.unit_names or range(self.scale.size)
        return tuple(f"{self.kind}:{name}" for name in names)

    @property
    def words(self) -> str:
        """What kind of replicates these are, without the name of the draw."""
        return self.kind.split(" draw")[0].removesuffix(" mse=True")

    @property
    def given(self) -> bool:
        """Whether the replicates came with the data."""
        return self.level == "row"

    def columns(self, influence: Array) -> Array:
        """Return the deviations as they are."""
        return influence

    def deviations(self, replicated: Array, value: Array) -> tuple[Array, list[str]]:
        """Return deviations (estimates, replicates) and what must be said about failures."""
        bad = ~np.isfinite(replicated) & np.isfinite(value)[:, None]
        said = self._failures(bad, np.isfinite(value)) if bad.any() else []
        with np.errstate(invalid="ignore"):
            centre = value
            if not self.mse:
                used = replicated[:, self.scale > 0]
                good = np.isfinite(used)
                centre = np.where(good, used, 0.0).sum(axis=1) / np.maximum(good.sum(axis=1), 1)
            out = replicated - centre[:, None]
        if not self.independent:
            return np.where(bad, np.nan, out), said
        failed = bad.sum(axis=1)
        rescale = np.sqrt(self.scale.size / np.maximum(self.scale.size - failed, 1))
        rescale[failed > MAX_FAILED * self.scale.size] = np.nan
        return np.where(bad, 0.0, out) * rescale[:, None], said

    def _failures(self, bad: Array, known: Array) -> list[str]:
        failed = int(bad.any(axis=0).sum())
        what = "bootstrap replicates" if "bootstrap" in self.kind else "replicates"
        if not self.independent:
            first = int(np.flatnonzero(bad.any(axis=0))[0])
            where = f"without unit {self.unit_names[first]}" if self.unit_names else f"{first + 1}"
            name = "jackknife standard error" if "jackknife" in self.kind else "standard error"
            message = (
                f"{int(bad.any(axis=1).sum())} estimates have no {name}: "
                f"{failed} replicates failed (first: {where}). Use linearisation or a bootstrap."
            )
        else:
            lost = bad.mean(axis=1) > MAX_FAILED
            if lost[known].all():
                raise ValueError(
                    f"replicates must fail in at most {MAX_FAILED:.0%} of columns: "
                    f"{failed:,} of {self.scale.size:,} did. Use linearisation, coarser domains "
                    "or fewer margins."
                )
            message = (
                f"{failed:,} of {self.scale.size:,} {what} failed and are left out; "
                "the variance is rescaled."
            )
            if lost.any():
                message = (
                    f"{int(lost.sum()):,} of {lost.size:,} estimates have no standard error: more than "
                    f"{MAX_FAILED:.0%} of {self.scale.size:,} {what} failed in each. Use "
                    "linearisation or coarser domains."
                )
        warn(message)
        return [message]


class FactoredWeights(Weights):
    """Columns kept as base weight times unit factors: sums within units come first."""

    def __init__(self, weights: Array, sums: RowSums, factors: Array):
        self.n, self.columns = sums.n, sums.n_domains * factors.shape[1]
        self.sums, self.factors = sums, factors
        self.weights = sums.take(weights)

    def totals(self, rows: list[Array], z: Any) -> Array:
        del z
        buffer = np.empty(self.weights.size)
        by_pair = np.empty((len(rows), self.sums.size))
        for k, row in enumerate(rows):
            taken = np.multiply(self.sums.take(row), self.weights, out=buffer)
            by_pair[k] = self.sums.by_pair(taken)
        if self.sums.n_domains == 1 and self.sums.size == self.factors.shape[0]:
            return np.asarray(by_pair @ self.factors)
        out = np.zeros((len(rows), self.sums.n_domains, self.factors.shape[1]))
        for d in range(self.sums.n_domains):
            pairs = slice(self.sums.first[d], self.sums.first[d + 1])
            out[:, d] = by_pair[:, pairs] @ self.factors[self.sums.pair_unit[pairs]]
        return out.reshape(-1, self.columns)

    def root(self, score: RowFunction, jacobian: RowFunction, start: Array) -> Array:
        factors = self.factors[self.sums.unit_of_row]
        return _roots(self, self.weights, factors, self.sums, (score, jacobian, start))

    def regression(self, model: Regression) -> Array:
        return model.refit(self.weights[:, None] * self.factors[self.sums.unit_of_row])


class DenseWeights(Weights):
    """One weight per row and replicate: `weights` of the rows times `columns`, never multiplied out.

    Columns after re-calibration are made in blocks, given ones are one table made once.
    """

    def __init__(self, columns: Array, sums: RowSums, weights: Array | None = None):
        self.n, self.columns = sums.n, sums.n_domains * columns.shape[1]
        self.sums, self.dense = sums, columns
        self.weights = np.ones(sums.n) if weights is None else weights

    def totals(self, rows: list[Array], z: Any) -> Array:
        del z
        if self.sums.n_domains == 1 and self._most():
            return self._whole(rows)
        inside = np.arange(self.n) if self.sums.rows is None else self.sums.rows
        domain = self.sums.domain_of_row
        out = np.zeros((len(rows), self.sums.n_domains, self.dense.shape[1]))
        for d in range(self.sums.n_domains):
            here = inside if domain is None else inside[domain == d]
            flat = np.stack([row[here] * self.weights[here] for row in rows])
            out[:, d] = flat @ self.dense[here]
        return out.reshape(-1, self.columns)

    def _most(self) -> bool:
        rows = self.sums.rows
        return rows is None or 2 * rows.size > self.n

    def _whole(self, rows: list[Array]) -> Array:
        """Multiply all rows, those that take no part as zeros, without a copy of the columns."""
        flat = np.empty((len(rows), self.n))
        for k, row in enumerate(rows):
            np.multiply(row, self.weights, out=flat[k])
        if self.sums.rows is not None:
            out = np.ones(self.n, dtype=bool)
            out[self.sums.rows] = False
            flat[:, out] = 0.0
        return np.asarray(flat @ self.dense)

    def root(self, score: RowFunction, jacobian: RowFunction, start: Array) -> Array:
        columns = self.sums.take(self.dense.T).T
        weights = self.sums.take(self.weights)
        return _roots(self, weights, columns, self.sums, (score, jacobian, start))

    def regression(self, model: Regression) -> Array:
        return model.refit(self.sums.take(self.weights)[:, None] * self.sums.take(self.dense.T).T)


def simulation_error(columns: Array, coefficients: Array) -> tuple[Array, Array]:
    """Return variance and its standard error over bootstrap draws, of (estimates, replicates)."""
    parts = coefficients * columns**2
    return parts.sum(axis=1), np.sqrt(parts.shape[1] * parts.var(axis=1, ddof=1))


def rank(factors: Array, rows: Array) -> int:
    """Return the rank of some rows of a table with few columns, as R's survey judges it (1e-5)."""
    if not rows.size:
        return 0
    mark = np.random.default_rng(0).normal(size=factors.shape[1])
    seen = np.concatenate([factors[part] @ mark for part in _chunks(rows)])
    distinct = rows[np.unique(np.round(seen, 10), return_index=True)[1]]
    gram = np.zeros((factors.shape[1], factors.shape[1]))
    for part in _chunks(distinct):
        table = factors[part]
        gram += table.T @ table
    size = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    found = np.linalg.eigvalsh(gram / np.outer(size, size))
    return int((found > 1e-10 * max(found[-1], 1e-300)).sum())


def _chunks(rows: Array) -> list[Array]:
    return np.array_split(rows, max(1, rows.size // 8192))


def _roots(
    w: Weights,
    weights: Array,
    factors: Array,
    sums: RowSums,
    equation: tuple[RowFunction, RowFunction, Array],
) -> Array:
    """Solve an estimating equation in every (domain, replicate) column."""
    score, jacobian, start = equation
    out = np.full((start.size, sums.n_domains, factors.shape[1]), np.nan)
    for d in range(sums.n_domains):
        inside = weights if sums.domain_of_row is None else weights * (sums.domain_of_row == d)
        for r in range(factors.shape[1]):
            column = inside * factors[:, r]
            if np.isfinite(column).all():
                out[:, d, r] = newton(*weighted_system(score, jacobian, column, sums.rows), start)
    return out.reshape(start.size, w.columns)


def blocks(columns: int, rows: int, budget: int = 4_000_000) -> list[slice]:
    """Split replicate columns so that a dense block stays within a number of entries."""
    step = max(1, min(columns, budget // max(rows, 1)))
    return [slice(i, min(i + step, columns)) for i in range(0, columns, step)]
