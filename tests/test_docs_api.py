"""The pages of the API: every public name once; the rules for docstrings, and what breaks them."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import prevalence as pv
from tools import docstrings

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "docs" / "_extensions")
    return importlib.import_module("api_groups")


def names(parts: Any) -> list[str]:
    return [name for part in parts for each in part.groups for name in each.names.split()]


def test_every_public_name_stands_once_in_the_reference(groups: Any) -> None:
    assert sorted(names(groups.complete())) == sorted(groups.public())


def test_a_name_in_no_group_comes_last_on_the_page_of_its_module(groups: Any) -> None:
    mse = next(part for part in groups.PARTS if part.name == "mse")
    without = replace(mse, groups=mse.groups[1:])  # the two-list estimators are left out
    (made,) = [part for part in groups.complete((groups.PARTS[0], without)) if part.name == "mse"]
    assert made.groups[-1].title == "More"
    assert "mse.chapman" in made.groups[-1].names.split()


def test_the_index_links_to_every_page_of_the_reference(groups: Any) -> None:
    made = groups.pages()
    assert all(f"({name})" in made["api.md"] for name in made if name != "api.md")


WHOLE = """Estimate a mean, ``sum w y / sum w``.

Notes
-----
It fails with few rows.

References
----------
Kish, L. (1965). Survey Sampling. Wiley. (book)
"""


def codes(docstring: str) -> list[str]:
    found = [
        *docstrings.statistical_errors(docstring),
        *docstrings.reference_errors(docstring),
    ]
    return [code for code, _ in found]


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("", "", []),
        ("``sum w y / sum w``", "by weight", ["PV01"]),
        ("``sum w y / sum w``", '``"mean"`` or ``clopper-pearson``', ["PV01"]),
        ("It fails with", "It is short with", ["PV02"]),
        (" (book)", "", ["PV04"]),
        (" (book)", " doi:10.1002/0470033312", []),
        (" (book)", " (no DOI)\n\nAnon. (2000). Untitled.", ["PV04"]),
        (WHOLE[WHOLE.index("References") :], "", ["PV03"]),
    ],
)
def test_a_docstring_that_breaks_a_rule_is_found(was: str, now: str, expected: list[str]) -> None:
    assert codes(WHOLE.replace(was, now)) == expected


def test_a_method_is_shown_in_its_own_example_or_that_of_its_class() -> None:
    class Shown:
        """A class.

        >>> Shown().used()
        """

        def used(self) -> None:
            """Use it."""

        def never(self) -> None:
            """Never use it."""

    found = {
        name: [
            code
            for code, _ in docstrings.example_errors(
                docstrings.Public(f"Shown.{name}", getattr(Shown, name), Shown)
            )
        ]
        for name in ("used", "never")
    }
    assert found == {"used": [], "never": ["PV05"]}


def test_what_estimates_and_what_weights_is_statistical_and_what_reads_is_not() -> None:
    known = {each.path: each.statistical for each in docstrings.public_names(pv)}
    assert known["prevalence.mse.two_lists.chapman"]
    assert known["prevalence.survey.Survey.rake"]
    assert not known["prevalence.survey.Survey.describe"]
    assert not known["prevalence.readers.kobo.read_kobo"]
