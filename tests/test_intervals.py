"""Interval rules: inside their range, around the value, monotone in level and without a jump in p."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.intervals import RULES
from tests.naive import variance

Array = NDArray[Any]
LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]
DF = {"few": 4.0, "some": 29.0, "many": np.inf}
SHARES = np.array([0.0, 1e-9, 1e-6, 1e-4, 0.001, 0.01, 0.2, 0.5, 0.9, 0.99, 1 - 1e-6, 1.0])


def constants(p: Array, n: float = 900.0, deff: float = 2.5) -> dict[str, Array]:
    """What a rule is given; no standard error without a case or without a non-case."""
    std_error = np.where((p > 0) & (p < 1), np.sqrt(p * (1 - p) * deff / n), np.nan)
    return {
        "value": p,
        "std_error": std_error,
        "n": np.full(p.size, n),
        "deff": np.full(p.size, deff),
    }


def limits(rule: str, p: Array, df: float, level: float = 0.95, **how: float) -> Array:
    return RULES[rule](constants(p, **how), np.full(p.size, df), level)


# ------------------------------------------------------------------ shares
@pytest.mark.parametrize("df", DF.values(), ids=DF)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("rule", ["auto", "korn-graubard"])
@pytest.mark.parametrize("n", [2.0, 30.0, 900.0])
def test_shares_have_limits_within_zero_and_one(
    rule: str, level: float, df: float, n: float
) -> None:
    for deff in (1.0, 2.5, 40.0):
        low, high = limits(rule, SHARES, df, level, n=n, deff=deff).T
        assert (low >= 0).all()
        assert (high <= 1).all()
        assert (low <= SHARES).all()
        assert (high >= SHARES).all()
        assert (low < high).all()
        assert low[0] == 0
        assert high[-1] == 1


@pytest.mark.parametrize("df", DF.values(), ids=DF)
def test_logit_lies_within_zero_and_one_and_has_none_at_its_ends(df: float) -> None:
    inner = SHARES[1:-1]
    low, high = limits("logit", inner, df).T
    assert ((low >= 0) & (low <= inner) & (high >= inner) & (high <= 1)).all()
    assert np.isnan(
        limits("logit", np.array([0.0, 1.0]), df)
    ).all()  # as there is no standard error


@pytest.mark.parametrize("rule", ["auto", "korn-graubard", "logit", "wald", "log"])
@pytest.mark.parametrize("df", DF.values(), ids=DF)
def test_limits_widen_with_the_level(rule: str, df: float) -> None:
    p = SHARES if rule in ("auto", "korn-graubard") else SHARES[4:-1]
    found = np.array([limits(rule, p, df, level) for level in LEVELS])
    # Limits that are at their end already, 0 or 1 or the value, stay there.
    assert (np.diff(found[:, :, 0], axis=0) <= 0).all()
    assert (np.diff(found[:, :, 1], axis=0) >= 0).all()
    inner = (p > 0.005) & (p < 0.95)
    assert (found[-1, inner, 1] > found[0, inner, 1]).all()
    assert (found[-1, inner, 0] < found[0, inner, 0]).all()


@pytest.mark.parametrize("df", DF.values(), ids=DF)
@pytest.mark.parametrize("n", [30, 900])
def test_auto_has_no_jump_in_the_share(n: int, df: float) -> None:
    """From p = 0 on, the limits move by less than four cases when p moves by one."""
    fine = np.linspace(0, 1, 200 * n + 1)
    found = limits("auto", fine, df, n=float(n), deff=2.0)
    step = np.abs(np.diff(found, axis=0)).max(axis=0) * 200  # for a change of p by one case
    assert (step < 4 / n).all()
    assert (np.diff(found, axis=0) >= 0).all()
    # p = k / n: neighbouring counts have neighbouring limits, the first and last included.
    cases = limits("auto", np.arange(n + 1) / n, df, n=float(n), deff=2.0)
    assert np.abs(np.diff(cases, axis=0)).max() < 4 / n


def test_auto_is_jeffreys_interval_for_a_simple_sample() -> None:
    from scipy.stats import beta

    n, k = 40, np.array([1, 7, 20])
    found = RULES["auto"](constants(k / n, n, 1.0), np.full(3, n - 1.0), 0.95)
    np.testing.assert_allclose(found[:, 0], beta.ppf(0.025, k + 0.5, n - k + 0.5), rtol=1e-12)
    np.testing.assert_allclose(found[:, 1], beta.ppf(0.975, k + 0.5, n - k + 0.5), rtol=1e-12)
    exact = RULES["korn-graubard"](constants(k / n, n, 1.0), np.full(3, n - 1.0), 0.95)
    np.testing.assert_allclose(exact[:, 0], beta.ppf(0.025, k, n - k + 1), rtol=1e-10)
    np.testing.assert_allclose(exact[:, 1], beta.ppf(0.975, k + 1, n - k), rtol=1e-10)


@pytest.mark.parametrize("rule", ["auto", "korn-graubard"])
def test_without_degrees_of_freedom_there_is_no_interval(rule: str) -> None:
    assert np.isnan(limits(rule, np.array([0.0, 0.2]), 0.0)).all()
    unknown = {**constants(np.array([0.2])), "deff": np.array([np.nan])}
    assert np.isnan(RULES[rule](unknown, np.array([9.0]), 0.95)).all()
    assert np.isnan(limits(rule, np.array([np.nan]), 9.0)).all()


def cluster_sample(cases: int) -> pv.Survey:
    """Of 200 rows in 20 units, so many cases, the first ones in the order of the units' rows."""
    y = np.zeros(200)
    y[np.random.default_rng(1).permutation(200)[:cases]] = 1
    return pv.Survey({"y": y, "psu": np.repeat(np.arange(20), 10)}, psu="psu")


