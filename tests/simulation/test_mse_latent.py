"""The latent class sampler draws from the posterior it claims, and a wrong conditional is seen.

Three lists, three classes, and N with p(N) = 1 / N up to 400, given that 20 or more are on a list.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from prevalence.mse.latent import conditionals as latent_conditionals
from prevalence.mse.latent import sampler as latent_sampler
from prevalence.mse.latent import state as latent_state
from prevalence.mse.latent.sampler import Sampler
from prevalence.mse.latent.state import Prior, State, dispersed
from tests.simulation import calibration

Array = NDArray[Any]
Values = dict[str, Array]

LISTS, CLASSES, LARGEST = 3, 3, 400
FEWEST = 20  # persons on a list
PRIOR = Prior(shape=0.8, rate=0.5, largest=LARGEST)
HISTORIES = np.array(list(itertools.product((0, 1), repeat=LISTS)))


def cells(values: Values) -> Array:
    """Return the probability (fits, histories) of every history, the dark one first."""
    rest = np.exp(values["log_rest"])
    shares = np.ones((len(rest), CLASSES))
    shares[:, 1:] = np.cumprod(rest, axis=1)
    shares[:, :-1] *= 1 - rest
    rates = values["rates"][:, :, None, :]
    on = HISTORIES.T[None, :, :, None] == 1
    return np.asarray((np.where(on, rates, 1 - rates).prod(axis=1) @ shares[:, :, None])[..., 0])


def unconditional(fits: int, rng: np.random.Generator) -> Values:
    alpha = rng.gamma(PRIOR.shape, 1 / PRIOR.rate, fits)
    sizes = np.arange(1, LARGEST + 1)
    return {
        "rates": rng.random((fits, LISTS, CLASSES)),
        "log_alpha": np.log(alpha),
        "log_rest": np.log(rng.random((fits, CLASSES - 1))) / alpha[:, None],
        "total": rng.choice(sizes, fits, p=(1 / sizes) / (1 / sizes).sum()).astype(float),
    }


def prior(fits: int, rng: np.random.Generator) -> Values:
    """Return draws of the prior of tables with enough persons on a list."""
    values = unconditional(4 * fits, rng)
    enough = stats.binom.sf(FEWEST - 1, values["total"], 1 - cells(values)[:, 0])
    kept = np.flatnonzero(rng.random(4 * fits) < enough)[:fits]
    assert kept.size == fits
    return {name: value[kept] for name, value in values.items()}


def simulate(values: Values, rng: np.random.Generator) -> Array:
    """Return tables (histories, fits) with enough persons on a list."""
    p = cells(values)
    total, some = values["total"], np.maximum(1 - p[:, 0], 1e-12)
    upper = rng.random(total.size) * stats.binom.sf(FEWEST - 1, total, some)
    seen = np.maximum(stats.binom.isf(upper, total, some), FEWEST).astype(int)
    shares = np.maximum(p[:, 1:], 1e-300)
    return np.asarray(rng.multinomial(seen, shares / shares.sum(axis=1, keepdims=True)).T)


def state_of(values: Values) -> State:
    rates = np.ascontiguousarray(np.moveaxis(values["rates"], 0, -1))
    rest = np.ascontiguousarray(values["log_rest"].T)
    return State(rates, 1 - rates, rest, np.exp(values["log_alpha"]))


def values_of(chains: Sampler) -> Values:
    state = chains.state
    return {
        "rates": np.moveaxis(state.caught, -1, 0).copy(),
        "log_alpha": np.log(state.concentration),
        "log_rest": state.log_rest.T.copy(),
        "total": chains.total.copy(),
    }


def sweep(values: Values, counts: Array, rng: np.random.Generator) -> Values:
    chains = Sampler(HISTORIES[1:], counts, PRIOR, state_of(values), rng)
    chains.sweep()
    return values_of(chains)


def derived(values: Values) -> Values:
    """Add what ties the parameters together: the dark cell, and what a person's list is expected to be."""
    p = cells(values)
    together = {"dark": p[:, 0], "expected": values["total"] * p[:, 0], "all": p[:, -1]}
    return {**values, **together, "unlike": np.ptp(values["rates"], axis=2)}


def joint(fits: int, rounds: int, rng: int) -> float:
    after, fresh = calibration.geweke(prior, simulate, sweep, fits=fits, rounds=rounds, rng=rng)
    return calibration.sameness(derived(after), derived(fresh))


def sample(counts: Array, rng: np.random.Generator, draws: int = 40, thin: int = 15) -> Values:
    """Return draws for every table, one chain for each."""
    start = dispersed(LISTS, CLASSES, counts.shape[1], rng)
    chains = Sampler(HISTORIES[1:], counts, PRIOR, start, rng)
    kept = []
    for i in range(200 + draws * thin):
        chains.sweep()
        if i >= 200 and i % thin == 0:
            kept.append(values_of(chains))
    found = {name: np.stack([draw[name] for draw in kept], axis=1) for name in kept[0]}
    found["size"] = found.pop("total")
    found["size"] += rng.random(found["size"].shape)  # equal sizes in an order drawn by lot
    return found


def spread(fits: int, rng: np.random.Generator) -> Values:
    values = prior(fits, rng)
    return {**values, "size": values["total"] + rng.random(fits)}


def _few_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a wrong conditional: a fifth of those unseen are forgotten."""

    def wrong(*given: Any) -> Array:
        return np.asarray(np.floor(0.8 * latent_conditionals.draw_unseen(*given)))

    monkeypatch.setattr(latent_sampler, "draw_unseen", wrong)


def _wrong_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant another: one person too many among those that a list missed."""

    def wrong(captures: Array, persons: Array, rng: np.random.Generator) -> Any:
        return latent_conditionals.draw_rates(captures, persons + 1, rng)

    monkeypatch.setattr(latent_sampler, "draw_rates", wrong)


def _wrong_sticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a third: sticks that count their own class among those after it."""

    def wrong(persons: Array, alpha: Array, rng: np.random.Generator) -> Array:
        return latent_conditionals.draw_sticks(persons, alpha + persons[:-1], rng)

    monkeypatch.setattr(latent_sampler, "draw_sticks", wrong)


def _wrong_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a fourth: a random walk of log alpha without its Jacobian."""
    right = latent_state.log_sticks
    monkeypatch.setattr(
        latent_conditionals, "log_sticks", lambda n, alpha: right(n, alpha) - np.log(alpha)
    )


def _every_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a fifth: every move of a class along the ridge is taken."""
    monkeypatch.setattr(latent_sampler, "accepted", lambda ratio, _: ratio > -np.inf)


PLANTS = [_few_unseen, _wrong_rates, _wrong_sticks, _wrong_alpha, _every_move]


def test_joint_distribution_of_parameters_and_tables() -> None:
    """A p-value below 0.001 would come once in a thousand seeds."""
    assert joint(fits=1_000, rounds=20, rng=1) > 0.001


@pytest.mark.parametrize("plant", PLANTS)
def test_a_wrong_conditional_fails_the_joint_test(
    plant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    # The last of them shows in the size alone, and only after several sweeps.
    fits, rounds = (2_000, 20) if plant is _every_move else (500, 12)
    assert joint(fits=fits, rounds=rounds, rng=1) < 1e-4


def test_ranks_of_the_truth_are_uniform_in_short() -> None:
    """1,000 tables, and ten times the chains of the joint test: evidence/coverage/calibration.py."""
    shares = calibration.sbc(spread, simulate, sample, fits=60, rng=3)
    assert calibration.uniformity(shares) > 0.001
