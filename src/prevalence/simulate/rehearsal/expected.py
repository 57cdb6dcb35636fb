"""What a design can be expected to bring back, from chances of selection; no sample is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .fieldwork import cluster_chances
from .parameters import Parameters
from .population import Population

__all__ = ["Expected", "expected"]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What one study can be expected to bring back.

    Parameters
    ----------
    children, cases : float
        Children in the data, and trafficked ones among them.
    deff : float
        Design effect of the share: unequal weights times clusters.
    relative_error : float
        Standard error of the share over the share.
    reports : float
        Trafficked children reported by adults.
    listed : float
        Trafficked children on at least one list, were lists independent.

    Examples
    --------
    >>> from prevalence.simulate import study
    >>> found = study(prevalence=0.02, rng=1).expected
    >>> round(found.children), round(found.cases), round(found.relative_error, 2)
    (1872, 38, 0.2)
    """

    children: float
    cases: float
    deff: float
    relative_error: float
    reports: float
    listed: float


def expected(p: Parameters, population: Population) -> Expected:
    """Return sums over the population of what is drawn, times its chance to be drawn."""
    drawn = cluster_chances(p, population) * p.households / population.cluster_size
    chance = drawn[population.cluster] * population.chance
    size = population.size if p.one_per_household else np.ones(population.size.size)
    kids = chance * (1 if p.one_per_household else population.size)
    cases = chance * population.household_cases / size
    weight = size / drawn[population.cluster]
    children = float(kids.sum())
    unequal = children * float((kids * weight**2).sum()) / float((kids * weight).sum()) ** 2
    in_cluster = children / p.sampled_clusters
    deff = unequal * (1 + (in_cluster - 1) * max(population.icc, 0.0))
    share = population.prevalence
    return Expected(
        children=children,
        cases=float(cases.sum()),
        deff=deff,
        relative_error=math.sqrt(deff * (1 - share) / (share * children)),
        reports=float((chance * population.reports).sum()),
        listed=population.cases * (1 - math.prod(1 - c for c in p.captures)),
    )
