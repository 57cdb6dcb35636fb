"""Prevalences: shares of 0 and 1, with intervals that hold for rare outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..custom import assemble, domains_of
from ..errors import check_rows, one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import binomial_deff, case_facts, kish, row_facts
from ..registry import estimator
from ..survey import Survey
from .outcomes import BINDER, SARNDAL, answering, example_with, outcomes

__all__ = ["prevalence"]

Array = NDArray[Any]


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=example_with(outcome="case"),
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
    names, y, answered, lost = outcomes(survey, outcome, missing, domains)
    check_rows("outcome", "0 or 1", y[0], ~np.isin(y[0], (0.0, 1.0)), "Code cases as 1.")
    ones = answering(y, answered)
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
        _, y, answered, lost = outcomes(survey, outcome, missing, whole)
        ones = answering(y, answered)
        result = evaluate(survey, lambda w: (y @ w) / (ones @ w), whole)
        found = float(binomial_deff(result, (result.n - lost[0]).astype(float))[0])
        borrowed, source = (found if np.isfinite(found) else 1.0), "whole sample"
    used = np.maximum(np.maximum(own, borrowed), 1.0)
    words = np.where(own >= max(borrowed, 1.0), "own", source if borrowed >= 1 else "at least 1")
    return used, words
