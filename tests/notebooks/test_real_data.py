"""The notebook of published tables, given the Rwanda survey: its numbers are the peers'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prevalence import datasets, reproduce
from tests.agreement import Within, agrees, told

DIGITS = Within("closed forms: 15 digits are stored", 1e-10)
NEEDED = (
    "Setting up",
    "Parameters: what a reader may set anew",
    "What is computed from the Rwanda survey",
)


@pytest.fixture(scope="module")
def names(oracle: Path) -> dict[str, Any]:
    """Run the cells on Rwanda, and no others, with the folder given."""
    every = reproduce.cells(datasets.source("real_data"))
    held: dict[str, Any] = {"__name__": "study_real_data"}
    for cell in every:
        if cell.title in NEEDED:
            exec(compile(cell.text, cell.title, "exec"), held)  # noqa: S102 - our own source
        if "parameters" in cell.tags:
            held["rwanda"] = str(oracle / "nsum")
    return held


pytestmark = [
    pytest.mark.filterwarnings("ignore:.*look like codes for missing"),
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:the two size rules differ"),
    pytest.mark.filterwarnings("ignore:.*report more hidden people than they know"),
]


def test_rwanda_sizes_and_known_groups_are_those_of_networkreporting(
    names: dict[str, Any], oracle: Path
) -> None:
    cases = told(oracle / "nsum" / "expected_closed.json")["cases"]
    sizes = names["rwanda_sizes"].set_index("outcome")["estimate"]
    for group in ("sex.workers", "msm", "idu", "clients"):
        expected = cases[f"nsum_{group}_weighted_basic"]["value"]["estimate"]
        agrees(sizes[group], expected, DIGITS)
    table = cases["internal_validation_weighted"]["value"]["results"]
    found = names["rwanda_known"].to_frame().set_index("group")["estimate"]
    agrees(found[list(table["name"])], table["nsum.holdout.est"], DIGITS)


def test_rwanda_with_an_assumed_transmission_is_larger(names: dict[str, Any]) -> None:
    table = names["rwanda_sizes"]
    ratio = table["assumed_transmission_0.7"] / table["estimate"]
    np.testing.assert_allclose(ratio, 1 / 0.7, rtol=1e-12)  # rounding
