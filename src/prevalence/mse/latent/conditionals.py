"""Full conditionals and label moves of the latent class model, for all chains at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mcmc import accepted
from .state import Prior, State, log_sticks

__all__ = [
    "draw_concentration",
    "draw_members",
    "draw_rates",
    "draw_sticks",
    "draw_unseen",
    "swap_classes",
    "swap_sticks",
]

Array = NDArray[Any]
STEPS = (1.0, 4.0)  # of the random walk of log alpha, whose posterior may span many powers of ten


def draw_members(cells: Array, sums: Array, counts: Array, rng: np.random.Generator) -> Array:
    """Draw how many of those seen belong to each class, (C, K, B): multinomial by history.

    `cells` (C, K, B) are proportional to the probabilities and `sums` (C, B) are theirs over classes.
    """
    shares = np.empty((len(cells), *cells.shape[:0:-1]))  # (C, B, K): classes next to each other
    np.divide(cells.swapaxes(1, 2), sums[..., None], out=shares)
    return np.asarray(rng.multinomial(counts, shares).swapaxes(1, 2), dtype=float, order="C")


def draw_unseen(
    dark: Array, observed: Array, seen: Array, prior: Prior, rng: np.random.Generator
) -> Array:
    """Draw how many of each class are on no list, (K, B): negative binomial, split by class.

    `dark` (K, B) and `observed` (B,) are proportional to the probabilities to be on no list and to be
    on one. A gamma number of failures makes the split one of independent Poisson numbers.
    """
    rate = rng.standard_gamma(seen) / observed
    unseen = rng.poisson(rate * dark).astype(float)
    if np.isinf(prior.largest):
        return unseen
    over = np.flatnonzero(seen + unseen.sum(axis=0) > prior.largest)
    if over.size:
        share = dark[:, over] / dark[:, over].sum(axis=0)
        none = dark[:, over].sum(axis=0) / (dark[:, over].sum(axis=0) + observed[over])
        total = _within(none, seen[over], prior.largest, rng)
        unseen[:, over] = rng.multinomial(total, share.T / share.T.sum(axis=1, keepdims=True)).T
    return unseen


def _within(none: Array, seen: Array, largest: float, rng: np.random.Generator) -> Array:
    """Draw negative binomial numbers that do not bring N above `largest`, by inversion."""
    from scipy.special import betainc

    most = largest - seen
    aim = rng.random(none.shape) * betainc(seen, most + 1, 1 - none)
    low, high = np.full(none.shape, -1.0), most.copy()
    for _ in range(int(np.ceil(np.log2(largest + 2))) + 1):
        middle = np.floor((low + high) / 2)
        below = betainc(seen, np.maximum(middle, 0) + 1, 1 - none) < aim
        below |= middle < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high.astype(np.int64)


def draw_rates(captures: Array, persons: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw capture rates (L, K, B) and their complements, ``Beta(1 + captures, 1 + the others)``.

    Those of a class that holds nobody are uniform, which is the same with one draw.
    """
    caught = rng.random(captures.shape)
    missed = 1 - caught
    some, lists = np.flatnonzero(persons), len(captures)
    on = captures.reshape(lists, -1).take(some, axis=1)
    drawn = rng.standard_gamma(1 + np.stack([on, persons.take(some) - on]))
    drawn /= drawn[0] + drawn[1]
    caught.reshape(lists, -1)[:, some], missed.reshape(lists, -1)[:, some] = drawn
    return caught, missed


def draw_sticks(persons: Array, concentration: Array, rng: np.random.Generator) -> Array:
    """Draw ``log(1 - V_k)``, ``V_k ~ Beta(1 + n_k, alpha + sum_{h>k} n_h)``, (K - 1, B).

    A gamma variable of small shape a is drawn by its logarithm, ``log G(a + 1) + log(U) / a``: the
    variable itself would underflow. Where nobody is in the class, ``log(U) / a`` is all.
    """
    shape = concentration + np.add.accumulate(persons[:0:-1], axis=0)[::-1]
    rest = rng.standard_exponential(shape.shape) / -shape
    held = np.flatnonzero(persons[:-1])
    flat = rest.reshape(-1)
    some = flat[held] + np.log(rng.standard_gamma(shape.take(held) + 1))
    taken = np.log(rng.standard_gamma(1 + persons.take(held)))
    flat[held] = some - np.logaddexp(some, taken)
    return np.asarray(rest)


