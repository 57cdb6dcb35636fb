"""The synthetic city: its truth, its two studies, and what they recover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.simulate import City, CityParameters, city


@pytest.fixture(scope="module")
def towns() -> list[City]:
    return [city(seed) for seed in range(1, 13)]


def test_the_same_seed_gives_the_same_city() -> None:
    one, two, other = city(3), city(3), city(4)
    for name in ("venues", "tls", "captures", "truth", "people"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert not one.tls.equals(other.tls)


def test_the_truth_is_counted_in_the_population(towns: list[City]) -> None:
    town = towns[0]
    truth = town.truth.set_index(["id", "domain"])["value"]
    people = town.people
    attending = people[people["visits"] > 0]
    assert truth["city_population", "all"] == 8_000
    assert truth["city_count", "all"] == people["trafficked"].sum() == 1_920
    assert truth["city_attending_prevalence", "all"] == attending["trafficked"].mean()
    for name in ("city_count", "city_away_count", "city_attending_population"):
        parts = [truth[name, group] for group in people["group"].unique()]
        assert truth[name, "all"] == sum(parts)


def test_venue_times_are_drawn_by_the_probabilities_told(towns: list[City]) -> None:
    for town in towns:
        frame = town.venues
        by_slot = frame.groupby("slot")
        np.testing.assert_allclose(by_slot["probability"].sum(), 15, rtol=1e-12)  # rounding alone
        assert (by_slot["selected"].sum() == 15).all()
        chosen = frame[frame["selected"] == 1].set_index("venue_time")
        met = town.tls.groupby("venue_time").size()
        assert (met == chosen["interviewed"].loc[met.index]).all()
        assert (chosen["approached"] <= chosen["counted"]).all()
        assert (town.tls["visits"] >= 1).all()


def test_weighted_samples_recover_those_who_attend(towns: list[City]) -> None:
    errors = []
    for town in towns:
        survey = pv.Survey.from_venues(
            town.tls, probability="probability", counted="counted", intercepted="interviewed",
            visits="visits", strata="slot", psu="venue_time",
        )  # fmt: skip
        truth = town.truth.set_index(["id", "domain"])["value"]
        total = pv.direct.total(survey, "trafficked")
        errors.append(float(total) / truth["city_attending_count", "all"] - 1)
    spread = np.std(errors, ddof=1) / np.sqrt(len(errors))
    assert abs(np.mean(errors)) < 4 * spread  # four Monte Carlo errors of the mean


def test_rounds_of_capture_are_of_persons_with_one_mark(towns: list[City]) -> None:
    for town in towns:
        counts = town.captures.groupby(["round", "person"]).size()
        assert (counts == 1).all()
        assert (town.captures["round"].value_counts() == 600).all()


def test_lost_marks_make_new_persons_and_equal_chances_no_bias() -> None:
    plain = city(5, parameters=CityParameters(capture_sd=0))
    worn = city(5, parameters=CityParameters(capture_sd=0, marks_lost=0.5))
    assert worn.captures["person"].nunique() > plain.captures["person"].nunique()
    assert worn.captures["trafficked"].tolist() == plain.captures["trafficked"].tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prevalence": 0}, "strictly between 0 and 1"),
        ({"sampled": 60}, "sampled must be at least 2 and below frame_venues"),
        ({"captured": 9_000}, "captured must be at least 1 and below population"),
        ({"visits": 0}, "visits must be positive"),
        ({"capture_sd": -1}, "capture_sd must be from 0 to 20"),
    ],
)
def test_what_cannot_be_simulated_is_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CityParameters(**given)  # type: ignore[arg-type]  # one number each
