"""What every public function of `pv.mse` answers to lists that cannot carry an estimate."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories
from tests.bad_input.cases import Bad, refused, unchanged

Array = NDArray[Any]
NAMES = ("police", "home", "court")
PAIR = ("police", "home")
QUICK = {"chains": 2, "levels": 2, "draws": 40, "warmup": 20, "rng": 1}


def call(name: str, **how: Any) -> Callable[[Any], Any]:
    return lambda given: getattr(pv.mse, name)(given, **how)


def referred(name: str) -> Callable[[Any], Any]:
    def ask(given: Any) -> Any:
        known = given.declare(referral=[PAIR]) if isinstance(given, pv.Lists) else given
        return getattr(pv.mse, name)(known)

    return ask


def versions(given: Any) -> Any:
    return pv.mse.over_linkages([given, given], using=pv.mse.loglinear)


# Every public function of lists; a new one is added here.
EVERY: dict[str, Callable[[Any], Any]] = {
    "chapman": call("chapman", between=PAIR),
    "closed": call("closed"),
    "decomposable": call("decomposable", saturated=False, rng=1),
    "doubly_robust": call("doubly_robust", covariates=[], folds=1, rng=1),
    "doubly_robust_pairs": call("doubly_robust_pairs", covariates=[], folds=1, rng=1),
    "graph_posterior": call("graph_posterior", saturated=False),
    "huggins": call("huggins", covariates=[]),
    "influence": call("influence"),
    "latent_class": call("latent_class", **QUICK, unconverged=True),
    "latent_class_fit": call("latent_class_fit", **QUICK),
    "lincoln_petersen": call("lincoln_petersen", between=PAIR),
    "linked": call("linked", missed={"police": 0.1}),
    "linked_pair": call("linked_pair", between=PAIR, true_links=(9, 9), linked_matches=(9, 9)),
    "loglinear": call("loglinear"),
    "lower_bound": call("lower_bound"),
    "models": call("models"),
    "one_inflation": call("one_inflation", mechanism="before"),
    "over_linkages": versions,
    "referral_aware": referred("referral_aware"),
    "referral_bracket": referred("referral_bracket"),
    "reliability": call("reliability", simulations=19),
    "select": call("select", replicates=20, rng=1),
    "sensitivity": call("sensitivity"),
    "stepwise": call("stepwise", replicates=20, rng=1),
    "stratified": call("stratified"),
    "thresholded": call("thresholded", draws=1000, rng=1),
    "vary_ntop": call("vary_ntop", replicates=20, rng=1),
}
# What two lists of three have in common is asked of them alone.
OF_TWO = {"chapman", "lincoln_petersen", "linked_pair"}
# Tables of models, graphs or rows: their rows say why there is no size.
TABLES = {"doubly_robust_pairs", "graph_posterior", "influence", "latent_class_fit", "models"}
TABLES |= {"vary_ntop"}
HISTORIES = all_histories(3)
PLENTY = np.array([120.0, 90, 80, 30, 25, 20, 8])
APART = np.array([120.0, 90, 80, 0, 0, 0, 0])
ALL_ONES = np.array([0.0, 0, 0, 0, 0, 0, 40])
SAME = np.array([0.0, 0, 80, 120, 0, 0, 30])  # police and home are one list
INSIDE = np.array([0.0, 90, 80, 30, 0, 20, 8])  # all of police are at home
EMPTY = np.array([120.0, 90, 0, 30, 0, 0, 0])  # court has nobody
SMALL = np.array([3.0, 2, 1, 1, 0, 0, 0])


def made(counts: Array) -> pv.Lists:
    return pv.Lists.from_counts(HISTORIES, counts, list(NAMES))


def test_every_public_function_of_lists_is_here() -> None:
    functions = {n for n in pv.mse.__all__ if not isinstance(getattr(pv.mse, n), type)}
    assert functions == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_anything_but_lists_is_refused(name: str) -> None:
    message = "lists must be a Lists: found dict. Make one with"
    refused(Bad({"police": [1, 0]}, EVERY[name], TypeError, message))


@pytest.mark.parametrize("name", EVERY)
def test_lists_that_share_nobody_are_told_what_is_not_identified_and_the_bound(name: str) -> None:
    with pytest.raises(ValueError, match=r"not identified.*at least the (290|210|120) ") as caught:
        EVERY[name](made(APART))
    assert "lists must overlap" in str(caught.value)


@pytest.mark.parametrize("counts", [ALL_ONES, SAME], ids=["all on all", "two the same"])
@pytest.mark.parametrize("name", EVERY)
def test_lists_that_are_one_list_are_refused(name: str, counts: Array) -> None:
    with pytest.raises(ValueError, match="lists must differ"):
        EVERY[name](made(counts))


def sizes(found: Any) -> list[float]:
    """Return every population size that an answer gives."""
    if isinstance(found, pv.Estimate):
        return [*found.value.tolist(), *found.interval().ravel().tolist()]
    if isinstance(found, pv.mse.ReferralBracket):
        return [x for e in found.estimates.values() for x in sizes(e)]
    if isinstance(found, pv.mse.LatentClassFit | pv.mse.GraphPosterior):
        return [float(found.median)] if hasattr(found, "median") else []
    frame = found.to_frame()
    return [float(x) for x in frame.get("estimate", frame.get("without", ())) if np.isfinite(x)]


def answered(name: str, counts: Array) -> tuple[str, list[float]]:
    """Return what was said, by warnings or by the refusal, and the sizes given."""
    given = made(counts)
    before = copy.deepcopy((given.counts, given.histories, given.patterns.count))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", pv.PrevalenceWarning)
        try:
            found: Any = EVERY[name](given)
        except (ValueError, pv.ConvergenceError) as error:
            found, said = None, str(error)
        else:
            said = " ".join(str(w.message) for w in caught)
    for one, two in zip(before, (given.counts, given.histories, given.patterns.count), strict=True):
        unchanged(one.tolist(), two.tolist())
    return said, [] if found is None else sizes(found)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (
            INSIDE,
            r"on home too|differ both ways|neither lies inside|estimate|every history|nobody is",
        ),
        (
            EMPTY,
            "hold nobody|hold none|estimate|every history|nobody is on|maximum of its likelihood",
        ),
        (SMALL, ""),
    ],
    ids=["one inside another", "one empty", "few persons"],
)
@pytest.mark.parametrize("name", EVERY)
def test_no_size_is_without_bounds_and_the_reason_is_said(
    name: str, counts: Array, words: str
) -> None:
    said, found = answered(name, counts)
    assert all(np.isfinite(found))
    assert all(0 < x < 1e6 for x in found)
    if name not in TABLES:
        assert not words or said
        if said and words and name not in OF_TWO:
            assert any(word in said for word in words.split("|")), said


@pytest.mark.parametrize("name", ["loglinear", "linked", "stratified", "reliability", "influence"])
@pytest.mark.parametrize(
    ("pairs", "kind", "message"),
    [
        ("police", TypeError, "pairs must be a list of groups of lists: found 'police'. Write"),
        (7, TypeError, "pairs must be a list of groups of lists: found 7. Write"),
        (["police"], ValueError, "pairs must be groups of different lists: found 'police'. Write"),
        ([("police", "police")], ValueError, r"different lists: found \('police', 'police'\)"),
        ([(1, 2)], ValueError, r"pairs must be groups of different lists: found \(1, 2\)"),
        ([("police", "hom")], KeyError, "'hom' is not one. Did you mean 'home'"),
        ([NAMES], ValueError, "pairs must hold what is inside a larger group"),
    ],
)
def test_groups_of_lists_are_checked(
    name: str, pairs: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        getattr(pv.mse, name)(made(PLENTY), pairs=pairs)


@pytest.mark.parametrize("pair", [7, None, "police", ("police",), ("police", "police"), NAMES])
@pytest.mark.parametrize("name", sorted(OF_TWO))
def test_two_lists_are_two(name: str, pair: Any) -> None:
    how = {"true_links": (9, 9), "linked_matches": (9, 9)} if name == "linked_pair" else {}
    with pytest.raises(ValueError, match="between must be two different lists: found"):
        getattr(pv.mse, name)(made(PLENTY), between=pair, **how)


WRONG = {
    "a seed below 0": (
        call("stepwise", rng=-1), ValueError, "rng must be a seed of at least 0: found -1"
    ),
    "replicates in a list": (
        call("stepwise", replicates=[9]), ValueError, r"replicates must be .* least 2: found \[9\]"
    ),
    "simulations of none": (
        call("reliability", simulations=0), ValueError, "simulations must be a whole number"
    ),
    "odds in words": (
        call("reliability", odds_ratio="x"), TypeError, "odds_ratio must hold numbers: found 'x'"
    ),
    "odds beyond meaning": (
        call("sensitivity", odds_ratio=[1e300]), ValueError, "within 1e-06 and 1,000,000"
    ),
    "no end of the unseen": (
        call("decomposable", largest=float("nan")), ValueError, "largest must be .*: found nan"
    ),
    "a prior of all the world": (
        call("graph_posterior", delta=1e300), ValueError, "delta must be a positive number"
    ),
    "saturated in words": (
        call("decomposable", saturated="no"), TypeError, "saturated must be True or False"
    ),
    "draws in part": (call("linked", draws=2.5), ValueError, "draws must be a whole number"),
    "missed links of all": (
        call("linked", missed=0.1), TypeError, "missed must be a mapping: found 0.1. Write"
    ),
    "joins of nobody": (
        call("linked", joins=[PAIR]), TypeError, "joins must be a mapping: found"
    ),
    "splits of nobody": (
        call("linked", splits="police"), TypeError, "splits must be a list of"
    ),
    "an audit without end": (
        call("linked", missed={"police": (float("inf"), float("inf"))}), ValueError, "Correct the audit"
    ),
    "no estimator": (
        lambda x: call("over_linkages", using="loglinear")([x, x]), TypeError,
        "using must be an estimator of lists: found 'loglinear'",
    ),
    "an estimator of something else": (
        lambda x: call("over_linkages", using=pv.mse.models)([x, x]), TypeError,
        "using must return an Estimate: found ModelTable",
    ),
    "covariates that are a number": (
        call("huggins", covariates=3), TypeError, "covariates must be names: found 3. Write"
    ),
    "among a number": (
        call("doubly_robust", covariates=[], among=3), ValueError, "among must be two or more"
    ),
    "strata that are a number": (
        call("stratified", by_stratum=3), TypeError, "by_stratum must be a list or a mapping: found 3"
    ),
    "strata in numbers": (
        call("stratified", by_stratum=[3]), ValueError, "by_stratum must name lists and groups"
    ),
    "heterogeneity of nothing": (
        call("closed", model="Mh", heterogeneity=[]), ValueError, r"heterogeneity must be .*found \[\]"
    ),
    "numbers of models in words": (
        call("vary_ntop", ntop="ten"), TypeError, "ntop must be a list of whole numbers"
    ),
    "an array for yes or no": (
        call("latent_class", **{**QUICK, "unconverged": np.ones(2)}), TypeError,
        "unconverged must be True or False: found",
    ),
    "levels that are one": (call("vary_ntop", levels=0.9), TypeError, "levels must be a list"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_refused(name: str) -> None:
    ask, kind, message = WRONG[name]
    with pytest.raises(kind, match=message) as caught:
        ask(made(PLENTY))
    assert type(caught.value) is kind


def test_a_bound_that_is_the_number_seen_is_said() -> None:
    counts = np.array([1.0, 0, 0, 9, 8, 7, 3])
    with pytest.warns(pv.PrevalenceWarning, match="the bound is the 28 seen and has no standard"):
        assert float(pv.mse.lower_bound(made(counts))) == 28


def test_an_estimate_below_the_persons_on_other_lists_is_said() -> None:
    counts = np.array([10.0, 9, 400, 30, 2, 2, 1])
    with pytest.warns(pv.PrevalenceWarning, match="is below the 454 persons on any of the lists"):
        assert float(pv.mse.chapman(made(counts), between=PAIR)) < 454


def test_limits_of_resamples_hold_the_estimate_and_those_seen() -> None:
    counts = np.array([2.0, 1, 40, 8, 0, 0, 0])
    lists = made(counts).bootstrap(40, rng=3)
    with pytest.warns(pv.PrevalenceWarning, match="below the 51 persons"):
        found = pv.mse.chapman(lists, between=PAIR)
    low, high = found.interval()[0]
    assert found.constants["draws"].min() < 11 <= low <= float(found) <= high


def test_a_sensitivity_without_room_for_independence_says_so() -> None:
    counts = np.array([10.0, 9, 400, 30, 2, 2, 1])
    table = pv.mse.sensitivity(made(counts), pair=PAIR)
    assert "An odds ratio of 1 contradicts the 454 persons seen; it is at least" in repr(table)


def test_groups_without_a_number_are_counted_and_few_are_named() -> None:
    rng = np.random.default_rng(4)
    on = rng.random((600, 2)) < (0.5, 0.6)
    on = on[on.any(axis=1)]
    data = {"police": on[:, 0].astype(int), "home": on[:, 1].astype(int)}
    data["age"] = rng.integers(0, 120, len(on))
    lists = pv.Lists(data, ["police", "home"], covariates="age")
    with pytest.warns(
        pv.PrevalenceWarning, match=r"for \d+ of \d+ groups \(first: (\d+(, )?){5}\)"
    ):
        pv.mse.doubly_robust(lists, by="age", folds=1, rng=1)
