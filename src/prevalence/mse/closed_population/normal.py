"""Unequal visibility with a normal law of the log odds of capture, by Gauss-Hermite quadrature.

A person with deviate ``z`` is on list ``j`` with log odds ``b_j + s z``; the counts are Poisson with
mean ``N`` times the probability of the history. The variance ``s^2`` is at least 0; at 0 the model
is that of equal persons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ascent import Ahead, ascend
from ..histories import BoolArray, FloatArray, IntArray
from .poisson import Maximum, solve_active

NODES = 64
SMALLEST = 1e-8  # variance that stands for 0: its derivative is still a finite difference of odds
NONE = 2 * SMALLEST  # below it the variance is at its floor, from which rounding may move it
PASSES = 500
STEP = 1e-8  # largest last change of a log mean: scoring converges linearly
ROUNDING = 1e-11  # share of a likelihood by which rounding may lower it
BLOCK = 2_000_000  # numbers in one block of cells x nodes x columns


@dataclass(frozen=True, eq=False)
class NormalFit:
    """The maximum, its Jacobian ``d log mu / d parameters`` (C, P, B), and the same of the dark cell.

    Parameters are ``log N``, the log odds, and the variance.
    """

    found: Maximum
    jacobian: FloatArray
    log_dark: FloatArray
    dark_gradient: FloatArray


def log_means(
    histories: IntArray, parameters: FloatArray, equal: bool
) -> tuple[FloatArray, FloatArray]:
    """Log means (C, B) of the histories and their Jacobian (C, P, B)."""
    lists = histories.shape[1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    log_weights = np.log(weights / weights.sum())
    spread = np.sqrt(parameters[-1])
    odds = parameters[1:-1]
    if equal:
        odds = np.broadcast_to(odds, (lists, odds.shape[1]))
    logit = odds[:, None, :] + nodes[None, :, None] * spread
    none = np.logaddexp(0, logit)
    chance = np.exp(logit - none)
    on = histories.astype(np.float64)
    inside = np.einsum("cl,lqb->cqb", on, logit) - none.sum(axis=0) + log_weights[:, None]
    top = inside.max(axis=1)
    share = np.exp(inside - top[:, None, :])
    total = share.sum(axis=1)
    share /= total[:, None, :]
    expected = np.einsum("cqb,lqb->clb", share, chance)
    slope = on[:, :, None] - expected
    if equal:
        slope = slope.sum(axis=1, keepdims=True)
    captured = on.sum(axis=1)[:, None, None] - chance.sum(axis=0)
    bend = np.einsum("cqb,q,cqb->cb", share, nodes, captured) / (2 * spread)
    ones = np.ones((len(histories), 1, parameters.shape[1]))
    jacobian = np.concatenate([ones, slope, bend[:, None, :]], axis=1)
    return parameters[0] + top + np.log(total), jacobian


def fit_normal(histories: IntArray, counts: FloatArray, *, equal: bool) -> NormalFit:
    """Fit the model to each column of counts (C, B); `equal` lists have one log odds.

    The histories may hold the empty one, whose count is then taken as known.
    """
    width = max(1, BLOCK // (len(histories) * NODES))
    parts = [
        _fit_block(histories, counts[:, first : first + width], equal)
        for first in range(0, counts.shape[1], width)
    ]
    found = Maximum(
        *(
            np.concatenate([getattr(part.found, name) for part in parts], axis=-1)
            for name in ("coefficients", "fitted", "active", "converged")
        )
    )
    return NormalFit(
        found,
        *(
            np.concatenate([getattr(part, name) for part in parts], axis=-1)
            for name in ("jacobian", "log_dark", "dark_gradient")
        ),
    )


def _fit_block(histories: IntArray, counts: FloatArray, equal: bool) -> NormalFit:
    parameters, active, converged = _scoring(histories, counts, equal)
    eta, jacobian = log_means(histories, parameters, equal)
    empty = np.zeros((1, histories.shape[1]), dtype=np.int64)
    log_dark, gradient = log_means(empty, parameters, equal)
    return NormalFit(
        Maximum(parameters, np.exp(eta), active, converged), jacobian, log_dark[0], gradient[0]
    )


def _start(histories: IntArray, counts: FloatArray, equal: bool) -> FloatArray:
    """Twice the persons, chances of capture that go with it, and a variance of 1/2."""
    persons = np.maximum(counts.sum(axis=0), 1.0)
    total = 2 * persons
    rates = histories.T @ counts / total
    if equal:
        rates = rates.mean(axis=0, keepdims=True)
    rates = np.clip(rates, 1e-6, 0.9)
    return np.vstack([np.log(total), np.log(rates / (1 - rates)), np.full(persons.shape, 0.5)])


def _scoring(
    histories: IntArray, counts: FloatArray, equal: bool
) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Fisher scoring with halving, the variance held at its floor where it would fall below."""
    result = _start(histories, counts, equal)
    active = np.ones(result.shape, dtype=bool)
    converged = np.zeros(result.shape[1], dtype=bool)
    some = np.flatnonzero(counts.sum(axis=0) > 0)
    columns = _Columns(histories, counts[:, some], equal)
    result[:, some], converged[some] = ascend(columns, result[:, some], PASSES, ROUNDING)
    active[-1] = result[-1] > NONE
    return result, active, converged


class _Columns:
    """The likelihood of a block of columns."""

    def __init__(self, histories: IntArray, counts: FloatArray, equal: bool) -> None:
        self.histories, self.counts, self.equal = histories, counts, equal
        self.means = self.jacobian = counts

    def value(self, at: FloatArray) -> FloatArray:
        eta, self.jacobian = log_means(self.histories, at, self.equal)
        self.means = np.exp(np.minimum(eta, 300))
        value: FloatArray = (self.counts * eta - self.means).sum(axis=0)
        return value

    def ahead(self, at: FloatArray, _better: BoolArray) -> Ahead:
        score = np.einsum("cpb,cb->pb", self.jacobian, self.counts - self.means)
        matrix = np.einsum("cpb,cb,cqb->bpq", self.jacobian, self.means, self.jacobian)
        use, floor = np.ones(score.shape, dtype=bool), at[-1] <= NONE
        use[-1] = ~floor | (score[-1] > 0)
        move = solve_active(matrix, use, score)
        use[-1] &= ~floor | (move[-1] > 0)
        move = solve_active(matrix, use, score)
        size = np.abs(np.einsum("cpb,pb->cb", self.jacobian, move)).max(axis=0)
        # A whole step as far as the floor still climbs; one with the variance alone cut need not.
        step = move / np.maximum(1.0, size / 2)
        room = np.maximum(at[-1] - SMALLEST, 0.0)
        far = -step[-1] > room
        step = step * np.where(far, room / np.where(far, -step[-1], 1.0), 1.0)
        return Ahead(step, size <= STEP, ~np.isfinite(size))

    def keep(self, stay: BoolArray) -> None:
        self.counts = self.counts[:, stay]
