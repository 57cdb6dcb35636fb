"""The four adjustments: divided, said, drawn from their own distributions, and tried on a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

import prevalence as pv
from prevalence.nsum.adjustments import Adjustments
from tests.naive import network
from tests.naive.network import KNOWN

Array = NDArray[Any]
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:the two size rules differ"),
]
COUNT = 50_000
NAMES = ("transmission", "degree_ratio", "frame_ratio", "precision")
VALUES: dict[str, Any] = {
    "transmission": 0.6,
    "degree_ratio": 0.8,
    "frame_ratio": 1.1,
    "precision": 0.9,
}
ERRORS = {"transmission": 0.06, "degree_ratio": 0.1, "frame_ratio": 0.05, "precision": 0.04}


def answers(seed: int = 1, *, scheme: str = "linearised") -> pv.Answers:
    survey = pv.Survey(network.respondents(seed), weights="w", strata="stratum", psu="psu")
    if scheme == "bootstrap":
        survey = survey.bootstrap(200, rng=4)
    if scheme == "jackknife":
        survey = survey.jackknife()
    return pv.Answers(survey, known=KNOWN, hidden=["hidden", "other"])


def estimate(made: pv.Answers | None = None, **how: Any) -> pv.Estimate:
    sample = answers() if made is None else made
    return pv.nsum.scale_up(sample, **{"transmission": 1, "missing": "complete", **how})


def uncertain(name: str) -> pv.Estimate:
    return pv.uncertain(VALUES[name], std_error=ERRORS[name], name=name)


def every() -> dict[str, Any]:
    return {name: uncertain(name) for name in NAMES}


def quantile_error(p: float, density: float, count: int = COUNT) -> float:
    """Four Monte Carlo standard errors of a sample quantile."""
    return float(4 * np.sqrt(p * (1 - p) / count) / density)


# ------------------------------------------------------------------ divided
def test_adjustments_divide_and_precision_multiplies() -> None:
    basic, found = estimate(), estimate(**VALUES)
    factor = 0.9 / (0.6 * 0.8 * 1.1)
    np.testing.assert_allclose(found.value, basic.value * factor, rtol=1e-14)
    np.testing.assert_allclose(found.std_error, basic.std_error * factor, rtol=1e-12)
    np.testing.assert_allclose(found.interval(), basic.interval() * factor, rtol=1e-10)
    np.testing.assert_allclose(found.facts["basic"], basic.value, rtol=1e-14)
    np.testing.assert_allclose(found.facts["basic_std_error"], basic.std_error, rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_an_uncertain_adjustment_by_the_delta_method(name: str) -> None:
    exact = estimate(**VALUES)
    found = estimate(**{**VALUES, name: uncertain(name)})
    np.testing.assert_allclose(found.value, exact.value, rtol=1e-14)
    relative = (ERRORS[name] / VALUES[name]) ** 2
    wanted = exact.covariance + relative * np.outer(exact.value, exact.value)
    np.testing.assert_allclose(found.covariance, wanted, rtol=1e-10)


def test_all_adjustments_are_said_with_their_uncertainty_even_when_one() -> None:
    plain, given = estimate(), estimate(**every())
    for words, name in [
        ("(transmission)", "transmission"),
        ("(degree ratio)", "degree_ratio"),
        ("(frame ratio)", "frame_ratio"),
        ("(precision)", "precision"),
    ]:
        (said,) = (x for x in plain.assumptions if words in x)
        assert "taken as known" in said
        assert " 1 " in said
        (said,) = (x for x in given.assumptions if words in x)
        assert f"{VALUES[name]:.3g}" in said
        assert f"standard error {ERRORS[name]:.2g}" in said
        assert said in given.explain()


def test_an_adjustment_of_the_same_sample_keeps_its_covariance() -> None:
    made = answers(2)
    reached = pv.direct.mean(made.survey, "age") / 100  # any share that this sample estimates
    found, basic = estimate(made, transmission=reached), estimate(made)
    by_algebra = basic / reached.describe(outcome="hidden")
    np.testing.assert_allclose(found.value, by_algebra.value, rtol=1e-12)
    np.testing.assert_allclose(found.std_error, by_algebra.std_error, rtol=1e-10)
    assert len(found.columns) == 1


def test_what_the_adjustments_assume_and_cite_is_kept() -> None:
    made = pv.Survey({"reached": [1.0, 1, 0, 1, 1, 0, 1, 1]})
    reached = pv.direct.prevalence(made, "reached")
    found = estimate(transmission=reached)
    assert set(reached.citations) <= set(found.citations)


# ------------------------------------------------------------------ drawn
@pytest.mark.parametrize(
    ("given", "quantile", "density"),
    [
        (
            pv.uncertain(0.6, 0.4, 0.8, kind="beta"),
            lambda p, c: special.betaincinv(c["a"][0], c["b"][0], p),
            lambda x, c: (
                x ** (c["a"][0] - 1)
                * (1 - x) ** (c["b"][0] - 1)
                / special.beta(c["a"][0], c["b"][0])
            ),
        ),
        (
            pv.uncertain(0.6, std_error=0.05),
            lambda p, _: 0.6 + 0.05 * special.ndtri(p),
            lambda x, _: np.exp(-(((x - 0.6) / 0.05) ** 2) / 2) / (0.05 * np.sqrt(2 * np.pi)),
        ),
        (
            pv.uncertain(0.6, std_error=0.06, kind="lognormal"),
            lambda p, _: 0.6 * np.exp(0.1 * special.ndtri(p)),
            lambda x, _: (
                np.exp(-((np.log(x / 0.6) / 0.1) ** 2) / 2) / (x * 0.1 * np.sqrt(2 * np.pi))
            ),
        ),
    ],
)
def test_a_rate_is_drawn_from_its_own_distribution(
    given: pv.Estimate, quantile: Any, density: Any
) -> None:
    factors = Adjustments(transmission=given).draws(COUNT, np.random.default_rng(1))
    for p in (0.025, 0.3, 0.975):
        wanted = quantile(p, given.constants)
        error = quantile_error(p, density(wanted, given.constants))
        assert abs(np.quantile(1 / factors, p) - wanted) < error
    halved = Adjustments(transmission=given * 0.5).draws(COUNT, np.random.default_rng(1))
    np.testing.assert_allclose(halved, 2 * factors, rtol=1e-12)  # through the maps since


def test_adjustments_of_one_name_move_together_and_others_apart() -> None:
    rng = np.random.default_rng(2)
    one = pv.uncertain(0.8, std_error=0.05, name="share")
    same = pv.uncertain(0.8, std_error=0.05, name="share")
    other = pv.uncertain(0.8, std_error=0.05)
    together = Adjustments(transmission=one, precision=same).draws(2_000, rng)
    np.testing.assert_allclose(together, 1, rtol=1e-12)
    apart = np.log(Adjustments(transmission=one, precision=other).draws(COUNT, rng))
    # Delta method: the log of a ratio of two independent shares, to its second order.
    assert np.std(apart) == pytest.approx(np.sqrt(2) * 0.05 / 0.8, rel=0.02)


@pytest.mark.parametrize("scheme", ["linearised", "jackknife"])
def test_limits_of_the_adjusted_size_are_percentiles_of_draws(scheme: str) -> None:
    tau = pv.uncertain(0.6, 0.4, 0.8, kind="beta")
    made = answers(3, scheme=scheme)
    found = estimate(made, transmission=tau, propagate="draws", rng=5)
    basic = estimate(made)
    delta = estimate(made, transmission=tau)
    np.testing.assert_allclose(found.value, delta.value, rtol=1e-14)
    np.testing.assert_allclose(found.std_error, delta.std_error, rtol=1e-12)
    # Slow and obvious: Student's draws on the log scale over draws of the rate.
    rng = np.random.default_rng(6)
    for k in range(2):
        relative = basic.std_error[k] / basic.value[k]
        sizes = basic.value[k] * np.exp(relative * rng.standard_t(basic.df[k], COUNT))
        rate = rng.beta(tau.constants["a"][0], tau.constants["b"][0], COUNT)
        wanted = np.quantile(sizes / rate, [0.025, 0.975])
        # 4,000 draws: four standard errors of a 2.5 % point are about 0.11 of a log sd of 0.35.
        assert np.abs(np.log(found.interval()[k] / wanted)).max() < 0.15
    assert any("drawn 4,000 times" in text for text in found.assumptions)
    assert "percentiles" in found.explain()
    again = estimate(made, transmission=tau, propagate="draws", rng=5)
    np.testing.assert_array_equal(found.interval(), again.interval())


def test_the_size_is_wider_above_than_below_when_a_rate_is_drawn() -> None:
    tau = pv.uncertain(0.3, 0.1, 0.6, kind="beta")
    found = estimate(transmission=tau, propagate="draws", rng=1)
    delta = estimate(transmission=tau)
    assert (found.interval()[:, 1] > delta.interval()[:, 1]).all()


def test_replicates_of_one_bootstrap_are_divided_by_their_own() -> None:
    made = answers(4, scheme="bootstrap")
    ratio = pv.direct.mean(made.survey, "age") / 50
    basic = estimate(made)
    found = estimate(made, degree_ratio=ratio, propagate="draws", rng=7)
    ((sizes, _),), ((ratios, _),) = basic.columns.values(), ratio.columns.values()
    wanted = (basic.value[:, None] + sizes) / (float(ratio) + ratios)
    drawn = found.constants["draws"]
    assert drawn.shape == (2, 4_000)
    near = np.abs(drawn[:, :, None] / wanted[:, None, :] - 1) < 1e-10
    assert near.any(axis=2).all()
    first, second = (np.argmax(x, axis=1) for x in near)
    assert (first == second).all()  # groups too are of one replicate
    assert np.unique(first).size > 190


def test_shares_that_another_sample_estimates_stay_shares() -> None:
    made = pv.Survey({"reached": [1.0] * 17 + [0.0] * 3})
    reached = pv.direct.prevalence(made, "reached")
    factors = Adjustments(transmission=reached).draws(COUNT, np.random.default_rng(3))
    assert (factors > 1).all()
    assert np.median(1 / factors) == pytest.approx(0.85, rel=0.01)
    replicated = pv.direct.prevalence(made.bootstrap(50, rng=1), "reached")
    drawn = 1 / Adjustments(transmission=replicated).draws(500, np.random.default_rng(4))
    ((columns, _),) = replicated.columns.values()
    assert np.abs(drawn[:, None] - (0.85 + columns)).min(axis=1).max() < 1e-12


def test_draws_outside_the_range_are_replaced_or_refused() -> None:
    rng = np.random.default_rng(5)
    few = Adjustments(transmission=pv.uncertain(0.8, std_error=0.1)).draws(COUNT, rng)
    assert (few >= 1).all()
    assert few.size == COUNT
    many = Adjustments(transmission=pv.uncertain(0.95, std_error=0.1))
    with pytest.raises(
        ValueError, match=r"transmission must be drawn above 0 and at most 1: 3\d% of 4,000 draws"
    ):
        many.draws(4_000, rng)
    wide = Adjustments(transmission=1, degree_ratio=pv.uncertain(0.5, std_error=0.5))
    with pytest.raises(ValueError, match=r"degree_ratio must be drawn above 0: .*'lognormal'"):
        wide.draws(4_000, rng)


def test_drawn_limits_survive_a_file(tmp_path: Path) -> None:
    found = estimate(transmission=uncertain("transmission"), propagate="draws", rng=8)
    loaded = pv.load(found.save(tmp_path / "sizes.zip"))
    np.testing.assert_array_equal(loaded.interval(), found.interval())
    np.testing.assert_array_equal(loaded["other"].interval()[0], found.interval()[1])
    np.testing.assert_array_equal(loaded.facts["basic"], found.facts["basic"])
    grid = pv.nsum.sensitivity(loaded, transmission=0.5)
    np.testing.assert_allclose(grid["estimate"], estimate(transmission=0.5).value, rtol=1e-12)


# ------------------------------------------------------------------ a grid
def test_a_grid_holds_the_estimates_with_those_adjustments() -> None:
    found = estimate(**every())
    grid = pv.nsum.sensitivity(
        found, transmission=(0.4, 0.8), degree_ratio=(0.7, 1), precision=(0.9,), frame_ratio=1.2
    )
    assert list(grid.columns[:6]) == ["outcome", "domain", *NAMES]
    assert len(grid) == 2 * 4
    for row in grid.to_dict("records"):
        adjusted = estimate(**{name: row[name] for name in NAMES})[str(row["outcome"])]
        assert row["estimate"] == pytest.approx(float(adjusted), rel=1e-12)
        assert row["std_error"] == pytest.approx(adjusted.std_error[0], rel=1e-10)
        limits = [row["conf_low"], row["conf_high"]]
        np.testing.assert_allclose(limits, adjusted.interval()[0], rtol=1e-9)


def test_a_grid_of_a_domain_without_a_report_has_upper_limits() -> None:
    data = network.complete(network.respondents(12))
    data["hidden"] *= data["region"] == "west"
    survey = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported"):
        found, half = (
            pv.nsum.scale_up(survey, "hidden", known=KNOWN, transmission=t, by="region")
            for t in (0.8, 0.5)
        )
    grid = pv.nsum.sensitivity(found, transmission=0.5)
    (east,) = grid[grid["domain"] == "east"].to_dict("records")
    assert east["estimate"] == 0
    assert np.isnan(east["std_error"])
    assert east["conf_high"] == pytest.approx(half["east"].interval()[0, 1], rel=1e-12)
