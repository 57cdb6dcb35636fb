"""Many log-linear models of many tables: what a selection needs of each fit and nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .existence import EXISTS
from .histories import BoolArray, FloatArray, IntArray, Term, as_columns
from .model import Model, build_model, check_cells, check_included
from .newton import PIVOT, Problem, Solution, newton, solve

STEPS, PASSES = 6, 2  # of a group together, and of each of its columns before it waits
LARGE, WAITING = 100, 8192  # columns that make a group, and that are fitted together when they wait


@dataclass(frozen=True, eq=False)
class ModelGrid:
    """Every model fitted to every column of counts.

    Quantities are nan unless the `code` is 0 and the fit converged.

    Attributes
    ----------
    dark : ndarray, shape (M, B)
        Dark figure ``n0 = exp(intercept)``; the population size is ``persons + dark``.
    log_likelihood : ndarray, shape (M, B)
        Poisson log-likelihood of the table at its extended maximum.
    parameters : ndarray of int, shape (M,)
        Number of parameters, those at the boundary included.
    persons : ndarray, shape (B,)
    code : ndarray of int, shape (M, B)
        0 the estimate exists, 1 no maximum even on the boundary, 2 not identifiable, 3 both.
    terms : tuple of frozenset of int
        Terms of the rows of `included`.
    """

    dark: FloatArray
    log_likelihood: FloatArray
    parameters: IntArray
    persons: FloatArray
    code: IntArray
    terms: tuple[Term, ...]

    @property
    def total(self) -> FloatArray:
        """Population size (M, B)."""
        return self.persons + self.dark

    @property
    def bic(self) -> FloatArray:
        """``k log(persons) - 2 log L``, (M, B)."""
        penalty = np.log(np.maximum(self.persons, 1))
        return self.parameters[:, None] * penalty - 2 * self.log_likelihood


def fit_models(
    histories: npt.ArrayLike,
    counts: npt.ArrayLike,
    terms: Iterable[Iterable[int]],
    included: npt.ArrayLike,
) -> ModelGrid:
    """Dark figure and likelihood of every model on every table, by extended maximum likelihood.

    Parameters
    ----------
    histories : array_like of 0/1, shape (C, L)
        Each of the ``C = 2**L - 1`` non-empty capture histories once, in any order.
    counts : array_like, shape (C,) or (C, B)
        Tables: persons with each history. Resamples of one table are fastest: every model starts
        from its fit to the mean of the columns.
    terms : iterable of iterables of int
        Interactions as list indices.
    included : array_like of bool, shape (T, M)
        Which of the terms each model has; a term needs all terms inside it.

    Returns
    -------
    ModelGrid

    Examples
    --------
    >>> from prevalence.mse.histories import all_histories, list_pairs
    >>> grid = fit_models(
    ...     all_histories(3), [90, 80, 70, 60, 6, 7, 3], list_pairs(3), [[0, 1], [0, 0], [0, 0]]
    ... )
    >>> grid.total.round().ravel().tolist()
    [595.0, 1322.0]
    """
    model = build_model(histories, terms)
    columns = as_columns(counts)
    check_cells(model, columns)
    chosen = np.asarray(included, dtype=bool)
    beyond = sum(len(term) > 1 for term in model.terms)
    if chosen.ndim != 2 or len(chosen) != beyond:
        raise ValueError(
            f"included must have the shape (terms, models): got {chosen.shape} for {beyond} "
            "terms. Give one row a term."
        )
    first = len(model.terms) - beyond
    member = np.vstack([np.ones((first, chosen.shape[1]), dtype=bool), chosen])
    check_included(model, member)
    fits = _Fits(model, columns, member)
    fits.run()
    return ModelGrid(
        fits.dark,
        fits.kernel - _constant(columns),
        member.sum(axis=0),
        columns.sum(axis=0),
        fits.code,
        model.terms[first:],
    )


class _Fits:
    """Fits in groups of one model and one set of boundary terms, the rest of them together.

    A group starts from its fit to the mean of its columns, whose inverse Hessian serves all of them
    for a few steps; then each column has a step or two of its own. Columns that need more wait until
    they are many, whatever their models, and small groups wait with them.
    """

    def __init__(self, model: Model, counts: FloatArray, member: BoolArray) -> None:
        shape = member.shape[1], counts.shape[1]
        self.model, self.counts, self.member = model, counts, member
        self.margins = model.design.T @ counts
        self.dark, self.kernel = np.full(shape, np.nan), np.full(shape, np.nan)
        self.code = np.full(shape, EXISTS, dtype=np.int64)
        self.waiting: list[tuple[IntArray, IntArray, FloatArray | None]] = []

    def run(self) -> None:
        """Fit everything."""
        groups = [(row, which) for row in range(len(self.dark)) for which in self._split(row)]
        for first in range(0, len(groups), WAITING):
            self._some(groups[first : first + WAITING])
        self._rest()

    def _split(self, row: int) -> list[IntArray]:
        """Columns of a model in large groups with the same boundary terms, and all others."""
        absent = self.margins[self.member[:, row]] <= 0
        absent = absent[absent.any(axis=1)]
        if not len(absent):
            return [np.arange(self.counts.shape[1])]
        codes = np.packbits(absent, axis=0).T.copy()
        keys = codes.view(f"V{codes.shape[1]}").ravel()
        _, inverse, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        parts = np.split(np.argsort(inverse, kind="stable"), np.cumsum(sizes)[:-1])
        small = [part for part in parts if part.size < LARGE]
        large = [part for part in parts if part.size >= LARGE]
        return [*large, np.concatenate(small)] if small else large

    def _some(self, groups: list[tuple[int, IntArray]]) -> None:
        means = np.stack([self.counts[:, which].mean(axis=1) for _, which in groups], axis=1)
        base = solve(self.model, means, self.member[:, [row for row, _ in groups]])
        for g, (row, which) in enumerate(groups):
            if base.converged[g] and self._alike(row, which):
                self._group(row, which, base, g)
            else:
                begin = np.repeat(base.coefficients[:, [g]], which.size, axis=1)
                self._wait(row, which, begin if base.converged[g] else None)
            if sum(columns.size for _, columns, _ in self.waiting) > WAITING:
                self._rest()

    def _alike(self, row: int, which: IntArray) -> bool:
        absent = self.margins[np.ix_(self.member[:, row], which)] <= 0
        return which.size >= LARGE and bool((absent == absent[:, :1]).all())

    def _group(self, row: int, which: IntArray, base: Solution, g: int) -> None:
        """Fit the columns of one model that have the same boundary terms."""
        used, kept = base.active[:, g], base.kept[:, g]
        part = self.model.subset(used)
        part = Model(part.terms, part.design[kept], part.joined[kept], part.position)
        counts = self.counts[np.ix_(kept, which)]
        active = np.ones((len(part.terms), which.size), dtype=bool)
        problem = Problem(part, counts, active, np.ones(counts.shape, dtype=bool))
        start = _common_steps(problem, base.coefficients[used, g], base.fitted[kept, g])
        beta, proven = newton(problem, start, PASSES, PIVOT)
        self._keep(row, which[proven], part, beta[:, proven], counts[:, proven])
        left = np.zeros((len(used), which.size))
        left[used] = beta
        self._wait(row, which[~proven], left[:, ~proven])

    def _keep(
        self, row: int, which: IntArray, part: Model, beta: FloatArray, counts: FloatArray
    ) -> None:
        margins = part.design.T @ counts
        means = np.exp(part.design @ beta).sum(axis=0)
        self.dark[row, which] = np.exp(np.minimum(beta[0], 700))
        self.kernel[row, which] = np.einsum("pb,pb->b", margins, beta) - means

    def _wait(self, row: int, which: IntArray, start: FloatArray | None) -> None:
        if which.size:
            self.waiting.append((np.full(which.size, row), which, start))

    def _rest(self) -> None:
        """Fit what waits, columns with a start and those without."""
        for begun in (True, False):
            some = [entry for entry in self.waiting if (entry[2] is not None) == begun]
            if not some:
                continue
            row, which = (np.concatenate([entry[i] for entry in some]) for i in (0, 1))
            starts = [start for _, _, start in some if start is not None]
            start = np.concatenate(starts, axis=1) if begun else None
            found = solve(self.model, self.counts[:, which], self.member[:, row], start)
            good = (found.code == EXISTS) & found.converged
            blank = np.where(good, 0.0, np.nan)
            terms = np.einsum("pb,pb->b", self.margins[:, which], found.coefficients)
            self.dark[row, which] = np.exp(np.minimum(found.coefficients[0], 700)) + blank
            self.kernel[row, which] = terms - found.fitted.sum(axis=0) + blank
            self.code[row, which] = found.code
        self.waiting = []


def _common_steps(problem: Problem, base: FloatArray, means: FloatArray) -> FloatArray:
    """Coefficients nearer to the fit of every column, by the inverse Hessian of one of them.

    A column whose steps do not become shorter goes on from `base`.
    """
    design = problem.model.design
    inverse = np.linalg.pinv(design.T @ (means[:, None] * design), hermitian=True)
    wanted = design.T @ problem.counts
    point = np.repeat(base[:, None], wanted.shape[1], axis=1)
    shorter, last = np.ones(wanted.shape[1], dtype=bool), np.full(wanted.shape[1], np.inf)
    for _ in range(STEPS):
        fitted = np.exp(np.minimum(design @ point, 300))
        step = inverse @ (wanted - design.T @ fitted)
        length = np.abs(design @ step).max(axis=0)
        shorter &= length < last
        last = length
        step *= shorter
        point += step
    point[:, ~shorter] = base[:, None]
    return point


def _constant(counts: FloatArray) -> FloatArray:
    from scipy.special import gammaln

    constant: FloatArray = gammaln(counts + 1).sum(axis=0)
    return constant
