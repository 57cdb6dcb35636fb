"""How often intervals of list estimates hold the truth, and what warns: ``python -m evidence.coverage.mse_coverage``.

Populations of 1,200 and 6,000 come on five lists like a referral mechanism's
(`prevalence.simulate.lists`): independently, with unequal visibility, by referral, with errors of
linkage, with entries that are allegations. Each cell is drawn 2,000 times and estimated by the
estimator that its facts call for, and by those that ignore them. The two verdicts of
`prevalence.mse.reliability`, from the data and from declared facts, are those of the first 300 runs
for the model that the report takes. Other verdicts, and estimators that are dear, have fewer runs.
The study writes `docs/evidence/mse-coverage.csv` and `docs/evidence/mse-coverage-details.csv`; ``--quick`` draws 200
runs, leaves out what is dear, and writes nothing.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv
from evidence.coverage.many import each
from evidence.coverage.mse_cells import HISTORIES, NAMES, SIZES, Audit, Cell, Drawn, cells, draw
from prevalence.intervals import dark_figure
from prevalence.mse.closed import chao_lower_bound
from prevalence.mse.histories import capture_frequencies
from prevalence.mse.loglinear import loglinear_fit
from prevalence.mse.referral.graph import closed_terms, families
from prevalence.mse.referral.variants import Variant, censored, forced, removed
from prevalence.mse.stepwise import stepwise_fit
from prevalence.mse.trust.stated import facts_verdict
from prevalence.mse.trust.verdicts import data_checks, data_verdict

Array = NDArray[Any]
Terms = Sequence[tuple[int, ...]]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "evidence"
SEED = 20_261_203
FAILS, WARNED = 85.0, 90.0  # below that coverage at least so many runs must warn, in per cent
HOLDS, QUIET = 93.0, 20.0  # at that coverage or more at most so many may


@dataclass(frozen=True)
class Effort:
    """Runs of a cell, of the verdicts on the report's model and on others, of what is dear."""

    samples: int = 2_000
    verdicts: int = 300
    others: int = 60
    dear: int = 100
    chains: int = 20


FULL, QUICK = Effort(), Effort(200, 20, 5, 0, 0)


@dataclass(frozen=True, eq=False)
class Found:
    """Estimates by run (R,) and their intervals (R, 2).

    `terms` are those of the log-linear model of each run, of which the data can be asked; `warned`
    tells for an estimator without them whether its own verdict from declared facts stands against it.
    """

    name: str
    total: Array
    limits: Array
    terms: Sequence[Terms] | None = None
    warned: Callable[[int], bool] | None = None


def interval(total: Array, std_error: Array, seen: Array) -> Array:
    """Return log-normal limits on the number not seen, as estimates of lists have them."""
    constants = {"value": total, "std_error": std_error, "seen": seen}
    return dark_figure(constants, np.full(total.size, np.inf), 0.95)


def every(cell: Cell, drawn: Drawn, effort: Effort) -> Iterator[Found]:
    """Estimate every run of a cell, by each estimator that is of interest there."""
    seen = drawn.counts.sum(axis=0)
    plain = loglinear_fit(HISTORIES, drawn.counts)
    limits = interval(plain.total, plain.std_error, seen)
    yield Found("independence", plain.total, limits, [()] * drawn.runs)
    steps = stepwise_fit(HISTORIES, drawn.counts)
    pairs = [tuple(sorted(p)) for p in steps.pairs]
    chosen = [
        tuple(p for p, use in zip(pairs, column, strict=True) if use) for column in steps.selected.T
    ]
    yield Found("stepwise", steps.total, interval(steps.total, steps.fit.std_error, seen), chosen)
    if cell.edges:
        yield from referred(cell, drawn)
    if cell.mechanism.visibility_sd:
        yield bound(cell, drawn)
    if cell.part == "issue":
        yield from apart(cell, drawn, effort)


