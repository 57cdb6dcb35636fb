"""Hidden workers and girls of one synthetic city, met in two ways, with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prevalence.arguments import explained
from prevalence.errors import whole
from prevalence.simulate.city_people import (
    GROUPS,
    KINDS,
    SLOTS,
    CityParameters,
    People,
    Venues,
    people,
    venues,
)
from prevalence.simulate.shared import COLUMNS

__all__ = ["City", "CityParameters", "city"]

Array = NDArray[Any]
WINDOW = "before the age of 18, up to the interview for those still under 18"
EVERYBODY = "child domestic workers of 12 to 17 and young women of 18 to 21 in the city"
ATTENDERS = "of these, those who attend a venue-time of the frame at least once"
REACHABLE = "of these, those who can be captured at all"
#: People captured by one team in one day.
TEAM_DAY = 20


@explained
@dataclass(frozen=True)
class City:
    """Hidden people of a synthetic city and two studies of them: no row is a real person.

    Parameters
    ----------
    venues : DataFrame
        The frame of venue-times: ``venue_time``, ``venue``, ``zone``, ``kind``, ``slot``,
        ``mapped`` (attendance as mapped beforehand), ``probability`` of selection, ``selected``;
        ``counted``, ``approached`` and ``interviewed`` where selected.
    tls : DataFrame
        One row per interview of the time-location sample: where, ``probability``, ``counted``,
        ``interviewed``, then ``group``, ``age``, ``live_in``, ``visits`` (venue-times of the frame
        attended in its period) and ``trafficked``. Somebody met twice has two rows.
    captures : DataFrame
        One row per capture: ``round`` (first, second), ``team_day``, ``zone``, ``person`` (the
        number on the mark) and the same answers.
    truth : DataFrame
        One row per estimand.
    people : DataFrame
        The population itself, which no study sees.
    parameters : CityParameters
        The assumed parameters.
    seed : int
        The seed.

    Examples
    --------
    >>> from prevalence.simulate import city
    >>> town = city(seed=2026)
    >>> len(town.people), len(town.captures), int(town.venues["selected"].sum())
    (8000, 1200, 60)
    """

    venues: pd.DataFrame
    tls: pd.DataFrame
    captures: pd.DataFrame
    truth: pd.DataFrame
    people: pd.DataFrame
    parameters: CityParameters
    seed: int


@explained
def city(seed: int = 2026, *, parameters: CityParameters | None = None) -> City:
    """Make one city's hidden population, a time-location sample and two rounds of capture.

    Parameters
    ----------
    seed : int
        Everything is drawn anew for another seed.
    parameters : CityParameters, optional
        The assumed parameters; the default is that of the committed data.

    Returns
    -------
    City
        Tables, truth and parameters.

    Raises
    ------
    ValueError
        When the parameters cannot be simulated.

    Notes
    -----
    Everything is assumed; no row is a real person and no number a statistic of any city. Venue-times
    are drawn in each time slot with probability proportional to mapped attendance, by systematic
    selection in random order; people are approached at random among those present. The chance of
    being captured differs from person to person, and is the same in both rounds.

    Examples
    --------
    >>> from prevalence.simulate import city
    >>> rows = city(seed=1).truth.set_index(["id", "domain"])["value"]
    >>> float(rows["city_count", "all"]), float(rows["city_prevalence", "all"])
    (1920.0, 0.24)
    """
    whole("seed", seed, 0, "Write for example 2026.")
    parameters = CityParameters() if parameters is None else parameters
    if not isinstance(parameters, CityParameters):
        raise TypeError(
            f"parameters must be CityParameters: found {type(parameters).__name__}. Write for example "
            "CityParameters()."
        )
    streams = np.random.SeedSequence([seed, 8]).spawn(4)
    rng = [np.random.default_rng(stream) for stream in streams]
    places = venues(parameters, rng[0])
    population, attended = people(places, parameters, rng[1])
    frame, tls = _time_location(places, population, attended, parameters, rng[2])
    return City(
        venues=frame,
        tls=tls,
        captures=_captures(population, parameters, rng[3]),
        truth=_truth(population),
        people=_people_table(population, np.arange(parameters.population)),
        parameters=parameters,
        seed=seed,
    )


def _time_location(
    places: Venues,
    population: People,
    attended: Array,
    parameters: CityParameters,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Map, select and visit venue-times; count and interview the people there."""
    present = attended.sum(axis=0)
    mapped = np.maximum(1, np.rint(present * np.exp(0.3 * rng.standard_normal(present.size))))
    chance = np.zeros(present.size)
    selected = np.zeros(present.size, dtype=bool)
    for slot in range(len(SLOTS)):
        rows = rng.permutation(np.flatnonzero((places.slot == slot) & (present > 0)))
        chance[rows] = _proportional(mapped[rows], parameters.sampled)
        steps = np.floor(np.concatenate([[0.0], np.cumsum(chance[rows])]) + rng.random())
        selected[rows[np.diff(steps) > 0]] = True
    frame = _frame_table(places, mapped, chance, selected)
    met: list[Array] = []
    approached = np.full(present.size, np.nan)
    for k in np.flatnonzero(selected):
        there = rng.permutation(np.flatnonzero(attended[:, k]))[: parameters.approached]
        answered = rng.random(there.size) < parameters.response
        answered[0] = True  # teams stay until somebody answers
        approached[k] = there.size
        met.append(there[answered])
    frame["counted"] = np.where(selected, present, np.nan)
    frame["approached"] = approached
    frame["interviewed"] = np.nan
    frame.loc[selected, "interviewed"] = [float(there.size) for there in met]
    where = np.repeat(np.flatnonzero(selected), [there.size for there in met])
    columns = ["venue_time", "venue", "slot", "probability", "counted", "interviewed"]
    tls = frame[columns].iloc[where].reset_index(drop=True)
    tls.insert(0, "respondent_id", [f"T{number:04d}" for number in range(1, where.size + 1)])
    return frame, tls.join(_people_table(population, np.concatenate(met)).drop(columns="zone"))


