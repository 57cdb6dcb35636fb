"""How often intervals of hidden answers hold the truth: ``python -m benchmarks.sensitive_coverage``.

List experiments and randomised response in clustered samples of `benchmarks.sensitive_answers`, and
instruments that err, reports about others and imputed answers in those of
`benchmarks.measured_samples`, each estimated by the library. Many samples are one survey of which
each sample is a domain with strata of its own: the same numbers as one survey at a time. With its
2,000 samples a cell the study writes `docs/sensitive-coverage.csv`; ``--quick`` draws 200 and
writes nothing.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import prevalence as pv

from . import sensitive_answers as asked
from .sensitive_answers import Answers

Array = NDArray[Any]
Found = tuple[Array, Array, Array]  # values, standard errors and limits
Estimator = Callable[[pv.Survey, str | tuple[()]], pv.Estimate]  # of a survey, by its samples
DOCS = Path(__file__).resolve().parents[1] / "docs"
SAMPLES, QUICK, SEED, BATCH = 2_000, 200, 20_261_124, 10
SAMPLE = "sample"
LIST: dict[str, Any] = {"treatment": "treated", "items": len(asked.ITEMS)}


# ---------------------------------------------------------------------- estimators
def _list(name: str, counts: Any = "count", **how: Any) -> Estimator:
    def found(survey: pv.Survey, by: str | tuple[()]) -> pv.Estimate:
        return getattr(pv.sensitive, name)(survey, counts, by=by, **LIST, **how)

    return found


def _device(column: str, **how: Any) -> Estimator:
    def found(survey: pv.Survey, by: str | tuple[()]) -> pv.Estimate:
        return pv.sensitive.randomized_response(survey, column, by=by, **how)

    return found


LISTS: dict[str, Estimator] = {
    "list_difference": _list("list_difference"),
    "double_list": _list("double_list", ("count", "other")),
    "list_combined": _list("list_combined", direct="direct"),
}
DEVICES: dict[str, Estimator] = {
    f"randomized_response, {name}": _device(name, design=name, **shape)
    for name, shape in asked.DEVICES.items()
} | {
    "randomized_response, two groups": _device(
        "two groups", design="unrelated", p=asked.TWO_GROUPS, group="group"
    )
}
ALLOWED = {
    f"randomized_response, {name}, random_answers=0.1": _device(
        name, design=name, random_answers=0.1, **asked.DEVICES[name]
    )
    for name in ("crosswise", "forced")
}
MODELS: dict[str, Estimator] = {
    f"list_prevalence, {method}": _list("list_prevalence", predictors=["x"], method=method)
    for method in ("ml", "nls")
}
DIRECT: dict[str, Estimator] = {
    "direct answers": lambda survey, by: pv.direct.prevalence(survey, "direct", by=by),
}


class Made(Protocol):
    """A population that samples are drawn from."""

    @property
    def units(self) -> int: ...

    @property
    def people(self) -> int: ...

    @property
    def truth(self) -> float: ...

    def drawn(self, samples: int, rng: np.random.Generator, /) -> dict[str, Array]: ...


@dataclass(frozen=True)
class Cell:
    """A way of sampling and answering, and estimators; `single`: one sample at a time."""

    part: str
    name: str
    made: Made
    estimators: Mapping[str, Estimator] = field(default_factory=lambda: {**LISTS, **DEVICES})
    single: bool = False
    truths: Mapping[str, float] = field(default_factory=dict)  # where not the share with the trait


COMMON = Answers(prevalence=0.25)
COMMONER, RARER = (0.6, 0.7, 0.8, 0.8), (0.1, 0.2, 0.2, 0.3)
EQUAL = Answers(prevalence=0.25, icc=0.0, items=(0.4,) * 4, slope=0.5)
CELLS = [
    *(
        Cell("grid", f"{pi:.0%}, icc {icc:g}", Answers(pi, icc))
        for pi in (0.05, 0.25)
        for icc in (0.0, 0.05, 0.2)
    ),
    *(
        Cell("few units", f"{units} primary units of 40", Answers(units=units, people=40))
        for units in (8, 12, 20)
    ),
    Cell(
        "lists by primary unit", "whole units read one list", replace(COMMON, by_unit=True), LISTS
    ),
    *(
        Cell("breaks", name, replace(COMMON, **how), which)
        for name, how, which in (
            ("common items, half at the ceiling hide", {"items": COMMONER, "ceiling": 0.5}, LISTS),
            ("rare items, half at the floor hide", {"items": RARER, "floor": 0.5}, LISTS),
            ("a tenth of items suppressed", {"suppressed": 0.1}, LISTS),
            ("5 % say yes falsely", {"false_yes": 0.05}, LISTS),
            ("half do not say yes directly", {}, DIRECT),
            ("10 % answer by chance", {"chance": 0.1}, {**DEVICES, **ALLOWED}),
            ("10 % always answer 0", {"always_no": 0.1}, DEVICES),
        )
    ),
    *(
        Cell("models", name, made, MODELS, single=True)
        for name, made in (
            ("binomial items", EQUAL),
            ("binomial items, icc 0.05", replace(EQUAL, icc=0.05)),
            ("unequal items", replace(EQUAL, items=asked.ITEMS)),
            ("items that go together", replace(EQUAL, spread=1.0)),
        )
    ),
]


# ---------------------------------------------------------------------- many samples
def lines(cell: Cell, samples: int, seed: list[int]) -> Iterator[dict[str, Any]]:
    """Yield one line per estimator; the seed depends on nothing else."""
    rng, made = np.random.default_rng([SEED, *seed]), cell.made
    found: dict[str, list[Found]] = {name: [] for name in cell.estimators}
    plain: dict[str, list[Found]] = {name: [] for name in cell.estimators}
    for first in range(0, samples, BATCH):
        data = made.drawn(min(BATCH, samples - first), rng)
        for kept, clustered in ((found, True), (plain, False)):
            if not (cell.single and kept is plain):
                for survey, by in surveys(data, cell.single, clustered):
                    for name, estimator in cell.estimators.items():
                        kept[name].append(one(estimator, survey, by))
    about = {
        "part": cell.part,
        "cell": cell.name,
        "n": made.units * made.people,
        "units": made.units,
    }
    for name, runs in found.items():
        true = cell.truths.get(name, made.truth)
        yield about | line(name, true, joined(runs), joined(plain[name]) if plain[name] else None)


def surveys(
    data: dict[str, Array], single: bool, clustered: bool
) -> Iterator[tuple[pv.Survey, str | tuple[()]]]:
    """Yield one survey of all samples with what tells them apart, or each sample by itself."""
    if not single:
        yield asked.survey(data, clustered=clustered), SAMPLE
        return
    starts = np.flatnonzero(np.r_[True, np.diff(data[SAMPLE]) > 0, True])
    for first, last in pairwise(starts):
        rows = {name: column[first:last] for name, column in data.items()}
        yield asked.survey(rows, clustered=clustered), ()


def one(estimator: Estimator, survey: pv.Survey, by: str | tuple[()]) -> Found:
    """Return values, standard errors and limits; nan where a model has no maximum within 0 and 1."""
    try:
        e = estimator(survey, by)
    except pv.ConvergenceError:
        return np.full(1, np.nan), np.full(1, np.nan), np.full((1, 2), np.nan)
    return e.value, e.std_error, e.interval()


def joined(found: list[Found]) -> Found:
    """Return what several batches found as one."""
    value, error, limits = zip(*found, strict=True)
    return np.concatenate(value), np.concatenate(error), np.concatenate(limits)


def line(
    name: str,
    truth: float,
    found: Found,
    plain: Found | None = None,
) -> dict[str, Any]:
    """Return how often intervals hold the truth, how far off and how spread the estimates are."""
    value, error, limits = found
    some, spread = np.isfinite(limits).all(axis=1), np.isfinite(error)
    low, high = limits[some].T
    held = (low <= truth) & (truth <= high)
    sd = float(value[some].std(ddof=1))
    return {
        "estimator": name,
        "samples": value.size,
        "none": 100 * float(1 - some.mean()),
        "truth": 100 * truth,
        "bias": 100 * float(value[some].mean() - truth),
        "sd": 100 * sd,
        "se_ratio": float(np.sqrt(np.mean(error[spread] ** 2))) / sd,
        "coverage": 100 * float(held.mean()),
        "mc_se": 100 * float(np.sqrt(max(held.mean() * (1 - held.mean()), 1e-4) / held.size)),
        "too_high": 100 * float((low > truth).mean()),
        "too_low": 100 * float((high < truth).mean()),
        "unclustered": float("nan") if plain is None else _coverage(plain[2], truth),
    }


def _coverage(limits: Array, truth: float) -> float:
    low, high = limits[np.isfinite(limits).all(axis=1)].T
    return 100 * float(((low <= truth) & (truth <= high)).mean())


def study(samples: int) -> pd.DataFrame:
    """Return one line per cell and estimator; what estimators warn of is beside the point here."""
    out: list[dict[str, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        for i, cell in enumerate(CELLS):
            out += lines(cell, samples, [0, i])
    return pd.DataFrame(out)


DIGITS = {
    **dict.fromkeys(("none", "truth", "coverage", "too_high", "too_low", "unclustered"), 1),
    **dict.fromkeys(("bias", "sd", "se_ratio", "mc_se"), 2),
}


def main() -> None:
    """Run the study, print its table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 samples a cell; write nothing")
    quick = parser.parse_args().quick
    table = study(QUICK if quick else SAMPLES).round(DIGITS)
    print(table.to_string(index=False))
    if not quick:
        table.to_csv(DOCS / "sensitive-coverage.csv", index=False)


if __name__ == "__main__":
    main()
