"""Quantiles by domain, with Woodruff's intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..blocks import Block, add_blocks
from ..chain import plain
from ..custom import assemble, domains_of
from ..errors import level_in_range, note, number, one_of
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import row_facts
from ..intervals import t_quantile
from ..registry import estimator
from ..replication import blocks
from ..survey import Survey
from .distribution import RULES, Distribution
from .outcomes import example_with, outcomes
from .woodruff import PROBABILITIES, score_limits

__all__ = ["quantile"]

Array = NDArray[Any]
WOODRUFF = "Woodruff (1952) doi:10.1080/01621459.1952.10483443"
FRANCISCO = "Francisco and Fuller (1991) doi:10.1214/aos/1176347993"
HYNDMAN = "Hyndman and Fan (1996) doi:10.1080/00031305.1996.10473566"
INTERVALS = (*PROBABILITIES, "score", "replicates")
USUAL = 0.95  # the level of tables
LOWEST = 0.01  # level of an interval from which a standard error is read
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)  # at which limits are kept beside the level asked


@estimator(
    unit="quantile",
    smooth=False,
    degree=0,
    citation=WOODRUFF,
    example=example_with(outcome="y", q=[0.25, 0.5, 0.75]),
    skips={
        "replicate columns": "its columns are those of the distribution function at the quantile, "
        "scaled to Woodruff's standard error",
        "central difference": "a quantile is a step function of the weights",
    },
)
@explained
def quantile(
    survey: Survey,
    outcome: str | Sequence[str],
    q: float | Sequence[float] = 0.5,
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
    rule: str = "math",
    interval: str = "mean",
    level: float = 0.95,
) -> Estimate:
    """Estimate quantiles of an outcome: where its weighted distribution function reaches q.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str or list of str
        Numeric columns; a list gives one joint estimate.
    q : float or list of float
        Shares of the population below the quantile, between 0 and 1; 0.5 is the median.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with a missing outcome; dropped rows are counted.
    rule : str
        ``"math"``, ``"school"``, ``"shahvaish"`` and ``"hf1"`` to ``"hf9"`` as in R, and
        ``"shahvaish-normed"``; see the notes.
    interval : {"mean", "beta", "logit", "arcsine", "score", "replicates"}
        The interval for the share at or below the quantile that is read back as values (the first
        four), the inverted score test, or plus and minus the standard error of replicates.
    level : float
        Probability of the interval from which the standard error comes.

    Returns
    -------
    Estimate
        One row per outcome, q and domain, in the units of the outcome.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the outcome is missing, infinite, text or unknown, q does not lie between 0 and 1, or
        the standard errors of replicates are asked of a sample without them or a jackknife.

    Notes
    -----
    The default rule is ``min {y: F(y) >= q}`` with ``F(y) = sum w (y_i <= y) / sum w``, the
    left-continuous inverse of the distribution function, as is ``hf1``;
    ``school`` and ``hf2`` take the middle where q is met, ``hf3`` an even number of distinct
    values, ``hf4`` to ``hf9`` join plotting positions by lines. Where q is below the first step
    they give the smallest value (R's step rules the second one). Lines and ``shahvaish`` depend on
    the order of rows among equal values of unequal weight. R's ``shahvaish`` takes weights with a
    mean of 1, and is far off with others; ``shahvaish-normed`` divides them by their mean.

    The standard error is the length of the interval at `level` over two Student quantiles, of the
    degrees of freedom of the domain. Limits are kept at 0.5, 0.8, 0.9, 0.95, 0.99, 0.999 and
    `level` (for ``score`` at 0.95 and `level` alone). The columns of the estimate are those of the
    distribution function at the quantile, scaled to that standard error: differences of quantiles
    and their covariance are approximate, fair where the density at the quantile does not change
    much over the interval. Under replicates the variance of the distribution function is theirs.
    ``replicates`` is too large where factors are drawn in close to 1 and units are few, as a
    generalised bootstrap's (by a quarter for 48 units): the steps of a quantile do not shrink.
    There is no standard error where every row of a domain lies at or below the quantile or, with
    ``mean``, a limit of the share lies outside 0 to 1: that limit is nan, the other stands. It
    fails (too short) in domains of a few primary units.

    References
    ----------
    Woodruff, R. S. (1952). Confidence intervals for medians and other position measures. Journal
    of the American Statistical Association 47, 635-646. doi:10.1080/01621459.1952.10483443

    Francisco, C. A. and Fuller, W. A. (1991). Quantile estimation with a complex survey design.
    Annals of Statistics 19, 454-469. doi:10.1214/aos/1176347993

    Hyndman, R. J. and Fan, Y. (1996). Sample quantiles in statistical packages. The American
    Statistician 50, 361-365. doi:10.1080/00031305.1996.10473566

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"hours": list(range(1, 41)), "w": [10.0] * 40}, weights="w")
    >>> median = pv.direct.quantile(survey, "hours")
    >>> median.value, median.interval()
    (array([20.]), array([[14., 27.]]))
    """
    asked = Asked(_shares(q), one_of("rule", rule, RULES), one_of("interval", interval, INTERVALS),
                  level_in_range(level))  # fmt: skip
    if level < LOWEST:
        raise ValueError(
            f"level must be at least {LOWEST:g}: found {level:g}. Of a shorter interval no standard error "
            "can be read."
        )
    domains = domains_of(survey, by, where)
    names, y, answered, lost = outcomes(survey, outcome, missing, domains)
    inside = _answering(domains, answered)
    held = [Distribution.of(row, survey.chain.weights, inside.code, inside.count) for row in y]
    said = _scale_of_weights(held, asked.rule)
    if asked.interval == "replicates":
        found = _replicated(survey, inside, held, asked)
    else:
        found = _inverted(survey, inside, y, held, asked)
    result = replace(found.result, warnings=(*found.result.warnings, *said, *_remarks(found)))
    several = len(asked.q) > 1
    rows = [f"{name} at {share:g}" if several else name for name in names for share in asked.q]
    made = assemble(
        survey,
        result,
        inside,
        outcomes=rows,
        unit=_unit(asked.q),
        method="direct.quantile",
        interval="wald" if asked.interval == "replicates" else "woodruff",
        citations=[WOODRUFF, HYNDMAN, *([FRANCISCO] if interval == "score" else [])],
        facts=row_facts(result, np.repeat(lost, len(asked.q), axis=0), outside=True),
        constants=found.constants,
    )
    told = {"quantile_rule": asked.rule, "interval_of_the_distribution": asked.interval}
    return replace(made, provenance={**made.provenance, **told})


@dataclass(frozen=True)
class Asked:
    """What is asked of the distribution functions."""

    q: tuple[float, ...]
    rule: str
    interval: str
    level: float

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels at which limits are made, the asked one first."""
        kept = (0.95,) if self.interval == "score" else LEVELS
        return (self.level, *(x for x in kept if abs(x - self.level) >= 1e-9))


