"""Variances and covariances of outcomes in the population, by domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..concentration import WeightedTotals
from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import note, one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import by_domain, row_facts
from ..registry import estimator
from ..survey import Survey
from .outcomes import SARNDAL, answering, example_with, outcomes

__all__ = ["variance"]

Array = NDArray[Any]
COUNTED = "the factor n / (n - 1) counts the rows with weight"


@estimator(
    unit="variance",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=example_with(outcome=["y", "x"]),
    skips={"replicate columns": COUNTED, "repeated row": COUNTED},
)
@explained
def variance(
    survey: Survey,
    outcome: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
    interval: str = "log",
) -> Estimate:
    """Estimate population variances, ``n / (n - 1) sum w (y - m)**2 / sum w``, and covariances.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str or list of str
        Numeric columns; a list gives the whole covariance matrix as one joint estimate.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with a missing outcome; a row that misses one of several leaves all of them.
    interval : {"log", "wald"}
        Intervals of variances: symmetric on the log scale, or about the value as in R. Those of
        covariances are always the second.

    Returns
    -------
    Estimate
        One row per entry of the matrix, row by row, and domain: ``"y"`` is a variance,
        ``"cov(y, x)"`` a covariance, in squared units of the outcomes.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the outcome is missing, infinite, text or unknown.

    Notes
    -----
    m is the estimated mean and n the rows of the domain, which is taken as a constant in the
    variance, as in R. Intervals on the log scale take fewer degrees of freedom where few primary
    units carry the variance, as those of `nsum.scale_up`: R's, about the value, hold the truth of
    skewed outcomes 91 to 93 times in 100, these 93 to 95 (docs, coverage). Assumes that rows
    dropped for a missing outcome are like the others. The standard error fails with heavy tails (it
    rests on the fourth moment), and there is none in a domain of one row or where the outcome does
    not vary.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1.0, 3.0, 5.0], "w": [1.0, 2.0, 1.0]}, weights="w")
    >>> pv.direct.variance(survey, "y").value
    array([3.])
    """
    rule = {"log": "moment", "wald": "wald"}[one_of("interval", interval, ["log", "wald"])]
    domains = domains_of(survey, by, where)
    names, y, answered, lost = outcomes(survey, outcome, missing, domains)
    ones = answering(y, answered)
    centre = _means(survey, domains, y, ones)
    code = 0 if domains.code is None else domains.code
    z = [(row - at[code]) * ones for row, at in zip(y, centre, strict=True)]  # against cancellation
    first, second = np.triu_indices(len(z))
    with np.errstate(over="ignore"):  # a value beyond floats is told as none
        squares = [z[i] * z[j] for i, j in zip(first, second, strict=True)]

    def theta(w: Weights) -> Array:
        total = ones @ w
        means = (z @ w) / total
        return np.asanyarray((squares @ w) / total - means[first] * means[second])

    found = evaluate(survey, theta, domains)
    still = _still(found.value[first == second], centre)
    result = _corrected(found, found.n - lost[0], still[first] | still[second])
    names_of, full = _whole_matrix(result, names, domains.count)
    return assemble(
        survey,
        full,
        domains,
        outcomes=names_of,
        unit="variance",
        method="direct.variance",
        interval=rule,
        citations=[SARNDAL],
        facts=row_facts(full, np.tile(lost[:1], (len(names_of), 1))),
        constants=_constants(survey, domains, z, ones) if rule == "moment" else {},
    )


def _constants(survey: Survey, domains: Domains, z: list[Array], ones: Array) -> dict[str, Array]:
    """Return which entries of the matrix are variances, and what few primary units carry of them."""
    size = len(z)
    own = np.repeat(np.eye(size).ravel(), domains.count)
    if survey.scheme is not None and survey.scheme.given:  # their units are not known
        return {"own": own, "excess": np.zeros(own.size)}
    totals = WeightedTotals(survey, domains)
    squares = [(row / (np.abs(row).max(initial=0.0) or 1.0)) ** 2 for row in z]  # within floats
    mean = _means(survey, domains, squares, ones)
    each = totals.of(ones)
    off = [totals.of(row) - at[totals.domain] * each for row, at in zip(squares, mean, strict=True)]
    excess = np.zeros((size * size, domains.count))
    excess[:: size + 1] = totals.excess(np.array(off)).reshape(size, domains.count)
    return {"own": own, "excess": excess.ravel()}


def _means(survey: Survey, domains: Domains, y: list[Array], ones: Array) -> Array:
    """Return the means (outcomes, domains), 0 in a domain without rows."""
    weights = survey.chain.weights * ones
    size = by_domain(domains, weights)
    with np.errstate(all="ignore"):
        return np.nan_to_num([by_domain(domains, weights * row) / size for row in y])


def _still(variances: Array, centre: Array) -> Array:
    """Tell where an outcome does not vary, up to the rounding of its mean."""
    spread = np.sqrt(np.maximum(variances, 0))
    with np.errstate(invalid="ignore"):
        return np.asarray(spread <= 1e-13 * np.maximum(np.abs(centre), spread))


def _corrected(found: Result, n: Array, still: Array) -> Result:
    """Multiply by n / (n - 1); blank what has no standard error."""
    factor = np.where(n > 1, n / np.maximum(n - 1, 1), np.nan)
    known = np.tile(np.nan_to_num(factor), len(found.value))
    flat = (still | (n <= 1)) & (found.n > 0)
    said: list[str] = []
    if flat.any():
        note(
            said,
            f"{int(flat.sum())} of {flat.size} variances have no standard error: the outcome does "
            "not vary between the rows of the domain, or there is one row.",
        )
    unknown = (flat | ~np.isfinite(factor)).reshape(-1)
    error = found.block.std_error.reshape(flat.shape)
    with np.errstate(invalid="ignore"):
        even = ~flat & (error <= 1e-14 * np.abs(found.value)) & (found.value != 0)
    if even.any() and np.any(found.block.scheme.coefficients):
        note(
            said,
            f"{int(even.sum())} of {even.size} variances have a standard error of 0: all rows of the "
            "domain lie as far from its mean, as two rows always do. Use larger domains.",
        )
    return replace(
        found,
        value=np.where(still, 0.0, found.value) * factor,
        block=blank_rows(found.block.scaled(known), unknown),
        targets=tuple(block.scaled(known) for block in found.targets),
        warnings=(*found.warnings, *said),
    )


def _whole_matrix(half: Result, names: list[str], domains: int) -> tuple[list[str], Result]:
    """Return the entries of the matrix row by row from those on and above its diagonal."""
    size = len(names)
    place = np.zeros((size, size), dtype=np.intp)
    place[np.triu_indices(size)] = np.arange(len(half.value))
    order = np.maximum(place, place.T).ravel()
    rows = (order[:, None] * domains + np.arange(domains)).ravel()
    called = [
        a if i == j else f"cov({a}, {b})" for i, a in enumerate(names) for j, b in enumerate(names)
    ]
    return called, replace(
        half,
        value=half.value[order],
        block=half.block.take(rows),
        targets=tuple(block.take(rows) for block in half.targets),
    )
