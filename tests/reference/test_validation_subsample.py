"""A gold standard on a subsample against R survey 4.1.1, ``twophase`` with clusters and elements.

The estimate is equal to rounding. R's standard error there depends on the order of rows (.02468 to
.02573 over copies of the same file), since it reads the second-phase probability of a primary unit
from its first row: it is compared to 5 %. That of the z form, .02615, was computed by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.agreement import Within, agrees, told


def screened(oracle: Path) -> pd.DataFrame:
    return pd.read_csv(oracle / "frontier" / "screen_survey.csv")


def survey(rows: pd.DataFrame) -> pv.Survey:
    return pv.Survey(rows, weights="w", strata="stratum", psu="psu")


def estimate(made: pv.Survey, form: str = "double-expansion") -> pv.Estimate:
    return pv.misclassification.validation_subsample(
        made, screen="screen", gold="gold", selected="in2", form=form
    )


@pytest.mark.parametrize("case", ["screen_twophase_approx", "screen_twophase_simple"])
def test_two_phases(oracle: Path, case: str) -> None:
    file = oracle / "frontier" / "expected_measure.json"
    expected: dict[str, Any] = told(file)[case]
    e = estimate(survey(screened(oracle)))
    agrees(e.value[0], expected["result"]["est"], Within("sums in another order", 1e-13))
    agrees(
        e.std_error[0],
        expected["result"]["se"],
        Within("R's depends on the order of rows: .02468 to .02573", expected["tol"]),
    )
    assert round(float(e.std_error[0]), 5) == 0.02615


def test_the_standard_error_does_not_depend_on_the_order_of_rows(oracle: Path) -> None:
    rows = screened(oracle)
    base = estimate(survey(rows))
    orders = [
        rows.sort_values(["screen", "gold"]),
        *(rows.sample(frac=1, random_state=k) for k in range(3)),
    ]
    for order in orders:
        again = estimate(survey(order))
        assert again.value[0] == pytest.approx(base.value[0], rel=1e-13)
        assert again.std_error[0] == pytest.approx(base.std_error[0], rel=1e-11)


def test_reweighted_form_and_jackknife(oracle: Path) -> None:
    rows = screened(oracle)
    e = estimate(survey(rows), "reweighted")
    printed = Within("six digits were printed", absolute=5e-7)
    case, source = "reweighted form of screen_survey", "R survey 4.1.1"
    agrees(e.value[0], 0.122142, printed, case=case, source=source)
    for form in ("double-expansion", "reweighted"):
        one, two = estimate(survey(rows), form), estimate(survey(rows).jackknife(), form)
        assert two.value[0] == pytest.approx(one.value[0], rel=1e-13)
        # Second order: 50 primary units in 5 strata; 1.0 and 1.2 % were seen.
        assert two.std_error[0] == pytest.approx(one.std_error[0], rel=0.02)


def test_the_exact_variance_of_both_phases_is_near(oracle: Path) -> None:
    """R's "full" on one phase of clusters and one of elements, which R itself cannot do."""
    rows = screened(oracle)
    exact = pv.direct.prevalence(survey(rows).second_phase("in2", strata="screen"), "gold")
    e = estimate(survey(rows))
    np.testing.assert_allclose(e.value, exact.value, rtol=1e-13)
    assert e.std_error[0] == pytest.approx(exact.std_error[0], rel=0.05)
