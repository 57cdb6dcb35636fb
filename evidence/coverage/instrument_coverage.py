"""How often intervals hold the truth when the instrument errs: `python -m evidence.coverage.instrument_coverage`.

A screen with sensitivity .85 and a specificity from .95 to .995, each found on a validation sample,
is used in cluster samples with beta-binomial numbers of positives. Every line has 2,000 samples, drawn
with a seed of its own, and the limits are those of the library's rules. Coverage needs no limit that
is a quantile: it holds the truth if its distribution has reached the tail there; median widths are
those of the first 200 samples, and of all where that leaves the default within 3 % of melding. The tables go to `docs/evidence/instrument-coverage.csv` (the grid) and
`docs/evidence/instrument-table.csv` (two simple cases, 10,000 samples); `--quick` draws 500 and writes nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.coverage.many import each
from evidence.coverage.rare_events import Layout, draw, estimate, layout
from prevalence import imperfect
from prevalence.direct.borrowing import blended, default_deff
from prevalence.imperfect import corrected
from prevalence.intervals import RULES

Array = NDArray[Any]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SHARES, SPECIFICITIES, TESTED = (0.005, 0.01, 0.05), (0.95, 0.98, 0.995), (100, 300, 1_000)
SENSITIVITY = 0.85
SAMPLES, TABLE_SAMPLES, WIDTHS = 2_000, 10_000, 200
CLOSE = 0.97  # of melding's width: 200 samples leave an error of .02, 2,000 one of .006
NEAR_ZERO = 0.006  # below it lie all samples in which the corrected share is more likely below 0
LEAST = 94.0  # what the default must cover, in per cent
SEED = 20_261_222
GRID_RULES = ("rogan-gladen", "lang-reiczigel", "melding", "delta")
TABLE_RULES = (*GRID_RULES[:3], "melding-poisson", "delta", "instrument-bayes")


@dataclass(frozen=True, eq=False)
class Design:
    """A cluster sample and the intraclass correlation of its positives."""

    of: Layout
    icc: float


def designs() -> list[Design]:
    """Return the designs of the grid: effective samples of about 1,100, 1,250 and 340."""
    rows = {"75 x 20": (75, 20), "100 x 30": (100, 30), "30 x 20": (30, 20)}
    layouts = {name: layout(name, np.full((1, m), n)) for name, (m, n) in rows.items()}
    cells = (("75 x 20", 0.02), ("100 x 30", 0.05), ("30 x 20", 0.05))
    return [Design(layouts[name], icc) for name, icc in cells]


def constants(
    share: float, specificity: float, tested: int, design: Design, samples: int, rng: Any
) -> tuple[dict[str, Array], Array]:
    """Return what the rules are given, and the effective sample size, of every sample drawn."""
    positive = share * SENSITIVITY + (1 - share) * (1 - specificity)
    seen, error = estimate(design.of, draw(design.of, positive, design.icc, samples, rng))
    deff = blended(seen.own, default_deff(seen), seen.share, seen.n)
    given = {
        "apparent": seen.share,
        "apparent_error": np.where(error > 0, error, np.nan),
        "apparent_df": seen.df,
        "n": seen.n,
        "deff": deff,
    }
    return _with_validation(given, specificity, tested, rng), seen.n / seen.own


def simple(share: float, specificity: float, tested: int, n: int, samples: int, rng: Any) -> Any:
    """Return what the rules are given of simple random samples."""
    positive = share * SENSITIVITY + (1 - share) * (1 - specificity)
    p = rng.binomial(n, positive, samples) / n
    ones = np.ones(samples)
    given = {
        "apparent": p,
        "apparent_error": np.sqrt(p * (1 - p) / n),
        "apparent_df": np.inf * ones,
        "n": n * ones,
        "deff": ones,
    }
    return _with_validation(given, specificity, tested, rng)


def _with_validation(
    given: dict[str, Array], specificity: float, tested: int, rng: Any
) -> dict[str, Array]:
    """Add validation samples, the corrected share and its standard error."""
    p, size = given["apparent"], given["apparent"].size
    se, sp = (rng.binomial(tested, rate, size) / tested for rate in (SENSITIVITY, specificity))
    value, j = corrected(p, se, sp), se + sp - 1
    v_se, v_sp = (_variance(rate, tested) for rate in (se, sp))
    variance = given["apparent_error"] ** 2 + value**2 * v_se + (1 - value) ** 2 * v_sp
    sizes = {
        f"{name}_{part}": np.full(size, x)
        for name in ("sensitivity", "specificity")
        for part, x in (("n", float(tested)), ("df", np.inf))
    }
    return {
        **given,
        **sizes,
        "sensitivity": se,
        "specificity": sp,
        "value": value,
        "std_error": np.sqrt(variance) / j,
    }


def _variance(rate: Array, tested: int) -> Array:
    """Return the variance of a validated rate, as `prevalence.validated` has it."""
    edge = (rate == 0) | (rate == 1)
    n = np.where(edge, tested + 2, tested)
    p = np.where(edge, (rate * tested + 1) / (tested + 2), rate)
    return np.asarray(p * (1 - p) / n)


@contextmanager
def beside(truth: float) -> Iterator[None]:
    """Put the limits just beside the truth, on the side on which the quantile lies."""
    kept = imperfect._root

    def side(curve: imperfect.Curve, tail: float, start: Array) -> Array:
        reached = curve(np.full(start.size, truth))[0] >= tail
        return np.where(reached, truth * (1 - 1e-9), truth * (1 + 1e-9))

    imperfect._root = side
    try:
        yield
    finally:
        imperfect._root = kept


def line(rule: str, given: Mapping[str, Array], df: Array, truth: float) -> dict[str, float]:
    """Return coverage, misses to either side and the median width of one rule."""
    with beside(truth):
        limits = RULES[rule](given, df, 0.95)
    if rule == "rogan-gladen":  # between two quantiles where the share is more likely below 0
        near = given["value"] < NEAR_ZERO
        limits[near] = RULES[rule]({name: x[near] for name, x in given.items()}, df[near], 0.95)
    low, high = limits.T
    if rule in ("delta", "lang-reiczigel"):
        wide = high - low
    else:
        few = {name: x[:WIDTHS] for name, x in given.items()}
        wide = np.diff(RULES[rule](few, df[:WIDTHS], 0.95), axis=1)
    covered = 100 * float(((low <= truth) & (truth <= high)).mean())
    return {
        "coverage": covered,
        "mc_se": 100 * float(np.sqrt(max(covered * (100 - covered), 1) / low.size) / 100),
        "too_high": 100 * float((low > truth).mean()),
        "too_low": 100 * float((high < truth).mean()),
        "median_width": float(np.median(wide)),
    }


def cell(design: Design, p: float, sp: float, tested: int, samples: int, seed: int) -> Any:
    """Return the lines of one cell of the grid."""
    rng = np.random.default_rng([SEED, seed])
    given, size = constants(p, sp, tested, design, samples, rng)
    head = {
        "design": design.of.name,
        "icc": design.icc,
        "n_eff": float(np.round(np.nanmedian(size), -1)),
        "prevalence": p,
        "specificity": sp,
        "tested": tested,
        "negative": 100 * float((given["value"] < 0).mean()),
        "bias": 100 * float(given["value"].mean() / p - 1),
        "rmse": 100 * float(np.sqrt(((given["value"] / p - 1) ** 2).mean())),
        "se_ratio": float(np.sqrt(np.nanmean(given["std_error"] ** 2)) / given["value"].std()),
    }
    df = given["apparent_df"]
    found = {rule: line(rule, given, df, p) for rule in GRID_RULES}
    own, melded = found["rogan-gladen"], found["melding"]
    if own["median_width"] > CLOSE * melded["median_width"]:
        for rule in ("rogan-gladen", "melding"):
            wide = np.diff(RULES[rule](given, df, 0.95), axis=1)
            found[rule]["median_width"] = float(np.median(wide))
    return [{**head, "rule": rule, **one} for rule, one in found.items()]


def grid(samples: int = SAMPLES) -> pd.DataFrame:
    """Return one line per cell and rule."""
    cells = product(designs(), SHARES, SPECIFICITIES, TESTED)
    every = each(cell, [(*of, samples, k) for k, of in enumerate(cells)])
    return pd.DataFrame([line for some in every for line in some])


def known(given: Mapping[str, Array]) -> Array:
    """Return Wilson's limits of the apparent share, corrected as if the rates were known."""
    c = {"value": given["apparent"], "n": given["n"], "deff": given["deff"]}
    limits = RULES["wilson"](c, given["apparent_df"], 0.95)
    rates = (given[name][:, None] for name in ("sensitivity", "specificity"))
    return corrected(limits, *rates)


