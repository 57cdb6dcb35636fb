"""One estimate from two tie definitions: the average of least variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..algebra import agreed_words
from ..arguments import explained
from ..blocks import Block, add_blocks
from ..chain import plain
from ..errors import note
from ..estimate import Estimate
from ..evaluate import FLAT, blank_rows
from ..registry import Example, estimator

__all__ = ["blend"]

Array = NDArray[Any]
Blocks = tuple[Block, ...]
TWO_TIES = "Feehan, Mahy and Salganik (2017) doi:10.1007/s13524-017-0594-y"
HELD = (
    "the weight of least variance is found once and held, for other weights of rows it is another"
)
FIXED = {"replicate columns": HELD, "central difference": HELD}
NAMES = ("outcome", "definition", "definition_hash")  # of the tie; what is counted is the rest


def _example(weight: float | None = None) -> Example:
    from ..survey import Survey
    from .sizes import scale_up

    rng = np.random.default_rng(17)
    psu = np.repeat(np.arange(10), 6)
    data = {"psu": psu, "stratum": psu // 5, "w": rng.integers(1, 5, 60).astype(float)}
    for name, mean in (("hidden", 1.0), ("police", 8.0)):
        data[name] = rng.poisson(mean, 60) + float(name == "police")

    def asked(rows: Any, source: str = "acquaintance") -> Survey:
        return Survey(rows, weights="w", strata="stratum", psu="psu", source=source)

    def sized(survey: Survey) -> Estimate:
        return scale_up(survey, "hidden", known={"police": 900}, transmission=1)

    other = {**data, "hidden": rng.permutation(data["hidden"])}
    arguments = {"two": sized(asked(other, "meal")), "weight": weight}
    skips = FIXED if weight is None else {}
    return Example(
        data, lambda d: sized(asked(d)), arguments, own=asked, through=sized, skips=skips
    )


@estimator(
    unit="count",
    smooth=True,
    degree=0,
    citation=TWO_TIES,
    example=_example,
    variants={"a weight given": lambda: _example(0.4)},
)
@explained
def blend(
    one: Estimate, two: Estimate, weight: str | float | Sequence[float] | None = None
) -> Estimate:
    """Estimate one quantity from two tie definitions, as their average of least variance.

    ``a N_1 + (1 - a) N_2`` with ``a = (V_2 - C) / (V_1 + V_2 - 2 C)`` row by row, C the covariance
    that the two have through the samples and numbers they share.

    Parameters
    ----------
    one, two : Estimate
        Estimates of the same rows, as of acquaintances and of those one shared a meal with.
    weight : float, list of float or "recomputed", optional
        Weight of the first, one for all rows or one each, fixed beforehand; by default that of
        least variance, taken as fixed. With ``"recomputed"`` it is found anew in each column of
        the jackknife or of the linearised variance, which then contains the weight's own noise.

    Returns
    -------
    Estimate
        The rows blended, with the variance of their average; the weights are told in the
        assumptions.

    Raises
    ------
    ValueError, TypeError
        When rows or units differ, a weight leaves 0 to 1, or one has no standard error and no
        weight is given.

    Notes
    -----
    Assumes that both definitions estimate the same quantity: it fails (biased) where one is, and
    the more so the smaller that one's variance. A weight of least variance below 0 or above 1,
    which comes of highly correlated estimates, is cut to 0 or 1 and said. A weight found from the
    data and taken as fixed makes the variance too small with few primary units (0.7 to 0.8 of the
    truth in simulations of ten, recomputed 0.8 to 0.9; intervals cover 85 and 88 %): fix it
    beforehand, or have it recomputed. Half-samples of
    one survey have a C from shared primary units alone.

    References
    ----------
    Feehan, D. M., Mahy, M. and Salganik, M. J. (2017). The network survival method for estimating
    adult mortality: evidence from a survey experiment in Rwanda. Demography 54, 1503-1528.
    doi:10.1007/s13524-017-0594-y

    Examples
    --------
    >>> import prevalence as pv
    >>> known = {
    ...     "known": pv.uncertain(1_000, std_error=100),
    ...     "met": pv.uncertain(900, std_error=50),
    ... }
    >>> both = pv.nsum.blend(known["known"], known["met"])
    >>> both.value.round(1), both.std_error.round(1)
    (array([920.]), array([44.7]))
    """
    _check(one, two)
    said: list[str] = []
    blocks = _joint(one, two)
    recomputed = isinstance(weight, str)
    if isinstance(weight, str) and weight != "recomputed":
        raise ValueError(
            f"weight must be a number or 'recomputed': found {weight!r}. Leave it out for that of "
            "least variance."
        )
    if weight is None or isinstance(weight, str):
        a = _least(*_moments(blocks, len(one)), said)
        how = "recomputed in each column" if recomputed else "of least variance, taken as fixed"
    else:
        a, how = _given(weight, len(one)), "fixed beforehand"
    gap = one.value - two.value
    parts = tuple(
        _recomputed(block, blocks, a, gap) if recomputed else _average(block, a) for block in blocks
    )
    shown = ", ".join(f"{x:.3g}" for x in a)
    value = a * one.value + (1 - a) * two.value
    parts = _without_spread(value, parts, said)
    constants, rule = _limits(one, two, a)
    return replace(
        one,
        value=value,
        blocks=parts,
        interval_rule=rule,
        constants=constants,
        maps=(),
        facts={},
        method="nsum.blend",
        provenance=agreed_words(one, two),
        assumptions=(
            *dict.fromkeys((*one.assumptions, *two.assumptions)),
            f"The first tie definition has weight {shown}, {how}.",
            "Both tie definitions estimate the same quantity.",
        ),
        warnings=tuple(dict.fromkeys((*one.warnings, *two.warnings, *said))),
        citations=tuple(dict.fromkeys((*one.citations, *two.citations, TWO_TIES))),
    )


def _check(one: Estimate, two: Estimate) -> None:
    for argument, e in (("one", one), ("two", two)):
        if not isinstance(e, Estimate):
            raise TypeError(
                f"{argument} must be an Estimate: found {type(e).__name__}. Pass what an estimator "
                "returned."
            )
    if one.labels != two.labels or one.unit != two.unit:
        raise ValueError(
            f"estimates to blend must have the same rows and unit: found {len(one)} and {len(two)} rows, "
            f"{one.unit} and {two.unit}. Estimate both in the same domains."
        )
    if one.estimand and two.estimand:
        tie = {name: getattr(one.estimand, name) for name in NAMES}
        odd = one.estimand.differing(replace(two.estimand, **tie))
        if odd:
            raise ValueError(
                f"estimates to blend must be of one quantity: they differ in {'; '.join(odd)}. Convert "
                "one with .bridge(factor, reason=..., ...)."
            )


def _joint(one: Estimate, two: Estimate) -> Blocks:
    """Return the blocks of both, the first's rows before the second's."""
    p = len(one)
    rows = np.tile(np.arange(p), 2)
    first = np.repeat([1.0, 0.0], p)
    return add_blocks(
        tuple(block.take(rows).scaled(first) for block in one.blocks),
        tuple(block.take(rows).scaled(1 - first) for block in two.blocks),
    )


def _moments(blocks: Blocks, p: int) -> tuple[Array, Array, Array]:
    """Return V_1, V_2 and C by row, over all sources."""
    out = np.zeros((3, p))
    for block in blocks:
        columns, c = block.columns(), block.scheme.coefficients
        x, y = columns[:p], columns[p:]
        out += [(x * x) @ c, (y * y) @ c, (x * y) @ c]
    return out[0], out[1], out[2]


def _least(v1: Array, v2: Array, c: Array, said: list[str]) -> Array:
    """Return the weight of least variance, cut to 0 and 1."""
    bare = ~((v1 > 0) & (v2 > 0))
    if bare.any():
        raise ValueError(
            f"estimates to blend must have standard errors: {int(bare.sum())} of {bare.size} rows have "
            f"none or 0 (first: row {int(np.argmax(bare))}). Fix the weight beforehand."
        )
    a = _ratio(v1, v2, c)
    out = (a < 0) | (a > 1)
    if out.any():
        note(
            said,
            f"the weight of least variance is outside 0 to 1 in {int(out.sum())} of {out.size} rows "
            f"(first: {a[int(np.argmax(out))]:.3g}) and is cut: the two are highly correlated, and the "
            "more precise one stands alone.",
        )
    return np.clip(a, 0.0, 1.0)


def _ratio(v1: Array, v2: Array, c: Array) -> Array:
    """Return the uncut weight; one half where the two move as one."""
    spread = v1 + v2 - 2 * c
    flat = spread <= 1e-12 * (v1 + v2)
    return np.where(flat, 0.5, (v2 - c) / np.where(flat, 1.0, spread))


def _without_spread(value: Array, parts: Blocks, said: list[str]) -> Blocks:
    """Blank a standard error of 0: of two that balance each other in all of few units."""
    error = np.sqrt(sum(block.variance for block in parts))
    with np.errstate(invalid="ignore"):
        flat = error <= FLAT * np.abs(value)
    if not flat.any():
        return parts
    note(
        said,
        f"the two balance each other in every unit in {int(flat.sum())} of {flat.size} rows, which "
        "cannot tell a standard error: it is nan. Fix the weight beforehand, or use larger domains.",
    )
    return (blank_rows(parts[0], flat), *parts[1:])


def _limits(one: Estimate, two: Estimate, a: Array) -> tuple[dict[str, Array], str]:
    """Return what an average of 0 has its upper limit from, and the rule of the intervals."""
    low = np.minimum(one.value, two.value)
    reports = [e.constants.get("one_report") for e in (one, two)]
    if (low > 0).all() or any(x is None for x in reports) or not (low >= 0).all():
        return {}, "log" if (low > 0).all() else "wald"
    first, second = (np.asarray(x, dtype=float) for x in reports)
    return {"one_report": a * first + (1 - a) * second}, "log"


def _given(weight: float | Sequence[float], p: int) -> Array:
    a = np.asarray(weight)
    if a.dtype.kind not in "biuf" or a.ndim > 1 or (a.ndim == 1 and a.size != p):
        raise ValueError(
            f"weight must be one number, or one per row: found shape {a.shape} for {p} rows. Leave it "
            "out for that of least variance."
        )
    a = np.broadcast_to(a.astype(float), p)
    if not ((a >= 0) & (a <= 1)).all():
        bad = a[~((a >= 0) & (a <= 1))][0]
        raise ValueError(f"weight must lie between 0 and 1: found {bad:g}. Correct it.")
    return a


def _average(block: Block, a: Array) -> Block:
    """Return the block of the average with weights taken as fixed."""
    p = a.size
    first, second = block.take(np.arange(p)), block.take(np.arange(p, 2 * p))
    (out,) = add_blocks((first.scaled(a),), (second.scaled(1 - a),))
    return out


def _recomputed(block: Block, blocks: Blocks, a: Array, gap: Array) -> Block:
    """Return the columns of the average with the weight found anew without each column's unit.

    A unit's column x of the linearised variance moves the estimate by -x / (1 - 1/n) when the unit
    is left out, the jackknife's by x itself; 1 - 1/n is one over the coefficient, or the coefficient.
    """
    fixed = _average(block, a).finished()
    kind, c, p = block.scheme.kind, block.scheme.coefficients, a.size
    if kind == "known":
        return fixed
    if "bootstrap" in kind:
        raise ValueError(
            "weight='recomputed' needs a jackknife or the linearised variance: found "
            f"{kind.split(' draw')[0]}. Fix the weight beforehand."
        )
    v1, v2, cov = (m[:, None] for m in _moments(blocks, p))
    columns = block.columns()
    x, y = columns[:p], columns[p:]
    without = _ratio(v1 - c * x * x, v2 - c * y * y, cov - c * x * y)
    moved, apart = np.clip(without, 0.0, 1.0) - a[:, None], gap[:, None]
    counted = np.divide(1.0, c, out=np.zeros_like(c), where=c != 0)  # 0: a unit that is certain
    step = moved * (apart + x - y) if "jackknife" in kind else -moved * apart * counted
    return replace(fixed, influence=plain(fixed.columns() + step))
