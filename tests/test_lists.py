"""Case lists: how they come in, what a bootstrap shares, and log-linear models against statsmodels."""

from __future__ import annotations

import itertools
import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
HISTORIES = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]])
COUNTS = np.array([60, 74, 48, 21, 9, 12, 4])
NAMES = ["police", "shelter", "school"]
LISTS = pv.Lists.from_counts(HISTORIES, COUNTS, NAMES)
PERSONS = dict(zip(NAMES, np.repeat(HISTORIES, COUNTS, axis=0).T, strict=True))


# ------------------------------------------------------------------ three ways in
def test_persons_counts_and_captures_are_the_same_lists() -> None:
    persons = pv.Lists(PERSONS, NAMES)
    rows = [(i, NAMES[j]) for i, row in enumerate(np.array(list(PERSONS.values())).T)
            for j in np.flatnonzero(row)]  # fmt: skip
    captures = pd.DataFrame(rows, columns=["person", "list"]).sample(frac=1, random_state=1)
    made = pv.Lists.from_captures(captures, person="person", list="list")
    assert list(made.names) == sorted(NAMES)  # captures have no order of lists of their own
    for lists in (LISTS, persons, pv.Lists(pl.DataFrame(PERSONS), NAMES)):
        assert lists.seen == COUNTS.sum() == 228
        assert lists.sizes == {"police": 94, "shelter": 111, "school": 73}
        assert lists.overlap == 46
        assert lists.source == LISTS.source
        assert lists.histories.tolist() == HISTORIES.tolist()
        assert lists.to_frame()["count"].tolist() == COUNTS.tolist()
    assert made.sizes == {name: LISTS.sizes[name] for name in sorted(NAMES)}
    assert made.source == pv.Lists(PERSONS, sorted(NAMES)).source != LISTS.source
    assert float(pv.mse.stepwise(made, replicates=0)) == pytest.approx(
        float(pv.mse.stepwise(LISTS, replicates=0)), rel=1e-9
    )


def test_histories_in_any_order_repeated_or_left_out() -> None:
    order = np.random.default_rng(1).permutation(7)
    split = np.r_[HISTORIES[order], HISTORIES[:1]], np.r_[COUNTS[order] - (order == 0) * 25, 25]
    assert pv.Lists.from_counts(*split, NAMES).source == LISTS.source
    few = pv.Lists.from_counts([[1, 0, 0], [1, 1, 0]], [3, 2])
    assert list(few.names) == ["list 1", "list 2", "list 3"]
    assert few.counts.tolist() == [3, 0, 0, 2, 0, 0, 0]
    assert repr(LISTS) == (
        "<Lists: 228 persons, 46 on two lists or more; police 94, shelter 111, school 73>"
    )


def test_source_is_a_digest_kept_by_verbs_and_pickle() -> None:
    other = pv.Lists.from_counts(HISTORIES, COUNTS + (np.arange(7) == 3), NAMES)
    renamed = pv.Lists.from_counts(HISTORIES, COUNTS, ["a", "b", "c"])
    assert len({LISTS.source, other.source, renamed.source}) == 3
    for kept in (
        LISTS.bootstrap(10, rng=1),
        LISTS.describe(outcome="victims"),
        pickle.loads(pickle.dumps(LISTS)),  # noqa: S301
    ):
        assert kept.source == LISTS.source
    assert LISTS.scheme is None
    described = pv.mse.loglinear(LISTS.describe(outcome="children", window="2023"))
    assert described.estimand is not None
    assert (described.estimand.outcome, described.estimand.window) == ("children", "2023")


# ------------------------------------------------------------------ captures
CAPTURES = {
    "id": ["a", "a", "a", "b", "b", "c", "d", "e"],
    "by": ["shelter", "shelter", "police", "police", "school", "police", "shelter", "school"],
    "on": ["2020-01-01", "2020-06-30", "2021-12-31", "2019-12-31", "2021-03-01", "2022-01-01",
           "2020-02-29", "2021-12-31T18:30"],
    "sent": [None, None, "shelter", None, "police", None, "hotline", "school"],
}  # fmt: skip


def captured(**how: Any) -> pv.Lists:
    return pv.Lists.from_captures(CAPTURES, **{"person": "id", "list": "by", **how})


def test_repeated_captures_of_a_person_on_one_list_count_once() -> None:
    lists = captured()
    assert list(lists.names) == ["police", "school", "shelter"]
    assert lists.sizes == {"police": 3, "school": 2, "shelter": 2}
    assert (lists.seen, lists.overlap) == (5, 2)


