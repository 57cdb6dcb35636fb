"""Base weights from the record of a selection, infinite populations, single units, domains."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import designs, samples, variance

Array = NDArray[Any]

# Base weights


def areas() -> dict[str, Array]:
    """Twelve households of four areas in two strata."""
    area = np.repeat(np.arange(4), 3)
    return {
        "stratum": area // 2,
        "ea": area,
        "p": np.array([0.05, 0.1, 0.02, 0.2])[area],
        "segments": np.array([1, 3, 1, 2])[area],
        "listed": np.array([120, 40, 95, 60])[area],
        "chosen": np.array([20, 20, 19, 20])[area],
        "y": np.arange(12.0),
        "answered": np.tile([1, 1, 0], 4),
    }


def selected(data: Any, **changes: Any) -> pv.Survey:
    how: dict[str, Any] = {
        "ea_probability": "p",
        "segments": "segments",
        "listed": "listed",
        "selected": "chosen",
        "strata": "stratum",
        "psu": "ea",
    }
    return pv.Survey.from_selection(data, **{**how, **changes})


def test_each_factor_of_a_selection_is_kept_and_shown() -> None:
    data = areas()
    made = selected(data)
    wanted = [1 / data["p"], data["segments"], data["listed"] / data["chosen"]]
    np.testing.assert_allclose(made.final_weights, np.prod(wanted, axis=0), rtol=1e-15)
    for (_, found), factor in zip(made.factors, wanted, strict=True):
        np.testing.assert_array_equal(found, factor)
    flow = made.nonresponse("answered", within="ea").weight_flow()
    assert flow["step"].tolist() == [
        "1 / probability of the area",
        "segments",
        "listed / selected",
        "base weights",
        "nonresponse within ea",
    ]
    np.testing.assert_allclose(
        flow["sum"][:3], [np.prod(wanted[: k + 1], axis=0).sum() for k in range(3)], rtol=1e-14
    )
    assert flow["n"].tolist() == [12, 12, 12, 12, 8]


def test_a_selection_is_a_survey_with_those_weights() -> None:
    data = areas()
    made = selected(data)
    same = pv.Survey({**data, "w": made.final_weights}, weights="w", strata="stratum", psu="ea")
    a, b = pv.direct.mean(made, "y"), pv.direct.mean(same, "y")
    np.testing.assert_array_equal(a.std_error, b.std_error)
    assert np.isfinite(pv.direct.mean(made.jackknife(), "y").std_error).all()
    brewer = selected(data, fpc="p", pps="brewer")
    assert pv.direct.total(brewer, "y").std_error < pv.direct.total(made, "y").std_error
    few = pv.Survey.from_selection(data, ea_probability="p", psu="ea")
    assert [name for name, _ in few.factors] == ["1 / probability of the area"]
    for frame in (pd.DataFrame(data),):
        np.testing.assert_array_equal(selected(frame).final_weights, made.final_weights)


def test_a_time_location_sample_is_unbiased_with_its_variance_over_every_sample() -> None:
    """Two of four venue-day-times, then two of those present at each: all 6 x 18 samples or so."""
    rng = np.random.default_rng(4)
    present = [[0, 1, 2], [1, 3, 4, 5], [0, 2, 5], [2, 4, 6, 1]]  # persons by venue-day-time
    visits = np.bincount(np.concatenate([np.array(p) for p in present]))
    y = rng.gamma(2, 3, visits.size)
    attendance = np.array([(v, i) for v, people in enumerate(present) for i in people])
    mean = squared = estimated = 0.0
    for venues in itertools.combinations(range(4), 2):
        rows = np.flatnonzero(np.isin(attendance[:, 0], venues))
        draws = list(designs.draws_within(rows, attendance[:, 0], dict.fromkeys(venues, 2)))
        for chosen in draws:
            v, person = attendance[chosen].T
            data = {
                "vdt": v,
                "row": np.array(chosen),
                "p": np.full(4, 0.5),
                "frame": np.full(4, 4.0),
                "seen": np.array([len(present[k]) for k in v]),
                "met": np.full(4, 2),
                "times": visits[person],
                "y": y[person],
            }
            made = pv.Survey.from_venues(
                data,
                probability="p",
                counted="seen",
                intercepted="met",
                visits="times",
                stages=["vdt", "row"],
                fpc=["frame", "seen"],
            )
            found = pv.direct.total(made, "y")
            p, value = 1 / (6 * len(draws)), float(found.value[0])
            mean, squared = mean + p * value, squared + p * value**2
            estimated += p * float(found.std_error[0]) ** 2
    assert mean == pytest.approx(y.sum(), rel=1e-12)
    assert estimated == pytest.approx(squared - mean**2, rel=1e-10)  # exact: no sampling error


def test_venues_keep_their_factors() -> None:
    data = {
        "vdt": ["a", "a", "b", "b"],
        "p": [0.1, 0.1, 0.4, 0.4],
        "seen": [30, 30, 8, 8],
        "met": [2, 2, 4, 4],
        "times": [1, 3, 2, 10],
        "y": [1.0, 0, 1, 0],
    }
    how: dict[str, Any] = {"probability": "p", "visits": "times"}
    made = pv.Survey.from_venues(data, **how, counted="seen", intercepted="met", psu="vdt")
    np.testing.assert_allclose(made.final_weights, [150, 50, 2.5, 0.5], rtol=1e-15)
    assert made.weight_flow()["step"].tolist() == [
        "1 / probability of the venue-day-time",
        "counted / intercepted",
        "1 / visits",
        "base weights",
    ]
    assert made.design.df == 1
    with pytest.warns(pv.PrevalenceWarning, match="psu should name the venue-day-time"):
        alone = pv.Survey.from_venues(data, **how)
    np.testing.assert_allclose(alone.final_weights, [10, 10 / 3, 1.25, 0.25], rtol=1e-15)


# Infinite populations and censuses


@pytest.mark.parametrize("rate", [False, True])
def test_strata_of_infinite_and_finite_populations(rate: bool) -> None:
    data = samples.households(7)
    count = np.array([np.inf, 6.0, 40.0])[data["stratum"]]
    fpc = np.where(np.isinf(count), np.inf, 6 / count) if rate else count
    made = pv.Survey({**data, "f": fpc}, weights="w", strata="stratum", psu="psu", fpc="f")
    z = data["w"] * data["hours"]
    wanted = variance.multistage(z, data["stratum"], [data["psu"]], [6 / count])
    assert pv.direct.total(made, "hours").std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-13)
    jackknife = pv.direct.total(made.jackknife(), "hours").std_error[0]
    assert jackknife == pytest.approx(np.sqrt(wanted), rel=1e-10)  # linear: the same


def test_an_infinite_first_stage_leaves_nothing_to_later_ones() -> None:
    data = samples.households(7)
    n = data["w"].size
    data |= {"row": np.arange(n), "f": np.full(n, np.inf), "g": np.full(n, 30.0)}
    how: dict[str, Any] = {"weights": "w", "strata": "stratum"}
    two = pv.Survey(data, **how, stages=["psu", "row"], fpc=["f", "g"])
    one = pv.Survey(data, **how, psu="psu")
    a, b = pv.direct.mean(one, "hours"), pv.direct.mean(two, "hours")
    np.testing.assert_allclose(a.std_error, b.std_error, rtol=1e-13)


def test_certain_units_add_their_later_stages_alone() -> None:
    data = samples.households(7)
    n = data["w"].size
    sure = np.where(data["stratum"] == 0, 1.0, 0.25)
    data |= {"row": np.arange(n), "f": sure, "g": np.full(n, 0.5)}
    made = pv.Survey(data, weights="w", strata="stratum", stages=["psu", "row"], fpc=["f", "g"])
    z = data["w"] * data["hours"]
    wanted = variance.multistage(z, data["stratum"], [data["psu"], data["row"]], [sure, data["g"]])
    first = np.flatnonzero(data["stratum"] == 0)
    alone = variance.within(z, first, [data["psu"], data["row"]], [sure, data["g"]])
    found = pv.direct.total(made, "hours", by="stratum").std_error
    assert found[0] ** 2 == pytest.approx(alone, rel=1e-12)
    assert (found**2).sum() == pytest.approx(wanted, rel=1e-12)
    assert alone > 0


# Single units, also in domains


@pytest.mark.parametrize("rule", ["error", "certainty", "remove", "adjust", "average"])
def test_the_rule_for_single_units_does_not_touch_domains(rule: str) -> None:
    data = samples.households(7)
    data["one"] = ((data["psu"] == 0) | (data["stratum"] > 0)).astype(int)
    data["alone"] = (data["psu"] == 0).astype(int)
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu", single_psu=rule)
    found = pv.direct.total(made, "hours", where="one == 1")
    z = data["w"] * data["hours"] * data["one"]
    wanted = variance.multistage(z, data["stratum"], [data["psu"]], [None])
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-13)
    assert (found.facts["psus"][0], found.df[0], found.facts["n"][0]) == (13, 10, 78)
    alone = pv.direct.total(made, "hours", where="alone == 1")
    assert (alone.facts["psus"][0], alone.df[0]) == (1, 0)
    assert alone.std_error[0] > 0
    assert np.isnan(
        alone.interval()
    ).all()  # no degrees of freedom: no interval, nor one of width 0
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 estimates lie in one primary unit alone"):
        mean = pv.direct.mean(made, "hours", where="alone == 1")
    assert np.isnan(mean.std_error).all()  # the deviations within one unit add up to zero
    assert np.isnan(mean.interval()).all()
    assert mean.facts["n"][0] == 6


def test_a_domain_in_a_unit_drawn_with_certainty_has_no_error() -> None:
    data = samples.households(7)
    data["f"] = np.where(data["stratum"] == 0, 1.0, 0.25)
    data["alone"] = (data["psu"] == 0).astype(int)
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu", fpc="f")
    with pytest.warns(pv.PrevalenceWarning, match="does not vary between units"):
        found = pv.direct.mean(made, "hours", where="alone == 1")
    assert found.std_error[0] == 0
    assert np.isnan(found.interval()).all()
