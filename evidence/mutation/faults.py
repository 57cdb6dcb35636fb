"""The faults that can be put into a module: enumerated in one order, and made one at a time.

Left out by rule: docstrings, annotations, ``__all__``, everything inside a ``raise`` or a warning (the
text of messages; that the statement is there at all is tested), strings that are words for people
(anything but lower-case names, and all of the room `words`), ``strict=True`` of ``zip``, numbers of 1,000
and more or below 1e-6 (limits of work, guards against zero), ``np.errstate``, the sign of ``axis=-1``,
decorators, fields of classes, overloads and imports.
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
NAME = re.compile(r"[a-z_][a-z_0-9-]*")
ASIDE = {"warn", "note", "errstate"}
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Site(NamedTuple):
    """Where a node stands: its parent's field, the outermost function around it, and what it is."""

    parent: ast.AST
    field: str
    order: int | None
    node: ast.AST
    owner: ast.AST | None
    place: str  # body, default or constant
    silent: bool  # inside the text of a message


class Fault(NamedTuple):
    """One fault: where, of which kind, and the code before and after."""

    module: str
    number: int
    line: int
    function: str
    kind: str
    before: str
    after: str
    turn: int = 1  # among those of the function that read alike

    @property
    def key(self) -> tuple[str, ...]:
        return (self.module, self.function, self.kind, self.before, self.after, str(self.turn))


def faults(path: Path, module: str) -> list[Fault]:
    """Return every fault of a module, in the order in which `make` counts them."""
    found = []
    for number, (site, kind, new) in enumerate(_variants(ast.parse(path.read_text("utf-8")))):
        if module.startswith("words.") and _words(site.node):
            continue
        found.append(
            Fault(
                module,
                number,
                getattr(site.node, "lineno", getattr(site.parent, "lineno", 0)),
                _name(site),
                kind,
                *_told(kind, site, new),
            )
        )
    turns: Counter[tuple[str, ...]] = Counter()
    for i, fault in enumerate(found):
        turns[fault.key] += 1
        found[i] = fault._replace(turn=turns[fault.key])
    return found


def make(path: Path, number: int) -> tuple[ast.Module, Site]:
    """Return a module's tree with one fault in it, and the place of the fault."""
    tree = ast.parse(path.read_text("utf-8"))
    for count, (site, _, new) in enumerate(_variants(tree)):
        if count == number:
            ast.fix_missing_locations(ast.copy_location(new, site.node))
            if site.order is None:
                setattr(site.parent, site.field, new)
            else:
                getattr(site.parent, site.field)[site.order] = new
            return tree, site
    raise IndexError(number)


def _told(kind: str, site: Site, new: ast.AST) -> tuple[str, str]:
    """Return the code before and after, without what stays the same in long statements."""
    old = site.node
    if kind == "constant" and isinstance(site.parent, ast.expr | ast.keyword | ast.Assign):
        return f"{_said(old)} in {_said(site.parent)}", _said(new)
    if kind == "condition" and isinstance(old, ast.If | ast.While | ast.IfExp):
        word = "while" if isinstance(old, ast.While) else "if"
        return f"{word} {_said(old.test)}", f"{word} not ..."
    if kind == "argument" and isinstance(old, ast.Call) and isinstance(new, ast.Call):
        kept = {ast.dump(node) for node in (*new.args, *new.keywords)}
        gone = [n for n in (*old.args, *old.keywords) if ast.dump(n) not in kept]
        dropped = _said(gone[0] if gone else old.args[-1])
        return f"{_said(old.func)}(..., {dropped})", f"without {dropped}"
    return _said(old), "nothing" if isinstance(new, ast.Pass) else _said(new)


def _said(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:60]} ... {text[-35:]}"


def _name(site: Site) -> str:
    return getattr(site.owner, "qualified", getattr(site.owner, "name", "(module)"))


def _variants(tree: ast.Module) -> Iterator[tuple[Site, str, ast.AST]]:
    for site in list(_module(tree)):
        for kind, new in _changed(site):
            yield site, kind, new