def referred(cell: Cell, drawn: Drawn) -> Iterator[Found]:
    """Estimate by the variants of `referral_aware`."""
    kinds, edges = drawn.kinds, cell.edges
    terms = tuple(closed_terms(families(edges, len(NAMES))))
    fit = _variant("forced", drawn, forced(kinds, edges, []))
    yield replace(fit, terms=[terms] * drawn.runs)
    if not cell.facts["every_referral"]:
        return
    doubtful = kinds.unknown & np.isin(np.arange(len(NAMES)), [r for _, r in edges])
    certain = kinds.own | (kinds.unknown & ~doubtful)
    known = 1 - kinds.count @ (doubtful & ~certain) / (kinds.count @ kinds.on)
    ways = {"removed": removed(kinds, certain, []), "censored": censored(kinds, certain, [], known)}
    if cell.unknown:
        ways = {f"{name}, unknown left out": way for name, way in ways.items()}
        ways["removed, unknown taken as own"] = removed(kinds, certain | doubtful, [])
    for name, way in ways.items():
        unknown = None if not cell.unknown else "own" if name.endswith("own") else "referred"
        yield replace(
            _variant(name, drawn, way),
            warned=partial(_own_verdict, cell, drawn, name.partition(",")[0], unknown),
        )


def _variant(name: str, drawn: Drawn, variant: Variant) -> Found:
    fit = variant.fit(drawn.columns)
    seen, counted = drawn.counts.sum(axis=0), drawn.columns[variant.used].sum(axis=0)
    shown = np.where(fit.total > seen, seen, counted)
    return Found(name, fit.total, interval(fit.total, fit.std_error, shown))


def _own_verdict(cell: Cell, drawn: Drawn, method: str, unknown: str | None, run: int) -> bool:
    lists = with_sources(cell, drawn, run)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        return forbidden(pv.mse.referral_aware(lists, method=method, unknown=unknown))


def forbidden(estimate: pv.Estimate) -> bool:
    """Whether a declared fact stands against an estimate."""
    return str(estimate.provenance["declared facts"]).startswith("forbidden")


def bound(cell: Cell, drawn: Drawn) -> Found:
    """Chao's lower bound."""
    f = capture_frequencies(HISTORIES, drawn.counts)
    value, variance = chao_lower_bound(f.sum(axis=0), f[0], f[1], lists=len(NAMES))
    limits = interval(value, np.sqrt(variance), f.sum(axis=0))

    def warned(run: int) -> bool:
        return facts_verdict(as_lists(cell, drawn, run), None, handled=["visibility"]).warns

    return Found("lower bound", value, limits, warned=warned)


def as_lists(cell: Cell, drawn: Drawn, run: int) -> pv.Lists:
    """Return the lists of a run with the facts of its cell."""
    table = pv.Lists.from_counts(HISTORIES, drawn.counts[:, run], NAMES)
    return table.declare(**cell.facts)


def with_sources(cell: Cell, drawn: Drawn, run: int) -> pv.Lists:
    """Return the lists of a run with who sent whom, as far as it is recorded."""
    here = drawn.columns[:, run] > 0
    kinds = drawn.kinds.take(here)
    data: dict[str, Any] = {"persons": drawn.columns[here, run]}
    for j, name in enumerate(NAMES):
        data[name] = kinds.on[:, j]
        sent = [NAMES[int(mask).bit_length() - 1] if mask else "" for mask in kinds.senders[:, j]]
        data[f"{name} from"] = np.where(kinds.own[:, j], "own", np.array(sent, dtype=object))
    sources = {name: f"{name} from" for name in NAMES}
    made = pv.Lists(data, NAMES, counts="persons", referred_by=sources, own="own")
    return made.declare(**cell.facts)


Estimator = Callable[[pv.Lists, Drawn, int], pv.Estimate]


def apart(cell: Cell, drawn: Drawn, effort: Effort) -> Iterator[Found]:
    """Estimate some runs one by one, by what allows for the fault of the cell and is dear."""
    if cell.mechanism.visibility_sd:
        yield _one_by_one("Mth, normal", cell, drawn, effort.dear, _normal)
        yield _one_by_one("latent class", cell, drawn, effort.chains, _latent)
    if cell.mechanism.missed_links:
        yield _one_by_one("linked, after an audit", cell, drawn, effort.dear, _audited)


