"""The choice among hierarchical models equals that of fitting all of them, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.choice import selection
from prevalence.mse.choice.downhill import descend
from prevalence.mse.choice.hierarchies import (
    brackets,
    degree_two,
    generators,
    hierarchical_models,
    interactions,
    neighbours,
    ranking,
)
from prevalence.mse.choice.selection import Candidates, cheapest
from prevalence.mse.histories import all_histories, bootstrap_counts, complete_table
from prevalence.mse.loglinear import loglinear_fit
from prevalence.mse.model import build_model
from tests.naive import mse_selection as naive

Array = NDArray[Any]
# Two converged fits of one model: Newton's last step leaves 1e-14 in the log means.
CONVERGED = 1e-8
# Three and four lists with overlaps of every kind, empty ones too.
THREE = [60.0, 74, 48, 21, 9, 12, 4]
SPARSE = [40.0, 35, 28, 0, 6, 3, 0]
FOUR = [60.0, 74, 48, 55, 12, 9, 4, 0, 12, 7, 3, 1, 2, 0, 1]


def as_terms(terms: tuple[frozenset[int], ...], model: Array) -> naive.Terms:
    return tuple(tuple(sorted(t)) for t, use in zip(terms, model, strict=True) if use)


def everything(lists: int, order: int) -> tuple[tuple[frozenset[int], ...], Array]:
    terms = interactions(lists, order)
    included = hierarchical_models(terms)
    assert included is not None
    return terms, included


def competing(counts: Array, order: int) -> tuple[Candidates, Array, tuple[frozenset[int], ...]]:
    """Return models in the order of their BIC on the table, and their BIC."""
    lists = int(np.log2(len(counts) + 1))
    terms, included = everything(lists, order)
    fit = loglinear_fit(all_histories(lists), counts, terms, included=included)
    rows = ranking(fit.bic, fit.code)
    model = build_model(all_histories(lists), terms)
    return Candidates.warm(model, included[:, rows], counts), fit.bic[rows], terms


@pytest.mark.parametrize(
    ("lists", "order", "number"),
    [(2, 2, 1), (3, 2, 8), (3, 3, 8), (4, 2, 64), (4, 3, 113), (5, 2, 1024), (5, 4, 6893)],
)
def test_number_of_models_with_all_main_effects(lists: int, order: int, number: int) -> None:
    assert everything(lists, order)[1].shape[1] == number


def test_six_lists_have_as_many_models_of_pairs_as_sets_of_pairs_and_too_many_beyond() -> None:
    assert everything(6, 2)[1].shape[1] == 2**15
    assert hierarchical_models(interactions(6, 3)) is None
    assert hierarchical_models(interactions(7, 2)) is None


@pytest.mark.parametrize(("lists", "order"), [(3, 2), (4, 2), (4, 3)])
def test_models_and_generators_are_those_of_all_subsets(lists: int, order: int) -> None:
    terms, included = everything(lists, order)
    found = [as_terms(terms, column) for column in included.T]
    assert len(set(found)) == len(found)
    assert set(found) == set(naive.models(lists, order))
    for column, members in zip(included.T, found, strict=True):
        largest = {tuple(sorted(t)) for t in generators(terms, column, lists)}
        assert largest == set(naive.generators(lists, members))


def test_neighbours_differ_by_one_term_and_are_mutual() -> None:
    terms, included = everything(4, 3)
    beside = neighbours(terms, included)
    position = {as_terms(terms, column): k for k, column in enumerate(included.T)}
    for k, column in enumerate(included.T):
        near = {position[other] for other in naive.beside(4, 3, as_terms(terms, column))}
        assert near == set(beside[beside[:, k] >= 0, k])
        assert all(k in beside[:, other] for other in near)


def test_degree_two_order() -> None:
    counts = np.array(FOUR)
    terms, included = everything(4, 3)
    fit = loglinear_fit(all_histories(4), counts, terms, included=included)
    ranked = ranking(fit.bic, fit.code)
    assert 0 < ranked.size < included.shape[1]  # some have no estimate
    found = [
        as_terms(terms, included[:, k]) for k in degree_two(ranked, neighbours(terms, included))
    ]
    slow = naive.degree_two(4, 3, [as_terms(terms, included[:, k]) for k in ranked])
    assert found == slow


def test_brackets_name_lone_lists_too() -> None:
    terms = interactions(4, 3)
    model = np.isin(
        np.arange(len(terms)), [0, 1, 3, 6]
    )  # pairs of the first three, and their triple
    assert brackets(terms, model, ["A", "B", "C", "D"]) == "[A,B,C][D]"


@given(seed=st.integers(0, 10_000), table=st.sampled_from([THREE, SPARSE]))
@settings(max_examples=3, deadline=None)
def test_choice_equals_that_of_all_fits(seed: int, table: list[float]) -> None:
    candidates, _, terms = competing(np.array(table), 2)
    draws = bootstrap_counts(table, 3, seed)
    penalty = np.log(draws.sum(axis=0))
    winners = cheapest(candidates, draws, penalty)
    every = [as_terms(terms, column) for column in candidates.included.T]
    for b in range(3):
        column = draws[:, b]
        slow = [naive.criterion(all_histories(3), column, terms, penalty[b]) for terms in every]
        for ntop in (1, 2, 5, len(every)):
            place, size = naive.best(slow[:ntop])
            rank, total = winners.best(ntop)
            assert rank[b] == place
            assert total[b] == pytest.approx(size, rel=CONVERGED, nan_ok=True)


def test_bounds_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 113 models few are fitted to a resample; with bounds switched off all are."""
    candidates, _, _ = competing(np.array(FOUR) * 4 + 1, 3)
    draws = bootstrap_counts(np.array(FOUR) * 4 + 1, 6, 3)
    penalty = np.log(draws.sum(axis=0))
    fitted: list[int] = []
    plain = selection.fit_pairs

    def counted(c: Candidates, n: Array, which: Array, table: Array, **how: bool) -> Any:
        fitted.append(which.size)
        return plain(c, n, which, table, **how)

    monkeypatch.setattr(selection, "fit_pairs", counted)
    quick = cheapest(candidates, draws, penalty)
    few = sum(fitted)
    fitted.clear()
    monkeypatch.setattr(selection, "SLACK", np.inf)
    slow = cheapest(candidates, draws, penalty)
    assert few < 0.9 * sum(fitted)
    for ntop in (1, 2, 5, 20, 60, None):
        np.testing.assert_array_equal(quick.best(ntop)[0], slow.best(ntop)[0])
        np.testing.assert_allclose(quick.best(ntop)[1], slow.best(ntop)[1], rtol=CONVERGED)


