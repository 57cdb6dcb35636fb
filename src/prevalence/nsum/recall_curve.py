"""Recall error: how estimated sizes of known groups fall behind their true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import explained
from ..errors import level_in_range, note, number, one_of
from ..intervals import t_quantile

if TYPE_CHECKING:
    import pandas as pd

    from .validation import Validation

__all__ = ["Recall", "fit_recall", "recalled_size"]

Array = NDArray[Any]
SHAPES = tuple(np.geomspace(0.1, 10, 21).tolist())


@explained
def recalled_size(size: ArrayLike, threshold: float, shape: float = 1.0) -> Array:
    """Recalled size of groups: their own up to a threshold, towards its square root above.

    ``f(N) = N [ (c1 / N) exp{ (1 - (c1 / N)^c2) / c2 } ]^(1/2)`` above c1, ``f(N) = N`` below. On
    the log scale its slope falls from 1 at c1 to 1/2, the faster the larger c2.

    Parameters
    ----------
    size : array of float
        Sizes of groups, N, as numbers of people or as shares.
    threshold : float
        Largest size that is recalled in full, c1, in the unit of `size`.
    shape : float
        How fast the slope falls, c2; infinity for a kink.

    Returns
    -------
    ndarray
        Recalled sizes.

    Raises
    ------
    ValueError
        When a size, the threshold or the shape is not positive.

    Notes
    -----
    It fails as a correction of single groups, since it knows their sizes alone.

    The form is that of McCormick and Zheng (2007) as it is cited by others. The constants printed
    there, ``c1 = exp(-7)`` on the scale of shares and ``c2 = 1``, are not confirmed here: fit or
    sweep them with `Validation.recall` and `Recall.sweep`.

    References
    ----------
    McCormick, T. H. and Zheng, T. (2007). Adjusting for recall bias in "How many X's do you
    know?" surveys. Proceedings of the Joint Statistical Meetings. (no DOI)

    McCormick, T. H., Salganik, M. J. and Zheng, T. (2010). How many people do you know?: efficiently
    estimating personal network size. Journal of the American Statistical Association 105, 59-70.
    doi:10.1198/jasa.2009.ap08518

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.nsum.recalled_size([500, 1000, 4000, 16000], threshold=1000).round()
    array([ 500., 1000., 2910., 6392.])
    """
    c1, c2 = number("threshold", threshold), number("shape", shape)
    for name, value in (("threshold", c1), ("shape", c2)):
        if not value > 0:
            raise ValueError(f"{name} must be positive: found {value:g}. Correct it.")
    return np.exp(_log_recalled(_logs("size", size), float(np.log(c1)), c2))


def _logs(argument: str, sizes: ArrayLike) -> Array:
    """Return the logarithms of numbers of people, after checking them."""
    given = np.asarray(sizes, dtype=float)
    bad = ~((given > 0) & (given <= 1e15))
    if bad.any():
        raise ValueError(
            f"{argument} must be numbers of people above 0: {int(bad.sum())} of {given.size} are not "
            f"(first: {given[bad].flat[0]:g}). Give sizes such as [500, 4000]."
        )
    return np.asarray(np.log(given))


def _log_recalled(log_size: Array, log_threshold: float, shape: float) -> Array:
    over = np.maximum(log_size - log_threshold, 0.0)
    bend = 0.0 if np.isinf(shape) else -np.expm1(-shape * over) / shape
    return np.asarray(log_size + 0.5 * (bend - over))


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Recall:
    """How leave-one-out sizes of known groups follow their known sizes, on the log scale.

    Made by `Validation.recall`.

    Parameters
    ----------
    groups : tuple of str
        Known groups that it was fitted to.
    log_size, log_estimate : arrays of shape (K,)
        Logarithms of their known and of their leave-one-out sizes.
    form : {"line", "curve"}
        ``log estimate = a + s log size``, or ``a + log f(size)`` with `recalled_size` as f.
    intercept, slope : float
        Coefficients a and s; the slope is nan for the curve, which has one for each size.
    threshold, shape : float
        Constants c1 and c2 of the curve; nan for the line.
    df : int
        Number of groups minus that of fitted constants.
    warnings : tuple of str
        What was said while fitting.

    References
    ----------
    Maltiel, R., Raftery, A. E., McCormick, T. H. and Baraff, A. J. (2015). Estimating population
    size using the network scale up method. Annals of Applied Statistics 9, 1247-1277.
    doi:10.1214/15-AOAS827

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"priests": [1, 1, 0, 2], "police": [2, 1, 1, 4], "drivers": [12, 11, 7, 20]}
    >>> known = {"priests": 400, "police": 1000, "drivers": 10_000}
    >>> recall = pv.nsum.validate(pv.Survey(data), known=known).recall()
    >>> round(recall.slope, 3), recall.adjusted([2500.0]).round()
    (0.623, array([2474.]))
    >>> recall.left_of([2500.0]).round(), recall.band([2500.0]).round()
    (array([2516.]), array([[  558., 11358.]]))
    >>> recall.prediction_error([2500.0]).round(2)
    array([0.19])
    >>> recall.to_frame()["group"].tolist(), len(recall.sweep())
    (['priests', 'police', 'drivers'], 7)
    """

    groups: tuple[str, ...]
    log_size: Array
    log_estimate: Array
    form: str
    intercept: float
    slope: float
    threshold: float
    shape: float
    df: int
    warnings: tuple[str, ...] = ()

    # ------------------------------------------------------------------ the fit
    @property
    def fitted(self) -> Array:
        """Logarithms of the sizes that the recall error leaves of the known groups."""
        return self._log_left(self.log_size)

    @property
    def residual_variance(self) -> float:
        """Sum of squared residuals over the degrees of freedom."""
        return float(np.sum((self.log_estimate - self.fitted) ** 2) / self.df)

    @property
    def slope_std_error(self) -> float:
        """Standard error of the slope of the line; nan for the curve."""
        spread = float(np.sum((self.log_size - self.log_size.mean()) ** 2))
        error = float(np.sqrt(self.residual_variance / spread))
        return error if self.form == "line" else float("nan")

    def _log_left(self, log_size: Array) -> Array:
        if self.form == "line":
            return np.asarray(self.intercept + self.slope * log_size)
        bend = _log_recalled(log_size, float(np.log(self.threshold)), self.shape)
        return np.asarray(self.intercept + bend)

    def _slope_at(self, log_size: Array) -> Array:
        if self.form == "line":
            return np.full_like(log_size, self.slope)
        over = log_size - np.log(self.threshold)
        bend = np.exp(-self.shape * np.maximum(over, 0.0)) if np.isfinite(self.shape) else 0.0
        return np.asarray(np.where(over <= 0, 1.0, 0.5 + 0.5 * bend))

    # ------------------------------------------------------------------ both ways
    def left_of(self, size: ArrayLike) -> Array:
        """Return what the recall error leaves of groups of these sizes.

        Parameters
        ----------
        size : array of float
            True sizes.

        Returns
        -------
        ndarray
            Sizes that network scale-up is expected to give.
        """
        return np.exp(self._log_left(_logs("size", size)))

    def adjusted(self, estimate: ArrayLike) -> Array:
        """Return the true sizes that would have been estimated so: the recall error undone.

        Parameters
        ----------
        estimate : array of float
            Sizes by network scale-up.

        Returns
        -------
        ndarray
            For the line ``exp((log estimate - a) / s)``; for the curve its inverse.
        """
        left = _logs("estimate", estimate) - self.intercept
        if self.form == "line":
            return np.asarray(np.exp(left / self.slope))
        bend = float(np.log(self.threshold))
        low, high = left, np.maximum(left, 2 * left - bend)  # slopes of f lie between 1/2 and 1
        for _ in range(80):
            middle = (low + high) / 2
            under = _log_recalled(middle, bend, self.shape) < left
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.asarray(np.exp((low + high) / 2))

    def prediction_error(self, size: ArrayLike) -> Array:
        """Return the standard error of the log of an adjusted size: that of a new group.

        Parameters
        ----------
        size : array of float
            Adjusted sizes.

        Returns
        -------
        ndarray
            ``sqrt(s2 (1 + x'(X'X)^-1 x)) / s`` at ``x = (1, log size)``; for the curve with fitted
            constants taken as known, but for the intercept.
        """
        at = _logs("size", size)
        leverage = np.full_like(at, 1 / len(self.groups))
        if self.form == "line":
            centre = self.log_size.mean()
            leverage = leverage + (at - centre) ** 2 / np.sum((self.log_size - centre) ** 2)
        return np.asarray(np.sqrt(self.residual_variance * (1 + leverage)) / self._slope_at(at))

    def band(self, size: ArrayLike, level: float = 0.95) -> Array:
        """Return limits within which a new group of a size is expected to be estimated.

        Parameters
        ----------
        size : array of float
            True sizes.
        level : float
            Probability of the limits.

        Returns
        -------
        ndarray of shape (sizes, 2)
            Limits of the size by network scale-up.

        Raises
        ------
        ValueError
            When the level does not lie between 0 and 1.
        """
        at = _logs("size", size)
        half = t_quantile(np.array(float(self.df)), level_in_range(level))
        spread = half * self.prediction_error(size) * self._slope_at(at)
        middle = self._log_left(at)
        return np.asarray(np.exp(np.stack([middle - spread, middle + spread], axis=-1)))

    # ------------------------------------------------------------------ to read
    def to_frame(self) -> pd.DataFrame:
        """Return one row per known group: its size, its estimate and what the recall error leaves.

        Returns
        -------
        pandas.DataFrame
            Columns group, size, estimate, fitted and residual (of the logarithms).
        """
        import pandas as pd

        return pd.DataFrame({
            "group": self.groups, "size": np.exp(self.log_size),
            "estimate": np.exp(self.log_estimate), "fitted": np.exp(self.fitted),
            "residual": self.log_estimate - self.fitted,
        })  # fmt: skip

    def sweep(
        self, shapes: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0, float("inf"))
    ) -> pd.DataFrame:
        """Return the curve for several shapes, beside the line: what the choice matters.

        Parameters
        ----------
        shapes : sequence of float
            Constants c2 of the curve.

        Returns
        -------
        pandas.DataFrame
            Columns form, shape, threshold, intercept and residual_sd, one row per shape and one
            for the line.
        """
        import pandas as pd

        bad = [c2 for c2 in shapes if not number("shapes", c2) > 0]
        if bad:
            raise ValueError(
                f"shapes must be above 0: found {bad[0]:g}. Write for example (0.5, 1.0, 2.0)."
            )
        fits = [_curve(self.log_size, self.log_estimate, float(c2)) for c2 in shapes]
        k, line = self.log_size.size, _line(self.log_size, self.log_estimate)
        rows = [
            {"form": "line", "shape": np.nan, "threshold": np.nan, "intercept": line[0],
             "residual_sd": np.sqrt(line[2] / (k - 2))},
            *({"form": "curve", "shape": c2, "threshold": np.exp(f[1]), "intercept": f[0],
               "residual_sd": np.sqrt(f[2] / (k - 2))} for c2, f in zip(shapes, fits, strict=True)),
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        law = f"log estimate = {self.intercept:.3g} + {self.slope:.3g} log size"
        if self.form == "curve":
            law = (
                f"log estimate = {self.intercept:.3g} + log f(size), c1 {self.threshold:,.0f}, "
                f"c2 {self.shape:.3g}"
            )
        return (
            f"<Recall: {law}, from {len(self.groups)} known groups; residual sd "
            f"{np.sqrt(self.residual_variance):.3g}>"
        )


# ---------------------------------------------------------------------- fits
def fit_recall(validation: Validation, form: str, shape: float | None) -> Recall:
    """Return the recall curve of the groups that a validation keeps."""
    one_of("form", form, ["line", "curve"])
    if form == "curve" and shape is not None and not number("shape", shape) > 0:
        raise ValueError(f"shape must be positive: found {shape:g}. Write for example 1.")
    said: list[str] = []
    used = 2 + (form == "curve" and shape is None)
    names, x, y = _points(validation, used, said)
    if form == "line":
        intercept, slope, _ = _line(x, y)
        return Recall(
            names, x, y, form, intercept, slope, np.nan, np.nan, len(names) - used, tuple(said)
        )
    shapes = SHAPES if shape is None else (float(shape),)
    fits = [(_curve(x, y, c2), c2) for c2 in shapes]
    (intercept, log_threshold, _), best = min(fits, key=lambda fit: fit[0][2])
    threshold = float(np.exp(log_threshold))
    if log_threshold < x.min():
        note(
            said,
            f"the threshold of the recall curve comes to {threshold:,.0f}, below the smallest known "
            f"group of {np.exp(x.min()):,.0f}: the known groups do not tell it. Use the line, or add "
            "smaller known groups.",
        )
    return Recall(
        names, x, y, form, intercept, np.nan, threshold, best, len(names) - used, tuple(said)
    )


def _points(
    validation: Validation, used: int, said: list[str]
) -> tuple[tuple[str, ...], Array, Array]:
    """Return the groups that can be used with the logarithms of their sizes and estimates."""
    sizes, values = validation.asked.sizes(), validation.estimate.value
    kept = np.array([name in validation.kept for name in validation.groups])
    usable = kept & np.isfinite(values) & (values > 0)
    if (kept & ~usable).any():
        first = validation.groups[int(np.flatnonzero(kept & ~usable)[0])]
        note(
            said,
            f"recall is fitted without {int((kept & ~usable).sum())} known groups that nobody knows "
            f"(first: {first!r}): their log estimate does not exist.",
        )
    names = tuple(name for name, use in zip(validation.groups, usable, strict=True) if use)
    x = np.log(sizes[usable])
    if len(names) <= used:
        raise ValueError(
            f"known must hold at least {used + 1} groups that somebody knows to fit recall with "
            f"{used} constants: found {len(names)}. Add groups."
        )
    if np.ptp(x) == 0:
        raise ValueError(
            f"known groups must differ in size to fit recall: found {len(names)} of one size. Add "
            "larger or smaller ones."
        )
    return names, x, np.log(values[usable])


def _line(x: Array, y: Array) -> tuple[float, float, float]:
    """Return intercept, slope and residual sum of squares by least squares."""
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    intercept = float(y.mean() - slope * x.mean())
    return intercept, slope, float(np.sum((y - intercept - slope * x) ** 2))


def _curve(x: Array, y: Array, shape: float) -> tuple[float, float, float]:
    """Return intercept, log threshold and residual sum of squares of the curve of one shape.

    A grid over the thresholds, then a golden section between the neighbours of the best.
    """

    def fit(log_threshold: float) -> tuple[float, float, float]:
        off = y - _log_recalled(x, log_threshold, shape)
        return float(off.mean()), log_threshold, float(np.sum((off - off.mean()) ** 2))

    grid = np.linspace(x.min() - np.log(100.0), x.max(), 121)
    best = int(np.argmin([fit(at)[2] for at in grid.tolist()]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
    golden = (np.sqrt(5.0) - 1) / 2
    for _ in range(60):
        one, two = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, two) if fit(one)[2] <= fit(two)[2] else (one, high)
    return fit((low + high) / 2)
