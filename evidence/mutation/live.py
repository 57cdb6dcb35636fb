"""Put a fault into the library as it is loaded, in this process: no module is imported again.

A fault in the body of a function replaces the code of every live function that was made from it,
whoever imported it and whatever decorates it. A fault in a default value replaces the default, and
one in a constant of a module replaces that name wherever the library or a test has imported it.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from .faults import Site, make

Key = tuple[str, int]


class Living:
    """The functions of the library that are alive, by the code they were made from."""

    def __init__(self, paths: list[Path]) -> None:
        files = {str(path) for path in paths}
        self.functions: dict[types.CodeType, list[types.FunctionType]] = {}
        self.caches = []
        for name in _modules(paths):
            importlib.import_module(name)
        frozen = gc.get_freeze_count()
        gc.unfreeze()  # what is frozen, as collected tests are, is not among the objects
        gc.collect()
        for thing in gc.get_objects():
            if isinstance(thing, types.FunctionType) and thing.__code__.co_filename in files:
                self.functions.setdefault(thing.__code__, []).append(thing)
            elif isinstance(thing, functools._lru_cache_wrapper) and _ours(thing):
                self.caches.append(thing)
        if frozen:
            gc.freeze()

    def put(self, path: Path, number: int) -> int:
        """Put one fault in, and return the number of functions or names that have it now."""
        for cached in self.caches:
            cached.cache_clear()
        tree, site = make(path, number)
        if site.place == "constant":
            return self._constant(path, site)
        if site.place == "default":
            return self._default(path, site)
        return self._body(path, tree)

    def _body(self, path: Path, tree: ast.Module) -> int:
        was = dict(_codes(compile(path.read_text("utf-8"), str(path), "exec", dont_inherit=True)))
        now = dict(_codes(compile(tree, str(path), "exec", dont_inherit=True)))
        done = 0
        for key, code in was.items():
            new = now.get(key)
            if new is None or new == code:
                continue
            for function in self.functions.get(code, []):
                if new.co_freevars == code.co_freevars:
                    function.__code__ = new
                    done += 1
        return done

    def _default(self, path: Path, site: Site) -> int:
        owner = site.owner
        assert isinstance(owner, ast.FunctionDef)
        done = 0
        for code, functions in self.functions.items():
            first = min([owner.lineno, *(d.lineno for d in owner.decorator_list)])
            if code.co_filename != str(path) or (code.co_name, code.co_firstlineno) != (
                owner.name,
                first,
            ):
                continue
            for function in functions:
                values = [_value(d, function.__globals__) for d in owner.args.defaults]
                function.__defaults__ = tuple(values) or None
                function.__kwdefaults__ = {
                    argument.arg: _value(default, function.__globals__)
                    for argument, default in zip(
                        owner.args.kwonlyargs, owner.args.kw_defaults, strict=True
                    )
                    if default is not None
                } or None
                done += 1
        return done

    def _constant(self, path: Path, site: Site) -> int:
        owner = site.owner
        assert isinstance(owner, ast.Assign | ast.AnnAssign)
        assert owner.value is not None
        target = owner.targets[0] if isinstance(owner, ast.Assign) else owner.target
        assert isinstance(target, ast.Name)
        home = next(
            m for m in list(sys.modules.values()) if getattr(m, "__file__", "") == str(path)
        )
        names, faulty = vars(home), {target.id: _value(owner.value, vars(home), str(path))}
        for name, value in constants(path, after=owner.lineno):  # made of those before them
            if {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} & set(faulty):
                faulty[name] = _value(value, {**names, **faulty}, str(path))
        done = 0
        for name, new in faulty.items():
            old = names[name]
            for module in list(sys.modules.values()):
                known = getattr(module, "__dict__", {})
                if name in known and known[name] is old and _ours(module):
                    known[name] = new
                    done += 1
        return done


def constants(path: Path, after: int = 0) -> Iterator[tuple[str, ast.expr]]:
    """Yield names and values of a module's constants, those below a line."""
    for statement in ast.parse(path.read_text("utf-8")).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.lineno > after:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Name) and statement.value is not None:
                yield target.id, statement.value


def _modules(paths: list[Path]) -> Iterator[str]:
    """Yield the names of the modules of the library, which loads some only when they are used."""
    for path in paths:
        if "prevalence" in path.parts:
            inside = path.with_suffix("").parts
            yield ".".join(inside[len(inside) - inside[::-1].index("prevalence") - 1 :])


def _ours(thing: object) -> bool:
    name = getattr(thing, "__name__" if isinstance(thing, types.ModuleType) else "__module__", "")
    return str(name).partition(".")[0] in ("prevalence", "tests")


def _value(node: ast.expr, names: dict[str, object], path: str = "<default>") -> object:
    whole = ast.fix_missing_locations(ast.Expression(node))
    return eval(compile(whole, path, "eval", dont_inherit=True), names)  # noqa: S307


def _codes(code: types.CodeType) -> Iterator[tuple[tuple[str, int, int], types.CodeType]]:
    """Yield every code in a module, named by its qualified name, line and turn among equals."""
    turns: dict[Key, int] = {}
    stack = [code]
    while stack:
        for constant in stack.pop(0).co_consts:
            if isinstance(constant, types.CodeType):
                key = (constant.co_qualname, constant.co_firstlineno)
                turns[key] = turns.get(key, -1) + 1
                yield (*key, turns[key]), constant
                stack.append(constant)
