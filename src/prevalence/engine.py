"""Record, then differentiate: an estimator is a function of the weights, ``theta(w)``.

The engine calls ``theta`` once with a `Recorder` in place of the weights.  Each ``z @ w`` is
summed by (domain, unit) in one pass and kept.  It then calls ``theta`` again on those few totals
with one complex step on each, which gives the gradient; the influence of a sampled unit on the
estimate is the gradient times the stored sums of the unit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .arguments import explained
from .errors import ConvergenceError

__all__ = ["Theta", "Weights", "root", "solve"]

Array = NDArray[Any]
Theta = Callable[["Weights"], Array]
STEP = 1e-50  # of a total: a complex step has no cancellation, and its square underflows to zero
SMALLEST_STEP = 1e-307  # the least normal number: tiny totals have a larger share of a step
NEWTON_STEPS = 60


class Weights(ABC):
    """What an estimator receives in place of the weights: it answers ``z @ w``.

    The last axis of `z` runs over rows; the result has one trailing axis of columns (domains,
    replicates or perturbations) in its place. A list of arrays is taken as it is, without a copy.
    """

    __array_ufunc__ = None
    n: int
    columns: int

    def __rmatmul__(self, z: Any) -> Array:
        if isinstance(z, list) and z and all(np.shape(row) == (self.n,) for row in z):
            return self.totals(z, z)
        array = self._rows(z)
        totals = self.totals(list(array.reshape(-1, self.n)), z)
        return totals.reshape(*array.shape[:-1], self.columns)

    @abstractmethod
    def totals(self, rows: list[Array], z: Any) -> Array:
        """Return the weighted totals (rows, columns) of the rows of `z`."""

    @abstractmethod
    def root(self, score: RowFunction, jacobian: RowFunction, start: Array) -> Array:
        """Return the root of a weighted score in every column; see `root`."""

    def regression(self, model: Regression) -> Array:
        """Return the coefficients of a regression: linear in the weights around the fitted ones.

        The step from the fit of the whole sample has the exact first derivative, since the
        equations are solved there.
        """
        moved: Array = model.at[:, None] + model.step @ (model.scores @ self)
        return moved

    def _rows(self, z: Any) -> Array:
        array = np.asarray(z)
        if array.ndim == 0 or array.shape[-1] != self.n:
            raise ValueError(
                f"z in `z @ w` must have one entry per row on its last axis: found shape "
                f"{array.shape} for {self.n:,} rows. Write it over all rows, with zeros outside."
            )
        return array

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise TypeError(
            "the weights of an estimator answer `z @ w` with a NumPy array z and nothing else: "
            "found a conversion to an array. Write `series.to_numpy() @ w` for a pandas column, "
            "and `np.ones(n) @ w` for the sum of the weights."
        )


class RowFunction(Protocol):
    """Per-row values, shape (..., n), at coefficients of shape (p, 1) or (p, n)."""

    def __call__(self, coefficients: Array, /) -> Array: ...


class Regression(Protocol):
    """A regression fitted to the sample's own weights, which can be fitted to others."""

    @property
    def at(self) -> Array:
        """Coefficients under the sample's weights, (p,)."""

    @property
    def step(self) -> Array:
        """Minus the inverse derivative of the equations in the coefficients, (p, equations)."""

    @property
    def scores(self) -> list[Array]:
        """Rows of the equations at these coefficients; their weighted totals are 0."""

    def refit(self, weights: Array, /) -> Array:
        """Return coefficients (p, columns) for weights (rows that take part, columns)."""


