"""Kinds of persons on lists: histories with who sent them, their stratum and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Patterns", "gathered"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct kinds of persons, P of them, and how many there are of each.

    Parameters
    ----------
    own : array of bool, shape (P, L)
        Whether a capture by the list's own route is recorded; a referral from a body that is no
        list counts as one.
    senders : array of int, shape (P, L)
        Lists that sent the person there: bit k for list k.
    unknown : array of bool, shape (P, L)
        Whether a capture is recorded whose source is not.
    stratum : array of int, shape (P,)
        Position of the stratum.
    count : array of float, shape (P,)
        Persons of each kind.
    covariates : mapping of str to array of shape (P,)
        What else is known of the persons.

    Attributes
    ----------
    on : array of int, shape (P, L)
        1 where the person is on the list, whatever the source.
    """

    own: Array
    senders: Array
    unknown: Array
    stratum: Array
    count: Array
    covariates: Mapping[str, Array] = field(default_factory=dict)

    @property
    def on(self) -> Array:
        """Return 1 where the persons of a kind are on a list, else 0."""
        return np.asarray(self.own | (self.senders != 0) | self.unknown, dtype=np.int64)

    @property
    def lists(self) -> int:
        """Number of lists."""
        return int(self.own.shape[1])

    def take(self, rows: Array) -> Patterns:
        """Return some of the kinds, by mask or position."""
        chosen = {name: column[rows] for name, column in self.covariates.items()}
        return Patterns(
            self.own[rows],
            self.senders[rows],
            self.unknown[rows],
            self.stratum[rows],
            self.count[rows],
            chosen,
        )

    def grouped(self, groups: Sequence[Sequence[int]]) -> Patterns:
        """Return the kinds on other lists, each made of some of these; kinds may repeat.

        A person sent within a group came there by the group's own route.
        """
        rows = range(len(self.own))
        own = np.zeros((len(rows), len(groups)), dtype=bool)
        senders = np.zeros(own.shape, dtype=np.int64)
        unknown = np.zeros(own.shape, dtype=bool)
        masks = [sum(1 << i for i in group) for group in groups]
        dropped = ~np.int64(sum(masks))
        for j, group in enumerate(groups):
            sent = np.bitwise_or.reduce(self.senders[:, list(group)], axis=1)
            inside = (sent & masks[j]) != 0
            # A list that is left out is a body that is no list: its referral counts as own.
            own[:, j] = self.own[:, list(group)].any(axis=1) | inside | ((sent & dropped) != 0)
            unknown[:, j] = self.unknown[:, list(group)].any(axis=1)
            for k, mask in enumerate(masks):
                if k != j:
                    senders[:, j] |= np.where((sent & mask) != 0, np.int64(1) << k, 0)
        return Patterns(own, senders, unknown, self.stratum, self.count, self.covariates)


def gathered(patterns: Patterns) -> tuple[Patterns, Array]:
    """Return the distinct kinds and, for every row given, the position of its kind."""
    columns = [patterns.own, patterns.senders, patterns.unknown, patterns.stratum[:, None]]
    codes = [_codes(column)[:, None] for column in patterns.covariates.values()]
    key = np.concatenate([*(x.astype(np.int64) for x in columns), *codes], axis=1)
    _, first, place = np.unique(key, axis=0, return_index=True, return_inverse=True)
    place = place.reshape(-1)
    distinct = patterns.take(first)
    count = np.bincount(place, weights=patterns.count, minlength=first.size)
    return (
        Patterns(
            distinct.own,
            distinct.senders,
            distinct.unknown,
            distinct.stratum,
            count,
            distinct.covariates,
        ),
        place,
    )


def plain(histories: Array, counts: Array) -> Patterns:
    """Return the kinds of persons of whom only the lists are known."""
    own = histories.astype(bool)
    zero = np.zeros(own.shape, dtype=np.int64)
    return Patterns(own, zero, zero.astype(bool), np.zeros(len(own), dtype=np.int64), counts)


def _codes(column: Array) -> Array:
    """Number the distinct values of a column; missing is one of them."""
    import pandas as pd

    codes, _ = pd.factorize(column, use_na_sentinel=True)
    return np.asarray(codes, dtype=np.int64)
