"""Sizes of hidden groups with recall error undone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..blocks import Block, Columns
from ..chain import plain
from ..errors import note
from ..estimate import Estimate
from ..registry import Example, estimator
from ..survey import Survey
from .adjustments import Adjustments
from .recall_curve import Recall
from .sizes import scale_up
from .validation import validate

__all__ = ["recall_adjusted"]

Array = NDArray[Any]
FACTS = ("n", "missing", "cases", "psus", "psus_with_cases")
MODEL = "model standard error"
MALTIEL = "Maltiel et al. (2015) doi:10.1214/15-AOAS827"


def _example() -> Example:
    rng = np.random.default_rng(17)
    psu = np.repeat(np.arange(10), 6)
    degree = rng.gamma(3.0, 40.0, psu.size)
    sizes = {"police": 900, "nurses": 2_500, "teachers": 7_000, "priests": 300}
    data = {"psu": psu, "stratum": psu // 5, "w": rng.integers(1, 5, psu.size).astype(float)}
    for name, size in {**sizes, "hidden": 1_500}.items():
        data[name] = rng.poisson(degree * 0.02 * (size / 1_000) ** 0.7).astype(float)
    arguments = {"hidden": "hidden", "known": sizes, "transmission": 0.8}
    return Example(data, lambda d: Survey(d, weights="w", strata="stratum", psu="psu"), arguments)


_NOT_DESIGN = (
    "its variance is the prediction error of a new group around the line, not the design's"
)


@estimator(
    unit="count",
    smooth=True,
    degree=0,
    citation=MALTIEL,
    example=_example,
    skips={"replicate columns": _NOT_DESIGN, "central difference": _NOT_DESIGN},
)
@explained
def recall_adjusted(
    sample: Answers | Survey,
    hidden: Any = None,
    *,
    known: Any = None,
    transmission: float | Estimate | None = None,
    degree_ratio: float | Estimate = 1.0,
    frame_ratio: float | Estimate = 1.0,
    precision: float | Estimate = 1.0,
    population: float | None = None,
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Size of a hidden group with recall error undone, by the line through the known groups.

    ``N_h = exp((log Nb_h - a) / s) / tau`` and the other adjustments, with ``Nb_h`` the ratio-of-sums estimate, and a and s
    the least-squares line of log leave-one-out estimates on log known sizes; the interval is that
    of a new group, ``se(log N_h) = sqrt(s2 (1 + x'(X'X)^-1 x)) / s``, on K - 2 degrees of freedom.

    Parameters
    ----------
    sample : Answers or Survey
        Answers, or a survey with `hidden` and `known` given.
    hidden : str, list of str or mapping
        Hidden groups; for answers, which of theirs (by default all).
    known : mapping, table or list of str
        Known groups and their sizes; for answers, which of theirs. Three at least, of
        different sizes.
    transmission : float or Estimate
        Share tau of the ties to hidden people that respondents are aware of, above 0 and at most
        1. There is no default. It divides after the recall error is undone: those whom
        respondents know to be members are recalled like any group of that size.
    degree_ratio, frame_ratio, precision : float or Estimate
        The other adjustments, as in `scale_up`.
    population : float, optional
        Number of people that degrees refer to.
    where : str, optional
        Respondents to use, as a condition.
    missing : {"error", "complete"}
        ``complete`` uses what each respondent answered.

    Returns
    -------
    Estimate
        One row per hidden group, a count of people; interval on the log scale.

    Raises
    ------
    ValueError, TypeError, KeyError
        When there are fewer than three known groups, the line does not rise, nobody reported a
        hidden group, or transmission is left out, 0 or above 1.

    Notes
    -----
    Assumes that hidden groups lie around the same line as the known ones, and that known sizes are
    free of error (an error would flatten the line). The residuals hold the sampling error of an
    average known group and what makes groups differ; a hidden group whose own sampling error is
    far larger is warned of, and so is one below the smallest known group. It fails where the line
    is flat, since its inverse then carries every residual s-fold, and with few or alike groups.
    Several hidden groups share the error of the line and have their covariance; with other estimates
    from the same survey there is none, since the error is that of groups and not of respondents.

    References
    ----------
    Maltiel, R., Raftery, A. E., McCormick, T. H. and Baraff, A. J. (2015). Estimating population
    size using the network scale up method. Annals of Applied Statistics 9, 1247-1277.
    doi:10.1214/15-AOAS827

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"priests": [1, 1, 0, 2], "police": [2, 1, 1, 4], "drivers": [12, 11, 7, 20]}
    >>> data["hidden"] = [2, 2, 1, 4]
    >>> known = {"priests": 400, "police": 1000, "drivers": 10_000}
    >>> survey = pv.Survey(data)
    >>> pv.nsum.recall_adjusted(survey, "hidden", known=known, transmission=1).value.round()
    array([1276.])
    """
    adjustments = Adjustments(
        transmission=transmission,
        degree_ratio=degree_ratio,
        frame_ratio=frame_ratio,
        precision=precision,
    )
    answers = as_answers(sample, hidden, known, population)
    recall = validate(as_answers(answers, ()), where=where, missing=missing).recall()
    _check_rises(recall)
    basic = scale_up(answers, transmission=1, where=where, missing=missing)
    _check_reported(basic)
    value = recall.adjusted(basic.value)
    said = [*recall.warnings, *_said_of_line(recall), *_said_of_groups(basic, recall, value)]
    e = replace(
        basic,
        value=value,
        blocks=(_prediction(recall, value, basic.outcomes),),
        method="nsum.recall_adjusted",
        interval_rule="log",
        constants={},
        facts={k: v for k, v in basic.facts.items() if k in FACTS},
        assumptions=_assumptions(recall),
        warnings=tuple(dict.fromkeys([*basic.warnings, *said])),
        citations=(*basic.citations, MALTIEL),
        provenance={
            **{k: v for k, v in basic.provenance.items() if k not in ("sizes", MODEL)},
            "variance": f"the prediction error of a new group around the line, {recall.df} df",
        },
    )
    return adjustments.applied(e)


