"""Population sizes from the log-linear model of least BIC, the choice repeated in every resample."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arguments import explained
from ...errors import one_of
from ...estimate import Estimate
from ...lists import Lists
from ...registry import estimator
from ..assemble import CHOSEN, CSV, EFRON, EQUAL, SKIPS, assemble, example
from ..replicated import INTERVALS, resampled
from ..terms import chosen, chosen_model
from .chosen import Choice, choice, require_model

__all__ = ["select"]

SCV = "Silverman, Chan and Vincent (2024) doi:10.1007/s11222-023-10346-9"


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=SCV,
    example=example(replicates=20, rng=1),
    skips=SKIPS | CHOSEN,
)
@explained
def select(
    lists: Lists,
    *,
    criterion: str = "bic",
    order: int = 2,
    ntop: int | None = None,
    ranking: str = "bic",
    penalty: str = "persons",
    interval: str = "bca",
    replicates: int = 1000,
    rng: int | np.random.Generator | None = None,
    n_jobs: int | None = None,
) -> Estimate:
    """Estimate the population size by the hierarchical log-linear model of least BIC.

    ``n + exp(b0)`` of the model with the least ``BIC = k log(n) - 2 log L`` among all with main
    effects and terms of up to `order` lists. Each bootstrap replicate repeats the choice.

    Parameters
    ----------
    lists : Lists
        The case lists; a bootstrap they already carry is used.
    criterion : {"bic", "aic"}
        What decides.
    order : int
        Largest number of lists in a term. Where that leaves more than 40,000 models (seven lists
        or more), the search goes downhill from independence, one term in or out at a time.
    ntop : int, optional
        Models that compete in replicates: the best so many of these data. All by default.
    ranking : {"bic", "degree-2"}
        Order that `ntop` counts in: by the model's own rank, or by the best rank among the model
        and its neighbours, which differ by one term.
    penalty : {"persons", "cells"}
        n in the BIC: the persons seen or the number of capture histories.
    interval : {"bca", "percentile", "jackknife"}
        Percentiles of the replicates corrected for bias and skewness, or as they are; or a
        log-normal interval with the jackknife's standard error, without resamples.
    replicates : int
        Multinomial resamples; 0 gives the point with the chosen model's own standard error.
    rng : int, numpy Generator or None
        Seed of the resamples.
    n_jobs : int, optional
        Workers of joblib for blocks of resamples, with the same bits whatever their number; None
        follows `joblib.parallel_config`.

    Returns
    -------
    Estimate
        One row, persons, with the range over models within 6 units of the criterion. Its notes say
        how far other draws would move the limits, and which terms are at the boundary.

    Raises
    ------
    ValueError
        When the lists do not overlap, no model has an estimate, none of those that compete has one
        in over 5 % of the resamples (fewer are left out and counted), or an option is not one of
        its words.

    Notes
    -----
    Assumes that one of the models holds and that all persons are equally likely to be on a list.
    Models without an extended maximum, or not identifiable, do not compete. It fails with few
    overlaps: models with very different sizes then fit about as well, the replicates fall into
    clusters, one per model, and referral that no data show stays unseen. Downhill search may end in
    a model that is only better than its neighbours.

    References
    ----------
    Silverman, B. W., Chan, L. and Vincent, K. (2024). Bootstrapping multiple systems estimates to
    account for model selection. Statistics and Computing 34, 44. doi:10.1007/s11222-023-10346-9

    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data. Journal of the American Statistical Association 116, 1297-1306.
    doi:10.1080/01621459.2019.1708748

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> round(float(pv.mse.select(lists, replicates=0)), 1)
    476.0
    """
    one_of("interval", interval, INTERVALS)
    rule = choice(lists, order, ntop, ranking, criterion, penalty, n_jobs)
    table = rule.table
    require_model(table)
    if lists.scheme is None and replicates and interval != "jackknife":
        lists = lists.bootstrap(replicates, rng=rng)
    how: dict[str, Any] = {"std_error": float(table.std_error[0])}
    if lists.scheme is not None or interval == "jackknife":
        how = resampled(lists, rule.total, interval)
    terms = chosen(table.terms, table.included[:, 0])
    return assemble(
        lists,
        float(table.total[0]),
        method="mse.select",
        identifies=chosen_model(lists, terms),
        assumptions=[EQUAL],
        citations=[SCV, CSV, EFRON] if interval == "bca" else [SCV, CSV],
        terms=terms,
        span=table.range(),
        **{
            **how,
            "said": [*how.get("said", ()), *_boundary(rule)],
            "provenance": {**how.get("provenance", {}), **_provenance(rule)},
        },
    )


def _boundary(rule: Choice) -> list[str]:
    """Say which terms of the chosen model no person has."""
    empty = int(rule.table.boundary[0])
    if not empty:
        return []
    terms = "terms" if empty > 1 else "term"
    message = (
        f"the chosen model has {empty} {terms} at the boundary: no person is on all lists of a term, "
        "its cells leave the fit, and the estimate rests on the others."
    )
    return [message]


def _provenance(rule: Choice) -> dict[str, str]:
    table = rule.table
    searched = f"all {len(table):,} of terms of up to {rule.order} lists"
    if rule.included is None:
        searched = f"downhill search, to one better than all {len(table) - 1:,} neighbours"
    return {
        "model": f"{table.best}, by {rule.criterion.upper()}",
        "models": f"{searched}; {table.excluded:,} without an estimate",
        **(
            {} if rule.ntop is None else {"replicates": f"the {rule.ntop:,} best by {rule.ranking}"}
        ),
    }
