"""The public frame of the synthetic country: census figures by parish, and the assumed figures beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...arguments import explained

__all__ = [
    "CENSUS_2011",
    "CENSUS_YEAR",
    "PARISHES",
    "POPULATION_2022",
    "parish_frame",
]

CENSUS_YEAR = 2011
CENSUS_2011 = "Statistical Institute of Jamaica, Population and Housing Census 2011"
#: Persons of all ages, Population and Housing Census 2022 (Statistical Institute of Jamaica, first published total).
POPULATION_2022 = 2_774_538


class Parish(NamedTuple):
    """One parish: two public figures, and three that are assumed."""

    name: str
    county: str
    population: int  # public: census 2011
    dwellings: int  # public: census 2011
    districts: int  # assumed: 6,611 enumeration districts (2022) shared out by dwellings
    urban: float  # assumed: share of districts that are urban
    effect: float  # assumed: added to the logit of the outcome


PARISHES = (
    Parish("Kingston", "Surrey", 89_057, 28_834, 223, 1.00, 0.35),
    Parish("St Andrew", "Surrey", 573_369, 184_808, 1_431, 0.86, 0.15),
    Parish("St Thomas", "Surrey", 93_902, 30_473, 236, 0.30, 0.10),
    Parish("Portland", "Surrey", 81_744, 26_891, 208, 0.25, 0.10),
    Parish("St Mary", "Middlesex", 113_615, 35_601, 276, 0.25, 0.05),
    Parish("St Ann", "Middlesex", 172_362, 51_984, 403, 0.30, 0.15),
    Parish("Trelawny", "Cornwall", 75_164, 24_741, 192, 0.20, 0.00),
    Parish("St James", "Cornwall", 183_811, 58_690, 455, 0.60, 0.45),
    Parish("Hanover", "Cornwall", 69_533, 23_193, 180, 0.10, 0.20),
    Parish("Westmoreland", "Cornwall", 144_103, 49_818, 386, 0.28, 0.30),
    Parish("St Elizabeth", "Cornwall", 150_205, 48_067, 372, 0.15, -0.10),
    Parish("Manchester", "Middlesex", 189_797, 59_036, 457, 0.35, -0.10),
    Parish("Clarendon", "Middlesex", 245_103, 74_563, 577, 0.35, 0.00),
    Parish("St Catherine", "Middlesex", 516_218, 156_961, 1_216, 0.74, 0.10),
)


@explained
def parish_frame() -> pd.DataFrame:
    """Return the frame of the synthetic country, one row per parish.

    Returns
    -------
    DataFrame
        ``parish``, ``county``; ``population`` and ``dwellings`` with their ``source`` and ``year`` (public);
        columns ending in ``_assumed`` were chosen for the synthetic country and are not statistics.

    References
    ----------
    Statistical Institute of Jamaica, Population and Housing Census 2011. (census)

    Examples
    --------
    >>> from prevalence.simulate import parish_frame
    >>> frame = parish_frame()
    >>> int(frame["population"].sum()), int(frame["dwellings"].sum())
    (2697983, 853660)
    """
    table = pd.DataFrame(list(PARISHES))
    return pd.DataFrame(
        {
            "parish": table["name"],
            "county": table["county"],
            "population": table["population"],
            "dwellings": table["dwellings"],
            "source": CENSUS_2011,
            "year": CENSUS_YEAR,
            "enumeration_districts_assumed": table["districts"],
            "urban_share_assumed": table["urban"],
            "outcome_effect_assumed": table["effect"],
        }
    )


def parish_names() -> NDArray[np.object_]:
    """Return the parish names as an array, in the order of the frame."""
    return np.array([parish.name for parish in PARISHES], dtype=object)


def county_names() -> NDArray[np.object_]:
    """Return the county of each parish, in the order of the frame."""
    return np.array([parish.county for parish in PARISHES], dtype=object)
