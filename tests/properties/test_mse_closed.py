"""Closed-population models: the slow versions, and identities that hold for every table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

import prevalence as pv
from prevalence.mse.closed import chao_lower_bound, lincoln_petersen
from prevalence.mse.closed_population.families import build_family, family_fit
from prevalence.mse.closed_population.inflation import modified_chao_bound, one_inflated_fit
from prevalence.mse.closed_population.profile import profile_family, profile_loglinear, trace
from prevalence.mse.histories import all_histories, capture_frequencies
from prevalence.mse.loglinear import loglinear_fit
from prevalence.mse.trust.sensitivity import highest_order_odds, pair_odds
from tests.naive import mse_closed as naive

Array = NDArray[Any]
# Both sides converge to rounding, times the condition of a dark figure, up to about 1e4 here.
SAME = 1e-9
TABLE = np.array([150.0, 140, 130, 120, 34, 31, 30, 28, 26, 24, 12, 11, 10, 9, 6])
FALL = 1.9207294103470533  # half the 95 % point of chi-square with one degree of freedom


def tables(lists: int, width: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    rates = np.array([0.0, 60.0, 15.0, 6.0, 4.0, 3.0])[all_histories(lists).sum(axis=1)]
    means = rates[:, None] * rng.gamma(8.0, 1 / 8, (len(rates), width))
    return np.asarray(rng.poisson(means), dtype=float)


@pytest.mark.parametrize("model", ["M0", "Mt", "Mh", "Mth"])
@pytest.mark.parametrize("kind", ["poisson", "darroch", "gamma"])
def test_fits_equal_the_naive_ones(model: str, kind: str) -> None:
    heterogeneity = kind if "h" in model else None
    histories, columns = all_histories(4), tables(4, 3, 1)
    fit = family_fit(histories, columns, model, heterogeneity)
    design = naive.columns_of(histories, model, heterogeneity)
    for b, counts in enumerate(columns.T):
        total, std_error = naive.total(design, counts)
        assert fit.total[b] == pytest.approx(total, rel=SAME)
        assert fit.std_error[b] == pytest.approx(std_error, rel=SAME)


@pytest.mark.parametrize("model", ["Mh", "Mth"])
def test_bounds_equal_the_best_of_all_sets_of_zeros(model: str) -> None:
    histories, columns = all_histories(5), tables(5, 6, 2)
    fit = family_fit(histories, columns, model, "chao")
    design = naive.columns_of(histories, model, "chao")
    floored = build_family(histories, model, "chao").floored
    assert fit.converged.all()
    for b, counts in enumerate(columns.T):
        assert fit.total[b] == pytest.approx(naive.bounded(design, counts, floored), rel=SAME)


def test_response_to_capture_reads_first_captures_alone() -> None:
    histories = all_histories(4)
    first = histories.argmax(axis=1)
    counts = np.array([150.0, 90, 60, 30, 34, 31, 30, 12, 10, 6, 12, 11, 10, 3, 6])
    firsts = np.array([counts[first == j].sum() for j in range(4)])
    # The naive maximum is found by function values: half the digits.
    wanted = naive.removal(firsts)
    assert family_fit(histories, counts, "Mb").total == pytest.approx([wanted], rel=1e-6)
    wanted = firsts[0] + naive.removal(firsts[1:])
    assert family_fit(histories, counts, "Mbh").total == pytest.approx([wanted], rel=1e-6)


def test_normal_law_equals_adaptive_integration() -> None:
    histories = all_histories(4)
    frequencies = capture_frequencies(histories, TABLE)[:, 0]
    fit = family_fit(histories, TABLE, "Mh", "normal")
    total, variance = naive.normal_total(frequencies)
    # The naive maximum is found by function values: half the digits.
    assert fit.total == pytest.approx([total], rel=1e-5)
    assert fit.coefficients[-1] == pytest.approx([variance], rel=1e-5)


def test_normal_law_without_spread_is_that_of_equal_persons() -> None:
    histories = all_histories(4)
    means = 800 * np.prod(
        np.where(histories == 1, [0.3, 0.25, 0.2, 0.15], 1 - np.array([0.3, 0.25, 0.2, 0.15])),
        axis=1,
    )
    means[histories.sum(axis=1) == 2] *= 1.2  # fewer singles than chance: less than no spread
    equal, normal = (
        family_fit(histories, means, "Mt"),
        family_fit(histories, means, "Mth", "normal"),
    )
    assert normal.coefficients[-1] == pytest.approx([1e-8])
    # The variance stands at 1e-8, not 0.
    assert normal.total == pytest.approx(equal.total, rel=1e-6)
    assert normal.std_error == pytest.approx(equal.std_error, rel=1e-6)
    assert normal.parameters == equal.parameters


def test_a_normal_law_has_its_maximum_with_or_without_spread() -> None:
    """Of lists that hardly overlap: a step that is cut at no variance must still climb."""
    histories = all_histories(5)
    chances = np.array([0.035, 0.09, 0.03, 0.015, 0.03])
    means = 1_200 * np.prod(np.where(histories, chances, 1 - chances), axis=1)
    columns = np.random.default_rng(6).poisson(means, (40, 31)).T.astype(float)
    normal = family_fit(histories, columns, "Mth", "normal")
    equal = family_fit(histories, columns, "Mt")
    assert normal.converged.all()
    # No variance is 1e-8 here, which moves a deviance of about 10 by as much.
    assert (normal.deviance <= equal.deviance + 1e-7).all()
    none = normal.coefficients[-1] < 1e-7
    assert 8 < none.sum() < 32  # about half have less spread than none
    assert normal.total[none] == pytest.approx(equal.total[none], rel=1e-6)


def test_unequal_lists_are_the_independence_model() -> None:
    histories, columns = all_histories(4), tables(4, 20, 3)
    columns[histories[:, 3] == 1, :3] = 0  # an empty list in some columns
    fit, wanted = family_fit(histories, columns), loglinear_fit(histories, columns)
    for name in ("total", "std_error", "deviance", "aic", "bic"):
        np.testing.assert_allclose(getattr(fit, name), getattr(wanted, name), rtol=SAME)


def test_two_lists() -> None:
    histories = all_histories(2)
    fit = family_fit(histories, [40, 30, 10])
    total, variance = lincoln_petersen(50, 40, 10)
    assert fit.total == pytest.approx([float(total)], rel=SAME)
    assert fit.std_error**2 == pytest.approx([float(variance)], rel=SAME)


def test_models_without_a_maximum_are_told() -> None:
    histories = all_histories(3)
    once = np.array([9.0, 8, 7, 0, 0, 0, 0])
    assert family_fit(histories, once, "M0").code == [1]
    no_triples = np.array([60.0, 50, 40, 9, 8, 7, 0])
    fit = family_fit(histories, no_triples, "Mh", "darroch")
    assert fit.code == [1]
    assert np.isnan(fit.total)
    assert np.isfinite(family_fit(histories, no_triples, "Mh", "chao").total)


@pytest.mark.parametrize(
    ("model", "kind"), [("M0", None), ("Mt", None), ("Mh", "darroch"), ("Mth", "poisson")]
)
def test_profiles_equal_the_naive_ones(model: str, kind: str | None) -> None:
    histories = all_histories(4)
    traced = profile_family(histories, TABLE, model, kind)
    design = naive.columns_of(histories, model, kind)
    total, low, high = naive.profile_limits(design, TABLE, FALL)
    # The naive maximum is found by function values: half the digits.
    assert traced.total == pytest.approx(total, rel=1e-5)
    assert traced.limits() == pytest.approx((low, high), rel=1e-7)


def test_profile_of_unequal_lists_is_that_of_independence() -> None:
    histories = all_histories(4)
    one = profile_family(histories, TABLE, "Mt")
    other = profile_loglinear(histories, TABLE)
    assert one.limits() == pytest.approx(other.limits(), rel=SAME)


def test_profile_between_its_knots() -> None:
    traced = profile_family(all_histories(4), TABLE, "Mt")
    design = naive.columns_of(all_histories(4), "Mt", None)
    _, low, high = naive.profile_limits(design, TABLE, 1.6448536269514722**2 / 2)
    # Cubics through values and slopes a quarter apart: 1e-7 at worst.
    assert traced.limits(0.9) == pytest.approx((low, high), rel=1e-6)
    wide = np.array([traced.limits(level) for level in (0.3, 0.5, 0.8, 0.95, 0.99, 0.999)])
    assert (np.diff(wide[:, 0]) < 0).all()
    assert (np.diff(wide[:, 1]) > 0).all()


def test_profile_search_goes_as_far_as_it_must() -> None:
    """One person on both lists: the upper limit is 73 times the estimate."""
    traced = profile_loglinear(all_histories(2), [40, 30, 1])
    low, high = traced.limits(0.99)
    assert 71 < low < traced.total
    assert 60 * traced.total < high < 100 * traced.total


def test_profile_without_an_upper_limit() -> None:
    """Where the likelihood never falls by more than 2, limits beyond a root of 2 are infinite."""
    seen, top = 100.0, 5.0

    def surface(dark: Array) -> tuple[Array, Array]:
        apart = np.log(dark) - top
        kernel = gammaln(seen + dark + 1) - gammaln(dark + 1)
        fall = apart**2 / (1 + apart**2 / 2)
        slope = 2 * apart / (1 + apart**2 / 2) ** 2 / dark
        return -kernel - fall, digamma(dark + 1) - digamma(seen + dark + 1) - slope

    traced = trace(surface, seen, 30.0)
    assert traced.total == pytest.approx(seen + np.exp(top), rel=SAME)
    assert traced.limits(0.99) == (seen, np.inf)
    apart = 1 / np.sqrt(1 / FALL - 0.5)  # of the log, where it has fallen by `FALL`
    wanted = seen + np.exp([top - apart, top + apart])
    assert traced.limits() == pytest.approx(wanted, rel=SAME)


def test_profile_of_response_is_highest_at_its_maximum() -> None:
    histories = all_histories(4)
    counts = np.array([150.0, 90, 60, 30, 34, 31, 30, 12, 10, 6, 12, 11, 10, 3, 6])
    for model in ("Mb", "Mbh"):
        fit = family_fit(histories, counts, model)
        traced = profile_family(histories, counts, model)
        low, high = traced.limits()
        assert low < traced.total < high
        # The multinomial maximum is about half a person below the Poisson one.
        assert abs(traced.total - fit.total[0]) < 3
        assert high - low == pytest.approx(2 * 1.96 * fit.std_error[0], rel=0.25)


@pytest.mark.parametrize("mechanism", ["before", "after"])
def test_inflation_equals_its_likelihood(mechanism: str) -> None:
    histories = all_histories(4)
    fit = one_inflated_fit(
        histories, TABLE + 40 * (histories.sum(axis=1) == 1), law="equal", mechanism=mechanism
    )
    frequencies = capture_frequencies(histories, TABLE + 40 * (histories.sum(axis=1) == 1))[:, 0]
    assert fit.inflated.all()
    # The naive maximum is found by function values: half the digits.
    assert fit.total == pytest.approx([naive.inflated(frequencies, mechanism)], rel=1e-5)


def test_without_inflation_the_ordinary_model_is_fitted() -> None:
    histories = all_histories(4)
    few = TABLE.copy()
    few[:4] = [5, 4, 3, 2]
    for law, model in (("equal", "M0"), ("unequal", "Mt")):
        wanted = family_fit(histories, few, model)
        for mechanism in ("before", "after", "duplicates"):
            fit = one_inflated_fit(histories, few, mechanism=mechanism, law=law)
            assert not fit.inflated.any()
            assert fit.total == pytest.approx(wanted.total, rel=SAME)
            assert fit.std_error == pytest.approx(wanted.std_error, rel=SAME)


def test_the_bound_without_singletons_is_exact_for_equal_persons_and_lists() -> None:
    for lists in (3, 4, 5, 6):
        k = all_histories(lists).sum(axis=1)
        means = 1e9 * 0.1**k * 0.9 ** (lists - k)
        means[k == 1] *= 3
        total, _ = modified_chao_bound(all_histories(lists), means)
        dark = float(total[0]) - means.sum()
        # The corrections for small numbers leave 1e-5 of 1e6 persons captured three times.
        assert dark == pytest.approx(1e9 * 0.9**lists, rel=1e-4)


def test_sensitivity_of_the_highest_order() -> None:
    histories = all_histories(4)
    ratio, _ = highest_order_odds(histories, TABLE[:, None])
    assert ratio == pytest.approx([naive.highest_order(histories, TABLE)], rel=SAME)
    terms = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    terms += [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]  # type: ignore[list-item]
    fit = loglinear_fit(histories, TABLE, terms)
    assert ratio == pytest.approx(fit.dark, rel=SAME)
    lists = pv.Lists.from_counts(histories, TABLE)
    table = pv.mse.sensitivity(lists, odds_ratio=(0.5, 1, 2))
    assert table.total == pytest.approx(TABLE.sum() + np.array([0.5, 1, 2]) * ratio, rel=SAME)
    # With the odds ratio known the standard error is that of the model without the term.
    spread = fit.std_error[0]
    assert highest_order_odds(histories, TABLE[:, None])[1][0] == pytest.approx(
        (spread**2 - ratio[0]) / ratio[0] ** 2, rel=1e-8
    )


def test_sensitivity_of_a_pair() -> None:
    histories = all_histories(3)
    counts = np.array([60.0, 74, 48, 21, 9, 12, 4])
    dark, _, neither = pair_odds(histories[:, :2], counts[:, None])
    assert (float(dark[0]), float(neither[0])) == pytest.approx((69 * 86 / 25, 48), rel=SAME)
    lists = pv.Lists.from_counts(histories, counts, ["A", "B", "C"])
    table = pv.mse.sensitivity(lists, pair=("A", "B"), odds_ratio=(0.1, 10))
    frame = table.to_frame()
    assert len(frame) == 9
    for ratio, total in zip(frame["odds_ratio"], frame["estimate"], strict=True):
        n00 = ratio * 69 * 86 / 25
        assert np.isnan(total) if n00 < 48 else total == pytest.approx(69 + 86 + 25 + n00)
    assert (table.low[np.isfinite(table.total)] >= 228).all()
    twice = pv.mse.sensitivity(lists, pair=("A", "B"), odds_ratio=[table.doubling])
    assert twice.total[0] == pytest.approx(2 * table.assumed, rel=SAME)
    assert np.isnan(table.halving)
    assert "contradicts the 228 persons seen" in repr(table)
    assert "none halves it" in repr(table)


def test_bias_correction_of_the_bound_is_chaos() -> None:
    histories, columns = all_histories(5), tables(5, 10, 4)
    f = capture_frequencies(histories, columns)
    total, variance = chao_lower_bound(columns.sum(axis=0), f[0], f[1], lists=5)
    fit = family_fit(histories, columns, "Mh", "chao", bias_corrected=True)
    np.testing.assert_allclose(fit.total, total, rtol=SAME)
    np.testing.assert_allclose(fit.std_error, np.sqrt(variance), rtol=SAME)


def test_many_tables_equal_one_at_a_time() -> None:
    histories, columns = all_histories(5), tables(5, 15, 5)
    for model, kind in (("Mh", "chao"), ("Mth", "chao"), ("Mth", "normal"), ("Mbh", None)):
        many = family_fit(histories, columns, model, kind)
        for b in range(0, 15, 5):
            one = family_fit(histories, columns[:, b], model, kind)
            # Scoring of the normal law converges linearly, to 1e-8 of a log mean.
            np.testing.assert_allclose(many.total[b : b + 1], one.total, rtol=1e-6)
