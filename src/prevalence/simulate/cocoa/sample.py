"""The survey of the cocoa belt: areas with chance proportional to size, households, answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prevalence.simulate.cocoa.frame import BELT, belt_names
from prevalence.simulate.cocoa.parameters import CocoaParameters
from prevalence.simulate.cocoa.population import ORIGINS, RELATIONS, Belt
from prevalence.simulate.shared import Bools, Floats, Ints, age_group, labels, sex

__all__ = ["CocoaSample", "children_table", "draw", "households_table", "neighbours_table"]

#: Chances of a yes to the four control items of the list (assumed). Few who sell to a cooperative
#: also sell to a travelling buyer (first chance) and most others do: few counts are 0 or 4.
COOPERATIVE, BUYER, OTHERS = 0.45, (0.15, 0.75), (0.40, 0.25)


@dataclass(frozen=True)
class CocoaSample:
    """Selected households: area, chance of the area, response."""

    household: Ints
    area: Ints
    chance: Floats  # of the area
    responded: Bools


def draw(homes: Belt, parameters: CocoaParameters, rng: np.random.Generator) -> CocoaSample:
    """Draw areas in each district systematically by size, then households at random in each."""
    root = np.sqrt(np.bincount(homes.district, homes.listed))
    number = np.maximum(np.rint(parameters.areas * root / root.sum()).astype(np.int64), 2)
    areas, chances = [], []
    for district, n in enumerate(number):
        members = np.flatnonzero(homes.district == district)
        upto = np.cumsum(homes.listed[members])
        interval = upto[-1] / n
        points = (rng.random() + np.arange(n)) * interval
        areas.append(members[np.searchsorted(upto, points, side="right")])
        chances.append(homes.listed[areas[-1]] / interval)
    area = np.concatenate(areas)
    if area.size > np.unique(area).size:
        raise ValueError(
            f"areas must not be selected twice: {area.size - np.unique(area).size} of {area.size} "
            "are. Ask for fewer areas."
        )
    each = parameters.households
    picks = [np.sort(rng.choice(homes.listed[a], each, replace=False)) for a in area]
    household = np.repeat(homes.first_household[area], each) + np.concatenate(picks)
    responded = rng.random(household.size) < parameters.response
    chance = np.repeat(np.concatenate(chances), each)
    return CocoaSample(household, np.repeat(area, each), chance, responded)


def households_table(homes: Belt, sample: CocoaSample, parameters: CocoaParameters) -> pd.DataFrame:
    """One row per selected household; what only a visit tells is missing without a response."""
    district = homes.district[sample.area]
    listed = homes.listed[sample.area]
    mine, other = known_households(homes, sample.household)
    size = sample.household.size
    origin = np.array(ORIGINS, dtype=object)[homes.origin[sample.household]]

    def visited(values: Ints | Bools | Floats) -> Floats:
        return np.where(sample.responded, np.asarray(values, dtype=np.float64), np.nan)

    return pd.DataFrame(
        {
            "household_id": labels("H", sample.household, 7),
            "district": belt_names()[district],
            "ea": labels("A", sample.area, 5),
            "n_eas": np.bincount(homes.district, minlength=len(BELT))[district],
            "ea_probability": sample.chance,
            "listed": listed,
            "selected": parameters.households,
            "base_weight": listed / (sample.chance * parameters.households),
            "responded": sample.responded.astype(np.int64),
            "head_origin": np.where(sample.responded, origin, ""),
            "poor": visited(homes.poor[sample.household]),
            "n_children": visited(homes.children[sample.household]),
            "neighbours": visited(np.bincount(mine, minlength=size)),
            "neighbour_children": visited(np.bincount(mine, homes.children[other], minlength=size)),
        }
    )


def children_table(
    homes: Belt, sample: CocoaSample, parameters: CocoaParameters, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per child of a responding household, with the child's and the parent's answers."""
    visited = sample.household[sample.responded]
    child, of_home = members(homes, visited)
    number = homes.children[visited]
    within = np.arange(child.size) - np.repeat(np.cumsum(number) - number, number)
    one = np.repeat(np.floor(rng.random(number.size) * number), number) == within
    long = _by_halves(sample.area[sample.responded], rng)[of_home]
    count = _controls(child.size, rng) + long * homes.labour_list[child]
    verified = _validated(homes.labour_child[child], parameters.validated, rng)
    columns = {
        "child_id": labels("C", child, 7),
        "household_id": labels("H", homes.household[child], 7),
        "district": belt_names()[homes.district_of_child[child]],
        "sex": sex(homes.girl[child]),
        "age": homes.age[child],
        "age_group": age_group(homes.age[child]),
        "origin": np.array(ORIGINS, dtype=object)[homes.child_origin[child]],
        "relation": np.array(RELATIONS, dtype=object)[homes.relation[child]],
        "in_school": homes.in_school[child].astype(np.int64),
        "n_children": number[of_home],
        "one_per_household": one.astype(np.int64),
    }
    for name in ("labour_child", "hazardous_child", "forced_child", "labour_parent"):
        columns[name] = getattr(homes, name)[child].astype(np.int64)
    columns["forced_parent"] = homes.forced_parent[child].astype(np.int64)
    columns["list_long"] = np.where(one, long.astype(np.float64), np.nan)
    columns["list_count"] = np.where(one, count.astype(np.float64), np.nan)
    columns["verified"] = verified.astype(np.int64)
    found = homes.labour[child].astype(np.float64)
    columns["labour_verified"] = np.where(verified, found, np.nan)
    return pd.DataFrame(columns)


