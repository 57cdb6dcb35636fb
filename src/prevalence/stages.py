"""One stage of selection: which units were drawn together, with which fraction, and its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import check_rows

__all__ = ["Stage"]

Array = NDArray[Any]


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
    single: Array
    centre_all: bool

    @property
    def unit_fraction(self) -> Array:
        """Probability of each unit, given the stage before."""
        return np.asarray(self.fraction[self.parent])

    @property
    def coefficients(self) -> Array:
        """One coefficient per column of `columns`."""
        return np.asarray(self.coefficient[self.parent])

    @cached_property
    def is_finest(self) -> bool:
        """Whether the units of this stage are the finest ones, in the same order."""
        return self.unit.size == self.parent.size and bool(
            (self.unit == np.arange(self.unit.size)).all()
        )

    def sums(self, influence: Array) -> Array:
        """Sum finest-unit influence (rows, finest) to this stage's units (rows, units)."""
        return influence if self.is_finest else group_sums(influence, self.unit, self.parent.size)

    def columns(self, influence: Array) -> Array:
        """Return the centred unit sums of this stage (rows, units)."""
        u = self.sums(influence)
        mean = group_sums(u, self.parent, self.n.size) / self.n
        if self.centre_all:
            mean[:, self.single] = u.mean(axis=1, keepdims=True)
        of_unit = mean.take(self.parent, axis=1)
        return np.subtract(u, of_unit, out=of_unit)

    @property
    def is_centred(self) -> bool:
        """Whether `columns` are the centred sums of the units, as `adjoint` takes them to be."""
        return True

    def adjoint(self, columns: Array) -> Array:
        """Carry (rows, units of this stage) to the finest units: the adjoint of `columns`."""
        mean = group_sums(columns, self.parent, self.n.size) / self.n
        if self.centre_all:
            mean[:, self.single] = 0.0
        of_unit = mean.take(self.parent, axis=1)
        out = np.subtract(columns, of_unit, out=of_unit)
        if self.centre_all:
            alone = columns[:, self.single[self.parent]].sum(axis=1, keepdims=True)
            out -= alone / self.parent.size
        return np.asarray(out.take(self.unit, axis=1))

    def names(self, units: list[str], groups: Sequence[str]) -> list[str]:
        """Return the name of each column, given those of the units and of their groups."""
        del groups
        return units


def group_sums(values: Array, group: Array, n_groups: int) -> Array:
    """Sum the last axis of (rows, items) by group, with empty groups as zeros."""
    if group.size == 0:
        return np.zeros((values.shape[0], n_groups))
    if bool((group[1:] >= group[:-1]).all()):
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        sums = np.add.reduceat(values, starts, axis=1)
        if starts.size == n_groups:
            return sums
        out = np.zeros((values.shape[0], n_groups), dtype=values.dtype)
        out[:, group[starts]] = sums
        return out
    return np.stack([np.bincount(group, weights=row, minlength=n_groups) for row in values])


def first_rows(code: Array) -> Array:
    """Return the first row of each unit; codes are 0, 1, ... with none left out."""
    if code.size and bool((code[1:] >= code[:-1]).all()):
        return np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    first = np.empty(int(code.max(initial=-1)) + 1, dtype=np.intp)
    first[code[::-1]] = np.arange(code.size)[::-1]  # of rows with the same code the last one stays
    return first


def group_range(values: Array, group: Array, n_groups: int) -> tuple[Array, Array]:
    """Return the lowest and the highest value of each group."""
    low, high = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
    np.minimum.at(low, group, values)
    np.maximum.at(high, group, values)
    return low, high


