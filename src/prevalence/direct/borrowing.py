"""Design effects of proportions: a row's own, one to borrow, and what is made of the two.

Weights w and an intraclass correlation r within primary units make the design effect
``kish (1 + (size - 1) r)``, with ``kish = n sum w^2 / (sum w)^2`` and the effective size of a
primary unit ``size = sum_c W_c^2 / sum w^2``, W_c the weight of unit c (Gabler, Haeder and Lahiri
1999): ``sum m^2 / sum m`` for equal weights. A design effect goes from one group of rows to
another through r, since a domain has fewer rows in each unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import check_rows
from ..estimate import Estimate
from ..evaluate import Domains, Result, evaluate
from ..facts import binomial_deff, by_domain, persons, relative
from ..survey import Survey
from .outcomes import answering, outcomes

__all__ = [
    "ASSUMED_ICC",
    "Lender",
    "Seen",
    "blended",
    "cluster_deff",
    "clustering",
    "default_deff",
    "default_lender",
    "intraclass",
    "lender",
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

    def by_outcome(self, count: int) -> list[Seen]:
        """Return what is seen of each of several outcomes of the same rows."""
        rows = self.share.reshape(count, -1).shape[1]
        parts = [slice(k * rows, (k + 1) * rows) for k in range(count)]
        return [
            Seen(self.share[k], self.own[k], self.n[k], self.df[k], self.kish[k], self.size[k])
            for k in parts
        ]


Lender = Callable[[Seen], tuple[Array, Array]]  # to design effects and where they come from


def seen_in(
    survey: Survey, domains: Domains, result: Result, n: Array, answered: Array | None
) -> Seen:
    """Return what a proportion and its variance tell in every domain."""
    count = len(result.value)
    kish, size = (np.tile(x, count) for x in clustering(survey, domains, answered))
    own = binomial_deff(result, n)
    return Seen(result.value.reshape(-1), own, n, result.block.df, n * kish, size)


def clustering(survey: Survey, domains: Domains, answered: Array | None) -> tuple[Array, Array]:
    """Return ``sum w^2 / (sum w)^2`` and the effective size of the primary units, by domain.

    `answered` are the numbers of answers of the rows: 0 and 1, or how many persons each tells of.
    """
    sums, design, w = domains.sums(survey), survey.design, survey.chain.weights
    w = sums.take(w)
    w = relative(w)
    each = w if answered is None else w * sums.take(answered)
    both = w * each if survey.merged is None else w * each * sums.take(survey.merged.inequality)
    by_pair, squares = sums.by_pair(each), sums.by_domain(sums.by_pair(both))
    psus = design.stages[0].parent.size
    if survey.merged is not None and not design.psu_names[1]:  # persons are units of their own
        clustered = squares
    elif psus != design.n_units:
        key = sums.pair_domain * psus + design.psu_of_unit[sums.pair_unit]
        pairs, place = np.unique(key, return_inverse=True)
        of_psu = np.bincount(place, weights=by_pair)
        clustered = np.bincount(pairs // psus, weights=of_psu**2, minlength=domains.count)
    else:
        clustered = sums.by_domain(by_pair**2)
    with np.errstate(all="ignore"):
        inverse = squares / sums.by_domain(by_pair) ** 2
        size = np.where(squares > 0, clustered / squares, np.nan)
    return inverse, size


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


# ---------------------------------------------------------------------- from whom
def lender(
    survey: Survey,
    domains: Domains,
    outcome: str,
    missing: str,
    *,
    deff: float | str | Estimate | None,
    icc: float | None,
) -> Lender:
    """Check what is to be borrowed, and return how: nothing is computed before it is asked for."""
    if deff is not None and icc is not None:
        raise ValueError(
            f"deff and icc must not both be given: found {deff!r} and {icc!r}. Give the "
            "intraclass correlation, or the design effect."
        )
    if icc is not None:
        value = _number("icc", icc, 0, 1)
        return lambda seen: (cluster_deff(value, seen.kish, seen.size), _words(seen, "given icc"))
    if isinstance(deff, str):
        return _from_column(survey, domains.whole(), deff, missing)
    if isinstance(deff, Estimate):
        return _from_estimate(domains, deff)
    if deff is not None:
        given = _number("deff", deff, 0, np.inf)
        return lambda seen: (np.full(seen.n.size, given), _words(seen, "given"))
    if domains.count == 1:
        return _nothing
    return _from_column(survey, domains.whole(), outcome, missing, words="whole sample")


def default_lender(survey: Survey, domains: Domains, y: Array, answered: Array) -> Lender:
    """Return how an indicator borrows where nothing is said: from all rows, or from nothing."""
    if domains.count == 1:
        return _nothing
    return _from_rows(survey, domains.whole(), y, answered, "whole sample")


def _number(argument: str, value: object, low: float, high: float) -> float:
    within = (
        isinstance(value, (int, float, np.number))
        and not isinstance(value, bool)
        and (low < value < high or (argument == "icc" and value == 0))
    )
    if not within:
        rule = "a positive number" if argument == "deff" else "a number from 0 to below 1"
        remedy = "Give a design effect." if argument == "deff" else "Give one such as 0.05."
        if argument == "deff":
            rule += ", the name of a column of 0 and 1 or an estimate of its share"
        raise ValueError(f"{argument} must be {rule}: found {value!r}. {remedy}")
    return float(value)  # type: ignore[arg-type]  # checked above


def _words(seen: Seen, words: str) -> Array:
    return np.full(seen.n.size, words, dtype=object)


def _nothing(seen: Seen) -> tuple[Array, Array]:
    """Take the own design effect's upper limit, or what an assumed intraclass correlation makes."""
    found = default_deff(seen)
    most = cluster_deff(ASSUMED_ICC, seen.kish, seen.size)
    words = np.where(found >= most, f"assumed icc {ASSUMED_ICC:g}", "own, upper limit")
    return found, np.where(found <= seen.kish, "weights alone (Kish)", words)


