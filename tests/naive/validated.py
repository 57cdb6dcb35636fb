"""A gold standard on part of a screened sample, and reports shared among those who could make them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def share(
    w: Array, copies: Array, screen: Array, drawn: Array, gold: Array, form: str, inside: Array
) -> float:
    """Cases over rows, each validated row expanded to its screen stratum of the whole sample.

    `w` is the weight of one copy of a row; rows are counted, or weighted, in every stratum.
    """
    top = bottom = 0.0
    for s in np.unique(screen):
        rows = np.flatnonzero(screen == s)
        tested = [i for i in rows if drawn[i]]
        size = copies if form == "double-expansion" else copies * w
        factor = sum(size[i] for i in rows) / sum(size[i] for i in tested)
        for i in tested:
            if inside[i]:
                top += copies[i] * w[i] * factor * gold[i]
                bottom += copies[i] * w[i] * factor
    return top / bottom


def z_form(w: Array, screen: Array, drawn: Array, gold: Array, form: str, inside: Array) -> Array:
    """What each row adds to the share: ``u_s + 1[validated] (n_s / m_s) (u_i - u_s)``.

    For the reweighted form it is the same with u by unit of weight and means and sizes weighted.
    """
    size = np.ones(w.size) if form == "double-expansion" else w
    estimate = share(w, np.ones(w.size), screen, drawn, gold, form, inside)
    z, bottom = np.zeros(w.size), 0.0
    for s in np.unique(screen):
        rows = np.flatnonzero(screen == s)
        tested = np.array([i for i in rows if drawn[i]])
        factor = size[rows].sum() / size[tested].sum()
        u = np.array([w[i] / size[i] * inside[i] * (gold[i] - estimate) for i in tested])
        mean = (size[tested] * u).sum() / size[tested].sum()
        for i in rows:
            z[i] = size[i] * mean
        for k, i in enumerate(tested):
            z[i] += size[i] * factor * (u[k] - mean)
            bottom += factor * w[i] * inside[i]
    return z / bottom


def reported(w: Array, household: Array, who: Array, y: Array, m: Array) -> float:
    """``sum_i w_i sum_k y_ik / m_k`` by going through the reports of every household."""
    total = 0.0
    for weight, name in zip(w, household, strict=True):
        for k in range(who.size):
            if who[k] == name:
                total += weight * y[k] / m[k]
    return total
