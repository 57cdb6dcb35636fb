"""The overdispersed model of Zheng, Salganik and Gelman: draws of degrees, prevalences and barriers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import errors, mcmc
from .cells import Cells, Index
from .sweep import Hyperpriors, State, Sweep

Array = NDArray[np.float64]


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
    hyperpriors: Hyperpriors = Hyperpriors(),
    chains: int = 4,
    warmup: int = 2000,
    draws: int = 2000,
    rng: int | np.random.Generator | None = None,
) -> dict[str, Array]:
    """Posterior draws of degrees, prevalences and overdispersions."""
    rng = errors.generator(rng)
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    sizes = np.asarray(sizes, dtype=float)
    stacked = low.ndim == 3
    regional = np.isnan(sizes) & (regions is not None)
    z = np.zeros((low.shape[-2], 0)) if covariates is None else np.asarray(covariates, dtype=float)
    z = z - z.mean(axis=0)
    cells = Cells(low, high, weights, regions=regions, regional=regional)
    state = _start(low, high, cells, hyperpriors, chains, z.shape[1], regional, rng)
    sweep = Sweep(cells, state, hyperpriors, covariates=z, regional=regional, rng=rng)
    for _ in range(warmup):
        sweep.run(learn=True)
    kept = _record(sweep, draws)
    if regions is None:
        region_shares = np.ones(1)
    assert region_shares is not None
    scaled = _scale(kept, sweep, sizes / population, region_shares / np.sum(region_shares))
    return scaled if stacked else {name: values[0] for name, values in scaled.items()}


def _start(
    low: Array,
    high: Array,
    cells: Cells,
    priors: Hyperpriors,
    chains: int,
    columns: int,
    regional: NDArray[np.bool_],
    rng: np.random.Generator,
) -> State:
    """Return scattered places to start from, about the degrees and prevalences of the plain estimator."""
    low, high = low.reshape(-1, *low.shape[-2:]), high.reshape(-1, *high.shape[-2:])
    known = np.isfinite(high) | (low > 0)
    count = np.where(np.isfinite(high), (low + np.where(np.isfinite(high), high, 0)) / 2, low)
    count = np.where(known, count, 0.0)
    group = (count.sum(axis=1) + 0.5) / (known.sum(axis=1) + 1)
    row = (count.sum(axis=2) + 0.5) / ((known * group[:, None]).sum(axis=2) + 0.5)
    alpha = np.log(row)
    alpha -= alpha.mean(axis=1, keepdims=True)
    beta = np.log(group)

    def clipped(value: Array, bounds: tuple[float, float]) -> Array:
        least, most = bounds
        width = min(most - least, 1.0)
        return np.clip(value, least + 0.01 * width, most - 0.01 * width)

    def scattered(value: Array, spread: float) -> Array:
        flat = value.reshape(-1, 1)
        return flat + spread * rng.standard_normal((flat.shape[0], chains))

    fits = cells.fits
    effects = beta.reshape(-1)[cells.group_of_effect]
    start = State(
        alpha=scattered(alpha, 0.3),
        beta=scattered(effects, 0.3),
        log_v=scattered(np.zeros(fits * cells.k), 1.0),
        mean_beta=clipped(scattered(beta.mean(axis=1), 0.3), priors.mean_beta),
        sd_alpha=clipped(np.exp(scattered(np.log(alpha.std(axis=1) + 0.1), 0.2)), priors.sd_alpha),
        sd_beta=clipped(np.exp(scattered(np.log(beta.std(axis=1) + 0.1), 0.2)), priors.sd_beta),
        coefficients=np.zeros((fits * columns, chains)),
    )
    groups = np.flatnonzero(np.tile(regional, fits))
    start.centre = scattered(beta.reshape(-1)[groups], 0.3)
    start.region_sd = np.exp(scattered(np.full(groups.size, np.log(0.5)), 0.3))
    return start


def _record(sweep: Sweep, draws: int) -> dict[str, Array]:
    """Run the chains on and keep every state: (draws, rows, chains)."""
    names = [name for name, value in vars(sweep.state).items() if value.shape[0]]
    kept = {name: np.empty((draws, *getattr(sweep.state, name).shape)) for name in names}
    for draw in range(draws):
        sweep.run()
        for name, values in kept.items():
            values[draw] = getattr(sweep.state, name)
    return kept


def _scale(
    kept: dict[str, Array], sweep: Sweep, prevalence: Array, shares: Array
) -> dict[str, Array]:
    """Return draws on the scale of the known groups: (fits, chains, draws, ...)."""

    def arranged(name: str) -> Array:  # (fits, chains, draws, rows of a fit)
        values = kept[name]
        draws, _, chains = values.shape
        by_fit = values.reshape(draws, sweep.fits, -1, chains)
        return np.moveaxis(by_fit, (0, 3), (2, 1))

    beta = arranged("beta")
    known = ~np.isnan(prevalence)
    group = sweep.cells.group_of_effect[: beta.shape[-1]]
    base = np.exp(beta[..., np.flatnonzero(known[group])]).sum(axis=-1)
    level = np.log(base / prevalence[known].sum())[..., None]
    of_groups = np.empty((*beta.shape[:-1], len(prevalence)))
    scaled: dict[str, Array] = {}
    if sweep.regional_groups.size:
        regional = np.flatnonzero(~known)
        shape = (*beta.shape[:-1], regional.size, sweep.regions)
        by_region = beta[..., np.flatnonzero(~known[group])].reshape(shape)
        national = np.log((np.exp(by_region) * shares).sum(axis=-1))
        of_groups[..., known] = beta[..., np.flatnonzero(known[group])]
        of_groups[..., regional] = national
        scaled["region_effect"] = by_region - national[..., None]
        scaled["log_region_prevalence"] = by_region - level[..., None]
        scaled["region_sd"] = arranged("region_sd")
    else:
        of_groups[:] = beta
    return scaled | {
        "log_degree": arranged("alpha") + level,
        "log_prevalence": of_groups - level,
        "log_omega": np.log1p(np.exp(arranged("log_v"))),
        "mu_alpha": level[..., 0],
        "sigma_alpha": arranged("sd_alpha")[..., 0],
        "mu_beta": arranged("mean_beta")[..., 0] - level[..., 0],
        "sigma_beta": arranged("sd_beta")[..., 0],
    } | ({"coefficient": arranged("coefficients")} if "coefficients" in kept else {})
