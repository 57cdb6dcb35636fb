"""Intervals of proportions, every rule and domain, against R survey 4.5.

Tolerances of the reference's README: limits 1e-8 relative; its likelihood limits, read off an
interpolated profile, 1e-3. Its logit limits come from a fit that stops 1e-9 short of the closed form,
which its own xlogit has. Its empty domains have no limits at all; ours must.
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

RULES = {
    "logit": "logit",
    "xlogit": "logit",
    "mean": "wald",
    "asin": "arcsine",
    "beta": "beta",
    "wilson": "wilson",
    "likelihood": "likelihood",
}
SCHOOLS: dict[str, tuple[str, dict[str, Any]]] = {
    "srs": ("apisrs", {"fpc": "fpc"}),
    "srs_wt": ("apisrs", {}),
    "dstrat": ("apistrat", {"strata": "stype", "fpc": "fpc"}),
    "dstrat_nofpc": ("apistrat", {"strata": "stype"}),
    "dclus1": ("apiclus1", {"psu": "dnum", "fpc": "fpc"}),
    "dclus1_nofpc": ("apiclus1", {"psu": "dnum"}),
    "dclus2": ("apiclus2", {"stages": ["dnum", "snum"], "fpc": ["fpc1", "fpc2"]}),
    "dclus2wr": ("apiclus2", {"psu": "dnum"}),
}
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "hhA": {"stages": ["psu", "ssu"], "fpc": ["Npsu", "Mssu"]},
    "hhA_uc": {"psu": "psu"},
}


@cache
def survey(folder: Path, design: str) -> pv.Survey:
    if design in HOUSEHOLDS:
        frame = pd.read_csv(folder / "hh.csv").query("stratum != 'F'").reset_index(drop=True)
        return pv.Survey(frame, weights="w", strata="stratum", nest=True, **HOUSEHOLDS[design])
    name, how = SCHOOLS[design]
    frame = pd.read_csv(folder / f"{name}.csv")
    frame["improved"] = (frame["comp.imp"] == "Yes").astype(int)
    frame["rare"] = (frame["api00"] < 470).astype(int)
    weights = None if design == "dclus2" else "pw"  # its weights are one over its fractions
    return pv.Survey(frame, weights=weights, **how)


@cache
def expected(folder: Path, design: str) -> dict[str, Any]:
    results = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["results"]
    return {
        name.removeprefix(f"{design}/ciprop_"): result["value"]
        for name, result in results.items()
        if name.startswith(f"{design}/ciprop_")
    }


def asked(name: str, *, schools: bool) -> tuple[str, str | None, str]:
    """Return outcome, domain and rule of a result's name, such as ct_R4_wilson."""
    parts = name.split("_")
    outcome = parts[0] if not schools else "rare" if parts[0] == "rare" else "improved"
    return outcome, parts[1] if len(parts) == 3 else None, RULES[parts[-1]]


@pytest.mark.parametrize("design", [*SCHOOLS, *HOUSEHOLDS])
def test_every_interval_of_a_design(oracle: Path, design: str) -> None:
    folder = oracle / "survey"
    sample, results = survey(folder, design), expected(folder, design)
    assert len(results) >= 14
    for name, value in results.items():
        outcome, region, rule = asked(name, schools=design in SCHOOLS)
        where = f"region == '{region}'" if region else None
        e = pv.direct.prevalence(sample, outcome, where=where, interval=rule)
        low, high = e.interval()[0]
        if value["ci"][0] is None:  # an empty domain, of which the reference tells nothing
            assert (float(e), low) == (0, 0)
            assert 0 < high < 1
            continue
        tolerance = 1e-3 if rule == "likelihood" else 1e-8
        fitted = 1e-9 if name.endswith("_logit") or name == "logit" else 1e-12
        np.testing.assert_allclose(
            [low, high], value["ci"], rtol=tolerance, atol=fitted, err_msg=f"{design} {name}"
        )
        np.testing.assert_allclose(e.df, value["df"], err_msg=name)


@pytest.mark.parametrize("design", ["dclus1", "hhA"])
def test_korn_graubard_is_the_references_beta_capped_at_n(oracle: Path, design: str) -> None:
    folder = oracle / "survey"
    for name, value in expected(folder, design).items():
        outcome, region, rule = asked(name, schools=design in SCHOOLS)
        if rule != "beta" or value["ci"][0] is None:
            continue
        where = f"region == '{region}'" if region else None
        e = pv.direct.prevalence(
            survey(folder, design), outcome, where=where, interval="korn-graubard"
        )
        low, high = e.interval()[0]
        assert low <= value["ci"][0] * (1 + 1e-8)
        assert high >= value["ci"][1] * (1 - 1e-8)
