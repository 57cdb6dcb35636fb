"""Calibration steps built from columns and totals, checked first."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import check_rows, nearest, number, one_of, warn
from .estimate import Estimate
from .frames import Table, category, names_of
from .stages import group_range
from .weighting import Calibration, Distance, Step
from .weighting.distances import DISTANCES

__all__: list[str] = []

Array = NDArray[Any]
Totals = Mapping[Any, float | Estimate]
FORMS = ["exact", "initial"]
COLLINEAR = 3e-6  # part of a column that others leave over; its square is what pinv cuts off


@dataclass(frozen=True, eq=False)
class Margin:
    """One margin: a target and a name per category, and the estimated targets."""

    name: str
    targets: Array
    names: list[str]
    estimated: dict[int, Estimate]

    @property
    def size(self) -> int:
        """Number of categories."""
        return int(self.targets.size)


@dataclass(frozen=True, eq=False)
class Cells:
    """Crossed margins: the cell of each row (the last one if outside), and codes of the cells."""

    cell: Array
    count: int
    codes: list[Array]

    def matrix(self, sizes: Sequence[int]) -> Array:
        """Return indicators of all categories by cell; zeros for the rows outside."""
        return np.concatenate(
            [
                np.eye(size + 1)[code][:, :size]
                for size, code in zip(sizes, self.codes, strict=True)
            ],
            axis=1,
        )


def cross(codes: Sequence[Array], sizes: Sequence[int], inside: Array | None) -> Cells:
    """Return the crossing of codes, by a table of all combinations where one fits."""
    n, product = codes[0].size, int(np.prod([float(size) for size in sizes]))
    if product <= max(20_000, n // 20):
        cell = codes[0]
        for code, size in zip(codes[1:], sizes[1:], strict=True):
            cell = cell * size + code
        levels = list(np.unravel_index(np.arange(product), tuple(sizes)))
    else:
        cell = codes[0]
        for code, size in zip(codes[1:], sizes[1:], strict=True):
            _, first, cell = np.unique(cell * size + code, return_index=True, return_inverse=True)
        product = first.size
        levels = [code[first] for code in codes]
    if inside is not None:
        cell = np.where(inside, cell, product)
        levels = [np.append(level, size) for level, size in zip(levels, sizes, strict=True)]
        product += 1
    return Cells(cell, product, levels)


def rows_of(table: Table, w: Array, where: str | None) -> Array | None:
    """Return the rows that totals refer to, or None for all."""
    return None if where is None else table.meets(where, w)


def _margin(
    name: str, found: Sequence[tuple[str, ...]], present: Array, totals: Totals, partial: bool
) -> Margin:
    """Build one margin, checked both ways; `present`: which categories have weight."""
    if not isinstance(totals, Mapping):
        raise TypeError(
            f"margins must map categories to totals: found {type(totals).__name__} for {name!r}. "
            'Write for example {"F": 51, "M": 49}; a Series becomes one by .to_dict().'
        )
    given = {category(k): v for k, v in totals.items()}
    wanted = {label: number("margins", v) for label, v in given.items()}
    for label, here in zip(found, present, strict=True):
        if here and label not in wanted:
            raise ValueError(
                f"margins must cover every category in the data: {name!r} has no total for "
                f"{', '.join(label)!r}.{nearest(', '.join(label), [', '.join(k) for k in wanted])} "
                "Give its total, or recode the column."
            )
    place = {label: j for j, label in enumerate(found)}
    left_out = []
    for label, value in wanted.items():
        reached = label in place and bool(present[place[label]])
        left_out += [(label, value)] if value > 0 and not reached else []
        if not partial or reached:
            _check_target(name, label, value, reached, found)
    if partial and left_out:
        lost = sum(value for _, value in left_out)
        warn(
            f"{len(left_out)} of {len(wanted)} categories of {name!r} have no row and are left out "
            f"(first: {', '.join(left_out[0][0])!r}): weights add up to {lost:,.6g} less than the "
            "totals."
        )
    value_of = {label: wanted.get(label, 0.0) for label in found}
    targets = np.array([value_of[label] if present[place[label]] else 0.0 for label in found])
    estimated = {place[k]: v for k, v in given.items() if isinstance(v, Estimate) and k in place}
    return Margin(name, targets, [f"{name} = {', '.join(k)}" for k in found], estimated)


def _check_target(
    name: str, label: tuple[str, ...], value: float, reached: bool, found: Sequence[tuple[str, ...]]
) -> None:
    if not np.isfinite(value) or value < 0:
        raise ValueError(
            f"margins must be totals of at least 0: {name!r} has {value:g} for "
            f"{', '.join(label)!r}. Correct it."
        )
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


def _crossed(
    table: Table,
    w: Array,
    margins: Mapping[Any, Totals],
    inside: Array | None,
    *,
    partial: bool = False,
) -> tuple[Cells, list[Margin]]:
    """Code the columns of margins, cross them and check each."""
    codes, found, names = [], [], []
    for key in margins:
        columns = names_of("margins", key)
        code, labels = table.codes(columns, "margins")
        codes.append(code)
        found.append(labels)
        names.append(" x ".join(columns))
    cells = cross(codes, [len(labels) for labels in found], inside)
    weight = np.bincount(cells.cell, weights=w, minlength=cells.count)
    made = []
    for name, labels, code, totals in zip(names, found, cells.codes, margins.values(), strict=True):
        present = np.bincount(code, weights=weight, minlength=len(labels) + 1)[: len(labels)] > 0
        made.append(_margin(name, labels, present, totals, partial))
    _warn_of_shares(made[0], float((w if inside is None else w[inside]).sum()))
    return cells, made


def _warn_of_shares(margin: Margin, weights: float) -> None:
    """Warn where totals look like shares or per cent of weights that count a population."""
    total = float(margin.targets.sum())
    if any(abs(total - whole) <= 1e-6 * whole for whole in (1, 100)) and weights > 10 * total:
        warn(
            f"the totals of {margin.name!r} add up to {total:g} and the weights to {weights:,.6g}: "
            f"afterwards the weights add up to {total:g}. Shares stand; for totals and counts give "
            "numbers of the population."
        )


def _positions(made: Sequence[Margin]) -> list[tuple[int, Estimate]]:
    """Return the estimated targets by their position among all."""
    out: list[tuple[int, Estimate]] = []
    start = 0
    for m in made:
        out += [(start + q, e) for q, e in m.estimated.items()]
        start += m.size
    return out


def poststratify(
    table: Table,
    w: Array,
    margin: str | Sequence[str],
    totals: Totals,
    partial: bool,
    where: str | None,
) -> Step:
    """Build a poststratification: one margin."""
    key = margin if isinstance(margin, str) else tuple(margin)
    cells, made = _crossed(table, w, {key: totals}, rows_of(table, w, where), partial=partial)
    return Calibration(
        cells.cell,
        cells.matrix([made[0].size]),
        made[0].targets,
        tuple(made[0].names),
        ((cells.codes[0], made[0].size),),
        Distance("raking"),
        f"poststratify on {made[0].name}{_where(where)}",
        estimated=tuple(_positions(made)),
    )


def rake(
    table: Table,
    w: Array,
    margins: Mapping[Any, Totals],
    *,
    rescale: bool,
    residuals: str,
    where: str | None,
    on_fail: str,
) -> Step:
    """Build a raking step on the table of the crossed margins."""
    one_of("residuals", residuals, [*FORMS, "sweep"])
    one_of("on_fail", on_fail, ["error", "warn"])
    if not isinstance(margins, Mapping) or not margins:
        raise ValueError(
            'margins must map columns to totals, as in {"sex": {"F": 51, "M": 49}}: found '
            f"{type(margins).__name__}. Write at least one margin."
        )
    cells, made = _crossed(table, w, margins, rows_of(table, w, where))
    factor = _same_total(made, rescale)
    made = [
        Margin(m.name, m.targets * f, m.names, {q: e * f for q, e in m.estimated.items()})
        for m, f in zip(made, factor, strict=True)
    ]
    sizes = [m.size for m in made]
    return Calibration(
        cells.cell,
        cells.matrix(sizes),
        np.concatenate([m.targets for m in made]),
        tuple(itertools.chain.from_iterable(m.names for m in made)),
        tuple(zip(cells.codes, sizes, strict=True)),
        Distance("raking"),
        f"rake on {', '.join(m.name for m in made)}{_where(where)}",
        residuals,
        tuple(_positions(made)),
        on_fail == "warn",
    )


def _where(where: str | None) -> str:
    return "" if where is None else f" where {where}"


def _same_total(made: Sequence[Margin], rescale: bool) -> list[float]:
    """Check that margins add up to one total, or return factors that make them."""
    sums = [float(m.targets.sum()) for m in made]
    if max(sums) - min(sums) <= 1e-9 * max(sums):
        return [1.0] * len(made)
    low, high = int(np.argmin(sums)), int(np.argmax(sums))
    if not rescale:
        raise ValueError(
            f"margins must have the same total: {made[low].name!r} adds up to {sums[low]:,.6g} "
            f"and {made[high].name!r} to {sums[high]:,.6g} (a gap of {sums[high] - sums[low]:,.6g}). "
            "Correct them, or pass rescale=True to scale all to the first."
        )
    warn(
        f"margins are rescaled to the total of the first, {made[0].name!r} ({sums[0]:,.6g}): weights "
        "add up to it. Put the margin first whose total is to be trusted."
    )
    return [sums[0] / s for s in sums]


def calibrate(
    table: Table,
    w: Array,
    totals: Mapping[Any, Any],
    *,
    distance: str,
    bounds: tuple[float, float] | None,
    constant: str | None,
    residuals: str,
    where: str | None,
    on_fail: str,
) -> Step:
    """Build a calibration to totals of numbers and of categories."""
    one_of("distance", distance, DISTANCES)
    one_of("residuals", residuals, FORMS)
    one_of("on_fail", on_fail, ["error", "warn"])
    if not isinstance(totals, Mapping) or not totals:
        raise ValueError(
            'totals must map columns to totals, as in {"size": 1200, "sex": {"F": 51, "M": 49}}: '
            f"found {type(totals).__name__}. Write at least one total."
        )
    kind = Distance(distance, *_bounds(distance, bounds))
    inside = rows_of(table, w, where)
    cell, matrix, made = _columns(table, w, totals, inside)
    names = tuple(itertools.chain.from_iterable(m.names for m in made))
    targets = np.concatenate([m.targets for m in made])
    if constant is not None:
        cell, matrix = _by_cluster(table, w, constant, inside, matrix[cell])
    last = np.cumsum([m.size for m in made]) - 1
    whole = [isinstance(total, Mapping) for total in totals.values()]
    _collinear(matrix, np.bincount(cell, w, len(matrix)), targets, names, last[whole][1:])
    return Calibration(
        cell,
        matrix,
        targets,
        names,
        (),
        kind,
        f"calibrate ({distance}) on {', '.join(m.name for m in made)}{_where(where)}",
        residuals,
        tuple(_positions(made)),
        on_fail == "warn",
    )


def _bounds(distance: str, bounds: tuple[float, float] | None) -> tuple[float, float]:
    if bounds is None:
        if distance == "logit":
            raise ValueError(
                "bounds must be given with distance='logit': found None. Write for example "
                "bounds=(0.5, 2)."
            )
        return -np.inf, np.inf
    if not isinstance(bounds, (tuple, list, np.ndarray)) or len(bounds) != 2:
        raise TypeError(
            f"bounds must be two numbers: found {bounds!r}. Write for example bounds=(0.5, 2)."
        )
    low, up = (number("bounds", value) for value in bounds)
    if not (low < 1 < up) or low < 0 or (distance == "logit" and not np.isfinite(up)):
        raise ValueError(
            f"bounds must enclose 1 and not be negative: found {bounds!r}. They are limits of the "
            "ratio of new to old weights: write for example bounds=(0.5, 2)."
        )
    return low, up


def _columns(
    table: Table, w: Array, totals: Mapping[Any, Any], inside: Array | None
) -> tuple[Array, Array, list[Margin]]:
    """Return cells, columns by cell and targets, in the order given; categories alone are crossed."""
    margins = {key: total for key, total in totals.items() if isinstance(total, Mapping)}
    if margins:
        cells, made = _crossed(table, w, margins, inside)
        cell, matrix = cells.cell, cells.matrix([m.size for m in made])
        if len(margins) == len(totals):
            return cell, matrix, made
    rows = np.ones(table.n, dtype=bool) if inside is None else inside
    columns, out, start = [], [], 0
    for key, total in totals.items():
        if isinstance(total, Mapping):
            m = made[list(margins).index(key)]
            columns.append(matrix[cell, start : start + m.size])
            start += m.size
        else:
            x = table.numeric(key, "totals")
            bad = ~np.isfinite(x) & (w != 0) & rows
            check_rows("totals", f"complete and finite in {key!r}", x, bad, "Fill it in.")
            columns.append(np.where(rows & np.isfinite(x), x, 0.0)[:, None])
            value = number("totals", total)
            if not np.isfinite(value):
                raise ValueError(f"totals must be finite: {key!r} has {value:g}. Correct it.")
            estimated = {0: total} if isinstance(total, Estimate) else {}
            m = Margin(key, np.array([value]), [key], estimated)
        out.append(m)
    return np.arange(table.n), np.concatenate(columns, axis=1), out


def _by_cluster(
    table: Table, w: Array, constant: str, inside: Array | None, x: Array
) -> tuple[Array, Array]:
    """Return clusters as cells with the mean columns of their rows, which share a weight."""
    code, labels = table.codes([constant], "constant")
    used = (w != 0) if inside is None else (w != 0) & inside
    count = len(labels)
    low, high = group_range(w[used], code[used], count)
    uneven = np.flatnonzero(high - low > 1e-9 * np.abs(high))
    if uneven.size:
        c = int(uneven[0])
        raise ValueError(
            f"constant must name clusters whose rows share a weight: {uneven.size:,} of {count:,} "
            f"do not (first: {labels[c][0]}, {low[c]:g} to {high[c]:g}). Calibrate before steps that "
            "work inside clusters, or name smaller ones."
        )
    rows = np.maximum(np.bincount(code[used], minlength=count), 1)
    means = np.stack(
        [np.bincount(code[used], column[used], count) / rows for column in x.T], axis=1
    )
    cell = code if inside is None else np.where(inside, code, count)
    return cell, means if inside is None else np.r_[means, np.zeros((1, x.shape[1]))]


def _collinear(
    matrix: Array, weight: Array, targets: Array, names: Sequence[str], expected: Array
) -> None:
    """Refuse totals that contradict each other, and name columns that others already determine.

    `expected`: the last category of each later margin, which the categories before determine.
    """
    size = np.sqrt(np.maximum((weight[:, None] * matrix**2).sum(axis=0), 1e-300))
    gram = (matrix * weight[:, None]).T @ matrix / np.outer(size, size)
    if np.linalg.eigvalsh(gram)[0] > 1e-6:
        return
    scaled = matrix * np.sqrt(np.maximum(weight, 0.0))[:, None] / size
    scaled = np.asarray(np.linalg.qr(scaled, mode="r"))  # a few rows with the same products
    kept: list[int] = []
    redundant = []
    for j in range(targets.size):
        basis, column = scaled[:, kept], scaled[:, j]
        b = np.linalg.lstsq(basis, column, rcond=None)[0] if kept else np.zeros(0)
        if np.linalg.norm(column - basis @ b) > COLLINEAR:
            kept.append(j)
            continue
        parts = b * (targets / size)[kept] * size[j]
        scale = max(abs(targets[j]), float(np.abs(parts).sum()))
        if abs(parts.sum() - targets[j]) > 1e-6 * scale:
            raise ValueError(
                f"totals must not contradict each other: {names[j]} is determined by the columns "
                f"before it, whose totals make {parts.sum():,.6g}, and has {targets[j]:,.6g}. Correct "
                "a total, or drop the column."
            )
        if j not in expected:
            redundant.append(names[j])
    if redundant:
        warn(
            f"{len(redundant)} of {targets.size} columns of the totals are determined by those before "
            f"them and change nothing: {', '.join(redundant[:5])}. Drop them."
        )
