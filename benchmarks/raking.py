"""Raking a million rows: independent margins, and margins that are correlated.

Counted from ``survey.rake(...)`` to the final weights, on a sample object made beforehand: once as
it stands, where the columns have been coded by an earlier call, and once on a new sample, where
they are coded in the call. The adjoint, which the first standard error makes, is shown apart. R's
survey, which takes seconds for a sweep of a million rows, rakes fewer.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from . import survey_peers as peers
from .estimation import MARGINS, SMALL, N, data, survey_of, targets
from .machine import installed
from .table import Table
from .timing import cpu, in_turn, reading

BAR, REACHED = 15, 1e-10
EVERY = 1_000  # weights that are compared: one of so many rows


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


def raking(table: Table) -> None:
    """Time both cases beside the peers."""
    for name, frame, wanted in _cases():
        survey = survey_of(frame)
        reached = gap(survey.rake(wanted).final_weights, frame, wanted)
        if reached > REACHED:
            raise ValueError(f"raked margins must be met to 1e-10: {name} is off by {reached:.1e}.")
        session = _session(frame, wanted)
        table.measure(
            f"raking, {name}, n = {len(frame):,}",
            partial(_raked, survey, wanted),
            *_svy(frame, wanted, BAR if len(frame) > SMALL else None),
            *peers.in_r(session, "rake", same=_near),
            limit=reading(*(frame[column] for column in ("w", *wanted))),
            runs=3,
            note=f"margins met to {reached:.0e}",
        )
        if session is not None:
            session.close()
        if len(frame) > SMALL:
            _parts(table, frame, wanted)


def _svy(frame: pd.DataFrame, wanted: dict[str, dict[int, float]], bar: float | None) -> list[Any]:
    if not installed("svy"):
        return []
    sample = peers.svy_sample(frame)

    def call() -> Any:
        made = sample.weighting.rake(controls=wanted, tol=1e-10, max_iter=2_000)
        return _some(made.data[made.design.wgt].to_numpy())

    return peers.svy(call, bar=bar, same=_near)


def _session(frame: pd.DataFrame, wanted: dict[str, dict[int, float]]) -> Any:
    """Return R's survey with fewer rows; None for a million."""
    if len(frame) > SMALL:
        return None
    totals = [np.array(list(part.values())) for part in wanted.values()]
    matrices = [frame[["stratum", "psu", "w", *wanted]], *totals]
    sizes = [len(frame), len(wanted), *(len(part) for part in totals)]
    return peers.survey_r(peers.RAKING, "survey", matrices, sizes)


def _raked(survey: Any, wanted: Any) -> Any:
    return _some(survey.rake(wanted).final_weights)


def _some(weights: Any) -> Any:
    return np.asarray(weights)[::EVERY]


def _near(ours: Any, theirs: Any) -> bool:
    """Compare weights: the margins of both are met to 1e-10, which holds single weights less closely."""
    return bool(np.allclose(ours, theirs, rtol=1e-6, atol=0))


def _parts(table: Table, frame: pd.DataFrame, wanted: dict[str, dict[int, float]]) -> None:
    """Raking of a new sample, and the adjoint of the step."""
    fresh = [survey_of(frame) for _ in range(4)]
    new = in_turn({"new": lambda: fresh.pop().rake(wanted).final_weights}, runs=1)["new"]
    table.ours("the same on a new sample", new, note="columns are read and coded")
    raked = survey_of(frame).rake(wanted)
    seconds, _ = cpu(lambda: raked.chain.terms)
    table.once("its adjoint, made with the first standard error", seconds)


def _cases() -> list[tuple[str, pd.DataFrame, dict[str, dict[int, float]]]]:
    plain, tight, few = data(), hard(), data(SMALL)
    return [
        ("margins 10, 5, 2, 50", few, targets(few)),
        ("margins 10, 5, 2, 50", plain, targets(plain)),
        ("correlated margins", tight, hard_targets(tight)),
    ]
