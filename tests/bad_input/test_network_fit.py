"""One row per bad input of fitted scale-up models: which message comes back, and nothing changed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.nsum.posterior import Posterior
from tests.bad_input.cases import Bad, refused


def rows() -> dict[str, Any]:
    """Twelve respondents in two regions."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "age": np.array([25.0, 39, 42, 57, 28, 67, 34, 45, 26, 31, 40, 53]),
        "same": np.ones(12),
        "hidden": np.array([1.0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0]),
        "police": np.array([3.0, 1, 2, 4, 1, 1, 2, 2, 1, 1, 3, 1]),
        "nurses": np.array([5.0, 2, 1, 6, 2, 3, 3, 1, 1, 2, 4, 2]),
    }


def at(name: str, row: int, value: float) -> dict[str, Any]:
    out = rows()
    out[name][row] = value
    return out


def filled(names: str | tuple[str, ...], value: float) -> dict[str, Any]:
    return rows() | dict.fromkeys([names] if isinstance(names, str) else names, np.full(12, value))


def quietly(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the call without the warnings that come before its error."""

    def quiet(data: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)
            return call(data)

    return quiet


def fit(**how: Any) -> Callable[[Any], Posterior]:
    arguments: dict[str, Any] = {
        "hidden": "hidden",
        "known": {"police": 2_000, "nurses": 3_000},
        "population": 100_000,
        "draws": 200,
        "warmup": 200,
        "rng": 1,
    }
    return lambda data: pv.nsum.fit(pv.Survey(data, weights="w"), **{**arguments, **how})


PEOPLE = {"N": 40_000, "S": 60_000}
FITTED = {
    "no population": Bad(
        rows(), fit(population=None), ValueError, "population must be given for a model"
    ),
    "unknown model": Bad(
        rows(), fit(model="overdispersd"), ValueError, "model must be one of .*mean 'overdispersed'"
    ),
    "unknown rule of scaling": Bad(
        rows(), fit(scaling="some"), ValueError, "scaling must be one of"
    ),
    "weights by a wrong word": Bad(rows(), fit(weights="w"), ValueError, "weights must be one of"),
    "no chain": Bad(
        rows(), fit(chains=0), ValueError, "chains must be a whole number of at least 1"
    ),
    "half a draw": Bad(
        rows(), fit(draws=0.5), ValueError, "draws must be a whole number of at least 4"
    ),
    "no warm-up": Bad(rows(), fit(warmup=0), ValueError, "warmup must be a whole number"),
    "seed in words": Bad(rows(), fit(rng="one"), TypeError, "rng must be an integer seed"),
    "condition that hardly anybody meets": Bad(
        rows(), fit(where="age > 56"), ValueError, "at least 3 respondents with answers: found 2"
    ),
    "covariate unknown": Bad(rows(), fit(covariates="ag"), KeyError, "Did you mean 'age'"),
    "covariate missing": Bad(
        at("age", 4, np.nan),
        fit(covariates="age"),
        ValueError,
        r"'age' is missing in 1 of 12 rows \(first: row 4\)",
    ),
    "covariate constant": Bad(
        rows(), fit(covariates="same"), ValueError, "covariates must vary: 'same' has one value"
    ),
    "covariates of a model without": Bad(
        rows(),
        fit(covariates="age", model="random-degree"),
        ValueError,
        "'random-degree' does not. Choose overdispersed",
    ),
    "region unknown": Bad(
        rows(), fit(regions="regio", region_populations=PEOPLE), KeyError, "Did you mean 'region'"
    ),
    "regions without populations": Bad(
        rows(), fit(regions="region"), ValueError, "region_populations must be given with regions"
    ),
    "populations without regions": Bad(
        rows(), fit(region_populations=PEOPLE), ValueError, "must come with regions="
    ),
    "region without a population": Bad(
        rows(),
        fit(regions="region", region_populations={"N": 100_000}),
        ValueError,
        "'S' has none",
    ),
    "population of no region": Bad(
        rows(),
        fit(regions="region", region_populations={**PEOPLE, "W": 5}),
        ValueError,
        "'W' is no label",
    ),
    "region without people": Bad(
        rows(),
        fit(regions="region", region_populations={"N": 100_000, "S": 0}),
        ValueError,
        "region_populations must be positive: 'S' has 0",
    ),
    "regions that are not the population": Bad(
        rows(),
        fit(regions="region", region_populations={"N": 40_000, "S": 40_000}),
        ValueError,
        "must add up to the population: found 80,000 for 100,000",
    ),
    "region without respondents": Bad(
        rows(),
        fit(regions="region", region_populations=PEOPLE, where="region == 'S'"),
        ValueError,
        "regions must have respondents: 'N' has none",
    ),
    "regions of a model without": Bad(
        rows(),
        fit(regions="region", region_populations=PEOPLE, model="lognormal"),
        ValueError,
        "model must take regions: 'lognormal' does not",
    ),
    "correlations of a model without": Bad(
        rows(), fit(scaling="weighted"), ValueError, "'weighted' needs correlations between groups"
    ),
    "survey weights of a model without": Bad(
        rows(),
        fit(weights="pseudo", model="correlated"),
        ValueError,
        "model must take weights='pseudo': 'correlated' does not, because .* Choose overdispersed",
    ),
    "two groups for a model that learns how they differ": Bad(
        rows(),
        fit(known={"police": 2_000}, model="lognormal"),
        ValueError,
        "'lognormal' learns .* needs 3 with answers, found 2. Choose random-degree, barrier, or add",
    ),
    "survey weights with regions": Bad(
        rows(),
        fit(weights="pseudo", regions="region", region_populations=PEOPLE),
        ValueError,
        "weights='pseudo' must be asked of a model without regions and covariates: found regions",
    ),
    "hidden group nobody answered about": Bad(
        filled("hidden", np.nan),
        quietly(fit()),
        ValueError,
        r"hidden groups must have an answer: 1 of 1 have none .* 12 rows used \(first: 'hidden'\)",
    ),
    "nobody knows anyone in a known group": Bad(
        filled(("police", "nurses"), 0.0),
        quietly(fit()),
        ValueError,
        r"known groups must have reports: nobody of 12 respondents .*without a scale",
    ),
    "no sample": Bad(
        rows(), lambda d: pv.nsum.fit(d, "hidden"), TypeError, "sample must be a Survey"
    ),
}


@pytest.mark.parametrize("name", FITTED)
def test_bad_input_of_a_fit_is_answered(name: str) -> None:
    refused(FITTED[name])


@pytest.fixture(scope="module")
def made() -> Posterior:
    return fit(draws=600, model="random-degree")(rows())


SIZED: dict[str, tuple[Callable[[Posterior], Any], type[Exception], str]] = {
    "no transmission": (lambda f: f.size(), ValueError, "transmission must be given: found none"),
    "transmission of 0": (
        lambda f: f.size(transmission=0),
        ValueError,
        "transmission must be above 0 and at most 1: found 0",
    ),
    "transmission above 1": (
        lambda f: f.size(transmission=60),
        ValueError,
        "transmission must be above 0 and at most 1: found 60",
    ),
    "negative degree ratio": (
        lambda f: f.size(transmission=1, degree_ratio=-1),
        ValueError,
        "degree_ratio must be a positive number: found -1",
    ),
    "precision in words": (
        lambda f: f.size(transmission=1, precision="half"),  # type: ignore[arg-type]
        TypeError,
        "precision must be a number",
    ),
    "precision above 1": (
        lambda f: f.size(transmission=1, precision=1.2),
        ValueError,
        "precision must be above 0 and at most 1",
    ),
    "transmission that is often impossible": (
        lambda f: f.size(transmission=pv.uncertain(0.9, std_error=0.3)),
        ValueError,
        "transmission must be drawn above 0 and at most 1",
    ),
    "unknown group": (
        lambda f: f.size("hiden", transmission=1),
        KeyError,
        "hidden must name hidden groups of the fit.*Did you mean 'hidden'",
    ),
    "known group as hidden": (
        lambda f: f.size("police", transmission=1),
        KeyError,
        "'police' is not one",
    ),
    "regions of a fit without": (
        lambda f: f.size(transmission=1, by="region"),
        ValueError,
        "by must be the column of the fit's regions.*it has none",
    ),
    "fitted sizes of sizes taken as given": (
        lambda f: f.fitted_sizes(),
        ValueError,
        "the random-degree model takes theirs as given",
    ),
    "no replicate": (
        lambda f: f.check(replicates=0),
        ValueError,
        "replicates must be a positive whole number",
    ),
}


@pytest.mark.parametrize("name", SIZED)
def test_bad_questions_to_a_posterior_are_answered(name: str, made: Posterior) -> None:
    ask, kind, message = SIZED[name]
    before = {key: draws.copy() for key, draws in made.draws.items()}
    with pytest.raises(kind, match=message) as caught:
        ask(made)
    assert type(caught.value) is kind
    for key, draws in made.draws.items():
        np.testing.assert_array_equal(draws, before[key])


def test_no_message_holds_what_a_respondent_answered(made: Posterior) -> None:
    assert "region" not in repr(made)
    assert set(vars(made)) - {"_diagnostics"} == set(made.__dataclass_fields__)
