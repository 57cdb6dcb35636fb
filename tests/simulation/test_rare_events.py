"""The rare-event study: it estimates as the library does, and what it found holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from evidence.coverage import rare_events as study
from prevalence.direct.borrowing import cluster_deff, default_deff

Array = NDArray[Any]
DOCS = Path(__file__).parents[2] / "docs" / "evidence"
LAYOUTS = {of.name: of for of in study.layouts()}


def as_survey(of: study.Layout, cases: Array, common: Array) -> pv.Survey:
    """Return the rows of one sample, one by one."""
    parts = []
    for group, cluster in np.ndindex(of.rows.shape):
        n = int(of.rows[group, cluster])
        rows = np.arange(n)
        parts.append(
            pd.DataFrame(
                {
                    "case": (rows < cases[group, cluster]).astype(float),
                    "common": (rows < common[group, cluster]).astype(float),
                    "w": of.weights[group, cluster],
                    "ea": cluster,
                    "stratum": of.stratum[cluster],
                    "part": "in" if of.inside[group, cluster] else "out",
                }
            )
        )
    return pv.Survey(pd.concat(parts), weights="w", strata="stratum", psu="ea")


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_study_estimates_as_the_library_does(name: str) -> None:
    of = LAYOUTS[name]
    rng = np.random.default_rng(3)
    p, icc = 0.005, 0.1
    cases, common = (study.draw(of, share, icc, 3, rng) for share in (p, 0.2))
    cases[0] = 0
    seen, error = study.estimate(of, cases)
    whole = of.whole()
    lent = study.carried(seen, study.estimate(whole, common)[0])
    own = study.estimate(whole, cases)[0]
    nothing = study.carried(seen, own) if of.is_domain else default_deff(seen)
    wanted = {
        "icc": study.auto(seen, cluster_deff(icc, seen.kish, seen.size)),
        "common": study.auto(seen, lent),
        "nothing": study.auto(seen, nothing),
    }
    for i in range(3):
        survey = as_survey(of, cases[i], common[i])
        how: dict[str, Any] = {"by": "part"} if of.is_domain else {}
        found = {
            "icc": pv.direct.prevalence(survey, "case", icc=icc, **how),
            "common": pv.direct.prevalence(survey, "case", deff="common", **how),
            "nothing": pv.direct.prevalence(survey, "case", **how),
        }
        for kind, e in found.items():
            row = e["in"] if of.is_domain else e
            np.testing.assert_allclose(row.interval()[0], wanted[kind][i], rtol=1e-9, err_msg=kind)
            if seen.share[i] > 0:
                np.testing.assert_allclose(row.std_error[0], error[i], rtol=1e-9)


@pytest.mark.parametrize("icc", [0.05, 0.2])
def test_the_study_draws_the_correlation_it_names(icc: float) -> None:
    """V(mean) is that of the design effect; over 20,000 samples its Monte Carlo error is 2 %."""
    of, p = LAYOUTS["30 unequal, 12 to 60 rows"], 0.05
    seen, _ = study.estimate(of, study.draw(of, p, icc, 20_000, np.random.default_rng(1)))
    deff = cluster_deff(icc, seen.kish, seen.size)[0]
    assert seen.share.mean() == pytest.approx(p, rel=0.02)
    assert seen.share.var() * seen.n[0] / (p * (1 - p)) == pytest.approx(deff, rel=0.06)


CELLS = [
    ("30 x 30", 0.02, 0.2),
    ("60 x 20, strata and weights", 0.02, 0.2),
    ("56 x 15", 0.005, 0.05),
]


@pytest.mark.parametrize(("name", "p", "icc"), CELLS)
def test_coverage_with_a_right_and_a_halved_correlation(name: str, p: float, icc: float) -> None:
    """1,500 samples: the Monte Carlo error of a coverage of .95 is .006, and two are allowed."""
    found = study.methods(LAYOUTS[name], p, icc, 1_500, np.random.default_rng(2))
    covers = {kind: np.mean((x[:, 0] <= p) & (x[:, 1] >= p)) for kind, x in found.items()}
    assert 0.94 - 0.012 <= covers["auto, right icc"] <= 0.985 + 0.007
    assert covers["auto, half icc"] >= 0.93 - 0.013
    assert covers["auto, nothing given"] >= 0.93 - 0.013
    assert covers["logit"] < covers["auto, right icc"]


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(DOCS / name, keep_default_na=False)


def test_the_committed_table_meets_what_is_asked_but_for_the_cells_it_names() -> None:
    found = table("rare-events-table.csv")
    assert len(found) == len(study.layouts()) * len(study.SHARES) * len(study.CORRELATIONS)
    named = found[found["misses"] != ""]
    kept = found[found["misses"] == ""]
    right, half = kept["auto, right icc"], kept["auto, half icc"]
    assert right.between(study.LEAST - 0.4, study.MOST + 0.2).all()  # two errors of 20,000 samples
    assert (half >= study.LEAST_HALF - 0.4).all()
    assert named["misses"].str.fullmatch("right: above 98.5").all()  # none covers too little
    assert len(named) <= 3


def test_at_common_outcomes_auto_covers_as_logit_does() -> None:
    """Within 1.2 points in the mean over the designs, and never less by more than 0.3."""
    found = table("rare-events-common.csv").query("p >= 0.2")
    more = found["auto, nothing given"] - found["logit"]
    assert more.min() > -0.3
    assert more.mean() < 0.6


@pytest.mark.proof
def test_the_committed_table_comes_back() -> None:
    """The same seeds, one design in full: every figure to the digit kept, half of the last."""
    of, p, icc = study.layouts()[3], study.SHARES[1], study.CORRELATIONS[2]
    lines = study.cell(of, p, icc, 20_000, [3, 1, 2])
    kept = table("rare-events-details.csv").query("design == @of.name and p == @p and icc == @icc")
    again = {line["method"]: line["coverage"] for line in lines}
    assert dict(zip(kept["method"], kept["coverage"], strict=True)) == pytest.approx(
        again, abs=0.5 * 10 ** -study.DIGITS["coverage"] + 1e-9
    )
