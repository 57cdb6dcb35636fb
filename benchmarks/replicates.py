"""Speed of replicates: given weights, own factors, and a bootstrap drawn and used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from . import survey_peers as peers
from .machine import installed
from .survey_peers import numbers, same
from .table import Table
from .timing import reading

ROWS, STRATA, PSUS, VARIABLES = 200_000, 500, 4, 10
GIVEN, DRAWN = 200, 500
NAMES = [f"y{k}" for k in range(VARIABLES)]
# Two standard errors from 500 draws each are off by a share of sqrt(2 / 1000); 5 such, over ten of them.
NOISE = 5 * np.sqrt(2 / (2 * DRAWN))


def data(rows: int = ROWS) -> pd.DataFrame:
    """Return rows in the order of their units: 500 strata of 4 primary units."""
    rng = np.random.default_rng(1)
    psu = np.repeat(np.arange(STRATA * PSUS), rows // (STRATA * PSUS))
    frame = pd.DataFrame({"stratum": psu // PSUS, "psu": psu, "w": rng.uniform(1, 10, rows)})
    effect = rng.normal(0, 1, STRATA * PSUS)[psu]
    for name in NAMES:
        frame[name] = 50 + effect + rng.normal(0, 10, rows)
    return frame


def replicates(table: Table) -> None:
    """Time ten means with replicates that are given, made beforehand, or drawn in the call."""
    frame = data()
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    factored = survey.bootstrap(GIVEN, rng=2, mse=False)  # as svy centres
    assert factored.scheme is not None
    factors = factored.scheme.factors
    read = frame[["w", *NAMES]].to_numpy().T.copy()
    _given(table, frame, factors, read)
    matrices = [frame.assign(domain=0)[["stratum", "psu", "w", "domain", *NAMES]], factors]
    sizes = [len(frame), VARIABLES, *factors.shape]
    session = peers.survey_r(peers.REPLICATED, "survey", matrices, sizes)
    sample = _sample(_wide(frame, factors))
    table.measure(
        f"10 means, {GIVEN} own replicates as factors",
        _ours(factored),
        *peers.svy(lambda: _means(sample), bar=15, same=peers.same_svy),
        *peers.in_r(session, "mean", same=same),
        limit=reading(read),
    )
    if session is not None:
        session.close()
    plain: Any = peers.svy_sample(frame) if installed("svy") else None
    table.measure(
        f"10 means, {DRAWN} Rao-Wu replicates drawn and used",
        lambda: numbers(pv.direct.mean(survey.bootstrap(DRAWN, rng=1), NAMES)),
        *peers.svy(
            lambda: _means(plain.weighting.create_bs_wgts(n_reps=DRAWN, rep_prefix="b", rstate=1)),
            bar=50,
            same=_within_noise,
            how_same="within their noise",
        ),
        limit=reading(read),
        runs=2,
    )


def _given(table: Table, frame: pd.DataFrame, factors: Any, read: Any) -> None:
    """Replicate weights that came with the data, a column each."""
    wide = _wide(frame, factors)
    weights = wide[[f"rep{r + 1}" for r in range(GIVEN)]].to_numpy()
    given = pv.Survey(wide, weights="w").replicate_weights("rep", scale=1 / GIVEN, mse=False)
    sample = _sample(wide)
    table.measure(
        f"10 means, {GIVEN} given replicate weights, n = {len(frame):,}",
        _ours(given),
        *peers.svy(lambda: _means(sample), bar=2, same=peers.same_svy),
        limit=lambda: read @ weights,  # the one product that they need
    )


def _wide(frame: pd.DataFrame, factors: Any) -> pd.DataFrame:
    weights = frame["w"].to_numpy()[:, None] * factors[frame["psu"]]
    names = [f"rep{r + 1}" for r in range(factors.shape[1])]
    return pd.concat([frame, pd.DataFrame(weights, columns=names)], axis=1)


def _sample(wide: pd.DataFrame) -> Any:
    if not installed("svy"):
        return None
    import svy

    declared = svy.BootstrapWgts(prefix="rep", n_reps=GIVEN)
    return peers.svy_sample(wide, wgt="w", rep_wgts=declared)


def _ours(made: pv.Survey) -> Callable[[], Any]:
    return lambda: numbers(pv.direct.mean(made, NAMES))


def _means(sample: Any) -> Any:
    return peers.svy_made(sample.estimation.mean, NAMES, method="replication")


def _within_noise(ours: Any, theirs: Any) -> bool:
    """Compare estimates, and standard errors from draws of their own."""
    mine, other = (found.reshape(2, -1) for found in (ours, peers.svy_numbers(theirs)))
    close = np.allclose(mine[0], other[0], rtol=1e-9, atol=0)
    return bool(close and np.allclose(mine[1], other[1], rtol=NOISE, atol=0))
