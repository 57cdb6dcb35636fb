"""Strata, stages and sampling fractions: how influence values become a variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Design", "Stage"]

Array = NDArray[Any]
Factor = tuple[Array, list[str]]  # a code per row, and the labels of the codes
SINGLE_PSU = ("error", "certainty", "remove", "adjust", "average")


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of selection, over its own sampled units.

    `unit` maps the finest units to the units of this stage and `parent` these to the groups
    (strata, or units of the stage before) in which they were drawn.
    """

    unit: Array
    parent: Array
    n: Array
    fraction: Array
    coefficient: Array
    lonely: Array
    centre_all: bool

    def sums(self, influence: Array) -> Array:
        """Sum finest-unit influence (rows, finest) to this stage's units (rows, units)."""
        if self.unit.size == self.parent.size:
            return influence
        return group_sums(influence, self.unit, self.parent.size)

    def deviations(self, influence: Array) -> Array:
        """Return the centred unit sums of this stage (rows, units)."""
        u = self.sums(influence)
        mean = group_sums(u, self.parent, self.n.size) / self.n
        if self.centre_all:
            mean[:, self.lonely] = u.mean(axis=1, keepdims=True)
        return u - mean[:, self.parent]

    def project(self, columns: Array) -> Array:
        """Centre (rows, units of this stage) within groups, but for units that stand alone."""
        mean = group_sums(columns, self.parent, self.n.size) / self.n
        mean[:, self.lonely] = 0.0
        return columns - mean[:, self.parent]

    def adjoint(self, columns: Array) -> Array:
        """Carry (rows, units of this stage) to the finest units: the adjoint of `deviations`."""
        out = self.project(columns)
        if self.centre_all:
            alone = columns[:, self.lonely[self.parent]].sum(axis=1, keepdims=True)
            out -= alone / self.parent.size
        elif self.lonely.any():
            out[:, self.lonely[self.parent]] = 0.0
        return out[:, self.unit]


def group_sums(values: Array, group: Array, n_groups: int) -> Array:
    """Sum the last axis of (rows, items) by group, with empty groups as zeros."""
    if bool((group[1:] >= group[:-1]).all()):
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        sums = np.add.reduceat(values, starts, axis=1)
        if starts.size == n_groups:
            return sums
        out = np.zeros((values.shape[0], n_groups), dtype=values.dtype)
        out[:, group[starts]] = sums
        return out
    return np.stack([np.bincount(group, weights=row, minlength=n_groups) for row in values])


