"""Lists that know more than overlaps: strata, covariates, who referred whom, and facts declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import prevalence as pv

CAPTURES: dict[str, Any] = {
    "id": ["a", "a", "b", "b", "c", "c", "d", "e", "e"],
    "by": ["police", "home", "police", "home", "home", "court", "court", "home", "home"],
    "sent": ["self", "police", "self", None, "hotline", "home", "self", "police", "self"],
    "sex": ["girl", "girl", "boy", None, "girl", "girl", None, "girl", "boy"],
    "age": [9, 9, 14, 15, np.nan, 16, 12, 11, 11],
}


def captured(data: Any = CAPTURES, **how: Any) -> pv.Lists:
    return pv.Lists.from_captures(
        data, **{"person": "id", "list": "by", "referred_by": "sent", "own": "self", **how}
    )


def kinds(lists: pv.Lists) -> dict[str, Any]:
    """Persons by what is known of each capture: o own, u unknown, or the letters of the senders."""
    out: dict[str, Any] = {}
    p = lists.patterns
    for i, count in enumerate(p.count):
        words = []
        for j, name in enumerate(lists.names):
            sent = "".join(n[0] for k, n in enumerate(lists.names) if p.senders[i, j] >> k & 1)
            word = ("o" if p.own[i, j] else "") + sent + ("u" if p.unknown[i, j] else "")
            words.append(f"{name}={word}" if word else "")
        key = " ".join(w for w in words if w)
        out[key] = out.get(key, 0) + int(count)
    return out


@pytest.mark.parametrize("make", [dict, pd.DataFrame, lambda d: pl.DataFrame(d, strict=False)])
def test_every_capture_keeps_its_source(make: Any) -> None:
    lists = captured(make(CAPTURES))
    assert lists.names == ("court", "home", "police")
    assert kinds(lists) == {
        "home=p police=o": 1,  # a: sent by the police
        "home=u police=o": 1,  # b: a source that is not known
        "court=h home=o": 1,  # c: a hotline is no list, so the capture is the home's own
        "court=o": 1,
        "home=op": 1,  # e: sent by the police and found by the home itself
    }
    assert lists.referrals == (("home", "court", 1), ("hotline", "home", 1), ("police", "home", 2))
    assert lists.referral_edges() == [("home", "court"), ("police", "home")]
    row = lists.coverage().set_index("list").loc["home"]
    assert (row["persons"], row["referred"], row["unknown_source"]) == (4, 1, 1)


def test_without_a_word_for_own_a_missing_sender_is_own() -> None:
    data = {**CAPTURES, "sent": [None if x == "self" else x for x in CAPTURES["sent"]]}
    found = kinds(captured(data, own=None))
    assert "home=o police=o" in found
    assert not any("u" in word.split("=")[1] for key in found for word in key.split())


def test_strata_and_covariates_of_persons() -> None:
    with pytest.warns(pv.PrevalenceWarning, match=r"1 of 5 persons have more than one value of 'a"):
        lists = captured({**CAPTURES, "sex": ["girl"] * 4 + [None, "girl", None, "boy", "boy"]},
                         strata="sex", covariates=["age"])  # fmt: skip
    assert lists.strata == (("boy",), ("girl",), ("(missing)",))
    assert lists.strata_names == ("sex",)
    assert lists.stratum_counts().sum(axis=0).tolist() == [1, 3, 1]
    np.testing.assert_array_equal(lists.stratum_counts().sum(axis=1), lists.counts)
    assert sorted(lists.patterns.covariates["age"]) == [9, 11, 12, 14, 16]  # the first one known
    girls = lists.in_stratum("girl")
    assert (girls.seen, girls.strata) == (3, (("girl",),))
    assert any("more than one value" in said for said in lists.notes)


def simulated(n: int, rng: int) -> tuple[dict[str, Any], list[str]]:
    random = np.random.default_rng(rng)
    names = ["a", "b", "c", "d"]
    on = random.random((n, 4)) < 0.4
    on[~on.any(axis=1), 0] = True
    data = {name: on[:, j].astype(int) for j, name in enumerate(names)}
    sent = np.where(random.random(n) < 0.5, "a", "")
    return {**data, "sex": random.choice(["f", "m"], n), "to b": sent}, names


def test_resamples_of_kinds_add_up_to_those_of_histories() -> None:
    data, names = simulated(300, 1)
    lists = pv.Lists(data, names, strata="sex", referred_by={"b": "to b"}).bootstrap(50, rng=2)
    assert lists.scheme is not None
    assert lists.pattern_draws is not None
    assert (lists.scheme.factors.sum(axis=0) == 300).all()
    draws = lists.stratum_draws()
    assert draws is not None
    np.testing.assert_array_equal(draws.sum(axis=1), lists.scheme.factors)
    by_hand = np.zeros_like(lists.scheme.factors)
    for kind, on in enumerate(lists.patterns.on):
        cell = int(np.flatnonzero((lists.histories == on).all(axis=1))[0])
        by_hand[cell] += lists.pattern_draws[kind]
    np.testing.assert_array_equal(by_hand, lists.scheme.factors)


@pytest.mark.parametrize("extra", [{}, {"strata": "sex", "referred_by": {"b": "to b"}}])
def test_merged_and_left_out_lists_are_those_of_the_persons(extra: dict[str, Any]) -> None:
    data, names = simulated(300, 3)
    lists = pv.Lists(data, names, **extra).bootstrap(20, rng=4)
    assert lists.scheme is not None
    whole = {**data, "ab": np.maximum(data["a"], data["b"])}
    for made, columns in (
        (lists.merge(["a", "b"], name="ab"), ["ab", "c", "d"]),
        (lists.without("a"), ["b", "c", "d"]),
    ):
        on = np.stack([whole[c] for c in columns], axis=1)
        rows = {k: np.asarray(v)[on.any(axis=1)] for k, v in whole.items()}
        again = pv.Lists(rows, columns)
        assert made.names == tuple(columns)
        np.testing.assert_array_equal(made.counts, again.counts)
        assert made.scheme is not None
        # Each resample of the rearranged lists is the rearranged resample.
        total = made.scheme.factors.sum(axis=0)
        assert (total == 300).all() if "ab" in columns else (total < 300).all()
        for kind, on in enumerate(made.histories):  # each resample is that of the same persons
            here = (lists.histories[:, [names.index(c) for c in columns[-2:]]] == on[-2:]).all(1)
            alike = (made.histories[:, -2:] == on[-2:]).all(1)
            gained = lists.scheme.factors[here].sum(axis=0) - made.scheme.factors[alike].sum(axis=0)
            assert (gained >= 0).all() if on[-2:].sum() == 0 else (gained == 0).all(), kind
        difference = pv.mse.loglinear(lists) - pv.mse.loglinear(made)
        assert np.isfinite(difference.std_error).all()


def test_a_referral_from_a_list_that_left_or_was_merged_is_an_own_capture() -> None:
    data, names = simulated(200, 5)
    lists = pv.Lists(data, names, referred_by={"b": "to b"})
    assert lists.referral_edges() == [("a", "b")]
    for made in (lists.without("a"), lists.merge(["a", "b"], name="ab")):
        assert made.referral_edges() == []
        assert (made.patterns.senders == 0).all()
        np.testing.assert_array_equal(made.patterns.own, made.patterns.on == 1)
    kept = lists.merge(["c", "d"], name="cd")
    assert kept.referral_edges() == [("a", "b")]
    assert ((kept.patterns.senders != 0).sum(axis=0) > 0).tolist() == [False, True, False]


def test_facts_are_declared_renamed_and_dropped() -> None:
    lists = pv.Lists(*simulated(200, 6)).declare(
        referral=[("a", "b"), ("b", "c")], reports={"a": 0.3, "d": 0.1}, visibility="unequal"
    )
    merged = lists.merge(["a", "b"], name="ab")
    assert merged.declared.referral == (("ab", "c"),)
    assert merged.declared.reports == {"ab": 0.3, "d": 0.1}
    assert merged.declared.visibility == "unequal"
    assert lists.without("a").declared.referral == (("b", "c"),)
    assert lists.declare(recording="first").declared.referral == lists.declared.referral
    assert lists.bootstrap(5, rng=1).declared == lists.declared


def test_overlaps_tell_odds_ratios_among_persons_seen_elsewhere() -> None:
    data, names = simulated(400, 7)
    table = pv.Lists(data, names).overlaps().set_index(["first", "second"])
    elsewhere = (np.asarray(data["c"]) | np.asarray(data["d"])) == 1
    a, b = np.asarray(data["a"])[elsewhere], np.asarray(data["b"])[elsewhere]
    n = [int(((a == x) & (b == y)).sum()) for x, y in ((1, 1), (0, 0), (1, 0), (0, 1))]
    assert table.loc[("a", "b"), "odds_ratio"] == pytest.approx(n[0] * n[1] / (n[2] * n[3]))
    assert table.loc[("a", "b"), "both"] == int((np.asarray(data["a"]) & data["b"]).sum())


def test_identical_lists_are_one_list() -> None:
    lists = pv.Lists({"a": [1, 1, 0], "b": [1, 1, 0], "c": [1, 0, 1]}, ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"must differ: 'a' and 'b' hold the same 2 .*Merge them"):
        pv.mse.loglinear(lists)
    assert lists.merge(["a", "b"], name="ab").sizes == {"ab": 2, "c": 2}


def test_strata_are_independent_and_no_part_of_the_whole() -> None:
    data, names = simulated(300, 5)
    lists = pv.Lists(data | {"area": np.arange(300) % 2}, names, strata=["sex", "area"])
    girls, boys = (pv.mse.chapman(lists.in_stratum(s), between=("a", "b")) for s in ("f", "m"))
    both = girls + boys
    variance = girls.std_error**2 + boys.std_error**2
    np.testing.assert_allclose(both.std_error**2, variance, rtol=1e-14)  # rounding alone
    again = pv.mse.chapman(lists.in_stratum("f"), between=("a", "b"))
    assert float((girls - again).std_error[0]) == 0
    some = pv.mse.chapman(lists.in_stratum("f", "1"), between=("a", "b"))
    whole = pv.mse.chapman(lists, between=("a", "b"))
    for other in (some, whole):
        with pytest.raises(ValueError, match="must have the same kind of variance"):
            girls - other