@explained
def root(w: Weights, score: RowFunction, jacobian: RowFunction, start: Array) -> Array:
    """Solve a weighted estimating equation ``score(b) @ w = 0`` inside an estimator.

    The equation is solved with real weights, outside the differentiation; what is returned is one
    Newton step ``b0 + solve(jacobian(b0) @ w, score(b0) @ w)`` from the constant solution b0, so
    that the derivative with respect to the weights is exact.

    Parameters
    ----------
    w : Weights
        The weights given to the estimator.
    score : callable
        Coefficients of shape (p, 1) or (p, n) to the scores of the rows, shape (p, n).
    jacobian : callable
        The same to minus the derivative of the scores, shape (p, p, n).
    start : array of shape (p,)
        Where Newton's method begins.

    Returns
    -------
    array of shape (p, columns)
        The roots, one column per domain or replicate; nan where there is none.

    Raises
    ------
    ConvergenceError
        When the full-sample equation has no root that Newton's method finds.

    Notes
    -----
    Assumes that the score is smooth and has an isolated root. It fails where the Jacobian is
    singular, as in a logistic regression whose classes are separated.

    References
    ----------
    Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex
    surveys. International Statistical Review 51, 279-292. doi:10.2307/1402588

    Examples
    --------
    A weighted mean as the root of its estimating equation:

    >>> import numpy as np
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1.0, 2.0, 6.0], "w": [1.0, 1.0, 2.0]}, weights="w")
    >>> y = np.array([1.0, 2.0, 6.0])
    >>> mean = survey.estimate(
    ...     lambda w: pv.root(w, lambda b: y - b, lambda b: np.ones((1, 1, 3)), np.zeros(1))
    ... )
    >>> float(mean.value[0])
    3.75
    """
    return w.root(score, jacobian, np.asarray(start, dtype=float))


@explained
def solve(matrix: Array, right: Array) -> Array:
    """Solve small linear systems, one in each trailing column, with nan for a singular one.

    Parameters
    ----------
    matrix : array of shape (p, p, columns)
        The systems.
    right : array of shape (p, columns)
        The right-hand sides.

    Returns
    -------
    array of shape (p, columns)
        The solutions. A column whose matrix is singular or not finite is nan.

    Notes
    -----
    Works for real and complex entries, so it may stand inside an estimator.

    References
    ----------
    Golub, G. H. and Van Loan, C. F. (2013). Matrix Computations, 4th ed. Johns Hopkins. (book)

    Examples
    --------
    >>> import numpy as np
    >>> import prevalence as pv
    >>> pv.solve(np.array([[[2.0, 0.0]]]), np.array([[1.0, 1.0]]))
    array([[0.5, nan]])
    """
    shapes = np.shape(matrix), np.shape(right)
    if len(shapes[0]) != 3 or len(shapes[1]) != 2 or shapes[0] != (shapes[1][0], *shapes[1]):
        raise ValueError(
            f"matrix must have shape (p, p, columns) and right (p, columns): found {shapes[0]} and "
            f"{shapes[1]}. Put the columns on the last axis of both."
        )
    a = np.moveaxis(np.asarray(matrix), -1, 0)
    b = np.asarray(right).T
    out = np.full(b.shape, np.nan, dtype=np.result_type(a, b, float))
    good = np.isfinite(a).all(axis=(1, 2)) & np.isfinite(b).all(axis=1)
    if good.any():
        size = np.abs(a[good].real).max(axis=(1, 2))
        scaled = np.where(size > 0, size, 1.0)
        condition = np.linalg.cond(a[good].real / scaled[:, None, None])
        good[good] = (size > 0) & (condition < 1e15)
    if good.any():
        out[good] = np.linalg.solve(a[good], b[good][:, :, None])[:, :, 0]
    return out.T


def newton(
    score: Callable[[Array], Array], jacobian: Callable[[Array], Array], start: Array
) -> Array:
    """Return the root of one real system by Newton's method with halving, or nan."""
    b, u = start, score(start)
    size = _size(u)
    for _ in range(NEWTON_STEPS):
        step = solve(jacobian(b)[:, :, None], u[:, None])[:, 0]
        if not np.isfinite(step).all():
            return np.full(start.shape, np.nan)
        scale = 1.0
        while scale > 1e-10:
            trial = score(b + scale * step)
            if np.isfinite(trial).all() and _size(trial) <= size:
                break
            scale /= 2
        else:
            return (
                b if np.abs(step).max() <= 1e-8 * (1 + np.abs(b).max()) else np.full_like(b, np.nan)
            )
        b, u, size = b + scale * step, trial, _size(trial)
        if np.abs(step).max() <= 1e-13 * (1 + np.abs(b).max()):
            return b
    return np.full(start.shape, np.nan)


