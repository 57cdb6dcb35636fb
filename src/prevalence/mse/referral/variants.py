"""Tables and terms of the variants of referral, from kinds of persons; columns are replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...patterns import Patterns
from ..histories import BoolArray, FloatArray, IntArray, Term, complete_table
from ..loglinear import loglinear_fit
from ..near import spread
from .censored import censored_fit
from .graph import Edge, closed_terms, families

METHODS = ("forced", "removed", "merged", "censored")
WHY = {
    0: "the fit did not converge",
    1: "no maximum of the likelihood exists",
    2: "its terms are not identifiable",
    3: "no maximum of the likelihood exists and its terms are not identifiable",
}


@dataclass(frozen=True, eq=False)
class Fit:
    """Totals, standard errors and BIC of each column, (B,); and why the first has none."""

    total: FloatArray
    std_error: FloatArray
    bic: FloatArray
    failure: str


@dataclass(frozen=True, eq=False)
class Variant:
    """One table of captures with its model.

    Attributes
    ----------
    captures : ndarray of 0/1, shape (P, L)
        Captures that count, of each kind of person; L groups of lists where they are merged.
    maybe : ndarray of bool, shape (P, L), or None
        Captures that may hide one that counts.
    known : ndarray, shape (L,)
        Share of captures whose source is known, where the others are left out.
    persons : ndarray, shape (P,)
        Persons of each kind.
    terms : list of tuples of list indices
    used : ndarray of bool, shape (P,)
        Kinds with a capture that counts; the others are among the persons to be estimated.
    """

    captures: IntArray
    maybe: BoolArray | None
    known: FloatArray
    persons: FloatArray
    terms: list[tuple[int, ...]]

    @property
    def used(self) -> BoolArray:
        """Return the kinds of persons who are in the table."""
        return np.asarray(self.captures.any(axis=1))

    @property
    def size(self) -> int:
        """Number of lists, or groups of lists."""
        return int(self.captures.shape[1])

    @property
    def spare(self) -> int:
        """Histories beyond the parameters: what could contradict the model."""
        return int(2**self.size) - 2 - self.size - len(self.terms)

    def fit(self, columns: FloatArray, *, beyond: Sequence[tuple[int, ...]] = ()) -> Fit:
        """Fit the model, and terms beyond it, to columns (P, B) of persons."""
        terms = closed_terms([*map(frozenset, self.terms), *map(frozenset, beyond)])
        used = self.used
        captures, counted = self.captures[used], columns[used]
        if self.maybe is None:
            histories, table = complete_table(captures, counted)
            found = loglinear_fit(histories, table, terms)
            return Fit(found.total, found.std_error, found.bic, self._why(int(found.code[0])))
        made = censored_fit(
            captures.astype(bool),
            self.maybe[used],
            self.persons[used],
            terms,
            draws=counted,
            known=self.known,
        )
        return Fit(
            made.total[0], made.std_error[0], made.bic, self._why(2 * int(not made.identified[0]))
        )

    def _why(self, code: int) -> str:
        shared = int(self.persons[self.captures.sum(axis=1) > 1].sum())
        return f"{WHY[code]} ({shared:,} persons on two of {self.size} lists)"

    def span(self) -> tuple[float, float] | None:
        """Range of the total over models with one more pair, within 6 BIC units of the best."""
        persons = self.persons[:, None]
        pairs: list[tuple[int, ...]] = [
            (i, j) for i in range(self.size) for j in range(i + 1, self.size)
        ]
        more: list[list[tuple[int, ...]]] = [
            [],
            *([pair] for pair in pairs if pair not in self.terms),
        ]
        fits = [self.fit(persons, beyond=terms) for terms in more]
        known = [f for f in fits if np.isfinite(f.total[0])]
        return spread([f.total[0] for f in known], [f.bic[0] for f in known])


def forced(kinds: Patterns, edges: Sequence[Edge], pairs: Sequence[Term]) -> Variant:
    """All captures; each receiving list is saturated with its senders."""
    terms = closed_terms([*families(edges, kinds.lists), *pairs])
    return Variant(kinds.on, None, np.ones(kinds.lists), kinds.count, terms)


def merged(kinds: Patterns, groups: Sequence[Sequence[int]], pairs: Sequence[Term]) -> Variant:
    """A person is on a group of lists who is on any of them; pairs are those of their groups."""
    place = {j: g for g, group in enumerate(groups) for j in group}
    moved = [frozenset(place[j] for j in pair) for pair in pairs]
    on = np.stack([kinds.on[:, list(group)].any(axis=1) for group in groups], axis=1)
    terms = closed_terms(moved)
    return Variant(on.astype(np.int64), None, np.ones(len(groups)), kinds.count, terms)


def removed(kinds: Patterns, own: BoolArray, pairs: Sequence[Term]) -> Variant:
    """Own captures alone."""
    return Variant(
        own.astype(np.int64), None, np.ones(kinds.lists), kinds.count, closed_terms(pairs)
    )


def censored(kinds: Patterns, own: BoolArray, pairs: Sequence[Term], known: FloatArray) -> Variant:
    """Own captures; where a person was referred, the own capture is not known."""
    maybe = (kinds.senders != 0) & ~own
    return Variant(own.astype(np.int64), maybe, known, kinds.count, closed_terms(pairs))
