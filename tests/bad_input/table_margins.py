"""Rows 29 to 33 of the table of bad inputs: margins, raking and calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from .asked import Case, Row, of, warns
from .cases import replaced, rows, survey
from .test_survey import CASES, SEXES, STRUCTURAL
from .test_weighting import CASES as FURTHER
from .test_weighting import survey as weighted


def further(name: str) -> Case:
    """Return a case of the table of weighting, whose calls begin from a survey."""
    bad = FURTHER[name]
    return Case(bad.data, lambda d: bad.call(weighted(d)), bad.kind, bad.message)


def _adds_up(found: Any) -> None:
    np.testing.assert_allclose(found.final_weights.sum(), 30.0, rtol=1e-9)  # the stopping rule's


def _rescaled(data: Any) -> Any:
    margins = {"sex": SEXES, "region": {"N": 20.0, "S": 13.0}}
    return survey(data).rake(margins, rescale=True)


def _in_conflict(data: Any) -> Any:
    margins = {"sex": SEXES, "region": {"N": 10.0, "S": 20.0}}
    return survey(data).rake(margins, on_fail="warn")


MARGINS = [
    Row("29", "margins of different totals", "an error; scaled with a warning on request", {
        "margins that disagree": of(CASES["margins that disagree"]),
        "of a calibration": further("margins of different totals in calibrate"),
        "rescale=True": warns(_rescaled, "scaled", rows(), _adds_up),
    }),
    Row("30", "a category that margins or data lack", "an error that names it", {
        "no row has it": of(CASES["unseen category"]),
        "no total for it": of(CASES["category without a total"]),
    }),
    Row("31", "a margin of 0 with rows, or below 0", "an error", {
        "0 with rows": of(CASES["total of zero with rows"]),
        "below 0": of(CASES["negative total"]),
        "nan": of(CASES["missing total"]),
    }),
    Row("32", "raking that cannot converge", "ConvergenceError with the worst margin", {
        "margins in conflict": of(CASES["margins in conflict"]),
        "bounds too narrow": of(CASES["calibration out of bounds"]),
        "on_fail='warn'": warns(_in_conflict, "must reach its targets|worst", STRUCTURAL),
    }),
    Row("33", "auxiliaries that determine each other", "an answer and a warning, or an error", {
        "totals that agree": warns(
            lambda d: survey(d).calibrate({"age": 200.0, "double": 400.0}),
            "determined", replaced(double=2 * rows()["age"]),
        ),
        "totals that contradict": further("totals that contradict each other"),
    }),
]  # fmt: skip
