"""The random-degree model of scale-up answers and its barrier form, sampled for all chains at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import check_rows, generator, one_of, warn
from ...mcmc import Proposals, accepted, normal_mean, precision, scale_squared
from . import binomial
from .asked import answered, check_intervals, middle, scaled_weights
from .binomial import Cells

__all__ = ["DegreePriors", "Sampler", "random_degree", "start"]

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]
MODELS = ("random-degree", "barrier")
INSIDE = 1e-6  # rho stays this far from 0 and 1, where its log-gammas have no digits left


@dataclass(frozen=True)
class DegreePriors:
    """Bounds of the priors of the random-degree and barrier models, by default those of the paper.

    ``mu ~ U(mu)``, ``sigma ~ U(sigma)``, ``rho_k ~ U(dispersion)`` and ``p(N_h)`` proportional to
    ``1 / N_h`` on `size`.

    Parameters
    ----------
    mu : (float, float)
        Bounds of the mean log degree; exp(3) = 20 and exp(8) = 2981 people. Widen them where degrees
        count few people, as ties to children only.
    sigma : (float, float)
        Bounds of the standard deviation of log degrees.
    size : (float, float), optional
        Bounds of the sizes of hidden groups. By default from the largest answer, at least one person,
        to the population.
    dispersion : (float, float)
        Bounds of rho, the correlation of ties within a respondent (barrier model).

    Examples
    --------
    >>> from prevalence.nsum.models.random_degree import DegreePriors
    >>> DegreePriors(mu=(0.0, 8.0)).sigma
    (0.25, 2.0)
    """

    mu: tuple[float, float] = (3.0, 8.0)
    sigma: tuple[float, float] = (0.25, 2.0)
    size: tuple[float, float] | None = None
    dispersion: tuple[float, float] = (INSIDE, 1 - INSIDE)


@dataclass
class State:
    """Where the chains are: log degrees (chains, n), parameters (chains,) and (chains, K)."""

    log_degree: Array
    mu: Array
    sigma: Array
    log_prevalence: Array
    dispersion: Array | None


def random_degree(
    low: Array,
    high: Array,
    *,
    sizes: Array,
    population: float,
    weights: Array | None = None,
    model: str = "random-degree",
    priors: DegreePriors | None = None,
    chains: int = 4,
    warmup: int = 2000,
    draws: int = 2000,
    rng: int | np.random.Generator | None = None,
) -> dict[str, Array]:
    """Draw degrees and sizes of hidden groups from the posterior of the random-degree model.

    ``y_ik ~ Binomial(d_i, N_k / N)`` with ``log d_i ~ N(mu, sigma^2)``; the barrier model has
    ``y_ik ~ BetaBinomial`` of the same mean and of correlation rho_k within a respondent, so that
    ``log p = log C(d, y) + log B(a + y, b + d - y) - log B(a, b)``, ``a = m (1/rho - 1)``,
    ``b = (1 - m)(1/rho - 1)``, ``m = N_k / N``.

    Parameters
    ----------
    low, high : ndarray, (n, K)
        Smallest and largest count that each answer allows: equal for a count, (0, inf) for a missing
        answer, (1, inf) for a yes. (chains, n, K) gives each chain answers of its own, to calibrate.
    sizes : ndarray, (K,)
        Sizes of the groups, nan for the hidden ones.
    population : float
        Size N of the population.
    weights : ndarray, (n,), optional
        Survey weights, positive; they are scaled to sum n and raise each respondent's likelihood and
        the density of the degree to a power: a pseudo-posterior, whose spread is not that of the
        design until it is rescaled.
    model : {"random-degree", "barrier"}
        Binomial or beta-binomial answers.
    priors : DegreePriors, optional
        Bounds of the priors.
    chains, warmup, draws : int
        Chains, sweeps in which proposals adapt (not kept), and sweeps that are kept.
    rng : int, numpy.random.Generator or None
        Source of the draws.

    Returns
    -------
    dict of str to ndarray
        ``log_degree`` (chains, draws, n), ``log_prevalence`` (chains, draws, K) the log of N_k / N
        (constant for known groups), ``mu`` and ``sigma`` (chains, draws), and ``dispersion`` rho
        (chains, draws, K) for the barrier model.

    Raises
    ------
    ValueError
        When arrays do not fit together, a limit of an answer is not possible, a known size does not
        lie between 0 and the population, no size is known, or a weight is not positive.

    Notes
    -----
    The prevalence of a hidden group is that of its members whom respondents know to be members. With
    a transmission rate tau the answers are binomial with ``tau N_h / N``: they depend on the product
    alone, and under ``p(N_h)`` proportional to ``1 / N_h`` the posterior of N_h is exactly that of
    N* / tau, N* from this model and tau from its prior (up to the bound of N_h by the population).
    Transmission is therefore never sampled: divide the draws.

    Each sweep walks all log degrees at once, draws N_h from its beta conditional (a walk where cells
    are intervals or binomials have dispersion, there also with rho at m / rho fixed), draws mu and sigma given the degrees, and then moves
    them together with the degrees: sigma with ``d_i = exp(mu + sigma z_i)`` at fixed z_i, and a
    translation of mu and all log degrees against the log prevalences. Binomial answers cost a
    logarithm for each step up to a respondent's largest answer; beta-binomial ones two log-gammas
    for each cell, since their zeros do not separate.

    Assumes that ties are random within the population (barrier: with equal correlation among
    respondents) and that reports are correct. The flat prior of mu starts at 3, that is 20 people: a
    degree distribution below it is refused by the prior (a warning says so), not found.

    References
    ----------
    Maltiel, R., Raftery, A. E., McCormick, T. H. and Baraff, A. J. (2015). Estimating population size
    using the network scale up method. Annals of Applied Statistics 9, 1247-1277.
    doi:10.1214/15-AOAS827

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence.nsum.models.random_degree import random_degree
    >>> rng = np.random.default_rng(1)
    >>> degree = rng.lognormal(5, 0.5, 60)
    >>> sizes = np.array([9_000.0, 14_000.0, np.nan])  # the hidden group has 5,000 members
    >>> shares = np.array([0.009, 0.014, 0.005])
    >>> y = rng.binomial(degree.astype(int)[:, None], shares).astype(float)
    >>> fit = random_degree(y, y, sizes=sizes, population=1e6, warmup=200, draws=200, rng=1)
    >>> size = 1e6 * np.exp(fit["log_prevalence"][..., 2])
    >>> bool(4_000 < size.mean() < 6_000)
    True
    """
    one_of("model", model, MODELS)
    priors = DegreePriors() if priors is None else priors
    check_intervals(low, high, sizes)
    _check_sizes(sizes, population)
    weights = scaled_weights(weights, low.shape[-2])
    rng = generator(rng)
    limits = _limits(low, sizes, population, priors)
    state = start(low, high, sizes / population, limits, priors, model == "barrier", chains, rng)
    sampler = Sampler(binomial.cells_of(low, high), weights, limits, priors, state, rng)
    for _ in range(warmup):
        sampler.sweep(learn=True)
    return _collect(sampler, draws)


def _collect(sampler: Sampler, draws: int) -> dict[str, Array]:
    state = sampler.state
    names = ["log_degree", "log_prevalence", "mu", "sigma"]
    names += [] if state.dispersion is None else ["dispersion"]
    kept = {}
    for name in names:
        shape = getattr(state, name).shape
        kept[name] = np.empty((shape[0], draws, *shape[1:]), precision(name))
    for draw in range(draws):
        sampler.sweep()
        for name in names:
            kept[name][:, draw] = getattr(state, name)
    return kept


def _check_sizes(sizes: Array, population: float) -> None:
    known = np.isfinite(sizes)
    if not known.any():
        raise ValueError("sizes must know one group at least: found none. Add a known group.")
    outside = known & ~((sizes > 0) & (sizes < population))
    remedy = f"The population is {population:,.0f}."
    check_rows("sizes", "above 0 and below the population", sizes, outside, remedy)


def _limits(low: Array, sizes: Array, population: float, priors: DegreePriors) -> Array:
    """Return the bounds of each group's log prevalence, (2, K); equal ones where it is known."""
    if priors.size is None:
        largest = low.reshape(-1, len(sizes)).max(axis=0)
        least, most = np.fmax(largest, 1.0), np.full(sizes.shape, population * (1 - INSIDE))
    else:
        least, most = (np.full(sizes.shape, float(bound)) for bound in priors.size)
    bounds = np.where(np.isnan(sizes), [least, most], sizes)
    return np.asarray(np.log(bounds / population))


