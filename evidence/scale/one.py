"""One way to estimate from one file, in a process of its own: its numbers, time and peak memory.

``python -m evidence.scale.one PATH WAY LIMIT`` with the way ``duckdb``, ``pyarrow`` or ``memory``,
and LIMIT the bytes of data that the process may hold (0: no limit).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

TEEN = "age >= 12"
REPLICATES = 200


def survey_of(path: str, way: str, stored: int) -> pv.Survey:
    """Return the survey of a file, read whole or merged into cells."""
    units: dict[str, Any] = {} if stored else {"psu": "psu", "strata": "stratum"}
    if way == "memory":
        frame = pd.read_parquet(path)
        teen = (frame["age"] >= 12).astype(float)
        survey = pv.Survey(frame.assign(teen=teen), weights="weight", **units)
    else:
        survey = pv.Survey.from_parquet(
            path,
            weights="weight",
            columns=["case", "parish", "sex"],
            amounts="hours",
            conditions={"teen": TEEN},
            replicates="rep" if stored else (),
            engine=way,
            memory="1GB",
            **units,
        )
    if stored:
        survey = survey.replicate_weights("rep", scale=1 / stored, df=100)
    return survey


def numbers(survey: pv.Survey, stored: int) -> list[float]:
    """Return values, standard errors and limits of shares and means by domain."""
    estimates = [
        pv.direct.prevalence(survey, "case", by="parish"),
        pv.direct.prevalence(survey, "case", by="sex", where="teen == 1"),
        pv.direct.mean(survey, "hours", by=["parish", "sex"], missing="drop"),
    ]
    if not stored:
        replicated = survey.bootstrap(REPLICATES, rng=1)
        estimates.append(pv.direct.prevalence(replicated, "case", by="parish"))
    found = [np.r_[e.value, e.std_error, e.interval().ravel(), e.facts["n"]] for e in estimates]
    return [float(x) for x in np.concatenate(found)]


def peak() -> int:
    """Return the most memory that this process held, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss has what the parent held when it started this process
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(path: str, way: str, limit: str) -> int:
    if int(limit):
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit), int(limit)))
    stored = REPLICATES if "replicates" in path else 0
    began, used = time.perf_counter(), time.process_time()
    survey = survey_of(path, way, stored)
    read = time.process_time() - used
    found = numbers(survey, stored)
    told = {
        "cpu": time.process_time() - used,
        "read": read,
        "wall": time.perf_counter() - began,
        "peak": peak(),
        "cells": len(survey),
        "numbers": found,
    }
    sys.stdout.write(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
