"""Strong Kleene logic as its tables print it (Kleene 1952, section 64), and rows worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.grammar import three_valued

T, F, U = 1.0, 0.0, np.nan
LEFT = np.repeat([T, U, F], 3)
RIGHT = np.tile([T, U, F], 3)
TABLES = {
    "p and q": [T, U, F, U, U, F, F, F, F],
    "p or q": [T, T, T, T, U, U, T, U, F],
    "not p": [F, F, F, U, U, U, T, T, T],
    "not p or q": [T, U, F, T, U, U, T, T, T],  # p implies q
}


@pytest.mark.parametrize("text", list(TABLES))
def test_the_tables_of_strong_kleene_logic(text: str) -> None:
    must, may = three_valued(text, {"p": LEFT, "q": RIGHT})
    np.testing.assert_array_equal(np.where(must, T, np.where(may, U, F)), TABLES[text])


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (pv.AllOf("p", "q"), "p and q"),
        (pv.AnyOf("p", "q"), "p or q"),
        (pv.Not("p"), "not p"),
        (pv.AnyOf(pv.Not("p"), "q"), "not p or q"),
        (pv.AtLeast(1, ["p", "q"]), "p or q"),
        (pv.AtLeast(2, ["p", "q"]), "p and q"),
    ],
)
def test_rules_follow_the_same_tables(rule: Any, text: str) -> None:
    indicators = {"p": pv.Indicator("p == 1"), "q": pv.Indicator("q == 1")}
    d = pv.Definition("tables", "1", indicators=indicators, rule=rule, age=None)
    np.testing.assert_array_equal(d.classify({"p": LEFT, "q": RIGHT}).outcome, TABLES[text])


def test_two_of_three_domains_by_hand() -> None:
    """Two medium indicators of distinct domains; a and b are of one domain."""
    domains = {"a": "work", "b": "work", "c": "debt", "e": "movement"}
    d = pv.Definition(
        "by hand",
        "1",
        indicators={
            name: pv.Indicator(f"{name} == 1", domain=domain, strength="medium")
            for name, domain in domains.items()
        },
        rule=pv.AtLeast(2, strength="medium", distinct_domains=True),
        age=None,
    )
    rows = {
        "a": [1, 1, 1, U, U, 0],
        "b": [1, 0, U, 1, U, 0],
        "c": [0, 1, U, 0, U, U],
        "e": [0, U, 0, 0, U, 0],
    }
    found = d.classify(rows, weights=np.array([1.0, 2.0, 1.0, 1.0, 4.0, 1.0]))
    np.testing.assert_array_equal(found.low, [0, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(found.high, [0, 1, 1, 0, 1, 0])
    np.testing.assert_array_equal(found.outcome, [0, 1, U, 0, U, 0])
    last = found.audit.iloc[-1]
    assert last["indicator"] == "outcome"
    assert (last["fired"], last["missing"], last["asked"]) == (1, 2, 6)
    # weights 2 of the known 5; 2 of all 10 at least, 7 of them at most
    np.testing.assert_allclose([last["share"], last["lowest"], last["highest"]], [0.4, 0.2, 0.7])
    first = found.audit.iloc[0]  # a: 3 rows say yes, with weight 4 of the known 5
    np.testing.assert_allclose([first["share"], first["lowest"], first["highest"]], [0.8, 0.4, 0.9])
