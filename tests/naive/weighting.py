"""Slow, obvious versions of the weighting steps, for real and complex weights alike.

Weights are ``(rows,)`` or ``(rows, columns)``.  Each function is built from sums, products and exp of
the weights alone, so that a complex step through a whole recipe gives its exact derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Recipe = Callable[[Array], Array]
STEP = 1e-50


def derivative(function: Recipe, w: Array) -> Array:
    """Derivative of a function of the weights by every weight: complex steps, one per row.

    `function` maps (rows, columns) to (columns,) or (k, columns); the result is (..., rows).
    """
    moved = w[:, None].astype(complex) + 1j * STEP * np.eye(w.size)
    return np.asarray(function(moved).imag / STEP)


def central_difference(function: Recipe, w: Array, relative: float = 1e-5) -> Array:
    """The same by central differences with a step relative to the weight."""
    step = np.diag(relative * w)
    up, down = function(w[:, None] + step), function(w[:, None] - step)
    return np.asarray((up - down) / (2 * relative * w))


def along_rows(values: Array, w: Array) -> Array:
    """Shape per-row values to multiply weights."""
    return values if w.ndim == 1 else values[:, None]


def response_classes(
    w: Array, code: Array, responded: Array, eligible: Array | None = None
) -> Array:
    """Respondents carry the eligible of their class, others stay; a class without one gives nan."""
    counts = np.ones(w.shape[0]) if eligible is None else eligible
    out = w * along_rows(1.0 - counts, w)
    for c in np.unique(code):
        rows = np.flatnonzero((code == c) & (counts == 1))
        answered = rows[responded[rows] == 1]
        everyone = w[rows].sum(axis=0)
        if answered.size == 0:
            out[rows] = np.nan
            continue
        out[answered] = w[answered] * everyone / w[answered].sum(axis=0)
    return out


def subsample(w: Array, code: Array, drawn: Array, counted: Array, size: Array) -> Array:
    """Drawn rows carry the counted of their class, by the sum of some size; others weigh nothing."""
    out = w * along_rows(drawn * counted, w)
    for c in np.unique(code):
        rows = np.flatnonzero((code == c) & (counted == 1))
        taken = rows[drawn[rows] == 1]
        out[taken] = out[taken] * (size[rows].sum(axis=0) / size[taken].sum(axis=0))
    return out


def refusals(w: Array, code: Array, counts: Array) -> Array:
    """Every row carries its share of the refusals of its class."""
    out = w.copy()
    for c, refused in enumerate(counts):
        rows = code == c
        out[rows] = out[rows] * (rows.sum() + refused) / rows.sum()
    return out


def rake(w: Array, margins: Sequence[tuple[Array, Array]], sweeps: int = 400) -> Array:
    """Iterative proportional fitting: each margin in turn, many times."""
    out = w.copy()
    for _ in range(sweeps):
        for code, targets in margins:
            for c, target in enumerate(targets):
                rows = code == c
                out[rows] = out[rows] * (target / out[rows].sum(axis=0))
    return out


def poststratify(w: Array, code: Array, targets: Array) -> Array:
    return rake(w, [(code, targets)], sweeps=1)


def calibrate(
    w: Array,
    x: Array,
    totals: Array,
    function: str = "linear",
    bounds: tuple[float, float] = (0, 0),
) -> Array:
    """Weights ``w F(x'l)`` that meet the totals, by Newton's method in every column."""
    columns = w.reshape(w.shape[0], -1)
    out = np.empty_like(columns)
    # Rows of zeros (outside what is calibrated) keep their weight, since F(0) is 1.
    for c in range(columns.shape[1]):
        lam, settled = np.zeros(x.shape[1], dtype=w.dtype), 0
        for _ in range(40):
            g, slope = calibration_function(x @ lam, function, bounds)
            gap = totals - x.T @ (columns[:, c] * g)
            far = np.abs(gap.real).max() / np.abs(totals).max()
            settled += bool(far < 1e-12)
            if settled > 3:  # the derivative converges one iteration after the value
                break
            if function.startswith("cut") and far > 1e-3:
                slope = np.maximum(slope.real, 0.05)  # no step runs out of the slope
            lam = lam + np.linalg.solve((x * (columns[:, c] * slope)[:, None]).T @ x, gap)
        out[:, c] = columns[:, c] * calibration_function(x @ lam, function, bounds)[0]
        if far > 1e-9:  # no weights within the bounds meet the totals
            out[:, c] = np.nan
    return out.reshape(w.shape)


def calibration_function(u: Array, name: str, bounds: tuple[float, float]) -> tuple[Array, Array]:
    """F(u) and its derivative."""
    if name == "linear":
        return 1 + u, np.ones_like(u)
    if name == "raking":
        return np.exp(u), np.exp(u)
    if name == "sinh":  # with alpha = 1; by hand, since a complex asinh loses the step
        s = np.log(2 * u + np.sqrt(4 * u**2 + 1))
        g = (s + np.sqrt(s**2 + 4)) / 2
        return g, (1 + s / np.sqrt(s**2 + 4)) / np.sqrt(4 * u**2 + 1)
    low, up = bounds
    if name.startswith("cut "):
        g, slope = calibration_function(u, name.removeprefix("cut "), bounds)
        out = np.where(g.real < low, low, np.where(g.real > up, up, g))
        return out, np.where((g.real > low) & (g.real < up), slope, 0.0)
    a = (up - low) / ((1 - low) * (up - 1))
    e = np.exp(a * u)
    bottom = up - 1 + (1 - low) * e
    g = (low * (up - 1) + up * (1 - low) * e) / bottom
    return g, (g - low) * (up - g) / ((1 - low) * (up - 1))


def logistic(w: Array, x: Array, y: Array, steps: int = 40) -> Array:
    """Coefficients (q, columns) of a weighted logistic regression, by Newton's method."""
    columns = w.reshape(w.shape[0], -1)
    out = np.empty((x.shape[1], columns.shape[1]), dtype=w.dtype)
    for c in range(columns.shape[1]):
        beta = np.zeros(x.shape[1], dtype=w.dtype)
        for _ in range(steps):
            p = 1 / (1 + np.exp(-(x @ beta)))
            information = (x * (columns[:, c] * p * (1 - p))[:, None]).T @ x
            beta = beta + np.linalg.solve(information, x.T @ (columns[:, c] * (y - p)))
        out[:, c] = beta
    return out


def propensity(w: Array, x: Array, responded: Array, eligible: Array | None = None) -> Array:
    """Eligible respondents are divided by their fitted logistic propensity, the ineligible stay."""
    counts = np.ones(w.shape[0]) if eligible is None else eligible
    fitted = 1 / (1 + np.exp(-(x @ logistic(w * along_rows(counts, w), x, responded))))
    columns = w.reshape(w.shape[0], -1)
    out = columns * (counts * responded)[:, None] / fitted + columns * (1 - counts)[:, None]
    return np.asarray(out.reshape(w.shape))


def trim(
    w: Array,
    lower: float,
    upper: float,
    copies: Array,
    *,
    strict: bool = False,
    replicate: bool = False,
) -> Array:
    """Cap the weights and give the excess in equal parts to those not capped (yet).

    A row stands for `copies` of itself, each with an equal part of `w`; the caps are for each copy.
    Where none is left to take the excess there are no weights, or in a replicate all take it.
    """
    columns = w.reshape(w.shape[0], -1)
    times = copies.reshape(columns.shape)
    out = columns / np.where(times == 0, 1, times)
    for c in range(columns.shape[1]):
        free = [i for i in range(w.shape[0]) if columns[i, c].real != 0]
        while True:
            over = [i for i in free if not lower <= out[i, c].real <= upper]
            if not over:
                break
            excess = 0.0
            for i in over:
                cap = upper if out[i, c].real > upper else lower
                excess = excess + times[i, c] * (out[i, c] - cap)
                out[i, c] = cap
            free = [i for i in free if i not in over]
            if not free:
                everyone = [i for i in range(w.shape[0]) if columns[i, c].real != 0]
                shared = sum(times[i, c] for i in everyone) if replicate else np.nan
                for i in everyone:
                    out[i, c] = out[i, c] + excess / shared
                break
            shared = sum(times[i, c] for i in free)
            for i in free:
                out[i, c] = out[i, c] + excess / shared
            if not strict:
                break
    return (out * times).reshape(w.shape)


def attach(w: Array, rows: Array, factor: Array) -> Array:
    return w[rows] * along_rows(factor, w)


def ratio(w: Array, y: Array, x: Array, inside: Array | None = None) -> Array:
    """Ratio of two weighted sums over the rows inside a domain."""
    use = np.ones(y.size) if inside is None else inside.astype(float)
    return np.asarray(((y * use) @ w) / ((x * use) @ w))
