"""How often intervals of direct estimates hold the truth: ``python -m evidence.coverage.direct``.

Finite populations of about 30,000 people, whose truth is counted, are sampled by five designs;
2,000 samples a line. Estimators that take domains estimate many samples in one call. The table goes
to `docs/evidence/direct-coverage.csv`; ``--quick`` draws 100 samples a cell and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

import prevalence as pv

from .direct_populations import DESIGNS, People, people
from .many import Cell, Found, command, measured

Array = NDArray[Any]
SEED, BATCH = 20_270_109, 25
PREVALENCES, CORRELATIONS = (0.002, 0.02, 0.2), (0.02, 0.15)
SAMPLED = [name for name in DESIGNS if not name.startswith("pairs")]
CLUSTERED = [name for name in SAMPLED if name.startswith(("stratified two", "two"))]
AGES = {0: 0.5, 1: 0.3, 2: 0.2}  # the standard population
RARE = "rare: few cases expected"
Rows = dict[str, Array]
kept = cache(people)


def one_by_one(data: Rows) -> Iterator[Rows]:
    """Yield each sample of a batch."""
    starts = np.flatnonzero(np.r_[True, np.diff(data["sample"]) > 0, True])
    for first, last in pairwise(starts.tolist()):
        yield {name: column[first:last] for name, column in data.items()}


def row(estimate: pv.Estimate, outcome: str) -> pv.Estimate:
    """Return the row of an outcome."""
    return estimate.take(np.array([estimate.outcomes.index(outcome)]))


# ---------------------------------------------------------------------- what is true
def census(made: People) -> pv.Survey:
    """Return everybody as a survey."""
    return pv.Survey(made.columns)


@cache
def truths(prevalence: float, icc: float) -> dict[str, float]:
    """Return what is estimated, counted among everybody."""
    made = kept(prevalence, icc)
    c, all_ = made.columns, census(made)
    hours, days, case = c["hours"], c["days"], c["case"]
    fits = {
        "linear": pv.direct.regression(all_, "log_hours", ["x", "case"]),
        "linear, skewed outcome": pv.direct.regression(all_, "hours", ["x", "case"]),
        "logistic": pv.direct.regression(all_, "works", ["x"], family="binomial"),
        "effect": pv.direct.marginal_effects(all_, "works", ["x"], family="binomial"),
    }
    ordered = np.sort(hours)
    return {
        "mean": hours.mean(),
        "total": hours.sum(),
        "ratio": hours.sum() / days.sum(),
        "variance": hours.var(ddof=1),
        **{f"q{q}": ordered[int(np.ceil(q * hours.size)) - 1] for q in (0.1, 0.5, 0.9)},
        "standardised": sum(share * hours[c["age"] == a].mean() for a, share in AGES.items()),
        "case": case.mean(),
        "cases": case.sum(),
        **{f"share {kind}": (c["kind"] == kind).mean() for kind in ("home", "farm", "shop")},
        **{name: float(e.value[-1 if name == "effect" else 1]) for name, e in fits.items()},
    }


# ---------------------------------------------------------------------- estimates
def continuous(survey: pv.Survey, true: dict[str, float], **by: Any) -> Iterator[Found]:
    """Estimate means, totals, ratios, variances and quantiles of hours."""
    d = pv.direct
    yield measured("direct.mean", "", true["mean"], d.mean(survey, "hours", **by))
    yield measured("direct.total", "", true["total"], d.total(survey, "hours", **by))
    yield measured("direct.ratio", "", true["ratio"], d.ratio(survey, "hours", "days", **by))
    yield measured("direct.variance", "", true["variance"], d.variance(survey, "hours", **by))
    e = d.standardised(survey, "hours", over="age", population=AGES, **by)
    yield measured("direct.standardised", "", true["standardised"], e)


def quantiles(survey: pv.Survey, true: dict[str, float], **by: Any) -> Iterator[Found]:
    """Estimate quantiles of hours."""
    for q in (0.1, 0.5, 0.9):
        e = pv.direct.quantile(survey, "hours", q, **by)
        yield measured("direct.quantile", f"q = {q}", true[f"q{q}"], e)


def means_cell(design: str, icc: float, rng: np.random.Generator, samples: int) -> Iterator[Found]:
    """Estimate everything but shares and models, all samples of a batch at once."""
    one = DESIGNS[design]
    survey = one.survey(one.rows(kept(0.2, icc), samples, rng))
    true = truths(0.2, icc)
    yield from continuous(survey, true, by="sample")
    yield from quantiles(survey, true, by="sample")


def shares_cell(
    design: str, prevalence: float, icc: float, rng: np.random.Generator, samples: int
) -> Iterator[Found]:
    """Estimate a share and a number: each sample by itself, as a sample borrows from its own rows."""
    one, true = DESIGNS[design], truths(prevalence, icc)
    rare = RARE if prevalence < 0.1 else ""
    data = one.rows(kept(prevalence, icc), samples, rng)
    data["state"] = np.where(data["case"] == 1, "case", "other")
    for rows in one_by_one(data):
        survey = one.survey(rows)
        e = pv.direct.prevalence(survey, "case")
        yield measured("direct.prevalence", "", true["case"], e, rare)
        if prevalence == 0.2:
            e = pv.direct.proportions(survey, "kind")
            for kind in ("farm", "home", "shop"):
                found = row(e, f"kind = {kind}")
                yield measured("direct.proportions", kind, true[f"share {kind}"], found)
        if rows["case"].any():
            e = row(pv.direct.counts(survey, "state"), "state = case")
            yield measured("direct.counts", "", true["cases"], e, rare)


def models_cell(design: str, icc: float, rng: np.random.Generator, samples: int) -> Iterator[Found]:
    """Estimate a linear and a logistic regression, and the mean effect that the latter implies."""
    one, true = DESIGNS[design], truths(0.2, icc)
    for rows in one_by_one(one.rows(kept(0.2, icc), samples, rng)):
        yield from models(one.survey(rows), true)


def models(survey: pv.Survey, true: dict[str, float]) -> Iterator[Found]:
    """Estimate slopes."""
    for outcome, words in (("log_hours", "linear"), ("hours", "linear, skewed outcome")):
        e = pv.direct.regression(survey, outcome, ["x", "case"]).take(np.array([1]))
        yield measured("direct.regression", words, true[words], e)
    e = pv.direct.regression(survey, "works", ["x"], family="binomial").take(np.array([1]))
    yield measured("direct.regression", "logistic", true["logistic"], e)
    e = pv.direct.marginal_effects(survey, "works", ["x"], family="binomial")
    yield measured("direct.marginal_effects", "logistic", true["effect"], e)


SCHEMES: dict[str, tuple[str, Callable[[pv.Survey], pv.Survey]]] = {
    "jackknife": ("two stages, pps with replacement", lambda s: s.jackknife()),
    "bootstrap": ("two stages, pps with replacement", lambda s: s.bootstrap(200, rng=1)),
    "BRR": ("pairs of primary units, pps with replacement", lambda s: s.brr()),
    "BRR, Fay 0.3": ("pairs of primary units, pps with replacement", lambda s: s.brr(fay=0.3)),
}


def replicates_cell(
    scheme: str, icc: float, rng: np.random.Generator, samples: int
) -> Iterator[Found]:
    """Estimate with replicates in place of derivatives."""
    design, replicate = SCHEMES[scheme]
    one, true = DESIGNS[design], truths(0.2, icc)
    data = one.rows(kept(0.2, icc), samples, rng)
    for rows in one_by_one(data):
        survey = replicate(one.survey(rows))
        yield from continuous(survey, true)
        if scheme != "jackknife":
            yield from quantiles(survey, true)
        yield measured("direct.prevalence", "", true["case"], pv.direct.prevalence(survey, "case"))
        e = pv.direct.regression(survey, "works", ["x"], family="binomial").take(np.array([1]))
        yield measured("direct.regression", "logistic", true["logistic"], e)


def cells() -> list[Cell]:
    """Return all cells."""
    out = []
    for design in SAMPLED:
        for icc in CORRELATIONS:
            words = f"{design}, icc {icc:g}"
            out.append(Cell(f"{words}: means", partial(means_cell, design, icc), batch=BATCH))
            for p in PREVALENCES:
                draw = partial(shares_cell, design, p, icc)
                out.append(Cell(f"{words}: {p:.1%}", draw, batch=BATCH))
        if design != "simple random, one person in eight":
            words = f"{design}, icc 0.15: models"
            out.append(Cell(words, partial(models_cell, design, 0.15), batch=BATCH))
    for scheme, (design, _) in SCHEMES.items():
        words = f"{design}, icc 0.15: {scheme}"
        out.append(Cell(words, partial(replicates_cell, scheme, 0.15), batch=BATCH))
    return out


if __name__ == "__main__":
    command("evidence.coverage.direct", "direct-coverage.csv")
