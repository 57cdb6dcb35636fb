"""One row per bad input of the random-degree and barrier samplers: which message comes back."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import pytest

from prevalence.nsum.models.random_degree import random_degree


class Bad(NamedTuple):
    """What is given, and the kind and text of the error."""

    given: dict[str, Any]
    kind: type[Exception]
    message: str


def given(**changed: Any) -> dict[str, Any]:
    """Four respondents and three groups, the last of them hidden."""
    low = np.array([[1.0, 2, 0], [0, 3, 1], [2, 2, 0], [1, 0, 0]])
    rows = {"low": low, "high": low.copy(), "sizes": np.array([900.0, 1_500, np.nan])}
    return {**rows, "population": 1e5, "warmup": 2, "draws": 4, **changed}


def cell(row: int, column: int, low: float, high: float) -> dict[str, Any]:
    arguments = given()
    arguments["low"][row, column], arguments["high"][row, column] = low, high
    return arguments


ROW = r"answers must be counts with 0 <= low <= high: 1 of 12 are not \(first: row "
CASES = {
    "a negative count": Bad(
        cell(2, 1, -1, 2), ValueError, ROW + r"2, group 1, -1 to 2\)\. .*write 0 to"
    ),
    "limits in the wrong order": Bad(cell(1, 0, 5, 2), ValueError, ROW + "1, group 0, 5 to 2"),
    "a count that is not whole": Bad(
        cell(0, 2, 1.5, 1.5), ValueError, ROW + r"0, group 2, 1\.5 to 1\.5\)"
    ),
    "a limit that is nan": Bad(
        cell(3, 0, np.nan, np.nan), ValueError, ROW + "3, group 0, nan to nan"
    ),
    "an infinite count": Bad(
        cell(3, 0, np.inf, np.inf), ValueError, ROW + "3, group 0, inf to inf"
    ),
    "sizes of other groups": Bad(
        given(sizes=np.array([900.0, np.nan])),
        ValueError,
        r"sizes a number for each group: found shapes \(4, 3\) and \(4, 3\) and \(2,\)\. Take",
    ),
    "no known size": Bad(
        given(sizes=np.full(3, np.nan)),
        ValueError,
        r"sizes must know one group at least: found none\. Add a known group\.",
    ),
    "a group larger than the population": Bad(
        given(sizes=np.array([900.0, 2e5, np.nan])),
        ValueError,
        r"sizes must be above 0 and below the population: 1 of 3 rows is not \(first: row 1, 200000\)",
    ),
    "a size of zero": Bad(
        given(sizes=np.array([0.0, 1_500, np.nan])),
        ValueError,
        r"sizes must be above 0 .*row 0, 0\)",
    ),
    "a weight of zero": Bad(
        given(weights=np.array([1.0, 0, 1, 2])),
        ValueError,
        r"weights must be positive: 1 of 4 rows is not \(first: row 1, 0\)\. Leave these rows out",
    ),
    "an unknown model": Bad(
        given(model="bariers"), ValueError, r"model must be one of .*Did you mean 'barrier'\?"
    ),
    "a seed that is none": Bad(given(rng="1"), TypeError, r"rng must be an integer seed"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str) -> None:
    case = CASES[name]
    before = copy.deepcopy(case.given)
    with pytest.raises(case.kind, match=case.message):
        random_degree(**case.given)
    for argument, value in before.items():
        np.testing.assert_array_equal(case.given[argument], value)
