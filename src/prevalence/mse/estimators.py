"""The public estimators: from `Lists` to `Estimate`, with their assumption before the number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import Block, Columns
from ..chain import plain
from ..errors import number, warn
from ..estimand import Estimand
from ..estimate import Estimate
from ..lists import Lists
from ..registry import Example, estimator
from .closed import chao_lower_bound
from .closed import chapman as chapman_formula
from .histories import capture_frequencies, list_pairs
from .loglinear import loglinear_fit
from .stepwise import stepwise_fit

__all__ = ["chapman", "loglinear", "lower_bound", "stepwise"]

Array = NDArray[Any]
SEBER = "Seber (1982) The Estimation of Animal Abundance, 2nd ed."
CHAO = "Chao (1987) doi:10.2307/2531532"
BFH = "Bishop, Fienberg and Holland (1975) doi:10.1007/978-0-387-72806-3"
CSV = "Chan, Silverman and Vincent (2021) doi:10.1080/01621459.2019.1708748"
CLOSED = (
    "The population is closed within the window, persons are linked without error, and every case "
    "is a true one."
)
SKIPS = {
    "central difference": "the standard error is the model's, not one of a function of weights",
}


def _example(**arguments: Any) -> Callable[[], Example]:
    def made() -> Example:
        histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
        columns = {f"list {j + 1}": [row[j] for row in histories] for j in range(3)}
        counts = [60.0, 74.0, 48.0, 21.0, 9.0, 12.0, 4.0]
        data = {**columns, "w": counts, "psu": list(range(7))}
        return Example(data, lambda d: Lists(d, list(columns), counts="w"), arguments)

    return made


def _require_lists(lists: object) -> None:
    if not isinstance(lists, Lists):
        raise TypeError(
            f"lists must be a Lists: found {type(lists).__name__}. Make one with pv.Lists(...), "
            "Lists.from_counts(...) or Lists.from_captures(...)."
        )


def _require_overlap(lists: Lists) -> None:
    _require_lists(lists)
    if lists.overlap == 0:
        raise ValueError(
            f"lists must overlap: none of {lists.seen:,} persons is on two of {', '.join(lists.names)}, so "
            "the number on no list is not identified. Widen the window, link the lists again, or "
            "report the number seen alone."
        )


def _assemble(
    lists: Lists,
    value: float,
    std_error: float,
    method: str,
    assumptions: Sequence[str],
    citations: Sequence[str],
    replicated: Array | None,
    *,
    seen: int | None = None,
    spread: tuple[float, float] | None = None,
) -> Estimate:
    """Build the estimate: model standard error, or the columns of a bootstrap."""
    said: list[str] = []
    point = np.array([value])
    scheme: Any
    if lists.scheme is not None and replicated is not None:
        scheme = lists.scheme
        deviations, said = scheme.deviations(replicated[None, :], point)
        rule, constants = "percentile", {"draws": replicated[None, :]}
    else:
        deviations = np.array([[std_error]])
        scheme = Columns(lists.source, f"model {method}", np.ones(1), (method,))
        rule = "dark-figure"
        constants = {"seen": np.array([float(lists.seen if seen is None else seen)])}
    on = lists.histories.sum(axis=1)
    if 20 * lists.overlap < lists.seen:
        message = (
            f"only {lists.overlap:,} of {lists.seen:,} persons are on two lists or more (under 5 %): "
            "the estimate rests on them alone."
        )
        warn(message)
        said.append(message)
    return Estimate(
        point,
        (Block(plain(deviations), scheme, np.array([np.inf])),),
        outcomes=(lists.about.get("outcome", "persons"),),
        unit="count",
        estimand=Estimand(**{"outcome": "persons", **lists.about}),
        method=method,
        interval_rule=rule,
        constants=constants,
        facts={"n": np.array([lists.seen]), "cases": np.array([lists.seen])},
        assumptions=(*assumptions, CLOSED),
        warnings=tuple(said),
        citations=tuple(citations),
        provenance={
            "rows": "persons on the lists",
            "design": f"{lists.seen:,} persons on {len(lists.names)} lists, "
            f"{int(lists.counts[on == 1].sum()):,} of them on one only",
            "variance": "multinomial bootstrap of the whole procedure"
            if rule == "percentile"
            else "the model's",
            "floor": True,
            **({"range": spread} if spread else {}),
        },
    )


@estimator(
    unit="count",
    smooth=True,
    degree=None,
    citation=SEBER,
    example=_example(between=("list 1", "list 2")),
    skips=SKIPS,
)
def chapman(lists: Lists, *, between: tuple[str, str]) -> Estimate:
    """Estimate the population size from two lists, ``(n1 + 1)(n2 + 1) / (m + 1) - 1``.

    Parameters
    ----------
    lists : Lists
        The case lists; with `.bootstrap(...)` the standard error is the bootstrap's.
    between : pair of str
        The two lists: n1 and n2 persons, m on both.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    KeyError, ValueError
        When a list is unknown or the two lists share nobody.

    Notes
    -----
    Assumes that the two lists are independent for every person and that all are equally likely to
    be on one of them. Positive dependence (referral) or unequal visibility make it a lower bound.

    References
    ----------
    Seber, G. A. F. (1982). The Estimation of Animal Abundance and Related Parameters, 2nd ed.
    Griffin, p. 60. Interval: Chao, A. (1987). Biometrics 43, 783-791. doi:10.2307/2531532

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.chapman(lists, between=("A", "B"))), 1)
    189.1
    """
    _require_lists(lists)
    if isinstance(between, str) or len(between) != 2 or between[0] == between[1]:
        raise ValueError(
            f"between must be two different lists: found {between!r}. Write ('police', 'shelter')."
        )
    columns = lists.histories[:, [lists.index(name) for name in between]]

    def parts(counts: Array) -> tuple[Array, Array, Array]:
        return columns[:, 0] @ counts, columns[:, 1] @ counts, columns.prod(axis=1) @ counts

    n1, n2, m = parts(lists.counts)
    if m == 0:
        raise ValueError(
            f"lists must overlap: nobody is on both {between[0]} ({n1:,.0f}) and {between[1]} "
            f"({n2:,.0f}), so the size is not identified. Choose other lists or widen the window."
        )
    value, variance = chapman_formula(n1, n2, m)
    replicated = None
    if lists.scheme is not None:
        replicated = chapman_formula(*parts(lists.scheme.factors))[0]
    assumption = f"{between[0]} and {between[1]} catch independently, and everyone equally."
    return _assemble(
        lists,
        float(value),
        float(np.sqrt(variance)),
        "mse.chapman",
        [assumption],
        [SEBER, CHAO],
        replicated,
        seen=int(n1 + n2 - m),
    )


@estimator(unit="count", smooth=True, degree=None, citation=CHAO, example=_example(), skips=SKIPS)
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
    persons: it is then a bound from below. Referral between lists raises f2 and lowers the bound.

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
    _require_overlap(lists)

    def bound(counts: Array) -> tuple[Array, Array]:
        f = capture_frequencies(lists.histories, counts)
        return chao_lower_bound(f.sum(axis=0), f[0], f[1], lists=len(lists.names))

    value, variance = bound(lists.counts)
    replicated = None if lists.scheme is None else bound(lists.scheme.factors)[0]
    assumption = "Lists catch independently given a person's own visibility; a bound from below."
    return _assemble(
        lists,
        float(value[0]),
        float(np.sqrt(variance[0])),
        "mse.lower_bound",
        [assumption],
        [CHAO],
        replicated,
    )


def _terms(lists: Lists, pairs: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
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


def _neighbours(lists: Lists, terms: list[tuple[int, ...]]) -> tuple[float, float] | None:
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
    example=_example(pairs=[("list 1", "list 2")]),
    skips=SKIPS,
)
def loglinear(lists: Lists, *, pairs: Sequence[Sequence[str]] = ()) -> Estimate:
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

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

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
    _require_overlap(lists)
    terms = _terms(lists, pairs)
    fit = loglinear_fit(lists.histories, lists.counts, terms)
    if fit.code[0] or not fit.converged[0]:
        why = {0: "did not converge", 1: "no maximum exists", 2: "its terms are not identifiable"}
        raise ValueError(
            f"pairs must give a model with an estimate: with {len(terms)} terms "
            f"{why.get(int(fit.code[0]), 'no maximum exists and terms are not identifiable')}. "
            "Leave out a pair that shares few persons, or merge two lists."
        )
    replicated = None
    if lists.scheme is not None:
        replicated = loglinear_fit(lists.histories, lists.scheme.factors, terms).total
    names = "; ".join(" and ".join(pair) for pair in pairs).replace("_", " ")
    assumption = (
        f"Lists depend on each other only between {names}."
        if names
        else "All lists catch independently."
    )
    return _assemble(
        lists,
        float(fit.total[0]),
        float(fit.std_error[0]),
        "mse.loglinear",
        [assumption, "Everyone is equally likely to be on a list."],
        [BFH, CSV],
        replicated,
        spread=_neighbours(lists, terms),
    )


@estimator(
    unit="count",
    smooth=False,
    degree=None,
    citation=CSV,
    example=_example(replicates=20, rng=1),
    skips=SKIPS,
)
def stepwise(
    lists: Lists,
    *,
    threshold: float = 0.02,
    replicates: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the population size by a log-linear model whose pairs are chosen by forward steps.

    From independence on, the pair of lists whose overlap is least likely under the present model
    enters while its one-sided Poisson probability is below `threshold`. Each bootstrap replicate
    repeats the whole selection.

    Parameters
    ----------
    lists : Lists
        The case lists; a bootstrap they already carry is used.
    threshold : float
        Largest probability at which a pair enters; 0 is independence.
    replicates : int
        Multinomial resamples; 0 gives the point with the chosen model's own standard error.
    rng : int, numpy Generator or None
        Seed of the resamples.

    Returns
    -------
    Estimate
        One row, persons; percentile interval of the replicates.

    Raises
    ------
    ValueError
        When the lists do not overlap or even independence has no estimate.

    Notes
    -----
    Assumes that dependence shows as an unlikely overlap of two lists and that all persons are
    equally likely to be on a list. It fails with few overlaps: the replicates then fall into
    clusters, one per model, and the interval's ends are those of the extreme models.

    References
    ----------
    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data. Journal of the American Statistical Association 116, 1297-1306.
    doi:10.1080/01621459.2019.1708748

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.stepwise(lists, replicates=0)), 6)
    200.0
    """
    _require_overlap(lists)
    number("threshold", threshold)
    found = stepwise_fit(lists.histories, lists.counts, threshold=threshold)
    if not np.isfinite(found.total[0]):
        raise ValueError(
            "lists must have an estimate under independence: no maximum of the likelihood exists. "
            "Leave out empty lists, or merge two lists."
        )
    if lists.scheme is None and replicates:
        lists = lists.bootstrap(replicates, rng=rng)
    replicated = None
    if lists.scheme is not None:
        replicated = stepwise_fit(lists.histories, lists.scheme.factors, threshold=threshold).total
    chosen = [
        " and ".join(lists.names[i] for i in sorted(pair)).replace("_", " ")
        for pair, use in zip(found.pairs, found.selected[:, 0], strict=True)
        if use
    ]
    assumption = f"The chosen model holds: dependence only between {'; '.join(chosen) or 'none'}."
    terms = [
        tuple(sorted(p)) for p, use in zip(found.pairs, found.selected[:, 0], strict=True) if use
    ]
    return _assemble(
        lists,
        float(found.total[0]),
        float(found.fit.std_error[0]),
        "mse.stepwise",
        [assumption, "Everyone is equally likely to be on a list."],
        [CSV],
        replicated,
        spread=_neighbours(lists, terms),
    )