def _one_by_one(name: str, cell: Cell, drawn: Drawn, runs: int, estimator: Estimator) -> Found:
    total, limits = np.full(runs, np.nan), np.full((runs, 2), np.nan)
    warned = np.zeros(runs, dtype=bool)
    for run in range(runs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)
            try:
                found = estimator(as_lists(cell, drawn, run), drawn, run)
            except ValueError:  # no estimate: counted as such
                continue
        total[run], limits[run] = float(found), found.interval()[0]
        warned[run] = forbidden(found)
    return Found(name, total, limits, warned=lambda run: bool(warned[run]))


def _normal(lists: pv.Lists, *_: Any) -> pv.Estimate:
    return pv.mse.closed(lists, model="Mth", heterogeneity="normal")


def _latent(lists: pv.Lists, _: Drawn, run: int) -> pv.Estimate:
    return pv.mse.latent_class(lists, rng=run, unconverged=True)


def _audited(lists: pv.Lists, drawn: Drawn, run: int) -> pv.Estimate:
    found: Audit = drawn.audits[run]
    missed = {
        name: (int(cut), int(checked))
        for name, cut, checked in zip(NAMES, found.cut, found.shared, strict=True)
        if checked
    }
    joins = {((NAMES[i],), (NAMES[j],)): both for (i, j), both in found.pairs.items()}
    return pv.mse.linked(lists, missed=missed, joins=joins, draws=40, rng=run)


@dataclass(frozen=True, eq=False)
class Warned:
    """Whether the data and the declared facts warn, by run."""

    data: Array
    facts: Array


def verdicts(
    cell: Cell, drawn: Drawn, found: Found, effort: Effort, cache: dict[Any, bool], seed: list[int]
) -> Warned:
    """Return the two verdicts of the report on the first runs; the data are asked once a model."""
    if found.warned is not None:
        runs = range(min(effort.others, found.total.size))
        return Warned(np.zeros(0, bool), np.array([found.warned(run) for run in runs], dtype=bool))
    data, facts = [], []
    wanted = effort.verdicts if found.name == default(cell) else effort.others
    for run in range(min(wanted, drawn.runs)):
        assert found.terms is not None
        lists, terms = as_lists(cell, drawn, run), found.terms[run]
        facts.append(facts_verdict(lists, terms).warns)
        if (run, terms) not in cache:
            rng = np.random.default_rng([SEED, *seed, run])
            checks = data_checks(HISTORIES, lists.counts, terms, rng=rng)
            cache[run, terms] = data_verdict(checks, NAMES).warns
        data.append(cache[run, terms])
    return Warned(np.array(data, dtype=bool), np.array(facts, dtype=bool))


def line(cell: Cell, found: Found, warned: Warned) -> dict[str, Any]:
    """Return how often an estimator's intervals hold the truth, and how often it is warned of."""
    some = np.isfinite(found.total)
    low, high = found.limits[some].T
    total = found.total[some]
    coverage = share((low <= cell.size) & (cell.size <= high))
    data = share(warned.data)
    either = share(warned.data | warned.facts if warned.data.size else warned.facts)
    return {
        "part": cell.part, "N": cell.size, "cell": cell.name, "estimator": found.name,
        "default": found.name == default(cell), "runs": found.total.size, "none": share(~some),
        "median": float(np.median(total)), "low_5": float(np.quantile(total, 0.05)),
        "high_95": float(np.quantile(total, 0.95)), **errors(total, low, high, cell.size),
        "coverage": coverage,
        "mc_se": error(coverage, total.size), "floor": share(low <= cell.size),
        "too_low": share(high < cell.size), "verdict_runs": warned.facts.size, "data": data,
        "data_mc_se": error(data, warned.data.size), "facts": share(warned.facts),
        "either": either, "either_mc_se": error(either, warned.facts.size),
    }  # fmt: skip


