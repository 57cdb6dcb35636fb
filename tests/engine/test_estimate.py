"""Arithmetic of estimates: covariance by source, against explicit derivatives and a simulation."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import samples

Array = NDArray[Any]
DATA = samples.households(41)
N = DATA["w"].size
ONE = np.ones(N)


def survey() -> pv.Survey:
    return pv.Survey(DATA, weights="w", strata="stratum", psu="psu")


def custom(theta: Callable[[Any], Any], made: pv.Survey | None = None) -> pv.Estimate:
    return (made or survey()).estimate(theta)


# One source


@pytest.mark.parametrize("scheme", ["linearised", "jackknife"])
def test_arithmetic_of_two_estimates_is_the_estimator_written_in_one(scheme: str) -> None:
    made = getattr(survey(), scheme)()
    y, x = DATA["hours"], DATA["income"]
    a, b = custom(lambda w: (y @ w) / (ONE @ w), made), custom(lambda w: (x @ w) / (ONE @ w), made)
    pairs: list[tuple[pv.Estimate, Callable[[Any], Any]]] = [
        (a + b, lambda w: ((y + x) @ w) / (ONE @ w)),
        (a - b, lambda w: ((y - x) @ w) / (ONE @ w)),
        (a * b, lambda w: (y @ w) * (x @ w) / (ONE @ w) ** 2),
        (a / b, lambda w: (y @ w) / (x @ w)),
        (a**b, lambda w: ((y @ w) / (ONE @ w)) ** ((x @ w) / (ONE @ w))),
        (np.log(a / b), lambda w: np.log((y @ w) / (x @ w))),
        (np.exp(b - 1), lambda w: np.exp((x @ w) / (ONE @ w) - 1)),
        (np.sqrt(2 * a), lambda w: np.sqrt(2 * (y @ w) / (ONE @ w))),
        (1 / b, lambda w: (ONE @ w) / (x @ w)),
        (a**2, lambda w: ((y @ w) / (ONE @ w)) ** 2),
        (2**b, lambda w: 2 ** ((x @ w) / (ONE @ w))),
        (3 - a, lambda w: 3 - (y @ w) / (ONE @ w)),
    ]
    for found, theta in pairs:
        wanted = custom(theta, made.linearised())
        np.testing.assert_allclose(found.value, wanted.value, rtol=1e-13)
        if scheme == "linearised":  # the delta method is the chain rule: the same derivative
            np.testing.assert_allclose(found.std_error, wanted.std_error, rtol=1e-11)
        else:  # here the delta method is applied to the columns: equal to first order
            again = custom(theta, made)
            np.testing.assert_allclose(found.std_error, again.std_error, rtol=0.05)


def test_one_joint_estimate_has_the_covariance_of_separate_ones() -> None:
    made = survey()
    joint = pv.direct.mean(made, ["hours", "income"], by="sex")
    parts = [pv.direct.mean(made, name, by="sex") for name in ("hours", "income")]
    for i, first in enumerate(parts):
        for j, second in enumerate(parts):
            for s in range(2):
                for t in range(2):
                    one = first.take(np.array([s])).describe(outcome="")
                    two = second.take(np.array([t])).describe(outcome="")
                    covariance = (
                        one.std_error**2 + two.std_error**2 - (one - two).std_error ** 2
                    ) / 2
                    wanted = joint.covariance[2 * i + s, 2 * j + t]
                    assert covariance[0] == pytest.approx(wanted, abs=1e-12)


def test_columns_and_coefficients_are_the_covariance() -> None:
    made = survey()
    for each in (made, made.jackknife(), made.bootstrap(60, rng=1)):
        found = pv.direct.mean(each, ["hours", "income"])
        ((columns, coefficients),) = found.columns.values()
        np.testing.assert_allclose((columns * coefficients) @ columns.T, found.covariance)


def test_rows_are_chosen_by_domain_outcome_and_place() -> None:
    found = pv.direct.mean(survey(), ["hours", "income"], by=["sex", "region"])
    assert len(found) == 12
    assert found["hours"].labels == found["income"].labels
    one = found["income"].take(np.array([found["income"].labels.index(("1", "2"))]))
    chosen = found["1", "2", "income"]
    assert (chosen.value, chosen.std_error) == (one.value, one.std_error)
    assert found[-1].labels == (("1", "2"),)
    with pytest.raises(KeyError, match="must be one of the estimate's"):
        found["nowhere"]
    with pytest.raises(IndexError):
        found[12]


def test_a_unit_is_a_text() -> None:
    with pytest.raises(TypeError, match=r"^unit must be a text: found 1\. Write for example unit="):
        survey().estimate(lambda w: DATA["hours"] @ w, unit=1)  # type: ignore[arg-type]


def test_a_domain_in_full_is_that_domain_where_two_columns_have_the_same_codes() -> None:
    frame = {"y": np.arange(8.0), "a": [1, 1, 2, 2] * 2, "b": [1, 2] * 4, "w": np.ones(8)}
    found = pv.direct.mean(pv.Survey(frame, weights="w"), "y", by=["a", "b"])
    assert found[1, 2].labels == (("1", "2"),)
    assert found[2, 1].labels == (("2", "1"),)
    assert found[1, 1].labels == (("1", "1"),)
    assert found["y", 1, 1].labels == found[1, 1, "y"].labels == (("1", "1"),)
    assert len(found["1"]) == 3  # a part of the domain: all rows that have it
    assert (found[1, 1] - found[1, 2]).value == -1


def test_numbers_per_row_and_broadcasting() -> None:
    rows, whole = pv.direct.mean(survey(), "hours", by="region"), pv.direct.mean(survey(), "hours")
    scaled = rows * np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(scaled.std_error, rows.std_error * [1, 2, 3], rtol=1e-14)
    np.testing.assert_allclose(scaled.interval(), rows.interval() * [[1], [2], [3]], rtol=1e-14)
    against = rows - whole
    assert len(against) == 3
    np.testing.assert_allclose(against.value, rows.value - whole.value[0], rtol=1e-12)
    with pytest.raises(ValueError, match="same number of rows"):
        _ = rows - pv.direct.mean(survey(), "hours", by="sex")
    with pytest.raises(ValueError, match="one per row"):
        _ = rows * np.ones(2)


# Sources


def test_independent_sources_add_up_and_one_name_is_one_quantity() -> None:
    a = pv.direct.mean(survey(), "hours")
    u, v = pv.uncertain(0.6, std_error=0.05, name="rate"), pv.uncertain(0.6, std_error=0.05)
    assert (a * u).std_error[0] == pytest.approx(
        np.hypot(0.6 * a.std_error[0], 0.05 * a.value[0]), rel=1e-13
    )
    again = pv.uncertain(0.6, std_error=0.05, name="rate")
    assert (u - again).std_error[0] == pytest.approx(0, abs=1e-16)
    assert (u - v).std_error[0] == pytest.approx(0.05 * np.sqrt(2), rel=1e-14)
    assert (u + again).std_error[0] == pytest.approx(0.1, rel=1e-14)


def test_degrees_of_freedom_are_the_designs_or_satterthwaites() -> None:
    a = pv.direct.mean(survey(), "hours")
    assert a.df[0] == 15
    u = pv.uncertain(2.0, std_error=0.3)
    product = a * u
    parts = np.array([(2 * a.std_error[0]) ** 2, (0.3 * a.value[0]) ** 2])
    assert product.df[0] == pytest.approx(parts.sum() ** 2 / (parts[0] ** 2 / 15), rel=1e-12)
    assert np.isinf(u.df[0])
    assert (a - 2 * a).df[0] == 15


def simulated(seed: int) -> tuple[float, float, float, float, float, float]:
    """One sample of a fixed population: a ratio, and a difference scaled by an uncertain factor."""
    rng = np.random.default_rng(seed)
    effect = np.repeat(rng.normal(0, 1, 40), 6)
    a = 10 + effect + rng.normal(0, 1, 240)
    b = 8 + effect + rng.normal(0, 1, 240)
    made = pv.Survey(
        {"a": a, "b": b, "w": np.ones(240), "psu": np.repeat(np.arange(40), 6)},
        weights="w",
        psu="psu",
    )
    one, two = (pv.direct.mean(made, name).describe(outcome="") for name in "ab")
    rate = pv.uncertain(0.5 + 0.05 * rng.normal(), std_error=0.05, name="rate")
    ratio, scaled = one / two, one * rate - two * rate
    cancelled = (one * rate) / (two * rate)
    assert cancelled.std_error[0] == pytest.approx(ratio.std_error[0], rel=1e-10)
    apart = np.hypot(one.std_error[0] / one.value[0], two.std_error[0] / two.value[0])
    return (
        ratio.value[0],
        ratio.std_error[0],
        scaled.value[0],
        scaled.std_error[0],
        apart * ratio.value[0],
        np.hypot((one * rate).std_error[0], (two * rate).std_error[0]),
    )


def test_ratio_and_shared_factor_have_the_right_standard_error_in_a_simulation() -> None:
    size = 400
    table = np.array([simulated(seed) for seed in range(size)])
    # Monte Carlo error of a standard deviation of nearly normal values: 1 / sqrt(2 size) of it.
    error = 1 / np.sqrt(2 * size)
    for value, std_error, as_if_independent in ((0, 1, 4), (2, 3, 5)):
        spread = table[:, value].std(ddof=1)
        claimed = np.sqrt((table[:, std_error] ** 2).mean())
        assert abs(claimed / spread - 1) < 4 * error
        wrong = np.sqrt((table[:, as_if_independent] ** 2).mean())
        assert abs(wrong / spread - 1) > 8 * error  # without the covariance it would show


# Estimands and what an estimate keeps


def test_different_estimands_do_not_mix_without_a_bridge() -> None:
    made = survey()
    a = pv.direct.mean(made.describe(window="12 months"), "hours")
    b = pv.direct.mean(made.describe(window="1 month"), "hours")
    with pytest.raises(ValueError, match=r"differ in window \(12 months / 1 month\).*bridge"):
        _ = a - b
    moved = b.bridge(
        pv.uncertain(1.2, std_error=0.1), reason="People stay 10 months.", window="12 months"
    )
    assert (a - moved).std_error[0] > 0
    assert any("People stay" in said for said in (a - moved).assumptions)
    with pytest.raises(ValueError, match="reason must say why"):
        b.bridge(1.0, reason="")
    with pytest.raises(TypeError, match="Did you mean 'window'"):
        b.describe(windows="x")


def test_a_monotone_map_keeps_the_interval_rule_and_maps_its_limits() -> None:
    share = pv.direct.prevalence(survey(), "case")
    limits = share.interval()
    np.testing.assert_allclose((share * 500).interval(), 500 * limits, rtol=1e-14)
    np.testing.assert_allclose((1 - share).interval(), 1 - limits[:, ::-1], rtol=1e-14)
    np.testing.assert_allclose(np.log(share).interval(), np.log(limits), rtol=1e-14)
    np.testing.assert_allclose(share.count(560_000).interval(), 560_000 * limits, rtol=1e-14)
    assert share.count(560_000).unit == "count"
    again = np.exp(np.log(share))
    np.testing.assert_allclose(again.std_error, share.std_error, rtol=1e-13)
    with pytest.raises(ValueError, match="count needs a proportion: this estimate is a mean"):
        pv.direct.mean(survey(), "hours").count(10)


def test_the_root_and_logarithm_of_a_wide_interval_are_symmetric() -> None:
    """A negative limit has no root: mapping it made the upper limit stand as the lower one."""
    wide = pv.direct.mean(pv.Survey({"y": [0.1, 9.0, 0.2]}), "y")
    assert wide.interval()[0, 0] < 0
    for function in (np.sqrt, np.log):
        found = function(wide)
        low, high = found.interval()[0]
        np.testing.assert_allclose((low + high) / 2, found.value[0], rtol=1e-13)
        assert low < high


@pytest.mark.filterwarnings("ignore:.* quantiles lack a limit")
def test_a_limit_that_stands_alone_keeps_its_side() -> None:
    rows = pv.Survey({"y": np.arange(40.0) ** 2 + 1, "ea": np.arange(40) // 4}, psu="ea")
    ends = pv.direct.quantile(rows, "y", [0.05, 0.97])
    for found, lower in ((ends, 1), (2 * ends, 1), (np.log(ends), 1), (1 - ends, 0), (5 / ends, 0)):
        known = np.isfinite(found.interval())
        np.testing.assert_array_equal(known, [[not lower, lower], [lower, not lower]])
        assert (found.interval()[0, lower] > found.value[0]) == bool(lower)


def test_an_estimate_is_frozen_and_survives_copy_and_pickle() -> None:
    found = pv.direct.prevalence(survey(), "case", by="sex")
    with pytest.raises(AttributeError):
        found.value = np.zeros(2)  # type: ignore[misc]  # what a frozen object must refuse
    with pytest.raises(ValueError, match="read-only"):
        found.value[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        found.std_error[0] = 1.0
    for other in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):  # noqa: S301
        assert (other - found).std_error == pytest.approx([0, 0], abs=1e-15)
        np.testing.assert_array_equal(other.interval(), found.interval())


def test_what_has_no_delta_method_is_refused() -> None:
    found = pv.direct.mean(survey(), "hours", by="sex")
    for function in (np.abs, np.sin, np.floor):
        with pytest.raises(TypeError, match="must have a delta method here: found"):
            function(found)
    plus: Any = np.add
    calls: list[Callable[[], Any]] = [
        lambda: plus.reduce(found),
        lambda: plus(found, 1, where=True),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="__array_ufunc__"):
            call()
    with pytest.raises(TypeError, match="an estimate of one row: found 2"):
        float(found)
    assert float(found[0]) == found.value[0]


def test_uncertain_numbers_are_the_distributions_they_say() -> None:
    from scipy import stats

    beta = pv.uncertain(0.6, 0.4, 0.8, kind="beta")
    low, high = beta.interval()[0]
    assert high - low == pytest.approx(0.4, abs=1e-9)
    size = 0.6 * 0.4 / beta.std_error[0] ** 2 - 1
    assert stats.beta(0.6 * size, 0.4 * size).cdf(high) == pytest.approx(0.975, abs=1e-9)
    normal = pv.uncertain(5.0, 3.0, 7.0)
    np.testing.assert_allclose(normal.interval(), [[3.0, 7.0]], rtol=1e-12)
    log = pv.uncertain(5.0, 2.5, 10.0, kind="lognormal")
    np.testing.assert_allclose(log.interval(), [[2.5, 10.0]], rtol=1e-12)
    np.testing.assert_allclose(pv.uncertain(5.0, 3.0, 7.0, level=0.5).interval(0.5), [[3.0, 7.0]])


def test_what_two_estimates_tell_is_what_they_agree_on_and_the_house_words_of_the_first() -> None:
    a, b = (pv.uncertain(v, std_error=0.1, name=n) for v, n in ((2.0, "a"), (3.0, "b")))
    house = ("people", "outcome in", "rows", "psus", "cases", "design", "weights", "variance")
    first = replace(a, provenance={**dict.fromkeys(house, "one"), "shared": 1, "own": 1})
    second = replace(b, provenance={**dict.fromkeys(house, "two"), "shared": 1, "own": 2})
    for made in (first + second, first * second, first - second, first / second):
        assert made.provenance == {**dict.fromkeys(house, "one"), "shared": 1}
    silent = replace(b, provenance={})  # tells nothing, so disagrees in nothing
    assert (first * silent).provenance == first.provenance


@pytest.mark.filterwarnings("ignore:'y' does not vary")
def test_what_does_not_vary_has_the_fewest_degrees_of_freedom_of_its_own_row() -> None:
    found = []
    for units in ((4, 10), (9, 6)):  # of the domains a and b, in two samples
        psu = np.arange(sum(units))
        domain = np.where(psu < units[0], "a", "b")
        rows = pv.Survey({"y": np.ones(psu.size), "psu": psu, "d": domain}, psu="psu")
        found.append(pv.direct.mean(rows, "y", by="d"))
    both = found[0] + found[1]
    assert both.std_error.tolist() == [0, 0]
    assert [e.df.tolist() for e in (*found, both)] == [[3, 9], [8, 5], [3, 5]]


def test_values_are_floats_and_one_label_stands_for_all_rows() -> None:
    one = pv.uncertain(3, std_error=1)
    made = replace(one, value=np.array([1, 2, 3]), blocks=(), labels=((),), outcomes=("cases",))
    assert made.value.dtype == float
    assert made.labels == ((),) * 3
    assert made.outcomes == ("cases",) * 3


def test_a_floor_stays_one_where_the_result_grows_with_it() -> None:
    number = pv.uncertain(40.0, std_error=2.0, name="number")
    told = {"floor": True, "identified by": "independence", "declared facts": "none", "design": "d"}
    floor = replace(pv.uncertain(30.0, std_error=3.0, name="lists"), provenance=told)
    for grows in (
        floor + number,
        number + floor,
        floor * number,
        number * floor,
        3 * floor,
        floor**2,
    ):
        assert grows.provenance["floor"]
        assert grows.provenance["identified by"] == "independence"
    for falls in (number - floor, number / floor, 5 - floor, 5 / floor, floor * -1.0, floor**-1.0):
        assert "floor" not in falls.provenance
    assert floor.provenance["design"] == (5 - floor).provenance["design"]
    assert (floor - number).provenance["floor"]
    assert np.log(floor).provenance["floor"]
    known = replace(number, provenance={"design": "d", "people": "all"})
    assert (known - floor).provenance == known.provenance
    assert "floor" not in (replace(floor, provenance=told) - floor).provenance


def test_a_product_names_both_outcomes_and_a_ratio_of_one_outcome_names_it_once() -> None:
    made = pv.direct.mean(survey(), "hours", by="sex")
    one, two = made[0], made[1]
    other = pv.direct.mean(survey(), "income", by="sex")[0]

    def said(e: pv.Estimate) -> str:
        assert e.estimand is not None
        return e.estimand.outcome

    assert said(one / two) == said(one)
    assert said(one * two) == f"{said(one)} * {said(two)}"
    assert said(one / other) == f"{said(one)} / {said(other)}"


def test_a_range_goes_through_a_map_in_order() -> None:
    e = replace(
        pv.uncertain(30.0, std_error=3.0, name="lists"),
        provenance={"range": (25.0, 40.0), "range of": "models"},
    )
    assert (e * 2).provenance["range"] == (50.0, 80.0)
    assert (100 - e).provenance["range"] == (60.0, 75.0)
    assert (e / 5).provenance["range"] == (5.0, 8.0)
    assert np.sqrt(e).provenance["range"] == (5.0, float(np.sqrt(40.0)))
    assert (100 - e).provenance["range of"] == "models"
    assert "range" not in (e + e).provenance
    assert "range of" not in (e + e).provenance


def test_uncertain_numbers_have_the_spread_of_their_limits() -> None:
    from scipy import stats

    z = stats.norm.ppf(0.95)
    normal = pv.uncertain(10.0, 8.0, 12.0, level=0.9)
    assert normal.std_error[0] == pytest.approx(2 / z, rel=1e-12)
    assert normal.interval_rule == "wald"
    log = pv.uncertain(10.0, 5.0, 20.0, kind="lognormal", level=0.9, name="x")
    assert log.std_error[0] == pytest.approx(10 * np.log(2) / z, rel=1e-12)
    assert log.interval_rule == "log"
    np.testing.assert_allclose(log.interval(0.9), [[5.0, 20.0]], rtol=1e-12)
    assert log.outcomes == ("x",)
    with pytest.raises(ValueError, match="kind must be"):
        pv.uncertain(10.0, 5.0, 20.0, kind="gamma")
