"""Who comes on which case list: unequal visibility, dependence, referral, links that are missed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prevalence.simulate.shared import Bools, Floats, expit

from .parameters import Parameters

__all__ = ["captured", "together"]


def captured(p: Parameters, cases: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the records of all cases on every list, one row per person as linked; nobody empty."""
    chance = np.broadcast_to(np.array(p.captures), (cases, len(p.captures)))
    if p.heterogeneity:
        logit = np.log(chance / (1 - chance))
        chance = expit(logit + p.heterogeneity * rng.standard_normal((cases, 1)))
    on = rng.random(chance.shape) < chance
    if p.dependence != 1:
        both = together(chance[:, 0], chance[:, 1], p.dependence)
        with_first, without = both / chance[:, 0], (chance[:, 1] - both) / (1 - chance[:, 0])
        on[:, 1] = rng.random(cases) < np.where(on[:, 0], with_first, without)
    if p.referral:
        on[:, 1] |= on[:, 0] & (rng.random(cases) < p.referral)
    on = on[on.any(axis=1)]
    return _unlinked(on, p.linkage_error, rng) if p.linkage_error else on.astype(np.int64)


def together(first: Floats, second: Floats, odds_ratio: float) -> Floats:
    """Return the chance to be on both lists, from the chances of each and their odds ratio."""
    a = 1 + (first + second) * (odds_ratio - 1)
    root = np.sqrt(a**2 - 4 * odds_ratio * (odds_ratio - 1) * first * second)
    return np.asarray((a - root) / (2 * (odds_ratio - 1)))


def _unlinked(on: Bools, missed: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Split records off whose link to the person's first record was missed."""
    later = on & (np.cumsum(on, axis=1) > 1)
    cut = later & (rng.random(on.shape) < missed)
    which = np.nonzero(cut)[1]
    alone = np.zeros((which.size, on.shape[1]), dtype=np.int64)
    alone[np.arange(which.size), which] = 1
    return np.concatenate([(on & ~cut).astype(np.int64), alone])
