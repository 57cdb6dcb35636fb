"""The same seed gives the same numbers: in another process, and on another Python with its own NumPy.

``python -m evidence.determinism FOLDER`` takes the environment of the other Python, which `make proof`
installs from the same lock. Every registered estimator is called on its example, linearised, with a
jackknife and with a bootstrap where its sample has them, and every fitted model of network scale-up.
What changes with the seed is drawn; all else must agree to 1e-12. Draws are compared by their
distribution over seeds, since NumPy rounds a draw differently now and then from one version to the
next; where they agree to 1e-12 too, the table says so.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import prevalence as pv
from prevalence.nsum.models.table import MODELS
from prevalence.registry import Entry, registered

from .claims import DOCS, ROOT, Claim, put

COMMAND = "python -m evidence.determinism"
SEEDS = range(1, 13)
# Sums in another order, since NumPy's versions choose other instructions.
ROUNDING = 1e-12
# Standard errors that two means over seeds may differ by: about 300 comparisons, so 4.5 is exceeded
# by chance in one run of 500.
FAR = 4.5


def calls(entry: Entry, seed: int) -> Iterator[tuple[str, Callable[[], pv.Estimate]]]:
    """Yield the calls of one entry by the variance that is asked for."""
    example = entry.example()
    arguments = dict(example.arguments)
    if "rng" in arguments:
        arguments["rng"] = seed
    sample = example.sample(example.data)
    yield "as in its example", lambda: entry.function(sample, **arguments)
    if isinstance(sample, pv.Survey):
        yield "jackknife", lambda: entry.function(sample.jackknife(), **arguments)
    if isinstance(sample, pv.Survey) or (isinstance(sample, pv.Lists) and entry.smooth):
        yield "bootstrap", lambda: entry.function(sample.bootstrap(50, rng=seed), **arguments)


def fitted(seed: int) -> Iterator[tuple[str, list[float]]]:
    """Yield means of the draws of a short fit of every model of network scale-up."""
    made = np.random.default_rng(5)
    degree = made.gamma(5.0, 40.0, 40)
    shares = {"police": 0.03, "nurses": 0.05, "teachers": 0.02, "hidden": 0.01}
    survey = pv.Survey({name: made.poisson(degree * share) for name, share in shares.items()})
    known = {name: 100_000 * share for name, share in shares.items() if name != "hidden"}
    for model in MODELS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)  # short chains have not converged
            posterior = pv.nsum.fit(
                survey,
                "hidden",
                known=known,
                population=100_000,
                model=model,
                draws=60,
                warmup=60,
                rng=seed,
            )
        yield model, [float(np.mean(draws)) for _, draws in sorted(posterior.draws.items())]


def numbers(seed: int) -> dict[str, list[float]]:
    """Return everything that is compared, by name."""
    out: dict[str, list[float]] = {}
    for name, entry in registered(variants=True).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)  # examples are small
            for way, call in calls(entry, seed):
                try:
                    found = call()
                except ValueError:  # too many resamples of a small example fail
                    out[f"{name}, {way}"] = []
                    continue
                parts = np.concatenate([found.value, found.std_error, found.interval().ravel()])
                out[f"{name}, {way}"] = parts.tolist()
    for model, means in fitted(seed):
        out[f"nsum.fit, {model}"] = means
    return out


def values() -> dict[str, Any]:
    """Return the numbers of every seed, with the versions that made them."""
    import scipy

    versions = {
        "Python": sys.version.split()[0],
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
    }
    return {"versions": versions, "numbers": {str(seed): numbers(seed) for seed in SEEDS}}


def asked(python: str | Path, **settings: str) -> dict[str, Any]:
    """Return the values that another process computes."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **settings}
    done = subprocess.run(
        [str(python), "-m", "evidence.determinism", "values"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def relative(one: list[float], two: list[float]) -> float:
    """Return the greatest difference relative to the greater of both, nan where both are nan as 0."""
    a, b = np.array(one), np.array(two)
    if a.shape != b.shape or (np.isnan(a) != np.isnan(b)).any():
        return float("inf")
    same = (a == b) | np.isnan(a)
    size = np.where(same, 1.0, np.maximum(np.abs(a), np.abs(b)))
    return float(np.max(np.where(same, 0.0, np.abs(a - b) / size), initial=0.0))


def compared(here: dict[str, Any], there: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row per estimator and variance."""
    rows = []
    for name in here["numbers"]["1"]:
        one, two = ([of["numbers"][str(seed)][name] for seed in SEEDS] for of in (here, there))
        drawn = any(run != one[0] for run in one[1:])
        worst = max(relative(a, b) for a, b in zip(one, two, strict=True))
        row = {"estimator": name, "drawn": "yes" if drawn else "no", "difference": f"{worst:.1e}"}
        far = "" if not drawn or worst <= ROUNDING else f"{apart(one, two):.2f}"
        met = worst <= ROUNDING or (drawn and float(far) <= FAR)
        rows.append({**row, "standard errors apart": far, "met": "yes" if met else "no"})
    return rows


def apart(one: list[list[float]], two: list[list[float]]) -> float:
    """Return by how many standard errors the means over seeds differ at most."""
    a, b = np.array(one), np.array(two)
    error = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / len(a))
    gap = np.abs(a.mean(axis=0) - b.mean(axis=0))
    fixed = gap <= ROUNDING * np.abs(a).max(axis=0)
    return float(np.nanmax(np.where(fixed, 0.0, gap / np.where(error > 0, error, np.nan))))


def main(other: str) -> int:
    """Compare with another process and with another Python; write the table and the claims."""
    folder = "Scripts" if os.name == "nt" else "bin"
    python = ROOT / other / folder / "python"
    with ThreadPoolExecutor(2) as two:  # each waits for a process
        waiting = (
            two.submit(asked, sys.executable, PYTHONHASHSEED="1"),
            two.submit(asked, python),
            two.submit(asked, sys.executable, PYTHONHASHSEED="2", OPENBLAS_NUM_THREADS="2"),
        )
        here, there, again = (one.result() for one in waiting)
    rows = compared(here, there)
    with (DOCS / "determinism.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    sure = [row for row in rows if row["drawn"] == "no"]
    drawn = [row for row in rows if row["drawn"] == "yes"]
    digits = sum(float(row["difference"]) <= ROUNDING for row in drawn)
    names = ", ".join(f"{key} {value}" for key, value in there["versions"].items())
    mine = ", ".join(f"{key} {value}" for key, value in here["versions"].items())
    return put(
        COMMAND,
        [
            Claim(
                "The same seed gives the same bits in another process with other hash seeds and "
                "threads",
                "all equal",
                f"{len(rows)} of {len(rows)} equal"
                if again["numbers"] == here["numbers"]
                else "NOT EQUAL",
                again["numbers"] == here["numbers"],
                "determinism",
            ),
            Claim(
                f"{mine} and {names} give the same numbers where nothing is drawn",
                "1e-12",
                f"{len(sure)} estimators and variances, at most "
                f"{max(float(row['difference']) for row in sure):.0e} apart",
                all(row["met"] == "yes" for row in sure),
                "determinism",
            ),
            Claim(
                "What is drawn has the same distribution there",
                f"means over {len(SEEDS)} seeds within {FAR} standard errors",
                f"{len(drawn)}, of which {digits} agree to 1e-12; the others at most "
                f"{max([float(r['standard errors apart'] or 0) for r in drawn]):.1f} apart",
                all(row["met"] == "yes" for row in drawn),
                "determinism",
            ),
        ],
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["values"]:
        json.dump(values(), sys.stdout)
    else:
        sys.exit(main(*sys.argv[1:]))
