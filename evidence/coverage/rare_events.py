"""How often intervals of rare shares hold the truth: ``python -m evidence.coverage.rare_events``.

Clusters have beta-binomial counts of cases with a given intraclass correlation; every sample of a
cell is drawn and estimated at once, and every interval is the library's own rule. The tables go to
`docs/evidence/rare-events-table.csv` and `docs/evidence/rare-events-details.csv`; `--quick` draws 2,000 samples a cell
in place of 20,000 and writes nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.coverage.many import each
from prevalence import intervals
from prevalence.direct.borrowing import Seen, blended, cluster_deff, default_deff, intraclass

Array = NDArray[Any]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SHARES, CORRELATIONS, COMMON = (0.002, 0.005, 0.02), (0.0, 0.05, 0.2), (0.1, 0.2, 0.4)
LEAST, MOST, LEAST_HALF = 94.0, 98.5, 93.0  # what `auto` must cover, in per cent
SEED = 20_261_121


@dataclass(frozen=True, eq=False)
class Layout:
    """Rows (groups, clusters) of a sample, their weights, and the strata of the clusters.

    Groups are kinds of rows in one cluster; `inside` tells which make the domain that is estimated,
    and `relative` how large each cluster's mean share is relative to the population's.
    """

    name: str
    rows: Array
    weights: Array
    stratum: Array
    relative: Array
    inside: Array

    def whole(self) -> Layout:
        """Return the layout with all rows as what is estimated."""
        return replace(self, inside=np.ones_like(self.inside))

    @property
    def is_domain(self) -> bool:
        """Tell whether some rows are outside of what is estimated."""
        return not bool(self.inside.all())


def layout(
    name: str, rows: Array, *, weights: Any = 1.0, strata: int = 1, inside: Any = True
) -> Layout:
    """Return a layout whose strata, if several, have shares from 0.3 to 2 times the mean's."""
    clusters = rows.shape[1]
    stratum = np.arange(clusters) * strata // clusters
    relative = (
        np.array([0.3, 0.5, 0.8, 1.0, 1.4, 2.0])[stratum] if strata == 6 else np.ones(clusters)
    )
    w = np.broadcast_to(np.asarray(weights, dtype=float), rows.shape)
    share = (w * rows).sum(axis=0)
    relative = relative * share.sum() / (share * relative).sum()
    return Layout(name, rows, w, stratum, relative, np.broadcast_to(inside, rows.shape))


def layouts() -> list[Layout]:
    """Return the designs of the study."""
    spread = np.exp(np.linspace(-1.2, 1.2, 30))
    unequal = np.round(30 * spread / spread.mean()).astype(int)[None]
    by_cluster = np.exp(np.random.default_rng(1).normal(0, 0.5, 60))
    weights = np.stack([0.6 * by_cluster, 1.8 * by_cluster])
    two = np.full((2, 60), 10)
    quarter = np.random.default_rng(2).binomial(30, 0.25, 30)
    return [
        layout("30 x 30", np.full((1, 30), 30)),
        layout("60 x 20", np.full((1, 60), 20)),
        layout("56 x 15", np.full((1, 56), 15)),
        layout("30 unequal, 12 to 60 rows", unequal),
        layout("60 x 20, 6 strata", np.full((1, 60), 20), strata=6),
        layout("60 x 20, weights", two, weights=weights),
        layout("60 x 20, strata and weights", two, weights=weights, strata=6),
        layout(
            "domain: a quarter of 30 x 30",
            np.stack([quarter, 30 - quarter]),
            inside=[[True], [False]],
        ),
        layout("domain: 15 of 60 x 20", np.full((1, 60), 20), inside=np.arange(60) % 4 == 0),
    ]


def draw(of: Layout, p: float, icc: float, samples: int, rng: np.random.Generator) -> Array:
    """Return counts of cases (samples, groups, clusters)."""
    mean = np.broadcast_to(p * of.relative, (samples, of.rows.shape[1]))
    if icc > 0:
        mean = rng.beta(mean * (1 / icc - 1), (1 - mean) * (1 / icc - 1))
    return rng.binomial(of.rows, np.clip(mean, 0, 1)[:, None, :])


def estimate(of: Layout, cases: Array) -> tuple[Seen, Array]:
    """Return what every sample tells of the share, and its standard error."""
    rows = of.rows * of.inside
    weight = (of.weights * rows).sum(axis=0)
    found = (of.weights * of.inside * cases).sum(axis=1)
    total, n = weight.sum(), float(rows.sum())
    p = found.sum(axis=1) / total
    score = (found - p[:, None] * weight) / total
    used = weight > 0
    variance = np.zeros(p.size)
    for h in np.unique(of.stratum):
        z = score[:, of.stratum == h]  # clusters outside of the domain count as zeros
        k = z.shape[1]
        variance += k / (k - 1) * (k * z.var(axis=1))
    with np.errstate(all="ignore"):
        own = np.where((p > 0) & (p < 1), n * variance / (p * (1 - p)), np.nan)
    squares = float((of.weights**2 * rows).sum())
    df = used.sum() - np.unique(of.stratum[used]).size
    constants = (n, df, n * squares / total**2, (weight**2).sum() / squares)
    n_, df_, kish, size = (np.full(p.size, float(x)) for x in constants)
    return Seen(p, own, n_, df_, kish, size), np.sqrt(variance)


