"""Weighting steps built from the columns of a sample, checked before anything changes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .design import Design
from .errors import check_rows, nearest, number, one_of, warn
from .estimate import Estimate
from .frames import Table, label_of
from .weighting import Attach, Calibration, ClassResponse, Distance, Propensity, Step, Trim

__all__: list[str] = []

Array = NDArray[Any]


def weights_of_design(design: Design, unit: Array) -> Array:
    """Return one over the product of the sampling fractions of each row's units."""
    weight = np.ones(design.n_units)
    for stage in design.stages:
        weight *= 1 / stage.fraction[stage.parent[stage.unit]]
    return weight[unit]


def check_order(steps: tuple[Step | Attach, ...], step: Step) -> None:
    """Warn when a step stands out of the order nonresponse, calibration, trimming."""
    later = [s.name for s in steps if s.order > step.order]
    if later:
        warn(
            f"weighting steps should go nonresponse, calibration, trimming: {step.name} comes "
            f"after {later[0]}. The result stands, but its margins or caps may no longer hold."
        )


def warn_of_negative(step: Step, before: Array, after: Array) -> None:
    """Warn when a step made weights negative that were not."""
    made = int(((after < 0) & (before >= 0)).sum())
    if made:
        warn(
            f"{made:,} of {after.size:,} weights are negative after {step.name}. Estimates stand, but "
            "shares may leave 0 to 1: use distance='raking', or distance='logit' with bounds=."
        )


def _zero_one(table: Table, name: str, argument: str) -> Array:
    r = table.numeric(name, argument)
    bad = ~np.isin(r, (0.0, 1.0))
    check_rows(argument, "0 or 1", r, bad, "Code response as 1 and nonresponse as 0.")
    return r


def nonresponse(table: Table, responded: str, within: Sequence[str] | str) -> Step:
    """Build a response-class adjustment."""
    columns = [within] if isinstance(within, str) else list(within)
    code, labels = table.codes(columns, "within")
    names = tuple(", ".join(label) or "all rows" for label in labels)
    what = f" within {' x '.join(columns)}" if columns else ""
    return ClassResponse(
        code, names, _zero_one(table, responded, "responded"), f"nonresponse{what}"
    )


def propensity(table: Table, responded: str, on: Sequence[str]) -> Step:
    """Build an adjustment by a logistic response propensity: numbers as they are, text by class."""
    columns = [np.ones(table.n)]
    for name in on:
        try:
            x = table.numeric(name, "on")
            check_rows("on", f"complete in {name!r}", x, np.isnan(x), "Fill it in.")
            columns.append(x)
        except TypeError:
            code, labels = table.codes([name], "on")
            columns += [(code == j).astype(float) for j in range(1, len(labels))]
    x = np.stack(columns, axis=1)
    return Propensity(x, _zero_one(table, responded, "responded"), f"propensity on {', '.join(on)}")


@dataclass(frozen=True, eq=False)
class Margin:
    """One margin: a code per row, a target and a name per category, and the estimated targets."""

    name: str
    code: Array
    targets: Array
    names: list[str]
    estimated: dict[int, Estimate]


def _margin(table: Table, w: Array, key: Any, totals: Mapping[Any, float | Estimate]) -> Margin:
    """Build one margin, checked both ways."""
    columns = [key] if isinstance(key, str) else list(key)
    name = " x ".join(columns)
    code, found = table.codes(columns, "margins")
    given = {_category(k): v for k, v in totals.items()}
    wanted = {label: number("margins", v) for label, v in given.items()}
    present = np.bincount(code, weights=w, minlength=len(found)) > 0
    for label, here in zip(found, present, strict=True):
        if here and label not in wanted:
            raise ValueError(
                f"margins must cover every category in the data: {name!r} has no total for "
                f"{', '.join(label)!r}.{nearest(', '.join(label), [', '.join(k) for k in wanted])} "
                "Give its total, or recode the column."
            )
    place = {label: j for j, label in enumerate(found)}
    for label, value in wanted.items():
        if not np.isfinite(value) or value < 0:
            raise ValueError(
                f"margins must be totals of at least 0: {name!r} has {value:g} for "
                f"{', '.join(label)!r}. Correct it."
            )
        reached = label in place and bool(present[place[label]])
        if value > 0 and not reached:
            raise ValueError(
                f"margins must name categories that are in the data: {name!r} has a total for "
                f"{', '.join(label)!r}, which no row with weight has."
                f"{nearest(', '.join(label), [', '.join(k) for k in found])} "
                "Merge it with a neighbour or correct its name."
            )
        if value == 0 and reached:
            raise ValueError(
                f"margins must be positive for categories with rows: {name!r} has 0 for "
                f"{', '.join(label)!r}. Drop these rows, or correct the total."
            )
    targets = np.array([wanted.get(label, 0.0) for label in found])
    estimated = {place[k]: v for k, v in given.items() if isinstance(v, Estimate) and k in place}
    return Margin(name, code, targets, [f"{name} = {', '.join(k)}" for k in found], estimated)


