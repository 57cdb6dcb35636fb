"""The design of a hierarchical log-linear model of capture histories.

``log mu_w`` is the sum of the parameters of all terms inside the history ``w``; the intercept is
the log of the dark figure. Products of design columns are design columns of the joined terms; hence
every Hessian is a table of margins of the fitted cells, and one matrix product makes those of all
columns of counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .histories import BoolArray, FloatArray, IntArray, Term, as_histories, as_term, cell_codes


@dataclass(frozen=True, eq=False)
class Model:
    """The design of a hierarchical log-linear model, and how its Hessians are read from margins."""

    terms: tuple[Term, ...]
    design: FloatArray
    joined: FloatArray
    position: IntArray

    def subset(self, used: BoolArray) -> Model:
        """Return the model of some of the terms."""
        terms = tuple(term for term, use in zip(self.terms, used, strict=True) if use)
        position = self.position[np.ix_(used, used)]
        needed, inverse = np.unique(position, return_inverse=True)
        return Model(
            terms, self.design[:, used], self.joined[:, needed], inverse.reshape(position.shape)
        )


def build_model(histories: npt.ArrayLike, terms: Iterable[Iterable[int]]) -> Model:
    """Design of all main effects and `terms` on a complete table of capture histories."""
    table = as_histories(histories)
    lists = table.shape[1]
    codes = cell_codes(table)
    if len(codes) != 2**lists - 1 or len(np.unique(codes)) != len(codes):
        raise ValueError(
            f"histories must hold each of the {2**lists - 1} capture histories of {lists} lists "
            f"once: got {len(codes)} rows, {len(np.unique(codes))} of them distinct. "
            "Complete the table with zeros by complete_table()."
        )
    beyond = tuple(as_term(term) for term in terms)
    _check_terms(beyond, lists)
    everything = (frozenset(), *(frozenset([i]) for i in range(lists)), *beyond)
    masks = np.array([sum(1 << i for i in term) for term in everything], dtype=np.int64)
    joined, position = np.unique(masks[:, None] | masks, return_inverse=True)
    return Model(
        everything,
        _contains(codes, masks),
        _contains(codes, joined),
        position.reshape(len(masks), len(masks)),
    )


def _contains(codes: IntArray, masks: IntArray) -> FloatArray:
    inside: BoolArray = (codes[:, None] & masks) == masks
    return inside.astype(np.float64)


def _check_terms(terms: Sequence[Term], lists: int) -> None:
    known = set(terms)
    if len(known) < len(terms):
        twice = next(term for i, term in enumerate(terms) if term in terms[:i])
        raise ValueError(
            f"terms must differ: {len(terms) - len(known)} of {len(terms)} are repeated "
            f"(first: {_words(twice)}). Give each once."
        )
    wrong = [term for term in terms if len(term) < 2 or not term <= set(range(lists))]
    if wrong:
        raise ValueError(
            f"terms must join two or more of the lists 0 to {lists - 1}: {len(wrong)} of "
            f"{len(terms)} do not (first: {_words(wrong[0])}). Main effects are always in."
        )
    for term in terms:
        missing = [term - {i} for i in term if len(term) > 2 and term - {i} not in known]
        if missing:
            raise ValueError(
                f"terms must be hierarchical: {_words(term)} is in, but {len(missing)} of the "
                f"terms inside it are not (first: {_words(missing[0])}). Add them."
            )


def _words(term: Iterable[int]) -> str:
    return str(tuple(sorted(term)))


def check_included(model: Model, included: BoolArray) -> None:
    """Refuse columns (terms, B) with a term that lacks a term inside it."""
    index = {term: row for row, term in enumerate(model.terms)}
    for row, term in enumerate(model.terms):
        for i in term if len(term) > 2 else ():
            bad = included[row] & ~included[index[term - {i}]]
            if bad.any():
                raise ValueError(
                    f"included must be hierarchical: {int(bad.sum())} of {bad.size} columns have "
                    f"{_words(term)} without {_words(term - {i})} (first: column "
                    f"{int(np.flatnonzero(bad)[0])}). Include the terms inside a term."
                )
