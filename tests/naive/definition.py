"""Definitions row by row: conditions with None for unknown, rules over every completion."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import product
from typing import Any

import prevalence as pv

Answer = bool | None


def meets(text: str, row: Mapping[str, Any]) -> Answer:
    """Return what one row says of a condition: True, False, or None where it is unknown."""
    return _truth(ast.parse(text, mode="eval").body, row)


def _truth(node: ast.expr, row: Mapping[str, Any]) -> Answer:
    if isinstance(node, ast.BoolOp):
        parts = [_truth(part, row) for part in node.values]
        sure = isinstance(node.op, ast.Or)  # the value that decides by itself
        if any(part is sure for part in parts):
            return sure
        return None if None in parts else not sure
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        part = _truth(node.operand, row)
        return None if part is None else not part
    if isinstance(node, ast.Compare):
        values = [_value(side, row) for side in (node.left, *node.comparators)]
        out: Answer = True
        for op, one, two in zip(node.ops, values[:-1], values[1:], strict=True):
            this = None if one is None or two is None else _holds(op, one, two)
            out = False if False in (out, this) else (None if None in (out, this) else True)
        return out
    value = _value(node, row)
    return None if value is None else value == 1


def _value(node: ast.expr, row: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        value = row[node.id]
        return None if value != value else value
    if isinstance(node, ast.BinOp):
        one, two = _value(node.left, row), _value(node.right, row)
        if one is None or two is None:
            return None
        return {"Add": one + two, "Sub": one - two, "Mult": one * two}[type(node.op).__name__]
    return ast.literal_eval(node)


def _holds(op: ast.cmpop, one: Any, two: Any) -> bool:
    kind = type(op).__name__
    if kind in ("In", "NotIn"):
        return (one in two) == (kind == "In")
    if kind in ("Eq", "NotEq"):
        return bool(one == two) == (kind == "Eq")
    return bool({"Lt": one < two, "LtE": one <= two, "Gt": one > two, "GtE": one >= two}[kind])


def holds(rule: Any, d: pv.Definition, said: Mapping[str, bool]) -> bool:
    """Return whether known indicators meet a rule."""
    if isinstance(rule, str):
        return said[rule]
    if isinstance(rule, pv.Not):
        return not holds(rule.part, d, said)
    if isinstance(rule, pv.AnyOf):
        return any(holds(part, d, said) for part in rule.parts)
    if isinstance(rule, pv.AllOf):
        return all(holds(part, d, said) for part in rule.parts)
    hits = [
        (indicator.domain if rule.distinct_domains else name)
        for name, indicator in d.indicators.items()
        if said[name]
        and (rule.indicators is None or name in rule.indicators)
        and (rule.strength is None or indicator.strength in rule.strength)
        and (rule.domain is None or indicator.domain in rule.domain)
    ]
    return bool(len(set(hits)) >= rule.k)


def indicator(i: pv.Indicator, window: str | None, row: Mapping[str, Any]) -> Answer:
    """Return what one row says of an indicator, with what not being asked counts as."""
    answer = meets(i.at(window), row)
    asked = True if i.asked is None else meets(i.asked, row)
    if i.not_asked == "negative":
        return False if False in (answer, asked) else (None if None in (answer, asked) else True)
    return answer if asked else None


def bounds(d: pv.Definition, window: str | None, row: Mapping[str, Any]) -> tuple[bool, bool]:
    """Return the lowest and highest outcome over every completion of unknown indicators."""
    said = {name: indicator(i, window, row) for name, i in d.indicators.items()}
    unknown = [name for name, answer in said.items() if answer is None]
    results = []
    for values in product((False, True), repeat=len(unknown)):
        full = {**said, **dict(zip(unknown, values, strict=True))}
        known = {name: bool(answer) for name, answer in full.items()}
        case = holds(d.rule, d, known)
        if d.child_override is not None and row[d.age_column] < 18:
            case = case or holds(d.child_override, d, known)
        results.append(case)
    return min(results), max(results)
