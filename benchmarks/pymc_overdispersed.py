"""The overdispersed model in PyMC, drawn by nutpie: a process of its own, run by `network_peers`.

The form that was fastest of three: degrees about their mean, groups about 0. (With the level in the
groups, or degrees as a multiple of their standard deviation, it takes a tenth to a third more time
for an effective draw.)
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import numpy as np
import nutpie
import pymc as pm


def model(y: Any) -> Any:
    """Return the model of Zheng, Salganik and Gelman, with 1 / omega uniform."""
    with pm.Model() as made:
        sd_alpha, sd_beta = pm.HalfFlat("sd_alpha"), pm.HalfFlat("sd_beta")
        alpha = pm.Normal("alpha", pm.Flat("mean"), sd_alpha, shape=len(y))
        beta = pm.Normal("beta", 0, sd_beta, shape=y.shape[1])
        inverse = pm.Uniform("inverse", 0, 1, shape=y.shape[1])
        mu = pm.math.exp(alpha[:, None] + beta)
        pm.NegativeBinomial("y", mu=mu, alpha=mu / (1 / inverse - 1), observed=y)
    return made


def main(given: str, made: str, warmup: int, draws: int) -> None:
    """Compile and draw, write the draws on the scale of the known groups, and tell the seconds."""
    data = np.load(given)
    y, shares = data["y"], data["shares"]
    began, spent = time.perf_counter(), time.process_time()
    compiled = nutpie.compile_pymc_model(model(y))
    ready = time.process_time() - spent
    trace = nutpie.sample(
        compiled, draws=draws, tune=warmup, chains=4, cores=min(4, os.cpu_count() or 1), seed=1,
        progress_bar=False,
    )  # fmt: skip
    told = {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - spent,
        "version": f"{pm.__version__} and nutpie {nutpie.__version__}",
        "words": f"{ready:.0f} s of it to compile",
    }
    posterior = trace["posterior"]
    beta = np.asarray(posterior["beta"])
    level = np.log(np.exp(beta[..., : shares.size]).sum(axis=-1) / shares.sum())
    np.savez(made, log_prevalence=beta - level[..., None], sigma=np.asarray(posterior["sd_alpha"]))
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
