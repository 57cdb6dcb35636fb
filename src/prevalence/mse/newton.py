"""Extended Poisson maximum likelihood of log-linear models, many columns at once.

A term whose lists never overlap in the data has its maximum at minus infinity: its cells and its
parameter leave the fit (extended maximum likelihood, Chan, Silverman and Vincent 2021). Which terms
these are differs from column to column, so every column carries its own masks and different models
share one batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .ascent import Ahead, ascend
from .existence import EXISTS, existence_codes
from .histories import BoolArray, FloatArray, IntArray
from .model import Model

QUICK, PATIENT = 25, 400  # passes before a column asks for proof, and after it has one
STEP = 1e-7  # largest last change of any log mean: Newton squares it
SLACK = 1e-9  # share of a likelihood by which rounding may lower it
PIVOT, FINE_PIVOT = 1e-12, 1e-15  # share of a parameter's own information left by the others
NEAR, REFINEMENTS = 0.2, 1  # a first step so short, and how often its Hessian serves again
BLOCK = 2**17  # numbers in one block of Hessians: they stay in the cache, and BLAS in one thread


@dataclass(frozen=True, eq=False)
class Solution:
    """Coefficients (P, B), 0 where not estimated, masks, and how each column ended."""

    coefficients: FloatArray
    fitted: FloatArray
    active: BoolArray
    kept: BoolArray
    converged: BoolArray
    code: IntArray


def solve(
    model: Model,
    counts: FloatArray,
    included: BoolArray,
    start: FloatArray | None = None,
    *,
    certify: bool = True,
) -> Solution:
    """Extended maximum likelihood of one model a column: `included` (P, B), counts (C, B).

    Without `certify` no linear program is solved: columns that are no proof are left unconverged.
    """
    used = np.asarray(included.any(axis=1))
    small = model if used.all() else model.subset(used)
    member = included[used]
    design = small.design
    absent = member & (design.T @ counts <= 0)
    active = member & ~absent
    active[0] = True
    kept = design @ absent.astype(np.float64) == 0
    problem = Problem(small, counts, active, kept)
    begin = _start(problem) if start is None else np.where(active, start[used], 0.0)
    beta, proven = newton(problem, begin, QUICK, PIVOT)
    code = np.zeros(counts.shape[1], dtype=np.int64)
    converged = proven.copy()
    doubtful = np.flatnonzero(~proven)
    if certify and doubtful.size:
        seen = counts[:, doubtful] > 0
        code[doubtful] = existence_codes(design, seen, active[:, doubtful], kept[:, doubtful])
        again = doubtful[code[doubtful] == EXISTS]
        rest = problem.columns(again)
        beta[:, again], converged[again] = newton(rest, _start(rest), PATIENT, FINE_PIVOT)
    fitted = np.exp(np.minimum(design @ beta, 300)) * kept
    coefficients = np.zeros(included.shape)
    coefficients[used] = beta
    finite = np.zeros(included.shape, dtype=bool)
    finite[used] = active
    return Solution(coefficients, fitted, finite, kept, converged, code)


@dataclass(frozen=True, eq=False)
class Problem:
    """Columns to be fitted by one design: counts, kept cells (C, B), active parameters (P, B)."""

    model: Model
    counts: FloatArray
    active: BoolArray
    kept: BoolArray

    def columns(self, which: IntArray | slice) -> Problem:
        """Return some of the columns."""
        return Problem(
            self.model, self.counts[:, which], self.active[:, which], self.kept[:, which]
        )

    def information(self, means: FloatArray) -> FloatArray:
        """Hessian (P, P, B) at fitted means (C, B)."""
        margins = self.model.joined.T @ means
        return margins[self.model.position]

    def means(self, coefficients: FloatArray) -> FloatArray:
        """Fitted means (C, B), 0 in the cells that are not kept."""
        found: FloatArray = self.model.design @ coefficients
        np.exp(np.minimum(found, 300, out=found), out=found)
        if not self.whole:
            found *= self.kept
        return found

    @property
    def whole(self) -> bool:
        """Whether every cell of every column is kept."""
        return bool(self.kept.all())


def _start(problem: Problem) -> FloatArray:
    """Weighted least squares of the log counts, empty cells raised a little."""
    raised = (problem.counts + 0.1) * problem.kept
    lower, inverse, _ = factor(problem.information(raised), problem.active, PIVOT)
    right = problem.model.design.T @ (raised * np.log(problem.counts + 0.1))
    return solve_factored(lower, inverse, right)


def newton(
    problem: Problem, start: FloatArray, passes: int, pivot: float
) -> tuple[FloatArray, BoolArray]:
    """Newton's method in blocks of columns: coefficients (P, B) and which columns are proven.

    A column is proven when its next Newton step ``d`` changes no log mean by more than `STEP`:
    then ``mu (1 + X d)`` is positive and has exactly the observed margins, which is the certificate
    of existence that the linear program looks for; its factored Hessian shows the full rank.
    """
    beta = np.empty(start.shape)
    proven = np.zeros(start.shape[1], dtype=bool)
    width = max(1, BLOCK // start.shape[0] ** 2)
    for first in range(0, start.shape[1], width):
        block = slice(first, first + width)
        columns = _Columns(problem.columns(block), pivot)
        beta[:, block], proven[block] = ascend(columns, start[:, block], passes, SLACK)
    return beta, proven


class _Columns:
    """The likelihood of a block of columns."""

    def __init__(self, problem: Problem, pivot: float) -> None:
        self.problem, self.pivot = problem, pivot
        self.margins = problem.model.design.T @ problem.counts
        self.means = problem.counts

    def value(self, at: FloatArray) -> FloatArray:
        self.means = self.problem.means(at)
        value: FloatArray = np.einsum("pb,pb->b", self.margins, at) - self.means.sum(axis=0)
        return value

    def ahead(self, at: FloatArray, better: BoolArray) -> Ahead:
        problem, design = self.problem, self.problem.model.design
        factors = factor(problem.information(self.means), problem.active, self.pivot)
        step = solve_factored(factors[0], factors[1], self.margins - design.T @ self.means)
        done, step = self._refine(factors, at, step, better & ~factors[2])
        return Ahead(step, done, factors[2])

    def keep(self, stay: BoolArray) -> None:
        self.margins = self.margins[:, stay]
        self.problem = self.problem.columns(np.flatnonzero(stay))

    def _refine(
        self,
        factors: tuple[FloatArray, FloatArray, BoolArray],
        at: FloatArray,
        step: FloatArray,
        sound: BoolArray,
    ) -> tuple[BoolArray, FloatArray]:
        """Go on from a short Newton step with the same Hessian, which is cheaper than a new one.

        Each further step is shorter than the last by about the length of the first. Returns which
        columns are done, and the sum of their steps.
        """
        problem = self.problem
        moved = first = last = _move(problem, step)
        near = sound & (first <= NEAR)
        done = sound & (first <= STEP)
        total = step
        for _ in range(REFINEMENTS):
            if done.sum() >= near.sum() or 2 * near.sum() < near.size:
                break
            score = self.margins - problem.model.design.T @ problem.means(at + total)
            further = solve_factored(factors[0], factors[1], score)
            moved = _move(problem, further)
            going = near & ~done & (moved <= last / 2)
            total = np.where(going, total + further, total)
            near &= done | going
            done |= going & (moved * np.maximum(first, moved) <= STEP**2)
            last = moved
        return done, total


def _move(problem: Problem, step: FloatArray) -> FloatArray:
    """Largest change of any log mean, that of the dark figure included."""
    change = problem.model.design @ step
    np.abs(change, out=change)
    if not problem.whole:
        change *= problem.kept
    found: FloatArray = np.maximum(change.max(axis=0), np.abs(step[0]))
    return found


def factor(
    information: FloatArray, active: BoolArray, pivot: float
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Cholesky factors of (P, P, B) matrices, in place and leaving out inactive rows.

    Returns the lower factors, the inverse pivots (P, B), 0 for a parameter that is inactive or a
    combination of those before it, and which columns have such a combination.
    """
    if active.shape[1] == 1:
        return _factor_one(information, active, pivot)
    size = information.shape[0]
    inverse = np.empty(active.shape)
    deficient = np.zeros(active.shape[1], dtype=bool)
    for j in range(size):
        own = pivot * information[j, j]
        if j:
            information[j:, j] -= np.einsum("ikb,kb->ib", information[j:, :j], information[j, :j])
        usable = (information[j, j] > own) & active[j]
        deficient |= active[j] ^ usable
        inverse[j] = 1 / np.sqrt(np.where(usable, information[j, j], np.inf))
        information[j:, j] *= inverse[j]
    return information, inverse, deficient


