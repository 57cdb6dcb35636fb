"""The random-degree and barrier models: their likelihood cell by cell, and what peers got wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence import mcmc
from prevalence.nsum.models import binomial
from prevalence.nsum.models.random_degree import DegreePriors, random_degree
from tests.naive import random_degree as naive

Array = NDArray[Any]
POPULATION = 1e5
SIZES = np.array([900.0, 1_500.0, np.nan, 400.0, np.nan])
SHARES = np.array([0.009, 0.015, 0.006, 0.004, 0.012])  # hidden groups have 600 and 1,200 members


def answers(seed: int, n: int = 40) -> Array:
    """Counts of n respondents."""
    rng = np.random.default_rng(seed)
    degree = rng.lognormal(5, 0.6, n).astype(int)
    return rng.binomial(degree[:, None], SHARES).astype(float)


def mixed(seed: int, n: int = 12) -> tuple[Array, Array]:
    """Answers that are counts, missing, yes, bins with and without an end."""
    low, high = answers(seed, n), answers(seed, n)
    low[0], high[0] = 0.0, np.inf
    low[1, 1], high[1, 1] = 0.0, np.inf
    low[2, :3], high[2, :3] = 1.0, np.inf
    low[3, 2:], high[3, 2:] = [2.0, 0.0, 5.0], [4.0, 3.0, 9.0]
    low[4, 4], high[4, 4] = 6.0, np.inf
    return low, high


def fit(low: Array, high: Array | None = None, **how: Any) -> dict[str, Array]:
    arguments = {"sizes": SIZES, "population": POPULATION, "warmup": 200, "draws": 250, "rng": 1}
    return random_degree(low, low if high is None else high, **{**arguments, **how})


# ------------------------------------------------------------------ likelihood
@pytest.mark.parametrize("barrier", [False, True])
@pytest.mark.parametrize("stacked", [False, True])
def test_likelihood_of_rows_and_columns(barrier: bool, stacked: bool) -> None:
    """Differences between two places equal those of the slow version to rounding."""
    rng = np.random.default_rng(3)
    pairs = [mixed(seed) for seed in ((1, 2) if stacked else (1, 1))]
    low, high = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    cells = binomial.cells_of(low, high) if stacked else binomial.cells_of(low[0], high[0])
    weights = rng.uniform(0.5, 2, 12)
    places = []
    for _ in range(2):
        d = rng.uniform(40, 300, (2, 12))
        m = SHARES * rng.uniform(0.5, 2, (2, 5))
        rho = rng.uniform(0.001, 0.6, (2, 5)) if barrier else None
        fast = binomial.rows(cells, d, m, rho)
        slow = np.array(
            [
                [
                    naive.log_row(
                        low[c, i], high[c, i], d[c, i], m[c], None if rho is None else rho[c]
                    )
                    for i in range(12)
                ]
                for c in range(2)
            ]
        )
        places.append((d, m, rho, fast, slow))
    fast, slow = places[1][3] - places[0][3], places[1][4] - places[0][4]
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-8)
    d, m, rho, _, _ = places[0]
    other = m * [1.0, 1.0, 1.3, 1.0, 0.8]
    changed = binomial.rows(cells, d, other, rho) - binomial.rows(cells, d, m, rho)
    gain = binomial.columns(cells, d, other, rho, weights)
    gain -= binomial.columns(cells, d, m, rho, weights)
    np.testing.assert_allclose(gain.sum(axis=1), changed @ weights, rtol=1e-9, atol=1e-8)
    assert np.all(np.abs(gain[:, [0, 1, 3]]) < 1e-8)


def test_a_degree_below_an_answer_is_impossible() -> None:
    cells = binomial.cells_of(np.array([[3.0, 1.0]]), np.array([[3.0, np.inf]]))
    m = np.array([[0.01, 0.02]] * 2)
    value = binomial.rows(cells, np.array([[2.9], [3.0]]), m, None)
    assert np.isneginf(value[0, 0])
    assert np.isfinite(value[1, 0])


@pytest.mark.parametrize("rho", [None, 0.02])
def test_a_walk_to_absurd_degrees_ends(rho: float | None) -> None:
    """Proposals may be anything: a degree of 10^17 is refused at once, not summed term by term."""
    cells = binomial.cells_of(np.array([[3.0, 2.0]]), np.array([[3.0, np.inf]]))
    m, spread = np.array([[0.01, 0.02]]), None if rho is None else np.array([[rho, rho]])
    assert np.isneginf(binomial.rows(cells, np.array([[1e17]]), m, spread)).all()


@pytest.mark.parametrize("rho", [None, 1e-6, 0.01, 0.4, 0.97])
@pytest.mark.parametrize(("d", "m"), [(7.3, 0.01), (60.0, 0.2), (812.4, 0.05), (35.2, 1e-4)])
def test_probabilities_of_intervals(d: float, m: float, rho: float | None) -> None:
    """Sums of terms; where the slow complement has lost its digits, to what it has left."""
    limits = [(0, 2), (1, np.inf), (2, np.inf), (5, 7), (0, 40), (5, 500), (6, np.inf)]
    low, high = np.array(limits, dtype=float).T
    shape = (1, len(limits))
    degree, share = np.full(shape, d), np.full(shape, m)
    if rho is None:
        fast = binomial.binomial_mass(low, high, degree, share)
    else:
        fast = binomial.beta_binomial_mass(low, high, degree, share, np.full(shape, rho))
    for j, (least, most) in enumerate(limits):
        slow = naive.log_interval(least, most, d, m, rho)
        # the slow version is a complement where the interval ends above d, exact to 1e-16 at best; at
        # rho = 1e-6 both take log-gammas of a million, which have digits to 1e-9
        lost = 1e-8 if rho == 1e-6 else 1e-12 if most > d else 1e-300
        assert np.exp(fast[0, j]) == pytest.approx(np.exp(slow), rel=1e-7, abs=lost)


def test_tails_that_a_complement_cannot_give() -> None:
    """P(y >= 30) of 31.5 to 60 ties, term by term; and one too small for a number keeps its size."""
    low, high = np.array([30.0]), np.array([np.inf])
    for d, rho in ((60.0, None), (60.0, 0.001), (45.0, 0.01)):
        terms = [naive.log_term(y, d, 0.01, rho) for y in range(30, int(d) + 1)]
        share = np.array([[0.01]])
        if rho is None:
            fast = binomial.binomial_mass(low, high, np.array([[d]]), share)
        else:
            fast = binomial.beta_binomial_mass(low, high, np.array([[d]]), share, np.array([[rho]]))
        assert fast[0, 0] == pytest.approx(np.logaddexp.reduce(terms), rel=1e-9)
    far = binomial.binomial_mass(np.array([95.0]), high, np.array([[100.0]]), np.array([[1e-5]]))
    terms = [naive.log_term(y, 100.0, 1e-5, None) for y in range(95, 101)]
    assert far[0, 0] == pytest.approx(np.logaddexp.reduce(terms), rel=1e-5)


# ------------------------------------------------------------------ what comes back
@pytest.mark.parametrize("model", ["random-degree", "barrier"])
def test_shapes_names_and_the_same_seed(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`draws` are those of each chain after warm-up; nothing is printed; inputs are not changed."""
    low, high = mixed(4)
    before = low.copy(), high.copy(), SIZES.copy()
    one = fit(low, high, model=model, chains=3, warmup=20, draws=30)
    two = fit(low, high, model=model, chains=3, warmup=20, draws=30)
    shapes = {"log_degree": (3, 30, 12), "log_prevalence": (3, 30, 5), "mu": (3, 30)}
    shapes |= {"sigma": (3, 30)} | ({"dispersion": (3, 30, 5)} if model == "barrier" else {})
    assert {name: value.shape for name, value in one.items()} == shapes
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name])
        assert np.isfinite(value).all()
    known = np.isfinite(SIZES)
    exact = np.broadcast_to(np.log(SIZES[known] / POPULATION), (3, 30, 3))
    np.testing.assert_allclose(one["log_prevalence"][..., known], exact, rtol=1e-12)
    for given, kept in zip((low, high, SIZES), before, strict=True):
        np.testing.assert_array_equal(given, kept)
    assert capsys.readouterr() == ("", "")


