"""Errors of linkage between several lists: what they make of persons, and how to undo it.

Missed links split a person into several clusters of records, each with a history inside the
person's own; false links join clusters of two persons. ``A[v, w]`` is the expected number of
clusters with history v that a person with history w leaves. Histories are in canonical order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import number, shown
from ...estimate import Estimate
from ..histories import FloatArray, IntArray, all_histories, cell_codes, cell_places

Members = tuple[int, ...]
BLOCK = 2**20  # numbers of `Clusters.second` that are made at once
REDRAWN = {"replicate columns": "each replicate has its own draw of the audit"}


@dataclass(frozen=True, eq=False)
class Clusters:
    """What persons leave, for D sets of errors: `mean` (C, C, D), `second` (C, C, C, D).

    ``mean[v, w]`` expects the clusters v of a person w; ``second[v, u, w]`` their products.
    """

    mean: FloatArray
    second: FloatArray


def cut_records(errors: FloatArray) -> Clusters:
    """Clusters where record j is cut off from its person with probability ``errors[j]``.

    The records that are not cut off stay together. Each set of cut records is gone through.

    Parameters
    ----------
    errors : ndarray, shape (L, D)
        One column a set of errors.
    """
    lists, draws = errors.shape
    histories = all_histories(lists)
    place = cell_places(lists).tolist()
    cells = len(histories)
    mean = np.zeros((cells, cells, draws))
    second = np.zeros((cells, cells, cells, draws))
    for w, code in enumerate(cell_codes(histories).tolist()):
        if code & (code - 1) == 0:  # one record alone cannot be split
            mean[w, w] = second[w, w, w] = 1.0
            continue
        cut = code
        while True:
            chance = np.ones(draws)
            left = []
            for j in range(lists):
                if code >> j & 1:
                    chance = chance * (errors[j] if cut >> j & 1 else 1 - errors[j])
                    if cut >> j & 1:
                        left.append(place[1 << j])
            if code & ~cut:
                left.append(place[code & ~cut])
            mean[left, w] += chance
            for v in left:
                second[v, left, w] += chance
            if cut == 0:
                break
            cut = (cut - 1) & code
    return Clusters(mean, second)


def each_cut(errors: FloatArray) -> Iterator[Clusters]:
    """Yield the clusters of each set of errors, made a block of sets at a time."""
    width = max(1, BLOCK // 8 ** len(errors))
    for first in range(0, errors.shape[1], width):
        block = cut_records(errors[:, first : first + width])
        for d in range(block.mean.shape[2]):
            yield Clusters(block.mean[..., d : d + 1], block.second[..., d : d + 1])


def split_errors(
    splits: Sequence[tuple[Sequence[Members], float]],
    lists: int,
    draws: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Posterior draws of the record errors (L, draws) from audited persons, Jeffreys' prior.

    Where all records of a person lie apart it is not seen whether one of them was not cut off; that
    is drawn too (data augmentation), after 200 passes that are thrown away.

    Parameters
    ----------
    splits : list of (clusters, persons)
        Clusters of lists into which the records of persons fell, and how many persons.
    """
    cut, kept = np.zeros(lists), np.zeros(lists)
    apart: dict[Members, int] = {}
    for clusters, persons in splits:
        everyone = [j for members in clusters for j in members]
        if len(everyone) < 2:
            continue
        if all(len(members) == 1 for members in clusters):
            key = tuple(sorted(everyone))
            apart[key] = apart.get(key, 0) + int(persons)
            continue
        for members in clusters:
            (cut if len(members) == 1 else kept)[list(members)] += persons
    errors, out = np.full(lists, 0.1), np.empty((lists, draws))
    for step in range(-200, draws):
        yes, no = cut.copy(), kept.copy()
        for members, persons in apart.items():
            alone_of = list(members)
            odds = np.append((1 - errors[alone_of]) / np.maximum(errors[alone_of], 1e-300), 1.0)
            alone = rng.multinomial(persons, odds / odds.sum())[:-1]
            yes[alone_of] += persons - alone
            no[alone_of] += alone
        errors = rng.beta(yes + 0.5, no + 0.5)
        if step >= 0:
            out[:, step] = errors
    return out


def join_offset(joins: Mapping[tuple[Members, Members], float], lists: int) -> FloatArray:
    """What false joins add to the expected counts (C,): one cluster joined, two clusters gone."""
    places = cell_places(lists)
    out = np.zeros(len(places) - 1)
    for (one, two), moved in joins.items():
        first, second = (sum(1 << j for j in members) for members in (one, two))
        out[places[first | second]] += moved
        out[places[first]] -= moved
        out[places[second]] -= moved
    return out


def unsplit(mean: FloatArray, counts: FloatArray) -> FloatArray:
    """Persons by history from clusters, ``A^-1 y``, from the full history down; may be negative."""
    persons = np.zeros(len(counts))
    histories = all_histories(int(np.log2(len(counts) + 1)))
    order: IntArray = np.argsort(-histories.sum(axis=1), kind="stable")
    for v in order:
        persons[v] = (counts[v] - mean[v] @ persons) / mean[v, v]
    return persons


def share(argument: str, value: Any, least: float) -> tuple[float, float]:
    """Check an audit (some, of how many)."""
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise TypeError(
            f"{argument} must be (how many, of how many checked): found {shown(value)}. Write (47, 50)."
        )
    some, checked = number(argument, value[0]), number(argument, value[1])
    if not (least <= some <= checked and 0 < checked < np.inf):
        raise ValueError(
            f"{argument} must be between {least:g} and the number checked: found {some:g} of "
            f"{checked:g}. Correct the audit."
        )
    return some, checked


def with_errors(found: Estimate, words: str) -> Estimate:
    """Say of an estimate, in place of links without error, what its links are taken to be."""
    told = (x.replace("linked without error", words) for x in found.assumptions)
    return replace(found, assumptions=tuple(told))
