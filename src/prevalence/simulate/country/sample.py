"""The household survey: districts with chance proportional to size, dwellings, answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prevalence.simulate.country.frame import PARISHES, parish_names
from prevalence.simulate.country.parameters import FORMS, Parameters
from prevalence.simulate.country.population import Districts, Households
from prevalence.simulate.shared import Bools, Floats, Ints, age_group, labels, sex

__all__ = ["INDICATORS", "Sample", "children_table", "draw", "households_table"]

#: Questions about the last 12 months: chance that a child outside the group says yes (assumed).
#: A trafficked child says yes with chance SENSITIVITY to the questions about means, and to the
#: question about the child's own form.
MEANS = {
    "recruited_by_deception": 0.004,
    "cannot_leave": 0.002,
    "debt": 0.003,
    "threats": 0.006,
    "wages_withheld": 0.005,
    "excessive_hours": 0.010,
}
PURPOSES = {"works_for_others": 0.010, "domestic_service": 0.010, "commercial_sex": 0.002}
INDICATORS = (*MEANS, *PURPOSES)
SENSITIVITY = 0.85
#: Response of households where less than half of the parish is urban, and elsewhere (assumed).
RESPONSE = (0.93, 0.80)


@dataclass(frozen=True)
class Sample:
    """Selected dwellings: their household, district, chances and response."""

    household: Ints
    district: Ints
    chance: Floats  # of the district
    selected: Ints  # dwellings selected in the district
    network: Bools  # asked about the people they know
    responded: Bools
    adults: Ints  # persons of 18 and over living there


def draw(places: Districts, parameters: Parameters, rng: np.random.Generator) -> Sample:
    """Draw the sample: systematic selection of districts by size, simple random dwellings."""
    district, chance = _districts(places, parameters, rng)
    first = np.cumsum(places.dwellings) - places.dwellings
    picks = [
        np.sort(rng.choice(places.dwellings[d], parameters.dwellings, replace=False))
        for d in district
    ]
    rows = district.size * parameters.dwellings
    of_row = np.repeat(np.arange(district.size), parameters.dwellings)
    household = first[district][of_row] + np.concatenate(picks)
    order = rng.random((district.size, parameters.dwellings)).argsort(axis=1).argsort(axis=1)
    urban_parish = np.array([place.urban >= 0.5 for place in PARISHES])[places.parish[district]]
    answers = rng.random(rows) < np.where(urban_parish, RESPONSE[1], RESPONSE[0])[of_row]
    adults = 1 + np.minimum(rng.poisson(1.2, rows), 6)
    selected = np.full(rows, parameters.dwellings)
    network = (order < parameters.network_dwellings).ravel()
    return Sample(household, district[of_row], chance[of_row], selected, network, answers, adults)


def allocation(total: int, minimum: int) -> Ints:
    """Share the districts out to parishes by the square root of dwellings, with a minimum."""
    root = np.sqrt([place.dwellings for place in PARISHES])
    number: Ints = np.rint(total * root / root.sum()).astype(np.int64)
    return np.maximum(number, minimum)


def _districts(
    places: Districts, parameters: Parameters, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Select districts in each parish, systematically, with chance proportional to dwellings."""
    chosen, chances = [], []
    number = allocation(parameters.districts, parameters.minimum_districts)
    for parish, n in enumerate(number):
        members = np.flatnonzero(places.parish == parish)
        upto = np.cumsum(places.dwellings[members])
        interval = upto[-1] / n
        points = (rng.random() + np.arange(n)) * interval
        picked = members[np.searchsorted(upto, points, side="right")]
        chance = places.dwellings[picked] / interval
        if picked.size > np.unique(picked).size:
            raise ValueError(
                f"districts must not be selected twice: {n} of {members.size} in "
                f"{PARISHES[parish].name} do. Ask for fewer districts."
            )
        chosen.append(picked)
        chances.append(chance)
    return np.concatenate(chosen), np.concatenate(chances)


def households_table(places: Districts, homes: Households, sample: Sample) -> pd.DataFrame:
    """One row per selected dwelling; what only a visit tells is missing without a response."""
    parish = places.parish[sample.district]
    listed = places.dwellings[sample.district]
    visited = sample.responded

    def known(values: Ints | Bools) -> Floats:
        return np.where(visited, values.astype(np.float64), np.nan)

    return pd.DataFrame(
        {
            "household_id": labels("H", sample.household, 6),
            "parish": parish_names()[parish],
            "ed": labels("E", sample.district, 4),
            "urban": places.urban[sample.district].astype(np.int64),
            "n_eds": np.bincount(places.parish, minlength=len(PARISHES))[parish],
            "ed_probability": sample.chance,
            "listed": listed,
            "selected": sample.selected,
            "base_weight": listed / (sample.chance * sample.selected),
            "responded": visited.astype(np.int64),
            "network": sample.network.astype(np.int64),
            "poor": known(homes.poor[sample.household]),
            "n_adults": known(sample.adults),
            "n_children": known(homes.children[sample.household]),
        }
    )


def children_table(
    places: Districts, homes: Households, sample: Sample, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per child of 5 to 17 in the roster of a responding household."""
    visited = sample.household[sample.responded]
    number = homes.children[visited]
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    child = np.repeat(homes.first_child[visited], number) + within
    household = homes.household[child]
    parish = places.parish[homes.district[household]]
    form = homes.form[child]
    one = np.repeat(np.floor(rng.random(number.size) * number), number) == within
    columns = {
        "child_id": labels("C", child, 6),
        "household_id": labels("H", household, 6),
        "parish": parish_names()[parish],
        "sex": sex(homes.girl[child]),
        "age": homes.age[child],
        "age_group": age_group(homes.age[child]),
        "fostered": homes.fostered[child].astype(np.int64),
        "in_school": (~homes.out_of_school[child]).astype(np.int64),
        "poor": homes.poor[household].astype(np.int64),
        "one_per_household": one.astype(np.int64),
        **_indicators(form, rng),
        "trafficked": (form >= 0).astype(np.int64),
        "form": np.array(["none", *FORMS], dtype=object)[form + 1],
    }
    return pd.DataFrame(columns)


def _indicators(form: Ints, rng: np.random.Generator) -> dict[str, Ints]:
    """Answers to the questions, given the form (-1 for a child who is not trafficked)."""
    answers = {}
    for name, chance in (MEANS | PURPOSES).items():
        is_true = form >= 0
        if name in PURPOSES:
            is_true = form == list(PURPOSES).index(name)
        yes = np.where(is_true, SENSITIVITY, chance)
        answers[name] = (rng.random(form.size) < yes).astype(np.int64)
    return answers
