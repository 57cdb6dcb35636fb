"""Every rule for an interval is its formula, written out row by row with the distributions of SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from prevalence import intervals
from prevalence.intervals import RULES, bca_levels, fewer, t_quantile

Array = NDArray[Any]
Limits = tuple[float, float]


class Row(NamedTuple):
    """What a rule is given of a share."""

    p: float
    error: float
    n: float
    deff: float
    df: float


SHARES = (
    Row(0.3, 0.03, 700.0, 2.2, 25.0),
    Row(0.004, 0.002, 900.0, 1.3, 5.0),
    Row(0.97, 0.01, 250.0, 1.0, 11.0),
    Row(0.5, 0.06, 60.0, 0.8, 40.0),
)
LEVELS = (0.5, 0.8, 0.95, 0.99)


def t(df: float, level: float) -> float:
    return float(stats.t.ppf((1 + level) / 2, df))


def exact(p: float, e: float, level: float) -> Limits:
    tail, x = (1 - level) / 2, p * e
    low, high = stats.beta.ppf(tail, x, e - x + 1), stats.beta.ppf(1 - tail, x + 1, e - x)
    return float(low), float(high)


def score(p: float, e: float, at: float) -> Limits:
    """Where (p - q)^2 = at^2 q (1 - q) / e."""
    a, b = 1 + at**2 / e, -(2 * p + at**2 / e)
    root = math.sqrt(b**2 - 4 * a * p**2)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def adjusted(row: Row, level: float) -> float:
    return row.n / row.deff * (t(row.n - 1, level) / t(row.df, level)) ** 2


def auto(row: Row, level: float) -> Limits:
    e = adjusted(row, level)
    law = stats.beta(e * row.p + 0.6, e * (1 - row.p) + 0.6)
    low, high = law.ppf([(1 - level) / 2, (1 + level) / 2])
    return min(float(low), row.p), max(float(high), row.p)


def logit(row: Row, level: float) -> Limits:
    centre = math.log(row.p / (1 - row.p))
    half = t(row.df, level) * row.error / (row.p * (1 - row.p))
    return 1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre))


def arcsine(row: Row, level: float) -> Limits:
    centre = math.asin(math.sqrt(row.p))
    half = t(row.df, level) / 2 * math.sqrt(row.deff / row.n)
    return math.sin(max(centre - half, 0)) ** 2, math.sin(min(centre + half, math.pi / 2)) ** 2


def wald(row: Row, level: float) -> Limits:
    half = t(row.df, level) * row.error
    return row.p - half, row.p + half


OF_SHARES: dict[str, Callable[[Row, float], Limits]] = {
    "auto": auto,
    "logit": logit,
    "arcsine": arcsine,
    "wald": wald,
    "clopper-pearson": lambda row, level: exact(row.p, row.n / row.deff, level),
    "beta": lambda row, level: exact(row.p, adjusted(row, level), level),
    "korn-graubard": lambda row, level: exact(row.p, min(adjusted(row, level), row.n), level),
    "wilson": lambda row, level: score(row.p, row.n / row.deff, t(row.df, level)),
    "wilson-df": lambda row, level: score(row.p, adjusted(row, level), t(row.df, level)),
}


@pytest.mark.parametrize("rule", OF_SHARES)
@pytest.mark.parametrize("level", LEVELS)
def test_rules_for_shares_are_their_formulas(rule: str, level: float) -> None:
    p, error, n, deff, df = np.array(SHARES).T
    c = {"value": p, "std_error": error, "n": n, "deff": deff}
    found = RULES[rule](c, df, level)
    wanted = [OF_SHARES[rule](row, level) for row in SHARES]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-14)


def test_student_quantiles_reach_the_normal_one_and_need_degrees_of_freedom() -> None:
    found = t_quantile(np.array([1.0, 7.5, np.inf, 0.0, -1.0, np.nan]), 0.9)
    wanted = [stats.t.ppf(0.95, 1), stats.t.ppf(0.95, 7.5), stats.norm.ppf(0.95)]
    np.testing.assert_allclose(found[:3], wanted, rtol=1e-12)
    assert np.isnan(found[3:]).all()


def test_a_log_interval_multiplies_and_divides() -> None:
    df, value, error = np.array([9.0, np.inf]), np.array([40.0, 0.2]), np.array([8.0, 0.05])
    spread = np.exp(t_quantile(df, 0.9) * error / value)
    found = RULES["log"]({"value": value, "std_error": error}, df, 0.9)
    np.testing.assert_allclose(found, np.stack([value / spread, value * spread], -1), rtol=1e-13)


def test_few_units_that_carry_a_variance_leave_it_fewer_degrees_of_freedom() -> None:
    df, excess = np.array([50.0, 50.0, 4.0, np.inf, 0.0]), np.array([0.03, 0.5, 0.5, 0.1, 0.1])
    found = fewer(df, excess)
    assert found.tolist() == pytest.approx([20.0, 5.0, 4.0, 10.0, 0.0])
    c = {"value": np.full(5, 10.0), "std_error": np.full(5, 2.0)}
    with_excess, plain = (
        RULES["log"]({**c, "excess": excess}, df, 0.95),
        RULES["log"](c, found, 0.95),
    )
    np.testing.assert_array_equal(with_excess, plain)


def test_variances_are_symmetric_on_the_log_scale_and_covariances_on_their_own() -> None:
    c = {"value": np.full(2, 4.0), "std_error": np.full(2, 1.0), "own": np.array([1.0, 0.0])}
    df = np.full(2, 12.0)
    found = RULES["moment"](c, df, 0.95)
    half = t(12, 0.95)
    both = [4 * math.exp(-half / 4), 4 * math.exp(half / 4)], [4 - half, 4 + half]
    wanted = np.array(both)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_the_dark_figure_is_log_normal(level: float) -> None:
    """The number not seen, times and divided by exp(z sqrt(log(1 + (se / unseen)^2)))."""
    z = float(stats.norm.ppf((1 + level) / 2))
    spread = math.exp(z * math.sqrt(math.log(1 + (80 / 250) ** 2)))
    given = {"value": [400.0, 150.0], "std_error": [80.0, 0.0], "seen": [150.0, 150.0]}
    c = {name: np.array(x) for name, x in given.items()}
    found = RULES["dark-figure"](c, np.full(2, np.inf), level)
    wanted = np.array([[150 + 250 / spread, 150 + 250 * spread], [150.0, 150.0]])
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_percentiles_are_median_unbiased_and_hold_the_estimate(level: float) -> None:
    rng = np.random.default_rng(1)
    draws = rng.normal(100, 10, (4, 199))
    draws[1, :5] = np.nan
    draws[3] = np.nan
    value = np.array([100.0, 140.0, 60.0, 100.0])
    found = RULES["percentile"]({"draws": draws, "value": value}, np.full(4, np.inf), level)
    for row in range(3):
        kept = draws[row][np.isfinite(draws[row])]
        tails = [(1 - level) / 2, (1 + level) / 2]
        low, high = stats.mstats.mquantiles(kept, tails, alphap=1 / 3, betap=1 / 3)
        assert found[row, 0] == pytest.approx(min(low, value[row]), rel=1e-12)
        assert found[row, 1] == pytest.approx(max(high, value[row]), rel=1e-12)
    assert np.isnan(found[3]).all()
    floor = RULES["percentile"](
        {"draws": draws, "value": value, "floor": np.full(4, 99.0)}, np.full(4, np.inf), level
    )
    assert floor[0, 0] == max(found[0, 0], 99.0)
    assert floor[2, 0] == 60.0
    assert floor[0, 1] == found[0, 1]


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("acceleration", [-0.05, 0.0, 0.12])
@pytest.mark.parametrize("below", [0.3, 0.5, 0.66])
def test_levels_are_moved_for_bias_and_skewness(
    level: float, acceleration: float, below: float
) -> None:
    """Efron (1987), equation 2.3."""
    z0 = stats.norm.ppf(below)
    for at, sign in zip(bca_levels(below, acceleration, level), (-1, 1), strict=True):
        s = z0 + sign * stats.norm.ppf((1 + level) / 2)
        assert at == pytest.approx(stats.norm.cdf(z0 + s / (1 - acceleration * s)), rel=1e-12)


def test_levels_are_plain_where_no_draw_lies_on_one_side_and_end_at_the_pole() -> None:
    for below in (0.0, 1.0):
        assert bca_levels(below, 0.1, 0.9).tolist() == pytest.approx([0.05, 0.95])
    assert bca_levels(0.5, 0.7, 0.95)[1] == 1.0
    assert bca_levels(0.5, -0.7, 0.95)[0] == 0.0
    many = bca_levels(np.array([0.4, 0.5]), 0.1, 0.9)
    np.testing.assert_array_equal(many, [bca_levels(x, 0.1, 0.9) for x in (0.4, 0.5)])


def test_limits_corrected_for_bias_are_quantiles_at_those_levels() -> None:
    rng = np.random.default_rng(2)
    draws = rng.gamma(4, 10, (3, 300))
    draws[0, 7] = np.nan
    draws[2] = np.nan
    value, acceleration = np.array([38.0, 45.0, 40.0]), np.array([0.05, -0.02, 0.0])
    c = {"draws": draws, "value": value, "acceleration": acceleration}
    found = RULES["bca"](c, np.full(3, np.inf), 0.95)
    for row in range(2):
        kept = draws[row][np.isfinite(draws[row])]
        at = bca_levels((kept < value[row]).mean(), acceleration[row], 0.95)
        wanted = stats.mstats.mquantiles(kept, at, alphap=1 / 3, betap=1 / 3)
        np.testing.assert_allclose(found[row], wanted, rtol=1e-12)
    assert np.isnan(found[2]).all()


@pytest.mark.parametrize("v", [0.0, 0.3])
def test_a_value_of_zero_has_the_limit_of_a_count_of_zero(v: float) -> None:
    """P(no report) is exp(-m), or (1 + v m)^(-1 / v) where factors vary by v: half of .05."""
    c = {
        "value": np.array([0.0, 50.0]),
        "std_error": np.array([np.nan, 10.0]),
        "one_report": np.array([12.0, 12.0]),
        "factor_variance": np.array([v, v]),
    }
    found = RULES["log"](c, np.full(2, np.inf), 0.95)
    mean = found[0, 1] / 12
    chance = (1 + v * mean) ** (-1 / v) if v else math.exp(-mean)
    assert chance == pytest.approx(0.025, rel=1e-12)
    assert found[0, 0] == 0
    del c["factor_variance"]
    plain = RULES["log"](c, np.full(2, np.inf), 0.95)
    assert plain[0, 1] == pytest.approx(12 * -math.log(0.025), rel=1e-12)
    np.testing.assert_array_equal(plain[1], found[1])


@pytest.mark.parametrize("level", LEVELS)
def test_central_intervals_of_draws_and_of_a_beta(level: float) -> None:
    tails = [(1 - level) / 2, (1 + level) / 2]
    draws = np.random.default_rng(3).normal(size=(2, 101))
    found = RULES["posterior"]({"draws": draws}, np.full(2, np.inf), level)
    np.testing.assert_allclose(
        found, stats.mstats.mquantiles(draws, tails, alphap=1, betap=1, axis=1), rtol=1e-12
    )
    a, b = np.array([3.0, 80.0]), np.array([50.0, 4.0])
    found = RULES["beta-distribution"]({"a": a, "b": b}, np.full(2, np.inf), level)
    np.testing.assert_allclose(found, stats.beta.ppf([tails] * 2, a[:, None], b[:, None]))


def test_limits_of_a_quantile_are_those_of_the_level_asked_for() -> None:
    limits = np.array([[[1.0, 9.0], [2.0, 8.0]]])
    c = {"levels": np.array([[0.95, 0.8]]), "limits": limits}
    for level, at in ((0.95, 0), (0.8, 1)):
        found = RULES["woodruff"](c, np.array([5.0]), level)
        np.testing.assert_array_equal(found, limits[:, at])
    with pytest.raises(ValueError, match=r"0\.9 is not among 0\.8, 0\.95"):
        RULES["woodruff"](c, np.array([5.0]), 0.9)


def test_profile_limits_are_cubics_between_the_roots_and_nowhere_beyond() -> None:
    """Of log dark = 3 + r / 2 the cubic is the line itself."""
    roots = np.array([[-4.0, -2.5, -1.0, -0.3, 0.3, 1.0, 2.5, 4.0]])
    dark = np.exp(3 + roots / 2)
    c = {
        "roots": roots,
        "dark": dark,
        "slopes": np.full(roots.shape, 0.5),
        "seen": np.array([70.0]),
    }
    for level in (0.2, 0.5, 0.8, 0.95, 0.99, 0.9999):
        z = stats.norm.ppf((1 + level) / 2)
        found = RULES["profile"](c, np.array([np.inf]), level)[0]
        wanted = 70 + np.exp(3 + np.array([-z, z]) / 2)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    curved = {**c, "dark": np.exp(roots**3 / 50 + roots), "slopes": 3 * roots**2 / 50 + 1}
    found = RULES["profile"](curved, np.array([np.inf]), 0.9)[0]
    both = np.array([-1, 1]) * stats.norm.ppf(0.95)
    np.testing.assert_allclose(found, 70 + np.exp(both**3 / 50 + both), rtol=1e-12)
    none = {**c, "slopes": np.where(roots < -2, np.nan, 0.5), "dark": np.where(roots < -2, 0, dark)}
    assert RULES["profile"](none, np.array([np.inf]), 0.95)[0, 0] == 70
    with pytest.raises(ValueError, match=r"level must be at most 0\.9999"):
        RULES["profile"](c, np.array([np.inf]), 0.99999)


def test_a_likelihood_interval_ends_where_the_deviance_reaches_its_bound() -> None:
    for p, n, deff, df in ((0.3, 700.0, 2.2, 25.0), (0.004, 900.0, 1.3, 5.0)):
        c = {name: np.array([x]) for name, x in {"value": p, "n": n, "deff": deff}.items()}
        found = RULES["likelihood"](c, np.array([df]), 0.9)[0]
        for q in found:
            deviance = 2 * n * (p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q)))
            # the variance of a simple sample has n - 1
            assert deviance * (n - 1) / n / deff == pytest.approx(t(df, 0.9) ** 2, rel=1e-8)
        assert found[0] < p < found[1]


@pytest.mark.parametrize("rule", ["arcsine", "wilson", "beta", "likelihood", "auto"])
def test_rows_that_lack_something_have_no_limits(rule: str) -> None:
    c = {
        "value": np.array([0.2, np.nan, 0.2, 0.2]),
        "std_error": np.full(4, 0.02),
        "n": np.full(4, 300.0),
        "deff": np.array([1.2, 1.2, np.nan, 1.2]),
    }
    found = RULES[rule](c, np.array([20.0, 20.0, 20.0, 0.0]), 0.95)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


def test_every_rule_has_a_name_and_words() -> None:
    assert set(intervals.WORDS) == set(RULES)
    assert set(OF_SHARES) | {"likelihood"} == set(intervals.PROPORTION_RULES)
    for name, rule in RULES.items():
        assert rule.__name__ == name.replace("-", "_"), name
