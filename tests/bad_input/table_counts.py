"""Rows 34 to 41 of the table of bad inputs: answers about people known, and lists."""

from __future__ import annotations

from typing import Any

import numpy as np

import prevalence as pv

from .asked import Case, Row, of, refuses, stands, warns
from .test_lists import CASES as LISTS
from .test_lists import lists
from .test_mse_closed import CASES as CLOSED
from .test_network_answers import CASES as ANSWERS
from .test_network_answers import SAID
from .test_network_scale_up import answers, sizes

TRUNCATED = {**answers(), "police": np.array([3.0, 45, 2, 4, 0, 1, 2, 2, 1, 0, 3, 1])}


def said(name: str) -> Case:
    data, ask, words = SAID[name]
    return warns(ask, words, data)


def _no_more_than(limit: float) -> Any:
    def right(found: Any) -> None:
        low, high = found.interval()[0]
        assert found.value[0] == low == 0
        assert np.isnan(found.std_error[0]), "nobody told of is no standard error of 0"
        assert 0 < high < limit

    return right


def _at_the_boundary(found: Any) -> None:
    assert "terms at the boundary, since nobody is on both: a and b" in found.warnings
    assert found.interval()[0, 1] < 1e4


def three(counts: list[int]) -> dict[str, Any]:
    """Return counts of the seven histories of three lists."""
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    columns = {name: [row[j] for row in histories] for j, name in enumerate("abc")}
    return {**columns, "w": counts}


def modelled(*pairs: tuple[str, str]) -> Any:
    return lambda d: pv.mse.loglinear(pv.Lists(d, list("abc"), counts="w"), pairs=list(pairs))


COUNTS = [
    Row("34", "answers that are no counts, codes of missing answers", "an error; codes a warning", {
        "1.5 people": of(ANSWERS["answers: not a whole number"]),
        "below 0": of(ANSWERS["answers: a negative answer"]),
        "98 and 99": said("codes for missing"),
    }),
    Row("35", "a known group or population that cannot be", "an error", {
        "size 0": of(ANSWERS["sizes: size 0"]),
        "size nan": of(ANSWERS["sizes: size nan"]),
        "size above the population": of(ANSWERS["sizes: size above the population"]),
        "population 0": of(ANSWERS["sizes: population 0"]),
        "population below 0": of(ANSWERS["sizes: population negative"]),
    }),
    Row("36", "respondents who know nobody", "the ratio of sums, with their count", {
        "two of twelve": said("respondents who know nobody"),
    }),
    Row("37", "a group that nobody knows", "a warning and an upper limit, never 0 with error 0", {
        "a known group": said("a known group that nobody knows"),
        "the hidden group": warns(
            sizes(), "nobody reported knowing anyone in 'hidden'",
            {**answers(), "hidden": np.zeros(12)}, _no_more_than(5_000),
        ),
    }),
    Row("38", "more people known in a group than the degree", "a warning with the rows", {
        "hidden above the degree": warns(
            sizes(degree=["family"], population=1e5, known=None),
            "more|above", {**answers(), "hidden": np.r_[40.0, answers()["hidden"][1:]]},
        ),
    }),
    Row("39", "histories that repeat, are empty or have no count", "merged and told; errors", {
        "a history twice": warns(
            lambda d: pv.Lists.from_counts(d["histories"], d["counts"]),
            "1 of 4 rows repeat a history: their counts are",
            {"histories": [[1, 0], [0, 1], [1, 1], [1, 0]], "counts": [4, 3, 2, 5]},
        ),
        "a row on no list": of(LISTS["a row on no list"]),
        "a count on no list": of(LISTS["a count on no list"]),
        "a count below 0": of(LISTS["negative count"]),
        "half a count": of(LISTS["fractional count"]),
    }),
    Row("40", "lists without overlap, empty, nested, or all alike", "an error or the reason", {
        "no overlap": of(LISTS["no overlap"]),
        "no overlap of two": of(LISTS["no overlap of two"]),
        "a list of nobody": refuses(
            lambda d: pv.mse.loglinear(lists(d)), "lists must overlap|nobody|empty",
            {"police": np.ones(5), "shelter": np.zeros(5)},
        ),
        "a list inside another": refuses(
            lambda d: pv.mse.chapman(lists(d), between=("police", "shelter")),
            "lists must differ both ways: all 3 persons of shelter are also on police",
            {"police": [1, 1, 1, 1, 1], "shelter": [0, 1, 1, 1, 0]},
        ),
        "everybody on every list": refuses(
            lambda d: pv.mse.chapman(lists(d), between=("police", "shelter")),
            "lists must differ both ways: all 5 persons",
            {"police": np.ones(5), "shelter": np.ones(5)},
        ),
    }),
    Row("41", "lists for which a model has no maximum", "detected and said", {
        "a pair that shares nobody": stands(
            modelled(("a", "b")), _at_the_boundary, three([30, 20, 10, 0, 5, 0, 0]),
        ),
        "terms that cannot be told apart": refuses(
            modelled(("a", "b"), ("a", "c"), ("b", "c")),
            "pairs must give a model with an estimate: with 3 terms",
            three([30, 20, 10, 0, 5, 0, 0]),
        ),
        "a likelihood that rises for ever": of(CLOSED["no maximum"]),
    }),
]  # fmt: skip
