"""What answers are about, in the words of an estimate: whom, known by which tie, in which time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..answers import Answers
from ..estimand import Estimand
from ..estimate import Estimate
from ..groups import Group

__all__: list[str] = []

TRAITS = ("form", "sex", "age")


def of_hidden(e: Estimate, answers: Answers) -> Estimate:
    """Return an estimate of hidden groups with what the answers say of them in its words."""
    about = on_hidden(e.estimand or Estimand(), answers)
    return replace(e, estimand=about, provenance={**e.provenance, **words_of(answers)})


def of_known(e: Estimate, answers: Answers) -> Estimate:
    """Return an estimate of known groups, which no definition of the hidden ones concerns."""
    about = on_known(e.estimand or Estimand(), answers)
    return replace(e, estimand=about, provenance={**e.provenance, "cases": "reports"})


def of_respondents(e: Estimate, answers: Answers) -> Estimate:
    """Return an estimate of how many people respondents know, which is said of respondents."""
    rows, about = answers.survey.about.rows, e.estimand or Estimand()
    theirs = about.population if rows == "rows" or rows in about.population else rows
    known = f"number of {answers.alters} known" + (f": {answers.tie}" if answers.tie else "")
    return replace(e, estimand=Estimand(outcome=about.outcome, definition=known, population=theirs))


def on_hidden(about: Estimand, answers: Answers) -> Estimand:
    """Return the estimand of hidden groups: of their members, in the time asked about.

    The survey's description stands, except for a population in which it names its own rows and
    not the people they were asked about.
    """
    whom, rows = _alters(list(answers.hidden.values()), answers), answers.survey.about.rows
    described = about.population or about.denominator
    respondents = rows in described and whom.casefold() not in described.casefold()
    population = whom if whom != "persons" and (respondents or not described) else about.population
    return replace(about, population=population, window=answers.window or about.window)


def on_known(about: Estimand, answers: Answers) -> Estimand:
    """Return the estimand of known groups, whose sizes are of no window."""
    whom = {group.alters for group in answers.known.values()}
    return Estimand(
        outcome=about.outcome, population=str(whom.pop()) if len(whom) == 1 else "persons"
    )


def words_of(answers: Answers) -> dict[str, Any]:
    """Return alters, tie and traits of the hidden groups as words for an estimate's provenance."""
    traits = [
        f"{name} ({told})" for name, group in answers.hidden.items() if (told := _traits(group))
    ]
    whom = _alters(list(answers.hidden.values()), answers)
    found = {"alters": whom, "tie": answers.tie, "hidden groups": "; ".join(traits)}
    return {name: words for name, words in found.items() if words}


def _alters(groups: list[Group], answers: Answers) -> str:
    about = [group.alters or answers.alters for group in groups] or [answers.alters]
    return " and ".join(dict.fromkeys(about))


def _traits(group: Group) -> str:
    return ", ".join(f"{name}: {getattr(group, name)}" for name in TRAITS if getattr(group, name))