def test_several_hidden_groups_are_found() -> None:
    """Sizes 600 and 1,200 lie within 3 posterior standard deviations of their means."""
    size = POPULATION * np.exp(fit(answers(5, 80))["log_prevalence"][..., np.isnan(SIZES)])
    assert np.all(mcmc.rhat(size) < 1.05)
    error = np.abs(size.mean(axis=(0, 1)) - [600, 1200]) / size.std(axis=(0, 1))
    assert np.all(error < 3)


def test_whoever_answered_nothing_has_the_degrees_of_the_others() -> None:
    """Without answers log d is normal with mu and sigma: mean and sd within 4 Monte Carlo errors."""
    low, high = answers(6), answers(6)
    low[0], high[0] = 0.0, np.inf
    draws = fit(low, high, draws=400)
    score = (draws["log_degree"][..., 0] - draws["mu"]) / draws["sigma"]
    assert abs(score.mean()) < 4 * mcmc.mcse(score)
    assert abs((score**2).mean() - 1) < 4 * mcmc.mcse(score**2)


def test_yes_and_no_say_less_than_counts_and_the_same() -> None:
    """Counts cut to yes or no, in all hidden groups, give a wider posterior about the same sizes."""
    low, high = answers(7, 40), answers(7, 40)
    hidden = np.isnan(SIZES)
    cut = hidden[None, :] & (low > 0)
    counts = fit(low)["log_prevalence"][..., hidden]
    low[cut], high[cut] = 1.0, np.inf
    yes = fit(low, high)["log_prevalence"][..., hidden]
    difference = np.abs(yes.mean(axis=(0, 1)) - counts.mean(axis=(0, 1)))
    assert np.all(yes.std(axis=(0, 1)) > counts.std(axis=(0, 1)))
    assert np.all(difference < 3 * yes.std(axis=(0, 1)))


