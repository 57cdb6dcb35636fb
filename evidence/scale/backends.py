"""One whole study on every backend, in shards too: the bits of its results as a hash."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import parallel_config

import prevalence as pv
from prevalence.parallel import run

BACKENDS = ("one loop", "loky", "threading", "dask", "three shards in files")


def study(seed: int) -> dict[str, Any]:
    """Draw clusters and lists; weight, estimate and combine: all that a study has, from one seed."""
    seeds = np.random.SeedSequence(seed).spawn(3)
    rng = np.random.default_rng(seeds[0])
    share = rng.beta(0.6, 19.4, 60)
    area = np.repeat(np.arange(60), 20)
    answered = rng.random(1200) < 0.8
    data = {
        "area": area,
        "half": area // 30,
        "case": np.where(answered, rng.random(1200) < share[area], 0) * 1.0,
        "answered": answered * 1,
        "sex": np.where(rng.random(1200) < 0.5, "F", "M"),
    }
    survey = pv.Survey(data, psu="area", strata="half").nonresponse("answered", within="sex")
    survey = survey.rake({"sex": {"F": 30_000, "M": 31_000}})
    linear = pv.direct.prevalence(survey, "case", by="half")
    replicated = survey.bootstrap(200, rng=np.random.default_rng(seeds[1]))
    boot = pv.direct.prevalence(replicated, "case", by="half")
    histories = np.array([[k >> j & 1 for j in range(4)] for k in range(1, 16)])
    counts = rng.poisson(400 * 0.25 ** histories.sum(axis=1) + 3)
    lists = pv.Lists.from_counts(histories, counts, ["police", "shelter", "school", "clinic"])
    listed = pv.mse.select(lists, replicates=100, rng=np.random.default_rng(seeds[2]))
    out: dict[str, Any] = {}
    for name, e in (("linear", linear), ("bootstrap", boot), ("lists", listed)):
        out[name] = np.r_[e.value, e.std_error, e.interval().ravel(), e.covariance.ravel()]
    return out


def bits(results: list[dict[str, Any]]) -> str:
    """Return a hash of every bit of the results, in order."""
    mixed = hashlib.sha256()
    for result in results:
        for name in sorted(result):
            mixed.update(name.encode() + np.ascontiguousarray(result[name]).tobytes())
    return mixed.hexdigest()[:16]


@contextmanager
def backend(name: str) -> Iterator[None]:
    """Put two workers of a backend in place."""
    if name == "dask":
        import dask.distributed

        distributed: Any = dask.distributed  # without types of its own

        here: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": None}
        here |= {"n_workers": 2, "threads_per_worker": 1}
        with (
            distributed.LocalCluster(**here) as cluster,
            distributed.Client(cluster),
            parallel_config(backend="dask"),
        ):
            yield
    else:
        with parallel_config(backend=name, n_jobs=2):
            yield


def on(name: str, seeds: range) -> list[dict[str, Any]]:
    """Run the study on a backend."""
    if name == "one loop":
        return [study(seed) for seed in seeds]
    if name == "three shards in files":
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{k}.shard" for k in range(3)]
            for k, path in enumerate(paths):
                pv.run_shard(study, seeds, k, of=3, path=path)
            found: list[dict[str, Any]] = pv.combine(paths)
            return found
    with backend(name):
        return run(study, seeds)


def measured(quick: bool) -> pd.DataFrame:
    """Return the hash and the time of every backend."""
    seeds = range(1, 5) if quick else range(1, 41)
    rows = []
    for name in BACKENDS:
        began = time.perf_counter()
        found = on(name, seeds)
        seconds = time.perf_counter() - began
        rows.append(
            {
                "backend": name,
                "studies": len(seeds),
                "hash of all bits": bits(found),
                "wall s": round(seconds, 1),
            }
        )
    return pd.DataFrame(rows)
