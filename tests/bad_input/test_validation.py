"""One row per bad input of validation subsamples and of reports about others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused, replaced, survey

NAN = np.nan
SCREEN = np.array([1.0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1])
GOLD = np.array([1.0, NAN, 0, 0, 1, NAN, 1, NAN, NAN, 1, 0, NAN])


def screened(**columns: Any) -> dict[str, Any]:
    drawn = (~np.isnan(GOLD)).astype(float)
    return replaced(**{"screen": SCREEN, "gold": GOLD, "drawn": drawn, **columns})


def changed(column: Any, row: int | list[int], value: Any) -> Any:
    out = np.array(column, dtype=object if isinstance(value, str) else float)
    out[row] = value
    return out


def validated(**how: Any) -> Callable[[Any], Any]:
    arguments = {"screen": "screen", "gold": "gold", **how}
    return lambda data: pv.misclassification.validation_subsample(survey(data), **arguments)


def reported(told: Any, **how: Any) -> Callable[[Any], Any]:
    arguments = {"on": "key", "reporters": "m", **how}
    return lambda data: pv.direct.multiplicity(survey(data), told, **arguments)


def near(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.direct.neighbourhood(survey(data), "cases", "children", **how)


def rates(**how: Any) -> Callable[[Any], Any]:
    arguments = {"sensitivity": 0.8, "false_report": 0.02, **how}
    return lambda data: pv.misclassification.proxy(
        pv.direct.prevalence(survey(data), "case"), **arguments
    )


def ranges(**how: Any) -> Callable[[Any], Any]:
    arguments = {"sensitivity": (0.5, 0.8), "false_report": (0.0, 0.02), **how}
    return lambda data: pv.misclassification.what_if(
        pv.direct.prevalence(survey(data), "case"), **arguments
    )


def families(**columns: Any) -> dict[str, Any]:
    return replaced(**{"children": np.full(12, 8.0), "cases": np.eye(1, 12)[0], **columns})


REPORTS = {"key": [0, 3, 3], "m": [2, 4, 1], "person": ["a", "b", "c"]}

BAD: dict[str, Bad] = {
    # the two phases
    "gold standard where the screen is missing": Bad(
        screened(screen=changed(SCREEN, 2, NAN)),
        validated(),
        ValueError,
        r"validated rows must be among the screened: 1 of 7 have no screen \(first: row 2\)\. Enter",
    ),
    "the same with missing='drop'": Bad(
        screened(screen=changed(SCREEN, 2, NAN)),
        validated(missing="drop"),
        ValueError,
        r"validated rows must be among the screened: 1 of 7 have no screen \(first: row 2\)",
    ),
    "missing screen without a gold standard": Bad(
        screened(screen=changed(SCREEN, 1, NAN)),
        validated(),
        ValueError,
        r"screen must be complete: 'screen' is missing in 1 of 12 rows with weight \(first: row 1\)\. "
        r"Pass missing='drop' to leave these rows out of both phases",
    ),
    "no screen at all": Bad(
        screened(screen=np.full(12, NAN), gold=np.full(12, NAN)),
        validated(missing="drop"),
        ValueError,
        r"screen must be known in some rows: screen is missing in every row with weight",
    ),
    "screen stratum without a validated row": Bad(
        screened(screen=changed(SCREEN, [1, 5], 2.0)),
        validated(),
        ValueError,
        r"every screen stratum must hold a validated row: 1 of 3 do not \(first: screen = '2', 2 "
        r"rows\)\. Merge strata",
    ),
    "gold standard on rows not drawn": Bad(
        screened(drawn=changed(screened()["drawn"], 0, 0.0)),
        validated(selected="drawn"),
        ValueError,
        r"gold must be seen on selected rows alone: 'gold' is given in 1 of 6 rows that 'drawn' has as "
        r"not drawn \(first: row 0\)\. Correct either",
    ),
    "drawn without a result": Bad(
        screened(drawn=changed(screened()["drawn"], 1, 1.0)),
        validated(selected="drawn"),
        ValueError,
        r"gold must be complete: 'gold' is missing in 1 of 8 rows drawn for validation \(first: row 1\)"
        r"\. Pass missing='drop' to take them as not drawn",
    ),
    "drawn not coded 0 and 1": Bad(
        screened(drawn=changed(screened()["drawn"], 1, 2.0)),
        validated(selected="drawn"),
        ValueError,
        r"selected must be 0 or 1: 1 of 12 rows is not \(first: row 1, 2\)",
    ),
    "gold standard of another kind": Bad(
        screened(gold=changed(GOLD, 3, 7.0)),
        validated(),
        ValueError,
        r"gold must be 0 or 1: 1 of 12 rows is not \(first: row 3, 7\)\. Code cases as 1, and leave it",
    ),
    "gold standard in words": Bad(
        screened(gold=np.array(["yes", "no"] * 6)),
        validated(),
        TypeError,
        r"gold must be numbers: column 'gold' holds text",
    ),
    "unknown screen": Bad(
        screened(),
        validated(screen="scren"),
        KeyError,
        r"screen must be a column of the data: 'scren' is not\. Did you mean 'screen'\?",
    ),
    "no screen named": Bad(
        screened(), validated(screen=[]), ValueError, r"screen must name a column: found none"
    ),
    "unknown form": Bad(
        screened(),
        validated(form="doubel-expansion"),
        ValueError,
        r"form must be one of double-expansion, reweighted: found 'doubel-expansion'\. Did you mean",
    ),
    "unknown interval": Bad(
        screened(), validated(interval="exact"), ValueError, r"interval must be one of auto, logit"
    ),
    "no survey": Bad(
        screened(),
        lambda data: pv.misclassification.validation_subsample(data, screen="screen", gold="gold"),
        TypeError,
        r"survey must be a Survey: found dict\. Make one with pv\.Survey",
    ),
    # reports shared among those who could make them
    "report of an unknown household": Bad(
        replaced(),
        reported({**REPORTS, "key": [0, 77, 88]}),
        ValueError,
        r"reports must be of rows of the survey: 2 of 3 have a key in 'key' that the survey does not "
        r"\(first: report 1\)\. Correct the keys, or drop these reports\.$",
    ),
    "keys that repeat in the survey": Bad(
        replaced(key=np.arange(12) // 2),
        reported(REPORTS),
        ValueError,
        r"on must identify the rows of the survey: 'key' stands more than once for 6 of them",
    ),
    "reporters below one": Bad(
        replaced(),
        reported({**REPORTS, "m": [2, 0, 1]}),
        ValueError,
        r"reporters must be a count of at least 1: 1 of 3 rows is not \(first: row 1, 0\)\. Count the "
        r"informant's own household",
    ),
    "reporters missing": Bad(
        replaced(),
        reported({**REPORTS, "m": [2, NAN, 1]}),
        ValueError,
        r"reporters must be a count of at least 1: 1 of 3 rows is not \(first: row 1, nan\)",
    ),
    "more reports than reporters": Bad(
        replaced(),
        reported({"key": [0, 3, 5], "m": [2, 1, 2], "person": ["a"] * 3}, identity="person"),
        ValueError,
        r"a case must have at most as many reports as households that could make them: 1 of 1 cases "
        r"have more \(first: that of report 0, 3 reports and 2 households\)\. Correct the numbers",
    ),
    "a case told twice by one informant": Bad(
        replaced(),
        reported({**REPORTS, "person": ["a", "b", "b"]}, identity="person"),
        ValueError,
        r"identity must stand once per informant: 1 of 3 reports repeat a case of their own informant "
        r"\(first: report 2\)\. Drop",
    ),
    "cases that are negative": Bad(
        replaced(),
        reported({**REPORTS, "y": [1, -1, 1]}, case="y"),
        ValueError,
        r"case must be a number of 0 or more: 1 of 3 rows is not \(first: row 1, -1\)",
    ),
    "no reports": Bad(
        replaced(),
        reported({"key": [], "m": []}),
        ValueError,
        r"reports must have rows: found zero rows",
    ),
    "unknown column of reporters": Bad(
        replaced(),
        reported(REPORTS, reporters="k"),
        KeyError,
        r"reporters must be a column of the data: 'k' is not",
    ),
    # reports about own and neighbours' children
    "more cases than children": Bad(
        families(cases=changed(np.zeros(12), 4, 9.0)),
        near(),
        ValueError,
        r"cases must be at most the children told of: 1 of 12 rows is not \(first: row 4, 9\)\. Count",
    ),
    "children that are no whole number": Bad(
        families(children=changed(np.full(12, 8.0), 5, 7.5)),
        near(),
        ValueError,
        r"children must be a whole number of 0 or more in 'children': 1 of 12 rows is not \(first: row "
        r"5, 7\.5\)",
    ),
    "negative cases": Bad(
        families(cases=changed(np.zeros(12), 4, -1.0)),
        near(),
        ValueError,
        r"cases must be a whole number of 0 or more in 'cases': 1 of 12 rows is not",
    ),
    "missing cases": Bad(
        families(cases=changed(np.zeros(12), 4, NAN)),
        near(),
        ValueError,
        r"cases must be complete: 'cases' is missing in 1 of 12 rows with weight \(first: row 4\)",
    ),
    # two error rates
    "proxies who report others as often as cases": Bad(
        replaced(),
        rates(false_report=0.8),
        ValueError,
        r"sensitivity must be above false_report: found 0\.8 and 0\.8 in 1 of 1 rows\. Proxies who",
    ),
    "a rate in per cent": Bad(
        replaced(),
        rates(false_report=2),
        ValueError,
        r"false_report must be a share between 0 and 1: found 2\. Write 0\.05 for 5 %",
    ),
    "a rate in words": Bad(
        replaced(), rates(sensitivity="high"), TypeError, r"sensitivity must be a number"
    ),
    "ranges that overlap": Bad(
        replaced(),
        ranges(false_report=(0.0, 0.6)),
        ValueError,
        r"every sensitivity must be above every false_report: found 0\.5 and 0\.6\. Narrow the ranges",
    ),
    "a range in per cent": Bad(
        replaced(),
        ranges(sensitivity=(50, 80)),
        ValueError,
        r"sensitivity must be shares between 0 and 1: found 50\. Write 0\.05 for 5 %",
    ),
    "one number for a range": Bad(
        replaced(), ranges(sensitivity=0.8), TypeError, r"sensitivity must be a list: found 0\.8"
    ),
    "an empty range": Bad(
        replaced(),
        ranges(sensitivity=[]),
        ValueError,
        r"sensitivity must be shares between 0 and 1: found none",
    ),
    "ranges of no estimate": Bad(
        replaced(),
        lambda _: pv.misclassification.what_if(0.05, sensitivity=[0.8], false_report=[0.1]),  # type: ignore[arg-type]  # what is refused
        TypeError,
        r"apparent must be an Estimate of a share: found float",
    ),
    "no column of cases": Bad(
        families(),
        lambda data: pv.direct.neighbourhood(survey(data), [], "children"),
        ValueError,
        r"cases must name a column: found none",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_input_is_answered(name: str) -> None:
    refused(BAD[name])


@pytest.mark.parametrize("name", [n for n in BAD if "household" in n or "case" in n])
def test_no_identifier_is_told(name: str) -> None:
    case = BAD[name]
    with pytest.raises(case.kind) as caught:
        case.ask(case.data)
    assert "77" not in str(caught.value)
    assert "'a'" not in str(caught.value)
    assert "'b'" not in str(caught.value)
