"""Speed against svy 0.35 in one run: ``make bench``. Figures are medians of CPU seconds.

The two are timed in turn on the same data, each with its sample object made beforehand, and each
must give the same numbers. The bars are ratios of medians; the exit status is 1 if one is missed.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import svy

import prevalence as pv

N, STRATA, PSUS, VARIABLES, DOMAINS = 1_000_000, 500, 4, 10, 50
MARGINS = (10, 5, 2, 50)
MEMORY_BAR_MB = 2_000
NAMES = [f"y{k}" for k in range(VARIABLES)]


def data(*, own_psu: bool = False) -> pd.DataFrame:
    """Return a million rows in file order of their units, as a survey file is."""
    rng = np.random.default_rng(1)
    psu = np.repeat(np.arange(STRATA * PSUS), N // (STRATA * PSUS))
    frame = pd.DataFrame({"stratum": psu // PSUS, "psu": np.arange(N) if own_psu else psu})
    frame["w"] = rng.uniform(1, 10, N)
    effect = rng.normal(0, 1, STRATA * PSUS)[psu]
    for name in NAMES:
        frame[name] = 50 + effect + rng.normal(0, 10, N)
    frame["domain"] = rng.integers(0, DOMAINS, N)
    for k, levels in enumerate(MARGINS):
        frame[f"m{k}"] = rng.integers(0, levels, N)
    return frame


def cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds of one call, and what it returned; the other's threads come to rest first."""
    gc.collect()
    time.sleep(0.2)
    began = time.process_time()
    result = call()
    return time.process_time() - began, result


def pair(
    name: str, ours: Callable[[], Any], theirs: Callable[[], Any], bar: float, runs: int
) -> bool:
    """Time two calls in turn, print the medians and the ratio, and say whether the bar is met.

    Ours, which is short, is timed three times for each run of theirs.
    """
    a, b = [], []
    for _ in range(runs):
        a += [cpu(ours)[0] for _ in range(3)]
        b.append(cpu(theirs)[0])
    one, two = statistics.median(a), statistics.median(b)
    met = two / one >= bar
    print(
        f"{name:44} {one:8.3f} s {two:9.3f} s {two / one:8.1f}x  (bar {bar:g}x: "
        f"{'met' if met else 'MISSED'})",
        flush=True,
    )
    return met


def targets(frame: pd.DataFrame) -> dict[str, dict[int, float]]:
    """Return margins a little off the sample's own, all with one total."""
    total = float(frame["w"].sum())
    out = {}
    for k, levels in enumerate(MARGINS):
        share = np.bincount(frame[f"m{k}"], frame["w"], levels) * np.linspace(0.9, 1.1, levels)
        out[f"m{k}"] = dict(enumerate((share / share.sum() * total).tolist()))
    return out


def svy_frame(result: Any) -> pd.DataFrame:
    """Return a result of svy as a pandas frame."""
    return pd.DataFrame(result.to_polars().to_dicts())


def svy_means(sample: Any, by: str | None = None) -> list[pd.DataFrame]:
    """Return the means of all variables by svy, which takes one variable at a call."""
    return [
        svy_frame(sample.estimation.mean(name, by=by) if by else sample.estimation.mean(name))
        for name in NAMES
    ]


def svy_means_quiet(sample: Any, by: str | None = None) -> None:
    """Compute the means of all variables by svy without making frames."""
    for name in NAMES:
        _ = sample.estimation.mean(name, by=by) if by else sample.estimation.mean(name)


def agree(ours: pv.Estimate, theirs: list[pd.DataFrame]) -> None:
    """Check that both give the same numbers."""
    value = np.concatenate([f["est"].to_numpy(float) for f in theirs])
    error = np.concatenate([f["se"].to_numpy(float) for f in theirs])
    np.testing.assert_allclose(ours.value, value, rtol=1e-9)
    np.testing.assert_allclose(ours.std_error, error, rtol=1e-7)


def memory() -> bool:
    """Estimate 10 means and standard errors of a million rows that are each their own unit."""
    code = (
        "import benchmarks.__main__ as b, prevalence as pv, resource, time\n"
        "f = b.data(own_psu=True)\n"
        "t = time.process_time()\n"
        "s = pv.Survey(f, weights='w', strata='stratum', psu='psu')\n"
        "e = pv.direct.mean(s, b.NAMES); e.std_error\n"
        "t = time.process_time() - t\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, t)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    megabytes, seconds = (float(x) for x in run.stdout.split())
    met = megabytes <= MEMORY_BAR_MB
    print(
        f"{'a million units of one row, 10 means':44} {seconds:8.3f} s, peak {megabytes:,.0f} MB in "
        f"all  (bar {MEMORY_BAR_MB:,} MB: {'met' if met else 'MISSED'})"
    )
    return met


def main() -> int:
    """Run every bench and return 1 if a bar is missed."""
    frame = data()
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    sample = svy.Sample(pl.from_pandas(frame), svy.Design(stratum="stratum", psu="psu", wgt="w"))
    print(f"{'':44} {'prevalence':>10} {'svy ' + svy.__version__:>11}   ratio")
    agree(pv.direct.mean(survey, NAMES), svy_means(sample))
    met = pair(
        "10 means and standard errors, n = 1e6",
        lambda: pv.direct.mean(survey, NAMES).std_error,
        lambda: svy_means_quiet(sample),
        4,
        5,
    )
    met &= pair(
        "the same by 50 domains",
        lambda: pv.direct.mean(survey, NAMES, by="domain").std_error,
        lambda: svy_means_quiet(sample, by="domain"),
        200,
        3,
    )
    fresh = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    first = cpu(lambda: pv.direct.mean(fresh, NAMES, by="domain").std_error)[0]
    print(
        f"{'  (the first call on a new sample, which codes':44}\n{'  the domains and reads the columns)':44} {first:8.3f} s"
    )
    if "--quick" in sys.argv:
        return 0 if met else 1
    raked, raked_svy = survey.rake(targets(frame)), sample.weighting.rake(controls=targets(frame))
    met &= pair(
        "by 50 domains after raking on four margins",
        lambda: pv.direct.mean(raked, NAMES, by="domain").std_error,
        lambda: svy_means_quiet(raked_svy, by="domain"),
        50,
        1,
    )
    met &= memory()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
