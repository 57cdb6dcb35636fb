"""Profile likelihood of the population size under the multinomial law of the capture histories.

For a total ``N = n + n0`` the other parameters are fitted with ``n0`` persons in the empty history;
``l(N) = lgamma(N + 1) - lgamma(n0 + 1) + sum(y log p) + n0 log p_0`` is exact, and its slope in
``N`` is ``digamma(N + 1) - digamma(n0 + 1) + log p_0`` because the rest is at its maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ConvergenceError, one_of
from ...lists import Lists
from ..histories import BoolArray, FloatArray, IntArray, as_columns, as_histories
from ..model import build_model
from .families import Family, build_family, check_model
from .normal import fit_normal
from .poisson import maximise, maximise_above

Surface = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
INTERVALS = ("dark-figure", "profile")
LEAST, MOST = 1e-4, 1e12  # dark figures between which a root is sought
TOLERANCE = 1e-11  # of the log of the dark figure
KNOTS = np.concatenate([np.arange(-4.0, 0.0, 0.25), np.arange(0.25, 4.01, 0.25)])


@dataclass(frozen=True, eq=False)
class Profile:
    """Where the profile has fallen by ``z^2 / 2`` from its maximum, for the signed roots ``z``.

    Attributes
    ----------
    total : float
        Total at the maximum of the multinomial likelihood.
    seen : float
        Persons on the lists.
    roots : ndarray, shape (K,)
        Signed roots ``z``, increasing.
    dark : ndarray, shape (K,)
        Dark figure at each: 0 where the profile does not fall so far above it, infinite where it
        never falls so far.
    slopes : ndarray, shape (K,)
        Derivative of the log of the dark figure in ``z``; nan where it is 0 or infinite.
    """

    total: float
    seen: float
    roots: FloatArray
    dark: FloatArray
    slopes: FloatArray

    def limits(self, level: float = 0.95) -> tuple[float, float]:
        """Interval of the total at a confidence level."""
        from ...intervals import profile

        constants = {
            "seen": np.array([self.seen]),
            "roots": self.roots[None, :],
            "dark": self.dark[None, :],
            "slopes": self.slopes[None, :],
        }
        low, high = profile(constants, np.array([np.inf]), level)[0]
        return float(low), float(high)


def trace(surface: Surface, seen: float, begin: float) -> Profile:
    """Profile of one table from its surface: maximum, and dark figures at the signed roots."""
    from scipy.special import digamma, gammaln

    def curve(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        dark = np.exp(x)
        value, log_none = surface(dark)
        kernel = gammaln(seen + dark + 1) - gammaln(dark + 1) + value
        slope = dark * (digamma(seen + dark + 1) - digamma(dark + 1) + log_none)
        return kernel, slope

    low, high = np.log(LEAST), np.log(MOST)
    top = _summit(curve, float(np.clip(np.log(max(begin, LEAST)), low, high)))
    peak = curve(np.array([top]))[0][0]
    roots = np.sort(np.append(KNOTS, [-1.959963984540054, 1.959963984540054]))
    drop = roots**2 / 2
    falls = peak - curve(np.array([low, high]))[0]
    x = np.where(roots < 0, -np.inf, np.inf)
    inside = np.where(roots < 0, falls[0] > drop, falls[1] > drop)
    if top <= low:
        inside &= roots > 0
    x[inside] = _descend(curve, top, peak, roots[inside], low, high)
    slopes = np.full(roots.shape, np.nan)
    if inside.any():
        slopes[inside] = -roots[inside] / curve(x[inside])[1]
    dark = np.exp(x)
    total = seen + (np.exp(top) if top > low else 0.0)
    return Profile(float(total), float(seen), roots, dark, slopes)


def _summit(curve: Surface, begin: float) -> float:
    """Log of the dark figure at the maximum, by bracketing the slope and Newton's secant."""
    low, high = np.log(LEAST), np.log(MOST)
    rising = curve(np.array([begin]))[1][0] > 0
    other, width = begin, 0.05
    while (curve(np.array([other]))[1][0] > 0) == rising:
        if other in (low, high):
            if rising:
                raise ConvergenceError(
                    "the profile likelihood of the population size has no maximum: it still rises at "
                    f"{MOST:g} persons. Fit a smaller model."
                )
            return float(low)
        other = float(np.clip(other + (width if rising else -width), low, high))
        width *= 2
    from scipy.optimize import brentq

    def slope(x: float) -> float:
        return float(curve(np.array([x]))[1][0])

    return float(brentq(slope, min(begin, other), max(begin, other), xtol=TOLERANCE, rtol=1e-14))


