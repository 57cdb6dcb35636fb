"""Clustered samples measured by instruments that err, by reports about others, with refusals.

People are sampled and differ as in `evidence.coverage.sensitive_answers`; here they are screened, some of
them seen by a gold standard, or do not answer. Households that report about children of others are
drawn from areas in which every household, child and link is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sensitive_answers import LEVELS, SHARES, STRATA, TREND, Answers

__all__ = ["CHILDREN", "POPULATION", "Refusals", "Reports", "Screened", "reports_of"]

Array = NDArray[Any]
POPULATION = 2_000  # areas of the population that is reported about
HOMES, CHILDREN, ASKED = 40, 40, 10  # households and children of an area, households asked


@dataclass(frozen=True)
class Screened(Answers):
    """People screened; a validation study elsewhere, and a gold standard on some of the sample.

    Sensitivity and specificity of the screen in the field and where it was validated, on how many
    cases and others; how many who are positive and negative are looked at again, the share of cases
    that the gold standard finds, and the share of cases who refuse it.
    """

    prevalence: float = 0.03
    sensitivity: float = 0.85
    specificity: float = 0.97
    validated_sensitivity: float = 0.85
    validated_specificity: float = 0.97
    cases: int = 60
    others: int = 300
    positives: int = 80
    negatives: int = 120
    gold: float = 1.0
    refused: float = 0.0

    def drawn(self, samples: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw samples with the counts of a validation study of their own."""
        out = super().drawn(samples, rng)
        trait, of = out["trait"] > 0, out["sample"]
        positive = rng.random(of.size) < np.where(trait, self.sensitivity, 1 - self.specificity)
        out["screen"] = positive.astype(float)
        for name, right, tested in (
            ("found", self.validated_sensitivity, self.cases),
            ("cleared", self.validated_specificity, self.others),
        ):
            out[name] = rng.binomial(tested, right, samples)[of].astype(float)
        again = _first(of, positive, self.positives, rng) | _first(
            of, ~positive, self.negatives, rng
        )
        again &= ~trait | (rng.random(of.size) >= self.refused)
        out["gold"] = np.where(again, trait & (rng.random(of.size) < self.gold), np.nan)
        return {k: v for k, v in out.items() if k in SCREENED}


SCREENED = ("sample", "stratum", "psu", "w", "screen", "found", "cleared", "gold")


def _first(sample: Array, member: Array, count: int, rng: np.random.Generator) -> Array:
    """Return a random `count` of the members in every sample."""
    rows = np.flatnonzero(member)
    rows = rows[np.lexsort((rng.random(rows.size), sample[rows]))]
    of = sample[rows]
    place = np.arange(rows.size) - np.searchsorted(of, of)
    out = np.zeros(sample.size, dtype=bool)
    out[rows[place < count]] = True
    return out


