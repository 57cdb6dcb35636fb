"""Values that nobody should give: put in place of a valid argument, or inside it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["LABELS", "another", "spoiled"]

LABELS = (
    "north", "south", "Zoë", "שלום", "a & b", "a, b", "<b>x</b>", "=1+1", "1", "0", "all", "None",
    "nan", "x" * 60, "tab\tb", "line\nbreak", "$x_1$", "%", "é", "(intercept)",
)  # fmt: skip


class Odd:
    """An object of no use to anybody."""

    def __repr__(self) -> str:
        return "Odd()"


def wild() -> list[Any]:
    """Return fresh values of every kind, so that a call that changes one harms no other."""
    return [
        None, True, False, 0, 1, -1, 2, 3, 7, 50, 10**9, -(10**12), 10**30, 0.0, -0.0, 0.5, 1.5,
        -0.3, 1e300, -1e300, 1e-300, float("nan"), float("inf"), -float("inf"), 1 + 2j,
        "", "x", "error", "auto", "mean", "case", "w", "region", "hidden", "police", "nix", "0.5",
        "שלום", "age >= 12", "age >=", "__import__('os').getcwd()", "x" * 300, "a\x00b", b"x",
        [], [None], [1], [1, 2], [0.5, 0.5], [1, 1], ["case"], ["case", "case"], ["nix"],
        [float("nan"), 1.0], [[1, 2], [3, 4]], [[1], [2, 3]], ["a", 1], [True, False],
        (), (1, 2), (0.2, 0.8), (0.8, 0.2), ("A", "B"), ("police", "home"), (None, None),
        {}, {"a": 1}, {"x": "y"}, {"A": 0.5}, {1: 2}, {"police": 1000}, {"police": None},
        {"region": {"A": 10.0}}, {None: None}, {"case"}, frozenset(), range(3), slice(0, 2),
        np.array([]), np.array(2.0), np.arange(3), np.array([1.0, np.nan]), np.ones((2, 2)),
        np.array(["a", "b"]), np.array([1, "a", None], dtype=object), np.float32(0.3), np.int8(3),
        np.bool_(True), np.zeros(0), np.datetime64("2024-01-01"), dt.date(2024, 1, 1),
        pd.NA, pd.NaT, pd.DataFrame(), pd.DataFrame({"x": [1.0, 2.0]}), pd.Series([1, 2, 3]),
        pd.Series([], dtype=float), pd.DataFrame({"estimate": ["a"], "n": [None]}), Odd(),
        object(), ...,
    ]  # fmt: skip


COUNT = len(wild())


def another(rng: np.random.Generator) -> Any:
    """Return a wild value."""
    return wild()[rng.integers(COUNT)]


def spoiled(value: Any, rng: np.random.Generator) -> Any:
    """Return a value like the one given with one thing wrong in it, or a wild one."""
    if rng.random() < 0.45:
        return another(rng)
    if isinstance(value, pd.DataFrame):
        return _frame(value, rng)
    if isinstance(value, np.ndarray) and value.size:
        return _array(value, rng)
    if isinstance(value, dict) and value:
        return _mapping(value, rng)
    if isinstance(value, (list, tuple)) and value:
        return _several(value, rng)
    if isinstance(value, str):
        return _text(value, rng)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, rng)
    return another(rng)


def _number(value: float, rng: np.random.Generator) -> Any:
    near: list[Any] = [
        -value, value * 100, value / 1000, value + 1, value - 1, value + 0.5, 1 - value, str(value),
        [value], [value, value], np.float64(value), np.array([value]), np.array(value), 1e300 * value,
        (value, value), {"all": value}, float(value), bool(value), np.float32(value),
    ]  # fmt: skip
    return near[rng.integers(len(near))]


def _text(value: str, rng: np.random.Generator) -> Any:
    near: list[Any] = [
        value + "x", value[:-1], value.upper(), f" {value}", [value], (value, value), [value, "nix"],
        value.encode(), {value: value}, {value}, np.array([value]), pd.Series([value]), "",
        np.str_(value),
    ]  # fmt: skip
    return near[rng.integers(len(near))]


def _several(value: Any, rng: np.random.Generator) -> Any:
    items, k = list(value), int(rng.integers(len(value)))
    ways: list[Any] = [
        items[:k] + items[k + 1 :],
        [*items, items[k]],
        [*items[:k], another(rng), *items[k + 1 :]],
        [*items[:k], spoiled(items[k], rng), *items[k + 1 :]],
        items[::-1],
        tuple(items),
        items[k],
        iter(items),
        dict.fromkeys(map(str, items)),
        [items],
    ]
    return ways[rng.integers(len(ways))]


def _mapping(value: dict[Any, Any], rng: np.random.Generator) -> Any:
    names = list(value)
    name = names[rng.integers(len(names))]
    less = {key: part for key, part in value.items() if key != name}
    ways: list[Any] = [
        less,
        {**value, name: another(rng)},
        {**value, name: spoiled(value[name], rng)},
        {**value, name: spoiled(value[name], rng)},
        {**less, f"{name}x": value[name]},
        {**value, another_key(rng): value[name]},
        list(value.items()),
        list(value),
        value[name],
    ]
    return ways[rng.integers(len(ways))]


def another_key(rng: np.random.Generator) -> Any:
    """Return what may be a key of a mapping, and should not."""
    keys = ("nix", 0, -1, None, "", 1.5, ("a", "b"), True, float("nan"), "שלום", b"x")
    return keys[rng.integers(len(keys))]


def _array(value: np.ndarray[Any, Any], rng: np.random.Generator) -> Any:
    bad = (np.nan, np.inf, -np.inf, -1.0, 1e300, 0.0)[rng.integers(6)]
    ways: list[Any] = [
        value[:-1],
        value.reshape(1, -1),
        value.astype(str),
        value.astype(object),
        value.tolist(),
        np.concatenate([value, value]),
        value[:0],
    ]
    if value.dtype.kind in "fiub":
        marred = value.astype(float)
        marred.flat[rng.integers(value.size)] = bad
        ways += [marred, marred, np.full(value.shape, bad), np.zeros_like(value)]
    return ways[rng.integers(len(ways))]


def _frame(value: pd.DataFrame, rng: np.random.Generator) -> Any:
    if not len(value.columns):
        return another(rng)
    name = value.columns[int(rng.integers(len(value.columns)))]
    ways: list[Any] = [
        value.drop(columns=[name]),
        value.rename(columns={name: f"{name}x"}),
        value.iloc[:0],
        value.iloc[:1],
        pd.concat([value, value]),
        value[[name, name]],
        value.set_index(name),
        value.to_dict("records"),
        value.assign(**{str(name): spoiled_column(value[name].to_numpy(), rng)}),
        value.assign(**{str(name): spoiled_column(value[name].to_numpy(), rng)}),
    ]
    return ways[rng.integers(len(ways))]


def spoiled_column(values: Any, rng: np.random.Generator) -> Any:
    """Return a column of the same length with one or all of its values wrong."""
    column = np.array(values, dtype=object)
    bad: list[Any] = [
        None,
        np.nan,
        np.inf,
        -1,
        "x",
        "",
        1e300,
        0,
        -0.0,
        [1],
        True,
        pd.NA,
        "שלום",
        0.5,
    ]
    if column.size and rng.random() < 0.6:
        k, chosen = int(rng.integers(column.size)), bad[rng.integers(len(bad))]
        column[k] = chosen
        return list(column)
    chosen = bad[rng.integers(len(bad))]
    return [chosen] * len(column)
