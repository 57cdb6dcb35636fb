"""The machine and the versions that stand beside every table of speeds."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

PEERS = ("svy", "samplics", "networkscaleup", "statsmodels", "scipy", "pandas", "polars", "pyarrow")
R_PEERS = (
    "survey", "srvyr", "SparseMSE", "dga", "LCMCR", "Rcapture", "networkreporting", "NSUM",
    "surveybootstrap", "networkscaleup",
)  # fmt: skip
ASK_R = """
cat("R", as.character(getRversion()), "\n")
for (name in commandArgs(TRUE)) if (requireNamespace(name, quietly = TRUE))
  cat(name, packageDescription(name)$Version, "\n")
"""


def installed(name: str) -> bool:
    """Return whether a peer in Python is installed."""
    return find_spec(name) is not None


def version(name: str) -> str:
    """Return the version of a peer in Python."""
    return importlib.metadata.version(name)


@cache
def r_versions() -> dict[str, str]:
    """Return the versions of R itself and of the peers that it has; nothing where R is absent."""
    program = shutil.which("Rscript")
    if program is None:
        return {}
    run = subprocess.run(
        [program, "-e", ASK_R, *R_PEERS], capture_output=True, text=True, check=False
    )
    if run.returncode:
        return {}
    return dict(line.split() for line in run.stdout.splitlines())


def facts() -> dict[str, Any]:
    """Return what a reader needs to know of the machine, with every version."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas['name']} {blas['version']}",
        "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "not set"),
        "packages": {name: version(name) for name in PEERS if installed(name)},
        "r": r_versions(),
    }


def _processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "not told"
