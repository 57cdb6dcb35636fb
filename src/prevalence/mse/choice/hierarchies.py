"""All hierarchical log-linear models of a few lists, their neighbours and their names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ..histories import BoolArray, FloatArray, IntArray, Term

MOST = 40_000  # models that are enumerated: 32,768 have six lists and no more than pairs


def interactions(lists: int, order: int) -> tuple[Term, ...]:
    """Terms of two to `order` lists, smaller ones first; the term of all lists is left out.

    That term and the dark figure cannot be told apart, so no model has both.

    Examples
    --------
    >>> [sorted(term) for term in interactions(3, 2)]
    [[0, 1], [0, 2], [1, 2]]
    """
    largest = min(order, lists - 1)
    sizes = range(2, largest + 1)
    return tuple(frozenset(t) for size in sizes for t in combinations(range(lists), size))


def hierarchical_models(terms: Sequence[Term], most: int = MOST) -> BoolArray | None:
    """Every hierarchical model with all main effects, (T, M), or None where there are too many.

    Parameters
    ----------
    terms : sequence of sets of int
        As `interactions` gives them: the terms inside a term stand before it.
    most : int
        Largest number of models to make.

    Examples
    --------
    >>> [hierarchical_models(interactions(lists, lists)).shape[1] for lists in (2, 3, 4, 5)]
    [1, 8, 113, 6893]
    """
    models = np.zeros((len(terms), 1), dtype=bool)
    for row, term in enumerate(terms):
        within = parts(terms, term)
        more = models[:, models[within].all(axis=0)].copy()
        if models.shape[1] + more.shape[1] > most:
            return None
        more[row] = True
        models = np.concatenate([models, more], axis=1)
    return models


def parts(terms: Sequence[Term], term: Term) -> list[int]:
    """Rows of the terms that lack one list of `term`."""
    return [row for row, inner in enumerate(terms) if len(inner) == len(term) - 1 and inner < term]


def movable(terms: Sequence[Term], models: BoolArray) -> BoolArray:
    """Which term can enter or leave each model and leave it hierarchical, (T, M).

    A term can enter when all terms inside it are there, and leave when it is in no larger one: it
    is then a generator of the model.
    """
    free = np.ones(models.shape, dtype=bool)
    for row, term in enumerate(terms):
        for inner in parts(terms, term):
            free[row] &= models[inner]
            free[inner] &= ~models[row]
    return free


def neighbours(terms: Sequence[Term], models: BoolArray) -> IntArray:
    """Model that differs by one term, (T, M); -1 where that is none of `models`."""
    coded = np.packbits(models, axis=0).T
    keys = {key.tobytes(): column for column, key in enumerate(coded)}
    other = np.full(models.shape, -1, dtype=np.int64)
    free = movable(terms, models)
    for row in range(len(terms)):
        columns = np.flatnonzero(free[row])
        changed = models[:, columns].copy()
        changed[row] ^= True
        bits = np.packbits(changed, axis=0).T
        other[row, columns] = [keys.get(key.tobytes(), -1) for key in bits]
    return other


def ranking(criterion: FloatArray, code: IntArray) -> IntArray:
    """Models that have an estimate, best first; equal ones in the order given."""
    order = np.argsort(np.where(code == 0, criterion, np.inf), kind="stable")
    ranked: IntArray = order[np.isfinite(criterion[order]) & (code[order] == 0)]
    return ranked


def degree_two(ranked: IntArray, beside: IntArray) -> IntArray:
    """Order models by the best rank among themselves and their neighbours, then by their own.

    Parameters
    ----------
    ranked : ndarray of int, shape (K,)
        Models that have an estimate, best first.
    beside : ndarray of int, shape (T, M)
        Neighbours; -1 for none.

    Returns
    -------
    ndarray of int, shape (K,)
    """
    last = beside.shape[1]
    rank = np.full(last + 1, last, dtype=np.int64)  # the model -1, which is none, comes last
    rank[ranked] = np.arange(ranked.size)
    best = np.minimum(rank[:-1], rank[beside].min(axis=0, initial=last))
    result: IntArray = ranked[np.argsort(best[ranked], kind="stable")]
    return result


def generators(terms: Sequence[Term], model: BoolArray, lists: int) -> list[Term]:
    """Largest terms of a model, main effects included where nothing larger holds the list."""
    chosen = [term for term, use in zip(terms, model, strict=True) if use]
    chosen += [frozenset([i]) for i in range(lists)]
    largest = [term for term in chosen if not any(term < other for other in chosen)]
    return sorted(largest, key=lambda term: (-len(term), sorted(term)))


def brackets(terms: Sequence[Term], model: BoolArray, names: Sequence[str]) -> str:
    """Name of a model by its generators, as ``[police,shelter][school]``.

    Examples
    --------
    >>> terms = interactions(3, 2)
    >>> brackets(terms, np.array([True, False, False]), ["police", "shelter", "school"])
    '[police,shelter][school]'
    """
    found = generators(terms, model, len(names))
    return "".join("[" + ",".join(names[i] for i in sorted(term)) + "]" for term in found)


def without(terms: Sequence[Term], excluded: Sequence[Term]) -> BoolArray:
    """Largest model that has none of the `excluded` terms, (T,)."""
    return np.array([not any(out <= term for out in excluded) for term in terms], dtype=bool)
