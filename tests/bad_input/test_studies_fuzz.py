"""Random calls of tables, checklists, pages, figures and plans: an answer that holds, or our words."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import prevalence as pv

HOSTILE = (
    "<script>alert(1)</script>", "a & b", "=1+1", "@SUM(A1)", "+1", "-1", "line\nbreak", "tab\tb",
    "x|y", "$x_1^2$", "\\end{table}", "{", "}", "%", "שלום", "\u202eabc", "a, b", "c", "a", "b, c",
    "x" * 300, "", "\x00nul", "\x07bell", "#", "~", "`code`", "1. item", "&lt;", "\ufeff", "None",
    "all", "suppressed", "\r\n", "\u2028z", "[x](javascript:1)", "'", '"', "**b**", "\\",
)  # fmt: skip
OURS = (ValueError, TypeError, KeyError, pv.DisclosureError)
WORDS = re.compile(r"must |needs? |cannot|none of|has no |found ")
Random = np.random.Generator
ALLOWED = {"div", "table", "caption", "thead", "tr", "th", "tbody", "td", "p"}


class Tags(HTMLParser):
    """The names of the tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.add(tag)


def label(rng: Random) -> str:
    return HOSTILE[rng.integers(len(HOSTILE))]


def estimate(rng: Random) -> pv.Estimate:
    n = int(rng.integers(30, 400))
    labels = np.array([label(rng) for _ in range(rng.integers(1, 4))], dtype=object)
    survey = pv.Survey(
        {
            "case": (rng.random(n) < rng.choice([0.02, 0.2, 0.5, 0.9])).astype(float),
            "w": rng.uniform(0.1, 10.0 ** rng.integers(0, 6), n),
            "psu": rng.integers(0, rng.integers(4, 40), n),
            "g": labels[rng.integers(0, len(labels), n)],
            "h": np.array(["a", "b, c"], dtype=object)[rng.integers(0, 2, n)],
        },
        weights="w",
        psu="psu",
    )
    people = 10.0 ** rng.integers(2, 8)
    makers: list[Callable[[], pv.Estimate]] = [
        lambda: pv.direct.prevalence(survey, "case"),
        lambda: pv.direct.prevalence(survey, "case", by="g"),
        lambda: pv.direct.prevalence(survey, "case", by=["g", "h"]),
        lambda: pv.direct.prevalence(survey, "case", by="g").count(people),
        lambda: pv.direct.total(survey, "case", by="g"),
        lambda: pv.direct.mean(survey, "w", by="h"),
        lambda: pv.direct.prevalence(survey, "case") * float(rng.normal(0, people)),
        lambda: -pv.direct.prevalence(survey, "case", by="g"),
    ]
    made = makers[rng.integers(len(makers))]()
    if rng.random() < 0.5:
        return made.describe(outcome=label(rng), population=label(rng))
    return made


