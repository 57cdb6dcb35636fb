"""What declared facts say of estimates from own captures: how these are recorded, and unknown sources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lists import Lists
from ..trust.stated import facts_verdict, shift, told
from ..trust.verdicts import Verdict
from .graph import Edge
from .variants import Fit, Variant, censored, removed

Array = NDArray[Any]
NEEDS = {"removed": "always", "censored": "masks"}  # how captures must be recorded
FROM_SOURCES = tuple(NEEDS)


def without_source(lists: Lists, edges: list[Edge]) -> Array:
    """Return the captures that may be referred ones or own ones, (P, L)."""
    kinds = lists.patterns
    open_ = kinds.unknown & ~kinds.own & (kinds.senders == 0)
    if lists.declared.every_referral:
        open_ = open_ & np.isin(np.arange(kinds.lists), [r for _, r in edges])
    return np.asarray(open_)


def verdict(
    lists: Lists, variant: Variant, method: str, edges: list[Edge], unknown: str | None, fit: Fit
) -> Verdict:
    """Return what declared facts say, with how captures are recorded and sources that are missing.

    Removed and censored are each other's correction: one is right where lists always record their
    own captures, the other where a referral masks them, and in between the truth lies between.
    """
    against: list[str] = []
    unsaid: list[str] = []
    if method in FROM_SOURCES:
        against, unsaid = _recorded(lists, variant, method, fit)
        open_ = without_source(lists, edges)
        if unknown == "own" and open_.any():
            sure = replace(variant, captures=variant.captures * ~open_)
            words = "captures without a source, taken as own,"
            against += _moved(lists, fit, _total(lists, sure), words, "without them")
    return facts_verdict(lists, None, handled=["referral"], against=against, unsaid=unsaid)


def _recorded(lists: Lists, variant: Variant, method: str, fit: Fit) -> tuple[list[str], list[str]]:
    """Weigh how captures are recorded against what *removed* and *censored* need."""
    recording, needs = lists.declared.recording, NEEDS[method]
    if recording == needs:
        return [], []
    if recording is None:
        return [], ["how lists record their own captures of those who were referred"]
    kinds, own = lists.patterns, variant.captures.astype(bool)
    other = (
        removed(kinds, own, []) if method == "censored" else censored(kinds, own, [], variant.known)
    )
    corrected = _total(lists, replace(other, terms=variant.terms))
    if recording == "first":  # some are recorded: halfway, in the log of the number not seen
        unseen = (corrected - lists.seen) * (float(fit.total[0]) - lists.seen)
        corrected = lists.seen + float(np.sqrt(max(unseen, 0.0)))
    words = f"captures recorded as declared ({recording!r}), where the method needs {needs!r},"
    return _moved(lists, fit, corrected, words, "allowing for that"), []


def _total(lists: Lists, variant: Variant) -> float:
    return float(variant.fit(lists.patterns.count[:, None]).total[0])


def _moved(lists: Lists, fit: Fit, corrected: float, words: str, how: str) -> list[str]:
    off = shift(float(fit.total[0]), float(fit.std_error[0]), lists.seen, corrected)
    return [] if off is None else told(off, words, how)
