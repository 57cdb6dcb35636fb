"""List experiments and randomised response against R list 9.2.6, RRreg 0.7.5 and survey 4.1.1.

Values of ../shared/oracle/frontier, whose README gives the calls; formulas by hand where a
reference rests on another variance than that of the sample.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.agreement import Within, agrees, told

CLOSED = Within("closed forms: the same sums in another order", 1e-8)
SPREAD = Within("spreads by n - 1 of each group there, by n - 1 of the sample here", 1e-3)
SMALL = Within("as above: 88 and 96 who say yes directly, 1 / (2 n) of the smaller", 7e-3)
NORMAL = Within("p by normal there, by t here", absolute=3e-3)
PRINTED = Within("printed with four decimals", absolute=5.1e-5)
PRINTED_ERROR = Within("printed with four decimals; spreads by n - 1 of each list", absolute=6e-5)
RANDOM = Within("theirs from random draws", absolute=0.005)
DIGITS = Within("probabilities are written with ten digits in the call", 1e-8)
DEVICES: dict[str, dict[str, Any]] = {
    "warner": {"p": 0.6666666667},
    "forced": {"p_yes": 0.1666666667, "p_no": 0.1666666667},
    "unrelated": {"p": 0.6666666667, "q": 0.25},
    "crosswise": {"p": 0.25},
    "kuk": {"p": (0.75, 0.2)},
}


@pytest.fixture(scope="module")
def wanted(oracle: Path) -> dict[str, Any]:
    cases = told(oracle / "frontier" / "expected_sensitive.json")
    return {name: case["result"] for name, case in cases.items()}


@pytest.fixture(scope="module")
def lists(oracle: Path) -> pd.DataFrame:
    return pd.read_csv(oracle / "frontier" / "list_experiment.csv")


@pytest.fixture(scope="module")
def answers(oracle: Path) -> pd.DataFrame:
    return pd.read_csv(oracle / "frontier" / "randomized_response.csv")


def clustered(data: pd.DataFrame) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def test_difference_of_a_simple_random_sample(lists: pd.DataFrame, wanted: dict[str, Any]) -> None:
    e = pv.sensitive.list_difference(pv.Survey(lists), "y", treatment="treat", items=4)
    want = wanted["list_dim"]
    agrees(e.value[0], want["est"], CLOSED)
    # Welch divides the spread of each list by its own n - 1, a sample of n by n and by n - 1
    y, t = lists["y"].to_numpy(float), lists["treat"].to_numpy()
    parts = [y[t == k].var() / (t == k).sum() for k in (0, 1)]
    assert e.std_error[0] == pytest.approx(np.sqrt(sum(parts) * 1500 / 1499), rel=CLOSED.relative)
    agrees(e.std_error[0], want["se"], SPREAD)  # 1 / n of either list, halved


def test_difference_by_the_design(lists: pd.DataFrame, wanted: dict[str, Any]) -> None:
    e = pv.sensitive.list_difference(clustered(lists), "y", treatment="treat", items=4)
    want = wanted["list_dim_design"]
    agrees([e.value[0], e.std_error[0]], [want["est"], want["se"]], CLOSED)
    agrees(e.df[0], want["df"], CLOSED)


@pytest.mark.parametrize("treatment", ["treat", ("treat", "treat_b")])
def test_two_lists_with_their_covariance(
    lists: pd.DataFrame, wanted: dict[str, Any], treatment: Any
) -> None:
    e = pv.sensitive.double_list(clustered(lists), ("y", "y_b"), treatment=treatment, items=4)
    want = wanted["list_double_design"]
    found = [e.value[0], e.std_error[0], e.facts["first"][0], e.facts["second"][0]]
    agrees(found, [want["est"], want["se"][0], want["est_A"], want["est_B"]], CLOSED)
    parts = [e.facts[f"{k}"][0] for k in ("first_variance", "lists_covariance", "second_variance")]
    two = np.array(want["vcov_AB"])[[0, 0, 1], [0, 1, 1]]
    agrees(parts, two, CLOSED, case=want["vcov_AB"])


def test_two_lists_are_the_mean_of_two_estimates_of_one_survey(lists: pd.DataFrame) -> None:
    survey = clustered(lists.assign(other=1 - lists["treat"]))
    one, two = (
        pv.sensitive.list_difference(survey, count, treatment=t, items=4).describe(outcome="trait")
        for count, t in (("y", "treat"), ("y_b", "other"))
    )
    both = pv.sensitive.double_list(survey, ("y", "y_b"), treatment="treat", items=4)
    assert ((one + two) / 2).std_error[0] == pytest.approx(both.std_error[0], rel=CLOSED.relative)


def test_list_combined_with_direct_answers(lists: pd.DataFrame, wanted: dict[str, Any]) -> None:
    want = wanted["list_combined_direct"]
    arguments: dict[str, Any] = {"treatment": "treat", "direct": "direct", "items": 4}
    e = pv.sensitive.list_combined(pv.Survey(lists), "y", **arguments)
    found = [e.value[0], e.facts["direct"][0], e.facts["list"][0]]
    agrees(found, [want["combined_est"], want["direct_est"], want["list_est"]], CLOSED)
    # what R computes: numbers of those who say no as expected, spreads by n - 1 of each group
    y, t, z = (lists[name].to_numpy(float) for name in ("y", "treat", "direct"))
    m, no = z.mean(), [y[(t == k) & (z == 0)] for k in (0, 1)]
    spread = sum(no[k].var(ddof=1) / ((t == k).sum() * (1 - m)) for k in (0, 1))
    own = (no[0].mean() - no[1].mean() + 1) ** 2 * m * (1 - m) / len(z)
    theirs = float(np.sqrt((1 - m) ** 2 * spread + own))
    agrees(theirs, want["combined_se"], CLOSED, explained=True)
    agrees(e.std_error[0], want["combined_se"], SPREAD)
    assert e.std_error[0] == pytest.approx(theirs, rel=1e-3)  # n - 1 of the sample here
    tests = pv.sensitive.list_placebos(pv.Survey(lists), "y", **arguments).to_frame()
    first, second = want["placebo1"], want["placebo2"]
    agrees(tests["estimate"], [first["estimate"], second["estimate"]], CLOSED)
    # spreads by n - 1 of each group there, 88 and 96 who say yes directly: 1 / (2 n) of the smaller
    yes = [y[(t == k) & (z == 1)] for k in (0, 1)]
    said = [z[t == k] for k in (0, 1)]
    for groups, one in ((yes, first), (said, second)):
        welch = np.sqrt(sum(g.var(ddof=1) / g.size for g in groups))
        agrees(welch, one["se"], CLOSED, explained=True)
    # p by normal there, by t here
    agrees(tests["std_error"], [first["se"], second["se"]], SMALL)
    agrees(tests["p_value"], [first["p"], second["p"]], NORMAL)
    np.testing.assert_array_equal(tests["p_value"], [e.facts[f"p_placebo_{k}"][0] for k in (1, 2)])


def test_shares_of_the_design_test(lists: pd.DataFrame, wanted: dict[str, Any]) -> None:
    test = pv.sensitive.list_design_test(pv.Survey(lists), "y", treatment="treat", items=4)
    want = wanted["list_design_test"]
    table = test.to_frame()
    agrees(table["share"], want["pi_table"]["est."], PRINTED)  # printed so
    agrees(table["std_error"], want["pi_table"]["s.e."], PRINTED_ERROR)
    agrees(test.p_value, want["p"], RANDOM)  # theirs from random draws


@pytest.mark.parametrize("design", DEVICES)
def test_masked_answers(answers: pd.DataFrame, wanted: dict[str, Any], design: str) -> None:
    want = wanted["rr_unrelated_known" if design == "unrelated" else f"rr_{design}"]
    plain, sampled = (
        pv.sensitive.randomized_response(survey, design, design=design, **DEVICES[design])
        for survey in (pv.Survey(answers), clustered(answers))
    )
    yes = int(design == "forced")  # there the shares of no and yes, in that order
    est, se = np.atleast_1d(want["est"])[-yes], np.atleast_1d(want["se"])[-yes]
    agrees(plain.value[0], est, CLOSED, case=want["est"])
    agrees(plain.std_error[0], se, CLOSED, case=want["se"])
    want = wanted["rr_design_based"][design]
    found = [sampled.value[0], sampled.std_error[0], sampled.df[0], sampled.facts["answers"][0]]
    # the probabilities are written with ten digits in the call of the other values
    agrees(found, [want["est"], want["se"], want["df"], want["lambda"]], DIGITS)


def test_unrelated_question_of_unknown_share(answers: pd.DataFrame, wanted: dict[str, Any]) -> None:
    want = wanted["rr_unrelated_unknown"]
    one, two = (
        pv.sensitive.randomized_response(
            pv.Survey(answers), "uqt_unknown", design="unrelated", group="uqt_group", p=p
        )
        for p in ((0.75, 0.25), {"2": 0.25, "1": 0.75})
    )
    assert one.value[0] == two.value[0] == pytest.approx(want["est"], rel=CLOSED.relative)
    agrees(one.facts["unrelated_share"][0], want["piUQ"], CLOSED)
    # n - 1 of each group there, n - 1 of the sample here
    group, yes = answers["uqt_group"].to_numpy(), answers["uqt_unknown"].to_numpy(float)
    spread = [yes[group == k].var(ddof=0) / ((group == k).sum() - 1) for k in (1, 2)]
    for (a, b), theirs in (((0.75, 0.25), want["se"]), ((0.25, 0.75), want["piUQ_se"])):
        exact = np.sqrt(a**2 * spread[0] + b**2 * spread[1]) / 0.5
        agrees(exact, theirs, CLOSED, explained=True)
    agrees(one.std_error[0], want["se"], SPREAD)
    agrees(one.facts["unrelated_std_error"][0], want["piUQ_se"], SPREAD)


def test_costs_of_designs(oracle: Path) -> None:
    want = told(oracle / "frontier" / "expected_plan.json")["design_variances"]["result"]
    arguments: dict[str, dict[str, Any]] = {
        "warner_p70": {"design": "warner", "p": 0.7},
        "crosswise_p15": {"design": "crosswise", "p": 0.15},
        "forced_1_6": {"design": "forced", "p_yes": 1 / 6, "p_no": 1 / 6},
        "unrelated_p70_q10": {"design": "unrelated", "p": 0.7, "q": 0.1},
        "list_J4": {"design": "list", "items": 4, "item_share": want["pc"]},
    }
    for name, how in arguments.items():
        ratio = pv.sensitive.relative_variance(want["pi"], **how)
        agrees(ratio * want["direct"], want[name], CLOSED)
