"""From an estimator to its value and influence: the recipe's adjoints in reverse order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import Recorder, RowSums, Theta, differentiate
from .weighting import Attach, Step, cell_sums

__all__ = ["Chain", "Influence", "linearise"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Influence:
    """Influence of units on estimates (estimates, units): a matrix plus a low-rank part.

    `direct` is dense or a SciPy sparse array; the low-rank part is ``weight @ shared``, with
    `shared` the unit sums of the columns of the weighting steps.
    """

    direct: Any
    weight: Array
    shared: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Number of estimates and of units."""
        return int(self.direct.shape[0]), int(self.direct.shape[1])

    def dense(self, rows: slice | Array = slice(None)) -> Array:
        """Return some rows as a dense array."""
        part = self.direct[rows]
        out = part.toarray() if hasattr(part, "toarray") else np.array(part)
        return out + self.weight[rows] @ self.shared if self.shared.size else out

    def combine(self, matrix: Any) -> Influence:
        """Return linear combinations ``matrix @ influence``."""
        return Influence(matrix @ self.direct, np.asarray(matrix @ self.weight), self.shared)

    def __add__(self, other: Influence) -> Influence:
        direct = self.direct + other.direct
        if self.shared is other.shared:
            return Influence(direct, self.weight + other.weight, self.shared)
        return Influence(
            direct,
            np.concatenate([self.weight, other.weight], axis=1),
            np.concatenate([self.shared, other.shared], axis=0),
        )


def plain(direct: Array) -> Influence:
    """Wrap a dense matrix."""
    p, g = direct.shape
    return Influence(direct, np.zeros((p, 0)), np.zeros((0, g)))


@dataclass(eq=False)
class Term:
    """The columns of one calibration-like step, as the final rows and the units see them."""

    cell: Array  # of the final rows
    matrix: Array
    multiplier: Array  # k of the step times everything that follows it, on the final rows
    inverse: Array
    unit_sums: Array  # (q, units)
    estimated: tuple[tuple[int, Any], ...]  # targets that are estimates
    later: list[Array]  # one (q, q of the later term) for every later term


class Chain:
    """A recipe seen from the units: final weights, multipliers and the steps' columns."""

    def __init__(self, base: Array, unit: Array, n_units: int, steps: tuple[Step | Attach, ...]):
        self.n_units = n_units
        self.weights, self.influence, self.unit = base, base, unit
        self.terms: list[Term] = []
        multiplicative = True
        for step in steps:
            if isinstance(step, Attach):
                self._attach(step)
                continue
            adjoint = step.adjoint(self.weights)
            sums = _unit_sums(self.influence * adjoint.h, adjoint, self.unit, n_units)
            for term in self.terms:
                term.later.append(_cross(term, term.multiplier * adjoint.h, adjoint))
                term.multiplier = term.multiplier * adjoint.f
            self.terms.append(
                Term(
                    adjoint.cell,
                    adjoint.matrix,
                    adjoint.k,
                    adjoint.inverse,
                    sums,
                    getattr(step, "estimated", ()),
                    [],
                )
            )
            self.influence = self.influence * adjoint.f
            self.weights = adjoint.out
            multiplicative = multiplicative and np.allclose(
                self.influence, self.weights, rtol=1e-15, atol=0
            )
        if multiplicative:
            self.influence = self.weights

    @cached_property
    def shared(self) -> Array:
        """Unit sums of the columns of the steps, the last step first."""
        sums = [term.unit_sums for term in reversed(self.terms)]
        return np.concatenate(sums, axis=0) if sums else np.zeros((0, self.n_units))

    def _attach(self, step: Attach) -> None:
        for term in self.terms:
            term.cell = term.cell[step.rows]
            term.multiplier = term.multiplier[step.rows] * step.factor
        self.weights = self.weights[step.rows] * step.factor
        self.influence = self.influence[step.rows] * step.factor
        self.unit = self.unit[step.rows]


