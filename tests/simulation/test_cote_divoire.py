"""The synthetic cocoa belt: one population behind every table, the committed files, and the two questionnaires."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from prevalence.simulate import CocoaParameters, CoteDivoire, city, cote_divoire
from prevalence.simulate.cocoa.form import CHOICES, questions
from prevalence.simulate.cocoa.parameters import SMALLEST_AREA
from prevalence.simulate.cocoa.population import Belt, belt
from prevalence.simulate.cocoa.sample import doors_away, knowing, known_households

SAID = ("labour_child", "hazardous_child", "forced_child", "labour_parent", "forced_parent")


@pytest.fixture(scope="module")
def study() -> CoteDivoire:
    return cote_divoire()


@pytest.fixture(scope="module")
def homes() -> Belt:
    return belt(CocoaParameters(), np.random.default_rng(4))


def value(study: CoteDivoire, name: str, domain: str = "all") -> float:
    rows = study.truth[(study.truth["id"] == name) & (study.truth["domain"] == domain)]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


# The population


def test_the_belt_is_as_assumed(homes: Belt) -> None:
    n = homes.age.size
    alone = homes.relation == 2
    assert homes.listed.min() >= SMALLEST_AREA
    # shares of two million children; areas and forced labour spread them by a little more
    assert homes.labour.mean() == pytest.approx(0.38, abs=0.005)
    assert homes.hazardous.mean() == pytest.approx(0.37, abs=0.005)
    assert homes.forced.mean() == pytest.approx(0.006, abs=0.0004)
    assert homes.forced[alone].mean() == pytest.approx(0.04, abs=0.004)
    assert alone.mean() == pytest.approx(0.03, abs=0.001)
    assert not homes.girl[alone].any()
    assert homes.age[alone].min() == 12
    assert set(homes.child_origin[alone]) == {1, 2}
    assert not (homes.forced & ~homes.hazardous).any()
    assert not (homes.hazardous & ~homes.labour).any()
    assert homes.children.sum() == n
    assert homes.listed.sum() == homes.area.size


def test_answers_have_the_chances_of_the_parameters(homes: Belt) -> None:
    labour, other = homes.labour, ~homes.labour
    # standard errors of these shares are below 0.001
    assert homes.labour_child[labour].mean() == pytest.approx(0.95, abs=0.003)
    assert homes.labour_child[other].mean() == pytest.approx(0.02, abs=0.003)
    assert homes.labour_parent[labour].mean() == pytest.approx(0.70, abs=0.005)
    assert homes.labour_list[labour].mean() == pytest.approx(0.80, abs=0.005)
    assert homes.labour_parent[other].mean() == pytest.approx(0.01, abs=0.002)
    assert not (homes.labour_parent & ~homes.labour_list).any()
    assert not (homes.forced_child & ~homes.forced).any()
    assert not (homes.forced_child & ~homes.labour_child).any()


def test_households_know_each_other_within_three_doors(homes: Belt) -> None:
    asked = np.arange(0, homes.area.size, 997)
    mine, other = known_households(homes, asked)
    assert (homes.area[asked[mine]] == homes.area[other]).all()
    assert not (asked[mine] == other).any()
    count = knowing(homes, asked)
    np.testing.assert_array_equal(count, np.bincount(mine, minlength=asked.size))
    assert set(count) == {2, 3, 4, 5, 6}
    back, again = known_households(homes, other)
    pairs = set(zip(back.tolist(), again.tolist(), strict=True))
    assert set(enumerate(asked[mine].tolist())) <= pairs  # whom I know knows me
    np.testing.assert_array_equal(doors_away(homes, doors_away(homes, asked, 3), -3), asked)


# The survey


def test_base_weights_add_up_to_the_households_of_each_district(study: CoteDivoire) -> None:
    selected = study.households
    assert selected["ea"].nunique() == 200
    assert selected.groupby("ea").size().eq(15).all()
    counts = study.margins.query("population == 'households'").set_index("district")["count"]
    weights = selected.groupby("district")["base_weight"].sum()
    np.testing.assert_allclose(weights, counts.loc[weights.index], rtol=1e-12)
    visited = selected[selected["responded"] == 1].set_index("household_id")
    roster = study.children.groupby("household_id").size()
    roster = roster.reindex(visited.index, fill_value=0)
    assert (roster == visited["n_children"]).all()
    silent = selected[selected["responded"] == 0]
    assert silent[["poor", "n_children", "neighbours"]].isna().all(axis=None)
    assert silent["head_origin"].eq("").all()
    assert set(study.neighbours["household_id"]) <= set(visited.index)
    assert study.neighbours["known_by"].between(2, 6).all()


def test_the_list_goes_to_one_child_and_the_long_one_to_half(study: CoteDivoire) -> None:
    children = study.children
    drawn = children["one_per_household"] == 1
    assert children.groupby("household_id")["one_per_household"].sum().eq(1).all()
    assert children["list_count"].notna().eq(drawn).all()
    asked = children[drawn].merge(study.households[["household_id", "ea"]], on="household_id")
    halves = asked.groupby("ea")["list_long"].agg(["sum", "size"])
    # whole areas are halved; households without children take no part in the list
    assert halves["sum"].sum() / halves["size"].sum() == pytest.approx(0.5, abs=0.03)
    assert children.loc[children["list_long"] == 0, "list_count"].max() <= 4
    assert children["list_count"].max() == 5
    counts = children[children["verified"] == 1].groupby("labour_child").size()
    assert counts.tolist() == [300, 300]
    assert children["labour_verified"].notna().eq(children["verified"] == 1).all()
    for name in SAID:
        assert set(children[name]) == {0, 1}


def test_truth_adds_up_and_holds_the_margins(study: CoteDivoire) -> None:
    truth, margins = study.truth, study.margins
    assert not truth.duplicated(["id", "by", "domain"]).any()
    assert not truth.isna().any(axis=None)
    children = margins[margins["population"] != "households"]
    size = value(study, "cocoa_children")
    assert children.groupby("margin")["count"].sum().eq(size).all()
    for by in ("district", "sex", "age_group", "relation"):
        parts = truth.loc[(truth["id"] == "forced_count") & (truth["by"] == by), "value"]
        assert parts.sum() == value(study, "forced_count")
    assert value(study, "child_labour_icc") == pytest.approx(0.10, abs=0.01)
    town = city(study.seed)
    pd.testing.assert_frame_equal(study.city_captures, town.captures)
    rows = truth[truth["id"].isin(town.truth["id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, town.truth)


def test_public_figures_and_what_is_marked_assumed(study: CoteDivoire) -> None:
    frame = study.frame
    assert frame["population"].sum() == 29_389_151  # RGPH 2021 by district, one above the total
    assert frame["source"].str.contains("RGPH 2021").all()
    assert set(frame["status"]) == {"checked", "check at the source"}
    belt_rows = frame[frame["cocoa_belt_assumed"] == 1]
    assert belt_rows["district"].tolist() == study.households["district"].unique().tolist()


def test_parameters_that_cannot_be_simulated_are_refused() -> None:
    for wrong, words in (
        ({"forced": 0.001}, "forced must be below child_labour"),
        ({"parent_list": 0.5}, "parent_list must be at least parent_finds"),
        ({"households": 21}, "households between 1 and"),
        ({"response": 1.2}, "chances must be between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=words):
            CocoaParameters(**wrong)


# Questionnaires and files


def test_every_answer_of_the_files_has_a_question_in_two_languages(study: CoteDivoire) -> None:
    asked = questions()
    words = asked[~asked["type"].isin(["calculate", "end_group", "end_repeat"])]
    assert words.filter(like="label::").shape[1] == 2
    assert not words.filter(like="label::").isin([""]).to_numpy().any()
    belt_names = set(asked.query("form == 'cocoa'")["name"])
    known = {"n_eas", "ea_probability", "listed", "selected", "base_weight", "age_group"}
    known |= {"verified", "labour_verified"}  # the sample's, and of a second visit
    for table in (study.households, study.children, study.neighbours):
        assert set(table) - known <= belt_names
    for column in ("relation", "origin", "sex", "district"):
        codes = {code for code, _, _ in CHOICES["cocoa"][column]}
        assert set(study.children[column]) == codes
    town = set(asked.query("form == 'city'")["name"])
    assert {"person", "group", "age", "live_in", "visits", "trafficked"} <= town


def test_the_committed_files_are_those_of_the_default_seed(
    study: CoteDivoire, root: Path, tmp_path: Path
) -> None:
    folder = root / "data" / "synthetic" / "cote_divoire"
    written = [*study.write(tmp_path), *study.write_forms(tmp_path)]
    assert {path.name for path in folder.iterdir()} == {*written, "DATA_CARD.md"}
    card = (folder / "DATA_CARD.md").read_text(encoding="utf-8")
    assert "no row is a real person" in card.lower()
    for name in written:
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name
        if name.endswith(".csv"):
            rows = len(pd.read_csv(folder / name))
            assert f"| `{name}` | {rows:,} |" in card, f"{name} has {rows} rows"
        else:
            assert zipfile.is_zipfile(folder / name)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000
