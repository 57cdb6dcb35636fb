"""Regression of a trait on predictors where a randomising device has masked the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..direct.outcomes import check_yes_no
from ..errors import ConvergenceError
from ..estimate import Estimate
from ..evaluate import Domains, evaluate
from ..registry import Example, estimator
from ..survey import Survey
from ..vglm import curvature, maximise, score_rows
from .counts import read_columns
from .devices import Device, device, probability
from .fits import Design, Fitted, design_of, runs_away
from .modelled import fewer_degrees, read_predictors, with_likelihood
from .randomized import check_apart, groups_of
from .response_likelihood import ResponseLikelihood, UnrelatedLikelihood

__all__ = ["randomized_response_regression"]

Array = NDArray[Any]
BLAIR_IMAI_ZHOU = "Blair, Imai and Zhou (2015) doi:10.1080/01621459.2015.1050028"
WITHIN = 0.02, 0.98  # of a share a climb starts from
OTHER_STARTS = 0.1, 0.5
TIED = 1e-7  # of log-likelihoods


@dataclass(frozen=True)
class Masks:
    """How the answers are masked, as it was given."""

    design: str
    p: Any
    others: Mapping[str, float | None]
    group: str | None
    coin: float

    def device(self) -> Device:
        """Return the one device that masks all answers."""
        return device(self.design, p=self.p, **self.others, random_answers=self.coin)


def _example() -> Example:
    rng = np.random.default_rng(8)
    psu = np.repeat(np.arange(16), 12)
    x = rng.normal(size=psu.size)
    trait = rng.random(psu.size) < 1 / (1 + np.exp(-0.8 * x))
    told = rng.random(psu.size)
    data = {
        "psu": psu,
        "stratum": psu // 8,
        "w": rng.integers(1, 4, psu.size).astype(float),
        "said": np.where(told < 0.1, 1.0, np.where(told < 0.2, 0.0, trait)),
        "x": x,
    }
    arguments = {"answer": "said", "predictors": "x", "design": "forced", "p_yes": 0.1, "p_no": 0.1}
    return Example(data, _survey, arguments)


def _two_boxes() -> Example:
    rng = np.random.default_rng(2)
    psu = np.repeat(np.arange(16), 40)
    x, box = rng.normal(size=psu.size), np.where(rng.random(psu.size) < 0.5, "a", "b")
    trait = rng.random(psu.size) < 1 / (1 + np.exp(-0.6 * x))
    asked = rng.random(psu.size) < np.where(box == "a", 0.85, 0.15)
    data = {
        "psu": psu,
        "stratum": psu // 8,
        "w": rng.integers(1, 4, psu.size).astype(float),
        "said": np.where(asked, trait, rng.random(psu.size) < 0.5).astype(float),
        "x": x,
        "box": box,
    }
    asked_how = {"design": "unrelated", "p": (0.85, 0.15), "group": "box"}
    return Example(data, _survey, {"answer": "said", "predictors": "x", **asked_how})


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


@estimator(
    unit="coefficient",
    smooth=True,
    degree=0,
    citation=BLAIR_IMAI_ZHOU,
    example=_example,
    variants={"unrelated question of unknown share": _two_boxes},
)
@explained
def randomized_response_regression(
    survey: Survey,
    answer: str,
    predictors: str | Sequence[str],
    *,
    design: str = "warner",
    p: float | Sequence[float] | Mapping[str, float] | None = None,
    p_yes: float | None = None,
    p_no: float | None = None,
    q: float | None = None,
    group: str | None = None,
    random_answers: float = 0.0,
    categorical: str | Sequence[str] = (),
    intercept: bool = True,
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate who has a sensitive trait from masked answers: coefficients of its log-odds.

    ``P(answer = 1 | x) = a + b expit(x'beta)``, a and b of the device as in `randomized_response`.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    answer : str
        Column of 0 and 1, as in `randomized_response`.
    predictors : str or list of str
        Columns and interactions, as in `direct.regression`; an empty list for the intercept alone.
    design : {"warner", "crosswise", "forced", "unrelated", "kuk"}
        How the answers are masked.
    p : float, pair or mapping, optional
        As in `randomized_response`.
    p_yes, p_no, q : float, optional
        Probabilities of the device, as in `randomized_response`.
    group : str, optional
        Column of two groups with different p, where q is not known: it is one more coefficient.
    random_answers : float
        Share of respondents who answer by chance, half of them yes, whatever the device says.
    categorical : str or list of str
        Predictors that are numbers, to be taken as categories.
    intercept : bool
        Whether there is an intercept, as in `direct.regression`.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss the answer or a predictor; dropped rows are counted.

    Returns
    -------
    Estimate
        One joint estimate with a row per coefficient; with `group` the last is the log-odds of yes
        to the unrelated question. ``facts["model_std_error"]`` are standard
        errors from the information, which know no design; ``provenance`` has the log-likelihood.

    Raises
    ------
    ValueError, TypeError, KeyError
        When an answer is not 0 or 1, the device tells nothing of the trait, or predictors are
        missing, constant or collinear.
    ConvergenceError
        When there is no maximum within: fewer or more answers of 1 than the device allows, or
        predictors that separate the trait.

    Notes
    -----
    Weights make it a pseudo-likelihood; the variance is the design's, exact through all weighting
    steps, and replicates are fitted again. Assumes that people follow the device and that its
    probabilities are as given and do not depend on x. It fails where the trait is rare: the device
    adds noise that no predictor takes away.

    References
    ----------
    Blair, G., Imai, K. and Zhou, Y.-Y. (2015). Design and analysis of the randomized response
    technique. Journal of the American Statistical Association 110, 1304-1319.
    doi:10.1080/01621459.2015.1050028

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"said": [1, 0, 0, 1, 0, 1, 1, 0, 1, 0], "sex": ["F"] * 5 + ["M"] * 5}
    >>> fit = pv.sensitive.randomized_response_regression(
    ...     pv.Survey(rows), "said", "sex", design="crosswise", p=0.2
    ... )
    >>> fit.outcomes, fit.value.round(4)
    (('(intercept)', 'sex = M'), array([ 0.6931, -1.3863]))
    """
    coin = probability("random_answers", random_answers)
    masks = Masks(design, p, {"p_yes": p_yes, "p_no": p_no, "q": q}, group, coin)
    domains = domains_of(survey, (), where)
    fitted, here, lost = _read(
        survey, answer, predictors, masks, domains, missing, categorical, intercept
    )
    said: list[str] = []
    result = evaluate(survey, lambda w: w.regression(fitted), here.whole())
    result = fewer_degrees(survey, here.whole(), result, fitted.design, said)
    rows = len(fitted.names)
    out = assemble(
        survey,
        result,
        here.whole(),
        outcomes=fitted.names,
        unit="coefficient",
        method="sensitive.randomized_response_regression",
        interval="wald",
        citations=[BLAIR_IMAI_ZHOU],
        facts={
            "n": np.tile(result.n, rows),
            "missing": np.tile(lost.sum(), rows),
            "psus": np.tile(result.psus, rows),
            "model_std_error": fitted.model_std_error,
        },
        assumptions=[
            "Respondents follow the device, and its probabilities are as given.",
            "The log-odds of the trait are linear in the predictors.",
        ],
        warnings=said,
    )
    return with_likelihood(out, fitted).describe(outcome=answer)


