"""The California schools samples against R survey 4.5 (../shared/oracle/survey/README.md).

Tolerances: point estimates 1e-10 and standard errors 1e-8 relative, as the reference suggests;
iterative calibrations (raking, logit) 1e-7, since R stops iterating at a change of 1e-12.
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

X = ["api00", "api99", "enroll"]
EXACT, SE, ITERATED = 1e-10, 1e-8, 1e-7


@cache
def _expected(path: Path) -> dict[str, Any]:
    return dict(json.loads((path / "survey" / "expected.json").read_text(encoding="utf-8")))


@cache
def _frame(path: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(path / "survey" / f"{name}.csv")


def _design(path: Path, name: str) -> pv.Survey:
    strat, clus1, clus2 = (_frame(path, f"api{x}") for x in ("strat", "clus1", "clus2"))
    stype = {"E": 4421.0, "H": 755.0, "M": 1018.0}
    totals = {"stype": stype, "api99": 3914069}
    wide = {"stype": stype, "sch.wide": {"No": 1072.0, "Yes": 5122.0}}
    made: dict[str, Callable[[], pv.Survey]] = {
        "srs": lambda: pv.Survey(_frame(path, "apisrs"), fpc="fpc"),
        "dstrat": lambda: pv.Survey(strat, weights="pw", strata="stype", fpc="fpc"),
        "dstrat_nofpc": lambda: pv.Survey(strat, weights="pw", strata="stype"),
        "dclus1": lambda: pv.Survey(clus1, weights="pw", psu="dnum", fpc="fpc"),
        "dclus1_nofpc": lambda: pv.Survey(clus1, weights="pw", psu="dnum"),
        "dclus2": lambda: pv.Survey(clus2, stages=["dnum", "snum"], fpc=["fpc1", "fpc2"]),
        "dclus2wr": lambda: pv.Survey(clus2, weights="pw", psu="dnum"),
        "c1_ps": lambda: made["dclus1"]().poststratify("stype", stype),
        "s_ps": lambda: made["dstrat"]().poststratify(
            ["stype", "sch.wide"],
            {
                ("E", "No"): 472,
                ("H", "No"): 334,
                ("M", "No"): 266,
                ("E", "Yes"): 3949,
                ("H", "Yes"): 421,
                ("M", "Yes"): 752,
            },
        ),
        "c1_lin": lambda: made["dclus1"]().calibrate(totals),
        "c2_lin": lambda: made["dclus2"]().calibrate(totals),
        "c1_raking": lambda: made["dclus1"]().calibrate(
            totals, distance="raking", residuals="initial"
        ),
        "c1_logit": lambda: made["dclus1"]().calibrate(
            totals, distance="logit", bounds=(0.5, 2.2), residuals="initial"
        ),
        "c1_rake_as_cal": lambda: made["dclus1"]().rake(wide, residuals="initial"),
        "r1_jk1": lambda: made["dclus1_nofpc"]().jackknife(mse=False),
        "r1_jk1_fpc_mse": lambda: made["dclus1"]().jackknife(),
        "rs_jkn": lambda: made["dstrat"]().jackknife(mse=False),
        "rs_jkn_mse": lambda: made["dstrat_nofpc"]().jackknife(),
        "r1_jk1_rake": lambda: made["dclus1_nofpc"]().rake(wide).jackknife(mse=False),
        "r1_jk1_lin": lambda: made["dclus1_nofpc"]().calibrate(totals).jackknife(mse=False),
        "r1_jk1_ps": lambda: (
            made["dclus1_nofpc"]().poststratify("stype", stype).jackknife(mse=False)
        ),
    }
    return made[name]()


def _close(e: pv.Estimate, expected: dict[str, Any], value: float, error: float) -> None:
    estimate, se = (np.array(expected[k], float).ravel() for k in ("estimate", "se"))
    np.testing.assert_allclose(e.value, estimate, rtol=value)
    np.testing.assert_allclose(e.std_error, se, rtol=error)
    if expected.get("vcov") is not None and np.shape(expected["vcov"]) == (len(e), len(e)):
        v = np.array(expected["vcov"], float)
        scale = np.sqrt(np.outer(np.diag(v), np.diag(v)))
        np.testing.assert_allclose(e.covariance / scale, v / scale, atol=10 * error)
    if expected.get("deff") is not None:
        deff = np.array(expected["deff"], float)
        deff = np.diag(deff) if deff.ndim == 2 else deff
        np.testing.assert_allclose(e.facts["deff"], deff.ravel(), rtol=10 * error)


LINEARISED = ["srs", "dstrat", "dstrat_nofpc", "dclus1", "dclus1_nofpc", "dclus2", "dclus2wr"]


@pytest.mark.parametrize("name", LINEARISED)
def test_totals_means_ratios_and_domains(oracle: Path, name: str) -> None:
    d, r = _design(oracle, name), _expected(oracle)["results"]
    cases = {
        "mean": pv.direct.mean(d, X, missing="drop"),
        "total": pv.direct.total(d, ["enroll", "api.stu"], missing="drop"),
        "ratio": pv.direct.ratio(d, "api.stu", "enroll", missing="drop"),
        "mean_deff": pv.direct.mean(d, ["api00", "ell", "meals"]),
        "total_deff": pv.direct.total(d, "api.stu"),
        "by_mean": pv.direct.mean(d, ["api00", "ell"], by="stype"),
        "by_ratio": pv.direct.ratio(d, "api.stu", "enroll", by="stype", missing="drop"),
        "domain_mean": pv.direct.mean(d, "api00", where="`comp.imp` == 'Yes' and stype != 'H'"),
    }
    for key, e in cases.items():
        _close(e, r[f"{name}/{key}"]["value"], EXACT, SE)
    assert cases["mean"].df[0] == r[f"{name}/mean"]["value"]["df"]


@pytest.mark.parametrize("name", LINEARISED)
def test_totals_by_two_columns(oracle: Path, name: str) -> None:
    expected = _expected(oracle)["results"][f"{name}/by_total"]["value"]
    e = pv.direct.total(_design(oracle, name), "api.stu", by=["stype", "sch.wide"])
    keys = expected["keys"]
    order = [
        e.labels.index((str(a), str(b)))
        for a, b in zip(keys["stype"], keys["sch.wide"], strict=True)
    ]
    _close(e.take(np.array(order)), expected, EXACT, SE)


CALIBRATED = {
    "c1_ps": SE,
    "c1_lin": SE,
    "c1_raking": ITERATED,
    "c1_logit": ITERATED,
    "c1_rake_as_cal": ITERATED,
}


@pytest.mark.parametrize(("name", "error"), CALIBRATED.items())
def test_calibrated(oracle: Path, name: str, error: float) -> None:
    d, r = _design(oracle, name), _expected(oracle)["results"]
    value = EXACT if error == SE else ITERATED
    np.testing.assert_allclose(d.final_weights, r[f"{name}/weights"]["value"], rtol=value)
    _close(pv.direct.total(d, ["enroll", "api.stu"]), r[f"{name}/total"]["value"], value, error)
    _close(pv.direct.mean(d, ["api00", "ell"]), r[f"{name}/mean"]["value"], value, error)
    _close(pv.direct.ratio(d, "api.stu", "enroll"), r[f"{name}/ratio"]["value"], value, error)
    by = r[f"{name}/by"]["value"]
    _close(pv.direct.mean(d, "api00", by="stype"), by, value, error)


def test_two_stage_calibrated_and_stratified_poststratified(oracle: Path) -> None:
    r = _expected(oracle)["results"]
    two = _design(oracle, "c2_lin")
    _close(pv.direct.mean(two, "api00"), r["c2_lin/mean"]["value"], EXACT, SE)
    _close(
        pv.direct.total(two, ["api.stu", "ell"], missing="drop"),
        r["c2_lin/total"]["value"],
        EXACT,
        SE,
    )
    cells = _design(oracle, "s_ps")
    _close(pv.direct.mean(cells, ["api00", "ell"]), r["s_ps/mean"]["value"], EXACT, SE)
    _close(pv.direct.total(cells, "enroll", missing="drop"), r["s_ps/total"]["value"], EXACT, SE)


REPLICATED = {
    "r1_jk1": SE,
    "r1_jk1_fpc_mse": SE,
    "rs_jkn": SE,
    "rs_jkn_mse": SE,
    "r1_jk1_rake": ITERATED,
    "r1_jk1_lin": SE,
    "r1_jk1_ps": SE,
}


@pytest.mark.parametrize(("name", "error"), REPLICATED.items())
def test_jackknife(oracle: Path, name: str, error: float) -> None:
    d, r = _design(oracle, name), _expected(oracle)["results"]
    value = EXACT if error == SE else ITERATED
    _close(pv.direct.mean(d, ["api00", "ell"]), r[f"{name}/mean"]["value"], value, error)
    _close(pv.direct.total(d, "api.stu"), r[f"{name}/total"]["value"], value, error)
    _close(pv.direct.ratio(d, "api00", "api99"), r[f"{name}/ratio"]["value"], value, error)
    _close(pv.direct.mean(d, "api00", by="stype"), r[f"{name}/by"]["value"], value, error)


def test_exact_raking_residuals_differ_from_the_initial_ones(oracle: Path) -> None:
    """R regresses on the weights before the step: 0.6 % off on this sample, linear equal."""
    wide = {"stype": {"E": 4421, "H": 755, "M": 1018}, "sch.wide": {"No": 1072, "Yes": 5122}}
    d = _design(oracle, "dclus1")
    both = [
        pv.direct.total(d.rake(wide, residuals=x), "enroll").std_error[0]
        for x in ("exact", "initial")
    ]
    assert abs(both[0] / both[1] - 1) == pytest.approx(0.0062, abs=0.0001)
    totals = {"stype": wide["stype"], "api99": 3914069}
    linear = [
        pv.direct.mean(d.calibrate(totals, residuals=x), "api00").std_error[0]
        for x in ("exact", "initial")
    ]
    np.testing.assert_allclose(linear[0], linear[1], rtol=1e-12)


@pytest.mark.parametrize("rule", ["remove", "certainty", "adjust", "average"])
def test_single_psu_rules(oracle: Path, rule: str) -> None:
    r = _expected(oracle)["results"]
    d = pv.Survey(
        _frame(oracle, "hh"), weights="w", strata="stratum", psu="psu", nest=True, single_psu=rule
    )
    _close(pv.direct.mean(d, ["cl", "hours"]), r[f"hhL/lonely_{rule}_svymean"]["value"], EXACT, SE)
    _close(
        pv.direct.total(d, ["cl", "hours"]), r[f"hhL/lonely_{rule}_svytotal"]["value"], EXACT, SE
    )
    _close(pv.direct.mean(d, "cl", by="sex"), r[f"hhL/lonely_{rule}_svyby"]["value"], EXACT, SE)


def test_linearised_errors_agree_to_twelve_digits(oracle: Path) -> None:
    """What the engine claims beyond the suggested 1e-8: only rounding separates the closed forms."""
    r = _expected(oracle)["results"]
    cases = {
        "dstrat/mean": pv.direct.mean(_design(oracle, "dstrat"), X, missing="drop"),
        "dstrat/ratio": pv.direct.ratio(_design(oracle, "dstrat"), "api.stu", "enroll"),
        "dclus1/ratio": pv.direct.ratio(_design(oracle, "dclus1"), "api.stu", "enroll"),
        "c1_lin/total": pv.direct.total(_design(oracle, "c1_lin"), ["enroll", "api.stu"]),
        "dclus2/mean": pv.direct.mean(_design(oracle, "dclus2"), X, missing="drop"),
    }
    for key, e in cases.items():
        np.testing.assert_allclose(
            e.std_error, np.ravel(r[key]["value"]["se"]), rtol=1e-12, err_msg=key
        )
