"""One sample of the population: what the field would bring back, and its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from prevalence.answers import Answers
from prevalence.estimate import Estimate
from prevalence.groups import Group
from prevalence.known import uncertain
from prevalence.lists import Lists
from prevalence.mse.histories import all_histories, cell_codes, cell_places
from prevalence.simulate.shared import AGE_GROUPS, Floats, Ints
from prevalence.survey import Survey

from .captured import captured
from .parameters import Parameters
from .population import Population, stratum_names

__all__ = ["Fieldwork", "draw"]

HIDDEN = "n_trafficked"
REPLICATES = 200
SYNTHETIC = "children in synthetic data (no row is a real person)"


@dataclass(frozen=True, eq=False, repr=False)
class Fieldwork:
    """The data of one rehearsed study, as the field would bring them back.

    Parameters
    ----------
    parameters : Parameters
        The design, and what the analysis allows for.
    households : dict of str to array
        Drawn households: stratum, cluster, base weight, children, whether they took part, and what
        the adult answered about children known.
    roster : dict of str to array
        Children of the households that took part: sex, age group and whether trafficked.
    captures : array of shape (histories,)
        Persons of each capture history, none left out.
    margins : dict
        Known totals of the population, to rake to.
    group_sizes : dict of str to int
        Sizes of the known groups, by column of answers.
    census : float
        Number of children, as the census has it.
    seed : int
        Seed of a bootstrap of this sample.

    Examples
    --------
    >>> import prevalence as pv
    >>> sample = pv.simulate.study(prevalence=0.02, rng=1).sample(rng=1)
    >>> sample
    <Fieldwork: 1,200 households drawn in 80 clusters, 966 took part, 1,829 children; 1,203 persons on 3 lists>
    >>> pv.direct.prevalence(sample.children, "trafficked").facts["n"]
    array([1829.])
    >>> sample.survey.n, sample.lists.seen, len(sample.group_sizes)
    (1200, 1203, 10)
    >>> float(sample.population)
    120000.0
    """

    parameters: Parameters = field(repr=False)
    households: dict[str, Any]
    roster: dict[str, Any]
    captures: Ints
    margins: dict[str, dict[str, float]]
    group_sizes: dict[str, int]
    census: float
    seed: int

    @cached_property
    def survey(self) -> Survey:
        """Households with base weights, nonresponse adjustment and variance scheme."""
        p = self.parameters
        strata = "stratum" if p.strata > 1 else None
        made = Survey(self.households, weights="base_weight", strata=strata, psu="cluster")
        made = made.describe(rows="households", psus="clusters", population=SYNTHETIC)
        if p.nonresponse:
            classes = [c for c in (strata, "size_class") if c] if p.handles("nonresponse") else []
            made = made.nonresponse("took_part", within=classes)
        if p.variance == "jackknife":
            return made.jackknife()
        return made.bootstrap(REPLICATES, rng=self.seed) if p.variance == "bootstrap" else made

    @cached_property
    def children(self) -> Survey:
        """Children of the households that took part, raked to the margins of the population."""
        p = self.parameters
        one = "n_children" if p.one_per_household else None
        made = self.survey.attach(self.roster, on="household", one=one)
        made = made.describe(rows="children", psus="clusters", population=SYNTHETIC)
        return made.rake({m: self.margins[m] for m in p.margins}) if p.margins else made

    @cached_property
    def answers(self) -> Answers:
        """What one adult of each household knows of children, in known groups and trafficked."""
        known = {
            name: Group(size=size, alters="children", source="assumed: synthetic")
            for name, size in self.group_sizes.items()
        }
        return Answers(
            self.survey,
            known=known,
            hidden={"trafficked children": Group(column=HIDDEN)},
            alters="children",
            tie="knows and has met",
        )

    @cached_property
    def lists(self) -> Lists:
        """Case lists, linked."""
        names = list(self.parameters.list_names)
        return Lists.from_counts(all_histories(len(names)), self.captures, names)

    @cached_property
    def population(self) -> Estimate | float:
        """Number of children as the census has it, with its uncertainty if it has any."""
        error = self.parameters.census_error
        if not error:
            return self.census
        return uncertain(self.census, std_error=error * self.census, kind="lognormal")

    def __repr__(self) -> str:
        clusters = np.unique(self.households["cluster"]).size
        return (
            f"<Fieldwork: {self.households['cluster'].size:,} households drawn in {clusters:,} "
            f"clusters, {int(self.households['took_part'].sum()):,} took part, "
            f"{self.roster['household'].size:,} children; {int(self.captures.sum()):,} persons on "
            f"{len(self.parameters.captures)} lists>"
        )


def draw(p: Parameters, population: Population, rng: np.random.Generator) -> Fieldwork:
    """Draw clusters, households, who takes part, and the case lists."""
    cluster, chance = drawn_clusters(p, population, rng)
    rows = drawn_households(population, cluster, p.households, rng)
    fraction = p.households / population.cluster_size[cluster]
    weight = np.repeat(1 / (chance * fraction), p.households)
    took_part = rng.random(rows.size) < population.chance[rows]
    names = np.array(stratum_names(p.strata), dtype=object)
    stratum = population.cluster_stratum[population.cluster[rows]]
    answers = {
        f"n_group_{k + 1}": _answered(known[rows], took_part)
        for k, known in enumerate(population.known)
    }
    households = {
        "household": rows,
        "stratum": names[stratum],
        "cluster": population.cluster[rows],
        "base_weight": weight,
        "n_children": population.size[rows],
        "size_class": np.minimum(population.size[rows], 3),
        "took_part": took_part.astype(np.int64),
        **answers,
        HIDDEN: _answered(population.reports[rows], took_part),
    }
    error = p.census_error
    off = float(np.exp(error * rng.standard_normal())) if error else 1.0
    return Fieldwork(
        parameters=p,
        households=households,
        roster=_roster(p, population, rows[took_part], rng),
        captures=case_lists(p, population.cases, rng),
        margins=_margins(population),
        group_sizes=dict(zip(answers, population.group_sizes.tolist(), strict=True)),
        census=population.children * off,
        seed=int(rng.integers(2**32)),
    )


def allocation(p: Parameters, population: Population) -> Ints:
    """Return the clusters drawn in each stratum: in proportion, the first one oversampled."""
    share = np.bincount(population.cluster_stratum).astype(float)
    share[0] *= p.oversample
    free = p.sampled_clusters - 2 * share.size
    exact = np.maximum(share / share.sum() * p.sampled_clusters - 2, 0)
    exact = exact / exact.sum() * free if free else np.zeros(share.size)
    out = np.floor(exact).astype(np.int64)
    out[np.argsort(out - exact, kind="stable")[: free - int(out.sum())]] += 1
    return out + 2


def cluster_chances(p: Parameters, population: Population) -> Floats:
    """Return each cluster's chance to be drawn."""
    stratum, count = population.cluster_stratum, allocation(p, population)
    measure = population.cluster_size if p.selection == "pps" else np.ones(stratum.size)
    total = np.bincount(stratum, weights=measure)
    chance = np.asarray(count[stratum] * measure / total[stratum])
    if chance.max() > 1:
        first = int(np.argmax(chance))
        raise ValueError(
            f"sampled_clusters must leave every cluster a chance of at most 1: "
            f"{int((chance > 1).sum()):,} of {chance.size:,} have more (first: cluster {first}, "
            f"{chance[first]:.2f}). Draw fewer clusters, or oversample less."
        )
    return chance


