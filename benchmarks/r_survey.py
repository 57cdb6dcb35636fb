"""The same means and totals by R's survey package, where it is installed: its CPU seconds."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

CODE = """
suppressMessages(library(survey))
part <- commandArgs(TRUE)
p <- as.integer(part[2])
m <- matrix(readBin(part[1], "double", file.size(part[1]) / 8), ncol = p + 3)
d <- data.frame(m)
names(d) <- c("stratum", "psu", "w", paste0("y", seq_len(p) - 1))
s <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = d)
f <- reformulate(paste0("y", seq_len(p) - 1))
own <- function(call) sum(system.time(call)[c("user.self", "sys.self")])
cat(packageDescription("survey")$Version, own(svymean(f, s)), own(svytotal(f, s)))
"""


def seconds(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """Return CPU seconds of means, and of means and totals; nothing where R has no survey."""
    program = shutil.which("Rscript")
    if program is None:
        print("R survey: no Rscript on the path, its column is empty")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "columns"
        columns = frame[["stratum", "psu", "w", *names]].to_numpy(dtype="f8")
        np.asfortranarray(columns).T.tofile(file)
        run = subprocess.run(
            [program, "-e", CODE, str(file), str(len(names))],
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode:
        print("R survey: R has no package survey, its column is empty")
        return {}
    version, mean, total = run.stdout.split()
    print(f"R survey {version}, in R itself, its design made beforehand")
    return {"mean": float(mean), "mean and total": float(mean) + float(total)}
