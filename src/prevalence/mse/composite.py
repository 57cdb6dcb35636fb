"""Composite link: one Poisson fitter for tables of which only sums of cells are observed.

The full table has means ``mu = exp(X b)``, dark cells included; observed are counts with means
``E = A mu + offset``, where the non-negative matrix ``A`` is known: it collapses what is not told
apart (lists that do not operate in a stratum, missing covariates, captures of unknown source) or
splits what errors of linkage have split. Without the dark row ``A`` is the identity of the ordinary
fit. Columns of counts (replicates) are fitted together; the column axis is the last one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .ascent import Ahead, ascend
from .histories import BoolArray, FloatArray, IntArray
from .newton import factor, solve_factored

PASSES = 200  # at most; quadratic convergence takes about ten
STEP = 1e-8  # largest last change of any log mean: Newton squares it
SLACK = 1e-10  # share of a likelihood by which rounding may lower it
NEAR = 0.3  # a step below which the observed information replaces the expected one
LONGEST = 4.0  # longest change of a log mean in one pass
PIVOT = 1e-12  # share of a parameter's own information left by the others
EMPTY = 1e-7  # share of all persons below which a term's expected margin is at the boundary
BLOCK = 2**19  # numbers in one block of derivatives


@dataclass(frozen=True, eq=False)
class CompositeFit:
    """A composite-link model fitted to each column of counts.

    Attributes
    ----------
    total : ndarray, shape (K, B)
        Sums of fitted means over the wanted cells; nan unless converged and identified.
    covariance : ndarray, shape (K, K, B)
        Of the totals, given the persons that there are: ``G' I^-1 G - W diag(mu) W'``.
    coefficients : ndarray, shape (P, B)
        -inf at the boundary.
    fitted : ndarray, shape (cells, B)
        Means of the full table, dark cells included.
    expected : ndarray, shape (observed, B)
        Means of the observed counts.
    log_likelihood, deviance : ndarray, shape (B,)
    parameters : ndarray of int, shape (B,)
        Number of parameters, those at the boundary included.
    bic : ndarray, shape (B,)
        ``log(sum of counts) parameters - 2 log_likelihood``.
    boundary : ndarray of bool, shape (P, B)
        Parameters whose maximum is at minus infinity: their cells are empty.
    converged, identified : ndarray of bool, shape (B,)
        Identified: ``A diag(mu) X`` has full column rank over the parameters not at the boundary.
    """

    total: FloatArray
    covariance: FloatArray
    coefficients: FloatArray
    fitted: FloatArray
    expected: FloatArray
    log_likelihood: FloatArray
    deviance: FloatArray
    parameters: IntArray
    bic: FloatArray
    boundary: BoolArray
    converged: BoolArray
    identified: BoolArray

    @property
    def std_error(self) -> FloatArray:
        """Standard errors of the totals, (K, B)."""
        variances = np.einsum("kkb->kb", self.covariance)
        errors: FloatArray = np.sqrt(np.maximum(variances, 0.0))
        return errors


def composite_fit(
    design: npt.ArrayLike,
    collapse: npt.ArrayLike,
    counts: npt.ArrayLike,
    wanted: npt.ArrayLike,
    *,
    offset: npt.ArrayLike | None = None,
) -> CompositeFit:
    """Poisson maximum likelihood of ``E y = A exp(X b) + offset`` and totals of wanted cells.

    Parameters
    ----------
    design : array_like, shape (cells, P)
        X: non-negative columns, one of them (or a sum of them) constant.
    collapse : array_like, shape (observed, cells)
        A: expected observed counts a person of each cell makes; a dark cell has a zero column.
    counts : array_like, shape (observed,) or (observed, B)
        Not negative.
    wanted : array_like of 0/1, shape (cells,) or (K, cells)
        Cells that each total sums.
    offset : array_like, shape (observed,) or (observed, B), optional
        Known addition to the means, such as false joins of an audit; may be negative.

    Returns
    -------
    CompositeFit

    Raises
    ------
    ValueError
        When shapes do not fit or counts or the matrices are negative or not finite.

    Notes
    -----
    The covariance holds where the model leaves the size of every wanted group free (the indicator
    of its cells is a combination of design columns). The likelihood need not be concave: the fit
    starts from counts spread evenly over the cells they may come from.

    References
    ----------
    Thompson, R. and Baker, R. J. (1981). Composite link functions in generalized linear models.
    Applied Statistics 30, 125-131.

    Examples
    --------
    >>> design = [[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]]
    >>> collapse = [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    >>> fit = composite_fit(design, collapse, [40, 30, 10], [1, 1, 1, 1])
    >>> round(float(fit.total[0, 0]), 6)
    200.0
    """
    table = _table(design, collapse, wanted)
    columns, added = _columns(table, counts, offset)
    width = max(1, BLOCK // (table.design.size + 1))
    parts = [
        _fit_block(table, columns[:, first : first + width], added[:, first : first + width])
        for first in range(0, columns.shape[1], width)
    ]
    joined = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    return CompositeFit(**joined)


@dataclass(frozen=True, eq=False)
class Table:
    """The known matrices: X, A and its transpose (sparse), W, and which rows a parameter touches."""

    design: FloatArray
    collapse: Any
    spread: Any
    wanted: FloatArray
    weight: FloatArray
    touched: FloatArray


def _table(design: npt.ArrayLike, collapse: npt.ArrayLike, wanted: npt.ArrayLike) -> Table:
    from scipy.sparse import csr_array

    x = np.asarray(design, dtype=np.float64)
    a = np.asarray(collapse, dtype=np.float64)
    w = np.atleast_2d(np.asarray(wanted, dtype=np.float64))
    if x.ndim != 2 or a.ndim != 2 or a.shape[1] != len(x) or w.shape[1] != len(x):
        raise ValueError(
            f"design, collapse and wanted must share their cells: found {x.shape}, {a.shape} and "
            f"{w.shape}. Give (cells, parameters), (observed, cells) and (totals, cells)."
        )
    for name, matrix in (("design", x), ("collapse", a), ("wanted", w)):
        bad = ~(np.isfinite(matrix) & (matrix >= 0))
        if bad.any():
            raise ValueError(
                f"{name} must be finite and not negative: {int(bad.sum())} of {bad.size} entries "
                f"are not (first: row {int(np.argwhere(bad)[0][0])}). Correct the matrix."
            )
    return Table(x, csr_array(a), csr_array(a.T), w, a.sum(axis=0), a @ (x > 0))


def _columns(
    table: Table, counts: npt.ArrayLike, offset: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    y = np.asarray(counts, dtype=np.float64)
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or len(y) != table.collapse.shape[0]:
        raise ValueError(
            f"counts must have one row an observed cell: found shape {y.shape} for "
            f"{table.collapse.shape[0]} rows of collapse. Give both in the same order."
        )
    bad = ~(np.isfinite(y) & (y >= 0))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"counts must be non-negative numbers: {int(bad.sum())} of {bad.size} are not "
            f"(first: row {row}, {y[row, column]:g}). Drop or correct them."
        )
    added = np.zeros(1) if offset is None else np.asarray(offset, dtype=np.float64)
    added = added[:, None] if added.ndim == 1 else added
    return y, np.broadcast_to(added, y.shape)


@dataclass(frozen=True, eq=False)
class State:
    """Means and derivatives at some coefficients, a block of columns."""

    means: FloatArray
    expected: FloatArray
    value: FloatArray

    def live(self, stay: BoolArray) -> State:
        """Return some of the columns."""
        return State(self.means[:, stay], self.expected[:, stay], self.value[stay])


def _evaluate(
    table: Table, y: FloatArray, added: FloatArray, beta: FloatArray, kept: BoolArray
) -> State:
    from scipy.special import xlogy

    means = np.exp(np.clip(table.design @ beta, -300, 300)) * kept
    expected = table.collapse @ means + added
    possible = (expected > 0) | ((y == 0) & (expected >= 0))
    value = (xlogy(y, np.where(expected > 0, expected, 1.0)) - expected).sum(axis=0)
    return State(means, expected, np.where(possible.all(axis=0), value, -np.inf))


def _derivatives(table: Table, state: State) -> FloatArray:
    """``D = A diag(mu) X``, (observed, P, b)."""
    cells, parameters = table.design.shape
    weighted = table.design[:, :, None] * state.means[:, None, :]
    made = table.collapse @ weighted.reshape(cells, -1)
    return np.asarray(made).reshape(-1, parameters, state.means.shape[1])


def _information(
    table: Table, state: State, slopes: FloatArray, y: FloatArray, near: BoolArray
) -> FloatArray:
    """Expected information ``D' diag(1/E) D``, (P, P, b); the observed one for `near` columns."""
    inverse = _over(1.0, state.expected)
    weights = np.where(near, y * inverse**2, inverse)
    left = np.ascontiguousarray(slopes.transpose(2, 1, 0))
    information = (left * weights.T[:, None, :]) @ np.ascontiguousarray(slopes.transpose(2, 0, 1))
    if near.any():
        rest = state.means[:, near] * (table.spread @ (y * inverse - 1)[:, near])
        design = table.design
        information[near] -= np.matmul(design.T[None] * rest.T[:, None, :], design)
    return np.ascontiguousarray(information.transpose(1, 2, 0))


def _over(above: FloatArray | float, below: FloatArray) -> FloatArray:
    """Quotients, 0 where the denominator is 0."""
    quotient: FloatArray = np.where(below > 0, above / np.where(below > 0, below, 1.0), 0.0)
    return quotient


def _start(table: Table, y: FloatArray, active: BoolArray, kept: BoolArray) -> FloatArray:
    """Weighted least squares of the log of counts spread evenly over the cells they come from."""
    row = np.asarray(table.collapse.sum(axis=1)).reshape(-1, 1)
    spread = table.spread @ _over(y, np.broadcast_to(row, y.shape))
    seen = (table.weight > 0)[:, None] & kept
    raised = (_over(spread, np.broadcast_to(table.weight[:, None], spread.shape)) + 0.1) * seen
    design = table.design
    information = np.matmul(design.T * raised.T[:, None, :], design).transpose(1, 2, 0).copy()
    lower, inverse, _ = factor(information, active, PIVOT)
    return solve_factored(lower, inverse, design.T @ (raised * np.log(np.where(seen, raised, 1.0))))


@dataclass(eq=False)
class _Columns:
    """The likelihood of a block of columns."""

    table: Table
    y: FloatArray
    added: FloatArray
    active: BoolArray
    kept: BoolArray
    state: State = field(init=False)
    near: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self.near = np.zeros(self.y.shape[1], dtype=bool)

    def value(self, at: FloatArray) -> FloatArray:
        self.state = _evaluate(self.table, self.y, self.added, at, self.kept)
        return self.state.value

    def ahead(self, _at: FloatArray, better: BoolArray) -> Ahead:
        step = _step(self.table, self.state, self.y, self.active, self.near)
        move = np.abs((self.table.design @ step) * self.kept).max(axis=0)
        self.near = better & (move < NEAR)
        return Ahead(step * np.minimum(1.0, LONGEST / np.maximum(move, LONGEST)), move <= STEP)

    def keep(self, stay: BoolArray) -> None:
        self.y, self.added = self.y[:, stay], self.added[:, stay]
        self.active, self.kept = self.active[:, stay], self.kept[:, stay]
        self.near = self.near[stay]


def _climb(
    table: Table, y: FloatArray, added: FloatArray, active: BoolArray, start: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Coefficients (P, b) and which columns came to rest."""
    columns = _Columns(table, y, added, active, _kept(table, active))
    return ascend(columns, start, PASSES, SLACK)


def _step(
    table: Table, state: State, y: FloatArray, active: BoolArray, near: BoolArray
) -> FloatArray:
    """Newton step; expected information where the observed one is not positive definite."""
    slopes = _derivatives(table, state)
    score = np.einsum("opb,ob->pb", slopes, _over(y, state.expected) - 1)
    information = _information(table, state, slopes, y, near)
    lower, inverse, deficient = factor(information, active, PIVOT)
    newton = solve_factored(lower, inverse, score)
    again = near & deficient
    if again.any():
        part = state.live(again)
        expected = _information(table, part, slopes[:, :, again], y[:, again], np.zeros(1, bool))
        lower, inverse, _ = factor(expected, active[:, again], PIVOT)
        newton[:, again] = solve_factored(lower, inverse, score[:, again])
    return newton


def _kept(table: Table, active: BoolArray) -> BoolArray:
    """Cells that no boundary parameter empties, (cells, b)."""
    emptied = (table.design > 0).astype(np.float64) @ (~active).astype(np.float64)
    kept: BoolArray = emptied == 0
    return kept


def _fit_block(table: Table, y: FloatArray, added: FloatArray) -> dict[str, Any]:
    """Fit, move parameters that drift to the boundary, fit again."""
    inside = (table.touched > 0).astype(np.float64)
    active = (inside.T @ y > 0) | (inside.sum(axis=0) == 0)[:, None]
    beta = _start(table, y, active, _kept(table, active))
    beta, proven = _climb(table, y, added, active, beta)
    for _ in range(table.design.shape[1]):
        drifting = _drifting(table, y, active, beta)
        again = np.flatnonzero(drifting.any(axis=0))
        if not again.size:
            break
        active[:, again] &= ~drifting[:, again]
        begin = np.where(active[:, again], beta[:, again], 0.0)
        beta[:, again], proven[again] = _climb(
            table, y[:, again], added[:, again], active[:, again], begin
        )
    return _summary(table, y, added, active, beta, proven)


def _drifting(table: Table, y: FloatArray, active: BoolArray, beta: FloatArray) -> BoolArray:
    """Parameters whose cells together are expected to hold next to nobody, (P, b)."""
    means = np.exp(np.clip(table.design @ np.where(active, beta, 0.0), -300, 300))
    means *= _kept(table, active)
    margin = (table.design > 0).T.astype(np.float64) @ (means * table.weight[:, None])
    seen = (table.touched.sum(axis=0) > 0)[:, None]
    drifting: BoolArray = active & seen & (margin < EMPTY * np.maximum(y.sum(axis=0), 1.0))
    return drifting


def _summary(
    table: Table,
    y: FloatArray,
    added: FloatArray,
    active: BoolArray,
    beta: FloatArray,
    proven: BoolArray,
) -> dict[str, Any]:
    from scipy.special import gammaln, xlogy

    beta = np.where(active, beta, 0.0)
    state = _evaluate(table, y, added, beta, _kept(table, active))
    slopes = _derivatives(table, state)
    information = _information(table, state, slopes, y, np.zeros(1, bool))
    lower, inverse, deficient = factor(information, active, PIVOT)
    ascent = table.spread @ (_over(y, state.expected) - 1)
    proven = proven & ~_could_return(table, active, beta, ascent)
    blank = np.where(proven & ~deficient, 0.0, np.nan)
    count = np.full(y.shape[1], table.design.shape[1])
    log_likelihood = state.value - gammaln(y + 1).sum(axis=0) + blank
    return {
        "total": table.wanted @ state.means + blank,
        "covariance": _covariance(table, state, lower, inverse) + blank,
        "coefficients": np.where(active, beta, -np.inf) + blank,
        "fitted": state.means + blank,
        "expected": state.expected + blank,
        "log_likelihood": log_likelihood,
        "deviance": np.maximum(2 * ((xlogy(y, y) - y).sum(axis=0) - state.value), 0.0) + blank,
        "parameters": count,
        "bic": np.log(np.maximum(y.sum(axis=0), 1.0)) * count - 2 * log_likelihood,
        "boundary": ~active,
        "converged": proven,
        "identified": ~deficient,
    }


def _could_return(
    table: Table, active: BoolArray, beta: FloatArray, ascent: FloatArray
) -> BoolArray:
    """Columns in which leaving the boundary along one parameter would raise the likelihood."""
    wrong = np.zeros(active.shape[1], dtype=bool)
    inside = (table.design > 0).astype(np.float64)
    means = np.exp(np.clip(table.design @ beta, -300, 300))
    others = inside @ (~active).astype(np.float64)
    for j in np.flatnonzero(~active.all(axis=1)):
        alone = inside[:, [j]] * (others == 1) * means
        gain = (alone * ascent).sum(axis=0)
        wrong |= ~active[j] & (gain > 1e-6 * (alone * table.weight[:, None]).sum(axis=0))
    return wrong


def _covariance(table: Table, state: State, lower: FloatArray, inverse: FloatArray) -> FloatArray:
    """``G' I^-1 G - W diag(mu) W'``, (K, K, b)."""
    wanted = table.wanted
    grouped = wanted[:, None, :] * state.means.T  # (K, b, cells)
    gradient = (grouped @ table.design).transpose(2, 0, 1)
    out: FloatArray = -(grouped @ wanted.T).transpose(0, 2, 1)
    for k in range(len(wanted)):
        out[k] += np.einsum(
            "plb,pb->lb", gradient, solve_factored(lower, inverse, gradient[:, k].copy())
        )
    return out
