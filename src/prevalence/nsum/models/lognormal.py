"""The Poisson-lognormal model of Laga, Bao and Niu for numbers known, with correlated errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ... import errors, mcmc
from . import lkj
from .asked import answered, check_intervals, scaled_weights
from .lognormal_moves import Moves
from .lognormal_state import Priors, Reports, State
from .scaling import rescale, shares_of

__all__ = ["Priors", "poisson_lognormal"]

Array = NDArray[np.float64]


def poisson_lognormal(
    low: Array,
    high: Array,
    *,
    sizes: Array,
    population: float,
    correlated: bool = False,
    weights: Array | None = None,
    group_covariate: Array | None = None,
    covariates: Array | None = None,
    effects: str = "common",
    priors: Priors | None = None,
    scaling: str = "all",
    chains: int = 4,
    warmup: int = 2000,
    draws: int = 2000,
    rng: int | np.random.Generator | None = None,
) -> dict[str, Array]:
    """Degrees and group sizes from counts with lognormal errors, correlated between groups.

    ``y_ik ~ Poisson(exp(delta_i + rho_k + x_ik alpha_k + z_i' beta + b_ik))`` with
    ``b_i ~ N(mu, diag(t) Omega diag(t))``, ``t_k^2 = log(1 + tau_k^2)`` and ``mu_k = -t_k^2 / 2``, so
    that ``E exp(b_ik) = 1`` and ``Var exp(b_ik) = tau_k^2``. Priors: ``delta_i ~ N(0, sigma_delta)``;
    ``sigma_delta`` and ``tau_k`` half-Cauchy(2.5); ``Omega ~ LKJ(2)``; ``rho_k ~ N(mu_rho, sigma_rho)``;
    ``mu_rho`` and ``sigma_rho`` flat without covariates, N(0, 10) and half-Cauchy(2.5) with them;
    slopes N(0, 10).

    Parameters
    ----------
    low, high : ndarray, (n, K)
        Smallest and largest count that each answer allows: equal for a count, 0 and infinity for a
        missing answer. An interval adds its Poisson probability.
    sizes : ndarray, (K,)
        Sizes of the known groups, nan for hidden ones.
    population : float
        Size N of the population.
    correlated : bool
        Whether errors of one respondent about different groups may be correlated.
    weights : ndarray, (n,), optional
        Positive weights of the respondents, scaled here to sum to n. Each multiplies all that its
        respondent adds to the log posterior (a pseudo-posterior).
    group_covariate : ndarray, (n, K), optional
        ``x_ik``, such as how respected respondent i thinks group k is; centred here.
    covariates : ndarray, (n, p), optional
        ``z_i``; centred here.
    effects : {"common", "group", "both"}
        Whether ``z_i`` has one slope for all groups (part of the degree), one for each group, or both.
    priors : Priors, optional
        Other priors.
    scaling : {"all", "weighted", "weighted_sq"}
        Rule that puts the draws on the scale of the known groups, see `rescale`; the weighted ones
        use the posterior mean of ``Omega``.
    chains, warmup, draws : int
        Number of chains, of steps that only adapt, and of draws kept of each chain.
    rng : int, numpy.random.Generator or None
        Seed or source of the draws.

    Returns
    -------
    dict of ndarray, (chains, draws, ...)
        ``log_degree`` (n), ``delta_i`` with the common slopes, and ``log_prevalence`` (K), both rescaled;
        ``rho`` (K), ``log_prevalence`` before rescaling; ``tau`` (K), ``sigma_delta``, ``mu_rho``,
        ``sigma_rho``; ``correlation`` (K, K) if `correlated`; ``alpha`` (K), ``beta_common`` (p) and
        ``beta_group`` (p, K) as far as there are such covariates.

    Raises
    ------
    ValueError
        If arrays do not fit together, an answer allows no count, a group has no answer, a weight is
        not positive, a covariate is missing or constant, or a flat prior leaves no proper posterior.

    Warns
    -----
    PrevalenceWarning
        See `rescale`.

    Notes
    -----
    Assumes that errors are lognormal and the same for all respondents, and that known groups are
    reported like hidden ones. A hidden group's size is the one that respondents see: transmission and
    other adjustments divide the draws afterwards. Groups that hardly anyone reports leave ``tau_k`` to
    its heavy-tailed prior, and their sizes with it: report medians. With covariates that act by group, a
    prevalence is that among the alters of a respondent with average covariates.

    References
    ----------
    Laga, I., Bao, L. and Niu, X. (2023). A correlated network scale-up model: finding the connection
    between subpopulations. Journal of the American Statistical Association.
    doi:10.1080/01621459.2023.2165929

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence.nsum.models.lognormal import poisson_lognormal
    >>> rng = np.random.default_rng(1)
    >>> degree = rng.lognormal(5, 0.5, size=(40, 1))
    >>> counts = rng.poisson(degree * [0.01, 0.02, 0.015, 0.005]).astype(float)
    >>> drawn = poisson_lognormal(
    ...     counts,
    ...     counts,
    ...     sizes=np.array([10_000, 20_000, 15_000, np.nan]),
    ...     population=1_000_000,
    ...     warmup=40,
    ...     draws=40,
    ...     rng=1,
    ... )
    >>> drawn["log_prevalence"].shape
    (4, 40, 4)
    >>> bool(
    ...     0.003 < np.exp(np.median(drawn["log_prevalence"][..., 3])) < 0.008
    ... )  # the truth is 0.005
    True
    """
    rng = errors.generator(rng)
    errors.one_of("effects", effects, ("common", "group", "both"))
    errors.one_of("scaling", scaling, ("all", "weighted", "weighted_sq"))
    if scaling != "all" and not correlated:
        raise ValueError(
            f"scaling must be 'all' where errors are not correlated: found {scaling!r}. "
            "Write correlated=True."
        )
    for name, number, least in (("chains", chains, 1), ("warmup", warmup, 0), ("draws", draws, 1)):
        if number < least:
            raise ValueError(f"{name} must be at least {least}: found {number}. Write more.")
    data = read_reports(low, high, weights, group_covariate, covariates, effects)
    shares_of(sizes, population, data.group_covariates.shape[1])
    if priors is None:
        plain = group_covariate is None and covariates is None
        priors = Priors() if plain else Priors(level_sd=10.0, spread_scale=2.5)
    groups = data.group_covariates.shape[1]
    if groups < 3 and np.isinf(priors.spread_scale) and np.isinf(priors.spread_bounds[1]):
        raise ValueError(
            f"groups must be at least 3 under the flat prior of sigma_rho: found {groups}. "
            "Give priors=Priors(level_sd=10, spread_scale=2.5)."
        )
    state = start(data, chains, correlated=correlated, rng=rng)
    moves = Moves(data=data, priors=priors, state=state, rng=rng)
    kept = run(moves, warmup, draws)
    named = _named(kept, data, group_covariate is not None)
    correlation = named["correlation"].mean(axis=(0, 1)) if scaling != "all" else None
    named["log_degree"], named["log_prevalence"] = rescale(
        named["log_degree"],
        named["rho"],
        sizes=sizes,
        population=population,
        rule=scaling,
        correlation=correlation,
    )
    return named


def read_reports(
    low: Array,
    high: Array,
    weights: Array | None = None,
    group_covariate: Array | None = None,
    covariates: Array | None = None,
    effects: str = "common",
) -> Reports:
    """Return checked answers and covariates; `low` and `high` may have an axis of chains in front."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    check_intervals(low, high)
    _check_told(low, high)
    exact, missing = low == high, ~answered(low, high)
    rows, columns = np.nonzero(~(exact | missing).reshape(-1, *low.shape[-2:]).all(axis=0))
    n, groups = low.shape[-2:]
    low, high = low.reshape(-1, n, groups), high.reshape(-1, n, groups)
    exact = exact.reshape(low.shape).astype(float)
    exact[:, rows, columns] = 0.0
    scaled = scaled_weights(weights, n)
    designs = [np.ones((n, groups, 1))]
    if group_covariate is not None:
        designs.append(
            _centred("group_covariate", group_covariate, scaled, (n, groups))[:, :, None]
        )
    z = np.zeros((n, 0))
    if covariates is not None:
        z = _centred("covariates", np.asarray(covariates, dtype=float), scaled, (n,))
    if effects != "common":
        designs.append(np.broadcast_to(z[:, None, :], (n, groups, z.shape[1])))
    return Reports(
        count=np.where(exact > 0, low, 0.0),
        exact=exact,
        rows=rows,
        columns=columns,
        low=low[:, rows, columns],
        high=high[:, rows, columns],
        weights=scaled,
        group_covariates=np.concatenate(designs, axis=2),
        covariates=z if effects != "group" else np.zeros((n, 0)),
    )


def _check_told(low: Array, high: Array) -> None:
    told = answered(low, high)
    empty = np.flatnonzero(~told.reshape(-1, low.shape[-1]).any(axis=0))
    if empty.size:
        raise ValueError(
            f"groups must have an answer: {empty.size} of {low.shape[-1]} have none (first: group "
            f"{empty[0]}). Leave them out."
        )


def _centred(argument: str, values: Array, weights: Array, shape: tuple[int, ...]) -> Array:
    """Return columns about their weighted means."""
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape[: len(shape)] != shape:
        raise ValueError(
            f"{argument} must have a row for each of the {shape[0]} respondents"
            f"{f' and a column for each of the {shape[1]} groups' if len(shape) > 1 else ''}: found an "
            f"array of shape {values.shape}. Take it from the same rows."
        )
    bad = np.asarray(~np.isfinite(values).all(axis=1))
    errors.check_rows(
        argument, "finite", values.sum(axis=1), bad, "Impute them or leave the respondents out."
    )
    centred = values - weights @ values / weights.sum()
    flat = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if flat.size:
        raise ValueError(
            f"{argument} must vary: {flat.size} of {values.shape[1]} columns do not (first: column "
            f"{flat[0]}). Leave them out."
        )
    return np.asarray(centred)


def start(data: Reports, chains: int, *, correlated: bool, rng: np.random.Generator) -> State:
    """Return chains scattered around crude estimates."""
    n, groups, slopes = data.group_covariates.shape
    likely = np.array(data.count)
    middle = np.where(np.isinf(data.high), 1.3 * data.low + 0.5, (data.low + data.high) / 2)
    likely[:, data.rows, data.columns] = middle
    seen = np.array(data.exact)
    seen[:, data.rows, data.columns] = 1.0
    rate = (likely.sum(axis=1) + 0.5) / (seen.sum(axis=1) + 0.5)
    expected = (seen * rate[:, None]).sum(axis=2)
    delta = np.log((likely.sum(axis=2) + 1) / (expected + 1))
    delta = delta - delta.mean(axis=1, keepdims=True) + 0.1 * rng.standard_normal((chains, n))
    log_variance = np.log(rng.uniform(0.2, 1.5, (chains, groups)))
    rho = np.log(rate) + 0.1 * rng.standard_normal((chains, groups))
    pull = (likely + 1) / (np.exp(rho[:, None] + delta[:, :, None]) + 1)
    bias = np.where(seen > 0, 0.7 * np.log(pull), 0.0)
    every = np.zeros((chains, slopes, groups))
    every[:, 0] = rho
    return State(
        bias=bias + 0.1 * rng.standard_normal(bias.shape),
        delta=delta,
        slopes=every,
        common=np.zeros((chains, data.covariates.shape[1])),
        log_variance=log_variance,
        partial=0.1 * rng.standard_normal((chains, lkj.places(groups)[0].size * correlated)),
        log_sigma=np.log(rng.uniform(0.5, 1.5, chains)),
        mu=rho.mean(axis=1),
        sigma=rho.std(axis=1) + 0.5,
    )


def run(moves: Moves, warmup: int, draws: int) -> dict[str, Array]:
    """Return what the chains pass through, (chains, draws, ...), after warm-up."""
    for _ in range(warmup):
        moves.sweep()
    moves.learning = False
    kept: dict[str, Array] = {}
    for place in range(draws):
        moves.sweep()
        for name, value in _record(moves).items():
            if not place:
                shape = (value.shape[0], draws, *value.shape[1:])
                kept[name] = np.empty(shape, mcmc.precision(name))
            kept[name][:, place] = value
    return kept


def _record(moves: Moves) -> dict[str, Array]:
    state = moves.state
    record = {
        "log_degree": state.delta + state.common @ moves.data.covariates.T,
        "slopes": state.slopes,
        "tau": np.sqrt(np.expm1(state.variance)),
        "sigma_delta": np.exp(state.log_sigma),
        "mu_rho": state.mu,
        "sigma_rho": state.sigma,
    }
    if state.partial.shape[1]:
        cholesky = state.cholesky()
        record["correlation"] = cholesky @ np.swapaxes(cholesky, 1, 2)
    if state.common.shape[1]:
        record["beta_common"] = state.common
    return record


def _named(kept: dict[str, Array], data: Reports, has_group_covariate: bool) -> dict[str, Array]:
    """Return the draws with the slopes under their own names."""
    slopes = kept.pop("slopes")
    first = 1 + has_group_covariate
    kept["rho"] = slopes[:, :, 0]
    if has_group_covariate:
        kept["alpha"] = slopes[:, :, 1]
    if data.group_covariates.shape[2] > first:
        kept["beta_group"] = slopes[:, :, first:]
    return kept
