"""How often intervals of a scale-up estimate hold the truth: ``python -m evidence.coverage.network_coverage``.

A finite population in strata and clusters answers how many people it knows in known groups and in a
hidden group; reports of the hidden group resemble one another within a cluster. It is sampled many
times in two stages, and every estimate is the weighted ratio of sums of `prevalence.nsum.scale_up`.
An interval is right if it holds what the whole population's answers would give. With its 2,000
samples a cell the study writes `docs/evidence/network-coverage.csv` and `docs/evidence/network-coverage-details.csv`;
``--quick`` draws 300 and writes nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from evidence.coverage.many import each
from prevalence.direct.borrowing import ASSUMED_ICC
from prevalence.intervals import fewer
from prevalence.simulate.questionnaire import heaped

Array = NDArray[Any]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SAMPLES, QUICK, SEED = 2_000, 300, 20_261_122
STRATA, CLUSTERS, DRAWN, TAKEN = 10, 300, 10, 10  # clusters per stratum: all and drawn; adults
PEOPLE, KNOWN, DEGREE, DEGREE_CV = 2_800_000, 200_000, 180.0, 0.9
GROUPS = 10  # known groups, of equal size
REPLICATES, BATCH = 500, 50
DESIGN_BASED = ("linearised", "jackknife", "bootstrap")
PLAIN = ("uncorrected", "Killworth")  # linearised with the design's df alone; of the ties
METHODS = (*DESIGN_BASED, *PLAIN)
LEAST, MOST = 93.0, 97.0
PREVALENCES, CORRELATIONS = (0.0005, 0.002, 0.01), (0.0, 0.02, 0.1)


@dataclass(frozen=True)
class Cell:
    """A population and its sample.

    Share hidden, correlation of reports within clusters, share of heaped answers, variance of the
    respondents' effects on their reports (a barrier), clusters drawn in each stratum.
    """

    prevalence: float
    icc: float
    heaping: float = 0.0
    barrier: float = 0.0
    drawn: int = DRAWN

    @property
    def expected(self) -> float:
        """Return the number of reports expected in a sample."""
        return STRATA * self.drawn * TAKEN * DEGREE * self.prevalence


GRID = [Cell(p, icc) for p in PREVALENCES for icc in CORRELATIONS]
HEAPED = [Cell(p, 0.02, heaping=0.7) for p in PREVALENCES]
BARRIERS = [Cell(p, 0.05, barrier=4.0) for p in PREVALENCES]
CORNERS = [
    Cell(0.0001, 0.02),
    Cell(0.0002, 0.1),
    Cell(0.00005, 0.02),
    Cell(0.00002, 0.02),
    Cell(0.0001, 0.1, drawn=3),
    Cell(0.0005, 0.3),
    Cell(0.0005, 0.1, drawn=3),
    Cell(0.002, 0.02, drawn=3),
    Cell(0.01, 0.02, drawn=2),
    Cell(0.0002, 0.1, drawn=3),
    Cell(0.0001, 0.3, drawn=3),
    Cell(0.0002, 0.3, drawn=3),
    Cell(0.00005, 0.1),
    Cell(0.00005, 0.3),
    Cell(0.0001, 0.3),
    Cell(0.0002, 0.3),
]
PARTS = {"grid": GRID, "heaping": HEAPED, "barrier": BARRIERS, "corner": CORNERS}


@dataclass(frozen=True)
class Population:
    """Reports of hidden and known people by adult, in order of their clusters, and the clusters."""

    hidden: Array
    known: Array
    start: Array
    size: Array

    @property
    def truth(self) -> float:
        """Return the estimate from the answers of everybody."""
        return float(KNOWN * self.hidden.sum() / self.known.sum())


def population(cell: Cell, rng: np.random.Generator) -> Population:
    """Make clusters of 30 to 70 adults; strata differ in prevalence and in degree.

    The cluster's effect on reports is gamma distributed with mean 1 and the variance that gives the
    linearised variable, reports over their mean less ties over theirs, the correlation.
    """
    count = STRATA * CLUSTERS
    size = rng.integers(30, 71, count)
    cluster = np.repeat(np.arange(count), size)
    level = np.linspace(0.6, 1.4, STRATA)[np.arange(count) // CLUSTERS]
    reports, ties = DEGREE * cell.prevalence, DEGREE * KNOWN / PEOPLE
    within = 1 / reports + 1 / ties + cell.barrier * (1 + DEGREE_CV**2)
    spread = cell.icc / (1 - cell.icc) * within
    effect = rng.gamma(1 / spread, spread, count) if spread else np.ones(count)
    degree = rng.gamma(1 / DEGREE_CV**2, DEGREE * DEGREE_CV**2, cluster.size)
    degree = degree * np.exp(rng.normal(-0.02, 0.2, count))[cluster]
    mean = degree * cell.prevalence * (level * effect)[cluster]
    if cell.barrier:
        mean = mean * rng.gamma(1 / cell.barrier, cell.barrier, mean.size)
    hidden = rng.poisson(mean)
    known = rng.poisson(np.multiply.outer(np.full(GROUPS, KNOWN / GROUPS / PEOPLE), degree))
    if cell.heaping:
        hidden, known = heaped(hidden, cell.heaping, rng), _heaped(known, cell.heaping, rng)
    return Population(hidden, known.sum(axis=0), np.r_[0, np.cumsum(size)[:-1]], size)


def _heaped(known: Array, share: float, rng: np.random.Generator) -> Array:
    return np.stack([heaped(group, share, rng) for group in known])


def draw(made: Population, cell: Cell, samples: int, rng: np.random.Generator) -> Array:
    """Return the rows drawn (samples, strata, clusters, adults): clusters, then adults in each."""
    keys = rng.random((samples, STRATA, CLUSTERS))
    picked = np.argpartition(keys, cell.drawn, axis=-1)[..., : cell.drawn]
    cluster = picked + CLUSTERS * np.arange(STRATA)[:, None]
    size = made.size[cluster][..., None]
    order = rng.random((*cluster.shape, int(made.size.max())))
    order = np.where(np.arange(order.shape[-1]) < size, order, 2.0)
    adults = np.argpartition(order, TAKEN, axis=-1)[..., :TAKEN]
    return np.asarray(made.start[cluster][..., None] + adults)


def totals(made: Population, cell: Cell, rows: Array) -> dict[str, Array]:
    """Return weighted totals of the clusters drawn (samples, strata, clusters)."""
    cluster = np.searchsorted(made.start, rows[..., 0], side="right") - 1
    w = made.size[cluster] / TAKEN * CLUSTERS / cell.drawn
    hidden, known = made.hidden[rows], made.known[rows]
    return {
        "clusters": TAKEN * w,
        "hidden": w * hidden.sum(axis=-1),
        "known": w * known.sum(axis=-1),
        "ties": known.sum(axis=(1, 2, 3)) * (PEOPLE / KNOWN),
        "weights": TAKEN * w.sum(axis=(1, 2)),
        "squares": TAKEN * (w * w).sum(axis=(1, 2)),
    }


def estimates(found: dict[str, Array]) -> Array:
    """Return the sizes of the hidden group."""
    return np.asarray(KNOWN * found["hidden"].sum(axis=(1, 2)) / found["known"].sum(axis=(1, 2)))


def spreads(found: dict[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """Return the standard error of the logarithm of the size by every method."""
    y, x = found["hidden"], found["known"]
    n = y.shape[-1]
    up, down = y.sum(axis=(1, 2)), x.sum(axis=(1, 2))
    share = up / down
    z = (y - share[:, None, None] * x) / down[:, None, None]
    left = [
        t[:, None, None] + n / (n - 1) * (s.mean(axis=-1, keepdims=True) - s)
        for t, s in ((up, y), (down, x))
    ]
    off = left[0] / left[1] - share[:, None, None]
    f = factors(n, rng)
    again = np.einsum("shj,hjr->sr", y, f) / np.einsum("shj,hjr->sr", x, f)
    p = KNOWN * share / PEOPLE
    with np.errstate(all="ignore"):
        return {
            "linearised": np.sqrt(n * n / (n - 1) * z.var(axis=-1).sum(axis=-1)) / share,
            "jackknife": np.sqrt((n - 1) / n * (off**2).sum(axis=(1, 2))) / share,
            "bootstrap": np.sqrt(((again - share[:, None]) ** 2).mean(axis=-1)) / share,
            "Killworth": np.sqrt((1 - p) / (p * found["ties"])),
        }


def factors(n: int, rng: np.random.Generator) -> Array:
    """Return factors of the rescaled bootstrap (strata, clusters, replicates)."""
    out = np.empty((STRATA, n, REPLICATES))
    for h in range(STRATA):
        drawn = rng.integers(0, n, (REPLICATES, n - 1)) + n * np.arange(REPLICATES)[:, None]
        out[h] = np.bincount(drawn.ravel(), minlength=n * REPLICATES).reshape(REPLICATES, n).T
    return out * (n / (n - 1))


def excess(found: dict[str, Array]) -> Array:
    """Return what few clusters that carry most of the variance add to one over its df."""
    y, x = found["hidden"], found["known"]
    share = y.sum(axis=(1, 2)) / x.sum(axis=(1, 2))
    z = y - share[:, None, None] * x
    second, fourth = ((z**power).sum(axis=(1, 2)) for power in (2, 4))
    with np.errstate(all="ignore"):
        more = fourth / (2 * second**2) - 1.5 / z[0].size
    return np.asarray(np.maximum(np.nan_to_num(more), 0.0))


def limits(
    size: Array,
    spread: Array,
    quantile: Array | float,
    found: dict[str, Array],
    icc: float = ASSUMED_ICC,
) -> Array:
    """Return the interval on the log scale; without a report that of a count of 0.

    Reports that are not there are taken to have a correlation of 0.1 within clusters.
    """
    one = KNOWN * found["squares"] / found["weights"] / found["known"].sum(axis=(1, 2))
    in_cluster = (found["clusters"] ** 2).sum(axis=(1, 2)) / found["squares"]
    one = one * (1 + icc * (in_cluster - 1))
    with np.errstate(all="ignore"):
        half = np.exp(quantile * spread)
        out = np.stack([size / half, size * half], axis=-1)
    none = size == 0
    out[none, 0], out[none, 1] = 0.0, -np.log(0.025) * one[none]
    return out


def cell_lines(cell: Cell, samples: int, seed: list[int]) -> list[dict[str, Any]]:
    """Return one line per method; the seed depends on nothing else."""
    rng = np.random.default_rng([SEED, *seed])
    made = population(cell, rng)
    kept: dict[str, list[Array]] = {name: [] for name in ("size", "none", *METHODS)}
    errors: dict[str, list[Array]] = {name: [] for name in METHODS}
    df = STRATA * (cell.drawn - 1)
    for first in range(0, samples, BATCH):
        found = totals(made, cell, draw(made, cell, min(BATCH, samples - first), rng))
        size = estimates(found)
        kept["size"].append(size)
        by_method = spreads(found, rng)
        by_method["uncorrected"] = by_method["linearised"]
        few = fewer(np.full(size.size, df), excess(found))
        quantiles = dict.fromkeys(DESIGN_BASED, stdtrit(few, 0.975))
        quantiles |= {"uncorrected": np.asarray(stdtrit(df, 0.975)), "Killworth": ndtri([0.975])}
        for name, spread in by_method.items():
            icc = 0.0 if name in PLAIN else ASSUMED_ICC  # of a count of 0
            kept[name].append(limits(size, spread, quantiles[name], found, icc))
            errors[name].append(spread)
    size = np.concatenate(kept["size"])
    seen = {
        "prevalence": cell.prevalence,
        "icc": cell.icc,
        "heaping": cell.heaping,
        "barrier": cell.barrier,
        "clusters": STRATA * cell.drawn,
        "reports": cell.expected,
        "heaping_bias": 100 * (made.truth / (PEOPLE * cell.prevalence) - 1),
        "no_report": 100 * float((size == 0).mean()),
        "bias": 100 * float(size.mean() / made.truth - 1),
        "cv": 100 * float(size.std() / made.truth),
    }
    return [
        seen
        | line(name, made.truth, size, np.concatenate(kept[name]), np.concatenate(errors[name]))
        for name in METHODS
    ]


def line(name: str, truth: float, size: Array, found: Array, spread: Array) -> dict[str, Any]:
    """Return how often a method's intervals hold the truth, and how large its error is."""
    low, high = found.T
    covered = float(((low <= truth) & (truth <= high)).mean())
    error = 100 * float(np.sqrt(max(covered * (1 - covered), 1e-4) / size.size))
    some = size > 0
    return {
        "method": name,
        "coverage": 100 * covered,
        "mc_se": error,
        "too_high": 100 * float((low > truth).mean()),
        "too_low": 100 * float((high < truth).mean()),
        "se_ratio": float(np.sqrt(np.mean((spread[some] * size[some]) ** 2)) / size.std()),
    }


