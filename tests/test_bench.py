"""The benches: what their table says of agreement and bars, and that pages say what the last run found.

No time is held against a bar here: `make bench` does that.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import growth_figure, results
from benchmarks.machine import facts
from benchmarks.table import HEAD, OTHER, OURS, Peer, Row, Table, as_csv, cells
from benchmarks.timing import QUIET, Spent, in_turn, yardstick
from evidence.claims import file_of

from .test_docs_pages import DOCS

FOUND = results.read()
EVIDENCE = DOCS / "evidence"
PAGES = {
    "speed.md": ("speed.csv", "growth.csv", "speed-machine.csv"),
    "network-speed.md": ("network-speed.csv",),
    "mse-speed.md": ("mse-speed.csv",),
    "measurement-speed.md": ("measurement-speed.csv",),
}
#: Numbers of the pages' prose that no table has: where they stand in the code, or what they are.
DESIGN = {
    "speed.md": {
        "2,000": "estimation.STRATA * PSUS",
        "500": "estimation.STRATA",
        "50": "estimation.DOMAINS",
        "200,000": "replicates.ROWS",
        "1.1": "growth.LINEAR",
        "0.2": "growth.FLAT",
    },
    "network-speed.md": {
        "20": "network.KNOWN",
        "21": "network.HIDDEN",
        "400": "network_samplers.PEER_DRAWS",
        "245": "exp(5.5), the median degree",
        "1.2": "smallest spread of answers_of",
        "5": "largest spread of answers_of",
    },
    "mse-speed.md": {
        "2,744": "persons of the table of the UK",
        "185": "persons of the table of New Orleans",
        "4,400": "persons of the table of Kosovo",
        "1,000": "mse.REPLICATES",
        "3,072": "1,024 models of mse.FEW tables",
        "12": "tables of the ladder",
        "1.5": "R-hat of LCMCR on the table of the UK",
    },
    "measurement-speed.md": {
        "10,000": "measurement_forms.ROWS",
        "500": "units of measurement_forms",
        "100": "measurement_forms.STRATA",
        "50": "measurement_forms.DOMAINS",
        "1,000": "measurement_forms.REPLICATES",
        "0.2": "measurement.FORM_BAR",
        "40,000": "measurement.CHILDREN",
        "1e-8": "measurement_peers.CHANGE",
    },
}
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w])")


def measured(**how: Any) -> Table:
    """Return a table of one task with one peer that gives 1, 2, 3."""
    table = Table("surveys")
    peer = Peer("peer", "1.0", lambda: np.array([1.0, 2.0, 3.0]), same=np.allclose, **how)
    table.measure("task", lambda: np.array([1.0, 2.0, 3.0]), peer, runs=1)
    return table


# The table


def test_a_row_has_times_of_both_and_their_ratio() -> None:
    ours, peer = measured().rows
    assert (ours.package, peer.package, peer.numbers) == (OURS, "peer", "same")
    assert ours.cpu is not None
    assert peer.cpu is not None
    assert peer.ratio == pytest.approx(peer.cpu / ours.cpu)
    assert ours.low is not None
    assert ours.high is not None
    assert ours.low <= ours.cpu <= ours.high


def test_other_numbers_fail_unless_their_reason_is_listed() -> None:
    table = Table("surveys")
    for listed in ("", "another formula"):
        peer = Peer("peer", "1.0", lambda: 2.0, same=lambda a, b: a == b, listed=listed)
        table.measure("task", lambda: 1.0, peer, runs=1)
    assert [row.numbers for row in table.rows[1::2]] == [OTHER, "listed: another formula"]
    assert not table.rows[1].fine
    assert table.rows[3].fine
    assert not table.met


def test_a_recorded_peer_has_its_figure_and_its_bar() -> None:
    table = Table("surveys")
    table.measure("task", lambda: None, Peer("R x", "1.0", recorded=1e6, bar=2.0), runs=1)
    row = table.rows[1]
    assert (row.how, row.met, row.cpu) == ("recorded", "yes", 1e6)
    assert cells(row)[1] == "R x 1.0, recorded"


def test_a_bar_in_seconds_is_held_against_the_yardstick() -> None:
    table = Table("surveys")
    table.measure("missed", lambda: sum(range(200_000)), bar=1e-9, runs=1)
    table.measure("met", lambda: None, bar=10.0, runs=1)
    assert [row.met for row in table.rows] == ["NO", "yes"]
    assert all(row.quiet is not None for row in table.rows)
    assert not table.met


def test_a_peer_that_does_not_run_says_so_and_fails_nothing() -> None:
    table = Table("surveys")
    broken = Peer("R x", "9.9", lambda: Spent(float("nan"), float("nan"), "no such function"))
    table.measure("task", lambda: None, broken, runs=1)
    assert table.rows[1].numbers == "did not run: no such function"
    assert table.met


def test_calls_are_made_in_turn_and_a_long_one_seldom() -> None:
    order: list[str] = []

    def told(name: str) -> Any:
        def call() -> Spent:
            order.append(name)
            return Spent(2.0 if name == "long" else 0.6, 0.0)

        return call

    taken = in_turn({"short": told("short"), "long": told("long")}, runs=3, seconds=4)
    # one call of each first, which counts for the long one
    assert order == ["short", "long", "short", "long", "short", "short"]
    assert taken["long"].cpu == [2.0, 2.0]
    assert len(taken["short"].cpu) == 3


def test_the_yardstick_is_fixed_work_of_milliseconds() -> None:
    work = yardstick()
    work()
    began = time.process_time()
    work()
    assert QUIET / 20 < time.process_time() - began < 1


def test_rows_are_well_formed_json_and_make_the_table_of_a_page() -> None:
    rows = json.loads(json.dumps(measured().as_json()))
    assert next(csv.reader(io.StringIO(as_csv(rows)))) == list(HEAD)
    assert Row(**rows[1]).package == "peer"
    assert {"cpu", "cores", "python", "numpy", "blas", "packages", "r"} <= set(facts())


def test_claims_have_a_file_of_their_own() -> None:
    assert file_of("python -m benchmarks").name == "benchmarks.csv"


# What the last run found


def families() -> list[str]:
    return list(results.TABLES)


def test_the_last_run_has_every_family_with_its_machine_and_date() -> None:
    assert set(FOUND) == {*families(), "growth"}
    for part in FOUND.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", part["date"])
        assert {"cpu", "cores", "numpy", "blas"} <= set(part["machine"])


@pytest.mark.parametrize("family", families())
def test_tables_of_pages_are_those_of_the_json(family: str) -> None:
    text = (EVIDENCE / results.TABLES[family]).read_text(encoding="utf-8")
    assert text == as_csv(FOUND[family]["rows"])


@pytest.mark.parametrize("family", families())
def test_every_task_is_ours_first_and_ratios_are_to_it(family: str) -> None:
    first: dict[str, Row] = {}
    for row in (Row(**row) for row in FOUND[family]["rows"]):
        first.setdefault(row.task, row)
        mine = first[row.task]
        if row.ratio is not None:
            assert mine.package == OURS
            assert mine.cpu is not None
            assert row.cpu is not None
            assert row.ratio == pytest.approx(row.cpu / mine.cpu, rel=1e-3)


@pytest.mark.parametrize("family", families())
def test_the_last_run_met_its_bars_and_agreed_with_every_peer(family: str) -> None:
    rows = [Row(**row) for row in FOUND[family]["rows"]]
    assert [row for row in rows if not row.fine] == []
    assert any(row.numbers and row.package != OURS for row in rows)


@pytest.mark.parametrize(
    ("family", "peers"),
    [
        ("surveys", {"svy", "samplics", "R survey"}),
        ("network", {"networkscaleup", "R survey", "base R", "PyMC"}),
        ("mse", {"base R", "statsmodels", "NumPy", "R SparseMSE", "R dga", "R LCMCR"}),
        ("measurement", {"base R", "statsmodels", "R survey svyby", "pandas"}),
    ],
)
def test_every_peer_took_part(family: str, peers: set[str]) -> None:
    assert peers <= {row["package"] for row in FOUND[family]["rows"]}


def test_slopes_are_those_of_the_times_and_below_their_bars() -> None:
    growth = importlib.import_module("benchmarks.growth")
    rows = FOUND["growth"]["rows"]
    for row in rows:
        found = growth.slopes(row["sizes"], row["seconds"])
        assert (row["slope"], row["error"], row["top"]) == pytest.approx(found, abs=2e-3)
        if row["bar"] is not None:
            assert max(row["slope"], row["top"]) <= row["bar"], row["task"]
    assert {row["family"] for row in rows} == {"surveys", "network", "mse"}
    assert (EVIDENCE / "growth.csv").read_text(encoding="utf-8") == growth_figure.as_csv(rows)


def test_the_figure_of_growth_is_drawn_from_the_rows(tmp_path: Path) -> None:
    growth_figure.draw(FOUND["growth"]["rows"], tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").read_text(encoding="utf-8").count("<path") > 100
    assert (DOCS / "_static" / "growth.svg").exists()


def test_claims_are_those_of_the_last_run() -> None:
    text = (EVIDENCE / "claims" / "benchmarks.csv").read_text(encoding="utf-8")
    written = [tuple(row)[:4] for row in csv.reader(io.StringIO(text))][1:]
    told = [(*claim[:3], "yes" if claim.met else "NO") for claim in results.claims(FOUND)]
    assert written == told


# Prose


@pytest.mark.parametrize("page", PAGES)
def test_every_number_in_the_prose_is_of_the_table_or_of_the_design(page: str) -> None:
    text = (EVIDENCE / page).read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    tables = " ".join((EVIDENCE / name).read_text(encoding="utf-8") for name in PAGES[page])
    known = set(NUMBER.findall(tables)) | set(DESIGN[page])
    assert sorted(set(NUMBER.findall(prose)) - known) == []


def test_numbers_of_the_design_are_those_of_the_code() -> None:
    def of(name: str) -> Any:
        return importlib.import_module(f"benchmarks.{name}")

    estimation, replicates, growth = of("estimation"), of("replicates"), of("growth")
    assert (estimation.STRATA * estimation.PSUS, estimation.DOMAINS) == (2_000, 50)
    assert (replicates.ROWS, growth.LINEAR, growth.FLAT) == (200_000, 1.1, 0.2)
    network, samplers = of("network"), of("network_samplers")
    assert (len(network.KNOWN), len(network.HIDDEN), samplers.PEER_DRAWS) == (20, 21, 400)
    assert round(np.exp(5.5), 0) == 245
    assert (of("mse").REPLICATES, 1_024 * of("mse").FEW) == (1_000, 3_072)
    sizes = of("mse_tables").SIZES
    assert (sizes["uk5"][1], sizes["neworleans8_185"][1], sizes["kosovo"][1]) == (2_744, 185, 4_400)
    forms, measurement = of("measurement_forms"), of("measurement")
    assert (forms.ROWS, forms.STRATA, forms.STRATA * forms.PSUS) == (10_000, 100, 500)
    assert (forms.DOMAINS, forms.REPLICATES, measurement.FORM_BAR) == (50, 1_000, 0.2)
    assert (measurement.CHILDREN, of("measurement_peers").CHANGE) == (40_000, 1e-8)
