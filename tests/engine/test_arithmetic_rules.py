"""What arithmetic of estimates gives besides numbers: units, names, rules of intervals, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

import prevalence as pv
from prevalence.algebra import HOUSE, agreed_words
from prevalence.blocks import Block, Columns
from prevalence.chain import Influence, plain
from prevalence.draws import from_draws

Array = NDArray[Any]
ABOUT = pv.Estimand(outcome="work", window="2023")
Operation = Callable[..., Any]


def made(values: list[float], errors: list[float], source: str = "one", **fields: Any) -> Any:
    """Return rows that are independent within a source, with 20 degrees of freedom."""
    p = len(values)
    scheme = Columns(source, "known", np.ones(p), tuple(map(str, range(p))))
    block = Block(plain(np.diag(np.array(errors, dtype=float))), scheme, np.full(p, 20.0))
    return pv.Estimate(np.array(values), (block,), **fields)


def drawn(unit: str, **fields: Any) -> Any:
    draws = np.random.default_rng(5).gamma(9.0, 1 / 30, (2, 50))
    return from_draws(draws, source="draws:one", unit=unit, **fields)


NUMBERS: list[tuple[str, Operation, str]] = [
    ("proportion", lambda e: e * 2, "scaled proportion"),
    ("proportion", lambda e: 0.5 * e, "scaled proportion"),
    ("proportion", lambda e: e / 2, "scaled proportion"),
    ("proportion", lambda e: e * 1, "proportion"),
    ("proportion", lambda e: e / -1, "proportion"),
    ("proportion", lambda e: -e, "proportion"),
    ("proportion", lambda e: e * np.array([1.0, 2.0]), "scaled proportion"),
    ("proportion", lambda e: e + 0.1, "proportion"),
    ("proportion", lambda e: 1 - e, "proportion"),
    ("proportion", lambda e: 2 / e, "ratio"),
    ("mean", lambda e: e * 2, "mean"),
    ("mean", lambda e: e / 2, "mean"),
    ("mean", lambda e: e - 2, "mean"),
    ("mean", lambda e: 2 / e, "ratio"),
    ("mean", lambda e: e**2, "ratio"),
    ("mean", lambda e: 2**e, "ratio"),
    ("mean", np.exp, "exp mean"),
    ("mean", np.sqrt, "sqrt mean"),
    ("mean", np.log, "log mean"),
    ("coefficient", np.exp, "exponentiated coefficient"),
    ("coefficient", np.log, "log coefficient"),
    ("log ratio", np.exp, "ratio"),
    ("log ratio", np.sqrt, "sqrt log ratio"),
]


@pytest.mark.parametrize(("unit", "function", "wanted"), NUMBERS)
@pytest.mark.parametrize("kind", ["columns", "draws"])
def test_the_unit_after_a_number_or_a_function(
    kind: str, unit: str, function: Operation, wanted: str
) -> None:
    e = made([0.3, 0.4], [0.01, 0.02], unit=unit) if kind == "columns" else drawn(unit)
    assert function(e).unit == wanted
    wide = made([0.3, 0.4], [1.0, 2.0], unit=unit)  # limits below 0: by the delta method
    assert function(wide).unit == wanted


@pytest.mark.parametrize(
    ("units", "operator", "wanted"),
    [
        (("mean", "mean"), np.subtract, "difference"),
        (("mean", "total"), np.subtract, "ratio"),
        (("mean", "mean"), np.add, "mean"),
        (("mean", "mean"), np.multiply, "product"),
        (("mean", "mean"), np.true_divide, "ratio"),
        (("count", "proportion"), np.multiply, "product"),
        (("count", "count"), np.add, "count"),
    ],
)
def test_the_unit_of_two_estimates(units: tuple[str, str], operator: Any, wanted: str) -> None:
    a, b = (
        made([3.0], [0.1], source=unit + str(i), unit=unit, estimand=ABOUT)
        for i, unit in enumerate(units)
    )
    assert operator(a, b).unit == wanted


@pytest.mark.parametrize(
    ("unit", "number", "wanted"),
    [
        ("proportion", 0.5, "proportion"),
        ("proportion", 1.0, "proportion"),
        ("proportion", -1.0, "proportion"),
        ("proportion", 1.5, "scaled proportion"),
        ("proportion", -1.5, "scaled proportion"),
        ("mean", 1.5, "mean"),
    ],
)
def test_a_known_quantity_leaves_the_unit_unless_a_share_is_none_any_more(
    unit: str, number: float, wanted: str
) -> None:
    e = made([0.2], [0.01], unit=unit, estimand=ABOUT)
    known = made([number], [0.01], source="two", unit="known")
    assert (e * known).unit == wanted
    assert (known * e).unit == wanted
    assert (e + known).unit == (known + e).unit == unit
    assert (e + known).estimand == (known * e).estimand == ABOUT


@pytest.mark.parametrize(
    ("unit", "labels", "wanted"),
    [
        ("mean", ("a", "b"), "sum of means"),
        ("proportion", ("a", "b"), "sum of proportions"),
        ("ratio", ("a", "b"), "sum of ratios"),
        ("count", ("a", "b"), "count"),
        ("mean", ("a", "a"), "mean"),
        ("mean", ("a", ""), "mean"),
        ("mean", ("", "b"), "mean"),
    ],
)
def test_a_sum_of_two_domains_is_called_one(
    unit: str, labels: tuple[str, str], wanted: str
) -> None:
    a, b = (
        made([0.2], [0.01], source, unit=unit, estimand=ABOUT, labels=((label,) if label else (),))
        for source, label in zip(("one", "two"), labels, strict=True)
    )
    assert (a + b).unit == wanted


def test_names_of_rows_and_outcomes_are_joined_by_the_sign() -> None:
    def named(label: str, outcome: str) -> Any:
        labels = ((label,) if label else (),)
        return made([2.0], [0.1], source=label + outcome, labels=labels, outcomes=(outcome,))

    a, b = named("north", "hours"), named("south", "pay")
    for operator, sign in (
        (np.add, "+"), (np.subtract, "-"), (np.multiply, "*"), (np.true_divide, "/"), (np.power, "**"),
    ):  # fmt: skip
        out = operator(a, b)
        assert out.labels == ((f"north {sign} south",),)
        assert out.outcomes == (f"hours {sign} pay",)
    assert (a - named("north", "hours")).labels == (("north",),)
    assert (a - named("north", "hours")).outcomes == ("hours",)
    for out in (a - named("", ""), named("", "") - a):
        assert out.labels == (("north",),)
        assert out.outcomes == ("hours",)


RULES: list[tuple[str, list[float], list[float], str]] = [
    ("count", [5.0, 8.0], [0.1, 0.1], "log"),
    ("proportion", [5.0, 8.0], [0.1, 0.1], "log"),
    ("ratio", [5.0, 8.0], [0.1, 0.1], "log"),
    ("product", [5.0, 8.0], [0.1, 0.1], "log"),
    ("scaled proportion", [5.0, 8.0], [0.1, 0.1], "log"),
    ("known", [5.0, 8.0], [0.1, 0.1], "log"),
    ("known", [0.5, 0.8], [0.01, 0.01], "log"),
    ("mean", [5.0, 8.0], [0.1, 0.1], "wald"),
    ("count", [0.0, 8.0], [0.0, 0.1], "log"),  # a domain without a case
    ("count", [0.5, 0.8], [0.01, 0.1], "log"),
    ("known", [0.0, 8.0], [0.0, 0.1], "wald"),
    ("count", [0.0, 0.0], [0.0, 0.0], "wald"),
    ("count", [-1.0, 8.0], [0.1, 0.1], "wald"),
    ("count", [5.0, 8.0], [0.1, 9.0], "wald"),  # may be 0 by its own interval
    ("count", [5.0, 0.5], [0.1, 0.5], "wald"),
]


@pytest.mark.parametrize(("unit", "values", "errors", "rule"), RULES)
def test_intervals_are_on_the_log_scale_where_both_numbers_are_above_0(
    unit: str, values: list[float], errors: list[float], rule: str
) -> None:
    e = made(values, errors, unit=unit)
    sure = made([2.0, 3.0], [0.1, 0.1], source="two", unit="count")
    assert (e * sure).interval_rule == (sure * e).interval_rule == rule
    assert (e + replace(sure, unit="ratio")).interval_rule == rule
    assert (e - replace(sure, unit="ratio")).interval_rule == "wald"
    assert (e * replace(sure, unit="mean")).interval_rule == "wald"


def test_a_row_without_a_denominator_has_no_quotient_and_it_is_said() -> None:
    a = made([1.0, 2.0, 1.0], [0.1, 0.1, 0.1], warnings=("first",))
    b = made([0.0, 4.0, 1.0], [0.0, 0.1, 0.1], source="two")
    said = "a ratio has no value where the denominator is 0: 1 of 3 rows have none."
    with pytest.warns(pv.PrevalenceWarning, match=said):
        ratio = a / b
    np.testing.assert_array_equal(ratio.value, [np.nan, 0.5, 1.0])
    assert ratio.warnings == ("first", said)
    assert (a * b).warnings == ("first",)


def test_limits_are_mapped_where_a_number_is_surely_positive() -> None:
    e = made([0.5, 4.0], [0.05, 0.5])
    limits = e.interval()
    np.testing.assert_allclose((1 / e).interval(), 1 / limits[:, ::-1], rtol=1e-12)
    np.testing.assert_allclose((e**2).interval(), limits**2, rtol=1e-12)
    np.testing.assert_allclose((e**-1).interval(), 1 / limits[:, ::-1], rtol=1e-12)
    np.testing.assert_allclose((3 - e).interval(), 3 - limits[:, ::-1], rtol=1e-12)
    np.testing.assert_allclose(np.log(e).interval(), np.log(limits), rtol=1e-12)
    for out in (2**e, 1 / made([0.5, 4.0], [0.5, 0.5]), made([0.5, 4.0], [0.5, 0.5]) ** 2):
        assert out.maps == ()
        half = (out.interval()[:, 1] - out.interval()[:, 0]) / 2
        np.testing.assert_allclose(out.interval().mean(axis=1), out.value, rtol=1e-12)
        assert (half > 2 * out.std_error).all()  # t with 20 degrees of freedom: 2.09
    negative = 1 / made([-4.0], [0.5])
    assert negative.maps == ()
    assert negative.value == [-0.25]
    mixed = (e * 2) / made([2.0, 2.0], [0.1, 0.1], source="two")
    assert mixed.maps == ()
    assert mixed.constants == {}


def test_what_is_taken_from_a_number_keeps_its_covariance() -> None:
    e = made([0.5, 4.0], [0.05, 0.5])
    np.testing.assert_allclose(((3 - e) + e).std_error, 0, atol=1e-15)
    np.testing.assert_allclose(((3 - e) - e).std_error, 2 * e.std_error, rtol=1e-12)
    np.testing.assert_allclose(((e - 3) - e).std_error, 0, atol=1e-15)


def test_a_number_is_one_or_one_for_each_row_and_no_divisor_is_0() -> None:
    e = made([0.5, 4.0], [0.05, 0.5])
    np.testing.assert_allclose((e * [2, 3]).value, [1, 12])
    np.testing.assert_allclose((e * np.array([2])).value, [1, 8])
    np.testing.assert_allclose((e * Fraction(1, 2)).value, [0.25, 2])
    np.testing.assert_allclose((e / 1).value, e.value)
    np.testing.assert_allclose((e * 0).value, 0)
    wrong: Any
    for wrong in (0, [1, 0], np.zeros(2)):
        with pytest.raises(ValueError, match="a divisor must not be 0: found 0"):
            _ = e / wrong
    for wrong in ([1, 2, 3], np.ones((2, 2)), np.ones((2, 1)), []):
        with pytest.raises(ValueError, match="must be one, or one per row: found shape"):
            _ = e * wrong
    for wrong in ("2", None, [1, "a"], 1j):
        with pytest.raises(TypeError, match="must be combined with numbers or estimates: found"):
            _ = e * wrong


def test_one_row_meets_every_row_from_either_side() -> None:
    one, three = made([2.0], [0.1]), made([1.0, 2.0, 4.0], [0.1] * 3, source="two")
    np.testing.assert_allclose((one / three).value, [2, 1, 0.5])
    np.testing.assert_allclose((three / one).value, [0.5, 1, 2])
    shared = (three - one).covariance
    np.testing.assert_allclose(shared, np.full((3, 3), 0.01) + 0.01 * np.eye(3), rtol=1e-12)
    with pytest.raises(
        ValueError, match="the same number of rows, or one of them one: found 2 and 3"
    ):
        _ = made([1.0, 2.0], [0.1, 0.1]) + three


def test_words_of_the_house_are_those_of_the_first_and_others_those_of_all() -> None:
    assert set(HOUSE) >= {"estimands", "people", "floor", "range", "identified by", "outcome in"}
    first, second, silent = (
        replace(made([1.0], [0.1]), provenance=told)
        for told in (
            {**dict.fromkeys(HOUSE, "one"), "model": "a", "same": 1},
            {**dict.fromkeys(HOUSE, "two"), "model": "b", "same": 1},
            {},
        )
    )
    assert {"rows", "psus", "cases", "design", "weights", "variance"} <= set(HOUSE)
    assert agreed_words(first, second) == {**dict.fromkeys(HOUSE, "one"), "same": 1}
    assert agreed_words(first, silent) == first.provenance
    assert agreed_words(silent, first) == {}


def test_a_range_over_models_goes_with_one_number_alone() -> None:
    told = {"range": (40.0, 60.0), "range of": "models"}
    e = replace(made([50.0], [5.0]), provenance=told)
    other = made([2.0], [0.1], source="two")
    assert (100 - e).provenance == {"range": (40.0, 60.0), "range of": "models"}
    assert (200 - e).provenance["range"] == (140.0, 160.0)
    assert (e * other).provenance == {"range": (80.0, 120.0), "range of": "models"}
    assert (other * e).provenance["range"] == (80.0, 120.0)
    assert np.sqrt(e).provenance["range"] == tuple(np.sqrt([40.0, 60.0]))
    two = made([2.0, 3.0], [0.1, 0.1], source="two")
    for out in (e * two, two * e, e + e):
        assert "range" not in out.provenance
        assert "range of" not in out.provenance
    whole = replace(e, provenance={"range": (40, 60)})
    assert (whole * 2).provenance == {"range": (80.0, 120.0)}


def test_draws_of_one_fit_combine_draw_by_draw() -> None:
    a = drawn("mean", estimand=ABOUT, facts={"n": np.array([9, 9])}, assumptions=("first",))
    draws = a.constants["draws"]
    b = replace(np.exp(a), estimand=None, assumptions=("second",), warnings=("said",))
    out = a * b
    np.testing.assert_array_equal(out.constants["draws"], draws * np.exp(draws))
    np.testing.assert_allclose(out.value, (draws * np.exp(draws)).mean(axis=1), rtol=1e-14)
    np.testing.assert_allclose(out.std_error, (draws * np.exp(draws)).std(axis=1, ddof=1))
    assert (out.estimand, out.facts) == (ABOUT, {})
    assert (out.assumptions, out.warnings) == (("first", "second"), ("said",))


def test_what_is_made_of_draws_is_their_mean_or_their_median() -> None:
    draws = np.random.default_rng(6).gamma(2.0, 1.0, (2, 41))
    mean = from_draws(draws, source="draws:one", constants={"own": np.ones(2)})
    assert sorted(mean.constants) == ["draws", "own"]
    np.testing.assert_allclose(mean.value, draws.mean(axis=1), rtol=1e-14)
    np.testing.assert_allclose(np.log(mean).value, np.log(draws).mean(axis=1), rtol=1e-13)
    middle = from_draws(draws, source="draws:one", point="median")
    np.testing.assert_array_equal(middle.value, np.median(draws, axis=1))
    np.testing.assert_array_equal((2 * middle).value, 2 * np.median(draws, axis=1))
    np.testing.assert_allclose(np.log(middle).value, np.log(np.median(draws, axis=1)), rtol=1e-14)
    np.testing.assert_allclose(middle.std_error, draws.std(axis=1, ddof=1), rtol=1e-13)
    assert np.isinf(middle.df).all()


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (np.exp, np.exp),
        (np.log, lambda x: 1 / x),
        (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
        (lambda e: 2 / e, lambda x: -2 / x**2),
        (lambda e: e**3, lambda x: 3 * x**2),
        (lambda e: 2**e, lambda x: np.log(2) * 2**x),
        (lambda e: e / 4, lambda x: 0 * x + 0.25),
        (lambda e: e * [2, 3], lambda x: 0 * x + [2, 3]),
        (lambda e: e - 1, lambda x: 0 * x + 1),
        (lambda e: 3 - e, lambda x: 0 * x - 1),
    ],
)
@pytest.mark.parametrize("error", [0.01, 2.0])  # limits above 0, and below it
def test_a_function_varies_as_its_slope_says(
    error: float, function: Operation, slope: Operation
) -> None:
    x = np.array([0.5, 4.0])
    e = made(x.tolist(), [error, error])
    out = function(e)
    np.testing.assert_allclose(out.value, np.asarray(function(x)), rtol=1e-14)
    np.testing.assert_allclose(out.std_error, np.abs(slope(x)) * error, rtol=1e-12)
    np.testing.assert_allclose((out - slope(x) * e).std_error, 0, atol=1e-12)
    if error < 1:
        ends = np.sort(np.asarray(function(e.interval().T)).T, axis=1)
        if out.maps:
            np.testing.assert_allclose(out.interval(), ends, rtol=1e-12)


def test_what_is_estimated_by_two_estimates_is_what_they_share() -> None:
    def about(outcome: str, window: str = "2023") -> Any:
        words = pv.Estimand(outcome=outcome, window=window, population="children", excludes="some")
        return made([2.0], [0.1], source=outcome + window, estimand=words, unit="count",
                    facts={"n": np.array([5])}, provenance={"own": outcome})  # fmt: skip

    shared = {"population": "children", "excludes": "some"}
    ratio, product = about("a") / about("b"), about("a") * about("b")
    assert ratio.estimand == pv.Estimand(outcome="a / b", window="2023", **shared)
    assert product.estimand == pv.Estimand(outcome="a * b", window="2023", **shared)
    assert (about("a") / about("a", "2022")).estimand == pv.Estimand(outcome="a", **shared)
    assert (about("a") * about("a", "2022")).estimand == pv.Estimand(outcome="a * a", **shared)
    total = about("a") + about("a")
    assert total.estimand == about("a").estimand
    assert (ratio.facts, ratio.provenance, total.provenance) == ({}, {}, {"own": "a"})
    with pytest.raises(
        ValueError, match=r"they differ in outcome \(a / b\); window \(2023 / 2022\)"
    ):
        _ = about("a") + about("b", "2022")
    share = replace(about("a"), unit="proportion")
    for one, two in ((share, about("a")), (about("a"), share)):
        for operator in (np.add, np.subtract):
            with pytest.raises(ValueError, match="found a count and a proportion"):
                operator(one, two)


@pytest.mark.parametrize("stored", [np.asarray, csr_array])
def test_influence_times_numbers_is_a_diagonal_matrix_of_them_times_it(stored: Any) -> None:
    direct, weight = np.arange(12.0).reshape(3, 4) - 5, np.arange(6.0).reshape(3, 2)
    influence = Influence(stored(direct), weight, np.ones((2, 4)))
    factor = np.array([2.0, 0.0, -0.5])
    found, wanted = influence.scaled(factor), influence.combine(csr_array(np.diag(factor)))
    np.testing.assert_array_equal(found.dense(), wanted.dense())
    np.testing.assert_array_equal(influence.dense(), direct + weight @ np.ones((2, 4)))


@pytest.mark.parametrize("stored", [np.asarray, csr_array])
def test_an_influence_without_bound_times_0_is_0(stored: Any) -> None:
    influence = Influence(stored(np.array([[np.inf, 1.0]])), np.zeros((1, 0)), np.zeros((0, 2)))
    assert influence.scaled(np.zeros(1)).dense().tolist() == [[0.0, 0.0]]
