"""Prevalence from reports about own and neighbours' children, clustered as they were sampled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..errors import check_rows, note, nothing_named, one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, evaluate
from ..facts import LateFacts, by_domain, row_facts, units_with
from ..frames import names_of
from ..intervals import PROPORTION_RULES
from ..registry import Example, estimator
from ..survey import Survey
from .borrowing import default_lender, seen_in
from .outcomes import REPORTED, SARNDAL, incomplete, outcomes
from .shares import ROUNDING, design_effect, without_df, without_spread, without_zero

__all__ = ["neighbourhood"]

Array = NDArray[Any]


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def _example() -> Example:
    rng = np.random.default_rng(9)
    psu = np.repeat(np.arange(12), 5)
    own, near = rng.poisson(2.0, psu.size), rng.poisson(6.0, psu.size)
    data = {
        "psu": psu,
        "stratum": psu // 4,
        "w": rng.integers(1, 6, psu.size).astype(float),
        "own": own.astype(float),
        "near": near.astype(float),
        "own_cases": rng.binomial(own, 0.1).astype(float),
        "near_cases": rng.binomial(near, 0.1).astype(float),
        "sex": np.where(rng.random(psu.size) < 0.5, "F", "M"),
    }
    arguments = {"cases": ["own_cases", "near_cases"], "children": ["own", "near"], "by": "sex"}
    return Example(data, _survey, arguments)


@estimator(unit="proportion", smooth=True, degree=0, citation=SARNDAL, example=_example)
@explained
def neighbourhood(
    survey: Survey,
    cases: str | Sequence[str],
    children: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    interval: str = "auto",
    missing: str = "error",
) -> Estimate:
    """Estimate a prevalence among children from reports about them, ``sum w y / sum w M``.

    The informant of row i tells of M_i children, its own and its neighbours', of whom y_i are
    cases.

    Parameters
    ----------
    survey : Survey
        The sample of informants, with its weights and design.
    cases : str or list of str
        Columns of the numbers of cases reported; several (own, neighbours') are added up.
    children : str or list of str
        Columns of the numbers of children reported about, of which the cases are a part.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    interval : str
        One of the rules of `direct.prevalence`, with children in place of rows.
    missing : {"error", "drop"}
        What to do with a row that misses any of its numbers; dropped rows are counted.

    Returns
    -------
    Estimate
        One row per domain, a proportion. Facts: n and psus are informants and their primary units,
        ``children`` and ``cases`` those reported about, and ``naive_std_error`` is
        ``sqrt(p (1 - p) / children)``, on which published binomial intervals rest; ``deff`` is the
        square of the ratio of the two standard errors.

    Raises
    ------
    ValueError, TypeError, KeyError
        When numbers are not whole, negative or missing, or a row has more cases than children.

    Notes
    -----
    All that an informant tells is one variable of the informant's primary unit, so that the
    variance is that of the design. One child may be told of by several informants: it estimates
    ``sum m_k D_k / sum m_k``, with m_k the number of households of the frame that could tell of
    child k. This is the prevalence only if cases are told of by as many households as other
    children; it fails (biased) where they are hidden from neighbours, and a case told of with
    probability tau < 1 scales it by tau. Where m_k is asked, `multiplicity` does not need this.
    Without a case there is no standard error, and the interval rests on a borrowed design effect.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> told = {"children": [8, 10, 12, 10], "cases": [1, 0, 1, 0], "ea": [1, 1, 2, 2]}
    >>> found = pv.direct.neighbourhood(pv.Survey(told), "cases", "children")
    >>> found.value, found.std_error.round(4)
    (array([0.05]), array([0.0292]))
    """
    rule = one_of("interval", interval, list(PROPORTION_RULES))
    domains = domains_of(survey, by, where)
    y, m, lost = _told(survey, cases, children, missing, domains)
    result = evaluate(survey, lambda w: ([y] @ w) / ([m] @ w), domains)
    weighted = survey.chain.weights != 0
    told, found = (by_domain(domains, weighted * v) for v in (m, y))
    with_a_case = np.flatnonzero((y > 0) & domains.take_part(survey))

    @cache
    def used() -> dict[str, Array]:
        lend = default_lender(survey, domains, y, m)
        return design_effect(seen_in(survey, domains, result, told, m), lend, rule)

    said: list[str] = []
    shown = without_spread(survey, domains, without_zero(result), said, ROUNDING)
    facts = LateFacts(
        {
            **row_facts(result, lost),
            "cases": found,
            "psus_with_cases": units_with(survey, domains, with_a_case),
            "children": told,
            "naive_std_error": _naive(result, told),
        },
        ("deff", "deff_source", "n_eff", "icc"),
        lambda: {**used(), "n_eff": told / used()["deff"]},
    )
    return assemble(
        survey,
        shown,
        domains,
        outcomes=[" + ".join(names_of("cases", cases))],
        unit="proportion",
        method="direct.neighbourhood",
        interval=rule,
        citations=[SARNDAL],
        facts=facts,
        constants=LateFacts({"n": told}, ("deff",), lambda: {"deff": used()["deff"]}),
        assumptions=[
            "Cases are told of by as many households as other children.",
            "Every case that an informant could tell of is told (transmission 1).",
        ],
        warnings=[*said, *without_df(result), *_of_one_child(result, told)],
        words={"cases": REPORTED},
    )


def _of_one_child(result: Result, told: Array) -> list[str]:
    """Warn of domains in which one child is told of, which has no interval."""
    one = np.isfinite(result.value[0]) & (told < 2)
    said: list[str] = []
    if one.any():
        note(
            said,
            f"{int(one.sum()):,} of {one.size:,} domains have a report about one child alone, and so "
            "no interval. Use larger domains.",
        )
    return said


def _told(
    survey: Survey,
    cases: str | Sequence[str],
    children: str | Sequence[str],
    missing: str,
    domains: Domains,
) -> tuple[Array, Array, Array]:
    """Return cases and children told of by each row, and the rows lost by domain."""
    first, second = names_of("cases", cases), names_of("children", children)
    if not first or not second:
        empty = "cases" if not first else "children"
        raise nothing_named(empty)
    named = list(dict.fromkeys([*first, *second]))
    arguments = ["cases" if name in first else "children" for name in named]
    inside = domains.take_part(survey)
    for name, argument in zip(named, arguments, strict=True):
        gone = inside & np.isnan(survey.table.numeric(name, argument))
        if gone.any() and missing == "error":
            raise incomplete(argument, name, gone, inside)
    _, columns, _, lost = outcomes(survey, named, missing, domains)
    for name, argument, column in zip(named, arguments, columns, strict=True):
        whole = (column >= 0) & (column == np.round(column))
        remedy = "Correct it; code what is not known as missing."
        check_rows(argument, f"a whole number of 0 or more in {name!r}", column, ~whole, remedy)
    y, m = (np.sum([columns[named.index(c)] for c in part], axis=0) for part in (first, second))
    remedy = "Count the cases among the children; name the columns of own and neighbours' children."
    check_rows("cases", "at most the children told of", y, y > m, remedy)
    return y, m, lost[:1]


def _naive(result: Result, told: Array) -> Array:
    """Return the standard error of as many independent children."""
    p = result.value.reshape(-1)
    with np.errstate(all="ignore"):
        return np.asarray(np.sqrt(p * (1 - p) / told))
