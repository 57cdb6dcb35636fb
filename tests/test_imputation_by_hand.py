"""Rubin's rules on few numbers by hand, what is kept of each estimate, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.blocks import Block, Columns
from prevalence.chain import plain


def made(
    values: list[float], errors: list[float], df: float = np.inf, source: str = "survey", **fields: Any
) -> Any:  # fmt: skip
    p = len(values)
    scheme = Columns(source, "known", np.ones(p), tuple(map(str, range(p))))
    block = Block(plain(np.diag(np.array(errors, dtype=float))), scheme, np.full(p, float(df)))
    return pv.Estimate(np.array(values, dtype=float), (block,), **fields)


def three(df: float = 30.0, **fields: Any) -> list[Any]:
    """Three imputations of two rows, of which the second does not vary between them."""
    return [made([v, 5.0], [s, 0.5], df, **fields) for v, s in ((1, 1.0), (2, 2.0), (6, 2.0))]


def test_the_variance_is_the_mean_within_and_more_than_that_between() -> None:
    found = pv.combine_imputations(three(), name="x")
    np.testing.assert_allclose(found.value, [3, 5])
    within, between = (1 + 4 + 4) / 3, (1 + 1 / 3) * (4 + 1 + 9) / 2
    np.testing.assert_allclose(found.std_error**2, [within + between, 0.25], rtol=1e-12)
    assert found.covariance[0, 1] == pytest.approx(0, abs=1e-14)
    share = between / (within + between)
    observed = 30 * 31 / 33 * (1 - share)
    assert found.df[0] == pytest.approx(1 / (share**2 / 2 + 1 / observed), rel=1e-9)
    assert found.df[1] == pytest.approx(30 * 31 / 33, rel=1e-9)
    told = share + (1 - share) * 2 / (2 / share**2 + 3)
    np.testing.assert_allclose(found.facts["missing_information"], [told, 0], atol=1e-14)


@pytest.mark.parametrize(("rule", "df"), [("barnard-rubin", np.inf), ("rubin", 30.0)])
def test_degrees_of_freedom_are_rubins_where_those_of_the_design_do_not_count(
    rule: str, df: float
) -> None:
    found = pv.combine_imputations(three(df), df=rule)
    within, between = 3.0, 4 / 3 * 7
    wanted = 2 * ((within + between) / between) ** 2
    assert found.df[0] == pytest.approx(wanted, rel=1e-9)
    assert np.isinf(found.df[1])


def test_what_does_not_vary_at_all_has_no_error() -> None:
    found = pv.combine_imputations([made([4.0], [0.0], 9), made([4.0], [0.0], 9)])
    assert (found.value[0], found.std_error[0]) == (4, 0)
    assert found.facts["missing_information"][0] == 0
    only = pv.combine_imputations([made([4.0], [0.0], 9), made([6.0], [0.0], 9)])
    assert only.std_error[0] ** 2 == pytest.approx(1.5 * 2)
    assert only.df[0] == pytest.approx(1, rel=1e-12)  # those between two imputations


def test_design_effects_grow_with_the_variance_between() -> None:
    facts = {"deff": np.array([2.0, 1.5]), "n": np.array([100, 80]), "cases": np.array([1, 2]),
             "kind": np.array(["a", "b"])}  # fmt: skip
    given = three(facts=facts)
    given[1] = replace(
        given[1], facts={**facts, "kind": np.array(["a", "c"]), "cases": np.array([2, 2])}
    )
    given[2] = replace(given[2], facts={**facts, "own": np.array([1, 1])})
    found = pv.combine_imputations(given)
    total, within = 3 + 4 / 3 * 7, 3.0
    np.testing.assert_allclose(found.facts["deff"], [2 * total / within, 1.5], rtol=1e-12)
    np.testing.assert_allclose(found.facts["n_eff"], [100 / (2 * total / within), 80 / 1.5])
    np.testing.assert_array_equal(found.facts["cases"], [1.3, 2])
    assert found.facts["kind"].tolist() == ["a", "several"]
    assert "own" not in found.facts
    assert found.provenance["cases"] == "cases on average over imputations"
    assert found.provenance["imputations"] == 3
    alike = pv.combine_imputations(three(facts=facts))
    assert "cases" not in alike.provenance
    assert "n_eff" not in pv.combine_imputations(three(facts={"n": np.array([1, 1])})).facts


def test_constants_of_an_interval_are_means_and_its_design_effect_grows() -> None:
    n, deff = np.array([100.0, 80.0]), np.array([2.0, 1.5])
    given = [
        replace(e, value=e.value / 10, unit="proportion", interval_rule="auto",
                constants={"n": n + k, "deff": deff, "value": n, f"own{k}": n})
        for k, e in enumerate(three())
    ]  # fmt: skip
    found = pv.combine_imputations(given)
    within, between = 3.0, 4 / 3 * 7 / 100
    assert sorted(found.constants) == ["deff", "n"]
    np.testing.assert_allclose(found.constants["n"], n + 1)
    np.testing.assert_allclose(found.constants["deff"], [2 * (1 + between / within), 1.5])


@pytest.mark.parametrize(
    ("unit", "rule", "shift", "wanted"),
    [
        ("count", "log", 0.0, "log"),
        ("mean", "wald", 0.0, "wald"),
        ("count", "wald", 0.0, "wald"),
        ("count", "woodruff", 0.0, "log"),
        ("count", "woodruff", -4.0, "wald"),
        ("mean", "woodruff", 0.0, "wald"),
    ],
)
def test_a_rule_that_cannot_be_averaged_is_replaced_and_it_is_said(
    unit: str, rule: str, shift: float, wanted: str
) -> None:
    given = [replace(e + shift, unit=unit, interval_rule=rule, maps=()) for e in three()]
    said = f"intervals of the combined estimates are by the rule '{wanted}'"
    if rule == wanted:
        found = pv.combine_imputations(given)
        assert found.warnings == ()
    else:
        with pytest.warns(pv.PrevalenceWarning, match=said):
            found = pv.combine_imputations(given)
        assert found.warnings[0].startswith(said)
    assert found.interval_rule == wanted
    assert found.maps == ()
    mapped = [replace(e * 2, unit="mean") for e in given]
    assert pv.combine_imputations([replace(e, interval_rule="wald") for e in mapped]).maps == ()


def test_rows_without_a_number_or_an_error_are_told() -> None:
    given = [made([1.0, np.nan, 3.0], [1, 1, np.nan]), made([1.0, 2.0, 3.0], [1, 1, 1])]
    with pytest.warns(pv.PrevalenceWarning) as heard:
        found = pv.combine_imputations(given)
    assert [str(w.message).partition(" in ")[0] for w in heard] == [
        "1 of 3 rows have no value", "1 of 3 rows have no standard error",
    ]  # fmt: skip
    assert list(found.warnings) == [str(w.message) for w in heard]
    np.testing.assert_allclose(found.value, [1, np.nan, 3])
    np.testing.assert_allclose(found.std_error, [1, np.nan, 1], rtol=1e-12)


def test_words_of_the_estimates_are_kept_once() -> None:
    given = three(assumptions=("a",), warnings=("w",), citations=("c",),
                  provenance={"variance": "lin", "model": "m"})  # fmt: skip
    given[2] = replace(
        given[2], assumptions=("b", "a"), provenance={"variance": "lin", "model": "n"}
    )
    found = pv.combine_imputations(given)
    assert found.assumptions[:2] == ("a", "b")
    assert len(found.assumptions) == 3
    assert found.warnings == ("w",)
    assert found.citations[0] == "c"
    assert [text.split()[0] for text in found.citations[1:]] == ["Rubin", "Barnard"]
    assert found.provenance == {
        "variance": "lin; within and between 3 imputations (Rubin's rules)", "imputations": 3,
    }  # fmt: skip


def test_what_cannot_be_combined_is_refused() -> None:
    e = made([1.0, 2.0], [1, 1])
    wrong: Any
    for wrong, words in (
        (e, "estimates must be a list: found one Estimate of 2 rows"),
        ({"a": e}, "estimates must be a list: found dict"),
        (3, "estimates must be a list: found int"),
        ([e, 3], "number 1 is int"),
    ):
        with pytest.raises(TypeError, match=words):
            pv.combine_imputations(wrong)
    for wrong, words in (
        ([e], "two or more, one per imputation: found 1"),
        ([e, made([1.0], [1])], "number 1 has 1 that are not those of the first, 2"),
        ([e, replace(e, outcomes=("a", "b"))], "the same rows: number 1 has 2"),
        ([e, e, replace(e, labels=(("a",), ("b",)))], "the same rows: number 2 has 2"),
        ([e, replace(e, unit="count")], r"number 1 differ in unit \(mean / count\)"),
        ([e, e.describe(window="now")], r"number 1 differ in window \(not given / now\)"),
    ):
        with pytest.raises(ValueError, match=words):
            pv.combine_imputations(wrong)
    with pytest.raises(ValueError, match="df must be one of"):
        pv.combine_imputations([e, e], df="other")
    name: Any = 3
    with pytest.raises(TypeError, match="name must be a text: found 3"):
        pv.combine_imputations([e, e], name=name)


def test_other_sources_of_each_imputation_keep_their_part() -> None:
    known = pv.uncertain(2.0, std_error=0.1, name="rate")
    given = [replace(e, unit="mean") * known for e in three()]
    found = pv.combine_imputations(given)
    assert found.std_error[1] == pytest.approx(math.hypot(2 * 0.5, 5 * 0.1), rel=1e-12)
    columns, _ = found.columns["known:rate"]
    assert columns[1] == pytest.approx([0.5], rel=1e-12)
    apart = [made([v], [1.0], source=name) for v, name in ((1.0, "a"), (1.0, "b"))]
    with pytest.warns(pv.PrevalenceWarning, match=r"^the imputations share no source"):
        alone = pv.combine_imputations(apart)
    assert alone.std_error[0] == pytest.approx(1, rel=1e-12)
