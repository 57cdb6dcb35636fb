"""The models that `fit` knows: a model is one function from answers to draws, and one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import marginal, replicates
from .asked import Asked
from .lognormal import poisson_lognormal
from .marginal import Margin
from .overdispersed import overdispersed_draws
from .random_degree import random_degree

__all__ = ["MODELS", "Asked", "Model"]

Array = NDArray[Any]
ZHENG = "Zheng, Salganik and Gelman (2006) doi:10.1198/016214505000001168"
MALTIEL = "Maltiel, Raftery, McCormick and Baraff (2015) doi:10.1214/15-AOAS827"
WEIGHTED = "weights='pseudo'"
LAGA = "Laga, Bao and Niu (2023) doi:10.1080/01621459.2023.2165929"
HEAVY = ", because its noise has a tail so heavy that no variance tells its spread"


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model: its sampler, answers drawn from it, the rule that scales its draws, what it takes.

    `sized` tells that known sizes are in its likelihood, so that nothing is left to scale; `levels`
    names parameters that move with log degrees (1) or against them (-1); `groups` is how many it
    needs at least. `margin` is its likelihood without the degrees, by which draws under survey
    weights are corrected; without one it takes no survey weights, for the reason in `unweighted`.
    """

    sample: Callable[[Asked, np.random.Generator], Mapping[str, Array]]
    replicate: Callable[[Mapping[str, Array], np.random.Generator], Array]
    scaling: str
    citations: tuple[str, ...]
    accepts: frozenset[str] = frozenset()
    sized: bool = False
    groups: int = 1
    levels: Mapping[str, int] = field(default_factory=dict)
    margin: Callable[[Mapping[str, Array], Asked], Margin] | None = None
    unweighted: str = ""

    def takes(self, word: str) -> bool:
        """Tell whether the model takes covariates, regions, weights or weighted scaling."""
        return word in self.accepts or (word == WEIGHTED and self.margin is not None)


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


def _random_degree(
    asked: Asked, rng: np.random.Generator, model: str = "random-degree"
) -> dict[str, Array]:
    return random_degree(asked.low, asked.high, model=model, **_shared(asked, rng))


def _lognormal(
    asked: Asked, rng: np.random.Generator, *, correlated: bool = False
) -> dict[str, Array]:
    return poisson_lognormal(
        asked.low,
        asked.high,
        covariates=asked.covariates,
        correlated=correlated,
        **_shared(asked, rng),
    )


MODELS: dict[str, Model] = {
    "overdispersed": Model(
        sample=_overdispersed,
        replicate=replicates.overdispersed,
        margin=marginal.of_overdispersed,
        scaling="overdispersed",
        citations=(ZHENG,),
        accepts=frozenset({"covariates", "regions"}),
        levels={"mu_alpha": 1, "mu_beta": -1},
        groups=3,
    ),
    "random-degree": Model(
        sample=_random_degree,
        replicate=replicates.random_degree,
        margin=marginal.of_random_degree,
        scaling="all",
        citations=(MALTIEL,),
        sized=True,
    ),
    "barrier": Model(
        sample=partial(_random_degree, model="barrier"),
        replicate=replicates.barrier,
        margin=marginal.of_random_degree,
        scaling="all",
        citations=(MALTIEL,),
        sized=True,
    ),
    "lognormal": Model(
        sample=_lognormal,
        replicate=replicates.lognormal,
        scaling="all",
        citations=(LAGA,),
        unweighted=HEAVY,
        accepts=frozenset({"covariates"}),
        groups=3,
    ),
    "correlated": Model(
        sample=partial(_lognormal, correlated=True),
        replicate=replicates.lognormal,
        scaling="all",
        citations=(LAGA,),
        unweighted=HEAVY,
        accepts=frozenset({"covariates", "weighted scaling"}),
        groups=3,
    ),
}
