"""Network scale-up of 21 groups: closed forms with their errors, and 1,000 rescaled replicates.

The bars are CPU seconds. Beside them stand the packages that are installed: the PyPI package
networkscaleup (points alone, no weights), and R's survey with the same ratios and errors. R's
surveybootstrap, the only one with a rescaled bootstrap of scale-up estimates, is on CRAN alone: its
seconds are those recorded in another run, and are printed as such.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import statistics
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

from .timing import WIDTH, cpu

ROWS, PER_PSU, STRATA, PEOPLE = 10_000, 10, 10, 1e7
KNOWN = [f"known{k}" for k in range(20)]
HIDDEN = [f"hidden{k}" for k in range(21)]
REPLICATES = 1_000
CLOSED_BAR, BOOTSTRAP_BAR = 0.010, 0.2
RECORDED = "R bootstrap.estimates for one group: 25 to 35 s, recorded elsewhere, not measured here"
CODE = """
suppressMessages(library(survey))
part <- commandArgs(TRUE)
p <- as.integer(part[2])
m <- matrix(readBin(part[1], "double", file.size(part[1]) / 8), ncol = p + 4)
d <- data.frame(m)
names(d) <- c("stratum", "psu", "w", "d", paste0("y", seq_len(p)))
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
f <- reformulate(paste0("y", seq_len(p)))
own <- function(call) sum(system.time(call)[c("user.self", "sys.self")])
one <- own(r <- svyratio(f, ~d, s))
set.seed(1)
two <- own({b <- as.svrepdesign(s, type = "subbootstrap", replicates = as.integer(part[3]))
            q <- svyratio(f, ~d, b)})
cat(packageDescription("survey")$Version, one, two, sprintf("%.15g", c(coef(r), SE(r))))
"""


def data() -> tuple[pd.DataFrame, dict[str, float]]:
    """Return made-up answers, overdispersed, and the sizes of the known groups."""
    rng = np.random.default_rng(1)
    sizes = np.round(np.exp(rng.normal(np.log(20_000), 0.8, len(KNOWN) + len(HIDDEN))))
    degree = np.exp(rng.normal(5.5, 0.7, ROWS))
    spread = rng.uniform(1.2, 5, sizes.size)
    mean = degree[:, None] * sizes / PEOPLE
    y = rng.negative_binomial(mean / (spread - 1), 1 / spread).astype(float)
    frame = pd.DataFrame(y, columns=[*KNOWN, *HIDDEN])
    psus = ROWS // PER_PSU
    psu = np.repeat(np.arange(psus), PER_PSU)
    stratum = psu * STRATA // psus
    w = np.exp(rng.normal(0, 0.4, STRATA)[stratum] + rng.normal(0, 0.3, psus)[psu])
    columns = {"stratum": stratum, "psu": psu, "w": w * PEOPLE / w.sum()}
    return frame.assign(**columns), dict(zip(KNOWN, sizes[: len(KNOWN)].tolist(), strict=True))


def network() -> bool:
    """Time closed forms and the rescaled bootstrap, and check their bars."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # of respondents who know nobody
        return _network()


def _network() -> bool:
    frame, known = data()
    survey = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
    answers = pv.Answers(survey, known=known, hidden=HIDDEN, population=PEOPLE)
    found = pv.nsum.scale_up(answers, transmission=1)
    flat = pv.Answers(pv.Survey(frame), known=known, hidden=HIDDEN, population=PEOPLE)
    peer = _killworth(frame, known, pv.nsum.scale_up(flat, transmission=1))
    closed, replicated = _r_survey(frame, answers, found)

    def anew() -> Any:
        made = pv.Survey(frame, weights="w", strata="stratum", psu="psu")
        asked = pv.Answers(made, known=known, hidden=HIDDEN, population=PEOPLE)
        return pv.nsum.scale_up(asked, transmission=1).std_error

    def resampled() -> Any:
        made = answers.on(survey.bootstrap(REPLICATES, rng=1))
        return pv.nsum.scale_up(made, transmission=1).std_error

    one = _line(
        "21 sizes and standard errors, n = 1e4",
        lambda: pv.nsum.scale_up(answers, transmission=1).std_error,
        CLOSED_BAR,
        f"{peer}; {closed}",
    )
    _line("the same, survey and answers made too", anew, None, "")
    two = _line(
        f"{REPLICATES:,} rescaled replicates, drawn and used", resampled, BOOTSTRAP_BAR, replicated
    )
    print(f"{'':{WIDTH}} {RECORDED}", flush=True)
    return one and two


def _line(name: str, call: Callable[[], Any], bar: float | None, beside: str) -> bool:
    """Print the median of CPU seconds, its bar, and what others take."""
    call()
    seconds = statistics.median(cpu(call)[0] for _ in range(9))
    met = bar is None or seconds <= bar
    told = "" if bar is None else f"  (bar {bar:g} s: {'met' if met else 'MISSED'})"
    print(f"{name:{WIDTH}} {seconds:8.4f} s{told}{f'  {beside}' if beside else ''}", flush=True)
    return met


def _killworth(frame: pd.DataFrame, known: dict[str, float], ours: pv.Estimate) -> str:
    """Time the points of the PyPI package, silenced, and check that they are the same."""
    import networkscaleup

    y = frame[[*KNOWN, *HIDDEN]].to_numpy()
    how: dict[str, Any] = {
        "known_sizes": np.array(list(known.values())),
        "known_ind": np.arange(len(KNOWN)),
        "N": PEOPLE,
    }

    def call() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return networkscaleup.killworth(y, **how)

    np.testing.assert_allclose(call()["sizes"], ours.value, rtol=1e-10)
    seconds = statistics.median(cpu(call)[0] for _ in range(9))
    return f"networkscaleup {networkscaleup.__version__}, no errors: {seconds:.4f} s"


def _r_survey(frame: pd.DataFrame, answers: pv.Answers, ours: pv.Estimate) -> tuple[str, str]:
    """Time the same ratios by R's survey, where it is installed, and check that they agree."""
    program = shutil.which("Rscript")
    if program is None:
        return ("no Rscript on the path",) * 2
    columns = np.c_[frame[["stratum", "psu", "w"]], answers.degrees(), frame[HIDDEN]]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "columns"
        np.asfortranarray(columns).T.tofile(file)
        run = subprocess.run(
            [program, "-e", CODE, str(file), str(len(HIDDEN)), str(REPLICATES)],
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode:
        return ("R has no package survey",) * 2
    version, one, two, *numbers = run.stdout.split()
    value, error = np.array(numbers, dtype=float).reshape(2, -1) * PEOPLE
    np.testing.assert_allclose(ours.value, value, rtol=1e-10)
    np.testing.assert_allclose(ours.std_error, error, rtol=1e-9)
    return f"R survey {version}: {float(one):.2f} s", f"R survey {version}: {float(two):.2f} s"
