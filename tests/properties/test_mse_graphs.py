"""Decomposable graphs against their definition, sums over whole numbers against all of them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import gammaln

import prevalence as pv
from prevalence.mse.graphs.averaging import graph_posterior
from prevalence.mse.graphs.chordal import chordal_graphs
from prevalence.mse.graphs.hyper_dirichlet import graph_likelihood, log_gamma_ratio
from prevalence.mse.graphs.lattice import lattice
from prevalence.mse.histories import all_histories, list_pairs
from tests.naive import mse_graphs as naive

Array = NDArray[Any]
NUMBERS = [2, 8, 61, 822, 18154]


def tables(lists: int, most: int = 40) -> st.SearchStrategy[list[int]]:
    """Counts of all histories, with someone on every list and on two."""
    cells = 2**lists - 1
    return st.lists(st.integers(0, most), min_size=cells, max_size=cells).map(
        lambda counts: [c + (i < lists or i == cells - 1) for i, c in enumerate(counts)]
    )


@pytest.mark.parametrize("lists", [2, 3, 4, 5])
def test_graphs_are_those_without_a_chordless_cycle(lists: int) -> None:
    pairs, found = list_pairs(lists), chordal_graphs(lists)
    slow = naive.chordal_graphs(lists)
    assert len(slow) == NUMBERS[lists - 2]
    ours = [frozenset(p for p, on in zip(pairs, row, strict=True) if on) for row in found.edges]
    assert ours == slow
    for row in range(0, len(slow), 1 if lists < 5 else 20):
        cliques = naive.cliques(lists, slow[row])
        assert set(found.cliques(row)) == {tuple(sorted(c)) for c in cliques}
        sign = np.zeros(1 << lists, dtype=int)
        for members in cliques:
            sign[sum(1 << i for i in members)] += 1
        for members in naive.separators(cliques):
            sign[sum(1 << i for i in members)] -= 1
        np.testing.assert_array_equal(found.sign[row], sign[1:])


def test_six_lists_have_18154_graphs() -> None:
    assert len(chordal_graphs(6).edges) == NUMBERS[-1]


@pytest.mark.parametrize(("lists", "persons"), [(2, 4), (3, 2)])
@pytest.mark.parametrize("delta", [0.125, 1.0])
def test_tables_of_a_given_size_have_probability_one(
    lists: int, persons: int, delta: float
) -> None:
    graphs, histories = chordal_graphs(lists), all_histories(lists)
    total = np.zeros(len(graphs.edges))
    for counts in product(range(persons + 1), repeat=len(histories)):
        unseen = persons - sum(counts)
        if unseen >= 0:
            table = np.array(counts, dtype=float)
            density = graph_likelihood(graphs, histories, table, delta, "uniform")
            log_seen = gammaln(table + 1).sum()
            total += np.exp(density(np.array([float(unseen)]))[:, 0] - log_seen)
    # What the density leaves out of the counts of the seen is put back above.
    np.testing.assert_allclose(total, 1, rtol=1e-12)


@given(x=st.floats(1, 1e3), above=st.floats(0.01, 1e4), below=st.floats(0.01, 1e4))
def test_ratio_of_gamma_functions(x: float, above: float, below: float) -> None:
    found = log_gamma_ratio(np.array([x]), np.array(above), np.array(below))
    wanted = gammaln(x + above) - gammaln(x + below)
    # gammaln rounds at the size of its value, which is below 1e5 here.
    assert found[0] == pytest.approx(wanted, rel=1e-13, abs=1e-10)


def test_ratio_of_gamma_functions_far_out() -> None:
    # With b > c, Gamma(x + b) / Gamma(x + c) is x**(b - c) (1 + O(1 / x)).
    x = np.array([1e12, 1e100, 1e250])
    found = log_gamma_ratio(x, np.array(7.5), np.array(2.25))
    np.testing.assert_allclose(found, 5.25 * np.log(x), rtol=1e-12)


@settings(max_examples=5)
@given(counts=tables(3), prior=st.sampled_from(["1/N", "1/missing", "uniform"]))
def test_posteriors_are_those_number_by_number(counts: list[int], prior: str) -> None:
    histories, largest = all_histories(3), 150
    lists = pv.Lists.from_counts(histories, counts)
    found = graph_posterior(lists, prior=prior, largest=largest, delta=0.3)
    _, slow = naive.posterior(histories, np.array(counts, dtype=float), 0.3, largest, prior)
    np.testing.assert_allclose(found.weights, slow.sum(axis=1), rtol=1e-9, atol=1e-17)
    numbers = slow.sum(axis=0)
    assert found.mean == pytest.approx(lists.seen + numbers @ np.arange(1, largest + 1), rel=1e-10)
    for level in (0.1, 0.5, 0.9):
        position = found.quantile(level) - lists.seen
        below, upto = numbers[: int(position) - 1].sum(), numbers[: int(position)].sum()
        assert below <= level + 1e-10
        assert upto >= level - 1e-10


@settings(max_examples=12)
@given(
    counts=tables(4, 3000),
    delta=st.sampled_from([1 / 64, 1 / 16, 0.5]),
    largest=st.integers(100, 30_000),
)
def test_panels_agree_with_every_number(counts: list[int], delta: float, largest: int) -> None:
    table = np.array(counts, dtype=float)
    density = graph_likelihood(chordal_graphs(4), all_histories(4), table, delta, "1/N")
    found = lattice(
        density, density.tail, first=1.0, last=largest, tolerance=1e-11 + 1e-14 * table.sum()
    )
    logs = density(np.arange(1.0, largest + 1))
    share = np.exp(logs - logs.max())
    numbers = share.sum(axis=0) / share.sum()
    weights = share.sum(axis=1) / share.sum()
    # Rounding of logs of size n log N, up to 4e5 here.
    np.testing.assert_allclose(found.row_weights, weights, rtol=1e-8, atol=1e-17)
    assert found.moment(lambda x: x) == pytest.approx(
        numbers @ np.arange(1.0, largest + 1), rel=1e-9
    )
    cumulative = np.cumsum(numbers)
    for level in (0.025, 0.5, 0.975):
        at = int(found.quantile(np.array([level]))[0])
        assert cumulative[at - 1] >= level - 1e-9
        assert at == 1 or cumulative[at - 2] <= level + 1e-9


def test_a_slow_tail_is_followed_to_its_end() -> None:
    # Number**-1.25 from 1 on: the sum is Riemann's zeta function at 1.25, and P(X > k) is near
    # 4 k**-0.25 / zeta.
    def density(numbers: Array, rows: Any) -> Array:
        logs: Array = -1.25 * np.log(numbers)[None, :][rows]
        return logs

    found = lattice(density, np.array([1.25]), first=1.0, last=None, tolerance=1e-11)
    zeta = 4.595111825  # Abramowitz and Stegun's series, to the digits given
    assert np.exp(found.log_total) == pytest.approx(zeta, rel=1e-9)
    far = found.quantile(np.array([0.999]))[0]
    assert far == pytest.approx((4 / zeta / 0.001) ** 4, rel=1e-6)


def test_names_and_order_of_lists_change_nothing() -> None:
    histories = all_histories(4)
    counts = np.array([90, 70, 60, 40, 9, 12, 3, 8, 4, 6, 2, 0, 1, 1, 1])
    one = graph_posterior(pv.Lists.from_counts(histories, counts, list("abcd")))
    order = [2, 0, 3, 1]
    two = graph_posterior(
        pv.Lists.from_counts(histories[:, order], counts, ["abcd"[i] for i in order])
    )
    assert one.interval() == two.interval()
    np.testing.assert_allclose(np.sort(one.weights), np.sort(two.weights), rtol=1e-9)
    pairs = {frozenset((a, b)): p for a, b, p in one.pairs.itertuples(index=False)}
    for a, b, p in two.pairs.itertuples(index=False):
        assert pairs[frozenset((a, b))] == pytest.approx(p, rel=1e-9)


def test_a_mean_that_does_not_exist_is_infinite() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10])
    found = graph_posterior(lists)
    assert found.tail == 1.75  # 2 - 2**-L: the saturated graph
    assert np.isinf([found.mean, found.std_error]).all()
    apart = graph_posterior(lists, saturated=False)
    assert apart.tail > 3
    assert np.isfinite([apart.mean, apart.std_error]).all()
    bounded = graph_posterior(lists, largest=10_000)
    assert bounded.median <= bounded.mean < 10_080


def test_the_prior_weight_is_said_to_decide_only_where_it_does() -> None:
    rng = np.random.default_rng(3)
    on = rng.random((6000, 4)) < [0.3, 0.2, 0.25, 0.2]
    many = {name: on[on.any(axis=1), j].astype(int) for j, name in enumerate("abcd")}
    rich = graph_posterior(pv.Lists(many, list("abcd")))
    assert not rich.delta_dominated
    assert "hardly matters" in rich.verdict
    assert len(rich.sweep) == 5
    assert rich.to_frame()["chosen"].sum() == 1
    # Two lists: the saturated graph keeps a share, and its tail ends where the prior ends it.
    poor = graph_posterior(pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10]))
    assert poor.delta_dominated
    assert poor.verdict.startswith("Delta-dominated posterior")
