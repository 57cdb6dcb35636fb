"""Sampler of the latent class model: sweeps of many chains at once, tempered by smaller tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mcmc import accepted
from .conditionals import (
    draw_concentration,
    draw_members,
    draw_rates,
    draw_sticks,
    draw_unseen,
    swap_classes,
    swap_sticks,
)
from .state import (
    TINY,
    HistoryTree,
    Prior,
    State,
    exchange_values,
    log_likelihood,
    on_a_list,
)
from .tempering import Ladder

__all__ = ["Sampler"]

Array = NDArray[Any]
LOG_SCALES = np.log(0.05), np.log(2.0)  # of the steps of a class, log-uniform
RIDGE = 0.6  # share of them along the ridge


class Sampler:
    """Chains of the latent class model.

    Parameters
    ----------
    histories : ndarray, (C, L)
        Distinct histories other than all zeros.
    counts : ndarray of int, (C, B)
        Persons with each history, by chain; those of the ladder where there is one.
    prior : Prior
        Prior of the model.
    state : State
        Where the chains start; changed by every sweep.
    rng : numpy.random.Generator
        Source of the draws.
    ladder : Ladder, optional
        Smaller tables between which chains are exchanged.

    Attributes
    ----------
    total : ndarray, (B,)
        Population size of each chain after a sweep.
    classes : ndarray, (B,)
        Classes that hold somebody.
    log_likelihood : ndarray, (B,)
        Of the rates and shares that the sweep started from.
    """

    def __init__(
        self,
        histories: Array,
        counts: Array,
        prior: Prior,
        state: State,
        rng: np.random.Generator,
        ladder: Ladder | None = None,
    ) -> None:
        dark = np.zeros((1, histories.shape[1]), dtype=histories.dtype)
        self._tree = HistoryTree(np.concatenate([dark, histories]))  # the dark one sorts first
        self._order = self._tree.order[1:] - 1
        self._on = np.ascontiguousarray(self._tree.histories[1:].T, dtype=float)
        self.prior, self.state, self.rng, self.ladder = prior, state, rng, ladder
        self._counts = counts[self._order]
        self.total = self.classes = self.log_likelihood = np.zeros(0)

    def sweep(self) -> None:
        """Move every chain once."""
        state, rng = self.state, self.rng
        cells, mass = self._cells()
        sums = np.add.reduce(cells, axis=1)
        counts = self._placed(sums, mass)
        seen = counts.sum(axis=0)
        members = draw_members(cells[1:], sums[1:], counts, rng)
        unseen = draw_unseen(cells[0], on_a_list(mass, sums[0]), seen, self.prior, rng)
        persons = members.sum(axis=0) + unseen
        captures = (self._on @ members.reshape(len(members), -1)).reshape(state.caught.shape)
        swap_classes(captures, persons, state.concentration, rng)
        state.caught, state.missed = draw_rates(captures, persons, rng)
        state.concentration = draw_concentration(state.concentration, persons, self.prior, rng)
        state.log_rest = draw_sticks(persons, state.concentration, rng)
        swap_sticks(state, persons, rng)
        self.total, self.classes = seen + unseen.sum(axis=0), (persons > 0).sum(axis=0)

    def _placed(self, cells: Array, mass: Array) -> Array:
        """Return the tables of the chains, after exchanges between the levels of a ladder."""
        if self.ladder is not None:
            tables = self.ladder.tables[self._order]
            values = exchange_values(tables, cells, mass, self.prior)
            self.ladder.exchange(values, self.rng)
            level = self.ladder.level
            self._counts = tables[:, level]
            self.log_likelihood = values[level, np.arange(level.size)]
        else:
            self.log_likelihood = log_likelihood(self._counts, cells, mass, self.prior)
        return self._counts

    def _cells(self) -> tuple[Array, Array]:
        """Return probabilities (1 + C, K, B) of histories and classes up to a factor, and their mass."""
        log_left = self.state.log_left()
        weights = self.state.weights(log_left)
        cells = self._tree.products(weights, self.state.missed, self.state.caught)
        own, moved, mass, prior = self._moved(weights, log_left)
        flat = cells.reshape(len(cells), -1)
        old = np.add.reduce(cells, axis=1)
        new = np.maximum(old - flat.take(own, axis=1) + moved, TINY)
        whole = np.ones(mass.size)
        ratio = prior + log_likelihood(self._counts, new, mass, self.prior)
        ratio -= log_likelihood(self._counts, old, whole, self.prior)
        take = np.flatnonzero(accepted(ratio, self.rng))
        flat[:, own[take]] = moved.take(take, axis=1)
        whole[take] = mass[take]
        return cells, whole

    def _moved(self, weights: Array, log_left: Array) -> tuple[Array, Array, Array, Array]:
        """Propose to move one class: its share alone, or along the ridge of the likelihood.

        On the ridge its unseen persons times f and the odds of its rates divided by f leave what is
        expected on exactly one list as it is. Returned are the place of the class in
        (K, B), its cells (1 + C, B) before all shares are divided by their sum, that sum, and the
        logarithm of prior ratio and Jacobian.
        Members and unseen persons are integrated out, and drawn only after the move.
        """
        rng, state, classes = self.rng, self.state, len(weights)
        chains = np.arange(weights.shape[1])
        k = np.minimum(rng.geometric(0.5, chains.size) - 1, classes - 1)
        own = k * chains.size + chains  # place of (k, chain) in (K, B)
        log_f = np.exp(rng.uniform(*LOG_SCALES, chains.size))
        log_f *= rng.standard_normal(chains.size)
        log_c = np.where(rng.random(chains.size) < RIDGE, -log_f, 0.0)
        caught, missed = (
            rates.reshape(len(rates), -1).take(own, axis=1)
            for rates in (state.caught, state.missed)
        )
        caught *= np.exp(log_c)
        both = missed + caught
        log_both = np.log(both).sum(axis=0)
        log_factor = log_both + log_f  # of the share of the class
        factor, weight = np.exp(log_factor), weights.take(own)
        moved = self._tree.products(factor * weight, missed / both, caught / both)
        mass = 1 + (factor - 1) * weight
        log_mass = np.log(mass)
        # density of the shares: nu_K^(a - 1) / prod_h T_h, with T_h what is left before stick h
        inside = np.arange(1, classes - 1)[:, None] <= k
        of_left = np.minimum(np.log(np.maximum(weight, TINY)) - log_left[1:-1], 0.0)
        grown = np.where(inside, (factor - 1) * np.exp(of_left), 0.0)
        ratio = -np.log1p(grown).sum(axis=0)
        ratio += max(classes - 2, 0) * log_mass
        last = np.where(k == classes - 1, log_factor, 0.0) - log_mass
        ratio += (state.concentration - 1) * last
        ratio += log_factor - classes * log_mass + len(caught) * log_c - 2 * log_both
        return own, moved, mass, ratio
