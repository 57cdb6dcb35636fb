"""Arithmetic of estimates: complex-step slopes, columns aligned by source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, add_blocks
from .draws import agreed, check_apart, draws_of, redrawn
from .engine import STEP
from .errors import warn
from .estimand import Estimand
from .estimate import Estimate

__all__ = ["operate"]

Array = NDArray[Any]
POSITIVE = (
    "count",
    "proportion",
    "ratio",
    "product",
    "scaled proportion",
    "known",
)  # intervals on the log scale
HOUSE = (
    "estimands",
    "people",
    "outcome in",
    "rows",
    "psus",
    "cases",
    "design",
    "weights",
    "variance",
    "floor",
    "range",
    "identified by",
)

#: What is told of a floor: the assumption that makes it one.
FLOOR = ("identified by", "declared facts")

BINARY = {np.add, np.subtract, np.multiply, np.true_divide, np.power}
UNARY: dict[np.ufunc, str] = {np.exp: "exp", np.log: "log", np.sqrt: "sqrt"}
_SIGNS: dict[np.ufunc, str] = {np.add: "+", np.subtract: "-", np.multiply: "*", np.true_divide: "/"}


def operate(ufunc: np.ufunc, *inputs: Any) -> Estimate:
    """Apply a function of NumPy to estimates and numbers."""
    if ufunc in BINARY:
        return _floored(_ranged(binary(ufunc, *inputs), ufunc, *inputs), ufunc, *inputs)
    if ufunc in UNARY:
        return _floored(_ranged(unary(ufunc, inputs[0]), ufunc, inputs[0]), ufunc, inputs[0])
    raise TypeError(
        f"functions of an Estimate must have a delta method here: found {ufunc.__name__}. Use "
        "+ - * / ** exp log sqrt, or survey.estimate for a function of the weights."
    )


def _floored(out: Estimate, ufunc: np.ufunc, *inputs: Any) -> Estimate:
    """Keep a floor only where the result grows with it: 1,000 less "this or more" is no floor."""
    if not out.provenance.get("floor"):
        return out
    values = [np.asarray(getattr(e, "value", e)) for e in inputs]
    for k, e in enumerate(inputs):
        if not isinstance(e, Estimate) or not e.provenance.get("floor"):
            continue
        moved = [x + 1j * STEP if i == k else x for i, x in enumerate(values)]
        with np.errstate(all="ignore"):
            falls = np.imag(ufunc(*moved)) < 0
        if falls.any():
            told = {name: said for name, said in out.provenance.items() if name != "floor"}
            return replace(out, provenance=told)
    return out


def _ranged(out: Estimate, ufunc: np.ufunc, *inputs: Any) -> Estimate:
    """Carry the range over other models along, or leave it out where two or several rows meet."""
    has = [isinstance(e, Estimate) and "range" in e.provenance for e in inputs]
    if not any(has):
        return out
    words = {k: v for k, v in out.provenance.items() if k not in ("range", "range of")}
    others = [np.asarray(getattr(e, "value", e), dtype=float) for e in inputs]
    first = inputs[has.index(True)]
    if sum(has) == 1 and all(x.size == 1 for x, own in zip(others, has, strict=True) if not own):
        ends = np.array(first.provenance["range"], dtype=float)
        sides = [ends if own else x.item() for x, own in zip(others, has, strict=True)]
        with np.errstate(all="ignore"):
            words["range"] = tuple(np.sort(ufunc(*sides)).tolist())
        if "range of" in first.provenance:
            words["range of"] = first.provenance["range of"]
    return replace(out, provenance=words)


def unary(ufunc: np.ufunc, e: Estimate) -> Estimate:
    draws = draws_of(e)
    if draws is not None:
        return redrawn(e, ufunc(draws), unit=_unit_after(ufunc, e.unit))
    with np.errstate(all="ignore"):
        moved, value = ufunc(e.value + 1j * STEP), ufunc(e.value)
    unit, slope = _unit_after(ufunc, e.unit), moved.imag / STEP
    if ufunc is not np.exp and _has_negative_limit(e):  # no logarithm or root of a negative limit
        return _delta(e, value, [(e, slope)], e.estimand, unit)
    return replace(_mapped(e, UNARY[ufunc], None, value, slope), unit=unit)


def _unit_after(ufunc: np.ufunc, unit: str) -> str:
    if ufunc is np.exp and unit in ("coefficient", f"log {unit[4:]}"):
        return "exponentiated coefficient" if unit == "coefficient" else unit[4:]
    return f"{ufunc.__name__} {unit}"


def _mapped(e: Estimate, name: str, constant: Any, value: Array, slope: Array) -> Estimate:
    """Apply a monotone map of each number: the interval rule stays, and its limits are mapped."""
    constants = {"value": e.value, "std_error": e.std_error, **e.constants}
    return replace(
        e,
        value=value,
        blocks=tuple(block.scaled(np.broadcast_to(slope, e.value.shape)) for block in e.blocks),
        constants=constants,
        maps=(*e.maps, (name, constant)),
    )


def binary(ufunc: np.ufunc, left: Any, right: Any) -> Estimate:
    if isinstance(left, Estimate) and isinstance(right, Estimate):
        return _two(ufunc, left, right)
    e, other = (left, right) if isinstance(left, Estimate) else (right, left)
    c = _numbers(other)
    if c.ndim > 1 or (c.ndim == 1 and c.size not in (1, len(e))):
        raise ValueError(
            f"a number combined with an estimate must be one, or one per row: found shape "
            f"{c.shape} for {len(e)} rows. Choose rows by domain, as in e['Kingston']."
        )
    c = c.reshape(()) if c.size == 1 else c
    is_left = isinstance(left, Estimate)
    if ufunc is np.true_divide and is_left and (c == 0).any():
        raise ValueError("a divisor must not be 0: found 0. Divide by another number.")
    if (draws := draws_of(e)) is not None:
        shaped = c if c.ndim == 0 else c[:, None]
        moved = ufunc(draws, shaped) if is_left else ufunc(shaped, draws)
        return redrawn(e, moved, unit=_unit_with(ufunc, e, c, is_left))
    if ufunc is np.multiply or (ufunc is np.true_divide and is_left):
        factor = c if ufunc is np.multiply else 1 / c
        scaled = _mapped(e, "multiply", factor, e.value * factor, factor)
        return replace(scaled, unit=_unit_with(ufunc, e, c, is_left))
    if ufunc is np.add or (ufunc is np.subtract and is_left):
        term = c if ufunc is np.add else -c
        return _mapped(e, "add", term, e.value + term, np.ones(()))
    if ufunc is np.subtract:
        return _mapped(
            _mapped(e, "multiply", -1.0, -e.value, -np.ones(())), "add", c, c - e.value, np.ones(())
        )
    with np.errstate(all="ignore"):
        moved = ufunc(e.value + 1j * STEP, c) if is_left else ufunc(c, e.value + 1j * STEP)
    if _maps(e, ufunc, is_left):  # monotone in a positive number: its limits are mapped
        name = "power" if is_left else "divide into"
        return replace(_mapped(e, name, c, moved.real, moved.imag / STEP), unit="ratio")
    return _delta(e, moved.real, [(e, moved.imag / STEP)], e.estimand, "ratio")


def _unit_with(ufunc: np.ufunc, e: Estimate, c: Array, is_left: bool) -> str:
    """Return the unit of an estimate combined with a number."""
    if ufunc in (np.add, np.subtract):
        return e.unit
    if ufunc is np.multiply or (ufunc is np.true_divide and is_left):
        keeps = e.unit != "proportion" or bool((np.abs(c) == 1).all())
        return e.unit if keeps else "scaled proportion"
    return "ratio"


def _maps(e: Estimate, ufunc: np.ufunc, is_left: bool) -> bool:
    """Tell whether c / e or e ** c is monotone over the whole interval of every row."""
    if ufunc is np.power and not is_left:
        return False
    return bool((e.value > 0).all()) and not _has_negative_limit(e)


def _has_negative_limit(e: Estimate) -> bool:
    return bool((e.interval() < 0).any())


def _numbers(other: Any) -> Array:
    c = np.asarray(other)
    if c.dtype.kind not in "biuf" and not all(isinstance(x, Real) for x in c.ravel().tolist()):
        raise TypeError(
            "an estimate must be combined with numbers or estimates: found "
            f"{type(other).__name__}. Convert it to numbers first."
        )
    return c.astype(float)


def _two(ufunc: np.ufunc, a: Estimate, b: Estimate) -> Estimate:
    a, b = agreed(*_broadcast(a, b))
    check_apart(a, b)
    additive = ufunc in (np.add, np.subtract)
    if additive and a.estimand and b.estimand and not a.estimand.same_as(b.estimand):
        raise ValueError(
            "estimates of different estimands must not be added or subtracted: they differ in "
            f"{'; '.join(a.estimand.differing(b.estimand))}. Convert one with "
            ".bridge(factor, reason=..., ...) or name parts anew with .describe(...)."
        )
    if additive and {a.unit, b.unit} == {"count", "proportion"}:
        raise ValueError(
            "estimates must be of one unit to be added or subtracted: found a count and a "
            "proportion. Convert the proportion with .count(population)."
        )
    same = a.estimand if b.estimand is None else (b.estimand if a.estimand is None else None)
    if same is None and a.estimand and b.estimand:
        same = a.estimand if additive else _quotient(ufunc, a.estimand, b.estimand)
    unit = _unit_of(ufunc, a, b)
    out = _paired(ufunc, a, b, same, unit) or _aligned(ufunc, a, b, same, unit)
    sign = _SIGNS.get(ufunc, "**")
    labels = tuple(
        x if x == y else (x or y if not (x and y) else (f"{', '.join(x)} {sign} {', '.join(y)}",))
        for x, y in zip(a.labels, b.labels, strict=True)
    )
    outcomes = tuple(
        x if x == y or not y else (y if not x else f"{x} {sign} {y}")
        for x, y in zip(a.outcomes, b.outcomes, strict=True)
    )
    told = _of_floor(ufunc, out.provenance, b.provenance)
    return replace(out, labels=labels, outcomes=outcomes, provenance=told)


def _of_floor(
    ufunc: np.ufunc, told: Mapping[str, Any], second: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the provenance where the second of two numbers may be a floor, "this or more"."""
    if not second.get("floor"):
        return told
    if ufunc in (np.add, np.multiply):  # still a floor, for what makes the second one
        kept = {name: second[name] for name in FLOOR if name in second}
        return {**kept, **told, "floor": True}
    return {name: said for name, said in told.items() if name != "floor"}  # it bounds nothing


