"""The report on an estimate of lists: what is refused, with the text of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories
from tests.bad_input.cases import Bad, refused

THREE = {"histories": all_histories(3), "counts": np.array([60.0, 74, 48, 21, 9, 12, 4])}


def report(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.reliability(
        pv.Lists.from_counts(data["histories"], data["counts"]), **how
    )


CASES = {
    "no lists": Bad(THREE, pv.mse.reliability, TypeError, r"lists must be a Lists: found dict"),
    "odds ratio of nothing": Bad(
        THREE,
        report(odds_ratio=(2.0, 0.0, -1.0)),
        ValueError,
        r"odds_ratio must hold positive numbers: 2 of 3 are not \(first: 0\)\. Write a range",
    ),
    "no simulations": Bad(
        THREE,
        report(simulations=0),
        ValueError,
        r"simulations must be a whole number of at least 1: found 0\. Write 399 or more\.",
    ),
    "half a simulation": Bad(
        THREE, report(simulations=2.5), ValueError, r"simulations must be a whole number"
    ),
    "model of no list": Bad(
        THREE, report(pairs=[("list 1", "lst 2")]), KeyError, r"Did you mean 'list 2'\?"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_message(name: str) -> None:
    refused(CASES[name])
