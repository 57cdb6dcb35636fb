"""Every child of the synthetic country: in households, outside them, and victims of earlier years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prevalence.simulate.country.frame import PARISHES
from prevalence.simulate.country.parameters import FORMS, SMALLEST_DISTRICT, Parameters
from prevalence.simulate.shared import Bools, Ints, expit, intercept

__all__ = ["Districts", "Households", "Victims", "districts", "households", "outside_parishes"]


#: Share of dwellings with 0, 1, ... 5 children of 5 to 17 (assumed).
CHILDREN_PER_DWELLING = np.array([0.62, 0.20, 0.11, 0.045, 0.018, 0.007])
PLACES = ("household", "institution", "street", "employer", "adult now")
LABOUR, DOMESTIC, SEXUAL = range(len(FORMS))


@dataclass(frozen=True)
class Districts:
    """Enumeration districts: parish, number of dwellings, urban or not."""

    parish: Ints
    dwellings: Ints
    urban: Bools


@dataclass(frozen=True)
class Households:
    """Dwellings and the children of 5 to 17 living in them; a dwelling is a household."""

    district: Ints
    poor: Bools
    children: Ints
    household: Ints  # of each child
    age: Ints
    girl: Bools
    fostered: Bools
    out_of_school: Bools
    trafficked: Bools
    form: Ints  # of each trafficked child; -1 for the others

    @property
    def first_child(self) -> Ints:
        """Position of each household's first child."""
        return np.cumsum(self.children) - self.children


@dataclass(frozen=True)
class Victims:
    """Every child trafficked in the last 12 months, or for sexual exploitation in five years.

    ``child`` numbers one population: household children first, then children outside households,
    then persons who have since turned 18.
    """

    child: Ints
    place: Ints
    household: Ints  # -1 outside households
    district: Ints  # -1 for persons who are adults now
    parish: Ints
    girl: Bools
    age: Ints
    form: Ints
    last_year: Bools  # trafficked in the last 12 months
    five_year_sexual: Bools  # belongs to the population of the case lists
    began: Ints  # days before the end of the window when the exploitation began
    ended: Ints  # days before the end of the window when it ended

    def __len__(self) -> int:
        """Return the number of victims."""
        return len(self.child)

    def where(self, keep: Bools) -> Victims:
        """Return the victims for which ``keep`` is true."""
        return Victims(**{name: values[keep] for name, values in vars(self).items()})


def districts(rng: np.random.Generator) -> Districts:
    """Draw the enumeration districts: gamma shares of the dwellings of the parish."""
    parish = np.repeat(np.arange(len(PARISHES)), [place.districts for place in PARISHES])
    share = rng.gamma(12.0, size=parish.size)
    total = np.array([place.dwellings for place in PARISHES])
    size = total[parish] * share / np.bincount(parish, share)[parish]
    urban = rng.random(parish.size) < np.array([place.urban for place in PARISHES])[parish]
    return Districts(parish, np.maximum(np.rint(size).astype(np.int64), SMALLEST_DISTRICT), urban)


def households(places: Districts, parameters: Parameters, rng: np.random.Generator) -> Households:
    """Draw the households, their children and the outcome of every child."""
    district = np.repeat(np.arange(places.parish.size), places.dwellings)
    urban_share = np.array([place.urban for place in PARISHES])[places.parish]
    poor = rng.random(district.size) < (0.2 + 0.1 * (1 - urban_share))[district]
    cumulative = np.cumsum(CHILDREN_PER_DWELLING)[:-1]
    children = np.searchsorted(cumulative, rng.random(district.size), side="right")
    household = np.repeat(np.arange(district.size), children)
    n = household.size
    age = rng.integers(5, 18, n)
    girl = rng.random(n) < 0.49
    fostered = rng.random(n) < 0.16
    school = -4.2 + 0.30 * (age - 11) + 0.8 * fostered + 0.5 * poor[household]
    out_of_school = rng.random(n) < expit(school)
    effect = np.array([place.effect for place in PARISHES])[places.parish]
    effect = effect + parameters.district_sd * rng.standard_normal(places.parish.size)
    score = (
        effect[district] + parameters.household_sd * rng.standard_normal(district.size) + 0.6 * poor
    )
    logit = score[household] + 0.12 * (age - 11) + 0.25 * girl
    logit += 0.9 * fostered + 1.2 * out_of_school
    chance = expit(logit + intercept(logit, parameters.prevalence))
    trafficked = rng.random(n) < chance
    form = np.full(n, -1)
    form[trafficked] = form_of(age[trafficked], girl[trafficked], rng)
    return Households(
        district, poor, children, household, age, girl, fostered, out_of_school, trafficked, form
    )


def outside_parishes(places: Districts, number: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw the district and parish of children outside households: three times as often urban."""
    weight = places.dwellings * (1.0 + 2.0 * places.urban)
    district = rng.choice(weight.size, size=number, p=weight / weight.sum())
    return district, places.parish[district]


def form_of(age: Ints, girl: Bools, rng: np.random.Generator) -> Ints:
    """Draw the form of each trafficked child living in a household, given age and sex."""
    labour = np.where(girl, 0.30, 0.60)
    domestic = np.where(girl, 0.66, 0.38)
    sexual = 0.008 * np.where(girl, 3.0, 1.0) * np.where(age >= 12, 2.5, 1.0)
    first = labour / (labour + domestic + sexual)
    second = (labour + domestic) / (labour + domestic + sexual)
    u = rng.random(age.size)
    return (u >= first).astype(np.int64) + (u >= second)
