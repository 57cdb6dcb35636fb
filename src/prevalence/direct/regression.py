"""Coefficients and average marginal effects of generalised linear models of the population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..arguments import explained
from ..custom import assemble, domains_of
from ..errors import note, one_of
from ..estimate import Estimate
from ..evaluate import Result, evaluate
from ..facts import row_facts
from ..glm import FAMILIES
from ..registry import estimator
from ..survey import Survey
from .models import Effects, Model, fitted
from .outcomes import BINDER, example_with
from .terms import read_terms

__all__ = ["marginal_effects", "regression"]

EXAMPLE = {"outcome": "case", "predictors": ["x", "sex"], "family": "binomial"}


@estimator(
    unit="coefficient",
    smooth=True,
    degree=0,
    citation=BINDER,
    example=example_with(**EXAMPLE),
)
@explained
def regression(
    survey: Survey,
    outcome: str,
    predictors: str | Sequence[str],
    *,
    family: str = "gaussian",
    categorical: str | Sequence[str] = (),
    intercept: bool = True,
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the coefficients of a generalised linear model of the population.

    They solve ``sum w x (y - mu(x'b)) = 0``, with the identity (gaussian), logit (binomial) or log
    (poisson) link: what the model fitted to the whole population would give.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str
        Numeric column y: any number, 0 to 1 (binomial), or 0 or more (poisson).
    predictors : str or list of str
        Columns: numbers as they are, text and categories as indicators of each level but the first;
        ``"a:b"`` for the interaction of two that are named too.
    family : {"gaussian", "binomial", "poisson"}
        What the outcome is; the variance does not rely on the family's.
    categorical : str or list of str
        Predictors that are numbers, such as codes of districts, to be taken as categories.
    intercept : bool
        Whether there is an intercept; without it the first category has all of its levels.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss the outcome or a predictor; dropped rows are counted.

    Returns
    -------
    Estimate
        One joint estimate with a row per coefficient: ``"(intercept)"``, ``"age"``, ``"sex = M"``,
        ``"age:sex = M"``. The degrees of freedom are the design's, plus 1, minus the coefficients.

    Raises
    ------
    ValueError, TypeError, KeyError
        When columns are missing values, constant, collinear (named) or more than the rows, or
        weights are negative.
    ConvergenceError
        When predictors separate the outcome, so that there is no maximum; they are named.

    Notes
    -----
    Assumes nothing of the model for its variance, which is exact through all weighting steps; the
    coefficients describe the population well only where the model fits. It fails with few primary
    units for the coefficients, and where an outcome is rare in a level.

    References
    ----------
    Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex
    surveys. International Statistical Review 51, 279-292. doi:10.2307/1402588

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"hours": [2.0, 4.0, 5.0, 9.0], "sex": ["F", "F", "M", "M"]}
    >>> fit = pv.direct.regression(pv.Survey(rows), "hours", "sex")
    >>> fit.outcomes, fit.value.round(6)
    (('(intercept)', 'sex = M'), array([3., 4.]))
    """
    model = _model(
        survey,
        outcome,
        predictors,
        family=family,
        categorical=categorical,
        intercept=intercept,
        where=where,
        missing=missing,
    )
    return _estimate(survey, model, model, outcome, model.terms.names, "coefficient", "regression")


