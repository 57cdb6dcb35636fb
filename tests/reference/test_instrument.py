"""Rogan-Gladen and its intervals against epiR 2.0.57, asht 1.0.1 and survey 4.1.1 (R 4.2.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence import imperfect
from tests.agreement import EXACTLY, Within, agrees, told
from tests.naive import imperfect as naive

rogan_gladen = pv.misclassification.rogan_gladen
EXACT = Within("closed forms: sums in another order", 1e-10)
ROOTS = Within("quantiles of the beta law, each by its own search", 1e-9)
MONTE_CARLO = Within("melding there has 5 million draws", absolute=2e-4)
GRID = Within("the posterior there is a grid of 400 x 400 x 4,000", absolute=5e-4)
COARSE = Within("100 x 100 points and 3,001 shares in the slow posterior", absolute=5e-5)


@pytest.fixture(scope="module")
def expected(oracle: Path) -> dict[str, Any]:
    found: dict[str, Any] = told(oracle / "frontier" / "expected_measure.json")
    return found


@pytest.fixture(scope="module")
def screened(oracle: Path) -> pv.Survey:
    data = pd.read_csv(oracle / "frontier" / "screen_survey.csv")
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def validations(given: dict[str, int]) -> dict[str, Any]:
    return {
        "sensitivity": pv.validated(correct=given["se_k"], tested=given["se_n"]),
        "specificity": pv.validated(correct=given["sp_k"], tested=given["sp_n"]),
    }


@pytest.mark.filterwarnings("ignore:the corrected share is below 0")
@pytest.mark.parametrize("case", range(4))
def test_a_simple_sample(expected: dict[str, Any], case: int) -> None:
    wanted = expected["screen_summary"]["result"][case]
    given = wanted["input"]
    apparent = pv.validated(correct=given["k"], tested=given["n"])
    both = validations(given)
    found = {
        interval: rogan_gladen(apparent, interval=interval, **both)
        for interval in ("lang-reiczigel", "bayes")
    }
    first = found["bayes"]
    agrees(first.value[0], wanted["rogan_gladen"], EXACT)
    agrees(first.std_error[0], wanted["se_delta_full"], EXACT)
    agrees(found["lang-reiczigel"].interval()[0], wanted["lang_reiczigel_ci"], EXACT)
    posterior = wanted["bayes_uniform"]
    low, high = first.interval()[0]
    agrees(high, posterior["q975"], GRID)
    if posterior["q025"] is not None:
        agrees(low, posterior["q025"], GRID)
        k, n = float(given["k"]), float(given["n"])
        law = imperfect.Law(np.array([k + 1]), np.array([n - k + 1]))
        rates = (np.array([first.constants[f"{name}{n}"][0]]) for name in both for n in ("", "_n"))
        middle = imperfect.bayes(law, imperfect.Instrument(*rates), 1e-9).mean()
        agrees(middle, posterior["median"], GRID)


@pytest.mark.filterwarnings("ignore:the corrected share is below 0")
@pytest.mark.parametrize("case", range(4))
def test_rates_taken_as_known(expected: dict[str, Any], case: int) -> None:
    wanted = expected["screen_summary"]["result"][case]
    given = wanted["input"]
    share = given["k"] / given["n"]
    rates = {
        "sensitivity": given["se_k"] / given["se_n"],
        "specificity": given["sp_k"] / given["sp_n"],
    }
    found = rogan_gladen(pv.validated(correct=given["k"], tested=given["n"]), **rates)
    agrees(found.value[0], wanted["epi_prev_cp"][0], EXACT)
    agrees(found.std_error[0], wanted["se_known_SeSp"], EXACT)
    agrees(found.interval()[0], wanted["epi_prev_cp"][1:], ROOTS)
    assert found.facts["apparent"][0] == share


def test_a_slow_posterior_of_the_first_case(expected: dict[str, Any]) -> None:
    """Santa Clara: 100 x 100 points and 3,001 shares, which leave 5e-5."""
    given = expected["screen_summary"]["result"][0]["input"]
    cases, others = (given["se_k"], given["se_n"]), (given["sp_k"], given["sp_n"])
    limits, mean = naive.posterior(given["k"], given["n"], cases, others, (0.025, 0.975))
    found = rogan_gladen(
        pv.validated(correct=given["k"], tested=given["n"]), interval="bayes", **validations(given)
    )
    np.testing.assert_allclose(found.interval()[0], limits, atol=5e-5)
    wanted = expected["screen_summary"]["result"][0]["bayes_uniform"]["mean"]
    agrees(mean, wanted, COARSE, explained=True)


def test_a_survey(expected: dict[str, Any], screened: pv.Survey) -> None:
    wanted = expected["screen_rg_survey"]["result"]
    apparent = pv.direct.prevalence(screened, "screen")
    found = rogan_gladen(apparent, **validations(wanted["valid"]))
    agrees(apparent.value[0], wanted["ap"], EXACT)
    agrees(apparent.std_error[0], wanted["ap_se"], EXACT)
    agrees(apparent.df[0], wanted["df"], EXACTLY)
    agrees(found.value[0], wanted["est"], EXACT)
    agrees(found.std_error[0], wanted["se"], EXACT)


@pytest.mark.parametrize("kind", ["binomial", "poisson"])
def test_melding_with_weights(expected: dict[str, Any], kind: str) -> None:
    wanted = expected[f"screen_meld_{kind}"]["result"]
    x, n, w = (np.array(wanted[name], dtype=float) for name in ("x", "n", "w"))
    share, spread, largest = (w * x / n).sum(), (w**2 * x / n**2).sum(), (w / n).max()
    if kind == "binomial":
        size = share * (1 - share) / spread
        low, high = (
            imperfect.Law(
                np.array([size * share + more]), np.array([size * (1 - share) + 1 - more])
            )
            for more in (0, 1)
        )
    else:  # Fay and Feuer: one more case of the largest weight
        low, high = (
            imperfect.Law(np.array([m**2 / v]), np.array([m / v]), gamma=True)
            for m, v in ((share, spread), (share + largest, spread + largest**2))
        )
    rates = (np.array([y]) for y in (66 / 80, 80.0, 288 / 300, 300.0))
    found = imperfect.melding(low, high, imperfect.Instrument(*rates), 0.95)
    agrees(found[0], wanted["ci"], MONTE_CARLO)