def fractions_of(values: Array, code: Array, group: Array, stage: int) -> Array:
    """Return the sampling fraction of each group; an infinite population has the fraction 0."""
    argument = f"fpc of stage {stage}"
    if not (values > 0).all():
        bad = int((~(values > 0)).sum())
        raise ValueError(
            f"{argument} must be positive population counts or sampling fractions: {bad:,} of "
            f"{values.size:,} rows are not. Correct them; an infinite population is inf."
        )
    finite = np.isfinite(values)
    if (values < 1).any() and (values[finite] > 1).any():
        raise ValueError(
            f"{argument} must be all counts or all fractions: found both "
            f"({values.min():g} and {values[finite].max():g}). Write it in one of the two ways."
        )
    n_groups = int(group.max()) + 1
    low, high = group_range(values, group, n_groups)
    if (low != high).any():
        raise ValueError(
            f"{argument} must be constant among units drawn together: it varies within "
            f"{int((low != high).sum()):,} groups. Give each row the count of its own stratum "
            "or parent unit."
        )
    sampled = np.bincount(group[first_rows(code)], minlength=n_groups)
    known = np.isfinite(low)
    rates = bool((values[finite] <= 1).all())
    fraction = np.where(known, low if rates else sampled / low, 0.0)
    if (fraction > 1 + 1e-12).any():
        h = int(np.argmax(fraction))
        raise ValueError(
            f"{argument} must be at least the number of sampled units: a group has {sampled[h]} "
            f"sampled of {low[h]:g}. Give the number of units in the population."
        )
    return np.asarray(np.minimum(fraction, 1.0))


def probabilities_of(values: Array, code: Array) -> Array:
    """Return the inclusion probability of each primary unit of an unequal-probability sample."""
    bad = ~((values > 0) & (values <= 1))
    check_rows(
        "fpc of stage 1, with pps=,",
        "inclusion probabilities above 0 and at most 1",
        values,
        bad,
        "Give the probability with which each primary unit was drawn.",
    )
    n_units = int(code.max()) + 1
    low, high = group_range(values, code, n_units)
    if (low != high).any():
        raise ValueError(
            "fpc of stage 1, with pps=, must be constant within primary units: it varies within "
            f"{int((low != high).sum()):,} of {n_units:,}. Give each row the probability of its unit."
        )
    return low


def equal_stage(
    unit: Array,
    parent: Array,
    fraction: Array | None,
    earlier: Array,
    single_psu: str,
    where: tuple[list[str], int],
) -> Stage:
    """Build a stage drawn with equal probabilities within groups (fraction None: with replacement).

    `earlier` is the product of the sampling fractions of the stages before, by group.
    """
    n = np.bincount(parent)
    f = np.zeros(n.size) if fraction is None else fraction
    single = (n == 1) & (f < 1)
    if single.any() and single_psu == "error":
        refuse_single(single, *where)
    coefficient = earlier * (1 - f) * n / np.maximum(n - 1, 1)
    coefficient = without_single(coefficient, single, single_psu)
    return Stage(unit, parent, n, f, coefficient, single, single_psu == "adjust")


def without_single(coefficient: Array, single: Array, single_psu: str) -> Array:
    """Apply the rule for groups of one unit to the coefficients of the groups."""
    if single_psu != "adjust":
        coefficient = np.where(single, 0.0, coefficient)
    if single_psu == "average" and single.any():
        coefficient = coefficient * single.size / max(single.size - int(single.sum()), 1)
    return coefficient


def refuse_single(single: Array, strata: list[str], stage: int) -> None:
    """Say which stratum has one unit."""
    found = np.flatnonzero(single)
    if stage == 1:
        name = repr(strata[int(found[0])]) if strata else "the whole sample"
        raise ValueError(
            f"psu must number two or more in every stratum: {found.size:,} of {single.size:,} "
            f"strata have one (first: {name}). Pass single_psu='certainty', 'remove', 'adjust' or "
            "'average', or collapse strata."
        )
    raise ValueError(
        f"units of stage {stage} must number two or more in every parent unit: {found.size:,} "
        f"of {single.size:,} have one. Pass single_psu=, or leave out the fpc of this stage."
    )
