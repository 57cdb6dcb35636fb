"""Degrees: how many people respondents know, from known groups or summed over types of relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..blocks import add_blocks
from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import nearest, note, number, one_of
from ..estimate import Estimate
from ..evaluate import Domains, blank_rows, evaluate, without_spread
from ..facts import by_domain, relative, row_facts
from ..frames import names_of
from ..groups import Group
from ..items import read_item
from ..registry import Example, estimator
from ..survey import Survey
from .subject import of_respondents

__all__ = ["degree"]

Array = NDArray[Any]
RULES = ("ratio-of-sums", "mean-of-ratios")
KILLWORTH = "Killworth et al. (1998) doi:10.1177/0193841X9802200205"
FEEHAN = "Feehan and Salganik (2016) doi:10.1177/0081175016665425"
FEW = 5  # answers, too few to be told in public
KNOWN_UNCERTAIN = "Sizes of known groups carry their stated uncertainty."


@dataclass(frozen=True, eq=False)
class Ties:
    """Ties of every respondent over the size of the population they are to, d_i / N.

    `gone` tells by question (rows) and respondent (columns) which answers are missing, `answered`
    who has a degree, `one` what one tie more would add, `slopes` the derivatives of the ties by the
    sizes of known groups that are uncertain.
    """

    each: Array
    one: Array
    answered: Array
    gone: Array
    columns: tuple[str, ...]
    words: str
    slopes: dict[str, Array]
    of_groups: bool = True


def is_rule(degree: str | Sequence[str]) -> bool:
    """Tell a rule of known groups from columns of types of relation."""
    return isinstance(degree, str) and degree in RULES


def ties_of(
    answers: Answers, degree: str | Sequence[str], said: list[str], people: float | None = None
) -> Ties:
    """Return the ties of every respondent by a rule of known groups, or by summation."""
    if is_rule(degree):
        return known_population(answers.counts(list(answers.known)), answers.known, str(degree))
    y, columns = relations(answers, degree, said)
    people = answers.population if people is None else people
    if people is None:
        raise ValueError(
            "population must be given with degrees by summation: found none. Pass the number of "
            "people that these degrees refer to."
        )
    gone = np.isnan(y)
    answered = np.asarray(~gone.any(axis=0))
    return Ties(
        np.where(answered, np.nan_to_num(y).sum(axis=0), 0.0) / people,
        np.full(answers.survey.n, 1 / people),
        answered,
        gone,
        columns,
        f"summation over {len(columns)} types of relation",
        {},
        of_groups=False,
    )


def relations(
    answers: Answers, degree: str | Sequence[str], said: list[str]
) -> tuple[Array, tuple[str, ...]]:
    """Return the numbers known by type of relation, nan where missing, and their columns."""
    columns = names_of("degree", degree)
    table = answers.survey.table
    if not columns:
        raise ValueError("degree must name a column: found none. Write a rule or columns.")
    for name in columns:
        if name not in table.names:
            raise ValueError(
                f"degree must be {', '.join(RULES)} or columns of types of relation: found {name!r}."
                f"{nearest(name, [*RULES, *table.names]) or ' Write one of them.'}"
            )
    how: Any = {"codes": answers.codes, "fractional": answers.fractional, "said": said}
    items = [read_item(table, name, "degree", **how) for name in columns]
    return np.stack([item.counts for item in items]), tuple(columns)


def known_population(
    friends: Array, groups: Mapping[str, Group], rule: str = "ratio-of-sums"
) -> Ties:
    """Scale the ties to known groups that a respondent answered by the sizes of these groups."""
    sizes = np.array([float(number("size", group.size)) for group in groups.values()])
    gone = np.isnan(friends)
    some = bool(gone.any())
    answered = np.asarray(~gone.all(axis=0))
    asked = (~gone).astype(float) if some else np.ones((len(groups), 1))
    y = np.nan_to_num(friends) if some else friends
    if rule == RULES[0]:
        people = np.where(answered, sizes @ asked, 1.0)
        each, one = y.sum(axis=0) / people, 1 / people
    else:
        many = np.where(answered, asked.sum(axis=0), 1.0)
        each, one = (1 / sizes) @ y / many, (1 / sizes) @ asked / many**2
    slopes = {}
    for k, (name, group) in enumerate(groups.items()):
        if isinstance(group.size, Estimate):
            moved = each * asked[k] / people if rule == RULES[0] else y[k] / sizes[k] ** 2 / many
            slopes[name] = -moved
    columns = tuple(str(group.column) for group in groups.values())
    told = f"{len(groups)} known group{'s' if len(groups) > 1 else ''}"
    return Ties(each, one, answered, gone, columns, f"{rule.replace('-', ' ')} over {told}", slopes)


def degrees(answers: Answers, rule: str | Sequence[str], population: float | None) -> Array:
    """Return the degree of every respondent, nan where it is unknown."""
    if not is_rule(rule):
        y, _ = relations(answers, rule, [])
        return np.asarray(y.sum(axis=0))
    at = as_answers(answers, population=population)
    people = _population(at)
    ties = ties_of(at, rule, [], people)
    return np.where(ties.answered, ties.each * people, np.nan)


def _population(answers: Answers) -> float:
    if answers.population is None:
        raise ValueError(
            "population must be given for degrees from known groups: found none. Pass the number of "
            "people that degrees refer to."
        )
    return answers.population


def complete(
    survey: Survey, domains: Domains, names: Sequence[str], gone: Array, missing: str
) -> None:
    """Refuse missing answers, unless asked to use what each respondent answered."""
    if missing != "error" or not gone.any():
        return
    refuse_missing("answers", names, gone, domains.take_part(survey))


def refuse_missing(argument: str, names: Sequence[str], gone: Array, inside: Array) -> None:
    """Raise where an answer of a row inside is missing."""
    lost = gone & inside
    if lost.any():
        k = int(np.argmax(lost.any(axis=1)))
        raise ValueError(
            f"{argument} must be complete: {names[k]!r} is missing in {int(lost[k].sum()):,} of "
            f"{int(inside.sum()):,} rows with weight (first: row {int(np.flatnonzero(lost[k])[0])}). "
            "Pass missing='complete' to use what each respondent answered."
        )


def with_sizes(
    e: Estimate, groups: Mapping[str, Group], slopes: Mapping[str, Array], sign: int = 1
) -> Estimate:
    """Add the uncertainty of known sizes; slopes are log derivatives of the rows by each size.

    With a sign of -1 they are those of what the rows are divided by.
    """
    if not slopes:
        return e
    out = carried(e, groups, {name: sign * e.value * slope for name, slope in slopes.items()})
    return replace(out, assumptions=(*e.assumptions, KNOWN_UNCERTAIN))


def carried(e: Estimate, groups: Mapping[str, Group], moved: Mapping[str, Array]) -> Estimate:
    """Add the uncertainty of known sizes, by which the rows move; nan and infinite as not at all."""
    blocks, rows = e.blocks, np.zeros(len(e), dtype=int)
    for name, slope in moved.items():
        size = groups[name].size
        if isinstance(size, Estimate):
            finite = np.where(np.isfinite(slope), slope, 0.0)
            blocks = add_blocks(blocks, tuple(b.take(rows).scaled(finite) for b in size.blocks))
    return replace(e, blocks=blocks)


def log_slopes(ties: Ties, weights: Array) -> dict[str, Array]:
    """Return log derivatives of weighted ties, weights (rows of the result, rows), by known sizes."""
    with np.errstate(all="ignore"):
        total = weights @ ties.each
        return {name: (weights @ slope) / total for name, slope in ties.slopes.items()}


def top_coded(answers: Answers, names: Sequence[str]) -> list[str]:
    """Name the questions whose largest answers count as their cap."""
    inside, out = answers.survey.chain.weights != 0, []
    for name in names:
        item = answers.items[str(answers.group(name).column)]
        at_cap = int(((item.low >= item.cap) & inside).sum()) if np.isfinite(item.cap) else 0
        if at_cap:
            many = f"fewer than {FEW}" if at_cap < FEW else f"{at_cap:,}"
            out.append(f"{name} ({many} at {item.cap:g})")
    return [f"Answers at a top code count as the code itself: {', '.join(out)}."] if out else []


def _data() -> dict[str, Array]:
    rng = np.random.default_rng(7)
    psu = np.repeat(np.arange(10), 6)
    ties = rng.gamma(3.0, 40.0, psu.size)
    return {
        "psu": psu,
        "stratum": psu // 5,
        "w": rng.integers(1, 5, psu.size).astype(float),
        "hidden": rng.poisson(ties * 0.01).astype(float),
        "police": rng.poisson(ties * 0.02).astype(float),
        "nurses": 1 + rng.poisson(ties * 0.03).astype(float),
        "family": rng.poisson(ties * 0.2).astype(float),
        "friends": 1 + rng.poisson(ties * 0.8).astype(float),
    }


def example(**arguments: Any) -> Example:
    """Return an example of a call on made-up respondents, one of whom left an answer out."""
    data = _data()
    data["police"][3] = np.nan
    sizes = {"police": 2_000, "nurses": 3_000}
    return Example(
        data,
        lambda d: Survey(d, weights="w", strata="stratum", psu="psu"),
        {"known": sizes, "population": 100_000, "missing": "complete", **arguments},
    )


@estimator(
    unit="mean",
    smooth=True,
    degree=0,
    citation=KILLWORTH,
    example=example,
    variants={
        "mean of ratios": lambda: example(degree="mean-of-ratios"),
        "summation": lambda: example(degree=["family", "friends"]),
    },
)
@explained
def degree(
    sample: Answers | Survey,
    *,
    known: Any = None,
    degree: str | Sequence[str] = "ratio-of-sums",
    population: float | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Mean degree, the number of people a respondent knows, by domain (cell averages).

    ``sum w d / sum w`` over the respondents of a domain, with the degree d of each by the rule.

    Parameters
    ----------
    sample : Answers or Survey
        Respondents and whom they know; of a `Survey`, `known` names the columns.
    known : mapping, table or list of str, optional
        Known groups and their sizes N_k as in `prevalence.Answers`; of answers, names of groups,
        by default all.
    degree : {"ratio-of-sums", "mean-of-ratios"} or list of str
        ``d = N sum y_k / sum N_k`` or ``d = N mean(y_k / N_k)`` over the known groups that the
        respondent answered, or columns of exhaustive and exclusive types of relation, whose sum is
        the degree (summation).
    population : float, optional
        Number of people N that degrees refer to, by default that of the answers; one of the two
        must be given, but for summation.
    by, where : str or list of str, optional
        Domains of respondents.
    missing : {"error", "complete"}
        ``complete`` uses the known groups that each respondent answered, and leaves out, with their
        count, respondents who answered none, or not every type of relation.

    Returns
    -------
    Estimate
        One row per domain, a mean; interval on the log scale.

    Raises
    ------
    ValueError, TypeError, KeyError
        When there is no population, an answer is negative or missing, or a column is unknown.

    Notes
    -----
    Assumes that respondents know members of known groups in proportion to their numbers. It fails,
    too low, for groups that are large or hard to recall, and answers at a top code count as the
    code. The variance is that of the design, and of the known sizes where these are uncertain. A
    domain in which nobody knows anyone has no standard error and the upper limit of no event.

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
    >>> survey = pv.Survey({"police": [2, 1, 3], "w": [1.0, 1.0, 2.0]}, weights="w")
    >>> pv.nsum.degree(survey, known={"police": 1000}, population=50_000).value
    array([112.5])
    """
    one_of("missing", missing, ["error", "complete"])
    answers = as_answers(sample, None, known, population, summed=not is_rule(degree))
    people = _population(answers) if is_rule(degree) else answers.population or 1.0
    survey, said = answers.survey, list(answers.notes)
    domains = domains_of(survey, by, where)
    ties = ties_of(answers, degree, said, people)
    complete(survey, domains, ties.columns, ties.gone, missing)
    used = ties.answered.astype(float)
    rows = [ties.each * used, used]

    def theta(w: Weights) -> Array:
        each, takes = rows @ w
        return np.asarray(people * each / takes)

    result = evaluate(survey, theta, domains)
    none = result.value.reshape(-1) == 0
    if none.any():
        note(
            said,
            f"nobody knows anyone in {int(none.sum()):,} of {none.size:,} rows of the result: the mean "
            "degree is 0 without a standard error, and the interval's upper end that of a count of 0.",
        )
        result = replace(result, block=blank_rows(result.block, none))
    result = without_spread(survey, result, said)
    missed = (survey.chain.weights != 0) & ~ties.answered
    lost = by_domain(domains, missed.astype(float)).astype(int)
    e = assemble(
        survey,
        result,
        domains,
        outcomes=["degree"],
        unit="mean",
        method="nsum.degree",
        interval="log",
        citations=[KILLWORTH, FEEHAN],
        facts=row_facts(result, lost[None, :]),
        warnings=said,
        constants={"one_report": people * _one_tie(survey, domains, ties)},
        assumptions=[
            "Known groups are known in proportion to their numbers (no barrier, no recall error).",
            *top_coded(answers, list(answers.known) if ties.of_groups else []),
        ],
    )
    e = replace(of_respondents(e, answers), provenance={**e.provenance, "degrees": ties.words})
    return with_sizes(e, answers.known, _slopes(survey, domains, ties))


def _one_tie(survey: Survey, domains: Domains, ties: Ties) -> Array:
    """Return the mean that one tie of an average respondent gives, by Kish's design effect."""
    w = relative(survey.chain.weights) * ties.answered
    with np.errstate(all="ignore"):
        return np.asarray(by_domain(domains, w * w * ties.one) / by_domain(domains, w) ** 2)


def _slopes(survey: Survey, domains: Domains, ties: Ties) -> dict[str, Array]:
    """Return log derivatives of mean degrees by the uncertain sizes of known groups."""
    w = survey.chain.weights * ties.answered
    with np.errstate(all="ignore"):
        total = by_domain(domains, w * ties.each)
        return {name: by_domain(domains, w * s) / total for name, s in ties.slopes.items()}
