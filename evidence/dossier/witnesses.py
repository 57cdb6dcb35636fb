"""Two other Python libraries and R on the same data: svy, samplics and R survey as witnesses.

Run by the Python of the environment ``.venv-bench``, which has them: ``python -m
evidence.dossier.witnesses FOLDER`` writes one row for each comparison into the folder. Samples are
generated here, and read from ``../shared/oracle`` where it is. What a witness answers otherwise
stands in `OTHERWISE` with its reason; whatever else differs fails.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from tests.agreement import Within, agrees, differs

from .stored import ORACLE
from .witness_peers import Peer, peers

Array = NDArray[Any]
CLOSED = Within("closed forms: sums in another order", 1e-10)
ERRORS = Within("closed forms, squared and summed in another order", 1e-8)
FITTED = Within("fits that stop at a change of 1e-8 in theirs, at rounding in ours", 1e-6)
ITS_OWN = Within(  # 2e-6 seen, in the errors of logistic regressions
    "samplics passes `tol` on to nobody: statsmodels stops at its own 1e-8, a step behind", 1e-5
)
# Witness, design, statistic (parts of their names; "" for every one), and why it answers otherwise.
OTHERWISE: list[tuple[str, str, str, str]] = []


class Sample(NamedTuple):
    """One sample: its rows, the columns of its design, and of what is asked."""

    name: str
    rows: pd.DataFrame
    design: dict[str, Any]
    y: str
    x: str
    case: str
    by: str
    replicates: str = ""  # jackknife or bootstrap

    def ours(self) -> pv.Survey:
        """Return the sample as a survey of ours."""
        made = pv.Survey(self.rows, **self.design)
        if self.replicates == "jackknife":
            return made.jackknife(mse=False)
        return made.bootstrap(60, rng=1, mse=False) if self.replicates else made


def generated(rng: np.random.Generator, strata: int, units: int, each: int) -> pd.DataFrame:
    """Return a sample of strata, primary units and rows with uneven weights and clustered answers."""
    psu = np.repeat(np.arange(strata * units), each)
    n = psu.size
    rows = pd.DataFrame({"stratum": psu // units, "psu": psu, "w": rng.uniform(1, 9, n)})
    effect = rng.normal(0, 1, strata * units)[psu]
    rows["y"] = 10 + effect + rng.normal(0, 2, n)
    rows["x"] = 5 + 0.2 * rows["y"] + rng.normal(0, 1, n)
    rows["case"] = (rng.uniform(size=n) < 1 / (1 + np.exp(1.5 - effect))).astype(int)
    rows["g"] = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    rows["n_units"] = 3.0 * units + rows["stratum"]
    return rows


def samples() -> Iterator[Sample]:
    """Give all samples."""
    rng = np.random.default_rng(2024)
    asked: dict[str, Any] = {"y": "y", "x": "x", "case": "case", "by": "g"}
    whole = {"weights": "w", "strata": "stratum", "psu": "psu"}
    for name, design in {
        "weights alone": {"weights": "w"},
        "strata": {"weights": "w", "strata": "stratum"},
        "clusters": {"weights": "w", "psu": "psu"},
        "strata and clusters": whole,
        "finite strata of clusters": {**whole, "fpc": "n_units"},
    }.items():
        yield Sample(name, generated(rng, 6, 5, 12), design, **asked)
    for kind in ("jackknife", "bootstrap"):
        yield Sample(kind, generated(rng, 5, 4, 10), whole, **asked, replicates=kind)
    if not ORACLE.is_dir():
        return
    schools: dict[str, Any] = {"y": "api00", "x": "api99", "case": "big", "by": "sch.wide"}
    for name, design in {
        "apistrat": {"weights": "pw", "strata": "stype"},
        "apiclus1": {"weights": "pw", "psu": "dnum"},
    }.items():
        rows = pd.read_csv(ORACLE / "survey" / f"{name}.csv")
        rows["big"] = (rows["api.stu"] > rows["api.stu"].median()).astype(int)
        kept = ["api00", "api99", "big", "sch.wide", *design.values()]
        yield Sample(name, rows[kept], design, **schools)
    rows = pd.read_csv(ORACLE / "survey" / "hh.csv").query("stratum != 'F'").reset_index(drop=True)
    rows["unit"] = rows["stratum"] + rows["psu"].astype(str)
    kept = ["hours", "urban", "cl", "region", "w", "stratum", "unit"]
    child: dict[str, Any] = {"y": "hours", "x": "urban", "case": "cl", "by": "region"}
    design = {"weights": "w", "strata": "stratum", "psu": "unit"}
    yield Sample("children", rows[kept].dropna().reset_index(drop=True), design, **child)


direct = pv.direct
STATISTICS: dict[str, Callable[[Sample, pv.Survey], pv.Estimate]] = {
    "mean": lambda s, d: direct.mean(d, s.y),
    "total": lambda s, d: direct.total(d, s.y),
    "ratio": lambda s, d: direct.ratio(d, s.y, s.x),
    "proportion": lambda s, d: direct.prevalence(d, s.case),
    "mean by domain": lambda s, d: direct.mean(d, s.y, by=s.by),
    "total by domain": lambda s, d: direct.total(d, s.y, by=s.by),
    "ratio by domain": lambda s, d: direct.ratio(d, s.y, s.x, by=s.by),
    "linear regression": lambda s, d: direct.regression(d, s.y, s.x),
    "logistic regression": lambda s, d: direct.regression(d, s.case, s.x, family="binomial"),
}


def compare(sample: Sample, peer: Peer, failed: list[str]) -> int:
    """Write down what one witness says of one sample; return how many statistics it answers."""
    survey, answered = sample.ours(), 0
    for statistic, estimate in STATISTICS.items():
        try:
            told = peer.answer(sample, survey, statistic)
        except Exception as error:  # noqa: BLE001 - whatever a witness stops with is reported
            failed.append(f"{peer.name}, {sample.name}: {statistic}: {error!r}")
            continue
        if told is None:
            continue
        answered += 1
        e = estimate(sample, survey)
        order = (
            np.argsort([label[0] for label in e.labels]) if "domain" in statistic else slice(None)
        )
        os.environ["PYTEST_CURRENT_TEST"] = f"evidence.dossier.witnesses: {statistic} (call)"
        source, case = (peer.name, told.call), f"{sample.name}: {statistic}"
        reason = otherwise(peer, sample, statistic)
        values, errors = CLOSED, ERRORS
        if "regression" in statistic:
            values = errors = ITS_OWN if "samplics" in peer.name else FITTED
        pairs = [
            ("estimate", e.value[order], told.value, values),
            ("standard error", e.std_error[order], told.std_error, errors),
        ]
        for quantity, ours, theirs, within in pairs:
            place = (case, quantity)
            try:
                if reason is not None and quantity == "standard error":
                    differs(ours, theirs, reason, case=place, source=source)
                else:
                    agrees(ours, theirs, within, case=place, source=source)
            except AssertionError as error:
                failed.append(f"{peer.name}, {case}, {quantity}: {error}")
    return answered


def otherwise(peer: Peer, sample: Sample, statistic: str) -> str | None:
    """Return why a witness answers otherwise, if that is known."""
    return next(
        (
            why
            for name, design, part, why in OTHERWISE
            if name in peer.name and design in sample.name and part in statistic
        ),
        None,
    )


def main(folder: str) -> int:
    """Compare every witness on every sample."""
    os.environ["PREVALENCE_DOSSIER"] = str(Path(folder).resolve())
    failed: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of archived and of young libraries
        for sample in samples():
            for peer in peers():
                answered = compare(sample, peer, failed)
                print(f"{sample.name:28} {peer.name:20} {answered} statistics", flush=True)
    for line in failed:
        print(f"DIFFERS: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
