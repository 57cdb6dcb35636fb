"""Pages that explain: tests they name exist, numbers they quote are measured, terms agree with labels."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import prevalence as pv
from prevalence import disclosure
from prevalence.words import language

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
GLOSSARY = (DOCS / "reference" / "glossary.md").read_text(encoding="utf-8")
ASSUMPTIONS = (DOCS / "explanation" / "assumptions.md").read_text(encoding="utf-8")
PAGES = sorted((DOCS / "explanation").glob("*.md"))


def table(text: str) -> list[list[str]]:
    """Return the cells of the rows of all tables of a page, without their heads."""
    lines = text.splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    heads = {lines[i - 1] for i, line in enumerate(lines) if line.startswith("|---")}
    return [
        [cell.strip() for cell in row.strip("|").split("|")] for row in rows if row not in heads
    ]


TERMS = {row[0]: row for row in table(GLOSSARY)}


# ------------------------------------------------------------------ tests that pages name
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`", page.read_text(encoding="utf-8"))
    for path, function in named:
        assert (ROOT / path).exists(), path
        if function:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            assert function in {f.name for f in tree.body if isinstance(f, ast.FunctionDef)}, (
                function
            )


# ------------------------------------------------------------------ numbers that are quoted
def read(name: str, index: list[str], column: str) -> dict[Any, float]:
    frame = pd.read_csv(DOCS / "evidence" / f"{name}.csv").set_index(index)
    return {key: float(value) for key, value in frame[column].items()}


@pytest.mark.parametrize(
    ("error", "quoted"),
    [
        ("transmission 0.6, taken as 1", "{:.0f} % too low if 0.6 is taken as 1"),
        ("3 of 10 reports false, taken as true", "{:.0f} % too high if 3 in 10 are not"),
        ("degree ratio 0.5, taken as 1", "{:.0f} % too low if half as many"),
        (
            "known groups of persons; children known 1.5 times as well",
            "{:.0f} % too high if groups",
        ),
        ("groups above 5,000 recalled as their root", "{:.0f} % too high if large ones"),
        (
            "reports: 30 % blank of those who know somebody, 5 % of the others",
            "{:.0f} % too low if who knows",
        ),
    ],
)
def test_biases_of_scale_up_are_those_of_the_committed_study(error: str, quoted: str) -> None:
    assert quoted.format(abs(read("network-bias", ["error"], "bias")[error])) in ASSUMPTIONS


@pytest.mark.parametrize(
    ("cell", "estimator", "quoted"),
    [
        ("a tenth of items suppressed", "list_difference", "{:.0f} points on 27 % if a tenth"),
        (
            "common items, half at the ceiling hide",
            "list_difference",
            "{:.1f} points at the ceiling",
        ),
        ("rare items, half at the floor hide", "list_difference", "{:.1f} at the floor"),
        ("validated on clear cases", "rogan_gladen", "{:.2f} points on 3.2 %"),
        ("validated on clear others", "rogan_gladen", "{:.1f} points on 3.2 %"),
        ("proxies find 0.6, not 0.85", "rogan_gladen", "{:.1f} points on 10.8 %"),
        ("cases known to half as many", "neighbourhood", "{:.1f} points on 5 %"),
    ],
)
def test_biases_of_answers_are_those_of_the_committed_study(
    cell: str, estimator: str, quoted: str
) -> None:
    found = read("sensitive-coverage-breaks", ["cell", "estimator"], "bias")[cell, estimator]
    assert quoted.format(abs(found)) in ASSUMPTIONS


@pytest.mark.parametrize(
    ("cell", "estimator", "quoted"),
    [
        ("referral", "independence", "{:.0f} for 1,200 without any"),
        ("visibility sd 0.7", "stepwise (report)", "{:.0f} for 1,200"),
        ("30% of registry allegations", "stepwise (report)", "{:,.0f} for 1,200 if 30 %"),
    ],
)
def test_medians_of_lists_are_those_of_the_committed_study(
    cell: str, estimator: str, quoted: str
) -> None:
    found = read("mse-coverage", ["N", "cell", "estimator"], "median")[1200, cell, estimator]
    assert quoted.format(found) in ASSUMPTIONS


# ------------------------------------------------------------------ the glossary
def test_the_glossary_has_sixty_terms_each_in_both_languages_and_one_line() -> None:
    assert len(TERMS) >= 60
    assert len(TERMS) == len(table(GLOSSARY)), "a term stands twice"
    for term, row in TERMS.items():
        assert len(row) == 4, term
        assert row[1], term
        assert 10 <= len(row[2]) <= 110, term


def labels() -> dict[str, str]:
    """Return French labels by the English ones, with plain spaces in place of fixed ones."""
    table = language("fr").table
    return {english: re.sub(r"\s", " ", french) for english, french in table.items()}


def test_terms_agree_with_the_french_labels_of_figures_and_tables() -> None:
    french = labels()
    shared = [term for term in TERMS if term in french]
    assert len(shared) >= 30
    assert {term: TERMS[term][1] for term in shared} == {term: french[term] for term in shared}


def test_terms_agree_with_labels_that_are_plurals_or_hold_them() -> None:
    french = labels()
    for term in ("primary unit", "estimate"):
        several = " ".join(f"{word}s" for word in TERMS[term][1].split())
        assert french[f"{term}s"] == several
    for term in ("design effect", "degree ratio", "floor", "independence"):
        holding = [own for english, own in french.items() if term in english.lower()]
        assert len(holding) >= 1
        assert all(TERMS[term][1] in own.lower() for own in holding), term


def parameters() -> set[str]:
    """Return the names of all arguments of public functions, classes and methods."""
    modules = [getattr(pv, name) for name in pv.__all__ if inspect.ismodule(getattr(pv, name))]
    things = [getattr(module, name) for module in [pv, *modules] for name in module.__all__]
    methods = [
        f for kind in (pv.Survey, pv.Lists, pv.Estimate) for _, f in inspect.getmembers(kind)
    ]
    found: set[str] = set()
    for thing in [*things, *methods]:
        if callable(thing):
            try:
                found |= set(inspect.signature(thing).parameters)
            except (TypeError, ValueError):
                continue
    return found


def test_what_the_glossary_finds_in_code_is_there() -> None:
    survey = pv.Survey({"case": [1, 0, 0] * 20})
    columns = set(pv.direct.prevalence(survey, "case").to_frame().columns)
    arguments = parameters()
    for term, row in TERMS.items():
        for name in re.findall(r"`([^`]+)`", row[3]):
            if name.endswith("="):
                assert name[:-1] in arguments, term
            elif name not in columns:
                thing: Any = pv
                for part in name.split("."):
                    thing = disclosure if part == "disclosure" else getattr(thing, part)
