"""Population sizes from a log-linear model that is given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..estimate import Estimate
from ..lists import Lists
from ..registry import estimator
from .assemble import (
    BFH,
    CSV,
    EQUAL,
    SKIPS,
    assemble,
    example,
    require_overlap,
)
from .closed_population.profile import check_interval, profile_loglinear, profiled
from .histories import list_pairs
from .loglinear import loglinear_fit
from .replicated import INTERVALS, resampled

__all__ = ["loglinear"]

Array = NDArray[Any]


def terms_of(lists: Lists, pairs: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
    """Return the groups of lists named by `pairs`, each with what is inside it."""
    out = []
    for pair in pairs:
        if isinstance(pair, str) or len(set(pair)) < 2:
            raise ValueError(
                f"pairs must be groups of different lists: found {pair!r}. Write [('police', "
                "'shelter')]."
            )
        out.append(tuple(sorted(lists.index(name) for name in pair)))
    for group in out:
        inside = combinations(group, len(group) - 1) if len(group) > 2 else ()
        lacking = [part for part in inside if part not in out]
        if lacking:
            said, part = (", ".join(lists.names[i] for i in g) for g in (group, lacking[0]))
            raise ValueError(
                f"pairs must hold what is inside a larger group: {said!r} is in without {part!r}. "
                "Add it."
            )
    return out


def neighbours(lists: Lists, terms: list[tuple[int, ...]]) -> tuple[float, float] | None:
    """Range of the estimate over models that differ by one pair, within 6 BIC units of the best."""
    if any(len(t) > 2 for t in terms):
        return None
    every = list_pairs(len(lists.names))
    chosen = np.array([tuple(sorted(p)) in terms for p in every])
    included = chosen[:, None] ^ np.c_[np.zeros(len(every), bool), np.eye(len(every), dtype=bool)]
    fit = loglinear_fit(lists.histories, lists.counts, every, included=included)
    close = fit.bic <= np.nanmin(fit.bic) + 6 if np.isfinite(fit.bic).any() else np.array([False])
    if not close.any():
        return None
    return float(np.nanmin(fit.total[close])), float(np.nanmax(fit.total[close]))


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=BFH,
    example=example(pairs=[("list 1", "list 2")]),
    skips=SKIPS,
)
def loglinear(
    lists: Lists, *, pairs: Sequence[Sequence[str]] = (), interval: str = "dark-figure"
) -> Estimate:
    """Estimate the population size by a log-linear model, ``n + exp(b0)``.

    The counts of the capture histories are Poisson, with log mean the sum of the terms of the
    lists (and of the given groups of lists) in the history; the dark figure is exp of the
    intercept. A group of lists that shares nobody is at the boundary: its cells leave the fit.

    Parameters
    ----------
    lists : Lists
        The case lists; with `.bootstrap(...)` the standard error is the bootstrap's.
    pairs : list of groups of str
        Lists that depend on each other, as through referral; ``[]`` is independence.
    interval : {"dark-figure", "percentile", "bca", "jackknife", "profile"}
        Log-normal on the number not seen (percentiles where the lists carry a bootstrap);
        percentiles of a bootstrap, as they are or corrected for bias and skewness; log-normal with
        the jackknife's standard error; or the profile likelihood of the population size under the
        multinomial law of the histories, whose maximum is then the estimate.

    Returns
    -------
    Estimate
        One row, persons. With a bootstrap the notes say how far other draws would move the limits.

    Raises
    ------
    KeyError, ValueError
        When a list is unknown, the lists do not overlap, a larger group is given without the pairs
        inside it, or the model has no estimate.

    Notes
    -----
    Assumes that no group of lists depends on each other beyond those given, and that all persons
    are equally likely to be on a list. Undeclared positive dependence and unequal visibility make
    it too low, often by half or more: read it as "at least".

    References
    ----------
    Bishop, Y. M. M., Fienberg, S. E. and Holland, P. W. (1975). Discrete Multivariate Analysis:
    Theory and Practice. MIT Press. doi:10.1007/978-0-387-72806-3

    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data. Journal of the American Statistical Association 116, 1297-1306.
    doi:10.1080/01621459.2019.1708748

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.loglinear(lists)), 6)
    200.0
    """
    require_overlap(lists)
    check_interval(lists, interval, INTERVALS)
    terms = terms_of(lists, pairs)
    fit = loglinear_fit(lists.histories, lists.counts, terms)
    if fit.code[0] or not fit.converged[0]:
        why = {0: "did not converge", 1: "no maximum exists", 2: "its terms are not identifiable"}
        raise ValueError(
            f"pairs must give a model with an estimate: with {len(terms)} terms "
            f"{why.get(int(fit.code[0]), 'no maximum exists and terms are not identifiable')}. "
            "Leave out a pair that shares few persons, or merge two lists."
        )
    names = "; ".join(" and ".join(pair) for pair in pairs).replace("_", " ")
    assumption = (
        f"Lists depend on each other only between {names}."
        if names
        else "All lists catch independently."
    )
    value = float(fit.total[0])
    how: dict[str, Any] = {"std_error": float(fit.std_error[0])}
    rule = "percentile" if interval == "dark-figure" and lists.scheme is not None else interval
    if rule in INTERVALS:
        how = resampled(lists, lambda n: loglinear_fit(lists.histories, n, terms).total, rule)
    elif rule == "profile":
        traced = profile_loglinear(lists.histories, lists.counts, terms, begin=float(fit.dark[0]))
        value, how = traced.total, {**how, **profiled(traced)}
    return assemble(
        lists,
        value,
        method="mse.loglinear",
        identifies=assumption,
        assumptions=[EQUAL],
        citations=[BFH, CSV],
        terms=terms,
        span=neighbours(lists, terms),
        **how,
    )
