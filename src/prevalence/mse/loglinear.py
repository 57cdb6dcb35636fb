"""Population size from log-linear models of capture histories, for many columns of counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .existence import EXISTS
from .histories import BoolArray, FloatArray, IntArray, Term, as_columns, check_length
from .model import Model, build_model, check_included
from .newton import Problem, Solution, intercept_variance, solve


@dataclass(frozen=True, eq=False)
class LoglinearFit:
    """A log-linear model fitted to each column of counts.

    Quantities of a column are nan unless its `code` is 0 and it converged.

    Attributes
    ----------
    dark : ndarray, shape (B,)
        Dark figure ``n0 = exp(intercept)``.
    total : ndarray, shape (B,)
        Population size ``N = n + n0``.
    std_error : ndarray, shape (B,)
        ``sqrt(n0 + n0^2 Var(intercept))``, of the total.
    intercept_variance : ndarray, shape (B,)
        Variance of ``log n0``, for an interval on the log scale.
    deviance, log_likelihood, aic, bic : ndarray, shape (B,)
        The BIC takes the log of the number of persons.
    parameters : ndarray of int, shape (B,)
        Number of parameters, those at the boundary included.
    fitted : ndarray, shape (C, B)
        Fitted mean of every capture history; 0 in the cells that a boundary term removes.
    coefficients : ndarray, shape (P, B)
        Intercept, lists and terms; -inf at the boundary, nan where the column leaves the term out.
    boundary : ndarray of bool, shape (P, B)
        Terms of the model, and lists, that no person of the column has.
    converged : ndarray of bool, shape (B,)
    code : ndarray of int, shape (B,)
        0 the estimate exists, 1 no maximum even on the boundary, 2 not identifiable, 3 both.
    terms : tuple of frozenset of int
        Terms of the rows of `coefficients`; the empty set is the intercept.
    """

    dark: FloatArray
    total: FloatArray
    std_error: FloatArray
    intercept_variance: FloatArray
    deviance: FloatArray
    log_likelihood: FloatArray
    aic: FloatArray
    bic: FloatArray
    parameters: IntArray
    fitted: FloatArray
    coefficients: FloatArray
    boundary: BoolArray
    converged: BoolArray
    code: IntArray
    terms: tuple[Term, ...]


def loglinear_fit(
    histories: npt.ArrayLike,
    counts: npt.ArrayLike,
    terms: Iterable[Iterable[int]] = (),
    *,
    included: npt.ArrayLike | None = None,
) -> LoglinearFit:
    """Population size from a log-linear model of overlapping lists, for every column of counts.

    Parameters
    ----------
    histories : array_like of 0/1, shape (C, L)
        Each of the ``C = 2**L - 1`` non-empty capture histories once, in any order.
    counts : array_like, shape (C,) or (C, B)
        Persons with each history; columns are replicates.
    terms : iterable of iterables of int
        Interactions as list indices; every term inside a term must be there too.
    included : array_like of bool, shape (T, B), optional
        Which of the terms each column's model has; all by default. With one column of counts,
        the columns are models of the same table.

    Returns
    -------
    LoglinearFit

    References
    ----------
    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data: inferential challenges when there are nonoverlapping lists. Journal of the
    American Statistical Association 116, 1297-1306. https://doi.org/10.1080/01621459.2019.1708748

    Baillargeon, S. and Rivest, L.-P. (2007). Rcapture: loglinear models for capture-recapture in R.
    Journal of Statistical Software 19(5). https://doi.org/10.18637/jss.v019.i05

    Examples
    --------
    >>> fit = loglinear_fit([[1, 0], [0, 1], [1, 1]], [76, 549, 18])
    >>> round(float(fit.total[0]), 6)
    2961.0
    """
    model = build_model(histories, terms)
    columns = as_columns(counts)
    check_length(model.design, columns)
    beyond = sum(len(term) > 1 for term in model.terms)
    chosen = np.ones((beyond, 1), bool) if included is None else np.asarray(included, dtype=bool)
    if chosen.ndim != 2 or len(chosen) != beyond:
        raise ValueError(
            f"included must have the shape (terms, columns): got {chosen.shape} for {beyond} "
            "terms. Give one row a term."
        )
    width = max(columns.shape[1], chosen.shape[1])
    if {columns.shape[1], chosen.shape[1]} - {1, width}:
        raise ValueError(
            f"included must have as many columns as counts, or one: got {chosen.shape[1]} for "
            f"{columns.shape[1]}. Repeat the table or the model."
        )
    columns = np.broadcast_to(columns, (len(columns), width))
    member = np.ones((len(model.terms), width), dtype=bool)
    member[len(model.terms) - beyond :] = chosen
    check_included(model, member)
    return summarise(model, columns, member, solve(model, columns, member))


def summarise(
    model: Model, counts: FloatArray, included: BoolArray, solution: Solution
) -> LoglinearFit:
    """Everything a fit reports, from its solution."""
    from scipy.special import gammaln, xlogy

    good = (solution.code == EXISTS) & solution.converged
    blank = np.where(good, 0.0, np.nan)
    means, kept = solution.fitted, solution.kept
    positive = np.where(kept & (means > 0), means, 1.0)
    logarithm = (xlogy(counts, positive) - means).sum(axis=0) + blank
    log_likelihood = logarithm - gammaln(counts + 1).sum(axis=0)
    deviance = 2 * ((xlogy(counts, counts) - counts).sum(axis=0) - logarithm)
    persons = counts.sum(axis=0)
    dark = np.exp(np.minimum(solution.coefficients[0], 700)) + blank
    problem = Problem(model, counts, solution.active, kept)
    variance = intercept_variance(problem, means) + blank
    parameters = included.sum(axis=0)
    boundary = included & ~solution.active
    shown = np.where(included, np.where(boundary, -np.inf, solution.coefficients), np.nan)
    return LoglinearFit(
        dark=dark,
        total=persons + dark,
        std_error=np.sqrt(dark + dark**2 * variance),
        intercept_variance=variance,
        deviance=np.maximum(deviance, 0.0),
        log_likelihood=log_likelihood,
        aic=2 * parameters - 2 * log_likelihood,
        bic=np.log(np.maximum(persons, 1)) * parameters - 2 * log_likelihood,
        parameters=parameters,
        fitted=means + blank,
        coefficients=shown + blank,
        boundary=boundary,
        converged=solution.converged,
        code=solution.code,
        terms=model.terms,
    )
