"""Population sizes from a log-linear model that is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arguments import explained
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
from .loglinear import loglinear_fit
from .replicated import INTERVALS, resampled
from .terms import dependence, terms_of

__all__ = ["loglinear"]


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=BFH,
    example=example(pairs=[("list 1", "list 2")]),
    skips=SKIPS,
)
@explained
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
    are equally likely to be on a list. It fails under undeclared positive dependence and
    unequal visibility, which make it too low, often by half or more: read it as "at least".

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
        identifies=dependence(lists, terms),
        assumptions=[EQUAL],
        citations=[BFH, CSV],
        terms=terms,
        **how,
    )
