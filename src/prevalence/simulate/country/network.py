"""The answers of adults about people they know: known groups, and trafficked children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from prevalence.arguments import explained
from prevalence.simulate.country.parameters import FORMS, Parameters
from prevalence.simulate.country.population import Districts, Victims
from prevalence.simulate.country.sample import Sample
from prevalence.simulate.shared import Bools, Floats, Ints, gamma, labels, lognormal

__all__ = ["KNOWN_GROUPS", "Ties", "adults_table", "degrees", "known_groups", "ties"]


class Group(NamedTuple):
    """A group of known size, about which an adult is asked how many members he or she knows."""

    name: str
    size: int
    alters: str  # persons or children
    source: str
    year: int | None
    status: str  # public or assumed


_STATIN = "Statistical Institute of Jamaica, Demographic Statistics 2013"
_POLICE = "round figure reported for the Jamaica Constabulary Force; not checked at the source"
_HIV = "UNAIDS estimate as reported; not checked at the source"
_MISSING = "Child Protection and Family Services Agency, by The Gleaner, 9 April 2022 (ages 0-17)"
_NONE = "chosen for the synthetic country; no statistic"
KNOWN_GROUPS = (
    Group("police_officers", 12_500, "persons", _POLICE, 2023, "public"),
    Group("gave_birth", 36_746, "persons", f"{_STATIN}: births", 2013, "public"),
    Group("died", 15_427, "persons", f"{_STATIN}: deaths", 2013, "public"),
    Group("living_with_hiv", 29_000, "persons", _HIV, 2014, "public"),
    Group("teachers", 25_000, "persons", _NONE, None, "assumed"),
    Group("registered_nurses", 4_600, "persons", _NONE, None, "assumed"),
    Group("in_prison", 3_700, "persons", _NONE, None, "assumed"),
    Group("taxi_drivers", 15_000, "persons", _NONE, None, "assumed"),
    Group("married_last_year", 32_000, "persons", _NONE, None, "assumed"),
    Group("children_reported_missing", 893, "children", _MISSING, 2021, "public"),
    Group("children_in_foster_care", 1_500, "children", _NONE, None, "assumed"),
    Group("children_with_disability_grant", 5_600, "children", _NONE, None, "assumed"),
    Group("children_who_are_twins", 10_400, "children", _NONE, None, "assumed"),
    Group("children_in_cadets", 4_200, "children", _NONE, None, "assumed"),
    Group("children_in_athletics_clubs", 2_800, "children", _NONE, None, "assumed"),
    Group("children_who_changed_school", 7_900, "children", _NONE, None, "assumed"),
)


@explained
def known_groups() -> pd.DataFrame:
    """Return the known groups of the network questions, one row per group.

    Returns
    -------
    DataFrame
        ``group`` (the column of the adults' table is ``n_`` and the group), ``size``, ``alters``
        (``persons`` of all ages, or ``children`` of 5 to 17), ``source``, ``year`` and ``status``
        (``public`` or ``assumed``).

    Examples
    --------
    >>> from prevalence.simulate import known_groups
    >>> known_groups().groupby("alters")["size"].sum().to_dict()
    {'children': 33293, 'persons': 173973}
    """
    table = pd.DataFrame(list(KNOWN_GROUPS)).rename(columns={"name": "group"})
    table["year"] = table["year"].astype("Int64")
    return table


@dataclass(frozen=True)
class Ties:
    """Who knows which trafficked child: positions among the respondents and the victims."""

    adult: Ints
    victim: Ints
    reported: Bools


def degrees(
    number: int, parameters: Parameters, children_share: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Persons and children each adult knows, in expectation."""
    persons = gamma(number, parameters.network_size, parameters.network_cv, rng)
    mixing = parameters.child_mixing * lognormal(number, 0.4, rng)
    return persons, persons * children_share * mixing


def ties(
    respondents: Sample,
    known: Floats,
    living: Victims,
    places: Districts,
    children_per_dwelling: float,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Ties:
    """Draw which trafficked children each respondent knows, and which of them are reported.

    ``known`` is the number of children each respondent knows, in expectation; a share of them
    live in the respondent's district, a share anywhere in the parish, the others anywhere. The
    chance of a tie is such that, over all adults, every child is known equally often.
    """
    local = parameters.local_ties * known
    near = parameters.parish_ties * known
    far = known - local - near
    parish = places.parish[respondents.district]
    dwellings = np.bincount(places.parish, places.dwellings)
    adult, victim = _local(respondents, local, living, places, children_per_dwelling, rng)
    pairs = [(adult, victim)]
    for number, area, total in (
        (near, parish, dwellings),
        (far, np.zeros_like(parish), np.array([dwellings.sum()])),
    ):
        of_victim = living.parish if total.size > 1 else np.zeros(len(living), dtype=np.int64)
        here = np.bincount(of_victim, minlength=total.size)
        mean = number * here[area] / (total[area] * children_per_dwelling)
        ego = np.repeat(np.arange(known.size), rng.poisson(mean))
        start = (np.cumsum(here) - here)[area[ego]]
        pick = start + np.floor(rng.random(ego.size) * here[area[ego]]).astype(np.int64)
        pairs.append((ego, np.argsort(of_victim, kind="stable")[pick]))
    both = np.unique(
        np.column_stack([np.concatenate(side) for side in zip(*pairs, strict=True)]), axis=0
    )
    own = living.household[both[:, 1]] == respondents.household[both[:, 0]]
    adult, victim = both[~own].T
    chance = np.array([parameters.transmission[form] for form in FORMS])[living.form[victim]]
    return Ties(adult, victim, rng.random(adult.size) < chance)


def _local(
    respondents: Sample,
    local: Floats,
    living: Victims,
    places: Districts,
    children_per_dwelling: float,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Ties within the respondent's district: every pair of a respondent and a child, one draw."""
    order = np.argsort(living.district, kind="stable")
    first = np.searchsorted(living.district[order], respondents.district, side="left")
    after = np.searchsorted(living.district[order], respondents.district, side="right")
    number = after - first
    ego = np.repeat(np.arange(local.size), number)
    within = np.arange(ego.size) - np.repeat(np.cumsum(number) - number, number)
    here = places.dwellings[respondents.district] * children_per_dwelling
    tied = rng.random(ego.size) < (local / here)[ego]
    return ego[tied], order[(first[ego] + within)[tied]]


def adults_table(
    respondents: Sample,
    persons: Floats,
    children: Floats,
    totals: tuple[float, float],
    hidden: Ints,
    parameters: Parameters,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row per adult asked: known groups, and trafficked children known by form.

    ``totals`` are the persons and the children of the country; ``hidden`` has one column per form.
    """
    number = persons.size
    columns: dict[str, object] = {
        "adult_id": np.array([f"A{i:05d}" for i in range(number)], dtype=object),
        "household_id": labels("H", respondents.household, 6),
        "n_adults": respondents.adults,
        "sex": np.where(rng.random(number) < 0.55, "woman", "man").astype(object),
        "age": 18 + rng.binomial(62, rng.beta(1.5, 2.2, number)),
    }
    for group in KNOWN_GROUPS:
        known, total = (persons, totals[0]) if group.alters == "persons" else (children, totals[1])
        columns[f"n_{group.name}"] = rng.poisson(known * group.size / total).astype(np.float64)
    for j, form in enumerate(FORMS):
        columns[f"n_children_{form}"] = hidden[:, j].astype(np.float64)
    table = pd.DataFrame(columns)
    asked = [name for name in columns if name.startswith("n_") and name != "n_adults"]
    silent = np.flatnonzero(rng.random(number) < parameters.missing_answers)
    question = rng.integers(0, len(asked), silent.size)
    for row, column in zip(silent, question, strict=True):
        table.loc[row, asked[column]] = np.nan
    forms = [f"n_children_{form}" for form in FORMS]
    table["n_children_trafficked"] = table[forms].sum(axis=1, skipna=False)
    return table
