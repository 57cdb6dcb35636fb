"""One row per bad input of a design: which message comes back, and nothing is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import prevalence as pv


def rows() -> dict[str, Any]:
    """Twelve households in six primary units of two strata, with a record of their selection."""
    area = np.repeat(np.arange(6), 2)
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "region": np.repeat(["N", "S"], 6),
        "ea": area,
        "person": np.arange(12),
        "p": np.array([0.2, 0.3, 0.1, 0.25, 0.4, 0.15])[area],
        "segments": np.array([1, 2, 1, 1, 3, 1])[area],
        "listed": np.array([40, 60, 80, 20, 30, 50])[area],
        "chosen": np.array([20, 20, 20, 10, 10, 10])[area],
        "times": np.tile([1, 4, 2], 4),
        "drawn": np.array([1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0]),
        "group": np.tile(["a", "b"], 6),
        "age": np.array([5.0, 9, 12, 17, 8, 7, 14, 15, 6, 11, 10, 13]),
    }


def at(name: str, row: int | slice, value: Any) -> dict[str, Any]:
    column = rows()[name].astype(object if isinstance(value, str) else float)
    column[row] = value
    return {**rows(), name: column}


def survey(data: Any, **how: Any) -> pv.Survey:
    return pv.Survey(data, **{"weights": "w", "strata": "region", "psu": "ea", **how})


def pps(data: Any, **how: Any) -> pv.Survey:
    return survey(data, **{"weights": None, "fpc": "p", "pps": "brewer", **how})


def independent() -> Any:
    chance = rows()["p"][::2]
    table = np.outer(chance, chance)
    np.fill_diagonal(table, chance)
    return table


def joint(data: Any, *changes: tuple[int, int, float]) -> pv.Survey:
    same = np.arange(6)[:, None] // 3 == np.arange(6) // 3
    table = independent() * np.where(same & ~np.eye(6, dtype=bool), 0.9, 1.0)
    for i, j, value in changes:
        table[i, j] = value
    return pps(data, pps="joint", joint=table)


def selection(data: Any, **how: Any) -> pv.Survey:
    given = {
        "ea_probability": "p",
        "segments": "segments",
        "listed": "listed",
        "selected": "chosen",
        "psu": "ea",
    }
    return pv.Survey.from_selection(data, **{**given, **how})


def venues(data: Any, **how: Any) -> pv.Survey:
    given = {
        "probability": "p",
        "counted": "listed",
        "intercepted": "chosen",
        "visits": "times",
        "psu": "ea",
    }
    return pv.Survey.from_venues(data, **{**given, **how})


def phase(data: Any, **how: Any) -> pv.Survey:
    return survey(data).second_phase("drawn", **how)


class Bad(NamedTuple):
    """What is given, what is asked of it, and the kind and text of the error."""

    data: Any
    ask: Callable[[Any], Any]
    kind: type[Exception]
    message: str


STAGES: dict[str, Any] = {"psu": None, "stages": ["ea", "person"]}
CASES = {
    # populations
    "second stage below its sample": Bad(
        {**rows(), "n": np.full(12, 9.0), "m": np.full(12, 1.0) * 1.5},
        lambda d: survey(d, **STAGES, fpc=["n", "m"]),
        ValueError,
        "fpc of stage 2 must be at least the number of sampled units: a group has 2 sampled of 1.5",
    ),
    "second stage of zero": Bad(
        {**rows(), "n": np.full(12, 9.0), "m": np.r_[0.0, np.full(11, 5.0)]},
        lambda d: survey(d, **STAGES, fpc=["n", "m"]),
        ValueError,
        r"fpc of stage 2 must be positive .*: 1 of 12 rows are not\. .*infinite population is inf",
    ),
    "second stage mixed": Bad(
        {**rows(), "n": np.full(12, 9.0), "m": np.r_[np.full(6, 0.5), np.full(6, 5.0)]},
        lambda d: survey(d, **STAGES, fpc=["n", "m"]),
        ValueError,
        r"fpc of stage 2 must be all counts or all fractions: found both \(0\.5 and 5\)",
    ),
    "mixed beside infinite": Bad(
        {**rows(), "n": np.r_[np.full(6, 0.5), np.full(3, 5.0), np.full(3, np.inf)]},
        lambda d: survey(d, fpc="n"),
        ValueError,
        r"all counts or all fractions: found both \(0\.5 and 5\)",
    ),
    "missing population": Bad(
        {**rows(), "n": np.r_[np.nan, np.full(11, 9.0)]},
        lambda d: survey(d, fpc="n"),
        ValueError,
        "fpc of stage 1 must be positive .*: 1 of 12 rows are not",
    ),
    "infinite population without weights": Bad(
        {**rows(), "n": np.full(12, np.inf)},
        lambda d: survey(d, weights=None, fpc="n"),
        ValueError,
        "weights must be given where a population is infinite: found inf in the fpc of stage 1",
    ),
    # unequal probabilities
    "unknown method": Bad(
        rows(), lambda d: pps(d, pps="Brewer"), ValueError, "Did you mean 'brewer'"
    ),
    "unknown form": Bad(
        rows(),
        lambda d: pps(d, pps="overton", pps_variance="YG"),
        ValueError,
        "pps_variance must be one of yates-grundy, horvitz-thompson: found 'YG'",
    ),
    "Brewer's other form": Bad(
        rows(),
        lambda d: pps(d, pps_variance="horvitz-thompson"),
        ValueError,
        "pps_variance must be left out with pps='brewer'",
    ),
    "no probabilities": Bad(
        rows(),
        lambda d: pps(d, fpc=None),
        ValueError,
        "fpc must hold the inclusion probabilities of the primary units with pps='brewer': found no",
    ),
    "counts for probabilities": Bad(
        rows(),
        lambda d: pps(d, fpc="listed"),
        ValueError,
        r"inclusion probabilities above 0 and at most 1: 12 of 12 rows are not \(first: row 0, 40\)",
    ),
    "probability of zero": Bad(
        at("p", 3, 0.0), pps, ValueError, r"at most 1: 1 of 12 rows is not \(first: row 3, 0\)"
    ),
    "missing probability": Bad(
        at("p", 3, np.nan), pps, ValueError, r"at most 1: 1 of 12 rows is not \(first: row 3, nan\)"
    ),
    "probability that varies": Bad(
        at("p", 3, 0.9), pps, ValueError, "constant within primary units: it varies within 1 of 6"
    ),
    "joint without pps": Bad(
        rows(),
        lambda d: survey(d, joint=np.eye(6)),
        ValueError,
        "joint must be given with pps='joint' and only with it: found pps=None and a joint",
    ),
    "pps without joint": Bad(
        rows(), lambda d: pps(d, pps="joint"), ValueError, "found pps='joint' and no joint"
    ),
    "joint of the wrong size": Bad(
        rows(),
        lambda d: pps(d, pps="joint", joint=np.eye(12)),
        ValueError,
        r"joint must be a table of 6 x 6 primary units: found shape \(12, 12\)",
    ),
    "joint with another diagonal": Bad(
        rows(), lambda d: joint(d, (1, 1, 0.9)), ValueError, "on its diagonal: 1 of 6 differ"
    ),
    "joint of zero": Bad(
        rows(),
        lambda d: joint(d, (0, 1, 0.0), (1, 0, 0.0)),
        ValueError,
        r"above 0 and at most either probability: 2 entries are not \(first: 0 between .* 0\.2 and",
    ),
    "joint above a probability": Bad(
        rows(), lambda d: joint(d, (0, 1, 0.25)), ValueError, "joint must be symmetric, above 0"
    ),
    "joint across strata": Bad(
        rows(),
        lambda d: joint(d, (0, 5, 0.02), (5, 0, 0.02)),
        ValueError,
        "product of the probabilities across strata, .*: 1 pairs are not",
    ),
    "joint of independent draws": Bad(
        rows(),
        lambda d: pps(d, pps="joint", joint=independent()),
        ValueError,
        "of samples of a fixed size .* found independent draws",
    ),
    "joint with a single unit": Bad(
        {**rows(), "region": np.repeat(["N", "S"], [10, 2])},
        lambda d: pps(d, pps="overton", single_psu="average"),
        ValueError,
        "single_psu must be 'certainty' or 'remove' with pps='overton': found 'average' and 1",
    ),
    # from the record of a selection
    "probability above one": Bad(
        at("p", slice(0, 2), 20.0),
        selection,
        ValueError,
        r"ea_probability must be above 0 and at most 1: 2 of 12 .*\(first: row 0, 20\)",
    ),
    "missing area probability": Bad(
        at("p", 4, np.nan), selection, ValueError, "ea_probability must be complete: 1 of 12"
    ),
    "text for a probability": Bad(
        at("p", 4, "high"), selection, TypeError, "ea_probability must be numbers: column 'p' holds"
    ),
    "unknown column of segments": Bad(
        rows(), lambda d: selection(d, segments="segment"), KeyError, "Did you mean 'segments'"
    ),
    "part of a segment": Bad(
        at("segments", 2, 1.5),
        selection,
        ValueError,
        "segments must be whole numbers of at least 1",
    ),
    "none selected": Bad(
        at("chosen", 2, 0.0), selection, ValueError, r"selected must be whole .*\(first: row 2, 0\)"
    ),
    "more selected than listed": Bad(
        at("chosen", slice(6, 8), 21.0),
        selection,
        ValueError,
        r"selected must be at most listed: 2 of 12 rows are not \(first: row 6, 21\)",
    ),
    "listed alone": Bad(
        rows(),
        lambda d: selection(d, selected=None),
        ValueError,
        "listed and selected must be given together: found listed alone",
    ),
    "area whose record varies": Bad(
        at("listed", 3, 61.0),
        selection,
        ValueError,
        r"listed must be constant within 'ea': it varies in 1 of 6 \(first: row 2\)",
    ),
    "weights beside a selection": Bad(
        rows(), lambda d: selection(d, weights="w"), TypeError, "found weights= too"
    ),
    "no visits": Bad(
        at("times", 5, 0.0),
        venues,
        ValueError,
        r"visits must be positive and finite: 1 of 12 rows is not \(first: row 5, 0\)",
    ),
    "more met than counted": Bad(
        at("chosen", slice(0, 2), 41.0),
        venues,
        ValueError,
        "intercepted must be at most counted: 2",
    ),
    "counted alone": Bad(
        rows(),
        lambda d: venues(d, intercepted=None),
        ValueError,
        "counted and intercepted must be given together: found counted alone",
    ),
    "venue probability of zero": Bad(
        at("p", 0, 0.0), venues, ValueError, "probability must be above 0 and at most 1: 1 of 12"
    ),
    # second phase
    "selection of twos": Bad(
        at("drawn", 1, 2.0), phase, ValueError, r"selected must be 0 or 1: 1 of 12 .*row 1, 2\)"
    ),
    "missing selection": Bad(
        at("drawn", 1, np.nan), phase, ValueError, "selected must be 0 or 1: 1 of 12"
    ),
    "nothing selected": Bad(
        at("drawn", slice(None), 0.0), phase, ValueError, "must be 1 in some rows: all 12 are 0"
    ),
    "a group without a drawn row": Bad(
        {**rows(), "drawn": np.tile([1, 0], 6)},
        lambda d: phase(d, strata="group"),
        ValueError,
        r"two rows or more of every second-phase stratum: 1 of 2 have no \(first: 'b', of 6\)",
    ),
    "a group of two with one drawn row": Bad(
        {**rows(), "group": np.r_[["c"] * 2, ["a"] * 10], "drawn": np.r_[1, 0, np.tile([1, 0], 5)]},
        lambda d: phase(d, strata="group"),
        ValueError,
        r"1 of 2 have one \(first: 'c', of 2\)",
    ),
    "a group with one drawn row": Bad(
        {**rows(), "drawn": np.r_[1, np.tile([1, 0], 5), 0]},
        lambda d: phase(d, strata="group"),
        ValueError,
        r"1 of 2 have one \(first: 'a', of 6\)",
    ),
    "strata and probability": Bad(
        rows(),
        lambda d: phase(d, strata="group", probability="p"),
        ValueError,
        "strata and probability must not both be given",
    ),
    "second-phase probability": Bad(
        at("p", 0, 1.5),
        lambda d: phase(d, probability="p"),
        ValueError,
        r"above 0 and at most 1 where selected: 1 of 12 rows is not \(first: row 0, 1\.5\)",
    ),
    "after a step": Bad(
        rows(),
        lambda d: survey(d).trim(2).second_phase("drawn"),
        ValueError,
        "second_phase must come directly on the base weights: found trim",
    ),
    "after replicates": Bad(
        rows(),
        lambda d: survey(d).jackknife().second_phase("drawn"),
        ValueError,
        "second_phase must come directly on the base weights: found replicates",
    ),
    "after unequal probabilities": Bad(
        rows(), lambda d: pps(d).second_phase("drawn"), ValueError, "Leave out pps= and its fpc"
    ),
    "a third phase": Bad(
        rows(), lambda d: phase(d).second_phase("drawn"), ValueError, "must follow one phase"
    ),
    "an adjusted first phase": Bad(
        {**rows(), "region": np.repeat(["N", "S"], [10, 2])},
        lambda d: survey(d, single_psu="adjust").second_phase("drawn"),
        ValueError,
        "single_psu must not be 'adjust' in a first phase: found strata of one",
    ),
    "jackknife of two phases": Bad(
        rows(),
        lambda d: phase(d).jackknife(),
        ValueError,
        "replicates must resample a sample of one",
    ),
    "bootstrap of two phases": Bad(
        rows(),
        lambda d: phase(d).bootstrap(10, rng=1),
        ValueError,
        "replicates must resample a sample of one phase",
    ),
    "bootstrap of unequal probabilities": Bad(
        rows(),
        lambda d: pps(d).bootstrap(10, rng=1),
        ValueError,
        "drawn with equal probabilities or",
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_bad_input_is_refused_and_not_changed(name: str) -> None:
    case = CASES[name]
    before = copy.deepcopy(case.data)
    with pytest.raises(case.kind, match=case.message):
        case.ask(case.data)
    for column, values in before.items():
        np.testing.assert_array_equal(case.data[column], values)


def test_the_same_inputs_without_the_fault_are_taken() -> None:
    for made in (
        survey(rows()),
        pps(rows()),
        joint(rows()),
        selection(rows()),
        venues(rows()),
        phase(rows(), strata="group"),
        phase(rows(), probability="p"),
    ):
        assert np.isfinite(pv.direct.mean(made, "age").std_error).all()
