"""What lists say of numbers that are known: each list's own members, seen through the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..histories import FloatArray, IntArray, complete_table
from ..loglinear import loglinear_fit

Terms = Sequence[tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Consistency:
    """Members of each list (L, B): how many there are, and how many the other lists make them.

    Attributes
    ----------
    known : ndarray, shape (L, B)
        Members of the list.
    estimate : ndarray, shape (L, B)
        Their number by the model of the other lists; nan where it has no estimate.
    z : ndarray, shape (L, B)
        (Estimated less known members on no other list) by its standard error.
    """

    known: FloatArray
    estimate: FloatArray
    z: FloatArray


def internal_consistency(histories: IntArray, counts: FloatArray, terms: Terms) -> Consistency:
    """Estimate the number of members of each list from the other lists, and compare.

    The members of list j are a population of known size. Tabulated on the other lists, those on no
    other are their dark figure, and the model's terms without j hold among them, since log-linear
    models are closed under conditioning. A ratio far from 1 contradicts the model.

    Parameters
    ----------
    histories : ndarray of int, shape (C, L)
        All histories, L at least 3.
    counts : ndarray, shape (C, B)
        Persons; columns are replicates.
    terms : sequence of tuples of int
        Interactions of the model.

    Returns
    -------
    Consistency

    References
    ----------
    Binette, O. and Steorts, R. C. (2022). On the reliability of multiple systems estimation for the
    quantification of modern slavery. Journal of the Royal Statistical Society Series A 185,
    640-676. (DOI not checked)
    """
    lists, width = histories.shape[1], counts.shape[1]
    known, estimate, z = (np.full((lists, width), np.nan) for _ in range(3))
    for j in range(lists):
        members = histories[:, j] == 1
        others = np.delete(histories[members], j, axis=1)
        alone = ~others.any(axis=1)
        known[j] = counts[members].sum(axis=0)
        table, inside = complete_table(others[~alone], counts[members][~alone])
        fit = loglinear_fit(table, inside, _without(terms, j))
        dark = counts[members][alone][0]
        with np.errstate(invalid="ignore", divide="ignore"):
            estimate[j] = fit.total
            z[j] = (fit.dark - dark) / fit.std_error
    return Consistency(known, estimate, z)


def _without(terms: Iterable[tuple[int, ...]], j: int) -> list[tuple[int, ...]]:
    """Return the interactions among the other lists, numbered without list j."""
    left = {tuple(i - (i > j) for i in term if i != j) for term in terms}
    return sorted((t for t in left if len(t) > 1), key=lambda t: (len(t), t))
