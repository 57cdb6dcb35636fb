"""What rescaling refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prevalence.nsum.models.scaling import rescale
from tests.bad_input.cases import Bad, refused

DRAWS: dict[str, Any] = {
    "log_degree": np.zeros((2, 3)),
    "log_prevalence": np.full((2, 2), -4.0),
    "sizes": np.array([100.0, np.nan]),
}


def ask(**how: Any) -> Any:
    def call(data: dict[str, Any]) -> Any:
        given = {"population": 10_000.0, **data, **how}
        return rescale(given.pop("log_degree"), given.pop("log_prevalence"), **given)

    return call


def given(**changed: Any) -> dict[str, Any]:
    return {**DRAWS, **changed}


CASES = {
    "rule": Bad(given(), ask(rule="al"), ValueError, "scaling must be one of .*Did you mean 'all'"),
    "sizes": Bad(given(sizes=np.ones(3)), ask(), ValueError, r"each of the 2 groups: .*\(3,\)"),
    "zero": Bad(given(sizes=np.array([5.0, 0])), ask(), ValueError, r"1 are not \(first: 0\)"),
    "none": Bad(given(sizes=np.full(2, np.nan)), ask(), ValueError, "none is given. Give known"),
    "population": Bad(given(), ask(population=50), ValueError, "found 50, and a group of 100"),
    "correlation": Bad(given(), ask(rule="weighted"), ValueError, "found none. Fit the correlated"),
    "matrix": Bad(
        given(correlation=np.eye(3)), ask(rule="weighted_sq"), ValueError, r"shape \(3, 3\)"
    ),
    "names": Bad(given(), ask(rule="overdispersed"), ValueError, "found 0 sets. Write for example"),
    "empty": Bad(given(names=[[]]), ask(rule="overdispersed"), ValueError, "one of them empty"),
    "hidden": Bad(
        given(names=[[0, 1]]),
        ask(rule="overdispersed"),
        ValueError,
        r"known groups: found \[0, 1\]",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str) -> None:
    refused(CASES[name])
