"""Tables to paste: protected, rounded, escaped, in two languages and five forms."""

from __future__ import annotations

import re
import string
import sys
import zipfile
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import prevalence as pv
from prevalence.disclosure import is_suppressed, protect
from prevalence.reporting.french import NOTES, words_of

from .test_presentation import survey

EVIL = '=cmd|"/c calc"!A1 & <script>_x_</script> $50% {~^} \\end | [a](b)'


@cache
def by_town() -> pv.Estimate:
    return pv.direct.prevalence(survey(), "trafficked", by="town")


@cache
def compared() -> pv.Comparison:
    share = pv.direct.prevalence(survey(), "trafficked")
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [60, 50, 20], ["police", "shelter"])
    return pv.compare(
        {
            "children": share.count(565_219),
            "share": share,
            "lists": pv.mse.chapman(lists, between=("police", "shelter")),
        },
        truth={"children": 27_000.0, "share": 0.045},
        side_by_side=True,
    )


@cache
def evil() -> pv.Table:
    data = {"case": [1] * 9 + [0] * 31 + [1] * 12 + [0] * 28, "town": [EVIL] * 40 + ["\x07b"] * 40}
    e = pv.direct.prevalence(pv.Survey(data), "case", by="town")
    return e.describe(definition=EVIL).table()


# ---------------------------------------------------------------------- what it holds
def test_it_has_the_columns_that_a_reviewer_expects() -> None:
    table = by_town().table()
    assert table.heads == [
        "town", "n", "cases", "estimate", "95 % interval", "cv", "design effect", "remarks",
    ]  # fmt: skip
    frame = table.to_frame()
    assert list(frame)[3:6] == ["estimate", "lower limit", "upper limit"]
    shown = pv.direct.prevalence(survey(), "trafficked").table(level=0.9)
    assert "90 % interval" in shown.heads


def test_numbers_are_those_of_the_estimate_as_rounded() -> None:
    table = compared().table()
    frame, rows = table.to_frame(), table.rows
    share = compared().estimates["share"]
    low, high = 100 * share.interval()[0]
    assert frame["unit"].tolist() == ["number of people", "per cent", "number of people"]
    shown = float(frame["estimate"].to_numpy(dtype=float)[1])
    assert shown == pytest.approx(100 * float(share.value[0]), abs=0.05)  # one decimal
    limits = frame[["lower limit", "upper limit"]].to_numpy(dtype=float)[1].tolist()
    assert limits == pytest.approx([low, high], abs=0.05)
    assert rows[1][4] == f"{shown:.1f} %"
    assert frame["estimate"][0] % 100 == 0
    assert "(floor: " in rows[2][4]
    assert any("Read as a floor" in note for note in table.notes)
    assert frame["interval holds truth"].tolist() == ["yes", "yes", "–"]


def test_shares_per_thousand() -> None:
    table = by_town().table(per=1000)
    whole = by_town().table()
    assert table.rows[1][3].endswith(" per 1,000")
    assert table.to_frame()["estimate"][1] == pytest.approx(
        10 * whole.to_frame()["estimate"][1],
        abs=0.6,  # both are rounded, to whole numbers and to a tenth of a per cent
    )
    assert "Shares are per 1,000." in table.notes
    with pytest.raises(ValueError, match="per is for shares: found count only"):
        compared().estimates["children"].table(per=1000)
    with pytest.raises(ValueError, match="per must be a whole number of at least 2: found 0"):
        by_town().table(per=0)


def test_a_column_named_like_a_head_does_not_hide_it() -> None:
    data = {"case": [1] * 9 + [0] * 31 + [1] * 12 + [0] * 28, "n": ["a"] * 40 + ["b"] * 40}
    e = pv.direct.prevalence(pv.Survey(data), "case", by="n")
    assert e.table().to_frame()["domain"].tolist() == ["a", "b"]
    assert e.table(lang="fr").heads[:2] == ["domaine", "n"]


