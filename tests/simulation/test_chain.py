"""Standard errors through nonresponse, poststratification, raking and trimming, against the truth.

The study itself is `evidence/coverage/chain.py`; here are its claims, each with its Monte Carlo error.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evidence.coverage.chain import ESTIMATORS, FULL, SAMPLES, WAYS, study

TOTAL_OF_HOURS = ESTIMATORS.index("total of hours")


def test_a_few_samples_agree_with_the_truth_and_with_the_jackknife() -> None:
    done = study(12, ("linearised", "weights as given"), seed=1)
    ratio, error = done.ratio()
    assert (np.abs(ratio[0] - 1) < 4 * error[0]).all()
    assert ratio[1, TOTAL_OF_HOURS] > 2 * ratio[0, TOTAL_OF_HOURS]
    bias, bias_error = done.bias()
    assert (np.abs(bias) < 4 * bias_error).all()
    share, _ = done.coverage()
    assert share[0].mean() > 0.85  # 12 samples of seven estimates that go together
    linear, _ = study(2, ("linearised", "jackknife"), seed=1).against("linearised", "jackknife")
    # Deleting a unit of ten moves the margins, which the derivative takes as one small step.
    np.testing.assert_allclose(linear, 1, atol=0.06)


def test_standard_errors_through_every_step_are_right_and_cover(root: Path) -> None:
    """Of the table that the study wrote: errors of Monte Carlo are its own."""
    found = pd.read_csv(root / "docs" / "evidence" / "weights-variance-details.csv")
    assert set(found["way"]) == set(WAYS)
    assert (found["samples"] == SAMPLES).all()
    through = found[found["way"].isin(FULL)]
    off = (through["se_ratio"] - 1).abs()
    assert (off < 0.03 + 2 * through["se_ratio_mc"]).all()
    assert (off.groupby(through["way"]).mean() < 0.03).all()
    assert (through["coverage"] > 93 - 2 * through["coverage_mc"]).all()
    assert (through["coverage"] < 97 + 2 * through["coverage_mc"]).all()
    in_sd = through["bias"] / (through["rmse"] ** 2 - through["bias"] ** 2) ** 0.5
    assert (in_sd.abs() < 0.2).all()  # what capped weights cost
    # What is gained: an analysis that takes the weights as they are, or only their last step, tells
    # a total of an outcome that the margins explain with several times its standard error.
    apart = found[found["way"].isin(["last step only", "weights as given"])]
    of_hours = apart[apart["estimator"] == "total of hours"]
    assert len(of_hours) == 2
    assert (of_hours["se_ratio"] > 1.5).all()


@pytest.mark.proof
def test_replicates_tell_what_the_derivative_tells() -> None:
    done = study(200, ("linearised", "jackknife", "bootstrap"), seed=2, wide=False)
    for way in ("jackknife", "bootstrap"):
        same, same_error = done.against("linearised", way)
        assert (np.abs(same - 1) < 0.03 + 2 * same_error).all()
