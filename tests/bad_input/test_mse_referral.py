"""Referral-aware estimation: what is refused, with the text of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories
from tests.bad_input.cases import Bad, refused

COUNTS = np.array([60, 50, 40, 30, 20, 9, 8, 12, 7, 6, 4, 3, 2, 3, 1])


def lists(data: Any) -> pv.Lists:
    return pv.Lists.from_counts(data["on"], data["n"], ["police", "home", "court", "ngo"])


def asked(referral: Any = (("police", "home"),), **how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.referral_aware(lists(data).declare(referral=referral), **how)


def four() -> dict[str, Any]:
    return {"on": all_histories(4), "n": COUNTS.copy()}


CYCLE = [("police", "home"), ("home", "court"), ("court", "police")]
CASES = {
    "no lists": Bad(four(), pv.mse.referral_aware, TypeError, "lists must be a Lists: found dict"),
    "no referral": Bad(
        four(),
        lambda d: pv.mse.referral_aware(lists(d)),
        ValueError,
        r"lists must have a referral between two of them: found none, .*use pv\.mse\.loglinear",
    ),
    "a cycle": Bad(
        four(),
        asked(CYCLE),
        ValueError,
        r"referrals without a cycle: found .*police to home to court.*"
        r"Use method='merged', which makes one list of police, home, court",
    ),
    "lists that refer both ways": Bad(
        four(), asked([("police", "ngo"), ("ngo", "police")]), ValueError, "without a cycle: found "
    ),
    "all lists joined": Bad(
        four(),
        asked([("police", "home"), ("home", "court"), ("court", "ngo")], method="merged"),
        ValueError,
        "method='merged' must leave two groups of lists: referral joins all 4",
    ),
    "all lists in one family": Bad(
        four(),
        asked([("police", "ngo"), ("home", "ngo"), ("court", "ngo")]),
        ValueError,
        "method='forced' must give a model with an estimate: its terms are not identifiable",
    ),
    "no sources": Bad(
        four(),
        asked(method="removed"),
        ValueError,
        r"method='removed' must know which captures are referred: found none recorded, with 1",
    ),
    "a method that is none": Bad(
        four(), asked(method="force"), ValueError, "method must be one of .* Did you mean 'forced'"
    ),
    "a pair of one list": Bad(
        four(), asked(pairs=["police"]), ValueError, "pairs must be groups of different lists"
    ),
    "a pair of an unknown list": Bad(
        four(), asked(pairs=[("police", "hom")]), KeyError, "Did you mean 'home'"
    ),
    "unknown sources of forced": Bad(
        four(), asked(unknown="own"), ValueError, "unknown must be left out with method='forced'"
    ),
    "no overlap": Bad(
        {"on": np.eye(4, dtype=int), "n": np.array([3, 4, 5, 6])},
        asked(),
        ValueError,
        "lists must overlap: none of 18 persons",
    ),
    "a bracket without referral": Bad(
        four(), lambda d: pv.mse.referral_bracket(lists(d)), ValueError, "must have a referral"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused(name: str) -> None:
    refused(CASES[name])


def test_the_remedies_of_a_cycle_work() -> None:
    known = lists(four()).declare(referral=CYCLE)
    merged = pv.mse.referral_aware(known, method="merged")
    by_hand = known.merge(["police", "home", "court"], name="any")
    assert float(merged) == pytest.approx(float(pv.mse.loglinear(by_hand)), rel=1e-9)
    bracket = pv.mse.referral_bracket(known)
    assert "without a cycle" in bracket.refused["forced"]


def test_a_wrong_word_for_unknown_sources_is_refused() -> None:
    rows = {"police": [1, 0, 1, 1], "home": [0, 1, 1, 1], "sent": ["", "own", "police", ""]}
    known = pv.Lists(rows, ["police", "home"], referred_by={"home": "sent"}, own="own")
    with pytest.raises(ValueError, match="unknown must be one of own, referred: found 'both'"):
        pv.mse.referral_aware(known, method="censored", unknown="both")
    with pytest.raises(ValueError, match="captures without a source are: 1 of 6 have none"):
        pv.mse.referral_aware(known, method="censored")


def test_a_wrong_way_of_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="recording must be one of always, first, masks: found"):
        pv.simulate.lists(100, recording="never", rng=1)
