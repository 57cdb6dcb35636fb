"""Sizes of hidden groups by network scale-up: weighted ratios of reports and ties, adjusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..custom import assemble, domains_of
from ..errors import generator, note, one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate, without_spread
from ..intervals import t_quantile
from ..registry import estimator
from ..survey import Survey
from . import few
from .adjustments import Adjustments
from .degrees import (
    FEEHAN,
    KILLWORTH,
    RULES,
    complete,
    example,
    is_rule,
    ties_of,
    top_coded,
    with_sizes,
)
from .reports import Reports, facts_of, model_errors, reports_of
from .subject import of_hidden

__all__ = ["scale_up"]

Array = NDArray[Any]
APART, SURE, ENOUGH = (
    1.25,
    0.99,
    10,
)  # rules differ by a factor, beyond chance, with so many reports
SEEN = (
    "Each row is the size of the whole group as the respondents of its domain see it: rows do not add "
    "up. Times the domain's share of the people asked about it is the number in the domain."
)


@estimator(
    unit="count",
    smooth=True,
    degree=0,
    citation=KILLWORTH,
    example=lambda: example(hidden="hidden", transmission=0.8, population=None),
    variants={
        "mean of ratios": lambda: example(
            hidden="hidden", transmission=0.8, size="mean-of-ratios", degree="mean-of-ratios"
        ),
        "summation": lambda: example(
            hidden=["hidden", "police"], transmission=0.8, known=None, degree=["family", "friends"]
        ),
    },
)
@explained
def scale_up(
    sample: Answers | Survey,
    hidden: Any = None,
    *,
    known: Any = None,
    transmission: float | Estimate | None = None,
    degree_ratio: float | Estimate = 1.0,
    frame_ratio: float | Estimate = 1.0,
    precision: float | Estimate = 1.0,
    degree: str | Sequence[str] = "ratio-of-sums",
    size: str = "ratio-of-sums",
    population: float | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
    propagate: str = "delta",
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the size of a hidden group by network scale-up, a weighted ratio, adjusted.

    ``N_h = N sum w y_h / sum w d`` (ratio of sums) or ``N sum w y_h / d / sum w`` over ``d > 0``
    (mean of ratios), times precision over ``transmission * degree_ratio * frame_ratio``. With
    degrees ``d = N sum y_k / sum N_k`` from known groups the size N of the population cancels.

    Parameters
    ----------
    sample : Answers or Survey
        Respondents, who answer how many people (or children) they know in each group.
    hidden : str, list of str or mapping, optional
        Columns with the number known in each hidden group, y_h; of answers, names of hidden groups,
        by default all.
    known : mapping, table or list of str, optional
        Columns of the known groups, y_k, and their sizes N_k, uncertain ones by
        `prevalence.uncertain`, as in `prevalence.Answers`; of answers, names of groups, by default
        all. Not needed with degrees by summation.
    transmission : float or Estimate
        Share tau of the ties to hidden people that respondents are aware of and report, above 0
        and at most 1. There is no default: ``transmission=1`` assumes that all are reported.
    degree_ratio : float or Estimate
        Mean degree of hidden people over that of the frame's members.
    frame_ratio : float or Estimate
        Mean degree within the frame of its members over that of the whole population. Degrees that
        are already those of the frame's members have 1.
    precision : float or Estimate
        Share of the reports that are true.
    degree : {"ratio-of-sums", "mean-of-ratios"} or list of str
        Rule of the degrees, or columns of types of relation, as in `degree`.
    size : {"ratio-of-sums", "mean-of-ratios"}
        Rule of the sizes.
    population : float, optional
        Size of the population N, against which the sizes of known groups are checked; needed with
        degrees by summation.
    by, where : str or list of str, optional
        Domains of respondents: the whole groups as seen by them, which do not add up. Times a
        domain's share of the people asked about, a row is the number in the domain.
    missing : {"error", "complete"}
        ``complete`` uses the known groups that each respondent answered, and leaves out of a hidden
        group, with their count, respondents without an answer about it or about any known group.
    propagate : {"delta", "draws"}
        Whether uncertain adjustments enter by the delta method, or are drawn from their own
        distributions and divided draw by draw, for percentile limits.
    rng : int, numpy.random.Generator or None
        Seed or generator of the draws.

    Returns
    -------
    Estimate
        One row per hidden group and domain, a count of people; interval on the log scale, or of
        percentiles with draws. Its facts hold ``basic``, the estimate without adjustments,
        ``other_size``, the other size rule's, ``zero_degree`` and Killworth's binomial standard
        error, which knows no design, as ``model_std_error``.

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
    transmission rate is wrong. Mean of ratios leaves out respondents of degree 0, with their count;
    a difference of the two size rules above 25 % is warned of where there are at least 10 reports
    and chance would hardly bring it (a 99 % interval of the difference does not hold 0). Where degrees
    rest on few ties, mean of ratios is too high: by 15 % with ten known ties in the mean.

    With few reports, or few clusters that hold most of them, the interval takes fewer degrees of
    freedom than the design's; without a report its upper limit is that of a count of 0 with the
    design effect of reports within clusters, of the whole sample or assumed. Draw an adjustment
    whose coefficient of variation is above 0.2 (``propagate="draws"``): the delta method's interval
    then ends too low, and covers 89 to 92 % instead of 95 % at 0.44.

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
    one_of("size", size, RULES)
    one_of("propagate", propagate, ["delta", "draws"])
    adjustments = Adjustments(
        transmission=transmission,
        degree_ratio=degree_ratio,
        frame_ratio=frame_ratio,
        precision=precision,
    )
    draws = generator(rng)
    answers = as_answers(sample, hidden, known, population, summed=not is_rule(degree))
    if not answers.hidden:
        raise ValueError("hidden must name a column: found none. Write the name of one.")
    domains, said = domains_of(answers.survey, by, where), list(answers.notes)
    reports = _read(answers, degree, domains, missing, said)
    e = _basic(answers, reports, size, said)
    return adjustments.drawn(e, draws) if propagate == "draws" else adjustments.applied(e)


def _read(
    answers: Answers, degree: str | Sequence[str], domains: Domains, missing: str, said: list[str]
) -> Reports:
    """Return reports and ties of the respondents who take part, group by group."""
    names = list(answers.hidden)
    y = answers.counts(names)
    ties = ties_of(answers, degree, said)
    gone = np.concatenate([np.isnan(y), ties.gone])
    questions = [str(answers.hidden[name].column) for name in names]
    complete(answers.survey, domains, [*questions, *ties.columns], gone, missing)
    return reports_of(answers.survey, domains, tuple(names), y, ties)


def _basic(answers: Answers, reports: Reports, size: str, said: list[str]) -> Estimate:
    """Return the estimate before the adjustments, with the uncertainty of the known sizes."""
    survey, domains, ties = reports.survey, reports.domains, reports.ties
    result = evaluate(survey, reports.theta(size), domains)
    one_report = reports.one_report(size).reshape(-1)
    none = (result.value == 0).reshape(-1)
    if none.any():
        clustered, words = few.borrowed(reports, size)
        one_report = one_report * clustered
        note(said, _nobody(none, reports, words if (clustered[none] > 1).any() else ""))
        result = replace(result, block=blank_rows(result.block, none))
    result = without_spread(survey, result, said)
    other = reports.values(RULES[size == RULES[0]])
    _tell_zero_degrees(reports, size, said)
    _tell_above(answers, reports, said)
    _tell_apart(reports, result, size, other, said)
    model = model_errors(reports, result.value, size, answers.population)
    e = assemble(
        survey,
        result,
        domains,
        outcomes=reports.names,
        unit="count",
        method="nsum.scale_up",
        interval="log",
        citations=[KILLWORTH, FEEHAN],
        facts=facts_of(reports, result, size, {"other_size": other, "model_std_error": model}),
        warnings=said,
        constants={
            "one_report": one_report,
            "excess": few.excess_of(reports, result.value, size),
        },
        assumptions=[
            "Hidden people are known in proportion to their number (no barrier, no recall error).",
            *([SEEN] if domains.names else []),
            *top_coded(answers, [*answers.hidden, *(answers.known if ties.of_groups else ())]),
        ],
    )
    provenance = {
        **e.provenance,
        "cases": "reports",
        **({"seen": "in the domain"} if domains.names else {}),
        "degrees": ties.words,
        "sizes": f"{size.replace('-', ' ')}; {_other(result.value, other, size)}",
        "model standard error": _beside(model, e),
    }
    e = of_hidden(replace(e, provenance=provenance), answers)
    return with_sizes(e, answers.known, reports.slopes(size))


def _nobody(none: Array, reports: Reports, clustering: str) -> str:
    seen, count = reports.seen.reshape(-1)[none], int(none.sum())
    name = reports.names[int(np.flatnonzero(none)[0]) // reports.domains.count]
    who = "nobody" if not seen.any() else "nobody of a degree above 0"
    return (
        f"{who} reported knowing anyone in {name!r} ({count} rows of the result): the "
        "estimate is 0 without a standard error, and the interval's upper end that of a count of 0"
        f"{f', with {clustering}' if clustering else ''}."
    )


def _tell_zero_degrees(reports: Reports, size: str, said: list[str]) -> None:
    """Tell whom mean of ratios leaves out, since a ratio has no value at a degree of 0."""
    if size == RULES[0]:
        return
    inside = reports.domains.take_part(reports.survey)
    takes = reports.used.any(axis=0) & inside
    zero = takes & (reports.ties.each == 0)
    if zero.any():
        note(
            said,
            f"mean of ratios leaves out {int(zero.sum()):,} of {int(takes.sum()):,} respondents whose "
            f"degree is 0 (first: row {int(np.flatnonzero(zero)[0])}), and with them "
            f"{reports.y[:, zero].sum():,.0f} of {reports.y[:, takes].sum():,.0f} hidden people "
            "reported. Ratio of sums keeps them.",
        )


def _tell_above(answers: Answers, reports: Reports, said: list[str]) -> None:
    """Tell who reports more people of a hidden group than they know at all (where N is given)."""
    if answers.population is None:
        return
    inside = reports.domains.take_part(reports.survey)
    with np.errstate(over="ignore"):
        known = reports.ties.each * answers.population * (1 + 1e-12)
    above = (reports.y > known) & reports.used & inside
    if above.any():
        k = int(np.argmax(above.any(axis=1)))
        none = int((above.any(axis=0) & (reports.ties.each == 0)).sum())
        note(
            said,
            f"{int(above.any(axis=0).sum()):,} of {int(inside.sum()):,} respondents report more hidden "
            f"people than they know at all by their degree (first: {reports.names[k]!r} in row "
            f"{int(np.flatnonzero(above[k])[0])}), {none:,} of them with a degree of 0, which few ties to "
            "known groups make. Check the others; pv.Answers(..., top_code=30) truncates.",
        )


def _tell_apart(reports: Reports, result: Result, size: str, other: Array, said: list[str]) -> None:
    """Warn where the two size rules differ by more than 25 % and by more than chance."""
    with np.errstate(all="ignore"):
        far = np.abs(np.log(other / result.value)) > np.log(APART)
    far &= reports.seen >= ENOUGH
    if not far.any():
        return
    groups = far.any(axis=1)
    block = reports.difference(groups, size, result.block)
    chance = np.full(far.shape, np.inf)
    chance[groups] = (t_quantile(block.df, SURE) * block.std_error).reshape(-1, far.shape[1])
    with np.errstate(invalid="ignore"):
        apart = far & (np.abs(other - result.value) > chance)
    if not apart.any():
        return
    group, domain = (int(x[0]) for x in np.nonzero(apart))
    labels = ", ".join(reports.domains.labels[domain])
    values = (result.value, other) if size == RULES[0] else (other, result.value)
    sums, ratios = (float(x[group, domain]) for x in values)
    note(
        said,
        f"the two size rules differ by more than 25 % and by more than chance in {int(apart.sum())} of "
        f"{apart.size} rows (first: {reports.names[group]!r}{f' in {labels}' if labels else ''}, ratio "
        f"of sums {sums:,.0f}, mean of ratios {ratios:,.0f}, before adjustments): hidden people are "
        "not known in proportion to degrees, or degrees rest on few ties. Report both.",
    )


def _other(value: Array, other: Array, size: str) -> str:
    """Say in words what the other size rule gives."""
    name = RULES[size == RULES[0]].replace("-", " ")
    with np.errstate(all="ignore"):
        share = (other / value)[np.isfinite(other / value)]
    if not share.size:
        return f"{name} gives none"
    low, high = share.min(), share.max()
    many = f"{low:.2f}" if share.size == 1 else f"{low:.2f} to {high:.2f}"
    return f"{name} gives {many} times the estimate"


def _beside(model: Array, e: Estimate) -> str:
    """Say in words how Killworth's standard error compares with the design's."""
    with np.errstate(all="ignore"):
        share = model.reshape(-1) / e.std_error
    share = share[np.isfinite(share)]
    if not share.size:
        return ""
    many = f"{share.min():.2f}" + (f" to {share.max():.2f}" if share.size > 1 else "")
    return (
        f"Killworth's binomial formula, which takes no account of the design, gives {many} times the "
        "standard error of the design and is not used"
    )