def _category(key: Any) -> tuple[str, ...]:
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(label_of(part) for part in parts)


def poststratify(
    table: Table, w: Array, margin: str | Sequence[str], totals: Mapping[Any, float | Estimate]
) -> Step:
    """Build a poststratification: one margin."""
    m = _margin(table, w, margin, totals)
    return Calibration(
        m.code,
        np.eye(m.targets.size),
        m.targets,
        tuple(m.names),
        (np.arange(m.targets.size),),
        Distance("raking"),
        f"poststratify on {m.name}",
        estimated=tuple(m.estimated.items()),
    )


def rake(
    table: Table,
    w: Array,
    margins: Mapping[Any, Mapping[Any, float | Estimate]],
    rescale: bool,
    residuals: str,
) -> Step:
    """Build a raking step on the table of the crossed margins."""
    one_of("residuals", residuals, ["exact", "initial"])
    if not isinstance(margins, Mapping) or not margins:
        raise ValueError(
            'margins must map columns to totals, as in {"sex": {"F": 51, "M": 49}}: found '
            f"{type(margins).__name__}. Write at least one margin."
        )
    made = [_margin(table, w, key, totals) for key, totals in margins.items()]
    sums = [m.targets.sum() for m in made]
    if max(sums) - min(sums) > 1e-9 * max(sums):
        low, high = int(np.argmin(sums)), int(np.argmax(sums))
        if not rescale:
            raise ValueError(
                f"margins must have the same total: {made[low].name!r} adds up to {sums[low]:,.6g} "
                f"and {made[high].name!r} to {sums[high]:,.6g} (a gap of {sums[high] - sums[low]:,.6g}). "
                "Correct them, or pass rescale=True to scale all to the first."
            )
        warn(f"margins are rescaled to the total of the first, {made[0].name!r} ({sums[0]:,.6g}).")
    key = np.zeros(table.n, dtype=np.int64)
    for m in made:
        key = key * m.targets.size + m.code
    used, cell = np.unique(key, return_inverse=True)
    codes, rest = [], used
    for m in reversed(made):
        rest, level = np.divmod(rest, m.targets.size)
        codes.append(level)
    codes.reverse()
    matrix = np.concatenate(
        [np.eye(m.targets.size)[code] for m, code in zip(made, codes, strict=True)], axis=1
    )
    scale = [sums[0] / s if rescale else 1.0 for s in sums]
    estimated: list[tuple[int, Estimate]] = []
    start = 0
    for m, factor in zip(made, scale, strict=True):
        estimated += [(start + q, e * factor) for q, e in m.estimated.items()]
        start += m.targets.size
    return Calibration(
        cell,
        matrix,
        np.concatenate([m.targets * factor for m, factor in zip(made, scale, strict=True)]),
        tuple(itertools.chain.from_iterable(m.names for m in made)),
        tuple(codes),
        Distance("raking"),
        f"rake on {', '.join(m.name for m in made)}",
        residuals == "exact",
        tuple(estimated),
    )


