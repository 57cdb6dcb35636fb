"""Captures that may hide an own one: the table of own captures, through the composite link.

A referred capture says nothing of the list's own capture where referral masks it. Persons with such
captures are spread over the histories that their records allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..composite import CompositeFit, composite_fit
from ..histories import BoolArray, FloatArray, IntArray, all_histories, cell_codes
from ..model import build_model

PASSES = 200  # of the saturated fit that weighs the rows; it need not converge
TINY = 1e-300
LEFT = 1e-6  # least share of each cell that is recorded exactly


def collapsing(
    own: BoolArray, maybe: BoolArray, counts: FloatArray, known: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Return the chance of each record (rows) by own history (columns), and the row of each kind.

    The first column is that of persons with no capture, the others are `all_histories`; the first
    rows are the exact records of these, the others those that allow several.

    Parameters
    ----------
    own, maybe : ndarray of bool, shape (P, L)
        Captures that are own ones, and captures that may hide an own one, of each kind of person.
    counts : ndarray, shape (P,)
        Persons of each kind.
    known : ndarray, shape (L,)
        Share of each list's captures whose source is known; the others are left out.

    Notes
    -----
    The chance that an own history is recorded as ``R`` is taken to be the same for all that ``R``
    allows (coarsening at random), and any such chance gives the same likelihood of the own
    histories. It is estimated without a model, ``y_R / sum of the persons of the histories``, so
    that the expected information is that of the records. Where captures of unknown source are left
    out, a referral that is known as one is rarer, by ``known``, among those without an own capture
    that counts: these include persons whose source was not written down.
    """
    histories = all_histories(own.shape[1])
    codes = cell_codes(histories)
    sure, open_ = cell_codes(own.astype(np.int64)), cell_codes((maybe & ~own).astype(np.int64))
    records, kind = np.unique(np.stack([open_, sure]), axis=1, return_inverse=True)
    kind = kind.ravel()
    persons = np.bincount(kind, weights=counts, minlength=records.shape[1])
    allowed = ((codes & records[1][:, None]) == records[1][:, None]) & (
        (codes & ~(records[0] | records[1])[:, None]) == 0
    )
    exact = allowed.sum(axis=1) == 1
    opened = ((records[0][~exact, None] >> np.arange(own.shape[1])) & 1).astype(np.float64)
    weight = allowed[~exact] * np.exp((opened * np.log(known)) @ (1 - histories.T))
    certain = allowed[exact].T.astype(np.float64) @ persons[exact]
    chance = _chances(weight, persons[~exact], certain)
    rest = np.diag(1 - chance.sum(axis=0))
    table = np.vstack([rest, chance])
    row = np.empty(len(exact), dtype=np.int64)
    row[exact] = allowed[exact].argmax(axis=1)
    row[~exact] = len(codes) + np.arange(int((~exact).sum()))
    return np.hstack([np.zeros((len(table), 1)), table]), row[kind]


def _chances(weight: FloatArray, persons: FloatArray, certain: FloatArray) -> FloatArray:
    """Chance of each inexact record given each history, in proportion to `weight`, (rows, cells)."""
    if not len(weight):
        return weight
    means = certain + weight.T @ (persons / weight.sum(axis=1))
    for _ in range(PASSES):
        means = certain + means * (weight.T @ (persons / np.maximum(weight @ means, TINY)))
    chance = persons / np.maximum(weight @ means, TINY)
    most = float((weight.T @ chance).max())
    if most > 1 - LEFT:
        chance = chance * (1 - LEFT) / most
    shared: FloatArray = weight * chance[:, None]
    return shared


def censored_fit(
    own: BoolArray,
    maybe: BoolArray,
    counts: FloatArray,
    terms: Sequence[Iterable[int]],
    *,
    draws: FloatArray | None = None,
    known: FloatArray | None = None,
) -> CompositeFit:
    """Fit a log-linear model of own captures of which some are hidden.

    Parameters
    ----------
    own, maybe : ndarray of bool, shape (P, L)
        As in `collapsing`; every kind of person has one of either.
    counts : ndarray, shape (P,)
        The persons that were seen: they give the weights of the records.
    terms : sequence of groups of list indices
        Interactions between own captures.
    draws : ndarray, shape (P, B), optional
        Columns to be fitted; by default `counts`.
    known : ndarray, shape (L,), optional
        As in `collapsing`; by default all 1.
    """
    lists = own.shape[1]
    collapse, row = collapsing(own, maybe, counts, np.ones(lists) if known is None else known)
    persons = counts[:, None] if draws is None else draws
    columns = np.zeros((len(collapse), persons.shape[1]))
    np.add.at(columns, row, persons)
    inside = build_model(all_histories(lists), terms).design
    design = np.vstack([np.eye(1, inside.shape[1]), inside])
    return composite_fit(design, collapse, columns, np.ones((1, len(design))))
