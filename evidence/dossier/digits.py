"""Correct digits of the regression core on NIST's linear sets, beside R's lm where R is."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from tests.reference.strd import OF_R, SETS, Certified, exact, log_relative_error

__all__ = ["digits"]

Array = NDArray[Any]
CODE = """
d <- read.csv(commandArgs(TRUE)[1])
f <- if (commandArgs(TRUE)[2] == "1") y ~ . else y ~ . - 1
cat(sprintf("%.17g", coef(lm(f, d, tol = 1e-14))))
"""
ROUNDING = 0.5  # of a digit: beyond 13 digits the last one is the rounding of the data


def digits() -> list[dict[str, Any]]:
    """Return a row for each set: least correct digits of the data, of ours, and of R's lm."""
    models: Any = importlib.import_module("prevalence.direct.models")
    kept, models.COLLINEAR = models.COLLINEAR, 1e-12  # as tol=1e-14 in R: else it refuses Filip
    try:
        return [row(name, told) for name, told in SETS.items()]
    finally:
        models.COLLINEAR = kept


def row(name: str, told: Certified) -> dict[str, Any]:
    """Return the digits of one set."""
    columns = {"y": told.y, **{f"x{k + 1}": column for k, column in enumerate(told.x.T)}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # two sets are fitted exactly
        survey = pv.Survey(columns)
        e = pv.direct.regression(survey, "y", list(columns)[1:], intercept=told.intercept)
    held = least(exact(told), told)
    ours = least(e.value, told)
    theirs = by_r(columns, told)
    behind = ours < min(theirs, held) - (ROUNDING if ours > 13 else 0.1)
    return {
        "set": name,
        "level": told.level,
        "coefficients": told.coefficients.size,
        "held by the data": f"{held:.1f}",
        "ours": f"{ours:.1f}",
        "R lm, tol=1e-14": f"{theirs:.1f}",
        "behind": "yes" if behind else "no",
    }


def least(found: Array, told: Certified) -> float:
    """Return the least number of correct digits of the coefficients."""
    return float(log_relative_error(found, told.coefficients).min())


def by_r(columns: dict[str, Array], told: Certified) -> float:
    """Return the digits of R's lm: of R here, or those of 4.2.2 where it is not."""
    program = shutil.which("Rscript")
    if program is None:
        return next(OF_R[name][0] for name, one in SETS.items() if one is told)
    with tempfile.TemporaryDirectory() as made:
        file = Path(made) / "rows.csv"
        pd.DataFrame(columns).to_csv(file, index=False, float_format="%.17g")
        command = [program, "-e", CODE, str(file), str(int(told.intercept))]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    return least(np.array(run.stdout.split(), dtype=float), told)
