"""Closed-population models and profile intervals against R: Rcapture 1.4-4 (R 4.2.2).

The tables are third-party data and are read in place; the calls stand in the README beside them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.closed_population.families import family_fit
from prevalence.mse.closed_population.profile import profile_loglinear
from tests.agreement import EXACTLY, Within, agrees, differs, told

Array = NDArray[Any]

SETS = [
    "uk5",
    "uk6",
    "kosovo",
    "neworleans5_185",
    "neworleans5_186",
    "neworleans8_185",
    "neworleans8_186",
]
BEST = ("uk5", "kosovo", "neworleans5_185", "neworleans5_186")
PLAIN = {
    "M0": ("M0", None),
    "Mt": ("Mt", None),
    "Mh Chao (LB)": ("Mh", "chao"),
    "Mh Poisson2": ("Mh", "poisson"),
    "Mh Darroch": ("Mh", "darroch"),
    "Mh Gamma3.5": ("Mh", "gamma"),
    "Mth Chao (LB)": ("Mth", "chao"),
    "Mth Poisson2": ("Mth", "poisson"),
    "Mth Darroch": ("Mth", "darroch"),
    "Mth Gamma3.5": ("Mth", "gamma"),
    "Mb": ("Mb", None),
    "Mbh": ("Mbh", None),
}
CORRECTED = {
    **PLAIN,
    "Mh Chao": ("Mh", "chao"),
    "Mh Poisson": ("Mh", "poisson"),
    "Mh Gamma": ("Mh", "gamma"),
    "Mth Chao": ("Mth", "chao"),
    "Mth Poisson": ("Mth", "poisson"),
}
# 2.5e-7 of the total at worst here, and 2.5e-4 of the standard error.
TOTAL = Within("R's glm stops when the deviance changes by 1e-8 relatively", 5e-7)
STD_ERROR = Within("R's covariance is of the weights one step before the last", 5e-4)
LIKELIHOOD = Within("rounding of the 15 digits stored", 1e-12)
PROFILE = Within("R takes Stirling's form of the factorials: 3.3e-6 at worst", 5e-6)


def table(oracle: Path, name: str) -> tuple[Array, Array]:
    rows = np.genfromtxt(oracle / "mse" / f"{name}.csv", delimiter=",", skip_header=1)
    return rows[:, :-1].astype(np.int64), rows[:, -1]


def expected(oracle: Path, name: str) -> dict[str, Any]:
    return dict(told(oracle / "mse" / "expected.json")[name])


@pytest.mark.parametrize("name", SETS)
def test_models(oracle: Path, name: str) -> None:
    histories, counts = table(oracle, name)
    for label, row in expected(oracle, name)["closedp_t"].items():
        if row["abundance"] < 0:
            continue
        fit = family_fit(histories, counts, *PLAIN[label])
        agrees(fit.total, [row["abundance"]], TOTAL)
        if label != "Mbh":
            agrees(fit.std_error, [row["stderr"]], STD_ERROR)
        if name.startswith("neworleans8") and "Chao" in label:
            # R keeps one coefficient more, which drifts towards minus infinity: its likelihood is
            # a little lower, and its penalty counts one parameter more.
            assert len(counts) - fit.parameters[0] == row["df"] + 1
            why = "R keeps one coefficient more, which drifts towards minus infinity"
            differs(fit.deviance[0], row["deviance"], why)
            assert row["deviance"] * (1 - 1e-8) < fit.deviance[0] < row["deviance"]
            continue
        agrees(len(counts) - fit.parameters[0], row["df"], EXACTLY)
        for ours, theirs in ((fit.deviance, "deviance"), (fit.aic, "AIC"), (fit.bic, "BIC")):
            agrees(ours, [row[theirs]], LIKELIHOOD)


@pytest.mark.parametrize("name", SETS)
def test_bias_corrections(oracle: Path, name: str) -> None:
    histories, counts = table(oracle, name)
    for label, row in expected(oracle, name)["closedp_bc"].items():
        if row["abundance"] < 0:
            continue
        fit = family_fit(histories, counts, *CORRECTED[label], bias_corrected=True)
        agrees(fit.total, [row["abundance"]], TOTAL)
        agrees(fit.std_error, [row["stderr"]], STD_ERROR)


def test_negative_estimates_of_r_are_refused(oracle: Path) -> None:
    reference = expected(oracle, "uk5")["closedp_t"]["Mb"]["abundance"]
    assert reference < 0
    differs(float("nan"), reference, "R's size is negative: ours is refused with the reason")
    histories, counts = table(oracle, "uk5")
    assert np.isnan(family_fit(histories, counts, "Mb").total).all()
    lists = pv.Lists.from_counts(histories, counts)
    with pytest.raises(
        ValueError, match="and they are 94, 549, 1,082, 703, 316, so the size would"
    ):
        pv.mse.closed(lists, model="Mb", ordered=True)


@pytest.mark.parametrize(
    ("name", "which"),
    [
        *((name, "profile_ci_main_effects") for name in SETS),
        *((name, "profile_ci_best_bic") for name in BEST),
    ],
)
def test_profile_limits(oracle: Path, name: str, which: str) -> None:
    values = expected(oracle, name)
    groups = values[which]["mX"].strip("[]").split(",")
    terms = [tuple(int(c) - 1 for c in group) for group in groups if len(group) > 1]
    traced = profile_loglinear(*table(oracle, name), terms)
    reference = values[which]["CI"]
    agrees(traced.total, reference["abundance"], PROFILE)
    agrees(traced.limits(), [reference["infCL"], reference["supCL"]], PROFILE)


def test_public_functions_read_the_same(oracle: Path) -> None:
    histories, counts = table(oracle, "uk5")
    values = expected(oracle, "uk5")
    lists = pv.Lists.from_counts(histories, counts, ["LA", "NG", "PFNCA", "GO", "GP"])
    pair = values["pairs"][0]
    e = pv.mse.lincoln_petersen(lists, between=("LA", "NG"))
    pairs = pv.mse.closed(lists, interval="profile")
    again = pv.mse.loglinear(lists, interval="profile")
    agrees(float(e), pair["lincoln_petersen"], LIKELIHOOD)
    reference = values["profile_ci_main_effects"]["CI"]
    for found in (pairs, again):
        agrees(float(found), reference["abundance"], PROFILE)
        limits = [reference["infCL"], reference["supCL"]]
        agrees(list(found.interval()[0]), limits, PROFILE)