def simple_cell(k: int, p: float, sp: float, tested: int, samples: int) -> Any:
    """Return the lines of one cell with simple random samples of 1,333, and all rules."""
    rng = np.random.default_rng([SEED, 1_000 + k])
    given = simple(p, sp, tested, 1_333, samples, rng)
    low, high = known(given).T
    head = {"prevalence": p, "specificity": sp, "tested": tested, "n_eff": 1_333}
    head["negative"] = 100 * float((given["value"] < 0).mean())
    as_known = {
        "coverage": 100 * float(((low <= p) & (p <= high)).mean()),
        "mc_se": 100 * float(np.sqrt(0.25 / samples)),
        "too_high": 100 * float((low > p).mean()),
        "too_low": 100 * float((high < p).mean()),
        "median_width": float(np.median(high - low)),
    }
    df = given["apparent_df"]
    return [
        {**head, "rule": "rates taken as known", **as_known},
        *({**head, "rule": rule, **line(rule, given, df, p)} for rule in TABLE_RULES),
    ]


def table(samples: int = TABLE_SAMPLES) -> pd.DataFrame:
    """Return the lines of two such cells."""
    cells = ((0, 0.01, 0.98, 200), (1, 0.03, 0.97, 300))
    every = each(simple_cell, [(*of, samples) for of in cells])
    return pd.DataFrame([line for some in every for line in some])


