"""The tables of all studies of coverage as one: estimator, study, cell, whether its assumptions hold.

`holds` begins with its kind: "yes"; "rare" (few cases, reports or nearly none are expected: intervals
of rare outcomes have a bar of their own); "after selection" (of a model); "bound" (lower by design);
"violation" (the cell breaks what the estimator's text assumes, and the words say how); "other"
(another rule or standard error, drawn for comparison).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evidence.claims import DOCS

from .many import shortened
from .studied import (
    list_kind,
    network_kind,
    network_name,
    rare_kind,
    sensitive_kind,
    sensitive_name,
    study_kind,
)

__all__ = ["COLUMNS", "KINDS", "gather", "kind"]

Row = dict[str, Any]
COLUMNS = (
    "estimator", "study", "cell", "holds", "samples", "bias", "bias_mc", "rmse", "rmse_mc",
    "se_ratio", "se_ratio_mc", "coverage", "coverage_mc", "left", "left_mc", "right", "right_mc",
)  # fmt: skip
KINDS = ("yes", "rare", "after selection", "bound", "violation", "other")
RARE_EVENTS, NETWORK_BIAS, INSTRUMENT = 20_000, 2_000, 2_000  # samples of a line
DESIGN_BASED = ("linearised", "jackknife", "bootstrap")
HARMLESS = ("none", "barrier", "3 of 10 reports false, precision 0.7 given", "1 of 5 answers missing at random")  # fmt: skip


def kind(holds: str) -> str:
    """Return the kind of a cell."""
    return holds.partition(":")[0]


def read(name: str, docs: Path) -> pd.DataFrame:
    """Return a committed table, with empty words as such."""
    return pd.read_csv(docs / f"{name}.csv", keep_default_na=False, na_values=["nan", ""])


def lines(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the lines of a table."""
    for _, line in table.iterrows():
        yield line


def row(line: Any, estimator: str, study: str, cell: str, holds: str, samples: int) -> Row:
    """Return a line under the common names, with the Monte Carlo errors that it does not tell."""
    out: Row = {"estimator": estimator, "study": study, "cell": cell, "holds": holds}
    out["samples"] = int(samples)
    for name in ("bias", "rmse", "se_ratio", "coverage"):
        out[name] = line.get(name, np.nan)
        out[f"{name}_mc"] = line.get(f"{name}_mc", np.nan)
    for name, theirs in (("left", "too_high"), ("right", "too_low")):
        out[name] = line.get(name, line.get(theirs, np.nan))
        out[f"{name}_mc"] = line.get(f"{name}_mc", share_error(out[name], samples))
    if np.isnan(out["coverage_mc"]):
        out["coverage_mc"] = line.get("mc_se", share_error(out["coverage"], samples))
    spread = np.sqrt(max(out["rmse"] ** 2 - out["bias"] ** 2, 0)) if out["rmse"] > 0 else np.nan
    for name, error in (
        ("bias", spread / np.sqrt(samples)),  # of a mean
        ("rmse", out["rmse"] / np.sqrt(2 * samples)),  # where errors are nearly normal
        ("se_ratio", out["se_ratio"] / np.sqrt(2 * samples)),  # of a standard deviation, the same
    ):
        if np.isnan(out[f"{name}_mc"]):
            out[f"{name}_mc"] = error
    return out


def share_error(per_cent: float, samples: int) -> float:
    """Return the Monte Carlo error of a share in points; of none or all that of one sample."""
    p = np.clip(per_cent / 100, 1 / max(samples, 2), 1 - 1 / max(samples, 2))
    return 100 * float(np.sqrt(p * (1 - p) / samples))


# ---------------------------------------------------------------------- the studies
def rare_events(docs: Path) -> Iterator[Row]:
    """Prevalences with few cases, by what is borrowed."""
    table = read("rare-events-details", docs)
    for line in lines(table[table["method"].str.startswith("auto")]):
        holds = rare_kind(line)
        cell = f"{line['design']}, {line['p']:.2%}, icc {line['icc']:g}, {line['method']}"
        yield row(line, "direct.prevalence", "rare-events", cell, holds, RARE_EVENTS)


def weighting(docs: Path) -> Iterator[Row]:
    """Estimates through a chain of weighting steps."""
    names = {"total": "direct.total", "mean": "direct.mean", "share": "direct.prevalence"}
    for line in lines(read("weights-variance-details", docs)):
        name = names.get(line["estimator"].split()[0], "direct.ratio")
        full = line["way"] in DESIGN_BASED
        holds = "yes" if full else "violation: steps of the weighting left out of the variance"
        cell = f"chain of weighting steps, {line['estimator']}, {line['way']}"
        yield row(line, name, "weights-variance", cell, holds, line["samples"])


def scale_up(docs: Path) -> Iterator[Row]:
    """Scale-up in clustered finite populations."""
    for line in lines(read("network-coverage-details", docs)):
        if line["method"] not in DESIGN_BASED:
            holds = "other: a standard error without clusters or without few reports"
        elif line["reports"] <= 10:
            holds = "rare: ten reports or fewer expected"
        else:
            holds = "yes"
        cell = (
            f"{line['part']}: {line['prevalence']:.3%}, icc {line['icc']:g}, heaping {line['heaping']:g}, "
            f"barrier {line['barrier']:g}, {line['clusters']} clusters, {line['method']}"
        )
        full = {**line, "rmse": float(np.hypot(line.get("bias", np.nan), line["cv"]))}
        yield row(full, "nsum.scale_up", "network-coverage", cell, holds, 2_000)


