"""Persons on lists with what is known of each: kinds in one order, a design, groups to report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import nearest
from ...lists import Lists
from ..assemble import require_overlap

__all__ = ["People", "listed", "people"]

Array = NDArray[Any]


@dataclass(frozen=True)
class People:
    """Kinds of persons: lists, covariates as columns of numbers, how many, and their group.

    `draws` are the numbers of persons in each resample (kinds, R).
    """

    on: Array
    x: Array
    count: Array
    draws: Array | None
    group: Array
    labels: tuple[tuple[str, ...], ...]
    covariates: tuple[str, ...]

    def scaled(self, count: Array) -> Array:
        """Return the covariates with mean 0 and standard deviation 1 among so many of each kind."""
        share = count / count.sum()
        centred = self.x - share @ self.x
        spread = np.sqrt(share @ centred**2)
        return np.asarray(centred / np.where(spread > 0, spread, 1.0))

    @property
    def given(self) -> str:
        """Return what is held fixed, as the beginning of a sentence."""
        if not self.covariates:
            return ""
        return f"Given {listed(self.covariates)}, "


def listed(names: Sequence[str]) -> str:
    """Return names as words: a, b and c."""
    said = [name.replace("_", " ") for name in names]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def people(lists: Lists, covariates: Sequence[str] | str | None, by: str | None) -> People:
    """Return the kinds of persons of lists, distinct and in an order of their own."""
    require_overlap(lists)
    names = _names(lists, covariates)
    parts = [_columns(lists, name) for name in names]
    x = np.concatenate([np.zeros((lists.patterns.count.size, 0)), *parts], axis=1)
    group, labels = _groups(lists, by)
    kinds, on = lists.patterns, lists.patterns.on
    some = kinds.count > 0
    key = np.c_[on, x, group].astype(float)[some]
    order = np.lexsort(key.T[::-1])
    new = np.r_[True, (np.diff(key[order], axis=0) != 0).any(axis=1)]
    place, first = np.cumsum(new) - 1, np.flatnonzero(some)[order[new]]
    draws = lists.pattern_draws
    made = People(
        on[first],
        x[first],
        np.bincount(place, kinds.count[some][order]),
        None if draws is None else np.add.reduceat(draws[some][order], np.flatnonzero(new), axis=0),
        group[first],
        labels,
        names,
    )
    _check_rank(made)
    return made


def _names(lists: Lists, covariates: Sequence[str] | str | None) -> tuple[str, ...]:
    known = [*lists.patterns.covariates, *lists.strata_names]
    if covariates is None:
        if not known:
            raise ValueError(
                "covariates must be known of the persons: these lists have none. Read them with "
                "pv.Lists(..., covariates=[...]), or write covariates=[] for an estimate without."
            )
        return tuple(lists.patterns.covariates) or lists.strata_names
    names = (covariates,) if isinstance(covariates, str) else tuple(covariates)
    for name in names:
        if name not in known:
            raise KeyError(
                f"covariates must be those of the lists: {name!r} is not one."
                f"{nearest(name, known) or ' Read them with pv.Lists(..., covariates=[...]).'}"
            )
    if len(set(names)) < len(names):
        raise ValueError(
            f"covariates must be named once: found {', '.join(names)}. Leave out the repeated."
        )
    return names


def _values(lists: Lists, name: str) -> tuple[Array, list[str] | None]:
    """Return numbers, or codes with their labels."""
    import pandas as pd

    kinds = lists.patterns
    if name in kinds.covariates:
        column = kinds.covariates[name]
        missing = pd.isna(column)
        if missing.any():
            raise ValueError(
                f"covariates must be known for every person: {name!r} is missing for "
                f"{int(kinds.count[missing].sum()):,} of {lists.seen:,}. Give them a category of "
                "their own, such as 'unknown', or leave the covariate out."
            )
        if column.dtype != object:
            return column.astype(float), None
        labels, codes = np.unique(column.astype(str), return_inverse=True)
        return codes, labels.tolist()
    at = lists.strata_names.index(name)
    labels, codes = np.unique([labels[at] for labels in lists.strata], return_inverse=True)
    return codes[kinds.stratum], labels.tolist()


def _columns(lists: Lists, name: str) -> Array:
    """Return a covariate as columns: itself, or one for each category but the first."""
    values, labels = _values(lists, name)
    if labels is None:
        return values[:, None]
    seen = np.bincount(values, lists.patterns.count, minlength=len(labels)) > 0
    kept = np.flatnonzero(seen)[1:]
    return np.asarray(values[:, None] == kept, dtype=float)


def _groups(lists: Lists, by: str | None) -> tuple[Array, tuple[tuple[str, ...], ...]]:
    if by is None:
        return np.zeros(lists.patterns.count.size, dtype=np.int64), ((),)
    known = [*lists.patterns.covariates, *lists.strata_names]
    if by not in known:
        raise KeyError(
            f"by must be a covariate or stratum of the lists: {by!r} is not one."
            f"{nearest(by, known) or ' Read it with pv.Lists(..., covariates=[...]).'}"
        )
    values, labels = _values(lists, by)
    if labels is None:
        numbers, values = np.unique(values, return_inverse=True)
        labels = [f"{v:g}" for v in numbers]
    kept = np.flatnonzero(np.bincount(values, lists.patterns.count, minlength=len(labels)))
    place = np.zeros(len(labels), dtype=np.int64)
    place[kept] = np.arange(kept.size)
    return place[values], tuple((labels[i],) for i in kept)


def _check_rank(made: People) -> None:
    centred = made.x - made.count @ made.x / made.count.sum()
    for j in range(made.x.shape[1]):
        if not np.abs(centred[:, j]).max() > 1e-12 * (1 + np.abs(made.x[:, j]).max()):
            raise ValueError(
                f"covariates must differ between persons: one of {', '.join(made.covariates)} is "
                "the same for all of them. Leave it out."
            )
    if (
        made.x.size
        and np.linalg.matrix_rank(made.scaled(made.count), tol=1e-8 * len(made.x)) < made.x.shape[1]
    ):
        raise ValueError(
            f"covariates must not repeat one another: of {', '.join(made.covariates)} one follows "
            "from the others. Leave it out."
        )
