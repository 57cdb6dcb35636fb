"""Transmission rate and degree ratio from what hidden people report of their own ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import note, number, one_of
from ..estimand import Estimand
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate, without_spread
from ..facts import by_domain, relative, row_facts
from ..frames import names_of
from ..groups import Group
from ..registry import Example, estimator
from ..survey import Survey
from . import alter_counts
from .degrees import FEEHAN, known_population, log_slopes, with_sizes

__all__ = ["degree_ratio", "game_of_contacts"]

Array = NDArray[Any]
GAME = "Salganik et al. (2011) Social Networks 33, 70-78"


def _visits(seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    psu = np.repeat(np.arange(8), 4)
    data = {"psu": psu, "stratum": psu // 4, "w": rng.integers(1, 5, 32).astype(float)}
    for name, mean in (("police", 3.0), ("nurses", 4.0)):
        data[name] = rng.poisson(mean, 32).astype(float)
        data[f"{name}_aware"] = rng.binomial(data[name].astype(int), 0.6).astype(float)
    data["police"][5] = np.nan
    return data


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def _game_example() -> Example:
    arguments = {
        "aware": ["police_aware", "nurses_aware"],
        "known": ["police", "nurses"],
        "missing": "complete",
    }
    return Example(_visits(3), _survey, arguments)


@estimator(unit="ratio", smooth=True, degree=0, citation=GAME, example=_game_example)
@explained
def game_of_contacts(
    hidden_sample: Answers | Survey,
    *,
    aware: Any,
    known: Any,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the transmission rate, the share of ties to hidden people who are known as such.

    ``tau = sum w aware / sum w known`` over the alters that hidden respondents told of.

    Parameters
    ----------
    hidden_sample : Survey or Answers
        Members of the hidden group, in any design; relative weights are enough, such as one over
        the degree in a respondent-driven sample.
    aware : str, list of str or mapping
        Columns with how many of those alters are aware that the respondent is hidden.
    known : str, list of str or mapping
        Columns with how many alters the respondent knows in each probe group, in the order of
        `aware`. Both count members of the frame.
    by, where : str or list of str, str
        Domains of hidden respondents.
    missing : {"error", "complete"}
        ``complete`` uses the probe groups for which a respondent gave both numbers, and counts
        respondents without any.

    Returns
    -------
    Estimate
        One row per domain, a share between 0 and 1 to be used as ``transmission=``; interval on
        the logit scale.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a respondent has more aware alters than alters, `aware` and `known` differ in length,
        nobody knows an alter, an answer is missing, negative or no count, or a column is unknown.

    Notes
    -----
    Assumes that alters in the probe groups learn of the respondent's situation as often as others,
    and that respondents know who is aware: it fails where they misjudge it. An alter who is aware
    may still not say so in a survey. Where hidden people are children, alters of their own
    household are aware almost surely: ask about alters outside of it, as `scale_up` does.

    References
    ----------
    Salganik, M. J., Mello, M. B., Abdo, A. H., Bertoni, N., Fazito, D. and Bastos, F. I. (2011).
    The game of contacts: estimating the social visibility of groups. Social Networks 33, 70-78.
    (DOI not checked)

    Feehan, D. M. and Salganik, M. J. (2016). Generalizing the network scale-up method: a new
    estimator for the size of hidden populations. Sociological Methodology 46, 153-186.
    doi:10.1177/0081175016665425

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"police": [4, 2, 4], "police_aware": [1, 2, 3], "w": [1.0, 2.0, 1.0]}
    >>> visits = pv.Survey(data, weights="w")
    >>> tau = pv.nsum.game_of_contacts(visits, aware="police_aware", known="police")
    >>> tau.value.round(3)
    array([0.667])
    """
    one_of("missing", missing, ["error", "complete"])
    said: list[str] = []
    survey = alter_counts.survey_of("hidden_sample", hidden_sample)
    domains = domains_of(survey, by, where)
    told, met = _names("aware", aware), _names("known", known)
    if len(told) != len(met):
        raise ValueError(
            f"aware and known must name the same probe groups: found {len(told)} and {len(met)} "
            "columns. Give one of each, in the same order."
        )
    v = alter_counts.counts_of(hidden_sample, told, "aware", said)
    d = alter_counts.counts_of(hidden_sample, met, "known", said)
    for name, other, one, two in zip(told, met, v, d, strict=True):
        rule = f"at most the alters known, {name!r} against {other!r}"
        remedy = "Correct them: who is aware is among those known."
        alter_counts.check_at_most("aware", one, two, rule, remedy)
    inside = domains.take_part(survey)
    both = alter_counts.answered("aware", told, v, inside, missing)
    both &= alter_counts.answered("known", met, d, inside, missing)
    seen, alters = (np.where(both, x, 0.0).sum(axis=0) for x in (v, d))
    _check_alters(by_domain(domains, survey.chain.weights * alters), domains)
    result = evaluate(survey, lambda w: np.asarray((seen @ w) / (alters @ w)), domains)
    result = without_spread(survey, _at_edge(result, said), said)
    used = np.asarray(both.any(axis=0))
    lost = ~used & inside
    e = assemble(
        survey,
        result,
        domains,
        outcomes=["transmission"],
        unit="ratio",
        method="nsum.game_of_contacts",
        interval="logit",
        citations=[GAME, FEEHAN],
        facts=row_facts(result, by_domain(domains, lost.astype(float)).astype(int)[None]),
        constants=_effective(survey, domains, used),
        warnings=said,
        assumptions=[
            "Alters in the probe groups are aware as often as other members of the frame.",
            "Hidden respondents know who is aware of their situation.",
        ],
    )
    about = replace(e.estimand or Estimand(), outcome="transmission rate")
    return replace(e, estimand=about)


