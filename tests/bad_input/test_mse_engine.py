"""Bad input of intervals from resamples and deletions: what is said, and the input as it was."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories


def lists() -> pv.Lists:
    return pv.Lists.from_counts(all_histories(3), [60, 74, 48, 21, 9, 12, 4], "ABC")


CASES: dict[str, tuple[Callable[[pv.Lists], object], type[Exception], str]] = {
    "unknown interval": (
        lambda x: pv.mse.stepwise(x, interval="normal"),
        ValueError,
        "interval must be one of bca, percentile, jackknife: found 'normal'.",
    ),
    "interval that is not a word": (
        lambda x: pv.mse.loglinear(x, interval=0.95),  # type: ignore[arg-type]
        ValueError,
        "interval must be one of dark-figure, profile, bca, percentile, jackknife",
    ),
    "unknown resamples": (
        lambda x: pv.mse.stepwise(x, resamples="cases"),
        ValueError,
        "resamples must be one of histories, model: found 'cases'.",
    ),
    "a model's tables for lists with a bootstrap": (
        lambda x: pv.mse.stepwise(x.bootstrap(20, rng=1), resamples="model"),
        ValueError,
        "resamples must not be 'model' for lists with a bootstrap: their replicates are 20 resamples",
    ),
    "replicates asked of lists that have none": (
        lambda x: pv.mse.loglinear(x, interval="bca"),
        ValueError,
        "interval must not be 'bca' for lists without a bootstrap: they have no replicates. Call",
    ),
    "influence of rows": (
        lambda x: pv.mse.influence(x.to_frame()),  # type: ignore[arg-type]
        TypeError,
        "lists must be a Lists: found DataFrame.",
    ),
    "threshold in words": (
        lambda x: pv.mse.influence(x, threshold="small"),  # type: ignore[arg-type]
        TypeError,
        "threshold must be a number",
    ),
    "a model without an estimate": (
        lambda x: pv.mse.influence(
            pv.Lists.from_counts(x.histories, [30, 20, 10, 5, 6, 0, 0], "ABC"),
            pairs=[("A", "B"), ("A", "C"), ("B", "C")],
        ),
        ValueError,
        "lists must have an estimate",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_is_refused_in_words(name: str) -> None:
    ask, error, text = CASES[name]
    given = lists()
    before = given.counts.copy()
    with pytest.raises(error, match=re.escape(text)):
        ask(given)
    np.testing.assert_array_equal(given.counts, before)


def test_a_deletion_without_an_estimate_is_named() -> None:
    given = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [9, 7, 1], ["police", "shelter"])
    with pytest.raises(ValueError, match=r"1 of 3 histories have none .*first: police and shelter"):
        pv.mse.loglinear(given, interval="jackknife")


def test_too_many_resamples_without_a_model_are_an_error() -> None:
    given = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [9, 7, 1], ["police", "shelter"])
    text = r"replicates must have a model that fits in at least 95 % of resamples: \d+ of 200 have"
    with pytest.raises(ValueError, match=text):
        pv.mse.stepwise(given, replicates=200, rng=1)
