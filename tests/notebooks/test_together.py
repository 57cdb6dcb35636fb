"""The country shown as the first in which the survey's interval misses is the first."""

from __future__ import annotations

import pytest

from prevalence.coverage import one_run

FIRST_MISS = 10  # as in notebooks/jamaica.py


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
def test_the_first_country_in_which_the_survey_misses() -> None:
    held = []
    for seed in range(1, FIRST_MISS + 1):
        rows = {row["name"]: row["covers"] for row in one_run("jamaica", seed)}
        held.append(bool(rows["survey, all children"]))
    assert held == [True] * (FIRST_MISS - 1) + [False]
