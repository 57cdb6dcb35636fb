"""Sizes of hidden groups by network scale-up: a weighted ratio of sums, adjusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import check_rows, number, one_of, warn
from ..estimate import Estimate
from ..evaluate import Domains, blank_rows, evaluate, units_known
from ..facts import by_domain, row_facts
from ..registry import Example, estimator
from ..survey import Survey

__all__ = ["scale_up"]

Array = NDArray[Any]
KILLWORTH = "Killworth et al. (1998) doi:10.1177/0193841X9802200205"
FEEHAN = "Feehan and Salganik (2016) doi:10.1177/0081175016665425"
KNOWN_UNCERTAIN = "Sizes of known groups carry their stated uncertainty."


def _example() -> Example:
    rng = np.random.default_rng(7)
    psu = np.repeat(np.arange(10), 6)
    degree = rng.gamma(3.0, 40.0, psu.size)
    data = {
        "psu": psu,
        "stratum": psu // 5,
        "w": rng.integers(1, 5, psu.size).astype(float),
        "hidden": rng.poisson(degree * 0.01).astype(float),
        "police": rng.poisson(degree * 0.02).astype(float),
        "nurses": rng.poisson(degree * 0.03).astype(float),
    }
    data["police"][3] = np.nan
    arguments = {
        "hidden": "hidden",
        "known": {"police": 2_000, "nurses": 3_000},
        "transmission": 0.8,
        "missing": "complete",
    }
    return Example(data, lambda d: Survey(d, weights="w", strata="stratum", psu="psu"), arguments)


@estimator(unit="count", smooth=True, degree=0, citation=KILLWORTH, example=_example)
def scale_up(
    survey: Survey,
    hidden: str | Sequence[str],
    *,
    known: Mapping[str, float | Estimate],
    transmission: float | Estimate | None = None,
    population: float | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the size of a hidden group by network scale-up, a weighted ratio of sums.

    ``N_h = sum w y_h / sum w d / tau`` with ``d = sum of y_k / sum of N_k`` over the known groups
    that the respondent answered: the size of the population that degrees refer to cancels.

    Parameters
    ----------
    survey : Survey
        Respondents, who answer how many people (or children) they know in each group.
    hidden : str or list of str
        Columns with the number known in each hidden group, y_h.
    known : mapping of str to float or Estimate
        Columns of the known groups, y_k, and their sizes N_k; uncertain sizes by
        `prevalence.uncertain`.
    transmission : float or Estimate
        Share tau of the ties to hidden people that respondents are aware of and report, above 0
        and at most 1. There is no default: ``transmission=1`` assumes that all are reported.
    population : float, optional
        Size of the population, against which the sizes of known groups are checked.
    by, where : str or list of str, optional
        Domains of respondents: the groups as seen by them.
    missing : {"error", "complete"}
        ``complete`` uses the known groups that each respondent answered, and leaves out, with
        their count, respondents without an answer about the hidden group or any known group.

    Returns
    -------
    Estimate
        One row per hidden group and domain, a count of people; interval on the log scale.

    Raises
    ------
    ValueError, TypeError, KeyError
        When transmission is left out, 0 or above 1, a known group is larger than the population,
        an answer is negative or missing, or a column is unknown.

    Notes
    -----
    Assumes that respondents know hidden and known people alike in proportion to their numbers (no
    barrier, no recall error), and that answers refer to the alters the known sizes count: children
    known against known groups of children. It fails, by a factor and not by noise, when the
    transmission rate is wrong.

    References
    ----------
    Killworth, P. D., McCarty, C., Bernard, H. R., Shelley, G. A. and Johnsen, E. C. (1998).
    Estimation of seroprevalence, rape, and homelessness in the United States using a social
    network approach. Evaluation Review 22, 289-308. doi:10.1177/0193841X9802200205

    Feehan, D. M. and Salganik, M. J. (2016). Generalizing the network scale-up method.
    Sociological Methodology 46, 153-186. doi:10.1177/0081175016665425

    Examples
    --------
    >>> import prevalence as pv
    >>> answers = {"hidden": [1, 0, 1], "police": [2, 1, 1], "w": [1.0, 1.0, 1.0]}
    >>> survey = pv.Survey(answers, weights="w")
    >>> pv.nsum.scale_up(survey, "hidden", known={"police": 1000}, transmission=1).value
    array([500.])
    """
    one_of("missing", missing, ["error", "complete"])
    tau = _transmission(transmission)
    sizes, uncertain_sizes = _sizes(known, population)
    domains = domains_of(survey, by, where)
    columns = [hidden] if isinstance(hidden, str) else list(hidden)
    if not columns:
        raise ValueError("hidden must name a column: found none. Write the name of one.")
    answers = _answers(survey, columns, "hidden")
    friends = _answers(survey, list(known), "known")
    used = _complete(
        survey, domains, [*columns, *known], np.r_[answers, friends], len(columns), missing
    )
    asked = np.where(np.isnan(friends), 0.0, sizes[:, None]).sum(axis=0)
    degree = np.nan_to_num(friends).sum(axis=0) / np.where(asked > 0, asked, 1.0) * used
    y = np.nan_to_num(answers) * used

    def theta(w: Weights) -> Array:
        return np.asarray((y @ w) / (degree @ w))

    result = evaluate(survey, theta, domains)
    reports = _reports(survey, domains, y)
    none = (reports == 0).reshape(-1) & np.isfinite(result.value).reshape(-1)
    said = _none_reported(none, columns, domains)
    if none.any():
        result = replace(result, block=blank_rows(result.block, none))
    facts = {
        **row_facts(result, np.zeros_like(reports)),
        **_facts(survey, domains, y, used, reports),
    }
    value_one = _at_one_report(survey, domains, degree, y)
    e = assemble(
        survey,
        result,
        domains,
        outcomes=columns,
        unit="count",
        method="nsum.scale_up",
        interval="log",
        citations=[KILLWORTH, FEEHAN],
        facts=facts,
        warnings=said,
        constants={"one_report": value_one},
        assumptions=_assumptions(tau, uncertain_sizes),
    )
    return _adjust(
        e, tau, _size_factor(survey, domains, friends, asked, degree, known, len(columns))
    )