def _factor_one(
    information: FloatArray, active: BoolArray, pivot: float
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """As `factor`, for one column: products of vectors take less than half the time of those of columns."""
    matrix, deficient = information[:, :, 0], False
    inverse = np.zeros(active.shape)
    for j, wanted in enumerate(active[:, 0].tolist()):
        own = pivot * matrix[j, j]
        if j:
            matrix[j:, j] -= matrix[j:, :j] @ matrix[j, :j]
        left = matrix[j, j]
        if wanted and left > own:
            inverse[j] = 1 / math.sqrt(left)
        elif wanted:
            deficient = True
        matrix[j:, j] *= inverse[j]
    return information, inverse, np.array([deficient])


def solve_factored(lower: FloatArray, inverse: FloatArray, right: FloatArray) -> FloatArray:
    """Solve with the factors of `factor`; 0 for the parameters left out."""
    if right.shape[1] == 1:
        return _solve_one(lower[:, :, 0], inverse[:, 0], right[:, 0])[:, None]
    solution = right * inverse
    for j in range(1, len(solution)):
        before = np.einsum("kb,kb->b", lower[j, :j], solution[:j])
        before *= inverse[j]
        solution[j] -= before
    solution[-1] *= inverse[-1]
    for j in range(len(solution) - 2, -1, -1):
        solution[j] -= np.einsum("kb,kb->b", lower[j + 1 :, j], solution[j + 1 :])
        solution[j] *= inverse[j]
    return solution


def _solve_one(lower: FloatArray, inverse: FloatArray, right: FloatArray) -> FloatArray:
    """As `solve_factored`, for one column."""
    solution: FloatArray = right * inverse
    for j in range(1, len(solution)):
        solution[j] -= lower[j, :j] @ solution[:j] * inverse[j]
    solution[-1] *= inverse[-1]
    for j in range(len(solution) - 2, -1, -1):
        solution[j] = (solution[j] - lower[j + 1 :, j] @ solution[j + 1 :]) * inverse[j]
    return solution


def intercept_variance(problem: Problem, means: FloatArray) -> FloatArray:
    """Variance of the log of the dark figure, (B,): one element of the inverse Hessian."""
    variance = np.empty(means.shape[1])
    size = len(problem.model.terms)
    width = max(1, BLOCK // size**2)
    for first in range(0, means.shape[1], width):
        block = slice(first, first + width)
        part = problem.columns(block)
        lower, inverse, _ = factor(part.information(means[:, block]), part.active, FINE_PIVOT)
        unit = np.zeros(part.active.shape)
        unit[0] = 1
        variance[block] = solve_factored(lower, inverse, unit)[0]
    return variance