def start(
    low: Array,
    high: Array,
    prevalence: Array,
    limits: Array,
    priors: DegreePriors,
    barrier: bool,
    chains: int,
    rng: np.random.Generator,
) -> State:
    """Return starting values scattered about the scale-up estimates of degrees and sizes.

    Parameters
    ----------
    low, high, limits, priors, rng
        As in `Sampler` and `random_degree`.
    prevalence : ndarray, (K,)
        Known shares of the population, nan for hidden groups.
    barrier : bool
        Whether answers are beta-binomial.
    chains : int
        Their number.

    Returns
    -------
    State
        For each chain.
    """
    low, high = np.atleast_3d(low.T).T, np.atleast_3d(high.T).T  # (1 or chains, n, K)
    told, count = answered(low, high), middle(low, high)
    known = told & np.isfinite(prevalence)
    asked = np.where(known, prevalence, 0.0).sum(axis=2)
    reports = np.where(known, count, 0.0).sum(axis=2)
    total = asked.sum(axis=1)
    pooled = reports.sum(axis=1) / np.where(total > 0, total, 1.0)
    typical = np.where(total > 0, np.fmax(pooled, 1.0), np.exp(np.mean(priors.mu)))
    log_degree = np.log((reports + 1) / (asked + 1 / typical[:, None]))
    if not priors.mu[0] < log_degree.mean() < priors.mu[1]:
        warn(
            f"priors.mu must hold the mean log degree: the known groups give {log_degree.mean():.2f} "
            f"where its prior allows {priors.mu[0]:g} to {priors.mu[1]:g}. Widen DegreePriors(mu=...), "
            "or check the sizes and the population."
        )
    shift = 0.3 * rng.standard_normal((chains, 1))
    log_degree = log_degree + shift + 0.2 * rng.standard_normal((chains, low.shape[1]))
    log_degree = np.fmax(log_degree, np.log(low.max(axis=2) + 0.5))
    mu = _inside(log_degree.mean(axis=1), *priors.mu)
    sigma = log_degree.std(axis=1) * np.exp(0.2 * rng.standard_normal(chains))
    ties = (np.exp(log_degree)[:, :, None] * told).sum(axis=1)
    seen = count.sum(axis=1)
    guess = np.log((seen + 0.5) / (ties + 1)) + 0.5 * rng.standard_normal(ties.shape)
    dispersion = None
    if barrier:
        guesses = np.exp(rng.uniform(np.log(0.005), np.log(0.1), ties.shape))
        dispersion = _inside(guesses, *priors.dispersion)
    log_prevalence = _inside(guess, *limits)
    return State(log_degree, mu, _inside(sigma, *priors.sigma), log_prevalence, dispersion)


