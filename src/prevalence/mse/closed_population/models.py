"""Population sizes from the models of closed populations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import note
from ...estimate import Estimate
from ...lists import Lists
from ...registry import Example, estimator
from ..assemble import CHAO, EQUAL, SKIPS, assemble, require_overlap
from ..histories import all_histories
from .families import FamilyFit, check_model, family_fit
from .profile import check_interval, profile_family, profiled

__all__ = ["closed"]

Array = NDArray[Any]
NO_SPREAD = 1e-7  # variance of the log odds that counts as 0
RCAPTURE = "Baillargeon and Rivest (2007) doi:10.18637/jss.v019.i05"
RATES = {
    "M0": "All lists catch independently and at one common rate",
    "Mt": "All lists catch independently, each at a rate of its own",
    "Mh": "Given a person's own visibility all lists catch independently and at one common rate",
    "Mth": "Given a person's own visibility all lists catch independently, each at its own rate",
    "Mb": "Every list catches at one rate those not caught before, and at another those who were",
    "Mbh": "The first list has a rate of its own; later ones share one for those not caught before, "
    "and another for those who were",
}
PERSONS = {
    "chao": "visibility may differ in any way, so that this is a lower bound",
    "poisson": "the visibility of persons not seen follows a Poisson law",
    "darroch": "the log odds of capture of persons not seen follow a normal law",
    "gamma": "the visibility of persons not seen follows a gamma law",
    "normal": "the log odds of capture follow a normal law",
}


def ample(**arguments: Any) -> Callable[[], Example]:
    """Return lists with enough persons captured three times, and the arguments of a call."""

    def made() -> Example:
        histories = all_histories(4)
        counts = [150.0, 140, 130, 120, 34, 31, 30, 28, 26, 24, 12, 11, 10, 9, 6]
        columns = {f"list {j + 1}": histories[:, j] for j in range(4)}
        data = {**columns, "w": counts, "psu": list(range(15))}
        return Example(data, lambda d: Lists(d, list(columns), counts="w"), arguments)

    return made


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=RCAPTURE,
    example=ample(),
    skips=SKIPS,
    variants={
        "M0": ample(model="M0"),
        "Mh": ample(model="Mh"),
        "Mh poisson": ample(model="Mh", heterogeneity="poisson"),
        "Mth": ample(model="Mth"),
        "Mth darroch": ample(model="Mth", heterogeneity="darroch"),
        "Mb": ample(model="Mb", ordered=True),
    },
)
@explained
def closed(
    lists: Lists,
    *,
    model: str = "Mt",
    heterogeneity: str | None = None,
    bias_corrected: bool = False,
    ordered: bool = False,
    interval: str = "dark-figure",
) -> Estimate:
    """Estimate the population size by a closed-population model, ``n + n0``.

    The counts of the capture histories are Poisson. With `k` captures the log mean is
    ``b0 + b k`` (M0), or ``b0`` plus the terms of the lists in the history (Mt); Mh and Mth add
    unequal visibility: ``max(k - j + 1, 0)`` for j from 3 on with coefficients of at least 0
    (chao), ``2^k - 1`` (poisson), ``k^2 / 2`` (darroch), ``log(3.5) - log(3.5 + k)`` (gamma), or the
    integral over a normal law of the log odds (normal). The dark figure is ``n0 = exp(b0)``. Under
    Mb capture changes later captures, so that first captures alone tell the size; Mbh leaves the
    first list out of that.

    Parameters
    ----------
    lists : Lists
        The case lists; with `.bootstrap(...)` the standard error is the bootstrap's.
    model : {"M0", "Mt", "Mh", "Mth", "Mb", "Mbh"}
        Mb and Mbh take the lists as occasions in the order of their names.
    heterogeneity : {"chao", "poisson", "darroch", "gamma", "normal"}, optional
        For Mh and Mth; chao when left out.
    bias_corrected : bool
        Add the constants of Rivest and Levesque to the counts. They are made for rare captures,
        as on case lists, and there remove nearly all of the bias of order 1.
    ordered : bool
        Says that the lists are occasions in time, as the models Mb and Mbh need.
    interval : {"dark-figure", "profile"}
        Log-normal on the number not seen, or the profile likelihood of the population size under
        the multinomial law of the histories, whose maximum is then the estimate.

    Returns
    -------
    Estimate
        One row, persons. With a bootstrap the interval is that of its percentiles.

    Raises
    ------
    TypeError, ValueError
        When the model's words are wrong, the lists do not overlap, Mb or Mbh are asked of lists
        without an order, or the model has no estimate: no maximum of the likelihood, or first
        captures that do not fall from list to list, which make it infinite or negative.

    Notes
    -----
    Assumes that lists do not depend on each other given what the model says of persons: it fails
    (too low) where lists refer persons to each other. The laws of
    visibility other than chao fit about equally well and can differ by several times in their
    dark figure: the data do not choose between them, and where nearly all are on one list alone they
    do not show how visibility differs ("normal" covered 81 % with 225 persons, nine in ten of them
    on one list; docs, mse-coverage). Case lists have no order in time, and agencies
    refer; Mb and Mbh are for repeated rounds of one search.

    References
    ----------
    Baillargeon, S. and Rivest, L.-P. (2007). Rcapture: loglinear models for capture-recapture in R.
    Journal of Statistical Software 19(5). doi:10.18637/jss.v019.i05

    Rivest, L.-P. and Levesque, T. (2001). Improved log-linear model estimators of abundance in
    capture-recapture experiments. Canadian Journal of Statistics 29, 555-572. (DOI not checked)

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(rows, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> e = pv.mse.closed(lists, model="Mth", heterogeneity="chao", interval="profile")
    >>> low, high = e.interval()[0]
    >>> round(float(e)), round(float(low)), round(float(high))
    (482, 393, 622)
    """
    require_overlap(lists)
    kind = check_model(model, heterogeneity, len(lists.names), bias_corrected)
    check_interval(lists, interval)
    _check_order(model, ordered)
    if interval == "profile" and bias_corrected:
        raise ValueError(
            "interval must not be 'profile' with bias_corrected=True: constants added to the counts "
            "have no likelihood. Choose one of the two."
        )
    fit = family_fit(lists.histories, lists.counts, model, kind, bias_corrected=bias_corrected)
    _require_estimate(lists, fit, model, kind)
    said: list[str] = []
    if kind == "normal" and not fit.coefficients[-1, 0] > NO_SPREAD:
        note(said, "the normal law of visibility has variance 0: persons appear equal.")
    value = float(fit.total[0])
    how: dict[str, Any] = {}
    if interval == "profile":
        traced = profile_family(
            lists.histories, lists.counts, model, kind, begin=float(fit.dark[0])
        )
        value, how = traced.total, profiled(traced)
    replicated = None
    if lists.scheme is not None:
        replicated = family_fit(
            lists.histories, lists.scheme.factors, model, kind, bias_corrected=bias_corrected
        ).total
    identifies = f"{RATES[model]}{'; ' + PERSONS[kind] if kind else ''}."
    return assemble(
        lists,
        value,
        float(fit.std_error[0]),
        method="mse.closed",
        identifies=identifies,
        assumptions=[] if kind else [EQUAL],
        citations=[RCAPTURE, *([CHAO] if kind == "chao" else [])],
        replicated=replicated,
        said=said,
        handled=["visibility"] if kind == "chao" else [],  # a bound whatever their visibility
        **{**how, "provenance": {**how.get("provenance", {}), "lower bound": kind == "chao"}},
    )


def _check_order(model: str, ordered: bool) -> None:
    if not isinstance(ordered, (bool, np.bool_)):
        raise TypeError(
            f"ordered must be True or False: found {ordered!r}. Write ordered=True for occasions in "
            "time."
        )
    if model in ("Mb", "Mbh") and not ordered:
        raise ValueError(
            f"model {model} needs lists in an order of time: it supposes that one capture changes "
            "the next, which case lists of agencies do not have. Write ordered=True if the lists "
            "are rounds of one search, in the order of their names; otherwise use 'Mt' or 'Mth'."
        )


def _require_estimate(lists: Lists, fit: FamilyFit, model: str, kind: str | None) -> None:
    """Raise where there is no estimate, with the reason and the bound that stands."""
    if np.isfinite(fit.total[0]) and np.isfinite(fit.std_error[0]):
        return
    words = model + (f" with heterogeneity {kind!r}" if kind else "")
    bound = f"At least the {lists.seen:,} seen is what stands."
    if model in ("Mb", "Mbh") and fit.converged[0]:
        firsts = lists.histories.argmax(axis=1)
        first = [int(lists.counts[firsts == j].sum()) for j in range(len(lists.names))]
        raise ValueError(
            f"model must have an estimate: under {words} first captures must fall from list to list, "
            f"and they are {', '.join(f'{x:,}' for x in first)}, so the size would be infinite or "
            f"negative. {bound} Use 'Mt', or check the order of the lists."
        )
    captures = lists.histories.sum(axis=1)
    frequencies = [int(lists.counts[captures == k].sum()) for k in range(1, len(lists.names) + 1)]
    why = "did not converge" if fit.code[0] == 0 else "no maximum of the likelihood exists"
    raise ValueError(
        f"model must have an estimate: under {words} {why}; the persons captured 1, 2, .. times are "
        f"{', '.join(f'{x:,}' for x in frequencies)}. {bound} Use 'Mt', or heterogeneity='chao'."
    )
