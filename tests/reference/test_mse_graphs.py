"""Decomposable graphs against R dga 2.0.2, thresholding against MultipleSystemsEstimation 1.2.0.

The tables are third-party data and are read in place; the calls stand in the README beside them.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.graphs.averaging import Setting, graph_posterior
from prevalence.mse.graphs.posterior import GraphPosterior
from tests.agreement import EXACTLY, Within, agrees, told
from tests.naive import mse_graphs as naive

Array = NDArray[Any]
SETS = [
    "uk5",
    "kosovo",
    "neworleans5_185",
    pytest.param("neworleans5_186", marks=pytest.mark.proof),  # a cell apart from the one before
]
# 1e-10 at worst.
EXACT = Within("dga's logs are of size n log N = 3e4 and lose as many last digits", 1e-9)
# The median moves by less than that over the density, a person in the flat posterior of UK5.
BEYOND = Within("2e-5 of the posterior, at most, lies beyond dga's grids", absolute=1)
# Weights below 1e-17 are summed on a coarse grid, as they change nothing else.
SMALL = 1e-17
WEIGHTS = Within("as above; weights below 1e-17 are summed on a coarse grid", 1e-9, SMALL)
CHAINS = "four standard deviations over 24 chains like R's"


def lists_of(oracle: Path, name: str) -> pv.Lists:
    path = oracle / "mse" / f"{name}.csv"
    names = path.read_text().splitlines()[0].replace('"', "").split(",")[:-1]
    rows = np.genfromtxt(path, delimiter=",", skip_header=1)
    return pv.Lists.from_counts(rows[:, :-1], rows[:, -1], names)


def expected(oracle: Path, name: str) -> list[dict[str, Any]]:
    return list(told(oracle / "mse" / "expected.json")[name]["dga"])


def at(lists: pv.Lists, delta: float, largest: int | None = None) -> GraphPosterior:
    """Return the posterior at one prior weight, without the sweep."""
    found = Setting(lists, "1/N", True, largest).posterior(delta)
    assert found is not None
    return found


def named(lists: pv.Lists, graph: Any) -> set[tuple[str, ...]]:
    """Return dga's cliques, numbers from 1, by names; it writes {"ID": [...]} for the complete one."""
    found = [graph["ID"]] if isinstance(graph, dict) else graph
    members = [sorted(c) if isinstance(c, list) else [c] for c in found]
    return {tuple(lists.names[i - 1] for i in c) for c in members}