def _proportional(size: Array, number: int) -> Array:
    """Return inclusion probabilities proportional to size; those that would pass 1 are 1."""
    certain = np.zeros(size.size, dtype=bool)
    while True:
        chance = np.where(certain, 1.0, (number - certain.sum()) * size / size[~certain].sum())
        if np.all(chance <= 1):
            return chance
        certain |= chance > 1


def _frame_table(places: Venues, mapped: Array, chance: Array, selected: Array) -> pd.DataFrame:
    venue = [f"V{number + 1:02d}" for number in places.venue]
    return pd.DataFrame(
        {
            "venue_time": [f"{v}-{s + 1}" for v, s in zip(venue, places.slot, strict=True)],
            "venue": venue,
            "zone": [f"zone {number + 1}" for number in places.zone],
            "kind": np.array(KINDS, dtype=object)[places.kind],
            "slot": np.array(SLOTS, dtype=object)[places.slot],
            "mapped": mapped,
            "probability": chance,
            "selected": selected.astype(np.int64),
        }
    )


def _captures(
    population: People, parameters: CityParameters, rng: np.random.Generator
) -> pd.DataFrame:
    """Capture the same number in each round, each person with its own inclination."""
    caught: list[Array] = []
    reachable = np.flatnonzero(population.reach > 0)
    for _ in range(2):
        wait = rng.exponential(size=reachable.size) / population.reach[reachable]
        first = reachable[np.argsort(wait, kind="stable")[: parameters.captured]]
        caught.append(first[np.argsort(population.zone[first], kind="stable")])
    everyone = np.concatenate(caught)
    second = np.repeat([0, 1], [one.size for one in caught])
    lost = (second == 1) & np.isin(everyone, caught[0])
    lost &= rng.random(everyone.size) < parameters.marks_lost
    # a lost mark makes a new person of an old one
    identity = everyone + parameters.population * lost
    _, number = np.unique(identity, return_inverse=True)
    shuffled = rng.permutation(number.max() + 1) + 1
    day = np.concatenate([np.arange(one.size) // TEAM_DAY for one in caught]) + 1
    table = pd.DataFrame(
        {
            "round": np.array(["first", "second"], dtype=object)[second],
            "team_day": [f"{r + 1}-{d:02d}" for r, d in zip(second, day, strict=True)],
            "person": [f"M{shuffled[k]:04d}" for k in number],
        }
    )
    return table.join(_people_table(population, everyone))


def _people_table(population: People, rows: Array) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "zone": [f"zone {number + 1}" for number in population.zone[rows]],
            "group": np.array(list(GROUPS), dtype=object)[population.group[rows]],
            "age": population.age[rows],
            "live_in": population.live_in[rows].astype(np.int64),
            "visits": population.visits[rows],
            "trafficked": population.trafficked[rows].astype(np.int64),
        }
    )


def _truth(population: People) -> pd.DataFrame:
    """Count each estimand in the whole population, for everybody and by group."""
    everyone = np.ones(population.group.size, dtype=bool)
    attends = population.visits > 0
    kinds = (
        ("city", everyone, EVERYBODY, "mark-recapture aims at them; it misses those out of reach"),
        ("city_attending", attends, ATTENDERS, "the time-location sample estimates it"),
        ("city_away", ~attends, "of these, those who attend no venue-time", "outside the frame"),
        ("city_reachable", population.reach > 0, REACHABLE, "mark-recapture can see only them"),
    )
    rows = [row for kind in kinds for row in _truth_rows(population, *kind)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _truth_rows(
    population: People, name: str, keep: Array, denominator: str, note: str
) -> Iterator[tuple[str | float, ...]]:
    domains = {"all": ("city", np.ones(keep.size, dtype=bool))}
    domains |= {label: ("group", population.group == j) for j, label in enumerate(GROUPS)}
    for domain, (by, inside) in domains.items():
        people_here = float((keep & inside).sum())
        cases = float((keep & inside & population.trafficked).sum())
        for estimand, outcome, value, unit in (
            ("population", "population", people_here, "count"),
            ("count", "trafficked", cases, "count"),
            ("prevalence", "trafficked", cases / people_here, "proportion"),
        ):
            window = "at the time of the study" if outcome == "population" else WINDOW
            yield (
                f"{name}_{estimand}", outcome, "any", window, denominator, by, domain, value, unit, note,
            )  # fmt: skip
