"""Speed and memory of replicates against svy: given weights, own factors, and a bootstrap.

Given weights must give svy's numbers.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import svy

import prevalence as pv

from .timing import Line, reading

ROWS, STRATA, PSUS, VARIABLES = 200_000, 500, 4, 10
GIVEN, DRAWN = 200, 500
MEMORY_BAR_MB = 50
NAMES = [f"y{k}" for k in range(VARIABLES)]


def data() -> pd.DataFrame:
    """Return rows in the order of their units: 500 strata of 4 primary units."""
    rng = np.random.default_rng(1)
    psu = np.repeat(np.arange(STRATA * PSUS), ROWS // (STRATA * PSUS))
    frame = pd.DataFrame({"stratum": psu // PSUS, "psu": psu, "w": rng.uniform(1, 10, ROWS)})
    effect = rng.normal(0, 1, STRATA * PSUS)[psu]
    for name in NAMES:
        frame[name] = 50 + effect + rng.normal(0, 10, ROWS)
    return frame


def lines() -> Iterator[Line]:
    """Yield what is timed, with the samples made beforehand."""
    frame = data()
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    factored = survey.bootstrap(GIVEN, rng=2, mse=False)  # as svy centres
    assert factored.scheme is not None
    weights = frame["w"].to_numpy()[:, None] * factored.scheme.factors[frame["psu"]]
    columns = pd.DataFrame(weights, columns=[f"rep{r + 1}" for r in range(GIVEN)])
    wide = pd.concat([frame, columns], axis=1)
    given = pv.Survey(wide, weights="w").replicate_weights("rep", scale=1 / GIVEN, mse=False)
    declared = svy.BootstrapWgts(prefix="rep", n_reps=GIVEN)
    sample = svy.Sample(pl.from_pandas(wide), svy.Design(wgt="w", rep_wgts=declared))
    _agree(given, factored, sample)

    def ours(made: pv.Survey) -> Callable[[], Any]:
        return lambda: pv.direct.mean(made, NAMES).std_error

    read = frame[["w", *NAMES]].to_numpy().T.copy()
    limit = reading(read)
    yield Line(
        f"{GIVEN} given replicate weights, n = 2e5",
        ours(given),
        lambda: _means(sample),
        2,
        5,
        lambda: read @ weights,  # the one product that they need
    )
    yield Line(
        f"{GIVEN} own replicates as factors",
        ours(factored),
        lambda: _means(sample),
        15,
        5,
        limit,
    )
    design = svy.Design(stratum="stratum", psu="psu", wgt="w")
    plain = svy.Sample(pl.from_pandas(frame), design)
    yield Line(
        f"{DRAWN} Rao-Wu replicates drawn and used",
        lambda: pv.direct.mean(survey.bootstrap(DRAWN, rng=1), NAMES).std_error,
        lambda: _means(plain.weighting.create_bs_wgts(n_reps=DRAWN, rep_prefix="b", rstate=1)),
        50,
        1,
        limit,
    )


def memory() -> bool:
    """Print the memory that 500 Rao-Wu replicates take beside the sample, and check its bar."""
    survey = pv.Survey(data(), weights="w", strata="stratum", psu="psu")
    _ = pv.direct.mean(survey, NAMES).std_error  # reads the columns
    gc.collect()
    tracemalloc.start()
    _ = pv.direct.mean(survey.bootstrap(DRAWN, rng=1), NAMES).std_error
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    met = peak <= MEMORY_BAR_MB
    print(
        f"{f'{DRAWN} Rao-Wu replicates, extra memory':44} peak {peak:,.0f} MB  "
        f"(bar {MEMORY_BAR_MB} MB: {'met' if met else 'MISSED'})"
    )
    return met


def _means(sample: Any) -> list[Any]:
    return [sample.estimation.mean(name, method="replication") for name in NAMES]


def _agree(given: pv.Survey, factored: pv.Survey, sample: Any) -> None:
    """Check that given weights, own factors and svy give the same numbers."""
    one, two = pv.direct.mean(given, NAMES), pv.direct.mean(factored, NAMES)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-9)
    theirs = [pd.DataFrame(m.to_polars().to_dicts()) for m in _means(sample)]
    np.testing.assert_allclose(one.value, [float(f["est"].iloc[0]) for f in theirs], rtol=1e-9)
    np.testing.assert_allclose(one.std_error, [float(f["se"].iloc[0]) for f in theirs], rtol=1e-7)
