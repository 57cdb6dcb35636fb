"""Numbers of cases from reports that several households could make: each shared among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import explained
from ..concentration import excess
from ..custom import assemble, domains_of
from ..errors import check_rows, note
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import (
    LateFacts,
    by_domain,
    design_effects,
    own,
    per_person,
    row_facts,
    units_with,
)
from ..frames import Table, read
from ..registry import Example, estimator
from ..survey import Survey
from .borrowing import ASSUMED_ICC, cluster_deff, clustering
from .outcomes import REPORTED, SARNDAL
from .shares import without_df, without_spread

__all__ = ["multiplicity"]

Array = NDArray[Any]
SIRKEN = "Sirken (1970) Household surveys with multiplicity. JASA 65, 257-266"


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def _example() -> Example:
    rng = np.random.default_rng(12)
    psu = np.repeat(np.arange(12), 5)
    data = {
        "household": np.arange(psu.size),
        "psu": psu,
        "stratum": psu // 4,
        "w": rng.integers(1, 6, psu.size).astype(float),
    }
    who = np.repeat(data["household"], rng.poisson(0.7, psu.size))
    reports = {"household": who, "others": rng.integers(1, 5, who.size).astype(float)}
    return Example(data, _survey, {"reports": reports, "on": "household", "reporters": "others"})


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=SIRKEN,
    example=_example,
    skips={
        "repeated row": "reports name a household by its key, which must stand once in the sample",
        "zero weight": "reports of a household that is deleted from the sample match no key",
    },
)
@explained
def multiplicity(
    survey: Survey,
    reports: Any,
    *,
    on: str,
    reporters: str,
    case: str | None = None,
    identity: str | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
) -> Estimate:
    """Estimate the number of cases from reports, ``sum_i w_i sum_k y_ik / m_k``.

    Informant i reports the cases k, each of which m_k households of the frame could report.

    Parameters
    ----------
    survey : Survey
        The sample of informants or households, with its weights and design.
    reports : pandas, polars or pyarrow table, or mapping
        One row per report; informants without one have no row.
    on : str
        Key column in both: one row of the survey per key, and one for each report.
    reporters : str
        Column of m: how many households of the frame, sampled or not, could have reported the
        case, the informant's own included.
    case : str, optional
        Column of y, a number of 0 or more; by default each row is one case. To count some cases
        only, such as girls, leave the other reports out.
    identity : str, optional
        Column that tells which reports are of one case; with it, reports of a case are checked
        against its m.
    by : str or list of str
        Columns of the survey whose crossing makes the domains: where informants are, not cases.
    where : str, optional
        Condition on rows of the survey; the others stay in the design with zero weight.

    Returns
    -------
    Estimate
        One row per domain, a count. Facts: n and psus are informants and their primary units,
        ``cases`` the reports used; ``deff`` compares with a simple random sample of as many
        informants, and ``naive_std_error`` is the standard error of that sample.

    Raises
    ------
    ValueError, TypeError, KeyError
        When reports have unknown keys, m is less than 1 or missing, or a case has more reports
        than households that could make them.

    Notes
    -----
    What an informant reports, ``u_i = sum_k y_ik / m_k``, is an ordinary variable of the survey;
    informants without a report have 0. It equals the total of the reports attached with
    ``links=reporters``. Unbiased for the number of cases that some household of the frame could
    report; it leaves out those whom none could. It fails (biased) where m is misreported, and a
    case that is reported with probability tau < 1 scales it by tau. Without a report there is no
    standard error; its upper limit is that of no event, 3.7 reports at 95 %, each of one household
    with the domain's mean weight, times the design effect of an intraclass correlation of 0.1.
    Limits are symmetric on the log scale, with fewer degrees of freedom where few primary units
    carry most of the variance.

    References
    ----------
    Sirken, M. G. (1970). Household surveys with multiplicity. JASA 65, 257-266. (DOI not checked)

    Lavallee, P. (2007). Indirect Sampling. Springer. doi:10.1007/978-0-387-70782-2

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"id": [1, 2, 3, 4], "w": [10, 10, 20, 20]}, weights="w")
    >>> reports = {"id": [1, 3, 3], "households": [2, 4, 1]}
    >>> pv.direct.multiplicity(survey, reports, on="id", reporters="households").value
    array([30.])
    """
    domains = domains_of(survey, by, where)
    told = _read(survey, reports, on, reporters, case)
    said = _check_identity(told, identity)
    u = np.bincount(told.row, weights=told.y / told.m, minlength=survey.n)
    result = evaluate(survey, lambda w: [u] @ w, domains)
    none = (result.value == 0).reshape(-1)
    shown = replace(result, block=blank_rows(result.block, none)) if none.any() else result
    shown = without_spread(survey, domains, shown, said)
    ready = row_facts(result, np.zeros((1, domains.count), dtype=int))
    return assemble(
        survey,
        shown,
        domains,
        outcomes=[case or "reported cases"],
        unit="count",
        method="direct.multiplicity",
        interval="log",
        citations=[SIRKEN, SARNDAL],
        facts=LateFacts(
            {**ready, **_cases(survey, domains, told)},
            ("deff", "deff_source", "naive_std_error"),
            lambda: _compared(survey, domains, u, result),
        ),
        constants=_constants(survey, domains, u, result),
        assumptions=[
            f"{reporters!r} counts all households of the frame that could report the case.",
            "Every case that an informant could report is reported (transmission 1).",
        ],
        warnings=[*said, *without_df(shown)],
        words={"cases": REPORTED},
    )


@dataclass(frozen=True, eq=False)
class Told:
    """Reports: the row of the survey that made each, its cases and how many could report them."""

    table: Table
    row: Array
    y: Array
    m: Array


def _read(survey: Survey, reports: Any, on: str, reporters: str, case: str | None) -> Told:
    """Read the reports and match them with the rows of the survey."""
    table = read(reports, "reports")
    keys = pd.Index(survey.table.labels(on, "on"))
    if (again := int(keys.duplicated().sum())) > 0:
        raise ValueError(
            f"on must identify the rows of the survey: {on!r} stands more than once for {again:,} of "
            "them. Use the survey with one row per key."
        )
    row = keys.get_indexer(pd.Index(table.labels(on, "on")))
    lost = row < 0
    if lost.any():
        raise ValueError(
            f"reports must be of rows of the survey: {int(lost.sum()):,} of {table.n:,} have a key in "
            f"{on!r} that the survey does not (first: report {int(np.flatnonzero(lost)[0])}). Correct "
            "the keys, or drop these reports."
        )
    m = table.numeric(reporters, "reporters")
    remedy = "Count the informant's own household among those that could report the case."
    check_rows("reporters", "a count of at least 1", m, ~(np.isfinite(m) & (m >= 1)), remedy)
    y = np.ones(table.n) if case is None else table.numeric(case, "case")
    check_rows("case", "a number of 0 or more", y, ~(np.isfinite(y) & (y >= 0)), "Correct it.")
    return Told(table, row, y, m)


def _check_identity(told: Told, identity: str | None) -> list[str]:
    """Check the reports of each case against the households that could make them."""
    said: list[str] = []
    if identity is None:
        return said
    who, labels = told.table.factor(identity, "identity")
    twice = pd.DataFrame({"who": who, "row": told.row}).duplicated().to_numpy()
    if twice.any():
        raise ValueError(
            f"identity must stand once per informant: {int(twice.sum()):,} of {twice.size:,} reports "
            f"repeat a case of their own informant (first: report {int(np.argmax(twice))}). Drop the "
            "repeated reports."
        )
    count = len(labels)
    made = np.bincount(who, minlength=count)
    least, most = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(least, who, told.m)
    np.maximum.at(most, who, told.m)
    over = made > most
    if over.any():
        first = int(np.argmax(over[who]))
        raise ValueError(
            f"a case must have at most as many reports as households that could make them: "
            f"{int(over.sum()):,} of {count:,} cases have more (first: that of report {first}, "
            f"{made[who[first]]} reports and {most[who[first]]:g} households). Correct the numbers, "
            "or the identities of cases."
        )
    differ = least < most
    if differ.any():
        note(
            said,
            f"{int(differ.sum()):,} of {count:,} cases have reports that differ in how many households "
            "could make them: each report counts with its own number.",
        )
    return said


def _cases(survey: Survey, domains: Domains, told: Told) -> dict[str, Array]:
    """Return reports used, and primary units with one, by domain."""
    inside = domains.take_part(survey)
    rows = told.row[(told.y > 0) & inside[told.row]]
    code = domains.of_rows(survey.n)[rows]
    return {
        "cases": np.bincount(code, minlength=domains.count),
        "psus_with_cases": units_with(survey, domains, rows),
    }


def _compared(survey: Survey, domains: Domains, u: Array, result: Result) -> dict[str, Array]:
    """Return design effects, and the standard errors of simple random samples of informants."""
    deff = design_effects(survey, domains, [u], per_person(survey, domains, None, result), None)
    with np.errstate(all="ignore"):
        return {**own(deff), "naive_std_error": result.block.std_error / np.sqrt(deff)}


def _constants(survey: Survey, domains: Domains, u: Array, result: Result) -> dict[str, Array]:
    """Return what the limits need: how few units carry the variance, and the value of one report."""
    with np.errstate(all="ignore"):
        mean = result.value[0] / by_domain(domains, survey.chain.weights)
    off = u - np.nan_to_num(mean)[0 if domains.code is None else domains.code]
    out = {"excess": excess(survey, domains, [off])}
    if (result.value == 0).any():
        out["one_report"] = _one_report(survey, domains, result)
    return out


def _one_report(survey: Survey, domains: Domains, result: Result) -> Array:
    """Return what one effective report stands for: mean weight times an assumed design effect."""
    kish, size = clustering(survey, domains, None)
    with np.errstate(all="ignore"):
        mean = by_domain(domains, survey.chain.weights) / result.n
    return np.asarray(mean * cluster_deff(ASSUMED_ICC, result.n * kish, size))
