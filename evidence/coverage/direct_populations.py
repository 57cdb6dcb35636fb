"""Finite populations of people in clusters and strata, and many samples of each by five designs.

Samples of a batch stand one below the other; they share no stratum and no cluster, so that one
survey holds them all and each is a domain with strata of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import prevalence as pv

__all__ = ["DESIGNS", "Design", "People", "people"]

Array = NDArray[Any]
STRATA, CLUSTERS, TAKEN = 10, 60, 20  # strata, clusters of each, people taken of a cluster drawn
DRAWN, ELEMENTS = 6, 120  # clusters drawn of a stratum; people drawn of one without clusters
SIZES = (25, 75)  # people of a cluster, from and below
SEED = 20_270_108


@dataclass(frozen=True, eq=False)
class People:
    """A finite population in file order of its clusters: columns, where clusters start, how large."""

    columns: dict[str, Array]
    start: Array
    size: Array


def people(prevalence: float, icc: float) -> People:
    """Make a population with a share of cases, and a correlation of all columns within clusters."""
    rng = np.random.default_rng([SEED, int(1e4 * prevalence), int(1e3 * icc)])
    count = STRATA * CLUSTERS
    size = rng.integers(*SIZES, count)
    cluster = np.repeat(np.arange(count), size)
    stratum, n = cluster // CLUSTERS, cluster.size
    level = np.linspace(0.5, 1.5, STRATA)[np.arange(count) // CLUSTERS]
    mean = np.clip(prevalence * level * (0.7 + 0.6 * (size - 25) / 49), 1e-6, 0.9)
    more = 1 / icc - 1
    chance = rng.beta(mean * more, (1 - mean) * more)[cluster]
    common, own = np.sqrt(icc), np.sqrt(1 - icc)
    x = common * rng.normal(size=count)[cluster] + own * rng.normal(size=n)
    lift = np.exp(0.4 * x - 0.08)
    noise = common * rng.normal(size=count)[cluster] + own * rng.normal(size=n)
    hours = np.exp(2.5 + 0.02 * stratum + 0.2 * x + 0.4 * noise)
    kind = np.digitize(rng.random(n) + 0.2 * chance, [0.55, 0.85])
    odds = -1.2 + 0.5 * x + 0.7 * common * rng.normal(size=count)[cluster]
    columns = {
        "cluster": cluster,
        "stratum": stratum,
        "case": (rng.random(n) < np.clip(chance * lift, 0, 1)).astype(float),
        "works": (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float),
        "kind": np.array(["home", "farm", "shop"])[kind],
        "age": rng.integers(0, 3, n),
        "x": x,
        "hours": hours,
        "log_hours": np.log(hours),
        "days": 1 + rng.poisson(4, n) + 0.02 * hours,
    }
    return People(columns, np.r_[0, np.cumsum(size)[:-1]], size)


@dataclass(frozen=True)
class Design:
    """A way to draw samples: words, whether primary units are people, and what `pv.Survey` is told."""

    name: str
    told: dict[str, Any]

    def rows(self, made: People, samples: int, rng: np.random.Generator) -> dict[str, Array]:
        """Return samples one below the other, with their design."""
        draw = {
            "stratified two stages": two_stages,
            "two stages, pps without replacement": pps_without,
            "two stages, pps with replacement": pps_with,
            "pairs of primary units, pps with replacement": pairs,
            "simple random, one person in eight": simple,
            "stratified persons": stratified,
        }[self.name]
        row, design = draw(made, samples, rng)
        out = {name: column[row] for name, column in made.columns.items()}
        return out | design

    def survey(self, data: dict[str, Array]) -> pv.Survey:
        """Return the survey of samples."""
        return pv.Survey(data, **self.told)


def _first(keys: Array, count: int) -> Array:
    """Return the places of the `count` smallest keys along the last axis."""
    return np.asarray(np.argpartition(keys, count, axis=-1)[..., :count])


def _persons(made: People, cluster: Array, rng: np.random.Generator) -> Array:
    """Return people drawn from clusters, the last axis."""
    keys = rng.random((*cluster.shape, int(made.size.max())))
    keys = np.where(np.arange(keys.shape[-1]) < made.size[cluster][..., None], keys, 2.0)
    return np.asarray(made.start[cluster][..., None] + _first(keys, TAKEN))


def _clustered(
    made: People, cluster: Array, chance: Array, rng: np.random.Generator
) -> tuple[Array, dict[str, Array]]:
    """Return people of clusters (samples, strata, units) and their design."""
    samples, strata, units = cluster.shape
    row = _persons(made, cluster, rng)
    of = np.broadcast_to(np.arange(cluster.size).reshape(cluster.shape)[..., None], row.shape)
    part = made.size[cluster]
    told = {
        "sample": of // (strata * units),
        "layer": of // units,
        "unit": of,
        "person": np.arange(row.size).reshape(row.shape),
        "w": np.broadcast_to((part / TAKEN / chance)[..., None], row.shape),
        "chance": np.broadcast_to(chance[..., None], row.shape),
        "part": np.broadcast_to(part[..., None], row.shape),
        "clusters": np.full(row.shape, CLUSTERS),
    }
    del samples
    return row.ravel(), {name: np.ascontiguousarray(v).ravel() for name, v in told.items()}


def two_stages(
    made: People, samples: int, rng: np.random.Generator
) -> tuple[Array, dict[str, Array]]:
    """Draw clusters of each stratum with equal chances, then people of each."""
    cluster = _first(rng.random((samples, STRATA, CLUSTERS)), DRAWN)
    cluster = cluster + CLUSTERS * np.arange(STRATA)[:, None]
    return _clustered(made, cluster, np.full(cluster.shape, DRAWN / CLUSTERS), rng)


def pps_without(
    made: People, samples: int, rng: np.random.Generator
) -> tuple[Array, dict[str, Array]]:
    """Draw clusters by size: systematically from a list in random order."""
    size = made.size.reshape(STRATA, CLUSTERS)
    chance = DRAWN * size / size.sum(axis=1, keepdims=True)
    order = rng.random((samples, STRATA, CLUSTERS)).argsort(axis=-1)
    up = np.take_along_axis(np.broadcast_to(chance, order.shape), order, axis=-1).cumsum(axis=-1)
    points = rng.random((samples, STRATA, 1)) + np.arange(DRAWN)
    at = (up[:, :, None, :] <= points[..., None]).sum(axis=-1)
    cluster = np.take_along_axis(order, np.minimum(at, CLUSTERS - 1), axis=-1)
    taken = np.take_along_axis(np.broadcast_to(chance, order.shape), cluster, axis=-1)
    return _clustered(made, cluster + CLUSTERS * np.arange(STRATA)[:, None], taken, rng)


def pps_with(
    made: People, samples: int, rng: np.random.Generator, strata: int = STRATA, drawn: int = DRAWN
) -> tuple[Array, dict[str, Array]]:
    """Draw clusters by size, each draw by itself."""
    size = made.size.reshape(strata, -1)
    share = size / size.sum(axis=1, keepdims=True)
    points = rng.random((samples, strata, drawn, 1))
    cluster = (share.cumsum(axis=1)[:, None, :] <= points).sum(axis=-1)
    cluster = np.minimum(cluster, size.shape[1] - 1)
    taken = drawn * share[np.arange(strata)[:, None], cluster]
    return _clustered(made, cluster + size.shape[1] * np.arange(strata)[:, None], taken, rng)


def pairs(made: People, samples: int, rng: np.random.Generator) -> tuple[Array, dict[str, Array]]:
    """Draw two clusters by size in each of 30 narrower strata."""
    return pps_with(made, samples, rng, strata=3 * STRATA, drawn=2)


def simple(made: People, samples: int, rng: np.random.Generator) -> tuple[Array, dict[str, Array]]:
    """Draw one person in eight."""
    total = made.columns["case"].size
    row = _first(rng.random((samples, total)), total // 8)
    sample = np.broadcast_to(np.arange(samples)[:, None], row.shape).ravel()
    weight = np.full(row.size, total / row.shape[1])
    return row.ravel(), {
        "sample": sample,
        "layer": sample,
        "w": weight,
        "people": np.full(row.size, total),
    }


def stratified(
    made: People, samples: int, rng: np.random.Generator
) -> tuple[Array, dict[str, Array]]:
    """Draw as many people of every stratum, whatever its size."""
    edges = np.searchsorted(made.columns["stratum"], np.arange(STRATA + 1))
    parts, sizes = [], np.diff(edges)
    for h in range(STRATA):
        parts.append(edges[h] + _first(rng.random((samples, sizes[h])), ELEMENTS))
    row = np.stack(parts, axis=1)
    of_stratum = np.arange(samples * STRATA).reshape(samples, STRATA, 1)
    many = np.broadcast_to(sizes[:, None], row.shape).ravel()
    layer = np.broadcast_to(of_stratum, row.shape).ravel()
    told = {"sample": layer // STRATA, "layer": layer, "w": many / ELEMENTS, "people": many}
    return row.ravel(), told


STAGES = {"weights": "w", "strata": "layer", "stages": ["unit", "person"]}
DESIGNS = {
    design.name: design
    for design in (
        Design("stratified two stages", {**STAGES, "fpc": ["clusters", "part"]}),
        Design(
            "two stages, pps without replacement",
            {**STAGES, "fpc": ["chance", "part"], "pps": "hartley-rao"},
        ),
        Design(
            "two stages, pps with replacement", {"weights": "w", "strata": "layer", "psu": "unit"}
        ),
        Design(
            "pairs of primary units, pps with replacement",
            {"weights": "w", "strata": "layer", "psu": "unit"},
        ),
        Design(
            "simple random, one person in eight",
            {"weights": "w", "strata": "layer", "fpc": "people"},
        ),
        Design("stratified persons", {"weights": "w", "strata": "layer", "fpc": "people"}),
    )
}
