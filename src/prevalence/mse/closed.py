"""Closed forms: two lists, Chao's lower bound, and the log-normal interval on the dark figure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .histories import FloatArray


def _two_lists(
    n1: npt.ArrayLike, n2: npt.ArrayLike, m: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    first, second, both = np.broadcast_arrays(
        np.asarray(n1, dtype=np.float64),
        np.asarray(n2, dtype=np.float64),
        np.asarray(m, dtype=np.float64),
    )
    bad = ~((both >= 0) & (both <= np.minimum(first, second)))
    if bad.any():
        at = tuple(np.argwhere(bad)[0]) if bad.ndim else ()
        raise ValueError(
            f"m must lie between 0 and the smaller list: {int(bad.sum())} of {bad.size} do not "
            f"(first: n1 {first[at]:g}, n2 {second[at]:g}, m {both[at]:g}). "
            "Check the matched records."
        )
    return first, second, both


def lincoln_petersen(
    n1: npt.ArrayLike, n2: npt.ArrayLike, m: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Population size from two independent lists, ``n1 n2 / m``, and its delta-method variance.

    The variance is ``n1 n2 (n1 - m)(n2 - m) / m^3``. Where nobody is on both lists (``m = 0``)
    both are infinite.

    Parameters
    ----------
    n1, n2 : array_like
        Persons on each list.
    m : array_like
        Persons on both.

    Returns
    -------
    total, variance : ndarray, broadcast shape of the arguments

    Examples
    --------
    >>> total, variance = lincoln_petersen(94, 567, 18)
    >>> float(total)
    2961.0
    """
    first, second, both = _two_lists(n1, n2, m)
    overlap = np.where(both > 0, both, 1.0)
    total = np.where(both > 0, first * second / overlap, np.inf)
    spread = first * second * (first - both) * (second - both) / overlap**3
    return total, np.where(both > 0, spread, np.inf)


def chapman(
    n1: npt.ArrayLike, n2: npt.ArrayLike, m: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Chapman's estimate of the population size from two independent lists, and Seber's variance.

    ``N = (n1 + 1)(n2 + 1) / (m + 1) - 1``,
    ``Var = (n1 + 1)(n2 + 1)(n1 - m)(n2 - m) / ((m + 1)^2 (m + 2))``; finite also when ``m = 0``.

    Parameters
    ----------
    n1, n2 : array_like
        Persons on each list.
    m : array_like
        Persons on both.

    Returns
    -------
    total, variance : ndarray, broadcast shape of the arguments

    References
    ----------
    Seber, G. A. F. (1982). The Estimation of Animal Abundance and Related Parameters, 2nd
    ed., p. 60. Griffin.

    Examples
    --------
    >>> total, variance = chapman(94, 567, 18)
    >>> float(total), float(variance)
    (2839.0, 311832.0)
    """
    first, second, both = _two_lists(n1, n2, m)
    product = (first + 1) * (second + 1)
    variance = product * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    return product / (both + 1) - 1, variance


def chao_lower_bound(
    n: npt.ArrayLike, f1: npt.ArrayLike, f2: npt.ArrayLike, *, lists: int
) -> tuple[FloatArray, FloatArray]:
    """Chao's bias-corrected lower bound of the population size, and its variance.

    With ``c = (L - 1) / L`` the dark figure is ``n0 = c f1 (f1 - 1) / (2 (f2 + 1))`` and
    ``Var = n0 + n0^2 - c^2 f1 (f1 - 1)(f1 - 2)(f1 - 3) / (4 (f2 + 1)(f2 + 2))``.
    The last two terms are ``n0^2`` less an estimate of ``E(n0)^2``: for independent Poisson ``f1``
    and ``f2`` the factorial moments ``f1 (f1-1)(f1-2)(f1-3)`` and ``1 / ((f2 + 1)(f2 + 2))``
    estimate ``E(f1)^4`` and ``E(f2)^-2`` (the second up to ``exp(-E f2)`` terms), so their product
    lacks the bias that a Taylor expansion keeps at small ``f2``. The first term is the spread of
    the unseen themselves.

    Parameters
    ----------
    n : array_like
        Persons on any list.
    f1, f2 : array_like
        Persons on exactly one and exactly two lists.
    lists : int
        Number of lists, at least 2.

    Returns
    -------
    total, variance : ndarray, broadcast shape of the arguments

    References
    ----------
    Chao, A. (1987). Estimating the population size for capture-recapture data with unequal
    catchability. Biometrics 43, 783-791. https://doi.org/10.2307/2531532

    Rivest, L.-P. and Levesque, T. (2001). Improved log-linear model estimators of abundance in
    capture-recapture experiments. Canadian Journal of Statistics 29, 555-572. (DOI not checked)

    Examples
    --------
    >>> total, variance = chao_lower_bound(2744, 2523, 214, lists=5)
    >>> round(float(total), 2), round(float(variance) ** 0.5, 3)
    (14582.15, 939.017)
    """
    if lists < 2:
        raise ValueError(f"lists must be at least 2: got {lists}. One list has no recaptures.")
    seen, once, twice = np.broadcast_arrays(
        np.asarray(n, dtype=np.float64),
        np.asarray(f1, dtype=np.float64),
        np.asarray(f2, dtype=np.float64),
    )
    factor = (lists - 1) / lists
    dark = factor * once * (once - 1) / (2 * (twice + 1))
    fourth = once * (once - 1) * (once - 2) * (once - 3)
    variance = dark + dark**2 - factor**2 * fourth / (4 * (twice + 1) * (twice + 2))
    return seen + dark, np.maximum(variance, 0.0)
