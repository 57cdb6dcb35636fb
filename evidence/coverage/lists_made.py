"""Lists of persons drawn many times from populations of known size: cells of `evidence.coverage.estimators`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories

from .many import Cell, Found, measured, nothing

__all__ = ["AFTER", "cells"]

Array = NDArray[Any]
RATES, SIZES = (0.15, 0.10, 0.20, 0.12), (500, 3_000)
EVEN = (0.15, 0.15, 0.15, 0.15)
PAIR = 3.0  # odds ratio of the first two lists where they depend on each other
NAMES = ("A", "B", "C", "D")
AFTER = "after selection: an interval that takes the model chosen for the true one"
NO_TRUTH = "bound: lower by design where visibility is unequal"
Using = Callable[[pv.Lists, np.random.Generator], pv.Estimate]


def chances(rates: tuple[float, ...], odds: float = 1.0) -> Array:
    """Return the chance of every history but the empty one; the first two lists may go together."""
    histories = all_histories(len(rates))
    p = np.prod(np.where(histories == 1, rates, 1 - np.array(rates)), axis=1)
    if odds != 1:
        both = joint(rates[0], rates[1], odds)
        first = np.array(
            [[1 - rates[0] - rates[1] + both, rates[1] - both], [rates[0] - both, both]]
        )
        rest = histories[:, 2:]
        others = np.prod(np.where(rest == 1, rates[2:], 1 - np.array(rates[2:])), axis=1)
        p = first[histories[:, 0].astype(int), histories[:, 1].astype(int)] * others
    return np.asarray(p)


def joint(a: float, b: float, odds: float) -> float:
    """Return the chance of two events with the odds ratio."""
    k = 1 + (a + b) * (odds - 1)
    return float((k - np.sqrt(k * k - 4 * odds * (odds - 1) * a * b)) / (2 * (odds - 1)))


def table(p: Array, size: int, rng: np.random.Generator) -> pv.Lists:
    """Return lists of a population of the size."""
    counts = rng.multinomial(size, np.append(p, 1 - p.sum()))[:-1].astype(float)
    return as_lists(counts, int(np.log2(p.size + 1)))


def as_lists(counts: Array, lists: int) -> pv.Lists:
    """Return a table of counts as lists."""
    return pv.Lists.from_counts(all_histories(lists), counts, NAMES[:lists])


def tried(
    name: str, truth: float, using: Callable[[], pv.Estimate], line: str = "", holds: str = ""
) -> Found:
    """Return an estimate, or that there is none: the reason is one of the estimator's own errors."""
    try:
        return measured(name, line, truth, using(), holds)
    except ValueError:  # no overlap, or no maximum within
        return nothing(name, line, holds)


def drawn(
    p: Array, size: int, using: dict[str, tuple[str, Using]], holds: dict[str, str] | None = None
) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Return what draws lists and estimates their size: by line, the estimator and its call."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            made = table(p, size, rng)
            for line, (name, call) in using.items():
                yield tried(name, size, partial(call, made, rng), line, (holds or {}).get(line, ""))

    return draw


# ---------------------------------------------------------------------- two lists
TWO: dict[str, tuple[str, Using]] = {
    "": ("mse.lincoln_petersen", lambda x, _: pv.mse.lincoln_petersen(x, between=("A", "B"))),
    "nearly unbiased": ("mse.chapman", lambda x, _: pv.mse.chapman(x, between=("A", "B"))),
}


def two_linked(size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Two lists of which 0.88 of the matches are linked and 0.03 of the other records falsely."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            counts = rng.multinomial(size, np.append(p := chances((0.3, 0.25)), 1 - p.sum()))
            by = dict(zip(map(tuple, all_histories(2).astype(int).tolist()), counts, strict=False))
            first, second, both = by[1, 0], by[0, 1], by[1, 1]
            right, false = rng.binomial(both, 0.88), rng.binomial(first, 0.03)
            links = right + false
            one = [first + both - links, second + both - links, links]
            made = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], one, ["A", "B"])
            checked = min(links, 80)
            good = rng.hypergeometric(right, false, checked)
            known = rng.binomial(80, 0.88)
            yield tried("mse.linked_pair", size, partial(
                pv.mse.linked_pair, made, true_links=(good, checked), linked_matches=(known, 80), same_file=False
            ), "links and matches audited, 80 each")  # fmt: skip
            others = rng.binomial(200, 0.03)
            yield tried("mse.linked_pair", size, partial(
                    pv.mse.linked_pair, made, linked_others=(others, 200), linked_matches=(known, 80), same_file=False
            ), "Ding and Fienberg, 80 matches and 200 others audited")  # fmt: skip

    return draw


