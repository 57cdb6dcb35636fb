"""What can be changed in the synthetic country. Every value here is assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prevalence.arguments import explained
from prevalence.simulate.shared import check_chances, check_spread

__all__ = ["FORMS", "LISTS", "REFERRAL", "TRANSMISSION", "Parameters"]

FORMS = ("labour", "domestic", "sexual")
#: Chance that a child trafficked for sexual exploitation comes on the list by its own route,
#: over five years.
LISTS = {"police": 0.035, "registry": 0.09, "child_agency": 0.03, "court": 0.015, "ngo": 0.03}
#: Chance that a child on the first list is passed on to the second, applied in this order.
REFERRAL = {("registry", "police"): 0.30, ("police", "child_agency"): 0.50}
#: Chance that an adult who knows a trafficked child says so, by form.
TRANSMISSION = {"labour": 0.8, "domestic": 0.6, "sexual": 0.3}


@explained
@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The assumed parameters of the synthetic country.

    Parameters
    ----------
    prevalence : float
        Mean chance that a child of 5 to 17 living in a household was trafficked in the last
        12 months.
    district_sd, household_sd : float
        Standard deviations of the effects of the enumeration district and of the household on
        the logit of the outcome.
    outside_trafficked, outside_other : int
        Children of 5 to 17 living outside households: trafficked in the last 12 months, and not.
    five_year_sexual : int
        Children trafficked for sexual exploitation at some time in 2019 to 2023: the population
        of the case lists.
    districts, minimum_districts : int
        Enumeration districts of the sample, and their least number in a parish.
    dwellings, network_dwellings : int
        Dwellings selected in each district, and how many of them are asked about people they know.
    network_size, network_cv : float
        Persons an adult knows: mean and coefficient of variation of a gamma distribution.
    child_mixing : float
        Children an adult knows, relative to the share of children in the population.
    local_ties, parish_ties : float
        Share of the children an adult knows who live in the adult's district, and who live
        anywhere in the parish; the others live anywhere in the country.
    transmission : mapping
        Chance, by form, that an adult who knows a trafficked child reports it.
    missing_answers : float
        Share of adults who leave one question about people they know unanswered.
    lists, referral : mapping
        Capture chance by list; chance of referral by (sending, receiving) list, in this order.
    visibility_sd : float
        Standard deviation of a child's visibility to all lists, on the logit scale.
    missed_links, false_links : float
        Share of list entries not linked to the child's other entries, or linked to another child.
    false_positives : float
        Share of the registry's entries that are allegations and no trafficked child.

    Raises
    ------
    ValueError
        When a share is not between 0 and 1, or a form, list or sample cannot be used.

    Examples
    --------
    >>> from prevalence.simulate import Parameters
    >>> Parameters(prevalence=0.03).prevalence
    0.03
    """

    prevalence: float = 0.015
    district_sd: float = 0.8
    household_sd: float = 1.0
    outside_trafficked: int = 1_200
    outside_other: int = 2_400
    five_year_sexual: int = 1_200
    districts: int = 300
    minimum_districts: int = 12
    dwellings: int = 20
    network_dwellings: int = 16
    network_size: float = 180.0
    network_cv: float = 0.9
    child_mixing: float = 0.8
    local_ties: float = 0.3
    parish_ties: float = 0.3
    transmission: Mapping[str, float] = field(default_factory=lambda: dict(TRANSMISSION))
    missing_answers: float = 0.01
    lists: Mapping[str, float] = field(default_factory=lambda: dict(LISTS))
    referral: Mapping[tuple[str, str], float] = field(default_factory=lambda: dict(REFERRAL))
    visibility_sd: float = 0.0
    missed_links: float = 0.0
    false_links: float = 0.0
    false_positives: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        check_chances({"prevalence": self.prevalence}, strict=True)
        check_chances({"missing_answers": self.missing_answers})
        for name in ("district_sd", "household_sd", "visibility_sd"):
            check_spread(name, getattr(self, name))
        check_chances({"local_ties + parish_ties": self.local_ties + self.parish_ties})
        check_chances({f"transmission[{name!r}]": p for name, p in self.transmission.items()})
        check_lists(self.lists, self.referral)
        check_chances({"missed_links": self.missed_links, "false_links": self.false_links})
        check_chances({"false_positives": self.false_positives}, below_one=True)
        if tuple(self.transmission) != FORMS:
            raise ValueError(
                f"transmission must name the forms {', '.join(FORMS)} in this order: found "
                f"{', '.join(self.transmission)}. Give one chance for each."
            )
        if not 0 < self.network_dwellings <= self.dwellings <= SMALLEST_DISTRICT:
            raise ValueError(
                f"dwellings must be between network_dwellings and {SMALLEST_DISTRICT}: found "
                f"dwellings={self.dwellings}, network_dwellings={self.network_dwellings}. "
                "Change one of them."
            )


#: Least number of dwellings in an enumeration district (assumed).
SMALLEST_DISTRICT = 30


def check_lists(lists: Mapping[str, float], referral: Mapping[tuple[str, str], float]) -> None:
    """Raise ValueError when a capture or referral chance or a referral's list cannot be used."""
    check_chances({f"lists[{name!r}]": p for name, p in lists.items()}, strict=True)
    check_chances({f"referral[{pair!r}]": p for pair, p in referral.items()})
    unknown = [name for pair in referral for name in pair if name not in lists]
    if unknown:
        raise ValueError(
            f"referral must be between lists: {len(unknown)} names are no list (first: "
            f"{unknown[0]!r}). Use {', '.join(lists)}."
        )