def errors(total: Array, low: Array, high: Array, size: int) -> dict[str, float]:
    """Return bias and root mean square error in per cent of the size, and how long intervals are.

    `se_ratio` is the mean length of the interval of the log of the size over that of the estimates.
    """
    off = total / size - 1
    told = np.mean(np.log(high) - np.log(low)) / (2 * 1.959964)
    return {
        "bias": 100 * float(off.mean()),
        "rmse": 100 * float(np.sqrt((off**2).mean())),
        "se_ratio": float(told / np.log(total).std()),
    }


def default(cell: Cell) -> str:
    """Return the model that `pv.mse.reliability` takes with these facts."""
    return "forced" if cell.edges else "stepwise"


def share(which: Array) -> float:
    """Return a share in per cent, nan of nothing."""
    return 100 * float(which.mean()) if which.size else float("nan")


def error(per_cent: float, runs: int) -> float:
    """Return the Monte Carlo error of a share, in points; of none or all that of one run."""
    if not runs:
        return float("nan")
    p = np.clip(per_cent / 100, 1 / max(runs, 2), 1 - 1 / max(runs, 2))
    return 100 * float(np.sqrt(p * (1 - p) / runs))


def verdict(row: Any) -> str:
    """Say how a line misses what is asked of the verdicts; a lower bound holds if it is below."""
    held = row.floor if row.estimator == "lower bound" else row.coverage
    if held < FAILS and row.either < WARNED:
        return f"fails, and warns in less than {WARNED:g}"
    if held >= HOLDS and row.either > QUIET:
        return f"holds, and warns in more than {QUIET:g}"
    return ""


def cell_lines(cell: Cell, effort: Effort, seed: list[int]) -> list[dict[str, Any]]:
    """Return one line per estimator; the seed depends on nothing else."""
    audits = effort.dear if cell.mechanism.missed_links else 0
    drawn = draw(cell, effort.samples, np.random.default_rng([SEED, *seed]), audits)
    cache: dict[Any, bool] = {}
    out = []
    for found in every(cell, drawn, effort):
        if found.total.size:
            out.append(line(cell, found, verdicts(cell, drawn, found, effort, cache, seed)))
    return out


def study(effort: Effort) -> pd.DataFrame:
    """Return one line per cell and estimator."""
    every = [
        (cell, effort, [i, j]) for i, size in enumerate(SIZES) for j, cell in enumerate(cells(size))
    ]
    table = pd.DataFrame([line for some in each(cell_lines, every) for line in some])
    table["misses"] = [verdict(row) for row in table.itertuples()]
    return table


SHARES = ("coverage", "floor", "too_low", "none", "data", "facts", "either")
DIGITS = {
    **dict.fromkeys(SHARES, 2),
    **dict.fromkeys(("mc_se", "data_mc_se", "either_mc_se"), 2),
    **dict.fromkeys(("median", "low_5", "high_95", "bias", "rmse"), 1),
    "se_ratio": 3,
}
SHORT = [
    "N",
    "cell",
    "estimator",
    "median",
    "coverage",
    "mc_se",
    "floor",
    "data",
    "facts",
    "either",
]


def wide(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the columns that the page shows."""
    short = table.loc[table["part"] == part, [*SHORT, "runs"]].copy()
    short["estimator"] += np.where(table.loc[short.index, "default"], " (report)", "")
    return short.round({"median": 0, **dict.fromkeys(SHORT[4:], 1)}).reset_index(drop=True)


def main() -> None:
    """Run the study, print where it misses what is asked, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 runs a cell; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else FULL).round(DIGITS)
    for part in ("issue", "mild"):
        print(wide(table, part).to_string(index=False))
        if not quick:
            name = "mse-coverage.csv" if part == "issue" else "mse-coverage-mild.csv"
            wide(table, part).to_csv(DOCS / name, index=False)
    if not quick:
        table.to_csv(DOCS / "mse-coverage-details.csv", index=False)
    missed = table[table["misses"] != ""]
    print(f"\n{len(missed)} lines miss what is asked of the verdicts:")
    print(
        missed[["N", "cell", "estimator", "default", "coverage", "either", "misses"]].to_string(
            index=False
        )
    )


if __name__ == "__main__":
    main()
