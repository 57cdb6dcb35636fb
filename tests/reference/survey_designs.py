"""The 41 designs of the survey reference, each a builder of a `Survey`, with its data.

The calls of R that they repeat stand in ``../shared/oracle/survey/expected.json``, and the sources of
the totals in its README. R linearises a calibration at the weights before the step, and takes the factors
of a trim as known, so those steps ask for ``residuals="initial"``; it sweeps the margins of `rake`
without weights: ``residuals="sweep"``. With equal weights, as here, the two are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import prevalence as pv
from tests.agreement import told

__all__ = ["DESIGNS", "ULTIMATE", "frame", "households", "results", "survey"]

STYPE = {"E": 4421.0, "H": 755.0, "M": 1018.0}
WIDE = {"No": 1072.0, "Yes": 5122.0}
MARGINS = {"stype": STYPE, "sch.wide": WIDE}
TOTALS: dict[str, Any] = {"stype": STYPE, "api99": 3914069.0}
CELLS = {
    ("E", "No"): 472.0,
    ("H", "No"): 334.0,
    ("M", "No"): 266.0,
    ("E", "Yes"): 3949.0,
    ("H", "Yes"): 421.0,
    ("M", "Yes"): 752.0,
}


@cache
def _stored(path: Path) -> dict[str, Any]:
    return dict(told(path / "survey" / "expected.json"))


def results(path: Path) -> dict[str, Any]:
    """Return the 858 results of the reference by ``design/statistic``."""
    return dict(_stored(path)["results"])


@cache
def cascade(path: Path) -> pd.DataFrame:
    """Return the weights of the reference after each step of its cascade."""
    return pd.read_csv(path / "survey" / "cascade_hhA.csv")


@cache
def frame(path: Path, name: str) -> pd.DataFrame:
    """Return a data file with the columns that the calls of R make on the way."""
    rows = pd.read_csv(path / "survey" / f"{name}.csv")
    if name.startswith("api"):
        rows["improved"] = (rows["comp.imp"] == "Yes").astype(float)
        rows["rare"] = (rows["api00"] < 470).astype(float)
        rows["wide"] = (rows["sch.wide"] == "Yes").astype(float)
        rows["narrow"] = 1 - rows["wide"]
    else:  # R sorts levels as text
        answered, unknown = rows["resp"] == "rr", rows["resp"] == "uk"
        rows["answered"], rows["known"] = answered.astype(int), (~unknown).astype(int)
        rows["eligible"] = (answered | (rows["resp"] == "nr")).astype(int)
        rows["perhaps"] = (rows["resp"] != "in").astype(int)
        rows["agegrp"] = pd.Categorical(rows["agegrp"], ["12-14", "15-17", "5-11"])
    return rows


def households(path: Path) -> pd.DataFrame:
    """Return the rows outside stratum F, which has one primary unit."""
    return frame(path, "hh").query("stratum != 'F'").reset_index(drop=True)


def _given(path: Path, name: str, rows: pd.DataFrame, **design: Any) -> pv.Survey:
    """Return a survey with the replicate factors that the reference stores."""
    told = _stored(path)["designs"][name]["rep"]
    factors = pd.read_csv(path / "survey" / told["file"])
    factors.columns = pd.Index([f"factor_{k + 1}" for k in range(factors.shape[1])])
    made = pv.Survey(pd.concat([rows, factors], axis=1), **design)
    how = {key: told[key] for key in ("scale", "rscales", "mse")}
    return made.replicate_weights(list(factors.columns), combined=False, **how)


STRATIFIED: dict[str, Any] = {"weights": "pw", "strata": "stype"}
ONE_STAGE: dict[str, Any] = {"weights": "pw", "psu": "dnum"}
ULTIMATE: dict[str, Any] = {"weights": "w", "strata": "stratum", "psu": "psu", "nest": True}
TWO_STAGES: dict[str, Any] = {
    "weights": "w",
    "strata": "stratum",
    "stages": ["psu", "ssu"],
    "fpc": ["Npsu", "Mssu"],
    "nest": True,
}


@cache
def survey(path: Path, name: str) -> pv.Survey:
    """Return one of the 41 designs; the same object every time."""
    return DESIGNS[name](path)


Builder = Callable[[Path], pv.Survey]


def _one(path: Path, **more: Any) -> pv.Survey:
    return pv.Survey(frame(path, "apiclus1"), **ONE_STAGE, **more)


def _calibrated(**how: Any) -> Builder:
    return lambda path: survey(path, "dclus1").calibrate(TOTALS, residuals="initial", **how)


DESIGNS: dict[str, Builder] = {
    "srs": lambda p: pv.Survey(frame(p, "apisrs"), fpc="fpc"),
    "srs_wt": lambda p: pv.Survey(frame(p, "apisrs"), weights="pw"),
    "dstrat": lambda p: pv.Survey(frame(p, "apistrat"), fpc="fpc", **STRATIFIED),
    "dstrat_nofpc": lambda p: pv.Survey(frame(p, "apistrat"), **STRATIFIED),
    "dclus1": lambda p: _one(p, fpc="fpc"),
    "dclus1_nofpc": _one,
    "dclus2": lambda p: pv.Survey(
        frame(p, "apiclus2"), stages=["dnum", "snum"], fpc=["fpc1", "fpc2"]
    ),
    "dclus2wr": lambda p: pv.Survey(frame(p, "apiclus2"), weights="pw", stages=["dnum", "snum"]),
    "hhA": lambda p: pv.Survey(households(p), **TWO_STAGES),
    "hhA_uc": lambda p: pv.Survey(households(p), **ULTIMATE),
    "hhL": lambda p: pv.Survey(frame(p, "hh"), single_psu="certainty", **ULTIMATE),
    "hh2": lambda p: pv.Survey(frame(p, "hh2"), **ULTIMATE),
    "c1_ps": lambda p: survey(p, "dclus1").poststratify("stype", STYPE),
    "c1_ps_partial": lambda p: survey(p, "dclus1").poststratify("stype", STYPE, partial=True),
    "c1_rake": lambda p: survey(p, "dclus1").rake(MARGINS, residuals="sweep"),
    "c1_lin": lambda p: survey(p, "dclus1").calibrate(TOTALS),
    "c1_raking": _calibrated(distance="raking"),
    "c1_lin_bnd": _calibrated(bounds=(0.6, 1.6)),
    "c1_logit": _calibrated(distance="logit", bounds=(0.5, 2.2)),
    "c1_sinh": _calibrated(distance="sinh", bounds=(0.4, 2.5)),
    "c1_lin_agg": _calibrated(constant="dnum"),
    "c1_lin_intcal": lambda p: survey(p, "dclus1").calibrate({"sch.wide": WIDE}),
    "c1_rake_as_cal": lambda p: survey(p, "dclus1").calibrate(
        MARGINS, distance="raking", residuals="initial"
    ),
    "c1_trim": lambda p: survey(p, "c1_lin").trim(lower=20, upper=45, residuals="initial"),
    "c1_trim_strict": lambda p: survey(p, "c1_lin").trim(
        lower=20, upper=45, strict=True, residuals="initial"
    ),
    "c2_lin": lambda p: survey(p, "dclus2").calibrate(TOTALS),
    "s_ps": lambda p: survey(p, "dstrat").poststratify(["stype", "sch.wide"], CELLS),
    "r1_jk1": lambda p: survey(p, "dclus1_nofpc").jackknife(mse=False),
    "r1_jk1_fpc_mse": lambda p: survey(p, "dclus1").jackknife(),
    "rs_jkn": lambda p: survey(p, "dstrat").jackknife(mse=False),
    "rs_jkn_mse": lambda p: survey(p, "dstrat_nofpc").jackknife(),
    "rh_jkn": lambda p: survey(p, "hhA_uc").jackknife(mse=False),
    "rh2_brr": lambda p: _given(p, "rh2_brr", frame(p, "hh2"), **ULTIMATE),
    "rh2_fay": lambda p: _given(p, "rh2_fay", frame(p, "hh2"), **ULTIMATE),
    "rh2_jkn": lambda p: survey(p, "hh2").jackknife(mse=False),
    "rh_boot": lambda p: _given(p, "rh_boot", households(p), **ULTIMATE),
    "r1_boot_canty": lambda p: _given(
        p, "r1_boot_canty", frame(p, "apiclus1"), fpc="fpc", **ONE_STAGE
    ),
    "rh_mrb": lambda p: _given(p, "rh_mrb", households(p), **TWO_STAGES),
    "r1_jk1_lin": lambda p: survey(p, "r1_jk1").calibrate(TOTALS),
    "r1_jk1_rake": lambda p: survey(p, "r1_jk1").rake(MARGINS),
    "r1_jk1_ps": lambda p: survey(p, "r1_jk1").poststratify("stype", STYPE),
}
