"""Simulated answers do what their settings say, and the truth behind them can be estimated back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.simulate import SimulatedAnswers, answers
from prevalence.simulate.questionnaire import BINS, heaped
from prevalence.simulate.shared import gamma, lognormal

Array = NDArray[Any]
# Few ties in known groups: what the library says of such answers is tested elsewhere.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:hidden groups are of children"),
    pytest.mark.filterwarnings("ignore:.*report more hidden people than they know"),
]
HIDDEN = "n_children_trafficked"


def counts(made: SimulatedAnswers) -> Array:
    return made.adults[[*made.known]].to_numpy(dtype=float)


def test_the_settings_of_before_give_the_numbers_of_before() -> None:
    """The draws in their order: degrees, known groups, areas, barriers, weights, reports."""
    made = answers(600, clusters=30, area_sd=0.4, barrier_sd=0.3, recall=0.1, rng=7)
    rng = np.random.default_rng(7)
    persons = gamma(600, 180.0, 0.9, rng)
    sizes = np.array(list(made.known.values()))
    forgotten = (sizes / np.median(sizes)) ** -0.1
    known = rng.poisson(np.outer(persons, sizes / made.population * forgotten))
    effect = lognormal(30, 0.4, rng)[made.adults["cluster"]] * lognormal(600, 0.3, rng)
    weight = lognormal(600, 0.5, rng)
    np.testing.assert_array_equal(counts(made), known)
    np.testing.assert_array_equal(made.adults["weight"], weight)
    mean = persons * made.children / made.population * 0.01 * 0.6 * effect
    hidden = rng.poisson(mean)
    assert (made.adults[HIDDEN] == hidden).mean() > 0.99  # a mean may differ in its last bit
    assert made.adults.columns.tolist() == ["adult_id", "cluster", "weight", *made.known, HIDDEN]


def test_the_same_seed_gives_the_same_answers_and_a_generator_others() -> None:
    how: dict[str, Any] = {"clusters": 20, "heaping": 0.5, "missing": 0.1, "known": "both"}
    pd.testing.assert_frame_equal(
        answers(200, **how, rng=3).adults, answers(200, **how, rng=3).adults
    )
    assert not answers(200, **how, rng=3).adults.equals(answers(200, **how, rng=4).adults)


def test_it_says_that_it_is_synthetic() -> None:
    made = answers(200, clusters=20, rng=1)
    assert "no row is a real person" in made.survey().about.population
    assert {group.source for group in made.answers().known.values()} == {"assumed: synthetic"}


def ratio(made: SimulatedAnswers) -> float:
    """Return the weighted ratio of sums of those who answered, adjusted, over the truth."""
    asked = made.answers()
    y, x = asked.counts(["trafficked children"])[0], asked.counts(list(asked.known))
    w, sizes = made.adults["weight"].to_numpy(), asked.sizes()
    answered = ~np.isnan(x)
    size = sizes @ answered
    degree = np.nansum(x, axis=0) / np.where(size > 0, size, 1)
    used = w * (~np.isnan(y) & (size > 0))
    found = (used @ np.nan_to_num(y)) / (used @ degree)
    return float(found / made.transmission * made.precision / made.trafficked)


def estimated(**how: Any) -> Array:
    """Estimates over the truth, of 12 samples."""
    made = (answers(1_500, clusters=75, prevalence=0.02, rng=seed, **how) for seed in range(12))
    return np.array([ratio(one) for one in made])


def test_the_estimate_of_the_library_is_that_of_these_tests() -> None:
    made = answers(1_500, clusters=75, known="children", missing=0.05, precision=0.8, rng=1)
    e = pv.nsum.scale_up(made.answers(), transmission=0.6, precision=0.8, missing="complete")
    assert e.value[0] / made.trafficked == pytest.approx(ratio(made), rel=1e-12)


def near(found: Array, wanted: float, slack: float = 0.0) -> None:
    error = found.std() / np.sqrt(found.size)
    assert found.mean() == pytest.approx(wanted, abs=4 * error + slack)


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({"known": "children"}, 1.0),
        ({"known": "children", "child_mixing": 1.5}, 1.0),
        ({"known": "children", "precision": 0.5, "transmission": 0.8}, 1.0),
        ({"known": "children", "overdispersion": 2.0, "degree_area_sd": 0.4}, 1.0),
        ({"known": "children", "regions": 5, "region_sd": 0.8, "area_sd": 0.2}, 1.0),
        ({"known": "children", "missing": 0.05, "dont_know": 0.1}, 1.0),
    ],
    ids=["children", "mixing", "precision", "barrier", "regions", "missing"],
)
def test_the_truth_is_estimated_back(how: dict[str, Any], wanted: float) -> None:
    """Four Monte Carlo errors of 12 samples; a ratio of sums of 75 clusters is biased by 1 %."""
    near(estimated(**how), wanted, 0.01)


def test_groups_of_persons_are_wrong_by_how_much_better_children_are_known() -> None:
    """Known groups of persons, hidden children: the ratio carries the mixing of children."""
    near(estimated(known="persons", child_mixing=1.5), 1.5, 0.015)


def test_large_groups_are_recalled_as_their_square_root() -> None:
    made = answers(4_000, clusters=100, recall_threshold=10_000, rng=1)
    full = answers(4_000, clusters=100, rng=1)
    sizes = np.array(list(made.known.values()))
    ratio = counts(made).sum(axis=0) / counts(full).sum(axis=0)
    wanted = np.sqrt(np.minimum(10_000 / sizes, 1))
    error = np.sqrt(2 / counts(made).sum(axis=0))  # two Poisson counts of one population
    assert (np.abs(ratio / wanted - 1) < 4 * error).all()


def test_counts_vary_as_much_as_the_overdispersion_says() -> None:
    """Pearson residuals given the degree, estimated from all groups but one, over 12 groups."""
    made = answers(6_000, clusters=100, overdispersion=3.0, rng=1)
    y, sizes = counts(made), np.array(list(made.known.values()))
    rng = np.random.default_rng(1)
    mean = np.outer(gamma(6_000, 180.0, 0.9, rng), sizes / made.population)
    found = ((y - mean) ** 2).sum(axis=0) / mean.sum(axis=0)
    assert found.mean() == pytest.approx(3.0, rel=0.08)


def test_answers_are_rounded_cut_off_and_left_out_as_often_as_asked() -> None:
    exact = answers(20_000, clusters=100, known="both", rng=1)
    made = answers(
        20_000,
        clusters=100,
        known="both",
        heaping=0.6,
        top_code=12,
        missing=0.03,
        dont_know=0.05,
        rng=1,
    )
    y = counts(made)
    assert np.mean(np.isnan(y)) == pytest.approx(0.03, abs=0.002)
    assert np.mean(y == 998) == pytest.approx(0.05, abs=0.002)
    assert np.nanmax(y[y != 998]) == 12
    before = counts(exact)
    told = ~np.isnan(y) & (y != 998) & (before >= 3) & (before < 12) & (before % 5 != 0)
    assert np.mean(y[told] % 5 == 0) == pytest.approx(0.6, abs=0.02)
    same = ~np.isnan(y) & (y != 998) & (before < 3)
    np.testing.assert_array_equal(y[same], before[same])
    answered = made.answers()
    assert {item.kind for item in answered.items.values()} == {"top-coded"}
    assert answered.items[HIDDEN].reasons.keys() == {"don't know", "blank"}


def test_heaped_numbers_are_the_nearest_round_ones() -> None:
    y = np.array([0, 1, 2, 3, 7, 8, 12, 13, 15, 16, 24, 25, 34, 96])
    found = heaped(y, 1.0, np.random.default_rng(1))
    np.testing.assert_array_equal(found, [0, 1, 2, 5, 5, 10, 10, 15, 15, 20, 20, 30, 30, 100])


def test_binned_and_yes_or_no_answers_hold_the_counts_behind_them() -> None:
    exact = answers(2_000, clusters=50, rng=1)
    made = answers(
        2_000, clusters=50, yes_no=["n_group_3"], binned=["n_group_10", HIDDEN], missing=0.02, rng=1
    )
    asked = made.answers()
    low, high = asked.bounds(["n_group_3", "n_group_10", "trafficked children"])
    truth = exact.adults[["n_group_3", "n_group_10", HIDDEN]].to_numpy()
    assert ((low <= truth) & (truth <= high)).all()
    assert asked.items["n_group_10"].kind == "binned"
    assert set(made.adults["n_group_10"].dropna()) <= set(BINS)
    assert set(made.adults["n_group_3"].dropna()) == {0, 1}


def test_regions_share_the_truth_out() -> None:
    made = answers(1_000, clusters=40, regions=4, region_sd=0.7, rng=1)
    assert made.truth["trafficked"].sum() == pytest.approx(made.trafficked)
    assert made.truth["children"].sum() == pytest.approx(made.children)
    assert made.truth["region"].tolist() == [f"region {j}" for j in (1, 2, 3, 4)]
    per_region = made.adults.groupby("region")["cluster"].nunique()
    assert (per_region == 10).all()
    assert made.truth["trafficked"].std() > 100


def test_answers_on_a_survey_with_further_steps() -> None:
    made = answers(400, clusters=40, known="children", rng=1)
    again = made.answers(survey=made.survey().jackknife())
    assert again.survey.scheme is not None
    e = pv.nsum.scale_up(again, transmission=0.6)
    assert np.isfinite(e.std_error).all()


def test_forms_are_asked_one_by_one_with_their_own_chance_of_a_report() -> None:
    forms = {"labour": (0.5, 0.8), "sexual": (0.5, 0.2)}
    made = answers(4_000, clusters=200, prevalence=0.05, area_sd=0.0, forms=forms, rng=4)
    assert made.transmission == pytest.approx(0.5)
    found = made.adults[["n_children_labour", "n_children_sexual"]].sum()
    known = 4_000 * 180 * made.children / made.population * 0.05 / 2  # children in each form
    expected = known * np.array([0.8, 0.2])
    # degrees vary: of their total the relative standard error is 0.9 / 4,000 ** 0.5
    error = np.sqrt(expected + (0.9 * expected) ** 2 / 4_000)
    assert (np.abs(found - expected) < 4 * error).all()
    assert (made.adults["n_children_trafficked"] == made.adults[found.index].sum(axis=1)).all()
    with pytest.warns(pv.PrevalenceWarning, match="of persons"):
        assert list(made.answers().hidden) == ["trafficked children", "labour", "sexual"]


def test_a_sum_of_forms_is_blank_where_one_of_them_is() -> None:
    made = answers(
        500, clusters=20, forms={"labour": (0.5, 0.8), "sexual": (0.5, 0.2)}, missing=0.1,
        dont_know=0.1, rng=5,
    )  # fmt: skip
    parts = made.adults[["n_children_labour", "n_children_sexual"]].replace(998, np.nan)
    total = made.adults["n_children_trafficked"]
    assert 0 < parts.isna().any(axis=1).sum() < 500
    assert (total.isna() == parts.isna().any(axis=1)).all()
    assert (total.dropna() == parts.dropna().sum(axis=1)).all()


def test_one_form_of_all_children_is_no_form_at_all() -> None:
    given: dict[str, Any] = {"n_adults": 300, "clusters": 30, "known": "children", "rng": 6}
    one = answers(**given, forms={"any": (1.0, 0.6)})
    none = answers(**given, transmission=0.6)
    same = ["n_children_trafficked", "n_children_who_are_twins", "weight"]
    # the chance is multiplied in another order, which may move a Poisson mean by rounding
    assert one.adults[same].equals(none.adults[same])
