"""Standard errors through nonresponse, poststratification, raking and trimming, against the truth.

The study itself is `evidence/coverage/chain.py`; here are its claims, each with its Monte Carlo error.
"""

from __future__ import annotations

import numpy as np
import pytest

from evidence.coverage.chain import ESTIMATORS, FULL, SAMPLES, WAYS, study, table

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


@pytest.mark.proof
def test_standard_errors_through_every_step_are_right_and_cover() -> None:
    done = study()
    told = "\n" + table(done).to_string()
    ratio, ratio_error = done.ratio()
    share, share_error = done.coverage()
    for j, way in enumerate(WAYS):
        if way not in FULL:
            continue
        off = np.abs(ratio[j] - 1)
        assert (off < 0.03 + 2 * ratio_error[j]).all(), told
        assert off.mean() < 0.03, told
        assert (share[j] > 0.93 - 2 * share_error[j]).all(), told
        assert (share[j] < 0.97 + 2 * share_error[j]).all(), told
    bias, error = done.bias()
    assert (np.abs(bias) < 0.2).all(), told  # what capped weights cost
    assert error[0] < 0.03
    assert len(done.value) == SAMPLES
    for way in ("jackknife", "bootstrap"):
        same, same_error = done.against("linearised", way)
        assert (np.abs(same - 1) < 0.03 + 2 * same_error).all(), told
    # What is gained: an analysis that takes the weights as they are, or only their last step, tells
    # a total of an outcome that the margins explain with several times its standard error.
    for way in ("last step only", "weights as given"):
        assert ratio[WAYS.index(way), TOTAL_OF_HOURS] > 1.5, told