@contextmanager
def prior(parameter: float) -> Iterator[None]:
    """Set the prior of `auto`, to compare with Jeffreys'."""
    kept = intervals.PRIOR
    intervals.PRIOR = parameter
    try:
        yield
    finally:
        intervals.PRIOR = kept


def limits(rule: str, seen: Seen, deff: Array | None, error: Array, level: float = 0.95) -> Array:
    """Return the limits by a rule of the library; without `deff`, what is nan stays so."""
    constants = {"value": seen.share, "n": seen.n, "std_error": error}
    if deff is not None:
        constants["deff"] = deff
    with np.errstate(all="ignore"):
        return intervals.RULES[rule](constants, seen.df, level)


def auto(seen: Seen, borrowed: Array | float) -> Array:
    """Return the limits of `auto` with a borrowed design effect."""
    borrowed = np.broadcast_to(borrowed, seen.share.shape)
    deff = blended(seen.own, borrowed, seen.share, seen.n)
    return limits("auto", seen, deff, np.full(seen.share.size, np.nan))


def carried(seen: Seen, whole: Seen) -> Array:
    """Return the design effect carried from other shares of all rows, as the library does."""
    used = blended(whole.own, default_deff(whole), whole.share, whole.n)
    return cluster_deff(intraclass(used, whole.kish, whole.size), seen.kish, seen.size)


def methods(of: Layout, p: float, icc: float, samples: int, rng: Any) -> dict[str, Array]:
    """Return the limits by every method, each (samples, 2), on one set of samples."""
    cases = draw(of, p, icc, samples, rng)
    seen, error = estimate(of, cases)
    all_rows = of.whole()
    right, half = (cluster_deff(r, seen.kish, seen.size) for r in (icc, icc / 2))
    largest = {
        name: np.fmax(np.fmax(seen.own, b), 1) for name, b in (("right", right), ("half", half))
    }
    out = {
        "auto, right icc": auto(seen, right),
        "auto, half icc": auto(seen, half),
        "auto, icc from a share of .1": auto(
            seen, carried(seen, estimate(all_rows, draw(of, 0.1, icc, samples, rng))[0])
        ),
        "auto, icc from a share of .2": auto(
            seen, carried(seen, estimate(all_rows, draw(of, 0.2, icc, samples, rng))[0])
        ),
        "auto, nothing given": auto(
            seen,
            carried(seen, estimate(all_rows, cases)[0]) if of.is_domain else default_deff(seen),
        ),
    }
    with prior(0.5):
        for name, deff in largest.items():
            out[f"Jeffreys and max, {name} icc"] = limits("auto", seen, deff, error)
    deff = blended(seen.own, np.broadcast_to(right, seen.share.shape), seen.share, seen.n)
    ceiling = limits("beta", seen, deff, error, 0.9)[:, 1]  # as Estimate.at_most
    out["at most, right icc"] = np.stack([np.zeros(ceiling.size), ceiling], axis=-1)
    unknown = np.where(seen.own > 0, seen.own, np.nan)
    return out | {
        "logit": limits("logit", seen, None, error),
        "wilson": limits("wilson", seen, unknown, error),
        "korn-graubard": limits("korn-graubard", seen, np.where(seen.own > 0, seen.own, 1), error),
        "korn-graubard, right icc": limits("korn-graubard", seen, largest["right"], error),
        "point": np.stack([error, seen.share], axis=-1),
    }


def row(of: Layout, p: float, icc: float, name: str, found: Array) -> dict[str, Any]:
    """Return the line of one method in one cell; a sample without limits is a miss."""
    low, high = found.T
    size = low.size
    told = np.isfinite(low)
    covered = 100 * float(((low <= p) & (p <= high)).mean())
    return {
        "design": of.name,
        "p": p,
        "icc": icc,
        "method": name,
        "coverage": covered,
        "mc_se": 100 * float(np.sqrt(max(covered * (100 - covered), 1)) / 100 / np.sqrt(size)),
        "too_high": 100 * float((low > p).mean()),
        "too_low": 100 * float((high < p).mean()),
        "no_limits": 100 * float((~told).mean()),
        "median_width": float(np.median(high[told] - low[told])),
    }


