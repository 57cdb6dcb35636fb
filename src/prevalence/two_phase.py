"""A subsample of a sample: the variance of both phases as columns of the rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .design import Design, digest
from .errors import check_rows
from .stages import Stage, group_sums

__all__ = ["TwoPhase", "second_phase"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sums:
    """Columns that are sums of rows: row positions, the sum each belongs to, and coefficients."""

    rows: Array
    group: Array
    coefficient: Array
    name: str

    def columns(self, influence: Array) -> Array:
        """Return the sums (estimates, groups)."""
        taken = influence.take(self.rows, axis=1)
        return group_sums(taken, self.group, self.coefficient.size)


@dataclass(frozen=True, eq=False)
class TwoPhase(Design):
    """Rows of a first-phase sample of which a second phase was drawn; the units are the rows.

    With u the influence by row under both weights, S the form of the first phase, f the fraction
    and r = f^2 / (probability of a pair) of the second-phase groups g, the form is
    ``u'Su + sum_g (r - 1) u_g'S u_g + sum_i (f - r) S_ii u_i^2`` plus that of the second phase.
    """

    further: tuple[Sums, ...] = field(kw_only=True)
    n_rows: int = field(kw_only=True)

    @property
    def n_units(self) -> int:
        return self.n_rows

    @property
    def is_centred(self) -> bool:
        return False

    @property
    def words(self) -> str:
        return f", with a second phase of {self.further[0].rows.size:,} of {self.n_rows:,} rows"

    @property
    def no_replicates(self) -> str:
        return (
            "replicates must resample a sample of one phase: this one has a second phase, whose "
            "own variance they would leave out. Use linearisation."
        )

    @cached_property
    def coefficients(self) -> Array:
        own = [stage.coefficients for stage in self.stages]
        return np.concatenate([*own, *(part.coefficient for part in self.further)])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        first = super().labels
        rest = [f"{p.name}:{k}" for p in self.further for k in range(p.coefficient.size)]
        return (*first, *rest)

    def columns(self, influence: Array) -> Array:
        parts = [stage.columns(influence) for stage in self.stages]
        parts += [part.columns(influence) for part in self.further]
        return np.concatenate(parts, axis=1)


def second_phase(
    first: Design,
    unit: Array,
    selected: Array,
    group: Array | None,
    probability: Array | None,
    names: list[str],
) -> tuple[TwoPhase, Array]:
    """Build the design of a second phase; also return the factor of each row's weight.

    `group` are the second-phase strata of all rows; with `probability` the rows were drawn
    independently of one another instead.
    """
    _check_first(first)
    rows = np.flatnonzero(selected)
    n = selected.size
    if probability is not None:
        inclusion = probability[rows]
        code, pair = np.zeros(rows.size, dtype=np.int64), np.ones(1)
        within = (1 - inclusion, np.zeros(1))
    else:
        code_of_row = np.zeros(n, dtype=np.int64) if group is None else group
        code = code_of_row[rows]
        f, pair, size = _fractions(code_of_row, code, names)
        inclusion = f[code]
        less = np.maximum(size - 1, 1)
        within = (((1 - f) * size / less)[code], (1 - f) / less)
    stages = tuple(replace(stage, unit=stage.unit[unit]) for stage in first.stages)
    square = (inclusion - pair[code]) * _diagonal(stages)[rows] + within[0]
    further = [
        Sums(rows, np.arange(rows.size), square, "second phase"),
        Sums(rows, code, -within[1], "second-phase stratum"),
    ]
    if (pair != 1).any():
        for s, stage in enumerate(stages, 1):
            further += _pairs(stage, rows, code, pair - 1, s)
    parts = [pd.util.hash_array(part) for part in (rows, inclusion, code.astype(np.int64))]
    made = TwoPhase(
        stages,
        first.stratum_labels,
        first.psu_names,
        first.source,
        first.later_labels,
        f"{first.kind}, second phase {digest(*parts)}",
        further=tuple(further),
        n_rows=n,
    )
    factor = np.zeros(n)
    factor[rows] = 1 / inclusion
    return made, factor


def _check_first(first: Design) -> None:
    if not all(type(stage) is Stage for stage in first.stages) or isinstance(first, TwoPhase):
        raise ValueError(
            "second_phase must follow one phase of sampling with equal probabilities or with "
            "replacement: this first phase has others. Leave out pps= and its fpc, which takes its "
            "primary units as drawn with replacement."
        )
    if any(stage.centre_all and stage.single.any() for stage in first.stages):
        raise ValueError(
            "single_psu must not be 'adjust' in a first phase: found strata of one primary unit. "
            "Collapse strata, or pass single_psu='average' or 'certainty'."
        )


def _fractions(every: Array, drawn: Array, names: list[str]) -> tuple[Array, Array, Array]:
    """Return fraction, f^2 over the probability of a pair, and drawn rows of each stratum."""
    total = np.bincount(every)
    taken = np.bincount(drawn, minlength=total.size)
    for bad, found in ((taken == 0, "no"), ((taken == 1) & (total > 1), "one")):
        if bad.any():
            h = int(np.flatnonzero(bad)[0])
            name = repr(names[h]) if names else "the whole sample"
            raise ValueError(
                f"selected must hold two rows or more of every second-phase stratum: {int(bad.sum())} "
                f"of {total.size} have {found} (first: {name}, of {total[h]:,}). Merge strata."
            )
    f = taken / total
    with np.errstate(invalid="ignore", divide="ignore"):
        pair = taken * (total - 1) / (total * (taken - 1))
    return f, np.where(taken == total, 1.0, pair), taken


def _diagonal(stages: tuple[Stage, ...]) -> Array:
    """Return the coefficient of each row's own square in the first-phase form."""
    return np.asarray(
        sum(
            (stage.coefficient * (1 - 1 / stage.n))[stage.parent][stage.unit]
            for stage in stages
        )
    )  # fmt: skip


def _pairs(stage: Stage, rows: Array, code: Array, more: Array, number: int) -> list[Sums]:
    """Return the sums of one stage by unit and second-phase stratum, and by both their groups."""
    kept = np.flatnonzero(more[code] != 0)
    rows, code = rows[kept], code[kept]
    unit = stage.unit[rows]
    out = []
    for own, scale, size, what in (
        (unit, np.ones(stage.n.size), stage.parent.size, "unit"),
        (stage.parent[unit], -1 / stage.n, stage.n.size, "group"),
    ):
        found, group = np.unique(code * size + own, return_inverse=True)
        g, u = np.divmod(found, size)
        of = stage.parent[u] if what == "unit" else u
        coefficient = more[g] * (stage.coefficient * scale)[of]
        out.append(Sums(rows, group, coefficient, f"{number}:{what} by second-phase stratum"))
    return out


def check_selection(selected: Array, probability: Array | None) -> Array:
    """Check the two columns of a second phase; return which rows were drawn."""
    bad = ~np.isin(selected, (0.0, 1.0))
    check_rows("selected", "0 or 1", selected, bad, "Code drawn rows as 1 and the others as 0.")
    drawn = selected == 1
    if not drawn.any():
        raise ValueError(
            f"selected must be 1 in some rows: all {drawn.size:,} are 0. Mark the rows of the "
            "second phase with 1."
        )
    if probability is not None:
        wrong = drawn & ~((probability > 0) & (probability <= 1))
        check_rows(
            "probability",
            "above 0 and at most 1 where selected",
            probability,
            wrong,
            "Give the probability with which the row was drawn from the first phase.",
        )
    return np.asarray(drawn)
