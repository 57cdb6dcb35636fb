"""A rehearsed study: its population is as asked, its samples are right, and no backend moves a bit."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

import prevalence as pv
from prevalence.simulate import Fieldwork, Rehearsal, study
from prevalence.simulate.rehearsal.captured import captured, together
from prevalence.simulate.rehearsal.fieldwork import allocation, cluster_chances, drawn_clusters
from prevalence.simulate.rehearsal.performance import performance

SMALL: dict[str, Any] = {
    "children": 12_000,
    "clusters": 150,
    "sampled_clusters": 24,
    "households": 10,
}


@pytest.fixture(scope="module")
def small() -> Rehearsal:
    return study(0.05, **SMALL, rng=1)


@pytest.mark.parametrize("prevalence", [0.002, 0.02, 0.2])
@pytest.mark.parametrize("strata", [1, 5])
def test_the_population_has_the_counts_asked_for(prevalence: float, strata: int) -> None:
    made = study(prevalence, **SMALL, strata=strata, rng=3).population
    assert (made.children, made.cases) == (12_000, round(12_000 * prevalence))
    assert made.size.sum() == made.case.size
    assert made.household_cases.sum() == made.cases
    assert made.cluster_size.sum() == made.size.size
    assert made.strata[["children", "cases"]].sum().tolist() == [12_000, made.cases]
    if strata > 1:  # to the rounding of a count
        level = np.linspace(2, 1, strata) * made.strata["children"]
        wanted = level / level.sum() * made.cases
        assert (np.abs(made.strata["cases"] - wanted) < 1).all()


def test_all_adults_together_know_as_many_as_the_sizes_say() -> None:
    asked: dict[str, Any] = {"transmission": 0.6, "barrier": 0.25}
    made = study(0.05, **SMALL, **asked, rng=1).population
    ties = made.known.sum() / made.group_sizes.sum()
    found = made.reports.sum() / ties / (0.6 * 0.75)
    assert found == pytest.approx(made.cases, rel=2e-3)  # both sums are rounded to whole ties


@pytest.mark.parametrize("icc", [0.0, 0.02, 0.1])
def test_children_of_a_cluster_resemble_each_other_as_asked(icc: float) -> None:
    found = [study(0.05, **SMALL, icc=icc, rng=seed).population.icc for seed in range(12)]
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    # Risks that differ by age and sex, and chances cut at 1, take up to a twentieth of it.
    assert abs(np.mean(found) - icc) < 3 * error + 0.05 * icc


def test_clusters_are_drawn_with_the_chances_their_weights_say(small: Rehearsal) -> None:
    p, made = small.parameters, small.population
    rng = np.random.default_rng(1)
    chance = cluster_chances(p, made)
    drawn = np.zeros(chance.size)
    samples = 2_000
    for _ in range(samples):
        cluster, own = drawn_clusters(p, made, rng)
        assert np.unique(cluster).size == p.sampled_clusters
        np.testing.assert_array_equal(own, chance[cluster])
        drawn[cluster] += 1
    z = (drawn / samples - chance) / np.sqrt(chance * (1 - chance) / samples)
    assert np.abs(z).max() < 4.5  # 150 clusters: beyond it once in a thousand runs
    assert chance.sum() == pytest.approx(p.sampled_clusters)


def test_base_weights_add_up_to_the_population(small: Rehearsal) -> None:
    rng = np.random.default_rng(2)
    sums = []
    for _ in range(200):
        homes = small.sample(rng).households
        sums.append(float((homes["base_weight"] * homes["n_children"]).sum()))
    error = np.std(sums, ddof=1) / math.sqrt(len(sums))
    assert abs(np.mean(sums) - 12_000) < 4 * error


def test_one_stratum_is_oversampled() -> None:
    rehearsal = study(0.05, **SMALL, oversample=3.0, selection="srs", rng=1)
    taken = allocation(rehearsal.parameters, rehearsal.population)
    assert taken.tolist() == [12, 4, 4, 4]
    weights = rehearsal.sample(rng=1).survey.chain.weights
    first = np.asarray(rehearsal.sample(rng=1).households["stratum"]) == "stratum 1"
    assert weights[first].sum() / weights.sum() == pytest.approx(0.25, abs=0.08)


def test_the_weights_chain_of_a_sample_meets_its_margins(small: Rehearsal) -> None:
    sample = small.sample(rng=4)
    steps = [step.name.split()[0] for step in sample.children.steps]
    assert steps == ["nonresponse", "attach", "rake"]
    weights = sample.children.final_weights
    for name, totals in sample.margins.items():
        if name in small.parameters.margins:
            found = pd.Series(weights).groupby(sample.roster[name]).sum()
            np.testing.assert_allclose(found[list(totals)], list(totals.values()), rtol=1e-9)
    refused = sample.households["took_part"] == 0
    assert np.isnan(sample.households["n_trafficked"][refused]).all()
    assert sample.lists.seen == sample.captures.sum()


def test_one_child_of_a_household_stands_for_all() -> None:
    rehearsal = study(0.05, **SMALL, one_per_household=True, margins=[], rng=1)
    sample = rehearsal.sample(rng=1)
    assert len(np.unique(sample.roster["household"])) == sample.roster["household"].size
    homes, took = sample.survey, sample.households["took_part"] == 1
    all_children = (homes.final_weights * sample.households["n_children"])[took].sum()
    assert sample.children.final_weights.sum() == pytest.approx(all_children)


def test_expected_numbers_are_those_of_the_samples() -> None:
    rehearsal = study(0.05, **SMALL, estimators=["survey"], rng=1)
    rng, found = np.random.default_rng(5), []
    for _ in range(120):
        roster = rehearsal.sample(rng).roster
        found.append((roster["trafficked"].size, roster["trafficked"].sum()))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    expected = rehearsal.expected
    assert (np.abs(mean - [expected.children, expected.cases]) < 4 * error).all()
    table = rehearsal.run(samples=100, rng=1)
    # The design effect is Kish's, an approximation; 100 samples leave 7 %.
    assert table["rmse"][0] == pytest.approx(expected.relative_error, rel=0.3)


def test_lists_have_the_dependence_asked_for() -> None:
    both = together(np.array([0.3]), np.array([0.2]), 3.0)[0]
    a, b, c, d = both, 0.3 - both, 0.2 - both, 0.5 + both
    assert a * d / (b * c) == pytest.approx(3.0)
    p = study(0.05, **SMALL, dependence=3.0, rng=1).parameters
    on = captured(p, 200_000, np.random.default_rng(1))
    assert on.any(axis=1).all()
    first, second = on[:, 0].sum() / 200_000, on[:, 1].sum() / 200_000
    assert (first, second) == (pytest.approx(0.25, abs=0.004), pytest.approx(0.2, abs=0.004))


def test_missed_links_make_more_persons_and_no_fewer_records() -> None:
    plain = study(0.05, **SMALL, rng=1).parameters
    cut = study(0.05, **SMALL, linkage_error=0.5, rng=1).parameters
    one, two = (captured(p, 5_000, np.random.default_rng(2)) for p in (plain, cut))
    np.testing.assert_array_equal(one.sum(axis=0), two.sum(axis=0))
    assert len(two) > len(one)


def test_estimates_stand_beside_the_truth(small: Rehearsal) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # a few adults know nobody
        found = small.estimate(small.sample(rng=1))
    assert list(found.estimates) == ["survey", "network", "lists", "combined"]
    assert found.to_frame()["truth"].tolist() == [600.0] * 4
    one, two, both = (found.estimates[k] for k in ("survey", "network", "combined"))
    assert float(both) == pytest.approx((float(one) + float(two)) / 2)
    joint = (one + two) / 2  # with the covariance of one sample
    assert both.std_error[0] == pytest.approx(joint.std_error[0])


def test_jobs_and_backends_change_no_bit(small: Rehearsal) -> None:
    alone = small.run(samples=12, rng=7, n_jobs=1)
    pd.testing.assert_frame_equal(alone, small.run(samples=12, rng=7, n_jobs=2), check_exact=True)
    with parallel_config(backend="threading", n_jobs=2):
        pd.testing.assert_frame_equal(alone, small.run(samples=12, rng=7), check_exact=True)
    rows = [row for number in range(12) for row in small.one(number, rng=7)]
    pd.testing.assert_frame_equal(alone, performance(rows, 12), check_exact=True)
    assert not small.run(samples=12, rng=8).equals(alone)
    again = study(0.05, **SMALL, rng=1)
    assert again.one(3, rng=7) == small.one(3, rng=7)


def test_any_estimator_of_ones_own_is_rehearsed(small: Rehearsal) -> None:
    def share(sample: Fieldwork) -> pv.Estimate:
        return pv.direct.prevalence(sample.children, "trafficked")

    table = small.run(samples=12, estimate=share, rng=1)
    assert table["estimator"][0] == "own"
    assert table["truth"][0] == pytest.approx(small.population.prevalence, rel=1e-12)

    truth = small.population.strata["prevalence"].to_numpy()

    def by_stratum(sample: Fieldwork) -> pv.Comparison:
        found = pv.direct.prevalence(sample.children, "trafficked", by="stratum")
        return pv.compare({"share": found}, truth={"share": truth})

    table = small.run(samples=12, estimate=by_stratum, rng=1)
    assert table["domain"].tolist() == [f"stratum {h}" for h in range(1, 5)]
    np.testing.assert_allclose(table["truth"], truth, rtol=1e-12)  # a mean of equal numbers


def test_estimators_that_return_something_else_are_refused(small: Rehearsal) -> None:
    with pytest.raises(TypeError, match=r"estimate must return an Estimate .* found float"):
        small.run(samples=2, estimate=lambda _: 1.0, rng=1)  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match=r"estimate must come with its truth .* of 4 rows"):
        small.run(
            samples=2,
            estimate=lambda s: pv.direct.prevalence(s.children, "trafficked", by="stratum"),
            rng=1,
        )

    def nothing(sample: Fieldwork) -> pv.Estimate:
        raise ValueError(f"no estimate of {sample.lists.seen > 0}")

    with pytest.raises(ValueError, match=r"'own' had none in 3 samples \(first reason: no estim"):
        small.run(samples=3, estimate=nothing, rng=1)


def test_figures_and_their_errors_are_those_of_a_naive_count() -> None:
    rng = np.random.default_rng(3)
    value = rng.normal(10, 2, 400)
    rows = [
        {"number": i, "estimator": "a", "domain": "all", "truth": 10.0, "estimate": x}
        | {"std_error": 2.0, "low": x - 3.92, "high": x + 3.92, "noted": i % 4 == 0}
        for i, x in enumerate(value.tolist())
    ]
    rows.append({"number": 400, "estimator": "a", "domain": "", "reason": "none"})
    line = performance(rows, 401).iloc[0]
    assert line["bias"] == pytest.approx((value.mean() - 10) / 10)
    assert line["rmse"] == pytest.approx(math.sqrt(((value - 10) ** 2).mean()) / 10)
    assert line["se_ratio"] == pytest.approx(2 / value.std(ddof=1))
    assert line["too_low"] == (value < 6.08).mean()
    assert line["too_high"] == (value > 13.92).mean()
    assert line["coverage"] == pytest.approx(1 - line["too_low"] - line["too_high"])
    assert line["coverage_mc"] == pytest.approx(
        math.sqrt(line["coverage"] * (1 - line["coverage"]) / 400)
    )
    assert (line["none"], line["noted"], line["width"]) == (
        pytest.approx(1 / 401),
        0.25,
        pytest.approx(7.84),
    )
    # The error of a ratio of standard deviations of normal numbers is 1 / sqrt(2 n).
    assert line["se_ratio_mc"] == pytest.approx(line["se_ratio"] / math.sqrt(800), rel=0.15)


@pytest.mark.parametrize("variance", ["jackknife", "bootstrap"])
def test_a_rehearsal_with_replicates_has_the_same_estimates(variance: str) -> None:
    asked: dict[str, Any] = {**SMALL, "census_error": 0.05, "estimators": ["survey"]}
    plain, again = (study(0.05, **asked, variance=v, rng=1) for v in ("linearised", variance))
    one, two = (
        r.estimate(r.sample(rng=1)).estimates["survey"] for r in (plain, again)
    )  # the bootstrap has its own seed, drawn last
    assert float(one) == pytest.approx(float(two))
    # 24 clusters, and 200 replicates that are off by a twentieth.
    assert two.std_error[0] == pytest.approx(one.std_error[0], rel=0.2)
    assert again.one(0, rng=2) == again.one(0, rng=2)


def test_an_uncertain_census_is_drawn_anew_and_carried() -> None:
    rehearsal = study(0.2, **SMALL, census_error=0.2, estimators=["survey"], rng=1)
    drawn = [float(rehearsal.sample(rng=seed).population) for seed in range(40)]
    # The standard deviation of 40 logarithms is known to 11 %.
    assert np.std(np.log(np.array(drawn) / 12_000), ddof=1) == pytest.approx(0.2, rel=0.4)
    sample = rehearsal.sample(rng=1)
    known = pv.direct.prevalence(sample.children, "trafficked").count(float(sample.population))
    found = rehearsal.estimate(sample).estimates["survey"]
    assert float(found) == pytest.approx(float(known))
    assert found.std_error[0] > 1.5 * known.std_error[0]


def test_a_violation_by_one_argument_is_said_and_seen() -> None:
    silent = study(
        0.05, **SMALL, transmission=0.5, ignoring="transmission", estimators="network", rng=1
    )
    assert silent.violated == ("network: adults report 50 % of what they know, taken for all",)
    assert silent.violated[0] in repr(silent)
    line = silent.run(samples=20, rng=1).iloc[0]
    assert line["bias"] == pytest.approx(-0.5, abs=4 * line["bias_mc"])
    assert line["coverage"] == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"barrier": 0.3, "ignoring": ["barrier"]}, "lack 30 % of their ties"),
        ({"recall": 0.2}, "large groups are recalled in part"),
        ({"dependence": 3, "ignoring": ["dependence"]}, "odds ratio 3"),
        ({"referral": 0.3, "ignoring": ["referral"]}, "sends 30 % to list 2"),
        ({"heterogeneity": 1}, "easier to list than others"),
        ({"linkage_error": 0.1}, "10 % of the links"),
        ({"nonresponse_by": "case"}, "trafficked child take part less often"),
        ({"ignoring": ["nonresponse"]}, "nonresponse by size is not adjusted for"),
    ],
)
def test_each_assumption_that_fails_is_named(asked: dict[str, Any], said: str) -> None:
    (found,) = study(0.05, **SMALL, **asked, rng=1).violated
    assert said in found


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"prevalence": 2},
            r"prevalence must be above 0 and at most 0\.5: found 2\. Write a share",
        ),
        ({"prevalence": "2 %"}, r"prevalence must be a number: found '2 %'"),
        ({"prevalence": float("nan")}, r"prevalence must be above 0 .*: found nan"),
        ({"prevalence": 1e-5}, r"prevalence must leave at least 10 trafficked children"),
        ({"icc": -0.1}, r"icc must be at least 0 and at most 0\.5: found -0\.1"),
        ({"transmission": 0}, r"transmission must be above 0 and at most 1: found 0"),
        ({"barrier": 1}, r"barrier must be at least 0 and below 1: found 1"),
        ({"nonresponse": 0.7}, r"nonresponse must be at least 0 and at most 0\.6: found 0\.7"),
        ({"strata": 0}, r"strata must be a whole number of at least 1: found 0"),
        ({"clusters": 10.5}, r"clusters must be a whole number of at least 8: found 10\.5"),
        ({"sampled_clusters": 7}, r"sampled_clusters must be at least two for each .*: found 7"),
        ({"sampled_clusters": 900}, r"sampled_clusters must be .* at most half .*: found 900"),
        ({"children": 20_000}, r"children must be at least four for each .*: found 20,000"),
        ({"captures": [0.3, 0.2]}, r"captures must be chances .* three lists or more: found 2 of"),
        ({"captures": [0.3, 0.2, 1.0]}, r"captures must be chances above 0 and below 1.*: found 1"),
        ({"captures": 0.3}, r"captures must be a list: found 0\.3"),
        ({"selection": "pss"}, r"selection must be one of pps, srs: found 'pss'"),
        ({"variance": "brr"}, r"variance must be one of linearised, jackknife, bootstrap"),
        ({"nonresponse_by": "age"}, r"nonresponse_by must be one of chance, size, stratum, case"),
        ({"margins": ["region"]}, r"margins must be one of sex, age_group, stratum"),
        ({"margins": [3]}, r"margins must be words: found 3"),
        ({"estimators": []}, r"estimators must be at least one of .*: found none"),
        ({"ignoring": ["recall"]}, r"ignoring must be one of transmission, barrier"),
        ({"oversample": 10, "sampled_clusters": 400}, r"a chance of at most 1: \d+ of 1,000 have"),
        ({"rng": "one"}, r"rng must be an integer seed"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_rehearsed_is_refused_in_four_parts(
    asked: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        study(**{"prevalence": 0.02, **asked})


def test_runs_and_numbers_are_checked(small: Rehearsal) -> None:
    with pytest.raises(ValueError, match="samples must be a whole number of at least 2: found 1"):
        small.run(samples=1)
    with pytest.raises(ValueError, match="number must be a whole number of at least 0: found -1"):
        small.one(-1)
