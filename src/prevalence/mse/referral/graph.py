"""Who refers to whom: the directed graph of lists, its cycles, its components and its terms.

A list is its index from 0, an edge a pair (sender, receiver).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from ..histories import Term

Edge = tuple[int, int]


def senders_of(edges: Iterable[Edge], lists: int) -> list[Term]:
    """Return the lists that send to each list."""
    known = [(sender, receiver) for sender, receiver in edges if sender != receiver]
    return [frozenset(s for s, r in known if r == receiver) for receiver in range(lists)]


def families(edges: Iterable[Edge], lists: int) -> list[Term]:
    """Return each receiving list together with all of its senders, in the order of the lists.

    Where own captures are independent and referral follows the edges without a cycle, whether a
    person is on a list depends on the lists before it only through its senders: the histories are
    a directed graphical model, and the log-linear model that saturates every family holds it.
    """
    senders = senders_of(edges, lists)
    return [senders[j] | {j} for j in range(lists) if senders[j]]


def closed_terms(groups: Iterable[Term]) -> list[tuple[int, ...]]:
    """Return all terms inside the groups, smaller ones first: the terms of their saturation."""
    inside = {
        part
        for group in groups
        for size in range(2, len(group) + 1)
        for part in combinations(sorted(group), size)
    }
    return sorted(inside, key=lambda part: (len(part), part))


def components(edges: Iterable[Edge], lists: int) -> list[tuple[int, ...]]:
    """Return the groups of lists that referral joins, in whatever direction; others stay alone."""
    group = list(range(lists))
    for sender, receiver in edges:
        old, new = sorted((group[sender], group[receiver]), reverse=True)
        group = [new if g == old else g for g in group]
    return [
        tuple(j for j in range(lists) if group[j] == first)
        for first in sorted(set(group), key=group.index)
    ]


def find_cycle(edges: Sequence[Edge], lists: int) -> tuple[int, ...]:
    """Return the lists of one directed cycle, its first list repeated at the end; () if none."""
    senders = senders_of(edges, lists)
    left = set(range(lists))
    while free := {j for j in left if not senders[j] & left}:
        left -= free
    if not left:
        return ()
    walk = [min(left)]
    while walk[-1] not in walk[:-1]:
        walk.append(min(senders[walk[-1]] & left))
    return tuple(reversed(walk[walk.index(walk[-1]) :]))
