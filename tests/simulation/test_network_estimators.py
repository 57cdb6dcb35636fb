"""What the tables of docs/evidence/network-coverage.md show of estimators around scale-up, and their claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from evidence.coverage import network_bias, network_estimators

DOCS = Path(__file__).parents[2] / "docs" / "evidence"
KNOWS_NOBODY = pytest.mark.filterwarnings("ignore:.*know nobody in any known group")
NO_REPORT = pytest.mark.filterwarnings("ignore:nobody reported an alter in")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(DOCS / "network-estimators.csv").set_index("estimator")


def picked(table: pd.DataFrame, words: str) -> pd.DataFrame:
    found = table[table.index.str.contains(words, regex=False)]
    assert len(found)
    return found


def test_few_units_cover_by_every_way_to_a_variance(table: pd.DataFrame) -> None:
    """Within the band and two Monte Carlo errors; no way stands out."""
    for way in ("linearised", "jackknife", "bootstrap"):
        found = picked(table, f"scale_up, {way}")
        assert len(found) == 3
        assert (found["coverage"] > 93).all()
        assert (found["coverage"] < 97).all()
    assert picked(table, "mean of ratios")["bias"].between(14, 18).all()


def test_an_uncertain_transmission_is_to_be_drawn(table: pd.DataFrame) -> None:
    drawn, delta = (picked(table, f", {way};") for way in ("draws", "delta"))
    assert (abs(drawn["coverage"] - 95) < 3 * drawn["mc_se"]).all()
    wide = picked(delta, "0.3 (0.1 to 0.6)")
    assert (wide["coverage"] < 93).all()
    assert (wide["too_low"] > 5 * wide["too_high"]).all()


def test_samples_of_hidden_people_cover_but_the_degree_ratio_less(table: pd.DataFrame) -> None:
    for name in ("generalized", "game_of_contacts"):
        assert (picked(table, name)["coverage"] > 93).all()
    assert picked(table, "degree_ratio")["coverage"].between(89, 93).all()
    rates = picked(table, "network_rates")
    many = rates.index.str.contains("times as many")
    assert (rates["coverage"][~many] > 96).all()
    assert rates["coverage"][many].between(94, 96.5).all()
    assert picked(table, "blend")["coverage"].loc["blend, weight as fixed; 10 units"] < 88


def test_the_z_of_validate_is_normal_with_many_units_alone(table: pd.DataFrame) -> None:
    spread = 1 / picked(table, "sizes exact")["se_ratio"]
    assert (np.diff(spread) < 0).all()
    assert spread.iloc[0] > 1.2
    assert spread.iloc[-1] < 1.03
    page = (DOCS / "network-coverage.md").read_text(encoding="utf-8")
    assert ", ".join(f"{x:.2f}" for x in spread[:3]) + f" and {spread.iloc[3]:.2f}" in page


def test_errors_of_the_answers_move_the_estimate_and_the_interval_does_not_see_them() -> None:
    table: Any = pd.read_csv(DOCS / "network-bias.csv").set_index("error")
    assert list(table.index) == [error.error for error in network_bias.ERRORS]
    assert abs(table.loc["none", "bias"]) < 3 * table.loc["none", "mc_se"]
    wrong = table.loc["transmission 0.6, taken as 1"]
    assert wrong["bias"] == pytest.approx(-40, abs=4 * wrong["mc_se"])
    assert wrong["coverage"] < 1
    false = table.loc["3 of 10 reports false, taken as true"]
    assert false["bias"] == pytest.approx(100 / 0.7 - 100, abs=4 * false["mc_se"])
    assert (table["coverage"] < 60).sum() >= 8


def test_posteriors_that_do_not_know_the_design_cover_less() -> None:
    """60 samples: the error of a coverage of 95 % is 2.8 points, of one of 80 % 5.2."""
    table: Any = pd.read_csv(DOCS / "network-posteriors.csv").set_index(["sampling", "estimator"])
    for sampling, most in (("informative", 70), ("equal chances", 90)):
        found = table.loc[sampling, "coverage"]
        assert found["overdispersed, weights='ignore'"] < most
        assert found["overdispersed, weights='pseudo'"] > 95 - 3 * 2.8
        assert found["scale_up"] > 95 - 3 * 2.8
    assert table.loc[("informative", "overdispersed, weights='ignore'"), "bias"] > 15


@KNOWS_NOBODY
@NO_REPORT
def test_one_sample_of_each_study_has_an_interval() -> None:
    """The studies run; what they show is in the committed tables."""
    for part in ("known sizes", "two samples", "cells"):
        rng = np.random.default_rng(1)
        for name, truth, e in network_estimators.STUDIES[part](rng):
            assert truth > 0, name
            assert isinstance(e, pv.Estimate)
            assert np.isfinite(e.interval()).all(), name
