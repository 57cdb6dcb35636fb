"""Blocks of columns, what is made of them, and quantities known with uncertainty, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import prevalence as pv
from prevalence.blocks import Block, Columns, add_blocks
from prevalence.chain import plain
from prevalence.draws import from_draws, is_drawn, paired_with

Array = NDArray[Any]
ABOUT = pv.Estimand(outcome="work", window="2023")


def block(
    columns: Any, c: Any = None, df: Any = np.inf, source: str = "one", kind: str = "k", labels: Any = None
) -> Block:  # fmt: skip
    shaped = np.array(columns, dtype=float)
    p, g = shaped.shape
    names = tuple(labels or map(str, range(g)))
    scheme = Columns(source, kind, np.ones(g) if c is None else np.array(c, dtype=float), names)
    return Block(plain(shaped), scheme, np.broadcast_to(np.array(df, dtype=float), (p,)).copy())


def estimate(values: Any, *blocks: Block, **fields: Any) -> Any:
    return pv.Estimate(np.array(values, dtype=float), blocks, **fields)


def test_variances_are_sums_of_squares_in_pieces_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = np.random.default_rng(1).normal(size=(7, 3))
    wanted = (columns**2 * [1, 2, 0.5]).sum(axis=1)
    for chunk in (1, 3, 6, 7, 1_000_000):
        monkeypatch.setattr("prevalence.blocks.CHUNK", chunk)
        made = block(columns, [1, 2, 0.5])
        np.testing.assert_allclose(made.variance, wanted, rtol=1e-14)
        np.testing.assert_allclose(made.std_error, np.sqrt(wanted), rtol=1e-14)
    np.testing.assert_allclose(np.diag(made.covariance()), wanted, rtol=1e-14)


def test_a_negative_variance_is_none_and_is_told_but_for_rounding() -> None:
    made = block([[1, 1.1], [1, 1], [1, 1 + 1e-12], [2, 1], [0, 0], [0, 3]], [1, -1])
    with pytest.warns(pv.PrevalenceWarning, match=r"^2 of 6 variance estimates are negative"):
        found = made.variance
    np.testing.assert_array_equal(found, [np.nan, 0, 0, 3, 0, np.nan])
    np.testing.assert_array_equal(made.std_error, [np.nan, 0, 0, math.sqrt(3), 0, np.nan])


@pytest.mark.parametrize("size", [1e-250, 1e-141, 1e-100, 1.0, 1e100, 1e200])
def test_standard_errors_are_right_where_squares_are_beyond_floats(size: float) -> None:
    with np.errstate(over="ignore", under="ignore"):
        found = block([[3 * size, 4 * size], [0, 0], [size, 0]], [4, 1]).std_error
    np.testing.assert_allclose(found, [size * math.sqrt(52), 0, 2 * size], rtol=1e-14)


def test_linear_combinations_have_the_degrees_of_freedom_of_their_largest_part() -> None:
    made = block([[1, 0], [0, 2], [3, 3]], df=[5, 7, 9])
    out = made.combine(np.array([[1, 1, 0], [0, -1, 1], [0, 0, 0]]))
    np.testing.assert_array_equal(out.columns(), [[1, 2], [3, 1], [0, 0]])
    np.testing.assert_array_equal(out.df, [7, 9, 0])
    np.testing.assert_array_equal(
        made.scaled(np.array([2.0, -1, 0])).columns(), [[2, 0], [0, -2], [0, 0]]
    )
    taken = made.take(np.array([2, 0]))
    np.testing.assert_array_equal(taken.columns(), [[3, 3], [1, 0]])
    np.testing.assert_array_equal(taken.df, [9, 5])
    done = made.finished()
    np.testing.assert_array_equal(done.columns(), made.columns())
    assert (done.source, done.scheme.kind, done.scheme.labels) == ("one", "k", ("0", "1"))


def test_columns_of_one_source_meet_by_their_labels() -> None:
    a = block([[1, 2]], [1, 4], df=5, labels=("x", "y"))
    b = block([[3, 5]], [9, 1], df=7, labels=("y", "z"))
    (both,) = add_blocks((a,), (b,))
    assert both.variance == pytest.approx(1 + (2 * 2 + 3 * 3) ** 2 + 5**2)
    np.testing.assert_array_equal(both.df, [7])
    assert both.scheme.labels == ("x", "y", "z")
    apart = add_blocks((a,), (block([[3, 5]], source="two"),))
    assert [part.source for part in apart] == ["one", "two"]
    # Of the same labels and coefficients columns add up, also where some are below 0.
    (same,) = add_blocks((block([[1, 2]], [1, -1]),), (block([[3, 1]], [1, -1]),))
    assert same.variance == 4**2 - 3**2
    (other,) = add_blocks((block([[1, 2]], [1, 4]),), (block([[3, 1]], [4, 1]),))
    assert other.variance == pytest.approx((1 + 2 * 3) ** 2 + (2 * 2 + 1) ** 2)
    with pytest.raises(ValueError, match="columns with negative coefficients must come from one"):
        add_blocks((a,), (block([[3, 1]], [1, -1], labels=("y", "z")),))
    with pytest.raises(
        ValueError, match=r"must have the same kind of variance .* found 'k' and 'l'"
    ):
        add_blocks((a,), (block([[3, 1]], kind="l"),))


def test_standard_errors_add_up_over_sources() -> None:
    e = estimate([1, np.nan, 3], block(np.diag([3, 3, 3])), block(np.diag([4, 4, 0]), source="two"))
    np.testing.assert_allclose(e.std_error, [5, np.nan, 3])
    with pytest.raises(ValueError, match="read-only"):
        e.std_error[0] = 1
    none = estimate([1, 2])
    assert np.isnan(none.std_error).all()
    np.testing.assert_array_equal(none.df, [0, 0])
    assert sorted(e.columns) == ["one", "two"]


def test_degrees_of_freedom_over_sources_are_satterthwaites() -> None:
    one = [2.0, 2.0, 2.0, 0.0, 0.0, 1e-5]
    two = [1.0, 1.0, 0.0, 1.0, 0.0, 1.0]
    e = estimate(
        np.ones(6),
        block(np.diag(one), df=[5, 5, 5, 5, 5, 5]),
        block(np.diag(two), df=[8, np.inf, 8, 8, 3, np.inf], source="two"),
    )
    wanted = [25 / (16 / 5 + 1 / 8), 25 / (16 / 5), 5, 8, 3, np.inf]
    np.testing.assert_allclose(e.df, wanted, rtol=1e-14)
    lost = estimate([1.0], block([[1.0]], df=0), block([[1.0]], df=9, source="two"))
    np.testing.assert_array_equal(lost.df, [0])


def test_a_covariance_matrix_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prevalence.uncertainty.MAX_COVARIANCE", 2)
    np.testing.assert_array_equal(estimate([1, 2], block(np.eye(2))).covariance, np.eye(2))
    with pytest.raises(ValueError, match="at most 2 rows: found 3"):
        _ = estimate([1, 2, 3], block(np.eye(3))).covariance


@pytest.mark.parametrize("level", [0.501, 0.9, 0.95, np.float64(0.99)])
def test_a_one_sided_limit_is_that_of_the_wider_interval(level: float) -> None:
    e = estimate([5.0, 2.0], block(np.diag([1.0, 2.0]), df=12))
    np.testing.assert_allclose(e.at_most(level), e.interval(2 * level - 1)[:, 1], rtol=1e-14)
    t = stats.t(12).ppf(level)
    np.testing.assert_allclose(e.at_most(level), [5 + t, 2 + 2 * t], rtol=1e-9)


def test_a_one_sided_limit_of_a_share_is_that_of_clopper_and_pearson() -> None:
    e = pv.direct.prevalence(pv.Survey({"case": [1] * 3 + [0] * 297}), "case")
    assert e.interval_rule == "auto"
    size = e.constants["n"][0] / e.constants["deff"][0]
    wanted = stats.beta.ppf(0.95, 0.01 * size + 1, 0.99 * size)
    assert e.at_most()[0] == pytest.approx(wanted, rel=1e-3)  # deff of 299 / 300
    assert e.at_most()[0] > e.interval(0.9)[0, 1] * 0.9


@pytest.mark.parametrize("level", [0.5, 1.0, 0.0, 95, "0.95", None])
def test_a_one_sided_level_lies_between_a_half_and_1(level: Any) -> None:
    with pytest.raises(ValueError, match=r"must lie between 0\.5 and 1: found"):
        estimate([5.0], block([[1.0]])).at_most(level)


def test_the_error_of_draws_is_half_that_of_the_variance() -> None:
    columns = np.random.default_rng(3).normal(size=(2, 30))
    made = block(columns, np.full(30, 1 / 29), kind="bootstrap draw")
    e = estimate([1, 1], made)
    squares = columns**2
    wanted = squares.std(axis=1, ddof=1) / squares.mean(axis=1) / math.sqrt(30) / 2
    np.testing.assert_allclose(e.simulation_error(), wanted, rtol=0.03)  # or with divisor 30
    known = estimate([1, 1], block(np.diag([2.0, 0.0]), source="known:a", kind="known"))
    both = e + known
    shrunk = e.simulation_error() * (e.std_error / both.std_error) ** 2
    np.testing.assert_allclose(both.simulation_error(), shrunk, rtol=1e-12)
    other = estimate([1, 1], block(columns, np.full(30, 1 / 29), source="two", kind="bootstrap"))
    half = e.simulation_error() / math.sqrt(2)  # two sources of one size
    np.testing.assert_allclose((e + other).simulation_error(), half, rtol=1e-12)
    needed = math.ceil(30 * (e.simulation_error().max() / 0.04) ** 2)
    assert pv.replicates_needed(e, cv=0.04) == needed
    assert pv.replicates_needed(e) == math.ceil(30 * (e.simulation_error().max() / 0.05) ** 2)
    partly = estimate([1, np.nan], made)
    assert pv.replicates_needed(partly) == pv.replicates_needed(e[0])
    with pytest.raises(ValueError, match="the variance of this estimate is known"):
        known.simulation_error()
    with pytest.raises(ValueError, match="the variance of this estimate is not known"):
        estimate([1.0]).simulation_error()
    with pytest.raises(ValueError, match="none of 2 rows has one"):
        pv.replicates_needed(estimate([np.nan, np.nan], made))
    for cv in (0, 1, -0.1, 5):
        with pytest.raises(ValueError, match="cv must lie between 0 and 1: found"):
            pv.replicates_needed(e, cv=cv)


# Quantities known with uncertainty


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"low": 3.0, "high": 5.0, "value": 3.0}, 2 / (2 * stats.norm.ppf(0.975))),
        ({"low": 3.0, "high": 5.0, "value": 5.0, "level": 0.8}, 2 / (2 * stats.norm.ppf(0.9))),
        ({"value": 3.0, "std_error": 0.0}, 0.0),
        ({"value": -3.0, "std_error": 0.5}, 0.5),
        ({"value": 0.5, "std_error": 0.49, "kind": "beta"}, 0.49),
        ({"value": 0.5, "low": 0.1, "high": 1.3, "kind": "lognormal"},
         0.5 * math.log(13) / (2 * stats.norm.ppf(0.975))),
        ({"value": 0.5, "low": 0.05, "high": 0.95, "kind": "beta", "level": 0.9}, None),
        ({"value": 0.5, "low": 0.03, "high": 0.97, "kind": "beta"}, None),
        ({"value": 0.2, "low": 0.15, "high": 0.25, "kind": "beta", "level": 0.5}, None),
    ],
)  # fmt: skip
def test_a_known_quantity_has_the_spread_of_its_limits(
    how: dict[str, Any], error: float | None
) -> None:
    found = pv.uncertain(**how)
    assert found.value[0] == how["value"]
    assert np.isinf(found.df[0])
    if error is not None:
        assert found.std_error[0] == pytest.approx(error, rel=1e-9)
    else:  # the beta of this mean whose central interval is as wide
        size = how["value"] * (1 - how["value"]) / found.std_error[0] ** 2 - 1
        law = stats.beta(how["value"] * size, (1 - how["value"]) * size)
        low, high = law.interval(how.get("level", 0.95))
        assert high - low == pytest.approx(how["high"] - how["low"], rel=1e-9)
        np.testing.assert_allclose(found.interval(how.get("level", 0.95)), [[low, high]], rtol=1e-8)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"value": 3.0}, "low and high must enclose value"),
        ({"value": 3.0, "low": 1.0}, "low and high must enclose value"),
        ({"value": 3.0, "high": 5.0}, "low and high must enclose value"),
        ({"value": 3.0, "low": 3.0, "high": 3.0}, "low and high must enclose value"),
        ({"value": 3.0, "low": 3.1, "high": 5.0}, "low and high must enclose value"),
        ({"value": 3.0, "low": 1.0, "high": 2.9}, "low and high must enclose value"),
        ({"value": 3.0, "low": 1.0, "high": math.inf}, "value, low and high must be finite"),
        ({"value": math.nan, "std_error": 1.0}, "value, low and high must be finite"),
        ({"value": 3.0, "std_error": -0.1}, "std_error must be a number of at least 0"),
        ({"value": 3.0, "std_error": math.inf}, "std_error must be a number of at least 0"),
        ({"value": 3.0, "low": 1.0, "std_error": 1.0}, "given without low and high"),
        ({"value": 3.0, "high": 4.0, "std_error": 1.0}, "given without low and high"),
        ({"value": 60.0, "std_error": 0.1, "kind": "beta"}, "found 60. Write 0.6."),
        ({"value": 1.0, "std_error": 0.1, "kind": "beta"}, "found 1. Choose another kind."),
        ({"value": 100.0, "std_error": 0.1, "kind": "beta"}, "found 100. Choose another kind."),
        ({"value": 0.0, "std_error": 0.1, "kind": "beta"}, "found 0. Choose another kind."),
        ({"value": 0.5, "std_error": 0.0, "kind": "beta"}, "std_error must be above 0 and below"),
        ({"value": 0.5, "std_error": 0.5, "kind": "beta"}, "std_error must be above 0 and below"),
        ({"value": 0.5, "low": 0.02, "high": 0.98, "kind": "beta"}, "lie closer together"),
        ({"value": 0.5, "low": 0.5, "high": 0.5 + 1e-9, "kind": "beta"}, "lie further apart"),
        ({"value": 0.0, "std_error": 0.1, "kind": "lognormal"}, "value must be positive"),
        ({"value": 1.0, "low": 0.0, "high": 2.0, "kind": "lognormal"}, "low must be positive"),
    ],
)
def test_what_is_no_known_quantity_is_refused(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        pv.uncertain(**how)
    assert words in str(caught.value)


@pytest.mark.parametrize(("correct", "tested"), [(0, 10), (10, 10), (9, 10), (1, 1), (0, 1)])
def test_a_validation_study_has_the_limits_of_clopper_and_pearson(
    correct: int, tested: int
) -> None:
    found = pv.validated(correct=correct, tested=tested, name="sensitivity")
    assert found.value[0] == correct / tested
    extreme = correct in (0, tested)
    p, n = ((correct + 1) / (tested + 2), tested + 2) if extreme else (correct / tested, tested)
    assert found.std_error[0] == pytest.approx(math.sqrt(p * (1 - p) / n), rel=1e-14)
    low = stats.beta.ppf(0.025, correct, tested - correct + 1) if correct else 0.0
    high = stats.beta.ppf(0.975, correct + 1, tested - correct) if correct < tested else 1.0
    np.testing.assert_allclose(found.interval(), [[low, high]], rtol=1e-9, atol=1e-15)
    word = ("All" if correct else "None") if extreme else ""
    assert [text.split()[0] for text in found.warnings] == ([word] if word else [])
    assert (found.facts["n"][0], found.facts["cases"][0]) == (tested, correct)
    assert (found.outcomes, found.blocks[0].source) == (("sensitivity",), "known:sensitivity")


@pytest.mark.parametrize(
    ("correct", "tested", "words"),
    [(0, 0, "tested must be"), (-1, 5, "correct must be"), (6, 5, "found 6 of 5"), (1.0, 5, "correct must be")],
)  # fmt: skip
def test_a_validation_study_has_people(correct: Any, tested: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pv.validated(correct=correct, tested=tested)


def test_known_quantities_say_what_they_are() -> None:
    rate, valid = pv.uncertain(2, 1, 3, name="rate"), pv.validated(correct=9, tested=10)
    assert (rate.unit, rate.method, rate.outcomes) == ("known", "uncertain", ("rate",))
    assert (valid.unit, valid.method, valid.outcomes) == ("known", "validated", ("",))
    for e in (rate, valid):
        assert e.blocks[0].scheme.kind == "known"
        assert len(e.blocks[0].scheme.labels) == 1
    assert rate.blocks[0].scheme.labels == ("rate",)
    assert valid.blocks[0].source != pv.validated(correct=9, tested=10).blocks[0].source
    wrong: Any = 3
    with pytest.raises(TypeError, match=r"^name must be a text: found 3"):
        pv.uncertain(2, 1, 3, name=wrong)
    with pytest.raises(TypeError, match=r"^name must be a text: found 3"):
        pv.validated(correct=9, tested=10, name=wrong)
    wrong = "2"
    with pytest.raises(TypeError, match=r"^value must be a number: found '2'"):
        pv.uncertain(wrong, 1, 3)
    with pytest.raises(ValueError, match=r"^kind must be one of normal, lognormal, beta"):
        pv.uncertain(2, 1, 3, kind="gamma")


# Rows and conversions


def test_rows_are_taken_by_their_place() -> None:
    e = estimate([1.0, 2.0, 3.0], block(np.diag([1.0, 2.0, 3.0]), df=[4, 5, 6]),
                 constants={"own": np.array([7.0, 8.0, 9.0]), "one": np.array([1.0, 2.0])},
                 facts={"n": np.array([1, 2, 3])})  # fmt: skip
    scaled = (e * np.array([1.0, 10.0, 100.0])).take(np.array([2, 0, 2]))
    np.testing.assert_array_equal(scaled.value, [300, 1, 300])
    np.testing.assert_array_equal(scaled.df, [6, 4, 6])
    np.testing.assert_array_equal(scaled.facts["n"], [3, 1, 3])
    np.testing.assert_array_equal(scaled.constants["own"], [9, 7, 9])
    np.testing.assert_array_equal(scaled.constants["one"], [1, 2])
    np.testing.assert_allclose(scaled.interval()[1], (e * np.array([1.0, 10, 100])).interval()[0])
    assert [e[i].value[0] for i in (0, 2, -1, -3)] == [1, 3, 3, 1]
    assert len(e.take(np.array([], dtype=int))) == 0
    assert e.take(np.array([-3, 2])).value.tolist() == [1, 3]
    for place in (3, -4):
        with pytest.raises(IndexError, match=f"one of 3, from 0: found {place}"):
            _ = e[place]
        with pytest.raises(ValueError, match=f"found {place} for 3 rows"):
            e.take(np.array([0, place]))
    wrong: Any
    for wrong in ([0.5], [True, False, True], [[0]], "0", 0):
        with pytest.raises(ValueError, match="rows must be positions of rows"):
            e.take(wrong)
    with pytest.raises(TypeError, match="one row: found 3"):
        float(e)
    assert float(e[1]) == 2


def test_a_bridge_says_its_factor_and_reason() -> None:
    e = estimate([10.0], block([[2.0]]), unit="count", estimand=ABOUT, facts={"n": np.array([7])},
                 labels=(("north",),), outcomes=("work",), assumptions=("first",))  # fmt: skip
    out = e.bridge(0.5, reason="Half.", window="now")
    assert (out.value[0], out.std_error[0], out.unit) == (5, 1, "count")
    assert out.assumptions == ("first", "Bridge (times 0.5): Half.")
    assert (out.estimand.window, out.estimand.outcome) == ("now", "work")
    assert (out.labels, out.outcomes, out.facts["n"][0]) == ((("north",),), ("work",), 7)
    more = e.bridge(12_345.6, reason="More.", add=True)
    assert (more.value[0], more.std_error[0]) == (12_355.6, 2)
    assert more.assumptions[1] == "Bridge (add 12,346): More."
    assert e.bridge(9_999.0, reason="x").assumptions[1] == "Bridge (times 9999): x"
    assert e.bridge(10_000.0, reason="x").assumptions[1] == "Bridge (times 10,000): x"
    factor = pv.uncertain(0.5, std_error=0.1).describe(window="other")
    by = e.bridge(factor, reason="Some.")
    assert by.std_error[0] == pytest.approx(math.hypot(0.5 * 2, 10 * 0.1), rel=1e-12)
    assert by.estimand == ABOUT
    with pytest.raises(ValueError, match="reason must say why the bridge holds"):
        e.bridge(0.5, reason="")


def test_a_share_becomes_a_number_of_people() -> None:
    share = estimate([0.25], block([[0.02]]), unit="proportion", estimand=ABOUT, outcomes=("work",),
                     labels=(("north",),), facts={"n": np.array([7])})  # fmt: skip
    people = share.count(0.5)
    assert (people.value[0], people.unit, people.interval_rule) == (0.125, "count", "wald")
    np.testing.assert_allclose(people.interval(), share.interval() / 2, rtol=1e-14)
    size = pv.uncertain(1000, std_error=100)
    by = share.count(size)
    assert by.std_error[0] == pytest.approx(math.hypot(1000 * 0.02, 0.25 * 100), rel=1e-12)
    for out in (people, by):
        assert (out.estimand, out.labels, out.outcomes) == (ABOUT, (("north",),), ("work",))
        assert out.facts["n"][0] == 7
    for wrong in (0, -5, math.inf, math.nan):
        with pytest.raises(ValueError, match="population must be a positive number"):
            share.count(wrong)
    with pytest.raises(ValueError, match="count needs a proportion: this estimate is a count"):
        people.count(10)
    none = pv.direct.prevalence(pv.Survey({"case": [0] * 300}), "case")
    for population, rule in ((size, "log"), (1000, none.interval_rule)):
        counted = none.count(population)
        assert counted.interval_rule == rule
        assert ("one_report" in counted.constants) == (rule == "log")
    assert none.count(size).constants["one_report"][0] == pytest.approx(1000 / 300)


def test_a_conversion_keeps_the_rows_whatever_it_converts_by() -> None:
    fields: dict[str, Any] = {
        "unit": "proportion", "estimand": ABOUT, "labels": (("north",),), "outcomes": ("work",),
        "facts": {"n": np.array([7]), "deff": np.array([2.0])},
    }  # fmt: skip
    e = estimate([0.25], block([[0.02]]), **fields)
    by = estimate([2.0], block([[0.1]], source="two"), labels=(("all",),), outcomes=("size",),
                  estimand=pv.Estimand(outcome="size", window="2020"), facts={"n": np.array([1])})  # fmt: skip
    for out in (e.bridge(by, reason="So."), e.bridge(by, reason="So.", add=True), e.count(by)):
        assert (out.labels, out.outcomes, out.estimand) == ((("north",),), ("work",), ABOUT)
        assert out.facts["n"][0] == 7
    assert e.bridge(by, reason="So.").unit == "proportion"
    none = estimate([0.0], block([[0.0]]), interval_rule="auto", unit="proportion",
                    constants={"n": np.array([50.0]), "deff": np.array([2.0])})  # fmt: skip
    counted = none.count(pv.uncertain(1000, std_error=10))
    assert counted.constants["one_report"].tolist() == [1000 * 2 / 50]
    wrong: Any = "2"
    for ask, name in (
        (lambda: e.bridge(wrong, reason="So."), "factor"),
        (lambda: e.count(wrong), "population"),
        (lambda: pv.replicates_needed(e, cv=wrong), "cv"),
    ):
        with pytest.raises(TypeError, match=f"^{name} must be a number: found '2'"):
            ask()
    with pytest.raises(TypeError, match=r"^describe takes outcome, definition"):
        e.describe(wimdow="2023")


def test_draws_meet_other_sources_only_where_it_is_said() -> None:
    draws = np.random.default_rng(9).normal(3.0, 0.1, (1, 40))
    fit = from_draws(draws, source="draws:one", unit="mean")
    other = from_draws(draws[:, ::-1], source="draws:two", unit="mean")
    survey = estimate([2.0], block([[0.1]], source="survey", kind="linearised"))
    assert paired_with(fit, 2 * fit)
    assert paired_with(fit, pv.uncertain(2, 1, 3))
    for second, what in ((survey, "columns of another source"), (other, "draws of another fit")):
        assert not paired_with(fit, second)
        assert not paired_with(second, fit)
        for one, two in ((fit, second), (second, fit)):
            with pytest.raises(ValueError, match="posterior draws must not be combined") as caught:
                _ = one + two
            assert (what in str(caught.value)) or (what, one) == ("columns of another source", two)
    free = fit.assume_independent("  Other people. ")
    assert free.assumptions[-1] == "Independent of what it is combined with: Other people."
    assert is_drawn(free.blocks[0])
    assert not is_drawn(survey.blocks[0])
    assert (free + survey).std_error[0] == pytest.approx(math.hypot(fit.std_error[0], 0.1))
    assert (free - fit).std_error[0] == pytest.approx(0, abs=1e-12)  # still the same draws
    assert paired_with(free, survey)
    assert np.isinf(free.df).all()
    assert free.blocks[0].scheme.labels == fit.blocks[0].scheme.labels
    assert free.assume_independent("Again.").std_error[0] == fit.std_error[0]
    for reason in ("", "  ", None):
        wrong: Any = reason
        with pytest.raises(ValueError, match="reason must say why the estimates are independent"):
            fit.assume_independent(wrong)
    with pytest.raises(ValueError, match="this estimate has none"):
        survey.assume_independent("So.")


def test_functions_of_numpy_without_a_derivative_are_left_alone() -> None:
    e = estimate([1.0, 2.0], block(np.eye(2)))
    wrong: Any = e
    with pytest.raises(TypeError):
        np.add.reduce(wrong)
    with pytest.raises(TypeError):
        np.add(wrong, 1, where=True)
    with pytest.raises(TypeError, match="must have a delta method here: found sin"):
        np.sin(wrong)
    np.testing.assert_array_equal((-e).value, [-1, -2])