@dataclass(frozen=True, eq=False)
class Found:
    """Quantiles with their uncertainty, and the limits that their interval rule keeps."""

    result: Result
    constants: dict[str, Array]
    beyond: Array  # rows whose share has a standard error, but not both limits within 0 to 1


def _shares(q: float | Sequence[float]) -> tuple[float, ...]:
    given = [q] if np.ndim(q) == 0 else np.asarray(q).tolist()
    shares = [number("q", x) for x in given]
    wrong = [x for x in shares if not 0 < x < 1]
    if wrong or not given:
        found = f"{wrong[0]:g}" if wrong else "none"
        raise ValueError(
            f"q must lie between 0 and 1: found {found}. Write a share such as 0.5 for the median."
        )
    return tuple(shares)


def _unit(q: tuple[float, ...]) -> str:
    if len(q) > 1:
        return "quantile"
    return "median" if q[0] == 0.5 else f"{q[0]:g} quantile"


def _answering(domains: Domains, answered: Array | None) -> Domains:
    """Leave rows without an answer out of their domain."""
    if answered is None:
        return domains
    code = np.where(answered > 0, domains.of_rows(answered.size), -1)
    return Domains(code, domains.labels, domains.names)


def _points(held: list[Distribution], asked: Asked) -> Array:
    """Return the quantiles (outcomes x q, domains)."""
    shares = np.array(asked.q)
    per = [d.quantiles(np.tile(shares, (d.count.size, 1)), asked.rule).T for d in held]
    return np.concatenate(per)


# ---------------------------------------------------------------------- by the distribution
def _inverted(
    survey: Survey, domains: Domains, y: list[Array], held: list[Distribution], asked: Asked
) -> Found:
    """Read the limits of the distribution function at the quantile back as values."""
    value = _points(held, asked)
    each = [row for row in y for _ in asked.q]
    below = _below(survey, domains, each, value)
    share = _sure(below)
    df, n = share.df.reshape(value.shape), np.broadcast_to(below.n, value.shape)
    error = share.std_error.reshape(value.shape)
    known = (error > 1e-12) & (df > 0) & np.isfinite(value)  # a share's rounding is 1e-16
    error = np.where(known, error, np.nan)
    if asked.interval == "score":
        scored = [_scored(survey, domains, each, held, asked.q, t_quantile(df, level))
                  for level in asked.levels]  # fmt: skip
        limits = np.stack(scored, axis=2)
        limits[~known] = np.nan
    else:
        limits = _read(below.value, error, df, n, held, asked)
    length = limits[:, :, 0, 1] - limits[:, :, 0, 0]
    std_error = length / (2 * t_quantile(df, asked.level))
    with np.errstate(all="ignore"):
        slope = -(std_error / error).reshape(-1)
    unknown = ~np.isfinite(slope)
    slope = np.where(unknown, 0.0, slope)
    result = replace(
        below,
        value=value,
        block=blank_rows(below.block.scaled(slope), unknown),
        targets=tuple(block.scaled(slope) for block in below.targets),
    )
    levels = np.array([asked.levels])
    kept = {"limits": limits.reshape(value.size, -1, 2), "levels": levels}
    return Found(result, kept, known.reshape(-1))


