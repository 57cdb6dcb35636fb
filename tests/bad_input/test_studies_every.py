"""What every public function of studies, tables and reports answers to what it cannot use."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.cli import main
from prevalence.coverage import coverage
from prevalence.simulate import city, cote_divoire, household_survey, interviews, jamaica, lists

Ask = Callable[[], Any]
PEOPLE = {"case": [1.0, 0, 0, 0] * 50, "half": ["a", "b", "b", "b", "b"] * 40}
SURVEY = pv.Survey(PEOPLE)
SHARE = pv.direct.prevalence(SURVEY, "case")
BOTH = pv.compare({"survey": SHARE})


def report(**how: Any) -> Ask:
    def ask() -> Path:
        return pv.report(how.pop("comparison", BOTH), **{"path": "page.html", **how})

    return ask


def study(**parts: Any) -> Ask:
    return report(study=parts)


def checked(*given: Any, **how: Any) -> Ask:
    return lambda: pv.checklist(*(given or (BOTH, "survey")), **how)


def falls(**how: Any) -> Ask:
    return lambda: pv.plan.two_rounds(**{"prevalence": 0.1, "n": 1_000, "deff": 2, **how})


def size(**how: Any) -> Ask:
    return lambda: pv.plan.sample_size(
        **{"prevalence": 0.1, "relative_error": 0.2, "deff": 2, **how}
    )


Row = tuple[Ask, type[Exception], str]
EVERY: dict[str, Row] = {
    # plans
    "size: text": (size(prevalence="a"), TypeError, "prevalence must be a number"),
    "size: 0": (size(prevalence=[0.1, 0]), ValueError, "prevalence must be above 0 and below 1: 1 of 2"),
    "size: nan": (size(deff=np.nan), ValueError, "deff must be"),
    "size: none": (size(relative_error=[]), ValueError, r"relative_error must be above 0 .*none given"),
    "falls: part of a child": (falls(n=10.5), ValueError, r"n must be whole numbers .* \(first: 10.5\)"),
    "falls: too many": (falls(n=1e30), ValueError, "n must be whole numbers of at most"),
    "falls: two powers": (falls(power=[0.8, 0.9]), TypeError, "power must be one number: found 2"),
    "falls: sure": (falls(level=1), ValueError, "level must be above 0 and below 1"),
    "falls: correlation": (falls(correlation=-0.1), ValueError, "correlation must be at least 0 and below 1"),
    # tables
    "table: per": (lambda: SHARE.table(per=1), ValueError, "per must be a whole number of at least 2: found 1"),
    "table: per of counts": (lambda: SHARE.count(1e6).table(per=1000), ValueError, "per is for shares: found count only"),
    "table: lang": (lambda: SHARE.table(lang="de"), ValueError, "lang must be one of en, fr: found 'de'"),
    "table: langs": (lambda: SHARE.table(lang=["en"]), ValueError, "lang must be one of en, fr"),  # type: ignore[arg-type]
    "table: level": (lambda: BOTH.table(level=95), ValueError, "level must lie between 0 and 1: found 95. Write 0.95"),
    "table: disclosure": (lambda: BOTH.table(disclosure="off"), ValueError, "disclosure must be 'on', or 'off:' with the reason"),
    "table: nothing safe": (lambda: pv.direct.prevalence(SURVEY, "case", where="case == 1").table(), pv.DisclosureError, "must have an estimate that is safe"),
    "excel: ending": (lambda: SHARE.table().to_excel("a.docx"), ValueError, "path must end in .xlsx"),
    "word: ending": (lambda: SHARE.table().to_word("a"), ValueError, "path must end in .docx"),
    "excel: no path": (lambda: SHARE.table().to_excel(None), TypeError, "path must be a path: found None"),  # type: ignore[arg-type]
    "word: a folder": (lambda: SHARE.table().to_word("."), IsADirectoryError, "path must be a file"),
    "excel: in a file": (lambda: SHARE.table().to_excel("taken/a.xlsx"), NotADirectoryError, "path must lie in a folder: 'taken' is a file"),
    "excel: exists": (lambda: SHARE.table().to_excel("taken.xlsx"), FileExistsError, "pass overwrite=True"),
    # comparisons
    "covariance: rows": (lambda: pv.compare({"halves": pv.direct.prevalence(SURVEY, "case", by="half")}).covariance(), ValueError, "estimates must have one row each: 'halves' has 2"),
    # checklists
    "checklist: frame": (checked(SHARE.to_frame(), "survey"), TypeError, "comparison must be what pv.compare returns or an Estimate: found DataFrame"),
    "checklist: kind": (checked(BOTH, "lst"), ValueError, "kind must be one of survey, scale-up, lists"),
    "checklist: none of it": (checked(BOTH, "lists"), ValueError, "kind must be that of an estimate: none of 1 is of 'lists'"),
    "checklist: item": (checked(told={"fundin": "x"}), KeyError, "told must name items: 'fundin' is none. Did you mean 'funding'"),
    "checklist: told": (checked(told="x"), TypeError, "told must be a mapping: found 'x'"),
    "checklist: no text": (checked(told={"funding": 3}), TypeError, r"told\['funding'\] must be a text"),
    "checklist: answers": (checked(answers=3), TypeError, "answers must be what pv.Answers returns: found int"),
    "checklist: lists": (checked(lists=3), TypeError, "lists must be what pv.Lists returns"),
    "checklist: reliability": (checked(reliability=3), TypeError, "reliability must be what pv.mse.reliability returns"),
    "checklist: flow": (checked(weight_flow=pd.DataFrame()), TypeError, "found a table without steps"),
    # reports
    "report: estimate": (report(comparison=SHARE), TypeError, "comparison must be what pv.compare returns: found Estimate"),
    "report: title": (report(title=3), TypeError, "title must be a text"),
    "report: coverage": (report(coverage=3), TypeError, "coverage must be a list"),
    "report: checks": (report(checks=[3, {}]), TypeError, "checks must hold mappings: 1 of 2 are none"),
    "report: posterior": (report(posterior=3), TypeError, "posterior must be what pv.nsum.fit returns"),
    "report: validation": (report(validation=3), TypeError, "validation must be what pv.nsum.validate returns"),
    "report: study": (report(study=3), TypeError, "study must be a mapping: found 3"),
    "report: no study": (report(study="jamaika"), KeyError, "study must be one that comes with .* Did you mean 'jamaica'"),
    "report: part": (study(leed="x"), KeyError, "study must hold parts that a page has: 'leed' is not"),
    "report: letters": (study(wrong="Nothing."), TypeError, r"study\['wrong'\] must be a list: found 'Nothing.'"),
    "report: sentences": (study(excluded=[3]), TypeError, r"study\['excluded'\] must be a text"),
    "report: flow": (study(weight_flow=3), TypeError, "weight_flow must be what Survey.weight_flow returns: found int"),
    "report: lists": (study(lists=3), TypeError, r"study\['lists'\] must be Lists: found int"),
    "report: answers": (study(answers=3), TypeError, "answers must be what pv.Answers returns"),
    "report: hashes": (study(hashes="x"), TypeError, r"study\['hashes'\] must be a mapping"),
    "report: items": (study(checklist={"nix": "x"}), KeyError, "must name items of the checklists: 'nix' is none"),
    "report: words": (report(title="120 victims\nidentified"), ValueError, "must not call an estimate 'victims identified'"),
    "report: a folder": (report(path="."), IsADirectoryError, "path must be a file"),
    "report: exists": (report(path="taken"), FileExistsError, "pass force=True"),
    # data sets
    "folder": (lambda: pv.datasets.folder("jamaika"), KeyError, "name must be a synthetic country .* Did you mean 'jamaica'"),
    "folder: path": (lambda: pv.datasets.folder("../jamaica"), KeyError, "name must be a synthetic country"),
    "truth: nothing there": (lambda: pv.datasets.truth("."), FileNotFoundError, "holds no truth.csv"),
    "truth: none": (lambda: pv.datasets.truth(None), TypeError, "folder must be a folder: found NoneType"),  # type: ignore[arg-type]
    "coverage: study": (lambda: pv.datasets.coverage("nix"), KeyError, "study must be one of"),
    "coverage: no table": (lambda: pv.datasets.coverage("real_data"), FileNotFoundError, "'real_data' has none"),
    "coverage: no truth": (lambda: coverage("real_data", range(1, 3)), ValueError, "study must have estimates with a truth: 'real_data' has none"),
    "true_values: id": (lambda: pv.datasets.true_values(pv.datasets.folder("jamaica"), "nix"), KeyError, "name must be an estimand of the table: 'nix' is none"),
    "true_values: domain": (lambda: pv.datasets.true_values(pv.datasets.folder("jamaica"), "household_12m_count", [("Nix",)]), KeyError, "labels must be domains"),
    "true_values: nothing there": (lambda: pv.datasets.true_values(".", "nix"), FileNotFoundError, "holds no truth.csv"),
    "margins": (lambda: pv.datasets.margins(pv.datasets.folder("jamaica"), "agegroup"), KeyError, "names must be margins of the table: agegroup is none"),
    "margins: nothing there": (lambda: pv.datasets.margins(".", "sex"), FileNotFoundError, "holds no margins.csv"),
    "provenance: no data": (lambda: pv.datasets.provenance("."), FileNotFoundError, "data must be a folder of CSV files"),
    "provenance: no table": (lambda: pv.datasets.provenance({"a": 3}), TypeError, "data must map names to tables: 'a' is int"),
    "provenance: one table": (lambda: pv.datasets.provenance(pd.DataFrame()), TypeError, "data must be a folder: found DataFrame"),  # type: ignore[arg-type]
    # generators
    "city: seed": (lambda: city(-1), ValueError, "seed must be a whole number of at least 0: found -1"),
    "city: parameters": (lambda: city(1, parameters=3), TypeError, "parameters must be CityParameters: found int"),  # type: ignore[arg-type]
    "cote_divoire: seed": (lambda: cote_divoire(1.5), ValueError, "seed must be a whole number"),  # type: ignore[arg-type]
    "jamaica: seed": (lambda: jamaica(None), ValueError, "seed must be a whole number"),  # type: ignore[arg-type]
    "household_survey: seed": (lambda: household_survey("a"), ValueError, "seed must be a whole number"),  # type: ignore[arg-type]
    "interviews: seed": (lambda: interviews(True), ValueError, "seed must be a whole number"),
    "lists: n": (lambda: lists(0), ValueError, "n must be a whole number of at least 1"),
    "lists: large effects": (lambda: lists(9, effects={"sex": {"girl": 1e3}}), ValueError, "effects must be log odds between -20 and 20: found 1000 for 'girl'"),
    "lists: sd": (lambda: lists(9, visibility_sd=-1), ValueError, "visibility_sd must be from 0 to 20"),
    "lists: rng": (lambda: lists(9, rng="a"), TypeError, "rng must be"),  # type: ignore[arg-type]
    "lists: effects": (lambda: lists(9, effects=3), TypeError, "effects must be a mapping"),  # type: ignore[arg-type]
    "lists: labels": (lambda: lists(9, effects={"sex": 3}), TypeError, r"effects\['sex'\] must be a mapping"),  # type: ignore[dict-item]
    "lists: label": (lambda: lists(9, effects={"sex": {"gril": 1}}), ValueError, "first: 'gril'"),
    "lists: odds": (lambda: lists(9, effects={"sex": {"girl": "a"}}), TypeError, r"effects\['sex'\] must be a number"),  # type: ignore[dict-item]
}  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with two files that are not ours."""
    monkeypatch.chdir(tmp_path)
    for name in ("taken", "taken.xlsx"):
        (tmp_path / name).write_text("mine")
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", EVERY)
def test_what_cannot_be_used_is_refused_in_words(name: str, elsewhere: Path) -> None:
    ask, kind, message = EVERY[name]
    with pytest.raises(kind, match=message) as caught:
        ask()
    assert type(caught.value) is kind
    said = str(caught.value.args[0])
    assert "  " not in said
    assert "\n" not in said
    assert said.endswith((".", "?"))
    assert files(elsewhere) == ["taken", "taken.xlsx"]
    assert (elsewhere / "taken.xlsx").read_text() == "mine"


