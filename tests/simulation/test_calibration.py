"""The committed table of calibration, and that a short run of the study makes such a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evidence.coverage import calibration as study

TABLE = Path(__file__).parents[2] / "docs" / "evidence" / "calibration.csv"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(TABLE)


def test_every_sampler_is_calibrated(table: pd.DataFrame) -> None:
    ranks, joint = (table[table["test"] == test] for test in ("ranks", "joint"))
    assert set(ranks["sampler"]) == set(study.RANKS)
    assert set(joint["sampler"]) == set(study.JOINT)
    assert ranks["fits"].min() >= study.FITS
    assert all(claim.met for claim in study.claims(table))


def test_central_intervals_hold_as_many_truths_as_they_say(table: pd.DataFrame) -> None:
    """Within four errors of a share of 95 % in as many fits, more for the coarse ranks of 19 draws."""
    ranks = table[table["test"] == "ranks"]
    error = 100 * np.sqrt(0.95 * 0.05 / ranks["fits"])
    assert ((ranks["coverage"] - 95).abs() < 4 * error).all()


def test_a_line_sees_ranks_that_are_not_uniform() -> None:
    rng = np.random.default_rng(1)
    right = study.line("a", "b", rng.random((300, 2)))
    wrong = study.line("a", "b", rng.beta(2, 2, (300, 2)))
    assert right["p"] > 0.001 > wrong["p"]
    assert right["numbers"] == 2
    assert right["coverage"] < wrong["coverage"]


def test_a_short_run_makes_lines() -> None:
    lines = pd.DataFrame(study.ranked("nsum.fit, random degree", 10))
    assert {"mu", "sigma", "log_hidden"} <= set(lines["parameter"])
    assert (lines["p"] > 0).all()
