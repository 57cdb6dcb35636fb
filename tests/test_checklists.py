"""Reporting checklists: filled from the estimates, gaps in sight, on the page of the report."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import prevalence as pv
from prevalence.reporting.checklists import KINDS
from prevalence.reporting.study_items import ITEMS

from .test_presentation import survey


@cache
def case_lists() -> pv.Lists:
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    names = ["police", "home", "court_house"]
    return pv.Lists.from_counts(histories, [61, 43, 32, 17, 9, 8], names)


@cache
def answers() -> pv.Answers:
    data = {
        "police": [2, 1, 1, 3] * 20, "nurses": [3, 2, 2, 5] * 20, "priests": [1, 1, 0, 2] * 20,
        "hidden": [0, 1, 0, 1] * 20,
    }  # fmt: skip
    group = pv.nsum.Group
    known = {
        "police": group(size=1000, source="annual report", year=2023),
        "nurses": group(size=1500, source="register", year=2023),
        "priests": group(size=250),
    }
    return pv.Answers(
        pv.Survey(data), known=known, hidden={"hidden": "hidden"}, tie="met in 12 months"
    )


@cache
def compared() -> pv.Comparison:
    share = pv.direct.prevalence(survey(), "trafficked")
    return pv.compare(
        {
            "share": share,
            "by town": pv.direct.prevalence(survey(), "trafficked", by="town"),
            "network": pv.nsum.scale_up(answers(), transmission=1),
            "case lists": pv.mse.lower_bound(case_lists()),
        },
        side_by_side=True,
    )


def reported(table: pv.Checklist) -> dict[str, str]:
    frame = table.to_frame()
    return dict(zip(frame["item"], frame["reported"], strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_is_reported_or_a_gap(kind: str) -> None:
    table = pv.checklist(compared(), kind)
    frame = table.to_frame()
    assert frame["item"].is_unique
    assert frame["item"].tolist() == [item.name for item in ITEMS[kind]]
    assert (frame["state"] == "GAP").tolist() == [i in table.gaps for i in frame["item"]]
    assert {"funding", "data and code", "ethics"} <= set(table.gaps)
    assert table.notes[0].startswith(f"{len(table.gaps)} of {len(frame)} items are gaps: ")
    assert "A proposal" in table.notes[1]
    assert not frame["reported"].str.contains(r"\.\.|nan|None", regex=True).any()


def test_what_is_told_fills_a_gap_and_adds_to_what_is_found() -> None:
    told = {"funding": "Nobody paid.", "design": "Drawn in 2023"}
    found = reported(pv.checklist(compared(), "survey", told=told))
    assert found["funding"] == "Nobody paid."
    assert found["design"].endswith("1 stratum. Drawn in 2023.")
    synthetic = pv.checklist(compared(), "survey", synthetic=True)
    assert "ethics" not in synthetic.gaps


def test_survey_items_come_from_the_estimates() -> None:
    found = reported(pv.checklist(compared(), "survey", weight_flow=survey().weight_flow()))
    assert "specificity 1" in found["errors of the instrument"]
    assert "by town, 2 of 4 rows suppressed" in found["domains"]
    assert re.search(r"Share: \d\.\d % \(95 % interval", found["estimates"])
    assert "primary units" in found["numbers behind"] or "districts" in found["numbers behind"]
    assert "1 steps" in found["weights at the end"] or "steps" in found["weights at the end"]


def test_scale_up_items_come_from_answers_and_validation() -> None:
    validation = pv.nsum.validate(answers())
    found = reported(pv.checklist(compared(), "scale-up", validation=validation))
    assert found["tie"] == "met in 12 months."
    assert "police 1,000 (annual report, 2023)" in found["known groups"]
    assert "off on average" in found["held out"]
    assert found["transmission"] == "transmission 1."
    whole = pv.checklist(compared(), "scale-up", answers=answers())
    assert "sources of sizes" in whole.gaps  # one size has none
    assert "held out" in whole.gaps
    sourced = pv.Answers(
        answers().survey,
        known={k: g for k, g in answers().known.items() if g.source},
        hidden={"hidden": "hidden"},
    )
    found = reported(pv.checklist(compared(), "scale-up", answers=sourced))
    assert found["sources of sizes"] == "All 2 sizes have a source and a year, named above."


def test_list_items_come_from_lists_and_reliability() -> None:
    report = pv.mse.reliability(case_lists(), simulations=19)
    estimate = report.estimate
    table = pv.checklist(estimate, "lists", lists=case_lists(), reliability=report)
    found = reported(table)
    assert found["lists"] == "3 lists: police, home, court house."
    assert found["overlap"].startswith("170 persons, 34 of them on two lists or more")
    assert found["reliability"].startswith("From the data: ")
    assert "left out in turn" in found["without a list"]
    assert "floor" in found["floor"]
    assert "referral" in table.gaps
    assert "lists" in pv.checklist(estimate, "lists").gaps


def test_small_cells_stay_out_unless_protection_is_off() -> None:
    few = pv.direct.prevalence(pv.Survey({"y": [1, 0, 0, 0] * 3}), "y")
    found = reported(pv.checklist(few, "survey"))
    assert found["estimates"] == "suppressed."
    assert "n 12" not in found["numbers behind"]
    found = reported(pv.checklist(few, "survey", disclosure="off: a test"))
    assert "25" in found["estimates"]
    assert found["small cells"] == "Protection was switched off: a test."


def test_estimates_by_domain_alone_are_reported() -> None:
    table = pv.checklist(compared().estimates["by town"], "survey")
    assert not {"estimates", "numbers behind"} & set(table.gaps)
    assert reported(table)["estimates"] == "Estimates: 4 rows, by town, in the tables."


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="kind must be one of survey, scale-up, lists"):
        pv.checklist(compared(), "network")
    with pytest.raises(ValueError, match="none of 1 is of 'lists'"):
        pv.checklist(compared().estimates["share"], "lists")
    with pytest.raises(KeyError, match=r"'fundings' is none\. Did you mean 'funding'"):
        pv.checklist(compared(), "survey", told={"fundings": "x"})
    with pytest.raises(TypeError, match="must be a text: found 3"):
        pv.checklist(compared(), "survey", told={"funding": 3})  # type: ignore[dict-item]


def test_the_page_has_the_checklists_with_their_gaps(tmp_path: Path) -> None:
    told = {"checklist": {"funding": "Nobody paid.", "tie": "met in 12 months"}}
    path = pv.report(compared(), path=tmp_path / "r.html", study={**told, "hashes": {"a": "b"}})
    part = path.read_text().split('<section id="checklists">')[1].split("</section>")[0]
    assert part.count("<table") == 3
    assert part.count("Nobody paid.") == 3
    assert "<strong>GAP</strong>" in part
    assert "Run it again" in part
    with pytest.raises(KeyError, match="'ties' is none"):
        pv.report(compared(), path=tmp_path / "s.html", study={"checklist": {"ties": "x"}})
