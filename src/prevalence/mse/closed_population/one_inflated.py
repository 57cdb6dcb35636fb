"""Population sizes when too many persons are captured once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import note, one_of
from ...estimate import Estimate
from ...lists import Lists
from ...registry import Example, estimator
from ..assemble import CHAO, CORRECTED, EQUAL, SKIPS, assemble, require_overlap
from .inflation import MECHANISMS, modified_chao_bound, one_inflated_fit
from .models import ample

__all__ = ["one_inflation"]

Array = NDArray[Any]
LAWS = ("unequal", "equal", "bound")
FRIEDL = "Boehning and Friedl (2021) doi:10.1007/s10260-021-00556-8"
MEANS = {
    "before": "Those captured once in excess were captured once only from the start, and no person "
    "of that kind was missed",
    "after": "The first capture kept those captured once in excess from others; they are of the same "
    "population",
    "duplicates": "Those captured once in excess are records of persons who are on another list",
}


def _bound() -> Example:
    return replace(ample(mechanism="before", law="bound")(), skips=CORRECTED)


@estimator(
    unit="count",
    smooth=False,
    degree=1,
    citation=FRIEDL,
    example=ample(mechanism="before"),
    skips=SKIPS,
    variants={
        "after": ample(mechanism="after"),
        "duplicates": ample(mechanism="duplicates", law="equal"),
        "bound": _bound,
    },
)
@explained
def one_inflation(lists: Lists, *, mechanism: str, law: str = "unequal") -> Estimate:
    """Estimate the population size when more persons than chance has it are captured once.

    The law of captures comes from those captured twice or more: it gives the dark figure ``n0`` and
    the singletons ``m1`` to be expected. With ``n`` persons seen, ``f1`` of them once, the size is
    ``n + n0`` (before), ``n / (1 - p0)`` with ``p0`` the chance of no capture (after), or
    ``n - f1 + m1 + n0`` (duplicates).

    Parameters
    ----------
    lists : Lists
        The case lists, three or more; with `.bootstrap(...)` the standard error is the bootstrap's.
    mechanism : {"before", "after", "duplicates"}
        What made the singletons: persons who could only be captured once (before), a first capture
        that prevents others, as when a case is closed (after), or records that were not linked
        (duplicates). The data cannot tell them apart, and the sizes differ.
    law : {"unequal", "equal", "bound"}
        Lists that catch at rates of their own, or at one rate, equal for all persons; or the
        modified lower bound of Chao, for lists with one rate and any visibility of persons, with
        ``mechanism="before"`` only.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    ValueError
        When there are fewer than three lists, or no maximum of the likelihood among those captured
        twice or more.

    Notes
    -----
    Assumes independent lists, and that persons captured twice or more follow the law of captures.
    It fails under referral, which adds captures and looks like too few singletons. Where there
    are fewer singletons than expected, the ordinary independence model is fitted, and this is said.
    Under "after" the bound would estimate the wrong figure, and is refused.

    References
    ----------
    Boehning, D. and Friedl, H. (2021). Statistical Methods and Applications.
    doi:10.1007/s10260-021-00556-8

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(rows, [160, 174, 148, 21, 9, 12, 4], ["A", "B", "C"])
    >>> round(float(pv.mse.one_inflation(lists, mechanism="before")))
    670
    """
    require_overlap(lists)
    one_of("mechanism", mechanism, MECHANISMS)
    one_of("law", law, LAWS)
    _check(lists, mechanism, law)
    said: list[str] = []

    def sizes(counts: Array) -> tuple[Array, Array, Array, Array]:
        if law == "bound":
            total, variance = modified_chao_bound(lists.histories, counts)
            known = np.full(total.shape, float(lists.seen))
            return total, np.sqrt(variance), np.ones(total.shape, dtype=bool), known
        fit = one_inflated_fit(lists.histories, counts, mechanism=mechanism, law=law)
        # Records that are no persons of their own were not seen.
        persons = (
            fit.total - fit.dark
            if mechanism == "duplicates"
            else np.full(fit.total.shape, lists.seen)
        )
        return fit.total, fit.std_error, fit.inflated, persons

    total, std_error, inflated, persons = sizes(lists.counts)
    _require_estimate(lists, float(total[0]), float(std_error[0]))
    if law == "bound" and total[0] <= lists.seen:
        note(
            said,
            f"fewer than three persons are on two lists, so the bound is the {lists.seen:,} seen and "
            "has no standard error.",
        )
    if not inflated[0]:
        note(
            said,
            "fewer persons are captured once than the others lead to expect: there is no excess, and "
            "the ordinary independence model is fitted.",
        )
    bound = "; a lower bound, as visibility may differ" if law == "bound" else ""
    rate = "each at a rate of its own" if law == "unequal" else "at one common rate"
    return assemble(
        lists,
        float(total[0]),
        float(std_error[0]),
        method="mse.one_inflation",
        identifies=f"{MEANS[mechanism]}. All lists catch independently, {rate}{bound}.",
        assumptions=[] if law == "bound" else [EQUAL],
        citations=[FRIEDL, *([CHAO] if law == "bound" else [])],
        replicated=None if lists.scheme is None else sizes(lists.scheme.factors)[0],
        seen=float(persons[0]),
        said=said,
        handled=["visibility"] if law == "bound" else [],
        provenance={"lower bound": law == "bound"},
    )


def _check(lists: Lists, mechanism: str, law: str) -> None:
    if len(lists.names) < 3:
        raise ValueError(
            f"lists must be at least 3 to leave out persons captured once: found "
            f"{len(lists.names)}. Use pv.mse.sensitivity for two lists."
        )
    if law == "bound" and mechanism != "before":
        raise ValueError(
            f"law must be 'unequal' or 'equal' for mechanism {mechanism!r}: found 'bound', which "
            "estimates the size under 'before' alone. Choose another law."
        )


def _require_estimate(lists: Lists, total: float, std_error: float) -> None:
    if np.isfinite(total) and np.isfinite(std_error):
        return
    captures = lists.histories.sum(axis=1)
    frequencies = [int(lists.counts[captures == k].sum()) for k in range(1, len(lists.names) + 1)]
    raise ValueError(
        "lists must have an estimate without those captured once: no maximum of the likelihood "
        f"exists; the persons captured 1, 2, .. times are {', '.join(f'{x:,}' for x in frequencies)}. "
        f"At least the {lists.seen:,} seen is what stands. Use pv.mse.closed, or merge lists."
    )
