"""Clustered samples of people who are asked what they would hide: many at once, the truth known.

Every sample has four strata of unequal shares and prevalences. Primary units are of unequal size,
drawn with equal chances, so that weights tell of the trait; the trait, and how many items apply,
differ between primary units. Truths are expected shares of the population without end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import prevalence as pv

__all__ = ["DEVICES", "Answers", "survey"]

Array = NDArray[Any]
STRATA = 4
SHARES = np.array([0.1, 0.2, 0.3, 0.4])  # of the strata in the population
LEVELS = np.array([0.6, 1.4, 0.8, 1.2])  # of their prevalences
SIZES = np.linspace(0.6, 1.4, 9)  # of the primary units, relative
TREND = 0.3  # of the prevalence with the size of the unit
ITEMS = (0.1, 0.3, 0.5, 0.7)  # shares of the control items, independent of each other
HONEST = 0.5  # share of those with the trait who say so directly
DEVICES: dict[str, dict[str, Any]] = {
    "warner": {"p": 0.7},
    "crosswise": {"p": 0.15},
    "forced": {"p_yes": 1 / 6, "p_no": 1 / 6},
    "unrelated": {"p": 0.7, "q": 0.1},
    "kuk": {"p": (0.8, 0.2)},
}
TWO_GROUPS, UNRELATED = (0.8, 0.3), 0.3  # p in both, and the share of the unrelated question


@dataclass(frozen=True)
class Answers:
    """How people are sampled and answer.

    Prevalence, correlation of the trait within primary units, primary units and people in each,
    shares of the control items, spread of the log-odds of items between people, relative
    difference of the trait between halves of the people; then what goes wrong: shares of those with
    the trait and all (no) control items who hide it, share of control items that the sensitive one
    suppresses, share of those without the trait who say yes directly, shares of people who answer a
    device by chance or with 0 whatever it says; whether whole primary units are read one list.
    """

    prevalence: float = 0.1
    icc: float = 0.05
    units: int = 60
    people: int = 25
    items: tuple[float, ...] = ITEMS
    spread: float = 0.0
    slope: float = 0.0
    ceiling: float = 0.0
    floor: float = 0.0
    suppressed: float = 0.0
    false_yes: float = 0.0
    chance: float = 0.0
    always_no: float = 0.0
    by_unit: bool = False

    @property
    def truth(self) -> float:
        """Share with the trait."""
        return float(self.prevalence * (SHARES * LEVELS).sum() * (1 + TREND * SIZES.var()))

    def drawn(self, samples: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw samples, one below the other, with every question put to everybody."""
        unit = np.repeat(np.arange(samples * self.units), self.people)
        sample, within = np.divmod(np.arange(samples * self.units), self.units)
        stratum = within % STRATA
        size = rng.choice(SIZES, unit.size // self.people)
        share = self.prevalence * LEVELS[stratum] * (1 + TREND * (size - 1))
        if self.icc:
            more = 1 / self.icc - 1
            share = rng.beta(share * more, (1 - share) * more)
        x = rng.random(unit.size) < 0.5
        trait = rng.random(unit.size) < share[unit] * (1 + self.slope * (2 * x - 1))
        treated = rng.random(share.size if self.by_unit else unit.size) < 0.5
        treated = treated[unit] if self.by_unit else treated
        level = rng.normal(0, np.sqrt(3.3 * self.icc), share.size)  # log-odds vary by pi^2 / 3
        level = level[unit] + self.spread * rng.normal(size=unit.size)
        lists = [_count(self, trait, long, level, rng) for long in (treated, ~treated)]
        out = {
            "sample": sample[unit],
            "stratum": (sample * STRATA + stratum)[unit],
            "psu": unit,
            "w": (SHARES[stratum] * size)[unit],
            "x": x,
            "trait": trait,
            "treated": treated,
            "count": lists[0],
            "other": lists[1],
            "direct": rng.random(unit.size) < np.where(trait, HONEST, self.false_yes),
            "group": np.where(rng.random(unit.size) < 0.5, "first", "second"),
        }
        out |= {name: _masked(self, name, trait, rng) for name in DEVICES}
        asked = rng.random(unit.size) < np.where(out["group"] == "first", *TWO_GROUPS)
        said = np.where(asked, trait, rng.random(unit.size) < UNRELATED)
        out["two groups"] = _obeyed(self, said, rng)
        return {name: v.astype(float) if v.dtype == bool else v for name, v in out.items()}


def survey(data: dict[str, Array], *, clustered: bool = True) -> pv.Survey:
    """Return samples as one survey; samples share no stratum, so that each has its own variance."""
    if clustered:
        return pv.Survey(data, weights="w", strata="stratum", psu="psu")
    return pv.Survey(data, weights="w", strata="sample")


def _count(
    cell: Answers, trait: Array, long: Array, level: Array, rng: np.random.Generator
) -> Array:
    """Return how many items people count: those that apply, and the sensitive one on a long list."""
    odds = np.log(np.divide(cell.items, np.subtract(1, cell.items)))
    apply = 1 / (1 + np.exp(-(odds[:, None] + level)))
    count = (rng.random(apply.shape) < apply).sum(axis=0)
    added = trait & long
    for share, given_away in ((cell.ceiling, len(cell.items)), (cell.floor, 0)):
        if share:
            added &= ~((count == given_away) & (rng.random(count.size) < share))
    if cell.suppressed:
        count = np.where(long, rng.binomial(count, 1 - cell.suppressed), count)
    return np.asarray(count + added).astype(float)


def _masked(cell: Answers, name: str, trait: Array, rng: np.random.Generator) -> Array:
    """Return answers to a device: 1 with the probability that it gives those with and without."""
    shape, u = DEVICES[name], rng.random(trait.size)
    if name == "forced":
        said = np.where(trait, u >= shape["p_no"], u < shape["p_yes"])
    elif name == "unrelated":
        said = np.where(u < shape["p"], trait, rng.random(trait.size) < shape["q"])
    else:
        red = shape["p"] if name == "kuk" else (shape["p"], 1 - shape["p"])
        said = u < np.where(trait, *red)
    return _obeyed(cell, said, rng)


def _obeyed(cell: Answers, said: Array, rng: np.random.Generator) -> Array:
    """Return answers as they are given, by chance or with no whatever the device says."""
    out = np.asarray(said, dtype=bool)
    if cell.chance:
        out = np.where(rng.random(out.size) < cell.chance, rng.random(out.size) < 0.5, out)
    if cell.always_no:
        out &= rng.random(out.size) >= cell.always_no
    return out
