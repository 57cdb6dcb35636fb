"""Multiple imputation against R: eight imputations of a screening answer in a clustered sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import prevalence as pv
from tests.agreement import Within, agrees, differs, told
from tests.naive import imputation as naive

TOLERANCE = Within("the reference's own: sums in another order", 1e-9)


@pytest.fixture(scope="module")
def case(oracle: Path) -> tuple[list[pv.Estimate], dict[str, Any]]:
    folder = oracle / "frontier"
    content = told(folder / "expected_measure.json")
    rows, drawn = (pd.read_csv(folder / name) for name in ("screen_survey.csv", "mi_screen.csv"))
    means = []
    for k in range(1, 9):
        completed = rows.assign(screen=drawn[f"imp{k}"])
        survey = pv.Survey(completed, weights="w", strata="stratum", psu="psu")
        means.append(pv.direct.mean(survey, "screen"))
    return means, content["mi_svymean"]["result"]


def test_each_completed_data_set_has_the_estimate_of_r(
    case: tuple[list[pv.Estimate], dict[str, Any]],
) -> None:
    means, expected = case
    found = [float(e.value[0]) for e in means]
    agrees(found, expected["q"], TOLERANCE)
    variances = [float(e.std_error[0]) ** 2 for e in means]
    agrees(variances, expected["u"], TOLERANCE)


def test_the_combination_is_that_of_mitools_and_its_degrees_of_freedom_those_of_mice(
    case: tuple[list[pv.Estimate], dict[str, Any]],
) -> None:
    means, expected = case
    found = pv.combine_imputations(means)
    agrees(found.value[0], expected["est"], TOLERANCE)
    agrees(found.std_error[0], expected["se"], TOLERANCE)
    agrees(found.df[0], expected["df_barnard_rubin"], TOLERANCE)
    agrees(found.facts["missing_information"][0], expected["missinfo"], TOLERANCE)
    large = pv.combine_imputations(means, "rubin")
    agrees(large.df[0], expected["df_rubin"], TOLERANCE)
    assert large.std_error[0] == found.std_error[0]


def test_the_factor_that_mitools_drops_is_kept(
    case: tuple[list[pv.Estimate], dict[str, Any]],
) -> None:
    """mitools 2.4 takes U / (U + B) for the observed share: its degrees of freedom are too many."""
    means, expected = case
    m = len(means)
    found = pv.combine_imputations(means)
    within = sum(float(e.std_error[0]) ** 2 for e in means) / m
    between = (float(found.std_error[0]) ** 2 - within) / (1 + 1 / m)
    theirs = naive.mitools(within, between, m, expected["df_complete"])
    agrees(theirs, expected["df_mitools"], TOLERANCE, explained=True)
    differs(found.df[0], expected["df_mitools"], "mitools 2.4 drops the factor 1 + 1 / m")
    assert found.df[0] < theirs - 0.4
    right = naive.barnard_rubin(within, (1 + 1 / m) * between, m, expected["df_complete"])
    assert found.df[0] == pytest.approx(right, rel=1e-12)