@dataclass(frozen=True)
class Reports:
    """Areas whose households tell of children of their own and of others.

    Share of children who are cases, their correlation within areas, areas sampled; the chance that
    a household knows of another's child, and of its case; the share of the other households who
    could tell of a case that an informant counts.
    """

    prevalence: float = 0.05
    icc: float = 0.05
    units: int = 40
    known: float = 0.1
    known_case: float = 0.1
    counted: float = 1.0
    people: int = ASKED

    @property
    def truth(self) -> float:
        """Share of children who are cases."""
        return self.prevalence

    def drawn(self, samples: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw samples of areas, and in each the households asked, with their reports."""
        areas = samples * self.units
        more = 1 / self.icc - 1
        share = rng.beta(self.prevalence * more, (1 - self.prevalence) * more, areas)
        case = rng.random((areas, CHILDREN)) < share[:, None]
        chance = np.where(case, self.known_case, self.known)[:, :, None]
        knows = rng.random((areas, CHILDREN, HOMES)) < chance
        home = rng.integers(0, HOMES, (areas, CHILDREN, 1))
        np.put_along_axis(knows, home, True, axis=2)
        could = knows.sum(axis=2)
        if self.counted < 1:
            could = 1 + rng.binomial(could - 1, self.counted)
        told = knows[:, :, :ASKED] & case[:, :, None]
        sample, within = np.divmod(np.arange(areas), self.units)
        stratum = within % STRATA
        row = np.repeat(np.arange(areas), ASKED)
        out = {
            "home": np.arange(row.size),
            "sample": sample[row],
            "stratum": (sample * STRATA + stratum)[row],
            "psu": row,
            "w": (SHARES * POPULATION / (self.units / STRATA) * HOMES / ASKED)[stratum][row],
            "children": knows[:, :, :ASKED].sum(axis=1).ravel().astype(float),
            "cases": told.sum(axis=1).ravel().astype(float),
        }
        area, child, asked = np.nonzero(told)
        return out | _wide(area * ASKED + asked, could[area, child], row.size)


def _wide(home: Array, could: Array, homes: int) -> dict[str, Array]:
    """Return by household the number who could tell of its first case, its second, and so on."""
    order = np.argsort(home, kind="stable")
    home, could = home[order], could[order]
    place = np.arange(home.size) - np.searchsorted(home, home)
    most = int(place.max(initial=0)) + 1
    out = np.full((most, homes), np.nan)
    out[place, home] = could
    return {f"could_{k}": column for k, column in enumerate(out)}


def reports_of(columns: dict[str, Array]) -> dict[str, Array]:
    """Return one line per report from the columns of households."""
    told = np.array([column for name, column in columns.items() if name.startswith("could_")])
    place, row = np.nonzero(np.isfinite(told))
    return {"home": columns["home"][row], "could": told[place, row]}


@dataclass(frozen=True)
class Refusals(Answers):
    """People who do not answer more often where the trait is common, with their answers imputed.

    Half of the people, told apart by a predictor, have the trait more often and refuse more often;
    both halves of a primary unit have shares of their own.
    """

    prevalence: float = 0.25
    slope: float = 0.5
    refuse: tuple[float, float] = (0.1, 0.5)
    imputed: int = 10

    def drawn(self, samples: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw samples with answers imputed by three models, each `imputed` times."""
        out = super().drawn(samples, rng)
        x, stratum = out["x"].astype(int), out["stratum"]
        near = out["psu"] * 2 + x  # the primary unit, by the predictor
        group = stratum * 2 + x  # the stratum, by the predictor
        place = np.zeros(near.max() + 1, dtype=int)
        place[near] = group
        y = rng.random(x.size) < self._shares(out, near, place.size, rng)[near]
        missing = rng.random(x.size) < np.take(self.refuse, x)
        yes, no = (np.bincount(near[~missing & which], minlength=place.size) for which in (y, ~y))
        columns = {}
        for k in range(self.imputed):
            weight = np.repeat(rng.exponential(size=place.size // 2), 2)  # of the unit
            for name, chance in (
                ("clusters", self._near(yes, no, place, weight, rng)[near]),
                ("no clusters", _posterior(yes, no, place, rng)[group]),
                ("no predictor", _posterior(yes, no, place // 2, rng)[stratum]),
            ):
                imputed = np.where(missing, rng.random(x.size) < chance, y)
                columns[f"{name} {k}"] = imputed.astype(float)
        columns["answered"] = np.where(missing, np.nan, y)
        return {name: out[name] for name in ("sample", "stratum", "psu", "w")} | columns

    def _shares(self, out: dict[str, Array], near: Array, count: int, rng: Any) -> Array:
        """Return shares with the trait by primary unit and predictor, each drawn by itself."""
        stratum = out["stratum"] % STRATA
        mean = np.zeros(count)
        size = out["w"] / SHARES[stratum]
        mean[near] = (
            self.prevalence
            * LEVELS[stratum]
            * (1 + TREND * (size - 1))
            * (1 + self.slope * (2 * out["x"] - 1))
        )
        more = 1 / self.icc - 1
        drawn = rng.beta(more * np.where(mean > 0, mean, 0.5), more * (1 - mean))
        return np.asarray(drawn)

    def _near(self, yes: Array, no: Array, place: Array, weight: Array, rng: Any) -> Array:
        """Draw shares of primary units, those of strata by a Bayesian bootstrap of the units."""
        up, all_ = (np.bincount(place, weight * v) for v in (yes, yes + no))
        mean = np.clip(up / all_, 1e-6, 1 - 1e-6)[place]
        more = 1 / self.icc - 1
        return np.asarray(rng.beta(more * mean + yes, more * (1 - mean) + no))


def _posterior(yes: Array, no: Array, place: Array, rng: np.random.Generator) -> Array:
    """Draw the shares of groups as if people were drawn one by one, with a uniform prior."""
    return np.asarray(rng.beta(*(1 + np.bincount(place, v) for v in (yes, no))))
