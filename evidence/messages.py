"""Every error and warning that the package can issue, found in its source.

A message is a `raise` statement, a call that warns (`warn`, `note`), or a sentence of its own handed to
one of the helpers that refuse or warn for many callers (`check_rows`, `whole` ...): for these the call
counts, since each has a remedy of its own. Helpers are found, not listed: functions that put a
parameter into a message.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

WARNING = ("warn", "note")
BARE = 5  # "{} must be {}: found {}. {}" has no words of its own: its callers have
RULES = ("check_rows",)  # each call has a rule of its own, whatever its remedy


class Message(NamedTuple):
    """Where a message is made, what makes it, and its text with {} for what it is told."""

    file: str
    line: int
    end: int
    kind: str
    text: str


def messages(package: Path) -> list[Message]:
    """Return every message of the package, by file and line."""
    trees = {
        path.relative_to(package).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    helpers = _helpers(trees)
    return [one for file, tree in trees.items() for one in _of_file(file, tree, helpers)]


class Helper(NamedTuple):
    """A function that words a message with parameters: their places, and whether it only warns."""

    method: bool
    warns: bool
    places: frozenset[tuple[int, str]]


def _of_file(file: str, tree: ast.Module, helpers: Mapping[str, list[Helper]]) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func)
            yield Message(file, node.lineno, _end(node), f"raise {name}", _text(node.exc.args))
        elif isinstance(node, ast.Call) and _name(node) in WARNING and node.args:
            yield Message(file, node.lineno, _end(node), "warning", _text(node.args[-1:]))
        elif isinstance(node, ast.Call):
            yield from _by_helper(file, node, helpers.get(_name(node), []))


def _by_helper(file: str, node: ast.Call, helpers: list[Helper]) -> Iterator[Message]:
    for helper in helpers:
        if helper.method == isinstance(node.func, ast.Attribute):
            sentences = [_text([arg]) for arg in _given(node, helper.places)]
            ends = [s for s in sentences if s[:1].isupper() and s.endswith(".")]
            sentences = sentences[1:] if _name(node) in RULES else ends
            if sentences:
                kind = "warning by" if helper.warns else "refused by"
                yield Message(file, node.lineno, _end(node), f"{kind} {_name(node)}", sentences[-1])
                return


def _helpers(trees: Mapping[str, ast.Module]) -> dict[str, list[Helper]]:
    """Return functions that raise or warn with a text they are given, by name."""
    found: dict[str, list[Helper]] = defaultdict(list)
    for tree in trees.values():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and function.name not in WARNING:
                names = [arg.arg for arg in function.args.args]
                method = names[:1] in (["self"], ["cls"])
                used = _told(function)
                places = {(j, n) for j, n in enumerate(names[method:]) if n in used}
                raises = any(isinstance(node, ast.Raise) for node in ast.walk(function))
                if places:
                    found[function.name].append(Helper(method, not raises, frozenset(places)))
    return found


def _told(function: ast.FunctionDef) -> set[str]:
    """Return names that stand in the f-string of a message of a function."""
    out: set[str] = set()
    for node in ast.walk(function):
        warns = isinstance(node, ast.Call) and _name(node) in WARNING
        if warns or isinstance(node, ast.Raise):
            values = [n.value for n in ast.walk(node) if isinstance(n, ast.FormattedValue)]
            out |= {value.id for value in values if isinstance(value, ast.Name)}
    return out


def _given(call: ast.Call, places: Iterable[tuple[int, str]]) -> Iterator[ast.expr]:
    """Yield the texts that a call hands to its helper."""
    for j, name in sorted(places):
        keyword = [k.value for k in call.keywords if k.arg == name]
        for value in [*call.args[j : j + 1], *keyword]:
            if isinstance(value, ast.JoinedStr | ast.Constant) and _text([value]):
                yield value


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _end(node: ast.AST) -> int:
    return getattr(node, "end_lineno", 0) or 0


def _text(args: list[ast.expr]) -> str:
    """Return the words of a message, with {} for each value; an expression stands as it is written."""
    if not args:
        return ""
    first = args[0]
    if isinstance(first, ast.Constant):
        return first.value if isinstance(first.value, str) else ""
    if isinstance(first, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in first.values)
        return "".join(str(part) for part in parts)
    return f"<{ast.unparse(first)}>"


def shared(found: list[Message]) -> dict[str, list[Message]]:
    """Return texts that several statements word alike, with the statements."""
    by_text: dict[str, list[Message]] = defaultdict(list)
    for message in found:
        own = message.kind == "warning" or message.kind.startswith("raise")
        words = message.text.replace("{}", " ").split()
        if own and len(words) > BARE and not message.text.startswith("<"):
            by_text[message.text].append(message)
    return {text: made for text, made in by_text.items() if len(made) > 1}
