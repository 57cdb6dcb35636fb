"""Choice among models: what is refused, with the text of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories
from tests.bad_input.cases import Bad, refused

THREE = {"histories": all_histories(3), "counts": np.array([60.0, 74, 48, 21, 9, 12, 4])}
SEVEN = {"histories": all_histories(7), "counts": np.arange(127.0) % 5 + 1}
APART = {"histories": all_histories(3), "counts": np.array([60.0, 74, 48, 0, 0, 0, 0])}


def lists(data: Any) -> pv.Lists:
    return pv.Lists.from_counts(data["histories"], data["counts"])


def select(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.select(lists(data), **how)


def table(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.models(lists(data), **how)


def vary(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.vary_ntop(lists(data), **how)


OVERLAP = r"lists must overlap: none of 182 persons is on two of .*"
CASES = {
    "no lists": Bad(THREE, pv.mse.models, TypeError, r"lists must be a Lists: found dict"),
    "no overlap": Bad(APART, select(), ValueError, OVERLAP),
    "no overlap, table": Bad(APART, table(), ValueError, OVERLAP),
    "criterion": Bad(
        THREE,
        select(criterion="bica"),
        ValueError,
        r"criterion must be one of bic, aic: found 'bica'\. Did you mean 'bic'\?",
    ),
    "penalty": Bad(
        THREE,
        table(penalty="rows"),
        ValueError,
        r"penalty must be one of persons, cells: found 'rows'\. Write one of them\.",
    ),
    "ranking": Bad(
        THREE, select(ranking="degree2"), ValueError, r"ranking must be one of bic, degree-2: found"
    ),
    "interval": Bad(
        THREE, select(interval="wald"), ValueError, r"interval must be one of bca, percentile"
    ),
    "order 0": Bad(
        THREE,
        table(order=0),
        ValueError,
        r"order must be a whole number of at least 1: found 0\. Write 2 for pairs",
    ),
    "order half": Bad(
        THREE, select(order=2.5), ValueError, r"order must be a whole .* found 2\.5\."
    ),
    "ntop 0": Bad(
        THREE,
        select(ntop=0),
        ValueError,
        r"ntop must be a whole number of at least 1: found 0\. Write 60 for",
    ),
    "ntop list": Bad(
        THREE,
        vary(ntop=(1, 0, -3)),
        ValueError,
        r"ntop must be whole numbers of at least 1: 2 of 3 are not \(first: 0\)\. Write",
    ),
    "level": Bad(
        THREE,
        vary(levels=(95,)),
        ValueError,
        r"level must lie between 0 and 1: found 95\. Write 0\.95",
    ),
    "one replicate": Bad(
        THREE, vary(replicates=1), ValueError, r"replicates must be a whole number of at least 2"
    ),
    "too many models": Bad(
        SEVEN,
        table(),
        ValueError,
        r"order must leave at most 40,000 models to list: 2 with 7 lists leaves more\. Choose",
    ),
    "too many for ntop": Bad(
        SEVEN,
        select(ntop=10),
        ValueError,
        r"ntop and ranking need all models to be fitted: order 2 with 7 lists leaves too many\.",
    ),
    "too many to vary": Bad(
        SEVEN,
        vary(),
        ValueError,
        r"order must leave few enough models to fit them all: downhill search has no ntop\.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_message(name: str) -> None:
    refused(CASES[name])
