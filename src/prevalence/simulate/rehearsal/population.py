"""One finite population: children and households in clusters, who is trafficked, who knows whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from prevalence.simulate.shared import AGE_GROUPS, Bools, Floats, Ints, gamma, lognormal

from .parameters import Parameters

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Population", "populate"]

#: Shares of households with one to four children (assumed; mean 2.05).
HOUSEHOLD_SIZES = (0.35, 0.35, 0.20, 0.10)
SIZE_CV = 0.3  # of the households of a cluster
#: Relative risk of each age group, and of girls and boys (assumed).
AGE_RISK, SEX_RISK = (0.5, 1.0, 1.6), (1.2, 0.8)
DEGREE_CV, DEGREE_AREA_SD = 0.6, 0.2  # of the children known
LOCAL = 0.3  # share of the ties that stay within the cluster
GROUP_SHARES = (0.005, 0.05)  # smallest and largest known group, of the children
#: How unequal nonresponse is, from the first stratum (or household size) to the last.
STRATUM_SLOPE, SIZE_SLOPE, CASE_ODDS = (1.5, 0.5), (0.5, 0.8, 1.2, 1.6), 2.5


@dataclass(frozen=True, eq=False, repr=False)
class Population:
    """Children in households and clusters, with the truth that a study wants to know.

    Parameters
    ----------
    cluster_stratum, cluster_start, cluster_size : array
        By cluster: its stratum, its first household and how many there are.
    size, cluster, first_child, chance : array
        By household: children, cluster, first child in the roster, and chance to take part.
    reports : array
        Trafficked children that the adult of each household reports.
    known : array of shape (groups, households)
        Children that the adult reports in each known group.
    group_sizes : array
        Children in each known group.
    sex, age, case : array
        By child: 0 (girl) or 1, position of the age group, and whether trafficked.

    Examples
    --------
    >>> from prevalence.simulate import study
    >>> population = study(prevalence=0.02, rng=1).population
    >>> population
    <Population: 2,400 of 120,000 children trafficked, in 1,000 clusters; intracluster correlation 0.021>
    >>> population.prevalence, int(population.strata["cases"].sum())
    (0.02, 2400)
    """

    cluster_stratum: Ints
    cluster_start: Ints
    cluster_size: Ints
    size: Ints
    cluster: Ints
    first_child: Ints
    chance: Floats = field(repr=False)
    reports: Ints = field(repr=False)
    known: Ints = field(repr=False)
    group_sizes: Ints = field(repr=False)
    sex: Ints = field(repr=False)
    age: Ints = field(repr=False)
    case: Bools = field(repr=False)

    @property
    def children(self) -> int:
        """Number of children."""
        return int(self.case.size)

    @property
    def cases(self) -> int:
        """Number of trafficked children, the truth."""
        return int(self.case.sum())

    @property
    def prevalence(self) -> float:
        """Share of children who are trafficked, the truth."""
        return self.cases / self.children

    @cached_property
    def household(self) -> Ints:
        """Household of each child."""
        return np.repeat(np.arange(self.size.size), self.size)

    @cached_property
    def household_cases(self) -> Ints:
        """Trafficked children of each household."""
        return np.add.reduceat(self.case.astype(np.int64), self.first_child)

    @cached_property
    def icc(self) -> float:
        """Correlation of two children of a cluster within their stratum, by analysis of variance."""
        sizes = np.add.reduceat(self.size, self.cluster_start)
        cases = np.add.reduceat(self.household_cases, self.cluster_start)
        return anova_icc(sizes, cases, self.cluster_stratum)

    @cached_property
    def strata(self) -> pd.DataFrame:
        """Children, cases and prevalence of each stratum."""
        import pandas as pd

        stratum = self.cluster_stratum[self.cluster]
        children = np.bincount(stratum, weights=self.size).astype(np.int64)
        cases = np.bincount(stratum, weights=self.household_cases).astype(np.int64)
        return pd.DataFrame(
            {
                "stratum": stratum_names(children.size),
                "children": children,
                "cases": cases,
                "prevalence": cases / children,
            }
        )

    def __repr__(self) -> str:
        return (
            f"<Population: {self.cases:,} of {self.children:,} children trafficked, in "
            f"{self.cluster_size.size:,} clusters; intracluster correlation {self.icc:.3f}>"
        )


def stratum_names(count: int) -> list[str]:
    """Return the names of the strata."""
    return [f"stratum {h + 1}" for h in range(count)]


def anova_icc(sizes: Ints, cases: Ints, stratum: Ints) -> float:
    """Return the analysis-of-variance estimate of the correlation within clusters."""
    share = cases / sizes
    n, k = np.bincount(stratum, weights=sizes), np.bincount(stratum)
    mean = (np.bincount(stratum, weights=cases) / n)[stratum]
    between = float((sizes * (share - mean) ** 2).sum()) / float((k - 1).sum())
    within = float((cases * (1 - share)).sum()) / float((sizes - 1).sum())
    typical = float((n - np.bincount(stratum, weights=sizes**2) / n).sum() / (k - 1).sum())
    return (between - within) / (between + (typical - 1) * within)


def populate(p: Parameters, rng: np.random.Generator) -> Population:
    """Draw the population; its counts of children, of cases and of ties are exactly as asked."""
    size = _household_sizes(p.children, rng)
    cluster_size = _cluster_sizes(size.size, p, rng)
    cluster = np.repeat(np.arange(p.clusters), cluster_size)
    stratum = np.arange(p.clusters) * p.strata // p.clusters
    age = rng.integers(0, len(AGE_GROUPS), p.children)
    sex = rng.integers(0, 2, p.children)
    child_cluster = np.repeat(cluster, size)
    share = _cluster_shares(p, stratum, rng)
    risk = np.array(AGE_RISK)[age] * np.array(SEX_RISK)[sex]
    case = _cases(p, share[child_cluster] * risk, stratum[child_cluster], rng)
    first = np.r_[0, np.cumsum(size)[:-1]]
    of_household = np.add.reduceat(case.astype(np.int64), first)
    level = np.bincount(cluster, weights=of_household) / np.bincount(cluster, weights=size)
    groups = np.round(np.geomspace(*GROUP_SHARES, p.known_groups) * p.children).astype(np.int64)
    reports, known = _ties(p, cluster, level, groups, int(case.sum()), rng)
    return Population(
        cluster_stratum=stratum,
        cluster_start=np.r_[0, np.cumsum(cluster_size)[:-1]],
        cluster_size=cluster_size,
        size=size,
        cluster=cluster,
        first_child=first,
        chance=1 - _refusals(p, size, stratum[cluster], of_household > 0),
        reports=reports,
        known=known,
        group_sizes=groups,
        sex=sex,
        age=age,
        case=case,
    )


def _household_sizes(children: int, rng: np.random.Generator) -> Ints:
    """Return sizes of households that add up to the children."""
    size = rng.choice(4, children, p=HOUSEHOLD_SIZES) + 1
    last = int(np.searchsorted(np.cumsum(size), children))
    size = size[: last + 1]
    size[-1] -= size.sum() - children
    return size


def _cluster_sizes(households: int, p: Parameters, rng: np.random.Generator) -> Ints:
    """Share households out to clusters, each with at least as many as are drawn in it."""
    weight = gamma(p.clusters, 1.0, SIZE_CV, rng)
    free = households - p.clusters * p.households
    return p.households + rng.multinomial(free, weight / weight.sum())


def _cluster_shares(p: Parameters, stratum: Ints, rng: np.random.Generator) -> Floats:
    """Draw the prevalence of each cluster, beta distributed around that of its stratum."""
    level = np.linspace(p.strata_ratio, 1.0, p.strata)
    mean: Floats = p.prevalence * (level / level.mean())[stratum]
    if p.icc == 0:
        return mean
    size = (1 - p.icc) / p.icc
    mean = np.minimum(mean, 0.95)
    drawn = rng.beta(mean * size, (1 - mean) * size)
    return np.asarray(np.maximum(drawn, 1e-9))


def _cases(p: Parameters, chance: Floats, stratum: Ints, rng: np.random.Generator) -> Bools:
    """Draw exactly as many cases as asked, shared out to strata as the chances are."""
    level = np.linspace(p.strata_ratio, 1.0, p.strata)
    wanted = _rounded(level * np.bincount(stratum), round(p.prevalence * p.children))
    case = np.zeros(chance.size, dtype=bool)
    for h, count in enumerate(wanted.tolist()):
        rows = np.flatnonzero(stratum == h)
        own = chance[rows]
        for _ in range(20):  # chances that reach 1 leave the others more
            own = np.minimum(own * (count / own.sum()), 1.0)
        found = rng.random(rows.size) < own
        surplus = int(found.sum()) - count
        if surplus > 0:
            found[rng.choice(np.flatnonzero(found), surplus, replace=False)] = False
        elif surplus < 0:
            free = np.flatnonzero(~found)
            odds = own[free] + 1e-12
            found[rng.choice(free, -surplus, replace=False, p=odds / odds.sum())] = True
        case[rows] = found
    return case


def _rounded(parts: Floats, total: int) -> Ints:
    """Share a whole number out in proportion, by largest remainders."""
    exact = parts / parts.sum() * total
    out: Ints = np.floor(exact).astype(np.int64)
    out[np.argsort(out - exact, kind="stable")[: total - int(out.sum())]] += 1
    return out


def _ties(
    p: Parameters, cluster: Ints, level: Floats, groups: Ints, cases: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Share ties out to adults; over all adults they are exactly what the groups' sizes say."""
    degree = gamma(cluster.size, p.children_known, DEGREE_CV, rng)
    degree *= lognormal(p.clusters, DEGREE_AREA_SD, rng)[cluster]
    per_child = degree.sum() / p.children
    near = LOCAL * level[cluster] / (cases / p.children) + 1 - LOCAL
    visible = degree * near
    told = round(per_child * cases * (1 - p.barrier) * p.transmission)
    reports = rng.multinomial(told, visible / visible.sum())
    recalled = (groups / np.median(groups)) ** -p.recall
    known = [
        rng.multinomial(round(float(per_child * size * share)), degree / degree.sum())
        for size, share in zip(groups, recalled, strict=True)
    ]
    return reports, np.stack(known)


def _refusals(p: Parameters, size: Ints, stratum: Ints, has_case: Bools) -> Floats:
    """Return each household's chance not to take part; the mean is the one asked for."""
    relative = np.ones(size.size)
    if p.nonresponse_by == "size":
        relative = np.array(SIZE_SLOPE)[size - 1]
    elif p.nonresponse_by == "stratum":
        relative = np.linspace(*STRATUM_SLOPE, p.strata)[stratum]
    elif p.nonresponse_by == "case":
        relative = np.where(has_case, CASE_ODDS, 1.0)
    return np.asarray(np.minimum(p.nonresponse * relative / relative.mean(), 0.95))