def _size(u: Array) -> float:
    return float(np.abs(u).max()) if u.size else 0.0


class RowSums:
    """Sums of row values by (domain, unit), in one pass; empty pairs may be left out.

    Pairs are sorted by domain.  `rows` is None when every row takes part.
    """

    def __init__(
        self, units: Array, n_units: int, domain: Array | None, n_domains: int, use: Array
    ):
        self.n_units, self.n_domains, self.n = n_units, n_domains, units.size
        inside = use if domain is None else use & (domain >= 0)
        self.rows = None if inside.all() else np.flatnonzero(inside)
        take = slice(None) if self.rows is None else self.rows
        self.unit_of_row = units[take]
        self.domain_of_row = None if domain is None else domain[take]
        key = self.unit_of_row
        if self.domain_of_row is not None:
            key = self.domain_of_row.astype(np.int64) * n_units + key
        self._starts: Array | None = None
        if key.size and bool((key[1:] >= key[:-1]).all()):
            self._starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
            pairs = key[self._starts]
            self.counts = np.diff(np.r_[self._starts, key.size])
        elif n_domains * n_units <= 4 * key.size + 1_000_000:
            self._key = key
            pairs = np.arange(n_domains * n_units)
            self.counts = np.bincount(key, minlength=pairs.size)
        else:
            pairs, self._key, self.counts = np.unique(key, return_inverse=True, return_counts=True)
        self.pair_domain, self.pair_unit = np.divmod(pairs, n_units)
        self.size = pairs.size
        self.first = np.searchsorted(self.pair_domain, np.arange(n_domains + 1))

    def take(self, v: Array) -> Array:
        """Return the rows that take part."""
        return v if self.rows is None else v.take(self.rows, axis=-1)

    def by_pair(self, v: Array) -> Array:
        """Sum values of the rows that take part by pair."""
        if self._starts is not None:
            return np.asarray(np.add.reduceat(v, self._starts))
        return np.bincount(self._key, weights=v, minlength=self.size)

    def by_domain(self, sums: Array) -> Array:
        """Sum pair sums (..., pairs) by domain."""
        if self.n_domains == 1:
            return np.asarray(sums.sum(axis=-1, keepdims=True))
        out = np.zeros((*sums.shape[:-1], self.n_domains))
        filled = np.flatnonzero(np.diff(self.first))
        if filled.size:
            out[..., filled] = np.add.reduceat(sums, self.first[filled], axis=-1)
        return out

    def cells_by_domain(self, cell: Array, n_cells: int, v: Array) -> Array:
        """Sum values of the rows that take part by (cell, domain): (cells, domains)."""
        key = cell if self.domain_of_row is None else cell * self.n_domains + self.domain_of_row
        flat = np.bincount(key, weights=v, minlength=n_cells * self.n_domains)
        return flat.reshape(n_cells, self.n_domains)


@dataclass
class Record:
    """One ``z @ w`` of an estimator: what was multiplied and its sums."""

    z: Any
    total: Array  # (k, domains)
    sums: Array  # (k, pairs)
    crosses: list[Array]  # one (q, k, domains) per weighting step with targets


