"""Totals, means and ratios, by domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..errors import note, warn
from ..estimate import Estimate
from ..evaluate import Domains, Result, evaluate
from ..facts import (
    LateFacts,
    LazyFacts,
    by_domain,
    case_facts,
    design_effects,
    own,
    per_person,
    row_facts,
)
from ..frames import names_of
from ..registry import estimator
from ..survey import Survey
from .outcomes import SARNDAL, answering, example_with, outcomes

__all__ = ["mean", "ratio", "total"]

Array = NDArray[Any]


@estimator(
    unit="total",
    smooth=True,
    degree=1,
    citation=SARNDAL,
    example=example_with(outcome="y"),
)
@explained
def total(
    survey: Survey,
    outcome: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the population total of an outcome, ``sum w y``.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str or list of str
        Numeric columns; a list gives one joint estimate.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows, as in ``"age >= 12"``; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with a missing outcome.

    Returns
    -------
    Estimate
        One row per outcome and domain, in the units of the outcome.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the outcome is missing, infinite, text or unknown.

    Notes
    -----
    Assumes that the weights add up to the population. It fails (too low) where missing outcomes
    are dropped, which counts them as zero: prefer a nonresponse step. The design effect compares
    with a simple random sample of the domain's rows with an answer, as R's does.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1.0, 3.0], "w": [10.0, 20.0]}, weights="w")
    >>> pv.direct.total(survey, "y").value
    array([70.])
    """
    domains = domains_of(survey, by, where, merged="")
    names, y, answered, lost = outcomes(survey, outcome, missing, domains, linear=True)
    result = evaluate(survey, lambda w: y @ w, domains)
    said = [*_without_cases(result, names), *fixed(result, names)]
    facts = _facts(
        survey, domains, result, y, lost,
        lambda: design_effects(
            survey, domains, y, per_person(survey, domains, answered, result), answered,
            _within(survey, names),
        ),
    )  # fmt: skip
    return assemble(
        survey,
        result,
        domains,
        outcomes=names,
        unit="total",
        method="direct.total",
        interval="wald",
        citations=[SARNDAL],
        facts=facts,
        warnings=said,
    )


@estimator(
    unit="mean",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=example_with(outcome=["y", "x"]),
)
@explained
def mean(
    survey: Survey,
    outcome: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the population mean of an outcome, ``sum w y / sum w``.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str or list of str
        Numeric columns; a list gives one joint estimate.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with a missing outcome. Dropped rows are counted; a row that misses one of
        several outcomes leaves all of them.

    Returns
    -------
    Estimate
        One row per outcome and domain, in the units of the outcome.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the outcome is missing, infinite, text or unknown.

    Notes
    -----
    Assumes that rows dropped for a missing outcome are like the others of their domain. Its
    linearised variance fails in domains of a few primary units.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1.0, 3.0], "w": [10.0, 30.0]}, weights="w")
    >>> pv.direct.mean(survey, "y").value
    array([2.5])
    """
    domains = domains_of(survey, by, where, merged="")
    names, y, answered, lost = outcomes(survey, outcome, missing, domains, linear=True)
    ones = answering(y, answered)
    result = evaluate(survey, lambda w: (y @ w) / (ones @ w), domains)
    result, said = settle(result, names)
    facts = _facts(
        survey, domains, result, y, lost,
        lambda: design_effects(
            survey, domains, y, result.block.std_error.reshape(result.value.shape), answered,
            _within(survey, names),
        ),
    )  # fmt: skip
    return assemble(
        survey,
        result,
        domains,
        outcomes=names,
        unit="mean",
        method="direct.mean",
        interval="wald",
        citations=[SARNDAL],
        facts=facts,
        warnings=said,
    )


@estimator(
    unit="ratio",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=example_with(numerator="y", denominator="x"),
)
@explained
def ratio(
    survey: Survey,
    numerator: str | Sequence[str],
    denominator: str,
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate a ratio of two population totals, ``sum w y / sum w x``.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    numerator : str or list of str
        Numeric columns y.
    denominator : str
        Numeric column x.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do where y or x is missing; such rows leave both totals, and are counted.

    Returns
    -------
    Estimate
        One row per numerator and domain, in units of y per unit of x.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a column is missing values, infinite, text or unknown.

    Notes
    -----
    Assumes a denominator total well away from zero; the estimate and its linearised variance fail
    where its coefficient of variation is large (above about 0.2). The design effect is that of the
    total of the residuals ``y - R x``.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1.0, 3.0], "x": [2.0, 2.0], "w": [1.0, 1.0]}, weights="w")
    >>> pv.direct.ratio(survey, "y", "x").value
    array([1.])
    """
    domains = domains_of(survey, by, where, merged="")
    columns = names_of("numerator", numerator)
    named = list(dict.fromkeys([*columns, denominator]))
    _, both, answered, lost = outcomes(survey, named, missing, domains, linear=True)
    y, x, lost = both[: len(columns)], both[named.index(denominator)], lost[: len(columns)]
    labels = [f"{c} / {denominator}" for c in columns]
    result, said = settle(evaluate(survey, lambda w: (y @ w) / (x @ w), domains), labels)
    return assemble(
        survey,
        result,
        domains,
        outcomes=labels,
        unit="ratio",
        method="direct.ratio",
        interval="wald",
        citations=[SARNDAL],
        facts=LazyFacts(
            row_facts(result, lost),
            lambda: _of_ratios(survey, result, domains, y, x, answered, (columns, denominator)),
        ),
        warnings=said,
    )


