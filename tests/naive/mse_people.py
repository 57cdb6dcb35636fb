"""Slow, obvious versions of the estimators of lists with covariates, person by person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[Any]


def logistic(eta: float) -> float:
    return float(1 / (1 + np.exp(-eta)))


def chance(history: Sequence[int], probabilities: Sequence[float]) -> float:
    """Probability of a capture history where the lists catch independently."""
    out = 1.0
    for y, p in zip(history, probabilities, strict=True):
        out *= p if y else 1 - p
    return out


def conditional_log_likelihood(
    coefficients: Array, on: Array, x: Array, model: str, slopes: str
) -> tuple[float, list[float]]:
    """Log-likelihood of the histories given that they are not empty, and 1 / pi of each person."""
    lists, total, inverse = on.shape[1], 0.0, []
    time, behaviour = "t" in model, "b" in model
    constants = coefficients[: lists if time else 1]
    rest = coefficients[len(constants) :]
    for i in range(len(on)):
        here, fresh = [], []
        for j in range(lists):
            eta = constants[j if time else 0]
            for k in range(x.shape[1]):
                eta += rest[j * x.shape[1] + k if slopes == "list" else k] * x[i, k]
            fresh.append(logistic(eta))
            here.append(logistic(eta + (coefficients[-1] if behaviour and on[i, :j].any() else 0)))
        seen = 1 - chance([0] * lists, fresh)
        total += np.log(chance(on[i], here) / seen)
        inverse.append(1 / seen)
    return float(total), inverse


def huggins(on: Array, x: Array, *, model: str, slopes: str) -> tuple[float, float]:
    """Size and standard error by a general optimiser and numerical derivatives."""
    lists = on.shape[1]
    size = (lists if "t" in model else 1) + x.shape[1] * (lists if slopes == "list" else 1)
    size += "b" in model

    def lost(b: Array) -> float:
        return -conditional_log_likelihood(b, on, x, model, slopes)[0]

    found = minimize(lost, np.zeros(size), method="BFGS", options={"gtol": 1e-9}).x
    found = minimize(lost, found, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    step = 1e-4
    moves = step * np.eye(size)
    information = np.empty((size, size))
    for a in range(size):
        for c in range(size):
            corners = [
                s * t * lost(found + s * moves[a] + t * moves[c])
                for s, t in product((1, -1), (1, -1))
            ]
            information[a, c] = sum(corners) / (4 * step**2)

    def inverses(b: Array) -> Array:
        return np.array(conditional_log_likelihood(b, on, x, model, slopes)[1])

    inverse = inverses(found)
    slope = np.array(
        [(inverses(found + m).sum() - inverses(found - m).sum()) / (2 * step) for m in moves]
    )
    variance = float((inverse * (inverse - 1)).sum() + slope @ np.linalg.solve(information, slope))
    return float(inverse.sum()), variance**0.5


def two_lists(on: Array, q1: Array, q2: Array, q12: Array) -> Array:
    """Summands of the two-list one-step estimator, ``gamma (y1 / q1 + y2 / q2 - y1 y2 / q12)``."""
    out = []
    for (y1, y2), a, b, ab in zip(on, q1, q2, q12, strict=True):
        gamma = a * b / ab
        out.append(gamma * (y1 / a + y2 / b - y1 * y2 / ab))
    return np.array(out)


def many_lists(
    on: Array,
    q: Sequence[dict[tuple[int, ...], float]],
    among: Sequence[int],
    odds_ratio: float = 1.0,
) -> tuple[Array, Array]:
    """Plug-in and one-step summands, from the chance of every history of every person."""
    lists = on.shape[1]
    inside = [
        y
        for y in product((0, 1), repeat=lists)
        if any(y) and not any(y[j] for j in range(lists) if j not in among)
    ]
    plug_in, one_step = [], []
    for history, chances in zip(on, q, strict=True):
        r = odds_ratio
        for y in inside:
            r *= chances[y] ** (1 if sum(y) % 2 else -1)
        own = tuple(int(v) for v in history)
        plug_in.append(1 + r)
        one_step.append(
            1 + r * (1 if sum(own) % 2 else -1) / chances[own] if own in inside else 1.0
        )
    return np.array(plug_in), np.array(one_step)


def histories_given_seen(probabilities: Sequence[float]) -> dict[tuple[int, ...], float]:
    """Chance of each history among those seen, for independent lists."""
    every = [y for y in product((0, 1), repeat=len(probabilities)) if any(y)]
    seen = 1 - chance([0] * len(probabilities), probabilities)
    return {y: chance(y, probabilities) / seen for y in every}


def multinomial(z: Array, category: Array, ridge: float) -> Array:
    """Chances (rows, categories) of a multinomial logit with a penalty on slopes, by BFGS."""
    number = int(category.max()) + 1

    def chances(flat: Array) -> Array:
        b = np.c_[np.zeros(z.shape[1]), flat.reshape(z.shape[1], -1)]
        e = np.exp(z @ b)
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    def lost(flat: Array) -> float:
        p = chances(flat)
        fit = -sum(np.log(p[i, c]) for i, c in enumerate(category))
        return float(fit + ridge * (flat.reshape(z.shape[1], -1)[1:] ** 2).sum() / 2)

    start = np.zeros(z.shape[1] * (number - 1))
    return chances(minimize(lost, start, method="BFGS", options={"gtol": 1e-8}).x)


def population(
    rng: np.random.Generator, size: int, constants: Sequence[float], slopes: Array
) -> tuple[Array, Array]:
    """Draw a population, and return lists and covariates of those that are seen."""
    x = rng.normal(size=(size, slopes.shape[0]))
    p = 1 / (1 + np.exp(-(np.asarray(constants) + x @ slopes)))
    on = (rng.random(p.shape) < p).astype(int)
    seen = on.any(axis=1)
    return on[seen], x[seen]


def known_chances(
    constants: Sequence[float], slopes: Array
) -> Callable[[Array, Array, Array, Array], Array]:
    """Return a nuisance function that knows the chances of independent lists."""
    from prevalence.mse.histories import all_histories

    def told(x: Array, history: Array, count: Array, at: Array) -> Array:
        del x, history, count
        p = 1 / (1 + np.exp(-(np.asarray(constants) + at @ slopes)))
        y = all_histories(len(constants))[None]
        each = np.where(y == 1, p[:, None], 1 - p[:, None]).prod(axis=2)
        return np.asarray(each / (1 - (1 - p).prod(axis=1))[:, None])

    return told