def neighbours_table(
    homes: Belt, sample: CocoaSample, parameters: CocoaParameters, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per report of a neighbours' child in forced labour, with who could have told of it."""
    visited = sample.household[sample.responded]
    mine, other = known_households(homes, visited)
    child, of_pair = members(homes, other)
    keep = homes.forced[child] & (rng.random(child.size) < parameters.neighbours)
    child, informant = child[keep], mine[of_pair][keep]
    age = np.clip(homes.age[child] + rng.integers(-1, 2, child.size), 5, 17)
    alone = homes.relation[child] == RELATIONS.index("unaccompanied")
    table = pd.DataFrame(
        {
            "household_id": labels("H", visited[informant], 7),
            "other_sex": sex(homes.girl[child]),
            "other_age": age,
            "other_alone": alone.astype(np.int64),
            "known_by": knowing(homes, homes.household[child]),
        }
    )
    return table.iloc[np.argsort(informant, kind="stable")].reset_index(drop=True)


def known_households(homes: Belt, household: Ints) -> tuple[Ints, Ints]:
    """Return pairs: position of a household asked, and a household that it knows."""
    mine, other = [], []
    for way in (-3, -2, -1, 1, 2, 3):
        door = doors_away(homes, household, way)
        known = _knows(homes, household, door, way)
        mine.append(np.flatnonzero(known))
        other.append(door[known])
    return np.concatenate(mine), np.concatenate(other)


def knowing(homes: Belt, household: Ints) -> Ints:
    """Return how many households know the children of each household, its own not included."""
    total = np.zeros(household.size, dtype=np.int64)
    for way in (-3, -2, -1, 1, 2, 3):
        total += _knows(homes, household, doors_away(homes, household, way), way)
    return total


def _knows(homes: Belt, household: Ints, door: Ints, way: int) -> Bools:
    """Tell which households know the one so many doors away; each pair is drawn once."""
    if abs(way) == 1:
        return np.ones(household.size, dtype=bool)
    first = household if way > 0 else door
    return np.asarray(homes.near[abs(way) - 2, first])


def doors_away(homes: Belt, household: Ints, way: int) -> Ints:
    """Return the household so many doors away; the doors of an area go round in a ring."""
    area = homes.area[household]
    first, size = homes.first_household[area], homes.listed[area]
    return np.asarray(first + (household - first + way) % size, dtype=np.int64)


def members(homes: Belt, household: Ints) -> tuple[Ints, Ints]:
    """Return the children of the households, and the position of each child's household."""
    number = homes.children[household]
    of = np.repeat(np.arange(household.size), number)
    within = np.arange(of.size) - np.repeat(np.cumsum(number) - number, number)
    return homes.first_child[household][of] + within, of


def _by_halves(area: Ints, rng: np.random.Generator) -> Bools:
    """Give the long list to every other household of an area, in random order."""
    order = np.lexsort((rng.random(area.size), area))
    rank = np.empty(area.size, dtype=np.int64)
    rank[order] = np.arange(area.size)
    return np.asarray(rank % 2 == 0)


def _controls(size: int, rng: np.random.Generator) -> Ints:
    """Count the control items that apply."""
    first = rng.random(size) < COOPERATIVE
    second = rng.random(size) < np.where(first, *BUYER)
    others = rng.random((len(OTHERS), size)) < np.array(OTHERS)[:, None]
    return np.asarray(first.astype(np.int64) + second + others.sum(axis=0))


def _validated(said: Bools, number: int, rng: np.random.Generator) -> Bools:
    """Draw as many children who say that they work as others, or all where there are fewer."""
    drawn = np.zeros(said.size, dtype=bool)
    for answer in (True, False):
        rows = np.flatnonzero(said == answer)
        drawn[rng.permutation(rows)[:number]] = True
    return drawn
