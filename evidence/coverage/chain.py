"""Standard errors through a chain of weighting steps, against the truth: ``python -m evidence.coverage.chain``.

A finite population in strata and clusters is sampled many times in two stages; people answer or do
not with a chance that depends on their class; the respondents are weighted for nonresponse,
poststratified, raked and trimmed. For every estimator and way to a variance the table holds the
mean standard error over the standard deviation of the estimates (1 is right) and the coverage of
the 95 % interval, each with its Monte Carlo error. With its 2,000 samples the study writes
`docs/evidence/weights-variance.csv`; ``python -m evidence.coverage.chain 500`` takes fewer and writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from evidence.coverage.many import each, rounded, summary

Array = NDArray[Any]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "weights-variance.csv"
SAMPLES, REPLICATES, SEED = 2_000, 200, 20
STRATA, CLUSTERS, DRAWN, TAKEN, CAP = 6, 500, 10, 14, 1.6
CHUNK = 100  # samples drawn with one seed, by one process
# The ways to a variance: three through all steps, and two that take the weights as given.
FULL = ("linearised", "jackknife", "bootstrap")
SHORT = ("last step only", "weights as given")
WAYS = (*FULL, *SHORT)
ESTIMATORS = (
    "total of hours",
    "total of cases",
    "mean hours",
    "share of cases",
    "mean hours, one region",
    "share of cases, one trade",
    "hours / schooling",
)


@dataclass(frozen=True)
class Population:
    """People in file order of their clusters: columns, and where the clusters start."""

    people: dict[str, Array]
    start: Array
    size: Array

    def margin(self, name: str) -> dict[int, float]:
        """Return the known total of every category."""
        return dict(enumerate(np.bincount(self.people[name]).astype(float).tolist()))


def population(seed: int = SEED) -> Population:
    """Make strata of clusters of unequal size whose members resemble one another."""
    rng = np.random.default_rng(seed)
    count = STRATA * CLUSTERS
    size = rng.integers(30, 71, count)
    cluster = np.repeat(np.arange(count), size)
    n = cluster.size
    stratum = cluster // CLUSTERS
    effect, taste = rng.normal(0, 1, (2, count))
    sex = (rng.random(n) < 0.48 + 0.02 * (stratum % 2)).astype(int)
    age = np.minimum(rng.poisson(0.9, n), 2)
    urban = (stratum % 3 == 0).astype(int)
    trade = (rng.random(n) < 0.35 + 0.1 * np.tanh(taste[cluster])).astype(int)
    hours = np.maximum(
        12 + 2 * stratum + 5 * age + 4 * sex + 2 * effect[cluster] + rng.normal(0, 5, n), 0
    )
    logit = -1.7 + 0.5 * age + 0.4 * sex + 0.35 * effect[cluster] + 0.3 * trade
    schooling = np.maximum(10 - 2 * age + 0.7 * taste[cluster] + rng.normal(0, 2, n), 0)
    return Population(
        {
            "cluster": cluster,
            "stratum": stratum,
            "region": stratum // 2,
            "sex": sex,
            "age": age,
            "urban": urban,
            "trade": trade,
            "hours": hours,
            "case": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float),
            "schooling": schooling,
            # the chance to answer: by class alone, so that the classes put it right
            "chance": 0.55 + 0.15 * urban + 0.1 * age,
        },
        np.r_[0, np.cumsum(size)[:-1]],
        size,
    )


def truth(made: Population) -> Array:
    """Return what the estimators estimate."""
    p = made.people
    hours, case = p["hours"], p["case"]
    return np.array(
        [
            hours.sum(),
            case.sum(),
            hours.mean(),
            case.mean(),
            hours[p["region"] == 0].mean(),
            case[p["trade"] == 1].mean(),
            hours.sum() / p["schooling"].sum(),
        ]
    )


def sample(made: Population, rng: np.random.Generator) -> dict[str, Array]:
    """Draw clusters by stratum, people by cluster, and who answers; with the base weights."""
    drawn = np.concatenate(
        [h * CLUSTERS + rng.permutation(CLUSTERS)[:DRAWN] for h in range(STRATA)]
    )
    rows = np.concatenate(
        [made.start[c] + rng.permutation(made.size[c])[:TAKEN] for c in drawn.tolist()]
    )
    data = {name: column[rows] for name, column in made.people.items()}
    weight = CLUSTERS / DRAWN * made.size[drawn] / TAKEN
    answered = (rng.random(rows.size) < data["chance"]).astype(float)
    return {**data, "w": np.repeat(weight, TAKEN), "answered": answered}


def surveys(made: Population, data: dict[str, Array], seed: int) -> dict[str, pv.Survey]:
    """Return the weighted sample with each way to a variance; the weights are the same."""
    before = (
        _survey(data, "w")
        .nonresponse("answered", within=["urban", "age"])
        .poststratify("region", made.margin("region"))
        .rake({"sex": made.margin("sex"), "age": made.margin("age")})
    )
    whole = before.trim(CAP)
    answered = data["answered"] == 1
    kept = {name: column[answered] for name, column in data.items()}
    kept |= {"raked": before.final_weights[answered], "final": whole.final_weights[answered]}
    return {
        "linearised": whole,
        "jackknife": whole.jackknife(),
        "bootstrap": whole.bootstrap(REPLICATES, rng=seed),
        "last step only": _survey(kept, "raked").trim(CAP),
        "weights as given": _survey(kept, "final"),
    }


def _survey(data: dict[str, Array], weights: str) -> pv.Survey:
    return pv.Survey(data, weights=weights, strata="stratum", psu="cluster")


def estimates(survey: pv.Survey) -> list[pv.Estimate]:
    """Return the estimates in the order of `ESTIMATORS`."""
    direct = pv.direct
    region = direct.mean(survey, "hours", by="region")["0"]
    trade = direct.prevalence(survey, "case", where="trade == 1")
    return [
        direct.total(survey, ["hours", "case"]),
        direct.mean(survey, "hours"),
        direct.prevalence(survey, "case"),
        region,
        trade,
        direct.ratio(survey, "hours", "schooling"),
    ]


@dataclass(frozen=True)
class Study:
    """Estimates and standard errors (samples, ways, estimators), and limits (..., 2)."""

    truth: Array
    value: Array
    std_error: Array
    limits: Array
    ways: Sequence[str]

    def ratio(self) -> tuple[Array, Array]:
        """Mean standard error over the standard deviation of the estimates, and its error."""
        mean, away = self.std_error.mean(axis=0), self.value - self.value.mean(axis=0)
        spread = self.value.std(axis=0, ddof=1)
        influence = (self.std_error - mean) / mean - ((away / spread) ** 2 - 1) / 2
        out = mean / spread
        return out, out * influence.std(axis=0, ddof=1) / np.sqrt(len(self.value))

    def coverage(self) -> tuple[Array, Array]:
        """Share of intervals that hold the truth, and its error."""
        low, high = np.moveaxis(self.limits, -1, 0)
        share = ((low <= self.truth) & (self.truth <= high)).mean(axis=0)
        return share, np.sqrt(share * (1 - share) / len(self.value))

    def bias(self) -> tuple[Array, Array]:
        """Bias of the estimates in standard deviations, and its error, by estimator."""
        first = self.value[:, 0]
        spread = first.std(axis=0, ddof=1)
        return (first.mean(axis=0) - self.truth) / spread, np.full(
            self.truth.shape, len(first) ** -0.5
        )

    def against(self, one: str, two: str) -> tuple[Array, Array]:
        """Mean ratio of two standard errors in one sample, and its error."""
        a, b = (self.std_error[:, self.ways.index(way)] for way in (one, two))
        return (a / b).mean(axis=0), (a / b).std(axis=0, ddof=1) / np.sqrt(len(a))


def study(
    samples: int = SAMPLES, ways: Sequence[str] = WAYS, seed: int = SEED, *, wide: bool = True
) -> Study:
    """Sample the population many times; `wide` also makes the intervals."""
    answer, ways = truth(population()), tuple(ways)
    starts = range(0, samples, CHUNK)
    parts = [(first, min(CHUNK, samples - first), ways, seed, wide) for first in starts]
    some = each(samples_from, parts) if len(parts) > 1 else [samples_from(*parts[0])]
    value, error, limits = (np.concatenate(part) for part in zip(*some, strict=True))
    return Study(answer, value, error, limits, ways)


def samples_from(
    first: int, samples: int, ways: Sequence[str], seed: int, wide: bool
) -> tuple[Array, Array, Array]:
    """Return values, standard errors and limits, of some samples in a row."""
    made, rng = population(), np.random.default_rng([seed, first])
    shape = (samples, len(ways), len(ESTIMATORS))
    value, error, limits = np.empty(shape), np.empty(shape), np.full((*shape, 2), np.nan)
    for r in range(samples):
        by_way = surveys(made, sample(made, rng), first + r)
        for j, way in enumerate(ways):
            found = estimates(by_way[way])
            value[r, j] = np.concatenate([e.value for e in found])
            error[r, j] = np.concatenate([e.std_error for e in found])
            if wide:
                limits[r, j] = np.concatenate([e.interval() for e in found])
    return value, error, limits


def table(done: Study) -> pd.DataFrame:
    """Return a row per estimator and a pair of columns per way."""
    ratio, ratio_error = done.ratio()
    share, share_error = done.coverage()

    def cell(j: int) -> Callable[[int], str]:
        return lambda k: (
            f"{ratio[j, k]:.3f} ({ratio_error[j, k]:.3f}); "
            f"{100 * share[j, k]:.1f} ({100 * share_error[j, k]:.1f})"
        )

    rows = range(len(ESTIMATORS))
    columns = {way: [cell(j)(k) for k in rows] for j, way in enumerate(done.ways)}
    return pd.DataFrame(columns, index=pd.Index(ESTIMATORS, name="estimator"))


def details(done: Study) -> pd.DataFrame:
    """Return one line per estimator and way to a variance."""
    lines = []
    for j, way in enumerate(done.ways):
        for k, estimator in enumerate(ESTIMATORS):
            value, error = done.value[:, j, k], done.std_error[:, j, k]
            found = summary(np.full(value.size, done.truth[k]), value, error, done.limits[:, j, k])
            lines.append({"estimator": estimator, "way": way, **found})
    return pd.DataFrame(lines)


def main() -> int:
    """Print the table, and write it for the page if the study was the whole one."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    done = study(samples)
    if samples == SAMPLES:
        table(done).to_csv(PAGE)
        rounded(details(done)).to_csv(PAGE.with_name("weights-variance-details.csv"), index=False)
    print(
        f"{samples:,} samples of {STRATA * DRAWN} clusters of {TAKEN}; mean standard error / standard "
        "deviation, and coverage in %\n(Monte Carlo errors in brackets)\n"
    )
    with pd.option_context("display.width", 200, "display.max_columns", None):
        print(table(done).to_string())
    bias, error = done.bias()
    print("\nbias in standard deviations (error", f"{error[0]:.3f}):", np.round(bias, 3).tolist())
    for way in ("jackknife", "bootstrap"):
        found, error = done.against("linearised", way)
        print(
            f"linearised / {way}:",
            np.round(found, 4).tolist(),
            "errors",
            np.round(error, 4).tolist(),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
