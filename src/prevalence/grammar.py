"""A small grammar for conditions on columns: compared, combined, never evaluated as code.

`condition` answers true or false, `three_valued` also unknown: missing values are unknown there, and
and, or, not combine them by Kleene's strong logic.
"""

from __future__ import annotations

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Compared", "Truth", "columns_of", "compared", "condition", "three_valued"]

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


@lru_cache(maxsize=512)  # a definition asks the same few conditions again and again
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
        if isinstance(item, ast.Constant) and not isinstance(item.value, (int, float, str)):
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
        raise _of_two_kinds(text) from None
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
        return ~_truth(_value(node.operand, columns, text), text)
    if isinstance(node, ast.BoolOp):
        parts = [_truth(_value(part, columns, text), text) for part in node.values]
        combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(combine, parts)
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


def _truth(value: Any, text: str) -> Any:
    array = np.asarray(value)
    try:
        return array if array.dtype == bool else array.astype(float) == 1
    except ValueError:
        raise ValueError(
            f"a condition must combine truths with and, or, not: found text in {text!r}. Compare it "
            "with a value, as in \"sex == 'F'\"."
        ) from None


# ---------------------------------------------------------------------- three-valued
class Truth(NamedTuple):
    """Which rows are surely true and which may be: unknown are those that may be and are not sure."""

    must: NDArray[np.bool_]
    may: NDArray[np.bool_]


def three_valued(text: str, columns: Mapping[str, Array]) -> Truth:
    """Evaluate a condition on columns with missing values: nan in numbers, None in text."""
    node, names = _parse(text)
    values = {name: columns[column] for name, column in names.items()}
    try:
        return _sure(_known(node, values, text), text)
    except TypeError:
        raise _of_two_kinds(text) from None


class Compared(NamedTuple):
    """How often a condition uses each column, with which constants, and which as 1 and 0."""

    uses: Counter[str]
    constants: dict[str, set[Any]]
    truths: set[str]


def compared(text: str) -> Compared | None:
    """Return what columns are compared with; None where it is not constants alone."""
    node, names = _parse(text)
    uses = Counter(names[item.id] for item in ast.walk(node) if isinstance(item, ast.Name))
    out = Compared(uses, {column: set() for column in uses}, set())
    return out if _constants(node, names, out) else None


def _constants(node: ast.expr, names: dict[str, str], out: Compared) -> bool:
    """Collect constants by column; False where columns meet columns, or numbers are computed."""
    if isinstance(node, ast.BoolOp):
        return all(_constants(part, names, out) for part in node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _constants(node.operand, names, out)
    if isinstance(node, ast.Name):
        out.truths.add(names[node.id])
        return True
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    here = [names[side.id] for side in sides if isinstance(side, ast.Name)]
    try:
        literals = [ast.literal_eval(side) for side in sides if not isinstance(side, ast.Name)]
    except ValueError:
        return False
    values = [x for side in literals for x in (side if isinstance(side, (list, tuple)) else [side])]
    if len(here) != 1 or any(isinstance(x, (list, tuple)) for x in values):
        return False
    out.constants[here[0]].update(values)
    return True


def _known(node: ast.expr, columns: Mapping[str, Array], text: str) -> Any:
    """Return the value of an expression, with nan or None where missing, or its truth."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        part = _sure(_known(node.operand, columns, text), text)
        return Truth(~part.may, ~part.must)
    if isinstance(node, ast.BoolOp):
        parts = [_sure(_known(part, columns, text), text) for part in node.values]
        combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return Truth(*(reduce(combine, side) for side in zip(*parts, strict=True)))
    if isinstance(node, ast.Compare):
        left = _known(node.left, columns, text)
        out: Truth | None = None
        for op, item in zip(node.ops, node.comparators, strict=True):
            right = _known(item, columns, text)
            this = _compared(op, left, right, text)
            out = this if out is None else Truth(out.must & this.must, out.may & this.may)
            left = right
        return out
    if any(isinstance(part, (ast.Compare, ast.BoolOp, ast.Not)) for part in ast.walk(node)):
        raise _of_truths(text)
    return _value(node, columns, text)


def _compared(op: ast.cmpop, left: Any, right: Any, text: str) -> Truth:
    if isinstance(left, Truth) or isinstance(right, Truth):
        raise _of_truths(text)
    membership = isinstance(op, (ast.In, ast.NotIn))
    if not membership and type(op) not in _COMPARE:
        raise ValueError(
            f"a condition may compare with == != < <= > >= in: found "
            f"{type(op).__name__} in {text!r}. Use one of these."
        )
    listed = isinstance(right, list) and all(np.ndim(x) == 0 for x in right)
    if membership != listed or isinstance(left, list) or isinstance(right, list) != listed:
        raise ValueError(
            f'a condition must write lists on the right of "in", as in "q31 in [1, 2]": {text!r} '
            "does not. Correct it."
        )
    one, two = np.asarray(left), np.asarray(0 if membership else right)
    if _all_gone(one) or _all_gone(two):  # of no kind: every row unknown
        nothing = np.zeros(np.broadcast(one, two).shape, dtype=bool)
        return Truth(nothing, ~nothing)
    words = [_is_text(side) for side in (one, *(right if membership else [two]))]
    if len(set(words)) > 1:
        raise _of_two_kinds(text)
    if any(words) and not membership and not isinstance(op, (ast.Eq, ast.NotEq)):
        raise ValueError(
            f"a condition may compare text with == != in only: found {type(op).__name__} in "
            f"{text!r}. Make numbers of the column beforehand."
        )
    unknown = _gone(one) | _gone(two)
    if membership:
        found = np.zeros(one.shape, dtype=bool)
        for value in right:
            found = found | np.asarray(one == value, dtype=bool)
        found = found if isinstance(op, ast.In) else ~found
    else:
        found = np.asarray(_COMPARE[type(op)](one, two), dtype=bool)
    return Truth(found & ~unknown, found | unknown)


def _is_text(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "OU"


def _all_gone(values: Array) -> bool:
    return values.ndim > 0 and values.dtype.kind == "f" and bool(np.isnan(values).all())


def _gone(values: Array) -> Any:
    """Return where values are missing: those that differ from themselves, and None."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    return np.asarray(values == None) if values.dtype.kind == "O" else False


def _sure(value: Any, text: str) -> Truth:
    """Return the truth of a part of a condition: itself, or a column of 1 and 0."""
    if isinstance(value, Truth):
        return value
    array = np.asarray(value)
    unknown = _gone(array)
    if array.dtype.kind not in "biuf" or not ((array == 0) | (array == 1) | unknown).all():
        raise ValueError(
            f"a condition must be true or false for each row: a part of {text!r} is neither 1 nor "
            '0. Compare a column with a value, as in "age >= 12".'
        )
    return Truth(array == 1, (array == 1) | unknown)


def _of_two_kinds(text: str) -> ValueError:
    return ValueError(
        f"a condition must compare numbers with numbers and text with text: {text!r} does not. "
        "Correct it: codes that are text stand in quotes."
    )


def _of_truths(text: str) -> ValueError:
    return ValueError(
        f"a condition may compute with and compare values, not truths: found one in {text!r}. "
        "Combine truths with and, or, not; count them with AtLeast."
    )