def around_scale_up(docs: Path) -> Iterator[Row]:
    """Estimators around scale-up."""
    for line in lines(read("network-estimators", docs)):
        name = network_name(line["estimator"])
        if name:
            full = {**line, "rmse": float(np.hypot(line["bias"], line["cv"]))}
            cell, holds = line["estimator"], network_kind(line["estimator"])
            yield row(full, name, "network-coverage", cell, holds, line["samples"])


def answers_wrong(docs: Path) -> Iterator[Row]:
    """Scale-up where answers err."""
    for line in lines(read("network-bias", docs)):
        right = line["error"].startswith(HARMLESS)
        holds = "yes" if right else "violation: what respondents answer is wrong"
        full = {k: v for k, v in line.items() if k != "mc_se"}
        full |= {"bias_mc": line["mc_se"], "rmse": float(np.hypot(line["bias"], line["cv"]))}
        cell = f"answers err: {line['error']}"
        yield row(full, "nsum.scale_up", "network-coverage", cell, holds, NETWORK_BIAS)


def lists(docs: Path) -> Iterator[Row]:
    """Case lists like a referral mechanism's."""
    names = {
        "independence": "mse.loglinear", "stepwise": "mse.stepwise", "lower bound": "mse.lower_bound",
        "Mth, normal": "mse.closed", "latent class": "mse.latent_class",
        "linked, after an audit": "mse.linked",
    }  # fmt: skip
    for line in lines(read("mse-coverage-details", docs)):
        name = names.get(line["estimator"], "mse.referral_aware")
        holds = list_kind(line["cell"], line["estimator"], int(line["N"]))
        full = {**line, "left": 100 - line["floor"]}
        cell = f"N = {line['N']:,}, {line['cell']}, {line['estimator']}"
        yield row(full, name, "mse-coverage", cell, holds, line["runs"])


def instruments(docs: Path) -> Iterator[Row]:
    """Screens that err, in cluster samples."""
    for line in lines(read("instrument-coverage", docs)):
        if line["rule"] != "rogan-gladen":
            holds = "other: another rule than the default"
        elif line["prevalence"] < 0.02 or line["negative"] > 0.5:
            holds = "rare: few cases among the positives"
        else:
            holds = "yes"
        cell = (
            f"{line['design']}, icc {line['icc']:g}, {line['prevalence']:.1%}, specificity "
            f"{line['specificity']:g} on {line['tested']}, {line['rule']}"
        )
        yield row(line, "misclassification.rogan_gladen", "instrument", cell, holds, INSTRUMENT)


def hidden_answers(docs: Path) -> Iterator[Row]:
    """List experiments, devices, screens, reports and imputations."""
    for line in lines(read("sensitive-coverage-details", docs)):
        share = 100 / line["truth"]
        full = {
            **line,
            "bias": line["bias"] * share,
            "rmse": float(np.hypot(line["bias"], line["sd"]) * share),
        }
        name, holds = sensitive_name(line["estimator"]), sensitive_kind(line)
        cell = f"{line['cell']}, {line['estimator']}"
        yield row(full, name, "sensitive-coverage", cell, holds, line["samples"])


def own(name: str, page: str) -> Callable[[Path], Iterator[Row]]:
    """Return the lines of a study that tells itself what holds."""

    def found(docs: Path) -> Iterator[Row]:
        for line in lines(read(name, docs)):
            yield row(line, line["estimator"], page, line["cell"], line["holds"], line["samples"])

    return found


def sampled_lists(docs: Path) -> Iterator[Row]:
    """The posterior of lists where size and rates come from its prior."""
    table = read("calibration", docs)
    some = table[(table["sampler"] == "mse.latent_class") & (table["parameter"] == "size")]
    for line in lines(some[some["test"] == "ranks"]):
        cell = "sizes, rates and classes drawn from the prior"
        full = {"coverage": line["coverage"]}
        yield row(full, "mse.latent_class", "coverage", cell, "yes", line["fits"])


def rehearsed(docs: Path) -> Iterator[Row]:
    """Whole studies: designs, weighting and estimates of `prevalence.simulate.study`."""
    if not (docs / "studies.csv").exists():
        return
    for line in lines(read("studies", docs)):
        full = {k.replace(" %", "").replace(" mc", "_mc"): v for k, v in line.items()}
        cell = f"{line['cell']}, {line['prevalence']:g} %, {line['estimator']}"
        yield row(full, line["estimator"], "studies", cell, study_kind(line), line["samples"])


STUDIES: tuple[Callable[[Path], Iterator[Row]], ...] = (
    own("direct-coverage", "coverage"), rare_events, weighting, own("estimators-coverage", "coverage"),
    lists, sampled_lists, scale_up, around_scale_up, answers_wrong, instruments, hidden_answers,
    rehearsed,
)  # fmt: skip


def gather(docs: Path = DOCS) -> pd.DataFrame:
    """Return all lines of all studies."""
    table = pd.DataFrame([line for study in STUDIES for line in study(docs)])[list(COLUMNS)]
    digits = dict.fromkeys([c for c in COLUMNS if c.startswith("se_ratio")], 3)
    numbers = {c: digits.get(c, 2) for c in COLUMNS if table[c].dtype == float}
    ordered = table.sort_values("estimator", kind="stable").reset_index(drop=True)
    return shortened(ordered.round(numbers))
