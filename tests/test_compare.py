"""Estimates side by side: what may be subtracted, what must be bridged, and where the truth is."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import samples, variance

Array = NDArray[Any]
DATA = samples.households(41)
SURVEY = pv.Survey(DATA, weights="w", strata="stratum", psu="psu").describe(
    window="2023", population="households"
)
CASE = pv.direct.prevalence(SURVEY, "case")
ANSWERED = pv.direct.prevalence(SURVEY, "responded")
LISTS = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"]).describe(
    outcome="case", window="2023", population="households"
)


def same(e: pv.Estimate) -> pv.Estimate:
    return e.describe(outcome="case")


# ------------------------------------------------------------------ what may stand together
@pytest.mark.parametrize(
    ("other", "named"),
    [
        (CASE.describe(window="2022"), r"window \(2023 / 2022\)"),
        (CASE.describe(outcome="forced labour"), r"outcome \(case / forced labour\)"),
        (CASE.describe(population=""), r"population \(households / not given\)"),
        (CASE.count(10_000), r"unit \(proportion / count\)"),
        (
            CASE.describe(window="2022", denominator="adults").count(10_000),
            r"window \(2023 / 2022\); denominator \(not given / adults\); unit \(proportion / count\)",
        ),
    ],
)
def test_different_estimands_are_refused_with_what_differs(other: pv.Estimate, named: str) -> None:
    with pytest.raises(ValueError, match=f"'one' and 'two' differ in {named}. Convert one with"):
        pv.compare({"one": CASE, "two": other})
    shown = pv.compare({"one": CASE, "two": other}, side_by_side=True).to_frame()
    assert shown["name"].tolist() == ["one", "two"]
    assert shown["estimate"].tolist() == [float(CASE), float(other)]


def test_excluded_groups_are_a_remark() -> None:
    assert len(pv.compare({"a": CASE, "b": CASE.describe(excludes="institutions")}).to_frame()) == 2


def test_side_by_side_prints_each_with_its_own_estimand() -> None:
    text = repr(pv.compare({"now": CASE, "then": CASE.describe(window="2022")}, side_by_side=True))
    assert "now: case, households, 2023" in text
    assert "then: case, households, 2022" in text
    assert "none: not stated" in repr(pv.compare({"none": pv.uncertain(0.2, std_error=0.1)}))


def test_a_bridge_needs_a_reason_and_keeps_it() -> None:
    past = CASE.describe(window="ever")
    moved = past.bridge(0.5, reason="Half were within the year.", window="2023")
    table = pv.compare({"now": CASE, "ever": moved}).differences()
    assert table["estimate"].tolist() == pytest.approx([0.5 * float(CASE)])
    assert "Bridge (times 0.5): Half were within the year." in moved.assumptions
    # An uncertain factor brings its own variance, by the delta method.
    factor = pv.uncertain(0.5, std_error=0.05)
    wide = past.bridge(factor, reason="A study of 100.", window="2023")
    wanted = 0.25 * CASE.std_error**2 + (CASE.value * 0.05) ** 2
    assert wide.std_error[0] ** 2 == pytest.approx(wanted[0], rel=1e-10)
    added = past.bridge(0.01, reason="Institutions.", add=True, window="2023")
    np.testing.assert_allclose(added.interval(), past.interval() + 0.01, rtol=1e-12)
    for how in ({}, {"reason": ""}):
        with pytest.raises((TypeError, ValueError), match="reason"):
            past.bridge(0.5, window="2023", **how)  # type: ignore[arg-type]  # left out on purpose


# ------------------------------------------------------------------ differences
def test_differences_have_their_covariance() -> None:
    table = pv.compare({"case": CASE, "answered": same(ANSWERED)}).differences()
    assert table["difference"].tolist() == ["case - answered"]
    w, z = DATA["w"], np.zeros(DATA["w"].size)
    for sign, name in ((1, "case"), (-1, "responded")):
        share = (w @ DATA[name]) / w.sum()
        z += sign * w * (DATA[name] - share) / w.sum()
    wanted = variance.multistage(z, DATA["stratum"], [DATA["psu"]], [None])
    assert table["std_error"][0] ** 2 == pytest.approx(wanted, rel=1e-10)
    assert table["std_error"][0] ** 2 != pytest.approx(
        (CASE.std_error**2 + ANSWERED.std_error**2)[0], rel=0.01
    )
    assert table["ratio"][0] == pytest.approx(float(CASE) / float(ANSWERED))
    low, high = (CASE - same(ANSWERED)).interval(0.9)[0]
    ninety = pv.compare({"a": CASE, "b": same(ANSWERED)}).differences(0.9)
    assert (ninety["conf_low"][0], ninety["conf_high"][0]) == (low, high)


def test_floors_take_no_part_in_differences() -> None:
    floor, count = pv.mse.loglinear(LISTS), CASE.count(1_000)
    result = pv.compare({"survey": count, "lists": floor, "again": same(ANSWERED).count(1_000)})
    assert result.differences()["difference"].tolist() == ["survey - again"]
    assert result.to_frame()["kind"].tolist() == ["estimate", "floor", "estimate"]
    assert "lists: at least: case, households, 2023" in repr(result)
    with pytest.raises(ValueError, match=r"differences need two .* found none among survey, lists"):
        pv.compare({"survey": count, "lists": floor}).differences()


def test_differences_pair_domains_by_their_names() -> None:
    a = pv.direct.prevalence(SURVEY, "case", by="age")
    b = same(pv.direct.prevalence(SURVEY, "responded", by="age"))
    turned = b.take(np.array([2, 0, 1]))
    one = pv.compare({"a": a, "b": b}).differences()
    two = pv.compare({"a": a, "b": turned}).differences()
    assert one["domain"].tolist() == two["domain"].tolist() == ["0", "1", "2"]
    for column in ("estimate", "std_error", "conf_low", "conf_high", "ratio"):
        np.testing.assert_allclose(one[column], two[column], rtol=1e-12)
    # Three ages and three regions are not the same domains, nor are two of three ages.
    region = pv.Survey({**DATA, "region": DATA["region"] + 10}, weights="w", psu="psu").describe(
        window="2023", population="households"
    )
    for other in (pv.direct.prevalence(region, "case", by="region"), b["0"]):
        with pytest.raises(ValueError, match="set of domains"):
            pv.compare({"a": a, "b": other}).differences()
    # The whole and the whole under another name are one domain.
    whole = pv.compare({"a": CASE, "b": same(ANSWERED)}).differences()
    assert whole["domain"].tolist() == ["all"]


def test_a_difference_from_nothing_has_no_warning() -> None:
    empty = pv.Survey({**DATA, "case": DATA["case"] * 0}, weights="w", strata="stratum", psu="psu")
    zero = pv.direct.prevalence(empty.describe(window="2023", population="households"), "case")
    table = pv.compare({"a": CASE, "zero": zero}).differences()
    assert np.isinf(table["ratio"][0])


# ------------------------------------------------------------------ the truth
def test_truth_stands_beside_the_rows_it_belongs_to() -> None:
    by_age = pv.direct.prevalence(SURVEY, "case", by="age")
    low, high = by_age.interval().T
    known = [float(low[0]) + 1e-6, float(high[1]) + 1e-6, float("nan")]
    frame = pv.compare({"age": by_age, "all": CASE}, truth={"age": known}).to_frame()
    np.testing.assert_array_equal(frame["truth"], [*known, np.nan])
    assert frame["covers"].tolist()[:2] == [True, False]
    assert frame["covers"].isna().tolist() == [False, False, True, True]
    one = pv.compare({"age": by_age}, truth={"age": 0.3}).to_frame()
    assert one["truth"].tolist() == [0.3] * 3
    with pytest.raises(ValueError, match=r"'age' has shape \(2,\) for 3 rows"):
        pv.compare({"age": by_age}, truth={"age": [0.1, 0.2]})
    with pytest.raises(ValueError, match="truth must name estimates: 'aeg' is none of age"):
        pv.compare({"age": by_age}, truth={"aeg": 0.1})


# ------------------------------------------------------------------ how it looks
def test_names_are_escaped_in_html() -> None:
    name = "<script>alert('x')</script>"
    bad = pv.direct.prevalence(SURVEY.describe(window="<b>2023</b>"), "case")
    html = pv.compare({name: bad})._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;2023" in html
    assert name in repr(pv.compare({name: bad}))


def test_plot_draws_on_the_axes_given() -> None:
    result = pv.compare(
        {"survey": CASE.count(1_000), "lists": pv.mse.loglinear(LISTS)}, truth={"survey": 300}
    )
    fig, ax = plt.subplots()
    assert result.plot(ax=ax) is ax
    assert "survey" in str(ax.get_label())
    drawn = {artist.get_gid() for artist in ax.get_children()}
    assert {"interval-0", "floor-1"} <= drawn
    plt.close(fig)
    mixed = pv.compare({"share": CASE, "count": CASE.count(1_000)}, side_by_side=True)
    with pytest.raises(ValueError, match="comparison must have one unit in one figure"):
        mixed.plot()
    plt.close("all")


# ------------------------------------------------------------------ covariances
def test_covariances_are_those_of_the_columns_of_one_sample() -> None:
    names = {"case": CASE, "answered": ANSWERED}
    found = pv.compare(names, side_by_side=True).covariance()
    joint = pv.direct.mean(SURVEY, ["case", "responded"])
    # as one estimate of two rows; sums and differences of variances lose a few digits
    np.testing.assert_allclose(found.to_numpy(), joint.covariance, rtol=1e-9)
    assert list(found.index) == list(found.columns) == ["case", "answered"]
    correlation = pv.compare(names, side_by_side=True).covariance(correlation=True)
    expected = found.iloc[0, 1] / CASE.std_error[0] / ANSWERED.std_error[0]
    assert correlation.iloc[1, 0] == pytest.approx(expected, rel=1e-9)


def test_sources_apart_have_no_covariance_and_a_shared_factor_has() -> None:
    size = pv.uncertain(1000, std_error=50, name="size")
    other = pv.Survey(samples.households(42), weights="w", strata="stratum", psu="psu")
    apart = pv.direct.prevalence(other, "case")
    both = pv.compare({"one": CASE.count(size), "two": apart.count(size)}, side_by_side=True)
    assert pv.compare({"one": CASE, "two": apart}, side_by_side=True).covariance().iloc[
        0, 1
    ] == pytest.approx(0, abs=1e-15)  # rounding of a difference of variances near 1e-3
    expected = float(CASE) * float(apart) * 50**2
    assert both.covariance().iloc[0, 1] == pytest.approx(expected, rel=1e-9)


def test_covariances_need_one_row_each() -> None:
    by = pv.direct.prevalence(SURVEY, "case", by="stratum")
    with pytest.raises(ValueError, match=r"must have one row each: 'by' has \d+. Choose a domain"):
        pv.compare({"by": by}).covariance()


# ------------------------------------------------------------------ ranges over other models
def test_a_range_over_models_is_carried_along() -> None:
    rows = {"a": [1, 0, 1, 1, 0, 1, 0], "b": [0, 1, 1, 0, 1, 1, 0], "c": [0, 0, 0, 1, 1, 1, 1]}
    cases = pv.Lists({**rows, "n": [50, 60, 8, 9, 7, 3, 40]}, ["a", "b", "c"], counts="n")
    e = pv.mse.loglinear(cases)
    low, high = e.provenance["range"]
    share = pv.uncertain(0.5, std_error=0.05)
    for moved, ends in (
        (2 * e, (2 * low, 2 * high)),
        (e * share, (low / 2, high / 2)),
        (100 / e, (100 / high, 100 / low)),
        (e.bridge(7, add=True, reason="seven more"), (low + 7, high + 7)),
        (np.log(e), (np.log(low), np.log(high))),
    ):
        assert moved.provenance["range"] == pytest.approx(ends, rel=1e-12)  # rounding
        assert moved.provenance["range of"] == e.provenance["range of"]
    assert "range" not in (e - e).provenance


def test_one_truth_for_all_estimates() -> None:
    survey = pv.Survey({"a": [1, 0, 1, 0] * 5, "g": ["x", "y"] * 10})
    one, by = pv.direct.prevalence(survey, "a"), pv.direct.prevalence(survey, "a", by="g")
    both = pv.compare({"one": one, "by": by}, truth=0.5, side_by_side=True)
    assert both.to_frame()["truth"].tolist() == [0.5, 0.5, 0.5]
    assert both.truth == {"one": 0.5, "by": 0.5}
    with pytest.raises(ValueError, match="'one' has shape"):
        pv.compare({"one": one, "by": by}, truth=[0.4, 0.6], side_by_side=True)
