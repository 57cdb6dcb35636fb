"""What is public, and the short name of each: the enumeration of `tools.docstrings`."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import prevalence
from tools.docstrings import public_names

__all__ = ["SURFACE", "Callee"]


class Callee(NamedTuple):
    """One public name: what is called, and of which class it is a member."""

    name: str
    thing: Any
    owner: type | None

    @property
    def kind(self) -> str:
        """Return what it is: class, function, method, class method or property."""
        if inspect.isclass(self.thing):
            return "class"
        if isinstance(self.thing, property):
            return "property"
        if isinstance(self.thing, (classmethod, staticmethod)):
            return "class method"
        return "function" if self.owner is None else "method"

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """Return the parameters of a call, without `self` and `cls`."""
        if self.kind == "property":
            return {}
        made = inspect.signature(self.thing) if self.owner is None else self._of_class()
        return dict(made.parameters)

    def _of_class(self) -> inspect.Signature:
        made = inspect.signature(getattr(self.owner, self.name.rpartition(".")[2]))
        if self.kind == "class method":
            return made
        return made.replace(parameters=list(made.parameters.values())[1:])

    def call(self, owned: object, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call it, a method on `owned`."""
        if self.owner is None:
            return self.thing(*args, **keywords)
        of = self.owner if self.kind == "class method" else owned
        member = getattr(of, self.name.rpartition(".")[2])
        return member if self.kind == "property" else member(*args, **keywords)


def named(path: str) -> str:
    """Return the name as users write it: without the modules inside, with the family's."""
    family, *rest = path.removeprefix("prevalence.").split(".")
    own = [word for k, word in enumerate(rest) if word[:1].isupper() or k == len(rest) - 1]
    return ".".join([family, *own] if family in prevalence._MODULES else own)


def surface() -> dict[str, Callee]:
    """Return every public callable by its name; errors and warnings are no calls."""
    found: dict[str, Callee] = {}
    for each in public_names(prevalence):
        if inspect.isclass(each.thing) and issubclass(each.thing, (Exception, Warning)):
            continue
        family = {"groups": "nsum.", "coverage": "datasets."}.get(each.path.split(".")[1], "")
        name = family + named(each.path)
        if name in found and found[name].thing is not each.thing:
            raise ValueError(f"two public things of one name: {name}")
        found[name] = Callee(name, each.thing, each.owner)
    return dict(sorted(found.items()))


SURFACE = surface()
