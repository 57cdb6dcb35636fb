"""Where a proportion borrows its design effect: all rows, a commoner outcome or the planner."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import check_rows
from ..estimate import Estimate
from ..evaluate import Domains, evaluate
from ..facts import by_domain
from ..survey import Survey
from .borrowing import ASSUMED_ICC, Seen, blended, cluster_deff, default_deff, intraclass, seen_in
from .outcomes import answering, outcomes

__all__ = ["Lender", "default_lender", "lender"]

Array = NDArray[Any]
Lender = Callable[[Seen], tuple[Array, Array]]  # to design effects and where they come from


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
        return _from_column(survey, _all_rows(domains), deff, missing)
    if isinstance(deff, Estimate):
        return _from_estimate(domains, deff)
    if deff is not None:
        given = _number("deff", deff, 0, np.inf)
        return lambda seen: (np.full(seen.n.size, given), _words(seen, "given"))
    if domains.count == 1:
        return _nothing
    return _from_column(survey, _all_rows(domains), outcome, missing, words="whole sample")


def default_lender(survey: Survey, domains: Domains, y: Array, answered: Array) -> Lender:
    """Return how an indicator borrows where nothing is said: from all rows, or from nothing."""
    if domains.count == 1:
        return _nothing
    return _from_rows(survey, _all_rows(domains), y, answered, "whole sample")


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


def _all_rows(domains: Domains) -> Domains:
    """Return all rows that take part as one domain."""
    if domains.code is None:
        return domains
    return Domains(np.where(domains.code >= 0, 0, -1), ((),))


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
        n = by_domain(domains, (survey.chain.weights != 0) * ones)
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