def _unit_sums(v: Array, adjoint: Any, unit: Array, n_units: int) -> Array:
    cells, q = adjoint.matrix.shape
    if cells * n_units <= 20_000_000 and cells < v.size:
        table = np.bincount(adjoint.cell * n_units + unit, weights=v, minlength=cells * n_units)
        return np.asarray(adjoint.matrix.T @ table.reshape(cells, n_units))
    return np.stack(
        [
            np.bincount(unit, weights=v * adjoint.matrix[adjoint.cell, j], minlength=n_units)
            for j in range(q)
        ]
    )


def _cross(term: Term, v: Array, adjoint: Any) -> Array:
    """Return X_s' diag(v) X_t."""
    out = np.empty((term.matrix.shape[1], adjoint.matrix.shape[1]))
    for j in range(out.shape[1]):
        cells = cell_sums(term.cell, term.matrix.shape[0], v * adjoint.matrix[adjoint.cell, j])
        out[:, j] = term.matrix.T @ cells
    return out


Slopes = list[tuple[Array, Any]]  # derivatives (k x domains,) and the estimated target they are of


def linearise(chain: Chain, theta: Theta, sums: RowSums) -> tuple[Array, Influence, Slopes]:
    """Return the values (k, domains), the units' influence (k x domains, units), targets' slopes.

    The derivative with respect to a step's targets is the coefficient of its columns.
    """
    recorder = Recorder(chain.weights, chain.influence, sums, chain.terms)
    value, gradient = differentiate(theta, recorder)
    if not recorder.records:
        raise ValueError(
            "theta must use the weights: it multiplied nothing with them. Build it from `z @ w`."
        )
    direct = _direct(gradient, [r.sums for r in recorder.records], sums)
    weights: list[Array] = []
    slopes: Slopes = []
    done: list[Array] = []
    for s in range(len(chain.terms) - 1, -1, -1):
        term = chain.terms[s]
        cross = np.concatenate([r.crosses[s] for r in recorder.records], axis=1)
        c = np.einsum("qmd,kdm->qkd", cross, gradient)
        for later, done_c in zip(term.later, reversed(done), strict=True):
            c -= np.einsum("qr,rkd->qkd", later, done_c)
        c = np.einsum("qr,rkd->qkd", term.inverse, c)
        done.append(c)
        weights.append(-c.reshape(c.shape[0], -1).T)
        slopes += [(c[q].reshape(-1), target) for q, target in term.estimated]
    weight = np.concatenate(weights, axis=1) if weights else np.zeros((value.size, 0))
    return value, Influence(direct, weight, chain.shared), slopes


def _direct(gradient: Array, stored: list[Array], sums: RowSums) -> Any:
    """Return gradient times stored sums, a record at a time."""
    k, domains, _ = gradient.shape
    if domains > 1 and sums.size == domains * sums.n_units <= 5_000_000 // k:
        return _direct_full(gradient, stored, sums)
    data, start = np.zeros((k, sums.size)), 0
    for record in stored:
        part = gradient[:, :, start : start + len(record)]
        start += len(record)
        for d in range(domains):
            pairs = slice(sums.first[d], sums.first[d + 1])
            data[:, pairs] += part[:, d] @ record[:, pairs]
    if domains == 1 and sums.size == sums.n_units:
        return data
    if k * domains * sums.n_units <= 5_000_000:
        out = np.zeros((k, domains, sums.n_units))
        out[:, sums.pair_domain, sums.pair_unit] = data
        return out.reshape(k * domains, sums.n_units)
    from scipy.sparse import csr_array

    starts = (np.arange(k)[:, None] * sums.size + sums.first[:-1]).ravel()
    return csr_array(
        (data.ravel(), np.tile(sums.pair_unit, k), np.r_[starts, k * sums.size]),
        shape=(k * domains, sums.n_units),
    )


def _direct_full(gradient: Array, stored: list[Array], sums: RowSums) -> Array:
    """Return the same where every (domain, unit) pair has its place: one product of stacks."""
    k, domains, _ = gradient.shape
    out, start = np.zeros((domains, k, sums.n_units)), 0
    for record in stored:
        part = gradient[:, :, start : start + len(record)].transpose(1, 0, 2)
        by_domain = record.reshape(len(record), domains, sums.n_units).transpose(1, 0, 2)
        out += part @ by_domain
        start += len(record)
    return out.transpose(1, 0, 2).reshape(k * domains, sums.n_units)
