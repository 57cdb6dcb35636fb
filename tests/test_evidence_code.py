"""What the pages on code and bad input claim is met by their committed tables, and messages differ."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evidence.messages import messages, shared

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "evidence"
MESSAGES = messages(ROOT / "src" / "prevalence")


def table(name: str) -> list[dict[str, str]]:
    with (PAGE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_no_two_statements_word_a_message_alike() -> None:
    assert {
        text: [f"{m.file}:{m.line}" for m in made] for text, made in shared(MESSAGES).items()
    } == {}


def test_messages_are_found() -> None:
    kinds = {message.kind for message in MESSAGES}
    assert {"raise ValueError", "warning", "refused by check_rows", "refused by whole"} <= kinds
    assert len(MESSAGES) > 1_000


def test_lines_and_branches_are_reached_as_promised() -> None:
    everything = table("code.csv")[0]
    assert float(everything["lines that ran, %"]) >= 97
    assert float(everything["branches that ran, %"]) >= 95


def test_every_message_was_brought_about() -> None:
    assert table("messages-silent.csv") == []
    assert table("messages-alike.csv") == []


@pytest.mark.parametrize("name", ["bad_input", "code", "contracts"])
def test_claims_are_met(name: str) -> None:
    claims = table(f"claims/{name}.csv")
    assert claims
    assert [row["claim"] for row in claims if row["met"] != "yes"] == []


def test_every_row_of_bad_input_has_an_answer() -> None:
    rows = table("bad-input.csv")
    assert {row["row"] for row in rows} == {str(number) for number in range(1, 45)}
    assert [row for row in rows if row["what came back"] == "NOT AS WANTED"] == []
    assert [row["row"] for row in rows if row["wanted"] == "waits"] == ["42"]


def test_no_line_is_excluded_by_a_comment() -> None:
    marked = [p.name for p in (ROOT / "src").rglob("*.py") if "pragma: no" in p.read_text("utf-8")]
    assert marked == []
