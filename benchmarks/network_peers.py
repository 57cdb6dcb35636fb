"""Peers of network scale-up in Python: PyPI's networkscaleup, PyMC with nutpie.

Each is called on data that are given, in its own process or silenced in ours. Where one is not installed
it is left out.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .machine import installed, version
from .table import Peer
from .timing import spent

ROOT = Path(__file__).resolve().parents[1]
BAYES = ROOT / ".venv-bayes" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class Draws(NamedTuple):
    """What a peer's sampler drew, and what it took."""

    log_prevalence: Any  # (chains, draws, groups)
    sigma: Any  # of log degrees, (chains, draws)
    cpu: float
    wall: float
    version: str
    words: str


def killworth(y: Any, sizes: Any, population: float, flat: Any) -> list[Peer]:
    """Return PyPI's networkscaleup as a peer: points alone, which those without weights must equal."""
    if not installed("networkscaleup"):
        return []
    import networkscaleup

    def call() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it computes
            return networkscaleup.killworth(
                y, known_sizes=sizes, known_ind=np.arange(sizes.size), N=population
            )["sizes"]

    def same(_: Any, theirs: Any) -> bool:
        return bool(np.allclose(theirs, flat, rtol=1e-10, atol=0))

    note = "points alone, unweighted, as ours without a design"
    return [Peer("networkscaleup", version("networkscaleup"), call, same=same, note=note)]


def overdispersed(
    y: Any, sizes: Any, population: float, start: dict[str, Any], draws: int
) -> Draws | None:
    """Draw one chain by PyPI's networkscaleup, from a given start and without a warm-up."""
    if not installed("networkscaleup"):
        return None
    import networkscaleup

    np.random.seed(1)  # noqa: NPY002  it draws from the global generator

    def call() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return networkscaleup.overdispersed(
                y,
                known_sizes=sizes,
                known_ind=np.arange(sizes.size),
                G1_ind=np.arange(sizes.size),
                N=population,
                warmup=0,
                iter=draws,
                init=start,
            )

    took = spent(call)
    betas, sigma = took.found["betas"], np.sqrt(took.found["sigma_sq_alpha"])
    words = f"{draws} draws of one chain, {1e3 * took.cpu / draws:.1f} ms each"
    return Draws(betas[None], sigma[None], took.cpu, took.wall, networkscaleup.__version__, words)


def pymc(y: Any, sizes: Any, population: float, *, warmup: int, draws: int) -> Draws | None:
    """Draw four chains by PyMC and nutpie in an environment of their own, which `make bench` makes."""
    if not BAYES.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "given.npz", Path(folder) / "made.npz"
        np.savez(given, y=y, shares=sizes / population)
        script = Path(__file__).with_name("pymc_overdispersed.py")
        run = subprocess.run(
            [str(BAYES), str(script), str(given), str(made), str(warmup), str(draws)],
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(run.stdout.splitlines()[-1])
        found = np.load(made)
        return Draws(
            found["log_prevalence"],
            found["sigma"],
            told["cpu"],
            told["wall"],
            told["version"],
            told["words"],
        )
