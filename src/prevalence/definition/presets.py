"""Illustrative definitions in the style of standards; what was not confirmed at the source is a hole."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import nearest
from .definition import Definition
from .indicator import Indicator
from .rules import AllOf, AnyOf, AtLeast

__all__ = ["preset"]

VERSION = "illustrative"
LOOK = "Confirm it in the official document that you follow."
IN_HOUSEHOLDS = "children 5-17 living in households"


def preset(name: str, columns: Mapping[str, str] | None = None) -> Definition:
    """Return an illustrative definition, with the user's columns in place of its own."""
    if name not in PRESETS:
        raise KeyError(
            f"preset must be one of {', '.join(PRESETS)}: {name!r} is not.{nearest(name, PRESETS)}"
        )
    own, make = PRESETS[name]
    for column in columns or {}:
        if column not in own:
            raise KeyError(
                f"columns must map columns of the preset: {column!r} is none of them."
                f"{nearest(column, own)}"
            )
    named = {column: f"`{(columns or {}).get(column, column)}`" for column in own}
    return make(named)


CHILD_LABOUR_HOLES = {
    "light_work_age": "age from which light work is allowed",
    "minimum_age": "minimum age for admission to work",
    "hours_youngest": "weekly hours of work from which a child below the age of light work counts",
    "hours_light_work": "weekly hours from which work is no longer light",
    "hours_older": "weekly hours from which work is too long above the minimum age",
    "chores_hours": "weekly hours of unpaid household services from which a child counts, where "
    "the general production boundary is used",
}


def _child_labour(c: Mapping[str, str]) -> Definition:
    """Worst forms, hazardous work, or work beyond the hours allowed at the child's age."""
    age, hours, chores = c["age"], c["hours"], c["chores_hours"]
    ages = {
        "youngest": f"{age} < {{light_work_age}}",
        "light_work": f"{age} >= {{light_work_age}} and {age} < {{minimum_age}}",
        "older": f"{age} >= {{minimum_age}}",
    }
    indicators = {
        "worst_form": Indicator(f"{c['worst_form']} == 1", domain="worst forms"),
        "hazardous": Indicator(f"{c['hazardous']} == 1", domain="hazardous work"),
        **{
            f"hours_{name}": Indicator(f"{at} and {hours} >= {{hours_{name}}}", domain="hours")
            for name, at in ages.items()
        },
        "chores": Indicator(f"{chores} >= {{chores_hours}}", domain="household services"),
    }
    return Definition(
        "Child labour, ILO style",
        VERSION,
        indicators=indicators,
        rule=AtLeast(1),
        age_column=_bare(age),
        denominator=IN_HOUSEHOLDS,
        holes={name: f"{words}. {LOOK}" for name, words in CHILD_LABOUR_HOLES.items()},
    )


def _forced_child_labour(c: Mapping[str, str]) -> Definition:
    """Involuntary work under a menace of penalty; with parents in forced labour; worst forms."""
    indicators = {
        "involuntary": Indicator(f"{c['involuntary']} == 1", domain="involuntariness"),
        "penalty": Indicator(f"{c['penalty']} == 1", domain="menace of penalty"),
        "with_parents": Indicator(f"{c['parents_in_forced_labour']} == 1", domain="parents"),
        "worst_form": Indicator(f"{c['worst_form']} == 1", domain="worst forms"),
    }
    return Definition(
        "Forced child labour, ILO style",
        VERSION,
        indicators=indicators,
        rule=AllOf("involuntary", "penalty"),
        child_override=AnyOf("with_parents", "worst_form"),
        age_column=_bare(c["age"]),
        denominator=IN_HOUSEHOLDS,
    )


#: Signs by domain: seven domains, whose names were not confirmed at the source.
SIGNS = {
    "recruited_by_deception": "recruitment",
    "wages_withheld": "employment practices and penalties",
    "excessive_hours": "employment practices and penalties",
    "documents_kept": "personal life and property",
    "no_contact": "personal life and property",
    "bad_conditions": "degrading conditions",
    "cannot_leave": "freedom of movement",
    "debt": "debt or dependency",
    "threats": "violence and threats",
}


def _trafficking(c: Mapping[str, str]) -> Definition:
    """Signs of several domains; under 18 any commercial sex, whatever the means."""
    signs = {name: Indicator(f"{c[name]} == 1", domain=at) for name, at in SIGNS.items()}
    return Definition(
        "Trafficking indicators, by domain",
        VERSION,
        indicators={**signs, "commercial_sex": Indicator(f"{c['commercial_sex']} == 1")},
        rule=AtLeast("{domains_needed}", list(SIGNS), distinct_domains=True),
        child_override="commercial_sex",
        age_column=_bare(c["age"]),
        denominator=IN_HOUSEHOLDS,
        holes={
            "domains_needed": "number of distinct domains with a sign from which somebody is a "
            "case; where signs are graded as strong and medium, write a rule with both grades. "
            f"{LOOK}"
        },
    )


def _bare(column: str) -> str:
    return column.strip("`")


PRESETS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, str]], Definition]]] = {
    "ilo-child-labour": (
        ("age", "hours", "chores_hours", "hazardous", "worst_form"),
        _child_labour,
    ),
    "ilo-forced-child-labour": (
        ("age", "involuntary", "penalty", "parents_in_forced_labour", "worst_form"),
        _forced_child_labour,
    ),
    "trafficking-indicators": (("age", *SIGNS, "commercial_sex"), _trafficking),
}
