"""Sizes by the generalised scale-up: reports of the frame over how visible hidden people are to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..concentration import excess
from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import nearest, note, number, one_of
from ..estimate import Estimate
from ..evaluate import blank_rows, evaluate, without_spread
from ..facts import row_facts
from ..groups import hidden_groups, known_groups
from ..registry import Example, estimator
from ..survey import Survey
from . import alter_counts, few
from .adjustments import checked
from .degrees import FEEHAN, known_population, log_slopes, with_sizes
from .subject import of_hidden

__all__ = ["generalized"]

Array = NDArray[Any]


def _example() -> Example:
    rng = np.random.default_rng(11)
    psu = np.repeat(np.arange(10), 6)
    data = {
        "psu": psu,
        "stratum": psu // 5,
        "w": np.concatenate([rng.permutation([1.0, 2, 2, 3, 4, 3]) for _ in range(10)]),
        "hidden": rng.poisson(0.8, psu.size).astype(float),
        "other": rng.poisson(0.4, psu.size).astype(float),
    }
    data["hidden"][7] = np.nan
    visits = {
        "seen_police": rng.poisson(2.0, 20),
        "seen_nurses": rng.poisson(3.0, 20),
        "w": 1 / rng.integers(2, 9, 20),
    }
    arguments = {
        "hidden_sample": Survey(visits, weights="w", source="visits"),
        "hidden": ["hidden", "other"],
        "aware": {"seen_police": 20, "seen_nurses": 30},
        "frame_size": 148.0,
        "precision": 0.9,
        "missing": "complete",
    }
    return Example(data, lambda d: Survey(d, weights="w", strata="stratum", psu="psu"), arguments)


@estimator(
    unit="count",
    smooth=True,
    degree=None,
    citation=FEEHAN,
    example=_example,
    skips={"homogeneity": "weights must add up to the size of the frame, which is given"},
)
@explained
def generalized(
    sample: Answers | Survey,
    hidden_sample: Answers | Survey,
    hidden: Any = None,
    *,
    aware: Mapping[str, Any],
    frame_size: float | Estimate,
    precision: float | Estimate = 1.0,
    population: float | Estimate | None = None,
    in_frame: float | Estimate | None = None,
    where: str | None = None,
    hidden_where: str | Mapping[str, str] | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the size of a hidden group by the generalised scale-up, from two samples.

    ``N_H = eta sum w y_H / vbar`` with ``vbar = N_F / N_A mean(sum_j v_j)``: all reports of the
    frame about the group, over how many members of the frame are aware of one of its members.

    Parameters
    ----------
    sample : Answers or Survey
        Respondents from the frame, with expansion weights: they sum to about `frame_size`.
    hidden_sample : Survey or Answers
        Members of the hidden group, in any design; relative weights are enough, such as one over
        the degree in a respondent-driven sample.
    hidden : str, list of str or mapping
        Hidden groups reported in `sample`, y_H; of `Answers`, all of its groups by default.
    aware : mapping of str to float, Estimate or Group
        Columns of `hidden_sample` with how many members of a probe group are aware that the
        respondent is hidden, v_j, and the size of that group, N_Aj. Both count frame members.
    frame_size : float or Estimate
        Number of people in the frame, N_F.
    precision : float or Estimate
        Share eta of reports that are true, above 0 and at most 1.
    population, in_frame : float or Estimate, optional
        Where it is not known which alters are in the frame: `aware` then counts all members of the
        probe groups, vbar is ``N / N_A mean(sum_j v_j)`` times the share of aware alters that are
        in the frame. The share has no default; vary it.
    where : str, optional
        Respondents of `sample` who make up the frame, as a condition: their weights sum to about
        `frame_size`.
    hidden_where : str or mapping of str to str, optional
        Condition on the rows of `hidden_sample`, or one for each hidden group.
    missing : {"error", "complete"}
        ``complete`` takes reports as those of respondents who answered, and the probe groups that
        each hidden respondent answered, with the counts of those left out.

    Returns
    -------
    Estimate
        One row per hidden group, a count of people; interval on the log scale. The samples are
        sources of their own: each brings its variance, linearised or by its own replicates.

    Raises
    ------
    ValueError, TypeError, KeyError
        When weights are far from expansion weights, nobody is aware of a hidden respondent, more
        are aware than the probe group has members, an answer is missing, negative or no count, or
        a column is unknown.

    Notes
    -----
    Assumes that members of the probe groups are aware of hidden people as often as other members
    of the frame, and that hidden respondents know who is aware. Neither random mixing nor equal
    degrees are assumed, and no transmission rate is needed: it is part of vbar. It fails, by a
    factor, when probe groups are counted in the whole population and the frame is a part of it, or
    when a respondent-driven sample is taken without weights. Children of the respondent's own
    household are known with certainty: leave them out of y and v alike, or ask about them directly.

    References
    ----------
    Feehan, D. M. and Salganik, M. J. (2016). Generalizing the network scale-up method: a new
    estimator for the size of hidden populations. Sociological Methodology 46, 153-186.
    doi:10.1177/0081175016665425

    Examples
    --------
    >>> import prevalence as pv
    >>> frame = pv.Survey({"y": [1, 0, 2, 0], "w": [250.0] * 4}, weights="w")
    >>> visits = pv.Survey({"police_aware": [1, 3], "w": [0.5, 0.25]}, weights="w")
    >>> pv.nsum.generalized(frame, visits, "y", aware={"police_aware": 100}, frame_size=1000).value
    array([45.])
    """
    one_of("missing", missing, ["error", "complete"])
    said: list[str] = []
    survey, names, y = _reports(sample, hidden, said)
    domains = domains_of(survey, (), where)
    inside = np.where(domains.take_part(survey), survey.chain.weights, 0.0)
    _check_expansion(float(inside.sum()), frame_size, said)
    eta = checked("precision", precision)
    visible = _visibility(
        hidden_sample, aware, names, (frame_size, population, in_frame), hidden_where, missing
    )
    _check_sources(survey, alter_counts.survey_of("hidden_sample", hidden_sample), said)
    used = alter_counts.answered("hidden", names, y, domains.take_part(survey), missing)
    reports, one, here = np.where(used, y, 0.0), np.ones(survey.n), used.astype(float)

    def theta(w: Weights) -> Array:
        return np.asarray((reports @ w) * ((one @ w) / (here @ w)))

    result = evaluate(survey, theta, domains)
    facts = alter_counts.report_facts(survey, result, domains, reports, used)
    clustered = np.ones(len(names))
    if (none := facts["cases"] == 0).any():
        clustered = few.assumed(survey, domains, used).reshape(-1)
        note(said, _none_reported(none, names, (clustered[none] > 1).any()))
        result = replace(result, block=blank_rows(result.block, none))
    result = without_spread(survey, result, said)
    e = assemble(
        survey,
        result,
        domains,
        outcomes=names,
        unit="count",
        method="nsum.generalized",
        interval="log",
        citations=[FEEHAN],
        facts=facts,
        warnings=said,
        assumptions=_assumptions(visible, precision, population, in_frame),
        constants={"excess": excess(survey, domains, _off(inside, reports, used))},
    )
    out = alter_counts.times(alter_counts.times(e, visible, divide=True), precision)
    report = alter_counts.mean_weight(inside) * eta / visible.value
    one_report = report * clustered
    e = replace(e, provenance={**e.provenance, "cases": "reports", **_record(precision)})
    if isinstance(sample, Answers):
        e = of_hidden(e, as_answers(sample, hidden, summed=True))
    out = alter_counts.as_before(out, e, "log", one_report)
    v = (visible.std_error / visible.value) ** 2 + _relative_variance(precision)
    vague = {"factor_variance": np.broadcast_to(np.nan_to_num(v), e.value.shape)}
    return replace(out, constants={**out.constants, **vague})