def test_nobody_reported_gives_an_upper_bound() -> None:
    """Without a report the posterior of N is that of 1/N times exp(-ties N / population), from 1 on."""
    y = answers(8)
    y[:, 2] = 0.0
    draws = fit(y, draws=500)
    size = POPULATION * np.exp(draws["log_prevalence"][..., 2])
    ties = np.exp(draws["log_degree"]).sum(axis=2).mean()
    assert size.min() >= 1
    grid = np.linspace(0, np.log(POPULATION), 20_001)
    share = np.exp(-ties * np.exp(grid) / POPULATION)
    below = np.interp(np.log([3.0, 10.0]), grid, np.cumsum(share) / share.sum())
    for limit, expected in zip((3.0, 10.0), below, strict=True):
        inside = (size < limit).astype(float)
        assert abs(inside.mean() - expected) < 4 * mcmc.mcse(inside)


def test_weights_of_one_and_their_scale_change_nothing() -> None:
    y = answers(9)
    plain = fit(y, warmup=20, draws=20)
    for weights in (np.ones(len(y)), np.full(len(y), 7.0)):
        np.testing.assert_allclose(fit(y, weights=weights, warmup=20, draws=20)["mu"], plain["mu"])


def test_weights_weigh() -> None:
    """Respondents of weight 9 who know twice as many hidden people pull the size to theirs."""
    y = np.vstack([answers(10, 60), answers(11, 60)])
    y[60:, 2] *= 2
    heavy = np.repeat([1.0, 9.0], 60)
    prevalence = [
        np.exp(fit(y, weights=weights)["log_prevalence"][..., 2]).mean()
        for weights in (None, heavy, heavy[::-1])
    ]
    closed = [
        (w @ y[:, 2]) / (w @ y[:, np.isfinite(SIZES)].sum(axis=1)) * np.nansum(SIZES) / POPULATION
        for w in (np.ones(120), heavy, heavy[::-1])
    ]
    assert prevalence == pytest.approx(closed, rel=0.1)  # the closed scale-up estimate, 7 % noise


def test_degrees_below_the_bound_of_the_paper_are_warned_about() -> None:
    rng = np.random.default_rng(12)
    y = rng.binomial(9, [0.09, 0.15, 0.06, 0.04, 0.12], (60, 5)).astype(float)
    sizes = SIZES * 10
    with pytest.warns(pv.PrevalenceWarning, match=r"priors.mu must hold the mean log degree"):
        fit(y, sizes=sizes, warmup=10, draws=10)
    low = fit(y, sizes=sizes, priors=DegreePriors(mu=(0.0, 8.0)))
    assert abs(np.exp(low["mu"]).mean() - 9) < 2


