"""What counts as the kind that an annotation names, and what an argument may not hold."""

from __future__ import annotations

import errno
import math
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prevalence.arguments import (
    LARGEST,
    _fits,
    _flat,
    _message,
    _odd,
    _parsed,
    _path_of,
    _too_large,
    explained,
)

FRAME = pd.DataFrame({"a": [1]})
MADE = SimpleNamespace(root=1, to_frame=1, histories=1, tornado=1)


class Table(pd.DataFrame):
    """A table of another name."""


@pytest.mark.parametrize(
    ("annotation", "fit", "others"),
    [
        ("bool", [True, False], [1, "True", None]),
        ("float", [1, 1.5, np.float64(2), np.int8(1)], [True, "1", None, 1j]),
        ("int", [1, np.int64(1)], [1.0, True, "1"]),
        ("str", ["a", np.str_("a")], [1, b"a", None]),
        ("bytes", [b"a"], ["a"]),
        ("slice", [slice(3)], [3]),
        ("Path", [Path("a")], ["a", 3]),
        ("str | PathLike[str]", ["a", Path("a")], [3, b"a"]),
        ("list", [[1]], [(1,)]),
        ("tuple", [(1,)], [[1]]),
        ("dict", [{}], [[], MappingProxyType({})]),
        ("Mapping", [{}, MappingProxyType({})], [[]]),
        ("Sequence", [[1], (1,), range(2), np.arange(2), pd.Series([1])], ["ab", {1}, np.eye(2)]),
        ("Iterable", [[1], {1}, iter([1]), {"a": 1}], ["ab", 3]),
        ("Collection", [[1], {1}, frozenset([1])], ["ab", iter([1]), {"a": 1}]),
        ("Callable", [len], [3]),
        ("Theta", [len], [3]),
        ("Estimator", [len], [3]),
        ("RowFunction", [len], [3]),
        ("Callable[[int], int]", [len], [3]),
        ("Weights", [MADE], [FRAME, 3]),
        ("HasFrame", [MADE], [pd.Series([1]), SimpleNamespace(dtype=1), 3]),
        ("HasModels", [MADE], [pd.Series([1]), SimpleNamespace(dtype=1), 3]),
        ("HasCells", [MADE], [FRAME, 3]),
        ("HasTables", [MADE], [FRAME, 3]),
        ("Array", [np.eye(2), np.arange(2), np.array([True]), np.array([1j])],
         [[1.0], 1.0, np.array(["a"]), FRAME]),
        ("ArrayLike", [[1, 2.5], np.arange(2), 3, np.float64(3)], [["a"], "a", [1, "a"], None]),
        ("DataFrame", [FRAME, Table()], [{"a": [1]}, pd.Series([1])]),
        ("pd.DataFrame", [FRAME], [{"a": [1]}]),
        ("Survey", [], [FRAME, "survey"]),
        ("Whatever", [1, None, "a"], []),
        ("int | None", [1, None], ["a", 1.5]),
        ("None", [None], [0, ""]),
        ("'int'", [1], ["a", None]),
        ("Sequence[int]", [[1, 2], range(3), []], [[1, "a"], 3]),
        ("Collection[int]", [{1, 2}], [{"a"}]),
        ("list[str]", [["a"]], [[1], ("a",)]),
        ("Mapping[str, int]", [{"a": 1}, {}], [{"a": "b"}, {1: 1}, [1]]),
        ("dict[str, int]", [{"a": 1}], [{"a": "b"}, {1: 1}]),
        ("tuple[float, ...]", [(), (1.0,), (1.0, 2.0, 3.0)], [(1.0, "a"), ("a",), [1.0]]),
        ("tuple[str, int]", [("a", 1)], [("a",), ("a", "b"), (1, 1), ("a", 1, 1)]),
        ("tuple[int]", [(1,)], [(1, 2), ("a",), ()]),
        ("tuple[int, int, int]", [(1, 2, 3)], [(1, 2), (1, 2, "a")]),
        ("Sequence[float | str]", [[1.0, "a"]], [[None]]),
        ("Sequence[Sequence[int]]", [[[1]]], [[["a"]], [1]]),
    ],
)  # fmt: skip
def test_values_fit_the_kind_that_an_annotation_names(
    annotation: str, fit: list[Any], others: list[Any]
) -> None:
    wanted = _parsed(annotation)
    assert [value for value in fit if not _fits(wanted, value)] == []
    assert [value for value in others if _fits(wanted, value)] == []
    assert _fits(None, 3)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (
            "float | Sequence[int] | None",
            "a number or a list: found {}. Write one, without quotes.",
        ),
        (
            "Path | PathLike[str]",
            "a path: found {}. Write the name of a file or folder, in quotes.",
        ),
        ("'int'", "a whole number: found {}. Write one, without quotes."),
        ("pd.DataFrame", "a pandas DataFrame: found {}. Pass a table, as to_frame() returns it."),
    ],
)
def test_a_message_says_every_kind_once(annotation: str, words: str) -> None:
    assert _message("size", _parsed(annotation), 1j) == f"size must be {words.format('1j')}"


