"""The first screen: one sentence per estimate, what would make it wrong, what must not be concluded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..disclosure import is_suppressed
from ..estimate import Estimate
from ..headline import headlines, is_floor
from ..presentation import definitions_of, one_line, plain_name, sentences
from . import lists as of_lists
from .page import Page, title_of

ROWS = 4  # of one estimate
SURVEYS = ("direct", "sensitive", "misclassification")


class Point(NamedTuple):
    """One thing to know: what it is about, and what it does to the numbers."""

    about: str
    text: str


# ---------------------------------------------------------------------- what was found
def answers(page: Page) -> list[dict[str, Any]]:
    """Return what is said of each estimate of a whole population."""
    return [_answer(page, name) for name, t in page.tables.items() if (t["domain"] == "all").any()]


def _answer(page: Page, name: str) -> dict[str, Any]:
    e, table = page.comparison.estimates[name], page.tables[name]
    whole = [i for i, domain in enumerate(table["domain"]) if domain == "all"]
    said = [_short(e, table, i, line) for i, line in enumerate(sentences(e, table)) if i in whole]
    said = said[:ROWS]
    if len(whole) > ROWS:
        said.append(f"{len(whole) - ROWS} more rows are in the tables below.")
    said += of_lists.said_of_draws(e)
    number = interval = ""
    if len(whole) == 1:
        number, interval = headlines(e, table)[whole[0]]
        number = "" if number == "-" else number
    return {
        "name": title_of(name), "floor": is_floor(e), "number": number, "interval": interval,
        "sentences": said,
    }  # fmt: skip


def _short(e: Estimate, table: pd.DataFrame, i: int, sentence: str) -> str:
    """Return a sentence without its definition, which the page tells below, unless rows differ in it."""
    if len(definitions_of(e)) > 1:
        return sentence
    definition = str(table["definition"].iloc[i]).rstrip(".")
    return sentence.replace(f" {one_line(f'Definition: {definition}.')}", "")


def also(page: Page) -> str:
    """Say which domains the tables below have."""
    parts = []
    for name, table in page.tables.items():
        count = int((table["domain"] != "all").sum())
        if count:
            parts.append(f"{plain_name(name)} ({count} rows)")
    return f"In the tables below, also: {'; '.join(parts)}." if parts else ""


# ---------------------------------------------------------------------- what would make it wrong
def wrong(page: Page, more: Sequence[str], excluded: Sequence[str]) -> list[Point]:
    """Return what would make the estimates wrong, each with the direction of the error."""
    estimates = list(page.comparison.estimates.values())
    found = [Point("", str(text)) for text in more]
    found += _left_out(estimates, excluded)
    for family in (_of_surveys, _of_networks, _of_lists):
        found += family(estimates)
    found.append(
        Point(
            "The intervals",
            "hold the luck of the draw, and adjustments whose uncertainty was stated: nothing else of "
            "this list.",
        )
    )
    return list(dict.fromkeys(found))


def family(e: Estimate) -> str:
    """Return the family of the estimator: direct, nsum, mse, sensitive, misclassification."""
    return e.method.partition(".")[0]


def _left_out(estimates: Sequence[Estimate], excluded: Sequence[str]) -> Iterator[Point]:
    yield from (Point("Not included:", str(words)) for words in excluded)
    if excluded or any(e.estimand and e.estimand.excludes for e in estimates):
        yield Point(
            "Who is left out",
            "is not in the numbers of people: with them the numbers are larger. A share of everyone "
            "moves towards theirs.",
        )
    else:
        yield Point(
            "Who is left out",
            "is not stated: ask whom the sample and the lists cannot reach. With them the numbers are "
            "larger.",
        )


def _of_surveys(estimates: Sequence[Estimate]) -> Iterator[Point]:
    surveys = [e for e in estimates if family(e) in SURVEYS]
    if not surveys:
        return
    if any("specificity 1" in text for e in surveys for text in e.assumptions):
        yield Point(
            "Wrong answers",
            "in interviews: cases that nobody tells make a share too low. Taking 1 in 100 of those who "
            "are no case for one would add up to 1 percentage point, which is much of a rare share.",
        )
    steps = [str(step) for e in surveys for step in np.atleast_1d(e.provenance.get("weights", ()))]
    if any(step.startswith("nonresponse") for step in steps):
        yield Point(
            "Those who did not answer",
            "are taken to be like those of their class who did: if more of them are affected, the "
            "estimates are too low.",
        )


def _of_networks(estimates: Sequence[Estimate]) -> Iterator[Point]:
    adjusted = [e.provenance["adjustments"] for e in estimates if "adjustments" in e.provenance]
    rates = dict.fromkeys(f"{a['transmission']:.2g}" for a in adjusted if "transmission" in a)
    if rates:
        yield Point(
            "What people know and tell of others",
            f"(transmission, here {' or '.join(rates)}): if it is half of that, the number is twice as "
            "large.",
        )
    if any(a.get("precision") == 1 for a in adjusted):
        yield Point("False reports", "about others, taken to be none, make a number too high.")
    if any(a.get("degree_ratio") == 1 for a in adjusted):
        yield Point(
            "How many people know them",
            "taken to be as many as know anyone: if affected people are known by half as many, the "
            "number is twice as large.",
        )


def _of_lists(estimates: Sequence[Estimate]) -> Iterator[Point]:
    lists = [e for e in estimates if family(e) == "mse"]
    if not lists:
        return
    yield Point(
        "The lists",
        "miss people whom no list can see, and referrals that nobody recorded make lists share their "
        "cases: both make a number too low.",
    )
    yield Point(
        "Records",
        "of one person taken for two make it too high, and so do entries that are no case; records of "
        "two taken for one make it too low.",
    )
    yield from (Point("From declared facts:", line) for e in lists for line in of_lists.facts(e))


# ---------------------------------------------------------------------- what must not be concluded
def not_concluded(page: Page, more: Sequence[str]) -> list[str]:
    """Return what a reader must not take from the page."""
    said = ["These are estimates: nobody has counted, met or registered so many people."]
    if any(is_floor(e) for e in page.comparison.estimates.values()):
        said.append("A floor is not the size of the problem: the true number may be much larger.")
    if page.comparison.side_by_side:
        said.append(
            "The rows estimate different quantities: do not average them, and do not read their "
            "differences as errors."
        )
    if any(is_suppressed(t).any() for t in page.tables.values()):
        said.append("A suppressed row is not a zero.")
    said.append("Nothing here tells of a cause, or of a change over time.")
    if page.synthetic:
        said.append("The data are synthetic: nothing here tells of a real country.")
    return said + [str(words) for words in more]
