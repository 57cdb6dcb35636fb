"""Regressions, tests and influence against R survey 4.5 (../shared/oracle/survey/README.md).

Tolerances: coefficients 1e-10 (1e-7 where R iterates), covariances 1e-7 of the largest, since R
takes working weights from the iteration before the last; tests 1e-10. Left out: ``chisq_lincom``
(the reference printed its saddlepoint value, for want of a package) and ``srs/chisq_saddlepoint``
(its denominator has 397 degrees of freedom by rounding 397.99...).
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

LINEARISED = [
    "srs",
    "srs_wt",
    "dstrat",
    "dstrat_nofpc",
    "dclus1",
    "dclus1_nofpc",
    "dclus2",
    "dclus2wr",
]
CALIBRATED = ["c1_ps", "c1_lin", "c1_raking", "c1_logit", "c1_rake_as_cal"]
REPLICATED = ["r1_jk1", "r1_jk1_fpc_mse", "rs_jkn", "rs_jkn_mse"] + [
    f"r1_jk1_{step}" for step in ("rake", "lin", "ps")
]
STATISTICS = {
    "F": "F",
    "Chisq": "chi-square",
    "Wald": "wald",
    "adjWald": "adjusted-wald",
    "saddlepoint": "saddlepoint",
}


@cache
def _results(path: Path) -> dict[str, Any]:
    text = (path / "survey" / "expected.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["results"])


@cache
def _frame(path: Path, name: str) -> pd.DataFrame:
    frame = pd.read_csv(path / "survey" / f"{name}.csv")
    if "sch.wide" in frame:
        frame["wide"] = (frame["sch.wide"] == "Yes").astype(float)
    return frame


def _design(path: Path, name: str) -> pv.Survey:
    srs, strat, clus1, clus2 = (_frame(path, f"api{x}") for x in ("srs", "strat", "clus1", "clus2"))
    hh = _frame(path, "hh").query("stratum != 'F'").reset_index(drop=True)
    stype = {"E": 4421.0, "H": 755.0, "M": 1018.0}
    totals = {"stype": stype, "api99": 3914069}
    wide = {"stype": stype, "sch.wide": {"No": 1072.0, "Yes": 5122.0}}
    made: dict[str, Callable[[], pv.Survey]] = {
        "srs": lambda: pv.Survey(srs, fpc="fpc"),
        "srs_wt": lambda: pv.Survey(srs, weights="pw"),
        "dstrat": lambda: pv.Survey(strat, weights="pw", strata="stype", fpc="fpc"),
        "dstrat_nofpc": lambda: pv.Survey(strat, weights="pw", strata="stype"),
        "dclus1": lambda: pv.Survey(clus1, weights="pw", psu="dnum", fpc="fpc"),
        "dclus1_nofpc": lambda: pv.Survey(clus1, weights="pw", psu="dnum"),
        "dclus2": lambda: pv.Survey(clus2, stages=["dnum", "snum"], fpc=["fpc1", "fpc2"]),
        "dclus2wr": lambda: pv.Survey(clus2, weights="pw", psu="dnum"),
        "hhA": lambda: pv.Survey(
            hh,
            weights="w",
            strata="stratum",
            stages=["psu", "ssu"],
            fpc=["Npsu", "Mssu"],
            nest=True,
        ),
        "hhA_uc": lambda: pv.Survey(hh, weights="w", strata="stratum", psu="psu", nest=True),
        "c1_ps": lambda: made["dclus1"]().poststratify("stype", stype),
        "c1_lin": lambda: made["dclus1"]().calibrate(totals),
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


def _close(e: pv.Estimate, expected: dict[str, Any], exact: float = 1e-10) -> None:
    np.testing.assert_allclose(e.value, expected["estimate"], rtol=exact)
    v = np.array(expected["vcov"])
    np.testing.assert_allclose(e.covariance, v, rtol=0, atol=1e-7 * np.abs(v).max())
    np.testing.assert_allclose(e.std_error, expected["se"], rtol=1e-7)
    assert (e.df == expected["df_residual"]).all()
    np.testing.assert_allclose(e.interval()[:, 0], expected["ci_t"]["low"], rtol=1e-6)


@pytest.mark.parametrize("name", LINEARISED)
def test_regressions(oracle: Path, name: str) -> None:
    d, r, fit = _design(oracle, name), _results(oracle), pv.direct.regression
    predictors = ["ell", "meals", "mobility"]
    _close(fit(d, "api00", predictors), r[f"{name}/glm_gauss"]["value"])
    logit = fit(d, "wide", predictors, family="binomial")
    _close(logit, r[f"{name}/glm_logit"]["value"], 1e-7)
    poisson = fit(d, "ell", ["meals", "stype"], family="poisson")
    _close(poisson, r[f"{name}/glm_poisson"]["value"], 1e-7)


@pytest.mark.parametrize("name", ["hhA", "hhA_uc"])
def test_regressions_with_categories(oracle: Path, name: str) -> None:
    found = pv.direct.regression(
        _design(oracle, name), "cl", ["sex", "agegrp", "urban"], family="binomial"
    )
    _close(found, _results(oracle)[f"{name}/glm_cl"]["value"], 1e-7)


@pytest.mark.parametrize("name", CALIBRATED)
def test_regressions_after_calibration(oracle: Path, name: str) -> None:
    found = pv.direct.regression(_design(oracle, name), "api00", ["ell", "meals"])
    _close(found, _results(oracle)[f"{name}/glm"]["value"], 1e-7)


@pytest.mark.parametrize("name", REPLICATED)
def test_regressions_and_tables_under_replicates(oracle: Path, name: str) -> None:
    d, r = _design(oracle, name), _results(oracle)
    found = pv.direct.regression(d, "wide", ["ell", "meals"], family="binomial")
    _close(found, r[f"{name}/glm_logit"]["value"], 1e-7)
    _same(pv.direct.chi_square(d, "sch.wide", "stype"), r[f"{name}/chisq"]["value"])


def _same(test: pv.direct.Test, expected: dict[str, Any]) -> None:
    # Raked weights agree to 1e-11, the reference's own saddlepoint is solved to 1e-8.
    exact = 1e-7 if "saddlepoint" in test.method else 1e-9
    (statistic,) = expected["statistic"].values()
    assert test.statistic == pytest.approx(statistic, rel=1e-9)
    assert test.p_value == pytest.approx(expected["p_value"], rel=exact)
    told = list(expected["parameter"].values())
    if told:
        assert [test.df, test.ddf][: len(told)] == pytest.approx(told, rel=1e-9)


@pytest.mark.parametrize("name", LINEARISED)
def test_tests_and_influence(oracle: Path, name: str) -> None:
    d, r = _design(oracle, name), _results(oracle)
    for theirs, ours in STATISTICS.items():
        if (name, ours) != ("srs", "saddlepoint"):
            found = pv.direct.chi_square(d, "sch.wide", "stype", statistic=ours)
            _same(found, r[f"{name}/chisq_{theirs}"]["value"])
    two = pv.direct.t_test(d, "api00", "comp.imp")
    _same(two, r[f"{name}/ttest"]["value"])
    assert two.estimate is not None
    np.testing.assert_allclose(
        two.estimate.interval()[0], r[f"{name}/ttest"]["value"]["conf_int"], rtol=1e-9
    )
    fit = pv.direct.regression(d, "api00", ["ell", "meals", "stype"])
    term, expected = pv.direct.wald_test(fit, "stype"), r[f"{name}/glm_term"]["value"]
    assert term.statistic == pytest.approx(expected["statistic"], rel=1e-10)
    assert term.p_value == pytest.approx(expected["p_value"], rel=1e-9)
    assert [term.df, term.ddf] == [*expected["df"], expected["ddf"]]
    y, one = d.table.numeric("api00", "outcome"), np.ones(d.n)
    influence = d.influence(lambda w: (y @ w) / (one @ w))[0]
    wanted = np.array(r[f"{name}/influence_mean"]["value"])
    np.testing.assert_allclose(influence, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["hhA", "hhA_uc"])
def test_tables_of_two_stages(oracle: Path, name: str) -> None:
    found = pv.direct.chi_square(_design(oracle, name), "cl", "agegrp")
    _same(found, _results(oracle)[f"{name}/chisq"]["value"])
