"""The latent class model against sums over every allocation, a slow chain, and the package LCMCR.

Reference quantiles are those of LCMCR 0.4.14 (R 4.2.2), K = 10, prior gamma(.25, .25), with their Monte
Carlo errors; see the README of the oracle.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence import mcmc
from prevalence.mse.latent import sampler as latent_sampler
from prevalence.mse.latent import tempering as latent_tempering
from prevalence.mse.latent.sampler import Sampler
from prevalence.mse.latent.state import HistoryTree, Prior, State, dispersed
from prevalence.mse.latent.tempering import Ladder
from tests.agreement import Within, agrees, told
from tests.naive import mse_latent as naive

Array = NDArray[Any]
TWO = np.array([[1, 0], [0, 1], [1, 1]])
THREE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1]])
# Each figure has its own Monte Carlo error; five of them would come once in 3.5 million seeds.
ERRORS = 5.0


def table(folder: Path, name: str) -> pv.Lists:
    found = pd.read_csv(folder / "mse" / f"{name}.csv")
    names = list(found.columns[:-1])
    return pv.Lists.from_counts(found[names].to_numpy(), found["count"].to_numpy(), names)


def drawn(
    histories: Array,
    counts: Array,
    classes: int,
    prior: Prior,
    *,
    levels: int = 1,
    chains: int = 100,
    sweeps: int = 1500,
    rng: int = 1,
) -> Array:
    """Return draws (chains, sweeps, 3) of N, of one class held, and of log alpha."""
    random = np.random.default_rng(rng)
    ladder = Ladder(counts, levels, chains)
    start = dispersed(histories.shape[1], classes, chains * levels, random)
    sampler = Sampler(histories, ladder.tables[:, ladder.level], prior, start, random, ladder)
    kept = []
    for sweep in range(sweeps):
        sampler.sweep()
        at = ladder.whole
        if sweep >= sweeps // 5:
            found = (sampler.total, sampler.classes == 1, np.log(sampler.state.concentration))
            kept.append(np.stack([values[at] for values in found], axis=1))
    return np.stack(kept, axis=1)


def differences(draws: Array, posterior: Array, single: float, log_alpha: float) -> Array:
    """Return differences from exact means and probabilities in Monte Carlo errors."""
    sizes = np.arange(posterior.size)
    middle = int(np.searchsorted(np.cumsum(posterior), 0.8))
    columns = np.concatenate([draws, (draws[..., :1] > middle).astype(float)], axis=2)
    exact = [posterior @ sizes, single, log_alpha, posterior[middle + 1 :].sum()]
    return np.asarray((columns.mean(axis=(0, 1)) - exact) / mcmc.mcse(columns))


EXACT = [(TWO, (5, 4, 3), 40, 2), (TWO, (3, 2, 2), 14, 3), (THREE, (3, 2, 2, 2, 1), 30, 2)]


def against_exact(case: tuple[Any, ...], levels: int, sweeps: int) -> Array:
    """Return the differences from the exact posterior, with tables down to four persons."""
    histories, counts, largest, classes = case
    given = (histories, np.array(counts))
    exact = naive.few_classes(*given, largest, classes)
    draws = drawn(
        *given, classes, Prior(largest=largest), levels=levels, chains=100 // levels, sweeps=sweeps
    )
    return differences(draws, *exact)


@pytest.mark.parametrize(("case", "levels"), [(EXACT[0], 1), (EXACT[1], 3), (EXACT[2], 3)])
def test_small_tables_have_their_exact_posterior(
    case: Any, levels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latent_tempering, "FEWEST", 4)
    assert (np.abs(against_exact(case, levels, 200)) < ERRORS).all()


@pytest.mark.proof
@pytest.mark.parametrize("levels", [1, 4])
@pytest.mark.parametrize("case", EXACT)
def test_long_runs_have_the_exact_posterior(
    case: Any, levels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latent_tempering, "FEWEST", 4)
    assert (np.abs(against_exact(case, levels, 10_000)) < ERRORS).all()


def test_a_swap_of_sticks_without_asking_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(state: State, *_: Any) -> None:
        for values in (state.caught, state.missed, state.log_rest):
            values[..., :2, :] = values[..., 1::-1, :].copy()

    monkeypatch.setattr(latent_sampler, "swap_sticks", wrong)
    assert np.abs(against_exact(EXACT[1], 1, 300)).max() > ERRORS


def test_one_class_is_independence_with_its_exact_posterior() -> None:
    counts = np.array([60, 74, 48, 21, 9])
    exact = naive.one_class(THREE, counts, 20_000)  # beyond it 1e-12 of the posterior
    draws = drawn(THREE, counts, 1, Prior(), sweeps=300)
    found = differences(draws, exact, 1.0, 0.0)[[0, 3]]
    assert (np.abs(found) < ERRORS).all()


@pytest.mark.proof
def test_a_slow_chain_without_label_moves_has_the_same_posterior() -> None:
    counts = np.array([6, 5, 4, 4, 2])
    slow = np.stack(
        [naive.gibbs(THREE, counts, classes=3, sweeps=6_000, rng=seed)[1_000:] for seed in range(4)]
    )
    fast = drawn(THREE, counts, 3, Prior(), sweeps=3_000)[..., 0]
    for figure in (np.log, lambda n: n > 40.0):
        one, two = (np.asarray(figure(draws), dtype=float) for draws in (slow, fast))
        error = np.hypot(float(mcmc.mcse(one)), float(mcmc.mcse(two)))
        assert abs(one.mean() - two.mean()) < ERRORS * error


def test_products_over_lists_are_products() -> None:
    random = np.random.default_rng(1)
    histories = random.permutation((np.arange(1, 200)[:, None] >> np.arange(8)) & 1)[:60]
    caught = random.random((8, 3, 4))
    tree = HistoryTree(histories)
    found = tree.products(np.ones((3, 4)), 1 - caught, caught)
    on = histories[:, :, None, None] == 1
    wanted = np.where(on, caught, 1 - caught).prod(axis=1)[tree.order]
    np.testing.assert_allclose(found, wanted, rtol=1e-13)
    np.testing.assert_array_equal(tree.histories, histories[tree.order])


def near_lcmcr(found: Array, reference: dict[str, Any]) -> None:
    """Hold quantiles of draws against LCMCR's, within Monte Carlo errors of both."""
    levels = [float(level) for level in reference["quantiles"]]
    groups = [np.quantile(part, levels) for part in np.array_split(found, 8)]
    own = np.std(groups, axis=0, ddof=1) / np.sqrt(8)
    theirs = np.array(list(reference["mc_se_quantiles"].values()))
    wanted = list(reference["quantiles"].values())
    errors = Within("four Monte Carlo errors of both", absolute=4 * np.hypot(own, theirs))
    agrees(np.quantile(found, levels), wanted, errors, case=reference["quantiles"])


