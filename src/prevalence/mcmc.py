"""Markov chain Monte Carlo: has it converged, how many draws is it worth, and the steps samplers share.

Draws are arrays (chains, draws, ...); every function works on all trailing quantities at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import errors

__all__ = [
    "Proposals",
    "accepted",
    "ess",
    "mcse",
    "normal_mean",
    "precision",
    "rhat",
    "scale_squared",
]

Array = NDArray[np.float64]

KINDS = ("bulk", "tail", "mean")
COLUMNS_AT_ONCE = 64  # quantities that are ranked or transformed together: a few megabytes


def rhat(draws: Array) -> Array:
    """Potential scale reduction of the chains: rank-normalised, split, the larger of bulk and tail.

    With W the mean within-chain variance of the 2 M half chains of length L and B / L the variance of
    their means, ``rhat = sqrt((L - 1) / L + B / (L W))``, computed for the normal scores of the ranks
    and for those of the distance from the median (which sees chains of unequal spread).

    Parameters
    ----------
    draws : ndarray, (chains, draws, ...)
        At least 4 draws of each chain, all finite.

    Returns
    -------
    ndarray, (...)
        Values near 1 are good; above 1.01 the chains have not mixed. nan for a quantity that has the
        same value in every draw of every chain.

    Raises
    ------
    ValueError
        If there are fewer than 4 draws, or one is not finite.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization,
    folding, and localization: An improved R-hat for assessing convergence of MCMC. Bayesian Analysis,
    16(2), 667-718. doi:10.1214/20-BA1221

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence import mcmc
    >>> draws = np.random.default_rng(1).normal(size=(4, 1000))
    >>> bool(mcmc.rhat(draws) < 1.01)
    True
    >>> draws[0] += 1  # one chain elsewhere
    >>> bool(mcmc.rhat(draws) > 1.05)
    True
    """

    def one(block: Array) -> Array:
        halves = _split(block)
        bulk = _scale_reduction(_normal_scores(halves))
        folded = np.abs(halves - np.median(halves, axis=(0, 1)))
        return np.fmax(bulk, _scale_reduction(_normal_scores(folded)))

    return _by_columns(one, draws)


def ess(draws: Array, kind: str = "bulk") -> Array:
    """Effective sample size of the chains, from their autocorrelations.

    ``ess = S / tau`` with ``tau = -1 + 2 sum_t (rho_2t + rho_2t+1)``, the sum over the initial positive,
    monotone sequence of pairs (Geyer), never below ``1 / log10(S)``.

    Parameters
    ----------
    draws : ndarray, (chains, draws, ...)
        At least 4 draws of each chain, all finite.
    kind : {"bulk", "tail", "mean"}
        Of the normal scores of the ranks; the smaller of those of the 5 % and 95 % quantiles; or of the
        draws themselves, which is what the Monte Carlo error of a mean needs.

    Returns
    -------
    ndarray, (...)
        nan for a quantity that has the same value in every draw of every chain.

    Raises
    ------
    ValueError
        If there are fewer than 4 draws, one is not finite, or `kind` is unknown.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization,
    folding, and localization: An improved R-hat for assessing convergence of MCMC. Bayesian Analysis,
    16(2), 667-718. doi:10.1214/20-BA1221

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence import mcmc
    >>> draws = np.random.default_rng(1).normal(size=(4, 1000))
    >>> bool(abs(mcmc.ess(draws) / 4000 - 1) < 0.1)
    True
    """
    errors.one_of("kind", kind, KINDS)

    def one(block: Array) -> Array:
        if kind == "bulk":
            return _effective(_normal_scores(_split(block)))
        if kind == "mean":
            return _effective(_split(block))
        low, high = np.quantile(block, (0.05, 0.95), axis=(0, 1))
        sizes = [_effective(_split((block <= limit).astype(float))) for limit in (low, high)]
        moved = np.fmin(*sizes)
        return np.where(_constant(block), np.nan, moved)

    return _by_columns(one, draws)


def mcse(draws: Array) -> Array:
    """Monte Carlo standard error of the posterior mean: ``sd / sqrt(ess)``.

    Parameters
    ----------
    draws : ndarray, (chains, draws, ...)
        At least 4 draws of each chain, all finite.

    Returns
    -------
    ndarray, (...)
        nan for a quantity that has the same value in every draw of every chain.

    Raises
    ------
    ValueError
        If there are fewer than 4 draws, or one is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence import mcmc
    >>> draws = np.random.default_rng(1).normal(size=(4, 2500))
    >>> round(float(mcmc.mcse(draws)), 3)
    0.01
    """
    sizes = ess(draws, "mean")
    spread = np.std(np.asarray(draws, dtype=float), axis=(0, 1), ddof=1)
    return np.asarray(spread / np.sqrt(sizes))


def _by_columns(function: Callable[[Array], Array], draws: Array) -> Array:
    """Apply a function of (chains, draws, columns) to a few columns at a time."""
    draws = np.asarray(draws, dtype=float)
    if draws.ndim < 2 or draws.shape[1] < 4 or not draws.shape[0]:
        raise ValueError(
            "draws must have chains in rows and at least 4 draws of each: found an array of shape "
            f"{draws.shape}. Draw more."
        )
    bad = int(draws.size - np.isfinite(draws).sum())
    if bad:
        first = tuple(int(place) for place in np.argwhere(~np.isfinite(draws))[0])
        raise ValueError(
            f"draws must be finite: {bad:,} of {draws.size:,} are not (first: {first}). "
            "Find out where the sampler left its support."
        )
    flat = draws.reshape(*draws.shape[:2], -1)
    result = np.empty(flat.shape[2])
    for start in range(0, result.size, COLUMNS_AT_ONCE):
        columns = slice(start, start + COLUMNS_AT_ONCE)
        result[columns] = function(flat[:, :, columns])
    return result.reshape(draws.shape[2:])


def _split(draws: Array) -> Array:
    """Return the halves of each chain as chains; of an odd number of draws the middle one is left out."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _constant(draws: Array) -> NDArray[np.bool_]:
    return np.asarray(draws.max(axis=(0, 1)) == draws.min(axis=(0, 1)))


