"""The hidden people of one city: who they are, who was trafficked, and where they can be met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prevalence.arguments import explained
from prevalence.simulate.shared import check_chances, check_spread

__all__ = ["GROUPS", "KINDS", "SLOTS", "CityParameters", "People", "Venues", "people", "venues"]

#: The two groups of the city, and the ages of each.
GROUPS = {"child domestic workers": (12, 17), "young women 18 to 21": (18, 21)}
SLOTS = ("weekday morning", "weekday evening", "Saturday", "Sunday")
KINDS = ("market", "place of worship", "transport hub", "evening course", "restaurant or bar")
#: How much each group is drawn to each kind of venue (assumed).
DRAWN_TO = np.array([[1.6, 1.2, 0.8, 1.0, 0.4], [0.9, 0.8, 1.0, 0.7, 1.6]])
ZONES = 5
#: Logit of the outcome: more where people live with the employer; effect of the zone (assumed).
LIVE_IN_EFFECT, ZONE_SD = 0.9, 0.25
#: Capture relative to others: where people live in, and where they attend no venue (assumed).
LIVE_IN_CAPTURE, AWAY_CAPTURE = 0.75, 0.60

Array = NDArray[Any]


@explained
@dataclass(frozen=True, kw_only=True)
class CityParameters:
    """The assumed parameters of the synthetic city.

    Parameters
    ----------
    population : int
        People of the two groups.
    women : float
        Share of them who are young women of 18 to 21; the others are child domestic workers.
    prevalence : float
        Share who were trafficked before the age of 18; exact, up to one person.
    away, away_trafficked : float
        Chance of attending no venue of the frame, for those not trafficked and for the others.
    visits : float
        Mean number of venue-times of the frame that an attender attends in its period.
    visits_trafficked : float
        The same of a trafficked attender, relative to others.
    visits_cv : float
        Coefficient of variation of the inclination to attend.
    frame_venues, sampled : int
        Venues of the frame, each with four time slots, and venue-times drawn in each slot.
    approached : int
        People approached at a venue-time.
    response : float
        Chance that someone approached answers.
    captured : int
        People captured in each of the two rounds.
    capture_sd : float
        Standard deviation of the logarithm of a person's chance of capture, beyond living in and
        attending; 0 leaves only these two.
    unreachable : float
        Chance that a trafficked person who lives in with an employer can never be captured.
    marks_lost : float
        Share of marks of the first round that are not seen in the second.

    Raises
    ------
    ValueError
        When a share is not between 0 and 1, or a sample is larger than what it is drawn from.

    Examples
    --------
    >>> from prevalence.simulate import CityParameters
    >>> CityParameters(marks_lost=0.1).marks_lost
    0.1
    """

    population: int = 8_000
    women: float = 0.3
    prevalence: float = 0.24
    away: float = 0.08
    away_trafficked: float = 0.22
    visits: float = 4.5
    visits_trafficked: float = 0.7
    visits_cv: float = 0.6
    frame_venues: int = 60
    sampled: int = 15
    approached: int = 11
    response: float = 0.92
    captured: int = 600
    capture_sd: float = 0.25
    unreachable: float = 0.04
    marks_lost: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        check_chances({"prevalence": self.prevalence, "women": self.women}, strict=True)
        names = ("away", "away_trafficked", "response", "unreachable", "marks_lost")
        check_chances({name: getattr(self, name) for name in names})
        for name, limit, least in (
            ("sampled", "frame_venues", 2),
            ("captured", "population", 1),
        ):
            found, most = getattr(self, name), getattr(self, limit)
            if not least <= found < most:
                raise ValueError(
                    f"{name} must be at least {least} and below {limit}: found {name}={found}, "
                    f"{limit}={most}. Change one of them."
                )
        positive = ("visits", "visits_trafficked", "visits_cv", "approached", "response")
        wrong = [name for name in positive if not getattr(self, name) > 0]
        if wrong:
            raise ValueError(
                f"{wrong[0]} must be positive: found {getattr(self, wrong[0])}. Correct the parameter."
            )
        check_spread("capture_sd", self.capture_sd)


@dataclass(frozen=True)
class Venues:
    """Venue-times of the frame, venue by venue: where, what, when, and how popular."""

    venue: Array
    zone: Array
    kind: Array
    slot: Array
    pull: Array


@dataclass(frozen=True)
class People:
    """The population; ``reach`` is proportional to the chance of capture, 0 for the unreachable."""

    group: Array
    age: Array
    zone: Array
    live_in: Array
    trafficked: Array
    visits: Array
    reach: Array


def venues(parameters: CityParameters, rng: np.random.Generator) -> Venues:
    """Draw the venues and their four time slots."""
    number = parameters.frame_venues
    kind = rng.permutation(np.arange(number) % len(KINDS))
    zone = rng.permutation(np.arange(number) % ZONES)
    pull = np.exp(0.5 * rng.standard_normal(number))
    slots = len(SLOTS)
    venue = np.repeat(np.arange(number), slots)
    slot_pull = np.exp(0.2 * rng.standard_normal(number * slots))
    return Venues(
        venue=venue,
        zone=zone[venue],
        kind=kind[venue],
        slot=np.tile(np.arange(slots), number),
        pull=pull[venue] * slot_pull,
    )


def people(
    places: Venues, parameters: CityParameters, rng: np.random.Generator
) -> tuple[People, Array]:
    """Draw the population and who attends which venue-time (a row a person)."""
    n = parameters.population
    group = (rng.random(n) < parameters.women).astype(np.int64)
    first, last = np.array(list(GROUPS.values())).T
    age = rng.integers(first[group], last[group] + 1)
    zone = rng.integers(0, ZONES, n)
    live_in = rng.random(n) < np.where(group == 0, 0.55, 0.15)
    effect = ZONE_SD * rng.standard_normal(ZONES)
    logit = LIVE_IN_EFFECT * live_in + 0.1 * group + effect[zone]
    trafficked = np.zeros(n, dtype=bool)
    # the largest logit plus logistic noise: the logistic model, with an exact number of cases
    most = np.argsort(-(logit + rng.logistic(size=n)), kind="stable")
    trafficked[most[: round(parameters.prevalence * n)]] = True
    attended = _attended(places, group, zone, trafficked, parameters, rng)
    visits = attended.sum(axis=1)
    reach = np.exp(parameters.capture_sd * rng.standard_normal(n))
    reach *= np.where(live_in, LIVE_IN_CAPTURE, 1.0) * np.where(visits > 0, 1.0, AWAY_CAPTURE)
    reach[(rng.random(n) < parameters.unreachable) & live_in & trafficked] = 0.0
    return People(group, age, zone, live_in, trafficked, visits, reach), attended


def _attended(
    places: Venues,
    group: Array,
    zone: Array,
    trafficked: Array,
    parameters: CityParameters,
    rng: np.random.Generator,
) -> Array:
    """Draw attendance: independent visits, more of those inclined, nearby and to what draws."""
    n = group.size
    shape = parameters.visits_cv**-2
    inclined = rng.gamma(shape, 1 / shape, n)
    inclined *= np.where(trafficked, parameters.visits_trafficked, 1.0)
    away = np.where(trafficked, parameters.away_trafficked, parameters.away)
    inclined[rng.random(n) < away] = 0.0
    pull = places.pull * DRAWN_TO[group][:, places.kind]
    pull *= np.where(zone[:, None] == places.zone, 3.0, 1.0)
    pull *= inclined[:, None]
    typical = float(pull.sum(axis=1)[(inclined > 0) & ~trafficked].mean())
    expected: Array = pull * (parameters.visits / typical)
    return rng.random(expected.shape) < -np.expm1(-expected)
