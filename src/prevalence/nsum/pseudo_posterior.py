"""Pseudo-posteriors: draws under survey weights, rescaled until their spread is that of the design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvergenceError
from ..evaluate import Domains, evaluate
from ..survey import Survey
from .models import Asked
from .models.marginal import Margin

__all__ = ["adjusted", "rescaled"]

Array = NDArray[Any]
CITATION = "Williams and Savitsky (2021) doi:10.1111/insr.12376"
SMALLEST = (
    1e-10  # share of the model's variance that is left in a direction the design tells nothing of
)


def rescaled(draws: Array, information: Array, scores: Array, survey: Survey, rows: Array) -> Array:
    """Return draws whose covariance is the sandwich of the design (Williams and Savitsky 2021).

    With S the covariance of the draws, H the information of the weighted likelihood and J the design
    variance of its total score, the covariance becomes ``V = S + S (J - H) S``: where the prior adds
    nothing, S is the inverse of H and V is ``H^-1 J H^-1``; where the answers tell nothing, S stays.
    Each draw moves to ``(draw - mean) R2^-1 R1 + mean`` with R2'R2 = S and R1'R1 = V.

    Parameters
    ----------
    draws : ndarray, (draws, p)
        Top-level parameters on a scale without bounds.
    information : ndarray, (p, p)
        Minus the second derivative of the weighted log likelihood at their mean.
    scores : ndarray, (rows, p)
        Derivative of each respondent's weighted log likelihood there.
    survey : Survey
        The design, its weights and variance scheme.
    rows : ndarray, (rows,)
        Which rows of the survey the scores are of.

    Returns
    -------
    ndarray, (draws, p)
        Moved draws with the same mean.

    References
    ----------
    Williams, M. R. and Savitsky, T. D. (2021). Uncertainty estimation for pseudo-Bayesian inference
    under complex sampling. International Statistical Review 89, 72-107. doi:10.1111/insr.12376
    """
    mean = draws.mean(axis=0)
    spread = np.cov(draws, rowvar=False).reshape(mean.size, mean.size)
    excess = _score_variance(scores, survey, rows) - information
    if draws.shape[0] <= mean.size or np.linalg.matrix_rank(spread, hermitian=True) < mean.size:
        raise ConvergenceError(
            f"draws must spread in all {mean.size} parameters for weights='pseudo': found "
            f"{draws.shape[0]} that do not. Draw more, with draws= and warmup=."
        )
    root = np.linalg.cholesky(spread)  # spread = root root'
    middle = np.eye(mean.size) + root.T @ excess @ root
    value, vector = np.linalg.eigh((middle + middle.T) / 2)
    middle = (vector * np.maximum(value, SMALLEST)) @ vector.T
    design = root @ middle @ root.T
    upper = np.linalg.cholesky((design + design.T) / 2).T
    return np.asarray((draws - mean) @ np.linalg.solve(root.T, upper) + mean)


def _score_variance(scores: Array, survey: Survey, rows: Array) -> Array:
    """Return the design variance of the total score, through the survey's own engine."""
    z = np.zeros((scores.shape[1], survey.n))
    z[:, rows] = (scores / survey.chain.weights[rows, None]).T
    result = evaluate(survey, lambda w: z @ w, Domains(None, ((),)))
    return np.asarray(result.block.covariance())


def check(model: str, asked: Asked) -> None:
    """Raise where the likelihood without respondents' effects is not known."""
    groups = asked.low.shape[1]
    what = "regions" if asked.regions is not None else "covariates"
    if asked.regions is not None or asked.covariates is not None:
        raise ValueError(
            f"weights='pseudo' must be asked of a model without regions and covariates: found {what}, "
            "whose scores the correction for the design does not hold. Fit without them; or pass "
            "weights='ignore' with the variables of the design among regions and covariates; "
            "pv.nsum.scale_up(by=...) has errors of the design by domain."
        )
    told = (asked.low != asked.high) & ((asked.low > 0) | np.isfinite(asked.high))
    if model == "barrier" and told.any():
        raise ValueError(
            f"weights='pseudo' with model='barrier' must have exact counts: {int(told.sum()):,} answers "
            f"to {groups} questions are intervals. Choose model='overdispersed'."
        )


def adjusted(
    margin: Margin, raw: Mapping[str, Array], survey: Survey, rows: Array
) -> dict[str, Array]:
    """Return the draws of a weighted fit with their top-level parameters rescaled.

    A log degree's conditional density is to the power of its weight, which divides its variance by
    the weight: its draws are put back to the spread that its own answers leave.
    """
    information, scores = margin.derivatives()
    moved = rescaled(margin.draws, information, scores, survey, rows)
    drawn = margin.written(moved, raw)
    degrees = drawn["log_degree"]
    mean = degrees.mean(axis=(0, 1), dtype=float).astype(degrees.dtype)
    own = np.sqrt(margin.weights).astype(degrees.dtype)
    return {**drawn, "log_degree": mean + own * (degrees - mean)}