def _relative_variance(part: float | Estimate) -> float:
    return (float(part.std_error[0]) / float(part)) ** 2 if isinstance(part, Estimate) else 0.0


def _reports(
    sample: Answers | Survey, hidden: Any, said: list[str]
) -> tuple[Survey, list[str], Array]:
    """Return the survey of the frame, the names of the hidden groups and their reports."""
    survey = alter_counts.survey_of("sample", sample)
    if isinstance(sample, Answers):
        answers = as_answers(sample, hidden, summed=True)
        said += answers.notes
        names = list(answers.hidden)
        return survey, names, alter_counts.counts_of(answers, names, "hidden", said)
    groups = hidden_groups(() if hidden is None else hidden)
    columns = [str(group.column) for group in groups.values()]
    return survey, list(groups), alter_counts.counts_of(sample, columns, "hidden", said)


def _check_expansion(total: float, frame_size: float | Estimate, said: list[str]) -> None:
    """Refuse weights that are no expansion weights; warn when their sum is off by a tenth."""
    what = "the number of people in the frame"
    size = alter_counts.positive("frame_size", number("frame_size", frame_size), what)
    text = (
        f"weights must be expansion weights, which sum to the size of the frame: found a sum of "
        f"{total:,.6g} for a frame_size of {size:,.6g}. Weight rows by one over their inclusion "
        "probability, or calibrate them to the frame (survey.poststratify)."
    )
    if not 0.5 <= total / size <= 2:
        raise ValueError(text)
    if not 0.9 <= total / size <= 1.1:
        note(said, f"{text} The estimate moves in proportion to the sum.")


