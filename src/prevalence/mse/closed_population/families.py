"""Closed-population models: equal lists, unequal lists, unequal persons, response to capture.

Every model is log-linear in the counts of capture histories with the log of the dark figure ``n0``
a smooth function of its coefficients; ``N = n + n0`` and ``Var(N) = n0 + n0^2 g' I^-1 g`` with
``g`` the gradient of ``log n0``. For all but the models of response ``log n0`` is the intercept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import comb

import numpy as np
import numpy.typing as npt

from ...errors import one_of
from ..closed import chao_lower_bound
from ..existence import EXISTS, NO_MAXIMUM, existence_codes
from ..histories import (
    BoolArray,
    FloatArray,
    IntArray,
    as_columns,
    as_histories,
    capture_frequencies,
)
from .normal import fit_normal
from .poisson import Maximum, information, maximise, maximise_above, solve_active

MODELS = ("M0", "Mt", "Mh", "Mth", "Mb", "Mbh")
HETEROGENEITY = ("chao", "poisson", "darroch", "gamma", "normal")
SHAPE = {"poisson": 2.0, "gamma": 3.5}  # a of a^k - 1; theta of -log(theta + k) + log(theta)


@dataclass(frozen=True, eq=False)
class Family:
    """The design of a closed-population model and how its dark figure is read.

    `listed` marks the columns of single lists, `floored` those whose coefficient is at least 0.
    `dark` gives the log of the dark figure and its gradient from coefficients (P, B).
    """

    design: FloatArray
    names: tuple[str, ...]
    listed: BoolArray
    floored: BoolArray
    dark: Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class FamilyFit:
    """A closed-population model fitted to each column of counts; nan where there is no estimate.

    Attributes
    ----------
    dark, total, std_error, intercept_variance : ndarray, shape (B,)
        ``n0``, ``N = n + n0``, the standard error of the total, the variance of ``log n0``.
    deviance, log_likelihood, aic, bic : ndarray, shape (B,)
    parameters : ndarray of int, shape (B,)
        Parameters in use: those held at their floor of 0 are not counted.
    coefficients : ndarray, shape (P, B)
    fitted : ndarray, shape (C, B)
    converged : ndarray of bool, shape (B,)
    code : ndarray of int, shape (B,)
        0 the maximum exists, 1 no maximum, 2 not identifiable, 3 both.
    names : tuple of str
        Of the rows of `coefficients`.
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
    coefficients: FloatArray
    fitted: FloatArray
    converged: BoolArray
    code: IntArray
    names: tuple[str, ...]


def heterogeneity_column(kind: str, captures: npt.ArrayLike) -> FloatArray:
    """Column ``h(k)`` of unequal visibility for ``k`` captures.

    Poisson ``2^k - 1``, Darroch ``k^2 / 2``, gamma ``log(3.5) - log(3.5 + k)``: the log moments of
    a mixing law of the odds of capture among the persons not seen.
    """
    k = np.asarray(captures, dtype=np.float64)
    if kind == "poisson":
        return np.asarray(SHAPE[kind] ** k - 1)
    if kind == "darroch":
        return np.asarray(k**2 / 2)
    return np.asarray(np.log(SHAPE["gamma"]) - np.log(SHAPE["gamma"] + k))