def cell(of: Layout, p: float, icc: float, samples: int, seed: list[int]) -> list[dict[str, Any]]:
    """Return the lines of one cell, whose seed depends on nothing else."""
    found = methods(of, p, icc, samples, np.random.default_rng([SEED, *seed]))
    error, share = found.pop("point").T
    about = {
        "no_case": 100 * float((share == 0).mean()),
        "bias": 100 * float(share.mean() / p - 1),
        "rmse": 100 * float(np.sqrt(((share / p - 1) ** 2).mean())),
        "se_ratio": float(np.sqrt((error**2).mean()) / share.std()),
    }
    return [{**row(of, p, icc, name, x), **about} for name, x in found.items()]


def verdict(line: Any) -> str:
    """Say how a line misses what is asked of `auto`, beyond two Monte Carlo errors."""
    margin = 2 * line.mc_se
    if line.p >= min(COMMON):
        return ""
    if line.method == "auto, right icc" and line.coverage > MOST + margin:
        return f"right: above {MOST:g}"
    if line.method == "auto, right icc" and line.coverage < LEAST - margin:
        return f"right: below {LEAST:g}"
    if line.method == "auto, half icc" and line.coverage < LEAST_HALF - margin:
        return f"half: below {LEAST_HALF:g}"
    return ""


def corners() -> list[tuple[Layout, float, float]]:
    """Return cells outside of the grid, where the interval is known to come to its end."""
    small, big = layout("30 x 30", np.full((1, 30), 30)), layout("10 x 400", np.full((1, 10), 400))
    return [
        *((small, p, 0.0) for p in (0.0001, 0.0002, 0.0005)),
        *((small, p, 0.5) for p in (0.005, 0.02, 0.05)),
        *((big, p, 0.2) for p in (0.005, 0.02, 0.05)),
    ]


def study(samples: int) -> pd.DataFrame:
    """Return one line per cell and method."""
    cells: list[tuple[Any, ...]] = [
        (of, p, icc, samples, [i, j, k])
        for i, of in enumerate(layouts())
        for j, p in enumerate((*SHARES, *COMMON))
        for k, icc in enumerate(CORRELATIONS)
    ]
    inside = len(cells)
    cells += [(of, p, icc, samples, [99, i]) for i, (of, p, icc) in enumerate(corners())]
    found = each(cell, cells)
    table = pd.DataFrame([line for some in found for line in some])
    table["corner"] = np.repeat(np.arange(len(cells)) >= inside, [len(some) for some in found])
    table["misses"] = [verdict(line) for line in table.itertuples()]
    return table


def wide(table: pd.DataFrame, choose: Callable[[pd.DataFrame], Any]) -> pd.DataFrame:
    """Return coverages in per cent, one row per cell and one column per method."""
    part = table[choose(table)]
    keys = ["design", "p", "icc", "no_case"]
    out = part.pivot_table(index=keys, columns="method", values="coverage", sort=False).round(1)
    remarks = part.groupby(keys, sort=False)["misses"].agg(lambda m: "; ".join(x for x in m if x))
    found: pd.DataFrame = out.assign(misses=remarks).reset_index()
    return found.round({"no_case": 1})


DIGITS = {
    **dict.fromkeys(("coverage", "too_high", "too_low", "no_limits", "no_case"), 2),
    **dict.fromkeys(("bias", "rmse"), 1),
    **dict.fromkeys(("mc_se", "se_ratio"), 3),
    "median_width": 5,
}
PARTS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "rare-events-table.csv": lambda t: ~t["corner"] & (t["p"] < min(COMMON)),
    "rare-events-common.csv": lambda t: ~t["corner"] & (t["p"] >= min(COMMON)),
    "rare-events-corners.csv": lambda t: t["corner"],
}


def main() -> None:
    """Run the study, print where it misses what is asked, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 samples a cell; write nothing")
    quick = parser.parse_args().quick
    table = study(2_000 if quick else 20_000)
    for name, choose in PARTS.items():
        part = wide(table, choose)
        print(f"\n{name}\n{part.to_string(index=False)}")
        if not quick:
            part.to_csv(DOCS / name, index=False)
    if not quick:
        table.round(DIGITS).to_csv(DOCS / "rare-events-details.csv", index=False)
    inside = table[~table["corner"] & (table["p"] < min(COMMON))]
    for method, lines in inside.groupby("method", sort=False):
        print(
            f"{method:32} covers {lines['coverage'].min():5.1f} to {lines['coverage'].max():5.1f} %, "
            f"mean of median widths {100 * lines['median_width'].mean():.2f} points"
        )
    missed = inside[inside["misses"] != ""]
    print(
        f"\n{len(missed)} of {len(inside) // inside['method'].nunique()} cells miss what is asked:"
    )
    print(missed[["design", "p", "icc", "misses", "coverage", "mc_se"]].to_string(index=False))


if __name__ == "__main__":
    main()
