"""A finite network with a hidden group, a frame and probe groups, all of it known, tie by tie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PROBES = (250, 320, 400, 500, 640, 800)  # sizes of the groups, in the population


@dataclass(frozen=True, eq=False)
class Network:
    """Who is tied to whom, who is hidden, in the frame and in a probe group, and who knows what.

    Ties stand twice, once from each end. `aware` tells of a tie from a hidden person whether the
    person at its other end knows; `false` counts the reports of each person that are not true.
    """

    size: int
    ego: Array
    alter: Array
    hidden: Array
    frame: Array
    probe: Array  # group of each person, -1 for none
    aware: Array
    false: Array

    @property
    def degree(self) -> Array:
        """Ties of each person."""
        return np.bincount(self.ego, minlength=self.size)

    def reports(self) -> Array:
        """Hidden people that each person reports, truly or not."""
        seen = self.aware[self.hidden[self.ego]]
        true = np.bincount(
            self.alter[self.hidden[self.ego]], weights=seen.astype(float), minlength=self.size
        )
        return true + self.false

    def known(self, group: int, *, in_frame: bool) -> Array:
        """Members of a probe group that each person is tied to."""
        hit = (self.probe[self.alter] == group) & (self.frame[self.alter] | (not in_frame))
        return np.bincount(self.ego[hit], minlength=self.size)

    def seen_by(self, group: int, *, in_frame: bool) -> Array:
        """Members of a probe group who are aware of each hidden person."""
        hit = self.hidden[self.ego] & self.aware & (self.probe[self.alter] == group)
        hit &= self.frame[self.alter] | (not in_frame)
        return np.bincount(self.ego[hit], minlength=self.size)

    def members(self, group: int, *, in_frame: bool) -> int:
        """Members of a probe group."""
        return int(((self.probe == group) & (self.frame | (not in_frame))).sum())


@cache
def made(
    seed: int = 1, size: int = 20_000, hidden: int = 388, mean_degree: float = 52.0
) -> Network:
    """Draw a network: hidden people have a third of the ties and half of them are in the frame."""
    rng = np.random.default_rng(seed)
    is_hidden = np.zeros(size, dtype=bool)
    is_hidden[rng.choice(size, hidden, replace=False)] = True
    frame = rng.random(size) < np.where(is_hidden, 0.5, 0.806)
    pull = rng.gamma(4.0, 1.0, size) * np.where(frame, 1.45, 1.0) * np.where(is_hidden, 0.36, 1.0)
    ends = rng.choice(size, (int(mean_degree * size / 2), 2), p=pull / pull.sum())
    low, high = ends.min(axis=1), ends.max(axis=1)
    pairs = np.unique(low[low < high] * size + high[low < high])
    ego = np.r_[pairs // size, pairs % size]
    alter = np.r_[pairs % size, pairs // size]
    aware = rng.random(ego.size) < 0.56
    false = np.where(frame, rng.poisson(0.11, size), 0)
    seen = np.bincount(alter[is_hidden[ego] & aware], minlength=size) * frame
    probe = _typical(rng, np.flatnonzero(~is_hidden), frame, seen)
    return Network(size, ego, alter, is_hidden, frame, probe, aware, false)


def _typical(rng: np.random.Generator, others: Array, frame: Array, seen: Array) -> Array:
    """Draw probe groups until their members know of hidden people as often as the frame does."""
    while True:
        probe = np.full(frame.size, -1)
        drawn = rng.permutation(others)
        for group, start in enumerate(np.cumsum((0, *PROBES[:-1]))):
            probe[drawn[start : start + PROBES[group]]] = group
        inside = frame & (probe >= 0)
        if abs(seen[inside].mean() / seen[frame].mean() - 1) < 0.005:
            return probe


@cache
def truths(network: Network) -> dict[str, float]:
    """Every factor between reports and size, counted tie by tie."""
    to_frame = network.frame[network.alter]
    ours, theirs = network.frame[network.ego], network.hidden[network.ego]
    ties = {
        "all to F": int(to_frame.sum()),
        "F to F": int((to_frame & ours).sum()),
        "H to F": int((to_frame & theirs).sum()),
        "seen": int((to_frame & theirs & network.aware).sum()),
    }
    in_frame, hidden = int(network.frame.sum()), int(network.hidden.sum())
    reports = float(network.reports()[network.frame].sum())
    mean_u, mean_f = ties["all to F"] / network.size, ties["F to F"] / in_frame
    mean_h, visible = ties["H to F"] / hidden, ties["seen"] / hidden
    return {
        "reports": reports,
        "mean degree U": mean_u,
        "mean degree F": mean_f,
        "visibility": visible,
        "phi": mean_f / mean_u,
        "delta": mean_h / mean_f,
        "tau": visible / mean_h,
        "eta": ties["seen"] / reports,
        "size": hidden,
    }


def sampled(network: Network, seed: int, n: int = 2_500, visits: int = 150) -> dict[str, Any]:
    """Draw a frame sample with equal chances, and hidden people in proportion to their degrees."""
    rng = np.random.default_rng(seed)
    frame = np.flatnonzero(network.frame)
    hidden = np.flatnonzero(network.hidden)
    degree = network.degree[hidden].astype(float)
    asked = rng.choice(frame, n, replace=False)
    visited = rng.choice(hidden, visits, p=degree / degree.sum())
    return {"frame": asked, "hidden": visited, "w": np.full(n, frame.size / n)}


def generalized(reports: Array, w: Array, seen: Array, relative: Array, scale: float) -> float:
    """The generalised estimator, one respondent at a time; `scale` is N_F / N_A."""
    total = 0.0
    for y, weight in zip(reports.tolist(), w.tolist(), strict=True):
        total += weight * y
    above = below = 0.0
    for v, weight in zip(seen.tolist(), relative.tolist(), strict=True):
        above += weight * v
        below += weight
    return total / (scale * above / below)


def share_in_frame(network: Network) -> float:
    """Share of those aware of a hidden person, among all people, who are in the frame."""
    hit = network.hidden[network.ego] & network.aware
    return float(network.frame[network.alter[hit]].mean())
