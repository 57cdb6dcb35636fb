"""Population sizes from the log-linear model of least BIC, the choice repeated in every resample."""

from __future__ import annotations

import numpy as np

from ..errors import note, one_of
from ..estimate import Estimate
from ..lists import Lists
from ..registry import estimator
from .assemble import CSV, EQUAL, SKIPS, assemble, example
from .choice import INTERVALS, Choice, choice
from .model_table import CLOSE
from .resampling import Resampled, resample

__all__ = ["select"]

SCV = "Silverman, Chan and Vincent (2024) doi:10.1007/s11222-023-10346-9"
LEAST = 40  # fewer replicates have no limit of their own at 95 %


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=SCV,
    example=example(replicates=200, interval="percentile", rng=1),
    skips=SKIPS,
)
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
    interval : {"bca", "percentile"}
        How the interval is read from the replicates.
    replicates : int
        Multinomial resamples; 0 gives the point with the chosen model's own standard error.
    rng : int, numpy Generator or None
        Seed of the resamples.

    Returns
    -------
    Estimate
        One row, persons, with the range over models within 6 BIC units.

    Raises
    ------
    ValueError
        When the lists do not overlap, no model has an estimate, or an option is not one of its
        words.

    Warns
    -----
    PrevalenceWarning
        When the chosen model has terms at the boundary, or a limit is at the extreme replicate.

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
    rule = choice(lists, order, ntop, ranking, criterion, penalty)
    table = rule.table
    if table.excluded == len(table):
        raise ValueError(
            f"lists must have a model with an estimate: none of {len(table):,} has one. Leave out "
            "empty lists, or merge two lists."
        )
    if lists.scheme is None and replicates:
        lists = lists.bootstrap(replicates, rng=rng)
    said = _say(rule)
    found = (
        None if lists.scheme is None else resample(rule.total, lists.counts, lists.scheme.factors)
    )
    for message in found.warnings(interval) if found and found.draws.size >= LEAST else ():
        note(said, message)
    return assemble(
        lists,
        float(table.total[0]),
        float(table.std_error[0]),
        method="mse.select",
        identifies=_identifies(rule),
        assumptions=[EQUAL],
        citations=[SCV, CSV],
        replicated=found.draws if found else None,
        interval=interval if found else None,
        constants={"acceleration": found.jackknife.acceleration} if found else None,
        span=table.range(CLOSE),
        said=said,
        provenance=_provenance(rule, found, interval),
    )


def _identifies(rule: Choice) -> str:
    table = rule.table
    groups = [
        " and ".join(table.names[i] for i in sorted(term)).replace("_", " ")
        for term, use in zip(table.terms, table.included[:, 0], strict=True)
        if use
    ]
    return f"The chosen model holds: dependence only between {'; '.join(groups) or 'none'}."


def _say(rule: Choice) -> list[str]:
    """Warn of what the table of models shows, and return the messages."""
    said: list[str] = []
    table = rule.table
    if table.boundary[0]:
        note(
            said,
            f"the chosen model has {int(table.boundary[0])} terms at the boundary: lists in them "
            "share nobody, and the estimate rests on the cells that are left.",
        )
    return said


def _provenance(rule: Choice, found: Resampled | None, interval: str) -> dict[str, object]:
    table = rule.table
    searched = "downhill search" if rule.included is None else f"all {len(table):,} models"
    out: dict[str, object] = {
        "model": table.best,
        "models": f"{searched}, {table.excluded:,} without an estimate",
        "candidates": "all" if rule.ntop is None else f"the best {rule.ntop:,} by {rule.ranking}",
    }
    if found is not None:
        out["Monte Carlo error of the limits"] = tuple(
            found.monte_carlo_error(interval)[0].tolist()
        )
    return out
