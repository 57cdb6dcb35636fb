"""Means, totals and their standard errors of a million rows: whole, by domains, and after raking."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import svy

import prevalence as pv

from . import r_survey
from .timing import WIDTH, Line, cpu, reading

N, STRATA, PSUS, VARIABLES, DOMAINS = 1_000_000, 500, 4, 10, 50
MARGINS = (10, 5, 2, 50)
MEMORY_BAR_MB = 2_000
GROWTH = (100_000, 1_000_000, 4_000_000)
NAMES = [f"y{k}" for k in range(VARIABLES)]


def data(rows: int = N, *, own_psu: bool = False) -> pd.DataFrame:
    """Return a million rows in file order of their units, as a survey file is."""
    rng = np.random.default_rng(1)
    psu = np.repeat(np.arange(STRATA * PSUS), rows // (STRATA * PSUS))
    frame = pd.DataFrame({"stratum": psu // PSUS, "psu": np.arange(rows) if own_psu else psu})
    frame["w"] = rng.uniform(1, 10, rows)
    effect = rng.normal(0, 1, STRATA * PSUS)[psu]
    for name in NAMES:
        frame[name] = 50 + effect + rng.normal(0, 10, rows)
    frame["domain"] = rng.integers(0, DOMAINS, rows)
    for k, levels in enumerate(MARGINS):
        frame[f"m{k}"] = rng.integers(0, levels, rows)
    return frame


def targets(frame: pd.DataFrame) -> dict[str, dict[int, float]]:
    """Return margins a little off the sample's own, all with one total."""
    total = float(frame["w"].sum())
    out = {}
    for k, levels in enumerate(MARGINS):
        share = np.bincount(frame[f"m{k}"], frame["w"], levels) * np.linspace(0.9, 1.1, levels)
        out[f"m{k}"] = dict(enumerate((share / share.sum() * total).tolist()))
    return out


def survey_of(frame: Any) -> pv.Survey:
    """Return the sample of a frame."""
    return pv.Survey(frame, weights="w", strata="stratum", psu="psu")


def lines() -> Iterator[Line]:
    """Yield what is timed, with the samples made beforehand."""
    frame = data()
    survey = survey_of(frame)
    sample = svy.Sample(pl.from_pandas(frame), svy.Design(stratum="stratum", psu="psu", wgt="w"))
    agree(pv.direct.mean(survey, NAMES), svy_means(sample))
    other = r_survey.seconds(frame, NAMES)
    columns = [frame[name].to_numpy() for name in ["w", *NAMES]]
    codes = frame["domain"].to_numpy()

    yield Line(
        "10 means and standard errors, n = 1e6",
        lambda: pv.direct.mean(survey, NAMES).std_error,
        lambda: run(sample.estimation.mean),
        4,
        5,
        reading(*columns),
        other.get("mean"),
    )
    yield Line(
        "10 means, totals and standard errors",
        lambda: [e(survey, NAMES).std_error for e in (pv.direct.mean, pv.direct.total)],
        lambda: [run(e) for e in (sample.estimation.mean, sample.estimation.total)],
        4,
        5,
        reading(*columns),
        other.get("mean and total"),
    )
    yield Line(
        "10 means and standard errors by 50 domains",
        lambda: pv.direct.mean(survey, NAMES, by="domain").std_error,
        lambda: run(sample.estimation.mean, by="domain"),
        200,
        2,
        reading(*columns, codes),
    )
    print(first_call(frame), flush=True)
    raked, raked_svy = survey.rake(targets(frame)), sample.weighting.rake(controls=targets(frame))
    yield Line(
        "by 50 domains after raking on four margins",
        lambda: pv.direct.mean(raked, NAMES, by="domain").std_error,
        lambda: run(raked_svy.estimation.mean, by="domain"),
        50,
        1,
        reading(*columns, codes, *(frame[f"m{k}"].to_numpy() for k in range(len(MARGINS)))),
    )


def run(estimator: Any, **how: Any) -> None:
    """Call an estimator of svy, which takes one variable at a call, without making frames."""
    for name in NAMES:
        _ = estimator(name, **how)


