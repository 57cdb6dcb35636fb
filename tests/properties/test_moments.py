"""Quantiles, shares of levels, variances and standardised means: the slow versions and identities."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv
from prevalence.direct.distribution import Distribution
from prevalence.intervals import t_quantile
from tests.naive import direct as naive

Array = NDArray[Any]
SAME = 1e-11  # the same sums in another order


def rows(seed: int, n: int = 120) -> dict[str, Any]:
    """Unequal weights, three strata of four or more units, domains, ties and levels."""
    rng = np.random.default_rng(seed)
    psu = np.sort(rng.permutation(np.arange(n) % 15))
    return {
        "psu": psu,
        "stratum": psu // 5,
        "w": rng.uniform(0.5, 6.0, n),
        "y": rng.gamma(2.0, 3.0, n) + psu % 4,
        "z": rng.poisson(1.0, n).astype(float),
        "job": rng.choice(["farm", "shop", "none"], n, p=[0.6, 0.3, 0.1]),
        "age": rng.choice(["old", "young"], n),
        "region": rng.choice(["E", "N", "S"], n),
    }


def survey(data: Any) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


# ---------------------------------------------------------------------- rules of quantiles
@settings(max_examples=60)
@given(
    x=st.lists(st.integers(0, 6), min_size=2, max_size=12),
    weights=st.lists(st.integers(0, 4), min_size=12, max_size=12),
    p=st.fractions(min_value=0, max_value=1, max_denominator=20),
    rule=st.sampled_from(sorted(naive.RULES)),
)
def test_rules_equal_the_slow_ones(
    x: list[int], weights: list[int], p: Fraction, rule: str
) -> None:
    w = np.array(weights[: len(x)], dtype=float)
    w[[0, -1]] += 1
    values = np.array(x, dtype=float)
    held = Distribution.of(values, w, None, 1)
    found = held.quantiles(np.array([[float(p)]]), rule)[0, 0]
    wanted = naive.RULES[rule](naive.sorted_pairs(values, w), p)
    if rule in ("math", "hf1", "school", "hf2", "hf3", "shahvaish-normed"):
        # A share that meets p in fractions may miss it by the rounding of either.
        near = [
            naive.RULES[rule](naive.sorted_pairs(values, w), min(max(p + d, ZERO), ONE))
            for d in NUDGES
        ]
        assert found in (wanted, *near)
        if p.denominator in (1, 2, 4, 8, 16) and rule != "shahvaish-normed":
            assert found == wanted
    else:
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


NUDGES = (Fraction(-1, 10**12), Fraction(1, 10**12))
ZERO, ONE = Fraction(0), Fraction(1)


def test_domains_are_read_as_if_alone() -> None:
    data = rows(3)
    code = np.unique(data["region"], return_inverse=True)[1]
    code[5] = -1
    for rule in sorted(naive.RULES):
        together = Distribution.of(data["y"], data["w"], code, 3)
        found = together.quantiles(np.tile([0.1, 0.5, 0.93], (3, 1)), rule)
        for d in range(3):
            alone = Distribution.of(data["y"][code == d], data["w"][code == d], None, 1)
            np.testing.assert_allclose(
                found[d], alone.quantiles(np.array([[0.1, 0.5, 0.93]]), rule)[0], rtol=SAME
            )


def test_negative_weights_of_a_calibration_leave_the_last_value_below() -> None:
    held = Distribution.of(np.arange(4.0), np.array([2.0, -1.0, 2.0, 1.0]), None, 1)
    # Cumulated 2, 1, 3, 4 of 4: the last value at which at most 0.3 is reached comes second.
    assert held.quantiles(np.array([[0.3]]), "math")[0, 0] == 2.0


# ---------------------------------------------------------------------- intervals of quantiles
@pytest.mark.parametrize("interval", ["mean", "logit", "beta", "arcsine"])
def test_woodruff_limits_are_quantiles_at_limits_of_the_share(interval: str) -> None:
    data = rows(4)
    e = pv.direct.quantile(survey(data), "y", 0.4, by="region", interval=interval, level=0.9)
    t = t_quantile(e.df, 0.9)
    for d, region in enumerate("ENS"):
        inside = data["region"] == region
        below = {**data, "below": (data["y"] <= e.value[d]) * 1.0}
        where, rule = f"region == '{region}'", "wald" if interval == "mean" else interval
        share = pv.direct.prevalence(survey(below), "below", where=where, interval=rule)
        p = share.interval(0.9)[0]
        held = Distribution.of(data["y"][inside], data["w"][inside], None, 1)
        limits = held.quantiles(p[None, :], "math")[0]
        np.testing.assert_array_equal(e.interval(0.9)[d], limits)
        assert e.std_error[d] == pytest.approx((limits[1] - limits[0]) / (2 * t[d]), rel=1e-12)


@pytest.mark.filterwarnings("ignore:.* have a standard error of 0")  # ties of z
@pytest.mark.parametrize("by", [(), "region"])
def test_score_limits_equal_the_scan(by: Any) -> None:
    data = rows(5, 60)
    s = survey(data)
    e = pv.direct.quantile(s, ["y", "z"], [0.25, 0.6], by=by, interval="score")
    e = e.take(np.arange(0, len(e), 3))
    for k, (outcome, label) in enumerate(zip(e.outcomes, e.labels, strict=True)):
        column, q = outcome.split(" at ")
        where = f"region == '{label[0]}'" if by else None
        inside = data["region"] == label[0] if by else np.ones(len(data["y"]), dtype=bool)

        def share(value: float, column: str = column, where: str | None = where) -> Any:
            below = survey({**data, "below": (data[column] <= value) * 1.0})
            return share_of(below, where)

        t = float(t_quantile(e.df[k : k + 1], 0.95)[0])
        limits = naive.score_interval(data[column][inside], float(q), share, t)
        assert tuple(e.interval()[k]) == limits


def share_of(s: pv.Survey, where: str | None) -> tuple[float, float]:
    found = pv.direct.prevalence(s, "below", where=where)
    return float(found.value[0]), float(np.nan_to_num(found.std_error[0]))


def test_quantiles_combine_like_replicates_of_themselves() -> None:
    """The columns are an approximation: fair to a tenth on 600 rows in 60 units of a smooth outcome.

    Monte Carlo: a bootstrap standard error of 800 replicates has a coefficient of variation of
    1 / sqrt(1600) = 2.5 %; Woodruff's interval, read at order statistics, about as much again.
    """
    data = rows(6, 3000)
    rng = np.random.default_rng(2)
    data["psu"] = np.arange(3000) // 25
    data["stratum"] = data["psu"] // 40
    data["y"] = rng.normal(size=3000) + rng.normal(size=120)[data["psu"]]
    quartiles = pv.direct.quantile(survey(data), "y", [0.25, 0.75])
    made = survey(data).bootstrap(800, rng=3)
    replicated = pv.direct.quantile(made, "y", [0.25, 0.75], interval="replicates")
    np.testing.assert_allclose(quartiles.std_error, replicated.std_error, rtol=0.15)
    spread = [(e["y at 0.75"] - e["y at 0.25"]).std_error[0] for e in (quartiles, replicated)]
    assert spread[0] == pytest.approx(spread[1], rel=0.2)
    assert replicated.interval_rule == "wald"


def test_limits_are_kept_at_other_levels_through_files_and_maps(tmp_path: Any) -> None:
    s = survey(rows(7))
    e = pv.direct.quantile(s, "y", [0.3, 0.5], by="region", level=0.93)
    for level in (0.5, 0.8, 0.9, 0.93, 0.95, 0.99):
        asked = pv.direct.quantile(s, "y", [0.3, 0.5], by="region", level=level)
        np.testing.assert_array_equal(e.interval(level), asked.interval(level))
    again = pv.load(e.save(tmp_path / "quantile"))
    np.testing.assert_array_equal(again.interval(0.93), e.interval(0.93))
    np.testing.assert_array_equal((2 * e)["N"].interval(), 2 * e["N"].interval())
    assert "Woodruff" in e.explain()
    assert e.to_frame(0.9)["interval"].unique().tolist() == ["woodruff"]
    assert pv.direct.quantile(s, "y", 0.9).sentence().startswith('The 0.9 quantile of "y"')


def test_quantiles_of_a_raked_survey_replicate_the_raking() -> None:
    data = rows(8)
    total = float(data["w"].sum())
    raked = survey(data).rake({"age": {"old": 0.5 * total, "young": 0.5 * total}})
    made = raked.bootstrap(60, rng=1)
    found = pv.direct.quantile(made, "y", by="region", interval="replicates")
    columns = np.asarray(made.replicate_columns(slice(0, 60)))
    ((deviations, _),) = found.columns.values()
    for r in (0, 30, 59):
        for d, region in enumerate("ENS"):
            inside = data["region"] == region
            held = Distribution.of(data["y"][inside], columns[inside, r], None, 1)
            value = held.quantiles(np.array([[0.5]]), "math")[0, 0]
            assert found.value[d] + deviations[d, r] == pytest.approx(value, rel=1e-12)


# ---------------------------------------------------------------------- levels
@pytest.mark.parametrize("rule", ["auto", "logit", "korn-graubard"])
@pytest.mark.parametrize("how", [{}, {"by": "region"}, {"by": ["region", "age"], "where": "y > 3"}])
def test_a_level_is_the_prevalence_of_its_indicator(rule: str, how: dict[str, Any]) -> None:
    data = rows(9)
    s = survey({**data, **{k: (data["job"] == k) * 1.0 for k in ("farm", "none", "shop")}})
    e = pv.direct.proportions(s, "job", interval=rule, **how)
    for level in ("farm", "none", "shop"):
        one, row = pv.direct.prevalence(s, level, interval=rule, **how), e[f"job = {level}"]
        np.testing.assert_allclose(row.value, one.value, rtol=SAME)
        np.testing.assert_allclose(row.std_error, one.std_error, rtol=SAME)
        np.testing.assert_allclose(row.interval(), one.interval(), rtol=1e-9)
        for fact in ("n", "cases", "psus", "psus_with_cases", "deff", "n_eff"):
            np.testing.assert_allclose(row.facts[fact], one.facts[fact], rtol=1e-9)
        assert row.facts["deff_source"].tolist() == one.facts["deff_source"].tolist()


def test_levels_add_up_with_their_covariance() -> None:
    s = survey(rows(10))
    shares = pv.direct.proportions(s, "job", by="region")
    np.testing.assert_allclose(shares.value.reshape(3, 3).sum(axis=0), 1.0, rtol=SAME)
    assert np.abs(shares.covariance.reshape(3, 3, 3, 3).sum(axis=(0, 2))).max() < 1e-16
    numbers = pv.direct.counts(s, "job", by="region")
    assert float(numbers.value.sum()) == pytest.approx(float(s.final_weights.sum()), rel=SAME)
    assert (numbers.interval()[:, 0] > 0).all()


def test_categories_keep_their_order_and_unused_ones_have_no_row() -> None:
    data = pd.DataFrame(rows(11))
    data["job"] = pd.Categorical(data["job"], categories=["shop", "none", "farm", "office"])
    e = pv.direct.proportions(survey(data), "job")
    assert e.outcomes == ("job = shop", "job = none", "job = farm")
    flags = pd.DataFrame(rows(11)).assign(young=lambda d: d["age"] == "young")
    assert pv.direct.counts(survey(flags), "young").outcomes == ("young = False", "young = True")


def test_a_level_without_rows_in_a_domain_has_limits_and_no_standard_error() -> None:
    data = rows(12)
    data["job"][(data["region"] == "N") & (data["job"] == "none")] = "farm"
    s = survey(data)
    for found in (
        pv.direct.proportions(s, "job", by="region"),
        pv.direct.counts(s, "job", by="region"),
    ):
        row = found.take(np.array([4]))
        assert (row.outcomes[0], row.labels[0], row.value[0]) == ("job = none", ("N",), 0.0)
        assert np.isnan(row.std_error[0])
        low, high = row.interval()[0]
        assert low == 0
        assert high > 0
        assert row.facts["cases"][0] == 0


# ---------------------------------------------------------------------- moments
def test_variances_in_domains_are_the_textbook_ones() -> None:
    data = rows(13)
    e = pv.direct.variance(survey(data), ["y", "z"], by="region")
    for d, region in enumerate("ENS"):
        inside = data["region"] == region
        w, n = data["w"][inside], int(inside.sum())
        both = np.stack([data["y"][inside], data["z"][inside]])
        centred = both - (both @ w / w.sum())[:, None]
        matrix = n / (n - 1) * (centred * w) @ centred.T / w.sum()
        np.testing.assert_allclose(e.value.reshape(4, 3)[:, d], matrix.ravel(), rtol=SAME)
    low, high = e.interval().reshape(2, 2, 3, 2).transpose(3, 2, 0, 1)
    both = e.value.reshape(2, 2, 3).transpose(2, 0, 1)
    # Limits of a variance multiply to its square; those of a covariance lie around it.
    for k in range(2):
        np.testing.assert_allclose((low * high)[:, k, k], both[:, k, k] ** 2, rtol=1e-12)
        np.testing.assert_allclose((low + high)[:, k, 1 - k], 2 * both[:, k, 1 - k], rtol=1e-12)
    # The columns are those of the mean of squared deviations, whose centre has no first order.
    one = pv.direct.variance(survey(data), "y", where="region == 'N'")
    inside = data["region"] == "N"
    n = int(inside.sum())
    centre = np.average(data["y"][inside], weights=data["w"][inside])
    squares = survey({**data, "square": n / (n - 1) * (data["y"] - centre) ** 2})
    mean = pv.direct.mean(squares, "square", where="region == 'N'")
    assert one.std_error[0] == pytest.approx(mean.std_error[0], rel=SAME)


def test_a_variance_far_from_zero_does_not_cancel() -> None:
    data = rows(14)
    near = pv.direct.variance(survey(data), "z")
    far = pv.direct.variance(survey({**data, "z": data["z"] + 1e9}), "z")
    np.testing.assert_allclose(far.value, near.value, rtol=1e-7)  # 1e9 loses seven digits of z
    np.testing.assert_allclose(far.std_error, near.std_error, rtol=1e-6)


def test_variances_under_replicates_keep_n() -> None:
    data = rows(15)
    made = survey(data).bootstrap(20, rng=1)
    ((deviations, _),) = pv.direct.variance(made, "y").columns.values()
    scheme: Any = made.scheme
    factors = scheme.factors[made.design.psu_of_unit[made.unit]]
    n, whole = len(data["y"]), pv.direct.variance(survey(data), "y").value[0]
    for r in (0, 7):
        w = np.asarray(data["w"]) * factors[:, r]
        mean = np.average(data["y"], weights=w)
        value = n / (n - 1) * np.average((data["y"] - mean) ** 2, weights=w)
        assert whole + deviations[0, r] == pytest.approx(value, rel=1e-10)


# ---------------------------------------------------------------------- standardisation
def test_standardised_means_equal_the_slow_ones() -> None:
    data = rows(16)
    population: dict[Any, float] = {("old", "farm"): 30.0, ("old", "shop"): 10.0, ("young", "farm"): 25.0,
                  ("young", "shop"): 5.0, ("old", "none"): 0.0, ("young", "none"): 0.0}  # fmt: skip
    e = pv.direct.standardised(
        survey(data), ["y", "z"], over=["age", "job"], population=population, by="region"
    )
    cell = np.array([f"{a} {b}" for a, b in zip(data["age"], data["job"], strict=True)])
    used = {f"{a} {b}": size for (a, b), size in population.items() if size > 0}
    for k, outcome in enumerate(("y", "z")):
        for d, region in enumerate("ENS"):
            inside = data["region"] == region
            value = naive.standardised(data[outcome][inside], data["w"][inside], cell[inside], used)
            assert e.value[3 * k + d] == pytest.approx(value, rel=SAME)


def test_standardising_to_the_sample_itself_is_poststratifying_to_it() -> None:
    data = rows(17)
    totals: dict[Any, float] = {
        age: float(data["w"][data["age"] == age].sum()) for age in ("old", "young")
    }
    e = pv.direct.standardised(survey(data), "y", over="age", population=totals)
    same = pv.direct.mean(survey(data).poststratify("age", totals), "y")
    np.testing.assert_allclose(e.value, same.value, rtol=SAME)
    np.testing.assert_allclose(e.std_error, same.std_error, rtol=1e-10)
