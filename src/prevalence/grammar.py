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
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Compared", "Truth", "columns_of", "compared", "condition", "parsed", "three_valued"]

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

_SIGNS = {*_ARITHMETIC, ast.USub, ast.Not}
# Names in backticks; texts in quotes, in which backticks are letters.
_QUOTED = re.compile(r"""`([^`]+)`|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
LONGEST = 100_000  # characters of a condition
DEEPEST = 100  # levels of one inside another


@lru_cache(maxsize=512)  # a definition asks the same few conditions again and again
def _parse(text: str) -> tuple[ast.expr, dict[str, str]]:
    """Return the expression and the column behind each name in it; `odd names` in backticks."""
    if len(text) > LONGEST:
        raise ValueError(
            f"a condition must have at most {LONGEST:,} characters: found {len(text):,}. Compute a "
            "column beforehand."
        )
    quoted: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        if not found[1]:
            return found[0]
        name = f"_quoted_{len(quoted)}"
        while name in text:
            name = f"_{name}"
        quoted[name] = found[1]
        return name

    try:
        node = ast.parse(_QUOTED.sub(plain, text), mode="eval").body
    except (RecursionError, MemoryError):
        raise _too_deep(text) from None
    except (SyntaxError, ValueError) as error:
        single = re.search(r"[^=<>!]=[^=]", text)
        remedy = (
            "Write == for equal."
            if single
            else "Correct it; put names with spaces or dots in backticks."
        )
        raise ValueError(
            f"a condition must be written like \"age >= 12 and sex == 'F'\": found {_cut(text)} "
            f"({getattr(error, 'msg', 'not text')}). {remedy}"
        ) from None
    _check_parts(node, text)
    names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return node, {name: quoted.get(name, name) for name in names}


def _check_parts(node: ast.expr, text: str) -> None:
    """Refuse what the grammar has not, before any name is looked up, and what is too deep."""
    level: list[ast.AST] = [node]
    for _ in range(DEEPEST):
        for item in level:
            if isinstance(item, ast.expr) and not isinstance(item, _PARTS):
                raise _refused(item, text)
            if isinstance(item, (ast.BinOp, ast.UnaryOp)) and type(item.op) not in _SIGNS:
                raise _refused(item, text)
            if isinstance(item, ast.Constant) and not _is_constant(item.value):
                raise _refused(item, text)
        level = [part for item in level for part in ast.iter_child_nodes(item)]
        if not level:
            return
    raise _too_deep(text)


def _is_constant(value: object) -> bool:
    """Tell whether a constant is a number that a column can hold, or text."""
    if isinstance(value, int):
        return value.bit_length() < 1000
    return isinstance(value, (float, str))


def _cut(text: str) -> str:
    """Return a text as a message shows it: its beginning where it is long."""
    return repr(text) if len(text) <= 200 else f"{text[:100]!r} and {len(text) - 100:,} more"


def _too_deep(text: str) -> ValueError:
    return ValueError(
        f"a condition must have at most {DEEPEST} levels of one part inside another: {_cut(text)} has "
        "more. Compute a column beforehand."
    )


def parsed(text: str) -> tuple[ast.expr, dict[str, str]]:
    """Return a condition as an expression of allowed parts, and the column behind each name in it."""
    node, names = _parse(text)
    return node, dict(names)


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
            f"a condition may order text that is known in every row only: {_cut(text)} meets missing "
            "text. Code missing as a value of its own, or leave these rows out."
        ) from None
    if isinstance(node, ast.Name) and np.isin(result, (0, 1)).all():
        result = np.asarray(result) == 1  # a column of true and false by itself
    if not isinstance(result, np.ndarray) or result.dtype != bool or not names:
        raise ValueError(
            f"a condition must be true or false for each row: {_cut(text)} is not. "
            'Compare a column with a value, as in "age >= 12".'
        )
    return result


def _value(node: ast.expr, columns: Mapping[str, Array], text: str) -> Any:
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, bool)):
        large = isinstance(node.value, int) and node.value.bit_length() > 62
        return float(node.value) if large else node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item, columns, text) for item in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(_value(node.operand, columns, text), text)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_truth(_value(node.operand, columns, text), text)
    if isinstance(node, ast.BoolOp):
        parts = [_truth(_value(part, columns, text), text) for part in node.values]
        combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(combine, parts)
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left = _number(_value(node.left, columns, text), text)
        right = _number(_value(node.right, columns, text), text)
        with np.errstate(over="ignore", invalid="ignore"):
            return _ARITHMETIC[type(node.op)](left, right)
    return _comparison(cast("ast.Compare", node), columns, text)  # no other part is left


def _number(value: Any, text: str) -> Any:
    """Return numbers as float64, which neither wraps around nor overflows."""
    array = np.asarray(value) if not isinstance(value, list) else None
    if array is None or array.dtype.kind not in "biuf":
        raise ValueError(
            f"a condition may add and multiply numbers only: found text or a list in {_cut(text)}. "
            "Correct it."
        )
    return array.astype(float)


def _refused(node: ast.expr, text: str) -> ValueError:
    signs = isinstance(getattr(node, "op", None), (ast.BitAnd, ast.BitOr, ast.Invert))
    remedy = (
        "Write and, or, not for & | ~."
        if signs
        else "Compute a column beforehand for anything else."
    )
    return ValueError(
        f"a condition may use names, constants, comparisons, and, or, not, in, + - *: found "
        f"{type(node).__name__} in {_cut(text)}. {remedy}"
    )


def _comparison(node: ast.Compare, columns: Mapping[str, Array], text: str) -> Any:
    left, out = _value(node.left, columns, text), None
    for op, item in zip(node.ops, node.comparators, strict=True):
        right = _value(item, columns, text)
        _check_lists(op, left, right, text)
        membership = isinstance(op, (ast.In, ast.NotIn))
        if len({_is_text(side) for side in (left, *(right if membership else [right]))}) > 1:
            raise _of_two_kinds(text)
        if membership:
            found = np.isin(np.asarray(left), np.asarray(right))
            this = found if isinstance(op, ast.In) else ~found
        elif type(op) in _COMPARE:
            this = np.asarray(_COMPARE[type(op)](left, right))
        else:
            raise _no_comparison(op, text)
        out = this if out is None else out & this
        left = right
    return out


def _check_lists(op: ast.cmpop, left: Any, right: Any, text: str) -> None:
    """Refuse lists anywhere but on the right of `in`, where one must be."""
    membership = isinstance(op, (ast.In, ast.NotIn))
    listed = isinstance(right, list) and all(np.ndim(x) == 0 for x in right)
    if membership != listed or isinstance(left, list) or isinstance(right, list) != listed:
        raise ValueError(
            f'a condition must write lists on the right of "in", as in "q31 in [1, 2]": {_cut(text)} '
            "does not. Correct it."
        )


def _truth(value: Any, text: str) -> Any:
    """Return where a part of a condition is true: a truth, or a column of 1 and 0."""
    if _is_text(value):
        raise ValueError(
            f"a condition must combine truths with and, or, not: found text in {_cut(text)}. Compare "
            "it with a value, as in \"sex == 'F'\"."
        )
    return _sure(value, text).must


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
        raise _no_comparison(op, text)
    _check_lists(op, left, right, text)
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
            f"{_cut(text)}. Make numbers of the column beforehand."
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
    return values.dtype.kind == "f" and bool(np.isnan(values).all())


def _gone(values: Array) -> Any:
    """Return where values are missing: those that differ from themselves, and None."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "O":
        return np.asarray(values == None, dtype=bool)
    return np.zeros(values.shape, dtype=bool)


def _sure(value: Any, text: str) -> Truth:
    """Return the truth of a part of a condition: itself, or a column of 1 and 0."""
    if isinstance(value, Truth):
        return value
    array = np.asarray(value)
    unknown = _gone(array)
    if array.dtype.kind not in "biuf" or not ((array == 0) | (array == 1) | unknown).all():
        raise ValueError(
            f"a condition must be true or false for each row: a part of {_cut(text)} is neither 1 nor "
            '0. Compare a column with a value, as in "age >= 12".'
        )
    return Truth(array == 1, (array == 1) | unknown)


def _no_comparison(op: ast.cmpop, text: str) -> ValueError:
    return ValueError(
        f"a condition may compare with == != < <= > >= in: found {type(op).__name__} in "
        f"{_cut(text)}. Use one of these."
    )


def _of_two_kinds(text: str) -> ValueError:
    return ValueError(
        f"a condition must compare numbers with numbers and text with text: {_cut(text)} does not. "
        "Correct it: codes that are text stand in quotes."
    )


def _of_truths(text: str) -> ValueError:
    return ValueError(
        f"a condition may compute with and compare values, not truths: found one in {_cut(text)}. "
        "Combine truths with and, or, not; count them with AtLeast."
    )
