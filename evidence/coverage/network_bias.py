"""What no scale-up interval sees: errors of the answers, ``python -m evidence.coverage.network_bias``.

Samples of 1,500 synthetic adults in 75 clusters, `prevalence.simulate.answers`, of whom the truth is
known, answer with one error at a time. Each line tells by how much the estimate is off in the mean
and how many of the 95 % intervals, which know of the sample alone, hold the truth. With 2,000 samples a
line the study writes `docs/evidence/network-bias.csv`; ``--quick`` draws 30 and writes nothing.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from evidence.coverage.many import each
from prevalence.simulate.answers import SimulatedAnswers
from prevalence.simulate.reports import HIDDEN

Array = NDArray[Any]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SAMPLES, QUICK, SEED = 2_000, 30, 20_261_124
BASE: dict[str, Any] = {
    "clusters": 75,
    "prevalence": 0.01,
    "transmission": 0.6,
    "known": "children",
}
KNOWERS, OTHERS = 0.3, 0.05  # who leaves a question blank: those who know somebody, the others


def blank(made: SimulatedAnswers, columns: list[str], many: int, seed: int) -> SimulatedAnswers:
    """Leave answers out, more of them where the true number is at least `many`."""
    rng, adults = np.random.default_rng(seed), made.adults.copy()
    for name in columns:
        chance = np.where(adults[name] >= many, KNOWERS, OTHERS)
        adults[name] = adults[name].astype(float).mask(rng.random(len(adults)) < chance)
    return replace(made, adults=adults)


def reports_blank(made: SimulatedAnswers, seed: int) -> SimulatedAnswers:
    """Leave reports out, more often those of respondents who know somebody."""
    return blank(made, [HIDDEN], 1, seed)


def ties_blank(made: SimulatedAnswers, seed: int) -> SimulatedAnswers:
    """Leave numbers of known groups out, more often those of 3 and more."""
    return blank(made, list(made.known), 3, seed)


def yes_or_no(made: SimulatedAnswers, seed: int) -> SimulatedAnswers:
    """Write down whether somebody is known, where the number was to be counted."""
    del seed
    return replace(made, adults=made.adults.assign(**{HIDDEN: made.adults[HIDDEN].clip(upper=1)}))


@dataclass(frozen=True)
class Error:
    """An error of the answers, how they are made, and what the analyst takes for true."""

    error: str
    made: dict[str, Any] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    after: Callable[[SimulatedAnswers, int], SimulatedAnswers] | None = None


ERRORS = [
    Error("none"),
    Error("barrier: effects of clusters and respondents, sd of logs 1", {"barrier_sd": 1.0, "area_sd": 1.0}),
    Error("transmission 0.4, taken as 0.6", {"transmission": 0.4}, {"transmission": 0.6}),
    Error("transmission 0.6, taken as 1", {}, {"transmission": 1.0}),
    Error("degree ratio 0.5, taken as 1", {"transmission": 0.3}, {"transmission": 0.6}),
    Error("3 of 10 reports false, taken as true", {"precision": 0.7}, {"precision": 1.0}),
    Error("3 of 10 reports false, precision 0.7 given", {"precision": 0.7}),
    Error("groups above 5,000 recalled as their root", {"recall_threshold": 5_000}),
    Error("known groups of persons; children known 1.5 times as well", {"known": "persons", "child_mixing": 1.5}),
    Error("7 of 10 answers above 2 heaped", {"heaping": 0.7}),
    Error("answers cut off at 10", {"top_code": 10}),
    Error("answers cut off at 3", {"top_code": 3}),
    Error("reports asked as a number, answered yes or no", after=yes_or_no),
    Error("1 of 5 answers missing at random", {"missing": 0.1, "dont_know": 0.1}),
    Error("reports: 30 % blank of those who know somebody, 5 % of the others", after=reports_blank),
    Error("known groups: 30 % blank of numbers above 2, 5 % of the others", after=ties_blank),
]  # fmt: skip


def one(error: Error, seed: int) -> tuple[float, float, float]:
    """Return an estimate and its limits, over the truth."""
    made = pv.simulate.answers(1_500, **(BASE | error.made), rng=seed)
    if error.after is not None:
        made = error.after(made, seed)
    given: dict[str, Any] = {
        "transmission": made.transmission,
        "precision": made.precision,
    } | error.taken
    e = pv.nsum.scale_up(made.answers(), missing="complete", **given)
    low, high = e.interval()[0] / made.trafficked
    return float(e) / made.trafficked, low, high


def line(error: Error, samples: int) -> dict[str, Any]:
    """Return the bias of an error and the coverage of intervals that do not know of it."""
    with warnings.catch_warnings():  # what estimators warn of is beside the point here
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        found = np.array([one(error, SEED + i) for i in range(samples)])
    value, low, high = found.T
    return {
        "error": error.error,
        "bias": 100 * float(value.mean() - 1),
        "mc_se": 100 * float(value.std(ddof=1) / np.sqrt(samples)),
        "cv": 100 * float(value.std(ddof=1) / value.mean()),
        "coverage": 100 * float(((low <= 1) & (high >= 1)).mean()),
        "too_high": 100 * float((low > 1).mean()),
        "too_low": 100 * float((high < 1).mean()),
    }


def study(samples: int) -> pd.DataFrame:
    """Return one line per error."""
    return pd.DataFrame(each(line, [(error, samples) for error in ERRORS])).round(1)


def main() -> None:
    """Run the study, print its table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 samples a line; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else SAMPLES)
    print(table.to_string(index=False))
    if not quick:
        table.to_csv(DOCS / "network-bias.csv", index=False)


if __name__ == "__main__":
    main()
