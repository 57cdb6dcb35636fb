"""The size that lists would give without errors of which the shares are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from ..histories import FloatArray, IntArray, cell_codes
from ..linkage.link_errors import cut_records
from ..loglinear import loglinear_fit

PASSES, SETTLED = 50, 1e-6  # of the fixed point; largest last change of the log of the size
Terms = Sequence[tuple[int, ...]]


def without_link_errors(
    histories: IntArray, counts: FloatArray, terms: Terms, missed: float, false: float
) -> float:
    """Return the size of the table that errors of linkage turn into one with the fit that is seen.

    A share `missed` of the records of persons with several is left apart, and a share `false` of all
    records joined to a person drawn by their records: from the fitted means, those with errors are
    expected, fitted again, and the means multiplied by what the second fit is off, until it is off
    by nothing. All of these means are of the model, the number on no list included.

    Parameters
    ----------
    histories : ndarray of int, shape (C, L)
        All histories in canonical order.
    counts : ndarray, shape (C,)
    terms : sequence of tuples of int
        Interactions of the model.
    missed, false : float

    Returns
    -------
    float
        nan where the model has no estimate or no table settles.
    """
    seen = loglinear_fit(histories, counts, terms)
    means, dark = seen.fitted[:, 0], float(seen.dark[0])
    for _ in range(PASSES):
        again = loglinear_fit(histories, with_link_errors(histories, means, missed, false), terms)
        if not np.isfinite(again.total[0]):
            break
        fitted = again.fitted[:, 0]
        means = means * np.where(fitted > 0, seen.fitted[:, 0] / np.where(fitted > 0, fitted, 1), 0)
        step = float(seen.dark[0] / again.dark[0])
        dark *= step
        if abs(np.log(step)) < SETTLED:
            return float(means.sum() + dark)
    return float("nan")


def with_link_errors(
    histories: IntArray, persons: FloatArray, missed: float, false: float
) -> FloatArray:
    """Expected clusters by history (C,) of persons by history; a list has a cluster once."""
    clusters = _left(histories.shape[1], missed + false) @ persons
    records = histories.sum(axis=1) * clusters
    codes = cell_codes(histories)
    place = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    place[codes] = np.arange(codes.size)
    out = clusters.copy()
    for j in range(histories.shape[1]):
        joined = false * float(clusters @ histories[:, j]) * records / records.sum()
        out[place[1 << j]] -= joined.sum()
        np.add.at(out, place[codes | (1 << j)], joined)
        out -= joined
    return np.maximum(out, 0.0)


@lru_cache(maxsize=16)
def _left(lists: int, share: float) -> FloatArray:
    """Clusters (C, C) that persons leave, as `cut_records` has them."""
    return np.asarray(cut_records(np.full((lists, 1), share)).mean[..., 0])


def without_reports(
    histories: IntArray, counts: FloatArray, terms: Terms, shares: Mapping[int, float]
) -> float:
    """Return the size without a share of each list's entries, of persons on that list alone."""
    left = counts.copy()
    for j, share in shares.items():
        on = histories[:, j] == 1
        alone = on & (histories.sum(axis=1) == 1)
        left[alone] = np.maximum(left[alone] - share * counts[on].sum(), 0.0)
    return float(loglinear_fit(histories, left, terms).total[0])