@pytest.mark.parametrize(
    ("window", "outside", "seen"),
    [
        (("2020", "2021"), 2, 4),
        (("2020-01", "2021-12"), 2, 4),
        (("2020-01-01", "2021-12-31"), 2, 4),
        (("2020-01-02", "2021-12-30"), 5, 3),
        (("2020-02", "2021-03"), 5, 3),
        (("2019-12-31", "2021"), 1, 4),
        (("2021", "2022-01-01"), 4, 4),
    ],
)
def test_window_of_days_months_or_years(window: tuple[str, str], outside: int, seen: int) -> None:
    with pytest.warns(
        pv.PrevalenceWarning, match=f"{outside} of 8 captures lie outside the window"
    ):
        lists = captured(date="on", window=window)
    assert lists.seen == seen


def test_dates_of_any_type_within_the_window() -> None:
    assert captured(date="on", window=("2019", "2022")).seen == 5  # and no warning
    frame = pd.DataFrame(CAPTURES)
    frame["on"] = pd.to_datetime(frame["on"], format="ISO8601")
    days = [day.date() for day in frame["on"]]
    for data in (frame, frame.assign(on=days), pl.DataFrame({**CAPTURES, "on": days})):
        with pytest.warns(pv.PrevalenceWarning, match="2 of 8 captures"):
            lists = pv.Lists.from_captures(
                data, person="id", list="by", date="on", window=("2020-01-01", "2021-12-31")
            )
        assert lists.seen == 4


def test_referrals_are_recorded_and_pairs_ordered() -> None:
    lists = captured(referred_by="sent")
    assert lists.referrals == (
        ("hotline", "shelter", 1), ("police", "school", 1), ("school", "school", 1),
        ("shelter", "police", 1),
    )  # fmt: skip
    # A sender that is no list and a list that sends to itself make no pair.
    assert lists.referral_pairs() == [("police", "school"), ("police", "shelter")]
    assert lists.bootstrap(5, rng=1).referrals == lists.referrals
    with pytest.warns(pv.PrevalenceWarning, match="outside"):
        later = captured(referred_by="sent", date="on", window=("2021-06", "2022"))
    assert later.referral_pairs() == []  # the shelter is no list within this window
    assert captured().referrals == ()


def test_numbered_lists_keep_their_numbers_where_senders_are_missing() -> None:
    data = {"id": [1, 1, 2, 3], "by": [1, 2, 1, 2], "sent": [np.nan, 1.0, np.nan, 1.0]}
    lists = pv.Lists.from_captures(data, person="id", list="by", referred_by="sent")
    assert lists.referrals == (("1", "2", 2),)
    assert lists.referral_pairs() == [("1", "2")]
    assert pv.mse.loglinear(lists).facts["n"][0] == 3


# ------------------------------------------------------------------ one bootstrap, many estimators
def test_estimators_under_one_bootstrap_have_their_covariance() -> None:
    lists = LISTS.bootstrap(400, rng=1)
    one = pv.mse.chapman(lists, between=("police", "shelter"))
    two, three = pv.mse.loglinear(lists), pv.mse.lower_bound(lists)
    draws = [np.asarray(e.constants["draws"])[0] for e in (one, two, three)]
    for k in range(5):  # each column is the estimate from that column's counts
        table = pv.Lists.from_counts(LISTS.histories, lists.scheme.factors[:, k], NAMES)  # type: ignore[union-attr]  # it was just made
        values = [
            pv.mse.chapman(table, between=("police", "shelter")),
            pv.mse.loglinear(table),
            pv.mse.lower_bound(table),
        ]
        np.testing.assert_allclose([d[k] for d in draws], [float(v) for v in values], rtol=1e-9)
    moved = [d - float(e) for d, e in zip(draws, (one, two, three), strict=True)]
    for i, j in itertools.combinations(range(3), 2):
        difference = (one, two, three)[i] - (one, two, three)[j]
        wanted = ((moved[i] - moved[j]) ** 2).mean()
        assert difference.std_error[0] ** 2 == pytest.approx(wanted, rel=1e-9)
    assert one.std_error[0] ** 2 == pytest.approx((moved[0] ** 2).mean(), rel=1e-12)
    np.testing.assert_allclose(
        two.interval(0.9)[0],
        np.quantile(draws[1], [0.05, 0.95], method="median_unbiased"),
        rtol=1e-12,
    )
    # The same seed on the same lists is the same bootstrap; another is not.
    again = pv.mse.chapman(LISTS.bootstrap(400, rng=1), between=("police", "shelter"))
    assert (one - again).std_error[0] == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="must have the same kind of variance to be combined"):
        two - pv.mse.chapman(LISTS.bootstrap(400, rng=2), between=("police", "shelter"))
    with pytest.raises(ValueError, match="must have the same kind of variance to be combined"):
        two - pv.mse.loglinear(LISTS)


