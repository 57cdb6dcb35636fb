"""Few reports and none: intervals of scale-up where hardly anybody reports a hidden group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.intervals import RULES as INTERVALS
from tests.naive import few_reports as naive
from tests.naive import network

Array = NDArray[Any]
KNOWN = network.KNOWN
SIZES = ("ratio-of-sums", "mean-of-ratios")
pytestmark = pytest.mark.filterwarnings("ignore:the two size rules differ")


def answers(seed: int, keep: float = 1.0) -> dict[str, Array]:
    """Answers without a missing one, of whose reports about one in some are kept."""
    data = network.complete(network.respondents(seed))
    rng = np.random.default_rng(seed)
    data["hidden"] = rng.binomial(data["hidden"].astype(int), keep).astype(float)
    data["police"] += 1  # everybody has a degree
    return data


def estimate(data: dict[str, Array], **how: Any) -> pv.Estimate:
    survey = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    return pv.nsum.scale_up(survey, "hidden", known=KNOWN, **{"transmission": 1, **how})


def scores(data: dict[str, Array], value: float, size: str, inside: Array) -> Array:
    ties = np.sum([data[name] for name in KNOWN], axis=0) / sum(KNOWN.values())
    y = data["hidden"]
    z = y - value * ties if size == SIZES[0] else y / ties - value
    return np.where(inside, data["w"] * z, 0.0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keep", [1.0, 0.1])
def test_few_reports_leave_fewer_degrees_of_freedom(keep: float, size: str) -> None:
    data = answers(3, keep)
    found = estimate(data, by="region", size=size)
    for k, region in enumerate(("east", "west")):
        inside = data["region"] == region
        value, error = float(found.value[k]), float(found.std_error[k])
        more = naive.excess(data["psu"][inside], scores(data, value, size, inside)[inside])
        wanted = naive.limits(value, error, float(found.df[k]), more)
        np.testing.assert_allclose(found.interval()[k], wanted, rtol=1e-10)
        assert found.df[k] == 12  # that of the design is what is printed


def test_one_report_leaves_the_fewest_and_every_scheme_the_same() -> None:
    data = answers(5, 0.0)
    data["hidden"][17] = 1
    survey = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    for sample in (survey, survey.jackknife(), survey.bootstrap(200, rng=1)):
        e = pv.nsum.scale_up(sample, "hidden", known=KNOWN, transmission=1)
        wanted = naive.limits(float(e), e.std_error[0], float(e.df[0]), np.inf)
        np.testing.assert_allclose(e.interval()[0], wanted, rtol=1e-10)


def test_adjustments_that_are_known_exactly_move_the_limits_and_uncertain_ones_dilute_them() -> (
    None
):
    data = answers(5, 0.06)
    basic, sure = estimate(data), estimate(data, transmission=0.5)
    np.testing.assert_allclose(sure.interval(), basic.interval() / 0.5, rtol=1e-12)
    vague = estimate(data, transmission=pv.uncertain(0.5, std_error=0.1))
    share = (sure.std_error / vague.std_error) ** 4
    more = vague.constants["excess"]
    np.testing.assert_allclose(more, basic.constants["excess"] * share, rtol=1e-10)
    wanted = naive.limits(float(vague), vague.std_error[0], float(vague.df[0]), float(more[0]))
    np.testing.assert_allclose(vague.interval()[0], wanted, rtol=1e-10)
    grid = pv.nsum.sensitivity(vague, transmission=0.5)
    ends = grid[["conf_low", "conf_high"]].to_numpy()
    np.testing.assert_allclose(ends, sure.interval(), rtol=1e-10)
    # Drawn, the limits of a known adjustment are those of the same degrees of freedom: 4,000 draws
    # give the 2.5 % point of a Student's t to 4 % of its distance.
    drawn = estimate(data, transmission=0.5, propagate="draws", rng=1)
    np.testing.assert_allclose(np.log(drawn.interval()), np.log(sure.interval()), atol=0.15)


@pytest.mark.parametrize("size", SIZES)
def test_a_domain_without_a_report_borrows_the_clustering_of_all_reports(size: str) -> None:
    data = answers(14)
    data["hidden"] *= data["region"] == "west"
    with pytest.warns(pv.PrevalenceWarning, match="the correlation of all reports of the sample"):
        east = estimate(data, by="region", size=size)["east"]
    w, inside = data["w"], data["region"] == "east"
    ties = np.sum([data[name] for name in KNOWN], axis=0) / sum(KNOWN.values())

    def one_report(here: Array) -> float:
        v, t = w[here], ties[here]
        if size == SIZES[0]:
            return float((v @ v) / v.sum() / (v @ t))
        return float((v * v / t).sum() / v.sum() ** 2)

    whole, all_of_it = estimate(data, size=size), np.ones(w.size, dtype=bool)
    unit = naive.unit_size(data["psu"], w)
    error = whole.std_error[0]
    icc = naive.correlation(float(whole), error, one_report(all_of_it), float(whole.df[0]), unit)
    deff = 1 + icc * (naive.unit_size(data["psu"][inside], w[inside]) - 1)
    wanted = [[0, -np.log(0.025) * one_report(inside) * deff]]
    np.testing.assert_allclose(east.interval(), wanted, rtol=1e-10)
    assert deff > 1


def test_without_a_report_in_the_sample_a_correlation_is_assumed_where_there_are_clusters() -> None:
    data = answers(14, 0.0)
    w, ties = data["w"], np.sum([data[name] for name in KNOWN], axis=0) / sum(KNOWN.values())
    poisson = -np.log(0.025) * (w @ w) / w.sum() / (w @ ties)
    with pytest.warns(pv.PrevalenceWarning, match="an assumed correlation of reports within"):
        found = estimate(data)
    deff = 1 + 0.1 * (naive.unit_size(data["psu"], w) - 1)
    np.testing.assert_allclose(found.interval(), [[0, poisson * deff]], rtol=1e-10)
    with pytest.warns(pv.PrevalenceWarning, match="that of a count of 0\\.$"):
        alone = pv.nsum.scale_up(
            pv.Survey(data, weights="w"), "hidden", known=KNOWN, transmission=1
        )
    np.testing.assert_allclose(alone.interval(), [[0, poisson]], rtol=1e-10)


def test_reports_of_deaths_by_cell_and_of_the_frame_have_these_limits_too() -> None:
    data = answers(14)
    data["id"], data["sex"] = np.arange(data["w"].size), np.where(data["age"] > 40, "F", "M")
    survey = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    deaths = {"id": [3, 20], "sex": ["F", "F"]}
    with pytest.warns(pv.PrevalenceWarning, match="an assumed correlation of reports within"):
        found = pv.nsum.network_rates(
            survey, deaths, on="id", by="sex", known=KNOWN, frame_size=5_000
        )
    value, error = float(found["F"]), float(found["F"].std_error[0])
    wanted = naive.limits(value, error, float(found.df[0]), np.inf)
    assert np.isfinite(found.interval()).all()
    assert found.interval()[0, 1] <= wanted[1] * (1 + 1e-12)
    assert found.interval()[0, 1] > naive.limits(value, error, 12, 0.0)[1]
    ties = np.sum([data[name] for name in KNOWN], axis=0) / sum(KNOWN.values())
    w, m = data["w"], data["sex"] == "M"
    one = (w @ w) / w.sum() / (w[m] @ ties[m]) / 5_000
    deff = 1 + 0.1 * (naive.unit_size(data["psu"], w) - 1)
    np.testing.assert_allclose(found.interval()[1], [0, -np.log(0.025) * one * deff], rtol=1e-10)


def test_the_rule_never_widens_beyond_five_degrees_of_freedom_for_few_reports() -> None:
    c = {"value": np.full(3, 10.0), "std_error": np.full(3, 5.0)}
    bare = INTERVALS["log"](c, np.array([90.0, 90.0, 2.0]), 0.95)
    few = INTERVALS["log"](c | {"excess": np.array([0.0, 9.0, 9.0])}, np.array([90.0, 90, 2]), 0.95)
    np.testing.assert_array_equal(few[[0, 2]], bare[[0, 2]])
    np.testing.assert_allclose(few[1], naive.limits(10.0, 5.0, 90.0, 9.0), rtol=1e-12)


def test_no_report_under_an_uncertain_transmission_bounds_less() -> None:
    """The limit is the size at which no report has a chance of 2.5 %, the rate being a gamma one."""
    data = answers(14, 0.0)
    tau = pv.uncertain(0.3, 0.1, 0.6, kind="beta")
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported"):
        sure, vague, drawn = (
            estimate(data, **how)
            for how in (
                {"transmission": 0.3},
                {"transmission": tau},
                {"transmission": tau, "propagate": "draws", "rng": 1},
            )
        )
    np.testing.assert_array_equal(drawn.interval(), vague.interval())
    mean = -np.log(0.025) * vague.interval()[0, 1] / sure.interval()[0, 1]
    v = (tau.std_error[0] / 0.3) ** 2
    rate = np.random.default_rng(1).gamma(1 / v, v, 400_000)
    chance = np.exp(-mean * rate)
    error = 4 * chance.std() / np.sqrt(rate.size)
    assert chance.mean() == pytest.approx(0.025, abs=error)
    # Of the stated beta law itself it is 3.0 %; without the rate's uncertainty it would be 6.7 %.
    a, b = (float(tau.constants[name][0]) for name in "ab")
    beta = np.random.default_rng(2).beta(a, b, 400_000)
    assert np.exp(-mean * beta / 0.3).mean() == pytest.approx(0.0303, abs=0.0005)