def _transmission(transmission: float | Estimate | None) -> float | Estimate:
    if transmission is None:
        raise ValueError(
            "transmission must be given: found none. Pass the share of ties to hidden people that "
            "respondents report, as in transmission=pv.uncertain(0.6, 0.4, 0.8, kind='beta'); "
            "transmission=1 assumes that all are reported."
        )
    value = number("transmission", transmission)
    if not 0 < value <= 1:
        raise ValueError(
            f"transmission must be above 0 and at most 1: found {value:g}. It is the share of ties "
            "to hidden people that respondents report."
        )
    return transmission if isinstance(transmission, Estimate) else value


def _sizes(known: Mapping[str, float | Estimate], population: float | None) -> tuple[Array, bool]:
    if not isinstance(known, Mapping) or not known:
        raise ValueError(
            "known must map columns to sizes of groups, as in {'police': 12_500}: found "
            f"{'none' if not known else type(known).__name__}. Write at least one group."
        )
    sizes = np.array([number(f"known[{name!r}]", size) for name, size in known.items()])
    for name, size in zip(known, sizes, strict=True):
        if not (np.isfinite(size) and size > 0):
            raise ValueError(
                f"known must hold positive sizes: {name!r} has {size:g}. Give the number of people."
            )
        if population is not None and size > population:
            raise ValueError(
                f"known groups must be smaller than the population: {name!r} has {size:,.0f} of "
                f"{population:,.0f}. Check the size and its units (people, not thousands)."
            )
    return sizes, any(isinstance(size, Estimate) for size in known.values())


def _answers(survey: Survey, columns: list[str], argument: str) -> Array:
    y = np.stack([survey.table.numeric(c, argument) for c in columns])
    for name, row in zip(columns, y, strict=True):
        bad = np.isinf(row) | (row < 0)
        check_rows(argument, f"numbers of at least 0 in {name!r}", row, bad, "Recode them.")
        codes = np.isin(row, (97.0, 98.0, 99.0, 998.0, 999.0))
        if codes.sum() > 1 and float(np.nanmax(row)) in (97.0, 98.0, 99.0, 998.0, 999.0):
            warn(
                f"{name!r} holds {int(codes.sum())} answers of 97, 98, 99, 998 or 999, which look "
                "like codes for missing. Recode them as missing if they are."
            )
    return y


def _complete(
    survey: Survey, domains: Domains, names: list[str], y: Array, hidden: int, missing: str
) -> Array:
    """Return who takes part (1.0 or 0.0); missing answers are an error unless asked otherwise."""
    inside = survey.chain.weights != 0
    if domains.code is not None:
        inside = inside & (domains.code >= 0)
    gone = np.isnan(y)
    lost = gone & inside
    if lost.any() and missing == "error":
        k = int(np.argmax(lost.any(axis=1)))
        raise ValueError(
            f"answers must be complete: {names[k]!r} is missing in {int(lost[k].sum()):,} of "
            f"{int(inside.sum()):,} rows with weight (first: row {int(np.flatnonzero(lost[k])[0])}). "
            "Pass missing='complete' to use what each respondent answered."
        )
    out = gone[:hidden].any(axis=0) | gone[hidden:].all(axis=0)
    return (~out).astype(float)


