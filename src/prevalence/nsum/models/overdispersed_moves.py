"""The moves of the overdispersed model: one sweep of every chain at once.

States are arrays (rows, chains): `alpha` one row for each respondent, `beta` one for each effect (a
group, or a group in a region), `log_v` one for each group, the rest one for each data set. The
parametrisation has alpha centred at 0 (its level is carried by beta): see `overdispersed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import mcmc
from .negative_binomial import Cells, rate

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Hyperpriors:
    """Priors of the top-level parameters of the overdispersed model; the defaults are the paper's.

    Bounds make them proper, which simulation-based calibration needs; every prior is flat within them.

    Parameters
    ----------
    mean_beta : tuple of float
        Bounds of the mean of the groups' log prevalences, in the parametrisation with mean log degree 0.
    sd_alpha, sd_beta : tuple of float
        Bounds of the standard deviations of log degrees and of log prevalences.
    coefficient_sd : float
        Standard deviation of the normal prior of the covariates' coefficients; infinite: flat.
    region_scale : float
        Scale of the half-normal prior of the standard deviation between regions. A few regions with few
        reports do not identify it, so it is never flat.

    Examples
    --------
    >>> from prevalence.nsum.models.overdispersed_moves import Hyperpriors
    >>> Hyperpriors(sd_alpha=(0.1, 2)).sd_alpha
    (0.1, 2)
    """

    mean_beta: tuple[float, float] = (-np.inf, np.inf)
    sd_alpha: tuple[float, float] = (0.0, np.inf)
    sd_beta: tuple[float, float] = (0.0, np.inf)
    coefficient_sd: float = np.inf
    region_scale: float = 1.0


@dataclass
class State:
    """Where all chains are.

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence.nsum.models.overdispersed_moves import State
    >>> one = np.zeros((1, 4))
    >>> State(
    ...     np.zeros((9, 4)), np.zeros((3, 4)), np.zeros((3, 4)), one, one + 1, one + 1
    ... ).alpha.shape
    (9, 4)
    """

    alpha: Array  # (fits n, chains)
    beta: Array  # (fits effects, chains)
    log_v: Array  # (fits groups, chains)
    mean_beta: Array  # (fits, chains)
    sd_alpha: Array
    sd_beta: Array
    coefficients: Array = field(default_factory=lambda: np.zeros((0, 1)))  # (fits p, chains)
    centre: Array = field(
        default_factory=lambda: np.zeros((0, 1))
    )  # (fits regional groups, chains)
    region_sd: Array = field(default_factory=lambda: np.zeros((0, 1)))


class Sweep:
    """Moves of the Metropolis-within-Gibbs sampler on one layout of answers.

    Parameters
    ----------
    cells : Cells
        The answers. Their weights sum to n in each data set, and multiply the density of the log
        degrees as they do the likelihood: with them, the mean and the spread of the log degrees have
        the conditionals of weighted means and sums of squares.
    state : State
        Where to start; changed in place by `run`.
    hyperpriors : Hyperpriors
        Priors of the top level.
    covariates : ndarray (n, p)
        Centred covariates of the log degree.
    regional : ndarray of bool (K,)
        Groups with an effect for each region.
    rng : numpy.random.Generator
        Source of the draws.
    """

    def __init__(
        self,
        cells: Cells,
        state: State,
        hyperpriors: Hyperpriors,
        *,
        covariates: Array,
        regional: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> None:
        self.state, self.rng, self.priors = state, rng, hyperpriors
        self.z = covariates
        self._weighted_z = covariates * cells.weights[: cells.n, None]
        self._spectrum, self._axes = np.linalg.eigh(covariates.T @ self._weighted_z)
        self.fits, self.n, self.k, self.regions = cells.fits, cells.n, cells.k, cells.regions
        self.fit_of_effect = cells.group_of_effect // cells.k
        self.regional_effect = np.flatnonzero(regional[cells.group_of_effect % cells.k])
        self.regional_groups = np.flatnonzero(np.tile(regional, cells.fits))
        national = ~regional[cells.group_of_effect % cells.k]
        self.national_effect = np.flatnonzero(national)
        self.national_groups = np.flatnonzero(np.tile(~regional, cells.fits))
        chains = state.alpha.shape[1]
        self.walks = {
            "alpha": mcmc.Proposals(state.alpha.shape, 0.5),
            "beta": mcmc.Proposals(state.beta.shape, 0.3),
            "log_v": mcmc.Proposals(state.log_v.shape, 1.0),
            "ridge": mcmc.Proposals(state.log_v.shape, 0.5),
            "stretch": mcmc.Proposals((self.fits, chains), 0.1),
            "region_sd": mcmc.Proposals(state.region_sd.shape, 0.5),
            "region_stretch": mcmc.Proposals(state.region_sd.shape, 0.3),
            "region_shift": mcmc.Proposals(state.region_sd.shape, 0.3),
        }
        self.place(cells)

    def place(self, cells: Cells) -> None:
        """Take answers of the same shape in place of those at hand."""
        self.cells = cells
        silent = cells.positive_effects[:, 0] == 0
        silent[cells.effects] = False
        self.unreported = np.flatnonzero(silent)
        s = self.state
        self.exp_alpha, self.exp_beta = np.exp(s.alpha), np.exp(s.beta)
        self.v = np.exp(s.log_v)
        self._cell_v = self.v[cells.groups]
        self.terms = self._terms(self.exp_alpha, self.exp_beta)

    def run(self, *, learn: bool = False) -> None:
        """Move everything, degrees and groups twice; the random walks adapt if `learn`.

        Two sweeps of degrees and groups, the joint moves of log v with beta and of the degrees with
        their standard deviation: each was worth its time in effective draws per second, on 60
        respondents and on 500. Proposals that overflow are refused (`mcmc.accepted`).
        """
        self._learn = learn
        with np.errstate(over="ignore", invalid="ignore"):
            self._moves()

    def _moves(self) -> None:
        self._alpha()
        self._beta()
        self._overdispersion("ridge", slope=0.25)
        self._top()
        self._alpha()
        self._stretch()
        self._beta()
        if self.unreported.size:
            self._prior_draw()
        self._overdispersion("log_v", slope=0.0)
        if self.regional_groups.size:
            self._region_sd()
            self._region_stretch()
            self._region_shift()
            self._centre()
        self._top()

    # Likelihood

    def _terms(self, exp_alpha: Array, exp_beta: Array, cell_v: Array | None = None) -> Array:
        mu = np.take(exp_alpha, self.cells.rows, axis=0)
        mu *= np.take(exp_beta, self.cells.effects, axis=0)
        return self.cells.terms(mu, self._cell_v if cell_v is None else cell_v)

    def _rate_of_effects(self, v: Array) -> Array:
        return np.asarray(rate(v)[self.cells.group_of_effect])

    def _sum_of_groups(self, of_effects: Array) -> Array:
        """Return sums over the effects of each group."""
        if not self.regional_groups.size:
            return of_effects
        total = np.zeros(self.state.log_v.shape)
        np.add.at(total, self.cells.group_of_effect, of_effects)
        return total

    def _take(self, name: str, log_ratio: Array) -> NDArray[np.bool_]:
        taken = mcmc.accepted(log_ratio, self.rng)
        if self._learn:
            self.walks[name].learn(taken)
        return taken

    # Respondents

    def predicted(self) -> Array:
        """Return the mean of each log degree, given the covariates: (fits n, chains)."""
        if not self.z.shape[1]:
            return np.zeros((1, 1))
        by_fit = self.state.coefficients.reshape(self.fits, self.z.shape[1], -1)
        return np.asarray((self.z @ by_fit).reshape(self.state.alpha.shape))

    def _of_rows(self, of_fits: NDArray[Any]) -> NDArray[Any]:
        """Return values of data sets at each of their respondents."""
        return of_fits if self.fits == 1 else np.repeat(of_fits, self.n, axis=0)

    def _by_fit(self, values: Array) -> Array:
        return np.asarray(values.reshape(self.fits, -1, values.shape[1]).sum(axis=1))

    def _weighted(self, values: Array) -> Array:
        """Return weighted sums of values of the respondents of each data set."""
        return self._by_fit(values * self.cells.weights[:, None])

    def _change_of_rows(self, proposal: Array, exp_alpha: Array, terms: Array) -> Array:
        """Return the change of the log-likelihood by row."""
        cells = self.cells
        exposure = cells.exposed_rows(self.exp_beta * self._rate_of_effects(self.v))
        change = cells.by_row(terms - self.terms) - (exp_alpha - self.exp_alpha) * exposure
        return change + cells.positive_rows * (proposal - self.state.alpha)

    def _alpha(self) -> None:
        s, cells = self.state, self.cells
        mean, sd = self.predicted(), self._of_rows(s.sd_alpha)
        proposal = s.alpha + self.walks["alpha"].step(self.rng)
        exp_alpha = np.exp(proposal)
        terms = self._terms(exp_alpha, self.exp_beta)
        ratio = self._change_of_rows(proposal, exp_alpha, terms)
        closer = (s.alpha - mean) ** 2 - (proposal - mean) ** 2
        ratio += cells.weights[:, None] * closer / (2 * sd**2)
        taken = self._take("alpha", ratio)
        s.alpha = np.where(taken, proposal, s.alpha)
        self.exp_alpha = np.where(taken, exp_alpha, self.exp_alpha)
        self.terms = np.where(np.take(taken, cells.rows, axis=0), terms, self.terms)

    def _stretch(self) -> None:
        """Widen or narrow all log degrees and their standard deviation together.

        The Jacobian exp(n step) meets exp(-sum(w) step) of the density, and sum(w) = n.
        """
        s, cells = self.state, self.cells
        step = self.walks["stretch"].step(self.rng)
        sd = s.sd_alpha * np.exp(step)
        mean = self.predicted()
        proposal = mean + (s.alpha - mean) * self._of_rows(np.exp(step))
        exp_alpha = np.exp(proposal)
        terms = self._terms(exp_alpha, self.exp_beta)
        rows = self._change_of_rows(proposal, exp_alpha, terms)
        low, high = self.priors.sd_alpha
        inside = (sd > low) & (sd < high)
        taken = self._take("stretch", np.where(inside, self._by_fit(rows) + step, -np.inf))
        of_rows = self._of_rows(taken)
        s.sd_alpha = np.where(taken, sd, s.sd_alpha)
        s.alpha = np.where(of_rows, proposal, s.alpha)
        self.exp_alpha = np.where(of_rows, exp_alpha, self.exp_alpha)
        self.terms = np.where(taken[cells.rows // self.n], terms, self.terms)

    def _coefficients(self) -> None:
        """Draw the covariates' coefficients, exactly: in the axes of Z'WZ they are independent."""
        if not self.z.shape[1]:
            return
        s = self.state
        chains = s.alpha.shape[1]
        moment = self._axes.T @ (self._weighted_z.T @ s.alpha.reshape(self.fits, self.n, chains))
        variance = s.sd_alpha[:, None, :] ** 2
        precision = self._spectrum[:, None] / variance + self.priors.coefficient_sd**-2.0
        noise = self.rng.standard_normal(moment.shape)
        drawn = moment / variance / precision + noise / np.sqrt(precision)
        s.coefficients = (self._axes @ drawn).reshape(-1, chains)

    # Groups

    def _prior_of_effects(self) -> tuple[Array, Array]:
        s = self.state
        mean, sd = s.mean_beta[self.fit_of_effect], s.sd_beta[self.fit_of_effect]
        if self.regional_effect.size:
            mean[self.regional_effect] = np.repeat(s.centre, self.regions, axis=0)
            sd[self.regional_effect] = np.repeat(s.region_sd, self.regions, axis=0)
        return mean, sd

    def _change_of_effects(self, proposal: Array) -> tuple[Array, Array, Array]:
        """Return the change of the log-likelihood by effect, with the new exp(beta) and terms."""
        exp_beta = np.exp(proposal)
        terms = self._terms(self.exp_alpha, exp_beta)
        exposure = self.cells.exposed_effects(self.exp_alpha) * self._rate_of_effects(self.v)
        change = self.cells.by_effect(terms - self.terms)
        change += self.cells.positive_effects * (proposal - self.state.beta)
        return change - (exp_beta - self.exp_beta) * exposure, exp_beta, terms

    def _move_effects(
        self, taken: NDArray[np.bool_], proposal: Array, exp_beta: Array, terms: Array
    ) -> None:
        self.state.beta = np.where(taken, proposal, self.state.beta)
        self.exp_beta = np.where(taken, exp_beta, self.exp_beta)
        self.terms = np.where(np.take(taken, self.cells.effects, axis=0), terms, self.terms)

    def _beta(self) -> None:
        s = self.state
        mean, sd = self._prior_of_effects()
        proposal = s.beta + self.walks["beta"].step(self.rng)
        change, exp_beta, terms = self._change_of_effects(proposal)
        change += ((s.beta - mean) ** 2 - (proposal - mean) ** 2) / (2 * sd**2)
        self._move_effects(self._take("beta", change), proposal, exp_beta, terms)

    def _prior_draw(self) -> None:
        """Propose effects without a report from their prior: a random walk is slow in its tail."""
        s, at = self.state, self.unreported
        mean, sd = self._prior_of_effects()
        proposal = mean[at] + sd[at] * self.rng.standard_normal((at.size, sd.shape[1]))
        exp_beta = np.exp(proposal)
        exposure = self.cells.exposed_effects(self.exp_alpha) * self._rate_of_effects(self.v)
        change = (self.exp_beta[at] - exp_beta) * exposure[at]
        taken = mcmc.accepted(change, self.rng)
        s.beta[at] = np.where(taken, proposal, s.beta[at])
        self.exp_beta[at] = np.where(taken, exp_beta, self.exp_beta[at])

    def _overdispersion(self, name: str, *, slope: float) -> None:
        """Move log v, and beta with it along the ridge ``d beta = slope d log v``.

        Of a group without a number above zero, the ridge keeps the probability of knowing nobody. 1 / omega uniform on (0, 1) is a standard logistic distribution of log v.
        """
        s, cells = self.state, self.cells
        step = self.walks[name].step(self.rng)
        proposal = s.log_v + step
        v = np.exp(proposal)
        ridge = np.where(cells.yes_or_no, np.log(rate(self.v) / rate(v)), slope * step)
        beta = s.beta + (ridge if slope else 0.0 * step)[cells.group_of_effect]
        exp_beta = np.exp(beta) if slope else self.exp_beta
        cell_v = np.take(v, cells.groups, axis=0)
        terms = self._terms(self.exp_alpha, exp_beta, cell_v)
        exposed = cells.exposed_effects(self.exp_alpha)
        now, then = self._rate_of_effects(self.v), self._rate_of_effects(v)
        effects = -exposed * (exp_beta * then - self.exp_beta * now)
        if slope:
            mean, sd = self._prior_of_effects()
            effects += ((s.beta - mean) ** 2 - (beta - mean) ** 2) / (2 * sd**2)
            effects += cells.positive_effects * (beta - s.beta)
        change = cells.by_group(terms - self.terms) + self._sum_of_groups(effects)
        change -= (cells.counts[:, None] + 2) * (np.log1p(v) - np.log1p(self.v))
        taken = self._take(name, change + step)
        s.log_v = np.where(taken, proposal, s.log_v)
        self.v = np.where(taken, v, self.v)
        in_cells = np.take(taken, cells.groups, axis=0)
        self._cell_v = np.where(in_cells, cell_v, self._cell_v)
        self.terms = np.where(in_cells, terms, self.terms)
        if slope:
            of_effects = taken[cells.group_of_effect]
            s.beta = np.where(of_effects, beta, s.beta)
            self.exp_beta = np.where(of_effects, exp_beta, self.exp_beta)

    # Regions

    def _deviations(self) -> Array:
        """Return beta less its centre: (fits regional groups, regions, chains)."""
        s = self.state
        by_region = s.beta[self.regional_effect].reshape(-1, self.regions, s.beta.shape[1])
        return np.asarray(by_region - s.centre[:, None])

    def _region_sd(self) -> None:
        s = self.state
        squares = (self._deviations() ** 2).sum(axis=1)
        proposal = s.region_sd * np.exp(self.walks["region_sd"].step(self.rng))

        def log_density(sd: Array) -> Array:  # of log sd
            inverse = squares / (2 * sd**2) + sd**2 / (2 * self.priors.region_scale**2)
            return np.asarray((1 - self.regions) * np.log(sd) - inverse)

        taken = self._take("region_sd", log_density(proposal) - log_density(s.region_sd))
        s.region_sd = np.where(taken, proposal, s.region_sd)

    def _propose_regions(self, regional: Array) -> tuple[Array, Array, Array, Array]:
        """Return the proposal of all effects and the change of log-likelihood by regional group."""
        proposal = self.state.beta.copy()
        proposal[self.regional_effect] = regional.reshape(-1, proposal.shape[1])
        change, exp_beta, terms = self._change_of_effects(proposal)
        by_group = change[self.regional_effect].reshape(regional.shape).sum(axis=1)
        return proposal, by_group, exp_beta, terms

    def _spread_taken(self, taken: NDArray[np.bool_]) -> NDArray[np.bool_]:
        of_effects = np.zeros(self.state.beta.shape, dtype=bool)
        of_effects[self.regional_effect] = np.repeat(taken, self.regions, axis=0)
        return of_effects

    def _region_stretch(self) -> None:
        """Widen or narrow the regions of a group and their standard deviation together."""
        s = self.state
        step = self.walks["region_stretch"].step(self.rng)
        sd = s.region_sd * np.exp(step)
        moved = s.centre[:, None] + self._deviations() * np.exp(step)[:, None]
        proposal, change, exp_beta, terms = self._propose_regions(moved)
        change += step - (sd**2 - s.region_sd**2) / (2 * self.priors.region_scale**2)
        taken = self._take("region_stretch", change)
        s.region_sd = np.where(taken, sd, s.region_sd)
        self._move_effects(self._spread_taken(taken), proposal, exp_beta, terms)

    def _region_shift(self) -> None:
        """Move all regions of a group and their centre together."""
        s = self.state
        step = self.walks["region_shift"].step(self.rng)
        regional = s.beta[self.regional_effect].reshape(-1, self.regions, s.beta.shape[1])
        proposal, change, exp_beta, terms = self._propose_regions(regional + step[:, None])
        fit = self.regional_groups // self.k
        mean, sd = s.mean_beta[fit], s.sd_beta[fit]
        centre = s.centre + step
        change += ((s.centre - mean) ** 2 - (centre - mean) ** 2) / (2 * sd**2)
        taken = self._take("region_shift", change)
        s.centre = np.where(taken, centre, s.centre)
        self._move_effects(self._spread_taken(taken), proposal, exp_beta, terms)

    def _centre(self) -> None:
        """Draw the centres of the regional groups, exactly."""
        s = self.state
        fit = self.regional_groups // self.k
        regional = s.beta[self.regional_effect].reshape(-1, self.regions, s.beta.shape[1])
        own, top = self.regions / s.region_sd**2, s.sd_beta[fit] ** -2
        mean = (own * regional.mean(axis=1) + top * s.mean_beta[fit]) / (own + top)
        s.centre = mean + self.rng.standard_normal(mean.shape) / np.sqrt(own + top)

    # The top level

    def levels(self) -> Array:
        """Return the level of each group, (fits, groups, chains): beta, or the centre of its regions."""
        s = self.state
        if not self.regional_groups.size:
            return s.beta.reshape(self.fits, self.k, -1)
        level = np.empty(s.log_v.shape)
        level[self.national_groups] = s.beta[self.national_effect]
        level[self.regional_groups] = s.centre
        return level.reshape(self.fits, self.k, -1)

    def _translation(self) -> None:
        """Move all log degrees up and all groups down: the likelihood does not see it."""
        s = self.state
        low, high = self.priors.mean_beta
        mean = self._weighted(s.alpha - self.predicted()) / self.n
        shift = mcmc.normal_mean(
            -mean, s.sd_alpha**2, self.n, self.rng, s.mean_beta - high, s.mean_beta - low
        )
        s.alpha = s.alpha + self._of_rows(shift)
        s.beta = s.beta - shift[self.fit_of_effect]
        s.centre = s.centre - shift[self.regional_groups // self.k]
        s.mean_beta = s.mean_beta - shift
        self.exp_alpha, self.exp_beta = np.exp(s.alpha), np.exp(s.beta)

    def _top(self) -> None:
        """Draw all that has an exact conditional given log degrees and groups."""
        self._coefficients()
        self._translation()
        s = self.state
        squares = self._weighted((s.alpha - self.predicted()) ** 2)
        low, high = np.square(self.priors.sd_alpha)
        s.sd_alpha = np.sqrt(mcmc.scale_squared(squares, self.n - 1, self.rng, low, high))
        level = self.levels()
        s.mean_beta = mcmc.normal_mean(
            level.mean(axis=1), s.sd_beta**2, self.k, self.rng, *self.priors.mean_beta
        )
        squares = ((level - s.mean_beta[:, None]) ** 2).sum(axis=1)
        low, high = np.square(self.priors.sd_beta)
        s.sd_beta = np.sqrt(mcmc.scale_squared(squares, self.k - 1, self.rng, low, high))
