"""Conditions of the grammar as SQL: names are quoted, constants are bound, nothing is pasted.

The grammar has checked the text before: only its own parts come here. Missing values are unknown
and combine by Kleene's logic, which is SQL's.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import shown
from ..grammar import parsed

__all__ = ["compiled", "quoted"]

_SIGNS: dict[type, str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "IN",
    ast.NotIn: "NOT IN",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
}


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def compiled(text: str, column: Callable[[str], str], bound: dict[str, Any]) -> str:
    """Return a condition in SQL; `column` writes a column, and constants are added to `bound`."""
    node, names = parsed(text)
    return _Compiler(text, {name: column(real) for name, real in names.items()}, bound).truth(node)


class _Compiler:
    """One condition on its way to SQL."""

    def __init__(self, text: str, columns: Mapping[str, str], bound: dict[str, Any]):
        self.text, self.columns, self.bound = text, columns, bound

    def truth(self, node: ast.expr) -> str:
        if isinstance(node, ast.BoolOp):
            word = " AND " if isinstance(node.op, ast.And) else " OR "
            return "(" + word.join(self.truth(part) for part in node.values) + ")"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(NOT {self.truth(node.operand)})"
        if not isinstance(node, ast.Compare):
            raise ValueError(  # noqa: TRY004 - what is written is wrong, not its type
                f"conditions must compare columns with values: found {shown(self.text)}. Write a "
                'column of 0 and 1 as "answered == 1".'
            )
        left, parts = node.left, []
        for op, right in zip(node.ops, node.comparators, strict=True):
            parts.append(f"({self.value(left)} {_SIGNS[type(op)]} {self.value(right)})")
            left = right
        return "(" + " AND ".join(parts) + ")"

    def value(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self.columns[node.id]
        if isinstance(node, (ast.List, ast.Tuple)):
            if not node.elts:
                raise ValueError(
                    f"conditions must list values after in: found an empty list in "
                    f"{shown(self.text)}. Write at least one."
                )
            return "(" + ", ".join(self.value(item) for item in node.elts) + ")"
        if isinstance(node, ast.BinOp):
            return f"({self.value(node.left)} {_SIGNS[type(node.op)]} {self.value(node.right)})"
        if isinstance(node, ast.UnaryOp):
            return f"(-{self.value(node.operand)})"
        assert isinstance(node, ast.Constant)  # noqa: S101 - the grammar has nothing else
        name = f"c{len(self.bound)}"
        self.bound[name] = node.value if isinstance(node.value, str) else float(node.value)  # type: ignore[arg-type]
        return f"${name}"
