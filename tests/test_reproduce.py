"""The main job: a study rerun as a script, number by number, from the command line."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from prevalence import cli, datasets, reproduce
from prevalence.cli import main
from prevalence.coverage import one_run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def done() -> reproduce.Run:
    return reproduce.run("jamaica", skip=("figure",))


def test_checks_are_those_with_an_interval_and_a_truth(done: reproduce.Run) -> None:
    assert len(done.checks) >= 18
    assert done.missed == int((~done.checks["covers"].astype(bool)).sum())


def test_a_difference_is_named() -> None:
    found = {"a": 1.0, "b": math.nan, "c": 2.0 + 1e-11}
    assert reproduce.compare_numbers(found, {"a": 1.0, "b": None, "c": 2.0}) == []
    worse = reproduce.compare_numbers({**found, "a": 1.0 + 1e-8}, {"a": 1.0, "b": None, "d": 3.0})
    assert [line.split(":")[0] for line in worse] == ["d", "a", "c"]


def test_the_command_passes_and_writes_a_report(tmp_path: Path, capsys: Capture) -> None:
    assert main(["reproduce", "jamaica", "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr()
    last = shown.out.strip().splitlines()[-1]
    assert last.startswith("PASS ")
    assert "numbers equal." in last
    assert "intervals miss their truth" in last
    assert "SYNTHETIC DATA" in shown.out
    assert shown.err == ""  # no progress where stderr is not a terminal
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.html"]


def kept(arguments: list[str], target: Path, capsys: Capture) -> None:
    """Assert that a command leaves a file as it is, before any work, and says how to replace it."""
    target.write_text("mine", encoding="utf-8")
    beside = sorted(target.parent.iterdir())
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert f"path must be a new file: {target.name!r} exists" in said
    assert "pass --force" in said
    assert target.read_text(encoding="utf-8") == "mine"
    assert sorted(target.parent.iterdir()) == beside


def test_commands_replace_no_file_without_force(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_work(*_: object, **__: object) -> None:
        raise AssertionError("the file is looked at before any work")

    with monkeypatch.context() as idle:
        idle.setattr(reproduce, "run", no_work)
        idle.setattr("prevalence.coverage.coverage", no_work)
        reproduced = ["reproduce", "jamaica", "--out", str(tmp_path)]
        kept(reproduced, tmp_path / "report.html", capsys)
        kept(["coverage", "jamaica", "--out", str(tmp_path / "c.csv")], tmp_path / "c.csv", capsys)
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    kept(["data", "jamaica", "--out", str(drawn)], drawn / "truth.csv", capsys)
    assert main(["data", "jamaica", "--out", str(drawn), "--force"]) == 0
    assert (drawn / "truth.csv").stat().st_size > 100


def test_force_replaces_a_link_and_not_the_file_that_it_points_to(
    done: reproduce.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "run", lambda *_, **__: done)
    elsewhere, out = tmp_path / "elsewhere.html", tmp_path / "out"
    elsewhere.write_text("mine", encoding="utf-8")
    out.mkdir()
    (out / "report.html").symlink_to(elsewhere)
    assert main(["reproduce", "jamaica", "--out", str(out), "--force"]) == 0
    assert elsewhere.read_text(encoding="utf-8") == "mine"
    assert not (out / "report.html").is_symlink()


def test_another_assumption_is_no_reproduction(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "run", partial(reproduce.run, skip=("figure",)))
    monkeypatch.setattr(cli, "_write_report", lambda *_: None)  # the test above writes one
    arguments = ["reproduce", "jamaica", "--set", "transmission=0.4", "--out", str(tmp_path)]
    assert main(arguments) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("NOT A REPRODUCTION: run with transmission=0.4.")


def test_a_difference_exits_with_an_error_and_names_the_first(
    done: reproduce.Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "run", lambda *_, **__: done)
    monkeypatch.setattr(cli, "_write_report", lambda *_: None)
    stored = reproduce.committed("jamaica") | {"numpy": np.__version__}
    name = next(k for k in stored["numbers"] if k.startswith("network") and "estimate" in k)
    stored["numbers"][name] *= 1 + 1e-8
    changed = tmp_path / "jamaica.results.json"
    changed.write_text(json.dumps(stored), encoding="utf-8")
    monkeypatch.setattr(reproduce, "results_path", lambda _: changed)
    assert main(["reproduce", "jamaica", "--out", str(tmp_path / "out")]) == 1
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("FAIL 1 of ")
    assert f"First: {name}:" in last


def test_another_numpy_may_draw_a_resample_anew_and_that_is_said(
    done: reproduce.Run, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "run", lambda *_, **__: done)
    monkeypatch.setattr(cli, "_write_report", lambda *_: None)
    stored = reproduce.committed("jamaica") | {"numpy": "0.1"}
    network = [k for k in stored["numbers"] if k.startswith("network")]
    limit, value = (next(k for k in network if part in k) for part in ("conf_low", "] estimate"))
    monkeypatch.setattr(reproduce, "results_path", lambda _: tmp_path / "results.json")
    for name, factor, verdict in (
        (limit, 1.003, "PASS "),
        (limit, 1.03, "FAIL 1 of "),
        (value, 1.003, "FAIL 1 of "),
    ):
        changed = stored | {"numbers": stored["numbers"] | {name: stored["numbers"][name] * factor}}
        (tmp_path / "results.json").write_text(json.dumps(changed), encoding="utf-8")
        assert main(["reproduce", "jamaica", "--out", str(tmp_path / "out")]) == int(
            verdict != "PASS "
        )
        last = capsys.readouterr().out.strip().splitlines()[-1]
        assert last.startswith(verdict)
        assert name in last
        assert ("1 by less than 2 %" in last) == (verdict == "PASS ")


def test_the_studies_are_listed(capsys: Capture) -> None:
    assert main(["reproduce", "--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{k}: {v}" for k, v in datasets.studies().items()
    ]


def test_every_study_is_rerun_and_the_worst_decides(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(cli, "_one", lambda name, *_: int(name == "jamaica"))
    assert main(["reproduce", "--all"]) == 1
    assert main(["reproduce", "--all", "jamaica"]) == 2
    assert "all must stand alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reproduce", "jamacia"], "study must be one of .* Did you mean 'jamaica'"),
        (["reproduce", "jamaica", "--set", "transmision=0.4"], "Did you mean 'transmission'"),
        (["reproduce", "jamaica", "--set", "transmission"], "set must be written NAME=VALUE"),
        (["reproduce", "jamaica", "--set", "transmission=0"], "for kind='beta'"),
        (["reproduce", "real_data", "--set", "rwanda=folder"], r"in a shell, .* name=\"'text'\""),
        (["coverage", "jamaica", "--seeds", "1"], "seeds must be 2 or more"),
    ],
)
def test_bad_commands_say_what_to_do(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert re.search(message, shown), shown
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_is_a_file(tmp_path: Path, capsys: Capture) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    assert main(["reproduce", "jamaica", "--out", str(taken)]) == 2
    assert "out must be a folder: 'taken' is a file" in capsys.readouterr().err
    assert taken.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [taken]


def test_another_country_is_checked_by_the_same_source() -> None:
    rows = one_run("jamaica", 3)
    assert {r["name"] for r in rows} >= {"prevalence", "network", "lists, referral declared"}
    assert all(math.isfinite(r["truth"]) for r in rows)


def test_cells_are_titled_and_parameters_are_found() -> None:
    every = list(reproduce.cells(datasets.source("jamaica")))
    assert sum("parameters" in cell.tags for cell in every) == 1
    assert all(cell.title for cell in every)
