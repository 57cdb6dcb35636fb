"""Whether a sampler draws from the posterior it claims: two tests that need no other sampler.

*Simulation-based calibration*: parameters from the prior, data from the parameters, draws from the
posterior: the rank of the parameter among its draws is uniform.

*Geweke's joint test*, in many short chains: parameters and data from the prior, then in turn one sweep
of the sampler and new data from the parameters. After any number of rounds the parameters still have
their prior, if every conditional is right.

Both take many data sets at once (`fits`, always the first axis), so a sampler that is vectorised over
data sets is tested in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Parameters = dict[str, Array]  # name -> (fits, ...)
Data = TypeVar("Data")


def sbc(
    prior: Callable[[int, np.random.Generator], Parameters],
    simulate: Callable[[Parameters, np.random.Generator], Data],
    sample: Callable[[Data, np.random.Generator], Parameters],
    *,
    fits: int,
    rng: int,
) -> Parameters:
    """Return the rank of each parameter among its draws, as a share between 0 and 1.

    `sample` returns nearly independent draws, (fits, draws, ...), under the names of `prior` (of which
    it may leave some out).
    """
    random = np.random.default_rng(rng)
    truth = prior(fits, random)
    draws = sample(simulate(truth, random), random)
    shares = {}
    for name, values in draws.items():
        below = (values < truth[name][:, None]).sum(axis=1)
        count = values.shape[1]
        shares[name] = (below + random.random(below.shape)) / (count + 1)
    return shares


def geweke(
    prior: Callable[[int, np.random.Generator], Parameters],
    simulate: Callable[[Parameters, np.random.Generator], Data],
    sweep: Callable[[Parameters, Data, np.random.Generator], Parameters],
    *,
    fits: int,
    rounds: int,
    rng: int,
) -> tuple[Parameters, Parameters]:
    """Return parameters after the rounds, and as many fresh draws of the prior.

    `sweep` returns the parameters it moves, with the names and shapes that `simulate` reads."""
    random = np.random.default_rng(rng)
    parameters = prior(fits, random)
    for _ in range(rounds):
        parameters = sweep(parameters, simulate(parameters, random), random)
    return parameters, prior(fits, random)


def columns(parameters: Parameters) -> dict[str, Array]:
    """Return one vector over data sets for each number in the parameters."""
    found: dict[str, Array] = {}
    for name, values in parameters.items():
        flat = values.reshape(len(values), -1)
        found |= {f"{name}[{j}]": flat[:, j] for j in range(flat.shape[1])}
    return found


def uniformity(shares: Parameters) -> float:
    """Return the smallest p-value of Kolmogorov's test of uniformity, times their number (Bonferroni)."""
    values = [stats.kstest(column, "uniform").pvalue for column in columns(shares).values()]
    return float(min(values) * len(values))


def sameness(one: Parameters, other: Parameters) -> float:
    """Return the smallest p-value of Smirnov's two-sample test, times their number (Bonferroni)."""
    first, second = columns(one), columns(other)
    values = [stats.ks_2samp(first[name], second[name]).pvalue for name in first if name in second]
    return float(min(values) * len(values))
