"""Raking a million rows against svy 0.35: independent margins, and margins that are correlated.

Counted from ``survey.rake(...)`` to the final weights, on a sample object made beforehand: once as
it stands, where the columns have been coded by an earlier call, and once on a new sample, where
they are coded in the call. The adjoint, which the first standard error makes, is shown apart.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import svy

import prevalence as pv

from .estimation import MARGINS, N, data, targets
from .timing import Line, cpu, reading, timed

BAR = 15


def hard(rows: int = N) -> pd.DataFrame:
    """Return rows whose margins go together, so that proportional fitting needs many sweeps."""
    rng = np.random.default_rng(2)
    common = rng.normal(size=rows)
    psu = np.arange(rows) // 500
    frame = pd.DataFrame({"stratum": psu // 4, "psu": psu, "w": rng.uniform(1, 10, rows)})
    for k, levels in enumerate(MARGINS):
        rank = np.argsort(np.argsort(common + rng.normal(0, 0.15, rows)))
        frame[f"m{k}"] = rank * levels // rows
    return frame


def hard_targets(frame: pd.DataFrame) -> dict[str, dict[int, float]]:
    """Return the margins of other weights of the same rows, which are 1 in 2 off the sample's."""
    rng = np.random.default_rng(3)
    other = frame["w"] * np.exp(rng.normal(0, 0.5, len(frame)) + 0.4 * (frame["m0"] % 3 - 1))
    sums = {f"m{k}": np.bincount(frame[f"m{k}"], other) for k in range(len(MARGINS))}
    total = float(frame["w"].sum())
    return {
        name: dict(enumerate((part / part.sum() * total).tolist())) for name, part in sums.items()
    }


def gap(weights: Any, frame: pd.DataFrame, wanted: dict[str, dict[int, float]]) -> float:
    """Return the largest relative distance of a margin from its target."""
    w = np.asarray(weights)
    return max(
        float(np.abs(np.bincount(frame[name], w) / np.array(list(totals.values())) - 1).max())
        for name, totals in wanted.items()
    )


def raking(runs: int = 3) -> bool:
    """Time both cases, print the ratios and say whether the bars are met."""
    met = True
    for name, frame, wanted in _cases():
        survey = _survey(frame)
        sample = svy.Sample(
            pl.from_pandas(frame), svy.Design(stratum="stratum", psu="psu", wgt="w")
        )
        ours = _ours(survey, wanted)
        theirs = _theirs(sample, wanted)
        reached = gap(ours(), frame, wanted)
        if reached > 1e-10:
            raise ValueError(f"raked margins must be met to 1e-10: {name} is off by {reached:.1e}.")
        limit = reading(*(frame[column] for column in ("w", *wanted)))
        met &= timed(Line(f"raking n = {len(frame):,}, {name}", ours, theirs, BAR, runs, limit))
        fresh = [cpu(_ours(_survey(frame), wanted))[0] for _ in range(5)]
        raked = survey.rake(wanted)
        adjoint = cpu(lambda raked=raked: raked.chain.terms)[0]
        print(
            f"  on a new sample {statistics.median(fresh):.3f} s; its adjoint {adjoint:.3f} s; margins "
            f"met to {reached:.0e}",
            flush=True,
        )
    return met


def _cases() -> list[tuple[str, pd.DataFrame, dict[str, dict[int, float]]]]:
    plain, tight = data(), hard()
    return [
        ("margins 10, 5, 2, 50", plain, targets(plain)),
        ("correlated margins", tight, hard_targets(tight)),
    ]


def _survey(frame: pd.DataFrame) -> pv.Survey:
    return pv.Survey(frame, weights="w", strata="stratum", psu="psu")


def _ours(survey: pv.Survey, wanted: dict[str, dict[int, float]]) -> Callable[[], Any]:
    return lambda: survey.rake(wanted).final_weights


def _theirs(sample: Any, wanted: dict[str, dict[int, float]]) -> Callable[[], Any]:
    return lambda: sample.weighting.rake(controls=wanted, tol=1e-10, max_iter=2_000)


if __name__ == "__main__":
    raise SystemExit(0 if raking() else 1)
