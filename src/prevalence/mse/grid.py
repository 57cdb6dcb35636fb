"""Many log-linear models of many tables: what a selection needs of each fit and nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .existence import EXISTS
from .histories import FloatArray, IntArray, Term, as_columns
from .model import Model, build_model, check_cells, check_included
from .newton import solve

STEPS = 6  # of all columns together, before each goes on by itself


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
    >>> grid.total.round(1).ravel().tolist()
    [594.6, 1322.2]
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
    shape = chosen.shape[1], columns.shape[1]
    dark, likelihood = np.empty(shape), np.empty(shape)
    code = np.empty(shape, dtype=np.int64)
    for row in range(shape[0]):
        part = model.subset(member[:, row])
        dark[row], likelihood[row], code[row] = _fit(part, columns)
    return ModelGrid(
        dark,
        likelihood - _constant(columns),
        member.sum(axis=0),
        columns.sum(axis=0),
        code,
        model.terms[first:],
    )


def _fit(model: Model, counts: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Dark figure, kernel of the log-likelihood and code of one model, each (B,)."""
    everything = np.ones((len(model.terms), counts.shape[1]), dtype=bool)
    margins = model.design.T @ counts
    found = solve(model, counts, everything, _start(model, counts, margins))
    good = (found.code == EXISTS) & found.converged
    blank = np.where(good, 0.0, np.nan)
    dark = np.exp(np.minimum(found.coefficients[0], 700)) + blank
    kernel = np.einsum("pb,pb->b", margins, found.coefficients) - found.fitted.sum(axis=0)
    return dark, kernel + blank, found.code


def _start(model: Model, counts: FloatArray, margins: FloatArray) -> FloatArray | None:
    """Coefficients near those of every column, from the fit to the mean of the columns.

    The inverse Hessian of that fit serves all columns for a few steps. Columns with other boundary
    terms, or for which the steps do not become shorter, start from the fit itself.
    """
    one = np.ones((len(model.terms), 1), dtype=bool)
    mean = solve(model, counts.mean(axis=1, keepdims=True), one)
    if not mean.converged[0]:
        return None
    active = mean.active[:, 0]
    design = model.design[np.ix_(mean.kept[:, 0], active)]
    hessian = design.T @ (mean.fitted[mean.kept[:, 0]] * design)
    try:
        inverse = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        return None
    base = np.broadcast_to(mean.coefficients, margins.shape)
    wanted, point = margins[active], np.array(base[active])
    usual = (wanted > 0).all(axis=0)
    last = np.full(usual.shape, np.inf)
    for _ in range(STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            step = inverse @ (wanted - design.T @ np.exp(design @ point))
            length = np.abs(design @ step).max(axis=0)
        usual &= length < last
        last = length
        point += np.where(usual, step, 0.0)
    start = np.array(base)
    start[np.ix_(active, usual)] = point[:, usual]
    return start


def _constant(counts: FloatArray) -> FloatArray:
    from scipy.special import gammaln

    constant: FloatArray = gammaln(counts + 1).sum(axis=0)
    return constant
