"""What declared facts do to an estimate of lists: corrected where they can be, else said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..lists import Lists
from .histories import FloatArray
from .loglinear import LoglinearFit, loglinear_fit
from .verdicts import Verdict

SHIFT = 0.6  # standard errors of bias that leave a 95 % interval about 91 %
Terms = Sequence[tuple[int, ...]]


def facts_verdict(lists: Lists, terms: Terms, *, handled: Sequence[str] = ()) -> Verdict:
    """Return what the declared facts forbid, and what they leave open.

    A fact that can be corrected for is: the model is fitted to the corrected table, and the fact
    counts against the estimate when the log of the dark figure moves by more than 0.6 of its
    standard error. One that cannot, such as unequal visibility, always does.

    Parameters
    ----------
    lists : Lists
        With their declared facts.
    terms : sequence of tuples of int
        Interactions of the model.
    handled : sequence of str
        Facts that the estimator itself takes care of: referral, links, reports or visibility.

    Returns
    -------
    Verdict
    """
    against: list[str] = []
    open_: list[str] = []
    for name, judge in (
        ("referral", _referral), ("links", _links), ("reports", _reports),
        ("visibility", _visibility),
    ):  # fmt: skip
        if name in handled:
            continue
        said, missing = judge(lists, terms)
        against += said
        open_ += missing
    unsaid = f"not identified without: {', '.join(open_)}" if open_ else ""
    if against:
        return Verdict(True, "forbidden by declared facts", tuple(against))
    return Verdict(False, unsaid or "no declared fact stands against it")


def _referral(lists: Lists, terms: Terms) -> tuple[list[str], list[str]]:
    said, facts = [], lists.declared
    inside = {tuple(sorted(t)) for t in terms}
    loose = [
        edge
        for edge in lists.referral_edges()
        if tuple(sorted(map(lists.index, edge))) not in inside
    ]
    if loose:
        words = ", ".join(f"{s} to {r}" for s, r in loose)
        said.append(f"lists refer persons to each other ({words}) and the model has no term for it")
    if facts.every_referral is False or lists.patterns.unknown.any():
        said.append("not every referral is recorded: those left out pull the estimate down")
    known = facts.every_referral or facts.referral == ()
    return said, [] if said or known else ["that no referral goes unrecorded"]


def _links(lists: Lists, terms: Terms) -> tuple[list[str], list[str]]:
    del terms
    facts = lists.declared
    if facts.missed_links is None and facts.false_links is None:
        return [], ["that records of one person were linked, and no others"]
    return [], []


def _reports(lists: Lists, terms: Terms) -> tuple[list[str], list[str]]:
    """Take away the share of a list's entries that are no true case; they are on it alone."""
    shares = lists.declared.reports
    if not shares:
        return [], ["that every entry is a true case"]
    counts = lists.counts.copy()
    for name, share in shares.items():
        j = lists.index(name)
        alone = (lists.histories[:, j] == 1) & (lists.histories.sum(axis=1) == 1)
        false = share * counts[lists.histories[:, j] == 1].sum()
        counts[alone] = np.maximum(counts[alone] - false, 0.0)
    words = ", ".join(f"{share:.0%} of {name}".replace("%", " %") for name, share in shares.items())
    moved = _moved(lists, terms, counts)
    return _told(moved, f"entries that are no true case ({words})"), []


def _visibility(lists: Lists, terms: Terms) -> tuple[list[str], list[str]]:
    del terms
    if lists.declared.visibility is None:
        return [], ["that everyone is equally likely to be listed"]
    if lists.declared.visibility == "equal":
        return [], []
    return ["persons differ in their chance to be listed: every model of the lists reads low"], []


def _moved(lists: Lists, terms: Terms, corrected: FloatArray) -> tuple[float, float] | None:
    """Return the estimate's bias in standard errors, and the corrected size; None without one."""
    both = np.stack([lists.counts, corrected], axis=1)
    fit: LoglinearFit = loglinear_fit(lists.histories, both, terms)
    if not np.isfinite(fit.total).all():
        return None
    return float((fit.total[0] - fit.total[1]) / fit.std_error[1]), float(fit.total[1])


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