def versions(size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Three lists; a fifth of the persons on the first and the third are doubtful pairs of records.

    Half as many pairs look like them and are of two persons, so that two doubtful pairs in three are
    of one person; each version draws anew which they are.
    """
    p, same = chances(RATES[:3]), 2 / 3
    at = {tuple(h): k for k, h in enumerate(all_histories(3).astype(int).tolist())}
    both, first, third = at[1, 0, 1], at[1, 0, 0], at[0, 0, 1]

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            counts = rng.multinomial(size, np.append(p, 1 - p.sum()))[:-1]
            matched = rng.binomial(counts[both], 0.2)
            doubtful = matched + rng.poisson(0.2 * size * p[both] * (1 - same) / same)
            made = []
            for _version in range(20):
                one, shift = counts.copy(), rng.binomial(doubtful, same) - matched
                one[[both, first, third]] += shift * np.array([1, -1, -1])
                made.append(as_lists(one.astype(float), 3))
            yield tried(
                "mse.over_linkages", size,
                partial(pv.mse.over_linkages, made, using=pv.mse.loglinear),
            )  # fmt: skip

    return draw


# ---------------------------------------------------------------------- several lists
INDEPENDENT: dict[str, tuple[str, Using]] = {
    "": ("mse.loglinear", lambda x, _: pv.mse.loglinear(x)),
    "Mt": ("mse.closed", lambda x, _: pv.mse.closed(x)),
    "Mt, bias corrected": ("mse.closed", lambda x, _: pv.mse.closed(x, bias_corrected=True)),
    "Mt, profile": ("mse.closed", lambda x, _: pv.mse.closed(x, interval="profile")),
}
GRAPHS: dict[str, tuple[str, Using]] = {
    "": ("mse.decomposable", lambda x, g: pv.mse.decomposable(x, rng=g))
}
CHOSEN: dict[str, tuple[str, Using]] = {
    "bootstrap": ("mse.stepwise", lambda x, g: pv.mse.stepwise(x, replicates=200, rng=g)),
    "least BIC, bootstrap": ("mse.select", lambda x, g: pv.mse.select(x, replicates=200, rng=g)),
    "pairs kept": ("mse.thresholded", lambda x, g: pv.mse.thresholded(x, draws=4_000, rng=g)),
}
DEPENDENT: dict[str, tuple[str, Using]] = {
    "": ("mse.loglinear", lambda x, _: pv.mse.loglinear(x, pairs=[("A", "B")])),
    "without the pair": ("mse.loglinear", lambda x, _: pv.mse.loglinear(x)),
}
EQUAL: dict[str, tuple[str, Using]] = {
    "": ("mse.lower_bound", lambda x, _: pv.mse.lower_bound(x)),
    "M0": ("mse.closed", lambda x, _: pv.mse.closed(x, model="M0")),
}


def unequal(p: float, spread: float, lists: int = 4) -> Array:
    """Return chances of histories of persons whose log odds are normal."""
    node, weight = np.polynomial.hermite_e.hermegauss(61)
    rate = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + spread * node)))
    k = all_histories(lists).sum(axis=1)[:, None]
    return np.asarray((rate**k * (1 - rate) ** (lists - k)) @ (weight / weight.sum()))


def inflated(mechanism: str, size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Lists with too many persons on one of them, by what made them."""
    rates = (0.35, 0.2, 0.25, 0.3)
    p, histories = chances(rates), all_histories(4)
    once = histories.sum(axis=1) == 1

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        for _ in range(samples):
            chance, people = p, size
            if mechanism == "before":
                people = size - size // 4
            elif mechanism == "after":
                chance = p * 2 / 3
                chance[once] += (1 / 3) * (1 - np.prod(1 - np.array(rates))) / 4
            counts = rng.multinomial(people, np.append(chance, 1 - chance.sum()))[:-1].astype(float)
            if mechanism == "before":
                counts[once] += rng.multinomial(size // 4, np.ones(4) / 4)
            elif mechanism == "duplicates":
                counts[once] += rng.poisson(size / 25, 4)
            made = as_lists(counts, 4)
            yield tried(
                "mse.one_inflation", size,
                partial(pv.mse.one_inflation, made, mechanism=mechanism),
            )  # fmt: skip

    return draw


def in_strata(size: int) -> Callable[[np.random.Generator, int], Iterator[Found]]:
    """Two strata in which lists catch differently, and the first two lists go together alike."""

    def draw(rng: np.random.Generator, samples: int) -> Iterator[Found]:
        histories = all_histories(3).astype(int)
        for _ in range(samples):
            data: dict[str, Any] = {
                name: np.tile(histories[:, j], 2) for j, name in enumerate("ABC")
            }
            parts = (chances((0.35, 0.25, 0.2), PAIR), chances((0.15, 0.3, 0.35), PAIR))
            data["n"] = np.concatenate([
                rng.multinomial(n, np.append(p, 1 - p.sum()))[:-1]
                for p, n in zip(parts, (2 * size // 3, size - 2 * size // 3), strict=True)
            ])  # fmt: skip
            data["sex"] = np.repeat(["girl", "boy"], len(histories))
            made = pv.Lists(data, ["A", "B", "C"], counts="n", strata=["sex"])
            by = {name: ["sex"] for name in "ABC"}
            try:
                e = pv.mse.stratified(made, pairs=[("A", "B")], by_stratum=by)
            except ValueError:
                yield nothing("mse.stratified", "all")
                yield nothing("mse.stratified", "girls")
                continue
            yield measured("mse.stratified", "all", size, e.take(np.array([0])))
            girls = [k for k, label in enumerate(e.labels) if "girl" in label]
            yield measured("mse.stratified", "girls", 2 * size // 3, e.take(np.array(girls)))

    return draw


def cells() -> list[Cell]:
    """Return all cells but those with covariates."""
    out = []
    for size in SIZES:
        words = f"N = {size:,}"
        p = chances(RATES)
        pair = {
            "without the pair": "violation: two lists depend on each other, and the model has no such term"
        }
        ordered: dict[str, tuple[str, Using]] = {
            "": ("mse.closed", lambda x, _: pv.mse.closed(x, model="Mb", ordered=True))
        }
        normal: dict[str, tuple[str, Using]] = {
            "Mh, normal": (
                "mse.closed",
                lambda x, _: pv.mse.closed(x, model="Mh", heterogeneity="normal"),
            )
        }
        bound: dict[str, tuple[str, Using]] = {
            "": ("mse.lower_bound", lambda x, _: pv.mse.lower_bound(x))
        }
        alone, together = (
            f"four independent lists, {words}",
            f"two of four lists go together, {words}",
        )
        paired = chances(RATES, PAIR)
        out += [
            Cell(f"two lists, {words}", drawn(chances((0.3, 0.25)), size, TWO)),
            Cell(f"two lists linked with errors, {words}", two_linked(size)),
            Cell(f"draws of a linkage, {words}", versions(size), samples=1_000),
            Cell(alone, drawn(p, size, INDEPENDENT)),
            Cell(f"{alone}: graphs", drawn(p, size, GRAPHS), samples=1_000),
            Cell(f"{alone}: models chosen", drawn(p, size, CHOSEN), AFTER, samples=500),
            Cell(together, drawn(paired, size, DEPENDENT, pair)),
            Cell(f"{together}: graphs", drawn(paired, size, GRAPHS), samples=1_000),
            Cell(f"{together}: models chosen", drawn(paired, size, CHOSEN), AFTER, samples=500),
            Cell(f"four lists that catch alike, {words}", drawn(chances(EVEN), size, EQUAL)),
            Cell(
                f"persons seen more and less easily, {words}: bound",
                drawn(unequal(0.15, 0.8), size, bound), NO_TRUTH,
            ),
            Cell(
                f"four rounds of search that persons avoid afterwards, {words}",
                drawn(avoided(), size, ordered),
            ),
            Cell(f"two strata, {words}", in_strata(size)),
        ]  # fmt: skip
    out.append(
        Cell(
            "persons seen more and less easily, N = 3,000", drawn(unequal(0.25, 0.8), 3_000, normal)
        )
    )
    out += [
        Cell(f"one-inflation, {how}, N = 4,000", inflated(how, 4_000))
        for how in ("before", "after", "duplicates")
    ]
    return out


def avoided() -> Array:
    """Return chances of histories of four rounds: 0.3 until the first capture and 0.15 after it."""
    out = []
    for history in all_histories(4):
        chance, caught = 1.0, False
        for on in history:
            p = 0.15 if caught else 0.3
            chance *= p if on else 1 - p
            caught |= bool(on)
        out.append(chance)
    return np.array(out)
