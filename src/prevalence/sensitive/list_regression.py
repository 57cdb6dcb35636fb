"""Regressions of list experiments: who would say yes, and the share who would, by domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..errors import one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, evaluate
from ..registry import Example, estimator
from ..survey import Survey
from .asked import BLAIR_IMAI
from .counts import checked_list, read_columns
from .devices import probability
from .fits import Fitted, design_of
from .list_fit import ListModel, fitted_list
from .list_spread import Spread, spread_of
from .modelled import fewer_degrees, read_predictors, share_result, with_likelihood

__all__ = ["list_prevalence", "list_regression"]

Array = NDArray[Any]
IMAI = "Imai (2011) doi:10.1198/jasa.2011.ap10415"
METHODS = ("ml", "nls", "linear")


@dataclass(frozen=True, eq=False)
class Read:
    """A list experiment with its predictors, read and checked, and fitted to the weights."""

    domains: Domains
    lost: Array  # rows left out, by domain
    fitted: Fitted
    items: int
    told: bool
    spread: Spread | None  # of the counts of the short list, where the likelihood rests on it


def _example(method: str) -> Callable[[], Example]:
    def made() -> Example:
        rng = np.random.default_rng(5)
        psu = np.repeat(np.arange(16), 15)
        x = rng.normal(size=psu.size)
        yes = rng.random(psu.size) < 1 / (1 + np.exp(-0.7 * x))
        long = rng.integers(0, 2, psu.size)
        control = rng.binomial(2, 1 / (1 + np.exp(-1.5 - 0.4 * x)))
        data = {
            "psu": psu,
            "stratum": psu // 8,
            "w": rng.integers(1, 4, psu.size).astype(float),
            "count": (control + long * yes).astype(float),
            "long": long.astype(float),
            "x": x,
        }
        arguments = {
            "count": "count",
            "predictors": "x",
            "treatment": "long",
            "items": 2,
            "method": method,
        }
        return Example(data, _survey, arguments)

    return made


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


@estimator(
    unit="coefficient",
    smooth=True,
    degree=0,
    citation=IMAI,
    example=_example("ml"),
    variants={method: _example(method) for method in ("nls", "linear")},
)
@explained
def list_regression(
    survey: Survey,
    count: str,
    predictors: str | Sequence[str],
    *,
    treatment: str,
    items: int | None = None,
    method: str = "ml",
    constrained: bool = True,
    floor: float = 0.0,
    ceiling: float = 0.0,
    categorical: str | Sequence[str] = (),
    intercept: bool = True,
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate who has the sensitive trait of a list experiment: coefficients of its log-odds.

    ``P(Z = 1 | x) = expit(x'd)``, where a person who was read the short list of J items reports
    ``Y ~ Binomial(J, expit(x'g))`` of them, and one who was read the long list ``Y + Z``.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    count : str
        Column of the number of items each person reported.
    predictors : str or list of str
        Columns and interactions, as in `direct.regression`; an empty list for the intercept alone.
    treatment : str
        Column that is 1 for who was read the list with the sensitive item and 0 for the others.
    items : int, optional
        Items of the short list, J. Without it, the fewest that the counts allow.
    method : {"ml", "nls", "linear"}
        Maximum likelihood; least squares in two steps, ``J expit(x'g)`` among controls and then
        ``expit(x'd)`` beside it; or the same with means linear in x, whose shares may leave 0 to 1.
    constrained : bool
        With "ml": whether the control items have the same g with and without the trait.
    floor, ceiling : float
        With "ml": shares of those with the trait and none, or all, of the control items who do not
        add it, since the count would give them away. They are assumed, to see how far they reach.
    categorical : str or list of str
        Predictors that are numbers, to be taken as categories.
    intercept : bool
        Whether there is an intercept, as in `direct.regression`.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss the count, the treatment or a predictor; dropped rows are
        counted.

    Returns
    -------
    Estimate
        One joint estimate with rows ``"sensitive: (intercept)"``, ``"sensitive: age"``, ... and
        ``"control: ..."`` (unconstrained ``"control, Z = 0: ..."`` and ``"control, Z = 1: ..."``).
        ``facts["model_std_error"]`` are standard errors that know no design: from the information
        (ml), Imai's sandwich (nls) or HC3 (linear). ``provenance`` has the log-likelihood.

    Raises
    ------
    ValueError, TypeError, KeyError
        When counts are beyond the list, treatment is not 0/1, or predictors are missing, constant or
        collinear.
    ConvergenceError
        When there is no maximum within: the share goes to 0 or 1, or predictors separate it.

    Notes
    -----
    Weights make it a pseudo-likelihood; the variance is the design's, exact through all weighting
    steps, and replicates are fitted again. Assumes that the sensitive item does not change answers
    to the others, that nobody lies (but for `floor` and `ceiling`), and for "ml" that the items are
    answered independently with one probability: "nls" rests on their mean alone. Where items went
    together within people, "ml" took part of the spread of counts for the trait and its intervals
    covered 62 %, and where items of 10 to 70 % were independent a third of samples had no maximum;
    "nls" covered 95 to 96 % (docs, sensitive-coverage). Counts of the short list that spread more
    or less than such items would are said. It fails where the trait is rare for the number of
    people asked: a list tells little of 1 or 2 in 100.

    References
    ----------
    Imai, K. (2011). Multivariate regression analysis for the item count technique. Journal of the
    American Statistical Association 106, 407-416. doi:10.1198/jasa.2011.ap10415

    Blair, G. and Imai, K. (2012). Statistical analysis of list experiments. Political Analysis 20,
    47-77. doi:10.1093/pan/mpr048

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"count": [0, 1, 2, 1, 1, 2, 1, 3], "long": [0, 0, 0, 0, 1, 1, 1, 1]}
    >>> fit = pv.sensitive.list_regression(
    ...     pv.Survey(rows), "count", [], treatment="long", items=2, method="linear"
    ... )
    >>> fit.outcomes, fit.value.round(6)
    (('sensitive: (intercept)', 'control: (intercept)'), array([0.75, 1.  ]))
    """
    model = _model(method, constrained, floor, ceiling)
    domains = domains_of(survey, (), where)
    read = _read(
        survey,
        (count, treatment, items),
        predictors,
        model,
        domains,
        missing,
        categorical=categorical,
        intercept=intercept,
    )
    fitted = read.fitted
    result = evaluate(survey, lambda w: w.regression(fitted), read.domains.whole())
    return _told(
        survey, read, result, model, fitted.model_std_error, fitted.names, "coefficient", "wald"
    ).describe(outcome=count)


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=IMAI,
    example=_example("ml"),
    variants={method: _example(method) for method in ("nls", "linear")},
)
@explained
def list_prevalence(
    survey: Survey,
    count: str,
    predictors: str | Sequence[str],
    *,
    treatment: str,
    items: int | None = None,
    method: str = "ml",
    constrained: bool = True,
    floor: float = 0.0,
    ceiling: float = 0.0,
    categorical: str | Sequence[str] = (),
    intercept: bool = True,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the share with the sensitive trait of a list experiment, from its regression.

    ``sum w expit(x'd) / sum w`` over the people of a domain, d from one `list_regression` of all.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    count : str
        Column of the number of items each person reported.
    predictors : str or list of str
        Columns and interactions, as in `list_regression`.
    treatment : str
        Column that is 1 for who was read the list with the sensitive item and 0 for the others.
    items : int, optional
        Items of the short list, J. Without it, the fewest that the counts allow.
    method : {"ml", "nls", "linear"}
        As in `list_regression`; with "linear" a share may be negative.
    constrained : bool
        As in `list_regression`.
    floor, ceiling : float
        As in `list_regression`: what the share would be, did so many hide the trait.
    categorical : str or list of str
        Predictors that are numbers, to be taken as categories.
    intercept : bool
        Whether there is an intercept.
    by : str or list of str
        Columns whose crossing makes the domains. The coefficients are those of all rows: domains
        differ by their people's predictors alone, so name `by` among the predictors as well.
    where : str, optional
        Condition on rows; the model and the shares are of those rows.
    missing : {"error", "drop"}
        What to do with rows that miss the count, the treatment or a predictor; dropped rows are
        counted.

    Returns
    -------
    Estimate
        A share per domain; ``facts["model_std_error"]`` as in `list_regression`.

    Raises
    ------
    ValueError, TypeError, KeyError, ConvergenceError
        As `list_regression` does.

    Notes
    -----
    The variance takes in that coefficients are estimated and that domains are samples of their
    people, with their covariance. Assumes what `list_regression` does, and within a domain that the
    model holds there: it borrows from the other domains, which `list_difference` with `by` does not.
    It fails where `list_regression` does: with "ml", where the items do not have one probability,
    each by itself.

    References
    ----------
    Imai, K. (2011). Multivariate regression analysis for the item count technique. Journal of the
    American Statistical Association 106, 407-416. doi:10.1198/jasa.2011.ap10415

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"count": [0, 1, 2, 1, 1, 2, 1, 3], "long": [0, 0, 0, 0, 1, 1, 1, 1]}
    >>> share = pv.sensitive.list_prevalence(
    ...     pv.Survey(rows), "count", [], treatment="long", items=2, method="nls"
    ... )
    >>> share.value.round(6)
    array([0.75])
    """
    model = _model(method, constrained, floor, ceiling)
    domains = domains_of(survey, by, where)
    read = _read(
        survey,
        (count, treatment, items),
        predictors,
        model,
        domains,
        missing,
        categorical=categorical,
        intercept=intercept,
    )
    result, shares = share_result(survey, read.fitted, read.domains)
    rule = "wald" if method == "linear" else "logit"
    return _told(survey, read, result, model, shares.model_std_error, [count], "proportion", rule)


def _model(method: str, constrained: bool, floor: float, ceiling: float) -> ListModel:
    one_of("method", method, METHODS)
    hidden = {name: probability(name, v) for name, v in (("floor", floor), ("ceiling", ceiling))}
    for name, share in hidden.items():
        if share == 1:
            raise ValueError(
                f"{name} must be below 1: found 1, everyone. Give the share who would not add the "
                "sensitive item."
            )
        if share and method != "ml":
            raise ValueError(
                f"{name} must be 0 with method={method!r}: found {share:g}. Counts of those who hide "
                "the trait need the likelihood: method='ml'."
            )
    if not constrained and method != "ml":
        raise ValueError(
            f"constrained=False must go with method='ml': found {method!r}. Least squares have one "
            "model of the control items."
        )
    return ListModel(method, bool(constrained), hidden["floor"], hidden["ceiling"])


def _read(
    survey: Survey,
    question: tuple[str, str, int | None],
    predictors: str | Sequence[str],
    model: ListModel,
    domains: Domains,
    missing: str,
    **how: Any,
) -> Read:
    count, treatment, items = question
    named = [("count", count), ("treatment", treatment)]
    (y, t), kept, _ = read_columns(survey, named, missing, domains)
    terms, here, lost = read_predictors(survey, predictors, domains, kept, missing, **how)
    kept = here.take_part(survey).astype(float)
    asked = checked_list(y * kept, t * kept, kept, items, names=(count, treatment))
    design = design_of(survey, terms)
    rows = slice(None) if terms.rows is None else terms.rows
    fitted = fitted_list(design, asked.count[rows], asked.long[rows] > 0, asked.items, model)
    plain = model.method == "ml" and model.constrained and not (model.floor or model.ceiling)
    spread = spread_of(fitted, asked, rows) if plain else None
    return Read(here, lost, fitted, asked.items, asked.told, spread)


def _told(
    survey: Survey,
    read: Read,
    result: Result,
    model: ListModel,
    model_std_error: Array,
    names: list[str],
    unit: str,
    rule: str,
) -> Estimate:
    said: list[str] = []
    domains = read.domains if unit == "proportion" else read.domains.whole()
    result = fewer_degrees(survey, domains, result, read.fitted.design, said)
    spread = read.spread.tell(survey, read.domains, said) if read.spread else {}
    rows = result.value.size // result.n.size
    out = assemble(
        survey,
        result,
        domains,
        words={"outcome in": "sensitive item in"},
        outcomes=names,
        unit=unit,
        method=f"sensitive.list_{'prevalence' if unit == 'proportion' else 'regression'}",
        interval=rule,
        citations=[IMAI, BLAIR_IMAI],
        facts={
            "n": np.tile(result.n, rows),
            "missing": np.tile(read.lost if unit == "proportion" else read.lost.sum(), rows),
            "psus": np.tile(result.psus, rows),
            "model_std_error": model_std_error,
        },
        assumptions=_assumptions(read, model),
        warnings=said,
    )
    out = with_likelihood(out, read.fitted)
    return replace(out, provenance={**out.provenance, **spread})


def _assumptions(read: Read, model: ListModel) -> list[str]:
    items = f"{read.items} items" + ("" if read.told else ", the fewest that fit")
    out = [
        f"The short list has {items}; the sensitive item does not change answers to the others.",
    ]
    if model.floor or model.ceiling:
        out.append(
            f"{100 * model.floor:g} % of those with the trait and no control item, and "
            f"{100 * model.ceiling:g} % of those with all of them, do not add it."
        )
    else:
        out.append("Nobody with the trait leaves it out of the count.")
    if model.method == "ml":
        kinds = "the same" if model.constrained else "different"
        out.append(
            "Control items are answered independently with one probability, "
            f"{kinds} with and without the trait."
        )
    return out
