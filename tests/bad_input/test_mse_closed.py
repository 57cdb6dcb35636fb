"""What closed-population models, one-inflation and sensitivity answer to bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused

THREE = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]


def given(*counts: float, rows: list[list[int]] | None = None) -> dict[str, Any]:
    table = THREE if rows is None else rows
    names = ["police", "shelter", "school"][: len(table[0])]
    return {name: [row[j] for row in table] for j, name in enumerate(names)} | {"w": list(counts)}


PLENTY = given(160, 174, 148, 21, 19, 12, 6)
APART = given(40, 30, rows=[[1, 0], [0, 1]])
RISING = given(20, 60, 90, 6, 5, 9, 2)
NO_TRIPLES = given(60, 50, 40, 9, 8, 7, 0)


def lists(data: Any) -> pv.Lists:
    return pv.Lists(data, [name for name in data if name != "w"], counts="w")


def closed(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.closed(lists(data), **how)


def inflation(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.one_inflation(lists(data), **how)


def sensitivity(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.sensitivity(lists(data), **how)


CASES = {
    "no overlap of two": Bad(
        APART,
        lambda d: pv.mse.lincoln_petersen(lists(d), between=("police", "shelter")),
        ValueError,
        r"nobody is on both police \(40\) and shelter \(30\), so the size is not identified: n1 n2 / "
        r"m is infinite\. If the two lists were independent it would be at least 401 \(95 % lower "
        r"bound\); without that, at least the 70 seen\.",
    ),
    "no overlap of a pair of three": Bad(
        given(60, 50, 40, 0, 8, 7, 0),
        sensitivity(pair=("police", "shelter")),
        ValueError,
        "nobody is on both police and shelter, so .* even with the odds ratio known; the 165 seen",
    ),
    "no overlap of a model": Bad(
        APART, closed(), ValueError, "so the number on no list is not identified.* lower bound: at"
    ),
    "a pair of one": Bad(
        PLENTY,
        lambda d: pv.mse.lincoln_petersen(lists(d), between=("police", "police")),
        ValueError,
        "between must be two different lists: found",
    ),
    "a list not there": Bad(
        PLENTY,
        sensitivity(pair=("police", "sheltr")),
        KeyError,
        "'sheltr' is not one. Did you mean 'shelter'",
    ),
    "an unknown model": Bad(
        PLENTY, closed(model="Mtb"), ValueError, "model must be one of M0, Mt, Mh, Mth, Mb, Mbh"
    ),
    "an unknown law of visibility": Bad(
        PLENTY,
        closed(model="Mh", heterogeneity="beta"),
        ValueError,
        "heterogeneity must be one of chao, poisson, darroch, gamma, normal: found 'beta'",
    ),
    "visibility of equal persons": Bad(
        PLENTY,
        closed(model="Mt", heterogeneity="chao"),
        ValueError,
        "heterogeneity is for the models Mh and Mth: found 'chao' with Mt",
    ),
    "two lists for unequal persons": Bad(
        given(40, 30, 10, rows=[[1, 0], [0, 1], [1, 1]]),
        closed(model="Mth"),
        ValueError,
        "lists must be at least 3 for model Mth: found 2",
    ),
    "response without an order": Bad(
        PLENTY, closed(model="Mb"), ValueError, "model Mb needs lists in an order of time: .*Write"
    ),
    "ordered as a word": Bad(
        PLENTY,
        closed(model="Mb", ordered="yes"),
        TypeError,
        "ordered must be True or False: found 'yes'",
    ),
    "first captures that rise": Bad(
        RISING,
        closed(model="Mb", ordered=True),
        ValueError,
        "first captures must fall from list to list, and they are 33, 69, 90, so the size would be "
        r"infinite or negative\. At least the 192 seen is what stands",
    ),
    "no maximum": Bad(
        NO_TRIPLES,
        closed(model="Mh", heterogeneity="darroch"),
        ValueError,
        "under Mh with heterogeneity 'darroch' no maximum of the likelihood exists; the persons "
        r"captured 1, 2, \.\. times are 150, 24, 0\. At least the 174 seen",
    ),
    "a correction that is not known": Bad(
        given(60, 50, 40, 9, 8, 7, 3),
        closed(model="Mth", heterogeneity="gamma", bias_corrected=True),
        ValueError,
        "bias_corrected is not known for model Mth with heterogeneity 'gamma'",
    ),
    "a profile of corrected counts": Bad(
        PLENTY,
        closed(bias_corrected=True, interval="profile"),
        ValueError,
        "interval must not be 'profile' with bias_corrected=True",
    ),
    "a profile and a bootstrap": Bad(
        PLENTY,
        lambda d: pv.mse.loglinear(lists(d).bootstrap(20, rng=1), interval="profile"),
        ValueError,
        "interval must not be 'profile' for lists with a bootstrap",
    ),
    "an unknown interval": Bad(
        PLENTY, closed(interval="wald"), ValueError, "interval must be one of dark-figure, profile"
    ),
    "a level beyond the profile": Bad(
        PLENTY,
        lambda d: pv.mse.closed(lists(d), interval="profile").interval(0.99999),
        ValueError,
        "level must be at most 0.9999 for profile limits: found 0.99999",
    ),
    "an unknown mechanism": Bad(
        PLENTY,
        inflation(mechanism="ztoi"),
        ValueError,
        "mechanism must be one of before, after, duplicates: found 'ztoi'",
    ),
    "an unknown law of captures": Bad(
        PLENTY,
        inflation(mechanism="after", law="poisson"),
        ValueError,
        "law must be one of unequal, equal, bound: found 'poisson'",
    ),
    "a bound of another mechanism": Bad(
        PLENTY,
        inflation(mechanism="after", law="bound"),
        ValueError,
        "law must be 'unequal' or 'equal' for mechanism 'after': found 'bound'",
    ),
    "two lists without singletons": Bad(
        given(40, 30, 10, rows=[[1, 0], [0, 1], [1, 1]]),
        inflation(mechanism="before"),
        ValueError,
        "lists must be at least 3 to leave out persons captured once: found 2",
    ),
    "nothing captured three times": Bad(
        NO_TRIPLES,
        inflation(mechanism="before"),
        ValueError,
        r"without those captured once: no maximum .* 1, 2, \.\. times are 150, 24, 0\. At least the",
    ),
    "an empty history": Bad(
        NO_TRIPLES,
        sensitivity(),
        ValueError,
        "persons in every history for the odds ratio of highest order: 1 of 7 have none, .*pair=",
    ),
    "an odds ratio of 0": Bad(
        PLENTY,
        sensitivity(odds_ratio=(0, 4)),
        ValueError,
        r"odds_ratio must hold positive numbers: 1 of 2 are not \(first: 0\)\. Write a range",
    ),
    "no odds ratio": Bad(PLENTY, sensitivity(odds_ratio=()), ValueError, "0 of 0 are not"),
    "a pair as a word": Bad(
        PLENTY,
        sensitivity(pair="police"),
        ValueError,
        "pair must be two different lists: found 'police'",
    ),
    "no lists": Bad(
        PLENTY,
        pv.mse.sensitivity,
        TypeError,
        "lists must be a Lists: found dict",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str) -> None:
    refused(CASES[name])


def test_no_excess_of_singletons_is_said() -> None:
    data = given(5, 6, 4, 30, 28, 26, 20)
    with pytest.warns(pv.PrevalenceWarning, match="fewer persons are captured once") as caught:
        e = pv.mse.one_inflation(lists(data), mechanism="after")
    assert len(caught) == 1
    assert any("no excess" in text for text in e.warnings)
    assert float(e) == pytest.approx(float(pv.mse.closed(lists(data))))


def test_equal_persons_are_said() -> None:
    data = given(100, 101, 99, 60, 61, 59, 21)
    with pytest.warns(pv.PrevalenceWarning, match="variance 0: persons appear equal"):
        e = pv.mse.closed(lists(data), model="Mh", heterogeneity="normal")
    # The variance stands at 1e-8, not 0.
    assert float(e) == pytest.approx(float(pv.mse.closed(lists(data), model="M0")), rel=1e-6)