# ---------------------------------------------------------------------- protection
def forms(table: pv.Table, folder: Path) -> dict[str, str]:
    """Return everything that the five forms hold, as text."""
    word, excel = table.to_word(folder / "t.docx"), table.to_excel(folder / "t.xlsx")
    inside = {}
    for path in (word, excel):
        with zipfile.ZipFile(path) as archive:
            parts = [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
        inside[path.suffix] = b" ".join(parts).decode()
    return {
        "markdown": table.to_markdown(), "latex": table.to_latex(), "html": table.to_html(),
        "text": repr(table), "frame": table.to_frame().to_csv(), **inside,
    }  # fmt: skip


def test_small_cells_are_in_no_form(tmp_path: Path) -> None:
    table = by_town().table()
    frame = by_town().to_frame()
    hidden = is_suppressed(protect(frame, unit="proportion"))
    assert hidden.sum() == 2
    assert list(table.muted) == hidden.tolist()
    assert table.to_frame().loc[hidden, ["n", "cases", "estimate", "upper limit", "cv"]].isna().all().all()  # fmt: skip
    numbers = {f"{100 * x:.2f}"[:4] for x in frame.loc[hidden, "conf_high"]}
    for name, text in forms(table, tmp_path).items():
        step = "combine areas or groups, or wait for small-area estimates"
        assert name == "frame" or ("2 of 4 rows are suppressed" in text and step in text), name
        assert not [x for x in numbers if x in re.sub(r"<(?!w:t|t>)[^>]*>", " ", text)], name


def test_the_override_is_named_and_nothing_safe_is_refused() -> None:
    table = by_town().table(disclosure="off: for the review board")
    assert not any(table.muted)
    assert any("switched off: for the review board" in note for note in table.notes)
    with pytest.raises(ValueError, match="with the reason"):
        by_town().table(disclosure="off")
    tiny = pv.direct.prevalence(pv.Survey({"y": [1, 0, 0]}), "y")
    with pytest.raises(pv.DisclosureError, match="none of 1 has one"):
        tiny.table()


def test_what_is_assumed_stands_below() -> None:
    table = compared().estimates["share"].table(synthetic=True)
    assert table.notes[0] == "Synthetic data: no real person, no real country."
    assert any(note.startswith("Assumed: ") for note in table.notes)
    warned = replace(compared().estimates["share"], warnings=("3 rows are odd (first: row 17).",))
    assert "Warning: 3 rows are odd." in warned.table().notes


# ---------------------------------------------------------------------- languages
def test_french_has_its_words_and_numbers() -> None:
    table = compared().table(lang="fr", synthetic=True)
    assert table.heads == [
        "méthode", "variable", "n", "cas", "estimation", "intervalle à 95\u202f%", "cv",
        "effet de plan", "valeur vraie", "l'intervalle contient la vraie valeur", "remarques",
    ]  # fmt: skip
    share = table.rows[1]
    assert re.fullmatch(r"\d+,\d\u202f%", share[4])
    assert " à " in share[5]
    assert "\u202f" in table.rows[0][4]  # thousands
    assert table.notes[0].startswith("Données synthétiques")
    assert 'lang="fr"' in table.to_html()
    assert by_town().table(lang="fr").rows[-1][-1].startswith("masqué")
    with pytest.raises(ValueError, match="lang must be one of en, fr: found 'de'"):
        by_town().table(lang="de")


def test_windows_of_time_are_said_in_both_languages() -> None:
    e = compared().estimates["share"].describe(window="12m")
    assert "Window: in the 12 months before interview." in e.table().notes
    assert "Période\u00a0: 12 derniers mois." in e.table(lang="fr").notes
    years = e.describe(window="2021 à 2023")  # words of one's own stay as they are
    assert "Période\u00a0: 2021 à 2023." in years.table(lang="fr").notes
    assert "Window: in 2021 à 2023." in years.table().notes


def test_every_note_has_french_words_with_the_same_places() -> None:
    for english, french in NOTES.items():
        places = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (english, french)
        ]
        assert places[0] == places[1], english
    assert words_of("en")("{low} to {high}", low="1", high="2") == "1 to 2"
    notes = by_town().table(lang="fr", per=1000).notes
    assert not set(by_town().table(per=1000).notes) & set(notes)