def svy_means(sample: Any) -> list[pd.DataFrame]:
    """Return the means of all variables by svy as pandas frames."""
    found = [sample.estimation.mean(name) for name in NAMES]
    return [pd.DataFrame(result.to_polars().to_dicts()) for result in found]


def agree(ours: pv.Estimate, theirs: list[pd.DataFrame]) -> None:
    """Check that both give the same numbers."""
    value = np.concatenate([f["est"].to_numpy(float) for f in theirs])
    error = np.concatenate([f["se"].to_numpy(float) for f in theirs])
    np.testing.assert_allclose(ours.value, value, rtol=1e-9)
    np.testing.assert_allclose(ours.std_error, error, rtol=1e-7)


def first_call(frame: pd.DataFrame) -> str:
    """Time the first call on a new sample, which codes the domains and reads the columns."""
    fresh = survey_of(frame)
    seconds = cpu(lambda: pv.direct.mean(fresh, NAMES, by="domain").std_error)[0]
    return f"{'  (the first call, which codes the domains)':{WIDTH}} {seconds:8.3f} s"


def growth() -> bool:
    """Time new samples of growing size: the time of a row must not grow with their number."""
    by_row = []
    for rows in GROWTH:
        frame = data(rows)
        runs = [
            cpu(lambda frame=frame: pv.direct.mean(survey_of(frame), NAMES).std_error)[0]
            for _ in range(3 if rows > N else 7)
        ]
        by_row.append(float(np.median(runs)) / rows * 1e9)
    met = by_row[-1] < 2 * by_row[0]
    told = ", ".join(f"{t:.0f} ns at {rows:,}" for rows, t in zip(GROWTH, by_row, strict=True))
    print(f"{'a row of a new sample, 10 means':{WIDTH}} {told}  ({'linear' if met else 'MISSED'})")
    return met


def frames() -> bool:
    """Check that pandas, polars and pyarrow tables, also with pyarrow's own types, give the same."""
    frame = data(100_000)
    frame["domain"] = frame["domain"].astype(str)
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    arrow = pa.Table.from_pandas(frame)
    decimals = frame.astype({"y0": pd.ArrowDtype(pa.float32())})
    every = [
        arrow,
        pl.from_pandas(frame),
        frame.convert_dtypes(dtype_backend="pyarrow"),
        pd.read_parquet(buffer, dtype_backend="pyarrow"),
        arrow.set_column(
            arrow.column_names.index("domain"), "domain", arrow["domain"].dictionary_encode()
        ),
    ]
    wanted = pv.direct.mean(survey_of(frame), NAMES, by="domain")
    for other in every:
        found = pv.direct.mean(survey_of(other), NAMES, by="domain")
        assert found.labels == wanted.labels
        np.testing.assert_allclose(found.value, wanted.value, rtol=1e-13)
        np.testing.assert_allclose(found.std_error, wanted.std_error, rtol=1e-12)
    single = pv.direct.mean(survey_of(decimals), "y0")
    np.testing.assert_allclose(
        single.value, pv.direct.mean(survey_of(frame), "y0").value, rtol=1e-6
    )
    print(f"{'pandas, polars and pyarrow tables':{WIDTH}} the same numbers")
    return True


def memory() -> bool:
    """Estimate 10 means and standard errors of a million rows that are each their own unit."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.estimation"], capture_output=True, text=True, check=True
    )
    megabytes, seconds = (float(x) for x in run.stdout.split())
    met = megabytes <= MEMORY_BAR_MB
    print(
        f"{'a million units of one row, 10 means':{WIDTH}} {seconds:8.3f} s, peak {megabytes:,.0f} MB "
        f"in all  (bar {MEMORY_BAR_MB:,} MB: {'met' if met else 'MISSED'})"
    )
    return met


if __name__ == "__main__":  # what `memory` runs in a process of its own
    own = data(own_psu=True)
    spent = cpu(lambda: pv.direct.mean(survey_of(own), NAMES).std_error)[0]
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, spent)
