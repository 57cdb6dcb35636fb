"""A small grammar for conditions on columns: compared, combined, never evaluated as code."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["columns_of", "condition"]

Array = NDArray[Any]
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_PARTS = (
    ast.Name,
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.UnaryOp,
    ast.BoolOp,
    ast.BinOp,
    ast.Compare,
)
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def _parse(text: str) -> tuple[ast.expr, dict[str, str]]:
    """Return the expression and the column behind each name in it; `odd names` in backticks."""
    quoted: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        name = f"_quoted_{len(quoted)}"
        quoted[name] = found[1]
        return name

    try:
        node = ast.parse(re.sub(r"`([^`]+)`", plain, text), mode="eval").body
    except SyntaxError as error:
        single = re.search(r"[^=<>!]=[^=]", text)
        remedy = (
            "Write == for equal."
            if single
            else "Correct it; put names with spaces or dots in backticks."
        )
        raise ValueError(
            f"a condition must be written like \"age >= 12 and sex == 'F'\": found {text!r} "
            f"({error.msg}). {remedy}"
        ) from None
    for item in ast.walk(node):  # before any name is looked up
        if isinstance(item, ast.expr) and not isinstance(item, _PARTS):
            raise _refused(item, text)
    names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return node, {name: quoted.get(name, name) for name in names}


def columns_of(text: str) -> list[str]:
    """Return the names of the columns in a condition."""
    return sorted(set(_parse(text)[1].values()))


def condition(text: str, columns: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Evaluate a condition on columns: comparisons, and, or, not, in, + - * and constants."""
    node, names = _parse(text)
    try:
        result = _value(node, {name: columns[column] for name, column in names.items()}, text)
    except TypeError:
        raise ValueError(
            f"a condition must compare numbers with numbers and text with text: {text!r} does not. "
            "Correct it."
        ) from None
    if isinstance(node, ast.Name) and np.isin(result, (0, 1)).all():
        result = np.asarray(result) == 1  # a column of true and false by itself
    if not isinstance(result, np.ndarray) or result.dtype != bool:
        raise ValueError(
            f"a condition must be true or false for each row: {text!r} is not. "
            'Compare a column with a value, as in "age >= 12".'
        )
    return result


def _value(node: ast.expr, columns: Mapping[str, Array], text: str) -> Any:
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, bool)):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item, columns, text) for item in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, columns, text)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_truth(_value(node.operand, columns, text))
    if isinstance(node, ast.BoolOp):
        parts = [_truth(_value(part, columns, text)) for part in node.values]
        combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return combine.reduce(parts)
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = (_value(part, columns, text) for part in (node.left, node.right))
        if any(
            np.asarray(part).dtype.kind not in "biuf" or type(part) is list
            for part in (left, right)
        ):
            raise ValueError(
                f"a condition may add and multiply numbers only: found text or a list in {text!r}. "
                "Correct it."
            )
        return _ARITHMETIC[type(node.op)](left, right)
    if isinstance(node, ast.Compare):
        return _comparison(node, columns, text)
    raise _refused(node, text)


def _refused(node: ast.expr, text: str) -> ValueError:
    return ValueError(
        f"a condition may use names, constants, comparisons, and, or, not, in, + - *: found "
        f"{type(node).__name__} in {text!r}. Compute a column beforehand for anything else."
    )


def _comparison(node: ast.Compare, columns: Mapping[str, Array], text: str) -> Any:
    left, out = _value(node.left, columns, text), None
    for op, item in zip(node.ops, node.comparators, strict=True):
        right = _value(item, columns, text)
        if isinstance(op, (ast.In, ast.NotIn)):
            found = np.isin(np.asarray(left), np.asarray(right))
            this = found if isinstance(op, ast.In) else ~found
        elif type(op) in _COMPARE:
            this = np.asarray(_COMPARE[type(op)](left, right))
        else:
            raise ValueError(
                f"a condition may compare with == != < <= > >= in: found "
                f"{type(op).__name__} in {text!r}. Use one of these."
            )
        out = this if out is None else out & this
        left = right
    return out


def _truth(value: Any) -> Any:
    array = np.asarray(value)
    return array if array.dtype == bool else array.astype(float) == 1
