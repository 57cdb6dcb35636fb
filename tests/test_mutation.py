"""The mutation run: which faults there are, that they are put in, and what the committed table says."""

from __future__ import annotations

import ast
import csv
import gc
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from evidence.claims import DOCS, ROOT
from evidence.mutation.faults import Fault, faults, make
from evidence.mutation.live import Living
from evidence.mutation.sample import drawn, layer_zero

SOURCE = '''"""A module, and 1 + 1 in its words."""

from functools import cache, wraps

__all__ = ["half"]

LIMIT = 10
TABLE = {"limit": LIMIT}


def half(x: float = 6, *, by: int = 2) -> float:
    """Return 1 / 2."""
    if x > LIMIT:
        raise ValueError(f"x must be at most {LIMIT + 0}: found {x - 1}")
    return x / by


def twice(function):
    @wraps(function)
    def inner(x):
        return function(x) + function(x)

    return inner


@twice
def plus(x):
    return x + 3


@cache
def counted():
    return sum(1 for x in range(5) if x != 2)


class Box:
    size: int = 4

    @property
    def area(self):
        return self.size * self.size
'''


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "faulty.py"
    path.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("tests.faulty", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["tests.faulty"] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules["tests.faulty"]


def found(module: ModuleType) -> tuple[Path, list[Fault]]:
    path = Path(str(module.__file__))
    return path, faults(path, "faulty")


def test_faults_leave_out_words_annotations_and_fields(module: ModuleType) -> None:
    _, every = found(module)
    assert {f.function for f in every} == {
        "(module)",
        "half",
        "twice",
        "plus",
        "counted",
        "Box.area",
    }
    kinds = Counter(f.kind for f in every if f.function == "half")
    assert kinds == {
        "constant": 2,  # the defaults; none in the docstring or the message
        "comparison": 2,
        "condition": 1,
        "statement": 1,  # the raise as a whole
        "arithmetic": 1,
        "return": 1,
    }
    assert not any("Return 1" in f.before or "at most" in f.after for f in every)


def test_every_fault_of_layer_zero_is_another_program() -> None:
    paths = layer_zero(ROOT)
    assert {"algebra", "intervals", "weighting.calibration", "schemes"} <= set(paths)
    path = paths["blocks"]
    whole = ast.dump(ast.parse(path.read_text("utf-8")))
    for fault in faults(path, "blocks"):
        tree, _ = make(path, fault.number)
        assert ast.dump(tree) != whole, fault
        compile(tree, str(path), "exec")


@pytest.mark.parametrize(
    ("function", "before", "call", "right", "wrong"),
    [
        ("half", "x / by", lambda m: m.half(4, by=4), 1, 16),
        ("half", "6", lambda m: m.half(), 3, 3.5),
        ("half", "2", lambda m: m.half(6), 3, 2),
        ("(module)", "10 in LIMIT = 10", lambda m: m.half(11) if m.LIMIT == 11 else 0, 0, 5.5),
        ("plus", "x + 3", lambda m: m.plus(5), 16, 4),
        ("plus", "3 in x + 3", lambda m: m.plus(5), 16, 18),
        ("twice", "function(x) + function(x)", lambda m: m.plus(5), 16, 0),
        ("counted", "x != 2", lambda m: m.counted(), 4, 1),
        ("Box.area", "self.size * self.size", lambda m: m.Box().area, 16, 1),
    ],
)
def test_a_fault_is_put_in_wherever_the_code_lives(
    module: ModuleType, function: str, before: str, call: object, right: float, wrong: float
) -> None:
    path, every = found(module)
    assert callable(call)
    assert call(module) == right
    fault = next(f for f in every if (f.function, f.before) == (function, before))
    assert Living([path]).put(path, fault.number)
    assert call(module) == wrong


def test_a_fault_is_put_into_what_is_no_garbage(module: ModuleType) -> None:
    path, every = found(module)
    fault = next(f for f in every if (f.function, f.before) == ("half", "x / by"))
    gc.freeze()  # as after the tests are collected
    assert Living([path]).put(path, fault.number)
    assert module.half(4, by=4) == 16
    assert gc.get_freeze_count() > 0


def test_a_fault_in_a_constant_reaches_what_is_made_of_it(module: ModuleType) -> None:
    path, every = found(module)
    fault = next(f for f in every if f.before == "10 in LIMIT = 10")
    assert Living([path]).put(path, fault.number) == 2
    assert module.TABLE == {"limit": 11}


def test_strictness_of_a_zip_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "pairs.py"
    path.write_text("def pairs(a, b):\n    return list(zip(a, b, strict=True))\n", encoding="utf-8")
    assert [f.kind for f in faults(path, "pairs")] == ["return", "argument"]


def test_a_sample_has_all_modules_and_does_not_move_with_other_lines(module: ModuleType) -> None:
    path, every = found(module)
    two = {"faulty": every, "other": [f._replace(module="other") for f in every]}
    first = drawn(two, 10, 1)
    assert Counter(f.module for f in first) == {"faulty": 5, "other": 5}
    assert first != drawn(two, 10, 2)
    path.write_text("# A line more.\n" + path.read_text("utf-8"), encoding="utf-8")
    moved = {"faulty": faults(path, "faulty"), "other": two["other"]}
    assert [f.key for f in drawn(moved, 10, 1)] == [f.key for f in first]


def test_the_committed_score_is_as_promised() -> None:
    with (DOCS / "mutation-score.csv").open(encoding="utf-8", newline="") as file:
        scores = list(csv.DictReader(file))
    assert len(scores) >= 2
    assert all(float(row["score"]) >= 85 for row in scores)
    assert all(int(row["faults"]) >= 600 for row in scores)
    with (DOCS / "mutation.csv").open(encoding="utf-8", newline="") as file:
        survivors = list(csv.DictReader(file))
    lived = sum(int(row["survived"]) + int(row["run by no test"]) for row in scores)
    assert len(survivors) == lived
    assert all(row["reading"] for row in survivors)