def _check_rises(recall: Recall) -> None:
    if not recall.slope > 0:
        raise ValueError(
            f"the recall line must rise with the known sizes to be undone: its slope is "
            f"{recall.slope:.3g}. Check the known groups with pv.nsum.validate(...)."
        )


def _check_reported(basic: Estimate) -> None:
    if not (basic.value > 0).all():
        raise ValueError(
            f"hidden groups must be reported by somebody to undo recall error: nobody knows anyone "
            f"in {basic.outcomes[int(np.argmin(basic.value > 0))]!r}. Use pv.nsum.scale_up, which "
            "gives an upper limit."
        )


def _prediction(recall: Recall, value: Array, names: tuple[str, ...]) -> Block:
    """Return the prediction errors of new groups: one of their own each, and those of the line."""
    at, k = np.log(value), len(recall.groups)
    away = recall.log_size - recall.log_size.mean()
    level = np.full(at.size, 1 / np.sqrt(k))
    tilt = (at - recall.log_size.mean()) / np.sqrt(away @ away)
    columns = np.c_[np.eye(at.size), level, tilt]
    columns *= (value * np.sqrt(recall.residual_variance) / recall.slope)[:, None]
    digest = hashlib.sha256(np.r_[recall.log_size, recall.log_estimate].round(9).tobytes())
    scheme = Columns(
        f"recall:{digest.hexdigest()[:16]}",
        "prediction error",
        np.ones(columns.shape[1]),
        (*names, "the level of the line", "the slope of the line"),
    )
    return Block(plain(columns), scheme, np.full(at.size, float(recall.df)))


def _said_of_line(recall: Recall) -> list[str]:
    said: list[str] = []
    if recall.slope < 2 * recall.slope_std_error:
        note(
            said,
            f"the slope of the recall line is {recall.slope:.2g} with a standard error of "
            f"{recall.slope_std_error:.2g}: undoing it multiplies every error by its inverse. Add "
            "known groups of other sizes.",
        )
    return said


def _said_of_groups(basic: Estimate, recall: Recall, value: Array) -> list[str]:
    """Say which hidden groups lie outside the known ones, or have far more sampling error."""
    said: list[str] = []
    smallest, largest = np.exp(recall.log_size.min()), np.exp(recall.log_size.max())
    own = (basic.std_error / basic.value) ** 2
    for name, size, variance in zip(basic.outcomes, value, own, strict=True):
        if size < smallest:
            note(
                said,
                f"the recall line should not be extended below the smallest known group, of "
                f"{smallest:,.0f}: {name!r} comes to {size:,.0f}. Add smaller known groups, or do "
                "not adjust for recall.",
            )
        if size > largest:
            note(
                said,
                f"the recall line should not be extended above the largest known group, of "
                f"{largest:,.0f}: {name!r} comes to {size:,.0f}. Add larger known groups, or do "
                "not adjust for recall.",
            )
        if variance > 2 * recall.residual_variance:
            note(
                said,
                f"the sampling error of {name!r} alone ({np.sqrt(variance):.2g} on the log scale) "
                f"is above the scatter of the known groups ({np.sqrt(recall.residual_variance):.2g}): "
                "the interval is too short. Use known groups that are reported as rarely.",
            )
    return said


def _assumptions(recall: Recall) -> tuple[str, ...]:
    line = f"log estimate = {recall.intercept:.3g} + {recall.slope:.3g} log size"
    return (
        f"Hidden groups lie around the line of {len(recall.groups)} known ones: {line}.",
        "The known sizes are free of error.",
    )
