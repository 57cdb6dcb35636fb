"""The latent class model written out: every person of a small table by name, and sums in place of draws."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

Array = NDArray[Any]


def gibbs(
    histories: Array,
    counts: Array,
    *,
    classes: int,
    sweeps: int,
    rng: int,
    shape: float = 0.25,
    rate: float = 0.25,
) -> Array:
    """Return population sizes of one chain, each person moved by itself and no other move."""
    random = np.random.default_rng(rng)
    persons = np.repeat(histories, counts.astype(int), axis=0)
    n, lists = persons.shape
    rates = random.random((classes, lists))
    shares, alpha = np.full(classes, 1 / classes), 1.0
    out = []
    for _ in range(sweeps):
        chance = shares * np.prod(np.where(persons[:, None] == 1, rates, 1 - rates), axis=2)
        member = [random.choice(classes, p=row / row.sum()) for row in chance]
        none = shares * np.prod(1 - rates, axis=1)
        unseen = int(random.negative_binomial(n, 1 - none.sum()))
        split = random.multinomial(unseen, none / none.sum())
        held = np.zeros(classes)
        for k in range(classes):
            mine = persons[np.array(member) == k]
            held[k] = len(mine) + split[k]
            for j in range(lists):
                on = mine[:, j].sum()
                rates[k, j] = random.beta(1 + on, 1 + held[k] - on)
        left, log_last = 1.0, 0.0
        for k in range(classes - 1):
            after = alpha + held[k + 1 :].sum()  # a gamma variable of small shape by its logarithm
            rest = np.log(random.gamma(after + 1)) + np.log(random.random()) / after
            rest -= np.logaddexp(rest, np.log(random.gamma(1 + held[k])))
            shares[k] = -left * np.expm1(rest)
            left *= np.exp(rest)
            log_last += rest
        shares[-1] = left
        alpha = random.gamma(shape + classes - 1) / (rate - log_last)
        out.append(n + unseen)
    return np.array(out)


def one_class(histories: Array, counts: Array, largest: int) -> Array:
    """Return the posterior of N = 0, ..., largest for one class: independence, rates integrated out."""
    n, sizes = counts.sum(), counts @ histories
    total = np.arange(n, largest + 1)
    logs = -np.log(total) + gammaln(total + 1) - gammaln(total - n + 1)
    for size in sizes:
        logs = logs + betaln(1 + size, 1 + total - size)
    found = np.zeros(largest + 1)
    found[n:] = np.exp(logs - logs.max())
    return np.asarray(found / found.sum())


def shared(count: int, classes: int) -> Array:
    """Return every way to share some persons among classes, one way in a row."""
    ways = [p for p in itertools.product(range(count + 1), repeat=classes) if sum(p) == count]
    return np.array(ways)


def few_classes(
    histories: Array,
    counts: Array,
    largest: int,
    classes: int,
    *,
    shape: float = 0.25,
    rate: float = 0.25,
) -> tuple[Array, float, float]:
    """Return the posterior of N = 0, ..., largest, that of one class held, and the mean of log alpha.

    A sum over every way to share the persons of each history, and those on no list, among the
    classes; rates and sticks are integrated by hand and alpha on a grid of its logarithm.
    """
    n = int(counts.sum())
    log_alpha = np.linspace(-60, 6, 661)
    alpha = np.exp(log_alpha)
    unseen = np.concatenate([shared(m, classes) for m in range(largest - n + 1)])
    posterior, single, log_sum = np.zeros(largest + 1), 0.0, 0.0
    held: dict[tuple[int, ...], tuple[float, float]] = {}
    for parts in itertools.product(*(shared(int(c), classes) for c in counts)):
        first = np.array(parts)  # (histories, classes)
        sizes = first.sum(axis=0) + unseen
        total = sizes.sum(axis=1)
        logs = gammaln(total + 1) - np.log(total) - gammaln(unseen + 1).sum(axis=1)
        logs = logs - gammaln(first + 1).sum()
        for on in (histories.T @ first)[:, None, :]:
            logs = logs + betaln(1 + on, 1 + sizes - on).sum(axis=1)
        sticks = np.empty((len(sizes), 2))
        for i, row in enumerate(map(tuple, sizes.tolist())):
            if row not in held:
                value = (shape + classes - 1) * log_alpha - rate * alpha
                for k in range(classes - 1):
                    value = value + betaln(1 + row[k], alpha + sum(row[k + 1 :]))
                weight = np.exp(value)
                held[row] = (weight.sum(), (weight * log_alpha).sum())
            sticks[i] = held[row]
        mass = np.exp(logs)
        np.add.at(posterior, total, mass * sticks[:, 0])
        single += float((mass * sticks[:, 0])[(sizes > 0).sum(axis=1) == 1].sum())
        log_sum += float(mass @ sticks[:, 1])
    whole = float(posterior.sum())
    return posterior / whole, single / whole, log_sum / whole
