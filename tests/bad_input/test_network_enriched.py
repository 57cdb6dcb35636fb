"""Bad inputs of enriched network data: each is refused with its numbers, and nothing is changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused


def rows() -> dict[str, Any]:
    """Six respondents and six hidden people in one table, for two surveys."""
    return {
        "id": np.array(["a", "b", "c", "d", "e", "f"]),
        "sex": np.array(["F", "M", "F", "M", "F", "M"]),
        "w": np.full(6, 100.0),
        "y": np.array([1.0, 0, 2, 0, 1, 0]),
        "police": np.array([3.0, 2, 4, 1, 2, 3]),
        "aware": np.array([1.0, 2, 2, 0, 1, 1]),
    }


def with_(**columns: Any) -> dict[str, Any]:
    return {**rows(), **columns}


def survey(data: Any, source: str = "frame") -> pv.Survey:
    return pv.Survey(data, weights="w", source=source)


def generalised(data: Any, **how: Any) -> pv.Estimate:
    arguments = {"aware": {"aware": 50}, "frame_size": 600, **how}
    return pv.nsum.generalized(survey(data), survey(data, "visits"), "y", **arguments)


def game(data: Any, **how: Any) -> pv.Estimate:
    arguments = {"aware": "aware", "known": "police", **how}
    return pv.nsum.game_of_contacts(survey(data), **arguments)


def ratio(data: Any, known: Any = None) -> pv.Estimate:
    known = {"police": 50} if known is None else known
    return pv.nsum.degree_ratio(survey(data, "visits"), survey(data), known=known)


def rates(data: Any, alters: Any = None, **how: Any) -> pv.Estimate:
    alters = {"id": ["a", "b", "c"], "sex": ["F", "M", "M"]} if alters is None else alters
    arguments = {"on": "id", "by": "sex", "known": {"police": 50}, "frame_size": 600, **how}
    return pv.nsum.network_rates(survey(data), alters, **arguments)


def gap(name: str, row: int) -> dict[str, Any]:
    column = rows()[name].copy()
    column[row] = np.nan
    return with_(**{name: column})


GENERALISED = {
    "normalised weights": Bad(
        with_(w=np.ones(6)),
        generalised,
        ValueError,
        r"weights must be expansion weights, .* found a sum of 6 for a frame_size of 600\. Weight",
    ),
    "a sum of half the frame and less": Bad(
        rows(), lambda d: generalised(d, frame_size=1_300), ValueError, "a frame_size of 1,300"
    ),
    "frame of nobody": Bad(
        rows(),
        lambda d: generalised(d, frame_size=0),
        ValueError,
        "frame_size must be a positive number: found 0",
    ),
    "frame in words": Bad(
        rows(), lambda d: generalised(d, frame_size="600"), TypeError, "frame_size must be a number"
    ),
    "precision above 1": Bad(
        rows(),
        lambda d: generalised(d, precision=1.2),
        ValueError,
        r"precision must be above 0 and at most 1: found 1\.2",
    ),
    "precision 0": Bad(
        rows(), lambda d: generalised(d, precision=0), ValueError, "precision must be above 0"
    ),
    "nobody aware": Bad(
        with_(aware=np.zeros(6)),
        generalised,
        ValueError,
        "aware must hold a report: no respondent of hidden_sample",
    ),
    "more aware than the group has members": Bad(
        rows(),
        lambda d: generalised(d, aware={"aware": 1}),
        ValueError,
        r"aware must be numbers up to the size of the group, 1 in 'aware': 2 of 6 rows are not "
        r"\(first: row 1, 2\)",
    ),
    "group larger than the frame": Bad(
        rows(),
        lambda d: generalised(d, aware={"aware": 700}),
        ValueError,
        "must be smaller than the population: 'aware' has 700 of 600",
    ),
    "no probe group": Bad(
        rows(), lambda d: generalised(d, aware={}), ValueError, "must map columns to sizes"
    ),
    "missing aware": Bad(
        gap("aware", 2),
        generalised,
        ValueError,
        r"aware must be complete: 'aware' is missing in 1 of 6 rows with weight \(first: row 2\)",
    ),
    "missing report": Bad(
        gap("y", 4), generalised, ValueError, r"hidden must be complete: 'y' is missing in 1 of 6"
    ),
    "negative report": Bad(
        with_(y=np.array([1.0, 0, -2, 0, 1, 0])),
        generalised,
        ValueError,
        r"hidden must be numbers of at least 0 in 'y': 1 of 6 rows is not \(first: row 2, -2\)",
    ),
    "half an alter": Bad(
        with_(aware=np.array([1.0, 0.5, 2, 0, 1, 1])),
        generalised,
        ValueError,
        "aware must be whole numbers in 'aware'",
    ),
    "share in the frame alone": Bad(
        rows(), lambda d: generalised(d, in_frame=0.5), ValueError, "must come with population"
    ),
    "population without the share": Bad(
        rows(),
        lambda d: generalised(d, population=900),
        ValueError,
        "in_frame must be given with population: found none",
    ),
    "population below the frame": Bad(
        rows(),
        lambda d: generalised(d, population=500, in_frame=0.5),
        ValueError,
        "population must be at least frame_size: found 500 and 600",
    ),
    "share above 1": Bad(
        rows(),
        lambda d: generalised(d, population=900, in_frame=1.5),
        ValueError,
        r"in_frame must be above 0 and at most 1: found 1\.5",
    ),
    "condition of no hidden group": Bad(
        rows(),
        lambda d: generalised(d, hidden_where={"x": "sex == 'F'"}),
        KeyError,
        "hidden_where must name hidden groups: 'x' is not one",
    ),
    "conditions of some": Bad(
        rows(),
        lambda d: generalised(d, hidden_where={}),
        ValueError,
        "hidden_where must have a condition for every hidden group: 'y' has none",
    ),
    "no hidden group": Bad(
        rows(),
        lambda d: pv.nsum.generalized(
            survey(d), survey(d, "visits"), aware={"aware": 50}, frame_size=600
        ),
        ValueError,
        "hidden must name a column: found none",
    ),
    "a table for a sample": Bad(
        rows(),
        lambda d: pv.nsum.generalized(survey(d), d, "y", aware={"aware": 50}, frame_size=600),
        TypeError,
        "hidden_sample must be a Survey or Answers: found dict",
    ),
    "unknown word": Bad(
        rows(), lambda d: generalised(d, missing="drop"), ValueError, "missing must be one of"
    ),
    "unknown column": Bad(
        rows(), lambda d: generalised(d, aware={"awere": 50}), KeyError, "Did you mean 'aware'"
    ),
}

CONTACTS = {
    "more aware than known": Bad(
        with_(aware=np.array([1.0, 2, 5, 0, 1, 4])),
        game,
        ValueError,
        r"aware must be at most the alters known, 'aware' against 'police': 2 of 6 rows are not "
        r"\(first: row 2, 5\)",
    ),
    "nobody known": Bad(
        with_(aware=np.zeros(6), police=np.zeros(6)),
        game,
        ValueError,
        "known must hold an alter: hidden respondents know nobody in the probe groups",
    ),
    "nobody known in a domain": Bad(
        with_(aware=np.array([1.0, 0, 2, 0, 1, 0]), police=np.array([3.0, 0, 4, 0, 2, 0])),
        lambda d: game(d, by="sex"),
        ValueError,
        "known must hold an alter: hidden respondents of M know nobody",
    ),
    "groups do not pair": Bad(
        rows(),
        lambda d: game(d, known=["police", "y"]),
        ValueError,
        "aware and known must name the same probe groups: found 1 and 2 columns",
    ),
    "no column": Bad(rows(), lambda d: game(d, aware=[], known=[]), ValueError, "found none"),
    "missing known": Bad(
        gap("police", 1), game, ValueError, r"known must be complete: 'police' is missing in 1 of 6"
    ),
    "a table": Bad(
        rows(),
        lambda d: pv.nsum.game_of_contacts(d, aware="aware", known="police"),
        TypeError,
        "hidden_sample must be a Survey or Answers: found dict",
    ),
    "ratio without groups": Bad(
        rows(),
        lambda d: pv.nsum.degree_ratio(survey(d, "visits"), survey(d)),
        ValueError,
        "known must map columns to sizes of groups",
    ),
    "ratio of missing answers": Bad(
        gap("police", 0), ratio, ValueError, "known must be complete: 'police' is missing"
    ),
    "ratio of other groups": Bad(
        rows(),
        lambda d: pv.nsum.degree_ratio(
            pv.Answers(survey(d, "visits"), known={"police": 50}, hidden=()),
            pv.Answers(survey(d), known={"w": 500}, hidden=()),
        ),
        ValueError,
        "known groups must be the same in both samples: 'police' is in one of them alone",
    ),
    "ratio of other sizes": Bad(
        rows(),
        lambda d: pv.nsum.degree_ratio(
            pv.Answers(survey(d, "visits"), known={"police": 50}, hidden=()),
            pv.Answers(survey(d), known={"police": 60}, hidden=()),
        ),
        ValueError,
        "known groups must have one size: 'police' has 50 and 60",
    ),
}

RATES = {
    "alter of nobody": Bad(
        rows(),
        lambda d: rates(d, {"id": ["a", "z"], "sex": ["F", "M"]}),
        ValueError,
        r"on must match: 1 of 2 alters have no respondent of their key \(first: row 1\)",
    ),
    "key twice": Bad(
        with_(id=np.array(["a", "a", "b", "c", "d", "e"])),
        rates,
        ValueError,
        "on must identify respondents: 'id' stands more than once for 1 of them",
    ),
    "neither size": Bad(
        rows(),
        lambda d: rates(d, frame_size=None),
        ValueError,
        "frame_size or cell_sizes must be given, one of them: found none",
    ),
    "both sizes": Bad(
        rows(), lambda d: rates(d, cell_sizes={"F": 10, "M": 9}), ValueError, "found both"
    ),
    "no cell": Bad(
        rows(),
        lambda d: rates(d, frame_size=None, cell_sizes={}),
        ValueError,
        "cell_sizes must map cells to numbers of people",
    ),
    "cell of nobody": Bad(
        rows(),
        lambda d: rates(d, frame_size=None, cell_sizes={"F": 10, "M": 0}),
        ValueError,
        "cell_sizes must be a positive number: found 0",
    ),
    "labels for too many traits": Bad(
        rows(),
        lambda d: rates(d, frame_size=None, cell_sizes={("F", "5-11"): 10}),
        ValueError,
        "cell_sizes must have a label for each trait of by: 'F, 5-11' has 2 of 1",
    ),
    "cell without respondents": Bad(
        rows(),
        lambda d: rates(d, frame_size=None, cell_sizes={"F": 10, "girl": 5}),
        ValueError,
        "cell_sizes must be of cells with respondents: nobody is in 'girl'",
    ),
    "all respondents by the frame's size": Bad(
        rows(),
        lambda d: rates(d, match=[]),
        ValueError,
        "who must share all traits: found 0 of 1 in match",
    ),
    "match of another trait": Bad(
        rows(),
        lambda d: rates(d, match=["age"]),
        ValueError,
        "match must name traits of by: 'age' is not one of sex",
    ),
    "no trait": Bad(
        rows(), lambda d: rates(d, by=[]), ValueError, "by must name a trait of the alters"
    ),
    "trait missing": Bad(
        rows(),
        lambda d: rates(d, {"id": ["a", "b"], "sex": ["F", None]}),
        ValueError,
        "by must be complete: column 'sex' is missing in 1 of 2 rows",
    ),
    "negative count": Bad(
        rows(),
        lambda d: rates(d, {"id": ["a", "b"], "sex": ["F", "M"], "n": [1, -1]}, count="n"),
        ValueError,
        r"count must be numbers of at least 0: 1 of 2 rows is not \(first: row 1, -1\)",
    ),
    "a cell knows nobody": Bad(
        with_(police=np.array([3.0, 0, 4, 0, 2, 0])),
        rates,
        ValueError,
        r"known must have reports in every cell: respondents of 1 of 2 know nobody \(first: 'M'\)",
    ),
    "no known group": Bad(
        rows(), lambda d: rates(d, known=None), ValueError, "known must map columns to sizes"
    ),
}


five: Any = 5.0


def quantity(value: float = 10.0, error: float = 1.0) -> pv.Estimate:
    return pv.uncertain(value, std_error=error)


BLENDS = {
    "a number": Bad(
        {}, lambda _: pv.nsum.blend(quantity(), five), TypeError, "two must be an Estimate"
    ),
    "weight above 1": Bad(
        {},
        lambda _: pv.nsum.blend(quantity(), quantity(), weight=1.5),
        ValueError,
        r"weight must lie between 0 and 1: found 1\.5",
    ),
    "weights of other rows": Bad(
        {},
        lambda _: pv.nsum.blend(quantity(), quantity(), weight=[0.5, 0.5]),
        ValueError,
        r"weight must be one number, or one per row: found shape \(2,\) for 1 rows",
    ),
    "weight in words": Bad(
        {},
        lambda _: pv.nsum.blend(quantity(), quantity(), weight="best"),
        ValueError,
        "weight must be a number or 'recomputed': found 'best'",
    ),
    "no standard error": Bad(
        {},
        lambda _: pv.nsum.blend(quantity(), quantity(error=0.0)),
        ValueError,
        "estimates to blend must have standard errors: 1 of 1 rows have none or 0",
    ),
    "other units": Bad(
        rows(),
        lambda d: pv.nsum.blend(pv.direct.mean(survey(d), "y"), pv.direct.total(survey(d), "y")),
        ValueError,
        "must have the same rows and unit: found 1 and 1 rows, mean and total",
    ),
    "other domains": Bad(
        rows(),
        lambda d: pv.nsum.blend(
            pv.direct.mean(survey(d), "police"), pv.direct.mean(survey(d), "police", by="sex")
        ),
        ValueError,
        "must have the same rows and unit: found 1 and 2 rows",
    ),
    "other windows": Bad(
        rows(),
        lambda d: pv.nsum.blend(
            pv.direct.mean(survey(d), "y").describe(window="2022"),
            pv.direct.mean(survey(d), "y").describe(window="2023"),
        ),
        ValueError,
        r"must be of one quantity: they differ in window \(2022 / 2023\)",
    ),
}

ALL = {
    f"{area}: {name}": case
    for area, cases in (
        ("generalised", GENERALISED),
        ("contacts", CONTACTS),
        ("rates", RATES),
        ("blend", BLENDS),
    )
    for name, case in cases.items()
}


@pytest.mark.filterwarnings("ignore:.*respondents know nobody in any known group")
@pytest.mark.parametrize("name", ALL)
def test_it_is_refused_with_its_numbers(name: str) -> None:
    refused(ALL[name])
