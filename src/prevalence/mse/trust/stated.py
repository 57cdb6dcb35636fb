"""What declared facts do to an estimate of lists: corrected where they can be, else said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ...lists import Lists
from ..loglinear import loglinear_fit
from .undone import without_link_errors, without_reports
from .verdicts import Verdict

SHIFT = 0.4  # standard errors of bias that leave a 95 % interval 93 %
HALF = 1.959963984540054  # a 95 % interval, in standard errors to each side
Term = tuple[int, ...]
Terms = Sequence[Term]


def facts_verdict(
    lists: Lists,
    terms: Terms | None,
    *,
    handled: Sequence[str] = (),
    against: Sequence[str] = (),
    unsaid: Sequence[str] = (),
) -> Verdict:
    """Return what the declared facts forbid, and what they leave open.

    A fact that can be corrected for is: the model is fitted to the corrected table, and the fact
    counts against the estimate when the size moves by more than 0.4 standard errors, on the log
    scale of its interval. One that cannot, such as unequal visibility, always does.

    Parameters
    ----------
    lists : Lists
        With their declared facts.
    terms : sequence of tuples of int, optional
        Interactions of a log-linear model; None for another estimator, of which a fact is only said.
    handled : sequence of str
        Facts that the estimator itself takes care of: referral (that is known), links, reports or
        visibility.
    against, unsaid : sequence of str
        What else stands against the estimator, and what else it needs to know.

    Returns
    -------
    Verdict
    """
    stands, open_ = _referral(lists, terms, covered="referral" in handled)
    stands, open_ = [*stands, *against], [*open_, *unsaid]
    for name, judge in (("links", _links), ("reports", _reports), ("visibility", _visibility)):
        if name not in handled:
            said, missing = judge(lists, terms)
            stands += said
            open_ += missing
    if stands:
        return Verdict(True, "forbidden by declared facts", tuple(stands))
    if open_:
        return Verdict(False, f"not identified without: {', '.join(open_)}")
    return Verdict(False, "no declared fact stands against it")


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
    if missed + false == 0:
        return [], []
    words = f"{missed:.1%} missed and {false:.1%} false links".replace("%", " %")
    if terms is None:
        return [f"{words}, which the method takes for none"], []
    corrected = without_link_errors(lists.histories, lists.counts, terms, missed, false)
    return _told(_shift(lists, terms, corrected), words), []


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
    by_list = {lists.index(name): share for name, share in shares.items()}
    corrected = without_reports(lists.histories, lists.counts, terms, by_list)
    return _told(_shift(lists, terms, corrected), f"entries that are no true case ({words})"), []


def _visibility(lists: Lists, terms: Terms | None) -> tuple[list[str], list[str]]:
    del terms
    if lists.declared.visibility is None:
        return [], ["that everyone is equally likely to be listed"]
    if lists.declared.visibility == "equal":
        return [], []
    return ["persons differ in their chance to be listed: every model of the lists reads low"], []


def _shift(lists: Lists, terms: Terms, corrected: float) -> tuple[float, float] | None:
    fit = loglinear_fit(lists.histories, lists.counts, terms)
    return shift(float(fit.total[0]), float(fit.std_error[0]), lists.seen, corrected)


def shift(
    value: float, std_error: float, seen: float, corrected: float
) -> tuple[float, float] | None:
    """Return how far an estimate is off, and the corrected one; None where either is not known.

    In standard errors of the log of the number not seen, the scale on which the interval is made.
    """
    dark, unseen = value - seen, corrected - seen
    if not np.isfinite([value, corrected]).all():
        return None
    if min(dark, unseen) <= 0:
        return float(np.inf if dark > unseen else -np.inf), corrected
    return float(np.log(dark / unseen) / np.sqrt(np.log1p((std_error / dark) ** 2))), corrected


def _told(moved: tuple[float, float] | None, what: str) -> list[str]:
    if moved is None:
        return [f"{what} leave the model without an estimate when they are taken out"]
    return told(moved, what, "without them")


def told(moved: tuple[float, float], what: str, corrected: str) -> list[str]:
    """Say what moves an estimate by more than its interval allows for."""
    off, size = moved
    if abs(off) <= SHIFT:
        return []
    return [
        (
            f"{what} move the estimate {'up' if off > 0 else 'down'} by {abs(off):.1f} standard "
            f"errors, where a 95 % interval holds the truth {100 * _held(off):.0f} times in 100; "
            f"{corrected} it is about {size:,.0f}"
        )
    ]


def _held(off: float) -> float:
    """Return how often an interval of so many standard errors of bias holds the truth."""
    from scipy.special import ndtr

    return float(ndtr(HALF - off) - ndtr(-HALF - off))
