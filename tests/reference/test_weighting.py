"""Weights and their standard errors against R survey 4.5 (../shared/oracle/survey/README.md).

R linearises with the weights before each step (``residuals="initial"``), rakes by sweeps
(``"sweep"``) and takes trimming as known. Iterative fits are compared to 1e-7, as the reference
suggests, the others to 1e-10 (estimates) and 1e-8 (standard errors).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv

STYPE = {"E": 4421.0, "H": 755.0, "M": 1018.0}
WIDE = {"No": 1072.0, "Yes": 5122.0}
TOTALS = {"stype": STYPE, "api99": 3914069}
AGES = {"5-11": 30_000, "12-14": 14_000, "15-17": 11_000}
Recipe = Callable[[pv.Survey], pv.Survey]


def linear(s: pv.Survey) -> pv.Survey:
    return s.calibrate(TOTALS, residuals="initial")


def calibrated(distance: str, bounds: tuple[float, float] | None = None) -> Recipe:
    return lambda s: s.calibrate(TOTALS, distance=distance, bounds=bounds, residuals="initial")


RECIPES: dict[str, tuple[Recipe, float]] = {
    "c1_ps": (lambda s: s.poststratify("stype", STYPE), 1e-8),
    "c1_ps_partial": (lambda s: s.poststratify("stype", STYPE, partial=True), 1e-8),
    "c1_rake": (lambda s: s.rake({"stype": STYPE, "sch.wide": WIDE}, residuals="sweep"), 1e-7),
    "c1_rake_as_cal": (
        lambda s: s.rake({"stype": STYPE, "sch.wide": WIDE}, residuals="initial"),
        1e-7,
    ),
    "c1_lin": (linear, 1e-8),
    "c1_lin_intcal": (lambda s: s.calibrate({"sch.wide": WIDE}, residuals="initial"), 1e-8),
    "c1_lin_agg": (
        lambda s: s.calibrate(TOTALS, constant="dnum", residuals="initial"),
        1e-8,
    ),
    "c1_lin_bnd": (calibrated("linear", (0.6, 1.6)), 1e-7),
    "c1_raking": (calibrated("raking"), 1e-7),
    "c1_logit": (calibrated("logit", (0.5, 2.2)), 1e-7),
    "c1_sinh": (calibrated("sinh", (0.4, 2.5)), 1e-7),
    "c1_trim": (lambda s: linear(s).trim(lower=20, upper=45, residuals="initial"), 1e-8),
    "c1_trim_strict": (
        lambda s: linear(s).trim(lower=20, upper=45, strict=True, residuals="initial"),
        1e-8,
    ),
}


@cache
def _results(path: Path) -> dict[str, Any]:
    text = (path / "survey" / "expected.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["results"])


@pytest.mark.filterwarnings("ignore:.*weights are negative")
@pytest.mark.parametrize("name", RECIPES)
def test_weights_estimates_and_standard_errors(oracle: Path, name: str) -> None:
    recipe, tolerance = RECIPES[name]
    frame = pd.read_csv(oracle / "survey" / "apiclus1.csv")
    made = recipe(pv.Survey(frame, weights="pw", psu="dnum", fpc="fpc"))
    r = _results(oracle)
    np.testing.assert_allclose(
        made.final_weights, r[f"{name}/weights"]["value"], rtol=max(tolerance / 100, 1e-10)
    )
    for key, e in {
        "total": pv.direct.total(made, ["enroll", "api.stu"]),
        "mean": pv.direct.mean(made, ["api00", "ell"]),
        "ratio": pv.direct.ratio(made, "api.stu", "enroll"),
    }.items():
        value = r[f"{name}/{key}"]["value"]
        np.testing.assert_allclose(e.value, np.ravel(value["estimate"]), rtol=tolerance / 100)
        np.testing.assert_allclose(e.std_error, np.ravel(value["se"]), rtol=tolerance)


def test_the_five_weight_columns_of_a_cascade(oracle: Path) -> None:
    frame = pd.read_csv(oracle / "survey" / "hh.csv").query("stratum != 'F'").reset_index(drop=True)
    status = frame["resp"]
    frame["known"], frame["answered"] = 1 * (status != "uk"), 1 * (status == "rr")
    frame["eligible"] = 1 * (status != "in")
    wanted = pd.read_csv(oracle / "survey" / "cascade_hhA.csv")
    base = pv.Survey(frame, weights="w", strata="stratum", psu="psu", nest=True)
    classes = ["region", "sex"]
    known = base.eligibility("known", within=classes)
    answered = known.nonresponse("answered", within=classes, eligible="eligible")
    final = answered.poststratify("agegrp", AGES, where="resp == 'rr'")
    unknown = base.nonresponse("answered", within=classes, eligible="eligible")
    for made, column in (
        (base, "base"),
        (known, "after_unknown"),
        (answered, "after_nonresponse"),
        (unknown, "after_nonresponse_unknown_as_eligible"),
    ):
        np.testing.assert_allclose(made.final_weights, wanted[column], rtol=1e-12)
    responding = (status == "rr").to_numpy()
    # The reference drops the ineligible at the end; here they keep their weight outside the totals.
    np.testing.assert_allclose(
        np.where(responding, final.final_weights, 0.0), wanted["poststratified"], rtol=1e-12
    )
    np.testing.assert_array_equal(
        final.final_weights[~responding], answered.final_weights[~responding]
    )
    used = final.final_weights[responding]
    deff = used.size * (used**2).sum() / used.sum() ** 2
    value = _results(oracle)["cascade"]["value"]
    assert deff == pytest.approx(value["kish_deff_final"], rel=1e-12)
    assert base.weight_flow()["kish_deff"].iloc[0] == pytest.approx(
        value["kish_deff_base"], rel=1e-12
    )
