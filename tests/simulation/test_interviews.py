"""The synthetic questionnaire: the children of the sample, answers that follow the truth, and the committed files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from prevalence.simulate import Interviews, Parameters, household_survey, interviews
from prevalence.simulate.country.interview_form import CHOICES, MORE_MEANS
from prevalence.simulate.country.sample import INDICATORS
from prevalence.simulate.workbook import as_cells

MAIN = "Synthetic study"
CODES = {97, 98, 99}


@pytest.fixture(scope="module")
def asked() -> Interviews:
    return interviews()


@pytest.fixture(scope="module")
def committed(root: Path) -> Path:
    return root / "data" / "synthetic" / "jamaica"


@pytest.fixture(scope="module")
def roster(committed: Path) -> pd.DataFrame:
    return pd.read_csv(committed / "children.csv", keep_default_na=False)


def short(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns by the name of the question alone."""
    plain = table[[str(c) for c in table if "hazards/" not in str(c)]]
    return plain.rename(columns=lambda c: c.rsplit("/", 1)[-1])


# The same sample


def test_dwellings_and_children_are_those_of_the_committed_sample(
    asked: Interviews, committed: Path, roster: pd.DataFrame
) -> None:
    homes = pd.read_csv(committed / "households.csv")
    visits = short(asked.export[MAIN])
    assert visits["household_id"].tolist() == homes["household_id"].tolist()
    for column in ("parish", "ed", "urban", "responded", "n_children"):
        pd.testing.assert_series_equal(visits[column], homes[column], check_dtype=False)
    child = short(asked.export["child"])
    assert child["child_id"].tolist() == roster["child_id"].tolist()
    assert child["age"].tolist() == roster["age"].tolist()
    of = visits["household_id"].to_numpy()[child["_parent_index"] - 1]
    assert of.tolist() == roster["household_id"].tolist()


def test_answers_for_the_last_12_months_are_those_of_the_sample(
    asked: Interviews, roster: pd.DataFrame
) -> None:
    child = short(asked.export["child"])
    for name in INDICATORS:
        said = child[name]
        answered = said.notna() & ~said.isin(CODES)
        assert answered.mean() > (0.05 if name in ("works_for_others", "wages_withheld") else 0.1)
        assert (said[answered] <= 2).equals(roster[name][answered] == 1), name


# What the answers follow


def test_skipped_questions_are_blank_and_only_those(asked: Interviews) -> None:
    child = short(asked.export["child"])
    worked, older = child["worked"] == 1, child["age"] >= 12
    for name in ("works_for_others", "wages_withheld", "excessive_hours", "hours", "hazards"):
        assert child[name].notna().equals(worked), name
    assert child["commercial_sex"].notna().equals(older)
    assert child[["debt", "threats", "domestic_service", *MORE_MEANS]].notna().all(axis=None)
    visits = short(asked.export[MAIN])
    assert visits["n_children"].notna().equals(visits["result"] == 1)


def test_every_answer_is_a_choice_of_the_form(asked: Interviews) -> None:
    form = asked.form["survey"].set_index("name")["type"]
    for table in asked.export.values():
        for column in short(table).columns.intersection(form.index):
            kind = str(form[column])
            if not kind.startswith("select_"):
                continue
            said = short(table)[column].dropna()
            whole = pd.api.types.is_numeric_dtype(said)
            given = set(said.astype(int).astype(str) if whole else said)
            if kind.startswith("select_multiple"):
                given = {code for text in given for code in text.split()}
            assert given <= {code for code, _, _ in CHOICES[kind.split()[1]]}, column
    assert asked.form["choices"].notna().all(axis=None)


def test_indicators_have_the_stated_sensitivity_and_false_positives() -> None:
    many = Parameters(prevalence=0.3, five_year_sexual=20_000)
    table = short(interviews(5, parameters=many).export["child"])
    truth = household_survey(5, parameters=many).children["trafficked"].to_numpy() == 1
    for name, false in MORE_MEANS.items():
        answered = ~table[name].isin(CODES)
        yes = (table[name] <= 2)[answered]
        inside, outside = yes[truth[answered]], yes[~truth[answered]]
        assert abs(inside.mean() - 0.85) < 4 * np.sqrt(0.85 * 0.15 / len(inside))
        assert abs(outside.mean() - false) < 4 * np.sqrt(false / len(outside))


def test_the_current_window_lies_in_the_year_and_the_year_in_the_lifetime(
    asked: Interviews,
) -> None:
    share = asked.truth.set_index("window")["share"]
    assert share["current"] < share["12m"] < share["lifetime"]
    assert asked.truth["count"].tolist()[1] == 8554


def test_reports_of_neighbours_scale_up_to_their_number(asked: Interviews) -> None:
    visits, others = short(asked.export[MAIN]), short(asked.export["others"])
    counted = visits["n_others"].fillna(0).to_numpy()
    reported = np.bincount(others["_parent_index"] - 1, minlength=len(visits))
    assert counted.tolist() == reported.tolist()
    assert others["known_by"].between(1, 6).all()
    recent = others[others["other_when"].isin([1, 2]) & (others["situation"] == "labour")]
    weight = visits["base_weight"].to_numpy()[recent["_parent_index"] - 1]
    total = float(np.sum(weight / recent["known_by"]))
    # truth 3,700 to 4,900 labour cases of any home that somebody knows, times transmission .8,
    # response .87 and false reports: the bound is a factor of 2 (some 60 reports, clustered)
    assert 1_500 < total < 6_500


# Files


def test_the_committed_questionnaire_is_that_of_the_default_seed(
    asked: Interviews, committed: Path
) -> None:
    folder = committed / "questionnaire"
    for name, sheets in {"form.xlsx": asked.form, "export.xlsx": asked.export}.items():
        found = pd.read_excel(folder / name, sheet_name=None, engine="calamine", dtype=object)
        assert list(found) == list(sheets)
        for sheet, table in sheets.items():
            assert list(found[sheet]) == list(table)
            for column in table:
                cells = pd.Series(as_cells(table[column]), dtype=object)
                same = found[sheet][column].eq(cells) | (found[sheet][column].isna() & cells.isna())
                assert same.all(), (sheet, column)
    truth = pd.read_csv(folder / "truth.csv")
    pd.testing.assert_frame_equal(truth, asked.truth, rtol=1e-9, check_dtype=False)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
    card = (committed / "DATA_CARD.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in card for path in folder.iterdir())


def test_the_same_answers_give_the_same_bytes(asked: Interviews, tmp_path: Path) -> None:
    small = Interviews(asked.form, {"child": asked.export["child"].head(5)}, asked.truth, 1)
    for folder in ("one", "two"):
        small.write(tmp_path / folder)
    for name in ("form.xlsx", "export.xlsx"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_another_seed_gives_other_answers_and_the_same_form(asked: Interviews) -> None:
    other = interviews(seed=3)
    assert not other.truth.equals(asked.truth)
    assert other.form["survey"].equals(asked.form["survey"])
    assert repr(other).startswith("<Interviews, synthetic: ")