def test_best_of_the_first_few_is_a_running_minimum() -> None:
    candidates, bic, _ = competing(np.array(THREE), 2)
    winners = cheapest(candidates, np.array(THREE)[:, None], np.log([sum(THREE)]))
    assert [int(winners.best(k)[0][0]) for k in range(1, 9)] == [0] * 8
    backwards = Candidates(
        candidates.model, candidates.included[:, ::-1], candidates.start[:, ::-1]
    )
    winners = cheapest(backwards, np.array(THREE)[:, None], np.log([sum(THREE)]))
    running = [int(np.argmin(bic[::-1][:k])) for k in range(1, 9)]
    assert [int(winners.best(k)[0][0]) for k in range(1, 9)] == running == list(range(8))


def test_equal_tables_are_fitted_once_and_give_the_same_choice() -> None:
    candidates, _, _ = competing(np.array(THREE), 2)
    draws = bootstrap_counts(THREE, 4, 1)
    twice = np.concatenate([draws, draws[:, ::-1]], axis=1)
    rank, total = cheapest(candidates, twice, np.log(twice.sum(axis=0))).best()
    np.testing.assert_array_equal(rank[:4], rank[4:][::-1])
    np.testing.assert_array_equal(total[:4], total[4:][::-1])


@pytest.mark.parametrize(("table", "order"), [(THREE, 2), (SPARSE, 2), (FOUR, 2), (FOUR, 3)])
def test_downhill_search(table: list[float], order: int) -> None:
    counts = np.array(table)
    lists = int(np.log2(counts.size + 1))
    terms = interactions(lists, order)
    model = build_model(all_histories(lists), terms)
    both = np.stack([counts, counts * 3], axis=1)
    found = descend(model, terms, both, np.log(both.sum(axis=0)))
    for b in range(2):
        slow, total = naive.downhill(all_histories(lists), both[:, b], order)
        assert as_terms(terms, found.included[:, b]) == slow
        assert found.total[b] == pytest.approx(total, rel=CONVERGED)


