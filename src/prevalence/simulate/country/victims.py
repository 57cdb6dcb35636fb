"""The trafficked children of the country, one table: in households, outside, and of earlier years."""

from __future__ import annotations

import numpy as np

from prevalence.simulate.country.parameters import Parameters
from prevalence.simulate.country.population import (
    PLACES,
    SEXUAL,
    Districts,
    Households,
    Victims,
    outside_parishes,
)
from prevalence.simulate.shared import Bools, Floats, Ints

__all__ = ["WINDOW_DAYS", "victims"]

#: Days from 1 January 2019 to 31 December 2023, and of the last 12 months.
WINDOW_DAYS = 1826
YEAR_DAYS = 365
#: Form of trafficked children outside households (assumed): labour, domestic, sexual.
FORM_OUTSIDE = np.array([0.50, 0.35, 0.15])
#: Where they live, by form (assumed): institution, street, employer's compound.
PLACE_OUTSIDE = np.array([[0.10, 0.35, 0.55], [0.10, 0.00, 0.90], [0.10, 0.40, 0.50]])


def victims(
    places: Districts, homes: Households, parameters: Parameters, rng: np.random.Generator
) -> Victims:
    """Collect the victims of the last 12 months and draw those of the four years before."""
    inside = _inside(places, homes, rng)
    outside = _outside(places, homes.age.size, parameters.outside_trafficked, rng)
    recent = _join(inside, outside)
    missing = parameters.five_year_sexual - int(np.sum(recent.form == SEXUAL))
    if missing < 0:
        raise ValueError(
            "five_year_sexual must cover the children trafficked for sexual exploitation in the "
            f"last 12 months: found {parameters.five_year_sexual} for "
            f"{parameters.five_year_sexual - missing} of them. Give a larger number."
        )
    first_adult = homes.age.size + parameters.outside_trafficked + parameters.outside_other
    return _join(recent, _earlier(places, homes, missing, first_adult, rng))


def _inside(places: Districts, homes: Households, rng: np.random.Generator) -> Victims:
    """Victims of the last 12 months living in households."""
    child = np.flatnonzero(homes.trafficked)
    household = homes.household[child]
    district = homes.district[household]
    age, form = homes.age[child], homes.form[child]
    began, ended = _recent_dates(age, rng)
    return Victims(
        child=child,
        place=np.zeros(child.size, dtype=np.int64),
        household=household,
        district=district,
        parish=places.parish[district],
        girl=homes.girl[child],
        age=age,
        form=form,
        last_year=np.ones(child.size, dtype=bool),
        five_year_sexual=form == SEXUAL,
        began=began,
        ended=ended,
    )


def _outside(places: Districts, first: int, number: int, rng: np.random.Generator) -> Victims:
    """Victims of the last 12 months living outside households."""
    district, parish = outside_parishes(places, number, rng)
    form = _categories(np.tile(FORM_OUTSIDE, (number, 1)), rng)
    age = 5 + rng.binomial(12, 0.7, number)
    girl = rng.random(number) < np.array([0.3, 0.7, 0.75])[form]
    began, ended = _recent_dates(age, rng)
    return Victims(
        child=first + np.arange(number),
        place=1 + _categories(PLACE_OUTSIDE[form], rng),
        household=np.full(number, -1),
        district=district,
        parish=parish,
        girl=girl,
        age=age,
        form=form,
        last_year=np.ones(number, dtype=bool),
        five_year_sexual=form == SEXUAL,
        began=began,
        ended=ended,
    )


def _earlier(
    places: Districts, homes: Households, number: int, first_adult: int, rng: np.random.Generator
) -> Victims:
    """Victims of sexual exploitation that ended before the last 12 months.

    Those still under 18 are children of the households, of that age and sex; the others have
    turned 18 since and belong to no table of children.
    """
    began = rng.integers(YEAR_DAYS + 90, WINDOW_DAYS, number)
    ended = YEAR_DAYS + rng.integers(0, began - YEAR_DAYS)
    age = 8 + rng.binomial(9, 0.65, number) + began // YEAR_DAYS
    girl = rng.random(number) < 0.8
    child, household = np.full(number, -1), np.full(number, -1)
    for sex in (False, True):
        for years in range(5, 18):
            found = np.flatnonzero((age == years) & (girl == sex))
            pool = np.flatnonzero((homes.age == years) & (homes.girl == sex) & ~homes.trafficked)
            child[found] = rng.choice(pool, found.size, replace=False)
            household[found] = homes.household[child[found]]
    grown = child < 0
    child[grown] = first_adult + np.arange(grown.sum())
    district = np.where(grown, -1, homes.district[household])
    anywhere = outside_parishes(places, number, rng)[1]
    return Victims(
        child=child,
        place=np.where(grown, PLACES.index("adult now"), 0),
        household=household,
        district=district,
        parish=np.where(grown, anywhere, places.parish[district]),
        girl=girl,
        age=age,
        form=np.full(number, SEXUAL),
        last_year=np.zeros(number, dtype=bool),
        five_year_sexual=np.ones(number, dtype=bool),
        began=began,
        ended=ended,
    )


def _recent_dates(age: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw when exploitation in the last 12 months began (age 5 at the earliest) and ended."""
    longest = np.minimum(WINDOW_DAYS, (age - 4) * YEAR_DAYS)
    began = (longest * rng.random(age.size) ** 2).astype(np.int64)
    return began, (np.minimum(began, YEAR_DAYS) * rng.random(age.size)).astype(np.int64)


def _categories(chances: Floats, rng: np.random.Generator) -> Ints:
    """Draw one category per row of chances."""
    above: Bools = rng.random(len(chances))[:, None] > np.cumsum(chances, axis=1)[:, :-1]
    category: Ints = above.sum(axis=1)
    return category


def _join(first: Victims, second: Victims) -> Victims:
    return Victims(
        **{
            name: np.concatenate([values, vars(second)[name]])
            for name, values in vars(first).items()
        }
    )
