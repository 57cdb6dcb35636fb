"""Intervals under an instrument that errs, against closed forms and against plain integration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from prevalence import imperfect
from prevalence.imperfect import Instrument, Law
from prevalence.intervals import RULES

Array = NDArray[Any]
SE, SP = 0.82, 0.97
# apparent share, its standard error, rows, design effect lent, degrees of freedom
ROWS = np.array(
    [
        [0.21, 0.020, 800.0, 1.9, 30.0],
        [0.06, 0.011, 900.0, 1.2, 6.0],
        [0.40, 0.018, 500.0, 1.1, np.inf],
        [0.10, np.nan, 300.0, 2.5, 12.0],
        [0.12, 0.004, 40.0, 1.4, 9.0],
    ]
)


def constants(*, known: bool = True) -> dict[str, Array]:
    p, error, n, deff, df = ROWS.T
    size = np.full(p.size, np.inf if known else 120.0)
    rates = {"sensitivity": np.full(p.size, SE), "specificity": np.full(p.size, SP)}
    given = {"apparent": p, "apparent_error": error, "apparent_df": df, "n": n, "deff": deff}
    for name in tuple(rates):
        given |= {f"{name}_n": size, f"{name}_df": np.full(p.size, np.inf)}
    return {**given, **rates, "value": true_share(p), "std_error": error / (SE + SP - 1)}


def true_share(p: Any) -> Array:
    return np.asarray((p + SP - 1) / (SE + SP - 1))


def sizes(level: float, *, borrowed: bool = False) -> Array:
    """Return n p (1 - p) / V by the design, times the squared ratio of Student quantiles."""
    p, error, n, deff, df = ROWS.T
    own = np.where(np.isfinite(error), n * error**2 / (p * (1 - p)), deff)
    if borrowed:
        own = own ** (2 / 3) * deff ** (1 / 3)
    tail = (1 + level) / 2
    less = (stats.t.ppf(tail, n - 1) / stats.t.ppf(tail, np.where(np.isinf(df), n - 1, df))) ** 2
    return np.asarray(n / own * less)


def limits(rule: str, level: float, *, known: bool = True) -> Array:
    c = constants(known=known)
    return RULES[rule](c, np.full(len(ROWS), np.inf), level)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_with_known_rates_each_rule_is_that_of_a_share_corrected(level: float) -> None:
    p, n = ROWS[:, 0], ROWS[:, 2]
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    e = sizes(level, borrowed=True)
    quantiles = [stats.beta.ppf(t, e * p + 0.6, e * (1 - p) + 0.6) for t in tails]
    close: Any = {"rtol": 1e-8, "atol": 1e-9}  # the limits are solved to 1e-9 of themselves
    found = limits("rogan-gladen", level)
    wanted = np.clip(true_share(np.stack(quantiles, axis=-1)), 0, 1)
    inside = wanted[:, 0] > 0  # where the share is not nearer 0 than that
    np.testing.assert_allclose(found[inside], wanted[inside], **close)
    e = np.minimum(sizes(level), n)
    assert (e == n).any()
    x = e * p
    low = stats.beta.ppf(tails[0], x, e - x + 1)
    high = stats.beta.ppf(tails[1], x + 1, e - x)
    wanted = np.clip(true_share(np.stack([low, high], axis=-1)), 0, 1)
    np.testing.assert_allclose(limits("melding", level), wanted, **close)
    low = stats.gamma.ppf(tails[0], x, scale=1 / e)
    high = stats.gamma.ppf(tails[1], x + 1, scale=1 / e)
    wanted = np.clip(true_share(np.stack([low, high], axis=-1)), 0, 1)
    np.testing.assert_allclose(limits("melding-poisson", level), wanted, **close)
    e = sizes(level)
    law = stats.beta(e * p + 1, e * (1 - p) + 1)
    start, until = law.cdf(1 - SP), law.cdf(SE)
    within = [law.ppf(start + t * (until - start)) for t in tails]
    wanted = true_share(np.stack(within, axis=-1))
    np.testing.assert_allclose(limits("instrument-bayes", level), wanted, rtol=1e-7, atol=1e-9)


def test_validated_rates_have_fewer_effective_tests_where_clusters_are_few() -> None:
    """As the apparent share: the size times a squared ratio of Student quantiles."""
    c = constants(known=False)
    few = {**c, "sensitivity_df": np.full(5, 4.0), "specificity_df": np.full(5, 7.0)}
    plain = dict(c)
    for name, units in (("sensitivity", 4), ("specificity", 7)):
        ratio = (stats.t.ppf(0.975, 119) / stats.t.ppf(0.975, units)) ** 2
        plain[f"{name}_n"] = c[f"{name}_n"] * ratio
    df = np.full(5, np.inf)
    for rule in ("rogan-gladen", "lang-reiczigel", "melding", "instrument-bayes"):
        np.testing.assert_allclose(
            RULES[rule](few, df, 0.95), RULES[rule](plain, df, 0.95), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("rule", ["rogan-gladen", "lang-reiczigel", "melding", "instrument-bayes"])
@pytest.mark.parametrize(
    ("name", "value"), [("value", np.nan), ("apparent_df", 0.0), ("deff", np.nan), ("n", 1.0)]
)
def test_a_row_that_lacks_something_has_no_limits_and_takes_none_from_others(
    rule: str, name: str, value: float
) -> None:
    whole = constants()
    lacking = {**whole, name: whole[name].copy()}
    lacking[name][1] = value
    df = np.full(5, np.inf)
    found, wanted = RULES[rule](lacking, df, 0.9), RULES[rule](whole, df, 0.9)
    assert np.isnan(found[1]).all()
    others = [0, 2, 3, 4]
    np.testing.assert_allclose(found[others], wanted[others], rtol=1e-12)


@pytest.mark.parametrize("tail", [0.025, 0.5, 0.9])
def test_the_distribution_of_the_true_share_is_its_integral(tail: float) -> None:
    """400 points of equal probability leave 1e-4 of a probability."""
    law = Law(np.array([30.0]), np.array([270.0]))
    of = Instrument(*(np.array([x]) for x in (0.8, 60.0, 0.97, 90.0)))
    both = imperfect.limits(law, of, abs(1 - 2 * tail) or 1e-9, prior=0.6)[0]
    t = both[int(tail > 0.5)]
    middle = (np.arange(400) + 0.5) / 400
    h = stats.beta.ppf(middle, 48.6, 12.6)
    f = stats.beta.ppf(middle, 3.3, 87.9)[:, None]
    assert stats.beta.cdf(f + t * (h - f), 30, 270).mean() == pytest.approx(tail, abs=1e-4)


# Laws of the apparent share


@pytest.mark.parametrize(("a", "b"), [(0.6, 40.0), (3.0, 1.0), (50.0, 900.0), (1.0, 1.0)])
def test_a_beta_has_its_distribution_function_and_density(a: float, b: float) -> None:
    x = np.array([0.001, 0.05, 0.3, 0.9, 0.999])
    below, slope = Law(np.array([a]), np.array([b])).below(x[None, None, :])
    np.testing.assert_allclose(below[0, 0], stats.beta.cdf(x, a, b), rtol=1e-12)
    np.testing.assert_allclose(slope[0, 0], stats.beta.pdf(x, a, b), rtol=1e-10)
    outside, _ = Law(np.array([a]), np.array([b])).below(np.array([[[-0.5, 1.5]]]))
    assert outside.tolist() == [[[0.0, 1.0]]]
    _, ends = Law(np.array([a]), np.array([b])).below(np.array([[[0.0, 1.0]]]))
    assert np.isfinite(ends).all()


def test_a_gamma_has_its_distribution_function_and_density() -> None:
    x = np.array([0.001, 0.05, 0.3, 1.4])
    below, slope = Law(np.array([7.0]), np.array([30.0]), gamma=True).below(x[None, None, :])
    np.testing.assert_allclose(below[0, 0], stats.gamma.cdf(x, 7, scale=1 / 30), rtol=1e-12)
    np.testing.assert_allclose(slope[0, 0], stats.gamma.pdf(x, 7, scale=1 / 30), rtol=1e-10)


@pytest.mark.parametrize("gamma", [False, True])
def test_a_law_without_cases_lies_at_0_and_one_without_others_at_1(gamma: bool) -> None:
    law = Law(np.array([0.0, 5.0]), np.array([9.0, 0.0]), gamma=gamma)
    x = np.array([0.2, 0.999, 1.0])
    below, slope = law.below(np.broadcast_to(x, (2, 1, 3)))
    assert below[0, 0].tolist() == [1.0, 1.0, 1.0]
    assert below[1, 0].tolist() == [0.0, 0.0, 1.0]
    assert (slope == 0).all()


@pytest.mark.parametrize(("a", "b"), [(2.0, 60.0), (60.0, 2.0), (5.0, 5.0)])
@pytest.mark.parametrize("low", [-0.2, 0.0, 0.001, 0.5, 0.97, 1.2])
def test_probabilities_from_a_point_on_have_their_digits_in_either_tail(
    a: float, b: float, low: float
) -> None:
    until = Law(np.array([a]), np.array([b])).from_(np.array([[[low]]]))
    for high in (0.002, 0.4, 0.98, 1.0, 1.3):
        first, last = np.clip([low, high], 0, 1)
        left = stats.beta.cdf(last, a, b) - stats.beta.cdf(first, a, b)
        right = stats.beta.sf(first, a, b) - stats.beta.sf(last, a, b)
        wanted = left if stats.beta.cdf(first, a, b) < 0.5 else right
        assert until(np.array([[[high]]]))[0, 0, 0] == pytest.approx(wanted, rel=1e-11, abs=1e-300)


def test_spread_is_the_standard_deviation_of_each_law() -> None:
    a, b = np.array([0.6, 30.0]), np.array([40.0, 9.0])
    np.testing.assert_allclose(Law(a, b).spread, stats.beta.std(a, b), rtol=1e-13)
    np.testing.assert_allclose(
        Law(a, b, gamma=True).spread, stats.gamma.std(a, scale=1 / b), rtol=1e-13
    )


def test_the_probability_beyond_0_and_1_is_that_of_the_apparent_share() -> None:
    law = Law(np.array([4.0, 90.0]), np.array([96.0, 10.0]))
    of = Instrument(*(np.array([x, x]) for x in (SE, np.inf, SP, np.inf)))
    found = imperfect.beyond(law, of, prior=0.6)
    for row, (a, b) in enumerate(zip(*law[:2], strict=True)):
        wanted = stats.beta.cdf(1 - SP, a, b), stats.beta.sf(SE, a, b)
        np.testing.assert_allclose(found[row], wanted, rtol=1e-10, atol=1e-15)
