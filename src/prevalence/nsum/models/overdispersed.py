"""The overdispersed model of Zheng, Salganik and Gelman: draws of degrees, prevalences and barriers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ... import errors, mcmc
from .asked import answered, check_intervals, middle, scaled_weights
from .negative_binomial import Cells, Index
from .overdispersed_moves import Hyperpriors, State, Sweep
from .scaling import level_of

Array = NDArray[np.float64]

PAPER = Hyperpriors()


def overdispersed_draws(
    low: Array,
    high: Array,
    *,
    sizes: Array,
    population: float,
    weights: Array | None = None,
    covariates: Array | None = None,
    regions: Index | None = None,
    region_shares: Array | None = None,
    hyperpriors: Hyperpriors = PAPER,
    chains: int = 4,
    warmup: int = 2000,
    draws: int = 2000,
    rng: int | np.random.Generator | None = None,
) -> dict[str, Array]:
    r"""Posterior draws of degrees, prevalences and overdispersions of the Zheng-Salganik-Gelman model.

    Respondent i knows a number of members of group k that is negative binomial with mean
    :math:`e^{\alpha_i + \beta_k}` and ratio of variance to mean :math:`\omega_k`. The log posterior,
    in the parametrisation that is sampled (the mean log degree is carried by the groups), is

    .. math::

        \sum_{ik} w_i \log P(low_{ik} \le y_{ik} \le high_{ik})
        + \sum_i w_i \log N(\alpha_i; z_i'\gamma, \sigma_\alpha)
        + \sum_k \log N(\beta_k; \mu_\beta, \sigma_\beta) - 2 \sum_k \log \omega_k

    with flat :math:`\mu_\beta, \sigma_\alpha, \sigma_\beta, \gamma` (or within the bounds of
    `hyperpriors`), the density :math:`1 / \omega^2` on :math:`\omega_k > 1`, and for one cell, with
    :math:`v = \omega - 1` and :math:`\mu = e^{\alpha + \beta}`,

    .. math::

        \log P(y) = -\mu \frac{\log(1 + v)}{v} + \sum_{j < y} \log(\mu + j v)
                    - y \log(1 + v) - \log y!

    With `regions`, a hidden group has an effect for each of R regions,
    :math:`\beta_{kr} \sim N(c_k, s_k)`, :math:`c_k \sim N(\mu_\beta, \sigma_\beta)`, :math:`s_k` half
    normal: regions with few reports borrow from the others.

    Draws are then put on the scale of the known groups:
    :math:`C = \log(\sum_{known} e^{\beta_k} / \sum_{known} N_k / N)` is added to every log degree and
    taken from every log prevalence; `rescale` has the paper's correction by names.

    Parameters
    ----------
    low, high : ndarray, (n, K) or (fits, n, K)
        Smallest and largest count that each answer allows: exact [y, y], yes [1, inf), a bin [5, 10],
        capped at 30 [30, inf), missing [0, inf). Several data sets of one shape are sampled side by
        side, and every result has their axis first.
    sizes : ndarray (K,)
        Sizes of the known groups; nan for hidden ones.
    population : float
        Size of the population that the sizes are part of.
    weights : ndarray (n,), optional
        Positive weights of the rows, scaled here to sum to n: each multiplies all that its row adds to
        the log posterior, the density of its log degree too (a pseudo-posterior).
    covariates : ndarray (n, p), optional
        Columns z of the regression of log degrees; they are centred (at their weighted means), so
        mu_alpha stays the mean.
    regions : ndarray of int (n,), optional
        Region of each row, from 0 to R - 1.
    region_shares : ndarray (R,), optional
        Shares (or numbers) of the population in the regions; needed with `regions`.
    hyperpriors : Hyperpriors
        Bounds of the top level.
    chains, warmup, draws : int
        All chains move together; the first `warmup` moves adapt the proposals and are not kept.
    rng : int, numpy.random.Generator or None
        Source of the draws.

    Returns
    -------
    dict of str to ndarray
        Arrays (chains, draws, ...): ``log_degree`` (n), ``log_prevalence`` and ``log_omega`` (K),
        ``mu_alpha``, ``sigma_alpha``, ``mu_beta``, ``sigma_beta``; with covariates ``coefficient``
        (p); with regions, for the hidden groups in order, ``log_region_prevalence`` and
        ``region_effect`` (hidden, R), and ``region_sd`` (hidden). The region effects are centred so
        that their exponentials average 1 with the population shares: the national prevalence is the
        poststratified one.

    Raises
    ------
    ValueError
        If there are fewer than three groups or three respondents, no known group, limits that are not
        counts in order, weights that are not positive, collinear covariates, or regions without shares.

    Notes
    -----
    Needs that acquaintances are made at random but for the overdispersion of each group, and that
    respondents know the status of whom they know: transmission, degree ratio and precision divide the
    draws afterwards. The level of the degrees rests on the known groups alone. A group with a bin,
    a yes or no, or zeros only says little of its omega, whose prior then speaks.

    Hidden groups in all-zero columns keep a proper posterior through the normal distribution of the
    groups' log prevalences, which the known groups shape: report it as that.

    One move more than in the paper: degrees up and groups down together, which the likelihood does not
    see and Gibbs steps cannot follow; it is drawn exactly.

    References
    ----------
    Zheng, T., Salganik, M. J. and Gelman, A. (2006). How many people do you know in prison? Using
    overdispersion in count data to estimate social structure in networks. Journal of the American
    Statistical Association, 101(474), 409-423. doi:10.1198/016214505000001168

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence.nsum.models.overdispersed import overdispersed_draws
    >>> rng = np.random.default_rng(1)
    >>> degree, share = rng.lognormal(5, 0.5, (200, 1)), np.array([0.004, 0.01, 0.006, 0.002])
    >>> y = rng.poisson(degree * share).astype(float)
    >>> sizes = np.array([4000, 10000, 6000, np.nan])
    >>> draws = overdispersed_draws(
    ...     y, y, sizes=sizes, population=1e6, chains=2, warmup=150, draws=150, rng=2
    ... )
    >>> draws["log_prevalence"].shape
    (2, 150, 4)
    >>> hidden = 1e6 * np.exp(draws["log_prevalence"][..., 3])  # 2000 in truth
    >>> bool(abs(hidden.mean() / 2000 - 1) < 0.2)
    True
    """
    rng = errors.generator(rng)
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    sizes = np.asarray(sizes, dtype=float)
    check_intervals(low, high, sizes)
    n, k = low.shape[-2:]
    _check_enough(n, k, sizes)
    weights = scaled_weights(weights, low.shape[-2])
    z = _centred(covariates, weights)
    shares = _shares(regions, region_shares)
    regional = np.isnan(sizes) & (regions is not None)
    cells = Cells(low, high, weights, regions=regions, regional=regional)
    state = _start(low, high, cells, hyperpriors, chains, rng)
    state.coefficients = np.zeros((cells.fits * z.shape[1], chains))
    _start_regions(state, cells, regional, rng)
    sweep = Sweep(cells, state, hyperpriors, covariates=z, regional=regional, rng=rng)
    for _ in range(warmup):
        sweep.run(learn=True)
    kept = _record(sweep, draws)
    scaled = _scaled(kept, sweep, sizes / population, shares)
    return scaled if low.ndim == 3 else {name: values[0] for name, values in scaled.items()}


def _check_enough(n: int, k: int, sizes: Array) -> None:
    if n < 3 or k < 3 or not np.isfinite(sizes).any():
        raise ValueError(
            "the overdispersed model needs at least 3 respondents and 3 groups, one of them of known "
            f"size: found {n} respondents, {k} groups, {int(np.isfinite(sizes).sum())} known. "
            "Use pv.nsum.scale_up."
        )


def _centred(covariates: Array | None, weights: Array) -> Array:
    """Return the covariates less their means; columns that say the same are refused."""
    if covariates is None:
        return np.zeros((weights.size, 0))
    z = np.asarray(covariates, dtype=float)
    z = np.asarray(z - weights @ z / weights.sum())
    rank = int(np.linalg.matrix_rank(z))
    if rank < z.shape[1]:
        raise ValueError(
            f"covariates must not be collinear with each other or a constant: found {z.shape[1]} "
            f"columns of rank {rank}. Leave out one category of each factor."
        )
    return z


def _shares(regions: Index | None, region_shares: Array | None) -> Array:
    if regions is None:
        return np.ones(1)
    highest = int(np.max(regions))
    if region_shares is None or len(region_shares) != highest + 1 or np.min(regions) < 0:
        found = "none" if region_shares is None else f"{len(region_shares)}"
        raise ValueError(
            f"region_shares must have one share for each of the {highest + 1} regions: found {found}. "
            "Number the regions from 0 and give the population of each."
        )
    shares = np.asarray(region_shares, dtype=float)
    return np.asarray(shares / shares.sum())


def _start(
    low: Array,
    high: Array,
    cells: Cells,
    priors: Hyperpriors,
    chains: int,
    rng: np.random.Generator,
) -> State:
    """Return scattered places to start from, about the degrees and prevalences of the plain estimator."""
    low, high = low.reshape(-1, *low.shape[-2:]), high.reshape(-1, *high.shape[-2:])
    told, count = answered(low, high), middle(low, high)
    group = (count.sum(axis=1) + 0.5) / (told.sum(axis=1) + 1)
    expected = (told * group[:, None]).sum(axis=2)
    alpha = np.log((count.sum(axis=2) + 0.5) / (expected + 0.5))
    alpha -= alpha.mean(axis=1, keepdims=True)
    beta = np.log(group)

    def scattered(value: Array, spread: float) -> Array:
        flat = value.reshape(-1, 1)
        return np.asarray(flat + spread * rng.standard_normal((flat.shape[0], chains)))

    return State(
        alpha=scattered(alpha, 0.3),
        beta=scattered(beta.reshape(-1)[cells.group_of_effect], 0.3),
        log_v=scattered(np.zeros(beta.size), 1.0),
        mean_beta=_within(scattered(beta.mean(axis=1), 0.3), priors.mean_beta),
        sd_alpha=_within(np.exp(scattered(np.log(alpha.std(axis=1) + 0.1), 0.2)), priors.sd_alpha),
        sd_beta=_within(np.exp(scattered(np.log(beta.std(axis=1) + 0.1), 0.2)), priors.sd_beta),
    )


def _within(value: Array, bounds: tuple[float, float]) -> Array:
    low, high = bounds
    margin = 0.01 * min(high - low, 1.0)
    return np.asarray(np.clip(value, low + margin, high - margin))


def _start_regions(
    state: State, cells: Cells, regional: NDArray[np.bool_], rng: np.random.Generator
) -> None:
    groups = np.flatnonzero(np.tile(regional, cells.fits))
    first = np.searchsorted(cells.group_of_effect, groups)
    state.centre = state.beta[first]
    state.region_sd = 0.5 * np.exp(0.3 * rng.standard_normal(state.centre.shape))


def _record(sweep: Sweep, draws: int) -> dict[str, Array]:
    """Run the chains on and keep every state: (draws, rows, chains)."""
    names = [name for name, value in vars(sweep.state).items() if value.shape[0]]
    kept = {
        name: np.empty((draws, *getattr(sweep.state, name).shape), mcmc.precision(name))
        for name in names
    }
    for draw in range(draws):
        sweep.run()
        for name, values in kept.items():
            values[draw] = getattr(sweep.state, name)
    return kept


def _scaled(
    kept: dict[str, Array], sweep: Sweep, prevalence: Array, shares: Array
) -> dict[str, Array]:
    """Return draws (fits, chains, draws, ...) on the scale of the known groups."""

    def arranged(name: str) -> Array:
        draws, _, chains = kept[name].shape
        return np.moveaxis(kept[name].reshape(draws, sweep.fits, -1, chains), (0, 3), (2, 1))

    effects = arranged("beta")
    group = sweep.cells.group_of_effect[: effects.shape[-1]]
    beta, by_region = effects, None
    if sweep.regional_groups.size:
        hidden = np.flatnonzero(np.isnan(prevalence))
        split = np.isin(group, hidden)
        shape = (*effects.shape[:-1], hidden.size, sweep.regions)
        by_region = effects[..., split].reshape(shape)
        beta = np.empty((*effects.shape[:-1], sweep.k))
        beta[..., group[~split]] = effects[..., ~split]
        beta[..., hidden] = np.log((np.exp(by_region) * shares).sum(axis=-1))
    level = level_of(beta, prevalence, np.flatnonzero(np.isfinite(prevalence)))[..., None]
    scaled = {
        "log_degree": arranged("alpha") + level.astype(np.float32),
        "log_prevalence": beta - level,
        "log_omega": np.log1p(np.exp(arranged("log_v"))),
        "mu_alpha": level[..., 0],
        "sigma_alpha": arranged("sd_alpha")[..., 0],
        "mu_beta": arranged("mean_beta")[..., 0] - level[..., 0],
        "sigma_beta": arranged("sd_beta")[..., 0],
    }
    if "coefficients" in kept:
        scaled["coefficient"] = arranged("coefficients")
    if by_region is not None:
        scaled["region_effect"] = by_region - beta[..., hidden, None]
        scaled["log_region_prevalence"] = by_region - level[..., None]
        scaled["region_sd"] = arranged("region_sd")
    return scaled
