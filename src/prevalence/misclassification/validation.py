"""Prevalence from a screen on all and a gold standard on a subsample of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..direct.borrowing import Seen, default_lender, seen_in
from ..direct.outcomes import SARNDAL
from ..direct.shares import (
    ROUNDING,
    design_effect,
    share_facts,
    without_df,
    without_spread,
    without_zero,
)
from ..errors import one_of
from ..estimate import Estimate
from ..evaluate import Domains, evaluate
from ..facts import case_facts, row_facts
from ..intervals import PROPORTION_RULES
from ..registry import Example, estimator
from ..survey import Survey
from .phases import FORMS, second_phase_of, unseen, unseen_variance

__all__ = ["validation_subsample"]

Array = NDArray[Any]
BY_COUNT = (
    "rows of the whole sample are counted in each screen stratum, and a weight that is {} changes "
    "no count; tests of the double expansion check the copies of rows instead"
)
COUNTED = {
    "replicate columns": BY_COUNT.format("a multiple of another"),
    "repeated row": BY_COUNT.format("a whole number"),
    "central difference": BY_COUNT.format("moved a little"),
}


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def _example(**arguments: Any) -> Callable[[], Example]:
    def made() -> Example:
        rng = np.random.default_rng(4)
        psu = np.repeat(np.arange(12), 10)
        case = rng.random(psu.size) < 0.3
        screen = rng.random(psu.size) < np.where(case, 0.8, 0.2)
        drawn = rng.random(psu.size) < np.where(screen, 0.7, 0.5)
        data = {
            "psu": psu,
            "stratum": psu // 4,
            "w": rng.integers(1, 6, psu.size).astype(float),
            "screen": np.where(screen, "yes", "no"),
            "drawn": drawn.astype(float),
            "gold": np.where(drawn, case, np.nan),
            "sex": np.where(rng.random(psu.size) < 0.5, "F", "M"),
        }
        named = {"screen": "screen", "gold": "gold", **arguments}
        return Example(data, _survey, named, skips={} if "form" in arguments else COUNTED)

    return made


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=_example(),
    variants={"reweighted": _example(form="reweighted", by="sex", selected="drawn")},
)
@explained
def validation_subsample(
    survey: Survey,
    *,
    screen: str | Sequence[str],
    gold: str,
    selected: str | None = None,
    form: str = "double-expansion",
    by: str | Sequence[str] = (),
    where: str | None = None,
    interval: str = "auto",
    missing: str = "error",
) -> Estimate:
    """Estimate a prevalence from a gold standard on a subsample of a screened sample.

    With n_s rows of screen stratum s in the whole sample and m_s of them validated, it is
    ``sum w2 D / sum w2`` over validated rows, ``w2 = w n_s / m_s`` (double expansion) or
    ``w2 = w (sum w in s) / (sum w of the validated in s)`` (reweighted, which is
    ``sum w p_s / sum w`` with p_s the weighted share of cases among the validated of s).

    Parameters
    ----------
    survey : Survey
        The screened sample (first phase), with its weights and design.
    screen : str or list of str
        Columns whose crossing makes the strata of the second phase, such as the screen's result.
    gold : str
        Column of the gold standard, 0 or 1, missing where it was not looked for.
    selected : str, optional
        Column of 1 (drawn for validation) and 0; by default the rows with a gold standard.
    form : {"double-expansion", "reweighted"}
        Rows are counted, or weighted, within screen strata. The same where weights are equal in
        them; in expectation the same in any case.
    by : str or list of str
        Columns whose crossing makes the domains; strata are counted over the whole sample.
    where : str, optional
        Condition on rows; the others stay in the design and in the counts.
    interval : str
        One of the rules of `direct.prevalence`, on the estimate's own design effect, see the Notes.
    missing : {"error", "drop"}
        What to do with a missing screen (the row leaves both phases) and a missing gold standard of
        a row drawn (it counts as not drawn); both are counted.

    Returns
    -------
    Estimate
        One row per domain, a proportion; ``facts["screened"]`` are the rows of the first phase, n
        the validated ones.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a gold standard is seen on rows that were not screened or not drawn, a screen stratum
        has no validated row, or columns are not coded as said.

    Notes
    -----
    The variance is that of the first phase (strata, primary units) of the sum of
    ``z_i = u_s + 1[i validated] (n_s / m_s) (u_i - u_s)``, u the influence ``w (D - estimate) /
    sum w2`` and u_s its mean over the validated of stratum s (for the reweighted form means are
    weighted): counts of screen strata vary from sample to sample, which takes away part of what
    weights held fixed would show. Replicates count again in every replicate. It does not depend on
    the order of rows, as R's ``twophase`` does when elements are drawn within clusters.

    Intervals on a design effect (all but ``logit`` and ``wald``) take the share of every screen
    stratum with Jeffreys' variance: where none of m rows was a case the plain one is 0, and with a
    prevalence of 2 % found by 80 positive and 120 negative rows such an interval covered 90 %, as
    against 99 % (simulated; 95 % at prevalences of 5 and 12 %). The standard error is the plain one.

    Assumes that validated rows are a random subsample within screen strata and that the gold
    standard is without error. It fails (too small a standard error) where a stratum has no case
    among few validated rows, which is said with what could be missed; and where large sampling
    fractions are declared (`fpc`), which do not shrink the second phase: use
    `Survey.second_phase` there.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling,
    chapter 9. Springer. doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import numpy as np
    >>> import prevalence as pv
    >>> screened = {"positive": [1] * 40 + [0] * 160}
    >>> screened["gold"] = [1, 1, 1, 0] * 5 + [np.nan] * 20 + [0] * 19 + [1] + [np.nan] * 140
    >>> survey = pv.Survey(screened)
    >>> found = pv.misclassification.validation_subsample(survey, screen="positive", gold="gold")
    >>> found.value, found.std_error.round(4)
    (array([0.19]), array([0.0479]))
    """
    rule = one_of("interval", interval, list(PROPORTION_RULES))
    one_of("form", form, FORMS)
    phases = second_phase_of(survey, screen, gold, selected, missing)
    said = unseen(phases)
    expanded = phases.expanded(survey, form)
    domains = domains_of(expanded, by, where)
    ones = phases.validated.astype(float)
    y = [phases.gold]
    result = evaluate(expanded, lambda w: (y @ w) / (ones @ w), domains)
    counts = row_facts(result, _rows(domains, phases.lost)[None], outside=True)
    counts["screened"] = _rows(domains, phases.screened)
    n = counts["n"].astype(float)

    of = (expanded, phases, domains)

    @cache
    def used() -> dict[str, Array]:
        lend = default_lender(expanded, domains, phases.gold, ones)
        seen = seen_in(expanded, domains, result, n, ones)
        return _widened(design_effect(seen, lend, "own"), seen, unseen_variance(*of))

    facts, constants = share_facts(counts, lambda: case_facts(expanded, domains, phases.gold), used)
    shown = without_spread(survey, domains, without_zero(result), said, ROUNDING)
    return assemble(
        survey,
        shown,
        domains,
        outcomes=[gold],
        unit="proportion",
        method="misclassification.validation_subsample",
        interval=rule,
        citations=[SARNDAL],
        facts=facts,
        constants=constants,
        assumptions=[
            "Validated rows are a random subsample of each screen stratum.",
            "The gold standard is without error.",
        ],
        warnings=[*said, *without_df(result)],
        words={"rows": f"{survey.about.rows} validated"},
    )


def _widened(found: dict[str, Array], seen: Seen, more: Array) -> dict[str, Array]:
    """Return design effects to which is added what the plain variance leaves out in few rows."""
    with np.errstate(all="ignore"):
        added = np.where(seen.own > 0, more * seen.n / (seen.share * (1 - seen.share)), 0.0)
    source = np.where(added > 0.05 * found["deff"], "own, few validated", found["deff_source"])
    return {**found, "deff": found["deff"] + np.nan_to_num(added), "deff_source": source}


def _rows(domains: Domains, which: Array) -> Array:
    """Count rows by domain."""
    code = domains.of_rows(which.size)
    return np.bincount(code[which & (code >= 0)], minlength=domains.count)
