"""Posteriors of our samplers against independent models in PyMC, sampled by nutpie.

Run by ``make crosscheck-bayes`` in an environment of its own; the other tests leave this file alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence import mcmc

Array = NDArray[Any]
KNOWN = dict(
    zip(
        ["nsengimana", "murekatete", "nsabimana", "mukamana", "widower"],
        [32_528, 30_531, 48_560, 51_449, 36_147],
        strict=True,
    )
)
POPULATION = 10_718_378
ROWS = 60
# Two correct samplers differ by less than 4 joint Monte Carlo errors in all but 6 of 100,000 means.
ERRORS = 4


def answers(oracle: Path) -> pd.DataFrame:
    table = pd.read_csv(oracle / "nsum" / "rwanda_survey.csv").head(ROWS)
    return table[[*KNOWN, "clients"]]


def ours(table: pd.DataFrame, model: str, draws: int) -> Mapping[str, Array]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # respondents who know nobody
        fit = pv.nsum.fit(
            pv.Survey(table), "clients", known=KNOWN, model=model, population=POPULATION,
            draws=draws, warmup=3_000, rng=1,
        )  # fmt: skip
    tree = fit.to_arviz()["posterior"]
    np.testing.assert_array_equal(tree["log_prevalence"], fit.draws["log_prevalence"])
    return fit.draws


def sampled(model: Any, draws: int) -> dict[str, Array]:
    import nutpie

    trace = nutpie.sample(
        nutpie.compile_pymc_model(model), draws=draws, tune=1_500, chains=4, cores=2, seed=2,
        target_accept=0.95, progress_bar=False,
    )  # fmt: skip
    posterior = trace["posterior"]
    return {str(name): np.asarray(posterior[name]) for name in posterior.data_vars}


def scaled(made: Mapping[str, Array], rule: str) -> tuple[Array, Array]:
    """Bring log degrees and log shares to the scale of the known groups, written out once more."""
    shares = np.array(list(KNOWN.values())) / POPULATION
    e = np.exp(made["beta"][..., : shares.size])
    constant = e.sum(axis=-1) / shares.sum() if rule == "sums" else (e / shares).mean(axis=-1)
    shift = np.log(constant)[..., None]
    return made["alpha"] + shift, made["beta"] - shift


def overdispersed(y: Array) -> Any:
    import pymc as pm

    with pm.Model() as model:
        sd_alpha, sd_beta = pm.HalfFlat("sd_alpha"), pm.HalfFlat("sd_beta")
        mean = pm.Flat("mean")
        z = pm.Normal("z", shape=len(y))
        alpha = pm.Deterministic("alpha", sd_alpha * z)
        beta = pm.Normal("beta", mean, sd_beta, shape=y.shape[1])
        inverse = pm.Uniform("inverse", 0, 1, shape=y.shape[1])
        pm.Deterministic("log_omega", -pm.math.log(inverse))
        mu = pm.math.exp(alpha[:, None] + beta)
        pm.NegativeBinomial("y", mu=mu, alpha=mu / (1 / inverse - 1), observed=y)
    return model


def random_degree(y: Array) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    shares = np.log(np.array(list(KNOWN.values())) / POPULATION)
    most = y.max(axis=1)
    with pm.Model() as model:
        mu, sigma = pm.Uniform("mu", 3, 8), pm.Uniform("sigma", 0.25, 2)
        place = pm.Flat("place", shape=len(y))
        # above the largest answer; a respondent without any may have every degree
        bounded = np.log(np.maximum(most, 1e-9))
        alpha = pm.Deterministic("alpha", pt.where(most > 0, bounded + pt.exp(place), place))
        pm.Potential("change", pt.where(most > 0, place, 0.0).sum())
        pm.Potential("prior", pm.logp(pm.Normal.dist(mu, sigma), alpha).sum())
        low = np.log(max(y[:, -1].max(), 1.0) / POPULATION)
        hidden = pm.Uniform("hidden", low, 0.0)
        share = pt.concatenate([pt.as_tensor(shares), hidden[None]])
        d = pt.exp(alpha)[:, None]
        choose = pt.gammaln(d + 1) - pt.gammaln(d - y + 1)
        pm.Potential("likelihood", (choose + y * share + (d - y) * pt.log1p(-pt.exp(share))).sum())
    return model


def lognormal(y: Array) -> Any:
    import pymc as pm

    with pm.Model() as model:
        sd_alpha = pm.HalfCauchy("sd_alpha", 2.5)
        alpha = pm.Deterministic("alpha", sd_alpha * pm.Normal("z", shape=len(y)))
        mean, sd_beta = pm.Flat("mean"), pm.HalfFlat("sd_beta")
        beta = pm.Normal("beta", mean, sd_beta, shape=y.shape[1])
        tau = pm.HalfCauchy("tau", 2.5, shape=y.shape[1])
        t = pm.math.sqrt(pm.math.log(1 + tau**2))
        noise = pm.Normal("noise", shape=y.shape) * t - t**2 / 2
        pm.Poisson("y", pm.math.exp(alpha[:, None] + beta + noise), observed=y)
    return model


def agree(name: str, one: Array, two: Array) -> str:
    """Compare posterior means of all quantities and return the largest difference, in errors."""
    error = np.hypot(mcmc.mcse(one), mcmc.mcse(two))
    off = np.abs(one.mean(axis=(0, 1)) - two.mean(axis=(0, 1))) / error
    assert (off < ERRORS).all(), f"{name}: {off}"
    return f"{name} {float(np.max(off)):.1f}"


MODELS: dict[str, tuple[Callable[[Array], Any], int]] = {
    "overdispersed": (overdispersed, 8_000),
    "random-degree": (random_degree, 8_000),
    "lognormal": (lognormal, 12_000),
}


@pytest.mark.parametrize("model", MODELS)
def test_the_posterior_is_that_of_an_independent_model(
    model: str, oracle: Path, record_property: Callable[[str, object], None]
) -> None:
    build, draws = MODELS[model]
    table = answers(oracle)
    found = ours(table, model, draws)
    made = sampled(build(table.to_numpy(dtype=float)), 2_500)
    if model == "random-degree":
        pairs = {
            "log_degree": (found["log_degree"], made["alpha"]),
            "log_prevalence": (found["log_prevalence"][..., -1], made["hidden"]),
            "mu": (found["mu"], made["mu"]),
            "log sigma": (np.log(found["sigma"]), np.log(made["sigma"])),
        }
    else:
        degree, share = scaled(made, "sums" if model == "overdispersed" else "all")
        names = ("log_omega", "sigma_alpha") if model == "overdispersed" else ("tau", "sigma_delta")
        theirs = made["log_omega"] if model == "overdispersed" else np.log(made["tau"])
        barrier = found[names[0]] if model == "overdispersed" else np.log(found[names[0]])
        pairs = {
            "log_degree": (found["log_degree"], degree),
            "log_prevalence": (found["log_prevalence"], share),
            names[0]: (barrier, theirs),
            f"log {names[1]}": (np.log(found[names[1]]), np.log(made["sd_alpha"])),
        }
    told = ", ".join(agree(name, *pair) for name, pair in pairs.items())
    record_property("table", f"{model}: largest differences in Monte Carlo errors: {told}")