def holds(table: pv.Table) -> None:
    """Check every form: as many rows and cells as there are, and no mark of a label's."""
    rows = [line for line in table.to_markdown().splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(table.rows)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {len(table.heads) + 1}
    latex = table.to_latex()
    body = latex.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == len(table.rows)
    assert {len(re.findall(r"(?<!\\)&", row)) for row in body} == {len(table.heads) - 1}
    assert latex.count(r"\end{table}") == 1
    assert Tags(table.to_html()).seen <= ALLOWED
    assert table.to_html().count("<tr>") == 1 + len(table.rows)
    assert len(table.to_frame()) == len(table.rows)
    cells = {column.head: column.values for column in table.columns}
    if "lower limit" in cells:
        parts = ("lower limit", "estimate", "upper limit")
        for low, x, high in zip(*(cells[part] or () for part in parts), strict=True):
            assert low is None or x is None or high is None or low <= x <= high


def a_table(rng: Random, folder: Path) -> None:
    how: dict[str, Any] = {
        "per": [None, None, 2, 1000, 7][rng.integers(5)],
        "disclosure": ["on", "off: a test"][rng.integers(2)],
        "level": float(rng.choice([0.5, 0.9, 0.95, 0.999])),
    }
    source: Any = estimate(rng)
    if rng.random() < 0.5:
        both = {label(rng): source, "other": estimate(rng)}
        source = pv.compare(both, side_by_side=True, truth={"other": 0.3})
    english, french = source.table(**how), source.table(lang="fr", **how)
    holds(english)
    holds(french)
    for own, other in zip(english.columns, french.columns, strict=True):
        assert own.values == other.values
    if rng.random() < 0.05:
        book = openpyxl.load_workbook(english.to_excel(folder / "a.xlsx", overwrite=True))
        assert not any(cell.data_type == "f" for row in book.active.iter_rows() for cell in row)
        english.to_word(folder / "a.docx", overwrite=True)


def a_plan(rng: Random, folder: Path) -> None:
    del folder
    pool: list[Any] = [0.01, 0.5, 1, 0, -1, np.nan, np.inf, 1e-9, 3000, 1e12, 1e30, "a", None, [], [0.1, 0.3], {"a": 1}, True]  # fmt: skip

    def some() -> Any:
        return pool[rng.integers(len(pool))] if rng.random() < 0.7 else float(rng.random())

    if rng.random() < 0.5:
        assert (pv.plan.sample_size(some(), some(), deff=some())["n"] > 0).all()
        return
    falls = pv.plan.two_rounds(some(), some(), deff=some(), correlation=some(), power=some())
    least = falls["least_fall"]
    assert (least.isna() | ((least > 0) & (least <= 1))).all()


def a_checklist(rng: Random, folder: Path) -> None:
    del folder
    kind = ["survey", "lists", "scale-up", "x"][rng.integers(4) * (rng.random() < 0.3)]
    told = {"funding": label(rng)} if rng.random() < 0.7 else {label(rng): "x"}
    holds(pv.checklist(estimate(rng), kind, told=told))


def a_page(rng: Random, folder: Path) -> None:
    made = pv.compare({label(rng): estimate(rng)}, side_by_side=True)
    study = {"lead": label(rng), "wrong": [label(rng)]}
    page = pv.report(made, path=folder / "a.html", title=label(rng), study=study, force=True)
    assert "<script" not in page.read_text()


def a_figure(rng: Random, folder: Path) -> None:
    del folder
    import matplotlib.pyplot as plt

    e, lang = estimate(rng), ["en", "fr", "de"][rng.integers(3)]
    if rng.random() < 0.5:
        ax = pv.plot.domains(e, lang=lang)
    else:
        ax = pv.plot.ladder(pv.compare({label(rng): e}), lang=lang)
    plt.figure(ax.get_figure(root=True)).savefig(io.BytesIO(), format="svg")
    assert pv.plot.describe(ax)
    plt.close("all")


def a_covariance(rng: Random, folder: Path) -> None:
    del folder
    survey = pv.Survey({"a": (rng.random(60) < 0.3) * 1.0, "b": rng.random(60)})
    a = pv.direct.prevalence(survey, "a")
    b = pv.direct.total(survey, "b") * 10.0 ** float(rng.integers(-9, 9))
    table = pv.compare({"a": a, "b": b}, side_by_side=True).covariance(correlation=True)
    assert table.abs().to_numpy().max() <= 1 + 1e-9  # of a difference of squares near 1


CALLS = (a_table, a_table, a_table, a_plan, a_plan, a_checklist, a_checklist, a_covariance)
SLOW = (a_page, a_figure)


def refused(call: Callable[[Random, Path], None], rng: Random, folder: Path) -> str | None:
    try:
        call(rng, folder)
    except OURS as error:
        return str(error)
    return None


def tried(seed: int, calls: int, folder: Path) -> None:
    rng = np.random.default_rng(seed)
    for number in range(calls):
        among = SLOW if number % 40 == 39 else CALLS
        call = among[rng.integers(len(among))]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", pv.PrevalenceWarning)
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            said = refused(call, rng, folder)
            assert said is None or WORDS.search(said), (number, call.__name__, said)


def test_a_few_random_calls(tmp_path: Path) -> None:
    tried(1, 39, tmp_path)


@pytest.mark.proof
def test_hundreds_of_random_calls(tmp_path: Path) -> None:
    tried(100, 700, tmp_path)
