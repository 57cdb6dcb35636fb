"""Captures that may hide an own one: the table of own captures, through the composite link.

A referred capture says nothing of the list's own capture where referral masks it. Persons with such
captures are spread over the histories that their records allow.
"""

from __future__ import annotations

import numpy as np

from .composite import CompositeFit, composite_fit
from .histories import BoolArray, FloatArray, IntArray, Term, all_histories, cell_codes
from .model import build_model

PASSES = 200  # of the saturated fit that weighs the rows; it need not converge
LEFT = 1e-6  # least share of each cell that is recorded exactly


def collapsing(own: BoolArray, maybe: BoolArray, counts: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the chance of each record (rows) by own history (columns), and the row of each kind.

    The first column is that of persons with no capture, the others are `all_histories`; the first
    rows are the exact records of these, the others those that allow several.

    Parameters
    ----------
    own, maybe : ndarray of bool, shape (P, L)
        Captures that are own ones, and captures that may hide an own one, of each kind of person.
    counts : ndarray, shape (P,)
        Persons of each kind.

    Notes
    -----
    The chance that own histories are recorded as ``R`` is taken to be the same for all that ``R``
    allows (coarsening at random), and any such chance gives the same likelihood of the own
    histories. It is estimated without a model, ``y_R / sum of the persons of the histories``, so
    that the expected information is that of the records.
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
    chance = _chances(allowed[~exact].astype(np.float64), persons[~exact], _exact_counts(
        allowed[exact], persons[exact]
    ))  # fmt: skip
    rest = np.diag(1 - chance.sum(axis=0))
    table = np.vstack([rest, chance])
    row = np.empty(len(exact), dtype=np.int64)
    row[exact] = allowed[exact].argmax(axis=1)
    row[~exact] = len(codes) + np.arange(int((~exact).sum()))
    return np.hstack([np.zeros((len(table), 1)), table]), row[kind]


def _exact_counts(allowed: BoolArray, persons: FloatArray) -> FloatArray:
    return allowed.T.astype(np.float64) @ persons


def _chances(allowed: FloatArray, persons: FloatArray, exact: FloatArray) -> FloatArray:
    """Chance of each inexact record, the same over the histories it allows, (rows, cells)."""
    if not len(allowed):
        return allowed
    means = exact + allowed.T @ (persons / allowed.sum(axis=1))
    for _ in range(PASSES):
        means = exact + means * (allowed.T @ (persons / np.maximum(allowed @ means, 1e-300)))
    chance = persons / np.maximum(allowed @ means, 1e-300)
    most = float((allowed.T @ chance).max())
    if most > 1 - LEFT:
        chance = chance * (1 - LEFT) / most
    return allowed * chance[:, None]


def censored_fit(
    own: BoolArray, maybe: BoolArray, counts: FloatArray, terms: list[Term], draws: FloatArray
) -> CompositeFit:
    """Log-linear model of own captures of which some are hidden, for each column of `draws`.

    Parameters
    ----------
    own, maybe : ndarray of bool, shape (P, L)
    counts : ndarray, shape (P,)
        The persons that were seen: they give the weights of the records.
    terms : list of sets of list indices
        Interactions between own captures.
    draws : ndarray, shape (P, B)
        Columns to be fitted.
    """
    collapse, row = collapsing(own, maybe, counts)
    columns = np.zeros((len(collapse), draws.shape[1]))
    np.add.at(columns, row, draws)
    histories = all_histories(own.shape[1])
    inside = build_model(histories, terms).design
    dark = np.zeros((1, inside.shape[1]))
    dark[0, 0] = 1.0
    design = np.vstack([dark, inside])
    return composite_fit(design, collapse, columns, np.ones((1, len(design))))
