"""Sums by domain, unit and cell, by every path they can take, against loops over rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.chain import _cross, _direct, _unit_sums
from prevalence.engine import RowSums
from prevalence.replication import rank
from prevalence.weighting.steps import Adjoint, cell_sums

Array = NDArray[Any]
ROWS = 40
MANY = 2_000_000  # units: pairs of them and domains are then found among the rows


def sums(path: str, domains: int, rng: np.random.Generator) -> tuple[RowSums, Array, Array, Array]:
    """Return sums with their units, domains and rows that take part, laid out for one path."""
    count = MANY if path == "sparse" else 7
    unit = rng.integers(0, count, ROWS)
    domain = rng.integers(-1, domains, ROWS) if domains > 1 else np.zeros(ROWS, dtype=int)
    use = rng.random(ROWS) < 0.8
    if path == "sorted":
        order = np.lexsort((unit, domain))
        unit, domain = unit[order], domain[order]
    made = RowSums(unit, count, domain if domains > 1 else None, domains, use)
    return made, unit, domain, use & (domain >= 0)


def by_loop(unit: Array, domain: Array, use: Array, v: Array) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], float] = {}
    for i in np.flatnonzero(use):
        key = int(domain[i]), int(unit[i])
        found[key] = found.get(key, 0.0) + float(v[i])
    return found


@pytest.mark.parametrize("path", ["sorted", "table", "sparse"])
@pytest.mark.parametrize("domains", [1, 3])
def test_sums_are_those_of_loops(path: str, domains: int) -> None:
    rng = np.random.default_rng(domains)
    made, unit, domain, use = sums(path, domains, rng)
    values = rng.normal(size=(2, ROWS))
    taken = [made.by_pair(made.take(v)) for v in values]
    for v, pairs in zip(values, taken, strict=True):
        wanted = by_loop(unit, domain, use, v)
        found = {
            (int(d), int(u)): x
            for d, u, x in zip(made.pair_domain, made.pair_unit, pairs, strict=True)
        }
        assert {key for key, x in found.items() if x} == set(wanted)
        for key, x in wanted.items():
            assert found[key] == pytest.approx(x, rel=1e-12)
    ones = made.by_pair(made.take(np.ones(ROWS)))
    assert np.array_equal(made.counts, ones)
    totals = made.by_domain(np.stack(taken))
    wide = np.array([[v[use & (domain == d)].sum() for d in range(domains)] for v in values])
    assert totals == pytest.approx(wide, rel=1e-12)
    assert made.by_domain(taken[0]) == pytest.approx(wide[0], rel=1e-12)
    assert made.size == made.pair_unit.size == made.first[-1]
    cell = rng.integers(0, 4, ROWS)
    table = made.cells_by_domain(made.take(cell), 5, made.take(values[0]))
    by_cell = [
        [values[0][use & (domain == d) & (cell == c)].sum() for d in range(domains)]
        for c in range(5)
    ]
    assert table == pytest.approx(np.array(by_cell), rel=1e-12)


def test_a_domain_without_rows_has_sums_of_zero() -> None:
    made = RowSums(np.array([0, 1, 1]), 2, np.array([0, 2, 2]), 4, np.ones(3, dtype=bool))
    found = made.by_domain(made.by_pair(np.array([1.0, 2.0, 4.0])))
    assert found.tolist() == [1.0, 0.0, 6.0, 0.0]


@pytest.mark.parametrize("columns", [0, 1, 4, 5])
def test_cells_without_rows_have_their_place(columns: int) -> None:
    cell = np.array([2, 0, 2, 1])
    w = np.arange(4.0)[:, None] + np.arange(max(columns, 1))
    wanted = np.array([[w[cell == c, k].sum() for k in range(w.shape[1])] for c in range(5)])
    found = cell_sums(cell, 5, w if columns else w[:, 0])
    assert found.tolist() == (wanted if columns else wanted[:, 0]).tolist()


@pytest.mark.parametrize(
    ("cells", "q", "filled"),
    [(6, 9, 1), (6, 9, 3), (6, 3, 2), (ROWS, 3, 3)],
    ids=["categories", "three columns a cell", "cells", "rows"],
)
def test_columns_of_a_step_are_summed_by_unit(cells: int, q: int, filled: int) -> None:
    rng = np.random.default_rng(5)
    matrix = np.zeros((cells, q))
    for row in matrix:
        row[rng.choice(q, filled, replace=False)] = rng.normal(size=filled)
    cell = np.arange(ROWS) if cells == ROWS else rng.integers(0, cells, ROWS)
    unit, v = rng.integers(0, 7, ROWS), rng.normal(size=ROWS)
    none = np.ones(ROWS)
    adjoint = Adjoint(none, none, none, cell, matrix, np.eye(q))
    wanted = np.zeros((q, 8))
    for i in range(ROWS):
        wanted[:, unit[i]] += v[i] * matrix[cell[i]]
    assert _unit_sums(v, adjoint, unit, 8) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("sizes", [(3, 4), (ROWS, 3), (3, ROWS), (ROWS, ROWS)])
def test_products_of_two_steps_are_sums_over_rows(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(6)
    none, v = np.ones(ROWS), rng.normal(size=ROWS)
    made = []
    for cells, q in zip(sizes, (2, 3), strict=True):
        cell = np.arange(ROWS) if cells == ROWS else rng.integers(0, cells, ROWS)
        matrix = rng.normal(size=(cells, q))
        made.append(Adjoint(none, none, none, cell, matrix, np.eye(q)))
    first, second = (one.matrix[one.cell] for one in made)
    wanted = sum(v[i] * np.outer(first[i], second[i]) for i in range(ROWS))
    found = _cross(made[0], v, made[1])  # type: ignore[arg-type]  # of the term only these are read
    assert found == pytest.approx(wanted, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize(
    ("path", "domains", "k"), [("table", 1, 2), ("table", 3, 2), ("sorted", 3, 1), ("sparse", 3, 2)]
)
def test_influence_is_the_gradient_times_the_sums_of_every_unit(
    path: str, domains: int, k: int
) -> None:
    rng = np.random.default_rng(7)
    made, unit, domain, use = sums(path, domains, rng)
    values = rng.normal(size=(3, ROWS))
    gradient = rng.normal(size=(k, domains, 3))
    stored = [
        np.stack([made.by_pair(made.take(v)) for v in part]) for part in np.split(values, [2])
    ]
    found = _direct(gradient, stored, made)
    dense = found if isinstance(found, np.ndarray) else None
    assert found.shape == (k * domains, made.n_units)
    wanted: dict[tuple[int, int], float] = {}
    for i in np.flatnonzero(use):
        for j in range(k):
            key = j * domains + int(domain[i]), int(unit[i])
            wanted[key] = wanted.get(key, 0.0) + float(gradient[j, domain[i]] @ values[:, i])
    assert (dense is None) == (path == "sparse")
    for key, x in wanted.items():
        assert found[key] == pytest.approx(x, rel=1e-11, abs=1e-13)
    assert (found != 0).sum() == len(wanted)


def test_rank_does_not_depend_on_the_scale_of_columns() -> None:
    rng = np.random.default_rng(8)
    table = rng.normal(size=(30, 4))
    table = np.c_[table, table[:, 0] + table[:, 1]]
    rows = np.arange(30)
    assert rank(table, rows) == 4
    assert rank(table * [1e-9, 1.0, 1e6, 1.0, 1.0], rows) == 4
    assert rank(table[:, :4] * [1e-9, 1.0, 1e6, 1e3], rows) == 4
    assert rank(table, rows[:2]) == 2
    assert rank(table, rows[:0]) == 0


def test_rank_is_of_all_rows_where_they_are_read_in_parts() -> None:
    table = np.random.default_rng(9).normal(size=(20_000, 6))
    table[:, 4:] = 0.0
    table[0, 4] = table[-1, 5] = 1.0  # a column of the first part alone, and one of the last
    rows = np.arange(20_000)
    assert rank(table, rows) == 6 == np.linalg.matrix_rank(table)
    assert rank(table, rows[1:]) == 5
    assert rank(table, rows[1:-1]) == 4
    alike = np.repeat(table[:3, :4], 5_000, axis=0)
    assert rank(alike, np.arange(15_000)) == 3


# Weights with a step


def data() -> dict[str, Array]:
    rng = np.random.default_rng(9)
    return {
        "w": rng.uniform(1, 3, ROWS),
        "y": rng.poisson(3, ROWS) + 1.0,
        "psu": np.arange(ROWS) // 4,
    }


def survey(scale: float = 1.0) -> pv.Survey:
    made = data()
    return pv.Survey({**made, "w": made["w"] * scale}, weights="w", psu="psu")


def test_totals_may_be_changed_in_place() -> None:
    y = data()["y"]

    def plain(w: pv.Weights) -> Array:
        return np.asarray(np.log((y @ w) * 2 + 1) / (np.ones(ROWS) @ w))

    def in_place(w: pv.Weights) -> Array:
        total = y @ w
        total *= 2
        np.add(total, 1, out=total)
        return np.asarray(np.log(total) / (np.ones(ROWS) @ w))

    one, other = (survey().estimate(theta) for theta in (plain, in_place))
    assert other.value[0] == one.value[0]
    assert other.std_error[0] == pytest.approx(one.std_error[0], rel=1e-14)


@pytest.mark.parametrize("scale", [1e-200, 1e-60, 1e-6, 1e60])
def test_a_ratio_has_the_same_standard_error_whatever_the_size_of_weights(scale: float) -> None:
    """The step is relative to a total, however small."""
    y = data()["y"]

    def ratio(w: pv.Weights) -> Array:
        return np.asarray((y @ w) / (np.ones(ROWS) @ w))

    wanted, found = survey().estimate(ratio), survey(scale).estimate(ratio)
    assert found.value[0] == pytest.approx(wanted.value[0], rel=1e-13)
    assert found.std_error[0] == pytest.approx(wanted.std_error[0], rel=1e-11)
