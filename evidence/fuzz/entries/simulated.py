"""Entries of `simulate`: countries, cities and lists small enough to draw by the hundred."""

from __future__ import annotations

from typing import Any

from evidence.fuzz.chance import Call, Chance
from prevalence import simulate

from .shared import HOLDERS, call, fields, holder, member


def city_parameters(r: Chance) -> simulate.CityParameters:
    return simulate.CityParameters(
        population=r.pick(300, 500),
        frame_venues=10,
        sampled=4,
        captured=40,
        **r.maybe(0.3, response=0.8),
    )


def cocoa_parameters(r: Chance) -> simulate.CocoaParameters:
    return simulate.CocoaParameters(
        areas=r.pick(20, 30), households=5, **r.maybe(0.3, response=0.8)
    )


def parameters(r: Chance) -> simulate.Parameters:
    return simulate.Parameters(
        districts=28, minimum_districts=2, dwellings=4, network_dwellings=2,
        **r.maybe(0.2, network_size=50.0, prevalence=0.01),
    )  # fmt: skip


@holder("simulate.City")
def city(r: Chance) -> Any:
    return simulate.city(r.whole(0, 9), parameters=city_parameters(r))


@holder("simulate.CoteDivoire")
def cocoa(r: Chance) -> Any:
    return simulate.cote_divoire(
        1, parameters=cocoa_parameters(r), city_parameters=city_parameters(r)
    )


@holder("simulate.Country")
def country(r: Chance) -> Any:
    return simulate.jamaica(1, parameters=parameters(r))


@holder("simulate.HouseholdSurvey")
def households(r: Chance) -> Any:
    return simulate.household_survey(1, parameters=parameters(r))


@holder("simulate.Interviews")
def interviews(r: Chance) -> Any:
    return simulate.interviews(1, parameters=parameters(r))


@holder("simulate.CaseLists")
def cases(r: Chance) -> Any:
    return simulate.lists(r.pick(50, 200), rng=1)


@holder("simulate.SimulatedAnswers")
def answered(r: Chance) -> Any:
    return simulate.answers(r.pick(40, 80), clusters=10, rng=1)


for name, made in (("City", city), ("CoteDivoire", cocoa), ("Country", country),
                   ("HouseholdSurvey", households), ("Interviews", interviews)):  # fmt: skip
    HOLDERS[f"simulate.{name}"] = lambda r, made=made: r.of(made, 2)  # type: ignore[misc]


def lists(r: Chance) -> Call:
    how = r.maybe(0.2, visibility_sd=0.5, missed_links=0.05, false_links=0.02, false_positives=0.05)
    how |= r.maybe(0.2, recording=r.pick("always", "first"), unknown_sources=0.1, referral={})
    return call(r.pick(60, 200), rng=1, **how)


def answers(r: Chance) -> Call:
    how = r.maybe(0.15, prevalence=0.05, transmission=0.5, barrier_sd=0.5, recall=0.3, heaping=0.3)
    how |= r.maybe(
        0.15, missing=0.05, dont_know=0.05, regions=2, known="children", overdispersion=2.0
    )
    return call(r.pick(40, 80), clusters=r.pick(10, 20), rng=1, **how)


ENTRIES: dict[str, Any] = {
    "simulate.CityParameters": lambda r: call(**fields(city_parameters(r))),
    "simulate.CocoaParameters": lambda r: call(**fields(cocoa_parameters(r))),
    "simulate.Parameters": lambda r: call(**fields(parameters(r))),
    "simulate.City": lambda r: call(**fields(r.of(city, 2))),
    "simulate.CoteDivoire": lambda r: call(**fields(r.of(cocoa, 2))),
    "simulate.CoteDivoire.write": lambda r: member(r.of(cocoa, 2), r.path("")),
    "simulate.CoteDivoire.write_forms": lambda r: member(r.of(cocoa, 2), r.path("")),
    "simulate.Country": lambda r: call(**fields(r.of(country, 2))),
    "simulate.Country.write": lambda r: member(r.of(country, 2), r.path("")),
    "simulate.HouseholdSurvey": lambda r: call(**fields(r.of(households, 2))),
    "simulate.Interviews": lambda r: call(**fields(r.of(interviews, 2))),
    "simulate.Interviews.write": lambda r: member(r.of(interviews, 2), r.path("")),
    "simulate.CaseLists": lambda r: call(**fields(r.of(cases))),
    "simulate.SimulatedAnswers": lambda r: call(**fields(r.of(answered))),
    "simulate.city": lambda r: call(r.whole(0, 99), parameters=city_parameters(r)),
    "simulate.cote_divoire": lambda r: call(
        r.whole(0, 99), parameters=cocoa_parameters(r), city_parameters=city_parameters(r)),
    "simulate.jamaica": lambda r: call(r.whole(0, 99), parameters=parameters(r)),
    "simulate.household_survey": lambda r: call(r.whole(0, 99), parameters=parameters(r)),
    "simulate.interviews": lambda r: call(r.whole(0, 99), parameters=parameters(r)),
    "simulate.lists": lists,
    "simulate.answers": answers,
    "simulate.known_groups": lambda _: call(),
    "simulate.parish_frame": lambda _: call(),
}  # fmt: skip
