"""One function of a seed gives the same numbers in a loop and in processes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "cluster.md"


@pytest.mark.proof
def test_the_lines_for_processes_on_the_page_give_the_numbers_of_the_loop() -> None:
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    first = next(text for kind, text in blocks if kind == "python")
    loky = next(text for kind, text in blocks if kind == "text" and "loky" in text)
    names: dict[str, Any] = {}
    lines = [line[4:] for line in first.splitlines() if line[:4] in (">>> ", "... ")]
    exec("\n".join(lines), names)  # noqa: S102 - the page of this repository
    exec(loky.replace("n_jobs=-1", "n_jobs=2").replace("1001", "41"), names)  # noqa: S102 - the same
    assert len(names["alone"]) == 40
    assert names["processes"] == names["alone"]
