"""Leave-one-known-group-out tables of the Rwanda survey by networkreporting 0.1.1 (R).

Call: ``nsum.internal.validation(survey, known.popns, total.popn.size, kp.method=TRUE,
missing="complete.obs", weights=...)``. Closed forms stored with 15 digits: 1e-10 relative.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.agreement import EXACTLY, Within, agrees, differs, told

EXACT = Within("closed forms: rounding of the 15 digits stored", 1e-10)
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*look like codes for missing"),  # top-coded at 95
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:.*more hidden people than they know at all"),
]


def rwanda(oracle: Path, weights: str | None) -> tuple[pv.Survey, dict[str, float]]:
    known = pd.read_csv(oracle / "nsum" / "rwanda_known.csv").set_index("known.popn")["size"]
    frame = pd.read_csv(oracle / "nsum" / "rwanda_survey.csv")
    made = pv.Survey(frame, weights=weights, strata="region", psu="cluster", nest=True)
    return made, {str(name): float(size) for name, size in known.items()}


def expected(oracle: Path, name: str) -> dict[str, Any]:
    cases = told(oracle / "nsum" / "expected_closed.json")["cases"]
    return dict(cases[f"internal_validation_{name}"]["value"])


@pytest.mark.parametrize(("name", "weights"), [("weighted", "indweight"), ("unweighted", None)])
def test_the_table_and_its_errors(oracle: Path, name: str, weights: str | None) -> None:
    survey, known = rwanda(oracle, weights)
    found = pv.nsum.validate(survey, known=known, missing="complete")
    wanted = expected(oracle, name)
    agrees(list(found.groups), wanted["results"]["name"], EXACTLY)
    agrees(found.estimate.value, wanted["results"]["nsum.holdout.est"], EXACT)
    for error in ("rmse", "mae", "are"):
        agrees(getattr(found, error), wanted[error], EXACT)
    assert found.to_frame()["missing"].sum() == 1  # one answer about muslims


def test_the_standard_error_is_not_the_binomial_one_of_the_package(oracle: Path) -> None:
    """Killworth's, printed there alone, is a fraction of the design's on clustered data."""
    survey, known = rwanda(oracle, "indweight")
    found = pv.nsum.validate(survey, known=known, missing="complete")
    kept = expected(oracle, "weighted")["results"]["killworth.se"]
    printed = np.array(kept)
    why = "a binomial error there, the design's here: clustered data"
    differs(found.estimate.std_error, printed, why, case=kept)
    share = printed / found.estimate.std_error
    assert share.max() < 0.62
    assert np.median(share) < 0.5


def test_replicates_are_close_to_linearisation(oracle: Path) -> None:
    survey, known = rwanda(oracle, "indweight")
    linear = pv.nsum.validate(survey, known=known, missing="complete").estimate.std_error
    jackknife = pv.nsum.validate(survey.jackknife(), known=known, missing="complete")
    bootstrap = pv.nsum.validate(survey.bootstrap(1_000, rng=1), known=known, missing="complete")
    np.testing.assert_allclose(jackknife.estimate.std_error, linear, rtol=0.08)  # second order
    # 1,000 replicates tell a standard error to 2.2 %: four of these, and the second order.
    np.testing.assert_allclose(bootstrap.estimate.std_error, linear, rtol=0.15)


def test_small_groups_come_back_too_large_and_trimming_leaves_fifteen(oracle: Path) -> None:
    survey, known = rwanda(oracle, "indweight")
    found = pv.nsum.validate(survey, known=known, missing="complete")
    recall = found.recall()
    assert round(recall.slope, 2) == 0.46  # far below 1: the recall curve is visible
    trimmed = found.trimmed()
    assert len(trimmed.kept) == 15
    assert {"priest", "nurse.or.doctor", "teacher"} <= set(trimmed.removed)
    assert trimmed.are < 0.3
    assert found.are > 1