@estimator(
    unit="marginal effect",
    smooth=True,
    degree=0,
    citation=BINDER,
    example=example_with(**EXAMPLE),
)
@explained
def marginal_effects(
    survey: Survey,
    outcome: str,
    predictors: str | Sequence[str],
    *,
    family: str = "gaussian",
    categorical: str | Sequence[str] = (),
    intercept: bool = True,
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate average marginal effects: how much the mean outcome moves with each predictor.

    For a number, the mean over the population of ``d mu / d x``; for a category, the mean of
    ``mu(level) - mu(first level)``, all else as it is.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str
        Numeric column y, as in `regression`.
    predictors : str or list of str
        Columns and interactions, as in `regression`. A 0/1 number is a number here: name it in
        `categorical` for the difference between 1 and 0.
    family : {"gaussian", "binomial", "poisson"}
        What the outcome is.
    categorical : str or list of str
        Predictors that are numbers, to be taken as categories.
    intercept : bool
        Whether there is an intercept, as in `regression`.
    where : str, optional
        Condition on rows; the model and the average are of those rows.
    missing : {"error", "drop"}
        What to do with rows that miss the outcome or a predictor; dropped rows are counted.

    Returns
    -------
    Estimate
        One joint estimate with a row per number and per level but the first, in units of the
        outcome: with a 0/1 outcome, a difference of proportions.

    Raises
    ------
    ValueError, TypeError, KeyError, ConvergenceError
        As `regression` does.

    Notes
    -----
    The variance takes in that the coefficients are estimated and that the average is over a sample.
    Assumes that the model holds; an effect describes an association, and is causal only under
    further assumptions. It fails where `regression` does.

    References
    ----------
    Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex
    surveys. International Statistical Review 51, 279-292. doi:10.2307/1402588

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"case": [0, 1, 0, 1, 1, 1], "sex": ["F", "F", "F", "M", "M", "M"]}
    >>> rows["case"][3] = 0
    >>> pv.direct.marginal_effects(pv.Survey(rows), "case", "sex").value.round(6)
    array([0.333333])
    """
    model = _model(
        survey,
        outcome,
        predictors,
        family=family,
        categorical=categorical,
        intercept=intercept,
        where=where,
        missing=missing,
    )
    effects = Effects(model)
    return _estimate(
        survey, model, effects, outcome, effects.names, "marginal effect", "marginal_effects"
    )


def _model(
    survey: Survey,
    outcome: str,
    predictors: str | Sequence[str],
    *,
    family: str,
    categorical: str | Sequence[str],
    intercept: bool,
    where: str | None,
    missing: str,
) -> Model:
    one_of("family", family, list(FAMILIES))
    terms = read_terms(
        survey,
        outcome,
        predictors,
        domains_of(survey, (), where),
        missing,
        categorical=categorical,
        intercept=intercept,
    )
    return fitted(survey, terms, FAMILIES[family])


def _estimate(
    survey: Survey,
    model: Model,
    equations: Model | Effects,
    outcome: str,
    names: list[str],
    unit: str,
    method: str,
) -> Estimate:
    terms = model.terms
    result = evaluate(survey, lambda w: w.regression(equations), terms.domains)
    if equations is model and model.close:  # a step of rounding alone would cost digits
        result = replace(result, value=model.at.reshape(result.value.shape))
    df = result.block.df + 1 - model.c.size
    said: list[str] = []
    if (df < 1).any():
        note(
            said,
            f"{model.c.size} coefficients leave no degrees of freedom of the design's "
            f"{result.block.df[0]:g}: there is no interval. Leave out predictors.",
        )
    if _fits_exactly(result):
        note(
            said,
            f"the predictors determine {outcome!r} exactly: standard errors are 0 or rounding.",
        )
    result = replace(result, block=replace(result.block, df=np.maximum(df, 0.0)))
    out = assemble(
        survey,
        result,
        terms.domains,
        outcomes=names,
        unit=unit,
        method=f"direct.{method}",
        interval="wald",
        citations=[BINDER],
        facts=row_facts(result, np.full((len(names), 1), terms.missing), outside=True),
        assumptions=[f"The mean of {outcome} follows a {model.family.name} model."],
        warnings=said,
    )
    return out.describe(outcome=outcome)


def _fits_exactly(result: Result) -> bool:
    """Tell whether nothing is left over in any unit, other than in a census."""
    if not np.any(result.block.scheme.coefficients):
        return False
    largest = np.abs(result.value).max(initial=0.0)
    return bool((result.block.std_error <= 1e-13 * largest).all())
