"""Instruments that err and answers that hide: cells of `evidence.coverage.estimators`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

import prevalence as pv

from .many import Cell, Found, measured, nothing
from .measured_samples import Screened
from .sensitive_answers import DEVICES, Answers, survey

__all__ = ["cells"]

Array = NDArray[Any]
UNITS, EACH = 60, 15
SENSITIVITY, FALSE = (0.85, 0.8, 0.7, 0.75), (0.05, 0.1, 0.08, 0.04)


def parts(data: dict[str, Array]) -> Iterator[dict[str, Array]]:
    """Yield each sample of a batch."""
    starts = np.flatnonzero(np.r_[True, np.diff(data["sample"]) > 0, True])
    for first, last in pairwise(starts.tolist()):
        yield {name: column[first:last] for name, column in data.items()}


# ---------------------------------------------------------------------- items of one trait
def items(
    share: float, icc: float, each: int
) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Four items of a trait, answered independently given it, in clusters."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        more = 1 / icc - 1
        for _ in range(samples):
            psu = np.repeat(np.arange(UNITS), each)
            trait = rng.random(psu.size) < rng.beta(share * more, (1 - share) * more, UNITS)[psu]
            w = np.exp(rng.normal(0, 0.3, UNITS))[psu]
            data = {"psu": psu, "w": w, "stratum": psu % 4}
            for k, (yes, no) in enumerate(zip(SENSITIVITY, FALSE, strict=True)):
                data[f"y{k}"] = (rng.random(psu.size) < np.where(trait, yes, no)).astype(float)
            sample = pv.Survey(data, weights="w", strata="stratum", psu="psu")
            names = [f"y{k}" for k in range(4)]
            yield from classes(sample, names, share)

    return draw


def classes(sample: pv.Survey, names: list[str], share: float) -> Iterator[Found]:
    """Estimate the trait, one item's two rates, and what a pair has in common beyond it."""
    try:
        e = pv.misclassification.latent_class(sample, names, starts=5, rng=1)
        d = pv.misclassification.local_dependence(sample, names, starts=5, rng=1)
    except pv.ConvergenceError:
        yield nothing("misclassification.latent_class", "prevalence")
        return
    for k, (line, truth) in enumerate(
        (("prevalence", share), ("sensitivity: y0", 0.85), ("false positive: y0", 0.05))
    ):
        place = [o if isinstance(o, str) else o[-1] for o in e.outcomes].index(line)
        del k
        one = e.take(np.array([place]))
        yield measured("misclassification.latent_class", line.partition(":")[0], truth, one)
    pair = d.take(np.array([0]))
    yield measured("misclassification.local_dependence", "in points", 0.0, pair)


# ---------------------------------------------------------------------- proxies
def proxies(made: Screened) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """A proxy's report, corrected by what a validation study of proxies found."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for data in parts(made.drawn(samples, rng)):
            found, cleared = int(data["found"][0]), int(data["cleared"][0])
            told = pv.direct.prevalence(survey(data), "screen")
            e = pv.misclassification.proxy(
                told,
                sensitivity=pv.validated(correct=found, tested=made.cases),
                false_report=pv.validated(correct=made.others - cleared, tested=made.others),
            )
            yield measured("misclassification.proxy", "", made.truth, e)

    return draw


# ---------------------------------------------------------------------- regressions
def odds(share: float, slope: float) -> float:
    """Return the log odds ratio of the two halves."""
    low, high = share * (1 - slope), share * (1 + slope)
    return float(np.log(high / (1 - high)) - np.log(low / (1 - low)))


def regressions(
    made: Answers, lists: bool
) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Slopes of hidden traits: by lists, or by devices."""
    truth = odds(made.truth, made.slope)

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for data in parts(made.drawn(samples, rng)):
            sample = survey(data)
            for name, line, call in listed(sample, len(made.items)) if lists else masked(sample):
                try:
                    e = call()
                except pv.ConvergenceError:
                    yield nothing(name, line)
                    continue
                outcomes = [o if isinstance(o, str) else o[-1] for o in e.outcomes]
                place = next(k for k, o in enumerate(outcomes) if o in ("x", "sensitive: x"))
                yield measured(name, line, truth, e.take(np.array([place])))

    return draw


Call = tuple[str, str, Callable[[], pv.Estimate]]


def listed(sample: pv.Survey, count: int) -> Iterator[Call]:
    """Yield regressions of a list experiment."""
    for method in ("ml", "nls"):
        yield (
            "sensitive.list_regression",
            method,
            partial(
                pv.sensitive.list_regression,
                sample,
                "count",
                ["x"],
                treatment="treated",
                items=count,
                method=method,
            ),
        )


def masked(sample: pv.Survey) -> Iterator[Call]:
    """Yield regressions of randomised answers."""
    for name in ("crosswise", "forced", "unrelated"):
        yield (
            "sensitive.randomized_response_regression",
            name,
            partial(
                pv.sensitive.randomized_response_regression,
                sample,
                name,
                ["x"],
                design=name,
                **DEVICES[name],
            ),
        )


def cells() -> list[Cell]:
    """Return the cells."""
    asked = Answers(prevalence=0.25, icc=0.0, items=(0.4,) * 4, slope=0.5, people=50)
    spread = replace(asked, icc=0.05)
    small = Screened(prevalence=0.05, specificity=0.97, validated_specificity=0.97)
    common = Screened(prevalence=0.2, specificity=0.95, validated_specificity=0.95)
    return [
        Cell("a trait of 20 %, four items, 900 people", items(0.2, 0.05, 15)),
        Cell("a trait of 5 %, four items, 2,400 people", items(0.05, 0.05, 40), samples=1_000),
        Cell("proxies, 5 %", proxies(small), batch=10),
        Cell("proxies, 20 %", proxies(common), batch=10),
        Cell("list experiment, 3,000 people", regressions(asked, True), batch=10),
        Cell("devices, 3,000 people, icc 0.05", regressions(spread, False), batch=10),
    ]
