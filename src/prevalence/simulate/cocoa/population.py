"""Every child of the agricultural households of the synthetic belt: traits, work, and who says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prevalence.simulate.cocoa.frame import BELT, agricultural
from prevalence.simulate.cocoa.parameters import SMALLEST_AREA, CocoaParameters
from prevalence.simulate.shared import Bools, Floats, Ints, expit, intercept

__all__ = ["ORIGINS", "RELATIONS", "Belt", "belt"]

ORIGINS = ("ivorian", "burkinabe", "malian", "other")
RELATIONS = ("own child", "relative", "unaccompanied")
#: Share of households with a head of each origin, and of unaccompanied children (assumed).
HEADS, ALONE = (0.66, 0.24, 0.07, 0.03), (0.0, 0.75, 0.25, 0.0)
#: Share of households with 0, 1, ... 6 children of 5 to 17 (assumed).
CHILDREN_PER_HOUSEHOLD = np.array([0.17, 0.23, 0.24, 0.17, 0.11, 0.05, 0.03])
#: Chance that households two and three doors apart know each other's children; next door: always.
CONTACT = (0.6, 0.4)


@dataclass(frozen=True)
class Belt:
    """Areas, households and children of the belt, with what would be said of each child."""

    district: Ints  # of each area
    listed: Ints  # agricultural households of each area
    area: Ints  # of each household
    origin: Ints
    poor: Bools
    children: Ints
    near: (
        Bools  # with rows two and three doors: whether the household knows the one so many doors on
    )
    household: Ints  # of each child
    age: Ints
    girl: Bools
    relation: Ints
    child_origin: Ints
    in_school: Bools
    labour: Bools
    hazardous: Bools
    forced: Bools
    labour_child: Bools
    hazardous_child: Bools
    forced_child: Bools
    labour_parent: Bools
    labour_list: Bools
    forced_parent: Bools

    @property
    def first_child(self) -> Ints:
        """Position of each household's first child."""
        return np.cumsum(self.children) - self.children

    @property
    def first_household(self) -> Ints:
        """Position of each area's first household."""
        return np.cumsum(self.listed) - self.listed

    @property
    def district_of_child(self) -> Ints:
        """District of each child."""
        return self.district[self.area[self.household]]


def belt(parameters: CocoaParameters, rng: np.random.Generator) -> Belt:
    """Draw the whole population of the belt."""
    district = np.repeat(np.arange(len(BELT)), [place.areas for place in BELT])
    share = rng.gamma(12.0, size=district.size)
    total = np.array([agricultural(place) for place in BELT])
    size = total[district] * share / np.bincount(district, share)[district]
    listed = np.maximum(np.rint(size).astype(np.int64), SMALLEST_AREA)
    area = np.repeat(np.arange(district.size), listed)
    origin = _pick(HEADS, area.size, rng)
    poor = rng.random(area.size) < 0.45
    children = _pick(CHILDREN_PER_HOUSEHOLD, area.size, rng)
    near = rng.random((2, area.size)) < np.array(CONTACT)[:, None]
    household = np.repeat(np.arange(area.size), children)
    n = household.size
    age, girl = rng.integers(5, 18, n), rng.random(n) < 0.48
    relation = (rng.random(n) < 0.17).astype(np.int64)
    alone = ~girl & (age >= 12) & (rng.random(n) < parameters.unaccompanied / (0.52 * 6 / 13))
    relation[alone] = 2
    child_origin = origin[household]
    child_origin[alone] = _pick(ALONE, int(alone.sum()), rng)
    out = -1.6 + 0.22 * (age - 11) + 0.6 * (child_origin > 0) + 0.5 * poor[household] + 2.5 * alone
    out_of_school = rng.random(n) < expit(out)
    effects = np.array([place.effect for place in BELT])[district]
    effects = effects + parameters.area_sd * rng.standard_normal(district.size)
    score = effects[area] + parameters.household_sd * rng.standard_normal(area.size) + 0.3 * poor
    logit = score[household] + 0.18 * (age - 11) + 0.35 * ~girl + 0.9 * out_of_school + 1.0 * alone
    forced = _forced(
        area, household, age, girl, out_of_school, child_origin, alone, parameters, rng
    )
    chance = (parameters.child_labour - parameters.forced) / (1 - parameters.forced)
    labour = forced | (rng.random(n) < _with_mean(logit, chance))
    hazardous = forced | (labour & (rng.random(n) < parameters.hazardous))
    says = _reports(labour, hazardous, forced, parameters, rng)
    return Belt(
        district, listed, area, origin, poor, children, near, household, age, girl, relation,
        child_origin, ~out_of_school, labour, hazardous, forced, **says,
    )  # fmt: skip


def _forced(
    area: Ints,
    household: Ints,
    age: Ints,
    girl: Bools,
    out_of_school: Bools,
    origin: Ints,
    alone: Bools,
    parameters: CocoaParameters,
    rng: np.random.Generator,
) -> Bools:
    """Draw forced labour: one mean among unaccompanied children, another among the others."""
    effect = rng.normal(0, 0.7, int(area[-1]) + 1)[area] + rng.normal(0, 0.5, area.size)
    logit = effect[household] + 0.15 * (age - 11) + 0.5 * ~girl
    logit += 0.6 * (origin > 0) + 0.8 * out_of_school
    alone_share = float(alone.mean())
    rest = (parameters.forced - alone_share * parameters.forced_unaccompanied) / (1 - alone_share)
    chance = np.empty(age.size)
    chance[alone] = _with_mean(logit[alone], parameters.forced_unaccompanied)
    chance[~alone] = _with_mean(logit[~alone], rest)
    return np.asarray(rng.random(age.size) < chance)


def _reports(
    labour: Bools,
    hazardous: Bools,
    forced: Bools,
    parameters: CocoaParameters,
    rng: np.random.Generator,
) -> dict[str, Bools]:
    """Draw what the child would say, and its parent asked directly and by the list."""
    child, parent, force, guardian = rng.random((4, labour.size))
    forced_child = forced & (force < parameters.forced_child)
    labour_child = child < np.where(labour, parameters.child_finds, parameters.child_false)
    labour_child = labour_child | forced_child
    forced_parent = forced & (guardian < parameters.forced_parent)
    asked = parent < np.where(labour, parameters.parent_finds, parameters.parent_false)
    listed = parent < np.where(labour, parameters.parent_list, parameters.parent_false)
    return {
        "labour_child": labour_child,
        "hazardous_child": labour_child & (hazardous | ~labour),
        "forced_child": forced_child,
        "labour_parent": asked | forced_parent,
        "labour_list": listed | forced_parent,
        "forced_parent": forced_parent,
    }


def _pick(shares: Floats | tuple[float, ...], size: int, rng: np.random.Generator) -> Ints:
    """Draw positions with these shares."""
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(size), side="right")


def _with_mean(logit: Floats, mean: float) -> Floats:
    """Return chances with this mean, by a shift of the logits."""
    return expit(logit + intercept(logit, mean))