def test_penalty_by_cells_chooses_larger_models_and_aic_the_largest() -> None:
    lists = pv.Lists.from_counts(all_histories(4), np.array(FOUR) * 5 + 2)
    sizes = [
        int(table.parameters[0])
        for table in (
            pv.mse.models(lists),
            pv.mse.models(lists, penalty="cells"),
            pv.mse.models(lists, criterion="aic"),
        )
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    by_cells = pv.mse.models(lists, penalty="cells")
    by_persons = pv.mse.models(lists)
    shift = by_cells.parameters * (np.log(15) - np.log(lists.seen))
    order = np.argsort(by_persons.total)
    other = np.argsort(by_cells.total)
    np.testing.assert_allclose(
        by_cells.value[other] - shift[other], by_persons.value[order], rtol=1e-12
    )


def test_table_counts_what_has_no_estimate_and_what_is_at_the_boundary() -> None:
    lists = pv.Lists.from_counts(all_histories(3), [12.0, 9, 7, 0, 0, 5, 0], ["A", "B", "C"])
    table = pv.mse.models(lists)
    frame = table.to_frame()
    assert table.excluded == int((frame["code"] > 0).sum()) > 0
    assert frame["estimate"].isna().sum() == table.excluded
    assert frame["weight"].sum() == pytest.approx(1)
    empty = {"A,B": 1, "A,C": 1}
    for name, boundary in zip(frame["model"], frame["boundary"], strict=True):
        assert boundary == sum(pair in name for pair in empty)
    assert table.range() == pytest.approx(
        (
            frame["estimate"][frame["difference"] <= 6].min(),
            frame["estimate"][frame["difference"] <= 6].max(),
        )
    )
    assert "models have an estimate" in repr(table)


def test_more_lists_than_can_be_enumerated_go_downhill() -> None:
    rng = np.random.default_rng(5)
    rows = rng.random((500, 7)) < 0.15
    rows = rows[rows.any(axis=1)]
    histories, counts = complete_table(rows, np.ones(len(rows)))
    lists = pv.Lists.from_counts(histories, counts[:, 0])
    found = pv.mse.select(lists, replicates=0)
    assert found.provenance["models"].startswith("downhill search")
    low, high = found.provenance["range"]
    assert low <= found.value[0] <= high
    assert found.std_error[0] > 0


def test_interval_with_all_models_is_that_of_select() -> None:
    lists = pv.Lists.from_counts(all_histories(4), np.array(FOUR) * 5 + 2)
    one = pv.mse.select(lists, interval="percentile", replicates=200, rng=3)
    table = pv.mse.vary_ntop(lists, interval="percentile", replicates=200, rng=3)
    assert table.ntop == (1, 5, 10, 20, 50, 64)
    np.testing.assert_allclose(table.limits[-1, 1], one.interval(0.95)[0], rtol=CONVERGED)
    assert table.share[-1] == 1
    assert (np.diff(table.share) >= 0).all()
    five = pv.mse.select(lists, ntop=5, interval="percentile", replicates=200, rng=3)
    np.testing.assert_allclose(table.limits[1, 1], five.interval(0.95)[0], rtol=CONVERGED)
    wide = table.to_frame().query("ntop == 64 and level == 0.95").iloc[0]
    assert wide["conf_low"] == pytest.approx(table.limits[-1, 1, 0])
    assert "all 64 models" in repr(table)
