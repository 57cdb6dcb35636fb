"""Chains of a sampler as arrays in one process, as fits of their own, and in two processes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv
from prevalence.parallel import run


def scale_up(seed: Any, chains: int, draws: int) -> Any:
    rng = np.random.default_rng(3)
    degree = rng.lognormal(5.5, 0.6, 300)
    shares = {"police": 0.02, "nurses": 0.03, "teachers": 0.04, "hidden": 0.005}
    data = {name: rng.poisson(degree * share) for name, share in shares.items()}
    known = {"police": 2_000, "nurses": 3_000, "teachers": 4_000}
    return pv.nsum.fit(
        pv.Survey(data),
        "hidden",
        known=known,
        population=100_000,
        chains=chains,
        draws=draws,
        warmup=draws,
        rng=np.random.default_rng(seed),
    )


def case_lists() -> pv.Lists:
    histories = np.array([h for h in itertools.product([0, 1], repeat=5) if any(h)])
    counts = np.random.default_rng(3).poisson(np.exp(4.5 - 1.2 * histories.sum(axis=1)) + 0.3)
    return pv.Lists.from_counts(histories, counts, list("ABCDE"))


def classes(seed: Any, chains: int, draws: int) -> Any:
    rng = np.random.default_rng(seed)
    return pv.mse.latent_class_fit(
        case_lists(), chains=chains, draws=draws, warmup=draws // 2, rng=rng
    )


def chosen(n_jobs: int) -> Any:
    return pv.mse.select(case_lists(), replicates=1_000, rng=1, n_jobs=n_jobs)


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(quick: bool) -> pd.DataFrame:
    """Return wall seconds of the ways to run chains, and of blocks of resamples."""
    rows = []
    cut = 20 if quick else 1
    work: tuple[tuple[str, Callable[..., Any], int, int], ...] = (
        ("nsum.fit, overdispersed, 300 respondents", scale_up, 4, 2_000 // cut),
        ("mse.latent_class_fit, 5 lists", classes, 8, 600 // cut),
    )
    run(abs, range(4), n_jobs=2)  # processes start before anything is timed
    for name, fit, chains, draws in work:
        halves = np.random.SeedSequence(1).spawn(2)

        def half(seed: Any, fit: Any = fit, chains: int = chains, draws: int = draws) -> Any:
            return dict(fit(seed, chains // 2, draws).draws)

        rows.append(
            {
                "work": f"{name}: {chains} chains of {draws:,}",
                "as arrays in one process": timed(partial(fit, 1, chains, draws)),
                "two fits, one after the other": timed(partial(run, half, halves)),
                "two fits in two processes": timed(partial(run, half, halves, n_jobs=2)),
            }
        )
    rows.append(
        {
            "work": "mse.select, 5 lists, 1,000 resamples",
            "as arrays in one process": timed(lambda: chosen(1)),
            "two fits, one after the other": np.nan,
            "two fits in two processes": timed(lambda: chosen(2)),
        }
    )
    return pd.DataFrame(rows).round(1)
