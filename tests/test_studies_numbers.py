"""Numbers of tables, plans, comparisons and venues against brute force and formulas by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.rounding import shown
from prevalence.simulate import city


# ---------------------------------------------------------------------- tables
def parsed(text: str) -> Decimal:
    return Decimal(text.replace(",", "").removesuffix(" %"))


def test_no_rounded_limit_excludes_its_rounded_estimate_and_nothing_is_minus_zero() -> None:
    rng = np.random.default_rng(71)
    for unit in ("proportion", "count", "total", "mean"):
        for _ in range(2_000):
            value = rng.choice([-1, 1]) * 10 ** rng.uniform(-8, 8)
            low = value - abs(value) * 10 ** rng.uniform(-6, 2) * (rng.random() < 0.9)
            high = value + abs(value) * 10 ** rng.uniform(-6, 2) * (rng.random() < 0.9)
            texts = shown(value, low, high, unit)
            number, below, above = map(parsed, texts)
            assert below <= number <= above, texts
            assert not any(re.fullmatch(r"-0\.?0*( %)?", text) for text in texts), texts


def test_a_count_is_not_rounded_to_nothing_by_a_wide_interval() -> None:
    assert shown(3_200, 0, 1_234_000, "count") == ("3,200", "0", "1,234,000")
    assert shown(-2.2925e-3, -2.29e-3, -9e-6, "mean")[2] == "0.0000"


def test_french_numbers_are_the_english_ones() -> None:
    data = {"case": [1.0, 0, 0, 0] * 500, "area": ["a", "b", "b", "b", "b"] * 400}
    share = pv.direct.prevalence(pv.Survey(data), "case", by="area")
    for e in (share, share.count(1_234_567.0)):
        english, french = e.table(), e.table(lang="fr")
        for own, other in zip(english.columns, french.columns, strict=True):
            assert own.values == other.values
            for text, said in zip(own.texts, other.texts, strict=True):
                back = said.replace("\u202f%", " %").replace("\u202f", "").replace(",", ".")
                if own.shown and own.values and own.head != "cv" and text != "–":
                    assert parsed(back) == parsed(text)


# ---------------------------------------------------------------------- plans
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_the_least_fall_is_that_of_a_grid(correlation: float) -> None:
    """With a correlation a fall to nothing may be harder to see than a smaller one."""
    z = 1.959963984540054 + 0.8416212335729143  # normal quantiles of 0.975 and 0.8
    for p, n, deff in ((0.025, 949, 3.8), (0.016, 394, 0.91), (0.3, 2_000, 2.0)):
        found = pv.plan.two_rounds(p, n, deff=deff, correlation=correlation)["least_fall"].item()
        q = np.linspace(0, p, 100_001)[:-1]
        one, two = deff * p * (1 - p) / n, deff * q * (1 - q) / n
        seen = p - q >= z * np.sqrt(one + two - 2 * correlation * np.sqrt(one * two))
        wanted = 1 - q[seen].max() / p if seen.any() else np.nan
        # the step of the grid
        assert found == pytest.approx(wanted, abs=2e-5, nan_ok=True)


def test_the_size_planned_gives_the_error_asked_for() -> None:
    """By simulation: 4,000 samples, whose standard deviation has a relative error of 1.1 %."""
    (size,) = pv.plan.sample_size(0.05, 0.15, deff=1)["n"]
    shares = np.random.default_rng(72).binomial(size, 0.05, 4_000) / size
    assert shares.std() / 0.05 == pytest.approx(0.15, rel=0.045)  # four of its standard errors


# ---------------------------------------------------------------------- comparisons
def test_covariances_are_those_of_a_jackknife() -> None:
    """Of totals, whose delete-one jackknife is exact."""
    rng = np.random.default_rng(73)
    n, psu = 240, np.repeat(np.arange(24), 10)
    data = {"a": rng.random(n) < 0.3, "b": rng.normal(3, 1, n), "psu": psu, "w": rng.uniform(1, 3, n)}  # fmt: skip
    survey = pv.Survey({k: np.asarray(v, dtype=float) for k, v in data.items()}, weights="w", psu="psu")  # fmt: skip
    both = {"a": pv.direct.total(survey, "a"), "b": pv.direct.total(survey, "b")}
    w = data["w"].astype(float)
    sums = np.array([np.bincount(psu, w * data[k].astype(float)) for k in both])
    without = (sums.sum(axis=1, keepdims=True) - sums) * 24 / 23
    centred = without - without.mean(axis=1, keepdims=True)
    found = pv.compare(both, side_by_side=True).covariance()
    np.testing.assert_allclose(found, 23 / 24 * centred @ centred.T, rtol=1e-10)


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e9])
def test_covariances_do_not_depend_on_the_scale(factor: float) -> None:
    rng = np.random.default_rng(74)
    data = {"a": (rng.random(90) < 0.3) * 1.0, "b": (rng.random(90) < 0.6) * 1.0}
    survey = pv.Survey(data)
    a, b = pv.direct.prevalence(survey, "a"), pv.direct.prevalence(survey, "b")
    plain = pv.compare({"a": a, "b": b}, side_by_side=True).covariance(correlation=True)
    scaled = pv.compare({"a": a, "b": b * factor}, side_by_side=True).covariance(correlation=True)
    np.testing.assert_allclose(scaled, plain, rtol=1e-9)  # a difference of squares near 1


# ---------------------------------------------------------------------- lists
def pairs() -> pv.Lists:
    rows = [[1, 0], [0, 1], [1, 1]]
    return pv.Lists.from_counts(rows, [60, 50, 20], ["police", "shelter"])


FLOORS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "more": (lambda e: 5 + e, True),
    "scaled": (lambda e: e / 2, True),
    "log": (np.log, True),
    "less": (lambda e: 1_000 - e, False),
    "minus": (lambda e: -e, False),
    "negative": (lambda e: e * -2, False),
    "inverse": (lambda e: 1_000 / e, False),
    "power": (lambda e: e**-1, False),
    "falling": (lambda e: np.exp(-(e / 1_000)), False),
}


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_stays_one_only_where_the_result_grows_with_it(name: str) -> None:
    make, kept = FLOORS[name]
    e = pv.mse.chapman(pairs(), between=("police", "shelter"))
    made = make(e)
    assert e.provenance["floor"]
    assert bool(made.provenance.get("floor")) == kept
    low, high = made.provenance["range"]  # over other models: mapped, in order
    wanted = sorted(float(make(x)) for x in e.provenance["range"])
    assert [low, high] == pytest.approx(wanted, rel=1e-12)


def test_a_floor_times_a_negative_number_is_none() -> None:
    e = pv.mse.chapman(pairs(), between=("police", "shelter"))
    share = pv.direct.prevalence(pv.Survey({"case": [1.0, 0, 0, 0] * 50}), "case")
    assert (e * share).provenance["floor"]
    assert "floor" not in (e * (share - 0.5)).provenance


# ---------------------------------------------------------------------- venues
def test_venues_are_weighted_and_their_variance_is_that_of_the_strata() -> None:
    """Against sums by hand; R's survey gives the same digits with these weights."""
    town = city(3).tls
    survey = pv.Survey.from_venues(
        town, probability="probability", counted="counted", intercepted="interviewed",
        visits="visits", strata="slot", psu="venue_time",
    )  # fmt: skip
    w = town["counted"] / (town["probability"] * town["interviewed"] * town["visits"])
    np.testing.assert_allclose(survey.final_weights, w, rtol=1e-13)
    share = (w * town["trafficked"]).sum() / w.sum()
    errors = pd.DataFrame({
        "slot": town["slot"], "unit": town["venue_time"],
        "z": w * (town["trafficked"] - share) / w.sum(),
    })  # fmt: skip
    units = errors.groupby(["slot", "unit"])["z"].sum().groupby("slot")
    variance = (units.size() * units.var()).sum()
    e = pv.direct.prevalence(survey, "trafficked")
    assert [e.value[0], e.std_error[0]] == pytest.approx([share, np.sqrt(variance)], rel=1e-12)
