"""Interval rules: inside their range, around the value, monotone in level and without a jump in p."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.intervals import PROPORTION_RULES, RULES
from prevalence.reliability import flags
from tests.naive import intervals as naive

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
@pytest.mark.parametrize("rule", [rule for rule in PROPORTION_RULES if rule != "wald"])
def test_shares_have_limits_within_zero_and_one(rule: str) -> None:
    for n, df, level, deff in product((2.0, 30.0, 900.0), DF.values(), LEVELS, (1.0, 2.5, 40.0)):
        low, high = limits(rule, SHARES, df, level, n=n, deff=deff).T
        assert (low >= 0).all()
        assert (high <= 1).all()
        assert (low <= SHARES).all()
        assert (high >= SHARES).all()
        assert (low < high).all()
        assert low[0] == 0
        assert high[-1] == 1


@pytest.mark.parametrize("rule", [*PROPORTION_RULES, "log"])
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


def test_auto_is_a_beta_posterior_for_a_simple_sample() -> None:
    from scipy.stats import beta

    n, k = 40, np.array([1, 7, 20])
    found = RULES["auto"](constants(k / n, n, 1.0), np.full(3, n - 1.0), 0.95)
    np.testing.assert_allclose(found[:, 0], beta.ppf(0.025, k + 0.6, n - k + 0.6), rtol=1e-12)
    np.testing.assert_allclose(found[:, 1], beta.ppf(0.975, k + 0.6, n - k + 0.6), rtol=1e-12)
    exact = RULES["korn-graubard"](constants(k / n, n, 1.0), np.full(3, n - 1.0), 0.95)
    np.testing.assert_allclose(exact[:, 0], beta.ppf(0.025, k, n - k + 1), rtol=1e-10)
    np.testing.assert_allclose(exact[:, 1], beta.ppf(0.975, k + 1, n - k), rtol=1e-10)


@pytest.mark.parametrize("rule", PROPORTION_RULES)
def test_without_degrees_of_freedom_there_is_no_interval(rule: str) -> None:
    assert np.isnan(limits(rule, np.array([0.0, 0.2]), 0.0)).all()
    unknown = {
        **constants(np.array([0.2])),
        "deff": np.array([np.nan]),
        "std_error": np.array([np.nan]),
    }
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


@pytest.mark.parametrize("rule", PROPORTION_RULES)
@pytest.mark.parametrize("df", DF.values(), ids=DF)
def test_those_who_are_none_have_the_mirrored_limits(rule: str, df: float) -> None:
    p = np.array([0.0, 0.5, 1.0, 1.2, 3.0, 9.0]) / 20  # a share of half a row has its limits too
    one, two = (limits(rule, share, df, n=20.0, deff=1.0) for share in (p, 1 - p))
    np.testing.assert_allclose(1 - two[:, ::-1], one, rtol=1e-9, atol=1e-9)


def test_profile_limits_are_read_between_the_roots_beside_them() -> None:
    from scipy.interpolate import CubicHermiteSpline

    roots = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    dark, slopes = 3 + roots + 0.1 * np.sin(3 * roots), 1 + 0.3 * np.cos(3 * roots)
    c = {
        "seen": np.array([100.0]),
        "roots": roots[None],
        "dark": np.exp(dark)[None],
        "slopes": slopes[None],
    }
    below, above = (
        CubicHermiteSpline(roots[s], dark[s], slopes[s]) for s in np.split(np.arange(6), 2)
    )
    for level, z in (
        (0.99, 2.5758293035489004),
        (0.95, 1.959963984540054),
        (0.5, 0.6744897501960817),
    ):
        found = RULES["profile"](c, np.array([np.inf]), level)[0]
        np.testing.assert_allclose(found, 100 + np.exp([below(-z), above(z)]), rtol=1e-12)


# ------------------------------------------------------------------ maps
@pytest.mark.parametrize("rule", PROPORTION_RULES)
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
        (e**2, [low**2, high**2]),
        (3 / e, [3 / high, 3 / low]),
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


# ------------------------------------------------------------------ against the slow versions
GRID = [(p, df) for p in (0.0, 0.002, 0.03, 0.4, 0.9, 0.999, 1.0) for df in (3.0, 29.0)]


@pytest.mark.parametrize(("p", "df"), GRID)
def test_likelihood_and_score_limits_solve_their_equations(p: float, df: float) -> None:
    """The equations are solved to rounding; at tiny shares what rounding leaves is relative."""
    shares = np.array([p])
    for level in (0.5, 0.95):
        wanted = naive.likelihood(p, 900, 2.5, df, level)
        np.testing.assert_allclose(limits("likelihood", shares, df, level)[0], wanted, rtol=1e-9)
        for rule, e in (("wilson", 360.0), ("wilson-df", 360 * ratio(900, df, level))):
            wanted = naive.score(p, e, df, level)
            np.testing.assert_allclose(limits(rule, shares, df, level)[0], wanted, rtol=1e-9)


def ratio(n: int, df: float, level: float) -> float:
    """Return the square of t(n - 1) / t(df)."""
    from scipy.stats import t

    return float((t.ppf((1 + level) / 2, n - 1) / t.ppf((1 + level) / 2, df)) ** 2)


@pytest.mark.parametrize("k", [0, 1, 5, 39, 40])
def test_exact_limits_are_clopper_and_pearsons(k: int) -> None:
    p = np.array([k / 40])
    wanted = naive.clopper_pearson(k, 40, 0.95)
    for rule in ("clopper-pearson", "korn-graubard", "beta"):
        found = limits(rule, p, 39.0, n=40.0, deff=1.0)[0]
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-15)
    posterior = limits("auto", p, 39.0, n=40.0, deff=1.0)[0]
    np.testing.assert_allclose(posterior, naive.beta_posterior(k, 40, 0.6, 0.95), rtol=1e-9)


def test_beta_is_not_capped_and_korn_graubard_is() -> None:
    p = np.array([0.2])
    high = {
        rule: limits(rule, p, np.inf, deff=0.5)[0, 1]
        for rule in ("beta", "korn-graubard", "clopper-pearson")
    }
    assert high["beta"] < high["korn-graubard"]
    assert high["beta"] == pytest.approx(high["clopper-pearson"], rel=1e-2)
    assert high["korn-graubard"] == pytest.approx(limits("korn-graubard", p, np.inf, deff=1)[0, 1])


# ------------------------------------------------------------------ borrowing
def clustered(outcomes: dict[str, list[int]], size: int = 10) -> pv.Survey:
    n = len(next(iter(outcomes.values())))
    rng = np.random.default_rng(3)
    columns = {"psu": np.arange(n) // size, "w": rng.uniform(1, 4, n), "sex": np.arange(n) % 2}
    return pv.Survey({**columns, **outcomes}, weights="w", psu="psu")


def test_the_design_effect_of_an_icc_is_that_of_its_pairs() -> None:
    rng = np.random.default_rng(1)
    cluster, w = rng.integers(0, 9, 80), rng.uniform(1, 5, 80)
    survey = pv.Survey(
        {"y": np.zeros(80), "c": cluster, "w": w, "g": cluster % 2}, weights="w", psu="c"
    )
    for icc in (0.0, 0.05, 0.3):
        found = pv.direct.prevalence(survey, "y", icc=icc).facts["deff"][0]
        assert found == pytest.approx(naive.design_effect_of(icc, w, cluster), rel=1e-12)
        halves = pv.direct.prevalence(survey, "y", by="g", icc=icc)
        for g in (0, 1):
            inside = cluster % 2 == g
            wanted = naive.design_effect_of(icc, w[inside], cluster[inside])
            assert halves[str(g)].facts["deff"][0] == pytest.approx(max(wanted, 1), rel=1e-12)


def test_a_commoner_outcome_lends_its_icc_not_its_design_effect() -> None:
    common = [int(k // 10 % 4 == 0) for k in range(400)]
    survey = clustered({"rare": [0] * 400, "common": common})
    whole = pv.direct.prevalence(survey, "rare", deff="common")
    assert whole.facts["deff_source"].tolist() == ["borrowed from common"]
    lent = pv.direct.prevalence(survey, "common")
    assert whole.facts["icc"] == pytest.approx(lent.facts["icc"], rel=1e-9)
    by = pv.direct.prevalence(survey, "rare", by="sex", deff="common")
    assert by.facts["icc"] == pytest.approx(np.repeat(lent.facts["icc"], 2), rel=1e-9)
    assert (by.facts["deff"] < whole.facts["deff"]).all()  # five rows a cluster, not ten
    same = pv.direct.prevalence(survey, "rare", by="sex", deff=lent)
    np.testing.assert_allclose(same.interval(), by.interval(), rtol=1e-9)
    mean = pv.direct.prevalence(survey, "rare", deff=pv.direct.mean(survey, "common"))
    assert mean.facts["deff"][0] == pytest.approx(whole.facts["deff"][0], rel=0.15)


def test_sources_of_the_design_effect() -> None:
    few = [int(k in (3, 50, 170)) for k in range(400)]
    survey = clustered({"none": [0] * 400, "few": few, "common": [k % 3 == 0 for k in range(400)]})
    plain = pv.Survey({"none": [0] * 50})

    def source(outcome: str, of: pv.Survey = survey, **how: Any) -> list[str]:
        return list(dict.fromkeys(pv.direct.prevalence(of, outcome, **how).facts["deff_source"]))

    assert source("none") == ["assumed icc 0.1"]
    assert source("none", plain) == ["weights alone (Kish)"]
    assert source("none", icc=0.05) == ["given icc"]
    assert source("none", deff=3) == ["given"]
    assert source("none", deff=0.5) == ["at least 1"]
    assert source("none", by="sex") == ["whole sample"]
    assert source("common") == ["own"]
    assert source("few", interval="wilson") == ["own"]
    assert source("none", interval="wilson") == ["assumed icc 0.1"]


def test_the_borrowed_part_fades_without_a_jump() -> None:
    from prevalence.direct.borrowing import blended

    share = np.linspace(0, 1, 100_001)
    own = 1.0 + share
    found = blended(own, np.full(share.size, 4.0), share, np.full(share.size, 900.0))
    assert (found >= own - 1e-12).all()
    assert (found <= 4.0 + 1e-12).all()
    assert np.abs(np.diff(found)).max() < 1e-3
    assert found[50_000] == pytest.approx(own[50_000], rel=0.02)
    assert found[0] == 4


def test_at_most_is_the_one_sided_limit() -> None:
    survey = clustered({"none": [0] * 400})
    e = pv.direct.prevalence(survey, "none", icc=0.0)
    effective = float(e.facts["n_eff"][0]) * ratio(400, 39, 0.9)
    assert e.at_most()[0] == pytest.approx(1 - 0.05 ** (1 / effective), rel=1e-9)
    assert e.count(50).at_most() == pytest.approx(50 * e.at_most())
    wilson = pv.direct.prevalence(survey, "none", icc=0.0, interval="wilson")
    assert wilson.at_most() == pytest.approx(wilson.interval(0.9)[:, 1])
    assert e.sentence().startswith("At most ")
    assert "(one-sided 95 %; no cases among 400 rows in 40 primary units)" in e.sentence()
    assert "0 to" not in e.sentence()
    assert "one-sided 90 %" in e.sentence(0.9)
    assert "At most" in e.count(10_000).sentence()


# ------------------------------------------------------------------ flags
def test_reliability_flags_follow_the_standards() -> None:
    def flag(cases: int, n: int) -> str:
        rows = pv.Survey({"y": [1] * cases + [0] * (n - cases)})
        return str(pv.direct.prevalence(rows, "y").to_frame()["flag"][0])

    assert flag(30, 900) == ""
    assert "unreliable: effective sample below 30" in flag(10, 25)
    assert "unreliable: interval wider than 30 points" in flag(18, 36)
    assert "unreliable: interval wider than 130 % of the share" in flag(5, 60)
    assert flag(56, 60).endswith("complement unreliable")
    wide = pv.direct.prevalence(pv.Survey({"y": [1] * 18 + [0] * 18}), "y")
    assert wide.to_frame(0.5)["flag"][0] == flag(18, 36)  # they are those of 95 % at every level
    assert flag(0, 900) == "no cases"  # its interval is narrower than 5 points
    assert flag(0, 40) == "no cases; unreliable: interval wider than 130 % of the share"


# ------------------------------------------------------------------ half the correlation
def no_case(p: float, icc: float, clusters: int, size: int) -> float:
    """Return the exact probability that beta-binomial clusters hold no case."""
    from scipy.special import betaln

    a, b = p * (1 / icc - 1), (1 - p) * (1 / icc - 1)
    return float(np.exp(clusters * (betaln(a, b + size) - betaln(a, b))))


def missed_without_a_case(icc: float, clusters: int, size: int) -> float:
    """Return the largest chance of no case and an upper limit below the share, with half the icc."""
    deff = 1 + (size - 1) * icc / 2
    zero = np.zeros(1)
    upper = limits("auto", zero, clusters - 1.0, n=float(clusters * size), deff=deff)[0, 1]
    return no_case(upper, icc, clusters, size)


def test_without_a_case_half_the_correlation_is_enough_up_to_03() -> None:
    """Exact, at the worst share for each size: the share just above the upper limit."""
    worst = max(
        missed_without_a_case(icc, clusters, size)
        for icc in (0.001, 0.01, 0.05, 0.1, 0.2, 0.3)
        for clusters in (15, 30, 60, 500)
        for size in (2, 5, 15, 30, 100, 1000)
    )
    assert worst < 0.07


def test_half_the_correlation_is_not_enough_where_clusters_are_all_alike() -> None:
    """The counter-example: a correlation near 1, where a sample without a case misses a quarter."""
    assert missed_without_a_case(0.98, 100, 30) > 0.2


def by_the_standards(row: dict[str, float], unit: str) -> str:
    """Return the flags of a row, standard by standard."""
    value, n, n_eff = row["value"], row["n"], row["n_eff"]
    said = []
    if row["cases"] == 0:
        said.append("no cases")
    if value == 1 and unit == "proportion" and row["cases"] == n:
        said.append("only cases")
    if 0 < row["cases"] < 5:
        said.append("fewer than 5 cases")
    if row["cv"] > 0.3 and unit not in ("difference", "log count"):
        said.append("cv above 30 %")
    if unit == "proportion":
        said += ["computed below 0"] * (value < 0) + ["computed above 100 %"] * (value > 1)
    if row["df"] < 8:
        said.append("df below 8")
    if unit in ("count", "total"):
        if n < 10:
            said.append("unreliable: fewer than 10 rows")
        elif row["width"] > 1.6 * abs(value):
            said.append("unreliable: interval wider than 160 % of the number")
    if unit == "proportion":
        if min(n_eff, n) < 30:
            said.append("unreliable: effective sample below 30")
        elif np.isfinite(n_eff) and row["width"] > 0.05:
            if row["width"] >= 0.3:
                said.append("unreliable: interval wider than 30 points")
            elif row["width"] > 1.3 * value:
                said.append("unreliable: interval wider than 130 % of the share")
            elif row["width"] > 1.3 * (1 - value):
                said.append("complement unreliable")
    return "; ".join(said)


@pytest.mark.parametrize(
    "unit", ["proportion", "count", "total", "difference", "mean", "log count"]
)
def test_every_flag_is_that_of_the_standards(unit: str) -> None:
    rng = np.random.default_rng(21)
    rows = 400
    shares = rng.choice([0.0, 0.01, 0.04, 0.2, 0.5, 0.97, 1.0, 1.02, -0.01], rows)
    table: dict[str, Array] = {
        "value": shares if unit == "proportion" else np.round(shares * 1_000),
        "n": rng.choice([9.0, 10.0, 29.0, 30.0, 500.0], rows),
        "n_eff": rng.choice([12.0, 29.9, 30.0, 400.0, np.nan], rows),
        "cases": rng.choice([0.0, 1.0, 4.0, 5.0, 30.0, 500.0, np.nan], rows),
        "cv": rng.choice([0.0, 0.3, 0.301, np.nan], rows),
        "df": rng.choice([7.9, 8.0, 50.0], rows),
        "width": rng.choice([0.01, 0.05, 0.051, 0.29, 0.3, 0.9], rows),
    }
    if unit != "proportion":
        table["width"] = np.round(np.abs(table["value"]) * rng.choice([1.0, 1.6, 1.61], rows), 6)
    e = pv.Estimate(table["value"], (), outcomes=("y",) * rows, unit=unit, method="direct.made")
    limits_of = np.stack([np.zeros(rows), table["width"]], axis=1)
    found = flags(e, table, limits_of)
    records = [{name: float(column[i]) for name, column in table.items()} for i in range(rows)]
    assert found == [by_the_standards(row, unit) for row in records]


def test_what_chains_tell_is_flagged() -> None:
    facts = {"rhat": np.array([1.01, 1.011, 1.0]), "ess": np.array([400.0, 400.0, 399.0])}
    e = pv.Estimate(np.ones(3), (), outcomes=("y",) * 3, unit="count", facts=facts)
    plain = dict.fromkeys(("cases", "n", "n_eff", "cv"), np.full(3, 50.0)) | {
        "cv": np.zeros(3),
        "df": np.full(3, np.inf),
    }
    found = flags(e, plain, np.zeros((3, 2)))
    assert found == ["", "R-hat above 1.01", "fewer than 400 effective draws"]