@pytest.mark.parametrize("name", SETS)
def test_posteriors_are_those_of_dga_on_its_grid(oracle: Path, name: str) -> None:
    lists = lists_of(oracle, name)
    for wanted in expected(oracle, name):
        found = at(lists, wanted["delta"], wanted["nmissing"][1])
        agrees(found.mean, wanted["mean"], EXACT)
        agrees(found.mode, wanted["mode"], EXACTLY)
        levels = {"q025": 0.025, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q975": 0.975}
        for key, level in levels.items():
            agrees(found.quantile(level), wanted[key], EXACTLY)
        agrees(found.beyond, wanted["p_last"], EXACT._replace(absolute=1e-12))
        agrees(found.weights.size, wanted["n_graphs"], EXACTLY)
        graphs = wanted["graph_weights"]
        agrees(np.sort(found.weights), np.sort(graphs), WEIGHTS, case=graphs)
        for row, graph in enumerate(wanted["top_graphs"][:3]):
            if graph["weight"] > SMALL:
                ours = found.graphs.iloc[row]
                cliques = named(lists, graph["cliques"])
                agrees(set(ours["cliques"]), cliques, EXACTLY, case=graph["cliques"])
                agrees(ours["weight"], graph["weight"], EXACT._replace(absolute=1e-12))


@pytest.mark.filterwarnings("ignore:Delta-dominated")
@pytest.mark.parametrize("name", ["uk5", "kosovo"])
def test_the_estimate_has_the_exact_median_and_limits(oracle: Path, name: str) -> None:
    wanted = expected(oracle, name)[0]
    found = pv.mse.decomposable(lists_of(oracle, name), largest=wanted["nmissing"][1])
    agrees(found.value[0], wanted["q50"], EXACTLY)
    agrees(found.interval()[0], [wanted["q025"], wanted["q975"]], EXACTLY)
    agrees(found.interval(0.8)[0], [wanted["q10"], wanted["q90"]], EXACTLY)
    assert any("Delta-dominated" in said for said in found.warnings)
    for row in expected(oracle, name)[1:]:
        assert f"delta {row['delta']:.4g}: {row['q50']:,}" in repr(found).replace("\n  ", " ")


@pytest.mark.parametrize("name", SETS)
def test_without_a_bound_only_the_tail_moves(oracle: Path, name: str) -> None:
    lists = lists_of(oracle, name)
    for wanted in expected(oracle, name):
        found = at(lists, wanted["delta"])
        agrees(found.median, wanted["q50"], BEYOND)
        agrees(found.mode, wanted["mode"], EXACTLY)
        assert found.unseen.cumulative[-1] == pytest.approx(1, abs=1e-12)


@pytest.mark.proof
def test_six_lists_are_summed_over_18154_graphs(oracle: Path) -> None:
    lists = lists_of(oracle, "uk6")
    started = time.process_time()
    found = graph_posterior(lists)
    assert time.process_time() - started < 20  # 3 to 5 in an idle process; five prior weights
    assert found.weights.size == 18154
    # Added up number by number, 1 to 300,000, over the graphs, cliques and separators of tests/naive
    # (gammaln of scipy, four minutes): limits where the sum reaches 0.02500, 0.50027 and 0.97501,
    # and what lies beyond is below 1e-14.
    assert found.median == 12_315
    assert found.interval() == (10_233, 26_195)


def test_thresholding_keeps_the_pairs_that_r_keeps(oracle: Path) -> None:
    wanted = told(oracle / "mse" / "expected_msepackage.json")
    reference = wanted["uk5_bayesthresh"]
    found = pv.mse.thresholded(lists_of(oracle, "uk5"), draws=20_000, rng=1)
    kept = found.provenance["pairs kept"].replace(" and ", ":").split("; ")
    agrees(kept, reference["retained"], EXACTLY)
    # Standard deviations over 24 chains like R's (a random walk of 50,000 steps): see the proof.
    errors = {"2.5%": 37, "10%": 34, "50%": 30, "90%": 44, "97.5%": 62}
    drawn = found.constants["draws"][0]
    for key, error in errors.items():
        ours = np.quantile(drawn, float(key[:-1]) / 100)
        agrees(ours, reference["quantiles"][key], Within(CHAINS, absolute=4 * error))
    parts = found.provenance["mean over standard deviation"].split("; ")
    ratios = {name.replace(" and ", ":"): float(x) for name, x in (p.rsplit(" ", 1) for p in parts)}
    for pair, ratio in reference["ratios"].items():
        agrees(abs(ratios[pair]), ratio, Within(CHAINS, absolute=4 * 0.12))  # the largest of them


@pytest.mark.proof
def test_importance_sampling_has_the_quantiles_of_long_chains(oracle: Path) -> None:
    lists = lists_of(oracle, "uk5")
    found = pv.mse.thresholded(lists, draws=200_000, rng=2)
    pairs = [(0, 1), (0, 2), (1, 4), (2, 4), (3, 4)]
    h = lists.histories
    design = np.column_stack([np.ones(len(h)), h, *[h[:, i] * h[:, j] for i, j in pairs]])
    precision = np.repeat([0.0, 1.0], [6, 5])
    chain = naive.metropolis(
        design.astype(float), lists.counts, precision, steps=50_000, burn=2_000, chains=24, seed=1
    )
    totals = lists.seen + np.exp(chain[:, 0])
    levels = [0.025, 0.1, 0.5, 0.9, 0.975]
    quantiles = np.quantile(totals, levels, axis=0)
    error = quantiles.std(axis=1, ddof=1) / np.sqrt(24)
    ours = np.quantile(found.constants["draws"][0], levels)
    # Ours has 140,000 effective draws: its error is a third of that of 24 chains.
    assert (np.abs(quantiles.mean(axis=1) - ours) < 4 * error).all()
    assert (quantiles.std(axis=1, ddof=1) < 2 * np.array([37, 34, 30, 44, 62])).all()