def build_family(histories: IntArray, model: str, heterogeneity: str | None = None) -> Family:
    """Design of a model on histories (C, L); models of response take the lists in order of time."""
    captures = histories.sum(axis=1)
    lists = histories.shape[1]
    one = np.ones(len(histories))
    first = histories.argmax(axis=1).astype(np.float64)
    if model in ("Mb", "Mbh"):
        later = [] if model == "Mb" else [(first > 0).astype(np.float64)]
        columns = [one, *later, first, captures - 1.0]
        names = ["intercept", *["not on the first"][: len(later)], "before", "after"]
        none = np.zeros(len(columns), dtype=bool)
        return Family(
            np.column_stack(columns), tuple(names), none, none, _response(lists, model == "Mbh")
        )
    single = [histories[:, j].astype(np.float64) for j in range(lists)]
    columns = [one, *(single if "t" in model else [captures.astype(np.float64)])]
    names = ["intercept", *([f"list {j + 1}" for j in range(lists)] if "t" in model else ["k"])]
    listed = len(columns) - 1 if "t" in model else 0
    if heterogeneity == "chao":
        extra = [np.maximum(captures - j + 1.0, 0.0) for j in range(3, lists + 1)]
    elif heterogeneity:
        extra = [heterogeneity_column(heterogeneity, captures)]
    else:
        extra = []
    names += [f"{heterogeneity} {j + 1}" for j in range(len(extra))]
    place = np.arange(len(columns) + len(extra))
    return Family(
        np.column_stack([*columns, *extra]),
        tuple(names),
        (place > 0) & (place <= listed),
        (place >= len(columns)) & (heterogeneity == "chao"),
        _intercept,
    )