def _facts(
    survey: Survey,
    domains: Domains,
    result: Result,
    y: Sequence[Array],
    lost: Array,
    deff: Callable[[], Array],
) -> LateFacts:
    """Return rows and design effects; of outcomes of 0 and 1 the cases too, by which they are protected."""
    ready = row_facts(result, lost)
    yes_or_no = [bool(np.isin(row, (0.0, 1.0)).all()) for row in y]
    if not any(yes_or_no):
        return LazyFacts(ready, deff)
    nothing = np.full(domains.count, np.nan)
    unknown = {"cases": nothing, "psus_with_cases": nothing}

    def late() -> dict[str, Array]:
        each = [
            case_facts(survey, domains, row) if known else unknown
            for row, known in zip(y, yes_or_no, strict=True)
        ]
        return {name: np.concatenate([e[name] for e in each]) for name in unknown} | own(deff())

    return LateFacts(ready, ("cases", "psus_with_cases", "deff", "deff_source"), late)


def _without_cases(result: Result, names: list[str]) -> list[str]:
    """Warn of totals of 0 whose standard error is 0: it says nothing of the population."""
    none = result.value.reshape(len(names), -1) == 0
    if not none.any() or not np.any(result.block.scheme.coefficients):
        return []
    none &= result.block.std_error.reshape(none.shape) == 0
    if not none.any():
        return []
    k = int(np.argmax(none.any(axis=1)))
    message = (
        f"{names[k]!r} is 0 in all rows of {_domains(none[k])}: the standard error of 0 says nothing "
        "of the population. For a number of people use direct.counts, or direct.prevalence and .count."
    )
    warn(message)
    return [message]


def _domains(which: NDArray[np.bool_]) -> str:
    count = int(which.sum())
    return f"{count} of {which.size} domains" if which.size > 1 else "the sample"


def _of_ratios(
    survey: Survey,
    result: Result,
    domains: Domains,
    y: list[Array],
    x: Array,
    answered: Array | None,
    names: tuple[list[str], str],
) -> Array:
    """Return the design effects of ratios: those of the totals of their residuals y - R x."""
    code = 0 if domains.code is None else domains.code
    size = np.abs(by_domain(domains, survey.chain.weights * x))
    errors = per_person(survey, domains, answered, result) * size
    with np.errstate(invalid="ignore"):
        rows = [row - at[code] * x for row, at in zip(y, result.value, strict=True)]
    within = None if survey.merged is None else survey.merged.spread(*names, result.value[:, code])
    return design_effects(survey, domains, rows, errors, answered, within)


def _within(survey: Survey, names: Sequence[str]) -> Array | None:
    """Return the variance of outcomes among the persons that one row stands for, if it is many."""
    return None if survey.merged is None else survey.merged.spread(names)


def fixed(result: Result, names: list[str], what: str = "total") -> list[str]:
    """Return what the result says of totals or shares that no sample could change.

    Margins that are met on purpose are no reason to warn. A census is no news, and a form of
    variance that may be negative says so where it is read.
    """
    coefficients = np.asarray(result.block.scheme.coefficients)
    if not coefficients.any() or (coefficients < 0).any():
        return []
    std_error = result.block.std_error.reshape(len(names), -1)
    value = np.abs(result.value).reshape(len(names), -1)
    flat = np.isfinite(std_error) & (std_error <= 1e-14 * value) & (value > 0)
    flat &= (what == "total") | (value < 1)
    if not flat.any():
        return []
    k = int(np.argmax(flat.any(axis=1)))
    said = (
        f"the {what} of {names[k]!r} has a standard error of 0 in {_domains(flat[k])}: the design, or "
        "the margins that the weights meet, give the same in every sample."
    )
    return [said]


def settle(result: Result, names: list[str]) -> tuple[Result, list[str]]:
    """Make a standard error that is rounding alone exactly 0, and warn that nothing varies."""
    if not np.any(result.block.scheme.coefficients):  # a census: zero for another reason
        return result, []
    std_error = result.block.std_error.reshape(len(names), -1)
    flat = np.isfinite(std_error) & (std_error <= 1e-14 * np.abs(result.value))
    if not flat.any():
        return result, []
    k = int(np.argmax(flat.any(axis=1)))
    said: list[str] = []
    note(
        said,
        f"{names[k]!r} does not vary between units in {_domains(flat[k])}: its standard error is 0.",
    )
    block = result.block.scaled(np.where(flat.reshape(-1), 0.0, 1.0))
    return replace(result, block=block), said