def _module(tree: ast.Module) -> Iterator[Site]:
    """Yield the sites of functions, methods and constants of a module."""
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                if isinstance(inner, ast.FunctionDef):
                    inner.qualified = f"{statement.name}.{inner.name}"  # type: ignore[attr-defined]
                    yield from _function(inner)
        elif isinstance(statement, ast.FunctionDef):
            yield from _function(statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Name) and not target.id.startswith("__"):
                yield from _walk(statement, "value", None, statement.value, statement, "constant")


def _function(function: ast.FunctionDef) -> Iterator[Site]:
    if any(_said(d).startswith(("overload", "typing.overload")) for d in function.decorator_list):
        return
    for field in ("defaults", "kw_defaults"):
        for i, default in enumerate(getattr(function.args, field)):
            if default is not None:
                yield from _walk(function.args, field, i, default, function, "default")
    for i, statement in enumerate(function.body):
        if not is_docstring(statement):
            yield from _walk(function, "body", i, statement, function, "body")


def is_docstring(statement: ast.AST) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _walk(
    parent: ast.AST,
    field: str,
    index: int | None,
    node: ast.AST,
    owner: ast.AST,
    place: str,
    silent: bool = False,
) -> Iterator[Site]:
    """Yield a node and those under it, but for annotations, imports and docstrings."""
    if isinstance(node, ast.Import | ast.ImportFrom) or is_docstring(node):
        return
    yield Site(parent, field, index, node, owner, place, silent)
    silent = silent or isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr) or _aside(node)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "ctx"):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield from _walk(node, name, i, child, owner, place, silent)


def _aside(node: ast.AST) -> bool:
    """Tell whether a node is a warning, is about those of NumPy, or is ``axis=-1`` or ``strict=``."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict" or (node.arg == "axis" and ast.unparse(node.value) == "-1")
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in ASIDE


def _changed(site: Site) -> Iterator[tuple[str, ast.AST]]:
    """Yield the faults of one node: their kind and the node to put there."""
    if site.silent:
        return
    for rule in (_operators, _constants, _calls, _statements, _conditions):
        yield from rule(site.node)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _operators(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if (isinstance(node, ast.BinOp) and not _text(node.left) and not _text(node.right)) or (
        isinstance(node, ast.AugAssign) and not _text(node.value)
    ):
        yield "arithmetic", _with(node, op=ARITHMETIC[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield "sign" if isinstance(node.op, ast.USub) else "negation", copy.deepcopy(node.operand)
    elif isinstance(node, ast.BoolOp):
        yield "boolean", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in COMPARISONS[type(op)]:
                yield "comparison", _with(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]])


def _words(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text(node: ast.AST) -> bool:
    """Whether text is joined here, or a list put together: no arithmetic."""
    if isinstance(node, ast.BinOp):
        return _text(node.left) or _text(node.right)
    return isinstance(node, ast.JoinedStr | ast.List | ast.Tuple) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _constants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int | float) and (value == 0 or 1e-6 <= abs(value) < 1000):
        yield "constant", ast.Constant(value + 1 if isinstance(value, int) else value * 1.5 + 0.5)
    elif isinstance(value, str) and NAME.fullmatch(value):
        yield "constant", ast.Constant(f"{value}_")


def _calls(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if not isinstance(node, ast.Call) or _aside(node):
        return
    for i, keyword in enumerate(node.keywords):
        strict = keyword.arg == "strict" and ast.unparse(node.func) == "zip"
        if keyword.arg is not None and not strict:
            kept = node.keywords[:i] + node.keywords[i + 1 :]
            yield "argument", _with(node, keywords=copy.deepcopy(kept))
    if len(node.args) > 1 and not isinstance(node.args[-1], ast.Starred):
        yield "argument", _with(node, args=copy.deepcopy(node.args[:-1]))


def _statements(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Return) and node.value is not None and _said(node.value) != "None":
        yield "return", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Break | ast.Continue):
        yield "statement", ast.Continue() if isinstance(node, ast.Break) else ast.Break()
    elif (
        isinstance(node, ast.Raise | ast.AugAssign)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        or (isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple))
    ):
        yield "statement", ast.Pass()


def _conditions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield "condition", _with(node, test=ast.UnaryOp(ast.Not(), copy.deepcopy(node.test)))
    elif isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            ifs = [*node.ifs[:i], ast.UnaryOp(ast.Not(), test), *node.ifs[i + 1 :]]
            yield "condition", _with(node, ifs=copy.deepcopy(ifs))