def _below(survey: Survey, domains: Domains, y: list[Array], values: Array) -> Result:
    """Return the share at or below a value of every (row, domain), with its uncertainty."""
    code = 0 if domains.code is None else domains.code
    rows = [row <= at[code] for row, at in zip(y, values, strict=True)]
    ones = np.ones(survey.n)
    return evaluate(survey, lambda w: (rows @ w) / (ones @ w), domains)


def _sure(result: Result) -> Estimate:
    return Estimate(result.value.reshape(-1), add_blocks((result.block,), result.targets))


def _read(
    share: Array, error: Array, df: Array, n: Array, held: list[Distribution], asked: Asked
) -> Array:
    """Return the limits (rows, domains, levels, 2)."""
    limits = PROBABILITIES[asked.interval]
    with np.errstate(all="ignore"):
        p = np.stack([limits(share, error, df, n, level) for level in asked.levels], axis=2)
    out = np.empty(p.shape)
    for k in range(p.shape[0]):
        flat = p[k].reshape(p.shape[1], -1)
        out[k] = held[k // len(asked.q)].quantiles(flat, asked.rule).reshape(p.shape[1:])
    return out


def _scored(
    survey: Survey,
    domains: Domains,
    y: list[Array],
    held: list[Distribution],
    q: tuple[float, ...],
    critical: Array,
) -> Array:
    """Return the values between which the score test does not reject."""
    distinct = [d.distinct for d in held for _ in q]
    target = np.tile(np.array(q), 2 * len(held))[:, None]

    def test(values: Array) -> Array:
        below = _below(survey, domains, [*y, *y], values)
        error = _sure(below).std_error.reshape(values.shape)
        error = np.where(error > 1e-12, error, 0.0)
        with np.errstate(all="ignore"):
            return np.asarray((below.value - target) / error)

    return score_limits(test, distinct, critical)


# ---------------------------------------------------------------------- by replicates
def _replicated(survey: Survey, domains: Domains, held: list[Distribution], asked: Asked) -> Found:
    """Estimate the quantile in every replicate."""
    ones = np.ones(survey.n)
    sizes = evaluate(survey, lambda w: ones @ w, domains, smooth=False)
    scheme: Any = survey.scheme  # there is one: the line above refuses a sample without
    value = _points(held, asked)
    size = scheme.scale.size
    replicated = np.full((*value.shape, size), np.nan)
    for which in blocks(size, survey.n):
        columns = survey.replicate_columns(which)
        for r, column in enumerate(columns.T, start=which.start):
            if np.isfinite(column).all():
                replicated[:, :, r] = _points([d.reweighted(column) for d in held], asked)
    deviations, said = scheme.deviations(replicated.reshape(value.size, size), value.reshape(-1))
    block = Block(plain(deviations), scheme, np.tile(sizes.block.df, len(value)))
    unknown = ~(np.isfinite(value.reshape(-1)) & (block.variance > 0))
    result = replace(sizes, value=value, block=blank_rows(block, unknown), warnings=tuple(said))
    return Found(result, {}, np.zeros(value.size, dtype=bool))


# ---------------------------------------------------------------------- what must be said
def _scale_of_weights(held: list[Distribution], rule: str) -> list[str]:
    mean = held[0].w.mean() if held[0].w.size else 1.0
    said: list[str] = []
    if rule == "shahvaish" and abs(mean - 1) > 1e-6:
        note(
            said,
            f"rule 'shahvaish' is R's, made for weights with a mean of 1: theirs is {mean:g}, "
            "which moves the quantile. Pass rule='shahvaish-normed'.",
        )
    return said


def _remarks(found: Found) -> list[str]:
    """Say which rows have no standard error, none but 0, or no limit."""
    said: list[str] = []
    with np.errstate(invalid="ignore"):
        variance = found.result.block.variance
    exists = np.isfinite(found.result.value.reshape(-1))
    alone = exists & ~np.isfinite(variance)
    half = alone & found.beyond
    if half.any():
        note(
            said,
            f"{int(half.sum())} of {half.size} quantiles lack a limit and a standard error: a limit of "
            "their share lies outside 0 to 1. Pass interval='logit' or 'beta'.",
        )
    alone &= ~half
    levels, limits = found.constants.get("levels"), found.constants.get("limits")
    told = (
        np.ones((exists.size, 1))
        if levels is None or limits is None
        else limits[:, levels[0] == USUAL]
    )
    usual = told.reshape(exists.size, -1)
    lost = exists & np.isfinite(variance) & ~np.isfinite(usual).all(axis=1)
    if lost.any():
        note(
            said,
            f"{int(lost.sum())} of {lost.size} quantiles lack a limit at the level of {USUAL:g}: that of "
            "their share lies outside 0 to 1. Pass interval='logit' or 'beta'.",
        )
    if alone.any():
        note(
            said,
            f"{int(alone.sum())} of {alone.size} quantiles have no standard error: all rows lie "
            "on one side (an outcome that does not vary, or too few rows or primary units).",
        )
    tied = exists & (variance == 0)
    if tied.any():
        note(
            said,
            f"{int(tied.sum())} of {tied.size} quantiles have a standard error of 0: both limits "
            "are the same of many equal values. Use their interval, or shares of the values.",
        )
    return said
