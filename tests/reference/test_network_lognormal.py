"""The Poisson-lognormal model against R `networkscaleup` 0.1-2 (Stan, rstan 2.21.7).

Posterior means within four standard errors of both simulations together (the reference has 2 chains of
1,200 draws; over 70 quantities four is the largest of two sets of draws of one posterior), standard
deviations within 10 % (an effective size of 300 gives 4 % each), but for heavy tails: with half-Cauchy
tau_N those of tau_N, and of the size of the group that tau_N leaves open, rest on a few draws (the
reference has sd 67 beside a median of 14): there the quartile-like spread is compared, from the
published 2.5, 50 and 97.5 % quantiles, by the share of our draws below each.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prevalence import mcmc
from prevalence.nsum.models.lognormal import poisson_lognormal
from prevalence.nsum.models.scaling import rescale
from tests.agreement import Within, agrees, told

Array = NDArray[np.float64]

COLUMNS = ("nsengimana", "murekatete", "nsabimana", "mukamana", "widower", "clients")
SIZES = np.array([32_528, 30_531, 48_560, 51_449, 36_147, np.nan])
POPULATION = 10_718_378
CASES = {"Uncorrelated_basic": False, "Correlated_basic": True}


def drawn(folder: Path, correlated: bool, warmup: int, draws: int) -> dict[str, Array]:
    with (folder / "rwanda_survey.csv").open() as lines:
        rows = list(csv.DictReader(lines))[:60]
    counts = np.array([[float(row[name]) for name in COLUMNS] for row in rows])
    return poisson_lognormal(
        counts,
        counts,
        sizes=SIZES,
        population=POPULATION,
        correlated=correlated,
        warmup=warmup,
        draws=draws,
        rng=1,
    )


def quantities(draws: dict[str, Array], theirs: dict[str, dict[str, float]]) -> dict[str, Array]:
    """The draws under the names of the reference.

    Weighted sizes are made with the mean correlations of the reference: three of them lie within a
    Monte Carlo error of 0, where the rule has a kink, so that our own would compare two such errors.
    """
    named = {
        "sigma_delta": draws["sigma_delta"],
        "mean_log_degree": draws["log_degree"].mean(axis=-1),
    }
    for k in range(6):
        named[f"log_prev[{k + 1}]"] = draws["log_prevalence"][..., k]
        named[f"size[{k + 1}]"] = POPULATION * np.exp(draws["log_prevalence"][..., k])
        named[f"tau_N[{k + 1}]"] = draws["tau"][..., k]
    for i in range(5):
        named[f"log_degree[{i + 1}]"] = draws["log_degree"][..., i]
    if "correlation" not in draws:
        return named
    correlation = np.eye(6)
    for k in range(6):
        for j in range(k):
            named[f"Corr[{j + 1},{k + 1}]"] = draws["correlation"][..., j, k]
            correlation[j, k] = correlation[k, j] = theirs[f"Corr[{j + 1},{k + 1}]"]["mean"]
    weighted = rescale(
        draws["log_degree"],
        draws["rho"],
        sizes=SIZES,
        population=POPULATION,
        rule="weighted",
        correlation=correlation,
    )[1]
    for k in range(6):
        named[f"size_weighted_scaling[{k + 1}]"] = POPULATION * np.exp(weighted[..., k])
    return named


def reference(folder: Path, case: str) -> dict[str, dict[str, float]]:
    summary = told(folder / "expected_bayes_stan.json")["cases"][case]["summary"]
    names = [str(name) for name in summary["parameter"]]
    return {
        name: {key: column[i] for key, column in summary.items() if key != "parameter"}
        for i, name in enumerate(names)
    }


def agree(ours: dict[str, Array], theirs: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Check the means; return what else there is to check."""
    assert set(ours) == set(theirs)
    for name, row in theirs.items():
        if row["rhat"] <= 1.05:
            error = np.hypot(float(mcmc.mcse(ours[name])), row["mcse_mean"])
            allowed = Within("four Monte Carlo errors of both", absolute=4 * error)
            agrees(ours[name].mean(), row["mean"], allowed)
    return {name: row for name, row in theirs.items() if row["rhat"] <= 1.05}


@pytest.mark.parametrize(
    "case", ["Correlated_basic", pytest.param("Uncorrelated_basic", marks=pytest.mark.proof)]
)
def test_means_of_a_short_run(oracle: Path, case: str) -> None:
    folder = oracle / "nsum"
    theirs = reference(folder, case)
    agree(quantities(drawn(folder, CASES[case], 80, 80), theirs), theirs)


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES)
def test_posterior_of_a_long_run(oracle: Path, case: str) -> None:
    folder = oracle / "nsum"
    draws = drawn(folder, CASES[case], 1_500, 6_000)
    theirs = reference(folder, case)
    ours = quantities(draws, theirs)
    for name, row in agree(ours, theirs).items():
        assert float(mcmc.rhat(ours[name])) < 1.01, name
        assert float(mcmc.ess(ours[name])) > 400, name
        heavy = name.startswith("tau_N") or name in ("size[6]", "size_weighted_scaling[6]")
        if not heavy:
            spread = Within("an effective size of 300 gives 4 % each", 0.1)
            agrees(ours[name].std(), row["sd"], spread)
            continue
        for level, key in ((0.025, "q2.5"), (0.5, "q50"), (0.975, "q97.5")):
            below = (ours[name] < row[key]).mean()
            # four binomial errors of the reference's quantile, at the effective size of its tails
            allowed = 4 * np.sqrt(level * (1 - level) / min(row["ess_bulk"], 400))
            why = "four binomial errors of the reference's quantile"
            agrees(below, level, Within(why, absolute=allowed), case=row[key])
