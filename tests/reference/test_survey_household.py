"""A two-stage child-labour survey, intervals and contrasts, against R survey 4.5.

Tolerances as in `test_survey.py`: estimates 1e-10, standard errors 1e-8, intervals 1e-8 relative.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv

pytestmark = pytest.mark.filterwarnings("ignore:jackknife replicates")


@cache
def _results(path: Path) -> dict[str, Any]:
    text = (path / "survey" / "expected.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["results"])


def _household(path: Path, *, stages: bool = True) -> pv.Survey:
    frame = pd.read_csv(path / "survey" / "hh.csv").query("stratum != 'F'").reset_index(drop=True)
    if not stages:
        return pv.Survey(frame, weights="w", strata="stratum", psu="psu", nest=True)
    return pv.Survey(
        frame, weights="w", strata="stratum", stages=["psu", "ssu"], fpc=["Npsu", "Mssu"], nest=True
    )


def _schools(path: Path, name: str) -> pv.Survey:
    frame = pd.read_csv(path / "survey" / f"{name}.csv")
    frame["improved"] = (frame["comp.imp"] == "Yes").astype(int)
    frame["rare"] = (frame["api00"] < 470).astype(int)
    psu = "dnum" if name == "apiclus1" else None
    strata = "stype" if name == "apistrat" else None
    return pv.Survey(frame, weights="pw", psu=psu, strata=strata, fpc="fpc")


def _close(e: pv.Estimate, expected: dict[str, Any], *, rows: list[int] | None = None) -> None:
    e = e if rows is None else e.take(np.array(rows))
    np.testing.assert_allclose(e.value, np.ravel(expected["estimate"]), rtol=1e-10)
    se = np.array(expected["se"], float).ravel()
    told = ~np.isnan(e.std_error)
    assert (se[~told] == 0).all()  # where the reference prints 0 from no case, we print none
    np.testing.assert_allclose(e.std_error[told], se[told], rtol=1e-8)
    deff = expected.get("deff")
    if deff is not None and "deff" in e.facts:
        ours = e.facts["deff"]
        np.testing.assert_allclose(ours, np.array(deff, float).ravel(), rtol=1e-7)


def test_two_stages_with_both_fractions(oracle: Path) -> None:
    d, r = _household(oracle), _results(oracle)
    outcomes = ["cl", "fcl", "ct", "hours"]
    _close(pv.direct.mean(d, outcomes), r["hhA/mean"]["value"])
    _close(pv.direct.total(d, outcomes), r["hhA/total"]["value"])
    _close(pv.direct.mean(d, "income", missing="drop"), r["hhA/mean_na"]["value"])
    _close(pv.direct.ratio(d, "hours", "cl"), r["hhA/ratio_hours"]["value"])


@pytest.mark.filterwarnings("ignore:.*does not vary")
def test_domains_and_their_covariance(oracle: Path) -> None:
    d, r = _household(oracle), _results(oracle)
    expected = r["hhA/by_region"]["value"]
    e = pv.direct.mean(d, ["cl", "fcl", "ct"], by="region")
    _close(e, expected)
    v = np.array(expected["vcov"], float)
    np.testing.assert_allclose(e.covariance, v, atol=1e-10 * np.abs(v).max())
    two = r["hhA/by_agesex_total"]["value"]
    e = pv.direct.total(d, "fcl", by=["agegrp", "sex"])
    order = [
        e.labels.index((a, s))
        for a, s in zip(two["keys"]["agegrp"], two["keys"]["sex"], strict=True)
    ]
    _close(e, two, rows=order)


def test_jackknife_without_a_finite_population(oracle: Path) -> None:
    d, r = _household(oracle, stages=False).jackknife(mse=False), _results(oracle)
    _close(pv.direct.mean(d, ["cl", "fcl", "ct", "hours"]), r["rh_jkn/mean"]["value"])
    _close(pv.direct.total(d, ["cl", "fcl", "hours"]), r["rh_jkn/total"]["value"])
    _close(pv.direct.ratio(d, "hours", "cl"), r["rh_jkn/ratio"]["value"])


@pytest.mark.parametrize("outcome", ["cl", "fcl", "ct"])
def test_intervals_of_proportions(oracle: Path, outcome: str) -> None:
    d, r = _household(oracle), _results(oracle)
    for ours, theirs in {"logit": "xlogit", "wald": "mean"}.items():
        expected = r[f"hhA/ciprop_{outcome}_{theirs}"]["value"]
        e = pv.direct.prevalence(d, outcome, interval=ours)
        np.testing.assert_allclose(e.interval()[0], expected["ci"], rtol=1e-8, atol=1e-12)
    beta = np.array(r[f"hhA/ciprop_{outcome}_beta"]["value"]["ci"], float)
    e = pv.direct.prevalence(d, outcome, interval="korn-graubard")
    if e.facts["n_eff"][0] * 1.2 < e.facts["n"][0]:  # the reference does not cap at n
        np.testing.assert_allclose(e.interval()[0], beta, rtol=1e-8)
    else:
        low, high = e.interval()[0]
        assert low <= beta[0] + 1e-12
        assert high >= beta[1] - 1e-12


@pytest.mark.parametrize("name", ["apisrs", "apistrat", "apiclus1"])
def test_intervals_on_the_schools(oracle: Path, name: str) -> None:
    d, r = _schools(oracle, name), _results(oracle)
    key = {"apisrs": "srs", "apistrat": "dstrat", "apiclus1": "dclus1"}[name]
    for column, prefix in (("improved", ""), ("rare", "rare_")):
        expected = r[f"{key}/ciprop_{prefix}xlogit"]["value"]
        e = pv.direct.prevalence(d, column, interval="logit")
        np.testing.assert_allclose(e.interval()[0], expected["ci"], rtol=1e-8)


def test_an_empty_cell_has_an_upper_limit_and_no_standard_error(oracle: Path) -> None:
    d, r = _household(oracle), _results(oracle)
    e = pv.direct.prevalence(d, "ct", by="region")
    for region in ("R1", "R2", "R3"):
        row = e[region]
        if r[f"hhA/ciprop_ct_{region}_xlogit"]["value"]["estimate"] == 0:
            assert np.isnan(row.std_error[0])
            assert row.interval()[0, 0] == 0
            assert 0 < row.interval()[0, 1] < 1
            assert row.facts["deff_source"][0] == "whole sample"


def test_contrasts_linear_and_not(oracle: Path) -> None:
    d, r = _schools(oracle, "apiclus1"), _results(oracle)
    mean = pv.direct.mean(d, ["api00", "api99"])
    linear = r["dclus1/contrast_lin"]["value"]
    ours = [mean["api00"] - mean["api99"], (mean["api00"] + mean["api99"]) / 2]
    for k, e in enumerate(ours):
        np.testing.assert_allclose(float(e), np.ravel(linear["estimate"])[k], rtol=1e-10)
        np.testing.assert_allclose(e.std_error[0], np.ravel(linear["se"])[k], rtol=1e-8)
    total = pv.direct.total(d, ["api00", "api99"])
    curved = r["dclus1/contrast_nonlin"]["value"]
    ours = [np.log(total["api00"] / total["api99"]), np.sqrt(total["api00"] * total["api99"])]
    for k, e in enumerate(ours):
        np.testing.assert_allclose(float(e), np.ravel(curved["estimate"])[k], rtol=1e-10)
        np.testing.assert_allclose(e.std_error[0], np.ravel(curved["se"])[k], rtol=1e-8)
