"""Every notebook runs, and says what the committed one says (pictures are not compared)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools.notebooks import NOTEBOOKS, build

SOURCES = sorted(path.stem for path in NOTEBOOKS.glob("*.py"))


def texts(path: Path) -> list[list[str]]:
    """Return the text that each code cell puts out, without places in memory."""
    notebook: Any = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[plain(output) for output in cell.outputs] for cell in cells]


def plain(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return re.sub(r" at 0x[0-9a-f]+", "", str(output.data.get("text/plain", "")))


def test_there_are_notebooks() -> None:
    assert SOURCES


@pytest.mark.parametrize("name", SOURCES)
def test_a_notebook_says_what_the_committed_one_says(name: str, tmp_path: Path) -> None:
    target = tmp_path / f"{name}.ipynb"
    build(NOTEBOOKS / f"{name}.py", target)
    committed = NOTEBOOKS / f"{name}.ipynb"
    assert texts(target) == texts(committed)
    assert not [t for cell in texts(target) for t in cell if "Error" in t]


@pytest.mark.parametrize("name", SOURCES)
def test_the_committed_notebook_is_of_its_source(name: str) -> None:
    notebook: Any = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    source = (NOTEBOOKS / f"{name}.py").read_text(encoding="utf-8")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.source in source
