"""Bad input to comparisons of definitions, to their figures, presets and the synthetic questionnaire."""

from __future__ import annotations

from typing import Any

import pytest

import prevalence as pv

from .cases import Bad, refused, rows, survey


def definition(name: str = "Cases", **more: Any) -> pv.Definition:
    given = {"indicators": {"case": pv.Indicator("case == 1")}, "rule": "case", **more}
    return pv.Definition(name, "1", **given)


def at(window: str) -> pv.Definition:
    return definition(window, indicators={"case": pv.Indicator({window: "case == 1"})})


def compared(*others: Any, **how: Any) -> Any:
    return lambda data: definition().compare(survey(data), list(others), **how)


CASES = {
    "no survey": Bad(
        rows(), lambda d: definition().compare(d), TypeError, "survey must be a Survey: found dict"
    ),
    "sensitivity of no survey": Bad(
        rows(), lambda d: definition().sensitivity(d), TypeError, "survey must be a Survey: found"
    ),
    "no definition": Bad(
        rows(), compared("wide"), TypeError, "others must be Definitions: found str. Read one"
    ),
    "a definition twice": Bad(
        rows(), compared(definition()), ValueError, "'Cases', version 1, stands twice. Rename one"
    ),
    "no window": Bad(rows(), compared(windows=[]), ValueError, "windows must name one: found none"),
    "a window that is not there": Bad(
        rows(), compared(windows=["12m"]), ValueError, "window must be one that every indicator"
    ),
    "no window in common": Bad(
        rows(),
        lambda d: at("12m").compare(survey(d), at("30d")),
        ValueError,
        "windows must be shared by the definitions: '12m' has 12m, and not all",
    ),
    "a column that is not there": Bad(
        rows(),
        compared(definition("Debt", indicators={"case": pv.Indicator("debt == 1")})),
        KeyError,
        "debt",
    ),
    "differences of one row": Bad(
        rows(),
        lambda d: definition().compare(survey(d)).differences(),
        ValueError,
        "differences need two rows: found one. Compare with other definitions",
    ),
    "a truth of another window": Bad(
        rows(),
        lambda d: at("12m").compare(survey(d)).plot(truth={"year": 0.1}),
        ValueError,
        "truth must be by window: 'year' is none of 12m",
    ),
    "nothing to draw": Bad(
        rows(),
        lambda d: pv.plot.definitions(definition().compare(survey(d)).to_frame().iloc[:0]),
        ValueError,
        "comparison must have a row: found none",
    ),
    "no change to draw": Bad(
        rows(),
        lambda d: definition().sensitivity(survey(d)).plot(),
        ValueError,
        "sensitivity must have a change: found none",
    ),
    "a preset that is not there": Bad(
        "ilo-child-labor",
        pv.Definition.preset,
        KeyError,
        r"preset must be one of .*: 'ilo-child-labor' is not.* Did you mean 'ilo-child-labour'",
    ),
    "a column that the preset has not": Bad(
        {"hour": "q1"},
        lambda d: pv.Definition.preset("ilo-child-labour", columns=d),
        KeyError,
        "columns must map columns of the preset: 'hour' is none of them.* Did you mean 'hours'",
    ),
    "a hole that the preset has not": Bad(
        {"hours": 14},
        lambda d: pv.Definition.preset("ilo-child-labour").fill(**d),
        TypeError,
        "fill takes the holes of the definition: found 'hours'",
    ),
    "a chance above one": Bad(
        {"prevalence": 1.5},
        lambda d: pv.simulate.interviews(parameters=pv.simulate.Parameters(**d)),
        ValueError,
        "chances must be strictly between 0 and 1",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused(name: str) -> None:
    refused(CASES[name])
