"""One draw of all answers from a model, given one draw of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["barrier", "lognormal", "overdispersed", "random_degree"]

Array = NDArray[Any]


def overdispersed(draw: Mapping[str, Array], rng: np.random.Generator) -> Array:
    """Negative binomial answers with variance omega times the mean (Zheng, Salganik, Gelman 2006)."""
    mean = _mean(draw)
    excess = np.expm1(draw["log_omega"])
    return np.asarray(rng.poisson(rng.gamma(mean / excess) * excess))


def random_degree(draw: Mapping[str, Array], rng: np.random.Generator) -> Array:
    """Binomial answers among the people known (Maltiel et al. 2015)."""
    return rng.binomial(*_trials(draw))


def barrier(draw: Mapping[str, Array], rng: np.random.Generator) -> Array:
    """Beta-binomial answers: the share of a group differs between respondents (Maltiel et al.)."""
    degree, share = _trials(draw)
    size = 1 / draw["dispersion"] - 1
    return rng.binomial(degree, rng.beta(share * size, (1 - share) * size))


def lognormal(draw: Mapping[str, Array], rng: np.random.Generator) -> Array:
    """Poisson answers with a lognormal factor of mean 1 in every cell (Laga, Bao and Niu 2023)."""
    spread = np.sqrt(np.log1p(draw["tau"] ** 2))
    mean = _mean(draw)
    noise = rng.standard_normal(mean.shape)
    if "correlation" in draw:
        noise = noise @ np.linalg.cholesky(draw["correlation"]).T
    return np.asarray(rng.poisson(mean * np.exp(spread * noise - spread**2 / 2)))


def _mean(draw: Mapping[str, Array]) -> Array:
    return np.asarray(np.exp(draw["log_degree"][:, None] + _log_share(draw)))


def _log_share(draw: Mapping[str, Array]) -> Array:
    return draw.get("log_prevalence_of_row", draw["log_prevalence"])


def _trials(draw: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return whole degrees (respondents, 1) and shares; the model knows degrees as real numbers."""
    share = np.minimum(np.exp(_log_share(draw)), 1.0)
    degree = np.rint(np.exp(draw["log_degree"])).astype(np.int64)[:, None]
    return np.broadcast_arrays(degree, share)  # type: ignore[return-value]
