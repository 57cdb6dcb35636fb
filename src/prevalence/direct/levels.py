"""Shares and numbers of every level of a categorical outcome, with their joint covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..custom import assemble, domains_of
from ..errors import one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import LazyFacts, binomial_deff, by_domain, case_facts, design_effects, kish, row_facts
from ..frames import Table
from ..registry import estimator
from ..survey import Survey
from .outcomes import BINDER, SARNDAL, example_with

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
    interval : {"auto", "logit", "korn-graubard", "wald"}
        As in `prevalence`.
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
    rows dropped for a missing label are like the others of their domain.

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
    rule = one_of("interval", interval, ["auto", "logit", "korn-graubard", "wald"])
    domains = domains_of(survey, by, where)
    held = _levels(survey, outcome, missing, domains)
    result = _shares(survey, held, domains)
    told = row_facts(result, held.lost)
    n = told["n"].astype(float)
    own = np.nan_to_num(binomial_deff(result, n))
    borrowed, source = _borrowed(survey, held, domains)
    used = np.maximum(np.maximum(own, borrowed), 1.0)
    words = np.where(own >= np.maximum(borrowed, 1.0), "own", source)
    if rule == "korn-graubard":
        used, words = np.where(own > 0, own, used), np.where(own > 0, "own", words)
    edge = ((result.value == 0) | (result.value == 1)).reshape(-1)
    return assemble(
        survey,
        replace(result, block=blank_rows(result.block, edge)) if edge.any() else result,
        domains,
        outcomes=held.names,
        unit="proportion",
        method="direct.proportions",
        interval=rule,
        citations=[SARNDAL, BINDER],
        facts={
            **told,
            **_cases(survey, held, domains),
            "deff": used,
            "deff_source": words,
            "n_eff": n / used,
        },
        constants={"n": n, "deff": used},
        assumptions=["The outcome is taken as measured without error."],
    )


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=SARNDAL,
    example=example_with(outcome="stratum", by="sex"),
)
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
    Assumes that the weights add up to the population. A level without rows in a domain has no
    standard error; with ``log`` its upper limit is that of no event, 3.7 rows at 95 %, of the
    domain's mean weight, times the design effect of the weights.

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
    domains = domains_of(survey, by, where)
    held = _levels(survey, outcome, missing, domains)
    result = evaluate(survey, lambda w: held.is_level @ w, domains)
    told = {**row_facts(result, held.lost), **_cases(survey, held, domains)}
    answered = held.answered.astype(float)
    one = by_domain(domains, survey.chain.weights * answered) / np.maximum(
        told["n"][: domains.count], 1
    )
    none = (result.value == 0).reshape(-1)
    return assemble(
        survey,
        replace(result, block=blank_rows(result.block, none)) if none.any() else result,
        domains,
        outcomes=held.names,
        unit="count",
        method="direct.counts",
        interval=rule,
        citations=[SARNDAL],
        facts=LazyFacts(
            told,
            lambda: design_effects(survey, result, domains, held.is_level, answered, size=True),
        ),
        constants={"one_report": np.tile(one * max(kish(survey, domains), 1.0), len(held.names))},
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
    weighted = survey.chain.weights != 0
    inside = weighted if domains.code is None else weighted & (domains.code >= 0)
    lost = inside & gone
    if lost.any() and missing == "error":
        raise ValueError(
            f"outcome must be complete: {outcome!r} is missing in {int(lost.sum()):,} of "
            f"{int(inside.sum()):,} rows with weight (first: row {int(np.flatnonzero(lost)[0])}). "
            "Pass missing='drop' to leave these rows out, with their count in the result."
        )
    kept = weighted & ~gone
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
        np.tile(by_domain(domains, lost.astype(float)).astype(int), (len(labels), 1)),
    )


def _shares(survey: Survey, held: Levels, domains: Domains) -> Result:
    return evaluate(survey, lambda w: (held.is_level @ w) / (held.answered @ w), domains)


def _cases(survey: Survey, held: Levels, domains: Domains) -> dict[str, Array]:
    each = [case_facts(survey, domains, y) for y in held.is_level]
    return {name: np.concatenate([facts[name] for facts in each]) for name in each[0]}


def _borrowed(survey: Survey, held: Levels, domains: Domains) -> tuple[Array, Array]:
    """Return the design effect that every row borrows, and where it came from."""
    rows = len(held.names)
    if domains.code is None or domains.count == 1:
        effect = np.full(rows, kish(survey, domains))
        source = np.full(rows, "weights alone (Kish)", dtype=object)
    else:
        whole = domains_of(survey, (), None)
        found = _shares(survey, held, whole)
        lost = np.count_nonzero((survey.chain.weights != 0) & ~held.answered)
        effect = np.nan_to_num(binomial_deff(found, np.repeat(found.n - lost, rows)), nan=1.0)
        source = np.full(rows, "whole sample", dtype=object)
    source[effect < 1] = "at least 1"
    return np.repeat(effect, domains.count), np.repeat(source, domains.count)