class Recorder(Weights):
    """Weights that remember what they were multiplied with."""

    def __init__(self, weights: Array, sums: RowSums, terms: list[Any]):
        self.n, self.columns = sums.n, sums.n_domains
        self.rowsums = sums
        self.weights = sums.take(weights)
        self.terms = terms
        self.records: list[Record] = []
        self.roots: list[Array] = []

    def totals(self, rows: list[Array], z: Any) -> Array:
        if any(np.iscomplexobj(row) for row in rows):
            raise TypeError(_DEPENDS)
        count = len(rows)
        sums = np.empty((count, self.rowsums.size))
        total = np.empty((count, self.columns))
        crosses = [np.empty((t.matrix.shape[1], count, self.columns)) for t in self.terms]
        buffer = np.empty(self.weights.size)
        for k, row in enumerate(rows):
            taken = self.rowsums.take(row)
            sums[k] = self.rowsums.by_pair(np.multiply(taken, self.weights, out=buffer))
            total[k] = self.rowsums.by_domain(sums[k])
            for cross, term in zip(crosses, self.terms, strict=True):
                cells = self.rowsums.cells_by_domain(
                    self.rowsums.take(term.cell),
                    term.matrix.shape[0],
                    taken * self.rowsums.take(term.multiplier),
                )
                cross[:, k] = term.matrix.T @ cells
        self.records.append(Record(z, total, sums, crosses))
        return total.copy()

    def root(self, score: RowFunction, jacobian: RowFunction, start: Array) -> Array:
        b0 = np.stack(
            [newton(*self._system(score, jacobian, d), start) for d in range(self.columns)], axis=-1
        )
        if np.isnan(b0).all():
            raise ConvergenceError(
                "root must be found from the full sample: Newton's method did not reach one "
                f"within {NEWTON_STEPS} steps. Check for collinear columns or separated classes."
            )
        self.roots.append(b0)
        return _newton_step(self, b0, self.expand(b0), score, jacobian)

    def expand(self, b0: Array) -> Array:
        """Return the coefficients of every row's own domain, (p, 1) or (p, n)."""
        domain = self.rowsums.domain_of_row
        if domain is None:
            return b0
        out = np.zeros((b0.shape[0], self.n))
        out[:, slice(None) if self.rowsums.rows is None else self.rowsums.rows] = b0[:, domain]
        return out

    def _system(
        self, score: RowFunction, jacobian: RowFunction, d: int
    ) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
        domain = self.rowsums.domain_of_row
        w = self.weights if domain is None else np.where(domain == d, self.weights, 0.0)
        return weighted_system(score, jacobian, w, self.rowsums.rows)


def weighted_system(
    score: RowFunction, jacobian: RowFunction, w: Array, rows: Array | None
) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Return the score and Jacobian of one column of real weights as functions of b (p,)."""
    take = slice(None) if rows is None else rows
    return (
        lambda b: np.asarray(score(b[:, None]))[..., take] @ w,
        lambda b: np.asarray(jacobian(b[:, None]))[..., take] @ w,
    )


def _newton_step(
    w: Weights, b0: Array, at: Array, score: RowFunction, jacobian: RowFunction
) -> Array:
    start = b0 if b0.shape[1] == w.columns else np.repeat(b0, w.columns // b0.shape[1], axis=1)
    return start + solve(np.asarray(jacobian(at)) @ w, np.asarray(score(at)) @ w)


_DEPENDS = (
    "z in `z @ w` must not depend on the weights: found one computed from weighted totals. "
    "Combine totals after the product, or solve equations with pv.root."
)


class Totals(np.ndarray[Any, Any]):
    """Weighted totals with a complex step; what would lose the step, and so the derivative, is refused."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc in (np.absolute, np.conjugate, np.sign):
            raise TypeError(_LOST.format(ufunc.__name__))
        inputs = tuple(x.view(np.ndarray) if isinstance(x, Totals) else x for x in inputs)
        if "out" in kwargs:
            kwargs["out"] = tuple(x.view(np.ndarray) for x in kwargs["out"])
        out = getattr(ufunc, method)(*inputs, **kwargs)
        return out.view(Totals) if isinstance(out, np.ndarray) else out

    @property  # type: ignore[misc]  # an attribute of arrays that totals must not have
    def real(self) -> Any:
        raise TypeError(_LOST.format("real"))


_LOST = (
    "theta must be a smooth function of weighted totals: {} of one has no derivative here. Use only "
    "@ + - * / ** exp log sqrt solve where, or declare smooth=False and use replicates."
)


