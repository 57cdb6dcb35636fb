"""Replicates: what they must give exactly for totals, whatever the sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv
from prevalence.design import Design

Array = NDArray[Any]
half = settings(max_examples=settings().max_examples // 2)
SEEDS = st.integers(0, 2**32 - 1)
UNITS = st.lists(st.integers(2, 6), min_size=1, max_size=5)  # primary units of each stratum


def sample(seed: int, units: list[int], fractions: bool = True) -> dict[str, Array]:
    """Rows of clusters of unequal size in strata, with fractions that leave something to vary."""
    rng = np.random.default_rng(seed)
    stratum = np.repeat(np.arange(len(units)), units)
    psu = np.repeat(np.arange(stratum.size), rng.integers(1, 4, stratum.size))
    rows = psu.size
    return {
        "w": rng.uniform(1, 9, rows),
        "stratum": stratum[psu],
        "psu": psu,
        "f": rng.uniform(0.01, 0.9, len(units))[stratum[psu]]
        if fractions
        else np.full(rows, np.inf),
        "y": rng.normal(3, 2, rows),
        "case": np.where(np.arange(rows) == 0, 1, rng.random(rows) < 0.4).astype(float),
    }


def survey(data: dict[str, Array]) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu", fpc="f")


def totals(made: pv.Survey) -> pv.Estimate:
    return pv.direct.total(made, ["y", "case"])


@given(SEEDS, UNITS, st.booleans())
def test_the_jackknife_of_a_total_is_its_linearised_variance(
    seed: int, units: list[int], mse: bool
) -> None:
    made = survey(sample(seed, units if mse else units[:1]))
    one, two = totals(made).covariance, totals(made.jackknife(mse=mse)).covariance
    # Around the replicates' mean too: in one stratum it is the estimate itself.
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-10 * np.trace(one))


@half
@given(SEEDS, st.integers(1, 7), st.sampled_from([0.0, 0.3, 0.5, 0.9]), st.booleans())
def test_balanced_replication_of_a_total_is_its_linearised_variance(
    seed: int, strata: int, fay: float, mse: bool
) -> None:
    made = survey(sample(seed, [2] * strata))
    one, two = totals(made).covariance, totals(made.brr(fay=fay, mse=mse)).covariance
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-10 * np.trace(one))


@half
@given(SEEDS, UNITS)
def test_replicates_of_a_total_average_to_it(seed: int, units: list[int]) -> None:
    data = sample(seed, units, fractions=False)
    made, whole = survey(data).jackknife(), float(data["w"] @ data["y"])
    columns = made.replicate_columns(slice(None))
    replicated = columns.T @ data["y"]
    first = np.concatenate([[0], np.cumsum(units)])
    for k, n in enumerate(units):  # each stratum's replicates around the whole
        assert replicated[first[k] : first[k] + n].mean() == pytest.approx(whole, abs=1e-9 * 500)
    balanced = survey(sample(seed, [2] * len(units))).brr()
    pair = sample(seed, [2] * len(units))
    average = balanced.replicate_columns(slice(None)).mean(axis=1)
    np.testing.assert_allclose(average, pair["w"], rtol=1e-12)


@half
@given(SEEDS, UNITS, st.integers(2, 60))
def test_bootstrap_weights_keep_the_sum_of_each_stratum_of_equal_units(
    seed: int, units: list[int], replicates: int
) -> None:
    data = sample(seed, units)
    rows = {
        name: column[np.unique(data["psu"], return_index=True)[1]] for name, column in data.items()
    }
    rows["w"] = np.array(units, dtype=float)[rows["stratum"]]  # all units of a stratum alike
    made = survey(rows).bootstrap(replicates, rng=seed % 1000)
    columns = made.replicate_columns(slice(None))
    assert columns.shape == (rows["w"].size, replicates)
    assert (columns >= -1e-12).all()
    for k in range(len(units)):
        inside = rows["stratum"] == k
        wanted = np.full(replicates, rows["w"][inside].sum())
        np.testing.assert_allclose(columns[inside].sum(axis=0), wanted, rtol=1e-10)


@half
@given(SEEDS, UNITS, st.integers(2, 60))
def test_the_bootstrap_variance_is_the_spread_of_its_own_replicates(
    seed: int, units: list[int], replicates: int
) -> None:
    data = sample(seed, units)
    made = survey(data).bootstrap(replicates, rng=seed % 1000)
    values = made.replicate_columns(slice(None)).T @ data["y"]
    around = pv.direct.total(made, "y")
    scale = np.asarray(next(iter(around.columns.values()))[1])
    np.testing.assert_allclose(scale, 1 / replicates, rtol=1e-12)
    wanted = float(np.sqrt((scale * (values - around.value[0]) ** 2).sum()))
    assert around.std_error[0] == pytest.approx(wanted, rel=1e-9)


@half
@given(SEEDS, UNITS, st.floats(0.01, 100))
def test_standard_errors_scale_with_weights_and_values(
    seed: int, units: list[int], factor: float
) -> None:
    data = sample(seed, units)
    for verb in ("linearised", "jackknife"):
        base, heavy, large = (
            pv.direct.total(getattr(survey(rows), verb)(), "y").std_error[0]
            for rows in (
                data,
                {**data, "w": factor * data["w"]},
                {**data, "y": factor * data["y"]},
            )
        )
        assert heavy == pytest.approx(factor * base, rel=1e-9)
        assert large == pytest.approx(factor * base, rel=1e-9)


@half
@given(SEEDS, UNITS, st.randoms(use_true_random=False))
def test_names_and_order_of_units_change_nothing(seed: int, units: list[int], random: Any) -> None:
    data = sample(seed, units)
    order = list(range(data["w"].size))
    random.shuffle(order)
    names = list(range(100, 100 + int(data["psu"].max()) + 1))
    random.shuffle(names)
    moved = {name: column[order] for name, column in data.items()}
    moved["psu"] = np.array(names)[moved["psu"]]
    for verb in ("linearised", "jackknife"):
        one, two = (totals(getattr(survey(rows), verb)()) for rows in (data, moved))
        np.testing.assert_allclose(two.value, one.value, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(two.covariance, one.covariance, rtol=1e-8, atol=1e-9)


@half
@given(SEEDS, UNITS)
def test_a_stratum_in_two_that_are_alike_is_the_sum_of_its_parts(
    seed: int, units: list[int]
) -> None:
    """Strata are independent: the variance of a total is the sum of those of its strata."""
    data = sample(seed, units)
    whole = pv.direct.total(survey(data), "y").std_error[0] ** 2
    parts = 0.0
    for k in range(len(units)):
        rows = {name: column[data["stratum"] == k] for name, column in data.items()}
        parts += pv.direct.total(survey(rows), "y").std_error[0] ** 2
    assert whole == pytest.approx(parts, rel=1e-10)


@half
@given(SEEDS, UNITS)
def test_the_design_is_its_own_textbook_formula(seed: int, units: list[int]) -> None:
    data = sample(seed, units)
    made = survey(data)
    assert isinstance(made.design, Design)
    wanted = 0.0
    for k, n in enumerate(units):
        inside = data["stratum"] == k
        z = np.array(
            [
                (data["w"] * data["y"])[inside & (data["psu"] == u)].sum()
                for u in np.unique(data["psu"][inside])
            ]
        )
        fraction = data["f"][inside][0]
        wanted += (1 - fraction) * n / (n - 1) * ((z - z.mean()) ** 2).sum()
    assert pv.direct.total(made, "y").std_error[0] ** 2 == pytest.approx(wanted, rel=1e-10)
    assert pv.direct.total(made, "y").df[0] == sum(units) - len(units)