def _reports(survey: Survey, domains: Domains, y: Array) -> Array:
    """Number of hidden people reported, by group and domain, unweighted."""
    counted = y * (survey.chain.weights != 0)
    if domains.code is None:
        return np.asarray(counted.sum(axis=1, keepdims=True))
    inside = domains.code >= 0
    return np.stack(
        [np.bincount(domains.code[inside], row[inside], domains.count) for row in counted]
    )


def _none_reported(none: Array, columns: list[str], domains: Domains) -> list[str]:
    if not none.any():
        return []
    name = columns[int(np.flatnonzero(none)[0]) // domains.count]
    message = (
        f"nobody reported knowing anyone in {name!r} ({int(none.sum())} rows of the result): the "
        "estimate is 0 without a standard error, and the interval's upper end that of a count of 0."
    )
    warn(message)
    return [message]


def _facts(
    survey: Survey, domains: Domains, y: Array, used: Array, reports: Array
) -> dict[str, Array]:
    takes = (used > 0) & (survey.chain.weights != 0)
    code = np.zeros(survey.n, dtype=int) if domains.code is None else domains.code
    left = (used == 0) & (survey.chain.weights != 0) & (code >= 0)
    n = np.bincount(code[takes & (code >= 0)], minlength=domains.count)
    missing = np.bincount(code[left], minlength=domains.count)
    psu = survey.design.psu_of_unit[survey.chain.unit]
    with_cases: list[Array] = []
    for row in y:
        rows = np.flatnonzero((row > 0) & takes & (code >= 0))
        pairs = np.unique(np.c_[code[rows], psu[rows]], axis=0)
        with_cases.append(np.bincount(pairs[:, 0], minlength=domains.count))
    k = len(y)
    if not units_known(survey):
        with_cases = [np.full(domains.count, np.nan)] * k
    return {
        "n": np.tile(n, k),
        "missing": np.tile(missing, k),
        "cases": reports.reshape(-1).astype(int),
        "psus_with_cases": np.concatenate(with_cases),
    }


def _at_one_report(survey: Survey, domains: Domains, degree: Array, y: Array) -> Array:
    """Return the estimate that one report of average weight would give, with Kish's design effect."""
    w = survey.chain.weights
    squares, total, ties = (by_domain(domains, x) for x in (w * w, w, w * degree))
    with np.errstate(all="ignore"):
        return np.tile(squares / total / ties, len(y))


def _assumptions(tau: float | Estimate, uncertain_sizes: bool) -> list[str]:
    value = float(tau)
    known = "with its stated uncertainty" if isinstance(tau, Estimate) else "taken as known"
    said = [
        f"Respondents report {value:.3g} of their ties to hidden people (transmission), {known}.",
        "Hidden people are known in proportion to their number (no barrier, no recall error).",
        "Every report is true (precision 1).",
        "Hidden people have as many ties as others (degree ratio 1).",
    ]
    return said + ([KNOWN_UNCERTAIN] if uncertain_sizes else [])


def _size_factor(
    survey: Survey,
    domains: Domains,
    friends: Array,
    asked: Array,
    degree: Array,
    known: Mapping[str, float | Estimate],
    groups: int,
) -> Estimate | None:
    """Return 1 with the uncertainty that the sizes of known groups bring, row by row."""
    ties = survey.chain.weights * degree
    per_person = ties / np.where(asked > 0, asked, 1.0)
    total = by_domain(domains, ties)
    factor: Estimate | None = None
    for k, size in enumerate(known.values()):
        if not isinstance(size, Estimate):
            continue
        answered = by_domain(domains, per_person * ~np.isnan(friends[k]))
        slope = np.tile(
            np.divide(answered, total, out=np.zeros(total.size), where=total > 0), groups
        )
        deviation = replace(size - float(size), estimand=None)
        part = deviation.take(np.zeros(slope.size, dtype=int)) * slope
        factor = part if factor is None else factor + part
    return None if factor is None else factor + 1.0


def _adjust(e: Estimate, tau: float | Estimate, sizes: Estimate | None) -> Estimate:
    """Divide by the transmission rate and multiply by the known sizes' factor."""
    out = e
    if sizes is not None:
        out = out * replace(sizes, estimand=None)
    out = out / (replace(tau, estimand=None) if isinstance(tau, Estimate) else tau)
    constants = {"one_report": e.constants["one_report"] / float(tau)}
    return replace(
        out,
        unit="count",
        estimand=e.estimand,
        interval_rule="log",
        constants=constants,
        maps=(),
        facts=e.facts,
        labels=e.labels,
        outcomes=e.outcomes,
        assumptions=e.assumptions,
        provenance={**e.provenance, "cases": "reports"},
    )
