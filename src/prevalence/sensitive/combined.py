"""List experiments whose respondents also answered the question directly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..engine import Weights
from ..estimate import Estimate
from ..evaluate import evaluate
from ..facts import row_facts
from ..registry import estimator
from ..survey import Survey
from .asked import lists_with, outside, taken, without_untold
from .difference import BY_CHANCE, NO_EFFECT, NO_LIARS, gap, length, parts, read_to
from .placebos import ARONOW, among, failures, in_words, list_and_direct, placebo_tests

__all__ = ["list_combined"]

Array = NDArray[Any]
HONEST_YES = "Nobody without the trait says yes to the direct question."
NOT_MOVED = "Which list was read does not change the direct answer."


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=ARONOW,
    example=lists_with(count="count", direct="direct"),
)
@explained
def list_combined(
    survey: Survey,
    count: str,
    *,
    treatment: str,
    direct: str,
    items: int | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the share with a sensitive trait from a list experiment and direct answers together.

    ``m + (1 - m) d_0``: m is the share that says yes directly, d_0 the difference of mean counts
    among those who say no.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    count : str
        Column of how many items apply to the respondent.
    treatment : str
        Column of 1 for the long list (with the sensitive item) and 0 for the short one.
    direct : str
        Column of 1 for those who say yes to the sensitive question itself, else 0.
    items : int, optional
        Items of the short list, J. Without it, the fewest that the counts allow.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss one of the columns; dropped rows are counted.

    Returns
    -------
    Estimate
        One row per domain, a proportion. Facts: ``direct``, ``list`` (the two estimates that it
        combines), ``placebo_1``, ``placebo_2`` and their p-values ``p_placebo_1``,
        ``p_placebo_2``, which provenance tells in words.

    Raises
    ------
    ValueError, TypeError, KeyError
        As for `list_difference`, or when the direct answer is not 0 or 1.

    Notes
    -----
    Assumes what `list_difference` does, that nobody without the trait says yes directly, and that
    the list does not move the direct answer; `list_placebos` tests both, and an answer outside
    chance is said. The gain over the list alone grows with the share that says yes. It fails where
    the direct question is asked after the list and moved by it: ask half of the people first.

    References
    ----------
    Aronow, P. M., Coppock, A., Crawford, F. W. and Green, D. P. (2015). Combining list experiment
    and direct question estimates of sensitive behavior prevalence. Journal of Survey Statistics and
    Methodology 3, 43-66. doi:10.1093/jssam/smu023

    Blair, G. and Imai, K. (2012). Statistical analysis of list experiments. Political Analysis 20,
    47-77. doi:10.1093/pan/mpr048

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"y": [2, 1, 3, 1, 1, 2, 2, 1], "long": [1, 0, 1, 1, 0, 0, 1, 0]}
    >>> survey = pv.Survey({**rows, "says": [0, 0, 1, 0, 0, 1, 1, 0]})
    >>> pv.sensitive.list_combined(
    ...     survey, "y", treatment="long", direct="says", items=3
    ... ).value.round(4)
    array([0.6875])
    """
    domains = domains_of(survey, by, where)
    asked, z, lost = list_and_direct(survey, count, treatment, direct, items, missing, domains)
    no = among(asked, 1 - z)
    rows = [*parts(asked), *parts(no), z, asked.long + asked.short]

    def theta(w: Weights) -> Array:
        totals = rows @ w
        said_yes = totals[8] / totals[9]
        combined = said_yes + (1 - said_yes) * gap(totals[4:8])
        return np.stack([combined, said_yes, gap(totals)])

    found = evaluate(survey, theta, domains)
    said: list[str] = []
    result = without_untold(survey, taken(found, 0), domains, [no.long, no.short], said)
    given = survey.scheme is not None and survey.scheme.given
    placebo, p = placebo_tests(survey if given else survey.linearised(), asked, z, domains)
    said += failures(placebo, domains)
    said += outside(result.value[0], domains, "list and direct answers combined", (0, 1), BY_CHANCE)
    return assemble(
        survey,
        result,
        domains,
        outcomes=[count],
        unit="proportion",
        method="sensitive.list_combined",
        interval="wald",
        citations=[ARONOW],
        facts={
            **row_facts(result, lost[None]),
            **read_to(survey, domains, asked),
            "direct": found.value[1],
            "list": found.value[2],
            **{f"placebo_{k + 1}": placebo.value[k] for k in (0, 1)},
            **{f"p_placebo_{k + 1}": p[k] for k in (0, 1)},
        },
        assumptions=[NO_EFFECT, NO_LIARS, HONEST_YES, NOT_MOVED, *length(asked)],
        warnings=said,
        words={"placebo tests": in_words(placebo, p), "outcome in": "sensitive item in"},
    )
