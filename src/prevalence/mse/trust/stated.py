"""What declared facts do to an estimate of lists: corrected where they can be, else said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ...lists import Lists
from ..linkage.link_errors import cut_records, join_offset
from ..loglinear import LoglinearFit, loglinear_fit
from .verdicts import Verdict

SHIFT = 0.4  # standard errors of bias that leave a 95 % interval 93 %
Term = tuple[int, ...]
Terms = Sequence[Term]


def facts_verdict(lists: Lists, terms: Terms | None, *, handled: Sequence[str] = ()) -> Verdict:
    """Return what the declared facts forbid, and what they leave open.

    A fact that can be corrected for is: the model is fitted to the corrected table, and the fact
    counts against the estimate when the size moves by more than 0.4 of its standard
    error. One that cannot, such as unequal visibility, always does.

    Parameters
    ----------
    lists : Lists
        With their declared facts.
    terms : sequence of tuples of int, optional
        Interactions of a log-linear model; None for another estimator, of which a fact is only said.
    handled : sequence of str
        Facts that the estimator itself takes care of: referral (that is known), links, reports or
        visibility.

    Returns
    -------
    Verdict
    """
    against, open_ = _referral(lists, terms, covered="referral" in handled)
    for name, judge in (("links", _links), ("reports", _reports), ("visibility", _visibility)):
        if name not in handled:
            said, missing = judge(lists, terms)
            against += said
            open_ += missing
    unsaid = f"not identified without: {', '.join(open_)}" if open_ else ""
    if against:
        return Verdict(True, "forbidden by declared facts", tuple(against))
    return Verdict(False, unsaid or "no declared fact stands against it")


def covered(lists: Lists, groups: Iterable[Iterable[int]]) -> list[str]:
    """Return that referral is taken care of, where each known one is within a group of lists."""
    inside = [set(group) for group in groups]
    edges = [{lists.index(s), lists.index(r)} for s, r in lists.referral_edges()]
    held = all(any(edge <= group for group in inside) for edge in edges)
    return ["referral"] if edges and held else []


def _referral(lists: Lists, terms: Terms | None, *, covered: bool) -> tuple[list[str], list[str]]:
    said, facts = [], lists.declared
    inside = {tuple(sorted(t)) for t in terms or ()}
    loose = [
        edge
        for edge in lists.referral_edges()
        if not covered and tuple(sorted(map(lists.index, edge))) not in inside
    ]
    if loose:
        words = ", ".join(f"{s} to {r}" for s, r in loose).replace("_", " ")
        said.append(f"lists refer persons to each other ({words}) and the model has no term for it")
    untold = facts.every_referral is None and bool(lists.patterns.unknown.any())
    if facts.every_referral is False or untold:
        said.append("not every referral is recorded: those left out pull the estimate down")
    known = facts.every_referral or facts.referral == ()
    return said, [] if said or known else ["that no referral goes unrecorded"]


def _links(lists: Lists, terms: Terms | None) -> tuple[list[str], list[str]]:
    """Undo links that were missed or false, as the declared shares make them on average."""
    facts = lists.declared
    if facts.missed_links is None and facts.false_links is None:
        return [], ["that records of one person were linked, and no others"]
    missed, false = facts.missed_links or 0.0, facts.false_links or 0.0
    if not missed + false:
        return [], []
    words = f"{missed:.1%} missed and {false:.1%} false links".replace("%", " %")
    if terms is None:
        return [f"{words}, which the method takes for none"], []
    return _told(_shift(lists, terms, _linked(lists, terms, missed, false)), words), []


def _linked(lists: Lists, terms: Terms, missed: float, false: float) -> float:
    """Return the size without errors of linkage: divided by what they would do to the fitted table.

    A record is cut off from its person, or joined to a person drawn by their records.
    """
    fit = loglinear_fit(lists.histories, lists.counts, terms)
    if not np.isfinite(fit.total[0]):
        return float("nan")
    errors = np.full((len(lists.names), 1), missed + false)
    clusters = cut_records(errors).mean[..., 0] @ fit.fitted[:, 0]
    records = lists.histories.sum(axis=1) * clusters
    joins: dict[tuple[Term, Term], float] = {
        ((j,), tuple(np.flatnonzero(history).tolist())): false * size * weight
        for j, size in enumerate(clusters @ lists.histories)
        for history, weight in zip(lists.histories, records / records.sum(), strict=True)
        if not history[j]
    }
    linked = np.maximum(clusters + join_offset(joins, len(lists.names)), 0.0)
    again = loglinear_fit(lists.histories, linked, terms)
    return float(fit.total[0] ** 2 / again.total[0])


def _reports(lists: Lists, terms: Terms | None) -> tuple[list[str], list[str]]:
    """Take away the share of a list's entries that are no true case; they are on it alone."""
    if not lists.declared.reports:
        return [], ["that every entry is a true case"]
    shares = {name: share for name, share in lists.declared.reports.items() if share}
    if not shares:
        return [], []
    words = ", ".join(f"{share:.0%} of {name}".replace("%", " %") for name, share in shares.items())
    if terms is None:
        return [f"entries that are no true case ({words}) are counted as cases"], []
    counts = lists.counts.copy()
    for name, share in shares.items():
        j = lists.index(name)
        alone = (lists.histories[:, j] == 1) & (lists.histories.sum(axis=1) == 1)
        false = share * counts[lists.histories[:, j] == 1].sum()
        counts[alone] = np.maximum(counts[alone] - false, 0.0)
    corrected = loglinear_fit(lists.histories, counts, terms)
    moved = _shift(lists, terms, float(corrected.total[0]))
    return _told(moved, f"entries that are no true case ({words})"), []


def _visibility(lists: Lists, terms: Terms | None) -> tuple[list[str], list[str]]:
    del terms
    if lists.declared.visibility is None:
        return [], ["that everyone is equally likely to be listed"]
    if lists.declared.visibility == "equal":
        return [], []
    return ["persons differ in their chance to be listed: every model of the lists reads low"], []


def _shift(lists: Lists, terms: Terms, corrected: float) -> tuple[float, float] | None:
    """Return how far the estimate is off in its standard errors, and the corrected size."""
    fit: LoglinearFit = loglinear_fit(lists.histories, lists.counts, terms)
    if not np.isfinite([fit.total[0], corrected]).all():
        return None
    return float((fit.total[0] - corrected) / fit.std_error[0]), corrected


def _told(moved: tuple[float, float] | None, what: str) -> list[str]:
    if moved is None:
        return [f"{what} leave the model without an estimate when they are taken out"]
    shift, size = moved
    if abs(shift) <= SHIFT:
        return []
    way = "up" if shift > 0 else "down"
    return [
        (
            f"{what} move the estimate {way} by {abs(shift):.1f} standard errors; without them it is "
            f"about {size:,.0f}"
        )
    ]
