"""One row per bad input of validation, recall, profiles and their figures: the message it gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence import plot

from .cases import Bad, refused


def answers() -> dict[str, Any]:
    """Twelve respondents in six primary units."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "ea": np.repeat(np.arange(6), 2),
        "hidden": np.array([1.0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0]),
        "nobody": np.zeros(12),
        "police": np.array([3.0, 1, 2, 4, 0, 1, 2, 2, 1, 0, 3, 1]),
        "nurses": np.array([5.0, 2, 1, 6, 2, 3, 3, 1, 1, 2, 4, 2]),
        "priests": np.array([1.0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1]),
        "any": np.array([1.0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1]),
        "friends": np.array([9.0, 4, 5, 9, 3, 4, 6, 3, 2, 3, 8, 4]),
    }


def at(name: str, row: int, value: float) -> dict[str, Any]:
    column = answers()[name].copy()
    column[row] = value
    return {**answers(), name: column}


KNOWN = {"police": 2_000, "nurses": 3_000, "priests": 500}


def survey(data: Any) -> pv.Survey:
    return pv.Survey(data, weights="w", psu="ea")


def validate(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.nsum.validate(survey(data), **{"known": KNOWN, **how})


def trimmed(*limits: Any) -> Callable[[Any], Any]:
    return lambda data: validate()(data).trimmed(*limits)


def recall(*arguments: Any, known: Any = None, **how: Any) -> Callable[[Any], Any]:
    return lambda data: validate(known=known or KNOWN)(data).recall(*arguments, **how)


def adjusted(**how: Any) -> Callable[[Any], Any]:
    arguments = {"hidden": "hidden", "known": KNOWN, "transmission": 1, **how}
    return lambda data: pv.nsum.recall_adjusted(survey(data), **arguments)


def profile(population: Any = None, **how: Any) -> Callable[[Any], Any]:
    people = {"women": 510, "men": 490} if population is None else population
    return lambda data: pv.nsum.scaled_down(data, people, **how)


GOOD = {"anna": {"women": 90.0}, "police": {"women": 10.0, "men": 40.0}}

BAD = {
    "no known group": Bad(
        answers(), validate(known=None), ValueError, r"known must map columns .*: found none\."
    ),
    "neither survey nor answers": Bad(
        answers(),
        lambda data: pv.nsum.validate(data, known=KNOWN),
        TypeError,
        r"must be a Survey or Answers: found dict\. Make one",
    ),
    "one known group": Bad(
        answers(),
        validate(known={"nurses": 3_000}),
        ValueError,
        r"known must hold at least two groups to hold one out: found 1\. Add one, or name columns",
    ),
    "unknown rule of degrees": Bad(
        answers(),
        validate(degree="ratio-of-sum"),
        ValueError,
        r"found 'ratio-of-sum'\. Did you mean 'ratio-of-sums'\?",
    ),
    "degrees by summation without a population": Bad(
        answers(),
        validate(degree=["friends"]),
        ValueError,
        r"population must be given with degrees by summation: found none\. Pass the number",
    ),
    "missing degrees by summation": Bad(
        at("friends", 4, np.nan),
        validate(degree=["friends"], population=10_000),
        ValueError,
        r"answers must be complete: 'friends' is missing in 1 of 12 rows .*\(first: row 4\)\. Pass",
    ),
    "unknown rule of sizes": Bad(
        answers(),
        validate(size="mean of ratios"),
        ValueError,
        r"size must be one of ratio-of-sums, mean-of-ratios: found 'mean of ratios'\. Did you mean",
    ),
    "unknown treatment of missing answers": Bad(
        answers(), validate(missing="drop"), ValueError, "missing must be one of error, complete"
    ),
    "missing answer": Bad(
        at("nurses", 5, np.nan),
        validate(),
        ValueError,
        r"answers must be complete: 'nurses' is missing in 1 of 12 rows .*\(first: row 5\)\. Pass",
    ),
    "answers that are no counts": Bad(
        answers(),
        lambda data: pv.nsum.validate(
            pv.Answers(survey(data), known={**KNOWN, "any": 800}, hidden=(), yes_no=["any"])
        ),
        ValueError,
        r"must be counts for this estimator: 'any' was asked as yes or no\. Use pv\.nsum\.fit",
    ),
    "known group that the answers do not have": Bad(
        answers(),
        lambda data: pv.nsum.validate(
            pv.Answers(survey(data), known=KNOWN, hidden=()), known=["police", "nurse"]
        ),
        KeyError,
        "known must name groups of the answers: 'nurse' is not one. Did you mean 'nurses'",
    ),
    "limits that do not enclose one": Bad(
        answers(),
        trimmed(1.2, 2),
        ValueError,
        r"low and high must enclose a ratio of 1: found 1\.2 and 2\. Write for example 0\.5 and 2",
    ),
    "limits as text": Bad(
        answers(), trimmed("0.5", 2), TypeError, r"low must be a number: found '0\.5'\. Write one"
    ),
    "trimming that leaves none": Bad(
        answers(),
        trimmed(0.999, 1.001),
        ValueError,
        r"trimming must leave at least two known groups: 1 of 3 has a ratio between 0\.999 and",
    ),
    "unknown form of recall": Bad(
        answers(), recall("square"), ValueError, "form must be one of line, curve: found 'square'"
    ),
    "shape of recall not positive": Bad(
        answers(), recall("curve", shape=0), ValueError, r"shape must be positive: found 0\. Write"
    ),
    "recall from two groups": Bad(
        answers(),
        recall(known={"police": 2_000, "nurses": 3_000}),
        ValueError,
        r"known must hold at least 3 groups that somebody knows to fit recall .*: found 2\. Add",
    ),
    "recall of three constants from three groups": Bad(
        answers(),
        recall("curve", shape=None),
        ValueError,
        r"known must hold at least 4 groups that somebody knows to fit recall with 3 constants",
    ),
    "recall from groups of one size": Bad(
        answers(),
        recall(known=dict.fromkeys(KNOWN, 2_000)),
        ValueError,
        r"known groups must differ in size to fit recall: found 3 of one size\. Add larger",
    ),
    "band level": Bad(
        answers(),
        lambda data: recall()(data).band([1_000.0], 95),
        ValueError,
        r"level must lie between 0 and 1: found 95\. Write 0\.95",
    ),
    "recalled size of nobody": Bad(
        answers(),
        lambda _: pv.nsum.recalled_size([0.0, 5.0], 100),
        ValueError,
        r"size must be numbers of people above 0: 1 of 2 are not \(first: 0\)",
    ),
    "threshold not positive": Bad(
        answers(),
        lambda _: pv.nsum.recalled_size(5.0, -1),
        ValueError,
        r"threshold must be positive: found -1\. Correct it",
    ),
    "adjusted without transmission": Bad(
        answers(),
        adjusted(transmission=None),
        ValueError,
        r"transmission must be given: found none\. Pass the share",
    ),
    "adjusted with transmission above one": Bad(
        answers(),
        adjusted(transmission=1.2),
        ValueError,
        r"transmission must be above 0 and at most 1: found 1\.2",
    ),
    "adjusted group that nobody reports": Bad(
        answers(),
        adjusted(hidden="nobody"),
        ValueError,
        r"must be reported by somebody to undo recall error: nobody knows anyone in 'nobody'\. Use",
    ),
    "falling line": Bad(
        answers(),
        adjusted(known={"police": 3_000, "nurses": 500, "priests": 9_000}),
        ValueError,
        r"recall line must rise with the known sizes to be undone: its slope is -",
    ),
    "no profile": Bad({}, profile(), ValueError, r"profiles must hold a known group: found none\."),
    "profile of numbers": Bad(
        {"anna": 90.0}, profile(), TypeError, r"profiles\['anna'\] must map cells .*: found float\."
    ),
    "profiles as a list": Bad(
        [1, 2], profile(), TypeError, r"profiles must map groups .* found list"
    ),
    "cell that the population does not have": Bad(
        {"anna": {"woman": 90.0}},
        profile(),
        KeyError,
        r"cells of the population: 'woman' of 'anna' is not one\. Did you mean 'women'",
    ),
    "negative members": Bad(
        {"anna": {"women": -1.0}},
        profile(),
        ValueError,
        r"profiles\['anna'\] must hold numbers of at least 0: 'women' has -1\. Correct it",
    ),
    "group without members": Bad(
        {"anna": {"women": 0.0}},
        profile(),
        ValueError,
        r"profiles must have members: 'anna' has none\. Leave it out",
    ),
    "empty cell of the population": Bad(
        GOOD,
        profile({"women": 510, "men": 0}),
        ValueError,
        r"population must have people in every cell: 'men' has 0\. Join cells",
    ),
    "population without cells": Bad(
        GOOD, profile({}), ValueError, r"population must have a cell: found none\. Give people"
    ),
    "candidate that is known": Bad(
        GOOD,
        profile(candidates={"anna": {"men": 5.0}}),
        ValueError,
        r"candidates must not be known groups already: 'anna' is one\. Leave it out",
    ),
    "test of one profile": Bad(
        {"anna": {"women": 90.0}},
        lambda data: profile()(data).test(),
        ValueError,
        r"at least two known groups to be tested: found 1\. Add one",
    ),
    "test of profiles that are alike": Bad(
        {"anna": {"women": 90.0}, "mary": {"women": 45.0}},
        lambda data: profile()(data).test(),
        ValueError,
        r"known groups must differ in their profiles to be tested: all are alike\. Compare",
    ),
    "limits of the ladder": Bad(
        answers(),
        lambda data: plot.known_groups(validate()(data), limits=(2, 0.5)),
        ValueError,
        r"limits must enclose a ratio of 1: found 2 and 0\.5\. Write \(0\.5, 2\)",
    ),
    "degrees without a population": Bad(
        answers(),
        lambda data: plot.degrees(pv.Answers(survey(data), known=KNOWN, hidden=())),
        ValueError,
        r"population must be a positive number for degrees: found None\. Pass the number",
    ),
    "contours of several rows": Bad(
        answers(),
        lambda data: plot.adjustments(
            pv.nsum.scale_up(survey(data), ["hidden", "any"], known=KNOWN, transmission=1)
        ),
        ValueError,
        r"estimate must have one row: found 2\. Choose one",
    ),
    "contours of another estimate": Bad(
        answers(),
        lambda data: plot.adjustments(pv.direct.mean(survey(data), "police")),
        ValueError,
        r"estimate must tell its adjustments: found none\. Pass what pv\.nsum\.scale_up returns",
    ),
    "contours of nobody": Bad(
        answers(),
        lambda data: plot.adjustments(
            pv.nsum.scale_up(survey(data), "nobody", known=KNOWN, transmission=1)
        ),
        ValueError,
        r"estimate must be positive to be drawn by its adjustments: found 0\. Nobody reported",
    ),
    "range of transmission": Bad(
        answers(),
        lambda data: plot.adjustments(
            pv.nsum.scale_up(survey(data), "hidden", known=KNOWN, transmission=1),
            transmission=(0.9, 0.2),
        ),
        ValueError,
        r"transmission must be an increasing range above 0: found 0\.9 to 0\.2\. Write",
    ),
}


@pytest.mark.filterwarnings("ignore:nobody reported knowing")
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name: str) -> None:
    refused(BAD[name])


def test_answers_that_cannot_rise_are_warned_of() -> None:
    known = {"police": 2_000, "nurses": 2_300, "priests": 1_800}
    with pytest.warns(pv.PrevalenceWarning) as caught:
        adjusted(known=known)(answers())
    assert any("above the largest" in str(w.message) or "below" in str(w.message) for w in caught)