def _repeated(first: Any, second: Any) -> bool:
    """Tell whether two calls multiplied the same values."""
    if first is second:
        return True
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return all(_repeated(a, b) for a, b in zip(first, second, strict=True))
    a, b = np.asarray(first), np.asarray(second)
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


class Player(Weights):
    """Weights that repeat the recorded totals, one complex step per column."""

    def __init__(self, recorder: Recorder):
        self.n, self.recorder = recorder.n, recorder
        self.scalars = sum(r.total.shape[0] for r in recorder.records)
        self.columns = recorder.columns * self.scalars
        sizes = [np.abs(r.total).max(axis=1) for r in recorder.records]
        size = np.concatenate(sizes) if sizes else np.ones(0)
        size = np.where((size > 0) & np.isfinite(size), size, 1.0)
        self.steps = np.maximum(STEP * size, np.minimum(SMALLEST_STEP, size))
        self._next = self._offset = self._root = 0

    def totals(self, rows: list[Array], z: Any) -> Array:
        if self._next >= len(self.recorder.records):
            raise TypeError(_DEPENDS)
        record = self.recorder.records[self._next]
        if any(np.iscomplexobj(row) for row in rows) or not _repeated(record.z, z):
            raise TypeError(_DEPENDS)
        count = record.total.shape[0]
        out = np.repeat(record.total, self.scalars, axis=1).astype(complex)
        scalar = np.arange(count)
        at = np.arange(self.recorder.columns)[:, None] * self.scalars + self._offset + scalar
        out[scalar, at] += 1j * self.steps[self._offset + scalar]
        self._next, self._offset = self._next + 1, self._offset + count
        return out.view(Totals)

    def root(self, score: RowFunction, jacobian: RowFunction, start: Array) -> Array:  # noqa: ARG002
        b0 = self.recorder.roots[self._root]
        self._root += 1
        return _newton_step(self, b0, self.recorder.expand(b0), score, jacobian)


def differentiate(theta: Theta, recorder: Recorder) -> tuple[Array, Array]:
    """Return the values (k, domains) and gradients (k, domains, totals) of an estimator."""
    with np.errstate(all="ignore"):
        found = theta(recorder)
        if not recorder.records:
            raise ValueError(
                "theta must use the weights: it multiplied nothing with them. Build it from `z @ w`."
            )
        value = per_column(found, recorder.columns)
        player = Player(recorder)
        moved = per_column(theta(player), player.columns)
    moved = moved.reshape(*value.shape, player.scalars)
    gradient = moved.imag / player.steps
    if not _same(moved.real, value, gradient, recorder):
        raise TypeError(
            "theta must be the same smooth function at every call: the second call on the same "
            "totals gave other values. Use only @ + - * / ** exp log sqrt solve where, or declare "
            "smooth=False and use replicates."
        )
    usable = np.isfinite(value)[..., None] & np.isfinite(gradient)
    return value, np.where(usable, gradient, np.nan)


def _same(moved: Array, value: Array, gradient: Array, recorder: Recorder) -> bool:
    """Compare two calls up to rounding, which is relative to the terms that a value is made of."""
    totals = np.concatenate([r.total for r in recorder.records]) if recorder.records else 0
    with np.errstate(all="ignore"):
        terms = np.nansum(np.abs(gradient * np.transpose(totals)), axis=-1)
        near = np.abs(moved - value[..., None]) <= 1e-9 * (np.abs(value) + terms)[..., None] + STEP
    return bool((near | ~np.isfinite(value)[..., None]).all())


def per_column(value: Any, columns: int) -> Array:
    """Return what a theta made, one value per column on its last axis, after checking it."""
    array = np.asarray(value)
    if array.ndim == 0 or array.shape[-1] != columns or array.dtype.kind not in "biufc":
        raise ValueError(
            f"theta must return one value per column on its last axis: found shape {array.shape} "
            f"for {columns} columns. Build it from `z @ w` alone."
        )
    return array.reshape(-1, columns)
