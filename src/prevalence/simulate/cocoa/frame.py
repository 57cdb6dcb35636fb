"""The public frame of the synthetic cocoa belt: census figures by district, and assumed figures beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["BELT", "CENSUS_2021", "DISTRICTS", "belt_names", "district_frame"]

CENSUS_2021 = "Institut national de la statistique (Côte d'Ivoire), RGPH 2021"
CENSUS_YEAR = 2021
#: Persons per ordinary household, RGPH 2021 (5,616,487 households of 29,389,150 persons).
PERSONS_PER_HOUSEHOLD = 29_389_150 / 5_616_487
CHECKED, UNCHECKED = "checked", "check at the source"


class District(NamedTuple):
    """One district: a public figure and how far it was checked, and four assumed figures."""

    name: str
    population: int  # public: census 2021
    status: str  # whether a second source was seen with the same figure
    areas: int  # assumed: 28,000 enumeration areas shared out by population
    cocoa: bool  # assumed: belongs to the cocoa belt of this study
    agricultural: float  # assumed: share of households in farming; 0 outside the belt
    effect: float  # assumed: added to the logit of child labour


DISTRICTS = (
    District("Abidjan", 6_321_017, CHECKED, 6_022, False, 0.0, 0.0),
    District("Yamoussoukro", 422_072, UNCHECKED, 402, False, 0.0, 0.0),
    District("Bas-Sassandra", 2_687_176, UNCHECKED, 2_560, True, 0.40, 0.25),
    District("Comoé", 1_501_336, UNCHECKED, 1_430, True, 0.30, -0.20),
    District("Denguélé", 436_015, UNCHECKED, 415, False, 0.0, 0.0),
    District("Gôh-Djiboua", 2_088_440, CHECKED, 1_990, True, 0.35, 0.05),
    District("Lacs", 1_488_531, CHECKED, 1_418, True, 0.25, -0.30),
    District("Lagunes", 2_042_623, CHECKED, 1_946, True, 0.20, -0.35),
    District("Montagnes", 3_027_023, UNCHECKED, 2_884, True, 0.35, 0.20),
    District("Sassandra-Marahoué", 2_720_877, UNCHECKED, 2_592, True, 0.35, 0.10),
    District("Savanes", 2_159_434, CHECKED, 2_057, False, 0.0, 0.0),
    District("Vallée du Bandama", 1_964_929, CHECKED, 1_872, False, 0.0, 0.0),
    District("Woroba", 1_184_813, UNCHECKED, 1_129, False, 0.0, 0.0),
    District("Zanzan", 1_344_865, CHECKED, 1_281, False, 0.0, 0.0),
)
#: The districts of the survey, in the order of the frame.
BELT = tuple(district for district in DISTRICTS if district.cocoa)


def district_frame() -> pd.DataFrame:
    """Return the frame: every district of the country, and which belong to the belt.

    Returns
    -------
    DataFrame
        ``district``; ``population`` with its ``source``, ``year`` and ``status``; columns ending in
        ``_assumed`` were chosen for the synthetic study and are not statistics.

    Examples
    --------
    >>> from prevalence.simulate.cocoa.frame import district_frame
    >>> int(district_frame()["population"].sum())
    29389151
    """
    table = pd.DataFrame(list(DISTRICTS))
    return pd.DataFrame(
        {
            "district": table["name"],
            "population": table["population"],
            "source": CENSUS_2021,
            "year": CENSUS_YEAR,
            "status": table["status"],
            "enumeration_areas_assumed": table["areas"],
            "cocoa_belt_assumed": table["cocoa"].astype(np.int64),
            "agricultural_share_assumed": table["agricultural"],
            "agricultural_households_assumed": [agricultural(place) for place in DISTRICTS],
            "outcome_effect_assumed": table["effect"],
        }
    )


def agricultural(place: District) -> int:
    """Return the number of agricultural households of a district (assumed)."""
    return round(place.population / PERSONS_PER_HOUSEHOLD * place.agricultural)


def belt_names() -> NDArray[np.object_]:
    """Return the districts of the belt as an array, in the order of the frame."""
    return np.array([place.name for place in BELT], dtype=object)
