"""Regressions of list experiments and of masked answers against R list, rr and RRreg."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.agreement import Within, agrees, told
from tests.naive import hidden

Array = NDArray[Any]
STOPS = "where the peer's EM, or its nls, stops: see NEAR"
METHODS: dict[str, dict[str, Any]] = {
    "list_ictreg_lm": {"method": "linear"},
    "list_ictreg_nls": {"method": "nls"},
    "list_ictreg_ml": {},
    "list_ictreg_ml_unconstrained": {"constrained": False},
}
# lm is solved exactly; nls stops at a relative change of 1e-5 of its own; ictreg's EM stops when the
# log-likelihood gains 1e-8, up to 3e-4 from the maximum: its own log-likelihood is the lower one.
NEAR = {
    "list_ictreg_lm": 1e-12,
    "list_ictreg_nls": 3e-5,
    "list_ictreg_ml": 2e-4,
    "list_ictreg_ml_unconstrained": 3e-4,
}
DEVICES: dict[str, tuple[str, dict[str, Any], float, float]] = {
    "rr_reg_mirrored": ("warner", {"design": "warner", "p": 2 / 3}, 1 / 3, 1 / 3),
    "rr_reg_forced": (
        "forced",
        {"design": "forced", "p_yes": 1 / 6, "p_no": 1 / 6},
        2 / 3,
        1 / 6,
    ),
    "rr_reg_unrelated": (
        "unrelated",
        {"design": "unrelated", "p": 2 / 3, "q": 0.25},
        2 / 3,
        1 / 12,
    ),
    "rr_reg_crosswise": ("crosswise", {"design": "crosswise", "p": 0.25}, -0.5, 0.75),
}


@pytest.fixture(scope="module")
def expected(oracle: Path) -> dict[str, Any]:
    found: dict[str, Any] = told(oracle / "frontier/expected_sensitive.json")
    return found


@pytest.fixture(scope="module")
def counts(oracle: Path) -> pd.DataFrame:
    return pd.read_csv(oracle / "frontier/list_experiment.csv")


@pytest.fixture(scope="module")
def answers(oracle: Path) -> pd.DataFrame:
    return pd.read_csv(oracle / "frontier/randomized_response.csv")


def fit(survey: pv.Survey, **how: Any) -> pv.Estimate:
    return pv.sensitive.list_regression(
        survey, "y", ["x1", "x2"], treatment="treat", items=4, **how
    )


@pytest.mark.parametrize("case", list(METHODS))
def test_list_regression(case: str, expected: dict[str, Any], counts: pd.DataFrame) -> None:
    wanted, near = expected[case]["result"], NEAR[case]
    found = fit(pv.Survey(counts), **METHODS[case])
    agrees(found.value[:3], wanted["par_treat"], Within(STOPS, absolute=near))
    agrees(found.facts["model_std_error"][:3], wanted["se_treat"], Within(STOPS, near))
    if wanted["par_control"] is not None:
        agrees(found.value[3:], wanted["par_control"], Within(STOPS, absolute=near))
        errors = found.facts["model_std_error"][3:]
        agrees(errors, wanted["se_control"], Within(STOPS, near))
    if wanted["llik"] is not None:
        reached = found.provenance["log_likelihood"]
        assert wanted["llik"] <= reached < wanted["llik"] + 1e-6  # 1e-6: where the EM stops
    share = pv.sensitive.list_prevalence(
        pv.Survey(counts), "y", ["x1", "x2"], treatment="treat", items=4, **METHODS[case]
    )
    agrees(share.value, wanted["prevalence_mean"], Within(STOPS, absolute=near / 5))


def test_weighted_list_regression(expected: dict[str, Any], counts: pd.DataFrame) -> None:
    wanted = expected["list_ictreg_ml_weighted"]["result"]
    survey = pv.Survey(counts, weights="w", strata="stratum", psu="psu")
    found = fit(survey)
    both = wanted["par_treat"] + wanted["par_control"]
    agrees(found.value, both, Within(STOPS, absolute=1e-4))  # as stated for the EM
    # ictreg takes the sum of the weights for the number of people; ours have mean 1
    errors = found.facts["model_std_error"][:3] / np.sqrt(counts["w"].mean())
    agrees(errors, wanted["se_treat"], Within(STOPS, 1e-4))
    # and the errors of the design are others: those that R does not give
    assert np.abs(found.std_error[:3] / errors - 1).max() > 0.05
    share = pv.sensitive.list_prevalence(survey, "y", ["x1", "x2"], treatment="treat", items=4)
    agrees(share.value, wanted["prevalence_weighted_mean"], Within(STOPS, absolute=4e-5))


@pytest.mark.parametrize("case", list(DEVICES))
def test_randomized_response_regression(
    case: str, expected: dict[str, Any], answers: pd.DataFrame
) -> None:
    wanted = expected[case]["result"]
    column, how, slope, a = DEVICES[case]
    found = pv.sensitive.randomized_response_regression(
        pv.Survey(answers), column, ["x1", "x2"], **how
    )
    # 1e-5 (1e-4 for RRlog) is the stated tolerance; rrreg's EM stops early for "mirrored", see below
    near = {"rr_reg_mirrored": 5e-5, "rr_reg_crosswise": 1e-4}.get(case, 1e-5)
    agrees(found.value, wanted["est"], Within(STOPS, absolute=near))
    if case == "rr_reg_crosswise":
        covariance = np.sqrt(np.diag(wanted["vcov"]))
        agrees(found.facts["model_std_error"], covariance, Within(STOPS, 2e-5), case=wanted["vcov"])
        assert wanted["llik"] <= found.provenance["log_likelihood"] < wanted["llik"] + 1e-6
        return
    # rrreg sums outer products of scores at its own estimate; ours are from the second derivative
    x = np.column_stack([np.ones(len(answers)), answers["x1"], answers["x2"]])
    y = answers[column].to_numpy(dtype=float)
    left, ours = (
        np.abs(hidden.masked_score(np.asarray(b), x, y, slope, a)).max()
        for b in (wanted["est"], found.value)
    )
    assert ours < 1e-6
    assert left > 1e-4 or near == 1e-5  # what the peer leaves of its own equation
    outer = hidden.masked_outer_products(np.array(wanted["est"]), x, y, slope, a)
    own = Within("outer products of scores at its own estimate", 1e-9)
    agrees(np.sqrt(np.diag(outer)), wanted["se"], own, explained=True)
    agrees(
        found.facts["model_std_error"],
        wanted["se"],
        Within("outer products of scores there, second derivatives here", 0.03),
    )


def test_latent_class(oracle: Path) -> None:
    folder = oracle / "frontier"
    wanted = told(folder / "expected_measure.json")["latent_class_2"]["result"]
    data = pd.read_csv(folder / "latent_class.csv")
    found = pv.misclassification.latent_class(pv.Survey(data), data.columns.tolist(), rng=1)
    both = [wanted["prevalence"], *wanted["sens"], *wanted["one_minus_spec"]]
    agrees(
        found.value, both, Within("where an EM of 1e-13 stops", absolute=5e-8)
    )  # where an EM of 1e-13 stops
    agrees(
        found.provenance["log_likelihood"],
        wanted["loglik"],
        Within("rounding of a sum of 1e3 logarithms", absolute=1e-9),
    )
    # rows drawn at random: the design's errors are near those of the information
    np.testing.assert_allclose(found.facts["model_std_error"], found.std_error, rtol=0.03)
