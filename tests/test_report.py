"""The page: self-contained, escaped, protected, never half-written."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.disclosure import is_suppressed, protect
from prevalence.reporting.lists import protected
from prevalence.reporting.page import page_of
from prevalence.rounding import shown

from .test_presentation import survey

EVIL = "<script>alert(1)</script>"


@cache
def comparison() -> pv.Comparison:
    s = survey()
    share = pv.direct.prevalence(s, "trafficked")
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [60, 50, 20], ["police", "shelter"])
    return pv.compare(
        {
            "household_survey": share.count(565_219),
            "share": replace(share, warnings=(f"a warning {EVIL}",)).describe(definition=EVIL),
            "case_lists": pv.mse.chapman(lists, between=("police", "shelter")),
            "by_town": pv.direct.prevalence(s, "trafficked", by="town"),
        },
        truth={
            "household_survey": 27_000.0,
            "share": 0.045,
            "by_town": [0.061, 0.052, 0.063, 0.00777],
        },
        side_by_side=True,
    )


@cache
def single() -> pv.Comparison:
    return pv.compare({"survey": pv.direct.prevalence(survey(), "trafficked")})


def study() -> dict[str, Any]:
    histories = [[1, 0], [0, 1], [1, 1]]
    return {
        "lead": "One country.",
        "weight_flow": survey().trim(3).weight_flow(),
        "lists": pv.Lists.from_counts(histories, [60, 50, 20], [EVIL, "shelter"]),
        "rerun": "python -m prevalence reproduce jamaica",
        "hashes": {"children.csv": "9f3c"},
        "conclude": ["Extra remark."],
    }


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    coverage = pd.DataFrame(
        {"method": ["survey"], "coverage": [0.951], "monte_carlo_error": [0.004]}
    )
    path = pv.report(
        comparison(),
        path=tmp_path_factory.mktemp("page") / "out" / "report.html",
        title=f"Title {EVIL}",
        study=study(),
        coverage=coverage,
        checks=[{"check": "numbers equal", "passed": True}],
        synthetic=True,
    )
    return path.read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    outline = Outline()
    outline.feed(page)
    return outline.tags


def test_every_text_is_escaped(page: str) -> None:
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5  # title, definition, warning, list, alt text


def test_the_page_loads_nothing(page: str) -> None:
    assert not re.search(r"https?://|//\w+\.|@import|url\((?!#)", page)
    for tag, attributes in tags(page):
        assert tag not in {"script", "link", "img", "iframe", "object", "embed"}
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]


def test_every_figure_has_an_alt_text(page: str) -> None:
    drawn = [attributes for tag, attributes in tags(page) if tag == "svg"]
    assert len(drawn) == 2 * 5  # two ladders, one caterpillar, weights, lists: wide and narrow
    for attributes in drawn:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"] or "") > 40
        assert "Synthetic data" in (attributes["aria-label"] or "")
    ids = [attributes["id"] for _, attributes in tags(page) if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_the_first_screen_answers_and_warns(page: str) -> None:
    first = page[: page.index('<section id="estimates">')]
    for words in (
        "An estimated",
        "95 % interval",
        "Assuming",
        "at least about",
        "What would make it wrong",
        "Children in institutions",
        "What must not be concluded",
        "do not average",
        "Extra remark.",
        "not a zero",
        "synthetic",
    ):
        assert words in first, words


def test_every_part_is_there(page: str) -> None:
    for words in (
        "What each number estimates",
        "Jeffreys",
        "Weights, step by step",
        "Overlap of the lists",
        "monte carlo error",
        "0.951",
        "PASS",
        "python -m prevalence reproduce jamaica",
        "9f3c",
        "doi:10.1007",
        "1 of 4 rows suppressed",
        "nearest 100",
    ):
        assert words in page, words


def test_suppressed_cells_are_nowhere(page: str) -> None:
    e = comparison().estimates["by_town"]
    table = e.to_frame()
    hidden = is_suppressed(protect(table, unit=e.unit))
    assert hidden.sum() == 2
    for row in table[hidden].itertuples():
        _, low, high = shown(row.estimate, row.conf_low, row.conf_high, "proportion")  # type: ignore[arg-type]  # a row of floats
        assert f"{low} to {high}" not in page
    assert "0.78" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)  # the truth of one
    assert "no cases" not in page
    rows = re.findall(r"<tr class=\"muted\">.*?</tr>", page)
    assert len(rows) == 2
    assert all(
        not re.search(r"\d", re.sub(r"town \d|fewer than 5", "", re.sub("<.*?>", " ", r)))
        for r in rows
    )
    for label in re.findall(r'aria-label="(Estimates by domain[^"]*)"', page):
        assert label.count("suppressed") == 2


def test_protection_can_be_switched_off_with_a_reason(tmp_path: Path) -> None:
    path = pv.report(comparison(), path=tmp_path / "r.html", disclosure="off: synthetic data")
    text = path.read_text(encoding="utf-8")
    assert "Protection was switched off: synthetic data." in text
    assert "no cases" in text
    with pytest.raises(ValueError, match="with the reason"):
        pv.report(comparison(), path=tmp_path / "s.html", disclosure="off")


def test_nothing_safe_is_refused(tmp_path: Path) -> None:
    tiny = pv.direct.prevalence(pv.Survey({"y": [1, 0, 0]}), "y")
    with pytest.raises(pv.DisclosureError, match="none of 1 has one"):
        pv.report(pv.compare({"tiny": tiny}), path=tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_estimates_are_never_called_identified(page: str, tmp_path: Path) -> None:
    assert "victims identified" not in page.lower()
    with pytest.raises(ValueError, match="must not call an estimate"):
        pv.report(single(), path=tmp_path / "r.html", title="Victims identified in 2023")
    assert list(tmp_path.iterdir()) == []


def test_where_it_may_be_written(tmp_path: Path) -> None:
    path = pv.report(single(), path=tmp_path / "r.html")
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="force=True"):
        pv.report(single(), path=path)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        pv.report(single(), path=tmp_path)
    with pytest.raises(NotADirectoryError, match="is a file"):
        pv.report(single(), path=path / "below" / "r.html")
    assert path.read_bytes() == before
    pv.report(single(), path=path, force=True)
    assert path.read_bytes() == before  # the same page every time
    with pytest.raises(KeyError, match="'leed' is not"):
        pv.report(single(), path=tmp_path / "t.html", study={"leed": "x"})
    with pytest.raises(KeyError, match=r"'Survey 2026' is not.* leave it out: title= names it"):
        pv.report(single(), path=tmp_path / "t.html", study={"name": "Survey 2026"})


def test_checks_are_counted_not_shown_and_a_study_brings_its_command(tmp_path: Path) -> None:
    frame = comparison().to_frame()
    path = pv.report(comparison(), path=tmp_path / "r.html", checks=frame, study="jamaica")
    text = path.read_text(encoding="utf-8")
    assert "python -m prevalence reproduce jamaica" in text
    assert re.search(r"data \(sha256\)</th><td>[0-9a-f]{64}", text)
    part = text.split('<section id="checks">')[1]
    part = part[: part.index("</section>")]
    held = int(frame.loc[frame["name"] == "by_town", "covers"].astype(bool).sum())
    assert re.search(rf"by_town</th>.*?>4</td>.*?>{held}</td>", part)
    assert "town 3" not in part


def test_the_layout_follows_the_window(page: str) -> None:
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "@media (max-width" in page
    assert "@media print" in page
    assert page.count('class="scroll"') == page.count("<table")
    style = page[page.index("<style>") : page.index("</style>")]
    assert not re.search(r"(?<!max-)(?<!min-)width:\s*\d{3,}px", style)


def luminance(colour: str) -> float:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_text_has_contrast(page: str) -> None:
    style = page[page.index("<style>") : page.index("</style>")]
    colours = dict(re.findall(r"--(\w+): (#\w{6})", style))
    colours["muted"] = re.findall(r"tr\.muted > \* \{ color: (#\w{6})", style)[0]
    for name in ("ink", "soft", "blue", "rust", "muted"):
        for ground in ("#ffffff", colours["wash"], "#fbf1ea"):
            high, low = sorted((luminance(colours[name]), luminance(ground)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (name, ground)


def test_text_of_figures_has_contrast(page: str) -> None:
    texts = re.findall(r"<text style=\"([^\"]*)\"", page)
    colours = {found[1] for style in texts if (found := re.search(r"fill: (#\w{6})", style))}
    assert len(texts) > 50
    assert colours
    for colour in colours:
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


def test_the_outline_is_that_of_an_accessible_page(page: str) -> None:
    seen = tags(page)
    assert dict(seen[0][1] if seen[0][0] == "html" else {}) == {"lang": "en"}
    heads = [int(tag[1]) for tag, _ in seen if re.fullmatch(r"h[1-6]", tag)]
    assert heads[0] == 1
    assert heads.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(heads))
    names = [tag for tag, _ in seen]
    assert (names.count("main"), names.count("header"), names.count("title")) == (1, 1, 1)
    cells = [attributes for tag, attributes in seen if tag == "th"]
    assert {attributes["scope"] for attributes in cells} == {"col", "row"}
    regions = [a["aria-label"] for _, a in seen if a.get("role") == "region"]
    assert len(regions) == names.count("table")
    assert all(regions)


def test_the_brief_says_what_would_make_it_wrong(tmp_path: Path) -> None:
    said = {"wrong": ["Parents answered for children."], "excluded": ["Children at sea."]}
    network = pv.nsum.scale_up(
        pv.Survey({"police": [2, 1, 1, 3] * 20, "hidden": [0, 1, 0, 1] * 20}),
        "hidden", known={"police": 1000}, transmission=0.5,
    )  # fmt: skip
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [60, 50, 20], ["police", "shelter"])
    compared = pv.compare(
        {"network": network, "lists": pv.mse.chapman(lists, between=("police", "shelter"))},
        side_by_side=True,
    )
    path = pv.report(compared, path=tmp_path / "r.html", study=said)
    brief = path.read_text().split('<section id="brief"')[1].split("<nav")[0]
    order = ["Parents answered for children.", "Children at sea.", "Who is left out", "here 0.5",
             "False reports", "The lists", "Records", "The intervals"]  # fmt: skip
    places = [brief.index(words) for words in order]
    assert places == sorted(places)
    assert "Wrong answers" not in brief  # no interview of this study asks for the outcome
    assert brief.count("<figure>") == 1


# ---------------------------------------------------------------------- lists and their reliability
@cache
def case_lists() -> pv.Lists:
    """Lists whose sizes less the combinations shown are 4, 2 and 2 persons."""
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    names = ["police", "home", "court_house"]
    return pv.Lists.from_counts(histories, [61, 43, 32, 17, 4, 2], names)


@pytest.fixture(scope="module")
def of_lists(tmp_path_factory: pytest.TempPathFactory) -> str:
    report = pv.mse.reliability(case_lists(), simulations=19)
    path = pv.report(
        pv.compare({"case_lists": report.estimate}),
        path=tmp_path_factory.mktemp("lists") / "lists.html",
        study={"lists": case_lists()},
        reliability=report,
    )
    return path.read_text()


def section(page: str, name: str) -> str:
    return page.split(f'<section id="{name}">')[1].split("</section>", maxsplit=1)[0]


def test_the_reliability_of_lists_has_a_section_with_the_verdicts_first(of_lists: str) -> None:
    assert 'href="#reliability"' in of_lists
    found = section(of_lists, "reliability")
    order = ["From the data: ", "From declared facts: ", "Identified by: ", "<svg", "<table"]
    places = [found.index(words) for words in order]
    assert places == sorted(places)
    assert "without court house" in found
    assert " give " in found  # the range over models
    assert (
        "<strong>From declared facts:</strong> "
        in of_lists.split('<section id="estimates">', maxsplit=1)[0]
    )


def test_tables_of_lists_have_no_small_number(of_lists: str) -> None:
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", section(of_lists, "lists"))
    assert "fewer than 5" in cells
    numbers = [int(c.replace(",", "")) for c in cells if re.fullmatch(r"[\d,]+", c)]
    assert all(x % 10 == 0 or x == 1 for x in numbers)  # 1 is the largest list over itself
    assert "court house" in cells
    assert "rounded to the nearest ten" in of_lists
    comparison = pv.compare({"lists": pv.mse.lower_bound(case_lists())})
    open_ = page_of(comparison, "off: synthetic data", False)
    rows = protected(open_, case_lists().coverage(), "Each list")["rows"]
    assert rows[0]["cells"][1:4] == ["82", "0.516", "61"]


def test_no_size_of_a_protected_page_is_finer_than_a_hundred(of_lists: str) -> None:
    table = section(of_lists, "reliability").split("<table")[1]
    sizes = re.findall(r'class="right">(?:at least )?([\d,]+)(?: to ([\d,]+))?<', table)
    assert len(sizes) > 8
    assert all(int(x.replace(",", "")) % 100 == 0 for pair in sizes for x in pair if x)


def test_a_reliability_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"reliability must be what pv\.mse\.reliability returns"):
        pv.report(single(), path=tmp_path / "x.html", reliability="good")  # type: ignore[arg-type]
