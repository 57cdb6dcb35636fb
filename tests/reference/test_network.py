"""The Rwanda survey of 2,406 respondents (../shared/oracle/nsum): networkreporting and R survey.

Tolerances: point estimates 1e-10 and standard errors 1e-8 relative (closed forms, 15 digits
stored); the stored bootstrap factors give sd and mean to 1e-10.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv

# Answers top-coded at 95, and a tenth of respondents who know nobody in a known group.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*look like codes for missing"),
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:the two size rules differ"),
]
GROUPS = ["sex.workers", "clients", "idu"]


def _cases(oracle: Path) -> dict[str, Any]:
    text = (oracle / "nsum" / "expected_closed.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["cases"])


def _rwanda(oracle: Path) -> tuple[pd.DataFrame, dict[str, float]]:
    known = pd.read_csv(oracle / "nsum" / "rwanda_known.csv")
    sizes = dict(zip(known["known.popn"], known["size"].astype(float), strict=True))
    return pd.read_csv(oracle / "nsum" / "rwanda_survey.csv"), sizes


def _survey(frame: pd.DataFrame) -> pv.Survey:
    return pv.Survey(frame, weights="indweight", strata="region", psu="cluster", nest=True)


def test_rwanda_linearised_and_jackknife(oracle: Path) -> None:
    frame, known = _rwanda(oracle)
    cases = _cases(oracle)
    e = pv.nsum.scale_up(_survey(frame), GROUPS, known=known, transmission=1, missing="complete")
    j = pv.nsum.scale_up(
        _survey(frame).jackknife(mse=False), GROUPS, known=known, transmission=1, missing="complete"
    )
    for k, group in enumerate(GROUPS):
        expected = cases[f"svyratio_{group}"]["value"]
        np.testing.assert_allclose(e.value[k], expected["size"], rtol=1e-10)
        np.testing.assert_allclose(e.std_error[k], expected["se_linear_size"], rtol=1e-8)
        np.testing.assert_allclose(j.std_error[k], expected["se_JKn_size"], rtol=1e-8)
        assert e.df[k] == expected["df"]
    assert np.round(e.value).tolist() == [32217, 33154, 574]
    assert np.round(e.std_error).tolist() == [3204, 3860, 252]


def test_rwanda_adjusted_and_unweighted(oracle: Path) -> None:
    frame, known = _rwanda(oracle)
    cases = _cases(oracle)
    flat = pv.Survey(frame, strata="region", psu="cluster", nest=True)
    for group in [*GROUPS, "msm"]:
        plain = pv.nsum.scale_up(flat, group, known=known, transmission=1, missing="complete")
        expected = cases[f"nsum_{group}_unweighted_basic"]["value"]["estimate"]
        np.testing.assert_allclose(float(plain), expected, rtol=1e-10)
        adjusted = pv.nsum.scale_up(
            _survey(frame), group, known=known, transmission=0.7 * 0.8, missing="complete"
        )
        expected = cases[f"nsum_{group}_weighted_adjusted"]["value"]["estimate"]
        np.testing.assert_allclose(float(adjusted), expected, rtol=1e-10)


def test_rwanda_by_region(oracle: Path) -> None:
    frame, known = _rwanda(oracle)
    expected = _cases(oracle)["svyratio_by_region_idu"]["value"]
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported knowing anyone in 'idu'"):
        e = pv.nsum.scale_up(
            _survey(frame), "idu", known=known, transmission=1, missing="complete", by="region"
        )
    population = 10_718_378
    for region, share, error in zip(
        expected["region"], expected["prevalence"], expected["se"], strict=True
    ):
        row = e[region]
        np.testing.assert_allclose(float(row), share * population, rtol=1e-10)
        if share > 0:  # without a report the reference prints a standard error of 0, we print none
            np.testing.assert_allclose(row.std_error[0], error * population, rtol=1e-8)
        else:
            assert np.isnan(row.std_error[0])
            assert row.interval()[0, 1] > 0
