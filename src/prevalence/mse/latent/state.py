"""Latent class model of capture histories: its state, its prior and the probabilities of histories.

Arrays have the chains in their last axis: classes (K, B), lists by class (L, K, B), histories (C, B).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "TINY",
    "HistoryTree",
    "Prior",
    "State",
    "dispersed",
    "exchange_values",
    "log_likelihood",
    "log_sticks",
    "on_a_list",
]

Array = NDArray[Any]
TINY = 1e-300
LEAST = 1e-13  # share of persons on a list that rounding can tell from none


@dataclass(frozen=True)
class Prior:
    """Prior of the model: capture rates uniform, sticks Beta(1, alpha), ``p(N) = 1 / N``.

    Parameters
    ----------
    shape, rate : float
        Of the gamma distribution of the concentration alpha.
    largest : float
        Largest population size that is possible, infinite for none.
    """

    shape: float = 0.25
    rate: float = 0.25
    largest: float = np.inf


@dataclass
class State:
    """What a sweep starts from: capture rates, sticks and concentration of every chain.

    Parameters
    ----------
    caught, missed : ndarray, (L, K, B)
        Probability that a list catches a person of a class, and that it does not.
    log_rest : ndarray, (K - 1, B)
        Logarithms of what each stick leaves, ``log(1 - V_k)``.
    concentration : ndarray, (B,)
        Alpha.
    """

    caught: Array
    missed: Array
    log_rest: Array
    concentration: Array

    def log_left(self) -> Array:
        """Return the logarithm (K, B) of what is left before each stick is broken."""
        shape = (1, self.concentration.size)
        return np.concatenate([np.zeros(shape), np.cumsum(self.log_rest, axis=0)])

    def weights(self, log_left: Array) -> Array:
        """Return the share (K, B) of each class, ``nu_k = V_k prod_{h<k} (1 - V_h)``."""
        weights = np.exp(log_left)
        weights[:-1] *= -np.expm1(self.log_rest)
        return weights


def dispersed(lists: int, classes: int, chains: int, rng: np.random.Generator) -> State:
    """Return starts that differ more than the posterior: rates by a factor, one class or several."""
    rates = rng.beta(0.5, 1.5, (lists, classes, chains)) * np.exp(-1.5 * rng.random(chains))
    rates = np.clip(rates, 1e-6, 1 - 1e-6)
    rest = 2 * np.log(rng.random((classes - 1, chains)))
    return State(rates, 1 - rates, rest, np.exp(rng.uniform(-4, 0, chains)))


class HistoryTree:
    """Products over lists for many histories at once, each common beginning multiplied once.

    Parameters
    ----------
    histories : ndarray, (C, L)
        Distinct rows of 0 and 1.

    Attributes
    ----------
    histories : ndarray, (C, L)
        The same rows in the order in which `products` returns them.
    order : ndarray, (C,)
        Their places in the rows given.
    """

    def __init__(self, histories: Array) -> None:
        self._steps: list[tuple[int, Array | slice, Array | slice]] = []
        order = np.lexsort(histories.T)  # by the last list first, so that bits 0 come before bits 1
        before = np.zeros((1, 0), dtype=histories.dtype)
        for j in range(histories.shape[1]):
            now = np.unique(histories[:, : j + 1][:, ::-1], axis=0)[:, ::-1]
            place = {tuple(row): i for i, row in enumerate(before)}
            parents = [
                np.array([place[tuple(row[:-1])] for row in now if row[-1] == bit], dtype=np.intp)
                for bit in (0, 1)
            ]
            self._steps.append((parents[0].size, _run(parents[0]), _run(parents[1])))
            before = now
        self.order = order
        self.histories = histories[order]

    def products(self, start: Array, missed: Array, caught: Array) -> Array:
        """Return ``start prod_j caught_j^w_j missed_j^(1 - w_j)`` for every history w.

        `start` has any shape S, the rates (L, *S); the result is (C, *S).
        """
        table = start[None]
        for j, (zeros, without, with_it) in enumerate(self._steps):
            before, after = table[without], table[with_it]
            table = np.empty((zeros + len(after), *start.shape))
            np.multiply(before, missed[j], out=table[:zeros])
            np.multiply(after, caught[j], out=table[zeros:])
        return table


def _run(rows: Array) -> Array | slice:
    """Return rows as a slice where they follow each other, which needs no copy."""
    first = int(rows[0]) if rows.size else 0
    if np.array_equal(rows, np.arange(first, first + rows.size)):
        return slice(first, first + rows.size)
    return rows


def on_a_list(mass: Array, dark: Array) -> Array:
    """Return what of the mass is on a list; never less than rounding can tell from zero."""
    return np.asarray(np.maximum(mass - dark, LEAST * mass))


def log_likelihood(counts: Array, cells: Array, mass: Array, prior: Prior) -> Array:
    """Return the log probability (B,) of the table (C, B) of each chain, unseen persons integrated out.

    With p(N) = 1 / N, ``prod (p_w / (1 - p_0))^{N_w}``; a largest N multiplies it by the chance that a
    negative binomial number of unseen persons stays within. `cells` (1 + C, B) are the probabilities
    of histories, the dark one first, times `mass`.
    """
    observed, seen = on_a_list(mass, cells[0]), counts.sum(axis=0)
    logs = np.log(np.maximum(cells[1:], TINY))
    value = np.einsum("cb,cb->b", counts, logs) - seen * np.log(observed)
    return np.asarray(value + _log_within(seen, observed / mass, prior))


def exchange_values(tables: Array, cells: Array, mass: Array, prior: Prior) -> Array:
    """Return the log probability (T, B) of every table (C, T) in every chain, as `log_likelihood`."""
    observed, seen = on_a_list(mass, cells[0]), tables.sum(axis=0)[:, None]
    logs = np.log(np.maximum(cells[1:], TINY))
    value = tables.T.astype(float) @ logs - seen * np.log(observed)
    return np.asarray(value + _log_within(seen, observed / mass, prior))


def _log_within(seen: Array, observed: Array, prior: Prior) -> Array | float:
    """Return the log probability that unseen persons do not bring N above its largest value."""
    if np.isinf(prior.largest):
        return 0.0
    from scipy.special import betainc

    within = betainc(seen, prior.largest - seen + 1, observed)
    return np.asarray(np.log(np.maximum(within, TINY)))


def log_sticks(persons: Array, concentration: Array) -> Array:
    """Return the log probability of class sizes in their order, the sticks integrated out.

    ``prod_{h<K} B(1 + n_h, a + n_{>h}) / B(1, a)``, which telescopes; what depends neither on a nor on
    the order is left out. `persons` is (K, ..., B), `concentration` (..., B).
    """
    from scipy.special import gammaln

    from_here = np.add.accumulate(persons[::-1], axis=0)
    total, last = from_here[-1], persons[-1]
    logs = concentration + from_here[1:]
    np.log(logs, out=logs)
    value = (len(persons) - 1) * np.log(concentration) - np.add.reduce(logs, axis=0)
    value += gammaln(concentration + last) - gammaln(concentration + total) - gammaln(1 + last)
    return np.asarray(value)