def study(samples: int) -> pd.DataFrame:
    """Return one line per cell and method."""
    kinds = [kind for kind, cells in PARTS.items() for _ in cells]
    every = each(
        cell_lines,
        [
            (cell, samples, [part, i])
            for part, cells in enumerate(PARTS.values())
            for i, cell in enumerate(cells)
        ],
    )
    return pd.DataFrame(
        [{"part": kind, **line} for kind, some in zip(kinds, every, strict=True) for line in some]
    )


DIGITS = {
    **dict.fromkeys(("coverage", "mc_se", "too_high", "too_low", "no_report"), 2),
    **dict.fromkeys(("cv", "bias", "heaping_bias", "reports"), 1),
    "se_ratio": 3,
}


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """Return coverages in per cent, one row per cell, and Killworth's standard error over the true."""
    keys = ["part", "prevalence", "icc", "heaping", "barrier", "clusters", "reports", "cv"]
    out = table.pivot_table(index=keys, columns="method", values="coverage", sort=False).round(1)
    model = table[table["method"] == "Killworth"].set_index(keys)["se_ratio"]
    return out.assign(killworth_se_ratio=model.round(2)).reset_index()


def main() -> None:
    """Run the study, print the coverages, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 samples a cell; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else SAMPLES).round(DIGITS)
    print(wide(table).to_string(index=False))
    inside = table[(table["part"] != "corner") & table["method"].isin(DESIGN_BASED)]
    print(
        f"design-based intervals cover {inside['coverage'].min():.1f} to "
        f"{inside['coverage'].max():.1f} %, with Monte Carlo errors to {inside['mc_se'].max():.2f}"
    )
    if not quick:
        wide(table).to_csv(DOCS / "network-coverage.csv", index=False)
        table.to_csv(DOCS / "network-coverage-details.csv", index=False)


if __name__ == "__main__":
    main()