def test_public_estimates_have_limits_for_any_number_of_cases() -> None:
    found = [
        pv.direct.prevalence(cluster_sample(k), "y") for k in [0, 1, 2, 10, 100, 190, 199, 200]
    ]
    low, high = np.array([e.interval()[0] for e in found]).T
    value = np.array([float(e) for e in found])
    assert ((low <= value) & (value <= high)).all()
    assert (np.diff(low) > 0).all()
    assert (np.diff(high) >= 0).all()
    assert (low[0], high[-1]) == (0, 1)
    assert 0.01 < high[0] < high[1] < 0.05


# ------------------------------------------------------------------ other quantities
def test_log_at_zero_has_the_upper_limit_of_a_count_of_zero() -> None:
    c = {
        "value": np.array([0.0, 50.0]),
        "std_error": np.array([np.nan, 10.0]),
        "one_report": np.full(2, 7.0),
    }
    found = RULES["log"](c, np.full(2, np.inf), 0.95)
    np.testing.assert_allclose(found[0], [0, -np.log(0.025) * 7], rtol=1e-12)
    assert found[1, 0] * found[1, 1] == pytest.approx(2500, rel=1e-12)
    del c["one_report"]
    assert np.isnan(RULES["log"](c, np.full(2, np.inf), 0.95)[0]).all()


def test_dark_figure_is_never_below_the_persons_seen() -> None:
    value = np.array([100.0, 100.5, 150.0, 1e6])
    c = {"value": value, "std_error": np.array([0.0, 40.0, 60.0, 9e5]), "seen": np.full(4, 100.0)}
    before = np.full((4, 2), value[:, None])
    for level in LEVELS:
        found = RULES["dark-figure"](c, np.full(4, np.inf), level)
        assert np.isfinite(found).all()
        assert (found >= 100).all()
        assert (found[:, 0] <= before[:, 0]).all()
        assert (found[:, 1] >= before[:, 1]).all()
        before = found
    assert before[0].tolist() == [100, 100]


