"""What respondents know of others: cells of `evidence.coverage.estimators`, beside `network_estimators`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import prevalence as pv

from .many import Cell, Found, measured
from .network_estimators import DEGREE, HIDDEN, KNOWN, PEOPLE, answers, gamma, survey

__all__ = ["cells"]


def degrees(units: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Mean number of people known."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            sample = survey(answers(rng, units))
            for rule in ("ratio-of-sums", "mean-of-ratios"):
                e = pv.nsum.degree(sample, known=KNOWN, population=PEOPLE, degree=rule)
                yield measured("nsum.degree", rule, DEGREE, e)

    return draw


def blends(units: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Two tie definitions of one sample, blended by halves or by least variance."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        few = "violation: a weight found from few primary units" if units < 100 else ""
        for _ in range(samples):
            data = answers(rng, units)
            met = 0.4 * gamma(rng, 0.3, units)[data["psu"]]
            for name, size in (("hidden", HIDDEN), *KNOWN.items()):
                data[f"met_{name}"] = rng.poisson(data["degree"] * met * size / PEOPLE)
            sample = survey(data)
            one = pv.nsum.scale_up(sample, "hidden", known=KNOWN, transmission=1)
            sizes = {f"met_{name}": size for name, size in KNOWN.items()}
            two = pv.nsum.scale_up(sample, "met_hidden", known=sizes, transmission=1)
            for words, weight, holds in (
                ("weight fixed beforehand", 0.5, ""),
                ("weight of least variance, as fixed", None, few),
                ("weight recomputed", "recomputed", few),
            ):
                e = pv.nsum.blend(one, two, weight=weight)
                yield measured("nsum.blend", words, HIDDEN, e, holds)

    return draw


def ratios(people: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Degrees of hidden people drawn with equal chances, 0.8 of the others' in the mean."""
    probes = dict(list(KNOWN.items())[2:])

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            theirs = 0.8 * DEGREE * gamma(rng, 0.5, people)
            told = {name: rng.poisson(theirs * size / PEOPLE) for name, size in probes.items()}
            hidden = pv.Survey(told, source="visits")
            e = pv.nsum.degree_ratio(hidden, survey(answers(rng, 30)), known=probes)
            yield measured("nsum.degree_ratio", "equal chances", 0.8, e)

    return draw


def cells() -> list[Cell]:
    """Return the cells."""
    out = [Cell(f"{people} hidden people, 30 units", ratios(people)) for people in (30, 80)]
    for units in (20, 100):
        out.append(Cell(f"{units} units of 10 respondents, degrees", degrees(units)))
        out.append(Cell(f"{units} units of 10 respondents, two ties", blends(units), samples=1_000))
    return out
