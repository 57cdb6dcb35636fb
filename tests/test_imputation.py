"""Combined imputations: variances and covariances of Rubin's rules, through the design's columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import imputation as naive

Array = NDArray[Any]
M = 5
ROUNDING = 1e-11  # sums of a few hundred products in another order, and an eigendecomposition


def completed(seed: int = 1, scheme: str = "", share: float = 0.3) -> list[pv.Survey]:
    """Five completed data sets of 72 rows in 18 primary units of 3 strata."""
    rng = np.random.default_rng(seed)
    n = 72
    fixed = {
        "w": rng.uniform(1, 5, n),
        "stratum": np.arange(n) // 24,
        "psu": np.arange(n) // 4,
        "d": np.array(["a", "b", "c"])[rng.permutation(n) % 3],
        "x": rng.normal(10, 1, n) + np.repeat(rng.normal(size=18), 4),
    }
    case, y = (rng.random(n) < share).astype(float), rng.normal(20, 3, n)
    gone = rng.random(n) < 0.3
    out = []
    for _ in range(M):
        drawn = {
            "case": np.where(gone, rng.random(n) < share, case).astype(float),
            "y": np.where(gone, rng.normal(20, 3, n), y),
        }
        made = pv.Survey({**fixed, **drawn}, weights="w", strata="stratum", psu="psu")
        if scheme == "jackknife":
            made = made.jackknife()
        out.append(made.bootstrap(40, rng=7) if scheme == "bootstrap" else made)
    return out


@pytest.mark.parametrize("scheme", ["", "jackknife", "bootstrap"])
@pytest.mark.parametrize("by", [(), "d"])
def test_the_whole_covariance_matrix_is_rubins(scheme: str, by: Any) -> None:
    given = [pv.direct.mean(survey, ["y", "x", "case"], by=by) for survey in completed(2, scheme)]
    found = pv.combine_imputations(given)
    mean, total, added = naive.rubin([e.value for e in given], [e.covariance for e in given])
    np.testing.assert_allclose(found.value, mean, rtol=1e-14)
    scale = np.sqrt(np.outer(np.diag(total), np.diag(total)))
    np.testing.assert_allclose(found.covariance / scale, total / scale, atol=ROUNDING)
    np.testing.assert_allclose(found.std_error, np.sqrt(np.diag(total)), rtol=ROUNDING)
    for i in range(len(found)):
        within = float(total[i, i] - added[i, i])
        df = naive.barnard_rubin(within, float(added[i, i]), M, float(given[0].df[i]))
        # What is complete (x) has no variance between imputations but for rounding.
        assert found.df[i] == pytest.approx(df, rel=1e-9)


def test_a_complete_variable_keeps_its_standard_error_and_nearly_its_degrees_of_freedom() -> None:
    given = [pv.direct.mean(survey, "x") for survey in completed(3)]
    found, nu = pv.combine_imputations(given), 15
    assert found.std_error[0] == pytest.approx(float(given[0].std_error[0]), rel=1e-12)
    assert found.df[0] == pytest.approx(nu * (nu + 1) / (nu + 3), rel=1e-12)  # the rule's, at B = 0
    assert np.isinf(pv.combine_imputations(given, "rubin").df[0])


@pytest.mark.parametrize("scheme", ["", "jackknife", "bootstrap"])
def test_the_covariance_with_another_estimate_of_the_survey_is_the_mean_one(scheme: str) -> None:
    surveys = completed(4, scheme)
    given = [pv.direct.mean(s, "y").describe(outcome="") for s in surveys]
    other = pv.direct.mean(surveys[0], "x").describe(outcome="")
    found = pv.combine_imputations(given)
    wanted = np.mean([_covariance(e, other) for e in given])
    assert _covariance(found, other) == pytest.approx(float(wanted), rel=1e-9)


def _covariance(a: pv.Estimate, b: pv.Estimate) -> float:
    total = (a + b).std_error[0] ** 2 - (a - b).std_error[0] ** 2
    return float(total / 4)


def test_two_results_of_one_set_of_imputations_share_what_varies_between_them() -> None:
    surveys = completed(5)
    y, case = (
        [pv.direct.mean(s, name).describe(outcome="") for s in surveys] for name in ("y", "case")
    )
    joint = pv.combine_imputations([pv.direct.mean(s, ["y", "case"]) for s in surveys])
    one, two = (pv.combine_imputations(e, name="wave 1") for e in (y, case))
    apart = pv.combine_imputations(case)
    wanted = float(joint.covariance[0, 1])
    own = _covariance(one, two)
    # The mean columns leave out how columns vary between imputations, a small part of U.
    assert abs(own - wanted) < 0.25 * abs(_covariance(one, apart) - wanted)


def test_the_order_of_imputations_does_not_matter() -> None:
    given = [pv.direct.prevalence(s, "case", by="d") for s in completed(6)]
    one, two = (pv.combine_imputations(e) for e in (given, given[::-1]))
    np.testing.assert_allclose(one.value, two.value, rtol=1e-14)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-12)
    np.testing.assert_allclose(one.interval(), two.interval(), rtol=1e-10)


def test_a_difference_of_domains_is_the_difference_combined() -> None:
    given = [pv.direct.prevalence(s, "case", by="d") for s in completed(7)]
    found = pv.combine_imputations(given)
    difference = found["a"] - found["b"]
    wanted = pv.combine_imputations([e["a"] - e["b"] for e in given])
    assert difference.value[0] == pytest.approx(float(wanted.value[0]), rel=1e-12)
    assert difference.std_error[0] == pytest.approx(float(wanted.std_error[0]), rel=1e-9)


def test_the_interval_of_a_share_widens_by_the_variance_between_imputations() -> None:
    given = [pv.direct.prevalence(s, "case") for s in completed(8)]
    found = pv.combine_imputations(given)
    assert found.interval_rule == "auto"
    within = np.mean([e.std_error[0] ** 2 for e in given])
    deff = np.mean([e.constants["deff"][0] for e in given])
    inflated = deff * found.std_error[0] ** 2 / within
    assert found.constants["deff"][0] == pytest.approx(float(inflated), rel=1e-12)
    low, high = found.interval()[0]
    narrow = np.diff([e.interval()[0] for e in given]).mean()
    assert high - low > narrow
    assert "cases on average over imputations" in found.sentence()
    assert "imputations (Rubin's rules)" in found.explain()


def test_what_is_the_same_in_every_imputation_stays_as_it_was() -> None:
    survey = completed(9)[0]
    once = pv.direct.prevalence(survey, "case", by="d")
    found = pv.combine_imputations([once] * M)
    np.testing.assert_allclose(found.value, once.value, rtol=1e-14)
    np.testing.assert_allclose(found.std_error, once.std_error, rtol=1e-12)
    np.testing.assert_allclose(found.facts["cases"], once.facts["cases"])
    assert "cases" not in found.provenance


def test_a_share_without_a_case_keeps_an_upper_limit() -> None:
    surveys = [
        pv.Survey({"case": [0] * 60, "psu": list(range(30)) * 2}, psu="psu") for _ in range(3)
    ]
    given = [pv.direct.prevalence(s, "case") for s in surveys]
    found = pv.combine_imputations(given)
    assert found.value[0] == 0
    np.testing.assert_allclose(found.interval()[0], given[0].interval()[0], rtol=0.02)  # df differ
    assert np.isfinite(found.interval()).all()


def test_rows_without_a_standard_error_in_some_imputation_take_the_mean_of_the_others() -> None:
    psu = np.repeat(np.arange(20), 3)
    case = np.zeros((3, 60))
    case[1, 4], case[2, [4, 30]] = 1, 1
    given = [
        pv.direct.prevalence(pv.Survey({"case": y, "psu": psu}, psu="psu"), "case") for y in case
    ]
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 rows have no standard error in some"):
        found = pv.combine_imputations(given)
    tables = [{"case": y, "never": 0 * y, "psu": psu} for y in case]  # a row that none tells
    both = [pv.direct.prevalence(pv.Survey(t, psu="psu"), ["case", "never"]) for t in tables]
    with pytest.warns(pv.PrevalenceWarning, match="1 of 2 rows have no standard error in some"):
        pv.combine_imputations(both)
    with pytest.warns(pv.PrevalenceWarning) as said:  # no logarithm of 0 in any row
        pv.combine_imputations([e.count(1_000) for e in both])
    assert any("by the rule 'wald'" in str(each.message) for each in said)
    within = np.mean([e.std_error[0] ** 2 for e in given[1:]])
    between = np.var([e.value[0] for e in given], ddof=1)
    assert found.std_error[0] ** 2 == pytest.approx(float(within + 4 / 3 * between), rel=1e-12)


def test_linear_arithmetic_after_combining_gives_counts() -> None:
    given = [pv.direct.prevalence(s, "case") for s in completed(10)]
    found = pv.combine_imputations(given).count(1_000)
    np.testing.assert_allclose(
        found.interval(), 1_000 * pv.combine_imputations(given).interval(), rtol=1e-12
    )
    with pytest.warns(pv.PrevalenceWarning, match="by the rule 'log': those of the estimates"):
        late = pv.combine_imputations([e.count(1_000) for e in given])
    assert late.std_error[0] == pytest.approx(float(found.std_error[0]), rel=1e-12)
    with pytest.warns(pv.PrevalenceWarning, match="by the rule 'log': those of the estimates"):
        pv.combine_imputations([e * 2 for e in given])  # also below 1


def test_known_quantities_stay_one_source() -> None:
    rate = pv.uncertain(0.6, 0.5, 0.7, name="transmission")
    given = [pv.direct.mean(s, "y") / rate for s in completed(11)]
    found = pv.combine_imputations(given)
    _, total, _ = naive.rubin([e.value for e in given], [e.covariance for e in given])
    assert found.std_error[0] == pytest.approx(float(np.sqrt(total[0, 0])), rel=1e-10)
    back = found * rate  # what is known cancels: the two are one quantity
    alone = pv.combine_imputations([pv.direct.mean(s, "y") for s in completed(11)])
    assert back.std_error[0] == pytest.approx(float(alone.std_error[0]), rel=0.02)


def test_samples_that_share_no_source_are_told() -> None:
    surveys = [pv.Survey({"y": np.arange(9.0) + k}) for k in range(3)]
    given = [pv.direct.mean(s, "y") for s in surveys]
    with pytest.warns(pv.PrevalenceWarning, match="share no source"):
        found = pv.combine_imputations(given)
    _, total, _ = naive.rubin([e.value for e in given], [e.covariance for e in given])
    assert found.std_error[0] == pytest.approx(float(np.sqrt(total[0, 0])), rel=1e-12)


def test_a_combined_estimate_is_saved_and_read(tmp_path: Path) -> None:
    given = [pv.direct.prevalence(s, "case", by="d") for s in completed(12)]
    found = pv.combine_imputations(given)
    again = pv.load(found.save(tmp_path / "combined.estimate"))
    np.testing.assert_array_equal(again.interval(), found.interval())
    np.testing.assert_array_equal(again.df, found.df)


def test_facts_are_means_and_counts_have_one_decimal() -> None:
    given = [pv.direct.prevalence(s, "case") for s in completed(4)]
    found = pv.combine_imputations(given)
    for name in ("n", "missing", "cases", "psus", "psus_with_cases"):
        wanted = np.round(np.mean([e.facts[name] for e in given], axis=0), 1)
        np.testing.assert_array_equal(found.facts[name], wanted)
    size = found.facts["n"] / found.facts["deff"]
    np.testing.assert_allclose(found.facts["n_eff"], size, rtol=1e-14)
    assert found.facts["n_eff"][0] != np.round(found.facts["n_eff"][0], 1)
    within = np.mean([e.std_error[0] ** 2 for e in given])
    between = np.var([e.value[0] for e in given], ddof=1) * (1 + 1 / M)
    share = between / (within + between)
    free = (M - 1) / share**2
    wanted = share + (1 - share) * 2 / (free + 3)
    assert found.facts["missing_information"][0] == pytest.approx(wanted, rel=1e-12)


def test_the_columns_between_imputations_have_their_degrees_of_freedom() -> None:
    given = [pv.direct.mean(s, "y") for s in completed(6)]
    found = pv.combine_imputations(given, name="shared")
    (block,) = (b for b in found.blocks if b.source == "imputations:shared")
    assert block.scheme.labels == ("1", "2", "3", "4", "5")
    np.testing.assert_array_equal(block.df, [M - 1.0])
    columns = np.array([e.value for e in given]).T - found.value[:, None]
    np.testing.assert_allclose(block.columns(), columns, rtol=1e-12)
    np.testing.assert_allclose(block.scheme.coefficients, (1 + 1 / M) / (M - 1), rtol=1e-14)
    # Those of a row that does not vary: of the design once they are more.
    for units, df in ((4, M - 1.0), (12, 11 * 12 / 14)):
        same = pv.Survey({"y": np.arange(24.0), "psu": np.arange(24) % units}, psu="psu")
        alike = pv.combine_imputations([pv.direct.mean(same, "y")] * M, name="alike")
        (block,) = (b for b in alike.blocks if b.source == "imputations:alike")
        np.testing.assert_allclose(block.df, [df], rtol=1e-12)


def test_imputed_lists_keep_their_interval_above_the_persons_seen() -> None:
    lists = [
        pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40 - k, 30 - k, 10 + k], ["A", "B"])
        for k in range(3)
    ]
    given = [pv.mse.chapman(x, between=("A", "B")) for x in lists]
    with pytest.warns(pv.PrevalenceWarning, match="share no source"):
        found = pv.combine_imputations(given)
    assert found.interval_rule == "dark-figure"
    assert found.constants["seen"][0] == pytest.approx(79)
    low, high = found.interval()[0]
    unseen = found.value[0] - 79
    assert (low - 79) * (high - 79) == pytest.approx(unseen**2, rel=1e-12)


def test_rubins_own_degrees_of_freedom() -> None:
    given = [pv.direct.mean(s, "y") for s in completed(6)]
    found = pv.combine_imputations(given, df="rubin")
    within = np.mean([e.std_error[0] ** 2 for e in given])
    between = np.var([e.value[0] for e in given], ddof=1) * (1 + 1 / M)
    wanted = (M - 1) * ((within + between) / between) ** 2
    assert found.df[0] == pytest.approx(wanted, rel=1e-9)
