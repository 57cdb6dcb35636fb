"""Recall adjustment where the truth is known: bias and coverage, with their Monte Carlo error.

Twenty known groups of 2,000 to 60,000 in a million people; of a group above 0.1 % respondents
recall the square root. A hidden group of 6,000 is treated alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
POPULATION, HIDDEN, LINE = 1_000_000, 6_000, 2.10092204024096  # t of 18 df, 0.975
SIZES = np.geomspace(2_000, 60_000, 20).round()
KNOWN = {f"g{k}": float(size) for k, size in enumerate(SIZES)}
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*(know nobody in any known|rules differ by more|should not be extended|the sampling error)"
)


def study(rng: np.random.Generator, scatter: float) -> pv.Answers:
    """Answers of 400 adults; groups differ by more than size, with this sd on the log scale."""
    sizes = np.r_[SIZES, HIDDEN]
    recalled = pv.nsum.recalled_size(sizes, 0.001 * POPULATION, float("inf"))
    recalled *= np.exp(rng.normal(0, scatter, sizes.size))
    degree = rng.lognormal(np.log(300), 0.6, 400)
    y = rng.poisson(degree[:, None] * recalled / POPULATION)
    data = dict(zip([*KNOWN, "hidden"], y.T.astype(float), strict=True))
    return pv.Answers(pv.Survey(data), known=KNOWN, hidden="hidden")


def simulated(count: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """Basic and adjusted sizes, and whether two intervals cover: prediction, line alone."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(count):
        made = study(rng, 0.25)
        recall = pv.nsum.validate(made).recall()
        e = pv.nsum.recall_adjusted(made, transmission=1)
        low, high = e.interval()[0]
        new = recall.prediction_error(e.value)[0]
        line = np.sqrt(new**2 - recall.residual_variance / recall.slope**2)
        off = abs(np.log(float(e) / HIDDEN))
        basic = pv.nsum.scale_up(made, transmission=1).value[0]
        rows.append((basic, float(e), low <= HIDDEN <= high, off <= LINE * line))
    basic, adjusted, covered, alone = np.array(rows, dtype=float).T
    return basic, adjusted, covered, alone


def test_adjustment_takes_away_the_recall_error() -> None:
    basic, adjusted, covered, _ = simulated(40, 1)
    logs = np.log(adjusted / HIDDEN)
    error = logs.std(ddof=1) / np.sqrt(logs.size)
    assert abs(logs.mean()) < 4 * error
    assert np.median(basic) > 1.5 * HIDDEN
    assert covered.mean() > 0.95 - 4 * np.sqrt(0.95 * 0.05 / covered.size)


@pytest.mark.proof
def test_the_prediction_interval_covers_and_that_of_the_line_does_not(
    record_property: Callable[[str, object], None],
) -> None:
    basic, adjusted, covered, alone = simulated(1_000, 2)
    error = float(np.sqrt(0.95 * 0.05 / covered.size))
    record_property(
        "table",
        f"recall: hidden {HIDDEN:,}; basic {np.median(basic):,.0f}, adjusted "
        f"{np.median(adjusted):,.0f} (medians of {basic.size:,}); coverage {covered.mean():.3f} by "
        f"prediction, {alone.mean():.3f} by the line alone (Monte Carlo error {error:.3f})",
    )
    assert abs(np.median(adjusted) / HIDDEN - 1) < 0.05
    assert np.median(basic) / HIDDEN > 1.5
    assert abs(covered.mean() - 0.95) < 0.02 + 2 * error
    assert alone.mean() < 0.6
