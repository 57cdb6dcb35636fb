"""Slow, obvious referral: persons one array of lists at a time, and censored captures by EM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: How a capture is written down when a person both came by an own route and was referred.
RULES = ("always", "first", "masks")


@dataclass(frozen=True)
class Recorded:
    """Kinds of persons: on (P, L), own (P, L), senders as bits (P, L), persons (P, runs)."""

    on: Array
    own: Array
    senders: Array
    unknown: Array
    count: Array


def simulate(
    rng: np.random.Generator,
    chances: Sequence[float],
    edges: Sequence[tuple[int, int, float]],
    *,
    size: int,
    runs: int,
    rule: str = "always",
    missing: float = 0.0,
    own_captures: Callable[[Array], Array] | None = None,
) -> Recorded:
    """Make `runs` populations of `size` persons; edges (sender, receiver, chance), senders first.

    An own capture comes at a time spread evenly over the window, a referral at most a tenth of the
    window after the arrival on the sending list. `missing` is the share of captures whose source
    is not written down. `own_captures` changes the uniform numbers into own captures.
    """
    lists = len(chances)
    uniform = rng.random((runs * size, lists))
    own = uniform < np.asarray(chances) if own_captures is None else own_captures(uniform)
    arrival = np.where(own, rng.random(own.shape), np.inf)
    told = own.copy()
    senders = np.zeros(own.shape, dtype=np.int64)
    first_referral = np.full(own.shape, np.inf)
    for sender, receiver, chance in edges:
        sent = np.isfinite(arrival[:, sender]) & (rng.random(len(own)) < chance)
        when = np.where(sent, arrival[:, sender] + 0.1 * rng.random(len(own)), np.inf)
        senders[:, receiver] |= sent.astype(np.int64) << sender
        first_referral[:, receiver] = np.minimum(first_referral[:, receiver], when)
        arrival[:, receiver] = np.minimum(arrival[:, receiver], when)
    if rule == "first":
        told &= arrival < first_referral
        senders[told] = 0
    if rule == "masks":
        told &= senders == 0
    on = told | (senders != 0)
    unknown = on & (rng.random(on.shape) < missing)
    told &= ~unknown
    senders[unknown] = 0
    return _kinds(on, told, senders, unknown, np.repeat(np.arange(runs), size), runs)


def _kinds(
    on: Array, own: Array, senders: Array, unknown: Array, run: Array, runs: int
) -> Recorded:
    lists = on.shape[1]
    code = np.zeros(len(on), dtype=np.int64)
    for j in range(lists):
        code = (code << (lists + 2)) | (senders[:, j] << 2) | (own[:, j] << 1) | unknown[:, j]
    seen = on.any(axis=1)
    _, first, kind = np.unique(code[seen], return_index=True, return_inverse=True)
    count = np.bincount(kind * runs + run[seen], minlength=first.size * runs)
    pick = np.flatnonzero(seen)[first]
    return Recorded(
        on[pick].astype(np.int64),
        own[pick],
        senders[pick],
        unknown[pick],
        count.reshape(first.size, runs).astype(float),
    )


def censored_total(
    own: Array, maybe: Array, counts: Array, terms: Sequence[tuple[int, ...]], steps: int = 3_000
) -> float:
    """Population size by EM: a capture that may be an own one is spread over both, as fitted."""
    lists = own.shape[1]
    cells = [cell for cell in product((0, 1), repeat=lists) if any(cell)]
    fits = np.array(
        [
            [
                all(c or not o for c, o in zip(cell, has, strict=True))
                and all(o or m or not c for c, o, m in zip(cell, has, may, strict=True))
                for cell in cells
            ]
            for has, may in zip(own, maybe, strict=True)
        ],
        dtype=float,
    )
    design = np.array(
        [
            [1.0, *map(float, cell), *(float(all(cell[i] for i in term)) for term in terms)]
            for cell in cells
        ]
    )
    means = np.full(len(cells), counts.sum() / len(cells))
    beta = np.zeros(design.shape[1])
    for _ in range(steps):
        expected = fits * means
        full = (counts / expected.sum(axis=1)) @ expected
        before = beta
        beta = _poisson(design, full, beta)
        means = np.exp(design @ beta)
        if np.abs(beta - before).max() < 1e-12:
            break
    return float(counts.sum() + np.exp(beta[0]))


def _poisson(design: Array, counts: Array, start: Array) -> Array:
    means = counts + 0.1 if not start.any() else np.exp(design @ start)
    for _ in range(50):
        working = np.log(means) + (counts - means) / means
        scale = np.sqrt(means)
        beta = np.linalg.lstsq(design * scale[:, None], working * scale, rcond=None)[0]
        change = np.abs(np.exp(design @ beta) - means).max()
        means = np.exp(design @ beta)
        if change < 1e-10:
            break
    result: Array = beta
    return result