# ---------------------------------------------------------------------- forms
def test_markdown_is_one_table_whatever_the_labels() -> None:
    lines = evil().to_markdown().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 4
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {9}
    assert not re.search(r"(?<!\\)<script", evil().to_markdown())


def test_latex_escapes_what_it_reads_as_marks() -> None:
    text = evil().to_latex()
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    assert r"\textbackslash{}end" in text
    assert r"\$50\%" in text
    body = re.sub(r"\\[&%$#_{}]", "", text)
    assert not re.search(r"(?<!\\)[%$#]", body)
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1


def test_html_is_escaped_and_has_heads_of_rows_and_columns() -> None:
    seen: list[tuple[str, dict[str, str | None]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs)))

    Tags().feed(evil().to_html())
    assert not [tag for tag, _ in seen if tag == "script"]
    scopes = [attributes["scope"] for tag, attributes in seen if tag == "th"]
    assert scopes == ["col"] * 8 + ["row"] * 2
    assert [tag for tag, _ in seen].count("caption") == 1
    assert evil()._repr_html_() == evil().to_html()


def test_a_workbook_has_numbers_and_no_formula(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = evil().to_excel(tmp_path / "new" / "table.xlsx")
    sheet = load_workbook(path).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    heads = [cell.value for cell in sheet[2]]
    first = dict(zip(heads, [cell.value for cell in sheet[3]], strict=True))
    assert (first["n"], first["cases"], first["estimate"]) == (40, 12, 30)
    assert sheet.cell(3, heads.index("estimate") + 1).number_format == "#,##0.0"
    assert sheet.freeze_panes == "B3"
    assert "Definition: " in str([cell.value for cell in sheet["A"]])
    read = pd.read_excel(path, header=1, nrows=2, engine="openpyxl")
    assert read["cases"].tolist() == [12, 9]


def test_a_document_has_one_table_with_a_repeated_head(tmp_path: Path) -> None:
    from docx import Document

    table = by_town().table(lang="fr")
    made = Document(str(table.to_word(tmp_path / "table.docx")))
    (grid,) = made.tables
    assert [cell.text for cell in grid.rows[0].cells] == table.heads
    assert [cell.text for cell in grid.rows[1].cells] == list(table.rows[0])
    assert len(grid.rows) == 5
    assert "w:tblHeader" in grid.rows[0]._tr.xml
    assert all("w:cantSplit" in row._tr.xml for row in grid.rows)
    assert made.core_properties.language == "fr-FR"
    assert [p.text for p in made.paragraphs if p.text] == [table.caption, *table.notes]
    page = made.sections[0]
    assert page.page_width is not None
    assert page.page_height is not None
    assert page.page_width > page.page_height  # eight columns lie on the side


def test_files_are_the_same_every_time_and_never_replaced_by_chance(tmp_path: Path) -> None:
    for name, ending in (("to_excel", ".xlsx"), ("to_word", ".docx")):
        write = getattr(by_town().table(), name)
        path = write(tmp_path / f"table{ending}")
        before = path.read_bytes()
        with pytest.raises(FileExistsError, match="overwrite=True"):
            write(path)
        write(path, overwrite=True)
        assert path.read_bytes() == before
        with pytest.raises(ValueError, match=f"path must end in {ending}"):
            write(tmp_path / "table.txt")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("library", "name"), [("openpyxl", "to_excel"), ("docx", "to_word")])
def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    ending = {"to_excel": ".xlsx", "to_word": ".docx"}[name]
    with pytest.raises(ImportError, match=r'pip install "prevalence\[io\]"'):
        getattr(by_town().table(), name)(tmp_path / f"t{ending}")
    assert not list(tmp_path.iterdir())


def test_a_table_prints_aligned() -> None:
    lines = repr(by_town().table()).splitlines()
    start = lines[1].index("remarks")
    assert {line[start - 2 : start] for line in lines[2:6] if len(line) > start} == {"  "}
    assert {line.rstrip()[-1] for line in lines[2:6]} & {"l", "s"}
