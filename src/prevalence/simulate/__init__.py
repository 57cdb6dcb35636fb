"""Two synthetic countries with their truth, and the stand-alone populations behind expected values.

The frames are public (parishes of Jamaica, census 2011; districts of Côte d'Ivoire, census 2021);
everything else is assumed, and no row is a real person.
"""

from __future__ import annotations

from prevalence.simulate.answers import SimulatedAnswers, answers
from prevalence.simulate.case_lists import CaseLists
from prevalence.simulate.city import City, CityParameters, city
from prevalence.simulate.cocoa_parameters import CocoaParameters
from prevalence.simulate.cote_divoire import CoteDivoire, cote_divoire
from prevalence.simulate.country import Country, HouseholdSurvey, household_survey, jamaica
from prevalence.simulate.frame import parish_frame
from prevalence.simulate.interview import Interviews, interviews
from prevalence.simulate.network import known_groups
from prevalence.simulate.parameters import Parameters
from prevalence.simulate.referral import lists

__all__ = [
    "CaseLists",
    "City",
    "CityParameters",
    "CocoaParameters",
    "CoteDivoire",
    "Country",
    "HouseholdSurvey",
    "Interviews",
    "Parameters",
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
]
