"""Forward selection of two-list terms by Poisson p-values, all columns in lock-step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .existence import EXISTS
from .histories import (
    BoolArray,
    FloatArray,
    IntArray,
    Term,
    as_columns,
    as_histories,
    check_length,
    list_pairs,
)
from .loglinear import LoglinearFit, summarise
from .model import Model, build_model
from .newton import Solution, solve

TIE = 1e-9  # p-values closer than this, relatively, are equal: the first pair is taken


@dataclass(frozen=True, eq=False)
class StepwiseFit:
    """The model that forward selection found for each column.

    Attributes
    ----------
    total : ndarray, shape (B,)
        Population size; nan where the main effects alone have no estimate (see `fit.code`).
    selected : ndarray of bool, shape (pairs, B)
        Pairs in the model, in the order 12, 13, .., 1L, 23, ..
    step : ndarray of int, shape (pairs, B)
        1 for the pair that entered first, 2 for the second, ..; 0 for pairs left out.
    pairs : tuple of frozenset of int
    fit : LoglinearFit
        The final models.
    """

    total: FloatArray
    selected: BoolArray
    step: IntArray
    pairs: tuple[Term, ...]
    fit: LoglinearFit


def stepwise_fit(
    histories: npt.ArrayLike, counts: npt.ArrayLike, *, threshold: float = 0.02
) -> StepwiseFit:
    """Population size from overlapping lists, two-list terms chosen by forward selection.

    From the main effects on, the pair whose overlap ``N*`` is least likely under the present model,
    ``p = min(P(Poisson(nu) <= N*), P(Poisson(nu) >= N*))`` with ``nu`` its fitted overlap, enters
    while ``p < threshold``. A pair whose model has no extended maximum or is not identifiable
    cannot enter at that step. Equal p-values: the first in the order 12, 13, .., 1L, 23, ..

    Parameters
    ----------
    histories : array_like of 0/1, shape (C, L)
        Each of the ``C = 2**L - 1`` non-empty capture histories once, in any order.
    counts : array_like, shape (C,) or (C, B)
        Persons with each history; columns are replicates.
    threshold : float
        Between 0 (main effects only) and 1 (all pairs where that model has an estimate).

    Returns
    -------
    StepwiseFit

    Notes
    -----
    A list that is empty in a column is at the boundary like an empty overlap: that column is
    estimated from the other lists.

    References
    ----------
    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data: inferential challenges when there are nonoverlapping lists. Journal of the
    American Statistical Association 116, 1297-1306. https://doi.org/10.1080/01621459.2019.1708748

    Examples
    --------
    >>> from prevalence.mse.histories import all_histories
    >>> found = stepwise_fit(all_histories(3), [90, 80, 70, 60, 6, 7, 3])
    >>> [sorted(pair) for pair, use in zip(found.pairs, found.selected[:, 0]) if use]
    [[0, 1]]
    """
    if not 0 <= threshold <= 1:
        raise ValueError(
            f"threshold must lie between 0 and 1: found {threshold!r}. Use 0.02, or 0 for the main "
            "effects alone."
        )
    pairs = list_pairs(as_histories(histories).shape[1])
    model = build_model(histories, pairs)
    columns = as_columns(counts)
    check_length(model.design, columns)
    search = _Search(model, columns, len(pairs))
    if threshold == 1:
        search.everything()
    if threshold > 0:
        while search.advance(threshold):
            pass
    fit = summarise(model, columns, search.included, search.solution)
    return StepwiseFit(fit.total, search.included[search.first :], search.step, pairs, fit)


class _Search:
    """The state of the selection: one model a column, advanced together."""

    def __init__(self, model: Model, counts: FloatArray, pairs: int) -> None:
        width = counts.shape[1]
        self.model, self.counts = model, counts
        self.first = len(model.terms) - pairs
        self.design = model.design[:, self.first :]
        self.overlap = self.design.T @ counts
        self.included = np.ones((len(model.terms), width), dtype=bool)
        self.included[self.first :] = False
        self.step = np.zeros((pairs, width), dtype=np.int64)
        self.p_values = np.ones((pairs, width))
        self.solution = solve(model, counts, self.included)
        self.open = np.flatnonzero(_exists(self.solution))
        self._test(self.open)

    def everything(self) -> None:
        """Take all pairs at once in the columns where that model has an estimate."""
        full = solve(self.model, self.counts, np.ones_like(self.included))
        good = np.flatnonzero(_exists(full))
        _replace(self.solution, good, full, good)
        self.included[:, good] = True
        self.step[:, good] = 1
        self.open = np.setdiff1d(self.open, good)

    def advance(self, threshold: float) -> bool:
        """Try the best pair of every open column; False when no column has one left."""
        p_values = self.p_values[:, self.open]
        least = p_values.min(axis=0, initial=1.0)
        going = least < threshold
        self.open = self.open[going]
        if not self.open.size:
            return False
        choice = (p_values[:, going] <= least[going] * (1 + TIE)).argmax(axis=0)
        row, here = self.first + choice, np.arange(self.open.size)
        trial = self.included[:, self.open]
        trial[row, here] = True
        start = self.solution.coefficients[:, self.open]
        fitted = self.design.T @ self.solution.fitted[:, self.open]
        observed = np.maximum(self.overlap[choice, self.open], 0.5)
        start[row, here] = np.log(observed / fitted[choice, here])
        found = solve(self.model, self.counts[:, self.open], trial, start)
        accepted = _exists(found)
        self.p_values[choice[~accepted], self.open[~accepted]] = 1.0
        self._accept(choice[accepted], found, np.flatnonzero(accepted))
        return True

    def _accept(self, choice: IntArray, found: Solution, which: IntArray) -> None:
        columns = self.open[which]
        self.included[self.first + choice, columns] = True
        self.step[choice, columns] = self.step[:, columns].max(axis=0) + 1
        _replace(self.solution, columns, found, which)
        self._test(columns)

    def _test(self, columns: IntArray) -> None:
        """Poisson p-value of every pair outside the model."""
        expected = self.design.T @ self.solution.fitted[:, columns]
        outside = ~self.included[self.first :, columns]
        p_values = np.ones(expected.shape)
        p_values[outside] = poisson_tail(self.overlap[:, columns][outside], expected[outside])
        self.p_values[:, columns] = p_values


def poisson_tail(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """Smaller of ``P(X <= observed)`` and ``P(X >= observed)`` for a Poisson ``X``, not doubled."""
    from scipy.special import gammainc, gammaincc

    positive = np.maximum(observed, 1.0)
    above = np.where(observed > 0, gammainc(positive, expected), 1.0)
    smaller: FloatArray = np.minimum(gammaincc(observed + 1, expected), above)
    return smaller


def _exists(solution: Solution) -> BoolArray:
    good: BoolArray = (solution.code == EXISTS) & solution.converged
    return good


def _replace(target: Solution, columns: IntArray, source: Solution, which: IntArray) -> None:
    """Overwrite some columns of one solution by columns of another, in place."""
    target.coefficients[:, columns] = source.coefficients[:, which]
    target.fitted[:, columns] = source.fitted[:, which]
    target.active[:, columns] = source.active[:, which]
    target.kept[:, columns] = source.kept[:, which]
    target.converged[columns] = source.converged[which]
    target.code[columns] = source.code[which]
