"""Multiple-systems estimation: identities that hold for every table, and the naive versions."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from prevalence.intervals import dark_figure
from prevalence.mse.closed import chao_lower_bound, chapman, lincoln_petersen
from prevalence.mse.existence import _no_direction, existence_codes, has_maximum
from prevalence.mse.histories import (
    all_histories,
    bootstrap_counts,
    capture_frequencies,
    complete_table,
    list_pairs,
)
from prevalence.mse.loglinear import LoglinearFit, loglinear_fit
from prevalence.mse.stepwise import stepwise_fit
from tests.naive import mse as naive

Array = NDArray[Any]

# Both sides converge to rounding; a sparse table multiplies rounding by the condition of its dark
# figure, up to about 1e6 in the tables drawn here.
SAME = 1e-8


def sparse_tables(lists: int, width: int, seed: int) -> Array:
    """Tables with few overlaps, so that boundaries and missing maxima are common."""
    rng = np.random.default_rng(seed)
    captures = all_histories(lists).sum(axis=1)
    rates = np.array([0.0, 30.0, 3.0, 0.7, 0.3, 0.2])[captures]
    means = rates[:, None] * rng.gamma(1.0, 1.0, (len(captures), width))
    return np.asarray(rng.poisson(means), dtype=float)


def hierarchical_model(lists: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """A random set of pairs, and some of the triples that they allow."""
    pairs = [pair for pair in combinations(range(lists), 2) if rng.random() < 0.6]
    triples = [
        triple
        for triple in combinations(range(lists), 3)
        if set(combinations(triple, 2)) <= set(pairs) and rng.random() < 0.5
    ]
    return [*pairs, *triples]


# Fast versions against naive ones


@pytest.mark.parametrize(("lists", "seed"), [(2, 1), (3, 2), (3, 3), (4, 4), (4, 5), (5, 6)])
def test_fits_and_codes_equal_the_naive_ones(lists: int, seed: int) -> None:
    histories, columns = all_histories(lists), sparse_tables(lists, 25, seed)
    terms = hierarchical_model(lists, np.random.default_rng(seed))
    fit = loglinear_fit(histories, columns, terms)
    for b in range(columns.shape[1]):
        assert_column(fit, b, naive.fit(histories, columns[:, b], terms))


def assert_column(fit: LoglinearFit, b: int, slow: naive.NaiveFit | int) -> None:
    if isinstance(slow, int):
        assert (fit.code[b], np.isnan(fit.total[b])) == (slow, True)
        return
    assert fit.code[b] == 0
    assert fit.converged[b]
    assert fit.total[b] == pytest.approx(slow.total, rel=SAME)
    assert fit.std_error[b] == pytest.approx(slow.std_error, rel=1e-6)
    assert fit.deviance[b] == pytest.approx(slow.deviance, rel=SAME, abs=SAME)
    assert fit.log_likelihood[b] == pytest.approx(slow.log_likelihood, rel=SAME)
    assert fit.aic[b] == pytest.approx(slow.aic, rel=SAME)
    assert fit.bic[b] == pytest.approx(slow.bic, rel=SAME)


@pytest.mark.parametrize(("lists", "seed"), [(2, 7), (3, 8), (4, 9), (5, 10)])
@pytest.mark.parametrize("threshold", [0.02, 0.3])
def test_stepwise_equals_the_naive_one(lists: int, seed: int, threshold: float) -> None:
    histories, columns = all_histories(lists), sparse_tables(lists, 4, seed)
    found = stepwise_fit(histories, columns, threshold=threshold)
    for b in range(columns.shape[1]):
        total, pairs = naive.stepwise(histories, columns[:, b], threshold)
        assert found.total[b] == pytest.approx(total, rel=SAME, nan_ok=True)
        order = [tuple(sorted(found.pairs[row])) for row in np.argsort(found.step[:, b])]
        assert order[len(order) - len(pairs) :] == pairs
        assert int(found.selected[:, b].sum()) == len(pairs)


def test_certificates_and_linear_programs_agree() -> None:
    histories, columns = all_histories(4), sparse_tables(4, 60, 11)
    pairs = list_pairs(4)
    fit = loglinear_fit(histories, columns, pairs)
    design = np.array(
        [[float(set(t) <= set(np.flatnonzero(h))) for t in fit.terms] for h in histories]
    )
    kept = design @ fit.boundary == 0
    codes = existence_codes(design, columns > 0, ~fit.boundary, kept)
    assert fit.code.tolist() == codes.tolist()
    assert set(codes.tolist()) >= {0, 1}


@pytest.mark.parametrize("seed", range(3))
def test_a_direction_that_is_looked_at_is_that_of_the_linear_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    histories, answers = all_histories(4), set()
    for _ in range(25):
        terms = [(), (0,), (1,), (2,), (3,), *hierarchical_model(4, rng)]
        design = np.array([[float(h[list(t)].all()) for t in terms] for h in histories])
        observed = rng.random(len(design)) < 0.65
        found = has_maximum(design, observed)
        assert found is _no_direction(design[~observed], design[observed])
        answers.add((found, design.shape[1] - int(np.linalg.matrix_rank(design[observed]))))
    assert answers >= {(True, 0), (False, 1)}


# Identities


counts_of_three = st.lists(st.integers(0, 60), min_size=7, max_size=7)
positive_counts = st.lists(st.integers(1, 60), min_size=15, max_size=15)
models_of_four = st.lists(st.sampled_from(list(combinations(range(4), 2))), unique=True)


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 400))
def test_independence_of_two_lists_is_lincoln_petersen(first: int, second: int, both: int) -> None:
    fit = loglinear_fit(all_histories(2), [first, second, both])
    total, variance = lincoln_petersen(first + both, second + both, both)
    # The model is saturated: closed form, to the convergence of Newton's method.
    assert fit.total == pytest.approx([float(total)], rel=1e-10)
    # n0 + n0^2 (1/n10 + 1/n01 + 1/n11) is n1 n2 (n1 - m)(n2 - m) / m^3.
    assert fit.std_error**2 == pytest.approx([float(variance)], rel=1e-8)
    assert fit.deviance[0] < 1e-8


@given(positive_counts)
def test_all_terms_but_the_highest_give_the_ratio_of_odd_to_even_cells(counts: list[int]) -> None:
    histories = all_histories(4)
    terms = [term for size in (2, 3) for term in combinations(range(4), size)]
    fit = loglinear_fit(histories, counts, terms)
    odd = histories.sum(axis=1) % 2 == 1
    logs = np.log(counts)
    dark = np.exp(logs[odd].sum() - logs[~odd].sum())
    # Saturated again; dark figures up to 60^8 lose digits to the condition of the table.
    assert fit.dark == pytest.approx([dark], rel=1e-6)


@given(positive_counts, models_of_four, st.permutations(range(4)))
def test_the_order_of_lists_does_not_matter(
    counts: list[int], model: list[tuple[int, int]], order: list[int]
) -> None:
    histories = all_histories(4)
    here = loglinear_fit(histories, counts, model)
    renamed = [tuple(order.index(i) for i in pair) for pair in model]
    there = loglinear_fit(histories[:, order], counts, renamed)
    assert there.total == pytest.approx(here.total, rel=SAME)
    assert there.std_error == pytest.approx(here.std_error, rel=1e-6)
    free = stepwise_fit(histories, counts)
    moved = stepwise_fit(histories[:, order], counts)
    # Exactly equal p-values go to the first pair, which depends on the order: skip those tables.
    if distinct_p_values(histories, counts):
        assert moved.total == pytest.approx(free.total, rel=SAME, nan_ok=True)


def distinct_p_values(histories: Array, counts: list[int]) -> bool:
    """Whether no two lists or pairs have the same overlaps, which is what makes equal p-values."""
    overlaps = histories.T @ (histories * np.array(counts)[:, None])
    return np.unique(overlaps[np.triu_indices(4)]).size == 10


@given(positive_counts, models_of_four, st.permutations(range(15)))
def test_the_order_of_cells_does_not_matter(
    counts: list[int], model: list[tuple[int, int]], order: list[int]
) -> None:
    histories, values = all_histories(4), np.array(counts)
    here = loglinear_fit(histories, values, model)
    there = loglinear_fit(histories[order], values[order], model)
    assert there.total == pytest.approx(here.total, rel=SAME)
    assert there.fitted == pytest.approx(here.fitted[order], rel=SAME)


@given(counts_of_three, st.integers(2, 50))
def test_a_multiple_of_the_table_multiplies_the_total(counts: list[int], factor: int) -> None:
    histories = all_histories(3)
    scaled = np.column_stack([counts, np.array(counts) * factor])
    fit = loglinear_fit(histories, scaled, [(0, 1)])
    assert fit.code[0] == fit.code[1]
    assert fit.total[1] == pytest.approx(factor * fit.total[0], rel=SAME, nan_ok=True)
    assert fit.deviance[1] == pytest.approx(
        factor * fit.deviance[0], rel=SAME, abs=1e-7, nan_ok=True
    )


@given(counts_of_three)
def test_cells_with_nobody_may_be_left_out_of_the_input(counts: list[int]) -> None:
    histories, values = all_histories(3), np.array(counts)
    seen = values > 0
    full, completed = complete_table(histories[seen].reshape(-1, 3), values[seen])
    assert np.array_equal(full, histories)
    assert completed[:, 0].tolist() == values.tolist()


@given(counts_of_three)
def test_repeated_rows_are_one_cell(counts: list[int]) -> None:
    histories = all_histories(3)
    _, summed = complete_table(np.vstack([histories, histories]), [*counts, *counts])
    assert summed[:, 0].tolist() == [2 * count for count in counts]


@given(st.lists(counts_of_three, min_size=1, max_size=3), st.sampled_from([0.0, 0.02, 0.5, 1.0]))
def test_a_column_does_not_know_its_neighbours(tables: list[list[int]], threshold: float) -> None:
    histories, columns = all_histories(3), np.array(tables).T
    together = stepwise_fit(histories, columns, threshold=threshold)
    for b in range(columns.shape[1]):
        alone = stepwise_fit(histories, columns[:, b], threshold=threshold)
        assert alone.fit.code[0] == together.fit.code[b]
        assert np.array_equal(alone.step[:, 0], together.step[:, b])
        assert together.total[b] == pytest.approx(alone.total[0], rel=SAME, nan_ok=True)


@given(counts_of_three)
def test_the_fit_has_the_observed_margins(counts: list[int]) -> None:
    histories = all_histories(3)
    fit = loglinear_fit(histories, counts, [(0, 1), (1, 2)])
    if fit.code[0]:
        return
    margins = np.column_stack([np.ones(7), histories, histories[:, [0, 1]] * histories[:, [1, 2]]])
    # What maximum likelihood means here; relative to the number of persons.
    gap = np.abs(margins.T @ (fit.fitted[:, 0] - counts)).max()
    assert gap <= 1e-9 * max(1, sum(counts))


@given(counts_of_three)
def test_main_effects_are_threshold_zero(counts: list[int]) -> None:
    histories = all_histories(3)
    chosen = stepwise_fit(histories, counts, threshold=0)
    plain = loglinear_fit(histories, counts)
    assert not chosen.selected.any()
    assert chosen.total == pytest.approx(plain.total, rel=SAME, nan_ok=True)


@given(counts_of_three)
def test_threshold_one_is_the_full_pair_model_where_it_exists(counts: list[int]) -> None:
    histories = all_histories(3)
    full = loglinear_fit(histories, counts, list_pairs(3))
    if full.code[0] == 0:
        chosen = stepwise_fit(histories, counts, threshold=1)
        assert chosen.selected.all()
        assert chosen.total == pytest.approx(full.total, rel=SAME)


@given(st.lists(st.integers(1, 60), min_size=7, max_size=7))
def test_an_empty_list_is_left_out(counts: list[int]) -> None:
    four = all_histories(4)
    columns = np.zeros(15)
    columns[four[:, 3] == 0] = counts
    with_it = stepwise_fit(four, columns)
    without = stepwise_fit(all_histories(3), counts)
    assert with_it.total == pytest.approx(without.total, rel=SAME, nan_ok=True)
    assert with_it.fit.boundary[4, 0]


def test_equal_p_values_go_to_the_first_pair() -> None:
    # A table that no exchange of lists changes: every pair has the same p-value at the first step.
    histories = all_histories(4)
    counts = np.array([0, 90, 30, 2, 0])[histories.sum(axis=1)]
    found = stepwise_fit(histories, counts, threshold=0.9)
    assert found.step[0, 0] == 1
    assert found.step[:, 0].max() > 1


# Degenerate columns


def test_degenerate_columns_are_nan_with_a_code_and_disturb_nobody() -> None:
    histories = all_histories(3)
    columns = np.array(
        [
            [40, 30, 20, 6, 5, 4, 1],  # an ordinary table
            [0, 0, 0, 0, 0, 0, 0],  # nobody
            [9, 0, 0, 0, 0, 0, 0],  # everybody on one list only: the others are empty
            [40, 30, 20, 0, 0, 0, 0],  # no overlap at all
            [0, 0, 0, 8, 0, 0, 0],  # everybody on the same two lists
            [0, 0, 0, 0, 0, 0, 7],  # everybody on all lists
            [40, 30, 0, 6, 0, 0, 0],  # a list is empty, the two others overlap
        ],
        dtype=float,
    ).T
    found = stepwise_fit(histories, columns)
    assert found.fit.code.tolist() == [0, 2, 2, 1, 1, 1, 0]
    assert np.isnan(found.total[1:6]).all()
    assert not found.selected[:, 1:6].any()
    assert found.total[0] == pytest.approx(
        stepwise_fit(histories, columns[:, 0]).total[0], rel=1e-12
    )
    # The empty list is at the boundary; the two others give 46 x 36 / 6.
    assert found.total[6] == pytest.approx(276.0, rel=1e-10)


# Closed forms


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_chapman_is_symmetric_finite_and_above_the_seen(first: int, second: int, both: int) -> None:
    total, variance = chapman(first + both, second + both, both)
    swapped, same = chapman(second + both, first + both, both)
    assert (float(total), float(variance)) == (float(swapped), float(same))
    assert total >= first + second + both - 1e-9
    assert np.isfinite(variance)
    assert variance >= 0


@given(st.integers(0, 500), st.integers(0, 500), st.integers(2, 9))
def test_the_lower_bound_has_a_variance_and_an_interval_above_the_seen(
    once: int, twice: int, lists: int
) -> None:
    seen = once + twice + 3
    total, variance = chao_lower_bound(seen, once, twice, lists=lists)
    constants = {"value": total, "std_error": np.sqrt(variance), "seen": np.array([float(seen)])}
    lower, upper = dark_figure(constants, np.array([np.inf]), 0.95).ravel()
    assert variance >= 0
    assert seen <= lower <= total <= upper


def test_no_overlap_is_infinite_for_lincoln_petersen_and_finite_for_chapman() -> None:
    assert np.isinf(lincoln_petersen(10, 20, 0)).all()
    assert np.isfinite(chapman(10, 20, 0)).all()


@given(counts_of_three)
def test_frequencies_add_up(counts: list[int]) -> None:
    frequencies = capture_frequencies(all_histories(3), counts)
    assert frequencies.sum() == sum(counts)
    assert frequencies[2, 0] == counts[6]


def test_resamples_keep_the_number_of_persons_and_the_empty_cells() -> None:
    counts = np.array([50, 0, 20, 3, 0, 1, 0])
    resampled = bootstrap_counts(counts, 200, rng=3)
    assert resampled.shape == (7, 200)
    assert (resampled.sum(axis=0) == 74).all()
    assert (resampled[counts == 0] == 0).all()
    assert np.array_equal(resampled, bootstrap_counts(counts, 200, rng=np.random.default_rng(3)))
    # Multinomial mean and variance within 5 Monte Carlo standard errors of 200 draws.
    assert abs(resampled[0].mean() - 50) < 5 * np.sqrt(50 * 24 / 74 / 200)


# Refusals


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([(0, 1, 2)], r"hierarchical: \(0, 1, 2\) is in, but 3 of the terms inside it are not"),
        ([(0, 1), (1, 0)], r"terms must differ: 1 of 2 are repeated \(first: \(0, 1\)\)"),
        ([(0, 3)], r"terms must join two or more of the lists 0 to 2: 1 of 1 do not"),
        ([(1,)], "Main effects are always in"),
    ],
)
def test_terms_that_are_refused(terms: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loglinear_fit(all_histories(3), np.ones(7), terms)


def test_tables_that_are_refused() -> None:
    histories = all_histories(3)
    with pytest.raises(ValueError, match="counts must be non-negative numbers: 1 of 7"):
        loglinear_fit(histories, [1, 2, -3, 1, 1, 1, 1])
    with pytest.raises(ValueError, match="each of the 7 capture histories of 3 lists once: got 6"):
        loglinear_fit(histories[:6], np.ones(6))
    with pytest.raises(ValueError, match="one row a history: got 6 for 7"):
        loglinear_fit(histories, np.ones(6))
    with pytest.raises(ValueError, match="at least one capture: 1 of 2 rows have none"):
        complete_table([[0, 0], [1, 0]], [3, 4])
    with pytest.raises(ValueError, match="0 and 1 only: 1 of 1 rows"):
        complete_table([[2, 0]], [3])
    with pytest.raises(ValueError, match="threshold must lie between 0 and 1"):
        stepwise_fit(histories, np.ones(7), threshold=2)
    terms = [*combinations(range(3), 2), (0, 1, 2)]
    included = np.array([[1, 1], [1, 1], [1, 0], [1, 1]], dtype=bool)
    with pytest.raises(ValueError, match="included must be hierarchical: 1 of 2 columns"):
        loglinear_fit(histories, np.ones(7), terms, included=included)
    with pytest.raises(ValueError, match="m must lie between 0 and the smaller list: 1 of 2"):
        chapman([10, 10], [5, 5], [3, 6])
    with pytest.raises(ValueError, match="whole numbers: 1 of 2"):
        bootstrap_counts([1.5, 2], 3, rng=1)
