"""Tables of lists: merging, renaming, ordering, repeating and splitting what is the same people."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
NAMES = ("police", "home", "clinic", "school")
COUNTS = st.lists(st.integers(1, 60), min_size=7, max_size=7)
PERMUTATIONS = st.permutations(range(3))
pytestmark = [
    pytest.mark.filterwarnings("ignore:.* rows repeat a history"),
    pytest.mark.filterwarnings("ignore:only .* persons are on two lists"),
    pytest.mark.filterwarnings("ignore:all .* persons of . are on . too"),
]


def histories(lists: int) -> Array:
    return np.array([h for h in product((0, 1), repeat=lists) if any(h)])


def made(counts: Any, lists: int = 3, names: tuple[str, ...] = NAMES) -> pv.Lists:
    return pv.Lists.from_counts(histories(lists), counts, list(names[:lists]))


def table(lists: pv.Lists) -> dict[frozenset[str], float]:
    """Return the persons of each set of lists, by names."""
    return {
        frozenset(n for n, on in zip(lists.names, h, strict=True) if on): float(c)
        for h, c in zip(lists.histories, lists.counts, strict=True)
    }


@given(COUNTS, PERMUTATIONS, st.permutations(range(7)))
def test_the_order_of_lists_and_of_rows_is_no_part_of_the_table(
    counts: list[int], order: list[int], rows: list[int]
) -> None:
    base, h = made(counts), histories(3)
    turned = pv.Lists.from_counts(
        h[rows][:, order], np.array(counts)[rows], [NAMES[j] for j in order]
    )
    assert table(turned) == table(base)
    assert turned.seen == base.seen == sum(counts)
    assert turned.sizes == {NAMES[j]: base.sizes[NAMES[j]] for j in order}
    assert turned.overlap == base.overlap


@given(COUNTS, st.integers(1, 6))
def test_rows_that_repeat_a_history_are_one_cell(counts: list[int], parts: int) -> None:
    h = np.repeat(histories(3), parts, axis=0)
    shares = np.zeros(h.shape[0])
    shares[::parts] = counts
    shares[parts - 1 :: parts] += np.array(counts)
    assert table(pv.Lists.from_counts(h, shares, list(NAMES[:3]))) == {
        k: 2.0 * v for k, v in table(made(counts)).items()
    }


@given(COUNTS)
def test_persons_and_their_counts_are_the_same_lists(counts: list[int]) -> None:
    rows = np.repeat(histories(3), counts, axis=0)
    persons = pv.Lists({n: rows[:, j] for j, n in enumerate(NAMES[:3])}, list(NAMES[:3]))
    assert table(persons) == table(made(counts))
    np.testing.assert_array_equal(persons.histories, made(counts).histories)


@given(st.lists(st.integers(0, 30), min_size=15, max_size=15), st.permutations(range(4)))
def test_merging_keeps_everyone_and_does_not_depend_on_the_way(
    counts: list[int], order: list[int]
) -> None:
    counts[14] += 1
    lists = made(counts, 4)
    a, b, c, d = (NAMES[j] for j in order)
    once = lists.merge([a, b, c], name="together")
    twice = lists.merge([a, b], name="two").merge(["two", c], name="together")
    assert table(once) == table(twice)
    assert once.seen == lists.seen
    assert once.sizes[d] == lists.sizes[d]
    union = sum(v for k, v in table(lists).items() if k & {a, b, c})
    assert once.sizes["together"] == union
    assert once.overlap <= lists.overlap


@given(st.lists(st.integers(1, 30), min_size=15, max_size=15), st.sampled_from(NAMES))
def test_leaving_a_list_out_adds_its_cells_to_those_without_it(
    counts: list[int], gone: str
) -> None:
    lists = made(counts, 4)
    rest = lists.without(gone)
    wanted: dict[frozenset[str], float] = {}
    for names, number in table(lists).items():
        if names != {gone}:
            wanted[names - {gone}] = wanted.get(names - {gone}, 0.0) + number
    assert table(rest) == wanted
    assert rest.seen == lists.seen - table(lists)[frozenset({gone})]
    assert {n: rest.sizes[n] for n in rest.names} == {
        n: s for n, s in lists.sizes.items() if n != gone
    }


@given(COUNTS, COUNTS)
def test_strata_add_up_and_are_the_lists_of_their_persons(
    girls: list[int], boys: list[int]
) -> None:
    h = histories(3)
    data: dict[str, Any] = {n: np.tile(h[:, j], 2) for j, n in enumerate(NAMES[:3])}
    data["sex"] = np.repeat(["girl", "boy"], 7)
    data["persons"] = np.array([*girls, *boys])
    lists = pv.Lists(data, list(NAMES[:3]), counts="persons", strata="sex")
    assert table(lists) == table(made(np.add(girls, boys)))
    assert table(lists.in_stratum("girl")) == table(made(girls))
    assert table(lists.in_stratum("boy")) == table(made(boys))
    np.testing.assert_array_equal(lists.stratum_counts().sum(axis=1), lists.counts)


@given(st.tuples(*[st.integers(1, 300)] * 3))
def test_two_lists_are_symmetric_and_as_their_formulas_say(cells: tuple[int, int, int]) -> None:
    only_b, only_a, both = cells
    lists = pv.Lists.from_counts([[0, 1], [1, 0], [1, 1]], cells, ["a", "b"])
    turned = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], cells, ["b", "a"])
    n, m = only_a + both, only_b + both
    for function, wanted in (
        (pv.mse.chapman, (n + 1) * (m + 1) / (both + 1) - 1),
        (pv.mse.lincoln_petersen, n * m / both),
    ):
        one = function(lists, between=("a", "b"))
        for other in (function(turned, between=("b", "a")), function(lists, between=("b", "a"))):
            np.testing.assert_allclose(other.value, one.value, rtol=1e-12)
            np.testing.assert_allclose(other.std_error, one.std_error, rtol=1e-12)
            np.testing.assert_allclose(other.interval(), one.interval(), rtol=1e-9)
        assert one.value[0] == pytest.approx(wanted, rel=1e-12)
        assert one.value[0] >= lists.seen - 1e-9


@given(st.lists(st.integers(20, 90), min_size=7, max_size=7), st.integers(2, 9))
def test_as_many_times_everyone_is_as_many_times_the_total(counts: list[int], times: int) -> None:
    one = pv.mse.loglinear(made(counts), pairs=[])
    many = pv.mse.loglinear(made(np.array(counts) * times), pairs=[])
    assert many.value[0] == pytest.approx(times * one.value[0], rel=1e-7)
    # Poisson: the variance grows as the counts do.
    assert many.std_error[0] == pytest.approx(np.sqrt(times) * one.std_error[0], rel=1e-5)


@given(COUNTS, st.integers(0, 99))
def test_resamples_keep_the_number_of_persons(counts: list[int], seed: int) -> None:
    lists = made(counts).bootstrap(20, rng=seed)
    again = made(counts).bootstrap(20, rng=seed)
    assert lists.pattern_draws is not None
    assert again.pattern_draws is not None
    np.testing.assert_array_equal(lists.pattern_draws, again.pattern_draws)
    np.testing.assert_array_equal(lists.pattern_draws.sum(axis=0), sum(counts))
    assert (lists.pattern_draws >= 0).all()
