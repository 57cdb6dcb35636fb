"""Peers of network scale-up: PyPI's networkscaleup, R's survey and a plain R loop, PyMC with nutpie.

Each is called on data that are given, timed in its own process or silenced in ours, and returns its
seconds and its numbers. Where one is not installed it returns None.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .timing import cpu

ROOT = Path(__file__).resolve().parents[1]
BAYES = ROOT / ".venv-bayes" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
CODE = """
suppressMessages(library(survey))
part <- commandArgs(TRUE)
p <- as.integer(part[2])
runs <- as.integer(part[3])
m <- matrix(readBin(part[1], "double", file.size(part[1]) / 8), ncol = p + 4)
d <- data.frame(m)
names(d) <- c("stratum", "psu", "w", "d", paste0("y", seq_len(p)))
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
own <- function(call) sum(system.time(call)[c("user.self", "sys.self")])
one <- own(r <- svyratio(reformulate(paste0("y", seq_len(p))), ~d, s))
set.seed(1)
two <- own({b <- as.svrepdesign(s, type = "subbootstrap", replicates = runs)
            q <- svyratio(~y1, ~d, b)})
loop <- function() {
  psu <- match(d$psu, unique(d$psu))
  strata <- split(seq_len(max(psu)), d$stratum[!duplicated(psu)])
  found <- numeric(runs)
  for (run in seq_len(runs)) {
    f <- numeric(max(psu))
    for (units in strata) {
      n <- length(units)
      f[units] <- tabulate(sample.int(n, n - 1, TRUE), n) * n / (n - 1)
    }
    w <- d$w * f[psu]
    found[run] <- sum(w * d$y1) / sum(w * d$d)
  }
  sd(found)
}
three <- own(e <- loop())
cat(packageDescription("survey")$Version, one, two, three,
    sprintf("%.15g", c(SE(q), e, coef(r), SE(r))))
"""


class Survey(NamedTuple):
    """CPU seconds of R: its survey package, and a loop over replicates written out in plain R."""

    version: str
    linearised: float  # of all groups
    bootstrap: float  # of one group, as the two below
    loop: float
    errors: tuple[float, float]  # that these two gave
    value: Any
    std_error: Any


class Draws(NamedTuple):
    """What a peer's sampler drew, and what it took."""

    log_prevalence: Any  # (chains, draws, groups)
    sigma: Any  # of log degrees, (chains, draws)
    seconds: float
    wall: float
    words: str


def r_survey(frame: pd.DataFrame, degrees: Any, groups: Sequence[str], runs: int) -> Survey | None:
    """Time ratios of reports and degrees with their errors in R, linearised and replicated."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    columns = np.c_[frame[["stratum", "psu", "w"]], degrees, frame[list(groups)]]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "columns"
        np.asfortranarray(columns).T.tofile(file)
        run = subprocess.run(
            [program, "-e", CODE, str(file), str(len(groups)), str(runs)],
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode:
        return None
    version, one, two, three, *numbers = run.stdout.split()
    replicated, looped, *found = (float(number) for number in numbers)
    value, error = np.array(found).reshape(2, -1)
    return Survey(version, float(one), float(two), float(three), (replicated, looped), value, error)


def killworth(y: Any, sizes: Any, population: float) -> Any:
    """Return the sizes of the groups behind the known ones by PyPI's networkscaleup."""
    import networkscaleup

    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it computes
        return networkscaleup.killworth(
            y, known_sizes=sizes, known_ind=np.arange(sizes.size), N=population
        )["sizes"]


def overdispersed(
    y: Any, sizes: Any, population: float, start: dict[str, Any], draws: int
) -> Draws:
    """Draw one chain by PyPI's networkscaleup, from a given start and without a warm-up."""
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

    seconds, found = cpu(call)
    sigma = np.sqrt(found["sigma_sq_alpha"])
    name = f"networkscaleup {networkscaleup.__version__}"
    return Draws(found["betas"][None], sigma[None], seconds, seconds, name)


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
            found["log_prevalence"], found["sigma"], told["cpu"], told["wall"], told["words"]
        )