def _names(argument: str, columns: Any) -> list[str]:
    return names_of(argument, list(columns) if isinstance(columns, dict) else columns)


def _check_alters(alters: Array, domains: Domains) -> None:
    if not (alters > 0).all():
        label = domains.labels[int(np.argmin(alters > 0))]
        where = f" of {', '.join(label)}" if label else ""
        raise ValueError(
            f"known must hold an alter: hidden respondents{where} know nobody in the probe groups. "
            "Check the columns, or use larger domains."
        )


def _at_edge(result: Result, said: list[str]) -> Result:
    """Blank the standard error where all or no alters are aware, and say so."""
    flat = ((result.value == 0) | (result.value == 1)).reshape(-1)
    if not flat.any():
        return result
    note(
        said,
        f"all or none of the alters are aware in {int(flat.sum())} of {flat.size} rows: they have no "
        "standard error, and the interval is that of a share on the respondents' effective number.",
    )
    return replace(result, block=blank_rows(result.block, flat))


def _effective(survey: Survey, domains: Domains, used: Array) -> dict[str, Array]:
    """Return respondents and Kish's design effect, for shares without a standard error."""
    w = relative(survey.chain.weights) * used
    n = by_domain(domains, (w != 0).astype(float))
    return {"n": n, "deff": n * by_domain(domains, w * w) / by_domain(domains, w) ** 2}


def _ratio_example() -> Example:
    frame = _visits(5)
    del frame["police_aware"], frame["nurses_aware"]
    arguments = {
        "sample": Survey(frame, weights="w", strata="stratum", psu="psu", source="frame"),
        "known": {"police": 300, "nurses": 500},
        "missing": "complete",
    }
    return Example(_visits(4), _survey, arguments)


