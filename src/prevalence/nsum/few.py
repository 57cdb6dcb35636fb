"""Few reports: how many degrees of freedom they leave, and their clustering where there are none."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PrevalenceWarning
from ..evaluate import Domains, evaluate
from ..survey import Survey
from .reports import Reports

__all__ = ["assumed", "borrowed", "excess", "excess_of"]

Array = NDArray[Any]
ASSUMED = "an assumed correlation of reports within clusters of 0.1"


def excess_of(reports: Reports, value: Array, size: str) -> Array:
    """Return `excess` of the sizes (groups, domains) of a rule, as one value per row."""
    rows, below = reports.rows(size)
    groups, code = len(reports.y), reports.domains.of_rows(reports.survey.n)
    at = np.nan_to_num(value)
    off = [rows[k] - at[k][code] * rows[below[k]] for k in range(groups)]
    return excess(reports.survey, reports.domains, off)


def excess(survey: Survey, domains: Domains, off: Sequence[Array] | Array) -> Array:
    """Return what few clusters that carry most of a variance add to one over its degrees of freedom.

    `off` are reports less what is expected of each row, (outcomes, rows). With z their weighted
    totals by primary unit it is ``sum z^4 / (2 (sum z^2)^2) - 3 / (2 n)``, at least 0: Satterthwaite's
    degrees of freedom with the fourth moment that is seen instead of the normal one. Of k reports,
    one in each of k among many units, it leaves 2 k degrees of freedom.
    """
    sums, design = domains.sums(survey), survey.design
    here = np.flatnonzero(sums.counts > 0)
    psus = design.stages[0].parent.size
    key = sums.pair_domain[here] * psus + design.psu_of_unit[sums.pair_unit[here]]
    keys, place = np.unique(key, return_inverse=True)
    domain, count = keys // psus, domains.count
    n = np.bincount(domain, minlength=count)
    w, out = survey.chain.weights, np.zeros((len(off), count))
    for k, row in enumerate(off):
        v = w * row
        v = v / (np.abs(v).max(initial=0.0) or 1.0)  # fourth powers stay in range
        z = np.bincount(place, sums.by_pair(sums.take(v))[here], minlength=keys.size)
        second, fourth = (np.bincount(domain, z**power, minlength=count) for power in (2, 4))
        with np.errstate(all="ignore"):
            out[k] = fourth / (2 * second**2) - 1.5 / n
    return np.asarray(np.maximum(np.nan_to_num(out, nan=0.0, posinf=0.0, neginf=0.0), 0.0)).reshape(
        -1
    )


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