def test_bootstrap_draws_the_persons_seen() -> None:
    lists = LISTS.bootstrap(2_000, rng=3)
    assert lists.scheme is not None
    draws = lists.scheme.factors
    assert (draws.sum(axis=0) == COUNTS.sum()).all()
    p = COUNTS / COUNTS.sum()
    error = np.sqrt(COUNTS.sum() * p * (1 - p) / 2_000)
    assert (np.abs(draws.mean(axis=1) - COUNTS) < 4 * error).all()


# ------------------------------------------------------------------ log-linear models
def glm(terms: list[tuple[int, ...]], counts: Array = COUNTS) -> tuple[float, float, float]:
    """Total, its standard error and the BIC of a Poisson model fitted by statsmodels.

    A term without a person leaves with its cells, and counts in the BIC.
    """
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    on = {t: HISTORIES[:, t].all(axis=1) for t in terms}
    empty = [t for t in terms if counts[on[t]].sum() == 0]
    keep = ~np.any([on[t] for t in empty], axis=0) if empty else np.ones(7, dtype=bool)
    columns = [np.ones(7), *HISTORIES.T, *(on[t] for t in terms if t not in empty)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # it warns where the cells are as many as the parameters
        model = GLM(counts[keep], np.column_stack(columns)[keep] * 1.0, family=Poisson())
        fit = model.fit(tol=1e-14, maxiter=200)
    dark, variance = np.exp(fit.params[0]), fit.cov_params()[0, 0]
    parameters = 4 + len(terms)
    bic = np.log(counts.sum()) * parameters - 2 * fit.llf
    return counts.sum() + dark, np.sqrt(dark + dark**2 * variance), bic


PAIRS = list(itertools.combinations(range(3), 2))
EMPTY = np.array([60, 74, 48, 21, 0, 12, 0])  # nobody is on the first and the third list


@pytest.mark.parametrize("counts", [COUNTS, EMPTY])
@pytest.mark.parametrize("terms", [[], [(0, 1)], [(0, 2)], [(0, 1), (1, 2)], PAIRS])
def test_loglinear_is_a_poisson_model_of_the_cells_seen(
    counts: Array, terms: list[tuple[int, ...]]
) -> None:
    lists = pv.Lists.from_counts(HISTORIES, counts, NAMES)
    named = [(NAMES[j], NAMES[i]) for i, j in terms]  # the order within a pair does not matter
    if counts is EMPTY and (1, 2) in terms:
        # Given the second list the first and third share nobody: the dark figure has no bound, or,
        # with all pairs, five cells are left for six parameters.
        with pytest.raises(
            ValueError, match=rf"pairs must give a model .* with {len(terms)} terms"
        ):
            pv.mse.loglinear(lists, pairs=named)
        return
    total, std_error, _ = glm(terms, counts)
    found = pv.mse.loglinear(lists, pairs=named)
    # Both fits are iterative; statsmodels stops at a relative change of the deviance of 1e-14.
    assert float(found) == pytest.approx(total, rel=1e-7)
    assert found.std_error[0] == pytest.approx(std_error, rel=1e-6)
    dark, z = total - counts.sum(), 1.959963984540054
    spread = np.exp(z * np.sqrt(np.log1p((std_error / dark) ** 2)))
    np.testing.assert_allclose(
        found.interval()[0], counts.sum() + dark * np.array([1 / spread, spread]), rtol=1e-6
    )


def test_range_is_that_of_all_models_within_six_of_the_best() -> None:
    models: list[list[tuple[int, ...]]] = [
        list(m) for k in range(4) for m in itertools.combinations(PAIRS, k)
    ]
    fits = [glm(terms) for terms in models]
    best = min(bic for _, _, bic in fits)
    close = [total for total, _, bic in fits if bic <= best + 6]
    stated: list[list[tuple[int, ...]]] = [[], [(0, 1)], [(0, 1), (1, 2)]]
    for chosen in stated:
        found = pv.mse.loglinear(LISTS, pairs=[(NAMES[i], NAMES[j]) for i, j in chosen])
        np.testing.assert_allclose(found.provenance["range"], [min(close), max(close)], rtol=1e-6)
        worse = glm(chosen)[2] > best + 6
        assert found.provenance["range of"].endswith("better") == worse
        same = pv.mse.chapman(LISTS, between=("police", "school")).provenance["range"]
        assert same == found.provenance["range"]


def test_a_model_that_others_beat_is_told_so() -> None:
    counts = np.array([60, 74, 48, 61, 9, 12, 34])
    tied = pv.Lists.from_counts(HISTORIES, counts, NAMES)
    alone = pv.mse.loglinear(tied)
    low, high = alone.provenance["range"]
    assert float(alone) < low  # that of models with the pair police and shelter
    assert "models that fit better give 470 to 1,400" in alone.sentence()
    with_pair = pv.mse.loglinear(tied, pairs=[("police", "shelter")])
    assert with_pair.provenance["range"] == (low, high)
    assert "models that fit about as well give" in with_pair.sentence()


def test_a_group_of_three_lists_has_the_range_of_models_of_pairs() -> None:
    histories = [[0, 0, 0, 1], *([*h, x] for h in HISTORIES for x in (0, 1))]
    four = pv.Lists.from_counts(histories, [90, *np.repeat(COUNTS, 2)], [*NAMES, "court"])
    pairs = list(itertools.combinations(NAMES, 2))
    found = pv.mse.loglinear(four, pairs=[*pairs, ("police", "shelter", "school")])
    assert found.provenance["range"] == pv.mse.loglinear(four, pairs=pairs).provenance["range"]
    with pytest.raises(
        ValueError, match="'police, shelter, school' is in without 'police, school'"
    ):
        pv.mse.loglinear(four, pairs=[("school", "police", "shelter"), *pairs[:1], pairs[2]])


# ------------------------------------------------------------------ stepwise and floors
def test_stepwise_without_replicates_and_without_steps() -> None:
    point = pv.mse.stepwise(LISTS, threshold=0, replicates=0)
    independent = pv.mse.loglinear(LISTS)
    assert float(point) == pytest.approx(float(independent), rel=1e-10)
    assert point.std_error[0] == pytest.approx(independent.std_error[0], rel=1e-8)
    assert point.interval_rule == "dark-figure"
    full = pv.mse.loglinear(LISTS, pairs=list(itertools.combinations(NAMES, 2)))
    every = pv.mse.stepwise(LISTS, threshold=1, replicates=0)
    assert float(every) == pytest.approx(float(full), rel=1e-8)
    assert "police and shelter" in " ".join(every.assumptions)
    with_draws = pv.mse.stepwise(LISTS, threshold=0, replicates=50, rng=4)
    lists = LISTS.bootstrap(50, rng=4)
    np.testing.assert_allclose(
        with_draws.constants["draws"], pv.mse.loglinear(lists).constants["draws"], rtol=1e-8
    )
    carried = pv.mse.stepwise(lists, threshold=0, replicates=7, rng=9)  # its own bootstrap is used
    np.testing.assert_array_equal(carried.constants["draws"], with_draws.constants["draws"])


def test_every_estimate_from_lists_is_a_floor_with_its_assumption() -> None:
    made = [
        pv.mse.chapman(LISTS, between=("police", "shelter")),
        pv.mse.lower_bound(LISTS),
        pv.mse.loglinear(LISTS),
        pv.mse.stepwise(LISTS, replicates=0),
    ]
    for e in made:
        assert e.provenance["floor"] is True
        assert len(e.assumptions) >= 2
        assert e.unit == "count"
        seen = 180 if e.method == "mse.chapman" else 228
        assert e.interval()[0, 0] >= seen
    assert made[0].value[0] == pytest.approx(95 * 112 / 26 - 1, rel=1e-12)
    assert "at least" in repr(pv.compare({"lists": made[2]}))


def test_sparse_lists_are_told() -> None:
    sparse = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [60, 60, 6], ["a", "b"])
    with pytest.warns(pv.PrevalenceWarning, match=r"only 6 of 126 persons .* \(under 5 %\)"):
        found = pv.mse.loglinear(sparse)
    assert found.warnings
