"""Before a survey is made: how many children, how precise, and which change it could see."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .arguments import explained
from .errors import number, sequence

__all__ = ["sample_size", "two_rounds"]

MOST = 10**12  # children
STEPS = 1000  # falls looked at before the least is narrowed down
REMEDY = "Write one number, or several as in [0.005, 0.01]."


@explained
def sample_size(
    prevalence: float | Sequence[float],
    relative_error: float | Sequence[float],
    *,
    deff: float | Sequence[float],
) -> pd.DataFrame:
    """Plan the number of children that gives a share a relative error, ``deff (1 - p) / (p e^2)``.

    Parameters
    ----------
    prevalence : float or list of float
        Share to plan for, p, between 0 and 1.
    relative_error : float or list of float
        Standard error over the share that is wanted, e: 0.15 for 15 %.
    deff : float or list of float
        Design effect of the share.

    Returns
    -------
    pandas.DataFrame
        One row per combination: prevalence, relative_error, deff, ``n`` (children interviewed,
        rounded up) and ``cases`` expected among them.

    Raises
    ------
    ValueError, TypeError
        When a number is not one, or out of its range.

    Notes
    -----
    It plans children interviewed: divide by the expected response, and by children per dwelling for
    dwellings. It fails (too few) where the design effect of the pilot is smaller than that of the
    study, as with more children per area.

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley, chapter 2. (book)

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.plan.sample_size([0.01, 0.05], 0.2, deff=1.5)
       prevalence  relative_error  deff     n  cases
    0        0.01             0.2   1.5  3713   37.1
    1        0.05             0.2   1.5   713   35.6
    """
    shares = _numbers("prevalence", prevalence, below=1)
    errors = _numbers("relative_error", relative_error, below=10)
    effects = _numbers("deff", deff)
    rows = []
    for p in shares:
        for e in errors:
            for effect in effects:
                n = int(np.ceil(effect * (1 - p) / (p * e**2) * (1 - 1e-12)))
                rows.append((p, e, effect, n, round(n * p, 1)))
    return pd.DataFrame(rows, columns=["prevalence", "relative_error", "deff", "n", "cases"])


@explained
def two_rounds(
    prevalence: float | Sequence[float],
    n: float | Sequence[float],
    *,
    deff: float | Sequence[float],
    correlation: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
) -> pd.DataFrame:
    """Plan which fall of a share two rounds of a survey detect, ``p1 - p2 = z sd(p1 - p2)``.

    ``var(p1 - p2) = V1 + V2 - 2 r sqrt(V1 V2)``, ``V = deff p (1 - p) / n``, and z the sum of the
    normal quantiles of ``(1 + level) / 2`` and of the power.

    Parameters
    ----------
    prevalence : float or list of float
        Share in the first round, p1, between 0 and 1.
    n : float or list of float
        Children interviewed in each round.
    deff : float or list of float
        Design effect of the share.
    correlation : float
        Correlation r of the two estimates, above 0 where areas are kept; at least 0, below 1.
    power : float
        Chance of a significant difference where the fall is this large.
    level : float
        One minus the two-sided significance level.

    Returns
    -------
    pandas.DataFrame
        One row per combination: prevalence, n, deff, ``cases`` expected in the first round,
        ``relative_error`` of the share, ``least_fall`` (the smallest relative fall that is detected;
        nan where no fall is) and ``says``, the same in words.

    Raises
    ------
    ValueError, TypeError
        When a number is not one, or out of its range.

    Notes
    -----
    Assumes one definition, window, frame and share of cases told in both rounds; without that a
    difference is not a change, however large the sample. It fails (promises too much) with fewer
    than about ten cases, where the normal approximation does.

    References
    ----------
    Fleiss, J. L., Levin, B. and Paik, M. C. (2003). Statistical Methods for Rates and Proportions,
    3rd ed. Wiley. (book)

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.plan.two_rounds([0.005, 0.05], 3_000, deff=3)[["prevalence", "cases", "says"]]
       prevalence  cases                       says
    0       0.005   15.0             not detectable
    1       0.050  150.0  a fall of 48 % or more
    """
    from scipy.special import ndtri

    shares, sizes = _numbers("prevalence", prevalence, below=1), _numbers("n", n)
    effects = _numbers("deff", deff)
    _whole("n", sizes)
    kept = _one("correlation", correlation, zero=True)
    chance, sure = _one("power", power), _one("level", level)
    z = float(ndtri((1 + sure) / 2) + ndtri(chance))
    rows = []
    for p in shares:
        for size in sizes:
            for effect in effects:
                spread = effect / size
                fall = _least_fall(p, z**2 * spread, kept)
                error = float(np.sqrt(spread * (1 - p) / p))
                says = f"a fall of {100 * fall:.0f} % or more" if fall <= 1 else "not detectable"
                least = fall if fall <= 1 else np.nan
                rows.append((p, size, effect, round(size * p, 1), error, least, says))
    names = ["prevalence", "n", "deff", "cases", "relative_error", "least_fall", "says"]
    return pd.DataFrame(rows, columns=names).astype({"n": np.int64})


def _least_fall(p: float, scale: float, correlation: float) -> float:
    """Return the smallest relative fall whose square is its variance times z^2; inf if there is none."""

    def detected(q: float) -> bool:
        one, two = p * (1 - p), q * (1 - q)
        return (p - q) ** 2 >= scale * (one + two - 2 * correlation * math.sqrt(one * two))

    # With a correlation a fall to nothing may be harder to see than a smaller one: from above.
    falls = (step / STEPS for step in range(1, STEPS + 1))
    found = next((fall for fall in falls if detected(p * (1 - fall))), None)
    if found is None:
        return math.inf
    low, high = p * (1 - found), p * (1 - found + 1 / STEPS)
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if detected(middle) else (low, middle)
    return 1 - low / p


def _one(argument: str, value: float, *, zero: bool = False) -> float:
    """Return a number below 1."""
    if np.ndim(value):
        raise TypeError(
            f"{argument} must be one number: found {np.size(value)}. Call once for each of them."
        )
    return _numbers(argument, value, below=1, zero=zero)[0]


def _whole(argument: str, found: list[float]) -> None:
    """Refuse numbers of children that are none, or more than there are."""
    wrong = [x for x in found if x != round(x) or x > MOST]
    if wrong:
        raise ValueError(
            f"{argument} must be whole numbers of at most {MOST:,}: {len(wrong)} of {len(found)} are "
            f"not (first: {wrong[0]:g}). Write for example 3000."
        )


def _numbers(
    argument: str, value: float | Sequence[float], *, below: float = np.inf, zero: bool = False
) -> list[float]:
    """Return one number or several as a list, each in its range."""
    given = [value] if np.ndim(value) == 0 else sequence(argument, value, REMEDY)
    found = [number(argument, x) for x in given]
    wrong = [x for x in found if not (x >= 0 if zero else x > 0) or not x < below]
    if wrong or not found:
        limits = f"{'at least' if zero else 'above'} 0" + (
            f" and below {below:g}" if np.isfinite(below) else " and finite"
        )
        first = f"(first: {wrong[0]:g})" if wrong else "(none given)"
        raise ValueError(
            f"{argument} must be {limits}: {len(wrong)} of {len(found)} are not {first}. {REMEDY}"
        )
    return found
