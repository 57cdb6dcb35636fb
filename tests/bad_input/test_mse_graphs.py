"""What decomposable graphs and thresholding answer to inputs they cannot use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories

from .cases import Bad, refused

NAMES = ["police", "shelter", "school"]


def table(count: int = 3, **changes: int) -> dict[str, Any]:
    """Counts of all histories of some lists, by history."""
    rows = {"".join(map(str, row)): 20 // sum(row) ** 2 + 1 for row in all_histories(count)}
    return {**rows, **changes}


def lists(data: dict[str, Any]) -> pv.Lists:
    histories = np.array([[int(x) for x in row] for row in data])
    names = NAMES if histories.shape[1] == 3 else None
    return pv.Lists.from_counts(histories, list(data.values()), names)


def decomposable(data: dict[str, Any], **how: Any) -> pv.Estimate:
    return pv.mse.decomposable(lists(data), **how)


def thresholded(data: dict[str, Any], **how: Any) -> pv.Estimate:
    return pv.mse.thresholded(lists(data), **how)


APART = {"100": 9, "010": 8, "001": 7}
BAD = {
    "seven lists": Bad(
        table(7),
        decomposable,
        ValueError,
        r"lists must be at most 6 for all decomposable graphs: found 7\. Merge some with",
    ),
    "no overlap": Bad(
        APART,
        decomposable,
        ValueError,
        r"lists must overlap: none of 24 persons",
    ),
    "not lists": Bad(
        table(),
        pv.mse.graph_posterior,
        TypeError,
        r"lists must be a Lists: found dict\. Make one",
    ),
    "delta of 0": Bad(
        table(),
        lambda d: decomposable(d, delta=0),
        ValueError,
        r"delta must be a positive number: found 0\. Leave it out",
    ),
    "delta as text": Bad(
        table(),
        lambda d: decomposable(d, delta="1/8"),
        TypeError,
        r"delta must be a number: found '1/8'\.",
    ),
    "unknown prior": Bad(
        table(),
        lambda d: decomposable(d, prior="1/missng"),
        ValueError,
        r"prior must be one of 1/N, 1/missing, uniform: found '1/missng'\. Did you mean '1/missing'",
    ),
    "half a person": Bad(
        table(),
        lambda d: decomposable(d, largest=10.5),
        ValueError,
        r"largest must be a whole number of at least 1: found 10\.5\. It is",
    ),
    "improper": Bad(
        table(),
        lambda d: decomposable(d, prior="uniform"),
        ValueError,
        r"prior must give a proper posterior: with uniform .* under 1 of 8 graphs \(first: "
        r"\[police, shelter, school\], N \*\* -0\.875\)\. Use prior='1/N'",
    ),
    "quantile": Bad(
        table(),
        lambda d: pv.mse.graph_posterior(lists(d)).quantile([0.5, 1.0]),
        ValueError,
        r"level must lie between 0 and 1: found 1\.0\.",
    ),
    "two lists": Bad(
        {"10": 9, "01": 8, "11": 3},
        thresholded,
        ValueError,
        r"lists must be three or more: found 2, and the dependence",
    ),
    "an empty list": Bad(
        table(3) | {row: 0 for row in table(3) if row[2] == "1"},
        thresholded,
        ValueError,
        r"lists must hold persons: 1 of 3 hold none \(first: 'school'\)\. Leave",
    ),
    "negative threshold": Bad(
        table(),
        lambda d: thresholded(d, threshold=-1),
        ValueError,
        r"threshold must be from 0 to 1000: found -1\. Write",
    ),
    "scale of 0": Bad(
        table(),
        lambda d: thresholded(d, scale=0),
        ValueError,
        r"scale must be from 0\.001 to 1000: found 0\. Write",
    ),
    "few draws": Bad(
        table(),
        lambda d: thresholded(d, draws=10),
        ValueError,
        r"draws must be a whole number of at least 1,000: found 10\. Leave",
    ),
    "seed as text": Bad(
        table(),
        lambda d: thresholded(d, rng="1"),
        TypeError,
        r"rng must be an integer seed",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name: str) -> None:
    refused(BAD[name])


def test_a_delta_dominated_posterior_is_said_aloud() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="Delta-dominated posterior: its median is"):
        found = pv.mse.decomposable(lists({"10": 40, "01": 30, "11": 10}))
    assert any(said.startswith("Delta-dominated") for said in found.warnings)


def test_a_bound_that_cuts_the_posterior_off_is_said_aloud() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="largest=20 decides the upper limit: over 1 %"):
        found = pv.mse.decomposable(lists(table()), largest=20)
    assert found.interval()[0, 1] <= sum(table().values()) + 20