def _check_sources(survey: Survey, other: Survey, said: list[str]) -> None:
    """Say when two samples that were declared apart count as one."""
    if survey.design is other.design or survey.design.source != other.design.source:
        return
    if survey.source is None or other.source is None:
        note(
            said,
            "independent samples must have names of their own: sample and hidden_sample have the "
            "same labels and weights and count as one. Name them in pv.Survey(..., source=...).",
        )


def _visibility(
    hidden_sample: Answers | Survey,
    aware: Mapping[str, Any],
    names: list[str],
    sizes: tuple[float | Estimate, float | Estimate | None, float | Estimate | None],
    where: str | Mapping[str, str] | None,
    missing: str,
) -> Estimate:
    """Return how many members of the frame are aware of one hidden person, by hidden group."""
    survey = alter_counts.survey_of("hidden_sample", hidden_sample)
    counted_in, inside_share = _counted_in(*sizes)
    groups = known_groups(aware, "persons", float(counted_in), "aware")
    said: list[str] = []
    columns = [str(group.column) for group in groups.values()]
    v = alter_counts.counts_of(hidden_sample, columns, "aware", said)
    for name, group, row in zip(groups, groups.values(), v, strict=True):
        limit = np.full(row.size, float(number("aware", group.size)))
        rule = f"numbers up to the size of the group, {limit[0]:,.0f} in {name!r}"
        remedy = "Correct the answers or the size."
        alter_counts.check_at_most("aware", row, limit, rule, remedy)
    asked = _conditions(survey, names, where)
    inside = asked.any(axis=0) & (survey.chain.weights != 0)
    alter_counts.answered("aware", list(groups), v, inside, missing)
    found = known_population(v, groups)
    member = asked * found.answered
    seen = member * found.each
    _check_seen(seen, survey, [*names, "hidden"][: len(seen)])
    domains = domains_of(survey, (), None)
    result = evaluate(survey, lambda w: np.asarray((seen @ w) / (member @ w)), domains)
    result = without_spread(survey, result, said)
    lost = (asked * ~found.answered * (survey.chain.weights != 0)).sum(axis=1)[:, None]
    e = assemble(
        survey,
        result,
        domains,
        outcomes=["visibility"],
        unit="count",
        method="nsum.visibility",
        interval="log",
        citations=[FEEHAN],
        facts=row_facts(result, lost),
        warnings=said,
    )
    e = with_sizes(e, groups, log_slopes(found, survey.chain.weights * member))
    for part in (counted_in, inside_share):
        e = alter_counts.times(e, part)
    return replace(e, estimand=None, unit="known", assumptions=_left_out(lost))


def _left_out(lost: Array) -> tuple[str, ...]:
    count = int(lost.max())
    text = f"{count:,} hidden respondents answered about no probe group and are left out."
    return (text,) if count else ()


