"""Lower bounds of population sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..errors import note
from ..estimate import Estimate
from ..lists import Lists
from ..registry import estimator
from .assemble import (
    CHAO,
    CORRECTED,
    SKIPS,
    assemble,
    example,
    require_overlap,
)
from .closed import chao_lower_bound
from .histories import capture_frequencies

__all__ = ["lower_bound"]

Array = NDArray[Any]


@estimator(
    unit="count",
    smooth=True,
    degree=None,
    citation=CHAO,
    example=example(),
    skips=SKIPS | CORRECTED,
)
@explained
def lower_bound(lists: Lists) -> Estimate:
    """Estimate a lower bound of the population size from persons on one and on two lists.

    Chao's bias-corrected bound, ``n + (L - 1) f1 (f1 - 1) / (2 L (f2 + 1))``, with f1 and f2 the
    persons on exactly one and exactly two of the L lists.

    Parameters
    ----------
    lists : Lists
        The case lists; with `.bootstrap(...)` the standard error is the bootstrap's.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    ValueError
        When no person is on two lists.

    Notes
    -----
    Assumes lists that catch independently given a person's visibility, which may differ between
    persons: it is then a lower bound. It fails (ends above the size) where lists avoid each other
    or records of one person were not linked, which makes persons look seen once. Referral between
    lists raises f2 and lowers the bound.

    References
    ----------
    Chao, A. (1987). Estimating the population size for capture-recapture data with unequal
    catchability. Biometrics 43, 783-791. doi:10.2307/2531532

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.lower_bound(lists)), 1)
    189.8
    """
    require_overlap(lists)

    def bound(counts: Array) -> tuple[Array, Array]:
        f = capture_frequencies(lists.histories, counts)
        return chao_lower_bound(f.sum(axis=0), f[0], f[1], lists=len(lists.names))

    value, variance = bound(lists.counts)
    said: list[str] = []
    if value[0] <= lists.seen:
        note(
            said,
            f"at most one person is on one list only, so the bound is the {lists.seen:,} seen and has "
            "no standard error.",
        )
    replicated = None if lists.scheme is None else bound(lists.scheme.factors)[0]
    assumption = (
        "Lists catch independently given a person's own visibility; visibility may differ in any way, "
        "so that this is a lower bound."
    )
    return assemble(
        lists,
        float(value[0]),
        float(np.sqrt(variance[0])),
        method="mse.lower_bound",
        identifies=assumption,
        citations=[CHAO],
        replicated=replicated,
        handled=["visibility"],
        said=said,
        provenance={"lower bound": True},
    )