def drawn_clusters(
    p: Parameters, population: Population, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Draw clusters, systematically in random order in each stratum, with their chances."""
    chance, picked = cluster_chances(p, population), []
    for h in range(p.strata):
        order = rng.permutation(np.flatnonzero(population.cluster_stratum == h))
        ends = np.cumsum(chance[order])
        count = round(float(ends[-1]))
        points = rng.random() + np.arange(count)
        picked.append(order[np.searchsorted(ends * (count / ends[-1]), points, side="right")])
    cluster = np.concatenate(picked)
    return cluster, chance[cluster]


def drawn_households(
    population: Population, cluster: Ints, taken: int, rng: np.random.Generator
) -> Ints:
    """Draw as many households in each cluster, at random without replacement."""
    size = population.cluster_size[cluster][:, None]
    key = rng.random((cluster.size, int(size.max())))
    key = np.where(np.arange(key.shape[1]) < size, key, 2.0)
    inside = np.argpartition(key, taken - 1, axis=1)[:, :taken]
    return np.asarray((population.cluster_start[cluster][:, None] + inside).ravel())


def _answered(column: Ints, took_part: Any) -> Floats:
    """Return answers, blank where the household did not take part."""
    return np.where(took_part, column, np.nan)


def _roster(
    p: Parameters, population: Population, rows: Ints, rng: np.random.Generator
) -> dict[str, Any]:
    """Return the children of the households, all of them or one drawn at random."""
    size = population.size[rows]
    if p.one_per_household:
        child = population.first_child[rows] + rng.integers(0, size)
        household = rows
    else:
        before = np.repeat(np.cumsum(size) - size, size)
        child = np.repeat(population.first_child[rows], size) + np.arange(size.sum()) - before
        household = np.repeat(rows, size)
    stratum = population.cluster_stratum[population.cluster[household]]
    return {
        "household": household,
        "n_children": population.size[household],
        "sex": np.array(["girl", "boy"], dtype=object)[population.sex[child]],
        "age_group": np.array(list(AGE_GROUPS), dtype=object)[population.age[child]],
        "stratum": np.array(stratum_names(p.strata), dtype=object)[stratum],
        "trafficked": population.case[child].astype(np.int64),
    }


def _margins(population: Population) -> dict[str, dict[str, float]]:
    """Return the totals of the population to rake to."""
    sexes = np.bincount(population.sex, minlength=2)
    ages = np.bincount(population.age, minlength=len(AGE_GROUPS))
    strata = population.strata
    return {
        "sex": dict(zip(("girl", "boy"), sexes.astype(float).tolist(), strict=True)),
        "age_group": dict(zip(AGE_GROUPS, ages.astype(float).tolist(), strict=True)),
        "stratum": dict(zip(strata["stratum"], strata["children"].astype(float), strict=True)),
    }


def case_lists(p: Parameters, cases: int, rng: np.random.Generator) -> Ints:
    """Return how many persons have each capture history, in the order of `all_histories`."""
    on = captured(p, cases, rng)
    places = cell_places(len(p.captures))
    return np.bincount(places[cell_codes(on)], minlength=places.size - 1)