def _aligned(
    ufunc: np.ufunc, a: Estimate, b: Estimate, same: Estimand | None, unit: str
) -> Estimate:
    """Combine two estimates by the delta method, their columns aligned by source."""
    with np.errstate(all="ignore"):
        da = ufunc(a.value + 1j * STEP, b.value)
        db = ufunc(a.value, b.value + 1j * STEP)
    parts = [(a, da.imag / STEP), (b, db.imag / STEP)]
    positive = ufunc is not np.subtract and _positive(a) and _positive(b)
    out = _delta(a, da.real, parts, same, unit, rule="log" if positive else "wald")
    if ufunc is np.true_divide and (b.value == 0).any():
        out = _without_quotient(out, b.value == 0)
    return out


def _paired(
    ufunc: np.ufunc, a: Estimate, b: Estimate, same: Estimand | None, unit: str
) -> Estimate | None:
    """Combine two estimates of one fit draw by draw; None where they are not of one."""
    one, two = draws_of(a), draws_of(b)
    if one is None or two is None or a.blocks[0].source != b.blocks[0].source:
        return None
    return redrawn(
        a,
        ufunc(one, two),
        unit=unit,
        estimand=same,
        facts={},
        provenance=agreed_words(a, b),
        **_said(a, b),
    )


def _said(*merged: Estimate) -> dict[str, Any]:
    """Return what was said of several estimates, each text once."""
    return {
        name: tuple(dict.fromkeys(x for e in merged for x in getattr(e, name)))
        for name in ("assumptions", "warnings", "citations")
    }


