"""Randomised response: the share with a trait from answers that a device has masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..direct.outcomes import check_yes_no
from ..direct.shares import prevalence
from ..engine import Weights
from ..errors import one_of
from ..estimate import Estimate
from ..evaluate import Domains, evaluate
from ..facts import LateFacts, row_facts
from ..intervals import PROPORTION_RULES
from ..registry import estimator
from ..survey import Survey
from .asked import answers_with, outside, taken, without_untold
from .counts import read_columns
from .devices import LEAST_SLOPE, Device, device, pair, probability

__all__ = ["check_apart", "groups_of", "randomized_response"]

Array = NDArray[Any]
WARNER = "Warner (1965)"
SOURCES = {
    "warner": WARNER,
    "crosswise": "Yu, Tian and Tang (2008)",
    "forced": "Blair, Imai and Zhou (2015)",
    "unrelated": "Greenberg, Abul-Ela, Simmons and Horvitz (1969)",
    "kuk": "Kuk (1990)",
}
COMPLIANCE = "Respondents follow the device, and its probabilities are as given."
NOT_FOLLOWED = (
    "It is chance in a small sample, or respondents do not follow the device (possible "
    "non-compliance). The estimate is left as it is."
)


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=WARNER,
    example=answers_with(answer="forced", design="forced", p_yes=0.1, p_no=0.15),
    variants={
        "unrelated question of unknown share": answers_with(
            answer="unrelated", design="unrelated", p=(0.75, 0.25), group="box"
        )
    },
)
@explained
def randomized_response(
    survey: Survey,
    answer: str,
    *,
    design: str = "warner",
    p: float | Sequence[float] | Mapping[str, float] | None = None,
    p_yes: float | None = None,
    p_no: float | None = None,
    q: float | None = None,
    group: str | None = None,
    random_answers: float = 0.0,
    by: str | Sequence[str] = (),
    where: str | None = None,
    interval: str = "auto",
    missing: str = "error",
) -> Estimate:
    """Estimate the share with a sensitive trait from masked answers, ``(lambda - a) / b``.

    lambda is the weighted share of answers of 1, and a + b pi its value where pi have the trait.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    answer : str
        Column of 0 and 1: 1 is yes (for Warner's design "true", for the crosswise one "both
        answers are the same", for Kuk's "red").
    design : {"warner", "crosswise", "forced", "unrelated", "kuk"}
        How the answers are masked.
    p : float, pair or mapping, optional
        Probability of the sensitive statement (Warner) or question (unrelated), of yes to the other
        question (crosswise), or of red in the decks of those with and without the trait (Kuk). With
        `group`, the probabilities of the sensitive question in both groups, in the order of their
        labels or by label.
    p_yes, p_no : float, optional
        Probabilities of being told to say yes and no (forced).
    q : float, optional
        Share of yes to the unrelated question.
    group : str, optional
        Column of two groups with different p, where q is not known.
    random_answers : float
        Share of respondents who answer by chance, half of them yes, whatever the device says.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    interval : str
        A rule of `prevalence.direct.prevalence` for lambda, whose limits are carried over; with
        `group` the limits are Wald's.
    missing : {"error", "drop"}
        What to do with a missing answer; dropped rows are counted.

    Returns
    -------
    Estimate
        One row per domain, a proportion, which may be below 0 or above 1. Facts: ``answers``, the
        share of answers of 1; with `group`, ``unrelated_share`` and its standard error.

    Raises
    ------
    ValueError, TypeError, KeyError
        When an answer is not 0 or 1, a probability is missing, out of range or makes the answers
        tell nothing of the trait, or a column is missing values or unknown.

    Notes
    -----
    ``a, b`` are ``1 - p, 2 p - 1`` (Warner, crosswise), ``p_yes, 1 - p_yes - p_no`` (forced),
    ``(1 - p) q, p`` (unrelated), ``p2, p1 - p2`` (Kuk); with a share t of random answers
    ``(1 - t) a + t / 2, (1 - t) b``. With two groups,
    ``pi = ((1 - p2) lambda_1 - (1 - p1) lambda_2) / (p1 - p2)``. Assumes that people follow the
    device: it fails without a sign where some say no whatever it says. A lambda that no pi explains
    is warned of. The standard error is the design's, ``SE(lambda) / |b|``.

    References
    ----------
    Warner, S. L. (1965). Randomized response: a survey technique for eliminating evasive answer
    bias. Journal of the American Statistical Association 60, 63-69.
    doi:10.1080/01621459.1965.10480775

    Greenberg, B. G., Abul-Ela, A.-L. A., Simmons, W. R. and Horvitz, D. G. (1969). The unrelated
    question randomized response model: theoretical framework. Journal of the American Statistical
    Association 64, 520-539. (DOI not checked)

    Kuk, A. Y. C. (1990). Asking sensitive questions indirectly. Biometrika 77, 436-438.
    (DOI not checked)

    Yu, J.-W., Tian, G.-L. and Tang, M.-L. (2008). Two new models for survey sampling with sensitive
    characteristic: design and analysis. Metrika 67, 251-263. (DOI not checked)

    Blair, G., Imai, K. and Zhou, Y.-Y. (2015). Design and analysis of the randomized response
    technique. Journal of the American Statistical Association 110, 1304-1319.
    doi:10.1080/01621459.2015.1050028

    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"said": [1, 0, 0, 1, 0, 0, 1, 0, 0, 0] * 20})
    >>> e = pv.sensitive.randomized_response(
    ...     survey, "said", design="forced", p_yes=1 / 6, p_no=1 / 6
    ... )
    >>> e.value.round(4), e.interval().round(3)
    (array([0.2]), array([[0.11, 0.3 ]]))
    """
    one_of("interval", interval, list(PROPORTION_RULES))
    domains = domains_of(survey, by, where)
    (said_yes,), kept, lost = read_columns(survey, [("answer", answer)], missing, domains)
    check_yes_no("answer", answer, said_yes, kept > 0)
    if group is None:
        shape = device(
            design, p=_one(p), p_yes=p_yes, p_no=p_no, q=q, random_answers=random_answers
        )
        seen = prevalence(survey, answer, by=by, where=where, interval=interval, missing=missing)
        return _unmasked(seen, shape, domains)
    found = groups_of(survey, group, design, p, {"p_yes": p_yes, "p_no": p_no, "q": q}, kept)
    coin = probability("random_answers", random_answers)
    check_apart(found[1], coin)
    _check_rule(interval)
    return _two_groups(survey, (answer, said_yes), found, coin, domains, lost)


def _one(p: Any) -> Any:
    if isinstance(p, Mapping):
        raise TypeError(
            "p must be a number, or two for Kuk's design: found a mapping. Name the column of the "
            "groups it is for in group=, or give the number."
        )
    return p


TRUE_ANSWER = {"outcome in": "true answer to"}


def _unmasked(seen: Estimate, shape: Device, domains: Domains) -> Estimate:
    """Return the share with the trait from the share of answers of 1, limits carried along."""
    found = (seen - shape.a) / shape.b
    said = outside(seen.value, domains, "the share of answers of 1", shape.limits, NOT_FOLLOWED)
    facts = LateFacts(
        {name: seen.facts[name] for name in ("n", "missing", "psus")} | {"answers": seen.value},
        ("deff", "deff_source", "n_eff", "icc"),
        lambda: {name: seen.facts[name] for name in ("deff", "deff_source", "n_eff", "icc")},
    )
    return replace(
        found,
        unit="proportion",
        method="sensitive.randomized_response",
        facts=facts,
        assumptions=(COMPLIANCE,),
        warnings=(*found.warnings, *said),
        citations=(SOURCES[shape.design], *found.citations),
        provenance={
            **found.provenance,
            **TRUE_ANSWER,
            "device": f"{shape.design}: a share pi makes {shape.a:.6g} + {shape.b:.6g} pi of answers 1",
        },
    )


def groups_of(
    survey: Survey, group: str, design: str, p: Any, others: Mapping[str, Any], kept: Array
) -> tuple[Array, tuple[float, float], list[str]]:
    """Return the group (0 or 1) of each row, the probability of each, and their labels."""
    if design != "unrelated":
        raise ValueError(
            f"group must not be given for design={design!r}: found {group!r}. It is for "
            "design='unrelated' where the share of the unrelated question is not known."
        )
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise ValueError(
            f"{given[0]} must not be given with group: found {others[given[0]]!r}. Two groups with "
            "different p tell q themselves; leave it or the group out."
        )
    code, labels = survey.table.codes([group], "group")
    used = np.unique(code[kept > 0])
    names = [labels[k][0] for k in used]
    if len(names) != 2:
        raise ValueError(
            f"group must have two values in the rows that take part: {group!r} has {len(names)}. "
            "Choose two with `where`."
        )
    if isinstance(p, Mapping):
        told = {str(label): value for label, value in p.items()}
        if sorted(told) != sorted(names):
            raise ValueError(
                f"p must name both groups of {group!r}, {names[0]!r} and {names[1]!r}: found "
                f"{', '.join(map(repr, told))}. Write their labels."
            )
        p = [told[name] for name in names]
    meaning = "the probabilities of the sensitive question in both groups, in the order of labels"
    return (code == used[1]).astype(float), pair(p, meaning), names


def check_apart(p: tuple[float, float], coin: float) -> None:
    """Check that two groups are asked with chances that differ."""
    if abs(p[0] - p[1]) * (1 - coin) < LEAST_SLOPE:
        raise ValueError(
            f"p must differ between the groups: found {p[0]:g} and {p[1]:g} with "
            f"random_answers={coin:g}, which tell nothing of the trait. Check the probabilities."
        )


def _check_rule(interval: str) -> None:
    if interval not in ("auto", "wald"):
        raise ValueError(
            f"interval must be 'auto' or 'wald' with group: found {interval!r}. Other rules are for "
            "one share."
        )


def _two_groups(
    survey: Survey,
    answer: tuple[str, Array],
    groups: tuple[Array, tuple[float, float], list[str]],
    coin: float,
    domains: Domains,
    lost: Array,
) -> Estimate:
    """Solve for the trait and the unrelated question from the answers of both groups."""
    (name, yes), (second, (p1, p2), labels) = answer, groups
    told = domains.take_part(survey) & np.isfinite(survey.table.numeric(name, "answer"))
    in_two, in_one = told * second, told * (1 - second)
    rows = [yes * in_one, in_one, yes * in_two, in_two]

    def theta(w: Weights) -> Array:
        totals = rows @ w
        one, two = ((totals[k] / totals[k + 1] - coin / 2) / (1 - coin) for k in (0, 2))
        trait = ((1 - p2) * one - (1 - p1) * two) / (p1 - p2)
        return np.stack([trait, (p1 * two - p2 * one) / (p1 - p2)])

    found = evaluate(survey, theta, domains)
    said: list[str] = []
    both = without_untold(survey, found, domains, [in_one, in_two], said)
    result = taken(both, 0)
    for k, what in enumerate(("the share with the trait", "the share of the unrelated question")):
        said += outside(found.value[k], domains, what, (0, 1), NOT_FOLLOWED)
    device = f"unrelated: p = {p1:g} in group {labels[0]}, {p2:g} in group {labels[1]}"
    return assemble(
        survey,
        result,
        domains,
        outcomes=[name],
        unit="proportion",
        method="sensitive.randomized_response",
        interval="wald",
        citations=[SOURCES["unrelated"]],
        facts={
            **row_facts(result, lost[None]),
            "unrelated_share": found.value[1],
            "unrelated_std_error": taken(both, 1).block.std_error,
        },
        assumptions=[COMPLIANCE, "The unrelated question has one share of yes in both groups."],
        warnings=said,
        words={"device": device, **TRUE_ANSWER},
    )
