"""Direct survey estimators: totals, means, ratios and prevalences, by domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .custom import assemble, domains_of
from .errors import check_rows, one_of, warn
from .estimate import Estimate
from .evaluate import Domains, Result, blank_rows, evaluate
from .facts import LazyFacts, binomial_deff, case_facts, design_effects, kish, row_facts
from .registry import Example, estimator
from .survey import Survey

__all__ = ["mean", "prevalence", "ratio", "total"]

Array = NDArray[Any]
SARNDAL = "Sarndal, Swensson and Wretman (1992) doi:10.1007/978-1-4612-4378-6"
BINDER = "Binder (1983) doi:10.2307/1402588"


def _example() -> Example:
    rng = np.random.default_rng(20)
    psu = np.repeat(np.arange(12), 5)
    data = {
        "psu": psu,
        "stratum": psu // 4,
        "w": rng.integers(1, 6, psu.size).astype(float),
        "y": rng.gamma(2.0, 3.0, psu.size) + 0.3 * psu,
        "x": rng.gamma(3.0, 2.0, psu.size),
        "case": (rng.random(psu.size) < 0.3).astype(float),
        "sex": np.where(rng.random(psu.size) < 0.5, "F", "M"),
    }
    return Example(data, _survey)


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def _with(**arguments: Any) -> Any:
    def made() -> Example:
        example = _example()
        return Example(example.data, example.sample, arguments)

    return made


def _outcomes(
    survey: Survey, names: str | Sequence[str], missing: str, domains: Domains
) -> tuple[list[str], list[Array], Array | None, Array]:
    """Return names, values with 0 at missing, who answered (None: all) and the counts missing."""
    one_of("missing", missing, ["error", "drop"])
    columns = [names] if isinstance(names, str) else list(names)
    if not columns:
        raise ValueError("outcome must name a column: found none. Write the name of one.")
    y = [survey.table.numeric(c, "outcome") for c in columns]
    if all(survey.table.is_finite(c, "outcome") for c in columns):
        return columns, y, None, np.zeros((len(columns), domains.count), dtype=int)
    inside = survey.chain.weights != 0
    if domains.code is not None:
        inside = inside & (domains.code >= 0)
    gone = np.isnan(np.stack(y))
    for name, row in zip(columns, y, strict=True):
        check_rows("outcome", f"finite in {name!r}", row, np.isinf(row), "Correct them.")
    lost = gone & inside
    if lost.any() and missing == "error":
        k = int(np.argmax(lost.any(axis=1)))
        first = int(np.flatnonzero(lost[k])[0])
        raise ValueError(
            f"outcome must be complete: {columns[k]!r} is missing in {int(lost[k].sum()):,} of "
            f"{int(inside.sum()):,} rows with weight (first: row {first}). Pass missing='drop' to "
            "leave these rows out, with their count in the result."
        )
    kept = ~gone.any(axis=0)
    code = np.zeros(survey.n, dtype=int) if domains.code is None else domains.code
    count = np.bincount(code[inside & ~kept], minlength=domains.count)
    y = [np.where(kept, row, 0.0) for row in y]
    return columns, y, kept.astype(float), np.tile(count, (len(columns), 1))


def _ones(y: list[Array], answered: Array | None) -> Array:
    return np.ones(y[0].size) if answered is None else answered


@estimator(
    unit="total",
    smooth=True,
    degree=1,
    citation=SARNDAL,
    example=_with(outcome="y"),
)
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
    Assumes that the weights add up to the population. A missing outcome that is dropped counts as
    zero in a total, which is then too low: prefer a nonresponse step.

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
    domains = domains_of(survey, by, where)
    names, y, answered, lost = _outcomes(survey, outcome, missing, domains)
    result = evaluate(survey, lambda w: y @ w, domains)
    facts = LazyFacts(
        row_facts(result, lost),
        lambda: design_effects(survey, result, domains, y, answered, size=True),
    )
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
    )


@estimator(
    unit="mean",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=_with(outcome=["y", "x"]),
)
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
    domains = domains_of(survey, by, where)
    names, y, answered, lost = _outcomes(survey, outcome, missing, domains)
    ones = _ones(y, answered)
    result = evaluate(survey, lambda w: (y @ w) / (ones @ w), domains)
    said = _constant(result, names)
    facts = LazyFacts(
        row_facts(result, lost),
        lambda: design_effects(survey, result, domains, y, answered, size=False),
    )
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
    example=_with(numerator="y", denominator="x"),
)
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
    where its coefficient of variation is large (above about 0.2).

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
    domains = domains_of(survey, by, where)
    columns = [numerator] if isinstance(numerator, str) else list(numerator)
    _, both, _, lost = _outcomes(survey, [*columns, denominator], missing, domains)
    y, x = both[:-1], both[-1]
    lost = lost[:-1]
    result = evaluate(survey, lambda w: (y @ w) / (x @ w), domains)
    return assemble(
        survey,
        result,
        domains,
        outcomes=[f"{c} / {denominator}" for c in columns],
        unit="ratio",
        method="direct.ratio",
        interval="wald",
        citations=[SARNDAL],
        facts=row_facts(result, lost),
    )


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=_with(outcome="case"),
)
def prevalence(
    survey: Survey,
    outcome: str,
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    interval: str = "auto",
    missing: str = "error",
    deff: float | None = None,
) -> Estimate:
    """Estimate the share of the population with an outcome, ``sum w y / sum w`` with y 0 or 1.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str
        Column of 0 and 1.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    interval : {"auto", "logit", "korn-graubard", "wald"}
        ``auto`` is Jeffreys' interval on n / deff, with the largest of 1, the domain's own design
        effect and the borrowed one: it is one formula at every share, also without a case.
        ``logit`` is Stata's and R's.
    missing : {"error", "drop"}
        What to do with a missing outcome; dropped rows are counted.
    deff : float, optional
        Design effect to borrow. By default domains borrow that of the whole sample.

    Returns
    -------
    Estimate
        One row per domain, a proportion. Without a case (or a non-case) there is no standard
        error, and the interval rests on the borrowed design effect.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the outcome is not 0 or 1, missing or unknown.

    Notes
    -----
    Assumes the outcome is measured without error. With few cases the estimated design effect is
    itself too small: borrow one from a commoner outcome by `deff`.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data. Survey Methodology 24, 193-201.

    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"case": [1, 0, 0, 0], "w": [1.0, 1.0, 1.0, 1.0]}, weights="w")
    >>> pv.direct.prevalence(survey, "case").value
    array([0.25])
    """
    rule = one_of("interval", interval, ["auto", "logit", "korn-graubard", "wald"])
    if deff is not None and not (np.isfinite(deff) and deff > 0):
        raise ValueError(f"deff must be a positive number: found {deff!r}. Give a design effect.")
    domains = domains_of(survey, by, where)
    names, y, answered, lost = _outcomes(survey, outcome, missing, domains)
    check_rows("outcome", "0 or 1", y[0], ~np.isin(y[0], (0.0, 1.0)), "Code cases as 1.")
    ones = _ones(y, answered)
    result = evaluate(survey, lambda w: (y @ w) / (ones @ w), domains)
    counts = row_facts(result, lost)
    n = counts["n"].astype(float)
    own = binomial_deff(result, n)
    used, source = _borrow(survey, own, domains, outcome, missing, deff)
    if rule == "korn-graubard":
        used, source = np.where(own > 0, own, used), np.where(own > 0, "own", source)
    facts = {**counts, **case_facts(survey, domains, y[0])}
    facts |= {"deff": used, "deff_source": source, "n_eff": n / used}
    return assemble(
        survey,
        _without_zero(result),
        domains,
        outcomes=names,
        unit="proportion",
        method="direct.prevalence",
        interval=rule,
        citations=[SARNDAL, BINDER],
        facts=facts,
        constants={"n": n, "deff": used},
        assumptions=["The outcome is taken as measured without error (specificity 1)."],
    )


def _without_zero(result: Result) -> Result:
    """Blank the uncertainty of a share of 0 or 1, which the sample cannot tell."""
    at_edge = ((result.value == 0) | (result.value == 1)).reshape(-1)
    return replace(result, block=blank_rows(result.block, at_edge)) if at_edge.any() else result


def _constant(result: Result, names: list[str]) -> list[str]:
    """Warn where an outcome does not vary at all."""
    variance = result.block.variance.reshape(len(names), -1)
    scale = (1e-14 * np.abs(result.value)) ** 2
    flat = np.isfinite(variance) & (variance <= scale)
    if not flat.any():
        return []
    k = int(np.argmax(flat.any(axis=1)))
    message = f"{names[k]!r} does not vary between units in {int(flat[k].sum())} domains: its standard error is 0."
    warn(message)
    return [message]


def _borrow(
    survey: Survey,
    own: Array,
    domains: Domains,
    outcome: str,
    missing: str,
    given: float | None,
) -> tuple[Array, Array]:
    """Return max(own, borrowed, 1) and where it came from."""
    own = np.where(np.isfinite(own), own, 0.0)
    if given is not None:
        borrowed, source = given, "given"
    elif domains.code is None or domains.count == 1:
        borrowed, source = kish(survey, domains), "weights alone (Kish)"
    else:
        whole = domains_of(survey, (), None)
        _, y, answered, lost = _outcomes(survey, outcome, missing, whole)
        ones = _ones(y, answered)
        result = evaluate(survey, lambda w: (y @ w) / (ones @ w), whole)
        found = float(binomial_deff(result, (result.n - lost[0]).astype(float))[0])
        borrowed, source = (found if np.isfinite(found) else 1.0), "whole sample"
    used = np.maximum(np.maximum(own, borrowed), 1.0)
    words = np.where(own >= max(borrowed, 1.0), "own", source if borrowed >= 1 else "at least 1")
    return used, words
