"""Design effects of proportions: a row's own, one to borrow, and what is made of the two.

Weights w and an intraclass correlation r within primary units make the design effect
``kish (1 + (size - 1) r)``, with ``kish = n sum w^2 / (sum w)^2`` and the effective size of a
primary unit ``size = sum_c W_c^2 / sum w^2``, W_c the weight of unit c (Gabler, Haeder and Lahiri
1999): ``sum m^2 / sum m`` for equal weights. A design effect goes from one group of rows to
another through r, since a domain has fewer rows in each unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluate import Domains, Result
from ..facts import binomial_deff
from ..survey import Survey

__all__ = [
    "ASSUMED_ICC",
    "Seen",
    "blended",
    "cluster_deff",
    "default_deff",
    "intraclass",
    "seen_in",
]

Array = NDArray[Any]
ASSUMED_ICC = 0.1  # the most that is assumed where nothing is borrowed
ENOUGH = 10.0  # effective cases at which half of what the borrowed design effect adds is left
TAIL = 0.05  # of the upper limit of a design effect estimated from few cases


@dataclass(frozen=True, eq=False)
class Seen:
    """What the rows of each domain tell: share, own design effect, n, df and clustering."""

    share: Array
    own: Array
    n: Array
    df: Array
    kish: Array
    size: Array


def seen_in(
    survey: Survey, domains: Domains, result: Result, n: Array, answered: Array | None
) -> Seen:
    """Return what a proportion and its variance tell in every domain."""
    sums, design, w = domains.sums(survey), survey.design, survey.chain.weights
    w = sums.take(w if answered is None else w * answered)
    w = w / np.abs(w).max(initial=0.0)  # squares of very large weights would overflow
    by_pair, squares = sums.by_pair(w), sums.by_domain(sums.by_pair(w * w))
    psus = design.stages[0].parent.size
    if psus != design.n_units:
        key = sums.pair_domain * psus + design.psu_of_unit[sums.pair_unit]
        pairs, place = np.unique(key, return_inverse=True)
        of_psu = np.bincount(place, weights=by_pair)
        clustered = np.bincount(pairs // psus, weights=of_psu**2, minlength=domains.count)
    else:
        clustered = sums.by_domain(by_pair**2)
    with np.errstate(all="ignore"):
        kish = n * squares / sums.by_domain(by_pair) ** 2
        size = np.where(squares > 0, clustered / squares, np.nan)
    own = binomial_deff(result, n)
    return Seen(result.value.reshape(-1), own, n, result.block.df, kish, size)


def cluster_deff(icc: Array | float, kish: Array, size: Array) -> Array:
    """Return the design effect of an intraclass correlation, unequal weights and sizes."""
    return np.asarray(kish * (1 + (size - 1) * icc))


def intraclass(deff: Array, kish: Array, size: Array) -> Array:
    """Return the intraclass correlation, 0 to 1, that makes a design effect; 0 without clusters."""
    with np.errstate(all="ignore"):
        found = (deff / kish - 1) / (size - 1)
    return np.clip(np.where((size > 1 + 1e-9) & np.isfinite(found), found, 0.0), 0.0, 1.0)


def default_deff(seen: Seen) -> Array:
    """Return what is taken where nothing is borrowed: the upper limit of the own design effect.

    It is at least that of the weights alone, and at most that of an intraclass correlation of
    `ASSUMED_ICC`. The estimated variance of k cases over df has about 1 / (1 / df + 1 / (2 k))
    degrees of freedom: Satterthwaite's, with the kurtosis of Poisson counts.
    """
    from scipy.special import chdtri

    most = cluster_deff(ASSUMED_ICC, seen.kish, seen.size)
    usable = (seen.own > 0) & (seen.df > 0)
    with np.errstate(all="ignore"):
        cases = np.minimum(seen.share, 1 - seen.share) * seen.n / seen.kish
        df = 1 / (1 / np.where(usable, seen.df, 1) + 1 / (2 * np.where(usable, cases, 1)))
        upper = np.where(usable, seen.own * df / chdtri(df, 1 - TAIL), np.inf)
    return np.fmax(np.fmin(most, upper), seen.kish)


def blended(own: Array, borrowed: Array, share: Array, n: Array) -> Array:
    """Return the design effect of the interval from the own and the borrowed one.

    With few effective cases x it is the largest of the two and 1; what the borrowed one adds
    fades as ``1 / (1 + (x / ENOUGH)^2)``, so that a common outcome keeps its own.
    """
    top = np.maximum(borrowed, 1.0)
    own = np.where(own > 0, own, top)
    largest = np.maximum(own, top)
    with np.errstate(all="ignore"):
        cases = np.minimum(share, 1 - share) * n / largest
    return np.asarray(own + (largest - own) / (1 + (cases / ENOUGH) ** 2))
