"""Planning against PracTools 1.7.5 and epiR 2.0.57: two rounds, clusters, and Kish's design effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

import prevalence as pv
from tests.agreement import Within, agrees, told


@pytest.fixture(scope="module")
def expected(oracle: Path) -> dict[str, Any]:
    found: dict[str, Any] = told(oracle / "frontier" / "expected_plan.json")
    return found


@pytest.mark.parametrize("overlap", ["0", "0.5", "0.8"])
def test_the_fall_that_two_rounds_detect(expected: dict[str, Any], overlap: str) -> None:
    """PracTools gives the sample for a fall from 3 to 2 %; here the fall for its sample."""
    wanted = expected[f"n_two_waves_overlap_{overlap}"]["result"]
    first, second, both = (float(share) for share in wanted["px.py.pxy"])
    spread = np.sqrt(first * (1 - first) * second * (1 - second))
    kept = float(wanted["gamma"]) * (both - first * second) / spread
    n = float(wanted["n1"])
    found = pv.plan.two_rounds(first, n, deff=1, correlation=kept, power=float(wanted["power"]))
    rounded = Within("their sample is rounded up to a whole one: 1 / n", 1 / n)
    fall = float(found["least_fall"].iloc[0])
    agrees(fall, 1 - second / first, rounded, case=wanted["n1"])


def test_the_sample_of_clusters(expected: dict[str, Any]) -> None:
    wanted = expected["n_cluster_epi"]["result"]
    error = 0.25 / float(ndtri(0.975))  # theirs is half a 95 % interval
    found = pv.plan.sample_size(0.02, error, deff=float(wanted["DEF"]))
    whole = Within("ours is rounded up to whole children", absolute=1.0)
    agrees(found["n"].iloc[0], wanted["n.ssu"], whole)


def test_the_design_effect_of_weights(expected: dict[str, Any], oracle: Path) -> None:
    weights = pd.read_csv(oracle / "frontier" / "weights.csv").iloc[:, 0]
    found = pv.Survey({"w": weights}, weights="w").weight_flow()["kish_deff"].iloc[0]
    closed = Within("sums in another order", 1e-12)
    agrees(found, expected["deff_kish"]["result"], closed)
