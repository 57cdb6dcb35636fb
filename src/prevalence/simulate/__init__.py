"""Two synthetic countries, stand-alone populations, and whole studies to rehearse, each with its truth.

The frames are public (parishes of Jamaica, census 2011; districts of Côte d'Ivoire, census 2021);
everything else is assumed, and no row is a real person.
"""

from __future__ import annotations

from prevalence.simulate.answers import SimulatedAnswers, answers
from prevalence.simulate.city import City, CityParameters, city
from prevalence.simulate.cocoa.parameters import CocoaParameters
from prevalence.simulate.cocoa.study import CoteDivoire, cote_divoire
from prevalence.simulate.country.case_lists import CaseLists
from prevalence.simulate.country.frame import parish_frame
from prevalence.simulate.country.interview import Interviews, interviews
from prevalence.simulate.country.network import known_groups
from prevalence.simulate.country.parameters import Parameters
from prevalence.simulate.country.referral import lists
from prevalence.simulate.country.study import Country, HouseholdSurvey, household_survey, jamaica
from prevalence.simulate.rehearsal.expected import Expected
from prevalence.simulate.rehearsal.fieldwork import Fieldwork
from prevalence.simulate.rehearsal.population import Population
from prevalence.simulate.rehearsal.rehearsal import Rehearsal
from prevalence.simulate.rehearsal.study import study

__all__ = [
    "CaseLists",
    "City",
    "CityParameters",
    "CocoaParameters",
    "CoteDivoire",
    "Country",
    "Expected",
    "Fieldwork",
    "HouseholdSurvey",
    "Interviews",
    "Parameters",
    "Population",
    "Rehearsal",
    "SimulatedAnswers",
    "answers",
    "city",
    "cote_divoire",
    "household_survey",
    "interviews",
    "jamaica",
    "known_groups",
    "lists",
    "parish_frame",
    "study",
]