def _inside(values: Array, low: Array | float, high: Array | float) -> Array:
    """Return the values, those outside moved a little inside the bounds."""
    margin = (np.asarray(high) - low) / 50
    return np.clip(values, low + margin, high - margin)


class Sampler:
    """Metropolis within Gibbs for the random-degree and barrier models, one `sweep` after another.

    Parameters
    ----------
    cells : Cells
        Answers.
    weights : ndarray, (n,)
        Weights that sum to n.
    limits : ndarray, (2, K)
        Bounds of the log prevalences, equal for known groups.
    priors : DegreePriors
        Bounds of the other priors.
    state : State
        Where to start; it is moved in place.
    rng : numpy.random.Generator
        Source of the draws.
    """

    def __init__(
        self,
        cells: Cells,
        weights: Array,
        limits: Array,
        priors: DegreePriors,
        state: State,
        rng: np.random.Generator,
    ) -> None:
        self.cells, self.weights, self.limits = cells, weights, limits
        self.priors, self.state, self.rng = priors, state, rng
        chains, groups = state.log_prevalence.shape
        self.hidden = limits[0] < limits[1]
        blurred = np.zeros(groups, dtype=bool)
        blurred[cells.intervals.column % groups] = True
        self.reports = np.tile(cells.counts @ weights, (chains // len(cells.counts), 1))
        simple = self.hidden & ~blurred & (self.reports > 0).all(axis=0)
        self.conjugate = simple & (state.dispersion is None)
        self.walks = {
            "degree": Proposals(state.log_degree.shape, start=0.3),
            "prevalence": Proposals((chains, groups), start=0.2),
            "dispersion": Proposals((chains, groups), start=0.5),
            "ridge": Proposals((chains, groups), start=0.5),
            "scale": Proposals((chains,), start=0.1),
            "translation": Proposals((chains,), start=0.05),
        }
        self.rows = self._rows(state.log_degree, state.log_prevalence)

    def sweep(self, *, learn: bool = False) -> None:
        """Move every degree and parameter of every chain once.

        Parameters
        ----------
        learn : bool
            Whether proposals adapt, in warm-up only.
        """
        self._degrees(learn)
        if self.hidden.any() or self.state.dispersion is not None:
            self._groups(learn)
        self._moments()
        self._scale(learn)
        self._translation(learn)

    def _rows(self, log_degree: Array, log_prevalence: Array) -> Array:
        degree, prevalence = np.exp(np.fmin(log_degree, 50.0)), np.exp(log_prevalence)
        return binomial.rows(self.cells, degree, prevalence, self.state.dispersion)

    def _degrees(self, learn: bool) -> None:
        state, walk = self.state, self.walks["degree"]
        proposal = state.log_degree + walk.step(self.rng)
        rows = self._rows(proposal, state.log_prevalence)
        mu, precision = state.mu[:, None], 0.5 / state.sigma[:, None] ** 2
        prior = ((state.log_degree - mu) ** 2 - (proposal - mu) ** 2) * precision
        take = accepted(self.weights * (rows - self.rows + prior), self.rng)
        state.log_degree = np.where(take, proposal, state.log_degree)
        self.rows = np.where(take, rows, self.rows)
        if learn:
            walk.learn(take)

    def _groups(self, learn: bool) -> None:
        """Move prevalences of hidden groups and, in the barrier model, every rho."""
        state = self.state
        degree = np.exp(state.log_degree)
        if self.conjugate.any():
            self._draw_prevalence(degree)
        walked = self.hidden & ~self.conjugate
        none = np.zeros_like(walked)
        moves = {"prevalence": (walked, none)} if walked.any() else {}
        if state.dispersion is not None:
            moves["dispersion"] = (none, ~none)
            if walked.any():
                moves["ridge"] = (walked, walked)
        if moves:
            fit = self._columns(degree, state.log_prevalence, state.dispersion)
            for name, (sizes, spreads) in moves.items():
                fit = self._walk(name, degree, fit, sizes, spreads, learn)
        self.rows = self._rows(state.log_degree, state.log_prevalence)

    def _draw_prevalence(self, degree: Array) -> None:
        """Draw m = N_h / N from Beta(sum y, sum d - sum y + 1), staying where it is out of bounds."""
        reports = self.reports[:, self.conjugate]
        ties = binomial.exposure(self.cells, degree * self.weights)[:, self.conjugate]
        drawn = np.log(self.rng.beta(reports, ties - reports + 1))
        low, high = self.limits[:, self.conjugate]
        now = self.state.log_prevalence[:, self.conjugate]
        inside = (drawn >= low) & (drawn <= high)
        self.state.log_prevalence[:, self.conjugate] = np.where(inside, drawn, now)

    def _columns(self, degree: Array, log_prevalence: Array, dispersion: Array | None) -> Array:
        prevalence = np.exp(log_prevalence)
        return binomial.columns(self.cells, degree, prevalence, dispersion, self.weights)

    def _walk(
        self, name: str, degree: Array, fit: Array, sizes: Truth, spreads: Truth, learn: bool
    ) -> Array:
        """Walk log prevalences of some groups, logits of rho of some, or both by the same step.

        Both together move along what a respondent who knows nobody tells: m / rho, to first order.
        Return the log-likelihoods by group.
        """
        state, walk = self.state, self.walks[name]
        step = walk.step(self.rng)
        log_prevalence = state.log_prevalence + np.where(sizes, step, 0.0)
        inside = (log_prevalence >= self.limits[0]) & (log_prevalence <= self.limits[1]) | ~sizes
        log_prevalence = np.where(inside, log_prevalence, state.log_prevalence)
        dispersion, prior = state.dispersion, np.zeros(fit.shape)
        if dispersion is not None and spreads.any():
            odds = dispersion / (1 - dispersion) * np.exp(np.where(spreads, step, 0.0))
            rho = odds / (1 + odds)
            low, high = self.priors.dispersion
            inside &= (rho >= low) & (rho <= high) | ~spreads
            rho = np.where(inside & spreads, rho, dispersion)
            prior = np.log(rho * (1 - rho) / (dispersion * (1 - dispersion)))  # flat in rho
            dispersion = rho
        proposed = self._columns(degree, log_prevalence, dispersion)
        take = accepted(proposed - fit + prior, self.rng) & inside & (sizes | spreads)
        state.log_prevalence = np.where(take, log_prevalence, state.log_prevalence)
        if dispersion is not None and state.dispersion is not None:
            state.dispersion = np.where(take, dispersion, state.dispersion)
        if learn:
            walk.learn(take)
        return np.where(take, proposed, fit)

    def _moments(self) -> None:
        """Draw mu and sigma given the degrees."""
        state, n = self.state, len(self.weights)
        mean = state.log_degree @ self.weights / n
        state.mu = normal_mean(mean, state.sigma**2, n, self.rng, *self.priors.mu)
        squares = (state.log_degree - state.mu[:, None]) ** 2 @ self.weights
        low, high = self.priors.sigma
        state.sigma = np.sqrt(scale_squared(squares, n - 1, self.rng, low**2, high**2))

    def _scale(self, learn: bool) -> None:
        """Multiply sigma and every deviation from mu by one factor: the degrees keep their scores."""
        state, walk = self.state, self.walks["scale"]
        factor = np.exp(walk.step(self.rng))
        sigma, centre = state.sigma * factor, state.mu[:, None]
        log_degree = centre + factor[:, None] * (state.log_degree - centre)
        rows = self._rows(log_degree, state.log_prevalence)
        inside = (sigma >= self.priors.sigma[0]) & (sigma <= self.priors.sigma[1])
        take = accepted((rows - self.rows) @ self.weights + np.log(factor), self.rng) & inside
        state.sigma = np.where(take, sigma, state.sigma)
        self._take(take, log_degree, rows)
        if learn:
            walk.learn(take)

    def _translation(self, learn: bool) -> None:
        """Move mu and every log degree up, and the log prevalences of hidden groups down as much."""
        state, walk = self.state, self.walks["translation"]
        step = walk.step(self.rng)
        mu, log_degree = state.mu + step, state.log_degree + step[:, None]
        log_prevalence = state.log_prevalence - np.where(self.hidden, step[:, None], 0.0)
        inside = (mu >= self.priors.mu[0]) & (mu <= self.priors.mu[1])
        fits = (log_prevalence >= self.limits[0]) & (log_prevalence <= self.limits[1])
        inside &= (fits | ~self.hidden).all(axis=1)
        log_prevalence = np.where(inside[:, None], log_prevalence, state.log_prevalence)
        rows = self._rows(log_degree, log_prevalence)
        take = accepted((rows - self.rows) @ self.weights, self.rng) & inside
        state.mu = np.where(take, mu, state.mu)
        state.log_prevalence = np.where(take[:, None], log_prevalence, state.log_prevalence)
        self._take(take, log_degree, rows)
        if learn:
            walk.learn(take)

    def _take(self, take: Truth, log_degree: Array, rows: Array) -> None:
        self.state.log_degree = np.where(take[:, None], log_degree, self.state.log_degree)
        self.rows = np.where(take[:, None], rows, self.rows)
