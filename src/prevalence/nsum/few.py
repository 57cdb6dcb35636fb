"""Few reports: how many degrees of freedom they leave, and their clustering where there are none."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..concentration import WeightedTotals
from ..errors import PrevalenceWarning
from ..evaluate import Domains, evaluate
from ..survey import Survey
from .reports import Reports

__all__ = ["assumed", "borrowed", "excess_of"]

Array = NDArray[Any]
ASSUMED = "an assumed correlation of reports within clusters of 0.1"


def excess_of(reports: Reports, value: Array, size: str) -> Array:
    """Return `concentration.excess` of the sizes (groups, domains) of a rule, as one value per row."""
    rows, below = reports.rows(size)
    groups, at = len(reports.y), np.nan_to_num(value)
    totals = WeightedTotals(reports.survey, reports.domains)
    ties = {place: totals.of(rows[place]) for place in set(below.tolist())}
    z = [
        totals.of(rows[k]) - at[k][totals.domain] * ties[place]
        for k, place in zip(range(groups), below.tolist(), strict=True)
    ]
    return totals.excess(np.array(z))


def borrowed(reports: Reports, size: str) -> tuple[Array, str]:
    """Return the design effects of reports by row, that of the weights apart, and where from.

    They are for rows without a report: those of the correlation within clusters of all reports of
    the sample about the group, in the domain's own clusters, as domains of a share borrow it. Few
    reports in all count less than the upper limit of their own; none of 0.1.
    """
    from ..direct.borrowing import Seen, blended, cluster_deff, default_deff, intraclass

    whole = replace(reports, domains=reports.domains.whole())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrevalenceWarning)
        found = evaluate(reports.survey, whole.theta(size), whole.domains)
    patterns, of_group = reports.which
    of_whole = _sizes(reports.survey, whole.domains, patterns)[of_group][:, 0]
    with np.errstate(all="ignore"):
        value = found.value[:, 0]
        x = value / whole.one_report(size)[:, 0]
        own = np.where(x > 0, (found.block.std_error / value) ** 2 * x, np.nan)
    half = np.full(x.size, 0.5)  # of 2 x rows, x are cases
    seen = Seen(half, own, 2 * x, found.block.df, np.ones(x.size), of_whole)
    icc = intraclass(blended(own, default_deff(seen), half, 2 * x), np.ones(x.size), of_whole)
    cells = _sizes(reports.survey, reports.domains, patterns)[of_group]
    some = bool((whole.seen[:, 0] > 0).any())
    words = "the correlation of all reports of the sample within clusters" if some else ASSUMED
    return np.asarray(cluster_deff(icc[:, None], np.ones(1), cells)).reshape(-1), words


def assumed(survey: Survey, domains: Domains, used: Array) -> Array:
    """Return design effects of the assumed correlation, (patterns of who takes part, domains)."""
    from ..direct.borrowing import ASSUMED_ICC, cluster_deff

    return np.asarray(
        cluster_deff(ASSUMED_ICC, np.ones(1), _sizes(survey, domains, np.atleast_2d(used)))
    )


def _sizes(survey: Survey, domains: Domains, patterns: Array) -> Array:
    """Return effective sizes of the primary units (patterns, domains), at least 1."""
    from ..direct.borrowing import clustering

    found = [clustering(survey, domains, pattern.astype(float))[1] for pattern in patterns]
    return np.asarray(np.fmax(np.array(found), 1.0))