def _from_column(
    survey: Survey, domains: Domains, column: str, missing: str, words: str = ""
) -> Lender:
    """Borrow the intraclass correlation of an outcome over all rows that take part."""
    if not words:
        survey.table.raw(column, "deff")
    names, y, answered, _ = outcomes(survey, column, missing, domains)
    if not words:
        check_rows("deff", f"0 or 1 in {column!r}", y[0], ~np.isin(y[0], (0.0, 1.0)), "Recode it.")
    source = words or f"borrowed from {names[0]}"
    return _from_rows(survey, domains, y[0], answered, source)


def _from_rows(
    survey: Survey, domains: Domains, y: Array, answered: Array | None, source: str
) -> Lender:
    ones = answering([y], answered)

    @cache
    def correlation() -> float:
        result = evaluate(survey, lambda w: ([y] @ w) / (ones @ w), domains)
        n = by_domain(domains, persons(survey, (survey.chain.weights != 0) * ones))
        whole = seen_in(survey, domains, result, n, answered)
        used = blended(whole.own, default_deff(whole), whole.share, whole.n)
        return float(intraclass(used, whole.kish, whole.size)[0])

    return lambda seen: (cluster_deff(correlation(), seen.kish, seen.size), _words(seen, source))


def _from_estimate(domains: Domains, e: Estimate) -> Lender:
    """Borrow the intraclass correlation of an estimate, of one row or of the same domains.

    An estimate that does not tell it has that of its design effect with n / psus rows a cluster.
    """
    if not (len(e) == 1 or e.labels == domains.labels):
        raise ValueError(
            "deff must be an estimate of one row or of the same domains: found one of "
            f"{len(e)} rows for {domains.count} domains. Choose its row, as in e['Kingston']."
        )
    if "icc" in e.facts:
        icc = np.asarray(e.facts["icc"], dtype=float)
    else:
        facts = [np.asarray(e.facts.get(x, np.nan), dtype=float) for x in ("deff", "n", "psus")]
        deff, n, psus = (np.broadcast_to(fact, (len(e),)) for fact in facts)
        icc = np.where(np.isfinite(deff), intraclass(deff, np.ones(len(e)), n / psus), np.nan)
    if not np.isfinite(icc).all():
        raise ValueError(
            f"deff must be an estimate with a design effect: {int((~np.isfinite(icc)).sum())} of "
            f"{len(e)} rows have none. Give the share or mean of a commoner outcome of one survey."
        )
    words = f"borrowed from {e.outcomes[0] or 'an estimate'}"
    return lambda seen: (cluster_deff(icc, seen.kish, seen.size), _words(seen, words))
