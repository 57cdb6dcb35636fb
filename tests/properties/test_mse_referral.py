"""Referral: what holds for every table, the slow version, and what the public functions tell."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories
from prevalence.mse.referral import variants
from prevalence.mse.referral.censored import censored_fit, collapsing
from prevalence.mse.referral.graph import closed_terms, components, families, find_cycle
from prevalence.patterns import Patterns, plain
from tests.naive import referral as naive

Array = NDArray[Any]
# Both sides converge to rounding, times the condition of the dark figure.
SAME = 1e-8
CHANCES = (0.2, 0.15, 0.12, 0.1)
CHAIN = ((0, 1, 0.3), (1, 2, 0.5))

edges_of_five = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda e: e[0] != e[1]), max_size=8
)


def made(rule: str = "first", missing: float = 0.0, seed: int = 1) -> naive.Recorded:
    return naive.simulate(
        np.random.default_rng(seed), CHANCES, CHAIN, size=2_000, runs=1, rule=rule, missing=missing
    )


def lists_of(found: naive.Recorded) -> pv.Lists:
    """Lists made of persons, by the public way; of several senders the first is told."""
    names = [f"list {j + 1}" for j in range(found.on.shape[1])]
    table = pd.DataFrame(found.on, columns=names).assign(persons=found.count[:, 0])
    for j, name in enumerate(names):
        words = np.full(len(table), "own", dtype=object)
        words[found.unknown[:, j]] = None
        for k in reversed(range(len(names))):
            sent = ((found.senders[:, j] >> k) & 1 == 1) & ~found.own[:, j]
            words[sent] = names[k]
        table[f"from {name}"] = words
    return pv.Lists(
        table, names, counts="persons", own="own", referred_by={n: f"from {n}" for n in names}
    )


# The graph


@settings(max_examples=settings().max_examples // 4)
@given(edges_of_five)
def test_components_part_the_lists_and_no_edge_leaves_one(edges: list[tuple[int, int]]) -> None:
    groups = components(edges, 5)
    assert sorted(j for group in groups for j in group) == list(range(5))
    place = {j: g for g, group in enumerate(groups) for j in group}
    assert all(place[s] == place[r] for s, r in edges)
    assert len(groups) >= 5 - len({frozenset(e) for e in edges})


@settings(max_examples=settings().max_examples // 4)
@given(edges_of_five)
def test_a_cycle_is_found_where_there_is_one_and_is_one(edges: list[tuple[int, int]]) -> None:
    reach = np.zeros((5, 5), dtype=bool)
    for sender, receiver in edges:
        reach[sender, receiver] = True
    for middle in range(5):
        reach |= np.outer(reach[:, middle], reach[middle])
    cycle = find_cycle(edges, 5)
    assert bool(cycle) == bool(reach.diagonal().any())
    assert not cycle or cycle[0] == cycle[-1]
    assert set(pairwise(cycle)) <= set(edges)


@settings(max_examples=settings().max_examples // 4)
@given(edges_of_five)
def test_terms_of_families_are_hierarchical(edges: list[tuple[int, int]]) -> None:
    terms = closed_terms(families(edges, 5))
    assert len(set(terms)) == len(terms)
    for term in terms:
        for inside in combinations(term, len(term) - 1):
            assert len(inside) < 2 or inside in terms
    assert {tuple(sorted(e)) for e in edges} <= set(terms)


# The tables


@settings(max_examples=20)
@given(st.lists(st.integers(1, 40), min_size=31, max_size=31))
def test_merging_equals_the_saturated_component(counts: list[int]) -> None:
    kinds = plain(all_histories(5), np.array(counts, dtype=float))
    together = variants.merged(kinds, [(0, 1, 2), (3,), (4,)], [])
    saturated = variants.forced(kinds, [(0, 2), (1, 2)], [])
    one = together.fit(kinds.count[:, None])
    two = saturated.fit(kinds.count[:, None])
    assert one.total[0] == pytest.approx(two.total[0], rel=SAME)
    assert one.std_error[0] == pytest.approx(two.std_error[0], rel=1e-6)


@pytest.mark.parametrize("rule", naive.RULES)
@pytest.mark.parametrize("terms", [[], [(0, 3)]])
def test_censored_equals_the_slow_version(rule: str, terms: list[tuple[int, ...]]) -> None:
    found = made(rule)
    maybe = (found.senders != 0) & ~found.own
    fit = censored_fit(found.own, maybe, found.count[:, 0], terms)
    slow = naive.censored_total(found.own, maybe, found.count[:, 0], terms)
    assert fit.total[0, 0] == pytest.approx(slow, rel=SAME)


def test_every_own_history_is_recorded_in_some_way() -> None:
    found = made()
    collapse, row = collapsing(
        found.own, found.senders != 0, found.count[:, 0], np.array([1.0, 0.9, 0.8, 1.0])
    )
    assert (collapse >= 0).all()
    np.testing.assert_allclose(collapse.sum(axis=0), [0, *np.ones(15)], atol=1e-12)
    assert row.max() < len(collapse)


def test_without_referrals_censored_and_removed_are_the_ordinary_fit() -> None:
    counts = np.random.default_rng(4).integers(1, 50, 15).astype(float)
    kinds = plain(all_histories(4), counts)
    ordinary = variants.forced(kinds, [], [frozenset([0, 1])]).fit(counts[:, None])
    for variant in (
        variants.removed(kinds, kinds.own, [frozenset([0, 1])]),
        variants.censored(kinds, kinds.own, [frozenset([0, 1])], np.ones(4)),
    ):
        fit = variant.fit(counts[:, None])
        assert fit.total[0] == pytest.approx(ordinary.total[0], rel=SAME)
        assert fit.std_error[0] == pytest.approx(ordinary.std_error[0], rel=1e-6)


# The public functions


@pytest.mark.parametrize("method", variants.METHODS)
def test_public_estimates_are_those_of_the_tables(method: str) -> None:
    found = made()
    kinds = Patterns(
        found.own, found.senders, found.unknown, np.zeros(len(found.own), int), found.count[:, 0]
    )
    edges = [(0, 1), (1, 2)]
    by_hand = {
        "forced": lambda: variants.forced(kinds, edges, []),
        "merged": lambda: variants.merged(kinds, [(0, 1, 2), (3,)], []),
        "removed": lambda: variants.removed(kinds, kinds.own, []),
        "censored": lambda: variants.censored(kinds, kinds.own, [], np.ones(4)),
    }[method]()
    lists = lists_of(found)
    assert lists.referral_edges() == [("list 1", "list 2"), ("list 2", "list 3")]
    estimate = pv.mse.referral_aware(lists, method=method)
    fit = by_hand.fit(kinds.count[:, None])
    assert float(estimate) == pytest.approx(fit.total[0], rel=SAME)
    assert float(estimate.std_error[0]) == pytest.approx(fit.std_error[0], rel=1e-6)
    assert "list 1 to list 2" in estimate.assumptions[0] or method == "merged"


@pytest.mark.parametrize("method", variants.METHODS)
def test_the_bootstrap_resamples_kinds_of_persons(method: str) -> None:
    lists = lists_of(made())
    alone = pv.mse.referral_aware(lists, method=method)
    resampled = pv.mse.referral_aware(lists.bootstrap(300, rng=2), method=method)
    assert float(resampled) == pytest.approx(float(alone))
    # The model's error and that of 300 resamples of a skew estimate, a fifth of it at most apart.
    assert float(resampled.std_error[0]) == pytest.approx(float(alone.std_error[0]), rel=0.3)
    assert resampled.interval_rule == "percentile"


def test_removing_all_referred_captures_by_hand_is_removed() -> None:
    found = made("always")
    kept = found.own.any(axis=1)
    by_hand = pv.Lists.from_counts(found.own[kept].astype(int), found.count[kept, 0])
    expected = pv.mse.loglinear(by_hand)
    got = pv.mse.referral_aware(lists_of(found), method="removed")
    assert float(got) == pytest.approx(float(expected), rel=SAME)


def test_merged_is_the_verb_merge() -> None:
    lists = lists_of(made())
    merged = lists.merge(["list 1", "list 2", "list 3"], name="any")
    got = pv.mse.referral_aware(lists, method="merged")
    assert float(got) == pytest.approx(float(pv.mse.loglinear(merged)), rel=SAME)
    assert any("Nothing in these data can contradict" in text for text in got.assumptions)


def test_the_bracket_goes_from_censored_to_removed() -> None:
    lists = lists_of(made())
    bracket = pv.mse.referral_bracket(lists)
    frame = bracket.to_frame()
    assert frame["method"].tolist() == ["forced", "merged", "removed", "censored"]
    values = frame.set_index("method")["estimate"]
    assert (bracket.low, bracket.high) == (values["censored"], values["removed"])
    assert bracket.lower is not None
    assert bracket.low is not None
    assert bracket.lower < bracket.low
    assert "From " in bracket.sentence()
    assert "forced: " in repr(bracket)


def test_unknown_sources_make_four_rows_of_own_captures_and_the_bracket_wider() -> None:
    lists = lists_of(made(missing=0.3))
    with pytest.warns(pv.PrevalenceWarning) as said:
        bracket = pv.mse.referral_bracket(lists)
    told = [str(x.message) for x in said]
    assert len(told) == len(set(told))
    assert sum("captures have no source" in x for x in told) == 1
    assert sum("no capture that counts as an own one" in x for x in told) == 1
    values = bracket.to_frame().set_index("method")["estimate"]
    assert len(values) == 6
    assert bracket.low == values["censored, unknown sources own"]
    assert bracket.high == values["removed, unknown sources left out"]


def test_referrals_that_are_declared_alone_give_no_bracket() -> None:
    counts = [60, 50, 40, 20, 9, 8, 4]
    lists = pv.Lists.from_counts(all_histories(3), counts).declare(referral=[("list 1", "list 2")])
    bracket = pv.mse.referral_bracket(lists)
    assert bracket.low is None
    assert set(bracket.refused) == {"removed", "censored"}
    assert bracket.sentence().startswith("No bracket")
    assert "refused. method='removed' must know" in repr(bracket)
    assert bracket.to_frame()["estimate"].isna().tolist() == [False, False, True, True]


def test_a_capture_from_a_list_that_lacks_the_person_is_counted() -> None:
    rows: dict[str, list[Any]] = {
        "a": [1, 0, 0, 1, 1, 0, 1],
        "b": [0, 1, 0, 1, 0, 1, 1],
        "c": [0, 0, 1, 0, 1, 1, 1],
    }
    rows |= {"n": [60, 50, 40, 20, 9, 8, 4], "sent": ["", "a", "", "a", "", "", ""]}
    lists = pv.Lists(rows, ["a", "b", "c"], counts="n", referred_by={"b": "sent"})
    with pytest.warns(pv.PrevalenceWarning) as said:
        pv.mse.referral_aware(lists, method="removed")
    told = " ".join(str(x.message) for x in said)
    assert "50 captures name a sending list that does not have the person" in told
    assert "50 of 191 persons have no capture that counts as an own one" in told


def test_an_edge_without_a_record_is_told() -> None:
    lists = lists_of(made("always")).declare(referral=[("list 4", "list 1")])
    with pytest.warns(pv.PrevalenceWarning, match="list 4 to list 1 is declared, but none of the"):
        pv.mse.referral_aware(lists, method="removed")


def test_every_referral_declared_makes_unknown_sources_of_other_lists_own() -> None:
    rows: dict[str, list[Any]] = {
        "a": [1, 0, 0, 1, 1, 0, 1],
        "b": [0, 1, 0, 1, 0, 1, 1],
        "c": [0, 0, 1, 0, 1, 1, 1],
    }
    rows |= {"n": [60, 50, 40, 20, 9, 8, 4], "sent": ["", "own", "", "a", "", "own", "own"]}
    rows["by"] = ["own", "", "", "own", None, "", "own"]
    lists = pv.Lists(
        rows, ["a", "b", "c"], counts="n", own="own", referred_by={"a": "by", "b": "sent"}
    )
    with pytest.raises(ValueError, match="unknown must say what captures without a source are: 9"):
        pv.mse.referral_aware(lists, method="removed")
    complete = lists.declare(every_referral=True)
    known = pv.mse.referral_aware(complete, method="removed")
    assert float(known) == float(pv.mse.referral_aware(lists, method="removed", unknown="own"))


@pytest.mark.parametrize("recording", naive.RULES)
def test_simulated_lists_record_referrals_as_asked(recording: str) -> None:
    capture = {"a": 0.4, "b": 0.4, "c": 0.3}
    made_of: dict[str, Any] = {"capture": capture, "referral": {("a", "b"): 0.5}, "rng": 3}
    captures = pv.simulate.lists(3_000, recording=recording, **made_of).captures
    sent = int((captures["referred_by"] == "a").sum())
    # 3,000 x .4 x .5 are referred, 600; .6 of them have no own capture; about half of the others
    # came on the receiving list earlier. Four binomial standard errors are below 90.
    low, high = {"always": (270, 450), "first": (400, 570), "masks": (510, 690)}[recording]
    assert low < sent < high
    same = pv.simulate.lists(3_000, **made_of).captures
    assert len(same) == len(captures)


def test_simulated_sources_can_be_missing() -> None:
    made_of = pv.simulate.lists(3_000, unknown_sources=0.3, rng=3)
    assert (made_of.captures["referred_by"] == "").mean() == pytest.approx(0.3, abs=0.1)
    lists = pv.Lists.from_captures(
        made_of.captures, person="case_id", list="list", referred_by="referred_by", own="own"
    )
    assert lists.coverage()["unknown_source"].sum() == (made_of.captures["referred_by"] == "").sum()
