"""Unequal probabilities and two phases against R survey 4.1.1, on data made by arithmetic.

The R calls, each followed by the total of y, its standard error, the covariance of the means of y
and x, and the standard errors of the ratio y / x and of the mean of y where d is 1:

* svydesign(~psu+hh, strata=~h, fpc=~p+m, pps="brewer"), and on the even rows
* svydesign(~1, strata=~h, fpc=~p, pps="brewer"), "overton" or HR(), variance="YG" or "HT",
* svydesign(~1, fpc=~p, pps=ppsmat(joint), variance=...);
* twophase(id=list(~id, ~id), fpc=list(~A, NULL), subset=~s==1), with strata=list(NULL, ~g);
  strata=list(~h, ~g), fpc=list(~N, NULL); and id=list(~psu, ~id) with fpc=list(~C, NULL).

The standard errors are compared to 1e-11 relative: R and we sum in other orders (1e-14 seen).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.agreement import Within, agrees

Array = NDArray[Any]
ORDER = Within("R and we sum in other orders: 1e-14 seen", 1e-11)
PEER = ("R survey 4.1.1", "the calls stand at the head of the file")
# fmt: off
R = {
    "brewer two stages": [7303.12504123693, 1317.80858277649, -0.0245058953014869, 0.133733959296507, 0.729941326547711],
    "brewer": [514.438001023367, 98.2953992088751, 0.119465634995308, 0.160029832493712, 0.983199647464614],
    "overton YG": [514.438001023367, 96.2414425021065, 0.112559160404756, 0.156663046243523, 0.992295538577793],
    "hartley-rao YG": [514.438001023367, 98.2953992088751, 0.119465634995309, 0.160029832493712, 0.983199647464614],
    "joint YG": [514.438001023367, 48.1966190790372, 0.0329031742741083, 0.0766674116726938, 0.559618448378403],
    "overton HT": [514.438001023367, 104.464382167546, 0.132286085956402, 0.159288423694701, 0.972618431309196],
    "hartley-rao HT": [514.438001023367, 101.129543307726, 0.126847630370006, 0.160958198837143, 0.974546536169751],
    "joint HT": [514.438001023367, 137.643324099731, 0.149601222142039, 0.145637488639592, 1.00316666707164],
    "phases simple": [2206.15384615385, 208.465408990466, -0.0525517948717949, 0.15156437531075, 0.740739214813243],
    "phases simple, strata": [2217.44405594406, 216.694478530654, -0.0439191784641945, 0.153549828795885, 0.793975918832893],
    "phases stratified": [4356.37937062937, 745.721181898592, -0.16370084983229, 0.219190145747321, 0.807734005220919],
    "phases clusters": [3764.31468531469, 757.272485147264, -0.0382256460862627, 0.153292109579257, 0.928944481923412],
}
# fmt: on


def unequal() -> dict[str, Array]:
    i = np.arange(32)
    psu = i // 2
    return {
        "psu": psu,
        "hh": i,
        "y": (7 * i) % 11 + i / 10,
        "x": 3.0 + (5 * i) % 7,
        "d": (i % 3 > 0).astype(int),
        "h": np.repeat([1, 2, 3], [5, 7, 4])[psu],
        "p": 0.11 + 0.05 * ((3 * psu) % 9),
        "m": 0.1 + 0.04 * (psu % 5),
    }


def phases() -> dict[str, Array]:
    i = np.arange(60)
    return {
        "h": i // 20,
        "psu": i // 4,
        "y": (7 * i) % 11 + i / 10,
        "x": 3.0 + (5 * i) % 7,
        "d": (i % 3 > 0).astype(int),
        "g": (i % 7) // 3,
        "s": ((i * i + 3 * (i // 4)) % 11 < 5).astype(float),
        "N": np.array([50.0, 100, 400])[i // 20],
        "C": np.array([8.0, 20, 90])[i // 20],
        "A": np.full(60, 300.0),
    }


def made(name: str) -> pv.Survey:
    data = unequal()
    if name == "brewer two stages":
        return pv.Survey(data, strata="h", stages=["psu", "hh"], fpc=["p", "m"], pps="brewer")
    if name.startswith("phases"):
        first: dict[str, Any] = {
            "phases simple": {"fpc": "A"},
            "phases simple, strata": {"fpc": "A"},
            "phases stratified": {"fpc": "N", "strata": "h"},
            "phases clusters": {"fpc": "C", "strata": "h", "psu": "psu"},
        }[name]
        strata = None if name == "phases simple" else "g"
        return pv.Survey(phases(), **first).second_phase("s", strata=strata)
    data = {column: values[::2] for column, values in data.items()}
    method, _, letters = name.partition(" ")
    form = "horvitz-thompson" if letters == "HT" else "yates-grundy"
    if method != "joint":
        return pv.Survey(data, strata="h", fpc="p", pps=method, pps_variance=form)
    p, k = data["p"], np.arange(16)
    joint = np.outer(p, p) * (0.97 + 0.01 * ((k[:, None] + k) % 4))
    np.fill_diagonal(joint, p)
    return pv.Survey(data, fpc="p", pps="joint", joint=joint, pps_variance=form)


@pytest.mark.parametrize("name", list(R))
def test_totals_means_ratios_and_domains_equal_those_of_r(name: str) -> None:
    survey = made(name)
    total, mean = pv.direct.total(survey, "y"), pv.direct.mean(survey, ["y", "x"])
    ratio = pv.direct.ratio(survey, "y", "x")
    domain = pv.direct.mean(survey, "y", where="d == 1")
    found = [
        total.value[0],
        total.std_error[0],
        mean.covariance[0, 1],
        ratio.std_error[0],
        domain.std_error[0],
    ]
    agrees(found, R[name], ORDER, case=name, source=PEER)
