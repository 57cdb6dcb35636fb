"""Trimming and attached rows, checked first; the order of steps, and the weights after each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .design import Design
from .errors import check_rows, number, one_of, warn
from .frames import Table
from .weighting import Attach, Calibration, ClassResponse, Step, Trim

__all__: list[str] = []

Array = NDArray[Any]


def weights_of_design(design: Design, unit: Array) -> Array:
    """Return one over the product of the sampling fractions of each row's units."""
    weight = np.ones(design.n_units)
    for s, stage in enumerate(design.stages, 1):
        if (stage.unit_fraction == 0).any():
            raise ValueError(
                f"weights must be given where a population is infinite: found inf in the fpc of stage "
                f"{s}. Name the column of base weights."
            )
        weight *= 1 / stage.unit_fraction[stage.unit]
    return weight[unit]


def check_order(steps: tuple[Step | Attach, ...], step: Step) -> None:
    """Warn when a step is out of the order eligibility, nonresponse, calibration, trimming."""
    later = [s.name for s in steps if s.order > step.order]
    if later:
        warn(
            f"weighting steps should go eligibility, nonresponse, calibration, trimming: {step.name} "
            f"comes after {later[0]}. The result stands, but its margins or caps may no longer hold."
        )


def warn_of_negative(step: Step, before: Array, after: Array) -> None:
    """Warn when a step made weights negative that were not."""
    if after.size and after.min() < 0 and (made := int(((after < 0) & (before >= 0)).sum())):
        warn(
            f"{made:,} of {after.size:,} weights are negative after {step.name}. Estimates stand, but "
            "shares may leave 0 to 1: use distance='raking', or distance='logit' with bounds=."
        )


def warn_of_gap(step: Step, after: Array) -> None:
    """Warn when a calibration that may miss its targets does."""
    if isinstance(step, Calibration) and step.tolerant and not (gap := step.gap(after)) < 1e-9:
        warn(
            f"{step.name} did not reach its targets: the worst margin is off by {gap:.2g} of it. "
            "Estimates stand on the weights as they are; weight_flow() shows the gap."
        )


def warn_of_lone_units(design: Design, unit: Array, step: Step, w: Array) -> None:
    """Warn when classes let one primary unit carry all others of its stratum, where nobody answered."""
    if not isinstance(step, ClassResponse):
        return
    stage = design.stages[0]
    psu = stage.unit[unit]
    counted = (w > 0) & (step.counted > 0)
    answered = counted & (step.responded > 0)
    drawn, heard = (
        np.bincount(psu[rows], minlength=stage.parent.size) > 0 for rows in (counted, answered)
    )
    first, last = np.full(len(step.labels), stage.parent.size), np.full(len(step.labels), -1)
    np.minimum.at(first, step.code[answered], psu[answered])
    np.maximum.at(last, step.code[answered], psu[answered])
    silent = counted & ~heard[psu]
    carrier = np.where(first == last, first, -1)[step.code[silent]]  # the one unit of their class
    inside = (carrier >= 0) & (stage.parent[carrier] == stage.parent[psu[silent]])
    count = len(design.stratum_labels)
    whole = np.bincount(stage.parent[psu[silent]][~inside], minlength=count) == 0
    units, voices = (np.bincount(stage.parent[x], minlength=count) for x in (drawn, heard))
    lone = np.flatnonzero((units > 1) & (voices == 1) & whole)
    if lone.size:
        warn(
            f"{step.name} lets one primary unit carry a whole stratum: in {lone.size:,} of {count:,} "
            f"strata nobody answered in the others (first: {design.stratum_labels[lone[0]]!r}). The "
            "standard error leaves these strata out and is too small: choose classes that reach "
            "beyond the stratum."
        )


