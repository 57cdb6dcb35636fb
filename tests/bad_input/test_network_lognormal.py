"""What the Poisson-lognormal model refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prevalence.nsum.models.lognormal import poisson_lognormal
from tests.bad_input.cases import Bad, refused

COUNTS = np.array([[1.0, 2, 0], [3, 1, 2], [0, 4, 1], [2, 2, 0]])
INFINITE = np.full((4, 3), np.inf)


def ask(**how: Any) -> Any:
    def call(data: dict[str, Any]) -> Any:
        given = {"sizes": np.array([900.0, 1_200, np.nan]), "population": 1e5, **data, **how}
        return poisson_lognormal(given.pop("low"), given.pop("high"), warmup=1, draws=4, **given)

    return call


def given(**changed: Any) -> dict[str, Any]:
    return {"low": COUNTS.copy(), "high": COUNTS.copy(), **changed}


def at(row: int, column: int, value: float) -> Any:
    values = COUNTS.copy()
    values[row, column] = value
    return values


def weighted(*weights: float) -> dict[str, Any]:
    return given(weights=np.array(weights))


CASES = {
    "shape": Bad(given(high=COUNTS[:3]), ask(), ValueError, r"shapes \(4, 3\) and \(3, 3\)"),
    "negative": Bad(
        given(low=at(1, 2, -1)),
        ask(),
        ValueError,
        r"1 of 12 are not \(first: row 1, group 2, -1 to",
    ),
    "order": Bad(given(high=at(0, 1, 1)), ask(), ValueError, "row 0, group 1, 2 to 1"),
    "part": Bad(
        given(low=at(0, 0, 0.5), high=at(0, 0, 0.5)), ask(), ValueError, "group 0, 0.5 to 0.5"
    ),
    "missing": Bad(given(low=at(2, 1, np.nan)), ask(), ValueError, "nan to 4.*0 to infinity"),
    "empty": Bad(
        given(low=COUNTS * [1, 1, 0], high=np.where([True, True, False], COUNTS, np.inf)),
        ask(),
        ValueError,
        r"1 of 3 have none \(first: group 2\)",
    ),
    "weights": Bad(weighted(1, 0, 2, -1), ask(), ValueError, r"2 of 4 rows are not \(first: row 1"),
    "few weights": Bad(weighted(1, 2), ask(), ValueError, r"each of the 4 .*shape \(2,\)"),
    "covariate": Bad(
        given(group_covariate=np.ones((4, 2))),
        ask(),
        ValueError,
        "a column for each of the 3 groups",
    ),
    "nan": Bad(
        given(covariates=np.array([[1.0], [np.nan], [2], [3]])), ask(), ValueError, "finite: 1 of 4"
    ),
    "constant": Bad(given(covariates=np.ones((4, 1))), ask(), ValueError, "first: column 0"),
    "effects": Bad(given(), ask(effects="groups"), ValueError, "Did you mean 'group'"),
    "scaling": Bad(given(), ask(scaling="weighted"), ValueError, "Write correlated=True"),
    "sizes": Bad(given(), ask(sizes=np.ones(2)), ValueError, r"each of the 3 groups: .*\(2,\)"),
    "draws": Bad(given(), ask(chains=0), ValueError, "chains must be .*found 0"),
    "two": Bad(
        given(low=COUNTS[:, :2], high=COUNTS[:, :2]),
        ask(sizes=np.array([900.0, np.nan])),
        ValueError,
        "at least 3 under the flat prior",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str) -> None:
    refused(CASES[name])