@pytest.mark.parametrize(
    ("value", "odd"),
    [
        (LARGEST, []),
        (-LARGEST, []),
        (1.01e15, ["1010000000000000.0"]),
        (-1.01e15, ["-1010000000000000.0"]),
        (float("inf"), ["inf"]),
        (float("nan"), ["nan"]),
        (0, []),
        (None, []),
        ("a", []),
        ("a\x00", ["a text with a null character"]),
        ("", ["''"]),
        ([], ["[]"]),
        ((), ["()"]),
        ({}, ["{}"]),
        (set(), []),
        ([1, "", 2, float("inf")], ["''", "inf"]),
        ({"": 1, "a": float("nan")}, ["''", "nan"]),
        ([[[[float("inf")]]]], ["inf"]),
        ({1: {1: {1: {1: float("inf")}}}}, ["inf"]),
        ([[[[[float("inf")]]]]], []),  # five deep
        ({1: {1: {1: {1: {1: float("inf")}}}}}, []),
        ([0.0] * 9_999 + [float("inf")], ["inf"]),
        ([0.0] * 10_000 + [float("inf")], []),  # too many to look at
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_no_function_can_use_is_found_four_deep(value: Any, odd: list[str]) -> None:
    assert list(_odd(value, 0)) == odd
    assert len(list(_odd(np.array([1.0, np.inf, -np.inf]), 3))) == 2


def test_what_is_found_four_deep_is_told() -> None:
    @explained
    def ask(of: Any, *names: Any) -> None:
        del of, names
        raise AttributeError("inside")

    with pytest.raises(ValueError, match=r"^of must hold what can be used: found inf, which"):
        ask([[[[float("inf")]]]])
    with pytest.raises(ValueError, match=r"^names must hold what can be used: found inf"):
        ask(1, [1.0], [math.inf])
    with pytest.raises(AttributeError, match=r"^inside$"):
        ask(1, "a")


def test_of_numbers_that_do_not_fit_in_memory_the_largest_is_told() -> None:
    given: list[tuple[str, Any, Any]] = [("n", None, 5), ("m", None, -2e9), ("k", None, "9e9")]
    assert _too_large(given) == "m must fit in memory: found -2000000000.0. Give less."
    assert _too_large([]) == "the data must fit in memory: found more than does. Give less."


def test_a_path_is_the_first_argument_of_that_kind() -> None:
    def save(self: Any, level: float, target: Path | str = "", other: Path | str = "") -> None:
        del self, level, target, other

    def read(self: Any, name: str) -> None:
        del self, name

    assert _path_of(save, (0, 1.0, "a", "b"), {}) == "target"  # type: ignore[arg-type]
    assert _path_of(save, (0, 1.0), {"other": "b"}) == "other"  # type: ignore[arg-type]
    assert _path_of(read, (0, "a"), {}) == "name"  # type: ignore[arg-type]
    assert _path_of(read, (0,), {"name": "a"}) == "name"  # type: ignore[arg-type]


def test_a_file_that_cannot_be_used_keeps_its_kind_of_error() -> None:
    @explained
    def wait() -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError, match=r"^the file must be .*: permission denied\. Choose"):
        wait()


def test_arguments_are_flat_and_without_self_and_defaults() -> None:
    import inspect

    def ask(self: int, cls: int, *names: str, size: int = 3, bare=None, **more: str) -> None:  # type: ignore[no-untyped-def]
        del self, cls, names, size, bare, more

    parameters = inspect.signature(ask).parameters
    given = {"self": 1, "cls": 2, "names": ("a", "b"), "size": 3, "bare": 4, "more": {"x": "y"}}
    flat = [(name, value) for name, _, value in _flat(given, parameters)]
    assert flat == [("names", "a"), ("names", "b"), ("bare", 4), ("x", "y")]
    assert [wanted for name, wanted, _ in _flat(given, parameters) if name == "bare"] == [None]


def test_what_is_noted_on_a_function_stays() -> None:
    def ask(of: int) -> int:
        """Ask."""
        return of

    ask.noted = "yes"  # type: ignore[attr-defined]
    made: Any = explained(ask)
    assert (made.noted, made.__doc__, made.__qualname__) == ("yes", "Ask.", ask.__qualname__)
    assert made.__wrapped__ is ask
    assert made(3) == 3
