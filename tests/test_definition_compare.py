"""Definitions side by side, what one of them rests on, presets, and their figures."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import prevalence as pv
from prevalence.definition.sensitivity import thresholds_moved, without

from .naive.definition_compare import shares
from .test_plot import artist

SIGNS = ("debt", "threats", "papers", "hours")
GRADES = ("strong", "strong", "medium", "medium")
WINDOWS = {"12m": "[1, 2]", "current": "[1]"}


def indicators() -> dict[str, pv.Indicator]:
    return {
        name: pv.Indicator(
            {w: f"{name} in {codes}" for w, codes in WINDOWS.items()}, domain=name, strength=grade
        )
        for name, grade in zip(SIGNS, GRADES, strict=True)
    }


def definition(name: str, rule: Any, **more: Any) -> pv.Definition:
    given = {"windows": ("12m", "current"), "window": "12m", **more}
    return pv.Definition(name, "1", indicators=indicators(), rule=rule, **given)


BROAD = definition("Broad", pv.AtLeast(1))
STRICT = definition("Strict", pv.AllOf("debt", pv.AtLeast(2, strength=["strong", "medium"])))


@cache
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 240
    psu = np.repeat(np.arange(24), 10)
    data = pd.DataFrame(
        {"psu": psu, "stratum": psu // 6, "w": rng.integers(1, 6, n), "age": rng.integers(5, 18, n)}
    ).astype({"w": float})
    victim = rng.random(n) < 0.15 + 0.2 * rng.random(24)[psu]
    for name in SIGNS:
        yes = rng.random(n) < np.where(victim, 0.6, 0.08)
        data[name] = np.where(yes, rng.integers(1, 3, n), 4).astype(float)
        data.loc[rng.random(n) < 0.04, name] = np.nan
    return data


def survey(data: pd.DataFrame | None = None) -> pv.Survey:
    data = rows() if data is None else data
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


@cache
def both() -> Any:
    return STRICT.compare(survey(), BROAD)


# ---------------------------------------------------------------------- compare


def test_shares_and_covariance_are_those_of_the_slow_version() -> None:
    data, names = rows().copy(), []
    for d in (STRICT, BROAD):
        for window in WINDOWS:
            names.append(d.outcome(window))
            data[names[-1]] = d.classify(rows(), window=window).outcome
    value, covariance = shares(data, names)
    assert data[names].isna().any().all()  # each with its own gaps
    e = both().estimate
    assert list(e.outcomes) == names
    np.testing.assert_allclose(e.value, value, rtol=1e-12)
    np.testing.assert_allclose(e.covariance, covariance, rtol=1e-9, atol=1e-15)


def test_each_row_is_what_prevalence_gives_and_carries_its_definition() -> None:
    table = both().to_frame()
    for k, (d, window) in enumerate([(d, w) for d in (STRICT, BROAD) for w in WINDOWS]):
        kids = survey().classify(d, window=window)
        alone = pv.direct.prevalence(kids, d.outcome(window), where=d.where, missing="drop")
        expected = alone.to_frame().iloc[0]
        for name in ("estimate", "std_error", "conf_low", "conf_high", "n", "missing", "cases"):
            assert table[name][k] == pytest.approx(expected[name], rel=1e-12), name
        assert table.loc[k, ["definition", "version", "window"]].tolist() == [d.name, "1", window]
    e = both().estimate
    assert e.estimand.definition_hash == f"{STRICT.hash}; {BROAD.hash}"
    assert e[0].to_frame()["definition"].tolist() == ["Strict, version 1"]


def test_a_difference_has_the_standard_error_of_the_mean_of_the_difference() -> None:
    complete = rows().fillna(4)
    frame = STRICT.compare(survey(complete), BROAD).differences()
    frame = frame.set_index(["difference", "window"])
    found = [d.classify(complete).outcome for d in (STRICT, BROAD)]
    direct = pv.direct.mean(survey(complete.assign(d=found[0] - found[1])), "d")
    assert frame["estimate"].iloc[0] == pytest.approx(direct.value[0], rel=1e-12)
    assert frame["std_error"].iloc[0] == pytest.approx(direct.std_error[0], rel=1e-12)
    assert frame.index.get_level_values(0).tolist() == [
        "Strict - Broad", "Strict - Broad", "Strict: 12m - current", "Broad: 12m - current",
    ]  # fmt: skip


def test_replicates_and_linearisation_share_the_covariance() -> None:
    complete = rows().fillna(4)
    by_jackknife = STRICT.compare(survey(complete).jackknife(), BROAD, windows=["12m"])
    by_derivative = STRICT.compare(survey(complete), BROAD, windows=["12m"])
    one, two = (c.differences()["std_error"].iloc[0] for c in (by_jackknife, by_derivative))
    assert one == pytest.approx(two, rel=0.02)  # ratios: equal to first order in 24 units


def test_cases_of_no_row_make_no_standard_error() -> None:
    same = definition("Same", pv.AtLeast(1, list(SIGNS)))
    frame = BROAD.compare(survey(), same, windows=["12m"]).differences()
    assert frame["estimate"].tolist() == [0.0]
    assert frame[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)


def test_overlaps_count_every_row_of_a_denominator_once() -> None:
    table = both().overlaps
    for window in WINDOWS:
        part = table[table["window"] == window]
        assert part["n"].sum() == len(rows())
        assert part["share"].sum() == pytest.approx(1, rel=1e-12)
    found = {d.name: d.classify(rows()).outcome for d in (STRICT, BROAD)}
    here = table[(table["window"] == "12m") & (table["Strict"] == 0) & (table["Broad"] == 1)]
    only = (found["Strict"] == 0) & (found["Broad"] == 1)
    assert here["n"].tolist() == [only.sum()]
    assert here["share"].iloc[0] == pytest.approx(rows()["w"][only].sum() / rows()["w"].sum())


def test_a_survey_that_was_classified_before_can_be_compared() -> None:
    before = survey().classify(BROAD).classify(STRICT, window="current")
    again = STRICT.compare(before, BROAD)
    np.testing.assert_array_equal(again.estimate.value, both().estimate.value)
    assert BROAD.outcome() in before.table.columns


def test_bounds_are_rows_of_their_own() -> None:
    bounded = definition("Bounded", pv.AtLeast(1), missing="bounds")
    result = bounded.compare(survey(), windows=["12m"])
    found = bounded.classify(survey())
    w = rows()["w"].to_numpy()
    assert result.rows["bound"].tolist() == ["at least", "at most"]
    expected = [np.average(side, weights=w) for side in (found.low, found.high)]
    np.testing.assert_allclose(result.estimate.value, expected, rtol=1e-12)
    assert len(repr(result).splitlines()) == 3


def test_denominators_may_differ() -> None:
    older = definition("Older", pv.AtLeast(1), age=(12, 17))
    result = BROAD.compare(survey(), older, windows=["12m"])
    assert result.to_frame()["n"].tolist()[1] < result.to_frame()["n"].tolist()[0]
    assert result.overlaps["Older"].isna().any()


# ---------------------------------------------------------------------- sensitivity


def test_changes_are_the_definitions_written_by_hand() -> None:
    frame = STRICT.sensitivity(survey()).to_frame().set_index("change")
    some = ["strong", "medium"]
    by_hand = {
        "as defined": STRICT.rule,
        "without threats": pv.AllOf("debt", pv.AtLeast(2, ["debt", "papers", "hours"])),
        "without debt": pv.AtLeast(2, ["threats", "papers", "hours"]),
        "at least 2 -> 1 (strong or medium)": pv.AllOf("debt", pv.AtLeast(1, strength=some)),
        "at least 2 -> 3 (strong or medium)": pv.AllOf("debt", pv.AtLeast(3, strength=some)),
    }
    for change, rule in by_hand.items():
        d = definition("By hand", rule)
        alone = d.compare(survey(), windows=["12m"]).to_frame().iloc[0]
        for name in ("estimate", "std_error", "conf_low", "n", "cases"):
            assert frame.loc[change, name] == pytest.approx(alone[name], rel=1e-12), change
    assert frame["difference"].tolist() == pytest.approx(
        frame["estimate"] - frame["estimate"].iloc[0]
    )
    assert frame.loc["as defined", "difference_std_error"] == 0
    assert (frame["difference_std_error"].iloc[1:].dropna() > 0).all()


def test_paired_standard_errors_are_below_those_of_independent_samples() -> None:
    frame = STRICT.sensitivity(survey()).to_frame()
    apart = np.hypot(frame["std_error"], frame["std_error"].iloc[0])
    assert (frame["difference_std_error"] < apart).all()


def test_changes_that_leave_no_rule_are_said() -> None:
    d = definition("Both", pv.AllOf("debt", pv.AtLeast(4)))
    result = d.sensitivity(survey())
    lost = result.impossible.set_index("change")["reason"]
    assert "without threats" in lost.index
    assert "answers can meet" in lost["at least 4 -> 5"]
    assert "without threats: rule must be one" in repr(result)
    alone = pv.Definition("One", "1", indicators={"debt": pv.Indicator("debt == 1")}, rule="debt")
    assert alone.sensitivity(survey()).impossible["reason"].tolist() == ["no rule is left"]


def test_the_override_of_children_stays_when_the_rule_is_gone() -> None:
    signs = {name: pv.Indicator(f"{name} == 1") for name in ("debt", "threats")}
    given: dict[str, Any] = {"indicators": signs, "rule": "debt", "child_override": "threats"}
    children = pv.Definition("Two", "1", **given)
    frame = children.sensitivity(survey()).to_frame().set_index("change")
    only = pv.Definition("Only", "1", indicators=signs, rule="threats")
    expected = only.compare(survey()).estimate.value[0]
    assert frame.loc["without debt", "estimate"] == pytest.approx(expected)
    everybody = pv.Definition("Two", "1", **given, age=None)
    lost = everybody.sensitivity(survey()).impossible
    assert lost["change"].tolist() == ["without debt"]


@pytest.mark.parametrize(
    ("rule", "name", "left"),
    [
        ("a", "a", None),
        ("a", "b", "a"),
        (pv.AnyOf("a", "b"), "a", pv.AnyOf("b")),
        (pv.AllOf("a", pv.Not("b")), "b", pv.AllOf("a")),
        (pv.Not("a"), "a", None),
        (pv.AtLeast(2), "a", pv.AtLeast(2)),
        (pv.AtLeast(2, ["a", "b", "c"]), "a", pv.AtLeast(2, ["b", "c"])),
        (pv.AtLeast(1, ["a"]), "a", None),
    ],
)
def test_a_rule_without_an_indicator(rule: Any, name: str, left: Any) -> None:
    assert without(rule, name) == left


def test_every_threshold_is_moved_both_ways_but_not_to_none() -> None:
    rule = pv.AnyOf("a", pv.Not(pv.AtLeast(2, domain="x", distinct_domains=True)), pv.AtLeast(1))
    assert [words for words, _ in thresholds_moved(rule)] == [
        "at least 2 -> 1 (distinct domains, x)",
        "at least 2 -> 3 (distinct domains, x)",
        "at least 1 -> 2",
    ]


# ---------------------------------------------------------------------- presets and shipped files

FILLED = {
    "ilo-child-labour": {
        "light_work_age": 12, "minimum_age": 15, "hours_youngest": 1, "hours_light_work": 14,
        "hours_older": 43, "chores_hours": 21,
    },
    "ilo-forced-child-labour": {},
    "trafficking-indicators": {"domains_needed": 2},
}  # fmt: skip


@pytest.mark.parametrize("name", list(FILLED))
def test_a_preset_raises_until_its_holes_are_filled(name: str) -> None:
    preset = pv.Definition.preset(name)
    assert preset.version == "illustrative"
    data = {column: np.array([0.0, 1.0]) for column in preset.columns()}
    data |= {preset.age_column: np.array([9.0, 16.0])}
    if preset.holes:
        with pytest.raises(ValueError, match="must be complete before it classifies"):
            preset.classify(data)
    filled = preset.fill(**FILLED[name])
    assert filled.classify(data).outcome.tolist() == [0.0, 1.0]
    assert pv.Definition.from_toml(preset.to_toml()) == preset


def test_a_preset_takes_other_columns() -> None:
    preset = pv.Definition.preset("ilo-child-labour", columns={"hours": "q 12", "age": "a1"})
    filled = preset.fill(**FILLED["ilo-child-labour"])
    data = {"a1": [9, 13, 16], "q 12": [2, 13, 44]}
    rest = {name: [0, 0, 0] for name in ("chores_hours", "hazardous", "worst_form")}
    assert filled.classify({**data, **rest}).outcome.tolist() == [1, 0, 1]


@pytest.mark.parametrize("letter", ["a", "b", "c"])
def test_shipped_definitions_say_that_their_cut_offs_were_chosen(root: Path, letter: str) -> None:
    folder = root / "data" / "synthetic" / "jamaica" / "questionnaire"
    path = folder / f"definition-{letter}.toml"
    text = path.read_text(encoding="utf-8")
    assert "chosen for this synthetic" in text
    assert tomllib.loads(text)["name"].lower().startswith(letter)
    d = pv.Definition.from_toml(path)
    assert d.at_windows == ("lifetime", "12m", "current")
    assert all(set(i.labels) == {"en", "fr"} for i in d.indicators.values())


# ---------------------------------------------------------------------- figures


def test_shares_are_drawn_where_they_are() -> None:
    truth = {"12m": 0.2}
    ax = both().plot(truth=truth, synthetic=True)
    table = both().to_frame()
    heights = [line.get_gid() for line in ax.lines if str(line.get_gid()).startswith("value-")]
    assert len(heights) == 4
    for gid, value in zip(heights, table["estimate"], strict=True):
        assert artist(ax, gid).get_xdata()[0] == pytest.approx(100 * value)
        low, high = artist(ax, gid.replace("value", "interval")).get_xdata()
        assert low < 100 * value < high
    truths = [line for line in ax.lines if str(line.get_gid()).startswith("truth-")]
    assert [line.get_xdata()[0] for line in truths] == [20, 20]
    said = pv.plot.describe(ax)
    assert "Strict, last 12 months" in said
    assert "Broad, now" in said
    assert said.endswith("Synthetic data: no real person; like published studies, repeats none.")


def test_a_narrow_figure_has_its_words_above_the_intervals() -> None:
    ax = Figure(figsize=(3.7, 5), layout="constrained").add_subplot()
    assert both().plot(ax=ax) is ax
    assert "Strict, last 12 months" in pv.plot.describe(ax)


def test_suppressed_shares_are_not_drawn() -> None:
    table = both().to_frame()
    table["flag"] = ["suppressed: fewer than 5 cases", "", "", ""]
    ax = pv.plot.definitions(table)
    drawn = [line for line in ax.lines if str(line.get_gid()).startswith("value-")]
    assert len(drawn) == 3
    assert "Strict, last 12 months suppressed" in pv.plot.describe(ax)


def test_changes_are_drawn_in_the_order_of_their_size() -> None:
    result = STRICT.sensitivity(survey())
    ax = result.plot(synthetic=True)
    frame = result.to_frame()
    moved = frame[frame["kind"] == "indicator"]["difference"]
    points = [line for line in ax.lines if str(line.get_gid()).startswith("value-")]
    drawn = [float(np.asarray(line.get_xdata())[0]) for line in points]
    order = moved.iloc[np.argsort(-moved.abs(), kind="stable")]
    assert drawn[: len(moved)] == pytest.approx(100 * order.to_numpy())
    assert pv.plot.describe(ax).startswith("Change of a share of ")
