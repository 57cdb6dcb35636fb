"""From an estimator to its value and influence: the recipe's adjoints in reverse order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import Recorder, RowSums, Theta, differentiate
from .weighting import Adjoint, Attach, Step, cell_sums

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

    def scaled(self, factor: Array) -> Influence:
        """Return the influence on each estimate times a number; 0 times anything is 0."""
        if hasattr(self.direct, "toarray"):
            direct = self.direct.tocsr(copy=True)
            direct.data = _times(direct.data, np.repeat(factor, np.diff(direct.indptr)))
        else:
            direct = _times(self.direct, factor[:, None])
        return Influence(direct, _times(self.weight, factor[:, None]), self.shared)

    def __add__(self, other: Influence) -> Influence:
        direct = self.direct + other.direct
        if self.shared is other.shared:
            return Influence(direct, self.weight + other.weight, self.shared)
        return Influence(
            direct,
            np.concatenate([self.weight, other.weight], axis=1),
            np.concatenate([self.shared, other.shared], axis=0),
        )


def _times(values: Array, factor: Array) -> Array:
    """Return products, 0 where the factor is; who asks judges those beyond floats."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.multiply(values, factor, out=np.zeros(values.shape), where=factor != 0)


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
    """A recipe seen from the units: final weights at once, adjoints when they are asked for."""

    def __init__(self, base: Array, unit: Array, n_units: int, steps: tuple[Step | Attach, ...]):
        self.n_units = n_units
        self.weights, self.unit = base, unit
        self._before: list[tuple[Step | Attach, Array, Array]] = []  # step, weights, units
        for step in steps:
            self._apply(step)

    def followed_by(self, step: Step) -> Chain:
        """Return the chain with one more step, which fails here if it fails."""
        out = Chain(self.weights, self.unit, self.n_units, ())
        out._before = list(self._before)
        out._apply(step)
        return out

    def _apply(self, step: Step | Attach) -> None:
        self._before.append((step, self.weights, self.unit))
        self.weights = step.apply(self.weights, strict=True)
        if isinstance(step, Attach):
            self.unit = self.unit[step.rows]

    @cached_property
    def terms(self) -> list[Term]:
        """The columns of the steps that have some, in order."""
        terms: list[Term] = []
        for step, weights, unit in self._before:
            if isinstance(step, Attach):
                for term in terms:
                    term.cell = term.cell[step.rows]
                    term.multiplier = term.multiplier[step.rows] * step.factor
                continue
            adjoint = step.adjoint(weights)
            if adjoint.matrix.shape[1]:
                for term in terms:
                    term.later.append(_cross(term, term.multiplier * adjoint.h, adjoint))
                h = adjoint.h if adjoint.h_copy is None else adjoint.h_copy
                sums = _unit_sums(weights * h, adjoint, unit, self.n_units)
            for term in terms:
                term.multiplier = term.multiplier * adjoint.f
            if adjoint.matrix.shape[1]:
                targets = getattr(step, "estimated", ())
                terms.append(
                    Term(
                        adjoint.cell,
                        adjoint.matrix,
                        adjoint.k,
                        adjoint.inverse,
                        sums,
                        targets,
                        [],
                    )
                )
        return terms

    @cached_property
    def shared(self) -> Array:
        """Unit sums of the columns of the steps, the last step first."""
        sums = [term.unit_sums for term in reversed(self.terms)]
        return np.concatenate(sums, axis=0) if sums else np.zeros((0, self.n_units))


def _unit_sums(v: Array, adjoint: Adjoint, unit: Array, n_units: int) -> Array:
    """Return the sums of v times the columns by unit, (q, units)."""
    filled = adjoint.matrix != 0
    cells, q = filled.shape
    most = int(filled.sum(axis=1).max(initial=0))
    out = np.zeros((q, n_units))
    if cells < v.size and 3 * most <= q:  # categories: a few columns in each cell
        first = np.argsort(~filled, axis=1, kind="stable")[:, :most]
        value = np.take_along_axis(adjoint.matrix, first, axis=1)
        for j in range(most):
            place = (first[:, j] * n_units)[adjoint.cell] + unit
            np.add.at(out.reshape(-1), place, v * value[:, j][adjoint.cell])
    elif cells < v.size and cells * n_units <= 20_000_000:
        table = np.bincount(adjoint.cell * n_units + unit, weights=v, minlength=cells * n_units)
        out = np.asarray(adjoint.matrix.T @ table.reshape(cells, n_units))
    else:
        for j in range(q):
            x = adjoint.matrix[adjoint.cell, j]
            out[j] = np.bincount(unit, weights=v * x, minlength=n_units)
    return out


def _cross(term: Term, v: Array, adjoint: Adjoint) -> Array:
    """Return X_s' diag(v) X_t."""
    first, second = term.matrix.shape[0], adjoint.matrix.shape[0]
    if first * second <= min(20_000_000, 4 * v.size):
        table = np.bincount(term.cell * second + adjoint.cell, weights=v, minlength=first * second)
        return np.asarray(term.matrix.T @ table.reshape(first, second) @ adjoint.matrix)
    if second == v.size and first < v.size:
        return _cross_rows(term.cell, term.matrix, v, adjoint.matrix[adjoint.cell])
    return _cross_rows(adjoint.cell, adjoint.matrix, v, term.matrix[term.cell]).T


def _cross_rows(cell: Array, matrix: Array, v: Array, x: Array) -> Array:
    """Return X' diag(v) x with ``X = matrix[cell]`` and x by row."""
    columns = [cell_sums(cell, matrix.shape[0], v * column) for column in x.T]
    return np.asarray(matrix.T @ np.stack(columns, axis=1))


Slopes = list[tuple[Array, Any]]  # derivatives (k x domains,) and the estimated target they are of


def linearise(chain: Chain, theta: Theta, sums: RowSums) -> tuple[Array, Influence, Slopes]:
    """Return the values (k, domains), the units' influence (k x domains, units), targets' slopes.

    The derivative with respect to a step's targets is the coefficient of its columns.
    """
    recorder = Recorder(chain.weights, sums, chain.terms)
    value, gradient = differentiate(theta, recorder)
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
