"""Scale-up of children known by adults, in a clustered population whose children are all counted."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
PSUS, ADULTS, CHILDREN, STRATA = 400, 40, 250, 8
DRAWN, ASKED = 10, 8  # primary units of a stratum (with replacement), adults of a unit
SIZES = {"fostered": 900, "lost_mother": 1_600, "left_school": 2_500, "born_may": 4_000}
HIDDEN = 700
REGIONS = ("east", "west")
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:the two size rules differ"),
    pytest.mark.filterwarnings("ignore:.*report more hidden people than they know"),
    pytest.mark.filterwarnings("ignore:mean of ratios leaves out"),
]


class Country(NamedTuple):
    """Answers of every adult, their unit, and the children of each group by region."""

    psu: Array
    answers: dict[str, Array]
    sizes: dict[str, dict[str, float]]


@cache
def country() -> Country:
    """Adults know children of their unit and of their region; hidden children live in some units."""
    rng = np.random.default_rng(1)
    children = PSUS * CHILDREN
    unit_of_child = np.repeat(np.arange(PSUS), CHILDREN)
    psu = np.repeat(np.arange(PSUS), ADULTS)
    spread = rng.gamma(1.0, 1.0, PSUS)[unit_of_child]
    members = {name: rng.choice(children, n, replace=False) for name, n in SIZES.items()}
    members["hidden"] = rng.choice(children, HIDDEN, replace=False, p=spread / spread.sum())
    ties = rng.poisson(60 * rng.gamma(2.0, 0.5, psu.size))
    adult = np.repeat(np.arange(psu.size), ties)
    near = rng.random(adult.size) < 0.5
    half = children // 2
    far = rng.integers(0, half, adult.size) + half * (psu[adult] >= PSUS // 2)
    child = np.where(near, psu[adult] * CHILDREN + rng.integers(0, CHILDREN, adult.size), far)
    answers, sizes = {}, {}
    for name, group in members.items():
        inside = np.zeros(children, dtype=bool)
        inside[group] = True
        answers[name] = np.bincount(adult[inside[child]], minlength=psu.size).astype(float)
        east = float(inside[:half].sum())
        sizes[name] = {"all": float(group.size), "east": east, "west": group.size - east}
    return Country(psu, answers, sizes)


def sampled(rng: np.random.Generator) -> pv.Survey:
    """Draw units with replacement by a measure of size in each stratum, and adults within."""
    made = country()
    measure = 1 + np.arange(PSUS) % 5
    rows, weights = [], []
    for h in range(STRATA):
        inside = np.arange(h * PSUS // STRATA, (h + 1) * PSUS // STRATA)
        chance = measure[inside] / measure[inside].sum()
        for unit in rng.choice(inside.size, DRAWN, p=chance):
            rows.append(inside[unit] * ADULTS + rng.choice(ADULTS, ASKED, replace=False))
            weights.append(np.full(ASKED, ADULTS / ASKED / (DRAWN * chance[unit])))
    at, unit_of_row = np.concatenate(rows), np.repeat(np.arange(len(rows)), ASKED)
    data = {name: column[at] for name, column in made.answers.items()}
    data["region"] = np.where(made.psu[at] < PSUS // 2, *REGIONS)
    data |= {"w": np.concatenate(weights), "psu": unit_of_row, "stratum": unit_of_row // DRAWN}
    return pv.Survey(data, weights="w", psu="psu", strata="stratum")


def census(region: str = "all") -> float:
    """Return what scale-up gives when every adult of a region answers."""
    made = country()
    here = {"all": made.psu >= 0, "east": made.psu < PSUS // 2, "west": made.psu >= PSUS // 2}[
        region
    ]
    friends = sum(float(made.answers[name][here].sum()) for name in SIZES)
    people = sum(made.sizes[name][region] for name in SIZES)
    return people * float(made.answers["hidden"][here].sum()) / friends


def test_a_census_of_adults_counts_the_hidden_children() -> None:
    """Ties to 700 hidden children: about 960,000 x 0.7 % = 6,700, each end of a tie by chance."""
    for region in ("all", *REGIONS):
        reports = country().answers["hidden"].sum() * (1 if region == "all" else 0.5)
        truth = country().sizes["hidden"][region]
        assert abs(census(region) / truth - 1) < 4 / np.sqrt(reports) + 0.03


class Found(NamedTuple):
    """How often intervals hold the census's value, and the sizes by region of all samples."""

    held: dict[str, float]
    by_region: Array


@cache
def repeated(samples: int, seed: int, *, jackknife: bool = False) -> Found:
    """Draw samples; the known groups of a region are its own, a share of the country's."""
    rng, truth, sizes = np.random.default_rng(seed), census(), country().sizes
    held = {"design": 0, "killworth": 0, **({"jackknife": 0} if jackknife else {})}
    own = [sum(sizes[name][r] for name in SIZES) / sum(SIZES.values()) for r in REGIONS]
    by_region = np.empty((samples, 2))
    for i in range(samples):
        answers = pv.Answers(sampled(rng), known=SIZES, hidden="hidden", alters="children")
        e = pv.nsum.scale_up(answers, transmission=1)
        low, high = e.interval()[0]
        held["design"] += low <= truth <= high
        spread = np.exp(1.96 * e.facts["model_std_error"][0] / float(e))
        held["killworth"] += float(e) / spread <= truth <= float(e) * spread
        by_region[i] = pv.nsum.scale_up(answers, transmission=1, by="region").value * own
        if jackknife:
            e = pv.nsum.scale_up(answers.on(answers.survey.jackknife()), transmission=1)
            low, high = e.interval()[0]
            held["jackknife"] += low <= truth <= high
    return Found({name: count / samples for name, count in held.items()}, by_region)


def test_sizes_by_region_of_the_respondents_are_those_of_its_children() -> None:
    """The mean over 80 samples within four of its standard errors, and 1 % for a ratio's bias."""
    values = repeated(80, 3).by_region
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    for k, region in enumerate(REGIONS):
        assert abs(values[:, k].mean() - census(region)) < 4 * error[k] + 0.01 * census(region)


def test_intervals_of_the_design_cover_and_those_of_killworth_do_not() -> None:
    """80 samples: a share of 0.95 has a standard error of 0.0244, one of 0.75 0.0484; four."""
    held = repeated(80, 3).held
    assert abs(held["design"] - 0.95) < 4 * 0.0244
    assert held["killworth"] < 0.75 + 4 * 0.0484
    assert held["killworth"] < held["design"]


@pytest.mark.proof
def test_coverage_of_the_design_is_93_to_97_per_cent(record_property: Any) -> None:
    """4,000 samples: a share of 0.95 has a standard error of 0.0034."""
    held = repeated(4_000, 4, jackknife=True).held
    told = ", ".join(f"{name} {share:.1%}" for name, share in held.items())
    record_property("table", f"coverage of 95 % intervals over 4,000 samples: {told}")
    assert 0.93 < held["design"] < 0.97
    assert 0.93 < held["jackknife"] < 0.97
    assert held["killworth"] < 0.8
