"""Shares and numbers of every level of a categorical outcome, with their joint covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import explained
from ..concentration import WeightedTotals
from ..custom import assemble, domains_of
from ..errors import one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import (
    LateFacts,
    by_domain,
    case_facts,
    design_effects,
    own,
    per_person,
    persons,
    row_facts,
    whole_by_domain,
)
from ..frames import Table
from ..intervals import PROPORTION_RULES
from ..registry import estimator
from ..survey import Survey
from .borrowing import Seen, default_lender, seen_in
from .means import fixed
from .outcomes import BINDER, SARNDAL, example_with, incomplete
from .shares import design_effect, share_facts, without_df, without_zero

__all__ = ["counts", "proportions"]

Array = NDArray[Any]
MAX_LEVELS = 500


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=example_with(outcome="stratum"),
)
@explained
def proportions(
    survey: Survey,
    outcome: str,
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    interval: str = "auto",
    missing: str = "error",
) -> Estimate:
    """Estimate the share of every level of a categorical outcome, ``sum w (y = l) / sum w``.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str
        Column of labels: text, whole numbers, booleans or a pandas categorical.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    interval : str
        ``"auto"`` or another rule of `prevalence`.
    missing : {"error", "drop"}
        What to do with a missing label; dropped rows are counted.

    Returns
    -------
    Estimate
        One row per level and domain, a proportion, with outcomes such as ``"type = urban"``.

    Raises
    ------
    ValueError, TypeError, KeyError
        When labels are missing, fractional numbers or more than 500, or the column is unknown.

    Notes
    -----
    The row of a level is what `prevalence` gives for its indicator, and the covariance of the rows
    is singular, since they add up to one. Levels are those of rows with weight, in the order of
    the categories or the alphabet: an unused category has no row, a level that a domain lacks has
    one without a standard error, whose interval rests on a borrowed design effect. Assumes that
    rows dropped for a missing label are like the others of their domain; it fails (biased) where
    they are not.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey(
    ...     {"work": ["farm", "shop", "farm", "none"], "w": [1, 1, 2, 4]}, weights="w"
    ... )
    >>> shares = pv.direct.proportions(survey, "work")
    >>> dict(zip(shares.outcomes, shares.value.tolist()))
    {'work = farm': 0.375, 'work = none': 0.5, 'work = shop': 0.125}
    """
    rule = one_of("interval", interval, list(PROPORTION_RULES))
    domains = domains_of(survey, by, where, merged="")
    held = _levels(survey, outcome, missing, domains)
    result = _shares(survey, held, domains)
    used = cache(lambda: _design_effects(survey, held, domains, result, rule))
    facts, constants = share_facts(
        row_facts(result, held.lost), lambda: _cases(survey, held, domains), used
    )
    return assemble(
        survey,
        without_zero(result),
        domains,
        outcomes=held.names,
        unit="proportion",
        method="direct.proportions",
        interval=rule,
        citations=[SARNDAL, BINDER],
        facts=facts,
        constants=constants,
        assumptions=["The outcome is taken as measured without error."],
        warnings=[*without_df(result), *fixed(result, held.names, "share")],
    )


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=SARNDAL,
    example=example_with(outcome="stratum", by="sex"),
)
@explained
def counts(
    survey: Survey,
    outcome: str,
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    interval: str = "log",
    missing: str = "error",
) -> Estimate:
    """Estimate the number in the population at every level of an outcome, ``sum w (y = l)``.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str
        Column of labels: text, whole numbers, booleans or a pandas categorical.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    interval : {"log", "wald"}
        Limits symmetric on the log scale, so that they stay positive, or about the number (R's).
    missing : {"error", "drop"}
        What to do with a missing label; dropped rows are counted, and are in no number.

    Returns
    -------
    Estimate
        One row per level and domain, a count, with outcomes such as ``"type = urban"``.

    Raises
    ------
    ValueError, TypeError, KeyError
        When labels are missing, fractional numbers or more than 500, or the column is unknown.

    Notes
    -----
    Assumes that the weights add up to the population: it fails (too low or too high, by that
    factor) where they do not, and where rows dropped for a missing label leave it short. Where few
    primary units hold most of a level its ``log`` limits take fewer degrees of freedom, as those
    of `nsum.scale_up` do. A level without rows in a domain has no standard error; with ``log`` its upper limit is that of no
    event, 3.7 rows at 95 %, of the domain's mean weight, times the design effect that its share of
    0 borrows.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey(
    ...     {"work": ["farm", "shop", "farm", "none"], "w": [1, 1, 2, 4]}, weights="w"
    ... )
    >>> pv.direct.counts(survey, "work").value
    array([3., 4., 1.])
    """
    rule = one_of("interval", interval, ["log", "wald"])
    domains = domains_of(survey, by, where, merged="")
    held = _levels(survey, outcome, missing, domains)
    result = evaluate(survey, lambda w: held.is_level @ w, domains)
    none = (result.value == 0).reshape(-1)
    constants = {"excess": _excess(survey, held, domains, result)}
    if none.any():
        constants["one_report"] = _one_row(survey, held, domains)
    return assemble(
        survey,
        replace(result, block=blank_rows(result.block, none)) if none.any() else result,
        domains,
        outcomes=held.names,
        unit="count",
        method="direct.counts",
        interval=rule,
        citations=[SARNDAL],
        warnings=fixed(result, held.names),
        facts=LateFacts(
            row_facts(result, held.lost),
            ("cases", "psus_with_cases", "deff", "deff_source"),
            lambda: {**_cases(survey, held, domains), **_own(survey, held, domains, result)},
        ),
        constants=constants,
    )


@dataclass(frozen=True, eq=False)
class Levels:
    """Which rows are at which level."""

    names: list[str]
    is_level: list[Array]
    answered: Array
    lost: Array  # (levels, domains)


def _levels(survey: Survey, outcome: str, missing: str, domains: Domains) -> Levels:
    """Return the indicators of the levels, and rows without a label by domain."""
    one_of("missing", missing, ["error", "drop"])
    raw = survey.table.raw(outcome, "outcome")
    gone = np.asarray(pd.isna(raw))
    inside = domains.take_part(survey)
    lost = inside & gone
    if lost.any() and missing == "error":
        raise incomplete("outcome", outcome, lost, inside, copies=survey.copies)
    kept = (survey.chain.weights != 0) & ~gone
    if not kept.any():
        raise ValueError(
            f"outcome must have labels: {outcome!r} is missing in every row with weight. Check it."
        )
    found, labels = Table({outcome: raw[kept]}, int(kept.sum())).codes((outcome,), "outcome")
    if len(labels) > MAX_LEVELS:
        raise ValueError(
            f"outcome must be a category of at most {MAX_LEVELS} levels: {outcome!r} has "
            f"{len(labels):,}. Group them, or use pv.direct.mean for a number."
        )
    code = np.full(survey.n, -1)
    code[kept] = found
    return Levels(
        [f"{outcome} = {label}" for (label,) in labels],
        [code == k for k in range(len(labels))],
        ~gone,
        np.tile(whole_by_domain(domains, persons(survey, lost)), (len(labels), 1)),
    )


def _shares(survey: Survey, held: Levels, domains: Domains) -> Result:
    return evaluate(survey, lambda w: (held.is_level @ w) / (held.answered @ w), domains)


def _cases(survey: Survey, held: Levels, domains: Domains) -> dict[str, Array]:
    each = [case_facts(survey, domains, y) for y in held.is_level]
    return {name: np.concatenate([facts[name] for facts in each]) for name in each[0]}


def _own(survey: Survey, held: Levels, domains: Domains, result: Result) -> dict[str, Array]:
    errors = per_person(survey, domains, held.answered, result)
    return own(design_effects(survey, domains, held.is_level, errors, held.answered))


def _design_effects(
    survey: Survey, held: Levels, domains: Domains, result: Result, rule: str
) -> dict[str, Array]:
    """Return the design effect of every row, and where it comes from."""
    each = [
        design_effect(seen, default_lender(survey, domains, y, held.answered), rule)
        for y, seen in zip(held.is_level, _seen(survey, held, domains, result), strict=True)
    ]
    return {name: np.concatenate([found[name] for found in each]) for name in each[0]}


def _seen(survey: Survey, held: Levels, domains: Domains, result: Result) -> list[Seen]:
    """Return what every level tells of its share in the domains."""
    n = (result.n - held.lost[0]).astype(float)
    out = []
    for k in range(len(held.names)):
        rows = k * domains.count + np.arange(domains.count)
        level = replace(result, value=result.value[[k]], block=result.block.take(rows))
        out.append(seen_in(survey, domains, level, n, held.answered))
    return out


def _excess(survey: Survey, held: Levels, domains: Domains, result: Result) -> Array:
    """Return what few primary units with most of a level's rows take from the degrees of freedom.

    Of replicate weights that came with the data the units are not known, and nothing is taken.
    """
    if survey.scheme is not None and survey.scheme.given:
        return np.zeros(result.value.size)
    totals = WeightedTotals(survey, domains)
    answered = held.answered.astype(float)
    with np.errstate(all="ignore"):
        share = np.nan_to_num(result.value / by_domain(domains, survey.chain.weights * answered))
    of_all = totals.of(answered)
    off = [
        totals.of(level.astype(float)) - p[totals.domain] * of_all
        for level, p in zip(held.is_level, share, strict=True)
    ]
    return totals.excess(np.array(off))


def _one_row(survey: Survey, held: Levels, domains: Domains) -> Array:
    """Return what one effective row of each (level, domain) stands for: weight times design effect."""
    result = _shares(survey, held, domains)
    used = _design_effects(survey, held, domains, result, "auto")["deff"]
    weights = by_domain(domains, survey.chain.weights * held.answered)
    with np.errstate(all="ignore"):
        return np.asarray(np.tile(weights / (result.n - held.lost[0]), len(held.names)) * used)