def _read(
    survey: Survey,
    answer: str,
    predictors: str | Sequence[str],
    masks: Masks,
    domains: Domains,
    missing: str,
    categorical: str | Sequence[str],
    intercept: bool,
) -> tuple[Fitted, Domains, Array]:
    """Read answers and predictors, check them, and fit the model to the weights."""
    shape = None if masks.group else masks.device()
    (y,), kept, _ = read_columns(survey, [("answer", answer)], missing, domains)
    check_yes_no("answer", answer, y, kept > 0)
    terms, here, lost = read_predictors(
        survey,
        predictors,
        domains,
        kept,
        missing,
        categorical=categorical,
        intercept=intercept,
    )
    made = design_of(survey, terms)
    rows = slice(None) if terms.rows is None else terms.rows
    if shape is not None:
        return _one_device(made, y[rows], shape), here, lost
    kept = here.take_part(survey).astype(float)
    second, chances, _ = groups_of(
        survey, str(masks.group), masks.design, masks.p, masks.others, kept
    )
    check_apart(chances, masks.coin)
    return _two_groups(made, y[rows], second[rows], chances, masks.coin), here, lost


def _one_device(design: Design, y: Array, shape: Device) -> Fitted:
    likelihood = ResponseLikelihood(y[:, None], shape.a, shape.b)
    share = (float(np.average(y, weights=design.weights)) - shape.a) / shape.b
    shares = float(np.clip(share, *WITHIN)), *OTHER_STARTS
    starts = np.stack([design.level(start) for start in shares], axis=1)
    return _fitted(design, likelihood, [design.q], starts, design.back, share)


