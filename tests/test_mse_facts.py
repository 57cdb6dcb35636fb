"""What estimates of lists say of declared facts: no more than stands against them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import prevalence as pv

ROWS = {
    "police": [1, 0, 0, 1, 1, 0, 1] * 2, "home": [0, 1, 0, 1, 0, 1, 1] * 2,
    "court": [0, 0, 1, 0, 1, 1, 1] * 2, "sex": ["girl"] * 7 + ["boy"] * 7,
    "n": [90, 70, 60, 40, 12, 9, 6, 50, 40, 30, 20, 8, 7, 4],
}  # fmt: skip


def lists() -> pv.Lists:
    """Return three lists, the first of which refers to the second."""
    made = pv.Lists(ROWS, ["police", "home", "court"], counts="n", strata="sex")
    return made.declare(referral=[("police", "home")], every_referral=True)


@pytest.mark.parametrize(
    "estimate",
    [
        lambda x, pairs: pv.mse.stratified(x, pairs=pairs),
        lambda x, pairs: pv.mse.linked(x, pairs=pairs, missed={"police": 0.01}),
    ],
    ids=["stratified", "linked"],
)
def test_a_referral_is_held_against_a_model_without_a_term_for_it_alone(
    estimate: Callable[..., pv.Estimate],
) -> None:
    with_term, without = (
        estimate(lists(), pairs).provenance["declared facts"]
        for pairs in ([("home", "police")], [])
    )
    assert "no term for it" not in with_term
    assert "police to home" in without


def test_a_declared_share_of_no_false_entries_stands_against_nothing() -> None:
    said = lists().declare(
        reports={"court": 0.0}, missed_links=0.0, false_links=0.0, visibility="equal"
    )
    words = pv.mse.referral_aware(said).provenance["declared facts"]
    assert words == "no declared fact stands against it"


def test_a_choice_of_no_pair_is_called_independence() -> None:
    rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    plain = pv.Lists.from_counts(rows, [40, 40, 40, 10, 10, 10, 2])
    for made in (pv.mse.stepwise(plain, replicates=0), pv.mse.select(plain, replicates=0)):
        assert made.provenance["identified by"].endswith("all lists catch independently")
