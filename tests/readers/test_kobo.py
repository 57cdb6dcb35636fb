"""Exports of KoBoToolbox, ODK Central and SurveyCTO, written here and read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.readers import exports

Made = Callable[[Path, list[exports.Interview]], Path]
STYLES: dict[str, Made] = {
    "kobo codes": lambda folder, found: exports.kobo(folder / "e.xlsx", found),
    "kobo names": lambda folder, found: exports.kobo(folder / "e.xlsx", found, groups=False),
    "kobo one column": lambda folder, found: exports.kobo(folder / "e.xlsx", found, boxes=False),
    "kobo English": lambda folder, found: exports.kobo(folder / "e.xlsx", found, lang=0),
    "kobo French": lambda folder, found: exports.kobo(folder / "e.xlsx", found, lang=1),
    "kobo French, one column": lambda folder, found: exports.kobo(
        folder / "e.xlsx", found, lang=1, boxes=False
    ),
    "kobo of old": lambda folder, found: exports.kobo(folder / "e.xlsx", found, blank="n/a"),
    "odk folder": lambda folder, found: exports.odk(folder / "svy", found),
    "odk zip": lambda folder, found: exports.odk(folder / "svy", found, zipped=True),
    "surveycto wide": lambda folder, found: exports.wide(folder / "svy.csv", found),
}


def same(column: pd.Series[Any], wanted: list[Any]) -> None:
    found = [None if pd.isna(value) else value for value in column]
    assert found == wanted


def one(value: Any, missing: str) -> Any:
    return None if value == missing else value


@pytest.mark.parametrize("style", STYLES)
def test_every_export_of_the_same_interviews_gives_the_same_tables(
    tmp_path: Path, style: str
) -> None:
    found = exports.interviews(30, 1)
    path = STYLES[style](tmp_path, found)
    m = pv.read_kobo(path, form=exports.form(tmp_path), main="home", missing_codes={})
    assert list(m) == ["home", "child", "job"]
    home, child, job = m["home"], m["child"], m["job"]
    children = [c for one_home in found for c in one_home["child"]]
    jobs = [j for c in children for j in c["job"]]
    same(home["ea"], [h["ea"] for h in found])
    same(home["size"], [h["size"] for h in found])
    same(home["poor"], [one(h["poor"], "dk") for h in found])
    assert home["start"].dt.hour.eq(10).all()
    tasks = [h["work"] for h in found]
    same(home["work"], [None if t in (None, ["98"]) else " ".join(t) for t in tasks])
    same(home["work/sea"], [None if t in (None, ["98"]) else float("sea" in t) for t in tasks])
    assert "work/98" not in home
    same(child["name"], [c["name"] for c in children])
    same(child["works"], [one(c["works"], "dk") for c in children])
    same(child["hours"], [c["hours"] for c in children])
    same(child["sex"], [None if c["sex"] in (None, "99") else int(c["sex"]) for c in children])
    same(job["kind"], [one(j["kind"], "98") for j in jobs])
    linked = m.link("child", "home", ["size"])
    same(linked["size"], [h["size"] for h in found for _ in h["child"]])
    linked = m.link("job", "child", ["age"])
    same(linked["age"], [c["age"] for c in children for _ in c["job"]])
    far = m.link("job", "home", ["ea"])
    same(far["ea"], [h["ea"] for h in found for c in h["child"] for _ in c["job"]])


@pytest.mark.parametrize("style", STYLES)
def test_why_values_are_missing(tmp_path: Path, style: str) -> None:
    found = exports.interviews(30, 3)
    path = STYLES[style](tmp_path, found)
    m = pv.read_kobo(path, form=exports.form(tmp_path), missing_codes={})
    children = [c for h in found for c in h["child"]]

    def works(c: exports.Interview) -> str:
        return {"dk": "don't know", None: "blank"}.get(c["works"], "")

    why = m.reasons("child")
    assert list(why["works"]) == ["not asked" if c["age"] < 5 else works(c) for c in children]
    hours = [
        "" if c["hours"] is not None else "blank" if c["works"] == "yes" else "not asked"
        for c in children
    ]
    assert list(why["hours"]) == hours
    sex = {None: "blank", "99": "refused"}
    assert list(why["sex"]) == [sex.get(c["sex"], "") for c in children]
    first = next(iter(m))
    wanted = ["blank" if h["work"] is None else h["work"] for h in found]
    wanted = ["don't know" if w == ["98"] else w if w == "blank" else "" for w in wanted]
    assert list(m.reasons(first)["work"]) == wanted
    assert list(m.reasons(first)["work/farm"]) == wanted


def test_labels_in_both_languages(tmp_path: Path) -> None:
    path = exports.kobo(tmp_path / "e.xlsx", exports.interviews(20, 4))
    m = pv.read_kobo(path, form=exports.form(tmp_path), missing_codes={})
    assert m.languages == ("en", "fr")
    assert m.label("size") == "How many live here?"
    assert m.label("size", "fr") == "Combien vivent ici ?"
    assert m.label("work/sea", "fr") == "Travail du ménage: Pêche"
    assert m.codes("sex", "fr") == {1: "Fille", 2: "Garçon", 99: "Refus"}
    sexes = m.labelled("child", "fr")["sex"]
    assert list(sexes.cat.categories) == ["Fille", "Garçon"]
    assert sexes.cat.ordered
    book = m.codebook("child").set_index("variable")
    assert book.loc["sex", "missing"] == "99 = refused"
    assert book.loc["hours", "relevant"] == "${works} = 'yes'"
    french = pv.read_kobo(
        path, form=exports.form(tmp_path), missing_codes={}, languages=["Français (fr)"]
    )
    assert french.languages == ("fr",)
    assert french.label("ea") == "Grappe"
    english = exports.kobo(tmp_path / "en.xlsx", exports.interviews(20, 4), lang=0)
    again = pv.read_kobo(english, form=exports.form(tmp_path), missing_codes={}, languages="fr")
    pd.testing.assert_frame_equal(again["child"], french["child"])
    assert again.codes("sex") == {1: "Fille", 2: "Garçon", 99: "Refus"}


def test_a_survey_of_a_linked_table(tmp_path: Path) -> None:
    path = exports.kobo(tmp_path / "e.xlsx", exports.interviews(40, 5))
    m = pv.read_kobo(path, form=exports.form(tmp_path), missing_codes={}, main="home")
    rows = m.link("child", "home", ["_index"]).assign(w=1.0)
    survey = pv.Survey(rows, weights="w", psu="home/_index" if "home/_index" in rows else "_index")
    assert survey.n == len(m["child"])


def test_without_a_form_values_stay_as_written(tmp_path: Path) -> None:
    path = exports.kobo(tmp_path / "e.xlsx", exports.interviews(20, 6))
    m = pv.read_kobo(path, missing_codes={98: "don't know", 99: "refused"})
    assert list(m) == ["A survey", "child", "job"]
    assert {"ea", "work", "work/farm"} <= set(m["A survey"].columns)
    assert set(m["child"]["sex"].dropna()) <= {1.0, 2.0}
    assert "refused" in set(m.reasons("child")["sex"])
    assert m.links["job"].parent == "child"


def test_without_a_form_words_say_what_is_no_answer(tmp_path: Path) -> None:
    rows = [["works", "why", "_id"], *([w, w.title(), 1 + i] for i, w in enumerate(("yes", "no")))]
    rows += [["refused", "Don't know", 3], ["dont_know", "Yes", 4]]
    path = exports.write_csv(tmp_path / "s.csv", rows)
    m = pv.read_kobo(path)
    assert m.reasons()["works"].tolist() == ["", "", "refused", "don't know"]
    assert m.reasons()["why"].tolist() == ["", "", "don't know", ""]
    assert "'refused', 'dont_know' as missing" in m.notes[0]
    as_written = pv.read_kobo(path, missing_codes={"works": {}})
    same(as_written.data["works"], ["yes", "no", "refused", "dont_know"])


def test_names_cut_at_31_characters_find_their_repeat(tmp_path: Path) -> None:
    long = "child_of_the_household_under_eighteen_years"
    survey = [[*exports.SURVEY[0]], ["begin repeat", long, "", "", ""]]
    survey += [["integer", "age", "Age", "", ""], ["end repeat", "", "", "", ""]]
    title = "A survey of children in three parishes of the island"
    sheets: dict[str, exports.Rows] = {
        title[:28] + "...": [["_id", "_index"], [1, 1], [2, 2]],
        long[:28] + "...": [
            ["age", "_index", "_parent_table_name", "_parent_index"],
            [7, 1, title, 2],
        ],
    }
    path = exports.workbook(tmp_path / "e.xlsx", sheets)
    m = pv.read_kobo(path, form=exports.form(tmp_path, survey=survey))
    assert list(m)[1] == long
    assert m.link(long, title[:28] + "...")["_id"].tolist() == [2.0]


def test_a_repeat_that_nobody_answered_is_a_table_without_rows(tmp_path: Path) -> None:
    found = [{**h, "child": []} for h in exports.interviews(5, 7)]
    sheets: dict[str, exports.Rows] = {"A survey": [["home/size", "_id"], [3, 1], [4, 2]]}
    path = exports.workbook(tmp_path / "e.xlsx", sheets)
    m = pv.read_kobo(path, form=exports.form(tmp_path))
    assert len(m["child"]) == 0
    assert "age" in m["child"]
    m = pv.read_kobo(exports.odk(tmp_path / "svy", found), form=exports.form(tmp_path))
    assert len(m["child"]) == len(m["job"]) == 0
    assert m.link("job", "svy").shape[0] == 0


def test_what_is_messy_is_put_right_and_said(tmp_path: Path) -> None:
    rows: exports.Rows = [
        [" home/ea ", "home/size", "old/size", "home/poor", "extra", "_id", "_home_latitude"],
        ["#adm1", "#num", "", "", "", "", ""],
        [" EA 1\u00a0", "4", "", " yes", 1, 1, 18.1],
        ["", "", "", "", "", "", ""],
        ["n/a", "", 5, "Don't know", 2, 2, ""],
    ]
    path = exports.workbook(tmp_path / "e.xlsx", {"s": rows})
    m = pv.read_kobo(path, form=exports.form(tmp_path))
    same(m["s"]["ea"], ["EA 1", None])
    same(m["s"]["size"], [4, 5])
    same(m["s"]["poor"], ["yes", None])
    assert list(m.reasons("s")["poor"]) == ["", "don't know"]
    said = " ".join(m.notes)
    for words in ("HXL tags", "1 of 3 rows of 's' are blank", "are one, 'size'", "first: 'extra'"):
        assert words in said


def test_csv_of_any_separator_and_encoding(tmp_path: Path) -> None:
    rows = [["home/ea", "home/poor", "_id"], ["Saint-Ann é", "Oui", 1], ["B;c", "Non", 2]]
    form = exports.form(tmp_path)
    for mark in ",;\t":
        m = pv.read_kobo(exports.write_csv(tmp_path / "s.csv", rows, mark), form=form)
        same(m["s"]["ea"], ["Saint-Ann é", "B;c"])
        same(m["s"]["poor"], ["yes", "no"])
    text = (tmp_path / "s.csv").read_text(encoding="utf-8")
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        (tmp_path / "s.csv").write_bytes(text.encode(encoding))
        same(pv.read_kobo(tmp_path / "s.csv", form=form)["s"]["ea"], ["Saint-Ann é", "B;c"])


def test_two_questions_of_one_name_keep_their_paths(tmp_path: Path) -> None:
    rows = [["a/age", "b/age", "a/sex", "_id"], [1, 2, "f", 1]]
    m = pv.read_kobo(exports.write_csv(tmp_path / "s.csv", rows))
    assert list(m.data.columns) == ["a/age", "b/age", "sex", "_id"]


def test_or_other_and_numeric_choices(tmp_path: Path) -> None:
    survey: exports.Rows = [
        ["type", "name", "label"],
        ["select_one ward or_other", "ward", "Ward"],
        ["select_one ward", "last", "Last ward"],
    ]
    choices: exports.Rows = [
        ["list name", "name", "label"],
        ["ward", 1, "North"],
        ["ward", 2, "South"],
    ]
    form = exports.form(tmp_path, survey=survey, choices=choices)
    rows = [["ward", "ward_other", "last", "_id"], ["1", "", 2, 1], ["other", "Abroad", 1, 2]]
    m = pv.read_kobo(exports.write_csv(tmp_path / "s.csv", rows), form=form)
    same(m.data["ward"], ["1", "other"])
    same(m.data["ward_other"], [None, "Abroad"])
    assert m.label("ward") == "Ward"
    assert m.languages == ("default",)


def test_missing_codes_by_question_and_for_all(tmp_path: Path) -> None:
    rows = [["home/size", "home/poor", "_id"], [99, "dk", 1], [7, "no", 2], [98, "yes", 3]]
    form = exports.form(tmp_path)
    path = exports.write_csv(tmp_path / "s.csv", rows)
    with pytest.warns(pv.PrevalenceWarning, match=r"what 98, 99 are: .*'size' in 's' \(2 rows\)"):
        m = pv.read_kobo(path, form=form)
    same(m["s"]["size"], [99, 7, 98])
    m = pv.read_kobo(path, form=form, missing_codes={98: "don't know", 99: "refused"})
    same(m["s"]["size"], [None, 7, None])
    assert list(m.reasons("s")["size"]) == ["refused", "", "don't know"]
    m = pv.read_kobo(path, form=form, missing_codes={"size": {99: "refused"}, "poor": {}})
    same(m["s"]["size"], [None, 7, 98])
    same(m["s"]["poor"], ["dk", "no", "yes"])


def test_codes_without_a_label_are_asked_about_too(tmp_path: Path) -> None:
    survey: exports.Rows = [["type", "name"], ["select_one days", "days"], ["integer", "id"]]
    choices: exports.Rows = [
        ["list_name", "name", "label"],
        *(["days", k, f"{k}"] for k in (1, 2)),
        ["days", 99],
    ]
    form = exports.form(tmp_path, survey=survey, choices=choices)
    rows = [["days", "id"], *([99, k] for k in range(80, 103))]
    with pytest.warns(
        pv.PrevalenceWarning, match=r"what 99 are: .* in 'days' in 's' \(23 rows\)\."
    ):
        pv.read_kobo(exports.write_csv(tmp_path / "s.csv", rows), form=form)


def test_a_repeat_side_by_side_with_options(tmp_path: Path) -> None:
    survey: exports.Rows = [
        ["type", "name", "label"],
        ["begin repeat", "kid", ""],
        ["select_multiple task", "does", "Does"],
        ["end repeat", ""],
    ]
    rows = [
        ["kid_count", "does_1", "does_farm_1", "does_sea_1", "does_2", "does_farm_2", "KEY"],
        [2, "farm sea", 1, 1, "farm", 1, "uuid:a"],
        [2, "98", 0, 0, "", "", "uuid:b"],
        [0, "", "", "", "", "", "uuid:c"],
    ]
    form = exports.form(tmp_path, survey=survey)
    m = pv.read_kobo(exports.write_csv(tmp_path / "s.csv", rows), form=form)
    same(m["kid"]["does"], ["farm sea", "farm", None, None])
    same(m["kid"]["does/sea"], [1, 0, None, None])
    assert m.reasons("kid")["does/sea"].tolist() == ["", "", "don't know", "blank"]
    keys = ["uuid:a/kid[1]", "uuid:a/kid[2]", "uuid:b/kid[1]", "uuid:b/kid[2]"]
    same(m["kid"]["KEY"], keys)
    assert m["s"].columns.tolist() == ["kid_count", "KEY"]


def test_conditions_beyond_what_is_read_leave_values_blank(tmp_path: Path) -> None:
    survey = [[*exports.SURVEY[0]], ["integer", "age", "", "", "regex(${age}, '1')"]]
    form = exports.form(tmp_path, survey=survey)
    m = pv.read_kobo(exports.write_csv(tmp_path / "s.csv", [["age", "_id"], ["", 1]]), form=form)
    assert m.reasons()["age"].tolist() == ["blank"]
    assert "regex" in m.notes[0]


def test_a_text_export_is_read_as_an_xlsx_one(tmp_path: Path) -> None:
    found = exports.interviews(10, 8)
    book = pv.read_kobo(exports.kobo(tmp_path / "e.xlsx", found), missing_codes={})
    rows = book["A survey"]
    assert np.isfinite(rows["size"]).all()
    assert rows["_uuid"].tolist()[:2] == ["uuid-1", "uuid-2"]
