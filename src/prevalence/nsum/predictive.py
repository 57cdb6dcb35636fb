"""Answers drawn from a fitted model, and how those that were given differ from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["REPLICATES", "discrepancies"]

Array = NDArray[Any]
Replicate = Callable[[Mapping[str, Array], np.random.Generator], Array]
STATISTICS = ("share of zeros", "mean", "maximum")


# ---------------------------------------------------------------------- one draw of all answers
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


REPLICATES: dict[str, Replicate] = {
    "overdispersed": overdispersed,
    "random-degree": random_degree,
    "barrier": barrier,
    "lognormal": lognormal,
    "correlated": lognormal,
}


def _mean(draw: Mapping[str, Array]) -> Array:
    mean = np.exp(draw["log_degree"][:, None] + _log_share(draw))
    return np.asarray(mean * np.exp(draw["linear"]) if "linear" in draw else mean)


def _log_share(draw: Mapping[str, Array]) -> Array:
    return draw.get("log_prevalence_of_row", draw["log_prevalence"])


def _trials(draw: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return whole degrees (respondents, 1) and shares; the model knows degrees as real numbers."""
    share = np.minimum(np.exp(_log_share(draw)), 1.0)
    degree = np.rint(np.exp(draw["log_degree"])).astype(np.int64)[:, None]
    return np.broadcast_arrays(degree, share)  # type: ignore[return-value]


# ---------------------------------------------------------------------- given against drawn
def discrepancies(
    groups: Sequence[str], low: Array, high: Array, replicates: Iterable[Array]
) -> pd.DataFrame:
    """Return observed and replicated statistics of the answers to each question."""
    asked = ~((low == 0) & np.isinf(high))
    zeros = asked & ((high == 0) | (low > 0))  # whether nobody is known can be told
    capped = np.isinf(high) & (low > 1)
    cap = np.where(capped, low, np.inf).min(axis=0, initial=np.inf)
    exact = (low == high) | capped
    observed = _statistics(low, zeros, exact)
    drawn = np.stack([_statistics(np.minimum(y, cap), zeros, exact) for y in replicates])
    above = (drawn > observed).mean(axis=0) + (drawn == observed).mean(axis=0) / 2
    limits = np.quantile(drawn, [0.025, 0.975], axis=0)
    gone = np.isnan(observed)
    return pd.DataFrame(
        {
            "group": np.repeat(list(groups), len(STATISTICS)),
            "statistic": np.tile(STATISTICS, len(groups)),
            "observed": observed.T.reshape(-1),
            "predicted": drawn.mean(axis=0).T.reshape(-1),
            "low": limits[0].T.reshape(-1),
            "high": limits[1].T.reshape(-1),
            "p": np.where(gone, np.nan, above).T.reshape(-1),
        }
    )


def _statistics(y: Array, zeros: Array, exact: Array) -> Array:
    """Return share of zeros, mean and maximum (statistics, groups) of the answers that tell them."""
    with np.errstate(invalid="ignore"):
        share = ((y == 0) & zeros).sum(axis=0) / zeros.sum(axis=0)
        mean = np.where(exact, y, 0).sum(axis=0) / exact.sum(axis=0)
    top = np.where(exact, y, -1).max(axis=0).astype(float)
    return np.stack([share, mean, np.where(top < 0, np.nan, top)])
