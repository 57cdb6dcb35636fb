"""Defects of other packages for multiple-systems estimation that we do not share, one test for each.

Found by running them or by reading their source (MultipleSystemsEstimation 1.2.0, SparseMSE 2.0.1,
Rcapture 1.4-4, dga 2.0.2, LCMCR 0.4.14, drpop 0.0.3); what they do is in each test's first line. That
LCMCR reports chains in several modes is tested in `reference/test_mse_latent.py`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.agreement import Within, agrees

Array = NDArray[Any]
TABLE = re.compile(r'^>>> (\w+) = lists\("([^"]+)", (\{.*?\})\)$', re.MULTILINE | re.DOTALL)
FILES = {"uk6": "uk6", "new8": "neworleans8_185", "kosovo": "kosovo"}
ROWS = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]


def published(root: Path) -> dict[str, pv.Lists]:
    """Return the tables as they are typed in the page on published estimates."""
    text = (root / "docs" / "explanation" / "lists-published.md").read_text(encoding="utf-8")
    found = {}
    for name, words, cells in TABLE.findall(text):
        names, counts = words.split(), ast.literal_eval(cells.replace("\n... ", "\n"))
        rows = [[int(list_ in cell.split()) for list_ in names] for cell in counts]
        found[name] = pv.Lists.from_counts(rows, list(counts.values()), names)
    return found


def test_tables_typed_in_the_pages_are_the_published_ones(root: Path, oracle: Path) -> None:
    tables = published(root)
    assert set(tables) == set(FILES)
    for name, file in FILES.items():
        read = pd.read_csv(oracle / "mse" / f"{file}.csv")
        stored = pv.Lists(read, list(read.columns[:-1]), counts="count")
        pd.testing.assert_frame_equal(tables[name].to_frame(), stored.to_frame())


# ------------------------------------------------------------------- MultipleSystemsEstimation 1.2.0
def test_multiplesystemsestimation_ships_186_persons_of_185_and_its_test_lets_them_pass(
    root: Path,
) -> None:
    """Its own test of 1,184 has a tolerance of 1, which is relative: 1,110.5 passes there."""
    lists = published(root)["new8"]
    assert lists.seen == 185
    printed = Within("half a unit of the last digit printed", absolute=0.5)
    found, source = float(pv.mse.stepwise(lists, replicates=0)), "Silverman (2020), New Orleans"
    agrees(found, 1184, printed, case="neworleans8_185 > stepwise", source=source)
    trap = lists.to_frame()
    trap.loc[(trap["C"] == 1) & (trap["D"] == 1) & (trap["count"] == 1), "count"] = 2
    other = pv.Lists(trap.query("count > 0"), list(lists.names), counts="count")
    assert other.seen == 186
    printed = Within("as the package prints it", absolute=0.05)
    found, source = float(pv.mse.stepwise(other, replicates=0)), "R MultipleSystemsEstimation 1.2.0"
    agrees(found, 1110.5, printed, case="neworleans8_186 > stepwise", source=source)


def test_multiplesystemsestimation_stops_where_a_deletion_has_no_estimate() -> None:
    """`estimate_population_fixed` has no interval then: the resamples are there all the same."""
    lists = pv.Lists.from_counts(ROWS, [30, 25, 20, 1, 6, 4, 0], ["A", "B", "C"])
    estimate = pv.mse.loglinear(lists.bootstrap(200, rng=1), pairs=[("A", "B")], interval="bca")
    low, high = estimate.interval()[0]
    assert lists.seen <= low < float(estimate) < high < np.inf


# ------------------------------------------------------------------------------------ SparseMSE 2.0.1
def test_sparsemse_takes_the_chosen_model_as_given(root: Path) -> None:
    """The limits of `estimatepopulation.0` are too near; ours repeat the choice by default."""
    lists = published(root)["uk6"]
    given, repeated = (pv.mse.stepwise(lists, replicates=n, rng=1) for n in (0, 200))
    assert float(given) == float(repeated)
    assert np.ptp(repeated.interval()[0]) > 1.5 * np.ptp(given.interval()[0])


# ------------------------------------------------------------------------------------ Rcapture 1.4-4
def test_rcapture_has_a_negative_size_where_lists_have_no_order(root: Path) -> None:
    """Its table of models says N = -3,763 under Mb for the UK lists, without an error."""
    lists = published(root)["uk6"].merge(["PF", "NCA"], name="PFNCA")
    with pytest.raises(ValueError, match="ordered"):
        pv.mse.closed(lists, model="Mb")
    with pytest.raises(ValueError, match="first captures"):
        pv.mse.closed(lists, model="Mb", ordered=True)


def test_rcapture_stops_at_counts_above_170() -> None:
    """Its Mtb takes factorials of the counts; ours are logarithms of gamma functions."""
    counts = [90_000, 60_000, 40_000, 9_000, 7_000, 5_000, 1_000]
    lists = pv.Lists.from_counts(ROWS, counts)
    behaviour = pv.mse.huggins(lists, model="Mtb", ordered=True)
    assert lists.seen < float(behaviour) < np.inf
    profile = pv.mse.loglinear(lists, interval="profile")
    # The multinomial maximum differs from the Poisson one by a fraction of a person at this size.
    assert float(profile) == pytest.approx(float(pv.mse.loglinear(lists)), rel=1e-5)


def test_rcapture_reports_a_small_rate_where_two_lists_share_nobody() -> None:
    """Its fit drifts; the extended maximum drops the cells, and counts the term."""
    counts = [60, 50, 40, 0, 9, 8, 0]
    lists = pv.Lists.from_counts(ROWS, counts, ["A", "B", "C"])
    estimate = pv.mse.loglinear(lists, pairs=[("A", "B")])
    # Without the cells of A and B, C is independent of A or B: 40 on C alone to 60 + 50 over 9 + 8.
    assert float(estimate) == pytest.approx(167 + 40 * 110 / 17, rel=1e-9)
    row = pv.mse.models(lists).to_frame().set_index("model").loc["[A,B][C]"]
    assert (row["boundary"], row["code"]) == (1, 0)


# ---------------------------------------------------------------------------------------- dga 2.0.2
def test_dga_says_another_prior_than_it_takes() -> None:
    """Its manual has one over the number missing, its code 1/N: here the word is what is taken."""
    lists = pv.Lists.from_counts(ROWS, [6, 7, 5, 2, 1, 1, 0])
    size, missing = (pv.mse.graph_posterior(lists, prior=p) for p in ("1/N", "1/missing"))
    assert pv.mse.graph_posterior(lists).prior == size.prior == "1/N"
    assert missing.quantile([0.5])[0] < size.quantile([0.5])[0]


@pytest.mark.parametrize("method", [pv.mse.decomposable, pv.mse.latent_class])
def test_dga_and_lcmcr_take_lists_that_share_nobody(method: Any) -> None:
    """They return a number, which is their prior."""
    lists = pv.Lists.from_counts(ROWS, [60, 50, 40, 0, 0, 0, 0])
    with pytest.raises(ValueError, match="lists must overlap: none of 150 persons is on two"):
        method(lists)


def test_dga_underflows_and_needs_a_grid() -> None:
    """Its probabilities are exponentials of unshifted logarithms; ours have any size of table."""
    lists = pv.Lists.from_counts(
        ROWS, [600_000, 740_000, 480_000, 210_000, 90_000, 120_000, 40_000]
    )
    low, middle, high = pv.mse.graph_posterior(lists).quantile([0.025, 0.5, 0.975])
    assert lists.seen < low < middle < high < np.inf


# ---------------------------------------------------------------------------------------- LCMCR 0.4.14
def test_lcmcr_cuts_the_number_unseen_at_twenty_times_the_seen() -> None:
    """It draws again above that, which its manual does not say."""
    lists = pv.Lists.from_counts(ROWS, [20, 20, 20, 1, 0, 0, 0])
    fit = pv.mse.latent_class_fit(
        lists, classes=2, chains=32, levels=1, warmup=100, draws=100, rng=1
    )
    assert fit.draws["population size"].max() > 21 * lists.seen


# ---------------------------------------------------------------------------------------- drpop 0.0.3
def test_drpop_fits_hundreds_of_regressions_for_its_targeted_estimate() -> None:
    """Up to 250 rounds of them; here the chances are fitted once for each fold."""
    rng = np.random.default_rng(1)
    age = rng.integers(5, 18, 600).astype(float)
    on = rng.random((600, 2)) < np.stack([0.2 + 0.02 * age, 0.7 - 0.02 * age], axis=1)
    on = on[kept := on.any(axis=1)].astype(int)
    data = {"A": on[:, 0], "B": on[:, 1], "age": age[kept]}
    lists = pv.Lists(data, ["A", "B"], covariates="age")
    fits: list[int] = []

    def chances(x: Array, history: Array, count: Array, at: Array) -> Array:
        fits.append(len(x))
        shares = np.bincount(history, weights=count, minlength=3) / count.sum()
        return np.tile(shares, (len(at), 1))

    estimate = pv.mse.doubly_robust(lists, method="tmle", nuisance=chances, folds=5, rng=1)
    assert len(fits) == 5
    assert lists.seen < float(estimate) < np.inf