def _two_groups(
    design: Design, y: Array, second: Array, chances: tuple[float, float], coin: float
) -> Fitted:
    """Fit the trait and, as a coefficient of its own, the share of the unrelated question."""
    p1, p2 = chances
    likelihood = UnrelatedLikelihood(y[:, None], np.where(second > 0, p2, p1)[:, None], coin)
    one, two = ((design.averaged(y, second == k) - coin / 2) / (1 - coin) for k in (0, 1))
    share = ((1 - p2) * one - (1 - p1) * two) / (p1 - p2)
    other = float(np.clip((p1 * two - p2 * one) / (p1 - p2), *WITHIN))
    shares = float(np.clip(share, *WITHIN)), *OTHER_STARTS
    odds = np.log(other / (1 - other))
    starts = np.stack([np.r_[odds, design.level(start)] for start in shares], axis=1)
    p = len(design.back)
    lift = np.zeros((p + 1, p + 1))
    lift[:p, 1:], lift[p, 0] = design.back, 1.0
    return _fitted(design, likelihood, [np.ones((len(y), 1)), design.q], starts, lift, share)


def _fitted(
    design: Design,
    likelihood: ResponseLikelihood | UnrelatedLikelihood,
    designs: list[Array],
    starts: Array,
    lift: Array,
    share: float,
) -> Fitted:
    """Fit a regression of 0/1 answers of the rows that take part."""
    w = design.weights[:, None]
    found = maximise(likelihood, designs, np.repeat(w, starts.shape[1], axis=1), starts)
    value = np.where(np.isnan(found.value), -np.inf, found.value)
    within = np.isfinite(found.at[0]) & (value >= value.max() - TIED)
    if not within.any():
        last = found.last[:, int(np.argmax(value))]
        raise ConvergenceError(_none(design, last, share))
    solved = found.at[:, int(np.argmax(within))]
    parts = np.split(solved, np.cumsum([x.shape[1] for x in designs])[:-1])
    eta = [(x @ part)[:, None] for x, part in zip(designs, parts, strict=True)]
    terms = likelihood(eta, np.zeros(1, dtype=int))
    inverse = np.linalg.inv(-curvature(terms.bend, designs, w)[:, :, 0])
    return Fitted(
        design,
        [*design.terms.names, "unrelated question"][: len(lift)],
        lift,
        solved,
        inverse,
        score_rows(terms.slope, designs),
        lambda weights: maximise(likelihood, designs, weights, solved),
        inverse,
        log_likelihood=float(value.max()),
    )


def _none(design: Design, last: Array, share: float) -> str:
    where = runs_away(design, last) or "without end"
    return (
        "the likelihood of the masked answers must have a maximum: it keeps improving "
        f"{where} (the answers of 1 give a share of {share:.3g}). Leave out predictors or join "
        "categories; without any, randomized_response has an estimate and its interval whatever the "
        "data."
    )