def against_melding(found: pd.DataFrame) -> pd.DataFrame:
    """Return coverage of the default and its width relative to melding's, one row per cell."""
    keys = ["design", "icc", "prevalence", "specificity", "tested"]
    wide = found.pivot_table(index=keys, columns="rule", values=["coverage", "median_width"])
    width = wide["median_width"]
    out = pd.DataFrame({rule: wide["coverage", rule] for rule in GRID_RULES})
    return out.assign(relative_width=width["rogan-gladen"] / width["melding"])


DIGITS = {
    **dict.fromkeys(("coverage", "too_high", "too_low", "negative"), 2),
    **dict.fromkeys(("bias", "rmse"), 1),
    **dict.fromkeys(("mc_se", "se_ratio"), 3),
    "median_width": 5,
}


def main() -> None:
    """Run the study, print where the default misses what is asked, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 samples a cell; write nothing")
    quick = parser.parse_args().quick
    tables = {
        "instrument-table.csv": table(2_000 if quick else TABLE_SAMPLES),
        "instrument-coverage.csv": grid(500 if quick else SAMPLES),
    }
    for name, found in tables.items():
        if not quick:
            found.round(DIGITS).to_csv(DOCS / name, index=False)
    print(tables["instrument-table.csv"].round(DIGITS).to_string(index=False))
    cells = against_melding(tables["instrument-coverage.csv"])
    print(cells.describe().loc[["min", "mean", "max"]].round(3).to_string())
    error = 100 * np.sqrt(0.06 * 0.94 / (500 if quick else SAMPLES))
    missed = cells[(cells["rogan-gladen"] < LEAST - 2 * error) | (cells["relative_width"] > 1.0)]
    print(f"{len(missed)} of {len(cells)} cells miss what is asked:\n{missed.round(3).to_string()}")


if __name__ == "__main__":
    main()
