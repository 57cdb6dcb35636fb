"""The models that `fit` knows: a model is one function from answers to draws, and one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lognormal import poisson_lognormal
from .overdispersed import overdispersed_draws
from .random_degree import random_degree

__all__ = ["MODELS", "Asked", "Model"]

Array = NDArray[Any]
ZHENG = "Zheng, Salganik and Gelman (2006) doi:10.1198/016214505000001168"
MALTIEL = "Maltiel, Raftery, McCormick and Baraff (2015) doi:10.1214/15-AOAS827"
LAGA = "Laga, Bao and Niu (2023) doi:10.1080/01621459.2023.2165929"


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """What a sampler is asked: answers as intervals, sizes (nan where hidden), and how long to draw."""

    low: Array
    high: Array
    sizes: Array
    population: float
    weights: Array | None
    covariates: Array | None
    regions: tuple[Array, tuple[str, ...], Array] | None  # code, labels, populations
    chains: int
    draws: int
    warmup: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model: its sampler, the rule that scales its draws, and what it takes.

    `sized` tells that known sizes are in its likelihood, so that nothing is left to scale; `levels`
    names parameters that move with log degrees (1) or against them (-1); `groups` is how many it
    needs at least.
    """

    sample: Callable[[Asked, np.random.Generator], Mapping[str, Array]]
    scaling: str
    citations: tuple[str, ...]
    accepts: frozenset[str]
    sized: bool = False
    groups: int = 1
    levels: Mapping[str, int] = field(default_factory=dict)


def _shared(asked: Asked, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "sizes": asked.sizes,
        "population": asked.population,
        "weights": asked.weights,
        "chains": asked.chains,
        "warmup": asked.warmup,
        "draws": asked.draws,
        "rng": rng,
    }


def _overdispersed(asked: Asked, rng: np.random.Generator) -> dict[str, Array]:
    code, _, people = asked.regions or (None, (), None)
    return overdispersed_draws(
        asked.low,
        asked.high,
        covariates=asked.covariates,
        regions=code,
        region_shares=None if people is None else people / people.sum(),
        **_shared(asked, rng),
    )


def _random_degree(asked: Asked, rng: np.random.Generator) -> dict[str, Array]:
    return random_degree(asked.low, asked.high, model="random-degree", **_shared(asked, rng))


def _barrier(asked: Asked, rng: np.random.Generator) -> dict[str, Array]:
    return random_degree(asked.low, asked.high, model="barrier", **_shared(asked, rng))


def _lognormal(asked: Asked, rng: np.random.Generator) -> dict[str, Array]:
    return poisson_lognormal(
        asked.low, asked.high, covariates=asked.covariates, **_shared(asked, rng)
    )


def _correlated(asked: Asked, rng: np.random.Generator) -> dict[str, Array]:
    return poisson_lognormal(
        asked.low, asked.high, covariates=asked.covariates, correlated=True, **_shared(asked, rng)
    )


INTERVALS, WEIGHTED = "answers in intervals", "weights='pseudo'"
MODELS: dict[str, Model] = {
    "overdispersed": Model(
        sample=_overdispersed,
        scaling="overdispersed",
        citations=(ZHENG,),
        accepts=frozenset({INTERVALS, WEIGHTED, "covariates", "regions"}),
        levels={"mu_alpha": 1, "mu_beta": -1},
        groups=3,
    ),
    "random-degree": Model(
        sample=_random_degree,
        scaling="all",
        citations=(MALTIEL,),
        accepts=frozenset({INTERVALS, WEIGHTED}),
        sized=True,
    ),
    "barrier": Model(
        sample=_barrier,
        scaling="all",
        citations=(MALTIEL,),
        accepts=frozenset({INTERVALS, WEIGHTED}),
        sized=True,
    ),
    "lognormal": Model(
        sample=_lognormal,
        scaling="all",
        citations=(LAGA,),
        # no survey weights: tau has a tail so heavy that a sandwich about its mean is no spread of it
        accepts=frozenset({INTERVALS, "covariates"}),
        groups=3,
    ),
    "correlated": Model(
        sample=_correlated,
        scaling="all",
        citations=(LAGA,),
        accepts=frozenset({INTERVALS, "covariates", "weighted scaling"}),
        groups=3,
    ),
}
