"""The overdispersed model against a corrected R sampler, a slow sampler, and its own likelihood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.interpolate import CubicSpline

from prevalence import mcmc
from prevalence.nsum.models.negative_binomial import Cells, rate
from prevalence.nsum.models.overdispersed import overdispersed_draws
from prevalence.nsum.models.overdispersed_moves import Hyperpriors, State, Sweep
from tests.agreement import Within, agrees, differs, told
from tests.naive import overdispersed as naive

Array = NDArray[np.float64]

KINDS = [  # limits of an answer: exact, bin, capped, wide bin, yes, missing
    *((y, y) for y in (0.0, 1.0, 7.0, 47.0, 48.0, 49.0, 95.0, 400.0)),
    *((0.0, 4.0), (1.0, 2.0), (11.0, 51.0), (5.0, 100.0), (60.0, 150.0), (0.0, 90.0)),
    *((1.0, np.inf), (2.0, np.inf), (30.0, np.inf), (0.0, np.inf)),
]


def own_log_likelihood(
    cells: Cells, low: Array, high: Array, alpha: Array, beta: Array, log_v: Array, weights: Array
) -> float:
    """Return the log-likelihood put together from the parts that the sampler adds up."""
    from scipy.special import gammaln

    v = np.exp(log_v)[:, None]
    mean = np.exp(alpha[cells.rows] + beta[cells.effects])[:, None]
    total = cells.by_row(cells.terms(mean, v[cells.groups])).sum()
    factor = np.exp(beta)[:, None] * rate(v)[cells.group_of_effect]
    total -= (np.exp(alpha)[:, None] * cells.exposed_rows(factor)).sum()
    total += (alpha[:, None] * cells.positive_rows).sum()
    total += (beta[:, None] * cells.positive_effects).sum()
    total -= (cells.counts * np.log1p(v[:, 0])).sum()
    closed = np.isfinite(high) & (high - low <= 40)  # the others have no log y! to give back
    return float(total - (weights[:, None] * np.where(closed, gammaln(low + 1), 0)).sum())


@pytest.mark.parametrize("seed", range(6))
def test_likelihood_of_answers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k, regions = 12, 5, 3
    low, high = np.array(KINDS)[rng.integers(len(KINDS), size=(n, k))].transpose(2, 0, 1)
    weights = rng.uniform(0, 3, n)
    region = np.arange(n) % regions
    regional = np.array([False, True, False, False, True])
    alpha, log_v = rng.normal(0, 1, n), rng.uniform(-4, 4, k)
    beta = rng.normal(1, 1.5, int(np.where(regional, regions, 1).sum()))
    cells = Cells(low, high, weights, regions=region, regional=regional)
    first = np.searchsorted(cells.group_of_effect, np.arange(k))
    of_cell = beta[first + np.where(regional, region[:, None], 0)]
    slow = naive.log_likelihood(low, high, alpha, of_cell, 1 + np.exp(log_v), weights)
    fast = own_log_likelihood(cells, low, high, alpha, beta, log_v, weights)
    # Stirling's series, and logarithms of gamma functions that cancel in the slow version
    assert fast == pytest.approx(slow, rel=1e-9)


def test_sums_by_effect_equal_sums_by_row() -> None:
    rng = np.random.default_rng(1)
    low, high = np.array(KINDS)[rng.integers(len(KINDS), size=(2, 9, 4))].transpose(3, 0, 1, 2)
    cells = Cells(low, high, rng.uniform(0, 2, 9))
    rows, effects = rng.random((18, 3)), rng.random((8, 3))
    by_row = (rows * cells.exposed_rows(effects)).sum(axis=0)
    np.testing.assert_allclose(
        (effects * cells.exposed_effects(rows)).sum(axis=0), by_row, rtol=1e-12
    )


class Asked(Sweep):
    """A sweep that writes down the ratio of every proposal, and takes none."""

    def _take(self, name: str, log_ratio: Array) -> NDArray[np.bool_]:
        self.asked, self.name = log_ratio, name
        return np.zeros(log_ratio.shape, dtype=bool)


def small(rng: np.random.Generator, chains: int = 1) -> tuple[Array, Array, Array, State]:
    """Return answers of 7 respondents about 4 groups, uneven weights that sum to 7, and a state."""
    low, high = np.array(KINDS)[rng.integers(len(KINDS), size=(7, 4))].transpose(2, 0, 1)
    weights = rng.uniform(0.1, 3, 7)
    top = [np.full((1, chains), value) for value in (0.4, 0.7, 1.1)]
    place = [np.tile(rng.normal(size=(rows, 1)), (1, chains)) for rows in (7, 4, 4)]
    return low, high, weights * 7 / weights.sum(), State(*place, *top)


def test_every_ratio_is_a_difference_of_weighted_posteriors() -> None:
    rng = np.random.default_rng(8)
    low, high, weights, state = small(rng)
    low[:, 1] = np.minimum(low[:, 1], 1)  # yes or no
    high[:, 1] = np.where(low[:, 1] > 0, np.inf, 0)
    nowhere, none = np.zeros(4, dtype=bool), np.zeros((7, 0))
    sweep = Asked(
        Cells(low, high, weights), state, Hyperpriors(), covariates=none, regional=nowhere, rng=rng
    )
    alpha, beta, log_v = (x[:, 0] for x in (state.alpha, state.beta, state.log_v))
    mean, sd, sd_beta = (float(x[0, 0]) for x in (state.mean_beta, state.sd_alpha, state.sd_beta))

    def density(da: Any = 0.0, db: Any = 0.0, dv: Any = 0.0, step: float = 0.0) -> float:
        place = (alpha + da, beta + db, log_v + dv, mean, sd * np.exp(step), sd_beta)
        return naive.log_posterior(low, high, *place, weights)

    def change(**moved: Any) -> float:
        return density(**moved) - density()

    steps = rng.normal(0, 0.5, 7)
    for walk in sweep.walks.values():
        walk.step = lambda _, shape=walk.scale.shape: steps[: shape[0], None]  # type: ignore[method-assign,misc]
    sweep._alpha()
    wanted = [change(da=d) for d in np.diag(steps)]
    np.testing.assert_allclose(sweep.asked[:, 0], wanted, rtol=1e-7)
    sweep._beta()
    np.testing.assert_allclose(
        sweep.asked[:, 0], [change(db=d) for d in np.diag(steps[:4])], rtol=1e-7
    )
    v, moved = np.exp(log_v), np.exp(log_v + steps[:4])
    ridge = np.where(np.arange(4) == 1, np.log(rate(v) / rate(moved)), 0.25 * steps[:4])
    for name, slope, along in (("ridge", 0.25, ridge), ("log_v", 0.0, 0 * ridge)):
        sweep._overdispersion(name, slope=slope)
        pairs = zip(np.diag(along), np.diag(steps[:4]), strict=True)
        wanted = [change(db=db, dv=dv) for db, dv in pairs]
        np.testing.assert_allclose(sweep.asked[:, 0], wanted, rtol=1e-7)
    sweep._stretch()
    wider = change(da=alpha * np.expm1(steps[0]), step=steps[0]) + 7 * steps[0]  # the Jacobian
    np.testing.assert_allclose(sweep.asked[0, 0], wider, rtol=1e-7)


def test_weighted_means_and_squares_of_log_degrees_have_exact_conditionals() -> None:
    rng = np.random.default_rng(9)
    low, high, weights, state = small(rng, chains=4_000)
    alpha, sd = state.alpha[:, 0], state.sd_alpha[0, 0]
    z = rng.normal(size=(7, 2))
    z -= weights @ z / 7
    state.coefficients = np.zeros((2, 4_000))
    nowhere = np.zeros(4, dtype=bool)
    sweep = Sweep(
        Cells(low, high, weights), state, Hyperpriors(), covariates=z, regional=nowhere, rng=rng
    )
    sweep._coefficients()
    covariance = sd**2 * np.linalg.inv(z.T @ (weights[:, None] * z))
    centre = covariance @ z.T @ (weights * alpha) / sd**2
    drawn = np.linalg.solve(np.linalg.cholesky(covariance), state.coefficients - centre[:, None])
    scores = [*drawn]
    state.coefficients[:] = 0
    sweep._translation()
    shift = state.alpha[0] - alpha[0]
    scores.append((shift + weights @ alpha / 7) / (sd / np.sqrt(7)))
    off = state.alpha - sweep.predicted()
    sweep._coefficients = sweep._translation = lambda: None  # type: ignore[method-assign]
    sweep._top()
    squares = (weights[:, None] * off**2).sum(axis=0) / state.sd_alpha[0] ** 2
    scores.append(stats.norm.ppf(stats.chi2(6).cdf(squares)))
    values = [stats.kstest(score, "norm").pvalue for score in scores]
    assert min(values) > 1e-3, values  # fixed seed


def test_groups_without_a_report_are_drawn_from_their_prior_and_likelihood() -> None:
    rng = np.random.default_rng(10)
    low, high, weights, state = small(rng, chains=2_000)
    low[:, 2] = high[:, 2] = 0
    nowhere, none = np.zeros(4, dtype=bool), np.zeros((7, 0))
    sweep = Sweep(
        Cells(low, high, weights), state, Hyperpriors(), covariates=none, regional=nowhere, rng=rng
    )
    others = state.beta[[0, 1, 3]].copy()
    for _ in range(40):
        sweep._prior_draw()
    beta = np.linspace(-8, 5, 2_001)
    mean, sd, sd_alpha = (x[0, 0] for x in (state.mean_beta, state.sd_beta, state.sd_alpha))
    place = state.alpha[:, 0], state.beta[:, 0], state.log_v[:, 0]

    def density(value: float) -> float:
        moved = np.where(np.arange(4) == 2, value, place[1])
        return naive.log_posterior(
            low, high, place[0], moved, place[2], mean, sd_alpha, sd, weights
        )

    logs = np.array([density(value) for value in beta[::40]])
    mass = np.cumsum(np.exp(CubicSpline(beta[::40], logs)(beta) - logs.max()))
    shares = np.interp(state.beta[2], beta, mass / mass[-1])
    assert stats.kstest(shares, "uniform").pvalue > 1e-3  # fixed seed
    np.testing.assert_array_equal(state.beta[[0, 1, 3]], others)
    np.testing.assert_allclose(sweep.exp_beta, np.exp(state.beta))


@pytest.fixture(scope="module")
def reference(oracle: Path) -> dict[str, Any]:
    found: dict[str, Any] = told(oracle / "nsum" / "expected_bayes_overdispersed.json")
    return found


def rwanda(oracle: Path, reference: dict[str, Any], **options: Any) -> dict[str, Array]:
    """Return draws for 60 respondents and six groups, under the names of the reference values."""
    made = reference["provenance"]
    names = made["y"].split("columns ")[1].split(" (")[0].split(",")
    y = pd.read_csv(oracle / "nsum" / "rwanda_survey.csv")[names].iloc[:60].to_numpy(dtype=float)
    sizes = np.array([*made["known_sizes"], np.nan])
    draws = overdispersed_draws(y, y, sizes=sizes, population=made["N"], rng=1, **options)
    draws["log_prev"] = draws.pop("log_prevalence")
    draws["size"] = made["N"] * np.exp(draws["log_prev"])
    draws["mean_log_degree"] = draws["log_degree"].mean(axis=-1)
    return draws


def quantity(draws: dict[str, Array], parameter: str) -> Array:
    name, _, place = parameter.rstrip("]").partition("[")
    return draws[name][..., int(place) - 1] if place else draws[name]


def compare(draws: dict[str, Array], summary: dict[str, Any]) -> pd.DataFrame:
    """Return differences in Monte Carlo standard errors, and ratios of standard deviations."""
    table = pd.DataFrame(summary).set_index("parameter")
    own = [quantity(draws, name) for name in table.index]
    error = np.hypot(table["mcse_mean"], [float(mcmc.mcse(x)) for x in own])
    table["own"], table["error"] = [x.mean() for x in own], error
    table["z"] = (table["own"] - table["mean"]) / error
    table["ratio"] = [x.std(ddof=1) for x in own] / table["sd"]
    return table


def check_means(draws: dict[str, Array], reference: dict[str, Any]) -> pd.DataFrame:
    stored = reference["cases"]["overdispersed_exact"]["summary"]
    table = compare(draws, stored)
    for own, mean, error in zip(table["own"], stored["mean"], table["error"], strict=True):
        agrees(own, mean, Within("four Monte Carlo errors of both", absolute=4 * error))
    return table


def check(draws: dict[str, Array], reference: dict[str, Any]) -> None:
    table = check_means(draws, reference)
    # The hidden size has a long tail: its standard deviation in the reference rests on a few draws,
    # while that of its logarithm (log_prev[6], held to the rule) is known to 3 %.
    held = Within("the spread rests on 300 effective draws: 4 % each", 0.1)
    stored = reference["cases"]["overdispersed_exact"]["summary"]
    for name, ratio, sd in zip(table.index, table["ratio"], stored["sd"], strict=True):
        if name != "size[6]":
            agrees(ratio * sd, sd, held)
    shipped = reference["cases"]["overdispersed_as_shipped_WRONG"]["summary"]
    wrong = compare(draws, shipped)
    differs(wrong["own"], shipped["mean"], "the sampler as shipped has a wrong step for its shares")
    assert (wrong.loc[["sigma_alpha", "mean_log_degree", "log_omega[2]"], "z"].abs() > 4).all()
    assert wrong["ratio"]["mu_alpha"] < 0.25


def test_rwanda(oracle: Path, reference: dict[str, Any]) -> None:
    check_means(rwanda(oracle, reference, warmup=150, draws=400), reference)


@pytest.mark.proof
def test_rwanda_has_its_spread_and_not_that_of_the_defect(
    oracle: Path, reference: dict[str, Any]
) -> None:
    check(rwanda(oracle, reference, warmup=300, draws=1300), reference)


@pytest.mark.proof
def test_rwanda_has_converged(oracle: Path, reference: dict[str, Any]) -> None:
    draws = rwanda(oracle, reference)
    check(draws, reference)
    worst = {name: float(mcmc.rhat(values).max()) for name, values in draws.items()}
    assert max(worst.values()) < 1.01, worst


@pytest.mark.proof
@pytest.mark.parametrize("weights", [None, np.linspace(0.2, 1.8, 15)])
def test_slow_sampler(weights: Array | None) -> None:
    """A random walk on the whole posterior, one number at a time, knows none of our conditionals."""
    rng = np.random.default_rng(4)
    n, k = 15, 4
    mean = np.exp(rng.normal(0, 0.6, (n, 1)) + np.array([0.3, 0.8, -0.2, 0.5]))
    low = rng.poisson(rng.gamma(mean / 1.5, 1.5)).astype(float)
    high = low.copy()
    low[:, 1], high[:, 1] = low[:, 1] > 0, np.where(low[:, 1] > 0, 6, 0)  # none, or 1 to 6 and more
    start = {"alpha": np.zeros(n), "beta": np.zeros(k), "log_v": np.zeros(k), "top": np.zeros(3)}
    slow = [
        naive.sample(low, high, start, 4000, np.random.default_rng(seed), weights)
        for seed in (1, 2)
    ]
    sizes = np.array([30.0, 60.0, 20.0, np.nan])
    fast = overdispersed_draws(
        low, high, sizes=sizes, population=1e4, weights=weights, rng=1, draws=4000
    )
    walked = {name: np.stack([one[name][500:] for one in slow]) for name in slow[0]}
    level = np.array(
        [[naive.scale(b, sizes / 1e4, [0, 1, 2]) for b in chain] for chain in walked["beta"]]
    )[..., None]
    expected = {
        "log_prevalence": walked["beta"] - level,
        "log_degree": walked["alpha"] + level,
        "log_omega": np.log1p(np.exp(walked["log_v"])),
    }
    for name, values in expected.items():
        z = values.mean(axis=(0, 1)) - fast[name].mean(axis=(0, 1))
        z /= np.hypot(mcmc.mcse(values), mcmc.mcse(fast[name]))
        assert np.abs(z).max() < 4, (name, z)
