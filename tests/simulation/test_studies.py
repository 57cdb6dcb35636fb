"""The committed table of whole studies keeps what its page promises, and a few samples come out alike."""

from __future__ import annotations

import pandas as pd
import pytest

from evidence.claims import DOCS
from evidence.coverage.studies import (
    DESIGNS,
    HELD,
    LEAST,
    MC,
    MOST,
    NAMED_HEADS,
    PREVALENCES,
    RARE,
    SAMPLES,
    VIOLATIONS,
    cells,
    claims,
    judged,
    lines,
)

TABLE = pd.read_csv(DOCS / "studies.csv").rename(
    columns={told: name for name, told in NAMED_HEADS.items()}
)
HOLDS = TABLE["holds"] == "yes"


def test_the_table_has_every_cell_with_enough_samples() -> None:
    assert (
        TABLE["samples"].between(400, SAMPLES).all()
    )  # an error of 1.1 points of a coverage, or less
    found = set(zip(TABLE["cell"], TABLE["prevalence"], strict=True))
    assert found == {(cell.name, 100 * cell.prevalence) for cell in cells()}
    assert {(d, 100 * p) for d in DESIGNS for p in PREVALENCES} <= found


def test_intervals_hold_the_truth_where_assumptions_hold() -> None:
    slack = MC * TABLE["coverage mc"]
    held, rare = (TABLE["asked"] == bar for bar in (HELD, RARE))
    assert (TABLE["coverage"] >= LEAST - slack)[held | rare].all()
    assert (TABLE["coverage"] <= MOST + slack)[held].all()
    # Over all lines Monte Carlo errors cancel: the mean needs no slack.
    assert LEAST < TABLE.loc[held, "coverage"].mean() < MOST
    assert held.sum() > 50
    told = judged(TABLE.drop(columns=["asked", "met"]))
    assert told["asked"].tolist() == TABLE["asked"].tolist()


def test_every_violation_is_shown_with_its_bias() -> None:
    broken = TABLE[~HOLDS]
    assert set(broken["cell"]) == set(VIOLATIONS)
    assert (broken["coverage"] < LEAST).groupby(broken["cell"]).any().all()
    bias, error = broken["bias"].abs(), broken["bias mc"]
    assert (bias > 4 * error).groupby(broken["cell"]).any().all()


def test_the_claims_follow_from_the_table() -> None:
    assert all(claim.met for claim in claims(TABLE.fillna({"met": ""})))


@pytest.mark.parametrize("number", [7, 14])
def test_a_few_samples_come_out_like_the_table(number: int) -> None:
    cell = cells()[number]
    found = lines(cell, number, 8).set_index("estimator")
    here = TABLE[(TABLE["cell"] == cell.name) & (TABLE["prevalence"] == 100 * cell.prevalence)]
    table = here.set_index("estimator").loc[found.index]
    # Eight samples: five Monte Carlo errors of theirs, the spread taken from the table.
    assert ((found["bias"] - table["bias"]).abs() < 5 * table["rmse"] / 8**0.5).all()
