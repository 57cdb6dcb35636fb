"""Slow, obvious random-degree and barrier models: sums of terms, grids, and one number at a time."""

from __future__ import annotations

from math import exp, inf, isinf, lgamma, log, log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def log_term(y: int, d: float, m: float, rho: float | None) -> float:
    """Log probability of exactly y among d ties, -inf when y > d."""
    if y > d:
        return -inf
    choose = sum(log(d - j) - log(j + 1) for j in range(y))
    if rho is None:
        return choose + y * log(m) + (d - y) * log1p(-m)
    a, b = m * (1 / rho - 1), (1 - m) * (1 / rho - 1)
    beta = lgamma(a + y) + lgamma(b + d - y) - lgamma(a + b + d)
    return choose + beta - lgamma(a) - lgamma(b) + lgamma(a + b)


def log_interval(low: float, high: float, d: float, m: float, rho: float | None) -> float:
    """Log probability of low <= y <= high; above d there is what the terms below it leave."""
    if d < low:
        return -inf
    if high <= d and not isinf(high):
        mass = sum(exp(log_term(y, d, m, rho)) for y in range(int(low), int(high) + 1))
    else:
        mass = 1 - sum(exp(log_term(y, d, m, rho)) for y in range(int(low)))
    return log(mass) if mass > 0 else -inf


def log_row(low: Array, high: Array, d: float, m: Array, rho: Array | None) -> float:
    """Log likelihood of the answers of one respondent, cell by cell."""
    total = 0.0
    for k in range(len(m)):
        if low[k] == 0 and isinf(high[k]):
            continue
        total += log_interval(low[k], high[k], d, m[k], None if rho is None else rho[k])
    return total


def log_posterior(
    low: Array,
    high: Array,
    log_degree: Array,
    mu: float,
    sigma: float,
    m: Array,
    rho: Array | None = None,
    weights: Array | None = None,
) -> float:
    """Log joint density of log degrees and answers; flat in mu, sigma, rho and log N_h."""
    total = 0.0
    for i in range(len(low)):
        prior = -log(sigma) - 0.5 * ((log_degree[i] - mu) / sigma) ** 2
        one = log_row(low[i], high[i], exp(log_degree[i]), m, rho) + prior
        total += one * (1.0 if weights is None else weights[i])
    return total


def metropolis(
    low: Array,
    high: Array,
    prevalence: Array,
    *,
    bounds: dict[str, tuple[float, float]],
    start: dict[str, Array],
    sweeps: int,
    rng: np.random.Generator,
    tau: tuple[float, float] | None = None,
) -> dict[str, Array]:
    """One chain that moves one number at a time by a random walk, and looks at the whole posterior.

    Numbers are `log_degree`, `mu`, `sigma`, `log_prevalence` of the hidden groups (those whose
    prevalence is nan), `rho` for the barrier model, and `tau`, whose beta prior has these two numbers:
    transmission sampled by brute force, the answers about hidden groups having mean tau times as large.
    """
    hidden = np.isnan(prevalence)
    now = {name: np.array(value, dtype=float) for name, value in start.items()}

    def log_density() -> float:
        for name, (least, most) in bounds.items():
            if not np.all((now[name] > least) & (now[name] < most)):
                return -inf
        m, prior = prevalence.copy(), 0.0
        m[hidden] = np.exp(now["log_prevalence"])
        if tau is not None:
            rate = float(now["tau"])
            m[hidden] *= rate
            prior = (tau[0] - 1) * log(rate) + (tau[1] - 1) * log(1 - rate)
        mu, sigma, rho = float(now["mu"]), float(now["sigma"]), now.get("rho")
        return prior + log_posterior(low, high, now["log_degree"], mu, sigma, m, rho)

    steps = {name: np.full(value.shape, 0.3) for name, value in now.items()}
    kept: dict[str, list[Array]] = {name: [] for name in now}
    density = log_density()
    for sweep in range(-sweeps, sweeps):
        for name, value in now.items():
            for place in np.ndindex(value.shape):
                old = float(value[place])
                value[place] = old + steps[name][place] * rng.standard_normal()
                proposed = log_density()
                take = proposed - density > -rng.standard_exponential()
                density = proposed if take else density
                value[place] = value[place] if take else old
                if sweep < 0:
                    steps[name][place] *= exp((take - 0.44) / (sweep + sweeps + 10) ** 0.5)
        if sweep >= 0:
            for name, value in now.items():
                kept[name].append(value.copy())
    return {name: np.array(values) for name, values in kept.items()}