def _normal_scores(draws: Array) -> Array:
    """Return the normal scores of the ranks over all chains; equal draws share their mean rank."""
    from scipy.special import ndtri

    flat = np.ascontiguousarray(draws.reshape(-1, draws.shape[2]).T)
    size = flat.shape[1]
    order = np.argsort(flat, axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    place = np.arange(size)
    new = np.ones(flat.shape, dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    last = np.ones(flat.shape, dtype=bool)
    last[:, :-1] = new[:, 1:]
    first_place = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    reversed_last = np.where(last, place, size)[:, ::-1]
    last_place = np.minimum.accumulate(reversed_last, axis=1)[:, ::-1]
    ranks = np.empty(flat.shape)
    np.put_along_axis(ranks, order, (first_place + last_place) / 2 + 1, axis=1)
    return np.asarray(ndtri((ranks.T - 0.375) / (size + 0.25)).reshape(draws.shape))


def _scale_reduction(chains: Array) -> Array:
    length = chains.shape[1]
    within = chains.var(axis=1, ddof=1).mean(axis=0)
    between = chains.mean(axis=1).var(axis=0, ddof=1)
    ratio = np.divide(between, within, out=np.full(within.shape, np.inf), where=within > 0)
    ratio[_constant(chains)] = np.nan
    return np.asarray(np.sqrt((length - 1) / length + ratio))


def _effective(chains: Array) -> Array:
    """Return the effective sample size of split chains (chains, draws, columns)."""
    count, length = chains.shape[:2]
    covariance = _autocovariance(chains).mean(axis=1)
    means = chains.mean(axis=1)
    within = covariance[0] * length / (length - 1)
    total = covariance[0] + (means.var(axis=0, ddof=1) if count > 1 else 0.0)
    constant = _constant(chains)
    correlation = 1 - (within - covariance) / np.where(constant | ~(total > 0), 1.0, total)
    correlation[0] = 1.0
    # pairs (0, 1), (2, 3), ... while both lie before the last but one lag
    pairs = correlation[: 2 * max((length - 1) // 2, 1)].reshape(-1, 2, correlation.shape[1])
    sums = pairs.sum(axis=1)
    positive = np.logical_and.accumulate(sums > 0, axis=0)
    positive[-1] = False
    kept = np.minimum.accumulate(np.where(positive, sums, np.inf), axis=0)
    tail = np.fmax(pairs[positive.sum(axis=0), 0, np.arange(pairs.shape[2])], 0)
    time = -1 + 2 * np.where(positive, kept, 0).sum(axis=0) + tail
    draws = count * length
    return np.where(constant, np.nan, draws / np.maximum(time, 1 / np.log10(draws)))


def _autocovariance(chains: Array) -> Array:
    """Return the autocovariances (lags, chains, columns), divided by the length at every lag."""
    length = chains.shape[1]
    size = 1 << (2 * length - 1).bit_length()
    centred = np.moveaxis(chains - chains.mean(axis=1, keepdims=True), 1, -1)
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[..., :length] / length
    return np.moveaxis(covariance, -1, 0)


def precision(name: str) -> type[np.floating[Any]]:
    """Return the type in which draws are kept: half the memory for degrees, of which there are most.

    Single precision tells a log degree to 1e-6, a thousandth of its Monte Carlo error.

    Parameters
    ----------
    name : str
        The quantity.

    Returns
    -------
    type
        numpy.float32 for effects of respondents, numpy.float64 for parameters.
    """
    return np.float32 if name in ("alpha", "log_degree") else np.float64


class Proposals:
    """Scales of Gaussian random walks that adapt to an acceptance rate during warm-up.

    After each step of the warm-up, ``log scale += (acceptance - target) / sqrt(t + 10)`` (Robbins and
    Monro). Stop calling `learn` when warm-up ends: what is drawn with changing scales does not have the
    posterior as its distribution.

    Parameters
    ----------
    shape : tuple of int
        One scale for each of these.
    start : float
        First scale.
    target : float
        Acceptance rate aimed at; 0.44 is best for a walk in one dimension.

    Attributes
    ----------
    scale : ndarray
        The scales now.

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence import mcmc
    >>> rng = np.random.default_rng(1)
    >>> walk = mcmc.Proposals((4,), start=100.0)
    >>> place = np.zeros(4)
    >>> for _ in range(2000):  # a standard normal
    ...     proposal = place + walk.step(rng)
    ...     take = mcmc.accepted((place**2 - proposal**2) / 2, rng)
    ...     place = np.where(take, proposal, place)
    ...     walk.learn(take)
    >>> bool(np.all((walk.scale > 1.5) & (walk.scale < 4)))
    True
    """

    def __init__(self, shape: tuple[int, ...], start: float = 0.5, target: float = 0.44) -> None:
        self._log_scale = np.full(shape, np.log(start))
        self._target = target
        self._time = 0
        self.scale: Array = np.exp(self._log_scale)

    def step(self, rng: np.random.Generator) -> Array:
        """Return one Gaussian step at each scale."""
        return self.scale * rng.standard_normal(self.scale.shape)

    def learn(self, acceptance: NDArray[np.bool_] | Array) -> None:
        """Move the scales towards the target, given what was accepted (or with what probability)."""
        self._log_scale += (acceptance - self._target) / np.sqrt(self._time + 10)
        self._time += 1
        self.scale = np.exp(self._log_scale)


def accepted(log_ratio: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return whether each proposal is accepted: with probability ``min(1, exp(log_ratio))``.

    A ratio that is not a number, or overflowed, is refused.
    """
    reach = -rng.standard_exponential(np.shape(log_ratio))
    return np.asarray((log_ratio > reach) & (log_ratio < np.inf))


def normal_mean(
    mean: Array | float,
    variance: Array | float,
    n: float | Array,
    rng: np.random.Generator,
    low: Array | float = -np.inf,
    high: Array | float = np.inf,
) -> Array:
    """Draw the mean of n normal effects given their average and variance, flat on (low, high).

    ``mu | effects ~ N(mean, variance / n)``, truncated.

    Parameters
    ----------
    mean : array_like
        Average of the effects, one for each chain.
    variance : array_like
        Their variance, s^2 (a parameter, not an estimate).
    n : int
        Their number.
    rng : numpy.random.Generator
        Source of the draws.
    low, high : array_like
        Bounds of the flat prior.

    Returns
    -------
    ndarray
        One draw for each of `mean`.
    """
    mean, spread = np.broadcast_arrays(
        np.asarray(mean, dtype=float), np.sqrt(variance / np.asarray(n))
    )
    if np.all(np.isinf(low)) and np.all(np.isinf(high)):
        return np.asarray(mean + spread * rng.standard_normal(mean.shape))
    from scipy.special import log_ndtr, ndtr, ndtri, ndtri_exp

    below, above = (low - mean) / spread, (high - mean) / spread
    flip = below > 0  # draw in the lower tail, where probabilities keep their digits
    below, above = np.where(flip, -above, below), np.where(flip, -below, above)
    first, last, share = ndtr(below), ndtr(above), rng.random(mean.shape)
    score = ndtri(first + (last - first) * share)
    if (far := last < 1e-290).any():  # 36 standard deviations away probabilities have only logs
        with np.errstate(divide="ignore"):
            logs = log_ndtr(below) + np.log1p(-share), log_ndtr(above) + np.log(share)
        score = np.where(far, ndtri_exp(np.logaddexp(*logs)), score)
    score = np.clip(score, below, above)
    return np.asarray(np.clip(mean + spread * np.where(flip, -score, score), low, high))


def scale_squared(
    sum_of_squares: Array | float,
    degrees_of_freedom: float | Array,
    rng: np.random.Generator,
    low: float = 0.0,
    high: float = np.inf,
) -> Array:
    """Draw the variance of normal effects given their sum of squares about a known mean.

    ``s^2 ~ SS / chi2(df)``, truncated to (low, high). For n effects with the mean given: ``df = n - 1``
    under a flat prior on s, ``n`` under 1/s, and ``n - 2`` under a flat prior on s^2.

    Parameters
    ----------
    sum_of_squares : array_like
        Sum of the squared effects about their mean parameter, one for each chain.
    degrees_of_freedom : float
        See above; positive.
    rng : numpy.random.Generator
        Source of the draws.
    low, high : float
        Bounds of the variance (not of its root).

    Returns
    -------
    ndarray
        One draw for each of `sum_of_squares`.
    """
    squares, freedom = np.broadcast_arrays(
        np.asarray(sum_of_squares, dtype=float), np.asarray(degrees_of_freedom, dtype=float)
    )
    if low <= 0 and np.isinf(high):
        return np.asarray(squares / rng.chisquare(freedom))
    from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv

    half = freedom / 2
    least = squares / (2 * high)
    most = squares / (2 * low) if low > 0 else np.full(squares.shape, np.inf)
    share = rng.random(squares.shape)
    lower, upper = gammainc(half, least), gammainc(half, most)
    far_lower, far_upper = gammaincc(half, least), gammaincc(half, most)
    drawn = np.where(
        least < half,
        gammaincinv(half, lower + (upper - lower) * share),
        gammainccinv(half, far_upper + (far_lower - far_upper) * share),
    )
    return np.asarray(np.clip(squares / (2 * np.clip(drawn, least, most)), low, high))
