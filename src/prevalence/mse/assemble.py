"""From numbers to an `Estimate` of lists, with what identifies it said before the number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import Block, Columns
from ..chain import plain
from ..draws import from_draws
from ..errors import note
from ..estimand import Estimand
from ..estimate import Estimate
from ..lists import Lists
from ..registry import Example
from .replicated import replicates_said
from .resampling import Jackknife, Resampled
from .trust.beside import drawn_error, other_models, thin
from .trust.stated import facts_verdict

Array = NDArray[Any]
SEBER = "Seber (1982) The Estimation of Animal Abundance, 2nd ed."
CHAO = "Chao (1987) doi:10.2307/2531532"
BFH = "Bishop, Fienberg and Holland (1975) doi:10.1007/978-0-387-72806-3"
CSV = "Chan, Silverman and Vincent (2021) doi:10.1080/01621459.2019.1708748"
EFRON = "Efron (1987) doi:10.1080/01621459.1987.10478410"
EQUAL = "Everyone is equally likely to be on a list."
SKIPS = {
    "central difference": "the standard error is the model's, not one of a function of weights",
}
POSTERIOR = {
    **SKIPS,
    "replicate columns": "the posterior has no replicates: a bootstrap of the lists is not used",
    "homogeneity": "the prior stays as it is while the counts grow",
}
CORRECTED = {"homogeneity": "a correction for few persons fades as the counts grow"}
CHOSEN = {"homogeneity": "more persons of the same histories may speak for another model"}
NESTED = 10  # persons of a list inside another that are no accident
FEW_SHARED = 20  # one person in so many on two lists: fewer is said


def example(**arguments: Any) -> Callable[[], Example]:
    """Return the lists that contracts call an estimator with, and its arguments."""

    def made() -> Example:
        histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
        columns = {f"list {j + 1}": [row[j] for row in histories] for j in range(3)}
        counts = [60.0, 74.0, 48.0, 21.0, 9.0, 12.0, 4.0]
        data = {**columns, "w": counts, "psu": list(range(7))}
        return Example(data, lambda d: Lists(d, list(columns), counts="w"), arguments)

    return made


def require_lists(lists: object) -> None:
    """Raise TypeError for anything but `Lists`."""
    if not isinstance(lists, Lists):
        raise TypeError(
            f"lists must be a Lists: found {type(lists).__name__}. Make one with pv.Lists(...), "
            "Lists.from_counts(...) or Lists.from_captures(...)."
        )


def require_overlap(lists: Lists) -> None:
    """Raise where lists share nobody, or two of them hold the same persons."""
    require_lists(lists)
    if lists.overlap == 0:
        raise ValueError(
            f"lists must overlap: none of {lists.seen:,} persons is on two of "
            f"{', '.join(lists.names)}, so the number on no list is not identified. What the lists "
            f"do say is a lower bound: at least the {lists.seen:,} seen. Widen the window, link "
            "the lists again, or report the number seen alone."
        )
    for i in range(len(lists.names)):
        for j in range(i):
            apart = lists.counts[lists.histories[:, i] != lists.histories[:, j]].sum()
            if apart == 0:
                raise ValueError(
                    f"lists must differ: {lists.names[j]!r} and {lists.names[i]!r} hold the same "
                    f"{lists.sizes[lists.names[i]]:,} persons, so one of them tells nothing. Merge "
                    "them, or leave one out."
                )


def assemble(
    lists: Lists,
    value: Any,
    std_error: Any = None,
    *,
    method: str,
    identifies: str,
    citations: Sequence[str],
    assumptions: Sequence[str] = (),
    covariance: Array | None = None,
    replicated: Array | None = None,
    interval: str | None = None,
    constants: Mapping[str, Array] | None = None,
    seen: Any = None,
    span: tuple[float, float] | None = None,
    said: Sequence[str] = (),
    labels: tuple[tuple[str, ...], ...] = ((),),
    label_names: tuple[str, ...] = (),
    provenance: Mapping[str, Any] | None = None,
    terms: Sequence[tuple[int, ...]] | None = None,
    handled: Sequence[str] = (),
) -> Estimate:
    """Return the estimate with the model's standard errors or the columns of a bootstrap.

    `value` has one row or k; `std_error` (k,) or `covariance` (k, k) are the model's; `replicated`
    (k, R) counts where the lists carry a bootstrap. `seen` are the persons seen by row, `span` the
    range over models that fit about as well, `said` warnings that were given already. `terms` are
    those of a log-linear model and `handled` the facts that the estimator itself takes care of
    (referral, links, reports, visibility), for the verdict from declared facts.
    """
    identifies = identifies.replace("_", " ")
    point = np.atleast_1d(np.asarray(value, dtype=float))
    told = list(said)
    scheme: Any
    fixed = {
        "seen": np.broadcast_to(
            np.asarray(lists.seen if seen is None else seen, float), point.shape
        )
    }
    if lists.scheme is not None and replicated is not None:
        scheme = lists.scheme
        columns = np.asarray(replicated, dtype=float).reshape(point.size, -1)
        deviations, failures = scheme.deviations(columns, point)
        told += failures
        rule = interval or "percentile"
        fixed |= {"draws": columns, "floor": fixed["seen"]}
    else:
        spread = np.diag(np.atleast_1d(np.asarray(std_error, float)) ** 2)
        spread = spread if covariance is None else np.asarray(covariance, dtype=float)
        deviations = _root(spread)
        among, who = _part(lists)
        names = tuple(f"{method} {i}" for i in range(point.size)) if point.size > 1 else (method,)
        scheme = Columns(
            lists.source,
            f"model {method}: {identifies}{among}",
            np.ones(point.size),
            tuple(name + who for name in names),
        )
        rule = interval or "dark-figure"
    return Estimate(
        point,
        (Block(plain(deviations), scheme, np.full(point.size, np.inf)),),
        labels=labels,
        label_names=label_names,
        outcomes=(lists.about.get("outcome", "persons"),),
        interval_rule=rule,
        constants={**fixed, **(constants or {})},
        **_about(
            lists, method, identifies, assumptions, citations, [*told, *thin(lists, terms, told)]
        ),
        facts=_facts(lists, fixed["seen"]),
        provenance={
            **_provenance(lists, rule, identifies, span, terms, handled),
            **_better(span, float(point[0])),
            **_luck(lists, point, fixed.get("draws")),
            **(provenance or {}),
        },
    )


def _part(lists: Lists) -> tuple[str, str]:
    """Say by what the persons were chosen, and whom: disjoint strata vary independently."""
    if not lists.part:
        return "", ""
    columns, labels = zip(*lists.part, strict=True)
    return f" (one stratum by {' and '.join(columns)})", f" of {', '.join(labels)}"


def from_posterior(
    lists: Lists,
    draws: Array,
    *,
    method: str,
    identifies: str,
    citations: Sequence[str],
    assumptions: Sequence[str] = (),
    seen: Any = None,
    said: Sequence[str] = (),
    point: str = "mean",
    facts: Mapping[str, Array] | None = None,
    constants: Mapping[str, Array] | None = None,
    labels: tuple[tuple[str, ...], ...] = ((),),
    label_names: tuple[str, ...] = (),
    provenance: Mapping[str, Any] | None = None,
    handled: Sequence[str] = (),
    span: tuple[float, float] | None = None,
    terms: Sequence[tuple[int, ...]] | None = None,
) -> Estimate:
    """Return the estimate from posterior draws of population sizes (k, D) of one fit."""
    identifies = identifies.replace("_", " ")
    columns = np.atleast_2d(np.asarray(draws, dtype=float))
    shown = np.broadcast_to(
        np.asarray(lists.seen if seen is None else seen, float), columns.shape[:1]
    )
    return from_draws(
        columns,
        source=f"draws:{lists.source.partition(':')[2]}:{method}{_part(lists)[1]}",
        point=point,
        labels=labels,
        label_names=label_names,
        outcomes=(lists.about.get("outcome", "persons"),),
        constants={"seen": shown, **(constants or {})},
        **_about(
            lists, method, identifies, assumptions, citations, [*said, *thin(lists, terms, said)]
        ),
        facts={**_facts(lists, shown), **(facts or {})},
        provenance={
            **_provenance(lists, "posterior", identifies, span, terms, handled),
            "Monte Carlo error": drawn_error(columns[0], _effective(columns, facts)),
            **(provenance or {}),
        },
    )


def _root(covariance: Array) -> Array:
    """Return deviations (k, k) whose products are the covariance; nan rows stay nan."""
    known = np.isfinite(np.diag(covariance))
    out = np.full(covariance.shape, np.nan)
    out[known] = 0.0
    inner = covariance[np.ix_(known, known)]
    if inner.size:
        eigenvalues, vectors = np.linalg.eigh(inner)
        out[np.ix_(known, known)] = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return out


def _about(
    lists: Lists,
    method: str,
    identifies: str,
    assumptions: Sequence[str],
    citations: Sequence[str],
    said: list[str],
) -> dict[str, Any]:
    """Return what every estimate of lists tells of itself."""
    _tell_lists(lists, said)
    if FEW_SHARED * lists.overlap < lists.seen:
        note(
            said,
            f"only {lists.overlap:,} of {lists.seen:,} persons are on two lists or more (under "
            "5 %): the estimate rests on them alone.",
        )
    return {
        "unit": "count",
        "estimand": Estimand(**{"outcome": "persons", **lists.about}),
        "method": method,
        "assumptions": (identifies, *(x.replace("_", " ") for x in assumptions), closed(lists)),
        "warnings": (*lists.notes, *said),
        "citations": tuple(citations),
    }


def _tell_lists(lists: Lists, said: list[str]) -> None:
    """Say which lists hold nobody, and which lie inside another."""
    empty = [name for name, size in lists.sizes.items() if size == 0]
    if empty:
        note(
            said,
            f"{len(empty)} of {len(lists.names)} lists hold nobody (first: {empty[0]}): they tell "
            "nothing, and a model with one rate for all lists reads high with them. Leave them out by "
            "lists.without(...).",
        )
    shared = (lists.histories.T * lists.counts) @ lists.histories
    inside = np.argwhere(
        (shared == np.diag(shared)[:, None]) & (np.diag(shared)[:, None] >= NESTED)
    )
    inside = inside[inside[:, 0] != inside[:, 1]]
    if inside.size:
        i, j = inside[0]
        note(
            said,
            f"all {int(shared[i, i]):,} persons of {lists.names[i]} are on {lists.names[j]} too: a "
            "list inside another was often made from it, and a model that takes the two as "
            f"independent reads low. Leave out {lists.names[i]}, or merge them.",
        )


def closed(lists: Lists) -> str:
    """Return the assumption of a closed, well-linked population of true cases, in words."""
    window = f"from {lists.window[0]} to {lists.window[1]}" if lists.window else "within the window"
    grown = ""
    if lists.window and int(lists.window[1][:4]) > int(lists.window[0][:4]):
        grown = " (over so long a time children turn 18 and leave, and others come in)"
    return (
        f"The population is closed {window}{grown}, persons are linked without error, and every "
        "case is a true one."
    )


def _facts(lists: Lists, seen: Array) -> dict[str, Array]:
    whole = np.asarray(seen if seen.size > 1 else [lists.seen], dtype=int)
    return {"n": whole, "cases": whole}


def _provenance(
    lists: Lists,
    rule: str,
    identifies: str,
    span: tuple[float, float] | None,
    terms: Sequence[tuple[int, ...]] | None,
    handled: Sequence[str],
) -> dict[str, Any]:
    on = lists.histories.sum(axis=1)
    replicated = rule not in ("dark-figure", "posterior", "profile")
    return {
        "rows": "persons on the lists",
        "design": f"{lists.seen:,} persons on {len(lists.names)} lists, "
        f"{int(lists.counts[on == 1].sum()):,} of them on one only",
        "variance": "multinomial bootstrap of the whole procedure"
        if replicated
        else "that of the posterior"
        if rule == "posterior"
        else "the model's",
        "floor": True,
        "identified by": identifies.rstrip("."),
        "declared facts": str(facts_verdict(lists, terms, handled=handled)),
        **({"range": span} if span else other_models(lists, terms)),
    }


def _better(span: tuple[float, float] | None, value: float) -> dict[str, str]:
    """Say that models near by fit better where the estimate's own is not among the close ones."""
    if span is None or span[0] * (1 - 1e-6) <= value <= span[1] * (1 + 1e-6):
        return {}
    return {"range of": "models that fit better"}


def _luck(lists: Lists, point: Array, draws: Array | None) -> dict[str, str]:
    """Say how far other resamples would move percentiles; BCa limits say so themselves."""
    if draws is None or lists.scheme is None or draws.shape[1] < 2:
        return {}
    nobody = Jackknife(np.zeros(0, dtype=int), np.zeros(0), np.zeros((point.size, 0)))
    found = Resampled(point, draws, nobody)
    return {"variance": replicates_said(lists.scheme.kind, found, "percentile")}


def _effective(draws: Array, facts: Mapping[str, Array] | None) -> float:
    given = (facts or {}).get("ess")
    return float(draws.shape[1] if given is None else np.atleast_1d(given)[0])
