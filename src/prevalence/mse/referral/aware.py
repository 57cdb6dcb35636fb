"""Population sizes from lists between which persons are referred."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import note, one_of
from ...estimate import Estimate
from ...lists import Lists
from ...registry import Example, estimator
from ..assemble import BFH, CSV, EQUAL, SKIPS, assemble, example, require_overlap
from ..histories import Term
from ..terms import groups_of, in_words
from .graph import Edge, components, find_cycle
from .recording import FROM_SOURCES, verdict, without_source
from .variants import METHODS, Variant, censored, forced, merged, removed

__all__ = ["referral_aware"]

Array = NDArray[Any]
UNKNOWN = ("own", "referred")


def _example(**arguments: Any) -> Callable[[], Example]:
    """Return the example of all estimators of lists, with a referral."""

    def made() -> Example:
        plain = example(**arguments)()
        return Example(
            plain.data,
            lambda d: plain.sample(d).declare(referral=[("list 1", "list 2")]),
            plain.arguments,
        )

    return made


@estimator(unit="count", smooth=True, degree=1, citation=BFH, example=_example(), skips=SKIPS)
@explained
def referral_aware(
    lists: Lists,
    *,
    method: str = "forced",
    pairs: Sequence[Sequence[str]] = (),
    unknown: str | None = None,
) -> Estimate:
    """Estimate the population size from lists that refer persons to each other.

    ``N = n + exp(b0)`` of a log-linear model. *forced*: of all captures, each receiving list
    saturated with its senders (all terms among them). *merged*: of groups of lists, those that
    referral joins being one. *removed*: of own captures, referred ones blanked. *censored*: of own
    captures, a referred one telling nothing of the list's own (a composite link).

    Parameters
    ----------
    lists : Lists
        The case lists with the referrals that are recorded (`referred_by`) or declared
        (`.declare(referral=[(sender, receiver)])`); with `.bootstrap(...)` the standard error is
        that of the resampled kinds of persons.
    method : {"forced", "merged", "removed", "censored"}
        The variant.
    pairs : list of groups of str
        Lists whose own captures depend on each other, besides referral.
    unknown : {"own", "referred"}, optional
        What a capture of unknown source is for *removed* and *censored*: an own one, or none that
        counts.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    ValueError
        When no referral is known, *forced* meets a cycle of referrals, *merged* leaves one group,
        *removed* and *censored* find no capture recorded as referred or sources that are unknown,
        or the model has no estimate.
    KeyError, TypeError
        When a list is unknown; when `lists` is no `Lists`.

    Notes
    -----
    Assumes that own captures are independent but for `pairs`, that every referral between lists is
    recorded or declared, and that all persons are equally likely to be on a list. A referral from a
    body that is no list is an own capture. *forced* and *merged* hold however captures are
    recorded, and need no sources of captures; *removed* is right if a list records its own capture
    of a person also after a referral, and too high otherwise; *censored* is right if a referral
    always masks it, and too low otherwise. Every variant fails (too low, often by half) where a
    referral is neither recorded nor declared; none repairs unequal visibility or another
    dependence. Taking unknown sources as own is too low where some were referrals; leaving them out
    is right where a source is missing whatever the person's other captures.

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
    >>> rows = {"police": [1, 0, 0, 1, 1, 0, 1], "home": [0, 1, 0, 1, 0, 1, 1]}
    >>> rows |= {"court": [0, 0, 1, 0, 1, 1, 1], "persons": [90, 70, 60, 40, 12, 9, 6]}
    >>> lists = pv.Lists(rows, ["police", "home", "court"], counts="persons")
    >>> round(float(pv.mse.loglinear(lists)), 1)
    537.8
    >>> lists = lists.declare(referral=[("police", "home")], every_referral=True)
    >>> round(float(pv.mse.referral_aware(lists)), 1)
    731.4
    """
    require_overlap(lists)
    one_of("method", method, METHODS)
    edges = _edges(lists)
    groups = _pairs(lists, pairs)
    said: list[str] = []
    variant = _variant(lists, method, edges, groups, unknown, said)
    fit = variant.fit(lists.patterns.count[:, None])
    if not np.isfinite(fit.total[0]):
        raise ValueError(
            f"method={method!r} must give a model with an estimate: {fit.failure}. Use another "
            "method, leave out a pair, or merge two lists."
        )
    value = float(fit.total[0])
    draws = lists.pattern_draws
    _tell(variant, value, lists.seen, said)
    counted = int(variant.persons[variant.used].sum())
    return assemble(
        lists,
        value,
        float(fit.std_error[0]),
        method=f"mse.referral_aware, {method}",
        identifies=_identifies(lists, method, edges, groups),
        assumptions=_assumptions(lists, variant, method, unknown),
        citations=[BFH, CSV],
        replicated=None if draws is None else variant.fit(draws).total,
        seen=lists.seen if value > lists.seen else counted,
        span=variant.span(),
        said=said,
        provenance={
            "referrals": ", ".join(arrows(lists)),
            "declared facts": str(verdict(lists, variant, method, edges, unknown, fit)),
        },
        handled=["referral"],
    )


def arrows(lists: Lists) -> list[str]:
    """Return the referrals as "sender to receiver"."""
    return [f"{s} to {r}".replace("_", " ") for s, r in lists.referral_edges()]


def _edges(lists: Lists) -> list[Edge]:
    named = lists.referral_edges()
    if not named:
        raise ValueError(
            "lists must have a referral between two of them: found none, recorded or declared. "
            "Pass referred_by=, declare(referral=[(sender, receiver)]), or use pv.mse.loglinear."
        )
    return [(lists.index(s), lists.index(r)) for s, r in named]


def _pairs(lists: Lists, pairs: Sequence[Sequence[str]]) -> list[Term]:
    return [frozenset(pair) for pair in groups_of(lists, pairs)]


def _variant(
    lists: Lists,
    method: str,
    edges: list[Edge],
    pairs: list[Term],
    unknown: str | None,
    said: list[str],
) -> Variant:
    kinds = lists.patterns
    if method in FROM_SOURCES:
        own = _own(lists, edges, method, unknown, said)
        if method == "removed":
            return removed(kinds, own, pairs)
        left_out = kinds.count @ (kinds.on.astype(bool) & ~own & (kinds.senders == 0))
        return censored(kinds, own, pairs, 1 - left_out / np.maximum(kinds.count @ kinds.on, 1))
    if unknown is not None:
        raise ValueError(
            f"unknown must be left out with method={method!r}: found {unknown!r}. It needs no "
            "sources of captures; give it with 'removed' or 'censored'."
        )
    missing = int((kinds.count @ kinds.unknown).sum())
    if missing and not lists.declared.every_referral:
        note(
            said,
            f"{missing:,} captures have no source: a referral between lists that no record names "
            "makes the estimate too low. Declare those there are, with every_referral=True.",
        )
    if method == "merged":
        groups = components(edges, kinds.lists)
        if len(groups) < 2:
            raise ValueError(
                "method='merged' must leave two groups of lists: referral joins all "
                f"{kinds.lists} of them. Use 'forced', or 'removed' and 'censored' as a bracket."
            )
        return merged(kinds, groups, pairs)
    _check_cycle(lists, edges)
    return forced(kinds, edges, pairs)


def _check_cycle(lists: Lists, edges: list[Edge]) -> None:
    cycle = find_cycle(edges, len(lists.names))
    if not cycle:
        return
    joined = next(g for g in components(edges, len(lists.names)) if cycle[0] in g)
    names = ", ".join(lists.names[j] for j in joined)
    raise ValueError(
        "method='forced' must have referrals without a cycle: found "
        f"{' to '.join(lists.names[j] for j in cycle)}. Use method='merged', which makes one list "
        f"of {names}, or lists.merge(...) of those in the cycle."
    )


def _own(
    lists: Lists, edges: list[Edge], method: str, unknown: str | None, said: list[str]
) -> Array:
    """Return the captures that count as own ones, (P, L)."""
    kinds = lists.patterns
    sent = kinds.senders != 0
    if not sent.any():
        raise ValueError(
            f"method={method!r} must know which captures are referred: found none recorded, "
            f"with {len(edges)} referral(s) declared. Pass referred_by=, or use 'forced' or 'merged'."
        )
    if unknown is not None:
        one_of("unknown", unknown, UNKNOWN)
    open_ = without_source(lists, edges)
    doubtful = int((kinds.count @ open_).sum())
    if doubtful and unknown is None:
        raise ValueError(
            f"unknown must say what captures without a source are: {doubtful:,} of "
            f"{int((kinds.count @ kinds.on).sum()):,} have none. Pass unknown='own' (too low if "
            "some were referrals) or 'referred' (they are left out), or use method='forced'."
        )
    _check_senders(lists, edges, said)
    certain = kinds.own | (kinds.unknown & ~open_ & ~sent)
    return np.asarray(certain | open_ if unknown == "own" else certain)


def _check_senders(lists: Lists, edges: list[Edge], said: list[str]) -> None:
    """Say which referrals have no record, and how many records name a list without the person."""
    kinds = lists.patterns
    for sender, receiver in edges:
        both = kinds.count @ (kinds.on[:, sender] & kinds.on[:, receiver])
        told = kinds.count @ ((kinds.senders[:, receiver] >> sender) & 1)
        if both and not told:
            note(
                said,
                f"the referral {lists.names[sender]} to {lists.names[receiver]} is declared, but "
                f"none of the {int(both):,} persons on both is recorded as referred: they count "
                "as own captures.",
            )
    on = kinds.on @ (np.int64(1) << np.arange(kinds.lists))
    absent = int(kinds.count @ ((kinds.senders & ~on[:, None]) != 0).sum(axis=1))
    if absent:
        note(
            said,
            f"{absent:,} captures name a sending list that does not have the person: missed links, "
            "or captures outside the window.",
        )


def _tell(variant: Variant, value: float, seen: int, said: list[str]) -> None:
    """Say what the table of the variant lacks."""
    without = int(variant.persons[~variant.used].sum())
    if without:
        note(
            said,
            f"{without:,} of {seen:,} persons have no capture that counts as an own one; they are "
            "among those who are estimated.",
        )
    empty = int((variant.persons @ variant.captures == 0).sum())
    if empty:
        note(said, f"{empty} of {variant.size} lists have no own capture and tell nothing.")
    if value < seen:
        note(said, f"the estimate is below the {seen:,} persons seen. Use method='forced'.")


def _identifies(lists: Lists, method: str, edges: list[Edge], pairs: list[Term]) -> str:
    between = in_words(lists, pairs)
    own = "Own captures of all lists are independent"
    if between:
        own = f"Own captures depend on each other only between {between}"
    way = ", ".join(arrows(lists))
    if method == "merged":
        groups = [g for g in components(edges, len(lists.names)) if len(g) > 1]
        return f"{own}; lists that refer to each other count as one ({in_words(lists, groups)})."
    return {
        "forced": f"{own}, and lists depend on each other beyond that only by referral ({way}).",
        "removed": f"{own}, and each is recorded also where a referral ({way}) came first.",
        "censored": f"{own}, and a referral ({way}) always masks the receiving list's own.",
    }[method]


def _assumptions(lists: Lists, variant: Variant, method: str, unknown: str | None) -> list[str]:
    every = "as declared" if lists.declared.every_referral else "which is not declared"
    told = [EQUAL, f"Every referral between lists is recorded or declared, {every}."]
    if variant.spare <= 0:
        told.append("Nothing in these data can contradict the model: it has a term per history.")
    if method in FROM_SOURCES and lists.patterns.unknown.any():
        told.append(
            "Captures of unknown source are left out: a source is missing whatever the person's "
            "other captures."
            if unknown == "referred"
            else "Captures of unknown source are own ones."
        )
    return told
