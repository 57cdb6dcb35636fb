"""networkreporting's toy networks and network survival rates (../shared/oracle/nsum), to 1e-10.

Closed forms, stored with 15 digits; columns of the toy networks have ten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.agreement import Within, agrees, told

EXACT = Within("closed forms: rounding of the 15 digits stored", 1e-10)
NETWORKS = ("tn1", "tn2", "tn3", "tn4")


def _case(oracle: Path, name: str) -> Any:
    return told(oracle / "nsum" / "expected_closed.json")["cases"][name]["value"]


def _toy(oracle: Path, name: str) -> pd.DataFrame:
    rows = pd.read_csv(oracle / "nsum" / "toy_networks.csv")
    return rows[rows["network"] == name].reset_index(drop=True)


@pytest.mark.parametrize("name", NETWORKS)
def test_toy_networks_generalised(oracle: Path, name: str) -> None:
    rows, expected = _toy(oracle, name), _case(oracle, "toy_networks")[name]
    size = len(rows)
    hidden = rows[rows["hidden"]].reset_index(drop=True)
    hidden["all"] = len(hidden)  # one person in two of the networks
    all_of_them = pv.Survey(hidden, fpc="all", single_psu="certainty")
    found = pv.nsum.generalized(
        pv.Survey(rows), all_of_them, "y", aware={"d": size}, frame_size=size
    )
    agrees(found.value / size, [expected["gnsum"]], EXACT)


@pytest.mark.parametrize("name", NETWORKS)
def test_toy_networks_basic(oracle: Path, name: str) -> None:
    rows, expected = _toy(oracle, name), _case(oracle, "toy_networks")[name]
    size = len(rows)
    found = pv.nsum.scale_up(pv.Survey(rows), "y", known={"d": size}, transmission=1)
    agrees(found.value / size, [expected["nsum"]], EXACT)
    agrees(found.value / size, [expected["nsum_run"]], EXACT)


@pytest.mark.parametrize("name", NETWORKS)
def test_toy_networks_multiplicity(oracle: Path, name: str) -> None:
    rows, expected = _toy(oracle, name), _case(oracle, "toy_networks")[name]
    survey = pv.Survey(rows)
    run = pv.direct.mean(survey, "mult.response")
    agrees(run.value, [expected["multiplicity_run"]], EXACT)
    named = rows[rows["y"] > 0]
    each = named["y"].to_numpy()
    links = np.round(each / named["mult.response"].to_numpy())
    reports = {"id": np.repeat(named["id"].to_numpy(), each), "links": np.repeat(links, each)}
    people = pv.direct.total(
        survey.attach({**reports, "one": np.ones(each.sum())}, on="id", links="links"), "one"
    )
    agrees(people.value / len(rows), [expected["multiplicity"]], EXACT)


@pytest.mark.filterwarnings("ignore:.*respondents know nobody in any known group")
def test_network_survival(oracle: Path) -> None:
    known = pd.read_csv(oracle / "nsum" / "rwanda_known.csv")
    groups = dict(zip(known["known.popn"], known["size"].astype(float), strict=True))
    rows = pd.read_csv(oracle / "nsum" / "rwanda_survey.csv")
    rows = rows[rows[list(groups)].notna().all(axis=1)].reset_index(drop=True)
    deaths = pd.read_csv(oracle / "nsum" / "deaths_reported.csv")
    complete = deaths[deaths["ego"].isin(rows["id"])].rename(columns={"ego": "id"})
    survey = pv.Survey(rows, weights="indweight", strata="region", psu="cluster", nest=True)
    found = pv.nsum.network_rates(
        pv.Answers(survey, known=groups, hidden=(), top_code=95),
        complete,
        on="id",
        by=["sex", "age.cat"],
        frame_size=float(rows["indweight"].sum()),
    )
    expected = _case(oracle, "network_survival")
    cells = list(zip(expected["sex"], expected["age.cat"], strict=True))
    assert found.labels == tuple(cells)
    agrees(found.value, expected["asdr.hat"], EXACT)
    assert (found.std_error > 0).all()