# ------------------------------------------------------------------ defects of peers
def test_nsum_barrier_stops_with_nan_at_default_settings(oracle: Path) -> None:
    """Fifty simulated Curitiba respondents and seven groups: finite, and mixing (NSUM 1.0 stops)."""
    folder = oracle / "nsum"
    table = pd.read_csv(folder / "curitiba_sim.csv")
    known = pd.read_json(folder / "curitiba_params.json", typ="series")
    names = list(known["known"])[:6]
    y = table[[*names, "heavy.drug.user"]].iloc[:50].to_numpy(dtype=float)
    sizes = np.array([*(known["known"][name] for name in names), np.nan])
    draws = random_degree(
        y,
        y,
        sizes=sizes,
        population=float(known["N"]),
        model="barrier",
        warmup=200,
        draws=200,
        rng=1,
    )
    for name, value in draws.items():
        assert np.isfinite(value).all(), name
    assert mcmc.rhat(draws["mu"]) < 1.05
    assert mcmc.rhat(draws["sigma"]) < 1.05


def test_nsum_swallows_an_argument_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="tauK_prior"):
        fit(answers(1), tauK_prior=(8, 4))


def test_mu_and_sigma_have_the_conditionals_of_their_model() -> None:
    """networkscaleup draws them with variance s^2 / 2 and a sum of squares shrunk by (n - 1) / n.

    Of many chains without any answer mu and sigma keep their flat priors: 4 Monte Carlo errors.
    """
    nothing = np.zeros((5, 3)), np.full((5, 3), np.inf)
    sizes = np.array([900.0, 1_500.0, 400.0])
    priors = DegreePriors(mu=(4.0, 6.0), sigma=(0.25, 1.5))
    draws = random_degree(
        *nothing,
        sizes=sizes,
        population=POPULATION,
        priors=priors,
        chains=40,
        warmup=150,
        draws=300,
        rng=3,
    )
    uniform = {"mu": (draws["mu"] - 4) / 2, "sigma": (draws["sigma"] - 0.25) / 1.25}
    for name, value in uniform.items():
        for power, expected in ((1, 1 / 2), (2, 1 / 3)):
            moment = value**power
            assert abs(moment.mean() - expected) < 4 * mcmc.mcse(moment), name


@pytest.mark.proof
def test_sampling_transmission_gives_what_division_gives() -> None:
    """A chain that samples tau, moving one number at a time, has the posterior of N* / tau.

    NSUM's combined model counts the beta prior of tau once for each respondent, which would show as a
    posterior of tau narrower than its prior. Means and standard deviations within 4 Monte Carlo errors.
    """
    rng = np.random.default_rng(5)
    shares = np.array([0.03, 0.05, np.nan])
    y = rng.binomial(rng.lognormal(4.5, 0.5, 6).astype(int)[:, None], [0.03, 0.05, 0.02]).astype(
        float
    )
    bounds = {
        "mu": (3.0, 8.0),
        "sigma": (0.25, 2.0),
        "log_prevalence": (-12.0, -0.5),
        "tau": (0, 1),
    }
    chains = []
    for chain in range(4):
        start = {
            "log_degree": np.full(6, 4.5) + 0.1 * chain,
            "mu": np.array(4.5),
            "sigma": np.array(0.6),
            "log_prevalence": np.array([-4.0]),
            "tau": np.array(0.6),
        }
        chains.append(
            naive.metropolis(
                y, y, shares, bounds=bounds, start=start, sweeps=2000, rng=rng, tau=(8.0, 4.0)
            )
        )
    brute = {name: np.stack([chain[name] for chain in chains]) for name in chains[0]}
    sizes = shares * POPULATION
    ours = random_degree(y, y, sizes=sizes, population=POPULATION, warmup=1000, draws=4000, rng=6)
    tau = rng.beta(8.0, 4.0, ours["mu"].shape)
    divided = ours["log_prevalence"][..., 2] - np.log(tau)
    pairs = {
        "log size": (brute["log_prevalence"][..., 0], divided),
        "tau": (brute["tau"], tau),
        "log size times tau": (
            brute["log_prevalence"][..., 0] + np.log(brute["tau"]),
            ours["log_prevalence"][..., 2],
        ),
    }
    for name, (one, other) in pairs.items():
        centre = other.mean()
        for power in (1, 2):
            a, b = (one - centre) ** power, (other - centre) ** power
            assert abs(a.mean() - b.mean()) < 4 * np.hypot(mcmc.mcse(a), mcmc.mcse(b)), name
