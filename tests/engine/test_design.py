"""Strata, stages, sampling fractions and domains against explicit loops, and R where it has been run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.stages import first_rows, group_sums
from tests.naive import samples, variance

Array = NDArray[Any]
DATA = samples.households(7)
N = DATA["w"].size
ONE = np.ones(N)


def scores(values: Array, w: Array, inside: Array | None = None) -> Array:
    """Weighted scores of a mean: w (y - m) / sum w."""
    use = np.ones(values.size) if inside is None else inside.astype(float)
    total = (w * use).sum()
    return np.asarray(w * use * (values - (w * use * values).sum() / total) / total)


# Stages
@pytest.mark.parametrize(
    "code",
    [[], [0], [0, 0, 0], [0, 0, 1, 2, 2], [0, 1, 2], [2, 1, 0], [2, 2, 1, 0, 0], [1, 0, 2, 0, 1]],
)
def test_the_first_row_of_each_unit_is_found_in_any_order(code: list[int]) -> None:
    found = first_rows(np.array(code, dtype=np.int64))
    assert found.tolist() == [code.index(unit) for unit in sorted(set(code))]


def two_stages(seed: int = 3) -> dict[str, Array]:
    """Unequal numbers of households per primary unit, of which the first stratum has a census."""
    rng = np.random.default_rng(seed)
    psu = np.repeat(np.arange(12), rng.integers(2, 6, 12))
    household = np.arange(psu.size)
    people = np.repeat(household, rng.integers(1, 4, psu.size))
    population = np.array([4.0, 20.0, 31.0])
    inside = rng.integers(6, 30, 12).astype(float)
    inside[5] = (psu == 5).sum()
    return {
        "stratum": psu[people] // 4,
        "psu": psu[people],
        "household": people,
        "n_psu": population[psu[people] // 4],
        "n_household": inside[psu[people]],
        "y": rng.gamma(2.0, 2.0, people.size) + 0.5 * (psu[people] % 5) + 0.3 * (people % 7),
        "w": rng.uniform(1.0, 5.0, people.size),
        "region": rng.integers(0, 3, people.size),
    }


def fractions(data: dict[str, Array]) -> list[Array]:
    sampled = np.array([4, 4, 4])[data["stratum"]]
    households = np.array(
        [np.unique(data["household"][data["psu"] == p]).size for p in data["psu"]]
    )
    return [sampled / data["n_psu"], households / data["n_household"]]


@pytest.mark.parametrize("as_fractions", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
def test_two_stages_with_both_fractions_equal_explicit_loops(
    as_fractions: bool, shuffled: bool
) -> None:
    data = two_stages()
    if as_fractions:
        first, second = fractions(data)
        data = {**data, "n_psu": first, "n_household": second}
    if shuffled:
        order = np.random.default_rng(1).permutation(data["w"].size)
        data = {name: column[order] for name, column in data.items()}
    made = pv.Survey(
        data,
        weights="w",
        strata="stratum",
        stages=["psu", "household"],
        fpc=["n_psu", "n_household"],
    )
    f = fractions(two_stages())
    if shuffled:
        f = [column[order] for column in f]
    stages = [data["psu"], data["household"]]
    found = pv.direct.mean(made, "y")
    wanted = variance.multistage(scores(data["y"], data["w"]), data["stratum"], stages, f)
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-13)  # 1e-15 seen
    by = pv.direct.mean(made, "y", by="region")
    for d in range(3):
        z = scores(data["y"], data["w"], data["region"] == d)
        wanted = variance.multistage(z, data["stratum"], stages, f)
        assert by.std_error[d] == pytest.approx(np.sqrt(wanted), rel=1e-13)


def test_a_second_stage_without_a_fraction_adds_nothing() -> None:
    data = two_stages()
    common: dict[str, Any] = {"weights": "w", "strata": "stratum", "fpc": "n_psu"}
    one = pv.Survey(data, psu="psu", **common)
    two = pv.Survey(data, stages=["psu", "household"], **common)
    assert pv.direct.mean(one, "y").std_error == pv.direct.mean(two, "y").std_error


def test_identifiers_of_later_stages_may_start_anew_in_each_unit() -> None:
    data = two_stages()
    local = np.concatenate(
        [pd.factorize(data["household"][data["psu"] == p])[0] for p in range(12)]
    )
    how: dict[str, Any] = {
        "weights": "w",
        "strata": "stratum",
        "stages": ["psu", "household"],
        "fpc": ["n_psu", "n_household"],
    }
    one, two = pv.Survey(data, **how), pv.Survey({**data, "household": local}, **how)
    assert pv.direct.mean(one, "y").std_error == pv.direct.mean(two, "y").std_error


def test_weights_are_the_inverse_of_the_fractions_when_not_given() -> None:
    data = two_stages()
    made = pv.Survey(
        data, strata="stratum", stages=["psu", "household"], fpc=["n_psu", "n_household"]
    )
    first, second = fractions(data)
    np.testing.assert_allclose(made.final_weights, 1 / (first * second), rtol=1e-15)


def test_a_census_is_one_of_every_kind() -> None:
    data = two_stages()
    for column in (np.where(data["stratum"] == 0, 1.0, 0.3), np.ones(data["w"].size)):
        made = pv.Survey({**data, "f": column}, weights="w", strata="stratum", psu="psu", fpc="f")
        z = scores(data["y"], data["w"])
        wanted = variance.multistage(z, data["stratum"], [data["psu"]], [column])
        assert pv.direct.ratio(made, "y", "w").std_error[0] >= 0
        assert pv.direct.total(made, "y").std_error[0] ** 2 == pytest.approx(
            variance.multistage(data["w"] * data["y"], data["stratum"], [data["psu"]], [column])
        )
        assert made.estimate(lambda w: (data["y"] @ w) / (np.ones(data["y"].size) @ w)).std_error[
            0
        ] == pytest.approx(np.sqrt(wanted), rel=1e-13)


# Single primary units


def lonely() -> dict[str, Array]:
    keep = (DATA["stratum"] > 0) | (DATA["psu"] == 0)
    return {name: column[keep] for name, column in DATA.items()}


@pytest.mark.parametrize("rule", ["certainty", "remove", "adjust", "average"])
def test_rules_for_a_stratum_of_one_unit(rule: str) -> None:
    data = lonely()
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu", single_psu=rule)
    z = scores(data["hours"], data["w"])
    rest = data["stratum"] > 0
    others = variance.multistage(z[rest], data["stratum"][rest], [data["psu"][rest]], [None])
    sums = np.array([z[data["psu"] == p].sum() for p in np.unique(data["psu"])])
    wanted = {
        "certainty": others,
        "remove": others,
        "average": others * 3 / 2,
        "adjust": others + (sums[0] - sums.mean()) ** 2,
    }[rule]
    found = pv.direct.mean(made, "hours")
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-12)
    assert found.df[0] == 13 - 3


def test_a_unit_drawn_with_certainty_is_not_single() -> None:
    data = lonely()
    data["f"] = np.where(data["stratum"] == 0, 1.0, 0.25)
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu", fpc="f")
    assert np.isfinite(pv.direct.mean(made, "hours").std_error[0])


# Domains


def test_units_without_a_member_stay_as_zeros() -> None:
    made = pv.Survey(DATA, weights="w", strata="stratum", psu="psu")
    rare = {**DATA, "rare": (DATA["psu"] % 5 == 0).astype(int)}
    found = pv.direct.mean(
        pv.Survey(rare, weights="w", strata="stratum", psu="psu"), "hours", by="rare"
    )
    inside = rare["rare"] == 1
    z = scores(DATA["hours"], DATA["w"], inside)
    wanted = variance.multistage(z, DATA["stratum"], [DATA["psu"]], [None])
    assert found["1"].std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-13)
    alone = {name: column[inside] for name, column in DATA.items()}
    deleted = pv.Survey(alone, weights="w", strata="stratum", psu="psu", single_psu="certainty")
    assert pv.direct.mean(deleted, "hours").std_error[0] < 0.99 * found["1"].std_error[0]
    assert made.n == N


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_a_domain_without_weight_is_a_row_of_nan_with_n_zero() -> None:
    data = {**DATA, "w": np.where(DATA["region"] == 1, 0.0, DATA["w"])}
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    for estimate in (pv.direct.mean, pv.direct.total):
        with pytest.warns(pv.PrevalenceWarning, match="1 of 3 domains have no estimate"):
            found = estimate(made, "hours", by="region")
        assert found.labels == (("0",), ("1",), ("2",))
        assert np.isnan(found.value).tolist() == [False, True, False]
        assert np.isnan(found.std_error).tolist() == [False, True, False]
        assert np.isnan(found.interval()).all(axis=1).tolist() == [False, True, False]
        assert np.isnan(np.diag(found.covariance)).tolist() == [False, True, False]
        assert found.facts["n"][1] == 0
        assert found.facts["psus"][1] == 0
        kept = pv.direct.mean(
            pv.Survey(DATA, weights="w", strata="stratum", psu="psu"), "hours", by="region"
        )
        if estimate is pv.direct.mean:
            assert found["2"].std_error == kept["2"].std_error


def test_facts_and_degrees_of_freedom_of_domains() -> None:
    made = pv.Survey(DATA, weights="w", strata="stratum", psu="psu")
    found = pv.direct.prevalence(made, "case", by="region", where="hours > 9")
    for d in range(3):
        inside = (DATA["region"] == d) & (DATA["hours"] > 9)
        psus = np.unique(DATA["psu"][inside])
        cases = inside & (DATA["case"] == 1)
        assert found.facts["n"][d] == inside.sum()
        assert found.facts["psus"][d] == psus.size
        assert found.facts["cases"][d] == cases.sum()
        assert found.facts["psus_with_cases"][d] == np.unique(DATA["psu"][cases]).size
        assert found.df[d] == psus.size - np.unique(psus // 6).size


@pytest.mark.parametrize("scheme", ["linearised", "jackknife", "bootstrap"])
def test_covariance_of_domains_equals_loops(scheme: str) -> None:
    made = pv.Survey(DATA, weights="w", strata="stratum", psu="psu")
    if scheme != "linearised":
        made = made.jackknife() if scheme == "jackknife" else made.bootstrap(50, rng=3)
    found = pv.direct.total(made, "hours", by=["sex", "region"])
    table = np.zeros((6, N))
    for d, (sex, region) in enumerate(found.labels):
        table[d] = DATA["hours"] * (DATA["sex"] == int(sex)) * (DATA["region"] == int(region))
    if scheme == "bootstrap":
        assert made.scheme is not None
        deviations = (table * DATA["w"]) @ (made.scheme.factors[DATA["psu"]] - 1)
        wanted = deviations @ deviations.T / 50
    else:  # the jackknife of a linear statistic is its linearised variance
        parts = [variance.columns(row * DATA["w"], DATA["stratum"], DATA["psu"]) for row in table]
        wanted = sum(
            c * np.outer(column, column)
            for c, column in zip(parts[0][1], np.array([p[0] for p in parts]).T, strict=True)
        )
    np.testing.assert_allclose(found.covariance, wanted, rtol=1e-10, atol=1e-9 * wanted.max())
    np.testing.assert_allclose(found.std_error**2, np.diag(found.covariance), rtol=1e-12)


def test_many_domains_times_many_units_take_the_sparse_path_with_the_same_numbers() -> None:
    rng = np.random.default_rng(8)
    n, domains = 12_000, 450
    data = {
        "w": rng.uniform(1, 3, n),
        "y": rng.normal(5, 2, n),
        "d": rng.integers(0, domains, n),
        "m": rng.integers(0, 3, n),
        "psu": rng.permutation(np.arange(n)),
    }
    margin = dict(enumerate(1.1 * np.bincount(data["m"], weights=data["w"])))
    made = pv.Survey(data, weights="w", psu="psu").poststratify("m", margin)
    found = pv.direct.mean(made, "y", by="d")
    ((block, coefficients),) = [(b, b.scheme.coefficients) for b in found.blocks]
    assert hasattr(block.influence.direct, "toarray"), "the case is too small to be sparse"
    chosen = rng.choice(domains, 40, replace=False)
    code = np.full(n, 40)
    for k, d in enumerate(chosen):
        code[data["d"] == d] = k
    few = pv.direct.mean(
        pv.Survey({**data, "k": code}, weights="w", psu="psu").poststratify("m", margin),
        "y",
        by="k",
    )
    assert not hasattr(few.blocks[0].influence.direct, "toarray")
    place = [found.labels.index((str(d),)) for d in chosen]
    at = [few.labels.index((str(k),)) for k in range(40)]
    np.testing.assert_allclose(found.value[place], few.value[at], rtol=1e-13)
    np.testing.assert_allclose(found.std_error[place], few.std_error[at], rtol=1e-12)
    np.testing.assert_allclose(
        found.take(np.array(place)).covariance,
        few.take(np.array(at)).covariance,
        rtol=1e-9,
        atol=1e-12,
    )
    assert coefficients.size == n
    whole = (found - found).std_error
    np.testing.assert_allclose(whole, 0, atol=1e-12)
    both = pv.direct.mean(made, ["m", "y"], by="d")
    assert hasattr(both.blocks[0].influence.direct, "toarray")
    np.testing.assert_allclose(both.value[domains:], found.value, rtol=1e-13)
    np.testing.assert_allclose(both.std_error[domains:], found.std_error, rtol=1e-12)


def test_sums_by_group_equal_loops_also_without_items() -> None:
    rng = np.random.default_rng(2)
    for group in ([0, 0, 1, 2], [0, 2, 2, 3], [3, 0, 2, 0], []):
        values = rng.normal(size=(2, len(group)))
        found = group_sums(values, np.array(group, dtype=int), 4)
        wanted = np.zeros((2, 4))
        for k, g in enumerate(group):
            wanted[:, g] += values[:, k]
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_covariance_is_refused_above_5000_rows() -> None:
    n = 5_001
    rng = np.random.default_rng(1)
    data = {"y": rng.normal(size=2 * n), "d": np.tile(np.arange(n), 2), "psu": np.arange(2 * n) % 7}
    found = pv.direct.total(pv.Survey(data, psu="psu"), "y", by="d")
    assert np.isfinite(found.std_error).all()
    with pytest.raises(ValueError, match=r"at most 5,000 rows: found 5,001\. Choose rows"):
        _ = found.covariance
    assert found.take(np.arange(3)).covariance.shape == (3, 3)


# Order


def test_rows_keep_the_order_of_the_user() -> None:
    order = np.random.default_rng(2).permutation(N)
    moved = {name: column[order] for name, column in DATA.items()}

    def recipe(data: dict[str, Array]) -> pv.Survey:
        return (
            pv.Survey(data, weights="w", strata="stratum", psu="psu")
            .nonresponse("responded", within="class")
            .poststratify("age", {0: 700.0, 1: 600.0, 2: 900.0})
            .trim(upper=60.0)
        )

    one, two = recipe(DATA), recipe(moved)
    np.testing.assert_allclose(two.final_weights, one.final_weights[order], rtol=1e-14)
    assert one.design.source == two.design.source
    a, b = (pv.direct.mean(s, ["hours", "income"], by=["sex", "age"]) for s in (one, two))
    assert a.labels == b.labels
    np.testing.assert_allclose(a.value, b.value, rtol=1e-13)
    np.testing.assert_allclose(a.covariance, b.covariance, rtol=1e-9, atol=1e-12)
    difference = a - b  # units align by label, in whatever order
    assert np.abs(difference.std_error).max() < 1e-13 * np.abs(a.value).max() + 1e-9


def test_labels_are_one_whatever_their_type() -> None:
    base = pv.direct.mean(pv.Survey(DATA, weights="w", strata="stratum", psu="psu"), "hours")
    for kind in (float, str, "int8", object):
        data = {**DATA, "psu": DATA["psu"].astype(kind), "stratum": DATA["stratum"].astype(kind)}
        found = pv.direct.mean(pv.Survey(data, weights="w", strata="stratum", psu="psu"), "hours")
        assert found.std_error == base.std_error
        assert found.blocks[0].source == base.blocks[0].source
