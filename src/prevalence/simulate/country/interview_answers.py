"""Answers to the questionnaire, drawn from what truly happened to each child. All chances are assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from prevalence.simulate.country.interview_form import HAZARDS, MORE_MEANS
from prevalence.simulate.country.parameters import FORMS, Parameters
from prevalence.simulate.country.population import Districts, Households, Victims, form_of
from prevalence.simulate.country.sample import MEANS, PURPOSES, SENSITIVITY, Sample
from prevalence.simulate.shared import Bools, Ints

__all__ = ["History", "child_answers", "histories", "neighbour_answers"]

NOW, LAST_YEAR, BEFORE, NEVER = 1, 2, 3, 4
#: Codes of a question without an answer, and how often each is given.
MISSING = {97: 0.010, 98: 0.006, 99: 0.002}
#: What goes on ended at most so many days before the end of the year.
CURRENT_DAYS = 30
#: Chance, per year of age above 4, that a child was exploited before the last 12 months and not since.
EARLIER = 0.004
#: Chance that a "yes" for the last 12 months is said to go on: it does, it ended, there was nothing.
SAID_NOW = (0.90, 0.03, 0.35)
#: A parent says that the child was forced, by truth; other parents say so too.
PARENT, PARENT_FALSE = 0.60, 0.006
#: Two households within so many doors know each other's children with this chance.
DOORS, CONTACT = 3, 0.7
#: A child known who was not exploited is reported with this chance.
FALSE_REPORT = 0.002


@dataclass(frozen=True)
class History:
    """What happened to every child living in a household."""

    form: Ints  # in the last 12 months; -1 for none
    current: Bools  # it goes on
    before: Ints  # form of the exploitation that had ended before; -1 for none


def histories(homes: Households, found: Victims, rng: np.random.Generator) -> History:
    """Draw who was exploited before the last 12 months only, and find for whom it goes on."""
    inside = found.child < homes.age.size
    recent = inside & found.last_year
    current = np.zeros(homes.age.size, dtype=bool)
    current[found.child[recent]] = found.ended[recent] <= CURRENT_DAYS
    chance = EARLIER * (homes.age - 4) * (1.0 + homes.fostered + homes.out_of_school)
    earlier = (rng.random(homes.age.size) < chance) & ~homes.trafficked
    before = np.full(homes.age.size, -1)
    before[earlier] = form_of(homes.age[earlier], homes.girl[earlier], rng)
    past = inside & ~found.last_year
    before[found.child[past]] = found.form[past]
    return History(homes.form, current, before)


def child_answers(
    table: pd.DataFrame, child: Ints, history: History, rng: np.random.Generator
) -> dict[str, Any]:
    """Answer the questions about each child of the roster, with skips; -1 is no answer asked for."""
    form, before = history.form[child], history.before[child]
    current, age = history.current[child], table["age"].to_numpy()
    said = {name: table[name].to_numpy() == 1 for name in (*PURPOSES, *MEANS)}
    for name, chance in MORE_MEANS.items():
        said[name] = rng.random(age.size) < np.where(form >= 0, SENSITIVITY, chance)
    answers: dict[str, Any] = {}
    for name, yes in said.items():
        concerned = before >= 0
        if name in PURPOSES:
            concerned = before == list(PURPOSES).index(name)
        chance = ({**PURPOSES, **MEANS, **MORE_MEANS})[name]
        earlier = rng.random(age.size) < np.where(concerned, SENSITIVITY, chance)
        answers[name] = _when(yes, earlier, form, current, rng)
    parent = rng.random(age.size) < np.where(form >= 0, PARENT, PARENT_FALSE)
    earlier = rng.random(age.size) < np.where(before >= 0, PARENT, PARENT_FALSE)
    answers["forced_says_parent"] = _when(parent, earlier, form, current, rng)
    work = _work(answers, table, form, rng)
    answers = {name: _unanswered(values, rng) for name, values in answers.items()}
    for name in ("works_for_others", "wages_withheld", "excessive_hours"):
        answers[name] = np.where(work["worked"] == 1, answers[name], -1)
    answers["commercial_sex"] = np.where(age >= 12, answers["commercial_sex"], -1)
    return {**work, **answers}


def _when(yes: Bools, earlier: Bools, form: Ints, current: Bools, rng: np.random.Generator) -> Ints:
    """Turn "yes in the last 12 months" and "yes before" into one answer on when it was."""
    goes_on = np.where(current, SAID_NOW[0], np.where(form >= 0, SAID_NOW[1], SAID_NOW[2]))
    now = rng.random(yes.size) < goes_on
    return np.where(yes, np.where(now, NOW, LAST_YEAR), np.where(earlier, BEFORE, NEVER))


def _unanswered(values: Ints, rng: np.random.Generator) -> Ints:
    """Replace a few answers by the codes of a question without an answer."""
    u, upto = rng.random(values.size), 0.0
    for code, chance in MISSING.items():
        values = np.where((u >= upto) & (u < upto + chance), code, values)
        upto += chance
    return values


def _work(
    answers: dict[str, Any], table: pd.DataFrame, form: Ints, rng: np.random.Generator
) -> dict[str, Any]:
    """Answer the questions on work: whoever says yes to a question asked of workers has worked."""
    age, n = table["age"].to_numpy(), len(table)
    asked = ("works_for_others", "wages_withheld", "excessive_hours")
    implied = np.any([answers[name] != NEVER for name in asked], axis=0)
    usual = rng.random(n) < 1 / (1 + np.exp(4.2 - 0.25 * (age - 5)))
    worked = np.where(implied | usual | (form >= 0), 1, 0)
    unknown = (worked == 0) & (rng.random(n) < 0.004)
    hours = np.where(form >= 0, rng.normal(38, 12, n), rng.gamma(1.6, 3.0 + 0.4 * (age - 5), n))
    hours = np.clip(np.rint(hours), 0, 84).astype(np.int64)
    hours = np.where(rng.random(n) < 0.02, 99, hours)
    exposed = rng.random((n, len(HAZARDS))) < np.where(form >= 0, 0.40, 0.10)[:, None]
    named = np.array([" ".join(np.array(HAZARDS)[row]) or "none" for row in exposed], dtype=object)
    refused = rng.random(n) < 0.006
    return {
        "worked": np.where(unknown, 97, worked),
        "hours": np.where(worked == 1, hours, -1),
        "hazards": np.where(worked == 1, np.where(refused, "98", named), ""),
    }


def neighbour_answers(
    places: Districts,
    homes: Households,
    history: History,
    asked: Sample,
    parameters: Parameters,
    rng: np.random.Generator,
) -> tuple[Ints, pd.DataFrame]:
    """Count the children known next door and report some: the count and a row for each report.

    ``household`` in the rows is the position of the reporting household among those asked.
    """
    contact = rng.random((DOORS, homes.district.size)) < CONTACT
    mine, other = _known_households(places, homes, asked.household, contact)
    number = homes.children[other]
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    child = np.repeat(homes.first_child[other], number) + within
    reporter = np.repeat(mine, number)
    form, before = history.form[child], history.before[child]
    known_form = np.where(form >= 0, form, before)
    told = np.array([parameters.transmission[name] for name in FORMS])
    chance = np.where(form >= 0, 1.0, 0.5) * told[known_form]
    chance = np.where(known_form >= 0, chance, FALSE_REPORT)
    keep = rng.random(child.size) < chance
    counts = np.bincount(reporter, minlength=asked.household.size)
    child, reporter, form = child[keep], reporter[keep], form[keep]
    said = np.where(known_form[keep] >= 0, known_form[keep], rng.integers(0, 2, child.size))
    when = np.where(history.current[child], NOW, np.where(before[keep] >= 0, BEFORE, LAST_YEAR))
    around = _degrees(places, homes, contact)
    rows = pd.DataFrame(
        {
            "household": reporter,
            "other_sex": np.where(homes.girl[child], 1, 2),
            "other_age": np.clip(homes.age[child] + rng.integers(-1, 2, child.size), 5, 17),
            "situation": np.array(FORMS, dtype=object)[said],
            "other_when": _unanswered(when, rng),
            "known_by": around[homes.household[child]],
        }
    )
    return counts, rows.sort_values("household", kind="stable", ignore_index=True)


def _known_households(
    places: Districts, homes: Households, household: Ints, contact: Bools
) -> tuple[Ints, Ints]:
    """Return pairs of a household asked and one it knows, up to three doors away on either side."""
    mine, other = [], []
    for step in range(1, DOORS + 1):
        for way in (step, -step):
            next_door = _doors_away(places, homes, household, way)
            first = household if way > 0 else next_door
            known = contact[step - 1, first]
            mine.append(np.flatnonzero(known))
            other.append(next_door[known])
    return np.concatenate(mine), np.concatenate(other)


def _degrees(places: Districts, homes: Households, contact: Bools) -> Ints:
    """Return how many households know the children of each household."""
    everyone = np.arange(homes.district.size)
    total = contact.sum(axis=0)
    for step in range(1, DOORS + 1):
        total = total + contact[step - 1, _doors_away(places, homes, everyone, -step)]
    return np.asarray(total, dtype=np.int64)


def _doors_away(places: Districts, homes: Households, household: Ints, way: int) -> Ints:
    """Return the household so many doors away; the doors of a district go round in a ring."""
    first = (np.cumsum(places.dwellings) - places.dwellings)[homes.district[household]]
    size = places.dwellings[homes.district[household]]
    return np.asarray(first + (household - first + way) % size, dtype=np.int64)
