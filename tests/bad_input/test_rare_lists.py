"""Messages of lists and of what is fitted to them that only unusual input brings about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse import existence, histories, threshold
from prevalence.mse.choice.chosen import require_model
from prevalence.mse.closed import chao_lower_bound
from prevalence.mse.closed_population import profile
from prevalence.mse.closed_population.inflation import modified_chao_bound
from prevalence.mse.graphs import lattice
from prevalence.mse.loglinear import loglinear_fit
from prevalence.mse.people import multinomial, robust
from prevalence.mse.strata.design import told_strata

ROWS = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
COUNTS = [60, 74, 48, 21, 9, 12, 4]
PAIR = [[1, 0], [0, 1], [1, 1]]
Ask = Callable[[], Any]


def three(counts: Any = COUNTS) -> pv.Lists:
    return pv.Lists.from_counts(ROWS, counts, ["a", "b", "c"])


def strata() -> pv.Lists:
    data = {
        "a": [1, 1, 0, 1, 0],
        "b": [0, 1, 1, 1, 1],
        "sex": ["girl", "girl", "boy", "boy", "boy"],
    }
    return pv.Lists(data, ["a", "b"], strata="sex")


def seen(lists: pv.Lists) -> pv.Estimate:
    """An estimator that finds nobody beyond those seen."""
    found = pv.mse.loglinear(lists)
    return found * (lists.seen / float(found))


def referred() -> pv.Lists:
    """Three lists, of which one has no capture of its own and nearly all come by referral."""
    on: dict[str, Any] = {
        "police": [1, 0, 1, 0, 1, 0],
        "home": [0, 1, 1, 1, 0, 1],
        "court": [0, 0, 0, 1, 1, 1],
    }
    sent, counts = ["", "police", "police", "police", "", "police"], [3, 30, 9, 1, 6, 7]
    data = {name: np.repeat(x, counts) for name, x in {**on, "sent": sent}.items()}
    return pv.Lists(data, ["police", "home", "court"], referred_by={"home": "sent"})


def versions() -> Any:
    """Two linkages that leave very different numbers of persons on both lists."""
    two = (pv.Lists.from_counts(PAIR, counts, ["a", "b"]) for counts in ([90, 80, 5], [20, 20, 60]))
    return pv.mse.over_linkages(list(two), using=pv.mse.loglinear)


REFUSED: dict[str, tuple[Ask, type[Exception], str]] = {
    "a referral to no list": (
        lambda: pv.Lists(
            {"a": [1, 0, 1], "b": [0, 1, 1], "from": ["", "a", "a"]}, ["a", "b"],
            referred_by={"bb": "from"},
        ),
        KeyError, "referred_by must name lists: 'bb' is not one. Did you mean 'b'",
    ),
    "every referral as a word": (
        lambda: three().declare(every_referral=cast(Any, "yes")),
        TypeError, "every_referral must be True or False: found str",
    ),
    "a referral between lists that are not there": (
        lambda: three().declare(referral=[("a", "d")]),
        KeyError, "lists must be named as in the data: 'd' is not one",
    ),
    "a share of 1": (
        lambda: three().declare(missed_links=1.0),
        ValueError, "missed_links must be a share of at least 0 and below 1: found 1.0",
    ),
    "lists absent from no stratum": (
        lambda: strata().declare(absent={"girls": ["a"]}),
        KeyError, "absent must name strata of the lists: 'girls' is not one. Did you mean 'girl'",
    ),
    "a number of absent lists": (
        lambda: strata().declare(absent=cast(Any, {"girl": 2})),
        TypeError, r"absent must be a list: found 2\. Write {'girl'",
    ),
    "a word for own captures that is a number": (
        lambda: pv.Lists(
            {"a": [1, 0, 1], "b": [0, 1, 1], "from": ["", "a", "a"]}, ["a", "b"],
            referred_by={"b": "from"}, own=1,  # type: ignore[arg-type]
        ),
        TypeError, "own must be a text: found 1. Write the word that marks",
    ),
    "an audit that leaves nothing": (
        lambda: pv.mse.linked(
            three([6, 7, 8, 1, 0, 0, 0]), missed={"a": (29, 30), "b": (29, 30)}, draws=2, rng=5
        ),
        ValueError, "missed and joins must leave an estimate: none of 2 draws of the errors has one",
    ),
    "every list absent": (
        lambda: strata().declare(absent={"girl": ["a", "b"]}),
        ValueError, "absent must leave a list in each stratum: none is left in 'girl'",
    ),
    "a position of no list": (
        lambda: three().index("d"), KeyError, "lists must be named as in the data: 'd' is not one",
    ),
    "a merger of one": (
        lambda: three().merge(["a"], name="x"),
        ValueError, "merge must name two lists or more and leave another: found 1 of 3",
    ),
    "a merger with the name of another": (
        lambda: three().merge(["a", "b"], name="c"),
        ValueError, "name must differ from the other lists: 'c' is one of them",
    ),
    "without all but one": (
        lambda: three().without("a", "b"),
        ValueError, "without must leave two lists or more: found 1 of 3",
    ),
    "without those that have cases": (
        lambda: three([60, 0, 0, 0, 0, 0, 0]).without("a"),
        ValueError, "lists must have cases: found zero",
    ),
    "a bound from one list": (
        lambda: chao_lower_bound(10, 5, 2, lists=1),
        ValueError, "lists must be at least 2: got 1",
    ),
    "a bound without singletons from two lists": (
        lambda: modified_chao_bound(PAIR, [4, 5, 6]),
        ValueError, "lists must be at least 3 for a bound without singletons: got 2",
    ),
    "histories of no list": (
        lambda: histories.all_histories(0), ValueError, "lists must be at least 1: got 0",
    ),
    "counts of three axes": (
        lambda: histories.as_columns(np.ones((2, 2, 2))),
        ValueError, "counts must have one or two axes .*: got 3",
    ),
    "one history alone": (
        lambda: histories.as_histories([1, 0]),
        ValueError, "histories must have two axes .*: got 1",
    ),
    "more counts than histories": (
        lambda: histories.complete_table(PAIR, [1, 2]),
        ValueError, "counts must have one row a history: got 2 for 3 histories",
    ),
    "several tables to resample": (
        lambda: histories.bootstrap_counts(np.ones((3, 2)), 4),
        ValueError, "counts must be one table: got 2 columns",
    ),
    "fewer than no resamples": (
        lambda: histories.bootstrap_counts([1, 2, 3], -1),
        ValueError, "replicates must not be negative: got -1",
    ),
    "resamples of nobody": (
        lambda: histories.bootstrap_counts([0, 0, 0], 4),
        ValueError, "counts must not all be 0: got 0 persons",
    ),
    "a linkage that leaves nobody unseen": (
        lambda: pv.mse.over_linkages([three(), three([61, *COUNTS[1:]])], using=seen),
        ValueError, "using must estimate persons on no list: 2 of 2 versions have none",
    ),
    "audited persons without clusters": (
        lambda: pv.mse.linked(three(), splits=cast(Any, [4])),
        ValueError, "splits must be pairs of clusters and persons: found 4",
    ),
    "all pairs of three lists in an audit": (
        lambda: pv.mse.linked(
            three([60, 74, 48, 0, 0, 12, 0]), pairs=[("a", "b"), ("a", "c"), ("b", "c")],
            missed={"a": 0.1},
        ),
        ValueError, "pairs, missed and joins must give a model with an estimate: with 3 terms",
    ),
    "a model for each term it has not": (
        lambda: loglinear_fit(ROWS, COUNTS, [(0, 1)], included=np.ones((2, 1), dtype=bool)),
        ValueError, "included must have the shape .*: got .* for 1",
    ),
    "models and tables of two numbers": (
        lambda: loglinear_fit(
            ROWS, np.ones((7, 3)), [(0, 1)], included=np.ones((1, 2), dtype=bool)
        ),
        ValueError, "included must have as many columns as counts, or one: got 2 for 3",
    ),
    "an overlap that one list has alone": (
        lambda: pv.mse.stepwise(three([5, 0, 0, 5, 0, 0, 0]), replicates=0),
        ValueError, "lists must have an estimate under independence: no maximum of the likelihood",
    ),
    "a label that no complete stratum has": (
        lambda: told_strata([("girl", "?"), ("boy", "old")], ["a", "b"], {}, "?"),
        ValueError, r"strata must hold every person: 1 of 2 groups .*\(first: girl, \?\)",
    ),
    "one list inside another": (
        lambda: pv.mse.sensitivity(
            three([60, 0, 48, 21, 9, 0, 4]), pair=("a", "b"), odds_ratio=(1, 2)
        ),
        ValueError, "pair must be lists of which neither lies inside the other",
    ),
}  # fmt: skip
SAID: dict[str, tuple[Ask, str]] = {
    "linkages that disagree": (
        versions, "versions of the linkage differ more than chance within one",
    ),
    "a bound from two persons": (
        lambda: pv.mse.one_inflation(
            three([60, 74, 48, 1, 0, 1, 4]), mechanism="before", law="bound"
        ),
        "fewer than three persons are on two lists, so the bound is the",
    ),
    "a list without a capture of its own": (
        lambda: pv.mse.referral_aware(referred(), method="removed"),
        "1 of 3 lists have no own capture and tell nothing",
    ),
    "more seen than estimated": (
        lambda: pv.mse.referral_aware(referred(), method="removed"),
        "the estimate is below the 56 persons seen. Use method='forced'",
    ),
    "an audit that leaves some draws without an estimate": (
        lambda: pv.mse.linked(
            three([6, 7, 8, 1, 0, 0, 0]), missed={"a": (29, 30), "b": (29, 30)}, draws=50, rng=1
        ),
        "15 of 50 draws of the errors have no estimate",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(name: str) -> None:
    ask, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        ask()


@pytest.mark.parametrize("name", SAID)
@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
def test_what_stands_is_said(name: str) -> None:
    ask, message = SAID[name]
    with pytest.warns(pv.PrevalenceWarning, match=message):
        ask()


def test_a_table_of_models_without_an_estimate() -> None:
    table = pv.mse.models(three())
    with pytest.raises(ValueError, match="lists must have a model with an estimate: none of"):
        require_model(_without(table))


def _without(table: Any) -> Any:
    return type("Table", (), {"excluded": len(table), "__len__": lambda _: len(table)})()


def test_iterations_that_do_not_arrive_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robust, "TILTS", 1)
    monkeypatch.setattr(multinomial, "STEPS", 0)
    q, sign = np.full((3, 3), 0.2), np.array([1, 1, -1])
    with pytest.raises(pv.ConvergenceError, match="the targeted chances did not settle in 1 steps"):
        robust.targeted(
            q, np.array([0, 1, 2]), np.array([9.0, 1, 1]), sign, clamp=0.01, odds_ratio=1.0
        )
    z, category = np.ones((4, 1)), np.array([0, 1, 1, 0])
    with pytest.raises(pv.ConvergenceError, match="the multinomial logit of the histories did not"):
        multinomial.fit(z, category, np.ones(4), 2, ridge=0.0, start=np.ones((1, 2)))


def test_profiles_without_a_maximum_are_told() -> None:
    def rising(dark: Any) -> tuple[Any, Any]:
        return dark, np.ones(dark.shape)

    with pytest.raises(pv.ConvergenceError, match=r"the profile likelihood .* has no maximum"):
        profile.trace(rising, 10.0, 5.0)
    with pytest.raises(pv.ConvergenceError, match=r"did not converge for 1 of 2 values \(first: 7"):
        profile._require(np.array([True, False]), np.array([3.0, 7.0]))


def test_a_linear_program_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(fun=None, message="it gave up.")
    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, **__: failed)
    with pytest.raises(pv.ConvergenceError, match="the linear program for existence of the"):
        existence._no_direction(np.ones((1, 2)), np.ones((1, 2)))


def test_few_effective_draws_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threshold, "FEWEST", 10**9)
    with pytest.raises(pv.ConvergenceError, match="the importance sampler must have 1000000000"):
        pv.mse.thresholded(three(), draws=1_000, rng=1)


def test_a_posterior_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lattice, "FARTHEST", 1e3)
    with pytest.raises(ValueError, match="prior must give a posterior that ends: beyond 1e290"):
        pv.mse.decomposable(three(), saturated=False)


def test_tables_of_odds_ratios_without_an_estimate_are_not_drawn() -> None:
    lists = pv.Lists.from_counts(PAIR, [40, 30, 10], ["A", "B"])
    table = pv.mse.sensitivity(lists, odds_ratio=(1, 2))
    gone = replace(table, total=np.full(2, np.nan))
    with pytest.raises(ValueError, match="table must have an odds ratio with an estimate: none"):
        pv.plot.sensitivity(gone)


def test_a_mode_that_is_not_found_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threshold, "STEPS_TO_MODE", 0)
    with pytest.raises(
        pv.ConvergenceError, match="the posterior mode must be found within 0 steps"
    ):
        pv.mse.thresholded(three(), draws=1_000, rng=1)