def lcmcr(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = told(folder / "mse" / f"{name}_lcmcr.json")
    return found


def test_new_orleans_has_the_quantiles_of_lcmcr(oracle: Path) -> None:
    """Four Monte Carlo errors at each of seven quantiles, as those of the two runs combine."""
    fit = pv.mse.latent_class_fit(
        table(oracle, "neworleans5_185"), chains=16, levels=3, warmup=150, draws=250, rng=1
    )
    assert fit.converged
    near_lcmcr(fit.draws["population size"], lcmcr(oracle, "neworleans5_185"))


@pytest.mark.proof
@pytest.mark.parametrize("name", ["neworleans5_185", "kosovo"])
def test_long_runs_have_the_quantiles_of_lcmcr(name: str, oracle: Path) -> None:
    fit = pv.mse.latent_class_fit(table(oracle, name), warmup=2_000, draws=8_000, rng=2)
    assert fit.converged
    assert fit.diagnostics()["rhat"].max() < 1.02
    near_lcmcr(fit.draws["population size"], lcmcr(oracle, name))


def test_chains_in_several_modes_are_refused(oracle: Path) -> None:
    """UK data: LCMCR's own chains of 35,000 sweeps have an R-hat of 1.5."""
    assert lcmcr(oracle, "uk5")["Rhat"] > 1.4
    fit = pv.mse.latent_class_fit(
        table(oracle, "uk5"), chains=16, levels=1, warmup=50, draws=100, rng=1
    )
    with pytest.raises(pv.ConvergenceError, match=r"R-hat of .* Fit again with more warmup="):
        fit.size()
    with pytest.warns(pv.PrevalenceWarning, match="have not converged"):
        found = fit.size(unconverged=True)
    assert found.facts["rhat"][0] > 1.05
    assert any("not converged" in said for said in found.warnings)


@pytest.mark.proof
def test_tempering_reaches_agreement_on_the_uk_table(oracle: Path) -> None:
    """Without it chains stay in two clusters, near 12,000 and 22,000; the lower one holds little."""
    lists = table(oracle, "uk5")
    runs = [pv.mse.latent_class_fit(lists, warmup=4_000, draws=12_000, rng=seed) for seed in (1, 2)]
    assert all(fit.converged for fit in runs)
    one, two = (fit.draws["population size"] for fit in runs)
    for figure in (np.log, lambda n: n < 15_000.0):
        a, b = (np.asarray(figure(draws), dtype=float) for draws in (one, two))
        error = np.hypot(float(mcmc.mcse(a)), float(mcmc.mcse(b)))
        assert abs(a.mean() - b.mean()) < 4 * error
    alone = pv.mse.latent_class_fit(lists, chains=96, levels=1, warmup=2_000, draws=3_000, rng=1)
    assert not alone.converged
