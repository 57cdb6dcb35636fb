"""Reports about others in a population where every link is known: bias, variance and coverage.

Eight thousand households in 200 areas along a road know the households next door, at some places
further away; 254 children in work are more often where people know fewer neighbours. Forty areas
with ten households each are sampled. Bounds are three Monte Carlo standard errors.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
AREAS, PER_AREA, SAMPLED, INTERVIEWED, CASES = 200, 40, 40, 10, 254


class Population(NamedTuple):
    child_of: Array  # household of each child
    case: Array
    known: Array  # how many households know of each child
    reach: Array  # how far along the road each household is known


@cache
def population() -> Population:
    rng = np.random.default_rng(11)
    households = AREAS * PER_AREA
    reach = np.repeat(rng.integers(0, 4, AREAS), PER_AREA)
    child_of = np.repeat(np.arange(households), rng.poisson(1.2, households))
    risk = rng.gamma(0.5, 1.0, AREAS)[child_of // PER_AREA] / (1 + reach[child_of])
    case = np.zeros(child_of.size)
    case[rng.choice(child_of.size, CASES, replace=False, p=risk / risk.sum())] = 1
    low = np.maximum(child_of - reach[child_of], 0)
    high = np.minimum(child_of + reach[child_of], households - 1)
    return Population(child_of, case, (high - low + 1).astype(float), reach)


def who_knows(p: Population, household: int) -> Array:
    """Return the children that a household knows: those whose reach it is within."""
    return np.flatnonzero(np.abs(p.child_of - household) <= p.reach[p.child_of])


@cache
def knowledge() -> list[Array]:
    return [who_knows(population(), h) for h in range(AREAS * PER_AREA)]


def sample(rng: np.random.Generator) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the households interviewed, with counts, and their reports of cases."""
    p, known = population(), knowledge()
    areas = rng.choice(AREAS, SAMPLED, replace=False)
    homes = np.concatenate(
        [a * PER_AREA + rng.choice(PER_AREA, INTERVIEWED, replace=False) for a in areas]
    )
    told = [known[h] for h in homes]
    cases = [k[p.case[k] == 1] for k in told]
    which = np.concatenate(cases)
    rows = {
        "home": homes,
        "area": homes // PER_AREA,
        "areas": np.full(homes.size, AREAS),
        "homes": np.full(homes.size, PER_AREA),
        "children": np.array([float(k.size) for k in told]),
        "cases": np.array([float(k.size) for k in cases]),
    }
    who = np.repeat(homes, [k.size for k in cases])
    return rows, {"home": who, "m": p.known[which], "child": which}


def survey(rows: dict[str, Array]) -> pv.Survey:
    return pv.Survey(rows, stages=["area", "home"], fpc=["areas", "homes"])


def truth() -> tuple[float, float]:
    """Return the prevalence weighted by the number of possible reporters, and as it is."""
    p = population()
    return float((p.known @ p.case) / p.known.sum()), float(p.case.mean())


def relative_error(value: Array) -> float:
    """Monte Carlo error of a variance, relative to it."""
    off = value - value.mean()
    return float(np.sqrt(((off**4).mean() / (off**2).mean() ** 2 - 1) / off.size))


def check_number(samples: int, seed: int) -> None:
    rng, out = np.random.default_rng(seed), []
    for _ in range(samples):
        rows, reports = sample(rng)
        how = {"on": "home", "reporters": "m", "identity": "child"}
        e = pv.direct.multiplicity(survey(rows), reports, **how)
        low, high = e.interval()[0]
        out.append((e.value[0], e.std_error[0] ** 2, low <= CASES <= high))
    value, variance, covered = np.array(out, dtype=float).T
    true = value.var(ddof=1)
    assert abs(value.mean() - CASES) < 3 * np.sqrt(true / samples)
    assert abs(variance.mean() / true - 1) < 3 * relative_error(value)
    assert covered.mean() > 0.93 - 3 * np.sqrt(0.93 * 0.07 / samples)


def check_share(samples: int, seed: int) -> None:
    weighted, plain = truth()
    rng, out = np.random.default_rng(seed), []
    for _ in range(samples):
        rows, _ = sample(rng)
        e = pv.direct.neighbourhood(survey(rows), "cases", "children")
        low, high = e.interval()[0]
        naive = 1.96 * e.facts["naive_std_error"][0]
        within = abs(e.value[0] - weighted) <= naive
        out.append((e.value[0], e.std_error[0] ** 2, low <= weighted <= high, within, naive))
    value, variance, covered, published, _ = np.array(out, dtype=float).T
    noise = value.std(ddof=1) / np.sqrt(samples)
    assert abs(value.mean() - weighted) < 3 * noise
    assert abs(value.mean() - plain) > 3 * noise  # what it estimates is not the prevalence
    # A ratio of totals of 40 areas is biased in its second order, a fortieth.
    ratio = variance.mean() / value.var(ddof=1)
    assert abs(ratio - 1) < 1 / SAMPLED + 3 * relative_error(value)
    error = np.sqrt(0.93 * 0.07 / samples)
    assert covered.mean() > 0.93 - 3 * error
    assert published.mean() < 0.80 - 3 * error  # intervals as published cover far too seldom


def test_a_few_samples() -> None:
    check_number(60, 3)


@pytest.mark.proof
def test_the_number_of_cases_is_unbiased() -> None:
    check_number(2_000, 1)


@pytest.mark.proof
def test_the_share_told_of_estimates_the_prevalence_weighted_by_reporters() -> None:
    check_share(2_000, 2)
