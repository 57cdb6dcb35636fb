"""Every study is run once, from its source: its numbers and its words equal the committed ones."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from IPython.lib.pretty import pretty

from prevalence import datasets, reproduce
from tools.notebooks import NOTEBOOKS, build

STUDIES = list(datasets.studies())

studies = pytest.mark.parametrize("name", STUDIES)


@cache
def ran(name: str) -> reproduce.Run:
    """Run a study as a notebook would, once for all tests of this file."""
    with pd.option_context("display.max_columns", 20):  # as in a notebook, which is no terminal
        return reproduce.run(name, shown=pretty)


def code_cells(name: str) -> list[Any]:
    notebook: Any = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def stream(cell: Any, name: str) -> str:
    """Return what a committed cell printed, or warned of."""
    return "".join(o.text for o in cell.outputs if o.get("name") == name)


def shown(cell: Any) -> str:
    """Return what a committed cell shows as text; pictures are not compared."""
    made = [o.data.get("text/plain", "") for o in cell.outputs if "data" in o]
    return places("".join(made))


def places(text: str) -> str:
    """Return a text without places in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def test_every_study_is_a_notebook_and_every_notebook_a_study() -> None:
    assert sorted(STUDIES) == sorted(path.stem for path in NOTEBOOKS.glob("*.py"))
    assert sorted(STUDIES) == sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@studies
def test_every_number_equals_the_committed_one(name: str) -> None:
    stored = reproduce.committed(name)
    wrong, redrawn = reproduce.differences(name, ran(name))
    assert not wrong
    assert not redrawn or stored["numpy"] != np.__version__
    assert len(stored["numbers"]) > 100


@studies
def test_every_cell_says_what_the_committed_one_says(name: str) -> None:
    committed = code_cells(name)
    redrawn = reproduce.differences(name, ran(name))[1]
    assert len(committed) == len(ran(name).said)
    for cell, said in zip(committed, ran(name).said, strict=True):
        assert cell.source.endswith(said.cell.text.strip()), said.cell.title
        if "environment" in said.cell.tags or redrawn:  # they differ from one NumPy to the next
            continue
        assert stream(cell, "stdout") == said.printed, said.cell.title
        assert shown(cell) == places(said.shown), said.cell.title
        warned = stream(cell, "stderr")
        assert warned.count("Warning: ") == len(said.warned), said.cell.title
        assert all(words in warned for words in said.warned), said.cell.title


@studies
def test_a_study_has_what_its_readers_expect(name: str) -> None:
    names, source = ran(name).names, datasets.source(name).read_text(encoding="utf-8")
    tags = [tag for said in ran(name).said for tag in said.cell.tags]
    assert {"seed", "comparison", "published", "page", "results"} <= set(names)
    assert [tags.count(t) for t in ("parameters", "results", "environment")] == [1, 1, 1]
    assert "figure" in tags
    assert all(said.cell.title for said in ran(name).said)
    assert re.search(r"^# ## What would make this wrong", source, re.MULTILINE)


@studies
def test_every_figure_is_a_picture_that_says_what_it_shows(name: str) -> None:
    cells = [c for c in code_cells(name) if "figure" in c.metadata.get("tags", [])]
    shown = [o for c in cells for o in c.outputs if "data" in o]
    assert shown
    assert all("image/png" in o.data for o in shown)
    assert all(len(o.metadata["image/png"]["alt"]) > 40 for o in shown)


@pytest.mark.proof
@studies
def test_a_notebook_is_built_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    """As the committed one, or, on a machine that rounds otherwise, as another build."""

    def built(file: str) -> bytes:
        build(NOTEBOOKS / f"{name}.py", tmp_path / file)
        return (tmp_path / file).read_bytes()

    first = built(f"{name}.ipynb")
    assert first == (NOTEBOOKS / f"{name}.ipynb").read_bytes() or first == built("again.ipynb")