def trim(
    w: Array,
    max_ratio: float | None,
    lower: float | None,
    upper: float | None,
    strict: bool,
    residuals: str,
) -> Step:
    """Build a trimming step with constant caps."""
    one_of("residuals", residuals, ["exact", "initial"])
    if max_ratio is not None and upper is not None:
        raise ValueError("trim takes max_ratio or upper: found both. Give one of them.")
    ratio = None if max_ratio is None else number("max_ratio", max_ratio)
    if ratio is not None and not ratio > 1:
        raise ValueError(
            f"max_ratio must be above 1: found {ratio:g}. It is a multiple of the median weight; "
            "give a cap in units of the weight as upper."
        )
    if ratio is None and upper is None and lower is None:
        raise ValueError("trim needs a cap: found none. Give max_ratio, upper or lower.")
    top, bottom = np.inf, 0.0 if lower is None else number("lower", lower)
    if ratio is not None:
        top = float(np.median(w[w > 0])) * ratio
    elif upper is not None:
        top = number("upper", upper)
    if not 0 <= bottom < top:
        raise ValueError(
            f"caps must be ordered: found lower {bottom:g}, upper {top:g}. Correct them."
        )
    if not ((w > 0) & (w <= top) & (w >= bottom)).any():
        raise ValueError(
            f"trim must leave weights untrimmed: all {int((w > 0).sum()):,} lie outside "
            f"{bottom:g} to {top:g}. Widen the caps."
        )
    caps = f"at least {bottom:g}" if top == np.inf else f"{bottom:g} to {top:g}"
    caps = caps if bottom > 0 else f"at most {top:g}"
    return Trim(bottom, top, strict, f"trim to {caps}", residuals == "exact")


def last_calibration(steps: tuple[Step | Attach, ...]) -> Step:
    """Return the last calibration of the present rows, to be done again."""
    for step in reversed(steps):
        if isinstance(step, Attach):
            break
        if isinstance(step, Calibration):
            return replace(step, name=f"{step.name.removesuffix(' again')} again")
    raise ValueError(
        "then='calibrate' needs a calibration to do again: the recipe of these rows has none. Rake, "
        "poststratify or calibrate before trimming."
    )


def attach(
    parent: Table, child: Table, on: str, one: str | None, links: str | None = None
) -> Attach:
    """Build the link of rows to the rows they belong to."""
    keys = pd.Index(parent.labels(on, "on"))
    repeated = int(keys.duplicated().sum())
    if repeated:
        raise ValueError(
            f"on must identify the rows attached to: {on!r} stands more than once for {repeated:,} "
            "of them. Attach to the table with one row per key."
        )
    wanted = child.labels(on, "on")
    rows = keys.get_indexer(pd.Index(wanted))
    lost = int((rows < 0).sum())
    if lost:
        first = int(np.flatnonzero(rows < 0)[0])
        raise ValueError(
            f"on must match: {lost:,} of {child.n:,} attached rows have no row of their own key "
            f"(first: row {first}). Correct the keys, or drop these rows."
        )
    factor = np.ones(child.n)
    if one is not None:
        factor = child.numeric(one, "one")
        bad = ~(np.isfinite(factor) & (factor >= 1))
        check_rows("one", "a count of at least 1", factor, bad, "Correct the count of eligibles.")
        if np.unique(rows).size < rows.size:
            several = np.bincount(rows, minlength=parent.n) > 1
            raise ValueError(
                f"one= needs one attached row per key: {int(several.sum()):,} keys have several "
                f"(first: row {int(np.argmax(several))} of the rows attached to). Leave one= out if all "
                "rows are there, or keep the selected row."
            )
    what = f"attach one of {one}" if one else "attach all"
    if links is not None:
        count = child.numeric(links, "links")
        bad = ~(np.isfinite(count) & (count >= 1))
        check_rows("links", "a count of at least 1", count, bad, "Correct the number of links.")
        factor, what = factor / count, f"{what} shared over {links}"
    return Attach(rows, factor, f"{what} by {on}")


def weight_flow(
    base: Array,
    steps: tuple[Step | Attach, ...],
    factors: tuple[tuple[str, Array], ...] = (),
) -> pd.DataFrame:
    """Return a row per factor of the base weights, each with those before it, and per step."""
    rows, w = [], np.ones(base.size)
    for name, factor in factors:
        w = w * factor
        rows.append(_flow_row(name, w, float("nan")))
    rows.append(_flow_row("base weights", base, float("nan")))
    w = base
    calibrations: list[Calibration] = []
    for step in steps:
        w = step.apply(w, strict=True)
        if isinstance(step, Attach):
            calibrations = []
        elif isinstance(step, Calibration):
            calibrations.append(step)
        worst = max((done.gap(w) for done in calibrations), default=float("nan"))
        rows.append(_flow_row(step.name, w, worst))
    return pd.DataFrame(rows)


def _flow_row(name: str, w: Array, gap: float) -> dict[str, Any]:
    used = w[w > 0]
    cv2 = float((used / used.mean()).var())  # a square of the mean may be beyond floats
    return {
        "step": name,
        "n": used.size,
        "sum": float(used.sum()),
        "cv": cv2**0.5,
        "kish_deff": 1 + cv2,
        "min": float(used.min()),
        "max": float(used.max()),
        "worst_margin_gap": gap,
    }