@dataclass(frozen=True, eq=False)
class Design:
    """The sampled units of a survey and the rule that turns their influence into a variance.

    `source` names the design: two estimates with the same source have a covariance.
    """

    stages: tuple[Stage, ...]
    stratum_labels: tuple[str, ...]
    psu_names: Factor
    source: str
    later_labels: tuple[Factor, ...] = ()
    kind: str = "linearised"

    @property
    def n_units(self) -> int:
        """Number of finest sampled units whose stage has a sampling fraction."""
        return int(self.stages[-1].parent.size)

    @cached_property
    def psu_labels(self) -> tuple[str, ...]:
        """Name of each primary unit, with its stratum."""
        codes, names = self.psu_names
        units = zip(self.stratum_of_psu.tolist(), codes.tolist(), strict=True)
        strata = self.stratum_labels
        if names:
            return tuple(f"{strata[h]}|{names[p]}" for h, p in units)
        return tuple(f"{strata[h]}|{p}" for h, p in units)

    @property
    def psu_of_unit(self) -> Array:
        """Primary unit of each finest unit."""
        return self.stages[0].unit

    @property
    def stratum_of_psu(self) -> Array:
        """Stratum of each primary unit."""
        return self.stages[0].parent

    @property
    def key(self) -> tuple[str, str]:
        """What two blocks must share to add their columns as they stand."""
        return self.source, self.kind

    @cached_property
    def df(self) -> int:
        """Degrees of freedom: primary units minus strata."""
        return int(self.stratum_of_psu.size - len(self.stratum_labels))

    @cached_property
    def coefficients(self) -> Array:
        """One coefficient per column of `columns`."""
        return np.concatenate([s.coefficient[s.parent] for s in self.stages])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Name of each column, by which two rounds of one panel are aligned."""
        names = list(self.psu_labels)
        out = list(names)
        later = zip(self.stages[1:], self.later_labels, strict=True)
        for number, (stage, (code, own)) in enumerate(later, 2):
            pairs = zip(stage.parent.tolist(), code.tolist(), strict=True)
            names = [f"{names[p]}|{own[c]}" for p, c in pairs]
            out += [f"{number}:{name}" for name in names]
        return tuple(out)

    def columns(self, influence: Array) -> Array:
        """Return centred columns (rows, units of all stages): V = columns * c @ columns.T."""
        parts = [stage.deviations(influence) for stage in self.stages]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def adjoint(self, columns: Array) -> Array:
        """Carry (rows, columns) to the finest units (rows, units): the adjoint of `columns`."""
        parts = self._stage_columns(columns)
        return np.asarray(sum(s.adjoint(part) for s, part in zip(self.stages, parts, strict=True)))

    def project(self, columns: Array) -> Array:
        """Return the part of (rows, columns) that `adjoint` does not carry to zero."""
        parts = self._stage_columns(columns)
        made = [s.project(part) for s, part in zip(self.stages, parts, strict=True)]
        return np.concatenate(made, axis=1)

    def _stage_columns(self, columns: Array) -> list[Array]:
        ends = np.cumsum([stage.parent.size for stage in self.stages])
        return np.split(columns, ends[:-1], axis=1)


def make_design(
    strata: Factor | None,
    stages: list[Factor],
    fpc: list[Array],
    *,
    names: list[str],
    nest: bool,
    single_psu: str,
    weights: Array,
    source: str | None,
    content: str = "",
) -> tuple[Design, Array]:
    """Build a design from factors of the rows; also return each row's unit.

    `content` tells rows that nothing names apart in the design's own name.
    """
    n = weights.size
    stratum, stratum_labels = (np.zeros(n, dtype=np.intp), []) if strata is None else strata
    psu, psu_labels = stages[0] if stages else (np.arange(n), [])
    if strata is not None and psu_labels and not nest:
        _check_nesting(stratum, psu, names[0])
    group, units, made = stratum, psu, []
    earlier = np.ones(max(len(stratum_labels), 1))
    kept = max(1, len(fpc))
    for s in range(kept):
        label = units if s == 0 else stages[s][0]
        code, unit_group = _nested(group, label)
        fraction = _fractions(fpc[s], code, group, s + 1) if s < len(fpc) else None
        made.append((code, unit_group, fraction, earlier))
        earlier = (earlier * (fraction if fraction is not None else 1.0))[unit_group]
        group = code
    row_unit = made[-1][0]
    built = tuple(
        _stage(code, parent, fraction, weight, row_unit, single_psu, (stratum_labels, s + 1))
        for s, (code, parent, fraction, weight) in enumerate(made)
    )
    first_row = np.unique(made[0][0], return_index=True)[1]
    strata_named = tuple(stratum_labels) or ("",)
    if source is None:
        named = (_hashes(strata_named, stratum), _hashes(psu_labels, psu))
        source = _digest(named, weights) + content
    firsts = [np.unique(code, return_index=True)[1] for code, *_ in made[1:]]
    later = tuple(
        (codes[rows], own) for (codes, own), rows in zip(stages[1:kept], firsts, strict=True)
    )
    psu_names = (psu[first_row], psu_labels)
    return Design(built, strata_named, psu_names, source, later), row_unit


def _check_nesting(stratum: Array, psu: Array, name: str) -> None:
    pairs = pd.DataFrame({"s": stratum, "p": psu}).drop_duplicates()
    repeated = pairs["p"].duplicated(keep=False)
    if repeated.any():
        count = pairs.loc[repeated, "p"].nunique()
        raise ValueError(
            f"psu must not lie in two strata: {count:,} identifiers of {name!r} do. "
            "If identifiers start anew in each stratum, pass nest=True; else correct them."
        )


def _nested(group: Array, label: Array) -> tuple[Array, Array]:
    """Return unit codes sorted by group, and the group of each unit."""
    key = group.astype(np.int64) * (int(label.max()) + 1) + label
    if key.size and bool((key[1:] >= key[:-1]).all()):
        new = np.r_[True, key[1:] != key[:-1]]
        return np.cumsum(new) - 1, group[new]
    found, first, code = np.unique(key, return_index=True, return_inverse=True)
    del found
    return code, group[first]


def _fractions(values: Array, code: Array, group: Array, stage: int) -> Array:
    """Return the sampling fraction of each group from population counts or fractions."""
    argument = f"fpc of stage {stage}"
    if not np.isfinite(values).all() or (values <= 0).any():
        bad = int((~(np.isfinite(values) & (values > 0))).sum())
        raise ValueError(
            f"{argument} must be positive population counts or sampling fractions: {bad:,} of "
            f"{values.size:,} rows are not. Correct them."
        )
    if (values < 1).any() and (values > 1).any():
        raise ValueError(
            f"{argument} must be all counts or all fractions: found both "
            f"({values.min():g} and {values.max():g}). Write it in one of the two ways."
        )
    n_groups = int(group.max()) + 1
    low, high = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
    np.minimum.at(low, group, values)
    np.maximum.at(high, group, values)
    if (low != high).any():
        raise ValueError(
            f"{argument} must be constant among units drawn together: it varies within "
            f"{int((low != high).sum()):,} groups. Give each row the count of its own stratum "
            "or parent unit."
        )
    sampled = np.bincount(np.unique(np.c_[group, code], axis=0)[:, 0], minlength=n_groups)
    fraction = low if (values <= 1).all() else sampled / low
    if (fraction > 1 + 1e-12).any():
        h = int(np.argmax(fraction))
        raise ValueError(
            f"{argument} must be at least the number of sampled units: a group has {sampled[h]} "
            f"sampled of {low[h]:g}. Give the number of units in the population."
        )
    return np.asarray(np.minimum(fraction, 1.0))


def _stage(
    code: Array,
    parent: Array,
    fraction: Array | None,
    earlier: Array,
    row_unit: Array,
    single_psu: str,
    where: tuple[list[str], int],
) -> Stage:
    n_groups = int(parent.max()) + 1
    n = np.bincount(parent, minlength=n_groups)
    f = np.zeros(n_groups) if fraction is None else fraction
    first = np.unique(row_unit, return_index=True)[1]
    lonely = (n == 1) & (f < 1)
    if lonely.any() and single_psu == "error":
        _lonely_error(lonely, *where)
    coefficient = earlier * (1 - f) * n / np.maximum(n - 1, 1)
    if single_psu != "adjust":
        coefficient = np.where(lonely, 0.0, coefficient)
    if single_psu == "average" and lonely.any():
        coefficient = coefficient * n_groups / max(n_groups - int(lonely.sum()), 1)
    return Stage(code[first], parent, n, f, coefficient, lonely, single_psu == "adjust")


def _lonely_error(lonely: Array, strata: list[str], stage: int) -> None:
    found = np.flatnonzero(lonely)
    if stage == 1:
        name = repr(strata[int(found[0])]) if strata else "the whole sample"
        raise ValueError(
            f"psu must number two or more in every stratum: {found.size:,} of {lonely.size:,} "
            f"strata have one (first: {name}). Pass single_psu='certainty', 'remove', 'adjust' or "
            "'average', or collapse strata."
        )
    raise ValueError(
        f"units of stage {stage} must number two or more in every parent unit: {found.size:,} "
        f"of {lonely.size:,} have one. Pass single_psu=, or leave out the fpc of this stage."
    )


def _hashes(labels: Sequence[str], code: Array) -> Array:
    """Return a hash of the label of each row; rows without labels are told apart by position."""
    if not labels:
        return pd.util.hash_array(code)
    found = pd.util.hash_array(np.array(labels, dtype=object), categorize=False)
    return np.asarray(found[code])


def _digest(named: tuple[Array, Array], weights: Array) -> str:
    """Name a design by its labels and base weights, whatever the order of its rows."""
    mixed = np.zeros(weights.size, dtype=np.uint64)
    for part in (*named, pd.util.hash_array(np.ascontiguousarray(weights))):
        mixed = (mixed ^ part) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return f"design:{int(mixed.sum(dtype=np.uint64)):016x}"