def test_beta_keeps_the_width_that_was_given() -> None:
    for level, width in ((0.95, 0.4), (0.5, 0.1), (0.99, 0.05)):
        rate = pv.uncertain(0.6, 0.6 - width / 2, 0.6 + width / 2, kind="beta", level=level)
        low, high = rate.interval(level)[0]
        assert high - low == pytest.approx(width, rel=1e-8)
        assert 0 < low < 0.6 < high < 1
        assert rate.interval(0.2)[0, 0] > rate.interval(0.9)[0, 0]
    given = pv.uncertain(0.6, std_error=0.1, kind="beta")
    a, b = (float(given.constants[name][0]) for name in "ab")
    assert a / (a + b) == pytest.approx(0.6, rel=1e-12)
    assert a * b / (a + b) ** 2 / (a + b + 1) == pytest.approx(0.01, rel=1e-12)
    plain, logs = pv.uncertain(10, 8, 12), pv.uncertain(10, 8, 12.5, kind="lognormal")
    np.testing.assert_allclose(plain.interval(), [[8, 12]], rtol=1e-12)
    np.testing.assert_allclose(logs.interval(), [[8, 12.5]], rtol=1e-12)


# ------------------------------------------------------------------ maps
@pytest.mark.parametrize("rule", ["auto", "logit", "korn-graubard", "wald"])
def test_monotone_maps_carry_the_limits(rule: str) -> None:
    e = pv.direct.prevalence(cluster_sample(12), "y", interval=rule)
    low, high = e.interval(0.9)[0]
    for mapped, wanted in (
        (e.count(5_000), [5_000 * low, 5_000 * high]),
        (1 - e, [1 - high, 1 - low]),
        (-e, [-high, -low]),
        (1 - (1 - e), [low, high]),
        (-(e - 1) * 100 / 2 + 3, [50 * (1 - high) + 3, 50 * (1 - low) + 3]),
        (np.exp(e), [np.exp(low), np.exp(high)]),
        (np.sqrt(np.exp(2 * e)), [np.exp(low), np.exp(high)]),
    ):
        np.testing.assert_allclose(mapped.interval(0.9)[0], wanted, rtol=1e-12)
        assert mapped.interval_rule == rule


def test_maps_of_a_share_of_zero_keep_its_limit() -> None:
    e = pv.direct.prevalence(cluster_sample(0), "y")
    high = e.interval()[0, 1]
    np.testing.assert_allclose(e.count(1_000).interval(), [[0, 1_000 * high]], rtol=1e-12)
    np.testing.assert_allclose((1 - e).interval(), [[1 - high, 1]], rtol=1e-12)
    np.testing.assert_allclose((-e).interval(), [[-high, 0]], rtol=1e-12)


def test_maps_by_row_follow_their_rows() -> None:
    data = {"y": [1, 0, 0, 1, 1, 0, 0, 0] * 10, "g": ["a", "b"] * 40}
    e = pv.direct.prevalence(pv.Survey(data), "y", by="g")
    people = np.array([100.0, 300.0])
    counts = e * people
    np.testing.assert_allclose(counts.interval(), e.interval() * people[:, None], rtol=1e-12)
    np.testing.assert_allclose(counts["b"].interval(), e["b"].interval() * 300, rtol=1e-12)


# ------------------------------------------------------------------ coverage
@pytest.mark.parametrize(("p", "least"), [(0.005, 0.90), (0.02, 0.90)])
def test_coverage_of_auto_in_cluster_samples(p: float, least: float) -> None:
    """30 units of 30 with an intraclass correlation of .05; shares of the units are beta.

    Of 250 samples the Monte Carlo error of a coverage of 0.95 is 0.014: the test fails where the
    coverage is below `least` by more than three such errors.
    Over 3,000 samples it is 0.923 and 0.921 (error 0.005), and 0.983 and 0.974 where the true
    design effect of 2.45 is given: with few cases the sample's own is mostly too small.
    """
    rng, size, covered, simple = np.random.default_rng(5), 250, 0, 0
    psu = np.repeat(np.arange(30), 30)
    for _ in range(size):
        shares = rng.beta(19 * p, 19 * (1 - p), 30)
        y = (rng.random(900) < shares[psu]).astype(float)
        low, high = pv.direct.prevalence(
            pv.Survey({"y": y, "psu": psu}, psu="psu"), "y"
        ).interval()[0]
        covered += bool(low <= p <= high)
        z = (y - y.mean()) / 900
        half = 1.96 * np.sqrt(variance.multistage(z, psu * 0, [psu], [None]))
        simple += bool(abs(y.mean() - p) <= half)
    error = np.sqrt(0.95 * 0.05 / size)
    assert covered / size > least - 3 * error
    assert covered > simple