LINES = {
    "set": (["reproduce", "jamaica", "--set", "x"], "set must be written NAME=VALUE"),
    "code": (["reproduce", "jamaica", "--set", "seed=open('x')"], "set must give a number, or a text within quotes"),
    "all": (["reproduce", "--all", "jamaica"], "all must stand alone"),
    "no study": (["reproduce", "--set", "transmission=0.4"], "set and out need a study: found none"),
    "study": (["reproduce", "jamaika"], "Did you mean 'jamaica'"),
    "out": (["reproduce", "jamaica", "--out", "taken"], "out must be a folder: 'taken' is a file"),
    "seeds": (["coverage", "jamaica", "--seeds", "1"], "seeds must be 2 or more"),
    "jobs": (["coverage", "jamaica", "--jobs", "0"], "jobs must be 1 or more: found 0"),
    "no truth": (["coverage", "real_data", "--seeds", "2"], "study must have estimates with a truth"),
    "data": (["data", "nix"], "name must be a synthetic country"),
    "seed": (["data", "jamaica", "--seed", "-1", "--out", "new"], "seed must be 0 or more: found -1"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_the_command_line_says_what_is_wrong_and_writes_nothing(
    name: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, message = LINES[name]
    assert main(arguments) == 2
    assert re.search(re.escape(message), capsys.readouterr().err)
    assert files(elsewhere) == ["taken", "taken.xlsx"]


def test_files_are_not_written_in_part(elsewhere: Path) -> None:
    """What fails while it is written leaves the file that was there."""
    table = SHARE.table()
    broken = pv.Table(table.caption, (*table.columns[:1],), notes=(3,))  # type: ignore[arg-type]
    (elsewhere / "old.docx").write_text("mine")
    with pytest.raises(TypeError):
        broken.to_word("old.docx", overwrite=True)
    assert (elsewhere / "old.docx").read_text() == "mine"
    assert files(elsewhere) == ["old.docx", "taken", "taken.xlsx"]


def test_a_caption_of_any_length_is_written_whole() -> None:
    from docx import Document

    table = SHARE.describe(outcome="x" * 300).table()
    written = Document(str(table.to_word("long.docx")))
    assert written.paragraphs[0].text == table.caption
    assert table.to_excel("long.xlsx").is_file()


def test_inputs_are_not_changed() -> None:
    notes: dict[str, Any] = {"wrong": ["Nobody answered."], "hashes": {"a": "1"}, "lead": "A lead."}
    told = {"funding": "None."}
    checks = [{"check": "sizes", "passed": True}]
    before = (repr(notes), repr(told), repr(checks), SHARE.to_frame())
    pv.report(BOTH, path="new.html", study={**notes, "checklist": told}, checks=checks)
    pv.checklist(BOTH, "survey", told=told)
    assert before[:3] == (repr(notes), repr(told), repr(checks))
    pd.testing.assert_frame_equal(before[3], SHARE.to_frame())


def test_a_class_that_lets_one_unit_carry_its_stratum_is_told() -> None:
    rows = {
        "stratum": ["A"] * 4 + ["B"] * 4, "ea": [1, 1, 2, 2, 3, 3, 4, 4],
        "answered": [1, 1, 0, 0, 1, 0, 1, 1], "beyond": ["x", "y"] * 4,
    }  # fmt: skip
    survey = pv.Survey(rows, strata="stratum", psu="ea")
    message = r"carry a whole stratum: in 1 of 2 strata nobody .* \(first: 'A'\)"
    with pytest.warns(pv.PrevalenceWarning, match=message):
        survey.nonresponse("answered", within="stratum")
    survey.nonresponse("answered", within="beyond")  # classes that reach beyond the stratum
    every = pv.Survey({**rows, "answered": [1, 0, 0, 1, 1, 0, 1, 1]}, strata="stratum", psu="ea")
    every.nonresponse("answered", within="stratum")  # somebody answered in every unit
