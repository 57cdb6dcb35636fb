"""The random-degree model against exact integrals, and against the values of R NSUM 1.0.

The reference values (NSUM 1.0, 4 chains of 8,000, `expected_bayes_nsum.json`) are those of chains in
which four of the fifty respondents hardly move. NSUM starts whoever names nobody in a known group at a
degree of 1 and walks in steps of a quarter of the start; respondent 29, with seven hidden people known,
starts at a likelihood of zero and stays there for ever. All chains start at the same place, so that R-hat
does not see it. The tests below integrate the posterior on a grid, which our sampler has to match, and
find the values of NSUM in the two ways that follow from its defect.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from prevalence import mcmc
from prevalence.nsum.models.random_degree import random_degree
from tests.agreement import Within, agrees, differs, told
from tests.naive import random_degree as naive

Array = NDArray[Any]
HELD = "one respondent held at a degree of 1, as NSUM leaves it: four Monte Carlo errors"
STEPS = "NSUM's untuned steps in the slow version: four Monte Carlo errors, spreads to 10 %"


class Curitiba:
    """Fifty simulated respondents, six known groups and one hidden."""

    def __init__(self, folder: Path) -> None:
        reference = told(folder / "expected_bayes_nsum.json")
        known = reference["provenance"]["known"]
        table = pd.read_csv(folder / "curitiba_sim.csv").iloc[:50]
        self.population = float(reference["provenance"]["N"])
        self.counts = table[[*known, "heavy.drug.user"]].to_numpy(dtype=float)
        self.sizes = np.array([*known.values(), np.nan])
        self.known = self.sizes[:-1] / self.population
        summary = reference["cases"]["degree"]["summary"]
        names = summary["parameter"]
        columns = ("mean", "sd", "mcse_mean", "rhat")
        self.values: dict[str, dict[str, float]] = {
            name: {column: summary[column][j] for column in columns} for j, name in enumerate(names)
        }


@pytest.fixture(scope="module")
def curitiba(oracle: Path) -> Curitiba:
    return Curitiba(oracle / "nsum")


def _quantities(size: Array, mu: Array, sigma: Array, degree: Array) -> dict[str, Array]:
    first = {f"d[{i + 1}]": degree[..., i] for i in range(3)}
    return {"NK": size, "mu": mu, "sigma": sigma, "mean_d": degree.mean(axis=-1), **first}


def test_the_posterior_of_the_model_by_integration(curitiba: Curitiba) -> None:
    """Means within 4 Monte Carlo standard errors, standard deviations within 10 %."""
    y = curitiba.counts
    fit = random_degree(
        y, y, sizes=curitiba.sizes, population=curitiba.population, warmup=300, draws=900, rng=4
    )
    size = curitiba.population * np.exp(fit["log_prevalence"][..., -1])
    draws = _quantities(size, fit["mu"], fit["sigma"], np.exp(fit["log_degree"]))
    exact = naive.grid(y, curitiba.known, curitiba.population, held={})
    degree = exact["degree"]
    means = {name: exact[name][0] for name in ("NK", "mu", "sigma")}
    means |= {"mean_d": degree.mean(), "d[1]": degree[0], "d[2]": degree[1], "d[3]": degree[2]}
    for name, values in draws.items():
        assert mcmc.rhat(values) < 1.02, name
        assert abs(values.mean() - means[name]) < 4 * mcmc.mcse(values), name
    for name in ("NK", "mu", "sigma"):
        assert draws[name].std() == pytest.approx(exact[name][1], rel=0.1), name


def test_nobody_stays_where_the_chains_start(curitiba: Curitiba) -> None:
    """The four respondents who name nobody in a known group have degrees like the others'."""
    y = curitiba.counts
    fit = random_degree(
        y, y, sizes=curitiba.sizes, population=curitiba.population, warmup=200, draws=350, rng=5
    )
    silent = np.flatnonzero(y[:, :-1].sum(axis=1) == 0)
    assert silent.tolist() == [28, 33, 35, 49]
    degree = np.exp(fit["log_degree"][..., silent])
    exact = naive.grid(y, curitiba.known, curitiba.population, held={})["degree"][silent]
    assert np.all(mcmc.rhat(degree) < 1.05)
    assert np.all(np.abs(degree.mean(axis=(0, 1)) - exact) < 4 * mcmc.mcse(degree))


def test_nsum_values_of_size_and_degrees_with_one_respondent_held(curitiba: Curitiba) -> None:
    """Respondent 29 held at a degree of 1 gives NSUM's size and degrees (4 Monte Carlo errors)."""
    held = naive.grid(curitiba.counts, curitiba.known, curitiba.population, held={28: 1.0})
    degree = held["degree"]
    means = {"NK": held["NK"][0], "mean_d": degree.mean(), "d[1]": degree[0], "d[3]": degree[2]}
    table = curitiba.values
    for name, value in means.items():
        allowed = Within(HELD, absolute=4 * table[name]["mcse_mean"])
        agrees(value, table[name]["mean"], allowed, explained=True)
    ours = naive.grid(curitiba.counts, curitiba.known, curitiba.population, held={})
    assert abs(ours["sigma"][0] - table["sigma"]["mean"]) > 20 * table["sigma"]["mcse_mean"]
    stuck = "four of the fifty respondents hardly move in NSUM's chains"
    differs(ours["sigma"][0], table["sigma"]["mean"], stuck)


@pytest.mark.proof
def test_nsum_values_with_its_steps(curitiba: Curitiba) -> None:
    """Untuned steps give every value of NSUM: 4 Monte Carlo errors, sd within 10 %, R-hat below 1.05."""
    rng = np.random.default_rng(2)
    table = curitiba.values
    drawn = naive.fixed_steps(
        curitiba.counts, curitiba.known, curitiba.population, chains=4, sweeps=9000, rng=rng
    )
    kept = {name: values[:, 1000::2] for name, values in drawn.items()}
    draws = _quantities(kept["NK"], kept["mu"], kept["sigma"], kept["degree"])
    compared = []
    for name, values in draws.items():
        if mcmc.rhat(values) > 1.05 or table[name]["rhat"] > 1.05:
            continue
        error = np.hypot(mcmc.mcse(values), table[name]["mcse_mean"])
        agrees(
            values.mean(), table[name]["mean"], Within(STEPS, absolute=4 * error), explained=True
        )
        agrees(values.std(), table[name]["sd"], Within(STEPS, 0.1), explained=True)
        compared.append(name)
    assert {"NK", "mu", "sigma", "mean_d"} <= set(compared)
    assert np.all(kept["degree"][..., 28] == 1)
