"""Draws of an adjustment, each from its own distribution, and of nothing else."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..draws import draws_of
from ..errors import number
from ..estimate import Estimate
from ..intervals import PROPORTION_RULES

__all__ = ["Drawn", "Scores", "adjustment"]

Array = NDArray[Any]
LARGEST = {"transmission": 1.0, "precision": 1.0}  # the others are ratios, without an upper limit
MEANING = {
    "transmission": "It is the share of ties to hidden people that respondents report",
    "degree_ratio": "It is the number of ties of hidden people over that of others",
    "frame_ratio": "It is the number of ties within the frame over that to all of the population",
    "precision": "It is the share of reports that are true",
}
CHUNK = 2_000_000  # normal scores held at a time


@dataclass(frozen=True, eq=False)
class Drawn:
    """Draws of one adjustment, the distribution they are from, and the share that was cut off."""

    draws: Array
    words: str
    cut: float = 0.0


class Scores:
    """Random numbers by source: two adjustments with a source in common share its draws."""

    def __init__(self, rng: np.random.Generator):
        self._seed = int(rng.integers(2**62))

    def _generator(self, source: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, zlib.crc32(source.encode())])

    def places(self, source: str, count: int, size: int) -> Array:
        """Return random positions below `count`."""
        return np.asarray(self._generator(source).integers(count, size=size))

    def normal(self, e: Estimate, size: int) -> Array:
        """Return standard normal scores whose correlations are those of the estimates' columns."""
        out = np.zeros(size)
        for block in e.blocks:
            loading = block.columns()[0] * np.sqrt(np.abs(block.scheme.coefficients))
            if (block.scheme.coefficients < 0).any():  # no sum of squares: one score for all
                loading = block.std_error[:1]
            rng, step = self._generator(block.source), max(1, CHUNK // loading.size)
            for start in range(0, size, step):
                some = slice(start, min(start + step, size))
                out[some] += rng.standard_normal((some.stop - start, loading.size)) @ loading
        return np.asarray(out / e.std_error[0])


def adjustment(name: str, given: float | Estimate, size: int, scores: Scores, source: str) -> Drawn:
    """Return draws of an adjustment: of a number the number, else from its distribution.

    A beta stays a beta, a positive quantity with a log interval is lognormal, a share of a survey
    is a beta of its mean and standard error, bootstrap replicates and draws are drawn again, and
    what remains is normal. What lies outside of the possible values is cut off, and told.
    """
    value, highest = number(name, given), LARGEST.get(name, np.inf)
    if not (0 < value <= highest and np.isfinite(value)):
        limit = "above 0 and at most 1" if highest == 1 else "a positive number"
        raise ValueError(f"{name} must be {limit}: found {value:g}. {MEANING[name]}.")
    if not isinstance(given, Estimate):
        return Drawn(np.full(size, value), "taken as known")
    if not np.isfinite(given.std_error[0]):
        raise ValueError(
            f"{name} must have a standard error to be drawn: found none. Pass a number, or an "
            "estimate with its uncertainty."
        )
    kept = draws_of(given)
    if kept is not None:
        if given.blocks[0].source == source and kept.shape[1] == size:
            return _inside(name, kept[0], highest, "the draws of this fit")
        picked = kept[0][scores.places(given.blocks[0].source, kept.shape[1], size)]
        return _inside(name, picked, highest, "draws of another fit")
    if len(given.blocks) == 1 and "bootstrap" in given.blocks[0].scheme.kind:
        return _replicates(name, given, size, scores, highest)
    return _smooth(given, scores.normal(given, size), value, highest)


def _replicates(name: str, e: Estimate, size: int, scores: Scores, highest: float) -> Drawn:
    block = e.blocks[0]
    c = block.scheme.coefficients
    replicated = float(e.value[0]) + block.columns()[0] * np.sqrt(c * c.size)
    picked = replicated[scores.places(block.source, c.size, size)]
    return _inside(name, picked, highest, "bootstrap replicates")


def _inside(name: str, draws: Array, highest: float, words: str) -> Drawn:
    """Draw again, in order, what lies outside of the possible values."""
    good = (draws > 0) & (draws <= highest)
    cut = 1 - float(good.mean())
    if cut > 0.5:
        raise ValueError(
            f"{name} must be possible in most of its draws: {cut:.0%} of them are not. Narrow its "
            "uncertainty, or pass a beta or lognormal distribution."
        )
    usable = draws[good]
    out = draws.copy()
    out[~good] = np.resize(usable, int((~good).sum()))
    return Drawn(out, words, cut)


def _smooth(e: Estimate, z: Array, value: float, highest: float) -> Drawn:
    from scipy.special import betaincinv, ndtr

    spread = float(e.std_error[0])
    if spread == 0:
        return Drawn(np.full(z.size, value), "taken as known")
    if e.interval_rule == "beta-distribution" and not e.maps:
        a, b = float(e.constants["a"][0]), float(e.constants["b"][0])
        return Drawn(betaincinv(a, b, ndtr(z)), "drawn from a beta distribution")
    share = e.interval_rule in PROPORTION_RULES and e.unit == "proportion" and highest == 1
    if share and spread**2 < value * (1 - value):
        total = value * (1 - value) / spread**2 - 1
        drawn = betaincinv(value * total, (1 - value) * total, ndtr(z))
        return Drawn(drawn, "drawn from a beta distribution of its mean and standard error")
    if e.interval_rule == "log":
        score, cut = _truncated(z, -np.inf, np.log(highest / value) * value / spread)
        return Drawn(
            value * np.exp(score * spread / value), "drawn from a lognormal distribution", cut
        )
    score, cut = _truncated(z, -value / spread, (highest - value) / spread)
    return Drawn(value + spread * score, "drawn from a normal distribution", cut)


def _truncated(z: Array, low: float, high: float) -> tuple[Array, float]:
    """Return normal scores moved into an interval, and the probability outside of it."""
    from scipy.special import ndtr, ndtri

    below, above = float(ndtr(low)), float(ndtr(high))
    if below == 0 and above == 1:
        return z, 0.0
    return np.asarray(ndtri(below + (above - below) * ndtr(z))), 1 - (above - below)
