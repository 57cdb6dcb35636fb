"""What the rooms of entries share: shapes of a call, words of options, holders of methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import prevalence as pv
from evidence.fuzz import objects
from evidence.fuzz.chance import Call, Chance

__all__ = ["HOLDERS", "WHERE", "call", "domains", "fields", "made_by", "member"]

WHERE = (
    "age >= 8", "sex == 'F'", "hours > 10 and age < 16", "case == 1", "sex in ['F', 'M']",
    "not (age < 9)", "age > 90", "half == 'x' or region == 'A'",
)  # fmt: skip
HOLDERS: dict[str, Callable[[Chance], Any]] = {}


def call(*args: Any, **keywords: Any) -> Call:
    """Return a call of a function or class."""
    return Call(None, list(args), keywords)


def member(owned: Any, *args: Any, **keywords: Any) -> Call:
    """Return a call of a method."""
    return Call(owned, list(args), keywords)


def domains(r: Chance, missing: str = "drop") -> dict[str, Any]:
    """Return the arguments that most estimators from a survey share."""
    how = r.maybe(0.3, by=r.pick("sex", "half", ["sex", "half"], "region"), where=r.pick(*WHERE))
    return {**how, **r.maybe(0.75, missing=missing)}


def fields(thing: Any) -> dict[str, Any]:
    """Return the arguments that make a record again."""
    import dataclasses

    return {each.name: getattr(thing, each.name) for each in dataclasses.fields(thing) if each.init}


def made_by(maker: Callable[[Chance], Any]) -> Callable[[Chance], Any]:
    """Return the holder whose objects come out of a pool."""
    return lambda r: r.of(maker)


HOLDERS |= {
    "Survey": made_by(objects.survey),
    "Answers": made_by(objects.answers),
    "Estimate": made_by(objects.estimate),
    "Lists": made_by(objects.lists),
    "Definition": made_by(objects.definition),
    "Indicator": made_by(objects.indicator),
    "Microdata": made_by(objects.microdata),
    "Comparison": made_by(objects.comparison),
}


def holder(name: str) -> Callable[[Callable[[Chance], Any]], Callable[[Chance], Any]]:
    """Register the maker of the objects of a class, made without the warnings of making."""

    def registered(maker: Callable[[Chance], Any]) -> Callable[[Chance], Any]:
        silent = objects.quiet(maker)
        HOLDERS[name] = made_by(silent)
        return silent  # type: ignore[no-any-return]

    return registered


__all__ += ["holder", "pv"]
