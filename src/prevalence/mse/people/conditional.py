"""Capture probabilities by the conditional likelihood of those captured (Huggins, Alho), on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...glm import expit
from ..ascent import Ahead, ascend

__all__ = ["ConditionalFit", "conditional_fit", "design"]

Array = NDArray[Any]
STEPS = 200
SLACK = 1e-12  # share of a likelihood by which rounding may lower it
FAR = 25.0  # a logit this far from 0 is on its way to infinity


@dataclass(frozen=True)
class ConditionalFit:
    """The coefficients, their covariance, and the chance of each person to be on any list.

    `slope` (persons, coefficients) is the derivative of ``1 / pi``.
    """

    coefficients: Array
    covariance: Array
    seen: Array
    slope: Array
    log_likelihood: float
    converged: bool

    def totals(self, count: Array, group: Array, groups: int) -> tuple[Array, Array]:
        """Return the sizes of groups, ``sum 1 / pi``, and their covariance.

        ``Var = sum (1 - pi) / pi^2 + D' I^-1 D``: who is on a list, and the coefficients.
        """
        value = np.bincount(group, count / self.seen, minlength=groups)
        drawn = np.bincount(group, count * (1 - self.seen) / self.seen**2, minlength=groups)
        d = np.zeros((groups, self.coefficients.size))
        np.add.at(d, group, count[:, None] * self.slope)
        return value, np.diag(drawn) + d @ self.covariance @ d.T


def design(on: Array, x: Array, *, time: bool, each: bool, behaviour: bool) -> tuple[Array, Array]:
    """Return the rows (persons, lists, coefficients) of what happened and of a person not yet seen.

    `time`: one constant per list; `each`: slopes per list; `behaviour`: an effect of having been on
    an earlier list.
    """
    persons, lists = on.shape
    per_list = np.eye(lists)
    parts = [per_list if time else np.ones((lists, 1))]
    fixed = np.broadcast_to(parts[0], (persons, *parts[0].shape))
    if each:
        slopes = (per_list[None, :, None, :] * x[:, None, :, None]).reshape(persons, lists, -1)
    else:
        slopes = np.broadcast_to(x[:, None, :], (persons, lists, x.shape[1]))
    rows = np.concatenate([fixed, slopes], axis=2)
    if not behaviour:
        return rows, rows
    earlier = (np.cumsum(on, axis=1) - on > 0).astype(float)[:, :, None]
    return np.concatenate([rows, earlier], axis=2), np.concatenate([rows, 0 * earlier], axis=2)


def conditional_fit(
    on: Array, rows: Array, unseen: Array, count: Array, start: Array | None = None
) -> ConditionalFit:
    """Maximise ``sum_i count_i (sum_j log f(y_ij) - log pi_i)``, ``pi = 1 - prod_j (1 - p_ij)``.

    Newton's method with halving; the information is the observed one.
    """
    begin = np.zeros(rows.shape[2]) if start is None else start
    found, arrived = ascend(_Climb(on, rows, unseen, count), begin[:, None], STEPS, SLACK)
    b = found[:, 0]
    value, _, information, (seen, slope) = _at(on, rows, unseen, count, b)
    eta = unseen @ b
    sound = bool(np.linalg.eigvalsh(information)[0] > 1e-10 * np.trace(information))
    inside = bool(np.abs(eta[count > 0]).max() < FAR)
    converged = bool(arrived[0]) and sound and inside
    return ConditionalFit(b, np.linalg.pinv(information), seen, slope, value, converged)


@dataclass(eq=False)
class _Climb:
    """The likelihood of one vector of coefficients, as a column."""

    on: Array
    rows: Array
    unseen: Array
    count: Array
    found: tuple[Any, ...] = ()

    def value(self, at: Array) -> Array:
        self.found = _at(self.on, self.rows, self.unseen, self.count, at[:, 0])
        return np.array([self.found[0]])

    def ahead(self, _at: Array, _better: Array) -> Ahead:
        value, score, information, _ = self.found
        step = _solve(information, score)
        done = abs(score @ step) <= 1e-14 * (1 + abs(value))
        return Ahead(step[:, None], np.array([done]))

    def keep(self, stay: Array) -> None:
        """There is one column."""


def _solve(information: Array, score: Array) -> Array:
    """Return a step uphill also where the information is not positive."""
    values, vectors = np.linalg.eigh(information)
    size = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
    out: Array = vectors @ ((vectors.T @ score) / size)
    return out


def _at(on: Array, rows: Array, unseen: Array, count: Array, b: Array) -> tuple[Any, ...]:
    """Return the log-likelihood, score, information, and (pi, slope of 1 / pi)."""
    flat, flat0 = rows.reshape(-1, rows.shape[2]), unseen.reshape(-1, rows.shape[2])
    same = unseen is rows  # a capture does not depend on the earlier ones
    eta, log_rest, p = _chances(flat, on.shape, b)
    _, log_rest0, p0 = (eta, log_rest, p) if same else _chances(flat0, on.shape, b)
    log_unseen = -log_rest0.sum(axis=1)
    pi = -np.expm1(log_unseen)
    value = float(count @ ((on * eta - log_rest).sum(axis=1) - np.log(pi)))
    pull = np.einsum("ij,ijk->ik", p0, unseen)  # d pi = (1 - pi) pull
    odds = (1 - pi) / pi
    score = (count[:, None] * (on - p)).ravel() @ flat - (count * odds) @ pull
    weight = count[:, None] * p * (1 - p)
    weight0 = (count * odds)[:, None] * p0 * (1 - p0)
    parts = [(flat, weight + weight0)] if same else [(flat, weight), (flat0, weight0)]
    information = sum((x.T * w.ravel()) @ x for x, w in parts)
    information -= (pull.T * (count * odds / pi)) @ pull
    return value, score, information, (pi, -(odds / pi)[:, None] * pull)


def _chances(flat: Array, shape: tuple[int, ...], b: Array) -> tuple[Array, Array, Array]:
    """Return log odds of capture, minus the log chance of none, and the chance."""
    eta = (flat @ b).reshape(shape)
    return eta, np.logaddexp(0, eta), expit(eta)
