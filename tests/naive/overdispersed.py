"""Slow versions: convergence diagnostics, the likelihood of an answer, the overdispersed model.

One chain, one respondent, one cell at a time, straight from the formulas.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


def log_count(y: int, mean: float, omega: float) -> float:
    """Return the log probability of a count, negative binomial with variance / mean = omega."""
    z = mean / (omega - 1)
    value = math.lgamma(y + z) - math.lgamma(z) - math.lgamma(y + 1)
    return value - z * math.log(omega) + y * math.log((omega - 1) / omega)


def log_answer(low: float, high: float, mean: float, omega: float) -> float:
    """Return log P(low <= y <= high): a sum over the counts inside, or the survival function."""
    if math.isinf(high):
        return float(stats.nbinom(mean / (omega - 1), 1 / omega).logsf(low - 1))
    inside = range(int(low), int(high) + 1)
    return float(np.logaddexp.reduce([log_count(y, mean, omega) for y in inside]))


def log_likelihood(
    low: Array,
    high: Array,
    alpha: Array,
    beta: Array,
    omega: Array,
    weights: Array | None = None,
) -> float:
    """Return the weighted sum of the log probabilities of all answers; beta is (K,) or (n, K)."""
    beta = np.broadcast_to(beta, low.shape)
    total = 0.0
    for i in range(low.shape[0]):
        for k in range(low.shape[1]):
            mean = math.exp(alpha[i] + beta[i, k])
            one = log_answer(low[i, k], high[i, k], mean, omega[k])
            total += one * (1.0 if weights is None else float(weights[i]))
    return total


def log_posterior(
    low: Array,
    high: Array,
    alpha: Array,
    beta: Array,
    log_v: Array,
    mean_beta: float,
    sd_alpha: float,
    sd_beta: float,
    weights: Array | None = None,
) -> float:
    """Return the log posterior density of (alpha, beta, log(omega - 1), mean, log sd, log sd)."""
    omega = 1 + np.exp(log_v)
    w = np.ones(len(alpha)) if weights is None else weights
    value = log_likelihood(low, high, alpha, beta, omega, weights)
    value -= float((w * (math.log(sd_alpha) + alpha**2 / (2 * sd_alpha**2))).sum())
    value -= len(beta) * math.log(sd_beta) + float(((beta - mean_beta) ** 2).sum()) / (
        2 * sd_beta**2
    )
    value += float((-2 * np.log(omega) + log_v).sum())  # 1 / omega^2, and d omega / d log v
    return value + math.log(sd_alpha) + math.log(sd_beta)  # flat on both


def sample(
    low: Array,
    high: Array,
    start: dict[str, Array],
    steps: int,
    rng: np.random.Generator,
    weights: Array | None = None,
) -> dict[str, Array]:
    """Return draws of a random walk that moves one number at a time by the posterior alone."""
    n, k = low.shape
    place = np.concatenate([start["alpha"], start["beta"], start["log_v"], start["top"]])
    scale = np.concatenate([np.full(n, 1.2), np.full(k, 0.8), np.full(k, 2.0), [0.8, 0.6, 0.8]])

    def density(x: Array) -> float:
        top = x[n + 2 * k :]
        sds = (float(np.exp(top[1])), float(np.exp(top[2])))
        return log_posterior(
            low, high, x[:n], x[n : n + k], x[n + k : n + 2 * k], top[0], *sds, weights
        )

    draws, now = np.empty((steps, place.size)), density(place)
    for step in range(steps):
        for j in range(place.size):
            proposal = place.copy()
            proposal[j] += scale[j] * rng.standard_normal()
            then = density(proposal)
            if math.log(rng.random()) < then - now:
                place, now = proposal, then
        draws[step] = place
    return {
        "alpha": draws[:, :n],
        "beta": draws[:, n : n + k],
        "log_v": draws[:, n + k : n + 2 * k],
    }


def scale(beta: Array, prevalence: Array, base: list[int]) -> float:
    """Return C1 = log(sum of e^beta / sum of prevalences) over the base."""
    return math.log(sum(math.exp(beta[k]) for k in base) / sum(prevalence[k] for k in base))


def normal_scores(draws: Array) -> Array:
    """Return normal scores of the average ranks over all chains."""
    ranks = stats.rankdata(draws, method="average").reshape(draws.shape)
    return np.asarray(stats.norm.ppf((ranks - 0.375) / (draws.size + 0.25)))


def halves(draws: Array) -> Array:
    half = draws.shape[1] // 2
    return np.array([part for chain in draws for part in (chain[:half], chain[-half:])])


def rhat(draws: Array) -> float:
    """Return the rank-normalised split R-hat of one quantity (chains, draws)."""

    def plain(chains: Array) -> float:
        length = chains.shape[1]
        between = length * np.var([chain.mean() for chain in chains], ddof=1)
        within = np.mean([chain.var(ddof=1) for chain in chains])
        return math.sqrt(((length - 1) / length * within + between / length) / within)

    split = halves(draws)
    folded = np.abs(split - np.median(split))
    return max(plain(normal_scores(x)) for x in (split, folded))


def plain_ess(chains: Array) -> float:
    """Return the effective sample size of chains by Geyer's initial monotone sequence."""
    count, length = chains.shape
    lags = np.zeros((count, length))
    for c, chain in enumerate(chains):
        centred = chain - chain.mean()
        for t in range(length):
            lags[c, t] = float(np.dot(centred[: length - t], centred[t:])) / length
    within = lags[:, 0].mean() * length / (length - 1)
    total = lags[:, 0].mean() + chains.mean(axis=1).var(ddof=1)
    rho = 1 - (within - lags.mean(axis=0)) / total
    rho[0] = 1
    time, last, t = -1.0, math.inf, 0
    while t < length - 4 and rho[t] + rho[t + 1] > 0:
        last = min(last, rho[t] + rho[t + 1])
        time += 2 * last
        t += 2
    time += max(rho[t], 0)
    size = count * length
    return float(size / max(time, 1 / math.log10(size)))


def ess(draws: Array, kind: str) -> float:
    if kind == "mean":
        return plain_ess(halves(draws))
    if kind == "bulk":
        return plain_ess(normal_scores(halves(draws)))
    limits = np.quantile(draws, [0.05, 0.95])
    return min(plain_ess(halves((draws <= limit).astype(float))) for limit in limits)
