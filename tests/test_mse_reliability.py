"""What an estimate of lists rests on: ranges, tests and two verdicts, against slower ways."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories
from prevalence.mse.loglinear import loglinear_fit
from prevalence.mse.trust.consistency import internal_consistency
from prevalence.mse.trust.ranges import _marginal
from prevalence.mse.trust.verdicts import data_checks, data_verdict

Array = NDArray[Any]
HISTORIES = all_histories(4)
NAMES = ["police", "registry", "agency", "ngo"]
CHAIN = [(0, 1), (0, 2)]  # registry - police - agency
CHANCES = np.array([0.2, 0.3, 0.25, 0.2])


def expected(size: float, odds: dict[tuple[int, int], float]) -> Array:
    """Means of the histories where pairs have odds ratios, with the dark cell left out."""
    cells = np.vstack([np.zeros((1, 4), dtype=int), HISTORIES])
    weight = np.prod(np.where(cells, CHANCES, 1 - CHANCES), axis=1)
    for pair, psi in odds.items():
        weight = weight * np.where(cells[:, pair].all(axis=1), psi, 1.0)
    return np.asarray(size * weight[1:] / weight.sum())


def drawn(size: int, odds: dict[tuple[int, int], float], rng: int) -> pv.Lists:
    counts = np.random.default_rng(rng).poisson(expected(size, odds))
    return pv.Lists.from_counts(HISTORIES, counts, NAMES)


# Newton ends below 1e-7 in every log mean and squares it.
EXACT = 1e-9


def test_members_of_a_list_are_known_to_a_model_that_holds() -> None:
    means = expected(5_000, {(0, 1): 3.0, (0, 2): 2.0})[:, None]
    found = internal_consistency(HISTORIES, means, CHAIN)
    np.testing.assert_allclose(found.estimate, found.known, rtol=EXACT)
    np.testing.assert_allclose(found.known[:, 0], means[:, 0] @ HISTORIES, rtol=EXACT)
    wrong = internal_consistency(HISTORIES, means, [])
    ratio = (wrong.estimate / wrong.known)[:, 0]
    assert (
        ratio[1] < 0.9
    )  # the police and the agency depend on each other: members of others show it
    assert ratio[2] < 0.9


def test_members_are_those_of_a_table_made_by_hand() -> None:
    lists = drawn(3_000, {(0, 1): 2.0}, 1)
    found = internal_consistency(lists.histories, lists.counts[:, None], [(0, 1), (1, 3)])
    rows = np.repeat(lists.histories, lists.counts.astype(int), axis=0)
    for j in range(4):
        inside = np.delete(rows[rows[:, j] == 1], j, axis=1)
        seen = inside[inside.any(axis=1)]
        names = [name for i, name in enumerate(NAMES) if i != j]
        others = pv.Lists(dict(zip(names, seen.T, strict=True)), names)
        pairs = [(NAMES[a], NAMES[b]) for a, b in [(0, 1), (1, 3)] if j not in (a, b)]
        by_hand = pv.mse.loglinear(others, pairs=pairs)
        assert found.estimate[j, 0] == pytest.approx(float(by_hand), rel=EXACT)
        z = (float(by_hand) - len(inside)) / by_hand.std_error[0]
        assert found.z[j, 0] == pytest.approx(z, rel=1e-8)


@pytest.mark.parametrize("j", range(4))
def test_lists_that_depended_on_one_left_out_depend_on_each_other(j: int) -> None:
    # Decomposable: the margin over any list is a model of the remaining ones with the same size.
    means = expected(5_000, {(0, 1): 3.0, (0, 2): 2.0})
    others = np.delete(HISTORIES, j, axis=1)
    histories = all_histories(3)
    table = np.array([means[(others == h).all(axis=1)].sum() for h in histories])
    fit = loglinear_fit(histories, table, _marginal(CHAIN, j))
    assert fit.total[0] == pytest.approx(5_000, rel=EXACT)


def test_a_known_odds_ratio_is_an_offset_of_the_overlap() -> None:
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    lists = drawn(2_000, {}, 2)
    table = pv.mse.reliability(lists, pairs=[("police", "ngo")], simulations=9).pairs
    assert len(table) == 5 * 4
    for row in table.iloc[::3].itertuples():
        i, j = lists.index(str(row.first)), lists.index(str(row.second))
        both = lists.histories[:, [i, j]].all(axis=1)
        columns = [np.ones(15), *lists.histories.T, lists.histories[:, [0, 3]].all(axis=1)]
        offset = np.where(both, np.log(float(str(row.odds_ratio))), 0.0)
        fit = GLM(
            lists.counts, np.column_stack(columns) * 1.0, family=Poisson(), offset=offset
        ).fit(tol=1e-14)
        assert row.estimate == pytest.approx(lists.seen + np.exp(fit.params[0]), rel=1e-7)


def test_two_lists_with_an_odds_ratio() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["a", "b"])
    report = pv.mse.reliability(lists, odds_ratio=(1.0, 3.0))
    np.testing.assert_allclose(report.pairs["estimate"], [200, 80 + 3 * 120], rtol=EXACT)
    np.testing.assert_allclose(report.dark["estimate"], [200, 80 + 3 * 120], rtol=EXACT)
    assert len(report.without) == len(report.members) == 0
    assert report.checks == ()
    assert report.data.grade == "cannot be contradicted by these data"
    assert "at least" in repr(report)


def test_models_within_six_units_of_bic_are_all_hierarchical_models() -> None:
    lists = drawn(2_000, {(0, 1): 3.0}, 3)
    terms = [t for size in (2, 3) for t in combinations(range(4), size)]
    subsets = [[t for b, t in enumerate(terms) if m >> b & 1] for m in range(2 ** len(terms))]
    closed = [s for s in subsets if all(p in s for t in s for p in combinations(t, 2) if p != t)]
    assert len(closed) == 113
    fits = [loglinear_fit(lists.histories, lists.counts, model) for model in closed]
    best = np.nanmin([float(f.bic[0]) for f in fits])
    close = sorted((f.bic[0], f.total[0]) for f in fits if f.bic[0] <= best + 6)
    table = pv.mse.reliability(lists, simulations=9).models
    np.testing.assert_allclose(table["estimate"], [total for _, total in close], rtol=1e-8)


def test_parts_of_the_cases_give_the_same_size_over_the_part() -> None:
    report = pv.mse.reliability(drawn(20_000, {}, 4), pairs=[], simulations=9, rng=5)
    table = report.growth
    assert table["fits"].tolist() == [200] * 4
    # The quartiles of 200 parts, at 40 % about 5 % apart: their median is good to 1 %.
    np.testing.assert_allclose(table["estimate"], float(report.estimate), rtol=0.02)


# ------------------------------------------------------------------ verdicts
@pytest.mark.proof
def test_a_model_that_holds_is_contradicted_in_five_of_a_hundred_tables() -> None:
    p = np.array([0.035, 0.09, 0.03, 0.015, 0.03])  # the lists of a referral mechanism
    histories = all_histories(5)
    means = np.prod(np.where(histories, p, 1 - p), axis=1)
    for size in (1_200, 6_000):
        random = np.random.default_rng(size)
        said = [
            data_verdict(
                data_checks(histories, random.poisson(size * means).astype(float), [], rng=random),
                list("abcde"),
            ).warns
            for _ in range(300)
        ]
        # At most 5 %, with four Monte Carlo errors of 1.3 points: the tests share a table.
        assert np.mean(said) < 0.05 + 4 * 0.0126


def test_dependence_contradicts_a_model_without_it() -> None:
    report = pv.mse.reliability(drawn(4_000, {(0, 1): 4.0}, 6), pairs=[], simulations=99)
    assert report.data.warns
    assert report.data.grade == "contradicted by these data"
    assert "the overlap of police and registry is not explained" in str(report.data)
    again = pv.mse.reliability(
        drawn(4_000, {(0, 1): 4.0}, 6), pairs=[("police", "registry")], simulations=99
    )
    assert not again.data.warns
    assert again.data.grade == "not contradicted by these data"


EVERYTHING: dict[str, Any] = {
    "referral": [],
    "missed_links": 0.0,
    "false_links": 0.0,
    "visibility": "equal",
}


@pytest.mark.parametrize(
    ("facts", "warns", "words"),
    [
        ({}, False, "not identified without: that no referral goes unrecorded"),
        (EVERYTHING, False, "not identified without: that every entry is a true case"),
        ({**EVERYTHING, "visibility": "unequal"}, True, "every model of the lists reads low"),
        ({"referral": [("police", "ngo")]}, True, r"\(police to ngo\) and the model has no term"),
        ({"every_referral": False}, True, "not every referral is recorded"),
        ({"reports": {"registry": 0.4}}, True, r"\(40 % of registry\) move the estimate up by"),
        ({"reports": {"registry": 0.001}}, False, "not identified without"),
    ],
)
def test_declared_facts_forbid_or_leave_open(
    facts: dict[str, Any], warns: bool, words: str
) -> None:
    lists = drawn(3_000, {}, 7).declare(**facts)
    report = pv.mse.reliability(lists, pairs=[], simulations=9)
    assert report.facts.warns is warns
    assert re.search(words, str(report.facts))
    assert report.warns is (warns or report.data.warns)


def test_entries_that_are_no_true_case_are_taken_from_those_on_one_list() -> None:
    lists = drawn(3_000, {}, 8)
    report = pv.mse.reliability(lists.declare(reports={"registry": 0.4}), pairs=[], simulations=9)
    counts = lists.counts.copy()
    counts[1] -= 0.4 * lists.sizes["registry"]
    fit = loglinear_fit(lists.histories, counts)
    assert f"without them it is about {fit.total[0]:,.0f}" in str(report.facts)


def test_the_default_model_is_that_of_the_referrals_or_the_steps() -> None:
    lists = drawn(3_000, {(0, 1): 4.0}, 9)
    referred = lists.declare(referral=[("ngo", "agency"), ("agency", "ngo")])
    assert pv.mse.reliability(referred, simulations=9).terms == (("agency", "ngo"),)
    chosen = pv.mse.reliability(lists, simulations=9)
    assert float(chosen.estimate) == pytest.approx(
        float(pv.mse.stepwise(lists, replicates=0)), rel=1e-8
    )


def test_the_report_tells_everything_and_repeats_itself() -> None:
    lists = drawn(3_000, {}, 10)
    text = repr(pv.mse.reliability(lists, simulations=49))
    for part in ("Identified by", "at least", "Models within 6", "From the data",
                 "From declared facts", "Leaving out one list", "An odds ratio of"):  # fmt: skip
        assert part in text
    assert repr(pv.mse.reliability(lists, simulations=49)) == text
    table = pv.mse.reliability(lists, simulations=49).to_frame()
    assert np.isfinite(table["estimate"]).all()
    assert set(table["check"]) >= {"model", "odds ratio", "without list", "share of cases"}


def test_sparse_tables_are_told() -> None:
    counts = [60, 50, 40, 30, 6, 0, 5, 0, 4, 0, 0, 0, 0, 0, 0]
    lists = pv.Lists.from_counts(HISTORIES, counts, NAMES)
    with pytest.warns(pv.PrevalenceWarning, match="under 10 %|under 5 %|only"):
        report = pv.mse.reliability(
            pv.Lists.from_counts(HISTORIES, [c * (1 + 4 * (i < 4)) for i, c in enumerate(counts)], NAMES),
            pairs=[], simulations=9,
        )  # fmt: skip
    assert any("groups of three lists" in w for w in report.warnings)
    edge = pv.mse.reliability(lists, pairs=[("police", "agency")], simulations=9)
    assert any("at the boundary" in w and "police and agency" in w for w in edge.warnings)
