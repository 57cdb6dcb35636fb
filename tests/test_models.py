"""Regressions, marginal effects, tests and row influence against slow, obvious versions."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.direct.quadratic import exact_tail, saddlepoint_tail
from tests.naive import models, variance

Array = NDArray[Any]
FAMILIES = {"gaussian": "z", "binomial": "case", "poisson": "jobs"}
TERMS = ["x", "group", "sex", "group:sex", "x:sex"]


def rows(n: int = 120, seed: int = 5) -> dict[str, Any]:
    """Twelve primary units in three strata; three families of outcomes that depend on x and group."""
    rng = np.random.default_rng(seed)
    data: dict[str, Any] = {
        "stratum": np.repeat(np.arange(3), n // 3),
        "psu": np.repeat(np.arange(12), n // 12),
        "w": rng.integers(1, 9, n).astype(float),
        "x": rng.normal(size=n),
        "group": rng.choice(["a", "b", "c"], n),
        "sex": rng.choice(["F", "M"], n),
        "urban": rng.choice([0.0, 1.0], n),
    }
    eta = -0.5 + 0.6 * data["x"] + 0.5 * (data["group"] == "b")
    data["case"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    data["jobs"] = rng.poisson(np.exp(eta / 2)).astype(float)
    data["z"] = eta + rng.normal(size=n)
    return data


def sample(data: Any) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def weighted(data: Any) -> pv.Survey:
    margins = {"sex": {"F": 300.0, "M": 260.0}, "group": {"a": 200.0, "b": 180.0, "c": 180.0}}
    return sample(data).rake(margins)


def design(data: dict[str, Any]) -> tuple[Array, Array, Array]:
    """Return the design matrix of TERMS, its derivative in x, and the same were group ``b``."""
    x, male = data["x"], (data["sex"] == "M").astype(float)

    def built(b: Array, c: Array) -> Array:
        return np.stack([one, x, b, c, male, b * male, c * male, x * male], axis=1)

    one, zero = np.ones(x.size), np.zeros(x.size)
    full = built((data["group"] == "b") * 1.0, (data["group"] == "c") * 1.0)
    derivative = np.stack([zero, one, zero, zero, zero, zero, zero, male], axis=1)
    return full, derivative, built(one, zero)


# Coefficients and effects


@pytest.mark.parametrize("family", FAMILIES)
def test_coefficients_and_effects_are_the_slow_ones(family: str) -> None:
    data = rows()
    x, derivative, b_level = design(data)
    a_level = design({**data, "group": np.full(120, "a")})[0]
    b = models.coefficients(x, data[FAMILIES[family]], data["w"], family)
    fit = pv.direct.regression(sample(data), FAMILIES[family], TERMS, family=family)
    assert fit.outcomes[:4] == ("(intercept)", "x", "group = b", "group = c")
    assert fit.outcomes[5:] == ("group = b:sex = M", "group = c:sex = M", "x:sex = M")
    np.testing.assert_allclose(fit.value, b, rtol=1e-11)
    effects = pv.direct.marginal_effects(sample(data), FAMILIES[family], TERMS, family=family)
    assert effects.outcomes == ("x", "group = b", "group = c", "sex = M")
    slow = models.number_effect(x, derivative, data["w"], b, family)
    np.testing.assert_allclose(effects["x"].value, slow, rtol=1e-11)
    slow = models.level_effect(b_level, a_level, data["w"], b, family)
    np.testing.assert_allclose(effects["group = b"].value, slow, rtol=1e-11)


@pytest.mark.parametrize("estimator", [pv.direct.regression, pv.direct.marginal_effects])
@pytest.mark.parametrize("family", FAMILIES)
def test_influence_through_raking_is_the_central_difference(family: str, estimator: Any) -> None:
    data, h = rows(), 1e-5

    def found(w: Array) -> pv.Estimate:
        made = weighted({**data, "w": w})
        result: pv.Estimate = estimator(
            made, FAMILIES[family], TERMS, family=family, where="urban == 1 or x > 0"
        )
        return result

    e = found(data["w"])
    ((columns, _),) = e.columns.values()
    moved = np.stack(
        [
            found(data["w"] * (1 + h * (data["psu"] == j))).value
            - found(data["w"] * (1 - h * (data["psu"] == j))).value
            for j in range(12)
        ],
        axis=1,
    ) / (2 * h)
    centred = moved - np.repeat(moved.reshape(-1, 3, 4).mean(axis=2), 4, axis=1)
    # The step's square, 1e-10, and rounding over the step, 1e-11.
    assert (np.abs(columns - centred) / np.abs(centred).max(axis=1, keepdims=True)).max() < 1e-7


def test_a_root_of_the_engine_gives_the_same() -> None:
    data = rows()
    x = np.stack([np.ones(120), data["x"]])

    def expit(b: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-(b * x).sum(axis=0))))

    def theta(w: Any) -> Array:
        return pv.root(
            w,
            lambda b: x * (data["case"] - expit(b)),
            lambda b: x[:, None] * x * expit(b) * (1 - expit(b)),
            np.zeros(2),
        )

    for made in (weighted(data), weighted(data).bootstrap(20, rng=1)):
        slow = made.estimate(theta)
        fast = pv.direct.regression(made, "case", "x", family="binomial")
        np.testing.assert_allclose(fast.value, slow.value, rtol=1e-12)
        np.testing.assert_allclose(fast.covariance, slow.covariance, rtol=1e-8)


def test_columns_that_fail_are_left_out_and_counted() -> None:
    data = rows()
    data["rare"] = ((data["psu"] == 2) & (data["x"] > 0)).astype(float)
    with pytest.warns(pv.PrevalenceWarning, match="no jackknife standard error: 1 replicates"):
        e = pv.direct.regression(sample(data).jackknife(), "rare", "x", family="binomial")
    assert np.isnan(e.std_error).all()
    assert np.isfinite(e.value).all()


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_dropped_rows_are_zero_weights_and_counted() -> None:
    data = rows()
    data["z"][[3, 77]] = np.nan
    group = data["group"].astype(object)
    group[40] = None
    zero = data["w"].copy()
    zero[[3, 40, 77]] = 0
    kept = pv.direct.regression(
        sample({**data, "group": group}), "z", ["x", "group"], missing="drop"
    )
    filled = {**data, "z": np.nan_to_num(data["z"]), "w": zero}
    wanted = pv.direct.regression(sample(filled), "z", ["x", "group"])
    np.testing.assert_allclose(kept.value, wanted.value, rtol=1e-12)
    np.testing.assert_allclose(kept.covariance, wanted.covariance, rtol=1e-9)
    assert kept.facts["missing"].tolist() == [3] * 4
    assert kept.facts["n"].tolist() == [117] * 4


def test_a_row_far_from_the_others_has_a_probability_near_0_and_does_not_stop_the_fit() -> None:
    x = np.r_[np.linspace(-3, 3, 40), 400.0]
    y = np.r_[np.tile([1.0, 1.0, 0.0, 1.0], 5), np.tile([0.0, 1.0, 0.0, 0.0], 5), 0.0]
    fit = pv.direct.regression(pv.Survey({"x": x, "y": y}), "y", "x", family="binomial")
    eta = fit.value[0] + fit.value[1] * x
    assert eta[-1] < -125
    residual = y - 1 / (1 + np.exp(-eta))
    assert np.abs([residual.sum(), residual @ x]).max() < 1e-12  # the score is zero at the root


def test_degrees_of_freedom_and_their_end() -> None:
    data = rows()
    fit = pv.direct.regression(sample(data), "z", ["x", "group"])
    assert fit.df.tolist() == [6.0] * 4  # 12 units, 3 strata: 9 + 1 - 4
    with pytest.warns(pv.PrevalenceWarning, match="leave no degrees of freedom"):
        few = pv.direct.regression(sample(data), "z", ["x", "psu", "group"], categorical="psu")
    assert (few.df == 0).all()
    assert np.isnan(few.interval()).all()
    assert "leave no degrees of freedom" in few.warnings[0]


def test_categories_keep_their_order_and_scale_does_not_matter() -> None:
    data = rows()
    ordered = pd.DataFrame(data).assign(
        group=pd.Categorical(data["group"], categories=["c", "b", "a", "unused"])
    )
    fit = pv.direct.regression(sample(ordered), "case", ["x", "group"], family="binomial")
    assert fit.outcomes == ("(intercept)", "x", "group = b", "group = a")
    plain = pv.direct.regression(sample(data), "case", ["x", "group"], family="binomial")
    both = plain["group = b"].value[0] - plain["group = c"].value[0]
    assert fit["group = b"].value[0] == pytest.approx(both, rel=1e-10)
    far = {**data, "x": 2000 + data["x"] * 1e-3, "w": data["w"] * 1e150}
    moved = pv.direct.regression(sample(far), "case", ["x", "group"], family="binomial")
    # x keeps ten of its digits beside 2000.
    np.testing.assert_allclose(moved["x"].value, plain["x"].value * 1e3, rtol=1e-8)
    np.testing.assert_allclose(moved["x"].std_error, plain["x"].std_error * 1e3, rtol=1e-8)


def test_without_an_intercept_a_category_has_all_levels() -> None:
    data = rows()
    fit = pv.direct.regression(sample(data), "z", ["sex", "group", "x"], intercept=False)
    assert fit.outcomes == ("sex = F", "sex = M", "group = b", "group = c", "x")
    usual = pv.direct.regression(sample(data), "z", ["sex", "group", "x"])
    np.testing.assert_allclose(fit["sex = F"].value, usual["(intercept)"].value, rtol=1e-11)
    np.testing.assert_allclose(fit["x"].std_error, usual["x"].std_error, rtol=1e-9)
    for family, y in FAMILIES.items():
        one, two = (
            pv.direct.marginal_effects(
                sample(data), y, ["sex", "group", "x"], family=family, intercept=intercept
            )
            for intercept in (True, False)
        )
        np.testing.assert_allclose(two.value, one.value, rtol=1e-9)
        np.testing.assert_allclose(two.std_error, one.std_error, rtol=1e-8)


def test_an_effect_in_a_linear_model_is_its_coefficient() -> None:
    made = weighted(rows())
    fit = pv.direct.regression(made, "z", ["x", "group", "sex"])
    effects = pv.direct.marginal_effects(made, "z", ["x", "group", "sex"], family="gaussian")
    np.testing.assert_allclose(effects.value, fit.value[1:], rtol=1e-11)
    np.testing.assert_allclose(effects.covariance, fit.covariance[1:, 1:], rtol=1e-9)


# Influence of rows


def test_row_influence_is_the_derivative_in_the_weight_of_a_row() -> None:
    data, h = rows(), 1e-5
    y, one = data["z"], np.ones(120)

    def theta(w: Any) -> Array:
        return np.asarray((y @ w) / (one @ w))

    found = weighted(data).influence(theta, by="sex", where="x > -1")
    assert found.shape == (2, 120)
    for i in (0, 17, 64, 119):
        up, down = (
            weighted({**data, "w": data["w"] * (1 + s * (np.arange(120) == i))})
            .estimate(theta, by="sex", where="x > -1")
            .value
            for s in (h, -h)
        )
        np.testing.assert_allclose(found[:, i], (up - down) / (2 * h), rtol=1e-5, atol=1e-9)
    e = weighted(data).estimate(theta, by="sex", where="x > -1")
    columns, coefficient = variance.columns(found[0], data["stratum"], data["psu"])
    assert e.std_error[0] == pytest.approx(np.sqrt((coefficient * columns**2).sum()), rel=1e-12)


# Tests


def test_a_wald_test_of_one_row_is_a_squared_t() -> None:
    fit = pv.direct.regression(sample(rows()), "z", ["x", "group", "sex"])
    one = pv.direct.wald_test(fit, "x", null=0.25)
    t = (fit.value[1] - 0.25) / fit.std_error[1]
    assert one.statistic == pytest.approx(t**2, rel=1e-12)
    assert (one.df, one.ddf) == (1.0, 5.0)
    both = pv.direct.wald_test(fit, "group")
    again = pv.direct.wald_test(fit, ["group = b", 3])
    assert both.p_value == again.p_value
    adjusted = pv.direct.wald_test(fit, "group", adjusted=True)
    assert adjusted.statistic == pytest.approx(both.statistic * 4 / 5, rel=1e-12)
    assert adjusted.ddf == 4.0
    assert "group = b, group = c are 0" in both.sentence()


def test_a_wald_test_of_domains_has_their_covariance() -> None:
    e = pv.direct.mean(sample(rows()), "z", by="sex")
    difference = e["M"] - e["F"]
    contrast = pv.direct.wald_test(difference)
    assert contrast.statistic == pytest.approx(
        float(difference.value[0] / difference.std_error[0]) ** 2, rel=1e-12
    )


def test_a_t_test_is_the_difference_of_two_means() -> None:
    data = rows()
    test = pv.direct.t_test(sample(data), "z", "sex", where="x > -1")
    means = pv.direct.mean(sample(data), "z", by="sex", where="x > -1")
    difference = means["M"] - means["F"]
    assert test.estimate is not None
    np.testing.assert_allclose(test.estimate.value, difference.value, rtol=1e-12)
    np.testing.assert_allclose(test.estimate.std_error, difference.std_error, rtol=1e-10)
    assert test.df == 8.0
    assert test.n == int((data["x"] > -1).sum())
    with pytest.raises(dataclasses.FrozenInstanceError):
        test.df = 3.0  # type: ignore[misc]  # a result is not changed


def test_design_effects_of_a_table_are_those_of_the_log_linear_model() -> None:
    data = rows()
    made = weighted(data)
    test = pv.direct.chi_square(made, "group", "sex")
    z = [(data["group"] == g) * (data["sex"] == s) * 1.0 for g in "abc" for s in "FM"]
    shares = made.estimate(lambda w: (z @ w) / ([np.ones(120)] @ w))
    slow = models.design_effects(shares.value.reshape(3, 2), shares.covariance, 120)
    np.testing.assert_allclose(test.design_effects, slow, rtol=1e-9)


def test_without_clusters_and_weights_pearson_and_rao_scott_nearly_agree() -> None:
    data = rows(1200)
    plain = pv.direct.chi_square(
        pv.Survey({k: data[k] for k in ("group", "sex")}), "group", "sex", statistic="chi-square"
    )
    counts = pd.crosstab(data["group"], data["sex"]).to_numpy()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / 1200
    assert plain.statistic == pytest.approx(((counts - expected) ** 2 / expected).sum(), rel=1e-10)
    # n / (n - 1), and observed for expected cells: both of order 1 / sqrt(n).
    np.testing.assert_allclose(plain.design_effects, 1, atol=0.05)


@pytest.mark.parametrize("x", [0.3, 2.0, 9.0, 40.0])
@pytest.mark.parametrize("ddf", [3.7, 19.9, 300.0])
def test_the_tail_of_a_weighted_sum_is_two_nested_integrals(x: float, ddf: float) -> None:
    weights = np.array([1.9, 0.4])
    slow = models.tail(x, weights, ddf)
    # Both integrate to 1e-10 of the value or better.
    assert exact_tail(x, weights, ddf) == pytest.approx(slow, rel=1e-9)
    if ddf > 100:  # the approximation is a tenth off at most here, and half at few degrees
        assert saddlepoint_tail(x, weights, ddf) == pytest.approx(slow, rel=0.1)


def test_the_tail_of_one_weight_is_the_f_distribution() -> None:
    from scipy.stats import f

    for x in (0.5, 4.0, 30.0):
        assert exact_tail(x, np.full(3, 2.0), 11.5) == pytest.approx(f.sf(x / 6, 3, 11.5), rel=1e-9)
        near = exact_tail(x, np.array([2.0, 2.0 + 1e-6, 2.0]), 11.5)
        assert near == pytest.approx(f.sf(x / 6, 3, 11.5), rel=1e-5)


@pytest.mark.proof
def test_size_of_the_tests_of_independence() -> None:
    """Under independence with clusters, F rejects in about 5 % of samples: 2,000, error 0.5 %."""
    rng = np.random.default_rng(12)
    rejected = 0
    for _ in range(2_000):
        psu = np.repeat(np.arange(30), 12)
        lean = rng.normal(0, 0.7, 30)[psu]
        works = rng.random(360) < 1 / (1 + np.exp(-lean))
        data = {"works": works * 1, "sex": rng.choice(["F", "M"], 360), "psu": psu}
        test = pv.direct.chi_square(pv.Survey(data, psu="psu"), "works", "sex")
        rejected += test.p_value < 0.05
    assert 0.035 < rejected / 2_000 < 0.065


def test_p_values_of_one_statistic_are_ordered_as_they_should() -> None:
    made = weighted(rows())
    found = {
        name: pv.direct.chi_square(made, "group", "sex", statistic=name)
        for name in ("F", "chi-square", "wald", "adjusted-wald", "lincom", "saddlepoint")
    }
    assert all(0 < test.p_value < 1 for test in found.values())
    assert found["chi-square"].statistic == found["lincom"].statistic
    assert found["adjusted-wald"].p_value > found["wald"].p_value
    # The second-order correction approximates the exact distribution of the same statistic.
    assert found["F"].p_value == pytest.approx(found["lincom"].p_value, abs=0.02)