def _descend(
    curve: Surface, top: float, peak: float, roots: FloatArray, low: float, high: float
) -> FloatArray:
    """Solve ``peak - l(x) = z^2 / 2`` on the side of each root: Newton kept in a bracket.

    The outer end of the bracket begins near the top and doubles its distance until it is beyond.
    """
    drop, side = roots**2 / 2, np.sign(roots)
    near, width = np.full(roots.shape, top), 0.2 * np.abs(roots)
    far = np.clip(top + side * width, low, high)
    for _ in range(60):
        short = peak - curve(far)[0] < drop
        if not short.any():
            break
        near = np.where(short, far, near)
        width = np.where(short, 2 * width, width)
        far = np.where(short, np.clip(top + side * width, low, high), far)
    x = (near + far) / 2
    for _ in range(200):
        value, slope = curve(x)
        over = peak - value >= drop
        far, near = np.where(over, x, far), np.where(over, near, x)
        with np.errstate(all="ignore"):
            step = x + (peak - value - drop) / slope
        least = TOLERANCE * (1 + np.abs(x))
        # At a root the step ends at an end of the bracket, or beyond by its rounding.
        inside = ((step - near) * (step - far) < 0) | (np.abs(step - x) <= least)
        new = np.where(inside, step, (near + far) / 2)
        change, x = np.abs(new - x), new
        if (change <= least).all():
            break
    return x


def linear_surface(
    design: FloatArray, counts: FloatArray, kept: BoolArray, active: BoolArray, floored: BoolArray
) -> Surface:
    """Surface of a log-linear model whose intercept is the log of the dark figure.

    Arguments are of one column: counts and kept cells (C,), active and floored parameters (P,).
    """
    full = np.vstack([np.eye(1, design.shape[1]), design])
    margins = design.T @ (counts * kept)
    seen = float(counts.sum())
    fitted: list[tuple[FloatArray, FloatArray]] = []  # dark figures of the last call, coefficients

    def surface(dark: FloatArray) -> tuple[FloatArray, FloatArray]:
        width = dark.size
        wanted = np.repeat(margins[:, None], width, axis=1)
        wanted[0] += dark
        cell = np.repeat(np.append(True, kept)[:, None], width, axis=1)
        use = np.repeat(active[:, None], width, axis=1)
        if floored.any():
            found = maximise_above(full, wanted, cell, use, floored)
        else:
            # Newton begins with the coefficients of the nearest dark figure of the last call.
            start = None
            if fitted:
                last, known = fitted.pop()
                start = known[:, np.abs(np.log(dark)[:, None] - np.log(last)).argmin(axis=1)]
            found = maximise(full, wanted, cell, use, start)
            fitted.append((dark, found.coefficients))
        _require(found.converged, dark)
        log_total = np.log(seen + dark)
        eta = full @ found.coefficients - log_total
        value = dark * eta[0] + (counts * kept) @ np.where(cell, eta, 0.0)[1:]
        return value, eta[0]

    return surface


def _require(converged: BoolArray, dark: FloatArray) -> None:
    if not converged.all():
        first = float(dark[np.flatnonzero(~converged)[0]])
        raise ConvergenceError(
            f"the fit with a given dark figure did not converge for {int((~converged).sum())} of "
            f"{dark.size} values (first: {first:g} persons). Fit a smaller model."
        )


