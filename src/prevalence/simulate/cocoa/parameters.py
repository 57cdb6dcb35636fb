"""The assumed parameters of the synthetic cocoa belt."""

from __future__ import annotations

from dataclasses import dataclass

from prevalence.arguments import explained
from prevalence.simulate.cocoa.frame import BELT
from prevalence.simulate.shared import check_chances, check_spread

__all__ = ["SMALLEST_AREA", "CocoaParameters"]

#: Least number of agricultural households in an enumeration area (assumed).
SMALLEST_AREA = 20


@explained
@dataclass(frozen=True)
class CocoaParameters:
    """The assumed parameters of the cocoa-belt survey; every one can be changed.

    Parameters
    ----------
    child_labour : float
        Share of the children of 5 to 17 in child labour, 12 months.
    hazardous : float
        Share of those whose work is hazardous.
    forced, forced_unaccompanied : float
        Share of all children, and of unaccompanied ones, in forced labour (a part of child labour).
    unaccompanied : float
        Share of children who are boys of 12 to 17 living with no relative.
    area_sd, household_sd : float
        Standard deviations, on the logit scale, of the area's and the household's effect.
    areas, households : int
        Enumeration areas in the sample, and households drawn in each.
    response : float
        Chance that a household answers.
    child_finds, child_false : float
        Chance that a child in child labour says so, and that another says so.
    parent_finds, parent_false : float
        The same of a parent asked directly.
    parent_list : float
        Chance that the parent of a child in child labour counts it in the list.
    forced_child, forced_parent : float
        Chance that a child in forced labour, and its parent or guardian, say so; others never do.
    neighbours : float
        Chance that a household that knows a child in forced labour reports it.
    validated : int
        Children verified among those who say that they work, and as many of the others.

    Raises
    ------
    ValueError
        When a chance is not between 0 and 1, or their order cannot be simulated.

    Examples
    --------
    >>> from prevalence.simulate import CocoaParameters
    >>> CocoaParameters().child_labour
    0.38
    """

    child_labour: float = 0.38
    hazardous: float = 0.37 / 0.38
    forced: float = 0.006
    forced_unaccompanied: float = 0.04
    unaccompanied: float = 0.03
    area_sd: float = 0.93
    household_sd: float = 0.8
    areas: int = 200
    households: int = 15
    response: float = 0.94
    child_finds: float = 0.95
    child_false: float = 0.02
    parent_finds: float = 0.70
    parent_false: float = 0.01
    parent_list: float = 0.80
    forced_child: float = 0.95
    forced_parent: float = 0.50
    neighbours: float = 0.70
    validated: int = 300

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        counts = ("areas", "households", "validated", "area_sd", "household_sd")
        check_chances({name: p for name, p in vars(self).items() if name not in counts})
        check_spread("area_sd", self.area_sd)
        check_spread("household_sd", self.household_sd)
        within = self.forced_unaccompanied * self.unaccompanied
        if not within < self.forced < self.child_labour < 1 or not 0 < self.unaccompanied < 0.2:
            raise ValueError(
                "forced must be below child_labour and above its part among unaccompanied children "
                f"({within:g}), and unaccompanied below 0.2: found forced={self.forced:g}, "
                f"child_labour={self.child_labour:g}, unaccompanied={self.unaccompanied:g}. "
                "Change one of them."
            )
        if self.parent_list < self.parent_finds:
            raise ValueError(
                "parent_list must be at least parent_finds, since who says yes directly counts it "
                f"too: found {self.parent_list:g} and {self.parent_finds:g}. Change one of them."
            )
        if not len(BELT) * 2 <= self.areas or not 0 < self.households <= SMALLEST_AREA:
            raise ValueError(
                f"areas must be at least {len(BELT) * 2} and households between 1 and "
                f"{SMALLEST_AREA}: found {self.areas} and {self.households}. Change one of them."
            )