def draw_concentration(
    concentration: Array, persons: Array, prior: Prior, rng: np.random.Generator
) -> Array:
    """Move alpha given the sizes of the classes, the sticks integrated out: random walks of its log.

    Drawing alpha from its gamma conditional given the sticks is exact as well, and thirty times as
    slow to mix, since sticks of empty classes tell the old alpha. One class alone leaves the prior.
    """
    if len(persons) == 1:
        return np.asarray(rng.standard_gamma(prior.shape, concentration.size) / prior.rate)

    def target(value: Array) -> Array:
        sticks = log_sticks(persons[:, None], value)
        return np.asarray(prior.shape * np.log(value) - prior.rate * value + sticks)

    now = None
    for step in STEPS:
        proposal = concentration * np.exp(step * rng.standard_normal(concentration.shape))
        proposal = np.minimum(np.maximum(proposal, 1e-100), 1e100)
        if now is None:
            now, other = target(np.stack([concentration, proposal]))
        else:
            (other,) = target(proposal[None])
        take = accepted(other - now, rng)
        concentration, now = np.where(take, proposal, concentration), np.where(take, other, now)
    return concentration


def swap_classes(
    captures: Array, persons: Array, concentration: Array, rng: np.random.Generator
) -> None:
    """Exchange any two classes before the sticks are redrawn, in place.

    Accepted with ``min(1, p(sizes in the new order) / p(sizes in the old order))``, the sticks
    integrated out.
    """
    classes, chains = persons.shape
    if classes == 1:
        return
    chain = np.arange(chains)
    one = np.asarray(rng.integers(classes, size=chains))
    two = (one + rng.integers(1, classes, size=chains)) % classes
    (some,) = (persons[one, chain] != persons[two, chain]).nonzero()  # equal: nothing to tell apart
    before = persons.take(some, axis=1)
    after = before.copy()
    _exchange((after,), one[some], two[some], chain[: some.size])
    both = np.concatenate([before, after], axis=1).reshape(classes, 2, some.size)
    old, new = log_sticks(both, concentration[some])
    ratio = np.zeros(chains)
    ratio[some] = new - old
    (take,) = (accepted(ratio, rng) & (ratio != 0)).nonzero()
    _exchange((captures, persons), one[take], two[take], take)


def swap_sticks(state: State, persons: Array, rng: np.random.Generator) -> None:
    """Exchange neighbouring classes together with their sticks (Papaspiliopoulos and Roberts).

    Accepted with ``min(1, (1 - V_{k+1})^{n_k} / (1 - V_k)^{n_{k+1}})``; the last class has no stick.
    Every second pair is tried, the even or the odd ones; two empty classes are alike and left alone.
    """
    k = np.arange(int(rng.integers(2)), len(persons) - 2, 2)
    if not k.size:
        return
    ratio = persons[k] * state.log_rest[k + 1] - persons[k + 1] * state.log_rest[k]
    some = persons[k] + persons[k + 1] > 0
    pair, chain = np.nonzero(accepted(ratio, rng) & some)
    _exchange((state.caught, state.missed, state.log_rest), k[pair], k[pair] + 1, chain)


def _exchange(arrays: tuple[Array, ...], one: Array, two: Array, chain: Array) -> None:
    """Exchange classes of some chains, of arrays (..., K, B), in place."""
    if not chain.size:
        return
    chains = arrays[0].shape[-1]
    first, second = one * chains + chain, two * chains + chain
    here, there = np.concatenate([first, second]), np.concatenate([second, first])
    for values in arrays:
        flat = values.reshape(-1, values.shape[-2] * chains)
        flat[:, here] = flat.take(there, axis=1)