def calibrate(
    table: Table,
    w: Array,
    totals: Mapping[Any, Any],
    distance: str,
    bounds: tuple[float, float] | None,
    residuals: str,
) -> Step:
    """Build a calibration to totals of numbers and of categories."""
    one_of("distance", distance, ["linear", "raking", "logit"])
    one_of("residuals", residuals, ["exact", "initial"])
    if (distance == "logit") != (bounds is not None):
        raise ValueError(
            f"bounds must be given with distance='logit' and only with it: found {bounds!r} with "
            f"{distance!r}. Write for example distance='logit', bounds=(0.5, 2)."
        )
    if bounds is not None and not 0 <= bounds[0] < 1 < bounds[1]:
        raise ValueError(
            f"bounds must enclose 1 and not be negative: found {bounds!r}. They bound the ratio of "
            "new to old weights."
        )
    columns, targets = [], []
    names: list[str] = []
    titles: list[str] = []
    estimated: list[tuple[int, Estimate]] = []
    for name, total in totals.items():
        if isinstance(total, Mapping):
            m = _margin(table, w, name, total)
            titles.append(m.name)
            estimated += [(len(names) + q, e) for q, e in m.estimated.items()]
            columns.append(np.eye(m.targets.size)[m.code])
            targets.append(m.targets)
            names += m.names
        else:
            x = table.numeric(name, "totals")
            check_rows("totals", f"complete in {name!r}", x, np.isnan(x) & (w > 0), "Fill it in.")
            columns.append(np.nan_to_num(x)[:, None])
            targets.append(np.array([number("totals", total)]))
            estimated += [(len(names), total)] if isinstance(total, Estimate) else []
            names.append(name)
            titles.append(name)
    kind = Distance(distance, *(bounds or (-np.inf, np.inf)))
    return Calibration(
        np.arange(table.n),
        np.concatenate(columns, axis=1),
        np.concatenate(targets),
        tuple(names),
        (),
        kind,
        f"calibrate ({distance}) on {', '.join(titles)}",
        residuals == "exact",
        tuple(estimated),
    )


def trim(
    w: Array, max_ratio: float | None, lower: float | None, upper: float | None, strict: bool
) -> Step:
    """Build a trimming step with constant caps."""
    if max_ratio is not None and upper is not None:
        raise ValueError("trim takes max_ratio or upper: found both. Give one of them.")
    if max_ratio is None and upper is None and lower is None:
        raise ValueError("trim needs a cap: found none. Give max_ratio, upper or lower.")
    top = float(np.median(w[w > 0])) * max_ratio if max_ratio is not None else upper
    top, bottom = np.inf if top is None else float(top), 0.0 if lower is None else float(lower)
    if not 0 <= bottom < top:
        raise ValueError(
            f"caps must be ordered: found lower {bottom:g}, upper {top:g}. Correct them."
        )
    if not ((w > 0) & (w <= top) & (w >= bottom)).any():
        raise ValueError(
            f"trim must leave weights untrimmed: all {int((w > 0).sum()):,} lie outside "
            f"{bottom:g} to {top:g}. Widen the caps."
        )
    return Trim(bottom, top, strict, f"trim to {bottom:g} - {top:g}")


def attach(parent: Table, child: Table, on: str, one: str | None) -> Attach:
    """Build the link of rows to the rows they belong to."""
    keys = pd.Index(parent.labels(on, "on"))
    repeated = int(keys.duplicated().sum())
    if repeated:
        raise ValueError(
            f"on must identify the rows attached to: {on!r} stands more than once for {repeated:,} "
            "of them. Attach to the table with one row per key."
        )
    rows = keys.get_indexer(pd.Index(child.labels(on, "on")))
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
            raise ValueError(
                "one= needs one attached row per key: some keys have several. Use select='all', or "
                "keep the selected row."
            )
    what = f"attach one of {one}" if one else "attach all"
    return Attach(rows, factor, f"{what} by {on}")


def weight_flow(base: Array, steps: tuple[Step | Attach, ...]) -> pd.DataFrame:
    """Return a row per weighting step."""
    rows, w = [_flow_row("base weights", base, float("nan"))], base
    done: list[Step] = []
    for step in steps:
        w = step.apply(w, strict=True)
        if isinstance(step, Attach):
            done = []
        else:
            done.append(step)
        gaps = [s.gap(w) for s in done]
        worst = np.nanmax(gaps) if gaps and not np.isnan(gaps).all() else float("nan")
        rows.append(_flow_row(step.name, w, float(worst)))
    return pd.DataFrame(rows)


def _flow_row(name: str, w: Array, gap: float) -> dict[str, Any]:
    used = w[w > 0]
    cv2 = float(used.var() / used.mean() ** 2)
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