def response_surface(histories: IntArray, counts: FloatArray, *, first_apart: bool) -> Surface:
    """Surface of the models of response to capture, in closed form."""
    from scipy.special import xlog1py, xlogy

    lists = histories.shape[1]
    before = histories.argmax(axis=1) - int(first_apart)
    first = float(counts[before < 0].sum())
    seen = float(counts.sum())
    waits = float(counts[before >= 0] @ before[before >= 0])
    runs = lists - int(first_apart)

    def surface(dark: FloatArray) -> tuple[FloatArray, FloatArray]:
        later = seen - first
        missed = waits + runs * dark
        chance = later / (later + missed)
        total = seen + dark
        start = first / total
        value = xlogy(later, chance) + xlog1py(missed, -chance)
        value = value + xlogy(first, start) + xlog1py(total - first, -start)
        return value, np.log1p(-start) + runs * np.log1p(-chance)

    return surface


def normal_surface(histories: IntArray, counts: FloatArray, *, equal: bool) -> Surface:
    """Surface of normal heterogeneity."""
    full = np.vstack([np.zeros((1, histories.shape[1]), dtype=np.int64), histories])
    seen = float(counts.sum())

    def surface(dark: FloatArray) -> tuple[FloatArray, FloatArray]:
        table = np.vstack([dark, np.repeat(counts[:, None], dark.size, axis=1)])
        fit = fit_normal(full, table, equal=equal)
        _require(fit.found.converged, dark)
        eta = np.log(fit.found.fitted) - np.log(seen + dark)
        return (table * eta).sum(axis=0), eta[0]

    return surface


def profile_loglinear(
    histories: npt.ArrayLike,
    counts: npt.ArrayLike,
    terms: Iterable[Iterable[int]] = (),
    *,
    begin: float = 1.0,
) -> Profile:
    """Profile of the population size under a log-linear model, from one table of counts.

    Terms that no person of the table has are at their boundary: their cells leave the fit.

    References
    ----------
    Cormack, R. M. (1992). Interval estimation for mark-recapture studies of closed populations.
    Biometrics 48, 567-576.
    """
    model = build_model(histories, terms)
    column = as_columns(counts)[:, 0]
    absent = model.design.T @ column <= 0
    absent[0] = False
    kept = model.design @ absent.astype(np.float64) == 0
    none = np.zeros(absent.shape, dtype=bool)
    surface = linear_surface(model.design, column, kept, ~absent, none)
    return trace(surface, float(column.sum()), begin)


def profile_family(
    histories: npt.ArrayLike,
    counts: npt.ArrayLike,
    model: str = "Mt",
    heterogeneity: str | None = None,
    *,
    begin: float = 1.0,
) -> Profile:
    """Profile of the population size under a closed-population model, from one table of counts."""
    rows, column = as_histories(histories), as_columns(counts)[:, 0]
    kind = check_model(model, heterogeneity, rows.shape[1])
    if kind == "normal":
        surface = normal_surface(rows, column, equal=model == "Mh")
    elif model in ("Mb", "Mbh"):
        surface = response_surface(rows, column, first_apart=model == "Mbh")
    else:
        surface = _family_surface(build_family(rows, model, kind), column)
    return trace(surface, float(column.sum()), begin)


def _family_surface(family: Family, column: FloatArray) -> Surface:
    absent = family.listed & (family.design.T @ column <= 0)
    kept = family.design @ absent.astype(np.float64) == 0
    return linear_surface(family.design, column, kept, ~absent, family.floored)


def check_interval(lists: Lists, interval: str, more: tuple[str, ...] = ()) -> None:
    """Check the word for an interval; a profile and a bootstrap exclude each other."""
    one_of("interval", interval, (*INTERVALS, *more))
    if interval == "profile" and lists.scheme is not None:
        raise ValueError(
            "interval must not be 'profile' for lists with a bootstrap: their intervals are those of "
            "its replicates. Take the lists before .bootstrap(...), or leave interval out."
        )


def profiled(traced: Profile) -> dict[str, Any]:
    """Return what an estimate keeps of a profile, for limits at any level."""
    return {
        "interval": "profile",
        "constants": {
            "roots": traced.roots[None, :],
            "dark": traced.dark[None, :],
            "slopes": traced.slopes[None, :],
        },
        "provenance": {"point": "the maximum of the multinomial likelihood"},
    }
