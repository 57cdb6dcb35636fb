"""List experiments: differences of means between the long and the short list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..estimate import Estimate
from ..evaluate import Domains, evaluate
from ..facts import by_domain, row_facts
from ..registry import estimator
from ..survey import Survey
from .asked import BLAIR_IMAI, lists_with, outside, without_untold
from .counts import OneList, checked_list, read_columns

__all__ = [
    "BY_CHANCE",
    "NO_EFFECT",
    "NO_LIARS",
    "gap",
    "length",
    "list_difference",
    "parts",
    "read_to",
]

Array = NDArray[Any]
NO_EFFECT = "The sensitive item does not change the answers to the others (no design effect)."
NO_LIARS = "Nobody leaves the sensitive item out of the count, or adds it (no liars)."
BY_CHANCE = (
    "It is chance in a small sample, or the answers do not follow the design (non-compliance, or a "
    "design effect: see list_design_test). The estimate is left as it is."
)


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=BLAIR_IMAI,
    example=lists_with(count="count"),
)
@explained
def list_difference(
    survey: Survey,
    count: str,
    *,
    treatment: str,
    items: int | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the share with a sensitive trait as a difference of mean counts of two lists.

    ``sum w T y / sum w T - sum w (1 - T) y / sum w (1 - T)``, T being 1 for those who were read the
    list with the sensitive item.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    count : str
        Column of how many items apply to the respondent.
    treatment : str
        Column of 1 for the long list (with the sensitive item) and 0 for the short one.
    items : int, optional
        Items of the short list, J. Without it, the fewest that the counts allow.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss the count or the treatment; dropped rows are counted.

    Returns
    -------
    Estimate
        One row per domain, a proportion, which may be below 0 or above 1. Facts: ``long`` and
        ``short``, the respondents of each list.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a count is above what its list allows, the treatment is not 0 or 1 or the same for all,
        or a column is missing values or unknown.

    Notes
    -----
    Assumes lists given at random, no design effect and no liars. The variance is that of the sample:
    both means come from the same primary units, and their covariance enters. It fails to tell a
    rare trait: at 5 % it needs about eighty times the respondents of a direct question
    (`relative_variance`).

    References
    ----------
    Blair, G. and Imai, K. (2012). Statistical analysis of list experiments. Political Analysis 20,
    47-77. doi:10.1093/pan/mpr048

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"y": [2, 1, 2, 3, 1, 1, 2, 2], "long": [1, 0, 1, 1, 0, 0, 1, 0]}
    >>> survey = pv.Survey(rows)
    >>> pv.sensitive.list_difference(survey, "y", treatment="long", items=3).value
    array([1.])
    """
    domains = domains_of(survey, by, where)
    named = [("count", count), ("treatment", treatment)]
    (y, t), kept, lost = read_columns(survey, named, missing, domains)
    asked = checked_list(y, t, kept, items, names=(count, treatment))
    rows = parts(asked)
    result = evaluate(survey, lambda w: gap(rows @ w), domains)
    said: list[str] = []
    result = without_untold(survey, result, domains, [asked.long, asked.short], said)
    said += outside(result.value[0], domains, "a difference of two lists", (0, 1), BY_CHANCE)
    return assemble(
        survey,
        result,
        domains,
        words={"outcome in": "sensitive item in"},
        outcomes=[count],
        unit="proportion",
        method="sensitive.list_difference",
        interval="wald",
        citations=[BLAIR_IMAI],
        facts={**row_facts(result, lost[None]), **read_to(survey, domains, asked)},
        assumptions=[NO_EFFECT, NO_LIARS, *length(asked)],
        warnings=said,
    )


def parts(asked: OneList) -> list[Array]:
    """Return the rows whose weighted totals make the difference: see `gap`."""
    return [asked.count * asked.long, asked.long, asked.count * asked.short, asked.short]


def gap(totals: Array) -> Array:
    """Return the difference of means from the totals of `parts`."""
    return np.asanyarray(totals[0] / totals[1] - totals[2] / totals[3])


def read_to(survey: Survey, domains: Domains, asked: OneList) -> dict[str, Array]:
    """Return the respondents of each list, by domain."""
    weighted = survey.chain.weights != 0
    return {
        "long": by_domain(domains, asked.long * weighted),
        "short": by_domain(domains, asked.short * weighted),
    }


def length(asked: OneList) -> list[str]:
    """Say that the length of the short list was not given, if it was not."""
    return [] if asked.told else [f"The short list has {asked.items} items, the fewest that fit."]
