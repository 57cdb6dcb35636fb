"""Replicates are columns of weights: factors of the sampled units, times the base weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .design import Design
from .engine import Regression, RowFunction, RowSums, Weights, newton, weighted_system
from .errors import warn

__all__ = ["Replicates", "bootstrap", "jackknife"]

Array = NDArray[Any]
MAX_FAILED = 0.05
MAX_JACKKNIFE = 10_000  # replicate factors are a table of units by units


@dataclass(frozen=True, eq=False)
class Replicates:
    """A set of replicate factors over units, and how their values make a variance.

    `factors` is (units, replicates), `scale` one coefficient per replicate: the variance of a
    value is the sum of ``scale * (replicate - centre)**2``.
    """

    factors: Array
    scale: Array
    source: str
    kind: str
    unit_names: tuple[str, ...]
    mse: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What two blocks must share to add their columns as they stand."""
        return self.source, self.kind

    @property
    def coefficients(self) -> Array:
        """One coefficient per column."""
        return self.scale

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each column."""
        names = self.unit_names or range(self.scale.size)
        return tuple(f"{self.kind}:{name}" for name in names)

    def columns(self, influence: Array) -> Array:
        """Return the deviations as they are."""
        return influence

    def deviations(self, replicated: Array, value: Array) -> tuple[Array, list[str]]:
        """Return deviations (estimates, replicates) and what must be said about failures."""
        bad = ~np.isfinite(replicated) & np.isfinite(value)[:, None]
        said = self._failures(bad) if bad.any() else []
        with np.errstate(invalid="ignore"):
            centre = value if self.mse else np.nanmean(replicated, axis=1)
            out = replicated - centre[:, None]
        if self.kind.startswith("jackknife"):
            return out, said
        failed = bad.sum(axis=1)
        rescale = np.sqrt(self.scale.size / np.maximum(self.scale.size - failed, 1))
        return np.where(bad, 0.0, out) * rescale[:, None], said

    def _failures(self, bad: Array) -> list[str]:
        failed = int(bad.any(axis=0).sum())
        if self.kind.startswith("jackknife"):
            first = int(np.flatnonzero(bad.any(axis=0))[0])
            message = (
                f"{int(bad.any(axis=1).sum())} estimates have no jackknife standard error: "
                f"{failed} replicates failed (first: without unit {self.unit_names[first]}). "
                "Use linearisation or a bootstrap."
            )
        else:
            share = float(bad.mean(axis=1).max())
            if share > MAX_FAILED:
                raise ValueError(
                    f"replicates must fail in at most {MAX_FAILED:.0%} of columns: "
                    f"{failed:,} of {self.scale.size:,} did. Use linearisation, coarser domains "
                    "or fewer margins."
                )
            message = (
                f"{failed:,} of {self.scale.size:,} bootstrap replicates failed and are left out; "
                "the variance is rescaled."
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
        by_pair = np.stack([self.sums.by_pair(self.sums.take(row) * self.weights) for row in rows])
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
    """Columns after re-calibration: one weight per row and replicate, made in blocks."""

    def __init__(self, columns: Array, sums: RowSums):
        self.n, self.columns = sums.n, sums.n_domains * columns.shape[1]
        self.sums = sums
        self.dense = columns if sums.rows is None else columns[sums.rows]

    def totals(self, rows: list[Array], z: Any) -> Array:
        del z
        flat = np.stack([self.sums.take(row) for row in rows]).astype(float, copy=False)
        domain = self.sums.domain_of_row
        out = np.zeros((flat.shape[0], self.sums.n_domains, self.dense.shape[1]))
        if domain is None:
            out[:, 0] = flat @ self.dense
        else:
            for d in range(self.sums.n_domains):
                inside = np.flatnonzero(domain == d)
                out[:, d] = flat[:, inside] @ self.dense[inside]
        return out.reshape(-1, self.columns)

    def root(self, score: RowFunction, jacobian: RowFunction, start: Array) -> Array:
        one = np.ones(self.dense.shape[0])
        return _roots(self, one, self.dense, self.sums, (score, jacobian, start))

    def regression(self, model: Regression) -> Array:
        return model.refit(self.dense)


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


def jackknife(design: Design, *, mse: bool = True) -> Replicates:
    """Delete one primary unit at a time (JK1 without strata, JKn with), fpc in the scale."""
    stratum, first = design.stratum_of_psu, design.stages[0]
    n = first.n[stratum]
    _check_replicable(design, "a jackknife")
    if n.size > MAX_JACKKNIFE:
        raise ValueError(
            f"a jackknife must have at most {MAX_JACKKNIFE:,} units: found {n.size:,}. Use "
            "linearisation or a bootstrap."
        )
    used = np.flatnonzero((first.fraction[stratum] < 1) & (n > 1))
    same = stratum[:, None] == stratum[None, used]
    boost = (n / np.maximum(n - 1, 1))[used]
    factors = np.where(same, boost, 1.0)
    factors[used, np.arange(used.size)] = 0.0
    scale = ((n - 1) / n * (1 - first.fraction[stratum]))[used]
    names = tuple(design.psu_labels[j] for j in used)
    return Replicates(factors, scale, design.source, f"jackknife mse={mse}", names, mse)


def bootstrap(
    design: Design, replicates: int, rng: np.random.Generator, *, mse: bool = True
) -> Replicates:
    """Rao-Wu rescaled bootstrap: n - 1 primary units drawn with replacement in each stratum.

    With a sampling fraction f the factors are drawn towards one by sqrt(1 - f).
    """
    if not isinstance(replicates, (int, np.integer)) or replicates < 2:
        raise ValueError(
            f"replicates must be a whole number of at least 2: found {replicates!r}. "
            "Pass for example replicates=1000."
        )
    _check_replicable(design, "a bootstrap")
    first = design.stages[0]
    labels = np.array(design.psu_labels, dtype=object)
    ranked = np.argsort(labels, kind="stable")  # the same draws in whatever order the rows come
    names = pd.util.hash_array(labels, categorize=False).sum(dtype=np.uint64)
    token = f"{int(rng.integers(2**63)) ^ int(names):016x}"
    factors = np.ones((first.parent.size, replicates))
    for h in dict.fromkeys(first.parent[ranked].tolist()):
        units, n = ranked[first.parent[ranked] == h], int(first.n[h])
        if n < 2:
            continue
        draws = rng.integers(0, n, size=(n - 1, replicates))
        key = draws + n * np.arange(replicates)
        count = np.bincount(key.ravel(), minlength=n * replicates).reshape(replicates, n).T
        shrink = np.sqrt(1 - first.fraction[h])
        factors[units] = 1 - shrink + shrink * n / (n - 1) * count
    scale = np.full(replicates, 1 / replicates)
    kind = f"bootstrap R={replicates} draw={token} mse={mse}"
    return Replicates(factors, scale, design.source, kind, (), mse)


def _check_replicable(design: Design, what: str) -> None:
    """Refuse strata of one unit that contribute to the variance; name stages that do not."""
    if design.no_replicates:
        raise ValueError(design.no_replicates)
    first = design.stages[0]
    alone = first.lonely
    plain = (1 - first.fraction) * first.n / np.maximum(first.n - 1, 1)
    if alone.any() and (first.centre_all or (first.coefficient > plain)[~alone].any()):
        raise ValueError(
            f"{what} must have two units or more in every stratum: {int(alone.sum())} have one. "
            "Collapse strata, pass single_psu='certainty', or use linearisation."
        )
    if len(design.stages) > 1:
        warn(
            f"{what} resamples the first stage alone: the variance of the stages with a sampling "
            "fraction inside it is left out. Linearisation has it."
        )


def blocks(columns: int, rows: int, budget: int = 20_000_000) -> list[slice]:
    """Split replicate columns so that a dense block stays within a number of entries."""
    step = max(1, min(columns, budget // max(rows, 1)))
    return [slice(i, min(i + step, columns)) for i in range(0, columns, step)]