@estimator(unit="ratio", smooth=True, degree=0, citation=FEEHAN, example=_ratio_example)
@explained
def degree_ratio(
    hidden_sample: Answers | Survey,
    sample: Answers | Survey,
    *,
    known: Any = None,
    where: str | None = None,
    hidden_where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the degree ratio, the mean degree of hidden people over that of the frame.

    ``delta = dbar_H / dbar_F``, each the weighted mean of ``sum y_k / sum N_k`` over the same
    known groups.

    Parameters
    ----------
    hidden_sample : Survey or Answers
        Members of the hidden group, in any design; relative weights are enough.
    sample : Survey or Answers
        Respondents from the frame, asked the same questions.
    known : mapping of str to float, Estimate or Group
        Columns of the known groups and their sizes, the same in both samples; of two `Answers`,
        all of their groups by default. Both count members of the frame.
    where, hidden_where : str, optional
        Conditions on the rows of `sample`, and of `hidden_sample`.
    missing : {"error", "complete"}
        ``complete`` uses the known groups that each respondent answered.

    Returns
    -------
    Estimate
        One row, a positive ratio to be used as ``degree_ratio=``; interval on the log scale. Each
        sample brings its variance; with `scale_up` on the same frame its covariance is kept.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the known groups differ, a sample knows nobody in them, an answer is missing, negative
        or no count, or a column is unknown.

    Notes
    -----
    Assumes that hidden people and the frame know the groups in proportion to their degrees: it
    fails where hidden people are closer to, or kept apart from, the groups asked about. Ties
    within the respondent's own household must count in both samples or in neither. Where hidden
    people are children and the frame is of adults, compare children with children: pass as `sample`
    children of the general population asked the same questions, and leave the frame ratio at 1.
    With weights of one over the degree and few hidden respondents the ratio is too high (by 7 % with
    15, by 2 % with 80) and its interval covers 90 to 92 %.

    References
    ----------
    Feehan, D. M. and Salganik, M. J. (2016). Generalizing the network scale-up method: a new
    estimator for the size of hidden populations. Sociological Methodology 46, 153-186.
    doi:10.1177/0081175016665425

    Examples
    --------
    >>> import prevalence as pv
    >>> frame = pv.Survey({"police": [4, 6]}, source="frame")
    >>> visits = pv.Survey({"police": [1, 3], "w": [2.0, 1.0]}, weights="w")
    >>> pv.nsum.degree_ratio(visits, frame, known={"police": 100}).value.round(3)
    array([0.333])
    """
    one_of("missing", missing, ["error", "complete"])
    groups = [_known(s, known) for s in (hidden_sample, sample)]
    _check_same(groups[0].known, groups[1].known)
    conditions = (hidden_where, where)
    hidden, frame = (_mean_degree(*x, missing) for x in zip(groups, conditions, strict=True))
    return alter_counts.as_before(alter_counts.times(hidden, frame, divide=True), hidden, "log")


def _known(sample: Answers | Survey, known: Any) -> Answers:
    if isinstance(sample, Answers) and isinstance(known, dict):
        return as_answers(sample, known=list(known))
    return as_answers(sample, known=known)


def _check_same(one: dict[str, Group], two: dict[str, Group]) -> None:
    if set(one) != set(two):
        odd = min(set(one) ^ set(two))
        raise ValueError(
            f"known groups must be the same in both samples: {odd!r} is in one of them alone. Choose "
            "common ones with known=[...]."
        )
    for name in one:
        a, b = (float(number("size", group[name].size)) for group in (one, two))
        if a != b:
            raise ValueError(
                f"known groups must have one size: {name!r} has {a:,.6g} and {b:,.6g}. Correct one."
            )


def _mean_degree(answers: Answers, where: str | None, missing: str) -> Estimate:
    """Return the mean number of ties per member of the known groups."""
    survey, names = answers.survey, list(answers.known)
    domains = domains_of(survey, (), where)
    y, inside = answers.counts(names), domains.take_part(survey)
    alter_counts.answered("known", names, y, inside, missing)
    found = known_population(y, answers.known)
    used = found.answered.astype(float)
    w = np.where(inside, survey.chain.weights, 0.0)
    if not found.each @ w > 0:
        raise ValueError(
            "known must hold an alter: respondents of a sample know nobody in the known groups. Check "
            "the columns."
        )

    def theta(w: Weights) -> Array:
        return np.asarray((found.each @ w) / (used @ w))

    said = list(answers.notes)
    result = without_spread(survey, evaluate(survey, theta, domains), said)
    lost = np.array([[int(((used == 0) & (w != 0)).sum())]])
    e = assemble(
        survey,
        result,
        domains,
        outcomes=["degree ratio"],
        unit="ratio",
        method="nsum.degree_ratio",
        interval="log",
        citations=[FEEHAN],
        facts=row_facts(result, lost),
        warnings=said,
        assumptions=["Both samples know the known groups in proportion to their degrees."],
    )
    return with_sizes(e, answers.known, log_slopes(found, w[None]))
