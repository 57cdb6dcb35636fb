"""The composite link against the ordinary fit, slow versions and figures worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.composite import composite_fit
from prevalence.mse.histories import all_histories
from prevalence.mse.loglinear import loglinear_fit
from prevalence.mse.strata.design import (
    observed,
    strata_design,
    table_counts,
    told_strata,
    wanted_cells,
)
from tests.agreement import Within, agrees
from tests.naive import mse_composite as naive

Array = NDArray[Any]
SETTLED = 1e-7  # EM stops when no coefficient moves by 1e-12, at a rate of about .5 a step


def with_dark(lists: int) -> Array:
    return np.vstack([np.zeros((1, lists), dtype=int), all_histories(lists)])


def ordinary(lists: int, pair: tuple[int, int]) -> tuple[Array, Array, Array]:
    full = with_dark(lists)
    design = np.column_stack([np.ones(len(full)), full, full[:, list(pair)].prod(axis=1)])
    return design, np.eye(len(full))[1:], np.ones(len(full))


@pytest.mark.parametrize("empty", [False, True])
def test_without_the_dark_row_it_is_the_ordinary_fit(empty: bool) -> None:
    counts = np.random.default_rng(1).poisson(40, (15, 6)).astype(float)
    if empty:
        counts[all_histories(4)[:, :2].all(axis=1)] = 0
    found = composite_fit(*ordinary(4, (0, 1))[:2], counts, np.ones(16))
    wanted = loglinear_fit(all_histories(4), counts, [(0, 1)])
    # Two Newton methods that stop at a last change of 1e-8 and 1e-7, squared.
    np.testing.assert_allclose(found.total[0], wanted.total, rtol=1e-9)
    np.testing.assert_allclose(found.std_error[0], wanted.std_error, rtol=1e-9)
    np.testing.assert_allclose(found.bic, wanted.bic, rtol=1e-9)
    np.testing.assert_allclose(found.deviance, wanted.deviance, rtol=1e-7)
    assert (found.boundary[-1] == empty).all()


def uk5(oracle: Any) -> Array:
    return np.loadtxt(oracle / "mse" / "uk5.csv", delimiter=",", skiprows=1, dtype=float)


def test_the_five_lists_of_the_united_kingdom_give_the_main_effects_of_r(oracle: Any) -> None:
    table = uk5(oracle)
    full = np.vstack([np.zeros((1, 5)), table[:, :5]])
    design = np.column_stack([np.ones(32), full])
    found = composite_fit(design, np.eye(32)[1:], table[:, 5], np.ones(32))
    printed = Within("printed with two decimals", absolute=0.01)
    source = "R Rcapture 1.4-4", "closedp.t(uk5, dfreq=TRUE), model Mt"
    agrees(found.total[0, 0], 13_444.13, printed, case="uk5, five lists", source=source)


def missing_list() -> tuple[Array, Array, Array, Array]:
    """Two strata, three lists, the third absent in the second; the pair 1:2 shared."""
    strata = told_strata([("a",), ("b",)], ["A", "B", "C"], {("b",): ("C",)}, "?")
    counts = np.array(
        [[434, 234], [354, 345], [224, 0], [446, 349], [82, 0], [58, 0], [79, 0]], dtype=float
    )
    seen = observed(strata, counts)
    captured = all_histories(3).T @ counts
    levels = {(j,): np.arange(2, dtype=np.int64) for j in range(3)}
    design = strata_design(strata, [(0,), (1,), (2,), (0, 1)], levels, captured).matrix
    return (
        design,
        seen.collapse,
        table_counts(seen, counts[..., None])[:, 0],
        wanted_cells(strata),
    )


def test_a_list_missing_in_a_stratum_has_the_maximum_of_em() -> None:
    design, collapse, counts, wanted = missing_list()
    found = composite_fit(design, collapse, counts, wanted)
    beta, steps = naive.by_expectation(design, collapse, counts)
    np.testing.assert_allclose(found.total[:, 0], wanted @ np.exp(design @ beta), rtol=SETTLED)
    assert found.log_likelihood[0] == pytest.approx(
        naive.log_likelihood(design, collapse, counts, beta), rel=1e-10
    )
    assert steps < 100
    assert found.total[0, 0] == pytest.approx(found.total[1:, 0].sum(), rel=1e-12)


def test_a_general_optimiser_finds_no_higher_point() -> None:
    design, collapse, counts, wanted = missing_list()
    found = composite_fit(design, collapse, counts, wanted)
    beta = naive.by_optimiser(design, collapse, counts, found.coefficients[:, 0] + 0.3)
    best = naive.log_likelihood(design, collapse, counts, beta)
    assert best <= found.log_likelihood[0] + 1e-8 * abs(best)
    # The optimiser stops at a gradient of 1e-9 of counts of hundreds, or where it sees no gain.
    np.testing.assert_allclose(wanted @ np.exp(design @ beta), found.total[:, 0], rtol=1e-5)


def test_a_term_that_only_a_collapsed_cell_could_hold_goes_to_the_boundary() -> None:
    design, collapse, counts, wanted = missing_list()
    third = np.tile(with_dark(3)[:, [0, 2]].prod(axis=1), 2)[:, None]
    touched = collapse @ third[:, 0] > 0
    only = touched & (collapse @ (1 - third[:, 0]) == 0)
    counts = np.where(only, 0.0, counts)
    found = composite_fit(np.hstack([design, third]), collapse, counts, wanted)
    assert found.boundary[-1, 0]
    assert found.converged[0]
    assert found.identified[0]
    start = np.append(np.where(found.boundary[:-1, 0], 0, found.coefficients[:-1, 0]), -3.0)
    beta = naive.by_optimiser(np.hstack([design, third]), collapse, counts, start)
    best = naive.log_likelihood(np.hstack([design, third]), collapse, counts, beta)
    assert best <= found.log_likelihood[0] + 1e-6


def test_a_pair_of_a_stratum_of_two_lists_is_not_identified() -> None:
    design, collapse, counts, wanted = missing_list()
    second = design[:, [-1]] * np.repeat([0.0, 1.0], 8)[:, None]
    found = composite_fit(np.hstack([design, second]), collapse, counts, wanted)
    assert not found.identified[0]
    assert np.isnan(found.total).all()


def test_columns_together_are_columns_alone() -> None:
    design, collapse, counts, wanted = missing_list()
    many = np.random.default_rng(2).poisson(counts[:, None], (len(counts), 40)).astype(float)
    together = composite_fit(design, collapse, many, wanted)
    for b in (0, 17, 39):
        alone = composite_fit(design, collapse, many[:, b], wanted)
        np.testing.assert_allclose(together.total[:, [b]], alone.total, rtol=1e-10)
        np.testing.assert_allclose(together.covariance[..., [b]], alone.covariance, rtol=1e-8)


def test_terms_of_each_stratum_are_fits_of_each_stratum() -> None:
    rng = np.random.default_rng(4)
    histories = all_histories(3)
    counts = rng.poisson(60, (7, 2))
    rows = {name: np.tile(histories[:, j], 2) for j, name in enumerate("ABC")}
    rows |= {"n": counts.T.ravel(), "sex": np.repeat(["f", "m"], 7)}
    lists = pv.Lists(rows, list("ABC"), counts="n", strata="sex")
    pairs = [("A", "B")]
    found = pv.mse.stratified(lists, pairs=pairs, by_stratum=["A", "B", "C", ("A", "B")])
    alone = [pv.mse.loglinear(lists.in_stratum(sex), pairs=pairs) for sex in ("f", "m")]
    np.testing.assert_allclose(found.value[1:], [float(e) for e in alone], rtol=1e-9)
    np.testing.assert_allclose(found.std_error[1:], [e.std_error[0] for e in alone], rtol=1e-9)
    assert found.covariance[1, 2] == pytest.approx(0, abs=1e-6 * found.covariance[1, 1])
    assert found.value[0] == pytest.approx(found.value[1:].sum(), rel=1e-12)


def test_the_dark_figure_of_a_stratum_sums_over_the_list_that_is_absent() -> None:
    design, collapse, counts, wanted = missing_list()
    found = composite_fit(design, collapse, counts, wanted)
    cells = found.fitted[8:, 0]
    dark = cells[[0, 3]].sum()  # on no list, or only on the one that is not there
    assert found.total[2, 0] == pytest.approx(counts[-3:].sum() + dark, rel=1e-9)