def agreed_words(*merged: Estimate) -> dict[str, Any]:
    """Return the provenance of the first estimate, of its method's own words those that all share.

    Estimates that tell none (known quantities) do not disagree.
    """
    first, *others = (e.provenance for e in merged)
    return {
        name: told
        for name, told in first.items()
        if name in HOUSE or all(not other or other.get(name) == told for other in others)
    }


def _positive(e: Estimate) -> bool:
    """Tell whether intervals are on the log scale; a share or count without a case has none.

    They are not where an estimate above 0 may be 0 by its own interval, as that of a list
    experiment or of a screen that errs: a logarithm would exclude it.
    """
    some = (e.value > 0).all() if e.unit == "known" else (e.value >= 0).all() and e.value.any()
    if e.unit not in POSITIVE or not some:
        return False
    return not ((e.value > 0) & (e.interval()[:, 0] <= 0)).any()


def _without_quotient(out: Estimate, none: Array) -> Estimate:
    """Leave rows without an estimate whose denominator is 0, and say so."""
    text = (
        f"a ratio has no value where the denominator is 0: {int(none.sum()):,} of {none.size:,} rows "
        "have none."
    )
    warn(text)
    return replace(out, value=np.where(none, np.nan, out.value), warnings=(*out.warnings, text))


def _quotient(ufunc: np.ufunc, a: Estimand, b: Estimand) -> Estimand:
    sign = "/" if ufunc is np.true_divide else "*"
    shared = {k: v for k, v in vars(a).items() if getattr(b, k) == v and k != "outcome"}
    same = ufunc is np.true_divide and a.outcome == b.outcome  # of two domains
    return Estimand(**shared, outcome=a.outcome if same else f"{a.outcome} {sign} {b.outcome}")


