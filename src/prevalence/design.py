"""Strata, stages and sampling fractions: how influence values become a variance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .pps import Unequal
from .stages import Stage, equal_stage, first_rows, fractions_of, probabilities_of

__all__ = ["SINGLE_PSU", "Design"]

Array = NDArray[Any]
Factor = tuple[Array, list[str]]  # a code per row, and the labels of the codes
Hashes = Callable[[slice], Array]  # of a block of rows
BLOCK = 2**16  # rows mixed at once: they stay in the cache
SINGLE_PSU = ("error", "certainty", "remove", "adjust", "average")


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
    def is_centred(self) -> bool:
        """Whether the columns are the centred sums of the units, with one coefficient each."""
        return all(stage.is_centred for stage in self.stages)

    @property
    def words(self) -> str:
        """What must be said of the sample beside its numbers of units and strata."""
        if type(self.stages[0]) is Stage:
            return ""
        return ", drawn with unequal probabilities without replacement"

    @property
    def no_replicates(self) -> str:
        """Why the first stage cannot be resampled, or nothing where it can."""
        if type(self.stages[0]) is Stage:
            return ""
        return (
            "replicates must resample primary units drawn with equal probabilities or with "
            "replacement: this sample has unequal ones, without replacement. Use linearisation or "
            ".bootstrap(1000, rng=1, kind='generalised'), or leave out pps= and its fpc to take the "
            "units as drawn with replacement."
        )

    @cached_property
    def df(self) -> int:
        """Degrees of freedom: primary units minus strata."""
        return int(self.stratum_of_psu.size - len(self.stratum_labels))

    @cached_property
    def coefficients(self) -> Array:
        """One coefficient per column of `columns`."""
        return np.concatenate([stage.coefficients for stage in self.stages])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Name of each column, by which two rounds of one panel are aligned."""
        names = list(self.psu_labels)
        out = self.stages[0].names(names, self.stratum_labels)[:]
        later = zip(self.stages[1:], self.later_labels, strict=True)
        for number, (stage, (code, own)) in enumerate(later, 2):
            pairs = zip(stage.parent.tolist(), code.tolist(), strict=True)
            names = [f"{names[p]}|{own[c]}" for p, c in pairs]
            out += [f"{number}:{name}" for name in names]
        return tuple(out)

    def columns(self, influence: Array) -> Array:
        """Return centred columns (rows, units of all stages): V = columns * c @ columns.T."""
        parts = [stage.columns(influence) for stage in self.stages]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def adjoint(self, columns: Array) -> Array:
        """Carry (rows, columns) to the finest units (rows, units): the adjoint of `columns`."""
        ends = np.cumsum([stage.parent.size for stage in self.stages])
        parts = np.split(columns, ends[:-1], axis=1)
        return np.asarray(sum(s.adjoint(part) for s, part in zip(self.stages, parts, strict=True)))


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
    unequal: Unequal | None = None,
) -> tuple[Design, Array]:
    """Build a design from factors of the rows; also return each row's unit.

    `content` tells rows that nothing names apart in the design's own name; `unequal` makes the
    first of `fpc` the inclusion probabilities of the primary units.
    """
    n = weights.size
    stratum, stratum_labels = (np.zeros(n, dtype=np.intp), []) if strata is None else strata
    psu, psu_labels = stages[0] if stages else (np.arange(n), [])
    if strata is not None and psu_labels and not nest:
        _check_nesting(stratum, psu, names[0])
    kept = max(1, len(fpc))
    labels = [psu, *(code for code, _ in stages[1:kept])]
    row_unit, codes, built = _stages(
        stratum, stratum_labels, labels, fpc, single_psu=single_psu, unequal=unequal
    )
    first_row = first_rows(codes[0])
    strata_named = tuple(stratum_labels) or ("",)
    if source is None:
        named = (_hashes(strata_named, stratum), _hashes(psu_labels, psu))
        source = f"design:{_digest(n, *named, _hashes_of(weights))}{content}"
    firsts = [first_rows(code) for code in codes[1:]]
    later = tuple(
        (codes[rows], own) for (codes, own), rows in zip(stages[1:kept], firsts, strict=True)
    )
    psu_names = (psu[first_row], psu_labels)
    return Design(built, strata_named, psu_names, source, later), row_unit


def _stages(
    stratum: Array,
    strata: list[str],
    labels: list[Array],
    fpc: list[Array],
    *,
    single_psu: str,
    unequal: Unequal | None,
) -> tuple[Array, list[Array], tuple[Stage, ...]]:
    """Return each row's finest unit, its unit at each stage, and the stages."""
    group, made = stratum, []
    earlier = np.ones(max(len(strata), 1))
    for s, label in enumerate(labels):
        code, parent = _nested(group, label)
        fraction = None
        if unequal is not None and s == 0:
            fraction = probabilities_of(fpc[0], code)
            following = fraction
        else:
            if s < len(fpc):
                fraction = fractions_of(fpc[s], code, group, s + 1)
            following = (earlier * (1.0 if fraction is None else fraction))[parent]
        made.append((code, parent, fraction, earlier))
        earlier, group = following, code
    row_unit = group
    first = first_rows(row_unit)
    built: list[Stage] = []
    for s, (code, parent, fraction, before) in enumerate(made):
        if unequal is not None and s == 0 and fraction is not None:
            where = (strata, first_rows(code))
            built.append(unequal.stage(code[first], parent, fraction, single_psu, where))
        else:
            told = (strata, s + 1)
            built.append(equal_stage(code[first], parent, fraction, before, single_psu, told))
    return row_unit, [code for code, *_ in made], tuple(built)


def _check_nesting(stratum: Array, psu: Array, name: str) -> None:
    elsewhere = stratum != stratum[first_rows(psu)][psu]
    if elsewhere.any():
        count = np.unique(psu[elsewhere]).size
        raise ValueError(
            f"psu must not lie in two strata: {count:,} identifiers of {name!r} do. "
            "If identifiers start anew in each stratum, pass nest=True; else correct them."
        )


def _nested(group: Array, label: Array) -> tuple[Array, Array]:
    """Return unit codes sorted by group, and the group of each unit."""
    key = np.multiply(group, int(label.max()) + 1, dtype=np.int64)
    key += label
    if key.size and bool((key[1:] >= key[:-1]).all()):
        new = np.r_[True, key[1:] != key[:-1]]
        code = np.cumsum(new)
        code -= 1
        return code, group[new]
    found, first, code = np.unique(key, return_index=True, return_inverse=True)
    del found
    return code, group[first]


def _hashes(labels: Sequence[str], code: Array) -> Hashes:
    """Return hashes of the labels of rows; rows without labels are told apart by position."""
    if not labels:
        return _hashes_of(code)
    found = np.asarray(pd.util.hash_array(np.array(labels, dtype=object), categorize=False))
    return lambda rows: found[code[rows]]


def _hashes_of(values: Array) -> Hashes:
    return lambda rows: np.asarray(pd.util.hash_array(np.ascontiguousarray(values[rows])))


def digest(*hashes: Array) -> str:
    """Return a name of rows by the hashes of their columns, whatever the order of the rows."""
    return _digest(hashes[0].size, *(column.__getitem__ for column in hashes))


def _digest(size: int, *hashes: Hashes) -> str:
    total = 0
    for first in range(0, size, BLOCK):
        rows = slice(first, min(first + BLOCK, size))
        mixed = np.zeros(rows.stop - first, dtype=np.uint64)
        for column in hashes:
            mixed ^= column(rows)
            mixed *= np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        total += int(mixed.sum(dtype=np.uint64))
    return f"{total % 2**64:016x}"