def grid(
    counts: Array, known: Array, population: float, held: dict[int, float]
) -> dict[str, Array]:
    """Posterior mean and sd on a grid: each degree summed out on its own, one hidden group, the last.

    A grid of spacing below one standard deviation integrates a smooth density to many digits.
    `held` fixes the degree of some respondents and leaves out their binomial coefficients.
    """
    from scipy.special import gammaln

    x = np.linspace(-6, 9, 240)
    d = np.exp(x)
    log_m, mu, sigma = (
        np.linspace(-5.7, -4.3, 13),
        np.linspace(3.6, 6.0, 17),
        np.linspace(0.7, 2, 17),
    )
    free = np.array([i not in held for i in range(len(counts))])
    fixed = np.array(list(held.values()))
    base = d * np.log1p(-known).sum()
    y = counts[free]
    for k in range(y.shape[1]):
        possible = d >= y.max(axis=1)[:, None]
        after = np.where(possible, d - y[:, [k]] + 1, 1.0)
        base = base + np.where(possible, gammaln(d + 1) - gammaln(after), -np.inf)
    density = np.empty((len(log_m), len(mu), len(sigma)))
    ties = np.empty((*density.shape, len(counts)))
    ties[..., ~free] = fixed
    for a, m in enumerate(np.exp(log_m)):
        odds = log(m) - log1p(-m)
        known_part = base + d * log1p(-m)
        top = known_part.max(axis=1, keepdims=True)
        likelihood = np.exp(known_part - top)
        normal = (x[:, None, None] - mu[:, None]) / sigma
        prior = np.exp(-(normal**2) / 2) / sigma
        mass = np.tensordot(likelihood, prior, 1)
        ties[a][..., free] = np.moveaxis(np.tensordot(likelihood * d, prior, 1) / mass, 0, -1)
        density[a] = np.log(mass).sum(axis=0) + counts[:, -1].sum() * odds + top.sum()
        for degree in fixed:
            score = (log(degree) - mu[:, None]) / sigma
            density[a] += -(score**2) / 2 - np.log(sigma) + degree * log1p(-m)
    share = np.exp(density - density.max())
    share /= share.sum()

    def moments(values: Array, axis: int) -> Array:
        marginal = share.sum(axis=tuple(other for other in range(3) if other != axis))
        mean = marginal @ values
        return np.array([mean, np.sqrt(marginal @ (values - mean) ** 2)])

    degree = np.einsum("abc,abci->i", share, ties)
    return {
        "NK": moments(population * np.exp(log_m), 0),
        "mu": moments(mu, 1),
        "sigma": moments(sigma, 2),
        "degree": degree,
    }


def fixed_steps(
    counts: Array,
    known: Array,
    population: float,
    *,
    chains: int,
    sweeps: int,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Draws as a sampler without tuning makes them: each degree walks a quarter of where it started.

    A respondent who names nobody in a known group starts at a degree of 1, below the answers about
    hidden groups even, and stays there: the walk is too short to leave. Same posterior otherwise.
    """
    from scipy.special import gammaln

    n, largest = len(counts), counts.max(axis=1)
    ties = counts[:, :-1].sum(axis=1) / known.sum()
    size = np.full(chains, counts[:, -1].sum() / ties.sum() * population)
    mu, sigma = np.full(chains, np.log(ties[ties > 0]).mean()), np.full(chains, 1.0)
    ties = np.where(ties == 0, 1.0, np.where(ties < largest, largest + 1, ties))
    step, size_step = ties / 4, size / 4
    d = np.tile(ties, (chains, 1))

    def of_degree(d: Array) -> Array:
        possible = d >= largest
        inside = np.where(possible, d, largest + 1)
        value = inside * (np.log1p(-known).sum() + np.log1p(-size / population)[:, None])
        for k in range(counts.shape[1]):
            value += gammaln(inside + 1) - gammaln(inside - counts[:, k] + 1)
        value -= np.log(inside) + ((np.log(inside) - mu[:, None]) / sigma[:, None]) ** 2 / 2
        return np.where(possible, value, -1e300)

    def of_size(size: Array) -> Array:
        possible = (size > counts[:, -1].max()) & (size < population)
        m = np.where(possible, size, population / 2) / population
        value = counts[:, -1].sum() * np.log(m / (1 - m)) + d.sum(axis=1) * np.log1p(-m) - np.log(m)
        return np.where(possible, value, -np.inf)

    kept: dict[str, list[Array]] = {"NK": [], "mu": [], "sigma": [], "degree": []}
    for _ in range(sweeps):
        proposal = d + step * rng.standard_normal(d.shape)
        uphill = of_degree(proposal) - of_degree(d) > -rng.exponential(size=d.shape)
        d = np.where(uphill & (proposal >= largest), proposal, d)
        other = size + size_step * rng.standard_normal(chains)
        size = np.where(of_size(other) - of_size(size) > -rng.exponential(size=chains), other, size)
        mu = rng.normal(np.log(d).mean(axis=1), sigma / np.sqrt(n))
        squares = ((np.log(d) - mu[:, None]) ** 2).sum(axis=1)
        sigma = np.sqrt(squares / rng.chisquare(n - 1, chains))
        while np.any(sigma > 2):
            sigma = np.where(sigma > 2, np.sqrt(squares / rng.chisquare(n - 1, chains)), sigma)
        for name, value in (("NK", size), ("mu", mu), ("sigma", sigma), ("degree", d)):
            kept[name].append(value)
    return {name: np.stack(values, axis=1) for name, values in kept.items()}
