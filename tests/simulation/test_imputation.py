"""Rubin's interval where the truth is known: a clustered sample with few units, a third not answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
STRATA, UNITS, SIZE, M = 2, 6, 12, 5  # 10 degrees of freedom
BETWEEN, WITHIN, MISSING = 0.4, 1.0, 0.35
UNIT = np.repeat(np.arange(STRATA * UNITS), SIZE)
STRATUM = UNIT // UNITS
LEVEL = np.array([0.0, 1.0])


def draw(rng: np.random.Generator) -> tuple[Array, Array]:
    """One sample of answers with unit effects, and which are missing: more where the level is high."""
    effect = rng.normal(0, np.sqrt(BETWEEN), STRATA * UNITS)
    y = LEVEL[STRATUM] + effect[UNIT] + rng.normal(0, np.sqrt(WITHIN), UNIT.size)
    gone = rng.random(UNIT.size) < MISSING * (0.7 + 0.6 * STRATUM)
    gone[np.arange(0, UNIT.size, SIZE)] = False  # some answers in every unit
    return y, gone


def completed(rng: np.random.Generator, y: Array, gone: Array, *, units: bool) -> list[Array]:
    """Draws from the predictive distribution given unit effects (or, wrongly, without any)."""
    count = np.bincount(UNIT[~gone], minlength=STRATA * UNITS)
    mean = np.bincount(UNIT[~gone], y[~gone], minlength=STRATA * UNITS) / count
    of_unit = np.arange(STRATA * UNITS) // UNITS
    between = BETWEEN if units else 0.0
    spread = WITHIN if units else WITHIN + BETWEEN
    weight = 1 / (between + spread / count)
    out = []
    for _ in range(M):
        total = np.bincount(of_unit, weight)
        centre = np.bincount(of_unit, weight * mean) / total
        level = rng.normal(centre, 1 / np.sqrt(total))
        shrink = between / (between + spread / count)
        effect = level[of_unit] + shrink * (mean - level[of_unit])
        effect = rng.normal(effect, np.sqrt(shrink * spread / count))
        drawn = rng.normal(effect[UNIT], np.sqrt(spread))
        out.append(np.where(gone, drawn, y))
    return out


def combined(sets: list[Array], df: str = "barnard-rubin") -> pv.Estimate:
    surveys = [pv.Survey({"y": y, "h": STRATUM, "u": UNIT}, strata="h", psu="u") for y in sets]
    return pv.combine_imputations([pv.direct.mean(s, "y") for s in surveys], df)


@pytest.mark.proof
def test_rubins_interval_covers_in_a_clustered_sample(record_property: Any) -> None:
    rng, times, truth = np.random.default_rng(20), 1500, LEVEL.mean()
    found = {"with the units": [], "without them": []}  # type: dict[str, list[Any]]
    wide: list[bool] = []
    for _ in range(times):
        y, gone = draw(rng)
        for name, units in (("with the units", True), ("without them", False)):
            sets = completed(rng, y, gone, units=units)
            e = combined(sets)
            low, high = e.interval()[0]
            found[name].append((e.value[0], e.std_error[0], low <= truth <= high))
            if units:
                low, high = combined(sets, "rubin").interval()[0]
                wide.append(bool(low <= truth <= high))
    lines, cover, ratio, error = [], {}, {}, {}
    for name, rows in found.items():
        value, std_error, covers = np.array(rows, dtype=float).T
        cover[name] = covers.mean()
        error[name] = np.sqrt(0.95 * 0.05 / times)
        ratio[name] = np.square(std_error).mean() / value.var(ddof=1)
        lines.append(f"imputed {name}: covers {cover[name]:.3f}, T / variance {ratio[name]:.2f}")
    lines.append(f"Rubin's degrees of freedom: covers {np.mean(wide):.3f} (+- {error[name]:.4f})")
    record_property("table", "\n".join(lines))
    good = "with the units"
    # Barnard and Rubin's rule covers a little more than asked for where degrees of freedom are few.
    assert 0.95 - 2 * error[good] < cover[good] < 0.98
    # The variance of 1,500 values and the mean of 1,500 T: relative error sqrt(2 / 1500) and less.
    assert abs(ratio[good] - 1) < 3 * np.sqrt(2 / times) + 0.02
    # With 10 degrees of freedom in the design, Rubin's thousands are too many.
    assert np.mean(wide) < cover[good] - 0.01
    # A model without the units is what the notes warn of.
    assert ratio["without them"] < ratio[good] - 0.1
