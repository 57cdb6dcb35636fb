"""The algebra of estimates over any trees of operations, and over sources shared and apart."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
Numbers = Callable[[Array], Array]
half = settings(max_examples=settings().max_examples // 2)
VALUES = st.floats(0.5, 50)
SPREADS = st.floats(0.001, 0.05)  # relative: the slopes are those at the value
NAMES = "abc"


class Known:
    """Three independent quantities, and functions of them as estimates and as numbers."""

    def __init__(self, values: list[float], spreads: list[float]) -> None:
        self.value = np.array(values)
        self.error = self.value * np.array(spreads)
        self.parts = [
            pv.uncertain(v, std_error=s, name=name)
            for v, s, name in zip(self.value.tolist(), self.error.tolist(), NAMES, strict=True)
        ]

    def slopes(self, f: Numbers) -> Array:
        """Return derivatives by central differences, of functions that are smooth here."""
        step = 1e-5 * self.value
        moved = [(f(self.value + h) - f(self.value - h)) / (2 * s) for h, s in self._steps(step)]
        return np.array(moved)

    @staticmethod
    def _steps(step: Array) -> list[tuple[Array, float]]:
        return [(np.where(np.arange(3) == k, step, 0.0), float(s)) for k, s in enumerate(step)]


KNOWN = st.builds(
    Known,
    st.lists(VALUES, min_size=3, max_size=3),
    st.lists(SPREADS, min_size=3, max_size=3),
)
LEAVES = st.sampled_from("abc") | st.floats(0.5, 4).map(lambda x: f"{x:.3f}")
PAIRS = ["({} + {})", "({} * {})", "({} / {})"]
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(st.sampled_from(PAIRS), inner, inner).map(lambda t: t[0].format(t[1], t[2]))
        | inner.map(lambda x: f"np.sqrt({x})")
        | inner.map(lambda x: f"np.log(1 + {x})")
        | inner.map(lambda x: f"({x} ** 1.5)")
    ),
    max_leaves=6,
).filter(lambda text: any(name in text.replace("sqrt", "").replace("np.", "") for name in "bc"))


def calculated(tree: str, a: Any, b: Any, c: Any) -> Any:
    return eval(tree, {"np": np}, {"a": a, "b": b, "c": c})  # noqa: S307 - trees written above


def numbers(tree: str, values: Array) -> Array:
    return np.asarray(calculated(tree, *values), dtype=float)


@given(KNOWN, TREES)
def test_any_tree_of_operations_is_the_delta_method_of_its_function(
    known: Known, tree: str
) -> None:
    found = calculated(tree, *known.parts)
    slopes = known.slopes(partial(numbers, tree))
    assert found.value[0] == pytest.approx(float(calculated(tree, *known.value)), rel=1e-12)
    wanted = float(np.sqrt(((slopes * known.error) ** 2).sum()))
    # Central differences are exact to about 1e-9 of the value over the step, 1e-5.
    assert found.std_error[0] == pytest.approx(wanted, rel=1e-6, abs=1e-9 * abs(found.value[0]))


@half
@given(KNOWN, TREES, TREES)
def test_two_functions_of_the_same_quantities_have_their_covariance(
    known: Known, one: str, two: str
) -> None:
    f, g = (calculated(tree, *known.parts) for tree in (one, two))
    s, t = (known.slopes(partial(numbers, tree)) for tree in (one, two))
    between = float((s * t * known.error**2).sum())
    plane = f.std_error[0] ** 2 + g.std_error[0] ** 2
    assert (f + g).std_error[0] ** 2 == pytest.approx(plane + 2 * between, rel=1e-5, abs=1e-14)
    # c / c has a standard error of rounding alone, 1e-17: the square of some of those is no number.
    assert (f - g).std_error[0] ** 2 == pytest.approx(
        plane - 2 * between, rel=1e-5, abs=2e-5 * plane + 1e-32
    )


@half
@given(KNOWN, st.floats(0.2, 5), st.floats(-3, 3).filter(lambda x: abs(x) > 0.1))
def test_ways_of_writing_the_same_number_agree(known: Known, c: float, power: float) -> None:
    a, b, _ = known.parts
    same = [
        (a + b, b + a),
        (a * b, b * a),
        (a - b, -(b - a)),
        (a / b, a * (1 / b)),
        (c * a + c * b, c * (a + b)),
        (a * a, a**2),
        (a / c, a * (1 / c)),
        (c - a, -(a - c)),
        (c / a, c * a**-1.0),
        (a**power, np.exp(power * np.log(a))),
        (np.sqrt(a), a**0.5),
        (a * b, np.exp(np.log(a) + np.log(b))),
        (c**a, np.exp(a * np.log(c))),
    ]
    for one, two in same:
        np.testing.assert_allclose(one.value, two.value, rtol=1e-12)
        np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-9)


@half
@given(KNOWN)
def test_what_cancels_leaves_no_error_and_what_is_apart_adds(known: Known) -> None:
    a, b, _ = known.parts
    size = known.error[:2].max()
    assert (a - a).std_error[0] == 0
    assert (a / a).std_error[0] < 1e-14
    assert ((a + b) - b - a).std_error[0] < 1e-12 * size
    np.testing.assert_allclose(((a * b) / b).std_error, a.std_error, rtol=1e-9)
    other = pv.uncertain(float(a.value[0]), std_error=float(a.std_error[0]), name="another")
    np.testing.assert_allclose((a - other).std_error, np.sqrt(2) * a.std_error, rtol=1e-12)
    np.testing.assert_allclose(
        (a / other).std_error, np.sqrt(2) * a.std_error / a.value, rtol=1e-12
    )
    np.testing.assert_allclose((a + b).std_error, np.hypot(*known.error[:2]), rtol=1e-12)


def sampled(seed: int, rows: int = 45) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "w": rng.uniform(1, 4, rows),
        "psu": np.arange(rows) // 3,
        "d": rng.permutation(np.arange(rows) % 3),
        "y": rng.gamma(4, 2, rows),
        "x": rng.gamma(5, 1, rows),
    }


def means(made: pv.Survey, **how: Any) -> tuple[pv.Estimate, pv.Estimate]:
    y, x = (pv.direct.mean(made, name, **how).describe(outcome="") for name in ("y", "x"))
    return y, x


SEEDS = st.integers(0, 2**32 - 1)


@half
@given(SEEDS, st.permutations(range(3)))
def test_domains_combine_row_by_row_in_whatever_order(seed: int, order: list[int]) -> None:
    made = pv.Survey(sampled(seed), weights="w", psu="psu")
    y, x = means(made, by="d")
    whole = y / x
    rows = np.array(order)
    picked = y.take(rows) / x.take(rows)
    np.testing.assert_allclose(picked.value, whole.value[order], rtol=1e-14)
    np.testing.assert_allclose(picked.std_error, whole.std_error[order], rtol=1e-12)
    matrix = whole.covariance
    np.testing.assert_allclose(picked.covariance, matrix[np.ix_(order, order)], rtol=1e-9)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12)
    assert np.linalg.eigvalsh(matrix).min() > -1e-12 * np.trace(matrix)
    one = y[order[0]]
    np.testing.assert_allclose((y / one).std_error[order[0]], 0, atol=1e-14)


@half
@given(SEEDS, SEEDS)
def test_surveys_apart_have_no_covariance_and_one_survey_has_its_own(one: int, two: int) -> None:
    first = pv.Survey(sampled(one), weights="w", psu="psu", source="first")
    second = pv.Survey(sampled(two), weights="w", psu="psu", source="second")
    a, b = means(first)[0], means(second)[0]
    np.testing.assert_allclose((a - b).std_error, np.hypot(a.std_error, b.std_error), rtol=1e-12)
    np.testing.assert_allclose((a + b).std_error, (a - b).std_error, rtol=1e-12)
    assert set((a * b).columns) == set(a.columns) | set(b.columns)
    x = means(first)[1]
    both = pv.direct.mean(first, ["y", "x"]).covariance
    between = ((a + x).std_error[0] ** 2 - (a - x).std_error[0] ** 2) / 4
    assert between == pytest.approx(both[0, 1], rel=1e-6, abs=1e-9 * both[0, 0])


@half
@given(SEEDS, st.integers(1, 99))
def test_replicates_of_a_product_are_those_of_the_delta_method(seed: int, draw: int) -> None:
    made = pv.Survey(sampled(seed), weights="w", psu="psu").bootstrap(40, rng=draw)
    a, b = means(made)
    np.testing.assert_allclose((a * b / b).std_error, a.std_error, rtol=1e-9)
    (name,) = a.columns
    columns = {e: e.columns[name][0][0] for e in (a, b, a * b)}
    product = list(columns)[2]
    wanted = b.value[0] * columns[a] + a.value[0] * columns[b]
    np.testing.assert_allclose(columns[product], wanted, rtol=1e-9, atol=1e-12)
