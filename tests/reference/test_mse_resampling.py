"""BCa limits, acceleration and jackknife of stepwise selection against R SparseMSE 2.0.1.

The 1,000 stored resamples are those R drew, so that every number is compared without a generator.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prevalence.mse.resampling import Resampled, resample
from prevalence.mse.stepwise import stepwise_fit
from tests.agreement import Within, agrees, told
from tests.naive import mse_resampling as naive
from tests.reference.test_mse_core import BOOTSTRAPPED, TOTAL, replicates, table

# Shares of 1,000 replicates.
SHARES = Within("rounding of the digits stored", 1e-9)


def stored(oracle: Path, name: str) -> tuple[Resampled, dict[str, object]]:
    histories, counts = table(oracle, name)
    _, columns, _ = replicates(oracle, name)
    found = resample(lambda n: stepwise_fit(histories, n).total, counts, columns)
    return found, told(oracle / "mse" / f"{name}_stepwise_boot.json")


@pytest.mark.parametrize("name", BOOTSTRAPPED)
def test_limits_acceleration_and_bias(oracle: Path, name: str) -> None:
    found, reference = stored(oracle, name)
    agrees(found.value, [reference["popest"]], TOTAL)
    agrees(found.bias, [reference["z0"]], SHARES)
    agrees(found.jackknife.acceleration, [reference["ahat"]], TOTAL)
    agrees(found.jackknife.without[0], reference["jackknife_rows"], TOTAL)
    quantiles = reference["BCaquantiles"]
    assert isinstance(quantiles, dict)
    for at, limit in quantiles.items():
        level = abs(1 - 2 * float(at))
        side = int(float(at) > 0.5)
        agrees(found.interval("bca", level)[0, side], limit, TOTAL)
    assert found.interval("percentile") == pytest.approx(
        np.array([naive.percentile(found.draws[0], 0.95)]), rel=1e-12
    )


def test_the_published_lower_limit_of_new_orleans_is_the_smallest_replicate(oracle: Path) -> None:
    found, _ = stored(oracle, "neworleans5_185")
    assert found.interval()[0, 0] == found.draws.min()
    assert found.at_extreme().tolist() == [[True, False]]
    assert any("smallest of 1,000 replicates" in said for said in found.warnings())