def _unit_of(ufunc: np.ufunc, a: Estimate, b: Estimate) -> str:
    if ufunc is np.subtract and a.unit == b.unit:
        return "difference"
    if a.estimand is None or b.estimand is None or ufunc is np.add:
        unit, other = (b.unit, a) if a.estimand is None else (a.unit, b)
        if ufunc is np.multiply and unit == "proportion" and (np.abs(other.value) > 1).any():
            return "scaled proportion"  # as by a number: no share any more
        apart = all(x and y and x != y for x, y in zip(a.labels, b.labels, strict=True))
        sums = ufunc is np.add and apart and unit in ("proportion", "mean", "ratio")
        return f"sum of {unit}s" if sums else unit
    return "product" if ufunc is np.multiply else "ratio"


def _broadcast(a: Estimate, b: Estimate) -> tuple[Estimate, Estimate]:
    if len(a) == len(b):
        return a, b
    if len(a) == 1:
        return a.take(np.zeros(len(b), dtype=int)), b
    if len(b) == 1:
        return a, b.take(np.zeros(len(a), dtype=int))
    raise ValueError(
        f"two estimates must have the same number of rows, or one of them one: found {len(a)} "
        f"and {len(b)}. Choose rows by domain, as in e['Kingston']."
    )


def _delta(
    like: Estimate,
    value: Array,
    parts: list[tuple[Estimate, Array]],
    estimand: Estimand | None,
    unit: str,
    *,
    rule: str = "wald",
) -> Estimate:
    """Delta method over the aligned blocks of the parts."""
    blocks: tuple[Block, ...] = ()
    for e, slope in parts:
        blocks = add_blocks(blocks, tuple(block.scaled(slope) for block in e.blocks))
    return replace(
        like,
        value=value,
        blocks=blocks,
        unit=unit,
        estimand=estimand,
        interval_rule=rule,
        constants={},
        maps=(),
        facts={},
        provenance=agreed_words(*(e for e, _ in parts)),
        **_said(*(e for e, _ in parts)),
    )