def _counted_in(
    frame_size: float | Estimate,
    population: float | Estimate | None,
    in_frame: float | Estimate | None,
) -> tuple[float | Estimate, float | Estimate]:
    """Return the population that the probe groups are counted in, and the share in the frame."""
    if population is None:
        if in_frame is not None:
            raise ValueError(
                "in_frame must come with population: found it alone. Where probe groups are counted "
                "in the frame leave it out, else give the population they are counted in."
            )
        return frame_size, 1.0
    what = "the number of people that the probe groups are counted in"
    size = alter_counts.positive("population", number("population", population), what)
    if size < number("frame_size", frame_size):
        raise ValueError(
            f"population must be at least frame_size: found {size:,.6g} and "
            f"{float(frame_size):,.6g}. The frame is a part of the population."
        )
    if in_frame is None:
        raise ValueError(
            "in_frame must be given with population: found none. Pass the share of aware alters that "
            "are in the frame, and vary it: in_frame=1 assumes that all are."
        )
    text = "the share of aware alters that are in the frame"
    alter_counts.share("in_frame", number("in_frame", in_frame), text)
    return population, in_frame


def _conditions(survey: Survey, names: list[str], where: str | Mapping[str, str] | None) -> Array:
    """Return which hidden respondents stand for each hidden group, one row for all alike."""
    w = survey.chain.weights
    if where is None:
        return np.ones((1, survey.n))
    if isinstance(where, str):
        return survey.table.meets(where, w)[None].astype(float)
    for name in where:
        if name not in names:
            raise KeyError(
                f"hidden_where must name hidden groups: {name!r} is not one.{nearest(name, names)}"
            )
    absent = [name for name in names if name not in where]
    if absent:
        raise ValueError(
            f"hidden_where must have a condition for every hidden group: {absent[0]!r} has none. Add "
            "it."
        )
    return np.stack([survey.table.meets(where[name], w).astype(float) for name in names])


def _check_seen(seen: Array, survey: Survey, names: Sequence[str]) -> None:
    none = ~(seen @ survey.chain.weights > 0)
    if none.any():
        raise ValueError(
            f"aware must hold a report: no respondent of hidden_sample has a member of a probe group "
            f"who is aware (for {names[int(np.argmax(none))]!r}). Without one the size is not bounded: "
            "use more probe groups or a larger sample."
        )


def _off(weights: Array, reports: Array, used: Array) -> Array:
    """Return reports less their weighted mean, of the respondents who answered."""
    w = weights * used
    mean = (reports * w).sum(axis=1) / w.sum(axis=1)
    return np.where(used, reports - mean[:, None], 0.0)


def _none_reported(none: Array, names: list[str], clustered: bool) -> str:
    return (
        f"nobody reported knowing anyone in {names[int(np.argmax(none))]!r} ({int(none.sum())} rows of "
        "the result): the estimate is 0 without a standard error, and the interval's upper end that "
        f"of a count of 0{f', with {few.ASSUMED}' if clustered else ''}."
    )


def _assumptions(
    visible: Estimate,
    precision: float | Estimate,
    population: float | Estimate | None,
    in_frame: float | Estimate | None,
) -> list[str]:
    seen = ", ".join(f"{x:.4g}" for x in dict.fromkeys(visible.value))
    said = [
        f"A hidden person is visible to {seen} members of the frame on average (hidden sample).",
        "Members of the probe groups are aware of hidden people as often as others in the frame.",
        f"{_told(precision)} of the reports are true (precision).",
    ]
    if population is not None and in_frame is not None:
        said.append(f"{_told(in_frame)} of the aware alters are in the frame, a value to vary.")
    return said


def _record(precision: float | Estimate) -> dict[str, Any]:
    """Return the one adjustment that is made, as `scale_up` tells its own."""
    limits = (
        {"precision": precision.interval()[0].tolist()} if isinstance(precision, Estimate) else {}
    )
    return {"adjustments": {"precision": float(precision)}, "adjustment limits": limits}


def _told(value: float | Estimate) -> str:
    how = "with its stated uncertainty" if isinstance(value, Estimate) else "taken as known"
    return f"A share of {float(value):.3g} ({how})"
