"""Prevalences: shares of 0 and 1, with intervals that hold for rare outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..errors import check_rows, note, one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import LateFacts, case_facts, row_facts
from ..intervals import PROPORTION_RULES
from ..registry import estimator
from ..survey import Survey
from .borrowing import Lender, Seen, blended, intraclass, lender, seen_in
from .outcomes import BINDER, SARNDAL, answering, example_with, outcomes

__all__ = [
    "ROUNDING",
    "design_effect",
    "flat",
    "prevalence",
    "share_facts",
    "without_df",
    "without_spread",
    "without_zero",
]

Array = NDArray[Any]
ROUNDING = 1e-13  # of a standard error, where values are of the order of 1


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=example_with(outcome="case"),
)
@explained
def prevalence(
    survey: Survey,
    outcome: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    interval: str = "auto",
    missing: str = "error",
    deff: float | str | Estimate | None = None,
    icc: float | None = None,
) -> Estimate:
    """Estimate the share of the population with an outcome, ``sum w y / sum w`` with y 0 or 1.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str or list of str
        Column of 0 and 1, or several for one joint estimate.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    interval : str
        ``"auto"``, or one of the other rules in the Notes.
    missing : {"error", "drop"}
        What to do with a missing outcome; dropped rows are counted. A row that misses one of several
        outcomes leaves all of them.
    deff : float, str or Estimate, optional
        Design effect to borrow: a number, or the column of a commoner outcome of 0 and 1 or an
        estimate of one, whose intraclass correlation is carried to the sizes of the clusters here.
        Without it, domains borrow from all rows that take part, and these from nothing.
    icc : float, optional
        Intraclass correlation within primary units to borrow, in place of `deff`.

    Returns
    -------
    Estimate
        One row per outcome and domain, a proportion. Without a case (or a non-case) there is no
        standard error, and the interval rests on the borrowed design effect, whatever the rule.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the outcome is not 0 or 1, missing or unknown, or there is nothing to borrow where
        `deff` or `icc` points.

    Notes
    -----
    Assumes the outcome is measured without error. ``auto`` is the central interval of a beta
    posterior on ``n / deff``, adjusted for the degrees of freedom, with both prior parameters 0.6.
    With few cases deff is the largest of 1, the row's own and the borrowed one; for a common
    outcome it is the row's own. Where nothing is borrowed, the own design effect's upper limit is
    taken, at most what an intraclass correlation of 0.1 makes. ``deff_source`` names which it is.
    It fails (covers less than 93 %) where the intraclass correlation is more than twice the
    borrowed one, and below about 0.13 effective cases expected (docs, rare events).

    Other rules, on the row's own design effect: ``logit`` (Stata's, R's xlogit), ``wald``,
    ``arcsine``, ``clopper-pearson`` (effective n), ``beta`` (the same adjusted for the degrees of
    freedom, R's), ``korn-graubard`` (never above n), ``wilson`` (R's), ``wilson-df`` (adjusted
    for the degrees of freedom), ``likelihood`` (deviance over the design effect, solved).

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data. Survey Methodology 24, 193-201.
    (no DOI)

    Gabler, S., Haeder, S. and Lahiri, P. (1999). A model based justification of Kish's formula for
    design effects for weighting and clustering. Survey Methodology 25, 105-106. (no DOI)

    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"case": [0] * 200, "ill": [1, 0, 0, 0] * 50, "ea": [k // 10 for k in range(200)]}
    >>> survey = pv.Survey(data, psu="ea")
    >>> pv.direct.prevalence(survey, "case", icc=0.05).at_most().round(4)
    array([0.0235])
    >>> none = pv.direct.prevalence(survey, "case", deff="ill")
    >>> none.facts["deff_source"].tolist()
    ['borrowed from ill']
    """
    rule = one_of("interval", interval, list(PROPORTION_RULES))
    domains = domains_of(survey, by, where, merged="")
    names, y, answered, lost = outcomes(survey, outcome, missing, domains)
    for name, row in zip(names, y, strict=True):
        rule_of = "0 or 1" if len(names) == 1 else f"0 or 1 in {name!r}"
        check_rows("outcome", rule_of, row, ~np.isin(row, (0.0, 1.0)), "Code cases as 1.")
    lends = [lender(survey, domains, name, missing, deff=deff, icc=icc) for name in names]
    ones = answering(y, answered)
    result = evaluate(survey, lambda w: (y @ w) / (ones @ w), domains)
    counts = row_facts(result, lost)
    n = counts["n"].astype(float)

    @cache
    def used() -> dict[str, Array]:
        seen = seen_in(survey, domains, result, n, answered).by_outcome(len(names))
        pairs = zip(seen, lends, strict=True)
        return _joined([design_effect(of_one, lend, rule) for of_one, lend in pairs])

    def cases() -> dict[str, Array]:
        return _joined([case_facts(survey, domains, row) for row in y])

    facts, constants = share_facts(counts, cases, used)
    said: list[str] = []
    shown = without_spread(survey, domains, without_zero(result), said, ROUNDING)
    return assemble(
        survey,
        shown,
        domains,
        outcomes=names,
        unit="proportion",
        method="direct.prevalence",
        interval=rule,
        citations=[SARNDAL, BINDER],
        facts=facts,
        constants=constants,
        assumptions=["The outcome is taken as measured without error (specificity 1)."],
        warnings=[*said, *without_df(result)],
    )


def _joined(of_outcomes: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Put facts of several outcomes under one another."""
    return {name: np.concatenate([one[name] for one in of_outcomes]) for name in of_outcomes[0]}


def share_facts(
    counts: Mapping[str, Array],
    cases: Callable[[], Mapping[str, Array]],
    used: Callable[[], Mapping[str, Array]],
) -> tuple[LateFacts, LateFacts]:
    """Return the facts of shares and what their intervals need, from cases and `design_effect`."""
    n = counts["n"].astype(float)
    facts = LateFacts(
        counts,
        ("cases", "psus_with_cases", "deff", "deff_source", "n_eff", "icc"),
        lambda: {**cases(), **used(), "n_eff": n / used()["deff"]},
    )
    return facts, LateFacts({"n": n}, ("deff",), lambda: {"deff": used()["deff"]})


def without_zero(result: Result) -> Result:
    """Blank the uncertainty of a share of 0 or 1, which the sample cannot tell."""
    at_edge = ((result.value == 0) | (result.value == 1)).reshape(-1)
    return replace(result, block=blank_rows(result.block, at_edge)) if at_edge.any() else result


def flat(survey: Survey, domains: Domains, result: Result, rounding: float = 0.0) -> Array:
    """Tell which rows have no spread between units, though their units are a sample.

    All who were asked then gave one answer, which is no reason for a standard error of 0.
    `rounding` is what is left of it where values are of the order of 1.
    """
    size = rounding + 1e-14 * np.abs(result.value.reshape(-1))
    with np.errstate(invalid="ignore"):
        none = np.asarray(result.block.std_error <= size)
    if none.any():  # a census has none for another reason
        none &= bool(np.any(result.block.scheme.coefficients))
        none &= np.resize(_drawn_in(survey, domains), none.size)
    return none


def _drawn_in(survey: Survey, domains: Domains) -> Array:
    """Tell in which domains units were drawn: some that take part are not all of their stratum."""
    first, *later = survey.design.stages
    if any(np.any(stage.coefficients) for stage in later):
        return np.ones(domains.count, dtype=bool)
    rows = np.flatnonzero(domains.take_part(survey))
    psu = survey.design.psu_of_unit[survey.chain.unit[rows]]
    code = domains.of_rows(survey.n)[rows[first.coefficients[psu] != 0]]
    return np.bincount(code, minlength=domains.count) > 0


def without_spread(
    survey: Survey, domains: Domains, result: Result, said: list[str], rounding: float = 0.0
) -> Result:
    """Blank standard errors of rows that are `flat`, and say so."""
    none = flat(survey, domains, result, rounding)
    if not none.any():
        return result
    note(
        said,
        f"{int(none.sum()):,} of {none.size:,} estimates rest on answers that do not vary between "
        "units, which cannot tell their standard errors: they are nan. Use larger domains.",
    )
    return replace(result, block=blank_rows(result.block, none))


def without_df(result: Result) -> list[str]:
    """Warn of rows with a standard error and no degrees of freedom, which have no interval."""
    none = np.isfinite(result.value.reshape(-1)) & ~(result.block.df > 0)
    bare = int((none & np.isfinite(result.block.std_error)).sum()) if none.any() else 0
    if not bare:
        return []
    said: list[str] = []
    note(
        said,
        f"{bare} of {result.value.size} domains have no interval: their primary units are not more "
        "than their strata (0 degrees of freedom).",
    )
    return said


def design_effect(seen: Seen, lend: Lender, rule: str) -> dict[str, Array]:
    """Return the design effect of the interval by domain, and where it comes from."""
    own = seen.own > 0
    needed = rule == "auto" or not own.all()
    borrowed, source = lend(seen) if needed else (seen.own, np.full(own.size, "own"))
    if rule == "auto":
        used = blended(seen.own, borrowed, seen.share, seen.n)
        source = np.where((borrowed < 1) & (used == 1), "at least 1", source)
        own = used <= 1.05 * seen.own  # what the borrowed one adds is no longer worth a word
    else:
        used = np.where(own, seen.own, np.maximum(borrowed, 1.0))
    none = ~np.isfinite(used)
    return {
        "deff": used,
        "deff_source": np.where(none, "none", np.where(own, "own", source)),
        "icc": np.where(none, np.nan, intraclass(used, seen.kish, seen.size)),
    }