def _intercept(coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
    gradient = np.zeros(coefficients.shape)
    gradient[0] = 1.0
    return coefficients[0], gradient


def _response(
    lists: int, first_apart: bool
) -> Callable[[FloatArray], tuple[FloatArray, FloatArray]]:
    """Dark figure when capture changes later captures: ``u q^T / (1 - q)``.

    First captures on ``T`` lists fall by the factor ``q`` from list to list, from ``u`` on. With
    coefficients ``r`` of the lists before and ``a`` of the captures after, ``q = e^r / (1 + e^a)``
    and ``u = e^b0 (1 + e^a)^(T - 1)``. Where ``q >= 1`` first captures do not fall: no estimate.
    """
    runs = lists - first_apart

    def dark(coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
        rate, after = coefficients[-2], coefficients[-1]
        log_q = rate - np.logaddexp(0, after)
        falling = np.where(log_q < 0, log_q, np.nan)
        start = coefficients[0] + (coefficients[1] + rate if first_apart else 0.0)
        level = start + (runs - 1) * np.logaddexp(0, after)
        chance = 1 / (1 + np.exp(-after))
        slope = runs + 1 / np.expm1(-falling)
        gradient = np.zeros(coefficients.shape)
        gradient[0] = 1.0
        gradient[-2] = slope
        gradient[-1] = (runs - 1) * chance - slope * chance
        if first_apart:
            gradient[1] = 1.0
            gradient[-2] += 1.0
        return level + runs * falling - np.log(-np.expm1(falling)), gradient

    return dark


def bias_shift(histories: IntArray, model: str, heterogeneity: str | None) -> FloatArray:
    """Constants to be added to the counts (C,) that remove the bias of order 1 of rare captures.

    Rivest and Levesque (2001); at capture rates of 0.15 those of Mt remove a fifth of it. For models of response a person is moved three lists ahead among
    the first captures in all: the sum of the lists before the first capture falls by 3.
    """
    lists = histories.shape[1]
    captures = histories.sum(axis=1)
    pairs = lists * (lists - 1)
    if model in ("Mb", "Mbh"):
        return _removal_shift(histories, model == "Mbh")
    if "t" in model:
        per_cell = {
            None: ((lists - 2) / (2 * lists), 2 / pairs, 0.0),
            "chao": ((lists - 2) / (2 * lists), 2 / pairs, 0.0),
            "darroch": ((lists - 3) / (2 * lists), 4 / pairs, 0.0),
            "poisson": (
                (2 * lists - 5) / (4 * lists),
                3 / pairs,
                3 / (2 * pairs * max(lists - 2, 1)),
            ),
        }[heterogeneity]
    else:
        totals = (-0.5, 1.0, 0.0)
        if heterogeneity:
            h = heterogeneity_column(heterogeneity, [1, 2, 3])
            c = (h[1] - 2 * h[0]) / (h[2] - 2 * h[1] + h[0])
            totals = (-(1 + c) / 2, 1 + c, (1 - c) / 2)
        per_cell = tuple(value / max(comb(lists, k + 1), 1) for k, value in enumerate(totals))  # type: ignore[assignment]
    shift = np.zeros(len(histories))
    for k, value in enumerate(per_cell, start=1):
        shift[captures == k] = value
    return shift


def _removal_shift(histories: IntArray, first_apart: bool) -> FloatArray:
    """Three first captures moved one list ahead, on cells that are captured once only."""
    lists = histories.shape[1]
    once = histories.sum(axis=1) == 1
    first = histories.argmax(axis=1)
    begin = int(first_apart)
    moved = 3 / (lists - 1 - begin)
    shift = np.where(once & (first == begin), moved, 0.0)
    shift[once & (first == lists - 1)] = -moved
    return shift


def check_model(
    model: str, heterogeneity: str | None, lists: int, bias_corrected: bool = False
) -> str | None:
    """Check the words for a model; return its kind of heterogeneity (Chao's when none is given)."""
    one_of("model", model, MODELS)
    if model not in ("Mh", "Mth"):
        if heterogeneity is not None:
            raise ValueError(
                f"heterogeneity is for the models Mh and Mth: found {heterogeneity!r} with "
                f"{model}. Write model='Mh' or 'Mth', or leave it out."
            )
    else:
        heterogeneity = one_of("heterogeneity", heterogeneity or "chao", HETEROGENEITY)
    least = 4 if model == "Mbh" else 3 if model in ("Mh", "Mth", "Mb") else 2
    if heterogeneity == "normal" and model == "Mth":
        least = 4
    if lists < least:
        raise ValueError(
            f"lists must be at least {least} for model {model}: found {lists}. Use 'Mt', or "
            "pv.mse.lower_bound, which needs two."
        )
    if bias_corrected and (heterogeneity == "normal" or (model, heterogeneity) == ("Mth", "gamma")):
        raise ValueError(
            f"bias_corrected is not known for model {model} with heterogeneity "
            f"{heterogeneity!r}: no constants are published. Set bias_corrected=False."
        )
    return heterogeneity


def family_fit(
    histories: npt.ArrayLike,
    counts: npt.ArrayLike,
    model: str = "Mt",
    heterogeneity: str | None = None,
    *,
    bias_corrected: bool = False,
) -> FamilyFit:
    """Population size by a closed-population model, for every column of counts.

    Parameters
    ----------
    histories : array_like of 0/1, shape (C, L)
        Each of the ``2**L - 1`` capture histories once.
    counts : array_like, shape (C,) or (C, B)
    model : {"M0", "Mt", "Mh", "Mth", "Mb", "Mbh"}
    heterogeneity : {"chao", "poisson", "darroch", "gamma", "normal"}, optional
        For Mh and Mth.
    bias_corrected : bool
        Add the constants of `bias_shift`.

    Returns
    -------
    FamilyFit

    References
    ----------
    Baillargeon, S. and Rivest, L.-P. (2007). Rcapture: loglinear models for capture-recapture in R.
    Journal of Statistical Software 19(5). https://doi.org/10.18637/jss.v019.i05
    """
    rows, columns = as_histories(histories), as_columns(counts)
    kind = check_model(model, heterogeneity, rows.shape[1], bias_corrected)
    if kind == "normal":
        return _normal_family(rows, columns, equal=model == "Mh")
    family = build_family(rows, model, kind)
    design = family.design
    absent = family.listed[:, None] & (design.T @ columns <= 0)
    active = ~absent
    kept = design @ absent.astype(np.float64) == 0
    shift = bias_shift(rows, model, kind) if bias_corrected else np.zeros(len(rows))
    margins = design.T @ ((columns + shift[:, None]) * kept)
    if family.floored.any():
        found = maximise_above(design, margins, kept, active, family.floored)
    else:
        found = maximise(design, margins, kept, active)
    fit = summarise(
        columns,
        found,
        dark=family.dark(found.coefficients),
        matrix=information(design, found.fitted),
        code=_codes(family, columns, found, kept),
        names=family.names,
        parameters=(found.active | family.listed[:, None]).sum(axis=0),
    )
    if bias_corrected and (model, kind) == ("Mh", "chao"):
        return _corrected_bound(rows, columns, fit)
    return fit


def _corrected_bound(rows: IntArray, columns: FloatArray, fit: FamilyFit) -> FamilyFit:
    """Chao's bias-corrected bound in closed form, in place of the constrained likelihood's."""
    frequencies = capture_frequencies(rows, columns)
    persons = columns.sum(axis=0)
    total, variance = chao_lower_bound(persons, frequencies[0], frequencies[1], lists=rows.shape[1])
    dark = total - persons
    log_variance = (variance - dark) / np.where(dark > 0, dark, np.nan) ** 2
    return replace(
        fit,
        dark=dark,
        total=total,
        std_error=np.sqrt(variance),
        intercept_variance=log_variance,
    )


def _codes(family: Family, counts: FloatArray, found: Maximum, kept: BoolArray) -> IntArray:
    """Why a column has no estimate, by linear program and rank where the fit is no proof."""
    code = np.zeros(counts.shape[1], dtype=np.int64)
    doubtful = np.flatnonzero(~found.converged)
    if doubtful.size:
        code[doubtful] = existence_codes(
            family.design, counts[:, doubtful] > 0, found.active[:, doubtful], kept[:, doubtful]
        )
    return code


def _normal_family(rows: IntArray, columns: FloatArray, *, equal: bool) -> FamilyFit:
    """Fit normal heterogeneity, which is not log-linear in its parameters."""
    fit = fit_normal(rows, columns, equal=equal)
    single = 1 if equal else rows.shape[1]
    odds = ("log odds",) if equal else tuple(f"log odds {j + 1}" for j in range(single))
    return summarise(
        columns,
        fit.found,
        dark=(fit.log_dark, fit.dark_gradient),
        matrix=np.einsum("cpb,cb,cqb->bpq", fit.jacobian, fit.found.fitted, fit.jacobian),
        code=np.where(fit.found.converged, EXISTS, NO_MAXIMUM),
        names=("log N", *odds, "variance"),
        parameters=fit.found.active.sum(axis=0),
    )


def summarise(
    counts: FloatArray,
    found: Maximum,
    *,
    dark: tuple[FloatArray, FloatArray],
    matrix: FloatArray,
    code: IntArray,
    names: tuple[str, ...],
    parameters: IntArray,
) -> FamilyFit:
    """Everything a fit reports: `dark` is log n0 and its gradient, `matrix` the information."""
    from scipy.special import gammaln, xlogy

    log_dark, gradient = dark
    good = (code == EXISTS) & found.converged & np.isfinite(log_dark)
    blank = np.where(good, 0.0, np.nan)
    with np.errstate(all="ignore"):
        gradient = np.where(found.active & good, gradient, 0.0)
        solved = solve_active(matrix, found.active, gradient)
        variance = np.einsum("pb,pb->b", gradient, solved) + blank
        unseen = np.exp(np.minimum(log_dark, 700)) + blank
    means = np.where(found.fitted > 0, found.fitted, 1.0)
    logarithm = (xlogy(counts, means) - found.fitted).sum(axis=0) + blank
    log_likelihood = logarithm - gammaln(counts + 1).sum(axis=0)
    persons = counts.sum(axis=0)
    return FamilyFit(
        dark=unseen,
        total=persons + unseen,
        std_error=np.sqrt(unseen + unseen**2 * variance),
        intercept_variance=variance,
        deviance=np.maximum(2 * ((xlogy(counts, counts) - counts).sum(axis=0) - logarithm), 0.0),
        log_likelihood=log_likelihood,
        aic=2 * parameters - 2 * log_likelihood,
        bic=np.log(np.maximum(persons, 1)) * parameters - 2 * log_likelihood,
        parameters=parameters,
        coefficients=found.coefficients + blank,
        fitted=found.fitted + blank,
        converged=found.converged,
        code=code,
        names=names,
    )
